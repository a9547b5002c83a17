"""Every answer to a cancel: how it comes about, and what it means."""

from collections.abc import Awaitable, Callable
from typing import Any

from tests.contract.polymarket_order_cases import KEY_TEXT, SECRET, WORDS
from tests.contract.polymarket_steps import (
    LIMIT_PRICE,
    Step,
    agent,
    answered,
    clock_off,
    do,
    mode,
    revoke,
    wrong,
)
from tests.contract.polymarket_taken_cases import delayed
from tests.contract.support_polymarket_client import ref
from tests.contract.support_polymarket_rows import NOTHING, Case, Truth, World, told_of
from twoleg.core.orders import OrderRef
from twoleg.venues.ports import CancelStatus

CANCELED, NOT_RESTING = CancelStatus.CANCELED, CancelStatus.NOT_RESTING
REFUSED, UNKNOWN = CancelStatus.REFUSED, CancelStatus.UNKNOWN
GONE = Truth(gone=1)
How = Callable[[World, OrderRef], Awaitable[Any]]


def one(world: World, order: OrderRef) -> Awaitable[Any]:
    return world.orders.cancel(order)


def many(world: World, order: OrderRef) -> Awaitable[Any]:
    return world.orders.cancel_batch([order])


def everything(world: World, _order: OrderRef) -> Awaitable[Any]:
    return world.orders.cancel_all()


def whole_market(world: World, order: OrderRef) -> Awaitable[Any]:
    return world.orders.cancel_market(order.spec.market.native_id)


def whole_token(world: World, order: OrderRef) -> Awaitable[Any]:
    return world.orders.cancel_market(token=order.spec.market.yes_token)


def cancels(*steps: Step, how: How = one, is_sent: bool = True, **changes: Any) -> Any:
    """An act: an order of ours at a book of 50 YES at 0.52, these steps, then its cancel."""

    async def act(world: World) -> None:
        world.place("ask", 5_200, 50)
        prepared = await world.prepare(**{**LIMIT_PRICE, **changes})
        world.sent.append(prepared)
        world.expected_cash = (world.shown_micros(), 0)
        if is_sent:
            await world.orders.send(prepared)
        for step in steps:
            await do(step, world)
        await world.ask(how(world, ref(prepared)))
        if isinstance(world.told, tuple) and isinstance(world.told[0], tuple):
            (world.told,) = world.told

    return act


def cancel(
    name: str,
    text: str,
    told: tuple[CancelStatus, str],
    act: Any,
    *,
    status: int = 200,
    **more: Any,
) -> Case:
    name = f"cancel {status} {name}"
    return Case(name=name, act=act, status=status, text=text, told=told, **more)


def fill_it(world: World) -> None:
    world.place("ask", 5_100, 20)


async def cancel_it(world: World) -> None:
    await world.orders.cancel(ref(world.sent[0]))


async def cancel_delayed(world: World) -> None:
    """A taker of ours that its market holds back."""
    world.place("ask", 5_200, 50)
    await delayed(world)
    prepared = await world.prepare()
    world.sent.append(prepared)
    world.expected_cash = (world.shown_micros(), 0)
    await world.orders.send(prepared)
    await world.ask(world.orders.cancel(ref(prepared)))


async def too_many(world: World) -> None:
    """More than the client itself would put into one request."""
    body = b"[" + b",".join(b'"0x%064x"' % number for number in range(1_001)) + b"]"
    answer = await world.ask(world.orders._cancels._delete("/orders", body, cost=1))
    world.told = told_of(answer)


def spent(world: World) -> None:
    """The venue counts more cancels of ours than we do."""
    world.sim.buckets.spend(world.signer.address.lower(), "cancel", 6)


def scripted(name: str, **more: Any) -> Step:
    return answered(name, on="DELETE /order", **more)


def worded(text: str, status: int = 400) -> Step:
    return scripted("other", status=status, error=text)


def faulty(kind: str, when: str) -> Step:
    return lambda world: world.add_fault("DELETE /order", kind, when=when)


MATCHED_TEXT = "order already matched"
NOT_FOUND_TEXT = "Order not found or already canceled"
MERGED_TEXT = "already canceled or matched"
DELAY_TEXT = "order is delayed and can not be canceled yet"
DISABLED_TEXT = "Trading is currently disabled. Check polymarket.com for updates"
LIMITS = {"signer_limits": "enforce", "orders_per_s": 2}
GONE_TEXT = '"canceled":["0x'

DONE = (
    cancel("canceled", GONE_TEXT, (CANCELED, ""), cancels(), truth=GONE),
    cancel("canceled in a batch", GONE_TEXT, (CANCELED, ""), cancels(how=many), truth=GONE),
    cancel("canceled with everything", GONE_TEXT, (CANCELED, ""), cancels(how=everything),
           truth=GONE),
    cancel("canceled with its market", GONE_TEXT, (CANCELED, ""), cancels(how=whole_market),
           truth=GONE),
    cancel("canceled with its token", GONE_TEXT, (CANCELED, ""), cancels(how=whole_token),
           truth=GONE),
    cancel("canceled in cancel-only", GONE_TEXT, (CANCELED, ""), cancels(mode("cancel_only")),
           truth=GONE),
    cancel("canceled in post-only", GONE_TEXT, (CANCELED, ""), cancels(mode("post_only")),
           truth=GONE),
    cancel("nothing rests", '"canceled":[]', (CANCELED, ""),
           cancels(cancel_it, how=everything)),
)  # fmt: skip

REASONS = (
    cancel("already matched", MATCHED_TEXT, (NOT_RESTING, MATCHED_TEXT), cancels(fill_it)),
    cancel("already canceled", NOT_FOUND_TEXT, (NOT_RESTING, NOT_FOUND_TEXT), cancels(cancel_it)),
    cancel("not found", NOT_FOUND_TEXT, (NOT_RESTING, NOT_FOUND_TEXT), cancels(is_sent=False)),
    cancel("not found in a batch", NOT_FOUND_TEXT, (NOT_RESTING, NOT_FOUND_TEXT),
           cancels(is_sent=False, how=many)),
    cancel("one reason for both, matched", MERGED_TEXT, (NOT_RESTING, MERGED_TEXT),
           cancels(fill_it), sim={"merges_cancel_reasons": True}),
    cancel("one reason for both, canceled", MERGED_TEXT, (NOT_RESTING, MERGED_TEXT),
           cancels(cancel_it), sim={"merges_cancel_reasons": True}),
    cancel("in delay", DELAY_TEXT, (REFUSED, DELAY_TEXT), cancel_delayed),
)  # fmt: skip

REFUSALS = (
    cancel("foreign key", KEY_TEXT, (REFUSED, "unauthorized"), cancels(wrong(key="0" * 8)),
           status=401),
    cancel("revoked key", KEY_TEXT, (REFUSED, "unauthorized"), cancels(revoke), status=401),
    cancel("wrong secret", KEY_TEXT, (REFUSED, "unauthorized"), cancels(wrong(secret=SECRET)),
           status=401),
    cancel("clock off", KEY_TEXT, (REFUSED, "unauthorized"), cancels(clock_off(-3_600)),
           status=401),
    cancel("agent of a library", "Cloudflare", (REFUSED, "forbidden"),
           cancels(agent("Python-urllib/3.11")), status=403),
    cancel("region", "Trading restricted in your region", (REFUSED, "region_restricted"),
           cancels(scripted("geoblocked")), status=403),
    cancel("restarting", "", (REFUSED, "engine_restarting"), cancels(mode("restarting")),
           status=425),
    cancel("signer limit", "Too Many Requests", (REFUSED, "rate_limited"), cancels(spent),
           status=429, sim=LIMITS),
    cancel("too many requests", "Too Many Requests", (REFUSED, "rate_limited"),
           cancels(scripted("too_many_requests")), status=429),
    cancel("disabled", DISABLED_TEXT, (REFUSED, "trading_disabled"), cancels(mode("disabled")),
           status=503),
    cancel("invalid payload", "Invalid order payload", (REFUSED, "invalid_payload"),
           cancels(worded("Invalid order payload")), status=400),
    cancel("invalid id", "Invalid orderID", (REFUSED, "invalid_payload"),
           cancels(worded("Invalid orderID")), status=400),
    cancel("too many ids", "Too many orders in payload: 1001, max allowed: 1000",
           (REFUSED, "too_many_orders"), too_many, status=400),
    cancel("order not found", "order not found", (NOT_RESTING, "not_found"),
           cancels(cancel_it, worded("order not found", 404)), status=404),
    cancel("no such path", "404 page not found", (UNKNOWN, "http_404"),
           cancels(worded("404 page not found", 404)), status=404),
    cancel("no row", "nobody has seen this", (UNKNOWN, "http_400"),
           cancels(worded("nobody has seen this")), status=400),
)  # fmt: skip


OTHER_WORDS = tuple(
    cancel(text, text, (REFUSED, code), cancels(worded(text, status)), status=status)
    for status, text, code in WORDS
)


def _either(*, has_happened: bool) -> tuple[Case, ...]:
    when, truth = ("after", GONE) if has_happened else ("before", NOTHING)
    gateway = {"502": "Bad Gateway", "504": "Gateway Timeout"}
    return (
        cancel(f"server error, {when}", "could not insert order", (UNKNOWN, "http_500"),
               cancels(scripted("could_not_insert", when=when)), status=500, truth=truth),
        *(
            cancel(f"gateway, {when}", text, (UNKNOWN, "bad_gateway"),
                   cancels(faulty(f"http_{status}", when)), status=int(status), truth=truth)
            for status, text in gateway.items()
        ),
    )  # fmt: skip


CANCELS = (
    *DONE,
    *REASONS,
    *REFUSALS,
    *OTHER_WORDS,
    *_either(has_happened=False),
    *_either(has_happened=True),
)
