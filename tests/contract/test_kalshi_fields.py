"""Every answer and frame of the simulated Kalshi has every field that the venue's documents name."""

import asyncio
from typing import Any, Final

import pytest

from tests.contract.kalshi_field_tables import ACCOUNT, ORDERS, PUBLIC
from tests.contract.kalshi_frame_tables import FRAMES
from tests.contract.kalshi_kinds import Check, Kind
from tests.contract.support_kalshi_world import Told, tell_everything

TABLES: Final[dict[str, Kind]] = {**PUBLIC, **ORDERS, **ACCOUNT, **FRAMES}
# Fields that were once there (Kalshi docs, changelog, 2026-01 to 2026-10), by the name of what had
# them; "" is anything at all.
REMOVED: Final[dict[str, set[str]]] = {
    "": {"service", "count", "yes_price", "no_price", "taker_fees", "maker_fees", "fee"},
    "market": {
        "tick_size",
        "yes_bid",
        "yes_ask",
        "no_bid",
        "no_ask",
        "last_price",
        "volume",
        "open_interest",
        "liquidity",
        "liquidity_dollars",
        "response_price_units",
        "fractional_trading_enabled",
    },
    "fills": {"client_order_id"},
}


@pytest.fixture(scope="module")
def told() -> Told:
    return asyncio.run(tell_everything())


@pytest.mark.parametrize("name", TABLES)
def test_answer_has_the_documented_fields_and_no_others(told: Told, name: str) -> None:
    check = Check()
    assert told[name], "nothing was told"
    faults = [fault for body in told[name] for fault in check.faults(body, TABLES[name], name)]
    assert faults == []
    assert {field for field, seen in check.seen.items() if len(seen) < 2} == set()


def test_nothing_is_told_that_no_table_describes(told: Told) -> None:
    assert told.keys() <= TABLES.keys()


def test_removed_fields_are_gone(told: Told) -> None:
    found = {(within, name) for body in told.values() for within, name in _fields(body, "")}
    gone = {(within, name) for within, name in found if name in REMOVED[""] | _removed(within)}
    assert gone == set()


def _removed(within: str) -> set[str]:
    return REMOVED.get("market" if within == "markets" else within, set())


def _fields(value: Any, within: str) -> set[tuple[str, str]]:
    if isinstance(value, list):
        return {field for item in value for field in _fields(item, within)}
    if not isinstance(value, dict):
        return set()
    inner = {field for name, item in value.items() for field in _fields(item, name)}
    return {(within, name) for name in value} | inner


@pytest.mark.parametrize(
    ("value", "kind", "fault"),
    [
        ({"a": 1}, {"a": int, "b": int}, ".b: is missing"),
        ({"a": 1, "b": 2}, {"a": int}, ".b: is not in the table"),
        ({"a": True}, {"a": int}, ".a: True is not <class 'int'>"),
        ([["1"]], [[int]], "[][]: '1' is not <class 'int'>"),
        ({"a": 1}, {"a": None}, ".a: 1 is not None"),
        ({}, [int], ": {} is no list"),
        (1, {}, ": 1 is no object"),
        (1, (None, {}), ": 1 is not None"),
    ],
)
def test_check_finds_what_is_wrong(value: Any, kind: Kind, fault: str) -> None:
    assert list(Check().faults(value, kind, "")) == [fault]
