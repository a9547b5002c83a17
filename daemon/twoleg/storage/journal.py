"""The local append-only journal: the only thing that the hot path writes.

A record is written before the act it announces. The journal is a folder of preallocated segments,
each named by the number of its first record, and a lock. It survives `kill -9` at any byte, and
power loss too with `sync="power"`. With `sync="process"` a power cut can lose or tear the last
seconds; a torn middle is then refused at the next start (JournalCorrupt), never guessed at.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

import msgspec

from twoleg.errors import JournalFull, StorageError
from twoleg.seams import Clock, Entropy
from twoleg.storage.cursor import Cursor, JournalRecord, decode_record
from twoleg.storage.folder import NO_ROOM, Segment, allocate_segment, lock_folder, sync_folder
from twoleg.storage.records import AnyRecord
from twoleg.storage.reopen import JournalLimits, Opened, Tail, open_segments
from twoleg.storage.segment import FRAME, RECORD_BYTES_MAX, Header, encode_frame

__all__ = ["Journal", "JournalLimits", "Sync"]

Sync = Literal["process", "power"]
RETRY_NS: Final = 1_000_000_000
"""Asking a full disk for room is not free: at most once a second."""
_ENCODER: Final = msgspec.json.Encoder()


class Journal:
    """Writer and reader of one journal folder; there is one at a time, over all processes.

    A failed write or sync is final (StorageError from every append until reopened), because the
    kernel may drop what it could not sync. A lack of room is not: see `make_room`.
    """

    def __init__(
        self, folder: Path, opened: Opened, *, lock_fd: int, sync: Sync, clock: Clock
    ) -> None:
        header = opened.header
        self.folder = folder
        self.journal_uuid = header.journal_uuid
        self.mode = header.mode
        self.account = header.account
        self.member = header.member
        # Bytes of a half-written last record that the opening cut off.
        self.torn_bytes = opened.torn_bytes
        self._header = header
        self._tail = opened.tail
        self._segments = opened.segments
        self._last_seq = opened.last_seq
        self._lock_fd = lock_fd
        self._sync = sync
        self._clock = clock
        self._limits = opened.limits
        # Why nothing can be appended any more; empty while it can.
        self._failure = ""
        # When a new segment was last refused, monotonic; None while there is room.
        self._blocked_ns: int | None = None

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        sync: Sync,
        clock: Clock,
        entropy: Entropy,
        mode: str,
        account: str = "",
        member: str = "",
        limits: JournalLimits | None = None,
    ) -> "Journal":
        """Open or create a journal, check every record, cut off a torn tail.

        Raises:
            StorageError: another process uses the folder, or it belongs to another mode/account.
            JournalCorrupt: a record before the last does not check; names file and offset.
            JournalFull: there is no room for the first segment.
        """
        lock_fd = lock_folder(folder)
        try:
            wanted = Header(
                journal_uuid=entropy.uuid4(),
                mode=mode,
                account=account,
                member=member,
                first_seq=1,
                created_wall_ns=clock.wall_ns(),
            )
            opened = open_segments(folder, wanted, limits or JournalLimits())
        except BaseException:
            os.close(lock_fd)
            raise
        return cls(folder, opened, lock_fd=lock_fd, sync=sync, clock=clock)

    @property
    def last_seq(self) -> int:
        """Number of the last record; 0 if there is none. Numbers are contiguous from 1."""
        return self._last_seq

    @property
    def first_seq(self) -> int:
        """Number of the first record that is still kept."""
        return self._segments[0].first_seq

    @property
    def is_writable(self) -> bool:
        """Whether an ordinary record can be appended, as far as is known."""
        return not self._failure and self._blocked_ns is None

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The segments in order; the last is being written."""
        return tuple(self._segments)

    @property
    def tail_position(self) -> int:
        """End of the last record in the last segment, in bytes."""
        return self._tail.position

    def append(self, record: AnyRecord, *, reserve: bool = False) -> int:
        """Write one record with one system call; returns its number.

        When this returns the record outlives the process (`sync="process"`) or the power
        (`sync="power"`). `reserve` opens the room kept for rollbacks, answers and fills.

        Raises:
            JournalFull: no room; ordinary records can be refused while reserved ones still fit.
            StorageError: the record is too long, or the journal failed and must be reopened.
        """
        if self._failure:
            raise StorageError(f"{self.folder}: the journal refuses to write: {self._failure}")
        seq = self._last_seq + 1
        try:
            data = encode_frame(seq, _ENCODER.encode(record))
        except (ValueError, TypeError, OverflowError) as error:
            raise StorageError(f"{self.folder}: the record cannot be encoded: {error}") from error
        self._check_size(data)
        self._find_room(len(data), reserve=reserve)
        self._write(data)
        self._tail.position += len(data)
        self._last_seq = seq
        return seq

    def make_room(self) -> bool:
        """Ask again for a segment after a refusal; True if ordinary records fit now."""
        if self._blocked_ns is None:
            return self.is_writable
        return not self._failure and self._rotate()

    def read(self, from_seq: int = 1) -> Iterator[tuple[int, JournalRecord]]:
        """All records from `from_seq` (or the first kept) to the last, also while appending.

        What this program cannot read comes as `UnknownRecord`, so that nothing is lost.
        """
        cursor = self.cursor(from_seq)
        try:
            while batch := cursor.take(256):
                for seq, payload in batch:
                    yield seq, decode_record(payload)
        finally:
            cursor.close()

    def cursor(self, from_seq: int) -> Cursor:
        """A reader of raw payloads that can be asked again once more was appended."""
        return Cursor(self, from_seq)

    def drop_shipped(self, shipped_seq: int, *, needed_from_seq: int) -> int:
        """Remove whole segments that nobody needs; returns how many.

        A segment goes only if all its records are in Postgres (≤ `shipped_seq`) *and* recovery
        can start behind them (< `needed_from_seq`, the caller's promise: the first record that a
        restart must read). The segment being written always stays.
        """
        keep_from = min(shipped_seq + 1, needed_from_seq)
        count = 0
        while len(self._segments) > 1 and self._segments[1].first_seq <= keep_from:
            self._segments[0].path.unlink()
            del self._segments[0]
            count += 1
        if count:
            sync_folder(self.folder)
        return count

    def close(self) -> None:
        """Sync what was written and let the lock go. Idempotent."""
        if self._lock_fd < 0:
            return
        try:
            if not self._failure:
                os.fdatasync(self._tail.fd)
        finally:
            self._failure = self._failure or "it was closed"
            os.close(self._tail.fd)
            os.close(self._lock_fd)
            self._lock_fd = -1

    def _check_size(self, data: bytes) -> None:
        room = self._limits.segment_bytes - self._limits.reserve_bytes - 1024
        if len(data) > min(room, FRAME.size + RECORD_BYTES_MAX):
            raise StorageError(f"{self.folder}: a record of {len(data)} bytes is too long")

    def _find_room(self, size: int, *, reserve: bool) -> None:
        for _ in range(2):
            tail = self._tail
            if tail.position + size <= tail.capacity - self._limits.reserve_bytes:
                return
            fits_reserve = reserve and tail.position + size <= tail.capacity
            now_ns = self._clock.monotonic_ns()
            is_due = self._blocked_ns is None or now_ns - self._blocked_ns >= RETRY_NS
            if not (is_due or (reserve and not fits_reserve)) or not self._rotate():
                break
        if not (reserve and self._tail.position + size <= self._tail.capacity):
            raise JournalFull(f"{self.folder}: no room for {size} bytes (reserve={reserve})")

    def _rotate(self) -> bool:
        """Get room in a new segment; False if disk or quota have none."""
        header = msgspec.structs.replace(
            self._header, first_seq=self._last_seq + 1, created_wall_ns=self._clock.wall_ns()
        )
        try:
            if self._tail.capacity < self._limits.segment_bytes:
                # The disk was full when this segment was reopened: it never got its whole size.
                os.posix_fallocate(self._tail.fd, 0, self._limits.segment_bytes)
                self._tail.capacity = self._limits.segment_bytes
            else:
                self._begin_segment(header)
        except (JournalFull, OSError) as error:
            self._blocked_ns = self._clock.monotonic_ns()
            if isinstance(error, OSError) and error.errno not in NO_ROOM:
                raise StorageError(f"{self.folder}: cannot begin a segment: {error}") from error
            return False
        self._blocked_ns = None
        return True

    def _begin_segment(self, header: Header) -> None:
        # A power cut must not take the end of a segment that another one follows.
        try:
            os.fdatasync(self._tail.fd)
        except OSError as error:
            # Asked again the kernel may say yes, with what it could not write gone.
            self._failure = str(error)
            raise
        segment, position = allocate_segment(self.folder, header, self._limits)
        fd = os.open(segment.path, os.O_RDWR | os.O_CLOEXEC)
        # Gives the unused reserve back; what is cut off here was never announced as written.
        os.ftruncate(self._tail.fd, self._tail.position)
        os.close(self._tail.fd)
        self._tail = Tail(fd, position, self._limits.segment_bytes)
        self._segments.append(segment)

    def _write(self, data: bytes) -> None:
        try:
            written = os.pwrite(self._tail.fd, data, self._tail.position)
            if self._sync == "power":
                os.fdatasync(self._tail.fd)
        except OSError as error:
            if error.errno not in NO_ROOM:
                self._failure = str(error)
                raise StorageError(f"{self.folder}: cannot write the journal: {error}") from error
            written = 0
        if written != len(data):
            # The next append writes over the same place, so half a record does no harm.
            self._blocked_ns = self._clock.monotonic_ns()
            raise JournalFull(f"{self.folder}: the disk took {written} of {len(data)} bytes")
