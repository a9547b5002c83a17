"""Small facts about a market that discovery, channels and the Data API all tell.

Fee schedules: docs.polymarket.com trading/fees, read 2026-11-22.
"""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from twoleg.sim.polymarket.state import Market
from twoleg.sim.polymarket.wire import number
from twoleg.sim.world import PolymarketMarket

# When every market of the world was created: 2026-01-01T00:00:00Z.
START_TS_S: Final = 1_767_225_600
REBATE_RATES_E4: Final = {"Crypto": 2_000, "Sports": 1_500}
REBATE_RATE_E4: Final = 2_500
# Shown as base fee of markets with fees: a cap in basis points, not the fee.
FEE_CAP_BPS: Final = 1_000


def fee_schedule(spec: PolymarketMarket) -> dict[str, object] | None:
    """Return Gamma's feeSchedule, or None for a market without fees."""
    if not spec.fee_rate_e4:
        return None
    return {
        "rate": number(spec.fee_rate_e4, 4),
        "exponent": spec.fee_exponent,
        "takerOnly": True,
        "rebateRate": number(REBATE_RATES_E4.get(spec.category, REBATE_RATE_E4), 4),
    }


def fee_cap_bps(market: Market) -> int:
    """Return the base fee that public endpoints tell."""
    return FEE_CAP_BPS if market.spec.fee_rate_e4 else 0


def event_id(market: Market) -> str:
    """Return Gamma's id of the event that a market belongs to."""
    return str(10_000 + market.rank) if market.spec.event is None else market.spec.event.event_id


def tags_of(market: Market) -> tuple[tuple[str, str, str], ...]:
    """Return (id, label, slug) of a market's tags; without an event, its category alone."""
    spec = market.spec
    if spec.event is not None and spec.event.tags:
        return spec.event.tags
    number = sum(spec.category.encode()) % 900 + 100
    return ((str(number), spec.category, spec.category.lower()),)


@lru_cache(maxsize=4_096)
def rfc3339(ts_s: int) -> str:
    """Return a wall second as the venue writes dates."""
    return datetime.fromtimestamp(ts_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
