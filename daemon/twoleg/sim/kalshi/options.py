"""What can be chosen about a simulated Kalshi: accounts, tier, lags and order entry.

Keys, reads, lifecycle and WebSocket have theirs in `wire_options`.
"""

from typing import Final, Literal

import msgspec

from twoleg.sim.kalshi.orders import AverageFee
from twoleg.sim.kalshi.wire_options import WireOptions

DEFAULT_ACCOUNT: Final = "default"


class KalshiOptions(WireOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What can be chosen about a simulated Kalshi."""

    # Opening cash per account and shard, in micro-dollars. A shard left out is never funded.
    accounts: dict[str, dict[str, int]] = msgspec.field(
        default_factory=lambda: {
            DEFAULT_ACCOUNT: {"0": 5_000_000_000, "2": 2_500_000_000, "3": 2_500_000_000}
        }
    )
    # Private keys as PEM text by account; the others are read from key_dir or made.
    private_keys: dict[str, str] = msgspec.field(default_factory=dict)
    key_kind: Literal["rsa", "ed25519"] = "rsa"
    tier: str = "basic"
    rate_limits: bool = True
    # Range of the lag after which reads show a write; [0, 0] shows it at once.
    read_lag_ms: tuple[int, int] = (10, 50)
    member: Literal["direct", "non_direct"] = "direct"
    # Whether the acknowledgement's fee per contract is cut off or rounded; captures suggest cut.
    average_fee: AverageFee = "truncated"

    # -- order entry: what the documents leave open ------------------------------------------------
    # How an immediate-or-cancel order that filled in part ends.
    partial_ioc_status: Literal["canceled", "executed"] = "canceled"
    # Whether a post-only order that would cross uses up its client order id.
    post_only_consumes_id: bool = True
    # How long a cancel-all catches new orders, and how many it cancels at most.
    cancel_all_tail_s: int = 60
    cancel_all_max: int = 10_000
    # What a cancel-all meets while an exchange instance pauses: the usual answer, and what rests
    # there stays, or the refusal of a single cancel.
    cancel_all_in_pause: Literal["accepts", "refuses"] = "accepts"
    # How long an expired order stays on the book; minutes were seen on the demo venue.
    expiry_lag_s: int = 0
    # Resting orders of one member.
    open_orders_max: int = 200_000
    # Order groups of one member.
    order_groups_max: int = 100_000
    # Categories whose markets are refused with 403.
    refused_categories: tuple[str, ...] = ()
    # The answer of a shard that was never funded; the code may carry the user's id.
    user_not_found_status: Literal[400, 404] = 404
    user_not_found_suffix: bool = False
    # The answer to order operations on a closed market.
    closed_market_status: Literal[400, 409] = 409
    closed_market_code: str = "market_inactive"
    # The code for cash that is there but locked by resting orders.
    locked_cash_code: Literal["insufficient_balance", "available_balance_too_low"] = (
        "insufficient_balance"
    )
    # The code when an order to be changed has been filled; the second is known from FIX only.
    filled_update_code: Literal["not_found", "cannot_update_filled_order"] = "not_found"
    # What the counts in the answer to an amend tell of: its own fills, or the order's whole life.
    amend_tells: Literal["amendment", "order"] = "amendment"
    # Whether answers to cancels tell the client order id; captures had none.
    cancel_tells_client_order_id: bool = False
    # Whether a write without fields is refused when it comes without a body, as on a sister API.
    needs_empty_object: bool = True
    # Whether a dot in a client order id is let in; it was refused once.
    client_order_id_dots: bool = False
    # Whether a series' multiplier counts for makers' fees, too.
    maker_fee_multiplied: bool = True
    # What a 502 carries: the page of a web server in front, or a line of plain text.
    bad_gateway_body: Literal["html", "text"] = "html"
