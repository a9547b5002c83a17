"""Market data and fills of Polymarket: market sockets of at most 200 tokens, and a user socket."""

import asyncio
import ssl
from collections.abc import Callable, Iterable

from twoleg.core.market import Market, MarketId, Venue
from twoleg.seams import Clock, Entropy, Network
from twoleg.venues.polymarket.auth import ApiCredentials
from twoleg.venues.polymarket.market_socket import MarketSocket
from twoleg.venues.polymarket.options import PolymarketOptions, PolymarketUrls
from twoleg.venues.polymarket.sockets import SocketSource
from twoleg.venues.polymarket.user_socket import UserSocket
from twoleg.venues.ports import EventSink, FillSink
from twoleg.venues.transport import require_safe_url


class PolymarketFeed:
    """FeedPort of Polymarket.

    Without `credentials` there is no user socket (paper trading). `on_up` is called after each
    (re)connect of the user socket: fills of the meantime must be read by REST. `on_down` tells
    why it was lost.
    """

    venue = Venue.POLYMARKET

    def __init__(  # noqa: PLR0913 - everything is injected
        self,
        *,
        network: Network,
        clock: Clock,
        entropy: Entropy,
        markets: Iterable[Market],
        on_event: EventSink,
        on_fill: FillSink,
        on_up: Callable[[], None] = lambda: None,
        on_down: Callable[[str], None] = lambda _reason: None,
        credentials: ApiCredentials | None = None,
        urls: PolymarketUrls | None = None,
        options: PolymarketOptions | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        urls = urls or PolymarketUrls()
        self._options = options or PolymarketOptions()
        self._on_event = on_event

        def source_of(url: str, key: str) -> SocketSource:
            return SocketSource(
                network=network,
                clock=clock,
                entropy=entropy,
                url=require_safe_url(url, key=key),
                options=self._options,
                tls=tls,
            )

        self._market_source = source_of(urls.market_ws, "polymarket.market_ws_url")
        # Condition id → market; the user socket reads it too.
        self._markets: dict[str, Market] = {}
        self._sockets: list[MarketSocket] = []
        self._socket_of: dict[MarketId, MarketSocket] = {}
        # The group that runs the sockets, while `run` is on.
        self._tasks: asyncio.TaskGroup | None = None
        self._user: UserSocket | None = None
        if credentials is not None:
            self._user = UserSocket(
                source=source_of(urls.user_ws, "polymarket.user_ws_url"),
                credentials=credentials,
                markets=self._markets,
                on_fill=on_fill,
                on_up=on_up,
                on_down=on_down,
            )
        self.set_markets(markets)

    @property
    def counts(self) -> dict[str, int]:
        """What all sockets have seen and done; those of the user socket as `user:…`."""
        total: dict[str, int] = {}
        for socket in self._sockets:
            for kind, count in socket.counts.items():
                total[kind] = total.get(kind, 0) + count
        if self._user is not None:
            total |= {f"user:{kind}": count for kind, count in self._user.counts.items()}
        return total

    def set_markets(self, markets: Iterable[Market]) -> None:
        """Follow these markets from now on; sockets of the others are not disturbed."""
        wanted = {market.id: market for market in markets}
        for market_id in tuple(self._socket_of):
            if market_id not in wanted:
                self._socket_of.pop(market_id).forget(market_id)
        self._markets.clear()
        self._markets.update((market.native_id, market) for market in wanted.values())
        for market in wanted.values():
            socket = self._socket_of.get(market.id) or self._roomy_socket()
            self._socket_of[market.id] = socket
            socket.watch(market)

    def resync(self, market_ids: Iterable[MarketId]) -> None:
        """Ask for new snapshots of these books; unknown ones are left out."""
        for market_id in market_ids:
            socket = self._socket_of.get(market_id)
            if socket is not None:
                socket.resync((market_id,))

    async def run(self) -> None:
        """Stream until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                for socket in self._sockets:
                    tasks.create_task(socket.run(), name="polymarket-market")
                if self._user is not None:
                    tasks.create_task(self._user.run(), name="polymarket-user")
                # Sockets may be added later: the group must not end for want of tasks.
                await asyncio.Event().wait()
        finally:
            self._tasks = None

    def _roomy_socket(self) -> MarketSocket:
        room = self._options.tokens_per_socket_max // 2
        for socket in self._sockets:
            if len(socket.market_ids) < room:
                return socket
        socket = MarketSocket(source=self._market_source, on_event=self._on_event)
        self._sockets.append(socket)
        if self._tasks is not None:
            self._tasks.create_task(socket.run(), name="polymarket-market")
        return socket
