"""The ledger over fills, voids and adjustments, against what each flow means by itself."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.core import kalshi_market
from tests.support.runtime import KALSHI, ONE, POLYMARKET, fill_of, spec_of
from twoleg.core.events import Fill
from twoleg.core.flows import CashFlow, FlowKind
from twoleg.core.market import Market, MarketId, Outcome, Side, Venue
from twoleg.runtime.ledger import CLOCKS_MS, FLOW_LATE_MS, NS_PER_MS, Ledger
from twoleg.storage.records import (
    AnyRecord,
    CashFlowSeen,
    CashOpened,
    DifferenceAccepted,
    FeeAdjusted,
    FillRecorded,
    FillVoidRecorded,
    FlowsRead,
    MarketSeen,
    PositionOpened,
)

K, P = Venue.KALSHI, Venue.POLYMARKET
YES, NO = Outcome.YES, Outcome.NO
BUY, SELL = Side.BUY, Side.SELL
SHARDED = kalshi_market(MarketId("kalshi:KXS"), shard=2)
MARKETS = (KALSHI, SHARDED, POLYMARKET)
CASH = 1_000 * ONE
Trade = tuple[Outcome, Side, int, int]


def opened() -> Ledger:
    ledger = Ledger()
    for market in MARKETS:
        ledger.apply(MarketSeen(wall_ns=1, market=market))
    for venue, shard in ((K, 0), (K, 2), (P, 0)):
        ledger.apply(CashOpened(wall_ns=1, venue=venue, shard=shard, cash_micros=CASH))
    return ledger


def recorded(fill: Fill) -> FillRecorded:
    return FillRecorded(wall_ns=2, execution_no=1, order_no=0, owner="arb", fill=fill)


def void(fill: Fill) -> FillVoidRecorded:
    return FillVoidRecorded(wall_ns=3, execution_no=1, order_no=0, fill=fill)


def trade(ledger: Ledger, outcome: Outcome, side: Side, size: int, price_e4: int) -> None:
    spec = spec_of(K, outcome=outcome, side=side)
    ledger.apply(recorded(fill_of(spec, size_e6=size * ONE, price_e4=price_e4)))


@pytest.mark.parametrize(
    ("first", "second", "yes_e6", "cash_micros"),
    [
        # Bought YES, bought NO: each of the smaller number pays a dollar at once.
        ((YES, BUY, 10, 4_000), (NO, BUY, 4, 5_000), 6 * ONE, CASH - 4 * ONE - 2 * ONE + 4 * ONE),
        ((YES, BUY, 4, 4_000), (NO, BUY, 10, 5_000), -6 * ONE, CASH - 2_600_000),
        # Bought one, sold it: a plain sale.
        ((YES, BUY, 10, 4_000), (YES, SELL, 4, 3_900), 6 * ONE, CASH - 4 * ONE + 1_560_000),
        ((NO, BUY, 10, 4_000), (NO, SELL, 10, 3_900), 0, CASH - 100_000),
    ],
)
def test_kalshi_holds_one_signed_number(
    first: Trade, second: Trade, yes_e6: int, cash_micros: int
) -> None:
    ledger = opened()
    trade(ledger, *first)
    trade(ledger, *second)
    assert ledger.kalshi_yes_e6(KALSHI.id) == yes_e6
    assert ledger.cash_micros[K, 0] == cash_micros
    assert min(ledger.held_e6[KALSHI.id, YES], ledger.held_e6[KALSHI.id, NO]) == 0


@pytest.mark.parametrize("outcome", Outcome)
def test_kalshi_selling_more_than_held_opens_the_other_outcome(outcome: Outcome) -> None:
    ledger = opened()
    trade(ledger, outcome, BUY, 2, 4_000)
    trade(ledger, outcome, SELL, 5, 3_900)
    # Three more sold at 39 cents are three of the other outcome bought at 61.
    assert ledger.held_e6[KALSHI.id, outcome.other] == 3 * ONE
    assert ledger.cash_micros[K, 0] == CASH - 800_000 + 780_000 - 3 * 610_000


def test_polymarket_keeps_both_outcomes() -> None:
    ledger = opened()
    for outcome in Outcome:
        ledger.apply(recorded(fill_of(spec_of(P, outcome=outcome), fee_micros=50)))
    assert ledger.held_e6[POLYMARKET.id, YES] == ledger.held_e6[POLYMARKET.id, NO] == 10 * ONE
    assert ledger.cash_micros[P, 0] == CASH - 2 * 4_000_050


def test_cash_is_paid_from_the_market_s_shard() -> None:
    ledger = opened()
    ledger.apply(recorded(fill_of(spec_of(K, market=SHARDED), fee_micros=100)))
    assert ledger.cash_micros[K, 2] == CASH - 4_000_100
    assert ledger.cash_micros[K, 0] == CASH


def test_void_fill_leaves_cash_and_holdings_as_before() -> None:
    ledger = opened()
    before = dict(ledger.cash_micros)
    fill = fill_of(spec_of(P), fee_micros=50)
    ledger.apply(recorded(fill))
    ledger.apply(void(fill))
    assert ledger.cash_micros == before
    assert not any(ledger.held_e6.values())


def test_fee_adjustment_adds_cash_and_clears_what_it_covers() -> None:
    ledger = opened()
    ledger.apply(recorded(fill_of(spec_of(P))))
    ledger.apply(recorded(fill_of(spec_of(K))))
    assert ledger.modelled_fills == {K: 0, P: 1}
    cash = ledger.cash_micros[P, 0]
    rounding = FeeAdjusted(wall_ns=1, venue=P, shard=0, micros=-1, fills=0)
    ledger.apply(rounding)
    assert (ledger.cash_micros[P, 0], ledger.modelled_fills[P]) == (cash - 1, 1)
    ledger.apply(msgspec.structs.replace(rounding, micros=7, fills=1))
    assert (ledger.cash_micros[P, 0], ledger.modelled_fills[P]) == (cash + 6, 0)


def test_opening_balances_replace_what_was_derived() -> None:
    ledger = opened()
    ledger.apply(recorded(fill_of(spec_of(P))))
    ledger.apply(CashOpened(wall_ns=9, venue=P, shard=0, cash_micros=5))
    ledger.apply(PositionOpened(wall_ns=9, venue=P, market_id=POLYMARKET.id, yes_e6=3, no_e6=4))
    assert ledger.cash_micros[P, 0] == 5
    assert (ledger.held_e6[POLYMARKET.id, YES], ledger.held_e6[POLYMARKET.id, NO]) == (3, 4)
    # This balance knows the fees that were modelled before: they explain nothing more.
    assert ledger.modelled_fills[P] == 0


# -- flows beside the trades -------------------------------------------------------------------


HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


def paid(ledger: Ledger, number: int, ts_ms: int, venue: Venue = K, *, booked_ms: int = 0) -> bool:
    """Book a dollar; whether it was."""
    flow = CashFlow(
        kind=FlowKind.REBATE,
        venue=venue,
        shard=0,
        micros=ONE,
        reference=f"rebate/{number}",
        ts_ms=ts_ms,
    )
    before = ledger.cash_micros[venue, 0]
    ledger.apply(CashFlowSeen(wall_ns=(booked_ms or ts_ms) * NS_PER_MS, flow=flow))
    return ledger.cash_micros[venue, 0] > before


def read(ledger: Ledger, upto_ms: int, venue: Venue = K) -> None:
    ledger.apply(FlowsRead(wall_ns=upto_ms * NS_PER_MS, venue=venue, upto_ms=upto_ms))


def test_flows_of_months_are_booked_once_each_and_forgotten_when_no_longer_read() -> None:
    ledger = opened()
    hours = range(1, 24 * 7 * 30)
    for hour in hours:
        assert paid(ledger, hour, hour * HOUR_MS)
        read(ledger, hour * HOUR_MS)
        # All that are still read are known.
        since_ms = ledger.flows_since_ms(K)
        assert not any(
            paid(ledger, known, known * HOUR_MS)
            for known in range(max(1, -(-since_ms // HOUR_MS)), hour + 1, 24)
        )
    assert ledger.cash_micros[K, 0] == CASH + len(hours) * ONE
    assert len(ledger.flows[K]) <= (FLOW_LATE_MS + CLOCKS_MS) // HOUR_MS + 1


def test_flows_are_read_from_a_week_before_the_last_reading_by_our_own_clock() -> None:
    ledger = opened()
    now_ms = 30 * FLOW_LATE_MS
    paid(ledger, 1, now_ms * 1_000, booked_ms=now_ms)
    assert ledger.flows_since_ms(K) == 0
    read(ledger, now_ms)
    assert ledger.flows_since_ms(K) == now_ms - FLOW_LATE_MS
    # The other venue was not read.
    assert ledger.flows_since_ms(P) == 0


@pytest.mark.parametrize("ts_ms", [0, -1, 40 * DAY_MS, 1_000 * DAY_MS])
def test_flow_with_a_wrong_time_is_known_as_long_as_it_is_read(ts_ms: int) -> None:
    ledger = opened()
    assert paid(ledger, 1, ts_ms, booked_ms=10 * DAY_MS)
    for day in range(10, 45):
        read(ledger, day * DAY_MS)
        if ts_ms <= 0 or ts_ms >= ledger.flows_since_ms(K):
            assert not paid(ledger, 1, ts_ms, booked_ms=day * DAY_MS)


def test_account_has_begun_with_the_last_of_its_shards() -> None:
    ledger = Ledger()
    for shard in (0, 2):
        assert K not in ledger.opened_wall_ns
        ledger.apply(
            CashOpened(wall_ns=5 + shard, venue=K, shard=shard, cash_micros=1, shards=(0, 2))
        )
    assert ledger.opened_wall_ns == {K: 7}


def test_margin_of_flows_lasts_until_the_balance_told_it() -> None:
    ledger = opened()
    flow = CashFlow(
        kind=FlowKind.SETTLEMENT,
        venue=K,
        shard=2,
        micros=ONE,
        reference="s1",
        ts_ms=1,
        market_id=SHARDED.id,
        margin_micros=10_000,
    )
    for _ in range(2):
        ledger.apply(CashFlowSeen(wall_ns=9, flow=flow))
    again = Ledger()
    again.load(ledger.dump())
    assert again.margin_micros == ledger.margin_micros == {(K, 2): 10_000}
    of_an_order = FeeAdjusted(wall_ns=9, venue=K, shard=2, micros=1, fills=0, execution_no=1)
    ledger.apply(of_an_order)
    assert ledger.margin_micros == {(K, 2): 10_000}
    ledger.apply(msgspec.structs.replace(of_an_order, execution_no=0))
    assert ledger.margin_micros == {}


def test_difference_that_was_accepted_is_cash() -> None:
    ledger = opened()
    ledger.apply(
        DifferenceAccepted(wall_ns=9, venue=P, shard=0, micros=-7, reason="why", actor="me")
    )
    assert ledger.cash_micros[P, 0] == CASH - 7


def test_flows_known_to_a_snapshot_are_known_after_it() -> None:
    ledger = opened()
    assert paid(ledger, 1, 5_000)
    read(ledger, 30 * FLOW_LATE_MS)
    assert paid(ledger, 2, 30 * FLOW_LATE_MS)
    again = Ledger()
    again.load(ledger.dump())
    assert not paid(again, 2, 30 * FLOW_LATE_MS)
    assert again.flows_since_ms(K) == ledger.flows_since_ms(K)


# -- what the venue paid for -------------------------------------------------------------------


def end(
    ledger: Ledger, market: Market, kind: FlowKind, *, micros: int = 0, reference: str = "end"
) -> None:
    """The venue pays for all that the account holds of a market."""
    flow = CashFlow(
        kind=kind,
        venue=market.venue,
        shard=market.shard,
        micros=micros,
        reference=reference,
        ts_ms=1,
        market_id=market.id,
    )
    ledger.apply(CashFlowSeen(wall_ns=9, flow=flow))


def covered_e6(ledger: Ledger, market: Market) -> int:
    """Signed, as the engine takes it."""
    yes_e6, no_e6 = ledger.covering_e6(market.id)
    return yes_e6 - no_e6


ENDINGS = [(KALSHI, FlowKind.SETTLEMENT), (POLYMARKET, FlowKind.REDEMPTION)]


@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize(("market", "kind"), ENDINGS)
def test_what_was_paid_for_covers_and_is_held_no_more(
    market: Market, kind: FlowKind, outcome: Outcome
) -> None:
    ledger = opened()
    ledger.apply(recorded(fill_of(spec_of(market.venue, outcome=outcome))))
    before = ledger.covering_e6(market.id)
    assert sorted(before) == [0, 10 * ONE]
    assert before == ledger.owned_e6(market.id)
    # It comes twice, and counts once.
    for _ in range(2):
        end(ledger, market, kind, micros=10 * ONE)
    assert ledger.settled_e6[market.id, outcome] == 10 * ONE
    assert ledger.covering_e6(market.id) == before
    assert ledger.owned_e6(market.id) == ledger.expected_e6(market.venue, market.id) == (0, 0)
    assert ledger.cash_micros[market.venue, 0] == CASH - 4 * ONE + 10 * ONE


def test_what_is_paid_for_in_two_parts_is_added_up() -> None:
    """A fill that was booked after the first payment is paid for by itself."""
    ledger = opened()
    for name, size in (("f1", 6), ("f2", 4)):
        ledger.apply(recorded(fill_of(spec_of(P), name, size_e6=size * ONE)))
        end(ledger, POLYMARKET, FlowKind.REDEMPTION, reference=name)
    assert ledger.owned_e6(POLYMARKET.id) == (0, 0)
    assert ledger.covering_e6(POLYMARKET.id) == (10 * ONE, 0)


def test_deposit_pays_for_nothing() -> None:
    ledger = opened()
    ledger.apply(recorded(fill_of(spec_of(K))))
    end(ledger, KALSHI, FlowKind.DEPOSIT)
    assert ledger.settled_e6 == {}
    assert ledger.owned_e6(KALSHI.id) == (10 * ONE, 0)


@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize(("market", "kind"), ENDINGS)
def test_fills_taken_back_after_the_payment_cover_nothing_more(
    market: Market, kind: FlowKind, outcome: Outcome
) -> None:
    """Of ten that were paid, four are of an execution that the engine books anew."""
    ledger = opened()
    kept, taken = (
        fill_of(spec_of(market.venue, outcome=outcome), name, size_e6=size * ONE)
        for name, size in (("f1", 6), ("f2", 4))
    )
    for fill in (kept, taken):
        ledger.apply(recorded(fill))
    end(ledger, market, kind)
    sign = 1 if outcome is YES else -1
    assert covered_e6(ledger, market) == sign * 10 * ONE
    again = Ledger()
    again.load(ledger.dump())
    again.take_back([taken], ())
    assert covered_e6(again, market) == sign * 6 * ONE
    # Their cost comes back; what the venue paid for them stays.
    assert again.cash_micros[market.venue, 0] == CASH - 6 * 400_000
    again.take_back([kept], ())
    assert covered_e6(again, market) == 0
    assert again.cash_micros[market.venue, 0] == CASH
    # The one it was made of is as it was.
    assert covered_e6(ledger, market) == sign * 10 * ONE


@pytest.mark.parametrize(("market", "kind"), ENDINGS)
def test_what_was_paid_for_is_known_after_a_snapshot_and_goes_with_its_market(
    market: Market, kind: FlowKind
) -> None:
    ledger = opened()
    ledger.apply(recorded(fill_of(spec_of(market.venue))))
    end(ledger, market, kind)
    again = Ledger()
    again.load(ledger.dump())
    assert again.settled_e6 == ledger.settled_e6
    assert again.covering_e6(market.id) == (10 * ONE, 0)
    again.prune({market.id})
    assert again.covering_e6(market.id) == (10 * ONE, 0)
    again.prune(())
    assert again.settled_e6 == {}
    assert again.covering_e6(market.id) == (0, 0)


MOVES = st.lists(
    st.tuples(
        st.sampled_from(MARKETS),
        st.sampled_from(Outcome),
        st.sampled_from(Side),
        st.integers(1, 50 * ONE),
        st.integers(1, 9_999),
        st.integers(0, 100_000),
        st.booleans(),
    ),
    max_size=25,
)


@given(MOVES)
def test_ledger_equals_a_naive_account(
    moves: list[tuple[Market, Outcome, Side, int, int, int, bool]],
) -> None:
    """Cash and what is held, worth at either settlement what all flows and payouts sum up to."""
    ledger = opened()
    fills: list[Fill] = []
    for number, (market, outcome, side, size_e6, price_e4, fee, fails) in enumerate(moves):
        spec = spec_of(market.venue, outcome=outcome, side=side, market=market)
        fill = fill_of(spec, f"f{number}", size_e6=size_e6, price_e4=price_e4, fee_micros=fee)
        records: list[AnyRecord] = [recorded(fill)]
        if fails and market.venue is P:
            records.append(void(fill))
        else:
            fills.append(fill)
        for record in records:
            ledger.apply(record)
    for settled in Outcome:
        worth = sum(ledger.cash_micros.values())
        worth += sum(size for (_, outcome), size in ledger.held_e6.items() if outcome is settled)
        naive = 3 * CASH
        for fill in fills:
            sign = 1 if fill.side is BUY else -1
            payout = fill.size_e6 if fill.outcome is settled else 0
            naive += sign * (payout - fill.notional_micros) - fill.fee_micros
        assert worth == naive
    for market in (KALSHI, SHARDED):
        assert min(ledger.held_e6.get((market.id, outcome), 0) for outcome in Outcome) == 0
