"""The two WebSocket channels of Polymarket: market data for anyone, orders and trades per account.

Frames and commands: docs.polymarket.com market-channel and user-channel (2026-08-21) and captured
live frames up to 2026-10. Nothing is replayed; keep-alive is the text PING, answered by PONG.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from aiohttp import WSCloseCode, web

from twoleg.sim.exchange import ONE_E4, Change, Side, Walk
from twoleg.sim.faults import Faults
from twoleg.sim.flow import Clock, Sleep
from twoleg.sim.polymarket_accounts import Accounts, ApiKey
from twoleg.sim.polymarket_state import Market
from twoleg.sim.polymarket_wire import NS_PER_MS, compact, price_text, size_text
from twoleg.sim.sockets import Socket

SUBSCRIPTION_INVALID: Final = b"invalid subscription payload"
OPERATION_INVALID: Final = "INVALID OPERATION"


@dataclass(eq=False, slots=True)
class _Subscriber:
    """One socket and what it listens to."""

    socket: Socket
    # Whether the first message has come, and whether it asked for the custom events.
    is_subscribed: bool = False
    is_custom: bool = False
    # Tokens (market channel), or condition ids (user channel; None: all).
    tokens: dict[str, None] = field(default_factory=dict)
    markets: set[str] | None = None
    key: ApiKey | None = None


class MarketChannel:
    """Tells subscribers what happens to the books; knows nothing of accounts."""

    def __init__(
        self,
        tokens: Mapping[str, tuple[Market, int]],
        *,
        clock: Clock,
        faults: Faults,
        sleep: Sleep,
        hash_every: int,
        sockets: set[Socket],
    ) -> None:
        self._tokens = tokens
        self._clock = clock
        self._faults = faults
        self._sleep = sleep
        self._hash_every = hash_every
        self._sockets = sockets
        # Subscribers by token, in order of subscription.
        self._subscribers: dict[str, dict[_Subscriber, None]] = {}
        # Price changes sent per market, for hash_every.
        self._changes: dict[str, int] = {}

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection until it closes."""
        socket = Socket(request, faults=self._faults, sleep=self._sleep)
        subscriber = _Subscriber(socket)
        self._sockets.add(socket)
        try:
            return await socket.run(lambda text: self._on_text(subscriber, text))
        finally:
            self._sockets.discard(socket)
            self._unsubscribe(subscriber, list(subscriber.tokens))

    def publish_change(self, market: Market, change: Change) -> None:
        """Apply a change to the published book and send it for both tokens."""
        top_before = market.book.top(0)
        market.book.apply(change)
        subscribers = self._of(market)
        if not subscribers:
            return
        count = self._changes.get(market.condition_id, 0)
        self._changes[market.condition_id] = count + 1
        ts_ms = self._now_ms()
        hashes = ["", ""]
        if count % self._hash_every == 0:
            hashes = [market.book.hash(token, ts_ms) for token in (0, 1)]
        text = compact(
            {
                "event_type": "price_change",
                "market": market.condition_id,
                "timestamp": str(ts_ms),
                "price_changes": [
                    _entry(market, token, change, hashes[token])
                    for token in (market.named, 1 - market.named)
                ],
            }
        )
        for subscriber in subscribers:
            subscriber.socket.offer(text, is_sequenced=True)
        if market.book.top(0) != top_before:
            self._publish_tops(market, ts_ms)

    def publish_walk(self, market: Market, token: int, side: Side, walk: Walk) -> None:
        """Send each execution of a taker as last_trade_price, then both books anew."""
        taker_side = "BUY" if (side == "bid") == (token == 0) else "SELL"
        asset_id = market.spec.token_ids[token]
        for match in walk.matches:
            market.book.last_trade_e4 = match.price_e4
            price_e4 = match.price_e4 if token == 0 else ONE_E4 - match.price_e4
            event = {
                "event_type": "last_trade_price",
                "market": market.condition_id,
                "asset_id": asset_id,
                "price": price_text(price_e4),
                "size": size_text(match.size_e6),
                "side": taker_side,
                "fee_rate_bps": "0",
                "timestamp": str(self._now_ms()),
            }
            self._send(asset_id, compact(event))
        self.publish_books(market)

    def publish_books(self, market: Market) -> None:
        """Send both tokens' whole books."""
        for token, asset_id in enumerate(market.spec.token_ids):
            if self._subscribers.get(asset_id):
                frame = market.book.frame(token, self._now_ms())
                self._send(asset_id, frame, is_sequenced=True)

    def publish_tick(self, market: Market, old_tick_e4: int) -> None:
        """Send tick_size_change for both tokens."""
        for asset_id in market.spec.token_ids:
            event = {
                "event_type": "tick_size_change",
                "market": market.condition_id,
                "asset_id": asset_id,
                "old_tick_size": price_text(old_tick_e4),
                "new_tick_size": price_text(market.book.tick_e4),
                "timestamp": str(self._now_ms()),
            }
            self._send(asset_id, compact(event))

    def publish_resolution(self, market: Market, winner: int) -> None:
        """Send market_resolved to those who asked for custom events."""
        event = {
            "event_type": "market_resolved",
            "id": market.spec.market_id,
            "market": market.condition_id,
            "assets_ids": list(market.spec.token_ids),
            "winning_asset_id": market.spec.token_ids[winner],
            "winning_outcome": market.spec.outcomes[winner],
            "timestamp": str(self._now_ms()),
            "tags": [],
        }
        for subscriber in self._of(market):
            if subscriber.is_custom:
                subscriber.socket.offer(compact(event))

    def _publish_tops(self, market: Market, ts_ms: int) -> None:
        for token, asset_id in enumerate(market.spec.token_ids):
            chosen = [s for s in self._subscribers.get(asset_id, ()) if s.is_custom]
            if not chosen:
                continue
            bid_e4, ask_e4 = market.book.top(token)
            spread = "" if bid_e4 is None or ask_e4 is None else price_text(ask_e4 - bid_e4)
            event = {
                "event_type": "best_bid_ask",
                "market": market.condition_id,
                "asset_id": asset_id,
                "best_bid": "" if bid_e4 is None else price_text(bid_e4),
                "best_ask": "" if ask_e4 is None else price_text(ask_e4),
                "spread": spread,
                "timestamp": str(ts_ms),
            }
            for subscriber in chosen:
                subscriber.socket.offer(compact(event))

    def _on_text(self, subscriber: _Subscriber, text: str) -> None:
        if text == "PING" and subscriber.is_subscribed:
            subscriber.socket.offer("PONG")
            return
        command = _parse(text)
        if not subscriber.is_subscribed:
            tokens = _strings(command.get("assets_ids"))
            if str(command.get("type", "")).lower() != "market" or tokens is None:
                subscriber.socket.close(WSCloseCode.POLICY_VIOLATION, SUBSCRIPTION_INVALID)
                return
            subscriber.is_subscribed = True
            self._subscribe(subscriber, tokens, command)
            return
        operation, tokens = command.get("operation"), _strings(command.get("assets_ids"))
        if operation == "subscribe" and tokens is not None:
            self._subscribe(subscriber, tokens, command)
        elif operation == "unsubscribe" and tokens is not None:
            self._unsubscribe(subscriber, tokens)
        else:
            subscriber.socket.offer(OPERATION_INVALID)

    def _subscribe(
        self, subscriber: _Subscriber, tokens: list[str], command: Mapping[str, object]
    ) -> None:
        subscriber.is_custom = subscriber.is_custom or bool(command.get("custom_feature_enabled"))
        books: list[str] = []
        for asset_id in tokens:
            market, token = self._tokens.get(asset_id, (None, 0))
            if market is None or market.status in ("closed", "resolved"):
                continue
            subscriber.tokens[asset_id] = None
            self._subscribers.setdefault(asset_id, {})[subscriber] = None
            books.append(market.book.frame(token, self._now_ms()))
        if command.get("initial_dump", True):
            subscriber.socket.offer(f"[{','.join(books)}]", is_sequenced=True)

    def _unsubscribe(self, subscriber: _Subscriber, tokens: list[str]) -> None:
        for asset_id in tokens:
            subscriber.tokens.pop(asset_id, None)
            self._subscribers.get(asset_id, {}).pop(subscriber, None)

    def _send(self, asset_id: str, text: str, *, is_sequenced: bool = False) -> None:
        for subscriber in self._subscribers.get(asset_id, ()):
            subscriber.socket.offer(text, is_sequenced=is_sequenced)

    def _of(self, market: Market) -> dict[_Subscriber, None]:
        """Return who listens to either token, each once."""
        first, second = market.spec.token_ids
        return self._subscribers.get(first, {}) | self._subscribers.get(second, {})

    def _now_ms(self) -> int:
        return self._clock.now_ns() // NS_PER_MS


class UserChannel:
    """Tells the holder of an API key about its orders and trades."""

    def __init__(
        self, accounts: Accounts, *, faults: Faults, sleep: Sleep, sockets: set[Socket]
    ) -> None:
        self._accounts = accounts
        self._faults = faults
        self._sleep = sleep
        self._sockets = sockets
        # Authenticated subscribers, in order of subscription.
        self._subscribers: dict[_Subscriber, None] = {}

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection until it closes."""
        socket = Socket(request, faults=self._faults, sleep=self._sleep)
        subscriber = _Subscriber(socket)
        self._sockets.add(socket)
        try:
            return await socket.run(lambda text: self._on_text(subscriber, text))
        finally:
            self._sockets.discard(socket)
            self._subscribers.pop(subscriber, None)

    def publish(self, owner: str, condition_id: str, event: Mapping[str, object]) -> None:
        """Send an event to every socket of an EOA that listens to the market."""
        text = ""
        for subscriber in self._subscribers:
            if subscriber.key is None or subscriber.key.owner != owner:
                continue
            if subscriber.markets is None or condition_id in subscriber.markets:
                text = text or compact(event)
                subscriber.socket.offer(text, is_sequenced=True)

    def _on_text(self, subscriber: _Subscriber, text: str) -> None:
        if text == "PING" and subscriber.is_subscribed:
            subscriber.socket.offer("PONG")
            return
        command = _parse(text)
        markets = _strings(command.get("markets"))
        if not subscriber.is_subscribed:
            self._log_in(subscriber, command, markets)
            return
        operation = command.get("operation")
        if operation == "subscribe" and markets is not None:
            subscriber.markets = (subscriber.markets or set()) | set(markets)
        elif operation == "unsubscribe" and markets is not None:
            subscriber.markets = (subscriber.markets or set()) - set(markets)
        else:
            subscriber.socket.offer(OPERATION_INVALID)

    def _log_in(
        self, subscriber: _Subscriber, command: Mapping[str, object], markets: list[str] | None
    ) -> None:
        auth = command.get("auth")
        key = self._accounts.by_creds(auth) if isinstance(auth, dict) else None
        if str(command.get("type", "")).lower() != "user" or key is None:
            subscriber.socket.close(WSCloseCode.POLICY_VIOLATION, SUBSCRIPTION_INVALID)
            return
        subscriber.is_subscribed = True
        subscriber.key = key
        subscriber.markets = set(markets) if markets else None
        self._subscribers[subscriber] = None


def _entry(market: Market, token: int, change: Change, book_hash: str) -> dict[str, str]:
    is_first = token == 0
    price_e4 = change.price_e4 if is_first else ONE_E4 - change.price_e4
    bid_e4, ask_e4 = market.book.top(token)
    return {
        "asset_id": market.spec.token_ids[token],
        "price": price_text(price_e4),
        # The new total of the level as of this change, never a difference.
        "size": size_text(market.book.size_e6(change.side, change.price_e4)),
        "side": "BUY" if (change.side == "bid") == is_first else "SELL",
        "hash": book_hash,
        "best_bid": price_text(bid_e4 or 0),
        "best_ask": price_text(ONE_E4 if ask_e4 is None else ask_e4),
    }


def _parse(text: str) -> Mapping[str, object]:
    try:
        command = json.loads(text)
    except ValueError:
        return {}
    return command if isinstance(command, dict) else {}


def _strings(value: object) -> list[str] | None:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        return None
    return value
