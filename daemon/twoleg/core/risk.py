"""Money that may be used: cash on both venues, reservations, and the unhedged cap."""

from collections.abc import Iterable

import msgspec

from twoleg.core.events import ExposureFound
from twoleg.core.market import Market, MarketId, Venue

Pot = tuple[Venue, int]
"""Cash lies per venue and shard: a Kalshi order can only use the cash of its market's shard."""


class Reservation(msgspec.Struct):
    """Cash set aside for the open orders of one execution, worst case with fees."""

    micros: dict[Pot, int]
    unhedged_micros: int
    """Cost of the dearer leg: what is naked if only that one fills."""


class Funds:
    """Free cash per pot and what open executions may still use of it."""

    __slots__ = ("_cash", "_found", "_reservations")

    def __init__(self) -> None:
        self._cash: dict[Pot, int] = {}
        self._reservations: dict[int, Reservation] = {}
        # Exposure that no journal knows, per market.
        self._found: dict[MarketId, int] = {}

    def report(self, venue: Venue, cash_micros: tuple[tuple[int, int], ...]) -> None:
        """Take a venue's own figures; shards it does not name hold nothing."""
        for pot in [pot for pot in self._cash if pot[0] is venue]:
            del self._cash[pot]
        for shard, micros in cash_micros:
            self._cash[venue, shard] = micros

    def free(self, market: Market) -> int:
        """Micros that a new order on this market could use; 0 before the first report."""
        pot = (market.venue, market.shard)
        reserved = sum(entry.micros.get(pot, 0) for entry in self._reservations.values())
        return max(0, self._cash.get(pot, 0) - reserved)

    def reserve(
        self, execution_no: int, first: tuple[Market, int], second: tuple[Market, int]
    ) -> None:
        """Set cash aside for both legs at once, before the first is sent."""
        assert execution_no not in self._reservations
        self.hold(execution_no, (first, second), max(first[1], second[1]))

    def hold(
        self, execution_no: int, costs: Iterable[tuple[Market, int]], unhedged_micros: int
    ) -> None:
        """Set cash aside for orders that may fill yet; replaces what the execution held so far."""
        micros: dict[Pot, int] = {}
        for market, cost in costs:
            assert cost >= 0
            pot = (market.venue, market.shard)
            micros[pot] = micros.get(pot, 0) + cost
        self._reservations[execution_no] = Reservation(micros, unhedged_micros)

    def stake(self, execution_no: int, unhedged_micros: int) -> None:
        """What is naked of an execution changed; the cash that it holds stays as it is."""
        held = self._reservations.get(execution_no, Reservation({}, 0))
        self._reservations[execution_no] = Reservation(held.micros, unhedged_micros)

    def release(self, execution_no: int) -> None:
        """The execution has ended; what it really spent was booked by `spend`."""
        self._reservations.pop(execution_no, None)

    def spend(self, execution_no: int, market: Market, micros: int) -> None:
        """Book money that left (or, negative, came back to) a pot; it needs no reserve any more."""
        pot = (market.venue, market.shard)
        self._cash[pot] = self._cash.get(pot, 0) - micros
        held = self._reservations.get(execution_no)
        if held is not None and micros > 0:
            held.micros[pot] = max(0, held.micros.get(pot, 0) - micros)

    def found(self, event: ExposureFound) -> None:
        """Count what nobody journalled: at worst every uncovered contract loses a dollar."""
        self._found[event.market_id] = abs(event.yes_e6 - event.no_e6) + event.resting_micros

    @property
    def unhedged_micros(self) -> int:
        """Worst case of all open executions (only the dearer leg fills) and of strangers."""
        ours = sum(entry.unhedged_micros for entry in self._reservations.values())
        return ours + sum(self._found.values())
