import errno
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.storage.support import SMALL, ManualClock, a_trade, note, open_journal
from twoleg.errors import JournalCorrupt, JournalFull, StorageError
from twoleg.storage.cursor import UnknownRecord, decode_record
from twoleg.storage.journal import Journal, JournalLimits
from twoleg.storage.records import NoteRecorded
from twoleg.storage.segment import FRAME, decode_header, encode_frame


def numbers(journal: Journal, from_seq: int = 1) -> list[int]:
    return [seq for seq, _ in journal.read(from_seq)]


def only_segment(folder: Path) -> Path:
    [path] = folder.glob("*.journal")
    return path


def fill_up(journal: Journal, *, reserve: bool = False) -> int:
    count = 0
    while True:
        try:
            journal.append(note(count, text="x" * 100), reserve=reserve)
        except JournalFull:
            return count
        count += 1


def test_every_record_comes_back_as_it_was_written(tmp_path: Path) -> None:
    records = a_trade()
    journal = open_journal(tmp_path / "j")
    assert [journal.append(record) for record in records] == list(range(1, len(records) + 1))
    journal.close()
    again = open_journal(tmp_path / "j")
    assert [record for _, record in again.read()] == records
    assert again.last_seq == len(records)
    assert again.torn_bytes == 0
    again.close()


def test_a_reopened_journal_keeps_its_uuid_and_goes_on(tmp_path: Path) -> None:
    first = open_journal(tmp_path, seed=1)
    first.append(note())
    first.close()
    second = open_journal(tmp_path, seed=2)
    assert second.journal_uuid == first.journal_uuid
    assert second.append(note()) == 2
    second.close()


def test_files_are_private(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "j")
    assert (tmp_path / "j").stat().st_mode & 0o777 == 0o700
    assert {p.stat().st_mode & 0o777 for p in (tmp_path / "j").iterdir()} == {0o600}
    journal.close()


def test_a_second_opener_is_refused_by_name(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    with pytest.raises(
        StorageError, match=re.escape(f"{tmp_path}: another process (pid {os.getpid()})")
    ):
        open_journal(tmp_path)
    journal.close()
    open_journal(tmp_path).close()


@pytest.mark.parametrize(("mode", "account"), [("live", "main"), ("sim", "other")])
def test_a_foreign_folder_is_refused(tmp_path: Path, mode: str, account: str) -> None:
    open_journal(tmp_path).close()
    with pytest.raises(StorageError, match="belongs to mode 'sim', account 'main'"):
        open_journal(tmp_path, mode=mode, account=account)
    open_journal(tmp_path).close()


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, list[int]]:
    """A segment of one trade without its preallocated room, and the ends of its records."""
    folder = tmp_path_factory.mktemp("written")
    limits = JournalLimits(segment_bytes=64 << 10, reserve_bytes=1 << 10)
    journal = open_journal(folder, limits=limits)
    ends = [journal.tail_position]
    for record in a_trade():
        journal.append(record)
        ends.append(journal.tail_position)
    journal.close()
    return only_segment(folder).read_bytes()[: ends[-1]], ends


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_truncation_at_any_byte_keeps_a_valid_prefix(
    written: tuple[bytes, list[int]], tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content, ends = written
    cut = data.draw(st.integers(ends[0], len(content)))
    is_preallocated = data.draw(st.booleans())
    folder = tmp_path_factory.mktemp("cut")
    room = b"\0" * 5000 if is_preallocated else b""
    (folder / f"{1:020d}.journal").write_bytes(content[:cut] + room)
    journal = open_journal(folder)
    whole = sum(end <= cut for end in ends[1:])
    assert [r for _, r in journal.read()] == a_trade()[:whole]
    torn = content[ends[whole] : cut].rstrip(b"\0")
    assert journal.torn_bytes == len(torn)
    assert journal.append(note()) == whole + 1
    journal.close()
    again = open_journal(folder)
    assert numbers(again) == list(range(1, whole + 2))
    again.close()


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_changed_byte_is_never_read_as_a_record(
    written: tuple[bytes, list[int]], tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    content, ends = written
    place = data.draw(st.integers(0, len(content) - 1))
    flip = data.draw(st.integers(1, 255))
    folder = tmp_path_factory.mktemp("flip")
    path = folder / f"{1:020d}.journal"
    path.write_bytes(content[:place] + bytes([content[place] ^ flip]) + content[place + 1 :])
    if place < ends[-2]:
        with pytest.raises(JournalCorrupt, match=re.escape(f"{path}: offset ")):
            open_journal(folder)
        return
    # The last record cannot be told from one that was being written.
    journal = open_journal(folder)
    assert [r for _, r in journal.read()] == a_trade()[:-1]
    assert journal.torn_bytes > 0
    journal.close()


def test_a_bad_record_in_the_middle_names_file_and_offset(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    ends = []
    for number in range(5):
        journal.append(note(number))
        ends.append(journal.tail_position)
    journal.close()
    path = only_segment(tmp_path)
    content = bytearray(path.read_bytes())
    content[ends[1] + FRAME.size + 3] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(JournalCorrupt, match=re.escape(f"{path}: offset {ends[1]}: record 3")):
        open_journal(tmp_path)
    assert path.read_bytes() == bytes(content)


def test_more_garbage_than_one_record_is_no_torn_tail(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.append(note())
    end = journal.tail_position
    journal.close()
    path = only_segment(tmp_path)
    path.write_bytes(path.read_bytes()[:end] + b"\xff" * (2 << 20))
    with pytest.raises(JournalCorrupt, match=f"offset {end}"):
        open_journal(tmp_path)


def test_segments_rotate_and_are_read_as_one(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    for number in range(200):
        journal.append(note(number, text="x" * 100))
    assert len(journal.segments) > 2
    assert numbers(journal) == list(range(1, 201))
    assert numbers(journal, 150) == list(range(150, 201))
    journal.close()
    again = open_journal(tmp_path)
    assert again.last_seq == 200
    assert [r.execution_no for _, r in again.read() if isinstance(r, NoteRecorded)] == list(
        range(200)
    )
    again.close()


def test_a_missing_segment_is_corruption(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    for number in range(200):
        journal.append(note(number, text="x" * 100))
    journal.segments[1].path.unlink()
    journal.close()
    with pytest.raises(JournalCorrupt, match="begins at record"):
        open_journal(tmp_path)


def test_a_reader_sees_what_is_appended_behind_it(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    cursor = journal.cursor(1)
    assert cursor.take(10) == []
    seen = []
    for number in range(300):
        journal.append(note(number, text="x" * (number * 7 % 900)))
        if number % 7 == 0:
            seen += [seq for seq, _ in cursor.take(5)]
    while batch := cursor.take(50):
        seen += [seq for seq, _ in batch]
    assert seen == list(range(1, 301))
    cursor.close()
    journal.close()


def test_long_records_are_read_through_a_short_buffer(tmp_path: Path) -> None:
    limits = JournalLimits(segment_bytes=4 << 20, reserve_bytes=1 << 10)
    journal = open_journal(tmp_path, limits=limits)
    for number in range(6):
        journal.append(note(number, text="x" * 600_000))
    cursor = journal.cursor(2)
    assert [seq for seq, _ in cursor.take(9, bytes_max=1000)] == [2]
    assert [seq for seq, _ in cursor.take(9)] == [3, 4, 5, 6]
    cursor.close()
    with pytest.raises(StorageError, match="too long"):
        journal.append(note(text="x" * (1 << 20)))
    journal.close()


def test_a_full_quota_refuses_ordinary_records_and_lets_reserved_ones_in(tmp_path: Path) -> None:
    clock = ManualClock()
    limits = JournalLimits(segment_bytes=8 << 10, reserve_bytes=2 << 10, quota_bytes=20 << 10)
    journal = open_journal(tmp_path, limits=limits, clock=clock)
    ordinary = fill_up(journal)
    assert not journal.is_writable
    reserved = fill_up(journal, reserve=True)
    assert reserved > 3
    assert len(journal.segments) == 2
    assert numbers(journal) == list(range(1, ordinary + reserved + 1))
    journal.close()
    again = open_journal(tmp_path, limits=limits)
    assert again.last_seq == ordinary + reserved
    again.close()


def test_room_that_comes_back_is_used(tmp_path: Path) -> None:
    clock = ManualClock()
    limits = JournalLimits(segment_bytes=8 << 10, reserve_bytes=1 << 10, quota_bytes=16 << 10)
    journal = open_journal(tmp_path, limits=limits, clock=clock)
    fill_up(journal)
    assert not journal.make_room()
    last = journal.last_seq
    assert journal.drop_shipped(last, needed_from_seq=last + 1) == 1
    with pytest.raises(JournalFull):
        # A refusal is not asked for again at once …
        journal.append(note(text="x" * 200))
    clock.now_ns += 1_000_000_000
    # … but a second later.
    assert journal.append(note(text="x" * 200)) == last + 1
    assert journal.is_writable
    assert journal.make_room()
    journal.close()


def test_segments_go_only_when_shipped_and_not_needed(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    for number in range(200):
        journal.append(note(number, text="x" * 100))
    second, third = (segment.first_seq for segment in journal.segments[1:3])
    assert journal.drop_shipped(200, needed_from_seq=1) == 0
    assert journal.drop_shipped(second - 2, needed_from_seq=201) == 0
    assert journal.drop_shipped(200, needed_from_seq=third - 1) == 1
    assert journal.first_seq == second
    assert numbers(journal) == list(range(second, 201))
    assert journal.drop_shipped(200, needed_from_seq=201) >= 1
    assert len(journal.segments) == 1
    journal.close()
    again = open_journal(tmp_path)
    assert again.last_seq == 200
    again.close()


def test_a_full_disk_at_reopening_leaves_what_fits(tmp_path: Path, monkeypatch: Any) -> None:
    journal = open_journal(tmp_path)
    journal.append(note(1))
    end = journal.tail_position
    journal.close()
    path = only_segment(tmp_path)
    os.truncate(path, end + 20)

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no space")

    clock = ManualClock()
    with monkeypatch.context() as patch:
        patch.setattr(os, "posix_fallocate", refuse)
        again = open_journal(tmp_path, clock=clock)
        with pytest.raises(JournalFull):
            again.append(note(2))
        with pytest.raises(JournalFull):
            again.append(note(2), reserve=True)
        assert not again.is_writable
    clock.now_ns += 1_000_000_000
    assert again.append(note(2)) == 2
    assert len(again.segments) == 1
    again.close()


def test_a_short_write_is_written_over(tmp_path: Path, monkeypatch: Any) -> None:
    journal = open_journal(tmp_path)
    journal.append(note(1))
    real = os.pwrite
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", lambda fd, data, at: real(fd, data[:30], at))
        with pytest.raises(JournalFull):
            journal.append(note(2, text="long" * 50))
    assert not journal.is_writable
    assert journal.make_room()
    assert journal.append(note(3)) == 2
    journal.close()
    again = open_journal(tmp_path)
    assert [r for _, r in again.read()] == [note(1), note(3)]
    again.close()


@pytest.mark.parametrize("call", ["pwrite", "fdatasync"])
def test_a_failed_write_is_final(tmp_path: Path, monkeypatch: Any, call: str) -> None:
    journal = open_journal(tmp_path, sync="power")

    def fail(*_: object) -> int:
        raise OSError(errno.EIO, "broken disk")

    with monkeypatch.context() as patch:
        patch.setattr(os, call, fail)
        with pytest.raises(StorageError, match="broken disk"):
            journal.append(note())
    assert not journal.is_writable
    with pytest.raises(StorageError, match=r"refuses to write: .*broken disk"):
        journal.append(note(), reserve=True)
    journal.close()


def test_power_syncs_each_record_and_process_none(tmp_path: Path, monkeypatch: Any) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fdatasync", synced.append)
    for sync, expected in (("process", 0), ("power", 2)):
        journal = open_journal(tmp_path / sync, sync=sync)  # type: ignore[arg-type]
        synced.clear()
        journal.append(note(1))
        journal.append(note(2))
        assert len(synced) == expected
        journal.close()


def test_a_closed_journal_refuses(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.close()
    journal.close()
    with pytest.raises(StorageError, match="it was closed"):
        journal.append(note())


def test_what_cannot_be_encoded_is_refused(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    with pytest.raises(StorageError, match="cannot be encoded"):
        journal.append(note(text="\ud800"))
    assert journal.append(note()) == 1
    journal.close()


def test_records_of_another_version_are_kept(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.append(note(1))
    end = journal.tail_position
    journal.close()
    path = only_segment(tmp_path)
    content = bytearray(path.read_bytes())
    strange = b'{"t":"teleported","wall_ns":5}'
    frame = encode_frame(2, strange)
    content[end : end + len(frame)] = frame
    path.write_bytes(content)
    again = open_journal(tmp_path)
    (_, known), (_, unknown) = again.read()
    assert known == note(1)
    assert isinstance(unknown, UnknownRecord)
    assert (unknown.kind, unknown.payload) == ("teleported", strange)
    assert "teleported" in unknown.reason
    again.close()


def test_a_payload_that_is_no_object_is_kept() -> None:
    record = decode_record(b"7")
    assert record == UnknownRecord("", b"7", record.reason)  # type: ignore[union-attr]


def test_new_fields_of_a_known_record_are_ignored() -> None:
    raw = msgspec.json.decode(msgspec.json.encode(note(1)))
    assert decode_record(msgspec.json.encode({**raw, "later": 1})) == note(1)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "cut off"),
        (b"x" * 40, "no journal segment"),
        (b"TWOLEGJ\n\x09\0\0\0" + b"\0" * 40, "version 9"),
        (b"TWOLEGJ\n\x01\0\0\0\x05\0\0\0" + b"\0" * 40, "does not check"),
    ],
)
def test_a_bad_header_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / f"{1:020d}.journal"
    path.write_bytes(content)
    with pytest.raises(JournalCorrupt, match=reason):
        decode_header(path, content)
    with pytest.raises(JournalCorrupt, match=reason):
        open_journal(tmp_path)


def test_a_foreign_or_misnamed_segment_is_refused(tmp_path: Path) -> None:
    open_journal(tmp_path / "a", seed=1).close()
    open_journal(tmp_path / "b", seed=2).close()
    stranger = only_segment(tmp_path / "b")
    moved = tmp_path / "a" / f"{2:020d}.journal"
    stranger.rename(moved)
    with pytest.raises(JournalCorrupt, match="name does not match"):
        open_journal(tmp_path / "a")
    moved.rename(tmp_path / "a" / "notes.journal")
    with pytest.raises(StorageError, match="no journal segment"):
        open_journal(tmp_path / "a")


def test_what_an_interrupted_rotation_left_is_removed(tmp_path: Path) -> None:
    open_journal(tmp_path).close()
    (tmp_path / f"{1:020d}.tmp").write_bytes(b"half")
    open_journal(tmp_path).close()
    assert not list(tmp_path.glob("*.tmp"))


def test_no_room_for_the_first_segment_is_told(tmp_path: Path) -> None:
    limits = JournalLimits(segment_bytes=8 << 10, reserve_bytes=0, quota_bytes=1)
    with pytest.raises(JournalFull, match="quota"):
        open_journal(tmp_path, limits=limits)
    open_journal(tmp_path, limits=SMALL).close()


def test_a_segment_smaller_than_its_reserve_is_refused() -> None:
    with pytest.raises(StorageError, match="exceed its reserve"):
        JournalLimits(segment_bytes=1 << 10, reserve_bytes=1 << 10)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="cannot be used"):
        open_journal(tmp_path / "file" / "j")


WRITER = """
import sys
from pathlib import Path
from tests.unit.storage.support import note, open_journal
journal = open_journal(Path(sys.argv[1]))
number = 0
while True:
    number += 1
    journal.append(note(number, text="x" * (number % 500)))
    print(number, flush=True)
"""


def test_what_was_announced_survives_a_kill(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    announced = 0
    for line in process.stdout:
        announced = int(line)
        if announced >= 500:
            process.send_signal(signal.SIGKILL)
            break
    # Lines that were under way when the signal came count too.
    announced = max([announced, *map(int, process.stdout.read().split())])
    process.stdout.close()
    process.wait()
    journal = open_journal(tmp_path)
    assert journal.last_seq in {announced, announced + 1}
    assert numbers(journal) == list(range(1, journal.last_seq + 1))
    journal.close()
