"""The invented catalogue on the wire: pages, single reads, changes, broken pages."""

import json
from typing import Any

import aiohttp
import pytest

from tests.unit.sim import kalshi_client
from tests.unit.sim.kalshi_client import Harness
from tests.unit.sim.test_sim_polymarket_kit import Kit, running
from twoleg.sim.catalogue.world import World

MARKETS = 650
SEED = 4
CATALOGUE: dict[str, Any] = {"catalogue": {"markets": MARKETS, "seed": SEED}}
# No position ids, which have a gap of zeros in the middle.
TOKENS = [str(3**160), str(7**90)]


async def kalshi_pages(kalshi: Harness, path: str, limit: int, **params: str) -> list[list[Any]]:
    pages: list[list[Any]] = []
    query = {"limit": str(limit), **params}
    while True:
        answer = await kalshi.get(path, **query)
        assert answer.status == 200, answer.text
        pages.append(answer.json[path.strip("/")])
        if not answer.json["cursor"]:
            return pages
        query["cursor"] = answer.json["cursor"]


async def gamma_pages(kit: Kit, path: str, **params: str) -> list[list[Any]]:
    pages: list[list[Any]] = []
    query = {"limit": "100", "closed": "false", **params}
    while True:
        status, body = await kit.get("gamma", path, **query)
        assert status == 200, body
        pages.append(body[path.split("/")[1]])
        if "next_cursor" not in body:
            return pages
        query["after_cursor"] = body["next_cursor"]


async def truth_of(session: aiohttp.ClientSession, root: str) -> list[dict[str, str]]:
    lines: list[dict[str, str]] = []
    after = "0"
    while after:
        url = f"{root}/_sim/catalogue/truth?after={after}&limit=300"
        async with session.get(url) as response:
            after = response.headers["X-Next-After"]
            lines += [json.loads(line) for line in (await response.text()).splitlines()]
    return lines


@pytest.mark.parametrize("limit", [100, 1_000])
async def test_kalshi_lists_the_traded_markets_and_then_each_row_once(limit: int) -> None:
    async with kalshi_client.running(**CATALOGUE) as kalshi:
        pages = await kalshi_pages(kalshi, "/markets", limit, status="open")
        tickers = [market["ticker"] for page in pages for market in page]
        world = World(SEED)
        assert tickers == [*kalshi.tickers, *(world.kalshi(row).ticker for row in range(MARKETS))]
        assert {len(page) for page in pages[:-1]} <= {limit}


async def test_kalshi_markets_have_their_fields() -> None:
    async with kalshi_client.running(**CATALOGUE) as kalshi:
        [markets] = await kalshi_pages(kalshi, "/markets", 1_000)
        by_kind = {market["ticker"].split("-")[0]: market for market in markets}
        total = by_kind["KXMLBTOTAL"]
        assert (total["strike_type"], total["floor_strike"]) in {("greater", 8.5), ("greater", 9.5)}
        assert total["occurrence_datetime"] < total["close_time"]
        assert total["rules_primary"]
        assert total["rules_secondary"]
        assert total["exchange_index"] == 3
        assert total["price_ranges"]
        legs = by_kind["KXMVESPORTSMULTIGAMEEXTENDED"]
        assert len(legs["mve_selected_legs"]) == 2
        plain = await kalshi_pages(kalshi, "/markets", 1_000, mve_filter="exclude")
        combos = await kalshi_pages(kalshi, "/markets", 1_000, mve_filter="only")
        assert len(plain[0]) + len(combos[0]) == len(markets)
        assert all("mve_selected_legs" in market for market in combos[0])


async def test_kalshi_events_and_series_of_all_rows() -> None:
    async with kalshi_client.running(**CATALOGUE) as kalshi:
        [markets] = await kalshi_pages(kalshi, "/markets", 1_000, mve_filter="exclude")
        events = [e for page in await kalshi_pages(kalshi, "/events", 150) for e in page]
        nested = await kalshi_pages(kalshi, "/events", 200, with_nested_markets="true")
        tickers = [event["event_ticker"] for event in events]
        assert tickers == list(dict.fromkeys(market["event_ticker"] for market in markets))
        inner = [m["ticker"] for page in nested for event in page for m in event["markets"]]
        assert inner == [market["ticker"] for market in markets]
        series = (await kalshi.get("/series")).json["series"]
        known = {one["ticker"] for one in series}
        assert {event["series_ticker"] for event in events} <= known
        for path, name in (
            (f"/events/{tickers[-1]}", "event"),
            (f"/series/{events[-1]['series_ticker']}", "series"),
            (f"/markets/{markets[-1]['ticker']}", "market"),
        ):
            answer = await kalshi.get(path)
            assert (answer.status, next(iter(answer.json))) == (200, name)


@pytest.mark.parametrize(
    ("params", "count"),
    [({"series_ticker": "KXMLBGAME"}, 10), ({"status": "closed"}, 0), ({"tickers": "?"}, 0)],
)
async def test_kalshi_filters_hold_for_rows(params: dict[str, str], count: int) -> None:
    async with kalshi_client.running(**CATALOGUE) as kalshi:
        found = [m for page in await kalshi_pages(kalshi, "/markets", 100, **params) for m in page]
        world = World(SEED)
        of_rows = [m for m in found if m["ticker"] not in kalshi.tickers]
        if "series_ticker" in params:
            rows = [world.kalshi(row) for row in range(MARKETS)]
            count = sum(draft.series == params["series_ticker"] for draft in rows)
            assert count
        assert len(of_rows) == count


async def test_kalshi_finds_rows_by_their_tickers() -> None:
    async with kalshi_client.running(**CATALOGUE) as kalshi:
        world = World(SEED)
        wanted = [world.kalshi(row).ticker for row in (3, 500, 649)]
        found = await kalshi.get("/markets", tickers=",".join([*wanted, kalshi.ticker]))
        assert {m["ticker"] for m in found.json["markets"]} == {*wanted, kalshi.ticker}
        event = world.kalshi(500).event_ticker
        of_event = await kalshi.get("/markets", event_ticker=event)
        assert wanted[1] in {m["ticker"] for m in of_event.json["markets"]}
        assert {m["event_ticker"] for m in of_event.json["markets"]} == {event}


async def test_a_changed_row_is_told_as_changed() -> None:
    async with kalshi_client.running(**CATALOGUE) as kalshi:
        ticker = World(SEED).kalshi(0).ticker
        now_s = kalshi.clock.now_ns() // 10**9
        since = {"min_updated_ts": str(now_s), "mve_filter": "exclude"}
        assert (await kalshi.get("/markets", **since)).json["markets"] == []
        await kalshi.admin(
            "POST",
            "catalogue/market",
            market=ticker,
            rules="New.",
            close_ts_s=2_000_000_000,
            shard=2,
        )
        [changed] = (await kalshi.get("/markets", **since)).json["markets"]
        assert changed["ticker"] == ticker
        assert changed["rules_primary"] == "New."
        assert changed["close_time"].startswith("2033-05-18")
        assert changed["exchange_index"] == 2
        await kalshi.admin("POST", "catalogue/market", market=ticker, status="closed")
        pages = await kalshi_pages(kalshi, "/markets", 1_000, status="open")
        assert ticker not in {market["ticker"] for market in pages[0]}
        market = (await kalshi.get(f"/markets/{ticker}")).json["market"]
        assert (market["status"], market["rules_primary"]) == ("closed", "New.")
        await kalshi.admin("POST", "catalogue/market", market=ticker, status="gone")
        assert (await kalshi.get(f"/markets/{ticker}")).status == 404


async def test_gamma_lists_the_traded_markets_and_then_each_row_once() -> None:
    async with running(**CATALOGUE) as kit:
        pages = await gamma_pages(kit, "/markets/keyset")
        ids = [int(market["id"]) for page in pages for market in page]
        assert ids == sorted(set(ids))
        assert len(ids) == MARKETS + 6
        assert {len(page) for page in pages[:-1]} == {100}
        events = [e for page in await gamma_pages(kit, "/events/keyset") for e in page]
        inner = [int(market["id"]) for event in events for market in event["markets"]]
        assert sorted(inner) == ids
        by_volume = await gamma_pages(kit, "/markets/keyset", order="volume24hr", ascending="false")
        assert sorted(int(m["id"]) for page in by_volume for m in page) == ids
        slugs = await gamma_pages(kit, "/markets/keyset", order="slug")
        assert sorted(int(m["id"]) for page in slugs for m in page) == ids


async def test_gamma_markets_have_their_fields() -> None:
    async with running(**CATALOGUE) as kit:
        markets = [m for page in await gamma_pages(kit, "/markets/keyset") for m in page]
        kinds = {market.get("sportsMarketType", ""): market for market in markets}
        spread = kinds["spreads"]
        assert spread["line"] < 0
        assert len(json.loads(spread["outcomes"])) == len(json.loads(spread["clobTokenIds"])) == 2
        assert spread["gameStartTime"]
        assert spread["groupItemTitle"]
        assert spread["description"]
        [parent] = spread["events"]
        assert parent["slug"]
        assert {market["negRisk"] for market in markets} == {True, False}
        assert len({market["conditionId"] for market in markets}) == len(markets)
        tokens = {token for market in markets for token in json.loads(market["clobTokenIds"])}
        assert len(tokens) == 2 * len(markets)


async def test_gamma_and_the_clob_know_a_row_by_its_id() -> None:
    async with running(**CATALOGUE) as kit:
        market = (await gamma_pages(kit, "/markets/keyset"))[3][0]
        for path, query in (
            ("/markets/keyset", {"condition_ids": market["conditionId"]}),
            ("/markets/keyset", {"id": market["id"]}),
        ):
            _, found = await kit.get("gamma", path, **query)
            assert [one["id"] for one in found["markets"]] == [market["id"]]
        _, old = await kit.get("gamma", "/markets", condition_ids=market["conditionId"])
        assert [one["id"] for one in old] == [market["id"]]
        assert (await kit.get("gamma", f"/markets/{market['id']}"))[1]["id"] == market["id"]
        status, compact = await kit.get("clob", f"/clob-markets/{market['conditionId']}")
        assert status == 200
        assert [one["t"] for one in compact["t"]] == json.loads(market["clobTokenIds"])
        other = (
            market["conditionId"][:-1] + "0123456789abcdef"[-1 - int(market["conditionId"][-1], 16)]
        )
        assert (await kit.get("clob", f"/clob-markets/{other}"))[0] == 404


async def test_a_changed_row_of_gamma() -> None:
    async with running(**CATALOGUE) as kit:
        market = (await gamma_pages(kit, "/markets/keyset"))[2][5]
        condition = market["conditionId"]

        async def change(**body: object) -> int:
            status, _ = await kit.admin("/_sim/catalogue/market", {"market": condition, **body})
            return status

        assert await change(rules="New.", title="Else?", token_ids=TOKENS) == 200
        _, found = await kit.get("gamma", f"/markets/{market['id']}")
        assert (found["description"], found["question"]) == ("New.", "Else?")
        assert json.loads(found["clobTokenIds"]) == TOKENS
        assert found["updatedAt"] != market["updatedAt"]
        assert await change(status="closed") == 200
        _, open_ones = await kit.get("gamma", "/markets/keyset", condition_ids=condition)
        _, closed = await kit.get(
            "gamma", "/markets/keyset", condition_ids=condition, closed="true"
        )
        assert (len(open_ones["markets"]), len(closed["markets"])) == (0, 1)
        assert await change(colour="blue") == 400
        assert (await kit.admin("/_sim/catalogue/market", {"market": "0x12"}))[0] == 400


async def test_both_venues_tell_one_truth() -> None:
    async with running(**CATALOGUE) as kit, kalshi_client.running(**CATALOGUE) as kalshi:
        ours = await truth_of(kalshi.session, kalshi.root)
        theirs = await truth_of(kalshi.session, kit.urls["clob"])
        shared = {json.dumps(line) for line in ours} & {json.dumps(line) for line in theirs}
        # 650 rows are the first cycle and a half of Polymarket, not quite so much of Kalshi.
        assert len(shared) > 300
        markets = [m for page in await gamma_pages(kit, "/markets/keyset") for m in page]
        by_condition = {market["conditionId"]: market for market in markets}
        relations = set()
        for line in map(json.loads, shared):
            relations.add(line["relation"])
            if line["relation"] == "different":
                continue
            market = by_condition[line["polymarket"]]
            at = json.loads(market["outcomes"]).index(line["label"])
            assert json.loads(market["clobTokenIds"])[at] == line["token"]
            assert ("same", "inverse")[at] == line["relation"]
        assert relations == {"same", "inverse", "different"}


async def test_without_the_option_there_is_no_catalogue() -> None:
    async with running() as kit, kalshi_client.running() as kalshi:
        assert await truth_of(kalshi.session, kalshi.root) == []
        assert (await kalshi.get("/markets/KXMLBGAME-X")).status == 404
        assert sum(map(len, await gamma_pages(kit, "/markets/keyset"))) == 6


async def test_a_page_of_a_crawl_can_break_in_every_way() -> None:
    prefix = "GET /trade-api/v2/markets"
    async with kalshi_client.running(**CATALOGUE) as kalshi:
        whole = await kalshi_pages(kalshi, "/markets", 100)
        for kind in ("http_500", "http_429", "bad_json", "cut_body"):
            rule = {"on": prefix, "kind": kind, "count": 2, "skip": 1}
            await kalshi.admin("POST", "faults", **rule)
            assert (await kalshi.get("/markets", limit="100")).json["markets"] == whole[0]
            for _ in range(2):
                if kind == "cut_body":
                    with pytest.raises(aiohttp.ClientPayloadError):
                        await kalshi.get("/markets", limit="100")
                elif kind == "bad_json":
                    with pytest.raises(json.JSONDecodeError):
                        await kalshi.get("/markets", limit="100")
                else:
                    status = (await kalshi.get("/markets", limit="100")).status
                    assert status == int(kind.removeprefix("http_"))
            assert (await kalshi.get("/markets", limit="100")).json["markets"] == whole[0]
            await kalshi.admin("DELETE", "faults")
