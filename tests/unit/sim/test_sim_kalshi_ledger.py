import pytest
from hypothesis import given
from hypothesis import strategies as st

from twoleg.sim.exchange import Side
from twoleg.sim.kalshi.ledger import (
    Account,
    OrderFees,
    cash_change_micros,
    ceil_trade_fee,
)

LOT = 10_000
sides: st.SearchStrategy[Side] = st.sampled_from(["bid", "ask"])


@pytest.mark.parametrize(
    ("contracts", "price_e4", "fee_micros"),
    [
        (100, 5000, 1_750_000),
        (10, 5600, 172_500),
        (25, 5700, 429_000),
        (1, 5200, 17_500),
        (1, 9900, 700),
        (1, 9290, 4_700),
        (1, 2700, 13_800),
        (1, 700, 4_600),
    ],
)
def test_trade_fee_matches_real_fills(contracts: int, price_e4: int, fee_micros: int) -> None:
    assert ceil_trade_fee(700, 10_000, contracts * 1_000_000, price_e4) == fee_micros


def test_rounding_fees_above_a_cent_are_paid_back_a_cent_at_a_time() -> None:
    fees = OrderFees(10_000)
    # Each fill: trade fee 0.0088, rounding 0.0012 or so; balances stay whole cents throughout.
    charged = [fees.charge(-500_000, 8_800) for _ in range(12)]
    assert all(fee >= 0 and fee % 10_000 == 0 for fee in charged)
    assert 0 in charged
    assert fees.rounded_micros <= 10_000


def test_direct_members_pay_no_rounding_at_cent_ticks() -> None:
    assert OrderFees(100).charge(-520_000, 17_500) == 17_500
    assert OrderFees(100).charge(-50, 100) == 150


@given(st.lists(st.tuples(sides, st.integers(1, 5_000), st.integers(1, 9_999)), max_size=30))
def test_cash_position_and_profit_agree(trades: list[tuple[Side, int, int]]) -> None:
    account = Account("a", "u")
    account.fund(0, 10**12)
    spent = 0
    for side, lots, price_e4 in trades:
        spent += lots * LOT * price_e4 // 10_000 * (1 if side == "bid" else -1)
        change = cash_change_micros(account.position_e6("T"), side, lots * LOT, price_e4)
        before = account.cash_micros[0]
        account.apply("T", 0, side, size_e6=lots * LOT, price_e4=price_e4, fee_micros=7)
        assert account.cash_micros[0] == before + change - 7
    locked = max(0, -account.position_e6("T"))
    assert account.cash_micros[0] == 10**12 - spent - locked - account.fees_micros
    if trades:
        position = account.positions["T"]
        cash = account.cash_micros[0] + account.fees_micros - 10**12
        # Whatever has left cash is either still invested or was lost.
        assert cash == position.realized_micros - position.exposure_micros
        assert (position.size_e6 == 0) <= (position.exposure_micros == 0)
