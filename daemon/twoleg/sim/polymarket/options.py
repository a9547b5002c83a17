"""What can be chosen about the simulated Polymarket; every default is the venue's own habit."""

from typing import Literal

from twoleg.sim.polymarket.feed_options import FeedOptions

FeeRounding = Literal["half_up", "up", "down"]
OrderVersion = Literal[1, 2, 3]
SignerLimits = Literal["off", "warn", "enforce"]


class PolymarketOptions(FeedOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of `PolymarketSim`; read them from a mapping with `twoleg.sim.base.read_options`."""

    chain_id: Literal[137, 80002] = 137
    # Opening pUSD of the default account, for its EOA and for its deposit wallet each.
    cash_micros: int = 10_000_000_000
    # True refuses every EOA (signature type 0) that is not listed, as the venue has done since
    # May 2026; False makes all of them accounts from before.
    requires_deposit_wallet: bool = False
    eoa_allow_list: list[str] = []  # noqa: RUF012 - msgspec copies defaults
    # What GET /version says and orders must be signed for: domain "2" or "3". At 1, as before the
    # change of 2026-04, no order of today is taken.
    order_version: OrderVersion = 2
    # A salt is a JSON number; one client is said to send text with success.
    takes_text_salts: bool = False
    # The direction is undocumented.
    fee_rounding: FeeRounding = "half_up"
    min_size_e6: int = 5_000_000
    # Whether FAK and FOK must also reach min_size_e6 (reports contradict each other).
    min_size_on_market_orders: bool = True
    # Decimals of the token or cash side of FAK and FOK on ticks below 0.01; one report says 5.
    market_decimals_fine: int = 4
    # What a limit order that was partly filled at once is called in the answer.
    partly_filled_status: Literal["matched", "live"] = "matched"
    # Whether a partly filled FAK is updated on the user channel before it is canceled.
    tells_fak_update: bool = True
    # Which of two texts refuses a post-only order that crosses.
    post_only_text: Literal["invalid", "crosses"] = "invalid"
    # What orders in a closed market hear: that there is no book, or that it is not ready.
    closed_text: Literal["no_book", "not_ready"] = "no_book"
    # Whether "already canceled or matched" stands for both reasons not to cancel.
    merges_cancel_reasons: bool = False
    # (maker, taker) basis points by builder code (0x and 64 hex digits), at most 50 and 100.
    builder_fees_bps: dict[str, tuple[int, int]] = {}  # noqa: RUF012 - msgspec copies defaults
    # Seconds that a marketable order waits, by condition id ("delayed", Gamma's secondsDelay).
    delay_s_by_market: dict[str, int] = {}  # noqa: RUF012 - msgspec copies defaults
    # Crypto markets hold every marketable order that long before answering.
    crypto_delay_ms: int = 50
    # Bought tokens can be sold, and show in balances, only after that time.
    conditional_lag_ms: int = 0
    # GET /data/* shows orders and trades as they were that long ago.
    read_lag_ms: int = 0
    # An order younger than that is not found, or found with nothing matched yet.
    lagging_order: Literal["absent", "unfilled"] = "absent"
    # Whether GET /data/order/{id} still knows orders that are over.
    shows_finished_orders: bool = True
    # Whether statuses carry ORDER_STATUS_ and TRADE_STATUS_.
    prefixes_orders: bool = False
    prefixes_trades: bool = True
    # Whether GET /balance-allowance repeats what it said until .../update is called.
    caches_balances: bool = False
    # A trade's way: MATCHED -> MINED -> CONFIRMED, and its two detours, per million.
    mined_after_ms: int = 1_000
    confirmed_after_ms: int = 1_000
    # Whether MATCHED_NOT_BROADCASTED comes between MATCHED and MINED, after half of that time.
    shows_not_broadcasted: bool = False
    retrying_ppm: int = 0
    failed_ppm: int = 0
    # Every n-th price change of a market carries a hash, the others an empty one.
    hash_every: int = 1
    # 0.01 becomes 0.001 when the book passes 0.96 or 0.04.
    auto_tick: bool = False
    # Silence after which a started dead-man switch cancels.
    heartbeat_ms: int = 10_000
    # Whether every heartbeat gets a new id, or the first one stays.
    chains_heartbeats: bool = True
    # Post-only time after a restart.
    post_only_after_restart_ms: int = 120_000
    # Limits per signer: off, only told in headers (as from July 2026), or refused with 429 (said to
    # be so since August 2026).
    signer_limits: SignerLimits = "enforce"
    # Order tokens a second, burst 1.5 times that, in place of the signer's tier; 0: the tier's.
    orders_per_s: int = 0
    # Greatest distance of a signed timestamp from the venue's clock; 0: not checked.
    timestamp_skew_s: int = 300
