"""Executions of an earlier process that are found together: the one left what the other carries."""

import msgspec
import pytest

from tests.support.core import Rig, fires
from twoleg.core.events import AnswerStatus, ExecutionFound, LegAnswer
from twoleg.core.market import Direction
from twoleg.core.units import LOT_E6

ONE = 100 * LOT_E6
HELD_E6 = 20 * ONE
DUST_E6 = 7_000


def filled(size_e6: int) -> LegAnswer:
    return LegAnswer(status=AnswerStatus.FILLED, filled_e6=size_e6, notional_micros=9 * ONE)


@pytest.mark.parametrize(("own_e6", "sent_e6"), [(16_165_000, 16_170_000), (16_158_000, 0)])
def test_dust_of_one_found_closed_is_carried_by_the_next(own_e6: int, sent_e6: int) -> None:
    """Both are found at the start as the first one's fills are not final: neither is held yet."""
    (found,) = fires(Rig().quote())
    first, second = found.orders
    spec = msgspec.structs.replace(second, execution_no=2)
    rig = Rig()
    closed = ((first, filled(HELD_E6)), (second, filled(HELD_E6 + DUST_E6)))
    rig.send(ExecutionFound(1, rig.pair, Direction.KALSHI_YES, closed, was_closed=True))
    kalshi_e6 = 0 if sent_e6 else 16_170_000
    legs = ((msgspec.structs.replace(first, execution_no=2), filled(kalshi_e6)),)
    rig.quote()
    rig.seen.clear()
    rig.send(
        ExecutionFound(
            2, rig.pair, Direction.KALSHI_YES, (*legs, (spec, filled(own_e6))), was_closed=False
        )
    )
    # Alone it would need 16.16 contracts more, or none; with the dust it is a lot more, or none.
    sent = [order.size_e6 for fired in fires(rig.seen) for order in fired.orders]
    assert sent == ([sent_e6] if sent_e6 else [])
