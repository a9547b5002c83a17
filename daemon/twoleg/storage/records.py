"""What stands in the journal: one tagged record per fact, in the order in which it became known.

Every record is written before the act it announces, or as soon as its fact is known. Times are
wall-clock nanoseconds. The tag (`t`) never changes its meaning: old journals stay readable.
"""

import msgspec

from twoleg.core.counts import CellCount
from twoleg.core.events import Fill, LegAnswer, OperatorAct
from twoleg.core.flows import CashFlow
from twoleg.core.market import Direction, Market, MarketId, Outcome, Pair, PairId, Venue
from twoleg.core.orders import OrderRef


class Record(msgspec.Struct, frozen=True, kw_only=True, tag_field="t"):
    """Common to all records."""

    wall_ns: int


class RunStarted(Record, frozen=True, kw_only=True, tag="run_started"):
    """A process took over this journal. Keys of all later records until the next one."""

    run_id: str
    mode: str
    version: str
    member: str
    accounts: dict[str, str]
    """venue -> account label (never a key)."""
    depth_steps_e4: tuple[int, ...] = ()
    """Steps of depth share by which the tries of legs are counted from here on; none: as before."""


class CashOpened(Record, frozen=True, kw_only=True, tag="cash_opened"):
    """Cash found on one shard of a venue when it was first looked at, before any order.

    Journals of earlier versions have one at each start; the latest counts.
    """

    venue: Venue
    shard: int
    cash_micros: int
    shards: tuple[int, ...] = ()
    """All that are opened together: the account has begun with the last of them. None: this one."""


class PositionOpened(Record, frozen=True, kw_only=True, tag="position_opened"):
    """What we hold of a market where its account begins; replaces what was known.

    Nothing, where the market was never looked at before: what stands there then is a stranger's.
    Journals of earlier versions have one at each start, with all that the venue showed.
    """

    venue: Venue
    market_id: MarketId
    yes_e6: int
    no_e6: int


class MarketSeen(Record, frozen=True, kw_only=True, tag="market_seen"):
    """Terms of a market as read from its venue."""

    market: Market


class PairSeen(Record, frozen=True, kw_only=True, tag="pair_seen"):
    """A pair as configured."""

    pair: Pair


class IntentRecorded(Record, frozen=True, kw_only=True, tag="intent"):
    """Orders about to be sent. `orders` carry the identifiers to ask the venues for."""

    execution_no: int
    execution_id: str
    pair_id: PairId
    direction: Direction
    net_micros: int
    orders: tuple[OrderRef, ...]
    owner: str = "arb"
    """Whose holding the fills become: `arb`, or a user's."""


class AnswerRecorded(Record, frozen=True, kw_only=True, tag="answer"):
    """What a venue said about an order, from the send or from a look-up."""

    execution_no: int
    order_no: int
    order_key: str
    venue: Venue
    answer: LegAnswer


class FillRecorded(Record, frozen=True, kw_only=True, tag="fill"):
    """A fill, journalled once."""

    execution_no: int
    order_no: int
    owner: str
    fill: Fill


class FillVoidRecorded(Record, frozen=True, kw_only=True, tag="fill_void"):
    """A provisional fill that failed on chain."""

    execution_no: int
    order_no: int
    fill: Fill


class FillFinalRecorded(Record, frozen=True, kw_only=True, tag="fill_final"):
    """A provisional fill was confirmed on chain."""

    venue: Venue
    fill_id: str


class FeeAdjusted(Record, frozen=True, kw_only=True, tag="fee_adjusted"):
    """The balance showed what modelled fees did not: `micros` is added to our cash (may be < 0)."""

    venue: Venue
    shard: int
    micros: int
    fills: int
    """How many modelled fills it covers; bounds what may be adjusted. 0: rounding of one order."""
    execution_no: int = 0
    order_no: int = 0


class NoteRecorded(Record, frozen=True, kw_only=True, tag="note"):
    """An execution changed, the breaker moved, an alarm was raised."""

    execution_no: int
    execution_id: str
    pair_id: str
    kind: str
    fields: dict[str, str | int | bool]


class OperatorRecorded(Record, frozen=True, kw_only=True, tag="operator"):
    """An operator's act, written before it takes effect: a halt outlives the process by it."""

    act: OperatorAct
    reason: str
    actor: str
    """Who asked for it, as far as is known; never a secret."""


class StrangerSeen(Record, frozen=True, kw_only=True, tag="stranger"):
    """A holding in our account that no journal knows; replaces what was told of the market.

    Signed on Kalshi's YES (`no_e6` 0), one size per outcome on Polymarket. It is never touched.
    """

    venue: Venue
    market_id: MarketId
    yes_e6: int
    no_e6: int


class AccountCompared(Record, frozen=True, kw_only=True, tag="compared"):
    """This run has read a venue's cash and compared it for the first time: entries may follow."""

    venue: Venue


class AccountHeard(Record, frozen=True, kw_only=True, tag="heard"):
    """A list of an account's fills came whole, and all in it is booked or nobody's of ours.

    `begun_ms` is our own clock's time at which that reading began (Unix ms): what happened since is
    still to be read by whoever comes next.
    """

    venue: Venue
    begun_ms: int


class CashFlowSeen(Record, frozen=True, kw_only=True, tag="cash_flow"):
    """Money that moved without a trade of ours, booked once by the venue's id of it."""

    flow: CashFlow


class FlowsRead(Record, frozen=True, kw_only=True, tag="flows_read"):
    """All flows of a venue were read and booked; from a while before then on they are read again.

    `upto_ms` is our own clock's time at which that reading began (Unix ms).
    """

    venue: Venue
    upto_ms: int


class DifferenceAccepted(Record, frozen=True, kw_only=True, tag="accepted"):
    """An operator took over a difference that stood: `micros` is added to our cash (may be < 0)."""

    venue: Venue
    shard: int
    micros: int
    reason: str
    actor: str
    """Who asked for it, as far as is known; never a secret."""


class KnownExecution(msgspec.Struct, frozen=True, kw_only=True):
    """An execution in a snapshot: its orders, without their markets' texts, and what came."""

    execution_no: int
    execution_id: str
    pair_id: PairId
    direction: Direction
    is_closed: bool
    orders: tuple[OrderRef, ...]
    answers: dict[int, LegAnswer]
    fills: dict[int, tuple[Fill, ...]]
    adjusted: dict[int, int]


class KnownAccount(msgspec.Struct, frozen=True, kw_only=True):
    """The ledger in a snapshot, or a part of it: (venue, shard, micros) and so on."""

    cash: tuple[tuple[Venue, int, int], ...] = ()
    held: tuple[tuple[MarketId, Outcome, int], ...] = ()
    strangers: tuple[tuple[MarketId, int, int], ...] = ()
    opened: tuple[tuple[Venue, int], ...] = ()
    modelled_fills: tuple[tuple[Venue, int], ...] = ()
    shards: dict[str, int] = {}
    flows: tuple[tuple[Venue, str, int], ...] = ()
    """(venue, id, until when it is to be remembered) of the flows that are booked, Unix ms."""
    flows_read: tuple[tuple[Venue, int], ...] = ()
    margins: tuple[tuple[Venue, int, int], ...] = ()
    """(venue, shard, micros) by which booked flows may be too small."""
    settled: tuple[tuple[MarketId, Outcome, int], ...] = ()
    """What was held when the venue paid for it."""


class SnapshotBegun(Record, frozen=True, kw_only=True, tag="snapshot_begun"):
    """All that a start needs of the records before this one, up to the `SnapshotEnded`.

    What may be long stands in the parts; journals of earlier versions have it here. `losses` and
    `lost_micros` are those of the loss window, `latest_wall_ns` is when the latest record before
    was written. A snapshot without its end counts for nothing.
    """

    next_execution_no: int
    latest_wall_ns: int
    unknown_records: int
    halt: str
    is_paused: bool
    lost_micros: dict[int, int]
    account: KnownAccount
    losses: tuple[tuple[int, int], ...] = ()
    pairs: tuple[Pair, ...] = ()
    rules: dict[MarketId, str] = {}
    depth_steps_e4: tuple[int, ...] = ()
    """Steps of depth share by which tries are counted; what they counted stands in the parts."""
    heard: tuple[tuple[Venue, int], ...] = ()
    """(venue, Unix ms) up to when its account was heard, as `AccountHeard` tells it."""


class SnapshotPart(Record, frozen=True, kw_only=True, tag="snapshot_part"):
    """Some of what a snapshot tells, in its order; each part adds to those before it."""

    executions: tuple[KnownExecution, ...] = ()
    counts: tuple[CellCount, ...] = ()
    """How legs filled."""
    account: KnownAccount | None = None
    """Holdings, shards and flows."""
    pairs: tuple[Pair, ...] = ()
    rules: dict[MarketId, str] = {}
    """Fingerprints that the markets' texts are held against."""
    ends: dict[MarketId, str] = {}
    """Payouts of markets that are resolved."""
    losses: tuple[tuple[int, int], ...] = ()


class SnapshotEnded(Record, frozen=True, kw_only=True, tag="snapshot_ended"):
    """A snapshot is complete: a start may begin with it."""

    parts: int


AnyRecord = (
    RunStarted
    | CashOpened
    | PositionOpened
    | MarketSeen
    | PairSeen
    | IntentRecorded
    | AnswerRecorded
    | FillRecorded
    | FillVoidRecorded
    | FillFinalRecorded
    | FeeAdjusted
    | NoteRecorded
    | OperatorRecorded
    | StrangerSeen
    | AccountCompared
    | AccountHeard
    | CashFlowSeen
    | FlowsRead
    | DifferenceAccepted
    | SnapshotBegun
    | SnapshotPart
    | SnapshotEnded
)
