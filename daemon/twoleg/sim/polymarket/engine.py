"""Match, rest, delay, cancel and expire the orders of API accounts.

Whether an order is taken at all is `admission`. Matching itself never waits; only a
market's own taker delay comes before it.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from aiohttp import web

from twoleg.sim.exchange import ONE_E4, Order, Walk
from twoleg.sim.polymarket.accounts import ApiKey
from twoleg.sim.polymarket.admission import NO_BOOK, Admission, Venue, too_poor
from twoleg.sim.polymarket.ledger import Hold
from twoleg.sim.polymarket.orders import GTD_EARLY_S, parse_order
from twoleg.sim.polymarket.scripts import ORDER, Scripts
from twoleg.sim.polymarket.state import Market, OrderRecord
from twoleg.sim.polymarket.trades import Taken
from twoleg.sim.polymarket.wire import NS_PER_MS, NS_PER_S, Refused, size_text

FOK_KILLED: Final = "order couldn't be fully filled. FOK orders are fully filled or killed."
FAK_KILLED: Final = (
    "no orders found to match with FAK order. "
    "FAK orders are partially filled or killed if no match is found."
)
NOT_FOUND: Final = "Order not found or already canceled"
ALREADY_MATCHED: Final = "order already matched"
ALREADY_OVER: Final = "already canceled or matched"
# The venue's text is not known.
STILL_DELAYED: Final = "order is delayed and can not be canceled yet"
# How an order can end without its owner's doing.
ENDS: Final = (
    "CANCELED",
    "CANCELED_EXPIRED_ORDER",
    "CANCELED_MARKET_NOT_FOUND",
    "CANCELED_MARKET_RESOLVED",
    "CANCELED_NOT_ENOUGH_BALANCE",
    "CANCELED_ORDER_TIMED_OUT",
    "INVALID",
)
# Applies scripted faults of an order just before matching.
BeforeMatch = Callable[[web.Request, OrderRecord], None]
# Announces a walk on the market channel.
Announce = Callable[[Market, OrderRecord, Walk], None]


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
        self.admission = Admission(venue)
        # Answers to single orders that were scripted.
        self.scripts = Scripts()
        # Every order that was ever accepted, by hash.
        self.orders: dict[str, OrderRecord] = venue.trades.orders

    async def place(self, request: web.Request, key: ApiKey, body: object) -> dict[str, object]:
        """Serve one order; return the body of the answer."""
        posted = parse_order(body, takes_text_salts=self._venue.options.takes_text_salts)
        record = self.admission.accept(posted, key)
        is_marketable = self._is_marketable(record)
        if is_marketable:
            self.admission.check_crossing(record)
        self.admission.check_funds(record)
        script = self.scripts.take(ORDER)
        if script is None:
            return await self._serve(request, record, is_marketable=is_marketable)
        if script.is_after:
            # It happens, or is killed, and nobody is told which.
            with suppress(Refused):
                await self._serve(request, record, is_marketable=is_marketable)
        raise script.refusal(record.order_id)

    async def _serve(
        self, request: web.Request, record: OrderRecord, *, is_marketable: bool
    ) -> dict[str, object]:
        market = record.market
        self.orders[record.order_id] = record
        market.named = record.token
        if record.posted.is_deferred or (is_marketable and market.delay_s):
            delay_ms = market.delay_s * 1_000 if is_marketable else 0
            return self._delay(request, record, delay_ms)
        if is_marketable and market.taker_delay_ms:
            await self._wait_for_turn(record, self._venue.sleep(market.taker_delay_ms / 1_000))
        taken = self._execute(request, record)
        status = self._answered_status(record, taken, is_marketable=is_marketable)
        return _answer(record, status, taken)

    def _is_marketable(self, record: OrderRecord) -> bool:
        return record.posted.is_market or record.market.exchange.would_cross(
            record.yes_side, record.yes_limit_e4
        )

    def _answered_status(self, record: OrderRecord, taken: Taken, *, is_marketable: bool) -> str:
        if taken.trades:
            is_whole = record.status == "MATCHED" or record.posted.is_market
            return "matched" if is_whole else self._venue.options.partly_filled_status
        # It would have traded when it came, and did not when its turn was: it rests.
        return "unmatched" if is_marketable else "live"

    def cancel(self, order_id: str, owner: str) -> str | None:
        """Cancel an order of this EOA; return None, or why not."""
        record = self.orders.get(order_id)
        if record is None or record.key.owner != owner:
            return NOT_FOUND
        if record.status == "DELAYED":
            return STILL_DELAYED
        if self.is_live(record):
            self.end(record, "CANCELED")
            return None
        if self._venue.options.merges_cancel_reasons:
            return ALREADY_OVER
        return ALREADY_MATCHED if record.status == "MATCHED" else NOT_FOUND

    def end_by_venue(self, order_id: str, status: str) -> None:
        """End a resting order with one of ENDS; ValueError when it does not rest."""
        record = self.orders.get(order_id)
        if status not in ENDS:
            raise ValueError(f"status must be one of {', '.join(ENDS)}")
        if record is None or not self.is_live(record):
            raise ValueError(f"no order {order_id!r} rests")
        self.end(record, status)

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

    def _delay(self, request: web.Request, record: OrderRecord, delay_ms: int) -> dict[str, object]:
        wallet = self._venue.ledger.open(record.wallet, record.key.owner)
        token_id = "" if record.posted.is_buy else record.posted.token_id
        wallet.holds[record.order_id] = Hold(token_id, self.admission.funds(record)[1])
        record.note(self._venue.clock.now_ns(), "DELAYED")
        self._on_event(record, "PLACEMENT")
        self._venue.timers.after(delay_ms, lambda: self._execute_delayed(request, record))
        return _answer(record, "delayed", None)

    def _execute_delayed(self, request: web.Request, record: OrderRecord) -> None:
        wallet = self._venue.ledger.open(record.wallet, record.key.owner)
        wallet.holds.pop(record.order_id, None)
        if record.market.status != "open":
            self.end(record, "CANCELED_MARKET_NOT_FOUND")
            return
        free, needed = self.admission.funds(record)
        if free < needed:
            self.end(record, "CANCELED_NOT_ENOUGH_BALANCE")
            return
        if record.posted.is_post_only and self._is_marketable(record):
            self.end(record, "INVALID")
            return
        try:
            self._execute(request, record)
        except Refused:
            # The user channel has been told; there is no request left to answer.
            return

    async def _wait_for_turn(self, record: OrderRecord, pause: Awaitable[None]) -> None:
        await pause
        free, needed = self.admission.funds(record)
        is_open = record.market.status == "open"
        if not is_open or free < needed:
            record.note(self._venue.clock.now_ns(), "INVALID")
            raise Refused(404, NO_BOOK) if not is_open else too_poor(free, needed)

    def _execute(self, request: web.Request, record: OrderRecord) -> Taken:
        if self._is_marketable(record):
            self._before_match(request, record)
        walk = self.admission.quote(record)
        if record.posted.order_type == "FOK" and not _is_full(record, walk):
            self.end(record, f"CANCELED_{FOK_KILLED}")
            raise Refused(400, FOK_KILLED)
        if record.posted.order_type == "FAK" and not walk.matches:
            self.end(record, f"CANCELED_{FAK_KILLED}")
            raise Refused(400, FAK_KILLED, order_id=record.order_id)
        was_delayed = record.status == "DELAYED"
        record.note(self._venue.clock.now_ns(), "LIVE")
        if not was_delayed:
            self._on_event(record, "PLACEMENT")
        elif not walk.matches:
            record.note(self._venue.clock.now_ns(), "UNMATCHED")
            self._on_event(record, "UPDATE")
        taken = self._take(record)
        self._settle_rest(record, is_full=_is_full(record, walk))
        return taken

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
            # Which events tell of the part and of the end is not documented.
            if self._venue.options.tells_fak_update:
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
