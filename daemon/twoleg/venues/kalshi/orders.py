"""Orders on Kalshi: prepare, send once, judge, look up by the fence.

Never resends: after a send that was not answered the order is UNKNOWN until `look_up` has told.
"""

import structlog

from twoleg.core.events import AnswerStatus, Fill, LegAnswer
from twoleg.core.market import Venue
from twoleg.core.orders import OrderRef, OrderSpec, Purpose
from twoleg.errors import OutcomeUnknown, VenueUnavailable
from twoleg.seams import Clock, Entropy
from twoleg.venues.kalshi.answers import RATE_LIMITED, judge, unknown
from twoleg.venues.kalshi.cancels import cancel_order
from twoleg.venues.kalshi.fence import Fence
from twoleg.venues.kalshi.history import OrderHistory
from twoleg.venues.kalshi.http import ORDER_COST, KalshiHttp
from twoleg.venues.kalshi.options import KalshiOptions
from twoleg.venues.kalshi.rest import build_order
from twoleg.venues.ports import CancelAnswer, PreparedOrder

log = structlog.get_logger(__name__)


class KalshiOrders:
    """The order port of one Kalshi account."""

    venue = Venue.KALSHI

    def __init__(
        self,
        *,
        http: KalshiHttp,
        clock: Clock,
        entropy: Entropy,
        options: KalshiOptions | None = None,
    ) -> None:
        self._http = http
        self._clock = clock
        self._entropy = entropy
        self._options = options or KalshiOptions()
        self._history = OrderHistory(http=http, clock=clock, entropy=entropy, options=self._options)
        self._fence = Fence(
            post=self._post,
            history=self._history,
            cancel=self.cancel,
            clock=clock,
            entropy=entropy,
            options=self._options,
        )

    def prepare(self, spec: OrderSpec) -> PreparedOrder:
        """Build an order under a random id; raises InvariantBroken off grid or lot."""
        order_key = self._entropy.uuid4()
        body = build_order(spec, client_order_id=order_key, subaccount=self._options.subaccount)
        return PreparedOrder(
            spec=spec,
            order_key=order_key,
            body=body,
            prepared_wall_ms=self._clock.wall_ns() // 1_000_000,
        )

    async def send(self, prepared: PreparedOrder) -> LegAnswer:
        """Send once and judge the answer; only a rollback waits for tokens, and shortly."""
        return await self._post(
            prepared.spec,
            prepared.order_key,
            prepared.body,
            wait_ms_max=self._options.rollback_wait_ms_max,
            timeout_ms=self._options.order_timeout_ms,
        )

    async def look_up(self, ref: OrderRef) -> LegAnswer:
        """Find out what became of an order within `look_up_ms_max`."""
        answer = await self._fence.look_up(ref)
        log.info(
            "order_looked_up",
            venue="kalshi",
            order_key=ref.order_key,
            status=answer.status.value,
            code=answer.code,
            filled_e6=answer.filled_e6,
        )
        return answer

    async def cancel(self, ref: OrderRef) -> CancelAnswer:
        """Take an order off the book; see `OrderPort.cancel`."""
        return await cancel_order(self._http, ref, self._options)

    async def read_fills(self, ref: OrderRef) -> tuple[Fill, ...]:
        """All fills of one order that the venue shows now; raises VenueUnavailable."""
        return await self._history.read_fills(ref)

    async def _post(
        self,
        spec: OrderSpec,
        order_key: str,
        body: bytes,
        *,
        wait_ms_max: int,
        timeout_ms: int,
        is_fence: bool = False,
    ) -> LegAnswer:
        bucket = self._http.writes(spec.market.shard)
        reserved = is_fence or spec.purpose is Purpose.ROLLBACK
        try:
            await self._http.take(
                bucket, ORDER_COST, reserved=reserved, wait_ms_max=wait_ms_max if reserved else 0
            )
        except VenueUnavailable as error:
            return LegAnswer(status=AnswerStatus.NOT_SENT, code=error.code, detail=error.detail)
        try:
            http_status, answer = await self._http.post_order(body, timeout_ms=timeout_ms)
        except VenueUnavailable as error:
            return LegAnswer(
                status=AnswerStatus.NOT_SENT,
                code=error.code,
                detail=error.detail,
                is_unavailable=True,
            )
        except OutcomeUnknown as error:
            return unknown(error.code, error.detail)
        judged = judge(http_status, answer, spec, order_key)
        if judged.code == RATE_LIMITED:
            bucket.drain()
        return judged
