"""What can be chosen about the simulated Polymarket; every default is the venue's own habit."""

from typing import Literal

from twoleg.sim.base import CommonOptions

FeeRounding = Literal["half_up", "up", "down"]


class PolymarketOptions(CommonOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of `PolymarketSim`; read them from a mapping with `twoleg.sim.base.read_options`."""

    chain_id: int = 137
    # Opening pUSD of the default account, for its EOA and for its deposit wallet each.
    cash_micros: int = 10_000_000_000
    # True refuses every order that is not of signature type 3.
    requires_deposit_wallet: bool = False
    # The direction is undocumented.
    fee_rounding: FeeRounding = "half_up"
    min_size_e6: int = 5_000_000
    # Whether FAK and FOK must also reach min_size_e6 (reports contradict each other).
    min_size_on_market_orders: bool = True
    # Seconds that a marketable order waits, by condition id ("delayed", Gamma's secondsDelay).
    delay_s_by_market: dict[str, int] = {}  # noqa: RUF012 - msgspec copies defaults
    # Crypto markets hold every marketable order that long before answering.
    crypto_delay_ms: int = 50
    # Bought tokens can be sold, and show in balances, only after that time.
    conditional_lag_ms: int = 0
    # GET /data/* shows orders and trades as they were that long ago.
    read_lag_ms: int = 0
    # A trade's way: MATCHED -> MINED -> CONFIRMED, and its two detours, per million.
    mined_after_ms: int = 1_000
    confirmed_after_ms: int = 1_000
    retrying_ppm: int = 0
    failed_ppm: int = 0
    # Every n-th price change of a market carries a hash, the others an empty one.
    hash_every: int = 1
    # 0.01 becomes 0.001 when the book passes 0.96 or 0.04.
    auto_tick: bool = False
    # Silence after which a started dead-man switch cancels.
    heartbeat_ms: int = 10_000
    # Post-only time after a restart.
    post_only_after_restart_ms: int = 120_000
    # Order tokens a second and signer, burst 1.5 times that; cancels have twice as many. 0: off.
    orders_per_s: int = 0
    # Greatest distance of a signed timestamp from the venue's clock; 0: not checked.
    timestamp_skew_s: int = 300
