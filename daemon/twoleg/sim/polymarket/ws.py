"""The market channel: what happens to the books, for anyone who subscribes.

Commands and habits: docs.polymarket.com market-channel (2026-08-21) and captured live frames up to
2026-10. Nothing is replayed; `twoleg.sim.polymarket.frames` has the events.
"""

from collections.abc import Iterable, Mapping

from aiohttp import WSCloseCode, web

from twoleg.sim.exchange import ONE_E4, Change, Side, Walk
from twoleg.sim.flow import Clock
from twoleg.sim.polymarket.channel import (
    OPERATION_INVALID,
    SUBSCRIPTION_INVALID,
    Subscriber,
    Wiring,
    parse_command,
    serve_socket,
    strings,
)
from twoleg.sim.polymarket.frames import (
    change_entry,
    new_market_event,
    price_change,
    resolution_event,
    tick_event,
    top_event,
    trade_event,
)
from twoleg.sim.polymarket.options import PolymarketOptions
from twoleg.sim.polymarket.state import Market
from twoleg.sim.polymarket.wire import NS_PER_MS, compact


class MarketChannel:
    """Tells subscribers what happens to the books; knows nothing of accounts."""

    def __init__(
        self,
        tokens: Mapping[str, tuple[Market, int]],
        *,
        clock: Clock,
        options: PolymarketOptions,
        wiring: Wiring,
    ) -> None:
        self._tokens = tokens
        self._clock = clock
        self._options = options
        self._wiring = wiring
        # Everybody, and by token, in order of subscription.
        self._everybody: dict[Subscriber, None] = {}
        self._subscribers: dict[str, dict[Subscriber, None]] = {}
        # Price changes sent per market, for hash_every.
        self._changes: dict[str, int] = {}

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection until it closes."""
        return await serve_socket(request, self._wiring, on_text=self._on_text, on_end=self._forget)

    def broadcast(self, text: str) -> None:
        """Send a text to every subscriber, whatever it listens to."""
        for subscriber in self._everybody:
            subscriber.tell(text)

    # -- what happens on the books -----------------------------------------------------------------

    def foresee_walk(self, market: Market, side: Side, walk: Walk) -> None:
        """Learn of a taker's walk before the levels change; call it ahead of the changes."""
        order = self._options.trade_order
        if order != "after":
            self._note_trade(market, market.named, walk)
        if order == "ahead":
            self._send_trades(market, market.named, side, walk)

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
        if count % self._options.hash_every == 0:
            hashes = [market.book.hash(token, ts_ms) for token in (0, 1)]
        entries = [
            change_entry(
                market,
                token,
                change,
                book_hash=hashes[token],
                empty_top=self._options.empty_top,
            )
            for token in (market.named, 1 - market.named)
        ]
        text = compact(price_change(market, entries, ts_ms))
        for subscriber in subscribers:
            subscriber.tell(text, is_sequenced=True)
        if market.book.top(0) != top_before:
            for token in (0, 1):
                self._tell_custom(market, [token], top_event(market, token, ts_ms))

    def publish_walk(self, market: Market, token: int, side: Side, walk: Walk) -> None:
        """Send each execution of a taker as last_trade_price, then both books anew.

        `token` is the one that the taker named. What `foresee_walk` has sent is not sent again.
        """
        order = self._options.trade_order
        if order == "after":
            self._note_trade(market, token, walk)
        if order != "ahead":
            self._send_trades(market, token, side, walk)
        if self._options.book_after_trade:
            self.publish_books(market)

    def publish_books(self, market: Market) -> None:
        """Send both tokens' whole books."""
        for token, asset_id in enumerate(market.spec.token_ids):
            if self._subscribers.get(asset_id):
                self._tell(asset_id, self._frame(market, token), is_sequenced=True)

    def publish_tick(self, market: Market, old_tick_e4: int) -> None:
        """Send tick_size_change for both tokens."""
        for token, asset_id in enumerate(market.spec.token_ids):
            self._tell(asset_id, compact(tick_event(market, token, old_tick_e4, self._now_ms())))

    # -- what happens to markets: custom events only -----------------------------------------------

    def publish_new_market(self, market: Market) -> None:
        """Send new_market to everybody who asked for custom events."""
        text = compact(new_market_event(market, self._now_ms()))
        for subscriber in self._everybody:
            if subscriber.is_custom:
                subscriber.tell(text)

    def publish_resolution(self, market: Market, winner: int) -> None:
        """Send market_resolved to those on the market who asked for custom events."""
        if self._options.resolved_event:
            self._tell_custom(market, (0, 1), resolution_event(market, winner, self._now_ms()))

    # -- subscriptions -----------------------------------------------------------------------------

    def _on_text(self, subscriber: Subscriber, text: str) -> None:
        command = parse_command(text)
        tokens = strings(command.get("assets_ids"))
        operation = command.get("operation")
        if not subscriber.is_subscribed:
            if str(command.get("type", "")).lower() != "market" or tokens is None:
                subscriber.socket.close(WSCloseCode.POLICY_VIOLATION, SUBSCRIPTION_INVALID)
                return
            subscriber.is_subscribed = True
            self._everybody[subscriber] = None
            self._subscribe(subscriber, tokens, command)
        elif operation == "subscribe" and tokens is not None:
            self._subscribe(subscriber, tokens, command)
        elif operation == "unsubscribe" and tokens is not None:
            self._unsubscribe(subscriber, tokens)
        else:
            subscriber.socket.offer(OPERATION_INVALID)

    def _subscribe(
        self, subscriber: Subscriber, tokens: list[str], command: Mapping[str, object]
    ) -> None:
        subscriber.is_custom = subscriber.is_custom or bool(command.get("custom_feature_enabled"))
        books: list[str] = []
        for asset_id in tokens:
            # Unknown tokens are kept too: a new market's book comes once it has one.
            subscriber.tokens[asset_id] = None
            self._subscribers.setdefault(asset_id, {})[subscriber] = None
            market, token = self._tokens.get(asset_id, (None, 0))
            if market is not None and market.has_book:
                books.append(self._frame(market, token))
        is_crowded = len(subscriber.tokens) > self._options.dump_tokens_max
        if command.get("initial_dump", True) and not is_crowded:
            subscriber.flush()
            subscriber.socket.offer(f"[{','.join(books)}]", is_sequenced=True)

    def _unsubscribe(self, subscriber: Subscriber, tokens: Iterable[str]) -> None:
        for asset_id in tokens:
            subscriber.tokens.pop(asset_id, None)
            listeners = self._subscribers.get(asset_id, {})
            listeners.pop(subscriber, None)
            if not listeners:
                self._subscribers.pop(asset_id, None)

    def _forget(self, subscriber: Subscriber) -> None:
        self._everybody.pop(subscriber, None)
        self._unsubscribe(subscriber, list(subscriber.tokens))

    # -- sending -----------------------------------------------------------------------------------

    def _note_trade(self, market: Market, token: int, walk: Walk) -> None:
        for match in walk.matches:
            is_own = self._options.last_trade_of == "traded" and token == 1
            market.book.last_trade_e4 = ONE_E4 - match.price_e4 if is_own else match.price_e4

    def _send_trades(self, market: Market, token: int, side: Side, walk: Walk) -> None:
        taker_side = "BUY" if (side == "bid") == (token == 0) else "SELL"
        market.book.last_trade_side = taker_side
        ts_ms = self._now_ms() - self._options.trade_ts_lag_ms
        for match in walk.matches:
            event = trade_event(market, token, taker_side, match, ts_ms)
            self._tell(market.spec.token_ids[token], compact(event))

    def _frame(self, market: Market, token: int) -> str:
        has_last_price = self._options.book_last_price
        return market.book.frame(token, self._now_ms(), has_last_price=has_last_price)

    def _tell(self, asset_id: str, text: str, *, is_sequenced: bool = False) -> None:
        for subscriber in self._subscribers.get(asset_id, ()):
            subscriber.tell(text, is_sequenced=is_sequenced)

    def _tell_custom(
        self, market: Market, tokens: Iterable[int], event: Mapping[str, object]
    ) -> None:
        chosen = {
            subscriber: None
            for token in tokens
            for subscriber in self._subscribers.get(market.spec.token_ids[token], ())
            if subscriber.is_custom
        }
        if chosen:
            text = compact(event)
            for subscriber in chosen:
                subscriber.tell(text)

    def _of(self, market: Market) -> dict[Subscriber, None]:
        """Return who listens to either token, each once."""
        first, second = market.spec.token_ids
        return self._subscribers.get(first, {}) | self._subscribers.get(second, {})

    def _now_ms(self) -> int:
        return self._clock.now_ns() // NS_PER_MS
