"""Answers that the venue gives now and then, scripted by name: refusals, and lost acknowledgements.

A rule is a JSON object:
    name    one of ANSWERS, or "other" with its own status (200: a success whose errorMsg is not
            empty) and error
    on      "order" (default: each order, alone or in a batch) or "<METHOD> <path prefix>"
    when    "before" (default) or "after" executing: an error that comes after says nothing about
            what happened
    count   how often it answers, default once; 0: without limit
Texts: docs.polymarket.com resources/error-codes and matching-engine, read 2026-11-22.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from twoleg.sim.polymarket.wire import Refused, answer

ORDER: Final = "order"
OTHER: Final = "other"
# Name: (HTTP status, text). A text that begins with "<" is a page of the front, not of the CLOB.
ANSWERS: Final[Mapping[str, tuple[int, str]]] = {
    "no_matching_orders": (500, "there are no matching orders"),
    "fok_filled_or_killed": (500, "FOK orders are filled or killed"),
    "rounding_issues": (500, "the trade contains rounding issues"),
    "price_discrepancy": (
        500,
        (
            "the price of the taker's order has a discrepancy greater than allowed with the worst "
            "maker order"
        ),
    ),
    "could_not_insert": (500, "could not insert order"),
    "match_delayed": (400, "order match delayed due to market conditions"),
    "timed_out": (400, "order timed out"),
    "not_ready": (400, "the market is not yet ready to process new orders"),
    "canceled_on_chain": (400, "order canceled in the CTF exchange contract"),
    "invalid_nonce": (400, "invalid nonce"),
    "context_canceled": (400, "context canceled"),
    "too_many_requests": (429, "Too Many Requests"),
    "restarting": (425, "matching engine is restarting"),
    "disabled": (503, "Trading is currently disabled. Check polymarket.com for updates"),
    # The exact text is not known.
    "geoblocked": (403, "Trading restricted in your region"),
    "cloudflare": (
        403,
        "<html><head><title>Attention Required! | Cloudflare</title></head></html>",
    ),
}
_FIELDS: Final = frozenset({"name", "on", "when", "count", "status", "error"})
# Refused, although the status is that of a success.
QUIET: Final = 200
_STATUSES: Final = frozenset({QUIET, *range(400, 600)})
_METHODS: Final = ("GET", "POST", "DELETE")


class RefusedPage(Refused):
    """What the front answers in the venue's place: a page."""

    def response(self) -> web.Response:
        """Return the page."""
        return web.Response(text=self.message, status=self.status, content_type="text/html")


class RefusedQuietly(Refused):
    """A refusal inside a success, as it was seen for single orders too (rs-clob-client#114)."""

    def response(self) -> web.Response:
        """Return the answer of an order that was not taken."""
        return answer(failed_answer(self))


def failed_answer(refused: Refused) -> dict[str, object]:
    """Return a refusal as it stands among the answers of a batch: success is true all the same."""
    return {
        "success": True,
        "errorMsg": refused.message,
        "orderID": refused.order_id,
        "status": "",
        "makingAmount": "",
        "takingAmount": "",
        "tradeIDs": [],
        "transactionsHashes": [],
    }


@dataclass(slots=True)
class Script:
    """A validated rule, how often it has answered, and the orders that met it."""

    name: str
    on: str
    is_after: bool
    count: int
    status: int
    error: str
    fired: int = 0
    orders: list[str] = field(default_factory=list)

    def refusal(self, order_id: str = "") -> Refused:
        """Return the scripted answer; `order_id` is noted, not answered."""
        if order_id:
            self.orders.append(order_id)
        if self.error.startswith("<"):
            return RefusedPage(self.status, self.error)
        if self.status == QUIET:
            return RefusedQuietly(QUIET, self.error)
        headers = {"Retry-After": "1"} if self.status == 429 else None
        return Refused(self.status, self.error, headers=headers)

    def to_json(self) -> dict[str, object]:
        """Return the rule with its counters."""
        return {
            "name": self.name,
            "on": self.on,
            "when": "after" if self.is_after else "before",
            "count": self.count,
            "status": self.status,
            "error": self.error,
            "fired": self.fired,
            "orders": self.orders,
        }


class Scripts:
    """The rules in force, the first that covers a request answers it."""

    def __init__(self) -> None:
        self._scripts: list[Script] = []

    def add(self, raw: Mapping[str, object]) -> None:
        """Append a rule; ValueError names what is wrong with it."""
        unknown = sorted(set(raw) - _FIELDS)
        if unknown:
            raise ValueError(f"unknown field {unknown[0]!r}, known are {sorted(_FIELDS)}")
        name, on, when = raw.get("name"), raw.get("on", ORDER), raw.get("when", "before")
        if name != OTHER and name not in ANSWERS:
            raise ValueError(f"name must be {OTHER} or one of {', '.join(ANSWERS)}")
        if not isinstance(on, str) or (on != ORDER and not _is_route(on)):
            raise ValueError(f'on must be "{ORDER}" or "<METHOD> <path prefix>"')
        if when not in ("before", "after"):
            raise ValueError("when must be before or after")
        status, error = ANSWERS.get(str(name), (raw.get("status"), raw.get("error")))
        if not isinstance(error, str) or not isinstance(status, int) or status not in _STATUSES:
            raise ValueError(f"{OTHER} needs a status of 200 or 400 to 599, and an error's text")
        count = raw.get("count", 1)
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise ValueError("count must be a whole number, 0 or more")
        self._scripts.append(Script(str(name), on, when == "after", count, status, error))

    def clear(self) -> None:
        """Remove all rules."""
        self._scripts = []

    def report(self) -> dict[str, object]:
        """Return the rules with their counters."""
        return {"answers": [script.to_json() for script in self._scripts]}

    def take(self, subject: str) -> Script | None:
        """Return the rule that answers `subject` ("order", or "<METHOD> <path>"), counting it."""
        for script in self._scripts:
            # No route begins with "order": the two kinds of subject do not meet.
            if subject.startswith(script.on) and (not script.count or script.fired < script.count):
                script.fired += 1
                return script
        return None


def _is_route(on: str) -> bool:
    method, _, path = on.partition(" ")
    return method in _METHODS and path.startswith("/")
