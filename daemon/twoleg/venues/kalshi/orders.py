"""Orders on Kalshi: prepare, send once, judge, look up; change and cancel what rests.

Never resends: after a send that was not answered the order is UNKNOWN until `look_up` has told.
"""

from collections.abc import Mapping, Sequence

import msgspec
import structlog

from twoleg.core.events import AnswerStatus, Fill, LegAnswer
from twoleg.core.market import Market, MarketId, Venue
from twoleg.core.orders import OrderRef, OrderSpec, Purpose
from twoleg.errors import OutcomeUnknown, VenueUnavailable
from twoleg.seams import Clock, Entropy
from twoleg.venues.kalshi.amend import ChangeAnswer, Changer
from twoleg.venues.kalshi.answers import RATE_LIMITED, held_back, judge, read_verdict, unknown
from twoleg.venues.kalshi.batches import send_batch
from twoleg.venues.kalshi.bodies import build_order
from twoleg.venues.kalshi.cancels import Canceller
from twoleg.venues.kalshi.costs import Endpoint
from twoleg.venues.kalshi.fence import Fence
from twoleg.venues.kalshi.history import OrderHistory
from twoleg.venues.kalshi.http import KalshiHttp
from twoleg.venues.kalshi.meanings import Operation
from twoleg.venues.kalshi.options import KalshiOptions
from twoleg.venues.kalshi.resting import RestingLookUp
from twoleg.venues.ports import CancelAnswer, PreparedOrder

log = structlog.get_logger(__name__)


class KalshiOrders:
    """The port of one Kalshi account's orders, those that rest included.

    Resting orders outlive the process and the connection: the venue keeps them until they fill,
    expire, or are canceled.
    """

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
        self._canceller = Canceller(http=http, options=self._options)
        self._changer = Changer(http=http, options=self._options)
        # Which order group new orders of a shard belong to.
        self._groups: dict[int, str] = {}
        self._history = OrderHistory(http=http, clock=clock, entropy=entropy, options=self._options)
        self._fence = Fence(
            post=self._post,
            history=self._history,
            cancel=self.cancel,
            clock=clock,
            entropy=entropy,
            options=self._options,
        )
        self._resting = RestingLookUp(history=self._history, clock=clock, options=self._options)

    def join_group(self, shard: int, order_group_id: str) -> None:
        """Put new orders of a shard into an order group; "" takes them out again.

        Rollbacks never join: a group that was triggered refuses new orders until it is reset, and
        must not keep us from getting out. A group belongs to one shard and one subaccount.
        """
        self._groups[shard] = order_group_id

    def prepare(self, spec: OrderSpec) -> PreparedOrder:
        """Build an order under a random id; raises InvariantBroken off grid or lot."""
        order_key = self._entropy.uuid4()
        is_rollback = spec.purpose is Purpose.ROLLBACK
        group = "" if is_rollback else self._groups.get(spec.market.shard, "")
        body = build_order(
            spec, client_order_id=order_key, options=self._options, order_group_id=group
        )
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

    async def send_batch(self, prepared: Sequence[PreparedOrder]) -> tuple[LegAnswer, ...]:
        """Send many in one request, once; see `RestingOrderPort.send_batch`.

        All of them bill shard 0's bucket, and must fit into it.
        """
        return await send_batch(self._http, prepared, self._options)

    async def look_up(self, ref: OrderRef) -> LegAnswer:
        """Find out what became of an order within `look_up_ms_max`.

        A taker's order is fenced, and cancelled if it rests against our word. One that may rest is
        looked for by reads alone, and left where it is.
        """
        finder = self._resting if ref.spec.tif.rests else self._fence
        answer = await finder.look_up(ref)
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
        return await self._canceller.cancel(ref)

    async def cancel_batch(self, refs: Sequence[OrderRef]) -> tuple[CancelAnswer, ...]:
        """Take many orders off the book in one request; never raises."""
        return await self._canceller.cancel_batch(refs)

    async def cancel_all(self) -> CancelAnswer:
        """Ask that all that rests in this subaccount be canceled; see `Canceller.cancel_all`."""
        return await self._canceller.cancel_all()

    async def amend(
        self,
        ref: OrderRef,
        *,
        limit_e4: int,
        size_e6: int,
        new_order_key: str = "",
        expires_s: int | None = None,
    ) -> ChangeAnswer:
        """Give a resting order other terms; see `Changer.amend`. Never raises."""
        return await self._changer.amend(
            ref,
            limit_e4=limit_e4,
            size_e6=size_e6,
            new_order_key=new_order_key,
            expires_s=expires_s,
        )

    async def decrease(
        self, ref: OrderRef, *, reduce_by_e6: int | None = None, reduce_to_e6: int | None = None
    ) -> ChangeAnswer:
        """Take some of a resting order off the book; see `Changer.decrease`. Never raises."""
        return await self._changer.decrease(
            ref, reduce_by_e6=reduce_by_e6, reduce_to_e6=reduce_to_e6
        )

    async def read_fills(self, ref: OrderRef) -> tuple[Fill, ...]:
        """All fills of one order that the venue shows now; raises VenueUnavailable."""
        return await self._history.read_fills(ref)

    async def read_fills_since(
        self, since_ms: int, markets: Mapping[MarketId, Market]
    ) -> tuple[Fill, ...]:
        """All fills of the subaccount since then; see `AccountFillsPort.read_fills_since`."""
        # The rows tell all that is needed of their markets.
        del markets
        return await self._history.read_account_fills(since_ms)

    async def name_order(self, venue_order_id: str) -> str:
        """The client order id of an order; see `AccountFillsPort.name_order`."""
        order = await self._history.read_order(venue_order_id)
        return order.client_order_id or "" if order is not None else ""

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
        bucket, cost = self._http.writes(spec.market.shard), self._http.costs.of(Endpoint.CREATE)
        reserved = is_fence or spec.purpose is Purpose.ROLLBACK
        try:
            await self._http.take(
                bucket, cost, reserved=reserved, wait_ms_max=wait_ms_max if reserved else 0
            )
        except VenueUnavailable:
            return held_back(bucket, cost, reserved=reserved)
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
        self._http.note(read_verdict(Operation.CREATE, http_status, answer))
        judged = judge(http_status, answer, spec, order_key)
        if judged.code == RATE_LIMITED:
            bucket.drain()
            wait_ms = bucket.wait_ms(cost, reserved=reserved)
            return msgspec.structs.replace(judged, retry_after_ms=wait_ms)
        return judged
