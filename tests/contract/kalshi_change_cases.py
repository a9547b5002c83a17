"""How cancels, amends, decreases and batches end at Kalshi: one case for each row and option."""

from collections.abc import Callable
from typing import Any

import msgspec

from tests.contract.kalshi_create_cases import (
    CLOSED_OPTIONS,
    FINE_GRID,
    FOK_CODE,
    GTC,
    IOC,
    LIMITED,
    close,
    pause_exchange,
    pause_market,
    refuse,
)
from tests.contract.support_kalshi_errors import FILLED, LOT, Act, Case, Truth, World
from twoleg.core.events import AnswerStatus
from twoleg.core.market import Side, TimeInForce
from twoleg.core.orders import OrderRef
from twoleg.venues.kalshi.amend import ChangeStatus
from twoleg.venues.kalshi.meanings import Operation
from twoleg.venues.ports import CancelStatus

S, C, X = AnswerStatus, ChangeStatus, CancelStatus
GONE, CHANGED = Truth(gone=1), Truth(changed=1)
NOBODY = "11111111-2222-4333-8444-555555555555"
Make = Callable[[World, OrderRef], Any]


def change(
    make: Make, *, first: Act | None = None, sold: tuple[int, int] = (0, 0), **rest: Any
) -> Act:
    """Rest an order of ours, let others sell into it, and change it."""

    async def act(world: World) -> None:
        ref = await world.rest(**rest)
        if sold[1]:
            await world.sim.rest("ask", *sold)
        if first is not None:
            await first(world)
        await world.ask(make(world, ref))

    return act


def cancel(world: World, ref: OrderRef) -> Any:
    return world.orders.cancel(ref)


def cancel_batch(world: World, ref: OrderRef) -> Any:
    return world.orders.cancel_batch([ref])


def cancel_all(world: World, _ref: OrderRef) -> Any:
    return world.orders.cancel_all()


def to_less(world: World, ref: OrderRef) -> Any:
    return world.orders.decrease(ref, reduce_to_e6=LOT // 2)


def to_more(world: World, ref: OrderRef) -> Any:
    return world.orders.decrease(ref, reduce_to_e6=2 * LOT)


def to_nothing(world: World, ref: OrderRef) -> Any:
    return world.orders.decrease(ref, reduce_by_e6=LOT)


def amend(limit_e4: int = 4_100, size_e6: int = LOT, **more: Any) -> Make:
    return lambda world, ref: world.orders.amend(ref, limit_e4=limit_e4, size_e6=size_e6, **more)


def of(make: Make, **changes: Any) -> Make:
    """A client that mistakes the order for another one."""

    def mistaken(world: World, ref: OrderRef) -> Any:
        market = msgspec.structs.replace(ref.spec.market, **changes.get("market", {}))
        spec = msgspec.structs.replace(ref.spec, market=market, **changes.get("spec", {}))
        return make(world, msgspec.structs.replace(ref, spec=spec, **changes.get("ref", {})))

    return mistaken


def speak_for(subaccount: int) -> Act:
    """From now on the client names another subaccount."""

    async def first(world: World) -> None:
        if subaccount == 1:
            await world.sim.call("POST", "/portfolio/subaccounts", json={})
        changed = msgspec.structs.replace(world.options, subaccount=subaccount)
        world.orders._canceller._options = world.orders._changer._options = changed

    return first


def case(operation: Operation, code: str, status: int, act: Act, told: Any, **more: Any) -> Case:
    words = (operation.value, str(status), more.get("item", ""), code.partition("=")[0])
    name = "-".join(word for word in (*words, more.pop("name", "")) if word)
    return Case(
        name=name, operation=operation, act=act, status=status, code=code, told=told, **more
    )


def closed(operation: Operation, make: Make, refused: Any) -> list[Case]:
    """Both codes under both statuses: which it is was never seen."""
    return [
        case(
            operation, code, status, change(make, first=close), refused(code),
            stimulus="any order op after close_time",
            sim={"closed_market_status": status, "closed_market_code": code},
        )
        for status, code in CLOSED_OPTIONS
    ]  # fmt: skip


def scripted(operation: Operation, make: Make, refused: Any, unsure: Any) -> list[Case]:
    word = operation.value
    unknown = (
        ("internal_error", 409, False),
        ("exchange_unavailable", 409, True),
        ("exchange_unavailable", 503, True),
    )
    return [
        *(
            case(operation, code, 409, change(make, first=refuse(code, 409, operation=word)),
                 refused(code, waits=True))
            for code in ("trading_paused", "exchange_paused")
        ),
        *(
            case(operation, code, status,
                 change(make, first=refuse(code, status, operation=word)),
                 unsure(code, waits=waits))
            for code, status, waits in unknown
        ),
    ]  # fmt: skip


def not_canceled(code: str, *, waits: bool = False) -> Any:
    return (X.REFUSED, code)


def cancel_unsure(code: str, *, waits: bool = False) -> Any:
    return (X.UNKNOWN, code)


def unchanged(code: str, *, waits: bool = False) -> Any:
    return (C.REFUSED, code, waits)


def change_unsure(code: str, *, waits: bool = False) -> Any:
    return (C.UNKNOWN, code, waits)


# Nothing rests there: each way for that to be so has the same answer.
ELSEWHERE: tuple[tuple[str, dict[str, Any], dict[str, Any]], ...] = (
    ("unknown", {"mistake": {"ref": {"venue_order_id": NOBODY}}}, {}),
    ("executed", {"sold": (4_000, 10)}, {}),
    ("wrong_shard", {"mistake": {"market": {"shard": 2}}}, {}),
    ("wrong_subaccount", {"first": speak_for(1)}, {"tier": "advanced"}),
)


def absent(operation: Operation, make: Make, told: Any) -> list[Case]:
    def act(mistake: Any = None, **more: Any) -> Act:
        return change(of(make, **mistake) if mistake else make, **more)

    async def cancel_first(world: World) -> None:
        await world.orders.cancel_all()

    return [
        *(
            case(operation, "not_found", 404, act(**ways), told, name=name, sim=sim,
                 stimulus="cancel executed / cancelled / unknown / wrong shard")
            for name, ways, sim in ELSEWHERE
        ),
        case(operation, "not_found", 404, change(make, first=cancel_first), told, name="canceled"),
    ]  # fmt: skip


Op = Operation
CANCELS = (
    *(
        case(Op.CANCEL, "", 200, change(cancel), (X.CANCELED, ""), truth=GONE,
             name=f"resting-{name}", stimulus="cancel resting",
             sim={"cancel_tells_client_order_id": is_named})
        for name, is_named in (("named", True), ("unnamed", False))
    ),
    case(Op.CANCEL, "", 200, change(cancel, first=pause_market), (X.CANCELED, ""), truth=GONE,
         name="in_trading_pause"),
    case(Op.CANCEL, "exchange_is_paused", 409, change(cancel, first=pause_exchange),
         (X.REFUSED, "exchange_is_paused")),
    case(Op.CANCEL, "msg", 400, change(cancel, first=speak_for(64)), (X.REFUSED, "http_400"),
         name="subaccount"),
    case(Op.CANCEL_ALL, "", 204, change(cancel_all), (X.TAKEN, ""), truth=GONE),
    # The venue takes the request; what rests where it takes no cancels stays.
    case(Op.CANCEL_ALL, "", 204, change(cancel_all, first=pause_exchange), (X.TAKEN, ""),
         name="in_exchange_pause"),
    case(Op.CANCEL_ALL, "exchange_is_paused", 409, change(cancel_all, first=pause_exchange),
         (X.REFUSED, "exchange_is_paused"), sim={"cancel_all_in_pause": "refuses"}),
    *absent(Op.CANCEL, cancel, (X.NOT_RESTING, "not_found")),
    *closed(Op.CANCEL, cancel, not_canceled),
    *scripted(Op.CANCEL, cancel, not_canceled, cancel_unsure),
)  # fmt: skip


def updated(operation: Operation, make: Make) -> list[Case]:
    """Both names of an order that has filled."""
    filled = change(make, sold=(4_000, 10))
    return [
        case(operation, "not_found", 404, filled, (C.NOT_RESTING, "not_found", False),
             name="filled", sim={"filled_update_code": "not_found"}),
        case(operation, "cannot_update_filled_order", 400, filled,
             (C.NOT_RESTING, "cannot_update_filled_order", False),
             sim={"filled_update_code": "cannot_update_filled_order"}),
    ]  # fmt: skip


DECREASES = (
    case(Op.DECREASE, "", 200, change(to_less), (C.CHANGED, "", False), truth=CHANGED),
    case(Op.DECREASE, "", 200, change(to_nothing), (C.CHANGED, "", False), truth=GONE, name="all"),
    case(Op.DECREASE, "", 200, change(to_less, first=pause_market), (C.CHANGED, "", False),
         truth=CHANGED, name="in_trading_pause"),
    case(Op.DECREASE, "exchange_is_paused", 409, change(to_less, first=pause_exchange),
         (C.REFUSED, "exchange_is_paused", True)),
    case(Op.DECREASE, "invalid_order_size", 400, change(to_more), unchanged("invalid_order_size")),
    case(Op.DECREASE, "msg", 400, change(to_less, first=speak_for(64)), unchanged("http_400"),
         name="subaccount"),
    *updated(Op.DECREASE, to_less),
    *absent(Op.DECREASE, to_less, (C.NOT_RESTING, "not_found", False)),
    *closed(Op.DECREASE, to_less, unchanged),
    *scripted(Op.DECREASE, to_less, unchanged, change_unsure),
)  # fmt: skip


def amend_to_used_id(world: World, ref: OrderRef) -> Any:
    return amend(new_order_key="used")(world, ref)


async def use_id(world: World) -> None:
    prepared = await world.prepare(tif=IOC, limit_e4=100)
    used = prepared.body.replace(prepared.order_key.encode(), b"used")
    await world.orders.send(msgspec.structs.replace(prepared, body=used))


async def rest_too_little(world: World) -> None:
    await world.sim.rest("ask", 4_000, 4)


async def amend_and_cross(world: World) -> None:
    """The counts of the answer are of the amend or of the order: never booked, so no matter."""
    ref = await world.rest()
    await rest_too_little(world)
    await world.sim.rest("ask", 4_500, 3)
    answer = await world.ask(amend(limit_e4=4_500)(world, ref))
    is_order = world.sim.sim.options.amend_tells == "order"
    assert (answer.remaining_e6, answer.filled_e6) == (
        3_000_000,
        7_000_000 if is_order else 3_000_000,
    )


GRID = {"market": {"grid": FINE_GRID}}
AMENDS = (
    case(Op.AMEND, "", 200, change(amend()), (C.CHANGED, "", False), truth=CHANGED),
    case(Op.AMEND, "", 200, change(amend(new_order_key="new")), (C.CHANGED, "", False),
         truth=CHANGED, name="renamed"),
    *(
        case(Op.AMEND, "", 200, amend_and_cross, (C.CHANGED, "", False),
             truth=Truth(fills=1, changed=1), name=f"crossing-{tells}", sim={"amend_tells": tells})
        for tells in ("amendment", "order")
    ),
    case(Op.AMEND, "order_id_and_client_order_id_mismatch", 400,
         change(of(amend(), ref={"order_key": "another"})),
         unchanged("order_id_and_client_order_id_mismatch")),
    case(Op.AMEND, "order_side_mismatch", 400, change(of(amend(), spec={"side": Side.SELL})),
         unchanged("order_side_mismatch")),
    case(Op.AMEND, "order_ticker_mismatch", 400,
         change(of(amend(), market={"native_id": "KXANOTHER-1"})),
         unchanged("order_ticker_mismatch")),
    case(Op.AMEND, "invalid_price", 400, change(of(amend(limit_e4=4_101), **GRID)),
         unchanged("invalid_price")),
    case(Op.AMEND, "insufficient_balance", 400, change(amend(size_e6=300 * LOT)),
         unchanged("insufficient_balance")),
    case(Op.AMEND, "invalid_order", 400,
         change(amend(limit_e4=5_200), sold=(5_200, 10), post_only=True),
         unchanged("invalid_order"), detail="post only cross"),
    case(Op.AMEND, "order_already_exists", 409, change(amend_to_used_id, first=use_id),
         (C.UNKNOWN, "order_already_exists", False)),
    case(Op.AMEND, "invalid_amend_qty_for_order", 400,
         change(amend(limit_e4=4_000, size_e6=4_000_000), first=rest_too_little),
         unchanged("invalid_amend_qty_for_order")),
    case(Op.AMEND, "invalid_parameters", 400, change(amend(expires_s=1)),
         unchanged("invalid_parameters"), name="expired"),
    case(Op.AMEND, "trading_is_paused", 409, change(amend(), first=pause_market),
         (C.REFUSED, "trading_is_paused", True)),
    case(Op.AMEND, "exchange_is_paused", 409, change(amend(), first=pause_exchange),
         (C.REFUSED, "exchange_is_paused", True)),
    *updated(Op.AMEND, amend(size_e6=2 * LOT)),
    *absent(Op.AMEND, amend(size_e6=2 * LOT), (C.NOT_RESTING, "not_found", False)),
    *closed(Op.AMEND, amend(), unchanged),
    *scripted(Op.AMEND, amend(), unchanged, change_unsure),
)  # fmt: skip


# -- batches ---------------------------------------------------------------------------------------


def send_two(*, changes: dict[str, Any], spoil: bytes = b"", first: Act | None = None) -> Act:
    """Send the order that the case is about and a good one in one batch."""

    async def act(world: World) -> None:
        await world.sim.rest("ask", 5_200, 12)
        await world.sim.rest("bid", 5_000, 90)
        if first is not None:
            await first(world)
        odd = await world.prepare(**{"size_e6": LOT, **changes})
        if spoil:
            odd = msgspec.structs.replace(odd, body=odd.body.replace(b'"10.00"', spoil))
        good = await world.prepare(tif=IOC, size_e6=1_000_000)
        await world.ask(world.orders.send_batch([odd, good]))
        if world.truth != Truth():
            items = [world.wires[0].items[0], ""]
            assert world.wires[0].items == items
        if world.told[0][1] in {FOK_CODE, "order_already_exists"}:
            again = await world.orders.send(odd)
            assert (again.status, again.code) == (S.UNKNOWN, "order_already_exists")

    return act


def item(code: str, changes: dict[str, Any], told: Any, **more: Any) -> Case:
    """A batch of a bad order and a good one: each is judged for itself."""
    spoil, first = more.pop("spoil", b""), more.pop("first", None)
    return case(
        Op.CREATE, "", 201, send_two(changes=changes, spoil=spoil, first=first),
        (told, (S.FILLED, "", False)), item=code, truth=FILLED, **more,
    )  # fmt: skip


async def send_eleven(world: World) -> None:
    prepared = [await world.prepare(tif=IOC, limit_e4=100) for _ in range(11)]
    await world.ask(world.orders.send_batch(prepared))
    world.told = world.told[-1]


async def cancel_two(world: World) -> None:
    ref, gone = await world.rest(), await world.rest()
    await world.orders.cancel(gone)
    await world.ask(world.orders.cancel_batch([gone, ref]))


async def pause_only(world: World) -> None:
    ref = await world.rest()
    await pause_exchange(world)
    await world.ask(world.orders.cancel_batch([ref]))


BATCHES = (
    case(Op.BATCH_CREATE, "", 201, send_two(changes={"tif": GTC, "limit_e4": 4_000}),
         ((S.RESTING, "", False), (S.FILLED, "", False)),
         truth=Truth(orders=2, fills=1, rested=1)),
    item("insufficient_balance", {"size_e6": 300 * LOT},
         (S.REJECTED, "insufficient_balance", False)),
    item("invalid_order_size", {}, (S.REJECTED, "invalid_order_size", False), spoil=b'"0.00"'),
    item(FOK_CODE, {"size_e6": 2 * LOT}, (S.MISSED, FOK_CODE, False)),
    item("invalid_parameters", {"tif": TimeInForce.GTD, "expires_s": 1}, (S.REJECTED, "invalid_parameters", False)),
    case(Op.BATCH_CREATE, "bad_request", 400, send_two(changes={}, spoil=b"10"),
         ((S.REJECTED, "bad_request", False),) * 2, name="one_ill_typed"),
    case(Op.BATCH_CREATE, LIMITED, 429, send_eleven, (S.REJECTED, "rate_limited", True),
         name="larger_than_bucket", sim={"rate_limits": True, "tier": "basic"}),
    case(Op.BATCH_CANCEL, "", 200, change(cancel_batch), ((X.CANCELED, ""),), truth=GONE),
    case(Op.CANCEL, "", 200, cancel_two, ((X.NOT_RESTING, "not_found"), (X.CANCELED, "")),
         item="not_found", truth=GONE),
    case(Op.CANCEL, "", 200, pause_only, ((X.REFUSED, "exchange_is_paused"),),
         item="exchange_is_paused"),
)  # fmt: skip

# Codes that no request of the client brings about here: the venue is told to answer with them.
SCRIPTED = tuple(
    case(operation, code, status, change(make, first=refuse(code, status, operation=word)),
         refused(code, waits=code == "trading_is_paused"), name="scripted")
    for operation, make, word, refused, codes in (
        (Op.CANCEL, cancel, "cancel", not_canceled,
         ((404, "user_not_found"), (404, "market_not_found"))),
        (Op.CANCEL_ALL, cancel_all, "cancel", not_canceled,
         ((404, "user_not_found"), (409, "trading_is_paused"))),
        (Op.CANCEL_ALL, cancel_all, "cancel", cancel_unsure, ((409, "internal_error"),)),
        (Op.DECREASE, to_less, "decrease", unchanged,
         ((404, "user_not_found"), (404, "market_not_found"), (409, "trading_is_paused"),
          (400, "invalid_amend_qty_for_order"), (400, "order_side_mismatch"),
          (400, "order_ticker_mismatch"), (400, "order_id_and_client_order_id_mismatch"))),
        (Op.AMEND, amend(), "amend", unchanged,
         ((404, "user_not_found"), (404, "market_not_found"), (404, "order_group_not_found"),
          (400, "available_balance_too_low"), (400, "invalid_order_size"),
          (400, "missing_parameters"), (409, "exceeded_order_group_risk_limit"),
          (409, "exceeded_per_market_risk_limit"))),
        (Op.AMEND, amend(), "amend", change_unsure, ((409, "self_cross_attempt"),)),
    )
    for status, code in codes
)  # fmt: skip

CHANGES = (*SCRIPTED, *CANCELS, *DECREASES, *AMENDS, *BATCHES)
