"""Builders of core values, an engine with two books, and a second opinion on exposure."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import TypeVar

from twoleg.core.actions import Action, Fire, Note, NoteKind, SetTimer
from twoleg.core.engine import Engine
from twoleg.core.events import (
    AnswerStatus,
    BookSnapshot,
    CashReported,
    Fill,
    FillBooked,
    FillStatus,
    FillVoided,
    LegAnswer,
    Level,
    MarketChanged,
    MoneySettled,
    OrderAnswered,
    PairsChanged,
)
from twoleg.core.executions import Executions
from twoleg.core.limits import BreakerLimits, Limits
from twoleg.core.market import (
    Band,
    Direction,
    FeeSchedule,
    LegMode,
    Market,
    MarketId,
    Outcome,
    Pair,
    PairId,
    PairState,
    Polarity,
    PriceGrid,
    Side,
    TimeInForce,
    Venue,
)
from twoleg.core.orders import OrderSpec, Purpose

K = MarketId("kalshi:KXA")
P = MarketId("polymarket:0xa")
PAIR_ID = PairId("pair-a")
MS = 1_000_000
T0_MS = 1_790_000_000_000
"""Wall time at monotonic zero."""
LOT = 10_000
ONE = 1_000_000

CENT = PriceGrid.uniform(100)
KALSHI_FEES = FeeSchedule(rate_e6=70_000, quantum_micros=100, balance_quantum_micros=100)
POLYMARKET_FEES = FeeSchedule(rate_e6=40_000, quantum_micros=10)
FREE = FeeSchedule(rate_e6=0)


def bands(*parts: tuple[int, int, int]) -> PriceGrid:
    return PriceGrid(tuple(Band(start, end, step) for start, end, step in parts))


def edges(edge: int, centre: int, inner: int = 1_000) -> PriceGrid:
    outer = 10_000 - inner
    return bands((0, inner, edge), (inner, outer, centre), (outer, 10_000, edge))


# Section "Prices, ticks" of the Kalshi reference: every structure that the venue names.
STRUCTURES: dict[str, PriceGrid] = {
    "linear_cent": PriceGrid.uniform(100),
    "deci_cent": PriceGrid.uniform(10),
    "tapered_deci_cent": edges(10, 100),
    "center_whole_edge_half_cent": edges(50, 100),
    "center_whole_edge_quint_cent": edges(20, 100),
    "center_half_edge_half_cent": PriceGrid.uniform(50),
    "center_half_edge_quint_cent": edges(20, 50),
    "center_half_edge_deci_cent": edges(10, 50),
    "center_quint_edge_quint_cent": PriceGrid.uniform(20),
    "center_quint_edge_deci_cent": edges(10, 20),
    "center_centi_edge_centi_cent": PriceGrid.uniform(1),
    "center_deci_edge_centi_cent": edges(1, 10, inner=100),
    "linear_cent_as_published": bands((100, 9_900, 100)),
}


def kalshi_market(
    name: MarketId = K,
    *,
    grid: PriceGrid = CENT,
    fees: FeeSchedule = KALSHI_FEES,
    shard: int = 0,
    seconds_delay: int = 0,
    is_tradable: bool = True,
) -> Market:
    return Market(
        id=name,
        venue=Venue.KALSHI,
        native_id=name.partition(":")[2],
        grid=grid,
        fees=fees,
        shard=shard,
        seconds_delay=seconds_delay,
        is_tradable=is_tradable,
    )


def polymarket_market(
    name: MarketId = P,
    *,
    grid: PriceGrid = CENT,
    fees: FeeSchedule = POLYMARKET_FEES,
    seconds_delay: int = 0,
    is_tradable: bool = True,
    size_e6_min: int = 5 * ONE,
    notional_micros_min: int = ONE,
) -> Market:
    return Market(
        id=name,
        venue=Venue.POLYMARKET,
        native_id=name.partition(":")[2],
        grid=grid,
        fees=fees,
        size_e6_min=size_e6_min,
        notional_micros_min=notional_micros_min,
        yes_token="11",
        no_token="22",
        seconds_delay=seconds_delay,
        is_tradable=is_tradable,
    )


def make_pair(
    polarity: Polarity = Polarity.SAME,
    *,
    pair_id: PairId = PAIR_ID,
    kalshi: MarketId = K,
    polymarket: MarketId = P,
    state: PairState = PairState.ARMED,
    leg_mode: LegMode = LegMode.CONCURRENT,
    tif: TimeInForce = TimeInForce.FOK,
    size_e6_max: int = 0,
) -> Pair:
    return Pair(
        id=pair_id,
        kalshi=kalshi,
        polymarket=polymarket,
        polarity=polarity,
        state=state,
        leg_mode=leg_mode,
        tif=tif,
        size_e6_max=size_e6_max,
    )


def order_spec(
    market: Market,
    outcome: Outcome = Outcome.YES,
    side: Side = Side.BUY,
    *,
    size_e6: int = 10 * ONE,
    limit_e4: int = 5_000,
    execution_no: int = 1,
    order_no: int = 0,
    purpose: Purpose = Purpose.ARB,
) -> OrderSpec:
    return OrderSpec(
        execution_no=execution_no,
        order_no=order_no,
        purpose=purpose,
        market=market,
        outcome=outcome,
        side=side,
        size_e6=size_e6,
        limit_e4=limit_e4,
        tif=TimeInForce.FOK,
    )


def snapshot(
    market_id: MarketId,
    bids: Iterable[Level],
    asks: Iterable[Level],
    *,
    now_ns: int = 0,
    lag_ms: int = 5,
    sid: int = 0,
    seq: int = 0,
    hash_: str = "",
    last_trade_price: str = "",
) -> BookSnapshot:
    wall_ms = T0_MS + now_ns // MS
    return BookSnapshot(
        market_id=market_id,
        bids=tuple(bids),
        asks=tuple(asks),
        ts_event_ms=wall_ms - lag_ms,
        ts_recv_ns=wall_ms * MS,
        sid=sid,
        seq=seq,
        hash=hash_,
        last_trade_price=last_trade_price,
    )


def event_sign(polarity: Polarity, venue: Venue, outcome: Outcome, side: Side) -> int:
    """Written out row by row, so that it cannot share a mistake with the code under test."""
    bought = {
        (Polarity.SAME, Venue.KALSHI, Outcome.YES): 1,
        (Polarity.SAME, Venue.KALSHI, Outcome.NO): -1,
        (Polarity.SAME, Venue.POLYMARKET, Outcome.YES): 1,
        (Polarity.SAME, Venue.POLYMARKET, Outcome.NO): -1,
        (Polarity.INVERSE, Venue.KALSHI, Outcome.YES): 1,
        (Polarity.INVERSE, Venue.KALSHI, Outcome.NO): -1,
        (Polarity.INVERSE, Venue.POLYMARKET, Outcome.YES): -1,
        (Polarity.INVERSE, Venue.POLYMARKET, Outcome.NO): 1,
    }[polarity, venue, outcome]
    return bought if side is Side.BUY else -bought


def crossing_books(
    polarity: Polarity, direction: Direction, *, size_e6: int = 100 * ONE
) -> tuple[tuple[list[Level], list[Level]], tuple[list[Level], list[Level]]]:
    """Books on which only `direction` has an edge: ask 0.48 on Kalshi, 0.45 on Polymarket."""
    offered = ([(4_600, size_e6), (4_500, size_e6)], [(4_800, size_e6), (4_900, size_e6)])
    other = ([(4_300, size_e6), (4_200, size_e6)], [(4_500, size_e6), (4_600, size_e6)])

    def in_yes(
        book: tuple[list[Level], list[Level]], outcome: Outcome
    ) -> tuple[list[Level], list[Level]]:
        if outcome is Outcome.YES:
            return book
        bids, asks = book
        return (
            [(10_000 - price, size) for price, size in asks],
            [(10_000 - price, size) for price, size in bids],
        )

    kalshi = Outcome.YES if direction is Direction.KALSHI_YES else Outcome.NO
    # The Polymarket outcome whose purchase has the opposite sign.
    wanted = -event_sign(polarity, Venue.KALSHI, kalshi, Side.BUY)
    polymarket = next(
        outcome
        for outcome in Outcome
        if event_sign(polarity, Venue.POLYMARKET, outcome, Side.BUY) == wanted
    )
    return in_yes(offered, kalshi), in_yes(other, polymarket)


EASY = Limits(
    breaker=BreakerLimits(failures_max=5, open_ms=60_000),
    # Full fill rates: what is sized is what the depth allows.
    fill_curve=((1_000, 10_000), (2_500, 10_000), (5_000, 10_000)),
    size_e6_max=20 * ONE,
    # An edge is fired at as soon as it is seen.
    edge_stable_ms=0,
)


class Rig:
    """An engine with one pair; keeps the time and everything that it ever asked for."""

    def __init__(
        self,
        *,
        polarity: Polarity = Polarity.SAME,
        direction: Direction = Direction.KALSHI_YES,
        limits: Limits = EASY,
        pair: Pair | None = None,
        kalshi: Market | None = None,
        polymarket: Market | None = None,
        cash_micros: tuple[int, int] = (1_000 * ONE, 1_000 * ONE),
        hash_every: int = 0,
    ) -> None:
        self.engine = Engine(limits, hash_every=hash_every)
        self.now_ns = 1_000 * MS
        self.polarity, self.direction = polarity, direction
        self.pair = pair or make_pair(polarity)
        self.kalshi = kalshi or kalshi_market()
        self.polymarket = polymarket or polymarket_market()
        self.seen: list[Action] = []
        self.send(MarketChanged(self.kalshi))
        self.send(MarketChanged(self.polymarket))
        self.send(PairsChanged((self.pair,)))
        self.send(CashReported(Venue.KALSHI, ((self.kalshi.shard, cash_micros[0]),)))
        self.send(CashReported(Venue.POLYMARKET, ((0, cash_micros[1]),)))

    @property
    def executions(self) -> Executions:
        return self.engine._executions

    def send(self, event: object) -> Sequence[Action]:
        actions = list(self.engine.on_event(event, self.now_ns))  # type: ignore[arg-type]  # any event
        self.seen += actions
        return actions

    def pass_ms(self, ms: int) -> None:
        self.now_ns += ms * MS

    def quote(self, *, size_e6: int = 100 * ONE, lag_ms: int = 5) -> Sequence[Action]:
        """Bring both books; the second one completes the opportunity."""
        kalshi, polymarket = crossing_books(self.polarity, self.direction, size_e6=size_e6)
        first = self.send(self.book(K, *kalshi, lag_ms=lag_ms))
        return [*first, *self.send(self.book(P, *polymarket, lag_ms=lag_ms))]

    def book(
        self, market_id: MarketId, bids: list[Level], asks: list[Level], *, lag_ms: int = 5
    ) -> BookSnapshot:
        return snapshot(market_id, bids, asks, now_ns=self.now_ns, lag_ms=lag_ms)

    def answer(
        self,
        order: OrderSpec,
        status: AnswerStatus,
        filled_e6: int = 0,
        notional_micros: int = -1,
        *,
        is_unavailable: bool = False,
        ts_event_ms: int = 0,
    ) -> Sequence[Action]:
        answer = LegAnswer(
            status=status,
            filled_e6=filled_e6,
            notional_micros=notional_micros,
            is_unavailable=is_unavailable,
            ts_event_ms=ts_event_ms,
        )
        recv_ns = (T0_MS + self.now_ns // MS) * MS
        return self.send(OrderAnswered(order.execution_no, order.order_no, answer, recv_ns))

    def fill(
        self, order: OrderSpec, price_e4: int = 0, size_e6: int = 0, fee_micros: int = 0
    ) -> Sequence[Action]:
        """Answer FILLED and book the money, as the tracker would."""
        size_e6 = size_e6 or order.size_e6
        notional = (price_e4 or order.limit_e4) * size_e6 // 10_000
        first = self.answer(order, AnswerStatus.FILLED, size_e6, notional)
        return [*first, *self.book_fill(order, size_e6, notional, fee_micros)]

    def book_fill(
        self, order: OrderSpec, size_e6: int, notional: int, fee_micros: int = 0, key: str = "f"
    ) -> Sequence[Action]:
        fill = make_fill(order, size_e6, notional, fee_micros, key)
        first = self.send(FillBooked(order.execution_no, order.order_no, fill))
        state = self.executions._find(order.execution_no).order(order.order_no)
        settled = MoneySettled(
            order.execution_no,
            order.order_no,
            state.booked_e6,
            state.booked_notional_micros,
            state.booked_fee_micros,
        )
        return [*first, *self.send(settled)]

    def void_fill(self, order: OrderSpec, size_e6: int, notional: int) -> Sequence[Action]:
        fill = make_fill(order, size_e6, notional, 0, "f")
        return self.send(FillVoided(order.execution_no, order.order_no, fill))


T = TypeVar("T")


def only(actions: Iterable[Action], kind: type[T]) -> list[T]:
    return [action for action in actions if isinstance(action, kind)]


def timers(actions: Iterable[Action]) -> list[SetTimer]:
    """Timers that were set, but for the look at the cash whenever no money moves any more."""
    return [timer for timer in only(actions, SetTimer) if timer.key != "cash:"]


def fires(actions: Iterable[Action]) -> list[Fire]:
    return only(actions, Fire)


def notes(actions: Iterable[Action], kind: NoteKind) -> list[dict[str, str | int | bool]]:
    return [dict(note.fields) for note in only(actions, Note) if note.kind is kind]


def alarms(actions: Iterable[Action]) -> list[str]:
    return [str(fields["event"]) for fields in notes(actions, NoteKind.ALARM)]


def make_fill(
    order: OrderSpec, size_e6: int, notional: int, fee_micros: int = 0, key: str = "f"
) -> Fill:
    return Fill(
        venue=order.venue,
        market_id=order.market.id,
        fill_id=f"{order.execution_no}/{order.order_no}/{key}",
        order_key="key",
        venue_order_id="id",
        outcome=order.outcome,
        side=order.side,
        price_e4=order.limit_e4,
        size_e6=size_e6,
        notional_micros=notional,
        fee_micros=fee_micros,
        status=FillStatus.PROVISIONAL if order.venue is Venue.POLYMARKET else FillStatus.FINAL,
    )


def exact_fee(schedule: FeeSchedule, price: Fraction, contracts: Fraction) -> Fraction:
    """Dollars, unrounded."""
    curve = (price * (1 - price)) ** schedule.exponent
    return Fraction(schedule.rate_e6, 1_000_000) * contracts * curve
