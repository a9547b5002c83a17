"""Kalshi's rows of the invented catalogue: its markets, events and series, page by page.

Shapes as in `markets`, which the docs' openapi 3.34.0 (2026-10) describes. Rows have quotes, but no
books: nothing trades on them.
"""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from twoleg.sim.catalogue.changes import Change, Line, truth_lines
from twoleg.sim.catalogue.draft import KalshiDraft, price_e4
from twoleg.sim.catalogue.options import CatalogueOptions
from twoleg.sim.catalogue.world import KALSHI_A_CYCLE, World
from twoleg.sim.exchange import ONE_E4, Exchange
from twoleg.sim.grid import DECI_CENT, LINEAR_CENT
from twoleg.sim.kalshi.markets import (
    OPEN_TS_S,
    STATUS_FILTERS,
    Listing,
    MarketState,
    event_json,
    seconds_text,
    series_json,
)
from twoleg.sim.kalshi.pages import Query
from twoleg.sim.kalshi.text import count_text, price_text
from twoleg.sim.world import KalshiMarket

# Cursors from here on are rows of the catalogue.
ROWS_FROM: Final = 1 << 32
SHARDS: Final = {"Sports": 3, "Crypto": 2}
SIZE_E6: Final = 250_000_000
_GAME_S: Final = 3 * 3_600

Json = dict[str, object]


class Wanted(NamedTuple):
    """Which rows a request asks for; None lets all through."""

    statuses: tuple[str, ...] | None = None
    tickers: frozenset[str] | None = None
    events: frozenset[str] | None = None
    series: str | None = None
    # Of rows made of several legs: "only", "exclude" or None.
    legs: str | None = None
    # (created, updated or close, least, most) in Unix seconds.
    time: tuple[str, int | None, int | None] | None = None

    @staticmethod
    def by(query: Query, operation: str) -> "Wanted":
        """Read the filters of a market list; they were validated for the traded markets."""
        word = query.text("status")
        events = query.words("event_ticker", operation)
        tickers = query.text("tickers")
        span = next(
            (
                (family, least, most)
                for family in ("created", "updated", "close", "settled")
                for least, most in [
                    (
                        query.whole(f"min_{family}_ts", operation),
                        query.whole(f"max_{family}_ts", operation),
                    )
                ]
                if least is not None or most is not None
            ),
            None,
        )
        return Wanted(
            None if word is None else STATUS_FILTERS[word],
            None if tickers is None else frozenset(tickers.split(",")),
            None if events is None else frozenset(events),
            query.text("series_ticker"),
            query.text("mve_filter"),
            span,
        )


class KalshiShelf:
    """The rows of one venue; empty unless the options ask for some."""

    def __init__(self, options: CatalogueOptions, now_s: Callable[[], int]) -> None:
        self._rows = options.markets
        self._seed = options.seed
        self._world = World(options.seed)
        self._now_s = now_s
        # What was changed by admin calls, by row.
        self.changes: dict[int, Change] = {}
        # Row by ticker, and the first row by event, and every Series; made at the first search.
        self._by_ticker: dict[str, int] = {}
        self._by_event: dict[str, int] = {}
        self._by_series: dict[str, Json] = {}

    def __len__(self) -> int:
        """Return how many rows there are."""
        return self._rows

    # -- lists -------------------------------------------------------------------------------------

    def page(self, start: int, limit: int, wanted: Wanted) -> tuple[list[Json], int | None]:
        """Return up to `limit` markets from a row on, and the row to go on from."""
        found: list[Json] = []
        for row in self._candidates(start, wanted):
            draft = self._world.kalshi(row)
            if self._is_wanted(row, draft, wanted):
                if len(found) == limit:
                    return found, row
                found.append(self.market_json(row))
        return found, None

    def events(
        self, start: int, limit: int, wanted: Wanted, *, is_nested: bool
    ) -> tuple[list[Json], int | None]:
        """Return up to `limit` events from a row on, and the row to go on from.

        Events of combinations are in another list.
        """
        found: list[Json] = []
        for rows in self._groups(start, wanted):
            if not any(self._is_wanted(row, self._world.kalshi(row), wanted) for row in rows):
                continue
            if len(found) == limit:
                return found, rows.start
            found.append(self.event_json(rows, is_nested=is_nested))
        return found, None

    def series(self) -> dict[str, Json]:
        """Return every Series by its ticker."""
        self._search()
        return self._by_series

    # -- single ones -------------------------------------------------------------------------------

    def find(self, market: str) -> int | None:
        """Return the row of a ticker, None when there is none or it is gone."""
        if not self._rows:
            return None
        self._search()
        row = self._by_ticker.get(market)
        return None if row is None or self._status(row) == "gone" else row

    def find_series(self, ticker: str) -> Json | None:
        """Return a Series."""
        return self.series().get(ticker)

    def find_event(self, ticker: str) -> range | None:
        """Return the rows of an event."""
        if not self._rows:
            return None
        self._search()
        row = self._by_event.get(ticker)
        return None if row is None else self._event_rows(row)

    def truths(self, first: int, last: int) -> Iterator[Line]:
        """Tell what pairs with rows from `first` to before `last`."""
        cycles = range(first // KALSHI_A_CYCLE, -(-last // KALSHI_A_CYCLE))
        return truth_lines(self._world, cycles, lambda kalshi, _: first <= kalshi < last)

    # -- rows --------------------------------------------------------------------------------------

    def market_json(self, row: int) -> Json:
        """Return a row's Market object."""
        draft, change = self._world.kalshi(row), self.changes.get(row)
        state = self._state(row)
        form, claim_price_e4 = draft.form, price_e4(draft.claim)
        body = {
            **state.to_json(self._now_s(), 0),
            **_quotes(claim_price_e4),
            "rules_secondary": draft.text(form.rules2),
            "early_close_condition": form.closes_early,
            "strike_type": form.strike,
        }
        if draft.start_s is not None:
            body["occurrence_datetime"] = seconds_text(draft.start_s)
            body["expected_expiration_time"] = seconds_text(draft.start_s + _GAME_S)
        for name, value in (("floor_strike", form.floor), ("cap_strike", form.cap)):
            if value:
                body[name] = _number(str(draft.words[value]))
        if is_combination(draft):
            body |= _legs(draft)
        if change is not None and change.status == "closed":
            body["status"] = "closed"
        return body

    def event_json(self, rows: range, *, is_nested: bool) -> Json:
        """Return the EventData of these rows."""
        draft = self._world.kalshi(rows.start)
        body = {
            **event_json(self._state(rows.start), self._now_s()),
            "title": draft.text(draft.form.event_title),
            "sub_title": draft.text(draft.form.event_sub),
            "mutually_exclusive": draft.form.is_exclusive,
            "collateral_return_type": "MECNET" if draft.form.is_exclusive else "",
        }
        if is_nested:
            body["markets"] = [self.market_json(row) for row in rows if self._status(row) != "gone"]
        return body

    def _state(self, row: int) -> MarketState:
        draft, change = self._world.kalshi(row), self.changes.get(row) or Change(market="")
        form, yes = draft.form, draft.text(draft.form.yes)
        shard = SHARDS.get(form.category, 0) if change.shard is None else change.shard
        described = KalshiMarket(
            ticker=draft.ticker,
            event_ticker=draft.event_ticker,
            series_ticker=draft.series,
            market_id="",
            title=draft.text(form.title) if change.title is None else change.title,
            yes_sub_title=yes,
            no_sub_title=yes,
            rules=draft.text(form.rules) if change.rules is None else change.rules,
            category=form.category,
            exchange_index=shard,
            fee_type="quadratic",
            fee_multiplier_e4=10_000,
            grid=DECI_CENT if form.category == "Crypto" else LINEAR_CENT,
        )
        close_s = draft.close_s if change.close_ts_s is None else change.close_ts_s
        state = MarketState(Listing(described, close_s), Exchange(described.ticker))
        state.updated_ts_s = change.updated_ts_s or OPEN_TS_S
        return state

    # -- searches ----------------------------------------------------------------------------------

    def _status(self, row: int) -> str:
        change = self.changes.get(row)
        return "open" if change is None else change.status or "open"

    def _is_wanted(self, row: int, draft: KalshiDraft, wanted: Wanted) -> bool:
        status = self._status(row)
        if status == "gone":
            return False
        told = "active" if status == "open" else "closed"
        has_legs = is_combination(draft)
        return (
            (wanted.statuses is None or told in wanted.statuses)
            and (wanted.legs is None or (wanted.legs == "only") == has_legs)
            and (wanted.series is None or draft.series == wanted.series)
            and (wanted.events is None or draft.event_ticker in wanted.events)
            and (wanted.time is None or self._is_within(row, draft, *wanted.time))
        )

    def _is_within(
        self, row: int, draft: KalshiDraft, family: str, least: int | None, most: int | None
    ) -> bool:
        change = self.changes.get(row)
        ts_s = {
            "created": OPEN_TS_S,
            "updated": OPEN_TS_S if change is None else change.updated_ts_s,
            "close": (change and change.close_ts_s) or draft.close_s,
        }.get(family)
        if ts_s is None:
            return False
        return (least is None or ts_s >= least) and (most is None or ts_s <= most)

    def _candidates(self, start: int, wanted: Wanted) -> Iterator[int]:
        if wanted.time is not None and wanted.time[0] == "updated":
            least = wanted.time[1]
            if least is not None and least > OPEN_TS_S:
                yield from (row for row in sorted(self.changes) if start <= row < self._rows)
                return
        if wanted.tickers is not None:
            found = sorted(
                row for ticker in wanted.tickers if (row := self.find(ticker)) is not None
            )
            yield from (row for row in found if row >= start)
            return
        yield from range(start, self._rows)

    def _groups(self, start: int, wanted: Wanted) -> Iterator[range]:
        if wanted.events is not None:
            found = (self.find_event(event) for event in wanted.events)
            yield from sorted(
                (rows for rows in found if rows is not None and rows.start >= start),
                key=lambda rows: rows.start,
            )
            return
        row = start
        while row < self._rows:
            rows = self._event_rows(row)
            if not is_combination(self._world.kalshi(row)):
                yield rows
            row = rows.stop

    def _event_rows(self, row: int) -> range:
        """Return the rows of a row's event from that row on."""
        ticker, stop = self._world.kalshi(row).event_ticker, row + 1
        while stop < self._rows and self._world.kalshi(stop).event_ticker == ticker:
            stop += 1
        return range(row, stop)

    def _search(self) -> None:
        if not self._by_ticker:
            for row in range(self._rows):
                draft = self._world.kalshi(row)
                self._by_ticker[draft.ticker] = row
                self._by_event.setdefault(draft.event_ticker, row)
                if draft.series not in self._by_series:
                    self._by_series[draft.series] = series_json(self._state(row), OPEN_TS_S)


def is_combination(draft: KalshiDraft) -> bool:
    """Tell whether a market is made of several others."""
    return draft.claim.kind == "legs"


def _quotes(price: int) -> Json:
    bid_e4, ask_e4 = price - 100, price + 100
    return {
        "yes_bid_dollars": price_text(bid_e4),
        "yes_ask_dollars": price_text(ask_e4),
        "no_bid_dollars": price_text(ONE_E4 - ask_e4),
        "no_ask_dollars": price_text(ONE_E4 - bid_e4),
        "yes_bid_size_fp": count_text(SIZE_E6),
        "yes_ask_size_fp": count_text(SIZE_E6),
        "last_price_dollars": price_text(price),
    }


def _legs(draft: KalshiDraft) -> Json:
    names = draft.text("{a.k}|{b.k}").split("|")
    return {
        "mve_collection_ticker": f"{draft.series}-R",
        "mve_selected_legs": [
            {"event_ticker": draft.text("KX{league.k}GAME"), "market_ticker": name, "side": "yes"}
            for name in names
        ],
        "is_provisional": True,
    }


def _number(text: str) -> int | float:
    # A strike is a JSON number, and no money.
    return float(text) if "." in text else int(text)
