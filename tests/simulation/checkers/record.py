"""The daemon's word: its journal, reduced to intents, answers, fills, ends and balances."""

from dataclasses import dataclass, field

from twoleg.core.actions import NoteKind
from twoleg.core.events import AnswerStatus, Fill, LegAnswer, OperatorAct
from twoleg.core.flows import CashFlow, FlowKind
from twoleg.core.market import Market, MarketId, Outcome, Side, Venue
from twoleg.core.orders import OrderSpec, Purpose
from twoleg.storage.records import (
    AccountCompared,
    AnswerRecorded,
    AnyRecord,
    CashFlowSeen,
    CashOpened,
    FeeAdjusted,
    FillRecorded,
    FillVoidRecorded,
    IntentRecorded,
    MarketSeen,
    NoteRecorded,
    OperatorRecorded,
    PositionOpened,
    RunStarted,
    StrangerSeen,
)

UNDECIDED = (AnswerStatus.UNKNOWN, AnswerStatus.DELAYED, AnswerStatus.RESTING)


@dataclass(slots=True)
class Intent:
    """One order that was announced."""

    key: str
    spec: OrderSpec
    wall_ns: int
    run: int
    no: int
    """Of its record: what stands before it was known."""
    answer: LegAnswer | None = None
    answered_ns: int = 0
    absent_ns: int = 0
    """When it was taken for absent because nobody knew it; 0: it was not."""

    @property
    def is_decided(self) -> bool:
        return self.answer is not None and self.answer.status not in UNDECIDED


@dataclass(slots=True)
class Story:
    """One execution as the journal tells it."""

    number: int
    pair_id: str
    net_micros: int = 0
    """What it was to earn when it was announced."""
    orders: dict[int, list[Intent]] = field(default_factory=dict)
    """By order number; the last one counts, those before it were refused and signed anew."""
    is_closed: bool = False
    closing: dict[str, str | int | bool] = field(default_factory=dict)
    held_ns: int = 0
    """When it last said that it holds a residual."""
    late_ns: int = 0
    """When it last raised an alarm for a fill that came after its order was decided."""
    closer_ns: int = 0
    """When the process began that closed it last."""
    closings: int = 0
    """How often it closed; more than once: news of it came when others of its pair were on."""

    @property
    def intents(self) -> list[Intent]:
        return [intent for signed in self.orders.values() for intent in signed]

    @property
    def entries(self) -> list[Intent]:
        """Its arbitrage legs, as last signed."""
        latest = [signed[-1] for signed in self.orders.values()]
        return [intent for intent in latest if intent.spec.purpose is Purpose.ARB]

    @property
    def is_decided(self) -> bool:
        return all(signed[-1].is_decided for signed in self.orders.values())

    @property
    def latest_run(self) -> int:
        """The process that announced its latest order."""
        return max(signed[-1].run for signed in self.orders.values())

    @property
    def markets(self) -> set[MarketId]:
        return {intent.spec.market.id for intent in self.intents}


@dataclass(slots=True)
class BookedFill:
    """A fill in the journal."""

    execution_no: int
    order_no: int
    fill: Fill
    wall_ns: int
    no: int
    """Of its record."""
    is_void: bool = False
    void_ns: int = 0


@dataclass(slots=True)
class Record:
    """Everything that the journal holds, up to the last record read."""

    count: int = 0
    """Records so far."""
    runs: int = 0
    run_started_ns: int = 0
    by_key: dict[str, Intent] = field(default_factory=dict)
    stories: dict[int, Story] = field(default_factory=dict)
    fills: dict[tuple[Venue, str], BookedFill] = field(default_factory=dict)
    booked_twice: list[FillRecorded] = field(default_factory=list)
    markets: dict[MarketId, Market] = field(default_factory=dict)
    cash_micros: dict[tuple[Venue, int], int] = field(default_factory=dict)
    held_e6: dict[tuple[MarketId, Outcome], int] = field(default_factory=dict)
    """Kalshi's as one signed number under YES."""
    opened: set[Venue] = field(default_factory=set)
    """Venues whose cash this run has read."""
    acts: list[OperatorAct] = field(default_factory=list)
    modelled: dict[Venue, int] = field(default_factory=dict)
    strangers_e6: dict[MarketId, tuple[int, int]] = field(default_factory=dict)
    """(YES, NO) that the daemon says are nobody's it knows; Kalshi's signed under YES."""
    flows: dict[str, CashFlow] = field(default_factory=dict)
    """What moved beside the trades, by the venue's id of it."""

    def apply(self, record: AnyRecord) -> None:
        """Take the next record."""
        self.count += 1
        match record:
            case RunStarted():
                self.runs += 1
                self.run_started_ns = record.wall_ns
                self.opened.clear()
            case MarketSeen():
                self.markets[record.market.id] = record.market
            case CashOpened():
                self.cash_micros[record.venue, record.shard] = record.cash_micros
                self.opened.add(record.venue)
                self.modelled[record.venue] = 0
            case AccountCompared():
                self.opened.add(record.venue)
            case PositionOpened():
                self._position(record)
            case FeeAdjusted():
                pot = (record.venue, record.shard)
                self.cash_micros[pot] = self.cash_micros.get(pot, 0) + record.micros
            case CashFlowSeen():
                self._flow(record.flow)
            case StrangerSeen():
                self.strangers_e6[record.market_id] = (record.yes_e6, record.no_e6)
            case _:
                self._apply_execution(record)

    def _apply_execution(self, record: AnyRecord) -> None:
        match record:
            case IntentRecorded():
                self._intent(record)
            case AnswerRecorded():
                intent = self.by_key.get(record.order_key)
                if intent is not None:
                    intent.answer, intent.answered_ns = record.answer, record.wall_ns
                    if intent.is_decided and record.answer.code == "absent":
                        intent.absent_ns = intent.absent_ns or record.wall_ns
            case FillRecorded():
                self._fill(record)
            case FillVoidRecorded():
                self._void(record)
            case NoteRecorded():
                self._note(record)
            case OperatorRecorded():
                self.acts.append(record.act)
            case _:
                pass

    def story_of(self, key: str) -> Story | None:
        """The execution that an order belongs to."""
        intent = self.by_key.get(key)
        return None if intent is None else self.stories[intent.spec.execution_no]

    @property
    def open_stories(self) -> list[Story]:
        return [story for story in self.stories.values() if not story.is_closed]

    def _intent(self, record: IntentRecorded) -> None:
        story = self.stories.setdefault(
            record.execution_no, Story(record.execution_no, record.pair_id, record.net_micros)
        )
        story.is_closed = False
        for ref in record.orders:
            intent = Intent(ref.order_key, ref.spec, record.wall_ns, self.runs, self.count)
            story.orders.setdefault(ref.spec.order_no, []).append(intent)
            self.by_key[ref.order_key] = intent

    def _fill(self, record: FillRecorded) -> None:
        known = self.fills.get((record.fill.venue, record.fill.fill_id))
        if known is not None and not known.is_void:
            self.booked_twice.append(record)
        self.fills[record.fill.venue, record.fill.fill_id] = BookedFill(
            record.execution_no, record.order_no, record.fill, record.wall_ns, self.count
        )
        self._move(record.fill, 1)
        story = self.stories.get(record.execution_no)
        if story is not None:
            story.is_closed = False
        if record.fill.fee_modelled:
            self.modelled[record.fill.venue] = self.modelled.get(record.fill.venue, 0) + 1

    def _void(self, record: FillVoidRecorded) -> None:
        known = self.fills.get((record.fill.venue, record.fill.fill_id))
        if known is not None and not known.is_void:
            known.is_void, known.void_ns = True, record.wall_ns
        self._move(record.fill, -1)
        story = self.stories.get(record.execution_no)
        if story is not None:
            story.is_closed = False

    def _note(self, record: NoteRecorded) -> None:
        story = self.stories.get(record.execution_no)
        if story is None:
            return
        if record.kind == NoteKind.EXECUTION_CLOSED.value:
            story.is_closed, story.closing = True, record.fields
            story.closings += 1
            story.closer_ns = self.run_started_ns
        elif record.fields.get("event") == "residual_held":
            story.held_ns = record.wall_ns
        elif record.fields.get("event") == "late_fill":
            story.late_ns = record.wall_ns

    def _flow(self, flow: CashFlow) -> None:
        if flow.reference in self.flows:
            return
        self.flows[flow.reference] = flow
        pot = (flow.venue, flow.shard)
        self.cash_micros[pot] = self.cash_micros.get(pot, 0) + flow.micros
        if flow.kind in (FlowKind.SETTLEMENT, FlowKind.REDEMPTION):
            self.strangers_e6.pop(flow.market_id, None)
            for outcome in Outcome:
                self.held_e6[flow.market_id, outcome] = 0

    def _position(self, record: PositionOpened) -> None:
        yes, no = (record.market_id, Outcome.YES), (record.market_id, Outcome.NO)
        if record.venue is Venue.KALSHI:
            self.held_e6[yes] = record.yes_e6 - record.no_e6
        else:
            self.held_e6[yes], self.held_e6[no] = record.yes_e6, record.no_e6

    def _move(self, fill: Fill, sign: int) -> None:
        """Move cash and holding; Kalshi pays a dollar for each NO that meets a YES."""
        market = self.markets.get(fill.market_id)
        pot = (fill.venue, 0 if market is None else market.shard)
        buys = 1 if fill.side is Side.BUY else -1
        cash = -buys * sign * fill.notional_micros - sign * fill.fee_micros
        key = (fill.market_id, fill.outcome)
        change_e6 = buys * sign * fill.size_e6
        if fill.venue is Venue.KALSHI:
            key = (fill.market_id, Outcome.YES)
            before_e6 = self.held_e6.get(key, 0)
            if fill.outcome is Outcome.NO:
                # A NO for q is a YES sold at 1 - q, with a dollar locked against it.
                cash += change_e6
                change_e6 = -change_e6
            cash += min(0, before_e6 + change_e6) - min(0, before_e6)
        self.held_e6[key] = self.held_e6.get(key, 0) + change_e6
        self.cash_micros[pot] = self.cash_micros.get(pot, 0) + cash
