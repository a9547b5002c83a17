"""`twoleg run`: the daemon. On paper by default; real orders need two explicit words."""

import argparse
import asyncio
import signal

import structlog

from twoleg.cli.config import read
from twoleg.cli.logs import prepare_logs
from twoleg.errors import ConfigError, ConfigFault
from twoleg.runtime.app import App
from twoleg.runtime.children import program_of
from twoleg.runtime.kits import Seams
from twoleg.runtime.pairing import Upkeep
from twoleg.runtime.system import SocketNetwork, SystemClock, SystemEntropy
from twoleg.settings import (
    Mode,
    load_declared,
    require_live,
)

log = structlog.get_logger(__name__)


def command(arguments: argparse.Namespace) -> int:
    """Run until SIGINT or SIGTERM; 1 if the program found itself broken."""
    settings = read(arguments.config, needs_keys=True)
    if arguments.live or settings.daemon.mode is Mode.LIVE:
        require_live(settings, arguments.live)
    prepare_logs(settings)
    declared = load_declared(settings.pairs.file)
    is_crawling = settings.catalogue.background
    if not declared and not is_crawling:
        expected = "at least one [[pair]], or catalogue.background = true, which finds pairs"
        fault = ConfigFault(str(settings.pairs.file), "pair", "(none)", expected)
        raise ConfigError((fault,))
    switches = () if arguments.config is None else ("--config", str(arguments.config))
    upkeep = Upkeep(program_of(switches) if is_crawling else None, declared)
    app = App(settings, tuple(one.pair for one in declared), real_world(), upkeep=upkeep)
    asyncio.run(run_until_signal(app))
    return 1 if app.is_broken else 0


def real_world() -> Seams:
    """The machine's clock, randomness and sockets."""
    return Seams(SystemClock(), SystemEntropy(), SocketNetwork())


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
