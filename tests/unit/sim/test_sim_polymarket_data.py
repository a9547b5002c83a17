"""Both generations of the Data API: positions, trades and activity of an address."""

from typing import Any

import pytest

from tests.unit.sim.test_sim_polymarket_kit import FREE, NEG, PLAIN, Kit, running


def usd(units: float) -> int:
    return round(units * 1_000_000)


async def give(kit: Kit, tokens: dict[str, int]) -> None:
    body = {"owner": kit.client.address, "tokens_e6": tokens}
    assert (await kit.admin("/_sim/polymarket/account", body))[0] == 200


async def buy(kit: Kit, pair: int) -> None:
    kit.rest(pair, "ask", 5_000, 20)
    status, _ = await kit.client.post(
        kit.token(pair), "BUY", cash=usd(5), shares=usd(10), kind="FOK"
    )
    assert status == 200


async def test_trades_and_activity_of_an_address() -> None:
    async with running() as kit:
        for pair in (FREE, PLAIN):
            kit.rest(pair, "ask", 5_000, 20)
            await kit.client.post(kit.token(pair), "BUY", cash=usd(5), shares=usd(10), kind="FOK")
        await kit.client.post(kit.token(PLAIN, 1), "BUY", cash=usd(2), shares=usd(5))
        kit.sim.take(kit.market(PLAIN), "bid", 6_000, usd(15))
        user = kit.client.address
        _, takes = await kit.get("data", "/trades", user=user)
        assert [(row["conditionId"], row["side"], row["size"], row["price"]) for row in takes] == [
            (kit.market(PLAIN), "BUY", 10, 0.5),
            (kit.market(FREE), "BUY", 10, 0.5),
        ]
        _, both = await kit.get("data", "/trades", user=user, takerOnly="false")
        assert [(row["outcome"], row["price"]) for row in both[:1]] == [("No", 0.4)]
        _, some = await kit.get("data", "/activity", user=user, market=kit.market(PLAIN))
        assert [(row["type"], row["usdcSize"]) for row in some] == [("TRADE", 2), ("TRADE", 5)]
        _, cut = await kit.get("data", "/activity", user=user, limit="1", offset="1")
        assert [row["asset"] for row in cut] == [kit.token(PLAIN)]
        assert await kit.get("data", "/trades", user="0x12") == (200, [])
        # A trade that failed on chain never was.
        trade_id = next(iter(kit.sim.trades.by_id))
        await kit.admin("/_sim/polymarket/trade", {"id": trade_id, "status": "FAILED"})
        _, takes = await kit.get("data", "/trades", user=user)
        assert [row["conditionId"] for row in takes] == [kit.market(PLAIN)]


async def test_positions_can_be_narrowed_and_tell_what_can_be_merged() -> None:
    async with running() as kit:
        tokens = {kit.token(PLAIN): usd(3), kit.token(PLAIN, 1): usd(2), kit.token(FREE): usd(1)}
        body = {"owner": kit.client.address, "tokens_e6": tokens}
        assert (await kit.admin("/_sim/polymarket/account", body))[0] == 200
        await kit.set_status(FREE, "resolved:1")
        user = kit.client.address
        for params, count in (
            ({}, 3),
            ({"market": kit.market(PLAIN)}, 2),
            ({"redeemable": "true"}, 1),
            ({"redeemable": "false"}, 2),
            ({"limit": "1"}, 1),
        ):
            _, rows = await kit.get("data", "/positions", user=user, **params)
            assert len(rows) == count
        _, rows = await kit.get("data", "/positions", user=user, market=kit.market(PLAIN))
        assert [row["mergeable"] for row in rows] == [True, True]
        _, (lost,) = await kit.get("data", "/positions", user=user, redeemable="true")
        assert (lost["curPrice"], lost["currentValue"], lost["mergeable"]) == (0, 0, False)


async def test_second_generation_wraps_rows_and_pages_by_cursor() -> None:
    async with running() as kit:
        await give(kit, {kit.token(pair): usd(1) for pair in (NEG, FREE, PLAIN)})
        params = {"user": kit.client.address, "limit": "2"}
        _, first = await kit.get("data", "/v2/positions", **params)
        assert first["pagination"] == {"has_more": True, "next_cursor": "2"}
        _, last = await kit.get("data", "/v2/positions", **params, cursor="2")
        assert last["pagination"] == {"has_more": False, "next_cursor": None}
        rows = first["data"] + last["data"]
        assert [row["condition_id"] for row in rows] == [
            kit.market(NEG),
            kit.market(FREE),
            kit.market(PLAIN),
        ]


async def test_second_generation_tells_cost_without_fees_and_value() -> None:
    async with running() as kit:
        await buy(kit, PLAIN)
        kit.rest(PLAIN, "bid", 4_500, 5)
        _, page = await kit.get("data", "/v2/positions", user=kit.client.address)
        (row,) = page["data"]
        assert (row["current_size"], row["avg_price"], row["entry_cost_usdc"]) == (10, 0.5, 5)
        assert (row["entry_fees_usdc"], row["current_value"], row["total_pnl"]) == (
            0.125,
            4.5,
            -0.5,
        )
        assert (row["percent_pnl"], row["status"], row["redeemable"]) == (-10, "OPEN", False)


@pytest.mark.parametrize(
    ("status", "pairs"),
    [
        ("", [NEG, FREE, PLAIN, PLAIN]),
        ("OPEN", [PLAIN, PLAIN]),
        ("REDEEMABLE", [NEG, FREE]),
        ("REDEEMABLE_LOST", [FREE]),
        ("MERGEABLE", [PLAIN, PLAIN]),
        ("CLOSED", []),
    ],
)
async def test_positions_are_filtered_by_status(status: str, pairs: list[int]) -> None:
    async with running() as kit:
        tokens = {kit.token(pair): usd(1) for pair in (NEG, FREE, PLAIN)}
        await give(kit, {**tokens, kit.token(PLAIN, 1): usd(2)})
        await kit.set_status(NEG, "resolved:0")
        await kit.set_status(FREE, "resolved:1")
        _, page = await kit.get("data", "/v2/positions", user=kit.client.address, status=status)
        assert [row["condition_id"] for row in page["data"]] == [kit.market(p) for p in pairs]


async def test_second_generation_lists_trades_and_activity() -> None:
    async with running() as kit:
        await buy(kit, FREE)
        await buy(kit, PLAIN)
        user = kit.client.address
        _, trades = await kit.get("data", "/v2/trades", user=user)
        assert [row["token_id"] for row in trades["data"]] == [kit.token(PLAIN), kit.token(FREE)]
        _, page = await kit.get("data", "/v2/activity", user=user, condition_id=kit.market(FREE))
        (row,) = page["data"]
        assert (row["type"], row["is_combo"], row["usdc_size"], row["proxy_wallet"]) == (
            "TRADE",
            False,
            5,
            user,
        )


@pytest.mark.parametrize(
    ("params", "types"),
    [
        ({}, ["REWARD", "TRADE"]),
        ({"type": "REWARD,DEPOSIT"}, ["REWARD"]),
        ({"exclude_deposits_withdrawals": "false"}, ["TRADE", "DEPOSIT", "REWARD"]),
        ({"type": "DEPOSIT,TIP", "exclude_deposits_withdrawals": "false"}, ["DEPOSIT", "TIP"]),
    ],
)
async def test_activity_is_listed_by_type(params: dict[str, str], types: list[str]) -> None:
    async with running() as kit:
        await buy(kit, FREE)
        user = kit.client.address
        wallet = kit.sim.wallets.get(user)
        assert wallet is not None
        for kind in ("REWARD", "DEPOSIT", "TIP"):
            kit.sim.note_act(wallet, kind, "", 5_000_000)
        _, page = await kit.get("data", "/v2/activity", user=user, **params)
        assert sorted(row["type"] for row in page["data"]) == sorted(types)


@pytest.mark.parametrize(("start", "end", "count"), [(0, 0, 1), (0, -1, 0), (1, 0, 0), (0, 1, 1)])
async def test_activity_is_listed_within_its_window(start: int, end: int, count: int) -> None:
    async with running() as kit:
        user = kit.client.address
        wallet = kit.sim.wallets.get(user)
        assert wallet is not None
        kit.sim.note_act(wallet, "REWARD", "", 5_000_000)
        ts_s = wallet.acts[0][3]
        window = {"start": str(ts_s + start), "end": str(ts_s + end)}
        _, page = await kit.get("data", "/v2/activity", user=user, **window)
        assert len(page["data"]) == count


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/v2/positions", {}),
        ("/v2/activity", {}),
        ("/v2/activity", {"user": "0x12", "type": "REDEEM,GIFT"}),
        ("/v2/positions", {"user": "0x12", "status": "LOST"}),
        ("/v2/positions", {"user": "0x12", "cursor": "next"}),
    ],
)
async def test_second_generation_refuses_what_it_cannot_read(
    path: str, params: dict[str, Any]
) -> None:
    async with running() as kit:
        assert (await kit.get("data", path, **params))[0] == 400
