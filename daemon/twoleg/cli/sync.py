"""`twoleg sync`: the markets of both venues into the database, and what that brought."""

import argparse
import asyncio
import resource
import sys
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from twoleg.catalogue.progress import BarProgress, LogProgress, Progress
from twoleg.catalogue.sync import Sources, VenueReport, World, refresh_markets, sync_all
from twoleg.cli.bar import prepare_bar
from twoleg.cli.config import read
from twoleg.cli.connecting import open_database
from twoleg.core.market import Venue
from twoleg.runtime.system import SocketNetwork, SystemClock, SystemEntropy
from twoleg.settings import Settings

BUSY: Final = 3
"""Exit code: another process is crawling for this database; nothing was done."""


def command(arguments: argparse.Namespace) -> int:
    """0: all was read; 1: a venue is not finished, the next sync goes on; 3: another one runs."""
    settings = read(arguments.config)
    bar = prepare_bar(settings, is_wanted=not arguments.json)
    started_ns = SystemClock().monotonic_ns()
    try:
        reports = asyncio.run(_sync(settings, arguments, bar))
    except KeyboardInterrupt:
        left = "what was read is stored, and the next sync goes on from there"
        raise KeyboardInterrupt(left) from None
    if reports is None:
        sys.stderr.write("twoleg: another sync is running for this database\n")
        return BUSY
    seconds = (SystemClock().monotonic_ns() - started_ns) / 1e9
    is_finished = not any(report.error or report.unknown for report in reports)
    summary = _summary(reports, seconds, is_finished=is_finished)
    if arguments.json:
        sys.stdout.write(msgspec.json.encode(summary).decode() + "\n")
    else:
        sys.stdout.write(_table(reports, summary))
    return 0 if is_finished else 1


async def _sync(
    settings: Settings, arguments: argparse.Namespace, bar: BarProgress | None
) -> list[VenueReport] | None:
    clock, entropy = SystemClock(), SystemEntropy()
    progress: Progress = bar or LogProgress(clock, "crawl_moved")
    async with (
        open_database(settings, clock, entropy) as database,
        Sources(settings, clock=clock, entropy=entropy, network=SocketNetwork()) as sources,
    ):
        world = World(database, settings.daemon.mode.value, clock, progress)
        if arguments.market:
            named = [(Venue(venue), native_id) for venue, native_id in arguments.market]
            return await refresh_markets(world, sources, named)
        wanted = [Venue(arguments.venue)] if arguments.venue else list(Venue)
        chosen = [sources[venue] for venue in wanted]
        return await sync_all(world, chosen, only_updates=arguments.updated)


def _summary(
    reports: Sequence[VenueReport], seconds: float, *, is_finished: bool
) -> dict[str, Any]:
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts in KiB, macOS in bytes (getrusage(2)).
    peak_mb = peak_kib / (1e6 if sys.platform == "darwin" else 1e3)
    return {
        "finished": is_finished,
        "seconds": round(seconds, 3),
        "peak_mb": round(peak_mb, 1),
        "venues": {
            report.venue.value: {
                **{
                    name: value
                    for name, value in msgspec.structs.asdict(report).items()
                    if name != "venue"
                },
                "seconds": round(report.seconds, 3),
            }
            for report in reports
        },
    }


def _table(reports: Sequence[VenueReport], summary: dict[str, Any]) -> str:
    lines: list[str] = []
    for report in reports:
        lines.append(
            f"{report.venue.value}: {report.rows:,} markets on {report.pages:,} pages"
            f"{' (resumed)' if report.resumed else ''}: {report.new:,} new,"
            f" {report.changed:,} changed ({report.texts_changed:,} in their texts),"
            f" {report.gone:,} gone, {report.disarmed:,} pairs disarmed;"
            f" {report.seconds:.1f} s"
        )
        if report.unreadable:
            lines.append(f"  {report.unreadable:,} rows could not be read and were left out")
        if report.unknown:
            lines.append(f"  {report.unknown:,} markets are unknown to the venue")
        if report.error:
            lines.append(f"  NOT FINISHED, the next sync goes on from here: {report.error}")
    lines.append(f"{summary['seconds']:.1f} s, peak memory {summary['peak_mb']:.0f} MB")
    return "\n".join(lines) + "\n"
