"""Watches what no order may rely on once it is wrong: the journal, the clocks, the venues' fees.

What it finds opens the engine's breaker. It stops no rollback: those have the journal's reserve.
"""

from collections.abc import Callable, Sequence
from typing import Final

import structlog

from twoleg.core.events import Event, Fill, GuardCleared, GuardTripped
from twoleg.core.fees import fee_ceil
from twoleg.core.limits import BreakerLimits
from twoleg.core.market import Market, MarketId
from twoleg.errors import VenueError
from twoleg.runtime.kit import Kit
from twoleg.seams import Clock
from twoleg.storage.journal import Journal

EVERY_S: Final = 10.0
NS_PER_MS: Final = 1_000_000
REBATE_MICROS: Final = 10_000
"""Kalshi pays a cent back once an order's rounding fees exceed it (its docs, fee rounding,
2026-11-22)."""

log = structlog.get_logger(__name__)


class Guard:
    """Tells the engine through `emit`; plain calls but for `run`."""

    def __init__(
        self,
        *,
        limits: Callable[[], BreakerLimits],
        journal: Journal,
        kits: Sequence[Kit],
        known: Callable[[MarketId], Market | None],
        clock: Clock,
        emit: Callable[[Event], None],
    ) -> None:
        self._limits = limits
        self._journal = journal
        self._kits = kits
        # Terms of a market as they are now.
        self._known = known
        self._clock = clock
        self._emit = emit
        # What was told and has not ended yet.
        self._standing: set[str] = set()

    async def run(self) -> None:
        """Look at clocks and journal until cancelled."""
        while True:
            for kit in self._kits:
                await self.look_at_clock(kit)
            self.look_at_journal()
            await self._clock.sleep(EVERY_S)

    # -- journal ---------------------------------------------------------------------------

    def wrote(self, took_ns: int) -> None:
        """A record was written, and that took so long: it stood in the way of every order."""
        took_ms, most_ms = took_ns // NS_PER_MS, self._limits().journal_stall_ms_max
        if took_ms > most_ms:
            detail = f"one write took {took_ms} ms, at most {most_ms} ms may be"
            self._emit(GuardTripped("journal_stall", detail))

    def look_at_journal(self) -> None:
        """Start nothing while ordinary records have no room: intents come before orders."""
        detail = "" if self._journal.is_writable else "ordinary records cannot be written"
        self._stand("journal_unwritable", detail)

    # -- clocks ----------------------------------------------------------------------------

    async def look_at_clock(self, kit: Kit) -> None:
        """Compare our wall clock with a venue's; an excess counts once it was seen twice.

        The clients correct what they sign by themselves. The ages of books, the times of fills and
        the ends of orders still go by our own clock, so nothing new starts until it is right.
        """
        most_ms = self._limits().clock_skew_ms_max
        try:
            # The answers to what is asked anyway tell it, if any came since the last look.
            skew_ms = await kit.read_skew_ms(int(EVERY_S * 1_000))
            if abs(skew_ms) > most_ms:
                # One answer may have dawdled on its way.
                again_ms = await kit.read_skew_ms(0)
                skew_ms = min(skew_ms, again_ms, key=abs)
        except VenueError as error:
            log.info("skew_not_read", venue=kit.venue.value, reason=str(error))
            return
        detail = f"the venue's clock is {skew_ms} ms ahead of ours, at most {most_ms} ms may be"
        self._stand(f"clock_skew:{kit.venue.value}", detail if abs(skew_ms) > most_ms else "")

    # -- fees ------------------------------------------------------------------------------

    def booked(self, fill: Fill) -> None:
        """Compare the fee that a venue reports for a fill with what its terms make of it.

        A modelled fee is our own figure; what the balance shows later is booked against it.
        """
        market = self._known(fill.market_id)
        if market is None or fill.fee_modelled:
            return
        off = fee_off_micros(market, fill)
        if abs(off) > self._limits().fee_micros_tolerance:
            detail = (
                f"{fill.market_id} fill {fill.fill_id}: {fill.size_e6} at {fill.price_e4} cost a "
                f"fee of {fill.fee_micros} micro-dollars, {off} from what its terms say"
            )
            self._emit(GuardTripped("fee_divergence", detail))

    # -- inner workings --------------------------------------------------------------------

    def _stand(self, reason: str, detail: str) -> None:
        """Tell once that something stands, and once that it is over (no detail)."""
        if detail and reason not in self._standing:
            self._standing.add(reason)
            self._emit(GuardTripped(reason, detail, stands=True))
        elif not detail and reason in self._standing:
            self._standing.discard(reason)
            self._emit(GuardCleared(reason))


def fee_off_micros(market: Market, fill: Fill) -> int:
    """How far a reported fee is from the nearest fee that the terms allow, in micro-dollars.

    The trade fee is exact. Kalshi floors the balance change to the account's precision: what that
    takes is part of the fee, and depends on whether money came or went. Its rebate of a cent is
    paid with whichever fill the order's roundings exceed a cent at, so with or without it is right.
    Kalshi docs, fee rounding, read 2026-11-22.
    """
    trade_fee = fee_ceil(market.fees, fill.price_e4, fill.size_e6)
    quantum = market.fees.balance_quantum_micros
    notional = fill.price_e4 * fill.size_e6 // 10_000
    paid = trade_fee + (-notional - trade_fee) % quantum
    received = trade_fee + (notional - trade_fee) % quantum
    offs = [
        fill.fee_micros - fee + rebate for fee in (paid, received) for rebate in (0, REBATE_MICROS)
    ]
    return min(offs, key=abs)
