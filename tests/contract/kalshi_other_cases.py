"""How groups, transfers and reads end at Kalshi, and what every operation can meet."""

from collections.abc import Awaitable, Callable
from typing import Any
from unittest.mock import patch

from tests.contract.kalshi_change_cases import NOBODY, case
from tests.contract.kalshi_create_cases import GTC, LIMITED
from tests.contract.support_kalshi_errors import FILLED, LOT, NOTHING, Act, Case, Truth, World
from twoleg.core.events import AnswerStatus
from twoleg.core.market import TimeInForce
from twoleg.errors import OutcomeUnknown, VenueRejected, VenueUnavailable
from twoleg.sim.world import FlowWorld
from twoleg.venues.kalshi import amend, batches, cancels, groups, http, transfers
from twoleg.venues.kalshi.amend import ChangeStatus
from twoleg.venues.kalshi.meanings import Operation
from twoleg.venues.kalshi.rest import OrderPage
from twoleg.venues.kalshi.transfers import Allocation, TransferStatus
from twoleg.venues.ports import CancelStatus

Op, S, C, X, T = Operation, AnswerStatus, ChangeStatus, CancelStatus, TransferStatus
CENT_MICROS = 10_000
MOVED = Truth(moved_micros=CENT_MICROS)
GROUPED = Truth(groups=1)


async def make_group(world: World) -> None:
    await world.ask(world.groups.create(shard=0, limit_e6=LOT))


def in_group(verb: str, *, shard: int = 0, group_id: str = "") -> Act:
    async def act(world: World) -> None:
        group = await world.groups.create(shard=0, limit_e6=LOT)
        await world.groups.trigger(group.order_group_id, shard=0)
        call = getattr(world.groups, verb)
        more = {"limit_e6": 2 * LOT} if verb == "set_limit" else {}
        await world.ask(call(group_id or group.order_group_id, shard=shard, **more))

    return act


def move(
    *, shards: tuple[int, int] = (0, 3), micros: int = CENT_MICROS, again: bool = False
) -> Act:
    async def act(world: World) -> None:
        key = world.transfers.new_id()

        def ask() -> Awaitable[Any]:
            return world.transfers.move_between_shards(
                key, amount_micros=micros, source=shards[0], destination=shards[1]
            )

        if again:
            await ask()
        await world.ask(ask())

    return act


def move_within(*, to: int = 1, micros: int = CENT_MICROS, again: bool = False) -> Act:
    async def act(world: World) -> None:
        await world.sim.call("POST", "/portfolio/subaccounts", json={})
        key = world.transfers.new_id()

        def ask() -> Awaitable[Any]:
            return world.transfers.move_between_subaccounts(
                key, amount_micros=micros, source=0, destination=to, shard=0
            )

        if again:
            await ask()
        await world.ask(ask())

    return act


async def pause_transfers(world: World) -> None:
    await world.sim.admin("POST", "exchange", intra_exchange_transfers_active=False)
    await move()(world)


def allocate(*percents: tuple[int, int]) -> Act:
    async def act(world: World) -> None:
        await world.ask(world.transfers.write_allocation(Allocation(percents=percents)))

    return act


def read(make: Callable[[World], Awaitable[Any]]) -> Act:
    async def act(world: World) -> None:
        await world.ask(make(world))

    return act


async def read_too_early(world: World) -> None:
    """A 404 of an order that was just accepted says nothing; nor does its row after a cancel."""
    ref = await world.rest()
    found = await world.ask(world.orders._history.read_order(ref.venue_order_id))
    assert found is None
    world.sim.clock.advance(0.4)
    assert (await world.orders.cancel(ref)).status is X.CANCELED
    assert (await world.orders.look_up(ref)).status is S.RESTING
    world.sim.clock.advance(0.4)
    late = await world.orders.look_up(ref)
    assert (late.status, late.code) == (S.MISSED, "found_canceled")


def rejected(code: str) -> tuple[type, str]:
    return (VenueRejected, code)


ADVANCED = {"tier": "advanced"}
GROUPS = (
    case(Op.GROUP, "", 201, make_group, "done", truth=GROUPED, name="create"),
    *(
        case(Op.GROUP, "", 200, in_group("reset"), "done", truth=Truth(groups=2), sim=sim, name=name)
        for name, sim in (
            ("reset-needs_object", {"needs_empty_object": True}),
            ("reset-needs_none", {"needs_empty_object": False}),
        )
    ),
    case(Op.GROUP, "", 200, in_group("set_limit"), "done", truth=Truth(groups=2), name="set_limit"),
    case(Op.GROUP, "", 200, in_group("delete"), "done", truth=GROUPED, name="delete"),
    *(
        case(Op.GROUP, "order_group_not_found", 404, in_group(verb, **wrong),
             rejected("order_group_not_found"), name=f"{verb}-{name}")
        for verb in ("reset", "trigger", "set_limit", "delete")
        for name, wrong in (("unknown", {"group_id": NOBODY}), ("wrong_shard", {"shard": 2}))
    ),
    case(Op.GROUP, "invalid_parameters", 400,
         read(lambda world: world.groups.create(shard=9, limit_e6=LOT)),
         rejected("invalid_parameters"), name="no_such_shard"),
)  # fmt: skip

TRANSFERS = (
    case(Op.TRANSFER, "", 200, move(), (T.COMPLETE, ""), truth=MOVED, name="shards"),
    case(Op.TRANSFER, "", 200, move_within(), (T.COMPLETE, ""), truth=MOVED, sim=ADVANCED,
         name="subaccounts"),
    case(Op.TRANSFER, "transfer_already_exists", 409, move(again=True), (T.PENDING, ""),
         name="shards"),
    case(Op.TRANSFER, "transfer_already_exists", 409, move_within(again=True), (T.COMPLETE, ""),
         sim=ADVANCED, name="subaccounts"),
    case(Op.TRANSFER, "insufficient_balance", 400, move(micros=10**12),
         (T.REFUSED, "insufficient_balance"), name="shards"),
    case(Op.TRANSFER, "insufficient_balance", 400, move_within(micros=10**12),
         (T.REFUSED, "insufficient_balance"), sim=ADVANCED, name="subaccounts"),
    case(Op.TRANSFER, "invalid_parameters", 400, move(shards=(0, 9)),
         (T.REFUSED, "invalid_parameters"), name="no_such_shard"),
    case(Op.TRANSFER, "invalid_parameters", 400, move_within(to=5),
         (T.REFUSED, "invalid_parameters"), sim=ADVANCED, name="no_such_subaccount"),
    case(Op.TRANSFER, "service_unavailable", 503, pause_transfers,
         (T.UNKNOWN, "service_unavailable"), name="paused"),
    case(Op.ALLOCATION, "", 200, allocate((0, 60), (3, 40)), "done",
         truth=Truth(is_allocated=True)),
    case(Op.ALLOCATION, "invalid_parameters", 400, allocate((0, 60)),
         rejected("invalid_parameters")),
)  # fmt: skip


async def list_too_many(world: World) -> None:
    params = {"limit": 1_001}
    await world.ask(world.http.get("/portfolio/orders", OrderPage, params=params))


READS = (
    *(
        case(Op.READ, code, 404, read(lambda world: world.catalogue.read_market("KXNONE-1")),
             rejected(code), name="market", stimulus="GET unknown ticker",
             sim={"unknown_market_code": code})
        for code in ("market_not_found", "not_found")
    ),
    case(Op.READ, "not_found", 404, read(lambda world: world.transfers.read_transfer(NOBODY)),
         rejected("not_found"), name="transfer"),
    case(Op.READ, "order_group_not_found", 404,
         read(lambda world: world.groups.read(NOBODY, shard=0)),
         rejected("order_group_not_found"), name="group"),
    case(Op.READ, "not_found", 404, read_too_early, "done", name="order_too_early",
         stimulus="GET order just after cancel", sim={"read_lag_ms": (400, 400)},
         client={"look_up_ms_max": 50}),
    case(Op.READ, "msg", 400, list_too_many, rejected("http_400"), name="limit",
         detail="Parameter validation failed for GetOrders"),
    case(Op.READ, "text", 404, read(lambda world: world.http.get("/nowhere", OrderPage)),
         rejected("http_404"), name="no_such_path", detail="404 page not found"),
)  # fmt: skip


# -- what every operation can meet -----------------------------------------------------------------

Start = Callable[[World], Awaitable[Callable[[], Awaitable[Any]]]]


async def _create(world: World) -> Callable[[], Awaitable[Any]]:
    prepared = await world.prepare()
    return lambda: world.orders.send(prepared)


async def _batch(world: World) -> Callable[[], Awaitable[Any]]:
    prepared = [await world.prepare(tif=GTC, limit_e4=4_000)]
    return lambda: world.orders.send_batch(prepared)


def _on_resting(name: str, **more: Any) -> Start:
    async def start(world: World) -> Callable[[], Awaitable[Any]]:
        ref = await world.rest()
        call = getattr(world.orders, name)
        if name == "cancel_all":
            return lambda: call()  # noqa: PLW0108 - a fresh coroutine for each call
        return lambda: call([ref] if name == "cancel_batch" else ref, **more)

    return start


async def _group(world: World) -> Callable[[], Awaitable[Any]]:
    return lambda: world.groups.create(shard=0, limit_e6=LOT)


async def _transfer(world: World) -> Callable[[], Awaitable[Any]]:
    key = world.transfers.new_id()
    return lambda: world.transfers.move_between_shards(
        key, amount_micros=CENT_MICROS, source=0, destination=3
    )


async def _allocate(world: World) -> Callable[[], Awaitable[Any]]:
    wanted = Allocation(percents=((0, 60), (3, 40)))
    return lambda: world.transfers.write_allocation(wanted)


async def _read(world: World) -> Callable[[], Awaitable[Any]]:
    return lambda: world.http.get("/portfolio/orders", OrderPage)


STARTS: dict[Operation, tuple[Start, Truth]] = {
    Op.CREATE: (_create, FILLED),
    Op.AMEND: (_on_resting("amend", limit_e4=4_100, size_e6=LOT), Truth(changed=1)),
    Op.DECREASE: (_on_resting("decrease", reduce_to_e6=LOT // 2), Truth(changed=1)),
    Op.CANCEL: (_on_resting("cancel"), Truth(gone=1)),
    Op.CANCEL_ALL: (_on_resting("cancel_all"), Truth(gone=1)),
    Op.BATCH_CREATE: (_batch, Truth(orders=1, rested=1)),
    Op.BATCH_CANCEL: (_on_resting("cancel_batch"), Truth(gone=1)),
    Op.GROUP: (_group, GROUPED),
    Op.TRANSFER: (_transfer, MOVED),
    Op.ALLOCATION: (_allocate, Truth(is_allocated=True)),
    Op.READ: (_read, NOTHING),
}
BATCHED = (Op.BATCH_CREATE, Op.BATCH_CANCEL)


def refusal(operation: Operation, word: str, *, waits: bool) -> Any:
    """How each operation says that it did not happen."""
    told: Any
    match operation:
        case Op.CREATE | Op.BATCH_CREATE:
            told = (S.REJECTED, word, waits)
        case Op.AMEND | Op.DECREASE:
            told = (C.REFUSED, word, waits)
        case Op.CANCEL | Op.CANCEL_ALL | Op.BATCH_CANCEL:
            told = (X.REFUSED, word)
        case Op.TRANSFER:
            told = (T.NOT_SENT if waits else T.REFUSED, word)
        case _:
            told = (VenueUnavailable if waits else VenueRejected, word)
    return (told,) if operation in BATCHED else told


def doubt(operation: Operation, word: str, *, waits: bool) -> Any:
    """How each operation says that it may have happened."""
    told: Any
    match operation:
        case Op.CREATE | Op.BATCH_CREATE:
            told = (S.UNKNOWN, word, waits)
        case Op.AMEND | Op.DECREASE:
            told = (C.UNKNOWN, word, waits)
        case Op.CANCEL | Op.CANCEL_ALL | Op.BATCH_CANCEL:
            told = (X.UNKNOWN, word)
        case Op.READ:
            told = (VenueUnavailable, word)
        case _:
            told = (OutcomeUnknown, word)
    return (told,) if operation in BATCHED else told


def meets(operation: Operation, spoil: Callable[[World], object], *, heals: bool = False) -> Act:
    """Ask for something that would go well, if it did not meet this."""

    async def act(world: World) -> None:
        await world.sim.rest("ask", 5_200, 20)
        start, truth = STARTS[operation]
        ask = await start(world)
        spoil(world)
        await world.ask(ask())
        if heals:
            met = world.told, world.truth, world.wires
            await world.ask(ask())
            assert world.truth == truth, "the same again, at once, goes well"
            world.told, world.truth, world.wires = met

    return act


def unsign(world: World) -> None:
    world.http._signer = None


def lag(world: World) -> None:
    world.clock.offset_s = -60


KEY_CASES: tuple[tuple[str, str, str, Callable[[World], object], str], ...] = (
    ("authentication_error", "INCORRECT_API_KEY_SIGNATURE", "signature",
     lambda world: world.use_key("default", key_of="other"), "bad signature"),
    ("authentication_error", "NOT_FOUND", "unknown_key",
     lambda world: world.use_unknown_key(), "unknown key / missing signature"),
    ("signature_is_missing_from_headers", "", "unsigned", unsign,
     "unknown key / missing signature"),
    ("header_timestamp_expired", "", "clock", lag, "stale timestamp"),
)  # fmt: skip


def at_the_door(operation: Operation) -> list[Case]:
    """Keys, clocks, scopes, shut paths and limits: refused before anything is looked at."""
    refused = [
        case(operation, code, 401, meets(operation, spoil, heals=name == "clock"),
             refusal(operation, code, waits=False), detail=detail, name=name, stimulus=stimulus)
        for code, detail, name, spoil, stimulus in KEY_CASES
    ]  # fmt: skip
    weak = "writer" if operation is Op.READ else "reader"
    refused.append(
        case(operation, "insufficient_scope", 403,
             meets(operation, lambda world: world.use_key(weak)),
             refusal(operation, "insufficient_scope", waits=False))
    )  # fmt: skip
    refused.append(
        case(operation, LIMITED, 429,
             meets(operation, lambda world: world.add_fault("http_429")),
             refusal(operation, "rate_limited", waits=True), stimulus="over budget")
    )  # fmt: skip
    return refused


FAILURES: tuple[tuple[int, str, str, dict[str, Any]], ...] = (
    (500, "internal_server_error", "", {}),
    (502, "html", "", {"bad_gateway_body": "html"}),
    (502, "text", "", {"bad_gateway_body": "text"}),
    (503, "service_unavailable", "", {}),
    (504, "gateway_timeout", "", {}),
)


def failing(operation: Operation) -> list[Case]:
    """The same answer whether it happened or not: so it is not known."""
    cases: list[Case] = []
    for status, code, _, sim in FAILURES:
        for when in ("before", "after"):
            word = f"http_{status}" if status == 502 else code
            told = doubt(operation, word, waits=status == 503)
            truth = STARTS[operation][1] if when == "after" else NOTHING
            if operation is Op.TRANSFER:
                # Asked again at once under the same id: it moved, and once.
                told, truth = (T.COMPLETE if when == "before" else T.PENDING, ""), MOVED

            def spoil(world: World, status: int = status, when: str = when) -> None:
                world.add_fault(f"http_{status}", when=when)

            cases.append(
                case(operation, code, status, meets(operation, spoil), told, truth=truth,
                     sim=sim, name=when)
            )  # fmt: skip
    return cases


SHUT = (
    (Op.CREATE, http, "ORDERS_PATH", "/portfolio/orders"),
    (Op.CANCEL, cancels, "ORDERS_PATH", "/portfolio/orders"),
    (Op.AMEND, amend, "ORDERS_PATH", "/portfolio/orders"),
    (Op.DECREASE, amend, "ORDERS_PATH", "/portfolio/orders"),
    (Op.BATCH_CREATE, batches, "BATCHED_PATH", "/portfolio/orders/batched"),
    (Op.BATCH_CANCEL, cancels, "ORDERS_PATH", "/portfolio/orders"),
)


def shut(operation: Operation, module: Any, name: str, path: str) -> Case:
    """A client that still knows the paths of before June 2026."""

    async def act(world: World) -> None:
        start, _ = STARTS[operation]
        ask = await start(world)
        with patch.object(module, name, path):
            await world.ask(ask())

    code = "deprecated_v1_order_endpoint"
    return case(operation, code, 410, act, refusal(operation, code, waits=False),
                stimulus="legacy POST /portfolio/orders")  # fmt: skip


MISROUTED = (
    (Op.CREATE, http, "ORDERS_PATH"),
    (Op.GROUP, groups, "GROUPS_PATH"),
    (Op.TRANSFER, transfers, "SHARD_PATH"),
    (Op.ALLOCATION, transfers, "ALLOCATION_PATH"),
)


def misrouted(operation: Operation, module: Any, name: str) -> Case:
    """A path that does not exist is answered in plain text."""

    async def act(world: World) -> None:
        ask = await STARTS[operation][0](world)
        with patch.object(module, name, "/portfolio/nowhere"):
            await world.ask(ask())

    return case(operation, "text", 404, act, refusal(operation, "http_404", waits=False),
                name="no_such_path")  # fmt: skip


async def read_as(world: World) -> None:
    prepared = await world.prepare(tif=TimeInForce.IOC)
    world.use_key("reader")
    await world.ask(world.orders.send(prepared))


def forbidden(code: str, act: Act, *, name: str = "", word: str = "", **sim: Any) -> Case:
    return case(Op.CREATE, code, 403, act, (S.REJECTED, word or code, False), name=name, sim=sim)


async def send_as_locked(world: World) -> None:
    prepared = await world.prepare()
    world.use_key("locked")
    await world.ask(world.orders.send(prepared))


async def send_sports(world: World) -> None:
    ticker = next(ticker for ticker in world.sim.tickers if ticker.startswith("KXMLB"))
    prepared = await world.prepare(ticker=ticker, size_e6=1_000_000)
    await world.ask(world.orders.send(prepared))


CATEGORIES = sorted({pair.kalshi.category for pair in FlowWorld(7, 10).pairs})
FORBIDDEN = (
    forbidden("insufficient_scope", read_as, name="flat", forbidden_shape="flat"),
    forbidden("error=insufficient_scope", read_as, name="text", word="http_403",
              forbidden_shape="text"),
    forbidden("subaccount_restricted", send_as_locked),
    forbidden("region_attestation_expired", send_sports,
              region_expiration_ts_s={"default": 1_790_000_000}),
    forbidden("forbidden", send_sports, name="category", refused_categories=CATEGORIES),
)  # fmt: skip

OTHERS = (
    *GROUPS,
    *TRANSFERS,
    *READS,
    *FORBIDDEN,
    *(case_ for operation in Operation for case_ in at_the_door(operation)),
    *(case_ for operation in Operation for case_ in failing(operation)),
    *(shut(*row) for row in SHUT),
    *(misrouted(*row) for row in MISROUTED),
)
