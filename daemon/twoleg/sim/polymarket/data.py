"""The Data API of the simulated Polymarket: positions, trades and activity of an address.

Two generations are served: bare lists with offsets (docs.polymarket.com data-api pages, 2026-08-21)
and, under /v2, envelopes with cursors (polymarket-client 0.14.0, read 2026-11-22). Anyone may ask
about any address; unknown ones have nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from aiohttp import web

from twoleg.sim.polymarket.data_shapes import (
    Holding,
    Row,
    act_v2_json,
    activity_json,
    activity_v2_json,
    position_json,
    position_v2_json,
    timestamp_of,
    trade_json,
    trade_v2_json,
)
from twoleg.sim.polymarket.ledger import Ledger
from twoleg.sim.polymarket.state import Market, Party, Trade
from twoleg.sim.polymarket.trades import Trades
from twoleg.sim.polymarket.wire import Refused, guarded

LIMIT_DEFAULT: Final = 100
LIMIT_MAX: Final = 500
LIMIT_V2_MAX: Final = 1_000
ACTIVITY_TYPES: Final = (
    "TRADE",
    "SPLIT",
    "MERGE",
    "REDEEM",
    "CONVERSION",
    "MIGRATION",
    "REWARD",
    "YIELD",
    "MAKER_REBATE",
    "TAKER_REBATE",
    "REFERRAL_REWARD",
    "DEPOSIT",
    "WITHDRAWAL",
    "TIP",
)
"""What /v2/activity may be asked for (docs.polymarket.com list-account-activity, 2026-11-23)."""
MONEY_MOVES: Final = ("DEPOSIT", "WITHDRAWAL")
STATUSES: Final = ("OPEN", "REDEEMABLE", "REDEEMABLE_LOST", "MERGEABLE", "CLOSED")


class DataApi:
    """Serves what the chain and the engine know of an address."""

    def __init__(self, markets: Mapping[str, Market], ledger: Ledger, trades: Trades) -> None:
        self._markets = markets
        self._ledger = ledger
        self._trades = trades

    def add_routes(self, app: web.Application, prefix: str) -> None:
        """Register the endpoints under `prefix`."""
        app.router.add_get(f"{prefix}/positions", guarded(self._positions))
        app.router.add_get(f"{prefix}/trades", guarded(self._list_trades))
        app.router.add_get(f"{prefix}/activity", guarded(self._activity))
        app.router.add_get(f"{prefix}/v2/positions", guarded(self._positions_v2))
        app.router.add_get(f"{prefix}/v2/trades", guarded(self._trades_v2))
        app.router.add_get(f"{prefix}/v2/activity", guarded(self._activity_v2))

    # -- bare lists --------------------------------------------------------------------------------

    async def _positions(self, request: web.Request) -> object:
        wanted = listed(request, "market")
        redeemable = request.query.get("redeemable")
        rows = [
            position_json(holding)
            for holding in self._holdings(request)
            if (not wanted or holding.market.condition_id in wanted)
            and (redeemable is None or (redeemable == "true") == holding.is_redeemable)
        ]
        return _cut(request, rows)

    async def _list_trades(self, request: web.Request) -> object:
        # Without the parameter, only the taker's side of each trade is told.
        taker_only = request.query.get("takerOnly", "true") == "true"
        wanted = listed(request, "market")
        return _cut(request, list(self._rows(request, trade_json, wanted, taker_only=taker_only)))

    async def _activity(self, request: web.Request) -> object:
        wanted = listed(request, "market")
        return _cut(request, list(self._rows(request, activity_json, wanted, taker_only=False)))

    # -- second generation -------------------------------------------------------------------------

    async def _positions_v2(self, request: web.Request) -> object:
        if not request.query.get("user"):
            raise Refused(400, "user is required")
        wanted = listed(request, "condition_id")
        status = request.query.get("status", "")
        if status and status not in STATUSES:
            raise Refused(400, "invalid status")
        rows = [
            position_v2_json(holding)
            for holding in self._holdings(request)
            if (not wanted or holding.market.condition_id in wanted) and holding.is_in(status)
        ]
        return data_page(request, rows)

    async def _trades_v2(self, request: web.Request) -> object:
        taker_only = request.query.get("taker_only", "true").lower() == "true"
        wanted = listed(request, "condition_id")
        rows = list(self._rows(request, trade_v2_json, wanted, taker_only=taker_only))
        return data_page(request, rows)

    async def _activity_v2(self, request: web.Request) -> object:
        if not request.query.get("user"):
            raise Refused(400, "user is required")
        wanted = listed(request, "condition_id")
        rows = list(self._rows(request, activity_v2_json, wanted, taker_only=False))
        wallet = self._ledger.get(request.query["user"])
        acts = wallet.acts if wallet is not None else []
        rows += [
            act_v2_json(request.query["user"], number, act)
            for number, act in enumerate(acts)
            if not wanted or act[1] in wanted
        ]
        types = _types(request)
        start, end = whole(request, "start", 0), whole(request, "end", 0)
        rows = [
            row
            for row in rows
            if row["type"] in types
            and start <= timestamp_of(row)
            and (not end or timestamp_of(row) <= end)
        ]
        # Newest first; the sort keeps what happened in one second in its order.
        return data_page(request, sorted(rows, key=timestamp_of, reverse=True))

    # -- what there is -----------------------------------------------------------------------------

    def _holdings(self, request: web.Request) -> Iterator[Holding]:
        wallet = self._ledger.get(request.query.get("user", ""))
        for market in self._markets.values() if wallet is not None else ():
            for token, token_id in enumerate(market.spec.token_ids):
                if wallet is not None and wallet.tokens_e6.get(token_id, 0) > 0:
                    yield Holding(wallet, market, token, self._bought(wallet.address, token_id))

    def _bought(self, address: str, token_id: str) -> tuple[int, int, int]:
        """Return shares bought, what they cost without fees, and the fees, in all."""
        size_e6 = cost_micros = fees_micros = 0
        for trade in self._trades.by_id.values():
            for entry in trade.entries if trade.status != "FAILED" else ():
                is_own = entry.wallet.lower() == address.lower()
                if is_own and entry.token_id == token_id and entry.size_e6 > 0:
                    size_e6 += entry.size_e6
                    cost_micros -= entry.cash_micros
                    fees_micros += entry.fee_micros
        return size_e6, cost_micros, fees_micros

    def _rows(
        self,
        request: web.Request,
        shape: Callable[[Trade, Party], Row],
        wanted: set[str],
        *,
        taker_only: bool,
    ) -> Iterator[Row]:
        """Yield rows newest first; trades that failed never were."""
        user = request.query.get("user", "").lower()
        for trade in reversed(self._trades.by_id.values()):
            for party in (trade.taker,) if taker_only else (trade.taker, trade.maker):
                if (
                    trade.status != "FAILED"
                    and user in ("", party.address.lower())
                    and (not wanted or trade.market.condition_id in wanted)
                ):
                    yield shape(trade, party)


def _types(request: web.Request) -> set[str]:
    """Return which types of activity are asked for; Refused (400) if one is none."""
    named = listed(request, "type")
    known: set[str] = set(ACTIVITY_TYPES)
    if not named <= known:
        raise Refused(400, "invalid type")
    # Tips are told only if they are named, money in and out only if it is not excluded.
    types = named or known - {"TIP"}
    is_excluding = request.query.get("exclude_deposits_withdrawals", "true").lower() != "false"
    return types - set(MONEY_MOVES) if is_excluding else types


def _cut(request: web.Request, rows: list[Row]) -> list[Row]:
    offset = whole(request, "offset", 0)
    return rows[offset : offset + min(whole(request, "limit", LIMIT_DEFAULT), LIMIT_MAX)]


def data_page(request: web.Request, rows: list[Row]) -> dict[str, object]:
    """Return the page that a request of the second generation asks for; Refused (400)."""
    cursor = request.query.get("cursor", "")
    if cursor and not cursor.isdecimal():
        raise Refused(400, "invalid cursor")
    start = int(cursor or 0)
    end = start + min(max(1, whole(request, "limit", LIMIT_DEFAULT)), LIMIT_V2_MAX)
    has_more = end < len(rows)
    return {
        "data": rows[start:end],
        "pagination": {"has_more": has_more, "next_cursor": str(end) if has_more else None},
    }


def whole(request: web.Request, name: str, default: int) -> int:
    """Return a whole number of the query, the default where it is none."""
    text = request.query.get(name, "")
    return int(text) if text.isdecimal() else default


def listed(request: web.Request, name: str) -> set[str]:
    """Return what a parameter lists, comma-separated."""
    return {part for part in request.query.get(name, "").split(",") if part}
