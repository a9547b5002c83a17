"""How markets ended, and how the pairs of them settled."""

import msgspec

from twoleg.core.market import MarketId, Polarity
from twoleg.seams import Clock
from twoleg.storage.database import Connection, translate_errors
from twoleg.storage.projection import to_time
from twoleg.storage.queries import query


class Unsettled(msgspec.Struct, frozen=True, kw_only=True):
    """A pair of the matcher whose markets may both have ended.

    `…_payouts` are as `core.ends` writes them, empty where the end is not known. `yes_token` is the
    Polymarket token that pays when Kalshi's YES does. The texts are strangers'.
    """

    pair_id: str
    kalshi: MarketId
    polymarket: MarketId
    polarity: Polarity
    family: str
    yes_token: str
    no_token: str
    kalshi_payouts: str
    polymarket_payouts: str
    kalshi_title: str
    kalshi_rules: str
    polymarket_title: str
    polymarket_rules: str


class SettlementStore:
    """Ends and settlements of one mode; errors are StorageError, DatabaseUnavailable."""

    def __init__(self, connection: Connection, mode: str, clock: Clock) -> None:
        self._connection = connection
        self._mode = mode
        self._clock = clock

    async def unsettled(self, count_max: int) -> list[Unsettled]:
        """Some pairs that may have ended, those first of which both ends are known."""
        now = to_time(self._clock.wall_ns())
        with translate_errors():
            rows = await self._connection.fetch(
                query("list_unsettled_pairs"), self._mode, now, count_max
            )
        return [msgspec.convert(dict(row), Unsettled) for row in rows]

    async def put_end(self, market_id: MarketId, payouts: str) -> None:
        """Keep how a market ended, as `core.ends` writes it."""
        now = to_time(self._clock.wall_ns())
        with translate_errors():
            await self._connection.execute(query("end_market"), self._mode, market_id, payouts, now)

    async def put(
        self, pair: Unsettled, kalshi_e4: int, polymarket_e4: int, *, is_agreeing: bool
    ) -> None:
        """Keep how a pair settled: what one contract of YES paid on each venue. Once for each."""
        now = to_time(self._clock.wall_ns())
        paid = (is_agreeing, kalshi_e4, polymarket_e4, now)
        with translate_errors():
            await self._connection.execute(
                query("insert_family_settlement"), self._mode, pair.pair_id, pair.family, *paid
            )
