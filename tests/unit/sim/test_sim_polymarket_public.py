"""The CLOB's public side over HTTP: quotes by the hundred, lists of markets, history, the door."""

import asyncio
import base64
from typing import Any

import pytest

from tests.unit.sim.test_sim_polymarket_kit import CRYPTO, FREE, NEG, PLAIN, Kit, running

NOW_S = 1_790_000_000


def two_sided(kit: Kit, pair: int) -> None:
    kit.rest(pair, "bid", 5_100, 10)
    kit.rest(pair, "ask", 5_400, 20)


@pytest.mark.parametrize(
    ("meaning", "buy", "sell"), [("taker", "0.54", "0.51"), ("resting", "0.51", "0.54")]
)
async def test_side_of_a_price_means_what_the_option_says(
    meaning: str, buy: str, sell: str
) -> None:
    async with running(price_side=meaning) as kit:
        two_sided(kit, PLAIN)
        yes = kit.token(PLAIN)
        for side, price in (("BUY", buy), ("sell", sell)):
            answer = await kit.get("clob", "/price", token_id=yes, side=side)
            assert answer == (200, {"price": price})
        asked = [{"token_id": yes, "side": "BUY"}, {"token_id": yes, "side": "SELL"}]
        assert await kit.post("/prices", asked) == (200, {yes: {"BUY": buy, "SELL": sell}})
        assert (await kit.get("clob", "/price", token_id=yes))[0] == 400


async def test_lists_by_token_leave_out_what_has_no_book() -> None:
    async with running() as kit:
        two_sided(kit, PLAIN)
        await kit.set_status(NEG, "closed")
        yes, no, closed, empty = (
            kit.token(PLAIN), kit.token(PLAIN, 1), kit.token(NEG), kit.token(FREE),
        )  # fmt: skip
        asked = [{"token_id": token} for token in (no, yes, closed, empty, "12", "x")]
        assert await kit.post("/midpoints", asked) == (200, {yes: "0.525", no: "0.475"})
        assert await kit.post("/spreads", asked) == (200, {yes: "0.03", no: "0.03"})
        _, books = await kit.post("/books", asked)
        # The order is not that of the request.
        assert [book["asset_id"] for book in books] == [empty, yes, no]
        kit.sim.take(kit.market(PLAIN), "ask", 5_100, 1_000_000)
        _, rows = await kit.post("/last-trades-prices", asked)
        assert {row["token_id"]: (row["price"], row["side"]) for row in rows} == {
            yes: ("0.51", "SELL"), no: ("0.51", "SELL"),
        }  # fmt: skip


@pytest.mark.parametrize(
    "path", ["/books", "/prices", "/midpoints", "/spreads", "/last-trades-prices"]
)
@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "Invalid payload"),
        (["1"], "Invalid payload"),
        ([{"token_id": "1"}] * 501, "Payload exceeds the limit"),
    ],
)
async def test_lists_by_token_refuse_what_they_cannot_serve(
    path: str, body: object, error: str
) -> None:
    async with running() as kit:
        assert await kit.post(path, body) == (400, {"error": error})


async def test_books_cannot_be_asked_for_by_get() -> None:
    async with running() as kit:
        assert (await kit.get("clob", "/books", token_id=kit.token(PLAIN)))[0] == 400


@pytest.mark.parametrize("path", ["/book", "/midpoint", "/spread", "/tick-size", "/fee-rate"])
@pytest.mark.parametrize(
    ("token_id", "status", "error"),
    [
        ("", 400, "Invalid token id"),
        ("0x12", 400, "Invalid token id"),
        ("12", 404, "No orderbook exists for the requested token id"),
    ],
)
async def test_unknown_tokens_are_told_from_nonsense(
    path: str, token_id: str, status: int, error: str
) -> None:
    async with running() as kit:
        assert await kit.get("clob", path, token_id=token_id) == (status, {"error": error})


@pytest.mark.parametrize("side", ["bid", "ask"])
async def test_one_sided_book_has_no_midpoint(side: str) -> None:
    async with running() as kit:
        kit.rest(PLAIN, side, 5_000, 5)
        for path in ("/midpoint", "/spread"):
            assert (await kit.get("clob", path, token_id=kit.token(PLAIN)))[0] == 404


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/markets", "question"),
        ("/simplified-markets", "rewards"),
        ("/sampling-markets", "minimum_tick_size"),
        ("/sampling-simplified-markets", "tokens"),
    ],
)
async def test_lists_of_markets_are_paged_by_cursor(path: str, field: str) -> None:
    async with running(clob_page=4) as kit:
        cursor, seen, counts = "MA==", [], []
        while cursor != "LTE=":
            _, page = await kit.get("clob", path, next_cursor=cursor)
            assert page["limit"] == 4
            counts.append(page["count"])
            seen += page["data"]
            cursor = page["next_cursor"]
        assert counts == [4, 2]
        assert [row["condition_id"] for row in seen] == list(kit.sim.markets)
        assert all(field in row for row in seen)
        _, beyond = await kit.get("clob", path, next_cursor="LTE=")
        assert (beyond["data"], beyond["next_cursor"]) == ([], "LTE=")
        _, first = await kit.get("clob", path)
        assert base64.b64decode(first["next_cursor"]) == b"4"
        assert (await kit.get("clob", path, next_cursor="?"))[0] == 400


async def test_only_open_markets_are_sampled_and_winners_are_marked() -> None:
    async with running() as kit:
        await kit.set_status(PLAIN, "resolved:1")
        _, sampling = await kit.get("clob", "/sampling-markets")
        assert kit.market(PLAIN) not in [row["condition_id"] for row in sampling["data"]]
        _, page = await kit.get("clob", "/simplified-markets")
        row = next(row for row in page["data"] if row["condition_id"] == kit.market(PLAIN))
        assert [token["winner"] for token in row["tokens"]] == [False, True]
        assert (row["closed"], row["accepting_orders"]) == (True, False)


@pytest.mark.parametrize("omits", [True, False])
async def test_compact_market_leaves_out_what_is_false_or_free(*, omits: bool) -> None:
    async with running(compact_omits_false=omits) as kit:
        _, neg = await kit.get("clob", f"/clob-markets/{kit.market(NEG)}")
        _, free = await kit.get("clob", f"/clob-markets/{kit.market(FREE)}")
        assert (neg["nr"], neg["fd"]["r"], neg["mos"], neg["ao"]) == (True, 0.05, 5, True)
        assert {"itode", "cbos", "rfqe"} & set(neg) == (
            set() if omits else {"itode", "cbos", "rfqe"}
        )
        assert not {"nr", "fd", "gst"} & set(free)
        assert neg["t"] == [
            {"t": kit.token(NEG), "o": "Yes"},
            {"t": kit.token(NEG, 1), "o": "No"},
        ]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"interval": "max"}, [(0, 0.5), (59, 0.55), (120, 0.6)]),
        ({"interval": "1h", "fidelity": "1"}, [(59, 0.55), (120, 0.6)]),
        ({"startTs": str(NOW_S + 59), "endTs": str(NOW_S + 60)}, [(59, 0.55)]),
        ({"startTs": str(NOW_S), "endTs": str(NOW_S + 119), "fidelity": "5"}, [(59, 0.55)]),
    ],
)
async def test_history_samples_the_middle_price(
    params: dict[str, str], expected: list[tuple[int, float]]
) -> None:
    async with running() as kit:
        two_sided_at = [(0, 4_900, 5_100), (59, 5_400, 5_600), (120, 5_900, 6_100)]
        for ts_s, bid_e4, ask_e4 in two_sided_at:
            await kit.clock.advance((ts_s * 1_000) - (kit.clock.monotonic_ns() // 1_000_000))
            kit.sim.clear(kit.market(PLAIN))
            kit.rest(PLAIN, "bid", bid_e4, 5)
            kit.rest(PLAIN, "ask", ask_e4, 5)
        if params.get("interval") == "1h":
            await kit.clock.advance(3_599_000 - 120_000 + 60_000)
        _, body = await kit.get("clob", "/prices-history", market=kit.token(PLAIN), **params)
        assert [(row["t"] - NOW_S, row["p"]) for row in body["history"]] == expected
        _, other = await kit.get("clob", "/prices-history", market=kit.token(PLAIN, 1), **params)
        assert [row["p"] for row in other["history"]] == [
            pytest.approx(1 - price) for _, price in expected
        ]


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"market": "x", "interval": "max"},
        {"market": "1"},
        {"market": "1", "interval": "2y"},
        {"market": "1", "startTs": "soon", "endTs": "1"},
    ],
)
async def test_history_needs_a_token_and_a_time(params: dict[str, str]) -> None:
    async with running() as kit:
        assert (await kit.get("clob", "/prices-history", **params))[0] == 400


async def test_probe_tells_where_one_is_and_can_be_changed() -> None:
    async with running(geo_country="FR", geo_region="IDF", geo_blocked=True) as kit:
        assert await kit.get("site", "/api/geoblock") == (
            200,
            {"blocked": True, "ip": "127.0.0.1", "country": "FR", "region": "IDF"},
        )
        body = {"blocked": False, "country": "IE"}
        assert (await kit.admin("/_sim/polymarket/geoblock", body))[0] == 200
        _, probe = await kit.get("site", "/api/geoblock")
        assert (probe["blocked"], probe["country"]) == (False, "IE")


@pytest.mark.parametrize(("refuses", "status"), [(True, 403), (False, 200)])
async def test_default_agent_of_urllib_meets_a_page(*, refuses: bool, status: int) -> None:
    async with running(refuses_urllib=refuses) as kit:
        headers = {"User-Agent": "Python-urllib/3.11"}
        async with kit.client.http.get(f"{kit.urls['clob']}/ok", headers=headers) as response:
            assert response.status == status
            assert (response.content_type == "text/html") == refuses


async def test_excess_of_one_address_is_held_back_for_ten_seconds() -> None:
    async with running(ip_limits="delay") as kit:
        params: dict[str, Any] = {"token_id": kit.token(PLAIN)}
        for _ in range(200):
            assert (await kit.get("clob", "/tick-size", **params))[0] == 200
        async with kit.client.http.get(f"{kit.urls['clob']}/ok") as other:
            assert other.status == 200
        async with asyncio.TaskGroup() as group:
            task = group.create_task(kit.get("clob", "/tick-size", **params))
            await kit.clock.wait_for_sleeper(10.0)
            assert not task.done()
            await kit.clock.advance(10_000)
        assert task.result()[0] == 200


async def test_excess_can_be_refused_instead() -> None:
    async with running(ip_limits="reject") as kit:
        statuses = [
            (await kit.get("clob", "/tick-size", token_id=kit.token(CRYPTO)))[0] for _ in range(201)
        ]
        assert (statuses[:200], statuses[200]) == ([200] * 200, 429)
        await kit.clock.advance(10_000)
        assert (await kit.get("clob", "/tick-size", token_id=kit.token(CRYPTO)))[0] == 200
