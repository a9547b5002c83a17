"""The settings: one frozen object, one struct per section, operator units in every key.

A field's annotation carries its kind (range, step), and marks: `AUTO` may be written `"auto"`,
`RESTART` takes effect only at a restart, `FromEnvironment` is never read from a file.
"""

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Final

import msgspec

from twoleg.core.gap import GapLimits
from twoleg.core.limits import BreakerLimits, Limits
from twoleg.core.units import CENT_MICROS, LOT_E6, ONE_DOLLAR_MICROS
from twoleg.settings.kinds import (
    Choice,
    Curve,
    Exact,
    Flag,
    FromEnvironment,
    Hidden,
    Ladder,
    Mark,
    Place,
    Text,
    Url,
    Whole,
    WholeOf,
    scaled,
)
from twoleg.settings.secret import Secret
from twoleg.settings.words import (
    Environment,
    LogFormat,
    LogLevel,
    MemberType,
    Mode,
    PairingPolicy,
    SelfTrade,
    Sync,
)

AUTO: Final = Mark.AUTO
RESTART: Final = Mark.RESTART
LOTS_PER_CONTRACT: Final = 100
PRICE_E4_PER_CENT: Final = 100
E4_PER_PERCENT: Final = 100
MS_PER_SECOND: Final = 1_000
NS_PER_SECOND: Final = 1_000_000_000

EDGE_CENTS: Final = Exact(Decimal(0), Decimal(100), CENT_MICROS)
GAP_CENTS: Final = Exact(Decimal(0), Decimal(100), PRICE_E4_PER_CENT)
PRICE_CENTS: Final = Exact(Decimal("0.01"), Decimal("99.99"), PRICE_E4_PER_CENT)
CONTRACTS: Final = Exact(Decimal("0.01"), Decimal(1_000_000), LOTS_PER_CONTRACT)
DOLLARS: Final = Exact(Decimal(0), Decimal(10_000_000), ONE_DOLLAR_MICROS)
PERCENT: Final = Exact(Decimal("0.01"), Decimal(100), E4_PER_PERCENT)
COVER: Final = Exact(Decimal(0), Decimal(1_000), E4_PER_PERCENT)
EDGE_PERCENT: Final = Exact(Decimal(0), Decimal(100), CENT_MICROS)
YIELD: Final = Exact(Decimal(0), Decimal(1_000), E4_PER_PERCENT)
CONTRACTS_OFF: Final = Exact(Decimal(0), Decimal(1_000_000), LOTS_PER_CONTRACT)
LEAD_SECONDS: Final = Exact(Decimal(0), Decimal(86_400), MS_PER_SECOND)
SECONDS: Final = Exact(Decimal("0.001"), Decimal(86_400), MS_PER_SECOND)
ORDER_TIMEOUT_MS: Final = Whole(100, 60_000)
SILENCE_MS: Final = Whole(1_000, 300_000)
TOKENS: Final = Whole(1, 100_000)
RESERVE_TOKENS: Final = Whole(0, 100_000)
HTTP: Final = Url(("http", "https"))
WEBSOCKET: Final = Url(("ws", "wss"))
ADDRESS: Final = Text(r"0x[0-9a-fA-F]{40}|", "an address: 0x and 40 hex digits")


class DaemonSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Who the daemon is and where its state lies."""

    mode: Annotated[Mode, Choice(Mode), RESTART] = Mode.PAPER
    environment: Annotated[Environment, Choice(Environment), RESTART] = Environment.PRODUCTION
    state_dir: Annotated[Path, Place(is_absolute=True), AUTO, RESTART] = Path("/var/lib/twoleg")
    member: Annotated[
        str,
        Text(r"[a-z0-9][a-z0-9-]{0,31}", "1 to 32 of a-z, 0-9 and -, not starting with -"),
        RESTART,
    ] = "main"


class TradingSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of the engine in operator units; cents are per contract."""

    live: Annotated[bool, Flag(), RESTART] = False
    edge_cents_min: Annotated[Decimal, EDGE_CENTS] = Decimal("0.5")
    edge_cents_max: Annotated[Decimal, EDGE_CENTS] = Decimal(15)
    size_contracts_max: Annotated[Decimal, CONTRACTS] = Decimal(100)
    position_contracts_max: Annotated[Decimal, CONTRACTS] = Decimal(500)
    depth_share_percent_max: Annotated[Decimal, PERCENT] = Decimal(50)
    unhedged_dollars_max: Annotated[Decimal, DOLLARS] = Decimal(100)
    cash_reserve_dollars: Annotated[Decimal, DOLLARS] = Decimal(5)
    executions_max: Annotated[int, Whole(1, 64)] = 4
    feed_lag_ms_max: Annotated[int, Whole(1, 60_000)] = 1_000
    price_cents_min: Annotated[Decimal, PRICE_CENTS] = Decimal(2)
    price_cents_max: Annotated[Decimal, PRICE_CENTS] = Decimal(98)
    fill_curve_percent: Annotated[tuple[tuple[Decimal, Decimal], ...], Curve()] = (
        (Decimal(10), Decimal(79)),
        (Decimal(25), Decimal(63)),
        (Decimal(50), Decimal(57)),
        (Decimal(66), Decimal(49)),
    )
    unwind_loss_cents: Annotated[Decimal, EDGE_CENTS] = Decimal("2.53")
    rollback_loss_cents_max: Annotated[Decimal, EDGE_CENTS] = Decimal(10)
    rollback_attempts_max: Annotated[int, Whole(1, 100)] = 8
    rollback_retry_ms: Annotated[int, Whole(10, 60_000)] = 250
    hold_ms_max: Annotated[int, Whole(1_000, 86_400_000)] = 60_000
    reconcile_seconds: Annotated[int, Whole(5, 86_400)] = 60
    rollback_ladder_cents_ms: Annotated[tuple[tuple[Decimal, int], ...], Ladder()] = (
        (Decimal(0), 250),
        (Decimal("0.5"), 500),
        (Decimal(1), 1_000),
        (Decimal(2), 2_000),
    )
    feed_skew_ms_max: Annotated[int, Whole(1, 60_000)] = 750
    edge_stable_ms: Annotated[int, Whole(0, 60_000)] = 50
    exit_depth_percent_min: Annotated[Decimal, COVER] = Decimal(100)
    close_seconds_min: Annotated[Decimal, LEAD_SECONDS] = Decimal(120)
    hurdle_percent_per_year: Annotated[Decimal, YIELD] = Decimal(5)
    exit_gain_cents_min: Annotated[Decimal, EDGE_CENTS] = Decimal("0.5")
    prior_tries: Annotated[int, Whole(1, 100_000)] = 20
    second_fill_percent: Annotated[Decimal, PERCENT] = Decimal("63.3")
    poll_ms_max: Annotated[int, Whole(1_000, 3_600_000)] = 30_000


class BreakerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """When the breaker opens, and for how long."""

    failures_max: Annotated[int, Whole(1, 1_000)] = 5
    open_seconds: Annotated[Decimal, SECONDS] = Decimal(60)
    loss_dollars_max: Annotated[Decimal, DOLLARS] = Decimal(50)
    unwind_rate_percent_max: Annotated[Decimal, PERCENT] = Decimal(50)
    void_rate_percent_max: Annotated[Decimal, PERCENT] = Decimal(20)
    rate_window: Annotated[int, Whole(1, 10_000)] = 20
    fee_micros_tolerance: Annotated[int, Whole(0, 1_000_000)] = 10
    difference_dollars_max: Annotated[Decimal, DOLLARS] = Decimal("0.1")
    difference_contracts_max: Annotated[Decimal, CONTRACTS_OFF] = Decimal(1)
    journal_stall_ms_max: Annotated[int, Whole(10, 60_000)] = 2_000
    clock_skew_ms_max: Annotated[int, Whole(100, 60_000)] = 1_000


class KalshiSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The Kalshi account and how it is talked to.

    Empty URLs: the simulator's, told at start; it may have no second front door (`…_2`).
    """

    key_id: Annotated[
        str,
        Text(r"[A-Za-z0-9-]{8,64}|", "a key id, such as 8-4-4-4-12 hex digits"),
        FromEnvironment("KALSHI_API_KEY_ID"),
        RESTART,
    ] = ""
    private_key_path: Annotated[
        Path | None, Place(), FromEnvironment("KALSHI_PRIVATE_KEY_PATH"), RESTART
    ] = None
    private_key: Annotated[
        Secret,
        Hidden(r"-----BEGIN .*-----END .*|", "a private key in PEM form"),
        FromEnvironment("KALSHI_PRIVATE_KEY"),
        RESTART,
    ] = Secret()
    rest_url: Annotated[str, HTTP, AUTO, RESTART] = ""
    rest_url_2: Annotated[str, HTTP, AUTO, RESTART] = ""
    ws_url: Annotated[str, WEBSOCKET, AUTO, RESTART] = ""
    ws_url_2: Annotated[str, WEBSOCKET, AUTO, RESTART] = ""
    member_type: Annotated[MemberType, Choice(MemberType), RESTART] = MemberType.DIRECT
    order_timeout_ms: Annotated[int, ORDER_TIMEOUT_MS] = 5_000
    silence_ms_max: Annotated[int, SILENCE_MS] = 30_000
    lag_ms_max: Annotated[int, Whole(100, 300_000)] = 10_000
    connections: Annotated[int, Whole(1, 3), RESTART] = 1
    self_trade_prevention: Annotated[SelfTrade, Choice(SelfTrade)] = SelfTrade.TAKER_AT_CROSS
    cancel_order_on_pause: Annotated[bool, Flag()] = False
    write_tokens_per_second: Annotated[int, TOKENS] = 100
    rollback_tokens_reserve: Annotated[int, RESERVE_TOKENS] = 40


class PolymarketSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The Polymarket account and how it is talked to.

    Empty URLs: as on Kalshi; without `geoblock_url` nobody is asked where we trade from.
    """

    private_key: Annotated[
        Secret,
        Hidden(r"(0x)?[0-9a-fA-F]{64}|", "a private key: 64 hex digits, with or without 0x"),
        FromEnvironment("POLYMARKET_PRIVATE_KEY"),
        RESTART,
    ] = Secret()
    funder: Annotated[str, ADDRESS, FromEnvironment("POLYMARKET_FUNDER"), RESTART] = ""
    api_key: Annotated[
        Secret,
        Hidden(r"[A-Za-z0-9-]{8,64}|", "an API key, a UUID"),
        FromEnvironment("POLYMARKET_API_KEY"),
        RESTART,
    ] = Secret()
    api_secret: Annotated[
        Secret,
        Hidden(r"[A-Za-z0-9_=-]{8,256}|", "an API secret in URL-safe base64"),
        FromEnvironment("POLYMARKET_API_SECRET"),
        RESTART,
    ] = Secret()
    api_passphrase: Annotated[
        Secret,
        Hidden(r"\S{8,256}|", "an API passphrase without blanks"),
        FromEnvironment("POLYMARKET_API_PASSPHRASE"),
        RESTART,
    ] = Secret()
    signature_type: Annotated[int, WholeOf((0, 3)), RESTART] = 3
    chain_id: Annotated[int, WholeOf((137, 80_002)), RESTART] = 137
    clob_url: Annotated[str, HTTP, AUTO, RESTART] = ""
    gamma_url: Annotated[str, HTTP, AUTO, RESTART] = ""
    data_url: Annotated[str, HTTP, AUTO, RESTART] = ""
    ws_market_url: Annotated[str, WEBSOCKET, AUTO, RESTART] = ""
    ws_user_url: Annotated[str, WEBSOCKET, AUTO, RESTART] = ""
    geoblock_url: Annotated[str, HTTP, AUTO, RESTART] = ""
    order_timeout_ms: Annotated[int, ORDER_TIMEOUT_MS] = 5_000
    silence_ms_max: Annotated[int, SILENCE_MS] = 30_000
    hash_check_every_frames: Annotated[int, Whole(0, 1_000_000)] = 200
    tokens_per_socket_max: Annotated[int, Whole(2, 500), RESTART] = 200
    write_tokens_per_second: Annotated[int, TOKENS] = 40
    rollback_tokens_reserve: Annotated[int, RESERVE_TOKENS] = 10


class JournalSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The local record; `sync` is `power` in live mode unless written otherwise."""

    sync: Annotated[Sync, Choice(Sync), AUTO, RESTART] = Sync.PROCESS
    segment_mib: Annotated[int, Whole(1, 4_096), RESTART] = 64
    reserve_mib: Annotated[int, Whole(1, 1_024), RESTART] = 8


class DatabaseSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Postgres; without an address the daemon owns an embedded one."""

    url: Annotated[
        Secret,
        Hidden(r"postgres(ql)?://\S+|", "a postgres:// address"),
        FromEnvironment("DATABASE_URL"),
        RESTART,
    ] = Secret()
    pg_bin: Annotated[Path | None, Place(is_absolute=True), AUTO, RESTART] = None
    owner_grace_seconds: Annotated[int, Whole(0, 86_400), RESTART] = 300


class LogSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What is logged, and how."""

    level: Annotated[LogLevel, Choice(LogLevel)] = LogLevel.INFO
    format: Annotated[LogFormat, Choice(LogFormat), RESTART] = LogFormat.AUTO


class PaperSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How simulated fills of paper mode behave."""

    latency_ms: Annotated[int, Whole(0, 10_000)] = 150
    cash_dollars: Annotated[Decimal, DOLLARS, RESTART] = Decimal(1_000)


class PairsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the pairs stand; a relative path starts at the settings file's folder."""

    file: Annotated[Path, Place()] = Path("pairs.toml")


class CatalogueSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How often the markets of both venues are read, and matched; 0: never by itself.

    A daemon does both in the `background`, in mode sim only if that is written.
    """

    background: Annotated[bool, Flag(), AUTO, RESTART] = True
    sync_hours: Annotated[int, Whole(0, 168)] = 6
    match_minutes: Annotated[int, Whole(0, 1_440)] = 10


class PairingSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of the pairs that the matcher finds."""

    policy: Annotated[PairingPolicy, Choice(PairingPolicy)] = PairingPolicy.BY_MODE
    edge_percent_min: Annotated[Decimal, EDGE_PERCENT] = Decimal(5)

    @property
    def edge_micros_min(self) -> int:
        """Least net edge of a contract on a found pair: a percent of a dollar is a cent."""
        return scaled(self.edge_percent_min, CENT_MICROS)


class QuarantineSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Which prices speak so much against a pair that it is disarmed."""

    gap_cents_max: Annotated[Decimal, GAP_CENTS] = Decimal(12)
    gap_minutes: Annotated[int, Whole(1, 1_440)] = 5
    opposite_cents_max: Annotated[Decimal, GAP_CENTS] = Decimal(3)
    opposite_seconds: Annotated[int, Whole(1, 3_600)] = 30
    spread_cents_max: Annotated[Decimal, GAP_CENTS] = Decimal(10)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that can be set. Never changed in place: a reload swaps the whole object."""

    daemon: DaemonSettings = DaemonSettings()
    trading: TradingSettings = TradingSettings()
    breaker: BreakerSettings = BreakerSettings()
    kalshi: KalshiSettings = KalshiSettings()
    polymarket: PolymarketSettings = PolymarketSettings()
    journal: JournalSettings = JournalSettings()
    database: DatabaseSettings = DatabaseSettings()
    logs: LogSettings = LogSettings()
    paper: PaperSettings = PaperSettings()
    pairs: PairsSettings = PairsSettings()
    catalogue: CatalogueSettings = CatalogueSettings()
    pairing: PairingSettings = PairingSettings()
    quarantine: QuarantineSettings = QuarantineSettings()

    @property
    def state_dir(self) -> Path:
        """The state folder of this mode."""
        return self.daemon.state_dir / self.daemon.mode.value

    @property
    def limits(self) -> Limits:
        """The engine's limits, exactly, in its integer units."""
        return to_limits(self.trading, self.breaker)

    @property
    def gap_limits(self) -> GapLimits:
        """When prices speak against a pair, exactly, in the core's integer units."""
        wanted = self.quarantine
        return GapLimits(
            gap_e4=scaled(wanted.gap_cents_max, PRICE_E4_PER_CENT),
            gap_ns=wanted.gap_minutes * 60 * NS_PER_SECOND,
            fit_e4=scaled(wanted.opposite_cents_max, PRICE_E4_PER_CENT),
            fit_ns=wanted.opposite_seconds * NS_PER_SECOND,
            spread_e4_max=scaled(wanted.spread_cents_max, PRICE_E4_PER_CENT),
        )


def to_limits(trading: TradingSettings, breaker: BreakerSettings) -> Limits:
    """Turn operator units into the engine's; exact, as every kind refuses what is not."""
    return Limits(
        edge_micros_min=scaled(trading.edge_cents_min, CENT_MICROS),
        edge_micros_max=scaled(trading.edge_cents_max, CENT_MICROS),
        size_e6_max=scaled(trading.size_contracts_max, LOTS_PER_CONTRACT) * LOT_E6,
        position_e6_max=scaled(trading.position_contracts_max, LOTS_PER_CONTRACT) * LOT_E6,
        depth_share_e4=scaled(trading.depth_share_percent_max, E4_PER_PERCENT),
        unhedged_micros_max=scaled(trading.unhedged_dollars_max, ONE_DOLLAR_MICROS),
        cash_reserve_micros=scaled(trading.cash_reserve_dollars, ONE_DOLLAR_MICROS),
        executions_max=trading.executions_max,
        feed_lag_ms_max=trading.feed_lag_ms_max,
        price_e4_min=scaled(trading.price_cents_min, PRICE_E4_PER_CENT),
        price_e4_max=scaled(trading.price_cents_max, PRICE_E4_PER_CENT),
        fill_curve=tuple(
            (scaled(share, E4_PER_PERCENT), scaled(rate, E4_PER_PERCENT))
            for share, rate in trading.fill_curve_percent
        ),
        unwind_loss_micros=scaled(trading.unwind_loss_cents, CENT_MICROS),
        rollback_loss_micros_max=scaled(trading.rollback_loss_cents_max, CENT_MICROS),
        rollback_attempts_max=trading.rollback_attempts_max,
        rollback_retry_ms=trading.rollback_retry_ms,
        hold_ms_max=trading.hold_ms_max,
        rollback_ladder=tuple(
            (scaled(cents, PRICE_E4_PER_CENT), tried_ms)
            for cents, tried_ms in trading.rollback_ladder_cents_ms
        ),
        feed_skew_ms_max=trading.feed_skew_ms_max,
        edge_stable_ms=trading.edge_stable_ms,
        exit_depth_share_e4_min=scaled(trading.exit_depth_percent_min, E4_PER_PERCENT),
        close_ms_min=scaled(trading.close_seconds_min, MS_PER_SECOND),
        hurdle_e4_per_year=scaled(trading.hurdle_percent_per_year, E4_PER_PERCENT),
        exit_gain_micros_min=scaled(trading.exit_gain_cents_min, CENT_MICROS),
        prior_tries=trading.prior_tries,
        second_fill_e4=scaled(trading.second_fill_percent, E4_PER_PERCENT),
        poll_ms_max=trading.poll_ms_max,
        breaker=_to_breaker_limits(breaker),
    )


def _to_breaker_limits(breaker: BreakerSettings) -> BreakerLimits:
    return BreakerLimits(
        failures_max=breaker.failures_max,
        open_ms=scaled(breaker.open_seconds, MS_PER_SECOND),
        loss_micros_max=scaled(breaker.loss_dollars_max, ONE_DOLLAR_MICROS),
        unwind_rate_e4_max=scaled(breaker.unwind_rate_percent_max, E4_PER_PERCENT),
        void_rate_e4_max=scaled(breaker.void_rate_percent_max, E4_PER_PERCENT),
        rate_window=breaker.rate_window,
        fee_micros_tolerance=breaker.fee_micros_tolerance,
        difference_micros_max=scaled(breaker.difference_dollars_max, ONE_DOLLAR_MICROS),
        difference_e6_max=scaled(breaker.difference_contracts_max, LOTS_PER_CONTRACT) * LOT_E6,
        journal_stall_ms_max=breaker.journal_stall_ms_max,
        clock_skew_ms_max=breaker.clock_skew_ms_max,
    )
