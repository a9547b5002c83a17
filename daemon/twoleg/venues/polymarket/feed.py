"""Market data, fills and orders of Polymarket: market sockets, a user socket, audits of books."""

import asyncio
import ssl
from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeVar

import msgspec

from twoleg.core.events import BooksVoid
from twoleg.core.market import Market, MarketId, Venue
from twoleg.seams import Clock, Entropy, Network
from twoleg.venues.polymarket.audit import BookAudit
from twoleg.venues.polymarket.auth import ApiCredentials
from twoleg.venues.polymarket.frames import (
    Announcement,
    BestFrame,
    LastTradeFrame,
    NewMarketFrame,
    News,
    ResolvedFrame,
    TickSizeFrame,
)
from twoleg.venues.polymarket.options import PolymarketOptions, PolymarketUrls
from twoleg.venues.polymarket.order_updates import OrderSink, OrderUpdate
from twoleg.venues.polymarket.resolution import Resolution, told_resolution
from twoleg.venues.polymarket.shards import Shards
from twoleg.venues.polymarket.sockets import SocketSource
from twoleg.venues.polymarket.user_socket import UserSocket
from twoleg.venues.ports import EventSink, FillSink
from twoleg.venues.transport import HttpExchange, require_safe_url

T = TypeVar("T")
NEWS_KEPT_MAX: Final = 10_000
"""Every socket tells of every market; this many are remembered so that each is told once."""


class PushSinks(msgspec.Struct, frozen=True, kw_only=True):
    """What else the venue pushes; nobody hears of what has no sink. Plain calls, no awaits."""

    on_order: OrderSink | None = None
    """Where an order of ours stands."""
    on_new_market: Callable[[NewMarketFrame], None] | None = None
    """A market was created. Its terms can be read some minutes later."""
    on_resolved: Callable[[Resolution], None] | None = None
    """A market ended. Sometimes never told, so it is to be polled for as well."""
    on_trade: Callable[[LastTradeFrame], None] | None = None
    """Somebody traded a token of a followed market; may come before or after the book's change."""
    on_tick_size: Callable[[TickSizeFrame], None] | None = None
    """A followed market's grid changed, told for each of its tokens."""
    on_best: Callable[[BestFrame], None] | None = None
    """The best prices of one token; repeats what the books show, in no promised order to them."""
    on_bookless: Callable[[MarketId], None] | None = None
    """A followed market has no book at the venue: it is closed, or unknown there."""


class PolymarketFeed:
    """FeedPort of Polymarket.

    Without `credentials` there is no user socket (paper trading), without `http` no audit of the
    books. `on_up` is called after each (re)connect of the user socket: orders and fills of the
    meantime must be read by REST. `on_down` tells why it was lost.
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
        pushes: PushSinks | None = None,
        credentials: ApiCredentials | None = None,
        http: HttpExchange | None = None,
        urls: PolymarketUrls | None = None,
        options: PolymarketOptions | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        urls, options = urls or PolymarketUrls(), options or PolymarketOptions()

        def source_of(url: str, key: str) -> SocketSource:
            return SocketSource(
                network=network,
                clock=clock,
                entropy=entropy,
                url=require_safe_url(url, key=key),
                options=options,
                tls=tls,
            )

        self._on_event = on_event
        self._pushes = pushes or PushSinks()
        # Condition id → market; the user socket and the audit read it too.
        self._markets: dict[str, Market] = {}
        # (kind, condition id) of the news that were told, the oldest first.
        self._told: dict[tuple[type[News], str], None] = {}
        self._shards = Shards(
            source=source_of(urls.market_ws, "polymarket.market_ws_url"),
            on_event=on_event,
            on_news=self._on_news,
            on_bookless=self._on_bookless,
        )
        self._user: UserSocket | None = None
        if credentials is not None:
            self._user = UserSocket(
                source=source_of(urls.user_ws, "polymarket.user_ws_url"),
                credentials=credentials,
                markets=self._markets,
                on_fill=on_fill,
                on_order=self._on_order,
                on_up=on_up,
                on_down=on_down,
            )
        self._audit: BookAudit | None = None
        if http is not None and options.audit_every_ms:
            self._audit = BookAudit(
                http=http,
                clock=clock,
                urls=urls,
                options=options,
                markets=self._markets,
                on_event=on_event,
                on_missing=self._on_missing,
            )
        self.follow(markets)

    @property
    def counts(self) -> dict[str, int]:
        """What all sockets have seen and done; those of the user socket as `user:…`."""
        total = {**self._shards.counts, "sockets": self._shards.socket_count}
        if self._user is not None:
            total |= {f"user:{kind}": count for kind, count in self._user.counts.items()}
        return total | (self._audit.counts if self._audit is not None else {})

    @property
    def bookless(self) -> tuple[MarketId, ...]:
        """Followed markets that have no book at the venue, as far as it told."""
        return self._shards.bookless

    def follow(self, markets: Iterable[Market]) -> None:
        """Follow further markets, without disturbing the others; known ones get these terms."""
        new = {market.native_id: market for market in markets}
        self._markets.update(new)
        self._shards.follow(new.values())
        self._tell_user()

    def unfollow(self, market_ids: Iterable[MarketId]) -> None:
        """Follow these no longer; their books are void at once."""
        self._leave(market_ids)
        self._shards.close_empty()
        self._tell_user()

    def set_markets(self, markets: Iterable[Market]) -> None:
        """Follow exactly these markets from now on; sockets of the others are not disturbed."""
        wanted = {market.id: market for market in markets}
        self._leave([market.id for market in self._markets.values() if market.id not in wanted])
        # Before empty sockets are closed: their places may be wanted.
        self.follow(wanted.values())
        self._shards.close_empty()

    def resync(self, market_ids: Iterable[MarketId]) -> None:
        """Ask for new snapshots of these books; unknown ones are left out."""
        self._shards.resync(market_ids)

    async def run(self) -> None:
        """Stream until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._shards.run(), name="polymarket-markets")
            if self._user is not None:
                tasks.create_task(self._user.run(), name="polymarket-user")
            if self._audit is not None:
                tasks.create_task(self._audit.run(), name="polymarket-audit")

    def _leave(self, market_ids: Iterable[MarketId]) -> None:
        wanted = set(market_ids)
        gone = [market for market in self._markets.values() if market.id in wanted]
        if not gone:
            return
        for market in gone:
            del self._markets[market.native_id]
        left = tuple(market.id for market in gone)
        self._shards.unfollow(left)
        self._on_event(BooksVoid(market_ids=left, reason="not followed any more"))

    def _tell_user(self) -> None:
        if self._user is not None:
            self._user.change_markets()

    def _on_order(self, update: OrderUpdate) -> None:
        _give(self._pushes.on_order, update)

    def _on_news(self, news: News) -> None:
        pushes = self._pushes
        if isinstance(news, BestFrame):
            _give(pushes.on_best, news)
        elif isinstance(news, LastTradeFrame):
            _give(pushes.on_trade, news)
        elif isinstance(news, TickSizeFrame):
            _give(pushes.on_tick_size, news)
        else:
            self._announce(news)

    def _announce(self, news: Announcement) -> None:
        native_id = news.market if isinstance(news, ResolvedFrame) else news.native_id
        key = (type(news), native_id)
        if key in self._told:
            return
        if len(self._told) >= NEWS_KEPT_MAX:
            del self._told[next(iter(self._told))]
        self._told[key] = None
        if isinstance(news, NewMarketFrame):
            _give(self._pushes.on_new_market, news)
        elif self._pushes.on_resolved is not None:
            self._pushes.on_resolved(told_resolution(news))

    def _on_bookless(self, market_id: MarketId) -> None:
        _give(self._pushes.on_bookless, market_id)

    def _on_missing(self, market_ids: Sequence[MarketId]) -> None:
        """REST has no book of these; what the stream says is asked for, unless it is known."""
        known = set(self.bookless)
        self.resync([market_id for market_id in market_ids if market_id not in known])


def _give(sink: Callable[[T], None] | None, value: T) -> None:
    if sink is not None:
        sink(value)
