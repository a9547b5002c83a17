"""What safety costs: each guard's share of the way from a tick to both orders handed over.

The way is the daemon's own: raw Kalshi frame, decoder, engine, dispatch, executor, journal, both
order ports, signatures, HTTP client; only the transport below it is a stub that takes the time. An
execution at a time; journal syncs `process` and `power` in turns on a real disk. One run of a round
is plain and gives the whole way, the next is instrumented and gives each part by itself: what a
part calls of another part counts as the other's.

    python benchmarks/safety.py [--executions N] [--rounds N] [--folder DIR]
"""

import argparse
import asyncio
import gc
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FunctionType, ModuleType, SimpleNamespace
from typing import Any, Final, cast

from cryptography.hazmat.primitives.asymmetric import rsa
from multidict import CIMultiDict, CIMultiDictProxy

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.tick import LEVELS, SID, TS_MS, Crowd, percentile
from twoleg.core.engine import Engine
from twoleg.core.events import (
    BookSnapshot,
    CashReported,
    LevelDelta,
    MarketChanged,
    PairsChanged,
    Subscribed,
)
from twoleg.core.limits import Limits
from twoleg.core.market import Venue
from twoleg.runtime.accounts import Accounts
from twoleg.runtime.archive import ArchivePort
from twoleg.runtime.dispatch import Dispatch
from twoleg.runtime.executor import Executor
from twoleg.runtime.guard import Guard
from twoleg.runtime.kit import Seams
from twoleg.runtime.ledger import Ledger
from twoleg.runtime.logs import configure_logs
from twoleg.runtime.system import SocketNetwork, SystemClock, SystemEntropy
from twoleg.runtime.timers import Timers
from twoleg.runtime.tracker import Tracker
from twoleg.settings.model import LogSettings
from twoleg.storage.journal import Journal, Sync
from twoleg.venues.kalshi.http import KalshiHttp
from twoleg.venues.kalshi.options import KalshiOptions
from twoleg.venues.kalshi.orders import KalshiOrders
from twoleg.venues.kalshi.sign import KalshiSigner
from twoleg.venues.kalshi.wire import KalshiDecoder
from twoleg.venues.polymarket.account import PolymarketAccount
from twoleg.venues.polymarket.auth import ApiCredentials, RequestSigner
from twoleg.venues.polymarket.options import PolymarketOptions
from twoleg.venues.polymarket.orders import PolymarketOrders
from twoleg.venues.polymarket.rest import ClobRest
from twoleg.venues.polymarket.sign import OrderSigner
from twoleg.venues.polymarket.wire import MarketDecoder
from twoleg.venues.ports import OrderPort
from twoleg.venues.ratelimit import TokenBucket
from twoleg.venues.transport import HttpExchange

LIMITS: Final = Limits(edge_stable_ms=0)
"""The daemon's own, but it fires at once: how long an edge must stand is waiting, not work."""
REST: Final = "the rest: executor, tasks, log, HTTP client"
PARTS: Final = (
    "decode",
    "books, edge, size",
    "gates",
    "evidence",
    "reservation",
    "journal",
    "identifiers and signatures",
)
SAFETY: Final = ("gates", "evidence", "reservation", "journal")
SYNCS: Final[tuple[Sync, ...]] = ("process", "power")
RECV_NS: Final = TS_MS * 1_000_000


class Crossing(Crowd):
    """One pair without an edge, and the Kalshi frame that makes one of about four cents."""

    def __init__(self) -> None:
        super().__init__(seed=1, pairs=1)
        (_, kalshi, polymarket), lots = self.pairs[0], 400
        self.books[kalshi.id] = (
            55,
            dict.fromkeys(range(49, 49 - LEVELS, -1), lots),
            dict.fromkeys(range(62, 62 + LEVELS), lots),
        )
        self.books[polymarket.id] = (
            60,
            dict.fromkeys(range(59, 59 - LEVELS, -1), lots),
            dict.fromkeys(range(61, 61 + LEVELS), lots),
        )
        self.opening = (self._kalshi_snapshot(kalshi), self._polymarket_books(polymarket))
        self.tick = self._delta(kalshi, 52, lots, is_bid=False)


class Stub(HttpExchange):
    """Takes the time at which each order is handed over, and never answers."""

    def __init__(self) -> None:
        # When the latest order came.
        self.handed_ns: list[int] = []
        self.has_both = asyncio.Event()

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
        timeout_ms: int,
    ) -> tuple[int, CIMultiDictProxy[str], bytes]:
        """See `HttpExchange.request`."""
        del headers, timeout_ms
        self.handed_ns.append(time.perf_counter_ns())
        assert method == "POST", url
        assert body
        if len(self.handed_ns) == len(Venue):
            self.has_both.set()
        await asyncio.Event().wait()
        return 0, CIMultiDictProxy(CIMultiDict()), b""


class Way(Dispatch):
    """The daemon's own way of a tick, with one pair and without the other side work."""

    def __init__(self, keys: "Keys", journal: Journal, group: asyncio.TaskGroup) -> None:
        super().__init__(keys.seams, lambda _note: None)
        clock, entropy = keys.seams.clock, keys.seams.entropy
        self.stub = Stub()
        self.journal = journal
        self._group = group
        self.archive = cast(ArchivePort, SimpleNamespace(notify=lambda: None))
        self.accounts = cast(Accounts, SimpleNamespace(ledger=Ledger()))
        self.engine = Engine(LIMITS)
        orders: dict[Venue, OrderPort] = {
            Venue.KALSHI: keys.kalshi_orders(self.stub),
            Venue.POLYMARKET: keys.polymarket_orders(self.stub),
        }
        self._sentry = Guard(
            limits=lambda: LIMITS.breaker,
            journal=journal,
            kits=(),
            known=self.engine.books().markets.get,
            clock=clock,
            emit=self.feed,
        )
        self._tracker = Tracker(orders=orders, clock=clock, record=self.record, emit=self.feed)
        self._executor = Executor(
            orders=orders,
            tracker=self._tracker,
            clock=clock,
            entropy=entropy,
            append=self.append,
            emit=self._hear,
            spawn=self.spawn,
        )
        self._timers = Timers(clock, group, lambda _key: None)

    def open(self, world: Crossing) -> KalshiDecoder:
        """Bring the books up; returns the decoder of the frame to come."""
        (pair, kalshi, polymarket) = world.pairs[0]
        for market in (kalshi, polymarket):
            self.feed(MarketChanged(market))
        self.feed(Subscribed(Venue.KALSHI, SID, (kalshi.id,)))
        self.feed(PairsChanged((pair,)))
        for venue in Venue:
            self.feed(CashReported(venue, ((0, 10**12),)))
        decoder, books = KalshiDecoder({kalshi.native_id: kalshi.id}), MarketDecoder()
        books.watch(polymarket)
        snapshot = decoder.decode(world.opening[0], RECV_NS)
        assert isinstance(snapshot, BookSnapshot)
        self.feed(snapshot)
        for event in books.decode(world.opening[1], RECV_NS):
            self.feed(event)
        return decoder

    def end(self) -> None:
        """Drop what waits for answers."""
        self._timers.close()
        for task in list(self._tasks):
            task.cancel()


class Keys:
    """What both accounts sign with, made once: an RSA key of 2048 bits, as Kalshi gives out."""

    def __init__(self) -> None:
        self.seams = Seams(SystemClock(), SystemEntropy(), SocketNetwork())
        self._kalshi = KalshiSigner(
            key_id="benchmark", key=rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
        )
        self._wallet = OrderSigner("0x" + "11" * 32, 137, 0)
        self._requests = RequestSigner(
            self._wallet.address, ApiCredentials("benchmark", "c2VjcmV0c2VjcmV0", "phrase")
        )

    def kalshi_orders(self, stub: Stub) -> KalshiOrders:
        """Kalshi's order port over the stub."""
        clock, options = self.seams.clock, KalshiOptions()
        http = KalshiHttp(
            exchange=stub,
            base_url="https://localhost/trade-api/v2",
            clock=clock,
            signer=self._kalshi,
            options=options,
        )
        return KalshiOrders(http=http, clock=clock, entropy=self.seams.entropy, options=options)

    def polymarket_orders(self, stub: Stub) -> PolymarketOrders:
        """Polymarket's order port over the stub."""
        clock, options = self.seams.clock, PolymarketOptions()
        rest = ClobRest(
            http=stub,
            clock=clock,
            signer=self._requests,
            base_url="https://localhost",
            options=options,
        )
        return PolymarketOrders(
            rest=rest,
            signer=self._wallet,
            clock=clock,
            entropy=self.seams.entropy,
            bucket=TokenBucket(clock=clock, capacity=100, refill_per_s=100, reserved=2),
            account=PolymarketAccount(rest=rest, signature_type=0, options=options),
            options=options,
            expected_cash=lambda: None,
        )


class Meter:
    """Own time of each part: what it calls of other parts is theirs. Its own cost is taken off."""

    def __init__(self) -> None:
        # Parts that are running, innermost last.
        self._stack: list[str] = []
        self._since_ns = 0
        self._spent_ns: dict[str, int] = {}
        # What a wrapped call adds to its own part and to its caller's.
        self._inner_ns = self._outer_ns = 0
        self._calibrate()

    def take(self) -> dict[str, int]:
        """Nanoseconds of each part since the last time."""
        spent, self._spent_ns = self._spent_ns, {}
        return spent

    def wrap(self, part: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """`work`, with its time booked to `part`."""
        clock = time.perf_counter_ns

        def wrapped(*arguments: Any, **named: Any) -> Any:
            now = clock()
            stack, spent = self._stack, self._spent_ns
            if stack:
                caller = stack[-1]
                spent[caller] = spent.get(caller, 0) + now - self._since_ns - self._outer_ns
            stack.append(part)
            self._since_ns = clock()
            try:
                return work(*arguments, **named)
            finally:
                now = clock()
                spent[part] = spent.get(part, 0) + now - self._since_ns - self._inner_ns
                stack.pop()
                self._since_ns = clock()

        return wrapped

    def _calibrate(self, calls: int = 20_000) -> None:
        def many(work: Callable[[], None]) -> int:
            started_ns = time.perf_counter_ns()
            for _ in range(calls):
                work()
            return time.perf_counter_ns() - started_ns

        plain_ns = many(_nothing)
        outer = self.wrap("outer", lambda: many(self.wrap("inner", _nothing)))
        outer()
        spent = self.take()
        self._inner_ns = spent["inner"] // calls
        self._outer_ns = max(0, spent["outer"] - plain_ns) // calls


def _nothing() -> None:
    """Cost what a call costs."""


@contextmanager
def metered(meter: Meter) -> Iterator[None]:
    """Wrap every part wherever it is called from, for as long as this lasts."""
    with ExitStack() as undo:
        for part, names in MODULES.items():
            for name in names:
                _wrap_module(meter, part, sys.modules[name], undo)
        for part, owner, names in METHODS:
            for name in names:
                _put(undo, owner, name, meter.wrap(part, getattr(owner, name)))
        yield


def _wrap_module(meter: Meter, part: str, module: ModuleType, undo: ExitStack) -> None:
    """Wrap its functions where other modules hold them, and the methods of its plain classes."""
    for thing in list(vars(module).values()):
        if getattr(thing, "__module__", "") != module.__name__:
            continue
        if isinstance(thing, FunctionType):
            wrapped = meter.wrap(part, thing)
            for user in [one for name, one in sys.modules.items() if name.startswith("twoleg.")]:
                for name, value in list(vars(user).items()):
                    if value is thing and user is not module:
                        _put(undo, user, name, wrapped)
        elif isinstance(thing, type) and "__slots__" in vars(thing):
            for name, value in list(vars(thing).items()):
                if isinstance(value, FunctionType) and not name.startswith("_"):
                    _put(undo, thing, name, meter.wrap(part, value))
                elif isinstance(value, property) and value.fget is not None:
                    _put(undo, thing, name, property(meter.wrap(part, value.fget)))


def _put(undo: ExitStack, owner: Any, name: str, value: object) -> None:
    undo.callback(setattr, owner, name, vars(owner)[name])
    setattr(owner, name, value)


MODULES: Final[Mapping[str, tuple[str, ...]]] = {
    "gates": ("twoleg.core.gates",),
    "evidence": ("twoleg.core.evidence", "twoleg.core.odds"),
    "reservation": ("twoleg.core.risk",),
}
METHODS: Final[tuple[tuple[str, type, tuple[str, ...]], ...]] = (
    ("decode", KalshiDecoder, ("decode",)),
    ("books, edge, size", Engine, ("on_event",)),
    ("journal", Journal, ("append",)),
    ("identifiers and signatures", KalshiOrders, ("prepare",)),
    ("identifiers and signatures", PolymarketOrders, ("prepare",)),
    ("identifiers and signatures", KalshiSigner, ("headers",)),
    ("identifiers and signatures", RequestSigner, ("headers",)),
)


async def run_one(keys: Keys, journal: Journal, world: Crossing, meter: Meter | None) -> int:
    """Nanoseconds from a raw frame to both orders handed over."""
    async with asyncio.TaskGroup() as group:
        way = Way(keys, journal, group)
        decoder = way.open(world)
        # Tasks of the opening, if any, are out of the way.
        await asyncio.sleep(0)
        if meter is not None:
            meter.take()
        started_ns = time.perf_counter_ns()
        delta = decoder.decode(world.tick, RECV_NS)
        assert isinstance(delta, LevelDelta)
        way.feed(delta)
        async with asyncio.timeout(5):
            await way.stub.has_both.wait()
        way.end()
    return way.stub.handed_ns[-1] - started_ns


async def measure(
    keys: Keys, journals: Mapping[Sync, Journal], executions: int
) -> tuple[dict[Sync, list[int]], dict[Sync, list[dict[str, int]]]]:
    """One round: whole ways, and ways in parts; the disk rests from one sync to the other."""
    world, meter = Crossing(), Meter()
    whole: dict[Sync, list[int]] = {sync: [] for sync in SYNCS}
    parts: dict[Sync, list[dict[str, int]]] = {sync: [] for sync in SYNCS}
    for sync in SYNCS:
        for _ in range(executions):
            whole[sync].append(await run_one(keys, journals[sync], world, None))
            gc.collect(1)
        with metered(meter):
            for _ in range(executions):
                total = await run_one(keys, journals[sync], world, meter)
                spent = meter.take()
                spent[REST] = total - sum(spent.values())
                parts[sync].append(spent)
                gc.collect(1)
    return whole, parts


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--executions", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=Path(), help="on the disk to be measured")
    wanted = parser.parse_args()
    keys = Keys()
    whole: dict[Sync, list[int]] = {sync: [] for sync in SYNCS}
    parts: dict[Sync, list[dict[str, int]]] = {sync: [] for sync in SYNCS}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=wanted.folder)))
        log = stack.enter_context((folder / "log").open("w", encoding="utf-8"))
        configure_logs(LogSettings(), stream=log)
        journals: dict[Sync, Journal] = {
            sync: open_journal(folder, sync, keys, stack) for sync in SYNCS
        }
        # The first ones warm caches up, and are forgotten.
        asyncio.run(measure(keys, journals, 20))
        gc.collect()
        gc.freeze()
        # Between executions instead: what is made anew for each of them is the benchmark's.
        gc.disable()
        for _ in range(wanted.rounds):
            found = asyncio.run(measure(keys, journals, wanted.executions))
            for sync in SYNCS:
                whole[sync] += found[0][sync]
                parts[sync] += found[1][sync]
    report(whole, parts)


def open_journal(folder: Path, sync: Sync, keys: Keys, stack: ExitStack) -> Journal:
    """A journal of its own on the disk that is measured."""
    clock, entropy = keys.seams.clock, keys.seams.entropy
    journal = Journal.open(folder / sync, sync=sync, clock=clock, entropy=entropy, mode="sim")
    stack.callback(journal.close)
    return journal


def report(
    whole: Mapping[Sync, list[int]], parts: Mapping[Sync, Sequence[Mapping[str, int]]]
) -> None:
    """Medians and p99 in microseconds, and shares of the median of the whole way."""
    out = sys.stdout
    out.write(f"{len(whole['process'])} executions each; Python {sys.version.split()[0]}; us\n")
    out.write(f"{'':46}" + "".join(f"{sync + ' p50':>13}{'p99':>9}{'share':>8}" for sync in SYNCS))
    out.write("\n")
    rows = [(name, (name,)) for name in (*PARTS, REST)]
    for label, names in [*rows, ("safety together", SAFETY)]:
        out.write(f"{label:46}")
        for sync in SYNCS:
            samples = [sum(spent.get(name, 0) for name in names) for spent in parts[sync]]
            share = statistics.median(samples) / statistics.median(whole[sync])
            out.write(f"{percentile(samples, 50):>13.1f}{percentile(samples, 99):>9.0f}")
            out.write(f"{share:>8.1%}")
        out.write("\n")
    out.write(f"{'tick to both orders handed over':46}")
    for sync in SYNCS:
        out.write(f"{percentile(whole[sync], 50):>13.1f}{percentile(whole[sync], 99):>9.0f}")
        out.write(f"{1:>8.0%}")
    middles = [statistics.median(whole[sync]) for sync in SYNCS]
    out.write(f"\npower / process, whole way: {middles[1] / middles[0]:.1f}\n")


if __name__ == "__main__":
    main()
