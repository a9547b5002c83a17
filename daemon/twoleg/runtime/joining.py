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
BUSY_S: Final = 1.0

log = structlog.get_logger(__name__)


class Joining:
    """Lets late pairs join. `is_quiet` tells whether no execution is open."""

    def __init__(
        self,
        *,
        startup: Startup,
        kits: Mapping[Venue, Kit],
        accounts: Accounts,
        markets: Mapping[MarketId, Market],
        clock: Clock,
        emit: Callable[[Event], None],
        is_quiet: Callable[[], bool],
    ) -> None:
        self._startup = startup
        self._kits = kits
        self._accounts = accounts
        self._markets = markets
        self._clock = clock
        self._emit = emit
        self._is_quiet = is_quiet

    async def run(self, pairs: tuple[Pair, ...], on_joined: Callable[[Pair], None]) -> None:
        """Ask again and again; ends when all of them have joined `pairs`, or never can."""
        while self._startup.later:
            await self._clock.sleep(RETRY_S)
            for pair in await self._startup.read_later():
                await self._join(pair, pairs)
                pairs = (*pairs, pair)
                on_joined(pair)
                log.info("pair_joined", pair_id=pair.id)

    async def _join(self, pair: Pair, pairs: tuple[Pair, ...]) -> None:
        # Known before its holdings are told; armed after that.
        self._emit(PairsChanged((*pairs, replace(pair, state=PairState.DISARMED))))
        markets = [self._markets[pair.market_on(venue)] for venue in Venue]
        for market in markets:
            self._kits[market.venue].follow(market)
        while not await self._read_positions(markets):
            await self._clock.sleep(BUSY_S)
        self._emit(PairsChanged((*pairs, pair)))

    async def _read_positions(self, markets: list[Market]) -> bool:
        try:
            return await self._accounts.add(markets, self._is_quiet)
        except VenueError as error:
            log.warning("account_not_read", venue=error.venue, reason=str(error))
            return False
