"""The gates in front of an execution, asked at the moment of fire: one ordered table.

Each gate is a function that tells whether it stops. The cheap ones that need no size are asked
first, the rest about the opportunity that was found. The first that stops names the reason.
"""

from collections.abc import Callable
from enum import Enum
from typing import Final

import msgspec

from twoleg.core.book import Book
from twoleg.core.closing import hedged_e6, lock_up_micros
from twoleg.core.executions import Executions
from twoleg.core.fees import fee_table
from twoleg.core.holdings import CARRY_E6_MAX
from twoleg.core.limits import Limits
from twoleg.core.market import Direction, Market, MarketId, Outcome, Pair, Side, Venue
from twoleg.core.opportunity import LEVELS_MAX, Opportunity
from twoleg.core.spread import PairView, walk_size
from twoleg.core.units import LOT_E6, ONE_CONTRACT_E6, cost_ceil

MS: Final = 1_000_000


class Scene(msgspec.Struct):
    """All that a gate may look at. `direction` is the one whose asks are taken.

    With `is_close` that is the opposite of what is held. `wall_ms` is our wall clock at the last
    book event, `seen_ns` since when the edge has been there.
    """

    view: PairView
    direction: Direction
    is_close: bool
    limits: Limits
    executions: Executions
    barred: dict[MarketId, dict[str, None]]
    now_ns: int
    wall_ms: int
    seen_ns: int
    is_stopping: bool

    @property
    def pair(self) -> Pair:
        """The pair in question."""
        return self.view.pair

    @property
    def books(self) -> tuple[Book, Book]:
        """Kalshi's and Polymarket's."""
        return self.view.kalshi_book, self.view.polymarket_book

    @property
    def market_ids(self) -> tuple[MarketId, MarketId]:
        """Kalshi's and Polymarket's."""
        return self.pair.kalshi, self.pair.polymarket

    @property
    def carry_e6(self) -> int:
        """What both venues do not cover of each other of this pair."""
        return self.executions.holdings.carry_e6(self.pair.id)

    @property
    def hedged_e6(self) -> int:
        """Whole lots of this pair that are held on both venues against each other."""
        return hedged_e6(self.executions.holdings.held_e6(self.pair.id), self.carry_e6)

    @property
    def left_ms(self) -> int:
        """Time to the later close; 0 where neither is told."""
        closes = self.view.closes_ms
        return max(0, closes[-1] - self.wall_ms) if closes else 0


# -- before a size is sought ----------------------------------------------------------------


def is_stopping(scene: Scene) -> bool:
    """The daemon is shutting down."""
    return scene.is_stopping


def is_young(scene: Scene) -> bool:
    """The edge has not stood long enough: most that vanish do so at once."""
    return scene.now_ns - scene.seen_ns < scene.limits.edge_stable_ms * MS


def is_venue_closed(scene: Scene) -> bool:
    """A venue is paused, cannot be asked, or keeps us from asking."""
    return not all(scene.executions.access.is_open(venue, scene.now_ns) for venue in Venue)


def is_barred(scene: Scene) -> bool:
    """What the venue shows of a market is not what we know of it."""
    return any(market_id in scene.barred for market_id in scene.market_ids)


def is_busy(scene: Scene) -> bool:
    """An execution is in flight on a market: what it takes is still displayed."""
    return any(market_id in scene.executions.busy for market_id in scene.market_ids)


def is_resting(scene: Scene) -> bool:
    """A market rejected a leg only just now."""
    return any(scene.executions.access.is_resting(each, scene.now_ns) for each in scene.market_ids)


def is_book_void(scene: Scene) -> bool:
    """A book waits for its snapshot."""
    return not all(book.is_live for book in scene.books)


def is_book_doubted(scene: Scene) -> bool:
    """Something speaks against a book."""
    return any(book.is_doubted for book in scene.books)


def is_feed_late(scene: Scene) -> bool:
    """A side of a book arrived too late: one that we take from, or one that we would exit into."""
    return max(max(book.lag_ms) for book in scene.books) > scene.limits.feed_lag_ms_max


def is_skewed(scene: Scene) -> bool:
    """The sides that both legs take from are of moments too far apart."""
    kalshi, polymarket = scene.books
    outcome = scene.direction.polymarket_outcome(scene.pair.polarity)
    behind_ms = kalshi.lag_of(scene.direction.kalshi_outcome) - polymarket.lag_of(outcome)
    return abs(behind_ms) > scene.limits.feed_skew_ms_max


def is_closing(scene: Scene) -> bool:
    """A market closes so soon that a residual could not be worked off."""
    closes = scene.view.closes_ms
    return bool(closes) and closes[0] - scene.wall_ms < scene.limits.close_ms_min


def is_crowded(scene: Scene) -> bool:
    """As many executions are in flight as may be."""
    return scene.executions.open_count >= scene.limits.executions_max


def is_opposite(scene: Scene) -> bool:
    """The opposite direction is held: it is closed by an explicit sale, never bought against."""
    return not scene.executions.holdings.may_add(scene.pair.id, scene.direction)


def is_unhedged(scene: Scene) -> bool:
    """The pair carries more exposure than the next execution may net by its size."""
    return abs(scene.carry_e6) > CARRY_E6_MAX


def is_full(scene: Scene) -> bool:
    """As much of the pair is held as may be."""
    held_e6 = abs(scene.executions.holdings.held_e6(scene.pair.id))
    return scene.limits.position_e6_max - held_e6 < LOT_E6


def is_out_of_cash(scene: Scene) -> bool:
    """A venue has nothing left beyond what is kept for rollbacks."""
    funds, reserve = scene.executions.funds, scene.limits.cash_reserve_micros
    return min(funds.free(scene.view.kalshi), funds.free(scene.view.polymarket)) <= reserve


def is_breaker_open(scene: Scene) -> bool:
    """The breaker is open, an operator paused or halted, or a probe is in flight already."""
    return not scene.executions.breaker.allows(scene.now_ns)


# -- about what was found -------------------------------------------------------------------


def is_too_good(scene: Scene, found: Opportunity) -> bool:
    """More than luck: a polarity or rule error would look like this."""
    return found.net_micros * ONE_CONTRACT_E6 > scene.limits.edge_micros_max * found.size_e6


def is_below_hurdle(scene: Scene, found: Opportunity) -> bool:
    """The cash would be locked up until the later close for too little a year."""
    locked = found.kalshi_cost_micros + found.polymarket_cost_micros
    return found.net_micros < lock_up_micros(scene.limits, locked, scene.left_ms)


def is_exit_thin(scene: Scene, found: Opportunity) -> bool:
    """Too few bids within the loss cap under a leg, should it be left alone."""
    view = scene.view
    outcome = found.direction.polymarket_outcome(scene.pair.polarity)
    return _is_thin(
        scene.limits, view.kalshi, view.kalshi_book, found.direction.kalshi_outcome, found.size_e6
    ) or _is_thin(scene.limits, view.polymarket, view.polymarket_book, outcome, found.shares_e6)


def is_over_cap(scene: Scene, found: Opportunity) -> bool:
    """With everything in flight at its worst, too much would stand without its other leg."""
    if found.is_close:
        # The leg that is not sold stands alone: worth what its sale would have brought.
        outcomes = (
            found.direction.kalshi_outcome,
            found.direction.polymarket_outcome(scene.pair.polarity),
        )
        bids = [book.bid_for(outcome) for book, outcome in zip(scene.books, outcomes, strict=True)]
        alone = cost_ceil(max(bids), found.size_e6)
    else:
        alone = max(found.kalshi_cost_micros, found.polymarket_cost_micros)
    return scene.executions.funds.unhedged_micros + alone > scene.limits.unhedged_micros_max


def _is_thin(limits: Limits, market: Market, book: Book, outcome: Outcome, size_e6: int) -> bool:
    bought = walk_size(book.ladder(outcome, Side.BUY, LEVELS_MAX), size_e6)
    if bought is None:
        return True
    fees = fee_table(market.fees)
    least = bought.worst_e4 * 100 + fees[bought.worst_e4] - limits.rollback_loss_micros_max
    bids_e6 = sum(
        bid_e6
        for bid_e4, bid_e6 in book.ladder(outcome, Side.SELL, LEVELS_MAX)
        if bid_e4 * 100 - fees[bid_e4] >= least
    )
    return bids_e6 * 10_000 < size_e6 * limits.exit_depth_share_e4_min


class Scope(Enum):
    """Which executions a gate is asked about."""

    ALL = "all"
    OPENING = "opening"


BEFORE: Final[tuple[tuple[str, Scope, Callable[[Scene], bool]], ...]] = (
    ("stopping", Scope.ALL, is_stopping),
    ("edge_young", Scope.ALL, is_young),
    ("market_busy", Scope.ALL, is_busy),
    ("market_resting", Scope.ALL, is_resting),
    ("market_barred", Scope.ALL, is_barred),
    ("book_void", Scope.ALL, is_book_void),
    ("book_doubted", Scope.ALL, is_book_doubted),
    ("feed_late", Scope.ALL, is_feed_late),
    ("legs_skewed", Scope.ALL, is_skewed),
    ("market_closing", Scope.ALL, is_closing),
    ("venue_closed", Scope.ALL, is_venue_closed),
    ("executions_max", Scope.ALL, is_crowded),
    ("opposite_held", Scope.OPENING, is_opposite),
    ("pair_unhedged", Scope.ALL, is_unhedged),
    ("position_full", Scope.OPENING, is_full),
    ("cash_short", Scope.OPENING, is_out_of_cash),
    # Last, as it half-opens where it has cooled down and nothing else stops a probe.
    ("breaker_open", Scope.ALL, is_breaker_open),
)
AFTER: Final[tuple[tuple[str, Scope, Callable[[Scene, Opportunity], bool]], ...]] = (
    ("edge_too_good", Scope.ALL, is_too_good),
    ("below_hurdle", Scope.OPENING, is_below_hurdle),
    ("exit_thin", Scope.OPENING, is_exit_thin),
    ("unhedged_cap", Scope.ALL, is_over_cap),
)
NO_SIZE: Final = "no_positive_value"
"""No size of any leg mode has a positive expected value."""
ALARMING: Final = frozenset({"pair_unhedged", "edge_too_good"})
"""Reasons that an operator must see: they do not go away by themselves."""


def stopped_before(scene: Scene) -> str:
    """Why no size is even sought; empty if nothing stops it."""
    for reason, scope, stops in BEFORE:
        if (scope is Scope.ALL or not scene.is_close) and stops(scene):
            return reason
    return ""


def stopped_after(scene: Scene, found: Opportunity) -> str:
    """Why what was found is not fired at; empty if nothing stops it."""
    for reason, scope, stops in AFTER:
        if (scope is Scope.ALL or not scene.is_close) and stops(scene, found):
            return reason
    return ""
