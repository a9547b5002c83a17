"""A run puts on record up to when it has heard its accounts, and the next one begins there."""

from collections.abc import Iterable

import pytest

from tests.support.daemon import K, P
from tests.support.scenes import MakeScene
from twoleg.core.market import Venue
from twoleg.runtime.tracker import Tracker
from twoleg.storage.records import AccountHeard, AnyRecord


def heard_ms(records: Iterable[AnyRecord]) -> dict[Venue, int]:
    return {record.venue: record.begun_ms for record in records if isinstance(record, AccountHeard)}


async def test_start_looks_back_to_where_the_run_before_it_has_heard(
    scene_of: MakeScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_back_ms: list[dict[Venue, int]] = []
    look_back = Tracker.look_back

    def see(self: Tracker, venue: Venue, from_ms: int, floor_ms: int) -> None:
        looked_back_ms[-1][venue] = from_ms
        look_back(self, venue, from_ms, floor_ms)

    monkeypatch.setattr(Tracker, "look_back", see)
    told_ms: list[dict[Venue, int]] = []
    async with scene_of() as scene:
        for _ in range(2):
            looked_back_ms.append({})
            run = scene.start()
            await run.started()
            await run.stop()
            told_ms.append(heard_ms(run.records))
    assert told_ms[0].keys() == {K, P}
    # The first one knew nothing but when its accounts were opened.
    assert looked_back_ms[1] == told_ms[0]
    assert all(told_ms[1][venue] > told_ms[0][venue] for venue in Venue)
