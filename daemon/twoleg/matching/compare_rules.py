"""Two rule texts compared: deadlines, windows, scope, inclusiveness, sources and tails.

Titles that agree may be settled by rules that do not. What rules both say and say differently
rejects (another deadline, another scope) or is told by name and keeps the pair from going without
a person (another source, another hour, another first day).
"""

from datetime import timedelta

import msgspec

from twoleg.matching.card import CONTESTS, Card, Facet, Verdict, compare, judged
from twoleg.matching.lines import turns_on_the_line

_HOUR = timedelta(hours=1)
_DEADLINE = timedelta(days=2)
"""Slack of deadlines, as for titles: further apart, one side may see what the other does not."""

NEEDS_A_PERSON = frozenset({"source", "deadline", "rules deadline", "window"})
"""Facets that reject nothing; but a pair that differs in one is for a person in any family."""


def rule_facets(kalshi: Card, polymarket: Card) -> tuple[Facet, ...]:
    """What the rule texts add to the facets of the titles."""
    return (
        _deadline(kalshi, polymarket),
        _scope(kalshi, polymarket),
        _shared("observation time", kalshi.observed, polymarket.observed),
        _window(kalshi, polymarket),
        _soft(_shared("source", kalshi.sources, polymarket.sources)),
        _told("tails", kalshi.tails, polymarket.tails),
    )


def needs_a_person(facets: tuple[Facet, ...]) -> str:
    """The first facet that differs without rejecting, as a reason; "" if there is none."""
    return next(
        (
            facet.text()
            for facet in facets
            if facet.name in NEEDS_A_PERSON and facet.verdict is Verdict.DIFFERENT
        ),
        "",
    )


def is_inclusive_apart(kalshi: Card, polymarket: Card) -> bool:
    """Whether one venue counts a figure on the line and the other does not, by title or rules."""
    ours = (*((kalshi.line,) if kalshi.line else ()), *kalshi.rule_lines)
    theirs = (*((polymarket.line,) if polymarket.line else ()), *polymarket.rule_lines)
    return any(turns_on_the_line(one, other) for one in ours for other in theirs)


def _deadline(kalshi: Card, polymarket: Card) -> Facet:
    left, right = kalshi.limits, polymarket.limits
    texts = [", ".join(f"{t:%Y-%m-%d %H:%M} UTC" for t in limits) for limits in (left, right)]
    if not left or not right:
        return _soft(compare("rules deadline", *texts))
    pairs = zip(left, right, strict=True) if len(left) == len(right) else [(left[-1], right[-1])]
    apart = max(abs(one - other) for one, other in pairs)
    facet = judged("rules deadline", apart <= _HOUR, *texts)
    return facet if apart > _DEADLINE else _soft(facet)


def _shared(name: str, left: tuple[str, ...], right: tuple[str, ...]) -> Facet:
    """What both rules say must be one thing at least; what one says alone is told."""
    texts = ", ".join(left), ", ".join(right)
    if not left or not right:
        return _soft(compare(name, *texts))
    return judged(name, bool(set(left) & set(right)), *texts)


def _scope(kalshi: Card, polymarket: Card) -> Facet:
    """Overtime counted or not; who says nothing follows the custom of the sport."""
    custom = ("regulation only",) if kalshi.sport == "soccer" else ("with overtime",)
    left, right = kalshi.scope, polymarket.scope
    if kalshi.family not in CONTESTS or kalshi.period != "match" or not (left or right):
        return _shared("scope", left, right)
    return _shared("scope", left or custom, right or custom)


def _window(kalshi: Card, polymarket: Card) -> Facet:
    left, right = kalshi.since, polymarket.since
    texts = [", ".join(day.isoformat() for day in days) for days in (left, right)]
    if not left or not right:
        return _soft(compare("window", *texts))
    return _soft(judged("window", abs(left[0] - right[0]) <= _DEADLINE, *texts))


def _told(name: str, left: tuple[str, ...], right: tuple[str, ...]) -> Facet:
    return _soft(compare(name, ", ".join(left), ", ".join(right)))


def _soft(facet: Facet) -> Facet:
    return msgspec.structs.replace(facet, hard=False)
