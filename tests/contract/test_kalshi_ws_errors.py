"""Every error code of Kalshi's WebSocket, sent by the simulator, and what the real feed does."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final
from unittest.mock import patch

import pytest

from tests.contract.support_kalshi_errors import World, open_world
from tests.unit.sim.kalshi_client import Socket
from tests.unit.venues.kalshi.support import LoopNetwork
from tests.unit.venues.kalshi.support import market as make_market
from tests.unit.venues.kalshi.test_feed import Log
from twoleg.core.events import BookSnapshot, BooksVoid, LevelDelta, SequenceSeen
from twoleg.core.market import Market
from twoleg.sim.kalshi.channels import ERRORS
from twoleg.sim.kalshi.session import Session
from twoleg.venues.kalshi.feed import KalshiFeed
from twoleg.venues.kalshi.subscriptions import Command
from twoleg.venues.kalshi.wserrors import Remedy, WsError, remedy_of

# The venue's own list, as figures; 6, 16 and 17 were retired on 2026-09-10.
LIVE_CODES: Final = (*range(1, 6), *range(7, 16), *range(18, 29))
RETIRED_CODES: Final = (6, 16, 17)
# Matches of a channel that is not documented.
WITHOUT_STIMULUS: Final = frozenset({23})

BOOK: Final = "orderbook_delta"
FAST: Final = {"backoff_ms_min": 1, "backoff_ms_max": 2, "resync_gap_ms": 1}

# What a command must look like to be refused; `sid` is that of a live book subscription.
Commands = Callable[[int, str], dict[str, Any] | str]


def subscribe(**params: Any) -> Commands:
    return lambda _sid, _ticker: {"cmd": "subscribe", "params": params}


def update(*missing: str, **more: Any) -> Commands:
    def command(sid: int, ticker: str) -> dict[str, Any]:
        params = {"sids": [sid], "action": "get_snapshot", "market_tickers": [ticker], **more}
        kept = {name: value for name, value in params.items() if name not in missing}
        return {"cmd": "update_subscription", "params": kept}

    return command


REFUSED: Final[dict[int, Commands]] = {
    1: lambda _sid, _ticker: "{",
    2: lambda _sid, _ticker: {"cmd": "update_subscription"},
    3: subscribe(market_tickers=["KXA-1"]),
    4: update("sids"),
    5: lambda _sid, _ticker: {"cmd": "dance"},
    7: update(sids=[99]),
    8: subscribe(channels=["rumours"]),
    11: update(market_tickers=["KXNONE-1"]),
    12: update(sids=[1, 2]),
    13: update(action="forget"),
    14: update("market_tickers"),
    15: update("action"),
    19: subscribe(channels=["communications"], shard_factor=0, shard_key=0),
    20: subscribe(channels=["communications"], shard_key=0),
    21: subscribe(channels=["communications"], shard_factor=2, shard_key=2),
    22: subscribe(channels=["communications"], shard_factor=101, shard_key=0),
    24: subscribe(channels=["cfbenchmarks_value"]),
    28: subscribe(channels=["pyth_value"]),
}
# Codes that a command does not bring about by what it says.
BY_CIRCUMSTANCE: Final = frozenset({9, 10, 18, 25, 26, 27})


def test_codes_of_client_and_simulator_are_those_that_the_venue_lists() -> None:
    assert {code.value for code in WsError} == set(LIVE_CODES)
    assert set(ERRORS) == set(LIVE_CODES) - WITHOUT_STIMULUS
    assert set(REFUSED) | BY_CIRCUMSTANCE == set(ERRORS)
    troubled = {row[0] for row in TROUBLES} | {row[0] for row in BEGINNINGS}
    assert troubled == BY_CIRCUMSTANCE | {7, 11}


@pytest.mark.parametrize("code", RETIRED_CODES)
def test_retired_code_is_a_code_like_any_unknown_one(code: int) -> None:
    assert code not in ERRORS
    assert remedy_of(code) is Remedy.COUNT


@pytest.mark.parametrize("mode", ["new_sid", "extend"])
async def test_second_subscribe_is_no_error_any_more(mode: str) -> None:
    async with open_world({"resubscribe": mode}) as world, world.sim.socket() as socket:
        for _ in range(2):
            [answer] = await socket.subscribe("fill")
            assert answer["type"] == "subscribed"


@pytest.mark.parametrize("code", REFUSED)
async def test_command_is_refused_with_its_code(code: int) -> None:
    async with open_world({}) as world, world.sim.socket() as socket:
        frame = await refused_frame(socket, REFUSED[code], world.sim.ticker)
        assert frame["msg"]["code"] == code
        assert frame["msg"]["msg"] == ERRORS[code]
        assert frame.get("id") == (None if code == 1 else 7)


async def refused_frame(socket: Socket, make: Commands, ticker: str) -> dict[str, Any]:
    [book] = await socket.subscribe(BOOK, market_tickers=[ticker])
    await socket.read_until("orderbook_snapshot")
    await socket.subscribe("fill")
    command = make(book["msg"]["sid"], ticker)
    text = command if isinstance(command, str) else json.dumps({"id": 7, **command})
    await socket.ws.send_str(text)
    return dict(await socket.read_until("error"))


# -- what the feed does ----------------------------------------------------------------------------


class Fed:
    """A running feed of some markets, and the simulator's side of its socket."""

    def __init__(self, world: World, markets: list[Market]) -> None:
        self.world = world
        self.markets = markets
        self.log = Log()
        self.feed = KalshiFeed(
            network=LoopNetwork(),
            url=world.sim.urls["ws"],
            http=world.http,
            markets=markets,
            clock=world.clock,
            entropy=world.entropy,
            on_event=self.log.on_event,
            on_fill=self.log.on_fill,
            on_up=self.log.on_up,
            on_down=self.log.on_down,
            on_terms=self.log.on_terms,
            options=world.options,
        )

    @property
    def session(self) -> Session:
        [session] = self.world.sim.sim.hub.sessions
        return session

    @property
    def sids(self) -> dict[str, list[int]]:
        held: dict[str, list[int]] = {}
        for session in self.world.sim.sim.hub.sessions:
            for sid, subscription in session.subscriptions.items():
                held.setdefault(subscription.channel, []).append(sid)
        return held

    @property
    def errors(self) -> int:
        return self.feed.counts.by_kind["error"]

    def resync(self) -> None:
        self.feed.resync([self.markets[0].id])

    async def until_live(self) -> None:
        """Every followed book that exists shows a change, and a fill of ours arrives."""
        for market in self.markets:
            if market.native_id not in self.world.sim.tickers:
                continue
            async with asyncio.timeout(5):
                while True:
                    seen = len(self.log.events)
                    await self.world.sim.rest("bid", 100, 1, market.native_id)
                    try:
                        await asyncio.wait_for(self._until_told(market, seen), 0.05)
                        break
                    except TimeoutError:
                        continue

    async def _until_told(self, market: Market, seen: int) -> None:
        kinds = (LevelDelta, BookSnapshot)

        def told(log: Log) -> bool:
            news = (event for event in log.events[seen:] if isinstance(event, kinds))
            return any(event.market_id == market.id for event in news)

        await self.log.until(told)


@asynccontextmanager
async def feeding(
    *,
    sim: dict[str, Any] | None = None,
    faults: list[dict[str, Any]] | None = None,
    count: int = 1,
    ghost: bool = False,
    key: str = "default",
    spoil: Callable[[World], object] | None = None,
) -> AsyncIterator[Fed]:
    async with open_world({"faults": faults, **(sim or {})}, FAST) as world:
        tickers = [ticker for ticker in world.sim.tickers if ticker != world.sim.ticker]
        tickers = [world.sim.ticker, *tickers][:count]
        markets = [await world.catalogue.read_market(ticker) for ticker in tickers]
        if ghost:
            markets.append(make_market("KXNONE-1", shard=0))
        world.use_key(key)
        if spoil is not None:
            spoil(world)
        fed = Fed(world, markets)
        task = asyncio.create_task(fed.feed.run())
        try:
            yield fed
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110 - the simulator's side tells nobody
            await asyncio.sleep(0)


async def started(fed: Fed) -> tuple[Session, dict[str, list[int]]]:
    await fed.log.until(lambda log: log.ups > 0 and bool(log.of(BookSnapshot)))
    await until(lambda: len(fed.sids) >= 3)
    return fed.session, fed.sids


MISTAKES: Final = sorted(set(REFUSED) - {7})


@pytest.mark.parametrize("code", MISTAKES)
async def test_mistake_of_ours_is_counted_and_costs_nothing(code: int) -> None:
    """A wrong command is logged; books, numbers and socket stay as they are."""
    async with feeding() as fed:
        session, sids = await started(fed)

        def spoil(command: Command) -> bytes:
            made = REFUSED[code](sids[BOOK][0], fed.markets[0].native_id)
            text = made if isinstance(made, str) else json.dumps({"id": command.id, **made})
            return text.encode()

        with patch.object(Command, "encode", spoil):
            fed.resync()
            await until(lambda: fed.errors > 0)
        await fed.until_live()
        fed.resync()
        await fed.log.until(lambda log: len(log.of(BookSnapshot)) == 2)
        assert fed.errors == 1
        assert (fed.session, fed.sids, fed.log.downs) == (session, sids, [])
        assert fed.log.of(BooksVoid) == []
        numbered = (BookSnapshot, LevelDelta, SequenceSeen)
        seqs = [event.seq for event in fed.log.events if isinstance(event, numbered)]
        assert seqs == list(range(1, len(seqs) + 1)), "an error with a number is no gap"


async def fail_books(fed: Fed) -> None:
    await fed.world.sim.admin("POST", "channel_error", channel=BOOK)


async def fail_fills(fed: Fed) -> None:
    await fed.world.sim.admin("POST", "channel_error", channel="fill")
    # Fills may have passed meanwhile: they are to be read.
    await fed.log.until(lambda log: log.ups == 2)


async def overflow(fed: Fed) -> None:
    fed.world.add_fault("ws_overflow", on="ws")
    await fed.world.sim.rest("bid", 200, 1)


async def time_out(fed: Fed) -> None:
    fed.world.add_fault("ws_timeout", on="ws")
    fed.resync()
    # It is asked for again.
    await fed.log.until(lambda log: len(log.of(BookSnapshot)) == 2)


async def forget_books(fed: Fed) -> None:
    del fed.session.subscriptions[fed.sids[BOOK][0]]
    fed.resync()


SAME: Final = "same subscriptions"
MENDED: Final = "another subscription on the same socket"
REPLACED: Final = "another socket"
Trouble = Callable[[Fed], Awaitable[None]]
TROUBLES: Final[tuple[tuple[int, str, Trouble, dict[str, Any], str], ...]] = (
    (7, "forgotten", forget_books, {}, MENDED),
    (10, "books", fail_books, {}, MENDED),
    (10, "fills", fail_fills, {}, MENDED),
    (18, "snapshot", time_out, {}, SAME),
    (25, "subscriptions", overflow, {"overflow": "subscriptions"}, MENDED),
    (25, "connection", overflow, {"overflow": "connection"}, REPLACED),
)


@pytest.mark.parametrize(
    ("code", "trouble", "sim", "outcome"),
    [(code, trouble, sim, outcome) for code, _, trouble, sim, outcome in TROUBLES],
    ids=[f"{code}-{name}" for code, name, _, _, _ in TROUBLES],
)
async def test_trouble_is_mended_as_its_code_asks(
    code: int, trouble: Trouble, sim: dict[str, Any], outcome: str
) -> None:
    async with feeding(sim=sim) as fed:
        session, sids = await started(fed)
        await trouble(fed)
        await until(lambda: fed.errors > 0)
        await fed.until_live()
        await started(fed)
        assert (fed.session is session) == (outcome != REPLACED)
        assert (fed.log.downs == []) == (outcome != REPLACED)
        assert (fed.sids == sids) == (outcome == SAME or fed.session is not session)
        assert fed.sids.keys() == sids.keys()
        if outcome == REPLACED:
            assert f"error {code}" in fed.log.downs[0]
        if BOOK in [channel for channel in sids if fed.sids[channel] != sids[channel]]:
            assert [void.reason for void in fed.log.of(BooksVoid)] == ["resubscribed"]


async def wait_and_change_key(fed: Fed) -> None:
    await fed.log.until(lambda log: bool(log.downs))
    assert "error 9" in fed.log.downs[0]
    fed.world.use_key("default")


async def nothing(fed: Fed) -> None:
    return


async def wait_a_second(fed: Fed) -> None:
    """The venue's second passes only here, however often the feed asks."""
    await until(lambda: fed.errors >= 3)
    assert fed.feed._lines[0].connection is not None
    assert fed.feed._lines[0].connection.subscriptions.slow_downs >= 3
    fed.world.sim.clock.advance(1)


# Met by the first commands: code, set-up, what happens meanwhile, whether the socket is replaced.
BEGINNINGS: Final[tuple[tuple[int, dict[str, Any], Trouble, bool], ...]] = (
    (9, {"key": "writer"}, wait_and_change_key, True),
    (11, {"ghost": True}, nothing, False),
    (18, {"faults": [{"on": "ws", "kind": "ws_timeout", "count": 1}]}, nothing, True),
    (26, {"sim": {"subscription_markets_max": 1}, "count": 3}, nothing, False),
    (27, {"sim": {"commands_per_s_max": 2}}, wait_a_second, False),
)


@pytest.mark.parametrize(
    ("code", "setting", "meanwhile", "is_replaced"), BEGINNINGS, ids=[row[0] for row in BEGINNINGS]
)
async def test_first_commands_come_through_in_the_end(
    code: int, setting: dict[str, Any], meanwhile: Trouble, *, is_replaced: bool
) -> None:
    async with feeding(**setting) as fed:
        await meanwhile(fed)
        await started(fed)
        await fed.until_live()
        assert fed.errors
        assert bool(fed.log.downs) == is_replaced
        assert all(f"error {code}" in reason for reason in fed.log.downs)
        assert len(fed.sids[BOOK]) == (3 if code == 26 else 1)
        left_out = [(fed.markets[-1].id, "not_subscribable")] if code == 11 else []
        assert [told for told in fed.log.terms if told[1] == "not_subscribable"] == left_out


HANDSHAKES: Final[tuple[tuple[str, Callable[[World], object]], ...]] = (
    ("signature", lambda world: world.use_key("default", key_of="other")),
    ("unknown_key", lambda world: world.use_unknown_key()),
    ("clock", lambda world: setattr(world.clock, "offset_s", -60)),
)


@pytest.mark.parametrize(("name", "spoil"), HANDSHAKES, ids=[name for name, _ in HANDSHAKES])
async def test_refused_handshake_is_tried_again_signed_anew(
    name: str, spoil: Callable[[World], object]
) -> None:
    async with feeding(spoil=spoil) as fed:
        await fed.log.until(lambda log: bool(log.downs))
        assert "401" in fed.log.downs[0]
        if name != "clock":
            # A clock heals by itself: the answer's Date corrects the next signature.
            fed.world.use_key("default")
        await started(fed)
        await fed.until_live()
