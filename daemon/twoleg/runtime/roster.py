"""The pairs of a run: those of the file that can be followed, and those that joined since."""

from collections.abc import Callable, Container, Iterable, Mapping

from msgspec.structs import replace

from twoleg.core.events import Event, PairsChanged
from twoleg.core.market import MarketId, Pair, PairId, PairState


class Roster:
    """Keeps the pairs in order and tells the engine; `emit` is its door.

    Until `arm`, all of them are told as disarmed: nothing new starts before the database answered
    once.
    """

    def __init__(self, pairs: tuple[Pair, ...], emit: Callable[[Event], None]) -> None:
        self.pairs = pairs
        # The file's own: they stay for the run.
        self.declared = frozenset(pair.id for pair in pairs)
        self._emit = emit
        self._is_armed = False

    def arm(self) -> None:
        """From now on pairs are told as they are."""
        self._is_armed = True
        self.tell()

    def tell(self, besides: Iterable[Pair] = ()) -> None:
        """Make the pairs known, and others besides that are not followed (yet)."""
        idle = PairState.DISARMED
        pairs = self.pairs
        if not self._is_armed:
            pairs = tuple(replace(pair, state=idle) for pair in pairs)
        self._emit(PairsChanged((*pairs, *besides)))

    def let_in(self, pair: Pair) -> None:
        """Follow one more pair; whoever lets it in tells it."""
        self.pairs = (*self.pairs, pair)

    def let_go(self, pair_ids: Container[PairId]) -> None:
        """Follow these pairs no longer."""
        pairs = tuple(pair for pair in self.pairs if pair.id not in pair_ids)
        if pairs != self.pairs:
            self.pairs = pairs
            self.tell()

    def change(self, changed: Mapping[PairId, Pair]) -> None:
        """Put pairs in the place of those of the same id; what is not followed is passed over."""
        pairs = tuple(changed.get(pair.id, pair) for pair in self.pairs)
        if pairs != self.pairs:
            self.pairs = pairs
            self.tell()

    def on(self, market_id: MarketId) -> tuple[Pair, ...]:
        """The pairs that a market belongs to."""
        return tuple(p for p in self.pairs if market_id in (p.kalshi, p.polymarket))
