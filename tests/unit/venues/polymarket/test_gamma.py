import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from aiohttp import web

from tests.unit.venues.polymarket.support import LoopNetwork, Responder, serving
from tests.unit.venues.polymarket.test_catalogue import gamma
from twoleg.errors import VenueRejected, VenueUnavailable
from twoleg.venues.polymarket.gamma import GammaMarket, GammaReader, Page
from twoleg.venues.polymarket.options import PolymarketOptions, PolymarketUrls
from twoleg.venues.transport import HttpExchange, make_session


@asynccontextmanager
async def reader(respond: Responder) -> AsyncGenerator[GammaReader, None]:
    async with serving(respond) as url, make_session(LoopNetwork()) as session:
        yield GammaReader(
            http=HttpExchange(session, venue="polymarket"),
            urls=PolymarketUrls(gamma=url),
            options=PolymarketOptions(),
        )


class Pages:
    """Gamma with three pages, the last without a cursor; fails as told."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.fails = 0

    def respond(self, request: web.Request, _body: bytes) -> tuple[int, str]:
        self.asked.append(dict(request.query))
        number = int(request.query.get("after_cursor", "c0")[1:])
        if number == 2 and self.fails:
            self.fails -= 1
            return 429, "{}"
        field = request.path.split("/")[1]
        item = gamma(conditionId=f"0x{number}")
        items: list[Any] = [
            item if field == "markets" else {"slug": f"e{number}", "markets": [item]}
        ]
        if number == 1:
            items.append({"conditionId": 7, "markets": 1})
        cursor = {"next_cursor": f"c{number + 1}"} if number < 2 else {}
        return 200, json.dumps({field: items} | cursor)


async def collect(pages: AsyncIterator[Page[GammaMarket]]) -> list[tuple[str, str, int]]:
    return [(page.items[0].condition_id, page.next_cursor, page.unreadable) async for page in pages]


async def test_market_pages_go_to_the_end_and_leave_out_what_cannot_be_read() -> None:
    venue = Pages()
    async with reader(venue.respond) as gamma_reader:
        found = await collect(gamma_reader.market_pages({"closed": "false", "order": "volume24hr"}))
    assert found == [("0x0", "c1", 0), ("0x1", "c2", 1), ("0x2", "", 0)]
    query = {"closed": "false", "order": "volume24hr", "limit": "100"}
    assert venue.asked == [query, query | {"after_cursor": "c1"}, query | {"after_cursor": "c2"}]


async def test_market_pages_resume_after_a_failure() -> None:
    venue = Pages()
    venue.fails = 1
    cursor = ""
    async with reader(venue.respond) as gamma_reader:
        pages = gamma_reader.market_pages()
        with suppress(VenueUnavailable):
            async for page in pages:
                cursor = page.next_cursor
        assert cursor == "c2"
        assert await collect(gamma_reader.market_pages(after_cursor=cursor)) == [("0x2", "", 0)]


async def test_event_pages_hold_their_markets() -> None:
    async with reader(Pages().respond) as gamma_reader:
        pages = [page async for page in gamma_reader.event_pages()]
    assert [page.items[0].slug for page in pages] == ["e0", "e1", "e2"]
    assert pages[0].items[0].markets[0].condition_id == "0x0"


async def test_cursor_that_stands_still_ends_in_an_error() -> None:
    def respond(_request: web.Request, _body: bytes) -> tuple[int, str]:
        return 200, json.dumps({"markets": [gamma()], "next_cursor": "same"})

    async with reader(respond) as gamma_reader:
        with pytest.raises(VenueUnavailable, match="cursor_stands_still"):
            async for _ in gamma_reader.market_pages():
                pass


async def test_refused_filter_is_rejected() -> None:
    async with reader(lambda _request, _body: (422, '{"error":"bad order"}')) as gamma_reader:
        with pytest.raises(VenueRejected):
            async for _ in gamma_reader.market_pages({"order": "volume_num"}):
                pass


@pytest.mark.parametrize(
    ("changes", "is_placeholder"),
    [({}, False), ({"negRiskOther": True}, True), ({"active": False}, True)],
)
async def test_placeholder_is_a_market_whose_meaning_may_change(
    changes: dict[str, Any], *, is_placeholder: bool
) -> None:
    def respond(_request: web.Request, _body: bytes) -> tuple[int, str]:
        return 200, json.dumps({"markets": [gamma(**changes)]})

    async with reader(respond) as gamma_reader:
        pages = [page async for page in gamma_reader.market_pages()]
    assert pages[0].items[0].is_placeholder is is_placeholder
