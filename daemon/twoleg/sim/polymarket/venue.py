"""The Polymarket simulator: CLOB, Gamma, Data API and both WebSocket channels on one server.

It follows the protocol of autumn 2026: V2 orders, pUSD, deposit wallets, taker fees in cash. The
options are `PolymarketOptions`; `twoleg.sim.polymarket.admin` and `controls` add to the
admin surface.
"""

from collections.abc import Mapping
from random import Random
from typing import Final

import msgspec
from aiohttp import web

from twoleg.sim.base import VenueSim, read_options
from twoleg.sim.catalogue.changes import add_catalogue_admin
from twoleg.sim.exchange import Change, Exchange, Side, Walk
from twoleg.sim.faults import Faults
from twoleg.sim.flow import Clock, Sleep
from twoleg.sim.polymarket.accounts import Accounts, ApiKey
from twoleg.sim.polymarket.admin import add_polymarket_admin
from twoleg.sim.polymarket.admission import Venue
from twoleg.sim.polymarket.book import PublishedBook
from twoleg.sim.polymarket.channel import Wiring
from twoleg.sim.polymarket.controls import add_private_controls
from twoleg.sim.polymarket.data import DataApi
from twoleg.sim.polymarket.data_markets import DataMarketsApi
from twoleg.sim.polymarket.door import Door, Geo
from twoleg.sim.polymarket.engine import Engine
from twoleg.sim.polymarket.extras import extra_markets
from twoleg.sim.polymarket.gamma import GammaApi
from twoleg.sim.polymarket.gamma_tags import TagApi
from twoleg.sim.polymarket.gate import Gate
from twoleg.sim.polymarket.heartbeat import Heartbeats
from twoleg.sim.polymarket.ledger import Ledger, Wallet
from twoleg.sim.polymarket.lifecycle import Lifecycle
from twoleg.sim.polymarket.limits import SignerBuckets
from twoleg.sim.polymarket.lists import ListApi
from twoleg.sim.polymarket.options import PolymarketOptions
from twoleg.sim.polymarket.orders import parse_order
from twoleg.sim.polymarket.private import PrivateApi
from twoleg.sim.polymarket.public import PublicApi
from twoleg.sim.polymarket.relayer import RelayerApi
from twoleg.sim.polymarket.shelf import PolymarketShelf
from twoleg.sim.polymarket.state import Market, OrderRecord, Trade
from twoleg.sim.polymarket.timers import Timers
from twoleg.sim.polymarket.trades import Trades
from twoleg.sim.polymarket.user_ws import UserChannel
from twoleg.sim.polymarket.wire import NS_PER_MS, NS_PER_S, Refused, price_text
from twoleg.sim.polymarket.ws import MarketChannel
from twoleg.sim.world import FlowWorld, PolymarketMarket

GAMMA_PREFIX: Final = "/gamma"
DATA_PREFIX: Final = "/data-api"
RELAYER_PREFIX: Final = "/relayer"
MARKET_PATH: Final = "/ws/market"
USER_PATH: Final = "/ws/user"
CRYPTO: Final = "Crypto"
# Where the tick becomes finer: above 0.96 or below 0.04.
FINE_ABOVE_E4: Final = 9_600
FINE_BELOW_E4: Final = 400
# What stands before the venue answers with, whether the request was carried out or not. A pause of
# the venue itself has its own texts (`gate`), and carries nothing out.
FAULT_TEXTS: Final = {
    429: "Too Many Requests",
    500: "could not insert order",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}


class PolymarketSim(VenueSim):
    """A Polymarket on loopback. Construct, `start`, trade, `stop`. Markets are condition ids."""

    def __init__(
        self,
        *,
        world: FlowWorld,
        clock: Clock,
        rng: Random,
        faults: Faults,
        sleep: Sleep,
        options: Mapping[str, object],
    ) -> None:
        chosen = read_options(PolymarketOptions, options)
        super().__init__(
            "polymarket",
            [(pair.polymarket.condition_id, pair.polymarket.grid) for pair in world.pairs],
            world=world,
            clock=clock,
            rng=rng,
            faults=faults,
            sleep=sleep,
            options=chosen,
        )
        self.options = chosen
        # Filled below, and by every market that is created while we run.
        self.markets: dict[str, Market] = {}
        self.tokens: dict[str, tuple[Market, int]] = {}
        self._venue = _venue_of(
            world, self.tokens, clock=clock, sleep=sleep, rng=rng, options=chosen
        )
        self.accounts = self._venue.accounts
        self.wallets = self._venue.ledger
        self.timers = self._venue.timers
        self.gate = self._venue.gate
        self.buckets = self._venue.buckets
        self.geo = self._venue.geo
        self.trades = self._venue.trades
        wiring = Wiring(
            faults=faults,
            sleep=sleep,
            timers=self.timers,
            sockets=self.sockets,
            array_every=chosen.array_every,
            batch_ms=chosen.batch_ms,
        )
        self.market_channel = MarketChannel(self.tokens, clock=clock, options=chosen, wiring=wiring)
        self.user_channel = UserChannel(self.accounts, options=chosen, wiring=wiring)
        self.engine = Engine(
            self._venue,
            before_match=self._apply_faults,
            announce=self._announce,
            on_event=self._tell_order,
        )
        self.heartbeats = Heartbeats(
            clock=clock,
            rng=Random(rng.getrandbits(64)),
            timers=self.timers,
            silence_ms=chosen.heartbeat_ms,
            is_chained=chosen.chains_heartbeats,
            on_silence=self._cancel_all,
        )
        self.trades.on_trade = self._tell_trade
        self.trades.on_order = lambda record: self._tell_order(record, "UPDATE")
        self.lifecycle = Lifecycle(self)
        self.shelf = PolymarketShelf(chosen.catalogue)
        self.door = Door(
            clock, sleep, limits=chosen.ip_limits, refuses_urllib=chosen.refuses_urllib
        )
        self._open_markets()

    # -- VenueSim ----------------------------------------------------------------------------------

    def add_routes(self, app: web.Application) -> None:
        """Register all endpoints; the CLOB stands at the root, its paths are signed."""
        app.middlewares.append(self.door.middleware())
        add_polymarket_admin(app, self)
        add_private_controls(app, self)
        add_catalogue_admin(app, self.shelf, lambda: self.clock.now_ns() // NS_PER_S)
        PublicApi(
            self.tokens, clock=self.clock, options=self.options, geo=self.geo, gate=self.gate
        ).add_routes(app)
        ListApi(self.markets, self.shelf, options=self.options).add_routes(app)
        PrivateApi(self._venue, self.engine, self.heartbeats).add_routes(app)
        GammaApi(self.markets, self.shelf, clock=self.clock, options=self.options).add_routes(
            app, GAMMA_PREFIX
        )
        DataApi(self.markets, self.wallets, self.trades).add_routes(app, DATA_PREFIX)
        TagApi(self.markets).add_routes(app, GAMMA_PREFIX)
        DataMarketsApi(self.markets, self.tokens, ledger=self.wallets, clock=self.clock).add_routes(
            app, DATA_PREFIX
        )
        RelayerApi(self.accounts, self.wallets).add_routes(app, RELAYER_PREFIX)
        app.router.add_get(MARKET_PATH, self.market_channel.serve)
        app.router.add_get(USER_PATH, self.user_channel.serve)

    def book_crowd_walk(self, market_id: str, side: Side, walk: Walk) -> None:
        """Book and announce a walk that the crowd has executed as taker on `side`."""
        market = self.markets[market_id]
        self.trades.book_walk(market, side, walk, None)
        self.market_channel.publish_walk(market, 0, side, walk)

    def ledger(self) -> dict[str, object]:
        """Return every wallet by address, the crowd's included."""
        return self.wallets.report()

    def describe(self, market_id: str) -> dict[str, object]:
        """Return identifiers, tick, delay and status."""
        market = self.markets[market_id]
        return {
            "condition_id": market.condition_id,
            "token_ids": list(market.spec.token_ids),
            "slug": market.spec.slug,
            "tick": price_text(market.book.tick_e4),
            "neg_risk": market.spec.neg_risk,
            "seconds_delay": market.delay_s,
            "status": market.status,
            "uma_status": market.uma_status,
            "is_listed": market.is_listed,
            "winner": market.winner,
        }

    def set_status(self, market_id: str, status: str) -> None:
        """Set one of `twoleg.sim.polymarket.lifecycle.STATUSES`; ValueError for another one."""
        self.lifecycle.set_status(self.markets[market_id], status)

    def is_open(self, market_id: str) -> bool:
        """Tell whether the market trades now."""
        return self.markets[market_id].status == "open" and self.gate.mode != "restarting"

    def fault_response(self, status: int) -> web.Response:
        """Return the venue's own body for a scripted 429, 500 or 503."""
        headers = {"Retry-After": "1"} if status == 429 else None
        return Refused(status, FAULT_TEXTS[status], headers=headers).response()

    async def order_key(self, request: web.Request) -> str | None:
        """Return the order hash of a POST /order, the first one's of a POST /orders."""
        if request.method != "POST" or request.path not in ("/order", "/orders"):
            return None
        try:
            body = msgspec.json.decode(await request.read())
            posted = parse_order(
                body[0] if isinstance(body, list) and body else body,
                takes_text_salts=self.options.takes_text_salts,
            )
        except (Refused, msgspec.DecodeError):
            return None
        if posted.token_id not in self.tokens:
            return None
        market, _ = self.tokens[posted.token_id]
        return self.engine.admission.order_id(posted, market)

    async def background(self) -> None:
        """Run settlements, expiries and delays."""
        await self.timers.run()

    def urls(self, host: str, port: int) -> dict[str, str]:
        """Return the base addresses; the WebSocket ones are complete."""
        base = f"{host}:{port}"
        return {
            "clob": f"http://{base}",
            "gamma": f"http://{base}{GAMMA_PREFIX}",
            "data": f"http://{base}{DATA_PREFIX}",
            "relayer": f"http://{base}{RELAYER_PREFIX}",
            "site": f"http://{base}",
            "ws_market": f"ws://{base}{MARKET_PATH}",
            "ws_user": f"ws://{base}{USER_PATH}",
        }

    def credentials(self) -> dict[str, object]:
        """Return wallet key, API key, addresses and chain of the default account."""
        return {
            "wallet_key": self.accounts.wallet_key,
            "address": self.accounts.address,
            "deposit_wallet": self.accounts.deposit_wallet,
            "api_creds": self.accounts.default_key.to_json(),
            "chain_id": self.options.chain_id,
        }

    # -- own ---------------------------------------------------------------------------------------

    def note_act(self, wallet: Wallet, kind: str, condition_id: str, cash_micros: int) -> None:
        """Remember what a wallet did or was given beside trades, for its activity."""
        wallet.acts.append((kind, condition_id, cash_micros, self.clock.now_ns() // NS_PER_S))

    def set_tick(self, market_id: str, tick_e4: int) -> None:
        """Change a market's tick and announce it."""
        market = self.markets[market_id]
        old_e4, market.book.tick_e4 = market.book.tick_e4, tick_e4
        if old_e4 != tick_e4:
            self.market_channel.publish_tick(market, old_e4)

    def add_market(self, spec: PolymarketMarket) -> Market:
        """Make a market of its description; without a pair, nobody quotes on it by himself."""
        exchange = self.exchanges.setdefault(spec.condition_id, Exchange(spec.condition_id))
        book = PublishedBook(
            spec.condition_id,
            spec.token_ids,
            tick_e4=spec.tick_e4,
            min_size_e6=self.options.min_size_e6,
            is_neg_risk=spec.neg_risk,
        )
        delay_s = self.options.delay_s_by_market.get(spec.condition_id, spec.seconds_delay)
        market = Market(
            spec=spec,
            rank=len(self.markets),
            exchange=exchange,
            book=book,
            delay_s=delay_s,
            taker_delay_ms=self.options.crypto_delay_ms if spec.category == CRYPTO else 0,
        )
        if spec.is_placeholder:
            market.status, market.is_listed = "closed", False
        self.markets[spec.condition_id] = market
        for token, token_id in enumerate(spec.token_ids):
            self.tokens[token_id] = (market, token)
        self._listen(market)
        if spec.game_start_ts_s is not None:
            self.lifecycle.schedule_game(market, spec.game_start_ts_s)
        return market

    def _open_markets(self) -> None:
        for pair in self.world.pairs:
            self.add_market(pair.polymarket)
        for spec in extra_markets(self.world.seed) if self.options.extra_markets else ():
            market = self.add_market(spec)
            if market.has_book:
                self.lifecycle.quote(market)

    def take(self, market_id: str, side: Side, limit_price_e4: int, size_e6: int) -> int:
        """Execute as other people, who name token 0, up to the limit; return the size traded."""
        market = self.markets[market_id]
        named, market.named = market.named, 0
        try:
            return super().take(market_id, side, limit_price_e4, size_e6)
        finally:
            market.named = named

    def _listen(self, market: Market) -> None:
        def on_change(change: Change) -> None:
            self.market_channel.publish_change(market, change)
            market.sample(self.clock.now_ns() // NS_PER_S)
            if self.options.auto_tick and market.book.tick_e4 == 100 and _is_extreme(market):
                self.set_tick(market.condition_id, 10)

        def on_walk(side: Side, walk: Walk) -> None:
            self.market_channel.foresee_walk(market, side, walk)

        market.exchange.on_change(on_change)
        market.exchange.on_walk(on_walk)

    def _apply_faults(self, request: web.Request, record: OrderRecord) -> None:
        record.market.named = record.token
        self.apply_order_fault(
            request,
            record.market.condition_id,
            record.yes_side,
            record.yes_limit_e4,
            key=record.order_id,
            size_e6=record.size_e6,
            spend_micros=record.spend_micros,
        )

    def _announce(self, market: Market, record: OrderRecord, walk: Walk) -> None:
        self.market_channel.publish_walk(market, record.token, record.yes_side, walk)

    def _tell_order(self, record: OrderRecord, kind: str) -> None:
        event = record.to_event(kind, self.clock.now_ns())
        self.user_channel.publish(record.key.owner, record.market.condition_id, event)

    def _tell_trade(self, trade: Trade) -> None:
        for role, party in (("TAKER", trade.taker), ("MAKER", trade.maker)):
            if party.record is not None:
                event = trade.to_event(role)
                owner = party.record.key.owner
                self.user_channel.publish(owner, trade.market.condition_id, event)

    def _cancel_all(self, key: ApiKey) -> None:
        for record in self.engine.open_orders(key.owner):
            if record.key == key:
                self.engine.end(record, "CANCELED")


def _venue_of(
    world: FlowWorld,
    tokens: dict[str, tuple[Market, int]],
    *,
    clock: Clock,
    sleep: Sleep,
    rng: Random,
    options: PolymarketOptions,
) -> Venue:
    accounts = Accounts(world.seed, chain_id=options.chain_id, skew_s=options.timestamp_skew_s)
    ledger = Ledger(lag_ns=options.conditional_lag_ms * NS_PER_MS)
    for address in (accounts.address, accounts.deposit_wallet):
        ledger.fund(ledger.open(address, accounts.address), options.cash_micros, {})
    timers = Timers(sleep)
    return Venue(
        clock=clock,
        sleep=sleep,
        options=options,
        accounts=accounts,
        ledger=ledger,
        gate=Gate(
            clock,
            post_only_ms=options.post_only_after_restart_ms,
            version=options.order_version,
        ),
        buckets=SignerBuckets(
            clock, limits=options.signer_limits, orders_per_s=options.orders_per_s
        ),
        geo=Geo(options.geo_blocked, options.geo_country, options.geo_region),
        timers=timers,
        trades=Trades(
            clock=clock,
            rng=Random(rng.getrandbits(64)),
            ledger=ledger,
            timers=timers,
            options=options,
        ),
        tokens=tokens,
    )


def _is_extreme(market: Market) -> bool:
    bid_e4, ask_e4 = market.book.top(0)
    return (bid_e4 is not None and bid_e4 > FINE_ABOVE_E4) or (
        ask_e4 is not None and ask_e4 < FINE_BELOW_E4
    )
