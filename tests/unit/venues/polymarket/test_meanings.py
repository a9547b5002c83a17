import pytest
import structlog

from tests.unit.venues.polymarket.support import FakeClock, resting
from twoleg.core.events import AnswerStatus
from twoleg.venues.polymarket.alarms import AnswerAlarms
from twoleg.venues.polymarket.answer_rows import Meaning, Operation, Row, Where
from twoleg.venues.polymarket.answers import read_answer
from twoleg.venues.polymarket.batches import WHOLE_CODES
from twoleg.venues.polymarket.gate import STATES
from twoleg.venues.polymarket.meanings import ROWS, find_row, row_of_code

IDS = [f"{row.operation.value}-{row.http_statuses[-1]}-{row.part or 'any'}" for row in ROWS]
KEY = "0xkey"


@pytest.mark.parametrize("row", ROWS, ids=IDS)
def test_row_is_found_by_its_own_words_at_each_of_its_statuses(row: Row) -> None:
    text = row.part.upper()
    found = {find_row(row.operation, status, text, row.where).code for status in row.http_statuses}
    assert found == {row.code}
    assert row.words.endswith((".", ";", "?"))
    assert row.part == row.part.lower()


def test_no_row_stands_behind_one_that_hides_it() -> None:
    for index, row in enumerate(ROWS):
        for earlier in ROWS[:index]:
            is_same_place = earlier.operation is row.operation and earlier.where is row.where
            hides = is_same_place and earlier.part in row.part and row.where is not Where.STATUS
            shared = set(earlier.http_statuses) & set(row.http_statuses)
            assert not (hides and shared and earlier.code != row.code), (earlier, row)


def test_codes_mean_the_same_wherever_they_stand() -> None:
    for row in ROWS:
        first = row_of_code(row.operation, row.code)
        assert first is not None
        assert (first.meaning, first.needs_person, first.is_unavailable, first.is_miss) == (
            row.meaning,
            row.needs_person,
            row.is_unavailable,
            row.is_miss,
        ), row.code


def test_codes_that_others_go_by_stand_in_the_table() -> None:
    codes = {row.code for row in ROWS if row.operation is Operation.ORDER}
    assert set(STATES) <= codes
    assert codes >= WHOLE_CODES


@pytest.mark.parametrize("operation", Operation)
@pytest.mark.parametrize(("status", "is_unavailable"), [(400, False), (500, False), (503, True)])
def test_what_stands_in_no_row_is_not_known(
    operation: Operation, status: int, *, is_unavailable: bool
) -> None:
    row = find_row(operation, status, "a text that nobody has seen")
    assert (row.meaning, row.code) == (Meaning.NOT_KNOWN, f"http_{status}")
    assert row.is_unavailable is is_unavailable
    assert row_of_code(operation, row.code) is None


@pytest.mark.parametrize(
    ("status", "text", "code", "needs_person"),
    [
        (400, "not enough balance / allowance: the allowance is not enough -> allowance: 0", "insufficient_allowance", True),
        (400, "not enough balance / allowance: the balance is not enough", "insufficient_balance", False),
        (400, "INVALID_ORDER_NOT_ENOUGH_BALANCE", "insufficient_balance", False),
        (400, "INVALID_ORDER_DUPLICATED", "duplicated", False),
        (400, "INVALID_POST_ONLY_ORDER", "post_only_crosses", False),
        (400, "INVALID_POST_ONLY_ORDER_TYPE", "invalid_payload", False),
        (200, "EXECUTION_ERROR", "server_error", False),
        (200, "MARKET_NOT_READY", "market_not_ready", False),
        (503, '{"code":"post_only_mode"}', "post_only_mode", False),
        (403, "Trading restricted in your region", "region_restricted", True),
        (403, "<!DOCTYPE html><title>Attention Required! | Cloudflare</title>", "forbidden", True),
        (500, "the price of the taker's order has a discrepancy greater than allowed with the worst maker order", "server_error", False),
    ],
)  # fmt: skip
def test_text_falls_under_its_row(status: int, text: str, code: str, *, needs_person: bool) -> None:
    row = find_row(Operation.ORDER, status, text)
    assert (row.code, row.needs_person) == (code, needs_person)


@pytest.mark.parametrize("row", [row for row in ROWS if row.operation is Operation.ORDER])
def test_answer_of_a_refused_order_follows_its_row(row: Row) -> None:
    if row.where is not Where.ERROR:
        return
    status = max(row.http_statuses)
    answer = read_answer(resting(), KEY, status, row.part.encode())
    expected = AnswerStatus.UNKNOWN
    if row.meaning is Meaning.DID_NOT_HAPPEN:
        expected = AnswerStatus.MISSED if row.is_miss else AnswerStatus.REJECTED
    assert (answer.status, answer.code) == (expected, row.code)


def test_alarms_tell_each_unknown_text_once_and_no_secret() -> None:
    alarms = AnswerAlarms(clock=FakeClock(), hide="my-api-key")
    with structlog.testing.capture_logs() as logs:
        for text in ("new my-api-key", "new my-api-key", "newer"):
            alarms.note(Operation.ORDER, "http_400", text)
        alarms.note(Operation.ORDER, "fok_killed", "known")
        alarms.note(Operation.ORDER, "", "")
    assert [(line["event"], line["log_level"], line["text"]) for line in logs] == [
        ("unknown_answer", "warning", "new ..."),
        ("unknown_answer", "warning", "newer"),
    ]


def test_alarms_remember_a_bounded_number_of_texts() -> None:
    alarms = AnswerAlarms(clock=FakeClock())
    with structlog.testing.capture_logs() as logs:
        for number in range(1_000):
            alarms.unknown(Operation.CANCEL, "http_418", f"text {number}")
    assert len(logs) == 256


def test_alarms_call_a_person_at_most_once_a_minute() -> None:
    clock = FakeClock()
    alarms = AnswerAlarms(clock=clock)
    with structlog.testing.capture_logs() as logs:
        for _ in range(3):
            alarms.note(Operation.ORDER, "address_banned", "'0x1' address banned")
            clock.advance_ms(30_001)
    assert [(line["event"], line["log_level"]) for line in logs] == [
        ("venue_needs_person", "error"),
        ("venue_needs_person", "error"),
    ]
