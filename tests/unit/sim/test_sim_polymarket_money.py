"""Fees of odd curves and of builders, balances as they are told, and acts on chain."""

from typing import Any

import pytest

from tests.unit.sim.polymarket_people import usd
from tests.unit.sim.test_sim_polymarket_kit import FREE, PLAIN, Kit, running
from twoleg.sim.polymarket.fees import builder_fee_micros, taker_fee_micros

CODE = "0x" + "ab" * 32
CHAIN = "/_sim/polymarket/chain"


def test_exponent_bends_the_curve() -> None:
    # 100 · 0.25 · (0.5 · 0.5)² and 100 · 0.25 · (0.1 · 0.9)².
    assert taker_fee_micros(usd(100), 5_000, 2_500, "half_up", 2) == usd(1.5625)
    assert taker_fee_micros(usd(100), 1_000, 2_500, "half_up", 2) == usd(0.2025)


def test_builder_fee_is_rounded_like_all_fees() -> None:
    fees = [builder_fee_micros(1_234_567, 33, way) for way in ("down", "half_up", "up")]
    assert fees == [4_070, 4_070, 4_080]


async def test_market_with_another_exponent_charges_by_it() -> None:
    async with running(extra_markets=True) as kit:
        market = next(m for m in kit.sim.markets.values() if m.spec.fee_exponent == 2)
        kit.sim.clear(market.condition_id)
        kit.sim.place(market.condition_id, "ask", 5_000, usd(100))
        _, answer = await kit.client.post(
            market.spec.token_ids[0], "BUY", cash=usd(50), shares=usd(100), kind="FOK"
        )
        assert answer["takingAmount"] == "100"
        assert kit.wallet(kit.client.address)["fees_micros"] == usd(1.5625)


async def test_builders_charge_taker_and_maker_on_the_notional() -> None:
    async with running(builder_fees_bps={CODE: (50, 100)}) as kit:
        builder = bytes.fromhex(CODE[2:])
        kit.rest(FREE, "ask", 5_000, 20)
        terms: dict[str, Any] = {"cash": usd(10), "shares": usd(20), "builder": builder}
        _, bought = await kit.client.post(kit.token(FREE), "BUY", kind="FOK", **terms)
        assert kit.wallet(kit.client.address)["fees_micros"] == usd(0.1)
        await kit.client.post(
            kit.token(FREE), "SELL", cash=usd(12), shares=usd(20), builder=builder
        )
        kit.sim.take(kit.market(FREE), "bid", 6_000, usd(20))
        assert kit.wallet(kit.client.address)["fees_micros"] == usd(0.1 + 0.06)
        assert await kit.get("clob", f"/fees/builder-fees/{CODE.upper().replace('X', 'x')}") == (
            200,
            {"builder_maker_fee_rate_bps": 50, "builder_taker_fee_rate_bps": 100},
        )
        assert (await kit.get("clob", f"/fees/builder-fees/0x{'00' * 32}"))[0] == 404
        _, page = await kit.get("clob", "/builder/trades", builder_code=CODE)
        assert [row["tradeType"] for row in page["data"]] == ["MAKER", "TAKER"]
        assert page["data"][1]["id"] == bought["tradeIDs"][0]
        _, page = await kit.get("clob", "/builder/trades", builder_code="0x" + "00" * 32)
        assert page["data"] == []


async def test_buy_needs_its_builders_fee_too() -> None:
    async with running(builder_fees_bps={CODE: (0, 100)}, cash_micros=usd(10)) as kit:
        kit.rest(FREE, "ask", 5_000, 20)
        terms: dict[str, Any] = {"cash": usd(10), "shares": usd(20), "kind": "FOK"}
        _, answer = await kit.client.post(
            kit.token(FREE), "BUY", builder=bytes.fromhex(CODE[2:]), **terms
        )
        assert answer["error"].endswith("balance: 10000000, order amount: 10100000")
        assert (await kit.client.post(kit.token(FREE), "BUY", **terms))[0] == 200


@pytest.mark.parametrize("fees", [{"0x12": (0, 0)}, {CODE: (51, 0)}, {CODE: (0, 101)}])
async def test_builder_that_the_venue_would_not_register_is_refused(fees: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="simulator options"):
        async with running(builder_fees_bps=fees):
            raise AssertionError("it runs")


async def balance(kit: Kit, path: str = "/balance-allowance", **params: str) -> str:
    wanted = {"asset_type": "COLLATERAL", "signature_type": "0", **params}
    return str((await kit.client.call("GET", path, params=wanted))[1]["balance"])


async def test_balance_can_be_a_cache_that_is_told_to_update() -> None:
    async with running(caches_balances=True, cash_micros=usd(100)) as kit:
        assert await balance(kit) == str(usd(100))
        kit.rest(FREE, "ask", 5_000, 20)
        await kit.client.post(kit.token(FREE), "BUY", cash=usd(5), shares=usd(10), kind="FOK")
        assert await balance(kit) == str(usd(100))
        assert await balance(kit, "/balance-allowance/update") == str(usd(95))
        assert await balance(kit) == str(usd(95))


async def test_balance_of_nothing_known_is_refused() -> None:
    async with running() as kit:
        for params in ({"asset_type": "GOLD"}, {"asset_type": "CONDITIONAL", "token_id": "1"}):
            assert (await kit.client.call("GET", "/balance-allowance", params=params))[0] == 400


async def act(kit: Kit, act: str, size: float = 0) -> tuple[int, Any]:
    body = {"wallet": kit.client.address, "market": kit.market(PLAIN), "act": act}
    return await kit.admin(CHAIN, {**body, "size_e6": usd(size)})


async def test_split_and_merge_turn_dollars_into_pairs_and_back() -> None:
    async with running(cash_micros=usd(100)) as kit:
        assert (await act(kit, "split", 30))[1]["cash_micros"] == -usd(30)
        assert (await act(kit, "merge", 10))[1]["cash_micros"] == usd(10)
        wallet = kit.wallet(kit.client.address)
        assert (wallet["cash_micros"], wallet["chain_micros"]) == (usd(80), -usd(20))
        assert set(wallet["positions_e6"].values()) == {usd(20)}
        for wanted, size in (("merge", 21), ("split", 81), ("split", 0), ("burn", 1)):
            assert (await act(kit, wanted, size))[0] == 400


async def test_winnings_are_cash_only_once_they_are_redeemed() -> None:
    async with running(cash_micros=usd(100)) as kit:
        await act(kit, "split", 30)
        kit.rest(PLAIN, "bid", 5_000, 10)
        await kit.client.post(kit.token(PLAIN, 1), "BUY", cash=usd(5), shares=usd(10), kind="FOK")
        assert (await act(kit, "redeem"))[0] == 400
        await kit.set_status(PLAIN, "resolved:1")
        cash = kit.wallet(kit.client.address)["cash_micros"]
        assert (await act(kit, "redeem"))[1]["cash_micros"] == usd(40)
        wallet = kit.wallet(kit.client.address)
        assert (wallet["cash_micros"], wallet["positions_e6"]) == (cash + usd(40), {})


async def test_controls_refuse_nonsense() -> None:
    async with running() as kit:
        address = kit.client.address
        for name, body in (
            ("version", {"version": 4}),
            ("version", {"version": "3"}),
            ("standing", {"owner": "x"}),
            ("standing", {"owner": address, "standing": "loved"}),
            ("allowance", {"wallet": "x", "exchange": "standard"}),
            ("allowance", {"wallet": address, "exchange": "other"}),
            ("allowance", {"wallet": address, "exchange": "standard", "tokens": 1}),
            ("allowance", {"wallet": address, "exchange": "standard", "cash_micros": -1}),
            ("chain", {"wallet": address, "market": "x", "act": "split"}),
            ("order", {"id": "x", "status": "CANCELED"}),
        ):
            assert (await kit.admin(f"/_sim/polymarket/{name}", body))[0] == 400, (name, body)
