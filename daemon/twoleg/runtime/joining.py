"""Pairs whose market its venue does not know yet: asked for until it does, then traded."""

from collections.abc import Callable, Mapping
from typing import Final

import structlog
from msgspec.structs import replace

from twoleg.core.events import Event, PairsChanged
from twoleg.core.market import Market, MarketId, Pair, PairState, Venue
from twoleg.errors import VenueError
from twoleg.runtime.accounts import Accounts
from twoleg.runtime.kit import Kit
from twoleg.runtime.startup import Startup
from twoleg.seams import Clock

RETRY_S: Final = 30.0
BUSY_S_MIN: Final = 1.0
BUSY_S_MAX: Final = 30.0
"""A residual may be held on one of its markets for hours, and a venue be away."""

log = structlog.get_logger(__name__)


class Joining:
    """Lets late pairs join `pairs()`. `is_busy` tells whether something is open on a market."""

    def __init__(
        self,
        *,
        startup: Startup,
        kits: Mapping[Venue, Kit],
        accounts: Accounts,
        markets: Mapping[MarketId, Market],
        clock: Clock,
        emit: Callable[[Event], None],
        pairs: Callable[[], tuple[Pair, ...]],
        is_busy: Callable[[MarketId], bool],
    ) -> None:
        self._startup = startup
        self._kits = kits
        self._accounts = accounts
        self._markets = markets
        self._clock = clock
        self._emit = emit
        self._pairs = pairs
        self._is_busy = is_busy
        # Ready, and not in yet.
        self._ready: list[Pair] = []

    async def run(self, let_in: Callable[[Pair], None]) -> None:
        """Ask again and again; ends when all of them are in, or never can be.

        `let_in` must make `pairs()` tell the pair too. May be begun again after a failure.
        """
        while self._ready or self._startup.later:
            if not self._ready:
                await self._clock.sleep(RETRY_S)
                self._ready += await self._startup.read_later()
            while self._ready:
                pair = self._ready[0]
                await self._join(pair)
                let_in(pair)
                del self._ready[0]
                log.info("pair_joined", pair_id=pair.id)

    async def _join(self, pair: Pair) -> None:
        # Known before its holdings are told; armed after that.
        self._emit(PairsChanged((*self._pairs(), replace(pair, state=PairState.DISARMED))))
        markets = [self._markets[pair.market_on(venue)] for venue in Venue]
        for market in markets:
            self._kits[market.venue].follow(market)
        pause_s = BUSY_S_MIN
        while not await self._read_positions(markets):
            await self._clock.sleep(pause_s)
            pause_s = min(2 * pause_s, BUSY_S_MAX)
        self._emit(PairsChanged((*self._pairs(), pair)))

    async def _read_positions(self, markets: list[Market]) -> bool:
        try:
            return await self._accounts.add(markets, self._is_busy)
        except VenueError as error:
            log.warning("account_not_read", venue=error.venue, reason=str(error))
            return False
