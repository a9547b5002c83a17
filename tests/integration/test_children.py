"""The daemon's children, as real processes: what starts them, what they say, how they end."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from twoleg.core.market import MarketId
from twoleg.runtime.children import (
    BUSY,
    HEAR_S,
    HEARD_MAX,
    LINE_BYTES_MAX,
    RETRY_S_MIN,
    Children,
    Program,
    Schedule,
    Task,
    program_of,
)
from twoleg.runtime.system import SystemClock
from twoleg.seams import Clock

PLAY = """
import json, os, sys, time
folder, words = os.environ["FOLDER"], sys.argv[1:]
number = len(os.listdir(folder))
with open(os.path.join(folder, f"{number:03}.part"), "w") as file:
    json.dump({"words": words, "nice": os.nice(0), "dsn": os.environ.get("DATABASE_URL"),
               "pid": os.getpid(), "setting": os.environ.get("A_SETTING")}, file)
os.rename(file.name, file.name[:-5] + ".json")
script = json.loads(os.environ["SCRIPT"]).get(words[0], [])
act = script[min(number, len(script) - 1)] if script else {}
for line in act.get("says", []):
    print(line, flush=True)
if act.get("hangs"):
    time.sleep(600)
sys.exit(act.get("code", 0))
"""
DSN = "postgresql://twoleg@/postgres?host=%2Frun%2Fa&port=5432"


class Crew:
    """Children of a clock that the test holds; what each of them was started as."""

    def __init__(self, folder: Path, script: Mapping[str, Any], clock: Clock, **given: Any) -> None:
        self.folder = folder / "began"
        self.folder.mkdir()
        play = folder / "play.py"
        play.write_text(PLAY)
        environment = {
            **os.environ,
            "FOLDER": str(self.folder),
            "SCRIPT": json.dumps(script),
            "A_SETTING": "that the child needs as well",
        }
        program = Program(environment, ("--config", "x.toml"), (sys.executable, str(play)))
        schedule = given.get("schedule", Schedule(sync_s=3_600, match_s=600))
        self.children = Children(program, schedule=schedule, dsn=lambda: DSN, clock=clock)

    @property
    def began(self) -> list[dict[str, Any]]:
        return [json.loads(path.read_text()) for path in sorted(self.folder.glob("*.json"))]

    @property
    def commands(self) -> list[str]:
        return [each["words"][0] for each in self.began]


@asynccontextmanager
async def running(crew: Crew) -> AsyncGenerator[list[Any]]:
    with capture_logs() as logs:
        task = asyncio.create_task(crew.children.run())
        yield logs
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        is_so = condition()
        while not is_so:
            # Another process: there is no event of its steps.
            await asyncio.sleep(0.01)
            is_so = condition()


def has_begun(crew: Crew, count: int) -> bool:
    return len(crew.began) >= count


def of(logs: list[Any], event: str) -> list[Any]:
    return [entry for entry in logs if entry["event"] == event]


class Quick(SystemClock):
    """Real time, but nobody waits for long."""

    def __init__(self) -> None:
        self.slept_s: list[float] = []
        self._ahead_ns = 0

    def monotonic_ns(self) -> int:
        return super().monotonic_ns() + self._ahead_ns

    async def sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)
        await asyncio.sleep(min(seconds, 0.01))

    def pass_s(self, seconds: float) -> None:
        self._ahead_ns += int(seconds * 1e9)


async def test_sync_runs_at_the_start_and_the_match_after_it_each_with_low_priority(
    tmp_path: Path,
) -> None:
    crew = Crew(tmp_path, {}, Quick())
    async with running(crew) as logs:
        await until(lambda: len(of(logs, "child_ended")) == 2)
        assert [each["words"] for each in crew.began] == [
            ["sync", "--json", "--config", "x.toml"],
            ["match", "--config", "x.toml"],
        ]
        for each in crew.began:
            assert each["dsn"] == DSN
            assert each["nice"] > os.nice(0)
            assert each["setting"]
    assert [entry["child"] for entry in of(logs, "child_ended")] == ["sync", "match"]


def test_keys_to_the_accounts_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = ("KALSHI_PRIVATE_KEY", "KALSHI_PRIVATE_KEY_PATH", "POLYMARKET_PRIVATE_KEY",
            "POLYMARKET_API_SECRET", "POLYMARKET_API_PASSPHRASE")  # fmt: skip
    for name in (*keys, "TWOLEG_DAEMON__MODE"):
        monkeypatch.setenv(name, "here")
    environment = program_of(()).environment
    assert not set(keys) & set(environment)
    assert environment["TWOLEG_DAEMON__MODE"] == "here"
    assert environment["PATH"] == os.environ["PATH"]


async def test_children_come_again_by_the_clock(tmp_path: Path) -> None:
    clock = Quick()
    crew = Crew(tmp_path, {}, clock)
    async with running(crew) as logs:
        await until(lambda: len(of(logs, "child_ended")) == 2)
        clock.pass_s(590)
        await asyncio.sleep(0.1)
        assert len(crew.began) == 2
        clock.pass_s(20)
        await until(lambda: len(of(logs, "child_ended")) == 3)
        assert crew.commands[2:] == ["match"]
        clock.pass_s(3_000)
        await until(lambda: len(of(logs, "child_ended")) >= 5)
        assert sorted(crew.commands[3:5]) == ["match", "sync"]


@pytest.mark.parametrize(
    ("report", "matches"),
    [
        ({"kalshi": {"new": 0, "changed": 0, "gone": 0}}, False),
        ({"kalshi": {"new": 0, "changed": 0, "gone": 0}, "polymarket": {"gone": 1}}, True),
        ({"kalshi": {"new": 3, "changed": 0, "gone": 0}}, True),
    ],
)
async def test_match_follows_a_sync_only_if_something_changed(
    tmp_path: Path, *, report: dict[str, Any], matches: bool
) -> None:
    script = {"sync": [{"says": [json.dumps({"venues": report})]}]}
    crew = Crew(tmp_path, script, Quick())
    async with running(crew) as logs:
        await until(lambda: of(logs, "child_ended"))
        due_s = (
            crew.children._plans[Task.MATCH].due_ns - crew.children._clock.monotonic_ns()
        ) / 1e9
        assert (due_s < 60) is matches
        if matches:
            await until(partial(has_begun, crew, 2))
            assert crew.commands == ["sync", "match"]


async def test_nothing_runs_by_the_clock_where_that_is_not_wanted(tmp_path: Path) -> None:
    clock = Quick()
    crew = Crew(tmp_path, {}, clock, schedule=Schedule(0, 0))
    async with running(crew):
        clock.pass_s(10**6)
        crew.children.hear(MarketId("kalshi:KXA"))
        await asyncio.sleep(0.2)
    assert crew.began == []


async def test_markets_that_are_heard_of_are_read_together_a_little_later(tmp_path: Path) -> None:
    clock = Quick()
    crew = Crew(tmp_path, {}, clock)
    async with running(crew) as logs:
        await until(lambda: len(of(logs, "child_ended")) == 2)
        for name in ("kalshi:KXA", "polymarket:0xb", "kalshi:KXA"):
            crew.children.hear(MarketId(name))
        await asyncio.sleep(0.1)
        assert len(crew.began) == 2
        clock.pass_s(HEAR_S)
        await until(lambda: len(of(logs, "child_ended")) == 4)
        assert crew.began[2]["words"][:6] == [
            *("sync", "--json"),
            *("--market", "kalshi:KXA", "--market", "polymarket:0xb"),
        ]
        assert crew.commands[3] == "match"
        for number in range(HEARD_MAX + 1):
            crew.children.hear(MarketId(f"kalshi:KX{number}"))
        clock.pass_s(HEAR_S)
        await until(lambda: len(of(logs, "child_ended")) >= 5)
        assert crew.began[4]["words"][:3] == ["sync", "--json", "--updated"]


async def test_child_that_fails_is_tried_again_after_growing_pauses(tmp_path: Path) -> None:
    clock = Quick()
    crew = Crew(tmp_path, {"sync": [{"code": 1}, {"code": 1}, {"code": 0}]}, clock)
    async with running(crew) as logs:
        await until(lambda: of(logs, "child_failed"))
        for failures in (1, 2):
            clock.pass_s(RETRY_S_MIN * failures - 10)
            await asyncio.sleep(0.1)
            assert len(crew.began) == failures
            clock.pass_s(10)
            await until(partial(has_begun, crew, failures + 1))
            if failures == 1:
                await until(lambda: len(of(logs, "child_failed")) == 2)
        await until(lambda: of(logs, "child_ended"))
    assert [entry["exit_code"] for entry in of(logs, "child_failed")] == [1, 1]
    assert crew.commands[:3] == ["sync"] * 3


async def test_another_process_at_the_same_work_is_no_failure(tmp_path: Path) -> None:
    crew = Crew(tmp_path, {"sync": [{"code": BUSY}]}, Quick())
    async with running(crew) as logs:
        await until(lambda: of(logs, "child_put_off"))
    assert of(logs, "child_failed") == []


async def test_program_that_is_not_there_is_told_and_tried_again(tmp_path: Path) -> None:
    clock = Quick()
    crew = Crew(tmp_path, {}, clock)
    program = Program(dict(os.environ), (), (str(tmp_path / "nothing"),))
    schedule = Schedule(3_600, 600)
    crew.children = Children(program, schedule=schedule, dsn=lambda: DSN, clock=clock)
    async with running(crew) as logs:
        await until(lambda: of(logs, "child_failed"))
        clock.pass_s(RETRY_S_MIN)
        await until(lambda: len(of(logs, "child_failed")) == 2)
    assert {entry["exit_code"] for entry in of(logs, "child_failed")} == {127}
    assert "No such file" in of(logs, "child_said")[0]["text"]
    assert DSN not in str(logs)


async def test_child_ends_with_the_work_of_the_daemon(tmp_path: Path) -> None:
    crew = Crew(tmp_path, {"sync": [{"says": ["up"], "hangs": True}]}, SystemClock())
    async with running(crew) as logs:
        await until(lambda: of(logs, "child_said"))
        pid = crew.began[0]["pid"]
        os.kill(pid, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_what_a_child_says_is_logged_as_its_own_without_what_could_move_a_terminal(
    tmp_path: Path,
) -> None:
    lines = [
        json.dumps({"event": "crawl_moved", "level": "warning", "rows": 7, "title": "a\x1b[2Jb"}),
        json.dumps({"event": "Not An Event", "rows": 7}),
        json.dumps({"event": "child_ended", "child": "liar", "timestamp": "2020", "a b": 1}),
        "plain \x1b[31mred\x1b[0m words",
        "x" * (3 * LINE_BYTES_MAX),
        "",
    ]
    crew = Crew(tmp_path, {"sync": [{"says": lines}]}, Quick())
    async with running(crew) as logs:
        await until(lambda: [e for e in of(logs, "child_ended") if "ms" in e])
    (moved,) = of(logs, "crawl_moved")
    assert (moved["log_level"], moved["child"], moved["rows"]) == ("warning", "sync", 7)
    assert moved["title"] == "a\ufffd[2Jb"
    assert of(logs, "child_ended")[0]["child"] == "sync"
    texts = [entry["text"] for entry in of(logs, "child_said")]
    assert len(texts) == 3
    assert "\x1b" not in "".join(texts)
    assert max(map(len, texts)) == LINE_BYTES_MAX


PARENT = """
import os, sys, time
from twoleg.storage.processes import spawn_low
child = spawn_low((sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"), dict(os.environ))
child.stdout.readline()
print(child.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs PR_SET_PDEATHSIG")
async def test_child_dies_with_a_daemon_that_is_killed() -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    assert is_alive(pid)
    parent.kill()
    await parent.wait()
    await until(lambda: not is_alive(pid))


def is_alive(pid: int) -> bool:
    """Whether a process still runs; one that nobody has reaped yet does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"
