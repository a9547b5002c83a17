from datetime import UTC, datetime

import pytest

from twoleg.sim.kalshi.grids import STRUCTURES, make_grid
from twoleg.sim.kalshi.maintenance import is_maintenance, next_window, schedule_json, to_eastern


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("utc", "eastern"),
    [
        ("2026-01-15T12:00", "2026-01-15T07:00"),
        ("2026-07-15T12:00", "2026-07-15T08:00"),
        ("2026-03-08T06:59", "2026-03-08T01:59"),
        ("2026-03-08T07:00", "2026-03-08T03:00"),
        ("2026-11-01T05:59", "2026-11-01T01:59"),
        ("2026-11-01T06:00", "2026-11-01T01:00"),
        ("2027-01-01T02:00", "2026-12-31T21:00"),
    ],
)
def test_eastern_time_knows_daylight_saving(utc: str, eastern: str) -> None:
    assert to_eastern(at(utc)) == datetime.fromisoformat(eastern)


@pytest.mark.parametrize(
    ("utc", "is_open"),
    [
        ("2026-09-24T06:59", False),
        ("2026-09-24T07:00", True),
        ("2026-09-24T08:59", True),
        ("2026-09-24T09:00", False),
        ("2026-09-23T07:00", False),
        ("2026-12-24T07:30", False),
        ("2026-12-24T08:00", True),
    ],
)
def test_the_window_is_on_thursday_morning(utc: str, *, is_open: bool) -> None:
    assert is_maintenance(at(utc)) is is_open
    start_s, end_s = next_window(at(utc))
    assert (start_s <= at(utc) < end_s) is is_open
    assert is_maintenance(start_s)
    assert not is_maintenance(end_s)


def test_the_schedule_splits_thursday_only_with_maintenance() -> None:
    now_s = at("2026-09-21T12:00")
    whole = [{"open_time": "00:00", "close_time": "00:00"}]
    plain = schedule_json(now_s, has_maintenance=False)["schedule"]
    assert isinstance(plain, dict)
    assert plain["maintenance_windows"] == []
    assert plain["standard_hours"][0]["thursday"] == whole
    split = schedule_json(now_s, has_maintenance=True)["schedule"]
    assert isinstance(split, dict)
    assert split["standard_hours"][0]["friday"] == whole
    assert split["standard_hours"][0]["thursday"] == [
        {"open_time": "00:00", "close_time": "03:00"},
        {"open_time": "05:00", "close_time": "00:00"},
    ]


@pytest.mark.parametrize("label", sorted(STRUCTURES))
def test_whole_cents_are_prices_in_every_structure(label: str) -> None:
    grid = make_grid(label)
    assert all(grid.contains(cents * 100) for cents in range(1, 100))
    assert not grid.contains(0)
    assert not grid.contains(10_000)


@pytest.mark.parametrize(
    ("label", "price_e4", "is_valid"),
    [
        ("center_whole_edge_half_cent", 50, True),
        ("center_whole_edge_half_cent", 5_050, False),
        ("center_whole_edge_quint_cent", 9_020, True),
        ("center_half_edge_deci_cent", 5_050, True),
        ("center_half_edge_deci_cent", 5_010, False),
        ("center_quint_edge_deci_cent", 5_020, True),
        ("center_centi_edge_centi_cent", 5_001, True),
        ("center_deci_edge_centi_cent", 99, True),
        ("center_deci_edge_centi_cent", 5_001, False),
    ],
)
def test_structures_have_their_ticks(label: str, price_e4: int, *, is_valid: bool) -> None:
    assert make_grid(label).contains(price_e4) is is_valid
