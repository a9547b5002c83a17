"""Decide what a verified key may do: scopes, one subaccount only, location attestation.

Kalshi docs, openapi 3.34.0 (ApiKeyScope), 2026-10, and changelog, 2026-08-16. The bodies of 403
are not documented; an option chooses their shape.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Final, Literal

from aiohttp import web

from twoleg.sim.kalshi.auth import ApiKey
from twoleg.sim.kalshi.errors import KalshiRefusal, refuse
from twoleg.sim.kalshi.markets import MarketState

SCOPES: Final = (
    "read",
    "read::portfolio_balance",
    "read::block_trade_accept",
    "write",
    "write::trade",
    "write::transfer",
    "write::fcm_risk",
    "write::block_trade_accept",
)
# What an account may not trade once its location attestation has ended.
REGIONAL: Final = frozenset({"Sports", "Elections", "Entertainment"})

Shape = Literal["nested", "flat", "text"]

_TRADES: Final = ("/portfolio/events/orders", "/portfolio/order_groups")
_TRANSFERS: Final = (
    "/portfolio/intra_exchange_instance_transfer",
    "/portfolio/target_balance_allocation",
    "/portfolio/subaccounts",
)


def scope_of(method: str, path: str) -> str:
    """Return the scope that a private call needs; `path` comes without the prefix."""
    if method == "GET":
        return "read::portfolio_balance" if path == "/portfolio/balance" else "read"
    if path.startswith(_TRADES):
        return "write::trade"
    return "write::transfer" if path.startswith(_TRANSFERS) else "write"


class Gate:
    """Refuses with 403 what a key may not do; 401 is the key ring's."""

    def __init__(
        self,
        markets: Mapping[str, MarketState],
        region_expiration_ts_s: Mapping[str, int],
        shape: Shape,
    ) -> None:
        self._markets = markets
        self._region_expiration_ts_s = region_expiration_ts_s
        self._shape = shape

    def expiration_ts_s(self, account: str) -> int | None:
        """Return when the account's location attestation ends; None when it does not."""
        return self._region_expiration_ts_s.get(account)

    async def admit(self, key: ApiKey, request: web.Request, path: str, *, now_s: int) -> None:
        """Raise the 403 of a call that this key may not make."""
        if not key.may(scope_of(request.method, path)):
            raise self._forbid("insufficient_scope")
        if key.subaccount is not None and path.startswith(("/portfolio/", "/historical/")):
            # Naming no subaccount is taken for the primary one, except in the historical reads.
            unnamed = key.subaccount if path.startswith("/historical/") else 0
            default = request.query.get("subaccount", unnamed)
            items = list(_items(await request.read())) or [{}]
            if any(str(item.get("subaccount", default)) != str(key.subaccount) for item in items):
                raise self._forbid("subaccount_restricted")
        expiration_ts_s = self.expiration_ts_s(key.account)
        is_order = request.method == "POST" and path.startswith("/portfolio/events/orders")
        if is_order and expiration_ts_s is not None and expiration_ts_s <= now_s:
            tickers = [str(item.get("ticker")) for item in _items(await request.read())]
            markets = [self._markets.get(ticker) for ticker in tickers]
            if any(market and market.pair.kalshi.category in REGIONAL for market in markets):
                raise self._forbid("region_attestation_expired")

    def _forbid(self, code: str) -> KalshiRefusal:
        refusal = refuse(403, code)
        if self._shape == "flat":
            return KalshiRefusal(403, {"code": code, "message": code.replace("_", " ")})
        return KalshiRefusal(403, {"error": code}) if self._shape == "text" else refusal


def _items(raw: bytes) -> Iterator[Mapping[str, object]]:
    # The orders of a batch, or the one body; what does not decode is refused elsewhere.
    try:
        body = json.loads(raw) if raw else None
    except ValueError:
        return
    if isinstance(body, dict):
        orders = body.get("orders")
        for item in orders if isinstance(orders, list) else [body]:
            if isinstance(item, dict):
                yield item
