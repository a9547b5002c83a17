"""Claims that only look alike: directions, alternatives, large figures, remarks in parentheses."""

import pytest

from tests.unit.matching.support import decided, kalshi, polymarket
from twoleg.matching.card import Verdict

ENDS = "2026-12-31T00:00:00Z"


@pytest.mark.parametrize(
    ("title", "question"),
    [
        ("Will Oakland move its embassy to Elmland in 2026?",
         "Will Oakland move its embassy from Elmland in 2026?"),
        ("Will Jane Roe leave the cabinet in 2026?",
         "Will Jane Doe or Jane Roe leave the cabinet in 2026?"),
        ("Will Jane Roe leave the cabinet in 2026?",
         "Will Jane Doe and Jane Roe leave the cabinet in 2026?"),
        ("Will Acme have 250,000 users in 2026?", "Will Acme have 250,000,000 users in 2026?"),
        ("Will Acme pay $1,234,567 to Oakline in 2026?",
         "Will Acme pay $1,234,568 to Oakline in 2026?"),
        ("Will Acme sell more than half in 2026?", "Will Acme sell more than half more in 2026?"),
        ("Will Jane Doe run in 2026? (or announce to)", "Will Jane Doe run in 2026?"),
        ("Will Jane Doe run (or walk) in 2026?", "Will Jane Doe run in 2026?"),
    ],
)  # fmt: skip
def test_no_pair(title: str, question: str) -> None:
    for left, right in ((title, question), (question, title)):
        decision = decided(
            kalshi("KXTEST-26-DOE", left, close_time=ENDS), polymarket(right, end_time=ENDS)
        )
        assert not decision.is_accepted, (left, right)


@pytest.mark.parametrize(
    ("title", "question"),
    [
        ("Will Acme have 250,000 users in 2026?", "Will Acme have 250,000 users in 2026?"),
        ("Will Acme pay $1,234,567 to Oakline in 2026?",
         "Will Acme pay $1,234,567 to Oakline in 2026?"),
        ("Will Jane Doe run in 2026? (run)", "Will Jane Doe run in 2026?"),
        ("Will Oakland move its embassy from Elmland in 2026?",
         "Will Oakland move its embassy from Elmland in 2026?"),
    ],
)  # fmt: skip
def test_pair(title: str, question: str) -> None:
    decision = decided(
        kalshi("KXTEST-26-DOE", title, close_time=ENDS), polymarket(question, end_time=ENDS)
    )
    assert decision.is_accepted, decision.reason


def test_vote_is_not_the_year_that_it_names() -> None:
    title = "Will Iran strike Israel before {}?"
    end = "2028-01-01T05:00:00Z"
    year, vote = title.format("2028"), title.format("the 2028 election")
    for one, other in ((year, vote), (vote, year), (vote, vote)):
        decision = decided(kalshi("KXA-28", one, close_time=end), polymarket(other, end_time=end))
        assert decision.is_accepted is (one == other)


@pytest.mark.parametrize(
    ("one", "other", "is_told"),
    [
        ("before July 1, 2026", "by June 30, 2026", False),
        ("by July 1, 2026", "by June 30, 2026", True),
    ],
)
def test_deadlines_a_day_apart_are_told(one: str, other: str, *, is_told: bool) -> None:
    title = "Will Iran strike Israel {}?"
    decision = decided(kalshi("KXA-26", title.format(one)), polymarket(title.format(other)))
    assert decision.is_accepted
    (facet,) = (facet for facet in decision.facets if facet.name == "deadline")
    assert (facet.verdict is Verdict.DIFFERENT, facet.hard) == (is_told, not is_told)
    assert ("deadline" in decision.reason) is is_told
