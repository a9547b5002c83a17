"""What stands in the journal: one tagged record per fact, in the order in which it became known.

Every record is written before the act it announces, or as soon as its fact is known. Times are
wall-clock nanoseconds. The tag (`t`) never changes its meaning: old journals stay readable.
"""

import msgspec

from twoleg.core.events import Fill, LegAnswer, OperatorAct
from twoleg.core.market import Direction, Market, MarketId, Pair, PairId, Venue
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


class CashOpened(Record, frozen=True, kw_only=True, tag="cash_opened"):
    """Cash found on one shard of a venue at the start of a run, before any order."""

    venue: Venue
    shard: int
    cash_micros: int


class PositionOpened(Record, frozen=True, kw_only=True, tag="position_opened"):
    """A holding found at the start of a run."""

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
)
