"""Taps on both simulated venues: every order at the door, every trade, every state of the books.

The witness only writes down. It is attached before the venues start to listen, wraps their methods
from outside, and knows nothing of the daemon.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.simulation.sightings import BookStates, PairTruth, Sent, Traded, read_kalshi_order
from tests.simulation.sightings import read_polymarket_order as read_posted
from twoleg.core.market import Venue
from twoleg.sim.base import VenueSim
from twoleg.sim.exchange import Change, Exchange
from twoleg.sim.kalshi.ledger import Account
from twoleg.sim.kalshi.orders import Fill, NewOrder, UserOrder
from twoleg.sim.kalshi.venue import KalshiSim
from twoleg.sim.polymarket.state import Party, Trade
from twoleg.sim.polymarket.venue import PolymarketSim

K, P = Venue.KALSHI, Venue.POLYMARKET
KALSHI_ORDERS = "/trade-api/v2/portfolio/events/orders"
POLYMARKET_ORDERS = "/order"
KALSHI_ENDS = ("determined", "disputed", "amended", "finalized")
Pot = tuple[Venue, int]
"""Cash lies per venue and shard."""
Place = tuple[Venue, str, int]
"""(venue, market, 0 for YES or 1 for NO); Kalshi's holding is one signed number at 0."""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Middleware = Callable[[web.Request, Handler], Awaitable[web.StreamResponse]]


class Witness:
    """What happened at both venues, in order. `on_sent` is called in the moment of an arrival."""

    def __init__(
        self, kalshi: KalshiSim, polymarket: PolymarketSim, *, account: str = "default"
    ) -> None:
        self.kalshi = kalshi
        self.polymarket = polymarket
        self.account = kalshi.accounts[account]
        wallet = str(polymarket.credentials()["deposit_wallet"])
        self.wallet = polymarket.wallets.wallets[wallet.lower()]
        self.pairs = tuple(PairTruth.of(spec) for spec in kalshi.world.pairs)
        self.sent: list[Sent] = []
        self.trades: list[Traded] = []
        self.by_id: dict[tuple[Venue, str, str], Traded] = {}
        self.states: dict[tuple[Venue, str], BookStates] = {}
        self.on_sent: Callable[[Sent], None] = _nothing
        # Told of an order when it comes to matching.
        self.on_entered: Callable[[Sent], None] = _nothing
        self.voids = 0
        # What our trades alone have made of cash and holdings.
        self._traded: dict[Pot, int] = {}
        self._sized: dict[Place, int] = {}
        self._opening = self.pots()
        self._opening_e6 = self._places()
        self._wrap_door(kalshi, KALSHI_ORDERS, self._see_kalshi)
        self._wrap_door(polymarket, POLYMARKET_ORDERS, self._see_polymarket)
        self._wrap_kalshi(kalshi)
        self._wrap_polymarket(polymarket)
        for venue, sim in ((K, kalshi), (P, polymarket)):
            for market, exchange in sim.exchanges.items():
                self._follow(venue, market, exchange)

    def now_ns(self) -> int:
        """Wall time of the venues."""
        return self.kalshi.clock.now_ns()

    # -- reading the venues' own ledgers -----------------------------------------------------

    def cash_micros(self, venue: Venue, shard: int = 0) -> int:
        if venue is P:
            return self.wallet.cash_micros
        return self.account.cash_micros.get(shard, 0)

    def pots(self) -> dict[Pot, int]:
        """All cash of our account."""
        pots = {(K, shard): micros for shard, micros in self.account.cash_micros.items()}
        pots[P, 0] = self.wallet.cash_micros
        return pots

    def external_micros(self) -> dict[Pot, int]:
        """Cash that came (or went) beside our trades, since the witness was attached."""
        return {
            pot: micros - self._opening.get(pot, 0) - self._traded.get(pot, 0)
            for pot, micros in self.pots().items()
        }

    def external_e6(self) -> dict[Place, int]:
        """Holdings that came beside our trades."""
        return {
            place: size_e6 - self._opening_e6.get(place, 0) - self._sized.get(place, 0)
            for place, size_e6 in self._places().items()
        }

    def counted(self) -> tuple[int, ...]:
        """All cash and holdings, in an order of their own: the same while no ledger moves."""
        position, tokens = self.account.position_e6, self.wallet.tokens_e6
        return (
            self.wallet.cash_micros,
            *self.account.cash_micros.values(),
            *[position(pair.kalshi) for pair in self.pairs],
            *tokens.values(),
        )

    def _places(self) -> dict[Place, int]:
        places: dict[Place, int] = {}
        for pair in self.pairs:
            places[K, pair.kalshi, 0] = self.account.position_e6(pair.kalshi)
            for index, token in enumerate(pair.tokens):
                places[P, pair.polymarket, index] = self.wallet.tokens_e6.get(token, 0)
        return places

    def held_e6(self, pair: PairTruth, venue: Venue) -> tuple[int, int]:
        """(YES, NO) of a pair's market by the venue's ledger; Kalshi's as one of both."""
        if venue is K:
            yes_e6 = self.account.position_e6(pair.kalshi)
            return max(yes_e6, 0), max(-yes_e6, 0)
        tokens = self.wallet.tokens_e6
        return tokens.get(pair.tokens[0], 0), tokens.get(pair.tokens[1], 0)

    def secrets(self) -> tuple[str, ...]:
        """What no log may show: both private keys, and the API key's secret and passphrase."""
        accounts = self.polymarket.accounts
        path = self.kalshi.credentials()["private_key_path"]
        lines = [] if path is None else Path(str(path)).read_text().splitlines()
        # A key may be told with its line breaks, or without.
        body = [line for line in lines if line and not line.startswith("-")]
        key = accounts.default_key
        return (accounts.wallet_key.removeprefix("0x"), key.secret, key.passphrase, *body)

    def is_pending(self, sent: Sent) -> bool:
        """Whether an order that came may still fill: at the door, or delayed by its market."""
        if not sent.is_done:
            return True
        record = self.polymarket.engine.orders.get(sent.key)
        return record is not None and record.status == "DELAYED"

    def is_resolved(self, venue: Venue, market: str) -> bool:
        """Whether a market ended by its venue's word."""
        if venue is K:
            return self.kalshi.markets[market].status_set in KALSHI_ENDS
        return self.polymarket.markets[market].status == "resolved"

    # -- taps --------------------------------------------------------------------------------

    def _wrap_door(
        self, sim: VenueSim, path: str, see: Callable[[web.Request, Any], Awaitable[Sent | None]]
    ) -> None:
        make_inner: Callable[[], Middleware] = vars(VenueSim)["_fault_middleware"].__get__(sim)

        def make() -> Middleware:
            inner = make_inner()

            @web.middleware
            async def door(request: web.Request, handler: Handler) -> web.StreamResponse:
                sent = None
                if request.method == "POST" and request.path == path:
                    sent = await see(request, _decoded(await request.read()))
                try:
                    return await inner(request, handler)
                finally:
                    if sent is not None:
                        sent.is_done = True

            return door

        vars(sim)["_fault_middleware"] = make

    async def _see_kalshi(self, request: web.Request, body: Any) -> Sent | None:
        del request
        read = read_kalshi_order(body)
        return None if read is None else self._note_sent(K, read)

    async def _see_polymarket(self, request: web.Request, body: Any) -> Sent | None:
        tokens = {t: (m.condition_id, i) for t, (m, i) in self.polymarket.tokens.items()}
        read = read_posted(body, tokens)
        if read is None:
            return None
        return self._note_sent(P, {**read, "key": await self.polymarket.order_key(request) or ""})

    def _note_sent(self, venue: Venue, read: Mapping[str, Any]) -> Sent:
        sent = Sent(no=len(self.sent), at_ns=self.now_ns(), venue=venue, **read)
        if venue is K:
            state = self.kalshi.markets.get(sent.market)
            shard = 0 if state is None else state.shard
            sent.cash_micros = self.account.cash_micros.get(shard, 0)
            sent.held_e6 = self.account.position_e6(sent.market)
        else:
            token = self.polymarket.markets[sent.market].spec.token_ids[sent.token]
            sent.cash_micros = self.wallet.free_micros()
            sent.held_e6 = self.wallet.tokens_e6.get(token, 0)
        self.sent.append(sent)
        self.on_sent(sent)
        return sent

    def _wrap_kalshi(self, sim: KalshiSim) -> None:
        create, publish_fill = sim.desk.create, sim.desk.blotter.publish_fill

        def enter(member: Account, new: NewOrder, **named: Any) -> UserOrder:
            self._mark_entered(new.client_order_id)
            return create(member, new, **named)

        def note(fill: Fill) -> None:
            if fill.order.account is self.account:
                self._note_kalshi(fill)
            publish_fill(fill)

        vars(sim.desk)["create"] = enter
        vars(sim.desk.blotter)["publish_fill"] = note

    def _note_kalshi(self, fill: Fill) -> None:
        order = fill.order
        worth = fill.size_e6 * fill.price_e4 // 10_000
        signed_e6 = fill.size_e6 if order.side == "bid" else -fill.size_e6
        place = (K, order.ticker, 0)
        after_e6 = self._opening_e6.get(place, 0) + self._sized.get(place, 0) + signed_e6
        # Each NO that is held has a dollar locked. What the venue pays out because ours nets with
        # what others brought is money beside our trades.
        cash = min(0, after_e6) - min(0, after_e6 - signed_e6) - fill.fee_micros
        cash += -worth if order.side == "bid" else worth
        self._move((K, order.shard), cash, place, signed_e6)
        self._note_trade(
            Traded(
                no=len(self.trades),
                at_ns=self.now_ns(),
                venue=K,
                market=order.ticker,
                key=order.request.client_order_id,
                trade_id=fill.trade_id,
                side=order.side,
                price_e4=fill.price_e4,
                size_e6=fill.size_e6,
                cash_micros=-worth if order.side == "bid" else worth,
                fee_micros=fill.fee_micros,
                is_buy=order.side == "bid",
            )
        )

    def _wrap_polymarket(self, sim: PolymarketSim) -> None:
        tell, accept = sim.trades.on_trade, sim.engine.admission.accept

        def note(trade: Trade) -> None:
            self._note_polymarket(trade)
            tell(trade)

        def enter(*arguments: Any) -> Any:
            record = accept(*arguments)
            self._mark_entered(record.order_id)
            return record

        sim.trades.on_trade = note
        vars(sim.engine.admission)["accept"] = enter

    def _note_polymarket(self, trade: Trade) -> None:
        for party, entry in zip((trade.taker, trade.maker), trade.entries, strict=True):
            if entry.wallet.lower() != self.wallet.address.lower():
                continue
            known = self.by_id.get((P, trade.trade_id, party.order_id))
            place = (P, trade.market.condition_id, party.token)
            cash = entry.cash_micros - entry.fee_micros
            if known is None:
                self._note_trade(self._as_traded(trade, party, entry.cash_micros, entry.fee_micros))
                self._move((P, 0), cash, place, entry.size_e6)
            elif trade.status == "FAILED" and not known.is_void:
                known.is_void, known.void_ns = True, self.now_ns()
                self._move((P, 0), -cash, place, -entry.size_e6)
                self.voids += 1

    def _move(self, pot: Pot, micros: int, place: Place, size_e6: int) -> None:
        self._traded[pot] = self._traded.get(pot, 0) + micros
        self._sized[place] = self._sized.get(place, 0) + size_e6

    def _as_traded(self, trade: Trade, party: Party, cash_micros: int, fee_micros: int) -> Traded:
        is_buy = party.side == "BUY"
        yes_e4 = party.price_e4 if party.token == 0 else 10_000 - party.price_e4
        return Traded(
            no=len(self.trades),
            at_ns=self.now_ns(),
            venue=P,
            market=trade.market.condition_id,
            key=party.order_id,
            trade_id=trade.trade_id,
            side="bid" if is_buy == (party.token == 0) else "ask",
            price_e4=yes_e4,
            size_e6=trade.size_e6,
            cash_micros=cash_micros,
            fee_micros=fee_micros,
            token=party.token,
            is_buy=is_buy,
        )

    def _note_trade(self, traded: Traded) -> None:
        self.trades.append(traded)
        self.by_id[traded.venue, traded.trade_id, traded.key] = traded

    def _mark_entered(self, key: str) -> None:
        for sent in reversed(self.sent):
            if sent.key == key:
                sent.is_entered = True
                self.on_entered(sent)
                return

    def _follow(self, venue: Venue, market: str, exchange: Exchange) -> None:
        states = self.states[venue, market] = BookStates()
        states.load(exchange, self.now_ns())

        def note(change: Change) -> None:
            states.apply(change, self.now_ns())

        exchange.on_change(note)


def _decoded(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return None


def _nothing(sent: Sent) -> None:
    del sent
