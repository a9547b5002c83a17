"""Kalshi's refusals, in the shapes in which they travel.

Shapes: nested for authentication and the exchange, flat for JSON that does not decode, `msg` for
query validation, a bare string for 429 (Kalshi docs, rate_limits, 2026-09-22; demo captures of
2026-06).
"""

import json

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
