"""A start after one side of a pair was paid: the other side does not stand alone."""

from itertools import product

import pytest

from tests.support.core import PAIR_ID, Rig, alarms, fires
from tests.support.runtime import (
    KALSHI,
    ONE,
    POLYMARKET,
    FakeVenue,
    HeldClock,
    fill_of,
    ref_of,
    spec_of,
)
from tests.unit.runtime.support import Told
from twoleg.core.events import (
    AnswerStatus,
    Event,
    Fill,
    FillStatus,
    LegAnswer,
    MoneySettled,
    PositionReported,
)
from twoleg.core.flows import CashFlow, FlowKind
from twoleg.core.market import Direction, Market, Pair, Polarity, Venue
from twoleg.core.orders import OrderSpec
from twoleg.runtime.accounts import Accounts
from twoleg.runtime.recovery import Recovered
from twoleg.storage.records import (
    AnswerRecorded,
    CashFlowSeen,
    CashOpened,
    FillRecorded,
    IntentRecorded,
    MarketSeen,
    NoteRecorded,
    PairSeen,
    PositionOpened,
)

SIZE = 10 * ONE
PRICE_E4 = 4_000
CASES = list(product(Polarity, Direction, Venue))
MARKETS: dict[Venue, Market] = {Venue.KALSHI: KALSHI, Venue.POLYMARKET: POLYMARKET}
KINDS = {Venue.KALSHI: FlowKind.SETTLEMENT, Venue.POLYMARKET: FlowKind.REDEMPTION}


def legs(pair: Pair, direction: Direction) -> tuple[OrderSpec, OrderSpec]:
    """What a hedged execution of this direction bought."""
    return (
        spec_of(Venue.KALSHI, outcome=direction.kalshi_outcome, size_e6=SIZE),
        spec_of(
            Venue.POLYMARKET, outcome=direction.polymarket_outcome(pair.polarity), size_e6=SIZE
        ),
    )


def fills(pair: Pair, direction: Direction, status: FillStatus) -> dict[Venue, Fill]:
    """Polymarket's is of this status."""
    kalshi, polymarket = legs(pair, direction)
    return {
        Venue.KALSHI: fill_of(kalshi, "k1", size_e6=SIZE, price_e4=PRICE_E4),
        Venue.POLYMARKET: fill_of(polymarket, "p1", size_e6=SIZE, price_e4=PRICE_E4, status=status),
    }


def journalled(pair: Pair, direction: Direction, paid: Venue, *, is_final: bool) -> Recovered:
    """One hedged execution that closed; after it one of its markets was paid."""
    known = Recovered()
    for venue, market in MARKETS.items():
        known.apply(MarketSeen(wall_ns=1, market=market))
        known.apply(CashOpened(wall_ns=1, venue=venue, shard=0, cash_micros=100 * ONE))
        known.apply(PositionOpened(wall_ns=1, venue=venue, market_id=market.id, yes_e6=0, no_e6=0))
    known.apply(PairSeen(wall_ns=1, pair=pair))
    orders = tuple(map(ref_of, legs(pair, direction)))
    known.apply(
        IntentRecorded(
            wall_ns=2,
            execution_no=1,
            execution_id="e1",
            pair_id=pair.id,
            direction=direction,
            net_micros=1,
            orders=orders,
        )
    )
    status = FillStatus.FINAL if is_final else FillStatus.PROVISIONAL
    for number, (venue, fill) in enumerate(fills(pair, direction, status).items()):
        known.apply(
            AnswerRecorded(
                wall_ns=3,
                execution_no=1,
                order_no=number,
                order_key="key",
                venue=venue,
                answer=LegAnswer(
                    status=AnswerStatus.FILLED,
                    filled_e6=SIZE,
                    notional_micros=fill.notional_micros,
                ),
            )
        )
        known.apply(
            FillRecorded(wall_ns=3, execution_no=1, order_no=number, owner="arb", fill=fill)
        )
    known.apply(
        NoteRecorded(
            wall_ns=4,
            execution_no=1,
            execution_id="e1",
            pair_id=pair.id,
            kind="execution_closed",
            fields={"net_micros": 2 * ONE},
        )
    )
    known.apply(CashFlowSeen(wall_ns=5, flow=payment(paid)))
    return known


def payment(paid: Venue) -> CashFlow:
    return CashFlow(
        kind=KINDS[paid],
        venue=paid,
        shard=0,
        micros=SIZE,
        reference="end",
        ts_ms=1,
        market_id=MARKETS[paid].id,
    )


class Start:
    """An engine that is told what the journal says, as a start tells it."""

    def __init__(
        self, polarity: Polarity, direction: Direction, paid: Venue, *, is_final: bool
    ) -> None:
        self.rig = Rig(polarity=polarity, direction=direction)
        self.rig.quote(size_e6=1)
        self.rig.seen.clear()
        self.known = journalled(self.rig.pair, direction, paid, is_final=is_final)
        self.events: list[Event] = []
        accounts = Accounts(
            {venue: FakeVenue(venue, []) for venue in Venue},
            ledger=self.known.ledger,
            clock=HeldClock(),
            record=self.known.apply,
            emit=self.emit,
            differences=Told().differences,
        )
        accounts.tell(self.known.settled_ledger(), MARKETS.values())
        for number, execution in self.known.unfinished.items():
            self.emit(execution.found(number, self.rig.pair))

    def emit(self, event: Event) -> None:
        self.events.append(event)
        self.rig.send(event)

    def settle(self) -> None:
        for number in (0, 1):
            self.emit(MoneySettled(1, number, SIZE, PRICE_E4 * SIZE // 10_000, 0))


@pytest.mark.parametrize(("polarity", "direction", "paid"), CASES)
def test_holding_that_was_paid_covers_the_other_leg(
    polarity: Polarity, direction: Direction, paid: Venue
) -> None:
    start = Start(polarity, direction, paid, is_final=True)
    holdings = start.rig.executions.holdings
    sign = 1 if direction is Direction.KALSHI_YES else -1
    assert holdings.exposures_e6(PAIR_ID) == {
        Venue.KALSHI: sign * SIZE,
        Venue.POLYMARKET: -sign * SIZE,
    }
    assert holdings.carry_e6(PAIR_ID) == 0
    reported = [event for event in start.events if isinstance(event, PositionReported)]
    assert [abs(event.yes_e6 - event.no_e6) for event in reported] == [SIZE, SIZE]
    # Nothing of it is ours any more; only the other side is.
    owned = {venue: sum(start.known.ledger.owned_e6(MARKETS[venue].id)) for venue in Venue}
    assert owned == {paid: 0, paid.other: SIZE}


@pytest.mark.parametrize(("polarity", "direction", "paid"), CASES)
def test_execution_that_is_found_again_is_hedged_as_it_was(
    polarity: Polarity, direction: Direction, paid: Venue
) -> None:
    """A fill of it is not final yet: the engine books it anew, and it counts once."""
    start = Start(polarity, direction, paid, is_final=False)
    rig = start.rig
    holdings = rig.executions.holdings
    assert holdings.exposures_e6(PAIR_ID) == dict.fromkeys(Venue, 0)
    start.settle()
    assert (rig.engine.open_executions, fires(rig.seen), alarms(rig.seen)) == (0, [], [])
    sign = 1 if direction is Direction.KALSHI_YES else -1
    assert holdings.exposures_e6(PAIR_ID) == {
        Venue.KALSHI: sign * SIZE,
        Venue.POLYMARKET: -sign * SIZE,
    }
