"""Describe the paired markets of the simulated world: the same question on both venues.

Everything is a pure function of (seed, number of pairs): two processes, one per venue, build the
same world. No prices here; `twoleg.sim.prices` has them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from random import Random
from typing import Final, Literal

from twoleg.sim.grid import DECI_CENT, LINEAR_CENT, TAPERED_DECI_CENT, Band, Grid

Polarity = Literal["same", "inverse"]
PAIRS_MAX: Final = 500
# Far enough that no demo outlives its markets: 2035-12-31T23:59:59Z.
CLOSE_TS_S: Final = 2_082_758_399


@dataclass(frozen=True, slots=True)
class KalshiMarket:
    """The Kalshi side of a pair. `fee_multiplier_e4` is in 1/10 000."""

    ticker: str
    event_ticker: str
    series_ticker: str
    market_id: str
    title: str
    yes_sub_title: str
    no_sub_title: str
    rules: str
    category: str
    exchange_index: int
    fee_type: str
    fee_multiplier_e4: int
    grid: Grid


@dataclass(frozen=True, slots=True)
class PolymarketEvent:
    """An event that holds several markets; `tags` are (id, label, slug)."""

    event_id: str
    slug: str
    title: str
    tags: tuple[tuple[str, str, str], ...] = ()
    series_id: str = ""
    neg_risk_market_id: str = ""
    # Whether outcomes may be added later: it then has placeholders and an "Other".
    is_augmented: bool = False


@dataclass(frozen=True, slots=True)
class PolymarketMarket:
    """The Polymarket side of a pair. `fee_rate_e4` is in 1/10 000; token 0 is the book's YES."""

    market_id: str
    slug: str
    question: str
    description: str
    category: str
    condition_id: str
    question_id: str
    token_ids: tuple[str, str]
    outcomes: tuple[str, str]
    neg_risk: bool
    fee_rate_e4: int
    grid: Grid
    close_ts_s: int = CLOSE_TS_S
    # None: an event of its own, with the market's texts.
    event: PolymarketEvent | None = None
    # The outcome's label inside its event.
    group_item_title: str = ""
    # A neg-risk outcome that is not named yet (no book), and the one that stands for all others.
    is_placeholder: bool = False
    is_neg_risk_other: bool = False
    # Sports: the delay of takers, when the game starts, and what the market is about.
    seconds_delay: int = 0
    game_start_ts_s: int | None = None
    sports_type: str = ""
    # Which token the CLOB calls primary: not always that of Yes.
    primary: int = 0
    # Of the fee curve: 1 on nearly all markets.
    fee_exponent: int = 1

    @property
    def tick_e4(self) -> int:
        """Return the tick in 1/10 000 dollar."""
        return self.grid.bands[0].step_e4

    @property
    def version(self) -> str:
        """Return the protocol of its tokens: v2 for position ids, whose bits 40 to 103 are zero."""
        return "v1" if int(self.token_ids[0]) >> 40 & (1 << 64) - 1 else "v2"


@dataclass(frozen=True, slots=True)
class PairSpec:
    """One question on both venues.

    `same`: Kalshi YES pays together with Polymarket token 0; `inverse`: with token 1.
    """

    index: int
    polarity: Polarity
    kalshi: KalshiMarket
    polymarket: PolymarketMarket
    close_ts_s: int = CLOSE_TS_S


@dataclass(frozen=True, slots=True)
class _Theme:
    """A kind of question, with the texts both venues make of it."""

    category: str
    series: str
    # In all texts: {n} a number, {y} a year, {m} a month's name, {mm} its ticker form.
    kalshi_title: str
    kalshi_yes: str
    rules: str
    question: str
    outcomes: tuple[str, str]
    numbers: tuple[int, ...]
    polarity: Polarity = "same"
    exchange_index: int = 0
    fee_type: str = "quadratic"
    fee_multiplier_e4: int = 10_000
    kalshi_grid: Grid = LINEAR_CENT
    polymarket_tick_e4: int = 100
    polymarket_rate_e4: int = 400
    neg_risk: bool = False


_YES_NO: Final = ("Yes", "No")
_MONTHS: Final = (("March", "MAR"), ("June", "JUN"), ("September", "SEP"), ("December", "DEC"))

# Fee rates by category: Polymarket docs, trading/fees, 2026-11; Kalshi multipliers and shards:
# Kalshi docs, exchange_sharding, 2026-09-03, and /series, 2026-08.
_THEMES: Final = (
    _Theme(
        category="Economics",
        series="KXFEDDECISION",
        kalshi_title="Will the Federal Reserve cut rates by {n}bps at its {m} {y} meeting?",
        kalshi_yes="Cut {n}bps",
        rules="If the upper bound of the federal funds target range is lowered by exactly {n} "
        "basis points at the {m} {y} FOMC meeting, the market resolves to Yes.",
        question="Fed decreases interest rates by {n} bps after {m} {y} meeting?",
        outcomes=_YES_NO,
        numbers=(25, 50, 75, 100),
        fee_type="quadratic_with_maker_fees",
        polymarket_rate_e4=500,
        neg_risk=True,
    ),
    _Theme(
        category="Crypto",
        series="KXBTCMAX",
        kalshi_title="Will Bitcoin be above ${n},000 on {m} 30, {y}?",
        kalshi_yes="Above ${n},000",
        rules="If the BTC reference rate at 5 PM ET on {m} 30, {y} is above {n},000.00, the market "
        "resolves to Yes.",
        question="Will the price of Bitcoin be at or below ${n},000 on {m} 30, {y}?",
        outcomes=_YES_NO,
        numbers=(90, 100, 110, 120, 130, 150),
        polarity="inverse",
        exchange_index=2,
        polymarket_rate_e4=700,
    ),
    _Theme(
        category="Politics",
        series="KXHOUSESEATS",
        kalshi_title="Will Democrats win at least {n} House seats in the {y} election?",
        kalshi_yes="At least {n} seats",
        rules="If the Democratic Party wins {n} or more seats of the House in {m} {y}, the market "
        "resolves to Yes.",
        question="Will Democrats win {n} or more House seats in {m} {y}?",
        outcomes=_YES_NO,
        numbers=(210, 215, 220, 225, 230, 235),
        kalshi_grid=DECI_CENT,
        polymarket_tick_e4=10,
    ),
    _Theme(
        category="Sports",
        series="KXMLBGAME",
        kalshi_title="Will the Boston Red Sox win game {n} against New York in {m} {y}?",
        kalshi_yes="Boston",
        rules="If Boston wins game {n} of the New York at Boston series in {m} {y}, the market "
        "resolves to Yes.",
        question="New York Yankees vs. Boston Red Sox: game {n}, {m} {y}",
        outcomes=("New York Yankees", "Boston Red Sox"),
        numbers=(1, 2, 3, 4, 5, 6, 7),
        polarity="inverse",
        exchange_index=3,
        fee_multiplier_e4=5_000,
        polymarket_rate_e4=500,
    ),
    _Theme(
        category="World",
        series="KXCEASEFIRE",
        kalshi_title="Will a ceasefire of at least {n} days begin before {m} {y}?",
        kalshi_yes="Ceasefire of {n} days",
        rules="If an agreed ceasefire holds for at least {n} days and began before {m} 1, {y}, the "
        "market resolves to Yes.",
        question="Ceasefire holding {n} days or longer by {m} 1, {y}?",
        outcomes=_YES_NO,
        numbers=(7, 14, 30, 60, 90),
        polymarket_rate_e4=0,
    ),
    _Theme(
        category="Economics",
        series="KXCPIYOY",
        kalshi_title="Will CPI inflation be above {n}.5% in the year to {m} {y}?",
        kalshi_yes="Above {n}.5%",
        rules="If the year-on-year CPI increase for {m} {y} is above {n}.5%, the market resolves "
        "to Yes.",
        question="Will annual inflation for {m} {y} exceed {n}.5%?",
        outcomes=_YES_NO,
        numbers=(1, 2, 3, 4, 5),
        polymarket_rate_e4=500,
    ),
    _Theme(
        category="Climate",
        series="KXHURRICANE",
        kalshi_title="Will there be more than {n} Atlantic hurricanes by {m} {y}?",
        kalshi_yes="More than {n}",
        rules="If more than {n} hurricanes form in the Atlantic before the end of {m} {y}, the "
        "market resolves to Yes.",
        question="More than {n} Atlantic hurricanes by the end of {m} {y}?",
        outcomes=_YES_NO,
        numbers=(4, 6, 8, 10, 12),
        kalshi_grid=TAPERED_DECI_CENT,
        polymarket_rate_e4=500,
    ),
    _Theme(
        category="Crypto",
        series="KXETHMAX",
        kalshi_title="Will Ethereum be above ${n},000 on {m} 30, {y}?",
        kalshi_yes="Above ${n},000",
        rules="If the ETH reference rate at 5 PM ET on {m} 30, {y} is above {n},000.00, the market "
        "resolves to Yes.",
        question="Will the price of Ethereum be above ${n},000 on {m} 30, {y}?",
        outcomes=_YES_NO,
        numbers=(3, 4, 5, 6, 7, 8),
        exchange_index=2,
        polymarket_rate_e4=700,
    ),
    _Theme(
        category="Politics",
        series="KXSHUTDOWN",
        kalshi_title="Will a government shutdown last at least {n} days in {y}?",
        kalshi_yes="At least {n} days",
        rules="If a lapse in appropriations lasts {n} days or longer and begins by {m} {y}, the "
        "market resolves to Yes.",
        question="Will every government shutdown until {m} {y} last less than {n} days?",
        outcomes=_YES_NO,
        numbers=(10, 20, 30, 45, 60),
        polarity="inverse",
    ),
    _Theme(
        category="Entertainment",
        series="KXSTREAMING",
        kalshi_title="Will the number-one album of {m} {y} exceed {n}00 million streams?",
        kalshi_yes="Above {n}00 million",
        rules="If the first-placed album of {m} {y} is reported with more than {n}00 million "
        "streams, the market resolves to Yes.",
        question="Number-one album of {m} {y} above {n}00 million streams?",
        outcomes=_YES_NO,
        numbers=(2, 3, 4, 5, 6),
        polymarket_rate_e4=500,
    ),
)


class FlowWorld:
    """The pairs of one seed, in a fixed order, with look-up by the venues' own identifiers."""

    def __init__(self, seed: int, pairs: int = 10) -> None:
        if not 1 <= pairs <= PAIRS_MAX:
            msg = f"pairs must be from 1 to {PAIRS_MAX}, not {pairs}"
            raise ValueError(msg)
        self.seed = seed
        self.pairs: tuple[PairSpec, ...] = tuple(_pair(seed, i) for i in range(pairs))
        self.by_ticker = {pair.kalshi.ticker: pair for pair in self.pairs}
        self.by_condition = {pair.polymarket.condition_id: pair for pair in self.pairs}


def _pair(seed: int, index: int) -> PairSpec:
    theme = _THEMES[index % len(_THEMES)]
    lap = index // len(_THEMES)
    # One draw per theme, then counting on: no two laps of a theme share number, month and year.
    rng = Random(f"{seed}:{index % len(_THEMES)}")
    cell = rng.randrange(len(theme.numbers) * len(_MONTHS)) + lap
    number = theme.numbers[cell % len(theme.numbers)]
    month, month_ticker = _MONTHS[cell // len(theme.numbers) % len(_MONTHS)]
    year = 2027 + cell // (len(theme.numbers) * len(_MONTHS))
    texts = {"n": number, "m": month, "y": year}
    event_ticker = f"{theme.series}-{year % 100}{month_ticker}"
    return PairSpec(
        index=index,
        polarity=theme.polarity,
        kalshi=_kalshi(theme, texts, f"{event_ticker}-T{number}", event_ticker, f"{seed}:{index}"),
        polymarket=_polymarket(theme, texts, f"{seed}:{index}"),
    )


def _kalshi(
    theme: _Theme, texts: Mapping[str, object], ticker: str, event_ticker: str, key: str
) -> KalshiMarket:
    digest = sha256(f"kalshi:{key}".encode()).hexdigest()
    return KalshiMarket(
        ticker=ticker,
        event_ticker=event_ticker,
        series_ticker=theme.series,
        market_id=f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-a{digest[17:20]}-{digest[20:32]}",
        title=theme.kalshi_title.format_map(texts),
        yes_sub_title=theme.kalshi_yes.format_map(texts),
        no_sub_title=theme.kalshi_yes.format_map(texts),
        rules=theme.rules.format_map(texts),
        category=theme.category,
        exchange_index=theme.exchange_index,
        fee_type=theme.fee_type,
        fee_multiplier_e4=theme.fee_multiplier_e4,
        grid=theme.kalshi_grid,
    )


def _polymarket(theme: _Theme, texts: Mapping[str, object], key: str) -> PolymarketMarket:
    def digest(what: str) -> str:
        return sha256(f"polymarket:{what}:{key}".encode()).hexdigest()

    question = theme.question.format_map(texts)
    words = "".join(c if c.isalnum() else " " for c in question.lower()).split()
    return PolymarketMarket(
        market_id=str(500_000 + int(digest("market")[:6], 16)),
        slug="-".join(words),
        question=question,
        description=theme.rules.format_map(texts)
        if theme.polarity == "same"
        else f"This market resolves to {theme.outcomes[1]!r} under the following condition, "
        f"otherwise to {theme.outcomes[0]!r}. {theme.rules.format_map(texts)}",
        category=theme.category,
        condition_id="0x" + digest("condition"),
        question_id="0x" + digest("question"),
        token_ids=(str(int(digest("token0"), 16)), str(int(digest("token1"), 16))),
        outcomes=theme.outcomes,
        neg_risk=theme.neg_risk,
        fee_rate_e4=theme.polymarket_rate_e4,
        grid=Grid("tick", (Band(0, 10_000, theme.polymarket_tick_e4),)),
    )
