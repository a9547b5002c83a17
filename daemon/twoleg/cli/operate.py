"""`twoleg halt`, `pause`, `resume`, `clear-halt`, `accept-difference`: requests for a daemon.

They are left in its state folder.
"""

import argparse
import getpass
import sys

from twoleg.cli.config import read
from twoleg.core.events import OperatorAct
from twoleg.core.market import Venue
from twoleg.runtime.operators import AcceptRequest, Request, put_request
from twoleg.runtime.system import SystemClock, SystemEntropy


def command(arguments: argparse.Namespace) -> int:
    """Leave the act; a running daemon takes it within a second or two, else the next start does."""
    act = OperatorAct(arguments.act.replace("-", "_"))
    request = Request(act=act, reason=arguments.reason, actor=actor())
    return _leave(arguments, request, "before anything new begins")


def accept(arguments: argparse.Namespace) -> int:
    """Leave the wish to accept a difference; one that does not stand as told is refused."""
    request = AcceptRequest(
        venue=Venue(arguments.venue),
        shard=arguments.shard,
        micros=arguments.micros,
        reason=arguments.reason,
        actor=actor(),
    )
    return _leave(arguments, request, "once it has compared the accounts")


def _leave(arguments: argparse.Namespace, request: Request | AcceptRequest, when: str) -> int:
    settings = read(arguments.config)
    path = put_request(settings.state_dir, request, SystemClock(), SystemEntropy())
    mode = settings.daemon.mode.value
    sys.stdout.write(
        f"{arguments.act} asked of the daemon in mode {mode} ({path.parent}). A running one takes "
        f"it within seconds, else the next one at its start, {when}.\n"
    )
    return 0


def actor() -> str:
    """The user's name, or what stands for it where the system has none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "unknown"
