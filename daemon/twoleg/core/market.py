"""What is traded: venues, outcomes, price grids, fee schedules, markets and pairs."""

from enum import Enum
from typing import Final, NewType, assert_never

import msgspec

MarketId = NewType("MarketId", str)
"""`kalshi:<ticker>` or `polymarket:<condition id>`."""
PairId = NewType("PairId", str)


class Venue(Enum):
    """Where a market lives."""

    KALSHI = "kalshi"
    POLYMARKET = "polymarket"

    @property
    def other(self) -> "Venue":
        """The venue of the other leg."""
        return Venue.POLYMARKET if self is Venue.KALSHI else Venue.KALSHI


class Outcome(Enum):
    """A side of a yes/no question."""

    YES = "yes"
    NO = "no"

    @property
    def other(self) -> "Outcome":
        """The complementary outcome."""
        return Outcome.NO if self is Outcome.YES else Outcome.YES


class Side(Enum):
    """What an order does with an outcome."""

    BUY = "buy"
    SELL = "sell"


class Polarity(Enum):
    """Whether YES on Kalshi is YES on Polymarket (`same`) or NO (`inverse`)."""

    SAME = "same"
    INVERSE = "inverse"


class PairState(Enum):
    """How far a pair has come: only an armed pair is traded."""

    CANDIDATE = "candidate"
    APPROVED = "approved"
    ARMED = "armed"
    DISARMED = "disarmed"
    RETIRED = "retired"


class Origin(Enum):
    """Who says that two markets are a pair: the pairs file, or the matcher."""

    FILE = "file"
    MATCHER = "matcher"


class LegMode(Enum):
    """In which order the legs are fired."""

    CONCURRENT = "concurrent"
    POLYMARKET_FIRST = "polymarket_first"
    KALSHI_FIRST = "kalshi_first"
    AUTO = "auto"


class TimeInForce(Enum):
    """How an order ends.

    Takers: `FOK` all or nothing, `IOC` what there is (Polymarket: FAK). Makers: `GTC` rests until
    it is canceled, `GTD` until a time of its own.
    """

    FOK = "fok"
    IOC = "ioc"
    GTC = "gtc"
    GTD = "gtd"

    @property
    def rests(self) -> bool:
        """Whether what does not fill at once stays on the book."""
        return self in {TimeInForce.GTC, TimeInForce.GTD}


TAKER_TIFS: Final = (TimeInForce.FOK, TimeInForce.IOC)
"""What an execution's legs may be: nothing of theirs may rest."""


class Direction(Enum):
    """Which outcome is bought on Kalshi; polarity tells the Polymarket one."""

    KALSHI_YES = "kalshi_yes"
    KALSHI_NO = "kalshi_no"

    @property
    def kalshi_outcome(self) -> Outcome:
        """The outcome that this direction buys on Kalshi."""
        return Outcome.YES if self is Direction.KALSHI_YES else Outcome.NO

    def polymarket_outcome(self, polarity: Polarity) -> Outcome:
        """The outcome that this direction buys on Polymarket."""
        outcome = self.kalshi_outcome
        if polarity is Polarity.SAME:
            return outcome.other
        if polarity is Polarity.INVERSE:
            return outcome
        assert_never(polarity)


class Band(msgspec.Struct, frozen=True):
    """Prices from `start_e4` to `end_e4`, both included, in steps of `step_e4`."""

    start_e4: int
    end_e4: int
    step_e4: int


class PriceGrid(msgspec.Struct, frozen=True):
    """The prices a venue accepts: bands in ascending order, always strictly inside (0, 1)."""

    bands: tuple[Band, ...]

    @classmethod
    def uniform(cls, step_e4: int) -> "PriceGrid":
        """A grid with one step from 0 to 1."""
        return cls(bands=(Band(start_e4=0, end_e4=10_000, step_e4=step_e4),))

    def holds(self, price_e4: int) -> bool:
        """Whether the venue would accept this price."""
        return price_e4 > 0 and self.floor(price_e4) == price_e4

    def floor(self, price_e4: int) -> int:
        """The greatest valid price ≤ `price_e4`; 0 if there is none."""
        best = 0
        for band in self.bands:
            if price_e4 < band.start_e4:
                break
            top = min(price_e4, band.end_e4)
            best = band.start_e4 + (top - band.start_e4) // band.step_e4 * band.step_e4
        if best >= 10_000:
            best = 10_000 - self.bands[-1].step_e4
        return max(best, 0)

    def ceil(self, price_e4: int) -> int:
        """The least valid price ≥ `price_e4`; 10 000 if there is none."""
        for band in self.bands:
            if price_e4 > band.end_e4:
                continue
            bottom = max(price_e4, band.start_e4, 1)
            up = -(-(bottom - band.start_e4) // band.step_e4) * band.step_e4 + band.start_e4
            if up <= band.end_e4 and up < 10_000:
                return up
        return 10_000

    @property
    def worst_buy_e4(self) -> int:
        """The highest valid price."""
        return self.floor(9_999)

    @property
    def worst_sell_e4(self) -> int:
        """The lowest valid price."""
        return self.ceil(1)


class FeeSchedule(msgspec.Struct, frozen=True):
    """Taker fee of a market: `rate · C · (p(1−p))^exponent`.

    `rate_e6` is the coefficient in millionths (Kalshi 0.07 × 1 = 70 000). `quantum_micros`
    is what one fill's fee is a multiple of: 100 on Kalshi, 10 on Polymarket.
    `balance_quantum_micros` is the precision of the account's balance (Kalshi: 100 for direct
    members, 10 000 for accounts at a broker; Polymarket: 1).
    """

    rate_e6: int
    exponent: int = 1
    quantum_micros: int = 100
    balance_quantum_micros: int = 1


class Market(msgspec.Struct, frozen=True, kw_only=True):
    """One yes/no question on one venue, with everything that an order on it must respect."""

    id: MarketId
    venue: Venue
    native_id: str
    """Kalshi ticker or Polymarket condition id."""
    grid: PriceGrid
    fees: FeeSchedule
    shard: int = 0
    """Kalshi `exchange_index`; 0 on Polymarket."""
    lot_e6: int = 10_000
    size_e6_min: int = 10_000
    notional_micros_min: int = 0
    yes_token: str = ""
    no_token: str = ""
    neg_risk: bool = False
    seconds_delay: int = 0
    event: str = ""
    series: str = ""
    title: str = ""
    rules: str = ""
    close_ts_ms: int = 0
    is_tradable: bool = True


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """Two markets that settle on the same event. Fingerprints pin the rules as approved."""

    id: PairId
    kalshi: MarketId
    polymarket: MarketId
    polarity: Polarity
    state: PairState = PairState.ARMED
    kalshi_fingerprint: str = ""
    polymarket_fingerprint: str = ""
    similarity_e4: int = 10_000
    polymarket_labels: tuple[str, str] = ("Yes", "No")
    """The labels of Polymarket's outcomes that stand for YES and NO; never mapped by position."""
    leg_mode: LegMode = LegMode.CONCURRENT
    tif: TimeInForce = TimeInForce.FOK
    size_e6_max: int = 0
    """0: the general limit holds."""
    edge_micros_min: int = 0
    """Least net edge per contract of this pair; the greater of it and the general one holds."""
    origin: Origin = Origin.FILE

    def market_on(self, venue: Venue) -> MarketId:
        """This pair's market on one venue."""
        return self.kalshi if venue is Venue.KALSHI else self.polymarket

    def fingerprint_on(self, venue: Venue) -> str:
        """The fingerprint by which this pair's rules on one venue were approved, or nothing."""
        is_kalshi = venue is Venue.KALSHI
        return self.kalshi_fingerprint if is_kalshi else self.polymarket_fingerprint
