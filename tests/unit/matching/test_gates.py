"""Which families go without a person, by their record."""

import pytest

from tests.unit.matching.support import kalshi, polymarket
from twoleg.matching.card import Family
from twoleg.matching.decide import Class, decide
from twoleg.matching.gates import START_FAMILIES, START_RECORD, FamilyRecord, auto_families, grown
from twoleg.matching.parse import parse


@pytest.mark.parametrize(
    ("settled", "contradicted", "is_auto"),
    [(300, 0, True), (299, 0, False), (0, 0, False), (100_000, 1, False)],
)
def test_family_needs_300_settled_and_no_contradiction(
    settled: int, contradicted: int, *, is_auto: bool
) -> None:
    records = {Family.SEAT: FamilyRecord(settled, contradicted)}
    assert (Family.SEAT in auto_families(records)) is is_auto


def test_record_begins_with_what_was_counted() -> None:
    assert frozenset({Family.CONTEST, Family.GOLF}) == START_FAMILIES
    assert grown({}) == START_RECORD


def test_one_contradiction_returns_a_family_to_review() -> None:
    records = grown({Family.CONTEST: FamilyRecord(1, 1)})
    assert records[Family.CONTEST] == FamilyRecord(806, 1)
    assert auto_families(records) == {Family.GOLF}


def test_own_settlements_make_a_record() -> None:
    assert Family.SEAT in auto_families(grown({Family.SEAT: FamilyRecord(300, 0)}))


def test_decision_takes_the_families_of_the_day() -> None:
    left = parse(kalshi("KXHOUSERACE-OH03-26-D", "Will Democratic win the House race for OH-03?"))
    right = parse(
        polymarket(
            "Will the Democratic Party win the OH-03 House seat?", end_time="2026-11-03T00:00:00Z"
        )
    )
    assert decide(left, right).klass is Class.REVIEW
    assert decide(left, right, frozenset({Family.SEAT})).klass is Class.AUTO
