"""Waits until the fills of an order add up to what it filled: its money is never guessed.

The private stream usually brings them; what it does not bring is polled for by REST.
"""

from typing import Final

from twoleg.core.events import MoneySettled
from twoleg.core.market import Venue
from twoleg.runtime.tracking.booked import Booked
from twoleg.runtime.tracking.rounding import adjust
from twoleg.runtime.tracking.venue import NS_PER_MS, VenueTracker

FIRST_READ_MS: Final = 250
"""Private streams usually bring a fill by then; a read costs rate tokens."""
GLANCE_MS: Final = 10
"""How often the stream's fills are looked at meanwhile; both markets stay busy until then."""
READ_MS_MAX: Final = 5_000
SLOW_READ_MS: Final = 30_000
"""Between two reads once the alarm was raised."""


async def settle(
    tracker: VenueTracker, booked: Booked, filled_e6: int, notional_micros: int
) -> None:
    """Tell the engine the money of an order once all its fills are booked.

    A later asking for the same order takes this one's place. Never gives up: after the time that
    the limits give to polling it alarms, and asks more rarely.
    """
    booked.settlings += 1
    mine = booked.settlings
    # A fill that fails on chain while we wait will not come again.
    wanted_e6 = filled_e6 + booked.void_e6
    booked.awaited_e6 = max(booked.awaited_e6, wanted_e6)
    await _await_stream(tracker, booked, wanted_e6)
    await _poll(tracker, booked, wanted_e6, mine)
    if booked.settlings != mine:
        return
    if booked.size_e6 == filled_e6 and notional_micros >= 0:
        _adjust_notional(tracker, booked, notional_micros)
    tracker.outlets.emit(
        MoneySettled(
            *booked.number,
            booked.size_e6,
            _notional(booked, filled_e6, notional_micros),
            sum(fill.fee_micros for fill in booked.live()),
        )
    )


async def _await_stream(tracker: VenueTracker, booked: Booked, wanted_e6: int) -> None:
    waited_ms = 0
    while booked.seen_e6 < wanted_e6 and waited_ms < FIRST_READ_MS:
        await tracker.outlets.clock.sleep(GLANCE_MS / 1_000)
        waited_ms += GLANCE_MS


async def _poll(tracker: VenueTracker, booked: Booked, wanted_e6: int, mine: int) -> None:
    """Read until the fills are there, or until a later asking does it."""
    outlets = tracker.outlets
    began_ns, pause_ms, is_alarmed = outlets.clock.monotonic_ns(), FIRST_READ_MS, False
    while booked.seen_e6 < wanted_e6 and booked.settlings == mine:
        await tracker.read(booked)
        if booked.seen_e6 >= wanted_e6:
            return
        polled_ms = (outlets.clock.monotonic_ns() - began_ns) // NS_PER_MS
        if polled_ms >= outlets.poll_ms_max() and not is_alarmed:
            is_alarmed = True
            outlets.alarm(
                "fills_not_found",
                booked.number[0],
                venue=tracker.venue.value,
                order_no=booked.number[1],
                booked_e6=booked.seen_e6,
                filled_e6=wanted_e6,
            )
        await outlets.clock.sleep((SLOW_READ_MS if is_alarmed else pause_ms) / 1_000)
        pause_ms = min(2 * pause_ms, READ_MS_MAX)


def _notional(booked: Booked, filled_e6: int, notional_micros: int) -> int:
    told = notional_micros >= 0 and booked.size_e6 == filled_e6
    if told and booked.ref.spec.venue is Venue.POLYMARKET:
        return notional_micros
    return sum(fill.notional_micros for fill in booked.live())


def _adjust_notional(tracker: VenueTracker, booked: Booked, notional_micros: int) -> None:
    """Polymarket tells an order's exact money, its trades only size and price.

    The difference is rounding, below one micro-dollar a fill; more would be a wrong reading
    and stays visible as a difference of balances.
    """
    spec, fills = booked.ref.spec, booked.live()
    if spec.venue is not Venue.POLYMARKET:
        return
    total = sum(fill.notional_micros for fill in fills) + booked.adjusted_micros
    missing = notional_micros - total
    if missing == 0:
        return
    if abs(missing) > len(fills):
        tracker.outlets.alarm("notional_contradicted", spec.execution_no, micros=missing)
        return
    adjust(tracker.outlets, booked, missing)
