from typing import Any

import pytest

from tests.unit.sim.kalshi_client import Harness, running

DAY_S = 86_400


async def ids(kalshi: Harness, path: str, name: str, field: str, **params: Any) -> list[str]:
    answer = (await kalshi.get(path, **params)).json
    return [row[field] for row in answer[name]]


async def test_ended_orders_move_after_two_weeks_and_resting_ones_never() -> None:
    async with running() as kalshi:
        resting = await kalshi.place("bid", "0.1000")
        ended = (await kalshi.create("bid", "0.2000")).json["order_id"]
        for days, live, old in ((14, [ended, resting], []), (1, [resting], [ended])):
            kalshi.clock.advance(days * DAY_S)
            assert await ids(kalshi, "/portfolio/orders", "orders", "order_id") == live
            assert await ids(kalshi, "/historical/orders", "orders", "order_id") == old


async def test_fills_and_trades_move_after_three_months() -> None:
    async with running() as kalshi:
        await kalshi.rest("ask", 5_000, 10)
        await kalshi.create("bid", "0.5000", "10.00")
        [fill] = await ids(kalshi, "/portfolio/fills", "fills", "trade_id")
        kalshi.clock.advance(90 * DAY_S)
        for path, name in (("fills", "fills"), ("trades", "trades")):
            assert await ids(kalshi, f"/historical/{path}", name, "trade_id") == []
        kalshi.clock.advance(1)
        for live, name in (("/portfolio/fills", "fills"), ("/markets/trades", "trades")):
            assert await ids(kalshi, live, name, "trade_id") == []
            assert await ids(kalshi, f"/historical/{name}", name, "trade_id") == [fill]
        none = await ids(kalshi, "/historical/fills", "fills", "trade_id", ticker=kalshi.crypto)
        assert none == []


async def test_settled_markets_and_their_positions_move_after_three_months() -> None:
    async with running() as kalshi:
        await kalshi.rest("ask", 5_000, 10)
        await kalshi.create("bid", "0.5000", "10.00")
        for event in ({"event": "determined", "result": "yes"}, {"event": "settled"}):
            await kalshi.admin("POST", "lifecycle", market=kalshi.ticker, **event)
        all_of_them = {"settlement_status": "all"}
        reads = (
            ("/portfolio/positions", "market_positions", all_of_them),
            ("/markets", "markets", {"status": "settled"}),
        )
        for _, name, _ in reads:
            path = f"/historical/{name.removeprefix('market_')}"
            assert await ids(kalshi, path, name, "ticker") == []
        one = f"/historical/markets/{kalshi.ticker}"
        assert (await kalshi.get(one)).status == 404
        kalshi.clock.advance(90 * DAY_S + 1)
        for live, name, params in reads:
            path = f"/historical/{name.removeprefix('market_')}"
            assert await ids(kalshi, live, name, "ticker", **params) == []
            assert await ids(kalshi, path, name, "ticker") == [kalshi.ticker]
        assert (await kalshi.get(one)).json["market"]["status"] == "finalized"


async def test_unsettled_positions_stay() -> None:
    async with running() as kalshi:
        await kalshi.rest("ask", 5_000, 10)
        await kalshi.create("bid", "0.5000", "10.00")
        kalshi.clock.advance(100 * DAY_S)
        live = await ids(kalshi, "/portfolio/positions", "market_positions", "ticker")
        assert live == [kalshi.ticker]
        assert await ids(kalshi, "/historical/positions", "market_positions", "ticker") == []


@pytest.mark.parametrize("name", ["orders", "fills", "positions"])
async def test_private_history_needs_a_signature(name: str) -> None:
    async with running() as kalshi:
        answer = await kalshi.call("GET", f"/historical/{name}", headers={"X-None": ""})
        assert answer.status == 401


@pytest.mark.parametrize("name", ["trades", "markets"])
async def test_public_history_needs_none(name: str) -> None:
    async with running() as kalshi:
        answer = await kalshi.call("GET", f"/historical/{name}", headers={"X-None": ""})
        assert answer.json == {name: [], "cursor": ""}


async def test_history_of_a_locked_key_is_its_subaccounts_own() -> None:
    keys = {"locked": {"subaccount": 1}}
    async with running(tier="advanced", keys=keys) as kalshi:
        await kalshi.call("POST", "/portfolio/subaccounts", json={})
        move = {"from_subaccount": 0, "to_subaccount": 1, "amount_cents": 1_000}
        body = {**move, "client_transfer_id": "0f6f2f8e-6a54-4f53-9f1f-0b1c1f9f4e11"}
        await kalshi.call("POST", "/portfolio/subaccounts/transfer", json=body)
        await kalshi.create("bid", "0.1000", "1.00")
        own = (await kalshi.create("bid", "0.1000", "1.00", subaccount=1)).json["order_id"]
        kalshi.clock.advance(15 * DAY_S)
        kalshi.account, path = "locked", "/historical/orders"
        assert await ids(kalshi, path, "orders", "order_id") == [own]
        assert await ids(kalshi, path, "orders", "order_id", subaccount="1") == [own]
        assert (await kalshi.get(path, subaccount="0")).status == 403
