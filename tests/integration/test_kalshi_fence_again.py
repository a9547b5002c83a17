"""A process that ended between a fence and its journalled answer: the next one fences again."""

import pytest

from tests.integration.test_kalshi_simulator import client, ref
from twoleg.core.events import AnswerStatus
from twoleg.core.orders import OrderRef

S = AnswerStatus
# An offer at the grid's lowest price is all that a fence can take.
GIVEN_AWAY_E4 = 100


@pytest.mark.parametrize("offer_e4", [5_200, GIVEN_AWAY_E4])
async def test_second_fence_finds_what_the_first_one_did(offer_e4: int) -> None:
    async with client() as kalshi:
        await kalshi.sim.rest("ask", offer_e4, 20)
        sent: OrderRef = ref(await kalshi.prepare())
        first = await kalshi.orders.look_up(sent)
        again = await kalshi.orders.look_up(sent)
        filled_e6 = 10_000 if offer_e4 == GIVEN_AWAY_E4 else 0
        assert (first.status, first.filled_e6) == (S.PARTIAL if filled_e6 else S.MISSED, filled_e6)
        assert (again.status, again.filled_e6) == (first.status, first.filled_e6)
        held = await kalshi.account.read_positions([sent.spec.market])
        assert sum(yes_e6 for _, yes_e6, _ in held) == filled_e6


async def test_order_that_filled_stands_whatever_number_of_fences_follow() -> None:
    async with client() as kalshi:
        await kalshi.sim.rest("ask", 5_200, 20)
        prepared = await kalshi.prepare()
        await kalshi.orders.send(prepared)
        for _ in range(3):
            answer = await kalshi.orders.look_up(ref(prepared))
            assert (answer.status, answer.filled_e6) == (S.FILLED, 10_000_000)
        ((_, yes_e6, _),) = await kalshi.account.read_positions([prepared.spec.market])
        assert yes_e6 == 10_000_000
