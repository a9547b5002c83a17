"""Take, match, rest, cancel and expire the orders of API accounts.

The order of checks is the venue's as far as reports show it: identity, signature, terms, funds,
then the book. Matching itself never waits; only a market's own taker delay comes before it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from twoleg.sim.exchange import ONE_E4, Order, Walk
from twoleg.sim.flow import Clock, Sleep
from twoleg.sim.polymarket_accounts import Accounts, ApiKey
from twoleg.sim.polymarket_fees import taker_fee_micros
from twoleg.sim.polymarket_gate import Gate
from twoleg.sim.polymarket_ledger import Hold, Ledger
from twoleg.sim.polymarket_options import PolymarketOptions
from twoleg.sim.polymarket_orders import (
    GTD_EARLY_S,
    PostedOrder,
    check_marketable,
    check_size,
    check_terms,
    parse_order,
)
from twoleg.sim.polymarket_sign import (
    TYPE_DEPOSIT_WALLET,
    exchange_domain,
    is_order_signed,
    order_hash,
)
from twoleg.sim.polymarket_state import Market, OrderRecord
from twoleg.sim.polymarket_timers import Timers
from twoleg.sim.polymarket_trades import Taken, Trades
from twoleg.sim.polymarket_wire import NS_PER_MS, NS_PER_S, Refused, size_text

FOK_KILLED: Final = "order couldn't be fully filled. FOK orders are fully filled or killed."
FAK_KILLED: Final = (
    "no orders found to match with FAK order. "
    "FAK orders are partially filled or killed if no match is found."
)
NO_BOOK: Final = "No orderbook exists for the requested token id"
NOT_READY: Final = "the market is not yet ready to process new orders"
SIGNER_WRONG: Final = "the order signer address has to be the address of the API KEY"
MAKER_WRONG: Final = "maker address not allowed, please use the deposit wallet flow"
# Applies scripted faults of an order just before matching.
BeforeMatch = Callable[[web.Request, OrderRecord], None]
# Announces a walk on the market channel.
Announce = Callable[[Market, OrderRecord, Walk], None]


@dataclass(frozen=True, slots=True)
class Venue:
    """The parts of the venue that the engine works on."""

    clock: Clock
    sleep: Sleep
    options: PolymarketOptions
    accounts: Accounts
    ledger: Ledger
    gate: Gate
    timers: Timers
    trades: Trades
    # Markets by token id, with the token's index.
    tokens: dict[str, tuple[Market, int]]


class Engine:
    """The orders of API accounts. What the venue answers with an error is raised as Refused."""

    def __init__(
        self,
        venue: Venue,
        *,
        before_match: BeforeMatch,
        announce: Announce,
        on_event: Callable[[OrderRecord, str], None],
    ) -> None:
        self._venue = venue
        self._before_match = before_match
        self._announce = announce
        # Tells the user channel: PLACEMENT, UPDATE or CANCELLATION.
        self._on_event = on_event
        # Every order that was ever accepted, by hash.
        self.orders: dict[str, OrderRecord] = venue.trades.orders

    async def place(self, request: web.Request, key: ApiKey, body: object) -> dict[str, object]:
        """Serve one order; return the body of the answer."""
        posted = parse_order(body)
        self._venue.gate.check_order(is_post_only=posted.is_post_only)
        record = self._accept(posted, key)
        market = record.market
        is_marketable = posted.is_market or market.exchange.would_cross(
            record.yes_side, record.yes_limit_e4
        )
        if is_marketable:
            if posted.is_post_only:
                raise Refused(400, "invalid post-only order: order crosses book")
            check_marketable(posted)
        self._check_funds(record)
        self.orders[record.order_id] = record
        market.named = record.token
        if is_marketable and market.delay_s:
            return self._delay(request, record)
        if is_marketable and market.taker_delay_ms:
            await self._wait_for_turn(record, self._venue.sleep(market.taker_delay_ms / 1_000))
        return self._execute(request, record)

    def cancel(self, order_id: str, owner: str) -> str | None:
        """Cancel an order of this EOA; return None, or why not."""
        record = self.orders.get(order_id)
        if record is None or record.key.owner != owner:
            return "Order not found or already canceled"
        if record.status == "DELAYED":
            return "order is delayed and can not be canceled yet"
        if record.status == "MATCHED":
            return "order already matched"
        if not self.is_live(record):
            return "Order not found or already canceled"
        self.end(record, "CANCELED")
        return None

    def open_orders(self, owner: str) -> list[OrderRecord]:
        """Return an EOA's resting orders, oldest first."""
        return [r for r in self.orders.values() if r.key.owner == owner and self.is_live(r)]

    def is_live(self, record: OrderRecord) -> bool:
        """Tell whether an order rests in the book."""
        return record.market.exchange.get(record.order_id) is not None

    def end(self, record: OrderRecord, status: str) -> None:
        """Take an order out of the book and release what it kept back."""
        record.market.exchange.cancel(record.order_id)
        self._venue.trades.hold_rest(record, 0)
        record.note(self._venue.clock.now_ns(), status)
        self._on_event(record, "CANCELLATION")

    def end_market(self, market: Market, status: str) -> None:
        """End every resting order of a market."""
        for record in list(self.orders.values()):
            if record.market is market and self.is_live(record):
                self.end(record, status)

    def _accept(self, posted: PostedOrder, key: ApiKey) -> OrderRecord:
        venue = self._venue
        market, token = venue.tokens.get(posted.token_id, (None, 0))
        if market is None or market.status in ("closed", "resolved"):
            raise Refused(404, NO_BOOK)
        if market.status == "paused":
            raise Refused(400, NOT_READY)
        chain_id = venue.options.chain_id
        domain = exchange_domain(
            posted.struct.token_id, is_neg_risk=market.spec.neg_risk, chain_id=chain_id
        )
        order_id = order_hash(posted.struct, domain)
        self._check_identity(posted, key)
        if not is_order_signed(
            posted.struct, posted.signature, owner=key.owner, domain=domain, chain_id=chain_id
        ):
            raise Refused(400, "invalid signature")
        if order_id in self.orders:
            raise Refused(400, f"order {order_id} is invalid. Duplicated.")
        now_ns = venue.clock.now_ns()
        check_terms(posted, order_id, tick_e4=market.book.tick_e4, now_s=now_ns // NS_PER_S)
        if not posted.is_market or venue.options.min_size_on_market_orders:
            check_size(posted, order_id, market.book.min_size_e6)
        return OrderRecord(order_id, key, posted, market, token, now_ns)

    def _check_identity(self, posted: PostedOrder, key: ApiKey) -> None:
        struct = posted.struct
        if posted.owner != key.key:
            raise Refused(400, "the order owner has to be the owner of the API KEY")
        maker, signer = struct.maker.lower(), struct.signer.lower()
        own = self._venue.accounts.wallet_of(key.owner, struct.signature_type)
        is_deposit = struct.signature_type == TYPE_DEPOSIT_WALLET
        # A deposit wallet signs for itself (ERC-1271); every other maker is signed for by the EOA.
        if signer != (own if is_deposit else key.owner):
            raise Refused(400, SIGNER_WRONG)
        if maker != own or (self._venue.options.requires_deposit_wallet and not is_deposit):
            raise Refused(400, MAKER_WRONG)

    def _check_funds(self, record: OrderRecord) -> None:
        free, needed = self._funds(record)
        if free < needed:
            raise _too_poor(free, needed)

    def _funds(self, record: OrderRecord) -> tuple[int, int]:
        """Return what is free and what the order needs: pUSD with fees, or tokens."""
        venue = self._venue
        wallet = venue.ledger.open(record.wallet, record.key.owner)
        if not record.posted.is_buy:
            now_ns = venue.clock.now_ns()
            return wallet.free_e6(record.posted.token_id, now_ns), record.posted.shares_e6
        walk = record.market.exchange.quote(
            record.yes_side,
            record.yes_limit_e4,
            account=record.wallet,
            size_e6=record.size_e6,
            spend_micros=record.spend_micros,
        )
        fee_micros = sum(
            taker_fee_micros(
                match.size_e6,
                match.price_e4,
                record.market.spec.fee_rate_e4,
                venue.options.fee_rounding,
            )
            for match in walk.matches
        )
        return wallet.free_micros(), record.posted.cash_micros + fee_micros

    def _delay(self, request: web.Request, record: OrderRecord) -> dict[str, object]:
        wallet = self._venue.ledger.open(record.wallet, record.key.owner)
        token_id = "" if record.posted.is_buy else record.posted.token_id
        wallet.holds[record.order_id] = Hold(token_id, self._funds(record)[1])
        record.note(self._venue.clock.now_ns(), "DELAYED")
        self._on_event(record, "PLACEMENT")
        delay_ms = record.market.delay_s * 1_000
        self._venue.timers.after(delay_ms, lambda: self._execute_delayed(request, record))
        return _answer(record, "delayed", None)

    def _execute_delayed(self, request: web.Request, record: OrderRecord) -> None:
        wallet = self._venue.ledger.open(record.wallet, record.key.owner)
        wallet.holds.pop(record.order_id, None)
        if record.market.status != "open":
            self.end(record, "CANCELED_MARKET_NOT_FOUND")
            return
        free, needed = self._funds(record)
        if free < needed:
            self.end(record, "CANCELED_NOT_ENOUGH_BALANCE")
            return
        try:
            self._execute(request, record)
        except Refused:
            # The user channel has been told; there is no request left to answer.
            return

    async def _wait_for_turn(self, record: OrderRecord, pause: Awaitable[None]) -> None:
        await pause
        free, needed = self._funds(record)
        is_open = record.market.status == "open"
        if not is_open or free < needed:
            record.note(self._venue.clock.now_ns(), "INVALID")
            raise Refused(404, NO_BOOK) if not is_open else _too_poor(free, needed)

    def _execute(self, request: web.Request, record: OrderRecord) -> dict[str, object]:
        exchange = record.market.exchange
        if record.posted.is_market or exchange.would_cross(record.yes_side, record.yes_limit_e4):
            self._before_match(request, record)
        walk = self._quote(record)
        if record.posted.order_type == "FOK" and not _is_full(record, walk):
            self.end(record, f"CANCELED_{FOK_KILLED}")
            raise Refused(400, FOK_KILLED)
        if record.posted.order_type == "FAK" and not walk.matches:
            self.end(record, f"CANCELED_{FAK_KILLED}")
            raise Refused(400, FAK_KILLED, order_id=record.order_id)
        is_placed = record.status == "LIVE"
        record.note(self._venue.clock.now_ns(), "LIVE")
        if is_placed:
            self._on_event(record, "PLACEMENT")
        taken = self._take(record)
        self._settle_rest(record, is_full=_is_full(record, walk))
        return _answer(record, "matched" if taken.trades else "live", taken)

    def _quote(self, record: OrderRecord) -> Walk:
        return record.market.exchange.quote(
            record.yes_side,
            record.yes_limit_e4,
            account=record.wallet,
            size_e6=record.size_e6,
            spend_micros=record.spend_micros,
        )

    def _take(self, record: OrderRecord) -> Taken:
        market = record.market
        walk = market.exchange.take(
            record.yes_side,
            record.yes_limit_e4,
            account=record.wallet,
            size_e6=record.size_e6,
            spend_micros=record.spend_micros,
        )
        taken = self._venue.trades.book_walk(market, record.yes_side, walk, record)
        if walk.matches:
            self._announce(market, record, walk)
        return taken

    def _settle_rest(self, record: OrderRecord, *, is_full: bool) -> None:
        now_ns = self._venue.clock.now_ns()
        if is_full:
            record.note(now_ns, "MATCHED")
            self._on_event(record, "UPDATE")
        elif record.posted.is_market:
            record.note(now_ns, "LIVE")
            self._on_event(record, "UPDATE")
            self.end(record, "CANCELED")
        else:
            self._rest(record)

    def _rest(self, record: OrderRecord) -> None:
        left_e6 = record.posted.shares_e6 - record.matched_e6
        self._venue.trades.hold_rest(record, left_e6)
        record.market.exchange.add(
            Order(record.order_id, record.wallet, record.yes_side, record.yes_limit_e4, left_e6)
        )
        record.note(self._venue.clock.now_ns(), "LIVE")
        if record.matched_e6:
            self._on_event(record, "UPDATE")
        if record.posted.order_type == "GTD":
            end_ns = (record.posted.expiration_s - GTD_EARLY_S) * NS_PER_S
            delay_ms = -(-(end_ns - record.created_ns) // NS_PER_MS)
            self._venue.timers.after(delay_ms, lambda: self._expire(record))

    def _expire(self, record: OrderRecord) -> None:
        if self.is_live(record):
            self.end(record, "CANCELED_EXPIRED_ORDER")


def _too_poor(free: int, needed: int) -> Refused:
    return Refused(
        400,
        "not enough balance / allowance: the balance is not enough -> "
        f"balance: {max(free, 0)}, order amount: {needed}",
    )


def _is_full(record: OrderRecord, walk: Walk) -> bool:
    """Tell whether a walk exhausts the order: all its shares, or its dollars to the micro."""
    spend_micros = record.spend_micros
    if spend_micros is None:
        return walk.size_e6 == record.posted.shares_e6
    exact_e4 = sum(
        match.size_e6 * (match.price_e4 if record.token == 0 else ONE_E4 - match.price_e4)
        for match in walk.matches
    )
    return -(-exact_e4 // ONE_E4) == spend_micros


def _answer(record: OrderRecord, status: str, taken: Taken | None) -> dict[str, object]:
    making = taking = ""
    trade_ids: list[str] = []
    if taken is not None and taken.trades:
        trade_ids = [trade.trade_id for trade in taken.trades]
        cash, shares = size_text(taken.cash_micros), size_text(taken.size_e6)
        making, taking = (cash, shares) if record.posted.is_buy else (shares, cash)
    return {
        "success": True,
        "errorMsg": "",
        "orderID": record.order_id,
        "status": status,
        "makingAmount": making,
        "takingAmount": taking,
        "tradeIDs": trade_ids,
        "transactionsHashes": [],
    }
