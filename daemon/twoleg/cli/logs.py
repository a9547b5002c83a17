"""Logging for a command, set up so that no secret of the settings can reach it."""

from typing import TextIO

from twoleg.runtime.logs import configure_logs, register_secret
from twoleg.settings import Settings, kalshi_private_key, known_secrets


def prepare_logs(settings: Settings, stream: TextIO | None = None) -> None:
    """Log to `stream` (standard output), with every secret of the settings taken out."""
    configure_logs(settings.logs, stream=stream)
    for secret in known_secrets(settings):
        register_secret(secret)
    pem = kalshi_private_key(settings.kalshi).reveal()
    if pem:
        register_secret(pem)
