"""Versions, lists, terms and approvals: what is checked before an order meets the book."""

from typing import Any

import pytest

from tests.unit.sim.polymarket_people import OTHER_KEY, join, usd
from tests.unit.sim.test_sim_polymarket_kit import (
    FINE,
    FREE,
    NEG,
    PLAIN,
    STANDARD,
    START_NS,
    Client,
    Kit,
    running,
)

MISMATCH = (400, {"error": "order_version_mismatch"})
POOR = "not enough balance / allowance"
PAYLOAD = (400, {"error": "Invalid order payload"})
UNSIGNED = (400, {"error": "invalid signature"})


async def buy(kit: Kit, client: Client, token: str, **terms: Any) -> tuple[int, Any]:
    return await client.post(token, "BUY", **{"cash": usd(5), "shares": usd(10), **terms})


async def test_version_changes_at_run_time_and_old_signatures_say_so() -> None:
    async with running() as kit:
        assert (await buy(kit, kit.client, kit.token(PLAIN)))[0] == 200
        assert await buy(kit, kit.client, kit.token(PLAIN), third=True) == MISMATCH
        await kit.admin("/_sim/polymarket/version", {"version": 3})
        assert await kit.get("clob", "/version") == (200, {"version": 3})
        for pair, neg_risk in ((PLAIN, False), (NEG, True)):
            token = kit.token(pair)
            assert await buy(kit, kit.client, token, neg_risk=neg_risk) == MISMATCH
            assert (await buy(kit, kit.client, token, third=True))[0] == 200
        await kit.admin("/_sim/polymarket/version", {"version": 1})
        for third in (False, True):
            assert await buy(kit, kit.client, kit.token(PLAIN), third=third) == MISMATCH
        # Signed for the wrong one of two exchanges is no matter of versions.
        await kit.admin("/_sim/polymarket/version", {"version": 2})
        assert await buy(kit, kit.client, kit.token(NEG)) == UNSIGNED


@pytest.mark.parametrize("signature_type", [0, 3])
async def test_position_ids_trade_on_the_third_exchange_only(signature_type: int) -> None:
    async with running(extra_markets=True) as kit:
        token = next(t for t in kit.sim.tokens if int(t) & ((1 << 64) - 1) << 40 == 0)
        maker = kit.sim.accounts.deposit_wallet if signature_type == 3 else kit.client.address
        terms = {"signature_type": signature_type, "maker": maker, "cash": usd(4)}
        assert await buy(kit, kit.client, token, **terms) == UNSIGNED
        status, answer = await buy(kit, kit.client, token, third=True, **terms)
        assert status == 200, answer
        params = {"asset_type": "CONDITIONAL-V2", "token_id": token}
        _, balance = await kit.client.call("GET", "/balance-allowance", params=params)
        assert list(balance["allowances"]) == ["0xe3333700cA9d93003F00f0F71f8515005F6c00Aa"]


async def test_required_deposit_wallet_spares_eoas_that_are_allowed() -> None:
    async with running(requires_deposit_wallet=True) as kit:
        other = await join(kit)
        status, answer = await buy(kit, other, kit.token(PLAIN))
        assert (status, answer["error"][:25]) == (400, "maker address not allowed")
        await kit.admin("/_sim/polymarket/standing", {"owner": other.address, "allow": True})
        assert (await buy(kit, other, kit.token(PLAIN)))[0] == 200


async def test_eoa_on_the_list_trades_from_the_start() -> None:
    async with running() as kit:
        address = (await join(kit)).address
    async with running(requires_deposit_wallet=True, eoa_allow_list=[address]) as kit:
        assert (await buy(kit, await join(kit), kit.token(PLAIN)))[0] == 200


async def test_deposit_wallet_and_eoa_as_signer_must_not_be_mixed() -> None:
    async with running() as kit:
        wallet = kit.sim.accounts.deposit_wallet
        body = kit.client.body(
            kit.token(PLAIN), "BUY", cash=usd(5), shares=usd(10), signature_type=3, maker=wallet
        )
        body["order"]["signer"] = kit.client.address
        text = "the order signer address has to be the address of the API KEY"
        assert await kit.client.call("POST", "/order", body) == (400, {"error": text})


async def test_text_salt_is_taken_only_where_the_venue_does() -> None:
    for takes, status in ((False, 400), (True, 200)):
        async with running(takes_text_salts=takes) as kit:
            body = kit.client.body(kit.token(PLAIN), "BUY", cash=usd(5), shares=usd(10))
            body["order"]["salt"] = str(body["order"]["salt"])
            assert (await kit.client.call("POST", "/order", body))[0] == status
            # Faults know the order by its hash either way.
            assert len(kit.sim.engine.orders) == int(takes)


@pytest.mark.parametrize(("decimals", "status"), [(4, 400), (5, 200)])
async def test_fine_ticks_may_have_five_decimals(decimals: int, status: int) -> None:
    async with running(market_decimals_fine=decimals) as kit:
        kit.rest(FINE, "ask", 470, 1_000)
        answer = await kit.client.post(
            kit.token(FINE), "BUY", cash=usd(1), shares=21_276_590, kind="FAK"
        )
        assert answer[0] == status, answer


async def test_small_market_orders_can_be_allowed_but_never_below_a_dollar() -> None:
    async with running(min_size_on_market_orders=False) as kit:
        kit.rest(FREE, "ask", 5_000, 10)
        terms: dict[str, Any] = {"kind": "FAK"}
        small = await buy(kit, kit.client, kit.token(FREE), cash=usd(1), shares=usd(2), **terms)
        assert small[1]["takingAmount"] == "2"
        cheap = await buy(kit, kit.client, kit.token(FREE), cash=usd(0.5), shares=usd(1), **terms)
        assert cheap[1]["error"].startswith("invalid amount for a marketable BUY order ($0.5)")


async def test_crossing_post_only_has_two_texts() -> None:
    async with running(post_only_text="crosses") as kit:
        kit.rest(PLAIN, "ask", 5_000, 10)
        status, answer = await buy(kit, kit.client, kit.token(PLAIN), post_only=True)
        assert status == 400
        assert answer["error"].startswith("order 0x")
        assert answer["error"].endswith(" crosses the book")


@pytest.mark.parametrize(
    ("text", "status"), [("no_book", 404), ("not_ready", 400)], ids=["no book", "not ready"]
)
async def test_closed_market_answers_one_way_or_the_other(text: str, status: int) -> None:
    async with running(closed_text=text) as kit:
        await kit.set_status(PLAIN, "closed")
        assert (await buy(kit, kit.client, kit.token(PLAIN)))[0] == status


async def test_missing_approvals_refuse_what_the_balance_would_pay() -> None:
    async with running() as kit:
        address, token = kit.client.address, kit.token(FREE)
        kit.sim.wallets.fund(kit.sim.wallets.open(address, ""), 0, {token: usd(20)})
        approval = {"wallet": address, "exchange": "standard", "cash_micros": usd(4)}
        await kit.admin("/_sim/polymarket/allowance", {**approval, "tokens": False})
        params = {"asset_type": "COLLATERAL", "signature_type": "0"}
        _, told = await kit.client.call("GET", "/balance-allowance", params=params)
        assert told["allowances"][STANDARD] == str(usd(4))
        status, answer = await buy(kit, kit.client, token)
        assert (status, answer["error"]) == (
            400,
            f"{POOR}: the allowance is not enough -> allowance: {usd(4)}, order amount: {usd(5)}",
        )
        _, answer = await kit.client.post(token, "SELL", cash=usd(5), shares=usd(10))
        assert "the allowance is not enough -> allowance: 0" in answer["error"]
        # Another exchange has its own approval.
        assert (await buy(kit, kit.client, kit.token(NEG), neg_risk=True))[0] == 200
        await kit.admin("/_sim/polymarket/allowance", {**approval, "cash_micros": usd(5)})
        assert (await buy(kit, kit.client, token))[0] == 200


async def test_open_orders_reserve_and_a_buy_needs_its_fee_too() -> None:
    async with running() as kit:
        other = await join(kit, OTHER_KEY, cash=10)
        kit.rest(PLAIN, "ask", 5_000, 100)
        terms = {"kind": "FOK", "cash": usd(10), "shares": usd(20)}
        status, answer = await buy(kit, other, kit.token(PLAIN), **terms)
        # 20 shares at 0.50 with 5 %: 0.25 more than the wallet has.
        assert (status, answer["error"]) == (
            400,
            f"{POOR}: the balance is not enough -> balance: 10000000, order amount: 10250000",
        )
        await buy(kit, other, kit.token(PLAIN), cash=usd(4), shares=usd(10))
        _, answer = await buy(kit, other, kit.token(FREE), cash=usd(7), shares=usd(10))
        assert answer["error"].endswith("balance: 6000000, order amount: 7000000")


async def test_blocked_country_is_refused_at_order_time() -> None:
    async with running(geo_blocked=True) as kit:
        status, answer = await buy(kit, kit.client, kit.token(PLAIN))
        assert (status, answer["error"]) == (403, "Trading restricted in your region")
        assert (await kit.client.call("GET", "/data/orders"))[0] == 200


async def test_gtd_needs_three_minutes_from_now() -> None:
    async with running() as kit:
        now_s = START_NS // 1_000_000_000
        for life_s, status in ((179, 400), (180, 200)):
            terms = {"kind": "GTD", "expiration": now_s + life_s}
            assert (await buy(kit, kit.client, kit.token(PLAIN), **terms))[0] == status


@pytest.mark.parametrize(
    ("part", "field", "value"),
    [
        ("", "order", None),
        ("", "order", []),
        ("", "orderType", "IOC"),
        ("", "postOnly", 1),
        ("", "deferExec", "no"),
        ("", "owner", None),
        ("order", "signature", None),
        ("order", "signatureType", 4),
        ("order", "signatureType", "0"),
        ("order", "side", 0),
        ("order", "salt", True),
        ("order", "salt", 1 << 53),
        ("order", "makerAmount", 5_000_000),
        ("order", "makerAmount", "0"),
        ("order", "takerAmount", "0"),
        ("order", "tokenId", "1" * 79),
        ("order", "tokenId", str(1 << 256)),
        ("order", "maker", "0x12"),
        ("order", "maker", "0x" + "zz" * 20),
        ("order", "metadata", "0x" + "0 " * 32),
        ("order", "timestamp", "soon"),
        ("order", "expiration", None),
    ],
)
async def test_malformed_body_is_refused_as_a_payload(part: str, field: str, value: object) -> None:
    async with running() as kit:
        body = kit.client.body(kit.token(PLAIN), "BUY", cash=usd(5), shares=usd(10))
        (body[part] if part else body)[field] = value
        assert await kit.client.call("POST", "/order", body) == PAYLOAD


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/order", []),
        ("POST", "/orders", {}),
        ("DELETE", "/order", {"orderID": 1}),
        ("DELETE", "/order", []),
        ("DELETE", "/orders", {"orderID": "0x12"}),
        ("DELETE", "/orders", [1]),
    ],
)
async def test_body_of_another_shape_is_refused_as_a_payload(
    method: str, path: str, body: object
) -> None:
    async with running() as kit:
        assert await kit.client.call(method, path, body) == PAYLOAD


async def test_body_that_is_no_json_is_refused_once_it_is_known_whose_it_is() -> None:
    async with running() as kit:
        url, text = f"{kit.urls['clob']}/order", "{no json"
        for headers, status in ((kit.client.headers("POST", "/order", text), 400), ({}, 401)):
            async with kit.client.http.post(url, data=text, headers=headers) as response:
                assert response.status == status


@pytest.mark.parametrize(
    "signature", ["", "0x", "no hex", "0x12", "0x" + "zz" * 65, "0x" + "00" * 65]
)
async def test_signature_of_any_other_shape_is_invalid(signature: str) -> None:
    async with running() as kit:
        for signature_type, maker in ((0, None), (3, kit.sim.accounts.deposit_wallet)):
            body = kit.client.body(
                kit.token(PLAIN), "BUY", cash=usd(5), shares=usd(10),
                signature_type=signature_type, maker=maker,
            )  # fmt: skip
            body["order"]["signature"] = signature
            assert await kit.client.call("POST", "/order", body) == UNSIGNED
