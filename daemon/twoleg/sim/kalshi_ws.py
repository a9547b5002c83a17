"""Kalshi's WebSocket: sessions, subscriptions, sequence numbers and frames.

Kalshi docs, asyncapi 2.0.0, 2026-10. Each subscription (`sid`) of a sequenced channel numbers its
frames from 1, shared by all its markets; its `ok`, `unsubscribed` and scoped `error` frames count
too.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from twoleg.sim.exchange import ONE_E4, Change, Match, Side
from twoleg.sim.flow import Clock
from twoleg.sim.kalshi_markets import MarketState
from twoleg.sim.kalshi_orders import Fill, UserOrder
from twoleg.sim.kalshi_text import count_text, price_text, time_text
from twoleg.sim.sockets import Socket

CHANNELS: Final = (
    "orderbook_delta",
    "ticker",
    "trade",
    "fill",
    "user_orders",
    "market_lifecycle_v2",
)
SEQUENCED: Final = frozenset({"orderbook_delta", "trade", "market_lifecycle_v2"})
ERRORS: Final = {
    1: "Unable to process message",
    2: "Params required",
    3: "Channels required",
    4: "Subscription IDs required",
    5: "Unknown command",
    7: "Unknown subscription ID",
    8: "Unknown channel name",
    10: "Channel error",
    11: "Invalid parameter",
    12: "Exactly one subscription ID is required",
    13: "Unsupported action",
    14: "Market Ticker required",
    15: "Action required",
    25: "Subscription buffer overflow",
}
FAREWELL: Final = json.dumps({"type": "error", "msg": {"code": 25, "msg": ERRORS[25]}}) + "\n"


class CommandRefused(Exception):
    """A command that gets an `error` frame; `sid` scopes it to a subscription."""

    def __init__(
        self, code: int, *, sid: int | None = None, tickers: list[str] | None = None
    ) -> None:
        super().__init__(code, sid, tickers)
        self.code = code
        self.sid = sid
        self.tickers = tickers


@dataclass(slots=True)
class Subscription:
    """One channel of one session. `tickers` is None when it is not filtered."""

    sid: int
    channel: str
    tickers: dict[str, None] | None
    use_yes_price: bool = False
    seq: int = 0

    def wants(self, ticker: str) -> bool:
        """Tell whether the subscription covers this market."""
        return self.tickers is None or ticker in self.tickers


class Session:
    """One connection of one account: reads commands, writes numbered frames."""

    def __init__(
        self,
        account: str,
        socket: Socket,
        *,
        markets: Mapping[str, MarketState],
        clock: Clock,
        ticker_frame: Callable[[MarketState], dict[str, object]],
    ) -> None:
        self.account = account
        self.socket = socket
        self._markets = markets
        self._clock = clock
        self._ticker_frame = ticker_frame
        # Live subscriptions by sid.
        self.subscriptions: dict[int, Subscription] = {}
        self._sids = 0

    def on_text(self, text: str) -> None:
        """Carry out a command; a wrong one is answered by an error frame, never by silence."""
        try:
            command = json.loads(text)
        except ValueError:
            command = None
        if not isinstance(command, dict):
            self._send_error(None, CommandRefused(1))
            return
        number = command.get("id")
        number = number if type(number) is int and number > 0 else None
        try:
            self._obey(number, command)
        except CommandRefused as refused:
            self._send_error(number, refused)

    def send(
        self, subscription: Subscription, kind: str, message: object, *, number: int | None = None
    ) -> None:
        """Send a frame of a subscription, numbered if its channel is."""
        frame: dict[str, object] = {} if number is None else {"id": number}
        frame["type"] = kind
        frame["sid"] = subscription.sid
        if subscription.channel in SEQUENCED:
            subscription.seq += 1
            frame["seq"] = subscription.seq
        if message is not None:
            frame["msg"] = message
        self._send(frame, is_sequenced=kind in SEQUENCED)

    def snapshot(
        self, subscription: Subscription, ticker: str, *, number: int | None = None
    ) -> None:
        """Send a market's whole book; a side without levels has no key."""
        market = self._markets[ticker]
        message: dict[str, object] = {
            "market_ticker": ticker,
            "market_id": market.pair.kalshi.market_id,
            "clock": market.clock,
        }
        bids = market.exchange.levels("bid")[::-1]
        asks = market.exchange.levels("ask")[::-1]
        if bids:
            message["yes_dollars_fp"] = [[price_text(p), count_text(size)] for p, size in bids]
        if asks:
            message["no_dollars_fp"] = [
                [price_text(p if subscription.use_yes_price else ONE_E4 - p), count_text(size)]
                for p, size in asks
            ]
        self.send(subscription, "orderbook_snapshot", message, number=number)

    # -- commands ----------------------------------------------------------------------------------

    def _obey(self, number: int | None, command: Mapping[str, object]) -> None:
        name = command.get("cmd")
        if name == "list_subscriptions":
            listed = [{"channel": s.channel, "sid": s.sid} for s in self.subscriptions.values()]
            self._send({"id": number, "type": "ok", "msg": listed})
            return
        obey = {
            "subscribe": self._subscribe,
            "unsubscribe": self._unsubscribe,
            "update_subscription": self._update,
        }.get(name if isinstance(name, str) else "")
        if obey is None:
            raise CommandRefused(5)
        params = command.get("params")
        if not isinstance(params, dict) or not params:
            raise CommandRefused(2)
        obey(number, params)

    def _subscribe(self, number: int | None, params: Mapping[str, object]) -> None:
        channels = params.get("channels")
        if not isinstance(channels, list) or not channels:
            raise CommandRefused(3)
        if any(channel not in CHANNELS for channel in channels):
            raise CommandRefused(8)
        tickers = self._tickers(params)
        if tickers is None and "orderbook_delta" in channels:
            raise CommandRefused(14)
        flags = [params.get("use_yes_price", False), params.get("send_initial_snapshot", False)]
        if any(not isinstance(flag, bool) for flag in flags):
            raise CommandRefused(11)
        opened = [
            self._open(channel, tickers, use_yes_price=flags[0] is True) for channel in channels
        ]
        for subscription in opened:
            acknowledged = {"channel": subscription.channel, "sid": subscription.sid}
            self._send({"id": number, "type": "subscribed", "msg": acknowledged})
        for subscription in opened:
            if subscription.channel == "orderbook_delta":
                for ticker in subscription.tickers or ():
                    self.snapshot(subscription, ticker)
            elif subscription.channel == "ticker" and flags[1]:
                for ticker in subscription.tickers or self._markets:
                    self.send(subscription, "ticker", self._ticker_frame(self._markets[ticker]))

    def _open(
        self, channel: str, tickers: list[str] | None, *, use_yes_price: bool
    ) -> Subscription:
        self._sids += 1
        filtered = None if tickers is None else dict.fromkeys(tickers)
        if channel == "market_lifecycle_v2":
            filtered = None
        subscription = Subscription(self._sids, channel, filtered, use_yes_price)
        self.subscriptions[self._sids] = subscription
        return subscription

    def _unsubscribe(self, number: int | None, params: Mapping[str, object]) -> None:
        sids = params.get("sids")
        if not isinstance(sids, list) or not sids:
            raise CommandRefused(4)
        if any(type(sid) is not int or sid not in self.subscriptions for sid in sids):
            raise CommandRefused(7)
        for sid in dict.fromkeys(sids):
            self.send(self.subscriptions.pop(sid), "unsubscribed", None, number=number)

    def _update(self, number: int | None, params: Mapping[str, object]) -> None:
        subscription = self._named(params)
        action = params.get("action")
        if not action:
            raise CommandRefused(15, sid=subscription.sid)
        if action not in ("add_markets", "delete_markets", "get_snapshot"):
            raise CommandRefused(13, sid=subscription.sid)
        tickers = self._tickers(params, sid=subscription.sid)
        if tickers is None:
            raise CommandRefused(14, sid=subscription.sid)
        if action == "get_snapshot":
            unknown = [ticker for ticker in tickers if not subscription.wants(ticker)]
            if unknown or subscription.channel != "orderbook_delta":
                raise CommandRefused(11, sid=subscription.sid, tickers=unknown or None)
            for ticker in tickers:
                self.snapshot(subscription, ticker, number=number)
            return
        self._change_markets(subscription, tickers, number, is_adding=action == "add_markets")

    def _change_markets(
        self, subscription: Subscription, tickers: list[str], number: int | None, *, is_adding: bool
    ) -> None:
        held = subscription.tickers
        if held is None:
            raise CommandRefused(11, sid=subscription.sid)
        added = [ticker for ticker in tickers if is_adding and ticker not in held]
        held.update(dict.fromkeys(added))
        if not is_adding:
            for ticker in tickers:
                held.pop(ticker, None)
        self.send(subscription, "ok", {"market_tickers": list(held)}, number=number)
        if subscription.channel == "orderbook_delta":
            for ticker in added:
                self.snapshot(subscription, ticker)

    def _named(self, params: Mapping[str, object]) -> Subscription:
        sid, sids = params.get("sid"), params.get("sids")
        if sid is None and not isinstance(sids, list):
            raise CommandRefused(4)
        if isinstance(sids, list):
            if sid is not None or len(sids) != 1:
                raise CommandRefused(12)
            sid = sids[0]
        if type(sid) is not int or sid not in self.subscriptions:
            raise CommandRefused(7)
        return self.subscriptions[sid]

    def _tickers(self, params: Mapping[str, object], *, sid: int | None = None) -> list[str] | None:
        one, many = params.get("market_ticker"), params.get("market_tickers")
        if one is not None and many is not None:
            raise CommandRefused(11, sid=sid)
        tickers = [one] if one is not None else many
        if not tickers:
            return None
        if not isinstance(tickers, list):
            raise CommandRefused(11, sid=sid)
        unknown = [str(ticker) for ticker in tickers if ticker not in self._markets]
        if unknown:
            raise CommandRefused(11, sid=sid, tickers=unknown)
        return [str(ticker) for ticker in dict.fromkeys(tickers)]

    def _send_error(self, number: int | None, refused: CommandRefused) -> None:
        message: dict[str, object] = {"code": refused.code, "msg": ERRORS[refused.code]}
        if refused.tickers is not None:
            message["market_tickers"] = refused.tickers
        subscription = self.subscriptions.get(refused.sid or 0)
        if subscription is not None:
            self.send(subscription, "error", message, number=number)
            return
        frame: dict[str, object] = {} if number is None else {"id": number}
        self._send({**frame, "type": "error", "msg": message})

    def _send(self, frame: dict[str, object], *, is_sequenced: bool = False) -> None:
        frame["sending_ts_ms"] = self._clock.now_ns() // 1_000_000
        # Text frames end with a newline (observed 2026).
        self.socket.offer(json.dumps(frame) + "\n", is_sequenced=is_sequenced)


class Hub:
    """All sessions, and the frames that trading sends them (an `Announcer`)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.sessions: set[Session] = set()

    def delta(self, market: MarketState, change: Change, cause: UserOrder | None) -> None:
        """Tell subscribers of a book that a level has changed; `cause` is a member's order."""
        subscribed = self._subscribed("orderbook_delta", market.ticker)
        if not subscribed:
            return
        now_ms = self._now_ms()
        body: dict[str, object] = {
            "market_ticker": market.ticker,
            "market_id": market.pair.kalshi.market_id,
            "clock": market.clock,
            "price_dollars": price_text(change.price_e4),
            "delta_fp": count_text(change.delta_e6),
            "side": "yes" if change.side == "bid" else "no",
            "ts": time_text(now_ms * 1_000),
            "ts_ms": now_ms,
        }
        in_no = {**body, "price_dollars": price_text(ONE_E4 - change.price_e4)}
        for session, subscription in subscribed:
            is_yes_priced = change.side == "bid" or subscription.use_yes_price
            message = body if is_yes_priced else in_no
            if cause is not None and cause.account.name == session.account:
                # Present only on deltas caused by one's own orders.
                message = {**message, "subaccount": 0}
                if cause.request.client_order_id:
                    message["client_order_id"] = cause.request.client_order_id
            session.send(subscription, "orderbook_delta", message)

    def user_order(self, order: UserOrder) -> None:
        """Announce an order's new state to its owner."""
        message = order.to_ws()
        for session, subscription in self._subscribed("user_orders", order.ticker):
            if session.account == order.account.name:
                session.send(subscription, "user_order", message)

    def fill(self, fill: Fill) -> None:
        """Announce a fill to its owner."""
        message = fill.to_ws()
        for session, subscription in self._subscribed("fill", fill.order.ticker):
            if session.account == fill.order.account.name:
                session.send(subscription, "fill", message)

    def trade(self, market: MarketState, trade_id: str, taker_side: Side, match: Match) -> None:
        """Announce an execution to everyone."""
        now_ms = self._now_ms()
        outcome = "yes" if taker_side == "bid" else "no"
        message = {
            "trade_id": trade_id,
            "market_ticker": market.ticker,
            "yes_price_dollars": price_text(match.price_e4),
            "no_price_dollars": price_text(ONE_E4 - match.price_e4),
            "count_fp": count_text(match.size_e6),
            "taker_side": outcome,
            "taker_outcome_side": outcome,
            "taker_book_side": taker_side,
            "is_block_trade": False,
            "ts": now_ms // 1_000,
            "ts_ms": now_ms,
        }
        for session, subscription in self._subscribed("trade", market.ticker):
            session.send(subscription, "trade", message)

    def ticker(self, market: MarketState) -> None:
        """Announce a market's new top or last price, if either has changed."""
        top = (*market.top(), market.last_price_e4, market.volume_e6)
        if top == market.ticker_top:
            return
        market.ticker_top = top
        message: dict[str, object] | None = None
        for session, subscription in self._subscribed("ticker", market.ticker):
            message = message or self.ticker_message(market)
            session.send(subscription, "ticker", message)

    def ticker_message(self, market: MarketState) -> dict[str, object]:
        """Return the message of the ticker channel."""
        bid_e4, bid_size_e6, ask_e4, ask_size_e6 = market.top()
        now_ms = self._now_ms()
        return {
            "market_id": market.pair.kalshi.market_id,
            "market_ticker": market.ticker,
            "price_dollars": price_text(market.last_price_e4),
            "yes_bid_dollars": price_text(bid_e4),
            "yes_ask_dollars": price_text(ask_e4),
            "yes_bid_size_fp": count_text(bid_size_e6),
            "yes_ask_size_fp": count_text(ask_size_e6),
            "last_trade_size_fp": count_text(market.last_size_e6),
            "volume_fp": count_text(market.volume_e6),
            "open_interest_fp": count_text(market.volume_e6),
            "dollar_volume": market.volume_e6 // 1_000_000,
            "dollar_open_interest": market.volume_e6 // 1_000_000,
            "ts": now_ms // 1_000,
            "ts_ms": now_ms,
            "time": time_text(now_ms * 1_000),
        }

    def lifecycle(self, market: MarketState, event_type: str) -> None:
        """Announce a halt or its end."""
        message = {"event_type": event_type, "market_ticker": market.ticker}
        for session, subscription in self._subscribed("market_lifecycle_v2", market.ticker):
            session.send(subscription, "market_lifecycle_v2", message)

    def _subscribed(self, channel: str, ticker: str) -> list[tuple[Session, Subscription]]:
        return [
            (session, subscription)
            for session in self.sessions
            for subscription in session.subscriptions.values()
            if subscription.channel == channel and subscription.wants(ticker)
        ]

    def _now_ms(self) -> int:
        return self._clock.now_ns() // 1_000_000
