"""A claim, and what each venue makes of it before it is an answer of its API.

A claim is a kind and its values; two markets pay alike exactly if they rest on equal claims. A form
is the set of texts that one venue has for a kind.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from zlib import crc32

from twoleg.sim.catalogue.times import DAY_S, moments
from twoleg.sim.grid import ONE_E4

YES_NO: Final = ("Yes", "No")


class Claim(NamedTuple):
    """What must happen; `values` are sorted by name."""

    kind: str
    values: tuple[tuple[str, object], ...]

    @staticmethod
    def of(kind: str, **values: object) -> "Claim":
        """Make a claim."""
        return Claim(kind, tuple(sorted(values.items())))


class Not(NamedTuple):
    """That a claim does not come true."""

    claim: Claim


Paid = Claim | Not


@dataclass(frozen=True, slots=True, kw_only=True)
class KalshiForm:
    """Kalshi's texts of a kind; braces hold values of the claim.

    `event` is what follows the series in the event's ticker, `suffix` what follows that in the
    market's. `strike` is Kalshi's strike type, `floor` and `cap` name the values it rests on.
    """

    series: str
    event: str
    suffix: str
    event_title: str
    title: str
    yes: str
    rules: str
    rules2: str = ""
    event_sub: str = ""
    category: str = "Sports"
    strike: str = "structured"
    floor: str = ""
    cap: str = ""
    is_exclusive: bool = False
    closes_early: str = "This market will close and expire early if the event occurs."


@dataclass(frozen=True, slots=True, kw_only=True)
class PolymarketForm:
    """Polymarket's texts of a kind; braces hold values of the claim.

    Without `labels` the outcomes are Yes and No. `{x}` and `{y}` are the sides in this venue's own
    order. `pays` names the second label's claim: "other" side, or "not" the first.
    """

    event: str
    event_title: str
    slug: str
    question: str
    rules: str
    labels: tuple[str, str] = YES_NO
    second: str = "not"
    group: str = ""
    sports_type: str = ""
    line: str = ""
    category: str = "Sports"
    is_neg_risk: bool = False
    is_placeholder: bool = False


@dataclass(slots=True)
class KalshiDraft:
    """A market as Kalshi will tell it. Times are Unix seconds."""

    form: KalshiForm
    claim: Claim
    words: Mapping[str, object]
    close_s: int
    start_s: int | None

    @property
    def event_ticker(self) -> str:
        """Return the ticker of its event."""
        return f"{self.series}-{self.form.event.format_map(self.words)}"

    @property
    def series(self) -> str:
        """Return the ticker of its series."""
        return self.form.series.format_map(self.words)

    @property
    def ticker(self) -> str:
        """Return its ticker; a form without suffix is an event of one market."""
        suffix = self.form.suffix.format_map(self.words)
        return f"{self.event_ticker}-{suffix}" if suffix else self.event_ticker

    def text(self, template: str) -> str:
        """Fill a template with the claim's values."""
        return template.format_map(self.words)


@dataclass(slots=True)
class PolymarketDraft:
    """A market as Gamma will tell it. `pays[i]` is what outcome i pays on."""

    form: PolymarketForm
    words: Mapping[str, object]
    labels: tuple[str, str]
    pays: tuple[Paid, Paid]
    end_s: int
    start_s: int | None

    @property
    def event_slug(self) -> str:
        """Return the slug of its event, which tells events apart."""
        return self.text(self.form.event)

    def text(self, template: str) -> str:
        """Fill a template with the claim's values."""
        return template.format_map(self.words)


@dataclass(slots=True)
class Scene:
    """Some markets of both venues that belong together, by their place in it."""

    kalshi: list[KalshiDraft] = field(default_factory=list)
    polymarket: list[PolymarketDraft] = field(default_factory=list)
    # Places on Kalshi and on Polymarket that look alike and are not, with the kind of difference.
    near: list[tuple[int, int, str]] = field(default_factory=list)

    def pairs(self) -> list[tuple[int, int, int]]:
        """Return places on both venues and the index of the outcome that pays with Kalshi YES."""
        return [
            (one, other, index)
            for one, ours in enumerate(self.kalshi)
            for other, theirs in enumerate(self.polymarket)
            for index, paid in enumerate(theirs.pays)
            if paid == ours.claim
        ]


def kalshi_draft(form: KalshiForm, claim: Claim) -> KalshiDraft:
    """Return Kalshi's market of a claim."""
    values = dict(claim.values)
    words, start_s, end_s = _words(values)
    # Sports stay open for two weeks, in case they are put off.
    close_s = end_s - 60 if start_s is None else start_s + 14 * 86_400
    return KalshiDraft(form, claim, words, close_s, start_s)


def polymarket_draft(
    form: PolymarketForm, claim: Claim, *, is_swapped: bool = False, is_flipped: bool = False
) -> PolymarketDraft:
    """Return Polymarket's market of a claim.

    `is_swapped` names the other side first in all texts, `is_flipped` turns the outcomes round.
    """
    values = dict(claim.values)
    words, start_s, end_s = _words(values)
    if "a" in words:
        x, y = (words["b"], words["a"]) if is_swapped else (words["a"], words["b"])
        words = {**words, "x": x, "y": y}
        if form.second == "other" and "side" not in values:
            raise ValueError(f"{claim.kind} has no side")
        if form.second == "other" and is_swapped and form.labels[0].startswith("{x"):
            claim = Claim.of(claim.kind, **{**values, "side": x})
    pays: tuple[Paid, Paid] = (claim, _second(form, claim))
    labels = (form.labels[0].format_map(words), form.labels[1].format_map(words))
    if is_flipped:
        labels, pays = (labels[1], labels[0]), (pays[1], pays[0])
    if start_s is None:
        # The last day that counts, at midnight of Greenwich: a date, and no hour of trading.
        end_s = (end_s - DAY_S) // DAY_S * DAY_S
    return PolymarketDraft(form, words, labels, pays, end_s, start_s)


def price_e4(paid: Paid) -> int:
    """Return a price of about what a market pays on, the same wherever it is asked.

    Both sides of a contest, and a claim and its contrary, make one dollar together.
    """
    if isinstance(paid, Not):
        return ONE_E4 - price_e4(paid.claim)
    values = dict(paid.values)
    side = values.pop("side", None)
    plain = crc32(repr((paid.kind, sorted(values.items()))).encode())
    price = 100 * (5 + plain % 91)
    return ONE_E4 - price if side is not None and side == values.get("b") else price


def _second(form: PolymarketForm, claim: Claim) -> Paid:
    if form.second == "not":
        return Not(claim)
    values = dict(claim.values)
    other = values["b"] if values["side"] == values["a"] else values["a"]
    return Claim.of(claim.kind, **{**values, "side": other})


def _words(values: dict[str, object]) -> tuple[dict[str, object], int | None, int]:
    words = dict(values)
    if "side" in values:
        words["other"] = values["b"] if values["side"] == values["a"] else values["a"]
    start, by = values.get("start"), values.get("by")
    start_s = start if isinstance(start, int) else None
    if start_s is not None:
        words |= moments("start", start_s)
    if isinstance(by, int):
        words |= moments("by", by)
    end_s = by if isinstance(by, int) else start_s
    assert end_s is not None, "every claim has an end"
    return words, start_s, end_s
