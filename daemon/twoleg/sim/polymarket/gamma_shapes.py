"""Markets and events as Gamma writes them.

Fields: docs.polymarket.com gamma pages (2026-08-21) and live samples of 2026-10. Outcomes, prices
and token ids are JSON arrays inside a string; positionIds is a real array.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from twoleg.sim.exchange import ONE_E4
from twoleg.sim.polymarket.shapes import (
    START_TS_S,
    event_id,
    fee_cap_bps,
    fee_schedule,
    rfc3339,
    tags_of,
)
from twoleg.sim.polymarket.state import Market
from twoleg.sim.polymarket.wire import number, price_text

FEE_TYPES = {"Crypto": "crypto_fees_v2", "Sports": "sports_fees_v3"}

Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Quotes:
    """What Gamma knows of a book; it may be old."""

    bid_e4: int | None
    ask_e4: int | None
    last_e4: int | None
    tick_e4: int
    min_size_e6: int


def quotes_of(market: Market) -> Quotes:
    """Return what the book says now."""
    bid_e4, ask_e4 = market.book.top(0)
    book = market.book
    return Quotes(bid_e4, ask_e4, book.last_trade_e4, book.tick_e4, book.min_size_e6)


def bare_market(market: Market, quotes: Quotes, *, has_tags: bool = False) -> Row:
    """Return a market without its parent event, as events nest it."""
    spec = market.spec
    start_ts_s = market.game_start_ts_s
    row: Row = {
        "id": spec.market_id,
        "conditionId": market.condition_id,
        "questionID": spec.question_id,
        "slug": spec.slug,
        "question": spec.question,
        "groupItemTitle": spec.group_item_title,
        "description": spec.description,
        "resolutionSource": "",
        "createdAt": rfc3339(START_TS_S),
        "updatedAt": rfc3339(START_TS_S),
        "startDate": rfc3339(START_TS_S),
        "endDate": rfc3339(spec.close_ts_s),
        "outcomes": json.dumps(spec.outcomes),
        **_tokens(market),
        "category": spec.category,
        "active": not spec.is_placeholder,
        "closed": market.is_closed,
        "archived": False,
        "restricted": False,
        "acceptingOrders": market.status == "open",
        "enableOrderBook": not spec.is_placeholder,
        "umaResolutionStatus": market.uma_status,
        "negRisk": spec.neg_risk,
        "negRiskMarketID": _group_id(market),
        "negRiskOther": spec.is_neg_risk_other,
        "secondsDelay": market.delay_s,
        "volumeNum": 250_000 - market.rank,
        "volume24hr": 25_000 - market.rank,
        "liquidityNum": 50_000 - market.rank,
        **_quotes(market, quotes),
        **_fees(market),
    }
    if start_ts_s is not None:
        row["gameStartTime"] = rfc3339(start_ts_s)
    if spec.sports_type:
        row |= {"sportsMarketType": spec.sports_type, "gameId": event_id(market)}
    if has_tags:
        row["tags"] = tags_json(market)
    return row


def event_json(markets: Sequence[Market]) -> Row:
    """Return the event of these markets, all of one event, without them."""
    market = markets[0]
    spec, event = market.spec, market.spec.event
    slug = spec.slug if event is None else event.slug
    series = "" if event is None else event.series_id
    live = [m for m in markets if not m.spec.is_placeholder]
    return {
        "id": event_id(market),
        "ticker": slug,
        "slug": slug,
        "title": spec.question if event is None else event.title,
        "description": spec.description,
        "category": spec.category,
        "createdAt": rfc3339(START_TS_S),
        "updatedAt": rfc3339(START_TS_S),
        "startDate": rfc3339(START_TS_S),
        "endDate": rfc3339(spec.close_ts_s),
        "active": True,
        "closed": all(m.is_closed for m in live),
        "archived": False,
        "restricted": False,
        "negRisk": spec.neg_risk,
        "enableNegRisk": spec.neg_risk,
        "negRiskAugmented": event is not None and event.is_augmented,
        "negRiskMarketID": _group_id(market),
        "liquidity": sum(50_000 - m.rank for m in live),
        "volume": sum(250_000 - m.rank for m in live),
        "volume24hr": sum(25_000 - m.rank for m in live),
        "series": [{"id": series, "slug": slug, "title": slug}] if series else [],
        "tags": tags_json(market),
    }


def tags_json(market: Market) -> list[Row]:
    """Return a market's tags."""
    return [
        {"id": number_, "label": label, "slug": slug} for number_, label, slug in tags_of(market)
    ]


def _group_id(market: Market) -> str:
    spec = market.spec
    if not spec.neg_risk:
        return ""
    return spec.question_id if spec.event is None else spec.event.neg_risk_market_id


def _tokens(market: Market) -> Row:
    # Presence of a field does not tell the protocol, `version` does.
    tokens = market.spec.token_ids
    if market.spec.version == "v2":
        return {"version": "v2", "clobTokenIds": None, "positionIds": list(tokens)}
    return {"version": "v1", "clobTokenIds": json.dumps(tokens)}


def _quotes(market: Market, quotes: Quotes) -> Row:
    bid_e4, ask_e4 = quotes.bid_e4, quotes.ask_e4
    middle_e4 = 5_000 if bid_e4 is None or ask_e4 is None else (bid_e4 + ask_e4) // 2
    if market.winner is not None:
        middle_e4 = ONE_E4 if market.winner == 0 else 0
    best_bid_e4, best_ask_e4 = bid_e4 or 0, ONE_E4 if ask_e4 is None else ask_e4
    return {
        "outcomePrices": json.dumps([price_text(middle_e4), price_text(ONE_E4 - middle_e4)]),
        "orderMinSize": number(quotes.min_size_e6, 6),
        "orderPriceMinTickSize": number(quotes.tick_e4, 4),
        "bestBid": number(best_bid_e4, 4),
        "bestAsk": number(best_ask_e4, 4),
        "spread": number(best_ask_e4 - best_bid_e4, 4),
        "lastTradePrice": number(quotes.last_e4 or 0, 4),
    }


def _fees(market: Market) -> Row:
    cap_bps = fee_cap_bps(market)
    caps: Row = {"takerBaseFee": cap_bps, "makerBaseFee": cap_bps}
    schedule = fee_schedule(market.spec)
    if schedule is None:
        return {"feesEnabled": False, **caps}
    fee_type = FEE_TYPES.get(market.spec.category, "general_fees")
    return {"feesEnabled": True, "feeType": fee_type, "feeSchedule": schedule, **caps}


def sort_value(row: Row, name: str) -> int | Decimal | str | bool:
    """Return a row's value to sort by; a missing one comes first."""
    value = row.get(name)
    if name == "id":
        return int(str(value))
    return value if isinstance(value, int | Decimal | str) else 0
