"""Cash and positions derived from the journal alone: opening balances plus every fill.

It is fed record by record as they are journalled, or from a journal that is read again; both give
the same figures, and both must equal what the venues say.
"""

from typing import Final

from twoleg.core.events import Fill
from twoleg.core.market import MarketId, Outcome, Side, Venue
from twoleg.storage.records import (
    AnyRecord,
    CashOpened,
    FeeAdjusted,
    FillRecorded,
    FillVoidRecorded,
    MarketSeen,
    PositionOpened,
)

MODELLED_MICROS_MAX: Final = 11
"""Most that one modelled fill may be off: the fee by one quantum of 10, the notional by 1."""


class Ledger:
    """Cash per (venue, shard) and holdings per market, in micro-dollars and micro-contracts."""

    __slots__ = ("_shards", "cash_micros", "held_e6", "modelled_fills")

    def __init__(self) -> None:
        self.cash_micros: dict[tuple[Venue, int], int] = {}
        # (market, outcome) -> size; on Kalshi never both outcomes of a market.
        self.held_e6: dict[tuple[MarketId, Outcome], int] = {}
        # Fills whose fee is ours, not the venue's, since the balance last agreed.
        self.modelled_fills: dict[Venue, int] = {}
        self._shards: dict[MarketId, int] = {}

    def apply(self, record: AnyRecord) -> None:
        """Take one journal record; those that move no money are passed over."""
        match record:
            case MarketSeen():
                self._shards[record.market.id] = record.market.shard
            case CashOpened():
                self.cash_micros[record.venue, record.shard] = record.cash_micros
                # The venue's own figure: whatever fees were modelled before are in it.
                self.modelled_fills[record.venue] = 0
            case PositionOpened():
                self._found(record)
            case FillRecorded():
                self._move(record.fill, 1)
            case FillVoidRecorded():
                self._move(record.fill, -1)
            case FeeAdjusted():
                self._pay(record.venue, record.shard, -record.micros)
                if record.fills:
                    self.modelled_fills[record.venue] = 0
            case _:
                pass

    def kalshi_yes_e6(self, market_id: MarketId) -> int:
        """The signed position of a Kalshi market."""
        yes_e6 = self.held_e6.get((market_id, Outcome.YES), 0)
        return yes_e6 - self.held_e6.get((market_id, Outcome.NO), 0)

    def _found(self, record: PositionOpened) -> None:
        """Take a holding as the venue told it: Kalshi's is one signed number, negative for NO."""
        yes_e6, no_e6 = record.yes_e6, record.no_e6
        if record.venue is Venue.KALSHI:
            # Kept as it is, the next buy of NO would look like a netting that pays a dollar.
            yes_e6, no_e6 = max(yes_e6 - no_e6, 0), max(no_e6 - yes_e6, 0)
        self.held_e6[record.market_id, Outcome.YES] = yes_e6
        self.held_e6[record.market_id, Outcome.NO] = no_e6

    def _move(self, fill: Fill, sign: int) -> None:
        bought = fill.side is Side.BUY
        cost = fill.notional_micros if bought else -fill.notional_micros
        shard = self._shards.get(fill.market_id, 0)
        self._pay(fill.venue, shard, sign * (cost + fill.fee_micros))
        key = (fill.market_id, fill.outcome)
        size_e6 = fill.size_e6 if bought else -fill.size_e6
        self.held_e6[key] = self.held_e6.get(key, 0) + sign * size_e6
        if fill.venue is Venue.KALSHI:
            self._net(fill.market_id, shard)
        if fill.fee_modelled:
            self.modelled_fills[fill.venue] = self.modelled_fills.get(fill.venue, 0) + 1

    def _net(self, market_id: MarketId, shard: int) -> None:
        """Kalshi pays a dollar at once for each YES held against a NO."""
        yes, no = (market_id, Outcome.YES), (market_id, Outcome.NO)
        yes_e6, no_e6 = self.held_e6.get(yes, 0), self.held_e6.get(no, 0)
        # Selling more than is held opens the other outcome; signed arithmetic covers both.
        net_e6 = yes_e6 - no_e6
        settled_e6 = yes_e6 - max(net_e6, 0)
        self._pay(Venue.KALSHI, shard, -settled_e6)
        self.held_e6[yes], self.held_e6[no] = max(net_e6, 0), max(-net_e6, 0)

    def _pay(self, venue: Venue, shard: int, micros: int) -> None:
        key = (venue, shard)
        self.cash_micros[key] = self.cash_micros.get(key, 0) - micros
