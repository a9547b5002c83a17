"""Answers of 200 to an order: what was taken, and refusals that come inside a success."""

import asyncio
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from tests.contract.polymarket_order_cases import FOK_TEXT, no
from tests.contract.polymarket_steps import (
    IOC,
    LIMIT_PRICE,
    SELL,
    Step,
    empty_book,
    given,
    hold,
    market_is,
    now_s,
    other_amounts,
    small_orders,
    standing,
    text_of,
    text_salt,
    third_protocol,
    trade_as,
)
from tests.contract.support_polymarket_client import CRYPTO, FINE, FREE, GTC, NEG, SHARE
from tests.contract.support_polymarket_rows import FILLED, RESTS, Case, Truth, World
from twoleg.core.events import AnswerStatus
from twoleg.core.market import Outcome, TimeInForce

WHOLE, PART, RESTING = AnswerStatus.FILLED, AnswerStatus.PARTIAL, AnswerStatus.RESTING
DELAYED, MISSED = AnswerStatus.DELAYED, AnswerStatus.MISSED
UNKNOWN, REJECTED = AnswerStatus.UNKNOWN, AnswerStatus.REJECTED
MATCHED_TEXT, LIVE_TEXT = '"status":"matched"', '"status":"live"'


def taken(name: str, text: str, told: AnswerStatus, act: Any, **more: Any) -> Case:
    """An order that was taken."""
    judged = (told, more.pop("code", ""), False)
    return Case(name=f"200 {name}", act=act, status=200, text=text, told=judged, **more)


async def delayed(world: World) -> None:
    """The market holds takers back for 3 seconds, and we know it."""
    await world.admin("delay", market=world.condition(), seconds=3)
    world.markets.clear()


def wait(seconds: float) -> Step:
    return lambda world: world.clock.sleep(seconds)


def poor(world: World) -> None:
    """The cash is gone, by whatever way."""
    world.sim.wallets.fund(world.wallet, -world.wallet.cash_micros, {})


def killed(world: World) -> None:
    """Other people are faster, just before the match."""
    world.add_fault("POST /order", "kill")


def soon(act: Callable[[World], None]) -> Step:
    """Something that happens half a second later."""

    def step(world: World) -> None:
        asyncio.get_running_loop().call_later(0.5, act, world)

    return step


async def good_till_date(world: World) -> None:
    """A GTD that is to live for 120 s, and is over."""
    gtd = {**GTC, "tif": TimeInForce.GTD, "expires_s": now_s(world) + 121, "limit_e4": 4_000}
    await world.send(**gtd)
    await world.clock.sleep(122)


def fund_wallet(signature_type: int) -> Step:
    """Trade as a contract wallet that the venue derives from our key."""

    def step(world: World) -> None:
        own = world.sim.accounts.wallets_of(world.signer.address, signature_type)[0]
        wallet = world.sim.wallets.open(own, world.signer.address)
        world.sim.wallets.fund(wallet, 100 * SHARE, {})
        world.trade_as(signature_type, own)

    return step


def warned(world: World) -> None:
    world.sim.buckets.spend(world.signer.address.lower(), "order", 3)


PARTLY = Truth(statuses=("LIVE",), trades=1)
REST_KILLED = Truth(statuses=("CANCELED",), trades=1)
IN_DELAY = Truth(statuses=("DELAYED",))
TEN: dict[str, Any] = {"size_e6": 60 * SHARE, "spend_micros": 31_200_000}

TAKEN = (
    taken("fill-or-kill matched", MATCHED_TEXT, WHOLE, given(), truth=FILLED),
    taken("better price, more shares", '"takingAmount":"20.8"', WHOLE,
          given(lambda w: w.place("ask", 5_000, 50)), truth=FILLED),
    taken("other outcome", MATCHED_TEXT, WHOLE,
          given(lambda w: w.place("bid", 5_000, 50), outcome=Outcome.NO), truth=FILLED),
    taken("sold", '"makingAmount":"20","takingAmount":"10"', WHOLE,
          given(hold, lambda w: w.place("bid", 5_000, 50), **SELL), truth=FILLED),
    taken("fill-and-kill, partly", MATCHED_TEXT, PART, given(**IOC, **TEN), truth=REST_KILLED),
    taken("limit matched", MATCHED_TEXT, WHOLE, given(**GTC), truth=FILLED),
    taken("limit partly matched", MATCHED_TEXT, RESTING, given(**GTC, size_e6=60 * SHARE),
          truth=PARTLY),
    taken("limit partly matched, called live", LIVE_TEXT, RESTING,
          given(**GTC, size_e6=60 * SHARE), truth=PARTLY, sim={"partly_filled_status": "live"}),
    taken("live", LIVE_TEXT, RESTING, given(**LIMIT_PRICE), truth=RESTS),
    taken("post-only live", LIVE_TEXT, RESTING, given(**LIMIT_PRICE, post_only=True), truth=RESTS),
    taken("good-till-date", LIVE_TEXT, RESTING, good_till_date, truth=RESTS, found=MISSED),
    taken("unmatched rests", '"status":"unmatched"', RESTING, given(killed, **GTC), truth=RESTS),
    taken("crypto, held back", MATCHED_TEXT, WHOLE, given(pair=CRYPTO), truth=FILLED),
    taken("free of fees", MATCHED_TEXT, WHOLE, given(pair=FREE), truth=FILLED),
    taken("neg-risk exchange", MATCHED_TEXT, WHOLE, given(pair=NEG), truth=FILLED),
    taken("third protocol", MATCHED_TEXT, WHOLE, third_protocol, truth=FILLED),
    taken("proxy wallet", MATCHED_TEXT, WHOLE, given(fund_wallet(1)), truth=FILLED),
    taken("safe", MATCHED_TEXT, WHOLE, given(fund_wallet(2)), truth=FILLED),
    taken("deposit wallet", MATCHED_TEXT, WHOLE, given(trade_as(3)), truth=FILLED,
          sim={"requires_deposit_wallet": True}),
    taken("own address that is on the list", MATCHED_TEXT, WHOLE,
          given(lambda w: w.admin("standing", owner=w.signer.address, allow=True)), truth=FILLED,
          sim={"requires_deposit_wallet": True}),
    taken("closed only, but a SELL", MATCHED_TEXT, WHOLE,
          given(hold, lambda w: w.place("bid", 5_000, 50), standing("closed_only"), **SELL),
          truth=FILLED),
    taken("salt as text", MATCHED_TEXT, WHOLE,
          given(tamper=lambda w, p: replace(p, body=text_salt(p.body))), truth=FILLED,
          sim={"takes_text_salts": True}),
    taken("below minimum size, but at once", MATCHED_TEXT, WHOLE,
          given(small_orders, size_e6=4 * SHARE, spend_micros=2_080_000), truth=FILLED,
          sim={"min_size_on_market_orders": False}),
    taken("fine tick takes 5 decimals", MATCHED_TEXT, WHOLE,
          given(pair=FINE, tamper=other_amounts(10_400_000, 19_999_990)), truth=FILLED,
          sim={"market_decimals_fine": 5}),
    taken("signer limit only told", MATCHED_TEXT, WHOLE, given(warned), truth=FILLED,
          sim={"signer_limits": "warn", "orders_per_s": 2}),
    taken("delayed", '"status":"delayed"', DELAYED, given(delayed), code="delayed",
          truth=IN_DELAY, found=WHOLE),
    taken("delayed, book gone", '"status":"delayed"', DELAYED, given(delayed, then=empty_book),
          code="delayed", truth=IN_DELAY, found=MISSED),
    taken("delayed limit, book gone", '"status":"delayed"', DELAYED,
          given(delayed, then=empty_book, **GTC), code="delayed", truth=IN_DELAY, found=RESTING),
    taken("delayed, cash gone", '"status":"delayed"', DELAYED, given(delayed, then=poor),
          code="delayed", truth=IN_DELAY, found=MISSED),
    taken("delayed, market paused", '"status":"delayed"', DELAYED,
          given(delayed, then=market_is("paused")), code="delayed", truth=IN_DELAY, found=MISSED),
)  # fmt: skip


def quiet(code: str, text: str, told: AnswerStatus = REJECTED, **more: Any) -> Case:
    """A refusal inside a success, in words of the first CLOB among others."""
    judged = (told, code, more.pop("is_unavailable", False))
    found = MISSED if told is UNKNOWN else None
    return Case(name=f"200 quiet {text}", act=given(text_of(text, 200)), status=200, text=text,
                told=judged, found=found, **more)  # fmt: skip


QUIET = (
    quiet("off_tick", "INVALID_ORDER_MIN_TICK_SIZE"),
    quiet("below_size_min", "INVALID_ORDER_MIN_SIZE"),
    quiet("insufficient_balance", "INVALID_ORDER_NOT_ENOUGH_BALANCE"),
    quiet("invalid_expiration", "INVALID_ORDER_EXPIRATION"),
    quiet("invalid_nonce", "INVALID_ORDER_NONCE"),
    quiet("post_only_crosses", "INVALID_POST_ONLY_ORDER"),
    quiet("invalid_payload", "INVALID_POST_ONLY_ORDER_TYPE"),
    quiet("market_not_ready", "MARKET_NOT_READY"),
    quiet("fok_killed", "FOK_ORDER_NOT_FILLED_ERROR", MISSED),
    quiet("fok_killed", FOK_TEXT, MISSED),
    quiet("duplicated", "INVALID_ORDER_DUPLICATED", UNKNOWN),
    quiet("match_delayed", "DELAYING_ORDER_ERROR", UNKNOWN),
    quiet("match_delayed", "ORDER_DELAYED", UNKNOWN),
    quiet("server_error", "EXECUTION_ERROR", UNKNOWN),
    quiet("server_error", "INVALID_ORDER_ERROR", UNKNOWN),
    quiet("match_delayed", "order match delayed due to market conditions", UNKNOWN),
    quiet("rate_limited", "Too Many Requests", is_unavailable=True),
    quiet("http_200", "words of tomorrow", UNKNOWN),
)

TOO_LATE = (
    no("crypto market paused while we wait", "No orderbook exists for the requested token id",
       "no_orderbook", given(soon(lambda w: w.sim.set_status(w.condition(CRYPTO), "paused")),
       pair=CRYPTO), status=404, truth=Truth(statuses=("INVALID",)), sim={"crypto_delay_ms": 900}),
    no("crypto, cash gone while we wait", "the balance is not enough -> balance: 0",
       "insufficient_balance", given(soon(poor), pair=CRYPTO),
       truth=Truth(statuses=("INVALID",)), sim={"crypto_delay_ms": 900}),
)  # fmt: skip

ORDERS_TAKEN = (*TAKEN, *QUIET, *TOO_LATE)
