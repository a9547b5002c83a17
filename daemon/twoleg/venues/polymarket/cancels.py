"""Taking orders off the book: one, many, those of a market, all.

Every call answers 200 with two lists even for a refusal: what was cancelled, and what was not,
with a reason in prose. None of the reasons says whether the order filled. At most 1 000 ids go in
one request (docs.polymarket.com changelog 2026-06-15; the call's own page still says 3 000), read
2026-11-22.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from twoleg.core.events import NO_TOKENS
from twoleg.core.orders import OrderRef
from twoleg.errors import OutcomeUnknown, VenueUnavailable
from twoleg.venues.polymarket.alarms import AnswerAlarms
from twoleg.venues.polymarket.answer_rows import Meaning, Operation, Row, Where
from twoleg.venues.polymarket.answers import error_text
from twoleg.venues.polymarket.buckets import SignerBucket
from twoleg.venues.polymarket.gate import read_retry_after_s
from twoleg.venues.polymarket.meanings import find_row
from twoleg.venues.polymarket.rest import ClobRest
from twoleg.venues.polymarket.resting import RestingOrders
from twoleg.venues.ports import CancelAnswer, CancelStatus

IDS_MAX: Final = 1_000
CODE_LENGTH_MAX: Final = 60
HELD_BACK: Final = CancelAnswer(status=CancelStatus.REFUSED, code=NO_TOKENS)


class CancelBody(msgspec.Struct, frozen=True):
    """Ids that were cancelled, and reasons of those that were not."""

    canceled: list[str] | None = None
    not_canceled: dict[str, str] | None = None


class OrderCancels:
    """The cancels of one API key. What is certainly off the book leaves `resting`."""

    def __init__(
        self,
        *,
        rest: ClobRest,
        bucket: SignerBucket,
        resting: RestingOrders,
        alarms: AnswerAlarms,
    ) -> None:
        self._rest = rest
        self._bucket = bucket
        self._resting = resting
        self._alarms = alarms

    async def cancel(self, ref: OrderRef) -> CancelAnswer:
        """Cancel one order; see `OrderPort.cancel`."""
        body = msgspec.json.encode({"orderID": id_of(ref)})
        told = await self._delete("/order", body, cost=1)
        return self._judge(ref, told)

    async def cancel_batch(self, refs: Sequence[OrderRef]) -> tuple[CancelAnswer, ...]:
        """Cancel many, at most 1 000 in a request; see `RestingOrderPort.cancel_batch`.

        The rate limit admits a request whole or not at all, and most tiers hold fewer than 1 000
        tokens: so each takes as many ids as there are tokens, and what is left over is REFUSED.
        """
        answers: list[CancelAnswer] = []
        while len(answers) < len(refs):
            most = max(1, min(IDS_MAX, self._bucket.tokens.available))
            part = refs[len(answers) : len(answers) + most]
            body = msgspec.json.encode([id_of(ref) for ref in part])
            told = await self._delete("/orders", body, cost=len(part))
            answers += [self._judge(ref, told) for ref in part]
        return tuple(answers)

    async def cancel_all(self) -> CancelAnswer:
        """Cancel whatever rests in this account; see `RestingOrderPort.cancel_all`."""
        return self._judge_all(await self._delete("/cancel-all", b"", cost=1))

    async def cancel_market(self, condition_id: str = "", token: str = "") -> CancelAnswer:
        """Cancel all orders of a market, of one of its tokens, or of all markets of a token.

        One of both must be given: the venue takes none as everything. Never raises but for that.
        """
        wanted = {"market": condition_id, "asset_id": token}
        wanted = {name: value for name, value in wanted.items() if value}
        if not wanted:
            raise ValueError("neither a market nor a token")
        body = msgspec.json.encode(wanted)
        return self._judge_all(await self._delete("/cancel-market-orders", body, cost=1))

    async def _delete(self, path: str, body: bytes, cost: int) -> CancelBody | CancelAnswer:
        """The two lists, or what is known of every id without them."""
        if not self._bucket.try_take(cost):
            return HELD_BACK
        try:
            status, headers, raw = await self._rest.write("DELETE", path, body)
        except VenueUnavailable as error:
            return CancelAnswer(status=CancelStatus.REFUSED, code=error.code)
        except OutcomeUnknown as error:
            return CancelAnswer(status=CancelStatus.UNKNOWN, code=error.code)
        self._bucket.note(status, headers, read_retry_after_s(headers, raw))
        if status == 200:
            try:
                told = msgspec.json.decode(raw, type=CancelBody)
            except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
                code = "unreadable_answer"
                self._alarms.unknown(Operation.CANCEL, code, error_text(raw))
                return CancelAnswer(status=CancelStatus.UNKNOWN, code=code)
            self._charge(path, told)
            return told
        text = error_text(raw)
        row = find_row(Operation.CANCEL, status, text)
        self._alarms.note(Operation.CANCEL, row.code, text)
        return CancelAnswer(status=_status_of(row), code=row.code)

    def _charge(self, path: str, told: CancelBody) -> None:
        """Requests without ids cost one token more for each order that they found."""
        if path in {"/cancel-all", "/cancel-market-orders"}:
            found = min(len(told.canceled or ()), self._bucket.tokens.available)
            self._bucket.tokens.try_take(found)

    def _judge(self, ref: OrderRef, told: CancelBody | CancelAnswer) -> CancelAnswer:
        answer = told if isinstance(told, CancelAnswer) else read_cancel(id_of(ref), told)
        if isinstance(told, CancelBody) and answer.code:
            row = find_row(Operation.CANCEL, 200, answer.code, Where.REASON)
            self._alarms.note(Operation.CANCEL, row.code, answer.code)
        if answer.status in {CancelStatus.CANCELED, CancelStatus.NOT_RESTING}:
            self._resting.drop(ref.order_key)
        return answer

    def _judge_all(self, told: CancelBody | CancelAnswer) -> CancelAnswer:
        """CANCELED: the venue took the request and kept nothing back."""
        if isinstance(told, CancelAnswer):
            return told
        for order_id in told.canceled or ():
            self._resting.drop(order_id.lower())
        held = ""
        for reason in (told.not_canceled or {}).values():
            row = find_row(Operation.CANCEL, 200, reason, Where.REASON)
            self._alarms.note(Operation.CANCEL, row.code, reason)
            held = held or ("" if row.is_miss else reason[:CODE_LENGTH_MAX] or row.code)
        status = CancelStatus.REFUSED if held else CancelStatus.CANCELED
        return CancelAnswer(status=status, code=held)


def id_of(ref: OrderRef) -> str:
    """The id by which the venue knows an order."""
    return ref.venue_order_id or ref.order_key


def read_cancel(order_id: str, told: CancelBody) -> CancelAnswer:
    """Judge the lists for one order; the code is the venue's reason where it gave one."""
    if order_id.lower() in {canceled.lower() for canceled in told.canceled or ()}:
        return CancelAnswer(status=CancelStatus.CANCELED)
    reason = _folded(told.not_canceled or {}).get(order_id.lower())
    if reason is None:
        return CancelAnswer(status=CancelStatus.UNKNOWN, code="order_id_missing")
    row = find_row(Operation.CANCEL, 200, reason, Where.REASON)
    # A reason in no row: the order is listed as not cancelled, so it may still rest.
    status = CancelStatus.NOT_RESTING if row.is_miss else CancelStatus.REFUSED
    return CancelAnswer(status=status, code=reason[:CODE_LENGTH_MAX])


def _folded(reasons: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): reason for name, reason in reasons.items()}


def _status_of(row: Row) -> CancelStatus:
    if row.meaning is not Meaning.DID_NOT_HAPPEN:
        return CancelStatus.UNKNOWN
    return CancelStatus.NOT_RESTING if row.is_miss else CancelStatus.REFUSED
