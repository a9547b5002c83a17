"""Money that moves beside our trades: read from the venues, proven, and booked once by its id.

How far flows were read is told by our own clock, and journalled: a venue that tells a wrong time
ends no reading. Nothing is passed over without a word.
"""

from collections.abc import Callable, Mapping
from typing import Final

import structlog

from twoleg.core.flows import CashFlow, FlowKind
from twoleg.core.market import Venue
from twoleg.errors import VenueError
from twoleg.runtime.differences import Differences
from twoleg.runtime.ledger import NS_PER_MS, Ledger
from twoleg.seams import Clock
from twoleg.storage.records import AnyRecord, CashFlowSeen, FlowsRead
from twoleg.venues.ports import AccountNewsPort, AccountPort

READ_EVERY_MS: Final = 3_600_000
"""How often at most it is journalled how far a venue's flows were read."""
AHEAD_MS_MAX: Final = 300_000
"""A flow whose time is further ahead of our clock has none that can be used."""
TOLD_MAX: Final = 1_024

log = structlog.get_logger(__name__)


class Flows:
    """Books flows of the accounts in `ports` into the ledger that follows the journal."""

    def __init__(
        self,
        ports: Mapping[Venue, AccountPort],
        *,
        ledger: Ledger,
        clock: Clock,
        record: Callable[[AnyRecord], None],
        differences: Differences,
    ) -> None:
        self._ports = ports
        self._ledger = ledger
        self._clock = clock
        self._record = record
        self._differences = differences
        # What was told of which flow, so that each is told once; the oldest are forgotten.
        self._told: dict[tuple[str, str], None] = {}

    async def book(self, venue: Venue) -> int:
        """Book what moved without us, each once and only if it is proven; returns how many."""
        port = self._ports[venue]
        if not isinstance(port, AccountNewsPort) or venue not in self._ledger.opened_wall_ns:
            return 0
        begun_ms = self._now_ms()
        since_ms = self._ledger.flows_since_ms(venue)
        try:
            flows = await port.read_flows(since_ms)
        except VenueError as error:
            log.warning("flows_not_read", venue=venue.value, reason=str(error))
            return 0
        latest_ms = self._now_ms() + AHEAD_MS_MAX
        timed = [(_time_ms(flow, latest_ms), flow) for flow in flows]
        booked = 0
        for ts_ms, flow in sorted(timed, key=lambda entry: entry[0]):
            if self._is_due(flow, ts_ms, since_ms):
                self._record(CashFlowSeen(wall_ns=self._clock.wall_ns(), flow=flow))
                log.info("flow_booked", venue=venue.value, kind=flow.kind.value, micros=flow.micros)
                booked += 1
        self._keep(venue, begun_ms)
        return booked

    def _is_due(self, flow: CashFlow, ts_ms: int, since_ms: int) -> bool:
        """Whether it is to be booked now; if it is not, and not yet booked, that is told."""
        if self._ledger.is_booked(flow.venue, flow.reference):
            return False
        if ts_ms != flow.ts_ms and self._is_news("time", flow):
            self._differences.flow_time(flow)
        if ts_ms < since_ms:
            self._tell("flow_too_old", flow)
        elif flow.undoes and not self._ledger.is_booked(flow.venue, flow.undoes):
            self._tell("flow_undoes_nothing", flow)
        elif not self._is_proven(flow):
            self._tell("flow_not_proven", flow)
        else:
            return True
        return False

    def _is_proven(self, flow: CashFlow) -> bool:
        """A payment has its id; what ends a holding must also fit the holding that we know."""
        if not flow.market_id or self._ledger.owned_e6(flow.market_id) == (0, 0):
            # What ends there, if anything, was a stranger's; its cash is in our account.
            return True
        yes_e6, no_e6 = self._ledger.expected_e6(flow.venue, flow.market_id)
        if flow.kind is FlowKind.SETTLEMENT:
            return flow.yes_e6 - flow.no_e6 == yes_e6
        # The winning side, or half of both, at a dollar each.
        return flow.micros in {yes_e6, no_e6, (yes_e6 + no_e6) // 2}

    def _keep(self, venue: Venue, begun_ms: int) -> None:
        """Journal how far flows were read, if that was not done lately."""
        read_ms = self._ledger.flows_read_ms.get(venue, 0)
        if begun_ms - read_ms >= READ_EVERY_MS:
            wall_ns = self._clock.wall_ns()
            self._record(FlowsRead(wall_ns=wall_ns, venue=venue, upto_ms=begun_ms))
        elif read_ms > begun_ms:
            log.error("clock_behind_flows", venue=venue.value, read_ms=read_ms, now_ms=begun_ms)

    def _tell(self, event: str, flow: CashFlow) -> None:
        if self._is_news(event, flow):
            log.error(
                event,
                venue=flow.venue.value,
                kind=flow.kind.value,
                market_id=flow.market_id,
                reference=flow.reference,
                micros=flow.micros,
                ts_ms=flow.ts_ms,
            )

    def _is_news(self, event: str, flow: CashFlow) -> bool:
        """Whether this was not told of the flow yet."""
        key = (event, f"{flow.venue.value}/{flow.reference}")
        is_new = key not in self._told
        self._told[key] = None
        if len(self._told) > TOLD_MAX:
            del self._told[next(iter(self._told))]
        return is_new

    def _now_ms(self) -> int:
        return self._clock.wall_ns() // NS_PER_MS


def _time_ms(flow: CashFlow, latest_ms: int) -> int:
    """The venue's time of a flow; one that cannot be used counts as of now."""
    return flow.ts_ms if 0 < flow.ts_ms <= latest_ms else latest_ms
