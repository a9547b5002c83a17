"""Keys of accounts, readers and builders, and the wallets behind an EOA."""

import base64
import hashlib
import hmac

import pytest

from tests.unit.sim.polymarket_people import NOW_S, join, usd
from tests.unit.sim.test_sim_polymarket_kit import PLAIN, Kit, running
from twoleg.sim.polymarket.wallets import derived_wallets

HARDHAT = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"


@pytest.mark.parametrize(
    ("signature_type", "wallets"),
    [
        (0, (HARDHAT,)),
        (1, ("0x365f0CA36Ae1f641E02fE3B7743673da42A13A70",)),
        (2, ("0xd93B25cb943D14d0d34FBaF01Fc93a0f8b5F6E47",)),
        (3, ("0xBc0fF067b7740Eff76C1ca93c875Ba6B890d6B50", "0xdf8b9E8f9AB23f261F6e1B171B7454ae6E46Ba76")),
        (4, ()),
    ],
)  # fmt: skip
def test_wallets_of_a_known_key_are_the_published_ones(
    signature_type: int, wallets: tuple[str, ...]
) -> None:
    assert derived_wallets(HARDHAT, signature_type) == wallets


async def test_readonly_keys_are_made_listed_and_revoked_by_their_owner_alone() -> None:
    async with running() as kit:
        other = await join(kit)
        path = "/auth/readonly-api-key"
        _, made = await kit.client.call("POST", path)
        listed = (200, {"readonlyApiKeys": [made["apiKey"]]})
        assert await kit.client.call("GET", "/auth/readonly-api-keys") == listed
        assert await other.call("DELETE", path, {"key": made["apiKey"]}) == (200, False)
        assert await kit.client.call("DELETE", path, {"key": made["apiKey"]}) == (200, True)
        assert await kit.client.call("DELETE", path, {"key": made["apiKey"]}) == (200, False)
        assert (await kit.client.call("DELETE", path, {}))[0] == 400


def builder_headers(creds: dict[str, str], **changes: str) -> dict[str, str]:
    text = f"{NOW_S}DELETE/auth/builder-api-key"
    key = base64.urlsafe_b64decode(creds["secret"])
    signature = base64.urlsafe_b64encode(hmac.new(key, text.encode(), hashlib.sha256).digest())
    return {
        "POLY_BUILDER_API_KEY": creds["key"],
        "POLY_BUILDER_PASSPHRASE": creds["passphrase"],
        "POLY_BUILDER_SIGNATURE": signature.decode(),
        "POLY_BUILDER_TIMESTAMP": str(NOW_S),
        **changes,
    }


async def revoke(kit: Kit, headers: dict[str, str]) -> int:
    url = f"{kit.urls['clob']}/auth/builder-api-key"
    async with kit.client.http.delete(url, headers=headers) as response:
        return response.status


async def test_builder_keys_are_revoked_by_their_own_signature_or_by_the_accounts() -> None:
    async with running() as kit:
        path = "/auth/builder-api-key"
        first, second = [(await kit.client.call("POST", path))[1] for _ in range(2)]
        _, rows = await kit.client.call("GET", path)
        assert [(row["key"], row["revokedAt"]) for row in rows] == [
            (first["key"], None),
            (second["key"], None),
        ]
        assert rows[0]["createdAt"] == "2026-09-21T14:13:20Z"
        for changes in ({"POLY_BUILDER_PASSPHRASE": "x"}, {"POLY_BUILDER_SIGNATURE": "x"}):
            assert await revoke(kit, builder_headers(first, **changes)) == 401
        assert await revoke(kit, builder_headers(first)) == 200
        assert await revoke(kit, builder_headers(first)) == 401
        assert await kit.client.call("DELETE", path) == (200, "OK")
        _, rows = await kit.client.call("GET", path)
        assert all(row["revokedAt"] for row in rows)
        assert (await kit.client.call("DELETE", path))[0] == 404


@pytest.mark.parametrize("signature_type", [0, 1, 2, 3])
async def test_order_spends_from_the_wallet_of_its_signature_type(signature_type: int) -> None:
    async with running() as kit:
        other = await join(kit, cash=0)
        for number, wallet in enumerate(derived_wallets(other.address, signature_type)):
            funds = {"owner": other.address, "wallet": wallet, "cash_micros": usd(20)}
            await kit.admin("/_sim/polymarket/account", funds)
            params = {"asset_type": "COLLATERAL", "signature_type": str(signature_type)}
            _, balance = await other.call("GET", "/balance-allowance", params=params)
            assert balance["balance"] == str(usd(20))
            _, answer = await other.post(
                kit.token(PLAIN), "BUY", cash=usd(5), shares=usd(10),
                signature_type=signature_type, maker=wallet,
            )  # fmt: skip
            assert answer["status"] == "live", number
            assert kit.wallet(wallet)["held"] == {answer["orderID"]: ["", usd(5)]}


async def test_registered_wallet_goes_before_the_derived_one() -> None:
    async with running() as kit:
        wallet = "0x" + "11" * 20
        body = {"owner": kit.client.address, "wallet": wallet, "cash_micros": 7}
        await kit.admin("/_sim/polymarket/account", {**body, "signature_type": 2})
        params = {"asset_type": "COLLATERAL", "signature_type": "2"}
        _, balance = await kit.client.call("GET", "/balance-allowance", params=params)
        assert balance["balance"] == "7"


async def test_standing_is_told_and_kept() -> None:
    async with running() as kit:
        order = {"cash": usd(5), "shares": usd(10)}
        token, address = kit.token(PLAIN), kit.client.address
        kit.sim.wallets.fund(kit.sim.wallets.open(address, ""), 0, {token: usd(20)})
        seen = []
        for standing in ("closed_only", "banned", "normal"):
            body = {"owner": address, "standing": standing}
            assert (await kit.admin("/_sim/polymarket/standing", body))[0] == 200
            _, told = await kit.client.call("GET", "/auth/ban-status/closed-only")
            buy = await kit.client.post(token, "BUY", **order)
            sale = await kit.client.post(token, "SELL", cash=usd(6), shares=usd(10))
            seen.append((told["closed_only"], buy[1].get("error"), sale[1].get("error")))
        assert seen == [
            (True, f"'{address}' address in closed only mode", None),
            (False, f"'{address}' address banned", f"'{address}' address banned"),
            (False, None, None),
        ]
