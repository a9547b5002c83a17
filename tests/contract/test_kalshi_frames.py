"""Every documented frame of Kalshi, decoded and written again from what the client made of it."""

import asyncio
import json
import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.kalshi_frame_encoder import (
    DROPPED,
    NEVER_DROPPED,
    Codec,
    Fields,
    read,
    write,
)
from tests.contract.kalshi_frame_samples import FULL, MARKET_IDS, SENT_MS, TICKER, corpus, variant
from tests.contract.kalshi_frame_strategies import frames, spellings
from tests.unit.sim.kalshi_client import Harness, Socket, running
from twoleg.core.events import SequenceSeen
from twoleg.errors import MalformedMessage
from twoleg.venues.kalshi.pushes import FillSeen
from twoleg.venues.kalshi.sinks import PushSinks
from twoleg.venues.kalshi.wire import KNOWN_TYPES, Decoded, Ignored

RECV_MS: Final = SENT_MS + 20
CORPUS: Final = list(corpus())
UNASKED: Final = {
    "order_group_updates": "groups are read by REST when they are used",
    "multivariate_market_lifecycle": "combinations are not traded",
    "rfq_created": "communications are for block trades",
    "cfbenchmarks_value": "values of an index, not of a market",
    "pyth_value": "values of an index, not of a market",
}
"""Types of channels that are never subscribed, and why."""


def lossless(frame: Fields, codec: Codec, raw: bytes | None = None) -> Decoded:
    """Assert that a frame can be written again but for what may be dropped; its decoded value."""
    decoded = codec.decode(raw or json.dumps(frame).encode(), RECV_MS)
    told, derived = codec.encode(decoded, RECV_MS)
    may_go = DROPPED.get(frame["type"], {})
    original = {path: value for path, value in read(frame).items() if path not in may_go}
    said = {path: value for path, value in original.items() if path in told or path not in derived}
    assert told == said
    assert {path: derived[path] for path in original.keys() - said.keys()} == {
        path: original[path] for path in original.keys() - said.keys()
    }
    return decoded


@pytest.mark.parametrize("frame", [frame for _, frame in CORPUS], ids=[name for name, _ in CORPUS])
def test_documented_frame_is_kept_field_by_field(frame: Fields) -> None:
    codec = Codec(MARKET_IDS)
    decoded = lossless(frame, codec)
    kind = type(decoded)
    assert msgspec.json.decode(msgspec.json.encode(decoded), type=kind) == decoded
    if not isinstance(decoded, SequenceSeen | Ignored):
        told, _ = codec.encode(decoded, RECV_MS)
        assert codec.decode(write(told), RECV_MS) == decoded


def test_corpus_has_every_type_that_is_read() -> None:
    assert set(FULL) == KNOWN_TYPES


def test_nothing_of_worth_may_be_dropped() -> None:
    for kind, fields in DROPPED.items():
        for path, reason in fields.items():
            assert not NEVER_DROPPED.search(path.rpartition(".")[2]), path
            assert len(reason.split()) > 3
        # Where frames are numbered, so is what they are numbered by.
        assert "seq" not in FULL[kind] or "sid" not in fields


@pytest.mark.parametrize(
    ("kind", "path"), [(kind, path) for kind, paths in DROPPED.items() for path in paths]
)
def test_what_may_be_dropped_is_sent_and_still_dropped(kind: str, path: str) -> None:
    codec = Codec(MARKET_IDS)
    told, derived = codec.encode(codec.decode(json.dumps(FULL[kind]).encode(), RECV_MS), RECV_MS)
    assert path in read(FULL[kind])
    assert path not in told
    assert path not in derived


@pytest.mark.parametrize("kind", UNASKED)
def test_channel_that_nobody_asks_for_only_consumes_its_numbers(kind: str) -> None:
    def sink(_: Any) -> None: ...

    sinks = PushSinks(
        **dict.fromkeys(
            ("on_order", "on_position", "on_trade", "on_ticker", "on_fill_seen", "on_lifecycle"),
            sink,
        )
    )
    assert kind not in sinks.channels()
    frame = {"type": kind, "sid": 9, "seq": 4, "msg": {"order_group_id": "og_7"}}
    codec = Codec(MARKET_IDS)
    seen = codec.decode(json.dumps(frame).encode(), RECV_MS)
    assert isinstance(seen, SequenceSeen)
    assert (seen.sid, seen.seq) == (9, 4)
    unnumbered = {"type": kind, "sid": 9, "msg": {}}
    assert codec.decode(json.dumps(unnumbered).encode(), RECV_MS) == Ignored(kind, is_unknown=True)


@pytest.mark.parametrize("end", ["\n", "\r\n", " \n\n", ""])
def test_frame_may_end_with_line_ends(end: str) -> None:
    frame = FULL["orderbook_delta"]
    lossless(frame, Codec(MARKET_IDS), (json.dumps(frame, indent=1) + end).encode())


@pytest.mark.parametrize("raw", [b"", b"\n", b" \r\n"])
def test_blank_frame_is_none(raw: bytes) -> None:
    assert Codec(MARKET_IDS).decode(raw, RECV_MS) == Ignored("blank")


@pytest.mark.parametrize("kind", ["orderbook_snapshot", "orderbook_delta"])
def test_book_of_another_market_only_consumes_its_number(kind: str) -> None:
    frame = variant(kind, market_ticker="KXFOREIGN-26")
    seen = Codec(MARKET_IDS).decode(json.dumps(frame).encode(), RECV_MS)
    assert isinstance(seen, SequenceSeen)
    assert (seen.sid, seen.seq) == (frame["sid"], frame["seq"])


def test_fill_on_no_side_is_not_guessed() -> None:
    frame = variant("fill", book_side=..., outcome_side=...)
    with pytest.raises(MalformedMessage, match="side"):
        Codec(MARKET_IDS).decode(json.dumps(frame).encode(), RECV_MS)


def test_money_of_a_fill_is_exact() -> None:
    seen = lossless(FULL["fill"], Codec(MARKET_IDS))
    assert isinstance(seen, FillSeen)
    assert (seen.fill.notional_micros, seen.fill.fee_micros) == (10_750_000, 429_001)
    assert Decimal(seen.fill.size_e6).scaleb(-6) == 25


def _documented() -> Iterator[tuple[str, Fields]]:
    """The venue's own examples, if they are at hand."""
    root = Path(__file__).parents[2]
    folder = Path(os.environ.get("TWOLEG_SHARED", root.parent / "shared" / "data"))
    for path in sorted(folder.glob("kalshi/*/asyncapi_examples.json")):
        for examples in json.loads(path.read_text("utf-8")).values():
            for example in examples:
                payload = example["payload"]
                if isinstance(payload, dict) and payload.get("type") in KNOWN_TYPES:
                    yield example["name"], payload


DOCUMENTED: Final = list(_documented())


@pytest.mark.parametrize(
    "frame",
    [frame for _, frame in DOCUMENTED] or [FULL["fill"]],
    ids=[name for name, _ in DOCUMENTED] or ["own"],
)
def test_examples_of_the_venue_are_kept_too(frame: Fields) -> None:
    msg = frame.get("msg")
    inner = msg if isinstance(msg, dict) else {}
    market_id = inner.get("market_id", MARKET_IDS[TICKER])
    decoded = lossless(frame, Codec({inner.get("market_ticker", TICKER): market_id}))
    assert not isinstance(decoded, Ignored) or not decoded.is_unknown


@pytest.mark.parametrize("kind", sorted(FULL))
@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_made_up_frame_keeps_its_meaning(kind: str, data: st.DataObject) -> None:
    codec = Codec(MARKET_IDS)
    frame = data.draw(frames(kind))
    decoded = lossless(frame, codec, data.draw(spellings(frame)))
    if not isinstance(decoded, SequenceSeen | Ignored):
        told, derived = codec.encode(decoded, RECV_MS)
        again = data.draw(spellings(json.loads(write(told))))
        assert codec.decode(again, RECV_MS) == decoded
        assert codec.encode(decoded, RECV_MS) == (told, derived)


# -- what the simulator emits ------------------------------------------------------------------

ASKED: Final = (
    *("orderbook_delta", "ticker", "trade", "fill", "user_orders", "market_positions"),
    "market_lifecycle_v2",
)


async def _session(kalshi: Harness, socket: Socket) -> None:
    """Books, orders of every end, and a market's whole life."""
    await socket.send(
        "subscribe",
        channels=["orderbook_delta", "ticker", "trade"],
        market_tickers=[kalshi.ticker, kalshi.crypto],
        use_yes_price=True,
    )
    await socket.send("subscribe", channels=[*ASKED[3:], "nonsense"])
    await socket.send("subscribe", channels=list(ASKED[3:]))
    for price_e4, contracts in ((4_000, 10), (4_100, 20), (4_300, 7)):
        await kalshi.rest("ask", price_e4, contracts)
    await kalshi.rest("bid", 3_500, 11)
    await kalshi.create("bid", "0.4100", "12.50")
    await kalshi.create("ask", "0.3500", "3.25", client_order_id="a-1")
    await kalshi.create("bid", "0.0100", "1.00", time_in_force="fill_or_kill")
    order_id = await kalshi.place("bid", "0.3800", "4.00", client_order_id="a-2")
    await kalshi.amend(order_id, price="0.3900", count="5.00")
    await kalshi.decrease(order_id, reduce_by="1.00", market_ticker=kalshi.ticker)
    path = f"/portfolio/events/orders/{order_id}"
    await kalshi.call("DELETE", path, params={"market_ticker": kalshi.ticker})
    await socket.send(
        "update_subscription", sid=1, action="get_snapshot", market_tickers=[kalshi.ticker]
    )
    await kalshi.admin("POST", "markets", ticker="KXNEW-26-A", title="Will it?")
    await kalshi.admin("POST", "fees", market=kalshi.ticker, of="event", fee_multiplier_e4=5_000)
    for status in ("inactive", "active"):
        await kalshi.admin("POST", "market", market=kalshi.ticker, status=status)
    await socket.send("unsubscribe", sids=[1])


@pytest.mark.parametrize("options", [{}, {"legacy_fields": False}])
async def test_frames_of_the_simulator_are_kept_too(options: Any) -> None:
    async with running(**options) as kalshi, kalshi.socket() as socket:
        codec = Codec({name: market.market_id for name, market in kalshi.sim.markets.items()})
        await _session(kalshi, socket)
        last = await socket.send("list_subscriptions")
        kinds: set[str] = set()
        while True:
            text = await asyncio.wait_for(socket.ws.receive_str(), 5)
            frame = json.loads(text)
            decoded = lossless(frame, codec, text.encode())
            assert not isinstance(decoded, Ignored) or not decoded.is_unknown
            kinds.add(frame["type"])
            if frame.get("id") == last:
                break
    assert kinds == KNOWN_TYPES
