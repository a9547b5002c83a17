"""The API keys that a simulated Kalshi gives out: one per account, and what the options add."""

from pathlib import Path
from typing import Final

from twoleg.sim.kalshi.auth import (
    KeyRing,
    PrivateKey,
    key_id_of,
    load_key,
    load_or_make_key,
    make_key,
)
from twoleg.sim.kalshi.options import KalshiOptions
from twoleg.sim.kalshi.scopes import SCOPES

MAIN_NAME: Final = "main"


class KeyCabinet:
    """Private keys by name. An account's own key has the account's name and every scope."""

    def __init__(self, options: KalshiOptions) -> None:
        self._options = options
        self.ring = KeyRing(
            past_ms_max=options.skew_past_ms_max, future_ms_max=options.skew_future_ms_max
        )
        self.private: dict[str, PrivateKey] = {}
        for name in options.accounts:
            key = self._make(name, options.private_keys.get(name), options.key_kind)
            self.ring.add(name, key.public_key(), name=MAIN_NAME)
        for name, chosen in options.keys.items():
            if name in self.private or chosen.account not in options.accounts:
                raise ValueError(f"key {name}: its name is taken or its account does not exist")
            unknown = sorted(set(chosen.scopes) - set(SCOPES))
            if unknown:
                raise ValueError(f"key {name}: no scope {unknown[0]!r}")
            key = self._make(name, chosen.private_key, chosen.kind)
            self.ring.add(
                chosen.account,
                key.public_key(),
                name=name,
                scopes=chosen.scopes,
                subaccount=chosen.subaccount,
            )

    def key_id(self, name: str) -> str:
        """Return the id of a key."""
        return key_id_of(self.private[name].public_key())

    def path(self, name: str) -> Path | None:
        """Return the file in which a key is kept, if keys are kept."""
        key_dir = self._options.key_dir
        return None if key_dir is None else Path(key_dir) / f"kalshi-{name}.pem"

    def _make(self, name: str, given: str | None, kind: str) -> PrivateKey:
        path = self.path(name)
        if given is not None:
            key = load_key(given.encode())
        elif path is not None:
            key = load_or_make_key(path, kind)
        else:
            key = make_key(kind)
        self.private[name] = key
        return key
