"""One tick, raw frame to decision: ours beside the naive version, in one run.

Both get the same seeded frames (72 % Polymarket price changes, 28 % Kalshi deltas) on the same
pairs, in turns, so that a machine that slows down slows both. Printed are the ratio of the
medians over the rounds, and the latency at a burst: frames that arrive at once, each counted from
the arrival of the burst to its own decision.

    python benchmarks/tick.py [--pairs N] [--frames N] [--rounds N] [--burst N]
"""

import argparse
import gc
import json
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Protocol

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.naive import NaiveLimits, NaivePair, NaiveTick
from twoleg.core.actions import Fire
from twoleg.core.engine import Engine
from twoleg.core.events import (
    AnswerStatus,
    BookSnapshot,
    CashReported,
    Event,
    LegAnswer,
    LevelDelta,
    MarketChanged,
    OrderAnswered,
    PairsChanged,
    Subscribed,
)
from twoleg.core.limits import Limits
from twoleg.core.market import (
    FeeSchedule,
    Market,
    MarketId,
    Pair,
    PairId,
    Polarity,
    PriceGrid,
    Venue,
)
from twoleg.venues.kalshi.wire import KalshiDecoder
from twoleg.venues.polymarket.wire import MarketDecoder

LEVELS = 30
SID = 1
TS_MS = 1_790_000_000_000


class Subject(Protocol):
    """What is measured."""

    decisions: int

    def on_frame(self, venue: str, raw: bytes) -> None:
        """Raw frame to decision."""
        ...

    def settle(self) -> None:
        """Clean up after decisions; not timed."""
        ...


@dataclass
class World:
    """The frames of a run, and the pairs they are about."""

    pairs: list[tuple[Pair, Market, Market]]
    opening: list[tuple[str, bytes]]
    frames: list[tuple[str, bytes]]


class Crowd:
    """Seeded books of both venues that change one level at a time, never crossed."""

    def __init__(self, seed: int, pairs: int) -> None:
        self.rng = random.Random(seed)
        self.pairs = [self._pair(number) for number in range(pairs)]
        # market id -> (mid in cents, {cents: lots} of bids, {cents: lots} of asks)
        self.books: dict[str, tuple[int, dict[int, int], dict[int, int]]] = {}
        self.seq = 0

    def _pair(self, number: int) -> tuple[Pair, Market, Market]:
        condition = f"0x{number:064x}"
        kalshi = Market(
            id=MarketId(f"kalshi:KXBENCH-{number}"),
            venue=Venue.KALSHI,
            native_id=f"KXBENCH-{number}",
            grid=PriceGrid.uniform(100),
            fees=FeeSchedule(rate_e6=70_000, quantum_micros=100, balance_quantum_micros=100),
        )
        polymarket = Market(
            id=MarketId(f"polymarket:{condition}"),
            venue=Venue.POLYMARKET,
            native_id=condition,
            grid=PriceGrid.uniform(100),
            fees=FeeSchedule(rate_e6=40_000, quantum_micros=10),
            size_e6_min=5_000_000,
            notional_micros_min=1_000_000,
            yes_token=str(10**70 + 2 * number),
            no_token=str(10**70 + 2 * number + 1),
        )
        pair = Pair(
            id=PairId(f"pair-{number}"),
            kalshi=kalshi.id,
            polymarket=polymarket.id,
            polarity=Polarity.SAME,
        )
        return pair, kalshi, polymarket

    def open(self) -> list[tuple[str, bytes]]:
        """A snapshot of every book; the venues agree on the price, but for a few cents."""
        frames: list[tuple[str, bytes]] = []
        for _, kalshi, polymarket in self.pairs:
            mid = self.rng.randint(35, 64)
            for market in (kalshi, polymarket):
                # Far enough apart now and then that an edge after fees opens and closes.
                own = mid + self.rng.randint(-2, 2)
                self.books[market.id] = (own, self._side(own, -1), self._side(own, 1))
            frames.append(("kalshi", self._kalshi_snapshot(kalshi)))
            frames.append(("polymarket", self._polymarket_books(polymarket)))
        return frames

    def _side(self, mid: int, step: int) -> dict[int, int]:
        cents = [mid + step * (1 + level) for level in range(LEVELS)]
        return {cent: self.rng.randint(20, 400) for cent in cents if 0 < cent < 100}

    def _kalshi_snapshot(self, market: Market) -> bytes:
        _, bids, asks = self.books[market.id]
        self.seq += 1
        body = {
            "type": "orderbook_snapshot",
            "sid": SID,
            "seq": self.seq,
            "sending_ts_ms": TS_MS,
            "msg": {
                "market_ticker": market.native_id,
                "market_id": "5f0c",
                "yes_dollars_fp": [[f"{c / 100:.4f}", f"{n}.00"] for c, n in bids.items()],
                "no_dollars_fp": [[f"{c / 100:.4f}", f"{n}.00"] for c, n in asks.items()],
            },
        }
        return json.dumps(body, separators=(",", ":")).encode()

    def _polymarket_books(self, market: Market) -> bytes:
        """Both tokens' books in one frame; that of NO mirrors that of YES."""
        _, bids, asks = self.books[market.id]
        mirrored = [{100 - cent: size for cent, size in side.items()} for side in (asks, bids)]
        books = [
            {
                "event_type": "book",
                "market": market.native_id,
                "asset_id": token,
                "timestamp": str(TS_MS),
                "hash": "",
                "bids": [{"price": text(c), "size": str(n)} for c, n in sorted(bid.items())],
                "asks": [{"price": text(c), "size": str(n)} for c, n in sorted(ask.items())[::-1]],
                "tick_size": "0.01",
                "last_trade_price": "0.5",
            }
            for token, (bid, ask) in (
                (market.yes_token, (bids, asks)),
                (market.no_token, (mirrored[0], mirrored[1])),
            )
        ]
        return json.dumps(books, separators=(",", ":")).encode()

    def frame(self) -> tuple[str, bytes]:
        """One change near the touch of one book, as its venue writes it."""
        _, kalshi, polymarket = self.rng.choice(self.pairs)
        market = kalshi if self.rng.random() < 0.28 else polymarket
        _, bids, asks = self.books[market.id]
        is_bid = self.rng.random() < 0.5
        side, other = (bids, asks) if is_bid else (asks, bids)
        wall = min(other) if is_bid else max(other)
        best = max(side) if is_bid else min(side)
        cent = best + self.rng.choice((-2, -1, 0, 0, 0, 1)) * (1 if is_bid else -1)
        if not 1 <= cent <= 99 or (cent >= wall if is_bid else cent <= wall):
            cent = best
        before = side.get(cent, 0)
        removes = before > 0 and len(side) > LEVELS // 2 and self.rng.random() < 0.3
        after = 0 if removes else self.rng.randint(20, 400)
        if after:
            side[cent] = after
        else:
            side.pop(cent, None)
        if market.venue is Venue.KALSHI:
            return "kalshi", self._delta(market, cent, after - before, is_bid=is_bid)
        return "polymarket", self._change(market, cent, after, is_bid=is_bid)

    def _delta(self, market: Market, cent: int, lots: int, *, is_bid: bool) -> bytes:
        self.seq += 1
        body = {
            "type": "orderbook_delta",
            "sid": SID,
            "seq": self.seq,
            "sending_ts_ms": TS_MS,
            "msg": {
                "market_ticker": market.native_id,
                "market_id": "5f0c",
                "price_dollars": f"{cent / 100:.4f}",
                "delta_fp": f"{lots}.00",
                "side": "yes" if is_bid else "no",
                "ts": "2026-09-21T13:33:20.019Z",
                "ts_ms": TS_MS,
            },
        }
        return json.dumps(body, separators=(",", ":")).encode()

    def _change(self, market: Market, cent: int, size: int, *, is_bid: bool) -> bytes:
        _, bids, asks = self.books[market.id]
        best_bid, best_ask = max(bids), min(asks)
        entries = []
        for token, price, side, bid, ask in (
            (market.yes_token, cent, is_bid, best_bid, best_ask),
            (market.no_token, 100 - cent, not is_bid, 100 - best_ask, 100 - best_bid),
        ):
            entries.append(
                {
                    "asset_id": token,
                    "price": text(price),
                    "size": str(size),
                    "side": "BUY" if side else "SELL",
                    "hash": "",
                    "best_bid": text(bid),
                    "best_ask": text(ask),
                }
            )
        body = {
            "event_type": "price_change",
            "market": market.native_id,
            "timestamp": str(TS_MS),
            "price_changes": entries,
        }
        return json.dumps(body, separators=(",", ":")).encode()


def text(cent: int) -> str:
    """A price as Polymarket writes it."""
    return f"{cent / 100:.2f}".rstrip("0")


class Ours:
    """The product's own way of a frame: decoder, then the engine's one door."""

    def __init__(self, world: World) -> None:
        # All frames come at one moment, and each order is answered with a miss (`settle`): an edge
        # need not stand, and misses must not teach the engine to leave edges alone.
        limits = Limits(edge_micros_min=5_000, edge_stable_ms=0, prior_tries=1_000_000)
        self.engine = Engine(limits)
        self.kalshi = KalshiDecoder({k.native_id: k.id for _, k, _ in world.pairs})
        self.polymarket = MarketDecoder()
        for _, kalshi, polymarket in world.pairs:
            self.polymarket.watch(polymarket)
            for market in (kalshi, polymarket):
                self.engine.on_event(MarketChanged(market), 0)
        ids = tuple(kalshi.id for _, kalshi, _ in world.pairs)
        self.engine.on_event(Subscribed(Venue.KALSHI, SID, ids), 0)
        self.engine.on_event(PairsChanged(tuple(pair for pair, _, _ in world.pairs)), 0)
        for venue in Venue:
            self.engine.on_event(CashReported(venue, ((0, 10**12),)), 0)
        self.decisions = 0
        # What was fired and not answered yet; see `settle`.
        self.fired: list[Fire] = []

    def on_frame(self, venue: str, raw: bytes) -> None:
        """Decode and decide, as the feeds do."""
        recv_ns = TS_MS * 1_000_000
        if venue == "kalshi":
            decoded = self.kalshi.decode(raw, recv_ns)
            assert isinstance(decoded, BookSnapshot | LevelDelta)
            events: Sequence[Event] = (decoded,)
        else:
            events = self.polymarket.decode(raw, recv_ns)
        for event in events:
            for action in self.engine.on_event(event, 0):
                if isinstance(action, Fire):
                    self.fired.append(action)

    def settle(self) -> None:
        """Answer what was fired with a clean miss, so that its pair can be decided on again."""
        self.decisions += len(self.fired)
        for action in self.fired:
            for order in action.orders:
                missed = LegAnswer(status=AnswerStatus.MISSED)
                self.engine.on_event(
                    OrderAnswered(order.execution_no, order.order_no, missed, 0), 0
                )
        self.fired.clear()


class Naive:
    """The naive version behind the same call."""

    def __init__(self, world: World) -> None:
        self.tick = NaiveTick(
            [
                NaivePair(pair.id, kalshi.native_id, polymarket.yes_token, polymarket.no_token)
                for pair, kalshi, polymarket in world.pairs
            ],
            NaiveLimits(edge_min=Decimal("0.005")),
        )
        self.decisions = 0

    def on_frame(self, venue: str, raw: bytes) -> None:
        """Parse and decide."""
        if self.tick.on_frame(venue, raw) is not None:
            self.decisions += 1

    def settle(self) -> None:
        """Nothing to answer: the naive version remembers no order."""


def percentile(samples: list[int], percent: float) -> float:
    """Microseconds."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] / 1_000


def run_steady(subject: Subject, frames: list[tuple[str, bytes]]) -> list[int]:
    """Nanoseconds of each frame by itself."""
    clock = time.perf_counter_ns
    samples = []
    for venue, raw in frames:
        start = clock()
        subject.on_frame(venue, raw)
        samples.append(clock() - start)
        subject.settle()
    return samples


def run_bursts(subject: Subject, frames: list[tuple[str, bytes]], burst: int) -> list[int]:
    """Nanoseconds from the arrival of a burst to each frame's decision."""
    clock = time.perf_counter_ns
    samples = []
    for begin in range(0, len(frames) - burst + 1, burst):
        start = clock()
        for venue, raw in frames[begin : begin + burst]:
            subject.on_frame(venue, raw)
            samples.append(clock() - start)
        subject.settle()
    return samples


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--frames", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--burst", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    crowd = Crowd(wanted.seed, wanted.pairs)
    opening = crowd.open()
    world = World(crowd.pairs, opening, [crowd.frame() for _ in range(wanted.frames)])
    ratios: dict[str, list[float]] = {"p50": [], "p99": [], "burst p99": []}
    rows: dict[str, list[list[float]]] = {"ours": [], "naive": []}
    decisions: dict[str, int] = {}
    for _ in range(wanted.rounds):
        found: dict[str, list[float]] = {}
        for name, kind in (("ours", Ours), ("naive", Naive)):
            steady, bursts = fresh(kind, world), fresh(kind, world)
            alone = run_steady(steady, world.frames)
            queued = run_bursts(bursts, world.frames, wanted.burst)
            gc.unfreeze()
            decisions[name] = steady.decisions
            mean = sum(alone) / len(alone) / 1_000
            found[name] = [percentile(alone, 50), percentile(alone, 99), mean]
            found[name].append(percentile(queued, 99))
            rows[name].append(found[name])
        for index, key in ((0, "p50"), (1, "p99"), (3, "burst p99")):
            ratios[key].append(found["naive"][index] / found["ours"][index])
    report(wanted, rows, ratios, decisions)


def fresh(kind: Callable[[World], Subject], world: World) -> Subject:
    """A subject with all books open, out of the collector's way as the daemon's is."""
    subject = kind(world)
    for venue, raw in world.opening:
        subject.on_frame(venue, raw)
    subject.settle()
    subject.decisions = 0
    gc.collect()
    gc.freeze()
    return subject


def report(
    wanted: argparse.Namespace,
    rows: dict[str, list[list[float]]],
    ratios: dict[str, list[float]],
    decisions: dict[str, int],
) -> None:
    """Medians over the rounds, and ratios pair by pair."""
    out = sys.stdout
    out.write(
        f"{wanted.pairs} pairs, {wanted.frames} frames, {wanted.rounds} rounds in turns, "
        f"bursts of {wanted.burst}; Python {sys.version.split()[0]}; medians over the rounds\n"
        f"{'':8}{'p50 us':>10}{'p99 us':>10}{'mean us':>10}{'burst p99 us':>14}{'decisions':>11}\n"
    )
    for name, figures in rows.items():
        medians = [statistics.median(column) for column in zip(*figures, strict=True)]
        out.write(
            f"{name:8}{medians[0]:>10.2f}{medians[1]:>10.2f}{medians[2]:>10.2f}"
            f"{medians[3]:>14.0f}{decisions[name]:>11}\n"
        )
    for key, values in ratios.items():
        low, high = min(values), max(values)
        middle = statistics.median(values)
        out.write(f"naive / ours, {key}: {middle:.1f} ({low:.1f} to {high:.1f})\n")


if __name__ == "__main__":
    main()
