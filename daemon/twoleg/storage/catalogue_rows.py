"""The rows of the catalogue, and how they become what Postgres can hold."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from twoleg.core.market import Venue
from twoleg.storage.shipment import drop_nul

GROUP_KINDS: Final = ("series", "event")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS_MAX: Final = 253_402_300_799_000
"""The end of the year 9999, where Python's dates end; a later close counts as none."""


class StoredMarket(msgspec.Struct, frozen=True, kw_only=True):
    """A market as a crawl saw it last.

    `listing` is the JSON of a `KalshiListing` or `PolymarketListing`. `terms` is the JSON of the
    core's `Market` without title and rules, or `{"refused": code}` where the venue's terms cannot
    be traded safely. `tokens` maps each outcome's label to its token id, as the venue lists them.
    `native_id` is the ticker, or the condition id in lower case. `close_ts_ms` 0: none is known.
    """

    venue: Venue
    native_id: str
    event: str
    series: str
    status: str
    is_open: bool
    title: str
    rules: str
    listing: bytes
    terms: bytes
    rules_fingerprint: str
    content_hash: str
    tokens: dict[str, str] = {}
    shard: int = 0
    close_ts_ms: int = 0


class StoredGroup(msgspec.Struct, frozen=True, kw_only=True):
    """A series or an event; `facts` is JSON."""

    native_id: str
    facts: bytes


class StoredText(msgspec.Struct, frozen=True, kw_only=True):
    """One text of a market's history."""

    rules_fingerprint: str
    title: str
    rules: str
    first_seen_time: datetime


def to_columns(rows: Sequence[StoredMarket]) -> tuple[list[object], ...]:
    """The rows column by column, in the order of `upsert_catalogue_markets`."""
    return (
        [row.native_id for row in rows],
        [plain(row.event) for row in rows],
        [plain(row.series) for row in rows],
        [plain(row.status) for row in rows],
        [row.is_open for row in rows],
        [plain(row.title) for row in rows],
        [plain(row.rules) for row in rows],
        [drop_nul(row.listing).decode() for row in rows],
        [drop_nul(row.terms).decode() for row in rows],
        [_tokens_json(row.tokens) for row in rows],
        [row.shard for row in rows],
        [row.rules_fingerprint for row in rows],
        [row.content_hash for row in rows],
        [to_close_time(row.close_ts_ms) for row in rows],
    )


def read_row(row: Mapping[str, Any]) -> StoredMarket:
    """A row as `read_catalogue_market` selects it."""
    close_time: datetime | None = row["close_time"]
    return StoredMarket(
        venue=Venue(row["venue"]),
        native_id=row["native_id"],
        event=row["event"],
        series=row["series"],
        status=row["status"],
        is_open=row["is_open"],
        title=row["title"],
        rules=row["rules"],
        listing=row["listing"].encode(),
        terms=row["terms"].encode(),
        rules_fingerprint=row["rules_fingerprint"],
        content_hash=row["content_hash"],
        tokens=msgspec.json.decode(row["tokens"], type=dict[str, str]),
        shard=row["shard"],
        close_ts_ms=0 if close_time is None else (close_time - _EPOCH) // timedelta(milliseconds=1),
    )


def change_reason(old: Mapping[str, Any], new: StoredMarket) -> str:
    """Why no pair may rest on a market as it was; nothing if it can."""
    if old["rules_fingerprint"] != new.rules_fingerprint:
        return "rules_changed"
    if old["close_time"] != to_close_time(new.close_ts_ms):
        return "close_changed"
    if msgspec.json.decode(old["tokens"]) != msgspec.json.decode(_tokens_json(new.tokens)):
        return "token_changed"
    if old["shard"] != new.shard:
        return "shard_changed"
    return "gone" if old["is_open"] and not new.is_open else ""


def plain(text: str) -> str:
    """A text that Postgres takes: it stores no NUL; U+FFFD stands for it."""
    return text.replace("\0", "\ufffd")


def to_close_time(close_ts_ms: int) -> datetime | None:
    """A close as a timestamp; None where there is none."""
    if not 0 < close_ts_ms <= _MS_MAX:
        return None
    return _EPOCH + timedelta(milliseconds=close_ts_ms)


def _tokens_json(tokens: dict[str, str]) -> str:
    return drop_nul(msgspec.json.encode(tokens)).decode()
