"""The life of a pair: which state may follow which. Pure, and the only place that says so."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from twoleg.core.market import PairState
from twoleg.errors import IllegalTransition

TRANSITIONS: Final[Mapping[PairState, frozenset[PairState]]] = MappingProxyType(
    {
        # Armed at once where the policy says so; disarmed where it no longer meets the criteria.
        PairState.CANDIDATE: frozenset(
            {PairState.APPROVED, PairState.ARMED, PairState.DISARMED, PairState.RETIRED}
        ),
        PairState.APPROVED: frozenset({PairState.ARMED, PairState.DISARMED, PairState.RETIRED}),
        PairState.ARMED: frozenset({PairState.DISARMED, PairState.RETIRED}),
        # A candidate again once it meets the criteria again: an approval does not come back.
        PairState.DISARMED: frozenset(
            {PairState.CANDIDATE, PairState.APPROVED, PairState.ARMED, PairState.RETIRED}
        ),
        # Settled, or rejected by a person: the end.
        PairState.RETIRED: frozenset(),
    }
)


def can_move(state: PairState, wanted: PairState) -> bool:
    """Whether a pair in `state` may become `wanted`; staying where it is is no move."""
    return wanted in TRANSITIONS[state]


def move(state: PairState, wanted: PairState) -> PairState:
    """`wanted`, if it may follow `state`; raises IllegalTransition if not."""
    if not can_move(state, wanted):
        raise IllegalTransition("pair", state.value, wanted.value)
    return wanted
