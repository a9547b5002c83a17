"""A verified call on Kalshi's private REST routes, and the ways to read what it carries."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from twoleg.sim.kalshi.auth import ApiKey
from twoleg.sim.kalshi.errors import refuse, refuse_json
from twoleg.sim.kalshi.ledger import Account
from twoleg.sim.kalshi.limits import RateLimits
from twoleg.sim.kalshi.pages import Query


@dataclass(frozen=True, slots=True)
class Call:
    """A verified request: who asks, and whose buckets pay."""

    request: web.Request
    account: Account
    limits: RateLimits
    key: ApiKey

    @property
    def query(self) -> Query:
        """Return the query parameters."""
        return Query(self.request.query)


Answer = dict[str, object] | web.Response
Private = Callable[[Call], Awaitable[Answer]]
# Method, path below the prefix, and who answers.
Route = tuple[str, str, Private]


async def read_json(request: web.Request) -> object:
    """Return the decoded body; an empty or differently typed one is `invalid_content_type`."""
    raw = await request.read()
    if not raw or request.content_type != "application/json":
        raise refuse(400, "invalid_content_type")
    try:
        body: object = json.loads(raw)
    except ValueError as error:
        raise refuse_json(f"json: {error}") from error
    return body
