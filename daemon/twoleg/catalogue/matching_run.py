"""One matching: reads the open markets of both venues, finds pairs, and writes what has changed.

A second run over the same catalogue changes nothing. What a sync changed while the run was deciding
is left to the next one: no pair is written on a text that is no longer there.
"""

import resource
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

import msgspec
import structlog

from twoleg.catalogue.cards import CardFile
from twoleg.catalogue.finding import OTHER, REASON_CHARS_MAX, STEP_ROWS, Couple, Found, Half, find
from twoleg.catalogue.judging import Claim
from twoleg.catalogue.listed import to_known
from twoleg.catalogue.planning import Plan, Terms, claimed, couple_of, plan
from twoleg.catalogue.progress import Mark, Progress
from twoleg.core.market import PairState, Venue
from twoleg.matching.card import Family
from twoleg.matching.diff import safe
from twoleg.matching.gates import FamilyRecord, auto_families, grown
from twoleg.seams import Clock
from twoleg.settings import Settings
from twoleg.storage.catalogue import CatalogueStore
from twoleg.storage.database import Connection
from twoleg.storage.pair_rows import PairRow
from twoleg.storage.pairs import PairStore, TextNow

REASONS_TOLD: Final = 30
"""Most reasons in a report, the most frequent ones."""
KIB_PER_MB: Final = 1_000_000 / 1_024

log = structlog.get_logger(__name__)


class MatchReport(msgspec.Struct, frozen=True, kw_only=True):
    """What one matching did. Counts of pairs, but for the markets read and the candidates.

    `found` are all that agree now, `rejected` counts candidates by reason, `barred` markets that
    can pair with none (by venue and reason), `skipped` pairs whose market changed meanwhile.
    """

    kalshi: int
    polymarket: int
    candidates: int
    found: int
    created: int
    updated: int
    deactivated: int
    armed: int
    unchanged: int
    skipped: int
    classes: dict[str, int]
    rejected: dict[str, int]
    barred: dict[str, dict[str, int]]
    auto_families: tuple[str, ...]
    read_ms: int
    find_ms: int
    write_ms: int
    peak_mb: int

    @property
    def total_ms(self) -> int:
        """How long all of it took."""
        return self.read_ms + self.find_ms + self.write_ms


async def run_match(
    connection: Connection,
    settings: Settings,
    clock: Clock,
    progress: Progress,
    *,
    declared: Collection[Couple] = frozenset(),
) -> MatchReport:
    """Match once; `declared` are the couples of the pairs file. Cards stay in the state folder.

    Raises StorageError, DatabaseUnavailable; then nothing was written.
    """
    mode = settings.daemon.mode
    pairs = PairStore(connection, mode.value, clock)
    catalogue = CatalogueStore(connection, mode.value, clock)
    marks = [clock.monotonic_ns()]
    auto = await read_auto_families(pairs)
    known = claimed(await pairs.read())
    folder = settings.state_dir
    halves = Half([couple[0] for couple in known]), Half([couple[1] for couple in known])
    for venue, half in zip((Venue.KALSHI, Venue.POLYMARKET), halves, strict=True):
        await _fill(half, catalogue, venue, folder, progress)
    progress.ended()
    marks.append(clock.monotonic_ns())
    claims = {couple: claim_of(row) for couple, row in known.items()}
    found = find(*halves, auto, claims, progress)
    progress.ended()
    marks.append(clock.monotonic_ns())
    terms = Terms(
        mode=mode,
        policy=settings.pairing.policy,
        edge_micros_min=settings.pairing.edge_micros_min,
        declared=frozenset(declared),
    )
    made, skipped = await _write(pairs, found, terms)
    marks.append(clock.monotonic_ns())
    took_ms = [(after - before) // 10**6 for before, after in pairwise(marks)]
    report = _report(halves, found, made, skipped=skipped, took_ms=took_ms, auto=auto)
    log.info("pairs_matched", **_told(report))
    return report


async def read_auto_families(pairs: PairStore) -> frozenset[Family]:
    """The families that need no person, by what was measured and what has settled since."""
    known = {family.value: family for family in Family}
    settled = await pairs.family_settlements()
    records = {
        known[name]: FamilyRecord(*counts) for name, counts in settled.items() if name in known
    }
    return auto_families(grown(records))


def claim_of(row: PairRow) -> Claim:
    """What a row says of its couple."""
    return Claim((row.yes_label, row.no_label), row.polarity)


async def _fill(
    half: Half, catalogue: CatalogueStore, venue: Venue, folder: Path, progress: Progress
) -> None:
    expected = await catalogue.count_open(venue)
    part = f"{venue.value} markets"
    with CardFile(folder / f"cards-{venue.value}.bin") as cards:
        async for stored in catalogue.read_open(venue):
            card, words = cards.read(stored)
            half.add(to_known(stored, card), words)
            if half.total % STEP_ROWS == 0:
                progress.moved(Mark("reading", part, half.total, expected))
    progress.moved(Mark("reading", part, half.total, half.total, is_at_end=True))


async def _write(pairs: PairStore, found: Found, terms: Terms) -> tuple[Plan, int]:
    """Plan against the rows as they are now, and write all of it or nothing."""
    async with pairs.transaction():
        await pairs.lock_match()
        rows = {str(row.pair_id): row for row in await pairs.read()}
        made = plan(rows.values(), found, terms)
        skipped = await _leave_changed(pairs, made, found)
        await _leave_moved(pairs, made, rows)
        await pairs.propose(made.created)
        await pairs.refresh(made.updated)
        await pairs.touch(made.held)
        await pairs.move_all(made.steps)
    return made, skipped


async def _leave_moved(pairs: PairStore, made: Plan, rows: Mapping[str, PairRow]) -> None:
    """Hold the rows, and leave those that somebody moved since they were read: theirs is later."""
    touched = {*made.held, *(row.pair_id for row in made.updated)}
    touched |= {step.pair_id for step in made.steps} & rows.keys()
    locked = await pairs.lock(sorted(touched))
    moved = {pair_id for pair_id in touched if locked.get(pair_id) is not rows[pair_id].state}
    made.updated = [row for row in made.updated if row.pair_id not in moved]
    made.steps = [step for step in made.steps if step.pair_id not in moved]


async def _leave_changed(pairs: PairStore, made: Plan, found: Found) -> int:
    """Take what rests on a market that a sync has changed since out of the plan; how many."""
    judged = {**found.accepted, **found.refused}
    written = {row.pair_id: couple_of(row) for row in (*made.created, *made.updated)}
    markets = {
        (venue, known.native_id): known.content_hash
        for couple in written.values()
        for venue, known in (
            (Venue.KALSHI, judged[couple].kalshi),
            (Venue.POLYMARKET, judged[couple].polymarket),
        )
    }
    now = await pairs.texts_now(markets)
    moved = {key for key, content_hash in markets.items() if not _is_still(now, key, content_hash)}
    left = {
        pair_id
        for pair_id, (ticker, condition) in written.items()
        if (Venue.KALSHI, ticker) in moved or (Venue.POLYMARKET, condition) in moved
    }
    made.created = [row for row in made.created if row.pair_id not in left]
    made.updated = [row for row in made.updated if row.pair_id not in left]
    # What is taken back is taken back all the same.
    made.steps = [
        step
        for step in made.steps
        if step.pair_id not in left or step.to_state is PairState.DISARMED
    ]
    return len(left)


def _is_still(
    now: Mapping[tuple[Venue, str], TextNow], key: tuple[Venue, str], content_hash: str
) -> bool:
    return key in now and now[key].is_open and now[key].content_hash == content_hash


def _report(
    halves: tuple[Half, Half],
    found: Found,
    made: Plan,
    *,
    skipped: int,
    took_ms: Sequence[int],
    auto: Iterable[Family],
) -> MatchReport:
    kalshi, polymarket = halves
    wanted = Counter(step.to_state for step in made.steps)
    return MatchReport(
        kalshi=kalshi.total,
        polymarket=polymarket.total,
        candidates=found.candidates,
        found=len(found.accepted),
        created=len(made.created),
        updated=len(made.updated),
        deactivated=wanted[PairState.DISARMED],
        armed=wanted[PairState.ARMED],
        unchanged=len(made.held),
        skipped=skipped,
        classes=dict(Counter(judged.klass for judged in found.accepted.values())),
        rejected=_most(found.rejected),
        barred={"kalshi": _most(kalshi.barred), "polymarket": _most(polymarket.barred)},
        auto_families=tuple(sorted(family.value for family in auto)),
        read_ms=took_ms[0],
        find_ms=took_ms[1],
        write_ms=took_ms[2],
        peak_mb=int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB_PER_MB),
    )


def _most(reasons: Counter[str]) -> dict[str, int]:
    """The most frequent reasons, fit to be shown; the rest together."""
    most = {
        safe(reason, REASON_CHARS_MAX): count for reason, count in reasons.most_common(REASONS_TOLD)
    }
    rest = reasons.total() - sum(most.values())
    return {**most, OTHER: rest + most.get(OTHER, 0)} if rest else most


def _told(report: MatchReport) -> dict[str, object]:
    names = ("kalshi", "polymarket", "candidates", "found", "created", "updated", "deactivated")
    told: dict[str, object] = {name: getattr(report, name) for name in (*names, "armed", "peak_mb")}
    return {**told, "total_ms": report.total_ms}
