"""How creates end at Kalshi: one case for each row and option."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from tests.contract.support_kalshi_errors import FILLED, LOT, Act, Case, Truth, World
from twoleg.core.events import AnswerStatus
from twoleg.core.market import Band, Outcome, PriceGrid, Side, TimeInForce
from twoleg.venues.kalshi.meanings import Operation
from twoleg.venues.ports import PreparedOrder

S, GTC, IOC = AnswerStatus, TimeInForce.GTC, TimeInForce.IOC
Then = Callable[[World, PreparedOrder], Awaitable[None]]
FOK_CODE = "fill_or_kill_insufficient_resting_volume"
LIMITED = "error=too many requests"
RESTED = Truth(orders=1, rested=1)
FINE_GRID = PriceGrid((Band(0, 10_000, 1),))


def send(
    *,
    asks: tuple[tuple[int, int], ...] = ((5_200, 20),),
    own_ask: bool = False,
    first: Act | None = None,
    grid: PriceGrid | None = None,
    shard: int | None = None,
    body: Callable[[dict[str, Any]], object] | None = None,
    then: Then | None = None,
    **changes: Any,
) -> Act:
    """Send one order into a book; `body` is a client that builds it otherwise."""

    async def act(world: World) -> None:
        for price_e4, contracts in asks:
            await world.sim.rest("ask", price_e4, contracts)
        if own_ask:
            await world.rest(side=Side.SELL, limit_e4=5_000)
        if first is not None:
            await first(world)
        spec = await world.spec(**changes)
        market = msgspec.structs.replace(
            spec.market,
            grid=grid or spec.market.grid,
            shard=spec.market.shard if shard is None else shard,
        )
        prepared = world.orders.prepare(msgspec.structs.replace(spec, market=market))
        if body is not None:
            raw = json.dumps(body(json.loads(prepared.body))).encode()
            prepared = msgspec.structs.replace(prepared, body=raw)
        await world.ask(world.orders.send(prepared))
        if then is not None:
            await then(world, prepared)

    return act


def without(name: str) -> Callable[[dict[str, Any]], object]:
    return lambda fields: {key: value for key, value in fields.items() if key != name}


def with_(**more: Any) -> Callable[[dict[str, Any]], object]:
    return lambda fields: {**fields, **more}


def looks_up(status: AnswerStatus, code: str, filled_e6: int = 0) -> Then:
    """What is unknown after the answer is known after the look-up, and is the truth."""

    async def then(world: World, prepared: PreparedOrder) -> None:
        found = await world.orders.look_up(world.ref(prepared))
        assert (found.status, found.code, found.filled_e6) == (status, code, filled_e6)

    return then


async def id_is_used(world: World, prepared: PreparedOrder) -> None:
    again = await world.orders.send(prepared)
    assert (again.status, again.code) == (S.UNKNOWN, "order_already_exists")


async def id_is_free(world: World, prepared: PreparedOrder) -> None:
    """The refused bytes are judged on their merits again, not as a repetition."""
    told = world.told
    again = await world.orders.send(prepared)
    assert (again.status, again.code, again.is_unavailable) == told


def create(
    code: str,
    status: int,
    act: Act,
    *,
    told: tuple[AnswerStatus, str, bool] | None = None,
    name: str = "",
    stimulus: str = "",
    **more: Any,
) -> Case:
    return Case(
        name="-".join(
            word for word in ("create", str(status), code.partition("=")[0], name) if word
        ),
        operation=Operation.CREATE,
        act=act,
        status=status,
        code=code,
        told=told or (S.REJECTED, code, False),
        stimulus=stimulus,
        **more,
    )


async def sends_no_more(world: World, prepared: PreparedOrder) -> None:
    """The client takes its own bucket for empty, too."""
    again = await world.orders.send(prepared)
    assert (again.status, again.code) == (S.NOT_SENT, "no_tokens")


async def pause_market(world: World) -> None:
    await world.sim.admin("POST", "market", market=world.sim.ticker, status="inactive")


async def pause_trading(world: World) -> None:
    await world.sim.admin("POST", "exchange", exchange_index=0, trading_active=False)


async def pause_exchange(world: World) -> None:
    await world.sim.admin("POST", "exchange", exchange_index=0, exchange_active=False)


async def close(world: World) -> None:
    world.close()


async def join_unknown_group(world: World) -> None:
    world.orders.join_group(0, "11111111-2222-4333-8444-555555555555")


async def join_triggered_group(world: World) -> None:
    group = await world.groups.create(shard=0, limit_e6=LOT)
    await world.groups.trigger(group.order_group_id, shard=0)
    world.orders.join_group(0, group.order_group_id)


async def spend_all(world: World) -> None:
    await world.rest()


def refuse(code: str, status: int, *, operation: str = "create") -> Act:
    async def act(world: World) -> None:
        await world.sim.admin("POST", "refuse", operation=operation, code=code, status=status)

    return act


async def use_bucket_up(world: World) -> None:
    for _ in range(10):
        await world.orders.send(await world.prepare(tif=IOC, limit_e4=100))


async def create_before(world: World, tif: TimeInForce, limit_e4: int) -> PreparedOrder:
    prepared = await world.prepare(tif=tif, limit_e4=limit_e4)
    await world.orders.send(prepared)
    return prepared


def repeat(*, tif: TimeInForce, limit_e4: int, then: Then, cancels: bool = False) -> Act:
    """Send the bytes of an order that has come to its end, whatever end that was."""

    async def act(world: World) -> None:
        await world.sim.rest("ask", 5_200, 20)
        prepared = await create_before(world, tif, limit_e4)
        if cancels:
            await world.orders.cancel_all()
        await world.ask(world.orders.send(prepared))
        await then(world, prepared)

    return act


EXISTS: dict[str, Any] = {
    "told": (S.UNKNOWN, "order_already_exists", False),
    "stimulus": "duplicate client_order_id",
}
WAITS = (S.REJECTED, "trading_is_paused", True)
CLOSED_OPTIONS = (
    (409, "market_inactive"),
    (400, "market_inactive"),
    (409, "market_already_closed"),
    (400, "market_already_closed"),
)
SHARD_OPTIONS = [(status, is_long) for status in (404, 400) for is_long in (False, True)]


async def id_carries_user(world: World, _prepared: PreparedOrder) -> None:
    user_id = world.sim.sim.accounts["default"].user_id
    assert world.wires[0].code == f"user_not_found:_{user_id}"
    assert world.told[1] == "user_not_found"


def unfunded(status: int, *, is_long: bool) -> Case:
    async def act(world: World) -> None:
        then = id_carries_user if is_long else id_is_free
        await send(ticker=world.sim.crypto, then=then)(world)

    return create(
        "user_not_found",
        status,
        act,
        name="suffixed" if is_long else "",
        stimulus="create on unfunded shard",
        sim={"user_not_found_status": status, "user_not_found_suffix": is_long},
    )


REFUSED = (
    create(
        "insufficient_balance", 400, send(size_e6=300 * LOT, then=id_is_free),
        stimulus="not enough cash",
    ),
    *(
        create(
            code, 400,
            send(first=spend_all, limit_e4=4_000, tif=GTC, then=id_is_free),
            name="locked",
            sim={"locked_cash_code": code, "accounts": {"default": {"0": 5_000_000}, "other": {}}},
        )
        for code in ("insufficient_balance", "available_balance_too_low")
    ),
    create("invalid_order_size", 400, send(body=with_(count="0.00"), then=id_is_free)),
    create("invalid_price", 400, send(grid=FINE_GRID, limit_e4=5_201, then=id_is_free),
           name="off_grid", stimulus="invalid price"),
    create("invalid_price", 400, send(body=with_(price="0.0000")), name="zero"),
    create("invalid_price", 400, send(body=with_(price="1.0000")), name="one"),
    create("invalid_order", 400, send(tif=GTC, post_only=True, then=id_is_used),
           detail="post only cross", name="post_only-consumes",
           stimulus="post-only crossing", sim={"post_only_consumes_id": True}),
    create("invalid_order", 400, send(tif=GTC, post_only=True, then=id_is_free),
           detail="post only cross", name="post_only-leaves_id",
           sim={"post_only_consumes_id": False}),
    create("invalid_order", 400, send(body=with_(reduce_only=True), then=id_is_free),
           name="reduce_only"),
    create("missing_parameters", 400, send(body=without("time_in_force"), then=id_is_free),
           name="time_in_force", stimulus="missing time_in_force / self_trade_prevention_type"),
    create("missing_parameters", 400, send(body=without("self_trade_prevention_type")),
           name="self_trade"),
    create("invalid_parameters", 400, send(body=with_(side="yes"), then=id_is_free), name="side"),
    create("invalid_parameters", 400, send(body=with_(client_order_id="a.b")), name="dot",
           sim={"client_order_id_dots": False}),
    create("invalid_parameters", 400, send(tif=TimeInForce.GTD, expires_s=1), name="expired"),
    create("invalid_parameters", 400, send(), name="subaccount", client={"subaccount": 3}),
    create("bad_request", 400, send(body=with_(count=10), then=id_is_free), name="number",
           detail="json: cannot unmarshal number", stimulus="numeric count/price"),
    create("bad_request", 400, send(body=lambda _: []), name="list"),
    create("market_not_found", 404, send(body=with_(ticker="KXNONE-1"), then=id_is_free),
           name="unknown", stimulus="create with unknown ticker"),
    create("market_not_found", 404, send(shard=2, then=id_is_free), name="wrong_shard"),
    *(unfunded(status, is_long=is_long) for status, is_long in SHARD_OPTIONS),
    *(
        create(code, status, send(first=close, then=id_is_free), stimulus="any order op after close_time",
               sim={"closed_market_status": status, "closed_market_code": code})
        for status, code in CLOSED_OPTIONS
    ),
    create("trading_is_paused", 409, send(first=pause_market, then=id_is_free), told=WAITS,
           name="market", stimulus="create during pause"),
    create("trading_is_paused", 409, send(first=pause_trading, then=id_is_free), told=WAITS,
           name="exchange"),
    create("exchange_is_paused", 409, send(first=pause_exchange, then=id_is_free),
           told=(S.REJECTED, "exchange_is_paused", True)),
    create("order_group_not_found", 404, send(first=join_unknown_group, then=id_is_free)),
    create("exceeded_order_group_risk_limit", 409,
           send(first=join_triggered_group, then=id_is_free)),
    create(LIMITED, 429, send(first=use_bucket_up, tif=IOC, then=sends_no_more), name="bucket",
           told=(S.REJECTED, "rate_limited", True), stimulus="over budget",
           sim={"rate_limits": True, "tier": "basic"},
    ),
)  # fmt: skip

SCRIPTED = (
    # Engine reasons that no order alone brings about: the venue is told to answer with them.
    *(
        create(code, 409, send(first=refuse(code, 409)), told=(S.REJECTED, code, waits))
        for code, waits in (
            ("trading_paused", True),
            ("exchange_paused", True),
            ("exceeded_per_market_risk_limit", False),
        )
    ),
    *(
        create(code, status,
               send(first=refuse(code, status), then=looks_up(S.MISSED, "fenced_absent")),
               told=(S.UNKNOWN, code, waits))
        for code, status, waits in (
            ("exchange_unavailable", 409, True),
            ("exchange_unavailable", 503, True),
            ("internal_error", 409, False),
            ("internal_error", 500, False),
            ("self_cross_attempt", 409, False),
        )
    ),
)  # fmt: skip

ENDED = (
    create(
        FOK_CODE, 409, send(asks=((5_200, 3),), then=id_is_used),
        told=(S.MISSED, FOK_CODE, False), stimulus="FOK cannot fill",
    ),
    create(
        FOK_CODE, 409,
        send(asks=((5_200, 3),), then=looks_up(S.MISSED, "consumed_without_order")),
        told=(S.MISSED, FOK_CODE, False), name="looked_up",
    ),
    create("order_already_exists", 409,
           repeat(tif=TimeInForce.FOK, limit_e4=5_200,
                  then=looks_up(S.FILLED, "found_executed", LOT)),
           name="filled", **EXISTS),
    create("order_already_exists", 409,
           repeat(tif=TimeInForce.FOK, limit_e4=4_000,
                  then=looks_up(S.MISSED, "consumed_without_order")),
           name="killed", **EXISTS),
    create("order_already_exists", 409,
           repeat(tif=IOC, limit_e4=4_000, then=looks_up(S.MISSED, "found_canceled")),
           name="unmatched", **EXISTS),
    create("order_already_exists", 409,
           repeat(tif=GTC, limit_e4=4_000, then=looks_up(S.RESTING, "found_resting")),
           name="resting", **EXISTS),
    create("order_already_exists", 409,
           repeat(tif=GTC, limit_e4=4_000, cancels=True,
                  then=looks_up(S.MISSED, "found_canceled")),
           name="canceled", **EXISTS),
    create("", 201, send(), name="fok", told=(S.FILLED, "", False), truth=FILLED,
           stimulus="FOK fills"),
    *(
        create("", 201,
               send(asks=((5_200, 3),), tif=IOC,
                    then=looks_up(S.PARTIAL, f"found_{status}", 3_000_000)),
               name=f"ioc_partial-{status}", told=(S.PARTIAL, "", False), truth=FILLED,
               stimulus="IOC partial", sim={"partial_ioc_status": status})
        for status in ("canceled", "executed")
    ),
    create("", 201, send(asks=(), tif=IOC), name="ioc_none", told=(S.MISSED, "", False),
           truth=Truth(orders=1), stimulus="IOC none"),
    create("", 201, send(asks=(), own_ask=True, tif=IOC), name="own_cross-ioc",
           told=(S.MISSED, "", False), truth=Truth(orders=1), stimulus="own-order cross"),
    create("", 201, send(asks=(), own_ask=True, tif=GTC), name="own_cross-gtc",
           told=(S.MISSED, "not_rested", False), truth=Truth(orders=1)),
    create("", 201, send(asks=((4_900, 2),), own_ask=True, tif=GTC), name="own_cross-after_fills",
           told=(S.PARTIAL, "not_rested", False), truth=FILLED),
    create("", 201, send(asks=(), own_ask=True, tif=GTC), name="own_cross-maker",
           told=(S.RESTING, "", False), truth=Truth(orders=1, rested=1, gone=1),
           client={"self_trade_prevention": "maker"}),
    create("", 201,
           send(asks=(), side=Side.SELL, outcome=Outcome.YES, tif=IOC, reduce_only=True),
           name="reduce_only_without_position", told=(S.MISSED, "", False),
           truth=Truth(orders=1)),
    create("", 201, send(asks=(), tif=GTC, then=looks_up(S.RESTING, "found_resting")),
           name="rests", told=(S.RESTING, "", False), truth=RESTED, stimulus="GTC rests"),
    create("", 201, send(asks=((5_200, 3),), tif=GTC), name="rests-after_fills",
           told=(S.RESTING, "", False), truth=Truth(orders=1, fills=1, rested=1)),
    create("", 201, send(tif=GTC), name="filled-gtc", told=(S.FILLED, "", False), truth=FILLED),
    create("", 201, send(body=with_(client_order_id="a.b"), tif=GTC), name="dot",
           told=(S.UNKNOWN, "foreign_order", False), truth=FILLED,
           sim={"client_order_id_dots": True}),
)  # fmt: skip


async def send_untyped(world: World) -> None:
    prepared = await world.prepare()
    world.door.loses_content_type = True
    await world.ask(world.orders.send(prepared))


ORDERS = "POST /trade-api/v2/portfolio/events/orders"


def ambiguous(status: int, code: str, kind: str, when: str, word: str) -> Case:
    """Nobody can tell from the answer; the look-up tells, and both ends are possible."""

    async def fail(world: World) -> None:
        more = {"when": when} if status else {}
        world.add_fault(kind, on=ORDERS, **more)

    landed = when == "after"
    ending = looks_up(S.FILLED, "found_executed", LOT)
    then = ending if landed else looks_up(S.MISSED, "fenced_absent")
    return create(
        code, status, send(first=fail, then=then), told=(S.UNKNOWN, word, status == 503),
        name=f"{when}-looked_up", truth=FILLED if landed else Truth(),
    )  # fmt: skip


AMBIGUOUS = tuple(
    ambiguous(status, code, f"http_{status}" if status else f"drop_{when}", when, word)
    for status, code, word in (
        # No answer at all, and the failures of whatever stands between.
        (0, "", "no_answer"),
        (500, "internal_server_error", "internal_server_error"),
        (502, "html", "http_502"),
        (503, "service_unavailable", "service_unavailable"),
        (504, "gateway_timeout", "gateway_timeout"),
    )
    for when in ("before", "after")
)

MALFORMED = (create("invalid_content_type", 400, send_untyped),)

CREATES = (*REFUSED, *SCRIPTED, *ENDED, *AMBIGUOUS, *MALFORMED)
