"""`twoleg demo` as a user runs it: it ends by itself or by Ctrl-C, and leaves nothing behind."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

from tests.support.processes import clean_environment, processes_of, start, until
from tests.system.support import assert_all_shipped, dump, executions_shown, first_line

KEYS = {
    "seed",
    "executions",
    "hedged",
    "rolled_back",
    "missed",
    "open_residuals",
    "completed",
    "unwound",
    "unknown_landed",
    "unknown_absent",
    "hit_by_fault",
    "dust_e6",
    "net_micros",
    "difference_micros",
}


def secrets_of(folder: Path, state: Path, seed: int) -> set[str]:
    """The Kalshi key line by line, and what a Polymarket simulator of this seed gives out."""
    pem = (state / "keys/kalshi-default.pem").read_text("ascii")
    found = {line for line in pem.splitlines() if "-----" not in line and len(line) > 20}
    with start(
        ["sim", "polymarket", "--seed", str(seed), "--key-dir", state / "keys"],
        folder=folder,
        name="again",
    ) as again:
        told = first_line(again)
    creds = told["api_creds"]
    return found | {told["wallet_key"].removeprefix("0x"), creds["secret"], creds["passphrase"]}


def test_demo_of_some_seconds_accounts_for_everything(folder: Path) -> None:
    state, summary_path = folder / "state", folder / "summary.json"
    arguments = ["demo", "--seconds", "8", "--seed", "3", "--state", state, "--json", summary_path]
    with start(arguments, folder=folder) as demo:
        until(lambda: executions_shown(demo) > 0, why="an execution", running=demo)
        children = processes_of(state)
        assert demo.end() == 0, demo.told()
    assert sum("postgres" in command for command in children.values()) >= 1
    assert sum(" sim " in command for command in children.values()) == 2
    assert processes_of(state) == {}

    summary = json.loads(summary_path.read_text("utf-8"))
    assert summary.keys() >= KEYS
    ends = ("hedged", "rolled_back", "missed", "open_residuals")
    assert summary["seed"] == 3
    assert summary["executions"] == sum(summary[end] for end in ends) > 0
    assert summary["open_residuals"] == 0
    assert summary["difference_micros"] == 0
    assert summary["records_not_shipped"] == 0
    assert summary["pair_net_e6_max"] < 10_000

    shown = demo.stdout()
    table = re.search(r"^  all +(\d+) +(\d+) +(\d+) +(\d+) +(\d+) ", shown, re.MULTILINE)
    assert table, shown
    counts = [summary[name] for name in ("executions", *ends)]
    assert [int(cell) for cell in table.groups()] == counts
    assert "difference $0.000000" in shown
    assert demo.stderr() == ""

    logs = [path.read_text("utf-8", "replace") for path in state.rglob("*.log")]
    journal = [path.read_bytes().decode("utf-8", "replace") for path in state.rglob("*.journal")]
    rows = dump(state)
    assert len(logs) >= 4
    assert "execution_closed" in journal[0]
    assert "execution_closed" in rows
    for secret in secrets_of(folder, state, 3):
        for place in (shown, summary_path.read_text("utf-8"), *logs, *journal, rows):
            assert secret not in place
    assert_all_shipped(state)


def test_ctrl_c_ends_the_demo_with_its_table_and_a_second_demo_is_refused(folder: Path) -> None:
    state = folder / "state"
    with start(["demo", "--seed", "5", "--state", state], folder=folder) as demo:
        until(lambda: executions_shown(demo) > 0, why="an execution", running=demo)
        assert "Ctrl-C ends it" in demo.stdout()
        with start(["demo", "--state", state], folder=folder, name="second") as second:
            assert second.end(20) == 1
        assert f"another demo (pid {demo.pid}) is using this folder" in second.stderr()
        assert "Traceback" not in second.stderr()
        assert demo.process.poll() is None
        demo.send(signal.SIGINT)
        assert demo.end(30) == 0, demo.told()
    assert "read back from Postgres" in demo.stdout()
    assert "difference $0.000000" in demo.stdout()
    assert processes_of(state) == {}


def test_folder_that_the_demo_did_not_make_is_never_wiped(folder: Path) -> None:
    state = folder / "mine"
    (state / "sim").mkdir(parents=True)
    (state / "sim/thesis.txt").write_text("years of work", "utf-8")
    with start(["demo", "--seconds", "1", "--state", state], folder=folder) as demo:
        assert demo.end(20) == 1
    assert "was not made by the demo" in demo.stderr()
    assert [path.name for path in state.rglob("*")] == ["sim", "thesis.txt"]


def test_summary_that_cannot_be_written_is_refused_before_anything_starts(folder: Path) -> None:
    arguments = ["demo", "--state", folder / "state", "--json", folder / "no/such.json"]
    with start(arguments, folder=folder) as demo:
        assert demo.end(20) == 1
    assert "there is no such folder" in demo.stderr()
    assert not (folder / "state").exists()


def test_reader_that_goes_away_ends_the_demo_in_good_order(folder: Path) -> None:
    """As with `twoleg demo | head`: executions in flight must not suffer from it."""
    reader, writer = os.pipe()
    state = folder / "state"
    command = [sys.executable, "-m", "twoleg", "demo", "--seed", "3", "--state", os.fspath(state)]
    demo = subprocess.Popen(
        command, stdout=writer, stderr=subprocess.PIPE, env=clean_environment(), cwd=folder
    )
    os.close(writer)
    try:
        told = b""
        while b"seed 3" not in told:
            more = os.read(reader, 200)
            assert more, told
            told += more
        os.close(reader)
        _, errors = demo.communicate(timeout=40)
    finally:
        if demo.poll() is None:
            demo.kill()
            demo.wait()
    assert (demo.returncode, errors) == (0, b"")
    assert "BrokenPipe" not in (state / "daemon.log").read_text("utf-8")
    assert_all_shipped(state)


def test_terminal_shows_a_status_line_that_fits_and_plain_results(folder: Path) -> None:
    shown: list[bytes] = []
    terminal, end = pty.openpty()
    command = [sys.executable, "-m", "twoleg", "demo", "--seconds", "2", "--seed", "3"]
    demo = subprocess.Popen(
        [*command, "--state", os.fspath(folder / "state")],
        stdin=end,
        stdout=end,
        stderr=end,
        env=clean_environment(),
        cwd=folder,
    )
    os.close(end)

    def read() -> None:
        try:
            while part := os.read(terminal, 65_536):
                shown.append(part)
        except OSError:
            # The other end is closed.
            return

    reader = threading.Thread(target=read)
    reader.start()
    try:
        assert demo.wait(40) == 0
    finally:
        if demo.poll() is None:
            demo.kill()
            demo.wait()
        reader.join()
        os.close(terminal)
    text = b"".join(shown).decode()
    statuses = re.findall(r"(?:^|\r|\x1b\[2K) *\d+ s  net [^\r\n]*", text)
    assert len(statuses) >= 3
    assert all(len(status.removeprefix("\x1b[2K")) < 80 for status in statuses)
    assert text.rstrip().endswith("difference $0.000000")
