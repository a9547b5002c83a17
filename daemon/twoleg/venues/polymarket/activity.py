"""What a wallet did or was given beside its trades, as the Data API lists it.

`GET /v2/activity`: rows in `data`, cursors in `pagination` (polymarket-client 0.14.0, read
2026-11-22), newest first. It runs minutes behind the chain, and tells neither deposits nor
withdrawals: those are transfers of pUSD that only the chain shows. UNCERTAIN: the words for
rebates; all that are known of are read.
"""

from decimal import Decimal
from typing import Final
from urllib.parse import urlencode

import msgspec

from twoleg.core.flows import CashFlow, FlowKind
from twoleg.core.market import MarketId, Venue
from twoleg.errors import VenueUnavailable
from twoleg.venues.polymarket.options import PolymarketOptions, PolymarketUrls
from twoleg.venues.polymarket.rest import JSON_HEADERS, decode_answer
from twoleg.venues.polymarket.sign import VENUE
from twoleg.venues.transport import HttpExchange, require_safe_url

PAGE_ITEMS: Final = 500
KINDS: Final = {
    "REDEEM": FlowKind.REDEMPTION,
    "REWARD": FlowKind.REBATE,
    "MAKER_REBATE": FlowKind.REBATE,
    "TAKER_REBATE": FlowKind.REBATE,
}


class _Row(msgspec.Struct):
    """One entry, as far as money beside trades needs it; shares and dollars."""

    type: str
    timestamp: int
    transaction_hash: str = ""
    condition_id: str | None = None
    usdc_size: Decimal = Decimal(0)


class _Cursor(msgspec.Struct):
    """Where the next page begins; none on the last."""

    next_cursor: str | None = None


class _Rows(msgspec.Struct):
    """One page."""

    data: list[_Row]
    pagination: _Cursor


class Activity:
    """Reads the activity of one wallet; public, unsigned."""

    def __init__(
        self, *, http: HttpExchange, urls: PolymarketUrls, options: PolymarketOptions, wallet: str
    ) -> None:
        self._http = http
        self._base_url = require_safe_url(urls.data, key="polymarket.data_url").rstrip("/")
        self._options = options
        self._wallet = wallet

    async def read_flows(self, since_ms: int) -> tuple[CashFlow, ...]:
        """Redemptions and rebates from `since_ms` on (Unix ms; the venue tells whole seconds).

        Raises:
            VenueUnavailable: it cannot be asked, or has more pages than `pages_max`.
            VenueRejected: it does not take the wallet.
        """
        flows: list[CashFlow] = []
        query = {"user": self._wallet, "limit": str(PAGE_ITEMS)}
        since_s = since_ms // 1_000
        for _ in range(self._options.pages_max):
            code, _, body = await self._http.request(
                "GET",
                f"{self._base_url}/v2/activity?{urlencode(query)}",
                headers=JSON_HEADERS,
                timeout_ms=self._options.request_timeout_ms,
            )
            rows = decode_answer(code, body, _Rows)
            flows += [
                _flow(row) for row in rows.data if row.type in KINDS and row.timestamp >= since_s
            ]
            is_past = any(row.timestamp < since_s for row in rows.data)
            if is_past or not rows.pagination.next_cursor:
                return tuple(flows)
            query["cursor"] = rows.pagination.next_cursor
        raise VenueUnavailable(VENUE, "too_many_pages", "/v2/activity")


def _flow(row: _Row) -> CashFlow:
    kind = KINDS[row.type]
    market_id = f"{VENUE}:{row.condition_id}" if row.condition_id else ""
    return CashFlow(
        kind=kind,
        venue=Venue.POLYMARKET,
        shard=0,
        micros=int(row.usdc_size * 1_000_000),
        reference=f"{row.type}/{row.transaction_hash}/{row.condition_id or ''}",
        ts_ms=row.timestamp * 1_000,
        market_id=MarketId(market_id if kind is FlowKind.REDEMPTION else ""),
    )
