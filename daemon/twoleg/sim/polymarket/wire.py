"""Write numbers and JSON the way Polymarket writes them.

Amounts are decimal strings without trailing zeros ("0.1", "41666.32"); the last trade price keeps
three decimals ("0.850"). Captured frames of 2025-12 to 2026-10.
"""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from functools import lru_cache

import msgspec
from aiohttp import web

from twoleg.sim.exchange import ONE_E4

ONE_E6 = 1_000_000
NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

# Gamma and a few CLOB fields are JSON numbers; Decimal keeps them exact.
_ENCODER = msgspec.json.Encoder(decimal_format="number")


class Refused(Exception):
    """A request that the venue answers with an error: its HTTP status and JSON body."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        order_id: str = "",
        extra: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        # Set where the body names the order although it was refused.
        self.order_id = order_id
        self.extra = extra or {}
        self.headers = headers or {}

    def response(self) -> web.Response:
        """Return the error as the venue sends it."""
        body: dict[str, object] = {"error": self.message, **self.extra}
        if self.order_id:
            body["orderID"] = self.order_id
        return answer(body, status=self.status, headers=self.headers)


def answer(
    body: object, *, status: int = 200, headers: dict[str, str] | None = None
) -> web.Response:
    """Return a compact JSON response; Decimals become numbers."""
    return web.Response(
        body=_ENCODER.encode(body), status=status, headers=headers, content_type="application/json"
    )


def guarded(handler: Callable[[web.Request], Awaitable[object]]) -> Handler:
    """Turn what a handler returns into JSON, and Refused into the venue's error.

    A handler may return a response of its own, when it needs headers.
    """

    async def serve(request: web.Request) -> web.StreamResponse:
        try:
            body = await handler(request)
        except Refused as refused:
            return refused.response()
        return body if isinstance(body, web.StreamResponse) else answer(body)

    return serve


def compact(body: object) -> str:
    """Return compact JSON text for a frame."""
    return msgspec.json.encode(body).decode()


@lru_cache(maxsize=4_096)
def decimal_text(value: int, decimals: int) -> str:
    """Return value / 10**decimals without trailing zeros: (520000, 6) -> "0.52"."""
    sign = "-" if value < 0 else ""
    whole, fraction = divmod(abs(value), 10**decimals)
    if not fraction:
        return f"{sign}{whole}"
    return f"{sign}{whole}.{fraction:0{decimals}d}".rstrip("0")


def price_text(price_e4: int) -> str:
    """Return a price: 5200 -> "0.52"."""
    return decimal_text(price_e4, 4)


def size_text(size_e6: int) -> str:
    """Return a size or amount in units: 52000000 -> "52"."""
    return decimal_text(size_e6, 6)


def last_price_text(price_e4: int | None) -> str:
    """Return a last trade price: three decimals, four where needed, "" when there is none."""
    if price_e4 is None:
        return ""
    text = f"{price_e4 // ONE_E4}.{price_e4 % ONE_E4:04d}"
    return text.removesuffix("0")


def number(value: int, decimals: int) -> Decimal:
    """Return value / 10**decimals as an exact JSON number."""
    return Decimal(decimal_text(value, decimals))
