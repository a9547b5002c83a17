import re
from datetime import UTC, datetime
from typing import get_args

import pytest

from tests.unit.storage.support import (
    EXECUTION,
    WALL_NS,
    a_trade,
    answer,
    execution_note,
    intent,
    market,
    note,
    order,
)
from twoleg.core.events import LegAnswer
from twoleg.core.market import Venue
from twoleg.core.orders import Purpose
from twoleg.storage.projection import RunContext, project, to_time
from twoleg.storage.queries import query
from twoleg.storage.records import (
    AccountHeard,
    AnswerRecorded,
    AnyRecord,
    DifferenceAccepted,
    FlowsRead,
    MarketSeen,
    RunStarted,
    SnapshotBegun,
    SnapshotEnded,
    SnapshotPart,
)
from twoleg.storage.segment import encode_frame, parse_frame
from twoleg.storage.shipment import drop_nul, prepare_items

RUN = RunContext("3b0c6d0e-3f3c-4a8f-9a57-0f3a0a3f6f10", "sim", "member-1", {"kalshi": "k"})


def names(record: AnyRecord) -> list[str]:
    return [name for name, _ in project(record, RUN, 7)]


def test_every_kind_of_record_is_projected() -> None:
    assert {type(record) for record in a_trade()} == set(get_args(AnyRecord))
    silent = {type(record) for record in a_trade() if not project(record, RUN, 1)}
    # They say nothing that the records before them did not say, or move nothing.
    assert silent == {SnapshotBegun, SnapshotPart, SnapshotEnded, FlowsRead, AccountHeard}


@pytest.mark.parametrize("record", a_trade(), ids=lambda record: type(record).__name__)
def test_statements_have_as_many_arguments_as_parameters(record: AnyRecord) -> None:
    for name, args in project(record, RUN, 1):
        assert len(args) == max(map(int, re.findall(r"\$(\d+)", query(name)))), name


def test_accounts_come_from_the_run_by_venue() -> None:
    [(_, kalshi), *_] = project(answer(Venue.KALSHI), RUN, 7)
    [(_, polymarket), *_] = project(answer(Venue.POLYMARKET), RUN, 7)
    assert (kalshi[1], polymarket[1]) == ("k", "")


def test_an_intent_opens_the_trade_before_its_legs() -> None:
    record = intent(order(Venue.KALSHI), order(Venue.POLYMARKET))
    assert names(record) == ["open_trade", "insert_leg", "insert_leg"]


def test_a_bet_opens_no_trade() -> None:
    assert names(intent(order(Venue.KALSHI, purpose=Purpose.BET))) == ["insert_leg"]


def test_money_that_was_not_told_is_null() -> None:
    said = answer(Venue.KALSHI)
    untold = LegAnswer(status=said.answer.status, filled_e6=1)
    fields = {name: getattr(said, name) for name in said.__struct_fields__}
    [(_, args), _] = project(AnswerRecorded(**{**fields, "answer": untold}), RUN, 7)
    assert args[8] is None


def test_notes_reach_the_tables_that_they_are_about() -> None:
    assert names(note()) == ["insert_audit"]
    assert names(note(kind="breaker_changed", state="open")) == [
        "insert_audit",
        "insert_breaker_event",
    ]
    assert names(execution_note("execution_changed", state="x")) == ["insert_audit", "change_trade"]
    assert names(execution_note("execution_closed")) == ["insert_audit", "close_trade"]
    assert names(note(kind="execution_closed")) == ["insert_audit"]
    [_, (_, args)] = project(execution_note("execution_closed", net_micros="?"), RUN, 7)
    assert args[:6] == (EXECUTION, RUN.journal_uuid, 7, "closed", "", None)


def test_a_void_fill_is_booked_if_it_never_was() -> None:
    assert names(a_trade()[14])[:2] == ["insert_fill", "void_fill"]


def test_a_market_without_an_end_has_no_close_time() -> None:
    raw = market(Venue.KALSHI)
    fields = {name: getattr(raw, name) for name in raw.__struct_fields__}
    endless = MarketSeen(wall_ns=WALL_NS, market=type(raw)(**{**fields, "close_ts_ms": 0}))
    [(_, args)] = project(endless, RUN, 7)
    assert args[21] is None


def test_times_keep_microseconds_and_stay_in_range() -> None:
    assert to_time(1_999) == datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=UTC)
    assert to_time(-5) == datetime(1970, 1, 1, tzinfo=UTC)
    assert to_time(10**30).year == 9999


def test_a_run_holds_from_its_own_record_on() -> None:
    started = RunStarted(
        wall_ns=1, run_id="r", mode="sim", version="1", member="m2", accounts={"kalshi": "k2"}
    )
    after = RUN.started(started)
    assert (after.journal_uuid, after.member) == (RUN.journal_uuid, "m2")
    assert after.account(Venue.KALSHI) == "k2"
    assert after.account(Venue.POLYMARKET) == ""


def test_what_cannot_be_read_is_shipped_raw() -> None:
    [odd, worse], run = prepare_items([(1, b'{"t":"x","wall_ns":9}'), (2, b"[]")], RUN)
    assert (odd.kind, odd.wall_ns, odd.statements) == ("x", 9, [])
    assert odd.fault is not None
    assert (worse.kind, worse.wall_ns) == ("", 0)
    assert run is RUN


def test_nul_is_replaced_at_any_depth_and_only_where_it_is() -> None:
    assert drop_nul(b'{"a":["\\u0000x",1,null]}') == '{"a":["\ufffdx",1,null]}'.encode()
    clean = b'{"a":"\\\\u0001"}'
    assert drop_nul(clean) is clean
    assert drop_nul(b'{"a":"\\\\u0000"}') == b'{"a":"\\\\u0000"}'


def test_a_frame_is_only_read_under_its_own_number() -> None:
    data = encode_frame(5, b"{}")
    assert parse_frame(data, 0, 5) == b"{}"
    assert parse_frame(data, 0, 6) is None


@pytest.mark.parametrize(("micros", "kind"), [(5, "deposit"), (-5, "withdrawal")])
def test_accepted_difference_is_money_with_its_reason(micros: int, kind: str) -> None:
    record = DifferenceAccepted(
        wall_ns=WALL_NS, venue=Venue.POLYMARKET, shard=0, micros=micros, reason="why", actor="me"
    )
    (name, moved), (audit, told) = project(record, RUN, 3)
    assert (name, moved[2], moved[8]) == ("insert_cash_flow", kind, micros)
    assert audit == "insert_audit"
    assert '"reason":"why","actor":"me"' in str(told[-2])
