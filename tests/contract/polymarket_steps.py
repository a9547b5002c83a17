"""Steps of the cases: how each answer of the venue comes about."""

from collections.abc import Awaitable, Callable
from typing import Any

from msgspec.structs import replace

from tests.contract.support_polymarket_client import FINE, GTC, NEG, PLAIN, SHARE
from tests.contract.support_polymarket_rows import Tamper, World, told_of
from twoleg.core.market import Side, TimeInForce
from twoleg.venues.polymarket.contracts import Exchange
from twoleg.venues.ports import PreparedOrder

IOC: dict[str, Any] = {"tif": TimeInForce.IOC}
SELL: dict[str, Any] = {"side": Side.SELL, "spend_micros": 0, "limit_e4": 4_900}
LIMIT_PRICE: dict[str, Any] = {**GTC, "limit_e4": 5_100}
"""Rests beneath the ask of 0.52."""
ZERO = "0x" + "00" * 20
Step = Callable[[World], Awaitable[None] | None]


def given(
    *steps: Step,
    then: Step | None = None,
    pair: int = PLAIN,
    tamper: Tamper | None = None,
    **changes: Any,
) -> Any:
    """An act: these steps, one order of ours at a book of 50 YES at 0.52, and what follows."""

    async def act(world: World) -> None:
        world.place("ask", 5_200, 50, pair)
        await world.market(pair)
        for step in steps:
            await do(step, world)
        await world.send(pair, tamper=tamper, **changes)
        if then is not None:
            await do(then, world)

    return act


async def do(step: Step, world: World) -> None:
    made = step(world)
    if made is not None:
        await made


def other_bytes(old: str, new: str) -> Tamper:
    """Bytes that differ from what was prepared."""

    def tamper(_world: World, prepared: PreparedOrder) -> PreparedOrder:
        assert old.encode() in prepared.body
        return replace(prepared, body=prepared.body.replace(old.encode(), new.encode()))

    return tamper


def other_amounts(maker: int, taker: int) -> Tamper:
    return lambda world, prepared: world.forge(prepared, maker, taker)


def other_signature(_world: World, prepared: PreparedOrder) -> PreparedOrder:
    head, mark, tail = prepared.body.partition(b'"signature":"0x')
    return replace(prepared, body=head + mark + (b"1" if tail[:1] == b"0" else b"0") + tail[1:])


def first_version(_world: World, prepared: PreparedOrder) -> PreparedOrder:
    """The struct of before April 2026."""
    head, _, rest = prepared.body.partition(b',"timestamp"')
    signature = rest[rest.index(b',"signature"') :]
    old = f',"nonce":"0","feeRateBps":"0","taker":"{ZERO}"'
    return replace(prepared, body=head + old.encode() + signature)


def other_owner(world: World, prepared: PreparedOrder) -> PreparedOrder:
    return other_bytes(world.credentials.key, "9" * 8 + world.credentials.key[8:])(world, prepared)


def other_signer(world: World, prepared: PreparedOrder) -> PreparedOrder:
    wallet, own = world.signer.maker, world.signer.address
    return other_bytes(f'"signer":"{wallet}"', f'"signer":"{own}"')(world, prepared)


async def flip_exchange(world: World) -> None:
    """Believe that the market settles on the other exchange."""
    for pair in (PLAIN, NEG):
        market = await world.market(pair)
        world.markets[pair] = replace(market, neg_risk=not market.neg_risk)


async def stranger_tokens(world: World) -> None:
    market = await world.market()
    world.markets[PLAIN] = replace(market, yes_token=str(int(market.yes_token) ^ (1 << 200)))


async def small_orders(world: World) -> None:
    """Believe in no minimum sizes."""
    market = await world.market()
    world.markets[PLAIN] = replace(market, size_e6_min=0, notional_micros_min=0)


async def rest_first(world: World) -> None:
    """An order of ours that reserves cash."""
    await world.rest_order(size_e6=100 * SHARE)


def standing(word: str) -> Step:
    return lambda world: world.admin("standing", owner=world.signer.address, standing=word)


def allowance(**what: Any) -> Step:
    return lambda world: world.admin(
        "allowance", wallet=world.signer.maker, exchange="standard", **what
    )


def market_is(word: str) -> Step:
    return lambda world: world.sim.set_status(world.condition(), word)


def tick(tick_e4: int) -> Step:
    return lambda world: world.admin("tick", market=world.condition(FINE), tick_e4=tick_e4)


def answered(name: str, **more: Any) -> Step:
    return lambda world: world.answer(name, **more)


def text_of(text: str, status: int = 400, when: str = "before") -> Step:
    return lambda world: world.answer("other", status=status, error=text, when=when)


def hold(world: World) -> None:
    """20 YES of ours."""
    token = world.markets[PLAIN].yes_token
    world.sim.wallets.fund(world.wallet, 0, {token: 20 * SHARE})


def trade_as(signature_type: int, funder: str = "") -> Step:
    return lambda world: world.trade_as(signature_type, funder)


def empty_book(world: World) -> None:
    world.sim.clear(world.condition())


def now_s(world: World) -> int:
    return world.clock.wall_ns() // 1_000_000_000


async def expiring(world: World) -> None:
    """A GTD whose expiration lies 179 s ahead."""
    expires_s = now_s(world) + 200
    tamper = other_bytes(f'"expiration":"{expires_s + 60}"', f'"expiration":"{expires_s - 21}"')
    gtd = {**GTC, "tif": TimeInForce.GTD, "expires_s": expires_s, "limit_e4": 4_000}
    await world.send(tamper=tamper, **gtd)


async def resend(world: World, **changes: Any) -> None:
    """The same bytes again."""
    world.place("ask", 5_200, 50)
    prepared = await world.prepare(**changes)
    await world.orders.send(prepared)
    await world.post(prepared)


async def third_protocol(world: World, tamper: Tamper | None = None) -> None:
    """An order for a token that is a position id: signed for domain "3"."""
    await world.admin("market", question="Will it be a position?", position=True)
    condition = next(reversed(world.sim.markets))
    market = await world.catalogue.read_market(condition)
    world.sim.place(condition, "ask", 5_200, 50 * SHARE)
    await world.send(market=market, tamper=tamper)


async def third_protocol_as_second(world: World) -> None:
    """The same, signed for domain "2"."""
    await third_protocol(world, lambda w, p: w.forge(p, 10_400_000, 20 * SHARE, Exchange.STANDARD))


async def sixteen(world: World) -> None:
    """More than the client itself would put into one request."""
    orders = [await world.prepare(**GTC, limit_e4=4_000) for _ in range(16)]
    answers = await world.ask(world.orders._send_part(orders))
    assert len(set(answers)) == 1
    world.told = told_of(answers[0])


def revoke(world: World) -> None:
    """The account's own key is no key any more."""
    world.sim.accounts.drop(world.sim.accounts.default_key)


def wrong(**credentials: str) -> Step:
    def step(world: World) -> None:
        world.sign_requests_as(**credentials)

    return step


def agent(name: str) -> Step:
    def step(world: World) -> None:
        world.site.door.agent = name

    return step


def geoblock(world: World) -> Awaitable[None]:
    return world.admin("geoblock", blocked=True)


def clock_off(seconds: int) -> Step:
    def step(world: World) -> None:
        world.clock.offset_s = seconds

    return step


def mode(name: str) -> Step:
    return lambda world: world.admin("mode", mode=name)


def drained(world: World) -> None:
    """The venue counts more orders of ours than we do."""
    world.sim.buckets.spend(world.signer.address.lower(), "order", 3)


def text_salt(body: bytes) -> bytes:
    """The salt as text instead of as a number."""
    head, mark, tail = body.partition(b'"salt":')
    number, comma, rest = tail.partition(b",")
    return head + mark + b'"' + number + b'"' + comma + rest
