"""Every state and signal of the breaker, and the promises it makes."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twoleg.core.breaker import TRANSITIONS, Breaker, BreakerSignal, BreakerState
from twoleg.core.limits import BreakerLimits
from twoleg.errors import IllegalTransition

S, G = BreakerState, BreakerSignal
MS = 1_000_000
OPEN_NS = 60_000 * MS

ROWS = {
    (S.CLOSED, G.LIMIT_REACHED): S.OPEN,
    (S.CLOSED, G.TRIPPED): S.OPEN,
    (S.OPEN, G.COOLED_DOWN): S.HALF_OPEN,
    (S.OPEN, G.LIMIT_REACHED): S.OPEN,
    (S.OPEN, G.TRIPPED): S.OPEN,
    (S.HALF_OPEN, G.PROBE_SUCCEEDED): S.CLOSED,
    (S.HALF_OPEN, G.PROBE_FAILED): S.OPEN,
    (S.HALF_OPEN, G.TRIPPED): S.OPEN,
}


def closed() -> Breaker:
    return Breaker(BreakerLimits())


def opened(now_ns: int = 0) -> Breaker:
    breaker = closed()
    breaker.trip("test", now_ns)
    return breaker


def half_open(now_ns: int = OPEN_NS) -> Breaker:
    breaker = opened(now_ns - OPEN_NS)
    assert breaker.allows(now_ns)
    return breaker


@pytest.mark.parametrize(("state", "signal"), list(product(S, G)))
def test_breaker_has_a_row_or_raises(state: BreakerState, signal: BreakerSignal) -> None:
    breaker = closed()
    breaker.state = state
    if (state, signal) in ROWS:
        breaker._advance(signal, 0)
        assert breaker.state is ROWS[state, signal]
    else:
        with pytest.raises(IllegalTransition, match="breaker: no row"):
            breaker._advance(signal, 0)


def test_breaker_table_is_the_documented_one() -> None:
    assert TRANSITIONS == ROWS


def test_five_failures_in_a_row_open_and_four_do_not() -> None:
    breaker = closed()
    assert [breaker.failed(number, "loss", 0) for number in range(1, 6)] == [False] * 4 + [True]
    assert breaker.state is S.OPEN
    assert (breaker.failures, breaker.last_reason) == (5, "loss")


def test_success_starts_the_count_again() -> None:
    breaker = closed()
    for number in range(1, 5):
        breaker.failed(number, "loss", 0)
    assert not breaker.succeeded(5, 0)
    assert [breaker.failed(number, "loss", 0) for number in range(6, 10)] == [False] * 4


def test_clean_miss_neither_counts_nor_forgives() -> None:
    breaker = closed()
    for number in range(1, 5):
        breaker.failed(number, "loss", 0)
    breaker.started(5)
    breaker.ended(5)
    assert breaker.failed(6, "loss", 0)


def test_open_breaker_allows_nothing_until_it_has_cooled_down() -> None:
    breaker = opened(now_ns=7)
    assert not breaker.allows(7 + OPEN_NS - 1)
    assert breaker.allows(7 + OPEN_NS)
    assert breaker.state is S.HALF_OPEN


def test_half_open_breaker_lets_one_probe_at_a_time() -> None:
    breaker = half_open()
    breaker.started(9)
    assert not breaker.allows(OPEN_NS + 1)


def test_probe_that_succeeds_closes() -> None:
    breaker = half_open()
    breaker.failed(8, "older", OPEN_NS)
    breaker.started(9)
    assert breaker.succeeded(9, OPEN_NS)
    breaker.ended(9)
    assert (breaker.state, breaker.failures) == (S.CLOSED, 0)


def test_probe_that_fails_opens_for_the_whole_time_again() -> None:
    breaker = half_open()
    breaker.started(9)
    assert breaker.failed(9, "unknown", OPEN_NS + 5)
    assert not breaker.allows(2 * OPEN_NS + 4)
    assert breaker.allows(2 * OPEN_NS + 5)


def test_probe_that_misses_makes_room_for_another() -> None:
    breaker = half_open()
    breaker.started(9)
    breaker.ended(9)
    assert breaker.state is S.HALF_OPEN
    assert breaker.allows(OPEN_NS)


def test_older_execution_that_fails_while_half_open_does_not_judge_the_probe() -> None:
    breaker = half_open()
    breaker.started(9)
    assert not breaker.failed(3, "older", OPEN_NS)
    assert breaker.state is S.HALF_OPEN


def test_older_execution_that_succeeds_does_not_close() -> None:
    breaker = half_open()
    breaker.started(9)
    assert not breaker.succeeded(3, OPEN_NS)
    assert breaker.state is S.HALF_OPEN
    assert not opened().succeeded(3, 0)


def test_failures_while_open_cool_down_anew() -> None:
    breaker = closed()
    for number in range(1, 6):
        breaker.failed(number, "loss", 0)
    assert not breaker.failed(6, "loss", OPEN_NS - 1)
    assert not breaker.allows(OPEN_NS)
    assert breaker.allows(2 * OPEN_NS - 1)


@pytest.mark.parametrize("make", [closed, opened, half_open])
def test_trip_opens_whatever_was_counted(make: object) -> None:
    breaker: Breaker = make()  # type: ignore[operator]  # one of three builders
    was_open = breaker.state is S.OPEN
    assert breaker.trip("invariant", OPEN_NS) is not was_open
    assert (breaker.state, breaker.last_reason) == (S.OPEN, "invariant")


def test_start_while_open_is_an_assertion() -> None:
    with pytest.raises(AssertionError):
        opened().started(1)


def test_second_probe_is_an_assertion() -> None:
    breaker = half_open()
    breaker.started(1)
    with pytest.raises(AssertionError):
        breaker.started(2)


def test_new_limits_keep_what_was_counted() -> None:
    breaker = closed()
    breaker.failed(1, "loss", 0)
    breaker.change_limits(BreakerLimits(failures_max=2))
    assert breaker.failed(2, "loss", 0)


@given(
    st.lists(st.tuples(st.sampled_from(("fail", "win", "miss", "trip")), st.integers(0, 90_000)))
)
def test_breaker_never_closes_early(steps: list[tuple[str, int]]) -> None:
    breaker, now_ns, number = closed(), 0, 0
    opened_ns: int | None = None
    for what, pause_ms in steps:
        now_ns += pause_ms * MS
        allowed = breaker.allows(now_ns)
        if opened_ns is not None:
            assert allowed == (now_ns - opened_ns >= OPEN_NS)
        if what == "trip":
            breaker.trip("x", now_ns)
            opened_ns = now_ns
            continue
        if not allowed:
            continue
        number += 1
        breaker.started(number)
        probes = opened_ns is not None
        if what == "fail" and breaker.failed(number, "x", now_ns):
            opened_ns = now_ns
        elif what == "win" and breaker.succeeded(number, now_ns):
            assert probes
            opened_ns = None
        breaker.ended(number)
        assert (breaker.state is S.CLOSED) == (opened_ns is None)
