"""Kalshi's private routes about the account itself: balance, settlements, transfers, keys, limits.

Kalshi docs, openapi 3.34.0, 2026-10.
"""

from typing import TYPE_CHECKING, Final

from aiohttp import web

from twoleg.sim.kalshi.call import Answer, Call, Route, read_json
from twoleg.sim.kalshi.errors import refuse
from twoleg.sim.kalshi.ledger import SUBACCOUNT_MAX, Account, cost_micros
from twoleg.sim.kalshi.limits import COST_UPGRADE, COSTS, UNSCOPED
from twoleg.sim.kalshi.orders import own_price_e4
from twoleg.sim.kalshi.pages import balance_page, page_of, select_rows
from twoleg.sim.kalshi.text import money4_text

if TYPE_CHECKING:
    from twoleg.sim.kalshi.venue import KalshiSim

_UPGRADED: Final = "advanced"
_CENT_MICROS: Final = 10_000
_TRANSFERS_LIMIT_MAX: Final = 500


class AccountRoutes:
    """Answers for one account at a time. Everything but the balance bills the common buckets."""

    def __init__(self, sim: "KalshiSim") -> None:
        self._sim = sim

    def routes(self) -> tuple[Route, ...]:
        """Return every route of this part."""
        transfer = "/portfolio/intra_exchange_instance_transfer"
        return (
            ("GET", "/portfolio/balance", self._balance),
            ("GET", "/portfolio/settlements", self._settlements),
            ("GET", "/portfolio/summary/total_resting_order_value", self._resting_value),
            ("GET", "/portfolio/deposits", self._deposits),
            ("GET", "/portfolio/withdrawals", self._withdrawals),
            ("POST", transfer, self._transfer),
            ("GET", f"{transfer}s", self._all_transferred),
            ("GET", f"{transfer}s/{{transfer_id}}", self._transferred),
            ("POST", "/portfolio/target_balance_allocation", self._allocate),
            ("GET", "/portfolio/target_balance_allocation", self._allocation),
            ("GET", "/api_keys", self._keys),
            ("GET", "/account/limits", self._limits),
            ("POST", "/account/api_usage_level/upgrade", self._upgrade),
        )

    # -- money -------------------------------------------------------------------------------------

    async def _balance(self, call: Call) -> Answer:
        call.limits.bill_balance()
        account, desk, query = self._named(call), self._sim.desk, call.query
        self._sim.transfers.complete_due()
        only = query.whole("exchange_index", "GetBalance")
        available = {
            shard: desk.available_micros(account, shard)
            for shard in sorted(account.cash_micros)
            if only in (None, -1, shard)
        }
        value = sum(
            position.exposure_micros
            for ticker, position in account.positions.items()
            if self._sim.markets[ticker].shard in available
        )
        page = balance_page(available, value, self._sim.now_s())
        if call.key.subaccount is not None:
            del page["balance_breakdown"]
        return page

    async def _resting_value(self, call: Call) -> Answer:
        # What resting orders would cost, over all subaccounts.
        call.limits.bill_read()
        orders = self._sim.desk.blotter.resting_by(call.account.name)
        micros = dict.fromkeys(sorted(call.account.cash_micros), 0)
        for order in orders:
            own_e4 = own_price_e4(order.side, order.request.price_e4)
            value = cost_micros(order.remaining_e6, own_e4)
            micros[order.shard] = micros.get(order.shard, 0) + value
        return {
            "total_resting_order_value": sum(micros.values()) // _CENT_MICROS,
            "resting_order_value_breakdown": [
                {"exchange_index": shard, "balance": money4_text(value)}
                for shard, value in micros.items()
            ],
        }

    async def _deposits(self, call: Call) -> Answer:
        call.limits.bill_read()
        return {"deposits": call.account.payments.get("deposits", []), "cursor": ""}

    async def _withdrawals(self, call: Call) -> Answer:
        call.limits.bill_read()
        return {"withdrawals": call.account.payments.get("withdrawals", []), "cursor": ""}

    async def _settlements(self, call: Call) -> Answer:
        call.limits.bill_read()
        rows = self._sim.settlements.of(call.account.name)
        found = select_rows(rows, call.query, "GetSettlements")
        page, cursor = page_of(found, call.query, "GetSettlements")
        return {"settlements": [row.json for row in page], "cursor": cursor}

    async def _transfer(self, call: Call) -> Answer:
        call.limits.bill_write(UNSCOPED)
        transfer_id = self._sim.transfers.start(call.account, await read_json(call.request))
        return {"transfer_id": transfer_id}

    async def _transferred(self, call: Call) -> Answer:
        call.limits.bill_read()
        transfer_id = call.request.match_info["transfer_id"]
        transfer = self._sim.transfers.get(call.account, transfer_id).to_json()
        return {"transfer": transfer} if self._sim.options.transfer_envelope else transfer

    async def _all_transferred(self, call: Call) -> Answer:
        call.limits.bill_read()
        own = self._sim.transfers.of(call.account)
        operation = "GetIntraExchangeInstanceTransfers"
        page, cursor = page_of(own, call.query, operation, limit_max=_TRANSFERS_LIMIT_MAX)
        answer: dict[str, object] = {"transfers": [transfer.to_json() for transfer in page]}
        # Unlike everywhere else, the last page has no cursor at all.
        return {**answer, "cursor": cursor} if cursor else answer

    async def _allocate(self, call: Call) -> Answer:
        call.limits.bill_write(UNSCOPED)
        body = await read_json(call.request)
        return self._sim.transfers.allocate(call.account, body).to_json()

    async def _allocation(self, call: Call) -> Answer:
        call.limits.bill_read()
        return self._sim.transfers.allocation(call.account).to_json()

    # -- keys and limits ---------------------------------------------------------------------------

    async def _keys(self, call: Call) -> Answer:
        call.limits.bill_read()
        answer: dict[str, object] = {
            "api_keys": [key.to_json() for key in self._sim.keys.of(call.account.name)]
        }
        expiration_ts_s = self._sim.gate.expiration_ts_s(call.account.name)
        if expiration_ts_s is not None:
            answer["api_key_region_expiration_ts"] = expiration_ts_s
        return answer

    async def _limits(self, call: Call) -> Answer:
        call.limits.bill_read()
        return call.limits.to_json()

    async def _upgrade(self, call: Call) -> Answer:
        call.limits.bill_write(UNSCOPED, COST_UPGRADE)
        if not self._sim.reads.orders(call.account.name):
            # It needs an order placed through the API among the last hundred; here all are.
            raise refuse(403, "api_usage_level_upgrade_not_allowed")  # not documented
        call.limits.upgrade(_UPGRADED)
        # Nothing is documented about the body; a client library (2026-10) reads JSON from it.
        return web.json_response({}, status=201)

    def _named(self, call: Call) -> Account:
        number = call.query.whole("subaccount", "GetBalance", least=0, most=SUBACCOUNT_MAX)
        account = call.account.sub(number or 0)
        if account is None:
            raise refuse(400, "invalid_parameters", "subaccount does not exist")
        return account


async def endpoint_costs(_request: web.Request) -> web.Response:
    """Answer GET /account/endpoint_costs, which needs no key."""
    return web.json_response(COSTS)
