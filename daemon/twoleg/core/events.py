"""Everything that can happen to the engine: book frames, answers, fills, timers, operator acts.

Times: `ts_event_ms` is the venue's own Unix time in ms (0: not told), `ts_recv_ns` our wall clock
in ns when the frame arrived. Levels are in YES terms on both venues.
"""

from enum import Enum
from typing import Final

import msgspec

from twoleg.core.counts import CellCount
from twoleg.core.limits import Limits
from twoleg.core.market import (
    Direction,
    Market,
    MarketId,
    Outcome,
    Pair,
    PairId,
    PriceGrid,
    Side,
    Venue,
)
from twoleg.core.orders import OrderSpec

Level = tuple[int, int]
"""(price_e4, size_e6)"""
BID = 0
ASK = 1


class BookSnapshot(msgspec.Struct, frozen=True, gc=False):
    """The whole book of a market; replaces what was known. Levels in any order.

    `clock` is Kalshi's per-market exchange clock (0: not told): all changes up to it are in here.
    """

    market_id: MarketId
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    ts_event_ms: int
    ts_recv_ns: int
    sid: int = 0
    seq: int = 0
    hash: str = ""
    last_trade_price: str = ""
    clock: int = 0


class LevelDelta(msgspec.Struct, frozen=True, gc=False):
    """Kalshi: a signed change of one level (`side` BID or ASK, YES price).

    `clock` as in `BookSnapshot`; several changes of one act share it. `order_key` and `subaccount`
    are told only where an order of ours caused the change.
    """

    market_id: MarketId
    side: int
    price_e4: int
    delta_e6: int
    ts_event_ms: int
    ts_recv_ns: int
    sid: int
    seq: int
    clock: int = 0
    order_key: str = ""
    subaccount: int | None = None


class LevelsSet(msgspec.Struct, frozen=True, gc=False):
    """Polymarket: new sizes of levels, and the best prices after them (−1: side empty or untold).

    `changes` holds (side, price_e4, size_e6) with size 0 for a level that is gone.
    """

    market_id: MarketId
    changes: tuple[tuple[int, int, int], ...]
    best_bid_e4: int
    best_ask_e4: int
    ts_event_ms: int
    ts_recv_ns: int
    hash: str = ""


class BookAudited(msgspec.Struct, frozen=True, gc=False):
    """What REST shows of a book; compared with ours, never taken for it.

    Levels that have a size and a price inside (0, 1), in any order. Polymarket tells the time of
    the book, and the core finds out what is on its way. Kalshi tells none: `ts_event_ms` is 0, and
    `moved` names the levels (side, price_e4) that may have changed while the book was looked at;
    the feed has passed the time of the look, so that all the others must agree.
    """

    market_id: MarketId
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    ts_event_ms: int
    moved: tuple[tuple[int, int], ...] = ()


class SequenceSeen(msgspec.Struct, frozen=True, gc=False):
    """Kalshi: a frame without book content that consumed a sequence number (control frames)."""

    venue: Venue
    sid: int
    seq: int


class Subscribed(msgspec.Struct, frozen=True):
    """A subscription began: `sid` numbers its frames from 1; these markets hang on it.

    Not `is_new`: it goes on with its numbers, and other markets hang on it from now on.
    """

    venue: Venue
    sid: int
    market_ids: tuple[MarketId, ...]
    is_new: bool = True


class LastTrade(msgspec.Struct, frozen=True, gc=False):
    """Polymarket: the last trade price as the venue writes it, an input of the book hash."""

    market_id: MarketId
    price: str


class BooksVoid(msgspec.Struct, frozen=True):
    """The feed lost these books (disconnect, silence, a frame that could not be read)."""

    market_ids: tuple[MarketId, ...]
    reason: str


class GridChanged(msgspec.Struct, frozen=True):
    """The price grid of a market changed: a new epoch, the book is void until a snapshot."""

    market_id: MarketId
    grid: PriceGrid


class MarketChanged(msgspec.Struct, frozen=True):
    """A market's terms were read (again): fees, shard, minimum sizes, tradability."""

    market: Market


class AnswerStatus(Enum):
    """What is known about an order."""

    FILLED = "filled"
    PARTIAL = "partial"
    MISSED = "missed"
    REJECTED = "rejected"
    NOT_SENT = "not_sent"
    DELAYED = "delayed"
    RESTING = "resting"
    """On the book; `filled_e6` filled so far, and more may at any time."""
    UNKNOWN = "unknown"


NO_TOKENS: Final = "no_tokens"
"""Code of an order that our own count of a venue's rate limit held back."""


class LegAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of one order as far as the venue has told.

        `filled_e6` is what certainly filled. `notional_micros` excludes fees (−1: not told).
        `is_unavailable` marks a venue that could not be asked or is paused. `ts_event_ms` is the
    matching engine's time where told, else 0. `retry_after_ms` > 0: sooner, an order of this
        purpose would be held back or refused for want of rate tokens.
    """

    status: AnswerStatus
    filled_e6: int = 0
    notional_micros: int = -1
    venue_order_id: str = ""
    trade_ids: tuple[str, ...] = ()
    code: str = ""
    detail: str = ""
    is_unavailable: bool = False
    ts_event_ms: int = 0
    retry_after_ms: int = 0


class OrderAnswered(msgspec.Struct, frozen=True):
    """An order's answer arrived, or its look-up ended."""

    execution_no: int
    order_no: int
    answer: LegAnswer
    ts_recv_ns: int


class FillStatus(Enum):
    """Life of a fill: provisional until final; a void one never was."""

    PROVISIONAL = "provisional"
    FINAL = "final"
    VOID = "void"


class Fill(msgspec.Struct, frozen=True, kw_only=True):
    """One fill as the venue reported it. Unique by (venue, fill_id).

    `notional_micros` > 0 excludes the fee; `fee_modelled` where the venue reports none.
    `order_key` is the Kalshi client_order_id or the Polymarket order hash where known,
    `venue_order_id` the venue's own id.
    """

    venue: Venue
    market_id: MarketId
    fill_id: str
    order_key: str
    venue_order_id: str
    outcome: Outcome
    side: Side
    price_e4: int
    size_e6: int
    notional_micros: int
    fee_micros: int
    fee_modelled: bool = False
    status: FillStatus = FillStatus.FINAL
    ts_event_ms: int = 0


class FillBooked(msgspec.Struct, frozen=True):
    """A fill of an order of ours was journalled for the first time."""

    execution_no: int
    order_no: int
    fill: Fill


class MoneySettled(msgspec.Struct, frozen=True):
    """All fills of an order are booked: their sum equals what the answer said."""

    execution_no: int
    order_no: int
    filled_e6: int
    notional_micros: int
    fee_micros: int


class FillVoided(msgspec.Struct, frozen=True):
    """A provisional fill failed on chain: it never was."""

    execution_no: int
    order_no: int
    fill: Fill


class CashReported(msgspec.Struct, frozen=True):
    """Free cash of a venue per shard, read while no order of ours was open there."""

    venue: Venue
    cash_micros: tuple[tuple[int, int], ...]
    """(shard, micros)"""


class PositionReported(msgspec.Struct, frozen=True):
    """A holding found at start: signed on Kalshi's YES, one outcome at a time on Polymarket."""

    market_id: MarketId
    yes_e6: int
    no_e6: int


class TimerFired(msgspec.Struct, frozen=True):
    """A timer that the engine set has come due."""

    key: str


class VenueStateChanged(msgspec.Struct, frozen=True):
    """A venue (or shard) takes orders, or does not for now.

    `is_assumed`: it is open only because a pause of ours is over; the next order to it is what asks
    whether that is so.
    """

    venue: Venue
    is_open: bool
    reason: str
    is_assumed: bool = False


class PairsChanged(msgspec.Struct, frozen=True):
    """The set of pairs to trade; replaces the old one."""

    pairs: tuple[Pair, ...]


class PairsLeft(msgspec.Struct, frozen=True):
    """Pairs that were told for the last time, and markets that nobody follows any more.

    Nothing of ours is open or held on these markets, and no execution that is known names them.
    """

    pair_ids: tuple[PairId, ...]
    market_ids: tuple[MarketId, ...]


class OrderBooked(msgspec.Struct, frozen=True):
    """What is on record of an order's fills: those that stand, and what of it failed on chain."""

    size_e6: int = 0
    notional_micros: int = 0
    fee_micros: int = 0
    void_e6: int = 0


class ExecutionFound(msgspec.Struct, frozen=True):
    """At start: the journal holds an execution that never closed. Its orders are asked for.

    `orders` pairs each order with the last thing known of it (None: sent, never answered).
    `was_closed`: it had closed, and is told only as a fill of it may still be void or come late.
    """

    execution_no: int
    pair: Pair
    direction: Direction
    orders: tuple[tuple[OrderSpec, LegAnswer | None], ...]
    was_closed: bool = False
    booked: tuple[OrderBooked, ...] = ()
    """For each order; empty: nothing is on record of any."""
    is_accounted: bool = False
    """What is booked is in the holdings and in the cash that were reported."""


class StopRequested(msgspec.Struct, frozen=True):
    """No new execution starts from now on; open ones are finished or rolled back."""


class LimitsChanged(msgspec.Struct, frozen=True):
    """New limits; they hold for everything decided from now on."""

    limits: Limits


class InvariantReported(msgspec.Struct, frozen=True):
    """Somebody outside the engine found a contradiction: trips the breaker."""

    reason: str


class FillConfirmed(msgspec.Struct, frozen=True):
    """A provisional fill is final: it can no longer fail on chain."""

    execution_no: int
    order_no: int
    fill_id: str
    size_e6: int


class ExecutionForgotten(msgspec.Struct, frozen=True):
    """No late fill, void or money of a closed execution will be told any more."""

    execution_no: int


class OperatorAct(Enum):
    """What an operator may do to the whole. A halt outlasts a resume: it has its own end."""

    PAUSE = "pause"
    RESUME = "resume"
    HALT = "halt"
    CLEAR_HALT = "clear_halt"


class OperatorActed(msgspec.Struct, frozen=True):
    """An operator's act, journalled before this event. Nothing of it stops a rollback."""

    act: OperatorAct
    reason: str
    actor: str


class GuardTripped(msgspec.Struct, frozen=True):
    """A guard outside the engine found that nothing new may start; opens the breaker.

    `reason` is a short name, `detail` the figures. Where `stands`, the breaker does not cool down
    before `GuardCleared` tells the same reason; else it does as after any other trip.
    """

    reason: str
    detail: str
    stands: bool = False


class GuardCleared(msgspec.Struct, frozen=True):
    """What a standing guard had found is over."""

    reason: str


class GuardsRestored(msgspec.Struct, frozen=True):
    """At start: what the journal holds of the loss window and of the operator's acts.

    `losses` are (age_ns, micros): how long ago, and how much was lost by then (> 0), or how much of
    a loss told earlier came back (< 0). `halt` is the reason of a halt in force ("": none).
    """

    losses: tuple[tuple[int, int], ...]
    halt: str
    paused: bool = False


class EvidenceRestored(msgspec.Struct, frozen=True):
    """At start: how the legs of earlier processes filled, counted by these steps of depth share.

    `steps_e4` are their upper bounds in 1/10 000; counts of other steps than ours are forgotten.
    """

    steps_e4: tuple[int, ...]
    cells: tuple[CellCount, ...]


class MarketBarred(msgspec.Struct, frozen=True):
    """No new execution on this market, or no longer barred; rollbacks stay allowed."""

    market_id: MarketId
    reason: str
    is_barred: bool


class MarketResolved(msgspec.Struct, frozen=True):
    """A venue says how a market ended: it pays, and nobody trades there any more."""

    market_id: MarketId


class ExposureFound(msgspec.Struct, frozen=True):
    """Holdings and resting orders that no journal knows; replaces what was told of the market.

    Signed on Kalshi's YES (`no_e6` 0), one size per outcome on Polymarket. `resting_micros` is the
    most that the resting orders may still cost.
    """

    market_id: MarketId
    yes_e6: int
    no_e6: int
    resting_micros: int


Event = (
    BookSnapshot
    | LevelDelta
    | LevelsSet
    | BookAudited
    | SequenceSeen
    | Subscribed
    | LastTrade
    | BooksVoid
    | GridChanged
    | MarketChanged
    | OrderAnswered
    | FillBooked
    | FillVoided
    | MoneySettled
    | CashReported
    | PositionReported
    | TimerFired
    | VenueStateChanged
    | PairsChanged
    | PairsLeft
    | ExecutionFound
    | LimitsChanged
    | StopRequested
    | InvariantReported
    | FillConfirmed
    | ExecutionForgotten
    | OperatorActed
    | GuardTripped
    | GuardCleared
    | GuardsRestored
    | EvidenceRestored
    | MarketBarred
    | MarketResolved
    | ExposureFound
)
