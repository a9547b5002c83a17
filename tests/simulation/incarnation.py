"""One life of the daemon: a process with a loop of its own, which may die between two callbacks.

Dying fences everything at once: connections end, the journal's files become nobody's, and the loop
is never stepped again. What the dead coroutines would still do when they are collected reaches
nothing: neither the disk nor a wire nor the world's record of events.
"""

import asyncio
import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, cast

from tests.simulation.plan import Item
from tests.support.clockwork import Clockwork, SteppedLoop, spawn
from tests.support.virtual import VirtualNetwork
from twoleg.core.actions import Note
from twoleg.core.market import Pair
from twoleg.errors import JournalFull
from twoleg.runtime.app import App
from twoleg.runtime.kit import Seams
from twoleg.runtime.owner import Claim
from twoleg.settings import Settings
from twoleg.storage.journal import Journal, JournalLimits
from twoleg.storage.records import AnyRecord
from twoleg.storage.segment import Header
from twoleg.storage.shipper import ShipperState

KIB: Final = 1_024
RESERVE: Final = 64 * KIB
UNSYNCED_NS: Final = 5_000_000_000
"""How old what is not synced yet can be."""
TORN_BYTES: Final = 11


class ProcessDied(BaseException):
    """The process ends in the middle of what it does; nothing may catch this and live on."""


class MemoryArchive:
    """An archive that has all at once, or is down for a while and holds up nothing."""

    def __init__(self, *, is_up: bool) -> None:
        self.is_ready = asyncio.Event()
        self.database = None
        self.set_up(is_up=is_up)

    def set_up(self, *, is_up: bool) -> None:
        if is_up:
            self.is_ready.set()

    @property
    def state(self) -> ShipperState:
        return ShipperState(0, 0, self.is_ready.is_set(), "", 0)

    def notify(self) -> None:
        pass

    def on_claim(self, tell: Callable[[Claim], None]) -> None:
        pass

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def drain(self, seconds: float) -> bool:
        return self.is_ready.is_set()

    async def close(self) -> None:
        pass


class WatchedJournal(Journal):
    """The journal; the world sees each record that is written, and may die while one is."""

    life: "Incarnation"
    _record: AnyRecord
    # When each record was written, to which segment, and where it ends.
    _marks: list[tuple[int, Path, int]]

    def append(self, record: AnyRecord, *, reserve: bool = False) -> int:
        self._record = record
        seq = super().append(record, reserve=reserve)
        mark = self._clock.monotonic_ns(), self._segments[-1].path, self._tail.position
        self._marks.append(mark)
        self.life.on_record(self._record, seq)
        return seq

    def lose_tail(self, share: float, torn_bytes: int) -> int:
        """What the kernel had not yet written is gone with the power; returns how many records.

        Whole segments are synced before they are used, so it is the end of the last one; a few
        bytes of the first record that is lost may be there.
        """
        _, path, _ = self._marks[-1]
        if path != self._segments[-1].path:
            return 0
        since_ns = self._clock.monotonic_ns() - UNSYNCED_NS
        late = [end for at_ns, where, end in self._marks if where == path and at_ns >= since_ns]
        lost = int(share * len(late))
        if not lost:
            return 0
        begin = late[-lost - 1] + torn_bytes
        with path.open("r+b") as file:
            file.seek(begin)
            file.write(bytes(max(0, late[-1] - begin)))
        return lost

    def _begin_segment(self, header: Header) -> None:
        if self.life.is_disk_full():
            raise JournalFull("the disk has no room")
        super()._begin_segment(header)

    def _write(self, data: bytes) -> None:
        part = self.life.cut(self._record)
        if part is not None:
            kept = data[: max(0, int(len(data) * part))]
            os.pwrite(self._tail.fd, kept, self._tail.position)
            self.life.die()
            raise ProcessDied
        super()._write(data)


class Incarnation:
    """One process of the daemon. `app` is there once its loop was stepped for the first time."""

    def __init__(
        self,
        number: int,
        clockwork: Clockwork,
        network: VirtualNetwork,
        *,
        folder: Path,
        segment_kib: int,
        is_disk_full: Callable[[], bool],
        on_record: Callable[[AnyRecord, int], None],
        on_death: Callable[["Incarnation"], None],
    ) -> None:
        self.number = number
        self.loop: SteppedLoop = clockwork.make_loop(f"daemon-{number}")
        self.app: App | None = None
        self.archive: MemoryArchive | None = None
        self.is_dead = False
        # Set while a crash waits for its moment.
        self.crash: Item | None = None
        self.died_of: Item | None = None
        # What a loss of power took of the journal.
        self.lost_records = 0
        self.task: asyncio.Task[Any]
        self._clockwork = clockwork
        self._network = network
        self._folder = folder
        self._segment_kib = segment_kib
        self.is_disk_full = is_disk_full
        self._on_record = on_record
        self._on_death = on_death
        self._fenced_fds: list[int] = []
        self._journal: WatchedJournal | None = None
        # Kept, so that nothing of a dead process is collected while the world lives.
        self._remains: list[object] = []

    def begin(
        self,
        settings: Settings,
        pairs: tuple[Pair, ...],
        seams: Seams,
        *,
        observe: Callable[[Note], None],
        is_archive_up: Callable[[], bool],
    ) -> None:
        """Start the daemon in this process."""

        def see(note: Note) -> None:
            if not self.is_dead:
                observe(note)

        def make_archive(*_: Any) -> MemoryArchive:
            self.archive = MemoryArchive(is_up=is_archive_up())
            return self.archive

        async def live() -> None:
            self.app = App(
                settings,
                pairs,
                seams,
                observe=see,
                make_archive=make_archive,
                make_journal=self._open_journal,
            )
            await self.app.run()

        self.task = spawn(self.loop, live(), "daemon")

    # -- dying -----------------------------------------------------------------------------

    def arm(self, crash: Item) -> None:
        """Die when its moment comes: so many callbacks from now, or from a certain record on."""
        self.crash = crash
        if crash.on == "any" and not crash.is_cut:
            self._die_after(crash.callbacks)

    def force(self) -> None:
        """A crash whose moment did not come happens now."""
        if self.crash is not None and not self.loop.dies_after:
            self._die_after(1)

    def on_record(self, record: AnyRecord, seq: int) -> None:
        """A record is on disk."""
        if self.is_dead:
            return
        self._on_record(record, seq)
        crash = self.crash
        if crash is not None and not crash.is_cut and _is(record, crash.on):
            self._die_after(crash.callbacks)

    def cut(self, record: AnyRecord) -> float | None:
        """Which part of a record reaches the disk, if the process dies while writing it."""
        crash = self.crash
        if crash is None or self.is_dead or not crash.is_cut or not _is(record, crash.on):
            return None
        return crash.share

    def die(self) -> None:
        """End now. Harmless when it is dead already."""
        if self.is_dead:
            return
        self.is_dead = True
        self.died_of = self.crash
        self._clockwork.bury(self.loop)
        self._network.kill(self.loop, loses_sent=self.crash is not None and self.crash.is_power)
        self._fence_files()
        if self.crash is not None and self.crash.is_power:
            self._lose_tail(self.crash)
        if self._journal is not None:
            # Its files are not its own any more, nor is it to close them.
            self._journal._failure = "its process died"
            self._journal._lock_fd = -1
        self._remains += [*asyncio.all_tasks(self.loop), *self.loop.waiting]
        if self.archive is not None:
            self._remains.append(self.archive)
        self._on_death(self)

    def _lose_tail(self, crash: Item) -> None:
        journal = self._journal
        if journal is not None and journal._sync == "process" and journal._marks:
            self.lost_records = journal.lose_tail(crash.share, TORN_BYTES if crash.is_cut else 0)

    def dispose(self) -> None:
        """Free what is left, at the end of the world."""
        self.is_dead = True
        for task in asyncio.all_tasks(self.loop):
            # Its end was wanted: nobody has to be told.
            task._log_destroy_pending = False  # type: ignore[attr-defined]
        self._remains.clear()
        self.loop.dispose()

    def close_files(self) -> None:
        """Give back descriptors that nobody closed; call after the dead were collected."""
        for fd in self._fenced_fds:
            try:
                if str(Path(f"/proc/self/fd/{fd}").readlink()) == os.devnull:
                    os.close(fd)
            except OSError:
                continue
        self._fenced_fds.clear()

    def _die_after(self, callbacks: int) -> None:
        self.loop.dies_after = self.loop.callbacks + max(1, callbacks)

    def _fence_files(self) -> None:
        """All files that it writes become the null device: locks go, what is written is lost."""
        root = str(self._folder)
        null = os.open(os.devnull, os.O_RDWR)
        for link in tuple(Path("/proc/self/fd").iterdir()):
            fd = int(link.name)
            try:
                is_ours = str(link.readlink()).startswith(root)
                is_written = fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY
            except OSError:
                continue
            if is_ours and is_written:
                os.dup2(null, fd)
                self._fenced_fds.append(fd)
        os.close(null)

    def _open_journal(self, settings: Settings, seams: Seams) -> Journal:
        """As the daemon does, in segments that are smaller than the settings can say."""
        size = self._segment_kib * KIB
        journal = WatchedJournal.open(
            settings.state_dir / "journal",
            sync=settings.journal.sync.value,
            clock=seams.clock,
            entropy=seams.entropy,
            mode=settings.daemon.mode.value,
            member=settings.daemon.member,
            limits=JournalLimits(segment_bytes=size, reserve_bytes=min(size // 2, RESERVE)),
        )
        # The same object, which tells the world what it writes.
        watched = cast("WatchedJournal", journal)
        watched.life = self
        watched._marks = []
        self._journal = watched
        return watched


def _is(record: AnyRecord, wanted: str) -> bool:
    return wanted in ("any", record.__struct_config__.tag)
