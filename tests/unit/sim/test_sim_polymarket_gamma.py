"""Gamma's filters, order and pages, and the older lists."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.unit.sim.test_sim_polymarket_kit import CRYPTO, FREE, NEG, PLAIN, Kit, running
from twoleg.sim.polymarket.extras import extra_markets


async def pages(kit: Kit, path: str, **params: str) -> AsyncIterator[list[dict[str, Any]]]:
    """Yield the rows of every page."""
    name = path.split("/")[1]
    while True:
        status, page = await kit.get("gamma", path, **params)
        assert status == 200
        yield page[name]
        if "next_cursor" not in page:
            return
        params["after_cursor"] = page["next_cursor"]


@pytest.mark.parametrize(
    ("order", "field"),
    [
        ("", "id"),
        ("volume24hr", "volume24hr"),
        ("liquidityNum", "liquidityNum"),
        ("endDate,id", "id"),
        ("slug", "slug"),
        ("orderless,", None),
        ("volume_24hr", None),
    ],
)
@pytest.mark.parametrize("ascending", ["true", "false"])
async def test_pages_follow_the_order_asked_for(
    order: str, field: str | None, ascending: str
) -> None:
    async with running() as kit:
        params = {"limit": "4", "order": order, "ascending": ascending}
        if field is None:
            assert (await kit.get("gamma", "/markets/keyset", **params))[0] == 422
            return
        got = [rows async for rows in pages(kit, "/markets/keyset", **params)]
        assert [len(rows) for rows in got] == [4, 2]
        values = [row[field] for rows in got for row in rows]
        keys = [int(value) for value in values] if field == "id" else values
        assert keys == sorted(keys, reverse=ascending == "false")
        assert len(set(values)) == 6


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({"after_cursor": "?"}, 422),
        ({"after_cursor": "WzFd", "order": "endDate"}, 422),
        ({"offset": "0"}, 422),
        ({"liquidity_num_min": "much"}, 422),
        ({"end_date_max": "soon"}, 422),
        ({"end_date_max": "2030-01-01T00:00:00"}, 422),
        ({"condition_ids": ",".join(f"0x{n}" for n in range(101))}, 422),
        ({"active": "false", "archived": "true", "no_such": "thing", "limit": "1000"}, 200),
        ({"limit": "0"}, 200),
    ],
)
async def test_what_cannot_be_read_is_refused_and_what_is_unknown_ignored(
    params: dict[str, str], status: int
) -> None:
    async with running() as kit:
        got, page = await kit.get("gamma", "/markets/keyset", **params)
        assert got == status
        if status == 200:
            assert len(page["markets"]) == 6


async def test_filters_pick_markets() -> None:
    async with running(extra_markets=True) as kit:
        specs = {pair: kit.sim.markets[kit.market(pair)].spec for pair in (NEG, CRYPTO, PLAIN)}
        plain = specs[PLAIN]
        overdue = next(m for m in extra_markets(7) if "overdue" in m.question)
        wanted: list[tuple[dict[str, str], set[str]]] = [
            ({"id": plain.market_id}, {plain.condition_id}),
            ({"slug": plain.slug}, {plain.condition_id}),
            ({"question_ids": plain.question_id}, {plain.condition_id}),
            ({"clob_token_ids": plain.token_ids[1]}, {plain.condition_id}),
            ({"position_ids": plain.token_ids[1]}, set()),
            (
                {"condition_ids": f"{plain.condition_id},{specs[NEG].condition_id}"},
                {plain.condition_id, specs[NEG].condition_id},
            ),
            ({"volume_num_min": "250000"}, {specs[NEG].condition_id}),
            ({"volume_num_min": "249999", "volume_num_max": "249999"}, {kit.market(CRYPTO)}),
            ({"end_date_max": "2026-06-30T11:59:59Z"}, set()),
            ({"end_date_max": "2026-06-30T14:00:00+02:00"}, {overdue.condition_id}),
            ({"start_date_min": "2027-01-01T00:00:00+00:00"}, set()),
        ]
        for params, expected in wanted:
            _, page = await kit.get("gamma", "/markets/keyset", **params)
            assert {row["conditionId"] for row in page["markets"]} == expected
        for params, count in (
            ({"sports_market_types": "totals"}, 1),
            ({"game_id": "90002"}, 2),
            ({"tag_id": "2"}, 3),
            # All but a placeholder and the overdue one.
            ({"end_date_min": "2035-01-01T00:00:00Z"}, len(kit.sim.markets) - 2),
        ):
            _, page = await kit.get("gamma", "/markets/keyset", limit="100", **params)
            assert len(page["markets"]) == count
        _, page = await kit.get("gamma", "/markets/keyset", game_id="90002", include_tag="true")
        assert page["markets"][0]["tags"] == [{"id": "1", "label": "Sports", "slug": "sports"}]


async def test_repeated_parameters_add_up() -> None:
    async with running() as kit:
        url = f"{kit.urls['gamma']}/markets/keyset"
        query = [("condition_ids", kit.market(PLAIN)), ("condition_ids", kit.market(FREE))]
        async with kit.client.http.get(url, params=query) as response:
            assert len((await response.json())["markets"]) == 2
            assert response.headers["Cache-Control"] == "public, max-age=300"


@pytest.mark.parametrize(
    ("params", "titles"),
    [
        ({"tag_slug": "elections"}, ["Who will win the 2031 mayoral election?"]),
        ({"series_id": "10345"}, ["Hawks vs. Nets"]),
        ({"slug": "nba-hawks-nets"}, ["Hawks vs. Nets"]),
        ({"title_search": "HAWKS"}, ["Hawks vs. Nets"]),
        ({"id": "90001", "exclude_tag_id": "100"}, []),
        ({"id": "90001", "closed": "true"}, []),
    ],
)
async def test_filters_pick_events(params: dict[str, str], titles: list[str]) -> None:
    async with running(extra_markets=True) as kit:
        _, page = await kit.get("gamma", "/events/keyset", **params)
        assert [row["title"] for row in page["events"]] == titles


async def test_events_nest_closed_markets_until_all_are_closed() -> None:
    async with running(extra_markets=True) as kit:
        (event,) = [
            row
            async for rows in pages(kit, "/events/keyset", id="90002", limit="1")
            for row in rows
        ]
        ids = [row["conditionId"] for row in event["markets"]]
        for count, condition_id in enumerate(ids, start=1):
            body = {"market": condition_id, "status": "resolved:0"}
            await kit.admin("/_sim/market", body)
            _, page = await kit.get(
                "gamma", "/events/keyset", id="90002", closed=str(count == 2).lower()
            )
            nested = page["events"][0]["markets"]
            assert [row["closed"] for row in nested] == [True, count == 2]


async def test_older_lists_answer_with_a_warning() -> None:
    async with running() as kit:
        for path in ("/markets", "/events"):
            url = f"{kit.urls['gamma']}{path}"
            async with kit.client.http.get(url, params={"offset": "4", "limit": "5"}) as response:
                rows = await response.json()
                assert (len(rows), response.headers["deprecation"]) == (2, "true")
                assert "2026" in response.headers["sunset"]
            assert (await kit.get("gamma", path, offset="2001"))[0] == 422
            assert (await kit.get("gamma", path, offset="2000")) == (200, [])


async def test_single_events_and_search() -> None:
    async with running(extra_markets=True) as kit:
        _, event = await kit.get("gamma", "/events/90001")
        assert len(event["markets"]) == 4
        assert (await kit.get("gamma", "/events/1"))[0] == 404
        assert (await kit.get("gamma", "/events/slug/no"))[0] == 404
        _, found = await kit.get("gamma", "/public-search", q="mayoral ALICE")
        assert [row["id"] for row in found["events"]] == ["90001"]
        assert found["pagination"] == {"hasMore": False, "totalResults": 1}
        _, found = await kit.get("gamma", "/public-search", q="will", limit_per_type="1")
        assert (len(found["events"]), found["pagination"]["hasMore"]) == (1, True)
        assert (await kit.get("gamma", "/public-search"))[0] == 422


async def test_quotes_and_tick_can_lag_behind_the_book() -> None:
    async with running(gamma_lag_ms=300_000) as kit:
        slug = kit.sim.markets[kit.market(PLAIN)].spec.slug
        _, row = await kit.get("gamma", f"/markets/slug/{slug}")
        assert (row["bestBid"], row["bestAsk"], row["spread"]) == (0, 1, 1)
        kit.rest(PLAIN, "bid", 5_000, 5)
        await kit.admin("/_sim/polymarket/tick", {"market": kit.market(PLAIN), "tick_e4": 10})
        await kit.clock.advance(299_999)
        _, row = await kit.get("gamma", f"/markets/slug/{slug}")
        assert (row["bestBid"], row["orderPriceMinTickSize"]) == (0, 0.01)
        await kit.clock.advance(1)
        _, row = await kit.get("gamma", f"/markets/slug/{slug}")
        assert (row["bestBid"], row["orderPriceMinTickSize"]) == (0.5, 0.001)


async def test_market_rows_are_typed_as_the_venue_types_them() -> None:
    async with running() as kit:
        _, page = await kit.get("gamma", "/markets/keyset")
        for row in page["markets"]:
            for name in ("id", "conditionId", "questionID", "description", "groupItemTitle"):
                assert isinstance(row[name], str)
            for name in ("outcomes", "outcomePrices", "clobTokenIds"):
                assert len(json.loads(row[name])) == 2
            for name in ("active", "closed", "archived", "negRisk", "feesEnabled", "restricted"):
                assert isinstance(row[name], bool)
            for name in ("orderMinSize", "bestAsk", "spread", "volume24hr", "takerBaseFee"):
                assert isinstance(row[name], int | float)
            assert ("feeSchedule" in row) == row["feesEnabled"]
            assert row["events"][0]["negRiskMarketID"] == row["negRiskMarketID"]
