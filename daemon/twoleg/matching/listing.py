"""The two typed inputs: a Kalshi market and a Polymarket market, as far as a card needs them.

Structured fields are optional, since old rows and other readers lack some; a card made without them
may be too poor to decide on, never wrong. Field names: Kalshi `GET /markets` and Gamma `GET
/markets` (docs.kalshi.com, docs.polymarket.com, read 2026-11-22).
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime

import msgspec

from twoleg.matching.dates import parse_instant

_TEXT_CHARS_MAX = 20_000
"""Longest single text kept of a listing."""

_SOURCES_MAX = 20
"""Most settlement sources read of an event."""

_LABELS_MAX = 8
"""Most outcome labels read; a binary market has two."""


class KalshiListing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A Kalshi market's texts and fields; strings are "" and numbers None where not published."""

    ticker: str
    title: str
    event_ticker: str = ""
    event_title: str = ""
    event_sub_title: str = ""
    subtitle: str = ""
    yes_sub_title: str = ""
    rules_primary: str = ""
    rules_secondary: str = ""
    sources: tuple[str, ...] = ()
    strike_type: str = ""
    floor_strike: float | None = None
    cap_strike: float | None = None
    close_time: str = ""
    occurrence_time: str = ""
    is_multi_leg: bool = False

    @property
    def market_id(self) -> str:
        """The ticker."""
        return self.ticker


class PolymarketListing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A Polymarket market's texts and fields; `outcomes[i]` is the label of `token_ids[i]`."""

    market_id: str
    question: str
    condition_id: str = ""
    slug: str = ""
    group_item_title: str = ""
    outcomes: tuple[str, ...] = ()
    token_ids: tuple[str, ...] = ()
    description: str = ""
    resolution_source: str = ""
    end_time: str = ""
    game_start_time: str = ""
    game_days: tuple[str, ...] = ()
    line: float | None = None
    sports_market_type: str = ""
    event_id: str = ""
    event_title: str = ""
    event_slug: str = ""
    is_other_outcome: bool = False


Listing = KalshiListing | PolymarketListing


def read_kalshi(
    row: Mapping[str, object], event: Mapping[str, object] | None = None
) -> KalshiListing:
    """A listing from a Kalshi market object and, if at hand, its event's; bad fields are absent."""
    event = event or {}
    ticker = _text(row, "ticker")
    return KalshiListing(
        ticker=ticker,
        title=_text(row, "title"),
        event_ticker=_text(row, "event_ticker"),
        event_title=_text(event, "title"),
        event_sub_title=_text(event, "sub_title"),
        subtitle=_text(row, "subtitle"),
        yes_sub_title=_text(row, "yes_sub_title"),
        rules_primary=_text(row, "rules_primary"),
        rules_secondary=_text(row, "rules_secondary"),
        sources=_sources(event.get("settlement_sources")),
        strike_type=_text(row, "strike_type"),
        floor_strike=_number(row, "floor_strike"),
        cap_strike=_number(row, "cap_strike"),
        close_time=_text(row, "close_time"),
        occurrence_time=_text(row, "occurrence_datetime"),
        is_multi_leg=bool(row.get("mve_collection_ticker") or row.get("mve_selected_legs"))
        or ticker.upper().startswith("KXMVE"),
    )


def read_polymarket(
    row: Mapping[str, object], event: Mapping[str, object] | None = None
) -> PolymarketListing:
    """A listing from a Gamma market object and, if at hand, its event's; bad fields are absent."""
    parents = row.get("events")
    if event is None and isinstance(parents, list) and parents and isinstance(parents[0], Mapping):
        event = parents[0]
    event = event or {}
    return PolymarketListing(
        market_id=_text(row, "id"),
        question=_text(row, "question"),
        condition_id=_text(row, "conditionId"),
        slug=_text(row, "slug"),
        group_item_title=_text(row, "groupItemTitle"),
        outcomes=_labels(row.get("outcomes")),
        token_ids=_labels(row.get("clobTokenIds")) or _labels(row.get("positionIds")),
        description=_text(row, "description"),
        resolution_source=_text(row, "resolutionSource"),
        end_time=_text(row, "endDate"),
        game_start_time=_text(row, "gameStartTime"),
        line=_number(row, "line"),
        sports_market_type=_text(row, "sportsMarketType"),
        event_id=_text(event, "id"),
        event_title=_text(event, "title"),
        event_slug=_text(event, "slug"),
        is_other_outcome=bool(row.get("negRiskOther")),
    )


def fingerprint(listing: Listing) -> str:
    """Hash of everything a card is made of: another text or field makes another card."""
    return hashlib.blake2b(msgspec.msgpack.encode(listing), digest_size=16).hexdigest()


def event_key(listing: Listing) -> str:
    """What a market shares with its siblings: the event's ticker, or the event's id or slug."""
    if isinstance(listing, KalshiListing):
        return listing.event_ticker or listing.ticker.rpartition("-")[0]
    return listing.event_id or listing.event_slug or listing.event_title


def starts_at(listing: Listing) -> datetime | None:
    """The instant a contest begins, where the venue publishes one."""
    raw = listing.occurrence_time if isinstance(listing, KalshiListing) else listing.game_start_time
    return parse_instant(raw)


def _text(row: Mapping[str, object], key: str) -> str:
    value = row.get(key)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value[:_TEXT_CHARS_MAX] if isinstance(value, str) else ""


def _number(row: Mapping[str, object], key: str) -> float | None:
    value = row.get(key)
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if not isinstance(value, int | float) or not abs(value) < 1e15:
        return None
    return float(value)


def _sources(value: object) -> tuple[str, ...]:
    """Names and addresses of Kalshi's settlement sources (a nullable list of objects)."""
    if not isinstance(value, list):
        return ()
    found = [item for item in value[:_SOURCES_MAX] if isinstance(item, Mapping)]
    return tuple(text for item in found for key in ("name", "url") if (text := _text(item, key)))


def _labels(value: object) -> tuple[str, ...]:
    """A list of strings; Gamma sends lists as JSON inside a string."""
    if isinstance(value, str):
        try:
            value = json.loads(value[:_TEXT_CHARS_MAX])
        except (ValueError, RecursionError):
            return ()
    if not isinstance(value, list | tuple) or len(value) > _LABELS_MAX:
        return ()
    return tuple(str(item) for item in value if isinstance(item, str | int))
