"""Claims that only look alike: directions, alternatives, large figures, remarks in parentheses."""

import pytest

from tests.unit.matching.support import decided, kalshi, polymarket

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
