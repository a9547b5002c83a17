"""Our accounts as the venues see them: opening balances, and whether they still agree with us."""

from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Final, TypeVar

import structlog

from twoleg.core.events import Event, PositionReported
from twoleg.core.market import Market, MarketId, Venue
from twoleg.errors import VenueError
from twoleg.runtime.ledger import MODELLED_MICROS_MAX, Ledger
from twoleg.seams import Clock
from twoleg.storage.records import AnyRecord, CashOpened, FeeAdjusted, PositionOpened
from twoleg.venues.ports import AccountPort

OPEN_TRIES: Final = 5
CLOSE_TRIES: Final = 3

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Accounts:
    """Reads cash and holdings; compares them with the ledger that the journal gives."""

    def __init__(
        self,
        ports: dict[Venue, AccountPort],
        *,
        ledger: Ledger,
        clock: Clock,
        record: Callable[[AnyRecord], None],
        emit: Callable[[Event], None],
    ) -> None:
        self._ports = ports
        self._clock = clock
        self._record = record
        self._emit = emit
        self.ledger = ledger
        # The last disagreement per venue and shard: only one that stands twice is believed.
        self._doubt: dict[tuple[Venue, int], int] = {}
        # One that stood twice and that fees do not explain: money moved without us.
        self._unexplained: dict[tuple[Venue, int], int] = {}
        # Differences of holdings that were told.
        self._strange_e6: dict[MarketId, int] = {}

    async def open(self, markets: Iterable[Market]) -> None:
        """Read cash and holdings of both venues; what stands there is where this run begins.

        Raises:
            VenueError: a venue could not be asked in a few tries.
        """
        known = tuple(markets)
        for venue, port in self._ports.items():
            cash = await self._ask(venue, port.read_cash)
            for shard, micros in cash.cash_micros:
                wall_ns = self._clock.wall_ns()
                self._record(
                    CashOpened(wall_ns=wall_ns, venue=venue, shard=shard, cash_micros=micros)
                )
            mine = [market for market in known if market.venue is venue]
            self._report(mine, await self._ask(venue, partial(port.read_positions, mine)))
            self._emit(cash)

    async def add(self, markets: Iterable[Market], is_quiet: Callable[[], bool]) -> bool:
        """Read the holdings of further markets; False if something was opened meanwhile.

        The engine takes what it is told here for the truth of everything that is open.

        Raises:
            VenueError: a venue could not be asked.
        """
        known = tuple(markets)
        found: list[tuple[list[Market], tuple[tuple[MarketId, int, int], ...]]] = []
        for venue, port in self._ports.items():
            mine = [market for market in known if market.venue is venue]
            found.append((mine, await port.read_positions(mine)))
        if not is_quiet():
            return False
        for mine, held in found:
            self._report(mine, held)
        return True

    def _report(
        self, markets: Iterable[Market], held_now: Iterable[tuple[MarketId, int, int]]
    ) -> None:
        held = {entry[0]: entry for entry in held_now}
        for market in markets:
            _, yes_e6, no_e6 = held.get(market.id, (market.id, 0, 0))
            self._record(
                PositionOpened(
                    wall_ns=self._clock.wall_ns(),
                    venue=market.venue,
                    market_id=market.id,
                    yes_e6=yes_e6,
                    no_e6=no_e6,
                )
            )
            self._emit(PositionReported(market.id, yes_e6, no_e6))

    async def _ask(self, venue: Venue, read: Callable[[], Awaitable[T]]) -> T:
        for tried in range(1, OPEN_TRIES):
            try:
                return await read()
            except VenueError as error:
                log.warning("account_not_read", venue=venue.value, reason=str(error))
                await self._clock.sleep(tried)
        return await read()

    def expected(self, venue: Venue) -> tuple[int, int]:
        """Cash of a venue's first shard by our record, and what modelled fees may be off."""
        fills = self.ledger.modelled_fills.get(venue, 0)
        known = self.ledger.cash_micros.get((venue, 0), 0)
        return known + self._unexplained.get((venue, 0), 0), fills * MODELLED_MICROS_MAX

    async def position_difference_e6(self, market: Market) -> int:
        """What a Kalshi market's signed holding differs from our record; 0 too if not read."""
        try:
            held = await self._ports[market.venue].read_positions((market,))
        except VenueError as error:
            log.warning("position_not_read", market_id=market.id, reason=str(error))
            return 0
        yes_e6 = sum(yes_e6 - no_e6 for _, yes_e6, no_e6 in held)
        return yes_e6 - self.ledger.kalshi_yes_e6(market.id)

    def alarm_position(self, market: Market, difference_e6: int) -> None:
        """Tell of a holding that our fills do not explain, once for each size of the difference."""
        if self._strange_e6.get(market.id) != difference_e6:
            self._strange_e6[market.id] = difference_e6
            log.error(
                "position_difference_not_explained",
                venue=market.venue.value,
                market_id=market.id,
                difference_e6=difference_e6,
            )

    async def close(self) -> None:
        """Compare once more at the end, again where a venue's figure may only lag behind."""
        for venue in self._ports:
            for _ in range(CLOSE_TRIES):
                await self.compare(venue)
                if not any(doubted is venue for doubted, _ in self._doubt):
                    break
                await self._clock.sleep(1)

    async def compare(self, venue: Venue) -> bool:
        """Read cash while nothing is open; book what modelled fees left, alarm what is more.

        True if a difference was seen that only a second look, soon, can tell from a late figure.
        """
        try:
            report = await self._ports[venue].read_cash()
        except VenueError as error:
            log.warning("cash_not_read", venue=venue.value, reason=str(error))
            return False
        is_new = [self._compare_shard(venue, *entry) for entry in report.cash_micros]
        self._emit(report)
        return any(is_new)

    def _compare_shard(self, venue: Venue, shard: int, micros: int) -> bool:
        """Whether a difference was seen for the first time."""
        known = self.ledger.cash_micros.get((venue, shard), 0)
        difference = micros - known
        if difference == 0:
            self._doubt.pop((venue, shard), None)
            self._unexplained.pop((venue, shard), None)
            self.ledger.modelled_fills[venue] = 0
            return False
        if self._doubt.get((venue, shard)) != difference:
            # The venue's figure may lag behind a fill; a second look decides.
            self._doubt[venue, shard] = difference
            log.info("cash_difference_seen", venue=venue.value, shard=shard, micros=difference)
            return True
        fills = self.ledger.modelled_fills.get(venue, 0)
        if abs(difference) > fills * MODELLED_MICROS_MAX:
            log.error(
                "cash_difference_not_explained",
                venue=venue.value,
                shard=shard,
                micros=difference,
            )
            self._unexplained[venue, shard] = difference
            return False
        self._record(
            FeeAdjusted(
                wall_ns=self._clock.wall_ns(),
                venue=venue,
                shard=shard,
                micros=difference,
                fills=fills,
            )
        )
        self._doubt.pop((venue, shard), None)
        self._unexplained.pop((venue, shard), None)
        return False
