"""Tails with what they pay at worst, and grades."""

import pytest

from tests.unit.matching.support import kalshi, polymarket
from twoleg.matching.decide import decide
from twoleg.matching.listing import KalshiListing, PolymarketListing
from twoleg.matching.parse import parse
from twoleg.matching.risk import Grade, Tail, grade, tails

FAIR = "If the game is cancelled, the market settles at a fair price."
HALF = "If the game is canceled entirely, this market will resolve 50-50."


def game(kalshi_rules: str, polymarket_rules: str) -> tuple[KalshiListing, PolymarketListing]:
    left = kalshi(
        "KXMLBGAME-26MAY161310TORDET-DET", "Toronto vs Detroit Winner?", "Detroit",
        occurrence_time="2026-05-16T17:10:00Z", rules_secondary=kalshi_rules,
    )  # fmt: skip
    right = polymarket(
        "Toronto Blue Jays vs. Detroit Tigers", ("Toronto Blue Jays", "Detroit Tigers"),
        slug="mlb-tor-det-2026-05-16", game_start_time="2026-05-16 17:10:00+00",
        description=polymarket_rules,
    )  # fmt: skip
    return left, right


def claim(
    kalshi_rules: str, polymarket_rules: str, *, yes_first: bool = True
) -> tuple[KalshiListing, PolymarketListing]:
    left = kalshi(
        "KXSEAT-OH03-26-D",
        "Will Democratic win the House race for OH-03?",
        rules_primary=kalshi_rules,
    )
    right = polymarket(
        "Will the Democratic Party win the OH-03 House seat?", ("Yes", "No") if yes_first else ("No", "Yes"),
        description=polymarket_rules, end_time="2026-11-03T00:00:00Z",
    )  # fmt: skip
    return left, right


def told(pair: tuple[KalshiListing, PolymarketListing]) -> dict[str, Tail]:
    left, right = parse(pair[0]), parse(pair[1])
    decision = decide(left, right)
    assert decision.is_accepted, decision.reason
    return {tail.name: tail for tail in tails(left, right, decision)}


def graded(pair: tuple[KalshiListing, PolymarketListing]) -> Grade:
    left, right = parse(pair[0]), parse(pair[1])
    return grade(left, right, decide(left, right))


@pytest.mark.parametrize(
    ("left", "right", "worst"),
    [
        (FAIR, HALF, 5_000),
        (HALF, HALF, 10_000),
        (FAIR, FAIR, 0),
        (FAIR, "", 0),
        ("", HALF, 5_000),
        ("", "", 0),
        ("If cancelled, the market settles at $0.50.", HALF, 10_000),
        ("If cancelled, the market resolves to No.", HALF, 5_000),
        ("If cancelled, this market remains open.", HALF, 5_000),
    ],
)
def test_cancelled_game_pays_at_worst(left: str, right: str, worst: int) -> None:
    assert told(game(left, right))["cancel"].worst_payout_e4 == worst


def test_both_texts_of_a_tail_are_kept() -> None:
    tail = told(game(FAIR, HALF))["cancel"]
    assert (tail.kalshi, tail.polymarket) == ("fair price", "50-50")


def test_contest_lists_its_tails_even_where_no_text_names_them() -> None:
    assert set(told(game("", ""))) == {"tie", "cancel", "postpone", "void"}


def test_postponed_game_that_both_leave_open_pays_in_full() -> None:
    open_ = "If the game is postponed, this market will remain open until it is completed."
    assert told(game(open_, open_))["postpone"].worst_payout_e4 == 10_000


@pytest.mark.parametrize("yes_first", [True, False])
def test_same_end_on_both_venues_agrees_whatever_the_place_of_the_label(*, yes_first: bool) -> None:
    text = 'If the election is voided, this market resolves to "No".'
    assert told(claim(text, text, yes_first=yes_first))["void"].worst_payout_e4 == 10_000
    other = 'If the election is voided, this market resolves to "Yes".'
    assert told(claim(text, other, yes_first=yes_first))["void"].worst_payout_e4 == 0


def test_claim_tells_only_tails_its_texts_name() -> None:
    assert told(claim("", "")) == {}


def test_grades() -> None:
    open_ = "If the game is postponed, this market will remain open until it is completed."
    assert graded(game(open_, open_)) is Grade.OBJECTIVE
    assert graded(game("", "")) is Grade.TIMING
    assert graded(game("If postponed, a fair price is paid.", open_)) is Grade.TIMING
    assert graded(claim("", "")) is Grade.OBJECTIVE


def test_dated_claim_and_wording_and_refusal_are_graded_down() -> None:
    fed = (
        kalshi("KXFED-26JUN-C25", "Will the Federal Reserve Cut rates by 25bps by June 30, 2026?"),
        polymarket("Will the Federal Reserve Cut rates by 25bps by June 30, 2026?"),
    )
    assert graded(fed) is Grade.TIMING
    comet = (
        kalshi("KXCOMET-27", "Will the comet be visited before 2027?"),
        polymarket("Will the comet be visited by December 31, 2026?"),
    )
    assert graded(comet) is Grade.BASIS
    other = (comet[0], polymarket("Will the comet be visited by March 31, 2026?"))
    assert graded(other) is Grade.BASIS
