"""The key material that the settings hold or point at."""

from typing import Final

import msgspec

from twoleg.errors import CredentialError
from twoleg.settings.model import KalshiSettings, PolymarketSettings, Settings
from twoleg.settings.reader import specs_of
from twoleg.settings.secret import Secret

KEY_VARIABLES: Final = frozenset(
    spec.variable
    for section in (KalshiSettings, PolymarketSettings)
    for spec in specs_of(section).values()
    if spec.variable
)
"""Environment variables that hold, or name, what gives access to the accounts."""


def kalshi_private_key(settings: KalshiSettings) -> Secret:
    """The PEM text of the Kalshi key, from its variable or its file; empty if neither is set.

    Raises:
        CredentialError: the file cannot be read or holds no key.
    """
    path = settings.private_key_path
    if path is None:
        return settings.private_key
    variable = kalshi_key_variable(settings)
    try:
        text = path.read_text(encoding="ascii")
    except OSError as error:
        raise CredentialError("kalshi", variable, f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        # Without its cause: that error carries the bytes of the file.
        raise CredentialError("kalshi", variable, f"{path}: not a PEM text") from None
    if "-----BEGIN" not in text:
        raise CredentialError("kalshi", variable, f"{path}: not a PEM text")
    return Secret(text.strip())


def kalshi_key_variable(settings: KalshiSettings) -> str:
    """The variable that the Kalshi key comes from, or should."""
    return "KALSHI_PRIVATE_KEY" if settings.private_key else "KALSHI_PRIVATE_KEY_PATH"


def known_secrets(settings: Settings) -> tuple[str, ...]:
    """Every secret text that the settings hold, for the logs to leave out."""
    sections = (getattr(settings, name) for name in settings.__struct_fields__)
    fields = (value for section in sections for value in msgspec.structs.astuple(section))
    return tuple(value.reveal() for value in fields if isinstance(value, Secret) and value)
