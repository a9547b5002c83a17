"""Opening hours, pauses and the standing of venue and key."""

from datetime import datetime
from typing import Any

import msgspec
import pytest

from twoleg.errors import MalformedMessage
from twoleg.venues.kalshi.exchange import ExchangeStatus, Pause, Schedule, pauses
from twoleg.venues.kalshi.standing import (
    ApiKeysBody,
    KalshiStanding,
    judge_key,
    judge_standing,
)

ALL_DAY = [{"open_time": "00:00", "close_time": "00:00"}]
THURSDAY = [
    {"open_time": "00:00", "close_time": "03:00"},
    {"open_time": "05:00", "close_time": "00:00"},
]
DAYS = ("monday", "tuesday", "wednesday", "friday", "saturday", "sunday")
HOURS: dict[str, Any] = dict.fromkeys(DAYS, ALL_DAY) | {"thursday": THURSDAY}


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * 1_000


def schedule(**changes: Any) -> Schedule:
    return msgspec.convert({"standard_hours": [HOURS]} | changes, Schedule)


@pytest.mark.parametrize(
    ("now", "start", "end"),
    [
        # Thursday 2026-09-24 in summer time, 2026-11-26 in winter time.
        ("2026-09-22T12:00:00Z", "2026-09-24T07:00:00Z", "2026-09-24T09:00:00Z"),
        ("2026-09-24T08:59:59Z", "2026-09-24T07:00:00Z", "2026-09-24T09:00:00Z"),
        ("2026-09-24T09:00:00Z", "2026-10-01T07:00:00Z", "2026-10-01T09:00:00Z"),
        ("2026-11-22T12:00:00Z", "2026-11-26T08:00:00Z", "2026-11-26T10:00:00Z"),
    ],
)
def test_weekly_pause_is_told_in_universal_time(now: str, start: str, end: str) -> None:
    assert pauses(schedule(), at(now))[0] == Pause(at(start), at(end))


def test_announced_pause_joins_the_weekly_one() -> None:
    window = {"start_datetime": "2026-09-24T08:30:00Z", "end_datetime": "2026-09-24T11:00:00Z"}
    found = pauses(schedule(maintenance_windows=[window]), at("2026-09-22T12:00:00Z"))
    assert found == (Pause(at("2026-09-24T07:00:00Z"), at("2026-09-24T11:00:00Z")),)


def test_hours_that_have_ceased_to_hold_are_not_looked_at() -> None:
    old = HOURS | {"end_time": "2026-09-01T00:00:00Z"}
    always = {"standard_hours": [old, dict.fromkeys((*DAYS, "thursday"), ALL_DAY)]}
    assert pauses(schedule(**always), at("2026-09-22T12:00:00Z")) == ()


def test_nothing_said_is_no_pause_and_nonsense_is_malformed() -> None:
    assert pauses(Schedule(), at("2026-09-22T12:00:00Z")) == ()
    bad = [{"open_time": "early", "close_time": "late"}]
    with pytest.raises(MalformedMessage):
        pauses(schedule(standard_hours=[HOURS | {"monday": bad}]), at("2026-09-22T12:00:00Z"))


def status(*, is_open: bool = True, resume: str | None = None, **shards: bool) -> ExchangeStatus:
    rows = [
        {"exchange_index": int(name[1:]), "exchange_active": True, "trading_active": trading}
        for name, trading in shards.items()
    ]
    body = {
        "exchange_active": True,
        "trading_active": is_open,
        "exchange_estimated_resume_time": resume,
        "exchange_index_statuses": rows or None,
    }
    return msgspec.convert(body, ExchangeStatus)


def standing(
    said: ExchangeStatus,
    now: str = "2026-09-24T08:00:00Z",
    refused: dict[int, int] | None = None,
) -> KalshiStanding:
    return judge_standing(said, schedule(), now_ms=at(now), refused_until_ms=refused or {})


def test_open_venue_takes_orders_even_in_its_maintenance_hours() -> None:
    found = standing(status(s2=True))
    assert (found.is_paused(), found.until_ms) == (False, 0)
    assert found.maintenance == Pause(at("2026-09-24T07:00:00Z"), at("2026-09-24T09:00:00Z"))
    # A shard that is not listed goes with shard 0.
    assert [found.takes_orders(shard) for shard in (0, 2, 7)] == [True] * 3
    assert found.why_closed(2) == ""


def test_paused_shard_is_closed_until_the_end_of_the_maintenance() -> None:
    found = standing(status(s2=False))
    assert [found.takes_orders(shard) for shard in (0, 2)] == [True, False]
    assert found.until_ms == at("2026-09-24T09:00:00Z")
    assert found.why_closed(2) == "shard 2 takes no orders"


def test_venues_own_estimate_counts_before_the_schedule() -> None:
    found = standing(status(is_open=False, resume="2026-09-24T10:00:00Z"))
    assert found.until_ms == at("2026-09-24T10:00:00Z")
    assert not found.takes_orders(7)
    # Nothing is known of a pause outside of the hours.
    assert standing(status(is_open=False), "2026-09-25T08:00:00Z").until_ms == 0


def test_refused_order_closes_its_shard_against_the_status() -> None:
    now = "2026-09-25T08:00:00Z"
    held = standing(status(s2=True), now, {2: at(now) + 5_000})
    assert (held.takes_orders(2), held.until_ms) == (False, at(now) + 5_000)
    assert standing(status(s2=True), now, {2: at(now)}).takes_orders(2)


@pytest.mark.parametrize(
    ("scopes", "missing"),
    [
        (["read", "write"], ()),
        (["read", "write::trade"], ()),
        (["read"], ("write::trade",)),
        (["write"], ("read",)),
        (["read::portfolio_balance", "write::transfer"], ("read", "write::trade")),
        (None, ("read", "write::trade")),
    ],
)
def test_key_tells_what_it_lacks_for_trading(
    scopes: list[str] | None, missing: tuple[str, ...]
) -> None:
    rows = [{"api_key_id": "other", "scopes": ["read", "write"]}]
    rows.append({"api_key_id": "k", "scopes": scopes, "subaccount": 3})  # type: ignore[dict-item]
    body = {"api_keys": rows, "api_key_region_expiration_ts": 1_790_000_000}
    found = judge_key(msgspec.convert(body, ApiKeysBody), "k")
    assert (found.missing, found.can_trade) == (missing, not missing)
    assert (found.is_listed, found.subaccount) == (True, 3)
    assert not found.is_region_expired(1_789_999_999_999)
    assert found.is_region_expired(1_790_000_000_000)


def test_key_that_is_not_listed_may_nothing() -> None:
    found = judge_key(ApiKeysBody(), "k")
    assert (found.is_listed, found.can_trade) == (False, False)
    assert not found.is_region_expired(1_790_000_000_000)
