"""Takes a pairs file into the record: under the same vetoes as any pair, all of it or nothing."""

from collections.abc import Sequence
from typing import Final

import msgspec

from twoleg.catalogue.declared import judge_declared
from twoleg.catalogue.policy import may_arm
from twoleg.core.life import can_move
from twoleg.core.market import Origin, PairId, PairState
from twoleg.errors import PairRefused
from twoleg.settings import Declared, Settings
from twoleg.storage.catalogue import CatalogueStore
from twoleg.storage.pair_rows import PairRow
from twoleg.storage.pairs import PairStore

IMPORTED: Final = "imported"
_LIVING: Final = frozenset({PairState.APPROVED, PairState.ARMED})


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the file: the pair it became, in which state, and what kept it from more."""

    entry_id: PairId
    pair_id: PairId
    state: PairState
    missing: tuple[str, ...] = ()
    reason: str = ""


class PairImport:
    """Imports pairs on behalf of one person."""

    def __init__(
        self, pairs: PairStore, catalogue: CatalogueStore, settings: Settings, actor: str
    ) -> None:
        self._pairs = pairs
        self._catalogue = catalogue
        self._settings = settings
        self._actor = actor

    async def take(self, declared: Sequence[Declared]) -> list[Imported]:
        """Import all entries.

        An entry that says approved or armed is an approval: it needs both fingerprints, which must
        be those of the catalogue, and every difference acknowledged. Where something of that is
        missing, the pair becomes a candidate, and is told.

        Raises:
            ExceptionGroup: of PairRefused: vetoes that were not acknowledged, markets that the
                catalogue lacks, pairs that are retired. Nothing was imported.
        """
        refused: list[PairRefused] = []
        done: list[Imported] = []
        async with self._pairs.transaction():
            for one in declared:
                try:
                    done.append(await self._take_one(one))
                except PairRefused as error:
                    refused.append(error)
            if refused:
                raise ExceptionGroup("nothing was imported", refused)
        return done

    async def _take_one(self, declared: Declared) -> Imported:
        pair = declared.pair
        fresh = await self._row(declared)
        old = await self._pairs.get(fresh.pair_id)
        if old is None:
            await self._pairs.propose([fresh])
        elif old.origin is Origin.FILE or old.state is PairState.RETIRED:
            reason = "it is declared" if old.origin is Origin.FILE else old.state_reason
            raise PairRefused(pair.id, f"{fresh.pair_id} cannot be changed: {reason}")
        else:
            await self._pairs.refresh([fresh])
        state = old.state if old else PairState.CANDIDATE
        missing = tuple(name for name in fresh.names if name not in declared.acknowledged)
        reason = _why_not(fresh, declared, self._settings)
        wanted = pair.state
        if wanted in _LIVING and (missing or reason):
            # An approval that stands was of texts and differences that may have changed by this.
            wanted = PairState.CANDIDATE if state is PairState.CANDIDATE else PairState.DISARMED
        elif wanted in _LIVING:
            await self._pairs.approve(fresh.pair_id, self._actor, fresh.names)
        state = await self._bring(fresh, state, wanted)
        return Imported(
            entry_id=pair.id,
            pair_id=fresh.pair_id,
            state=state,
            missing=missing if pair.state in _LIVING else (),
            reason=reason if pair.state in _LIVING else "",
        )

    async def _row(self, declared: Declared) -> PairRow:
        pair = declared.pair
        judged = await judge_declared(self._catalogue, pair)
        if judged is None:
            raise PairRefused(pair.id, "the catalogue lacks a market of it: twoleg sync")
        vetoes = tuple(
            facet.name
            for facet in judged.facets
            if facet.hard and not facet.is_equal and facet.name not in declared.acknowledged
        )
        if vetoes:
            raise PairRefused(pair.id, "vetoes that are not acknowledged by name", vetoes)
        fresh = judged.to_row(
            similarity_e4=pair.similarity_e4,
            edge_micros_min=self._settings.pairing.edge_micros_min,
        )
        return msgspec.structs.replace(
            fresh, leg_mode=pair.leg_mode, tif=pair.tif, size_e6_max=pair.size_e6_max
        )

    async def _bring(self, row: PairRow, state: PairState, wanted: PairState) -> PairState:
        """Move a pair to the state that is wanted, by way of an approval where it needs one."""
        way = [wanted]
        if wanted is PairState.ARMED and state not in _LIVING:
            way = [PairState.APPROVED, wanted]
        for step in way:
            if step is not state and not can_move(state, step):
                told = f"{row.pair_id} is {state.value}, and cannot become {step.value}"
                raise PairRefused(row.pair_id, told)
            if step is not state:
                await self._pairs.move(row.pair_id, step, self._actor, reason=IMPORTED)
                state = step
        return state


def _why_not(row: PairRow, declared: Declared, settings: Settings) -> str:
    pair = declared.pair
    given = {"kalshi": pair.kalshi_fingerprint, "polymarket": pair.polymarket_fingerprint}
    if given != row.texts:
        return "its fingerprints are not those of the rules in the catalogue"
    if not may_arm(row, settings.daemon.mode):
        return "it lacks a rule text or a token"
    return ""
