"""Finding out what became of an order that may rest, by reads alone.

It is not fenced: a fence would be refused as a duplicate by an order that rests as by one that is
gone, so the reads must tell anyway; and one that never landed is proven absent without a write,
because a request whose signature has expired can no longer land.
"""

from typing import Final

from twoleg.core.events import AnswerStatus, LegAnswer
from twoleg.core.orders import OrderRef
from twoleg.errors import MalformedMessage, VenueRejected, VenueUnavailable
from twoleg.seams import Clock
from twoleg.venues.kalshi.answers import decided, unknown
from twoleg.venues.kalshi.fence import FINAL_STATES, RESTING
from twoleg.venues.kalshi.history import OrderHistory
from twoleg.venues.kalshi.numbers import parse_size
from twoleg.venues.kalshi.options import KalshiOptions
from twoleg.venues.kalshi.rest import OrderRow

_NS_PER_MS: Final = 1_000_000


class RestingLookUp:
    """Looks orders up that may rest, in bounded time, and leaves them where they are."""

    def __init__(self, *, history: OrderHistory, clock: Clock, options: KalshiOptions) -> None:
        self._history = history
        self._clock = clock
        self._options = options

    async def look_up(self, ref: OrderRef) -> LegAnswer:
        """RESTING, FILLED, PARTIAL (the rest is gone) or MISSED if the reads tell, else UNKNOWN.

        The reads lag: a RESTING one may have been canceled half a second ago, and may have filled
        more than they say (seen 2026-06). An order that never landed is UNKNOWN until
        `signature_ms_max` after its send, and then MISSED.
        """
        deadline_ns = self._clock.monotonic_ns() + self._options.look_up_ms_max * _NS_PER_MS
        backoff = self._history.backoff()
        while True:
            answer = await self._read_once(ref, deadline_ns)
            if answer.status is not AnswerStatus.UNKNOWN:
                return answer
            delay_ns = backoff.next_ms() * _NS_PER_MS
            if self._clock.monotonic_ns() + delay_ns >= deadline_ns:
                venue_order_id = answer.venue_order_id or ref.venue_order_id
                return unknown(answer.code, answer.detail, venue_order_id)
            await self._clock.sleep(delay_ns / 1_000_000_000)

    async def _read_once(self, ref: OrderRef, deadline_ns: int) -> LegAnswer:
        try:
            order = await self._find(ref)
            if order is None:
                return await self._judge_unlisted(ref)
            filled_e6 = parse_size(order.fill_count_fp)
        except (VenueUnavailable, VenueRejected) as error:
            return unknown(error.code, error.detail)
        except MalformedMessage as error:
            return unknown("unreadable_answer", error.reason)
        return await self._judge(ref, order, filled_e6, deadline_ns)

    async def _judge(
        self, ref: OrderRef, order: OrderRow, filled_e6: int, deadline_ns: int
    ) -> LegAnswer:
        if not _is_ours(order, ref):
            return unknown("foreign_order", f"{order.ticker} {order.client_order_id}"[:100])
        if not _is_plausible(order, ref, filled_e6):
            return unknown(f"found_{order.status}"[:60], order.fill_count_fp, order.order_id)
        if order.status == RESTING:
            return LegAnswer(
                status=AnswerStatus.RESTING,
                filled_e6=filled_e6,
                notional_micros=-1 if filled_e6 else 0,
                venue_order_id=order.order_id,
                code="found_resting",
            )
        return await self._history.tell_finished(ref, order, filled_e6, deadline_ns)

    async def _find(self, ref: OrderRef) -> OrderRow | None:
        """By the venue's id where we have it, else, or while it is not shown, in the list."""
        if ref.venue_order_id:
            order = await self._history.read_order(ref.venue_order_id)
            if order is not None:
                return order
        return await self._history.find_order(ref)

    async def _judge_unlisted(self, ref: OrderRef) -> LegAnswer:
        if ref.venue_order_id:
            # It was accepted once: that it is not shown now is the reads' fault.
            return unknown("not_found", "", ref.venue_order_id)
        expired_ms = self._history.expires_ms(ref)
        if self._history.venue_ms() <= expired_ms:
            return unknown("not_found", "it may still land")
        if await self._history.rules_out(ref, expired_ms):
            return decided(0, ref.spec, "", code="never_landed")
        return unknown("not_found")


def _is_ours(order: OrderRow, ref: OrderRef) -> bool:
    """A read by the venue's id shows the market and, where told, the client order id we sent."""
    is_named = order.client_order_id in {"", ref.order_key}
    return is_named and order.ticker == ref.spec.market.native_id


def _is_plausible(order: OrderRow, ref: OrderRef, filled_e6: int) -> bool:
    """Counts that fit the state; others are a read model caught half way, and are read again."""
    if order.status == RESTING:
        return 0 <= filled_e6 < ref.spec.size_e6
    is_contradictory = order.status == "executed" and filled_e6 == 0
    is_final = order.status in FINAL_STATES and not is_contradictory
    return is_final and 0 <= filled_e6 <= ref.spec.size_e6
