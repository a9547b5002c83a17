"""Signatures by API credentials (L2): every private REST request.

Key, message and encoding: py-clob-client-v2 1.2.1 `signing/hmac.py`, polymarket-client 0.14.0 (same
outputs), read 2026-11-22. The path is signed without its query, the body to the byte as sent.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Final

from twoleg.errors import CredentialError
from twoleg.venues.polymarket.wire import VENUE

SECRET_VARIABLE: Final = "POLYMARKET_API_SECRET"  # noqa: S105 - the name, not the secret


@dataclass(frozen=True, slots=True)
class ApiCredentials:
    """An API key triple; `repr` shows none of it."""

    key: str = field(repr=False)
    secret: str = field(repr=False)
    passphrase: str = field(repr=False)


class RequestSigner:
    """Signs private REST requests (L2) with API credentials."""

    __slots__ = ("_address", "_credentials", "_keyed")

    def __init__(self, address: str, credentials: ApiCredentials) -> None:
        self._address = address
        self._credentials = credentials
        # Keyed once; each request copies it, which is cheaper than keying again.
        self._keyed = hmac.new(_secret(credentials.secret), digestmod=hashlib.sha256)

    def __repr__(self) -> str:
        return f"RequestSigner({self._address})"

    @property
    def owner(self) -> str:
        """The API key id, which order bodies name as their owner."""
        return self._credentials.key

    @property
    def credentials(self) -> ApiCredentials:
        """The triple, for the subscription of the user channel."""
        return self._credentials

    def signature(self, timestamp_s: int, method: str, path: str, body: bytes = b"") -> str:
        """Sign one request; `path` carries no query, `body` is what will be sent to the byte."""
        mac = self._keyed.copy()
        mac.update(f"{timestamp_s}{method}{path}".encode() + body)
        return base64.urlsafe_b64encode(mac.digest()).decode()

    def headers(
        self, timestamp_s: int, method: str, path: str, body: bytes = b""
    ) -> dict[str, str]:
        """Headers of one private request."""
        return {
            "POLY_ADDRESS": self._address,
            "POLY_SIGNATURE": self.signature(timestamp_s, method, path, body),
            "POLY_TIMESTAMP": str(timestamp_s),
            "POLY_API_KEY": self._credentials.key,
            "POLY_PASSPHRASE": self._credentials.passphrase,
        }


def _secret(secret: str) -> bytes:
    padded = secret.strip() + "=" * (-len(secret.strip()) % 4)
    try:
        # altchars with validate: the plain decoder drops what it does not know.
        return base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise CredentialError(VENUE, SECRET_VARIABLE, "is not url-safe base64") from None
