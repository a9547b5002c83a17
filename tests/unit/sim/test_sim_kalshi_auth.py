import stat
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.unit.sim.kalshi_client import ED25519_PEM, OTHER_PEM, Harness, running, sign
from twoleg.sim.kalshi.auth import KeyRing, load_key, load_or_make_key, make_key
from twoleg.sim.kalshi.errors import KalshiRefusal

BALANCE = "/trade-api/v2/portfolio/balance"


async def unauthorized(kalshi: Harness, **changes: str | None) -> Any:
    headers = {**kalshi.headers("GET", BALANCE), **changes}
    kept = {name: value for name, value in headers.items() if value is not None}
    answer = await kalshi.call("GET", "/portfolio/balance", headers=kept)
    assert answer.status == 401
    return answer.json


async def test_wrong_signature_is_refused() -> None:
    async with running() as kalshi:
        for text in ("x", "GET/portfolio/balance", f"GET{BALANCE}?a=1"):
            stamp = kalshi.headers("GET", BALANCE)["KALSHI-ACCESS-TIMESTAMP"]
            signature = sign(load_key(ED25519_PEM.encode()), stamp + text)
            body = await unauthorized(kalshi, **{"KALSHI-ACCESS-SIGNATURE": signature})
            assert body == {
                "error": {
                    "code": "authentication_error",
                    "message": "authentication_error",
                    "details": "INCORRECT_API_KEY_SIGNATURE",
                }
            }
        body = await unauthorized(kalshi, **{"KALSHI-ACCESS-SIGNATURE": "not base64"})
        assert body["error"]["details"] == "INCORRECT_API_KEY_SIGNATURE"


async def test_unknown_key_is_not_found() -> None:
    async with running() as kalshi:
        body = await unauthorized(kalshi, **{"KALSHI-ACCESS-KEY": "nobody"})
        assert body["error"]["details"] == "NOT_FOUND"


async def test_missing_signature_is_named() -> None:
    async with running() as kalshi:
        body = await unauthorized(kalshi, **{"KALSHI-ACCESS-SIGNATURE": None})
        assert body == {
            "error": {
                "code": "signature_is_missing_from_headers",
                "message": "signature is missing from headers",
            }
        }


@pytest.mark.parametrize("skew_s", [-300, -30, 300])
async def test_stale_timestamp_is_expired(skew_s: int) -> None:
    async with running() as kalshi:
        headers = kalshi.headers("GET", BALANCE)
        kalshi.clock.advance(-skew_s)
        answer = await kalshi.call("GET", "/portfolio/balance", headers=headers)
        assert answer.status == 401
        assert answer.json == {
            "error": {"code": "header_timestamp_expired", "message": "header timestamp expired"}
        }


@pytest.mark.parametrize("skew_s", [-10, 0, 10])
async def test_ten_seconds_of_skew_are_accepted(skew_s: int) -> None:
    async with running() as kalshi:
        headers = kalshi.headers("GET", BALANCE)
        kalshi.clock.advance(-skew_s)
        assert (await kalshi.call("GET", "/portfolio/balance", headers=headers)).status == 200


async def test_websocket_handshake_is_refused_like_a_request() -> None:
    async with running() as kalshi:
        headers = kalshi.headers("GET", "/trade-api/ws/v2")
        kalshi.clock.advance(60)
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await kalshi.session.ws_connect(kalshi.urls["ws"], headers=headers)
        assert caught.value.status == 401


async def test_date_header_follows_the_given_clock() -> None:
    async with running() as kalshi:
        answer = await kalshi.get("/exchange/status")
        assert answer.headers["Date"] == "Mon, 21 Sep 2026 14:13:20 GMT"


def test_rsa_signatures_need_pss_with_a_digest_long_salt() -> None:
    key = make_key("rsa")
    assert isinstance(key, rsa.RSAPrivateKey)
    ring = KeyRing()
    key_id = ring.add("a", key.public_key())
    assert ring.owner(key_id) == "a"
    text = f"1000GET{BALANCE}"

    def verify(signature: str) -> str:
        headers = {
            "KALSHI-ACCESS-KEY": key_id,
            "KALSHI-ACCESS-TIMESTAMP": "1000",
            "KALSHI-ACCESS-SIGNATURE": signature,
        }
        return ring.verify("GET", BALANCE, headers, now_ms=1_000).account

    assert verify(sign(key, text)) == "a"
    sha = hashes.SHA256()
    longest = padding.PSS(padding.MGF1(sha), padding.PSS.MAX_LENGTH)
    for wrong in (
        key.sign(text.encode(), longest, sha),
        key.sign(text.encode(), padding.PKCS1v15(), sha),
    ):
        with pytest.raises(KalshiRefusal, match="INCORRECT_API_KEY_SIGNATURE"):
            verify(__import__("base64").b64encode(wrong).decode())


def test_keys_are_kept_for_the_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "kalshi-default.pem"
    made = load_or_make_key(path, "ed25519")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_or_make_key(path, "rsa").public_key() == made.public_key()
    with pytest.raises(ValueError, match="neither"):
        make_key("dsa")


async def test_accounts_do_not_share_keys() -> None:
    async with running() as kalshi:
        assert ED25519_PEM != OTHER_PEM
        mine = await kalshi.call("GET", "/portfolio/balance")
        other = await kalshi.call("GET", "/portfolio/balance", account="other")
        assert mine.json["balance_breakdown"] != other.json["balance_breakdown"]
