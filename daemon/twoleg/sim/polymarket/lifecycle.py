"""A market's way: created, listed, open, paused, closed, proposed, disputed, resolved.

Discovery shows a new market at once; the CLOB knows it only later (docs.polymarket.com and live
reports of 2026). A proposed or disputed resolution takes the book away without closing the market.
"""

from typing import TYPE_CHECKING, Final, cast

from twoleg.sim.exchange import Side
from twoleg.sim.polymarket.state import Market, MarketStatus
from twoleg.sim.polymarket.wire import NS_PER_MS, NS_PER_S
from twoleg.sim.world import PolymarketMarket

if TYPE_CHECKING:
    from twoleg.sim.polymarket.venue import PolymarketSim

STATUSES: Final = (
    "open", "paused", "closed", "proposed", "disputed", "resolved:0", "resolved:1",
)  # fmt: skip
# A standing book around the middle: levels a tick apart, with these sizes on either side.
QUOTE_MIDDLE_E4: Final = 5_000
QUOTE_SIZES_E6: Final = (40_000_000, 120_500_000, 300_000_000)


class Lifecycle:
    """Leads markets from their creation to their end, and tells who must know."""

    def __init__(self, sim: "PolymarketSim") -> None:
        self._sim = sim

    def create(self, spec: PolymarketMarket, *, ready_after_ms: int) -> Market:
        """Show a new market in discovery now and list it on the CLOB later.

        Raises ValueError when there is one with this condition id.
        """
        if spec.condition_id in self._sim.markets:
            msg = f"there is a market {spec.condition_id} already"
            raise ValueError(msg)
        market = self._sim.add_market(spec)
        market.status, market.is_listed = "closed", False
        self._sim.market_channel.publish_new_market(market)
        if ready_after_ms:
            self._sim.timers.after(ready_after_ms, lambda: self._list(market))
        else:
            self._list(market)
        return market

    def quote(self, market: Market) -> None:
        """Rest a few orders of other people on both sides."""
        for level, size_e6 in enumerate(QUOTE_SIZES_E6, start=1):
            distance_e4 = level * market.book.tick_e4
            for side, price_e4 in _around(distance_e4):
                self._sim.place(market.condition_id, side, price_e4, size_e6)

    def set_status(self, market: Market, status: str) -> None:
        """Enter a status, one of STATUSES; ValueError for another one.

        Everything but open and paused ends all resting orders and takes the book away.
        """
        if status not in STATUSES:
            msg = f"status must be one of {', '.join(STATUSES)}"
            raise ValueError(msg)
        word, _, winner = status.partition(":")
        if word in ("proposed", "disputed"):
            market.uma_status = "proposed" if word == "proposed" else "disputed"
            market.status = "closed"
        else:
            market.uma_status = "resolved" if word == "resolved" else ""
            market.status = cast("MarketStatus", word)
        market.is_listed = True
        if not market.has_book:
            self._empty(market, "CANCELED_MARKET_RESOLVED")
        if winner:
            market.winner = int(winner)
            self._sim.market_channel.publish_resolution(market, market.winner)

    def schedule_game(self, market: Market, start_ts_s: int) -> None:
        """Set when the game starts; then the book is cleared, open orders included."""
        market.game_start_ts_s = start_ts_s
        now_ns = self._sim.clock.now_ns()
        delay_ms = max(0, -(-(start_ts_s * NS_PER_S - now_ns) // NS_PER_MS))

        def start() -> None:
            # A later call has moved the start.
            if market.game_start_ts_s == start_ts_s and market.has_book:
                self._empty(market, "CANCELED")
                self._sim.market_channel.publish_books(market)

        self._sim.timers.after(delay_ms, start)

    def _list(self, market: Market) -> None:
        if not market.is_listed:
            market.is_listed = True
            market.status = "open"
            self._sim.market_channel.publish_books(market)

    def _empty(self, market: Market, status: str) -> None:
        self._sim.engine.end_market(market, status)
        self._sim.clear(market.condition_id)


def _around(distance_e4: int) -> tuple[tuple[Side, int], tuple[Side, int]]:
    return ("bid", QUOTE_MIDDLE_E4 - distance_e4), ("ask", QUOTE_MIDDLE_E4 + distance_e4)
