"""Performs the faults of a schedule on the simulated venues, their links and the archive."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, cast

from tests.simulation.plan import Item
from tests.support.virtual import VirtualNetwork
from twoleg.cli.faults import ORDERS
from twoleg.core.market import Venue
from twoleg.sim.base import VenueSim
from twoleg.sim.faults import Rule
from twoleg.sim.grid import DECI_CENT, LINEAR_CENT
from twoleg.sim.kalshi.venue import KalshiSim
from twoleg.sim.polymarket.state import Trade
from twoleg.sim.polymarket.venue import PolymarketSim

K, P = Venue.KALSHI, Venue.POLYMARKET
LATE_MS: Final = 6_000
"""Later than any time limit of an order: its POST is carried out when nobody waits any more."""
DELAY_MS_MAX: Final = 4_000
MICROS: Final = 1_000_000


@dataclass(slots=True)
class External:
    """What happened to our accounts beside the daemon: money or holdings, in or out."""

    at_ns: int
    venue: Venue
    cash_micros: int = 0
    shard: int = 0
    market: str = ""
    token: int = 0
    size_e6: int = 0


@dataclass(slots=True)
class Mischief:
    """The hand that makes things go wrong; `fired` counts what really happened, by kind."""

    venues: dict[Venue, VenueSim]
    ports: dict[Venue, int]
    network: VirtualNetwork
    tell: Callable[[str, str], None]
    set_archive: Callable[[bool], None]
    external: list[External] = field(default_factory=list)
    fired: Counter[str] = field(default_factory=Counter[str])
    _void_next: int = 0
    _retry_next: int = 0
    _rules: list[tuple[str, Rule]] = field(default_factory=list[tuple[str, Rule]])

    def attach(self) -> None:
        """Take over how Polymarket's trades live."""
        trades = cast("PolymarketSim", self.venues[P]).trades
        start = trades._start_life

        def start_life(trade: Trade) -> None:
            if self._void_next:
                self._void_next -= 1
                self.fired["chain_failed"] += 1
                self.tell("fault", f"trade {trade.trade_id} will fail on chain")
                trades._schedule(trade, ["RETRYING", "FAILED"])
            elif self._retry_next:
                self._retry_next -= 1
                self.fired["chain_retrying"] += 1
                trades._schedule(trade, ["RETRYING", "MINED", "CONFIRMED"])
            else:
                start(trade)

        vars(trades)["_start_life"] = start_life

    async def perform(self, item: Item) -> None:
        """Do one entry, and undo it where it lasts."""
        self.tell("fault", str(item))
        kind, _, detail = item.kind.partition("_")
        if kind in ("order", "read", "ws"):
            faults = self.venues[Venue(item.venue)].faults
            faults.add([self._rule(item, kind, detail)])
            self._rules.append((item.kind, faults._rules[-1]))
            return
        self.fired[item.kind] += item.kind not in ("chain_failed", "chain_retrying")
        act = getattr(self, f"_{item.kind}", None)
        if act is not None:
            await act(item)
        else:
            self._script(item)

    def end(self) -> None:
        """From now on nothing goes wrong any more."""
        self._void_next = self._retry_next = 0
        for venue, sim in self.venues.items():
            sim.faults.clear()
            self.network.refuse(self.ports[venue], is_down=False)
            for market in sim.exchanges:
                sim.set_status(market, "active" if venue is K else "open")
        polymarket = self.polymarket
        polymarket.gate.set_mode("normal", None)
        polymarket.engine.scripts.clear()
        for state in polymarket.markets.values():
            state.delay_s = 0
        self.kalshi.lifecycle.set_exchange(None, exchange_active=True, trading_active=True)
        self.set_archive(True)

    def count(self) -> None:
        """Add what the simulators' own rules did."""
        for kind, rule in self._rules:
            self.fired[kind] += rule.fired
        self._rules.clear()

    @property
    def kalshi(self) -> KalshiSim:
        return cast("KalshiSim", self.venues[K])

    @property
    def polymarket(self) -> PolymarketSim:
        return cast("PolymarketSim", self.venues[P])

    # -- requests and frames ---------------------------------------------------------------

    def _rule(self, item: Item, on: str, what: str) -> dict[str, object]:
        venue = Venue(item.venue)
        rule: dict[str, object] = {"count": item.count}
        rule["on"] = {"order": ORDERS[venue], "read": "GET /", "ws": "ws"}[on]
        base = what.removesuffix("_after")
        if on != "ws" and what in ("delay", "late"):
            late_ms = min(int(item.seconds * 1_000) + 1, DELAY_MS_MAX)
            if what == "late":
                late_ms = LATE_MS
            rule |= {"kind": "delay", "delay_ms": late_ms}
            if what == "delay" and item.share > 0.5:
                rule["when"] = "after"
        elif on == "ws":
            rule["kind"] = f"ws_{what}"
            if what == "silent":
                rule["delay_ms"] = int(item.seconds * 1_000) + 1
            rule["count"] = 1 if what in ("mute", "dead", "silent") else item.count
        elif what.startswith("drop"):
            rule["kind"] = what if on == "order" else "drop_before"
        elif what in ("partial", "kill"):
            rule["kind"] = what
            if what == "partial":
                rule["share"] = item.share
        else:
            rule["kind"] = f"http_{base}"
            if "_after" in what:
                rule["when"] = "after"
        if what in ("mute", "dead"):
            # Frames go missing for a while, not a single one.
            rule["count"] = 5 + int(item.seconds)
        return rule

    def _script(self, item: Item) -> None:
        name = item.kind.removeprefix("answer_")
        when = "after" if item.share > 0.5 else "before"
        self.polymarket.engine.scripts.add({"name": name, "when": when, "count": item.count})

    # -- venues ----------------------------------------------------------------------------

    def _market(self, item: Item) -> str:
        markets = sorted(self.venues[Venue(item.venue)].exchanges)
        return markets[int(item.share * len(markets))]

    async def _market_pause(self, item: Item) -> None:
        sim, market = self.venues[Venue(item.venue)], self._market(item)
        paused, active = ("inactive", "active") if sim.venue == "kalshi" else ("paused", "open")
        sim.set_status(market, paused)
        await asyncio.sleep(item.seconds)
        sim.set_status(market, active)

    async def _exchange_pause(self, item: Item) -> None:
        lifecycle = self.kalshi.lifecycle
        lifecycle.set_exchange(None, trading_active=False)
        await asyncio.sleep(item.seconds)
        lifecycle.set_exchange(None, trading_active=True)

    async def _restart(self, item: Item) -> None:
        self.polymarket.gate.set_mode("restarting", int(item.seconds * 1_000) + 1)

    async def _cancel_only(self, item: Item) -> None:
        self.polymarket.gate.set_mode("cancel_only", int(item.seconds * 1_000) + 1)

    async def _disabled(self, item: Item) -> None:
        self.polymarket.gate.set_mode("disabled", int(item.seconds * 1_000) + 1)

    async def _delayed(self, item: Item) -> None:
        market = self.polymarket.markets[self._market(item)]
        market.delay_s = 1 + item.count
        await asyncio.sleep(item.seconds + 20)
        market.delay_s = 0

    async def _chain_failed(self, item: Item) -> None:
        self._void_next += item.count

    async def _chain_retrying(self, item: Item) -> None:
        self._retry_next += item.count

    async def _grid_change(self, item: Item) -> None:
        market, is_fine = self._market(item), item.count > 1
        if item.venue == "kalshi":
            self.kalshi.lifecycle.set_grid(market, DECI_CENT if is_fine else LINEAR_CENT)
        else:
            self.polymarket.set_tick(market, 10 if is_fine else 100)

    # -- money beside the daemon -----------------------------------------------------------

    async def _cash_in(self, item: Item) -> None:
        self._fund(item, 1 + int(item.share * 500 * MICROS))

    async def _cash_out(self, item: Item) -> None:
        self._fund(item, -1 - int(item.share * 500 * MICROS))

    def _fund(self, item: Item, micros: int) -> None:
        venue = Venue(item.venue)
        shard = 0
        if venue is K:
            account = next(iter(self.kalshi.accounts.values()))
            shards = sorted(account.cash_micros)
            shard = shards[item.count % len(shards)]
            account.fund(shard, micros)
        else:
            self.polymarket.wallets.fund(self._wallet(), micros, {})
        self._note(venue, cash_micros=micros, shard=shard)

    async def _foreign_holding(self, item: Item) -> None:
        """A hand trades on our account, or somebody sends us tokens."""
        size_e6 = (1 + int(item.share * 20)) * MICROS
        market = self._market(item)
        if item.venue == "kalshi":
            state = self.kalshi.markets[market]
            account = next(iter(self.kalshi.accounts.values()))
            before = account.cash_micros.get(state.shard, 0)
            account.apply(market, state.shard, "bid", size_e6=size_e6, price_e4=5_000, fee_micros=0)
            cash = account.cash_micros[state.shard] - before
            self._note(
                K, cash_micros=cash, shard=state.shard, market=market, token=0, size_e6=size_e6
            )
        else:
            token = item.count % 2
            token_id = self.polymarket.markets[market].spec.token_ids[token]
            self.polymarket.wallets.fund(self._wallet(), 0, {token_id: size_e6})
            self._note(P, market=market, token=token, size_e6=size_e6)

    def _wallet(self) -> Any:
        address = str(self.polymarket.credentials()["deposit_wallet"])
        return self.polymarket.wallets.wallets[address.lower()]

    def _note(self, venue: Venue, **what: Any) -> None:
        flow = External(self.kalshi.clock.now_ns(), venue, **what)
        self.external.append(flow)
        self.tell("external", str(flow))

    # -- links and the archive -------------------------------------------------------------

    async def _link_break(self, item: Item) -> None:
        self.network.break_links(self.ports[Venue(item.venue)])

    async def _link_hold(self, item: Item) -> None:
        self.network.hold(self.ports[Venue(item.venue)], item.seconds)

    async def _outage(self, item: Item) -> None:
        port = self.ports[Venue(item.venue)]
        self.network.refuse(port, is_down=True)
        self.network.break_links(port)
        await asyncio.sleep(item.seconds)
        self.network.refuse(port, is_down=False)

    async def _archive_down(self, item: Item) -> None:
        self.set_archive(False)
        await asyncio.sleep(item.seconds)
        self.set_archive(True)
