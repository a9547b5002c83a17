"""The contract wallets that belong to an EOA: proxy, safe and deposit wallet, all by CREATE2.

Factories, code and salts as in PyPI polymarket-client 0.14.0 (its environments.py and wallet.py),
read 2026-11-22; checked against the addresses that it derives for a known key.
"""

from typing import Final

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from twoleg.sim.polymarket.sign import TYPE_DEPOSIT_WALLET, TYPE_EOA, TYPE_PROXY, TYPE_SAFE

PROXY_FACTORY: Final = bytes.fromhex("ab45c5a4b0c941a2f231c04c3f49182e1a254052")
PROXY_TARGET: Final = bytes.fromhex("44e999d5c2f66ef0861317f9a4805ac2e90aeb4f")
SAFE_FACTORY: Final = bytes.fromhex("aacfeea03eb1561c4e67d661e40682bd20e3541b")
SAFE_CODE_HASH: Final = bytes.fromhex(
    "2bce2127ff07fb632d16c8347c4ebf501f4841168bed00d9e6ef715ddb6fcecf"
)
DEPOSIT_FACTORY: Final = bytes.fromhex("00000000000fb5c9adea0298d729a0cb3823cc07")
DEPOSIT_TARGET: Final = bytes.fromhex("58ca52ebe0dadfdf531cde7062e76746de4db1eb")
DEPOSIT_BEACON: Final = bytes.fromhex("7a18edfe055488a3128f01f563e5b479d92ffc3a")

# Code around the addresses: a minimal proxy that calls its factory once, ERC-1967 and its beacon
# kind. The two length bytes of the ERC-1967 kinds count the arguments too.
_PROXY_HEAD: Final = bytes.fromhex("3d3d606380380380913d393d73")
_PROXY_MIDDLE: Final = bytes.fromhex(
    "5af4602a57600080fd5b602d8060366000396000f3363d3d373d3d3d363d73"
)
_PROXY_TAIL: Final = (
    bytes.fromhex("5af43d82803e903d91602b57fd5bf352e831dd") + (32).to_bytes(32, "big") + bytes(32)
)
_ERC1967_BYTES: Final = 0x3D
_ERC1967_TAIL: Final = bytes.fromhex(
    "60095155f3363d3d373d3d363d7f360894a13ba1a3210667c828492db98dca3e2076"
    "cc3735a920a3ca505d382bbc545af43d6000803e6038573d6000fd5b3d6000f3"
)
_BEACON_BYTES: Final = 0x52
_BEACON_TAIL: Final = bytes.fromhex(
    "60195155f3363d3d373d3d363d602036600436635c60da"
    "1b60e01b36527fa3f0ad74e5423aebfd80d3ef4346578335a9a72aeaee59ff6c"
    "b3582b35133d50545afa5036515af43d6000803e604d573d6000fd5b3d6000f3"
)


def derived_wallets(owner: str, signature_type: int) -> tuple[str, ...]:
    """Return the addresses that an EOA may spend from with a signature type, the newest first.

    Two for a deposit wallet: behind the beacon since 2026-06-29, before that with a fixed target.
    """
    eoa = bytes.fromhex(owner[2:])
    word = eoa.rjust(32, b"\0")
    if signature_type == TYPE_EOA:
        return (to_checksum_address(owner),)
    if signature_type == TYPE_PROXY:
        code = _PROXY_HEAD + PROXY_FACTORY + _PROXY_MIDDLE + PROXY_TARGET + _PROXY_TAIL
        return (_create2(PROXY_FACTORY, keccak(eoa), keccak(code)),)
    if signature_type == TYPE_SAFE:
        return (_create2(SAFE_FACTORY, keccak(word), SAFE_CODE_HASH),)
    if signature_type != TYPE_DEPOSIT_WALLET:
        return ()
    arguments = DEPOSIT_FACTORY.rjust(32, b"\0") + word
    beacon = _head(_BEACON_BYTES, arguments) + DEPOSIT_BEACON + _BEACON_TAIL + arguments
    fixed = _head(_ERC1967_BYTES, arguments) + DEPOSIT_TARGET + _ERC1967_TAIL + arguments
    salt = keccak(arguments)
    return tuple(_create2(DEPOSIT_FACTORY, salt, keccak(code)) for code in (beacon, fixed))


def _head(code_bytes: int, arguments: bytes) -> bytes:
    length = code_bytes + len(arguments)
    return b"\x61" + length.to_bytes(2, "big") + bytes.fromhex("3d8160233d3973")


def _create2(factory: bytes, salt: bytes, code_hash: bytes) -> str:
    return to_checksum_address(keccak(b"\xff" + factory + salt + code_hash)[12:])
