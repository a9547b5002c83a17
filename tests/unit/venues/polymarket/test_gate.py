import pytest

from tests.unit.venues.polymarket.support import resting, spec
from twoleg.core.events import AnswerStatus, LegAnswer
from twoleg.venues.polymarket.gate import Gate, TradingState, read_retry_after_s

S = 1_000_000_000
MAKER = resting(post_only=True)


def told(code: str, status: AnswerStatus = AnswerStatus.REJECTED) -> LegAnswer:
    return LegAnswer(status=status, code=code, is_unavailable=True)


@pytest.mark.parametrize(
    ("code", "state", "lets_makers"),
    [
        ("engine_restarting", TradingState.RESTARTING, False),
        ("post_only_mode", TradingState.POST_ONLY, True),
        ("cancel_only", TradingState.CANCEL_ONLY, False),
        ("trading_disabled", TradingState.DISABLED, False),
    ],
)
def test_gate_closes_for_as_long_as_the_venue_says(
    code: str, state: TradingState, *, lets_makers: bool
) -> None:
    gate = Gate()
    gate.note(told(code), spec(), 79, 5 * S)
    assert (gate.state(5 * S), gate.until_ns) == (state, 84 * S)
    assert gate.refusal(spec(), 83 * S) == f"venue_{state.value}"
    assert (gate.refusal(MAKER, 83 * S) == "") is lets_makers
    assert gate.refusal(spec(), 84 * S) == ""
    assert gate.state(84 * S) is TradingState.OPEN


def test_gate_backs_off_from_one_to_thirty_seconds_until_something_happens() -> None:
    gate = Gate()
    pauses = []
    now_ns = 0
    for _ in range(7):
        gate.note(told("engine_restarting"), spec(), 0, now_ns)
        pauses.append((gate.until_ns - now_ns) // S)
        now_ns = gate.until_ns
    assert pauses == [1, 2, 4, 8, 16, 30, 30]
    gate.note(LegAnswer(status=AnswerStatus.MISSED, code="fok_killed"), spec(), 0, now_ns)
    gate.note(told("engine_restarting"), spec(), 0, now_ns)
    assert gate.until_ns - now_ns == S


def test_gate_that_only_waited_is_assumed_open_until_a_taker_gets_through() -> None:
    gate = Gate()
    assert not gate.is_assumed_open(0)
    gate.note(told("engine_restarting"), spec(), 0, 0)
    assert [gate.is_assumed_open(now_ns) for now_ns in (0, S - 1, S, 100 * S)] == [
        False,
        False,
        True,
        True,
    ]
    gate.note(LegAnswer(status=AnswerStatus.RESTING), MAKER, 0, 2 * S)
    assert gate.is_assumed_open(2 * S)
    gate.note(LegAnswer(status=AnswerStatus.MISSED, code="fok_killed"), spec(), 0, 2 * S)
    assert not gate.is_assumed_open(2 * S)


def test_gate_post_only_mode_without_a_time_lasts_two_minutes() -> None:
    gate = Gate()
    gate.note(told("post_only_mode"), spec(), 0, 0)
    assert gate.until_ns == 120 * S


def test_gate_believes_no_endless_time() -> None:
    gate = Gate()
    gate.note(told("trading_disabled"), spec(), 10**9, 0)
    assert gate.until_ns == 3_600 * S


def test_gate_opens_when_a_taker_gets_through_but_not_for_a_maker() -> None:
    gate = Gate()
    gate.note(told("post_only_mode"), spec(), 60, 0)
    gate.note(LegAnswer(status=AnswerStatus.RESTING), MAKER, 0, S)
    assert gate.state(S) is TradingState.POST_ONLY
    gate.note(LegAnswer(status=AnswerStatus.FILLED), spec(), 0, S)
    assert gate.state(S) is TradingState.OPEN


@pytest.mark.parametrize("code", ["insufficient_balance", "http_500", "unauthorized"])
def test_gate_is_moved_by_nothing_else(code: str) -> None:
    gate = Gate()
    gate.note(told(code), spec(), 60, 0)
    assert gate.state(0) is TradingState.OPEN
    gate.note(told("cancel_only"), spec(), 60, 0)
    gate.note(told(code), spec(), 0, S)
    assert gate.state(S) is TradingState.CANCEL_ONLY


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({"Retry-After": "79"}, b"", 79),
        ({"Retry-After": " 7 "}, b'{"retry_after_seconds":5}', 7),
        ({}, b'{"error":"x","retry_after_seconds":79}', 79),
        ({}, b'{"retry_after_seconds":1.2}', 2),
        ({}, b'{"retry_after_seconds":-3}', 0),
        ({}, b'{"retry_after_seconds":1e300}', 0),
        ({}, b'{"retry_after_seconds":"soon"}', 0),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, b"", 0),
        ({}, b"<html>", 0),
    ],
)
def test_retry_after_is_read_from_header_or_body(
    headers: dict[str, str], body: bytes, seconds: int
) -> None:
    assert read_retry_after_s(headers, body) == seconds
