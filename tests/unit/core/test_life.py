"""The life of a pair: every state against every wanted one."""

import pytest

from twoleg.core.life import TRANSITIONS, can_move, move
from twoleg.core.market import PairState as S
from twoleg.errors import IllegalTransition

ALLOWED = {
    (S.CANDIDATE, S.APPROVED), (S.CANDIDATE, S.ARMED), (S.CANDIDATE, S.DISARMED),
    (S.CANDIDATE, S.RETIRED), (S.APPROVED, S.ARMED), (S.APPROVED, S.DISARMED),
    (S.APPROVED, S.RETIRED), (S.ARMED, S.DISARMED), (S.ARMED, S.RETIRED),
    (S.DISARMED, S.CANDIDATE), (S.DISARMED, S.APPROVED), (S.DISARMED, S.ARMED),
    (S.DISARMED, S.RETIRED),
}  # fmt: skip


@pytest.mark.parametrize("wanted", S)
@pytest.mark.parametrize("state", S)
def test_a_pair_moves_only_where_the_table_says(state: S, wanted: S) -> None:
    is_allowed = (state, wanted) in ALLOWED
    assert can_move(state, wanted) is is_allowed
    if is_allowed:
        assert move(state, wanted) is wanted
    else:
        with pytest.raises(IllegalTransition, match=f"no row for {wanted.value} in {state.value}"):
            move(state, wanted)


def test_every_state_has_its_row_and_one_is_the_end() -> None:
    assert set(TRANSITIONS) == set(S)
    assert [state for state, next_ones in TRANSITIONS.items() if not next_ones] == [S.RETIRED]
