"""What can be chosen about the simulated Kalshi's keys, reads, lifecycle and WebSocket.

Most options stand for a point that the venue's documents leave open, so that a client can be shown
either behaviour.
"""

from typing import Literal

import msgspec

from twoleg.sim.base import CommonOptions


class KeyOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One more API key of an account, besides the one that every account has."""

    account: str = "default"
    # PEM text; None makes a key of `kind`, kept in key_dir if there is one.
    private_key: str | None = None
    kind: Literal["rsa", "ed25519"] = "ed25519"
    scopes: tuple[str, ...] = ("read", "write")
    # The only subaccount that the key may name; None does not restrict it.
    subaccount: int | None = None


class WireOptions(CommonOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of keys, reads, lifecycle and WebSocket. The defaults are what was last observed."""

    # -- keys --------------------------------------------------------------------------------------
    # Further keys by name.
    keys: dict[str, KeyOptions] = msgspec.field(default_factory=dict)
    # Unix second of the end of an account's location attestation, by account; see `GET /api_keys`.
    region_expiration_ts_s: dict[str, int] = msgspec.field(default_factory=dict)
    # Oldest and newest timestamp accepted. Undocumented; measured: 10 s either way accepted, 30 s
    # in the past refused, 30 s ahead accepted once (2026-06 to 2026-09).
    skew_past_ms_max: int = 20_000
    skew_future_ms_max: int = 30_000
    # The bodies of 403 are not documented.
    forbidden_shape: Literal["nested", "flat", "text"] = "nested"

    # -- reads -------------------------------------------------------------------------------------
    # Whether answers and frames still carry the fields that are deprecated since 2026-05.
    legacy_fields: bool = True
    # Whether /exchange/status lists every exchange instance; the list may be absent.
    lists_instances: bool = True
    # Status of /exchange/status while instance 0 is not active; the body stays the same.
    inactive_http_status: Literal[200, 500, 503, 504] = 200
    # Order of REST and snapshot levels: the docs page says one, the schema the other.
    best_level: Literal["last", "first"] = "last"
    # The code of a read of a market that does not exist; its body was never captured.
    unknown_market_code: Literal["market_not_found", "not_found"] = "market_not_found"
    # How long a market is 404 after its `created` event.
    market_lag_ms: int = 1_000

    # -- lifecycle and money -----------------------------------------------------------------------
    # What happens on Thursdays from 03:00 to 05:00 Eastern Time.
    maintenance: Literal["off", "trading_pause", "exchange_pause"] = "off"
    # Whether fee_waiver_expiration_time means that trades are free until then (not documented).
    waiver_is_free: bool = True
    # How long a transfer between instances stays pending.
    transfer_ms: int = 500
    # Whether a transfer is read inside an object of that name.
    transfer_envelope: bool = True

    # -- WebSocket ---------------------------------------------------------------------------------
    # Unit of NO levels for a subscriber that says nothing; announced to become true.
    yes_price_default: bool = False
    # Whether book frames carry `clock` (in the schema since 2026-10; live date unknown).
    has_clock: bool = True
    # Whether the server pings; on busy links none was seen.
    pings: bool = True
    # Whether permessage-deflate is agreed to when a client offers it (since 2026-09-24).
    deflate: bool = True
    # What a second subscribe to a channel does (open since error 6 was retired).
    resubscribe: Literal["new_sid", "extend"] = "new_sid"
    # What a reader loses that is slower than its buffer is long.
    overflow: Literal["subscriptions", "connection"] = "subscriptions"
    # Markets of one subscription, commands of one session; the real limit of markets is unknown.
    subscription_markets_max: int = 500_000
    commands_per_s_max: int = 10_000
