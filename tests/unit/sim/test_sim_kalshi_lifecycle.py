from typing import Any

import aiohttp
import pytest

from tests.unit.sim.kalshi_client import ORDERS, START_NS, Harness, Socket, running
from twoleg.sim.kalshi.errors import KalshiRefusal

GTC = "good_till_canceled"
NOW_S = START_NS // 1_000_000_000
TICKER = "KXNEW-26-A"


async def happen(kalshi: Harness, event: str, **more: Any) -> Any:
    return await kalshi.admin("POST", "lifecycle", market=kalshi.ticker, event=event, **more)


async def told(socket: Socket, event_type: str) -> Any:
    frame = await socket.read()
    assert frame["type"] == "market_lifecycle_v2"
    assert frame["msg"]["event_type"] == event_type
    return frame["msg"]


async def market_of(kalshi: Harness, ticker: str = "") -> Any:
    return (await kalshi.get(f"/markets/{ticker or kalshi.ticker}")).json["market"]


async def tick(kalshi: Harness, seconds: float) -> None:
    """Let time pass and the venue notice."""
    kalshi.clock.advance(seconds)
    await kalshi.get("/exchange/status")
    kalshi.sim.desk.expire()
    kalshi.sim.lifecycle.tick()


# -- new markets -------------------------------------------------------------------------------


async def test_a_new_market_is_announced_before_it_can_be_read() -> None:
    async with running() as kalshi, kalshi.socket() as socket:
        await socket.subscribe("market_lifecycle_v2")
        made = await kalshi.admin(
            "POST",
            "markets",
            ticker=TICKER,
            title="New?",
            exchange_index=1,
            open_ts_s=NOW_S + 60,
            close_ts_s=NOW_S + 3_600,
            price_level_structure="center_half_edge_quint_cent",
        )
        assert made == {"ticker": TICKER, "exchange_index": 1, "status": "initialized"}
        event = await socket.read()
        assert (event["type"], event["seq"]) == ("event_lifecycle", 1)
        assert event["msg"]["event_ticker"] == "KXNEW-26"
        created = await told(socket, "created")
        assert (created["open_ts"], created["close_ts"]) == (NOW_S + 60, NOW_S + 3_600)
        assert created["exchange_index"] == 1
        assert created["price_level_structure"] == "center_half_edge_quint_cent"
        assert created["price_ranges"][0] == {"start": "0.0000", "end": "0.1000", "step": "0.0020"}
        assert created["additional_metadata"]["title"] == "New?"
        for path in (f"/markets/{TICKER}", f"/markets/{TICKER}/orderbook", "/series/KXNEW"):
            assert (await kalshi.get(path)).status == 404
        assert TICKER not in str((await kalshi.get("/markets")).json)
        kalshi.clock.advance(1)
        assert (await market_of(kalshi, TICKER))["status"] == "initialized"
        assert TICKER in str((await kalshi.get("/markets", status="unopened")).json)
        # A second market of the event is no new event.
        await kalshi.admin("POST", "markets", ticker="KXNEW-26-B")
        assert (await told(socket, "created"))["market_ticker"] == "KXNEW-26-B"


async def test_an_initialized_market_shows_a_free_yes_and_opens_silently() -> None:
    async with running() as kalshi, kalshi.socket() as socket:
        await kalshi.admin("POST", "markets", ticker=TICKER, open_ts_s=NOW_S + 60)
        await socket.subscribe("market_lifecycle_v2")
        kalshi.clock.advance(59)
        market = await market_of(kalshi, TICKER)
        assert {
            name: market[name] for name in market if name.endswith(("bid_dollars", "ask_dollars"))
        } == {
            "yes_bid_dollars": "0.0000",
            "yes_ask_dollars": "0.0000",
            "no_bid_dollars": "1.0000",
            "no_ask_dollars": "1.0000",
            "previous_yes_bid_dollars": "0.0000",
            "previous_yes_ask_dollars": "0.0000",
        }
        refused = await kalshi.create("bid", "0.5", "1", ticker=TICKER, time_in_force=GTC)
        assert refused.status == 409
        kalshi.clock.advance(1)
        assert (await market_of(kalshi, TICKER))["status"] == "active"
        accepted = await kalshi.create("bid", "0.5", "1", ticker=TICKER, time_in_force=GTC)
        assert accepted.status == 201
        await socket.send("list_subscriptions")
        assert (await socket.read())["type"] == "ok"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"ticker": TICKER, "price_level_structure": "odd"},
        {"ticker": TICKER, "bands_e4": []},
        {"ticker": TICKER, "bands_e4": [[100, 100, 1]]},
        {"ticker": TICKER, "fee_type": "free"},
        {"ticker": TICKER, "colour": "red"},
    ],
)
async def test_nonsense_is_not_listed(body: dict[str, Any]) -> None:
    async with (
        running() as kalshi,
        kalshi.session.post(f"{kalshi.root}/_sim/markets", json=body) as response,
    ):
        assert response.status == 400
        assert TICKER not in kalshi.sim.markets


async def test_a_ticker_is_listed_once() -> None:
    async with running() as kalshi:
        body = {"ticker": kalshi.ticker}
        async with kalshi.session.post(f"{kalshi.root}/_sim/markets", json=body) as response:
            assert response.status == 400


async def test_a_scalar_market_with_a_floor_says_so() -> None:
    async with running() as kalshi:
        body = {"ticker": TICKER, "market_type": "scalar", "settlement_floor_e4": 2_500}
        await kalshi.admin("POST", "markets", **body)
        kalshi.clock.advance(1)
        market = await market_of(kalshi, TICKER)
        assert (market["market_type"], market["settlement_bounds_type"]) == ("scalar", "floor")
        assert market["settlement_floor_dollars"] == "0.2500"


# -- halts and changes -------------------------------------------------------------------------


async def test_activation_cancels_what_a_halt_left_resting() -> None:
    async with running() as kalshi, kalshi.socket() as socket:
        await socket.subscribe("market_lifecycle_v2", "user_orders")
        await kalshi.create("bid", "0.3", "1", time_in_force=GTC)
        await socket.read()
        await kalshi.admin("POST", "market", market=kalshi.ticker, status="inactive")
        assert (await told(socket, "deactivated"))["is_deactivated"] is True
        await kalshi.admin("POST", "market", market=kalshi.ticker, status="active")
        canceled = (await socket.read())["msg"]
        assert (canceled["status"], canceled["last_update_reason"]) == ("canceled", "HaltCancel")
        assert (await told(socket, "activated"))["is_deactivated"] is False


async def test_a_close_can_come_earlier() -> None:
    async with running() as kalshi, kalshi.socket() as socket:
        await socket.subscribe("market_lifecycle_v2", "user_orders")
        await kalshi.create("bid", "0.3", "1", time_in_force=GTC)
        await kalshi.rest("ask", 4000, 1)
        await socket.read()
        await happen(kalshi, "close_date_updated", close_ts_s=NOW_S + 10)
        assert (await told(socket, "close_date_updated"))["close_ts"] == NOW_S + 10
        kalshi.clock.advance(10)
        # Not even a cancel is let in; then the sweep comes.
        with pytest.raises(KalshiRefusal):
            kalshi.sim.desk.check_cancel(kalshi.sim.markets[kalshi.ticker])
        await tick(kalshi, 0)
        assert (await market_of(kalshi))["status"] == "closed"
        swept = (await socket.read())["msg"]
        assert (swept["status"], swept["last_update_reason"]) == ("canceled", "CloseCancel")
        assert kalshi.sim.exchanges[kalshi.ticker].levels("ask") == []
        assert kalshi.ticker in str((await kalshi.get("/markets", status="closed")).json)


async def test_resting_orders_survive_a_finer_grid() -> None:
    async with running() as kalshi, kalshi.socket() as socket:
        await socket.subscribe("market_lifecycle_v2")
        await kalshi.create("bid", "0.35", "1", time_in_force=GTC)
        structure = "price_level_structure_updated"
        await happen(kalshi, structure, price_level_structure="deci_cent")
        message = await told(socket, structure)
        assert message["price_level_structure"] == "deci_cent"
        assert message["price_ranges"] == [{"start": "0.0000", "end": "1.0000", "step": "0.0010"}]
        assert kalshi.sim.exchanges[kalshi.ticker].levels("bid") == [(3_500, 1_000_000)]
        assert (await kalshi.create("bid", "0.351", "1", time_in_force=GTC)).status == 201
        # A grid without room for them cancels them.
        body = {"price_level_structure": "", "bands_e4": [[0, 10_000, 500]]}
        await happen(kalshi, structure, **body)
        assert kalshi.sim.exchanges[kalshi.ticker].levels("bid") == [(3_500, 1_000_000)]
        market = await market_of(kalshi)
        assert market["price_level_structure"] == ""
        assert market["price_ranges"] == [{"start": "0.0000", "end": "1.0000", "step": "0.0500"}]


async def test_texts_can_change() -> None:
    async with running() as kalshi, kalshi.socket() as socket:
        await socket.subscribe("market_lifecycle_v2")
        kalshi.clock.advance(5)
        await happen(kalshi, "metadata_updated", texts={"title": "Other?", "rules": "New."})
        silent = {"event_type": "metadata_updated", "market_ticker": kalshi.ticker}
        assert await told(socket, "metadata_updated") == silent
        await happen(kalshi, "metadata_updated", texts={"yes_sub_title": "Above 5"})
        named = {**silent, "yes_sub_title": "Above 5"}
        assert await told(socket, "metadata_updated") == named
        market = await market_of(kalshi)
        assert (market["title"], market["rules_primary"]) == ("Other?", "New.")
        assert market["updated_time"] > market["created_time"]


# -- results -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("result", "value_e4", "cash", "cents", "status_value"),
    [
        ("yes", None, 1_000_000_000 + 6_000_000, 1_000, 100),
        ("no", None, 1_000_000_000 - 4_000_000, 0, 0),
        ("scalar", 2_550, 1_000_000_000 - 1_450_000, 255, 25),
    ],
)
async def test_a_result_is_determined_and_settled_by_its_timer(
    result: str, value_e4: int | None, cash: int, cents: int, status_value: int
) -> None:
    async with running() as kalshi, kalshi.socket() as socket:
        await kalshi.rest("ask", 4000, 10)
        await kalshi.create("bid", "0.4", "10")
        fees = kalshi.sim.accounts["default"].fees_micros
        await socket.subscribe("market_lifecycle_v2", "market_positions")
        value = {} if value_e4 is None else {"value_e4": value_e4}
        await happen(kalshi, "determined", result=result, **value)
        message = await told(socket, "determined")
        assert (message["result"], message["determination_ts"]) == (result, NOW_S)
        market = await market_of(kalshi)
        assert (market["status"], market["result"]) == ("determined", result)
        assert market["settlement_value_dollars"] == message["settlement_value"]
        assert "settlement_ts" not in market
        await tick(kalshi, 1_799)
        assert (await market_of(kalshi))["status"] == "determined"
        await tick(kalshi, 1)
        frames = {(await socket.read())["type"], (await socket.read())["type"]}
        assert frames == {"market_position", "market_lifecycle_v2"}
        market = await market_of(kalshi)
        assert market["status"] == "finalized"
        assert market["settlement_ts"] == "2026-09-21T14:43:20.000000Z"
        assert kalshi.sim.accounts["default"].cash_micros[0] == cash - fees
        [row] = (await kalshi.get("/portfolio/settlements")).json["settlements"]
        assert (row["market_result"], row["revenue"], row["value"]) == (result, cents, status_value)
        assert (row["yes_count_fp"], row["yes_total_cost_dollars"]) == ("10.00", "4.000000")
        assert (row["no_count_fp"], row["no_total_cost_dollars"]) == ("0.00", "0.000000")
        assert row["exchange_index"] == 0


async def test_positions_leave_with_the_settlement() -> None:
    async with running() as kalshi:
        await kalshi.rest("bid", 6000, 10)
        await kalshi.create("ask", "0.6", "10")
        await happen(kalshi, "determined", result="no")
        await happen(kalshi, "settled")
        positions = (await kalshi.get("/portfolio/positions")).json["market_positions"]
        assert positions == []
        settled = await kalshi.get("/portfolio/positions", settlement_status="settled")
        [position] = settled.json["market_positions"]
        assert (position["position_fp"], position["realized_pnl_dollars"]) == ("0.00", "6.000000")
        [row] = (await kalshi.get("/portfolio/settlements", ticker=kalshi.ticker)).json[
            "settlements"
        ]
        assert (row["no_count_fp"], row["revenue"]) == ("10.00", 1_000)
        assert (await kalshi.get("/portfolio/settlements", min_ts=str(NOW_S + 1))).json == {
            "settlements": [],
            "cursor": "",
        }
        # Every dollar that was paid in has been paid out again, but for the fees.
        accounts = (*kalshi.sim.accounts.values(), kalshi.sim.crowd)
        opening = sum(sum(a.opening_micros.values()) for a in accounts)
        cash = sum(sum(a.cash_micros.values()) for a in accounts)
        assert opening - cash == kalshi.sim.accounts["default"].fees_micros


async def test_a_disputed_result_is_amended() -> None:
    async with running() as kalshi:
        await happen(kalshi, "determined", result="yes")
        await kalshi.admin("POST", "market", market=kalshi.ticker, status="disputed")
        await tick(kalshi, 1_800)
        assert (await market_of(kalshi))["status"] == "disputed"
        await happen(kalshi, "determined", result="no")
        market = await market_of(kalshi)
        assert (market["status"], market["result"]) == ("amended", "no")
        await tick(kalshi, 1_800)
        assert (await market_of(kalshi))["status"] == "finalized"


@pytest.mark.parametrize(
    "body",
    [
        {"event": "determined", "result": "maybe"},
        {"event": "determined", "result": "scalar"},
        {"event": "settled"},
        {"event": "close_date_updated"},
        {"event": "metadata_updated", "texts": {"colour": "red"}},
        {"event": "metadata_updated", "texts": {}},
        {"event": "vanished"},
        {"event": "settled", "market": "KXNONE"},
    ],
)
async def test_nonsense_does_not_happen(body: dict[str, Any]) -> None:
    async with running() as kalshi:
        body = {"market": kalshi.ticker, **body}
        async with kalshi.session.post(f"{kalshi.root}/_sim/lifecycle", json=body) as response:
            assert response.status == 400
            assert "error" in await response.json()


async def test_a_settled_market_has_no_other_result() -> None:
    async with running() as kalshi:
        await happen(kalshi, "determined", result="yes")
        await happen(kalshi, "settled")
        with pytest.raises(ValueError, match="settled"):
            kalshi.sim.lifecycle.determine(kalshi.ticker, "no")
        with pytest.raises(ValueError, match="settled"):
            kalshi.sim.lifecycle.set_status(kalshi.ticker, "active")
        with pytest.raises(ValueError, match="disputed"):
            kalshi.sim.lifecycle.set_status(kalshi.crypto, "disputed")
        await kalshi.admin("POST", "markets", ticker=TICKER)
        kalshi.sim.lifecycle.determine(TICKER, "yes")
        with pytest.raises(ValueError, match="nothing else"):
            kalshi.sim.lifecycle.set_status(TICKER, "active")


# -- fees --------------------------------------------------------------------------------------


async def fee_of(kalshi: Harness, ticker: str = "") -> str:
    await kalshi.rest("ask", 5000, 100, ticker)
    answer = await kalshi.create("bid", "0.5", "100", ticker=ticker or kalshi.ticker)
    order_id = answer.json["order_id"]
    [fill] = (await kalshi.get("/portfolio/fills", order_id=order_id)).json["fills"]
    return str(fill["fee_cost"])


async def test_an_event_overrides_its_fees_from_its_time_on() -> None:
    async with running() as kalshi, kalshi.socket() as socket:
        await socket.subscribe("market_lifecycle_v2")
        event_ticker = kalshi.ticker.rpartition("-")[0]
        terms = {"market": kalshi.ticker, "of": "event", "fee_multiplier_e4": 5_000}
        await kalshi.admin("POST", "fees", **terms, scheduled_ts_s=NOW_S + 60)
        [row] = (await kalshi.get("/events/fee_changes")).json["event_fee_changes"]
        assert (row["event_ticker"], row["series_ticker"]) == (event_ticker, "KXFEDDECISION")
        assert (row["fee_type_override"], row["fee_multiplier_override"]) == (None, 0.5)
        assert row["scheduled_ts"] == "2026-09-21T14:14:20.000000Z"
        assert await fee_of(kalshi) == "1.750000"
        await tick(kalshi, 60)
        update = await socket.read()
        assert update["type"] == "event_fee_update"
        assert update["msg"] == {
            "event_ticker": event_ticker,
            "fee_type_override": None,
            "fee_multiplier_override": 0.5,
        }
        assert await fee_of(kalshi) == "0.875000"
        event = (await kalshi.get(f"/events/{event_ticker}")).json["event"]
        assert event["fee_multiplier_override"] == 0.5
        # Taking it back is announced, too, and at once.
        await kalshi.admin("POST", "fees", market=kalshi.ticker, of="event")
        assert (await socket.read())["msg"]["fee_multiplier_override"] is None
        assert await fee_of(kalshi) == "1.750000"
        event = (await kalshi.get(f"/events/{event_ticker}")).json["event"]
        assert "fee_multiplier_override" not in event


async def test_an_event_can_override_the_fee_type() -> None:
    async with running() as kalshi:
        await kalshi.admin("POST", "fees", market=kalshi.ticker, of="event", fee_type="flat")
        # What flat costs is not known: the venue charges nothing.
        assert await fee_of(kalshi) == "0.000000"


async def test_a_series_changes_its_fees_on_schedule() -> None:
    async with running() as kalshi:
        terms = {"fee_type": "quadratic", "fee_multiplier_e4": 20_000}
        later = {"market": kalshi.ticker, "of": "series", "scheduled_ts_s": NOW_S + 60}
        await kalshi.admin("POST", "fees", **later, **terms)
        path = "/series/fee_changes"
        [row] = (await kalshi.get(path)).json["series_fee_change_arr"]
        assert (row["fee_type"], row["fee_multiplier"]) == ("quadratic", 2.0)
        assert await fee_of(kalshi) == "1.750000"
        kalshi.clock.advance(60)
        assert await fee_of(kalshi) == "3.500000"
        assert (await kalshi.get(path)).json["series_fee_change_arr"] == []
        shown = (await kalshi.get(path, show_historical="true")).json["series_fee_change_arr"]
        assert shown == [row]
        series = (await kalshi.get("/series/KXFEDDECISION")).json["series"]
        assert (series["fee_type"], series["fee_multiplier"]) == ("quadratic", 2.0)


@pytest.mark.parametrize(("is_free", "fee"), [(True, "0.000000"), (False, "1.750000")])
async def test_a_fee_waiver_lasts_until_its_time(*, is_free: bool, fee: str) -> None:
    async with running(waiver_is_free=is_free) as kalshi:
        await kalshi.admin("POST", "markets", ticker=TICKER, fee_waiver_ts_s=NOW_S + 60)
        assert await fee_of(kalshi, TICKER) == fee
        market = await market_of_soon(kalshi)
        assert market["fee_waiver_expiration_time"] == "2026-09-21T14:14:20.000000Z"
        kalshi.clock.advance(59)
        assert await fee_of(kalshi, TICKER) == "1.750000"


async def market_of_soon(kalshi: Harness) -> Any:
    kalshi.clock.advance(1)
    return await market_of(kalshi, TICKER)


@pytest.mark.parametrize(
    "body",
    [{"of": "event", "fee_type": "free"}, {"of": "series", "fee_type": "quadratic"}, {"of": "all"}],
)
async def test_fees_that_mean_nothing_are_refused(body: dict[str, Any]) -> None:
    async with running() as kalshi:
        body = {"market": kalshi.ticker, **body}
        async with kalshi.session.post(f"{kalshi.root}/_sim/fees", json=body) as response:
            assert response.status == 400
            assert kalshi.sim.fees.changes == []


# -- pauses ------------------------------------------------------------------------------------


async def test_the_whole_exchange_can_pause() -> None:
    async with running() as kalshi:
        await kalshi.admin("POST", "exchange", exchange_active=False, resume_ts_s=NOW_S + 60)
        status = (await kalshi.get("/exchange/status")).json
        assert status["exchange_active"] is False
        assert status["exchange_estimated_resume_time"] == "2026-09-21T14:14:20.000000Z"
        assert not any(row["trading_active"] for row in status["exchange_index_statuses"])
        for ticker, account in ((kalshi.ticker, "default"), (kalshi.crypto, "other")):
            answer = await kalshi.create(
                "bid", "0.3", "1", ticker=ticker, time_in_force=GTC, account=account
            )
            assert (answer.status, answer.code) == (409, "exchange_is_paused")


@pytest.mark.parametrize("code", [200, 500, 503, 504])
async def test_an_inactive_exchange_may_answer_any_status_with_the_same_body(code: int) -> None:
    async with running(inactive_http_status=code) as kalshi:
        await kalshi.admin("POST", "exchange", exchange_index=0, trading_active=False)
        answer = await kalshi.get("/exchange/status")
        assert (answer.status, answer.json["trading_active"]) == (code, False)
        assert answer.json["exchange_active"] is True


async def test_the_list_of_instances_may_be_absent() -> None:
    async with running(lists_instances=False) as kalshi:
        assert "exchange_index_statuses" not in (await kalshi.get("/exchange/status")).json


# 2026-09-24 is the next Thursday after START_NS; 03:00 in New York is 07:00 UTC.
UNTIL_MAINTENANCE_S = 1_790_233_200 - NOW_S


@pytest.mark.parametrize(
    ("kind", "code"),
    [("trading_pause", "trading_is_paused"), ("exchange_pause", "exchange_is_paused")],
)
async def test_the_weekly_maintenance_comes_and_goes(kind: str, code: str) -> None:
    async with running(maintenance=kind) as kalshi:
        await kalshi.rest("ask", 6000, 1)
        await kalshi.admin("POST", "exchange", exchange_index=2, trading_active=False)
        resting = (await kalshi.create("bid", "0.3", "1", time_in_force=GTC)).json["order_id"]
        leaving = {"time_in_force": GTC, "cancel_order_on_pause": True}
        await kalshi.create("bid", "0.2", "1", **leaving)
        await tick(kalshi, UNTIL_MAINTENANCE_S - 1)
        assert (await kalshi.create("bid", "0.4", "1")).status == 201
        await tick(kalshi, 1)
        assert kalshi.sim.exchanges[kalshi.ticker].levels("bid") == [(3_000, 1_000_000)]
        refused = await kalshi.create("bid", "0.4", "1")
        assert (refused.status, refused.code) == (409, code)
        canceled = await kalshi.call("DELETE", f"{ORDERS}/{resting}")
        assert canceled.status == (200 if kind == "trading_pause" else 409)
        status = (await kalshi.get("/exchange/status")).json
        assert status["exchange_estimated_resume_time"] == "2026-09-24T09:00:00.000000Z"
        [window] = (await kalshi.get("/exchange/schedule")).json["schedule"]["maintenance_windows"]
        assert window == {
            "start_datetime": "2026-09-24T07:00:00.000000Z",
            "end_datetime": "2026-09-24T09:00:00.000000Z",
        }
        clock = kalshi.sim.markets[kalshi.ticker].clock
        await tick(kalshi, 7_200)
        assert (await kalshi.create("bid", "0.4", "1")).status == 201
        # What had been paused before stays so, and a clock may have gone back.
        rows = (await kalshi.get("/exchange/status")).json["exchange_index_statuses"]
        assert [row["trading_active"] for row in rows] == [True, False, True]
        is_back = kalshi.sim.markets[kalshi.ticker].clock < clock
        assert is_back is (kind == "exchange_pause")


async def test_an_exchange_pause_for_maintenance_drops_sessions() -> None:
    async with running(maintenance="exchange_pause") as kalshi, kalshi.socket() as socket:
        await socket.subscribe("trade")
        await tick(kalshi, UNTIL_MAINTENANCE_S)
        assert (await socket.ws.receive(timeout=2)).type is not aiohttp.WSMsgType.TEXT
