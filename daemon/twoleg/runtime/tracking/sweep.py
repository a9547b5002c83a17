"""Finds by REST what a private stream lost: after each reconnect, and on a timer.

The account's latest fills are read as one list, which shows those of orders we do not know too;
then the orders that may still change are read one by one. Those of executions that have ended are
in the list, which reaches back further than any read lags; they are read where there was none.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import structlog

from twoleg.core.market import Market, MarketId
from twoleg.errors import VenueError, VenueUnavailable
from twoleg.runtime.tracking.booked import Booked
from twoleg.runtime.tracking.venue import NS_PER_MS, VenueTracker
from twoleg.storage.records import AccountHeard
from twoleg.venues.ports import AccountFillsPort

OVERLAP_MS: Final = 120_000
"""How far back before the last list the next one begins: read sides lag, clocks differ."""
LOOK_BACK_MS_MAX: Final = 13 * 86_400 * 1_000
"""Longest that one list may reach back, after a long pause of ours or of the venue.

Kalshi lists fills for about three months, and the orders that they name for two weeks (Kalshi API
docs, historical data; two weeks by its changelog of 2026-09-24). Polymarket names no end of what
its trades show (CLOB API docs, read 2026-11-22).
"""
LOOK_BACK_MS_MIN: Final = 3_600 * 1_000
"""A list that is too long for its pages is asked for half as far back, down to this."""
TOO_LONG: Final = "too_many_pages"
HEARD_NS: Final = 60 * 1_000_000_000
"""How often at most it is journalled that a list came whole."""
RECENT_NS: Final = 600 * 1_000_000_000
"""How long the orders of an ended execution are still read."""
OPEN_MAX: Final = 32
RECENT_MAX: Final = 8
"""Orders read by one sweep; those that were not read for longest come first."""
PAUSE_MS: Final = 100
"""Between two reads of a sweep: at ten a second, half of the slowest tier's tokens are left."""
NAMES_MAX: Final = 16
"""Orders of unclaimed fills whose own id is asked for by one sweep."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Moment:
    """A time by both clocks: the wall clock may be set, the other stands while the machine sleeps.

    Whichever tells that it was longer ago is believed: what is read twice does no harm.
    """

    wall_ms: int
    at_ns: int

    def by(self, now: "_Moment") -> int:
        """When it was, by the wall clock as it goes now (Unix ms)."""
        return min(self.wall_ms, now.wall_ms - (now.at_ns - self.at_ns) // NS_PER_MS)

    def sooner(self, ms: int) -> "_Moment":
        """So much earlier."""
        return _Moment(self.wall_ms - ms, self.at_ns - ms * NS_PER_MS)


class Sweep:
    """Sweeps one venue; one at a time. `ended_ns` tells when an execution ended, None if open."""

    def __init__(
        self,
        tracker: VenueTracker,
        *,
        markets: Callable[[], Iterable[Market]],
        ended_ns: Callable[[int], int | None],
    ) -> None:
        self._tracker = tracker
        self._markets = markets
        self._ended_ns = ended_ns
        self._clock = tracker.outlets.clock
        # Before this every fill was seen in a list.
        self._seen = self._now()
        # What happened before this is none of ours.
        self._floor = self._seen
        self._reach_ms = LOOK_BACK_MS_MAX
        # Until it is told where earlier processes stopped, what it sees is not all.
        self._knows_past = False
        # When it was last journalled that a list came whole; None: not yet.
        self._heard_ns: int | None = None
        self._turn = asyncio.Lock()
        # How often it was asked for, and up to which time of those it has read since.
        self._asked = 0
        self._served = 0

    def look_back(self, heard_ms: int, floor_ms: int) -> None:
        """Nobody listened since `heard_ms`; what was before `floor_ms` is none of ours.

        Both are Unix ms of our wall clock, as an earlier process told it.
        """
        now = self._now()
        heard, floor = (self._moment(now, ms) for ms in (heard_ms, floor_ms))
        self._seen = min(self._seen, heard, key=lambda moment: moment.by(now))
        self._floor = min(self._floor, floor, key=lambda moment: moment.by(now))
        self._knows_past = True
        missed_ms = now.wall_ms - LOOK_BACK_MS_MAX - self._seen.by(now)
        if missed_ms > 0:
            log.error(
                "fills_out_of_reach", venue=self._tracker.venue.value, seconds=missed_ms // 1_000
            )

    async def run(self) -> None:
        """Read all that may be news; returns once a reading that began after this call has ended.

        What runs already may have read from before: then it runs once more, for all who wait.
        """
        self._asked += 1
        mine = self._asked
        async with self._turn:
            if self._served >= mine:
                return
            asked = self._asked
            was_read = await self._read_account()
            await self._read_orders(lately_ended=not was_read)
            self._served = asked

    async def _read_account(self) -> bool:
        """Read the account's latest fills; whether all of them came."""
        port = self._tracker.port
        if not isinstance(port, AccountFillsPort):
            # On paper there is no account beside our orders.
            return False
        begun, seen, knows_past = self._now(), self._seen, self._knows_past
        since_ms = max(
            seen.sooner(OVERLAP_MS).by(begun),
            self._floor.by(begun),
            begun.wall_ms - self._reach_ms,
        )
        try:
            fills = await port.read_fills_since(since_ms, self._known_markets())
        except VenueError as error:
            log.warning("account_fills_not_read", venue=error.venue, reason=str(error))
            if isinstance(error, VenueUnavailable) and error.code == TOO_LONG:
                self._reach_less()
            return False
        for fill in fills:
            self._tracker.on_fill(fill)
        if self._seen is seen:
            # Else it was told meanwhile to look back further than this list did.
            self._seen, self._reach_ms = begun, LOOK_BACK_MS_MAX
        await self._name_orders(port)
        if self._seen is begun and knows_past:
            self._tell_heard(begun)
        return True

    def _reach_less(self) -> None:
        """So much cannot be read at once: the latest fills are worth more than none."""
        self._reach_ms = max(LOOK_BACK_MS_MIN, self._reach_ms // 2)
        log.error(
            "account_fills_cut",
            venue=self._tracker.venue.value,
            seconds=self._reach_ms // 1_000,
        )

    def _tell_heard(self, begun: _Moment) -> None:
        """All up to then is on record, or known as nobody's of ours: a start may begin there."""
        if self._tracker.unclaimed.nameless():
            return
        if self._heard_ns is not None and begun.at_ns - self._heard_ns < HEARD_NS:
            return
        self._heard_ns = begun.at_ns
        self._tracker.outlets.hear(
            AccountHeard(
                wall_ns=self._clock.wall_ns(), venue=self._tracker.venue, begun_ms=begun.wall_ms
            )
        )

    def _now(self) -> _Moment:
        return _Moment(self._clock.wall_ns() // NS_PER_MS, self._clock.monotonic_ns())

    def _moment(self, now: _Moment, wall_ms: int) -> _Moment:
        """A time of an earlier process; one in the future was told by a clock that was wrong."""
        ago_ms = now.wall_ms - wall_ms if wall_ms <= now.wall_ms else LOOK_BACK_MS_MAX
        return now.sooner(ago_ms)

    async def _name_orders(self, port: AccountFillsPort) -> None:
        """Ask which orders of ours the unclaimed fills may belong to."""
        for venue_order_id in self._tracker.unclaimed.nameless()[:NAMES_MAX]:
            try:
                order_key = await port.name_order(venue_order_id)
            except VenueError as error:
                log.warning("order_not_named", venue=error.venue, reason=str(error))
                continue
            booked = self._tracker.find(order_key)
            if booked is not None:
                self._tracker.learn_order_id(booked.number, venue_order_id)
            elif order_key:
                self._tracker.unclaimed.name(venue_order_id)
            await self._clock.sleep(PAUSE_MS / 1_000)

    async def _read_orders(self, *, lately_ended: bool) -> None:
        for booked in self._chosen(lately_ended=lately_ended):
            if not await self._tracker.read(booked):
                # It could not be asked: those behind it are asked first next time.
                return
            await self._clock.sleep(PAUSE_MS / 1_000)

    def _chosen(self, *, lately_ended: bool) -> list[Booked]:
        """Orders that may still change, then those that lately could, unless a list showed them."""
        now_ns = self._clock.monotonic_ns()
        unsure: list[Booked] = []
        recent: list[Booked] = []
        for booked in sorted(self._tracker.all(), key=lambda booked: booked.read_ns):
            ended_ns = self._ended_ns(booked.number[0])
            if ended_ns is None or not booked.is_final:
                unsure.append(booked)
            elif now_ns - ended_ns <= RECENT_NS:
                recent.append(booked)
        return [*unsure[:OPEN_MAX], *(recent[:RECENT_MAX] if lately_ended else ())]

    def _known_markets(self) -> dict[MarketId, Market]:
        mine = (booked.ref.spec.market for booked in self._tracker.all())
        return {
            market.id: market
            for market in (*mine, *self._markets())
            if market.venue is self._tracker.venue
        }
