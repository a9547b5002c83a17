"""Kalshi's order groups over REST: create, list, read, reset, trigger, limit, delete.

Kalshi docs, order_groups and openapi 3.34.0, 2026-08-13.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from twoleg.sim.kalshi.bodies import check_types, fields_of, read_subaccount
from twoleg.sim.kalshi.call import Answer, Call, Route, read_json
from twoleg.sim.kalshi.errors import refuse
from twoleg.sim.kalshi.groups import OrderGroup
from twoleg.sim.kalshi.ledger import SUBACCOUNT_MAX
from twoleg.sim.kalshi.limits import UNSCOPED
from twoleg.sim.kalshi.text import count_text, parse_count

if TYPE_CHECKING:
    from twoleg.sim.kalshi.venue import KalshiSim

GROUPS: Final = "/portfolio/order_groups"
# Contracts.
LIMIT_MAX: Final = 1_000_000
_ONE_E6: Final = 1_000_000


class GroupRoutes:
    """The order groups of the caller."""

    def __init__(self, sim: "KalshiSim") -> None:
        self._sim = sim
        self._desk = sim.desk

    def routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        one = f"{GROUPS}/{{group_id}}"
        return (
            ("POST", f"{GROUPS}/create", self._create),
            ("GET", GROUPS, self._list),
            ("GET", one, self._get),
            ("DELETE", one, self._delete),
            ("PUT", f"{one}/reset", self._reset),
            ("PUT", f"{one}/trigger", self._trigger),
            ("PUT", f"{one}/limit", self._set_limit),
        )

    async def _create(self, call: Call) -> Answer:
        body = fields_of(await read_json(call.request), "CreateOrderGroupRequest")
        shard = body.get("exchange_index") or 0
        call.limits.bill_write(shard if type(shard) is int else UNSCOPED)
        limit_e6 = _read_limit(body, "CreateOrderGroupRequest")
        account = call.account.sub(read_subaccount(body.get("subaccount")))
        if account is None:
            raise refuse(400, "invalid_parameters", "subaccount does not exist")
        if shard not in self._desk.shards:
            raise refuse(400, "invalid_parameters", "exchange_index")
        group_id = self._desk.blotter.new_id()
        group = self._desk.groups.create(group_id, account, shard, limit_e6)
        answer = {
            "order_group_id": group.group_id,
            "subaccount": account.subaccount,
            "exchange_index": shard,
        }
        return web.json_response(answer, status=201)

    async def _list(self, call: Call) -> Answer:
        call.limits.bill_read()
        subaccount = call.query.whole("subaccount", "GetOrderGroups", least=0, most=SUBACCOUNT_MAX)
        shard = call.query.whole("exchange_index", "GetOrderGroups")
        groups = [
            {"id": group.group_id, **_describe(group)}
            for group in self._desk.groups.of(call.account.name)
            if subaccount in (None, group.account.subaccount) and shard in (None, -1, group.shard)
        ]
        return {"order_groups": groups}

    async def _get(self, call: Call) -> Answer:
        call.limits.bill_read()
        group = self._named(call)
        orders = [order.order_id for order in self._desk.resting_in(group)]
        return {**_describe(group), "orders": orders}

    async def _delete(self, call: Call) -> Answer:
        group = self._write(call)
        self._desk.cancel_group(group)
        self._desk.groups.delete(group)
        return {}

    async def _reset(self, call: Call) -> Answer:
        await self._check_body(call)
        self._desk.groups.reset(self._write(call))
        return {}

    async def _trigger(self, call: Call) -> Answer:
        await self._check_body(call)
        self._desk.trigger(self._write(call))
        return {}

    async def _set_limit(self, call: Call) -> Answer:
        body = fields_of(await read_json(call.request), "UpdateOrderGroupLimitRequest")
        group = self._write(call)
        self._desk.set_group_limit(group, _read_limit(body, "UpdateOrderGroupLimitRequest"))
        return {}

    async def _check_body(self, call: Call) -> None:
        if self._sim.options.needs_empty_object:
            fields_of(await read_json(call.request), "EmptyRequest")

    def _write(self, call: Call) -> OrderGroup:
        # Whether these writes need the group's shard is not documented; a wrong one finds nothing.
        shard = call.query.whole("exchange_index", "OrderGroup", least=0)
        call.limits.bill_write(shard or UNSCOPED)
        group = self._named(call)
        if shard not in (None, group.shard):
            raise refuse(404, "order_group_not_found")
        return group

    def _named(self, call: Call) -> OrderGroup:
        return self._desk.groups.get(call.account.name, call.request.match_info["group_id"])


def _describe(group: OrderGroup) -> dict[str, object]:
    return {
        "is_auto_cancel_enabled": True,
        "contracts_limit_fp": count_text(group.limit_e6),
        "exchange_index": group.shard,
    }


def _read_limit(body: Mapping[str, Any], struct: str) -> int:
    check_types(
        body,
        struct,
        strings=("contracts_limit_fp",),
        ints=("contracts_limit", "subaccount", "exchange_index"),
    )
    whole, text = body.get("contracts_limit"), body.get("contracts_limit_fp")
    if text is not None:
        limit_e6 = parse_count(text)
    elif whole is not None:
        limit_e6 = whole * _ONE_E6
    else:
        raise refuse(400, "missing_parameters", "contracts_limit")
    if limit_e6 is None or not _ONE_E6 <= limit_e6 <= LIMIT_MAX * _ONE_E6:
        raise refuse(400, "invalid_parameters", f"contracts_limit must be 1 to {LIMIT_MAX}")
    return limit_e6
