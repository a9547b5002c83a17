"""Checks over all accepted pairs at once: what is right alone may be wrong together.

A pair withdrawn here was accepted by its cards, so one of the two markets has a double, or one of
the cards is read wrongly: both are for a person.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from twoleg.matching.card import Card
from twoleg.matching.decide import Decision

Fault = tuple[Decision, str]


def checked(
    accepted: Sequence[Decision], kalshi: Iterable[Card], polymarket: Iterable[Card]
) -> tuple[list[Decision], list[Fault]]:
    """The accepted decisions that also fit together, and the others with the reason."""
    left = {card.market_id: card for card in kalshi}
    right = {card.market_id: card for card in polymarket}
    kept, faults = list(accepted), list[Fault]()
    for bad in (_one_to_one(kept), _one_event(kept, left, right), _ladders(kept, left, right)):
        faults += [(decision, bad[id(decision)]) for decision in kept if id(decision) in bad]
        kept = [decision for decision in kept if id(decision) not in bad]
    return kept, faults


def _one_to_one(decisions: list[Decision]) -> dict[int, str]:
    """A Kalshi market has one partner; a Polymarket one has one for each of its sides."""
    ours = Counter(decision.kalshi_id for decision in decisions)
    theirs = Counter((decision.polymarket_id, decision.polarity) for decision in decisions)
    return {
        id(decision): "not one to one"
        for decision in decisions
        if ours[decision.kalshi_id] > 1 or theirs[decision.polymarket_id, decision.polarity] > 1
    }


def _one_event(
    decisions: list[Decision], left: dict[str, Card], right: dict[str, Card]
) -> dict[int, str]:
    """Siblings of one Kalshi event find siblings: a few strays among many are withdrawn."""
    groups: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    for decision in decisions:
        groups[_group(left[decision.kalshi_id])][right[decision.polymarket_id].event] += 1
    bad: dict[int, str] = {}
    for decision in decisions:
        events = groups[_group(left[decision.kalshi_id])]
        event = right[decision.polymarket_id].event
        if not event or "" in events:
            continue
        if any(count > events[event] for count in events.values()):
            bad[id(decision)] = "siblings are paired with another event"
    return bad


def _group(card: Card) -> tuple[str, str, str]:
    return card.event, card.metric, card.period


def _ladders(
    decisions: list[Decision], left: dict[str, Card], right: dict[str, Card]
) -> dict[int, str]:
    """Thresholds of one ladder rise on both sides together, and polarity does not turn within."""
    groups: dict[tuple[str, str, str, str], list[Decision]] = defaultdict(list)
    for decision in decisions:
        one, other = left[decision.kalshi_id], right[decision.polymarket_id]
        if one.line is not None and other.line is not None:
            groups[one.event, other.event, one.metric, one.subject].append(decision)
    bad: dict[int, str] = {}
    for group in groups.values():
        ours = [left[decision.kalshi_id].line for decision in group]
        theirs = [right[decision.polymarket_id].line for decision in group]
        lines = [(a.low_e6, b.low_e6) for a, b in zip(ours, theirs, strict=True) if a and b]
        rises = all((a[0] < b[0]) == (a[1] < b[1]) for a in lines for b in lines)
        # By what the outcome is called: the order in which a market lists them says nothing.
        paid = {right[decision.polymarket_id].pays[decision.yes_index] for decision in group}
        if not rises or len(paid) > 1:
            bad |= {id(decision): "ladder does not rise on both sides" for decision in group}
    return bad
