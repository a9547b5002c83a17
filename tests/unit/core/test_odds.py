"""What a leg mode is worth, against figures that were published and against exact fractions."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.core import kalshi_market, make_pair, polymarket_market
from twoleg.core.market import LegMode, Venue
from twoleg.core.odds import ALL_MODES, Odds, Stakes, allowed_modes, least_worth

CONCURRENT, KALSHI_FIRST = LegMode.CONCURRENT, LegMode.KALSHI_FIRST
POLYMARKET_FIRST = LegMode.POLYMARKET_FIRST
U = 25_300
"""2.53 cents."""
SECOND = 6_330


def odds(first_e4: int, second_e4: int, after_e4: int = SECOND) -> Odds:
    """Polymarket is the first leg; Kalshi is hit at once, or after it."""
    return Odds(second_e4, first_e4, after_e4, 0)


def better(first_e4: int, second_e4: int, edge_micros: int) -> LegMode:
    # A thousand contracts, so that nothing is rounded.
    stakes = Stakes(1_000 * edge_micros, 1_000 * U, 1_000 * U)
    return odds(first_e4, second_e4).best((POLYMARKET_FIRST, CONCURRENT), stakes)[0]


def naked_e4(mode: LegMode) -> int:
    at = odds(4_000, SECOND)
    return sum(at.naked_e8(mode, venue) for venue in Venue) // 10_000


def test_concurrent_leaves_53_percent_naked_where_sequenced_leaves_14_6() -> None:
    assert round(naked_e4(CONCURRENT), -2) == 5_300
    # 14.68 at exactly 0.40 and 0.633; published as 14.6.
    assert 1_455 <= naked_e4(POLYMARKET_FIRST) <= 1_470


@pytest.mark.parametrize(
    ("edge_micros", "mode"), [(78_000, POLYMARKET_FIRST), (78_200, CONCURRENT)]
)
def test_even_a_certain_hedge_needs_an_edge_above_7_8_cents(
    edge_micros: int, mode: LegMode
) -> None:
    assert better(4_000, 10_000, edge_micros) is mode


@pytest.mark.parametrize(("first_e4", "mode"), [(5_650, POLYMARKET_FIRST), (5_680, CONCURRENT)])
def test_switch_at_four_cents_and_nine_tenths_lies_at_57_percent(
    first_e4: int, mode: LegMode
) -> None:
    assert better(first_e4, 9_000, 40_000) is mode


RATES = st.integers(0, 10_000)


@given(RATES, RATES, RATES, st.integers(1, 200_000), st.integers(0, 100_000))
def test_concurrent_beats_sequenced_exactly_where_the_inequality_says(
    first_e4: int, second_e4: int, after_e4: int, edge: int, loss: int
) -> None:
    # Scaled so that the value is exact.
    stakes = Stakes(edge * 10**8, loss * 10**8, loss * 10**8)
    at = odds(first_e4, second_e4, after_e4)
    is_better = at.expected_micros(CONCURRENT, stakes) > at.expected_micros(
        POLYMARKET_FIRST, stakes
    )
    a, b, after = (Fraction(rate, 10_000) for rate in (first_e4, second_e4, after_e4))
    assert is_better is (a * (b - after) * (edge + loss) > b * (1 - a) * loss)


@given(st.tuples(RATES, RATES, RATES, RATES), st.integers(-(10**7), 10**8), st.integers(0, 10**7))
def test_value_is_the_exact_one_rounded_down_and_the_best_mode_has_most(
    rates: tuple[int, int, int, int], net: int, loss: int
) -> None:
    k, p, k2, p2 = (Fraction(rate, 10_000) for rate in rates)
    exact = {
        CONCURRENT: k * p * net - k * (1 - p) * loss - (1 - k) * p * (loss + 7),
        KALSHI_FIRST: k * p2 * net - k * (1 - p2) * loss,
        POLYMARKET_FIRST: p * k2 * net - p * (1 - k2) * (loss + 7),
    }
    at, stakes = Odds(*rates), Stakes(net, loss, loss + 7)
    for mode, value in exact.items():
        assert at.expected_micros(mode, stakes) == value // 1
    best, worth = at.best(ALL_MODES, stakes)
    assert worth == max(each // 1 for each in exact.values()) == exact[best] // 1


@given(st.integers(1, 10_000), st.integers(1, 10_000), st.integers(0, 100_000), st.data())
def test_no_edge_below_the_least_one_is_worth_anything_in_any_mode(
    at_once: int, second: int, loss: int, data: st.DataObject
) -> None:
    least = least_worth(loss, at_once, second)
    worse = st.integers(0, at_once), st.integers(0, second)
    at = Odds(*(data.draw(each) for each in (worse[0], worse[0], worse[1], worse[1])))
    edge = data.draw(st.integers(0, least))
    stakes = Stakes(edge * 1_000, loss * 1_000, loss * 1_000)
    assert at.best(ALL_MODES, stakes)[1] <= 0


def test_rates_of_nothing_are_worth_no_edge() -> None:
    assert least_worth(U, 0, 0) > 1_000_000


@pytest.mark.parametrize(
    ("leg_mode", "delays", "allowed"),
    [
        (CONCURRENT, (0, 0), (CONCURRENT,)),
        (KALSHI_FIRST, (0, 0), (KALSHI_FIRST,)),
        (POLYMARKET_FIRST, (0, 0), (POLYMARKET_FIRST,)),
        (LegMode.AUTO, (0, 0), ALL_MODES),
        (CONCURRENT, (0, 3), (POLYMARKET_FIRST,)),
        (KALSHI_FIRST, (0, 3), (POLYMARKET_FIRST,)),
        (LegMode.AUTO, (3, 0), (KALSHI_FIRST,)),
        (LegMode.AUTO, (3, 3), ()),
    ],
)
def test_market_that_delays_its_takers_goes_first(
    leg_mode: LegMode, delays: tuple[int, int], allowed: tuple[LegMode, ...]
) -> None:
    pair = make_pair(leg_mode=leg_mode)
    markets = kalshi_market(seconds_delay=delays[0]), polymarket_market(seconds_delay=delays[1])
    assert allowed_modes(pair, *markets) == allowed


@pytest.mark.parametrize("leg_mode", LegMode)
@pytest.mark.parametrize(
    ("unproven", "delays", "allowed"),
    [
        ((Venue.POLYMARKET,), (0, 0), POLYMARKET_FIRST),
        ((Venue.KALSHI,), (0, 0), KALSHI_FIRST),
        ((Venue.KALSHI,), (0, 3), POLYMARKET_FIRST),
    ],
)
def test_venue_that_is_only_assumed_to_be_open_goes_first(
    leg_mode: LegMode, unproven: tuple[Venue, ...], delays: tuple[int, int], allowed: LegMode
) -> None:
    pair = make_pair(leg_mode=leg_mode)
    markets = kalshi_market(seconds_delay=delays[0]), polymarket_market(seconds_delay=delays[1])
    assert allowed_modes(pair, *markets, unproven) == (allowed,)
