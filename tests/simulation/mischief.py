"""Performs the faults of a schedule on the simulated venues, their links and the archive."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from tests.simulation.crowd import Crowd
from tests.simulation.making import VenueClock
from tests.simulation.plan import Item
from tests.simulation.sightings import Sent, Traded
from tests.simulation.traps import KINDS as TRAPS
from tests.simulation.traps import LONG_S, Hands, Traps
from tests.support.virtual import VirtualNetwork
from twoleg.cli.faults import ORDERS
from twoleg.core.events import OperatorAct
from twoleg.core.market import Venue
from twoleg.sim.base import VenueSim
from twoleg.sim.faults import Rule
from twoleg.sim.grid import DECI_CENT, LINEAR_CENT
from twoleg.sim.kalshi.venue import KalshiSim
from twoleg.sim.polymarket.chain import move
from twoleg.sim.polymarket.state import Trade
from twoleg.sim.polymarket.venue import PolymarketSim

K, P = Venue.KALSHI, Venue.POLYMARKET
LATE_MS: Final = 6_000
"""Later than any time limit of an order: its POST is carried out when nobody waits any more."""
LONG_LATE_MS: Final = 8_500
LONGER_MS: Final = 15_000
"""On Polymarket from the first on, by so much for a share: it was taken for absent before."""
DELAY_MS_MAX: Final = 4_000
MICROS: Final = 1_000_000
NS_PER_S: Final = 1_000_000_000
SKEW_S_MAX: Final = 8.0
SHORT_CENTS: Final = 4_000
CENT_MICROS: Final = 10_000
SOON_SHARE: Final = 0.5
"""Below, a trade fails on chain at once: while its execution is still at work."""
SOON_MS: Final = 1_500
AT_ONCE_MS: Final = 160


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
    crowd: Crowd
    clocks: Mapping[Venue, VenueClock]
    operate: Callable[[OperatorAct], None]
    now_ns: Callable[[], int]
    external: list[External] = field(default_factory=list)
    fired: Counter[str] = field(default_factory=Counter[str])
    traps: Traps = field(init=False)
    resolved: set[str] = field(default_factory=set[str])
    """Markets that were resolved: what we held of them is gone or worth nothing."""
    is_disk_full: bool = False
    # How soon each of the next trades fails on chain, in parts of what a trade usually takes.
    _void_next: deque[float] = field(default_factory=deque[float])
    # The order of which all trades fail, and how soon.
    _failing: tuple[str, float] = ("", 0.0)
    _halts: int = 0
    _pauses: int = 0
    _retry_next: int = 0
    _rules: list[tuple[str, Rule]] = field(default_factory=list[tuple[str, Rule]])

    def __post_init__(self) -> None:
        hands = Hands(
            fail=lambda trade: self.polymarket.trades.advance(trade, "FAILED"),
            fail_next=self._void_next.appendleft,
            hold=lambda venue, seconds: self.network.hold(self.ports[venue], seconds),
            tell=self.tell,
            now_ns=self.now_ns,
        )
        self.traps = Traps(self.venues, self.crowd, self._names(), hands, self.fired)

    def attach(self) -> None:
        """Take over how Polymarket's trades live."""
        trades = cast("PolymarketSim", self.venues[P]).trades
        start = trades._start_life

        def start_life(trade: Trade) -> None:
            if self.traps.takes(trade, start):
                return
            is_more = trade.taker.order_id == self._failing[0]
            if is_more or self._void_next:
                share = self._failing[1] if is_more else self._void_next.popleft()
                # Often with all other trades of its order.
                is_whole = int(share * 1_000) % 2 == 1
                self._failing = (trade.taker.order_id if is_whole else "", share)
                self.fired["chain_failed"] += 1
                self.tell("fault", f"trade {trade.trade_id} will fail on chain")
                if share < SOON_SHARE:
                    most_ms = AT_ONCE_MS if share < SOON_SHARE / 2 else SOON_MS
                    soon_ms = 1 + int(share * most_ms)
                    trades._timers.after(soon_ms, lambda: trades.advance(trade, "FAILED"))
                else:
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
            if item.kind == "order_late":
                self.traps.expect_late(item)
            return
        if item.kind in TRAPS:
            self.traps.set(item)
            return
        self.fired[item.kind] += item.kind not in ("chain_failed", "chain_retrying")
        act = getattr(self, f"_{item.kind}", None)
        if act is not None:
            await act(item)
        else:
            self._script(item)

    def end(self) -> None:
        """From now on nothing goes wrong any more."""
        self._retry_next = 0
        self._void_next.clear()
        self.traps.clear()
        self.is_disk_full = False
        self._let_go()
        for clock in self.clocks.values():
            clock.ahead_ns = 0
        for venue, sim in self.venues.items():
            sim.faults.clear()
            self.network.refuse(self.ports[venue], is_down=False)
            for index, pair in enumerate(self.kalshi.world.pairs):
                self.crowd.come_back(venue.value, index)
                market = pair.kalshi.ticker if venue is K else pair.polymarket.condition_id
                if market not in self.resolved:
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
                if venue is P and item.share >= SOON_SHARE:
                    late_ms = LONG_LATE_MS + int((item.share - SOON_SHARE) * LONGER_MS)
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
        if market in self.resolved:
            return
        sim.set_status(market, paused)
        await asyncio.sleep(item.seconds)
        if market not in self.resolved:
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
        self._void_next += [item.share] * item.count

    async def _chain_retrying(self, item: Item) -> None:
        self._retry_next += item.count

    async def _grid_change(self, item: Item) -> None:
        market, is_fine = self._market(item), item.count > 1
        if item.venue == "kalshi":
            self.kalshi.lifecycle.set_grid(market, DECI_CENT if is_fine else LINEAR_CENT)
        else:
            self.polymarket.set_tick(market, 10 if is_fine else 100)

    async def _clock_step(self, item: Item) -> None:
        """One venue's clock is not ours for a while: ahead, or behind."""
        clock = self.clocks[Venue(item.venue)]
        clock.ahead_ns = int((item.share - 0.5) * 2 * SKEW_S_MAX * NS_PER_S)
        await asyncio.sleep(item.seconds)
        clock.ahead_ns = 0

    # -- books that are left, and markets that end -----------------------------------------

    async def _books_empty(self, item: Item) -> None:
        """All go away from one market, or from both of its pair, for about a minute."""
        index = int(item.share * len(self.kalshi.world.pairs))
        venues = [Venue(item.venue)] if item.count > 1 else list(Venue)
        await self.traps.leave(venues, index, item.seconds + LONG_S)

    async def on_trade(self, traded: Traded) -> None:
        """We traded: what waits for that happens now."""
        await self.traps.on_trade(traded)

    def on_entry(self, sent: Sent, purpose: str) -> None:
        """An order of ours comes to matching."""
        self.traps.on_entry(sent, purpose)

    def _names(self) -> list[tuple[str, str]]:
        pairs = self.kalshi.world.pairs
        return [(pair.kalshi.ticker, pair.polymarket.condition_id) for pair in pairs]

    async def _settlement(self, item: Item) -> None:
        """A market is resolved and paid out some time later; often its pair's other one too."""
        index = int(item.share * len(self.kalshi.world.pairs))
        venues = [Venue(item.venue)] if item.count > 1 else list(Venue)
        pair, is_yes = self.kalshi.world.pairs[index], item.share * 1_000 % 2 < 1
        ticker, condition_id = self._names()[index]
        if {ticker, condition_id} & self.resolved:
            return
        polymarket = self.polymarket
        if K in venues:
            self.resolved.add(ticker)
            self.kalshi.lifecycle.determine(ticker, "yes" if is_yes else "no")
        if P in venues:
            self.resolved.add(condition_id)
            is_first = is_yes == (pair.polarity != "inverse")
            polymarket.set_status(condition_id, "resolved:0" if is_first else "resolved:1")
        await asyncio.sleep(item.seconds)
        if K in venues:
            self.kalshi.lifecycle.settle(ticker)
        if P in venues:
            move(self._wallet(), polymarket.markets[condition_id], "redeem", 0)

    # -- money beside the daemon -----------------------------------------------------------

    def prepare(self, item: Item) -> None:
        """What is so before anything begins: cash for one execution and a half, and many edges."""
        self.tell("fault", str(item))
        self.crowd.moves_together = True
        self.fired[item.kind] += 1
        # Whole cents, as deposits are.
        micros = int((0.5 + item.share) * SHORT_CENTS) * CENT_MICROS
        if item.venue == "kalshi":
            for account in self.kalshi.accounts.values():
                for shard in account.cash_micros:
                    account.cash_micros[shard] = micros
        else:
            wallet = self._wallet()
            self.polymarket.wallets.fund(wallet, micros - wallet.cash_micros, {})

    async def _cash_in(self, item: Item) -> None:
        self._fund(item, 1 + int(item.share * 500 * MICROS))

    async def _cash_out(self, item: Item) -> None:
        # Nobody can take out more than there is.
        self._fund(item, -1 - int(item.share * min(500 * MICROS, self._least_cash(item))))

    def _least_cash(self, item: Item) -> int:
        if item.venue == "polymarket":
            return int(self._wallet().free_micros()) // 2
        account = next(iter(self.kalshi.accounts.values()))
        return max(0, min(account.cash_micros.values())) // 2

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
        if self._least_cash(item) < size_e6:
            return
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
        flow = External(self.now_ns(), venue, **what)
        self.external.append(flow)
        self.tell("external", str(flow))

    # -- the operator ----------------------------------------------------------------------

    async def _operator_halt(self, item: Item) -> None:
        self._halts += 1
        self.operate(OperatorAct.HALT)
        await asyncio.sleep(item.seconds)
        if self._halts:
            self._halts -= 1
            self.operate(OperatorAct.CLEAR_HALT)

    async def _operator_pause(self, item: Item) -> None:
        self._pauses += 1
        self.operate(OperatorAct.PAUSE)
        await asyncio.sleep(item.seconds)
        if self._pauses:
            self._pauses -= 1
            self.operate(OperatorAct.RESUME)

    def _let_go(self) -> None:
        if self._halts:
            self.operate(OperatorAct.CLEAR_HALT)
        if self._pauses:
            self.operate(OperatorAct.RESUME)
        self._halts = self._pauses = 0

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

    async def _journal_full(self, item: Item) -> None:
        """The disk has no room for a further segment."""
        self.is_disk_full = True
        await asyncio.sleep(item.seconds)
        self.is_disk_full = False
