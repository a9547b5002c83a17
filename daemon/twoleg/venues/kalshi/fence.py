"""Finding out what became of a taker's order: the fence, then bounded reads.

Kalshi consumes a client order id for ever, by a fill as well as by a kill (Kalshi API docs, orders
v2; seen on the wire 2026-06 and 2026-10). So a harmless order under the same id either goes
through, and then the first never landed and never can, or is refused as a duplicate, and then the
reads must say how the first ended. Repeating the fence is safe: the id works once.
"""

from collections.abc import Awaitable, Callable
from typing import Final, Protocol

import msgspec

from twoleg.core.events import NO_TOKENS, AnswerStatus, LegAnswer
from twoleg.core.orders import OrderRef, OrderSpec
from twoleg.errors import MalformedMessage, VenueRejected, VenueUnavailable
from twoleg.seams import Clock, Entropy
from twoleg.venues.kalshi.answers import ORDER_EXISTS, decided, unknown
from twoleg.venues.kalshi.bodies import build_order, fence_spec
from twoleg.venues.kalshi.history import OrderHistory
from twoleg.venues.kalshi.numbers import parse_size
from twoleg.venues.kalshi.options import KalshiOptions
from twoleg.venues.kalshi.rest import OrderRow
from twoleg.venues.ports import CancelAnswer

_NS_PER_MS: Final = 1_000_000
RESTING: Final = "resting"
UNANSWERED: Final = frozenset({"no_answer", "not_connected", NO_TOKENS})
"""What a fence that reached nobody ends with: reads would reach nobody either."""
FINAL_STATES: Final = frozenset({"executed", "canceled"})


class PostOrder(Protocol):
    """Sends one order once."""

    async def __call__(
        self,
        spec: OrderSpec,
        order_key: str,
        body: bytes,
        *,
        wait_ms_max: int,
        timeout_ms: int,
        is_fence: bool = False,
    ) -> LegAnswer:
        """Answer, never raise."""
        ...


class Fence:
    """Looks takers' orders up in bounded time; those that may rest are never fenced."""

    def __init__(
        self,
        *,
        post: PostOrder,
        history: OrderHistory,
        cancel: Callable[[OrderRef], Awaitable[CancelAnswer]],
        clock: Clock,
        entropy: Entropy,
        options: KalshiOptions,
    ) -> None:
        self._post = post
        self._history = history
        self._cancel = cancel
        self._clock = clock
        self._entropy = entropy
        self._options = options
        # A fence must not take an order of ours off the book.
        self._harmless = msgspec.structs.replace(options, self_trade_prevention="taker_at_cross")

    async def look_up(self, ref: OrderRef) -> LegAnswer:
        """FILLED, PARTIAL or MISSED if the venue tells in time, else UNKNOWN."""
        deadline_ns = self._clock.monotonic_ns() + self._options.look_up_ms_max * _NS_PER_MS
        backoff = self._history.backoff()
        # Venue's time by which the id was consumed; 0 while that is not known.
        consumed_ms = 0
        last = unknown("look_up_unanswered")
        while True:
            if not consumed_ms:
                answer = await self._fence_once(ref, deadline_ns)
                if answer.status is AnswerStatus.MISSED or answer.filled_e6:
                    return answer
                last = answer
                if answer.code == ORDER_EXISTS:
                    consumed_ms = self._history.venue_ms()
            if consumed_ms or last.code not in UNANSWERED:
                # A fence refused for another reason (paused, no cash, words that we do not know)
                # says nothing about the first order; the reads still may.
                found = await self._read_once(ref, deadline_ns, consumed_ms)
                if found.status is not AnswerStatus.UNKNOWN:
                    return found
                last = found if consumed_ms else last
            delay_ns = backoff.next_ms() * _NS_PER_MS
            if self._clock.monotonic_ns() + delay_ns >= deadline_ns:
                return unknown(last.code, last.detail, last.venue_order_id or ref.venue_order_id)
            await self._clock.sleep(delay_ns / 1_000_000_000)

    async def _fence_once(self, ref: OrderRef, deadline_ns: int) -> LegAnswer:
        """MISSED: the first never landed. Filled: the fence itself traded. Else undecided."""
        spec = fence_spec(ref.spec)
        body = build_order(spec, client_order_id=ref.order_key, options=self._harmless)
        left_ms = max(1, (deadline_ns - self._clock.monotonic_ns()) // _NS_PER_MS)
        answer = await self._post(
            spec,
            ref.order_key,
            body,
            wait_ms_max=left_ms,
            timeout_ms=min(self._options.order_timeout_ms, left_ms),
            is_fence=True,
        )
        if answer.status is AnswerStatus.MISSED:
            return decided(
                0,
                ref.spec,
                answer.venue_order_id,
                code="fenced_absent",
                ts_event_ms=answer.ts_event_ms,
            )
        if answer.filled_e6:
            # Somebody gave 0.01 contract away. It is ours, and this order's.
            return decided(
                answer.filled_e6,
                ref.spec,
                answer.venue_order_id,
                code="fence_filled",
                ts_event_ms=answer.ts_event_ms,
            )
        return answer

    async def _read_once(self, ref: OrderRef, deadline_ns: int, consumed_ms: int) -> LegAnswer:
        """Decide by the order that the venue shows, if it shows it finished."""
        try:
            order = await self._history.find_order(ref)
            if order is None:
                return await self._judge_unlisted(ref, consumed_ms)
            filled_e6 = parse_size(order.fill_count_fp)
        except (VenueUnavailable, VenueRejected) as error:
            return unknown(error.code, error.detail)
        except MalformedMessage as error:
            return unknown("unreadable_answer", error.reason)
        if order.status == RESTING and order.ticker == ref.spec.market.native_id:
            # A taker's never rests. The next read tells how this one ended.
            await self._cancel(msgspec.structs.replace(ref, venue_order_id=order.order_id))
        if not _is_decisive(order, ref, filled_e6):
            return unknown(f"found_{order.status}"[:60], order.fill_count_fp, order.order_id)
        return await self._history.tell_finished(ref, order, filled_e6, deadline_ns)

    async def _judge_unlisted(self, ref: OrderRef, consumed_ms: int) -> LegAnswer:
        # Where no fence is let in (paused, closed), time does its work: killed, or never landed.
        since_ms = consumed_ms or self._history.expires_ms(ref)
        is_over = self._history.venue_ms() >= since_ms
        can_prove = self._options.takes_unlisted_for_killed and is_over
        if can_prove and await self._history.rules_out(ref, since_ms):
            code = "consumed_without_order" if consumed_ms else "expired_without_order"
            return decided(0, ref.spec, "", code=code)
        return unknown("consumed_not_found" if consumed_ms else "not_found")


def _is_decisive(order: OrderRow, ref: OrderRef, filled_e6: int) -> bool:
    """A finished order of this market whose counts make sense; anything else is read again."""
    if order.status not in FINAL_STATES or order.ticker != ref.spec.market.native_id:
        return False
    # "executed" without a fill is a read model caught half way.
    is_contradictory = order.status == "executed" and filled_e6 == 0
    return 0 <= filled_e6 <= ref.spec.size_e6 and not is_contradictory
