"""What the catalogue keeps of a crawl, page by page, in a real database."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from tests.unit.storage.support import ManualClock
from twoleg.core.fingerprint import texts_fingerprint
from twoleg.core.market import Venue
from twoleg.errors import StorageError
from twoleg.storage.catalogue import (
    ENDED_DAYS_MAX,
    RESUME_SECONDS_MAX,
    CatalogueStore,
    Crawl,
    PageResult,
)
from twoleg.storage.catalogue_rows import StoredGroup, StoredMarket
from twoleg.storage.database import Connection, Database
from twoleg.storage.queries import query

K = Venue.KALSHI
PARTS = ("series", "events", "markets")
INSERT_PAIR = """
    INSERT INTO twoleg.matched_market_pair
        (mode, pair_id, kalshi_market_id, polymarket_market_id, polarity, state, origin,
         kalshi_fingerprint, polymarket_fingerprint, similarity_e4, leg_mode, tif, size_e6_max,
         first_seen_time, seen_time)
    VALUES ('sim', 'm-1', 'kalshi:A', 'polymarket:0xa', 'same', 'armed', 'matcher', '', '', 9000,
            'concurrent', 'fok', 0, now(), now())"""


def market(native_id: str = "A", **changes: Any) -> StoredMarket:
    values: dict[str, Any] = {
        "venue": K,
        "native_id": native_id,
        "event": "E",
        "series": "S",
        "status": "active",
        "is_open": True,
        "title": "Will it?",
        "rules": "If it does.",
        "listing": b'{"ticker":"A"}',
        "terms": b'{"refused":"x"}',
        "tokens": {"Yes": "1", "No": "2"},
        "shard": 2,
        "close_ts_ms": 1_800_000_000_123,
    } | changes
    values["rules_fingerprint"] = texts_fingerprint(values["title"], values["rules"])
    return StoredMarket(content_hash=repr(sorted(values.items(), key=lambda i: i[0])), **values)


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[Connection]:
    connection = await database.connect()
    yield connection
    await connection.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store(connection: Connection, clock: ManualClock) -> CatalogueStore:
    return CatalogueStore(connection, "sim", clock)


async def opened(store: CatalogueStore, part: str = "markets") -> Crawl:
    [crawl] = await store.plan(K, (part,))
    await store.open(crawl)
    return crawl


async def test_a_market_is_read_back_as_it_was_stored(store: CatalogueStore) -> None:
    rows = [market(), market("B", title="NUL \0 \u202e \x1b", tokens={}, close_ts_ms=0)]
    await store.put_page(await opened(store), rows, "")
    found = [row async for row in store.read_open(K)]
    assert [row.native_id for row in found] == ["A", "B"]
    first = msgspec.structs.replace(found[0], listing=rows[0].listing, terms=rows[0].terms)
    assert first == rows[0]
    assert msgspec.json.decode(found[0].listing) == {"ticker": "A"}
    assert (found[1].title, found[1].close_ts_ms) == ("NUL \ufffd \u202e \x1b", 0)
    assert await store.read(K, "A") == found[0]
    assert await store.read(K, "C") is None
    assert await store.count_open(K) == 2
    assert await store.list_known(K, ["A", "C"]) == {"A"}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"rules": "If it does not."}, "rules_changed"),
        ({"title": "Will it not?"}, "rules_changed"),
        ({"close_ts_ms": 1_800_000_000_124}, "close_changed"),
        ({"close_ts_ms": 1 << 62}, "close_changed"),
        ({"tokens": {"Yes": "1", "No": "3"}}, "token_changed"),
        ({"tokens": {"Yes": "2", "No": "1"}}, "token_changed"),
        ({"shard": 0}, "shard_changed"),
        ({"is_open": False, "status": "closed"}, "gone"),
        ({"status": "inactive"}, ""),
        ({"terms": b'{"refused":"y"}'}, ""),
        ({"rules": "If  it\ndoes."}, ""),
        ({"tokens": {"No": "2", "Yes": "1"}}, ""),
    ],
)
async def test_a_pair_does_not_outlive_what_it_hangs_on(
    store: CatalogueStore, connection: Connection, changes: dict[str, Any], reason: str
) -> None:
    await store.put_page(await opened(store), [market(), market("B")], "")
    await connection.execute(INSERT_PAIR)
    result = await store.refresh(K, [market(**changes), market("B", rules="Another.")])
    row = await connection.fetchrow("SELECT state, state_reason FROM twoleg.matched_market_pair")
    assert tuple(row) == (("disarmed", reason) if reason else ("armed", ""))
    assert result.disarmed == bool(reason)
    assert await connection.fetchval("SELECT count(*) FROM twoleg.pair_event") == bool(reason)


async def test_a_page_that_fails_leaves_neither_rows_nor_a_moved_cursor(
    store: CatalogueStore, connection: Connection
) -> None:
    crawl = await opened(store)
    await store.put_page(crawl, [market()], "second")
    with pytest.raises(StorageError, match="int32"):
        await store.put_page(crawl, [market("B"), market("C", shard=1 << 40)], "third")
    assert (crawl.cursor, crawl.pages) == ("second", 1)
    assert [row.native_id async for row in store.read_open(K)] == ["A"]
    [resumed] = await store.plan(K, ("markets",))
    assert (resumed.cursor, resumed.rows, resumed.is_resumed) == ("second", 1, True)


async def test_a_market_twice_in_a_page_counts_once(store: CatalogueStore) -> None:
    result = await store.put_page(await opened(store), [market(), market(status="inactive")], "")
    assert (result.rows, result.new) == (1, 1)
    found = await store.read(K, "A")
    assert found is not None
    assert found.status == "inactive"


async def finish_some(store: CatalogueStore, done: int, moved: str = "") -> None:
    for place, crawl in enumerate(await store.plan(K, PARTS)):
        if place > done:
            break
        await store.open(crawl)
        if place < done:
            await store.finish(crawl)
        elif moved:
            await store.put_groups(crawl, "event", [], moved)


async def test_a_plan_goes_on_where_the_last_sync_ended(
    store: CatalogueStore, clock: ManualClock
) -> None:
    await finish_some(store, len(PARTS))
    assert [crawl.part for crawl in await store.plan(K, PARTS)] == list(PARTS)
    await finish_some(store, 1, "next")
    plan = await store.plan(K, PARTS)
    assert [(crawl.part, crawl.is_resumed, crawl.cursor) for crawl in plan] == [
        ("events", True, "next"),
        ("markets", False, ""),
    ]
    await store.fail(plan[0], "why\0")
    assert (await store.plan(K, PARTS))[0].cursor == "next"
    clock.now_ns += (RESUME_SECONDS_MAX + 1) * 10**9
    assert [crawl.is_resumed for crawl in await store.plan(K, PARTS)] == [False] * 3


async def test_only_a_whole_crawl_tells_what_is_gone(
    store: CatalogueStore, clock: ManualClock
) -> None:
    first = await opened(store)
    await store.put_page(first, [market(), market("B"), market("C")], "")
    assert await store.finish_markets(first) == PageResult()
    clock.now_ns += 10**9
    crawl = await opened(store)
    await store.put_page(crawl, [market()], "")
    clock.now_ns += 10**9
    # Read by its name meanwhile, whatever the list says.
    await store.refresh(K, [market("B")])
    result = await store.finish_markets(crawl)
    assert result.gone == 1
    assert [row.native_id async for row in store.read_open(K)] == ["A", "B"]
    assert (await store.put_page(await opened(store), [market("C")], "")).changed == 1


async def test_ended_markets_are_kept_for_a_while_and_where_a_pair_names_them(
    store: CatalogueStore, connection: Connection, clock: ManualClock
) -> None:
    await connection.execute(INSERT_PAIR)
    await store.refresh(K, [market(is_open=False), market("B", is_open=False), market("C")])
    for days, left in ((ENDED_DAYS_MAX, "ABC"), (1, "AC")):
        clock.now_ns += days * 86_400 * 10**9
        crawl = await opened(store)
        await store.put_page(crawl, [market("C")], "")
        await store.finish_markets(crawl)
        assert await store.list_known(K, list("ABC")) == set(left)
    assert await connection.fetchval("SELECT count(*) FROM twoleg.catalogue_seen") == 2


async def test_facts_of_series_and_events_are_found_again(store: CatalogueStore) -> None:
    crawl = await opened(store, "events")
    await store.put_groups(
        crawl, "event", [StoredGroup(native_id="E", facts=b'{"a":"\\u0000"}')], ""
    )
    await store.add_groups(K, "event", [StoredGroup(native_id="F", facts=b"{}")])
    await store.add_groups(K, "event", [StoredGroup(native_id="F", facts=b"[]")])
    assert await store.read_groups(K, "event", ["E", "F", "G"]) == {
        "E": '{"a": "\ufffd"}'.encode(),
        "F": b"[]",
    }
    assert await store.read_groups(K, "series", ["E"]) == {}
    assert crawl.is_at_end


async def test_a_page_is_looked_up_by_its_ids_in_a_table_that_was_empty(
    store: CatalogueStore, connection: Connection
) -> None:
    """As a crawl into a new database; a kept plan looks through all that was read before."""
    await store.plan_each_time()
    look_up = "EXECUTE look_up ('sim', 'kalshi', '{A-1}')"
    text = query("lock_catalogue_markets")
    await connection.execute(f"PREPARE look_up (text, text, text[]) AS {text}")
    for _ in range(10):
        await connection.execute(look_up)
    await store.refresh(K, [market(f"A-{number}") for number in range(3_000)])
    plan = str(await connection.fetch(f"EXPLAIN {look_up}"))
    # A generic plan would speak of $3.
    assert "A-1" in plan
    assert "Seq Scan" not in plan
