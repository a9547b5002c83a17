"""A venue that opened without having said so gets the first leg alone, until it answers one."""

import pytest

from tests.support.core import Rig, fires, make_pair
from twoleg.core.events import AnswerStatus, VenueStateChanged
from twoleg.core.market import LegMode, Venue


def reopen(rig: Rig, venue: Venue, *, is_assumed: bool) -> None:
    rig.send(VenueStateChanged(venue, is_open=False, reason="restarting"))
    rig.send(VenueStateChanged(venue, is_open=True, reason="", is_assumed=is_assumed))


@pytest.mark.parametrize("venue", Venue)
def test_venue_that_said_that_it_is_open_gets_both_legs_at_once(venue: Venue) -> None:
    rig = Rig()
    reopen(rig, venue, is_assumed=True)
    reopen(rig, venue, is_assumed=False)
    (shot,) = fires(rig.quote())
    assert len(shot.orders) == 2


@pytest.mark.parametrize("venue", Venue)
@pytest.mark.parametrize(
    ("status", "proves"),
    [
        (AnswerStatus.MISSED, True),
        (AnswerStatus.REJECTED, False),
        (AnswerStatus.NOT_SENT, False),
    ],
)
def test_assumed_venue_gets_one_leg_until_it_takes_an_order(
    venue: Venue, status: AnswerStatus, *, proves: bool
) -> None:
    rig = Rig()
    reopen(rig, venue, is_assumed=True)
    (shot,) = fires(rig.quote())
    (order,) = shot.orders
    assert order.venue is venue
    rig.answer(order, status)
    # Nothing was at stake: there is no other leg, and nothing to roll back.
    assert rig.engine.open_executions == 0
    rig.pass_ms(60_000)
    (shot,) = fires(rig.quote())
    assert len(shot.orders) == (2 if proves else 1)


def test_assumption_holds_against_the_mode_of_the_pair() -> None:
    rig = Rig(pair=make_pair(leg_mode=LegMode.KALSHI_FIRST))
    reopen(rig, Venue.POLYMARKET, is_assumed=True)
    (shot,) = fires(rig.quote())
    assert [order.venue for order in shot.orders] == [Venue.POLYMARKET]
