"""Reading a journal: records in order, from old segments and from the one being written."""

import os
from dataclasses import dataclass
from typing import Final, Protocol

import msgspec

from twoleg.errors import JournalCorrupt
from twoleg.storage.folder import Segment
from twoleg.storage.records import AnyRecord
from twoleg.storage.segment import FRAME, RECORD_BYTES_MAX, decode_header, parse_frame

CHUNK_BYTES: Final = 256 << 10
_DECODER: Final[msgspec.json.Decoder[AnyRecord]] = msgspec.json.Decoder(AnyRecord)


@dataclass(frozen=True, slots=True)
class UnknownRecord:
    """A record of another version of the program: its tag, its bytes, why it cannot be read."""

    kind: str
    payload: bytes
    reason: str


JournalRecord = AnyRecord | UnknownRecord


class _Tagged(msgspec.Struct):
    """The tag alone, to name a record that cannot be read."""

    t: str = ""


class Source(Protocol):
    """What a cursor needs of a journal."""

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The segments in order; the last is being written."""
        ...

    @property
    def last_seq(self) -> int:
        """Number of the last record."""
        ...

    @property
    def tail_position(self) -> int:
        """End of the last record in the last segment, in bytes."""
        ...


def decode_record(payload: bytes) -> JournalRecord:
    """A record, or what stands for one that this program cannot read."""
    try:
        return _DECODER.decode(payload)
    except msgspec.MsgspecError as error:
        reason = str(error)
    try:
        kind = msgspec.json.decode(payload, type=_Tagged).t
    except msgspec.MsgspecError:
        kind = ""
    return UnknownRecord(kind, payload, reason)


class Cursor:
    """A place in the journal that moves forward; never blocks the writer and is never blocked.

    Holds its segment open, so that a segment that is dropped can still be read to its end.
    """

    def __init__(self, journal: Source, from_seq: int) -> None:
        self._journal = journal
        # Number of the record that comes next.
        self._seq = max(from_seq, journal.segments[0].first_seq)
        self._segment: Segment | None = None
        self._fd = -1
        self._offset = 0

    def take(self, count: int, *, bytes_max: int = 4 << 20) -> list[tuple[int, bytes]]:
        """Up to `count` records as (seq, payload), fewer if they exceed `bytes_max`; moves on.

        Empty when there is nothing new. Raises JournalCorrupt if a record does not check.
        """
        taken: list[tuple[int, bytes]] = []
        size = 0
        while len(taken) < count and size < bytes_max and self._seq <= self._journal.last_seq:
            self._enter_segment()
            found = self._read_run(count - len(taken), bytes_max - size)
            taken += found
            size += sum(len(payload) for _, payload in found)
        return taken

    def close(self) -> None:
        """Let the file go. Idempotent."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        self._segment = None

    def _enter_segment(self) -> None:
        """Open the segment of the next record, unless it is open, and find its place there."""
        segment = next(s for s in reversed(self._journal.segments) if s.first_seq <= self._seq)
        if segment == self._segment:
            return
        wanted = self._seq
        self.close()
        self._fd = os.open(segment.path, os.O_RDONLY | os.O_CLOEXEC)
        self._segment = segment
        _, self._offset = decode_header(segment.path, os.pread(self._fd, 64 << 10, 0))
        self._seq = segment.first_seq
        while self._seq < wanted:
            self._read_run(wanted - self._seq, CHUNK_BYTES)

    def _read_run(self, count: int, bytes_max: int) -> list[tuple[int, bytes]]:
        """Records from one read of the file; at least one, or JournalCorrupt."""
        assert self._segment is not None
        data = self._read(min(CHUNK_BYTES, bytes_max + FRAME.size))
        run: list[tuple[int, bytes]] = []
        start = 0
        while len(run) < count and self._seq <= self._journal.last_seq:
            payload = parse_frame(data, start, self._seq)
            if payload is None and not run and start == 0:
                # One record can be longer than what was read.
                data = self._read(FRAME.size + RECORD_BYTES_MAX)
                payload = parse_frame(data, start, self._seq)
                if payload is None:
                    raise JournalCorrupt(
                        f"{self._segment.path}: offset {self._offset}: "
                        f"record {self._seq} does not check"
                    )
            if payload is None:
                break
            run.append((self._seq, payload))
            start += FRAME.size + len(payload)
            self._seq += 1
        self._offset += start
        return run

    def _read(self, size: int) -> bytes:
        is_tail = self._segment == self._journal.segments[-1]
        if is_tail:
            size = min(size, self._journal.tail_position - self._offset)
        return os.pread(self._fd, size, self._offset)
