"""What people do to pairs: approve, reject, disarm. Each act is checked, whole, and recorded."""

from collections.abc import Collection, Mapping
from typing import Final

from twoleg.catalogue.policy import may_arm
from twoleg.core.life import can_move
from twoleg.core.market import Origin, PairState, Venue
from twoleg.errors import PairRefused
from twoleg.settings import Mode
from twoleg.storage.pair_rows import PairRow
from twoleg.storage.pairs import PairStore

REJECTED: Final = "rejected"
BY_HAND: Final = "by_hand"


class PairLife:
    """The acts of one person on the pairs of one mode.

    Every act raises PairRefused and then changes nothing; StorageError, DatabaseUnavailable.
    """

    def __init__(self, pairs: PairStore, mode: Mode, actor: str) -> None:
        self._pairs = pairs
        self._mode = mode
        self._actor = actor

    async def approve(
        self, pair_id: str, acknowledged: Collection[str], *, is_armed: bool
    ) -> PairRow:
        """Approve a pair on the texts that its catalogue holds now, and arm it if `is_armed`.

        Those texts must be the ones that it was matched on and that this person was shown, and
        every difference must be acknowledged by its name.
        """
        row = await self._find(pair_id)
        keys = ((Venue.KALSHI, row.ticker), (Venue.POLYMARKET, row.condition_id))
        async with self._pairs.transaction():
            now = await self._pairs.texts_now(keys)
            await self._pairs.lock([pair_id])
            row = await self._find(pair_id)
            if row.state in {PairState.ARMED, PairState.RETIRED}:
                raise PairRefused(pair_id, f"it is {row.state.value} already")
            if not all(key in now and now[key].is_open for key in keys):
                raise PairRefused(pair_id, "a market of it is no longer open in the catalogue")
            texts = {venue.value: now[venue, name].rules_fingerprint for venue, name in keys}
            await self._check_texts(row, texts)
            known = self._check_names(row, acknowledged)
            if is_armed and not may_arm(row, self._mode):
                reason = "it cannot be armed in this mode without both rule texts and both tokens"
                raise PairRefused(pair_id, reason)
            await self._pairs.approve(pair_id, self._actor, known)
            detail = {"acknowledged": list(known), **texts}
            if row.state is not PairState.APPROVED:
                row = await self._move(row, PairState.APPROVED, "approved", detail)
            if is_armed:
                row = await self._move(row, PairState.ARMED, "approved", detail)
        return row

    async def reject(self, pair_id: str, reason: str) -> PairRow:
        """End a pair: it is never proposed again."""
        row = await self._find(pair_id)
        return await self._move(row, PairState.RETIRED, REJECTED, {"reason": reason})

    async def disarm(self, pair_id: str, reason: str) -> PairRow:
        """Take a pair out of trading until a person approves it again."""
        row = await self._find(pair_id)
        return await self._move(row, PairState.DISARMED, BY_HAND, {"reason": reason})

    async def _find(self, pair_id: str) -> PairRow:
        row = await self._pairs.get(pair_id)
        if row is None:
            raise PairRefused(pair_id, "there is no such pair in this mode")
        if row.origin is Origin.FILE:
            raise PairRefused(pair_id, "it stands in the pairs file, and is changed there")
        return row

    async def _move(
        self, row: PairRow, wanted: PairState, reason: str, detail: Mapping[str, object]
    ) -> PairRow:
        if row.state is wanted:
            raise PairRefused(row.pair_id, f"it is {wanted.value} already")
        if not can_move(row.state, wanted):
            told = f"it is {row.state.value}, and cannot become {wanted.value}"
            raise PairRefused(row.pair_id, told)
        return await self._pairs.move(
            row.pair_id, wanted, self._actor, reason=reason, detail=detail
        )

    async def _check_texts(self, row: PairRow, texts: dict[str, str]) -> None:
        if texts != row.texts:
            reason = "its rules have changed since it was matched: match again, and read them"
            raise PairRefused(row.pair_id, reason)
        if await self._pairs.last_shown(row.pair_id, self._actor) != texts:
            reason = (
                f"its rules as they are now were not shown to {self._actor} yet: read "
                f"twoleg pairs diff {row.pair_id}"
            )
            raise PairRefused(row.pair_id, reason)

    def _check_names(self, row: PairRow, acknowledged: Collection[str]) -> tuple[str, ...]:
        """What is acknowledged, now or by the approval that stands."""
        unknown = tuple(name for name in acknowledged if name not in row.names)
        if unknown:
            raise PairRefused(row.pair_id, "it has no such difference", unknown)
        standing = row.acknowledged if row.state is PairState.APPROVED else ()
        known = {*acknowledged, *standing}
        missing = tuple(name for name in row.names if name not in known)
        if missing:
            raise PairRefused(row.pair_id, "to be acknowledged by name", missing)
        return row.names
