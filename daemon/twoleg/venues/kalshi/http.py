"""Signed requests to Kalshi's REST API within its rate limits.

Owns the buckets and the estimate of the clock skew. Rate limits: Kalshi API docs, 2026-09-22.
"""

from collections.abc import Mapping
from email.utils import mktime_tz, parsedate_tz
from typing import Final, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import structlog

from twoleg.errors import MalformedMessage, OutcomeUnknown, VenueRejected, VenueUnavailable
from twoleg.seams import Clock
from twoleg.venues.kalshi.answers import RATE_LIMITED, parse_error
from twoleg.venues.kalshi.numbers import VENUE
from twoleg.venues.kalshi.options import KalshiOptions
from twoleg.venues.kalshi.rest import decode
from twoleg.venues.kalshi.sign import KalshiSigner
from twoleg.venues.ratelimit import TokenBucket
from twoleg.venues.transport import HttpExchange, require_safe_url

T = TypeVar("T")
ORDERS_PATH: Final = "/portfolio/events/orders"
ORDER_COST: Final = 10
CANCEL_COST: Final = 2
READ_COST: Final = 10
SKEW_MS_SAFE: Final = 2_000
"""±5 s is known to be accepted (measured, 2026-06); the Date header is good to a second."""
ROUND_TRIP_MS_MAX: Final = 2_000

log = structlog.get_logger(__name__)


class KalshiHttp:
    """One account's REST door: signs, meters, and turns answers into values or venue errors."""

    def __init__(
        self,
        *,
        exchange: HttpExchange,
        base_url: str,
        clock: Clock,
        signer: KalshiSigner | None = None,
        options: KalshiOptions | None = None,
    ) -> None:
        self._exchange = exchange
        self._base_url = require_safe_url(base_url, key="kalshi.rest_url").rstrip("/")
        self._base_path = urlsplit(self._base_url).path
        self._clock = clock
        self._signer = signer
        self._options = options or KalshiOptions()
        # Added to our clock when signing; 0 while the clocks agree well enough.
        self._correction_ms = 0
        # Venue's clock minus ours as last measured.
        self._skew_ms = 0
        options = self._options
        self._reads = TokenBucket(
            clock=clock,
            capacity=options.read_capacity,
            refill_per_s=options.read_refill_per_s,
            reserved=options.read_reserved,
        )
        self._balance = TokenBucket(clock=clock, capacity=1, refill_per_s=1)
        # An explicit exchange_index bills that shard's own full-sized bucket.
        self._writes: dict[int, TokenBucket] = {}

    @property
    def skew_ms(self) -> int:
        """The venue's clock minus ours, as the last signed answer's Date told."""
        return self._skew_ms

    def timestamp_ms(self) -> int:
        """The time to sign with."""
        return self._clock.wall_ns() // 1_000_000 + self._correction_ms

    def writes(self, shard: int) -> TokenBucket:
        """The write bucket of one shard."""
        bucket = self._writes.get(shard)
        if bucket is None:
            options = self._options
            bucket = self._writes[shard] = TokenBucket(
                clock=self._clock,
                capacity=options.write_capacity,
                refill_per_s=options.write_refill_per_s,
                reserved=options.write_reserved,
            )
        return bucket

    async def post_order(self, body: bytes, *, timeout_ms: int) -> tuple[int, bytes]:
        """Send an order once; the caller has taken its tokens.

        Raises:
            VenueUnavailable: nothing was sent.
            OutcomeUnknown: it may have been received.
        """
        headers = {"Content-Type": "application/json", **self._sign("POST", ORDERS_PATH)}
        started_ns = self._clock.monotonic_ns()
        status, answer_headers, answer = await self._exchange.request(
            "POST",
            self._base_url + ORDERS_PATH,
            headers=headers,
            body=body,
            timeout_ms=timeout_ms,
        )
        self._observe(answer_headers, started_ns)
        return status, answer

    async def delete_order(
        self, order_id: str, params: Mapping[str, str | int], *, timeout_ms: int
    ) -> tuple[int, bytes]:
        """Cancel an order once; the caller has taken its tokens. Raises as `post_order`."""
        path = f"{ORDERS_PATH}/{quote(order_id, safe='')}"
        started_ns = self._clock.monotonic_ns()
        status, answer_headers, answer = await self._exchange.request(
            "DELETE",
            f"{self._base_url}{path}?{urlencode(params)}",
            headers=self._sign("DELETE", path),
            timeout_ms=timeout_ms,
        )
        self._observe(answer_headers, started_ns)
        return status, answer

    async def get(
        self,
        path: str,
        shape: type[T],
        *,
        params: Mapping[str, str | int] | None = None,
        private: bool = True,
        reserved: bool = False,
        is_balance: bool = False,
        timeout_ms: int = 0,
    ) -> T:
        """Read one resource; `path` and the values of `params` need no quoting by the caller.

        Raises:
            VenueUnavailable: no token in time, no answer, 429, 5xx, or an unreadable body.
            VenueRejected: any other refusal; `code` is the venue's.
        """
        bucket, cost = (self._balance, 1) if is_balance else (self._reads, READ_COST)
        await self.take(bucket, cost, reserved=reserved, wait_ms_max=self._options.read_wait_ms_max)
        headers = self._sign("GET", path) if private else {}
        query = f"?{urlencode(params)}" if params else ""
        started_ns = self._clock.monotonic_ns()
        status, answer_headers, body = await self._exchange.request(
            "GET",
            f"{self._base_url}{path}{query}",
            headers=headers,
            timeout_ms=timeout_ms or self._options.read_timeout_ms,
        )
        if private:
            self._observe(answer_headers, started_ns)
        if status == 429:
            bucket.drain()
        if status != 200:
            raise _refusal(status, body)
        try:
            return decode(body, shape)
        except MalformedMessage as error:
            raise VenueUnavailable(VENUE, "unreadable_answer", error.reason) from error

    async def take(
        self, bucket: TokenBucket, cost: int, *, reserved: bool, wait_ms_max: int
    ) -> None:
        """Take tokens, waiting at most so long.

        Raises:
            VenueUnavailable: `rate_budget_empty`.
        """
        deadline_ns = self._clock.monotonic_ns() + wait_ms_max * 1_000_000
        while not bucket.try_take(cost, reserved=reserved):
            wait_ns = bucket.wait_ns(cost, reserved=reserved)
            if wait_ns < 0 or self._clock.monotonic_ns() + wait_ns > deadline_ns:
                raise VenueUnavailable(VENUE, "rate_budget_empty", f"{cost} tokens")
            await self._clock.sleep(wait_ns / 1_000_000_000)

    async def measure_skew(self) -> None:
        """Compare clocks with the venue, whatever it answers; for a handshake that was refused."""
        try:
            await self.get("/exchange/status", dict[str, object])
        except (VenueRejected, VenueUnavailable, OutcomeUnknown) as error:
            log.info("skew_not_measured", venue=VENUE, reason=str(error))

    def websocket_headers(self, path: str) -> Mapping[str, str]:
        """Headers of a handshake that starts now; never to be reused for the next attempt."""
        assert self._signer is not None
        return self._signer.headers("GET", path, self.timestamp_ms())

    def _sign(self, method: str, path: str) -> Mapping[str, str]:
        if self._signer is None:
            return {}
        return self._signer.headers(method, self._base_path + path, self.timestamp_ms())

    def _observe(self, headers: Mapping[str, str], started_ns: int) -> None:
        """Estimate the skew from a signed answer's Date: such answers are never cached ones."""
        round_trip_ms = (self._clock.monotonic_ns() - started_ns) // 1_000_000
        date = parsedate_tz(headers.get("Date", ""))
        if date is None or "Age" in headers or round_trip_ms > ROUND_TRIP_MS_MAX:
            return
        # The header is cut to the second, so half a second is added; we stand at the answer's end.
        venue_ms = mktime_tz(date) * 1_000 + 500 + round_trip_ms // 2
        self._skew_ms = venue_ms - self._clock.wall_ns() // 1_000_000
        correction_ms = self._skew_ms if abs(self._skew_ms) > SKEW_MS_SAFE else 0
        if (correction_ms == 0) != (self._correction_ms == 0):
            log.warning("clock_skew_changed", venue=VENUE, skew_ms=self._skew_ms)
        self._correction_ms = correction_ms


def _refusal(status: int, body: bytes) -> VenueRejected | VenueUnavailable:
    code, detail = parse_error(body)
    if status == 429:
        return VenueUnavailable(VENUE, RATE_LIMITED, detail, http_status=status)
    word = code or f"http_{status}"
    if 400 <= status < 500 and status != 408:
        return VenueRejected(VENUE, word, detail, http_status=status)
    return VenueUnavailable(VENUE, word, detail, http_status=status)
