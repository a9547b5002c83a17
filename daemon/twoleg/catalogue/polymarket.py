"""Polymarket's list: Gamma's open markets by keyset pages, each with what its event shares."""

import re
from collections.abc import Sequence
from functools import partial
from typing import Final

import msgspec

from twoleg.catalogue.source import (
    MARKETS,
    PAGE_MS_MAX,
    READ_ERRORS,
    UPDATES,
    Facts,
    Found,
    Patience,
    RawPage,
    Unread,
    make_row,
    name_of,
    shown,
)
from twoleg.core.market import Market, Venue
from twoleg.errors import VenueRejected
from twoleg.matching.listing import read_polymarket
from twoleg.seams import Clock
from twoleg.storage.catalogue import CatalogueStore, Crawl, PageResult
from twoleg.storage.catalogue_rows import StoredMarket
from twoleg.venues.polymarket.gamma import GammaMarket, GammaParent, GammaReader
from twoleg.venues.polymarket.options import PolymarketOptions
from twoleg.venues.polymarket.terms import listed_market, texts_of, unix_ms
from twoleg.venues.ratelimit import TokenBucket

NAMED_PER_CALL: Final = 50
"""Condition ids in one address, of 100 that the venue takes: each has 66 signs."""
PAGES_PER_S: Final = 20
"""Of 30 that the venue takes on its lists of markets (300 in 10 s, docs, rate limits, 2026)."""
OUTCOMES_MAX: Final = 8
LABEL_CHARS_MAX: Final = 200
_CONDITION: Final = re.compile(r"0x[0-9a-f]{1,64}")

CRAWL_OPTIONS: Final = PolymarketOptions(request_timeout_ms=PAGE_MS_MAX)


class PolymarketSource:
    """Crawls Gamma. Its terms are good to list a market, not to trade it: the CLOB's win."""

    venue: Venue = Venue.POLYMARKET
    parts: tuple[str, ...] = (MARKETS,)

    def __init__(self, gamma: GammaReader, patience: Patience, clock: Clock) -> None:
        self._gamma = gamma
        self.patience = patience
        self._clock = clock
        self._bucket = TokenBucket(clock=clock, capacity=PAGES_PER_S, refill_per_s=PAGES_PER_S)

    async def prepare(self, part: str) -> None:
        """Nothing: a market brings its event."""
        del part

    async def read_page(self, part: str, cursor: str, since_s: int = 0) -> RawPage:
        """A page of open markets, in the order of their ids; of updates, the newest first.

        That Gamma sorts by id on demand is not documented, only that it does so by itself.
        """
        del since_s
        order = {"order": "id", "ascending": "false"} if part == UPDATES else {}
        await self._take()
        page = await self._gamma.market_rows({"closed": "false", **order}, after_cursor=cursor)
        return RawPage(page.items, page.next_cursor)

    async def store_page(
        self, store: CatalogueStore, crawl: Crawl, page: RawPage
    ) -> tuple[PageResult, list[Unread]]:
        """The rows of a page; of updates, the list ends where a page holds nothing new."""
        rows, unread = read_rows(page.rows)
        cursor = page.cursor
        if crawl.part == UPDATES and not await self._has_new(store, rows):
            cursor = ""
        result = await store.put_page(crawl, rows, cursor, unread=[row.name for row in unread])
        return result, unread

    async def find(self, store: CatalogueStore, ids: Sequence[str]) -> Found:
        """Markets by condition id; Gamma lists open and closed ones apart."""
        del store
        found = Found([], [], [])
        left = list(dict.fromkeys(native_id.lower() for native_id in ids))
        for closed in ("false", "true"):
            for at in range(0, len(left), NAMED_PER_CALL):
                query = {"condition_ids": left[at : at + NAMED_PER_CALL], "closed": closed}
                await self._take()
                page = await self.patience.ask(MARKETS, partial(self._gamma.market_rows, query))
                rows, unread = read_rows(page.items)
                # A filter that is ignored would answer with just any market.
                found.rows.extend(row for row in rows if row.native_id in left)
                found.unread.extend(row for row in unread if row.name in left)
            seen = {row.native_id for row in found.rows}
            seen |= {row.name for row in found.unread}
            left = [native_id for native_id in left if native_id not in seen]
        found.unknown.extend(left)
        return found

    async def _has_new(self, store: CatalogueStore, rows: Sequence[StoredMarket]) -> bool:
        known = await store.list_known(self.venue, [row.native_id for row in rows])
        return any(row.native_id not in known for row in rows)

    async def _take(self) -> None:
        while not self._bucket.try_take(1):
            await self._clock.sleep(self._bucket.wait_ns(1) / 1_000_000_000)


def read_rows(raws: Sequence[msgspec.Raw]) -> tuple[list[StoredMarket], list[Unread]]:
    """Rows of the catalogue from Gamma's, and those that cannot be read."""
    rows: list[StoredMarket] = []
    unread: list[Unread] = []
    for raw in raws:
        try:
            gamma = msgspec.json.decode(raw, type=GammaMarket)
            native_id = gamma.condition_id.lower()
            if not _CONDITION.fullmatch(native_id):
                unread.append(Unread(shown(native_id), "not a condition id"))
                continue
            rows.append(_row(raw, gamma, native_id))
        except (*READ_ERRORS, VenueRejected) as error:
            unread.append(Unread(name_of(raw, "conditionId").lower(), shown(str(error))))
    return rows, unread


def _row(raw: msgspec.Raw, gamma: GammaMarket, native_id: str) -> StoredMarket:
    event = gamma.events[0] if gamma.events else GammaParent()
    title, rules = texts_of(gamma)
    facts = Facts(
        native_id=native_id,
        event=event.slug or "",
        series=(event.series[0].slug or "") if event.series else "",
        status=_status(gamma),
        is_open=bool(gamma.active) and not gamma.closed,
        title=title,
        rules=rules,
        close_ts_ms=unix_ms(gamma.end_date),
        shard=0,
        tokens=_tokens(gamma),
    )
    listing = read_polymarket(msgspec.json.decode(raw))
    return make_row(Venue.POLYMARKET, facts, listing, _terms(gamma))


def _terms(gamma: GammaMarket) -> Market | str:
    try:
        return listed_market(gamma)
    except VenueRejected as error:
        return error.code


def _status(gamma: GammaMarket) -> str:
    """Gamma's own words for where a market stands."""
    if gamma.closed:
        return "closed"
    if gamma.uma_resolution_status:
        return gamma.uma_resolution_status
    return "active" if gamma.active else "inactive"


def _tokens(gamma: GammaMarket) -> dict[str, str]:
    """Token id by label; none where two labels are alike or the lists do not fit together."""
    names, tokens = gamma.outcome_list(), gamma.token_list()
    if len(names) != len(tokens) or len(names) > OUTCOMES_MAX or len(set(names)) != len(names):
        return {}
    return {
        name[:LABEL_CHARS_MAX]: token[:LABEL_CHARS_MAX]
        for name, token in zip(names, tokens, strict=True)
    }
