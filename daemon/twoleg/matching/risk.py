"""What is left at risk when two cards agree: tails that the venues settle apart, and a grade.

A pair holds one side on each venue and pays a dollar when both settle by the same fact. Where the
fact fails (a tie, a cancelled game) each pays by its own rule: the sum may be less.
"""

import enum
from collections.abc import Iterable

import msgspec

from twoleg.matching.card import CONTESTS, Card, Facet, Family, Verdict
from twoleg.matching.decide import Decision
from twoleg.matching.families.rules import FAIR, HALF, NO, OPEN, REFUND, TAILS, YES

PAYOUT_E4 = 10_000
"""What a pair pays when both venues agree: one dollar in ten-thousandths."""

_RESULT_TAILS = ("tie", "cancel", "postpone", "void")
"""Tails that any contest may come to, told or not."""

_JUDGED = frozenset({Family.CLAIM, Family.PRICE, Family.WEATHER})
"""Families that settle by the wording or by a measure of each venue's own."""


class Grade(enum.Enum):
    """How safely the two venues settle by the same fact.

    A: an official result that both take. B: they may settle by it at different times, or one's date
    or tail rule may cut it off. C: each settles by its own source or reading.
    """

    OBJECTIVE = "A"
    TIMING = "B"
    BASIS = "C"


class Tail(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One tail: what either rule text says ("" for nothing) and the least the pair then pays.

    `worst_payout_e4` is the sum of both legs in ten-thousandths of a dollar, over both directions
    the pair may be held in and over every price an unsaid or fair-price rule may pay.
    """

    name: str
    kalshi: str
    polymarket: str
    worst_payout_e4: int


def tails(kalshi: Card, polymarket: Card, decision: Decision) -> tuple[Tail, ...]:
    """The tails of an accepted pair that its texts name, and those its family may come to.

    A tail that may occur and of which a text says nothing counts at its worst.
    """
    expected = _RESULT_TAILS if kalshi.family in CONTESTS | {Family.GOLF} else ()
    found: list[Tail] = []
    for name in TAILS:
        left, right = _endings(kalshi, name), _endings(polymarket, name)
        if left is None and right is None and name not in expected:
            continue
        worst = PAYOUT_E4 - _gap_e4(_values(left), _values(right, _turned(polymarket, decision)))
        found.append(Tail(name, ", ".join(left or ()), ", ".join(right or ()), worst))
    return tuple(found)


def grade(kalshi: Card, polymarket: Card, decision: Decision) -> Grade:
    """The grade of a pair; one that is not accepted has the worst."""
    facets = {facet.name: facet for facet in decision.facets}
    if not decision.is_accepted or kalshi.family in _JUDGED or polymarket.family in _JUDGED:
        return Grade.BASIS
    if _differs(facets.get("source")):
        return Grade.BASIS
    is_dated = bool(kalshi.deadlines or polymarket.deadlines or "end" in facets)
    is_moved = any(
        tail.worst_payout_e4 < PAYOUT_E4
        for tail in tails(kalshi, polymarket, decision)
        if tail.name == "postpone"
    )
    return Grade.TIMING if is_dated or is_moved else Grade.OBJECTIVE


def _differs(facet: Facet | None) -> bool:
    return facet is not None and facet.verdict is Verdict.DIFFERENT


def _endings(card: Card, name: str) -> tuple[str, ...] | None:
    """How a card's texts end a tail; () if they only name it, None if they do not."""
    named = [tail for tail in card.tails if tail.partition(": ")[0] == name]
    if not named:
        return None
    return tuple(ending for tail in named if (ending := tail.partition(": ")[2]))


def _turned(polymarket: Card, decision: Decision) -> bool:
    """Whether Kalshi's YES is paid with the outcome labelled "No"."""
    index = decision.yes_index
    return 0 <= index < len(polymarket.labels) and polymarket.labels[index].casefold() == "no"


def _values(endings: Iterable[str] | None, turned: bool = False) -> frozenset[str]:  # noqa: FBT001, FBT002
    """What Kalshi's side of the claim may be paid: "0", "half", "1", "any" or "result"."""
    swap = {"0": "1", "1": "0"} if turned else {}
    kinds = {HALF: "half", FAIR: "any", OPEN: "result", NO: "0", YES: "1", REFUND: "any"}
    found = {kinds[ending] for ending in endings or ()}
    return frozenset(swap.get(value, value) for value in found) or frozenset({"any"})


def _gap_e4(left: frozenset[str], right: frozenset[str]) -> int:
    """How far the two payouts of one claim may lie apart."""
    if left | right == frozenset({"result"}):
        return 0  # Both wait for the one result.
    ends = {"0": (0, 0), "half": (5_000, 5_000), "1": (10_000, 10_000)}
    whole = (0, 10_000)
    gaps = [
        max(one[1] - other[0], other[1] - one[0])
        for one in (ends.get(value, whole) for value in left)
        for other in (ends.get(value, whole) for value in right)
    ]
    return max(gaps)
