from typing import Any

import pytest

from tests.unit.venues.kalshi.support import (
    TICKER,
    FakeClock,
    Reply,
    ScriptedKalshi,
    kalshi_http,
)
from twoleg.core.market import Band, Market
from twoleg.errors import VenueRejected, VenueUnavailable
from twoleg.venues.kalshi.catalogue import KalshiCatalogue
from twoleg.venues.kalshi.options import KalshiOptions
from twoleg.venues.kalshi.terms import KalshiTerms

MARKET: dict[str, Any] = {
    "ticker": TICKER,
    "event_ticker": "KXA-26DEC31",
    "market_type": "binary",
    "status": "active",
    "price_level_structure": "a label never seen",
    "price_ranges": [
        {"start": "0.1000", "end": "0.9000", "step": "0.0100"},
        {"start": "0.0000", "end": "0.1000", "step": "0.0010"},
        {"start": "0.9000", "end": "1.0000", "step": "0.0010"},
    ],
    "title": "Will it?",
    "yes_sub_title": "Above 5.5",
    "rules_primary": "If it does.",
    "rules_secondary": "Else not.",
    "close_time": "2026-12-31T23:59:00Z",
    "settlement_bounds_type": "default",
    "notional_value_dollars": "1.0000",
    "exchange_index": 2,
}
EVENT: dict[str, Any] = {"event_ticker": "KXA-26DEC31", "series_ticker": "KXA", "title": "It"}
SERIES: dict[str, Any] = {"ticker": "KXA", "fee_type": "quadratic", "fee_multiplier": 1}


def script(
    venue: ScriptedKalshi,
    *,
    market: dict[str, Any] | None = None,
    event: dict[str, Any] | None = None,
    series: dict[str, Any] | None = None,
) -> None:
    venue.script(f"/markets/{TICKER}", (200, {"market": MARKET | (market or {})}))
    venue.script("/events/KXA-26DEC31", (200, {"event": EVENT | (event or {})}))
    venue.script("/series/KXA", (200, {"series": SERIES | (series or {})}))


async def read(**changes: dict[str, Any]) -> Market:
    venue, clock = ScriptedKalshi(), FakeClock()
    script(venue, **changes)
    async with kalshi_http(venue, clock=clock) as http:
        return await KalshiCatalogue(http=http, clock=clock).read_market(TICKER)


async def test_market_terms() -> None:
    market = await read()
    assert (market.id, market.native_id) == (f"kalshi:{TICKER}", TICKER)
    assert market.grid.bands == (
        Band(0, 1_000, 10),
        Band(1_000, 9_000, 100),
        Band(9_000, 10_000, 10),
    )
    assert (market.fees.rate_e6, market.fees.quantum_micros) == (70_000, 100)
    assert market.fees.balance_quantum_micros == 100
    assert (market.shard, market.event, market.series) == (2, "KXA-26DEC31", "KXA")
    assert (market.title, market.rules) == ("Will it?: Above 5.5", "If it does.\nElse not.")
    assert market.close_ts_ms == 1_798_761_540_000
    assert market.is_tradable


@pytest.mark.parametrize(
    ("event", "series", "rate_e6"),
    [
        ({}, {"fee_multiplier": 0.5}, 35_000),
        ({}, {"fee_multiplier": 0}, 0),
        ({"fee_multiplier_override": 0.1}, {"fee_multiplier": 2}, 7_000),
        ({"fee_multiplier_override": None}, {"fee_type": "quadratic_with_maker_fees"}, 70_000),
        ({"fee_type_override": "quadratic"}, {"fee_type": "flat"}, 70_000),
    ],
)
async def test_fee_is_the_events_override_or_the_series(
    event: dict[str, Any], series: dict[str, Any], rate_e6: int
) -> None:
    assert (await read(event=event, series=series)).fees.rate_e6 == rate_e6


@pytest.mark.parametrize(
    "changes",
    [
        {"series": {"fee_type": "flat"}},
        {"event": {"fee_type_override": "cubic"}},
        {"series": {"fee_multiplier": -1}},
        {"series": {"fee_multiplier": 11}},
        {"series": {"fee_multiplier": 0.3333333}},
        {"market": {"price_ranges": []}},
        {"market": {"price_ranges": [{"start": "0.5", "end": "0.1", "step": "0.01"}]}},
        {"market": {"ticker": "KXOTHER"}},
    ],
)
async def test_terms_that_cannot_be_traded_safely_are_refused(
    changes: dict[str, dict[str, Any]],
) -> None:
    with pytest.raises(VenueRejected):
        await read(**changes)


@pytest.mark.parametrize(
    "change",
    [
        {"status": "closed"},
        {"status": "a new one"},
        {"market_type": "scalar"},
        {"settlement_bounds_type": "floor"},
        {"notional_value_dollars": "0.5000"},
    ],
)
async def test_market_is_read_but_not_tradable(change: dict[str, Any]) -> None:
    assert not (await read(market=change)).is_tradable


async def test_shard_falls_back_to_event_series_and_zero() -> None:
    assert (await read(market={"exchange_index": None}, event={"exchange_index": 3})).shard == 3
    assert (await read(market={"exchange_index": None})).shard == 0


async def test_unknown_market_is_refused_and_a_broken_venue_unavailable() -> None:
    venue, clock = ScriptedKalshi(), FakeClock()
    async with kalshi_http(venue, clock=clock) as http:
        catalogue = KalshiCatalogue(http=http, clock=clock)
        with pytest.raises(VenueRejected) as caught:
            await catalogue.read_market("KXNONE")
        assert caught.value.http_status == 404
        venue.script("/markets/KXNONE", (503, b"down"))
        with pytest.raises(VenueUnavailable):
            await catalogue.read_market("KXNONE")


async def test_event_and_series_are_remembered_for_a_minute() -> None:
    venue, clock = ScriptedKalshi(), FakeClock()
    script(venue)
    async with kalshi_http(venue, clock=clock) as http:
        catalogue = KalshiCatalogue(http=http, clock=clock)
        await catalogue.read_market(TICKER)
        await catalogue.read_market(TICKER)
        assert venue.paths().count("/series/KXA") == 1
        clock.now_ns += 60_000_000_000
        await catalogue.read_market(TICKER)
    assert venue.paths().count("/series/KXA") == 2
    assert venue.paths().count(f"/markets/{TICKER}") == 3


# The fake clock's wall time is 2026-09-21T14:13:21Z.
SOON = "2026-09-21T15:00:00Z"
LATER = "2026-09-21T16:00:00Z"
PAST = "2026-09-21T12:00:00Z"
JUST_NOW = "2026-09-21T14:13:00Z"


def series_change(when: Any, **changes: Any) -> dict[str, Any]:
    row = {"id": "1", "series_ticker": "KXA", "fee_type": "quadratic", "fee_multiplier": 2}
    return row | {"scheduled_ts": when} | changes


def event_change(when: Any, **changes: Any) -> dict[str, Any]:
    row = {"id": "2", "event_ticker": "KXA-26DEC31", "series_ticker": "KXA"}
    return row | {"scheduled_ts": when, "fee_multiplier_override": 3} | changes


async def read_terms(
    series_changes: list[dict[str, Any]],
    event_changes: list[dict[str, Any]],
    options: KalshiOptions | None = None,
    **changes: dict[str, Any],
) -> KalshiTerms:
    venue, clock = ScriptedKalshi(), FakeClock()
    script(venue, **changes)
    venue.script("/series/fee_changes", (200, {"series_fee_change_arr": series_changes}))
    page = {"event_fee_changes": event_changes, "cursor": ""}
    venue.script("/events/fee_changes", (200, page))
    async with kalshi_http(venue, clock=clock) as http:
        catalogue = KalshiCatalogue(http=http, clock=clock, options=options)
        return await catalogue.read_terms(TICKER)


@pytest.mark.parametrize(
    ("series_changes", "event_changes", "rate_e6", "known"),
    [
        ([], [], 70_000, 0),
        ([series_change(SOON)], [], 140_000, 1),
        ([series_change(1_790_002_801)], [], 140_000, 1),
        ([series_change(LATER)], [], 70_000, 1),
        ([series_change(PAST)], [], 70_000, 0),
        # It took effect a moment ago: the series may have been read before that.
        ([series_change(JUST_NOW)], [], 140_000, 0),
        ([], [event_change(JUST_NOW)], 210_000, 0),
        # A fee that falls is not counted on before it has fallen.
        ([series_change(SOON, fee_multiplier=0)], [], 70_000, 1),
        ([series_change(SOON, series_ticker="KXOTHER")], [], 70_000, 0),
        ([], [event_change(SOON)], 210_000, 1),
        ([series_change(SOON)], [event_change(SOON, fee_multiplier_override=None)], 140_000, 2),
        ([series_change("some day")], [], 70_000, 0),
    ],
)
async def test_scheduled_fee_counts_shortly_before_it_is_due_if_it_is_higher(
    series_changes: list[dict[str, Any]],
    event_changes: list[dict[str, Any]],
    rate_e6: int,
    known: int,
) -> None:
    terms = await read_terms(series_changes, event_changes)
    assert (terms.market.fees.rate_e6, len(terms.fee_changes)) == (rate_e6, known)


async def test_fee_that_will_not_be_known_is_refused_before_it_is_due() -> None:
    with pytest.raises(VenueRejected, match="unknown_fee_type"):
        await read_terms([series_change(SOON, fee_type="flat")], [])


@pytest.mark.parametrize(
    ("fee_type", "rate_e6"),
    [
        ("quadratic", 0),
        ("quadratic_with_maker_fees", 8_750),
        ("quadratic_with_combo_maker_fees", 17_500),
    ],
)
async def test_makers_rate_follows_the_type_and_the_multiplier(fee_type: str, rate_e6: int) -> None:
    terms = await read_terms([], [], series={"fee_type": fee_type, "fee_multiplier": 0.5})
    assert terms.maker_rate_e6 == rate_e6


@pytest.mark.parametrize(
    ("honours", "until", "rate_e6"),
    [(False, SOON, 70_000), (True, SOON, 0), (True, PAST, 70_000), (True, None, 70_000)],
)
async def test_fee_waiver_is_believed_only_by_choice(
    honours: bool,  # noqa: FBT001 - a parameter of the test
    until: str | None,
    rate_e6: int,
) -> None:
    options = KalshiOptions(honours_fee_waivers=honours)
    terms = await read_terms([], [], options, market={"fee_waiver_expiration_time": until})
    assert terms.market.fees.rate_e6 == rate_e6
    assert (terms.fee_waived_until_ms > 0) == (until is not None)


async def test_fee_changes_that_are_forbidden_to_read_are_no_absence() -> None:
    venue, clock = ScriptedKalshi(), FakeClock()
    script(venue)
    venue.script("/series/fee_changes", (403, {"error": {"code": "forbidden"}}))
    async with kalshi_http(venue, clock=clock) as http:
        with pytest.raises(VenueRejected, match="forbidden"):
            await KalshiCatalogue(http=http, clock=clock).read_terms(TICKER)


async def test_terms_hold_all_that_the_venue_says() -> None:
    said = {"settlement_timer_seconds": 60, "can_close_early": True, "floor_strike": 5.5}
    terms = await read_terms([], [], market=said, series={"categories": ["Sports"]})
    assert (terms.listing.settlement_timer_seconds, terms.listing.can_close_early) == (60, True)
    assert str(terms.listing.floor_strike) == "5.5"
    assert terms.series.categories == ["Sports"]
    assert terms.event.series_ticker == "KXA"


async def test_market_that_was_just_created_is_waited_for() -> None:
    venue, clock = ScriptedKalshi(), FakeClock()
    script(venue)
    missing: Reply = (404, {"error": {"code": "not_found"}})
    venue.script(f"/markets/{TICKER}", missing, missing, (200, {"market": MARKET}))
    async with kalshi_http(venue, clock=clock) as http:
        catalogue = KalshiCatalogue(http=http, clock=clock)
        assert (await catalogue.await_terms(TICKER)).market.native_id == TICKER
        assert clock.slept_s == [0.25, 0.5]
        with pytest.raises(VenueRejected) as caught:
            await catalogue.await_terms("KXNONE")
    assert caught.value.http_status == 404
    assert sum(clock.slept_s) < 5.8


async def test_what_was_remembered_can_be_forgotten() -> None:
    venue, clock = ScriptedKalshi(), FakeClock()
    script(venue)
    async with kalshi_http(venue, clock=clock) as http:
        catalogue = KalshiCatalogue(http=http, clock=clock)
        await catalogue.read_market(TICKER)
        catalogue.forget()
        await catalogue.read_market(TICKER)
    assert venue.paths().count("/series/KXA") == 2


@pytest.mark.parametrize(
    ("told", "payouts"),
    [
        ({"status": "active", "result": ""}, None),
        ({"status": "closed", "result": ""}, None),
        ({"status": "determined", "result": "yes"}, (10_000, 0)),
        ({"status": "amended", "result": "no"}, (0, 10_000)),
        (
            {"status": "finalized", "result": "no", "settlement_value_dollars": "0.0000"},
            (0, 10_000),
        ),
        (
            {"status": "determined", "result": "scalar", "settlement_value_dollars": "0.5000"},
            (5_000, 5_000),
        ),
        (
            {"status": "finalized", "result": "scalar", "settlement_value_dollars": "0.1234"},
            (1_234, 8_766),
        ),
        # Determined, and the value is not told yet.
        ({"status": "determined", "result": "scalar"}, None),
        ({"status": "disputed", "result": "yes", "settlement_value_dollars": "1.0000"}, None),
    ],
)
async def test_end_is_told_once_it_is_determined(
    told: dict[str, Any], payouts: tuple[int, int] | None
) -> None:
    venue, clock = ScriptedKalshi(), FakeClock()
    script(venue, market=told)
    async with kalshi_http(venue, clock=clock) as http:
        assert await KalshiCatalogue(http=http, clock=clock).read_end(TICKER) == payouts


@pytest.mark.parametrize("value", ["1.2000", "half", "0.12345"])
async def test_end_that_cannot_be_read_is_refused(value: str) -> None:
    venue, clock = ScriptedKalshi(), FakeClock()
    told = {"status": "determined", "result": "scalar", "settlement_value_dollars": value}
    script(venue, market=told)
    async with kalshi_http(venue, clock=clock) as http:
        with pytest.raises(VenueRejected, match="unreadable_terms"):
            await KalshiCatalogue(http=http, clock=clock).read_end(TICKER)
