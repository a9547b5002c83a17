"""Both simulated venues and the daemon in one loop, over real sockets; a scenario drives them."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from tests.support.wire import Wire
from twoleg.cli.faults import ORDERS
from twoleg.cli.summary import (
    VenueLedger,
    derive_ledger,
    difference_micros,
    pair_net_e6,
    read_executions,
    read_venue_ledger,
)
from twoleg.core.actions import Note, NoteKind
from twoleg.core.events import Event, OrderAnswered
from twoleg.core.market import (
    Direction,
    MarketId,
    Outcome,
    Pair,
    PairId,
    Polarity,
    TimeInForce,
    Venue,
)
from twoleg.runtime.app import App
from twoleg.runtime.archive import Archive
from twoleg.runtime.kits import Seams
from twoleg.runtime.pairing import NOTHING_BESIDE
from twoleg.runtime.system import SocketNetwork, SystemClock, SystemEntropy
from twoleg.settings import Secret, Settings, load_settings
from twoleg.sim.base import VenueSim
from twoleg.sim.exchange import Side
from twoleg.sim.run import make_venue
from twoleg.sim.world import FlowWorld
from twoleg.storage.cursor import UnknownRecord
from twoleg.storage.journal import Journal
from twoleg.storage.records import AnyRecord, IntentRecorded

SEED: Final = 1
PAIRS: Final = 4
PATIENCE_S: Final = 15.0
CONFIG: Final = Path(__file__).parents[2] / "config/demo.toml"
K, P = Venue.KALSHI, Venue.POLYMARKET
COUNTER: Final = {"kind": "delay", "delay_ms": 1}
"""A harmless fault on each order: the simulator's record of it is a tap on the wire."""


class HastyClock(SystemClock):
    """Every duration takes half as long; what time it is remains true, for the wire's sake."""

    def monotonic_ns(self) -> int:
        return 2 * super().monotonic_ns()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / 2)


class Watched(App):
    """The daemon; every event that it takes wakes who waits for its effect."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.events: list[Event] = []
        self.changed = asyncio.Event()

    def feed(self, event: Event) -> None:
        if isinstance(event, OrderAnswered):
            self.events.append(event)
        super().feed(event)
        self.changed.set()


class Run:
    """One run of the daemon, what it noted, and how its books compare at its end."""

    def __init__(self, scene: "Scene", settings: Settings) -> None:
        self.scene = scene
        self.notes: list[Note] = []
        self.records: list[AnyRecord] = []
        self.rows: list[dict[str, Any]] = []
        # Set at the end of an orderly run.
        self.difference_micros: int | None = None
        self.net_e6 = 0
        self.app = Watched(
            settings,
            scene.declared,
            Seams(HastyClock(), SystemEntropy(), SocketNetwork()),
            observe=self._observe,
            finish=self._account,
            upkeep=scene.upkeep,
        )
        # Acts on the next note of a name, synchronously.
        self._on_note: dict[str, list[Callable[[], object]]] = {}
        self._on_each: dict[str, Callable[[], object]] = {}
        self.task = asyncio.create_task(self.app.run(), name="daemon")

    def _observe(self, note: Note) -> None:
        self.notes.append(note)
        for act in self._on_note.pop(_name(note), []):
            act()
        self._on_each.get(_name(note), _nothing)()

    def on_each(self, name: str, act: Callable[[], object]) -> None:
        """Do something on every note of a name; replaces what was done before."""
        self._on_each[name] = act

    def on(self, name: str, act: Callable[[], object]) -> None:
        """Do something once, in the moment in which a note of that name is made."""
        self._on_note.setdefault(name, []).append(act)

    async def _account(self, app: App) -> None:
        ledgers = self.scene.ledgers()
        markets = list(app.markets.values())
        self.difference_micros = difference_micros(derive_ledger(app.journal), markets, ledgers)
        self.net_e6 = pair_net_e6(self.scene.pair, app.markets, ledgers)
        self.records = read_records(app.journal)
        assert isinstance(app.archive, Archive)
        connection = await app.archive.database.connect()
        try:
            self.rows = await read_executions(connection, app.journal.journal_uuid)
        finally:
            await connection.close()

    # -- waiting ---------------------------------------------------------------------------

    async def until(self, condition: Callable[[], object], what: str = "") -> None:
        """Look again after each event of the daemon, until the condition holds."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not condition():
                    if self.task.done():
                        self.task.result()
                        if condition():
                            return
                        raise AssertionError(f"the daemon ended before {what}")
                    self.app.changed.clear()
                    await self._next()
        except TimeoutError:
            told = "\n".join(str(note) for note in self.notes)
            raise AssertionError(f"never saw {what}:\n{told}") from None

    async def _next(self) -> None:
        """Wait for an event of the daemon, or for its end."""
        change = asyncio.ensure_future(self.app.changed.wait())
        await asyncio.wait((change, self.task), return_when=asyncio.FIRST_COMPLETED)
        change.cancel()

    async def started(self) -> None:
        """Wait until executions may start and all books are live."""
        waits = asyncio.create_task(self.app.has_started.wait())
        done, _ = await asyncio.wait(
            (waits, self.task), timeout=PATIENCE_S, return_when=asyncio.FIRST_COMPLETED
        )
        if self.task in done:
            self.task.result()
        assert waits in done, "the daemon did not start"
        books = 2 * len(self.scene.declared)
        await self.until(lambda: self.app.engine.live_books() == books, "all books")

    async def settled(self) -> None:
        """Wait until no execution is open."""
        await self.until(lambda: self.app.engine.open_executions == 0, "the last execution's end")

    async def calmed(self) -> None:
        """Take the edge away, and let an execution end that began before the daemon saw it gone."""
        self.scene.close_edge()
        for venue, price_e4 in ((K, 3_900), (P, 4_900)):
            self.scene.bid(venue, self.scene.bought(Direction.KALSHI_YES, venue), price_e4, 400)
        await self.settled()
        self.scene.close_edge()

    async def poked(self, until: Callable[[], object]) -> None:
        """Tick again and again until something follows."""
        async with asyncio.timeout(PATIENCE_S):
            while not until():
                self.scene.poke()
                self.app.changed.clear()
                await self.app.changed.wait()
                # A venue's rest is counted in real time; there is no event at its end.
                await asyncio.sleep(0.02)

    async def closed(self, count: int = 1) -> list[dict[str, Any]]:
        """Wait until that many executions have closed; their closing notes."""
        await self.until(lambda: len(self.closings) >= count, f"{count} closed executions")
        return self.closings

    async def stop(self) -> None:
        """End as after SIGTERM, then check what holds at the end of every scenario."""
        self.app.stop()
        async with asyncio.timeout(PATIENCE_S):
            await self.task
        assert not self.app.is_broken
        assert self.difference_micros == 0, self.story()
        assert abs(self.net_e6) < 10_000, self.story()
        assert self.scene.keys_at_wire() <= self.keys_journalled()
        # The copy in Postgres tells the same ends.
        ends = {row["execution_no"]: row["state"] for row in self.rows}
        for note in self.notes:
            if note.kind is NoteKind.EXECUTION_CLOSED:
                assert ends[note.execution_no] == "closed"

    async def sent(self, orders: int) -> set[str]:
        """Wait until that many orders reached the venues; their ids."""
        async with asyncio.timeout(PATIENCE_S):
            keys = self.scene.keys_at_wire()
            while len(keys) < orders:
                # A simulator's record has no event; each turn of the loop brings it nearer.
                await asyncio.sleep(0)
                keys = self.scene.keys_at_wire()
        return keys

    async def kill(self) -> None:
        """End as by `kill -9`: no drain, no last word."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    # -- reading ---------------------------------------------------------------------------

    @property
    def closings(self) -> list[dict[str, Any]]:
        return self.of(NoteKind.EXECUTION_CLOSED)

    def has_closed_since(self, count: int) -> bool:
        return len(self.closings) > count

    def of(self, kind: NoteKind) -> list[dict[str, Any]]:
        """Fields of all notes of a kind, the execution's number with them."""
        return [
            {"execution_no": note.execution_no, **dict(note.fields)}
            for note in self.notes
            if note.kind is kind
        ]

    def alarms(self) -> list[str]:
        return [str(fields["event"]) for fields in self.of(NoteKind.ALARM)]

    def answers(self, order_no: int) -> list[str]:
        """What the engine was told of an order of the first execution, in order."""
        return [
            event.answer.status.value
            for event in self.app.events
            if isinstance(event, OrderAnswered) and event.order_no == order_no
        ]

    def keys_journalled(self) -> set[str]:
        return {
            ref.order_key
            for record in self.records
            if isinstance(record, IntentRecorded)
            for ref in record.orders
        }

    def story(self) -> str:
        return "\n".join(
            [f"difference {self.difference_micros}, net {self.net_e6}", *map(str, self.notes)]
        )


class Scene:
    """Two venues and one pair. Prices are those of the outcome that the direction buys."""

    def __init__(
        self,
        folder: Path,
        venues: Mapping[Venue, VenueSim],
        urls: Mapping[Venue, dict[str, str]],
        pair: Pair,
        overrides: Mapping[str, object],
        *,
        wire: Wire,
    ) -> None:
        self.folder = folder
        self.venues = venues
        self.urls = urls
        self.pair = pair
        # Pairs that the daemon follows besides; set before it starts.
        self.more_pairs: tuple[Pair, ...] = ()
        # False: the file does not name the scene's own pair.
        self.is_declared = True
        # What the daemon does for its pairs beside trading them.
        self.upkeep = NOTHING_BESIDE
        self.wire = wire
        self._overrides = overrides
        self.runs: list[Run] = []
        self._pokes = 0

    @property
    def declared(self) -> tuple[Pair, ...]:
        """The pairs that stand in the file."""
        return (self.pair, *self.more_pairs) if self.is_declared else self.more_pairs

    # -- the crowd -------------------------------------------------------------------------

    def offer(self, venue: Venue, outcome: Outcome, price_e4: int, contracts: int) -> str:
        """Let other people sell an outcome."""
        return self._place(venue, outcome, "ask", price_e4, contracts)

    def bid(self, venue: Venue, outcome: Outcome, price_e4: int, contracts: int) -> str:
        """Let other people buy an outcome."""
        return self._place(venue, outcome, "bid", price_e4, contracts)

    def _place(
        self, venue: Venue, outcome: Outcome, side: Side, price_e4: int, contracts: int
    ) -> str:
        if outcome is Outcome.NO:
            side, price_e4 = "bid" if side == "ask" else "ask", 10_000 - price_e4
        return self.venues[venue].place(self.native(venue), side, price_e4, contracts * 1_000_000)

    def native(self, venue: Venue) -> str:
        return self.pair.market_on(venue).partition(":")[2]

    def bought(self, direction: Direction, venue: Venue) -> Outcome:
        if venue is K:
            return direction.kalshi_outcome
        return direction.polymarket_outcome(self.pair.polarity)

    def open_edge(
        self,
        direction: Direction = Direction.KALSHI_YES,
        *,
        kalshi: tuple[tuple[int, int], ...] = ((4_000, 200),),
        polymarket: tuple[tuple[int, int], ...] = ((5_000, 200),),
        spread_e4: int = 100,
        last: Venue = K,
    ) -> None:
        """Offer both outcomes of a direction, bids `spread_e4` below; `last` makes the edge."""
        offers = {K: kalshi, P: polymarket}
        for venue in (last.other, last):
            outcome = self.bought(direction, venue)
            self.bid(venue, outcome, offers[venue][0][0] - spread_e4, 200)
            for price_e4, contracts in offers[venue]:
                self.offer(venue, outcome, price_e4, contracts)

    def poke(self, venue: Venue = K) -> None:
        """A tick far from the best prices: whatever may be decided is decided on it."""
        outcome = self.bought(Direction.KALSHI_YES, venue)
        self._pokes += 1
        self.bid(venue, outcome, 300 + 100 * (self._pokes % 2), 1)

    def close_edge(self) -> None:
        """All other people's orders go."""
        for venue, sim in self.venues.items():
            sim.clear(self.native(venue))

    # -- faults and what is seen at the wire -----------------------------------------------

    def fault(self, venue: Venue, kind: str, *, on: str = "", count: int = 1, **more: Any) -> None:
        rule = {"on": on or ORDERS[venue], "kind": kind, "count": count, **more}
        self.venues[venue].faults.add([rule])

    def keys_at_wire(self, venue: Venue | None = None) -> set[str]:
        """Ids of all orders that reached a venue's socket."""
        return {
            str(record["key"])
            for at, sim in self.venues.items()
            for record in _records(sim)
            if record["key"] and venue in (None, at)
        }

    def ledgers(self) -> dict[Venue, VenueLedger]:
        names = {K: "default", P: str(self.venues[P].credentials()["deposit_wallet"])}
        return {
            venue: read_venue_ledger({"accounts": sim.ledger()}, names[venue])
            for venue, sim in self.venues.items()
        }

    def held(self, direction: Direction) -> tuple[int, int]:
        """Holdings of the outcomes that a direction buys, by the venues' own ledgers."""
        ledgers = self.ledgers()
        yes_e6 = ledgers[K].held_e6.get(self.native(K), 0)
        kalshi_e6 = yes_e6 if direction is Direction.KALSHI_YES else -yes_e6
        described = self.venues[P].describe(self.native(P))
        tokens = described["token_ids"]
        assert isinstance(tokens, list)
        token = tokens[0 if self.bought(direction, P) is Outcome.YES else 1]
        return kalshi_e6, ledgers[P].held_e6.get(token, 0)

    # -- the daemon ------------------------------------------------------------------------

    def start(self, **overrides: object) -> Run:
        """Start the daemon on this scene's journal."""
        self.runs.append(Run(self, make_settings(self, {**self._overrides, **overrides})))
        return self.runs[-1]


def _nothing() -> None:
    return None


def _name(note: Note) -> str:
    return str(dict(note.fields).get("event", note.kind.value))


def _records(sim: VenueSim) -> list[dict[str, Any]]:
    records = sim.faults.report()["records"]
    assert isinstance(records, list)
    return records


def read_records(journal: Journal) -> list[AnyRecord]:
    return [
        record
        for _, record in journal.read(journal.first_seq)
        if not isinstance(record, UnknownRecord)
    ]


def make_settings(scene: Scene, overrides: Mapping[str, object]) -> Settings:
    """The demo's settings, pointed at these venues."""
    told = {venue: sim.credentials() for venue, sim in scene.venues.items()}
    urls = scene.urls
    return load_settings(
        CONFIG,
        {},
        overrides={
            "daemon.state_dir": str(scene.folder / "state"),
            "trading.size_contracts_max": 20,
            "trading.position_contracts_max": 20,
            "trading.rollback_retry_ms": 50,
            "journal.segment_mib": 2,
            "journal.reserve_mib": 1,
            "kalshi.rest_url": urls[K]["rest"],
            "kalshi.ws_url": urls[K]["ws"],
            "kalshi.key_id": told[K]["api_key_id"],
            "kalshi.private_key_path": told[K]["private_key_path"],
            "kalshi.order_timeout_ms": 3_000,
            "polymarket.order_timeout_ms": 3_000,
            "polymarket.clob_url": urls[P]["clob"],
            "polymarket.gamma_url": urls[P]["gamma"],
            "polymarket.data_url": urls[P]["data"],
            "polymarket.ws_market_url": urls[P]["ws_market"],
            "polymarket.ws_user_url": urls[P]["ws_user"],
            "polymarket.private_key": Secret(str(told[P]["wallet_key"])),
            "polymarket.funder": told[P]["deposit_wallet"],
            **overrides,
        },
    )


def make_pairs(
    polarity: Polarity = Polarity.SAME, tif: TimeInForce = TimeInForce.FOK
) -> list[Pair]:
    """The pairs of the simulated world that have this polarity, the first one the scene's own."""
    return [
        Pair(
            id=PairId(f"pair-{number}"),
            kalshi=MarketId(f"kalshi:{spec.kalshi.ticker}"),
            polymarket=MarketId(f"polymarket:{spec.polymarket.condition_id}"),
            polarity=polarity,
            polymarket_labels=spec.polymarket.outcomes,
            tif=tif,
        )
        for number, spec in enumerate(
            (spec for spec in FlowWorld(SEED, PAIRS).pairs if spec.polarity == polarity.value), 1
        )
    ]


@asynccontextmanager
async def make_scene(
    folder: Path,
    database_url: str,
    *,
    polarity: Polarity = Polarity.SAME,
    tif: TimeInForce = TimeInForce.FOK,
    kalshi: Mapping[str, object] | None = None,
    polymarket: Mapping[str, object] | None = None,
    **settings: object,
) -> AsyncIterator[Scene]:
    """Start both venues without a crowd; stop them, and every daemon left, at the end."""
    pair = make_pairs(polarity, tif)[0]
    instant = {"key_kind": "ed25519", "rate_limits": False, "read_lag_ms": [0, 0]}
    given: dict[Venue, Mapping[str, object]] = {
        # Below this tier the balance is read once a second: every start and stop waits for it.
        K: {**instant, "tier": "premier", **(kalshi or {})},
        P: {"mined_after_ms": 50, "confirmed_after_ms": 50, **(polymarket or {})},
    }
    epoch_ms = int(time.time() * 1_000)
    venues: dict[Venue, VenueSim] = {}
    urls: dict[Venue, dict[str, str]] = {}
    loop = asyncio.get_running_loop()
    wire = Wire()
    scene: Scene | None = None
    try:
        for venue in Venue:
            venues[venue] = make_venue(
                "kalshi" if venue is K else "polymarket",
                seed=SEED,
                pairs=PAIRS,
                epoch_ms=epoch_ms,
                key_dir=str(folder / "keys"),
                faults=[{"on": ORDERS[venue], **COUNTER}],
                options={"flow": False, **given[venue]},
            )
            wire.tap(venue, venues[venue])
            urls[venue] = await venues[venue].start(loop.create_server, "127.0.0.1", 0)
        overrides = {"database.url": Secret(database_url), **settings}
        scene = Scene(folder, venues, urls, pair, overrides, wire=wire)
        yield scene
    finally:
        for run in scene.runs if scene is not None else ():
            if not run.task.done():
                await run.kill()
        await asyncio.gather(*(sim.stop() for sim in venues.values()))
