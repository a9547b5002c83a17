"""Opening a journal folder again: every record is checked, a torn tail is cut off."""

import os
from dataclasses import dataclass
from pathlib import Path

from twoleg.errors import JournalCorrupt, StorageError
from twoleg.storage.folder import NO_ROOM, Segment, allocate_segment, list_segments
from twoleg.storage.segment import Header, Scan, decode_header, scan_segment


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalLimits:
    """Room in bytes. `quota_bytes` bounds all segments together (0: only the disk does).

    Every segment keeps `reserve_bytes` at its end for rollbacks, answers and fills.
    """

    segment_bytes: int = 32 << 20
    reserve_bytes: int = 4 << 20
    quota_bytes: int = 0

    def __post_init__(self) -> None:
        if self.reserve_bytes < 0 or self.segment_bytes < self.reserve_bytes + (4 << 10):
            raise StorageError("a journal segment must exceed its reserve by 4096 bytes or more")


@dataclass(slots=True)
class Tail:
    """The segment that is being written: room behind `position`, `capacity` bytes in all."""

    fd: int
    position: int
    capacity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A checked journal, ready to be written behind its last record."""

    header: Header
    segments: list[Segment]
    last_seq: int
    torn_bytes: int
    tail: Tail
    limits: JournalLimits


def open_segments(folder: Path, wanted: Header, limits: JournalLimits) -> Opened:
    """Check all segments; begin the first one, with the header `wanted`, in an empty folder.

    Raises StorageError if the journal belongs to another mode or account, JournalCorrupt,
    JournalFull.
    """
    try:
        segments = list_segments(folder)
        if segments:
            header, scan = _scan_all(segments, wanted)
        else:
            segment, end = allocate_segment(folder, wanted, limits)
            segments, header, scan = [segment], wanted, Scan(0, end, 0)
        tail = _open_tail(segments[-1], scan, limits)
    except OSError as error:
        raise StorageError(f"{folder}: the journal cannot be opened: {error}") from error
    return Opened(
        header=header,
        segments=segments,
        last_seq=scan.last_seq,
        torn_bytes=scan.torn_bytes,
        tail=tail,
        limits=limits,
    )


def _scan_all(segments: list[Segment], wanted: Header) -> tuple[Header, Scan]:
    header, scan = _scan_file(segments[0])
    _check_owner(segments[0].path.parent, header, wanted)
    for segment in segments[1:]:
        following, next_scan = _scan_file(segment)
        if following.journal_uuid != header.journal_uuid:
            raise JournalCorrupt(f"{segment.path}: offset 0: belongs to another journal")
        # A torn end before a later segment was never announced; a gap in the numbers was.
        if segment.first_seq != scan.last_seq + 1:
            raise JournalCorrupt(
                f"{segment.path}: offset 0: begins at record {segment.first_seq}, "
                f"the segment before ends at {scan.last_seq}"
            )
        scan = next_scan
    return header, scan


def _scan_file(segment: Segment) -> tuple[Header, Scan]:
    data = segment.path.read_bytes()
    header, offset = decode_header(segment.path, data)
    if header.first_seq != segment.first_seq:
        raise JournalCorrupt(f"{segment.path}: offset 0: the name does not match the header")
    return header, scan_segment(segment.path, data, offset, header.first_seq)


def _check_owner(folder: Path, header: Header, wanted: Header) -> None:
    """Orders of one account must not be looked for on another."""
    if (header.mode, header.account) != (wanted.mode, wanted.account):
        raise StorageError(
            f"{folder}: this journal belongs to mode {header.mode!r}, account {header.account!r}; "
            f"asked for mode {wanted.mode!r}, account {wanted.account!r}: use another folder"
        )


def _open_tail(segment: Segment, scan: Scan, limits: JournalLimits) -> Tail:
    """Open the last segment for writing, free of torn bytes, preallocated again if possible."""
    fd = os.open(segment.path, os.O_RDWR | os.O_CLOEXEC)
    try:
        size = os.fstat(fd).st_size
        if scan.torn_bytes:
            os.ftruncate(fd, scan.end)
            size = scan.end
        if size < limits.segment_bytes:
            size = _preallocate(fd, size, limits.segment_bytes)
        os.fsync(fd)
    except OSError:
        os.close(fd)
        raise
    return Tail(fd, scan.end, size)


def _preallocate(fd: int, size: int, wanted: int) -> int:
    """Grow a file; returns its size, unchanged if the disk has no room (rotation asks again)."""
    try:
        os.posix_fallocate(fd, 0, wanted)
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        os.ftruncate(fd, size)
        return size
    return wanted
