"""An hour of both feeds under every fault: no book may stay wrong, and nothing may pile up."""

from pathlib import Path

import pytest

from tests.simulation.feeds import soak
from tests.support.virtual import run_virtual


@pytest.mark.parametrize(
    ("seed", "connections", "has_clock"), [(1, 1, True), (2, 2, True), (3, 2, False)]
)
def test_books_equal_the_venues_at_every_audit(
    *, seed: int, connections: int, has_clock: bool, tmp_path: Path
) -> None:
    tally = run_virtual(
        soak(seed, tmp_path, pairs=2, hours=1, connections=connections, has_clock=has_clock)
    )
    assert tally.wrong == []
    assert tally.wrong_though_heard == 0
    # Whatever was late or lost, other defences found it before: no audit accused a right book.
    assert tally.alarms.total() == 0
    assert tally.audits >= 2
    assert tally.voids.total() > 0
    assert tally.resyncs.total() > 0
    assert tally.faults.total() > 50
    # The first audit finds everything in place; what is made later must go again.
    assert tally.objects[-1] < tally.objects[0] * 1.05


def test_audit_finds_old_changes_behind_snapshots_that_no_clock_tells(tmp_path: Path) -> None:
    tally = run_virtual(
        soak(4, tmp_path, pairs=2, hours=1, connections=2, has_clock=False, has_stale=True)
    )
    assert tally.faults["kalshi_ws_stale"] > 0
    # No frame told of them; REST did.
    assert tally.alarms["book_differs"] > 0
    assert tally.wrong == []
    assert tally.audits >= 2
