"""Signed and public requests to the CLOB, with failures in the words of the ports."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, TypeVar
from urllib.parse import urlencode

import msgspec

from twoleg.errors import VenueRejected, VenueUnavailable
from twoleg.seams import Clock
from twoleg.venues.mending import mend
from twoleg.venues.polymarket.answers import error_text
from twoleg.venues.polymarket.auth import RequestSigner
from twoleg.venues.polymarket.gate import read_retry_after_s
from twoleg.venues.polymarket.options import PolymarketOptions
from twoleg.venues.polymarket.server_clock import ServerClock
from twoleg.venues.polymarket.sign import VENUE
from twoleg.venues.transport import USER_AGENT, HttpExchange, require_safe_url

T = TypeVar("T")
HttpAnswer = tuple[int, Mapping[str, str], bytes]
"""Status, headers, body."""
JSON_HEADERS: Final = {"User-Agent": USER_AGENT, "Content-Type": "application/json"}
"""Cloudflare answers 403 to some default agents (live notes of 2026-08 and 2026-10)."""
NS_PER_S: Final = 1_000_000_000
NS_PER_MS: Final = 1_000_000
CURSOR_FIRST: Final = "MA=="
CURSOR_END: Final = "LTE="
_TEMPORARY: Final = frozenset({408, 425, 429})


class _Page(msgspec.Struct):
    """One page of a private list."""

    data: list[msgspec.Raw]
    next_cursor: str | None = None


class ClobRest:
    """The CLOB's REST side for one API key.

    Requests are stamped with the venue's time where it differs from ours. A 401 has it measured
    again: the next request then carries the right one. Reads try that next request themselves.
    """

    def __init__(
        self,
        *,
        http: HttpExchange,
        clock: Clock,
        signer: RequestSigner,
        base_url: str,
        options: PolymarketOptions,
    ) -> None:
        self._http = http
        self.clock = clock
        self._signer = signer
        self._base_url = require_safe_url(base_url, key="polymarket.clob_url").rstrip("/")
        self._options = options
        self.server_clock = ServerClock(
            http=http, clock=clock, base_url=base_url, timeout_ms=options.request_timeout_ms
        )

    @property
    def owner(self) -> str:
        """The API key id."""
        return self._signer.owner

    async def write(
        self, method: str, path: str, body: bytes = b"", *, timeout_ms: int = 0
    ) -> HttpAnswer:
        """Send exactly these bytes, once; `timeout_ms` 0: that of orders.

        Raises:
            VenueUnavailable: nothing was sent.
            OutcomeUnknown: sent, or perhaps sent, and not answered.
        """
        answer = await self._http.request(
            method,
            self._base_url + path,
            headers=self._headers(method, path, body),
            body=body or None,
            timeout_ms=timeout_ms or self._options.order_timeout_ms,
        )
        if answer[0] == HTTPStatus.UNAUTHORIZED:
            await self.server_clock.measure()
        return answer

    async def read(
        self,
        path: str,
        answer_type: type[T],
        query: Mapping[str, str] | None = None,
        *,
        deadline_ns: int = 0,
    ) -> T:
        """Read one private resource; raises VenueUnavailable or VenueRejected."""
        status, headers, body = await self._get(path, query, deadline_ns)
        if status == HTTPStatus.UNAUTHORIZED and await self.server_clock.measure():
            status, headers, body = await self._get(path, query, deadline_ns)
        return decode_answer(status, body, answer_type, headers)

    async def read_all(
        self,
        path: str,
        item_type: type[T],
        query: Mapping[str, str],
        *,
        deadline_ns: int = 0,
    ) -> list[T]:
        """Read all pages of a private list; one that is longer than `pages_max` is unavailable."""
        items: list[T] = []
        cursor = CURSOR_FIRST
        for _ in range(self._options.pages_max):
            page = await self.read(
                path, _Page, {**query, "next_cursor": cursor}, deadline_ns=deadline_ns
            )
            items += [decode_answer(200, bytes(raw), item_type) for raw in page.data]
            if not page.next_cursor or page.next_cursor in {CURSOR_END, cursor}:
                return items
            cursor = page.next_cursor
        raise VenueUnavailable(VENUE, "too_many_pages", path)

    async def _get(
        self, path: str, query: Mapping[str, str] | None, deadline_ns: int
    ) -> HttpAnswer:
        url = self._base_url + path + ("?" + urlencode(query) if query else "")
        return await self._http.request(
            "GET",
            url,
            headers=self._headers("GET", path),
            timeout_ms=self._timeout_ms(deadline_ns),
        )

    def _headers(self, method: str, path: str, body: bytes = b"") -> dict[str, str]:
        timestamp_s = self.server_clock.now_s()
        return {**JSON_HEADERS, **self._signer.headers(timestamp_s, method, path, body)}

    def _timeout_ms(self, deadline_ns: int) -> int:
        if not deadline_ns:
            return self._options.request_timeout_ms
        left_ms = (deadline_ns - self.clock.monotonic_ns()) // NS_PER_MS
        return max(1, min(self._options.request_timeout_ms, left_ms))


def decode_answer(
    status: int, body: bytes, answer_type: type[T], headers: Mapping[str, str] | None = None
) -> T:
    """Read the answer to a GET; `headers` may say when to come back.

    Raises:
        VenueRejected: the venue said no.
        VenueUnavailable: it could not say, or said something that cannot be read.
    """
    if status != HTTPStatus.OK:
        text = error_text(body)
        if status >= 500 or status in _TEMPORARY or status < 400:
            raise VenueUnavailable(
                VENUE,
                f"http_{status}",
                text,
                http_status=status,
                retry_after_s=read_retry_after_s(headers or {}, body),
            )
        raise VenueRejected(VENUE, f"http_{status}", text, http_status=status)
    try:
        return msgspec.json.decode(body, type=answer_type)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        if (mended := mend(body)) != body:
            return decode_answer(status, mended, answer_type)
        raise VenueUnavailable(VENUE, "unreadable_answer", str(error)[:200]) from error
