"""Verify Kalshi's request signatures, and make keys for the simulated accounts.

What a verified key may do is decided by `scopes`.

Signed text: timestamp in ms, method, full path without query. RSA keys sign with PSS over SHA-256
and a salt as long as the digest; Ed25519 keys sign the text itself (Kalshi docs, api_keys,
2026-10-01).
"""

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa

from twoleg.sim.kalshi.errors import refuse, refuse_key

PrivateKey = rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
PublicKey = rsa.RSAPublicKey | ed25519.Ed25519PublicKey

# Undocumented; measured: 10 s either way accepted, 30 s in the past refused, 30 s ahead accepted
# once.
PAST_MS_MAX: Final = 20_000
FUTURE_MS_MAX: Final = 30_000
RSA_BITS: Final = 2_048
ALL_SCOPES: Final = ("read", "write")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key of an account, with what it may do; `subaccount` None does not restrict it."""

    key_id: str
    account: str
    public_key: PublicKey
    name: str = ""
    scopes: tuple[str, ...] = ALL_SCOPES
    subaccount: int | None = None

    def may(self, scope: str) -> bool:
        """Tell whether the key has a scope, or the parent of a scope like write::trade."""
        return scope in self.scopes or scope.partition("::")[0] in self.scopes

    def to_json(self) -> dict[str, object]:
        """Return the key as GET /api_keys lists it."""
        row: dict[str, object] = {
            "api_key_id": self.key_id,
            "name": self.name,
            "scopes": list(self.scopes),
        }
        if self.subaccount is not None:
            row["subaccount"] = self.subaccount
        return row


class KeyRing:
    """The API keys that the venue knows. The limits are how old and how new a timestamp may be."""

    def __init__(
        self, *, past_ms_max: int = PAST_MS_MAX, future_ms_max: int = FUTURE_MS_MAX
    ) -> None:
        self._past_ms_max = past_ms_max
        self._future_ms_max = future_ms_max
        self._keys: dict[str, ApiKey] = {}

    def add(
        self,
        account: str,
        public_key: PublicKey,
        *,
        name: str = "",
        scopes: tuple[str, ...] = ALL_SCOPES,
        subaccount: int | None = None,
    ) -> str:
        """Register a key; return its id, which depends on the key alone."""
        key_id = key_id_of(public_key)
        self._keys[key_id] = ApiKey(key_id, account, public_key, name, scopes, subaccount)
        return key_id

    def owner(self, key_id: str) -> str | None:
        """Return whose key this is, without any proof."""
        known = self._keys.get(key_id)
        return None if known is None else known.account

    def of(self, account: str) -> list[ApiKey]:
        """Return an account's keys, oldest first."""
        return [key for key in self._keys.values() if key.account == account]

    def verify(self, method: str, path: str, headers: Mapping[str, str], *, now_ms: int) -> ApiKey:
        """Return the key that signed the request; raise the 401 that Kalshi would answer."""
        signature = headers.get("KALSHI-ACCESS-SIGNATURE", "")
        timestamp = headers.get("KALSHI-ACCESS-TIMESTAMP", "")
        if not signature:
            raise refuse(401, "signature_is_missing_from_headers")
        known = self._keys.get(headers.get("KALSHI-ACCESS-KEY", ""))
        if known is None:
            raise refuse_key("NOT_FOUND")
        if not (timestamp.isascii() and timestamp.isdigit()):
            raise refuse(401, "header_timestamp_expired")
        if not -self._future_ms_max <= now_ms - int(timestamp) <= self._past_ms_max:
            raise refuse(401, "header_timestamp_expired")
        if not _is_signed(known.public_key, signature, f"{timestamp}{method}{path}".encode()):
            raise refuse_key("INCORRECT_API_KEY_SIGNATURE")
        return known


def key_id_of(public_key: PublicKey) -> str:
    """Return a UUID derived from the public key."""
    raw = public_key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return str(UUID(bytes=sha256(raw).digest()[:16], version=4))


def make_key(kind: str) -> PrivateKey:
    """Make a private key of kind "rsa" or "ed25519"."""
    if kind == "rsa":
        return rsa.generate_private_key(public_exponent=65_537, key_size=RSA_BITS)
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    raise ValueError(f"key kind {kind!r} is neither rsa nor ed25519")


def load_key(pem: bytes) -> PrivateKey:
    """Read an unencrypted PEM file's content."""
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey):
        raise ValueError("the key is neither RSA nor Ed25519")  # noqa: TRY004 - content, not type
    return key


def load_or_make_key(path: Path, kind: str) -> PrivateKey:
    """Return the key kept in a file, making it on first use, readable by its owner only."""
    if path.exists():
        return load_key(path.read_bytes())
    key = make_key(kind)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
    return key


def _is_signed(public_key: PublicKey, signature: str, text: bytes) -> bool:
    try:
        raw = base64.b64decode(signature, validate=True)
        if isinstance(public_key, rsa.RSAPublicKey):
            pss = padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256().digest_size)
            public_key.verify(raw, text, pss, hashes.SHA256())
        else:
            public_key.verify(raw, text)
    except (InvalidSignature, binascii.Error):
        return False
    return True
