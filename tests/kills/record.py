"""The daemon's record, read beside it: its lock is not asked for, and no file of it is touched."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from twoleg.runtime.recovery import Reading, Recovered
from twoleg.storage.cursor import UnknownRecord, decode_record
from twoleg.storage.database import Database
from twoleg.storage.folder import SUFFIX
from twoleg.storage.records import AnyRecord
from twoleg.storage.segment import FRAME, decode_header, parse_frame

CHUNK_BYTES: Final = 1 << 18
FETCH: Final = """
SELECT seq, payload::text FROM twoleg.journal_record
WHERE journal_uuid = $1 AND seq BETWEEN $2 AND $3
"""


class Record:
    """All records ever written, by number; what no segment has any more is in Postgres."""

    def __init__(self, folder: Path, dsn: str) -> None:
        self.folder = folder
        self._dsn = dsn
        self._journal_uuid = ""
        self._known: dict[int, AnyRecord] = {}

    def read(self) -> tuple[Recovered, list[AnyRecord]]:
        """What a start would find now, and all records; also while the daemon writes."""
        found, reading = Recovered(), Reading()
        first_seq = 0
        for seq, payload in self._kept():
            first_seq = first_seq or seq
            known = self._known.get(seq) or _decode(payload)
            self._known[seq] = known
            found = reading.take(found, known)
        lost = [seq for seq in range(1, first_seq) if seq not in self._known]
        if lost:
            # Written and dropped between two readings: that is allowed only to what was shipped.
            self._known.update(asyncio.run(self._fetch(lost[0], lost[-1])))
            missing = [seq for seq in lost if seq not in self._known]
            assert not missing, f"records {missing} are in no segment and not in Postgres"
        return found, [self._known[seq] for seq in sorted(self._known)]

    def payloads(self) -> list[tuple[int, bytes]]:
        """What the segments hold, as it stands there."""
        return list(self._kept())

    def _kept(self) -> Iterator[tuple[int, bytes]]:
        while True:
            try:
                # A segment is begun when the one before it is complete.
                files = [(path, _content(path)) for path in sorted(self.folder.glob(f"*{SUFFIX}"))]
                break
            except FileNotFoundError:
                # Dropped in this moment.
                continue
        expected = 0
        for path, data in files:
            header, offset = decode_header(path, data)
            self._journal_uuid = header.journal_uuid
            seq = header.first_seq
            assert expected in {0, seq}, f"{path} begins at {seq}, not at {expected}"
            while (payload := parse_frame(data, offset, seq)) is not None:
                yield seq, payload
                offset += FRAME.size + len(payload)
                seq += 1
            expected = seq

    async def _fetch(self, first_seq: int, last_seq: int) -> dict[int, AnyRecord]:
        connection = await Database(self._dsn).connect()
        try:
            rows = await connection.fetch(FETCH, self._journal_uuid, first_seq, last_seq)
        finally:
            await connection.close()
        return {row["seq"]: _decode(row["payload"].encode()) for row in rows}


def _decode(payload: bytes) -> AnyRecord:
    record = decode_record(payload)
    assert not isinstance(record, UnknownRecord), record
    return record


def _content(path: Path) -> bytes:
    """What is written of a segment, without the room behind it."""
    chunks: list[bytes] = []
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            if not chunk.strip(b"\0"):
                break
            chunks.append(chunk)
    return b"".join(chunks)
