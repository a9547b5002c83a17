"""The market sockets of a feed: each carries a bounded number of tokens, and comes and goes."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable

from twoleg.core.market import Market, MarketId
from twoleg.venues.polymarket.frames import News
from twoleg.venues.polymarket.market_socket import MarketSocket
from twoleg.venues.polymarket.sockets import SocketSource
from twoleg.venues.ports import EventSink


class Shards:
    """Spreads markets over sockets without disturbing those that are streamed already.

    A market takes two tokens, its outcomes. A free place in an open socket is filled before
    another socket is opened; one that carries nothing any more is closed.
    """

    def __init__(
        self,
        *,
        source: SocketSource,
        on_event: EventSink,
        on_news: Callable[[News], None],
        on_bookless: Callable[[MarketId], None],
    ) -> None:
        self._source = source
        self._on_event = on_event
        self._on_news = on_news
        self._on_bookless = on_bookless
        self._room = source.options.tokens_per_socket_max // 2
        # Sockets in the order of their opening, with their tasks while `run` is on.
        self._sockets: dict[MarketSocket, asyncio.Task[None] | None] = {}
        self._socket_of: dict[MarketId, MarketSocket] = {}
        self._tasks: asyncio.TaskGroup | None = None
        # What the sockets that were closed had counted.
        self._counted: Counter[str] = Counter()

    @property
    def counts(self) -> dict[str, int]:
        """What all sockets have seen and done, closed ones included."""
        total = self._counted.copy()
        for socket in self._sockets:
            total.update(socket.counts)
        return dict(total)

    @property
    def socket_count(self) -> int:
        """Sockets that are open or being opened."""
        return len(self._sockets)

    @property
    def bookless(self) -> tuple[MarketId, ...]:
        """Followed markets that have no book at the venue."""
        return tuple(key for socket in self._sockets for key in socket.bookless)

    def follow(self, markets: Iterable[Market]) -> None:
        """Stream these markets too; one that is streamed already has its terms replaced."""
        for market in markets:
            socket = self._socket_of.get(market.id) or self._roomy()
            self._socket_of[market.id] = socket
            socket.watch(market)

    def unfollow(self, market_ids: Iterable[MarketId]) -> None:
        """Stop streaming these; unknown ones are left out."""
        for market_id in market_ids:
            socket = self._socket_of.pop(market_id, None)
            if socket is not None:
                socket.forget(market_id)

    def close_empty(self) -> None:
        """Close sockets that carry no market; to be called when all places are given away."""
        for socket in [socket for socket in self._sockets if not socket.market_ids]:
            task = self._sockets.pop(socket)
            self._counted.update(socket.counts)
            if task is not None:
                task.cancel()

    def resync(self, market_ids: Iterable[MarketId]) -> None:
        """Ask for new dumps of these books; unknown ones are left out."""
        for market_id in market_ids:
            socket = self._socket_of.get(market_id)
            if socket is not None:
                socket.resync((market_id,))

    async def run(self) -> None:
        """Run all sockets, also those that come later, until cancelled."""
        try:
            async with asyncio.TaskGroup() as self._tasks:
                for socket in self._sockets:
                    self._sockets[socket] = self._start(socket)
                # The group must not end for want of tasks.
                await asyncio.Event().wait()
        finally:
            self._tasks = None

    def _roomy(self) -> MarketSocket:
        for socket in self._sockets:
            if len(socket.market_ids) < self._room:
                return socket
        socket = MarketSocket(
            source=self._source,
            on_event=self._on_event,
            on_news=self._on_news,
            on_bookless=self._on_bookless,
        )
        self._sockets[socket] = self._start(socket)
        return socket

    def _start(self, socket: MarketSocket) -> asyncio.Task[None] | None:
        if self._tasks is None:
            return None
        return self._tasks.create_task(socket.run(), name="polymarket-market")
