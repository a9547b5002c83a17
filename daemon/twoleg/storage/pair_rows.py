"""What the database keeps of a pair, as one frozen row."""

import hashlib
from datetime import datetime
from typing import Final

import msgspec

from twoleg.core.market import (
    LegMode,
    MarketId,
    Origin,
    Pair,
    PairId,
    PairState,
    Polarity,
    TimeInForce,
)

POLICY: Final = "policy"
"""The actor that arms what the declared policy allows."""
MATCHER: Final = "matcher"
"""The actor that proposes, and takes back what no longer agrees."""
EQUAL: Final = "equal"


class FacetRow(msgspec.Struct, frozen=True):
    """One facet of both markets compared; its `name` is what acknowledges it.

    `verdict` is "equal", "different", "missing on one side", "not understood" or, of what no facet
    tells, "denied". The texts are strangers': not fit to be shown as they are.
    """

    name: str
    verdict: str
    kalshi: str = ""
    polymarket: str = ""
    hard: bool = True

    @property
    def is_equal(self) -> bool:
        """Whether there is nothing to acknowledge."""
        return self.verdict == EQUAL


class TailRow(msgspec.Struct, frozen=True):
    """What both rules say of one unusual end, and what both legs then pay together at worst."""

    name: str
    kalshi: str
    polymarket: str
    worst_payout_e4: int


class PairRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `matched_market_pair`, with the titles that the catalogue has of its markets.

    `yes_token` is the Polymarket token that pays when Kalshi's YES does, `no_token` the other. The
    labels are those of Polymarket's YES and NO as the core takes them: `polarity` says how they
    stand to Kalshi's. `klass` is "auto", "review" or "deny", `risk_grade` "A" to "C"; both are
    empty for a pair from the file. `reason` is why it has its class.
    """

    pair_id: PairId
    kalshi: MarketId
    polymarket: MarketId
    polarity: Polarity
    state: PairState = PairState.CANDIDATE
    kalshi_fingerprint: str
    polymarket_fingerprint: str
    similarity_e4: int
    leg_mode: LegMode = LegMode.CONCURRENT
    tif: TimeInForce = TimeInForce.FOK
    size_e6_max: int = 0
    origin: Origin = Origin.MATCHER
    klass: str = ""
    family: str = ""
    reason: str = ""
    facets: tuple[FacetRow, ...] = ()
    yes_token: str = ""
    no_token: str = ""
    yes_label: str = ""
    no_label: str = ""
    risk_grade: str = ""
    edge_micros_min: int = 0
    tails: tuple[TailRow, ...] = ()
    checked_time: datetime | None = None
    approved_by: str = ""
    approved_time: datetime | None = None
    acknowledged: tuple[str, ...] = ()
    state_reason: str = ""
    state_time: datetime | None = None
    kalshi_title: str = ""
    polymarket_title: str = ""

    @property
    def ticker(self) -> str:
        """The Kalshi ticker."""
        return self.kalshi.partition(":")[2]

    @property
    def condition_id(self) -> str:
        """The Polymarket condition id."""
        return self.polymarket.partition(":")[2]

    @property
    def couple(self) -> tuple[MarketId, MarketId]:
        """Both markets: what no two pairs may share."""
        return self.kalshi, self.polymarket

    @property
    def texts(self) -> dict[str, str]:
        """The fingerprints by venue of the texts that the pair was matched on."""
        return {"kalshi": self.kalshi_fingerprint, "polymarket": self.polymarket_fingerprint}

    @property
    def names(self) -> tuple[str, ...]:
        """What must be acknowledged before a person's approval: one name for each difference."""
        tails = [f"tail_{tail.name}" for tail in self.tails if tail.worst_payout_e4 < 10_000]
        facets = [facet.name for facet in self.facets if not facet.is_equal]
        return tuple(dict.fromkeys((*facets, *tails)))

    def to_pair(self) -> Pair:
        """The pair in the core's terms."""
        return Pair(
            id=self.pair_id,
            kalshi=self.kalshi,
            polymarket=self.polymarket,
            polarity=self.polarity,
            state=self.state,
            kalshi_fingerprint=self.kalshi_fingerprint,
            polymarket_fingerprint=self.polymarket_fingerprint,
            similarity_e4=self.similarity_e4,
            polymarket_labels=(self.yes_label, self.no_label),
            leg_mode=self.leg_mode,
            tif=self.tif,
            size_e6_max=self.size_e6_max,
            edge_micros_min=self.edge_micros_min,
            origin=self.origin,
        )


class Step(msgspec.Struct, frozen=True):
    """One move of a pair that is to be made."""

    pair_id: str
    to_state: PairState
    actor: str
    reason: str
    detail: dict[str, object] = {}


class PairEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One step in a pair's life; `from_state` is empty for a pair that is new."""

    from_state: str
    to_state: str
    actor: str
    reason: str
    detail: dict[str, object]
    event_time: datetime


def matcher_pair_id(ticker: str, condition_id: str) -> PairId:
    """The id of a couple: the same in every run, database and machine."""
    couple = f"{ticker}|{condition_id.lower()}"
    return PairId("m-" + hashlib.sha256(couple.encode()).hexdigest()[:12])
