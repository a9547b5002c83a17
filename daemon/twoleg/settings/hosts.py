"""The venues' own addresses, by environment.

Kalshi: docs.kalshi.com, API environments, read 2026-11-22; each environment has two front doors,
which take the same keys and can fail one by one. Polymarket: docs.polymarket.com, getting started
and geoblock, read 2026-11-22.
"""

from collections.abc import Mapping
from typing import Final

from twoleg.settings.words import Environment

KALSHI: Final[Mapping[Environment, Mapping[str, str]]] = {
    Environment.PRODUCTION: {
        "rest_url": "https://external-api.kalshi.com/trade-api/v2",
        "rest_url_2": "https://api.elections.kalshi.com/trade-api/v2",
        "ws_url": "wss://external-api-ws.kalshi.com/trade-api/ws/v2",
        "ws_url_2": "wss://api.elections.kalshi.com/trade-api/ws/v2",
    },
    Environment.DEMO: {
        "rest_url": "https://external-api.demo.kalshi.co/trade-api/v2",
        "rest_url_2": "https://demo-api.kalshi.co/trade-api/v2",
        "ws_url": "wss://external-api-ws.demo.kalshi.co/trade-api/ws/v2",
        "ws_url_2": "wss://demo-api.kalshi.co/trade-api/ws/v2",
    },
}
POLYMARKET: Final[Mapping[Environment, Mapping[str, str]]] = {
    # Polymarket has no test venue: in the demo environment it is simulated.
    Environment.PRODUCTION: {
        "clob_url": "https://clob.polymarket.com",
        "gamma_url": "https://gamma-api.polymarket.com",
        "data_url": "https://data-api.polymarket.com",
        "ws_market_url": "wss://ws-subscriptions-clob.polymarket.com/ws/market",
        "ws_user_url": "wss://ws-subscriptions-clob.polymarket.com/ws/user",
        "geoblock_url": "https://polymarket.com/api/geoblock",
    },
}
URL_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "kalshi": tuple(KALSHI[Environment.PRODUCTION]),
    "polymarket": tuple(POLYMARKET[Environment.PRODUCTION]),
}


def hosts(venue: str, environment: Environment) -> Mapping[str, str]:
    """URLs of one venue by key; none where the venue is simulated."""
    return {"kalshi": KALSHI, "polymarket": POLYMARKET}[venue].get(environment, {})
