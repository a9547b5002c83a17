"""Fills that belong to no order we know: kept, because the order's id may still be on its way."""

from typing import Final

import msgspec

from twoleg.core.events import Fill, FillStatus

KEPT_MAX: Final = 1_000
TOLD_MAX: Final = 16_384
"""Ids of fills that were told and made room: reads of the account may show them again."""
_RANK: Final = {FillStatus.PROVISIONAL: 0, FillStatus.FINAL: 1, FillStatus.VOID: 2}
"""A fill's life goes one way only, in whatever order its news arrives."""


class _Waiting(msgspec.Struct):
    """A fill, since when it waits, and what was done about it."""

    fill: Fill
    since_ns: int
    was_named: bool = False
    was_told: bool = False


class Unclaimed:
    """Unclaimed fills of one venue by fill id.

    Beyond `KEPT_MAX` the oldest that were told make room; where none was, new ones are turned away.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, _Waiting] = {}
        # Fills that made room, oldest first.
        self._told: dict[str, None] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, fill: Fill, now_ns: int) -> bool:
        """Keep a fill, or what is newer of it; whether it was not known yet."""
        known = self._waiting.get(fill.fill_id)
        if known is not None:
            if _RANK[fill.status] > _RANK[known.fill.status]:
                known.fill = fill
            return False
        if fill.fill_id in self._told or not self._has_room():
            return False
        self._waiting[fill.fill_id] = _Waiting(fill, now_ns)
        return True

    def _has_room(self) -> bool:
        """Whether one more can be kept; makes room if it must."""
        if len(self._waiting) < KEPT_MAX:
            return True
        told = (fill_id for fill_id, entry in self._waiting.items() if entry.was_told)
        oldest = next(told, None)
        if oldest is None:
            return False
        del self._waiting[oldest]
        self._told[oldest] = None
        if len(self._told) > TOLD_MAX:
            del self._told[next(iter(self._told))]
        return True

    def all(self) -> list[Fill]:
        """Everything that waits."""
        return [entry.fill for entry in self._waiting.values()]

    def claim(self, ids: set[str]) -> list[Fill]:
        """Take out what belongs to the order of these ids."""
        mine = [
            entry.fill
            for entry in self._waiting.values()
            if entry.fill.order_key in ids or entry.fill.venue_order_id in ids
        ]
        for fill in mine:
            del self._waiting[fill.fill_id]
        return mine

    def nameless(self) -> list[str]:
        """Venue ids of orders whose own id is not known, until their fills were told of."""
        found = (
            entry.fill.venue_order_id
            for entry in self._waiting.values()
            if not (entry.fill.order_key or entry.was_named or entry.was_told)
        )
        return list(dict.fromkeys(found))

    def name(self, venue_order_id: str) -> None:
        """The own id of an order is known, and it is nobody's here."""
        for entry in self._waiting.values():
            entry.was_named |= entry.fill.venue_order_id == venue_order_id

    def due(self, since_ns: int) -> list[Fill]:
        """What has waited since then, each once; all stay claimable."""
        due = [
            entry
            for entry in self._waiting.values()
            if entry.since_ns <= since_ns and not entry.was_told
        ]
        for entry in due:
            entry.was_told = True
        return [entry.fill for entry in due]
