"""The switches of `twoleg match` and `twoleg pairs`."""

import argparse
from collections.abc import Callable
from pathlib import Path

from twoleg.core.market import PairState

STATES = [state.value for state in PairState]
AddConfig = Callable[[argparse.ArgumentParser], None]


def add_match(parser: argparse.ArgumentParser, add_config: AddConfig) -> None:
    """`twoleg match`."""
    add_config(parser)
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.set_defaults(command="match:command")


def add_pairs(parser: argparse.ArgumentParser, add_config: AddConfig) -> None:
    """`twoleg pairs` and its acts."""
    acts = parser.add_subparsers(required=True, metavar="ACT")

    def act(name: str, text: str) -> argparse.ArgumentParser:
        added = acts.add_parser(name, help=text)
        add_config(added)
        added.set_defaults(command="pairs:command", act=name)
        return added

    listed = act("list", "the pairs of this mode, retired ones left out unless asked for")
    _add_state(listed)
    _add_json(listed)
    shown = act("show", "everything on record of one pair, its history too")
    _add_id(shown)
    _add_json(shown)
    compared = act("diff", "both rule texts side by side, facets and differing words marked")
    _add_id(compared)
    _add_json(compared)
    _add_approve(act("approve", "approve and arm a pair whose rules you have read (pairs diff)"))
    for name, text in (
        ("reject", "end a pair; it is never proposed again"),
        ("disarm", "take a pair out of trading until it is approved again"),
    ):
        ended = act(name, text)
        _add_id(ended)
        ended.add_argument("--reason", required=True, help="for the record")
    exported = act("export", "pairs as a pairs file; approved, armed and disarmed ones by default")
    _add_state(exported)
    exported.add_argument("file", type=Path, nargs="?", metavar="FILE", help="else to the output")
    imported = act("import", "take a pairs file into the record, under the same vetoes")
    imported.add_argument("file", type=Path, metavar="FILE")
    checked = act("check", "what the matcher says of the pairs in the pairs file; 1 on a veto")
    _add_json(checked)


def _add_approve(parser: argparse.ArgumentParser) -> None:
    _add_id(parser)
    parser.add_argument(
        "--acknowledge",
        action="append",
        metavar="NAME",
        help="a difference that you know of, by its name; once for each",
    )
    parser.add_argument(
        "--arm",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="arm it too (default), or leave it approved",
    )


def _add_id(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="of the pair")


def _add_state(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--state", action="append", choices=STATES, help="only these; may be repeated"
    )


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON")
