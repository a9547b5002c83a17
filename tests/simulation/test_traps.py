"""What storms name exists, plans are what their seeds say, and late orders get what they want."""

import pytest

from tests.simulation.plan import KINDS, draw_plan
from tests.simulation.sightings import Sent
from tests.simulation.storms import RARE, STORMS, Storm
from tests.simulation.traps import levels_for
from twoleg.core.market import Venue

ONE = 1_000_000


@pytest.mark.parametrize("storm", [*STORMS, *RARE])
def test_storms_are_made_of_faults_that_exist(storm: Storm) -> None:
    places = {*KINDS, ("crash", "")}
    assert {(part.kind, part.venue) for part in storm} <= places
    assert all(0 <= part.least < part.most <= 1 for part in storm)


def test_an_entry_that_is_left_away_changes_no_other() -> None:
    whole = draw_plan(7).schedule
    kept = tuple(item for number, item in enumerate(whole) if number not in (0, 3))
    assert draw_plan(7, frozenset({0, 3})).schedule == kept != whole


@pytest.mark.parametrize(
    ("limit_e4", "spend_micros", "wanted_e6", "levels"),
    [
        # 33.65 wanted at 0.49 on average, on one level.
        (5_400, 16_488_500, 33_650_000, [(4_900, 33_650_000), (5_000, 1_000 * ONE)]),
        # Half of it a cent dearer.
        (5_400, 9_900_000, 20 * ONE, [(4_900, 10 * ONE), (5_000, 1_000 * ONE)]),
        # Nothing is to be covered; and more than its dollars reach for.
        (5_400, 9_900_000, 0, [(5_400, 1_000 * ONE)]),
        (5_400, 9_900_000, 10 * ONE, [(5_400, 1_000 * ONE)]),
    ],
)
def test_a_late_order_gets_what_its_other_leg_wants(
    limit_e4: int, spend_micros: int, wanted_e6: int, levels: list[tuple[int, int]]
) -> None:
    sent = Sent(
        no=0,
        at_ns=0,
        venue=Venue.POLYMARKET,
        market="m",
        key="k",
        side="bid",
        limit_e4=limit_e4,
        size_e6=0,
        spend_micros=spend_micros,
    )
    assert levels_for(sent, wanted_e6) == levels
