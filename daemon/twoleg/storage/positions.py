"""What is held on both venues, as the record tells it."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from twoleg.core.market import MarketId, PairId, PairState, Polarity, Venue
from twoleg.storage.database import Connection, translate_errors
from twoleg.storage.queries import query


class HeldMarket(msgspec.Struct, frozen=True, kw_only=True):
    """A holding of the arbitrage in one market.

    `spent_micros` is what its purchases cost, fees with them, less what sales brought; `payouts` is
    how it ended (as `core.ends` writes it), empty until then. The title is a stranger's text.
    """

    market_id: MarketId
    venue: Venue
    yes_e6: int
    no_e6: int
    spent_micros: int
    title: str = ""
    yes_token: str = ""
    no_token: str = ""
    close_time: datetime | None = None
    payouts: str = ""


class PairOfMarkets(msgspec.Struct, frozen=True, kw_only=True):
    """Which two markets are a pair."""

    pair_id: PairId
    kalshi: MarketId
    polymarket: MarketId
    polarity: Polarity
    state: PairState


async def read_positions(connection: Connection, mode: str) -> list[HeldMarket]:
    """All holdings of a mode. Raises StorageError, DatabaseUnavailable."""
    with translate_errors():
        rows = await connection.fetch(query("list_positions"), mode)
    return [msgspec.convert(dict(row), HeldMarket) for row in rows]


async def read_pairs_of(
    connection: Connection, mode: str, market_ids: Iterable[MarketId]
) -> list[PairOfMarkets]:
    """The pairs that markets belong to, in any state. Raises as `read_positions`."""
    with translate_errors():
        rows = await connection.fetch(query("list_pairs_of_markets"), mode, list(market_ids))
    return [msgspec.convert(dict(row), PairOfMarkets) for row in rows]
