"""Deciding from repeated reads what became of an order. Pure.

An order that may rest and does is told as RESTING at the first look. Everything else here is about
orders that have ended.

The venue's reads lag behind its matches, trades of one order may appear one by one, and finished
orders may not be readable at all. So nothing is concluded from a single look, except what cannot
grow any more: an order whose whole spend or size is accounted for.
"""

from typing import Final

import msgspec

from twoleg.core.events import AnswerStatus, Fill, FillStatus, LegAnswer
from twoleg.core.market import Side, TimeInForce
from twoleg.core.orders import OrderSpec
from twoleg.core.units import CENT_MICROS, LOT_E6, cost_ceil
from twoleg.venues.polymarket.numbers import parse_fixed
from twoleg.venues.polymarket.user_wire import (
    DEAD_STATUSES,
    RESTING_STATUSES,
    plain_order_status,
)

ON_BOOK_STATUSES: Final = frozenset({"LIVE", "UNMATCHED"})
_SHARE_DUST_E6: Final = 100


class OrderRecord(msgspec.Struct, frozen=True):
    """`GET /data/order/{id}`, as far as it matters."""

    id: str
    status: str
    size_matched: str = "0"

    @property
    def matched_e6(self) -> int:
        """Matched shares; ValueError if unreadable."""
        return parse_fixed(self.size_matched or "0", 6)

    @property
    def is_resting(self) -> bool:
        """Whether it may still match; a status nobody has described may."""
        plain = plain_order_status(self.status)
        return plain in RESTING_STATUSES or not (plain == "MATCHED" or self.is_dead)

    @property
    def is_dead(self) -> bool:
        """Whether it can match no further."""
        plain = plain_order_status(self.status)
        return plain == "CANCELED" or plain in DEAD_STATUSES


class Sighting(msgspec.Struct, frozen=True):
    """One look at the venue: the order if it is readable, and the fills of its trades."""

    order: OrderRecord | None
    fills: tuple[Fill, ...]
    has_unknown_status: bool = False
    """A trade has a status that nobody has described: neither filled nor void."""


def judge(
    spec: OrderSpec,
    seen: Sighting,
    previous: Sighting | None,
    *,
    age_ms: int,
    looked_ms: int,
    absent_after_ms: int,
) -> LegAnswer | None:
    """The order's end, that it rests as it may, or None while neither can be told yet.

    `age_ms`: since it must have arrived, if it ever did; `looked_ms`: since it was first looked at.
    """
    if seen.has_unknown_status:
        return None
    if seen.order is not None and seen.order.is_resting:
        return _judge_resting(spec, seen.order, seen.fills)
    is_stable = seen == previous
    if seen.order is not None or seen.fills:
        # It has arrived: only the reads may lag.
        age_ms = max(age_ms, looked_ms)
    is_old = age_ms >= absent_after_ms
    if not seen.fills:
        return _judge_empty(spec, seen, is_settled=is_stable and age_ms >= absent_after_ms)
    if _is_whole(spec, seen.fills, len(seen.fills)):
        return tell(spec, seen)
    if is_stable and _has_all_trades(spec, seen, is_old=is_old):
        return tell(spec, seen)
    return None


def tell(spec: OrderSpec, seen: Sighting) -> LegAnswer:
    """An answer from fills; those that failed on chain never were."""
    fills = tuple(fill for fill in seen.fills if fill.status is not FillStatus.VOID)
    filled_e6, notional = _sums(fills)
    if not fills:
        return _missed("trades_failed", seen)
    is_whole = _is_whole(spec, fills, CENT_MICROS)
    return LegAnswer(
        status=AnswerStatus.FILLED if is_whole else AnswerStatus.PARTIAL,
        filled_e6=filled_e6,
        notional_micros=notional,
        venue_order_id=fills[0].venue_order_id,
        trade_ids=_trade_ids(fills),
        ts_event_ms=max(fill.ts_event_ms for fill in fills),
    )


def give_up(seen: Sighting | None, code: str) -> LegAnswer:
    """UNKNOWN, with what certainly filled."""
    fills = () if seen is None or seen.has_unknown_status else seen.fills
    sure = tuple(fill for fill in fills if fill.status is not FillStatus.VOID)
    filled_e6, notional = _sums(sure)
    return LegAnswer(
        status=AnswerStatus.UNKNOWN,
        filled_e6=filled_e6,
        notional_micros=notional if filled_e6 else -1,
        trade_ids=_trade_ids(sure),
        code=code,
    )


def _judge_resting(
    spec: OrderSpec, order: OrderRecord, fills: tuple[Fill, ...]
) -> LegAnswer | None:
    """RESTING with what it has filled; an order in its delay, or a taker's, decides nothing yet."""
    if not spec.tif.rests or plain_order_status(order.status) not in ON_BOOK_STATUSES:
        return None
    sure = tuple(fill for fill in fills if fill.status is not FillStatus.VOID)
    filled_e6, notional = _sums(sure)
    # The order's own count may be ahead of its trades; then the money is not told yet. Trades that
    # failed on chain are still in that count.
    void_e6 = sum(fill.size_e6 for fill in fills) - filled_e6
    is_behind = order.matched_e6 - void_e6 > filled_e6 + _SHARE_DUST_E6
    if is_behind:
        filled_e6, notional = order.matched_e6 - void_e6, -1
    return LegAnswer(
        status=AnswerStatus.RESTING,
        filled_e6=filled_e6,
        notional_micros=notional if filled_e6 else -1,
        venue_order_id=order.id.lower(),
        trade_ids=_trade_ids(sure),
    )


def _judge_empty(spec: OrderSpec, seen: Sighting, *, is_settled: bool) -> LegAnswer | None:
    if not is_settled:
        return None
    if seen.order is None:
        return _missed("absent", seen)
    if seen.order.is_dead and seen.order.matched_e6 == 0:
        return _missed("canceled" if spec.tif.rests else "killed", seen)
    # Matched, and its trades are not shown yet.
    return None


def _has_all_trades(spec: OrderSpec, seen: Sighting, *, is_old: bool) -> bool:
    """Whether no further trade of this order can be on its way into the reads."""
    if spec.tif is TimeInForce.FOK:
        # All or nothing; the venue may leave less than a cent of the spend.
        return _is_whole(spec, seen.fills, CENT_MICROS)
    if seen.order is None:
        return is_old
    total_e6, _ = _sums(seen.fills)
    return abs(seen.order.matched_e6 - total_e6) <= _SHARE_DUST_E6


def _missed(code: str, seen: Sighting) -> LegAnswer:
    order_id = seen.order.id.lower() if seen.order is not None else ""
    return LegAnswer(status=AnswerStatus.MISSED, code=code, venue_order_id=order_id)


def _is_whole(spec: OrderSpec, fills: tuple[Fill, ...], slack_micros: int) -> bool:
    """Whether these fills use up the order; each may have lost a micro to rounding."""
    filled_e6, notional = _sums(fills)
    if spec.side is Side.SELL:
        return filled_e6 >= spec.size_e6
    if spec.tif.rests:
        # Its size, or all its dollars: which of both ends it at better prices is not documented.
        # Shares are finer than a lot where it met a taker who spends dollars.
        spend = cost_ceil(spec.limit_e4, spec.size_e6)
        return filled_e6 > spec.size_e6 - LOT_E6 or notional + len(fills) > spend
    return notional + slack_micros > spec.spend_micros


def _sums(fills: tuple[Fill, ...]) -> tuple[int, int]:
    return sum(fill.size_e6 for fill in fills), sum(fill.notional_micros for fill in fills)


def _trade_ids(fills: tuple[Fill, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(fill.fill_id.partition(":")[0] for fill in fills))
