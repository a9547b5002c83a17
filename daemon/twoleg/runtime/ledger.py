"""Cash and positions derived from the journal alone: openings, fills, and flows beside them.

It is fed record by record as they are journalled, or from a journal that is read again; both give
the same figures, and both must equal what the venues say. Holdings that no journal knows are kept
apart: they are in the account, and not ours.
"""

from collections.abc import Iterable
from typing import Final

from twoleg.core.events import Fill, FillStatus
from twoleg.core.flows import CashFlow, FlowKind
from twoleg.core.market import MarketId, Outcome, Side, Venue
from twoleg.storage.records import (
    AnyRecord,
    CashFlowSeen,
    CashOpened,
    FeeAdjusted,
    FillRecorded,
    FillVoidRecorded,
    KnownAccount,
    MarketSeen,
    PositionOpened,
    StrangerSeen,
)

MODELLED_MICROS_MAX: Final = 11
"""Most that one modelled fill may be off: the fee by one quantum of 10, the notional by 1."""
FLOWS_KEPT: Final = 4_096
"""Latest flows whose ids are known; older ones are before what is read again."""
ENDS: Final = (FlowKind.SETTLEMENT, FlowKind.REDEMPTION)


class Ledger:
    """Cash per (venue, shard) and holdings per market, in micro-dollars and micro-contracts."""

    __slots__ = (
        "_shards",
        "cash_micros",
        "flows",
        "held_e6",
        "modelled_fills",
        "moves",
        "opened_wall_ns",
        "strangers_e6",
    )

    def __init__(self) -> None:
        self.cash_micros: dict[tuple[Venue, int], int] = {}
        # (market, outcome) -> size; on Kalshi never both outcomes of a market.
        self.held_e6: dict[tuple[MarketId, Outcome], int] = {}
        # (YES, NO) of holdings that no journal knows, as `StrangerSeen` tells them.
        self.strangers_e6: dict[MarketId, tuple[int, int]] = {}
        # Fills whose fee is ours, not the venue's, since the balance last agreed.
        self.modelled_fills: dict[Venue, int] = {}
        # When a venue's cash was opened: what flowed before is in it.
        self.opened_wall_ns: dict[Venue, int] = {}
        # Ids of the flows that are booked, oldest first.
        self.flows: dict[str, None] = {}
        # How often money or holdings moved: what was read before the last move is out of date.
        self.moves = 0
        self._shards: dict[MarketId, int] = {}

    def apply(self, record: AnyRecord) -> None:
        """Take one journal record; those that move no money are passed over."""
        match record:
            case MarketSeen():
                self._shards[record.market.id] = record.market.shard
            case CashOpened():
                self.cash_micros[record.venue, record.shard] = record.cash_micros
                self.opened_wall_ns[record.venue] = record.wall_ns
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
            case StrangerSeen():
                self._meet(record)
            case CashFlowSeen():
                self._flow(record.flow)
            case _:
                pass

    # -- reading ---------------------------------------------------------------------------

    def is_opened(self, market_id: MarketId) -> bool:
        """Whether a market's account has begun: what stands there now is ours or a stranger's."""
        return any((market_id, outcome) in self.held_e6 for outcome in Outcome)

    def owned_e6(self, market_id: MarketId) -> tuple[int, int]:
        """(YES, NO) that are ours."""
        yes_e6 = self.held_e6.get((market_id, Outcome.YES), 0)
        return yes_e6, self.held_e6.get((market_id, Outcome.NO), 0)

    def expected_e6(self, venue: Venue, market_id: MarketId) -> tuple[int, int]:
        """(YES, NO) that the venue should show, strangers' included; signed YES on Kalshi."""
        yes_e6, no_e6 = self.owned_e6(market_id)
        more_yes_e6, more_no_e6 = self.strangers_e6.get(market_id, (0, 0))
        yes_e6, no_e6 = yes_e6 + more_yes_e6, no_e6 + more_no_e6
        return (yes_e6 - no_e6, 0) if venue is Venue.KALSHI else (yes_e6, no_e6)

    def kalshi_yes_e6(self, market_id: MarketId) -> int:
        """The signed position of a Kalshi market as its account shows it."""
        return self.expected_e6(Venue.KALSHI, market_id)[0]

    # -- snapshots -------------------------------------------------------------------------

    def dump(self) -> KnownAccount:
        """All of it, for a snapshot."""
        return KnownAccount(
            cash=tuple((*pot, micros) for pot, micros in self.cash_micros.items()),
            held=tuple((*key, size_e6) for key, size_e6 in self.held_e6.items()),
            strangers=tuple((key, *sizes_e6) for key, sizes_e6 in self.strangers_e6.items()),
            opened=tuple(self.opened_wall_ns.items()),
            modelled_fills=tuple(self.modelled_fills.items()),
            shards={str(market): shard for market, shard in self._shards.items()},
            flows=tuple(self.flows),
        )

    def load(self, known: KnownAccount) -> None:
        """Become what a snapshot says; whoever has this ledger goes on with it."""
        self.cash_micros = {(venue, shard): micros for venue, shard, micros in known.cash}
        self.held_e6 = {(market, outcome): size for market, outcome, size in known.held}
        self.strangers_e6 = {market: (yes, no) for market, yes, no in known.strangers}
        self.opened_wall_ns = dict(known.opened)
        self.modelled_fills = dict(known.modelled_fills)
        self._shards = {MarketId(market): shard for market, shard in known.shards.items()}
        self.flows = dict.fromkeys(known.flows)

    def take_back(self, fills: Iterable[Fill], adjusted: Iterable[tuple[Venue, int, int]]) -> None:
        """Become what it would be without these fills and (venue, shard, cash) adjustments."""
        for fill in fills:
            if fill.status is not FillStatus.VOID:
                self._move(fill, -1)
        for venue, shard, micros in adjusted:
            self._pay(venue, shard, micros)

    # -- moving ----------------------------------------------------------------------------

    def _found(self, record: PositionOpened) -> None:
        """Take a holding as the venue told it: Kalshi's is one signed number, negative for NO."""
        yes_e6, no_e6 = record.yes_e6, record.no_e6
        if record.venue is Venue.KALSHI:
            # Kept as it is, the next buy of NO would look like a netting that pays a dollar.
            yes_e6, no_e6 = max(yes_e6 - no_e6, 0), max(no_e6 - yes_e6, 0)
        self.held_e6[record.market_id, Outcome.YES] = yes_e6
        self.held_e6[record.market_id, Outcome.NO] = no_e6

    def _meet(self, record: StrangerSeen) -> None:
        if record.yes_e6 or record.no_e6:
            self.strangers_e6[record.market_id] = (record.yes_e6, record.no_e6)
        else:
            self.strangers_e6.pop(record.market_id, None)

    def _flow(self, flow: CashFlow) -> None:
        if flow.reference in self.flows:
            return
        self.flows[flow.reference] = None
        while len(self.flows) > FLOWS_KEPT:
            del self.flows[next(iter(self.flows))]
        self._pay(flow.venue, flow.shard, -flow.micros)
        if flow.kind in ENDS:
            # Everything in the account was paid for, strangers' holdings as well.
            self.strangers_e6.pop(flow.market_id, None)
            for outcome in Outcome:
                self.held_e6[flow.market_id, outcome] = 0

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
        self.moves += 1
        key = (venue, shard)
        self.cash_micros[key] = self.cash_micros.get(key, 0) - micros
