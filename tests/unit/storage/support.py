"""Clock, entropy and records for the tests of the storage."""

import asyncio
import random
import time
import uuid
from pathlib import Path

from twoleg.core.counts import CellCount, LegTry
from twoleg.core.events import AnswerStatus, Fill, FillStatus, LegAnswer, OperatorAct
from twoleg.core.flows import CashFlow, FlowKind
from twoleg.core.market import (
    Direction,
    FeeSchedule,
    Market,
    MarketId,
    Outcome,
    Pair,
    PairId,
    Polarity,
    PriceGrid,
    Side,
    TimeInForce,
    Venue,
)
from twoleg.core.orders import OrderRef, OrderSpec, Purpose
from twoleg.storage.journal import Journal, JournalLimits, Sync
from twoleg.storage.records import (
    AccountCompared,
    AccountHeard,
    AnswerRecorded,
    AnyRecord,
    CashFlowSeen,
    CashOpened,
    DifferenceAccepted,
    FeeAdjusted,
    FillFinalRecorded,
    FillRecorded,
    FillVoidRecorded,
    FlowsRead,
    IntentRecorded,
    KnownAccount,
    KnownExecution,
    MarketSeen,
    NoteRecorded,
    OperatorRecorded,
    PairSeen,
    PositionOpened,
    RunStarted,
    SnapshotBegun,
    SnapshotEnded,
    SnapshotPart,
    StrangerSeen,
)

WALL_NS = 1_790_000_000_000_000_000
KALSHI = MarketId("kalshi:KX-1")
POLYMARKET = MarketId("polymarket:0xabc")
PAIR = PairId("pair-1")
EXECUTION = "6f1f5b7e-8a3b-4a0e-9d63-2d0a5c1f7e11"
SMALL = JournalLimits(segment_bytes=8 << 10, reserve_bytes=1 << 10)


class RealClock:
    """Real time, for tests with real processes."""

    def monotonic_ns(self) -> int:
        return time.monotonic_ns()

    def wall_ns(self) -> int:
        return time.time_ns()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class ManualClock(RealClock):
    """Time that moves when told to."""

    def __init__(self) -> None:
        self.now_ns = 0

    def monotonic_ns(self) -> int:
        return self.now_ns

    def wall_ns(self) -> int:
        return WALL_NS + self.now_ns


class SeededEntropy:
    """Ids that differ and repeat from run to run."""

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)

    def uuid4(self) -> str:
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def below(self, bound: int) -> int:
        return self._random.randrange(bound)

    def jitter(self) -> float:
        return self._random.random()


def open_journal(
    folder: Path,
    *,
    sync: Sync = "process",
    limits: JournalLimits = SMALL,
    clock: RealClock | None = None,
    seed: int = 1,
    mode: str = "sim",
    account: str = "main",
) -> Journal:
    return Journal.open(
        folder,
        sync=sync,
        clock=clock or ManualClock(),
        entropy=SeededEntropy(seed),
        mode=mode,
        account=account,
        member="member-1",
        limits=limits,
    )


def note(number: int = 1, *, kind: str = "alarm", **fields: str | int | bool) -> NoteRecorded:
    return NoteRecorded(
        wall_ns=WALL_NS + number,
        execution_no=number,
        execution_id="",
        pair_id="",
        kind=kind,
        fields=fields,
    )


def execution_note(kind: str, **fields: str | int | bool) -> NoteRecorded:
    return NoteRecorded(
        wall_ns=WALL_NS,
        execution_no=1,
        execution_id=EXECUTION,
        pair_id=PAIR,
        kind=kind,
        fields=fields,
    )


def run_started(**changes: str) -> RunStarted:
    return RunStarted(
        wall_ns=WALL_NS,
        run_id=SeededEntropy(9).uuid4(),
        mode="sim",
        version="0.1.0",
        member=changes.get("member", "member-1"),
        accounts={
            "kalshi": changes.get("kalshi", "k-main"),
            "polymarket": changes.get("polymarket", "p-main"),
        },
        depth_steps_e4=(1_000, 6_600),
    )


def market(venue: Venue) -> Market:
    return Market(
        id=KALSHI if venue is Venue.KALSHI else POLYMARKET,
        venue=venue,
        native_id="KX-1" if venue is Venue.KALSHI else "0xabc",
        grid=PriceGrid.uniform(100),
        fees=FeeSchedule(rate_e6=70_000),
        shard=2 if venue is Venue.KALSHI else 0,
        title="Will it rain?",
        rules="Settles YES if it rains.",
        close_ts_ms=1_800_000_000_000,
    )


def order(venue: Venue, *, number: int = 0, purpose: Purpose = Purpose.ARB) -> OrderRef:
    spec = OrderSpec(
        execution_no=1,
        order_no=number,
        purpose=purpose,
        market=market(venue),
        outcome=Outcome.YES if venue is Venue.KALSHI else Outcome.NO,
        side=Side.BUY,
        size_e6=10_000_000,
        limit_e4=4_500,
        tif=TimeInForce.FOK,
        spend_micros=0 if venue is Venue.KALSHI else 4_500_000,
        leg_try=LegTry(900, 70) if purpose is Purpose.ARB else None,
    )
    return OrderRef(spec=spec, order_key=f"{venue.value}-key-{number}", sent_wall_ms=1)


def fill(venue: Venue, *, fill_id: str = "f1", number: int = 0) -> Fill:
    is_kalshi = venue is Venue.KALSHI
    return Fill(
        venue=venue,
        market_id=KALSHI if is_kalshi else POLYMARKET,
        fill_id=fill_id,
        order_key=f"{venue.value}-key-{number}",
        venue_order_id="v1",
        outcome=Outcome.YES if is_kalshi else Outcome.NO,
        side=Side.BUY,
        price_e4=4_400,
        size_e6=10_000_000,
        notional_micros=4_400_000,
        fee_micros=100_000,
        fee_modelled=not is_kalshi,
        status=FillStatus.FINAL if is_kalshi else FillStatus.PROVISIONAL,
        ts_event_ms=1_790_000_000_000,
    )


def answer(venue: Venue, *, number: int = 0) -> AnswerRecorded:
    return AnswerRecorded(
        wall_ns=WALL_NS,
        execution_no=1,
        order_no=number,
        order_key=f"{venue.value}-key-{number}",
        venue=venue,
        answer=LegAnswer(
            status=AnswerStatus.FILLED,
            filled_e6=10_000_000,
            notional_micros=4_400_000,
            venue_order_id="v1",
        ),
    )


def intent(*orders: OrderRef) -> IntentRecorded:
    return IntentRecorded(
        wall_ns=WALL_NS,
        execution_no=1,
        execution_id=EXECUTION,
        pair_id=PAIR,
        direction=Direction.KALSHI_YES,
        net_micros=200_000,
        orders=orders,
    )


def booked(one: Fill, owner: str = "arb") -> FillRecorded:
    return FillRecorded(wall_ns=WALL_NS, execution_no=1, order_no=0, owner=owner, fill=one)


def a_trade() -> list[AnyRecord]:
    """A run with one execution: both legs fill, a fill is confirmed, another is void."""
    pair = Pair(id=PAIR, kalshi=KALSHI, polymarket=POLYMARKET, polarity=Polarity.SAME)
    kalshi, polymarket = Venue.KALSHI, Venue.POLYMARKET
    void = fill(polymarket, fill_id="f3")
    return [
        run_started(),
        CashOpened(wall_ns=WALL_NS, venue=kalshi, shard=2, cash_micros=50_000_000),
        PositionOpened(wall_ns=WALL_NS, venue=kalshi, market_id=KALSHI, yes_e6=0, no_e6=3_000_000),
        MarketSeen(wall_ns=WALL_NS, market=market(kalshi)),
        MarketSeen(wall_ns=WALL_NS, market=market(polymarket)),
        PairSeen(wall_ns=WALL_NS, pair=pair),
        execution_note("execution_opened"),
        intent(order(kalshi), order(polymarket)),
        answer(kalshi),
        answer(polymarket),
        booked(fill(kalshi)),
        booked(fill(polymarket, fill_id="f2")),
        booked(void),
        FillFinalRecorded(wall_ns=WALL_NS, venue=polymarket, fill_id="f2"),
        FillVoidRecorded(wall_ns=WALL_NS, execution_no=1, order_no=0, fill=void),
        FeeAdjusted(wall_ns=WALL_NS, venue=polymarket, shard=0, micros=-7, fills=1),
        execution_note("execution_changed", state="settling"),
        execution_note("execution_closed", state="closed", closed_as="hedged", net_micros=1_000),
        note(2, kind="breaker_changed", state="open", reason="loss"),
        OperatorRecorded(wall_ns=WALL_NS, act=OperatorAct.HALT, reason="rules", actor="ops"),
        StrangerSeen(wall_ns=WALL_NS, venue=kalshi, market_id=KALSHI, yes_e6=-50_000, no_e6=0),
        AccountCompared(wall_ns=WALL_NS, venue=kalshi),
        AccountHeard(wall_ns=WALL_NS, venue=kalshi, begun_ms=1_790_000_000_000),
        CashFlowSeen(
            wall_ns=WALL_NS,
            flow=CashFlow(
                kind=FlowKind.DEPOSIT,
                venue=kalshi,
                shard=2,
                micros=5_000_000,
                reference="deposit/1",
                ts_ms=1_790_000_000_000,
            ),
        ),
        FlowsRead(wall_ns=WALL_NS, venue=kalshi, upto_ms=1_790_000_000_000),
        DifferenceAccepted(
            wall_ns=WALL_NS, venue=kalshi, shard=2, micros=-7, reason="gift", actor="ops"
        ),
        *a_snapshot(pair),
    ]


def a_snapshot(pair: Pair) -> list[AnyRecord]:
    """A snapshot with one execution of one order."""
    account = KnownAccount(
        cash=((Venue.KALSHI, 2, 50_000_000),),
        held=((KALSHI, Outcome.YES, 10_000_000),),
        strangers=(),
        opened=((Venue.KALSHI, WALL_NS),),
        modelled_fills=(),
        shards={KALSHI: 2},
        flows=((Venue.KALSHI, "deposit/1", 1_700_000_000_000),),
    )
    execution = KnownExecution(
        execution_no=1,
        execution_id=EXECUTION,
        pair_id=PAIR,
        direction=Direction.KALSHI_YES,
        is_closed=True,
        orders=(order(Venue.KALSHI),),
        answers={0: answer(Venue.KALSHI).answer},
        fills={0: (fill(Venue.KALSHI),)},
        adjusted={},
    )
    cell = (0, 0, False)
    counts = (
        CellCount(Venue.KALSHI, cell, 1, 10_000),
        CellCount(Venue.KALSHI, cell, 1, 10_000, PAIR, Direction.KALSHI_YES),
    )
    return [
        SnapshotBegun(
            wall_ns=WALL_NS,
            next_execution_no=2,
            latest_wall_ns=WALL_NS,
            unknown_records=0,
            halt="",
            is_paused=False,
            losses=(),
            lost_micros={},
            account=account,
            pairs=(pair,),
            depth_steps_e4=(1_000, 6_600),
        ),
        SnapshotPart(wall_ns=WALL_NS, executions=(execution,), counts=counts),
        SnapshotEnded(wall_ns=WALL_NS, parts=1),
    ]
