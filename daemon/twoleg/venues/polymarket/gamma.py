"""Gamma: what markets and events there are, page by page. Its prices are cached: no trade on them.

Fields, filters and paging: docs.polymarket.com gamma pages, polymarket-client 0.14.0 and live notes
of 2026-10-06, read 2026-11-22. Lists come as JSON inside a string, or as lists.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from decimal import Decimal
from typing import Final, Generic, TypeVar
from urllib.parse import urlencode

import msgspec

from twoleg.errors import VenueRejected, VenueUnavailable
from twoleg.venues.polymarket.options import PolymarketOptions, PolymarketUrls
from twoleg.venues.polymarket.rest import JSON_HEADERS, decode_answer
from twoleg.venues.polymarket.sign import VENUE
from twoleg.venues.transport import HttpExchange, require_safe_url

T = TypeVar("T")
PAGE_ITEMS_MAX: Final = 100
"""What the venue clamps `limit` to; the documentation says 500 for events (live, 2026-10-06)."""


class GammaFee(msgspec.Struct, rename="camel"):
    """`feeSchedule`: the taker fee is rate · C · (p(1−p))^exponent."""

    rate: Decimal = Decimal(0)
    exponent: Decimal = Decimal(1)
    taker_only: bool | None = None


class GammaSeries(msgspec.Struct):
    """The series of an event."""

    slug: str | None = None
    title: str | None = None


class GammaParent(msgspec.Struct, rename="camel"):
    """A market's parent event, as a market lists it."""

    id: str | int | None = None
    slug: str | None = None
    title: str | None = None
    series: list[GammaSeries] | None = None
    neg_risk: bool | None = None
    neg_risk_augmented: bool | None = None


class GammaMarket(msgspec.Struct, rename="camel"):
    """One market of Gamma. Texts, state and identity; the CLOB's numbers win."""

    condition_id: str
    id: str | int | None = None
    slug: str | None = None
    question: str | None = None
    group_item_title: str | None = None
    description: str | None = None
    resolution_source: str | None = None
    end_date: str | None = None
    game_start_time: str | None = None
    outcomes: str | list[str] | None = None
    outcome_prices: str | list[str] | None = None
    clob_token_ids: str | list[str] | None = None
    position_ids: str | list[str] | None = None
    version: str | None = None
    active: bool | None = None
    closed: bool | None = None
    archived: bool | None = None
    restricted: bool | None = None
    accepting_orders: bool | None = None
    enable_order_book: bool | None = None
    uma_resolution_status: str | None = None
    neg_risk: bool | None = None
    neg_risk_market_id: str | None = msgspec.field(name="negRiskMarketID", default=None)
    neg_risk_other: bool | None = None
    fees_enabled: bool | None = None
    fee_type: str | None = None
    fee_schedule: GammaFee | None = None
    seconds_delay: int | None = None
    order_min_size: Decimal | None = None
    order_price_min_tick_size: Decimal | None = None
    liquidity_num: Decimal | None = None
    volume_num: Decimal | None = None
    volume24hr: Decimal | None = None
    events: list[GammaParent] | None = None

    @property
    def is_v2(self) -> bool:
        """Whether `positionIds` name its tokens; the presence of a field does not tell."""
        return (self.version or "v1").casefold() == "v2"

    @property
    def is_placeholder(self) -> bool:
        """Whether it stands for outcomes yet to be named: its meaning may still change."""
        return bool(self.neg_risk_other) or self.active is False

    def token_list(self) -> list[str]:
        """Its tokens in the order of `outcomes`; VenueRejected if they cannot be read."""
        return self._texts(self.position_ids if self.is_v2 else self.clob_token_ids)

    def outcome_list(self) -> list[str]:
        """The labels of its outcomes, in no promised order; VenueRejected as `token_list`."""
        return self._texts(self.outcomes)

    def price_list(self) -> list[str]:
        """Last prices in the order of `outcomes`, payouts once resolved; VenueRejected."""
        return self._texts(self.outcome_prices)

    def _texts(self, value: str | list[str] | None) -> list[str]:
        if not value:
            return []
        if isinstance(value, list):
            return value
        try:
            return msgspec.json.decode(value, type=list[str])
        except (msgspec.DecodeError, RecursionError) as error:
            detail = f"{self.condition_id}: {value[:100]}"
            raise VenueRejected(VENUE, "unreadable_list", detail) from error


class GammaEvent(msgspec.Struct, rename="camel"):
    """One event of Gamma with all its markets, closed ones and placeholders included."""

    id: str | int | None = None
    slug: str | None = None
    title: str | None = None
    description: str | None = None
    end_date: str | None = None
    active: bool | None = None
    closed: bool | None = None
    neg_risk: bool | None = None
    neg_risk_augmented: bool | None = None
    series: list[GammaSeries] | None = None
    markets: list[GammaMarket] = []


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page of a list; `next_cursor` resumes after it, and is empty at the end."""

    items: tuple[T, ...]
    next_cursor: str
    unreadable: int = 0
    """Items that were left out because they could not be read."""


class _Keyset(msgspec.Struct):
    """A page as it comes: one of the lists."""

    markets: list[msgspec.Raw] = []
    events: list[msgspec.Raw] = []
    next_cursor: str | None = None


class GammaReader:
    """Reads Gamma; one page in memory at a time."""

    def __init__(
        self, *, http: HttpExchange, urls: PolymarketUrls, options: PolymarketOptions
    ) -> None:
        self._http = http
        self._base_url = require_safe_url(urls.gamma, key="polymarket.gamma_url").rstrip("/")
        self._timeout_ms = options.request_timeout_ms

    def market_pages(
        self, filters: Mapping[str, str] | None = None, *, after_cursor: str = ""
    ) -> AsyncIterator[Page[GammaMarket]]:
        """Active markets, page by page.

        `filters` are Gamma's own (closed, order, ascending, tag_id, end_date_min, …); unknown ones
        are ignored there. After a failure, resume with the last page's `next_cursor`.

        Raises:
            VenueUnavailable: it cannot be asked, or its pages go round in circles.
            VenueRejected: a filter or a cursor that it does not take.
        """
        return self._pages("/markets/keyset", GammaMarket, filters, after_cursor, _markets)

    def event_pages(
        self, filters: Mapping[str, str] | None = None, *, after_cursor: str = ""
    ) -> AsyncIterator[Page[GammaEvent]]:
        """Events with their markets, page by page; as `market_pages`."""
        return self._pages("/events/keyset", GammaEvent, filters, after_cursor, _events)

    async def market_rows(
        self, filters: Mapping[str, str | Sequence[str]] | None = None, *, after_cursor: str = ""
    ) -> Page[msgspec.Raw]:
        """One page of markets as they came, for a crawl that keeps its own place.

        Raises as `market_pages`.
        """
        keyset = await self._keyset("/markets/keyset", filters, after_cursor)
        return Page(items=tuple(keyset.markets), next_cursor=keyset.next_cursor or "")

    async def read_market(self, native_id: str) -> GammaMarket:
        """The market of this condition id, open or closed.

        Raises:
            VenueRejected: there is none.
            VenueUnavailable: Gamma cannot be asked.
        """
        # The keyset list shows active markets; a closed one must be asked for. The older list
        # answers where the keyset one is not there.
        for path in ("/markets/keyset", "/markets"):
            for closed in ("false", "true"):
                query = {"condition_ids": native_id, "closed": closed}
                try:
                    raw = await self._get(path, query)
                except VenueRejected:
                    break
                for item in _listed(raw):
                    market = decode_answer(200, bytes(item), GammaMarket)
                    # An ignored filter would answer with just any market.
                    if market.condition_id.lower() == native_id.lower():
                        return market
        raise VenueRejected(VENUE, "market_not_found", native_id)

    async def _pages(
        self,
        path: str,
        item_type: type[T],
        filters: Mapping[str, str] | None,
        cursor: str,
        items_of: Callable[[_Keyset], list[msgspec.Raw]],
    ) -> AsyncIterator[Page[T]]:
        while True:
            keyset = await self._keyset(path, filters, cursor)
            cursor = keyset.next_cursor or ""
            yield _page(items_of(keyset), item_type, cursor)
            if not cursor:
                return

    async def _keyset(
        self, path: str, filters: Mapping[str, str | Sequence[str]] | None, cursor: str
    ) -> _Keyset:
        query = {**(filters or {}), "limit": str(PAGE_ITEMS_MAX)}
        asked = {**query, "after_cursor": cursor} if cursor else query
        keyset = decode_answer(200, await self._get(path, asked), _Keyset)
        if keyset.next_cursor and keyset.next_cursor == cursor:
            raise VenueUnavailable(VENUE, "cursor_stands_still", path)
        return keyset

    async def _get(self, path: str, query: Mapping[str, str | Sequence[str]]) -> bytes:
        status, headers, body = await self._http.request(
            "GET",
            f"{self._base_url}{path}?{urlencode(query, doseq=True)}",
            headers=JSON_HEADERS,
            timeout_ms=self._timeout_ms,
        )
        return bytes(decode_answer(status, body, msgspec.Raw, headers))


def _page(raws: list[msgspec.Raw], item_type: type[T], cursor: str) -> Page[T]:
    items: list[T] = []
    for raw in raws:
        try:
            items.append(msgspec.json.decode(raw, type=item_type))
        except (msgspec.DecodeError, RecursionError):
            # One strange market must not hide the others.
            continue
    return Page(items=tuple(items), next_cursor=cursor, unreadable=len(raws) - len(items))


def _listed(body: bytes) -> list[msgspec.Raw]:
    """The markets of an answer: a bare list, or a page that holds one."""
    if body.lstrip()[:1] == b"[":
        return decode_answer(200, body, list[msgspec.Raw])
    return decode_answer(200, body, _Keyset).markets


def _markets(keyset: _Keyset) -> list[msgspec.Raw]:
    return keyset.markets


def _events(keyset: _Keyset) -> list[msgspec.Raw]:
    return keyset.events
