"""Pairs that come later: those whose market its venue does not know yet, and those newly armed.

They are asked for until their venues know them, then followed, then traded.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

import structlog
from msgspec.structs import replace

from twoleg.core.events import Event, PairsChanged
from twoleg.core.market import Market, MarketId, Pair, PairId, PairState, Venue
from twoleg.errors import VenueError
from twoleg.runtime.accounts import Accounts
from twoleg.runtime.kit import Kit
from twoleg.runtime.startup import Startup
from twoleg.seams import Clock

RETRY_S: Final = 30.0
BUSY_S_MIN: Final = 1.0
BUSY_S_MAX: Final = 30.0
"""A residual may be held on one of its markets for hours, and a venue be away."""
ADD_AGAIN_NS: Final = 600 * 1_000_000_000
"""A pair whose market its venue refuses is not asked for again sooner."""

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
        # Ready, and not in yet; those of them that the engine and the feeds know already.
        self._ready: list[Pair] = []
        self._introduced: set[PairId] = set()
        # When each pair may be added again, and whether one was since the last look.
        self._again_ns: dict[PairId, int] = {}
        self._added = asyncio.Event()

    def add(self, pair: Pair) -> None:
        """Let one more pair join; one that is on its way, or was just refused, is left alone."""
        now_ns = self._clock.monotonic_ns()
        if self._is_coming(pair.id) or now_ns < self._again_ns.get(pair.id, now_ns):
            return
        self._again_ns[pair.id] = now_ns + ADD_AGAIN_NS
        self._startup.later.append(pair)
        self._added.set()

    def coming(self) -> tuple[Pair, ...]:
        """Pairs on their way: their markets may be known and followed already."""
        return (*self._ready, *self._startup.later)

    async def run_on(self, let_in: Callable[[Pair], None]) -> None:
        """As `run`, and on with the pairs that are added, until cancelled."""
        while True:
            await self.run(let_in)
            await self._added.wait()

    async def run(self, let_in: Callable[[Pair], None]) -> None:
        """Ask again and again; ends when all of them are in, or never can be.

        `let_in` must make `pairs()` tell the pair too, as it is to be by then. May be begun again
        after a failure.
        """
        busy_s = BUSY_S_MIN
        while self._ready or self._startup.later:
            for pair in tuple(self._ready):
                if await self._join(pair, let_in):
                    busy_s = BUSY_S_MIN
            if self._ready:
                await self._pause(busy_s)
                busy_s = min(2 * busy_s, BUSY_S_MAX)
            elif self._startup.later:
                await self._pause(RETRY_S)
            self._added.clear()
            if self._startup.later:
                self._ready += await self._startup.read_later()

    def _is_coming(self, pair_id: PairId) -> bool:
        return any(pair.id == pair_id for pair in self.coming())

    async def _pause(self, seconds: float) -> None:
        """Wait so long, or until a pair is added."""
        waits = (
            asyncio.ensure_future(self._clock.sleep(seconds)),
            asyncio.ensure_future(self._added.wait()),
        )
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def _join(self, pair: Pair, let_in: Callable[[Pair], None]) -> bool:
        """Whether a pair is in now: known before its holdings are told, armed after that."""
        # Both, but of a pair of which something is left maybe one: the other's venue lost it.
        known = map(self._markets.get, map(pair.market_on, Venue))
        markets = [market for market in known if market is not None]
        if pair.id not in self._introduced:
            self._emit(PairsChanged((*self._pairs(), replace(pair, state=PairState.DISARMED))))
            for market in markets:
                self._kits[market.venue].follow(market)
            self._introduced.add(pair.id)
        if not await self._read_positions(markets):
            return False
        let_in(pair)
        self._emit(PairsChanged(self._pairs()))
        self._ready.remove(pair)
        self._introduced.discard(pair.id)
        # It was not refused: should it leave, it may come back at once.
        self._again_ns.pop(pair.id, None)
        log.info("pair_joined", pair_id=pair.id)
        return True

    async def _read_positions(self, markets: list[Market]) -> bool:
        try:
            return await self._accounts.add(markets, self._is_busy)
        except VenueError as error:
            log.warning("account_not_read", venue=error.venue, reason=str(error))
            return False
