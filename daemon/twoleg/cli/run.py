"""`twoleg run`: the daemon. On paper by default; real orders need two explicit words."""

import argparse
import asyncio
import signal
from typing import TextIO

import structlog

from twoleg.cli.config import read
from twoleg.errors import ConfigError, ConfigFault
from twoleg.runtime.app import App
from twoleg.runtime.kits import Seams
from twoleg.runtime.logs import configure_logs, register_secret
from twoleg.runtime.system import SocketNetwork, SystemClock, SystemEntropy
from twoleg.settings import (
    Mode,
    Settings,
    kalshi_private_key,
    known_secrets,
    load_pairs,
    require_live,
)

log = structlog.get_logger(__name__)


def command(arguments: argparse.Namespace) -> int:
    """Run until SIGINT or SIGTERM; 1 if the program found itself broken."""
    settings = read(arguments.config)
    if arguments.live or settings.daemon.mode is Mode.LIVE:
        require_live(settings, arguments.live)
    prepare_logs(settings)
    pairs = load_pairs(settings.pairs.file)
    if not pairs:
        fault = ConfigFault(str(settings.pairs.file), "pair", "(none)", "at least one [[pair]]")
        raise ConfigError((fault,))
    app = App(settings, pairs, real_world())
    asyncio.run(run_until_signal(app))
    return 1 if app.is_broken else 0


def real_world() -> Seams:
    """The machine's clock, randomness and sockets."""
    return Seams(SystemClock(), SystemEntropy(), SocketNetwork())


def prepare_logs(settings: Settings, stream: TextIO | None = None) -> None:
    """Set logging up so that no secret of the settings can reach it."""
    configure_logs(settings.logs, stream=stream)
    for secret in known_secrets(settings):
        register_secret(secret)
    pem = kalshi_private_key(settings.kalshi).reveal()
    if pem:
        register_secret(pem)


async def run_until_signal(app: App) -> None:
    """Run the daemon; the first SIGINT or SIGTERM asks it to finish, drain and end."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _stop, app, number)
    try:
        await app.run()
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def _stop(app: App, number: signal.Signals) -> None:
    log.info("stop_requested", signal=number.name)
    app.stop()
