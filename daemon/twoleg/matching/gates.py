"""Which families may be paired without a person: those with a record of settled pairs.

The rule of three: 300 settled pairs without a contradiction put the rate of wrong ones below one in
a hundred (at 95 %). One contradiction ends that, whatever the count.
"""

from collections.abc import Mapping

import msgspec

from twoleg.matching.card import Family

SETTLED_MIN = 300
"""Settled pairs that a family needs before it goes without a person."""


class FamilyRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Accepted pairs of a family that both venues settled, and how many of them apart."""

    settled: int
    contradicted: int

    def __add__(self, other: "FamilyRecord") -> "FamilyRecord":
        return FamilyRecord(self.settled + other.settled, self.contradicted + other.contradicted)


START_RECORD: Mapping[Family, FamilyRecord] = {
    Family.CONTEST: FamilyRecord(805, 0),
    # 123 winners and 369 of top 5, 10 and 20.
    Family.GOLF: FamilyRecord(492, 0),
    Family.WEATHER: FamilyRecord(33, 7),
    # 838 of one hour and strike, 1 019 of one day against another hour.
    Family.PRICE: FamilyRecord(1_857, 2),
}
"""What the record begins with: pairs of equal title facts and how both venues settled them, counted
in public data of 9 to 12 May 2026 (contests are winners of a game, match, map or set). Other
families had no such count."""


def grown(settled: Mapping[Family, FamilyRecord]) -> dict[Family, FamilyRecord]:
    """The start record with what our own pairs have added to it since."""
    nothing = FamilyRecord(0, 0)
    return {
        family: START_RECORD.get(family, nothing) + settled.get(family, nothing)
        for family in Family
        if family in START_RECORD or family in settled
    }


def auto_families(records: Mapping[Family, FamilyRecord]) -> frozenset[Family]:
    """The families whose complete pairs need no person, from whole records (see `grown`)."""
    return frozenset(
        family
        for family, record in records.items()
        if record.settled >= SETTLED_MIN and not record.contradicted
    )


START_FAMILIES = auto_families(START_RECORD)
"""The families that go without a person before any pair of our own has settled."""
