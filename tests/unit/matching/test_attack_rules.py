"""Rule texts of contests that speak of another game, part or winner than their titles."""

import pytest

from tests.unit.matching.support import decided, kalshi, polymarket
from twoleg.matching.decide import Class, Decision
from twoleg.matching.parse import parse

START = "2026-05-10T23:05:00Z"


def game(rules: str, description: str) -> Decision:
    left = kalshi(
        "KXNBAGAME-26MAY10BOSIND-BOS", "Boston vs Indiana Winner?", "Boston",
        occurrence_time=START, rules_primary=rules,
    )  # fmt: skip
    right = polymarket(
        "Boston Celtics vs. Indiana Pacers", ("Celtics", "Pacers"), slug="nba-bos-ind-2026-05-10",
        game_start_time=START, description=description,
    )  # fmt: skip
    return decided(left, right)


@pytest.mark.parametrize(
    ("rules", "description"),
    [
        ("", ""),
        ("If Boston wins the game originally scheduled for May 10, 2026, then Yes.", ""),
        ("If Boston wins the game set for May 11, 2026, including extra innings, then Yes.", ""),
        ("If Boston wins Game 5 of the World Series, then the market resolves to Yes.", ""),
        ("", "In the upcoming NBA game, scheduled for May 10 at 7:05 PM ET: If the Celtics win."),
        ("", 'If the Celtics win, the market will resolve to "Celtics".'),
    ],
)  # fmt: skip
def test_rules_of_this_game(rules: str, description: str) -> None:
    assert game(rules, description).klass is Class.AUTO


@pytest.mark.parametrize(
    ("rules", "description"),
    [
        ("If Boston wins the game originally scheduled for May 12, 2026, then Yes.", ""),
        ("If Boston wins the first half, then the market resolves to Yes.", ""),
        ("If Boston wins the first five innings, then the market resolves to Yes.", ""),
        ("If Boston wins the series, then the market resolves to Yes.", ""),
        ("If Boston wins by more than 10 points, then the market resolves to Yes.", ""),
        ("If Boston loses the game, then the market resolves to Yes.", ""),
        ("If Boston does not win the game, then the market resolves to Yes.", ""),
        ("If Boston leads after the first quarter, then the market resolves to Yes.", ""),
        ("If Indiana wins the game, then the market resolves to Yes.", ""),
        ("", "In the upcoming NBA game, scheduled for May 12 at 7:05 PM ET: If the Celtics win."),
        ("", "This market refers to the first half only."),
        ("", "This market resolves to the team that loses."),
        ("", 'If the Pacers win, the market will resolve to "Celtics".'),
    ],
)  # fmt: skip
def test_rules_of_another_claim(rules: str, description: str) -> None:
    decision = game(rules, description)
    assert decision.klass is Class.REJECT
    assert decision.reason.startswith("not understood:")


def test_leap_day_meets_another_year() -> None:
    left = kalshi(
        "KXNBAGAME-28FEB29BOSIND-BOS", "Boston vs Indiana Winner?", "Boston",
        rules_primary="If Boston wins the game scheduled for March 1, 2027, then Yes.",
    )  # fmt: skip
    assert parse(left).unread == ("day of the rules against the start",)


@pytest.mark.parametrize("limit", ["June 30, 2026, 11:78 PM ET", "June 30, 9999, 11:59 PM ET"])
def test_time_that_there_is_not_is_no_deadline(limit: str) -> None:
    market = polymarket(
        "Will Acme launch?", description=f"This market resolves to Yes if Acme launches by {limit}."
    )
    assert all(found.minute < 60 and found.year < 9_999 for found in parse(market).limits)
