"""API keys and the wallets behind them, and whether a request may use them.

Everything is derived from the world's seed, so two runs of one world share their keys. Names and
shapes of read-only and builder keys: PyPI py-clob-client-v2 1.2.1, polymarket-client 0.14.0.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from eth_account import Account

from twoleg.sim.polymarket.sign import (
    TYPE_DEPOSIT_WALLET,
    is_login_signed,
    is_request_signed,
    request_signature,
)
from twoleg.sim.polymarket.wallets import derived_wallets
from twoleg.sim.polymarket.wire import Refused

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


@dataclass(slots=True)
class BuilderKey:
    """A builder's secrets. Times are RFC 3339 text, `revoked` is empty while the key works."""

    key: str
    secret: str = field(repr=False)
    passphrase: str = field(repr=False)
    owner: str
    created: str
    revoked: str = ""

    def to_json(self) -> dict[str, str]:
        """Return the triple as the venue hands it out."""
        return {"key": self.key, "secret": self.secret, "passphrase": self.passphrase}


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
        # Wallets of an EOA by (owner, signature type), all lower case, the one that balances show
        # first: those registered, and those derived from the EOA once they were asked for.
        self._wallets: dict[tuple[str, int], tuple[str, ...]] = {}
        # Read-only keys by id, with their EOA: they are only managed, nothing is read with them.
        self._readonly: dict[str, str] = {}
        # Builder keys by id.
        self._builders: dict[str, BuilderKey] = {}
        self.wallet_key = "0x" + sha256(f"polymarket:wallet:{seed}".encode()).hexdigest()
        self.address: str = Account.from_key(self.wallet_key).address
        self.deposit_wallet = derived_wallets(self.address, TYPE_DEPOSIT_WALLET)[0]
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
        """Make a contract wallet belong to an EOA for one signature type, before all others."""
        known = self.wallets_of(owner, signature_type)
        self._wallets[owner.lower(), signature_type] = (wallet.lower(), *known)

    def wallets_of(self, owner: str, signature_type: int) -> tuple[str, ...]:
        """Return whose money an EOA may spend with a signature type, in lower case.

        A balance is that of the first; none for a type that does not exist.
        """
        key = (owner.lower(), signature_type)
        if key not in self._wallets:
            derived = derived_wallets(owner, signature_type)
            self._wallets[key] = tuple(wallet.lower() for wallet in derived)
        return self._wallets[key]

    def by_creds(self, creds: Mapping[str, object]) -> ApiKey | None:
        """Return the key that a user-channel subscription names, if all three parts are right."""
        key = self._keys.get(str(creds.get("apiKey", "")))
        return key if key is not None and key.to_json() == dict(creds) else None

    def keys_of(self, owner: str) -> list[str]:
        """Return the ids of an owner's keys."""
        return [key.key for key in self._keys.values() if key.owner == owner]

    def owners(self) -> set[str]:
        """Return the EOAs that have an API key, in lower case."""
        return {key.owner for key in self._keys.values()}

    def create_readonly(self, owner: str) -> str:
        """Make a read-only key; return its id."""
        key_id = _uuid(self._digest("readonly", owner, len(self._readonly)))
        self._readonly[key_id] = owner
        return key_id

    def readonly_of(self, owner: str) -> list[str]:
        """Return the ids of an owner's read-only keys."""
        return [key_id for key_id, kept in self._readonly.items() if kept == owner]

    def drop_readonly(self, owner: str, key_id: str) -> bool:
        """Revoke a read-only key; tell whether the owner had it."""
        if self._readonly.get(key_id) != owner:
            return False
        del self._readonly[key_id]
        return True

    def create_builder(self, owner: str, created: str) -> BuilderKey:
        """Make a builder key."""
        number = len(self._builders)
        key = BuilderKey(
            key=_uuid(self._digest("builder", owner, number)),
            secret=base64.urlsafe_b64encode(self._digest("builder-secret", owner, number)).decode(),
            passphrase=self._digest("builder-passphrase", owner, number).hex(),
            owner=owner,
            created=created,
        )
        self._builders[key.key] = key
        return key

    def builders_of(self, owner: str) -> list[BuilderKey]:
        """Return an owner's builder keys, revoked ones too, oldest first."""
        return [key for key in self._builders.values() if key.owner == owner]

    def authenticate_builder(
        self, headers: Mapping[str, str], method: str, path: str, now_s: int
    ) -> BuilderKey:
        """Return the builder key that signed a request without a body; Refused (401) otherwise."""
        key = self._builders.get(headers.get("POLY_BUILDER_API_KEY", ""))
        timestamp = headers.get("POLY_BUILDER_TIMESTAMP", "")
        if (
            key is None
            or key.revoked
            or headers.get("POLY_BUILDER_PASSPHRASE") != key.passphrase
            or not self._is_timely(timestamp, now_s)
        ):
            raise Refused(401, UNAUTHORIZED)
        expected = request_signature(key.secret, timestamp, method, path, "")
        if not is_request_signed(headers.get("POLY_BUILDER_SIGNATURE", ""), expected):
            raise Refused(401, UNAUTHORIZED)
        return key

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
        key = ApiKey(
            key=_uuid(self._digest("key", owner, nonce)),
            secret=base64.urlsafe_b64encode(self._digest("secret", owner, nonce)).decode(),
            passphrase=self._digest("passphrase", owner, nonce).hex(),
            owner=owner,
        )
        self._keys[key.key] = key
        self._by_nonce[owner, nonce] = key
        return key

    def _digest(self, what: str, owner: str, number: int) -> bytes:
        return sha256(f"polymarket:{what}:{self._seed}:{owner}:{number}".encode()).digest()


def _uuid(digest: bytes) -> str:
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:32]}"
