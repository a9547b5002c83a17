"""Random order entry of two members against the crowd: what must hold after every single step."""

from random import Random
from typing import Any

import pytest

from tests.unit.sim.kalshi_client import ORDERS, Harness, running
from tests.unit.sim.test_sim_kalshi_orders import conserved

GTC = "good_till_canceled"
STEPS = 150


def check_books(kalshi: Harness) -> None:
    """Check that book and blotter agree, that no book crosses, and that all cash is covered."""
    desk = kalshi.sim.desk
    booked = {
        order.order_id: (order.side, order.price_e4, order.size_e6)
        for exchange in kalshi.sim.exchanges.values()
        for order in exchange.orders()
        if order.account != "crowd"
    }
    assert booked == {
        order.order_id: (order.side, order.request.price_e4, order.remaining_e6)
        for order in desk.resting_of()
    }
    for exchange in kalshi.sim.exchanges.values():
        bid_e4, ask_e4 = exchange.best("bid"), exchange.best("ask")
        assert bid_e4 is None or ask_e4 is None or bid_e4 < ask_e4
    for order in desk.resting_of():
        assert order.status == "resting"
        assert order.remaining_e6 > 0
    for member in kalshi.sim.accounts.values():
        for account in member.everything():
            for shard in account.cash_micros:
                # A maker's fee may be missing when nothing is left to be canceled for it.
                is_covered = desk.available_micros(account, shard) >= 0
                assert is_covered or not desk.resting_of(account)


class Trader:
    """Does one random thing after the other as a member."""

    def __init__(self, kalshi: Harness, rng: Random, groups: dict[str, str]) -> None:
        self._kalshi = kalshi
        self._rng = rng
        self._groups = groups
        self._orders: list[tuple[str, str, str]] = []

    def _price(self) -> str:
        return f"0.{self._rng.randint(45, 55)}00"

    def _count(self) -> str:
        return f"{self._rng.randint(1, 600) / 100:.2f}"

    def _order(self, account: str) -> dict[str, Any]:
        kinds = (GTC, GTC, GTC, "immediate_or_cancel", "fill_or_kill")
        order = self._kalshi.order(
            self._rng.choice(("bid", "ask")),
            self._price(),
            self._count(),
            time_in_force=self._rng.choice(kinds),
            self_trade_prevention_type=self._rng.choice(("taker_at_cross", "maker")),
            subaccount=self._rng.randint(0, 1),
        )
        order["post_only"] = self._rng.random() < 0.1
        if order["time_in_force"] == "immediate_or_cancel":
            order["reduce_only"] = self._rng.random() < 0.3
        if order["subaccount"] == 0 and self._rng.random() < 0.3:
            order["order_group_id"] = self._groups[account]
        return order

    async def step(self) -> None:
        kalshi, rng = self._kalshi, self._rng
        account = rng.choice(("default", "other"))
        act = rng.choice(
            ("create", "create", "batch", "amend", "decrease", "cancel", "crowd", "reset")
        )
        if act == "crowd":
            size = rng.randint(1, 5)
            await kalshi.rest(rng.choice(("bid", "ask")), rng.randint(45, 55) * 100, size)
        elif act == "reset":
            path = f"/portfolio/order_groups/{self._groups[account]}/reset"
            await kalshi.call("PUT", path, json={}, account=account)
        elif act in ("create", "batch"):
            orders = [self._order(account) for _ in range(1 if act == "create" else 3)]
            answer = await kalshi.call(
                "POST", f"{ORDERS}/batched", json={"orders": orders}, account=account
            )
            assert answer.status == 201
            for order, item in zip(orders, answer.json["orders"], strict=True):
                if "order_id" in item:
                    self._orders.append((account, item["order_id"], order["side"]))
                    self._orders = self._orders[-20:]
        elif self._orders:
            await self._change(act, *rng.choice(self._orders))

    async def _change(self, act: str, account: str, order_id: str, side: str) -> None:
        params = {"subaccount": str(self._rng.randint(0, 1))}
        path = f"{ORDERS}/{order_id}"
        if act == "cancel":
            answer = await self._kalshi.call("DELETE", path, params=params, account=account)
        elif act == "decrease":
            body = {self._rng.choice(("reduce_by", "reduce_to")): self._count()}
            answer = await self._kalshi.call(
                "POST", f"{path}/decrease", json=body, params=params, account=account
            )
        else:
            body = {
                "ticker": self._kalshi.ticker,
                "side": side,
                "price": self._price(),
                "count": self._count(),
            }
            answer = await self._kalshi.call(
                "POST", f"{path}/amend", json=body, params=params, account=account
            )
        assert answer.status in (200, 400, 404), answer.text


@pytest.mark.parametrize("seed", range(6))
async def test_money_and_books_agree_whatever_is_done(seed: int) -> None:
    accounts = {"default": {"0": 30_000_000}, "other": {"0": 30_000_000}}
    async with running(accounts=accounts, tier="advanced") as kalshi:
        groups = {}
        for account in accounts:
            await kalshi.call("POST", "/portfolio/subaccounts", json={}, account=account)
            body = {
                "client_transfer_id": "00000000-0000-4000-8000-000000000001",
                "from_subaccount": 0,
                "to_subaccount": 1,
                "amount_cents": 1_000,
            }
            await kalshi.call("POST", "/portfolio/subaccounts/transfer", json=body, account=account)
            path = "/portfolio/order_groups/create"
            answer = await kalshi.call("POST", path, json={"contracts_limit": 4}, account=account)
            groups[account] = answer.json["order_group_id"]
        trader = Trader(kalshi, Random(seed), groups)
        for _ in range(STEPS):
            await trader.step()
            kalshi.clock.advance(0.3)
            check_books(kalshi)
        await conserved(kalshi)
        fills = sum(a.fills for m in kalshi.sim.accounts.values() for a in m.everything())
        assert fills > 20
