"""Addresses of the wallets that Polymarket deploys for a key. Pure.

A funder is easily mistyped or taken from another account, and the venue then shows a balance of 0
and calls each signature invalid: so the start can tell which wallets a key owns. All of them are
CREATE2 addresses, `keccak(0xff ‖ factory ‖ salt ‖ keccak(creation code))[12:]`.

Factories, implementations and the hash of the safe's creation code: polymarket-client 0.14.0
`environments.py`; creation codes of minimal and ERC-1967 proxies with immutable arguments: the
same package's `wallet.py`, read 2026-11-22. Known for Polygon only.
"""

from typing import Final, NamedTuple

from twoleg.errors import CredentialError
from twoleg.venues.polymarket.contracts import POLYGON
from twoleg.venues.polymarket.sign import FUNDER_VARIABLE, VENUE, checksum_address, keccak

_PROXY_FACTORY: Final = bytes.fromhex("ab45c5a4b0c941a2f231c04c3f49182e1a254052")
_PROXY_IMPLEMENTATION: Final = bytes.fromhex("44e999d5c2f66ef0861317f9a4805ac2e90aeb4f")
_SAFE_FACTORY: Final = bytes.fromhex("aacfeea03eb1561c4e67d661e40682bd20e3541b")
_SAFE_CODE_HASH: Final = bytes.fromhex(
    "2bce2127ff07fb632d16c8347c4ebf501f4841168bed00d9e6ef715ddb6fcecf"
)
_DEPOSIT_FACTORY: Final = bytes.fromhex("00000000000fb5c9adea0298d729a0cb3823cc07")
_DEPOSIT_IMPLEMENTATION: Final = bytes.fromhex("58ca52ebe0dadfdf531cde7062e76746de4db1eb")
_DEPOSIT_BEACON: Final = bytes.fromhex("7a18edfe055488a3128f01f563e5b479d92ffc3a")

_PROXY_HEAD: Final = bytes.fromhex("3d3d606380380380913d393d73")
_PROXY_MIDDLE: Final = bytes.fromhex(
    "5af4602a57600080fd5b602d8060366000396000f3363d3d373d3d3d363d73"
)
_PROXY_TAIL: Final = bytes.fromhex("5af43d82803e903d91602b57fd5bf352e831dd") + bytes.fromhex(
    "20".zfill(64) + "0" * 64
)
_DIRECT_BODY: Final = bytes.fromhex(
    "60095155f3363d3d373d3d363d7f360894a13ba1a3210667c828492db98dca3e2076"
    "cc3735a920a3ca505d382bbc545af43d6000803e6038573d6000fd5b3d6000f3"
)
_BEACON_BODY: Final = bytes.fromhex(
    "60195155f3363d3d373d3d363d602036600436635c60da"
    "1b60e01b36527fa3f0ad74e5423aebfd80d3ef4346578335a9a72aeaee59ff6c"
    "b3582b35133d50545afa5036515af43d6000803e604d573d6000fd5b3d6000f3"
)
_DIRECT_CODE_BYTES: Final = 0x3D
_BEACON_CODE_BYTES: Final = 0x52


class Wallets(NamedTuple):
    """The wallets that may belong to one key, as checksummed addresses."""

    proxy: str
    """Signature type 1."""
    safe: str
    """Signature type 2."""
    deposit: str
    """Signature type 3, as deployed since 2026-06-29 (behind a beacon)."""
    deposit_legacy: str
    """Signature type 3, as deployed before."""

    def of_type(self, signature_type: int) -> tuple[str, ...]:
        """Those that orders of this signature type may name; none for a plain wallet."""
        return {1: (self.proxy,), 2: (self.safe,), 3: (self.deposit, self.deposit_legacy)}.get(
            signature_type, ()
        )


def derive_wallets(address: str, chain_id: int) -> Wallets:
    """Derive the wallets of a key's address.

    Raises:
        CredentialError: the chain is not Polygon, or the address is none.
    """
    if chain_id != POLYGON:
        raise CredentialError(VENUE, "chain_id", f"wallets are not known for chain {chain_id}")
    digits = address.removeprefix("0x")
    if len(digits) != 40 or any(char not in "0123456789abcdefABCDEF" for char in digits):
        raise CredentialError(
            VENUE, FUNDER_VARIABLE, "cannot be derived: the key has no address (0x…)"
        )
    owner = bytes.fromhex(digits)
    word = owner.rjust(32, b"\x00")
    arguments = _DEPOSIT_FACTORY.rjust(32, b"\x00") + word
    proxy_code = b"".join(
        (_PROXY_HEAD, _PROXY_FACTORY, _PROXY_MIDDLE, _PROXY_IMPLEMENTATION, _PROXY_TAIL)
    )
    direct = _clone(_DIRECT_CODE_BYTES, _DEPOSIT_IMPLEMENTATION, _DIRECT_BODY, arguments)
    beacon = _clone(_BEACON_CODE_BYTES, _DEPOSIT_BEACON, _BEACON_BODY, arguments)
    salt = keccak(arguments)
    return Wallets(
        proxy=_create2(_PROXY_FACTORY, keccak(owner), keccak(proxy_code)),
        safe=_create2(_SAFE_FACTORY, keccak(word), _SAFE_CODE_HASH),
        deposit=_create2(_DEPOSIT_FACTORY, salt, keccak(beacon)),
        deposit_legacy=_create2(_DEPOSIT_FACTORY, salt, keccak(direct)),
    )


def _clone(code_bytes: int, target: bytes, body: bytes, arguments: bytes) -> bytes:
    """Creation code of a proxy that carries its arguments behind its code."""
    length = (code_bytes + len(arguments)).to_bytes(2, "big")
    return b"\x61" + length + bytes.fromhex("3d8160233d3973") + target + body + arguments


def _create2(factory: bytes, salt: bytes, code_hash: bytes) -> str:
    return checksum_address(keccak(b"\xff" + factory + salt + code_hash)[-20:].hex())
