"""The journal as it lies on disk, read record by record while somebody else writes it."""

import os
from pathlib import Path

from twoleg.storage.cursor import UnknownRecord, decode_record
from twoleg.storage.folder import SUFFIX
from twoleg.storage.records import AnyRecord
from twoleg.storage.segment import FRAME, PREFIX, RECORD_BYTES_MAX, decode_header, parse_frame


class JournalEye:
    """Follows the segments of one folder; never writes, never locks."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path: Path | None = None
        self._fd = -1
        self._offset = 0
        self._next_seq = 1

    def reset(self) -> int:
        """Begin again at the first record that is kept, and return its number.

        The tail may have been lost, and the head dropped behind a snapshot. 0: nothing is kept.
        """
        self.close()
        self._path = None
        return self._next_seq if self._begin() else 0

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def take(self) -> list[tuple[int, AnyRecord]]:
        """All records that were added since the last call, with their numbers."""
        found: list[tuple[int, AnyRecord]] = []
        if self._fd < 0 and not self._begin():
            return found
        while True:
            payload = self._payload()
            if payload is None:
                if self._rotate():
                    continue
                return found
            self._offset += FRAME.size + len(payload)
            self._next_seq += 1
            record = decode_record(payload)
            if not isinstance(record, UnknownRecord):
                found.append((self._next_seq - 1, record))

    def _begin(self) -> bool:
        paths = sorted(self._folder.glob("*" + SUFFIX)) if self._folder.is_dir() else []
        return bool(paths) and self._open(paths[0])

    def _open(self, path: Path) -> bool:
        self.close()
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        head = os.pread(self._fd, PREFIX.size, 0)
        length = PREFIX.unpack(head)[2]
        header, self._offset = decode_header(path, os.pread(self._fd, PREFIX.size + length, 0))
        self._next_seq = header.first_seq
        self._path = path
        return True

    def _payload(self) -> bytes | None:
        head = os.pread(self._fd, FRAME.size, self._offset)
        if len(head) < FRAME.size:
            return None
        length = FRAME.unpack(head)[0]
        if not 0 < length <= RECORD_BYTES_MAX:
            return None
        data = os.pread(self._fd, FRAME.size + length, self._offset)
        return parse_frame(data, 0, self._next_seq)

    def _rotate(self) -> bool:
        # Asked at every look: a path object would cost more than the question.
        name = f"{self._next_seq:020d}{SUFFIX}"
        if not os.access(f"{self._folder}/{name}", os.F_OK):
            return False
        path = self._folder / name
        return path != self._path and self._open(path)
