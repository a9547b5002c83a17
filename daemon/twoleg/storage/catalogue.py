"""The catalogue in Postgres: a page of a crawl and its cursor in one transaction.

What a crawl has read is never lost and never there twice, whenever its process ends. A market whose
text, close, tokens or shard changed takes the pairs that the matcher armed on it down with it, in
the same transaction.
"""

from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
import structlog

from twoleg.core.market import Venue
from twoleg.seams import Clock
from twoleg.storage.catalogue_rows import (
    StoredGroup,
    StoredMarket,
    StoredText,
    change_reason,
    plain,
    read_row,
    to_columns,
)
from twoleg.storage.database import Connection, translate_errors
from twoleg.storage.projection import to_time
from twoleg.storage.queries import query
from twoleg.storage.shipment import drop_nul

__all__ = ["CatalogueStore", "Crawl", "PageResult", "StoredGroup", "StoredMarket", "StoredText"]

RESUME_SECONDS_MAX: Final = 3_600
"""A crawl that began longer ago is begun anew: its first pages are too old by now."""
AT_END: Final = "(end)"
"""Stands for a cursor where the last page was read, and only the end is left to be drawn."""
NO_CRAWL: Final = 0
ENDED_DAYS_MAX: Final = 14
"""How long an ended market is kept that no pair names: tens of thousands end every day."""
PREFETCH_ROWS: Final = 500
ERROR_CHARS_MAX: Final = 500

log = structlog.get_logger(__name__)


class Crawl(msgspec.Struct, kw_only=True):
    """One list of one venue being read; `cursor` moves with each page that was stored."""

    venue: Venue
    part: str
    crawl_id: int
    started_time: datetime
    cursor: str = ""
    pages: int = 0
    rows: int = 0
    is_resumed: bool = False

    @property
    def is_at_end(self) -> bool:
        """Whether the last page was stored."""
        return self.cursor == AT_END


class PageResult(msgspec.Struct, frozen=True, kw_only=True):
    """What some rows brought: how many were new, changed, changed their text, took pairs down.

    `changed` counts what was known and differs in any way; `texts_changed` is a part of it.
    """

    rows: int = 0
    new: int = 0
    changed: int = 0
    texts_changed: int = 0
    gone: int = 0
    disarmed: int = 0

    def __add__(self, other: "PageResult") -> "PageResult":
        return PageResult(
            **{name: getattr(self, name) + getattr(other, name) for name in self.__struct_fields__}
        )


class CatalogueStore:
    """The markets of one mode. Owns no connection; not for two tasks at a time."""

    def __init__(self, connection: Connection, mode: str, clock: Clock) -> None:
        self._connection = connection
        self._mode = mode
        self._clock = clock

    async def lock(self) -> bool:
        """Claim the crawls of this mode while the connection lives; False: another has them."""
        with translate_errors():
            return bool(await self._connection.fetchval(query("try_sync_lock"), self._mode))

    async def plan_each_time(self) -> None:
        """Have the session plan its statements for the tables as they are, each time.

        A crawl into an empty catalogue would keep the plans that were good for no rows at all.
        """
        with translate_errors():
            await self._connection.execute(query("plan_each_time"))

    # -- crawls --------------------------------------------------------------------------------

    async def plan(self, venue: Venue, parts: Sequence[str]) -> list[Crawl]:
        """The crawls to make, in order: what an earlier sync left unfinished, or all of `parts`.

        A crawl that is resumed goes on from its cursor; the parts before it are fresh already,
        those after it are begun anew. Each crawl must be opened before it is read.
        """
        with translate_errors():
            rows = await self._connection.fetch(query("list_crawls"), self._mode, venue.value)
        known = {row["part"]: row for row in rows}
        since = self._now() - timedelta(seconds=RESUME_SECONDS_MAX)
        for place, part in enumerate(parts):
            row = known.get(part)
            if row is None or row["started_time"] < since:
                break
            if row["state"] != "done":
                resumed = Crawl(
                    venue=venue,
                    part=part,
                    crawl_id=row["crawl_id"],
                    started_time=row["started_time"],
                    cursor=row["cursor"],
                    pages=row["pages"],
                    rows=row["rows"],
                    is_resumed=True,
                )
                return [resumed, *(self._fresh(venue, later) for later in parts[place + 1 :])]
        return [self._fresh(venue, part) for part in parts]

    async def last_crawl_s(self, venue: Venue, parts: Sequence[str]) -> int:
        """When the latest finished crawl of one of these parts began, Unix seconds; 0: never."""
        with translate_errors():
            rows = await self._connection.fetch(query("list_crawls"), self._mode, venue.value)
        begun: list[datetime] = [
            row["started_time"] for row in rows if row["part"] in parts and row["state"] == "done"
        ]
        return int(max(begun).timestamp()) if begun else 0

    async def open(self, crawl: Crawl) -> None:
        """Begin a crawl, or take one up again."""
        with translate_errors():
            if crawl.is_resumed:
                await self._connection.execute(query("resume_crawl"), *self._key(crawl)[:3])
                return
            crawl.cursor, crawl.pages, crawl.rows = "", 0, 0
            crawl.started_time = self._now()
            crawl.crawl_id = await self._connection.fetchval(
                query("begin_crawl"), *self._key(crawl)[:3], crawl.started_time
            )

    async def fail(self, crawl: Crawl, error: str) -> None:
        """A crawl cannot go on now; the next sync resumes it."""
        text = plain(error)[:ERROR_CHARS_MAX]
        with translate_errors():
            await self._connection.execute(
                query("fail_crawl"), *self._key(crawl), text, self._now()
            )

    async def finish(self, crawl: Crawl) -> None:
        """A list that others hang on was read to its end."""
        with translate_errors():
            await self._connection.execute(query("finish_crawl"), *self._key(crawl), self._now())

    async def list_missing(self, crawl: Crawl) -> list[str]:
        """Open markets that the crawl, now at its end, has not seen, and that a pair names.

        To be asked for one by one before `finish_markets` calls them gone.
        """
        with translate_errors():
            rows = await self._connection.fetch(
                query("list_paired"), self._mode, crawl.venue.value, await self._unseen(crawl)
            )
        return [row["native_id"] for row in rows]

    async def finish_markets(self, crawl: Crawl) -> PageResult:
        """The list of markets was read to its end: open ones that are not in it are gone.

        Those that ended long ago are forgotten, unless a pair names them.
        """
        now = self._now()
        async with self._transaction():
            rows = await self._connection.fetch(
                query("mark_gone"),
                self._mode,
                crawl.venue.value,
                await self._unseen(crawl),
                now,
            )
            gone = [row["native_id"] for row in rows]
            disarmed = await self._disarm(crawl.venue, dict.fromkeys(gone, "gone"), now)
            await self._prune(crawl.venue, now)
            await self._connection.execute(query("finish_crawl"), *self._key(crawl), now)
        return PageResult(gone=len(gone), disarmed=disarmed)

    # -- pages ---------------------------------------------------------------------------------

    async def put_page(
        self,
        crawl: Crawl,
        rows: Sequence[StoredMarket],
        next_cursor: str,
        *,
        unread: Sequence[str] = (),
    ) -> PageResult:
        """Store a page and where the next one begins; an empty cursor is the end of the list.

        `unread` names rows that could not be read: a known market among them is there all the
        same, and stays as it was.
        """
        now = self._now()
        async with self._transaction():
            result = await self._put(crawl.venue, rows, unread, now, crawl.crawl_id)
            await self._move(crawl, next_cursor, result, len(unread), now)
        self._moved(crawl, next_cursor, len(rows))
        return result

    async def put_groups(
        self,
        crawl: Crawl,
        kind: str,
        groups: Sequence[StoredGroup],
        next_cursor: str,
        *,
        unreadable: int = 0,
    ) -> None:
        """Store a page of series or events (`kind`), as `put_page`."""
        now = self._now()
        async with self._transaction():
            await self._put_groups(crawl.venue, kind, groups, now)
            result = PageResult(rows=len(groups))
            await self._move(crawl, next_cursor, result, unreadable, now)
        self._moved(crawl, next_cursor, len(groups))

    async def add_groups(self, venue: Venue, kind: str, groups: Sequence[StoredGroup]) -> None:
        """Store series or events that were read one by one."""
        with translate_errors():
            await self._put_groups(venue, kind, groups, self._now())

    async def refresh(
        self,
        venue: Venue,
        rows: Sequence[StoredMarket],
        crawl: Crawl | None = None,
        *,
        unread: Sequence[str] = (),
    ) -> PageResult:
        """Store markets that were read by their ids; with a crawl, they count as seen by it."""
        crawl_id = NO_CRAWL if crawl is None else crawl.crawl_id
        async with self._transaction():
            return await self._put(venue, rows, unread, self._now(), crawl_id)

    # -- reading -------------------------------------------------------------------------------

    async def read_groups(self, venue: Venue, kind: str, ids: Iterable[str]) -> dict[str, bytes]:
        """The facts of those series or events that are known, by id."""
        with translate_errors():
            rows = await self._connection.fetch(
                query("read_catalogue_groups"), self._mode, venue.value, kind, list(ids)
            )
        return {row["native_id"]: row["facts"].encode() for row in rows}

    async def list_known(self, venue: Venue, ids: Sequence[str]) -> frozenset[str]:
        """Those of the ids that the catalogue holds."""
        with translate_errors():
            rows = await self._connection.fetch(
                query("list_known_markets"), self._mode, venue.value, list(ids)
            )
        return frozenset(row["native_id"] for row in rows)

    async def count_open(self, venue: Venue) -> int:
        """How many open markets are known."""
        with translate_errors():
            count = await self._connection.fetchval(
                query("count_open_markets"), self._mode, venue.value
            )
        return int(count)

    async def read(self, venue: Venue, native_id: str) -> StoredMarket | None:
        """One market, open or not."""
        with translate_errors():
            row = await self._connection.fetchrow(
                query("read_catalogue_market"), self._mode, venue.value, native_id
            )
        return None if row is None else read_row(row)

    async def read_open(self, venue: Venue) -> AsyncGenerator[StoredMarket, None]:
        """All open markets in the order of their ids, as of one moment; few are held at a time.

        The connection is taken until the generator ends or is closed.
        """
        statement = query("read_open_markets")
        async with self._transaction():
            async for row in self._connection.cursor(
                statement, self._mode, venue.value, prefetch=PREFETCH_ROWS
            ):
                yield read_row(row)

    async def text_history(self, venue: Venue, native_id: str) -> list[StoredText]:
        """Every text that a market has had, oldest first; empty if its text never changed."""
        with translate_errors():
            rows = await self._connection.fetch(
                query("read_text_history"), self._mode, venue.value, native_id
            )
        return [StoredText(**dict(row)) for row in rows]

    # -- within a transaction ------------------------------------------------------------------

    async def _unseen(self, crawl: Crawl) -> list[str]:
        rows = await self._connection.fetch(
            query("list_unseen"), *self._key(crawl)[:2], crawl.crawl_id, crawl.started_time
        )
        return [row["native_id"] for row in rows]

    async def _prune(self, venue: Venue, now: datetime) -> None:
        key = (self._mode, venue.value)
        before = now - timedelta(days=ENDED_DAYS_MAX)
        rows = await self._connection.fetch(query("prune_catalogue"), *key, before)
        if rows:
            ids = [row["native_id"] for row in rows]
            await self._connection.execute(query("forget_seen"), *key, ids)
            log.info("ended_markets_forgotten", venue=venue.value, count=len(ids))

    async def _put(
        self,
        venue: Venue,
        rows: Sequence[StoredMarket],
        unread: Sequence[str],
        now: datetime,
        crawl_id: int,
    ) -> PageResult:
        # A list may name a market twice; one statement may not.
        given = {row.native_id: row for row in rows}
        key = (self._mode, venue.value)
        locked = await self._connection.fetch(
            query("lock_catalogue_markets"), *key, [*given, *unread]
        )
        hashes: dict[str, str] = {row["native_id"]: row["content_hash"] for row in locked}
        changed = [
            name
            for name, row in given.items()
            if name in hashes and hashes[name] != row.content_hash
        ]
        new = [name for name in given if name not in hashes]
        texts, disarmed = await self._note_changes(venue, [given[name] for name in changed], now)
        if changed or new:
            columns = to_columns([given[name] for name in (*changed, *new)])
            await self._connection.execute(query("upsert_catalogue_markets"), *key, now, *columns)
        await self._connection.execute(
            query("see_catalogue_markets"), *key, list({*hashes, *given}), crawl_id, now
        )
        return PageResult(
            rows=len(given),
            new=len(new),
            changed=len(changed),
            texts_changed=texts,
            disarmed=disarmed,
        )

    async def _note_changes(
        self, venue: Venue, rows: Sequence[StoredMarket], now: datetime
    ) -> tuple[int, int]:
        """Keep replaced texts and disarm pairs; (texts changed, pairs disarmed)."""
        if not rows:
            return 0, 0
        key = (self._mode, venue.value)
        names = [row.native_id for row in rows]
        olds = await self._connection.fetch(query("read_catalogue_markets"), *key, names)
        before = {old["native_id"]: old for old in olds}
        reasons = {row.native_id: change_reason(before[row.native_id], row) for row in rows}
        texts = [row for row in rows if reasons[row.native_id] == "rules_changed"]
        if texts:
            replaced = [row.native_id for row in texts]
            await self._connection.execute(query("keep_catalogue_texts"), *key, replaced)
            await self._connection.execute(
                query("add_catalogue_texts"),
                *key,
                replaced,
                [row.rules_fingerprint for row in texts],
                [plain(row.title) for row in texts],
                [plain(row.rules) for row in texts],
                now,
            )
        disarmed = await self._disarm(venue, {k: v for k, v in reasons.items() if v}, now)
        return len(texts), disarmed

    async def _disarm(self, venue: Venue, reasons: dict[str, str], now: datetime) -> int:
        """Take down the matcher's pairs on these markets; tells who listens."""
        if not reasons:
            return 0
        rows = await self._connection.fetch(
            query("disarm_changed_pairs"),
            self._mode,
            [f"{venue.value}:{native_id}" for native_id in reasons],
            list(reasons.values()),
            now,
        )
        for row in rows:
            log.warning("pair_disarmed", **dict(row))
        if rows:
            await self._connection.execute(query("notify_pairs"))
        return len(rows)

    async def _put_groups(
        self, venue: Venue, kind: str, groups: Sequence[StoredGroup], now: datetime
    ) -> None:
        given = {group.native_id: drop_nul(group.facts).decode() for group in groups}
        await self._connection.execute(
            query("upsert_catalogue_groups"),
            self._mode,
            venue.value,
            kind,
            list(given),
            list(given.values()),
            now,
        )

    async def _move(
        self, crawl: Crawl, next_cursor: str, result: PageResult, unreadable: int, now: datetime
    ) -> None:
        await self._connection.execute(
            query("move_crawl"),
            *self._key(crawl),
            plain(next_cursor) or AT_END,
            result.rows,
            result.new + result.changed,
            unreadable,
            now,
        )

    def _moved(self, crawl: Crawl, next_cursor: str, rows: int) -> None:
        crawl.cursor = plain(next_cursor) or AT_END
        crawl.pages += 1
        crawl.rows += rows

    def _fresh(self, venue: Venue, part: str) -> Crawl:
        return Crawl(venue=venue, part=part, crawl_id=NO_CRAWL, started_time=self._now())

    def _key(self, crawl: Crawl) -> tuple[str, str, str, int]:
        return self._mode, crawl.venue.value, crawl.part, crawl.crawl_id

    def _now(self) -> datetime:
        return to_time(self._clock.wall_ns()).astimezone(UTC)

    @asynccontextmanager
    async def _transaction(self) -> AsyncGenerator[None, None]:
        with translate_errors():
            async with self._connection.transaction():
                yield
