"""The venue's time, for what it checks by its own clock: signatures of requests and expirations.

`GET /time` answers whole seconds, so a skew below two seconds cannot be told from its rounding and
from the way there, and is left alone. The venue's tolerance for timestamps is not documented.
"""

from typing import Final

import structlog

from twoleg.errors import VenueUnavailable
from twoleg.seams import Clock
from twoleg.venues.polymarket.sign import VENUE
from twoleg.venues.transport import USER_AGENT, HttpExchange

NS_PER_S: Final = 1_000_000_000
NS_PER_MS: Final = 1_000_000
NEVER_MS: Final = 1 << 62
SKEW_NS_MIN: Final = 2 * NS_PER_S
REQUEST_HEADERS: Final = {"User-Agent": USER_AGENT}

log = structlog.get_logger(__name__)


class ServerClock:
    """Our wall clock, moved by the skew that was last measured."""

    def __init__(
        self, *, http: HttpExchange, clock: Clock, base_url: str, timeout_ms: int = 5_000
    ) -> None:
        self._http = http
        self._clock = clock
        self._url = base_url.rstrip("/") + "/time"
        self._timeout_ms = timeout_ms
        # What the venue's clock is ahead of ours; 0 within the tolerance.
        self._skew_ns = 0
        # When it was measured last; None: never.
        self._measured_ns: int | None = None

    @property
    def skew_s(self) -> int:
        """Whole seconds by which the venue's clock is ahead of ours; negative: behind."""
        return self._skew_ns // NS_PER_S

    @property
    def age_ms(self) -> int:
        """How long ago the skew was measured."""
        if self._measured_ns is None:
            return NEVER_MS
        return (self._clock.monotonic_ns() - self._measured_ns) // NS_PER_MS

    def now_ns(self) -> int:
        """Unix time of the venue in ns."""
        return self._clock.wall_ns() + self._skew_ns

    def now_s(self) -> int:
        """Unix time of the venue in whole seconds."""
        return self.now_ns() // NS_PER_S

    async def measure(self) -> bool:
        """Ask the venue for its time; tells whether the skew in use has changed.

        Never raises: without an answer the old skew stays.
        """
        before_ns = self._clock.wall_ns()
        try:
            status, _, body = await self._http.request(
                "GET", self._url, headers=REQUEST_HEADERS, timeout_ms=self._timeout_ms
            )
        except VenueUnavailable as error:
            log.warning("clock_skew_not_measured", venue=VENUE, error=str(error))
            return False
        text = body.strip()
        if status != 200 or not text.isdigit() or len(text) > 11:
            log.warning("clock_skew_not_measured", venue=VENUE, http_status=status)
            return False
        self._measured_ns = self._clock.monotonic_ns()
        # Half a second: the answer is cut to whole seconds; half of the way is on the way back.
        middle_ns = (before_ns + self._clock.wall_ns()) // 2
        measured_ns = int(text) * NS_PER_S + NS_PER_S // 2 - middle_ns
        old_ns = self._skew_ns
        self._skew_ns = measured_ns if abs(measured_ns) > SKEW_NS_MIN else 0
        if self._skew_ns:
            log.warning("clock_skewed", venue=VENUE, skew_ms=self._skew_ns // 1_000_000)
        # A new measure of the same skew is no change.
        return abs(self._skew_ns - old_ns) >= NS_PER_S
