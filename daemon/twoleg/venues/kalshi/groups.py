"""Order groups: the venue's own switch that takes orders off the book when too much has traded.

Kalshi API docs, order groups, read 2026-10-01, and OpenAPI 3.34.0 (2026-10-26): when the fills of
a group within a rolling 15 s exceed its limit, all its orders are cancelled and new ones refused
until it is reset. A group is bound to one shard and one subaccount.
"""

from typing import Final
from urllib.parse import quote

import msgspec

from twoleg.core.units import LOT_E6
from twoleg.errors import InvariantBroken, MalformedMessage, VenueUnavailable
from twoleg.venues.kalshi.commands import Commands
from twoleg.venues.kalshi.http import KalshiHttp
from twoleg.venues.kalshi.meanings import Operation
from twoleg.venues.kalshi.numbers import VENUE, format_count, parse_size
from twoleg.venues.kalshi.options import KalshiOptions

GROUPS_PATH: Final = "/portfolio/order_groups"
LIMIT_E6_MAX: Final = 1_000_000 * 1_000_000
"""A million contracts (docs)."""
_ONE_E6: Final = 1_000_000


class OrderGroup(msgspec.Struct, frozen=True, kw_only=True):
    """One group as the venue shows it.

    `limit_e6` is what it may trade in 15 s (−1: not told). `is_auto_cancel_enabled` is the venue's
    own flag (None: not told); whether it says "armed" or "triggered" is UNCERTAIN, so nothing is
    decided by it. `order_ids` are told only where one group is read.
    """

    order_group_id: str
    shard: int = 0
    limit_e6: int = -1
    is_auto_cancel_enabled: bool | None = None
    order_ids: tuple[str, ...] = ()


class _CreateBody(msgspec.Struct, frozen=True):
    """Body of `POST /portfolio/order_groups/create`."""

    contracts_limit_fp: str
    subaccount: int
    exchange_index: int


class _LimitBody(msgspec.Struct, frozen=True):
    """Body of `PUT …/{order_group_id}/limit`."""

    contracts_limit_fp: str


class _Created(msgspec.Struct, frozen=True):
    """201 of a create."""

    order_group_id: str
    exchange_index: int | None = None


class _Row(msgspec.Struct, frozen=True):
    """A group in a list (`id`), or alone (without an id, with its orders)."""

    id: str = ""
    contracts_limit_fp: str | None = None
    is_auto_cancel_enabled: bool | None = None
    exchange_index: int | None = None
    orders: list[str] | None = None


class _Rows(msgspec.Struct, frozen=True):
    """`GET /portfolio/order_groups`."""

    order_groups: list[_Row] | None = None


class KalshiGroups:
    """The order groups of one subaccount.

    Every method raises VenueUnavailable (not sent), VenueRejected (did not happen; the code says
    why) and OutcomeUnknown (a write that may have happened). All writes but `create` can simply be
    repeated.
    """

    def __init__(self, *, http: KalshiHttp, options: KalshiOptions | None = None) -> None:
        self._http = http
        self._options = options or KalshiOptions()
        self._commands = Commands(http=http, options=self._options)

    async def create(self, *, shard: int, limit_e6: int) -> OrderGroup:
        """Make a group on one shard; it may trade 1 to 1 000 000 contracts in 15 s."""
        _check_limit(limit_e6)
        body = _CreateBody(format_count(limit_e6), self._options.subaccount, shard)
        made = await self._commands.send(
            Operation.GROUP,
            "POST",
            f"{GROUPS_PATH}/create",
            _Created,
            body=msgspec.json.encode(body),
            shard=shard,
        )
        return OrderGroup(
            order_group_id=made.order_group_id,
            shard=shard if made.exchange_index is None else made.exchange_index,
            limit_e6=limit_e6,
        )

    async def read_all(self) -> tuple[OrderGroup, ...]:
        """All groups of the subaccount, on whatever shard."""
        page = await self._http.get(
            GROUPS_PATH, _Rows, params={"subaccount": self._options.subaccount}
        )
        return tuple(
            _group(row, row.id, row.exchange_index or 0) for row in page.order_groups or ()
        )

    async def read(self, order_group_id: str, *, shard: int) -> OrderGroup:
        """One group with the ids of its orders."""
        row = await self._http.get(_path(order_group_id), _Row, params=self._params(shard))
        return _group(row, order_group_id, shard)

    async def reset(self, order_group_id: str, *, shard: int) -> None:
        """Count from zero again, and take new orders."""
        await self._put(f"{_path(order_group_id)}/reset", shard)

    async def trigger(self, order_group_id: str, *, shard: int) -> None:
        """Cancel all orders of the group now, and refuse new ones until a reset."""
        await self._put(f"{_path(order_group_id)}/trigger", shard, reserved=True)

    async def set_limit(self, order_group_id: str, *, shard: int, limit_e6: int) -> None:
        """Change what the group may trade in 15 s; below what it has traded, it triggers."""
        _check_limit(limit_e6)
        body = msgspec.json.encode(_LimitBody(format_count(limit_e6)))
        await self._put(f"{_path(order_group_id)}/limit", shard, body)

    async def delete(self, order_group_id: str, *, shard: int) -> None:
        """Cancel all orders of the group, and forget it."""
        await self._commands.send(
            Operation.GROUP,
            "DELETE",
            _path(order_group_id),
            dict[str, object],
            params=self._params(shard),
            shard=shard,
            reserved=True,
        )

    async def _put(
        self, path: str, shard: int, body: bytes = b"", *, reserved: bool = False
    ) -> None:
        await self._commands.send(
            Operation.GROUP,
            "PUT",
            path,
            dict[str, object],
            params=self._params(shard),
            body=body,
            shard=shard,
            reserved=reserved,
        )

    def _params(self, shard: int) -> dict[str, str | int]:
        """Where to look: without an index the venue looks on shard 0."""
        return {"subaccount": self._options.subaccount, "exchange_index": shard}


def _path(order_group_id: str) -> str:
    return f"{GROUPS_PATH}/{quote(order_group_id, safe='')}"


def _group(row: _Row, order_group_id: str, shard: int) -> OrderGroup:
    try:
        limit_e6 = parse_size(row.contracts_limit_fp) if row.contracts_limit_fp else -1
    except MalformedMessage as error:
        raise VenueUnavailable(VENUE, "unreadable_answer", error.reason) from error
    return OrderGroup(
        order_group_id=order_group_id,
        shard=shard,
        limit_e6=limit_e6,
        is_auto_cancel_enabled=row.is_auto_cancel_enabled,
        order_ids=tuple(row.orders or ()),
    )


def _check_limit(limit_e6: int) -> None:
    if not _ONE_E6 <= limit_e6 <= LIMIT_E6_MAX or limit_e6 % LOT_E6:
        raise InvariantBroken(f"order group limit {limit_e6} is not 1 to 1 000 000 contracts")
