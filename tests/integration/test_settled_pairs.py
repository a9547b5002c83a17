"""Pairs whose markets have ended: compared, put on record, retired."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from tests.support.daemon import K, P, Run, Scene, make_pairs, make_scene, make_settings
from tests.unit.storage.support import RealClock, SeededEntropy
from twoleg.catalogue.settled import EndReaders, ReadEnd, SettleReport, Settling
from twoleg.core.actions import NoteKind
from twoleg.core.market import Polarity, Venue
from twoleg.errors import VenueUnavailable
from twoleg.runtime.system import SocketNetwork
from twoleg.sim.kalshi.venue import KalshiSim
from twoleg.storage.database import Connection, Database
from twoleg.storage.pair_rows import PairRow, matcher_pair_id
from twoleg.storage.pairs import PairStore
from twoleg.storage.settlements import SettlementStore

MODE = "sim"
HOSTILE = "It \x1b[2J ends\u202e well."


class Court:
    """One pair of the matcher in a database, and how its markets ended."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.pairs = PairStore(connection, MODE, RealClock())
        self.settlements = SettlementStore(connection, MODE, RealClock())

    async def propose(self, scene: Scene) -> str:
        tokens = cast("list[str]", scene.venues[P].describe(scene.native(P))["token_ids"])
        if scene.pair.polarity is Polarity.INVERSE:
            tokens = tokens[::-1]
        pair_id = matcher_pair_id(scene.native(K), scene.native(P))
        row = PairRow(
            pair_id=pair_id,
            kalshi=scene.pair.kalshi,
            polymarket=scene.pair.polymarket,
            polarity=scene.pair.polarity,
            kalshi_fingerprint="sha256:a",
            polymarket_fingerprint="sha256:b",
            similarity_e4=9_000,
            klass="auto",
            family="contest",
            yes_token=tokens[0],
            no_token=tokens[1],
        )
        await self.pairs.propose([row])
        for venue in Venue:
            await self.connection.execute(
                "INSERT INTO twoleg.catalogue_market (mode, venue, native_id, event, series, status,"
                " is_open, title, rules, listing, terms, tokens, shard, rules_fingerprint,"
                " content_hash, first_seen_time, changed_time)"
                " VALUES ($1, $2, $3, '', '', 'closed', false, 'Q', $4, '{}', '{}', '{}', 0, 'x',"
                " 'x', now(), now())",
                MODE,
                venue.value,
                scene.native(venue),
                HOSTILE,
            )
        return pair_id

    async def settle(self, readers: Mapping[Venue, ReadEnd]) -> SettleReport:
        return await Settling(self.pairs, self.settlements, readers).run()

    async def state(self, pair_id: str) -> tuple[str, str]:
        row = await self.pairs.get(pair_id)
        assert row is not None
        return row.state.value, row.state_reason

    async def record(self) -> list[tuple[Any, ...]]:
        return [
            tuple(row)
            for row in await self.connection.fetch(
                "SELECT pair_id, family, is_agreeing, kalshi_payout_e4, polymarket_payout_e4"
                " FROM twoleg.family_settlement"
            )
        ]


@pytest.fixture
async def court(database: Database) -> AsyncGenerator[Court]:
    connection = await database.connect()
    yield Court(connection)
    await connection.close()


@asynccontextmanager
async def asking(scene: Scene) -> AsyncGenerator[Mapping[Venue, ReadEnd]]:
    """The venues themselves."""
    settings = make_settings(scene, {})
    given = {"clock": RealClock(), "entropy": SeededEntropy(), "network": SocketNetwork()}
    async with EndReaders(settings, **given) as readers:  # type: ignore[arg-type]  # as named
        yield readers


def resolve(scene: Scene, kalshi: str, polymarket: int) -> None:
    sim = scene.venues[K]
    assert isinstance(sim, KalshiSim)
    sim.lifecycle.determine(scene.native(K), kalshi)
    scene.venues[P].set_status(scene.native(P), f"resolved:{polymarket}")


@pytest.mark.parametrize(
    ("polarity", "kalshi", "polymarket", "paid_e4", "reason"),
    [
        (Polarity.SAME, "yes", 0, (10_000, 10_000), "settled"),
        (Polarity.SAME, "no", 1, (0, 0), "settled"),
        (Polarity.SAME, "yes", 1, (10_000, 0), "settled_apart"),
        (Polarity.INVERSE, "yes", 1, (10_000, 0), "settled"),
        (Polarity.INVERSE, "no", 1, (0, 0), "settled_apart"),
    ],
)
async def test_ends_that_the_venues_tell_are_compared_and_end_the_pair(
    court: Court,
    tmp_path: Path,
    *,
    polarity: Polarity,
    kalshi: str,
    polymarket: int,
    paid_e4: tuple[int, int],
    reason: str,
) -> None:
    async with make_scene(tmp_path, "", polarity=polarity) as scene, asking(scene) as readers:
        pair_id = await court.propose(scene)
        waits = await court.settle(readers)
        assert (waits.asked, waits.waiting, waits.settled) == (2, 1, 0)
        assert (await court.state(pair_id))[0] == "candidate"
        resolve(scene, kalshi, polymarket)
        with capture_logs() as logs:
            report = await court.settle(readers)
        is_apart = reason == "settled_apart"
        assert (report.settled, report.apart) == (1, int(is_apart))
        assert await court.state(pair_id) == ("retired", reason)
        assert await court.record() == [(pair_id, "contest", not is_apart, *paid_e4)]
        told = [entry for entry in logs if entry["log_level"] == "critical"]
        assert len(told) == int(is_apart)
        for entry in told:
            assert entry["kalshi_text"] == entry["polymarket_text"] == "Q: It [2J ends well."
        assert (await court.settle(readers)).asked == 0
        assert await court.pairs.family_settlements() == {"contest": (1, int(is_apart))}


async def test_venue_that_does_not_answer_is_asked_again_another_time(
    court: Court, tmp_path: Path
) -> None:
    async def away(native_id: str) -> dict[str, int]:
        raise VenueUnavailable("kalshi", "no_answer", native_id)

    async with make_scene(tmp_path, "") as scene, asking(scene) as readers:
        pair_id = await court.propose(scene)
        resolve(scene, "yes", 0)
        report = await court.settle({**readers, K: away})
        assert (report.waiting, report.settled) == (1, 0)
        # What was told is kept: nobody is asked for it twice.
        again = await court.settle({**readers, P: away})
        assert (again.asked, again.settled) == (1, 1)
        assert await court.state(pair_id) == ("retired", "settled")


async def test_end_that_a_daemon_heard_is_not_asked_for_and_a_difference_is_critical(
    make_database: Callable[[], Awaitable[Database]], tmp_path: Path
) -> None:
    database = await make_database()
    async with make_scene(tmp_path, database.dsn) as scene:
        scene.more_pairs = (make_pairs()[1],)
        run = scene.start()
        await run.started()
        with capture_logs() as logs:
            resolve(scene, "yes", 1)
            await run.until(lambda: "results_differ" in run.alarms(), "the difference")
        (told,) = [entry for entry in logs if entry["event"] == "results_differ"]
        assert told["log_level"] == "critical"
        for name in ("kalshi_text", "polymarket_text"):
            assert len(str(told[name])) > 20
        await _until_kept(run, scene)
        connection = await database.connect()
        court = Court(connection)
        pair_id = await court.propose(scene)

        async def never(native_id: str) -> dict[str, int]:
            raise AssertionError(native_id)

        report = await court.settle({K: never, P: never})
        assert (report.asked, report.apart) == (0, 1)
        (detail,) = [e.detail for e in await court.pairs.events(pair_id) if e.reason != "found"]
        assert detail["kalshi_text"] == "Q: It [2J ends well."
        await connection.close()
        await run.kill()


async def _until_kept(run: Run, scene: Scene) -> None:
    """Both ends are in the database once the journal is shipped up to here."""
    ends = [note for note in run.of(NoteKind.ALARM) if note["event"] == "market_resolved"]
    assert {end["market_id"] for end in ends} == {scene.pair.kalshi, scene.pair.polymarket}
    assert await run.app.archive.drain(15)
