"""Parsing of the command line, and the exit codes: 0 fine, 1 failed, 2 wrong usage or settings."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Final

from twoleg.cli.pairs_arguments import add_match, add_pairs
from twoleg.errors import ConfigError, CredentialError, TwolegError
from twoleg.sim.faults import KINDS
from twoleg.sim.world import PAIRS_MAX

INTERRUPTED: Final = 130
UNREAD: Final = 141
"""What a shell tells of a process that ends at a closed pipe."""
PORT_MAX: Final = 65_535
SHARD_MAX: Final = 1_000
SPEED_MAX: Final = 10_000
ACTS: Final = {
    "pause": "start nothing new until resume",
    "resume": "end a pause",
    "halt": "start nothing new until clear-halt",
    "clear-halt": "end a halt",
}
"""What an operator may ask of a daemon; none of it stops a rollback, all outlive a restart."""
Command = Callable[[argparse.Namespace], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; a user's mistake never ends in a traceback."""
    if not __debug__:
        say("twoleg does not run under python -O: its assertions guard money")
        return 2
    arguments = build_parser().parse_args(argv)
    try:
        return find_command(arguments.command)(arguments)
    except KeyboardInterrupt as interrupt:
        # A command may have said where that leaves things.
        say(f"twoleg: interrupted{f': {interrupt}' if str(interrupt) else ''}")
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has gone, as with `twoleg pairs list | head`; it ends there.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
        return UNREAD
    except (TwolegError, OSError, ExceptionGroup) as error:
        return report(error)


def find_command(name: str) -> Command:
    """Import what a command needs, and nothing else: the whole program takes a second."""
    module, _, function = name.partition(":")
    command: Command = getattr(import_module(f"twoleg.cli.{module}"), function)
    return command


def report(error: BaseException) -> int:
    """Say what went wrong in plain words; the exit code tells whose fault it was."""
    leaves = list(leaves_of(error))
    unexpected = [leaf for leaf in leaves if not isinstance(leaf, (TwolegError, OSError))]
    if unexpected:
        raise error
    for leaf in leaves:
        say(f"twoleg: {leaf}" if str(leaf) else f"twoleg: {type(leaf).__name__}")
    is_settings = any(isinstance(leaf, (ConfigError, CredentialError)) for leaf in leaves)
    return 2 if is_settings else 1


def leaves_of(error: BaseException) -> list[BaseException]:
    """The exceptions inside groups of groups."""
    if isinstance(error, BaseExceptionGroup):
        return [leaf for part in error.exceptions for leaf in leaves_of(part)]
    return [error]


def say(text: str) -> None:
    """Write a line to standard error."""
    sys.stderr.write(text + "\n")


def build_parser() -> argparse.ArgumentParser:
    """All commands and their switches."""
    parser = argparse.ArgumentParser(
        prog="twoleg", description="Both legs fill, or what did fill is rolled back."
    )
    parser.add_argument("--version", action="version", version=version("twoleg"))
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_demo(commands.add_parser("demo", help="both venues simulated, the daemon between them"))
    _add_run(commands.add_parser("run", help="run the daemon (on paper unless told otherwise)"))
    _add_sim(commands.add_parser("sim", help="run one simulated venue on loopback"))
    check = commands.add_parser("check-config", help="read settings and pairs, tell all faults")
    _add_config(check)
    check.set_defaults(command="config:check")
    migrate = commands.add_parser("migrate", help="bring the database to the present schema")
    _add_config(migrate)
    migrate.set_defaults(command="database:migrate_now")
    _add_sync(commands.add_parser("sync", help="read the markets of both venues"))
    add_match(commands.add_parser("match", help="find the pairs among them"), _add_config)
    add_pairs(commands.add_parser("pairs", help="look at pairs, and decide on them"), _add_config)
    positions = commands.add_parser("positions", help="what is held, until when, at what yield")
    _add_config(positions)
    positions.add_argument("--json", action="store_true", help="print it as JSON")
    positions.set_defaults(command="positions:command")
    for word, text in ACTS.items():
        _add_operate(commands.add_parser(word, help=text), word)
    _add_accept(commands.add_parser("accept-difference", help="take a cash difference over"))
    meanings = commands.add_parser("meanings", help="what each answer of the venues means")
    meanings.add_argument("--markdown", action="store_true", help="as the page in the docs")
    meanings.set_defaults(command="meanings:command")
    states = commands.add_parser("states", help="how an execution goes from state to state")
    forms = states.add_mutually_exclusive_group()
    forms.add_argument("--markdown", action="store_true", help="as the page in the docs")
    forms.add_argument("--mermaid", action="store_true", help="the diagram alone, for Mermaid")
    forms.add_argument("--dot", action="store_true", help="the diagram alone, for Graphviz")
    states.set_defaults(command="states:command")
    return parser


def _add_config(parser: argparse.ArgumentParser) -> None:
    default = os.environ.get("TWOLEG_CONFIG")
    parser.add_argument(
        "--config",
        type=Path,
        default=Path(default) if default else None,
        help="settings file (TOML); without one the defaults and the environment hold",
    )


def _add_demo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--seconds", type=whole(1, 86_400), metavar="N", help="stop after so long; else at Ctrl-C"
    )
    parser.add_argument("--seed", type=int, metavar="N", help="of the world and its faults")
    parser.add_argument(
        "--pairs", type=whole(1, PAIRS_MAX), default=10, metavar="N", help="how many (default 10)"
    )
    parser.add_argument("--json", type=Path, help="write the summary to this file")
    parser.add_argument(
        "--state", type=Path, default=Path("state/demo"), help="state folder (default state/demo)"
    )
    parser.add_argument("--config", type=Path, default=None, help="instead of config/demo.toml")
    parser.add_argument(
        "--keep",
        action="store_true",
        default=os.environ.get("KEEP") == "1",
        help="do not wipe the state folder at the start (also KEEP=1); the venues are new ones",
    )
    parser.set_defaults(command="demo:command")


def _add_run(parser: argparse.ArgumentParser) -> None:
    _add_config(parser)
    parser.add_argument(
        "--live", action="store_true", help="send real orders; needs trading.live = true as well"
    )
    parser.set_defaults(command="run:command")


def _add_sync(parser: argparse.ArgumentParser) -> None:
    _add_config(parser)
    parser.add_argument("--venue", choices=("kalshi", "polymarket"), help="only this one")
    parts = parser.add_mutually_exclusive_group()
    parts.add_argument(
        "--market",
        action="append",
        type=market,
        metavar="VENUE:ID",
        help="only this market, open or not, by ticker or condition id; may be repeated",
    )
    parts.add_argument(
        "--updated", action="store_true", help="only what changed since the last sync"
    )
    parser.add_argument("--json", action="store_true", help="print the summary as JSON")
    parser.epilog = (
        "Exit codes: 0 all was read; 1 a venue is not finished, and the next sync goes on where it "
        "ended; 2 wrong settings; 3 another sync is running, nothing was done."
    )
    parser.set_defaults(command="sync:command")


def _add_operate(parser: argparse.ArgumentParser, word: str) -> None:
    _add_config(parser)
    parser.add_argument("--reason", default="", help="for the record")
    parser.set_defaults(command="operate:command", act=word)


def _add_accept(parser: argparse.ArgumentParser) -> None:
    _add_config(parser)
    parser.add_argument("venue", choices=("kalshi", "polymarket"))
    parser.add_argument("--shard", type=whole(0, SHARD_MAX), default=0, help="0 (default)")
    parser.add_argument(
        "--micros",
        type=int,
        required=True,
        help="the difference as it is alarmed, in micro-dollars; --micros=-N if cash is missing",
    )
    parser.add_argument("--reason", required=True, help="why it is right, for the record")
    parser.set_defaults(command="operate:accept", act="accept-difference")


def _add_sim(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("venue", choices=("kalshi", "polymarket"))
    parser.add_argument(
        "--port", type=whole(0, PORT_MAX), default=0, help="0 (default): any free one"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the world (default 1)")
    parser.add_argument(
        "--pairs", type=whole(1, PAIRS_MAX), default=10, metavar="N", help="how many (default 10)"
    )
    parser.add_argument("--epoch-ms", type=int, default=0, help="Unix ms of the price path's start")
    parser.add_argument(
        "--speed",
        type=whole(1, SPEED_MAX),
        default=1,
        metavar="N",
        help="all that the venue times runs N times as fast, from the epoch or else the start",
    )
    parser.add_argument("--key-dir", type=Path, help="for the key; else a temporary one")
    parser.add_argument(
        "--faults", type=Path, help="JSON file with a list of fault rules; see below"
    )
    parser.add_argument("--options", type=Path, help="JSON file with options of the simulator")
    parser.epilog = (
        f"Kinds of faults: {', '.join(KINDS)}. Calls under /_sim/ look and reach behind a running "
        "venue. docs/simulators.md tells all options, rules and calls."
    )
    parser.add_argument(
        "--die-with", type=whole(1, 1 << 31), metavar="PID", help="end when this parent ends"
    )
    parser.set_defaults(command="simulate:command")


def market(text: str) -> tuple[str, str]:
    """A market as venue and its own id there."""
    venue, _, native_id = text.partition(":")
    if venue not in {"kalshi", "polymarket"} or not native_id:
        raise argparse.ArgumentTypeError(f"{text!r} is not kalshi:TICKER or polymarket:0x…")
    return venue, native_id


def whole(least: int, most: int) -> Callable[[str], int]:
    """A parser of whole numbers from `least` to `most`."""

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is no whole number from {least} to {most}")
        return value

    return parse
