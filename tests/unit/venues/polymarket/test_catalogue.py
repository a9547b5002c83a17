import json
from typing import Any

import pytest
from aiohttp import web

from tests.unit.venues.polymarket.support import (
    CONDITION,
    MARKET_ID,
    NO,
    YES,
    LoopNetwork,
    Reply,
    serving,
)
from twoleg.core.market import FeeSchedule, Market, PriceGrid
from twoleg.errors import ConfigError, VenueRejected, VenueUnavailable
from twoleg.venues.polymarket.catalogue import PolymarketCatalogue
from twoleg.venues.polymarket.options import PolymarketOptions, PolymarketUrls
from twoleg.venues.polymarket.terms import Terms
from twoleg.venues.transport import HttpExchange, make_session

POSITION_YES = "482467038488817480931545770869532949388624934754675043254295238583089504768"
POSITION_NO = str(int(POSITION_YES) + 1)


def gamma(**changes: Any) -> dict[str, Any]:
    return {
        "id": "1",
        "conditionId": CONDITION,
        "question": "Will it rain?",
        "description": "Resolves YES if it rains.",
        "endDate": "2026-12-31T12:00:00Z",
        # The first outcome is not always Yes.
        "outcomes": '["No", "Yes"]',
        "clobTokenIds": json.dumps([NO, YES]),
        "positionIds": None,
        "version": "v1",
        "active": True,
        "closed": False,
        "acceptingOrders": True,
        "enableOrderBook": True,
        "umaResolutionStatus": "",
        "negRisk": True,
        "orderMinSize": 5,
        "orderPriceMinTickSize": 0.01,
        "feesEnabled": True,
        "feeSchedule": {"rate": 0.05, "exponent": 1, "takerOnly": True, "rebateRate": 0.25},
        "takerBaseFee": 1000,
        "liquidityNum": 1.5,
        "secondsDelay": 3,
        "events": [{"slug": "rain", "series": [{"slug": "weather"}]}],
    } | changes


def clob(**changes: Any) -> dict[str, Any]:
    return {
        "c": CONDITION,
        "t": [{"t": YES, "o": "Yes"}, {"t": NO, "o": "No"}],
        "mos": 5,
        "mts": 0.001,
        "tbf": 1000,
        "ao": True,
        "nr": True,
        "fd": {"r": 0.05, "e": 1, "to": True},
    } | changes


async def read(
    gamma_market: dict[str, Any] | None = None,
    clob_market: dict[str, Any] | None = None,
    **arguments: Any,
) -> Market:
    def respond(request: web.Request, _body: bytes) -> Reply:
        if request.path.startswith("/clob-markets/"):
            return 200, json.dumps(clob() if clob_market is None else clob_market)
        found = gamma() if gamma_market is None else gamma_market
        return 200, json.dumps({"markets": [gamma(conditionId="0xother"), found]})

    return await ask(respond, **arguments)


async def ask(respond: Any, native_id: str = CONDITION, **arguments: Any) -> Market:
    async with serving(respond) as url, make_session(LoopNetwork()) as session:
        catalogue = PolymarketCatalogue(
            http=HttpExchange(session, venue="polymarket"),
            urls=PolymarketUrls(clob=url, gamma=url),
            options=PolymarketOptions(),
        )
        return await catalogue.read_market(native_id, **arguments)


async def test_read_market_maps_tokens_by_label_and_takes_the_clobs_tick() -> None:
    market = await read()
    assert (market.id, market.native_id) == (MARKET_ID, CONDITION)
    assert (market.yes_token, market.no_token, market.neg_risk) == (YES, NO, True)
    assert market.grid == PriceGrid.uniform(10)
    assert market.fees == FeeSchedule(rate_e6=50_000, exponent=1, quantum_micros=10)
    assert (market.size_e6_min, market.notional_micros_min, market.lot_e6) == (
        5_000_000,
        1_000_000,
        10_000,
    )
    assert (market.seconds_delay, market.event, market.series) == (3, "rain", "weather")
    assert (market.title, market.rules) == ("Will it rain?", "Resolves YES if it rains.")
    assert market.close_ts_ms == 1_798_718_400_000
    assert market.is_tradable


@pytest.mark.parametrize(
    ("gamma_changes", "clob_changes", "fees"),
    [
        ({"feesEnabled": False}, {"fd": None}, (0, 1)),
        ({"feesEnabled": None, "feeSchedule": None}, {"fd": None}, (0, 1)),
        ({"feesEnabled": True, "feeSchedule": None}, {"fd": None}, (0, 1)),
        ({"feesEnabled": False}, {}, (50_000, 1)),
        ({}, {"fd": None}, (50_000, 1)),
        ({}, {"fd": {"r": 0.07, "e": 1}}, (70_000, 1)),
        ({"feesEnabled": False}, {"fd": {"r": 0.25, "e": 2}}, (250_000, 2)),
        ({"feeSchedule": {"rate": "0.0005", "exponent": "1"}}, {"fd": None}, (500, 1)),
    ],
)
async def test_read_market_fee_is_the_dearer_of_what_is_told(
    gamma_changes: dict[str, Any], clob_changes: dict[str, Any], fees: tuple[int, int]
) -> None:
    market = await read(gamma(**gamma_changes), clob(**clob_changes))
    assert (market.fees.rate_e6, market.fees.exponent) == fees


@pytest.mark.parametrize(
    ("gamma_changes", "clob_changes"),
    [
        ({"active": False}, {}),
        ({"closed": True}, {}),
        ({"acceptingOrders": False}, {}),
        ({"enableOrderBook": None}, {}),
        ({"umaResolutionStatus": "proposed"}, {}),
        ({}, {"ao": False}),
    ],
)
async def test_read_market_that_is_not_open_is_not_tradable(
    gamma_changes: dict[str, Any], clob_changes: dict[str, Any]
) -> None:
    assert not (await read(gamma(**gamma_changes), clob(**clob_changes))).is_tradable


@pytest.mark.parametrize(
    ("gamma_changes", "clob_changes", "code"),
    [
        ({"negRisk": False}, {}, "neg_risk_disagrees"),
        ({"clobTokenIds": json.dumps([YES, NO])}, {}, "tokens_disagree"),
        (
            {"outcomes": '["Down", "Up"]'},
            {"t": [{"t": YES, "o": "Up"}, {"t": NO, "o": "Down"}]},
            "unknown_outcomes",
        ),
        ({"outcomes": "not json"}, {}, "unreadable_list"),
        ({"clobTokenIds": '["1", "1"]'}, {"t": []}, "bad_tokens"),
        ({}, {"mts": 0.0003}, "unknown_tick"),
        ({}, {"mts": 0.00001}, "unknown_tick"),
        ({}, {"mts": 0.02}, "unknown_tick"),
        ({}, {"mts": "NaN"}, "unknown_tick"),
        ({}, {"mts": 0}, "unknown_tick"),
        ({}, {"fd": {"r": 0.05, "e": 1.5}}, "unknown_fee"),
        ({}, {"fd": {"r": 0.1234567, "e": 1}}, "bad_fee_rate"),
        ({}, {"fd": {"r": 0.25, "e": 2}}, "fees_disagree"),
        ({}, {"fd": {"r": 0.05, "e": 1, "to": False}}, "unknown_fee"),
        ({"feeSchedule": {"rate": 0.05, "takerOnly": False}}, {"fd": None}, "unknown_fee"),
        ({"negRiskOther": True}, {}, "neg_risk_other"),
    ],
)
async def test_read_market_that_cannot_be_traded_safely_is_refused(
    gamma_changes: dict[str, Any], clob_changes: dict[str, Any], code: str
) -> None:
    with pytest.raises(VenueRejected) as caught:
        await read(gamma(**gamma_changes), clob(**clob_changes))
    assert caught.value.code == code


async def test_read_market_other_labels_only_by_argument() -> None:
    tokens = [{"t": YES, "o": "Up"}, {"t": NO, "o": "Down"}]
    up = gamma(outcomes='["Down", "Up"]')
    market = await read(up, clob(t=tokens), labels=("up", "down"))
    assert (market.yes_token, market.no_token) == (YES, NO)


async def test_read_market_v2_takes_position_ids() -> None:
    v2 = gamma(version="v2", clobTokenIds=None, positionIds=[POSITION_NO, POSITION_YES])
    market = await read(v2, clob(t=[]))
    assert (market.yes_token, market.no_token) == (POSITION_YES, POSITION_NO)


async def test_read_market_falls_back_to_the_older_list_and_to_closed_markets() -> None:
    asked: list[str] = []

    def respond(request: web.Request, _body: bytes) -> Reply:
        asked.append(f"{request.path} {request.query.get('closed', '')}")
        if request.path == "/markets/keyset":
            return 404, "{}"
        if request.path == "/markets":
            return 200, json.dumps(
                [gamma(closed=True)] if request.query["closed"] == "true" else []
            )
        return 200, json.dumps(clob())

    assert not (await ask(respond)).is_tradable
    assert asked[:3] == ["/markets/keyset false", "/markets false", "/markets true"]


async def test_read_market_nobody_knows_is_rejected() -> None:
    with pytest.raises(VenueRejected, match="market_not_found"):
        await ask(lambda _request, _body: (200, '{"markets":[]}'))


@pytest.mark.parametrize(("status", "body"), [(503, ""), (200, "?"), (200, '{"markets":[{}]}')])
async def test_read_market_without_an_answer_is_unavailable(status: int, body: str) -> None:
    with pytest.raises(VenueUnavailable):
        await ask(lambda _request, _body: (status, body))


async def ask_terms(respond: Any) -> Terms:
    async with serving(respond) as url, make_session(LoopNetwork()) as session:
        catalogue = PolymarketCatalogue(
            http=HttpExchange(session, venue="polymarket"),
            urls=PolymarketUrls(clob=url, gamma=url),
            options=PolymarketOptions(),
        )
        return await catalogue.read_terms(CONDITION)


def services(gamma_changes: dict[str, Any], clob_answer: Reply) -> Any:
    def respond(request: web.Request, _body: bytes) -> Reply:
        if request.path.startswith("/clob-markets/"):
            return clob_answer
        return 200, json.dumps({"markets": [gamma(**gamma_changes)]})

    return respond


@pytest.mark.parametrize(
    ("gamma_changes", "clob_changes", "start_ms"),
    [
        ({"gameStartTime": "2026-12-31 12:00:00+00"}, {}, 1_798_718_400_000),
        ({}, {"gst": "2026-12-31T12:00:00Z"}, 1_798_718_400_000),
        ({"gameStartTime": "soon"}, {}, 0),
    ],
)
async def test_read_terms_tells_what_only_this_venue_knows(
    gamma_changes: dict[str, Any], clob_changes: dict[str, Any], start_ms: int
) -> None:
    texts = {
        "slug": "rain",
        "groupItemTitle": "Monday",
        "negRiskMarketID": "0xgroup",
        "umaResolutionStatus": "proposed",
    }
    answer = 200, json.dumps(clob(itode=True, ao=False, **clob_changes))
    terms = await ask_terms(services(texts | gamma_changes, answer))
    assert (terms.slug, terms.outcome_label, terms.neg_risk_market_id) == (
        "rain",
        "Monday",
        "0xgroup",
    )
    assert (terms.is_accepting, terms.is_closed, terms.is_v2) == (False, False, False)
    assert (terms.resolution_status, terms.delays_takers) == ("proposed", True)
    assert terms.game_start_ms == start_ms
    assert terms.market.id == MARKET_ID


@pytest.mark.parametrize(
    ("gamma_changes", "clob_answer"),
    [
        ({}, (404, '{"error":"market not found"}')),
        ({"clobTokenIds": None}, (200, json.dumps(clob(t=[])))),
    ],
)
async def test_read_market_that_was_just_created_is_not_ready(
    gamma_changes: dict[str, Any], clob_answer: Reply
) -> None:
    with pytest.raises(VenueUnavailable, match="not_ready"):
        await ask_terms(services(gamma_changes, clob_answer))


@pytest.mark.parametrize(
    ("gamma_changes", "status"), [({"closed": True}, 404), ({}, 400), ({"closed": True}, 400)]
)
async def test_read_market_that_the_clob_refuses_is_rejected(
    gamma_changes: dict[str, Any], status: int
) -> None:
    with pytest.raises(VenueRejected):
        await ask_terms(services(gamma_changes, (status, "{}")))


def test_plain_url_to_a_foreign_host_is_refused() -> None:
    with pytest.raises(ConfigError):
        PolymarketCatalogue(
            http=None,  # type: ignore[arg-type]  # never used
            urls=PolymarketUrls(gamma="http://example.com"),
            options=PolymarketOptions(),
        )
