"""The contract card: one market, parsed once, every facet typed.

A card says only what its texts and fields say. What could not be read stands in `unread`, and a
card with anything unread pairs with nothing.
"""

import enum
from datetime import date, datetime
from typing import Literal

import msgspec

from twoleg.matching.dates import Moment, Start

E6 = 1_000_000


class Family(enum.Enum):
    """Groups of markets that settle alike, each with a record of its own.

    CONTEST is who wins a game, match, map or set; SIDE_LINE is what else is asked of one (total,
    spread, draw, both to score).
    """

    CONTEST = "contest"
    SIDE_LINE = "side_line"
    GOLF = "golf"
    SEAT = "seat"
    NOMINEE = "nominee"
    OFFICE = "office"
    OUTRIGHT = "outright"
    ECONOMY = "economy"
    PRICE = "price"
    WEATHER = "weather"
    CLAIM = "claim"


class Op(enum.Enum):
    """How a figure is compared; `GE` and `GT` differ exactly where the figure falls on the line."""

    GT = ">"
    GE = ">="
    LT = "<"
    LE = "<="
    EQ = "="
    BETWEEN = "between"


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A threshold or bucket: `low_e6` (and `high_e6` for a bucket) in millionths of `unit`."""

    op: Op
    low_e6: int
    high_e6: int = 0
    unit: str = ""

    def text(self) -> str:
        """For reasons: ">= 2.5 goals"."""
        low = f"{self.low_e6 / E6:g}"
        figures = f"{low} and {self.high_e6 / E6:g}" if self.op is Op.BETWEEN else low
        return f"{self.op.value} {figures} {self.unit}".strip()


CONTESTS = frozenset({Family.CONTEST, Family.SIDE_LINE})
"""What has two sides and a start."""


class Card(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One market's contract as facets; "" and () mean: not said.

    `event` is the venue's group of sibling markets. `subject` is whom or what YES is about
    (`named`: its words, as they stand in a title without a verb of its own). `full` are the sides
    of a contest that an outcome names in fuller words than the title.
    `pays[i]` names what outcome `labels[i]` pays on (a side, "draw", "yes", "no" ...), and
    `tokens[i]` is its token id; a Kalshi card has the one label "yes". `words` are the content
    words left once every other facet was taken out, `order` the same as they stand in the title; of
    a contest, `words` are its numbered tags. `tails`, `sources`, `limits` (the first
    instants too late), `since` (the first days that count), `rule_lines`, `scope` (whether a
    contest counts its overtime) and `observed` (hours of the day) come from the rule texts.
    """

    venue: Literal["kalshi", "polymarket"]
    market_id: str
    fingerprint: str
    event: str
    family: Family
    denial: str = ""
    unread: tuple[str, ...] = ()
    sport: str = ""
    league: str = ""
    sides: tuple[str, ...] = ()
    full: tuple[str, ...] = ()
    start: Start = Start()
    metric: str = ""
    period: str = ""
    line: Line | None = None
    subject: str = ""
    named: tuple[str, ...] = ()
    office: tuple[str, ...] = ()
    district: tuple[str, ...] = ()
    party: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    deadlines: tuple[Moment, ...] = ()
    years: tuple[int, ...] = ()
    year_guess: int = 0
    hour: str = ""
    ends: str = ""
    death_rule: bool = False
    tails: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    limits: tuple[datetime, ...] = ()
    since: tuple[date, ...] = ()
    rule_lines: tuple[Line, ...] = ()
    scope: tuple[str, ...] = ()
    observed: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    pays: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()


class Verdict(enum.Enum):
    """How one facet of two cards stands."""

    EQUAL = "equal"
    DIFFERENT = "different"
    MISSING = "missing on one side"
    NOT_UNDERSTOOD = "not understood"


class Facet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One facet of two cards compared, with the words it rests on.

    A facet that is not `hard` is told to whoever approves the pair and rejects nothing.
    """

    name: str
    verdict: Verdict
    kalshi: str
    polymarket: str
    hard: bool = True

    def text(self) -> str:
        """For reasons: "line: different (>= 2 goals | >= 3 goals)"."""
        return (
            f"{self.name}: {self.verdict.value} ({self.kalshi or '-'} | {self.polymarket or '-'})"
        )


def compare(name: str, kalshi: str, polymarket: str) -> Facet:
    """Facet of two plain values that must be the same text; "" on both sides agrees."""
    if kalshi == polymarket:
        verdict = Verdict.EQUAL
    elif not kalshi or not polymarket:
        verdict = Verdict.MISSING
    else:
        verdict = Verdict.DIFFERENT
    return Facet(name, verdict, kalshi, polymarket)


def judged(name: str, agrees: bool, kalshi: str, polymarket: str) -> Facet:  # noqa: FBT001
    """Facet whose verdict was found by a rule of its own."""
    return Facet(name, Verdict.EQUAL if agrees else Verdict.DIFFERENT, kalshi, polymarket)
