"""Carry out the commands of Kalshi's WebSocket, or refuse them with the documented code.

Kalshi docs, asyncapi 2.0.0, 2026-10.
"""

import json
from collections.abc import Mapping
from typing import Final

from twoleg.sim.kalshi.channels import (
    CHANNELS,
    PRIVATE,
    UNFILTERED,
    CommandRefused,
    Subscription,
)
from twoleg.sim.kalshi.session import Session

Params = Mapping[str, object]

_ACTIONS: Final = ("add_markets", "delete_markets", "get_snapshot")
_FLAGS: Final = ("use_yes_price", "send_initial_snapshot", "skip_ticker_ack")
SHARD_FACTOR_MAX: Final = 100
# Channels that need a list of their own, and the code of its absence.
_LISTS: Final = {
    "cfbenchmarks_value": ("index_ids", 24),
    "cfbenchmarks_value_5hz": ("index_ids", 24),
    "pyth_value": ("underlying_tickers", 28),
}


class Commands:
    """The command side of one session."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def on_text(self, text: str) -> None:
        """Carry out a command; a wrong one is answered by an error frame, never by silence."""
        try:
            command = json.loads(text)
        except ValueError:
            command = None
        if not isinstance(command, dict):
            self._session.refuse(None, CommandRefused(1))
            return
        number = command.get("id")
        number = number if type(number) is int and number > 0 else None
        try:
            self._session.admit_command()
            self._obey(number, command)
        except CommandRefused as refused:
            self._session.refuse(number, refused)

    def _obey(self, number: int | None, command: Params) -> None:
        name = command.get("cmd")
        if name == "list_subscriptions":
            live = self._session.subscriptions.values()
            self._session.answer(number, "ok", [{"channel": s.channel, "sid": s.sid} for s in live])
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

    # -- subscribe ---------------------------------------------------------------------------------

    def _subscribe(self, number: int | None, params: Params) -> None:
        channels = params.get("channels")
        if not isinstance(channels, list) or not channels:
            raise CommandRefused(3)
        if any(not isinstance(channel, str) or channel not in CHANNELS for channel in channels):
            raise CommandRefused(8)
        if PRIVATE.intersection(channels) and not self._session.key.may("read"):
            raise CommandRefused(9)
        _check_flags(params)
        for channel in channels:
            _check_lists(channel, params)
        tickers = self._tickers(params, channels)
        if tickers is None and "orderbook_delta" in channels:
            raise CommandRefused(14)
        self._check_count(len(tickers or ()))
        opened = [self._open(channel, tickers, params) for channel in channels]
        for subscription in opened:
            acknowledged = {"channel": subscription.channel, "sid": subscription.sid}
            self._session.answer(number, "subscribed", acknowledged)
        for subscription in opened:
            self._show(subscription, tickers or list(self._session.markets))

    def _open(self, channel: str, tickers: list[str] | None, params: Params) -> Subscription:
        session, options = self._session, self._session.options
        filtered = None if channel in UNFILTERED else tickers
        if options.resubscribe == "extend":
            for held in session.subscriptions.values():
                if held.channel == channel:
                    if filtered is None or held.tickers is None:
                        held.tickers = None
                    else:
                        held.tickers.update(dict.fromkeys(filtered))
                    return held
        subscription = session.open(channel, filtered)
        subscription.use_yes_price = bool(params.get("use_yes_price", options.yes_price_default))
        subscription.is_snapshot_first = params.get("send_initial_snapshot") is True
        subscription.skips_tickers = params.get("skip_ticker_ack") is True
        return subscription

    def _show(self, subscription: Subscription, tickers: list[str]) -> None:
        if subscription.channel == "orderbook_delta":
            for ticker in tickers:
                self._session.snapshot(subscription, ticker)
        elif subscription.channel == "ticker" and subscription.is_snapshot_first:
            self._session.show_tickers(subscription, tickers)

    # -- unsubscribe and update --------------------------------------------------------------------

    def _unsubscribe(self, number: int | None, params: Params) -> None:
        live, sids = self._session.subscriptions, params.get("sids")
        if not isinstance(sids, list) or not sids:
            raise CommandRefused(4)
        if any(type(sid) is not int or sid not in live for sid in sids):
            raise CommandRefused(7)
        for sid in dict.fromkeys(sids):
            self._session.send(live.pop(sid), "unsubscribed", None, number=number)

    def _update(self, number: int | None, params: Params) -> None:
        subscription = self._named(params)
        sid, action = subscription.sid, params.get("action")
        if not action:
            raise CommandRefused(15, sid=sid)
        if action not in _ACTIONS:
            raise CommandRefused(13, sid=sid)
        tickers = self._tickers(params, [subscription.channel], sid=sid)
        if tickers is None:
            raise CommandRefused(14, sid=sid)
        if action != "get_snapshot":
            self._change(subscription, tickers, number, is_adding=action == "add_markets")
            return
        unknown = [ticker for ticker in tickers if not subscription.wants(ticker)]
        # It takes `market_tickers` only (changelog, 2026-04-20).
        is_wrong = subscription.channel != "orderbook_delta" or "market_ticker" in params
        if unknown or is_wrong:
            raise CommandRefused(11, sid=sid, tickers=unknown or None)
        for ticker in tickers:
            self._session.snapshot(subscription, ticker, number=number)

    def _change(
        self, subscription: Subscription, tickers: list[str], number: int | None, *, is_adding: bool
    ) -> None:
        held = subscription.tickers
        if held is None:
            raise CommandRefused(11, sid=subscription.sid)
        added = [ticker for ticker in tickers if is_adding and ticker not in held]
        self._check_count(len(held) + len(added), sid=subscription.sid)
        held.update(dict.fromkeys(added))
        if not is_adding:
            for ticker in tickers:
                held.pop(ticker, None)
        listed = {} if subscription.skips_tickers else {"market_tickers": list(held)}
        self._session.send(subscription, "ok", listed, number=number)
        self._show(subscription, added)

    def _named(self, params: Params) -> Subscription:
        sid, sids = params.get("sid"), params.get("sids")
        if sid is None and not isinstance(sids, list):
            raise CommandRefused(4)
        if isinstance(sids, list):
            if sid is not None or len(sids) != 1:
                raise CommandRefused(12)
            sid = sids[0]
        if type(sid) is not int or sid not in self._session.subscriptions:
            raise CommandRefused(7)
        return self._session.subscriptions[sid]

    # -- parameters --------------------------------------------------------------------------------

    def _check_count(self, markets: int, *, sid: int | None = None) -> None:
        if markets > self._session.options.subscription_markets_max:
            raise CommandRefused(26, sid=sid)

    def _tickers(
        self, params: Params, channels: list[str], *, sid: int | None = None
    ) -> list[str] | None:
        """Return the markets named by ticker, or on the ticker channel alone by id."""
        given = {
            name: params[name]
            for name in ("market_ticker", "market_tickers", "market_id", "market_ids")
            if params.get(name)
        }
        if not given:
            return None
        if len(given) > 1:
            raise CommandRefused(11, sid=sid)
        [(name, value)] = given.items()
        is_id = name.startswith("market_id")
        named = value if name.endswith("s") else [value]
        if not isinstance(named, list) or (is_id and channels != ["ticker"]):
            raise CommandRefused(11, sid=sid)
        markets = self._session.markets
        known = {market.market_id: ticker for ticker, market in markets.items()} if is_id else {}
        tickers = [str(known.get(str(item)) if is_id else item) for item in named]
        unknown = [ticker for ticker in tickers if ticker not in markets]
        if unknown:
            raise CommandRefused(11, sid=sid, tickers=None if is_id else unknown)
        return list(dict.fromkeys(tickers))


def _check_flags(params: Params) -> None:
    if any(not isinstance(params.get(flag, False), bool) for flag in _FLAGS):
        raise CommandRefused(11)


def _check_lists(channel: str, params: Params) -> None:
    if channel in _LISTS:
        name, code = _LISTS[channel]
        if not params.get(name):
            raise CommandRefused(code)
    factor, key = params.get("shard_factor"), params.get("shard_key")
    if channel != "communications" or (factor is None and key is None):
        return
    if factor is None:
        raise CommandRefused(20)
    if type(factor) is not int or factor < 1:
        raise CommandRefused(19)
    if factor > SHARD_FACTOR_MAX:
        raise CommandRefused(22)
    # A factor without a key means the first of its shards: the schema requires neither.
    if key is not None and (type(key) is not int or not 0 <= key < factor):
        raise CommandRefused(21)
