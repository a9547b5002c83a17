"""Both simulated venues, their markets in a database, and a hand in what the venues answer."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
from multidict import CIMultiDict

from tests.unit.storage.support import RealClock, SeededEntropy
from tests.unit.venues.polymarket.support import LoopNetwork
from twoleg.catalogue.progress import LogProgress
from twoleg.catalogue.sync import Sources, VenueReport, World, refresh_markets, sync_all
from twoleg.core.market import Venue
from twoleg.settings import KalshiSettings, PolymarketSettings, Settings
from twoleg.sim.run import make_venue
from twoleg.storage.catalogue import CatalogueStore
from twoleg.storage.catalogue_rows import StoredMarket
from twoleg.storage.database import Connection, Database
from twoleg.venues.transport import HttpExchange, make_session

Answer = tuple[int, Any, bytes]
Hook = Callable[[str, Answer], Answer]
"""From address and answer to the answer that the client gets."""
MODE = "sim"


class HastyClock(RealClock):
    """Real time, in which nobody waits for long."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.002))


class MeddledExchange(HttpExchange):
    """Passes answers through the hooks of a test."""

    def __init__(
        self,
        session: Any,
        *,
        venue: str,
        hooks: list[Hook],
        asked: list[str],
        silence_ms_max: int = 0,
    ) -> None:
        super().__init__(session, venue=venue, silence_ms_max=silence_ms_max)
        self._hooks = hooks
        self._asked = asked

    async def request(self, method: str, url: str, **options: Any) -> Any:
        self._asked.append(url)
        answer: Answer = await super().request(method, url, **options)
        for hook in self._hooks:
            answer = hook(url, answer)
        return answer


class MeddledSources(Sources):
    """Both venues, through `hooks`."""

    def __init__(
        self, settings: Settings, hooks: list[Hook], asked: list[str], *, silence_ms_max: int = 0
    ) -> None:
        super().__init__(
            settings, clock=HastyClock(), entropy=SeededEntropy(), network=LoopNetwork()
        )
        self._hooks = hooks
        self._asked = asked
        self._silence_ms_max = silence_ms_max

    async def _exchange(self, venue: Venue) -> HttpExchange:
        session = await self._stack.enter_async_context(make_session(self._network))
        return MeddledExchange(
            session,
            venue=venue.value,
            hooks=self._hooks,
            asked=self._asked,
            silence_ms_max=self._silence_ms_max,
        )


@dataclass
class Ground:
    """A running pair of venues and a database; `hooks` may be changed between two syncs."""

    settings: Settings
    database: Database
    sims: dict[Venue, Any]
    connection: Connection
    hooks: list[Hook] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    @property
    def world(self) -> World:
        clock = HastyClock()
        return World(self.database, MODE, clock, LogProgress(clock, "crawl_moved"))

    @property
    def store(self) -> CatalogueStore:
        return CatalogueStore(self.connection, MODE, HastyClock())

    async def sync(
        self, *venues: Venue, updated: bool = False, silence_ms_max: int = 0
    ) -> dict[Venue, VenueReport]:
        meddled = MeddledSources(
            self.settings, self.hooks, self.asked, silence_ms_max=silence_ms_max
        )
        async with meddled as sources:
            chosen = [sources[venue] for venue in venues or tuple(Venue)]
            reports = await sync_all(self.world, chosen, only_updates=updated)
        assert reports is not None
        return {report.venue: report for report in reports}

    async def refresh(self, *ids: tuple[Venue, str]) -> dict[Venue, VenueReport]:
        async with MeddledSources(self.settings, self.hooks, self.asked) as sources:
            reports = await refresh_markets(self.world, sources, ids)
        return {report.venue: report for report in reports}

    async def rows(self, venue: Venue) -> dict[str, StoredMarket]:
        return {row.native_id: row async for row in self.store.read_open(venue)}

    async def arm(self, pair_id: str, kalshi: str, polymarket: str, **columns: str) -> None:
        given = {"state": "armed", "origin": "matcher", **columns}
        await self.connection.execute(
            """INSERT INTO twoleg.matched_market_pair
                (mode, pair_id, kalshi_market_id, polymarket_market_id, polarity, state, origin,
                 kalshi_fingerprint, polymarket_fingerprint, similarity_e4, leg_mode, tif,
                 size_e6_max, first_seen_time, seen_time)
            VALUES ($1, $2, 'kalshi:' || $3, 'polymarket:' || $4, 'same', $5, $6, '', '', 9000,
                    'concurrent', 'fok', 0, now(), now())""",
            MODE,
            pair_id,
            kalshi,
            polymarket,
            given["state"],
            given["origin"],
        )

    async def pair(self, pair_id: str) -> tuple[str, str]:
        row = await self.connection.fetchrow(
            "SELECT state, state_reason FROM twoleg.matched_market_pair WHERE pair_id = $1", pair_id
        )
        return row["state"], row["state_reason"]


@asynccontextmanager
async def ground(database: Database, pairs: int = 12, **options: Any) -> AsyncGenerator[Ground]:
    """Both venues with the same pairs, without a crowd."""
    sims: dict[Venue, Any] = {}
    urls: dict[Venue, dict[str, str]] = {}
    connection = await database.connect()
    try:
        for venue in Venue:
            sim = make_venue(venue.value, seed=7, pairs=pairs, options={"flow": False, **options})
            sims[venue] = sim
            urls[venue] = await sim.start(asyncio.get_running_loop().create_server, "127.0.0.1", 0)
        settings = Settings(
            kalshi=KalshiSettings(rest_url=urls[Venue.KALSHI]["rest"]),
            polymarket=PolymarketSettings(gamma_url=urls[Venue.POLYMARKET]["gamma"]),
        )
        yield Ground(settings, database, sims, connection)
    finally:
        for sim in sims.values():
            await sim.stop()
        await connection.close()


def is_page(url: str, path: str) -> bool:
    return urlsplit(url).path.endswith(path)


def has_cursor(url: str) -> bool:
    return not {"cursor", "after_cursor"}.isdisjoint(parse_qs(urlsplit(url).query))


def is_named(url: str) -> bool:
    """Whether markets were asked for by their ids."""
    return not {"tickers", "condition_ids"}.isdisjoint(parse_qs(urlsplit(url).query))


def change_rows(path: str, change: Callable[[list[Any]], list[Any]]) -> Hook:
    """A hook over the rows of every page of a list; rows of bytes go out as they are."""

    def hook(url: str, answer: Answer) -> Answer:
        status, headers, body = answer
        if status != 200 or not is_page(url, path):
            return answer
        page = json.loads(body)
        name = next(key for key in ("markets", "events", "series") if key in page)
        rows = change(page[name])
        page[name] = [msgspec.Raw(r if isinstance(r, bytes) else json.dumps(r)) for r in rows]
        return status, headers, msgspec.json.encode(page)

    return hook


def refuse(
    status: int, when: Callable[[str], bool], *, body: bytes = b"{}", retry_after_s: int = 0
) -> Hook:
    """A hook that answers otherwise when `when` says so of the address."""

    headers = CIMultiDict({"Retry-After": str(retry_after_s)} if retry_after_s else {})

    def hook(url: str, answer: Answer) -> Answer:
        return (status, headers, body) if when(url) else answer

    return hook
