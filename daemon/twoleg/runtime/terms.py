"""Market terms read again: when a venue says that some changed, and by the clock.

A push may be lost, and a fee may change by schedule, so every market is read again from time to
time too. A market whose terms are known to have changed starts nothing until they were read.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Final

import structlog
from msgspec.structs import replace

from twoleg.core.actions import Note
from twoleg.core.events import Event, MarketChanged, MarketResolved, PairsLeft
from twoleg.core.market import Market, MarketId, Pair, Venue
from twoleg.errors import VenueError, VenueRejected
from twoleg.runtime.ends import Ends
from twoleg.runtime.kit import Kit
from twoleg.seams import Clock

TICK_S: Final = 0.25
"""One market of each venue is read per tick: the rate limit is there for trading."""
IDLE_S: Final = 1.0
"""How often it is looked for something to read while nothing waits."""
GAP_MS: Final = 1_000
"""Between two readings of one market, however often the venue pushes."""
AGAIN_MS: Final = 5_000
"""After a push a market is read twice: reads may lag behind what was pushed."""
RETRY_MS_MIN: Final = 1_000
RETRY_MS_MAX: Final = 60_000
ROUND_MS: Final = 600_000
"""Every market once; a scheduled higher fee counts an hour before it takes effect."""
MERE_DOUBTS: Final = frozenset({"lifecycle_gap", "bookless", "created"})
"""Nothing that an order must respect is known to have changed: read, and trade on meanwhile."""
MS: Final = 1_000_000

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Due:
    """When a market is read next, how often yet, and how often that failed."""

    at_ns: int
    looks: int = 1
    failures: int = 0


class Terms:
    """Reads again what was asked for. `markets` holds the terms as last read, and is kept so.

    `on` tells the pairs that a market belongs to, `ends` the payouts that are on record (as for
    `end`), `known` tells a market as the engine has it (its grid may be newer than what was read),
    `see` gets terms (before, now) that are new, puts them on record and judges their texts, `emit`
    tells the engine, `note` puts an alarm on record.
    """

    def __init__(  # noqa: PLR0913 - each way in and out is somebody else's
        self,
        *,
        kits: Mapping[Venue, Kit],
        on: Callable[[MarketId], Sequence[Pair]],
        ends: Callable[[], Mapping[MarketId, str]],
        markets: MutableMapping[MarketId, Market],
        known: Callable[[MarketId], Market | None],
        clock: Clock,
        see: Callable[[Market, Market], None],
        emit: Callable[[Event], None],
        note: Callable[[Note], None],
    ) -> None:
        self._kits = kits
        self._on = on
        self._markets = markets
        self._known = known
        self._clock = clock
        self._see = see
        self._emit = emit
        # Resolved for good, whatever a cached answer says.
        self._ended = Ends(on=on, recorded=ends, markets=markets, emit=emit, note=note)
        # Those that the engine was told to be so.
        self._resolved: set[MarketId] = set()
        # What is to be read, and when.
        self._due: dict[MarketId, _Due] = {}
        # When each market was read last.
        self._read_ns: dict[MarketId, int] = {}
        # Venues that said that something changed since their terms were read.
        self._stale: set[Venue] = set()

    def ask(self, market_id: MarketId, what: str) -> None:
        """A venue says that a market changed, or may have; it is read soon, and twice."""
        if market_id not in self._markets:
            return
        log.info("terms_doubted", market_id=market_id, what=what)
        if what not in MERE_DOUBTS:
            self._suspend(market_id)
        last_ns = self._read_ns.get(market_id)
        now_ns = self._clock.monotonic_ns()
        at_ns = now_ns if last_ns is None else max(now_ns, last_ns + GAP_MS * MS)
        self._due[market_id] = _Due(at_ns, looks=2)
        self._stale.add(self._markets[market_id].venue)

    def end(self, market_id: MarketId, payouts: str) -> None:
        """A market is resolved: nothing starts on it any more, and it goes on record."""
        if market_id not in self._markets:
            return
        is_new = self._ended.tell(market_id, payouts)
        if is_new or market_id not in self._resolved:
            # The record of an earlier process told nobody here.
            self._resolved.add(market_id)
            self._suspend(market_id)
            self._emit(MarketResolved(market_id))

    def has_ended(self, market_id: MarketId) -> bool:
        """Whether a market is known to be resolved."""
        return market_id in self._ended

    def leave(self, event: PairsLeft) -> None:
        """Forget markets that nobody follows any more."""
        self._ended.leave(event)
        for market_id in event.market_ids:
            self._resolved.discard(market_id)
            self._due.pop(market_id, None)
            self._read_ns.pop(market_id, None)

    async def run(self) -> None:
        """Read what is due until cancelled; a venue that does not answer holds up no other."""
        async with asyncio.TaskGroup() as tasks:
            for venue in self._kits:
                tasks.create_task(self._read_venue(venue), name=f"terms-{venue.value}")

    async def _read_venue(self, venue: Venue) -> None:
        round_ns = self._clock.monotonic_ns() + ROUND_MS * MS
        while True:
            await self._clock.sleep(TICK_S if self._due else IDLE_S)
            now_ns = self._clock.monotonic_ns()
            mine = [market.id for market in self._markets.values() if market.venue is venue]
            self._look_at_closed(mine, now_ns)
            if now_ns >= round_ns:
                round_ns = now_ns + ROUND_MS * MS
                for market_id in mine:
                    self._due.setdefault(market_id, _Due(now_ns))
            due = [key for key in mine if key in self._due and self._due[key].at_ns <= now_ns]
            if due:
                first = min(due, key=lambda market_id: self._due[market_id].at_ns)
                await self._read(first, self._due.pop(first))

    def _look_at_closed(self, market_ids: Iterable[MarketId], now_ns: int) -> None:
        """One that was not tradable when it was taken up may have ended: nobody will push that."""
        for market_id in market_ids:
            if market_id not in self._read_ns and not self._markets[market_id].is_tradable:
                self._due.setdefault(market_id, _Due(now_ns))

    async def _read(self, market_id: MarketId, due: _Due) -> None:
        pair = next(iter(self._on(market_id)), None)
        if pair is None:
            # Left by all its pairs: it goes itself once nothing of ours may move there.
            return
        venue = self._markets[market_id].venue
        kit = self._kits[venue]
        if venue in self._stale:
            self._stale.discard(venue)
            kit.forget_terms()
        self._read_ns[market_id] = self._clock.monotonic_ns()
        try:
            market = await kit.read_market(pair)
        except VenueRejected as error:
            log.error("terms_refused", market_id=market_id, reason=str(error))
            # Until the next round, or the next push.
            self._suspend(market_id)
            return
        except VenueError as error:
            log.warning("terms_not_read", market_id=market_id, reason=str(error))
            if market_id in self._markets:
                self._retry(market_id, due)
            return
        if market_id in self._due or market_id not in self._markets:
            # It changed again while it was read, or was left.
            return
        self._take(market)
        if due.looks > 1:
            at_ns = self._clock.monotonic_ns() + AGAIN_MS * MS
            self._due[market_id] = _Due(at_ns, due.looks - 1)
            self._stale.add(venue)
        if not market.is_tradable:
            await self._poll_end(market_id)

    def _retry(self, market_id: MarketId, due: _Due) -> None:
        pause_ms = min(RETRY_MS_MIN << min(due.failures, 16), RETRY_MS_MAX)
        at_ns = self._clock.monotonic_ns() + pause_ms * MS
        self._due.setdefault(market_id, _Due(at_ns, due.looks, due.failures + 1))
        self._stale.add(self._markets[market_id].venue)

    def _take(self, market: Market) -> None:
        if market.id in self._ended:
            market = replace(market, is_tradable=False)
        before = self._markets[market.id]
        if market != before:
            self._markets[market.id] = market
            fields = market.__struct_fields__
            changed = [name for name in fields if getattr(market, name) != getattr(before, name)]
            log.info("terms_changed", market_id=market.id, fields=changed)
            self._see(before, market)
            self._kits[market.venue].follow(market)
        if market != self._known(market.id):
            self._emit(MarketChanged(market))

    async def _poll_end(self, market_id: MarketId) -> None:
        """Ends are sometimes never pushed, and one that was told may be taken back."""
        try:
            payouts = await self._kits[self._markets[market_id].venue].read_end(market_id)
        except VenueError as error:
            log.warning("end_not_read", market_id=market_id, reason=str(error))
            return
        if payouts:
            self.end(market_id, payouts)

    def _suspend(self, market_id: MarketId) -> None:
        """Start nothing on a market; what is open there goes on."""
        market = self._known(market_id)
        if market is not None and market.is_tradable:
            self._emit(MarketChanged(replace(market, is_tradable=False)))
