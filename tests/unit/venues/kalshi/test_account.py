import pytest

from tests.unit.venues.kalshi.support import (
    TICKER,
    FakeClock,
    ScriptedKalshi,
    kalshi_http,
    market,
)
from twoleg.core.events import CashReported
from twoleg.core.market import Venue
from twoleg.errors import VenueRejected, VenueUnavailable
from twoleg.venues.kalshi.account import KalshiAccount

BALANCE = {
    "balance": 9_801,
    "balance_dollars": "98.0186",
    "portfolio_value": 198,
    "balance_breakdown": [
        {"exchange_index": 0, "balance": "97.0186"},
        {"exchange_index": 2, "balance": "1.0000"},
    ],
}


async def test_cash_is_read_per_shard_once_a_second() -> None:
    venue, clock = ScriptedKalshi(), FakeClock()
    venue.script("/portfolio/balance", (200, BALANCE))
    async with kalshi_http(venue, clock=clock) as http:
        account = KalshiAccount(http=http)
        cash = await account.read_cash()
        await account.read_cash()
    assert cash == CashReported(Venue.KALSHI, ((0, 97_018_600), (2, 1_000_000)))
    assert clock.slept_s == [1.0]


async def test_cash_that_cannot_be_read() -> None:
    venue = ScriptedKalshi()
    venue.script(
        "/portfolio/balance",
        (200, {"balance_dollars": "lots"}),
        (403, {"error": {"code": "forbidden"}}),
    )
    async with kalshi_http(venue, clock=FakeClock()) as http:
        account = KalshiAccount(http=http)
        with pytest.raises(VenueUnavailable):
            await account.read_cash()
        with pytest.raises(VenueRejected) as caught:
            await account.read_cash()
    assert (caught.value.code, caught.value.http_status) == ("forbidden", 403)


async def test_positions_are_signed_over_all_pages() -> None:
    venue = ScriptedKalshi()
    venue.script(
        "/portfolio/positions",
        (200, {"market_positions": [{"ticker": TICKER, "position_fp": "-3.50"}], "cursor": "c"}),
        (200, {"market_positions": [{"ticker": "KXB", "position_fp": "2.00"}], "cursor": ""}),
    )
    async with kalshi_http(venue, clock=FakeClock()) as http:
        held = await KalshiAccount(http=http).read_positions([market("KXB"), market()])
    assert held == (("kalshi:KXB", 2_000_000, 0), (f"kalshi:{TICKER}", -3_500_000, 0))


async def test_open_shards_are_told_apart() -> None:
    venue = ScriptedKalshi()
    shard = {"exchange_index": 2, "exchange_active": True, "trading_active": False}
    status = {"exchange_active": True, "trading_active": True, "exchange_index_statuses": [shard]}
    venue.script("/exchange/status", (200, status))
    async with kalshi_http(venue, clock=FakeClock()) as http:
        assert await KalshiAccount(http=http).read_open_shards() == ((0, True), (2, False))
    assert "KALSHI-ACCESS-KEY" not in venue.headers[0]
