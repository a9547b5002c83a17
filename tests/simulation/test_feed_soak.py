"""An hour of both feeds under every fault: no book may stay wrong, and nothing may pile up."""

from pathlib import Path

import pytest

from tests.simulation.feeds import soak
from tests.support.virtual import run_virtual


@pytest.mark.parametrize("seed", [1, 2])
def test_books_equal_the_venues_at_every_audit(seed: int, tmp_path: Path) -> None:
    tally = run_virtual(soak(seed, tmp_path, pairs=2, hours=1))
    assert tally.wrong == []
    assert tally.audits >= 2
    assert tally.voids.total() > 0
    assert tally.resyncs.total() > 0
