"""Kalshi's weekly maintenance: Thursday 03:00 to 05:00 Eastern Time.

Kalshi docs, maintenance_and_pauses and /exchange/schedule, 2026. Eastern Time is worked out here,
so that no time zone data of the machine is needed.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Final

from twoleg.sim.kalshi.text import time_text

_THURSDAY: Final = 3
_SUNDAY: Final = 6
_START_H, _END_H = 3, 5
_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SESSION_START: Final = datetime(2026, 1, 1, tzinfo=UTC)
_SESSION_END: Final = datetime(2036, 1, 1, tzinfo=UTC)


def to_eastern(now_s: int) -> datetime:
    """Return the wall clock in New York, without a zone."""
    moment = datetime.fromtimestamp(now_s, UTC).replace(tzinfo=None)
    standard = moment - timedelta(hours=5)
    # Daylight saving: second Sunday of March to first Sunday of November, at 2 standard time and
    # at 2 daylight time, that is at 1 standard time (15 U.S.C. 260a).
    starts = datetime.combine(_sunday(standard.year, 3, 2), datetime.min.time())
    ends = datetime.combine(_sunday(standard.year, 11, 1), datetime.min.time())
    is_summer = starts + timedelta(hours=2) <= standard < ends + timedelta(hours=1)
    return standard + timedelta(hours=1) if is_summer else standard


def is_maintenance(now_s: int) -> bool:
    """Tell whether the weekly window is open."""
    eastern = to_eastern(now_s)
    return eastern.weekday() == _THURSDAY and _START_H <= eastern.hour < _END_H


def next_window(now_s: int) -> tuple[int, int]:
    """Return start and end (Unix seconds) of the window that is open or comes next."""
    hour_s = now_s - now_s % 3_600
    if is_maintenance(now_s):
        while is_maintenance(hour_s - 3_600):
            hour_s -= 3_600
    else:
        while not is_maintenance(hour_s):
            hour_s += 3_600
    return hour_s, hour_s + (_END_H - _START_H) * 3_600


def schedule_json(now_s: int, *, has_maintenance: bool) -> dict[str, object]:
    """Return the body of GET /exchange/schedule; hours are Eastern, 00:00 to 00:00 a whole day."""
    hours: dict[str, object] = {
        day: [{"open_time": "00:00", "close_time": "00:00"}] for day in _DAYS
    }
    windows: list[dict[str, str]] = []
    if has_maintenance:
        hours[_DAYS[_THURSDAY]] = [
            {"open_time": "00:00", "close_time": f"{_START_H:02d}:00"},
            {"open_time": f"{_END_H:02d}:00", "close_time": "00:00"},
        ]
        start_s, end_s = next_window(now_s)
        windows.append(
            {
                "start_datetime": time_text(start_s * 1_000_000),
                "end_datetime": time_text(end_s * 1_000_000),
            }
        )
    session = {
        "start_time": f"{_SESSION_START:%Y-%m-%dT%H:%M:%SZ}",
        "end_time": f"{_SESSION_END:%Y-%m-%dT%H:%M:%SZ}",
        **hours,
    }
    return {"schedule": {"standard_hours": [session], "maintenance_windows": windows}}


def _sunday(year: int, month: int, number: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(_SUNDAY - first.weekday()) % 7 + 7 * (number - 1))
