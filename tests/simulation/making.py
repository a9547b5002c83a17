"""What a plan is made of: the simulated venues, the links, the pairs, the daemon's settings."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any, Final

from tests.simulation.plan import Plan
from tests.support.clockwork import Clockwork
from tests.support.virtual import EPOCH_NS, VirtualNetwork
from twoleg.core.market import LegMode, MarketId, Origin, Pair, PairId, Polarity, TimeInForce, Venue
from twoleg.settings import Secret, Settings, load_settings
from twoleg.sim.base import VenueSim
from twoleg.sim.faults import Faults
from twoleg.sim.kalshi.venue import KalshiSim
from twoleg.sim.polymarket.venue import PolymarketSim
from twoleg.sim.world import FlowWorld

K, P = Venue.KALSHI, Venue.POLYMARKET
CONFIG: Final = Path(__file__).parents[2] / "config/demo.toml"
THEMES: Final = 10
STEP_MS_NEVER: Final = 1 << 40


class ChosenWorld(FlowWorld):
    """Some pairs of the simulated world, numbered anew."""

    def __init__(self, seed: int, themes: tuple[int, ...]) -> None:
        super().__init__(seed, THEMES)
        self.pairs = tuple(
            type(self.pairs[theme])(
                index=number,
                polarity=self.pairs[theme].polarity,
                kalshi=self.pairs[theme].kalshi,
                polymarket=self.pairs[theme].polymarket,
                close_ts_s=self.pairs[theme].close_ts_s,
            )
            for number, theme in enumerate(themes)
        )
        self.by_ticker = {pair.kalshi.ticker: pair for pair in self.pairs}
        self.by_condition = {pair.polymarket.condition_id: pair for pair in self.pairs}


class TailedNetwork(VirtualNetwork):
    """Links that are mostly quick, and sometimes very slow."""

    def __init__(self, rng: Random, plan: Plan, clockwork: Clockwork) -> None:
        super().__init__(rng, plan.delay_s)
        self.tail_chance = plan.tail_chance
        self._tail_s = plan.tail_s
        self._clockwork = clockwork

    def due_s(self, port: int) -> float:
        least_s, most_s = self.delay_s
        draw = self.rng.random()
        due_s = self._clockwork.now_s + least_s + (most_s - least_s) * draw
        if self.tail_chance and self.rng.random() < self.tail_chance:
            # A heavy tail: half of the late ones are twice as late, and so on.
            due_s += self._tail_s / (0.1 + self.rng.random())
        return due_s


class VenueClock:
    """A venue's own clock: the world's, moved."""

    def __init__(self, clockwork: Clockwork) -> None:
        self._clockwork = clockwork
        self.ahead_ns = 0

    def monotonic_ns(self) -> int:
        return self._clockwork.monotonic_ns()

    def now_ns(self) -> int:
        return self._clockwork.now_ns() + self.ahead_ns


def make_kalshi(plan: Plan, flow: FlowWorld, clock: VenueClock, keys: Path) -> KalshiSim:
    """The simulated Kalshi without a crowd of its own; `keys` is where its key file is kept."""
    options = {**_common(keys), "key_kind": "ed25519", **plan.kalshi}
    return KalshiSim(
        world=flow,
        clock=clock,
        rng=plan.rng("kalshi"),
        faults=Faults(rng=plan.rng("faults:kalshi")),
        sleep=asyncio.sleep,
        options=options,
    )


def make_polymarket(plan: Plan, flow: FlowWorld, clock: VenueClock, keys: Path) -> PolymarketSim:
    """The simulated Polymarket without a crowd of its own."""
    return PolymarketSim(
        world=flow,
        clock=clock,
        rng=plan.rng("polymarket"),
        faults=Faults(rng=plan.rng("faults:polymarket")),
        sleep=asyncio.sleep,
        options={**_common(keys), **plan.polymarket},
    )


def _common(keys: Path) -> dict[str, object]:
    return {
        "epoch_ms": EPOCH_NS // 1_000_000,
        "step_ms": STEP_MS_NEVER,
        "flow": False,
        "key_dir": str(keys),
    }


def make_pairs(plan: Plan, flow: FlowWorld) -> tuple[Pair, ...]:
    return tuple(
        Pair(
            id=PairId(f"pair-{spec.index}"),
            kalshi=MarketId(f"kalshi:{spec.kalshi.ticker}"),
            polymarket=MarketId(f"polymarket:{spec.polymarket.condition_id}"),
            polarity=Polarity(spec.polarity),
            polymarket_labels=spec.polymarket.outcomes,
            leg_mode=LegMode(plan.modes[spec.index]),
            tif=TimeInForce(plan.tifs[spec.index]),
            origin=Origin.MATCHER if plan.found[spec.index] else Origin.FILE,
        )
        for spec in flow.pairs
    )


def make_settings(
    plan: Plan,
    folder: Path,
    venues: Mapping[Venue, VenueSim],
    urls: Mapping[Venue, Mapping[str, str]],
) -> Settings:
    """The demo's settings with the plan's own, pointed at these venues."""
    told: dict[Venue, dict[str, Any]] = {v: s.credentials() for v, s in venues.items()}
    return load_settings(
        CONFIG,
        {},
        overrides={
            "daemon.state_dir": str(folder / "state"),
            "journal.sync": plan.sync,
            "journal.segment_mib": 2,
            "journal.reserve_mib": 1,
            "kalshi.rest_url": urls[K]["rest"],
            "kalshi.ws_url": urls[K]["ws"],
            "kalshi.key_id": told[K]["api_key_id"],
            "kalshi.private_key_path": told[K]["private_key_path"],
            "polymarket.clob_url": urls[P]["clob"],
            "polymarket.gamma_url": urls[P]["gamma"],
            "polymarket.data_url": urls[P]["data"],
            "polymarket.ws_market_url": urls[P]["ws_market"],
            "polymarket.ws_user_url": urls[P]["ws_user"],
            "polymarket.private_key": Secret(str(told[P]["wallet_key"])),
            "polymarket.funder": told[P]["deposit_wallet"],
            **plan.settings,
        },
    )
