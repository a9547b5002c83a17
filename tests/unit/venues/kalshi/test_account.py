import pytest

from tests.unit.venues.kalshi.support import (
    TICKER,
    FakeClock,
    ScriptedKalshi,
    kalshi_http,
    market,
)
from twoleg.core.events import CashReported
from twoleg.core.market import MarketId, Venue
from twoleg.errors import VenueRejected, VenueUnavailable
from twoleg.venues.kalshi.account import KalshiAccount
from twoleg.venues.kalshi.costs import Endpoint
from twoleg.venues.kalshi.options import KalshiOptions
from twoleg.venues.kalshi.portfolio import Holding

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


async def test_cash_of_a_locked_key_is_asked_for_shard_by_shard() -> None:
    venue = ScriptedKalshi()
    sums = [(200, {"balance_dollars": dollars}) for dollars in ("98.0186", "97.0186", "1.0000")]
    venue.script("/portfolio/balance", *sums)
    shard = {"exchange_index": 2, "exchange_active": True, "trading_active": True}
    status = {"exchange_active": True, "trading_active": True, "exchange_index_statuses": [shard]}
    venue.script("/exchange/status", (200, status))
    options = KalshiOptions(subaccount=7)
    async with kalshi_http(venue, clock=FakeClock(), options=options) as http:
        cash = await KalshiAccount(http=http, options=options).read_cash()
    # Never the sum of all shards for the cash of one.
    assert cash == CashReported(Venue.KALSHI, ((0, 97_018_600), (2, 1_000_000)))
    asked = [query for _, path, query, _ in venue.requests if path == "/portfolio/balance"]
    assert [query.get("exchange_index") for query in asked] == [None, "0", "2"]
    assert {query["subaccount"] for query in asked} == {"7"}


async def test_cash_that_cannot_be_read() -> None:
    venue = ScriptedKalshi()
    row = {"exchange_index": 0, "balance": "lots"}
    venue.script(
        "/portfolio/balance",
        (200, {"balance_dollars": "1.0000", "balance_breakdown": [row]}),
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
    # Public; signed answers tell the time by the way.
    assert "KALSHI-ACCESS-KEY" in venue.headers[0]


SETTLEMENT = {
    "ticker": TICKER,
    "exchange_index": 2,
    "event_ticker": "KXA",
    "market_result": "yes",
    "yes_count_fp": "10.00",
    "yes_total_cost_dollars": "4.200000",
    "no_count_fp": "0.00",
    "no_total_cost_dollars": "0.000000",
    "revenue": 1_000,
    "settled_time": "2026-09-21T13:33:20Z",
    "fee_cost": "0.170000",
    "value": 100,
}


async def test_settlements_count_once_and_their_revenue_is_in_cents() -> None:
    venue = ScriptedKalshi()
    later = SETTLEMENT | {"settled_time": "2026-09-22T13:33:20Z", "value": None}
    venue.script(
        "/portfolio/settlements",
        (200, {"settlements": [SETTLEMENT], "cursor": "c"}),
        (200, {"settlements": [SETTLEMENT, later], "cursor": ""}),
    )
    async with kalshi_http(venue, clock=FakeClock()) as http:
        first, second = await KalshiAccount(http=http).read_settlements(since_s=1_700)
    assert first.key == (2, f"kalshi:{TICKER}", "2026-09-21T13:33:20Z")
    assert (first.revenue_micros, first.value_micros) == (10_000_000, 1_000_000)
    assert (first.yes_e6, first.yes_cost_micros, first.fee_micros) == (
        10_000_000,
        4_200_000,
        170_000,
    )
    assert (first.settled_ms, first.result) == (1_789_997_600_000, "yes")
    assert second.value_micros is None
    assert [query.get("min_ts") for _, _, query, _ in venue.requests] == ["1700", "1700"]


async def test_holdings_tell_their_costs() -> None:
    venue = ScriptedKalshi()
    row = {
        "ticker": TICKER,
        "exchange_index": 2,
        "position_fp": "-3.50",
        "market_exposure_dollars": "1.505000",
        "total_traded_dollars": "9.000000",
        "realized_pnl_dollars": "-0.250000",
        "fees_paid_dollars": "0.030000",
        "last_updated_ts": "2026-09-21T13:33:20Z",
    }
    venue.script("/portfolio/positions", (200, {"market_positions": [row], "cursor": ""}))
    async with kalshi_http(venue, clock=FakeClock()) as http:
        (held,) = await KalshiAccount(http=http).read_holdings("settled")
    assert held == Holding(
        market_id=MarketId(f"kalshi:{TICKER}"),
        shard=2,
        position_e6=-3_500_000,
        exposure_micros=1_505_000,
        traded_micros=9_000_000,
        realized_micros=-250_000,
        fees_micros=30_000,
        updated_ms=1_789_997_600_000,
    )
    assert venue.requests[0][2]["settlement_status"] == "settled"


async def test_places_in_the_queue() -> None:
    venue = ScriptedKalshi()
    row = {"order_id": "o1", "market_ticker": TICKER, "queue_position_fp": "12.50"}
    venue.script("/portfolio/orders/queue_positions", (200, {"queue_positions": [row]}))
    venue.script("/portfolio/orders/o1/queue_position", (200, {"queue_position_fp": "0.00"}))
    async with kalshi_http(venue, clock=FakeClock()) as http:
        account = KalshiAccount(http=http)
        places = await account.read_queue_places([market(), market("KXB")])
        assert await account.read_queue_place("o1") == 0
    assert [(place.venue_order_id, place.ahead_e6) for place in places] == [("o1", 12_500_000)]
    assert venue.requests[0][2]["market_tickers"] == f"{TICKER},KXB"


async def test_limits_and_costs_are_kept_to_at_once() -> None:
    venue, clock = ScriptedKalshi(), FakeClock()
    venue.script(
        "/account/limits",
        (
            200,
            {
                "usage_tier": "premier",
                "read": {"refill_rate": 1_200, "bucket_capacity": 1_200},
                "write": {"refill_rate": 1_200, "bucket_capacity": 3_600},
                "grants": [{"exchange_instance": "event_contract", "level": "premier"}],
            },
        ),
        (
            200,
            {
                "usage_tier": "basic",
                "read": {"refill_rate": 0, "bucket_capacity": 1},
                "write": {"refill_rate": 1, "bucket_capacity": 1},
            },
        ),
    )
    costs = [{"method": "DELETE", "path": "/portfolio/events/orders/{order_id}", "cost": 4}]
    venue.script("/account/endpoint_costs", (200, {"default_cost": 10, "endpoint_costs": costs}))
    venue.script("/portfolio/balance", (200, BALANCE))
    async with kalshi_http(venue, clock=clock) as http:
        account = KalshiAccount(http=http)
        assert http.writes(0).available == 100
        limits = await account.read_limits()
        await account.read_costs()
        assert (limits.usage_tier, http.writes(7).available) == ("premier", 3_600)
        assert http.costs.of(Endpoint.CANCEL) == 4
        await account.read_cash()
        await account.read_cash()
        with pytest.raises(VenueUnavailable):
            await account.read_limits()
    # Above Advanced the balance may be read five times a second.
    assert clock.slept_s == [0.2]


async def test_freshness_and_key() -> None:
    venue = ScriptedKalshi()
    venue.script(
        "/exchange/user_data_timestamp",
        (200, {"as_of_time": "2026-09-21T13:33:20Z"}),
        (200, {"as_of_time": "now"}),
    )
    venue.script("/api_keys", (200, {"api_keys": [{"api_key_id": "k", "scopes": ["read"]}]}))
    async with kalshi_http(venue, clock=FakeClock()) as http:
        account = KalshiAccount(http=http)
        assert await account.read_freshness_ms() == 1_789_997_600_000
        with pytest.raises(VenueUnavailable):
            await account.read_freshness_ms()
        assert (await account.read_key("k")).missing == ("write::trade",)


async def test_standing_reads_the_hours_once_an_hour_and_minds_refusals() -> None:
    venue, clock = ScriptedKalshi(), FakeClock()
    # A cached answer tells no time: ours passes here, and no other.
    venue.answer_headers = {"Age": "1"}
    venue.script("/exchange/status", (200, {"exchange_active": True, "trading_active": True}))
    venue.script("/exchange/schedule", (200, {"schedule": {}}))
    async with kalshi_http(venue, clock=clock) as http:
        account = KalshiAccount(http=http)
        assert (await account.read_standing()).takes_orders(2)
        account.note_refusal("insufficient_balance", 2)
        account.note_refusal("trading_is_paused", 2)
        assert not (await account.read_standing()).takes_orders(2)
        assert await account.read_open_shards() == ((0, True), (2, False))
        clock.now_ns += 16_000_000_000
        assert await account.read_open_shards() == ((0, True),)
        assert venue.paths().count("/exchange/schedule") == 1
        clock.now_ns += 3_600_000_000_000
        await account.read_standing()
    assert venue.paths().count("/exchange/schedule") == 2


async def test_hours_that_cannot_be_read_leave_the_standing_unknown() -> None:
    venue = ScriptedKalshi()
    venue.script("/exchange/status", (200, {"exchange_active": True, "trading_active": True}))
    hours = [{"monday": [{"open_time": "early", "close_time": "late"}]}]
    venue.script("/exchange/schedule", (200, {"schedule": {"standard_hours": hours}}))
    async with kalshi_http(venue, clock=FakeClock()) as http:
        with pytest.raises(VenueUnavailable):
            await KalshiAccount(http=http).read_standing()


async def test_what_rests_is_read_over_all_pages_and_shards_each_order_once() -> None:
    venue = ScriptedKalshi()
    first = {
        "order_id": "o-1",
        "client_order_id": "key-1",
        "ticker": TICKER,
        "book_side": "ask",
        "yes_price_dollars": "0.5700",
        "remaining_count_fp": "6.00",
        "fill_count_fp": "4.00",
        "exchange_index": 2,
    }
    other = {**first, "order_id": "o-2", "client_order_id": None, "exchange_index": 0}
    venue.script(
        "/portfolio/orders",
        (200, {"orders": [first], "cursor": "c"}),
        (200, {"orders": [first, other], "cursor": ""}),
        (200, {"orders": [first | {"remaining_count_fp": "?"}], "cursor": ""}),
    )
    options = KalshiOptions(subaccount=7)
    async with kalshi_http(venue, clock=FakeClock(), options=options) as http:
        account = KalshiAccount(http=http, options=options)
        ours, foreign = await account.read_resting()
        with pytest.raises(VenueUnavailable):
            await account.read_resting()
    assert (ours.order_key, ours.shard, ours.book_side) == ("key-1", 2, "ask")
    assert (ours.price_e4, ours.remaining_e6, ours.filled_e6) == (5_700, 6_000_000, 4_000_000)
    assert (foreign.venue_order_id, foreign.order_key, foreign.shard) == ("o-2", "", 0)
    asked = {(query["status"], query["subaccount"]) for _, _, query, _ in venue.requests}
    assert asked == {("resting", "7")}
