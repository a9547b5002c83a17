"""Admin calls that set scenes on the public side: markets, games, the probe, odd frames.

    POST /_sim/polymarket/market    {"question", "outcomes"?: [a, b], "category"?, "tick_e4"?,
                                    "fee_rate_e4"?, "neg_risk"?, "position"?, "ready_after_ms"?}:
                                    create a market; discovery and new_market tell it at once, the
                                    CLOB lists it, without orders, after that time
    POST /_sim/polymarket/game      {"market", "start_in_s"}: set gameStartTime; the book is cleared
                                    then
    POST /_sim/polymarket/geoblock  {"blocked", "country"?, "region"?}: what the probe answers
    POST /_sim/polymarket/event     {"channel": "market" or "user", "event" or "text"}: send it to
                                    every subscriber, however odd
All answer 400 with an error text when a field is wrong.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from twoleg.sim.polymarket.admin_body import Body, flag_of, market_of, text_of, whole_of
from twoleg.sim.polymarket.extras import POLITICS_RATE_E4, MarketTerms, make_market
from twoleg.sim.polymarket.wire import NS_PER_S, compact

if TYPE_CHECKING:
    from twoleg.sim.polymarket.venue import PolymarketSim

TICKS_E4: Final = (1_000, 100, 50, 25, 10, 1)


def _create(sim: "PolymarketSim", body: Body) -> object:
    tick_e4 = whole_of(body, "tick_e4", 100)
    if tick_e4 not in TICKS_E4:
        raise ValueError(f"tick_e4 must be one of {TICKS_E4}")
    outcomes = body.get("outcomes", ["Yes", "No"])
    if not isinstance(outcomes, list) or len(outcomes) != 2:
        raise ValueError("outcomes must be a list of two")
    terms = MarketTerms(
        question=text_of(body, "question"),
        category=text_of(body, "category", "Politics"),
        outcomes=(str(outcomes[0]), str(outcomes[1])),
        tick_e4=tick_e4,
        fee_rate_e4=whole_of(body, "fee_rate_e4", POLITICS_RATE_E4),
        is_neg_risk=flag_of(body, "neg_risk"),
        is_position=flag_of(body, "position"),
    )
    spec = make_market(f"{sim.world.seed}:created:{terms.question}", terms)
    ready_after_ms = whole_of(body, "ready_after_ms", 0)
    market = sim.lifecycle.create(spec, ready_after_ms=ready_after_ms)
    return sim.describe(market.condition_id)


def _set_game(sim: "PolymarketSim", body: Body) -> object:
    market = sim.markets[market_of(sim, body)]
    now_s = sim.clock.now_ns() // NS_PER_S
    sim.lifecycle.schedule_game(market, now_s + whole_of(body, "start_in_s"))
    return sim.describe(market.condition_id)


def _set_geoblock(sim: "PolymarketSim", body: Body) -> object:
    sim.geo.is_blocked = flag_of(body, "blocked")
    sim.geo.country = text_of(body, "country", sim.geo.country)
    sim.geo.region = text_of(body, "region", sim.geo.region)
    return sim.geo.to_json("")


def _send_event(sim: "PolymarketSim", body: Body) -> object:
    channel = text_of(body, "channel")
    if channel not in ("market", "user") or ("event" in body) == ("text" in body):
        raise ValueError('channel must be "market" or "user", with either event or text')
    text = text_of(body, "text") if "text" in body else compact(body["event"])
    if channel == "market":
        sim.market_channel.broadcast(text)
    else:
        sim.user_channel.broadcast(text)
    return {"sent": text}


# The calls by the last part of their path.
MARKET_ACTS: Final[Mapping[str, Callable[["PolymarketSim", Body], object]]] = {
    "market": _create,
    "game": _set_game,
    "geoblock": _set_geoblock,
    "event": _send_event,
}
