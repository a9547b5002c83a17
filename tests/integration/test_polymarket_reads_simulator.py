"""What the Polymarket client reads without an account, against the simulator over real sockets."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from tests.unit.venues.polymarket.support import LoopNetwork, RealClock
from twoleg.core.events import BookAudited, Event
from twoleg.core.market import MarketId
from twoleg.errors import VenueRejected
from twoleg.sim.polymarket.venue import PolymarketSim
from twoleg.sim.run import make_venue
from twoleg.venues.polymarket.audit import BookAudit
from twoleg.venues.polymarket.catalogue import PolymarketCatalogue
from twoleg.venues.polymarket.data_api import DataApi
from twoleg.venues.polymarket.gamma import GammaReader
from twoleg.venues.polymarket.geoblock import Access, probe_geoblock
from twoleg.venues.polymarket.options import PolymarketOptions, PolymarketUrls
from twoleg.venues.transport import HttpExchange, make_session

OPTIONS = PolymarketOptions(audit_every_ms=1, audit_tokens_per_call=2)
PAGE = 100


class Reads:
    """A running simulator without a crowd, and where a client finds it."""

    def __init__(self, sim: PolymarketSim, http: HttpExchange, urls: dict[str, str]) -> None:
        self.sim = sim
        self.http = http
        self.urls = PolymarketUrls(
            clob=urls["clob"],
            gamma=urls["gamma"],
            data=urls["data"],
            geoblock=urls["site"] + "/api/geoblock",
        )
        self.gamma = GammaReader(http=http, urls=self.urls, options=OPTIONS)

    def condition(self, pair: int) -> str:
        return self.sim.world.pairs[pair].polymarket.condition_id


@asynccontextmanager
async def reading(pairs: int = 3, **options: Any) -> AsyncGenerator[Reads]:
    sim = make_venue("polymarket", seed=7, pairs=pairs, options={"flow": False, **options})
    assert isinstance(sim, PolymarketSim)
    urls = await sim.start(asyncio.get_running_loop().create_server, "127.0.0.1", 0)
    try:
        async with make_session(LoopNetwork()) as session:
            yield Reads(sim, HttpExchange(session, venue="polymarket"), urls)
    finally:
        await sim.stop()


async def test_markets_are_read_page_by_page_each_once() -> None:
    async with reading(pairs=2 * PAGE + 1) as reads:
        pages = [page async for page in reads.gamma.market_pages()]
        assert [len(page.items) for page in pages] == [PAGE, PAGE, 1]
        assert sum(page.unreadable for page in pages) == 0
        found = {market.condition_id: market for page in pages for market in page.items}
        assert set(found) == set(reads.sim.markets)
        for pair in reads.sim.world.pairs:
            market = found[pair.polymarket.condition_id]
            assert market.token_list() == list(pair.polymarket.token_ids)
            assert market.outcome_list() == list(pair.polymarket.outcomes)
        resumed = reads.gamma.market_pages(after_cursor=pages[0].next_cursor)
        assert [page async for page in resumed] == pages[1:]


async def test_markets_of_every_odd_kind_can_be_read_and_filtered() -> None:
    async with reading(extra_markets=True) as reads:
        pages = [page async for page in reads.gamma.market_pages()]
        assert sum(page.unreadable for page in pages) == 0
        assert len(reads.sim.markets) > 3
        reads.sim.set_status(reads.condition(0), "closed")
        told = [
            {market.condition_id for page in asked for market in page.items}
            for asked in (
                [page async for page in reads.gamma.market_pages()],
                [page async for page in reads.gamma.market_pages({"closed": "true"})],
            )
        ]
        assert reads.condition(0) in told[1] - told[0]
        assert (await reads.gamma.read_market(reads.condition(0))).closed
        with pytest.raises(VenueRejected):
            await anext(reads.gamma.market_pages({"offset": "1"}))


async def test_events_hold_all_their_markets() -> None:
    async with reading(extra_markets=True) as reads:
        pages = [page async for page in reads.gamma.event_pages()]
        assert sum(page.unreadable for page in pages) == 0
        nested = [market for page in pages for event in page.items for market in event.markets]
        assert {reads.condition(pair) for pair in range(3)} <= {m.condition_id for m in nested}
        assert any(market.is_placeholder for market in nested)


async def test_audit_hands_over_every_book_as_it_is() -> None:
    async with reading() as reads:
        reads.sim.place(reads.condition(1), "bid", 4_800, 12_340_000)
        reads.sim.place(reads.condition(1), "ask", 5_300, 7_000_000)
        catalogue = PolymarketCatalogue(http=reads.http, urls=reads.urls, options=OPTIONS)
        markets = [await catalogue.read_market(reads.condition(pair)) for pair in range(3)]
        seen: dict[MarketId, BookAudited] = {}
        complete = asyncio.Event()

        def note(event: Event) -> None:
            assert isinstance(event, BookAudited)
            seen[event.market_id] = event
            if len(seen) == len(markets):
                complete.set()

        audit = BookAudit(
            http=reads.http,
            clock=RealClock(),
            urls=reads.urls,
            options=OPTIONS,
            markets={market.native_id: market for market in markets},
            on_event=note,
            on_missing=lambda missing: pytest.fail(f"no book of {missing}"),
        )
        running = asyncio.create_task(audit.run())
        await asyncio.wait_for(complete.wait(), 5)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        for market in markets:
            exchange = reads.sim.exchanges[market.native_id]
            assert sorted(seen[market.id].bids) == sorted(exchange.levels("bid"))
            assert sorted(seen[market.id].asks) == sorted(exchange.levels("ask"))


async def test_audit_asks_for_a_book_that_the_venue_does_not_have() -> None:
    async with reading() as reads:
        catalogue = PolymarketCatalogue(http=reads.http, urls=reads.urls, options=OPTIONS)
        market = await catalogue.read_market(reads.condition(1))
        reads.sim.set_status(reads.condition(1), "closed")
        told: asyncio.Queue[Sequence[MarketId]] = asyncio.Queue()
        audit = BookAudit(
            http=reads.http,
            clock=RealClock(),
            urls=reads.urls,
            options=OPTIONS,
            markets={market.native_id: market},
            on_event=lambda event: pytest.fail(f"no book, but {event}"),
            on_missing=told.put_nowait,
        )
        running = asyncio.create_task(audit.run())
        assert list(await asyncio.wait_for(told.get(), 5)) == [market.id]
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


@pytest.mark.parametrize(("is_blocked", "access"), [(False, Access.OPEN), (True, Access.BLOCKED)])
async def test_probe_is_told_where_we_are(*, is_blocked: bool, access: Access) -> None:
    async with reading(geo_blocked=is_blocked, geo_country="US", geo_region="NY") as reads:
        told = await probe_geoblock(http=reads.http, urls=reads.urls, options=OPTIONS)
        assert (told.access, told.country, told.region) == (access, "US", "NY")


async def test_positions_are_those_of_the_wallet() -> None:
    async with reading() as reads:
        wallet = str(reads.sim.credentials()["deposit_wallet"])
        token = reads.sim.markets[reads.condition(0)].spec.token_ids[0]
        opened = reads.sim.wallets.get(wallet)
        assert opened is not None
        reads.sim.wallets.fund(opened, 0, {token: 3_500_000})
        api = DataApi(http=reads.http, urls=reads.urls, options=OPTIONS)
        (held,) = await api.read_positions(wallet)
        assert (held.market_id, held.token, held.size_e6) == (
            f"polymarket:{reads.condition(0)}",
            token,
            3_500_000,
        )
