from collections import Counter
from typing import Final

import pytest
from structlog.testing import capture_logs

from tests.contract.kalshi_change_cases import CHANGES
from tests.contract.kalshi_create_cases import CREATES
from tests.contract.kalshi_other_cases import OTHERS
from tests.contract.support_kalshi_errors import Case, Wire, open_world
from twoleg.venues.kalshi.meanings import ROWS, Meaning, Operation

CASES: Final = (*CREATES, *CHANGES, *OTHERS)

# The venue's own table of answers, as figures; "" is an answer without a code.
VENUE_TABLE: Final = (
    (400, "insufficient_balance"),
    (400, "available_balance_too_low"),
    (400, "invalid_order_size"),
    (400, "order_id_and_client_order_id_mismatch"),
    (400, "order_side_mismatch"),
    (400, "order_ticker_mismatch"),
    (400, "invalid_price"),
    (400, "invalid_order"),
    (400, "missing_parameters"),
    (400, "invalid_parameters"),
    (400, "bad_request"),
    (400, "invalid_content_type"),
    (403, "insufficient_scope"),
    (403, "subaccount_restricted"),
    (403, "region_attestation_expired"),
    (403, "forbidden"),
    (404, "not_found"),
    (404, "market_not_found"),
    (404, "user_not_found"),
    (400, "user_not_found"),
    (409, "order_already_exists"),
    (409, "fill_or_kill_insufficient_resting_volume"),
    (409, "trading_is_paused"),
    (409, "exchange_is_paused"),
    (410, "deprecated_v1_order_endpoint"),
    (429, ""),
    (500, "internal_server_error"),
    (502, ""),
    (503, "service_unavailable"),
    (504, "gateway_timeout"),
    # What is wrong with a key or a signature; the first two are told apart by their details.
    (401, "authentication_error"),
    (401, "signature_is_missing_from_headers"),
    (401, "header_timestamp_expired"),
)
KEY_DETAILS: Final = ("INCORRECT_API_KEY_SIGNATURE", "NOT_FOUND")
ENGINE_REASONS: Final = (
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
SHAPES: Final = ("insufficient_balance", "bad_request", "msg", "error=too many requests", "html")
STIMULI: Final = (
    "bad signature",
    "stale timestamp",
    "unknown key / missing signature",
    "GET unknown ticker",
    "create with unknown ticker",
    "create on unfunded shard",
    "numeric count/price",
    "missing time_in_force / self_trade_prevention_type",
    "invalid price",
    "not enough cash",
    "duplicate client_order_id",
    "post-only crossing",
    "FOK cannot fill",
    "FOK fills",
    "IOC partial",
    "IOC none",
    "own-order cross",
    "GTC rests",
    "cancel resting",
    "cancel executed / cancelled / unknown / wrong shard",
    "GET order just after cancel",
    "create during pause",
    "any order op after close_time",
    "legacy POST /portfolio/orders",
    "over budget",
)
# Rows of the client's table that nothing documented or seen brings about.
WITHOUT_STIMULUS: Final = {
    (401, "*", ""): "a 401 of a code that is not known",
    (401, "authentication_error", ""): "details that are not known",
    (405, "*", ""): "a method that the client does not use",
    (408, "*", ""): "something between the client and the venue",
    (410, "*", ""): "a path that is shut under a code that is not known",
    (413, "*", ""): "a body larger than the client builds",
    (415, "*", ""): "told as 400 invalid_content_type",
    (422, "*", ""): "told as 400",
}


# Answers that last until somebody changes a key, a setting or the client, and those to wait for.
NEEDS_PERSON: Final = frozenset(
    {
        "authentication_error",
        "signature_is_missing_from_headers",
        "missing_parameters",
        "invalid_parameters",
        "bad_request",
        "invalid_content_type",
        "user_not_found",
        "exceeded_per_market_risk_limit",
        "order_id_and_client_order_id_mismatch",
        "order_side_mismatch",
        "order_ticker_mismatch",
        "deprecated_v1_order_endpoint",
    }
)
WAITS: Final = frozenset(
    {
        "trading_is_paused",
        "trading_paused",
        "exchange_is_paused",
        "exchange_paused",
        "exchange_unavailable",
        "service_unavailable",
        "error=too many requests",
    }
)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
async def test_row_is_what_the_venue_answers_and_means_what_happened_there(case: Case) -> None:
    with capture_logs() as logs:
        async with open_world(case.sim, case.client) as world:
            await case.act(world)
    wire = world.wires[0] if world.wires else Wire("", "", 0, b"")
    assert (wire.status, wire.code.partition(":")[0]) == (case.status, case.code)
    assert case.detail in wire.body.decode()
    assert not case.item or wire.items[0] == case.item
    assert world.told == case.told
    assert world.truth == case.truth
    if case.status == 0:
        return
    assert case.row is not None
    code = case.item or case.code
    is_malformed = case.status == 403 or (code in {"msg", "text"} and case.status < 500)
    needs_person = code in NEEDS_PERSON or is_malformed
    assert case.row.needs_person == needs_person
    assert ("person_needed" in {log["event"] for log in logs}) == needs_person
    assert case.row.is_unavailable == (code in WAITS)
    if case.operation is Operation.READ:
        unsure = case.status >= 500
        assert case.row.meaning is (Meaning.NOT_KNOWN if unsure else Meaning.DID_NOT_HAPPEN)


def test_every_row_of_the_venues_table_has_a_case() -> None:
    proved = {(case.status, case.venue_code) for case in CASES}
    assert set(VENUE_TABLE) - proved == set()
    assert set(KEY_DETAILS) - {case.detail for case in CASES if case.status == 401} == set()


@pytest.mark.parametrize("operation", [Operation.CREATE, Operation.CANCEL, Operation.AMEND])
def test_every_reason_of_the_engine_has_a_case(operation: Operation) -> None:
    proved = {case.code for case in CASES if case.operation is operation}
    # A cancel neither trades, nor joins a group, nor changes a size.
    others = set(ENGINE_REASONS[4:10]) if operation is Operation.CANCEL else set()
    changes = {"invalid_amend_qty_for_order", "cannot_update_filled_order"}
    others |= changes if operation is Operation.CREATE else set()
    assert set(ENGINE_REASONS) - proved == others


def test_every_shape_and_every_stimulus_has_a_case() -> None:
    assert {*SHAPES, "text"} - {case.code for case in CASES} == set()
    assert {case.stimulus for case in CASES} - {""} == set(STIMULI)


def test_every_row_of_the_clients_table_has_a_case_or_a_reason() -> None:
    rows = {(row.http_status, row.code_prefix, row.detail_part) for row in ROWS}
    proved = {
        (case.row.http_status, case.row.code_prefix, case.row.detail_part)
        for case in CASES
        if case.row is not None
    }
    assert rows - proved == set(WITHOUT_STIMULUS)


def test_no_two_cases_have_one_name() -> None:
    assert [name for name, count in Counter(case.name for case in CASES).items() if count > 1] == []
