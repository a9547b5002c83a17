"""The CLOB's endpoints about keys: those of accounts, of readers, of builders; and bans.

Shapes: PyPI py-clob-client 0.34.6 (read-only keys), py-clob-client-v2 1.2.1 and polymarket-client
0.14.0 (all others), read 2026-11-22.
"""

from datetime import UTC, datetime
from typing import Final

from aiohttp import web

from twoleg.sim.polymarket.admission import Venue
from twoleg.sim.polymarket.call import Call, Desk
from twoleg.sim.polymarket.orders import PAYLOAD_INVALID
from twoleg.sim.polymarket.wire import Refused, guarded

BUILDER_PATH: Final = "/auth/builder-api-key"


class KeysApi:
    """Serves the making, listing and revoking of keys."""

    def __init__(self, venue: Venue, desk: Desk) -> None:
        self._accounts = venue.accounts
        self._gate = venue.gate
        self._desk = desk

    def add_routes(self, app: web.Application) -> None:
        """Register the endpoints."""
        app.router.add_post("/auth/api-key", guarded(self._create))
        app.router.add_get("/auth/derive-api-key", guarded(self._derive))
        app.router.add_delete(BUILDER_PATH, guarded(self._revoke_builder))
        self._desk.add(app, "GET", "/auth/api-keys", self._list)
        self._desk.add(app, "DELETE", "/auth/api-key", self._delete)
        self._desk.add(app, "POST", "/auth/readonly-api-key", self._create_readonly)
        self._desk.add(app, "GET", "/auth/readonly-api-keys", self._list_readonly)
        self._desk.add(app, "DELETE", "/auth/readonly-api-key", self._delete_readonly)
        self._desk.add(app, "POST", BUILDER_PATH, self._create_builder)
        self._desk.add(app, "GET", BUILDER_PATH, self._list_builders)
        self._desk.add(app, "GET", "/auth/ban-status/closed-only", self._closed_only)

    async def _create(self, request: web.Request) -> object:
        return self._accounts.create(request.headers, self._desk.now_s()).to_json()

    async def _derive(self, request: web.Request) -> object:
        return self._accounts.derive(request.headers, self._desk.now_s()).to_json()

    async def _list(self, call: Call) -> object:
        return {"apiKeys": self._accounts.keys_of(call.key.owner)}

    async def _delete(self, call: Call) -> object:
        self._accounts.drop(call.key)
        return "OK"

    async def _create_readonly(self, call: Call) -> object:
        return {"apiKey": self._accounts.create_readonly(call.key.owner)}

    async def _list_readonly(self, call: Call) -> object:
        return {"readonlyApiKeys": self._accounts.readonly_of(call.key.owner)}

    async def _delete_readonly(self, call: Call) -> object:
        key_id = call.body.get("key") if isinstance(call.body, dict) else None
        if not isinstance(key_id, str):
            raise Refused(400, PAYLOAD_INVALID)
        return self._accounts.drop_readonly(call.key.owner, key_id)

    async def _create_builder(self, call: Call) -> object:
        return self._accounts.create_builder(call.key.owner, self._now_text()).to_json()

    async def _list_builders(self, call: Call) -> object:
        return [
            {"key": key.key, "createdAt": key.created, "revokedAt": key.revoked or None}
            for key in self._accounts.builders_of(call.key.owner)
        ]

    async def _revoke_builder(self, request: web.Request) -> object:
        """Serve both kinds of clients: one signs with the builder key, one with the account's."""
        now_s = self._desk.now_s()
        if "POLY_BUILDER_API_KEY" in request.headers:
            key = self._accounts.authenticate_builder(
                request.headers, request.method, request.path, now_s
            )
        else:
            text = await request.text()
            owner = self._accounts.authenticate(
                request.headers, request.method, request.path, text, now_s
            ).owner
            live = [key for key in self._accounts.builders_of(owner) if not key.revoked]
            if not live:
                raise Refused(404, "builder api key not found")
            key = live[-1]
        key.revoked = self._now_text()
        return "OK"

    async def _closed_only(self, call: Call) -> object:
        return {"closed_only": self._gate.standing_of(call.key.owner) == "closed_only"}

    def _now_text(self) -> str:
        return datetime.fromtimestamp(self._desk.now_s(), UTC).isoformat().replace("+00:00", "Z")
