from typing import Any

import pytest

from tests.unit.sim.kalshi_client import ORDERS, Answer, Harness, running

SUBACCOUNTS = "/portfolio/subaccounts"


def transfer_id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


async def open_one(kalshi: Harness) -> Answer:
    return await kalshi.call("POST", SUBACCOUNTS, json={})


async def move(kalshi: Harness, cents: int, number: int = 1, **more: Any) -> Answer:
    body = {
        "client_transfer_id": transfer_id(number),
        "from_subaccount": 0,
        "to_subaccount": 1,
        "amount_cents": cents,
        **more,
    }
    return await kalshi.call("POST", f"{SUBACCOUNTS}/transfer", json=body)


async def test_opening_a_subaccount_needs_the_advanced_tier() -> None:
    async with running() as kalshi:
        answer = await open_one(kalshi)
        code = "subaccount_creation_requires_advanced_api_usage_level"
        assert (answer.status, answer.code) == (403, code)
        unknown = await kalshi.create("bid", "0.4000", subaccount=1)
        assert (unknown.status, unknown.code) == (400, "invalid_parameters")


async def test_subaccounts_are_numbered_up_to_sixty_three() -> None:
    async with running(tier="advanced") as kalshi:
        numbers = [(await open_one(kalshi)).json["subaccount_number"] for _ in range(63)]
        assert numbers == list(range(1, 64))
        one_more = await open_one(kalshi)
        assert (one_more.status, one_more.code) == (400, "invalid_parameters")


async def test_cash_moves_between_subaccounts_of_one_shard() -> None:
    async with running(tier="advanced", accounts={"default": {"0": 10_000_000, "2": 0}}) as kalshi:
        await open_one(kalshi)
        assert (await move(kalshi, 400)).status == 200
        balances = (await kalshi.get(f"{SUBACCOUNTS}/balances")).json["subaccount_balances"]
        assert [(b["subaccount_number"], b["exchange_index"], b["balance"]) for b in balances] == [
            (0, 0, "6.0000"),
            (0, 2, "0.0000"),
            (1, 0, "4.0000"),
        ]
        again = await move(kalshi, 400)
        assert (again.status, again.code) == (409, "transfer_already_exists")
        poor = await move(kalshi, 601, 2)
        assert (poor.status, poor.code) == (400, "insufficient_balance")
        back = await move(kalshi, 100, 3, from_subaccount=1, to_subaccount=0)
        assert back.status == 200
        listed = (await kalshi.get(f"{SUBACCOUNTS}/transfers", limit="1")).json
        assert listed["transfers"] == [
            {
                "transfer_id": transfer_id(3),
                "from_subaccount": 1,
                "to_subaccount": 0,
                "amount_cents": 100,
                "created_ts": 1_790_000_000,
                "exchange_index": 0,
            }
        ]
        assert listed["cursor"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"client_transfer_id": ""}, "missing_parameters"),
        ({"client_transfer_id": "x"}, "invalid_parameters"),
        ({"amount_cents": 0}, "invalid_parameters"),
        ({"amount_cents": -5}, "invalid_parameters"),
        ({"amount_cents": "5"}, "bad_request"),
        ({"to_subaccount": 0}, "invalid_parameters"),
        ({"to_subaccount": 2}, "invalid_parameters"),
        ({"to_subaccount": 64}, "invalid_parameters"),
        ({"exchange_index": 2}, "insufficient_balance"),
    ],
)
async def test_transfer_that_cannot_be_is_refused(changes: dict, code: str) -> None:
    async with running(tier="advanced") as kalshi:
        await open_one(kalshi)
        answer = await move(kalshi, 5, **changes)
        assert (answer.status, answer.code) == (400, code)


async def test_orders_and_positions_belong_to_their_subaccount() -> None:
    async with running(tier="advanced") as kalshi:
        await open_one(kalshi)
        await move(kalshi, 600)
        await kalshi.rest("ask", 5000, 50)
        poor = await kalshi.create("bid", "0.5000", "20.00", subaccount=1)
        assert (poor.status, poor.code) == (400, "insufficient_balance")
        await kalshi.create("bid", "0.5000", "2.00", subaccount=1)
        await kalshi.create("bid", "0.5000", "3.00")

        async def position(**params: str) -> str:
            answer = await kalshi.get("/portfolio/positions", **params)
            return str(answer.json["market_positions"][0]["position_fp"])

        assert [await position(), await position(subaccount="1")] == ["3.00", "2.00"]
        fills = (await kalshi.get("/portfolio/fills")).json["fills"]
        assert [fill["subaccount_number"] for fill in fills] == [0, 1]
        one = (await kalshi.get("/portfolio/fills", subaccount="1")).json["fills"]
        assert [fill["count_fp"] for fill in one] == ["2.00"]
        orders = (await kalshi.get("/portfolio/orders", subaccount="0")).json["orders"]
        assert [order["subaccount_number"] for order in orders] == [0]
        wrong_way = await kalshi.create("ask", "0.0100", subaccount=1, reduce_only=True)
        assert wrong_way.json["fill_count"] == "0.00"
        accounts = (await kalshi.admin("GET", "ledger"))["accounts"]
        assert accounts["default/1"]["positions_e6"] == {kalshi.ticker: 2_000_000}


async def test_cancels_and_changes_need_the_subaccount_of_the_order() -> None:
    async with running(tier="advanced") as kalshi:
        await open_one(kalshi)
        await move(kalshi, 600)
        mine = await kalshi.place("bid", "0.4000", subaccount=1)
        path, sub = f"{ORDERS}/{mine}", {"subaccount": "1"}
        assert (await kalshi.call("DELETE", path)).code == "not_found"
        assert (await kalshi.decrease(mine, reduce_by="1.00")).code == "not_found"
        assert (await kalshi.decrease(mine, reduce_by="1.00", params=sub)).status == 200
        assert (await kalshi.amend(mine, price="0.3900", subaccount=1)).status == 200
        assert (await kalshi.call("DELETE", path, params=sub)).status == 200


@pytest.mark.parametrize(("params", "left"), [({}, []), ({"subaccount": "1"}, [0])])
async def test_cancel_all_is_of_one_subaccount_or_of_all(params: dict, left: list[int]) -> None:
    async with running(tier="advanced") as kalshi:
        await open_one(kalshi)
        await move(kalshi, 600)
        for number in (0, 1):
            await kalshi.place("bid", "0.4000", subaccount=number)
        await kalshi.call("DELETE", ORDERS, params=params)
        for number in (0, 1):
            await kalshi.place("bid", "0.3900", subaccount=number)
        resting = (await kalshi.get("/portfolio/orders", status="resting")).json["orders"]
        assert [row["subaccount_number"] for row in resting] == left * 2


@pytest.mark.parametrize(
    ("kind", "fill", "resting"), [("taker_at_cross", "0.00", 1), ("maker", "0.00", 0)]
)
async def test_self_trade_prevention_works_across_subaccounts(
    kind: str, fill: str, resting: int
) -> None:
    async with running(tier="advanced") as kalshi:
        await open_one(kalshi)
        await move(kalshi, 600)
        await kalshi.place("ask", "0.5000", "5.00", subaccount=1)
        taker = await kalshi.create("bid", "0.5000", "5.00", self_trade_prevention_type=kind)
        assert taker.json["fill_count"] == fill
        rows = (await kalshi.get("/portfolio/orders", status="resting")).json["orders"]
        assert len(rows) == resting


async def test_group_belongs_to_one_subaccount() -> None:
    async with running(tier="advanced") as kalshi:
        await open_one(kalshi)
        await move(kalshi, 600)
        body = {"contracts_limit": 5, "subaccount": 1}
        answer = await kalshi.call("POST", "/portfolio/order_groups/create", json=body)
        assert answer.json["subaccount"] == 1
        group = {"order_group_id": answer.json["order_group_id"]}
        assert (await kalshi.create("bid", "0.4", **group)).code == "order_group_not_found"
        assert (await kalshi.create("bid", "0.4", subaccount=1, **group)).status == 201


async def test_client_order_ids_are_the_members_not_the_subaccounts() -> None:
    async with running(tier="advanced") as kalshi:
        await open_one(kalshi)
        await move(kalshi, 600)
        await kalshi.create("bid", "0.4", client_order_id="one")
        again = await kalshi.create("bid", "0.4", client_order_id="one", subaccount=1)
        assert again.code == "order_already_exists"
