"""Cash, holdings and standing of one Kalshi account."""

from collections.abc import Iterable
from typing import Final

import msgspec

from twoleg.core.events import CashReported
from twoleg.core.market import Market, MarketId, Venue
from twoleg.errors import MalformedMessage, VenueUnavailable
from twoleg.venues.kalshi.http import KalshiHttp
from twoleg.venues.kalshi.numbers import VENUE
from twoleg.venues.kalshi.options import KalshiOptions
from twoleg.venues.kalshi.rest import Balance, PositionPage, PositionRow, cash_of, positions_of

PAGE_ROWS: Final = 1_000


class ShardStatus(msgspec.Struct, frozen=True):
    """Whether one shard trades."""

    exchange_index: int
    exchange_active: bool = False
    trading_active: bool = False


class ExchangeStatus(msgspec.Struct, frozen=True):
    """Whether the exchange trades; the top level speaks for shard 0 only."""

    exchange_active: bool
    trading_active: bool
    exchange_index_statuses: list[ShardStatus] | None = None


class KalshiAccount:
    """The account port of one Kalshi account."""

    venue = Venue.KALSHI

    def __init__(self, *, http: KalshiHttp, options: KalshiOptions | None = None) -> None:
        self._http = http
        self._options = options or KalshiOptions()

    async def read_cash(self) -> CashReported:
        """Free cash per shard; raises VenueUnavailable, VenueRejected.

        The balance has a rate bucket of its own: one call a second.
        """
        balance = await self._http.get(
            "/portfolio/balance",
            Balance,
            params={"subaccount": self._options.subaccount},
            is_balance=True,
        )
        try:
            return CashReported(Venue.KALSHI, cash_of(balance))
        except MalformedMessage as error:
            raise VenueUnavailable(VENUE, "unreadable_answer", error.reason) from error

    async def read_positions(
        self, markets: Iterable[Market]
    ) -> tuple[tuple[MarketId, int, int], ...]:
        """Holdings as (market, yes_e6, 0), `yes_e6` negative for NO: Kalshi nets the two."""
        wanted = tuple(markets)
        params: dict[str, str | int] = {
            "limit": PAGE_ROWS,
            "count_filter": "position",
            "subaccount": self._options.subaccount,
        }
        rows: list[PositionRow] = []
        for _ in range(self._options.pages_max):
            page = await self._http.get("/portfolio/positions", PositionPage, params=params)
            rows.extend(page.market_positions or ())
            if not page.cursor:
                break
            params["cursor"] = page.cursor
        else:
            raise VenueUnavailable(VENUE, "too_many_pages", "positions")
        try:
            signed = positions_of(rows, wanted)
        except MalformedMessage as error:
            raise VenueUnavailable(VENUE, "unreadable_answer", error.reason) from error
        return tuple(
            (market.id, signed[market.native_id], 0)
            for market in wanted
            if market.native_id in signed
        )

    async def read_open_shards(self) -> tuple[tuple[int, bool], ...]:
        """(shard, takes orders), so that a paused venue is waited for and not retried.

        Public and cheap; also keeps the connection warm.
        """
        status = await self._http.get("/exchange/status", ExchangeStatus, private=False)
        is_open = status.exchange_active and status.trading_active
        shards = {0: is_open}
        for shard in status.exchange_index_statuses or ():
            shards[shard.exchange_index] = shard.exchange_active and shard.trading_active
        return tuple(sorted(shards.items()))
