"""How a market ended, as the market channel, Gamma and the CLOB tell it. Pure.

`market_resolved` sometimes never comes (rs-clob-client#226), so it is polled for as well; both ways
lead to the same value. A market pays one dollar per winning share, or half a dollar for each side.
"""

from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Final

import msgspec

from twoleg.core.market import Market, Outcome
from twoleg.core.units import ONE_DOLLAR_E4
from twoleg.errors import VenueRejected
from twoleg.venues.polymarket.frames import ResolvedFrame
from twoleg.venues.polymarket.gamma import GammaMarket
from twoleg.venues.polymarket.sign import VENUE

_PAYOUTS: Final = frozenset({0, ONE_DOLLAR_E4 // 2, ONE_DOLLAR_E4})


class ResolutionState(Enum):
    """How far the end of a market has come."""

    OPEN = "open"
    CLOSED = "closed"
    """Trading ended and no outcome is known."""
    PROPOSED = "proposed"
    DISPUTED = "disputed"
    RESOLVED = "resolved"


class Resolution(msgspec.Struct, frozen=True, kw_only=True):
    """How a market ended; `payouts` names each token's in 1/10 000 dollar once it is resolved."""

    native_id: str
    state: ResolutionState
    payouts: tuple[tuple[str, int], ...] = ()
    ts_event_ms: int = 0

    def payout_e4(self, market: Market, outcome: Outcome) -> int | None:
        """What a share of this outcome pays; None while nobody knows."""
        token = market.yes_token if outcome is Outcome.YES else market.no_token
        return dict(self.payouts).get(token)


class ClobOutcome(msgspec.Struct):
    """One token of `GET /markets/{condition}`."""

    token_id: str
    winner: bool | None = None


class ClobEnd(msgspec.Struct):
    """What `GET /markets/{condition}` of the CLOB says of a market's end."""

    closed: bool = False
    tokens: list[ClobOutcome] = []


def told_resolution(frame: ResolvedFrame) -> Resolution:
    """What a `market_resolved` says; CLOSED where it names no winner, to be read elsewhere."""
    stamp = str(frame.timestamp or "")
    ts_event_ms = int(stamp) if stamp.isascii() and stamp.isdigit() else 0
    winner, tokens = frame.winning_asset_id, frame.assets_ids or []
    if not winner:
        return Resolution(
            native_id=frame.market, state=ResolutionState.CLOSED, ts_event_ms=ts_event_ms
        )
    payouts = dict.fromkeys(tokens, 0) | {winner: ONE_DOLLAR_E4}
    return Resolution(
        native_id=frame.market,
        state=ResolutionState.RESOLVED,
        payouts=tuple(payouts.items()),
        ts_event_ms=ts_event_ms,
    )


def read_end(gamma: GammaMarket, clob: ClobEnd | None) -> Resolution:
    """Join what both services say; `clob` None where the CLOB does not know the market any more.

    Gamma's last prices count only where it calls the market resolved; a winner that the CLOB names
    counts by itself.

    Raises:
        VenueRejected: they name different winners; nothing may be booked by that.
    """
    status = (gamma.uma_resolution_status or "").casefold()
    by_gamma = _gamma_payouts(gamma) if gamma.closed and status == "resolved" else ()
    by_clob = _clob_payouts(clob) if clob is not None else ()
    if by_gamma and by_clob and dict(by_gamma) != dict(by_clob):
        raise VenueRejected(
            VENUE, "resolutions_disagree", f"{gamma.condition_id}: {by_gamma} and {by_clob}"
        )
    payouts = by_gamma or by_clob
    state = ResolutionState.OPEN
    if payouts:
        state = ResolutionState.RESOLVED
    elif "dispute" in status or "challenge" in status:
        state = ResolutionState.DISPUTED
    elif "propos" in status:
        state = ResolutionState.PROPOSED
    elif gamma.closed or (clob is not None and clob.closed):
        state = ResolutionState.CLOSED
    return Resolution(native_id=gamma.condition_id, state=state, payouts=payouts)


def _gamma_payouts(gamma: GammaMarket) -> tuple[tuple[str, int], ...]:
    tokens, prices = gamma.token_list(), gamma.price_list()
    try:
        scaled = [Decimal(text) * ONE_DOLLAR_E4 for text in prices]
    except InvalidOperation:
        return ()
    if len(tokens) != len(scaled) or not scaled or sum(scaled) != ONE_DOLLAR_E4:
        return ()
    if any(price not in _PAYOUTS for price in scaled):
        return ()
    return tuple(zip(tokens, map(int, scaled), strict=True))


def _clob_payouts(clob: ClobEnd) -> tuple[tuple[str, int], ...]:
    winners = [token for token in clob.tokens if token.winner]
    if not clob.closed or len(winners) != 1:
        return ()
    return tuple((token.token_id, ONE_DOLLAR_E4 * (token is winners[0])) for token in clob.tokens)
