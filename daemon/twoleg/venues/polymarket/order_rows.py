"""What each answer to an order means, but for those that say the same of any request.

Within this table the first row that matches counts. The names in capitals, here in lower case, are
codes of the first CLOB that may survive in `errorMsg`. Sources: see `meanings`.
"""

from typing import Final

from twoleg.venues.polymarket.answer_rows import (
    NOT_FOUND,
    PAUSE,
    Meaning,
    no_row,
    status_row,
    unknown_row,
)

ORDER_ROWS: Final = (
    status_row("live", Meaning.HAPPENED, "Rests on the book; amounts tell what filled at once."),
    status_row("unmatched", Meaning.HAPPENED, "Marketable, found nothing after its delay; rests."),
    status_row("matched", Meaning.HAPPENED, "Filled as far as the amounts say."),
    status_row("delayed", Meaning.PENDING, "Accepted; matched only after the market's delay."),
    # Clean misses: nothing traded, nothing rests.
    no_row(
        "order couldn't be fully filled",
        "fok_killed",
        "Fill-or-kill: not enough was there, nothing happened.",
        is_miss=True,
    ),
    no_row(
        "no orders found to match with fak order",
        "fak_unmatched",
        "Fill-and-kill: nothing was there, nothing happened; the answer still names an id.",
        is_miss=True,
    ),
    no_row(
        "fok_order_not_filled",
        "fok_killed",
        "Fill-or-kill: not enough was there, nothing happened.",
        is_miss=True,
    ),
    # Proof of nothing: look it up.
    unknown_row("duplicated", "duplicated", "The same order was posted before: look it up."),
    unknown_row("order match delayed", "match_delayed", "May match later: look it up."),
    unknown_row("delaying_order_error", "match_delayed", "May match later: look it up."),
    unknown_row("order timed out", "timed_out", "Given up by the venue at some point: look it up."),
    unknown_row("context canceled", "context_canceled", "Broken off midway: look it up."),
    # Built wrongly, or for another version, chain, account.
    no_row("invalid order payload", "invalid_payload", "The body is malformed: a bug of ours."),
    no_row(
        "invalid signature",
        "invalid_signature",
        "Wrong key, wallet, signature type, chain or exchange.",
        needs_person=True,
    ),
    no_row(
        "order_version_mismatch",
        "order_version_mismatch",
        "The venue wants another order version: it is asked for, and the order signed anew once.",
    ),
    no_row(
        "order owner has to be the owner",
        "owner_mismatch",
        "The order names another API key than the request.",
        needs_person=True,
    ),
    no_row(
        "order signer address has to be",
        "signer_mismatch",
        "The API key belongs to another address than the order's signer: check the signature type.",
        needs_person=True,
    ),
    no_row("invalid nonce", "invalid_nonce", "Nonces went with the first order version."),
    no_row("invalid_order_nonce", "invalid_nonce", "Nonces went with the first order version."),
    no_row("invalid expiration", "invalid_expiration", "A GTD must live for at least 3 minutes."),
    no_row(
        "invalid_order_expiration", "invalid_expiration", "A GTD must live for at least 3 minutes."
    ),
    no_row(
        "breaks minimum tick size rule",
        "off_tick",
        "The tick size has changed: the market's terms are read again.",
    ),
    no_row(
        "invalid_order_min_tick_size",
        "off_tick",
        "The tick size has changed: the market's terms are read again.",
    ),
    no_row(
        "invalid amount for a marketable",
        "below_notional_min",
        "A marketable BUY must be worth $1.",
    ),
    no_row("invalid amounts", "invalid_amounts", "Too many decimals in an amount."),
    no_row("invalid price", "invalid_price", "The price is not within (0, 1): amounts swapped?"),
    no_row("lower than the minimum", "below_size_min", "Smaller than the market's minimum size."),
    no_row("invalid_order_min_size", "below_size_min", "Smaller than the market's minimum size."),
    no_row("invalid post-only order", "post_only_crosses", "Would have taken; nothing happened."),
    no_row("invalid_post_only_order_type", "invalid_payload", "Post-only is for GTC and GTD."),
    no_row("invalid_post_only_order", "post_only_crosses", "Would have taken; nothing happened."),
    no_row("crosses the book", "post_only_crosses", "Would have taken; nothing happened."),
    no_row("too many orders in payload", "too_many_orders", "More than 15 orders in one request."),
    # The account or the market cannot take it.
    no_row(
        "allowance is not enough",
        "insufficient_allowance",
        "The wallet has not approved this exchange: approve it.",
        needs_person=True,
    ),
    no_row(
        "not enough balance",
        "insufficient_balance",
        "Not enough cash or shares; open orders reserve some, and the venue's view may be late.",
    ),
    no_row(
        "invalid_order_not_enough_balance",
        "insufficient_balance",
        "Not enough cash or shares; open orders reserve some, and the venue's view may be late.",
    ),
    no_row(
        "maker address not allowed",
        "maker_not_allowed",
        "Plain wallets are not taken: use the deposit wallet (signature type 3).",
        is_unavailable=True,
        needs_person=True,
    ),
    no_row(
        "address banned",
        "address_banned",
        "The venue has banned this address.",
        is_unavailable=True,
        needs_person=True,
    ),
    no_row(
        "closed only mode",
        "closed_only",
        "The venue lets this address only close positions.",
        is_unavailable=True,
        needs_person=True,
    ),
    no_row(
        "canceled in the ctf exchange contract",
        "canceled_on_chain",
        "Cancelled on chain before.",
    ),
    no_row("market is not yet ready", "market_not_ready", "A new market; later."),
    no_row("market_not_ready", "market_not_ready", "A new market; later."),
    no_row("no orderbook exists", "no_orderbook", "The market is over or new.", http=NOT_FOUND),
    no_row("market not found", "market_not_found", "No such market.", http=NOT_FOUND),
    # The venue is paused.
    no_row(
        "cancel-only",
        "cancel_only",
        "No new orders for now; cancels are taken.",
        http=PAUSE,
        is_unavailable=True,
    ),
    no_row(
        "post-only mode",
        "post_only_mode",
        "Two minutes after a restart: only post-only orders and cancels are taken.",
        http=PAUSE,
        is_unavailable=True,
    ),
    no_row(
        "post_only_mode",
        "post_only_mode",
        "Two minutes after a restart: only post-only orders and cancels are taken.",
        http=PAUSE,
        is_unavailable=True,
    ),
    # An error inside the exchange: whatever it says, the order may have gone through.
    unknown_row("there are no matching orders", "server_error", "Look it up.", http=(500,)),
    unknown_row("fok orders are filled or killed", "server_error", "Look it up.", http=(500,)),
    unknown_row("couldn't be fully filled", "server_error", "Look it up.", http=(500,)),
    unknown_row("rounding issues", "server_error", "Look it up.", http=(500,)),
    unknown_row(
        "discrepancy greater than allowed with the worst maker",
        "server_error",
        "Look it up.",
        http=(500,),
    ),
    unknown_row("could not insert order", "server_error", "Look it up.", http=(500,)),
    unknown_row("execution_error", "server_error", "Look it up.", http=(200, 400, 500)),
    unknown_row("invalid_order_error", "server_error", "Look it up.", http=(200, 400, 500)),
    unknown_row("order_delayed", "match_delayed", "May match later: look it up."),
)
