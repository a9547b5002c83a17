"""What a kill between two steps of the journal's housekeeping leaves, and how it opens again."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.storage.support import note, open_journal
from twoleg.errors import StorageError
from twoleg.storage.journal import Journal
from twoleg.storage.records import NoteRecorded

STEPS = (
    "fdatasync",
    "open",
    "posix_fallocate",
    "pwrite",
    "fsync",
    "rename",
    "folder",
    "reopen",
    "ftruncate",
)
"""What a rotation calls, in its order; `folder` is the sync of the new name."""
TORN = b"\x40\0\0\0half a record"


class KilledError(BaseException):
    """The process ends here: nothing after it runs."""


def full(folder: Path) -> Journal:
    """A journal of one segment, whose next record begins another."""
    journal = open_journal(folder)
    number = 0
    while journal.tail_position < journal.segments[0].path.stat().st_size - (1 << 10) - 200:
        number += 1
        journal.append(note(number, text="x" * 40))
    return journal


def end(folder: Path) -> None:
    """What the kernel does for a process that is gone: its files are closed, its lock is let go."""
    for number in os.listdir("/proc/self/fd"):  # noqa: PTH208 - one of them is that of the listing
        link = Path("/proc/self/fd", number)
        if link.is_symlink() and link.readlink().parent == folder:
            os.close(int(number))


def numbers(journal: Journal) -> list[int]:
    return [one.execution_no for _, one in journal.read() if isinstance(one, NoteRecorded)]


def kill_before(
    monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, nth: int
) -> Callable[[], bool]:
    """Let the `nth` call from now on of a function be the end; tells whether it came."""
    calls = 0
    original = getattr(owner, name)

    def call(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == nth:
            raise KilledError
        return original(*arguments, **named)

    monkeypatch.setattr(owner, name, call)
    return lambda: calls >= nth


@pytest.mark.parametrize("is_torn", [False, True])
@pytest.mark.parametrize("step", STEPS)
def test_kill_in_a_rotation_loses_nothing_that_was_announced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, *, is_torn: bool
) -> None:
    journal = full(tmp_path)
    announced = numbers(journal)
    if is_torn:
        # A record that the disk took half of: what follows it begins the new segment.
        with journal.segments[-1].path.open("r+b") as file:
            file.seek(journal.tail_position)
            file.write(TORN)
    owner, name, nth = {
        "rename": (Path, "rename", 1),
        "folder": (os, "fsync", 2),
        "reopen": (os, "open", 3),
    }.get(step, (os, step, 1))
    with monkeypatch.context() as patch:
        has_come = kill_before(patch, owner, name, nth)
        with pytest.raises(KilledError):
            journal.append(note(999, text="x" * 400))
        assert has_come()
    end(tmp_path)
    again = open_journal(tmp_path)
    assert numbers(again) == announced
    assert not list(tmp_path.glob("*.tmp"))
    for number in range(1_000, 1_100):
        again.append(note(number, text="x" * 100))
    again.close()
    last = open_journal(tmp_path)
    assert numbers(last) == [*announced, *range(1_000, 1_100)]
    last.close()


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_kill_while_segments_are_dropped_leaves_those_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    journal = open_journal(tmp_path)
    for number in range(1, 301):
        journal.append(note(number, text="x" * 100))
    firsts = [segment.first_seq for segment in journal.segments]
    assert len(firsts) > 4
    with monkeypatch.context() as patch:
        kill_before(patch, Path, "unlink", nth)
        with pytest.raises(KilledError):
            journal.drop_shipped(300, needed_from_seq=firsts[-1])
    end(tmp_path)
    again = open_journal(tmp_path)
    assert again.first_seq == firsts[nth - 1]
    assert numbers(again) == list(range(firsts[nth - 1], 301))
    again.close()


def test_kill_right_after_a_rotation_leaves_an_empty_segment_that_goes_on(tmp_path: Path) -> None:
    journal = full(tmp_path)
    announced = numbers(journal)
    journal.append(note(999, text="x" * 400))
    tail = journal.segments[-1].path
    assert len(journal.segments) == 2
    header_end = journal.tail_position
    end(tmp_path)
    # As a kill leaves it between the rotation and its first record.
    content = tail.read_bytes()
    empty = content.index(b"}") + 1
    tail.write_bytes(content[:empty] + bytes(len(content) - empty))
    again = open_journal(tmp_path)
    assert (numbers(again), header_end > empty) == (announced, True)
    assert again.append(note(1_000)) == len(announced) + 1
    again.close()


def test_what_a_power_cut_can_take_is_never_before_a_later_segment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next segment is durable, name and all: so must all that stands before it be."""
    journal = full(tmp_path)
    first = journal.segments[0].path
    durable = b""
    sync, rename = os.fdatasync, Path.rename

    def note_durable(fd: int) -> None:
        nonlocal durable
        sync(fd)
        if Path(f"/proc/self/fd/{fd}").readlink() == first:
            durable = first.read_bytes()

    def cut_at_the_name(draft: Path, target: Path) -> None:
        # From here on a cut leaves the next segment, and of this one what was synced.
        assert durable == first.read_bytes()
        rename(draft, target)

    monkeypatch.setattr(os, "fdatasync", note_durable)
    monkeypatch.setattr(Path, "rename", cut_at_the_name)
    journal.append(note(999, text="x" * 400))
    assert len(journal.segments) == 2
    journal.close()


def test_segment_that_could_not_be_synced_ends_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second sync may succeed although what the first could not write is gone."""
    journal = full(tmp_path)

    def fail(_fd: int) -> None:
        raise OSError(errno.EIO, "input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", fail)
        with pytest.raises(StorageError, match="cannot begin a segment"):
            journal.append(note(999, text="x" * 400))
    with pytest.raises(StorageError, match="refuses to write"):
        journal.append(note(999, text="x" * 400))
    assert len(journal.segments) == 1
    journal.close()
