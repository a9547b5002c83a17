from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.unit.venues.kalshi.support import (
    FakeClock,
    FakeEntropy,
    ScriptedKalshi,
    hang_up,
    kalshi_http,
)
from twoleg.errors import InvariantBroken, OutcomeUnknown, VenueRejected, VenueUnavailable
from twoleg.venues.kalshi.options import KalshiOptions
from twoleg.venues.kalshi.transfers import (
    Allocation,
    KalshiTransfers,
    TransferAnswer,
    TransferStatus,
)

SHARDS = "/portfolio/intra_exchange_instance_transfer"
SHOWN = "/portfolio/intra_exchange_instance_transfers/t-1"
SUBACCOUNTS = "/portfolio/subaccounts/transfer"
ALLOCATION = "/portfolio/target_balance_allocation"
TAKEN = (200, {"transfer_id": "t-1"})
PENDING = (200, {"transfer": {"transfer_id": "t-1", "status": "pending"}})
COMPLETE = (200, {"transfer": {"transfer_id": "t-1", "status": "complete", "amount": "0.50"}})
DUPLICATE = (409, {"error": {"code": "duplicate_transfer", "message": "exists"}})
T = TransferStatus


@asynccontextmanager
async def transfers_of(
    venue: ScriptedKalshi, *, clock: FakeClock | None = None, subaccount: int = 0
) -> AsyncGenerator[KalshiTransfers]:
    clock = clock or FakeClock()
    options = KalshiOptions(subaccount=subaccount)
    async with kalshi_http(venue, clock=clock, options=options) as http:
        yield KalshiTransfers(http=http, clock=clock, entropy=FakeEntropy(), options=options)


async def move(
    venue: ScriptedKalshi, *, clock: FakeClock | None = None, subaccount: int = 0
) -> TransferAnswer:
    async with transfers_of(venue, clock=clock, subaccount=subaccount) as transfers:
        return await transfers.move_between_shards(
            "id-1", amount_micros=500_000, source=0, destination=2
        )


async def test_transfer_between_shards_is_in_centi_cents_and_waited_for() -> None:
    venue = ScriptedKalshi()
    venue.script(SHARDS, TAKEN)
    # The reads may not show it yet.
    venue.script(SHOWN, (404, {"error": {"code": "not_found"}}), PENDING, (503, b""), COMPLETE)
    answer = await move(venue)
    assert answer == TransferAnswer(status=T.COMPLETE, client_transfer_id="id-1", transfer_id="t-1")
    assert venue.bodies() == [
        {
            "source": "event_contract",
            "destination": "event_contract",
            "amount": 5_000,
            "source_exchange_shard": 0,
            "destination_exchange_shard": 2,
            "client_transfer_id": "id-1",
        }
    ]


async def test_transfer_that_does_not_complete_in_time_is_pending() -> None:
    venue = ScriptedKalshi()
    venue.script(SHARDS, TAKEN)
    venue.script(SHOWN, PENDING)
    clock = FakeClock()
    started_ns = clock.now_ns
    answer = await move(venue, clock=clock)
    assert (answer.status, answer.transfer_id) == (T.PENDING, "t-1")
    assert clock.now_ns - started_ns <= 30_000_000_000


@pytest.mark.parametrize("failure", [hang_up, (503, {"error": {"code": "service_unavailable"}})])
async def test_transfer_that_was_not_answered_is_repeated_under_its_id(failure: Any) -> None:
    venue = ScriptedKalshi()
    venue.script(SHARDS, failure, TAKEN)
    venue.script(SHOWN, COMPLETE)
    assert (await move(venue)).status is T.COMPLETE
    assert [body["client_transfer_id"] for body in venue.bodies()] == ["id-1", "id-1"]


async def test_duplicate_means_that_it_landed_before() -> None:
    venue = ScriptedKalshi()
    venue.script(SHARDS, hang_up, DUPLICATE)
    answer = await move(venue)
    # Its own id is not told, so that nothing can be waited for.
    assert (answer.status, answer.transfer_id) == (T.PENDING, "")
    assert SHOWN not in venue.paths()


@pytest.mark.parametrize(
    ("reply", "status", "code"),
    [
        ((400, {"error": {"code": "insufficient_balance"}}), T.REFUSED, "insufficient_balance"),
        ((409, {"error": {"code": "user_not_found:_1"}}), T.REFUSED, "user_not_found"),
        ((403, b""), T.REFUSED, "http_403"),
        ((409, {"error": {"code": "exchange_is_paused"}}), T.NOT_SENT, "exchange_is_paused"),
        ((429, {"error": "too many requests"}), T.NOT_SENT, "rate_limited"),
    ],
)
async def test_transfer_that_is_refused_is_not_repeated(reply: Any, status: T, code: str) -> None:
    venue = ScriptedKalshi()
    venue.script(SHARDS, reply)
    answer = await move(venue)
    assert (answer.status, answer.code) == (status, code)
    assert len(venue.requests) == 1


@pytest.mark.parametrize(
    ("replies", "status"),
    [
        # The cash is short because the first has moved it; then its id is known after all.
        ([(400, {"error": {"code": "insufficient_balance"}})], T.UNKNOWN),
        ([(429, {"error": "too many requests"})], T.UNKNOWN),
        ([(400, {"error": {"code": "insufficient_balance"}}), DUPLICATE], T.PENDING),
    ],
)
async def test_refused_repeat_says_nothing_of_the_first(replies: list[Any], status: T) -> None:
    venue = ScriptedKalshi()
    venue.script(SHARDS, hang_up, *replies)
    assert (await move(venue)).status is status


async def test_transfer_that_is_never_answered_is_unknown_in_bounded_time() -> None:
    venue = ScriptedKalshi()
    venue.script(SHARDS, (500, b""))
    clock = FakeClock()
    started_ns = clock.now_ns
    assert (await move(venue, clock=clock)).status is T.UNKNOWN
    assert clock.now_ns - started_ns <= 30_000_000_000
    assert len(venue.requests) > 3


async def test_transfer_that_cannot_be_named_is_never_repeated() -> None:
    venue = ScriptedKalshi()
    venue.script(SHARDS, (500, b""))
    assert (await move(venue, subaccount=4)).status is T.UNKNOWN
    assert len(venue.requests) == 1
    assert "client_transfer_id" not in venue.bodies()[0]


@pytest.mark.parametrize(("amount_micros", "destination"), [(50, 2), (0, 2), (-100, 2), (100, 0)])
async def test_transfer_between_shards_that_makes_no_sense_is_our_bug(
    amount_micros: int, destination: int
) -> None:
    async with transfers_of(ScriptedKalshi()) as transfers:
        with pytest.raises(InvariantBroken):
            await transfers.move_between_shards(
                "id", amount_micros=amount_micros, source=0, destination=destination
            )


@pytest.mark.parametrize("replies", [[(200, {})], [(201, b"")], [hang_up, DUPLICATE]])
async def test_transfer_between_subaccounts_is_in_cents_and_done_when_taken(
    replies: list[Any],
) -> None:
    venue = ScriptedKalshi()
    venue.script(SUBACCOUNTS, *replies)
    async with transfers_of(venue) as transfers:
        key = transfers.new_id()
        answer = await transfers.move_between_subaccounts(
            key, amount_micros=12_340_000, source=0, destination=7, shard=3
        )
    assert answer == TransferAnswer(status=T.COMPLETE, client_transfer_id=key)
    assert venue.bodies()[0] == {
        "client_transfer_id": key,
        "from_subaccount": 0,
        "to_subaccount": 7,
        "amount_cents": 1_234,
        "exchange_index": 3,
    }


@pytest.mark.parametrize(
    ("amount_micros", "source", "destination"),
    [(5_000, 0, 1), (0, 0, 1), (10_000, 1, 1), (10_000, 0, 64), (10_000, -1, 0)],
)
async def test_transfer_between_subaccounts_that_makes_no_sense_is_our_bug(
    amount_micros: int, source: int, destination: int
) -> None:
    async with transfers_of(ScriptedKalshi()) as transfers:
        with pytest.raises(InvariantBroken):
            await transfers.move_between_subaccounts(
                "id", amount_micros=amount_micros, source=source, destination=destination, shard=0
            )


async def test_refused_transfer_between_subaccounts_says_why() -> None:
    venue = ScriptedKalshi()
    venue.script(SUBACCOUNTS, (400, {"error": {"code": "insufficient_balance"}}))
    async with transfers_of(venue) as transfers:
        answer = await transfers.move_between_subaccounts(
            "id", amount_micros=10_000, source=0, destination=1, shard=0
        )
    assert (answer.status, answer.code) == (T.REFUSED, "insufficient_balance")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"transfer": {"status": "complete"}}, T.COMPLETE),
        ({"status": "complete"}, T.COMPLETE),
        ({"status": "pending"}, T.PENDING),
        ({"status": "something_new"}, T.PENDING),
        ({}, T.PENDING),
    ],
)
async def test_transfer_is_read_with_or_without_an_envelope(
    body: dict[str, Any], status: T
) -> None:
    venue = ScriptedKalshi()
    venue.script(SHOWN, (200, body))
    async with transfers_of(venue) as transfers:
        assert await transfers.read_transfer("t-1") is status


async def test_allocation_is_read_and_written() -> None:
    venue = ScriptedKalshi()
    shares = [{"exchange_index": 2, "percent": 30}, {"exchange_index": 0, "percent": 70}]
    venue.script(
        ALLOCATION,
        (200, {"allocations": shares, "resting_margin_reservation": "max"}),
        (200, {"allocations": []}),
        (200, {}),
    )
    async with transfers_of(venue) as transfers:
        assert await transfers.read_allocation() == Allocation(
            percents=((0, 70), (2, 30)), resting_margin_reservation="max"
        )
        assert await transfers.read_allocation() == Allocation(percents=())
        await transfers.write_allocation(Allocation(percents=((2, 40), (0, 60))))
    assert venue.bodies() == [
        {
            "allocations": [
                {"exchange_index": 2, "percent": 40},
                {"exchange_index": 0, "percent": 60},
            ],
            "resting_margin_reservation": "sum",
        }
    ]


@pytest.mark.parametrize("percents", [((0, -1),), ((0, 60), (2, 41))])
async def test_allocation_beyond_the_whole_is_our_bug(
    percents: tuple[tuple[int, int], ...],
) -> None:
    async with transfers_of(ScriptedKalshi()) as transfers:
        with pytest.raises(InvariantBroken):
            await transfers.write_allocation(Allocation(percents=percents))


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        ((403, b""), VenueRejected),
        ((429, {"error": "too many requests"}), VenueUnavailable),
        ((502, b"<html>"), OutcomeUnknown),
    ],
)
async def test_allocation_that_fails_says_whether_it_may_have_happened(
    reply: Any, error: type[Exception]
) -> None:
    venue = ScriptedKalshi()
    venue.script(ALLOCATION, reply)
    async with transfers_of(venue) as transfers:
        with pytest.raises(error):
            await transfers.write_allocation(Allocation(percents=((0, 100),)))
