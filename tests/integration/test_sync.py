"""The markets of both simulated venues in a real database, whatever happens on the way."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from tests.support.catalogue import (
    MODE,
    Ground,
    HastyClock,
    MeddledSources,
    change_rows,
    ground,
    has_cursor,
    is_named,
    is_page,
    refuse,
)
from twoleg.catalogue.source import ATTEMPTS_MAX, read_terms
from twoleg.catalogue.sync import sync_all
from twoleg.core.fingerprint import rules_fingerprint
from twoleg.core.market import Market, Venue
from twoleg.storage.catalogue import CatalogueStore
from twoleg.storage.database import Database
from twoleg.venues.kalshi.catalogue import KalshiCatalogue
from twoleg.venues.kalshi.http import KalshiHttp
from twoleg.venues.polymarket.catalogue import PolymarketCatalogue
from twoleg.venues.polymarket.options import PolymarketOptions, PolymarketUrls
from twoleg.venues.transport import HttpExchange, make_session

from tests.unit.venues.polymarket.support import LoopNetwork  # isort: skip

K, P = Venue.KALSHI, Venue.POLYMARKET
LISTS = {K: "/markets", P: "/markets/keyset"}


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twoleg.venues.kalshi.crawl.PAGE_ROWS", 5)
    monkeypatch.setattr("twoleg.venues.polymarket.gamma.PAGE_ITEMS_MAX", 5)


async def content(found: Ground, venue: Venue) -> dict[str, bytes]:
    """What the catalogue says of every market, without when it was said."""
    return {key: msgspec.json.encode(row) for key, row in (await found.rows(venue)).items()}


async def read_as_the_daemon(found: Ground, venue: Venue, native_id: str) -> Market:
    async with make_session(LoopNetwork()) as session:
        http = HttpExchange(session, venue=venue.value)
        if venue is K:
            url = found.settings.kalshi.rest_url
            door = KalshiHttp(exchange=http, base_url=url, clock=HastyClock())
            return await KalshiCatalogue(http=door, clock=HastyClock()).read_market(native_id)
        gamma = found.settings.polymarket.gamma_url
        catalogue = PolymarketCatalogue(
            http=http,
            urls=PolymarketUrls(gamma=gamma, clob=gamma.removesuffix("/gamma")),
            options=PolymarketOptions(),
        )
        labels = (await found.rows(venue))[native_id].tokens
        is_plain = set(labels) == {"Yes", "No"}
        first, second = ("Yes", "No") if is_plain else tuple(labels)
        return await catalogue.read_market(native_id, (first, second))


async def test_all_markets_of_both_venues_are_stored_once(database: Database) -> None:
    async with ground(database) as found:
        reports = await found.sync()
        for venue, sim in found.sims.items():
            assert set(await found.rows(venue)) == set(sim.markets)
            told = (reports[venue].rows, reports[venue].new, reports[venue].changed)
            assert told == (12, 12, 0)
            assert not reports[venue].error
        before = {venue: await content(found, venue) for venue in Venue}
        again = await found.sync()
        assert {venue: await content(found, venue) for venue in Venue} == before
        for report in again.values():
            assert (report.rows, report.new, report.changed, report.gone) == (12, 0, 0, 0)


@pytest.mark.parametrize("venue", Venue, ids=lambda v: v.value)
async def test_terms_and_fingerprint_are_those_of_the_daemon(
    database: Database, venue: Venue
) -> None:
    async with ground(database) as found:
        await found.sync(venue)
        rows = await found.rows(venue)
        assert len({len(row.tokens) for row in rows.values()}) == 1
        # Each asks for several things, and who asks too fast is refused.
        for native_id, row in list(rows.items())[::3]:
            theirs, ours = await read_as_the_daemon(found, venue, native_id), read_terms(row)
            assert ours is not None
            assert row.rules_fingerprint == rules_fingerprint(theirs)
            if not ours.yes_token:
                # Labels other than Yes and No: whoever pairs the market says which is which.
                assert {theirs.yes_token, theirs.no_token} == (set(row.tokens.values()) or {""})
                theirs = msgspec.structs.replace(theirs, yes_token="", no_token="")
            assert ours == theirs
            assert (row.shard, row.close_ts_ms) == (theirs.shard, theirs.close_ts_ms)


def cut(url: str, answer: Any) -> Any:
    status, headers, body = answer
    return status, headers, body[:-7] if has_cursor(url) else body


BROKEN = {
    "cut": cut,
    "html": refuse(200, has_cursor, body=b"<html>"),
    "500": refuse(500, has_cursor),
    "503": refuse(503, has_cursor),
}


@pytest.mark.parametrize("venue", Venue, ids=lambda v: v.value)
@pytest.mark.parametrize("kind", BROKEN)
async def test_a_broken_page_leaves_its_place_and_the_next_sync_goes_on(
    database: Database, venue: Venue, kind: str
) -> None:
    async with ground(database) as found:
        found.hooks.append(BROKEN[kind])
        [failed] = (await found.sync(venue)).values()
        assert "markets: " in failed.error
        assert failed.rows == 5
        broken = [url for url in found.asked if has_cursor(url) and is_page(url, LISTS[venue])]
        assert len(broken) == ATTEMPTS_MAX
        assert len(await found.rows(venue)) == 5
        found.hooks.clear()
        found.asked.clear()
        [resumed] = (await found.sync(venue)).values()
        assert (resumed.resumed, resumed.error, resumed.rows, resumed.new) == (True, "", 7, 7)
        assert (resumed.gone, resumed.changed) == (0, 0)
        assert all(has_cursor(url) for url in found.asked if is_page(url, LISTS[venue]))
        assert set(await found.rows(venue)) == set(found.sims[venue].markets)


async def test_one_venue_in_trouble_does_not_hold_up_the_other(database: Database) -> None:
    async with ground(database) as found:
        found.hooks.append(refuse(500, lambda url: "keyset" in url))
        reports = await found.sync()
        assert (reports[K].error, reports[K].rows) == ("", 12)
        assert "http_500" in reports[P].error
        row = await found.connection.fetchrow(
            "SELECT state, error FROM twoleg.catalogue_crawl WHERE venue = 'polymarket'"
        )
        assert (row["state"], row["error"]) == ("failed", reports[P].error)


async def test_a_storm_of_429_costs_time_and_nothing_else(database: Database) -> None:
    async with ground(database) as found:
        left = {K: 20, P: 20}

        def storm(url: str) -> bool:
            venue = P if "gamma" in url else K
            left[venue] -= 1
            # Three of four.
            return left[venue] > 0 and left[venue] % 4 != 0

        found.hooks.append(refuse(429, storm, retry_after_s=1))
        reports = await found.sync()
        assert [report.error for report in reports.values()] == ["", ""]
        assert {report.rows for report in reports.values()} == {12}
        for venue, sim in found.sims.items():
            assert set(await found.rows(venue)) == set(sim.markets)


@pytest.mark.parametrize(
    ("venue", "path"),
    [(K, "/trade-api/v2/series"), (K, "/trade-api/v2/markets"), (P, "/gamma/markets/keyset")],
)
async def test_a_page_that_stalls_is_asked_for_again(
    database: Database, venue: Venue, path: str
) -> None:
    async with ground(database) as found:
        stall = {"on": f"GET {path}", "kind": "delay", "delay_ms": 3_600_000, "count": 1}
        found.sims[venue].faults.add([stall])
        [report] = (await found.sync(venue, silence_ms_max=500)).values()
        assert (report.error, report.rows, report.new) == ("", 12, 12)
        assert found.sims[venue].faults.report()["fired"] == {"delay": 1}
        assert set(await found.rows(venue)) == set(found.sims[venue].markets)


async def test_a_stale_cursor_begins_the_list_anew(database: Database) -> None:
    async with ground(database) as found:
        found.hooks.append(refuse(500, has_cursor))
        await found.sync(P)
        refusals = iter([True])
        found.hooks[:] = [refuse(422, lambda url: has_cursor(url) and next(refusals, False))]
        [report] = (await found.sync(P)).values()
        assert (report.error, report.rows, report.new, report.gone) == ("", 12, 7, 0)


TEXTS: dict[Venue, tuple[str, Callable[[dict[str, Any]], Any]]] = {
    K: ("rules_primary", lambda row: row["ticker"]),
    P: ("description", lambda row: row["conditionId"]),
}


@pytest.mark.parametrize("venue", Venue, ids=lambda v: v.value)
async def test_a_changed_rule_text_keeps_its_history_and_disarms(
    database: Database, venue: Venue
) -> None:
    async with ground(database) as found:
        await found.sync()
        pair = found.sims[K].world.pairs[3]
        kalshi, polymarket = pair.kalshi.ticker, pair.polymarket.condition_id
        other = found.sims[K].world.pairs[4]
        await found.arm("m-hit", kalshi, polymarket)
        await found.arm("m-approved", kalshi, polymarket, state="approved")
        await found.arm("m-candidate", kalshi, polymarket, state="candidate")
        await found.arm("file", kalshi, polymarket, origin="file")
        await found.arm("m-other", other.kalshi.ticker, other.polymarket.condition_id)
        told = asyncio.Event()
        await found.connection.add_listener("twoleg_pairs", lambda *_: told.set())
        native_id = kalshi if venue is K else polymarket
        before = (await found.rows(venue))[native_id]
        field, name_of = TEXTS[venue]

        def change(rows: list[Any]) -> list[Any]:
            return [
                {**row, field: row[field] + " Ties void."} if name_of(row) == native_id else row
                for row in rows
            ]

        found.hooks.append(change_rows(LISTS[venue], change))
        report = (await found.sync())[venue]
        assert (report.changed, report.texts_changed, report.disarmed) == (1, 1, 2)
        assert await found.pair("m-hit") == ("disarmed", "rules_changed")
        assert await found.pair("m-approved") == ("disarmed", "rules_changed")
        for untouched in ("m-candidate", "file", "m-other"):
            assert (await found.pair(untouched))[1] == ""
        await asyncio.wait_for(told.wait(), 5)
        history = await found.store.text_history(venue, native_id)
        after = (await found.rows(venue))[native_id]
        assert [text.rules for text in history] == [before.rules, after.rules]
        assert [text.rules_fingerprint for text in history] == [
            before.rules_fingerprint,
            after.rules_fingerprint,
        ]
        events = await found.connection.fetch(
            "SELECT pair_id, from_state, to_state, actor, reason FROM twoleg.pair_event ORDER BY 1"
        )
        assert [tuple(event) for event in events] == [
            ("m-approved", "approved", "disarmed", "sync", "rules_changed"),
            ("m-hit", "armed", "disarmed", "sync", "rules_changed"),
        ]
        # Back to the old text: the history holds each once.
        found.hooks.clear()
        await found.sync(venue)
        assert await found.store.text_history(venue, native_id) == history
        await found.connection.reset(timeout=5)


async def test_what_the_list_no_longer_shows_is_gone(database: Database) -> None:
    async with ground(database) as found:
        await found.sync()
        gone, paused, free = (found.sims[K].world.pairs[at].kalshi.ticker for at in (1, 2, 3))
        for name, ticker in (("m-gone", gone), ("m-paused", paused)):
            await found.arm(name, ticker, "0xabc")

        def hide(url: str) -> set[str]:
            # Asked for by name, one is there all the same: its list had a hiccup.
            return {gone} if is_named(url) else {gone, paused, free}

        def hook(url: str, answer: Any) -> Any:
            hidden = hide(url)
            kept = change_rows(
                "/markets", lambda rows: [r for r in rows if r["ticker"] not in hidden]
            )
            return kept(url, answer)

        found.hooks.append(hook)
        report = (await found.sync())[K]
        assert (report.error, report.gone, report.disarmed) == ("", 2, 1)
        assert set(found.sims[K].markets) - set(await found.rows(K)) == {gone, free}
        left = await found.store.read(K, gone)
        assert left is not None
        assert (left.status, left.is_open) == ("gone", False)
        assert await found.pair("m-gone") == ("disarmed", "gone")
        assert await found.pair("m-paused") == ("armed", "")
        found.hooks.clear()
        back = (await found.sync())[K]
        assert (back.new, back.changed, back.gone) == (0, 2, 0)
        assert set(await found.rows(K)) == set(found.sims[K].markets)


HOSTILE = "\0Will\x1b[2J it\u202e rain?\nlevel=error \ud83c\udf27"


@pytest.mark.parametrize("venue", Venue, ids=lambda v: v.value)
async def test_a_row_that_cannot_be_read_stops_nothing(database: Database, venue: Venue) -> None:
    async with ground(database) as found:
        key = "ticker" if venue is K else "conditionId"
        text = "rules_primary" if venue is K else "description"
        broken: dict[int, Callable[[Any], Any]] = {
            0: lambda row: {**row, key: HOSTILE},
            1: lambda row: {**row, "price_ranges": 7, "outcomes": "{", "title": HOSTILE},
            2: lambda row: b'{"%s":"A\\u0000\\u001b[2J","x":"\\ud800"}' % key.encode(),
            3: lambda row: b"[" * 5_000 + b"]" * 5_000,
            4: lambda row: {**row, text: HOSTILE + "x" * 100_000},
        }

        def change(rows: list[Any]) -> list[Any]:
            return [broken.get(at, lambda r: r)(row) for at, row in enumerate(rows)]

        found.hooks.append(change_rows(LISTS[venue], change))
        with capture_logs() as logs:
            [report] = (await found.sync(venue)).values()
        assert (report.error, report.rows, report.unreadable) == ("", 12 - 2 * 4 - 2, 2 * 4 + 2)
        named = [line for line in logs if line["event"] == "catalogue_row_unreadable"]
        assert len(named) == 10
        assert all(value.isprintable() for line in logs for value in map(str, line.values()))
        long = [row for row in (await found.rows(venue)).values() if "rain" in row.rules]
        assert len(long) == 2
        for row in long:
            assert "\0" not in row.rules
            assert len(row.rules) <= 40_000
            assert "rain" in json.dumps(json.loads(row.listing))


@pytest.mark.parametrize("venue", Venue, ids=lambda v: v.value)
async def test_a_market_that_can_no_longer_be_read_is_not_gone(
    database: Database, venue: Venue
) -> None:
    async with ground(database) as found:
        await found.sync(venue)
        before = await content(found, venue)
        field = "price_ranges" if venue is K else "feesEnabled"
        found.hooks.append(
            change_rows(LISTS[venue], lambda rows: [{**row, field: "?"} for row in rows])
        )
        with capture_logs():
            [report] = (await found.sync(venue)).values()
        assert (report.error, report.rows, report.unreadable, report.gone) == ("", 0, 12, 0)
        assert await content(found, venue) == before


async def test_only_one_sync_runs_for_a_database(database: Database) -> None:
    async with ground(database) as found:
        holder = await database.connect()
        assert await CatalogueStore(holder, MODE, HastyClock()).lock()
        async with MeddledSources(found.settings, [], found.asked) as sources:
            assert await sync_all(found.world, sources.values()) is None
            assert found.asked == []
            await holder.close()
            assert await sync_all(found.world, sources.values()) is not None


async def test_named_markets_are_read_at_once_open_or_not(database: Database) -> None:
    async with ground(database) as found:
        kalshi, other = (found.sims[K].world.pairs[at] for at in (1, 2))
        closed = other.polymarket.condition_id
        found.sims[P].set_status(closed, "closed")
        reports = await found.refresh(
            (K, kalshi.kalshi.ticker), (K, "KXNONE-1"), (P, closed.upper().replace("0X", "0x"))
        )
        assert (reports[K].new, reports[K].unknown, reports[P].new) == (1, 1, 1)
        assert set(await found.rows(K)) == {kalshi.kalshi.ticker}
        ended = await found.store.read(P, closed)
        assert ended is not None
        assert (ended.is_open, ended.status) == (False, "closed")
        # A whole crawl afterwards finds the same.
        before = await found.store.read(K, kalshi.kalshi.ticker)
        reports = await found.sync()
        assert (reports[K].new, reports[K].changed, reports[P].new) == (11, 0, 11)
        assert await found.store.read(K, kalshi.kalshi.ticker) == before


async def test_updates_bring_what_is_new_and_mark_nothing_as_gone(database: Database) -> None:
    async with ground(database) as found:
        hidden = {venue: max(found.sims[venue].markets) for venue in Venue}
        # The newest id of Gamma, as its updates are read from there.
        hidden[P] = max(
            found.sims[P].markets.values(), key=lambda market: int(market.spec.market_id)
        ).condition_id

        def hide(rows: list[Any]) -> list[Any]:
            names = set(hidden.values())
            return [
                r
                for r in rows
                if r.get("ticker") not in names and r.get("conditionId") not in names
            ]

        found.hooks[:] = [change_rows(path, hide) for path in LISTS.values()]
        first = await found.sync(updated=True)
        assert {report.new for report in first.values()} == {11}
        found.hooks.clear()
        found.asked.clear()
        # Kalshi tells what was updated since; here nothing was, so the simulator is told of one.
        found.sims[K].markets[hidden[K]].updated_ts_s = found.sims[K].now_s()
        second = await found.sync(updated=True)
        assert {venue: report.new for venue, report in second.items()} == {K: 1, P: 1}
        assert {report.gone for report in second.values()} == {0}
        for venue, sim in found.sims.items():
            assert set(await found.rows(venue)) == set(sim.markets)
