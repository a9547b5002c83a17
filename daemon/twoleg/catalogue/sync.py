"""Read all open markets of both venues into the database, or a few of them by their ids.

Each venue is read by a task and a connection of its own, one page in memory at a time. A venue that
fails leaves what was read and its place in the list behind; the next sync goes on from there.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Final, NamedTuple

import msgspec
import structlog

from twoleg.catalogue.kalshi import CRAWL_OPTIONS as KALSHI_OPTIONS
from twoleg.catalogue.kalshi import KalshiSource
from twoleg.catalogue.polymarket import CRAWL_OPTIONS as POLYMARKET_OPTIONS
from twoleg.catalogue.polymarket import PolymarketSource
from twoleg.catalogue.progress import Mark, Progress
from twoleg.catalogue.source import (
    MARKETS,
    SILENCE_MS_MAX,
    UNREAD_LOGGED_MAX,
    UPDATES,
    Found,
    Patience,
    RawPage,
    Source,
    Unread,
    log_unread,
    shown,
)
from twoleg.core.market import Venue
from twoleg.errors import VenueRejected, VenueUnavailable
from twoleg.seams import Clock, Entropy, Network
from twoleg.settings import MemberType, Settings
from twoleg.storage.catalogue import CatalogueStore, Crawl, PageResult
from twoleg.storage.database import Database
from twoleg.venues.kalshi.http import KalshiHttp
from twoleg.venues.polymarket.gamma import GammaReader
from twoleg.venues.polymarket.options import PolymarketUrls
from twoleg.venues.transport import HttpExchange, make_session

PAGES_MAX: Final = 10_000
"""Of one list: more is a cursor that never ends."""
UPDATES_MARGIN_S: Final = 120
"""How far before the last crawl updates are asked for: clocks differ, and reads lag."""
LOCK_TRIES: Final = 10
LOCK_WAIT_S: Final = 0.2
"""The server may need a moment to notice that a killed process has left."""
NEW_TRIES: Final = 4
NEW_WAIT_S: Final = 1.0
"""A market that was announced just now may be unknown to reads for some seconds (docs, 2026)."""

log = structlog.get_logger(__name__)


class VenueReport(msgspec.Struct, kw_only=True):
    """What a sync brought from one venue; `error` says why it is not finished, "" if it is.

    `changed` are known markets that differ in anything, `texts_changed` those of them whose title
    or rules do; `unreadable` rows of any list were left out; `unknown` ids the venue does not know.
    """

    venue: Venue
    pages: int = 0
    rows: int = 0
    new: int = 0
    changed: int = 0
    texts_changed: int = 0
    gone: int = 0
    disarmed: int = 0
    unreadable: int = 0
    unknown: int = 0
    resumed: bool = False
    seconds: float = 0.0
    error: str = ""

    def add(self, result: PageResult) -> None:
        """Count what some rows brought."""
        for name in result.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(result, name))


class World(NamedTuple):
    """What a sync runs in."""

    database: Database
    mode: str
    clock: Clock
    progress: Progress


class Sources:
    """Both venues opened for reading, without keys; use it as a context."""

    def __init__(
        self, settings: Settings, *, clock: Clock, entropy: Entropy, network: Network
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._network = network
        self._patience = Patience(clock, entropy)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Mapping[Venue, Source]:
        return {Venue.KALSHI: await self._kalshi(), Venue.POLYMARKET: await self._polymarket()}

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _kalshi(self) -> KalshiSource:
        wanted = self._settings.kalshi
        http = KalshiHttp(
            exchange=await self._exchange(Venue.KALSHI),
            base_urls=tuple(url for url in (wanted.rest_url, wanted.rest_url_2) if url),
            clock=self._clock,
            options=KALSHI_OPTIONS,
        )
        quantum = 100 if wanted.member_type is MemberType.DIRECT else 10_000
        return KalshiSource(http, self._patience, balance_quantum_micros=quantum)

    async def _polymarket(self) -> PolymarketSource:
        gamma = GammaReader(
            http=await self._exchange(Venue.POLYMARKET),
            urls=PolymarketUrls(gamma=self._settings.polymarket.gamma_url),
            options=POLYMARKET_OPTIONS,
        )
        return PolymarketSource(gamma, self._patience, self._clock)

    async def _exchange(self, venue: Venue) -> HttpExchange:
        session = await self._stack.enter_async_context(make_session(self._network))
        return HttpExchange(session, venue=venue.value, silence_ms_max=SILENCE_MS_MAX)


async def sync_all(
    world: World, sources: Iterable[Source], *, only_updates: bool = False
) -> list[VenueReport] | None:
    """Crawl the venues at the same time; None: another process is crawling for this database.

    `only_updates` reads what changed since the last crawl, where there is one, and marks nothing
    as gone.

    Raises:
        StorageError, DatabaseUnavailable: the database cannot take it; what was stored stays.
    """
    lock = await world.database.connect()
    try:
        if not await _lock(CatalogueStore(lock, world.mode, world.clock), world.clock):
            return None
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(_sync_venue(world, source, only_updates=only_updates))
                for source in sources
            ]
        return [task.result() for task in tasks]
    finally:
        world.progress.ended()
        await lock.close()


async def refresh_markets(
    world: World, sources: Mapping[Venue, Source], ids: Sequence[tuple[Venue, str]]
) -> list[VenueReport]:
    """Read some markets anew, or for the first time, as lifecycle events name them.

    Runs beside a crawl. A market that a venue does not know yet is asked for again for some
    seconds; one that stays unknown is counted, and left as it is.
    """
    reports: list[VenueReport] = []
    for venue in dict.fromkeys(venue for venue, _ in ids):
        report = VenueReport(venue=venue)
        started_ns = world.clock.monotonic_ns()
        connection = await world.database.connect()
        try:
            store = CatalogueStore(connection, world.mode, world.clock)
            wanted = [native_id for named, native_id in ids if named is venue]
            found = await _find_new(world.clock, sources[venue], store, wanted)
            _take(report, found)
            report.add(await store.refresh(venue, found.rows))
        except (VenueUnavailable, VenueRejected) as error:
            report.error = shown(str(error))
        finally:
            await connection.close()
        report.seconds = (world.clock.monotonic_ns() - started_ns) / 1e9
        reports.append(report)
    return reports


class _VenueSync:
    """One venue's crawl: its store, its report, its place."""

    def __init__(self, world: World, source: Source, store: CatalogueStore) -> None:
        self._world = world
        self._source = source
        self._store = store
        self.report = VenueReport(venue=source.venue)

    async def run(self, *, only_updates: bool) -> None:
        """Read what there is to read; a failure of the venue ends in the report."""
        store, venue = self._store, self._source.venue
        since_s = await store.last_crawl_s(venue, (MARKETS, UPDATES)) if only_updates else 0
        parts = (UPDATES,) if since_s else self._source.parts
        expected = await store.count_open(venue)
        for crawl in await store.plan(venue, parts):
            self.report.resumed = self.report.resumed or crawl.is_resumed
            await store.open(crawl)
            try:
                await self._read(crawl, expected, max(since_s - UPDATES_MARGIN_S, 0))
                await self._finish(crawl)
            except (VenueUnavailable, VenueRejected) as error:
                self.report.error = shown(f"{crawl.part}: {error}", 300)
                log.error(
                    "crawl_failed", venue=venue.value, part=crawl.part, reason=self.report.error
                )
                await store.fail(crawl, self.report.error)
                return

    async def _read(self, crawl: Crawl, expected: int, since_s: int) -> None:
        source = self._source
        await source.prepare(crawl.part)
        while not crawl.is_at_end:
            if crawl.pages >= PAGES_MAX:
                raise VenueUnavailable(crawl.venue.value, "too_many_pages", crawl.part)
            page = await self._page(crawl, since_s)
            result, unread = await source.store_page(self._store, crawl, page)
            self.report.pages += 1
            self.report.add(result)
            self._note(crawl.part, unread)
            known = expected if crawl.part == MARKETS else 0
            mark = Mark(crawl.venue.value, crawl.part, crawl.rows, known, crawl.is_at_end)
            self._world.progress.moved(mark)

    async def _page(self, crawl: Crawl, since_s: int) -> RawPage:
        ask = self._source.patience.ask
        try:
            return await ask(
                crawl.part, lambda: self._source.read_page(crawl.part, crawl.cursor, since_s)
            )
        except VenueRejected as error:
            if not (crawl.is_resumed and crawl.cursor):
                raise
            # A cursor of an hour ago may be good no more; what was read is not read for nothing.
            log.warning(
                "crawl_restarted",
                venue=crawl.venue.value,
                part=crawl.part,
                reason=shown(str(error)),
            )
        crawl.is_resumed = False
        await self._store.open(crawl)
        return await ask(crawl.part, lambda: self._source.read_page(crawl.part, "", since_s))

    async def _finish(self, crawl: Crawl) -> None:
        if crawl.part != MARKETS:
            await self._store.finish(crawl)
            return
        # A pause or a hiccup of the list is no end: what pairs rest on is asked for by name.
        missing = await self._store.list_missing(crawl)
        if missing:
            found = await self._source.find(self._store, missing)
            self._note(crawl.part, found.unread)
            names = [row.name for row in found.unread]
            self.report.add(await self._store.refresh(crawl.venue, found.rows, crawl, unread=names))
        self.report.add(await self._store.finish_markets(crawl))

    def _note(self, part: str, unread: Sequence[Unread]) -> None:
        left = max(UNREAD_LOGGED_MAX - self.report.unreadable, 0)
        self.report.unreadable += len(unread)
        log_unread(self._source.venue, part, unread[:left])


async def _sync_venue(world: World, source: Source, *, only_updates: bool) -> VenueReport:
    started_ns = world.clock.monotonic_ns()
    connection = await world.database.connect()
    try:
        store = CatalogueStore(connection, world.mode, world.clock)
        await store.plan_each_time()
        sync = _VenueSync(world, source, store)
        await sync.run(only_updates=only_updates)
    finally:
        await connection.close()
    sync.report.seconds = (world.clock.monotonic_ns() - started_ns) / 1e9
    return sync.report


async def _find_new(
    clock: Clock, source: Source, store: CatalogueStore, ids: Sequence[str]
) -> Found:
    """Markets by id; what is unknown is asked for again, as it may be new."""
    found = await source.find(store, ids)
    for _ in range(NEW_TRIES):
        if not found.unknown:
            break
        await clock.sleep(NEW_WAIT_S)
        more = await source.find(store, found.unknown)
        found = Found([*found.rows, *more.rows], [*found.unread, *more.unread], more.unknown)
    return found


def _take(report: VenueReport, found: Found) -> None:
    report.pages += 1
    report.unreadable += len(found.unread)
    report.unknown += len(found.unknown)
    log_unread(report.venue, "named", found.unread)
    log_unread(
        report.venue,
        "named",
        [Unread(shown(name), "unknown to the venue") for name in found.unknown],
    )


async def _lock(store: CatalogueStore, clock: Clock) -> bool:
    for _ in range(LOCK_TRIES):
        if await store.lock():
            return True
        await clock.sleep(LOCK_WAIT_S)
    return False
