"""Which of an environment's two front doors a request goes to.

Kalshi API docs, environments, 2026-06: two hosts lead to one exchange, take the same keys and the
same signatures, and can fail independently (seen on the demo venue, 2026-10-06).
"""

from collections.abc import Sequence
from typing import Final

import structlog

from twoleg.seams import Clock
from twoleg.venues.kalshi.numbers import VENUE

HOSTS_MAX: Final = 4

log = structlog.get_logger(__name__)


class Hosts:
    """The base URLs of one environment, the preferred first.

    A host that failed is left alone for `return_ms`; then the first is preferred again. When all
    have failed, the one that failed longest ago is tried.
    """

    def __init__(self, urls: Sequence[str], *, clock: Clock, return_ms: int) -> None:
        assert 0 < len(urls) <= HOSTS_MAX
        self._urls = tuple(urls)
        self._clock = clock
        self._return_ns = return_ms * 1_000_000
        # When each host failed last; absent: it did not, or that is long ago.
        self._failed_ns: dict[str, int] = {}

    def current(self) -> str:
        """Where the next request goes."""
        now_ns = self._clock.monotonic_ns()
        for url in self._urls:
            failed_ns = self._failed_ns.get(url)
            if failed_ns is None or now_ns - failed_ns >= self._return_ns:
                return url
        return min(self._urls, key=lambda url: self._failed_ns[url])

    def report_failure(self, url: str, reason: str) -> None:
        """Leave a host alone for a while."""
        before = self.current()
        self._failed_ns[url] = self._clock.monotonic_ns()
        after = self.current()
        if after != before:
            log.warning("host_switched", venue=VENUE, failed=before, to=after, reason=reason[:200])

    def report_answer(self, url: str) -> None:
        """A host that answers properly is well again."""
        self._failed_ns.pop(url, None)

    def spare(self, failed: str) -> str | None:
        """The host to try after this one failed, if there is another."""
        url = self.current()
        return url if url != failed else None
