"""Frames made up from Polymarket's schema: any price on any grid, size, text, order and spacing."""

import copy
import json
from decimal import Decimal
from typing import Any, Final

from hypothesis import strategies as st

from tests.contract.polymarket_frame_samples import FULL, NO, REQUIRED, YES, Frame, change

TICKS_E4: Final = (1, 10, 25, 50, 100, 1_000)
texts = st.text(max_size=30)
names = st.text(alphabet="abcdef0123456789-", min_size=1, max_size=40)
extras = st.dictionaries(
    names.map("x_new_{}".format), st.one_of(st.none(), st.integers(), texts), max_size=2
)


def short(value: int, places: int) -> str:
    """An integer of 10^-places as the venue writes it: no zeros at the end."""
    text = f"{Decimal(value).scaleb(-places):.{places}f}"
    return text.rstrip("0").rstrip(".")


COARSE: Final = [short(cents * 100, 4) for cents in range(1, 100)]
FINE: Final = [short(price_e4, 4) for price_e4 in range(1, 10_000)]
prices = st.one_of(st.sampled_from(COARSE), st.sampled_from(FINE))
sizes = st.integers(0, 10**15).map(lambda n: short(n, 6))
real_sizes = st.integers(1, 10**15).map(lambda n: short(n, 6))
times = st.integers(1_600_000_000, 2_000_000_000)
sides = st.sampled_from(["BUY", "SELL"])
tokens = st.sampled_from([YES, NO])
levels = st.dictionaries(prices, real_sizes, max_size=5).map(
    lambda side: [{"price": price, "size": size} for price, size in side.items()]
)
_BY_NAME: Final[dict[str, st.SearchStrategy[Any]]] = {
    "bids": levels,
    "asks": levels,
    "asset_id": tokens,
    "side": sides,
    "size": real_sizes,
    "original_size": sizes,
    "size_matched": sizes,
    "matched_amount": real_sizes,
    "outcome_index": st.integers(0, 1),
    "bucket_index": st.one_of(st.integers(0, 9), st.sampled_from(["0", "7"])),
    "active": st.booleans(),
    "fees_enabled": st.booleans(),
    "tick_size": st.sampled_from([short(tick, 4) for tick in TICKS_E4]),
    "new_tick_size": st.sampled_from([short(tick, 4) for tick in TICKS_E4]),
    "line": st.one_of(st.just(""), real_sizes),
    "taker_base_fee": st.one_of(st.integers(0, 1_000), st.sampled_from(["0", "1000"])),
}
_BY_ENDING: Final[dict[tuple[str, ...], st.SearchStrategy[Any]]] = {
    ("tags", "outcomes", "_ids", "_trades"): st.lists(texts, max_size=4),
    ("timestamp",): times.map(lambda s: s * 1_000 + 7).flatmap(
        lambda ms: st.sampled_from([ms, str(ms)])
    ),
    ("match_time", "last_update", "created_at", "expiration"): times.flatmap(
        lambda s: st.sampled_from([s, str(s)])
    ),
    ("last_trade_price",): real_sizes,
    ("price", "_bid", "_ask", "spread", "tick_size"): prices,
    ("id", "hash", "owner", "status"): names,
}


def _field(kind: str, name: str) -> st.SearchStrategy[Any]:
    if kind == "book" and name == "asset_id":
        return st.just(YES)
    if name in _BY_NAME:
        return _BY_NAME[name]
    if name in {"market", "fee_schedule", "event_message"}:
        return st.just(FULL[kind].get(name))
    found = (strategy for ends, strategy in _BY_ENDING.items() if name.endswith(ends))
    return next(found, st.one_of(names, texts))


@st.composite
def frames(draw: st.DrawFn, kind: str) -> Frame:
    """A frame of a type: required fields, some of the others, all with made up values."""
    if kind == "price_change":
        return draw(_changes())
    made: Frame = {"event_type": kind}
    for name in FULL[kind]:
        if name == "event_type" or (name not in REQUIRED[kind] and draw(st.booleans())):
            continue
        made[name] = draw(_makers()) if name == "maker_orders" else draw(_field(kind, name))
    if kind == "trade":
        made["status"] = draw(st.sampled_from(["MATCHED", "MINED", "TRADE_STATUS_CONFIRMED", "X"]))
    return made


@st.composite
def _makers(draw: st.DrawFn) -> list[Frame]:
    makers: list[Frame] = []
    for maker in FULL["trade"]["maker_orders"][: draw(st.integers(0, 2))]:
        names_ = [name for name in maker if name in REQUIRED["trade"] or draw(st.booleans())]
        makers.append({name: draw(_field("trade", name)) for name in names_})
    return makers


@st.composite
def _changes(draw: st.DrawFn) -> Frame:
    top = {"bid": draw(st.sampled_from(["", "0", "0.1"])), "ask": draw(prices)}
    frame: Frame = copy.deepcopy(FULL["price_change"]) | {"price_changes": []}
    for price in draw(st.lists(prices, min_size=1, max_size=3, unique=True)):
        one = change(price, draw(sizes), draw(sides), **top)
        frame["price_changes"] += one["price_changes"]
    ours = draw(names)
    for entry in frame["price_changes"]:
        entry["hash"] = ours if entry["asset_id"] == YES else draw(names)
    return frame


@st.composite
def spellings(draw: st.DrawFn, frames_: list[Frame]) -> bytes:
    """The same frames with strange fields, in another order of fields and spacing."""
    shuffled = [_shuffled(draw, frame) for frame in frames_]
    is_alone = len(shuffled) == 1 and draw(st.booleans())
    indent = draw(st.sampled_from([None, 0, 2, "\t"]))
    whole = shuffled[0] if is_alone else shuffled
    text = json.dumps(whole, indent=indent, ensure_ascii=draw(st.booleans()))
    return text.encode() + draw(st.sampled_from([b"", b"\n", b" \r\n"]))


def _shuffled(draw: st.DrawFn, fields: Frame) -> Frame:
    nested = {
        name: [_shuffled(draw, item) if isinstance(item, dict) else item for item in value]
        if name in {"price_changes", "maker_orders"} and value
        else value
        for name, value in fields.items()
    }
    return dict(draw(st.permutations(list({**draw(extras), **nested}.items()))))
