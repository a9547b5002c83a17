"""Pairs that leave a running daemon, and markets that nobody needs any more.

A pair that the file does not declare leaves once it is armed no more and nothing of ours is on its
markets; a market is let go once no pair on its way, no pair that stays, no execution and no holding
needs it.
Its stream, its book and all that is known of it go with it; whoever follows it again begins anew.
"""

from collections.abc import Callable, Iterable, MutableMapping, Sequence
from itertools import islice
from typing import Final

import structlog

from twoleg.core.events import PairsLeft
from twoleg.core.market import Market, MarketId, Pair, PairId, PairState, Venue
from twoleg.runtime.roster import Roster
from twoleg.seams import Clock

LOOK_S: Final = 5.0
AFTER_S: Final = 60.0
"""A pair that is armed again so soon has nothing to read anew."""
PAIRS_MAX: Final = 200
"""Pairs that leave at one look: what a venue is told of them fits into one command."""
NS_PER_S: Final = 1_000_000_000

log = structlog.get_logger(__name__)


class Leaving:
    """Lets pairs and markets go. Plain calls but for `run`.

    `coming` are pairs on their way in, `needed` the markets that must be followed whether or not a
    pair asks for them; `tell` hears of those that left, in its order.
    """

    def __init__(
        self,
        *,
        roster: Roster,
        coming: Callable[[], Iterable[Pair]],
        markets: MutableMapping[MarketId, Market],
        needed: Callable[[], set[MarketId]],
        tell: Sequence[Callable[[PairsLeft], None]],
        clock: Clock,
    ) -> None:
        self._roster = roster
        self._coming = coming
        self._markets = markets
        self._needed = needed
        self._tell = tell
        self._clock = clock
        # Since when nothing has kept each pair, the first one first.
        self._idle_ns: dict[PairId, int] = {}

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await self._clock.sleep(LOOK_S)
            self.look()

    def look(self) -> None:
        """Let go what nothing has kept for a while."""
        needed = self._needed()
        gone = self._choose(needed)
        stays = (pair for pair in self._roster.pairs if pair.id not in gone)
        for pair in (*stays, *self._coming()):
            needed.update(map(pair.market_on, Venue))
        left = tuple(market_id for market_id in self._markets if market_id not in needed)
        if not gone and not left:
            return
        for market_id in left:
            del self._markets[market_id]
        for pair_id in gone:
            del self._idle_ns[pair_id]
        self._roster.let_go(gone)
        event = PairsLeft(tuple(gone), left)
        for tell in self._tell:
            tell(event)
        log.info("pairs_left", pair_ids=list(gone), left=len(left), followed=len(self._markets))

    def _choose(self, needed: set[MarketId]) -> dict[PairId, None]:
        """The pairs whose time has come, in order."""
        now_ns = self._clock.monotonic_ns()
        idle = [pair.id for pair in self._roster.pairs if self._is_idle(pair, needed)]
        self._idle_ns = {pair_id: self._idle_ns.get(pair_id, now_ns) for pair_id in idle}
        due_ns = now_ns - int(AFTER_S * NS_PER_S)
        due = (pair_id for pair_id, since_ns in self._idle_ns.items() if since_ns <= due_ns)
        return dict.fromkeys(islice(due, PAIRS_MAX))

    def _is_idle(self, pair: Pair, needed: set[MarketId]) -> bool:
        """Whether nothing keeps a pair; those that the file declares stay, armed or not."""
        if pair.id in self._roster.declared or pair.state is PairState.ARMED:
            return False
        return needed.isdisjoint(map(pair.market_on, Venue))
