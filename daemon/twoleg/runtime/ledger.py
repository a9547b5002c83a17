"""Cash and positions derived from the journal alone: openings, fills, and flows beside them.

It is fed record by record as they are journalled, or from a journal that is read again; both give
the same figures, and both must equal what the venues say. Holdings that no journal knows are kept
apart: they are in the account, and not ours.
"""

from collections.abc import Collection, Iterable
from typing import Final

from twoleg.core.events import Fill, FillStatus
from twoleg.core.flows import CashFlow, FlowKind
from twoleg.core.market import MarketId, Outcome, Side, Venue
from twoleg.storage.records import (
    AnyRecord,
    CashFlowSeen,
    CashOpened,
    DifferenceAccepted,
    FeeAdjusted,
    FillRecorded,
    FillVoidRecorded,
    FlowsRead,
    KnownAccount,
    MarketSeen,
    PositionOpened,
    StrangerSeen,
)

MODELLED_MICROS_MAX: Final = 11
"""Most that one modelled fill may be off: the fee by one quantum of 10, the notional by 1."""
FLOW_LATE_MS: Final = 7 * 86_400_000
"""A venue lists a flow at most so long after its time: every reading begins so long before the
one before it."""
CLOCKS_MS: Final = 86_400_000
"""Most that a venue's clock may be off ours: how much longer than they are read flows are known."""
FOREVER_MS: Final = 1 << 62
NS_PER_MS: Final = 1_000_000
ENDS: Final = (FlowKind.SETTLEMENT, FlowKind.REDEMPTION)


class Ledger:
    """Cash per (venue, shard) and holdings per market, in micro-dollars and micro-contracts."""

    __slots__ = (
        "_shards",
        "cash_micros",
        "flows",
        "flows_read_ms",
        "held_e6",
        "margin_micros",
        "modelled_fills",
        "moves",
        "opened_wall_ns",
        "settled_e6",
        "strangers_e6",
    )

    def __init__(self) -> None:
        self.cash_micros: dict[tuple[Venue, int], int] = {}
        # (market, outcome) -> size; on Kalshi never both outcomes of a market.
        self.held_e6: dict[tuple[MarketId, Outcome], int] = {}
        # (market, outcome) -> size that was ours when the venue paid for it.
        self.settled_e6: dict[tuple[MarketId, Outcome], int] = {}
        # (YES, NO) of holdings that no journal knows, as `StrangerSeen` tells them.
        self.strangers_e6: dict[MarketId, tuple[int, int]] = {}
        # Fills whose fee is ours, not the venue's, since the balance last agreed.
        self.modelled_fills: dict[Venue, int] = {}
        # By how much booked flows may be too small, since the balance last agreed.
        self.margin_micros: dict[tuple[Venue, int], int] = {}
        # When a venue's cash was opened, all of it: what flowed before is in it.
        self.opened_wall_ns: dict[Venue, int] = {}
        # Flows that are booked: by venue, until when each id must be known (Unix ms).
        self.flows: dict[Venue, dict[str, int]] = {}
        # When the latest reading of a venue's flows began that was booked whole (Unix ms).
        self.flows_read_ms: dict[Venue, int] = {}
        # How often money or holdings moved: what was read before the last move is out of date.
        self.moves = 0
        self._shards: dict[MarketId, int] = {}

    def apply(self, record: AnyRecord) -> None:
        """Take one journal record; those that move no money are passed over."""
        match record:
            case MarketSeen():
                self._shards[record.market.id] = record.market.shard
            case CashOpened():
                self._open(record)
            case PositionOpened():
                self._found(record)
            case FillRecorded():
                self._move(record.fill, 1)
            case FillVoidRecorded():
                self._move(record.fill, -1)
            case FeeAdjusted():
                self._adjust(record)
            case StrangerSeen():
                self._meet(record)
            case CashFlowSeen():
                self._flow(record.flow, record.wall_ns // NS_PER_MS)
            case FlowsRead():
                self._read(record)
            case DifferenceAccepted():
                self._pay(record.venue, record.shard, -record.micros)
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

    def covering_e6(self, market_id: MarketId) -> tuple[int, int]:
        """(YES, NO) that cover the pair's other leg: what is ours, and what was until it was paid.

        Its payout is ours, so a leg whose partner was settled first does not stand alone.
        """
        yes_e6, no_e6 = self.owned_e6(market_id)
        yes_e6 += self.settled_e6.get((market_id, Outcome.YES), 0)
        return yes_e6, no_e6 + self.settled_e6.get((market_id, Outcome.NO), 0)

    def expected_e6(self, venue: Venue, market_id: MarketId) -> tuple[int, int]:
        """(YES, NO) that the venue should show, strangers' included; signed YES on Kalshi."""
        yes_e6, no_e6 = self.owned_e6(market_id)
        if venue is Venue.KALSHI:
            yes_e6, no_e6 = yes_e6 - no_e6, 0
        more_yes_e6, more_no_e6 = self.theirs_e6(venue, market_id)
        return yes_e6 + more_yes_e6, no_e6 + more_no_e6

    def theirs_e6(self, venue: Venue, market_id: MarketId) -> tuple[int, int]:
        """(YES, NO) that are strangers', as `expected_e6` counts them."""
        yes_e6, no_e6 = self.strangers_e6.get(market_id, (0, 0))
        return (yes_e6 - no_e6, 0) if venue is Venue.KALSHI else (yes_e6, no_e6)

    def kalshi_yes_e6(self, market_id: MarketId) -> int:
        """The signed position of a Kalshi market as its account shows it."""
        return self.expected_e6(Venue.KALSHI, market_id)[0]

    def flows_since_ms(self, venue: Venue) -> int:
        """From when on a venue's flows are to be read, in whole seconds as venues tell times."""
        opened_ms = self.opened_wall_ns.get(venue, 0) // NS_PER_MS
        read_ms = self.flows_read_ms.get(venue, 0)
        return max(opened_ms, read_ms - FLOW_LATE_MS) // 1_000 * 1_000

    def is_booked(self, venue: Venue, reference: str) -> bool:
        """Whether a flow of this id is booked, as far back as flows are read."""
        return reference in self.flows.get(venue, {})

    def agree(self, venue: Venue, shard: int) -> None:
        """A balance agrees to the micro-dollar: nothing that was estimated is off any more."""
        self.modelled_fills[venue] = 0
        self.margin_micros.pop((venue, shard), None)

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
            flows=tuple(
                (venue, reference, until_ms)
                for venue, booked in self.flows.items()
                for reference, until_ms in booked.items()
            ),
            flows_read=tuple(self.flows_read_ms.items()),
            settled=tuple((*key, size_e6) for key, size_e6 in self.settled_e6.items()),
            margins=tuple((*pot, micros) for pot, micros in self.margin_micros.items()),
        )

    def load(self, known: KnownAccount) -> None:
        """Take what a snapshot says, or a part of it, besides what is known here."""
        self.cash_micros.update({(venue, shard): micros for venue, shard, micros in known.cash})
        self.held_e6.update({(market, outcome): size for market, outcome, size in known.held})
        self.settled_e6.update({(market, outcome): size for market, outcome, size in known.settled})
        self.strangers_e6.update({market: (yes, no) for market, yes, no in known.strangers})
        self.opened_wall_ns.update(known.opened)
        self.modelled_fills.update(known.modelled_fills)
        self._shards.update({MarketId(market): shard for market, shard in known.shards.items()})
        for venue, reference, until_ms in known.flows:
            self.flows.setdefault(venue, {})[reference] = until_ms
        self.flows_read_ms.update(known.flows_read)
        self.margin_micros.update(
            {(venue, shard): micros for venue, shard, micros in known.margins}
        )

    def prune(self, needed: Collection[MarketId]) -> set[MarketId]:
        """Forget markets that are not needed and of which nothing is held; returns those that are.

        One that is followed again later begins anew, as if it was never looked at.
        """
        held = {market for (market, _), size_e6 in self.held_e6.items() if size_e6}
        kept = {*needed, *held, *self.strangers_e6}
        for key in [key for key in self.held_e6 if key[0] not in kept]:
            del self.held_e6[key]
        for key in [key for key in self.settled_e6 if key[0] not in kept]:
            del self.settled_e6[key]
        for market in [market for market in self._shards if market not in kept]:
            del self._shards[market]
        return kept

    def take_back(self, fills: Iterable[Fill], adjusted: Iterable[tuple[Venue, int, int]]) -> None:
        """Become what it would be without these fills and (venue, shard, cash) adjustments."""
        for fill in fills:
            if fill.status is FillStatus.VOID:
                continue
            if (fill.market_id, fill.outcome) in self.settled_e6:
                self._unsettle(fill)
            else:
                self._move(fill, -1)
        for venue, shard, micros in adjusted:
            self._pay(venue, shard, micros)

    # -- moving ----------------------------------------------------------------------------

    def _open(self, record: CashOpened) -> None:
        """Take the venue's own figure: whatever fees were modelled before are in it."""
        venue = record.venue
        self.cash_micros[venue, record.shard] = record.cash_micros
        self.modelled_fills[venue] = 0
        self.margin_micros.pop((venue, record.shard), None)
        if all((venue, shard) in self.cash_micros for shard in record.shards):
            self.opened_wall_ns[venue] = record.wall_ns

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

    def _flow(self, flow: CashFlow, booked_ms: int) -> None:
        if self.is_booked(flow.venue, flow.reference):
            return
        # What is read by the venue's time is kept by ours; one that it tells wrongly, by both.
        told_ms = flow.ts_ms if flow.ts_ms > 0 else FOREVER_MS
        until_ms = max(booked_ms, told_ms) + FLOW_LATE_MS + CLOCKS_MS
        self.flows.setdefault(flow.venue, {})[flow.reference] = until_ms
        if flow.margin_micros:
            pot = (flow.venue, flow.shard)
            self.margin_micros[pot] = self.margin_micros.get(pot, 0) + flow.margin_micros
        self._pay(flow.venue, flow.shard, -flow.micros)
        if flow.kind in ENDS:
            # Everything in the account was paid for, strangers' holdings as well.
            self.strangers_e6.pop(flow.market_id, None)
            for key in ((flow.market_id, outcome) for outcome in Outcome):
                self.settled_e6[key] = self.settled_e6.get(key, 0) + self.held_e6.get(key, 0)
                self.held_e6[key] = 0

    def _adjust(self, record: FeeAdjusted) -> None:
        self._pay(record.venue, record.shard, -record.micros)
        if record.fills:
            self.modelled_fills[record.venue] = 0
        if not record.execution_no:
            # A balance told what was estimated, not the rounding of one order.
            self.margin_micros.pop((record.venue, record.shard), None)

    def _read(self, record: FlowsRead) -> None:
        self.flows_read_ms[record.venue] = record.upto_ms
        booked = self.flows.get(record.venue, {})
        for reference in [key for key, until_ms in booked.items() if until_ms < record.upto_ms]:
            del booked[reference]

    def _move(self, fill: Fill, sign: int) -> None:
        key = (fill.market_id, fill.outcome)
        self.held_e6[key] = self.held_e6.get(key, 0) + self._pay_for(fill, sign)
        if fill.venue is Venue.KALSHI:
            self._net(fill.market_id, self._shards.get(fill.market_id, 0))
        if fill.fee_modelled:
            self.modelled_fills[fill.venue] = self.modelled_fills.get(fill.venue, 0) + 1

    def _unsettle(self, fill: Fill) -> None:
        """Take a fill back that was paid for since: its payout came with the others'."""
        self.settled_e6[fill.market_id, fill.outcome] += self._pay_for(fill, -1)

    def _pay_for(self, fill: Fill, sign: int) -> int:
        """Move a fill's cash, or (-1) move it back; returns its signed size."""
        bought = fill.side is Side.BUY
        cost = fill.notional_micros if bought else -fill.notional_micros
        shard = self._shards.get(fill.market_id, 0)
        self._pay(fill.venue, shard, sign * (cost + fill.fee_micros))
        return sign * (fill.size_e6 if bought else -fill.size_e6)

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
