"""Incidents C1 to C12: what a wrong or half-read book has cost; late ones are in test_c_feeds.

Each test is named after its incident and tells it. What the daemon believes is compared with the
simulators' own books, level by level, and with what came over the wire.
"""

import asyncio
from functools import partial
from random import Random
from typing import Any, Literal

import pytest

from tests.incidents.books import (
    ONE,
    STREAMS,
    TWENTY,
    YES,
    book_of,
    is_true,
    names,
    reasons,
    tick,
)
from tests.support.daemon import PATIENCE_S, SEED, K, P, Run, Scene, make_pairs
from tests.support.scenes import MakeScene
from twoleg.core.actions import NoteKind
from twoleg.core.book import NO_ASK, NO_BID
from twoleg.core.events import ASK, BID
from twoleg.core.market import Outcome, Venue
from twoleg.runtime import kalshi_kit, polymarket_kit
from twoleg.sim.grid import DECI_CENT
from twoleg.sim.kalshi import session as kalshi_session
from twoleg.sim.kalshi.frames import book_message
from twoleg.sim.kalshi.session import Session
from twoleg.sim.kalshi.venue import KalshiSim
from twoleg.sim.polymarket.book import PublishedBook
from twoleg.sim.polymarket.venue import PolymarketSim
from twoleg.storage.records import IntentRecorded
from twoleg.venues.kalshi.feed import KalshiFeed
from twoleg.venues.kalshi.options import KalshiOptions
from twoleg.venues.polymarket.options import PolymarketOptions

# -- C1, C3, C4: the stream of changes ---------------------------------------------------------


@pytest.mark.parametrize("venue", Venue)
async def test_c1_book_follows_the_deltas(scene_of: MakeScene, venue: Venue) -> None:
    """Deltas were read wrongly and dropped: the book stood still as its snapshot had been.

    After any mixture of orders, cancels and trades, on both sides, it is the venue's own.
    """
    async with scene_of() as scene:
        run = scene.start()
        await run.started()
        rng = Random(SEED)
        since_ns = book_of(scene, run, venue).snapshot_recv_ns
        sim, market = scene.venues[venue], scene.native(venue)
        seen: set[tuple[int, int]] = set()
        orders: list[str] = []
        for step in range(60):
            side: Literal["bid", "ask"] = "bid" if rng.random() < 0.5 else "ask"
            price_e4 = 100 * rng.randrange(20, 48) + (2_800 if side == "ask" else 0)
            orders.append(sim.place(market, side, price_e4, ONE * rng.randrange(1, 50)))
            if step % 3 == 0:
                sim.cancel(market, rng.choice(orders))
            if step % 7 == 0:
                sim.take(market, side, 9_900 if side == "bid" else 100, 30 * ONE)
            await run.until(lambda: is_true(scene, run, venue), f"step {step}")
            book = book_of(scene, run, venue)
            # By its changes alone; Polymarket shows the whole book after a trade.
            assert venue is P or book.snapshot_recv_ns == since_ns
            seen.add((book.best_bid_e4, book.best_ask_e4))
        assert len(seen) > 10
        assert reasons(run) == []


@pytest.mark.parametrize("venue", Venue)
async def test_c1_rest_audit_finds_a_book_that_is_wrong(
    scene_of: MakeScene, venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody compared the live book with anything, so it stayed frozen.

    REST is asked for the same book on a timer; one that differs is void until a new snapshot. On
    Kalshi other markets go on ticking over the same socket, and it is never quiet.
    """
    audits: dict[str, Any] = {"audit_every_ms": 200}
    monkeypatch.setattr(polymarket_kit, "PolymarketOptions", partial(PolymarketOptions, **audits))
    audits |= {"audit_gap_ms": 200, "audit_margin_ms": 200}
    monkeypatch.setattr(kalshi_kit, "KalshiOptions", partial(KalshiOptions, **audits))
    async with scene_of() as scene:
        scene.more_pairs = tuple(make_pairs()[1:2])
        other = scene.more_pairs[0].market_on(venue).partition(":")[2]
        run = scene.start()
        await run.started()
        await corrupt(scene, run, venue)
        async with asyncio.timeout(PATIENCE_S):
            while not is_true(scene, run, venue):
                scene.venues[venue].place(other, "bid", 300, ONE)
                await asyncio.sleep(0.02)
        if venue is P:
            assert run.of(NoteKind.BOOK_DOUBTED)[0]["reason"] == "audit_differs"
            assert reasons(run) != []
            return
        assert reasons(run) == ["audit_differs"]
        (alarm,) = [note for note in run.of(NoteKind.ALARM) if note["event"] == "book_differs"]
        assert alarm["market_id"] == scene.pair.kalshi
        assert alarm["levels"] == f"bid price_e4 2500: size_e6 {70 * ONE} here, 0 at the venue"


async def test_c1_quiet_kalshi_book_is_asked_for_anew(scene_of: MakeScene) -> None:
    """The same on Kalshi: a quiet subscription is probed, one book in turn, by a new snapshot."""
    async with scene_of(**{"kalshi.silence_ms_max": 1_000}) as scene:
        run = scene.start()
        await run.started()
        await corrupt(scene, run, K)
        await run.until(lambda: is_true(scene, run, K), "the probe's correction")
        assert reasons(run) == []


async def corrupt(scene: Scene, run: Run, venue: Venue) -> None:
    """Leave what a decoder's mistake leaves behind: a level that is not there, under the best."""
    scene.bid(venue, Outcome.YES, 3_000, 50)
    scene.offer(venue, Outcome.YES, 6_000, 50)
    await run.until(lambda: is_true(scene, run, venue), "the first book")
    book_of(scene, run, venue).set_level(BID, 2_500, 70 * ONE)
    assert not is_true(scene, run, venue)


async def test_c3_gap_voids_all_books_of_the_subscription(scene_of: MakeScene) -> None:
    """A gap in the sequence was found and logged, and the books were used as if it were none.

    Every book of the subscription is void, nothing is decided, and new snapshots are fetched.
    """
    async with scene_of() as scene:
        scene.more_pairs = tuple(make_pairs()[1:2])
        run = scene.start()
        await run.started()
        engine = run.app.engine
        at_void: list[tuple[list[bool], int]] = []

        def look() -> None:
            books = engine.books().books
            at_void.append(
                (
                    [book.is_live for name, book in books.items() if name.startswith("kalshi")],
                    len(scene.wire.orders()),
                )
            )

        at_fire: list[bool] = []
        run.on("book_void", look)
        run.on("execution_opened", lambda: at_fire.append(is_true(scene, run, K)))
        # The bid's frame is lost; that of the offer, which makes the edge, shows the gap.
        scene.fault(K, "ws_gap", on="ws")
        scene.open_edge()
        await run.closed()
        await run.stop()
        assert at_void == [([False, False], 0)]
        assert reasons(run) == ["sequence_gap"]
        markets = str(run.of(NoteKind.BOOK_VOID)[0]["markets"]).split(",")
        assert sorted(markets) == sorted([scene.pair.kalshi, scene.more_pairs[0].kalshi])
        assert names(run).index(NoteKind.BOOK_VOID) < names(run).index(NoteKind.EXECUTION_OPENED)
        assert at_fire == [True]
        assert scene.held(YES) == (TWENTY, TWENTY)


async def test_c4_control_frames_count_in_the_sequence(
    scene_of: MakeScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answers to commands take numbers of the sequence too: each was taken for a gap.

    A subscription that is changed while it streams stays whole.
    """
    sent: list[tuple[str, int]] = []
    send = Session.send

    def note(self: Session, subscription: Any, kind: str, *rest: Any, **named: Any) -> None:
        send(self, subscription, kind, *rest, **named)
        if subscription.channel == "orderbook_delta":
            sent.append((kind, subscription.seq))

    monkeypatch.setattr(Session, "send", note)
    async with scene_of() as scene:
        more = make_pairs()[1]
        run = scene.start()
        await run.started()
        (kit,) = [kit for kit in run.app._kits if kit.venue is K]
        market = await kit.read_market(more)
        feed = run.app._feeds._feeds[K]
        assert isinstance(feed, KalshiFeed)
        feed.follow([market])
        await run.poked(lambda: "ok" in [kind for kind, _ in sent])
        scene.open_edge()
        await run.closed()
        await run.stop()
        kinds = [kind for kind, _ in sent]
        assert "ok" in kinds
        assert "orderbook_delta" in kinds[kinds.index("ok") :]
        # The control frame had a number of its own.
        assert [seq for _, seq in sent] == list(range(1, len(sent) + 1))
        assert reasons(run) == []
        assert scene.held(YES) == (TWENTY, TWENTY)


# -- C7, C8, C10, C11: what is a quote -----------------------------------------------------------


def show_bounds(monkeypatch: pytest.MonkeyPatch) -> set[Venue]:
    """Both venues' snapshots show levels at 0 and 1, and one without size; who has shown them."""
    shown: set[Venue] = set()
    make_book, make_frame = book_message, PublishedBook.frame

    def kalshi(market: Any, *, use_yes_price: bool, **named: Any) -> Any:
        message: Any = make_book(market, use_yes_price=use_yes_price, **named)
        free = ["0.0000" if use_yes_price else "1.0000", "500.00"]
        message["no_dollars_fp"] = [free, *message.get("no_dollars_fp", ())]
        empty = [["1.0000", "500.00"], ["0.4500", "0.00"], ["0.0000", "0.00"]]
        message["yes_dollars_fp"] = [*message.get("yes_dollars_fp", ()), *empty]
        shown.add(K)
        return message

    def polymarket(self: PublishedBook, token: int, ts_ms: int, **named: Any) -> str:
        text = make_frame(self, token, ts_ms, **named)
        free = '{"price":"0","size":"500"},{"price":"0.45","size":"0"},{"price":"1","size":"0"}'
        bids = '{"price":"1","size":"500"},{"price":"0","size":"500"}'
        for name, levels in (("asks", free), ("bids", bids)):
            text = text.replace(f'"{name}":[]', f'"{name}":[{levels}]')
        shown.add(P)
        return text

    monkeypatch.setattr(kalshi_session, "book_message", kalshi)
    monkeypatch.setattr(PublishedBook, "frame", polymarket)
    return shown


@pytest.mark.parametrize("venue", Venue)
async def test_c7_bounds_and_empty_levels_are_no_quotes(
    scene_of: MakeScene, venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A market that had not opened showed 0.0000 / 1.0000 with size 0: bought as a "free" YES.

    A price of 0 or 1, or a size of 0, is nobody's offer.
    """
    shown = show_bounds(monkeypatch)
    async with scene_of(**{"trading.edge_cents_max": 99}) as scene:
        run = scene.start()
        await run.started()
        book = book_of(scene, run, venue)
        assert (book.best_bid_e4, book.best_ask_e4) == (NO_BID, NO_ASK)
        assert book.levels(BID) + book.levels(ASK) == []
        assert venue in shown
        other, bought = scene.bought(YES, venue.other), scene.bought(YES, venue)
        scene.bid(venue.other, other, 4_900, 200)
        scene.offer(venue.other, other, 5_000, 200)
        for _ in range(4):
            scene.poke(venue.other)
        await run.until(lambda: is_true(scene, run, venue.other), "the other book")
        assert scene.wire.orders() == []
        # A real offer is one.
        scene.bid(venue, bought, 3_900, 200)
        scene.offer(venue, bought, 4_000, 200)
        (closing,) = await run.closed()
        assert closing[f"{venue.value}_notional_micros"] == 8_000_000


@pytest.mark.parametrize("venue", Venue)
async def test_c8_liquidity_counts_once(scene_of: MakeScene, venue: Venue) -> None:
    """A book of NO was counted in addition to that of YES: twice the depth there was.

    An offer of one outcome and a bid for the other are the same order, and one ladder holds it.
    """
    big = {"trading.size_contracts_max": 100, "trading.position_contracts_max": 100}
    async with scene_of(**big) as scene:
        run = scene.start()
        await run.started()
        depths = {venue: ((4_300, 40),), venue.other: ((4_500, 200),)}
        scene.open_edge(kalshi=depths[K], polymarket=depths[P])
        await run.closed()
        await run.stop()
        (intent, *_) = [record for record in run.records if isinstance(record, IntentRecorded)]
        # Half of the displayed depth is the most that a leg may take.
        assert 10 * ONE <= intent.orders[0].spec.size_e6 <= 20 * ONE
        assert int(scene.wire.orders(P)[0].body["order"]["makerAmount"]) <= 20 * 4_500 * 100
        assert float(scene.wire.orders(K)[0].body["count"]) <= 20


THIN: dict[str, tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]] = {
    "one contract at the top": (((4_000, 1), (5_000, 400)), ((4_950, 400),)),
    "an edge smaller than its fees": (((4_900, 400),), ((4_900, 400),)),
}


@pytest.mark.parametrize("thin", THIN)
async def test_c10_edge_comes_from_walked_depth_after_exact_fees(
    scene_of: MakeScene, thin: str
) -> None:
    """92 % of 159,976 candidates were none: not enough depth at the price, or eaten up by fees.

    Tops alone start nothing. What is fired has walked both ladders, fees of the market included,
    and the venues' own cash shows the edge afterwards.
    """
    async with scene_of() as scene:
        run = scene.start()
        await run.started()
        scene.open_edge(kalshi=THIN[thin][0], polymarket=THIN[thin][1])
        await run.until(lambda: is_true(scene, run, K) and is_true(scene, run, P), "both books")
        await tick(run)
        assert names(run).count(NoteKind.EXECUTION_OPENED) == 0
        assert scene.wire.orders() == []
        before = {
            venue: sum(ledger.cash_micros.values()) for venue, ledger in scene.ledgers().items()
        }
        scene.close_edge()
        scene.open_edge()
        await run.closed()
        await run.stop()
        spent_micros = sum(
            before[venue] - sum(ledger.cash_micros.values())
            for venue, ledger in scene.ledgers().items()
        )
        hedged_e6 = min(scene.held(YES))
        assert hedged_e6 > 0
        # At least the half cent a contract that is asked for, after everything.
        assert hedged_e6 - spent_micros >= 5_000 * hedged_e6 // ONE


@pytest.mark.parametrize("venue", Venue)
async def test_c11_one_level_for_one_price(scene_of: MakeScene, venue: Venue) -> None:
    """Prices were float keys: 0.07 and 0.07000000000000001 were two levels, 440 in one ladder.

    Prices are integers: a level that goes is gone, and one that comes again is the same one.
    """
    async with scene_of() as scene:
        run = scene.start()
        await run.started()
        sim, market = scene.venues[venue], scene.native(venue)
        if isinstance(sim, KalshiSim):
            sim.lifecycle.set_grid(market, DECI_CENT)
        elif isinstance(sim, PolymarketSim):
            sim.set_tick(market, 10)
        await run.until(lambda: book_of(scene, run, venue).epoch == 1, "the fine grid")
        await run.until(lambda: is_true(scene, run, venue), "the first book")
        since_ns = book_of(scene, run, venue).snapshot_recv_ns
        for _ in range(2):
            placed = [sim.place(market, "bid", price_e4, ONE) for price_e4 in range(10, 3_000, 30)]
            await run.until(lambda: is_true(scene, run, venue), "the full book")
            for order in placed[1:]:
                sim.cancel(market, order)
            await run.until(lambda: is_true(scene, run, venue), "the book")
        book = book_of(scene, run, venue)
        # By its changes alone: no snapshot has set it right.
        assert book.snapshot_recv_ns == since_ns
        assert book.levels(BID) == [(10, 2 * ONE)]
        assert all(type(number) is int for level in book.levels(BID) for number in level)


# -- C9, C12: other grids, lost frames -----------------------------------------------------------


@pytest.mark.parametrize("venue", Venue)
async def test_c9_grid_that_changes_in_flight_begins_a_new_epoch(
    scene_of: MakeScene, venue: Venue
) -> None:
    """The tick changed between decision and fill; book and prices in flight were of the old one.

    A new grid is a new epoch: the book is void until a snapshot, and what is in flight is told.
    """
    async with scene_of() as scene:
        run = scene.start()
        await run.started()
        sim, market = scene.venues[venue], scene.native(venue)

        def change() -> None:
            if isinstance(sim, KalshiSim):
                sim.lifecycle.set_grid(market, DECI_CENT)
            elif isinstance(sim, PolymarketSim):
                sim.set_tick(market, 10)

        lives: list[bool] = []
        run.on("execution_opened", change)
        run.on("grid_changed_in_flight", lambda: lives.append(book_of(scene, run, venue).is_live))
        for each in Venue:
            scene.fault(each, "delay", delay_ms=150)
        scene.open_edge()
        (closing,) = await run.closed()
        assert "grid_changed_in_flight" in run.alarms()
        assert lives == [False]
        await run.until(lambda: is_true(scene, run, venue), "the new book")
        assert book_of(scene, run, venue).epoch == 1
        # A price that only the new grid has.
        scene.bid(venue, Outcome.YES, 1_010, 5)
        await run.until(lambda: is_true(scene, run, venue), "the finer price")
        assert book_of(scene, run, venue).size_at(BID, 1_010) == 5 * ONE
        assert closing["closed_as"] == "hedged"
        assert scene.held(YES) == (TWENTY, TWENTY)


@pytest.mark.parametrize("is_deep", [False, True])
async def test_c12_lost_change_without_sequence_numbers_is_found(
    scene_of: MakeScene,
    is_deep: bool,  # noqa: FBT001 - a parameter
) -> None:
    """Polymarket numbers nothing: a lost change went unnoticed, and the book was wrong for long.

    Each change tells the best prices after it; below them the hash of the whole book is checked
    before an old book is traded on.
    """
    async with scene_of(**{"polymarket.hash_check_every_frames": 1_000}) as scene:
        run = scene.start()
        await run.started()
        scene.bid(K, Outcome.YES, 3_900, 200)
        scene.offer(K, Outcome.YES, 4_000, 200)
        scene.bid(P, Outcome.NO, 4_900, 200)
        await run.until(lambda: is_true(scene, run, K) and is_true(scene, run, P), "both books")
        at_fire: list[bool] = []
        run.on("execution_opened", lambda: at_fire.append(is_true(scene, run, P)))
        scene.fault(P, "ws_gap", on=STREAMS[P])
        # Lost: the best offer itself, or one far behind it.
        scene.offer(P, Outcome.NO, 6_000 if is_deep else 5_000, 200)
        scene.offer(P, Outcome.NO, 5_000 if is_deep else 5_100, 200)
        await run.until(lambda: run.of(NoteKind.BOOK_VOID), "the gap")
        assert scene.wire.orders() == []
        await run.closed()
        assert at_fire == [True]
        if is_deep:
            assert run.of(NoteKind.BOOK_DOUBTED)[0]["reason"] == "hash_differs"
        else:
            assert reasons(run) == ["best_prices_differ"]
        assert scene.held(YES) == (TWENTY, TWENTY)
