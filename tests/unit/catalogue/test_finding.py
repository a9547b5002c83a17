"""Candidates, decisions and the set as a whole, over small halves of a catalogue."""

from collections import Counter

import msgspec

from tests.support.pairing import condition, game
from tests.support.progress import Marks
from tests.unit.catalogue.support import found, halves, taken
from tests.unit.matching.support import kalshi, polymarket
from twoleg.catalogue.finding import OTHER, REASONS_MAX, STEP_ROWS, Half, _count, find
from twoleg.catalogue.judging import Claim
from twoleg.core.market import Polarity
from twoleg.matching.gates import START_FAMILIES

GAME = game(1, "Detroit Tigers", "Toronto Blue Jays")
OTHER_GAME = game(2, "New York Yankees", "Boston Red Sox")
CLAIM = Claim(("Detroit Tigers", "Toronto Blue Jays"), Polarity.SAME)


def test_each_game_finds_its_own() -> None:
    result = found(GAME, OTHER_GAME)
    assert set(result.accepted) == {
        (GAME[0].ticker, condition(1)), (OTHER_GAME[0].ticker, condition(2)),
    }  # fmt: skip
    assert result.rejected["sides: different"] > 0
    assert all(0 < alike <= 10_000 for alike in result.similarity_e4.values())


def test_the_comparison_tells_how_far_it_is() -> None:
    left, right = halves(*(game(n, f"Home {n}", f"Away {n}") for n in range(3 * STEP_ROWS)))
    progress = Marks()
    find(left, right, START_FAMILIES, {}, progress)
    assert {mark[:2] + mark[3:] for mark in progress} == {
        ("comparing", "kalshi markets", 3 * STEP_ROWS, False)
    }
    assert [mark.rows for mark in progress] == [STEP_ROWS, 2 * STEP_ROWS]


def test_a_market_with_a_double_is_nobodys() -> None:
    double = msgspec.structs.replace(GAME[1], market_id="9009", condition_id=condition(9))
    couple = (GAME[0].ticker, condition(1))
    result = found(GAME, (GAME[0], double), claims={couple: CLAIM})
    assert result.accepted == {}
    assert result.rejected["not one to one"] == 2
    # It was asked for: so it is told what the matter is.
    assert result.refused[couple].reason == "not one to one"


def test_markets_that_can_pair_with_none_are_counted_and_let_go() -> None:
    weather = kalshi(
        "KXHIGHNY-26MAY16-T80", "Will the high temperature in NYC be above 80°?", "81°"
    )
    half = Half()
    half.add(*taken(weather))
    assert (half.total, half.barred, half.known) == (1, Counter({"weather": 1}), {})
    kept = Half([weather.ticker])
    kept.add(*taken(weather))
    assert kept.find(weather.ticker) is not None
    assert kept.pairable == []


def test_a_couple_asked_for_is_decided_though_no_word_of_it_is_shared() -> None:
    strange = polymarket(
        "Will Ana Bauer be the next mayor of Trento?", condition_id=condition(5), market_id="5"
    )
    couple = (GAME[0].ticker, condition(5))
    result = found((GAME[0], strange), claims={couple: CLAIM})
    assert couple in result.refused
    assert result.candidates >= 1


def test_a_couple_whose_market_is_not_open_is_in_neither() -> None:
    couple = (GAME[0].ticker, condition(77))
    result = found(GAME, claims={couple: CLAIM})
    assert couple not in result.accepted
    assert couple not in result.refused


def test_strangers_texts_cannot_make_up_any_number_of_reasons() -> None:
    reasons: Counter[str] = Counter()
    for number in range(REASONS_MAX + 50):
        _count(reasons, f"facet {number}: different ({'x' * 1_000})")
    assert len(reasons) == REASONS_MAX + 1
    assert reasons[OTHER] == 50


def test_halves_are_keyed_by_both_numbers_of_a_polymarket_market() -> None:
    _, right = halves(GAME)
    found_again = right.find(condition(1))
    assert found_again is not None
    assert found_again.card.market_id == GAME[1].market_id
