"""One WebSocket connection of one API key: numbered frames out, commands in.

Kalshi docs, asyncapi 2.0.0, 2026-10. Each subscription (`sid`) of a sequenced channel numbers its
frames from 1, shared by all its markets; its `ok`, `unsubscribed` and scoped `error` frames count
too. `commands` says what the commands do.
"""

import json
from collections.abc import Callable, Mapping
from typing import Final

from twoleg.sim.flow import Clock
from twoleg.sim.kalshi.auth import ApiKey
from twoleg.sim.kalshi.channels import DATA_KINDS, ERRORS, SEQUENCED, CommandRefused, Subscription
from twoleg.sim.kalshi.frames import Message, book_message, delta_message
from twoleg.sim.kalshi.legacy import modern_frame
from twoleg.sim.kalshi.markets import MarketState
from twoleg.sim.kalshi.wire_options import WireOptions
from twoleg.sim.sockets import Socket

FAREWELL: Final = json.dumps({"type": "error", "msg": {"code": 25, "msg": ERRORS[25]}}) + "\n"
_SECOND_NS: Final = 1_000_000_000


class Session:
    """A connection and its subscriptions. `markets` is the live catalogue."""

    def __init__(
        self,
        key: ApiKey,
        socket: Socket,
        *,
        markets: Mapping[str, MarketState],
        clock: Clock,
        options: WireOptions,
        ticker_frame: Callable[[MarketState], Message],
    ) -> None:
        self.key = key
        self._socket = socket
        self.markets = markets
        self.options = options
        self._clock = clock
        self._ticker_frame = ticker_frame
        # Live subscriptions by sid.
        self.subscriptions: dict[int, Subscription] = {}
        self._sids = 0
        # The second in which commands are being counted, and how many there were.
        self._window: tuple[int, int] = (0, 0)

    def open(self, channel: str, tickers: list[str] | None) -> Subscription:
        """Start a subscription with the next sid."""
        self._sids += 1
        filtered = None if tickers is None else dict.fromkeys(tickers)
        subscription = Subscription(self._sids, channel, filtered)
        self.subscriptions[self._sids] = subscription
        return subscription

    def end(self, subscription: Subscription, code: int) -> None:
        """End a subscription by an error: 10 or 25."""
        self.refuse(None, CommandRefused(code, sid=subscription.sid))
        subscription.is_over = True
        self.subscriptions.pop(subscription.sid, None)

    def end_all(self) -> None:
        """End every subscription because the reader is too slow."""
        for subscription in list(self.subscriptions.values()):
            self.end(subscription, 25)

    def admit_command(self) -> None:
        """Refuse a command that is one too many within this second, or times out by fault."""
        second = self._clock.monotonic_ns() // _SECOND_NS
        count = self._window[1] + 1 if self._window[0] == second else 1
        self._window = (second, count)
        if count > self.options.commands_per_s_max:
            raise CommandRefused(27)
        if self.misfires("ws_timeout"):
            raise CommandRefused(18)

    def misfires(self, kind: str) -> bool:
        """Tell whether a scripted fault of this kind happens now."""
        return self._socket.misfires(kind)

    # -- frames ------------------------------------------------------------------------------------

    def send(
        self,
        subscription: Subscription,
        kind: str,
        message: object,
        *,
        number: int | None = None,
    ) -> None:
        """Send a frame of a subscription, numbered if its channel is."""
        if subscription.is_over:
            return
        frame: dict[str, object] = {} if number is None else {"id": number}
        frame["type"] = kind
        frame["sid"] = subscription.sid
        # `unsubscribed` has a number on every channel: its schema requires one.
        if subscription.channel in SEQUENCED or kind == "unsubscribed":
            subscription.seq += 1
            frame["seq"] = subscription.seq
        if message is not None:
            has_legacy = self.options.legacy_fields
            frame["msg"] = message if has_legacy else modern_frame(kind, message)
        self._write(frame, is_sequenced=kind in DATA_KINDS)

    def answer(self, number: int | None, kind: str, message: object) -> None:
        """Answer a command outside any subscription's numbering."""
        self._write({"id": number, "type": kind, "msg": message})

    def refuse(self, number: int | None, refused: CommandRefused) -> None:
        """Send the error frame of a refused command, scoped to its subscription if it has one."""
        message: Message = {"code": refused.code, "msg": ERRORS[refused.code]}
        if refused.tickers is not None:
            message["market_tickers"] = refused.tickers
        subscription = self.subscriptions.get(refused.sid or 0)
        if subscription is not None:
            self.send(subscription, "error", message, number=number)
            return
        frame: dict[str, object] = {} if number is None else {"id": number}
        self._write({**frame, "type": "error", "msg": message})

    def snapshot(
        self, subscription: Subscription, ticker: str, *, number: int | None = None
    ) -> None:
        """Send a market's whole book; by fault also a change that the book holds already."""
        market = self.markets[ticker]
        message = book_message(
            market,
            use_yes_price=subscription.use_yes_price,
            has_clock=self.options.has_clock,
            is_best_last=self.options.best_level == "last",
        )
        self.send(subscription, "orderbook_snapshot", message, number=number)
        if market.last_change is not None and self.misfires("ws_stale"):
            change, clock, ts_ms = market.last_change
            stale = delta_message(
                market,
                change,
                clock=clock if self.options.has_clock else None,
                ts_ms=ts_ms,
                use_yes_price=subscription.use_yes_price,
            )
            self.send(subscription, "orderbook_delta", stale)

    def show_tickers(self, subscription: Subscription, tickers: list[str]) -> None:
        """Send the present state of markets on the ticker channel."""
        for ticker in tickers:
            self.send(subscription, "ticker", self._ticker_frame(self.markets[ticker]))

    def _write(self, frame: dict[str, object], *, is_sequenced: bool = False) -> None:
        frame["sending_ts_ms"] = self._clock.now_ns() // 1_000_000
        # Text frames end with a newline (observed 2026).
        self._socket.offer(json.dumps(frame) + "\n", is_sequenced=is_sequenced)
