import pytest

from tests.support.core import K, P
from twoleg.core.sequence import Sequences, SequenceVerdict

NEXT, DUPLICATE, GAP = SequenceVerdict.NEXT, SequenceVerdict.DUPLICATE, SequenceVerdict.GAP


@pytest.mark.parametrize(
    ("numbers", "verdicts"),
    [
        ([1, 2, 3], [NEXT, NEXT, NEXT]),
        ([1, 1, 2], [NEXT, DUPLICATE, NEXT]),
        ([1, 3, 4], [NEXT, GAP, NEXT]),
        ([2], [GAP]),
        # A number that runs backwards is a reset: everything before it is suspect.
        ([1, 2, 1, 2], [NEXT, NEXT, GAP, NEXT]),
    ],
)
def test_sequence_numbers_are_judged(numbers: list[int], verdicts: list[SequenceVerdict]) -> None:
    sequences = Sequences()
    sequences.begin(4, (K,))
    assert [sequences.check(4, number) for number in numbers] == verdicts


def test_sequence_of_an_unnumbered_frame_is_always_next() -> None:
    sequences = Sequences()
    assert [sequences.check(0, 9), sequences.check(3, 0), sequences.check(0, 2)] == [NEXT] * 3


def test_subscriptions_count_apart() -> None:
    sequences = Sequences()
    sequences.begin(1, (K,))
    sequences.begin(2, (P,))
    assert [sequences.check(1, 1), sequences.check(2, 1), sequences.check(1, 2)] == [NEXT] * 3
    assert (sequences.markets(1), sequences.markets(2), sequences.markets(3)) == ((K,), (P,), ())


def test_resubscription_begins_at_one_again() -> None:
    sequences = Sequences()
    sequences.begin(1, (K,))
    sequences.check(1, 1)
    sequences.check(1, 2)
    sequences.begin(1, (K,))
    assert sequences.check(1, 1) is NEXT


def test_subscription_that_carries_other_markets_goes_on_counting() -> None:
    sequences = Sequences()
    sequences.begin(1, (K,))
    sequences.check(1, 1)
    sequences.carry(1, (K, P))
    assert (sequences.check(1, 2), sequences.markets(1)) == (NEXT, (K, P))
