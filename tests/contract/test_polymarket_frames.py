"""Every documented frame of Polymarket, decoded and written again from what the client made of it."""

import contextlib
import json
from collections.abc import Iterable
from typing import Any, Final

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import ClientConnection

from tests.contract.polymarket_frame_encoder import (
    DROPPED,
    NEVER_DROPPED,
    FeedEncoder,
    Fields,
    read,
    read_user,
    to_json,
    user_fields,
)
from tests.contract.polymarket_frame_samples import (
    CONDITION,
    FEED_TYPES,
    FULL,
    NO,
    TRADE_STATUSES,
    USER_TYPES,
    YES,
    corpus,
    variant,
)
from tests.contract.polymarket_frame_strategies import frames, spellings
from tests.unit.sim.test_sim_polymarket_kit import (
    FREE,
    PLAIN,
    Kit,
    running,
    subscribe,
)
from tests.unit.venues.polymarket import feeds
from tests.unit.venues.polymarket.support import CONDITION as FED_CONDITION
from tests.unit.venues.polymarket.support import YES as FED_YES
from twoleg.core.events import BookSnapshot, BooksVoid, Event, Fill, LevelsSet
from twoleg.core.market import FeeSchedule, Market, MarketId, PriceGrid, Venue
from twoleg.venues.polymarket.frames import KNOWN_EVENTS, News
from twoleg.venues.polymarket.order_updates import OrderState, OrderUpdate, UpdateKind, order_update
from twoleg.venues.polymarket.trades import maker_fills, taker_fills
from twoleg.venues.polymarket.user_wire import OrderEvent, TradeEvent, UserDecoder, UserEvent
from twoleg.venues.polymarket.wire import PONG, MarketDecoder

RECV_NS: Final = 1_790_908_667_700_000_000
CORPUS: Final = list(corpus())
FEED: Final = [entry for entry in CORPUS if entry[1]["event_type"] in FEED_TYPES]
USER: Final = [entry for entry in CORPUS if entry[1]["event_type"] in USER_TYPES]
STATUSES: Final = {
    OrderState.RESTING: "LIVE",
    OrderState.DELAYED: "DELAYED",
    OrderState.MATCHED: "MATCHED",
    OrderState.DEAD: "INVALID",
    OrderState.UNKNOWN: "A_STATUS_OF_TOMORROW",
}


def market(condition: str = CONDITION, yes: str = YES, no: str = NO, tick_e4: int = 100) -> Market:
    return Market(
        id=MarketId(f"polymarket:{condition}"),
        venue=Venue.POLYMARKET,
        native_id=condition,
        grid=PriceGrid.uniform(tick_e4),
        fees=FeeSchedule(rate_e6=40_000),
        yes_token=yes,
        no_token=no,
    )


class Feed:
    """Decodes as the socket does, and compares with what can be written again."""

    def __init__(self, watched: Market) -> None:
        self.market = watched
        self.decoder = MarketDecoder()
        self.decoder.watch(watched)
        self._encoder = FeedEncoder(watched)
        # The other token's book as the last one of ours implies it.
        self._mirror: Fields = {}

    def lossless(self, originals: list[Fields], raw: bytes = b"") -> tuple[list[Event], list[News]]:
        """Assert that all can be written again but for what may be dropped."""
        events = self.decoder.decode(raw or json.dumps(originals).encode(), RECV_NS)
        news = self.decoder.take_news()
        encoded = self._encoder.encode(events, news)
        books = [frame for frame in encoded if frame["event_type"] == "book"]
        told = [frame for frame in encoded if frame not in books[1::2]]
        for frame in (read(original, self.market) for original in originals):
            if frame["event_type"] == "book" and frame["asset_id"] == self.market.no_token:
                self._mirror = books[1] if books else self._mirror
                _assert_same(self._mirror, frame)
                continue
            _assert_same(told.pop(_first(told, frame["event_type"])), frame)
        if books:
            self._mirror = books[-1]
        assert told == []
        return events, news


def _first(told: list[Fields], kind: str) -> int:
    return [frame["event_type"] for frame in told].index(kind)


def _assert_same(told: Fields, frame: Fields) -> None:
    # A book without its tick size is of the market's.
    assert {
        name: value for name, value in told.items() if name in frame or name != "tick_size"
    } == (frame)


def _round_trip(values: Iterable[Any]) -> None:
    for value in values:
        assert msgspec.json.decode(msgspec.json.encode(value), type=type(value)) == value


@pytest.mark.parametrize("frame", [frame for _, frame in FEED], ids=[name for name, _ in FEED])
def test_documented_market_frame_is_kept_field_by_field(frame: Fields) -> None:
    feed = Feed(market())
    events, news = feed.lossless([frame])
    _round_trip([*events, *news])
    assert feed.decoder.counts == {}
    alone = Feed(market())
    assert alone.lossless([frame], json.dumps(frame).encode() + b"\n") == (events, news)


@pytest.mark.parametrize("frame", [frame for _, frame in USER], ids=[name for name, _ in USER])
def test_documented_user_frame_is_kept_field_by_field(frame: Fields) -> None:
    decoder = UserDecoder()
    for raw in (json.dumps(frame), json.dumps([frame]), json.dumps(frame) + "\n"):
        [event] = decoder.decode(raw.encode())
        assert user_fields(event) == read_user(frame)
        assert decoder.decode(json.dumps(to_json(user_fields(event))).encode()) != []
        _round_trip([event])
    odd = [kind for kind in decoder.counts if kind.startswith("unknown")]
    assert bool(odd) == ("A_NEW_STATUS" in (frame.get("status") or ""))


def test_corpus_has_every_type_that_is_read() -> None:
    assert set(FULL) == KNOWN_EVENTS | {"order", "trade"}


def test_nothing_of_worth_may_be_dropped() -> None:
    for fields in DROPPED.values():
        for name, reason in fields.items():
            assert name.endswith("hash")
            assert not any(word in name for word in NEVER_DROPPED)
            assert len(reason.split()) > 3


def test_what_may_be_dropped_is_sent_and_still_dropped() -> None:
    mirror = variant("book", asset_id=NO, hash="mirror-hash")
    changes = variant("price_change")["price_changes"]
    earlier = [entry | {"hash": f"earlier-{entry['side']}"} for entry in changes]
    frame = variant("price_change", price_changes=earlier + changes)
    decoder = MarketDecoder()
    decoder.watch(market())
    events = decoder.decode(json.dumps([mirror, frame]).encode(), RECV_NS)
    assert decoder.take_news() == []
    [event] = events
    assert isinstance(event, LevelsSet)
    assert event.hash == changes[0]["hash"]
    for gone in ("mirror-hash", "earlier-", changes[1]["hash"]):
        assert gone not in str(event)
    assert decoder.counts == {"mirror_book": 1}


def test_dump_of_both_tokens_is_one_book() -> None:
    mirror = variant(
        "book",
        asset_id=NO,
        bids=[{"price": "0.01", "size": "37677.02"}, {"price": "0.03", "size": "0.000001"}],
        asks=[{"price": "0.99", "size": "112689"}, {"price": "0.97", "size": "41666.32"}],
    )
    for originals in ([FULL["book"], mirror], [mirror, FULL["book"]]):
        Feed(market()).lossless(originals)


def test_frame_that_tells_the_other_token_alone_voids_the_book() -> None:
    frame = variant("price_change", price_changes=[FULL["price_change"]["price_changes"][1]])
    decoder = MarketDecoder()
    decoder.watch(market())
    [event] = decoder.decode(json.dumps(frame).encode(), RECV_NS)
    assert isinstance(event, BooksVoid)


@pytest.mark.parametrize("raw", [PONG, b"[]", b"[ ]\n"])
def test_frame_without_events_is_none(raw: bytes) -> None:
    assert Feed(market()).decoder.decode(raw, RECV_NS) == []
    assert UserDecoder().decode(raw) == []


@pytest.mark.parametrize("kind", ["weather", "", "book_v2"])
def test_unknown_event_is_counted_and_takes_nothing_with_it(kind: str) -> None:
    feed = Feed(market())
    strange = {"event_type": kind, "market": CONDITION, "anything": [1, {"a": None}]}
    raw = json.dumps([strange, FULL["book"], strange]).encode()
    feed.lossless([FULL["book"]], raw)
    assert feed.decoder.counts == {"undecodable": 1, "unknown:" + kind: 2}
    user = UserDecoder()
    [event] = user.decode(json.dumps([strange, FULL["order"]]).encode())
    assert user_fields(event) == read_user(FULL["order"])
    assert user.counts == {"unknown_event:" + kind: 1, "order": 1}


async def test_feed_passes_on_trades_tops_and_ticks_to_who_wants_them() -> None:
    kinds = ("last_trade_price", "best_bid_ask", "tick_size_change")
    sent = [variant(kind, market=FED_CONDITION, asset_id=FED_YES) for kind in kinds]
    async with feeds.running() as rig:
        await rig.venue.until(lambda: rig.count(BookSnapshot) > 0)
        await rig.venue.sockets[0].send(json.dumps(sent))
        await rig.venue.until(lambda: len(rig.prints) == len(kinds))
        encoded = FeedEncoder(market()).encode((), rig.prints)
        assert encoded == [read(frame, market()) for frame in sent]


# -- what becomes of orders and trades ---------------------------------------------------------


def order_fields(update: OrderUpdate, watched: Market) -> Fields:
    """An order event with the same meaning."""
    status = f"CANCELED_{update.reason}" if update.reason else "CANCELED"
    tokens = {"yes": watched.yes_token, "no": watched.no_token}
    tif = update.tif.name.replace("IOC", "FAK") if update.tif else ""
    return {
        "event_type": "order",
        "type": "A_TYPE" if update.kind is UpdateKind.OTHER else update.kind.value,
        "id": update.order_key,
        "market": watched.native_id,
        "asset_id": tokens[update.outcome.name.lower()] if update.outcome else None,
        "side": update.side.name if update.side else None,
        "original_size": _shares(update.size_e6),
        "size_matched": _shares(update.filled_e6),
        "price": f"{update.price_e4 / 10_000:.4f}" if update.price_e4 else None,
        "associate_trades": list(update.trade_ids),
        "order_type": tif,
        "expiration": str(update.expires_s),
        "status": STATUSES.get(update.state, status),
        "timestamp": str(update.ts_event_ms),
    }


def _shares(size_e6: int) -> str | None:
    return None if size_e6 < 0 else f"{size_e6 // 10**6}.{size_e6 % 10**6:06d}"


def trade_fields(event: TradeEvent, fills: tuple[Fill, ...], watched: Market) -> list[Fields]:
    """Trade events with the same meaning: one for each fill, with the makers that made its money."""
    statuses = {"provisional": "MATCHED", "final": "CONFIRMED", "void": "FAILED"}
    return [
        {
            "event_type": "trade",
            "id": fill.fill_id,
            "taker_order_id": fill.order_key,
            "market": watched.native_id,
            "asset_id": watched.yes_token if fill.outcome.name == "YES" else watched.no_token,
            "side": fill.side.name,
            "size": _shares(fill.size_e6),
            "price": event.price,
            "maker_orders": msgspec.to_builtins(event.maker_orders),
            "status": statuses[fill.status.value],
            "match_time": str(fill.ts_event_ms // 1_000),
        }
        for fill in fills
    ]


def same_meaning(event: UserEvent, watched: Market) -> None:
    """Assert that what an event means can be told again, and is read the same."""
    decoder = UserDecoder()
    if isinstance(event, OrderEvent):
        update = order_update(event, watched)
        [again] = decoder.decode(json.dumps(order_fields(update, watched)).encode())
        assert isinstance(again, OrderEvent)
        assert order_update(again, watched) == update
        return
    fills = taker_fills(event, watched)
    reads = decoder.decode(json.dumps(trade_fields(event, fills, watched)).encode())
    trades = [trade for trade in reads if isinstance(trade, TradeEvent)]
    assert [fill for trade in trades for fill in taker_fills(trade, watched)] == list(fills)


@pytest.mark.parametrize("frame", [frame for _, frame in USER], ids=[name for name, _ in USER])
def test_documented_order_or_trade_means_the_same_when_told_again(frame: Fields) -> None:
    [event] = UserDecoder().decode(json.dumps(frame).encode())
    same_meaning(event, market())


@pytest.mark.parametrize("status", TRADE_STATUSES)
@pytest.mark.parametrize("prefix", ["", "TRADE_STATUS_"])
@pytest.mark.parametrize("time_name", ["match_time", "matchtime"])
def test_fills_of_a_trade_are_exact_on_either_side(
    status: str, prefix: str, time_name: str
) -> None:
    frame = variant("trade", status=prefix + status, match_time=...) | {time_name: "1790908667"}
    [trade] = UserDecoder().decode(json.dumps(frame).encode())
    assert isinstance(trade, TradeEvent)
    [taken] = taker_fills(trade, market())
    assert (taken.price_e4, taken.size_e6, taken.notional_micros) == (5_200, 50_750_000, 26_390_000)
    assert taken.ts_event_ms == 1_790_908_667_000
    [_, made] = maker_fills(trade, market(), "0b8f5a2e-0000-4000-8000-000000000002")
    assert (made.price_e4, made.size_e6, made.side.name) == (5_200, 20_250_000, "SELL")


# -- made up frames ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(FEED_TYPES))
@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_made_up_market_frames_keep_their_meaning(kind: str, data: st.DataObject) -> None:
    originals = data.draw(st.lists(frames(kind), min_size=1, max_size=2))
    events, news = Feed(market()).lossless(originals, data.draw(spellings(originals)))
    encoded = FeedEncoder(market()).encode(events, news)
    again = data.draw(spellings([to_json(frame) for frame in encoded]))
    feed = Feed(market())
    assert feed.decoder.decode(again, RECV_NS) == events
    assert FeedEncoder(market()).encode((), feed.decoder.take_news()) == (
        FeedEncoder(market()).encode((), news)
    )


@pytest.mark.parametrize("kind", sorted(USER_TYPES))
@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_made_up_user_frames_keep_their_meaning(kind: str, data: st.DataObject) -> None:
    originals = data.draw(st.lists(frames(kind), min_size=1, max_size=2))
    events = UserDecoder().decode(data.draw(spellings(originals)))
    assert [user_fields(event) for event in events] == [read_user(frame) for frame in originals]
    again = data.draw(spellings([to_json(user_fields(event)) for event in events]))
    assert [user_fields(event) for event in UserDecoder().decode(again)] == (
        [user_fields(event) for event in events]
    )


# -- what the simulator emits ------------------------------------------------------------------


async def _session(kit: Kit, pair: int) -> None:
    """Orders of every end on both tokens, a finer grid, a resolution and a new market."""
    yes, no = kit.token(pair), kit.token(pair, 1)
    for price_e4, shares in ((6_000, 10), (6_100, 20), (6_300, 7)):
        kit.rest(pair, "ask", price_e4, shares)
    order_id = kit.rest(pair, "bid", 5_500, 50)
    await kit.client.post(yes, "BUY", cash=12_100_000, shares=20_000_000, kind="FOK")
    await kit.client.post(no, "BUY", cash=4_500_000, shares=10_000_000, kind="FAK")
    await kit.client.post(yes, "BUY", cash=99_000_000, shares=100_000_000, kind="FOK")
    status, answer = await kit.client.post(yes, "BUY", cash=5_000_000, shares=10_000_000)
    assert status == 200
    kit.sim.cancel(kit.market(pair), order_id)
    await kit.client.call("DELETE", "/order", {"orderID": answer["orderID"]})
    await kit.clock.advance(10_000)
    await kit.admin("/_sim/polymarket/tick", {"market": kit.market(pair), "tick_e4": 10})
    await kit.admin("/_sim/polymarket/market", {"question": "Will it rain?"})
    await kit.set_status(pair, "resolved:1")


async def _raw(ws: ClientConnection) -> list[bytes]:
    """Every frame until the answer to a PING sent now."""
    await ws.send("PING")
    found: list[bytes] = []
    while (text := await ws.recv()) != "PONG":
        found.append(text.encode() if isinstance(text, str) else text)
    return found


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"match_time_name": "matchtime", "empty_trades": "list", "empty_top": "blank"},
        {
            "array_every": 2,
            "prefixes_trades": True,
            "prefixes_orders": True,
            "retrying_ppm": 500_000,
        },
    ],
)
@pytest.mark.parametrize("pair", [FREE, PLAIN])
async def test_frames_of_the_simulator_are_kept_too(pair: int, options: dict[str, Any]) -> None:
    async with running(**options) as kit, contextlib.AsyncExitStack() as stack:
        yes, no = kit.token(pair), kit.token(pair, 1)
        ws = await subscribe(kit, stack, yes, no, custom_feature_enabled=True)
        user = await kit.client.user_channel(stack)
        watched = market(kit.market(pair), yes, no)
        feed, decoder = Feed(watched), UserDecoder()
        await _session(kit, pair)
        kinds: set[str] = set()
        for raw in await _raw(ws):
            parsed = json.loads(raw)
            originals = parsed if isinstance(parsed, list) else [parsed]
            feed.lossless(originals, raw)
            kinds |= {frame["event_type"] for frame in originals}
        assert kinds == FEED_TYPES
        assert feed.decoder.counts.keys() <= {"mirror_book"}
        kinds.clear()
        for raw in await _raw(user):
            parsed = json.loads(raw)
            originals = parsed if isinstance(parsed, list) else [parsed]
            events = decoder.decode(raw)
            assert [user_fields(event) for event in events] == (
                [read_user(frame) for frame in originals]
            )
            for event in events:
                same_meaning(event, watched)
            kinds |= {frame["event_type"] for frame in originals}
        assert decoder.counts.keys() == kinds == USER_TYPES
