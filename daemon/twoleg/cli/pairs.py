"""`twoleg pairs …`: look at the pairs of the record, and decide on them."""

import argparse
import asyncio
import json
import os
import shutil
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TextIO

import msgspec

from twoleg.catalogue.declared import Ruling, rule
from twoleg.catalogue.export import to_toml
from twoleg.catalogue.importing import Imported, PairImport
from twoleg.catalogue.life import PairLife
from twoleg.cli.columns import Column, Ink, Paper, Word, words
from twoleg.cli.config import read
from twoleg.cli.connecting import open_database
from twoleg.cli.logs import prepare_logs
from twoleg.cli.operate import actor
from twoleg.cli.pairs_sheet import BETWEEN, Sheet, draw
from twoleg.core.market import PairState, Venue
from twoleg.errors import PairRefused
from twoleg.matching.diff import safe
from twoleg.runtime.logs import is_coloured
from twoleg.runtime.system import SystemClock, SystemEntropy
from twoleg.settings import Declared, LogLevel, Settings, load_declared
from twoleg.storage.catalogue import CatalogueStore
from twoleg.storage.pair_rows import MATCHER, POLICY, PairEvent, PairRow
from twoleg.storage.pairs import PairStore

WIDTH_ELSEWHERE: Final = 120
"""Cells of a line where there is no terminal."""
WIDTH_MIN: Final = 40
EXPORTED: Final = (PairState.APPROVED, PairState.ARMED, PairState.DISARMED)
LIVING: Final = tuple(state for state in PairState if state is not PairState.RETIRED)
TEXT_CHARS_MAX: Final = 200
ALIKE_MAX: Final = 5
"""Ids that begin as the one that was given, and are told."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What a command works with."""

    settings: Settings
    pairs: PairStore
    catalogue: CatalogueStore
    arguments: argparse.Namespace

    @property
    def life(self) -> PairLife:
        """The acts of whoever runs the command."""
        return PairLife(self.pairs, self.settings.daemon.mode, person())


def command(arguments: argparse.Namespace) -> int:
    """Run one of the acts; what is refused is told and changes nothing."""
    settings = read(arguments.config)
    # What is asked for goes to standard output; of the log only what went wrong, past it.
    quiet = msgspec.structs.replace(settings.logs, level=LogLevel.WARNING)
    prepare_logs(msgspec.structs.replace(settings, logs=quiet), sys.stderr)
    return asyncio.run(_run(settings, arguments))


def person() -> str:
    """Who runs the command; nobody is taken for the matcher or the policy."""
    name = actor()
    return f"user:{name}" if name in {MATCHER, POLICY, "sync"} else name


async def _run(settings: Settings, arguments: argparse.Namespace) -> int:
    async with open_desk(settings, arguments) as desk:
        return await ACTS[arguments.act](desk)


@asynccontextmanager
async def open_desk(
    settings: Settings, arguments: argparse.Namespace
) -> AsyncGenerator[Desk, None]:
    """The stores of the settings' mode; raises StorageError, DatabaseUnavailable."""
    clock, mode = SystemClock(), settings.daemon.mode.value
    async with open_database(settings, clock, SystemEntropy()) as database:
        connection = await database.connect()
        try:
            pairs = PairStore(connection, mode, clock)
            catalogue = CatalogueStore(connection, mode, clock)
            yield Desk(settings, pairs, catalogue, arguments)
        finally:
            await connection.close()


def paper(stream: TextIO) -> Paper:
    """As wide as the terminal; coloured on one, unless NO_COLOR or a dumb one says no."""
    is_terminal = stream.isatty()
    fallback = (WIDTH_ELSEWHERE, 24)
    # COLUMNS counts everywhere; without it a file is not as wide as some terminal is.
    is_measured = is_terminal or os.environ.get("COLUMNS", "").isdigit()
    width = shutil.get_terminal_size(fallback).columns if is_measured else WIDTH_ELSEWHERE
    return Paper(width=max(width, WIDTH_MIN), is_coloured=is_coloured(stream))


def say(lines: Iterable[str]) -> None:
    """Print lines; a letter that the terminal's encoding lacks becomes a question mark."""
    encoding = sys.stdout.encoding or "utf-8"
    for line in lines:
        sys.stdout.write(line.encode(encoding, "replace").decode(encoding) + "\n")


def say_json(value: Any) -> None:
    """Print JSON in ASCII alone: nothing in it can move a terminal."""
    sys.stdout.write(json.dumps(msgspec.to_builtins(value), indent=1) + "\n")


async def _list(desk: Desk) -> int:
    states = [PairState(state) for state in desk.arguments.state or ()] or LIVING
    rows = await desk.pairs.read(states)
    if desk.arguments.json:
        say_json(rows)
        return 0
    sheet = paper(sys.stdout)
    title = max((sheet.width - 52) // 2, 8)
    for row in rows:
        facts = f"{row.klass or '-':<7}{row.risk_grade or '-':<2}"
        state = Word(
            f"{row.state.value:<10}", Ink.GOOD if row.state is PairState.ARMED else Ink.DIM
        )
        columns = [
            Column([Word(row.pair_id[:24], Ink.HEAD)], 15),
            Column([state], 10, " "),
            Column(words(facts), 9, " "),
            Column(words(row.state_reason[:TEXT_CHARS_MAX]), 12, " "),
            _column(row.kalshi_title or row.ticker, title),
            _column(row.polymarket_title or row.condition_id, title, BETWEEN),
        ]  # fmt: skip
        say(sheet.row(columns))
    counts = {state.value: sum(row.state is state for row in rows) for state in PairState}
    told = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    say(
        [
            f"{len(rows)} pairs in mode {desk.settings.daemon.mode.value}"
            + (f": {told}" if told else "")
        ]
    )
    return 0


async def _show(desk: Desk) -> int:
    row = await _find(desk)
    events = await desk.pairs.events(row.pair_id)
    if desk.arguments.json:
        say_json({"pair": row, "events": events, "to_acknowledge": row.names})
        return 0
    sheet = paper(sys.stdout)
    values = msgspec.to_builtins(row)
    for name in ("facets", "tails"):
        values.pop(name)
    for name, value in values.items():
        text = ", ".join(map(str, value)) if isinstance(value, list) else str(value or "-")
        say(sheet.row([Column(words(name, Ink.DIM), 24), _column(text, sheet.width - 26)]))
    acknowledge = ", ".join(row.names) or "nothing"
    say(
        sheet.row(
            [Column(words("to_acknowledge", Ink.DIM), 24), _column(acknowledge, sheet.width - 26)]
        )
    )
    say(["", "history, newest first"])
    say(line for event in events for line in sheet.row(_event(event, sheet.width)))
    return 0


def _column(text: str, width: int, lead: str = " ") -> Column:
    return Column(words(safe(text, TEXT_CHARS_MAX * 4)), width, lead)


def _event(event: PairEvent, width: int) -> list[Column]:
    moved = f"{event.from_state or 'new'} → {event.to_state}"
    told = f"{event.actor}: {event.reason}"
    if event.detail:
        told += f" {json.dumps(event.detail, ensure_ascii=False)}"
    when = f"{event.event_time:%Y-%m-%d %H:%M:%S}"
    return [Column(words(when), 20), Column(words(moved), 22), _column(told, width - 44)]


async def _diff(desk: Desk) -> int:
    sheet = await read_sheet(desk, await _find(desk))
    if desk.arguments.json:
        say_json(_sheet_json(sheet))
    else:
        say(draw(sheet, paper(sys.stdout)))
    # What was shown is what an approval binds; a reader who has gone has seen nothing.
    sys.stdout.flush()
    if len(sheet.texts_now) == len(Venue):
        await desk.pairs.note_shown(sheet.row, person(), sheet.texts_now)
    return 0


async def read_sheet(desk: Desk, row: PairRow) -> Sheet:
    """All that is known of a pair."""
    catalogue = desk.catalogue
    return Sheet(
        row=row,
        kalshi=await catalogue.read(Venue.KALSHI, row.ticker),
        polymarket=await catalogue.read(Venue.POLYMARKET, row.condition_id),
        kalshi_texts=tuple(await catalogue.text_history(Venue.KALSHI, row.ticker)),
        polymarket_texts=tuple(await catalogue.text_history(Venue.POLYMARKET, row.condition_id)),
    )


def _sheet_json(sheet: Sheet) -> dict[str, object]:
    markets = {"kalshi": sheet.kalshi, "polymarket": sheet.polymarket}
    return {
        "pair": sheet.row,
        "to_acknowledge": sheet.row.names,
        "is_current": sheet.is_current,
        "markets": {
            venue: {
                "title": market.title,
                "rules": market.rules,
                "rules_fingerprint": market.rules_fingerprint,
                "close_ts_ms": market.close_ts_ms,
                "status": market.status,
            }
            for venue, market in markets.items()
            if market is not None
        },
    }


async def _approve(desk: Desk) -> int:
    given = desk.arguments
    await _find(desk)
    row = await desk.life.approve(given.id, given.acknowledge or (), is_armed=given.arm)
    return _done(row, f"acknowledged: {', '.join(row.acknowledged) or 'nothing to acknowledge'}")


async def _reject(desk: Desk) -> int:
    await _find(desk)
    row = await desk.life.reject(desk.arguments.id, safe(desk.arguments.reason, TEXT_CHARS_MAX))
    return _done(row, "it is never proposed again")


async def _disarm(desk: Desk) -> int:
    await _find(desk)
    row = await desk.life.disarm(desk.arguments.id, safe(desk.arguments.reason, TEXT_CHARS_MAX))
    return _done(row, "until it is approved again")


def _done(row: PairRow, told: str) -> int:
    say([f"{row.pair_id} is {row.state.value}; {told}"])
    return 0


async def _export(desk: Desk) -> int:
    states = [PairState(state) for state in desk.arguments.state or ()] or EXPORTED
    rows = [row for row in await desk.pairs.read(states) if row.yes_label]
    text = to_toml(rows)
    if desk.arguments.file is None:
        sys.stdout.write(text)
    else:
        _write(desk.arguments.file, text)
        say([f"{len(rows)} pairs written to {desk.arguments.file}"])
    return 0


async def _import(desk: Desk) -> int:
    declared = load_declared(desk.arguments.file)
    door = PairImport(desk.pairs, desk.catalogue, desk.settings, person())
    say(_imported(one) for one in await door.take(declared))
    return 0


def _imported(one: Imported) -> str:
    told = f"{one.entry_id} → {one.pair_id}: {one.state.value}"
    if one.missing:
        told += f"; to be acknowledged by name: {', '.join(one.missing)}"
    return told + (f"; {one.reason}" if one.reason else "")


async def _check(desk: Desk) -> int:
    path: Path = desk.settings.pairs.file
    declared = _declared(path)
    rulings = await rule(desk.catalogue, declared, desk.settings.daemon.mode)
    if desk.arguments.json:
        say_json(rulings)
    else:
        say(line for one in zip(declared, rulings, strict=True) for line in _ruled(*one))
        vetoed = sum(bool(ruling.vetoes) for ruling in rulings)
        say([f"{len(declared)} pairs in {path}, {vetoed} with a veto"])
    return 1 if any(ruling.vetoes for ruling in rulings) else 0


def _ruled(declared: Declared, ruling: Ruling) -> list[str]:
    if not ruling.is_judged:
        return [f"{ruling.pair_id}: not judged: the catalogue lacks a market of it (twoleg sync)"]
    state = declared.pair.state.value
    word = "VETO" if ruling.vetoes else "overridden" if ruling.overridden else "agrees"
    lines = [f"{ruling.pair_id} ({state}): {word}"]
    for sign, found in (("!", ruling.vetoes), ("*", ruling.overridden), ("~", ruling.told)):
        lines += [f"  {sign} {name}: {text}" for name, text in found.items()]
    return lines


def _declared(path: Path) -> tuple[Declared, ...]:
    return load_declared(path) if path.exists() else ()


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


async def _find(desk: Desk) -> PairRow:
    row = await desk.pairs.get(desk.arguments.id)
    if row is None:
        mode, given = desk.settings.daemon.mode.value, desk.arguments.id
        told = f"there is no such pair in mode {mode}"
        alike = [
            one.pair_id
            for one in await desk.pairs.read()
            if given and one.pair_id.startswith(given)
        ]
        if alike:
            told += "; an id must be whole, as " + ", ".join(alike[:ALIKE_MAX])
            told += f" and {len(alike) - ALIKE_MAX} more" if len(alike) > ALIKE_MAX else ""
        raise PairRefused(safe(given, TEXT_CHARS_MAX), told)
    return row


ACTS: Final[dict[str, Callable[[Desk], Awaitable[int]]]] = {
    "list": _list,
    "show": _show,
    "diff": _diff,
    "approve": _approve,
    "reject": _reject,
    "disarm": _disarm,
    "export": _export,
    "import": _import,
    "check": _check,
}
