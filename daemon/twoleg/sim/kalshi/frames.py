"""The messages of Kalshi's WebSocket frames, without envelope.

Kalshi docs, asyncapi 2.0.0, 2026-10. Deprecated fields are still sent, as they still are by Kalshi.
"""

from typing import Final

from twoleg.sim.exchange import ONE_E4, Change, Match, Side
from twoleg.sim.kalshi.ledger import Position
from twoleg.sim.kalshi.markets import MarketState, price_ranges
from twoleg.sim.kalshi.text import count_text, money_text, price_text, time_text

Message = dict[str, object]

_MICROS: Final = 1_000_000


def book_message(
    market: MarketState, *, use_yes_price: bool, has_clock: bool, is_best_last: bool
) -> Message:
    """Return a market's whole book; a side without levels has no key."""
    message: Message = {"market_ticker": market.ticker, "market_id": market.market_id}
    if has_clock:
        message["clock"] = market.clock
    step = -1 if is_best_last else 1
    bids = market.exchange.levels("bid")[::step]
    asks = market.exchange.levels("ask")[::step]
    if bids:
        message["yes_dollars_fp"] = [[price_text(p), count_text(size)] for p, size in bids]
    if asks:
        message["no_dollars_fp"] = [
            [price_text(p if use_yes_price else ONE_E4 - p), count_text(size)] for p, size in asks
        ]
    return message


def delta_message(
    market: MarketState, change: Change, *, clock: int | None, ts_ms: int, use_yes_price: bool
) -> Message:
    """Return a level's change; `clock` is left out when None."""
    is_own = change.side == "bid" or use_yes_price
    message: Message = {"market_ticker": market.ticker, "market_id": market.market_id}
    if clock is not None:
        message["clock"] = clock
    return {
        **message,
        "price_dollars": price_text(change.price_e4 if is_own else ONE_E4 - change.price_e4),
        "delta_fp": count_text(change.delta_e6),
        "side": "yes" if change.side == "bid" else "no",
        "ts": time_text(ts_ms * 1_000),
        "ts_ms": ts_ms,
    }


def ticker_message(market: MarketState, open_interest_e6: int, ts_ms: int) -> Message:
    """Return best prices, last trade and volumes of a market."""
    bid_e4, bid_size_e6, ask_e4, ask_size_e6 = market.top()
    return {
        "market_id": market.market_id,
        "market_ticker": market.ticker,
        "price_dollars": price_text(market.last_price_e4),
        "yes_bid_dollars": price_text(bid_e4),
        "yes_ask_dollars": price_text(ask_e4),
        "yes_bid_size_fp": count_text(bid_size_e6),
        "yes_ask_size_fp": count_text(ask_size_e6),
        "last_trade_size_fp": count_text(market.last_size_e6),
        "volume_fp": count_text(market.volume_e6),
        "open_interest_fp": count_text(open_interest_e6),
        "dollar_volume": market.volume_e6 // _MICROS,
        "dollar_open_interest": open_interest_e6 // _MICROS,
        "ts": ts_ms // 1_000,
        "ts_ms": ts_ms,
        "time": time_text(ts_ms * 1_000),
    }


def trade_message(
    market: MarketState, trade_id: str, taker_side: Side, match: Match, ts_ms: int
) -> Message:
    """Return an execution as everyone sees it."""
    outcome = "yes" if taker_side == "bid" else "no"
    return {
        "trade_id": trade_id,
        "market_ticker": market.ticker,
        "yes_price_dollars": price_text(match.price_e4),
        "no_price_dollars": price_text(ONE_E4 - match.price_e4),
        "count_fp": count_text(match.size_e6),
        "taker_side": outcome,
        "taker_outcome_side": outcome,
        "taker_book_side": taker_side,
        "is_block_trade": False,
        "ts": ts_ms // 1_000,
        "ts_ms": ts_ms,
    }


def position_message(
    ticker: str, user_id: str, position: Position, *, volume_e6: int, subaccount: int
) -> Message:
    """Return a holding as its owner sees it; cost and its fees are those of what is still held."""
    return {
        "user_id": user_id,
        "market_ticker": ticker,
        "position_fp": count_text(position.size_e6),
        "position_cost_dollars": money_text(position.exposure_micros),
        "realized_pnl_dollars": money_text(position.realized_micros),
        "fees_paid_dollars": money_text(position.fees_micros),
        "position_fee_cost_dollars": money_text(position.fees_micros if position.size_e6 else 0),
        "volume_fp": count_text(volume_e6),
        "subaccount": subaccount,
    }


def metadata(market: MarketState) -> Message:
    """Return what `created` tells about a market."""
    described = market.pair.kalshi
    return {
        "name": described.yes_sub_title,
        "title": described.title,
        "yes_sub_title": described.yes_sub_title,
        "no_sub_title": described.no_sub_title,
        "rules_primary": described.rules,
        "rules_secondary": "",
        "can_close_early": True,
        "event_ticker": described.event_ticker,
        "expected_expiration_ts": market.pair.close_ts_s,
        "strike_type": "custom",
    }


def created_message(market: MarketState) -> Message:
    """Return the fields of a new market's `created` event; only this one names the instance."""
    grid = market.grid
    return {
        "open_ts": market.open_ts_s,
        "close_ts": market.pair.close_ts_s,
        "price_level_structure": grid.label,
        "price_ranges": price_ranges(grid),
        "exchange_index": market.shard,
        "additional_metadata": metadata(market),
    }


def event_message(market: MarketState) -> Message:
    """Return the message of a new event."""
    described = market.pair.kalshi
    return {
        "event_ticker": described.event_ticker,
        "exchange_index": market.shard,
        "series_ticker": described.series_ticker,
        "title": described.title,
        "subtitle": described.yes_sub_title,
        "collateral_return_type": "",
    }
