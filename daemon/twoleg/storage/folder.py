"""The journal's folder: its lock, its segments by name, and the making of a new one."""

import errno
import fcntl
import os
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from twoleg.errors import JournalFull, StorageError
from twoleg.storage.segment import Header, encode_header

SUFFIX: Final = ".journal"
NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Segment(NamedTuple):
    """One file of the journal; holds the records from `first_seq`."""

    first_seq: int
    path: Path


class Room(Protocol):
    """How large a segment is, and all of them together (0: no bound), in bytes."""

    @property
    def segment_bytes(self) -> int:
        """Size of one segment."""
        ...

    @property
    def quota_bytes(self) -> int:
        """Bound of all segments together."""
        ...


def lock_folder(folder: Path) -> int:
    """Create the folder (0700) and take its lock; returns the descriptor that holds it.

    `flock` goes with the process, however it ends. Raises StorageError if it is taken.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        fd = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StorageError(f"{folder}: cannot be used for the journal: {error}") from error
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
    except OSError as error:
        holder = os.pread(fd, 32, 0).decode("ascii", "replace").strip() or "unknown"
        os.close(fd)
        if error.errno not in {errno.EWOULDBLOCK, errno.EACCES}:
            raise StorageError(f"{folder}: cannot be locked: {error}") from error
        raise StorageError(f"{folder}: another process (pid {holder}) uses it") from None
    return fd


def list_segments(folder: Path) -> list[Segment]:
    """All segments in order; removes what an interrupted `allocate_segment` left."""
    for leftover in folder.glob("*.tmp"):
        leftover.unlink()
    names = sorted(folder.glob("*" + SUFFIX))
    try:
        return [Segment(int(path.name.removesuffix(SUFFIX)), path) for path in names]
    except ValueError as error:
        raise StorageError(f"{folder}: a file there is no journal segment: {error}") from None


def allocate_segment(folder: Path, header: Header, room: Room) -> tuple[Segment, int]:
    """Make a preallocated segment, durable before it has its name; returns the header's end too.

    Raises:
        JournalFull: disk or quota have no room for a whole segment.
        OSError: anything else.
    """
    used = sum(segment.path.stat().st_size for segment in list_segments(folder))
    if room.quota_bytes and used + room.segment_bytes > room.quota_bytes:
        raise JournalFull(f"{folder}: {used} bytes are used, the quota is {room.quota_bytes}")
    path = folder / f"{header.first_seq:020d}{SUFFIX}"
    draft = path.with_suffix(".tmp")
    fd = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    head = encode_header(header)
    try:
        os.posix_fallocate(fd, 0, room.segment_bytes)
        os.pwrite(fd, head, 0)
        os.fsync(fd)
    except OSError as error:
        draft.unlink()
        if error.errno in NO_ROOM:
            raise JournalFull(f"{folder}: {error}") from error
        raise
    finally:
        os.close(fd)
    draft.rename(path)
    sync_folder(folder)
    return Segment(header.first_seq, path), len(head)


def sync_folder(folder: Path) -> None:
    """Make created, renamed and removed names durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
