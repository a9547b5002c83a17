"""`twoleg match` and `twoleg pairs`, from the command line to a real database and back."""

import asyncio
import getpass
import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO, cast

import msgspec
import pytest

from tests.support.pairing import condition, game, put, stored, stored_both
from twoleg.cli import main
from twoleg.cli.columns import Ink, Word
from twoleg.cli.pairs import paper
from twoleg.storage.catalogue import StoredMarket
from twoleg.storage.database import Database
from twoleg.storage.pair_rows import matcher_pair_id

GAMES = (
    game(1, "Detroit Tigers", "Toronto Blue Jays"),
    game(2, "New York Yankees", "Boston Red Sox"),
)
IDS = [matcher_pair_id(left.ticker, right.condition_id) for left, right in GAMES]
INKED = Word("x", Ink.LEFT)
HOSTILE = "\x1b[2J\u202eevil"
Run = Callable[..., tuple[int, str, str]]
Put = Callable[..., None]


@pytest.fixture
def fill(database: Database) -> Put:
    def call(*markets: StoredMarket, mode: str = "paper") -> None:
        async def go() -> None:
            connection = await database.connect()
            await put(connection, mode, *markets)
            await connection.close()

        asyncio.run(go())

    return call


@pytest.fixture
def run(
    database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    tmp_path: Path, fill: Put,
) -> Run:  # fmt: skip
    """Run a command on a catalogue of two games; policy and pairs file may be changed."""
    fill(*(stored(one) for couple in GAMES for one in couple))
    config = tmp_path / "twoleg.toml"
    config.write_text('[pairing]\npolicy = "manual"\n', "utf-8")
    monkeypatch.setenv("DATABASE_URL", database.dsn)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TWOLEG_DAEMON__STATE_DIR", str(tmp_path / "state"))

    def call(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        try:
            code = main([*map(str, arguments), "--config", str(config)])
        except SystemExit as error:
            code = int(error.code or 0)
        told = capsys.readouterr()
        return code, told.out, told.err

    return call


def names_of(run: Run, pair_id: str) -> list[str]:
    shown: dict[str, Any] = json.loads(run("pairs", "show", pair_id, "--json")[1])
    return list(shown["to_acknowledge"])


def flags(names: list[str]) -> list[str]:
    return [part for name in names for part in ("--acknowledge", name)]


def states(run: Run) -> dict[str, str]:
    rows = json.loads(run("pairs", "list", "--state", "candidate", "--state", "approved",
                          "--state", "armed", "--state", "disarmed", "--state", "retired",
                          "--json")[1])  # fmt: skip
    return {row["pair_id"]: row["state"] for row in rows}


def test_match_tells_what_it_did_and_then_that_nothing_changed(run: Run) -> None:
    code, out, _ = run("match")
    assert code == 0
    assert "read 2 Kalshi and 2 Polymarket markets" in out
    assert "found 2 pairs (2 auto)" in out
    assert "created 2, updated 0, deactivated 0, armed 0" in out
    assert "sides: different" in out
    assert "MB at most" in out
    again = json.loads(run("match", "--json")[1])
    changed = [again[name] for name in ("created", "updated", "deactivated", "armed")]
    assert changed == [0, 0, 0, 0]
    assert again["found"] == 2
    assert again["seconds"] >= 0


def test_match_over_an_empty_catalogue_says_what_to_do(run: Run, fill: Put) -> None:
    fill(*(stored(one, is_open=False) for couple in GAMES for one in couple))
    code, out, _ = run("match")
    assert code == 0
    assert "twoleg sync" in out


def test_a_person_reads_acknowledges_approves_and_disarms(run: Run) -> None:
    run("match")
    names = names_of(run, IDS[0])
    code, _, err = run("pairs", "approve", IDS[0], *flags(names))
    assert code == 1
    assert f"twoleg pairs diff {IDS[0]}" in err
    code, out, _ = run("pairs", "diff", IDS[0])
    assert code == 0
    assert "[-to a fair price.-]" in out
    code, _, err = run("pairs", "approve", IDS[0])
    assert code == 1
    assert f"to be acknowledged by name: {', '.join(names)}" in err
    code, out, _ = run("pairs", "approve", IDS[0], *flags(names), "--no-arm")
    assert (code, states(run)[IDS[0]]) == (0, "approved")
    code, out, _ = run("pairs", "approve", IDS[0])
    assert code == 0
    assert f"{IDS[0]} is armed" in out
    shown = json.loads(run("pairs", "show", IDS[0], "--json")[1])
    assert shown["pair"]["approved_by"] == getpass.getuser()
    assert shown["pair"]["acknowledged"] == names
    assert [event["to_state"] for event in shown["events"]][:2] == ["armed", "approved"]
    code, out, _ = run("pairs", "disarm", IDS[0], "--reason", "a strike")
    assert (code, states(run)[IDS[0]]) == (0, "disarmed")
    assert "a strike" in run("pairs", "show", IDS[0])[1]


def test_a_rejected_pair_is_retired_for_good(run: Run) -> None:
    run("match")
    assert run("pairs", "reject", IDS[1], "--reason", HOSTILE)[0] == 0
    assert states(run)[IDS[1]] == "retired"
    assert IDS[1] not in run("pairs", "list")[1]
    code, _, err = run("pairs", "disarm", IDS[1], "--reason", "x")
    assert (code, "cannot become disarmed" in err) == (1, True)
    out = run("pairs", "show", IDS[1])[1]
    assert "evil" in out
    assert HOSTILE[0] not in out


@pytest.mark.parametrize("act", ["show", "diff", "approve"])
def test_a_pair_that_does_not_exist_is_told(run: Run, act: str) -> None:
    code, out, err = run("pairs", act, "m-none")
    assert (code, out) == (1, "")
    assert "pair m-none: there is no such pair" in err


@pytest.mark.parametrize("act", ["show", "reject"])
def test_only_a_whole_id_names_a_pair(run: Run, act: str) -> None:
    run("match")
    before = states(run)
    reason = ["--reason", "x"] if act == "reject" else []
    for given in ("", "m-", IDS[0][:-1], IDS[0].upper()):
        code, out, err = run("pairs", act, given, *reason)
        assert (code, out) == (1, "")
        assert f"pair {given}: there is no such pair" in err
        alike = [pair_id for pair_id in IDS if given and pair_id.startswith(given)]
        assert [pair_id for pair_id in IDS if pair_id in err] == alike
    assert states(run) == before


def test_a_sheet_that_nobody_could_read_counts_as_not_shown(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("match")

    class Gone(io.StringIO):
        def flush(self) -> None:
            raise BrokenPipeError

        def fileno(self) -> int:
            return os.open(os.devnull, os.O_WRONLY)

    with monkeypatch.context() as patched:
        patched.setattr("sys.stdout", Gone())
        code, _, err = run("pairs", "diff", IDS[0])
    assert (code, err) == (141, "")
    assert "were not shown" in run("pairs", "approve", IDS[0])[2]


def test_what_a_pair_is_already_is_told_so(run: Run) -> None:
    run("match")
    for act in ("disarm", "reject"):
        assert run("pairs", act, IDS[0], "--reason", "x")[0] == 0
        code, _, err = run("pairs", act, IDS[0], "--reason", "x")
        wanted = {"disarm": "disarmed", "reject": "retired"}[act]
        assert (code, f"it is {wanted} already" in err) == (1, True)


def test_hostile_texts_leave_no_command_as_they_are(run: Run, fill: Put) -> None:
    left, right = GAMES[0]
    markets = (
        msgspec.structs.replace(left, event_title=HOSTILE, rules_secondary=HOSTILE),
        msgspec.structs.replace(right, description=HOSTILE * 1_000),
    )
    fill(*stored_both(markets))
    run("match")
    for command in (["list"], ["show", IDS[0]], ["diff", IDS[0]], ["export"]):
        for form in ([], ["--json"]):
            if command == ["export"] and form:
                continue
            code, out, err = run("pairs", *command, *form)
            assert code == 0
            assert not set("\x1b\u202e") & set(out + err), command


def test_what_is_exported_is_imported_again(run: Run, tmp_path: Path) -> None:
    run("match")
    run("pairs", "diff", IDS[0])
    run("pairs", "approve", IDS[0], *flags(names_of(run, IDS[0])))
    file = tmp_path / "out.toml"
    code, out, _ = run("pairs", "export", file)
    assert (code, "1 pairs written" in out) == (0, True)
    assert run("pairs", "export")[1] == file.read_text("utf-8")
    run("pairs", "disarm", IDS[0], "--reason", "for a while")
    code, out, _ = run("pairs", "import", file)
    assert (code, out) == (0, f"{IDS[0]} → {IDS[0]}: armed\n")
    # Nothing acknowledged, or other texts than the catalogue's: no approval.
    text = file.read_text("utf-8")
    run("pairs", "disarm", IDS[0], "--reason", "for a while")
    for old, new, told in (
        ("acknowledge = [", "acknowledge = [] # [", "to be acknowledged by name: tails"),
        ('kalshi_fingerprint = "sha256:', 'kalshi_fingerprint = "sha256:00', "fingerprints"),
    ):
        file.write_text(text.replace(old, new), "utf-8")
        code, out, _ = run("pairs", "import", file)
        assert (code, states(run)[IDS[0]]) == (0, "disarmed")
        assert told in out


def entry(pair_id: str, ticker: str, number: int, labels: tuple[str, str], more: str = "") -> str:
    return (
        f'[[pair]]\nid = "{pair_id}"\nkalshi = "{ticker}"\npolymarket = "{condition(number)}"\n'
        f'polarity = "same"\nstate = "armed"\npolymarket_yes_label = "{labels[0]}"\n'
        f'polymarket_no_label = "{labels[1]}"\n{more}\n'
    )


WRONG = entry("wrong", GAMES[0][0].ticker, 2, ("New York Yankees", "Boston Red Sox"))
RIGHT = entry("right", GAMES[1][0].ticker, 2, ("New York Yankees", "Boston Red Sox"))


def test_an_import_with_a_veto_imports_nothing(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "in.toml"
    file.write_text(RIGHT + WRONG, "utf-8")
    code, _, err = run("pairs", "import", file)
    assert code == 1
    assert "pair wrong: vetoes that are not acknowledged by name: sides" in err
    assert states(run) == {}


def test_the_pairs_file_is_held_against_the_catalogue(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "pairs.toml"
    unknown = entry("unknown", "KXNONE-1", 9, ("Yes", "No"))
    file.write_text(RIGHT + WRONG + unknown, "utf-8")
    code, out, _ = run("pairs", "check")
    assert code == 1
    assert "right (armed): agrees" in out
    assert "wrong (armed): VETO" in out
    assert "! sides: different (" in out
    assert "unknown: not judged" in out
    vetoes = json.loads(run("pairs", "check", "--json")[1])[1]["vetoes"]
    names = ", ".join(f'"{name}"' for name in vetoes)
    file.write_text(RIGHT + WRONG + f"acknowledge = [{names}]\n", "utf-8")
    code, out, _ = run("pairs", "check")
    assert (code, "wrong (armed): overridden" in out) == (0, True)


class Screen:
    """A stream that is a terminal, or not."""

    def __init__(self, *, is_terminal: bool) -> None:
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


@pytest.mark.parametrize(
    ("is_terminal", "environment", "is_coloured"),
    [
        (True, {}, True),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (True, {"TERM": "dumb"}, False),
        (False, {}, False),
    ],
)
def test_colours_are_for_terminals_that_want_them(
    monkeypatch: pytest.MonkeyPatch, *, is_terminal: bool, environment: dict[str, str],
    is_coloured: bool,
) -> None:  # fmt: skip
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "90")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    drawn = paper(cast("TextIO", Screen(is_terminal=is_terminal)))
    assert drawn.width == 90
    assert ("\x1b" in drawn.draw(drawn.wrap([INKED], 20)[0])) is is_coloured
