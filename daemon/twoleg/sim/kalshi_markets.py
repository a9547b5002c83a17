"""Kalshi's catalogue: markets, events, series and their state, as the public reads show them.

Kalshi docs, openapi 3.34.0 (Market, EventData, Series), 2026-10: every required field is present.
"""

from dataclasses import dataclass, field
from typing import Final

from twoleg.sim.exchange import ONE_E4, Exchange
from twoleg.sim.grid import Grid
from twoleg.sim.kalshi_text import count_text, price_text, time_text
from twoleg.sim.world import PairSpec

# 2026-01-01T00:00:00Z: when all simulated markets were created and opened.
OPEN_TS_S: Final = 1_767_225_600
# The filter's words for a market's status.
STATUS_FILTERS: Final = {
    "unopened": ("initialized",),
    "open": ("active",),
    "paused": ("inactive",),
    "closed": ("closed", "determined"),
    "settled": ("finalized",),
}


@dataclass(slots=True)
class MarketState:
    """One market: its description, its book, and what changes with trading."""

    pair: PairSpec
    exchange: Exchange
    status_set: str = "active"
    last_price_e4: int = 0
    last_size_e6: int = 0
    volume_e6: int = 0
    # Rises with every change of the book; equal for the deltas of one action.
    clock: int = 0
    # Set by an update of status.
    updated_ts_s: int = OPEN_TS_S
    # Best prices and sizes when the ticker channel last spoke.
    ticker_top: tuple[int, ...] = field(default=())

    @property
    def ticker(self) -> str:
        """Return the market's ticker."""
        return self.pair.kalshi.ticker

    @property
    def shard(self) -> int:
        """Return the exchange index."""
        return self.pair.kalshi.exchange_index

    @property
    def grid(self) -> Grid:
        """Return the price grid."""
        return self.pair.kalshi.grid

    def status(self, now_s: int) -> str:
        """Return the status; an open market closes by the clock."""
        is_over = now_s >= self.pair.close_ts_s and self.status_set in ("active", "inactive")
        return "closed" if is_over else self.status_set

    def top(self) -> tuple[int, int, int, int]:
        """Return best bid, its size, best ask, its size; 0 and 1 with size 0 for an empty side."""
        bid_e4, ask_e4 = self.exchange.best("bid"), self.exchange.best("ask")
        return (
            0 if bid_e4 is None else bid_e4,
            0 if bid_e4 is None else self.exchange.size_at("bid", bid_e4),
            ONE_E4 if ask_e4 is None else ask_e4,
            0 if ask_e4 is None else self.exchange.size_at("ask", ask_e4),
        )

    def to_json(self, now_s: int, open_interest_e6: int) -> dict[str, object]:
        """Return the Market object."""
        described = self.pair.kalshi
        return {
            "ticker": described.ticker,
            "event_ticker": described.event_ticker,
            "market_type": "binary",
            "title": described.title,
            "subtitle": "",
            "yes_sub_title": described.yes_sub_title,
            "no_sub_title": described.no_sub_title,
            **self._times(),
            "settlement_timer_seconds": 1_800,
            "status": self.status(now_s),
            **self._trading(open_interest_e6),
            "notional_value_dollars": "1.0000",
            "result": "",
            "settlement_bounds_type": "default",
            "can_close_early": True,
            "early_close_condition": "This market will close and expire early if the event occurs.",
            "expiration_value": "",
            "rules_primary": described.rules,
            "rules_secondary": "",
            "strike_type": "custom",
            "price_level_structure": described.grid.label,
            "price_ranges": price_ranges(described.grid),
            "exchange_index": described.exchange_index,
        }

    def book_json(self, depth: int = 0) -> dict[str, object]:
        """Return the REST orderbook: bids of both outcomes, worst first; depth 0 means all."""
        bids, asks = self.exchange.levels("bid"), self.exchange.levels("ask")
        return {
            "yes_dollars": [
                [price_text(price), count_text(size)] for price, size in bids[: depth or None][::-1]
            ],
            "no_dollars": [
                [price_text(ONE_E4 - price), count_text(size)]
                for price, size in asks[: depth or None][::-1]
            ],
        }

    def _times(self) -> dict[str, object]:
        close = time_text(self.pair.close_ts_s * 1_000_000)
        opened = time_text(OPEN_TS_S * 1_000_000)
        return {
            "created_time": opened,
            "updated_time": time_text(self.updated_ts_s * 1_000_000),
            "open_time": opened,
            "close_time": close,
            "latest_expiration_time": close,
            "expected_expiration_time": close,
        }

    def _trading(self, open_interest_e6: int) -> dict[str, object]:
        bid_e4, bid_size_e6, ask_e4, ask_size_e6 = self.top()
        return {
            "yes_bid_dollars": price_text(bid_e4),
            "yes_ask_dollars": price_text(ask_e4),
            "no_bid_dollars": price_text(ONE_E4 - ask_e4),
            "no_ask_dollars": price_text(ONE_E4 - bid_e4),
            "yes_bid_size_fp": count_text(bid_size_e6),
            "yes_ask_size_fp": count_text(ask_size_e6),
            "last_price_dollars": price_text(self.last_price_e4),
            "previous_price_dollars": price_text(0),
            "previous_yes_bid_dollars": price_text(0),
            "previous_yes_ask_dollars": price_text(0),
            "volume_fp": count_text(self.volume_e6),
            "volume_24h_fp": count_text(self.volume_e6),
            "open_interest_fp": count_text(open_interest_e6),
        }


def price_ranges(grid: Grid) -> list[dict[str, str]]:
    """Return the bands as Kalshi writes them."""
    return [
        {
            "start": price_text(band.start_e4),
            "end": price_text(band.end_e4),
            "step": price_text(band.step_e4),
        }
        for band in grid.bands
    ]


def event_json(pair: PairSpec) -> dict[str, object]:
    """Return the EventData of a pair's event, without markets."""
    described = pair.kalshi
    return {
        "event_ticker": described.event_ticker,
        "series_ticker": described.series_ticker,
        "title": described.title,
        "sub_title": described.yes_sub_title,
        "collateral_return_type": "",
        "mutually_exclusive": False,
        "settlement_sources": [{"name": "simulated", "url": "https://example.invalid/"}],
        "category": described.category,
        "exchange_index": described.exchange_index,
    }


def series_json(pair: PairSpec) -> dict[str, object]:
    """Return the Series of a pair."""
    described = pair.kalshi
    return {
        "ticker": described.series_ticker,
        "frequency": "custom",
        "title": described.series_ticker,
        "category": described.category,
        "categories": [described.category],
        "tags": [],
        "settlement_sources": [{"name": "simulated", "url": "https://example.invalid/"}],
        "contract_url": "https://example.invalid/contract",
        "contract_terms_url": "https://example.invalid/terms",
        "fee_type": described.fee_type,
        # The one place where the protocol has a JSON number for a rate.
        "fee_multiplier": described.fee_multiplier_e4 / 10_000,
        "additional_prohibitions": [],
        "exchange_index": described.exchange_index,
    }
