"""Which commands follow which answers of the venue."""

from typing import Any

import pytest

from twoleg.core.events import BooksVoid, Subscribed
from twoleg.core.market import MarketId, Venue
from twoleg.errors import FeedError, FeedStale
from twoleg.venues.kalshi.subscriptions import BOOK_CHANNEL, Subscriptions
from twoleg.venues.kalshi.wire import Acknowledged, Refused
from twoleg.venues.kalshi.wserrors import Remedy, name_of, remedy_of

A, B, C, D = (MarketId(f"kalshi:{name}") for name in "ABCD")
TICKERS = {A: "A", B: "B", C: "C", D: "D"}


def subscriptions(*market_ids: MarketId, channels: tuple[str, ...] = ()) -> Subscriptions:
    wanted = {market_id: TICKERS[market_id] for market_id in market_ids}
    made = Subscriptions(wanted, channels)
    made.start()
    return made


def sent(made: Subscriptions, now_ns: int = 0) -> list[tuple[str, dict[str, Any]]]:
    return [(command.cmd, dict(command.params)) for command in made.take_commands(now_ns)]


def tickers(made: Subscriptions) -> list[list[str]]:
    return [params["market_tickers"] for _, params in sent(made)]


def acknowledge(made: Subscriptions, command_id: int, sid: int) -> list[Any]:
    return made.acknowledge(Acknowledged(command_id, BOOK_CHANNEL, sid))


def refused(command_id: int, code: int, sid: int = 0, tickers: tuple[str, ...] = ()) -> Refused:
    return Refused(command_id, code, "no", sid, 0, tickers)


def carried(sid: int, *market_ids: MarketId, is_new: bool = False) -> Subscribed:
    return Subscribed(Venue.KALSHI, sid, market_ids, is_new=is_new)


def test_too_many_markets_are_split_over_subscriptions_until_they_fit() -> None:
    made = subscriptions(A, B, C, D)
    assert tickers(made) == [["A", "B", "C", "D"]]
    made.refuse(refused(1, 26))
    assert tickers(made) == [["A", "B"], ["C", "D"]]
    assert acknowledge(made, 2, 1) == [carried(1, A, B, is_new=True)]
    assert not made.is_up
    assert acknowledge(made, 3, 2) == [carried(2, C, D, is_new=True)]
    assert made.is_up


def test_limit_that_was_learnt_holds_for_markets_that_are_followed_later() -> None:
    made = subscriptions(A, B)
    sent(made)
    made.refuse(refused(1, 26))
    sent(made)
    acknowledge(made, 2, 1)
    acknowledge(made, 3, 2)
    assert made.follow({C: "C"}) == []
    assert [cmd for cmd, _ in sent(made)] == ["subscribe"]


def test_one_market_that_is_too_many_needs_another_socket() -> None:
    made = subscriptions(A)
    sent(made)
    with pytest.raises(FeedError, match="error 26"):
        made.refuse(refused(1, 26))


def test_addition_that_is_too_large_becomes_a_subscription_of_its_own() -> None:
    made = subscriptions(A)
    sent(made)
    acknowledge(made, 1, 1)
    assert made.follow({B: "B"}) == [carried(1, A, B)]
    sent(made)
    assert made.refuse(refused(2, 26)) == [carried(1, A)]
    assert tickers(made) == [["B"]]
    assert acknowledge(made, 3, 2) == [carried(2, B, is_new=True)]


def test_second_subscribe_may_extend_the_first_subscription() -> None:
    made = subscriptions(A, B)
    sent(made)
    made.refuse(refused(1, 26))
    sent(made)
    acknowledge(made, 2, 1)
    assert acknowledge(made, 3, 1) == [carried(1, A, B)]


@pytest.mark.parametrize("named", [(), ("C",)])
def test_market_that_the_venue_does_not_know_is_left_out_alone(named: tuple[str, ...]) -> None:
    made = subscriptions(A, B, C)
    void: list[Any] = []
    answered = 0
    for _ in range(6):
        for command in made.take_commands(0):
            answered += 1
            if "C" in command.params["market_tickers"]:  # type: ignore[operator]
                void += made.refuse(refused(command.id, 11, tickers=named))
            else:
                acknowledge(made, command.id, command.id)
    assert void == [BooksVoid((C,), "not_subscribable")]
    assert sorted(set().union(*made.books.values())) == [A, B]
    assert made.is_up


def test_market_that_cannot_be_added_some_other_way_is_subscribed_apart() -> None:
    made = subscriptions(A)
    sent(made)
    acknowledge(made, 1, 1)
    made.follow({B: "B"})
    sent(made)
    assert made.refuse(refused(2, 13)) == [carried(1, A)]
    assert sent(made)[0][1]["market_tickers"] == ["B"]


def test_commands_that_come_too_fast_are_sent_again() -> None:
    made = subscriptions(A)
    first = sent(made)
    made.refuse(refused(1, 27))
    assert (sent(made), made.slow_downs) == (first, 1)


@pytest.mark.parametrize("code", [9, 18, 8, 10])
def test_refused_subscribe_that_this_socket_cannot_mend(code: int) -> None:
    made = subscriptions(A)
    sent(made)
    with pytest.raises(FeedError):
        made.refuse(refused(1, code))


def test_error_after_the_acknowledgement_leaves_nothing_to_trust() -> None:
    made = subscriptions(A, B)
    sent(made)
    acknowledge(made, 1, 1)
    with pytest.raises(FeedError):
        made.refuse(refused(1, 26))


def test_addition_that_timed_out_is_checked_by_its_snapshot() -> None:
    made = subscriptions(A)
    sent(made)
    acknowledge(made, 1, 1)
    made.follow({B: "B"})
    sent(made)
    assert made.refuse(refused(2, 18)) == []
    snapshot = {"sids": [1], "action": "get_snapshot", "market_tickers": ["B"]}
    assert sent(made) == [("update_subscription", snapshot)]


def test_books_that_were_not_asked_for_need_another_socket() -> None:
    made = subscriptions(A)
    sent(made)
    acknowledge(made, 1, 1)
    for command_id in (1, 7):
        with pytest.raises(FeedError, match="not asked for"):
            acknowledge(made, command_id, 2)


def test_second_word_on_a_subscription_that_was_given_up_changes_nothing() -> None:
    made = subscriptions(A)
    sent(made)
    acknowledge(made, 1, 1)
    made.refuse(refused(0, 25, sid=1))
    assert made.refuse(refused(0, 10, sid=1)) == []


def test_markets_that_are_followed_already_need_no_command() -> None:
    made = subscriptions(A)
    sent(made)
    acknowledge(made, 1, 1)
    assert (made.follow({A: "A"}), made.has_commands) == ([], False)


def test_harmless_errors_change_nothing() -> None:
    made = subscriptions(A, channels=("fill",))
    sent(made)
    assert made.refuse(refused(2, 8)) == []
    assert made.refuse(refused(0, 1)) == []
    assert made.refuse(refused(99, 26)) == []
    assert sent(made) == []


def test_missing_snapshot_is_asked_for_by_a_new_subscription_and_then_given_up() -> None:
    made = subscriptions(A, B)
    sent(made)
    acknowledge(made, 1, 1)
    made.ask_snapshots([A])
    assert made.has_commands
    assert sent(made, now_ns=10)[0][1]["action"] == "get_snapshot"
    assert made.judge_overdue(10, 20) == []
    assert made.judge_overdue(11, 20) == [BooksVoid((A, B), "resubscribed")]
    assert [cmd for cmd, _ in sent(made)] == ["unsubscribe", "subscribe"]
    assert made.retired == {1}
    acknowledge(made, 4, 2)
    assert made.judge_overdue(15, 30) == []
    with pytest.raises(FeedStale):
        made.judge_overdue(25, 40)
    made.saw_snapshot(A)
    assert made.judge_overdue(25, 40) == []


def test_snapshot_that_should_come_with_a_market_is_asked_for_when_it_does_not() -> None:
    made = subscriptions(A, B)
    sent(made)
    acknowledge(made, 1, 1)
    made.unfollow([B])
    sent(made)
    # The venue did not carry it out, so it has nothing to add later.
    made.refuse(refused(2, 18))
    made.follow({B: "B", C: "C"})
    assert [params["action"] for _, params in sent(made, now_ns=10)] == ["add_markets"]
    made.saw_snapshot(C)
    assert (made.judge_overdue(10, 20), made.has_commands) == ([], False)
    assert made.judge_overdue(11, 20) == []
    (asked,) = (params for _, params in sent(made, now_ns=20))
    assert (asked["action"], asked["market_tickers"]) == ("get_snapshot", ["B"])
    made.saw_snapshot(B)
    assert made.judge_overdue(30, 40) == []


def test_snapshot_of_a_market_that_left_before_it_came_is_not_missed() -> None:
    made = subscriptions(A)
    sent(made)
    acknowledge(made, 1, 1)
    made.follow({B: "B"})
    sent(made, now_ns=10)
    made.unfollow([B])
    sent(made)
    assert (made.judge_overdue(11, 20), made.has_commands) == ([], False)


def test_unknown_sid_in_answer_to_a_request_for_a_snapshot_means_a_new_subscription() -> None:
    made = subscriptions(A)
    sent(made)
    acknowledge(made, 1, 1)
    made.ask_snapshots([A])
    sent(made)
    assert made.refuse(refused(2, 7)) == [BooksVoid((A,), "resubscribed")]
    assert [cmd for cmd, _ in sent(made)] == ["subscribe"]


def test_last_market_of_a_subscription_ends_it() -> None:
    made = subscriptions(A)
    sent(made)
    acknowledge(made, 1, 1)
    assert made.unfollow([A, B]) == [BooksVoid((A,), "unfollowed")]
    assert sent(made) == [("unsubscribe", {"sids": [1]})]
    assert made.unfollow([A]) == []


def test_market_that_was_unfollowed_while_its_subscription_was_under_way() -> None:
    made = subscriptions(A, B)
    sent(made)
    made.unfollow([B])
    assert acknowledge(made, 1, 1) == [BooksVoid((A,), "resubscribed")]
    assert [cmd for cmd, _ in sent(made)] == ["unsubscribe", "subscribe"]
    assert acknowledge(made, 3, 2) == [carried(2, A, is_new=True)]


def test_channels_by_market_take_and_drop_markets_with_the_books() -> None:
    made = subscriptions(A, channels=("trade", "fill"))
    sent(made)
    acknowledge(made, 1, 1)
    made.acknowledge(Acknowledged(2, "trade", 2))
    made.acknowledge(Acknowledged(3, "fill", 3))
    made.follow({B: "B"})
    made.unfollow([A])
    updates = [(params["sids"], params["action"]) for _, params in sent(made)]
    assert updates == [
        ([2], "add_markets"),
        ([1], "add_markets"),
        ([2], "delete_markets"),
        ([1], "delete_markets"),
    ]


def test_without_books_any_channel_makes_the_socket_useful() -> None:
    made = subscriptions(channels=("fill",))
    assert [cmd for cmd, _ in sent(made)] == ["subscribe"]
    assert not made.is_up
    made.acknowledge(Acknowledged(1, "fill", 3))
    assert made.is_up


@pytest.mark.parametrize(
    ("code", "name", "remedy"),
    [
        (9, "authentication_required", Remedy.RECONNECT),
        (25, "buffer_overflow", Remedy.RESUBSCRIBE),
        (26, "market_limit", Remedy.SPLIT),
        (27, "command_rate_limit", Remedy.SLOW_DOWN),
        (5, "unknown_command", Remedy.COUNT),
        (99, "unknown", Remedy.COUNT),
    ],
)
def test_error_codes_have_names_and_remedies(code: int, name: str, remedy: Remedy) -> None:
    assert (name_of(code), remedy_of(code)) == (name, remedy)
