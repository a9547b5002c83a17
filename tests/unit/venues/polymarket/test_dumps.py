from twoleg.core.market import MarketId
from twoleg.venues.polymarket.dumps import Dumps

A, B, C = (MarketId(f"polymarket:{name}") for name in "abc")


def test_empty_dump_tells_of_the_operation_that_nothing_came_of() -> None:
    dumps = Dumps()
    dumps.ask([A, B], 1)
    dumps.ask([C], 2)
    dumps.take(A)
    assert dumps.take_nothing(5) == (C,)
    assert dumps.bookless == (C,)
    assert dumps.late(100, 10) == [B]


def test_empty_dumps_answer_operations_in_their_order() -> None:
    dumps = Dumps()
    dumps.ask([A, B], 1)
    dumps.ask([C], 2)
    assert dumps.take_nothing(5) == (A, B)
    assert dumps.take_nothing(6) == (C,)
    assert dumps.take_nothing(7) == ()


def test_bookless_market_is_news_once_and_heals_with_a_book() -> None:
    dumps = Dumps()
    dumps.ask([A], 1)
    assert dumps.take_nothing(5) == (A,)
    assert dumps.stale_bookless(14, 10) == []
    assert dumps.stale_bookless(15, 10) == [A]
    dumps.ask([A], 15)
    assert dumps.stale_bookless(99, 10) == []
    assert dumps.take_nothing(16) == ()
    dumps.take(A)
    assert dumps.bookless == ()


def test_market_that_was_left_or_lost_with_its_socket_is_not_waited_for() -> None:
    dumps = Dumps()
    dumps.ask([A, B], 1)
    dumps.forget(A)
    assert dumps.late(100, 10) == [B]
    dumps.lose()
    assert dumps.late(100, 10) == []
    assert dumps.take_nothing(5) == ()
