"""What came over the wire to a simulated venue, read at its door; and answers altered on the way.

The tap wraps the simulator from outside, before it listens, and knows nothing of the daemon.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from twoleg.core.market import Venue
from twoleg.sim.base import VenueSim

PATIENCE_S: Final = 15.0
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Alter = Callable[[Any], Any]
"""From the body that the venue answers to the one that is sent."""


@dataclass(slots=True)
class Asked:
    """A request at a venue's door, and how it was answered (status 0: not yet, or not at all)."""

    venue: Venue
    method: str
    path: str
    query: dict[str, str]
    body: Any
    key: str
    """Client order id or order hash of a request that places an order."""
    at_ns: int
    status: int = 0
    answer: Any = None

    @property
    def is_order(self) -> bool:
        return self.method == "POST" and bool(self.key)

    @property
    def is_fence(self) -> bool:
        """Kalshi's harmless order: 0.01 contract, immediate or cancel."""
        return (
            self.is_order
            and self.venue is Venue.KALSHI
            and self.body["count"] == "0.01"
            and self.body["time_in_force"] == "immediate_or_cancel"
        )


@dataclass(slots=True)
class _Rule:
    venue: Venue
    method: str
    path: str
    alter: Alter
    left: int


class Wire:
    """All requests to both venues, in the order in which they came."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._moved = asyncio.Event()
        self._rules: list[_Rule] = []

    def alter(self, venue: Venue, method: str, path: str, alter: Alter, count: int = 1) -> None:
        """Change the next answers to requests whose path has this part in it."""
        self._rules.append(_Rule(venue, method, path, alter, count))

    async def until(self, condition: Callable[[], object]) -> None:
        """Look again after each request and each answer, until the condition holds."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                self._moved.clear()
                await self._moved.wait()

    def stop_altering(self) -> None:
        """From now on all answers are the venue's own."""
        self._rules.clear()

    def orders(self, venue: Venue | None = None) -> list[Asked]:
        """Orders that came, fences left out."""
        return [
            asked
            for asked in self.asked
            if asked.is_order and not asked.is_fence and venue in (None, asked.venue)
        ]

    def fences(self) -> list[Asked]:
        return [asked for asked in self.asked if asked.is_fence]

    def of(self, venue: Venue, method: str, path: str = "") -> list[Asked]:
        """Requests of a method whose path has this part in it."""
        return [
            asked
            for asked in self.asked
            if (asked.venue, asked.method) == (venue, method) and path in asked.path
        ]

    def tap(self, venue: Venue, sim: VenueSim) -> None:
        """Listen at a simulator that does not run yet."""
        make_inner = sim._fault_middleware

        def make() -> Callable[[web.Request, Handler], Awaitable[web.StreamResponse]]:
            inner = make_inner()

            @web.middleware
            async def door(request: web.Request, handler: Handler) -> web.StreamResponse:
                asked = Asked(
                    venue,
                    request.method,
                    request.path,
                    dict(request.query),
                    _decoded(await request.read()),
                    await sim.order_key(request) or "",
                    sim.clock.now_ns(),
                )
                self.asked.append(asked)
                self._moved.set()
                # Altered behind the faults' back: what they drop stays dropped.
                response = await inner(request, handler)
                return self._seen(asked, response)

            return door

        vars(sim)["_fault_middleware"] = make

    def _seen(self, asked: Asked, response: web.StreamResponse) -> web.StreamResponse:
        if not isinstance(response, web.Response) or not isinstance(response.body, bytes):
            return response
        asked.status, asked.answer = response.status, _decoded(response.body)
        self._moved.set()
        for rule in self._rules:
            is_meant = (rule.venue, rule.method) == (asked.venue, asked.method)
            if is_meant and rule.path in asked.path and rule.left > 0:
                rule.left -= 1
                altered = rule.alter(_decoded(response.body))
                return web.json_response(altered, status=response.status)
        return response


def _decoded(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return None
