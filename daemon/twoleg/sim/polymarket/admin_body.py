"""Read the bodies of Polymarket's admin calls; ValueError says what is wrong with one."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twoleg.sim.polymarket.venue import PolymarketSim

Body = Mapping[str, object]


def market_of(sim: "PolymarketSim", body: Body) -> str:
    """Return the field `market`, the condition id of a known market."""
    market = body.get("market")
    if not isinstance(market, str) or market not in sim.markets:
        raise ValueError(f"no market {market!r}")
    return market


def whole_of(body: Body, name: str, default: int | None = None) -> int:
    """Return a whole number, 0 or more; without a default it must be there."""
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError(f"{name} must be a whole number, 0 or more")
    return value


def text_of(body: Body, name: str, default: str | None = None) -> str:
    """Return a text; without a default it must be there."""
    value = body.get(name, default)
    if not isinstance(value, str):
        raise ValueError(f"{name} must be a string")  # noqa: TRY004 - answered as 400
    return value


def flag_of(body: Body, name: str, *, default: bool = False) -> bool:
    """Return a truth value."""
    value = body.get(name, default)
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be true or false")  # noqa: TRY004 - answered as 400
    return value
