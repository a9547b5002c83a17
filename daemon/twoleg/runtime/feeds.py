"""The feeds of both venues: started, kept running, asked for snapshots."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

import structlog

from twoleg.core.events import BooksVoid, Event, PairsLeft
from twoleg.core.market import Market, MarketId, Venue
from twoleg.runtime.kit import Kit, Sinks
from twoleg.seams import Clock
from twoleg.venues.ports import FeedPort

log = structlog.get_logger(__name__)


class Feeds:
    """One feed per kit; `markets` are those to follow: some come, and some go."""

    def __init__(
        self,
        *,
        kits: Sequence[Kit],
        markets: Mapping[MarketId, Market],
        clock: Clock,
        emit: Callable[[Event], None],
    ) -> None:
        self._kits = kits
        self._markets = markets
        self._clock = clock
        self._emit = emit
        # Filled by `start`.
        self._feeds: dict[Venue, FeedPort] = {}

    def start(self, group: asyncio.TaskGroup, sinks: Sinks) -> list[asyncio.Task[None]]:
        """Start all feeds in a group; the tasks end only when they are cancelled."""
        for kit in self._kits:
            self._feeds[kit.venue] = kit.make_feed(self._followed(kit.venue), sinks)
        return [
            group.create_task(self._keep_feeding(feed), name=f"feed-{venue.value}")
            for venue, feed in self._feeds.items()
        ]

    def resync(self, venue: Venue, market_ids: tuple[MarketId, ...]) -> None:
        """Ask for new snapshots; before the start they come anyway."""
        if venue in self._feeds:
            self._feeds[venue].resync(market_ids)

    def leave(self, event: PairsLeft) -> None:
        """Let markets go that nobody follows any more."""
        for kit in self._kits:
            kit.unfollow(event.market_ids)

    async def _keep_feeding(self, feed: FeedPort) -> None:
        """Run a feed for good: one that dies of a bug is started again, its books void."""
        while True:
            try:
                await feed.run()
            except Exception as error:  # noqa: BLE001 - a task's root: report, restart
                log.error("feed_failed", venue=feed.venue.value, reason=repr(error))
            lost = tuple(market.id for market in self._followed(feed.venue))
            self._emit(BooksVoid(lost, "feed_failed"))
            await self._clock.sleep(1)

    def _followed(self, venue: Venue) -> list[Market]:
        return [market for market in self._markets.values() if market.venue is venue]
