"""Taking orders off the book. Kalshi API docs, cancel order v2, read 2026-11-22.

A 404 means only "not resting": the order may have filled a moment before. The shard and the market
go along, since an id alone is looked for on shard 0. An answer about another order is not trusted.
"""

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

import msgspec

from twoleg.core.orders import OrderRef
from twoleg.errors import MalformedMessage, OutcomeUnknown, VenueUnavailable
from twoleg.venues.kalshi.answers import RATE_LIMITED, read_verdict, word_of
from twoleg.venues.kalshi.costs import Endpoint
from twoleg.venues.kalshi.http import ORDERS_PATH, KalshiHttp
from twoleg.venues.kalshi.items import UNSCOPED, read_items
from twoleg.venues.kalshi.meanings import Meaning, Operation, Verdict, find
from twoleg.venues.kalshi.numbers import parse_size
from twoleg.venues.kalshi.options import KalshiOptions
from twoleg.venues.ports import CancelAnswer, CancelStatus

STATUSES: Final = {
    Meaning.DID_NOT_HAPPEN: CancelStatus.REFUSED,
    Meaning.MISSED: CancelStatus.NOT_RESTING,
    Meaning.NOT_RESTING: CancelStatus.NOT_RESTING,
    Meaning.HAPPENED: CancelStatus.CANCELED,
    Meaning.PARTLY: CancelStatus.UNKNOWN,
    Meaning.PENDING: CancelStatus.TAKEN,
    Meaning.NOT_KNOWN: CancelStatus.UNKNOWN,
}
"""A cancel's answer by what it means."""


class CanceledBody(msgspec.Struct, frozen=True):
    """What a successful cancel answers."""

    order_id: str
    reduced_by: str


class CancelItem(msgspec.Struct, frozen=True, kw_only=True):
    """One order of a batched cancel."""

    order_id: str
    market_ticker: str
    exchange_index: int
    subaccount: int


class CancelBatch(msgspec.Struct, frozen=True):
    """Body of `DELETE /portfolio/events/orders/batched`."""

    orders: list[CancelItem]


class Canceller:
    """Cancels one, many or all orders of an account; every failure is an answer."""

    def __init__(self, *, http: KalshiHttp, options: KalshiOptions) -> None:
        self._http = http
        self._options = options

    async def cancel(self, ref: OrderRef) -> CancelAnswer:
        """Cancel once; never raises."""
        if not ref.venue_order_id:
            return CancelAnswer(status=CancelStatus.UNKNOWN, code="no_order_id")
        market = ref.spec.market
        params: dict[str, str | int] = {
            "subaccount": self._options.subaccount,
            "exchange_index": market.shard,
            "market_ticker": market.native_id,
        }
        path = f"{ORDERS_PATH}/{quote(ref.venue_order_id, safe='')}"
        cost = self._http.costs.of(Endpoint.CANCEL)
        sent = await self._delete(Operation.CANCEL, path, params, shard=market.shard, cost=cost)
        if isinstance(sent, CancelAnswer):
            return sent
        return read_canceled(sent, ref.venue_order_id)

    async def cancel_batch(self, refs: Sequence[OrderRef]) -> tuple[CancelAnswer, ...]:
        """Cancel many in one request; one answer each, in their order. Never raises.

        An order without the venue's id is left out, and UNKNOWN. The whole batch must fit into
        shard 0's bucket, whatever shards its orders are on.
        """
        wanted = [ref for ref in refs if ref.venue_order_id]
        answers: list[CancelAnswer] = []
        if wanted:
            cost = self._http.costs.of(Endpoint.BATCH_CANCEL) * len(wanted)
            body = msgspec.json.encode(CancelBatch([self._item(ref) for ref in wanted]))
            sent = await self._delete(
                Operation.BATCH_CANCEL,
                f"{ORDERS_PATH}/batched",
                None,
                shard=UNSCOPED,
                cost=cost,
                body=body,
            )
            if isinstance(sent, CancelAnswer):
                answers = [sent] * len(wanted)
            else:
                answers = self._read_batch(wanted, sent)
        told = iter(answers)
        no_id = CancelAnswer(status=CancelStatus.UNKNOWN, code="no_order_id")
        return tuple(next(told) if ref.venue_order_id else no_id for ref in refs)

    async def cancel_all(self) -> CancelAnswer:
        """Cancel whatever rests in this subaccount, on all shards, ours or not. Never raises.

        TAKEN at best: the answer is empty, so it may have canceled everything, some or nothing.
        Beware: the venue also cancels orders that are placed during the following minute (docs,
        cancel all orders, 2026-08-27).
        """
        sent = await self._delete(
            Operation.CANCEL_ALL,
            ORDERS_PATH,
            {"subaccount": self._options.subaccount},
            shard=UNSCOPED,
            cost=self._http.costs.of(Endpoint.CANCEL_ALL),
        )
        return sent if isinstance(sent, CancelAnswer) else CancelAnswer(status=CancelStatus.TAKEN)

    def _item(self, ref: OrderRef) -> CancelItem:
        market = ref.spec.market
        return CancelItem(
            order_id=ref.venue_order_id,
            market_ticker=market.native_id,
            exchange_index=market.shard,
            subaccount=self._options.subaccount,
        )

    def _read_batch(self, wanted: Sequence[OrderRef], body: bytes) -> list[CancelAnswer]:
        ids = [ref.venue_order_id for ref in wanted]
        found: list[CancelAnswer] = []
        for order_id, item in zip(ids, read_items(body, ids, key="order_id"), strict=True):
            if item is None:
                answer = CancelAnswer(status=CancelStatus.UNKNOWN, code="missing_item")
            elif item.error is None:
                answer = read_canceled(item.raw, order_id)
            else:
                verdict = find(Operation.CANCEL, None, item.error.code, item.error.detail)
                self._http.note(verdict)
                answer = read_refused(verdict)
            found.append(answer)
        return found

    async def _delete(
        self,
        operation: Operation,
        path: str,
        params: dict[str, str | int] | None,
        *,
        shard: int,
        cost: int,
        body: bytes = b"",
    ) -> CancelAnswer | bytes:
        """The body of a success, or the answer that every order concerned gets."""
        bucket = self._http.writes(shard)
        try:
            await self._http.take(
                bucket, cost, reserved=True, wait_ms_max=self._options.rollback_wait_ms_max
            )
            status, answer = await self._http.write(
                "DELETE",
                path,
                params=params,
                body=body,
                timeout_ms=self._options.order_timeout_ms,
            )
        except VenueUnavailable as error:
            return CancelAnswer(status=CancelStatus.REFUSED, code=error.code)
        except OutcomeUnknown as error:
            return CancelAnswer(status=CancelStatus.UNKNOWN, code=error.code)
        verdict = read_verdict(operation, status, answer)
        self._http.note(verdict)
        if word_of(verdict) == RATE_LIMITED:
            bucket.drain()
        if verdict.meaning in {Meaning.HAPPENED, Meaning.PARTLY, Meaning.PENDING}:
            return answer
        return read_refused(verdict)


def read_canceled(body: bytes, order_id: str) -> CancelAnswer:
    """Judge what a successful cancel told; one about another order is not trusted."""
    try:
        told = msgspec.json.decode(body, type=CanceledBody)
        canceled_e6 = parse_size(told.reduced_by)
    except (msgspec.DecodeError, MalformedMessage, RecursionError, UnicodeDecodeError):
        return CancelAnswer(status=CancelStatus.UNKNOWN, code="unreadable_answer")
    if told.order_id != order_id:
        return CancelAnswer(status=CancelStatus.UNKNOWN, code="order_id_mismatch")
    return CancelAnswer(status=CancelStatus.CANCELED, canceled_e6=canceled_e6)


def read_refused(verdict: Verdict) -> CancelAnswer:
    """The answer to a cancel that was answered with an error, alone or in a batch."""
    return CancelAnswer(status=STATUSES[verdict.meaning], code=word_of(verdict))
