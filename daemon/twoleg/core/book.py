"""One book per market, in YES terms: a NO bid at q is the YES ask at 1−q, and counts once.

A ladder is a sorted list of prices beside a dict of sizes: small, independent of the tick, and
both best prices are the last elements (asks are kept negated).
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from typing import Final

from twoleg.core.events import ASK, BID, Level
from twoleg.core.market import MarketId, Outcome, PriceGrid, Side

NO_BID: Final = 0
NO_ASK: Final = 10_000


class Book:
    """The resting orders of one market, as its venue last told.

    `epoch` counts grids: a book of an older epoch is void. `version` grows with every change.
    `lag_ms` holds, per side, how old the last change was by the venue's own time when it arrived;
    it says how late the feed runs, not how long a quiet level has stood. That is `age_ms`.
    """

    __slots__ = (
        "_best_key",
        "_best_since_ns",
        "_prices",
        "_sizes",
        "_taken",
        "_taken_until_ms",
        "clock_last",
        "clock_snapshot",
        "epoch",
        "grid",
        "is_doubted",
        "is_live",
        "lag_ms",
        "last_trade_price",
        "market_id",
        "snapshot_ms",
        "snapshot_recv_ns",
        "told_hash",
        "told_ms",
        "ts_event_ms",
        "unproven",
        "version",
        "voids",
    )

    def __init__(self, market_id: MarketId, grid: PriceGrid) -> None:
        self.market_id = market_id
        self.grid = grid
        # Counts price grids; a snapshot is needed after each change.
        self.epoch = 0
        self.version = 0
        # Grows each time all was forgotten: what was seen before it says nothing about now.
        self.voids = 0
        self.is_live = False
        self.lag_ms = [0, 0]
        self.ts_event_ms = 0
        # As the venue writes it: an input of the Polymarket book hash.
        self.last_trade_price = ""
        # The exchange clock of the last snapshot taken and of the last change seen, applied or
        # not; 0 where it was not told.
        self.clock_snapshot = 0
        self.clock_last = 0
        self.snapshot_recv_ns = 0
        # Polymarket. The venue's time of the last snapshot and of the last frame applied, the
        # hash that came with it, and how many changes came since one was checked.
        self.snapshot_ms = 0
        self.told_ms = 0
        self.told_hash = ""
        self.unproven = 0
        # Something speaks against this book: nothing may start on it.
        self.is_doubted = False
        # Bids ascending, asks negated ascending: the best price of either side stands last.
        self._prices: tuple[list[int], list[int]] = ([], [])
        self._sizes: tuple[dict[int, int], dict[int, int]] = ({}, {})
        # The best level of each side (as in `_prices`), and since when (ts_recv_ns) it stands.
        self._best_key: list[int | None] = [None, None]
        self._best_since_ns = [0, 0]
        # What our own orders took and the feed has not shown yet.
        self._taken: tuple[dict[int, int], dict[int, int]] = ({}, {})
        # 0: the answer is still out. Else the venue time after which the feed has shown it.
        self._taken_until_ms = 0

    # -- writing ---------------------------------------------------------------------------

    def replace(self, bids: Iterable[Level], asks: Iterable[Level]) -> bool:
        """Take a snapshot; False (and void) if it is crossed, so not one book of one moment."""
        for side, levels in ((BID, bids), (ASK, asks)):
            sizes = self._sizes[side]
            sizes.clear()
            sizes.update((price, size) for price, size in levels if 0 < price < NO_ASK and size > 0)
            prices = self._prices[side]
            prices[:] = sorted(sizes) if side == BID else sorted(-price for price in sizes)
        self.version += 1
        self.is_live = self.best_bid_e4 < self.best_ask_e4
        return self.is_live

    def set_level(self, side: int, price_e4: int, size_e6: int) -> None:
        """Give one level a new size; 0 removes it. A price of 0 or 1 is no quote."""
        sizes = self._sizes[side]
        self.version += 1
        if size_e6 > 0:
            if not NO_BID < price_e4 < NO_ASK:
                return
            if price_e4 not in sizes:
                insort(self._prices[side], price_e4 if side == BID else -price_e4)
            sizes[price_e4] = size_e6
        elif price_e4 in sizes:
            del sizes[price_e4]
            prices = self._prices[side]
            key = price_e4 if side == BID else -price_e4
            del prices[bisect_left(prices, key)]

    def add_to_level(self, side: int, price_e4: int, delta_e6: int) -> bool:
        """Change one level by a signed size; False if the book cannot have held it."""
        size_e6 = self._sizes[side].get(price_e4, 0) + delta_e6
        if size_e6 < 0:
            return not NO_BID < price_e4 < NO_ASK
        self.set_level(side, price_e4, size_e6)
        return True

    def void(self) -> None:
        """Forget everything: nothing is decided on this book until a snapshot."""
        self.is_live = self.is_doubted = False
        self.snapshot_ms = self.told_ms = 0
        self.told_hash = ""
        self.version += 1
        self.voids += 1
        self._best_key = [None, None]
        for side in (BID, ASK):
            self._prices[side].clear()
            self._sizes[side].clear()

    def change_grid(self, grid: PriceGrid) -> None:
        """Begin a new epoch: another price grid, an empty book."""
        self.grid = grid
        self.epoch += 1
        self.void()

    def stamp(self, side: int, ts_event_ms: int, ts_recv_ns: int) -> None:
        """Note how late a change of this side arrived, and whether its best level is another."""
        prices = self._prices[side]
        best_key = prices[-1] if prices else None
        if best_key != self._best_key[side]:
            self._best_key[side] = best_key
            self._best_since_ns[side] = ts_recv_ns
        if ts_event_ms > 0:
            self.lag_ms[side] = ts_recv_ns // 1_000_000 - ts_event_ms
            self.ts_event_ms = max(self.ts_event_ms, ts_event_ms)
            if 0 < self._taken_until_ms < ts_event_ms:
                self.forget_taken()

    # -- our own liquidity -----------------------------------------------------------------

    def take(self, side: int, limit_e4: int, size_e6: int) -> None:
        """Subtract from what is displayed on `side` what an order of ours is about to take."""
        left = size_e6
        for price, size in self._displayed(side):
            beyond = price > limit_e4 if side == ASK else price < limit_e4
            if left <= 0 or beyond:
                break
            part = min(left, size)
            taken = self._taken[side]
            taken[price] = taken.get(price, 0) + part
            left -= part
        self._taken_until_ms = 0

    def answer_taken(self, ts_event_ms: int) -> None:
        """The answer is known: what was taken counts until a book event later than this time."""
        if self._taken[BID] or self._taken[ASK]:
            self._taken_until_ms = max(1, ts_event_ms)

    def forget_taken(self) -> None:
        """The feed shows our fills by now."""
        self._taken[BID].clear()
        self._taken[ASK].clear()
        self._taken_until_ms = 0

    # -- reading ---------------------------------------------------------------------------

    @property
    def best_bid_e4(self) -> int:
        """Highest YES bid, 0 without one."""
        prices = self._prices[BID]
        return prices[-1] if prices else NO_BID

    @property
    def best_ask_e4(self) -> int:
        """Lowest YES ask, 10 000 without one."""
        prices = self._prices[ASK]
        return -prices[-1] if prices else NO_ASK

    def age_ms(self, outcome: Outcome, side: Side, wall_ns: int) -> int:
        """How long the best level that an order would hit has stood at this wall time.

        A snapshot of a void book tells levels that may have stood long: they count from then on.
        """
        book_side = ASK if (outcome is Outcome.YES) is (side is Side.BUY) else BID
        return max(0, wall_ns - self._best_since_ns[book_side]) // 1_000_000

    def lag_of(self, outcome: Outcome) -> int:
        """How late (ms) the side arrived that a purchase of `outcome` takes from."""
        return self.lag_ms[ASK if outcome is Outcome.YES else BID]

    def bid_for(self, outcome: Outcome) -> int:
        """Best price at which `outcome` can be sold; 0 without one."""
        return self.best_bid_e4 if outcome is Outcome.YES else NO_ASK - self.best_ask_e4

    def ladder(self, outcome: Outcome, side: Side, levels_max: int) -> list[Level]:
        """What an order can hit, best first, in the outcome's own prices, our own takes left out.

        BUY walks offers of the outcome (ascending prices), SELL its bids (descending).
        """
        book_side = ASK if (outcome is Outcome.YES) is (side is Side.BUY) else BID
        flip = outcome is Outcome.NO
        found: list[Level] = []
        for price, size in self._displayed(book_side):
            found.append((NO_ASK - price if flip else price, size))
            if len(found) == levels_max:
                break
        return found

    def levels(self, side: int) -> list[Level]:
        """All levels of one side as the venue told them, best first, in YES prices."""
        sizes = self._sizes[side]
        if side == BID:
            return [(price, sizes[price]) for price in reversed(self._prices[BID])]
        return [(-price, sizes[-price]) for price in reversed(self._prices[ASK])]

    def is_same(self, bids: Iterable[Level], asks: Iterable[Level]) -> bool:
        """Whether these are exactly the levels of this book."""
        return dict(bids) == self._sizes[BID] and dict(asks) == self._sizes[ASK]

    def differences(
        self, bids: Iterable[Level], asks: Iterable[Level], but: Iterable[tuple[int, int]]
    ) -> list[tuple[int, int, int, int]]:
        """Where these levels differ from ours: (side, price_e4, our size_e6, their size_e6).

        Levels (side, price_e4) of `but` are left out.
        """
        left_out = set(but)
        found: list[tuple[int, int, int, int]] = []
        for side, levels in ((BID, bids), (ASK, asks)):
            ours, theirs = self._sizes[side], dict(levels)
            found += [
                (side, price, ours.get(price, 0), theirs.get(price, 0))
                for price in sorted(ours.keys() | theirs.keys())
                if ours.get(price, 0) != theirs.get(price, 0) and (side, price) not in left_out
            ]
        return found

    def size_at(self, side: int, price_e4: int) -> int:
        """Size of one level, 0 if there is none."""
        return self._sizes[side].get(price_e4, 0)

    def _displayed(self, side: int) -> Iterator[Level]:
        sizes, taken = self._sizes[side], self._taken[side]
        for key in reversed(self._prices[side]):
            price = key if side == BID else -key
            size = sizes[price] - taken.get(price, 0) if taken else sizes[price]
            if size > 0:
                yield price, size
