"""Every state and signal of the breaker, and the promises it makes."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twoleg.core.breaker import IMPOSSIBLE, TRANSITIONS, Breaker, BreakerSignal, BreakerState
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
    (S.HALF_OPEN, G.LIMIT_REACHED): S.OPEN,
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


def test_every_state_and_signal_is_a_row_or_told_impossible() -> None:
    assert TRANSITIONS.keys() | IMPOSSIBLE.keys() == set(product(S, G))
    assert not TRANSITIONS.keys() & IMPOSSIBLE.keys()
    assert all(IMPOSSIBLE.values())


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


def test_older_executions_that_fail_too_often_while_half_open_open_it_again() -> None:
    breaker = half_open()
    most = BreakerLimits().failures_max
    told = [breaker.failed(number + 1, "older", OPEN_NS + number) for number in range(most)]
    assert told == [False] * (most - 1) + [True]
    assert not breaker.allows(2 * OPEN_NS + most - 2)
    assert breaker.allows(2 * OPEN_NS + most - 1)


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


def test_failure_that_moves_nothing_leaves_the_reason() -> None:
    breaker = opened()
    breaker.failed(1, "outcome_unknown", 1)
    assert breaker.last_reason == "test"


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


# -- losses and rates -----------------------------------------------------------------------

LOSS = BreakerLimits().loss_micros_max
DAY_NS = 86_400_000 * MS


def lose(
    breaker: Breaker,
    number: int,
    net_micros: int,
    now_ns: int = 0,
    change_micros: int | None = None,
) -> bool:
    """Let an execution close, for the first time unless told what its net changed by."""
    return breaker.closed(
        number,
        net_micros=net_micros,
        change_micros=net_micros if change_micros is None else change_micros,
        filled_anything=True,
        was_unwound=False,
        now_ns=now_ns,
    )


def test_losses_of_a_day_open_it_and_gains_buy_no_room() -> None:
    breaker = closed()
    assert not lose(breaker, 1, -LOSS)
    assert not lose(breaker, 2, 10 * LOSS)
    assert lose(breaker, 3, -1)
    assert (breaker.state, breaker.last_reason) == (S.OPEN, "loss")


def test_reopened_execution_counts_its_loss_once() -> None:
    breaker = closed()
    lose(breaker, 1, -LOSS)
    assert not lose(breaker, 1, -LOSS, change_micros=0)
    # It comes back as a gain: the whole loss is taken back, and no more.
    assert not lose(breaker, 1, 5, change_micros=LOSS + 5)
    assert breaker.lost_micros(1) == 0
    assert lose(breaker, 1, -LOSS - 1, change_micros=-LOSS - 6)
    assert breaker.lost_micros(1) == LOSS + 1


def test_breaker_open_for_loss_does_not_half_open_before_the_loss_is_a_day_old() -> None:
    breaker = closed()
    lose(breaker, 1, -LOSS - 1)
    for now_ns in (OPEN_NS, 3_600_000 * MS, DAY_NS):
        assert not breaker.allows(now_ns)
        assert "lost within 24 h" in breaker.why_closed(now_ns)
    assert breaker.allows(DAY_NS + 300_000 * MS)
    assert breaker.state is S.HALF_OPEN


def test_residuals_at_their_exit_count_as_long_as_they_are_open() -> None:
    breaker = closed()
    lose(breaker, 1, -LOSS)
    assert breaker.mark_residuals(1, 0)
    assert not breaker.mark_residuals(2, 0), "open already"
    assert not breaker.allows(OPEN_NS)
    breaker.mark_residuals(0, OPEN_NS)
    assert breaker.allows(OPEN_NS)


def test_loss_while_open_does_not_start_its_time_anew() -> None:
    breaker = opened()
    assert not lose(breaker, 1, -LOSS - 1, OPEN_NS - 1)
    breaker.mark_residuals(0, OPEN_NS)
    assert breaker.last_reason == "test"


def test_losses_of_earlier_runs_keep_their_age() -> None:
    breaker = closed()
    losses = ((DAY_NS - 1, LOSS), (1, 1))
    assert breaker.restore_losses(losses, 5)
    assert not breaker.allows(OPEN_NS + 5)
    assert breaker.allows(300_000 * MS + 5)


def test_lower_limit_holds_at_once() -> None:
    breaker = closed()
    lose(breaker, 1, -LOSS)
    breaker.change_limits(BreakerLimits(loss_micros_max=LOSS - 1))
    assert not breaker.allows(0)


def unwind(breaker: Breaker, number: int, *, was_unwound: bool, filled: bool = True) -> bool:
    return breaker.closed(
        number,
        net_micros=0,
        change_micros=0,
        filled_anything=filled,
        was_unwound=was_unwound,
        now_ns=number,
    )


def test_more_unwinds_than_the_rate_among_the_latest_executions_open_it() -> None:
    breaker = closed()
    seen = [unwind(breaker, number, was_unwound=number % 2 == 0) for number in range(1, 21)]
    assert not any(seen), "half of them may"
    assert not unwind(breaker, 99, was_unwound=False, filled=False), "a miss is not counted"
    assert unwind(breaker, 21, was_unwound=True)
    assert breaker.last_reason == "unwind_rate"


def test_rate_is_taken_anew_after_it_opened() -> None:
    breaker = closed()
    assert [unwind(breaker, number, was_unwound=True) for number in range(1, 21)][-1]
    assert breaker.allows(20 + OPEN_NS)
    assert not unwind(breaker, 21, was_unwound=True)


def test_failed_fills_above_their_rate_open_it() -> None:
    breaker = closed()
    told = [breaker.fill_ended(is_void=number < 4, now_ns=0) for number in range(20)]
    assert not any(told)
    # The first four leave the window one by one, as four others come in, and then a fifth.
    assert not any(breaker.fill_ended(is_void=True, now_ns=0) for _ in range(4))
    assert breaker.fill_ended(is_void=True, now_ns=0)
    assert breaker.last_reason == "void_rate"


# -- trips that stand, operators ------------------------------------------------------------


def test_standing_trip_outlasts_the_time_and_ends_by_its_own_reason() -> None:
    breaker = closed()
    assert breaker.hold_open("residual_held", 0)
    assert not breaker.hold_open("clock_skew:kalshi", 1)
    assert not breaker.allows(OPEN_NS + 1)
    assert "residual_held, clock_skew:kalshi" in breaker.why_closed(OPEN_NS + 1)
    assert breaker.let_go("residual_held")
    assert not breaker.let_go("residual_held")
    assert not breaker.allows(OPEN_NS + 1)
    assert breaker.let_go("clock_skew:kalshi")
    assert not breaker.allows(OPEN_NS)
    assert breaker.allows(OPEN_NS + 1)


@pytest.mark.parametrize("make", [closed, opened, half_open])
def test_halt_and_pause_end_by_their_own_acts_and_leave_the_state(make: object) -> None:
    breaker: Breaker = make()  # type: ignore[operator]  # one of three builders
    state, later = breaker.state, 2 * OPEN_NS
    breaker.halt("rules changed")
    breaker.pause()
    assert not breaker.allows(later)
    assert "rules changed" in breaker.why_closed(later)
    breaker.clear_halt()
    assert not breaker.allows(later)
    assert "paused" in breaker.why_closed(later)
    breaker.halt("again")
    breaker.resume()
    assert not breaker.allows(later)
    breaker.clear_halt()
    assert breaker.state is state, "nothing of it moved the breaker"
    assert breaker.allows(later)


def test_why_closed_tells_time_and_probe_and_is_empty_when_nothing_is() -> None:
    assert closed().why_closed(0) == ""
    breaker = opened()
    assert breaker.why_closed(MS - 1) == "open for 60000 ms more: test"
    assert breaker.why_closed(OPEN_NS) == ""
    breaker = half_open()
    assert breaker.why_closed(OPEN_NS) == ""
    breaker.started(9)
    assert "execution 9" in breaker.why_closed(OPEN_NS)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(("halt", "clear", "pause", "resume", "hold", "go", "lose", "wait")),
            st.integers(0, 90_000),
        )
    )
)
def test_reason_is_told_exactly_while_nothing_may_start(steps: list[tuple[str, int]]) -> None:
    breaker, now_ns = closed(), 0
    for number, (what, pause_ms) in enumerate(steps, 1):
        now_ns += pause_ms * MS
        match what:
            case "halt":
                breaker.halt("x")
            case "clear":
                breaker.clear_halt()
            case "pause":
                breaker.pause()
            case "resume":
                breaker.resume()
            case "hold":
                breaker.hold_open("y", now_ns)
            case "go":
                breaker.let_go("y")
            case "lose":
                lose(breaker, number, -LOSS // 4, now_ns)
            case _:
                pass
        assert breaker.allows(now_ns) is (breaker.why_closed(now_ns) == "")


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
