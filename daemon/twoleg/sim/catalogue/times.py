"""Moments as both venues write them into titles, tickers and slugs, in Eastern Time.

The invented world lies years ahead, so that nothing of it closes while a simulator runs.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

EASTERN: Final = ZoneInfo("America/New_York")
DAY_S: Final = 86_400
# The first day of the invented world, midnight in New York, after the clocks went forward.
FIRST_DAY: Final = datetime(2030, 3, 15, tzinfo=EASTERN)
YEAR: Final = 2_030


def eastern(day: int, hour: int = 0, minute: int = 0) -> int:
    """Return the Unix second of a wall time in New York, `day` days into the invented world."""
    moment = FIRST_DAY + timedelta(days=day)
    return int(moment.replace(hour=hour, minute=minute).timestamp())


@lru_cache(maxsize=256)
def new_year(year: int) -> int:
    """Return the Unix second at which a year begins in New York."""
    return first_of(year, 1)


@lru_cache(maxsize=1_024)
def first_of(year: int, month: int) -> int:
    """Return the Unix second at which a month begins in New York."""
    return int(datetime(year, month, 1, tzinfo=EASTERN).timestamp())


@lru_cache(maxsize=2_048)
def moments(name: str, ts_s: int) -> dict[str, str]:
    """Return the forms of a moment by the names that texts use.

    `<name>_k` "Mar 15, 2030", `<name>_p` "March 15", `<name>_py` "March 15, 2030", `<name>_code`
    "30MAR15", `<name>_hour` "7PM", `<name>_hh`
    "19", `<name>_time` "7:05 PM ET", `<name>_hm` "1905", `<name>_iso`
    "2030-03-15" (Eastern), `<name>_utc` the same in UTC, `<name>_year`; `<name>_last…` are those of
    the day before, the last one that counts for a deadline.
    """
    moment = datetime.fromtimestamp(ts_s, EASTERN)
    clock = moment.strftime("%I:%M %p").lstrip("0")
    return {
        **_day(name, moment),
        **_day(f"{name}_last", moment - timedelta(days=1)),
        f"{name}_hour": moment.strftime("%I%p").lstrip("0"),
        f"{name}_hm": moment.strftime("%H%M"),
        f"{name}_hh": moment.strftime("%H"),
        f"{name}_time": f"{clock} ET",
        f"{name}_utc": datetime.fromtimestamp(ts_s, UTC).strftime("%Y-%m-%d"),
    }


def _day(name: str, moment: datetime) -> dict[str, str]:
    month = moment.strftime("%B")
    return {
        f"{name}_k": f"{month[:3]} {moment.day}, {moment.year}",
        f"{name}_p": f"{month} {moment.day}",
        f"{name}_py": f"{month} {moment.day}, {moment.year}",
        f"{name}_month": month,
        f"{name}_code": moment.strftime("%y%b%d").upper(),
        f"{name}_iso": moment.strftime("%Y-%m-%d"),
        f"{name}_year": str(moment.year),
        f"{name}_yy": moment.strftime("%y"),
    }
