"""What is held of a pair in figures: hedged, locked up, gained, ready to be cashed."""

import pytest

from twoleg.core.ends import told_ends, write_ends
from twoleg.core.lockup import Side, ends_of, lock_up
from twoleg.core.market import Polarity

ONE = 1_000_000
YEAR_MS = 365 * 86_400_000
NOW_MS = 1_790_000_000_000
SAME, INVERSE = Polarity.SAME, Polarity.INVERSE


def side(yes: int = 0, no: int = 0, spent: int = 0, days: int = 0) -> Side:
    close_ms = NOW_MS + days * 86_400_000 if days else 0
    return Side(yes_e6=yes * ONE, no_e6=no * ONE, spent_micros=spent * ONE, close_ms=close_ms)


@pytest.mark.parametrize(
    ("kalshi", "polymarket", "polarity", "hedged", "residual"),
    [
        (side(yes=20), side(no=20), SAME, 20, 0),
        (side(no=20), side(yes=20), SAME, 20, 0),
        (side(yes=20), side(yes=20), INVERSE, 20, 0),
        (side(no=20), side(no=20), INVERSE, 20, 0),
        (side(yes=20), side(no=15), SAME, 15, 5),
        (side(yes=15), side(no=20), SAME, 15, -5),
        # Both pay in the same case: nothing is covered.
        (side(yes=20), side(yes=20), SAME, 0, 40),
        (side(yes=20), side(), SAME, 0, 20),
        # What can be merged is no exposure.
        (side(yes=20), side(yes=5, no=25), SAME, 20, 0),
    ],
)
def test_hedged_size_is_what_both_venues_hold_against_each_other(
    kalshi: Side, polymarket: Side, polarity: Polarity, *, hedged: int, residual: int
) -> None:
    found = lock_up(kalshi, polymarket, polarity, NOW_MS)
    assert (found.hedged_e6, found.residual_e6) == (hedged * ONE, residual * ONE)


def test_yield_is_the_gain_on_what_is_locked_up_until_the_later_close() -> None:
    found = lock_up(side(yes=100, spent=60, days=73), side(no=100, spent=35, days=30), SAME, NOW_MS)
    assert found.locked_micros == 95 * ONE
    assert found.gain_micros == 5 * ONE
    assert found.until_ms == NOW_MS + YEAR_MS // 5
    # 5 on 95 in a fifth of a year: 26.31 percent.
    assert found.yield_e4_per_year == 2_631


@pytest.mark.parametrize(
    ("kalshi", "polymarket"),
    [
        (side(yes=100, spent=60), side(no=100, spent=35)),
        (side(yes=100, days=3), side(no=100, days=3)),
        (side(yes=100, spent=60, days=3), side(no=99, spent=35, days=3)),
    ],
)
def test_no_yield_without_a_close_a_cost_or_a_whole_hedge(kalshi: Side, polymarket: Side) -> None:
    assert lock_up(kalshi, polymarket, SAME, NOW_MS).yield_e4_per_year is None


def test_mergeable_is_worth_a_dollar_each() -> None:
    both = side(yes=10, no=4, spent=5)
    assert both.mergeable_e6 == 4 * ONE
    assert lock_up(side(), both, SAME, NOW_MS).gain_micros == -ONE


@pytest.mark.parametrize(
    ("payouts", "due"), [(None, 0), ((10_000, 0), 7), ((0, 10_000), 4), ((5_000, 5_000), 5.5)]
)
def test_resolved_market_owes_what_its_outcomes_pay(
    payouts: tuple[int, int] | None, due: float
) -> None:
    held = Side(yes_e6=7 * ONE, no_e6=4 * ONE, payouts_e4=payouts)
    assert held.due_micros == due * ONE


def test_ends_are_read_as_they_were_written_and_by_name() -> None:
    payouts = {"81": 2_600, "92": 7_400}
    assert told_ends(write_ends(payouts)) == payouts
    assert ends_of(payouts, "92", "81") == (7_400, 2_600)
    assert ends_of(payouts, "92", "") is None
