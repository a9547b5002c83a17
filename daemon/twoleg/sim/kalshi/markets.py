"""Kalshi's catalogue: markets, events, series and their state, as the public reads show them.

Kalshi docs, openapi 3.34.0 (Market, EventData, Series), 2026-10: every required field is present.
"""

from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final, Literal

from twoleg.sim.exchange import ONE_E4, Change, Exchange
from twoleg.sim.grid import Grid
from twoleg.sim.kalshi.fee_schedule import FREE, FeeSchedule, Terms, rate_number
from twoleg.sim.kalshi.text import count_text, price_text, time_text
from twoleg.sim.world import KalshiMarket

# 2026-01-01T00:00:00Z: when all simulated markets were created and opened.
OPEN_TS_S: Final = 1_767_225_600
# The filter's words for a market's status.
STATUS_FILTERS: Final = {
    "unopened": ("initialized",),
    "open": ("active",),
    "paused": ("inactive",),
    "closed": ("closed", "determined", "disputed", "amended"),
    "settled": ("finalized",),
}
# How long after its determination a market is settled.
SETTLEMENT_TIMER_S: Final = 1_800

MarketType = Literal["binary", "scalar"]


@dataclass(frozen=True, slots=True)
class Listing:
    """A market's description and when it closes; a pair of the world is one, too."""

    kalshi: KalshiMarket
    close_ts_s: int


@dataclass(slots=True)
class MarketState:
    """One market: its description, its book, and what changes with trading."""

    # What it is and when it closes; replaced as a whole when either changes.
    pair: Listing
    exchange: Exchange
    fees: FeeSchedule = field(default_factory=FeeSchedule)
    market_type: MarketType = "binary"
    # Until it opens, a market that is set active is `initialized`.
    status_set: str = "active"
    created_ts_s: int = OPEN_TS_S
    open_ts_s: int = OPEN_TS_S
    # Monotonic time from which REST knows the market.
    readable_ns: int = 0
    # Trades are free until then.
    waiver_ts_s: int | None = None
    # "yes", "no" or "scalar" once determined, what one YES pays, and when that was.
    result: str = ""
    value_e4: int | None = None
    determined_ts_s: int | None = None
    settled_ts_s: int | None = None
    # The least that a partially paid scalar market pays; None is a plain market.
    floor_e4: int | None = None
    last_price_e4: int = 0
    last_size_e6: int = 0
    volume_e6: int = 0
    # Actions of the book that the clock no longer counts: it goes back in a maintenance.
    clock_base: int = 0
    # The last change of a level, with its clock and time in ms.
    last_change: tuple[Change, int, int] | None = None
    # Last change that is not about trading.
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
    def market_id(self) -> str:
        """Return the market's UUID, which only the WebSocket uses."""
        return self.pair.kalshi.market_id

    @property
    def grid(self) -> Grid:
        """Return the price grid."""
        return self.pair.kalshi.grid

    @property
    def clock(self) -> int:
        """Return the clock of the book: it rises with every action, not with every delta."""
        return self.exchange.actions - self.clock_base

    def describe(self, described: KalshiMarket, now_s: int) -> None:
        """Change the description."""
        self.pair = replace(self.pair, kalshi=described)
        self.updated_ts_s = now_s

    def status(self, now_s: int) -> str:
        """Return the status; a market opens and closes by the clock."""
        if self.status_set not in ("active", "inactive"):
            return self.status_set
        if now_s >= self.pair.close_ts_s:
            return "closed"
        return "initialized" if now_s < self.open_ts_s else self.status_set

    def is_over(self, now_s: int) -> bool:
        """Tell whether no order operation is possible any more."""
        return self.status(now_s) not in ("initialized", "active", "inactive")

    def fee_terms(self, now_s: int, *, waiver_is_free: bool) -> Terms:
        """Return fee type and multiplier (1/10 000) of a trade that happens now."""
        is_waived = self.waiver_ts_s is not None and now_s < self.waiver_ts_s
        return FREE if is_waived and waiver_is_free else self.fees.terms(self.pair.kalshi, now_s)

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
            "market_type": self.market_type,
            "title": described.title,
            "subtitle": "",
            "yes_sub_title": described.yes_sub_title,
            "no_sub_title": described.no_sub_title,
            **self._times(),
            "settlement_timer_seconds": SETTLEMENT_TIMER_S,
            "status": self.status(now_s),
            **self._trading(open_interest_e6, is_initialized=self.status(now_s) == "initialized"),
            "notional_value_dollars": "1.0000",
            "result": self.result,
            **self._settlement(),
            "settlement_bounds_type": "default" if self.floor_e4 is None else "floor",
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

    def book_json(self, depth: int = 0, *, is_best_last: bool = True) -> dict[str, object]:
        """Return the REST orderbook: the best `depth` bids of both outcomes, 0 meaning all."""
        step = -1 if is_best_last else 1
        bids = self.exchange.levels("bid")[: depth or None][::step]
        asks = self.exchange.levels("ask")[: depth or None][::step]
        return {
            "yes_dollars": [[price_text(price), count_text(size)] for price, size in bids],
            "no_dollars": [[price_text(ONE_E4 - price), count_text(size)] for price, size in asks],
        }

    def _times(self) -> dict[str, object]:
        close = seconds_text(self.pair.close_ts_s)
        times: dict[str, object] = {
            "created_time": seconds_text(self.created_ts_s),
            "updated_time": seconds_text(self.updated_ts_s),
            "open_time": seconds_text(self.open_ts_s),
            "close_time": close,
            "latest_expiration_time": close,
            "expected_expiration_time": close,
        }
        if self.waiver_ts_s is not None:
            times["fee_waiver_expiration_time"] = seconds_text(self.waiver_ts_s)
        return times

    def _settlement(self) -> dict[str, object]:
        # Only after the determination; the time only once it has been paid.
        fields: dict[str, object] = {}
        if self.value_e4 is not None:
            fields["settlement_value_dollars"] = price_text(self.value_e4)
        if self.floor_e4 is not None:
            fields["settlement_floor_dollars"] = price_text(self.floor_e4)
        if self.settled_ts_s is not None:
            fields["settlement_ts"] = seconds_text(self.settled_ts_s)
        return fields

    def _trading(self, open_interest_e6: int, *, is_initialized: bool) -> dict[str, object]:
        # A market that has not opened shows a free YES that does not exist (captured 2026-06).
        bid_e4, bid_size_e6, ask_e4, ask_size_e6 = (0, 0, 0, 0) if is_initialized else self.top()
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


def event_json(market: MarketState, now_s: int) -> dict[str, object]:
    """Return the EventData of a market's event, without markets."""
    described = market.pair.kalshi
    event: dict[str, object] = {
        "event_ticker": described.event_ticker,
        "series_ticker": described.series_ticker,
        "title": described.title,
        "sub_title": described.yes_sub_title,
        "collateral_return_type": "",
        "mutually_exclusive": False,
        "settlement_sources": [{"name": "simulated", "url": "https://example.invalid/"}],
        "category": described.category,
        "last_updated_ts": seconds_text(market.updated_ts_s),
        "exchange_index": described.exchange_index,
    }
    override = market.fees.override(described, now_s)
    if override is not None:
        event["fee_type_override"] = override.fee_type
        event["fee_multiplier_override"] = rate_number(override.multiplier_e4)
    return event


def series_json(market: MarketState, now_s: int) -> dict[str, object]:
    """Return the Series of a market."""
    described = market.pair.kalshi
    fee_type, multiplier_e4 = market.fees.series_terms(described, now_s)
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
        "fee_type": fee_type,
        "fee_multiplier": rate_number(multiplier_e4),
        "additional_prohibitions": [],
        "exchange_index": described.exchange_index,
    }


@lru_cache(maxsize=4_096)
def seconds_text(ts_s: int) -> str:
    """Write a time in seconds as RFC 3339 in UTC."""
    return time_text(ts_s * 1_000_000)
