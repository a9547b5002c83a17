"""Cash and holdings of our wallet on Polymarket.

The venue derives the wallet from the API key's address and the signature type: a wrong type
answers 0. Its numbers are a cache, refreshed on request (docs.polymarket.com balance-allowance,
read 2026-11-22).
"""

from collections.abc import Iterable
from contextlib import suppress
from typing import Final

import msgspec

from twoleg.core.events import CashReported
from twoleg.core.market import Market, MarketId, Venue
from twoleg.errors import VenueRejected, VenueUnavailable
from twoleg.venues.polymarket.contracts import is_position_id
from twoleg.venues.polymarket.options import PolymarketOptions
from twoleg.venues.polymarket.rest import ClobRest
from twoleg.venues.polymarket.sign import VENUE

SHARD: Final = 0


class _Balance(msgspec.Struct):
    """The answer to `GET /balance-allowance`, in base units (1e-6)."""

    balance: str | int


class PolymarketAccount:
    """AccountPort of Polymarket."""

    venue = Venue.POLYMARKET

    def __init__(self, *, rest: ClobRest, signature_type: int, options: PolymarketOptions) -> None:
        self._rest = rest
        self._signature_type = str(int(signature_type))
        self._options = options

    async def read_cash(self) -> CashReported:
        """Collateral in micros; reservations of open orders are not taken off."""
        micros = await self._read_balance({"asset_type": "COLLATERAL"})
        return CashReported(venue=Venue.POLYMARKET, cash_micros=((SHARD, micros),))

    async def read_positions(
        self, markets: Iterable[Market]
    ) -> tuple[tuple[MarketId, int, int], ...]:
        """Holdings of both tokens of each market; zero ones left out."""
        held: list[tuple[MarketId, int, int]] = []
        for market in markets:
            yes_e6 = await self._read_token(market.yes_token)
            no_e6 = await self._read_token(market.no_token)
            if yes_e6 or no_e6:
                held.append((market.id, yes_e6, no_e6))
        return tuple(held)

    async def _read_token(self, token: str) -> int:
        is_position = token.isdigit() and is_position_id(int(token))
        asset_type = "CONDITIONAL-V2" if is_position else "CONDITIONAL"
        return await self._read_balance({"asset_type": asset_type, "token_id": token})

    async def _read_balance(self, query: dict[str, str]) -> int:
        query = {**query, "signature_type": self._signature_type}
        if self._options.update_balance_first:
            # A stale number is still a number; the read below has its own failures.
            with suppress(VenueRejected, VenueUnavailable):
                await self._rest.read("/balance-allowance/update", msgspec.Raw, query)
        answer = await self._rest.read("/balance-allowance", _Balance, query)
        text = str(answer.balance)
        if not (text.isascii() and text.isdigit()):
            raise VenueUnavailable(VENUE, "unreadable_balance", text[:40])
        return int(text)
