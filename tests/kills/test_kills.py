"""Some kills with every run of the suite; `python -m tests.kills` does as many as one likes."""

import pytest

from tests.kills.killing import run_moments
from tests.kills.moments import Moment, When

PATIENCE_S = 30.0


def at(when: When, skip: int = 0, wait_s: float = 0.0) -> Moment:
    return Moment(when, skip, wait_s, PATIENCE_S)


MOMENTS = {  # by the seed of their world
    1: (at(When.POLYMARKET), at(When.RECOVERING), at(When.ANSWER, skip=1, wait_s=0.002)),
}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", MOMENTS)
def test_record_is_what_the_venues_know_after_each_kill(seed: int) -> None:
    tally = run_moments(seed, MOMENTS[seed])
    assert tally.faults == [], tally.told()
    assert tally.moments == len(MOMENTS[seed])
    # Kills that cut nothing open would prove nothing.
    assert tally.cut_executions > 0, tally.line()
