"""What a wallet did or was given beside its trades, as the Data API lists it.

`GET /v2/activity`: rows in `data`, cursors in `pagination`, newest first. It is asked by `type`,
comma-separated, and from `start` on (Unix seconds); a type that it does not know is refused, and
deposits and withdrawals come only with `exclude_deposits_withdrawals=false`
(docs.polymarket.com list-account-activity, read 2026-11-23). It runs minutes behind the chain.
UNCERTAIN: whether every way in and out of a wallet is among the deposits and withdrawals, whether
their amount stands in `usdc_size` or in `size` (either is read), and whether `start` is inclusive
(asked for a second earlier).
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
    "REFERRAL_REWARD": FlowKind.REBATE,
    "YIELD": FlowKind.REBATE,
    "DEPOSIT": FlowKind.DEPOSIT,
    "WITHDRAWAL": FlowKind.WITHDRAWAL,
}


class _Row(msgspec.Struct):
    """One entry, as far as money beside trades needs it; shares and dollars."""

    type: str
    timestamp: int
    transaction_hash: str = ""
    condition_id: str | None = None
    usdc_size: Decimal = Decimal(0)
    size: Decimal = Decimal(0)


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
        """Redemptions, rebates, deposits and withdrawals from `since_ms` on (Unix ms).

        The venue tells whole seconds; a row without a time (0) is told as well.

        Raises:
            VenueUnavailable: it cannot be asked, or has more pages than `pages_max`.
            VenueRejected: it does not take the wallet.
        """
        flows: list[CashFlow] = []
        since_s = since_ms // 1_000
        query = {
            "user": self._wallet,
            "limit": str(PAGE_ITEMS),
            "type": ",".join(KINDS),
            "exclude_deposits_withdrawals": "false",
            "start": str(max(1, since_s - 1)),
        }
        for _ in range(self._options.pages_max):
            code, _, body = await self._http.request(
                "GET",
                f"{self._base_url}/v2/activity?{urlencode(query)}",
                headers=JSON_HEADERS,
                timeout_ms=self._options.request_timeout_ms,
            )
            rows = decode_answer(code, body, _Rows)
            flows += [
                _flow(row)
                for row in rows.data
                if row.type in KINDS and (row.timestamp >= since_s or not row.timestamp)
            ]
            is_past = any(0 < row.timestamp < since_s for row in rows.data)
            if is_past or not rows.pagination.next_cursor:
                return tuple(flows)
            query["cursor"] = rows.pagination.next_cursor
        raise VenueUnavailable(VENUE, "too_many_pages", "/v2/activity")


def _flow(row: _Row) -> CashFlow:
    kind = KINDS[row.type]
    micros = int((row.usdc_size or row.size) * 1_000_000)
    market_id = f"{VENUE}:{row.condition_id}" if row.condition_id else ""
    return CashFlow(
        kind=kind,
        venue=Venue.POLYMARKET,
        shard=0,
        micros=-abs(micros) if kind is FlowKind.WITHDRAWAL else micros,
        reference=f"{row.type}/{row.transaction_hash}/{row.condition_id or ''}",
        ts_ms=row.timestamp * 1_000,
        market_id=MarketId(market_id if kind is FlowKind.REDEMPTION else ""),
    )
