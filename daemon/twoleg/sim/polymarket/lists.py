"""The CLOB's descriptions of markets: whole, simplified, compact, one by one and in lists.

Shapes: docs.polymarket.com get-clob-market-info and clients/public, read 2026-11-22.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from aiohttp import web

from twoleg.sim.polymarket.options import PolymarketOptions
from twoleg.sim.polymarket.pages import page_of
from twoleg.sim.polymarket.shapes import START_TS_S, fee_cap_bps, rfc3339, tags_of
from twoleg.sim.polymarket.shelf import PolymarketShelf
from twoleg.sim.polymarket.state import Market
from twoleg.sim.polymarket.wire import Refused, guarded, number

MARKET_UNKNOWN: Final = "market not found"
# What a market pays to resting orders; the same invented terms for all.
REWARDS: Final[Mapping[str, object]] = {"rates": None, "min_size": 20, "max_spread": 3}

Row = dict[str, object]


class ListApi:
    """Serves what the CLOB knows of markets."""

    def __init__(
        self,
        markets: Mapping[str, Market],
        shelf: PolymarketShelf,
        *,
        options: PolymarketOptions,
    ) -> None:
        self._markets = markets
        # Invented markets: known one by one, in no list.
        self._shelf = shelf
        self._options = options

    def add_routes(self, app: web.Application) -> None:
        """Register the endpoints."""
        lists: tuple[tuple[str, Callable[[Market], Row], bool], ...] = (
            ("/markets", market_json, False),
            ("/simplified-markets", simplified_json, False),
            ("/sampling-markets", market_json, True),
            ("/sampling-simplified-markets", simplified_json, True),
        )
        for path, shape, is_sampling in lists:
            handler = self._list(shape, is_sampling=is_sampling)
            app.router.add_get(path, guarded(handler))
        app.router.add_get("/markets/{condition_id}", guarded(self._market))
        app.router.add_get("/clob-markets/{condition_id}", guarded(self._compact))

    def _list(
        self, shape: Callable[[Market], Row], *, is_sampling: bool
    ) -> Callable[[web.Request], Awaitable[object]]:
        async def serve(request: web.Request) -> object:
            # Sampling markets are those that reward resting orders: open ones, here.
            rows = [
                shape(market)
                for market in self._markets.values()
                if market.is_listed and (market.status == "open" or not is_sampling)
            ]
            return page_of(rows, request.query.get("next_cursor"), self._options.clob_page)

        return serve

    async def _market(self, request: web.Request) -> object:
        return market_json(self._named(request))

    async def _compact(self, request: web.Request) -> object:
        body = compact_json(self._named(request))
        if not self._options.compact_omits_false:
            return body
        return {name: value for name, value in body.items() if value is not False}

    def _named(self, request: web.Request) -> Market:
        wanted = request.match_info["condition_id"]
        market = self._markets.get(wanted)
        row = self._shelf.find(wanted) if market is None else None
        if row is not None:
            return self._shelf.market(row)
        if market is None or not market.is_listed:
            raise Refused(404, MARKET_UNKNOWN)
        return market


def market_json(market: Market) -> Row:
    """Return a market as GET /markets tells it."""
    spec = market.spec
    start_ts_s = market.game_start_ts_s
    group = spec.event.neg_risk_market_id if spec.event is not None else ""
    return {
        "condition_id": market.condition_id,
        "question_id": spec.question_id,
        "question": spec.question,
        "description": spec.description,
        "market_slug": spec.slug,
        "end_date_iso": rfc3339(spec.close_ts_s),
        "game_start_time": None if start_ts_s is None else rfc3339(start_ts_s),
        "active": True,
        "closed": not market.has_book,
        "archived": False,
        "accepting_orders": market.status == "open",
        "accepting_order_timestamp": rfc3339(START_TS_S),
        "enable_order_book": True,
        "minimum_order_size": number(market.book.min_size_e6, 6),
        "minimum_tick_size": number(market.book.tick_e4, 4),
        "seconds_delay": market.delay_s,
        "neg_risk": spec.neg_risk,
        "neg_risk_market_id": (group or spec.question_id) if spec.neg_risk else "",
        "neg_risk_request_id": spec.question_id if spec.neg_risk else "",
        "is_50_50_outcome": False,
        "notifications_enabled": True,
        "maker_base_fee": fee_cap_bps(market),
        "taker_base_fee": fee_cap_bps(market),
        "fpmm": "",
        "icon": "",
        "image": "",
        "rewards": REWARDS,
        "tags": [label for _, label, _ in tags_of(market)],
        "tokens": _tokens_json(market),
    }


def simplified_json(market: Market) -> Row:
    """Return a market as GET /simplified-markets tells it."""
    return {
        "condition_id": market.condition_id,
        "rewards": REWARDS,
        "tokens": _tokens_json(market),
        "active": True,
        "closed": not market.has_book,
        "archived": False,
        "accepting_orders": market.status == "open",
    }


def compact_json(market: Market) -> Row:
    """Return a market as GET /clob-markets tells it: short names, none where nothing is to say."""
    spec = market.spec
    body: Row = {
        "c": market.condition_id,
        "t": [
            {"t": token, "o": outcome}
            for token, outcome in zip(spec.token_ids, spec.outcomes, strict=True)
        ],
        "mos": number(market.book.min_size_e6, 6),
        "mts": number(market.book.tick_e4, 4),
        "mbf": fee_cap_bps(market),
        "tbf": fee_cap_bps(market),
        "ao": market.status == "open",
        # Whether the book is cleared when the game starts.
        "cbos": market.game_start_ts_s is not None,
        "itode": market.taker_delay_ms > 0,
        # Told by the venue; nothing here depends on them.
        "oas": 0,
        "rfqe": False,
        "ibce": False,
        "aot": rfc3339(START_TS_S),
        "r": REWARDS,
        "v": spec.version,
    }
    if spec.neg_risk:
        body["nr"] = True
    if market.game_start_ts_s is not None:
        body["gst"] = rfc3339(market.game_start_ts_s)
    if spec.fee_rate_e4:
        body["fd"] = {"r": number(spec.fee_rate_e4, 4), "e": spec.fee_exponent, "to": True}
    return body


def _tokens_json(market: Market) -> list[Row]:
    return [
        {
            "token_id": token_id,
            "outcome": market.spec.outcomes[index],
            "price": number(market.book.top(index)[0] or 0, 4),
            "winner": market.winner == index,
        }
        for index, token_id in enumerate(market.spec.token_ids)
    ]
