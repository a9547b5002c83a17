"""Kalshi's subaccounts over REST: open one, move cash between them, list balances and moves.

Kalshi docs, subaccounts and openapi 3.34.0, 2026-10: numbers 1 to 63 beside the primary account 0;
opening one needs the Advanced tier; cash is kept per shard and subaccount.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from aiohttp import web

from twoleg.sim.kalshi.bodies import check_types, fields_of, read_subaccount
from twoleg.sim.kalshi.call import Answer, Call, Route, read_json
from twoleg.sim.kalshi.errors import refuse
from twoleg.sim.kalshi.ledger import Account
from twoleg.sim.kalshi.limits import UNSCOPED
from twoleg.sim.kalshi.pages import page_of
from twoleg.sim.kalshi.text import money4_text

if TYPE_CHECKING:
    from twoleg.sim.kalshi.venue import KalshiSim

SUBACCOUNTS: Final = "/portfolio/subaccounts"
_STRUCT: Final = "ApplySubaccountTransferRequest"
_MICROS_PER_CENT: Final = 10_000
_INTS: Final = ("from_subaccount", "to_subaccount", "amount_cents", "exchange_index")


@dataclass(frozen=True, slots=True)
class Move:
    """Cash that went from one subaccount to another on one shard."""

    number: int
    name: str
    transfer_id: str
    json: dict[str, object]


class SubaccountRoutes:
    """The subaccounts of the caller."""

    def __init__(self, sim: "KalshiSim") -> None:
        self._sim = sim
        # Every move, oldest first.
        self._moves: list[Move] = []

    def routes(self) -> tuple[Route, ...]:
        """Return the routes."""
        return (
            ("POST", SUBACCOUNTS, self._open),
            ("POST", f"{SUBACCOUNTS}/transfer", self._transfer),
            ("GET", f"{SUBACCOUNTS}/balances", self._balances),
            ("GET", f"{SUBACCOUNTS}/transfers", self._transfers),
        )

    async def _open(self, call: Call) -> Answer:
        call.limits.bill_write(UNSCOPED)
        if self._sim.options.needs_empty_object:
            fields_of(await read_json(call.request), "CreateSubaccountRequest")
        if call.limits.tier == "basic":
            raise refuse(403, "subaccount_creation_requires_advanced_api_usage_level")
        opened = call.account.open_subaccount()
        if opened is None:
            raise refuse(400, "invalid_parameters", "no more subaccounts")
        return web.json_response({"subaccount_number": opened.subaccount}, status=201)

    async def _transfer(self, call: Call) -> Answer:
        body = fields_of(await read_json(call.request), _STRUCT)
        check_types(body, _STRUCT, strings=("client_transfer_id",), ints=_INTS)
        shard: int = body.get("exchange_index") or UNSCOPED
        call.limits.bill_write(shard)
        transfer_id = _read_transfer_id(body)
        source = self._named(call.account, body, "from_subaccount")
        target = self._named(call.account, body, "to_subaccount")
        amount_cents: int = body.get("amount_cents") or 0
        if amount_cents <= 0 or source is target:
            raise refuse(400, "invalid_parameters", "amount_cents")
        if any(m.transfer_id == transfer_id and m.name == call.account.name for m in self._moves):
            raise refuse(409, "transfer_already_exists")
        micros = amount_cents * _MICROS_PER_CENT
        if self._sim.desk.available_micros(source, shard) < micros:
            raise refuse(400, "insufficient_balance")
        source.move(target, shard, micros)
        json: dict[str, object] = {
            "transfer_id": transfer_id,
            "from_subaccount": source.subaccount,
            "to_subaccount": target.subaccount,
            "amount_cents": amount_cents,
            "created_ts": self._sim.now_s(),
            "exchange_index": shard,
        }
        self._moves.append(Move(len(self._moves) + 1, call.account.name, transfer_id, json))
        return {}

    async def _balances(self, call: Call) -> Answer:
        call.limits.bill_read()
        rows = [
            {
                "subaccount_number": account.subaccount,
                "exchange_index": shard,
                "balance": money4_text(self._sim.desk.available_micros(account, shard)),
                "updated_ts": self._sim.now_s(),
            }
            for account in call.account.everything()
            for shard in sorted(account.cash_micros)
        ]
        return {"subaccount_balances": rows}

    async def _transfers(self, call: Call) -> Answer:
        call.limits.bill_read()
        own = [move for move in reversed(self._moves) if move.name == call.account.name]
        page, cursor = page_of(own, call.query, "GetSubaccountTransfers")
        return {"transfers": [move.json for move in page], "cursor": cursor}

    def _named(self, member: Account, body: dict[str, Any], name: str) -> Account:
        account = member.sub(read_subaccount(body.get(name)))
        if account is None:
            raise refuse(400, "invalid_parameters", f"{name} does not exist")
        return account


def _read_transfer_id(body: dict[str, Any]) -> str:
    text = body.get("client_transfer_id")
    if not text:
        raise refuse(400, "missing_parameters", "client_transfer_id")
    try:
        return str(UUID(text))
    except ValueError:
        raise refuse(400, "invalid_parameters", "client_transfer_id must be a UUID") from None
