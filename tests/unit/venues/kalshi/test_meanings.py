import json

import pytest

from twoleg.venues.kalshi.answers import STATUSES, parse_error
from twoleg.venues.kalshi.cancels import STATUSES as CANCEL_STATUSES
from twoleg.venues.kalshi.meanings import (
    ANY_CODE,
    ANY_REFUSAL,
    CREATED_ROWS,
    NO_CODE,
    ROWS,
    Counts,
    Meaning,
    Operation,
    Row,
    count_case,
    created_row,
    find,
)

Op, M = Operation, Meaning

ENGINE_REASONS = (
    "market_already_closed",
    "market_inactive",
    "trading_paused",
    "exchange_paused",
    "self_cross_attempt",
    "exceeded_order_group_risk_limit",
    "order_group_not_found",
    "exceeded_per_market_risk_limit",
    "invalid_amend_qty_for_order",
    "cannot_update_filled_order",
    "exchange_unavailable",
    "internal_error",
)


def example(row: Row) -> tuple[int, str, str]:
    status = row.http_status or 409
    code = "" if row.code_prefix in {ANY_CODE, NO_CODE} else row.code_prefix
    return status, code, row.detail_part


@pytest.mark.parametrize(
    "row",
    ROWS,
    ids=lambda row: f"{row.operation.value}-{row.http_status}-{row.code_prefix}-{row.detail_part}",
)
def test_row_is_found_by_its_own_example_and_is_fit_to_print(row: Row) -> None:
    assert find(row.operation, *example(row)).row == row
    assert row.words
    assert row.words[0].islower()
    assert not (row.is_unavailable and row.needs_person)
    assert row.http_status == ANY_REFUSAL or 200 <= row.http_status < 600


def test_no_two_rows_say_the_same() -> None:
    keys = [(row.operation, row.http_status, row.code_prefix, row.detail_part) for row in ROWS]
    assert len(set(keys)) == len(keys)


def test_every_meaning_has_an_answer() -> None:
    assert set(STATUSES) == set(CANCEL_STATUSES) == set(Meaning)


@pytest.mark.parametrize("reason", ENGINE_REASONS)
def test_every_reason_of_the_engine_is_in_the_table(reason: str) -> None:
    assert any(row.code_prefix == reason for row in ROWS)


NO, UNSURE = M.DID_NOT_HAPPEN, M.NOT_KNOWN


@pytest.mark.parametrize("operation", list(Operation))
@pytest.mark.parametrize(
    ("http_status", "code", "expected"),
    [
        # Meaning, wait for the venue, needs a person.
        (401, "authentication_error", (NO, False, True)),
        (401, "header_timestamp_expired", (NO, False, False)),
        (401, "something_new", (NO, False, True)),
        (403, "", (NO, False, True)),
        (403, "something_new", (NO, False, True)),
        (410, "deprecated_v1_order_endpoint", (NO, False, True)),
        (429, "", (NO, True, False)),
        (409, "trading_is_paused", (NO, True, False)),
        (409, "exchange_is_paused", (NO, True, False)),
        (500, "", (UNSURE, False, False)),
        (502, "anything", (UNSURE, False, False)),
        (503, "service_unavailable", (UNSURE, True, False)),
        (504, "", (UNSURE, False, False)),
    ],
)
def test_keys_limits_pauses_and_failures_mean_the_same_everywhere(
    operation: Operation, http_status: int, code: str, expected: tuple[Meaning, bool, bool]
) -> None:
    verdict = find(operation, http_status, code, "")
    assert verdict.row is not None
    told = (verdict.meaning, verdict.is_unavailable, verdict.row.needs_person)
    assert told == expected


@pytest.mark.parametrize(
    ("operation", "http_status", "code"),
    [
        (Op.CREATE, 400, "something_new"),
        (Op.CREATE, 409, ""),
        (Op.CREATE, 409, "something_new"),
        (Op.CREATE, 404, "something_new"),
        (Op.CREATE, 202, ""),
        (Op.CREATE, 307, ""),
        (Op.CREATE, 418, ""),
        (Op.CREATE, 520, ""),
        (Op.CREATE, None, ""),
        (Op.CREATE, None, "something_new"),
        (Op.CANCEL, None, "service_unavailable"),
        (Op.CANCEL, 409, "order_already_exists"),
        (Op.CANCEL_ALL, 200, ""),
        (Op.TRANSFER, 400, "something_new"),
    ],
)
def test_answer_without_a_row_is_not_known(
    operation: Operation, http_status: int | None, code: str
) -> None:
    verdict = find(operation, http_status, code, "")
    assert (verdict.row, verdict.meaning, verdict.is_unavailable) == (None, M.NOT_KNOWN, False)


def test_code_is_matched_but_for_its_suffix_and_details_in_whatever_case() -> None:
    assert find(Op.CREATE, 404, "user_not_found:_0b1c", "").meaning is M.DID_NOT_HAPPEN
    for code in ("no_user_not_found", "user_not_found_yet"):
        assert find(Op.CREATE, 404, code, "").row is None
    size = find(Op.CREATE, 400, "invalid_order_size", "").row
    assert size is not None
    assert size.code_prefix == "invalid_order_size"
    crossed = find(Op.CREATE, 400, "invalid_order", "Invalid order: Post Only Cross").row
    other = find(Op.CREATE, 400, "invalid_order", "").row
    assert crossed is not None
    assert other is not None
    assert crossed.words != other.words


def test_same_status_means_opposite_things_by_code() -> None:
    meanings = {
        code: find(Op.CREATE, 409, code, "").meaning
        for code in (
            "fill_or_kill_insufficient_resting_volume",
            "order_already_exists",
            "trading_is_paused",
        )
    }
    assert list(meanings.values()) == [M.MISSED, M.NOT_KNOWN, M.DID_NOT_HAPPEN]


def test_item_of_a_batch_is_found_by_its_code_alone() -> None:
    assert find(Op.CREATE, None, "insufficient_balance", "").meaning is M.DID_NOT_HAPPEN
    assert find(Op.CREATE, None, "fill_or_kill_insufficient_resting_volume", "").meaning is M.MISSED
    assert find(Op.CANCEL, None, "not_found", "").meaning is M.NOT_RESTING


@pytest.mark.parametrize(
    ("filled_e6", "remaining_e6", "case"),
    [
        (50, 0, Counts.FILLED),
        (20, 0, Counts.PARTLY),
        (0, 0, Counts.NOTHING),
        (0, 50, Counts.RESTING),
        (20, 30, Counts.RESTING),
        (20, 20, Counts.CONTRADICTORY),
        (51, 0, Counts.CONTRADICTORY),
        (20, 31, Counts.CONTRADICTORY),
        (-1, 0, Counts.CONTRADICTORY),
        (0, -1, Counts.CONTRADICTORY),
    ],
)
def test_counts_of_an_accepted_order(filled_e6: int, remaining_e6: int, case: Counts) -> None:
    assert count_case(filled_e6=filled_e6, remaining_e6=remaining_e6, size_e6=50) is case


def test_created_table_has_one_row_for_every_case() -> None:
    assert len(CREATED_ROWS) == 2 * len(Counts)
    for counts in Counts:
        for may_rest in (False, True):
            assert created_row(counts, may_rest=may_rest).words


def test_the_four_error_shapes_lead_to_their_rows() -> None:
    details = "json: cannot unmarshal number into Go struct field count of type string"
    bodies = (
        (400, {"error": {"code": "invalid_price", "message": "invalid price", "service": "x"}}),
        (400, {"code": "bad_request", "message": "bad request", "details": details}),
        (400, {"msg": "Parameter validation failed for CreateOrder: x"}),
        (429, {"error": "too many requests"}),
    )
    rows = [
        find(Op.CREATE, status, *parse_error(json.dumps(body).encode())).row
        for status, body in bodies
    ]
    told = [(row.code_prefix, row.http_status) for row in rows if row is not None]
    assert told == [("invalid_price", 400), ("bad_request", 400), ("", 400), ("*", 429)]
