"""Signed requests to Kalshi's REST API within its rate limits.

Owns the buckets, the choice of the host and the estimate of the clock skew. Rate limits: Kalshi
API docs, 2026-09-22.
"""

from collections.abc import Mapping, Sequence
from email.utils import mktime_tz, parsedate_tz
from typing import Final, NamedTuple, TypeVar
from urllib.parse import urlencode, urlsplit

import structlog

from twoleg.errors import MalformedMessage, OutcomeUnknown, VenueRejected, VenueUnavailable
from twoleg.seams import Clock
from twoleg.venues.kalshi.answers import read_verdict, word_of
from twoleg.venues.kalshi.costs import Costs, Endpoint
from twoleg.venues.kalshi.hosts import Hosts
from twoleg.venues.kalshi.meanings import Operation, Verdict
from twoleg.venues.kalshi.numbers import VENUE
from twoleg.venues.kalshi.options import KalshiOptions
from twoleg.venues.kalshi.rest import decode
from twoleg.venues.kalshi.sign import KalshiSigner
from twoleg.venues.kalshi.watch import AnswerWatch
from twoleg.venues.ratelimit import TokenBucket
from twoleg.venues.transport import HttpExchange, require_safe_url

T = TypeVar("T")
Params = Mapping[str, str | int | Sequence[str]]
"""A query; several values of one key repeat it."""
ORDERS_PATH: Final = "/portfolio/events/orders"
SKEW_MS_SAFE: Final = 2_000
"""±5 s is known to be accepted (measured, 2026-06); the Date header is good to a second."""
ROUND_TRIP_MS_MAX: Final = 2_000
NEVER_MS: Final = 1 << 62

log = structlog.get_logger(__name__)


class BucketLimits(NamedTuple):
    """One rate bucket as the venue states it: how much it holds, how fast it fills."""

    capacity: int
    refill_per_s: int


class KalshiHttp:
    """One account's REST door: signs, meters, and turns answers into values or venue errors.

    `base_urls` are the hosts of one environment, the preferred first. A host that cannot be
    reached, does not answer or answers 5xx is left for a while. Reads go on to the other at once;
    a write goes on only if not a byte of it was sent, and whatever asks for it later (the look-up
    with the same client order id) finds the other host preferred.
    """

    def __init__(
        self,
        *,
        exchange: HttpExchange,
        base_url: str = "",
        base_urls: tuple[str, ...] = (),
        clock: Clock,
        signer: KalshiSigner | None = None,
        options: KalshiOptions | None = None,
    ) -> None:
        self._exchange = exchange
        self._clock = clock
        self._signer = signer
        self._options = options = options or KalshiOptions()
        urls = [
            require_safe_url(url, key="kalshi.rest_url").rstrip("/")
            for url in base_urls or (base_url,)
        ]
        self._hosts = Hosts(urls, clock=clock, return_ms=options.host_return_ms)
        # Added to our clock when signing; 0 while the clocks agree well enough.
        self._correction_ms = 0
        # Venue's clock minus ours as last measured, and when that was; None: never.
        self._skew_ms = 0
        self._measured_ns: int | None = None
        self._reads = TokenBucket(
            clock=clock,
            capacity=options.read_capacity,
            refill_per_s=options.read_refill_per_s,
            reserved=options.read_reserved,
        )
        self._balance = TokenBucket(clock=clock, capacity=1, refill_per_s=1)
        # An explicit exchange_index bills that shard's own full-sized bucket; this is its size.
        self._write_limits = BucketLimits(options.write_capacity, options.write_refill_per_s)
        self._writes: dict[int, TokenBucket] = {}
        # Since when we count on little: what an earlier process spent is not known.
        self._cautious_ns: int | None = None
        self.costs: Final = Costs()
        self._watch = AnswerWatch(clock=clock)

    @property
    def skew_ms(self) -> int:
        """The venue's clock minus ours, as the last signed answer's Date told."""
        return self._skew_ms

    @property
    def skew_age_ms(self) -> int:
        """How long ago the skew was measured."""
        if self._measured_ns is None:
            return NEVER_MS
        return (self._clock.monotonic_ns() - self._measured_ns) // 1_000_000

    def timestamp_ms(self) -> int:
        """The time to sign with."""
        return self.venue_ms_of(self._clock.wall_ns() // 1_000_000)

    def venue_ms_of(self, wall_ms: int) -> int:
        """What the venue's clock shows, as well as we know it, when ours shows `wall_ms`."""
        return wall_ms + self._correction_ms

    def writes(self, shard: int) -> TokenBucket:
        """The write bucket of one shard; shard 0's is also the unscoped one of all batches."""
        bucket = self._writes.get(shard)
        if bucket is None:
            limits = self._write_limits
            bucket = self._writes[shard] = TokenBucket(
                clock=self._clock,
                capacity=limits.capacity,
                refill_per_s=limits.refill_per_s,
                reserved=min(self._options.write_reserved, limits.capacity // 2),
            )
            if self._cautious_ns is not None:
                self._be_cautious(bucket, self._cautious_ns)
        return bucket

    def begin_cautiously(self) -> None:
        """Count on little at first: a process before us may have spent all there was.

        Reads have a quarter of their tokens, writes what is kept for rollbacks.
        """
        self._cautious_ns = self._clock.monotonic_ns()
        self._reads.count_on(max(self._options.read_capacity // 4, self._options.read_reserved))
        for bucket in self._writes.values():
            self._be_cautious(bucket, self._cautious_ns)

    def _be_cautious(self, bucket: TokenBucket, since_ns: int) -> None:
        bucket.count_on(self._options.write_reserved, since_ns=since_ns)

    def apply_limits(
        self, read: BucketLimits, write: BucketLimits, *, balance_per_s: int = 1
    ) -> None:
        """Take over the account's limits as `GET /account/limits` states them.

        The balance has a bucket of its own: 1 a second up to the tier Advanced, 5 above.

        Raises:
            VenueUnavailable: limits that are not positive; the old ones stay.
        """
        if min(*read, *write, balance_per_s) <= 0:
            raise VenueUnavailable(VENUE, "unreadable_answer", f"limits {read} and {write}")
        self._reads.resize(capacity=read.capacity, refill_per_s=read.refill_per_s)
        self._balance.resize(capacity=1, refill_per_s=balance_per_s)
        self._write_limits = write
        for bucket in self._writes.values():
            bucket.resize(capacity=write.capacity, refill_per_s=write.refill_per_s)

    def apply_costs(self, stated: Mapping[tuple[str, str], int]) -> None:
        """Take over `GET /account/endpoint_costs`: (method, path) to tokens; see `Costs.apply`."""
        self.costs.apply(stated)

    def note(self, verdict: Verdict) -> None:
        """Tell the log if an answer is not in the table, or needs a person."""
        self._watch.note(verdict)

    async def post_order(self, body: bytes, *, timeout_ms: int) -> tuple[int, bytes]:
        """Send an order once; see `write`."""
        return await self.write("POST", ORDERS_PATH, body=body, timeout_ms=timeout_ms)

    async def write(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        body: bytes = b"",
        timeout_ms: int,
    ) -> tuple[int, bytes]:
        """Send one write once and return (status, body); the caller has taken its tokens.

        `path` is already quoted. POST and PUT always carry a body: the venue refuses those
        without (seen on its perpetuals API, 2026; taken to hold here). The library may repeat a
        PUT or DELETE on a connection that breaks, and never a POST; all of ours bear it.

        Raises:
            VenueUnavailable: nothing was sent.
            OutcomeUnknown: it may have been received.
        """
        if not body and method in {"POST", "PUT"}:
            body = b"{}"
        started_ns = self._clock.monotonic_ns()
        url = self._hosts.current()
        try:
            return await self._once(url, method, path, params, body=body, timeout_ms=timeout_ms)
        except VenueUnavailable:
            # Not connected: the other host may have it, in what is left of the time.
            spare = self._hosts.spare(url)
            left_ms = timeout_ms - (self._clock.monotonic_ns() - started_ns) // 1_000_000
            if spare is None or left_ms <= 0:
                raise
        return await self._once(spare, method, path, params, body=body, timeout_ms=left_ms)

    async def get(
        self,
        path: str,
        shape: type[T],
        *,
        params: Params | None = None,
        private: bool = True,
        reserved: bool = False,
        is_balance: bool = False,
        endpoint: Endpoint = Endpoint.OTHER_READ,
        timeout_ms: int = 0,
    ) -> T:
        """Read one resource; `path` and the values of `params` need no quoting by the caller.

        Raises:
            VenueUnavailable: no token in time, no answer, 429, 5xx, or an unreadable body.
            VenueRejected: any other refusal; `code` is the venue's.
        """
        bucket = self._balance if is_balance else self._reads
        cost = 1 if is_balance else self.costs.of(endpoint)
        options = self._options
        limit_ms = timeout_ms or options.read_timeout_ms

        async def read_at(url: str) -> T:
            await self.take(bucket, cost, reserved=reserved, wait_ms_max=options.read_wait_ms_max)
            status, body = await self._once(
                url, "GET", path, params, timeout_ms=limit_ms, is_signed=private
            )
            return self._read(status, body, shape, bucket)

        url = self._hosts.current()
        try:
            return await read_at(url)
        except VenueUnavailable:
            spare = self._hosts.spare(url)
            if spare is None:
                raise
        return await read_at(spare)

    def _read(self, status: int, body: bytes, shape: type[T], bucket: TokenBucket) -> T:
        if status == 429:
            bucket.drain()
        if status != 200:
            verdict = read_verdict(Operation.READ, status, body)
            if verdict.row is not None:
                self.note(verdict)
            raise _refusal(verdict)
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

    async def _once(
        self,
        url: str,
        method: str,
        path: str,
        params: Params | None,
        *,
        body: bytes | None = None,
        timeout_ms: int,
        is_signed: bool = True,
    ) -> tuple[int, bytes]:
        """One request to one host; the host's health is taken from how it went."""
        headers: dict[str, str] = {}
        if is_signed and self._signer is not None:
            signed_path = urlsplit(url).path + path
            headers |= self._signer.headers(method, signed_path, self.timestamp_ms())
        if body:
            headers["Content-Type"] = "application/json"
        query = f"?{urlencode(params, doseq=True)}" if params else ""
        started_ns = self._clock.monotonic_ns()
        try:
            status, answer_headers, answer = await self._exchange.request(
                method,
                f"{url}{path}{query}",
                headers=headers,
                body=body or None,
                timeout_ms=timeout_ms,
            )
        except (VenueUnavailable, OutcomeUnknown) as error:
            self._hosts.report_failure(url, error.code)
            raise
        if status >= 500:
            self._hosts.report_failure(url, f"http_{status}")
        else:
            self._hosts.report_answer(url)
        if is_signed:
            self._observe(answer_headers, started_ns)
        return status, answer

    def _observe(self, headers: Mapping[str, str], started_ns: int) -> None:
        """Estimate the skew from a signed answer's Date: such answers are never cached ones."""
        round_trip_ms = (self._clock.monotonic_ns() - started_ns) // 1_000_000
        date = parsedate_tz(headers.get("Date", ""))
        if date is None or "Age" in headers or round_trip_ms > ROUND_TRIP_MS_MAX:
            return
        # The header is cut to the second, so half a second is added; we stand at the answer's end.
        venue_ms = mktime_tz(date) * 1_000 + 500 + round_trip_ms // 2
        self._measured_ns = self._clock.monotonic_ns()
        self._skew_ms = venue_ms - self._clock.wall_ns() // 1_000_000
        correction_ms = self._skew_ms if abs(self._skew_ms) > SKEW_MS_SAFE else 0
        if (correction_ms == 0) != (self._correction_ms == 0):
            log.warning("clock_skew_changed", venue=VENUE, skew_ms=self._skew_ms)
        self._correction_ms = correction_ms


def _refusal(verdict: Verdict) -> VenueRejected | VenueUnavailable:
    status, word = verdict.http_status or 0, word_of(verdict)
    if 400 <= status < 500 and status not in {408, 429}:
        return VenueRejected(VENUE, word, verdict.detail, http_status=status)
    return VenueUnavailable(VENUE, word, verdict.detail, http_status=status)
