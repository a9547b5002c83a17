"""Hand-made histories: one pair, what the venues saw, what the journal says, step by step."""

from dataclasses import dataclass, field
from typing import Any, Final

from tests.simulation.checkers.facts import Facts, Rule
from tests.simulation.checkers.record import Record
from tests.simulation.sightings import BookStates, PairTruth, Sent, Traded
from twoleg.core.actions import NoteKind
from twoleg.core.events import AnswerStatus, Fill, FillStatus, LegAnswer
from twoleg.core.limits import Limits
from twoleg.core.market import (
    Direction,
    FeeSchedule,
    Market,
    MarketId,
    Outcome,
    PairId,
    PriceGrid,
    Side,
    TimeInForce,
    Venue,
)
from twoleg.core.orders import OrderRef, OrderSpec, Purpose
from twoleg.storage.records import (
    AnswerRecorded,
    AnyRecord,
    CashOpened,
    FillRecorded,
    FillVoidRecorded,
    IntentRecorded,
    MarketSeen,
    NoteRecorded,
    RunStarted,
)

K, P = Venue.KALSHI, Venue.POLYMARKET
START_NS: Final = 1_790_000_000_000_000_000
NS_PER_S: Final = 1_000_000_000
SIZE_E6: Final = 10_000_000
TOKENS: Final = ("111", "222")
CASH_MICROS: Final = 1_000_000_000
TRUTH: Final = PairTruth("KX", "0xc", TOKENS, is_inverse=False)


def market_on(venue: Venue, native_id: str = "") -> Market:
    native_id = native_id or TRUTH.market_on(venue)
    return Market(
        id=MarketId(f"{venue.value}:{native_id}"),
        venue=venue,
        native_id=native_id,
        grid=PriceGrid.uniform(100),
        fees=FeeSchedule(rate_e6=0),
        yes_token=TOKENS[0] if venue is P else "",
        no_token=TOKENS[1] if venue is P else "",
    )


@dataclass
class HandMade:
    """The venues' side, told by hand."""

    sent: list[Sent] = field(default_factory=list)
    trades: list[Traded] = field(default_factory=list)
    pairs: tuple[PairTruth, ...] = (TRUTH,)
    states: dict[tuple[Venue, str], BookStates] = field(default_factory=dict)
    voids: int = 0
    cash: dict[tuple[Venue, int], int] = field(
        default_factory=lambda: {(K, 0): CASH_MICROS, (P, 0): CASH_MICROS}
    )
    held: dict[Venue, tuple[int, int]] = field(default_factory=lambda: {K: (0, 0), P: (0, 0)})
    pending: set[str] = field(default_factory=set)
    resolved: set[tuple[Venue, str]] = field(default_factory=set)

    def pots(self) -> dict[tuple[Venue, int], int]:
        return self.cash

    def held_e6(self, pair: PairTruth, venue: Venue) -> tuple[int, int]:
        return self.held[venue]

    def is_pending(self, sent: Sent) -> bool:
        return sent.key in self.pending

    def is_resolved(self, venue: Venue, market: str) -> bool:
        return (venue, market) in self.resolved


class History:
    """Tells facts to one rule, a step at a time. Prices are those of the outcome."""

    def __init__(self, rule: Rule, limits: Limits | None = None) -> None:
        self.rule = rule
        self.venues = HandMade()
        self.facts = Facts(self.venues, Record(), limits or Limits(), now_ns=START_NS)
        self.facts.alive_ns = START_NS
        self._records: list[AnyRecord] = []
        self._seen = [0, 0]

    # -- telling -----------------------------------------------------------------------------

    def begin(self) -> "History":
        """A run starts and reads both balances."""
        self.write(
            RunStarted(wall_ns=self.now, run_id="r", mode="sim", version="", member="", accounts={})
        )
        for venue in Venue:
            self.write(MarketSeen(wall_ns=self.now, market=market_on(venue)))
            self.write(CashOpened(wall_ns=self.now, venue=venue, shard=0, cash_micros=CASH_MICROS))
        return self.step()

    @property
    def now(self) -> int:
        return self.facts.now_ns

    def write(self, record: AnyRecord) -> None:
        self.facts.record.apply(record)
        self._records.append(record)

    def step(self, seconds: float = 0) -> "History":
        """Let time pass, then let the rule look at all that is new."""
        facts = self.facts
        facts.now_ns += int(seconds * NS_PER_S)
        facts.new_sent = self.venues.sent[self._seen[0] :]
        facts.new_trades = self.venues.trades[self._seen[1] :]
        self._seen = [len(self.venues.sent), len(self.venues.trades)]
        facts.new_records, self._records = self._records, []
        self.rule.step(facts)
        return self

    def end(self) -> "History":
        self.step()
        self.rule.end(self.facts)
        return self

    def spec(
        self,
        venue: Venue,
        *,
        number: int = 1,
        order_no: int | None = None,
        outcome: Outcome | None = None,
        side: Side = Side.BUY,
        size_e6: int = SIZE_E6,
        limit_e4: int = 4_000,
        purpose: Purpose = Purpose.ARB,
        reduce_only: bool = False,
        native_id: str = "",
    ) -> OrderSpec:
        """An order: by default the leg that buys YES on Kalshi, NO on Polymarket."""
        is_dollars = venue is P and side is Side.BUY
        return OrderSpec(
            execution_no=number,
            order_no=(0 if venue is K else 1) if order_no is None else order_no,
            purpose=purpose,
            market=market_on(venue, native_id),
            outcome=outcome or (Outcome.YES if venue is K else Outcome.NO),
            side=side,
            size_e6=size_e6,
            limit_e4=limit_e4,
            tif=TimeInForce.FOK if purpose is Purpose.ARB else TimeInForce.IOC,
            spend_micros=size_e6 * limit_e4 // 10_000 if is_dollars else 0,
            reduce_only=reduce_only,
        )

    def intend(
        self,
        *specs: OrderSpec,
        keys: tuple[str, ...] = (),
        pair: str = "pair",
        net_micros: int = 0,
    ) -> None:
        """Announce orders, and what they are to earn."""
        refs = tuple(
            OrderRef(spec=spec, order_key=key, sent_wall_ms=0)
            for spec, key in zip(specs, keys or [key_of(spec) for spec in specs], strict=True)
        )
        self.write(
            IntentRecorded(
                wall_ns=self.now,
                execution_no=specs[0].execution_no,
                execution_id=f"e{specs[0].execution_no}",
                pair_id=PairId(pair),
                direction=Direction.KALSHI_YES,
                net_micros=net_micros,
                orders=refs,
            )
        )

    def send(self, spec: OrderSpec, key: str = "", **changes: Any) -> Sent:
        """An order arrives at its venue, as announced unless told otherwise."""
        is_yes = spec.outcome is Outcome.YES
        is_buy = spec.side is Side.BUY
        fields: dict[str, Any] = {
            "no": len(self.venues.sent),
            "at_ns": self.now,
            "venue": spec.venue,
            "market": spec.market.native_id,
            "key": key or key_of(spec),
            "side": "bid" if is_yes is is_buy else "ask",
            "limit_e4": spec.limit_e4 if is_yes else 10_000 - spec.limit_e4,
            "size_e6": 0 if spec.spend_micros else spec.size_e6,
            "spend_micros": spec.spend_micros,
            "token": 0 if is_yes or spec.venue is K else 1,
            "is_buy": is_buy,
            "reduce_only": spec.reduce_only,
            "cash_micros": CASH_MICROS,
            "is_entered": True,
            "is_done": True,
        }
        sent = Sent(**{**fields, **changes})
        self.venues.sent.append(sent)
        return sent

    def trade(self, spec: OrderSpec, size_e6: int = 0, *, key: str = "", fee: int = 0) -> Traded:
        """The venue fills an order at its limit."""
        is_yes, is_buy = spec.outcome is Outcome.YES, spec.side is Side.BUY
        size_e6 = size_e6 or spec.size_e6
        worth = size_e6 * spec.limit_e4 // 10_000
        cash = -worth if is_buy else worth
        if spec.venue is K and not is_yes:
            cash += size_e6 if is_buy else -size_e6
        traded = Traded(
            no=len(self.venues.trades),
            at_ns=self.now,
            venue=spec.venue,
            market=spec.market.native_id,
            key=key or key_of(spec),
            trade_id=f"t{len(self.venues.trades)}",
            side="bid" if is_yes is is_buy else "ask",
            price_e4=spec.limit_e4 if is_yes else 10_000 - spec.limit_e4,
            size_e6=size_e6,
            cash_micros=cash,
            fee_micros=fee,
            token=0 if is_yes or spec.venue is K else 1,
            is_buy=is_buy,
        )
        self.venues.trades.append(traded)
        self.facts.fills_by_key.setdefault(traded.key, []).append(traded)
        return traded

    def answer(
        self,
        spec: OrderSpec,
        status: AnswerStatus,
        filled_e6: int = 0,
        *,
        key: str = "",
        code: str = "",
    ) -> None:
        self.write(
            AnswerRecorded(
                wall_ns=self.now,
                execution_no=spec.execution_no,
                order_no=spec.order_no,
                order_key=key or key_of(spec),
                venue=spec.venue,
                answer=LegAnswer(status=status, filled_e6=filled_e6, code=code),
            )
        )

    def book(self, spec: OrderSpec, traded: Traded, **changes: Any) -> FillRecorded:
        """Journal a fill as the trade was, unless told otherwise."""
        fields: dict[str, Any] = {
            "venue": spec.venue,
            "market_id": spec.market.id,
            "fill_id": traded.trade_id,
            "order_key": traded.key,
            "venue_order_id": "",
            "outcome": spec.outcome,
            "side": spec.side,
            "price_e4": spec.limit_e4,
            "size_e6": traded.size_e6,
            "notional_micros": traded.size_e6 * spec.limit_e4 // 10_000,
            "fee_micros": traded.fee_micros,
            "status": FillStatus.FINAL,
        }
        record = FillRecorded(
            wall_ns=self.now,
            execution_no=spec.execution_no,
            order_no=spec.order_no,
            owner="arb",
            fill=Fill(**{**fields, **changes}),
        )
        self.write(record)
        return record

    def void(self, record: FillRecorded) -> None:
        self.write(
            FillVoidRecorded(
                wall_ns=self.now,
                execution_no=record.execution_no,
                order_no=record.order_no,
                fill=record.fill,
            )
        )

    def note(self, kind: NoteKind, number: int = 0, /, **fields: str | int | bool) -> None:
        self.write(
            NoteRecorded(
                wall_ns=self.now,
                execution_no=number,
                execution_id="",
                pair_id="pair",
                kind=kind.value,
                fields=fields,
            )
        )

    def close(self, number: int = 1, **fields: str | int | bool) -> None:
        self.note(NoteKind.EXECUTION_CLOSED, number, **fields)

    def fire(self, number: int = 1, **changes: Any) -> tuple[OrderSpec, OrderSpec]:
        """Announce and send both legs of an entry."""
        specs = (
            self.spec(K, number=number, **changes),
            self.spec(P, number=number, limit_e4=5_000),
        )
        self.intend(*specs)
        for spec in specs:
            self.send(spec)
        return specs

    def fill(self, *specs: OrderSpec) -> None:
        """All of these orders fill, and are answered and booked."""
        for spec in specs:
            traded = self.trade(spec)
            self.answer(spec, AnswerStatus.FILLED, traded.size_e6)
            self.book(spec, traded)


def key_of(spec: OrderSpec) -> str:
    return f"{spec.venue.value}-{spec.execution_no}-{spec.order_no}"
