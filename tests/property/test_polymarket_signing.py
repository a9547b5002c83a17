"""The hand-built order signatures equal eth-account's, byte for byte."""

import random
from typing import Any

from eth_account import Account
from eth_account.messages import encode_typed_data

from tests.unit.venues.polymarket.vectors import PRIVATE_KEY
from twoleg.venues.polymarket.contracts import EXCHANGES, Exchange
from twoleg.venues.polymarket.sign import ORDER_TYPE, OrderFields, OrderSigner, keccak

ORDERS_MIN = 10_000
DOMAIN_FIELDS = [
    {"name": "name", "type": "string"},
    {"name": "version", "type": "string"},
    {"name": "chainId", "type": "uint256"},
    {"name": "verifyingContract", "type": "address"},
]
ORDER_FIELDS = [
    {"name": name, "type": kind}
    for kind, name in (
        part.split(" ") for part in ORDER_TYPE.decode().removeprefix("Order(")[:-1].split(",")
    )
]
WRAPPER_FIELDS = [
    {"name": "contents", "type": "Order"},
    {"name": "name", "type": "string"},
    {"name": "version", "type": "string"},
    {"name": "chainId", "type": "uint256"},
    {"name": "verifyingContract", "type": "address"},
    {"name": "salt", "type": "bytes32"},
]


def typed(chain_id: int, exchange: Exchange, message: dict[str, Any], primary: str) -> Any:
    version, contract = EXCHANGES[chain_id][exchange]
    types = {"EIP712Domain": DOMAIN_FIELDS, "Order": ORDER_FIELDS}
    if primary == "TypedDataSign":
        types["TypedDataSign"] = WRAPPER_FIELDS
    return encode_typed_data(
        full_message={
            "types": types,
            "primaryType": primary,
            "domain": {
                "name": "Polymarket CTF Exchange",
                "version": version,
                "chainId": chain_id,
                "verifyingContract": contract,
            },
            "message": message,
        }
    )


def draw(rng: random.Random) -> OrderFields:
    return OrderFields(
        salt=rng.randint(1, 2**53 - 1),
        token=rng.getrandbits(256),
        maker_amount=rng.randint(1, 10**12),
        taker_amount=rng.randint(1, 10**12),
        side=rng.randint(0, 1),
        timestamp_ms=rng.randint(1_700_000_000_000, 1_900_000_000_000),
        metadata=rng.randbytes(32),
        builder=rng.randbytes(32),
    )


def message(signer: OrderSigner, order: OrderFields) -> dict[str, Any]:
    return {
        "salt": order.salt,
        "maker": signer.maker,
        "signer": signer.order_signer,
        "tokenId": order.token,
        "makerAmount": order.maker_amount,
        "takerAmount": order.taker_amount,
        "side": order.side,
        "signatureType": int(signer.signature_type),
        "timestamp": order.timestamp_ms,
        "metadata": order.metadata,
        "builder": order.builder,
    }


def expected(signer: OrderSigner, order: OrderFields, exchange: Exchange) -> tuple[str, str]:
    contents = message(signer, order)
    plain = typed(signer.chain_id, exchange, contents, "Order")
    order_hash = "0x" + keccak(b"\x19\x01" + plain.header + plain.body).hex()
    if signer.signature_type != 3:
        signed = Account.sign_message(plain, PRIVATE_KEY)
        return order_hash, "0x" + bytes(signed.signature).hex()
    wrapper = {
        "contents": contents,
        "name": "DepositWallet",
        "version": "1",
        "chainId": signer.chain_id,
        "verifyingContract": signer.maker,
        "salt": bytes(32),
    }
    signed = Account.sign_message(
        typed(signer.chain_id, exchange, wrapper, "TypedDataSign"), PRIVATE_KEY
    )
    tail = plain.header + plain.body + ORDER_TYPE + (186).to_bytes(2, "big")
    return order_hash, "0x" + (bytes(signed.signature) + tail).hex()


def test_ten_thousand_random_orders_sign_as_eth_account_signs_them() -> None:
    rng = random.Random(20261122)
    kinds = [
        (chain_id, kind, exchange)
        for chain_id in (137, 80002)
        for kind in range(4)
        for exchange in Exchange
    ]
    assert len(kinds) == 24
    per_kind = -(-ORDERS_MIN // len(kinds))
    for chain_id, kind, exchange in kinds:
        funder = "0x" + rng.randbytes(20).hex() if kind else ""
        signer = OrderSigner(PRIVATE_KEY, chain_id, kind, funder)
        for _ in range(per_kind):
            order = draw(rng)
            assert signer.sign_order(order, exchange) == expected(signer, order, exchange)


def test_random_keys_and_wallet_types_sign_as_eth_account_signs_them() -> None:
    rng = random.Random(4711)
    for _ in range(50):
        key = rng.randbytes(32).hex()
        for signature_type in (1, 2):
            signer = OrderSigner(key, 137, signature_type, "0x" + rng.randbytes(20).hex())
            order = draw(rng)
            data = typed(137, Exchange.POSITIONS, message(signer, order), "Order")
            signature = "0x" + bytes(Account.sign_message(data, key).signature).hex()
            assert signer.sign_order(order, Exchange.POSITIONS).signature == signature
            assert signer.address == Account.from_key(key).address
