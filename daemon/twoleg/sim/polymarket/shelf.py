"""Polymarket's rows of the invented catalogue: markets and events of Gamma's keyset lists.

Shapes as in `gamma_shapes` (docs.polymarket.com gamma pages, 2026-08-21; live samples, 2026-10).
Rows have quotes, but no books: nothing trades on them.
"""

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Final

from twoleg.sim.catalogue.changes import Change, Line, truth_lines
from twoleg.sim.catalogue.draft import PolymarketDraft, price_e4
from twoleg.sim.catalogue.identity import (
    EVENT_ID_FROM,
    MARKET_ID_FROM,
    condition_id,
    question_id,
    row_of_condition,
    token_ids,
)
from twoleg.sim.catalogue.names import slug
from twoleg.sim.catalogue.options import CatalogueOptions
from twoleg.sim.catalogue.world import POLYMARKET_A_CYCLE, World
from twoleg.sim.exchange import Exchange
from twoleg.sim.grid import LINEAR_CENT
from twoleg.sim.polymarket.book import PublishedBook
from twoleg.sim.polymarket.gamma_shapes import Quotes, Row, bare_market, event_json
from twoleg.sim.polymarket.shapes import rfc3339
from twoleg.sim.polymarket.state import Market
from twoleg.sim.world import PolymarketEvent, PolymarketMarket

MIN_SIZE_E6: Final = 5_000_000
# Taker fees in 1/10 000 by category: docs.polymarket.com trading/fees, read 2026-11-22.
RATES_E4: Final = {"Sports": 500, "Crypto": 700, "Economics": 500, "Culture": 500, "Weather": 500}
RATE_E4: Final = 400
SPORTS_DELAY_S: Final = 3
# What rows are ranked behind: all that trades.
RANK_FROM: Final = 1_000


class PolymarketShelf:
    """The rows of one venue; empty unless the options ask for some."""

    def __init__(self, options: CatalogueOptions) -> None:
        self._rows = options.markets
        self._seed = options.seed
        self._world = World(options.seed)
        # What was changed by admin calls, by row.
        self.changes: dict[int, Change] = {}

    def __len__(self) -> int:
        """Return how many rows there are."""
        return self._rows

    def market(self, row: int) -> Market:
        """Return a row as a market without orders."""
        draft, change = self._world.polymarket(row), self.changes.get(row) or Change(market="")
        form = draft.form
        tokens = change.token_ids or token_ids(self._seed, row)
        spec = PolymarketMarket(
            market_id=str(MARKET_ID_FROM + row),
            slug=slug(draft.text(form.slug)),
            question=draft.text(form.question) if change.title is None else change.title,
            description=draft.text(form.rules) if change.rules is None else change.rules,
            category=form.category,
            condition_id=condition_id(self._seed, row),
            question_id=question_id(self._seed, row),
            token_ids=tokens,
            outcomes=draft.labels,
            neg_risk=form.is_neg_risk,
            fee_rate_e4=RATES_E4.get(form.category, RATE_E4),
            grid=LINEAR_CENT,
            close_ts_s=draft.end_s if change.close_ts_s is None else change.close_ts_s,
            event=self._event(row, draft),
            group_item_title=draft.text(form.group),
            seconds_delay=SPORTS_DELAY_S if draft.start_s is not None else 0,
            game_start_ts_s=draft.start_s,
            sports_type=form.sports_type,
        )
        book = PublishedBook(
            spec.condition_id,
            tokens,
            tick_e4=spec.tick_e4,
            min_size_e6=MIN_SIZE_E6,
            is_neg_risk=spec.neg_risk,
        )
        market = Market(
            spec=spec,
            rank=RANK_FROM,
            exchange=Exchange(spec.condition_id),
            book=book,
            delay_s=spec.seconds_delay,
            taker_delay_ms=0,
            game_start_ts_s=draft.start_s if form.sports_type else None,
        )
        if self._status(row) == "closed":
            market.status = "closed"
        return market

    def _event(self, row: int, draft: PolymarketDraft) -> PolymarketEvent:
        first = self._event_rows(row).start
        return PolymarketEvent(
            event_id=str(EVENT_ID_FROM + first),
            slug=slug(draft.event_slug),
            title=draft.text(draft.form.event_title),
            neg_risk_market_id=question_id(self._seed, first) if draft.form.is_neg_risk else "",
        )

    # -- rows --------------------------------------------------------------------------------------

    def market_json(self, row: int) -> Row:
        """Return a row as the market lists tell it."""
        market = self.market(row)
        return {**self._bare(row, market), "events": [event_json([market])]}

    def event_json(self, rows: range) -> Row:
        """Return an event with its markets."""
        listed = [row for row in rows if self._status(row) != "gone"]
        markets = [self.market(row) for row in listed]
        nested = [self._bare(row, market) for row, market in zip(listed, markets, strict=True)]
        return {**event_json(markets), "markets": nested}

    def _bare(self, row: int, market: Market) -> Row:
        draft = self._world.polymarket(row)
        middle_e4 = price_e4(draft.pays[0])
        quotes = Quotes(middle_e4 - 100, middle_e4 + 100, middle_e4, 100, MIN_SIZE_E6)
        # Ranked by row behind all that trades, so that an order by volume is that of the rows.
        rank = Decimal(self._rows - row) / 100
        body: Row = {
            **bare_market(market, quotes),
            "volume24hr": rank,
            "volumeNum": rank,
            "liquidityNum": rank,
        }
        change = self.changes.get(row)
        if change is not None:
            body["updatedAt"] = rfc3339(change.updated_ts_s)
        if draft.form.line:
            sign = "-" if draft.form.line[0] == "-" else ""
            body["line"] = Decimal(sign + str(draft.words[draft.form.line.removeprefix("-")]))
        return body

    # -- lists and searches ------------------------------------------------------------------------

    def after(self, row: int, is_wanted: Callable[[Market], bool]) -> Iterator[tuple[int, Market]]:
        """Tell the rows from one on whose market is wanted."""
        for each in range(row, self._rows):
            if self._status(each) != "gone":
                market = self.market(each)
                if is_wanted(market):
                    yield each, market

    def events_after(
        self, row: int, is_wanted: Callable[[list[Market]], bool]
    ) -> Iterator[tuple[int, Row]]:
        """Tell events whose first row is `row` or later, with that row."""
        while row < self._rows:
            rows = self._event_rows(row)
            row = rows.stop
            markets = [self.market(each) for each in rows if self._status(each) != "gone"]
            if markets and is_wanted(markets):
                yield rows.start, self.event_json(rows)

    def find(self, market: str) -> int | None:
        """Return the row of a condition id, None when there is none or it is gone."""
        row = row_of_condition(self._seed, market, self._rows)
        return None if row is None or self._status(row) == "gone" else row

    def find_id(self, number: str) -> int | None:
        """Return the row of Gamma's own id, as `find`."""
        row = int(number) - MARKET_ID_FROM if number.isdecimal() else -1
        return row if 0 <= row < self._rows and self._status(row) != "gone" else None

    def event_start(self, row: int) -> int:
        """Return the first row of the first event that begins at a row or later."""
        if 0 < row < self._rows and self._event_rows(row).start < row:
            return self._event_rows(row).stop
        return row

    def truths(self, first: int, last: int) -> Iterator[Line]:
        """Tell what pairs with rows from `first` to before `last`."""
        cycles = range(first // POLYMARKET_A_CYCLE, -(-last // POLYMARKET_A_CYCLE))
        return truth_lines(self._world, cycles, lambda _, other: first <= other < last)

    def _status(self, row: int) -> str:
        change = self.changes.get(row)
        return "open" if change is None else change.status or "open"

    def _event_rows(self, row: int) -> range:
        """Return all rows of a row's event."""
        name, start, stop = self._world.polymarket(row).event_slug, row, row + 1
        cycle, _ = divmod(row, POLYMARKET_A_CYCLE)
        first, last = cycle * POLYMARKET_A_CYCLE, min((cycle + 1) * POLYMARKET_A_CYCLE, self._rows)
        while start > first and self._world.polymarket(start - 1).event_slug == name:
            start -= 1
        while stop < last and self._world.polymarket(stop).event_slug == name:
            stop += 1
        return range(start, stop)
