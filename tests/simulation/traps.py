"""What waits for a precise moment of our own trading: it springs once, and is counted then."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tests.simulation.crowd import Crowd
from tests.simulation.plan import Item
from tests.simulation.sightings import Sent, Traded
from twoleg.core.market import Venue
from twoleg.sim.base import VenueSim
from twoleg.sim.exchange import opposite
from twoleg.sim.faults import Faults
from twoleg.sim.polymarket.state import Trade

NS_PER_S: Final = 1_000_000_000
LONG_S: Final = 30.0
LATE_NS: Final = 4 * NS_PER_S
LONG_LATE_NS: Final = 7 * NS_PER_S
CRUMB_SHARE: Final = 0.75
CRUMB_E6: Final = 3_000
"""Less than a lot: what a dollar order left of somebody's level."""
MANY_E6: Final = 1_000_000_000
ONE_E4: Final = 10_000
CENT_E4: Final = 100
MUTE_S: Final = 0.2
"""As long as a venue's stream needs to tell of a trade."""
MONEY_S: Final = (1.0, 10.0)
FAIL_LATER: Final = 0.9
FILLS: Final = {
    Venue.KALSHI: "GET /trade-api/v2/portfolio/fills",
    Venue.POLYMARKET: "GET /data/trades",
}
WAITS_S: Final = 2.0
"""How long a trade that may fail waits for an order that closes its residual."""
HOLD_S: Final = 0.5
"""So long that order's answer is on its way: longer than the news of the failure."""
KINDS: Final = frozenset({"books_vanish", "money_late", "crumb_fails", "fails_in_flight"})


@dataclass(frozen=True, slots=True)
class Hands:
    """What traps do at the venues: a trade fails, now or as the next one; a link holds back."""

    fail: Callable[[Trade], None]
    fail_next: Callable[[float], None]
    hold: Callable[[Venue, float], None]
    tell: Callable[[str, str], None]
    now_ns: Callable[[], int]


class Traps:
    """`names` are the markets of each pair, Kalshi's first; `fired` counts what sprang."""

    def __init__(
        self,
        venues: Mapping[Venue, VenueSim],
        crowd: Crowd,
        names: Sequence[tuple[str, str]],
        hands: Hands,
        fired: Counter[str],
    ) -> None:
        self._venues = venues
        self._crowd = crowd
        self._names = names
        self._hands = hands
        self._fired = fired
        # What is set, by kind and venue, and its length or number.
        self._vanish_s: dict[Venue, float] = {}
        self._money_s: dict[Venue, float] = {}
        self._crumbs = 0
        self._in_flight = 0
        # Trades of one order that fail once their residual is being closed.
        self._waiting: list[Trade] = []
        # The last order that traded on Kalshi and how much of it, by pair: what wants a hedge.
        self._unhedged: dict[int, tuple[str, int]] = {}
        # What the last order that was made late shall meet.
        self._late_share = 0.0
        # When the books of a pair were left last.
        self._left_ns: dict[int, int] = {}

    def set(self, item: Item) -> None:
        """Wait for the moment of an entry of the schedule."""
        venue = Venue(item.venue)
        if item.kind == "books_vanish":
            self._vanish_s[venue] = item.seconds + (LONG_S if item.share >= 0.5 else 0)
        elif item.kind == "money_late":
            self._money_s[venue] = min(MONEY_S[0] + item.seconds, MONEY_S[1])
        elif item.kind == "crumb_fails":
            self._crumbs += item.count
        else:
            self._in_flight += 1

    def expect_late(self, item: Item) -> None:
        """An order will come late: to somebody who waits for it, or to a crumb."""
        self._late_share = item.share

    def clear(self) -> None:
        """Wait for nothing any more."""
        self._vanish_s.clear()
        self._money_s.clear()
        self._crumbs = self._in_flight = 0

    async def leave(self, venues: Sequence[Venue], index: int, seconds: float) -> None:
        """All go away from a pair's books, and come back."""
        self._left_ns[index] = self._hands.now_ns()
        for venue in venues:
            self._crowd.leave(venue.value, index)
        await asyncio.sleep(seconds)
        for venue in venues:
            self._crowd.come_back(venue.value, index)

    async def on_trade(self, traded: Traded) -> None:
        """We traded: both books of the pair may empty."""
        index = self._index(traded.market)
        if traded.venue is Venue.KALSHI:
            key, size_e6 = self._unhedged.get(index, ("", 0))
            before_e6 = size_e6 if key == traded.key else 0
            self._unhedged[index] = traded.key, before_e6 + traded.size_e6
        seconds = self._vanish_s.pop(traded.venue, None)
        if seconds is None:
            return
        self._fired["books_vanish"] += 1
        self._hands.tell("fault", f"both books of pair {index} vanish for {seconds:.2f} s")
        await self.leave(list(Venue), index, seconds)

    def takes(self, trade: Trade, start: Callable[[Trade], None]) -> bool:
        """Whether a trade waits here; `start` begins its life if nothing comes of it."""
        mine = {other.taker.order_id for other in self._waiting} or {trade.taker.order_id}
        if not self._in_flight or trade.taker.order_id not in mine:
            return False
        self._waiting.append(trade)

        def give_back() -> None:
            if any(other is trade for other in self._waiting):
                self._waiting = [other for other in self._waiting if other is not trade]
                start(trade)

        asyncio.get_running_loop().call_later(WAITS_S, give_back)
        return True

    def on_entry(self, sent: Sent, purpose: str) -> None:
        """An order of ours comes to matching."""
        late_ns = self._hands.now_ns() - sent.at_ns
        if sent.venue is Venue.POLYMARKET and late_ns >= LONG_LATE_NS:
            self._meet_late(sent)
            return
        self._come_back(sent)
        if purpose == "rollback" and not sent.is_fence:
            self._fail_in_flight(sent)
        if sent.venue is Venue.POLYMARKET and self._crumbs:
            self._drop_crumb(sent)
        seconds = self._money_s.pop(sent.venue, None)
        if seconds is not None and not sent.is_fence:
            self._hide_money(sent.venue, seconds)

    def _meet_late(self, sent: Sent) -> None:
        """Who comes so late meets next to nothing, or just what its other leg wants."""
        index = self._index(sent.market)
        self._hands.tell("fault", f"an order comes late on pair {index}")
        self._crowd.leave(sent.venue.value, index)
        if self._late_share >= CRUMB_SHARE and sent.tif == "FAK":
            self._offer(sent, sent.own_limit_e4, CRUMB_E6)
        else:
            for price_e4, size_e6 in levels_for(sent, self._unhedged.get(index, ("", 0))[1]):
                self._offer(sent, price_e4, size_e6)
        again_s = LONG_S if self._left_ns.get(index) else 1.0
        come_back = self._crowd.come_back
        asyncio.get_running_loop().call_later(again_s, come_back, sent.venue.value, index)

    def _offer(self, sent: Sent, own_e4: int, size_e6: int) -> None:
        """Somebody faces an order, at a price of the token that it names."""
        price_e4 = own_e4 if sent.token == 0 else ONE_E4 - own_e4
        index, facing = self._index(sent.market), opposite(sent.side)
        self._crowd.offer(sent.venue.value, index, facing, price_e4, size_e6)

    def _fail_in_flight(self, sent: Sent) -> None:
        """What an order shall close never was; it meets nobody, and its answer takes a while."""
        index, failed = self._index(sent.market), self._waiting
        if not failed or failed[0].market.condition_id not in self._names[index]:
            return
        self._waiting = []
        self._in_flight = max(0, self._in_flight - 1)
        self._fired["fails_in_flight"] += 1
        self._hands.tell("fault", f"trades of {failed[0].taker.order_id[:18]} fail in flight")
        self._crowd.leave(sent.venue.value, index)
        if sent.venue is Venue.KALSHI:
            self._hands.hold(sent.venue, HOLD_S)
        loop = asyncio.get_running_loop()
        loop.call_later(WAITS_S, self._crowd.come_back, sent.venue.value, index)
        for trade in failed:
            loop.call_soon(self._hands.fail, trade)

    def _come_back(self, sent: Sent) -> None:
        """A late one shall meet somebody in a book that was left."""
        index = self._index(sent.market)
        left_ns = self._left_ns.get(index, 0)
        if left_ns and self._hands.now_ns() - left_ns >= LATE_NS:
            self._crowd.come_back(sent.venue.value, index)

    def _drop_crumb(self, sent: Sent) -> None:
        """The first that it meets is a crumb, and that trade will fail on chain."""
        index = self._index(sent.market)
        price_e4 = self._crowd.between_e4(sent.venue.value, index)
        if price_e4 == 0:
            return
        self._crumbs -= 1
        self._fired["crumb_fails"] += 1
        self._hands.tell("fault", f"a crumb of {CRUMB_E6} at {price_e4} on pair {index}")
        self._crowd.offer(sent.venue.value, index, opposite(sent.side), price_e4, CRUMB_E6)
        self._hands.fail_next(FAIL_LATER)

    def _hide_money(self, venue: Venue, seconds: float) -> None:
        """The stream says nothing of a trade, and for a while its fills cannot be read."""
        self._fired["money_late"] += 1
        self._hands.tell("fault", f"fills of {venue.value} are hidden for {seconds:.2f} s")
        faults = self._venues[venue].faults
        _add_for(faults, {"on": "ws", "kind": "ws_mute"}, MUTE_S)
        _add_for(faults, {"on": FILLS[venue], "kind": "http_503"}, seconds)

    def _index(self, market: str) -> int:
        return next(index for index, names in enumerate(self._names) if market in names)


def levels_for(sent: Sent, wanted_e6: int) -> list[tuple[int, int]]:
    """Levels (price of its token, size) at which an order gets what is wanted for its dollars.

    Without dollars, or where they do not reach: all of it at its limit.
    """
    limit_e4 = sent.own_limit_e4
    exact = sent.spend_micros * ONE_E4
    low_e4 = exact // max(1, wanted_e6) // CENT_E4 * CENT_E4
    high_e4 = low_e4 + CENT_E4
    if not wanted_e6 or not CENT_E4 <= low_e4 < limit_e4:
        return [(limit_e4, MANY_E6)]
    cheap_e6 = (wanted_e6 * high_e4 - exact) // CENT_E4
    return [(low_e4, cheap_e6), (min(high_e4, limit_e4), MANY_E6)]


def _add_for(faults: Faults, rule: dict[str, object], seconds: float) -> None:
    """Put a rule in force for so long."""
    faults.add([rule])
    added = faults._rules[-1]

    def remove() -> None:
        faults._rules = [other for other in faults._rules if other is not added]

    asyncio.get_running_loop().call_later(seconds, remove)
