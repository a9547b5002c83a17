"""Refusals that a script asks for: engine reasons that no request alone can bring about.

POST /_sim/refuse {"operation": "create" | "cancel" | "decrease" | "amend", "code", "status"?,
"details"?, "count"?} makes the next `count` such operations, batched ones included, meet this
refusal before anything else is checked. Statuses of engine reasons are not documented; 409 is what
most others have.
"""

from dataclasses import dataclass
from typing import Final

from aiohttp import web

from twoleg.sim.kalshi.errors import KalshiRefusal, refuse

OPERATIONS: Final = ("create", "cancel", "decrease", "amend")


@dataclass(slots=True)
class _Rule:
    """One refusal and how many operations it still meets."""

    operation: str
    refusal: KalshiRefusal
    left: int


class ScriptedRefusals:
    """The refusals still to come, first given first met."""

    def __init__(self) -> None:
        self._rules: list[_Rule] = []

    def add(self, operation: str, refusal: KalshiRefusal, count: int = 1) -> None:
        """Let the next operations of this kind meet a refusal; ValueError for no such operation."""
        if operation not in OPERATIONS:
            raise ValueError(f"operation must be one of {', '.join(OPERATIONS)}")
        self._rules.append(_Rule(operation, refusal, count))

    def meet(self, operation: str) -> None:
        """Raise the refusal that waits for this operation, if there is one."""
        for rule in self._rules:
            if rule.operation == operation and rule.left > 0:
                rule.left -= 1
                raise rule.refusal

    async def serve(self, request: web.Request) -> web.Response:
        """Take one refusal from the admin surface."""
        body = await request.json()
        code, details = body.get("code"), body.get("details")
        if not isinstance(code, str):
            return web.json_response({"error": "code must be a string"}, status=400)
        refusal = refuse(int(body.get("status", 409)), code, details)
        try:
            self.add(str(body.get("operation")), refusal, int(body.get("count", 1)))
        except ValueError as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response({"ok": True})
