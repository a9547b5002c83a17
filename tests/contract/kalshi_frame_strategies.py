"""Frames made up from Kalshi's schema: any price on any grid, any size, text, order and spacing."""

import copy
import json
from decimal import Decimal
from typing import Any, Final

from hypothesis import strategies as st

from tests.contract.kalshi_frame_samples import FULL, MARKET_IDS, OPTIONAL, RFC_3339, Frame

texts = st.text(max_size=30)
words = st.text(alphabet="abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=20)
names = st.text(alphabet="abcdef0123456789-_", min_size=1, max_size=40)
extras = st.dictionaries(
    words.map("x_new_{}".format), st.one_of(st.none(), st.integers(), texts), max_size=2
)


def fixed(value: int, places: int) -> str:
    """An integer of 10^-places as the venue writes it."""
    return f"{Decimal(value).scaleb(-places):.{places}f}"


COARSE: Final = [fixed(cents * 100, 4) for cents in range(1, 100)]
FINE: Final = [fixed(price_e4, 4) for price_e4 in range(1, 10_000)]
prices = st.one_of(st.sampled_from(COARSE), st.sampled_from(FINE))
counts = st.integers(1, 10**12).map(lambda n: fixed(n, 2))
signed_counts = st.integers(-(10**12), 10**12).map(lambda n: fixed(n, 2))
money = st.integers(-(10**15), 10**15).map(lambda n: fixed(n, 6))
seconds = st.integers(1_600_000_000, 2_000_000_000)
levels = st.dictionaries(prices, counts, max_size=20).map(
    lambda side: [list(x) for x in side.items()]
)
_BY_NAME: Final[dict[str, st.SearchStrategy[Any]]] = {
    "market_ticker": st.sampled_from(sorted(MARKET_IDS)),
    "yes_dollars_fp": levels,
    "no_dollars_fp": levels,
    "delta_fp": signed_counts,
    "post_position_fp": signed_counts,
    "position_fp": signed_counts,
    "fee_cost": money,
    "realized_pnl_dollars": money,
    "side": st.sampled_from(["yes", "no"]),
    "clock": st.integers(1, 2**53),
    "exchange_index": st.integers(0, 9),
    "subaccount": st.integers(0, 63),
    "subaccount_number": st.integers(0, 63),
    "dollar_volume": st.integers(0, 2**53),
    "dollar_open_interest": st.integers(0, 2**53),
    "sid": st.integers(1, 2**40),
    "is_taker": st.booleans(),
    "is_block_trade": st.booleans(),
    "fee_multiplier_override": st.integers(0, 40).map(lambda n: n / 4),
    "code": st.integers(1, 99),
    "strike_date": seconds,
    "open_ts": seconds,
    "close_ts": seconds,
}
_BY_ENDING: Final[dict[str | tuple[str, ...], st.SearchStrategy[Any]]] = {
    ("cost_dollars", "fees_dollars", "pnl_dollars", "paid_dollars"): money,
    "_dollars": prices,
    "_fp": counts,
    "ts_ms": seconds.map(lambda s: s * 1_000 + 7),
    ("_id", "ticker"): names,
    ("status", "event_type", "channel"): words,
}
# Deprecated fields and mirrors: what they repeat is made up, so they go.
_REPEATING: Final = frozenset(
    {"taker_side", "is_yes", "purchased_side", "no_price_dollars", "ts", "time"}
    | {"created_time", "last_update_time", "expiration_time"}
)


def _field(kind: str, name: str) -> st.SearchStrategy[Any]:
    if name in _BY_NAME:
        return _BY_NAME[name]
    if name in {"market_tickers", "market_id", "price_ranges", "additional_metadata"}:
        return st.just(FULL[kind]["msg"][name])
    found = (strategy for end, strategy in _BY_ENDING.items() if name.endswith(end))
    return next(found, st.one_of(names, texts))


@st.composite
def frames(draw: st.DrawFn, kind: str) -> Frame:
    """A frame of a type: required fields, some of the others, all with made up values."""
    frame = copy.deepcopy(FULL[kind])
    for name in ("sid", "seq", "id", "sending_ts_ms"):
        if name in frame:
            frame[name] = draw(st.integers(1, 2**40))
    msg = frame.get("msg")
    if kind in {"ok", "unsubscribed"} or not isinstance(msg, dict):
        return frame
    optional = OPTIONAL.get(kind, ())
    made: Frame = {}
    for name in msg:
        if name in _REPEATING or (name in optional and draw(st.booleans())):
            continue
        made[name] = draw(_field(kind, name))
    frame["msg"] = _consistent(draw, kind, made)
    return frame


def _consistent(draw: st.DrawFn, kind: str, made: Frame) -> Frame:
    """What the schema promises between fields."""
    outcome = draw(st.sampled_from(["yes", "no"]))
    if kind in {"fill", "user_order"}:
        # Without any side a fill would be a guess.
        sides = {"outcome_side": outcome, "book_side": "bid" if outcome == "yes" else "ask"}
        if kind == "fill" or "side" in made:
            made |= sides | {"side": outcome}
        else:
            made = {name: value for name, value in made.items() if name not in sides} | sides
    if "market_id" in made:
        made["market_id"] = MARKET_IDS[made["market_ticker"]]
    if kind == "orderbook_delta" and "ts_ms" not in made:
        made["ts"] = RFC_3339
    if kind in {"fill", "trade", "ticker"} and "ts_ms" not in made:
        made["ts"] = draw(seconds)
    return made


@st.composite
def spellings(draw: st.DrawFn, frame: Frame) -> bytes:
    """The same frame with strange fields, in another order and spacing."""
    msg = frame.get("msg")
    if isinstance(msg, dict):
        frame = {**frame, "msg": _shuffled(draw, {**draw(extras), **msg})}
    shuffled = _shuffled(draw, {**draw(extras), **frame})
    indent = draw(st.sampled_from([None, 0, 2, "\t"]))
    is_ascii = draw(st.booleans())
    end = draw(st.sampled_from(["", "\n", " \r\n"]))
    return (json.dumps(shuffled, indent=indent, ensure_ascii=is_ascii) + end).encode()


def _shuffled(draw: st.DrawFn, fields: Frame) -> Frame:
    return dict(draw(st.permutations(list(fields.items()))))
