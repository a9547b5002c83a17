"""`twoleg match`: find the pairs among the markets that the catalogue has, and say what changed."""

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

import msgspec

from twoleg.catalogue.matching_run import MatchReport, run_match
from twoleg.catalogue.progress import BarProgress, LogProgress, Progress
from twoleg.catalogue.settled import EndReaders, SettleReport, Settling
from twoleg.cli.bar import prepare_bar
from twoleg.cli.config import read
from twoleg.cli.connecting import open_database
from twoleg.core.market import Pair
from twoleg.runtime.system import SocketNetwork, SystemClock, SystemEntropy
from twoleg.seams import Clock, Entropy
from twoleg.settings import Settings, load_pairs
from twoleg.storage.database import Connection
from twoleg.storage.pairs import PairStore
from twoleg.storage.settlements import SettlementStore


def command(arguments: argparse.Namespace) -> int:
    """Match once and report."""
    settings = read(arguments.config)
    bar = prepare_bar(settings, is_wanted=not arguments.json)
    path = settings.pairs.file
    declared = load_pairs(path) if path.exists() else ()
    try:
        with _interruptible():
            report = asyncio.run(_match(settings, declared, bar))
    except KeyboardInterrupt:
        raise KeyboardInterrupt("no pair was found or changed") from None
    if arguments.json:
        sys.stdout.write(json.dumps(to_json(report), indent=1) + "\n")
    else:
        sys.stdout.write("\n".join(told(report)) + "\n")
    return 0


@contextmanager
def _interruptible() -> Generator[None, None, None]:
    """Let Ctrl-C end the work at once: asyncio's own handler waits for the next await.

    Finding pairs is a minute of work without one.
    """
    before = signal.signal(signal.SIGINT, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


async def _match(
    settings: Settings, declared: tuple[Pair, ...], bar: BarProgress | None
) -> MatchReport:
    clock, entropy = SystemClock(), SystemEntropy()
    progress: Progress = bar or LogProgress(clock, "match_moved")
    couples = [
        (pair.kalshi.partition(":")[2], pair.polymarket.partition(":")[2]) for pair in declared
    ]
    async with open_database(settings, clock, entropy) as database:
        connection = await database.connect()
        try:
            # First: how pairs settled decides which families are matched without a person.
            await settle(connection, settings, clock, entropy)
            return await run_match(connection, settings, clock, progress, declared=couples)
        finally:
            progress.ended()
            await connection.close()


async def settle(
    connection: Connection, settings: Settings, clock: Clock, entropy: Entropy
) -> SettleReport:
    """Retire the pairs whose markets have both ended. Raises StorageError, DatabaseUnavailable."""
    mode, network = settings.daemon.mode.value, SocketNetwork()
    pairs = PairStore(connection, mode, clock)
    settlements = SettlementStore(connection, mode, clock)
    async with EndReaders(settings, clock=clock, entropy=entropy, network=network) as readers:
        return await Settling(pairs, settlements, readers).run()


def to_json(report: MatchReport) -> dict[str, object]:
    """The report with times in seconds."""
    values: dict[str, object] = msgspec.to_builtins(report)
    for name in ("read", "find", "write"):
        values[f"{name}_seconds"] = getattr(report, f"{name}_ms") / 1_000
        del values[f"{name}_ms"]
    return {**values, "seconds": report.total_ms / 1_000}


def told(report: MatchReport) -> list[str]:
    """The report in words."""
    classes = ", ".join(f"{count} {name}" for name, count in sorted(report.classes.items()))
    read = f"read {report.kalshi} Kalshi and {report.polymarket} Polymarket markets"
    changed = f"created {report.created}, updated {report.updated}"
    lines = [
        f"{read}, decided on {report.candidates} candidates",
        f"found {report.found} pairs" + (f" ({classes})" if classes else ""),
        f"{changed}, deactivated {report.deactivated}, armed {report.armed}",
    ]
    if report.skipped:
        lines.append(f"left {report.skipped} whose market changed meanwhile to the next match")
    if not report.kalshi or not report.polymarket:
        lines.append("a venue has no open market in the catalogue: twoleg sync reads them")
    lines += _counted("candidates rejected", report.rejected)
    for venue, reasons in report.barred.items():
        lines += _counted(f"{venue} markets that can pair with none", reasons)
    seconds = " + ".join(
        f"{ms / 1_000:.1f} s {what}"
        for ms, what in (
            (report.read_ms, "reading"), (report.find_ms, "finding"), (report.write_ms, "writing"),
        )
    )  # fmt: skip
    lines.append(f"{report.total_ms / 1_000:.1f} s ({seconds}), {report.peak_mb} MB at most")
    return lines


def _counted(what: str, reasons: dict[str, int]) -> list[str]:
    if not reasons:
        return []
    return [f"{what}: {sum(reasons.values())}"] + [
        f"  {count:>9} {reason}" for reason, count in reasons.items()
    ]
