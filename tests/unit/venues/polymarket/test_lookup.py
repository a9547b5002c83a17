from typing import Any

import pytest

from tests.unit.venues.polymarket.support import MARKET_ID, spec
from twoleg.core.events import AnswerStatus, Fill, FillStatus, LegAnswer
from twoleg.core.market import Outcome, Side, TimeInForce, Venue
from twoleg.venues.polymarket.lookup import OrderRecord, Sighting, give_up, judge

IOC = TimeInForce.IOC


def fill(size_e6: int, fill_id: str = "t1", status: FillStatus = FillStatus.PROVISIONAL) -> Fill:
    return Fill(
        venue=Venue.POLYMARKET,
        market_id=MARKET_ID,
        fill_id=fill_id,
        order_key="0xhash",
        venue_order_id="0xhash",
        outcome=Outcome.YES,
        side=Side.BUY,
        price_e4=5_200,
        size_e6=size_e6,
        notional_micros=size_e6 * 52 // 100,
        fee_micros=0,
        status=status,
        ts_event_ms=5,
    )


def record(status: str, matched: str = "0") -> OrderRecord:
    return OrderRecord(id="0xHASH", status=status, size_matched=matched)


def seen(order: OrderRecord | None = None, *fills: Fill, unknown: bool = False) -> Sighting:
    return Sighting(order=order, fills=fills, has_unknown_status=unknown)


def verdict(
    now: Sighting,
    before: Sighting | None,
    age_ms: int = 10_000,
    looked_ms: int = 0,
    **changes: Any,
) -> LegAnswer | None:
    return judge(
        spec(**changes), now, before, age_ms=age_ms, looked_ms=looked_ms, absent_after_ms=2_500
    )


def code(answer: LegAnswer | None) -> str:
    return "" if answer is None else answer.code


def test_absent_needs_two_reads_and_the_time() -> None:
    nothing = seen()
    assert verdict(nothing, None) is None
    assert verdict(nothing, nothing, age_ms=2_499, looked_ms=9_000) is None
    answer = verdict(nothing, nothing, age_ms=2_500)
    assert answer == LegAnswer(status=AnswerStatus.MISSED, code="absent")


def test_cancelled_order_without_trades_is_killed_after_the_same_patience() -> None:
    dead = seen(record("ORDER_STATUS_CANCELED_order couldn't be fully filled"))
    assert verdict(dead, dead, age_ms=100) is None
    # It is there, so it has arrived: no flight of it is waited for.
    assert code(verdict(dead, dead, age_ms=-1, looked_ms=2_500)) == "killed"
    assert verdict(dead, None) is None
    assert code(verdict(dead, dead)) == "killed"


@pytest.mark.parametrize("status", ["LIVE", "DELAYED", "UNMATCHED", "ORDER_STATUS_LIVE", "NOVEL"])
def test_order_that_may_still_match_decides_nothing(status: str) -> None:
    for sight in (seen(record(status)), seen(record(status), fill(40_000_000))):
        assert verdict(sight, sight, tif=IOC) is None


@pytest.mark.parametrize("order", [record("MATCHED", "100"), record("CANCELED", "40")])
def test_matched_order_whose_trades_are_not_shown_waits(order: OrderRecord) -> None:
    assert verdict(seen(order), seen(order)) is None


def test_whole_spend_is_filled_at_once() -> None:
    answer = verdict(seen(None, fill(60_000_000), fill(40_000_000, "t2")), None, age_ms=1)
    assert answer is not None
    assert (answer.status, answer.filled_e6) == (AnswerStatus.FILLED, 100_000_000)
    assert (answer.notional_micros, answer.trade_ids) == (52_000_000, ("t1", "t2"))
    assert (answer.ts_event_ms, answer.venue_order_id) == (5, "0xhash")


def test_fok_that_shows_only_some_of_its_trades_waits_for_the_rest() -> None:
    some = seen(record("MATCHED", "100"), fill(60_000_000))
    assert verdict(some, some) is None
    nearly = seen(None, fill(99_990_000))
    assert verdict(nearly, None) is None
    answer = verdict(nearly, nearly)
    assert answer is not None
    assert answer.status is AnswerStatus.FILLED


def test_fak_partial_needs_two_agreeing_reads_and_the_orders_word_or_time() -> None:
    some = seen(None, fill(40_000_000))
    more = seen(None, fill(40_000_000), fill(10_000_000, "t2"))
    assert verdict(more, some, tif=IOC) is None
    assert verdict(some, some, age_ms=100, tif=IOC) is None
    # What has matched has arrived: no flight of the order is waited for.
    for late in (verdict(some, some, tif=IOC), verdict(some, some, -1, 2_500, tif=IOC)):
        assert late is not None
        assert (late.status, late.filled_e6) == (AnswerStatus.PARTIAL, 40_000_000)
    told = seen(record("CANCELED", "40"), fill(40_000_000))
    assert verdict(told, told, age_ms=100, tif=IOC) is not None
    lagging = seen(record("CANCELED", "50"), fill(40_000_000))
    assert verdict(lagging, lagging, tif=IOC) is None


def test_sell_is_whole_by_shares() -> None:
    sight = seen(None, fill(25_000_000))
    whole = verdict(sight, None, side=Side.SELL, size_e6=25_000_000)
    assert whole is not None
    assert whole.status is AnswerStatus.FILLED
    assert verdict(sight, None, side=Side.SELL, size_e6=25_010_000) is None


def test_trades_failed_on_chain_never_were() -> None:
    failed = fill(100_000_000, status=FillStatus.VOID)
    answer = verdict(seen(None, failed), None)
    assert answer is not None
    assert (answer.status, answer.code, answer.filled_e6) == (
        AnswerStatus.MISSED,
        "trades_failed",
        0,
    )
    half = verdict(
        seen(None, fill(50_000_000, status=FillStatus.VOID), fill(50_000_000, "t2")), None
    )
    assert half is not None
    assert (half.status, half.filled_e6) == (AnswerStatus.PARTIAL, 50_000_000)


def test_unknown_trade_status_is_never_taken_for_a_fill() -> None:
    odd = seen(None, fill(100_000_000), unknown=True)
    assert verdict(odd, odd) is None
    assert give_up(odd, "not_told") == LegAnswer(status=AnswerStatus.UNKNOWN, code="not_told")


def test_give_up_tells_what_certainly_filled() -> None:
    some = seen(None, fill(40_000_000), fill(9_000_000, "t2", FillStatus.VOID))
    answer = give_up(some, "not_told")
    assert (answer.status, answer.filled_e6) == (AnswerStatus.UNKNOWN, 40_000_000)
    assert (answer.notional_micros, answer.trade_ids) == (20_800_000, ("t1",))
    assert give_up(None, "x").filled_e6 == 0


GTC = TimeInForce.GTC


def resting_verdict(now: Sighting, before: Sighting | None = None) -> LegAnswer | None:
    return verdict(now, before, tif=GTC, spend_micros=0, size_e6_min=0)


@pytest.mark.parametrize("status", ["LIVE", "ORDER_STATUS_LIVE", "live", "UNMATCHED"])
def test_order_that_may_rest_and_does_is_told_at_the_first_look(status: str) -> None:
    answer = resting_verdict(seen(record(status, "40"), fill(40_000_000)))
    assert answer is not None
    assert (answer.status, answer.filled_e6) == (AnswerStatus.RESTING, 40_000_000)
    assert (answer.notional_micros, answer.venue_order_id) == (20_800_000, "0xhash")


@pytest.mark.parametrize("status", ["DELAYED", "NOVEL"])
def test_order_that_may_rest_but_is_in_its_delay_decides_nothing(status: str) -> None:
    sight = seen(record(status))
    assert resting_verdict(sight, sight) is None


def test_resting_order_counts_no_fill_that_failed_on_chain() -> None:
    failed = fill(40_000_000, status=FillStatus.VOID)
    answer = resting_verdict(seen(record("LIVE", "40"), failed))
    assert answer is not None
    assert (answer.filled_e6, answer.notional_micros, answer.trade_ids) == (0, -1, ())


def test_resting_order_with_a_failed_trade_still_tells_the_money_of_the_others() -> None:
    failed = fill(40_000_000, status=FillStatus.VOID)
    answer = resting_verdict(seen(record("LIVE", "50"), failed, fill(10_000_000, "t2")))
    assert answer is not None
    assert (answer.filled_e6, answer.notional_micros) == (10_000_000, 5_200_000)
    assert answer.trade_ids == ("t2",)


@pytest.mark.parametrize(
    ("size_e6", "is_whole"), [(100_000_000, True), (99_990_001, True), (99_990_000, False)]
)
def test_order_that_rested_is_whole_by_its_size_but_for_dust(
    size_e6: int, *, is_whole: bool
) -> None:
    answer = resting_verdict(seen(None, fill(size_e6)))
    assert (answer is not None) is is_whole
    if answer is not None:
        assert answer.status is AnswerStatus.FILLED


@pytest.mark.parametrize(
    "status",
    [
        "CANCELED",
        "CANCELED_MARKET_RESOLVED",
        "CANCELED_NOT_ENOUGH_BALANCE",
        "CANCELED_MARKET_NOT_FOUND",
        "CANCELED_EXPIRED_ORDER",
        "CANCELED_ORDER_TIMED_OUT",
        "ORDER_STATUS_CANCELED_SOMETHING_NEW",
        "INVALID",
    ],
)
def test_every_end_of_an_order_is_one(status: str) -> None:
    dead = seen(record(status, "40"), fill(40_000_000))
    answer = resting_verdict(dead, dead)
    assert answer is not None
    assert (answer.status, answer.filled_e6) == (AnswerStatus.PARTIAL, 40_000_000)
    untouched = seen(record(status))
    assert code(resting_verdict(untouched, untouched)) == "canceled"
