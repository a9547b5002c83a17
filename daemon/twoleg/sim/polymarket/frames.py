"""The events of the market channel as the wire writes them. Books write themselves.

Shapes: docs.polymarket.com market-channel (2026-08-21) and captured live frames up to 2026-10. All
numbers are strings.
"""

from twoleg.sim.exchange import ONE_E4, Change, Match
from twoleg.sim.polymarket.feed_options import EmptyTop
from twoleg.sim.polymarket.shapes import event_id, fee_schedule, rfc3339, tags_of
from twoleg.sim.polymarket.state import Market
from twoleg.sim.polymarket.wire import price_text, size_text

Event = dict[str, object]


def change_entry(
    market: Market, token: int, change: Change, *, book_hash: str, empty_top: EmptyTop
) -> dict[str, str]:
    """Return one token's entry of a price_change; the book is already that after the change."""
    is_first = token == 0
    price_e4 = change.price_e4 if is_first else ONE_E4 - change.price_e4
    bid_e4, ask_e4 = market.book.top(token)
    blanks = empty_top == "blank"
    return {
        "asset_id": market.spec.token_ids[token],
        "price": price_text(price_e4),
        # The new total of the level as of this change, never a difference.
        "size": size_text(market.book.size_e6(change.side, change.price_e4)),
        "side": "BUY" if (change.side == "bid") == is_first else "SELL",
        "hash": book_hash,
        "best_bid": _top_text(bid_e4, "" if blanks else "0"),
        "best_ask": _top_text(ask_e4, "" if blanks else "1"),
    }


def price_change(market: Market, entries: list[dict[str, str]], ts_ms: int) -> Event:
    """Return the event of one level's new total, with an entry for each token."""
    return {
        "event_type": "price_change",
        "market": market.condition_id,
        "timestamp": str(ts_ms),
        "price_changes": entries,
    }


def trade_event(market: Market, token: int, taker_side: str, match: Match, ts_ms: int) -> Event:
    """Return last_trade_price of one execution, in the terms of the taker's token."""
    price_e4 = match.price_e4 if token == 0 else ONE_E4 - match.price_e4
    return {
        "event_type": "last_trade_price",
        "market": market.condition_id,
        "asset_id": market.spec.token_ids[token],
        "price": price_text(price_e4),
        "size": size_text(match.size_e6),
        "side": taker_side,
        "fee_rate_bps": "0",
        "timestamp": str(ts_ms),
    }


def tick_event(market: Market, token: int, old_tick_e4: int, ts_ms: int) -> Event:
    """Return tick_size_change; the book has the new tick."""
    return {
        "event_type": "tick_size_change",
        "market": market.condition_id,
        "asset_id": market.spec.token_ids[token],
        "old_tick_size": price_text(old_tick_e4),
        "new_tick_size": price_text(market.book.tick_e4),
        "timestamp": str(ts_ms),
    }


def top_event(market: Market, token: int, ts_ms: int) -> Event:
    """Return best_bid_ask; what an empty side leaves open is ""."""
    bid_e4, ask_e4 = market.book.top(token)
    spread = "" if bid_e4 is None or ask_e4 is None else price_text(ask_e4 - bid_e4)
    return {
        "event_type": "best_bid_ask",
        "market": market.condition_id,
        "asset_id": market.spec.token_ids[token],
        "best_bid": _top_text(bid_e4, ""),
        "best_ask": _top_text(ask_e4, ""),
        "spread": spread,
        "timestamp": str(ts_ms),
    }


def resolution_event(market: Market, winner: int, ts_ms: int) -> Event:
    """Return market_resolved; `winner` is the token's index."""
    return {
        "event_type": "market_resolved",
        "id": market.spec.market_id,
        "market": market.condition_id,
        "assets_ids": list(market.spec.token_ids),
        "winning_asset_id": market.spec.token_ids[winner],
        "winning_outcome": market.spec.outcomes[winner],
        "timestamp": str(ts_ms),
        "tags": [label for _, label, _ in tags_of(market)],
    }


def new_market_event(market: Market, ts_ms: int) -> Event:
    """Return new_market, sent when discovery begins to show a market."""
    spec = market.spec
    event = spec.event
    schedule = fee_schedule(spec)
    return {
        "event_type": "new_market",
        "id": spec.market_id,
        "question": spec.question,
        "market": market.condition_id,
        "slug": spec.slug,
        "description": spec.description,
        "assets_ids": list(spec.token_ids),
        "outcomes": list(spec.outcomes),
        "event_message": {
            "id": event_id(market),
            "ticker": spec.slug if event is None else event.slug,
            "slug": spec.slug if event is None else event.slug,
            "title": spec.question if event is None else event.title,
            "description": spec.description,
        },
        "timestamp": str(ts_ms),
        "tags": [label for _, label, _ in tags_of(market)],
        "condition_id": market.condition_id,
        "active": True,
        "clob_token_ids": list(spec.token_ids),
        "sports_market_type": spec.sports_type,
        "line": "",
        "game_start_time": ""
        if market.game_start_ts_s is None
        else rfc3339(market.game_start_ts_s),
        "order_price_min_tick_size": price_text(market.book.tick_e4),
        "group_item_title": spec.group_item_title,
        "taker_base_fee": "1000" if schedule else "0",
        "fees_enabled": schedule is not None,
        "fee_schedule": schedule
        and {
            "exponent": str(spec.fee_exponent),
            "rate": price_text(spec.fee_rate_e4),
            "taker_only": True,
            "rebate_rate": str(schedule["rebateRate"]),
        },
    }


def _top_text(price_e4: int | None, empty: str) -> str:
    return empty if price_e4 is None else price_text(price_e4)
