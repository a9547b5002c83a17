"""A holding that is told while something else is open: a pair joins beside it."""

from tests.support.core import Rig, fires, kalshi_market, make_pair
from twoleg.core.events import MarketChanged, PairsChanged, PositionReported
from twoleg.core.market import MarketId, PairId

OTHER = MarketId("kalshi:KXB")


def test_holding_of_another_market_leaves_what_is_open_to_be_counted() -> None:
    rig = Rig()
    (shot,) = fires(rig.quote())
    first, second = shot.orders
    rig.fill(first)
    late = make_pair(pair_id=PairId("pair-b"), kalshi=OTHER, polymarket=MarketId("polymarket:0xb"))
    rig.send(MarketChanged(kalshi_market(OTHER)))
    rig.send(PairsChanged((rig.pair, late)))
    rig.send(PositionReported(OTHER, 0, 0))
    rig.fill(second)
    assert rig.engine.open_executions == 0
    assert rig.executions.holdings.held_e6(rig.pair.id) == first.size_e6
    assert rig.engine.carry_e6(rig.pair.id) == 0
