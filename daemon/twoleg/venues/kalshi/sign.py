"""Kalshi request signing: a key, a time stamp, a method and a path in; headers out. Pure.

Kalshi API docs, api keys and quick start websockets, read 2026-10-01: the signed text is
`timestamp_ms + METHOD + path` with the path from the root and without the query; RSA-PSS with
SHA-256, MGF1-SHA-256 and a salt as long as the digest, or plain Ed25519. The body is not signed.
"""

import base64
from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from twoleg.errors import CredentialError

PrivateKey = RSAPrivateKey | Ed25519PrivateKey
VENUE: Final = "kalshi"
RSA_BITS_MIN: Final = 2_048
_PSS: Final = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.DIGEST_LENGTH)
_SHA256: Final = hashes.SHA256()


def load_private_key(pem: str, *, variable: str = "KALSHI_PRIVATE_KEY") -> PrivateKey:
    """Read a private key from PEM text; `variable` is where it came from.

    Raises:
        CredentialError: says which variable and why, never what it holds.
    """
    try:
        # systemd and .env files carry line breaks as the two characters \n.
        key = load_pem_private_key(pem.replace("\\n", "\n").encode(), password=None)
    except TypeError:
        reason = "is encrypted: give a key without a passphrase"
        raise CredentialError(VENUE, variable, reason) from None
    except (ValueError, UnsupportedAlgorithm):
        raise CredentialError(VENUE, variable, "is not a PEM private key") from None
    if isinstance(key, Ed25519PrivateKey):
        return key
    if isinstance(key, RSAPrivateKey):
        if key.key_size < RSA_BITS_MIN:
            raise CredentialError(VENUE, variable, f"is an RSA key below {RSA_BITS_MIN} bits")
        return key
    raise CredentialError(VENUE, variable, "is neither an RSA nor an Ed25519 key")


def sign_text(key: PrivateKey, text: bytes) -> str:
    """Standard base64 of the signature over `text`."""
    if isinstance(key, Ed25519PrivateKey):
        signature = key.sign(text)
    else:
        signature = key.sign(text, _PSS, _SHA256)
    return base64.b64encode(signature).decode("ascii")


class KalshiSigner:
    """Signs requests with one key; holds no clock and no state."""

    __slots__ = ("_key", "_key_id")

    def __init__(self, *, key_id: str, key: PrivateKey) -> None:
        self._key_id = key_id
        self._key = key

    def __repr__(self) -> str:
        return f"KalshiSigner({self._key_id[:8]}…)"

    def headers(self, method: str, path: str, timestamp_ms: int) -> Mapping[str, str]:
        """The three headers of a private request; `path` as sent, from the root, without query."""
        assert path.startswith("/")
        assert "?" not in path
        text = f"{timestamp_ms}{method.upper()}{path}".encode()
        return {
            "KALSHI-ACCESS-KEY": self._key_id,
            "KALSHI-ACCESS-TIMESTAMP": str(timestamp_ms),
            "KALSHI-ACCESS-SIGNATURE": sign_text(self._key, text),
        }
