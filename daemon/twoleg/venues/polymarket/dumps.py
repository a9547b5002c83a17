"""Which books of one socket were asked for and have not come. Pure."""

from collections.abc import Iterable

from twoleg.core.market import MarketId


class Dumps:
    """Keeps who waits for a dump since when, and who has no book at the venue.

    A dump answers the operation that asked for it, without saying which. Wrong guesses heal: a
    book that comes is never bookless, and the bookless ones are asked for again.
    """

    def __init__(self) -> None:
        # Market → (number of the operation that asked for it, when it was sent).
        self._due: dict[MarketId, tuple[int, int]] = {}
        # Operation → how many markets it asked for.
        self._sizes: dict[int, int] = {}
        self._operations = 0
        # Market → when the venue last showed that it has no book of it.
        self._bookless: dict[MarketId, int] = {}

    @property
    def bookless(self) -> tuple[MarketId, ...]:
        """Markets without a book at the venue."""
        return tuple(self._bookless)

    def ask(self, market_ids: Iterable[MarketId], now_ns: int) -> None:
        """One operation asked for these."""
        self._operations += 1
        asked = dict.fromkeys(market_ids, (self._operations, now_ns))
        self._due.update(asked)
        pending = {number for number, _ in self._due.values()}
        self._sizes = {number: self._sizes.get(number, 0) for number in pending}
        self._sizes[self._operations] = len(asked)

    def take(self, market_id: MarketId) -> None:
        """A book came."""
        self._due.pop(market_id, None)
        self._bookless.pop(market_id, None)

    def take_nothing(self, now_ns: int) -> tuple[MarketId, ...]:
        """An empty dump came: those that the first wholly open operation asked for have no book.

        Returns the ones of which that is news.
        """
        open_ids: dict[int, list[MarketId]] = {}
        for market_id, (number, _) in self._due.items():
            open_ids.setdefault(number, []).append(market_id)
        for number in sorted(open_ids):
            if len(open_ids[number]) == self._sizes[number]:
                fresh = tuple(key for key in open_ids[number] if key not in self._bookless)
                for market_id in open_ids[number]:
                    del self._due[market_id]
                    self._bookless[market_id] = now_ns
                return fresh
        return ()

    def late(self, now_ns: int, limit_ns: int) -> list[MarketId]:
        """Markets that have waited this long."""
        return [key for key, (_, since) in self._due.items() if now_ns - since >= limit_ns]

    def stale_bookless(self, now_ns: int, limit_ns: int) -> list[MarketId]:
        """Markets whose book was last seen missing this long ago, and that nobody asked for."""
        return [
            key
            for key, since in self._bookless.items()
            if now_ns - since >= limit_ns and key not in self._due
        ]

    def forget(self, market_id: MarketId) -> None:
        """This market is no longer followed."""
        self.take(market_id)

    def lose(self) -> None:
        """The socket is gone, and what it was asked with it."""
        self._due.clear()
        self._sizes.clear()
