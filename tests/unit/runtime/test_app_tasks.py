"""Tasks of the composition root."""

import asyncio
import gc
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any, cast
from unittest.mock import MagicMock

import pytest
from msgspec import structs
from structlog.testing import capture_logs

from tests.support.core import kalshi_market, make_pair, polymarket_market
from tests.support.runtime import HeldClock
from twoleg.core.engine import Engine
from twoleg.core.limits import Limits
from twoleg.core.market import Direction, Market, MarketId, Outcome, Pair, PairId, Venue
from twoleg.errors import VenueRejected
from twoleg.runtime.app import App
from twoleg.runtime.kits import Kit, Seams
from twoleg.runtime.recovery import FoundExecution, Recovered
from twoleg.runtime.system import SocketNetwork, SystemClock, SystemEntropy
from twoleg.runtime.timers import Timers
from twoleg.settings import load_settings


def make_app(tmp_path: Path, *pairs: Pair) -> App:
    overrides = {"daemon.state_dir": str(tmp_path)}
    return App(
        load_settings(None, {}, overrides=overrides),
        pairs,
        Seams(SystemClock(), SystemEntropy(), SocketNetwork()),
    )


async def test_work_cancelled_before_its_first_step_leaves_nothing_behind(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    done: list[str] = []

    async def work() -> None:
        done.append("ran")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        async with asyncio.TaskGroup() as app._group:
            app.spawn("never", work())
            for task in app._tasks:
                task.cancel()
        gc.collect()
    assert done == []
    assert not app._tasks


PAIR, OTHER = (
    make_pair(),
    make_pair(
        kalshi=MarketId("kalshi:KXB"),
        polymarket=MarketId("polymarket:0xb"),
        pair_id=PairId("pair-b"),
    ),
)
MARKETS: dict[MarketId, Market] = {
    **{pair.kalshi: kalshi_market(pair.kalshi) for pair in (PAIR, OTHER)},
    **{pair.polymarket: polymarket_market(pair.polymarket) for pair in (PAIR, OTHER)},
}


def reading_app(tmp_path: Path, *pairs: Pair, gone: frozenset[MarketId] = frozenset()) -> App:
    """An app before its feeds, over venues that know all markets but those that are gone."""
    app = make_app(tmp_path, *pairs)

    def kit(venue: Venue) -> Kit:
        async def read_market(pair: Pair) -> Market:
            market_id = pair.market_on(venue)
            if market_id in gone:
                raise VenueRejected(venue.value, "not_found", http_status=404)
            return MARKETS[market_id]

        unused = cast("Any", None)
        return Kit(venue, unused, read_market, None, None, unused, unused)

    app.journal = app.archive = app.accounts = app._sentry = MagicMock()
    app._kits = [kit(venue) for venue in Venue]
    app.engine = Engine(Limits())
    return app


async def test_pair_whose_market_is_gone_does_not_keep_the_others_from_starting(
    tmp_path: Path,
) -> None:
    app = reading_app(tmp_path, PAIR, OTHER, gone=frozenset({OTHER.polymarket}))
    app.pairing.roster.pairs = await app._make_startup().read_pairs(app.pairing.followed())
    assert app.pairing.followed() == (PAIR,)


async def test_no_pair_left_is_an_error(tmp_path: Path) -> None:
    app = reading_app(tmp_path, PAIR, OTHER, gone=frozenset({PAIR.kalshi, OTHER.kalshi}))
    with pytest.raises(VenueRejected):
        app.pairing.roster.pairs = await app._make_startup().read_pairs(app.pairing.followed())


@pytest.mark.parametrize("is_tradable", [True, False])
async def test_open_execution_of_a_pair_taken_out_has_its_markets_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_tradable: bool
) -> None:
    left = structs.replace(MARKETS[OTHER.kalshi], is_tradable=is_tradable)
    monkeypatch.setitem(MARKETS, OTHER.kalshi, left)
    app = reading_app(tmp_path, PAIR)
    app.pairing.roster.pairs = await app._make_startup().read_pairs(app.pairing.followed())
    execution = FoundExecution("execution-1", OTHER.id, Direction.KALSHI_YES)
    await app._make_startup().read_found(
        Recovered(executions={1: execution}, pairs={OTHER.id: OTHER})
    )
    # One that ended pays for what is left of it; its feed may refuse it.
    assert {OTHER.kalshi, OTHER.polymarket} <= app.markets.keys()
    assert app.pairing.followed() == (PAIR,)


async def test_market_that_its_venue_lost_keeps_the_other_from_nothing(tmp_path: Path) -> None:
    app = reading_app(tmp_path, PAIR, gone=frozenset({OTHER.kalshi}))
    execution = FoundExecution("execution-1", OTHER.id, Direction.KALSHI_YES)
    await app._make_startup().read_found(
        Recovered(executions={1: execution}, pairs={OTHER.id: OTHER})
    )
    assert app.markets.keys() == {OTHER.polymarket}


async def test_start_goes_on_for_what_is_held_though_no_pair_is_left(tmp_path: Path) -> None:
    app = reading_app(tmp_path, PAIR, gone=frozenset({PAIR.kalshi, PAIR.polymarket}))
    app.known.pairs[OTHER.id] = OTHER
    app.known.ledger.held_e6[OTHER.kalshi, Outcome.YES] = 5
    assert await app._make_startup().read_pairs(app.pairing.followed()) == ()
    app.pairing.roster.pairs = ()
    assert [pair.id for pair in app.pairing.standing()] == [OTHER.id]


async def test_difference_of_cash_is_looked_at_again_soon(tmp_path: Path) -> None:
    app = make_app(tmp_path)
    looks, due = [True, False], list[str]()

    class Doubtful:
        async def compare(self, _venue: Venue) -> bool:
            return looks.pop(0)

    app.accounts = cast("Any", Doubtful())
    clock = HeldClock()
    app.seams = replace(app.seams, clock=clock)
    async with asyncio.TaskGroup() as group:
        app._timers = Timers(clock, group, due.append)
        await app._compare_cash(Venue.POLYMARKET)
        await clock.pass_ms(1_500)
        await app._compare_cash(Venue.POLYMARKET)
        await clock.pass_ms(1_500)
    assert due == ["cash:"]


class Waiting:
    """An app whose start waits for so many executions that an earlier run left open."""

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.app = make_app(tmp_path)
        self.moving = 1
        monkeypatch.setattr("twoleg.runtime.waiting.TELL_OPEN_S", 0.001)
        self.app.engine = cast("Any", self)

    @property
    def moving_executions(self) -> int:
        return self.moving

    def begin(self) -> asyncio.Task[None]:
        return asyncio.create_task(self.app._close_residuals())


async def told_of(logs: list[Any], count: int) -> None:
    while len(logs) < count:  # noqa: ASYNC110 - the log tells nobody when it is written
        await asyncio.sleep(0)


async def test_start_waits_however_long_and_keeps_telling(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = Waiting(tmp_path, monkeypatch)
    with capture_logs() as logs:
        task = waiting.begin()
        await told_of(logs, 3)
    assert {entry["event"] for entry in logs} == {"start_waits_for_executions"}
    assert not task.done()
    # Closed, or held with its alarm.
    waiting.moving = 0
    waiting.app._at_rest.set()
    await task


async def test_stop_ends_the_wait_of_a_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = Waiting(tmp_path, monkeypatch)
    with capture_logs() as logs:
        task = waiting.begin()
        await told_of(logs, 1)
        waiting.app.stop()
        await task
    # It ended although what an earlier run left open still moves.
    assert waiting.moving > 0
