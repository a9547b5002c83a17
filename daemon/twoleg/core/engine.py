"""The engine: the only door to all decisions. Time and every fact are arguments.

`Engine.on_event(event, now_ns)` returns what is to be done. The sequence of (event, now) is all
that determines it: no clock, no randomness, no set order, no float.
"""

from collections.abc import Callable, Sequence
from typing import Final

from twoleg.core.actions import Action, Note, NoteKind, ReadCash, SetTimer
from twoleg.core.books import Books
from twoleg.core.breaker import BreakerState
from twoleg.core.events import (
    BookAudited,
    BookSnapshot,
    BooksVoid,
    CashReported,
    Event,
    ExecutionFound,
    FillBooked,
    FillVoided,
    GridChanged,
    InvariantReported,
    LastTrade,
    LevelDelta,
    LevelsSet,
    LimitsChanged,
    MarketChanged,
    MoneySettled,
    OrderAnswered,
    PairsChanged,
    PositionReported,
    SequenceSeen,
    StopRequested,
    Subscribed,
    TimerFired,
    VenueStateChanged,
)
from twoleg.core.executions import Executions, Tally
from twoleg.core.limits import Limits
from twoleg.core.market import (
    Direction,
    LegMode,
    MarketId,
    Pair,
    PairId,
    PairState,
    Venue,
)
from twoleg.core.notes import breaker_note
from twoleg.core.proofs import DOUBT_NS_MAX
from twoleg.core.sizing import Opportunity, Room, least_edge, look, plan
from twoleg.core.spread import PairView
from twoleg.core.units import LOT_E6

QUIET_NS: Final = 1_500_000_000
"""After the last execution closed, cash is read again once the venues had time to book it."""
CLOSED_FOR_GOOD_NS: Final = 1 << 62
DIRECTIONS: Final = tuple(Direction)
"""Iterating the enum itself costs a generator per tick."""


class Engine:
    """Books, pairs, executions: everything that decides, and nothing that acts."""

    __slots__ = (
        "_books",
        "_edge_least",
        "_executions",
        "_handlers",
        "_is_stopping",
        "_limits",
        "_pairs",
        "_refused",
        "_views",
    )

    def __init__(self, limits: Limits, *, first_execution_no: int = 1, hash_every: int = 0) -> None:
        self._limits = limits
        # What both best prices must net before a size is worth looking for.
        self._edge_least = least_edge(limits)
        self._books = Books(hash_every)
        self._executions = Executions(limits, self._books, first_execution_no)
        self._is_stopping = False
        self._pairs: tuple[Pair, ...] = ()
        # The pairs that a market belongs to: all that a tick of it can touch.
        self._views: dict[MarketId, list[PairView]] = {}
        # Pairs refused for now, so that an alarm is raised once.
        self._refused: dict[PairId, str] = {}
        self._handlers: dict[type, Callable[..., Sequence[Action]]] = {
            BookSnapshot: self._on_snapshot,
            LevelDelta: self._on_delta,
            LevelsSet: self._on_levels,
            SequenceSeen: lambda event, _: self._books.saw_sequence(event),
            Subscribed: lambda event, _: self._books.subscribed(event),
            LastTrade: self._on_last_trade,
            BookAudited: self._on_audit,
            BooksVoid: lambda event, _: self._books.void(event),
            GridChanged: self._on_grid,
            MarketChanged: self._on_market,
            OrderAnswered: self._on_answer,
            FillBooked: self._executions.fill_booked,
            FillVoided: self._executions.fill_voided,
            MoneySettled: self._on_money,
            CashReported: self._on_cash,
            PositionReported: self._on_position,
            TimerFired: self._on_timer,
            VenueStateChanged: self._on_venue,
            PairsChanged: self._on_pairs,
            LimitsChanged: self._on_limits,
            ExecutionFound: self._executions.restore,
            StopRequested: self._on_stop,
            InvariantReported: self._on_invariant,
        }

    def on_event(self, event: Event, now_ns: int) -> Sequence[Action]:
        """Take one event at monotonic time `now_ns`; return what is to be done, in order."""
        return self._handlers[type(event)](event, now_ns)

    # -- reading ---------------------------------------------------------------------------

    @property
    def tally(self) -> Tally:
        """Counts for the status line."""
        return self._executions.tally

    @property
    def breaker_state(self) -> BreakerState:
        """Whether executions may start."""
        return self._executions.breaker.state

    @property
    def open_executions(self) -> int:
        """Executions that are not closed."""
        return self._executions.open_count

    def live_books(self) -> int:
        """Books that may be decided on."""
        return sum(book.is_live for book in self._books.books.values())

    def books(self) -> Books:
        """All books, for audits; not to be changed."""
        return self._books

    def carry_e6(self, pair_id: PairId) -> int:
        """Exposure of a pair that the venues do not cover of each other."""
        return self._executions.holdings.carry_e6(pair_id)

    # -- market data -----------------------------------------------------------------------

    def _on_snapshot(self, event: BookSnapshot, now_ns: int) -> Sequence[Action]:
        actions = self._books.snapshot(event)
        return actions or self._evaluate(event.market_id, now_ns)

    def _on_delta(self, event: LevelDelta, now_ns: int) -> Sequence[Action]:
        actions = self._books.delta(event)
        return actions or self._evaluate(event.market_id, now_ns)

    def _on_levels(self, event: LevelsSet, now_ns: int) -> Sequence[Action]:
        actions = self._books.levels(event)
        if actions:
            return [*actions, *self._time_doubt(event.market_id, now_ns)]
        return self._evaluate(event.market_id, now_ns)

    def _on_last_trade(self, event: LastTrade, now_ns: int) -> Sequence[Action]:
        is_settled = self._books.last_trade(event)
        return self._evaluate(event.market_id, now_ns) if is_settled else ()

    def _on_audit(self, event: BookAudited, now_ns: int) -> Sequence[Action]:
        actions = self._books.audit(event)
        return [*actions, *self._time_doubt(event.market_id, now_ns)] if actions else ()

    def _time_doubt(self, market_id: MarketId, now_ns: int) -> Sequence[Action]:
        """A doubt that just began must be settled in time."""
        if not self._books.books[market_id].is_doubted:
            return ()
        return [SetTimer(f"doubt:{market_id}", now_ns + DOUBT_NS_MAX)]

    def _on_grid(self, event: GridChanged, now_ns: int) -> Sequence[Action]:
        del now_ns
        actions = self._books.change_grid(event)
        self._rebuild_views()
        return [*actions, *self._alarm_in_flight(event.market_id)] if actions else ()

    def _alarm_in_flight(self, market_id: MarketId) -> list[Action]:
        """Prices in flight were made for the old grid; the venue judges them, we watch."""
        number = self._executions.busy.get(market_id)
        if number is None:
            return []
        fields = (("event", "grid_changed_in_flight"), ("market_id", market_id))
        return [Note(NoteKind.ALARM, number, fields)]

    def _on_market(self, event: MarketChanged, now_ns: int) -> Sequence[Action]:
        del now_ns
        actions = self._books.change_market(event.market)
        self._rebuild_views()
        return actions

    # -- deciding --------------------------------------------------------------------------

    def _evaluate(self, market_id: MarketId, now_ns: int) -> Sequence[Action]:
        """Decide on every pair that the touched market belongs to."""
        for view in self._views.get(market_id, ()):
            for direction in DIRECTIONS:
                if view.top_edge(direction) >= self._edge_least:
                    actions = self._consider(view, direction, now_ns)
                    if actions:
                        return actions
        return ()

    def _consider(self, view: PairView, direction: Direction, now_ns: int) -> Sequence[Action]:
        """The tops cross: check every gate, then size."""
        if not self._may_start(view, direction, now_ns):
            return ()
        executions, pair = self._executions, view.pair
        carry_e6 = executions.holdings.carry_e6(pair.id)
        if abs(carry_e6) >= LOT_E6:
            return self._refuse(pair, "pair_unhedged", carry_e6)
        found = plan(look(view, direction), self._limits, self._room(view, direction, carry_e6))
        if found is None:
            return ()
        if self._is_too_good(found):
            return self._refuse(pair, "edge_too_good", found.net_micros)
        unhedged = max(found.kalshi_cost_micros, found.polymarket_cost_micros)
        if executions.funds.unhedged_micros + unhedged > self._limits.unhedged_micros_max:
            return ()
        return self._prove_and_start(found, pair, now_ns)

    def _prove_and_start(self, found: Opportunity, pair: Pair, now_ns: int) -> Sequence[Action]:
        """Start, unless the last hash that Polymarket told speaks against its book."""
        doubts = self._books.prove_unproven(pair.polymarket)
        if doubts:
            return [*doubts, *self._time_doubt(pair.polymarket, now_ns)]
        executions = self._executions
        self._refused.pop(pair.id, None)
        actions = executions.start(found, now_ns)
        is_probe = executions.breaker.state is BreakerState.HALF_OPEN
        return [breaker_note(executions.breaker), *actions] if is_probe else actions

    def _room(self, view: PairView, direction: Direction, carry_e6: int) -> Room:
        """What caps, cash and carried dust leave for this direction."""
        limits, executions = self._limits, self._executions
        size_cap = view.pair.size_e6_max or limits.size_e6_max
        held_e6 = abs(executions.holdings.held_e6(view.pair.id))
        # Carried dust counts as excess of the leg that this direction buys on Polymarket.
        sign = -1 if direction is Direction.KALSHI_YES else 1
        return Room(
            max(0, min(size_cap, limits.size_e6_max, limits.position_e6_max - held_e6)),
            executions.funds.free(view.kalshi) - limits.cash_reserve_micros,
            executions.funds.free(view.polymarket) - limits.cash_reserve_micros,
            sign * carry_e6,
        )

    def _may_start(self, view: PairView, direction: Direction, now_ns: int) -> bool:
        executions, pair = self._executions, view.pair
        if (
            self._is_stopping
            or pair.kalshi in executions.busy
            or pair.polymarket in executions.busy
            or executions.is_resting(pair.kalshi, now_ns)
            or executions.is_resting(pair.polymarket, now_ns)
        ):
            return False
        for book in (view.kalshi_book, view.polymarket_book):
            if not book.is_live or book.is_doubted:
                return False
            if max(book.lag_ms) > self._limits.feed_lag_ms_max:
                return False
        return (
            executions.open_count < self._limits.executions_max
            and all(executions.is_open_venue(venue, now_ns) for venue in Venue)
            and executions.holdings.may_add(pair.id, direction)
            and executions.breaker.allows(now_ns)
        )

    def _is_too_good(self, found: Opportunity) -> bool:
        """More than luck: a polarity or rule error would look like this."""
        return found.net_micros * 1_000_000 > self._limits.edge_micros_max * found.size_e6

    def _refuse(self, pair: Pair, reason: str, figure: int) -> Sequence[Action]:
        if self._refused.get(pair.id) == reason:
            return ()
        self._refused[pair.id] = reason
        fields = (("event", reason), ("pair_id", pair.id), ("figure", figure))
        return [Note(NoteKind.ALARM, 0, fields)]

    # -- executions ------------------------------------------------------------------------

    def _on_answer(self, event: OrderAnswered, now_ns: int) -> Sequence[Action]:
        return [*self._executions.answered(event, now_ns), *self._after(now_ns)]

    def _on_money(self, event: MoneySettled, now_ns: int) -> Sequence[Action]:
        return [*self._executions.money_settled(event, now_ns), *self._after(now_ns)]

    def _after(self, now_ns: int) -> Sequence[Action]:
        """When the last execution closed, look at the cash once the venues are quiet."""
        return [SetTimer("cash:", now_ns + QUIET_NS)] if self._executions.open_count == 0 else ()

    def _on_timer(self, event: TimerFired, now_ns: int) -> Sequence[Action]:
        kind, _, number = event.key.partition(":")
        if kind == "cash":
            quiet = self._executions.open_count == 0
            return [ReadCash(venue) for venue in Venue] if quiet else ()
        if kind == "doubt":
            return self._books.doubt_due(MarketId(number))
        return self._executions.timer(kind, number, now_ns)

    def _on_cash(self, event: CashReported, now_ns: int) -> Sequence[Action]:
        del now_ns
        if self._executions.open_count == 0:
            # With orders in flight the venue's figure is neither before nor after them.
            self._executions.funds.report(event.venue, event.cash_micros)
        return ()

    def _on_position(self, event: PositionReported, now_ns: int) -> Sequence[Action]:
        del now_ns
        self._executions.holdings.report(event, self._books)
        self._executions.mark_accounted()
        return ()

    # -- operation -------------------------------------------------------------------------

    def _on_venue(self, event: VenueStateChanged, now_ns: int) -> Sequence[Action]:
        self._executions.closed_until_ns[event.venue] = 0 if event.is_open else CLOSED_FOR_GOOD_NS
        del now_ns
        fields = (
            ("event", "venue_opened" if event.is_open else "venue_closed"),
            ("venue", event.venue.value),
            ("reason", event.reason),
        )
        return [Note(NoteKind.ALARM, 0, fields)]

    def _on_pairs(self, event: PairsChanged, now_ns: int) -> Sequence[Action]:
        del now_ns
        self._pairs = event.pairs
        self._executions.holdings.change_pairs(event.pairs)
        self._rebuild_views()
        return [
            Note(NoteKind.ALARM, 0, (("event", "leg_mode_not_available"), ("pair_id", pair.id)))
            for pair in event.pairs
            if pair.state is PairState.ARMED and pair.leg_mode is not LegMode.CONCURRENT
        ]

    def _on_limits(self, event: LimitsChanged, now_ns: int) -> Sequence[Action]:
        del now_ns
        self._limits = event.limits
        self._edge_least = least_edge(event.limits)
        self._executions.change_limits(event.limits)
        return ()

    def _on_stop(self, event: StopRequested, now_ns: int) -> Sequence[Action]:
        del event, now_ns
        self._is_stopping = True
        return ()

    def _on_invariant(self, event: InvariantReported, now_ns: int) -> Sequence[Action]:
        self._executions.breaker.trip(event.reason, now_ns)
        return [breaker_note(self._executions.breaker)]

    def _rebuild_views(self) -> None:
        """Views of the pairs that may be traded at all: armed, both markets known and tradable."""
        self._views = {}
        markets = self._books.markets
        for pair in self._pairs:
            if pair.state is not PairState.ARMED or pair.leg_mode is not LegMode.CONCURRENT:
                continue
            kalshi, polymarket = markets.get(pair.kalshi), markets.get(pair.polymarket)
            if kalshi is None or polymarket is None:
                continue
            # A market that delays takers must go first, which concurrent firing is not.
            is_delayed = kalshi.seconds_delay > 0 or polymarket.seconds_delay > 0
            if not (kalshi.is_tradable and polymarket.is_tradable) or is_delayed:
                continue
            view = PairView(
                pair,
                (kalshi, self._books.books[kalshi.id]),
                (polymarket, self._books.books[polymarket.id]),
            )
            for market_id in (pair.kalshi, pair.polymarket):
                self._views.setdefault(market_id, []).append(view)
