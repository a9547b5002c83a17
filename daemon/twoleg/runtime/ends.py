"""How markets ended, by their venues, and whether the two of a pair agree."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from twoleg.core.actions import Note, NoteKind
from twoleg.core.ends import told_ends
from twoleg.core.events import Event, InvariantReported, PairsLeft
from twoleg.core.market import Market, MarketId, Pair, Polarity, Venue
from twoleg.matching.diff import safe
from twoleg.runtime.recovery import MARKET_RESOLVED

RESULTS_DIFFER: Final = "results_differ"
TEXT_CHARS_MAX: Final = 2_000


class Ends:
    """Puts results on record; two that contradict each other open the breaker, with an alarm.

    Each result is told once, and again if the venue takes it back for another; `recorded` are those
    of earlier processes too. `on` tells the pairs that a market belongs to.
    """

    def __init__(
        self,
        *,
        on: Callable[[MarketId], Iterable[Pair]],
        recorded: Callable[[], Mapping[MarketId, str]],
        markets: Mapping[MarketId, Market],
        emit: Callable[[Event], None],
        note: Callable[[Note], None],
    ) -> None:
        self._on = on
        self._recorded = recorded
        self._markets = markets
        self._emit = emit
        self._note = note
        # Payouts in 1/10 000 dollar by the venue's own name of the outcome, as told here.
        self._payouts: dict[MarketId, dict[str, int]] = {}

    def __contains__(self, market_id: MarketId) -> bool:
        """Whether a market is resolved, for good."""
        return market_id in self._payouts or market_id in self._recorded()

    def tell(self, market_id: MarketId, payouts: str) -> bool:
        """A market is resolved, with payouts as `Hints.on_end` has them; False if that is known."""
        told = told_ends(payouts)
        if self._known(market_id) == told:
            return False
        self._payouts[market_id] = told
        fields = (("event", MARKET_RESOLVED), ("market_id", market_id), ("payouts", payouts))
        self._note(Note(NoteKind.ALARM, 0, fields))
        for pair in self._on(market_id):
            self._compare(pair)
        return True

    def leave(self, event: PairsLeft) -> None:
        """Forget markets that nobody follows any more."""
        for market_id in event.market_ids:
            self._payouts.pop(market_id, None)

    def _compare(self, pair: Pair) -> None:
        kalshi_e4, polymarket_e4 = self._yes_e4(pair.kalshi), self._yes_e4(pair.polymarket)
        if kalshi_e4 is None or polymarket_e4 is None:
            return
        if pair.polarity is Polarity.INVERSE:
            polymarket_e4 = 10_000 - polymarket_e4
        if kalshi_e4 == polymarket_e4:
            return
        fields: tuple[tuple[str, str | int | bool], ...] = (
            ("event", RESULTS_DIFFER),
            ("pair_id", pair.id),
            ("kalshi_yes_e4", kalshi_e4),
            # Of the outcome that stands for Kalshi's YES.
            ("polymarket_yes_e4", polymarket_e4),
            *((f"{venue.value}_text", self._text(pair.market_on(venue))) for venue in Venue),
        )
        self._note(Note(NoteKind.ALARM, 0, fields))
        self._emit(InvariantReported(RESULTS_DIFFER))

    def _text(self, market_id: MarketId) -> str:
        """What a market says of itself, fit to be shown: whoever is called wants to read it."""
        market = self._markets[market_id]
        return safe(f"{market.title}: {market.rules}", TEXT_CHARS_MAX)

    def _known(self, market_id: MarketId) -> dict[str, int]:
        """Payouts as told here, or else as an earlier process put them on record."""
        if market_id in self._payouts:
            return self._payouts[market_id]
        recorded = self._recorded().get(market_id)
        return told_ends(recorded) if recorded is not None else {}

    def _yes_e4(self, market_id: MarketId) -> int | None:
        """What YES pays, with the other outcome at the rest of the dollar; None: not known."""
        payouts, market = self._known(market_id), self._markets.get(market_id)
        if market is None:
            return None
        return payouts.get(market.yes_token or "yes")
