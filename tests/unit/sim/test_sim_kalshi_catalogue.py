from typing import Any

import pytest

from tests.unit.sim.kalshi_client import START_NS, Harness, running

NOW_S = START_NS // 1_000_000_000
NEW = "KXNEW-26-A"

EVENT_REQUIRED = {
    "event_ticker",
    "series_ticker",
    "title",
    "sub_title",
    "collateral_return_type",
    "mutually_exclusive",
    "settlement_sources",
}
SERIES_REQUIRED = {
    "ticker",
    "frequency",
    "title",
    "category",
    "categories",
    "tags",
    "settlement_sources",
    "contract_url",
    "contract_terms_url",
    "fee_type",
    "fee_multiplier",
    "additional_prohibitions",
}
# Removed between 2026-03 and 2026-10.
MARKET_REMOVED = {
    "tick_size",
    "yes_bid",
    "yes_ask",
    "no_bid",
    "no_ask",
    "last_price",
    "volume",
    "open_interest",
    "response_price_units",
    "fractional_trading_enabled",
    "liquidity",
    "liquidity_dollars",
}


async def tickers_of(kalshi: Harness, **params: str) -> list[str]:
    answer = await kalshi.get("/markets", **params)
    assert answer.status == 200, answer.text
    return [market["ticker"] for market in answer.json["markets"]]


async def with_new(kalshi: Harness) -> None:
    """List a market that was created, and closes, at other times than those of the world."""
    kalshi.clock.advance(100)
    await kalshi.admin("POST", "markets", ticker=NEW, close_ts_s=NOW_S + 1_000)
    kalshi.clock.advance(1)


async def test_answers_have_what_they_must_and_not_what_is_gone() -> None:
    async with running() as kalshi:
        market = (await kalshi.get(f"/markets/{kalshi.ticker}")).json["market"]
        assert not MARKET_REMOVED & set(market)
        [event] = (await kalshi.get("/events", limit="1")).json["events"]
        assert set(event) >= EVENT_REQUIRED
        series = (await kalshi.get("/series")).json["series"][0]
        assert set(series) >= SERIES_REQUIRED
        assert not {"volume_fp", "product_metadata"} & set(series)
        params = {"include_volume": "true", "include_product_metadata": "true"}
        series = (await kalshi.get("/series", **params)).json["series"][0]
        assert (series["volume_fp"], series["product_metadata"]) == ("0.00", {})


@pytest.mark.parametrize(
    ("params", "is_found"),
    [
        ({"min_created_ts": NOW_S}, True),
        ({"min_created_ts": NOW_S, "status": "open"}, True),
        ({"max_created_ts": NOW_S}, False),
        ({"max_close_ts": NOW_S + 1_000}, True),
        ({"min_close_ts": NOW_S + 1_001}, False),
        ({"min_updated_ts": NOW_S, "mve_filter": "exclude"}, True),
        ({"max_updated_ts": NOW_S, "mve_filter": "exclude", "series_ticker": "KXNEW"}, False),
        ({"min_settled_ts": 0}, False),
    ],
)
async def test_markets_are_filtered_by_time(params: dict[str, Any], *, is_found: bool) -> None:
    async with running() as kalshi:
        await with_new(kalshi)
        found = await tickers_of(kalshi, **{name: str(value) for name, value in params.items()})
        assert (NEW in found) is is_found


async def test_settled_markets_are_found_by_their_settlement() -> None:
    async with running() as kalshi:
        kalshi.clock.advance(10)
        kalshi.sim.lifecycle.determine(kalshi.ticker, "yes")
        kalshi.sim.lifecycle.settle(kalshi.ticker)
        at, after = str(NOW_S + 10), str(NOW_S + 11)
        settled = {"status": "settled"}
        assert await tickers_of(kalshi, min_settled_ts=at, **settled) == [kalshi.ticker]
        assert await tickers_of(kalshi, min_settled_ts=after, **settled) == []


@pytest.mark.parametrize(
    "params",
    [
        {"min_created_ts": "1", "min_close_ts": "1"},
        {"min_created_ts": "1", "status": "closed"},
        {"min_close_ts": "1", "status": "open"},
        {"max_settled_ts": "1", "status": "closed"},
        {"min_updated_ts": "1"},
        {"min_updated_ts": "1", "mve_filter": "exclude", "status": "open"},
        {"min_updated_ts": "1", "mve_filter": "exclude", "tickers": "A"},
        {"event_ticker": "A,B"},
        {"mve_filter": "some"},
        {"limit": "-1"},
    ],
)
async def test_filters_that_exclude_each_other_are_refused(params: dict[str, Any]) -> None:
    async with running() as kalshi:
        answer = await kalshi.get("/markets", **params)
        assert answer.status == 400
        assert answer.json["msg"].startswith("Parameter validation failed for GetMarkets: ")


async def test_a_limit_of_zero_is_the_default() -> None:
    async with running() as kalshi:
        assert len(await tickers_of(kalshi, limit="0")) == 10


async def test_books_are_cut_to_their_depth() -> None:
    async with running() as kalshi:
        for price in (4100, 4200, 4300):
            await kalshi.rest("bid", price, 1)
        path = f"/markets/{kalshi.ticker}/orderbook"
        for depth, count in ((0, 3), (2, 2), (100, 3)):
            book = (await kalshi.get(path, depth=str(depth))).json["orderbook_fp"]
            assert len(book["yes_dollars"]) == count
            assert book["yes_dollars"][-1] == ["0.4300", "1.00"]
        assert (await kalshi.get(path, depth="101")).status == 400


async def test_trades_are_paged_newest_first() -> None:
    async with running() as kalshi:
        for number in range(3):
            await kalshi.rest("ask", 4000 + 100 * number, 1)
            kalshi.sim.take(kalshi.ticker, "bid", 9_900, 1_000_000)
            kalshi.clock.advance(10)
        page = (await kalshi.get("/markets/trades", limit="2")).json
        assert [trade["yes_price_dollars"] for trade in page["trades"]] == ["0.4200", "0.4100"]
        rest = (await kalshi.get("/markets/trades", limit="2", cursor=page["cursor"])).json
        [oldest] = rest["trades"]
        assert rest["cursor"] == ""
        assert oldest == {
            "trade_id": oldest["trade_id"],
            "ticker": kalshi.ticker,
            "count_fp": "1.00",
            "yes_price_dollars": "0.4000",
            "no_price_dollars": "0.6000",
            "taker_side": "yes",
            "taker_outcome_side": "yes",
            "taker_book_side": "bid",
            "is_block_trade": False,
            "created_time": "2026-09-21T14:13:20.000000Z",
        }
        for params, count in (
            ({"ticker": kalshi.crypto}, 0),
            ({"min_ts": str(NOW_S + 10)}, 2),
            ({"max_ts": str(NOW_S)}, 1),
            ({"is_block_trade": "true"}, 0),
            ({"is_block_trade": "false"}, 3),
        ):
            found = (await kalshi.get("/markets/trades", **params)).json["trades"]
            assert len(found) == count
        assert (await kalshi.get("/markets/trades", limit="1001")).status == 400


async def test_events_are_filtered_by_their_markets() -> None:
    async with running() as kalshi:
        await with_new(kalshi)
        await kalshi.admin("POST", "market", market=NEW, status="inactive")
        for params, is_found in (
            ({"status": "paused"}, True),
            ({"status": "open"}, False),
            ({"series_ticker": "KXNEW"}, True),
            ({"min_close_ts": str(NOW_S + 1_001)}, False),
            ({"min_updated_ts": str(NOW_S + 100)}, True),
        ):
            answer = (await kalshi.get("/events", **params)).json
            found = [event["event_ticker"] for event in answer["events"]]
            assert ("KXNEW-26" in found) is is_found
        page = (await kalshi.get("/events", limit="6", with_milestones="true")).json
        assert page["milestones"] == []
        rest = (await kalshi.get("/events", limit="6", cursor=page["cursor"])).json
        assert (len(rest["events"]), rest["cursor"]) == (5, "")
        assert (await kalshi.get("/events", limit="201")).status == 400


async def test_an_event_shows_its_markets_in_one_of_three_ways() -> None:
    async with running() as kalshi:
        path = f"/events/{kalshi.ticker.rpartition('-')[0]}"
        plain = (await kalshi.get(path)).json
        assert [market["ticker"] for market in plain["markets"]] == [kalshi.ticker]
        nested = (await kalshi.get(path, with_nested_markets="true")).json
        assert nested["markets"] == []
        assert [market["ticker"] for market in nested["event"]["markets"]] == [kalshi.ticker]
        bare = (await kalshi.get(path, exclude_markets="true")).json
        assert (bare["markets"], "markets" in bare["event"]) == ([], False)
        both = {"exclude_markets": "true", "with_nested_markets": "true"}
        assert (await kalshi.get(path, **both)).status == 400
        assert (await kalshi.get(path, exclude_markets="maybe")).status == 400


async def test_there_are_no_combos() -> None:
    async with running() as kalshi:
        assert (await kalshi.get("/events/multivariate")).json == {"events": [], "cursor": ""}


async def test_series_are_filtered_as_written() -> None:
    async with running() as kalshi:
        for params, count in (
            ({"category": "Crypto"}, 2),
            ({"category": "crypto"}, 0),
            ({"tags": "x"}, 0),
            ({"min_updated_ts": str(NOW_S)}, 0),
        ):
            assert len((await kalshi.get("/series", **params)).json["series"]) == count
        assert (await kalshi.get("/series/KXNONE")).status == 404


async def test_live_data_reaches_back_for_months_but_orders_for_weeks() -> None:
    async with running() as kalshi:
        assert (await kalshi.get("/historical/cutoff")).json == {
            "market_settled_ts": "2026-06-23T14:13:20.000000Z",
            "trades_created_ts": "2026-06-23T14:13:20.000000Z",
            "orders_updated_ts": "2026-09-07T14:13:20.000000Z",
            "market_positions_last_updated_ts": "2026-06-23T14:13:20.000000Z",
        }


async def test_fee_changes_of_events_are_paged() -> None:
    async with running() as kalshi:
        for multiplier_e4 in (1, 2, 3):
            terms = {"of": "event", "fee_multiplier_e4": multiplier_e4 * 1_000}
            await kalshi.admin("POST", "fees", market=kalshi.ticker, **terms)
        path = "/events/fee_changes"
        page = (await kalshi.get(path, limit="2")).json
        rest = (await kalshi.get(path, limit="2", cursor=page["cursor"])).json
        rows = page["event_fee_changes"] + rest["event_fee_changes"]
        assert [row["fee_multiplier_override"] for row in rows] == [0.1, 0.2, 0.3]
        assert rest["cursor"] == ""
        other = (await kalshi.get(path, event_ticker="KXNONE")).json
        assert other == {"event_fee_changes": [], "cursor": ""}
