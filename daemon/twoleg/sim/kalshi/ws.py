"""Kalshi's WebSocket hub: accepts connections and sends what happens to all who subscribed.

Kalshi docs, asyncapi 2.0.0, 2026-10. Several sessions of one account see the same frames with the
same clocks, each with its own numbering.
"""

from collections.abc import Callable
from typing import Final

from aiohttp import web

from twoleg.sim.exchange import Change, Match, Side
from twoleg.sim.faults import Faults
from twoleg.sim.flow import Clock, Sleep
from twoleg.sim.kalshi.auth import ApiKey
from twoleg.sim.kalshi.channels import CHANNELS, Subscription
from twoleg.sim.kalshi.commands import Commands
from twoleg.sim.kalshi.fee_schedule import FeeChange
from twoleg.sim.kalshi.frames import (
    Message,
    delta_message,
    position_message,
    ticker_message,
    trade_message,
)
from twoleg.sim.kalshi.ledger import Account, Position
from twoleg.sim.kalshi.markets import MarketState
from twoleg.sim.kalshi.orders import Fill, UserOrder
from twoleg.sim.kalshi.session import FAREWELL, Session
from twoleg.sim.kalshi.tape import Tape
from twoleg.sim.kalshi.text import count_text
from twoleg.sim.kalshi.wire_options import WireOptions
from twoleg.sim.sockets import Socket

# Kalshi docs, websocket keep-alive, 2026-10.
PING_EVERY_S: Final = 10.0
PING_PAYLOAD: Final = b"heartbeat"


class Hub:
    """All sessions, and the frames that trading and lifecycle send them."""

    def __init__(
        self,
        clock: Clock,
        options: WireOptions,
        *,
        tape: Tape,
        open_interest: Callable[[str], int],
    ) -> None:
        self._clock = clock
        self._options = options
        self._tape = tape
        self._open_interest = open_interest
        # In the order in which they connected.
        self.sessions: dict[Session, None] = {}
        # Contracts ever traded, by user, subaccount and market.
        self._traded_e6: dict[tuple[str, int, str], int] = {}

    async def serve(
        self,
        request: web.Request,
        key: ApiKey,
        markets: dict[str, MarketState],
        *,
        faults: Faults,
        sleep: Sleep,
        sockets: set[Socket],
    ) -> web.StreamResponse:
        """Serve a connection whose signature is right until it ends."""
        options = self._options
        socket = Socket(
            request, faults=faults, sleep=sleep, farewell=FAREWELL, deflate=options.deflate
        )
        session = Session(
            key,
            socket,
            markets=markets,
            clock=self._clock,
            options=options,
            ticker_frame=self.ticker_message,
        )
        if options.overflow == "subscriptions":
            socket.on_overflow = session.end_all
        sockets.add(socket)
        self.sessions[session] = None
        try:
            return await socket.run(
                Commands(session).on_text,
                ping_every_s=PING_EVERY_S if options.pings else None,
                ping_payload=PING_PAYLOAD,
            )
        finally:
            del self.sessions[session]
            sockets.discard(socket)

    # -- trading -----------------------------------------------------------------------------------

    def delta(self, market: MarketState, change: Change, cause: UserOrder | None) -> None:
        """Tell subscribers of a book that a level has changed; `cause` is a member's order."""
        now_ms, clock = self._now_ms(), market.clock
        market.last_change = (change, clock, now_ms)
        messages: dict[bool, Message] = {}
        for session, subscription in self._subscribed("orderbook_delta", market.ticker):
            in_yes = subscription.use_yes_price
            if in_yes not in messages:
                messages[in_yes] = delta_message(
                    market,
                    change,
                    clock=clock if self._options.has_clock else None,
                    ts_ms=now_ms,
                    use_yes_price=in_yes,
                )
            message = messages[in_yes]
            if cause is not None and _is_own(session, cause.account):
                # Present only on deltas caused by one's own orders.
                message = {**message, "subaccount": cause.account.subaccount}
                if cause.request.client_order_id:
                    message["client_order_id"] = cause.request.client_order_id
            session.send(subscription, "orderbook_delta", message)

    def user_order(self, order: UserOrder) -> None:
        """Announce an order's new state to its owner."""
        self._tell_owner("user_orders", "user_order", order.account, order.ticker, order.to_ws())

    def fill(self, fill: Fill) -> None:
        """Announce a fill, and the position that it has changed, to its owner."""
        order = fill.order
        account, ticker = order.account, order.ticker
        self._tell_owner("fill", "fill", account, ticker, fill.to_ws())
        key = (account.name, account.subaccount, ticker)
        self._traded_e6[key] = self._traded_e6.get(key, 0) + fill.size_e6
        self.position(account, ticker)

    def position(self, account: Account, ticker: str) -> None:
        """Announce a position's new state to its owner."""
        volume_e6 = self._traded_e6.get((account.name, account.subaccount, ticker), 0)
        message = position_message(
            ticker,
            account.user_id,
            account.positions.get(ticker, Position()),
            volume_e6=volume_e6,
            subaccount=account.subaccount,
        )
        self._tell_owner("market_positions", "market_position", account, ticker, message)

    def trade(self, market: MarketState, trade_id: str, taker_side: Side, match: Match) -> None:
        """Put an execution on the tape and announce it to everyone."""
        message = trade_message(market, trade_id, taker_side, match, self._now_ms())
        self._tape.add(message)
        for session, subscription in self._subscribed("trade", market.ticker):
            session.send(subscription, "trade", message)

    def ticker(self, market: MarketState) -> None:
        """Announce a market's new top or last price, if either has changed."""
        top = (*market.top(), market.last_price_e4, market.volume_e6)
        if top == market.ticker_top:
            return
        market.ticker_top = top
        message: Message | None = None
        for session, subscription in self._subscribed("ticker", market.ticker):
            message = message or self.ticker_message(market)
            session.send(subscription, "ticker", message)

    def ticker_message(self, market: MarketState) -> Message:
        """Return the message of the ticker channel."""
        return ticker_message(market, self._open_interest(market.ticker), self._now_ms())

    def order_group(
        self, account: str, event_type: str, group_id: str, limit_e6: int | None
    ) -> None:
        """Announce what has become of an order group to its owner."""
        message: Message = {"event_type": event_type, "order_group_id": group_id}
        if limit_e6 is not None:
            message["contracts_limit_fp"] = count_text(limit_e6)
        message["ts_ms"] = self._now_ms()
        for session, subscription in self._subscribed("order_group_updates", ""):
            if session.key.account == account:
                session.send(subscription, "order_group_updates", message)

    # -- lifecycle ---------------------------------------------------------------------------------

    def lifecycle(self, market: MarketState, event_type: str, **fields: object) -> None:
        """Announce what has become of a market."""
        message = {"event_type": event_type, "market_ticker": market.ticker, **fields}
        self._tell_all("market_lifecycle_v2", message)

    def event_lifecycle(self, message: Message) -> None:
        """Announce a new event."""
        self._tell_all("event_lifecycle", message)

    def event_fee_update(self, change: FeeChange) -> None:
        """Announce that an event's fees are overridden, or no longer."""
        self._tell_all("event_fee_update", change.override_json())

    def fail(self, channel: str) -> int:
        """End all subscriptions of a channel with a channel error; return how many there were."""
        if channel not in CHANNELS:
            raise ValueError(f"no channel {channel!r}")
        failed = [
            (session, subscription)
            for session in self.sessions
            for subscription in session.subscriptions.values()
            if subscription.channel == channel
        ]
        for session, subscription in failed:
            session.end(subscription, 10)
        return len(failed)

    def _tell_owner(
        self, channel: str, kind: str, account: Account, ticker: str, message: Message
    ) -> None:
        for session, subscription in self._subscribed(channel, ticker):
            if _is_own(session, account):
                session.send(subscription, kind, message)

    def _tell_all(self, kind: str, message: Message) -> None:
        for session, subscription in self._subscribed("market_lifecycle_v2", ""):
            session.send(subscription, kind, message)

    def _subscribed(self, channel: str, ticker: str) -> list[tuple[Session, Subscription]]:
        return [
            (session, subscription)
            for session in self.sessions
            for subscription in session.subscriptions.values()
            if subscription.channel == channel and subscription.wants(ticker)
        ]

    def _now_ms(self) -> int:
        return self._clock.now_ns() // 1_000_000


def _is_own(session: Session, account: Account) -> bool:
    key = session.key
    return key.account == account.name and key.subaccount in (None, account.subaccount)
