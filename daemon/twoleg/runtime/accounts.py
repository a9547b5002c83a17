"""Our accounts as the venues see them: where they begin, and whether they still agree with us.

The journal is the source. A venue's figures are taken over once, when its account is first looked
at; from then on they are compared, and a difference is repaired only where it can be proven: by a
flow that the venue tells with an id, or by the rounding that modelled fees leave.
"""

import asyncio
from collections.abc import Awaitable, Callable, Container, Iterable, Mapping
from functools import partial
from typing import Final, TypeVar

import structlog

from twoleg.core.events import CashReported, Event, PositionReported
from twoleg.core.market import Market, MarketId, Side, Venue
from twoleg.errors import VenueError
from twoleg.runtime.differences import Differences
from twoleg.runtime.flows import Flows
from twoleg.runtime.ledger import MODELLED_MICROS_MAX, Ledger
from twoleg.seams import Clock
from twoleg.storage.records import (
    AccountCompared,
    AnyRecord,
    CashOpened,
    FeeAdjusted,
    PositionOpened,
    StrangerSeen,
)
from twoleg.venues.ports import AccountNewsPort, AccountPort, AllHoldingsPort

OPEN_TRIES: Final = 5
CLOSE_TRIES: Final = 3
LOOK_AGAIN_S: Final = 3.0
"""Kalshi's reads lag behind its matching by up to two seconds (its API docs, 2026; measured)."""
NS_PER_S: Final = 1_000_000_000

T = TypeVar("T")

log = structlog.get_logger(__name__)


def _no_activity() -> int:
    return 0


def _all_final(_venue: Venue) -> tuple[Side, ...]:
    return ()


class Accounts:
    """Reads cash, holdings and flows; compares them with the ledger that the journal gives.

    `activity` is None while an order of ours may be moving money, and else how often anything moved
    so far, flows included. `unsure` tells on which sides a venue's fills may still fail.
    """

    def __init__(
        self,
        ports: Mapping[Venue, AccountPort],
        *,
        ledger: Ledger,
        clock: Clock,
        record: Callable[[AnyRecord], None],
        emit: Callable[[Event], None],
        differences: Differences,
        activity: Callable[[], int | None] = _no_activity,
        unsure: Callable[[Venue], Container[Side]] = _all_final,
    ) -> None:
        self.ports = ports
        self._clock = clock
        self._record = record
        self._emit = emit
        self.differences = differences
        self._activity = activity
        self._unsure = unsure
        self.ledger = ledger
        # The last disagreement per pot, and when it was first seen: only one that stands twice, a
        # pause apart, is believed.
        self._doubt: dict[tuple[Venue, int], tuple[int, int]] = {}
        # One that stood twice and that nothing explains: money moved without us.
        self._unexplained: dict[tuple[Venue, int], int] = {}
        # Venues whose cash, and whose holdings, this run has compared.
        self._compared: set[Venue] = set()
        self._held: set[Venue] = set()
        # How often that was forgotten: a look that began before it marks nothing.
        self.forgotten = 0
        self._locks = {venue: asyncio.Lock() for venue in Venue}
        self.book_flows = Flows(
            ports, ledger=ledger, clock=clock, record=record, differences=differences
        ).book

    # -- beginning -------------------------------------------------------------------------

    async def open(self, markets: Iterable[Market]) -> None:
        """Begin the accounts that no journal knows yet; what stands in their markets is not ours.

        Raises:
            VenueError: a venue could not be asked in a few tries.
        """
        known = tuple(markets)
        for venue, port in self.ports.items():
            if venue not in self.ledger.opened_wall_ns:
                cash = sorted((await self._ask(venue, port.read_cash)).cash_micros)
                shards = tuple(shard for shard, _ in cash)
                for shard, micros in cash:
                    wall_ns = self._clock.wall_ns()
                    self._record(
                        CashOpened(
                            wall_ns=wall_ns,
                            venue=venue,
                            shard=shard,
                            cash_micros=micros,
                            shards=shards,
                        )
                    )
            fresh = [m for m in known if m.venue is venue and not self.ledger.is_opened(m.id)]
            if fresh:
                self._begin(fresh, await self._ask(venue, partial(port.read_positions, fresh)))

    def tell(self, ledger: Ledger, markets: Iterable[Market]) -> None:
        """Tell the engine what is ours by a ledger, and what in these markets is a stranger's."""
        for market in markets:
            yes_e6, no_e6 = ledger.covering_e6(market.id)
            if market.venue is Venue.KALSHI:
                yes_e6, no_e6 = yes_e6 - no_e6, 0
            self._emit(PositionReported(market.id, yes_e6, no_e6))
            met = ledger.strangers_e6.get(market.id, (0, 0))
            self.differences.strangers(market.venue, market.id, met)
        for venue in self.ports:
            cash = sorted(
                (shard, micros) for (v, shard), micros in ledger.cash_micros.items() if v is venue
            )
            self._emit(CashReported(venue, tuple(cash)))

    async def add(self, markets: Iterable[Market], is_busy: Callable[[MarketId], bool]) -> bool:
        """Let further markets join; False if something is open on one of them.

        The engine takes what it is told here for the truth of everything that is open on them.

        Raises:
            VenueError: a venue could not be asked.
        """
        known = tuple(markets)
        if any(is_busy(market.id) for market in known):
            return False
        found: list[tuple[list[Market], tuple[tuple[MarketId, int, int], ...]]] = []
        for venue, port in self.ports.items():
            fresh = [m for m in known if m.venue is venue and not self.ledger.is_opened(m.id)]
            found.append((fresh, await port.read_positions(fresh) if fresh else ()))
        if any(is_busy(market.id) for market in known):
            return False
        for fresh, held in found:
            self._begin(fresh, held)
        self.tell(self.ledger, known)
        return True

    def _begin(
        self, markets: Iterable[Market], held_now: Iterable[tuple[MarketId, int, int]]
    ) -> None:
        held = {entry[0]: entry for entry in held_now}
        for market in markets:
            wall_ns, venue = self._clock.wall_ns(), market.venue
            _, yes_e6, no_e6 = held.get(market.id, (market.id, 0, 0))
            if yes_e6 or no_e6 or market.id in self.ledger.strangers_e6:
                # First, so that a death in between begins the market again, whole.
                self._record(
                    StrangerSeen(
                        wall_ns=wall_ns,
                        venue=venue,
                        market_id=market.id,
                        yes_e6=yes_e6,
                        no_e6=no_e6,
                    )
                )
            self._record(
                PositionOpened(wall_ns=wall_ns, venue=venue, market_id=market.id, yes_e6=0, no_e6=0)
            )

    async def _ask(self, venue: Venue, read: Callable[[], Awaitable[T]]) -> T:
        for tried in range(1, OPEN_TRIES):
            try:
                return await read()
            except VenueError as error:
                log.warning("account_not_read", venue=venue.value, reason=str(error))
                await self._clock.sleep(tried)
        return await read()

    # -- holdings --------------------------------------------------------------------------

    async def holding_differences(
        self, venue: Venue, markets: Iterable[Market], followed: Container[MarketId]
    ) -> dict[MarketId, tuple[int, int]] | None:
        """How much more each of these markets of a venue holds than our record; all that agree.

        None if the venue cannot be asked. What it tells of markets that are not followed is told.
        """
        wanted, port = tuple(markets), self.ports[venue]
        try:
            if isinstance(port, AllHoldingsPort):
                rows = await port.read_all_positions()
            else:
                rows = await port.read_positions(wanted) if wanted else ()
        except VenueError as error:
            log.warning("position_not_read", venue=venue.value, reason=str(error))
            return None
        held = {market_id: (yes_e6, no_e6) for market_id, yes_e6, no_e6 in rows}
        foreign = {key: self._beside(venue, key, held) for key in held if key not in followed}
        self.differences.foreign(venue, {key: e6 for key, e6 in foreign.items() if any(e6)})
        return {market.id: self._beside(venue, market.id, held) for market in wanted}

    def _beside(
        self, venue: Venue, market_id: MarketId, held: Mapping[MarketId, tuple[int, int]]
    ) -> tuple[int, int]:
        yes_e6, no_e6 = held.get(market_id, (0, 0))
        if venue is Venue.KALSHI:
            yes_e6, no_e6 = yes_e6 - no_e6, 0
        known_yes_e6, known_no_e6 = self.ledger.expected_e6(venue, market_id)
        return yes_e6 - known_yes_e6, no_e6 - known_no_e6

    def awaiting(self, has_ended: Callable[[MarketId], bool]) -> set[MarketId]:
        """Markets of which something is ours that is not over yet.

        Kalshi pays by itself once a market has ended. Polymarket pays who redeems, whenever that
        is, and on paper nobody pays: there the end is all that is waited for.
        """
        held = {market_id for (market_id, _), size_e6 in self.ledger.held_e6.items() if size_e6}
        pays = isinstance(self.ports.get(Venue.KALSHI), AccountNewsPort)
        prefix = f"{Venue.KALSHI.value}:"
        return {
            market_id
            for market_id in held
            if (pays and market_id.startswith(prefix)) or not has_ended(market_id)
        }

    def believe_holding(self, market: Market, difference_e6: tuple[int, int]) -> None:
        """Take what a market holds more than our record for true: it agrees, or differed twice."""
        venue, market_id = market.venue, market.id
        theirs_e6 = self.ledger.theirs_e6(venue, market_id)
        if theirs_e6 != (0, 0) and difference_e6 == (-theirs_e6[0], -theirs_e6[1]):
            # All that is left is ours: whoever it was is gone.
            wall_ns = self._clock.wall_ns()
            self._record(
                StrangerSeen(wall_ns=wall_ns, venue=venue, market_id=market_id, yes_e6=0, no_e6=0)
            )
            self.differences.strangers(venue, market_id, (0, 0))
            difference_e6 = (0, 0)
        self.differences.holding(venue, market_id, difference_e6)

    def mark_holdings(self, venue: Venue) -> None:
        """All that a venue's markets hold was compared, and what differed was believed."""
        self._held.add(venue)

    # -- cash ------------------------------------------------------------------------------

    def expected(self, venue: Venue) -> tuple[int, int]:
        """Cash of a venue's first shard by our record, and what modelled fees may be off."""
        fills = self.ledger.modelled_fills.get(venue, 0)
        known = self.ledger.cash_micros.get((venue, 0), 0)
        return known + self._unexplained.get((venue, 0), 0), fills * MODELLED_MICROS_MAX

    async def close(self) -> None:
        """Compare once more at the end, again where a venue's figure may only lag behind."""
        for venue in self.ports:
            for _ in range(CLOSE_TRIES):
                if not await self.compare(venue):
                    break
                await self.pause()

    async def pause(self) -> None:
        """Wait until a second look can tell a difference from a figure that came late."""
        await self._clock.sleep(LOOK_AGAIN_S)

    async def compare(self, venue: Venue) -> bool:
        """Read cash while none is moving; book what is proven, report what is not.

        True if a difference was seen that only a second look, after a pause, can tell from a late
        figure.
        """
        async with self._locks[venue]:
            return await self._compare(venue)

    async def _compare(self, venue: Venue) -> bool:
        before, asked_ns = self._activity(), self._clock.monotonic_ns()
        forgotten = self.forgotten
        try:
            report = await self.ports[venue].read_cash()
        except VenueError as error:
            log.warning("cash_not_read", venue=venue.value, reason=str(error))
            return False
        if before is None or self._activity() != before:
            # Neither before nor after what moved meanwhile.
            return False
        told = dict(report.cash_micros)
        pots = sorted({shard for pot, shard in self.ledger.cash_micros if pot is venue} | set(told))
        if any(self._difference(venue, shard, told) for shard in pots):
            before += await self.book_flows(venue)
            if self._activity() != before:
                # Something else moved while the flows were read: the figure is from before it.
                return False
        unsure = self._unsure(venue)
        is_new, is_above = False, False
        for shard in pots:
            difference = self._difference(venue, shard, told)
            if difference and (Side.BUY if difference > 0 else Side.SELL) in unsure:
                # A purchase that is not final may not show yet, and nor may a sale.
                self._doubt.pop((venue, shard), None)
                is_above |= difference > 0
            else:
                is_new |= self._compare_pot((venue, shard), difference, asked_ns)
        if not is_above:
            self._emit(report)
        if not is_new and forgotten == self.forgotten:
            self._mark_compared(venue)
        return is_new

    def standing(self, venue: Venue, shard: int) -> int | None:
        """Micro-dollars that a pot holds beside our record, seen twice; None: not yet known."""
        return self._unexplained.get((venue, shard), 0) if self.is_compared else None

    def accepted(self, venue: Venue, shard: int) -> None:
        """A standing difference was taken over into our record."""
        self._agree((venue, shard))

    @property
    def is_compared(self) -> bool:
        """Whether this run has compared cash and holdings of both accounts."""
        return self._compared == self._held == set(self.ports)

    def forget_compared(self) -> None:
        """Count as looked at only what is read from now on."""
        self._compared.clear()
        self._held.clear()
        self.forgotten += 1

    def _mark_compared(self, venue: Venue) -> None:
        if venue not in self._compared:
            self._compared.add(venue)
            self._record(AccountCompared(wall_ns=self._clock.wall_ns(), venue=venue))

    def _difference(self, venue: Venue, shard: int, told: Mapping[int, int]) -> int:
        return told.get(shard, 0) - self.ledger.cash_micros.get((venue, shard), 0)

    def _compare_pot(self, pot: tuple[Venue, int], difference: int, asked_ns: int) -> bool:
        """Whether a difference stands that was not yet seen twice, a pause apart."""
        venue, shard = pot
        if -self.differences.resting_micros.get(pot, 0) <= difference <= 0:
            # They agree, or strangers' orders keep the rest back.
            self._agree(pot)
            if difference == 0:
                self.ledger.agree(venue, shard)
            return False
        doubted, seen_ns = self._doubt.get(pot, (0, 0))
        if doubted != difference:
            # The venue's figure may lag behind a fill; a second look decides.
            self._doubt[pot] = (difference, asked_ns)
            log.info("cash_difference_seen", venue=venue.value, shard=shard, micros=difference)
            return True
        if asked_ns - seen_ns < int(LOOK_AGAIN_S * NS_PER_S):
            return True
        fills = self.ledger.modelled_fills.get(venue, 0)
        most, margin = fills * MODELLED_MICROS_MAX, self.ledger.margin_micros.get(pot, 0)
        if not -most <= difference <= most + margin:
            self._unexplained[pot] = difference
            self.differences.cash(venue, shard, difference)
            return False
        self._record(
            FeeAdjusted(
                wall_ns=self._clock.wall_ns(),
                venue=venue,
                shard=shard,
                micros=difference,
                fills=fills,
            )
        )
        self._agree(pot)
        return False

    def _agree(self, pot: tuple[Venue, int]) -> None:
        """Nothing is doubted of a pot any more."""
        self._doubt.pop(pot, None)
        self._unexplained.pop(pot, None)
        self.differences.cash(*pot, 0)
