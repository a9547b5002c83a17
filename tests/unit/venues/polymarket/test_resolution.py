import json
from typing import Any

import pytest
from aiohttp import web

from tests.unit.venues.polymarket.support import CONDITION, NO, YES, LoopNetwork, market, serving
from tests.unit.venues.polymarket.test_catalogue import gamma
from twoleg.core.market import Outcome
from twoleg.errors import VenueRejected, VenueUnavailable
from twoleg.venues.polymarket.catalogue import PolymarketCatalogue
from twoleg.venues.polymarket.frames import ResolvedFrame
from twoleg.venues.polymarket.options import PolymarketOptions, PolymarketUrls
from twoleg.venues.polymarket.resolution import Resolution, ResolutionState, told_resolution
from twoleg.venues.transport import HttpExchange, make_session

RESOLVED = {"closed": True, "umaResolutionStatus": "resolved", "outcomePrices": '["0", "1"]'}
YES_WON = {"closed": True, "tokens": [{"token_id": YES, "winner": True}, {"token_id": NO}]}
NO_WON = {"closed": True, "tokens": [{"token_id": YES}, {"token_id": NO, "winner": True}]}
NOBODY = {"closed": True, "tokens": [{"token_id": YES}, {"token_id": NO, "winner": False}]}


async def read(gamma_changes: dict[str, Any], clob: dict[str, Any] | None) -> Resolution:
    def respond(request: web.Request, _body: bytes) -> tuple[int, str]:
        if request.path == f"/markets/{CONDITION}":
            return (404, "{}") if clob is None else (200, json.dumps(clob))
        return 200, json.dumps({"markets": [gamma(**gamma_changes)]})

    async with serving(respond) as url, make_session(LoopNetwork()) as session:
        catalogue = PolymarketCatalogue(
            http=HttpExchange(session, venue="polymarket"),
            urls=PolymarketUrls(clob=url, gamma=url),
            options=PolymarketOptions(),
        )
        return await catalogue.read_resolution(CONDITION)


@pytest.mark.parametrize(
    ("gamma_changes", "clob", "state", "yes_e4"),
    [
        # Gamma's lists begin with No.
        (RESOLVED, YES_WON, ResolutionState.RESOLVED, 10_000),
        (RESOLVED, None, ResolutionState.RESOLVED, 10_000),
        (RESOLVED, NOBODY, ResolutionState.RESOLVED, 10_000),
        ({"closed": True}, NO_WON, ResolutionState.RESOLVED, 0),
        (RESOLVED | {"outcomePrices": '["0.5", "0.5"]'}, NOBODY, ResolutionState.RESOLVED, 5_000),
        (RESOLVED | {"outcomePrices": '["0.001", "0.999"]'}, None, ResolutionState.CLOSED, None),
        (RESOLVED | {"outcomePrices": '["?", "1"]'}, NOBODY, ResolutionState.CLOSED, None),
        (RESOLVED | {"outcomePrices": None}, NOBODY, ResolutionState.CLOSED, None),
        (RESOLVED | {"closed": False}, None, ResolutionState.OPEN, None),
        ({}, YES_WON | {"closed": False}, ResolutionState.OPEN, None),
        ({"umaResolutionStatus": "proposed"}, None, ResolutionState.PROPOSED, None),
        ({"umaResolutionStatus": "disputed"}, None, ResolutionState.DISPUTED, None),
        ({}, NOBODY, ResolutionState.CLOSED, None),
    ],
)
async def test_read_resolution_joins_both_services(
    gamma_changes: dict[str, Any],
    clob: dict[str, Any] | None,
    state: ResolutionState,
    yes_e4: int | None,
) -> None:
    found = await read(gamma_changes, clob)
    assert (found.native_id, found.state) == (CONDITION, state)
    assert found.payout_e4(market(), Outcome.YES) == yes_e4
    no_e4 = None if yes_e4 is None else 10_000 - yes_e4
    assert found.payout_e4(market(), Outcome.NO) == no_e4


async def test_read_resolution_with_two_winners_is_refused() -> None:
    with pytest.raises(VenueRejected, match="resolutions_disagree"):
        await read(RESOLVED, NO_WON)


async def test_read_resolution_of_a_clob_that_is_away_is_unavailable() -> None:
    with pytest.raises(VenueUnavailable):
        await read(RESOLVED, {"closed": "?"})


def test_told_resolution_without_a_winner_is_to_be_read() -> None:
    told = told_resolution(ResolvedFrame(market=CONDITION, timestamp="soon"))
    assert told == Resolution(native_id=CONDITION, state=ResolutionState.CLOSED)
