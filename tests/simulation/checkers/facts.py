"""What a rule may look at: the venues' side, the daemon's word, the limits, and the time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from tests.simulation.checkers.record import BookedFill, Intent, Record, Story
from tests.simulation.checking import Violation
from tests.simulation.sightings import BookStates, PairTruth, Sent, Traded
from twoleg.core.limits import Limits
from twoleg.core.market import MarketId, Venue
from twoleg.storage.records import AnyRecord

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000
ABSENT_NS_MIN = 7_400 * NS_PER_MS
"""How long after its send Polymarket's client may take an order for absent: five seconds in which
it may be on its way, and two and a half in which the reads lag. What lands later is adopted."""
READ_NS_MAX = 4_500 * NS_PER_MS
"""How far a look may be behind: a second in which the reads lag, and a way of three that is slow."""
NEWS_NS_MAX = 60 * NS_PER_S
"""The daemon asks for what its streams lost every 30 s: twice that is too long not to know it."""
SILENT_NS_MAX = 30 * NS_PER_S
"""Silence of a feed that neither a sequence number nor the watchdog has told of yet."""
PROMPT_NS_MAX = 3 * NS_PER_S
"""How old a book may be where nothing is lost or late without an end of its socket."""
FLOWS_MAX = 12
"""As many may be untold at once; each doubles the sums that are possible."""


class Venues(Protocol):
    """The venues' own side: the witness, or a hand-made history."""

    sent: list[Sent]
    trades: list[Traded]
    pairs: tuple[PairTruth, ...]
    states: dict[tuple[Venue, str], BookStates]
    voids: int

    def pots(self) -> dict[tuple[Venue, int], int]:
        """All cash of our account."""
        ...

    def held_e6(self, pair: PairTruth, venue: Venue) -> tuple[int, int]:
        """(YES, NO) of a pair's market; Kalshi's as one of both."""
        ...

    def is_pending(self, sent: Sent) -> bool:
        """Whether an order that came may still fill."""
        ...

    def is_resolved(self, venue: Venue, market: str) -> bool:
        """Whether a market ended: it pays, and trades no more."""
        ...


@dataclass(frozen=True, slots=True)
class Flow:
    """A deposit, a withdrawal, or a holding that somebody else brought to our account."""

    at_ns: int
    where: tuple[Venue, int] | tuple[Venue, str, int]
    """(venue, shard) of cash, or (venue, market, 0 for YES or 1 for NO)."""
    amount: int


@dataclass(slots=True)
class Facts:
    """One look at the world. What is `new` came since the look before."""

    venues: Venues
    record: Record
    limits: Limits
    now_ns: int = 0
    is_running: bool = True
    """A process of the daemon lives."""
    alive_ns: int = 0
    """Since when it lives."""
    live_books: Mapping[MarketId, int] = field(default_factory=dict)
    """Fingerprints of the books that the engine would decide on."""
    foreign_keys: set[str] = field(default_factory=set)
    """Orders of other owners on our account."""
    prompt: frozenset[Venue] = frozenset()
    """Venues each of whose frames arrives at once, or its socket ends."""
    flows: list[Flow] = field(default_factory=list)
    """Money and holdings that came or went beside the daemon and its trades."""
    expected_logs: set[str] = field(default_factory=set)
    """Log events that a fault of this world brings about by design."""
    logs: list[Mapping[str, object]] = field(default_factory=list)
    secrets: tuple[str, ...] = ()
    new_sent: list[Sent] = field(default_factory=list)
    new_trades: list[Traded] = field(default_factory=list)
    new_records: list[AnyRecord] = field(default_factory=list)
    new_logs: list[Mapping[str, object]] = field(default_factory=list)
    fills_by_key: dict[str, list[Traded]] = field(default_factory=dict)

    def pair_of(self, venue: Venue, market: str) -> PairTruth | None:
        """The pair that a venue's market belongs to."""
        for pair in self.venues.pairs:
            if pair.market_on(venue) == market:
                return pair
        return None

    def silent_ns_max(self, venue: Venue) -> int:
        """How old a venue's book may be without anybody knowing."""
        return PROMPT_NS_MAX if venue in self.prompt else SILENT_NS_MAX

    def trades_of(self, key: str) -> list[Traded]:
        """All trades of an order, void ones included."""
        return self.fills_by_key.get(key, [])

    def explains(self, where: object, difference: int, slack: int = 0) -> bool:
        """Whether flows that the record may not know of, some or all of one place, are a difference.

        What record and venue differ by is the negative sum of what the record was not told.
        """
        sums = {0}
        for flow in [flow for flow in self.flows if flow.where == where][-FLOWS_MAX:]:
            sums |= {known - flow.amount for known in sums}
        return any(abs(difference - known) <= slack for known in sums)

    def booked(self, trade: Traded) -> BookedFill | None:
        """A trade's fill in the journal, void or not."""
        fills = self.record.fills
        found = fills.get((trade.venue, trade.trade_id))
        return found or fills.get((trade.venue, f"{trade.trade_id}:{trade.key}"))

    def is_booked(self, trade: Traded) -> bool:
        """Whether the journal counts a trade."""
        found = self.booked(trade)
        return found is not None and not found.is_void

    def is_all_known(self) -> bool:
        """Whether the record shows the same trades as the venues, and none that failed."""
        ours = [trade for trade in self.venues.trades if trade.key not in self.foreign_keys]
        return all(trade.is_void is not self.is_booked(trade) for trade in ours)

    def is_late(self, intent: Intent, trade: Traded) -> bool:
        """Whether a trade came after its order was rightly taken for absent.

        Only Polymarket has no fence against that; what came in time, or was decided by more than
        its absence, is not excused. It is told as late, as it is news to whoever took it for absent.
        """
        return self.is_landed_late(intent, trade.at_ns)

    @staticmethod
    def is_landed_late(intent: Intent, at_ns: int) -> bool:
        """Whether a moment is after an order was rightly taken for absent, or after the last look.

        A look that was behind can only have missed what landed when nothing was expected any more.
        """
        if not intent.absent_ns:
            return False
        is_unseen = (
            at_ns - intent.wall_ns >= ABSENT_NS_MIN and at_ns > intent.absent_ns - READ_NS_MAX
        )
        is_after = is_unseen or at_ns > intent.absent_ns
        is_right = intent.absent_ns - intent.wall_ns >= ABSENT_NS_MIN
        return intent.spec.venue is Venue.POLYMARKET and is_after and is_right

    def filled_e6(self, key: str) -> int:
        """What of an order filled and did not fail."""
        return sum(trade.size_e6 for trade in self.trades_of(key) if not trade.is_void)

    def trades_in(self, story: Story, *, until_ns: int | None = None) -> list[Traded]:
        """All trades of an execution that count (before a moment)."""
        return [
            trade
            for intent in story.intents
            for trade in self.trades_of(intent.key)
            if not trade.is_void and (until_ns is None or trade.at_ns < until_ns)
        ]

    def known_trades(self, story: Story, intent: Intent) -> list[Traded]:
        """Trades of an execution as far as the daemon knew of them when it announced an order.

        What fails on chain counts until that is journalled, or could have been. What landed after
        its order was taken for absent counts from when it is journalled.
        """
        trades = [trade for one in story.intents for trade in self.trades_of(one.key)]
        return [trade for trade in trades if self._was_known(trade, intent)]

    def _was_known(self, trade: Traded, intent: Intent) -> bool:
        booked = self.booked(trade)
        # Several fills may be news of one moment: what counts is the order of the records.
        is_booked = booked is not None and booked.no < intent.no
        if not is_booked and self.is_late(self.record.by_key[trade.key], trade):
            return False
        if trade.is_void:
            is_told = booked is not None and booked.is_void
            heard_ns = (
                booked.void_ns if booked is not None and is_told else self._left_out_ns(trade)
            )
            return (heard_ns or trade.void_ns + NEWS_NS_MAX) > intent.wall_ns
        return True

    def _left_out_ns(self, trade: Traded) -> int:
        """When an answer told of a trade's order without what failed on chain; 0: none did."""
        intent = self.record.by_key[trade.key]
        if intent.answer is None or not intent.is_decided or self.booked(trade) is not None:
            return 0
        is_left_out = not self.is_counted(trade)
        return intent.answered_ns if is_left_out and intent.answered_ns >= trade.void_ns else 0

    def is_counted(self, trade: Traded) -> bool:
        """Whether an order's latest answer tells of more than without this trade filled.

        Of several that failed, an answer leaves out first what failed first.
        """
        answer = self.record.by_key[trade.key].answer
        failed = (trade.void_ns, trade.no)
        without_e6 = sum(
            one.size_e6
            for one in self.trades_of(trade.key)
            if one is not trade
            and (not one.is_void or self.booked(one) is not None or (one.void_ns, one.no) > failed)
        )
        return answer is not None and answer.filled_e6 > without_e6

    def exposure_e6(self, trades: list[Traded]) -> int:
        """Signed exposure of trades in the event's terms, by the world's own polarity."""
        total = 0
        for trade in trades:
            pair = self.pair_of(trade.venue, trade.market)
            if pair is not None:
                total += pair.event_sign(trade.venue) * trade.yes_e6
        return total


class Rule:
    """One promise. Each method may raise `Violation`."""

    has_bounds = False
    """It must look also when nothing is new: what it asks for must come in time."""

    def step(self, facts: Facts) -> None:
        """Look at what is new."""

    def restart(self, facts: Facts) -> None:
        """Look at what was durable after a crash."""

    def end(self, facts: Facts) -> None:
        """Look at the whole."""


def violate(name: str, detail: str) -> Violation:
    """A broken promise."""
    return Violation(name, detail)


def seconds(facts: Facts, at_ns: int) -> str:
    """How long ago something was."""
    return f"{(facts.now_ns - at_ns) / NS_PER_S:.2f} s ago"
