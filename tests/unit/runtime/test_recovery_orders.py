"""In which order the journal's orders of an execution are found."""

import pytest

from tests.support.runtime import ref_of, spec_of
from tests.unit.storage.support import note
from twoleg.core.market import Direction, PairId, Venue
from twoleg.runtime.recovery import Recovered
from twoleg.storage.records import IntentRecorded

KALSHI_LEG, POLYMARKET_LEG = spec_of(Venue.KALSHI), spec_of(Venue.POLYMARKET)


def intent(**keys: str) -> IntentRecorded:
    legs = {"kalshi": KALSHI_LEG, "polymarket": POLYMARKET_LEG}
    return IntentRecorded(
        wall_ns=1,
        execution_no=1,
        execution_id="execution-1",
        pair_id=PairId("pair-a"),
        direction=Direction.KALSHI_YES,
        net_micros=1,
        orders=tuple(ref_of(legs[venue], key) for venue, key in keys.items()),
    )


@pytest.mark.parametrize("again", [{"kalshi": "k2"}, {"polymarket": "p2"}])
def test_order_signed_anew_keeps_its_place(again: dict[str, str]) -> None:
    """The number of the last order tells what the next one is called."""
    found = Recovered()
    for record in (intent(kalshi="k1", polymarket="p1"), intent(**again), note(1)):
        found.apply(record)
    (execution,) = found.unfinished.values()
    keys = {"kalshi": "k1", "polymarket": "p1", **again}
    assert [ref.order_key for ref in execution.orders] == list(keys.values())
    assert [ref.spec.order_no for ref in execution.orders] == [0, 1]
