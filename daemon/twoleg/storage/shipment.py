"""Journal records made ready for Postgres: raw text, tag, time, and their statements."""

from dataclasses import dataclass

import msgspec

from twoleg.storage.cursor import JournalRecord, UnknownRecord, decode_record
from twoleg.storage.projection import RunContext, Statement, project
from twoleg.storage.records import RunStarted


@dataclass(frozen=True, slots=True)
class Item:
    """One record on its way; `fault` says why it has no statements."""

    seq: int
    payload: bytes
    kind: str
    wall_ns: int
    statements: list[Statement]
    fault: str | None


class _WallTime(msgspec.Struct):
    """What can be read of any record."""

    wall_ns: int = 0


def prepare_items(batch: list[tuple[int, bytes]], run: RunContext) -> tuple[list[Item], RunContext]:
    """Decode and project a batch; returns the run that goes on behind it too."""
    items: list[Item] = []
    for seq, payload in batch:
        record = decode_record(drop_nul(payload))
        if isinstance(record, RunStarted):
            run = run.started(record)
        items.append(_prepare_item(seq, payload, record, run))
    return items, run


def _prepare_item(seq: int, payload: bytes, record: JournalRecord, run: RunContext) -> Item:
    if isinstance(record, UnknownRecord):
        wall_ns = _read_wall_ns(payload)
        return Item(seq, payload, record.kind, wall_ns, [], f"unknown: {record.reason}")
    kind = str(record.__struct_config__.tag)
    return Item(seq, payload, kind, record.wall_ns, project(record, run, seq), None)


def _read_wall_ns(payload: bytes) -> int:
    try:
        return msgspec.json.decode(payload, type=_WallTime).wall_ns
    except msgspec.MsgspecError:
        return 0


def drop_nul(payload: bytes) -> bytes:
    """Postgres stores no NUL in text: U+FFFD stands for it there. The journal keeps what it was."""
    if b"\\u0000" not in payload:
        return payload
    return msgspec.json.encode(_replace_nul(msgspec.json.decode(payload)))


def _replace_nul(value: object) -> object:
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    if isinstance(value, list):
        return [_replace_nul(item) for item in value]
    if isinstance(value, dict):
        return {_replace_nul(key): _replace_nul(item) for key, item in value.items()}
    return value
