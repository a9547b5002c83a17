"""Whether the venue serves the place that we trade from; asked at start, so that we refuse first.

`GET https://polymarket.com/api/geoblock` answers {blocked, ip, country, region}. It is advisory and
checked again by the venue at each order (docs.polymarket.com geoblock, 2026-08; read 2026-11-22).
"""

from enum import Enum

import msgspec

from twoleg.errors import VenueError
from twoleg.venues.polymarket.options import PolymarketOptions, PolymarketUrls
from twoleg.venues.polymarket.rest import JSON_HEADERS, decode_answer
from twoleg.venues.transport import HttpExchange, require_safe_url


class Access(Enum):
    """Whether orders may be sent from here."""

    OPEN = "open"
    BLOCKED = "blocked"
    UNKNOWN = "unknown"
    """The probe failed: to be reported, and no reason to stop."""


class Geoblock(msgspec.Struct, frozen=True):
    """Where the venue sees us; `reason` tells why that is unknown. Our address is not kept."""

    access: Access
    country: str = ""
    region: str = ""
    reason: str = ""

    @property
    def may_trade(self) -> bool:
        """False only where the venue said no."""
        return self.access is not Access.BLOCKED

    def __str__(self) -> str:
        place = "-".join(part for part in (self.country, self.region) if part)
        return " ".join(part for part in (self.access.value, place, self.reason) if part)


class _Answer(msgspec.Struct):
    """What of the answer is kept."""

    blocked: bool
    country: str | None = None
    region: str | None = None


async def probe_geoblock(
    *, http: HttpExchange, urls: PolymarketUrls, options: PolymarketOptions
) -> Geoblock:
    """Ask where the venue sees us. Never raises for want of an answer.

    Raises:
        ConfigError: the URL is plain and not loopback.
    """
    url = require_safe_url(urls.geoblock, key="polymarket.geoblock_url")
    try:
        status, _, body = await http.request(
            "GET", url, headers=JSON_HEADERS, timeout_ms=options.request_timeout_ms
        )
        answer = decode_answer(status, body, _Answer)
    except VenueError as error:
        return Geoblock(Access.UNKNOWN, reason=str(error))
    access = Access.BLOCKED if answer.blocked else Access.OPEN
    return Geoblock(access, answer.country or "", answer.region or "")
