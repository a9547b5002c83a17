"""What a matching changes in the pairs on record: a pure function from both to a list of steps."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from twoleg.catalogue.finding import Couple, Found
from twoleg.catalogue.judging import Judged
from twoleg.catalogue.policy import arms
from twoleg.core.market import Origin, PairState
from twoleg.settings import Mode, PairingPolicy
from twoleg.storage.pair_rows import MATCHER, POLICY, PairRow, Step

STALE: Final = "stale"
GONE: Final = "gone"
RULES_CHANGED: Final = "rules_changed"
TOKEN_CHANGED: Final = "token_changed"  # noqa: S105 - a word for people, and no secret
DECLARED: Final = "declared"
REVIVED: Final = frozenset({STALE, GONE, DECLARED, "close_changed", "shard_changed"})
"""Reasons of disarming that end when the pair agrees anew. After any other one (changed rules,
prices against the polarity, a person's word) only a person brings a pair back."""
_KNOWN_TO_MATCHER: Final = (
    "polarity", "kalshi_fingerprint", "polymarket_fingerprint", "similarity_e4", "klass", "family",
    "reason", "facets", "yes_token", "no_token", "yes_label", "no_label", "risk_grade",
    "edge_micros_min", "tails",
)  # fmt: skip
_BOUND: Final = ("polarity", "yes_token", "no_token", "yes_label", "no_label")
"""What an approval binds beside the fingerprints."""


@dataclass(slots=True)
class Plan:
    """What is to be written: new pairs, changed ones, moves, and those that simply still hold."""

    created: list[PairRow] = field(default_factory=list[PairRow])
    updated: list[PairRow] = field(default_factory=list[PairRow])
    steps: list[Step] = field(default_factory=list[Step])
    held: list[str] = field(default_factory=list[str])


@dataclass(frozen=True, slots=True)
class Terms:
    """By what pairs are planned; `declared` are the couples of the pairs file, which win."""

    mode: Mode
    policy: PairingPolicy
    edge_micros_min: int
    declared: Collection[Couple] = frozenset()


def plan(rows: Iterable[PairRow], found: Found, terms: Terms) -> Plan:
    """Hold what was found against the rows of the matcher; nothing to do makes an empty plan."""
    made = Plan()
    known = {couple_of(row): row for row in rows if row.origin is Origin.MATCHER}
    for row in known.values():
        if row.state is not PairState.RETIRED:
            _plan_known(made, row, found, terms)
    for couple, judged in found.accepted.items():
        if couple not in known and couple not in terms.declared:
            fresh = _row(judged, found, couple, terms)
            made.created.append(fresh)
            _arm(made, fresh, terms)
    return made


def couple_of(row: PairRow) -> Couple:
    """The couple of a row by the venues' own ids."""
    return row.ticker, row.condition_id


def _plan_known(made: Plan, row: PairRow, found: Found, terms: Terms) -> None:
    couple = couple_of(row)
    judged = found.accepted.get(couple) or found.refused.get(couple)
    if couple in terms.declared:
        _disarm(made, row, DECLARED, "the pairs file declares the same two markets")
        return
    if judged is None:
        _disarm(made, row, GONE, "a market is no longer open")
        return
    fresh = _row(judged, found, couple, terms, before=row)
    if couple not in found.accepted and not _is_overridden(row, fresh):
        _disarm(made, row, STALE, judged.reason)
        return
    is_changed = any(getattr(row, name) != getattr(fresh, name) for name in _KNOWN_TO_MATCHER)
    if is_changed:
        made.updated.append(fresh)
    else:
        made.held.append(row.pair_id)
    if row.state in {PairState.APPROVED, PairState.ARMED}:
        _hold_bound(made, row, fresh, terms)
    elif row.state is PairState.CANDIDATE or row.state_reason in REVIVED:
        is_armed = _arm(made, fresh, terms)
        if not is_armed and row.state is PairState.DISARMED:
            made.steps.append(Step(row.pair_id, PairState.CANDIDATE, MATCHER, "agrees again"))


def _row(
    judged: Judged, found: Found, couple: Couple, terms: Terms, *, before: PairRow | None = None
) -> PairRow:
    """The row of a couple; what only a person sets stays as it was."""
    alike = found.similarity_e4.get(couple, before.similarity_e4 if before else 0)
    fresh = judged.to_row(similarity_e4=alike, edge_micros_min=terms.edge_micros_min)
    if before is None:
        return fresh
    return msgspec.structs.replace(
        before, **{name: getattr(fresh, name) for name in _KNOWN_TO_MATCHER}
    )


def _arm(made: Plan, fresh: PairRow, terms: Terms) -> bool:
    is_armed = arms(fresh, terms.policy, terms.mode)
    if is_armed:
        made.steps.append(Step(fresh.pair_id, PairState.ARMED, POLICY, fresh.klass))
    return is_armed


def _hold_bound(made: Plan, row: PairRow, fresh: PairRow, terms: Terms) -> None:
    """Take an approval back that does not cover what the pair has become."""
    is_rewritten = (row.kalshi_fingerprint, row.polymarket_fingerprint) != (
        fresh.kalshi_fingerprint,
        fresh.polymarket_fingerprint,
    )
    if is_rewritten:
        _disarm(made, row, RULES_CHANGED, "the rules are not those that were approved")
    elif any(getattr(row, name) != getattr(fresh, name) for name in _BOUND):
        _disarm(made, row, TOKEN_CHANGED, "another token or polarity than was approved")
    elif row.approved_by in {"", POLICY}:
        if not arms(fresh, terms.policy, terms.mode):
            _disarm(made, row, STALE, f"the policy no longer arms it: {fresh.klass}")
    elif not _is_overridden(row, fresh):
        _disarm(made, row, STALE, "a difference that was not acknowledged")


def _is_overridden(row: PairRow, fresh: PairRow) -> bool:
    """Whether a person has approved the pair with all that differs now before their eyes."""
    is_approved = row.approved_by not in {"", POLICY}
    return is_approved and set(fresh.names) <= set(row.acknowledged)


def _disarm(made: Plan, row: PairRow, reason: str, why: str) -> None:
    if row.state is not PairState.DISARMED:
        step = Step(row.pair_id, PairState.DISARMED, MATCHER, reason, {"why": why})
        made.steps.append(step)


def claimed(rows: Iterable[PairRow]) -> Mapping[Couple, PairRow]:
    """The couples whose agreement must be looked at again, whether or not they are candidates."""
    return {
        couple_of(row): row
        for row in rows
        if row.origin is Origin.MATCHER and row.state is not PairState.RETIRED
    }
