"""The front door of Polymarket: what is refused or held back before any endpoint is asked.

Limits: docs.polymarket.com rate-limits, read 2026-11-22. The agent ban is the content network's,
seen live in August and October 2026. The geoblock probe only tells; nothing here refuses by
country.
"""

from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Literal

from aiohttp import web
from aiohttp.typedefs import Middleware

from twoleg.sim.flow import Clock, Sleep
from twoleg.sim.polymarket.wire import NS_PER_S, Refused

ADMIN_PREFIX: Final = "/_sim/"
AGENT_BANNED: Final = "Python-urllib/"
BANNED_PAGE: Final = (
    "<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head>"
    "<body><h1>Sorry, you have been blocked</h1></body></html>"
)
WINDOW_S: Final = 10
# Requests per window and address, by path; the first prefix that fits is the one that counts, each
# method for itself: orders and their cancels have the same limits beside each other.
LIMITS: Final[tuple[tuple[str, int], ...]] = (
    ("/gamma/markets", 300),
    ("/gamma/events", 500),
    ("/gamma/public-search", 350),
    ("/gamma/", 4_000),
    ("/data-api/trades", 200),
    ("/data-api/positions", 150),
    ("/data-api/", 1_000),
    ("/prices-history", 1_000),
    ("/midpoints", 500),
    ("/midpoint", 1_500),
    ("/books", 500),
    ("/book", 1_500),
    ("/prices", 500),
    ("/price", 1_500),
    ("/tick-size", 200),
    ("/auth/", 100),
    ("/balance-allowance/update", 50),
    ("/balance-allowance", 200),
    ("/data/orders", 500),
    ("/data/trades", 500),
    ("/cancel-all", 250),
    ("/cancel-market-orders", 1_500),
    ("/orders", 2_000),
    ("/order", 5_000),
    ("/", 9_000),
)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Geo:
    """What the geoblock probe answers."""

    is_blocked: bool
    country: str
    region: str

    def to_json(self, ip: str) -> dict[str, object]:
        """Return the body of GET /api/geoblock."""
        return {
            "blocked": self.is_blocked,
            "ip": ip,
            "country": self.country,
            "region": self.region,
        }


class Door:
    """Refuses banned agents and keeps the limits per address, over a sliding window."""

    def __init__(
        self,
        clock: Clock,
        sleep: Sleep,
        *,
        limits: Literal["off", "delay", "reject"],
        refuses_urllib: bool,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._limits = limits
        self._refuses_urllib = refuses_urllib
        # Monotonic times at which requests were let in, oldest first, by address, method and path.
        self._seen: dict[tuple[str, str, str], deque[int]] = {}

    def middleware(self) -> Middleware:
        """Return what every request but the admin surface's passes."""

        @web.middleware
        async def pass_door(request: web.Request, handler: Handler) -> web.StreamResponse:
            if request.path.startswith(ADMIN_PREFIX):
                return await handler(request)
            agent = request.headers.get("User-Agent", "")
            if self._refuses_urllib and agent.startswith(AGENT_BANNED):
                return web.Response(status=403, text=BANNED_PAGE, content_type="text/html")
            wait_ns = self._book(request) if self._limits != "off" else 0
            if wait_ns and self._limits == "reject":
                seconds = -(-wait_ns // NS_PER_S)
                headers = {"Retry-After": str(seconds)}
                return Refused(429, "Too Many Requests", headers=headers).response()
            if wait_ns:
                await self._sleep(wait_ns / NS_PER_S)
            return await handler(request)

        return pass_door

    def _book(self, request: web.Request) -> int:
        """Return how long the request must wait; give it its place unless it is refused."""
        prefix, limit = next((p, n) for p, n in LIMITS if request.path.startswith(p))
        key = (request.remote or "", request.method, prefix)
        seen = self._seen.setdefault(key, deque(maxlen=limit))
        now_ns = self._clock.monotonic_ns()
        free_ns = seen[0] + WINDOW_S * NS_PER_S if len(seen) == limit else now_ns
        wait_ns = max(0, free_ns - now_ns)
        if not wait_ns or self._limits == "delay":
            seen.append(now_ns + wait_ns)
        return wait_ns
