"""Holds the texts of markets against those that their pairs were approved by.

A pair is approved by its fingerprints in the pairs file; where one is not given, the text that was
seen first counts, as the journal tells. What differs bars the market for this process and, as it is
compared with the same word again, for the next one: until somebody approves the new text.
"""

from collections.abc import Callable, Mapping
from typing import Final

import structlog

from twoleg.core.actions import Note, NoteKind
from twoleg.core.events import Event, MarketBarred, PairsLeft
from twoleg.core.fingerprint import rules_fingerprint
from twoleg.core.market import Market, MarketId, Pair, PairId

RULES_CHANGED: Final = "rules_changed"

log = structlog.get_logger(__name__)


class Approvals:
    """Looks at every text that is read; `rules` are the fingerprints by the journal."""

    def __init__(
        self,
        *,
        rules: Callable[[], Mapping[MarketId, str]],
        emit: Callable[[Event], None],
        note: Callable[[Note], None],
    ) -> None:
        self._rules = rules
        self._emit = emit
        self._note = note
        # What was read last for each pair and market: each text is told once.
        self._read: dict[tuple[PairId, MarketId], str] = {}
        # The pairs for whose sake each market is barred.
        self._barred_for: dict[MarketId, set[PairId]] = {}

    def look(self, pair: Pair, market: Market) -> None:
        """A market of a pair was read; bars it if it says something else than was approved."""
        found = rules_fingerprint(market)
        if self._read.get((pair.id, market.id)) == found:
            return
        self._read[pair.id, market.id] = found
        given = pair.fingerprint_on(market.venue)
        approved = given or self._rules().get(market.id, found)
        log.info(
            "rules_read",
            pair_id=pair.id,
            market_id=market.id,
            fingerprint=found,
            is_approved=found == given,
        )
        if found == approved:
            return
        fields = (
            ("event", RULES_CHANGED),
            ("pair_id", pair.id),
            ("market_id", market.id),
            ("approved", approved),
            ("found", found),
        )
        self._note(Note(NoteKind.ALARM, 0, fields))
        # Not taken back by the text alone: one that changes to and fro was not approved either.
        self._barred_for.setdefault(market.id, set()).add(pair.id)
        self._emit(MarketBarred(market.id, RULES_CHANGED, is_barred=True))

    def leave(self, event: PairsLeft) -> None:
        """Forget pairs and markets that left; a market that was barred for them alone is let go."""
        pairs, markets = frozenset(event.pair_ids), frozenset(event.market_ids)
        for key in [key for key in self._read if key[0] in pairs or key[1] in markets]:
            del self._read[key]
        for market_id, barred_for in tuple(self._barred_for.items()):
            barred_for.difference_update(pairs)
            if market_id in markets or not barred_for:
                del self._barred_for[market_id]
                self._emit(MarketBarred(market_id, RULES_CHANGED, is_barred=False))

    def approve(self, pair: Pair, market: Market) -> None:
        """A pair was approved anew, by the fingerprints that it carries now; as for `look`.

        Lets its market go where it is the text as approved, and no other pair says otherwise.
        """
        self._read.pop((pair.id, market.id), None)
        self.look(pair, market)
        barred_for = self._barred_for.get(market.id, set())
        if rules_fingerprint(market) != pair.fingerprint_on(market.venue):
            return
        barred_for.discard(pair.id)
        if not barred_for and self._barred_for.pop(market.id, None) is not None:
            self._emit(MarketBarred(market.id, RULES_CHANGED, is_barred=False))
