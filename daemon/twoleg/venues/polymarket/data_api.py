"""Positions as the Data API shows them, for reports: it runs minutes behind the chain.

`GET /v2/positions`: rows in `data`, cursors in `pagination`, up to 1 000 a page
(polymarket-client 0.14.0 `data.py`, read 2026-11-22). What is traded on is read from the CLOB.
"""

from decimal import Decimal
from typing import Final
from urllib.parse import urlencode

import msgspec

from twoleg.core.market import MarketId
from twoleg.errors import VenueUnavailable
from twoleg.venues.polymarket.options import PolymarketOptions, PolymarketUrls
from twoleg.venues.polymarket.rest import JSON_HEADERS, decode_answer
from twoleg.venues.polymarket.sign import VENUE
from twoleg.venues.transport import HttpExchange, require_safe_url

PAGE_ITEMS: Final = 500


class HeldPosition(msgspec.Struct, frozen=True, kw_only=True):
    """Shares of one token of one market; sizes in micro-shares, money in micro-dollars.

    Fractions of a micro are cut off: the API writes JSON numbers of any length.
    """

    market_id: MarketId
    token: str
    outcome_label: str
    size_e6: int
    cost_micros: int
    value_micros: int
    is_redeemable: bool
    """The market is resolved; a losing token is redeemable too, for nothing."""
    is_mergeable: bool
    neg_risk: bool
    title: str


class _Row(msgspec.Struct):
    """One position as the API writes it, in shares and dollars."""

    condition_id: str
    token_id: str
    current_size: Decimal
    entry_cost_usdc: Decimal = Decimal(0)
    current_value: Decimal = Decimal(0)
    redeemable: bool = False
    mergeable: bool = False
    negative_risk: bool = False
    outcome: str | None = None
    title: str | None = None


class _Cursor(msgspec.Struct):
    """Where the next page begins; none on the last."""

    next_cursor: str | None = None


class _Rows(msgspec.Struct):
    """One page."""

    data: list[_Row]
    pagination: _Cursor


class DataApi:
    """Reads positions of a wallet; public, unsigned."""

    def __init__(
        self, *, http: HttpExchange, urls: PolymarketUrls, options: PolymarketOptions
    ) -> None:
        self._http = http
        self._base_url = require_safe_url(urls.data, key="polymarket.data_url").rstrip("/")
        self._options = options

    async def read_positions(self, wallet: str, *, status: str = "") -> tuple[HeldPosition, ...]:
        """All positions of the wallet that holds the funds (0x…, maker address).

        `status` is the API's filter: OPEN, REDEEMABLE, MERGEABLE, CLOSED; empty for all.

        Raises:
            VenueUnavailable: it cannot be asked, or has more pages than `pages_max`.
            VenueRejected: it does not take the wallet or the filter.
        """
        found: list[HeldPosition] = []
        query = {"user": wallet, "limit": str(PAGE_ITEMS)} | ({"status": status} if status else {})
        for _ in range(self._options.pages_max):
            code, _, body = await self._http.request(
                "GET",
                f"{self._base_url}/v2/positions?{urlencode(query)}",
                headers=JSON_HEADERS,
                timeout_ms=self._options.request_timeout_ms,
            )
            rows = decode_answer(code, body, _Rows)
            found += map(_position, rows.data)
            if not rows.pagination.next_cursor:
                return tuple(found)
            query["cursor"] = rows.pagination.next_cursor
        raise VenueUnavailable(VENUE, "too_many_pages", "/v2/positions")


def _position(row: _Row) -> HeldPosition:
    return HeldPosition(
        market_id=MarketId(f"{VENUE}:{row.condition_id}"),
        token=row.token_id,
        outcome_label=row.outcome or "",
        size_e6=_floor_e6(row.current_size),
        cost_micros=_floor_e6(row.entry_cost_usdc),
        value_micros=_floor_e6(row.current_value),
        is_redeemable=row.redeemable,
        is_mergeable=row.mergeable,
        neg_risk=row.negative_risk,
        title=row.title or "",
    )


def _floor_e6(value: Decimal) -> int:
    return int(value * 1_000_000 // 1)
