"""The engine: the only door to all decisions. Time and every fact are arguments.

`Engine.on_event(event, now_ns)` returns what is to be done. The sequence of (event, now) is all
that determines it: no clock, no randomness, no set order, no float.
"""

from collections.abc import Callable, Sequence
from typing import Final

from twoleg.core.account import Tally
from twoleg.core.actions import Action, Note, NoteKind, ReadCash, SetTimer
from twoleg.core.books import Books
from twoleg.core.breaker import BreakerState
from twoleg.core.entry import Entry
from twoleg.core.events import (
    BookAudited,
    BookSnapshot,
    BooksVoid,
    CashReported,
    Event,
    EvidenceRestored,
    ExecutionForgotten,
    ExecutionFound,
    ExposureFound,
    FillBooked,
    FillConfirmed,
    FillVoided,
    GridChanged,
    InvariantReported,
    LastTrade,
    LevelDelta,
    LevelsSet,
    LimitsChanged,
    MarketBarred,
    MarketChanged,
    MarketResolved,
    MoneySettled,
    OrderAnswered,
    PairsChanged,
    PairsLeft,
    PositionReported,
    SequenceSeen,
    StopRequested,
    Subscribed,
    TimerFired,
    VenueStateChanged,
)
from twoleg.core.evidence import Evidence
from twoleg.core.executions import Executions
from twoleg.core.guarding import GUARD_EVENTS, GuardEvent, take_guard
from twoleg.core.limits import Limits
from twoleg.core.market import MarketId, PairId, Venue
from twoleg.core.notes import breaker_note

QUIET_NS: Final = 1_500_000_000
"""After the last execution closed, cash is read again once the venues had time to book it."""
CLOSED_FOR_GOOD_NS: Final = 1 << 62


class Engine:
    """Books, pairs, executions: everything that decides, and nothing that acts."""

    __slots__ = (
        "_books",
        "_entry",
        "_evidence",
        "_executions",
        "_handlers",
    )

    def __init__(self, limits: Limits, *, first_execution_no: int = 1, hash_every: int = 0) -> None:
        self._books = Books(hash_every)
        # Fill rates as measured: asked by the entry, told by the executions.
        self._evidence = Evidence(limits)
        self._executions = Executions(limits, self._books, first_execution_no, self._evidence)
        self._entry = Entry(limits, self._books, self._executions, self._evidence)
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
            FillBooked: self._on_fill,
            FillVoided: self._on_void,
            ExecutionForgotten: self._executions.forgotten,
            FillConfirmed: self._executions.fill_confirmed,
            ExposureFound: self._on_exposure,
            MarketResolved: self._executions.market_resolved,
            MoneySettled: self._on_money,
            CashReported: self._on_cash,
            PositionReported: self._on_position,
            TimerFired: self._on_timer,
            VenueStateChanged: self._on_venue,
            PairsChanged: self._on_pairs,
            PairsLeft: self._on_left,
            LimitsChanged: self._on_limits,
            EvidenceRestored: self._on_evidence,
            ExecutionFound: self._on_found,
            StopRequested: self._on_stop,
            InvariantReported: self._on_invariant,
            MarketBarred: self._on_barred,
            **dict.fromkeys(GUARD_EVENTS, self._on_guard),
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
    def marked_micros(self) -> int:
        """What all open residuals would lose at their present exits; not in the tally's net yet."""
        return self._executions.breaker.marked_micros

    def why_closed(self, now_ns: int) -> str:
        """What keeps executions from starting, for people; empty if the breaker does not."""
        return self._executions.breaker.why_closed(now_ns)

    @property
    def open_executions(self) -> int:
        """Executions that are not closed."""
        return self._executions.open_count

    @property
    def moving_executions(self) -> int:
        """Open executions but for those whose residual is held: there is nothing to wait for."""
        return self._executions.moving_count

    @property
    def is_money_moving(self) -> bool:
        """Whether balances are between two states; a residual that is held does not move any."""
        return self._executions.is_money_moving

    def is_busy(self, market_id: MarketId) -> bool:
        """Whether an execution is open on a market."""
        return market_id in self._executions.busy

    def execution_markets(self) -> set[MarketId]:
        """Markets of executions that are open, or that late news may open again."""
        return self._executions.markets

    def live_books(self) -> int:
        """Books that may be decided on."""
        return sum(book.is_live for book in self._books.books.values())

    def books(self) -> Books:
        """All books, for audits; not to be changed."""
        return self._books

    @property
    def refusals(self) -> dict[str, int]:
        """How often each gate stopped what the tops of two books called for; not to be changed."""
        return self._entry.refusals

    def carry_e6(self, pair_id: PairId) -> int:
        """Exposure of a pair that the venues do not cover of each other."""
        return self._executions.holdings.carry_e6(pair_id)

    # -- market data -----------------------------------------------------------------------

    def _on_snapshot(self, event: BookSnapshot, now_ns: int) -> Sequence[Action]:
        actions = self._books.snapshot(event)
        return actions or self._entry.evaluate(event.market_id, now_ns, event.ts_recv_ns)

    def _on_delta(self, event: LevelDelta, now_ns: int) -> Sequence[Action]:
        actions = self._books.delta(event)
        return actions or self._entry.evaluate(event.market_id, now_ns, event.ts_recv_ns)

    def _on_levels(self, event: LevelsSet, now_ns: int) -> Sequence[Action]:
        actions = self._books.levels(event)
        if actions:
            return [*actions, *self._entry.time_doubt(event.market_id, now_ns)]
        return self._entry.evaluate(event.market_id, now_ns, event.ts_recv_ns)

    def _on_last_trade(self, event: LastTrade, now_ns: int) -> Sequence[Action]:
        is_settled = self._books.last_trade(event)
        return self._entry.evaluate_again(event.market_id, now_ns) if is_settled else ()

    def _on_audit(self, event: BookAudited, now_ns: int) -> Sequence[Action]:
        actions = self._books.audit(event)
        if not actions:
            return ()
        return [*actions, *self._entry.time_doubt(event.market_id, now_ns)]

    def _on_grid(self, event: GridChanged, now_ns: int) -> Sequence[Action]:
        del now_ns
        actions = self._books.change_grid(event)
        self._entry.rebuild()
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
        self._entry.rebuild()
        return actions

    # -- executions ------------------------------------------------------------------------

    def _on_answer(self, event: OrderAnswered, now_ns: int) -> Sequence[Action]:
        return [*self._executions.answered(event, now_ns), *self._after(now_ns)]

    def _on_fill(self, event: FillBooked, now_ns: int) -> Sequence[Action]:
        self._entry.mark_stale()
        return self._executions.fill_booked(event, now_ns)

    def _on_void(self, event: FillVoided, now_ns: int) -> Sequence[Action]:
        self._entry.mark_stale()
        return self._executions.fill_voided(event, now_ns)

    def _on_exposure(self, event: ExposureFound, now_ns: int) -> Sequence[Action]:
        self._entry.mark_stale()
        return self._executions.exposure_found(event, now_ns)

    def _on_found(self, event: ExecutionFound, now_ns: int) -> Sequence[Action]:
        self._entry.mark_stale()
        return self._executions.restore(event, now_ns)

    def _on_money(self, event: MoneySettled, now_ns: int) -> Sequence[Action]:
        return [*self._executions.money_settled(event, now_ns), *self._after(now_ns)]

    def _after(self, now_ns: int) -> Sequence[Action]:
        """When no money moves any more, look at the cash once the venues are quiet."""
        self._entry.mark_stale()
        return () if self.is_money_moving else [SetTimer("cash:", now_ns + QUIET_NS)]

    def _on_timer(self, event: TimerFired, now_ns: int) -> Sequence[Action]:
        kind, _, number = event.key.partition(":")
        if kind == "cash":
            return () if self.is_money_moving else [ReadCash(venue) for venue in Venue]
        if kind == "doubt":
            return self._books.doubt_due(MarketId(number))
        if kind == "edge":
            return self._entry.edge_due(PairId(number), now_ns)
        self._entry.mark_stale()
        return self._executions.timer(kind, number, now_ns)

    def _on_cash(self, event: CashReported, now_ns: int) -> Sequence[Action]:
        del now_ns
        if not self.is_money_moving:
            # Else the venue's figure is neither before nor after the orders in flight.
            self._executions.funds.report(event.venue, event.cash_micros)
        return ()

    def _on_position(self, event: PositionReported, now_ns: int) -> Sequence[Action]:
        del now_ns
        self._executions.holdings.report(event, self._books)
        self._executions.mark_accounted(event.market_id)
        self._entry.mark_stale()
        return ()

    # -- operation -------------------------------------------------------------------------

    def _on_venue(self, event: VenueStateChanged, now_ns: int) -> Sequence[Action]:
        del now_ns
        until_ns = 0 if event.is_open else CLOSED_FOR_GOOD_NS
        self._executions.access.told(event.venue, until_ns, is_assumed=event.is_assumed)
        fields = (
            ("event", "venue_opened" if event.is_open else "venue_closed"),
            ("venue", event.venue.value),
            ("reason", event.reason),
        )
        return [Note(NoteKind.ALARM, 0, fields)]

    def _on_pairs(self, event: PairsChanged, now_ns: int) -> Sequence[Action]:
        del now_ns
        self._executions.holdings.change_pairs(event.pairs)
        self._entry.change_pairs(event.pairs)
        return ()

    def _on_left(self, event: PairsLeft, now_ns: int) -> Sequence[Action]:
        del now_ns
        self._executions.leave(event)
        self._entry.leave(event)
        self._books.leave(event.market_ids)
        return ()

    def _on_limits(self, event: LimitsChanged, now_ns: int) -> Sequence[Action]:
        del now_ns
        self._evidence.change_limits(event.limits)
        self._executions.change_limits(event.limits)
        self._entry.change_limits(event.limits)
        return ()

    def _on_evidence(self, event: EvidenceRestored, now_ns: int) -> Sequence[Action]:
        del now_ns
        self._evidence.restore(event.steps_e4, event.cells)
        self._entry.mark_stale()
        return ()

    def _on_stop(self, event: StopRequested, now_ns: int) -> Sequence[Action]:
        del event, now_ns
        self._entry.is_stopping = True
        return ()

    def _on_invariant(self, event: InvariantReported, now_ns: int) -> Sequence[Action]:
        self._executions.breaker.trip(event.reason, now_ns)
        return [breaker_note(self._executions.breaker)]

    def _on_guard(self, event: GuardEvent, now_ns: int) -> Sequence[Action]:
        return take_guard(self._executions.breaker, event, now_ns)

    def _on_barred(self, event: MarketBarred, now_ns: int) -> Sequence[Action]:
        del now_ns
        if not self._entry.bar(event.market_id, event.reason, is_barred=event.is_barred):
            return ()
        fields = (
            ("event", "market_barred" if event.is_barred else "market_unbarred"),
            ("market_id", event.market_id),
            ("reason", event.reason),
        )
        return [Note(NoteKind.ALARM, 0, fields)]
