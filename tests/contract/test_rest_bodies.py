"""REST bodies about our own money and about markets, decoded and written again without loss."""

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

import msgspec
import pytest

from tests.unit.venues.kalshi.support import spec
from twoleg.core.market import Outcome
from twoleg.venues.kalshi.portfolio import (
    HoldingRow,
    QueueRow,
    SettlementRow,
    holding_of,
    queue_place_of,
    settlement_of,
)
from twoleg.venues.kalshi.rest import Balance, FillRow, cash_of, decode, fill_of
from twoleg.venues.kalshi.terms import WireEvent, WireMarket, WireSeries

Fields = dict[str, Any]
TICKER: Final = "KXA-26DEC31-T5.5"
TIME: Final = "2026-09-21T14:13:20.456Z"
TIME_MS: Final = 1_790_000_000_456


def _units(millionths: int) -> Decimal:
    return Decimal(millionths).scaleb(-6)


def _fill(body: bytes) -> Fields:
    fill = fill_of(decode(body, FillRow), spec(), "key-1")
    is_yes = fill.outcome is Outcome.YES
    price_e4 = fill.price_e4 if is_yes else 10_000 - fill.price_e4
    return {
        "trade_id": fill.fill_id,
        "fill_id": fill.fill_id,
        "order_id": fill.venue_order_id,
        "ticker": fill.market_id.removeprefix("kalshi:"),
        "market_ticker": fill.market_id.removeprefix("kalshi:"),
        "yes_price_dollars": Decimal(price_e4).scaleb(-4),
        "no_price_dollars": 1 - Decimal(price_e4).scaleb(-4),
        "count_fp": _units(fill.size_e6),
        "fee_cost": _units(fill.fee_micros),
        "book_side": "bid" if is_yes else "ask",
        "outcome_side": "yes" if is_yes else "no",
        "created_time": fill.ts_event_ms,
        "ts": fill.ts_event_ms // 1_000,
    }


def _holding(body: bytes) -> Fields:
    held = holding_of(decode(body, HoldingRow))
    return {
        "ticker": held.market_id.removeprefix("kalshi:"),
        "exchange_index": held.shard,
        "position_fp": _units(held.position_e6),
        "market_exposure_dollars": _units(held.exposure_micros),
        "total_traded_dollars": _units(held.traded_micros),
        "realized_pnl_dollars": _units(held.realized_micros),
        "fees_paid_dollars": _units(held.fees_micros),
        "last_updated_ts": held.updated_ms,
    }


def _settlement(body: bytes) -> Fields:
    settled = settlement_of(decode(body, SettlementRow))
    value_micros = settled.value_micros
    return {
        "ticker": settled.market_id.removeprefix("kalshi:"),
        "exchange_index": settled.shard,
        "event_ticker": settled.event,
        "market_result": settled.result,
        "yes_count_fp": _units(settled.yes_e6),
        "yes_total_cost_dollars": _units(settled.yes_cost_micros),
        "no_count_fp": _units(settled.no_e6),
        "no_total_cost_dollars": _units(settled.no_cost_micros),
        "revenue": settled.revenue_micros // 10_000,
        "settled_time": settled.settled_ms,
        "fee_cost": _units(settled.fee_micros),
        "value": None if value_micros is None else value_micros // 10_000,
    }


def _queue(body: bytes) -> Fields:
    place = queue_place_of(decode(body, QueueRow))
    return {
        "order_id": place.venue_order_id,
        "market_ticker": place.market_id.removeprefix("kalshi:"),
        "queue_position_fp": _units(place.ahead_e6),
    }


def _balance(body: bytes) -> Fields:
    cash = cash_of(decode(body, Balance))
    rows = [{"exchange_index": shard, "balance": _units(micros)} for shard, micros in cash]
    return {"balance_dollars": _units(sum(micros for _, micros in cash)), "balance_breakdown": rows}


FILL: Final[Fields] = {
    "fill_id": "f-1",
    "trade_id": "f-1",
    "order_id": "o-1",
    "ticker": TICKER,
    "market_ticker": TICKER,
    "outcome_side": "yes",
    "book_side": "bid",
    "count_fp": "8.93",
    "yes_price_dollars": "0.6705",
    "no_price_dollars": "0.3295",
    "fee_cost": "0.138201",
    "created_time": TIME,
    "ts": 1_790_000_000,
}
BODIES: Final[list[tuple[Callable[[bytes], Fields], Fields]]] = [
    (_fill, FILL),
    (_fill, FILL | {"outcome_side": "no", "book_side": "ask"}),
    (_fill, {name: FILL[name] for name in FILL if name not in {"book_side", "fill_id"}}),
    (
        _holding,
        {
            "ticker": TICKER,
            "exchange_index": 2,
            "position_fp": "-25.50",
            "market_exposure_dollars": "10.965000",
            "total_traded_dollars": "100.000001",
            "realized_pnl_dollars": "-3.250000",
            "fees_paid_dollars": "0.429000",
            "last_updated_ts": TIME,
        },
    ),
    *(
        (
            _settlement,
            {
                "ticker": TICKER,
                "exchange_index": 2,
                "event_ticker": "KXA-26DEC31",
                "market_result": result,
                "yes_count_fp": "10.00",
                "yes_total_cost_dollars": "5.700000",
                "no_count_fp": "0.25",
                "no_total_cost_dollars": "0.107501",
                "revenue": 1_000,
                "settled_time": TIME,
                "fee_cost": "0.171600",
                "value": value,
            },
        )
        for result, value in (("yes", 100), ("no", 0), ("scalar", 31), ("yes", None))
    ),
    (_queue, {"order_id": "o-1", "market_ticker": TICKER, "queue_position_fp": "0.00"}),
    (
        _balance,
        {
            "balance_dollars": "98.018601",
            "balance_breakdown": [
                {"exchange_index": 0, "balance": "90.018600"},
                {"exchange_index": 2, "balance": "8.000001"},
            ],
        },
    ),
]
AMOUNTS: Final = ("_fp", "_dollars", "fee_cost", "balance")


def exact(name: str, value: Any) -> Any:
    """A field with numbers and times exact."""
    if isinstance(value, list):
        return [{key: exact(key, item) for key, item in row.items()} for row in value]
    if value == TIME:
        return TIME_MS
    return Decimal(value) if isinstance(value, str) and name.endswith(AMOUNTS) else value


@pytest.mark.parametrize(("rewrite", "body"), BODIES)
def test_body_about_our_money_is_kept_field_by_field(
    rewrite: Callable[[bytes], Fields], body: Fields
) -> None:
    written = rewrite(json.dumps(body | {"x_new": [None, "ü"]}).encode())
    assert {name: written[name] for name in body} == {n: exact(n, v) for n, v in body.items()}


MARKET: Final[Fields] = {
    "ticker": TICKER,
    "event_ticker": "KXA-26DEC31",
    "market_type": "binary",
    "title": "Will it?",
    "yes_sub_title": "Yes",
    "no_sub_title": "No",
    **dict.fromkeys(("created_time", "updated_time", "open_time", "close_time"), TIME),
    **dict.fromkeys(("latest_expiration_time", "expected_expiration_time"), TIME),
    **dict.fromkeys(("occurrence_datetime", "fee_waiver_expiration_time", "settlement_ts"), TIME),
    "settlement_timer_seconds": 3_600,
    "status": "active",
    **dict.fromkeys(("yes_bid_dollars", "previous_yes_bid_dollars"), "0.4100"),
    **dict.fromkeys(("yes_ask_dollars", "previous_yes_ask_dollars"), "0.4400"),
    **dict.fromkeys(("no_bid_dollars", "no_ask_dollars"), "0.5600"),
    **dict.fromkeys(("yes_bid_size_fp", "yes_ask_size_fp", "volume_fp"), "15.82"),
    **dict.fromkeys(("volume_24h_fp", "open_interest_fp"), "1.00"),
    **dict.fromkeys(("last_price_dollars", "previous_price_dollars"), "0.4200"),
    "notional_value_dollars": "1.0000",
    "result": "scalar",
    "settlement_value_dollars": "0.3125",
    "settlement_bounds_type": "floor",
    "settlement_floor_dollars": "0.1000",
    "can_close_early": False,
    "early_close_condition": "none",
    "expiration_value": "5.5",
    "rules_primary": "If it does.",
    "rules_secondary": "Else not.",
    "strike_type": "between",
    "floor_strike": 2.5,
    "cap_strike": 5,
    "functional_strike": "f",
    "custom_strike": {"Place": "Zürich"},
    "price_level_structure": "a_new_structure",
    "price_ranges": [{"start": "0.0000", "end": "1.0000", "step": "0.0100"}],
    "mve_collection_ticker": "",
    "mve_selected_legs": None,
    "primary_participant_key": "x",
    "is_provisional": True,
    "exchange_index": 2,
}
EVENT: Final[Fields] = {
    "event_ticker": "KXA-26DEC31",
    "series_ticker": "KXA",
    "title": "Will it?",
    "sub_title": "Before 2027",
    "collateral_return_type": "MECNET",
    "mutually_exclusive": True,
    "settlement_sources": [{"name": "Met Office", "url": "https://example.org"}],
    "strike_date": TIME,
    "strike_period": "month",
    "markets": [MARKET],
    "product_metadata": {"a": "b"},
    "last_updated_ts": TIME,
    "fee_type_override": None,
    "fee_multiplier_override": 0.5,
    "exchange_index": 2,
}
SERIES: Final[Fields] = {
    "ticker": "KXA",
    "frequency": "monthly",
    "title": "Will it?",
    "category": "Climate",
    "categories": ["Climate", "Weather"],
    "tags": ["Rain"],
    "settlement_sources": [],
    "contract_url": "https://example.org/a",
    "contract_terms_url": "https://example.org/b",
    "fee_type": "quadratic_with_maker_fees",
    "fee_multiplier": 0.5,
    "additional_prohibitions": [],
    "product_metadata": None,
    "volume_fp": "33896.00",
    "last_updated_ts": TIME,
    "exchange_index": 2,
}


def numbered(value: Any) -> Any:
    """JSON numbers as exact decimals."""
    if isinstance(value, dict):
        return {name: numbered(item) for name, item in value.items()}
    if isinstance(value, list):
        return [numbered(item) for item in value]
    is_number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    return Decimal(str(value)) if is_number else value


@pytest.mark.parametrize(
    ("shape", "body"), [(WireMarket, MARKET), (WireEvent, EVENT), (WireSeries, SERIES)]
)
def test_terms_are_kept_field_by_field(shape: type[msgspec.Struct], body: Fields) -> None:
    read = decode(json.dumps(body).encode(), shape)
    assert numbered(msgspec.to_builtins(read, builtin_types=(Decimal,))) == numbered(body)
    assert decode(msgspec.json.encode(read), shape) == read
