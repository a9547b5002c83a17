"""Verify what a Polymarket client signs: wallet login, API requests, orders.

Nothing here signs: the simulator only recovers and compares. Struct, domains and wrapping as in
PyPI py-clob-client-v2 1.2.1 and polymarket-client 0.14.0, read 2026-11-22.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from typing import Final, Literal

from eth_account import Account
from eth_account.messages import SignableMessage
from eth_keys.exceptions import BadSignature
from eth_utils.crypto import keccak
from eth_utils.exceptions import ValidationError

EXCHANGE_NAME: Final = "Polymarket CTF Exchange"
EXCHANGE_STANDARD: Final = "0xE111180000d2663C0091e4f400237545B87B996B"
EXCHANGE_NEG_RISK: Final = "0xe2222d279d744050d28e00520010520000310F59"
# Positions of "Protocol V2" trade on their own exchange, per chain.
EXCHANGE_POSITIONS: Final = {
    137: "0xe3333700cA9d93003F00f0F71f8515005F6c00Aa",
    80002: "0x9fE6e61422AdB6F610d8597F9684b16912D50C3D",
}
# What GET /version can name: the domain version of orders for ordinary tokens.
VERSION_TOKENS: Final = 2
VERSION_POSITIONS: Final = 3
# Bits 40 to 103 of a Protocol-V2 position id are zero; a token id's are a hash.
POSITION_ZERO_BITS: Final = ((1 << 64) - 1) << 40

LOGIN_TEXT: Final = "This message attests that I control the given wallet"
ZERO_BYTES32: Final = bytes(32)

ORDER_TYPE: Final = (
    "Order(uint256 salt,address maker,address signer,uint256 tokenId,uint256 makerAmount,"
    "uint256 takerAmount,uint8 side,uint8 signatureType,uint256 timestamp,bytes32 metadata,"
    "bytes32 builder)"
)
WRAP_TYPE: Final = (
    "TypedDataSign(Order contents,string name,string version,uint256 chainId,"
    "address verifyingContract,bytes32 salt)" + ORDER_TYPE
)
DOMAIN_TYPE: Final = (
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
LOGIN_DOMAIN_TYPE: Final = "EIP712Domain(string name,string version,uint256 chainId)"
LOGIN_TYPE: Final = "ClobAuth(address address,string timestamp,uint256 nonce,string message)"

SIGNATURE_BYTES: Final = 65
UINT256_MAX: Final = (1 << 256) - 1

TYPE_EOA: Final = 0
TYPE_PROXY: Final = 1
TYPE_SAFE: Final = 2
TYPE_DEPOSIT_WALLET: Final = 3


@dataclass(frozen=True, slots=True)
class OrderStruct:
    """The signed fields of a V2 or V3 order; amounts in 1e-6 units, timestamp in milliseconds."""

    salt: int
    maker: str
    signer: str
    token_id: int
    maker_amount: int
    taker_amount: int
    side: Literal["BUY", "SELL"]
    signature_type: int
    timestamp_ms: int
    metadata: bytes = ZERO_BYTES32
    builder: bytes = ZERO_BYTES32


def is_position_id(token_id: int) -> bool:
    """Tell whether an id names a Protocol-V2 position (polymarket-client 0.14.0's test)."""
    return token_id & POSITION_ZERO_BITS == 0


def exchange_of(
    token_id: int, *, is_neg_risk: bool, chain_id: int, version: int = VERSION_TOKENS
) -> str:
    """Return the address of the exchange that trades this token.

    A position id always means version 3; `version` is the venue's, for all other tokens.
    """
    if is_position_id(token_id) or version == VERSION_POSITIONS:
        return EXCHANGE_POSITIONS[chain_id]
    return EXCHANGE_NEG_RISK if is_neg_risk else EXCHANGE_STANDARD


def exchange_domain(
    token_id: int, *, is_neg_risk: bool, chain_id: int, version: int = VERSION_TOKENS
) -> bytes:
    """Return the domain separator of that exchange; its version follows from it."""
    contract = exchange_of(token_id, is_neg_risk=is_neg_risk, chain_id=chain_id, version=version)
    is_standard = contract in (EXCHANGE_STANDARD, EXCHANGE_NEG_RISK)
    return domain_separator("2" if is_standard else "3", chain_id, contract)


def domain_separator(version: str, chain_id: int, contract: str) -> bytes:
    """Return the EIP-712 separator of an exchange."""
    return keccak(
        keccak(text=DOMAIN_TYPE)
        + keccak(text=EXCHANGE_NAME)
        + keccak(text=version)
        + _uint(chain_id)
        + _address(contract)
    )


def order_hash(order: OrderStruct, domain: bytes) -> str:
    """Return the order id: the EIP-712 hash of the order under its exchange's domain."""
    return "0x" + keccak(b"\x19\x01" + domain + _contents(order)).hex()


def is_order_signed(
    order: OrderStruct, signature: str, *, owner: str, domain: bytes, chain_id: int
) -> bool:
    """Tell whether `owner` (the EOA of the API key) signed the order under this domain."""
    raw = _unhex(signature)
    contents = _contents(order)
    if order.signature_type == TYPE_DEPOSIT_WALLET:
        # ERC-7739: signature, separator, contents hash, contents type, its length.
        tail = domain + contents + ORDER_TYPE.encode() + len(ORDER_TYPE).to_bytes(2, "big")
        if raw is None or raw[SIGNATURE_BYTES:] != tail:
            return False
        raw = raw[:SIGNATURE_BYTES]
        contents = _wrapped(contents, order.signer, chain_id)
    return _recover(domain, contents, raw) == owner.lower()


def is_login_signed(
    address: str, timestamp: str, nonce: int, signature: str, *, chain_id: int
) -> bool:
    """Tell whether `address` signed the ClobAuth message (domain version stays "1")."""
    if _unhex(address) is None or not 0 <= nonce <= UINT256_MAX:
        return False
    domain = keccak(
        keccak(text=LOGIN_DOMAIN_TYPE)
        + keccak(text="ClobAuthDomain")
        + keccak(text="1")
        + _uint(chain_id)
    )
    body = keccak(
        keccak(text=LOGIN_TYPE)
        + _address(address)
        + keccak(text=timestamp)
        + _uint(nonce)
        + keccak(text=LOGIN_TEXT)
    )
    return _recover(domain, body, _unhex(signature)) == address.lower()


def request_signature(secret: str, timestamp: str, method: str, path: str, body: str) -> str:
    """Return the HMAC that a request must carry; `path` has no query string.

    Raises ValueError when the secret is no URL-safe base64.
    """
    padded = secret + "=" * (-len(secret) % 4)
    try:
        key = base64.b64decode(padded, altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("secret is no base64") from error
    message = f"{timestamp}{method}{path}{body}".encode()
    return base64.urlsafe_b64encode(hmac.new(key, message, hashlib.sha256).digest()).decode()


def is_request_signed(signature: str, expected: str) -> bool:
    """Compare in constant time, as a real venue would."""
    return hmac.compare_digest(signature.encode(), expected.encode())


def _contents(order: OrderStruct) -> bytes:
    return keccak(
        keccak(text=ORDER_TYPE)
        + _uint(order.salt)
        + _address(order.maker)
        + _address(order.signer)
        + _uint(order.token_id)
        + _uint(order.maker_amount)
        + _uint(order.taker_amount)
        + _uint(0 if order.side == "BUY" else 1)
        + _uint(order.signature_type)
        + _uint(order.timestamp_ms)
        + order.metadata
        + order.builder
    )


def _wrapped(contents: bytes, wallet: str, chain_id: int) -> bytes:
    return keccak(
        keccak(text=WRAP_TYPE)
        + contents
        + keccak(text="DepositWallet")
        + keccak(text="1")
        + _uint(chain_id)
        + _address(wallet)
        + ZERO_BYTES32
    )


def _recover(domain: bytes, body: bytes, signature: bytes | None) -> str | None:
    if signature is None or len(signature) != SIGNATURE_BYTES or signature[-1] not in (27, 28):
        return None
    message = SignableMessage(b"\x01", domain, body)
    try:
        return str(Account.recover_message(message, signature=signature)).lower()
    except (BadSignature, ValidationError, ValueError):
        return None


def _unhex(text: str) -> bytes | None:
    if not text.startswith("0x"):
        return None
    try:
        return bytes.fromhex(text[2:])
    except ValueError:
        return None


def _uint(value: int) -> bytes:
    return value.to_bytes(32, "big")


def _address(address: str) -> bytes:
    return bytes(12) + bytes.fromhex(address[2:])
