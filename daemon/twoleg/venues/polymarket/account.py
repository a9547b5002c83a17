"""Cash, holdings and approvals of our wallet on Polymarket.

The venue derives the wallet from the API key's address and the signature type: a wrong type
answers 0. Its numbers are a cache, refreshed on request. Open orders reserve what they may spend
without showing it in the balance (docs.polymarket.com balance-allowance and rate-limits, read
2026-11-22).
"""

from collections.abc import Iterable
from contextlib import suppress
from typing import Final

import msgspec

from twoleg.core.events import CashReported
from twoleg.core.flows import CashFlow
from twoleg.core.market import Market, MarketId, Venue
from twoleg.core.units import ONE_DOLLAR_MICROS, ceil_div
from twoleg.errors import VenueRejected, VenueUnavailable
from twoleg.venues.polymarket.activity import Activity
from twoleg.venues.polymarket.contracts import (
    EXCHANGES,
    POLYGON,
    Exchange,
    exchange_for,
    is_position_id,
)
from twoleg.venues.polymarket.numbers import parse_fixed
from twoleg.venues.polymarket.options import PolymarketOptions
from twoleg.venues.polymarket.rest import ClobRest
from twoleg.venues.polymarket.resting import RestingOrders
from twoleg.venues.polymarket.sign import VENUE
from twoleg.venues.ports import OpenOrder
from twoleg.venues.ratelimit import TokenBucket

SHARD: Final = 0
UPDATES_BURST: Final = 30
UPDATES_PER_S: Final = 1
"""The venue takes 50 refreshes in any 10 seconds, here at most 30 and 10 more; the others are left
to whoever else is behind our address."""


class _Balance(msgspec.Struct):
    """The answer to `GET /balance-allowance`, in base units (1e-6)."""

    balance: str | int
    allowances: dict[str, str | int] | None = None
    """By the address of the contract that may spend."""


class _OpenOrder(msgspec.Struct):
    """One order of `GET /data/orders`, as far as it reserves cash."""

    side: str
    original_size: str
    size_matched: str
    price: str
    id: str = ""
    market: str = ""

    @property
    def reserved_micros(self) -> int:
        """What it may still spend, rounded up; ValueError if unreadable."""
        if self.side != "BUY":
            return 0
        left_e6 = parse_fixed(self.original_size, 6) - parse_fixed(self.size_matched or "0", 6)
        return max(0, ceil_div(left_e6 * parse_fixed(self.price, 6), ONE_DOLLAR_MICROS))


class MissingAllowance(msgspec.Struct, frozen=True, kw_only=True):
    """An approval without which orders on one exchange are refused."""

    exchange: Exchange
    spender: str
    """The contract that needs it."""
    asset: str
    """`COLLATERAL`, `CONDITIONAL` or `CONDITIONAL-V2`, as the venue names it."""

    def __str__(self) -> str:
        return f"{self.asset} is not approved for the {self.exchange.value} exchange {self.spender}"


class PolymarketAccount:
    """AccountPort of Polymarket. `resting` tells whether orders reserve anything at all."""

    venue = Venue.POLYMARKET

    def __init__(
        self,
        *,
        rest: ClobRest,
        signature_type: int,
        options: PolymarketOptions,
        chain_id: int = POLYGON,
        resting: RestingOrders | None = None,
        activity: Activity | None = None,
    ) -> None:
        self._rest = rest
        self._signature_type = str(int(signature_type))
        self._options = options
        self._exchanges = EXCHANGES[chain_id]
        self.resting = resting if resting is not None else RestingOrders()
        # Without it nothing is known of money beside trades.
        self._activity = activity
        self._updates = TokenBucket(
            clock=rest.clock, capacity=UPDATES_BURST, refill_per_s=UPDATES_PER_S
        )

    async def read_cash(self) -> CashReported:
        """Free collateral in micros: the balance without what open BUY orders may still spend."""
        micros = await self.read_balance()
        if len(self.resting):
            micros = max(0, micros - await self._read_reserved())
        return CashReported(venue=Venue.POLYMARKET, cash_micros=((SHARD, micros),))

    async def read_balance(self) -> int:
        """Collateral in micros, reserved or not; raises as `read_cash`."""
        told = await self._read({"asset_type": "COLLATERAL"})
        return _micros(told.balance)

    async def read_positions(
        self, markets: Iterable[Market]
    ) -> tuple[tuple[MarketId, int, int], ...]:
        """Holdings of both tokens of each market; zero ones left out."""
        held: list[tuple[MarketId, int, int]] = []
        for market in markets:
            yes_e6 = _micros((await self._read_token(market.yes_token)).balance)
            no_e6 = _micros((await self._read_token(market.no_token)).balance)
            if yes_e6 or no_e6:
                held.append((market.id, yes_e6, no_e6))
        return tuple(held)

    async def read_open_orders(self) -> tuple[OpenOrder, ...]:
        """Whatever rests under our key, with what it may still spend."""
        orders = await self._rest.read_all("/data/orders", _OpenOrder, {})
        try:
            return tuple(
                OpenOrder(
                    market_id=MarketId(f"{VENUE}:{order.market}"),
                    order_key=order.id,
                    venue_order_id=order.id,
                    shard=SHARD,
                    cost_micros=order.reserved_micros,
                )
                for order in orders
            )
        except ValueError as error:
            raise VenueUnavailable(VENUE, "unreadable_order", str(error)) from error

    async def read_flows(self, since_ms: int) -> tuple[CashFlow, ...]:
        """Redemptions, rebates, deposits and withdrawals, as the Data API tells them."""
        return await self._activity.read_flows(since_ms) if self._activity is not None else ()

    async def missing_allowances(self, markets: Iterable[Market]) -> tuple[MissingAllowance, ...]:
        """Approvals that trading these markets needs and the wallet has not given.

        Buying needs an allowance of pUSD for the market's exchange, at least as large as the
        balance; selling one for its shares, which is all or nothing. Raises as `read_cash`.
        """
        missing: dict[MissingAllowance, None] = {}
        cash: _Balance | None = None
        checked: set[tuple[Exchange, str]] = set()
        for market in markets:
            exchange = exchange_for(int(market.yes_token), neg_risk=market.neg_risk)
            asset = _asset_of(market.yes_token)
            if (exchange, asset) in checked:
                continue
            checked.add((exchange, asset))
            spender = self._exchanges[exchange][1]
            cash = cash or await self._read({"asset_type": "COLLATERAL"})
            shares = await self._read_token(market.yes_token)
            if _allowance(cash, spender) < max(1, _micros(cash.balance)):
                missing[_missing(exchange, spender, "COLLATERAL")] = None
            if _allowance(shares, spender) == 0:
                missing[_missing(exchange, spender, asset)] = None
        return tuple(missing)

    async def _read_reserved(self) -> int:
        orders = await self._rest.read_all("/data/orders", _OpenOrder, {})
        try:
            return sum(order.reserved_micros for order in orders)
        except ValueError as error:
            raise VenueUnavailable(VENUE, "unreadable_order", str(error)) from error

    async def _read_token(self, token: str) -> _Balance:
        return await self._read({"asset_type": _asset_of(token), "token_id": token})

    async def _read(self, query: dict[str, str]) -> _Balance:
        query = {**query, "signature_type": self._signature_type}
        if self._options.update_balance_first and self._updates.try_take(1):
            # A stale number is still a number; the read below has its own failures.
            with suppress(VenueRejected, VenueUnavailable):
                await self._rest.read("/balance-allowance/update", msgspec.Raw, query)
        return await self._rest.read("/balance-allowance", _Balance, query)


def _asset_of(token: str) -> str:
    is_position = token.isdigit() and is_position_id(int(token))
    return "CONDITIONAL-V2" if is_position else "CONDITIONAL"


def _missing(exchange: Exchange, spender: str, asset: str) -> MissingAllowance:
    return MissingAllowance(exchange=exchange, spender=spender, asset=asset)


def _allowance(told: _Balance, spender: str) -> int:
    allowances = {name.lower(): text for name, text in (told.allowances or {}).items()}
    return _micros(allowances.get(spender.lower(), "0"))


def _micros(value: str | int) -> int:
    text = str(value)
    if not (text.isascii() and text.isdigit()):
        raise VenueUnavailable(VENUE, "unreadable_balance", text[:40])
    return int(text)
