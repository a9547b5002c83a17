"""API keys and the wallets behind them, and whether a request may use them.

Everything is derived from the world's seed, so two runs of one world share their keys.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from eth_account import Account
from eth_utils.address import to_checksum_address

from twoleg.sim.polymarket_sign import (
    TYPE_DEPOSIT_WALLET,
    TYPE_EOA,
    is_login_signed,
    is_request_signed,
    request_signature,
)
from twoleg.sim.polymarket_wire import Refused

UNAUTHORIZED = "Unauthorized/Invalid api key"
L1_INVALID = "Invalid L1 Request headers"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """The three secrets of an API key; `owner` is the EOA that made it, in lower case."""

    key: str
    secret: str = field(repr=False)
    passphrase: str = field(repr=False)
    owner: str

    def to_json(self) -> dict[str, str]:
        """Return the triple as the venue hands it out."""
        return {"apiKey": self.key, "secret": self.secret, "passphrase": self.passphrase}


class Accounts:
    """All API keys by id. The default account is made from the seed and has one from the start."""

    def __init__(self, seed: int, *, chain_id: int, skew_s: int) -> None:
        self._seed = seed
        self._chain_id = chain_id
        # Greatest distance of a signed timestamp from now; 0: not checked.
        self._skew_s = skew_s
        self._keys: dict[str, ApiKey] = {}
        # Which key an owner made with which nonce.
        self._by_nonce: dict[tuple[str, int], ApiKey] = {}
        # Wallets of an EOA by (owner, signature type), all lower case.
        self._wallets: dict[tuple[str, int], str] = {}
        self.wallet_key = "0x" + sha256(f"polymarket:wallet:{seed}".encode()).hexdigest()
        self.address: str = Account.from_key(self.wallet_key).address
        self.deposit_wallet = to_checksum_address(
            sha256(f"polymarket:deposit:{seed}".encode()).digest()[:20]
        )
        self.register(self.address, TYPE_DEPOSIT_WALLET, self.deposit_wallet)
        self.default_key = self._make(self.address.lower(), 0)

    def create(self, headers: Mapping[str, str], now_s: int) -> ApiKey:
        """Make a key for the wallet that signed these L1 headers; Refused when it has one."""
        owner, nonce = self._login(headers, now_s)
        if (owner, nonce) in self._by_nonce:
            raise Refused(400, "Could not create api key")
        return self._make(owner, nonce)

    def derive(self, headers: Mapping[str, str], now_s: int) -> ApiKey:
        """Return the key that the signer made before with this nonce."""
        key = self._by_nonce.get(self._login(headers, now_s))
        if key is None:
            raise Refused(400, "Could not derive api key!")
        return key

    def authenticate(
        self, headers: Mapping[str, str], method: str, path: str, body: str, now_s: int
    ) -> ApiKey:
        """Return the key that signed a request by its five headers; Refused (401) otherwise."""
        key = self._keys.get(headers.get("POLY_API_KEY", ""))
        timestamp = headers.get("POLY_TIMESTAMP", "")
        if (
            key is None
            or headers.get("POLY_ADDRESS", "").lower() != key.owner
            or headers.get("POLY_PASSPHRASE") != key.passphrase
            or not self._is_timely(timestamp, now_s)
        ):
            raise Refused(401, UNAUTHORIZED)
        expected = request_signature(key.secret, timestamp, method, path, body)
        if not is_request_signed(headers.get("POLY_SIGNATURE", ""), expected):
            raise Refused(401, UNAUTHORIZED)
        return key

    def register(self, owner: str, signature_type: int, wallet: str) -> None:
        """Make a contract wallet belong to an EOA for one signature type."""
        self._wallets[owner.lower(), signature_type] = wallet.lower()

    def wallet_of(self, owner: str, signature_type: int) -> str | None:
        """Return whose money an EOA spends with a signature type, in lower case, if any."""
        if signature_type == TYPE_EOA:
            return owner.lower()
        return self._wallets.get((owner.lower(), signature_type))

    def by_creds(self, creds: Mapping[str, object]) -> ApiKey | None:
        """Return the key that a user-channel subscription names, if all three parts are right."""
        key = self._keys.get(str(creds.get("apiKey", "")))
        return key if key is not None and key.to_json() == dict(creds) else None

    def keys_of(self, owner: str) -> list[str]:
        """Return the ids of an owner's keys."""
        return [key.key for key in self._keys.values() if key.owner == owner]

    def drop(self, key: ApiKey) -> None:
        """Revoke a key."""
        del self._keys[key.key]
        self._by_nonce = {k: kept for k, kept in self._by_nonce.items() if kept.key != key.key}

    def _login(self, headers: Mapping[str, str], now_s: int) -> tuple[str, int]:
        address = headers.get("POLY_ADDRESS", "")
        timestamp = headers.get("POLY_TIMESTAMP", "")
        nonce = headers.get("POLY_NONCE", "0")
        signature = headers.get("POLY_SIGNATURE", "")
        is_signed = (
            nonce.isdecimal()
            and self._is_timely(timestamp, now_s)
            and len(address) == 42
            and is_login_signed(address, timestamp, int(nonce), signature, chain_id=self._chain_id)
        )
        if not is_signed:
            raise Refused(401, L1_INVALID)
        return address.lower(), int(nonce)

    def _is_timely(self, timestamp: str, now_s: int) -> bool:
        if not (timestamp.isascii() and timestamp.isdecimal()):
            return False
        return not self._skew_s or abs(int(timestamp) - now_s) <= self._skew_s

    def _make(self, owner: str, nonce: int) -> ApiKey:
        def digest(what: str) -> bytes:
            return sha256(f"polymarket:{what}:{self._seed}:{owner}:{nonce}".encode()).digest()

        text = digest("key").hex()
        key = ApiKey(
            key=f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:32]}",
            secret=base64.urlsafe_b64encode(digest("secret")).decode(),
            passphrase=digest("passphrase").hex(),
            owner=owner,
        )
        self._keys[key.key] = key
        self._by_nonce[owner, nonce] = key
        return key
