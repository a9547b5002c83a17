"""The CLOB's private reads: orders, trades, balances.

Shapes: docs.polymarket.com API reference (2026-08-21), PyPI py-clob-client-v2 1.2.1 and
polymarket-client 0.14.0, read 2026-11-22. Reads may lag behind the engine, as the venue's do.
"""

import base64
import binascii
from collections.abc import Sequence
from typing import Final

from aiohttp import web

from twoleg.sim.polymarket.accounts import ApiKey
from twoleg.sim.polymarket.admission import Venue
from twoleg.sim.polymarket.builder_trades import builder_trade
from twoleg.sim.polymarket.call import Call, Desk
from twoleg.sim.polymarket.ledger import Wallet
from twoleg.sim.polymarket.sign import EXCHANGE_NEG_RISK, EXCHANGE_POSITIONS, EXCHANGE_STANDARD
from twoleg.sim.polymarket.state import OrderRecord, Trade
from twoleg.sim.polymarket.wire import NS_PER_MS, NS_PER_S, Refused, guarded

PAGE: Final = 100
CURSOR_END: Final = "LTE="
COLLATERAL: Final = "COLLATERAL"
ASSETS: Final = (COLLATERAL, "CONDITIONAL", "CONDITIONAL-V2")


class ReadsApi:
    """Serves what an account may know of itself, and what anyone may know of builders."""

    def __init__(self, venue: Venue, desk: Desk) -> None:
        self._venue = venue
        self._options = venue.options
        self._desk = desk
        # What a balance was when it was last asked for or updated, by wallet and asset.
        self._balances: dict[tuple[str, str], int] = {}

    def add_routes(self, app: web.Application) -> None:
        """Register the endpoints."""
        self._desk.add(app, "GET", "/data/order/{order_id}", self._get_order)
        self._desk.add(app, "GET", "/data/orders", self._get_orders)
        self._desk.add(app, "GET", "/data/trades", self._get_trades)
        self._desk.add(app, "GET", "/balance-allowance", self._get_balance)
        self._desk.add(app, "GET", "/balance-allowance/update", self._update_balance)
        app.router.add_get("/builder/trades", guarded(self._builder_trades))
        app.router.add_get("/fees/builder-fees/{code}", guarded(self._builder_fees))

    async def _get_order(self, call: Call) -> object:
        record = self._venue.trades.orders.get(call.request.match_info["order_id"])
        seen = None if record is None else self._seen(record)
        if record is None or seen is None or record.key.owner != call.key.owner:
            raise Refused(404, "order not found")
        if not self._options.shows_finished_orders and not _is_open(seen[0]):
            raise Refused(404, "order not found")
        return self._order(record, seen)

    async def _get_orders(self, call: Call) -> object:
        query = call.request.query
        rows: list[object] = []
        for record in self._venue.trades.orders.values():
            seen = self._seen(record)
            if (
                record.key.owner == call.key.owner
                and seen is not None
                and seen[0] == "LIVE"
                and query.get("id") in (None, "", record.order_id)
                and query.get("market") in (None, "", record.market.condition_id)
                and query.get("asset_id") in (None, "", record.posted.token_id)
            ):
                rows.append(self._order(record, seen))
        return _page(rows, query.get("next_cursor"))

    async def _get_trades(self, call: Call) -> object:
        query = dict(call.request.query)
        rows = [
            self._trade(trade, roles[0])
            for trade in reversed(self._venue.trades.by_id.values())
            if (roles := trade.parties_of(call.key.owner)) and self._is_wanted(trade, query)
        ]
        return _page(rows, query.get("next_cursor"))

    async def _builder_trades(self, request: web.Request) -> object:
        query = dict(request.query)
        code = query.get("builder_code", "").lower()
        rows = [
            builder_trade(trade, number, prefixes=self._options.prefixes_trades)
            for trade in reversed(self._venue.trades.by_id.values())
            if self._is_wanted(trade, query)
            for number in _carriers(trade, code)
        ]
        return _page(rows, query.get("next_cursor"))

    async def _builder_fees(self, request: web.Request) -> object:
        fees_bps = self._venue.trades.builders.get(request.match_info["code"].lower())
        if fees_bps is None:
            raise Refused(404, "builder not found")
        maker, taker = fees_bps
        return {"builder_maker_fee_rate_bps": maker, "builder_taker_fee_rate_bps": taker}

    async def _get_balance(self, call: Call) -> object:
        return self._balance(call.request, call.key, is_update=False)

    async def _update_balance(self, call: Call) -> object:
        return self._balance(call.request, call.key, is_update=True)

    def _balance(self, request: web.Request, key: ApiKey, *, is_update: bool) -> object:
        query = request.query
        asset, token_id = query.get("asset_type", ""), query.get("token_id", "")
        if asset not in ASSETS:
            raise Refused(400, "assetType invalid")
        if asset == COLLATERAL:
            token_id = ""
        elif token_id not in self._venue.tokens:
            raise Refused(400, "Invalid token id")
        # The wallet follows from the key's address and the signature type: a wrong one shows 0.
        text = query.get("signature_type", "0")
        kind = int(text) if text.isascii() and text.isdecimal() else 0
        address, *_ = (*self._venue.accounts.wallets_of(key.owner, kind), "")
        wallet = self._venue.ledger.get(address) or Wallet(address, key.owner)
        place = (address, token_id)
        if is_update or not self._options.caches_balances or place not in self._balances:
            now_ns = self._venue.clock.now_ns()
            cash_micros = max(0, wallet.cash_micros)
            self._balances[place] = wallet.visible_e6(token_id, now_ns) if token_id else cash_micros
        return {
            "balance": str(self._balances[place]),
            "allowances": {
                exchange: str(wallet.allowance(exchange, of_tokens=asset != COLLATERAL))
                for exchange in self._exchanges(asset)
            },
        }

    def _exchanges(self, asset: str) -> tuple[str, ...]:
        positions = EXCHANGE_POSITIONS[self._options.chain_id]
        if asset == "CONDITIONAL-V2":
            return (positions,)
        standard = (EXCHANGE_STANDARD, EXCHANGE_NEG_RISK)
        return (*standard, positions) if asset == COLLATERAL else standard

    def _order(self, record: OrderRecord, seen: tuple[str, int]) -> dict[str, object]:
        body = record.to_rest(*seen)
        if self._options.prefixes_orders:
            body["status"] = f"ORDER_STATUS_{body['status']}"
        return body

    def _trade(self, trade: Trade, role: str) -> dict[str, object]:
        prefix = "TRADE_STATUS_" if self._options.prefixes_trades else ""
        return {**trade.to_json(role), "status": f"{prefix}{trade.status}"}

    def _seen(self, record: OrderRecord) -> tuple[str, int] | None:
        """Return (status, matched size) as a read shows them now, None when it does not yet."""
        seen = record.as_of(self._seen_ns())
        if seen is None and self._options.lagging_order == "unfilled":
            return "LIVE", 0
        return seen

    def _is_wanted(self, trade: Trade, query: dict[str, str]) -> bool:
        after_s, before_s = _second(query.get("after")), _second(query.get("before"))
        match_s = trade.match_ns // NS_PER_S
        tokens = trade.market.spec.token_ids
        assets = (tokens[trade.taker.token], tokens[trade.maker.token])
        addresses = (trade.taker.address.lower(), trade.maker.address.lower())
        return (
            trade.match_ns <= self._seen_ns()
            and (after_s is None or match_s >= after_s)
            and (before_s is None or match_s <= before_s)
            and query.get("id", trade.trade_id) == trade.trade_id
            and query.get("market", trade.market.condition_id) == trade.market.condition_id
            and query.get("asset_id", assets[0]) in assets
            and query.get("maker_address", addresses[0]).lower() in addresses
        )

    def _seen_ns(self) -> int:
        return self._venue.clock.now_ns() - self._options.read_lag_ms * NS_PER_MS


def _is_open(status: str) -> bool:
    return status in ("LIVE", "DELAYED", "UNMATCHED")


def _carriers(trade: Trade, code: str) -> list[int]:
    """Return which parties of a trade carry this builder code: 0 the taker, 1 the maker."""
    return [
        number
        for number, party in enumerate((trade.taker, trade.maker))
        if party.record is not None and code == "0x" + party.record.posted.struct.builder.hex()
    ]


def _page(rows: Sequence[object], cursor: str | None) -> dict[str, object]:
    start = 0
    if cursor:
        try:
            start = int(base64.b64decode(cursor, validate=True))
        except (binascii.Error, ValueError) as error:
            raise Refused(400, "invalid next_cursor") from error
    chosen = rows[start : start + PAGE] if start >= 0 else []
    end = start + PAGE
    is_last = start < 0 or end >= len(rows)
    return {
        "limit": PAGE,
        "next_cursor": CURSOR_END if is_last else base64.b64encode(str(end).encode()).decode(),
        "count": len(chosen),
        "data": chosen,
    }


def _second(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None
