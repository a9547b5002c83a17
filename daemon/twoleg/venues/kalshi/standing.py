"""How we stand with Kalshi: whether it takes orders, and what our key may do. Pure."""

from collections.abc import Mapping
from typing import Final

import msgspec

from twoleg.venues.kalshi.exchange import ExchangeStatus, Pause, Schedule, pauses
from twoleg.venues.kalshi.numbers import parse_time_ms

TRADING_SCOPES: Final = ("read", "write::trade")
"""What trading needs; money between shards also needs `write::transfer` (docs, api keys, 2026)."""
PAUSE_CODES: Final = (
    "trading_is_paused",
    "exchange_is_paused",
    # As FIX spells them (docs, fix/order-entry), should REST do so too.
    "trading_paused",
    "exchange_paused",
)
"""Refusals (HTTP 409) that mean: wait for the venue, do not retry."""


class KalshiStanding(msgspec.Struct, frozen=True, kw_only=True):
    """Which shards take orders, and until when the others do not.

    `until_ms` is the venue's own estimate, or the end of the pause by the schedule; 0: not told.
    `maintenance` is the present or next pause by the schedule, None if none is known.
    """

    shards: tuple[tuple[int, bool], ...]
    until_ms: int = 0
    maintenance: Pause | None = None

    def takes_orders(self, shard: int) -> bool:
        """Whether orders on a shard have a chance; one that was not told of does as shard 0."""
        known = dict(self.shards)
        return known.get(shard, known.get(0, False))

    def is_paused(self) -> bool:
        """Whether any shard takes no orders."""
        return not all(is_open for _, is_open in self.shards)

    def why_closed(self, shard: int) -> str:
        """Words for the status line, "" while the shard takes orders."""
        if self.takes_orders(shard):
            return ""
        return f"shard {shard} takes no orders"


def judge_standing(
    status: ExchangeStatus,
    schedule: Schedule | None,
    *,
    now_ms: int,
    refused_until_ms: Mapping[int, int],
) -> KalshiStanding:
    """Put together what the venue says of itself, its hours, and the refusals of our orders.

    `refused_until_ms` tells for each shard until when a refusal as paused is taken to hold. The
    schedule alone closes nothing: a pause may be cut short. Raises MalformedMessage.
    """
    shards = status.shards()
    held = [(shard, until_ms) for shard, until_ms in refused_until_ms.items() if until_ms > now_ms]
    for shard, _ in held:
        shards[shard] = False
    known = pauses(schedule, now_ms) if schedule is not None else ()
    maintenance = known[0] if known else None
    until_ms = 0
    if not all(shards.values()):
        until_ms = parse_time_ms(status.exchange_estimated_resume_time or "")
        if not until_ms and maintenance is not None and maintenance.start_ms <= now_ms:
            until_ms = maintenance.end_ms
        if not until_ms and held:
            until_ms = max(until for _, until in held)
    return KalshiStanding(
        shards=tuple(sorted(shards.items())), until_ms=until_ms, maintenance=maintenance
    )


class ApiKeyRow(msgspec.Struct, frozen=True):
    """One key as `GET /api_keys` lists it."""

    api_key_id: str
    name: str = ""
    scopes: list[str] | None = None
    subaccount: int | None = None


class ApiKeysBody(msgspec.Struct, frozen=True):
    """`GET /api_keys`; the expiry is of the location attestation, Unix s."""

    api_keys: list[ApiKeyRow] | None = None
    api_key_region_expiration_ts: int | None = None


class KeyStanding(msgspec.Struct, frozen=True, kw_only=True):
    """What our key may do. `is_listed` False: the venue does not list it, nothing else is known.

    After `region_expires_ms` (0: never told) keys cannot trade sports, elections and
    entertainment until the location is attested again in the app (changelog, 2026-08-16).
    """

    is_listed: bool
    scopes: tuple[str, ...] = ()
    missing: tuple[str, ...] = TRADING_SCOPES
    subaccount: int | None = None
    region_expires_ms: int = 0

    @property
    def can_trade(self) -> bool:
        """Whether nothing that trading needs is missing."""
        return not self.missing

    def is_region_expired(self, now_ms: int) -> bool:
        """Whether the location must be attested again."""
        return 0 < self.region_expires_ms <= now_ms


def judge_key(body: ApiKeysBody, key_id: str) -> KeyStanding:
    """What the key of this id may do; a parent scope includes its children."""
    expires_ms = (body.api_key_region_expiration_ts or 0) * 1_000
    row = next((row for row in body.api_keys or () if row.api_key_id == key_id), None)
    if row is None:
        return KeyStanding(is_listed=False, region_expires_ms=expires_ms)
    scopes = tuple(row.scopes or ())
    missing = tuple(
        scope
        for scope in TRADING_SCOPES
        if scope not in scopes and scope.partition("::")[0] not in scopes
    )
    return KeyStanding(
        is_listed=True,
        scopes=scopes,
        missing=missing,
        subaccount=row.subaccount,
        region_expires_ms=expires_ms,
    )
