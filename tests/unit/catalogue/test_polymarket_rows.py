import json
from typing import Any

import msgspec
import pytest

from twoleg.catalogue.polymarket import read_rows
from twoleg.catalogue.source import read_terms
from twoleg.core.fingerprint import texts_fingerprint
from twoleg.storage.catalogue_rows import to_close_time

CONDITION = "0x" + "aB" * 32


def gamma(**changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": "7",
        "conditionId": CONDITION,
        "question": "Will it rain?",
        "description": "If it rains.",
        "outcomes": '["No", "Yes"]',
        "clobTokenIds": '["111", "222"]',
        "endDate": "2027-01-01T00:00:00Z",
        "active": True,
        "closed": False,
        "acceptingOrders": True,
        "enableOrderBook": True,
        "orderPriceMinTickSize": 0.01,
        "orderMinSize": 5,
        "secondsDelay": 3,
        "negRisk": True,
        "feesEnabled": True,
        "feeSchedule": {"rate": 0.05, "exponent": 1, "takerOnly": True},
        "events": [{"id": "9", "slug": "rain", "series": [{"slug": "weather"}]}],
    }
    return row | changes


def read(**changes: Any) -> Any:
    rows, unread = read_rows([msgspec.Raw(json.dumps(gamma(**changes)).encode())])
    assert unread == []
    return rows[0]


def test_everything_that_trading_needs_is_kept_by_label() -> None:
    row = read()
    terms = read_terms(row)
    assert terms is not None
    assert row.native_id == CONDITION.lower()
    assert row.tokens == {"No": "111", "Yes": "222"}
    assert (terms.yes_token, terms.no_token) == ("222", "111")
    assert (terms.neg_risk, terms.seconds_delay, terms.size_e6_min) == (True, 3, 5_000_000)
    assert (terms.fees.rate_e6, terms.grid.bands[0].step_e4) == (50_000, 100)
    assert (row.event, row.series, row.close_ts_ms) == ("rain", "weather", 1_798_761_600_000)
    assert row.rules_fingerprint == texts_fingerprint("Will it rain?", "If it rains.")
    assert (row.is_open, row.status, terms.is_tradable) == (True, "active", True)


def test_other_labels_name_no_yes() -> None:
    row = read(outcomes='["Lakers", "Celtics"]')
    terms = read_terms(row)
    assert terms is not None
    assert row.tokens == {"Lakers": "111", "Celtics": "222"}
    assert (terms.yes_token, terms.no_token) == ("", "")


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"orderPriceMinTickSize": None}, "unknown_tick"),
        ({"orderPriceMinTickSize": 0.3}, "unknown_tick"),
        ({"negRiskOther": True}, "neg_risk_other"),
        ({"clobTokenIds": None}, "unknown_outcomes"),
        ({"outcomes": '["A", "B", "C"]'}, "unknown_outcomes"),
        ({"clobTokenIds": '["x", "y"]'}, "bad_tokens"),
        ({"feeSchedule": {"rate": 0.05, "exponent": 9}}, "unknown_fee"),
        ({"feeSchedule": {"rate": 0.05, "takerOnly": False}}, "unknown_fee"),
    ],
)
def test_what_cannot_be_traded_is_listed_with_the_reason(
    changes: dict[str, Any], refused: str
) -> None:
    row = read(**changes)
    assert read_terms(row) is None
    assert json.loads(row.terms) == {"refused": refused}


@pytest.mark.parametrize(
    ("changes", "status", "is_open"),
    [
        ({"closed": True}, "closed", False),
        ({"umaResolutionStatus": "proposed"}, "proposed", True),
        ({"active": False}, "inactive", False),
    ],
)
def test_the_status_is_the_venues(changes: dict[str, Any], status: str, *, is_open: bool) -> None:
    row = read(**changes)
    assert (row.status, row.is_open) == (status, is_open)


@pytest.mark.parametrize("labels", ['["Yes", "Yes"]', '["Yes"]', "[]"])
def test_labels_that_do_not_tell_tokens_apart_map_nothing(labels: str) -> None:
    assert read(outcomes=labels).tokens == {}


@pytest.mark.parametrize(
    "raw",
    [
        b"7",
        b"{}",
        b'{"conditionId":"../x"}',
        b'{"conditionId":"0x1","outcomes":"{"}',
        b"{",
        json.dumps(gamma(feeSchedule={"rate": "NaN"})).encode(),
    ],
)
def test_a_row_that_cannot_be_read_is_told_apart(raw: bytes) -> None:
    good = msgspec.Raw(json.dumps(gamma()).encode())
    rows, unread = read_rows([msgspec.Raw(raw), good])
    assert (len(rows), len(unread)) == (1, 1)
    assert unread[0].reason


@pytest.mark.parametrize(
    "changes",
    [
        {"feeSchedule": {"rate": "1e400", "takerOnly": True}},
        {"orderMinSize": 10**400},
        {"secondsDelay": 10**30},
        {"endDate": "0001-01-01T00:00:00+23:00"},
        {"endDate": "9999-12-31T23:59:59-23:00"},
    ],
)
def test_nonsense_can_be_stored_and_read_back(changes: dict[str, Any]) -> None:
    rows, unread = read_rows([msgspec.Raw(json.dumps(gamma(**changes)).encode())])
    for row in rows:
        read_terms(row)
        to_close_time(row.close_ts_ms)
    assert len(rows) + len(unread) == 1
