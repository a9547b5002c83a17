import pytest

from tests.unit.venues.polymarket.support import CREDENTIALS
from tests.unit.venues.polymarket.vectors import (
    ADDRESS,
    APOSTROPHE,
    CLOB_AUTH,
    FIRST_BODY,
    HMACS,
    ORDER_TYPE_HASH,
    ORDERS,
    POST_ORDER_HEADERS,
    PRIVATE_KEY,
    SECRET,
    OrderVector,
)
from twoleg.errors import CredentialError
from twoleg.venues.polymarket.auth import ApiCredentials, RequestSigner
from twoleg.venues.polymarket.contracts import Exchange, exchange_for
from twoleg.venues.polymarket.sign import (
    ORDER_TYPE,
    OrderFields,
    OrderSigner,
    checksum_address,
    keccak,
)


@pytest.mark.parametrize("vector", ORDERS, ids=lambda vector: vector.label)
def test_sign_order_vector_is_reproduced(vector: OrderVector) -> None:
    funder = vector.maker if vector.signature_type else ""
    signer = OrderSigner(PRIVATE_KEY, vector.chain_id, vector.signature_type, funder)
    exchange = Exchange(vector.exchange)
    order = OrderFields(
        salt=vector.salt,
        token=vector.token,
        maker_amount=vector.maker_amount,
        taker_amount=vector.taker_amount,
        side=vector.side,
        timestamp_ms=vector.timestamp_ms,
        metadata=bytes.fromhex(vector.metadata),
        builder=bytes.fromhex(vector.builder),
    )
    signed = signer.sign_order(order, exchange)
    assert "0x" + signer.domain(exchange).hex() == vector.domain_separator
    assert signed.order_hash == vector.order_hash
    assert signed.signature == vector.signature


def test_order_type_hash_is_the_published_one() -> None:
    assert "0x" + keccak(ORDER_TYPE).hex() == ORDER_TYPE_HASH


@pytest.mark.parametrize(("chain_id", "timestamp_s", "nonce", "signature"), CLOB_AUTH)
def test_l1_headers_vector_is_reproduced(
    chain_id: int, timestamp_s: int, nonce: int, signature: str
) -> None:
    assert OrderSigner(PRIVATE_KEY, chain_id, 0).l1_headers(timestamp_s, nonce) == {
        "POLY_ADDRESS": ADDRESS,
        "POLY_SIGNATURE": signature,
        "POLY_TIMESTAMP": str(timestamp_s),
        "POLY_NONCE": str(nonce),
    }


@pytest.mark.parametrize(("secret", "timestamp_s", "method", "path", "body", "signature"), HMACS)
def test_request_signature_vector_is_reproduced(
    *, secret: str, timestamp_s: int, method: str, path: str, body: str, signature: str
) -> None:
    signer = RequestSigner(ADDRESS, ApiCredentials("key", secret, "pass"))
    assert signer.signature(timestamp_s, method, path, body.encode()) == signature
    # The keyed state is copied, never consumed.
    assert signer.signature(timestamp_s, method, path, body.encode()) == signature


def test_request_signature_apostrophe_is_signed_raw() -> None:
    body, signature = APOSTROPHE
    signer = RequestSigner(ADDRESS, CREDENTIALS)
    assert signer.signature(1, "POST", "/x", body.encode()) == signature


def test_request_headers_of_post_order_are_the_published_ones() -> None:
    signer = RequestSigner(ADDRESS, CREDENTIALS)
    headers = signer.headers(1_710_000_000, "POST", "/order", FIRST_BODY.encode())
    assert headers == POST_ORDER_HEADERS


def test_request_signer_secret_without_padding_is_repaired() -> None:
    bare = RequestSigner(ADDRESS, ApiCredentials("key", SECRET.rstrip("="), "pass"))
    padded = RequestSigner(ADDRESS, ApiCredentials("key", SECRET, "pass"))
    assert bare.signature(1, "GET", "/x") == padded.signature(1, "GET", "/x")


@pytest.mark.parametrize(
    ("key", "chain_id", "signature_type", "funder", "variable"),
    [
        ("", 137, 0, "", "POLYMARKET_PRIVATE_KEY"),
        ("zz" * 32, 137, 0, "", "POLYMARKET_PRIVATE_KEY"),
        ("00" * 32, 137, 0, "", "POLYMARKET_PRIVATE_KEY"),
        ("ff" * 32, 137, 0, "", "POLYMARKET_PRIVATE_KEY"),
        (PRIVATE_KEY, 1, 0, "", "chain_id"),
        (PRIVATE_KEY, 137, 4, "", "signature_type"),
        (PRIVATE_KEY, 137, 3, "", "POLYMARKET_FUNDER"),
        (PRIVATE_KEY, 137, 3, "0x1234", "POLYMARKET_FUNDER"),
        (PRIVATE_KEY, 137, 0, "0x" + "11" * 20, "POLYMARKET_FUNDER"),
    ],
)
def test_order_signer_bad_credential_names_the_variable(
    key: str, chain_id: int, signature_type: int, funder: str, variable: str
) -> None:
    with pytest.raises(CredentialError) as caught:
        OrderSigner(key, chain_id, signature_type, funder)
    assert caught.value.variable == variable
    assert not key or key not in str(caught.value)


def test_request_signer_bad_secret_names_the_variable() -> None:
    with pytest.raises(CredentialError) as caught:
        RequestSigner(ADDRESS, ApiCredentials("key", "not base64!", "pass"))
    assert caught.value.variable == "POLYMARKET_API_SECRET"


def test_signers_never_show_keys() -> None:
    signer = OrderSigner(PRIVATE_KEY, 137, 0)
    shown = (
        f"{signer!r} {signer} {CREDENTIALS!r} {CREDENTIALS} {RequestSigner(ADDRESS, CREDENTIALS)!r}"
    )
    for secret in (PRIVATE_KEY[2:], SECRET, CREDENTIALS.key, CREDENTIALS.passphrase):
        assert secret not in shown


def test_checksum_address_any_case_gives_eip55() -> None:
    assert checksum_address(ADDRESS.lower()) == ADDRESS
    assert checksum_address(ADDRESS[2:].upper()) == ADDRESS


def test_deposit_wallet_signs_as_itself_but_authenticates_as_the_key() -> None:
    wallet = "0xBc0fF067b7740Eff76C1ca93c875Ba6B890d6B50"
    signer = OrderSigner(PRIVATE_KEY, 137, 3, wallet.lower())
    assert (signer.maker, signer.order_signer, signer.address) == (wallet, wallet, ADDRESS)


@pytest.mark.parametrize(
    ("token", "neg_risk", "exchange"),
    [
        (ORDERS[0].token, False, Exchange.STANDARD),
        (ORDERS[0].token, True, Exchange.NEG_RISK),
        (
            482467038488817480931545770869532949388624934754675043254295238583089504768,
            True,
            Exchange.POSITIONS,
        ),
    ],
)
def test_exchange_for_follows_token_and_neg_risk(
    token: int, *, neg_risk: bool, exchange: Exchange
) -> None:
    assert exchange_for(token, neg_risk=neg_risk) is exchange
    assert exchange_for(token, neg_risk=neg_risk, version=3) is Exchange.POSITIONS
