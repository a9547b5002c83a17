"""Whether Kalshi trades, and when it will not: status by shard, opening hours, maintenance. Pure.

Kalshi API docs, maintenance and pauses (2026): around the clock but for Thursday 03:00 to 05:00 in
New York. Opening hours are wall times of New York; instants are Unix milliseconds.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from twoleg.errors import MalformedMessage
from twoleg.venues.kalshi.numbers import VENUE, parse_time_ms

DAYS_AHEAD: Final = 8
"""A week and a day: each weekly pause is seen at least once."""


class ShardStatus(msgspec.Struct, frozen=True):
    """Whether one shard trades."""

    exchange_index: int
    exchange_active: bool = False
    trading_active: bool = False
    intra_exchange_transfers_active: bool | None = None
    description: str = ""


class ExchangeStatus(msgspec.Struct, frozen=True):
    """`GET /exchange/status`; the top level speaks for shard 0 only, the list may be absent."""

    exchange_active: bool
    trading_active: bool
    intra_exchange_transfers_active: bool | None = None
    exchange_estimated_resume_time: str | None = None
    exchange_index_statuses: list[ShardStatus] | None = None

    def shards(self) -> dict[int, bool]:
        """Which shards take orders; one that is not listed is not told."""
        open_shards = {0: self.exchange_active and self.trading_active}
        for shard in self.exchange_index_statuses or ():
            open_shards[shard.exchange_index] = shard.exchange_active and shard.trading_active
        return open_shards


class Session(msgspec.Struct, frozen=True):
    """Opening hours within one day, "HH:MM" in New York; a close at 00:00 is the day's end."""

    open_time: str
    close_time: str


class StandardHours(msgspec.Struct, frozen=True):
    """The hours of a week, and from when to when they hold."""

    start_time: str = ""
    end_time: str = ""
    monday: list[Session] | None = None
    tuesday: list[Session] | None = None
    wednesday: list[Session] | None = None
    thursday: list[Session] | None = None
    friday: list[Session] | None = None
    saturday: list[Session] | None = None
    sunday: list[Session] | None = None

    def sessions(self, day: date) -> list[Session]:
        """The sessions of one day."""
        days: Sequence[list[Session] | None] = (
            self.monday,
            self.tuesday,
            self.wednesday,
            self.thursday,
            self.friday,
            self.saturday,
            self.sunday,
        )
        return days[day.weekday()] or []

    def holds(self, at_ms: int) -> bool:
        """Whether these hours are the ones that hold at an instant."""
        start_ms, end_ms = parse_time_ms(self.start_time), parse_time_ms(self.end_time)
        return at_ms >= start_ms and (not end_ms or at_ms < end_ms)


class MaintenanceWindow(msgspec.Struct, frozen=True):
    """A pause that is announced."""

    start_datetime: str
    end_datetime: str


class Schedule(msgspec.Struct, frozen=True):
    """Regular hours and announced pauses."""

    standard_hours: list[StandardHours] | None = None
    maintenance_windows: list[MaintenanceWindow] | None = None


class ScheduleBody(msgspec.Struct, frozen=True):
    """`GET /exchange/schedule`."""

    schedule: Schedule


class Pause(NamedTuple):
    """A time without trading, from and to an instant in Unix ms."""

    start_ms: int
    end_ms: int


def pauses(schedule: Schedule, now_ms: int) -> tuple[Pause, ...]:
    """Pauses that are not over at `now_ms`, announced or between regular hours, in order.

    Looks a week ahead. Raises MalformedMessage if hours cannot be read.
    """
    announced = [
        Pause(parse_time_ms(window.start_datetime), parse_time_ms(window.end_datetime))
        for window in schedule.maintenance_windows or ()
    ]
    found = [*announced, *_between_hours(schedule.standard_hours or (), now_ms)]
    return _joined(pause for pause in found if now_ms < pause.end_ms and pause.start_ms > 0)


def _between_hours(hours: Sequence[StandardHours], now_ms: int) -> list[Pause]:
    """What no session covers, from yesterday to a week ahead."""
    if not hours:
        return []
    today = datetime.fromtimestamp(now_ms // 1_000, tz=UTC).astimezone(_new_york()).date()
    days = [today + timedelta(days=offset) for offset in range(-1, DAYS_AHEAD)]
    opened: list[Pause] = []
    for day in days:
        for week in hours:
            if week.holds(_instant_ms(day, time(12))):
                opened += [_session(day, session) for session in week.sessions(day)]
    merged = _joined(opened)
    return [Pause(earlier.end_ms, later.start_ms) for earlier, later in pairwise(merged)]


def _session(day: date, session: Session) -> Pause:
    opens, closes = _wall_time(session.open_time), _wall_time(session.close_time)
    end_day = day + timedelta(days=1) if closes <= opens or closes == time(0) else day
    return Pause(_instant_ms(day, opens), _instant_ms(end_day, closes))


def _joined(spans: Iterable[Pause]) -> tuple[Pause, ...]:
    """Spans in order, those that touch or overlap made one."""
    joined: list[Pause] = []
    for span in sorted(spans):
        if joined and span.start_ms <= joined[-1].end_ms:
            joined[-1] = Pause(joined[-1].start_ms, max(joined[-1].end_ms, span.end_ms))
        else:
            joined.append(span)
    return tuple(joined)


def _wall_time(text: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError as error:
        raise MalformedMessage(VENUE, f"opening hour {text[:20]!r}") from error


def _instant_ms(day: date, wall: time) -> int:
    return int(datetime.combine(day, wall, tzinfo=_new_york()).timestamp()) * 1_000


@cache
def _new_york() -> ZoneInfo:
    return ZoneInfo("America/New_York")
