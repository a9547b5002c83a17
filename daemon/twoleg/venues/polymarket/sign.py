"""Signatures by the wallet's key: orders (EIP-712) and requests for API credentials (L1).

Pure: bytes in, bytes out. Order signing is the hot path and hashes a fixed layout with cached
domain separators; everything else may be slow. Keys never appear in `repr` or errors.

Order struct and domains: py-clob-client-v2 1.2.1 and polymarket-client 0.14.0 (byte-identical);
POLY_1271 wrapping: ERC-7739 as in py-clob-client-v2 `order_utils`; all read 2026-11-22.
"""

from enum import IntEnum
from typing import Final, NamedTuple, cast

import sha3
from coincurve import PrivateKey

from twoleg.errors import CredentialError
from twoleg.venues.polymarket.contracts import EXCHANGES, Exchange

VENUE: Final = "polymarket"
KEY_VARIABLE: Final = "POLYMARKET_PRIVATE_KEY"
FUNDER_VARIABLE: Final = "POLYMARKET_FUNDER"

ORDER_TYPE: Final = (
    b"Order(uint256 salt,address maker,address signer,uint256 tokenId,uint256 makerAmount,"
    b"uint256 takerAmount,uint8 side,uint8 signatureType,uint256 timestamp,bytes32 metadata,"
    b"bytes32 builder)"
)
_WRAPPER_TYPE: Final = (
    b"TypedDataSign(Order contents,string name,string version,uint256 chainId,"
    b"address verifyingContract,bytes32 salt)" + ORDER_TYPE
)
_DOMAIN_TYPE: Final = (
    b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
_AUTH_DOMAIN_TYPE: Final = b"EIP712Domain(string name,string version,uint256 chainId)"
_AUTH_TYPE: Final = b"ClobAuth(address address,string timestamp,uint256 nonce,string message)"
_AUTH_MESSAGE: Final = b"This message attests that I control the given wallet"
_ZERO_32: Final = bytes(32)


def keccak(data: bytes) -> bytes:
    """Hash with Keccak-256 as Ethereum means it."""
    return cast("bytes", sha3.keccak_256(data).digest())


_ORDER_TYPE_HASH: Final = keccak(ORDER_TYPE)
_WRAPPER_TYPE_HASH: Final = keccak(_WRAPPER_TYPE)
_WRAPPER_TAIL: Final = ORDER_TYPE + len(ORDER_TYPE).to_bytes(2, "big")


class SignatureType(IntEnum):
    """Who holds the funds, and how the venue verifies the signature."""

    EOA = 0
    POLY_PROXY = 1
    POLY_GNOSIS_SAFE = 2
    POLY_1271 = 3


class OrderFields(NamedTuple):
    """What one order says, in base units (1e-6 pUSD and shares); `side` 0 BUY, 1 SELL."""

    salt: int
    token: int
    maker_amount: int
    taker_amount: int
    side: int
    timestamp_ms: int
    metadata: bytes = _ZERO_32
    builder: bytes = _ZERO_32


class SignedOrder(NamedTuple):
    """The order id (EIP-712 order hash) and the signature, both 0x… lower case."""

    order_hash: str
    signature: str


class OrderSigner:
    """Signs orders and API key requests of one wallet on one chain.

    `funder` is the wallet that holds the money for types 1 to 3, and empty or the key's own
    address for type 0. Raises CredentialError naming the variable at fault.
    """

    __slots__ = (
        "_domains",
        "_key",
        "_makers",
        "_type_word",
        "_wrapper_tail",
        "address",
        "chain_id",
        "maker",
        "order_signer",
        "signature_type",
    )

    def __init__(
        self, private_key_hex: str, chain_id: int, signature_type: int, funder: str = ""
    ) -> None:
        if chain_id not in EXCHANGES:
            raise CredentialError(VENUE, "chain_id", f"{chain_id} is no known chain")
        # One key object for good: building it costs more than a signature.
        self._key = _private_key(private_key_hex)
        self.chain_id = chain_id
        self.signature_type = _signature_type(signature_type)
        self.address = _address_of(self._key)
        self.maker = _maker(self.address, self.signature_type, funder)
        # A deposit wallet signs as itself (ERC-1271); elsewhere the key's address signs.
        is_contract = self.signature_type is SignatureType.POLY_1271
        self.order_signer = self.maker if is_contract else self.address
        self._makers = _address_word(self.maker) + _address_word(self.order_signer)
        self._type_word = _word(int(self.signature_type))
        self._domains = {
            exchange: domain_separator(version, chain_id, contract)
            for exchange, (version, contract) in EXCHANGES[chain_id].items()
        }
        self._wrapper_tail = b"".join(
            (
                keccak(b"DepositWallet"),
                keccak(b"1"),
                _word(chain_id),
                _address_word(self.maker),
                _ZERO_32,
            )
        )

    def __repr__(self) -> str:
        return f"OrderSigner({self.maker}, chain {self.chain_id}, {self.signature_type.name})"

    def domain(self, exchange: Exchange) -> bytes:
        """The domain separator of one exchange."""
        return self._domains[exchange]

    def sign_order(self, order: OrderFields, exchange: Exchange) -> SignedOrder:
        """Hash and sign one order."""
        contents = self._struct_hash(order)
        domain = self._domains[exchange]
        digest = keccak(b"\x19\x01" + domain + contents)
        if self.signature_type is not SignatureType.POLY_1271:
            return SignedOrder("0x" + digest.hex(), "0x" + self._sign(digest).hex())
        wrapped = keccak(_WRAPPER_TYPE_HASH + contents + self._wrapper_tail)
        inner = self._sign(keccak(b"\x19\x01" + domain + wrapped))
        return SignedOrder(
            "0x" + digest.hex(), "0x" + (inner + domain + contents + _WRAPPER_TAIL).hex()
        )

    def sign_auth(self, timestamp_s: int, nonce: int = 0) -> str:
        """Sign the ClobAuth message that creates or derives API credentials."""
        domain = keccak(
            keccak(_AUTH_DOMAIN_TYPE)
            + keccak(b"ClobAuthDomain")
            + keccak(b"1")
            + _word(self.chain_id)
        )
        struct = keccak(
            keccak(_AUTH_TYPE)
            + _address_word(self.address)
            + keccak(str(timestamp_s).encode())
            + _word(nonce)
            + keccak(_AUTH_MESSAGE)
        )
        return "0x" + self._sign(keccak(b"\x19\x01" + domain + struct)).hex()

    def l1_headers(self, timestamp_s: int, nonce: int = 0) -> dict[str, str]:
        """Headers of the calls that create or derive API credentials."""
        return {
            "POLY_ADDRESS": self.address,
            "POLY_SIGNATURE": self.sign_auth(timestamp_s, nonce),
            "POLY_TIMESTAMP": str(timestamp_s),
            "POLY_NONCE": str(nonce),
        }

    def _struct_hash(self, order: OrderFields) -> bytes:
        return keccak(
            b"".join(
                (
                    _ORDER_TYPE_HASH,
                    order.salt.to_bytes(32, "big"),
                    self._makers,
                    order.token.to_bytes(32, "big"),
                    order.maker_amount.to_bytes(32, "big"),
                    order.taker_amount.to_bytes(32, "big"),
                    order.side.to_bytes(32, "big"),
                    self._type_word,
                    order.timestamp_ms.to_bytes(32, "big"),
                    order.metadata,
                    order.builder,
                )
            )
        )

    def _sign(self, digest: bytes) -> bytes:
        # RFC 6979 nonces: the same order always gives the same bytes.
        raw = self._key.sign_recoverable(digest, hasher=None)
        return raw[:64] + bytes((raw[64] + 27,))


def domain_separator(version: str, chain_id: int, contract: str) -> bytes:
    """Hash the EIP-712 domain of one exchange; the name is the same for all of them."""
    return keccak(
        keccak(_DOMAIN_TYPE)
        + keccak(b"Polymarket CTF Exchange")
        + keccak(version.encode())
        + _word(chain_id)
        + _address_word(contract)
    )


def checksum_address(address: str) -> str:
    """Write an address in EIP-55 capitals."""
    digits = address.lower().removeprefix("0x")
    mask = keccak(digits.encode()).hex()
    return "0x" + "".join(
        char.upper() if int(bit, 16) >= 8 else char for char, bit in zip(digits, mask, strict=False)
    )


def _private_key(private_key_hex: str) -> PrivateKey:
    digits = private_key_hex.strip().removeprefix("0x")
    if len(digits) != 64:
        raise CredentialError(VENUE, KEY_VARIABLE, "must be 64 hex digits")
    try:
        return PrivateKey(bytes.fromhex(digits))
    except ValueError:
        # The cause is dropped: its text or frame could hold the key.
        raise CredentialError(VENUE, KEY_VARIABLE, "is no valid private key") from None


def _signature_type(value: int) -> SignatureType:
    try:
        return SignatureType(value)
    except ValueError:
        raise CredentialError(VENUE, "signature_type", f"{value} is not 0, 1, 2 or 3") from None


def _address_of(key: PrivateKey) -> str:
    return checksum_address(keccak(key.public_key.format(compressed=False)[1:])[-20:].hex())


def _maker(address: str, signature_type: SignatureType, funder: str) -> str:
    if signature_type is SignatureType.EOA:
        if funder and funder.lower() != address.lower():
            raise CredentialError(VENUE, FUNDER_VARIABLE, "differs from the key's own address")
        return address
    digits = funder.removeprefix("0x")
    if len(digits) != 40 or any(char not in "0123456789abcdefABCDEF" for char in digits):
        raise CredentialError(VENUE, FUNDER_VARIABLE, "must be the wallet's address (0x…)")
    return checksum_address(funder)


def _word(value: int) -> bytes:
    return value.to_bytes(32, "big")


def _address_word(address: str) -> bytes:
    return bytes(12) + bytes.fromhex(address.removeprefix("0x"))
