"""Published vectors of the official packages, and forgeries of them.

Computed in November 2026 with py-clob-client-v2 1.2.1, py-clob-client 0.34.6 and polymarket-client
0.14.0; the key is the public Hardhat account 0.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twoleg.sim.exchange import Exchange, Order
from twoleg.sim.polymarket.book import PublishedBook
from twoleg.sim.polymarket.fees import taker_fee_micros
from twoleg.sim.polymarket.sign import (
    ORDER_TYPE,
    OrderStruct,
    domain_separator,
    exchange_domain,
    is_login_signed,
    is_order_signed,
    is_position_id,
    order_hash,
    request_signature,
)

EOA = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
TOKEN = 71321045679252212594626385532706912750332728571942532289631379312455583992563
POSITION = 482467038488817480931545770869532949388624934754675043254295238583089504768
ZERO = bytes(32)

# (label, domain version, contract, order, order id, the 65-byte part of the signature)
ORDERS = [
    ("V2 EOA BUY 100 @0.52 exchange 137", "2", "0xE111180000d2663C0091e4f400237545B87B996B", OrderStruct(479249096354, EOA, EOA, TOKEN, 52000000, 100000000, "BUY", 0, 1_710_000_000_000, ZERO, ZERO), "0x6d4ff6fedd41b840d3a2b6648a9ee399475ff8515ea555e613c087a9497a2d44", "0x7e85767adb9808470c535ed35562539eec3d9e2e338f9aef5a12d98924aa98347b36023e1eda9d7b9635c05742682ede728d09fa8943cb6ae4ff4d1a6f7adf581b"),
    ("V2 EOA BUY 100 @0.52 neg-risk exchange 137", "2", "0xe2222d279d744050d28e00520010520000310F59", OrderStruct(479249096354, EOA, EOA, TOKEN, 52000000, 100000000, "BUY", 0, 1_710_000_000_000, ZERO, ZERO), "0xe4f393fe07e835a30a5800cf5200fe7a89129d276dc78feb2223484219db5adb", "0xaa8f88a82429ee06cc7ee33e34dfd4b8cdf08ec7ed9e358a980bc68eb85631aa17ed412ddd000fde4ba461f15b938ff931a0f51e14ca6e8c2b3e7b5fcb2bb5381c"),
    ("V2 EOA SELL 25.5 @0.37 exchange 137 (builder+metadata set)", "2", "0xE111180000d2663C0091e4f400237545B87B996B", OrderStruct(479249096354, EOA, EOA, TOKEN, 25500000, 9435000, "SELL", 0, 1_710_000_000_000, bytes.fromhex("cd") * 32, bytes.fromhex("ab") * 32), "0xea4035a86a8c629465392ecb4a65c618a6e787b1ffccbcb70fb43fbe8de3842f", "0xfc5abd3aad2446cfd9e4f297b5a946ede671efa2c13d450915e91224fc1a0ec32f0eadfa71f98be4371c87399606a002c7465800d97f9bba1e7f1b248ae82ecc1c"),
    ("V2 POLY_GNOSIS_SAFE (maker=derived safe)", "2", "0xE111180000d2663C0091e4f400237545B87B996B", OrderStruct(479249096354, "0xd93B25cb943D14d0d34FBaF01Fc93a0f8b5F6E47", EOA, TOKEN, 52000000, 100000000, "BUY", 2, 1_710_000_000_000, ZERO, ZERO), "0x00bd173cfbe430a82f59a992db66fc8ba090b66c62aa44baebaa416fefc0d41e", "0x9ab06df7bb98f5efc17cabe8401b5463e02dee3af0cab84a6134ad40eaef5b974536c2e611387960e3aa69072041f26e704e091b58b2e2441b3e80ba9c22d1271b"),
    ("V2 POLY_1271 deposit wallet (maker=signer=beacon deposit wallet)", "2", "0xE111180000d2663C0091e4f400237545B87B996B", OrderStruct(479249096354, "0xBc0fF067b7740Eff76C1ca93c875Ba6B890d6B50", "0xBc0fF067b7740Eff76C1ca93c875Ba6B890d6B50", TOKEN, 52000000, 100000000, "BUY", 3, 1_710_000_000_000, ZERO, ZERO), "0xb5b667e0c94bdeded6d7c5a04d7fa4e688e7d299d11824f2cac3c79a6a8b6490", "0xd7fcd15756e4a5b51d63baa86cdcfb22e8f645fc8156bb3cc4eaa9312d777edb35e8304874567130a669aa7369369d34fa9d3ec095404fccf24da270fce6d18d1b"),
    ("V3 EOA BUY position id exchange_v3 137 (domain version 3)", "3", "0xe3333700cA9d93003F00f0F71f8515005F6c00Aa", OrderStruct(479249096354, EOA, EOA, POSITION, 52000000, 100000000, "BUY", 0, 1_710_000_000_000, ZERO, ZERO), "0xb019df37c37bf825cd4323c9b05c88ffb5296049dbe030d9b31edfe97a0c2b47", "0x42c511c603da0a54877dc70767cf3ab8f24a01dc1a11f6657f5113dba19800ff0715f56537a06c504ddb81c37d837bdb5754194cee6d151eb6fd1b4c98f331d01c"),
]  # fmt: skip
# Chain, timestamp, nonce, signature.
LOGINS = [
    (
        80002,
        "10000000",
        23,
        "0xf62319a987514da40e57e2f4d7529f7bac38f0355bd88bb5adbb3768d80de6c1682518e0af677d5260366425f4361e7b70c25ae232aff0ab2331e2b164a1aedc1b",
    ),
    (
        80002,
        "1710000000",
        0,
        "0xbe5ddf6cd84fc5db5767fce25c428edf97d0cd44bca42416cc816e9ae74af0b95b6f95913abd999f16ae176281a1452249143849c1605eb2eeff49613ddadc441c",
    ),
    (
        137,
        "10000000",
        23,
        "0x1a7118db6100dfd8efd102be36f472b59475dcac56eb4c9a2a94748d3655ba7c3c89deb8c19ee79eceb0a531122fbfbe88ed118034f9d8212e2b725e7b296b9d1c",
    ),
    (
        137,
        "1710000000",
        0,
        "0x9cc2a42f0c90d90b5f1fb73b2b7896cd1e43585c2f5b58486dc7d884c2525f1c4e78a1329a38988c1d8c9260cc0f910da27915ec0a92aedf0c98454823b3cebe1b",
    ),
]
# Secret, timestamp, method, path, body, signature.
REQUESTS = [
    (
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "1000000",
        "test-sign",
        "/orders",
        '{"hash": "0x123"}',
        "ZwAdJKvoYRlEKDkNMwd5BuwNNtg93kNaR_oU2HrfVvc=",
    ),
    (
        "4OHi4-Tl5ufo6err7O3u7_Dx8vP09fb3-Pn6-_z9_v8=",
        "1710000000",
        "GET",
        "/data/orders",
        "",
        "H9FJbWnYUoTKyyNqsTinUt295Jjhfh0TcXGEjHALbQ4=",
    ),
    (
        "4OHi4-Tl5ufo6err7O3u7_Dx8vP09fb3-Pn6-_z9_v8=",
        "1710000000",
        "GET",
        "/auth/api-keys",
        "",
        "rnt9fS1Xl3q1mNDE5-AKdlgTY2YI1n-G6PojH8lrpPI=",
    ),
    (
        "4OHi4-Tl5ufo6err7O3u7_Dx8vP09fb3-Pn6-_z9_v8=",
        "1710000000",
        "GET",
        "/data/order/0x6d4ff6fedd41b840d3a2b6648a9ee399475ff8515ea555e613c087a9497a2d44",
        "",
        "wdDbobGbbjO3cyTX-eOAXq0Zy2lQtMZCNFGoc9iDBzE=",
    ),
    (
        "4OHi4-Tl5ufo6err7O3u7_Dx8vP09fb3-Pn6-_z9_v8=",
        "1710000000",
        "GET",
        "/balance-allowance",
        "",
        "0dHpFiE6XyMCmv84R0UfuJZPv8qcaUzY5sStuYlMxl8=",
    ),
    (
        "4OHi4-Tl5ufo6err7O3u7_Dx8vP09fb3-Pn6-_z9_v8=",
        "1710000000",
        "DELETE",
        "/order",
        '{"orderID":"0x6d4ff6fedd41b840d3a2b6648a9ee399475ff8515ea555e613c087a9497a2d44"}',
        "jsmeh-dZn6VkbV6uKkcFZTFLz4DkC3wBQ5qAH04pozY=",
    ),
    (
        "4OHi4-Tl5ufo6err7O3u7_Dx8vP09fb3-Pn6-_z9_v8=",
        "1710000000",
        "DELETE",
        "/orders",
        '["0x6d4ff6fedd41b840d3a2b6648a9ee399475ff8515ea555e613c087a9497a2d44"]',
        "iqCe9yipaAO1JtOxqeoBmktbGitO3gr4LK0KkJ_q4DQ=",
    ),
    (
        "4OHi4-Tl5ufo6err7O3u7_Dx8vP09fb3-Pn6-_z9_v8=",
        "1710000000",
        "DELETE",
        "/cancel-all",
        "",
        "oQRomF9jYmR2g3FzDd57BwVUHuGD6EwGmFEywMg7VPo=",
    ),
    (
        "4OHi4-Tl5ufo6err7O3u7_Dx8vP09fb3-Pn6-_z9_v8=",
        "1710000000",
        "POST",
        "/v1/heartbeats",
        '{"heartbeat_id":""}',
        "c-bNlgxAf-MBBWLexYhkqmU6-IIGqruTPpTf7i_dsZQ=",
    ),
]
# Shares in 1e-6, rate and price in 1e-4, fee in micro-dollars.
FEES = [
    (100000000, 700, 5000, 1750000),
    (100000000, 700, 1000, 630000),
    (100000000, 500, 5000, 1250000),
    (100000000, 400, 3000, 840000),
    (15463900, 700, 9700, 31500),
    (33400, 700, 9800, 50),
    (10000, 400, 100, 0),
]


def signature_of(order: OrderStruct, domain: bytes, first: str) -> str:
    if order.signature_type != 3:
        return first
    # The vector's tail is checked bytewise: separator, contents hash, type, length.
    tail = domain + bytes.fromhex(CONTENTS) + ORDER_TYPE.encode() + b"\x00\xba"
    return first + tail.hex()


# Struct hash of the deposit wallet's order.
CONTENTS = "93fed3e7502da91535ffebfae42e3d8b21d8470e6cc53cbcb761ab9df55f74aa"


@pytest.mark.parametrize(
    ("label", "version", "contract", "order", "order_id", "first"),
    ORDERS,
    ids=[o[0] for o in ORDERS],
)
def test_order_vector_has_its_hash_and_only_its_own_signature(
    *, label: str, version: str, contract: str, order: OrderStruct, order_id: str, first: str
) -> None:
    domain = domain_separator(version, 137, contract)
    assert order_hash(order, domain) == order_id
    signature = signature_of(order, domain, first)
    assert is_order_signed(order, signature, owner=EOA, domain=domain, chain_id=137)
    other = domain_separator("1", 137, contract)
    assert not is_order_signed(order, signature, owner=EOA, domain=other, chain_id=137)
    assert not is_order_signed(order, signature, owner="0x" + "1" * 40, domain=domain, chain_id=137)
    for forged in ("", "0x", "no hex", signature[:-2], signature + "00", "0x" + "00" * 65):
        assert not is_order_signed(order, forged, owner=EOA, domain=domain, chain_id=137)


def test_exchange_is_chosen_by_token_and_neg_risk() -> None:
    assert not is_position_id(TOKEN)
    assert is_position_id(POSITION)
    for label, version, contract, order, _, _ in ORDERS:
        is_neg_risk = "neg-risk" in label
        chosen = exchange_domain(order.token_id, is_neg_risk=is_neg_risk, chain_id=137)
        assert chosen == domain_separator(version, 137, contract)


@pytest.mark.parametrize(("chain_id", "timestamp", "nonce", "signature"), LOGINS)
def test_login_vector_is_accepted_and_its_neighbours_are_not(
    chain_id: int, timestamp: str, nonce: int, signature: str
) -> None:
    assert is_login_signed(EOA, timestamp, nonce, signature, chain_id=chain_id)
    assert not is_login_signed(EOA, timestamp, nonce + 1, signature, chain_id=chain_id)
    assert not is_login_signed(EOA, timestamp + "0", nonce, signature, chain_id=chain_id)
    assert not is_login_signed(EOA, timestamp, nonce, signature, chain_id=1)


@pytest.mark.parametrize(("secret", "timestamp", "method", "path", "body", "signature"), REQUESTS)
def test_request_vector_is_reproduced(
    *, secret: str, timestamp: str, method: str, path: str, body: str, signature: str
) -> None:
    assert request_signature(secret, timestamp, method, path, body) == signature


def test_secret_that_is_no_base64_is_an_error() -> None:
    with pytest.raises(ValueError, match="base64"):
        request_signature("!!!", "1", "GET", "/", "")


@pytest.mark.parametrize(("size_e6", "rate_e4", "price_e4", "fee_micros"), FEES)
def test_fee_vector_is_reproduced_half_up(
    size_e6: int, rate_e4: int, price_e4: int, fee_micros: int
) -> None:
    assert taker_fee_micros(size_e6, price_e4, rate_e4, "half_up") == fee_micros


def test_fee_rounding_can_be_chosen() -> None:
    # 0.0314999643: the fifth decimal decides.
    fees = [taker_fee_micros(15_463_900, 9_700, 700, way) for way in ("down", "half_up", "up")]
    assert fees == [31_490, 31_500, 31_500]


def test_published_hash_equals_the_official_packages_hash() -> None:
    # From py-clob-client's own tests: bids 0.3 and 0.4, asks 0.6 and 0.7, 100 each.
    exchange = Exchange()
    for number, (side, price_e4) in enumerate(
        [("bid", 3_000), ("bid", 4_000), ("ask", 6_000), ("ask", 7_000)]
    ):
        exchange.add(Order(str(number), "a", side, price_e4, 100_000_000))  # type: ignore[arg-type]
    book = PublishedBook(
        "0xaabbcc", ("100", "200"), tick_e4=100, min_size_e6=100_000_000, is_neg_risk=False
    )
    book.load(exchange)
    text = book.summary(0, 123_456_789)
    assert (text["bids"], text["asks"]) == (
        [{"price": "0.3", "size": "100"}, {"price": "0.4", "size": "100"}],
        [{"price": "0.7", "size": "100"}, {"price": "0.6", "size": "100"}],
    )
    # Their recipe over this very text, in the wire's order of levels.
    assert text["hash"] == "e64efce7ca327ce38c426f3371ed7ad32eb2c651"


@settings(max_examples=200)
@given(
    size_e6=st.integers(1, 10**12),
    price_e4=st.integers(1, 9_999),
    rate_e4=st.integers(0, 2_500),
)
def test_fee_is_symmetric_stepped_and_within_one_step(
    size_e6: int, price_e4: int, rate_e4: int
) -> None:
    low, middle, high = (
        taker_fee_micros(size_e6, price_e4, rate_e4, way) for way in ("down", "half_up", "up")
    )
    assert low <= middle <= high <= low + 10
    assert low % 10 == 0
    assert taker_fee_micros(size_e6, 10_000 - price_e4, rate_e4, "half_up") == middle
