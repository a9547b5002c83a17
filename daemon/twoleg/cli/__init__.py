"""The command line: parses arguments, calls what does the work, turns errors into exit codes."""

from twoleg.cli.main import main

__all__ = ["main"]
