"""Every documented frame of Kalshi, decoded and written again from what the client made of it."""

import json
import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from tests.contract.kalshi_frame_encoder import (
    DROPPED,
    NEVER_DROPPED,
    Codec,
    Fields,
    read,
    write,
)
from tests.contract.kalshi_frame_samples import FULL, MARKET_IDS, SENT_MS, TICKER, corpus, variant
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
