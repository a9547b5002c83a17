"""Cash, holdings, limits and standing of one Kalshi account.

OpenAPI 3.34.0 (2026-10-26). Every read raises VenueUnavailable (the venue cannot be asked, or its
answer cannot be read) or VenueRejected (it refuses; `code` is its own word), and nothing else.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Final, Literal, TypeVar
from urllib.parse import quote

import msgspec

from twoleg.core.events import CashReported
from twoleg.core.flows import CashFlow
from twoleg.core.market import Market, MarketId, Venue
from twoleg.errors import MalformedMessage, VenueUnavailable
from twoleg.venues.kalshi.exchange import ExchangeStatus, Schedule, ScheduleBody
from twoleg.venues.kalshi.flows import flow_of_settlement, open_order_of, read_payments
from twoleg.venues.kalshi.http import BucketLimits, KalshiHttp
from twoleg.venues.kalshi.numbers import VENUE, parse_micros, parse_size, parse_time_ms
from twoleg.venues.kalshi.options import KalshiOptions
from twoleg.venues.kalshi.paging import PAGE_ROWS, P, read_pages
from twoleg.venues.kalshi.portfolio import (
    Holding,
    HoldingPage,
    QueueBody,
    QueuePlace,
    QueuePlaceBody,
    RestingOrder,
    RestingPage,
    Settlement,
    SettlementPage,
    holding_of,
    queue_place_of,
    resting_of,
    settlement_of,
)
from twoleg.venues.kalshi.pushes import market_id_of
from twoleg.venues.kalshi.rest import (
    Balance,
    PositionPage,
    PositionRow,
    ReadStamp,
    cash_of,
    positions_of,
)
from twoleg.venues.kalshi.standing import (
    PAUSE_CODES,
    ApiKeysBody,
    KalshiStanding,
    KeyStanding,
    judge_key,
    judge_standing,
)
from twoleg.venues.ports import OpenOrder

T = TypeVar("T")
V = TypeVar("V")
SCHEDULE_MS_MAX: Final = 3_600_000
"""How long opening hours are remembered."""
RESTING_PAGES_MAX: Final = 200
"""An account may have 200 000 orders open (docs, 2026-06)."""
SLOW_BALANCE_TIERS: Final = frozenset({"basic", "advanced"})
BALANCE_PER_S_FAST: Final = 5
SettlementStatus = Literal["unsettled", "settled", "all"]


class StatedBucket(msgspec.Struct, frozen=True):
    """A token bucket as the venue states it; tokens, and tokens a second."""

    refill_rate: int
    bucket_capacity: int


class UsageGrant(msgspec.Struct, frozen=True):
    """A tier that was granted on one shard; `expires_ts` Unix s, absent: it stays."""

    exchange_instance: str = ""
    level: str = ""
    expires_ts: int | None = None
    source: str = ""


class AccountLimits(msgspec.Struct, frozen=True):
    """`GET /account/limits`."""

    usage_tier: str
    read: StatedBucket
    write: StatedBucket
    grants: list[UsageGrant] | None = None


class EndpointCost(msgspec.Struct, frozen=True):
    """Tokens of one request that does not cost the default."""

    method: str
    path: str
    cost: int


class EndpointCosts(msgspec.Struct, frozen=True):
    """`GET /account/endpoint_costs`."""

    endpoint_costs: list[EndpointCost] | None = None
    default_cost: int = 10


class KalshiAccount:
    """The account port of one Kalshi account, and what else the venue tells of it."""

    venue = Venue.KALSHI

    def __init__(self, *, http: KalshiHttp, options: KalshiOptions | None = None) -> None:
        self._http = http
        self._options = options or KalshiOptions()
        # Opening hours and when they were read; None before the first time.
        self._schedule: tuple[int, Schedule] | None = None
        # Shard -> until when a refusal of an order as paused is taken to hold, Unix ms.
        self._refused_until_ms: dict[int, int] = {}

    # -- cash and holdings -----------------------------------------------------------------

    async def read_cash(self) -> CashReported:
        """Free cash per shard. The balance has a rate bucket of its own: one call a second.

        A key that is locked to a subaccount is told the sum alone, so each shard is asked for.
        """
        cash = _read(cash_of, await self._balance({}))
        if not cash:
            shards = sorted((await self.read_status()).shards())
            cash = tuple([(shard, await self._read_shard(shard)) for shard in shards])
        return CashReported(Venue.KALSHI, cash)

    async def _read_shard(self, shard: int) -> int:
        balance = await self._balance({"exchange_index": shard})
        return _read(parse_micros, balance.balance_dollars)

    async def _balance(self, shard: Mapping[str, int]) -> Balance:
        return await self._http.get(
            "/portfolio/balance",
            Balance,
            params={"subaccount": self._options.subaccount, **shard},
            is_balance=True,
        )

    async def read_positions(
        self, markets: Iterable[Market]
    ) -> tuple[tuple[MarketId, int, int], ...]:
        """Holdings as (market, yes_e6, 0), `yes_e6` negative for NO: Kalshi nets the two."""
        held = {row[0]: row for row in await self.read_all_positions()}
        return tuple(held[market.id] for market in markets if market.id in held)

    async def read_all_positions(self) -> tuple[tuple[MarketId, int, int], ...]:
        """As `read_positions`, of every market of the subaccount."""
        rows: list[PositionRow] = []
        async for page in self._positions(PositionPage, {"count_filter": "position"}):
            rows += page.market_positions or ()
        signed = _read(positions_of, rows)
        return tuple((market_id_of(ticker), size_e6, 0) for ticker, size_e6 in signed.items())

    async def read_holdings(self, status: SettlementStatus = "unsettled") -> tuple[Holding, ...]:
        """Every market that was traded, with its costs: open ones, settled ones or all."""
        holdings: list[Holding] = []
        async for page in self._positions(HoldingPage, {"settlement_status": status}):
            holdings += [_read(holding_of, row) for row in page.market_positions or ()]
        return tuple(holdings)

    async def read_settlements(self, since_s: int = 0) -> tuple[Settlement, ...]:
        """What was settled since a Unix second, each once, in the venue's order.

        The venue gives settlements no ids; pages that shift while they are read repeat rows, so
        equal keys count once.
        """
        params: dict[str, str | int] = {
            "limit": PAGE_ROWS,
            "subaccount": self._options.subaccount,
        }
        if since_s:
            params["min_ts"] = since_s
        found: dict[tuple[int, MarketId, str], Settlement] = {}
        async for page in read_pages(
            self._http,
            "/portfolio/settlements",
            SettlementPage,
            params,
            pages_max=self._options.pages_max,
        ):
            for row in page.settlements or ():
                settlement = _read(settlement_of, row)
                found.setdefault(settlement.key, settlement)
        return tuple(found.values())

    async def read_resting(self) -> tuple[RestingOrder, ...]:
        """Whatever rests in this subaccount, on all shards, ours or not; each order once.

        Up to a second late: an order that was just canceled may still show (seen 2026-06).
        """
        params: dict[str, str | int] = {
            "status": "resting",
            "limit": PAGE_ROWS,
            "subaccount": self._options.subaccount,
        }
        found: dict[str, RestingOrder] = {}
        async for page in read_pages(
            self._http,
            "/portfolio/orders",
            RestingPage,
            params,
            pages_max=RESTING_PAGES_MAX,
        ):
            for row in page.orders or ():
                found[row.order_id] = _read(resting_of, row)
        return tuple(found.values())

    async def read_open_orders(self) -> tuple[OpenOrder, ...]:
        """Whatever rests in this subaccount, with what it may still cost."""
        return tuple(map(open_order_of, await self.read_resting()))

    async def read_flows(self, since_ms: int) -> tuple[CashFlow, ...]:
        """Settlements, deposits, withdrawals, and transfers between shards, from then on."""
        settled = await self.read_settlements(since_ms // 1_000)
        paid = [flow_of_settlement(settlement) for settlement in settled]
        return (*paid, *await read_payments(self._http, since_ms, self._options))

    async def read_queue_places(self, markets: Iterable[Market]) -> tuple[QueuePlace, ...]:
        """The places of all our resting orders in these markets, in one request."""
        tickers = ",".join(market.native_id for market in markets)
        body = await self._http.get(
            "/portfolio/orders/queue_positions",
            QueueBody,
            params={"market_tickers": tickers, "subaccount": self._options.subaccount},
        )
        return tuple(_read(queue_place_of, row) for row in body.queue_positions or ())

    async def read_queue_place(self, venue_order_id: str) -> int:
        """Micro-contracts before one resting order; 0: it is next."""
        path = f"/portfolio/orders/{quote(venue_order_id, safe='')}/queue_position"
        body = await self._http.get(path, QueuePlaceBody)
        return _read(parse_size, body.queue_position_fp)

    async def read_freshness_ms(self) -> int:
        """As of when balances, orders, fills and holdings are, Unix ms."""
        stamp = await self._http.get("/exchange/user_data_timestamp", ReadStamp)
        as_of_ms = parse_time_ms(stamp.as_of_time)
        if not as_of_ms:
            raise VenueUnavailable(VENUE, "unreadable_answer", stamp.as_of_time[:60])
        return as_of_ms

    # -- limits ----------------------------------------------------------------------------

    async def read_limits(self) -> AccountLimits:
        """The account's tier and buckets; the client keeps to them from now on."""
        limits = await self._http.get("/account/limits", AccountLimits)
        read, write = (
            BucketLimits(bucket.bucket_capacity, bucket.refill_rate)
            for bucket in (limits.read, limits.write)
        )
        if min(*read, *write) <= 0:
            raise VenueUnavailable(VENUE, "unreadable_answer", f"limits {read} {write}")
        is_slow = limits.usage_tier.lower() in SLOW_BALANCE_TIERS
        self._http.apply_limits(read, write, balance_per_s=1 if is_slow else BALANCE_PER_S_FAST)
        return limits

    async def read_costs(self) -> EndpointCosts:
        """Tokens of requests that do not cost the default; the client counts by them at once."""
        costs = await self._http.get("/account/endpoint_costs", EndpointCosts, private=False)
        self._http.apply_costs(
            {(row.method, row.path): row.cost for row in costs.endpoint_costs or ()}
        )
        return costs

    async def read_key(self, key_id: str) -> KeyStanding:
        """What the key of this id may do, and until when its location is attested."""
        return judge_key(await self._http.get("/api_keys", ApiKeysBody), key_id)

    # -- standing --------------------------------------------------------------------------

    async def read_status(self) -> ExchangeStatus:
        """Whether the exchange trades. Cheap; also keeps the connection warm.

        Public, and signed all the same: signed answers tell how far the clocks are apart.
        """
        return await self._http.get("/exchange/status", ExchangeStatus)

    async def read_schedule(self) -> Schedule:
        """Opening hours and announced pauses; remembered for an hour."""
        now_ms = self._http.timestamp_ms()
        if self._schedule is None or now_ms - self._schedule[0] >= SCHEDULE_MS_MAX:
            body = await self._http.get("/exchange/schedule", ScheduleBody, private=False)
            self._schedule = (now_ms, body.schedule)
        return self._schedule[1]

    async def read_standing(self) -> KalshiStanding:
        """Which shards take orders, until when the others do not, and the next maintenance."""
        status, schedule = await self.read_status(), await self.read_schedule()
        return self._judge(status, schedule)

    async def read_open_shards(self) -> tuple[tuple[int, bool], ...]:
        """(shard, takes orders), so that a paused venue is waited for and not retried."""
        return self._judge(await self.read_status(), None).shards

    def note_refusal(self, code: str, shard: int) -> None:
        """Tell of a refused order: one refused as paused closes its shard for a while.

        The venue's status may say otherwise meanwhile: a pause of one market, or a late status.
        """
        if code in PAUSE_CODES:
            hold_ms = self._options.pause_hold_ms
            self._refused_until_ms[shard] = self._http.timestamp_ms() + hold_ms

    def _judge(self, status: ExchangeStatus, schedule: Schedule | None) -> KalshiStanding:
        try:
            return judge_standing(
                status,
                schedule,
                now_ms=self._http.timestamp_ms(),
                refused_until_ms=self._refused_until_ms,
            )
        except MalformedMessage as error:
            raise VenueUnavailable(VENUE, "unreadable_answer", error.reason) from error

    def _positions(self, shape: type[P], filters: Mapping[str, str | int]) -> AsyncIterator[P]:
        params = {"limit": PAGE_ROWS, **filters, "subaccount": self._options.subaccount}
        return read_pages(
            self._http,
            "/portfolio/positions",
            shape,
            params,
            pages_max=self._options.pages_max,
        )


def _read(convert: Callable[[V], T], raw: V) -> T:
    try:
        return convert(raw)
    except MalformedMessage as error:
        raise VenueUnavailable(VENUE, "unreadable_answer", error.reason) from error
