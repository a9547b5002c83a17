"""Changing an order that rests: its price, size, expiry or name, or less of it.

Kalshi API docs, amend and decrease v2, and OpenAPI 3.34.0 (2026-10-26). An order keeps its place
in the queue when only its expiry changes or its size shrinks, and loses it otherwise. An amended
price can cross and trade at once.
"""

from enum import Enum
from typing import Final
from urllib.parse import quote

import msgspec

from twoleg.core.orders import OrderRef, OrderSpec, Purpose
from twoleg.core.units import LOT_E6
from twoleg.errors import MalformedMessage, OutcomeUnknown, VenueUnavailable
from twoleg.venues.kalshi.answers import RATE_LIMITED, read_verdict, word_of
from twoleg.venues.kalshi.bodies import fault_of, is_bid, yes_price
from twoleg.venues.kalshi.costs import Endpoint
from twoleg.venues.kalshi.http import ORDERS_PATH, KalshiHttp
from twoleg.venues.kalshi.meanings import Meaning, Operation
from twoleg.venues.kalshi.numbers import format_count, format_price, parse_size
from twoleg.venues.kalshi.options import KalshiOptions
from twoleg.venues.kalshi.rest import decode


class ChangeStatus(Enum):
    """What is known after a change."""

    CHANGED = "changed"
    DENIED = "denied"
    """Not sent: it breaks a rule that we know."""
    NOT_SENT = "not_sent"
    REFUSED = "refused"
    """The venue would not; the order stands as it was."""
    NOT_RESTING = "not_resting"
    """Nothing rests under this id; whether it filled is another question."""
    UNKNOWN = "unknown"
    """Not answered, or not about this order: read it before the next change."""


_STATUSES: Final = {
    Meaning.DID_NOT_HAPPEN: ChangeStatus.REFUSED,
    Meaning.MISSED: ChangeStatus.NOT_RESTING,
    Meaning.NOT_RESTING: ChangeStatus.NOT_RESTING,
    Meaning.HAPPENED: ChangeStatus.CHANGED,
    Meaning.PARTLY: ChangeStatus.UNKNOWN,
    Meaning.PENDING: ChangeStatus.UNKNOWN,
    Meaning.NOT_KNOWN: ChangeStatus.UNKNOWN,
}


class ChangeAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of one change.

    `remaining_e6` is what rests now, `filled_e6` the fill count that came with the answer (−1: not
    told). The docs do not say whether that counts the amend's fills or the order's: money and
    sizes are booked from the fills, never from here.
    """

    status: ChangeStatus
    remaining_e6: int = -1
    filled_e6: int = -1
    code: str = ""
    detail: str = ""
    is_unavailable: bool = False
    ts_event_ms: int = 0


class _AmendBody(msgspec.Struct, frozen=True, kw_only=True):
    """Body of `POST …/{order_id}/amend`; `expiration_time`: absent keeps it, 0 clears it."""

    ticker: str
    side: str
    price: str
    count: str
    client_order_id: str
    exchange_index: int
    updated_client_order_id: str | msgspec.UnsetType = msgspec.UNSET
    expiration_time: int | msgspec.UnsetType = msgspec.UNSET


class _DecreaseBody(msgspec.Struct, frozen=True, kw_only=True):
    """Body of `POST …/{order_id}/decrease`; exactly one of the two counts."""

    market_ticker: str
    exchange_index: int
    reduce_by: str | msgspec.UnsetType = msgspec.UNSET
    reduce_to: str | msgspec.UnsetType = msgspec.UNSET


class _Changed(msgspec.Struct, frozen=True):
    """What both answer; counts and the client order id may be null or absent."""

    order_id: str
    client_order_id: str | None = None
    remaining_count: str | None = None
    fill_count: str | None = None
    ts_ms: int | None = None


class Changer:
    """Amends and decreases orders of one account; every failure is an answer."""

    def __init__(self, *, http: KalshiHttp, options: KalshiOptions) -> None:
        self._http = http
        self._options = options

    async def amend(
        self,
        ref: OrderRef,
        *,
        limit_e4: int,
        size_e6: int,
        new_order_key: str = "",
        expires_s: int | None = None,
    ) -> ChangeAnswer:
        """Give a resting order other terms, once; never raises.

        `limit_e4` is the price of the order's own outcome, `size_e6` what has filled plus what is
        to rest. `expires_s` None keeps the expiry, 0 clears it. With `new_order_key` the order is
        known by that id from then on.
        """
        spec = msgspec.structs.replace(ref.spec, limit_e4=limit_e4, size_e6=size_e6)
        denied = _denied(ref, fault_of(spec))
        if denied is not None:
            return denied
        body = msgspec.json.encode(
            _AmendBody(
                ticker=spec.market.native_id,
                side="bid" if is_bid(spec) else "ask",
                price=format_price(yes_price(spec)),
                count=format_count(size_e6),
                client_order_id=ref.order_key,
                exchange_index=spec.market.shard,
                updated_client_order_id=new_order_key or msgspec.UNSET,
                expiration_time=msgspec.UNSET if expires_s is None else expires_s,
            )
        )
        return await self._change(
            Operation.AMEND, ref, body, names={"", ref.order_key, new_order_key}
        )

    async def decrease(
        self, ref: OrderRef, *, reduce_by_e6: int | None = None, reduce_to_e6: int | None = None
    ) -> ChangeAnswer:
        """Take some of a resting order off the book, once; never raises.

        Exactly one of the two: how much less, or how much is to rest.
        """
        counts = [count for count in (reduce_by_e6, reduce_to_e6) if count is not None]
        fault = ""
        if len(counts) != 1:
            fault = "one of reduce_by_e6 and reduce_to_e6"
        elif counts[0] < 0 or counts[0] % LOT_E6 or reduce_by_e6 == 0:
            fault = f"size {counts[0]} is not in lots"
        denied = _denied(ref, fault)
        if denied is not None:
            return denied
        body = msgspec.json.encode(
            _DecreaseBody(
                market_ticker=ref.spec.market.native_id,
                exchange_index=ref.spec.market.shard,
                reduce_by=_count(reduce_by_e6),
                reduce_to=_count(reduce_to_e6),
            )
        )
        return await self._change(Operation.DECREASE, ref, body, names={"", ref.order_key})

    async def _change(
        self, operation: Operation, ref: OrderRef, body: bytes, *, names: set[str]
    ) -> ChangeAnswer:
        spec: OrderSpec = ref.spec
        endpoint = Endpoint.AMEND if operation is Operation.AMEND else Endpoint.DECREASE
        bucket = self._http.writes(spec.market.shard)
        reserved = spec.purpose is Purpose.ROLLBACK
        try:
            await self._http.take(
                bucket,
                self._http.costs.of(endpoint),
                reserved=reserved,
                wait_ms_max=self._options.rollback_wait_ms_max if reserved else 0,
            )
            status, answer = await self._http.write(
                "POST",
                f"{ORDERS_PATH}/{quote(ref.venue_order_id, safe='')}/{operation.value}",
                params={"subaccount": self._options.subaccount},
                body=body,
                timeout_ms=self._options.order_timeout_ms,
            )
        except VenueUnavailable as error:
            return ChangeAnswer(
                status=ChangeStatus.NOT_SENT,
                code=error.code,
                detail=error.detail,
                is_unavailable=error.code != "rate_budget_empty",
            )
        except OutcomeUnknown as error:
            return ChangeAnswer(status=ChangeStatus.UNKNOWN, code=error.code, detail=error.detail)
        verdict = read_verdict(operation, status, answer)
        self._http.note(verdict)
        if word_of(verdict) == RATE_LIMITED:
            bucket.drain()
        if verdict.meaning is Meaning.HAPPENED:
            return _read_changed(answer, ref.venue_order_id, names)
        return ChangeAnswer(
            status=_STATUSES[verdict.meaning],
            code=word_of(verdict),
            detail=verdict.detail,
            is_unavailable=verdict.is_unavailable,
        )


def _denied(ref: OrderRef, fault: str) -> ChangeAnswer | None:
    if not ref.venue_order_id:
        return ChangeAnswer(status=ChangeStatus.DENIED, code="no_order_id")
    if not ref.spec.tif.rests:
        return ChangeAnswer(status=ChangeStatus.DENIED, code="does_not_rest")
    if fault:
        return ChangeAnswer(status=ChangeStatus.DENIED, code="bad_terms", detail=fault)
    return None


def _count(size_e6: int | None) -> str | msgspec.UnsetType:
    return msgspec.UNSET if size_e6 is None else format_count(size_e6)


def _told(count: str | None) -> int:
    return parse_size(count) if count else -1


def _read_changed(body: bytes, order_id: str, names: set[str]) -> ChangeAnswer:
    """What a success says, if it speaks of this order: answers once named others (2026-05)."""
    try:
        told = decode(body, _Changed)
        remaining_e6, filled_e6 = _told(told.remaining_count), _told(told.fill_count)
    except MalformedMessage as error:
        return ChangeAnswer(
            status=ChangeStatus.UNKNOWN, code="unreadable_answer", detail=error.reason
        )
    if told.order_id != order_id or (told.client_order_id or "") not in names:
        return ChangeAnswer(status=ChangeStatus.UNKNOWN, code="foreign_order")
    return ChangeAnswer(
        status=ChangeStatus.CHANGED,
        remaining_e6=remaining_e6,
        filled_e6=filled_e6,
        ts_event_ms=told.ts_ms or 0,
    )
