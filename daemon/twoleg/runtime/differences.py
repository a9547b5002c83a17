"""What our accounts hold beside our record, and what follows from it.

A difference that stood twice bars its market, counts as exposure and is reported to the
micro-unit; one above its limit opens the breaker until it is gone. Nothing here moves anything:
what no journal knows is never touched.
"""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from twoleg.core.actions import Note, NoteKind
from twoleg.core.events import (
    Event,
    ExposureFound,
    GuardCleared,
    GuardTripped,
    MarketBarred,
    PairsLeft,
)
from twoleg.core.flows import CashFlow
from twoleg.core.limits import BreakerLimits
from twoleg.core.market import MarketId, Venue
from twoleg.venues.ports import OpenOrder

DIFFERENCE: Final = "difference"
STRANGER: Final = "stranger"
OPEN_ORDER: Final = "open_order"


class _Seen(msgspec.Struct):
    """All that is known of one market beside our record: sizes as the venue counts them."""

    strangers_e6: tuple[int, int] = (0, 0)
    foreign_e6: tuple[int, int] = (0, 0)
    difference_e6: tuple[int, int] = (0, 0)
    resting_micros: int = 0


class Differences:
    """Tells the engine and the record; each change once. `limits` are asked for at each change."""

    def __init__(
        self,
        *,
        limits: Callable[[], BreakerLimits],
        emit: Callable[[Event], None],
        note: Callable[[Note], None],
    ) -> None:
        self._limits = limits
        self._emit = emit
        self._note = note
        self._markets: dict[MarketId, _Seen] = {}
        self._cash_micros: dict[tuple[Venue, int], int] = {}
        # Orders that were told, by venue and its own id.
        self._orders: dict[tuple[Venue, str], OpenOrder] = {}
        # Guards of ours that stand.
        self._tripped: set[str] = set()

    @property
    def resting_micros(self) -> Mapping[tuple[Venue, int], int]:
        """Per pot, the most that strangers' orders may keep back."""
        micros: dict[tuple[Venue, int], int] = {}
        for (venue, _), order in self._orders.items():
            micros[venue, order.shard] = micros.get((venue, order.shard), 0) + order.cost_micros
        return micros

    @property
    def markets(self) -> set[MarketId]:
        """Markets in which something stands beside our record."""
        return {market_id for market_id, seen in self._markets.items() if seen != _Seen()}

    def leave(self, event: PairsLeft) -> None:
        """Forget markets that nobody follows any more, and in which nothing stands."""
        for market_id in event.market_ids:
            if self._markets.get(market_id) == _Seen():
                del self._markets[market_id]

    def cash(self, venue: Venue, shard: int, micros: int) -> None:
        """A pot holds that much more than our record says, seen twice; 0: they agree."""
        known = self._cash_micros.get((venue, shard), 0)
        if micros == known:
            return
        self._cash_micros[venue, shard] = micros
        name = f"cash_difference:{venue.value}/{shard}"
        fields = {"venue": venue.value, "shard": shard, "micros": micros}
        self._alarm("cash_difference" if micros else "cash_difference_gone", fields)
        limit = self._limits().difference_micros_max
        self._trip(name, f"{micros} micro-dollars", is_over=abs(micros) > limit)

    def holding(self, venue: Venue, market_id: MarketId, sizes_e6: tuple[int, int]) -> None:
        """A market holds that much more (YES, NO) than our record says; (0, 0): they agree."""
        seen = self._markets.setdefault(market_id, _Seen())
        if seen.difference_e6 == sizes_e6:
            return
        seen.difference_e6 = sizes_e6
        yes_e6, no_e6 = sizes_e6
        is_some = bool(yes_e6 or no_e6)
        fields = {"venue": venue.value, "market_id": market_id, "yes_e6": yes_e6, "no_e6": no_e6}
        self._alarm("holding_difference" if is_some else "holding_difference_gone", fields)
        self._bar(market_id, DIFFERENCE, is_barred=is_some)
        self._expose(market_id)
        limit = self._limits().difference_e6_max
        name, is_over = f"holding_difference:{market_id}", max(abs(yes_e6), abs(no_e6)) > limit
        self._trip(name, f"{yes_e6} YES, {no_e6} NO micro-contracts", is_over=is_over)

    def strangers(self, venue: Venue, market_id: MarketId, sizes_e6: tuple[int, int]) -> None:
        """A market holds that much which no journal knows; (0, 0): nothing any more."""
        seen = self._markets.setdefault(market_id, _Seen())
        # The market is followed now, if it was not before.
        seen.foreign_e6 = (0, 0)
        if seen.strangers_e6 == sizes_e6:
            return
        seen.strangers_e6 = sizes_e6
        yes_e6, no_e6 = sizes_e6
        is_some = bool(yes_e6 or no_e6)
        fields = {"venue": venue.value, "market_id": market_id, "yes_e6": yes_e6, "no_e6": no_e6}
        self._alarm("stranger_found" if is_some else "stranger_gone", fields)
        self._bar(market_id, STRANGER, is_barred=is_some)
        self._expose(market_id)

    def foreign(self, venue: Venue, held_e6: Mapping[MarketId, tuple[int, int]]) -> None:
        """All that a venue's account holds in markets that are not followed, beside our record."""
        gone = [
            market_id
            for market_id, seen in self._markets.items()
            if seen.foreign_e6 != (0, 0) and market_id not in held_e6
            if market_id.startswith(f"{venue.value}:")
        ]
        for market_id, sizes_e6 in (*held_e6.items(), *((key, (0, 0)) for key in gone)):
            seen = self._markets.setdefault(market_id, _Seen())
            if seen.foreign_e6 == sizes_e6:
                continue
            seen.foreign_e6 = sizes_e6
            yes_e6, no_e6 = sizes_e6
            fields = {
                "venue": venue.value,
                "market_id": market_id,
                "yes_e6": yes_e6,
                "no_e6": no_e6,
            }
            self._alarm("stranger_found" if any(sizes_e6) else "stranger_gone", fields)
            self._expose(market_id)

    def flow_time(self, flow: CashFlow) -> None:
        """A venue tells no time of a flow that can be used; it is taken to be of now."""
        fields = {"venue": flow.venue.value, "reference": flow.reference, "ts_ms": flow.ts_ms}
        self._alarm("flow_time_unusable", fields)

    def open_orders(self, venue: Venue, orders: Mapping[MarketId, list[OpenOrder]]) -> None:
        """These orders rest in a venue's account, and none of them is ours."""
        told = {(venue, order.venue_order_id): order for some in orders.values() for order in some}
        for key, order in told.items():
            if key not in self._orders:
                fields = {
                    "venue": venue.value,
                    "market_id": order.market_id,
                    "venue_order_id": order.venue_order_id,
                    "cost_micros": order.cost_micros,
                }
                self._alarm("stranger_order_found", fields)
        before = {key: order for key, order in self._orders.items() if key[0] is venue}
        self._orders = {key: order for key, order in self._orders.items() if key[0] is not venue}
        self._orders.update(told)
        markets = dict.fromkeys(order.market_id for order in (*before.values(), *told.values()))
        for market_id in markets:
            seen = self._markets.setdefault(market_id, _Seen())
            micros = sum(order.cost_micros for order in orders.get(market_id, ()))
            self._bar(market_id, OPEN_ORDER, is_barred=bool(orders.get(market_id)))
            if seen.resting_micros != micros:
                seen.resting_micros = micros
                self._expose(market_id)

    def _expose(self, market_id: MarketId) -> None:
        seen = self._markets[market_id]
        sizes = (seen.strangers_e6, seen.difference_e6, seen.foreign_e6)
        yes_e6, no_e6 = (sum(size[side] for size in sizes) for side in (0, 1))
        self._emit(ExposureFound(market_id, yes_e6, no_e6, seen.resting_micros))

    def _bar(self, market_id: MarketId, reason: str, *, is_barred: bool) -> None:
        # The engine tells each change once, and knows its reasons apart.
        self._emit(MarketBarred(market_id, reason, is_barred))

    def _trip(self, name: str, detail: str, *, is_over: bool) -> None:
        if is_over:
            self._tripped.add(name)
            self._emit(GuardTripped(name, detail, stands=True))
        elif name in self._tripped:
            self._tripped.discard(name)
            self._emit(GuardCleared(name))

    def _alarm(self, event: str, fields: Mapping[str, str | int]) -> None:
        self._note(Note(NoteKind.ALARM, 0, (("event", event), *fields.items())))
