"""Kalshi's refusals, in the shapes in which they travel.

Shapes: nested for authentication and the exchange, flat for JSON that does not decode, `msg` for
query validation, a bare string for 429 (Kalshi docs, rate_limits, 2026-09-22; demo captures of
2026-06).
"""

import json
from typing import Final, Literal

from aiohttp import web


class KalshiRefusal(Exception):
    """An answer other than success: HTTP status and JSON body."""

    def __init__(self, status: int, body: dict[str, object]) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body

    def __str__(self) -> str:
        return f"{self.status} {json.dumps(self.body)}"

    def response(self) -> web.Response:
        """Return the refusal as an HTTP response."""
        return web.json_response(self.body, status=self.status)


def refuse(
    status: int, code: str, details: str | None = None, *, message: str | None = None
) -> KalshiRefusal:
    """Return a nested refusal; the message is the code in words unless given."""
    error: dict[str, object] = {"code": code, "message": message or code.replace("_", " ")}
    if details is not None:
        error["details"] = details
    return KalshiRefusal(status, {"error": error})


def refuse_json(details: str) -> KalshiRefusal:
    """Return the flat refusal of a body that does not decode."""
    return KalshiRefusal(400, {"code": "bad_request", "message": "bad request", "details": details})


def refuse_query(operation: str, reason: str) -> KalshiRefusal:
    """Return the refusal of a query parameter."""
    return KalshiRefusal(400, {"msg": f"Parameter validation failed for {operation}: {reason}"})


def refuse_key(details: str) -> KalshiRefusal:
    """Return the 401 of a wrong signature or an unknown key."""
    return refuse(401, "authentication_error", details, message="authentication_error")


def too_many_requests() -> KalshiRefusal:
    """Return the 429 of an empty token bucket: no headers, no code."""
    return KalshiRefusal(429, {"error": "too many requests"})


_FAILURES: Final = {
    500: "internal_server_error",
    503: "service_unavailable",
    504: "gateway_timeout",
}
_BAD_GATEWAY_HTML: Final = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n"
    "<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n"
)


def failure(status: int, bad_gateway_body: Literal["html", "text"]) -> web.Response:
    """Return a 429 or a 5xx: nested JSON, but for the 502 of the server in front.

    That a 502 is no JSON was observed in 2026; its text was not recorded.
    """
    if status == 429:
        return too_many_requests().response()
    if status == 502 and bad_gateway_body == "html":
        return web.Response(status=502, text=_BAD_GATEWAY_HTML, content_type="text/html")
    if status == 502:
        return web.Response(status=502, text="error code: 502", content_type="text/plain")
    return refuse(status, _FAILURES[status]).response()
