"""Scripted answers: refusals by name, and errors that say nothing about what happened."""

from typing import Any

import pytest

from tests.unit.sim.polymarket_people import usd
from tests.unit.sim.test_sim_polymarket_kit import FREE, Kit, running
from twoleg.sim.polymarket.scripts import ANSWERS

PATH = "/_sim/polymarket/answers"


async def buy(kit: Kit) -> tuple[int, Any]:
    return await kit.client.post(kit.token(FREE), "BUY", cash=usd(5), shares=usd(10), kind="FOK")


@pytest.mark.parametrize("name", sorted(set(ANSWERS) - {"cloudflare"}))
@pytest.mark.parametrize("when", ["before", "after"])
async def test_named_answer_comes_once_and_the_order_has_happened_or_not(
    name: str, when: str
) -> None:
    async with running() as kit:
        kit.rest(FREE, "ask", 5_000, 100)
        assert (await kit.admin(PATH, {"name": name, "when": when}))[0] == 200
        status, answer = await buy(kit)
        assert (status, answer) == (ANSWERS[name][0], {"error": ANSWERS[name][1]})
        _, page = await kit.client.call("GET", "/data/trades")
        assert page["count"] == (1 if when == "after" else 0)
        _, told = await kit.get("clob", PATH)
        (rule,) = told["answers"]
        assert (rule["fired"], len(rule["orders"])) == (1, 1)
        assert (rule["orders"][0] in kit.sim.engine.orders) is (when == "after")
        assert (await buy(kit))[0] == 200


async def test_killed_order_can_be_answered_with_an_error_of_the_server() -> None:
    async with running() as kit:
        await kit.admin(PATH, {"name": "fok_filled_or_killed", "when": "after"})
        assert await buy(kit) == (500, {"error": "FOK orders are filled or killed"})
        (record,) = kit.sim.engine.orders.values()
        assert record.status.startswith("CANCELED_order couldn't be fully filled")


async def test_refusal_of_one_order_of_a_batch_stands_among_the_answers() -> None:
    async with running() as kit:
        await kit.admin(PATH, {"name": "timed_out"})
        await kit.admin(PATH, {"name": "match_delayed"})
        bodies = [
            kit.client.body(kit.token(FREE), "BUY", cash=usd(5), shares=usd(10)) for _ in range(3)
        ]
        status, answers = await kit.client.call("POST", "/orders", bodies)
        assert (status, [answer["errorMsg"] for answer in answers]) == (
            200,
            ["order timed out", "order match delayed due to market conditions", ""],
        )


async def test_error_of_the_server_inside_a_batch_leaves_what_was_placed_before() -> None:
    async with running() as kit:
        await kit.admin(PATH, {"name": "could_not_insert", "when": "after"})
        bodies = [
            kit.client.body(kit.token(FREE), "BUY", cash=usd(5), shares=usd(10)) for _ in range(2)
        ]
        assert (await kit.client.call("POST", "/orders", bodies))[0] == 500
        _, page = await kit.client.call("GET", "/data/orders")
        assert page["count"] == 1


async def test_any_private_call_can_be_answered_otherwise_and_as_a_page() -> None:
    async with running() as kit:
        await kit.admin(
            PATH,
            {"name": "other", "on": "GET /data/orders", "status": 404, "error": "gone", "count": 0},
        )
        for _ in range(2):
            assert await kit.client.call("GET", "/data/orders") == (404, {"error": "gone"})
        assert (await kit.client.call("GET", "/data/trades"))[0] == 200
        await kit.client.http.delete(kit.urls["clob"] + PATH)
        assert (await kit.client.call("GET", "/data/orders"))[0] == 200
        await kit.admin(PATH, {"name": "cloudflare", "on": "DELETE /cancel-all", "when": "after"})
        url, headers = (
            kit.urls["clob"] + "/cancel-all",
            kit.client.headers("DELETE", "/cancel-all", ""),
        )
        async with kit.client.http.delete(url, headers=headers) as response:
            assert (response.status, response.content_type) == (403, "text/html")


async def test_success_can_carry_the_text_of_a_refusal() -> None:
    async with running() as kit:
        kit.rest(FREE, "ask", 5_000, 100)
        await kit.admin(
            PATH, {"name": "other", "status": 200, "error": "INVALID_ORDER_MIN_TICK_SIZE"}
        )
        status, answer = await buy(kit)
        assert (status, answer["success"], answer["orderID"]) == (200, True, "")
        assert answer["errorMsg"] == "INVALID_ORDER_MIN_TICK_SIZE"
        assert kit.sim.engine.orders == {}


async def test_too_many_requests_says_when_to_come_back() -> None:
    async with running() as kit:
        await kit.admin(PATH, {"name": "too_many_requests", "on": "GET /data/orders"})
        headers = kit.client.headers("GET", "/data/orders", "")
        async with kit.client.http.get(
            kit.urls["clob"] + "/data/orders", headers=headers
        ) as answer:
            assert (answer.status, answer.headers["Retry-After"]) == (429, "1")


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ({"name": "party"}, "name must be other or one of"),
        ({"name": "other", "status": 500}, "other needs a status"),
        ({"name": "other", "status": 302, "error": "x"}, "other needs a status"),
        ({"name": "timed_out", "on": "orders"}, "on must be"),
        ({"name": "timed_out", "when": "never"}, "when must be"),
        ({"name": "timed_out", "count": -1}, "count must be"),
        ({"name": "timed_out", "share": 1}, "unknown field 'share'"),
    ],
)
async def test_rule_that_makes_no_sense_is_named(rule: dict[str, object], text: str) -> None:
    async with running() as kit:
        status, answer = await kit.admin(PATH, rule)
        assert (status, text in answer["error"]) == (400, True)
