"""One private request on its way: who asks, with which body, and which headers the answer gets."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web

from twoleg.sim.polymarket.accounts import ApiKey
from twoleg.sim.polymarket.admission import Venue
from twoleg.sim.polymarket.orders import PAYLOAD_INVALID
from twoleg.sim.polymarket.scripts import Scripts
from twoleg.sim.polymarket.wire import NS_PER_S, Refused, answer


@dataclass(slots=True)
class Call:
    """An authenticated request. `body` is its JSON, None when there is none."""

    request: web.Request
    key: ApiKey
    body: object
    # Sent with the answer, whatever it is.
    headers: dict[str, str] = field(default_factory=dict)


Serve = Callable[[Call], Awaitable[object]]


class Desk:
    """Authenticates requests, lets scripted answers go first, and writes what handlers return."""

    def __init__(self, venue: Venue, scripts: Scripts) -> None:
        self._venue = venue
        self._scripts = scripts

    def add(self, app: web.Application, method: str, path: str, serve: Serve) -> None:
        """Register a handler of private requests."""

        async def handle(request: web.Request) -> web.StreamResponse:
            headers: dict[str, str] = {}
            try:
                response = answer(await self._answer(request, serve, headers))
            except Refused as refused:
                response = refused.response()
            response.headers.update(headers)
            return response

        app.router.add_route(method, path, handle)

    def now_s(self) -> int:
        """Return the venue's time in seconds."""
        return self._venue.clock.now_ns() // NS_PER_S

    async def _answer(self, request: web.Request, serve: Serve, headers: dict[str, str]) -> object:
        text = await request.text()
        # The path is signed without its query.
        key = self._venue.accounts.authenticate(
            request.headers, request.method, request.path, text, self.now_s()
        )
        try:
            body = json.loads(text) if text else None
        except ValueError as error:
            raise Refused(400, PAYLOAD_INVALID) from error
        script = self._scripts.take(f"{request.method} {request.path}")
        if script is not None and not script.is_after:
            raise script.refusal()
        body = await serve(Call(request, key, body, headers))
        if script is not None:
            raise script.refusal()
        return body
