import asyncio
import json
from typing import Any

import msgspec
import pytest
from aiohttp import web
from structlog.testing import capture_logs
from websockets.protocol import State

from tests.unit.venues.polymarket.feeds import FAST, TRADE, dump, running, socket_of
from tests.unit.venues.polymarket.support import (
    CONDITION,
    CREDENTIALS,
    MARKET_ID,
    NO,
    YES,
    LoopNetwork,
    market,
    serving,
)
from twoleg.core.events import BookAudited, BookSnapshot, BooksVoid, FillStatus, GridChanged
from twoleg.core.market import Market, MarketId, Outcome, Side, TimeInForce
from twoleg.venues.polymarket.options import PolymarketOptions
from twoleg.venues.polymarket.order_updates import OrderState, UpdateKind
from twoleg.venues.polymarket.resolution import ResolutionState
from twoleg.venues.transport import HttpExchange, make_session


async def test_feed_subscribes_at_once_and_dumps_become_snapshots() -> None:
    async with running() as rig:
        await rig.venue.until(lambda: rig.count(BookSnapshot) == 1 and rig.venue.pings > 0)
        assert rig.venue.told == [
            {
                "type": "market",
                "assets_ids": [YES, NO],
                "custom_feature_enabled": True,
                "initial_dump": True,
                "level": 2,
            }
        ]
        agent = rig.venue.sockets[0].request
        assert agent is not None
        assert agent.headers["User-Agent"].startswith("twoleg")


async def test_feed_resync_unsubscribes_and_subscribes_both_tokens() -> None:
    async with running() as rig:
        await rig.venue.until(lambda: rig.count(BookSnapshot) == 1)
        rig.feed.resync([MARKET_ID, MarketId("polymarket:0xother")])
        await rig.venue.until(lambda: rig.count(BookSnapshot) == 2)
        assert rig.venue.told[1:] == [
            {"operation": "unsubscribe", "assets_ids": [YES, NO]},
            {"operation": "subscribe", "assets_ids": [YES, NO], "custom_feature_enabled": True},
        ]
        assert len(rig.venue.sockets) == 1


async def test_feed_lost_socket_voids_the_books_and_is_replaced() -> None:
    async with running() as rig:
        await rig.venue.until(lambda: rig.count(BookSnapshot) == 1)
        await rig.venue.sockets[0].close()
        await rig.venue.until(lambda: rig.count(BookSnapshot) == 2)
        kinds = [type(event) for event in rig.events]
        assert kinds == [BookSnapshot, BooksVoid, BookSnapshot]
        assert rig.feed.counts["connections"] == 2


async def test_feed_undecodable_frame_voids_all_books_and_replaces_the_socket() -> None:
    async with running() as rig:
        await rig.venue.until(lambda: rig.count(BookSnapshot) == 1)
        await rig.venue.sockets[0].send("INVALID OPERATION")
        await rig.venue.until(lambda: rig.count(BookSnapshot) == 2)
        assert rig.count(BooksVoid) == 1
        assert len(rig.venue.sockets) == 2


async def test_feed_malformed_frame_of_one_market_voids_and_resyncs_it_alone() -> None:
    async with running() as rig:
        await rig.venue.until(lambda: rig.count(BookSnapshot) == 1)
        await rig.venue.sockets[0].send(json.dumps(dump(bids=[{"price": "9", "size": "1"}])))
        await rig.venue.until(lambda: rig.count(BookSnapshot) == 2)
        (void,) = [event for event in rig.events if isinstance(event, BooksVoid)]
        assert void.market_ids == (MARKET_ID,)
        assert len(rig.venue.sockets) == 1


async def test_feed_unknown_kind_of_frame_is_logged_once_and_changes_nothing() -> None:
    with capture_logs() as lines:
        async with running() as rig:
            await rig.venue.until(lambda: rig.count(BookSnapshot) == 1)
            for _ in range(2):
                await rig.venue.sockets[0].send('{"event_type":"comet","tail":1}')
            await rig.venue.until(lambda: rig.feed.counts.get("unknown:comet") == 2)
            assert (rig.count(BooksVoid), len(rig.venue.sockets)) == (0, 1)
    (line,) = [line for line in lines if line["event"] == "frame_not_understood"]
    assert (line["kind"], line["what"]) == ("unknown", "unknown:comet")
    assert line["head"] == '{"event_type":"comet","tail":1}'


async def test_feed_message_that_is_too_big_is_counted_and_voids_the_books() -> None:
    async with running() as rig:
        await rig.venue.until(lambda: rig.count(BookSnapshot) == 1)
        await rig.venue.sockets[0].send("x" * (16 * 1024 * 1024 + 1))
        await rig.venue.until(lambda: rig.count(BookSnapshot) == 2)
        assert rig.count(BooksVoid) == 1
        assert rig.feed.counts["oversized"] == 1


async def test_feed_grid_change_asks_for_a_snapshot() -> None:
    async with running() as rig:
        await rig.venue.until(lambda: rig.count(BookSnapshot) == 1)
        frame = {
            "event_type": "tick_size_change",
            "market": CONDITION,
            "asset_id": YES,
            "new_tick_size": "0.001",
        }
        await rig.venue.sockets[0].send(json.dumps(frame))
        await rig.venue.until(lambda: rig.count(BookSnapshot) == 2)
        assert rig.count(GridChanged) == 1


async def test_feed_silent_socket_is_replaced() -> None:
    async with running(options=FAST_SILENCE) as rig:
        rig.venue.pongs = False
        await rig.venue.until(lambda: rig.count(BookSnapshot) >= 2)
        void = next(event for event in rig.events if isinstance(event, BooksVoid))
        assert "no frame" in void.reason


FAST_SILENCE = PolymarketOptions(
    ping_interval_ms=5, silence_ms_max=40, backoff_ms_min=1, backoff_ms_max=2, resync_gap_ms=1
)


async def test_feed_mute_socket_is_probed_then_replaced() -> None:
    options = PolymarketOptions(
        ping_interval_ms=5,
        data_silence_ms_max=80,
        dump_ms_max=40,
        backoff_ms_min=1,
        backoff_ms_max=2,
        resync_gap_ms=1,
    )
    async with running(options=options) as rig:
        await rig.venue.until(lambda: len(rig.venue.told) >= 3)
        assert len(rig.venue.sockets) == 1
        rig.venue.dumps = False
        await rig.venue.until(lambda: len(rig.venue.sockets) >= 2)
        assert rig.count(BooksVoid) >= 1


async def test_feed_dump_that_does_not_come_is_asked_for_again() -> None:
    options = PolymarketOptions(dump_ms_max=20, backoff_ms_min=1, resync_gap_ms=1)
    async with running(options=options) as rig:
        rig.venue.dumps = False
        await rig.venue.until(lambda: len(rig.venue.told) >= 3)
        rig.venue.dumps = True
        await rig.venue.until(lambda: rig.count(BookSnapshot) >= 1)
        assert rig.feed.counts["late_dumps"] >= 1


async def test_feed_set_markets_follows_and_leaves_without_a_new_socket() -> None:
    other = market(id="polymarket:0x2", native_id="0x2", yes_token="21", no_token="22")
    async with running() as rig:
        await rig.venue.until(lambda: rig.count(BookSnapshot) == 1)
        rig.feed.set_markets([other])
        await rig.venue.until(lambda: len(rig.venue.told) == 3)
        assert rig.venue.told[1:] == [
            {"operation": "unsubscribe", "assets_ids": [YES, NO]},
            {"operation": "subscribe", "assets_ids": ["21", "22"], "custom_feature_enabled": True},
        ]
        # A book that was left says nothing; a followed one after it does.
        await rig.venue.sockets[0].send(json.dumps(dump()))
        followed = dump(market="0x2", asset_id="21")
        await rig.venue.sockets[0].send(json.dumps(followed))
        await rig.venue.until(lambda: rig.count(BookSnapshot) == 2)
        assert rig.feed.counts["unwatched"] == 1


async def test_feed_markets_are_spread_over_sockets() -> None:
    many = tuple(
        market(id=f"polymarket:0x{n}", native_id=f"0x{n}", yes_token=f"{n}1", no_token=f"{n}2")
        for n in range(1, 6)
    )
    options = PolymarketOptions(tokens_per_socket_max=4)
    async with running(options=options, markets=many) as rig:
        await rig.venue.until(lambda: len(rig.venue.told) == 3)
        assert sorted(len(told["assets_ids"]) for told in rig.venue.told) == [2, 4, 4]
        extra = market(id="polymarket:0x9", native_id="0x9", yes_token="91", no_token="92")
        more = market(id="polymarket:0x8", native_id="0x8", yes_token="81", no_token="82")
        rig.feed.set_markets([*many, extra, more])
        await rig.venue.until(lambda: len(rig.venue.told) == 5)
        assert len(rig.venue.sockets) == 4


async def test_user_socket_authenticates_and_tells_fills_of_every_status() -> None:
    async with running(with_user=True) as rig:
        rig.feed.set_markets([market()])
        await rig.venue.until(lambda: rig.ups == 1 and len(rig.venue.told) == 2)
        subscription = next(told for told in rig.venue.told if told["type"] == "user")
        assert subscription["auth"] == {
            "apiKey": CREDENTIALS.key,
            "secret": CREDENTIALS.secret,
            "passphrase": CREDENTIALS.passphrase,
        }
        user = socket_of(rig, "/ws/user")
        for status in ("MATCHED", "MELTED", "CONFIRMED", "FAILED"):
            await user.send(json.dumps(TRADE | {"status": status}))
        await rig.venue.until(lambda: len(rig.fills) == 3)
        assert [fill.status for fill in rig.fills] == [
            FillStatus.PROVISIONAL,
            FillStatus.FINAL,
            FillStatus.VOID,
        ]
        assert {(fill.fill_id, fill.order_key) for fill in rig.fills} == {("t1", "0xaa")}
        assert rig.feed.counts["user:unknown_trade_status:MELTED"] == 1


async def test_user_socket_unreadable_trade_replaces_it_and_asks_for_reconciliation() -> None:
    async with running(with_user=True) as rig:
        rig.feed.set_markets([market()])
        await rig.venue.until(lambda: rig.ups == 1)
        await socket_of(rig, "/ws/user").send(json.dumps(TRADE | {"size": "ten"}))
        await rig.venue.until(lambda: rig.ups == 2)
        assert len(rig.downs) == 1
        assert rig.fills == []


async def test_user_socket_trade_of_another_market_is_counted() -> None:
    async with running(with_user=True) as rig:
        rig.feed.set_markets([market()])
        await rig.venue.until(lambda: rig.ups == 1)
        user = socket_of(rig, "/ws/user")
        await user.send(json.dumps(TRADE | {"market": "0xother"}))
        await user.send(json.dumps(TRADE))
        await rig.venue.until(lambda: len(rig.fills) == 1)
        assert rig.feed.counts["user:unwatched"] == 1


# -- following and leaving ------------------------------------------------------------------


def numbered(number: int) -> Market:
    return market(
        id=f"polymarket:0x{number}",
        native_id=f"0x{number}",
        yes_token=f"{number}1",
        no_token=f"{number}2",
    )


ROOMY = msgspec.structs.replace(FAST, tokens_per_socket_max=4)


async def test_follow_fills_free_places_before_it_opens_a_socket() -> None:
    async with running(options=ROOMY) as rig:
        await rig.venue.until(lambda: len(rig.venue.told) == 1)
        rig.feed.follow([numbered(1)])
        await rig.venue.until(lambda: len(rig.venue.told) == 2)
        assert rig.venue.told[1]["assets_ids"] == ["11", "12"]
        assert len(rig.venue.sockets) == 1
        rig.feed.follow([numbered(2)])
        await rig.venue.until(lambda: len(rig.venue.told) == 3)
        assert (len(rig.venue.sockets), rig.feed.counts["sockets"]) == (2, 2)


async def test_unfollow_voids_the_books_and_closes_a_socket_that_got_empty() -> None:
    async with running(options=ROOMY, markets=(numbered(1), numbered(2), market())) as rig:
        await rig.venue.until(lambda: rig.count(BookSnapshot) == 1)
        rig.feed.unfollow([MARKET_ID, MarketId("polymarket:0xother")])
        assert BooksVoid((MARKET_ID,), "not followed any more") in rig.events
        async with asyncio.timeout(5):
            await rig.venue.sockets[1].wait_closed()
        assert rig.feed.counts["sockets"] == 1
        assert rig.feed.counts["connections"] == 2
        assert rig.venue.sockets[0].state is State.OPEN
        # The last one may go, and another may come.
        rig.feed.unfollow([MarketId("polymarket:0x1"), MarketId("polymarket:0x2")])
        rig.feed.follow([market()])
        await rig.venue.until(lambda: rig.count(BookSnapshot) == 2)


async def test_market_left_and_followed_again_at_once_gets_a_new_dump() -> None:
    async with running(markets=(market(), numbered(1))) as rig:
        await rig.venue.until(lambda: rig.count(BookSnapshot) == 1)
        rig.feed.unfollow([MARKET_ID])
        rig.feed.follow([market()])
        await rig.venue.until(lambda: rig.count(BookSnapshot) == 2)
        assert [told["operation"] for told in rig.venue.told[1:]] == ["unsubscribe", "subscribe"]


async def test_feed_starts_without_markets_and_follows_later() -> None:
    async with running(markets=()) as rig:
        assert rig.feed.counts["sockets"] == 0
        rig.feed.follow([market()])
        await rig.venue.until(lambda: rig.count(BookSnapshot) == 1)


async def test_empty_dump_reports_the_market_as_bookless_once_until_a_book_comes() -> None:
    options = msgspec.structs.replace(FAST, dump_ms_max=20, bookless_retry_ms=1)
    async with running(options=options) as rig:
        await rig.venue.until(lambda: rig.count(BookSnapshot) == 1)
        rig.venue.books.clear()
        rig.feed.resync([MARKET_ID])
        await rig.venue.until(lambda: rig.bookless == [MARKET_ID])
        assert BooksVoid((MARKET_ID,), "no book at the venue") in rig.events
        assert MARKET_ID in rig.feed.bookless
        told = len(rig.venue.told)
        await rig.venue.until(lambda: len(rig.venue.told) >= told + 4)
        assert rig.bookless == [MARKET_ID]
        rig.venue.books.update((YES, NO))
        await rig.venue.until(lambda: rig.count(BookSnapshot) == 2)
        assert not rig.feed.bookless


# -- news -----------------------------------------------------------------------------------

NEW_MARKET = {
    "event_type": "new_market",
    "id": "1031769",
    "question": "Will it snow?",
    "market": "0xnew",
    "slug": "will-it-snow",
    "description": "Resolves Yes if it snows.",
    "assets_ids": ["1", "2"],
    "outcomes": ["Yes", "No"],
    "event_message": {
        "id": "9",
        "ticker": "snow",
        "slug": "snow",
        "title": "Snow",
        "description": "",
    },
    "timestamp": "1790000000000",
    "tags": ["weather"],
    "condition_id": "0xnew",
    "active": True,
    "clob_token_ids": ["1", "2"],
    "sports_market_type": "",
    "line": "",
    "game_start_time": "",
    "order_price_min_tick_size": "0.01",
    "group_item_title": "",
    "taker_base_fee": "1000",
    "fees_enabled": True,
    "fee_schedule": {"exponent": "1", "rate": "0.05", "taker_only": True, "rebate_rate": "0.25"},
}
RESOLVED = {
    "event_type": "market_resolved",
    "id": "1",
    "market": CONDITION,
    "assets_ids": [YES, NO],
    "winning_asset_id": NO,
    "winning_outcome": "No",
    "timestamp": "1790000000123",
    "tags": [],
}


async def test_new_and_resolved_markets_are_told_once_with_all_their_fields() -> None:
    async with running() as rig:
        await rig.venue.until(lambda: rig.count(BookSnapshot) == 1)
        socket = rig.venue.sockets[0]
        for frame in ([NEW_MARKET, RESOLVED], NEW_MARKET, RESOLVED, RESOLVED | {"market": "0xfar"}):
            await socket.send(json.dumps(frame))
        await rig.venue.until(lambda: len(rig.ended) == 2)
        (created,) = rig.created
        assert (created.native_id, created.clob_token_ids) == ("0xnew", ["1", "2"])
        assert created.fee_schedule is not None
        assert (str(created.fee_schedule.rate), created.fee_schedule.taker_only) == ("0.05", True)
        assert rig.ended[0].state is ResolutionState.RESOLVED
        assert rig.ended[0].ts_event_ms == 1_790_000_000_123
        assert rig.ended[0].payout_e4(market(), Outcome.NO) == 10_000
        assert rig.ended[0].payout_e4(market(), Outcome.YES) == 0
        assert rig.ended[1].native_id == "0xfar"
        assert rig.count(BooksVoid) == 0


@pytest.mark.parametrize(
    "frame",
    [
        NEW_MARKET | {"outcomes": "Yes"},
        RESOLVED | {"assets_ids": 7},
        {"event_type": "best_bid_ask", "market": CONDITION, "best_bid": 1},
        {"event_type": "last_trade_price", "market": CONDITION, "asset_id": YES, "price": 1},
    ],
)
async def test_news_that_cannot_be_read_is_counted_and_costs_no_book(frame: Any) -> None:
    async with running() as rig:
        await rig.venue.until(lambda: rig.count(BookSnapshot) == 1)
        await rig.venue.sockets[0].send(json.dumps(frame))
        await rig.venue.sockets[0].send(json.dumps(dump()))
        await rig.venue.until(lambda: rig.count(BookSnapshot) == 2)
        assert rig.feed.counts["unreadable:" + frame["event_type"]] == 1
        assert (rig.count(BooksVoid), len(rig.venue.sockets)) == (0, 1)


# -- audits ---------------------------------------------------------------------------------


async def test_audit_hands_over_what_rest_shows_and_asks_for_what_it_does_not() -> None:
    asked: list[Any] = []

    def respond(request: web.Request, body: bytes) -> tuple[int, str]:
        asked.append((request.method, request.path, json.loads(body)))
        book = dump() | {"min_order_size": "5", "neg_risk": False}
        strange = dump(asset_id="99")
        unreadable = dump(asset_id="11", bids=[{"price": "x", "size": "1"}])
        return (200, json.dumps([strange, unreadable, book])) if len(asked) > 1 else (503, "")

    options = msgspec.structs.replace(FAST, audit_every_ms=10, audit_tokens_per_call=2)
    async with serving(respond) as url, make_session(LoopNetwork()) as session:
        http = HttpExchange(session, venue="polymarket")
        markets = (market(), numbered(1), numbered(2))
        async with running(options=options, markets=markets, http=http, clob_url=url) as rig:
            await rig.venue.until(lambda: rig.count(BookAudited) > 0)
            # Market 1 could not be read, market 2 was in a call without an answer, then missing.
            await rig.venue.until(lambda: rig.feed.counts["audit_missing"] > 0)
    assert asked[0] == ("POST", "/books", [{"token_id": YES}, {"token_id": "11"}])
    assert asked[1][2] == [{"token_id": "21"}]
    audited = next(event for event in rig.events if isinstance(event, BookAudited))
    assert audited == BookAudited(MARKET_ID, ((5_000, 1_000_000),), (), 1_790_908_667_676)
    counts = rig.feed.counts
    assert counts["audit_failures"] == 1
    assert counts["audit_unreadable"] > 0


# -- orders ---------------------------------------------------------------------------------

ORDER = {
    "event_type": "order",
    "type": "PLACEMENT",
    "id": "0xAB",
    "owner": "uuid",
    "order_owner": "uuid",
    "market": CONDITION,
    "asset_id": NO,
    "side": "BUY",
    "original_size": "100",
    "size_matched": "0",
    "price": "0.52",
    "associate_trades": None,
    "outcome": "No",
    "order_type": "GTD",
    "expiration": "1790000600",
    "status": "LIVE",
    "maker_address": "0x",
    "created_at": "1725841741",
    "timestamp": "1725841743272",
}


async def test_user_socket_tells_where_orders_stand() -> None:
    async with running(with_user=True) as rig:
        rig.feed.follow([market()])
        await rig.venue.until(lambda: rig.ups == 1)
        user = socket_of(rig, "/ws/user")
        for changes in (
            {},
            {"type": "UPDATE", "size_matched": "40.5", "associate_trades": ["t1"]},
            {"type": "CANCELLATION", "status": "ORDER_STATUS_CANCELED_MARKET_RESOLVED"},
            {"market": "0xother"},
            {"price": "dear"},
            {"price": 0.52},
        ):
            await user.send(json.dumps(ORDER | changes))
        await rig.venue.until(lambda: len(rig.orders) == 5)
        placed, matched, canceled, unreadable, undecodable = rig.orders
        assert (placed.order_key, placed.kind, placed.state) == (
            "0xab",
            UpdateKind.PLACED,
            OrderState.RESTING,
        )
        assert (placed.outcome, placed.side, placed.tif) == (Outcome.NO, Side.BUY, TimeInForce.GTD)
        assert (placed.price_e4, placed.size_e6, placed.filled_e6) == (5_200, 100_000_000, 0)
        assert (placed.expires_s, placed.ts_event_ms) == (1_790_000_600, 1_725_841_743_272)
        assert (matched.kind, matched.filled_e6, matched.trade_ids) == (
            UpdateKind.MATCHED,
            40_500_000,
            ("t1",),
        )
        assert (canceled.kind, canceled.state, canceled.reason) == (
            UpdateKind.CANCELED,
            OrderState.CANCELED,
            "MARKET_RESOLVED",
        )
        assert {unreadable.state, undecodable.state} == {OrderState.UNKNOWN}
        assert {unreadable.order_key, undecodable.order_key} == {"0xab"}
        assert rig.ups == 1


async def test_user_socket_filter_follows_the_markets() -> None:
    options = msgspec.structs.replace(FAST, user_filters_markets=True)
    async with running(with_user=True, options=options) as rig:
        rig.feed.follow([numbered(1)])
        await rig.venue.until(lambda: rig.ups == 1)
        rig.feed.follow([market()])
        rig.feed.unfollow([MarketId("polymarket:0x1")])
        await rig.venue.until(lambda: sum("markets" in told for told in rig.venue.told) == 3)
        told = [told for told in rig.venue.told if "markets" in told]
        assert told[0]["markets"] == ["0x1"]
        assert told[1:] == [
            {"operation": "subscribe", "markets": [CONDITION]},
            {"operation": "unsubscribe", "markets": ["0x1"]},
        ]


async def test_user_socket_trade_of_a_maker_on_the_complement_token_is_our_fill() -> None:
    maker = {
        "order_id": "0xBB",
        "owner": CREDENTIALS.key,
        "matched_amount": "4",
        "price": "0.5",
        "asset_id": NO,
        "side": "BUY",
    }
    async with running(with_user=True) as rig:
        rig.feed.follow([market()])
        await rig.venue.until(lambda: rig.ups == 1)
        user = socket_of(rig, "/ws/user")
        made = TRADE | {"maker_orders": [maker], "trader_side": "MAKER", "id": "t2"}
        untold = made | {"trader_side": None, "id": "t3", "trade_owner": "another"}
        taken = untold | {"id": "t4", "trade_owner": CREDENTIALS.key}
        for frame in (made, untold, taken):
            await user.send(json.dumps(frame))
        await rig.venue.until(lambda: len(rig.fills) == 3)
        assert [(fill.order_key, fill.outcome, fill.fee_micros > 0) for fill in rig.fills] == [
            ("0xbb", Outcome.NO, False),
            ("0xbb", Outcome.NO, False),
            ("0xaa", Outcome.YES, True),
        ]
