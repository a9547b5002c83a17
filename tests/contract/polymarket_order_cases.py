"""Every answer to an order that the specification lists: how it comes about, and what it means."""

from typing import Any

from msgspec.structs import replace

from tests.contract.polymarket_steps import (
    IOC,
    LIMIT_PRICE,
    SELL,
    agent,
    allowance,
    answered,
    clock_off,
    drained,
    empty_book,
    expiring,
    first_version,
    flip_exchange,
    geoblock,
    given,
    hold,
    market_is,
    mode,
    other_amounts,
    other_bytes,
    other_owner,
    other_signature,
    other_signer,
    resend,
    rest_first,
    revoke,
    sixteen,
    small_orders,
    standing,
    stranger_tokens,
    text_of,
    text_salt,
    third_protocol_as_second,
    tick,
    trade_as,
    wrong,
)
from tests.contract.support_polymarket_client import FINE, GTC, NEG, SHARE
from tests.contract.support_polymarket_rows import FILLED, NOTHING, Case, Truth
from twoleg.core.events import AnswerStatus
from twoleg.venues.polymarket.gate import TradingState

MISSED, REJECTED = AnswerStatus.MISSED, AnswerStatus.REJECTED
FOK_TEXT = "order couldn't be fully filled. FOK orders are fully filled or killed."
FAK_TEXT = (
    "no orders found to match with FAK order. "
    "FAK orders are partially filled or killed if no match is found."
)


def no(name: str, text: str, code: str, act: Any, *, status: int = 400, **more: Any) -> Case:
    """A refusal after which nothing has happened."""
    told = (more.pop("status_told", REJECTED), code, more.pop("is_unavailable", False))
    name = f"{status} {name}"
    return Case(name=name, act=act, status=status, text=text, told=told, **more)


SIZE = "lower than the minimum: 5"
BALANCE = "not enough balance / allowance: the balance is not enough -> balance: "
ALLOWANCE = "not enough balance / allowance: the allowance is not enough -> allowance: 0"
DECIMALS = "decimals, taker amount a max of "
MAKER_TEXT = "maker address not allowed, please use the deposit wallet flow"
SIGNER_TEXT = "the order signer address has to be the address of the API KEY"
SHORT = {"cash_micros": 10_399_999}

BUILT_WRONGLY = (
    no("invalid payload", "Invalid order payload", "invalid_payload",
       given(tamper=other_bytes('"side":"BUY"', '"side":"UP"'))),
    no("invalid payload, no JSON", "Invalid order payload", "invalid_payload",
       given(tamper=other_bytes('{"order"', '"order"'))),
    no("invalid payload, salt as text", "Invalid order payload", "invalid_payload",
       given(tamper=lambda w, p: replace(p, body=text_salt(p.body)))),
    no("invalid signature, changed amount", "invalid signature", "invalid_signature",
       given(tamper=other_bytes('"makerAmount":"10400000"', '"makerAmount":"10410000"'))),
    no("invalid signature, changed bytes", "invalid signature", "invalid_signature",
       given(tamper=other_signature)),
    no("invalid signature, neg-risk exchange", "invalid signature", "invalid_signature",
       given(flip_exchange)),
    no("invalid signature, standard exchange", "invalid signature", "invalid_signature",
       given(flip_exchange, pair=NEG)),
    no("invalid signature, position id for domain 2", "invalid signature", "invalid_signature",
       third_protocol_as_second),
    no("version mismatch, first struct", "order_version_mismatch", "order_version_mismatch",
       given(tamper=first_version)),
    no("version mismatch, third wanted", "order_version_mismatch", "order_version_mismatch",
       given(lambda w: w.admin("version", version=3))),
    no("maker not allowed", MAKER_TEXT, "maker_not_allowed", given(), is_unavailable=True,
       sim={"requires_deposit_wallet": True}),
    no("maker of somebody else", MAKER_TEXT, "maker_not_allowed",
       given(trade_as(1, "0x" + "5" * 40)), is_unavailable=True),
    no("owner mismatch", "the order owner has to be the owner of the API KEY", "owner_mismatch",
       given(tamper=other_owner)),
    no("signer mismatch, own address", SIGNER_TEXT, "signer_mismatch",
       given(trade_as(3), tamper=other_signer)),
    no("signer mismatch, foreign wallet", SIGNER_TEXT, "signer_mismatch",
       given(trade_as(3, "0x" + "5" * 40))),
    no("off tick", "breaks minimum tick size rule: 0.01", "off_tick",
       given(tick(100), pair=FINE, limit_e4=5_210, spend_micros=10_420_000)),
    no("invalid price", "invalid price, price must be greater than 0 and less than 1",
       "invalid_price", given(tamper=other_amounts(20 * SHARE, 10 * SHARE))),
    no("invalid price, the client's own text", "invalid price (1.2), min: 0.01 - max: 0.99",
       "invalid_price", given(text_of("invalid price (1.2), min: 0.01 - max: 0.99"))),
    no("below minimum size", SIZE, "below_size_min",
       given(small_orders, size_e6=4 * SHARE, spend_micros=2_080_000)),
    no("below minimum size, resting", SIZE, "below_size_min",
       given(small_orders, **{**LIMIT_PRICE, "size_e6": 4 * SHARE})),
    no("invalid amounts, market buy",
       "invalid amounts, the market buy orders maker amount supports a max accuracy of 2 decimals, "
       "taker amount a max of 4 decimals", "invalid_amounts",
       given(tamper=other_amounts(10_405_000, 20 * SHARE))),
    no("invalid amounts, sell",
       "invalid amounts, the sell orders maker amount supports a max accuracy of 2 decimals, "
       "taker amount a max of 4 decimals", "invalid_amounts",
       given(hold, **SELL, tamper=other_amounts(20_001_000, 9_800_000))),
    no("invalid amounts, limit buy",
       "invalid amounts, the buy orders maker amount supports a max accuracy of 4 decimals, "
       "taker amount a max of 2 decimals", "invalid_amounts",
       given(**LIMIT_PRICE, tamper=other_amounts(10_200_510, 20_001_000))),
    no("invalid amounts, fine tick takes 4 decimals", "taker amount a max of 4 decimals",
       "invalid_amounts", given(pair=FINE, tamper=other_amounts(10_400_000, 19_999_990))),
    no("marketable BUY below a dollar",
       "invalid amount for a marketable BUY order ($0.5), min size: $1", "below_notional_min",
       given(lambda w: w.place("ask", 1_000, 50),
             **{**GTC, "limit_e4": 1_000, "size_e6": 5 * SHARE})),
    no("marketable BUY below a dollar, other text",
       "invalid amount for a marketable BUY order ($0.99), min size: 1", "below_notional_min",
       given(text_of("invalid amount for a marketable BUY order ($0.99), min size: 1"))),
    no("invalid expiration", "invalid expiration", "invalid_expiration", expiring),
    no("duplicated", "is invalid. Duplicated.", "duplicated", resend,
       status_told=AnswerStatus.UNKNOWN, found=AnswerStatus.FILLED),
    no("duplicated while it rests", "is invalid. Duplicated.", "duplicated",
       lambda w: resend(w, **LIMIT_PRICE),
       status_told=AnswerStatus.UNKNOWN, found=AnswerStatus.RESTING),
    no("too many orders", "Too many orders in payload: 16, max allowed: 15",
       "too_many_orders", sixteen),
    no("canceled on chain", "order canceled in the CTF exchange contract", "canceled_on_chain",
       given(answered("canceled_on_chain"))),
    no("invalid nonce", "invalid nonce", "invalid_nonce", given(answered("invalid_nonce"))),
)  # fmt: skip

NOT_TAKEN = (
    no("address banned", "' address banned", "address_banned", given(standing("banned")),
       is_unavailable=True),
    no("closed only", "' address in closed only mode", "closed_only",
       given(standing("closed_only")), is_unavailable=True),
    no("balance", BALANCE + "10399999, order amount: 10", "insufficient_balance", given(),
       sim=SHORT),
    no("balance, fees count", BALANCE + "10400000, order amount: 10", "insufficient_balance",
       given(), sim={"cash_micros": 10_400_000}),
    no("balance, open orders count", BALANCE + "10000000, order amount: 10",
       "insufficient_balance", given(rest_first), sim={"cash_micros": 50_000_000}),
    no("balance of shares", BALANCE + "0, order amount: 20000000", "insufficient_balance",
       given(lambda w: w.place("bid", 5_000, 50), **SELL)),
    no("balance, short text", "not enough balance / allowance", "insufficient_balance",
       given(text_of("not enough balance / allowance"))),
    no("allowance", ALLOWANCE, "insufficient_allowance", given(allowance(cash_micros=0))),
    no("allowance of shares", ALLOWANCE, "insufficient_allowance",
       given(hold, lambda w: w.place("bid", 5_000, 50), allowance(tokens=False), **SELL)),
    no("post-only crosses", "invalid post-only order: order crosses book", "post_only_crosses",
       given(**GTC, post_only=True)),
    no("post-only crosses, other text", "crosses the book", "post_only_crosses",
       given(**GTC, post_only=True), sim={"post_only_text": "crosses"}),
    no("fill-or-kill killed", FOK_TEXT, "fok_killed", given(size_e6=60 * SHARE,
       spend_micros=31_200_000), status_told=MISSED,
       truth=Truth(statuses=(f"CANCELED_{FOK_TEXT}",))),
    no("fill-and-kill unmatched", FAK_TEXT, "fak_unmatched", given(empty_book, **IOC),
       status_told=MISSED, truth=Truth(statuses=(f"CANCELED_{FAK_TEXT}",))),
    no("market paused", "the market is not yet ready to process new orders", "market_not_ready",
       given(market_is("paused"))),
    no("market not ready", "the market is not yet ready to process new orders",
       "market_not_ready", given(answered("not_ready"))),
    no("market closed, not ready", "the market is not yet ready to process new orders",
       "market_not_ready", given(market_is("closed")), sim={"closed_text": "not_ready"}),
    no("market closed, no book", "No orderbook exists for the requested token id",
       "no_orderbook", given(market_is("closed")), status=404),
    no("market resolved", "No orderbook exists for the requested token id", "no_orderbook",
       given(market_is("resolved:0")), status=404),
    no("unknown token", "No orderbook exists for the requested token id", "no_orderbook",
       given(stranger_tokens), status=404),
    no("market not found", "market not found", "market_not_found",
       given(text_of("market not found", 404)), status=404),
    no("no row", "nobody has seen this", "http_400", given(text_of("nobody has seen this")),
       status_told=AnswerStatus.UNKNOWN, found=MISSED),
    no("no row", "nobody has seen this", "http_418", given(text_of("nobody has seen this", 418)),
       status=418, status_told=AnswerStatus.UNKNOWN, found=MISSED),
)  # fmt: skip


def venue(name: str, text: str, code: str, act: Any, status: int, **more: Any) -> Case:
    return no(name, text, code, act, status=status, is_unavailable=True, **more)


KEY_TEXT = "Unauthorized/Invalid api key"
SECRET = "A" * 43 + "="
LIMITS = {"signer_limits": "enforce", "orders_per_s": 2}
POST_ONLY_TEXT = (
    '{"error":"post-only mode: only post-only orders and cancels are allowed",'
    '"code":"post_only_mode","retry_after_seconds":120}'
)

WHOLE_VENUE = (
    venue("foreign key", KEY_TEXT, "unauthorized", given(wrong(key="0" * 8 + "-0000")), 401),
    venue("revoked key", KEY_TEXT, "unauthorized", given(revoke), 401),
    venue("wrong secret", KEY_TEXT, "unauthorized", given(wrong(secret=SECRET)), 401),
    venue("wrong passphrase", KEY_TEXT, "unauthorized", given(wrong(passphrase="no")), 401),
    venue("clock off", KEY_TEXT, "unauthorized", given(clock_off(-3_600)), 401),
    venue("agent of a library", "Cloudflare", "forbidden", given(agent("Python-urllib/3.11")),
          403),
    venue("page of the front", "Cloudflare", "forbidden",
          given(answered("cloudflare", on="POST /order")), 403),
    venue("region", "Trading restricted in your region", "region_restricted", given(geoblock), 403),
    venue("region, by script", "Trading restricted in your region", "region_restricted",
          given(answered("geoblocked")), 403),
    venue("restarting", "", "engine_restarting", given(mode("restarting")), 425,
          state=TradingState.RESTARTING),
    venue("signer limit", "Too Many Requests", "rate_limited", given(drained), 429, sim=LIMITS),
    venue("too many requests", "Too Many Requests", "rate_limited",
          given(answered("too_many_requests")), 429),
    venue("cancel-only",
          "Trading is currently cancel-only. New orders are not accepted, but cancels are allowed.",
          "cancel_only", given(mode("cancel_only")), 503, state=TradingState.CANCEL_ONLY),
    venue("disabled", "Trading is currently disabled. Check polymarket.com for updates",
          "trading_disabled", given(mode("disabled")), 503, state=TradingState.DISABLED),
    venue("post-only mode", POST_ONLY_TEXT, "post_only_mode", given(mode("post_only")), 503,
          state=TradingState.POST_ONLY),
)  # fmt: skip

EITHER = (
    ("there are no matching orders", "no_matching_orders", 500, "server_error"),
    ("FOK orders are filled or killed", "fok_filled_or_killed", 500, "server_error"),
    ("the trade contains rounding issues", "rounding_issues", 500, "server_error"),
    (
        (
            "the price of the taker's order has a discrepancy greater than allowed with the worst "
            "maker order"
        ),
        "price_discrepancy",
        500,
        "server_error",
    ),
    ("could not insert order", "could_not_insert", 500, "server_error"),
    ("order match delayed due to market conditions", "match_delayed", 400, "match_delayed"),
    ("order timed out", "timed_out", 400, "timed_out"),
    ("context canceled", "context_canceled", 400, "context_canceled"),
)
"""Answers that prove nothing: text, name of the script, HTTP status, our code."""


def _either(*, has_happened: bool) -> tuple[Case, ...]:
    when = "after" if has_happened else "before"
    return tuple(
        no(
            f"{script}, {when}",
            text,
            code,
            given(answered(script, when=when)),
            status=status,
            status_told=AnswerStatus.UNKNOWN,
            truth=FILLED if has_happened else NOTHING,
            found=AnswerStatus.FILLED if has_happened else MISSED,
        )
        for text, script, status, code in EITHER
    )


WORDS = (
    (401, "Invalid L1 Request headers", "unauthorized"),
    (401, "Invalid api key", "unauthorized"),
    (401, "who are you", "unauthorized"),
    (403, "not from here", "forbidden"),
    (429, "slow down", "rate_limited"),
)
"""Other words of refusals that come whatever was asked for: HTTP status, text, our code."""
GATEWAYS = (502, 504, 520, 521, 522, 523, 524)
"""Answers of what stands in front of the exchange."""

OTHER_WORDS = (
    *(
        venue(text, text, code, given(text_of(text, status)), status)
        for status, text, code in WORDS
    ),
    venue("post-only mode, code alone", "post_only_mode", "post_only_mode",
          given(text_of("post_only_mode", 503)), 503, state=TradingState.POST_ONLY),
    no("killed, as an error of the server", FOK_TEXT, "server_error", given(text_of(FOK_TEXT, 500)),
       status=500, status_told=AnswerStatus.UNKNOWN, found=MISSED),
    *(
        venue(f"gateway, {when}", "bad gateway", "bad_gateway",
              given(text_of("bad gateway", status, when)), status,
              status_told=AnswerStatus.UNKNOWN, found=found, truth=truth)
        for status in GATEWAYS
        for when, found, truth in (
            ("before", MISSED, NOTHING),
            ("after", AnswerStatus.FILLED, FILLED),
        )
    ),
)  # fmt: skip

UNDECIDED = (*_either(has_happened=False), *_either(has_happened=True))


ORDERS = (*BUILT_WRONGLY, *NOT_TAKEN, *WHOLE_VENUE, *OTHER_WORDS, *UNDECIDED)
