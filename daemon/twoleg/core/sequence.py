"""Gap detection of numbered frames: Kalshi counts per subscription, control frames included."""

from enum import Enum

from twoleg.core.market import MarketId


class SequenceVerdict(Enum):
    """What a frame's number says."""

    NEXT = "next"
    DUPLICATE = "duplicate"
    GAP = "gap"
    STRANGE = "strange"
    """Of a subscription that nobody began: whose gaps would be whose, nobody could tell."""


class Sequences:
    """The last number seen on each subscription (`sid`), and the markets that hang on it."""

    __slots__ = ("_last", "_markets")

    def __init__(self) -> None:
        self._last: dict[int, int] = {}
        self._markets: dict[int, tuple[MarketId, ...]] = {}

    def begin(self, sid: int, market_ids: tuple[MarketId, ...]) -> None:
        """A subscription was (re)made: its first frame has number 1."""
        self._last[sid] = 0
        self._markets[sid] = market_ids

    def carry(self, sid: int, market_ids: tuple[MarketId, ...]) -> None:
        """Other markets hang on a subscription whose numbers go on."""
        self._markets[sid] = market_ids

    def check(self, sid: int, seq: int) -> SequenceVerdict:
        """Judge a frame; a number that runs backwards is a lost subscription, so a gap too.

        Frames without a subscription number (0) are not numbered and always next.
        """
        if sid == 0 or seq == 0:
            return SequenceVerdict.NEXT
        last = self._last.get(sid)
        if last is None:
            return SequenceVerdict.STRANGE
        if seq == last:
            return SequenceVerdict.DUPLICATE
        self._last[sid] = seq
        return SequenceVerdict.NEXT if seq == last + 1 else SequenceVerdict.GAP

    def markets(self, sid: int) -> tuple[MarketId, ...]:
        """Whose books are suspect when this subscription has a gap."""
        return self._markets.get(sid, ())
