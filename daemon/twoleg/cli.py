"""The command line: parses arguments, calls the composition root, turns errors into exit codes."""

import argparse
from collections.abc import Sequence
from importlib.metadata import version


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; 0 fine, 1 failed, 2 wrong usage or configuration."""
    parser = argparse.ArgumentParser(prog="twoleg")
    parser.add_argument("--version", action="version", version=version("twoleg"))
    parser.parse_args(argv)
    parser.print_help()
    return 2
