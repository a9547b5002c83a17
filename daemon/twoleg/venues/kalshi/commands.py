"""Writes that are not orders: groups, transfers, allocations. They raise, as reads do."""

from collections.abc import Mapping
from typing import TypeVar

from twoleg.errors import MalformedMessage, OutcomeUnknown, VenueRejected, VenueUnavailable
from twoleg.venues.kalshi.answers import RATE_LIMITED, read_verdict, word_of
from twoleg.venues.kalshi.costs import Endpoint
from twoleg.venues.kalshi.http import KalshiHttp
from twoleg.venues.kalshi.items import UNSCOPED
from twoleg.venues.kalshi.meanings import Meaning, Operation
from twoleg.venues.kalshi.numbers import VENUE
from twoleg.venues.kalshi.options import KalshiOptions
from twoleg.venues.kalshi.rest import decode

T = TypeVar("T")


class Commands:
    """Sends one write, judges it by the table, and reads what it told."""

    def __init__(self, *, http: KalshiHttp, options: KalshiOptions) -> None:
        self._http = http
        self._options = options

    async def send(
        self,
        operation: Operation,
        method: str,
        path: str,
        shape: type[T],
        *,
        params: Mapping[str, str | int] | None = None,
        body: bytes = b"",
        shard: int = UNSCOPED,
        reserved: bool = False,
    ) -> T:
        """Send once and read the answer; an empty one counts as `{}`.

        So does a refusal that means that it happened before. `reserved`: may use the tokens that
        are kept for rollbacks.

        Raises:
            VenueUnavailable: not sent, or refused by a venue that is paused or has had enough.
            VenueRejected: it did not happen; `http_status` and `code` are the venue's.
            OutcomeUnknown: it may have happened.
        """
        bucket = self._http.writes(shard)
        options = self._options
        cost = self._http.costs.of(Endpoint.OTHER_WRITE)
        await self._http.take(bucket, cost, reserved=reserved, wait_ms_max=options.read_wait_ms_max)
        status, answer = await self._http.write(
            method, path, params=params, body=body, timeout_ms=options.read_timeout_ms
        )
        verdict = read_verdict(operation, status, answer)
        self._http.note(verdict)
        word = word_of(verdict)
        if word == RATE_LIMITED:
            bucket.drain()
        if verdict.meaning in {Meaning.HAPPENED, Meaning.PENDING}:
            told = answer if status < 300 else b""
            try:
                return decode(told or b"{}", shape)
            except MalformedMessage as error:
                raise OutcomeUnknown(VENUE, "unreadable_answer", error.reason) from error
        if verdict.meaning is Meaning.NOT_KNOWN:
            raise OutcomeUnknown(VENUE, word, verdict.detail, http_status=status)
        if verdict.is_unavailable:
            raise VenueUnavailable(VENUE, word, verdict.detail, http_status=status)
        raise VenueRejected(VENUE, word, verdict.detail, http_status=status)
