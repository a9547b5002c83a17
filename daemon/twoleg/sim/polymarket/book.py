"""The published book of one market: what clients are told, level by level, and its hash.

It follows the matching engine change by change, so that each frame shows the book as it was after
exactly that change, also when one taker sweeps several levels.
"""

from hashlib import sha1

from twoleg.sim.exchange import ONE_E4, Change, Exchange, Side
from twoleg.sim.polymarket.wire import last_price_text, price_text, size_text


class PublishedBook:
    """Levels in YES terms, rendered for either token (0: the book's YES, 1: its complement)."""

    def __init__(
        self,
        condition_id: str,
        token_ids: tuple[str, str],
        *,
        tick_e4: int,
        min_size_e6: int,
        is_neg_risk: bool,
    ) -> None:
        self.condition_id = condition_id
        self.token_ids = token_ids
        self.tick_e4 = tick_e4
        self.min_size_e6 = min_size_e6
        self.is_neg_risk = is_neg_risk
        # As published for both tokens alike, and the taker's side ("" before the first trade).
        self.last_trade_e4: int | None = None
        self.last_trade_side: str = ""
        self._sizes: dict[Side, dict[int, int]] = {"bid": {}, "ask": {}}

    def load(self, exchange: Exchange) -> None:
        """Take over the levels of a book that was filled before."""
        for side in self._sizes:
            self._sizes[side] = dict(exchange.levels(side))

    def apply(self, change: Change) -> None:
        """Follow one change. The delta counts: the engine may already be some changes ahead."""
        sizes = self._sizes[change.side]
        size_e6 = sizes.get(change.price_e4, 0) + change.delta_e6
        if size_e6:
            sizes[change.price_e4] = size_e6
        else:
            sizes.pop(change.price_e4, None)

    def size_e6(self, side: Side, price_e4: int) -> int:
        """Return the size of a level in YES terms."""
        return self._sizes[side].get(price_e4, 0)

    def top(self, token: int) -> tuple[int | None, int | None]:
        """Return best bid and best ask of a token, in its own prices."""
        bid_e4 = max(self._sizes["bid"], default=None)
        ask_e4 = min(self._sizes["ask"], default=None)
        if token == 0:
            return bid_e4, ask_e4
        return (
            None if ask_e4 is None else ONE_E4 - ask_e4,
            None if bid_e4 is None else ONE_E4 - bid_e4,
        )

    def levels(self, token: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Return bids ascending and asks descending, as the wire orders them."""
        bids = sorted(self._sizes["bid"].items())
        asks = sorted(self._sizes["ask"].items(), reverse=True)
        if token == 0:
            return bids, asks
        return (
            [(ONE_E4 - price, size) for price, size in asks],
            [(ONE_E4 - price, size) for price, size in bids],
        )

    def hash(self, token: int, ts_ms: int) -> str:
        """Return the SHA-1 of the whole book, as both `book` and `price_change` carry it.

        Recipe: py-clob-client-v2 1.2.1 generate_orderbook_summary_hash, which reproduces captured
        frames of 2025-12 to 2026-08. Written by hand: it runs for every change of every book.
        """
        text = (
            f'{{"market":"{self.condition_id}","asset_id":"{self.token_ids[token]}",'
            f'"timestamp":"{ts_ms}","hash":"",{self._levels_text(token)},'
            f'"min_order_size":"{size_text(self.min_size_e6)}",'
            f'"tick_size":"{price_text(self.tick_e4)}",'
            f'"neg_risk":{"true" if self.is_neg_risk else "false"},'
            f'"last_trade_price":"{last_price_text(self.last_trade_e4)}"}}'
        )
        return sha1(text.encode(), usedforsecurity=False).hexdigest()

    def frame(self, token: int, ts_ms: int, *, has_last_price: bool = True) -> str:
        """Return the WebSocket event `book` of a token; the last trade price may be missing."""
        last_price = f',"last_trade_price":"{last_price_text(self.last_trade_e4)}"'
        return (
            f'{{"event_type":"book","market":"{self.condition_id}",'
            f'"asset_id":"{self.token_ids[token]}","timestamp":"{ts_ms}",'
            f'"hash":"{self.hash(token, ts_ms)}",{self._levels_text(token)},'
            f'"tick_size":"{price_text(self.tick_e4)}"{last_price if has_last_price else ""}}}'
        )

    def summary(self, token: int, ts_ms: int) -> dict[str, object]:
        """Return the body of GET /book."""
        bids, asks = self.levels(token)
        return {
            "market": self.condition_id,
            "asset_id": self.token_ids[token],
            "timestamp": str(ts_ms),
            "hash": self.hash(token, ts_ms),
            "bids": [{"price": price_text(p), "size": size_text(s)} for p, s in bids],
            "asks": [{"price": price_text(p), "size": size_text(s)} for p, s in asks],
            "min_order_size": size_text(self.min_size_e6),
            "tick_size": price_text(self.tick_e4),
            "neg_risk": self.is_neg_risk,
            "last_trade_price": last_price_text(self.last_trade_e4),
        }

    def _levels_text(self, token: int) -> str:
        bids, asks = self.levels(token)
        return f'"bids":[{_join(bids)}],"asks":[{_join(asks)}]'


def _join(levels: list[tuple[int, int]]) -> str:
    return ",".join(
        f'{{"price":"{price_text(price)}","size":"{size_text(size)}"}}' for price, size in levels
    )
