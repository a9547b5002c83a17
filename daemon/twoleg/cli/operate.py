"""`twoleg halt`, `pause`, `resume`, `clear-halt`: leave an act for the daemon of a state folder."""

import argparse
import getpass
import sys

from twoleg.cli.config import read
from twoleg.core.events import OperatorAct
from twoleg.runtime.operators import Request, put_request
from twoleg.runtime.system import SystemClock, SystemEntropy


def command(arguments: argparse.Namespace) -> int:
    """Leave the act; a running daemon takes it within a second or two, else the next start does."""
    settings = read(arguments.config)
    act = OperatorAct(arguments.act.replace("-", "_"))
    request = Request(act=act, reason=arguments.reason, actor=_actor())
    path = put_request(settings.state_dir, request, SystemClock(), SystemEntropy())
    mode = settings.daemon.mode.value
    sys.stdout.write(
        f"{arguments.act} asked of the daemon in mode {mode} ({path.parent}). A running one takes "
        "it within seconds, else the next one at its start, before anything new begins.\n"
    )
    return 0


def _actor() -> str:
    """The user's name, or what stands for it where the system has none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "unknown"
