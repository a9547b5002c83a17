import json
from typing import Any

import pytest
from aiohttp import web

from tests.unit.venues.polymarket.support import NO, YES, Reply, client_of, market, ref
from twoleg.core.market import MarketId
from twoleg.errors import VenueUnavailable
from twoleg.venues.polymarket.contracts import EXCHANGES, POLYGON, Exchange
from twoleg.venues.polymarket.options import PolymarketOptions

STANDARD, NEG_RISK, POSITIONS = (EXCHANGES[POLYGON][one][1] for one in Exchange)
POSITION_ID = "482467038488817480931545770869532949388624934754675043254295238583089504768"
QUIET = PolymarketOptions(update_balance_first=False)


def open_order(**changes: Any) -> dict[str, Any]:
    return {
        "id": "0x1",
        "side": "BUY",
        "original_size": "100",
        "size_matched": "40",
        "price": "0.52",
    } | changes


class Ledger:
    """Balances, allowances and open orders as the venue shows them."""

    def __init__(self) -> None:
        self.orders: list[dict[str, Any]] = []
        self.allowances: dict[str, dict[str, str]] = {}
        self.asked: list[tuple[str, str, str]] = []

    def __call__(self, request: web.Request, _body: bytes) -> Reply:
        asset = request.query.get("asset_type", "")
        self.asked.append((request.path, asset, request.query.get("token_id", "")))
        if request.path == "/data/orders":
            return 200, json.dumps({"data": self.orders, "next_cursor": "LTE="})
        return 200, json.dumps(
            {"balance": "100000000", "allowances": self.allowances.get(asset, {})}
        )


async def test_cash_is_free_of_what_open_buys_may_still_spend() -> None:
    venue = Ledger()
    venue.orders = [
        open_order(),
        open_order(side="SELL"),
        open_order(price="0.333", size_matched=""),
    ]
    async with client_of(venue, QUIET) as client:
        client.orders.resting.add(ref())
        report = await client.account.read_cash()
        assert await client.account.read_balance() == 100_000_000
    assert report.cash_micros == ((0, 100_000_000 - 31_200_000 - 33_300_000),)


async def test_cash_is_never_below_nothing() -> None:
    venue = Ledger()
    venue.orders = [open_order(original_size="1000")]
    async with client_of(venue, QUIET) as client:
        client.orders.resting.add(ref())
        assert (await client.account.read_cash()).cash_micros == ((0, 0),)


async def test_cash_without_resting_orders_reads_no_orders() -> None:
    venue = Ledger()
    async with client_of(venue, QUIET) as client:
        await client.account.read_cash()
    assert [path for path, _, _ in venue.asked] == ["/balance-allowance"]


async def test_cash_beside_an_unreadable_order_is_unavailable() -> None:
    venue = Ledger()
    venue.orders = [open_order(price="cheap")]
    async with client_of(venue, QUIET) as client:
        client.orders.resting.add(ref())
        with pytest.raises(VenueUnavailable, match="unreadable_order"):
            await client.account.read_cash()


async def test_refresh_of_the_balance_stays_within_its_limit() -> None:
    venue = Ledger()
    async with client_of(venue) as client:
        for _ in range(60):
            await client.account.read_cash()
        updates = [path for path, _, _ in venue.asked if path.endswith("/update")]
        assert len(updates) == 30
        client.clock.advance_ms(9_999)
        for _ in range(60):
            await client.account.read_cash()
    # Fifty in ten seconds are allowed.
    updates = [path for path, _, _ in venue.asked if path.endswith("/update")]
    assert len(updates) == 39


@pytest.mark.parametrize(
    ("collateral", "shares", "missing"),
    [
        ({STANDARD: "100000000"}, {STANDARD: "1"}, []),
        ({STANDARD.lower(): str(2**256 - 1)}, {STANDARD.upper().replace("X", "x"): "1"}, []),
        ({STANDARD: "99999999"}, {STANDARD: "1"}, ["COLLATERAL"]),
        ({NEG_RISK: "100000000"}, {STANDARD: "0"}, ["COLLATERAL", "CONDITIONAL"]),
        ({}, {}, ["COLLATERAL", "CONDITIONAL"]),
    ],
)
async def test_missing_allowances_of_a_market(
    collateral: dict[str, str], shares: dict[str, str], missing: list[str]
) -> None:
    venue = Ledger()
    venue.allowances = {"COLLATERAL": collateral, "CONDITIONAL": shares}
    async with client_of(venue, QUIET) as client:
        found = await client.account.missing_allowances([market()])
    assert [one.asset for one in found] == missing
    assert all(one.spender == STANDARD and one.exchange is Exchange.STANDARD for one in found)
    assert all(STANDARD in str(one) for one in found)


async def test_missing_allowances_are_read_once_per_exchange() -> None:
    venue = Ledger()
    markets = [
        market(),
        market(id=MarketId("polymarket:0x2"), yes_token=NO, no_token=YES),
        market(id=MarketId("polymarket:0x3"), neg_risk=True),
        market(id=MarketId("polymarket:0x4"), yes_token=POSITION_ID, neg_risk=True),
    ]
    async with client_of(venue, QUIET) as client:
        found = await client.account.missing_allowances(markets)
    assert [asset for _, asset, _ in venue.asked] == [
        "COLLATERAL",
        "CONDITIONAL",
        "CONDITIONAL",
        "CONDITIONAL-V2",
    ]
    assert [(one.asset, one.spender) for one in found] == [
        ("COLLATERAL", STANDARD),
        ("CONDITIONAL", STANDARD),
        ("COLLATERAL", NEG_RISK),
        ("CONDITIONAL", NEG_RISK),
        ("COLLATERAL", POSITIONS),
        ("CONDITIONAL-V2", POSITIONS),
    ]


@pytest.mark.parametrize("allowances", ['{"0x1":"-1"}', '"many"'])
async def test_allowances_that_cannot_be_read_are_unavailable(allowances: str) -> None:
    body = f'{{"balance":"1","allowances":{allowances}}}'.replace("0x1", STANDARD)
    async with client_of(lambda _request, _body: (200, body), QUIET) as client:
        with pytest.raises(VenueUnavailable):
            await client.account.missing_allowances([market()])
