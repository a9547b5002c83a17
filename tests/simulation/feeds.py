"""Both feeds against both simulated venues in one virtual world, with everything that goes wrong.

The daemon's own engine keeps the books; the simulators' order books are the truth. At an audit
the faults stop, every defence gets the time that it is documented to need, the crowd stands still,
and each book must equal the venue's, level by level.
"""

import asyncio
import gc
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Final, cast
from urllib.parse import urlsplit

from tests.support.virtual import EPOCH_NS, NS_PER_S, SeededEntropy, VirtualClock, VirtualNetwork
from twoleg.core.actions import Note, NoteKind, Resync
from twoleg.core.engine import Engine
from twoleg.core.events import (
    ASK,
    BID,
    BookSnapshot,
    BooksVoid,
    Event,
    LevelDelta,
    LevelsSet,
    MarketChanged,
)
from twoleg.core.market import Market, MarketId, Pair, PairId, Polarity, Venue
from twoleg.runtime.kits import Kit, Seams, Sinks, open_kalshi, open_polymarket
from twoleg.settings import Secret, Settings, load_settings
from twoleg.sim.base import VenueSim
from twoleg.sim.faults import Faults
from twoleg.sim.grid import DECI_CENT, LINEAR_CENT
from twoleg.sim.kalshi.venue import KalshiSim
from twoleg.sim.polymarket.venue import PolymarketSim
from twoleg.sim.world import FlowWorld
from twoleg.venues.ports import FeedPort

CONFIG: Final = Path(__file__).parents[2] / "config/demo.toml"
K, P = Venue.KALSHI, Venue.POLYMARKET
GRACE_S: Final = 260.0
"""What the slowest defence needs: a mute socket is found after 120 s, and the longest pause between
two attempts to connect is 30 s; twice, because the first repair may fall under the last fault."""
SETTLE_S: Final = 2.0
HEARD_S: Final = 10
"""The crowd moves every four seconds: a market that nothing is heard of for longer is suspicious."""
STEP_MS: Final = 4_000
GLANCE_S: Final = 3 * STEP_MS / 1_000
FRAME_FAULTS: Final[tuple[dict[str, object], ...]] = (
    {"on": "ws", "kind": "ws_gap", "probability": 0.002},
    {"on": "ws", "kind": "ws_duplicate", "probability": 0.002},
    {"on": "ws", "kind": "ws_late", "probability": 0.002},
    {"on": "ws", "kind": "ws_disconnect", "probability": 0.0002},
    {"on": "ws", "kind": "ws_overflow", "probability": 0.0001},
    {"on": "ws", "kind": "ws_mute", "probability": 0.00005},
    {"on": "ws", "kind": "ws_dead", "probability": 0.0001},
    {"on": "ws", "kind": "ws_silent", "probability": 0.0001, "delay_ms": 40_000},
    {"on": "ws", "kind": "ws_silent", "probability": 0.0005, "delay_ms": 3_000},
    {"on": "ws", "kind": "ws_stale", "probability": 0.1},
    {"on": "ws", "kind": "ws_timeout", "probability": 0.05},
    {"on": "GET /", "kind": "http_503", "probability": 0.1},
    {"on": "POST /", "kind": "http_500", "probability": 0.1},
)
KALSHI_GRIDS: Final = (LINEAR_CENT, DECI_CENT)
TICKS_E4: Final = (100, 10)


@dataclass(slots=True)
class Tally:
    """What happened to the feeds; counts, by name."""

    audits: int = 0
    events: Counter[str] = field(default_factory=Counter[str])
    resyncs: Counter[str] = field(default_factory=Counter[str])
    voids: Counter[str] = field(default_factory=Counter[str])
    alarms: Counter[str] = field(default_factory=Counter[str])
    acts: Counter[str] = field(default_factory=Counter[str])
    faults: Counter[str] = field(default_factory=Counter[str])
    wrong: list[str] = field(default_factory=list[str])
    glances: int = 0
    wrong_at_a_glance: int = 0
    """Live books; most hang on a socket that is held or mute, which their age tells."""
    wrong_though_heard: int = 0
    """Those of them that are not in doubt, and whose market was heard of within `HEARD_S`."""
    objects: list[int] = field(default_factory=list[int])


class FeedWorld:
    """Two venues, two feeds, one engine; `tally` counts what they lived through."""

    def __init__(
        self,
        seed: int,
        folder: Path,
        pairs: int,
        *,
        connections: int,
        has_clock: bool,
        has_stale: bool,
    ) -> None:
        self.connections = connections
        # Without a clock no frame tells a change that a snapshot holds from one after it: such a
        # book is wrong until an audit finds it.
        self.frame_faults = [
            fault for fault in FRAME_FAULTS if has_clock or has_stale or fault["kind"] != "ws_stale"
        ]
        self.rng = Random(f"feeds:{seed}")
        self.clock = VirtualClock()
        self.network = VirtualNetwork(Random(f"network:{seed}"))
        self.tally = Tally()
        self.world = FlowWorld(seed, pairs)
        self.folder = folder
        self.venues: dict[Venue, VenueSim] = {
            venue: kind(
                world=self.world,
                clock=self.clock,
                rng=Random(f"{venue.value}:{seed}"),
                faults=Faults(rng=Random(f"faults:{venue.value}:{seed}")),
                sleep=asyncio.sleep,
                options={
                    "epoch_ms": EPOCH_NS // 1_000_000,
                    "step_ms": STEP_MS,
                    "key_dir": str(folder),
                    **({"key_kind": "ed25519", "has_clock": has_clock} if venue is K else {}),
                },
            )
            for venue, kind in ((K, KalshiSim), (P, PolymarketSim))
        }
        self.ports: dict[Venue, int] = {}
        self.engine: Engine
        self.feeds: dict[Venue, FeedPort] = {}
        self.markets: dict[MarketId, Market] = {}
        # When a frame of a market's book came last.
        self.heard_ns: dict[MarketId, int] = {}

    @asynccontextmanager
    async def running(self) -> AsyncIterator["FeedWorld"]:
        """Start venues and feeds; all books are live when the body begins."""
        urls: dict[Venue, dict[str, str]] = {}
        kits: list[Kit] = []
        tasks: list[asyncio.Task[None]] = []
        try:
            for venue, sim in self.venues.items():
                urls[venue] = await sim.start(self.network.create_server, "127.0.0.1", 0)
                self.ports[venue] = urlsplit(next(iter(urls[venue].values()))).port or 0
            settings = self._settings(urls)
            self.engine = Engine(
                settings.limits, hash_every=settings.polymarket.hash_check_every_frames
            )
            seams = Seams(self.clock, SeededEntropy(self.rng), self.network)
            kits = [
                open_kalshi(settings, seams),
                await open_polymarket(
                    settings, seams, needs_account=True, expected_cash=lambda: None
                ),
            ]
            for kit in kits:
                markets = [await kit.read_market(pair) for pair in self._pairs()]
                for market in markets:
                    self.markets[market.id] = market
                    self.on_event(MarketChanged(market))
                self.feeds[kit.venue] = kit.make_feed(markets, self._sinks())
            tasks += [asyncio.create_task(feed.run()) for feed in self.feeds.values()]
            await self.until_live()
            yield self
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for kit in kits:
                await kit.close()
            for sim in self.venues.values():
                await sim.stop()

    def on_event(self, event: Event) -> None:
        """As the daemon does: decide, and ask the feed for what the engine wants again."""
        self.tally.events[type(event).__name__] += 1
        if isinstance(event, BookSnapshot | LevelDelta | LevelsSet):
            self.heard_ns[event.market_id] = self.clock.monotonic_ns()
        if isinstance(event, BooksVoid):
            self.tally.voids[event.reason] += 1
        for action in self.engine.on_event(event, self.clock.monotonic_ns()):
            if isinstance(action, Resync):
                self.tally.resyncs[action.reason] += 1
                if action.venue in self.feeds:
                    self.feeds[action.venue].resync(action.market_ids)
            elif isinstance(action, Note) and action.kind is NoteKind.ALARM:
                self.tally.alarms[str(dict(action.fields)["event"])] += 1

    async def until_live(self, seconds: float = GRACE_S) -> None:
        """Wait until every book is live."""
        async with asyncio.timeout(seconds):
            while self.engine.live_books() < len(self.markets):  # noqa: ASYNC110 - virtual time
                await asyncio.sleep(0.1)

    # -- what goes wrong -------------------------------------------------------------------

    def go_wrong(self) -> None:
        """From now on frames and requests fail by chance."""
        for sim in self.venues.values():
            sim.faults.replace(self.frame_faults)

    def go_right(self) -> None:
        """From now on nothing fails any more."""
        for venue, sim in self.venues.items():
            sim.faults.clear()
            self.network.refuse(self.ports[venue], is_down=False)

    def count_faults(self) -> None:
        """Put what the simulators did into the tally."""
        for sim in self.venues.values():
            for kind, count in cast("dict[str, int]", sim.faults.report()["fired"]).items():
                self.tally.faults[f"{sim.venue}_{kind}"] += count
        self.tally.acts["connections"] = self.network.connections_opened

    async def mischief(self) -> None:
        """One act of the world against one venue, drawn by chance; ends as it began."""
        venue = self.rng.choice((K, P))
        act = self.rng.choice(
            (self._break, self._hold, self._outage, self._pause_market, self._change_grid)
        )
        self.tally.acts[act.__name__.strip("_")] += 1
        await act(venue)

    async def _break(self, venue: Venue) -> None:
        self.network.break_links(self.ports[venue])

    async def _hold(self, venue: Venue) -> None:
        self.network.hold(self.ports[venue], self.rng.uniform(1, 50))

    async def _outage(self, venue: Venue) -> None:
        self.network.refuse(self.ports[venue], is_down=True)
        self.network.break_links(self.ports[venue])
        await asyncio.sleep(self.rng.uniform(5, 180))
        self.network.refuse(self.ports[venue], is_down=False)

    async def _pause_market(self, venue: Venue) -> None:
        if venue is P:
            return
        market_id = self.rng.choice(sorted(self.venues[venue].exchanges))
        self.venues[venue].set_status(market_id, "inactive")
        await asyncio.sleep(self.rng.uniform(1, 60))
        self.venues[venue].set_status(market_id, "active")

    async def _change_grid(self, venue: Venue) -> None:
        market_id = self.rng.choice(sorted(self.venues[venue].exchanges))
        fine = self.rng.randrange(2)
        sim = self.venues[venue]
        if isinstance(sim, KalshiSim):
            sim.lifecycle.set_grid(market_id, KALSHI_GRIDS[fine])
        elif isinstance(sim, PolymarketSim):
            sim.set_tick(market_id, TICKS_E4[fine])

    # -- what must be true ---------------------------------------------------------------------

    def still(self, *, is_still: bool) -> None:
        """Whether the crowds stand still."""
        for sim in self.venues.values():
            sim.flow.is_running = not is_still

    async def glance(self) -> None:
        """Count live books that are wrong, with links still held and sockets still mute.

        Frames fail no more for a few steps of the crowd: what was lost before shows itself now.
        """
        for sim in self.venues.values():
            sim.faults.clear()
        await asyncio.sleep(GLANCE_S)
        self.still(is_still=True)
        await asyncio.sleep(SETTLE_S)
        self.tally.glances += 1
        wrong = [market_id for market_id in self.markets if self._difference(market_id)]
        self.tally.wrong_at_a_glance += len(wrong)
        now_ns = self.clock.monotonic_ns()
        self.tally.wrong_though_heard += sum(
            now_ns - self.heard_ns[market_id] < HEARD_S * NS_PER_S
            and not self.engine.books().books[market_id].is_doubted
            for market_id in wrong
        )
        self.still(is_still=False)
        self.go_wrong()

    async def audit(self) -> None:
        """Let the defences end their work; then every book must be live and equal the venue's."""
        self.go_right()
        await asyncio.sleep(GRACE_S)
        self.still(is_still=True)
        await asyncio.sleep(SETTLE_S)
        self.tally.audits += 1
        self.tally.wrong += self._faults()
        gc.collect()
        self.tally.objects.append(len(gc.get_objects()))
        self.still(is_still=False)

    def _faults(self) -> list[str]:
        at_s = self.clock.monotonic_ns() // NS_PER_S
        books = self.engine.books().books
        void = [
            f"{market_id}: void at {at_s} s" for market_id in books if not books[market_id].is_live
        ]
        wrong = [f"{self._difference(market_id)} at {at_s} s" for market_id in self.markets]
        return void + [text for text in wrong if not text.startswith(" ")]

    def _difference(self, market_id: MarketId) -> str:
        """What a live book shows and the venue's does not; nothing if they agree."""
        book = self.engine.books().books[market_id]
        market = self.markets[market_id]
        truth = self.venues[market.venue].exchanges[market.native_id]
        for side, name in ((BID, "bid"), (ASK, "ask")):
            theirs = sorted(truth.levels("bid" if side == BID else "ask"))
            ours = sorted(book.levels(side))
            if book.is_live and ours != theirs:
                return f"{market_id} {name}: {ours} is not {theirs}"
        return ""

    # -- parts -----------------------------------------------------------------------------------

    def _sinks(self) -> Sinks:
        return Sinks(on_event=self.on_event, on_fill=lambda _: None, on_up=lambda _: None)

    def _pairs(self) -> list[Pair]:
        return [
            Pair(
                id=PairId(f"pair-{spec.index}"),
                kalshi=MarketId(f"kalshi:{spec.kalshi.ticker}"),
                polymarket=MarketId(f"polymarket:{spec.polymarket.condition_id}"),
                polarity=Polarity(spec.polarity),
                polymarket_labels=spec.polymarket.outcomes,
            )
            for spec in self.world.pairs
        ]

    def _settings(self, urls: dict[Venue, dict[str, str]]) -> Settings:
        told: dict[Venue, dict[str, Any]] = {v: s.credentials() for v, s in self.venues.items()}
        return load_settings(
            CONFIG,
            {},
            overrides={
                "daemon.state_dir": str(self.folder / "state"),
                "kalshi.rest_url": urls[K]["rest"],
                "kalshi.ws_url": urls[K]["ws"],
                "kalshi.connections": self.connections,
                "kalshi.key_id": told[K]["api_key_id"],
                "kalshi.private_key_path": told[K]["private_key_path"],
                "polymarket.clob_url": urls[P]["clob"],
                # Sampled, a change lost below the top may stand until the next sample or audit.
                "polymarket.hash_check_every_frames": 1,
                "polymarket.gamma_url": urls[P]["gamma"],
                "polymarket.data_url": urls[P]["data"],
                "polymarket.ws_market_url": urls[P]["ws_market"],
                "polymarket.ws_user_url": urls[P]["ws_user"],
                "polymarket.private_key": Secret(str(told[P]["wallet_key"])),
                "polymarket.funder": told[P]["deposit_wallet"],
            },
        )


async def soak(
    seed: int,
    folder: Path,
    *,
    pairs: int,
    hours: float,
    connections: int = 1,
    has_clock: bool = True,
    has_stale: bool = False,
) -> Tally:
    """Live through so many hours; an audit every half hour, a glance every few minutes.

    `connections` sockets carry Kalshi's books; `has_clock`: whether its frames tell its clock;
    `has_stale`: whether old changes come behind snapshots even if not.
    """
    world = FeedWorld(
        seed, folder, pairs, connections=connections, has_clock=has_clock, has_stale=has_stale
    )
    async with world.running():
        end_s = world.clock.monotonic_ns() / 1e9 + hours * 3_600
        while world.clock.monotonic_ns() / 1e9 < end_s:
            world.go_wrong()
            for _ in range(6):
                await asyncio.sleep(world.rng.uniform(60, 240))
                await world.mischief()
                await asyncio.sleep(world.rng.uniform(5, 60))
                await world.glance()
            await world.audit()
        world.count_faults()
    return world.tally
