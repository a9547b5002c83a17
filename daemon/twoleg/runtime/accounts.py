"""Our accounts as the venues see them: where they begin, and whether they still agree with us.

The journal is the source. A venue's figures are taken over once, when its account is first looked
at; from then on they are compared, and a difference is repaired only where it can be proven: by a
flow that the venue tells with an id, or by the rounding that modelled fees leave.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Final, TypeVar

import structlog

from twoleg.core.events import CashReported, Event, PositionReported
from twoleg.core.flows import CashFlow, FlowKind
from twoleg.core.market import Market, MarketId, Venue
from twoleg.errors import VenueError
from twoleg.runtime.differences import Differences
from twoleg.runtime.ledger import MODELLED_MICROS_MAX, Ledger
from twoleg.seams import Clock
from twoleg.storage.records import (
    AccountCompared,
    AnyRecord,
    CashFlowSeen,
    CashOpened,
    FeeAdjusted,
    PositionOpened,
    StrangerSeen,
)
from twoleg.venues.ports import AccountNewsPort, AccountPort

OPEN_TRIES: Final = 5
CLOSE_TRIES: Final = 3
MS: Final = 1_000_000

T = TypeVar("T")

log = structlog.get_logger(__name__)


def _no_activity() -> int:
    return 0


class Accounts:
    """Reads cash, holdings and flows; compares them with the ledger that the journal gives.

    `activity` is None while an order of ours may be moving money, and else a number that is
    another one once anything moved.
    """

    def __init__(
        self,
        ports: Mapping[Venue, AccountPort],
        *,
        ledger: Ledger,
        clock: Clock,
        record: Callable[[AnyRecord], None],
        emit: Callable[[Event], None],
        differences: Differences,
        activity: Callable[[], int | None] = _no_activity,
    ) -> None:
        self.ports = ports
        self._clock = clock
        self._record = record
        self._emit = emit
        self._differences = differences
        self._activity = activity
        self.ledger = ledger
        # The last disagreement per venue and shard: only one that stands twice is believed.
        self._doubt: dict[tuple[Venue, int], int] = {}
        # One that stood twice and that nothing explains: money moved without us.
        self._unexplained: dict[tuple[Venue, int], int] = {}
        # Venues whose cash this run has read, and compared if it could be.
        self._compared: set[Venue] = set()
        # Flows that could not be proven, so that each is told once.
        self._unproven: set[str] = set()

    # -- beginning -------------------------------------------------------------------------

    async def open(self, markets: Iterable[Market]) -> None:
        """Begin the accounts that no journal knows yet; what stands in their markets is not ours.

        Raises:
            VenueError: a venue could not be asked in a few tries.
        """
        known = tuple(markets)
        for venue, port in self.ports.items():
            if venue not in self.ledger.opened_wall_ns:
                cash = await self._ask(venue, port.read_cash)
                for shard, micros in cash.cash_micros:
                    wall_ns = self._clock.wall_ns()
                    self._record(
                        CashOpened(wall_ns=wall_ns, venue=venue, shard=shard, cash_micros=micros)
                    )
            fresh = [m for m in known if m.venue is venue and not self.ledger.is_opened(m.id)]
            if fresh:
                self._begin(fresh, await self._ask(venue, partial(port.read_positions, fresh)))

    def tell(self, ledger: Ledger, markets: Iterable[Market]) -> None:
        """Tell the engine what is ours by a ledger, and what in these markets is a stranger's."""
        for market in markets:
            yes_e6, no_e6 = ledger.owned_e6(market.id)
            if market.venue is Venue.KALSHI:
                yes_e6, no_e6 = yes_e6 - no_e6, 0
            self._emit(PositionReported(market.id, yes_e6, no_e6))
            met = ledger.strangers_e6.get(market.id, (0, 0))
            self._differences.strangers(market.venue, market.id, met)
        for venue in self.ports:
            cash = sorted(
                (shard, micros) for (v, shard), micros in ledger.cash_micros.items() if v is venue
            )
            self._emit(CashReported(venue, tuple(cash)))

    async def add(self, markets: Iterable[Market], is_quiet: Callable[[], bool]) -> bool:
        """Let further markets join; False if something was opened meanwhile.

        The engine takes what it is told here for the truth of everything that is open.

        Raises:
            VenueError: a venue could not be asked.
        """
        known = tuple(markets)
        found: list[tuple[list[Market], tuple[tuple[MarketId, int, int], ...]]] = []
        for venue, port in self.ports.items():
            fresh = [m for m in known if m.venue is venue and not self.ledger.is_opened(m.id)]
            found.append((fresh, await port.read_positions(fresh) if fresh else ()))
        if not is_quiet():
            return False
        for fresh, held in found:
            self._begin(fresh, held)
        self.tell(self.ledger, known)
        return True

    def _begin(
        self, markets: Iterable[Market], held_now: Iterable[tuple[MarketId, int, int]]
    ) -> None:
        held = {entry[0]: entry for entry in held_now}
        for market in markets:
            wall_ns, venue = self._clock.wall_ns(), market.venue
            self._record(
                PositionOpened(wall_ns=wall_ns, venue=venue, market_id=market.id, yes_e6=0, no_e6=0)
            )
            if market.id in held:
                _, yes_e6, no_e6 = held[market.id]
                self._record(
                    StrangerSeen(
                        wall_ns=wall_ns,
                        venue=venue,
                        market_id=market.id,
                        yes_e6=yes_e6,
                        no_e6=no_e6,
                    )
                )

    async def _ask(self, venue: Venue, read: Callable[[], Awaitable[T]]) -> T:
        for tried in range(1, OPEN_TRIES):
            try:
                return await read()
            except VenueError as error:
                log.warning("account_not_read", venue=venue.value, reason=str(error))
                await self._clock.sleep(tried)
        return await read()

    # -- holdings --------------------------------------------------------------------------

    async def position_difference_e6(self, market: Market) -> int:
        """What a Kalshi market's signed holding differs from our record; 0 too if not read."""
        found = await self.holding_differences((market,))
        return found.get(market.id, (0, 0))[0]

    async def holding_differences(
        self, markets: Iterable[Market]
    ) -> dict[MarketId, tuple[int, int]]:
        """How much more each of these markets of one venue holds than our record; all that agree.

        Nothing of a venue that cannot be asked.
        """
        wanted = tuple(markets)
        if not wanted:
            return {}
        venue = wanted[0].venue
        try:
            rows = await self.ports[venue].read_positions(wanted)
        except VenueError as error:
            log.warning("position_not_read", venue=venue.value, reason=str(error))
            return {}
        held = {market_id: (yes_e6, no_e6) for market_id, yes_e6, no_e6 in rows}
        found: dict[MarketId, tuple[int, int]] = {}
        for market in wanted:
            yes_e6, no_e6 = held.get(market.id, (0, 0))
            if venue is Venue.KALSHI:
                yes_e6, no_e6 = yes_e6 - no_e6, 0
            known_yes_e6, known_no_e6 = self.ledger.expected_e6(venue, market.id)
            found[market.id] = (yes_e6 - known_yes_e6, no_e6 - known_no_e6)
        return found

    def alarm_position(self, market: Market, difference_e6: int) -> None:
        """A Kalshi holding differs, and was read twice: tell of it, once for each size."""
        self._differences.holding(market.venue, market.id, (difference_e6, 0))

    # -- flows -----------------------------------------------------------------------------

    async def book_flows(self, venue: Venue) -> int:
        """Book what moved without us, each once and only if it is proven; returns how many."""
        port = self.ports[venue]
        opened_ms = self.ledger.opened_wall_ns.get(venue, 0) // MS
        if not isinstance(port, AccountNewsPort) or not opened_ms:
            return 0
        try:
            flows = await port.read_flows(opened_ms)
        except VenueError as error:
            log.warning("flows_not_read", venue=venue.value, reason=str(error))
            return 0
        booked = 0
        for flow in sorted(flows, key=lambda flow: flow.ts_ms):
            if flow.reference in self.ledger.flows or flow.ts_ms < opened_ms // 1_000 * 1_000:
                continue
            if not self._is_proven(flow):
                self._tell_unproven(flow)
                continue
            self._record(CashFlowSeen(wall_ns=self._clock.wall_ns(), flow=flow))
            self._unproven.discard(flow.reference)
            log.info("flow_booked", venue=venue.value, kind=flow.kind.value, micros=flow.micros)
            booked += 1
        return booked

    def _is_proven(self, flow: CashFlow) -> bool:
        """A payment has its id; what ends a holding must also fit the holding that we know."""
        if not flow.market_id or not self.ledger.is_opened(flow.market_id):
            return True
        yes_e6, no_e6 = self.ledger.expected_e6(flow.venue, flow.market_id)
        if flow.kind is FlowKind.SETTLEMENT:
            return flow.yes_e6 - flow.no_e6 == yes_e6
        # The winning side, or half of both, at a dollar each.
        return flow.micros in {yes_e6, no_e6, (yes_e6 + no_e6) // 2}

    def _tell_unproven(self, flow: CashFlow) -> None:
        if flow.reference not in self._unproven:
            self._unproven.add(flow.reference)
            log.error(
                "flow_not_proven",
                venue=flow.venue.value,
                kind=flow.kind.value,
                market_id=flow.market_id,
                micros=flow.micros,
            )

    # -- cash ------------------------------------------------------------------------------

    def expected(self, venue: Venue) -> tuple[int, int]:
        """Cash of a venue's first shard by our record, and what modelled fees may be off."""
        fills = self.ledger.modelled_fills.get(venue, 0)
        known = self.ledger.cash_micros.get((venue, 0), 0)
        return known + self._unexplained.get((venue, 0), 0), fills * MODELLED_MICROS_MAX

    async def close(self) -> None:
        """Compare once more at the end, again where a venue's figure may only lag behind."""
        for venue in self.ports:
            for _ in range(CLOSE_TRIES):
                await self.compare(venue)
                if not any(doubted is venue for doubted, _ in self._doubt):
                    break
                await self._clock.sleep(1)

    async def compare(self, venue: Venue) -> bool:
        """Read cash while nothing is open; book what is proven, report what is not.

        True if a difference was seen that only a second look, soon, can tell from a late figure.
        """
        before = self._activity()
        try:
            report = await self.ports[venue].read_cash()
        except VenueError as error:
            log.warning("cash_not_read", venue=venue.value, reason=str(error))
            return False
        self._mark_compared(venue)
        if before is None or self._activity() != before:
            # Neither before nor after what moved meanwhile.
            return False
        told = dict(report.cash_micros)
        pots = {shard for pot, shard in self.ledger.cash_micros if pot is venue} | set(told)
        differs = [
            shard
            for shard in sorted(pots)
            if told.get(shard, 0) != self.ledger.cash_micros.get((venue, shard), 0)
        ]
        if differs and await self.book_flows(venue):
            before = self._activity()
        if self._activity() != before:
            return False
        is_new = [self._compare_shard(venue, shard, told.get(shard, 0)) for shard in sorted(pots)]
        self._emit(report)
        return any(is_new)

    @property
    def is_compared(self) -> bool:
        """Whether this run has looked at both accounts."""
        return self._compared == set(self.ports)

    def _mark_compared(self, venue: Venue) -> None:
        if venue not in self._compared:
            self._compared.add(venue)
            self._record(AccountCompared(wall_ns=self._clock.wall_ns(), venue=venue))

    def _compare_shard(self, venue: Venue, shard: int, micros: int) -> bool:
        """Whether a difference was seen for the first time."""
        difference = micros - self.ledger.cash_micros.get((venue, shard), 0)
        if -self._differences.resting_micros.get((venue, shard), 0) <= difference <= 0:
            # They agree, or strangers' orders keep the rest back.
            self._doubt.pop((venue, shard), None)
            self._unexplained.pop((venue, shard), None)
            self._differences.cash(venue, shard, 0)
            if difference == 0:
                self.ledger.modelled_fills[venue] = 0
            return False
        if self._doubt.get((venue, shard)) != difference:
            # The venue's figure may lag behind a fill; a second look decides.
            self._doubt[venue, shard] = difference
            log.info("cash_difference_seen", venue=venue.value, shard=shard, micros=difference)
            return True
        fills = self.ledger.modelled_fills.get(venue, 0)
        if abs(difference) > fills * MODELLED_MICROS_MAX:
            self._unexplained[venue, shard] = difference
            self._differences.cash(venue, shard, difference)
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
        self._differences.cash(venue, shard, 0)
        return False
