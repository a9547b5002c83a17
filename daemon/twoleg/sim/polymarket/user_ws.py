"""The user channel: the orders and trades of an API key's holder.

Commands and events: docs.polymarket.com user-channel (2026-08-21) and polymarket-client 0.14.0
(read 2026-11-22). Credentials come inside the subscription; there is neither snapshot nor replay.
"""

from collections.abc import Mapping

from aiohttp import web

from twoleg.sim.polymarket.accounts import Accounts
from twoleg.sim.polymarket.channel import (
    OPERATION_INVALID,
    SUBSCRIPTION_INVALID,
    Subscriber,
    Wiring,
    parse_command,
    serve_socket,
    strings,
)
from twoleg.sim.polymarket.options import PolymarketOptions
from twoleg.sim.polymarket.wire import compact


class UserChannel:
    """Tells the holder of an API key about its orders and trades."""

    def __init__(self, accounts: Accounts, *, options: PolymarketOptions, wiring: Wiring) -> None:
        self._accounts = accounts
        self._options = options
        self._wiring = wiring
        # Authenticated subscribers, in order of subscription.
        self._subscribers: dict[Subscriber, None] = {}

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection until it closes."""
        return await serve_socket(request, self._wiring, on_text=self._on_text, on_end=self._forget)

    def publish(self, owner: str, condition_id: str, event: Mapping[str, object]) -> None:
        """Send an event to every socket of an EOA that listens to the market."""
        text = ""
        for subscriber in self._subscribers:
            if subscriber.key is None or subscriber.key.owner != owner:
                continue
            if condition_id in subscriber.muted:
                continue
            if subscriber.markets is None or condition_id in subscriber.markets:
                text = text or compact(self._spelled(event))
                subscriber.tell(text, is_sequenced=True)

    def broadcast(self, text: str) -> None:
        """Send a text to every subscriber, whatever it listens to."""
        for subscriber in self._subscribers:
            subscriber.tell(text)

    def _spelled(self, event: Mapping[str, object]) -> dict[str, object]:
        """Return the event with the fields whose spelling has drifted as the options say."""
        name = self._options.match_time_name
        spelled = {name if key == "match_time" else key: value for key, value in event.items()}
        if spelled["event_type"] == "order" and not spelled["associate_trades"]:
            spelled["associate_trades"] = [] if self._options.empty_trades == "list" else None
        return spelled

    def _on_text(self, subscriber: Subscriber, text: str) -> None:
        command = parse_command(text)
        markets = strings(command.get("markets"))
        operation = command.get("operation")
        if not subscriber.is_subscribed:
            self._log_in(subscriber, command, markets)
        elif operation == "subscribe" and markets is not None:
            subscriber.muted -= set(markets)
            if subscriber.markets is not None:
                subscriber.markets |= set(markets)
        elif operation == "unsubscribe" and markets is not None:
            subscriber.muted |= set(markets)
        else:
            subscriber.socket.offer(OPERATION_INVALID)

    def _log_in(
        self, subscriber: Subscriber, command: Mapping[str, object], markets: list[str] | None
    ) -> None:
        auth = command.get("auth")
        key = self._accounts.by_creds(auth) if isinstance(auth, dict) else None
        if str(command.get("type", "")).lower() != "user" or key is None:
            subscriber.socket.close(self._options.bad_auth_code, SUBSCRIPTION_INVALID)
            return
        subscriber.is_subscribed = True
        subscriber.key = key
        subscriber.markets = set(markets) if markets else None
        self._subscribers[subscriber] = None

    def _forget(self, subscriber: Subscriber) -> None:
        self._subscribers.pop(subscriber, None)
