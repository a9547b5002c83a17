from itertools import pairwise

from tests.support.processes import ROOT
from tests.unit.cli.conftest import Run
from twoleg.venues.kalshi.meanings import ROWS as KALSHI_ROWS
from twoleg.venues.kalshi.wserrors import WsError
from twoleg.venues.polymarket.meanings import ROWS as POLYMARKET_ROWS

PAGE = ROOT / "docs" / "meanings.md"


def test_page_in_the_docs_is_what_the_command_prints(run: Run) -> None:
    ended = run("meanings", "--markdown")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == PAGE.read_text("utf-8"), (
        "run: twoleg meanings --markdown > docs/meanings.md"
    )


def test_page_tells_every_row_and_none_twice(run: Run) -> None:
    lines = run("meanings", "--markdown").out.splitlines()
    for row in KALSHI_ROWS:
        told = [
            line
            for line in lines
            if f"| {row.words} |" in line and row.code_prefix.strip("*") in line
        ]
        assert told, row
    for part in POLYMARKET_ROWS:
        assert any(f"`{part.part}`" in line or not part.part for line in lines), part
        assert any(f"| `{part.code}` |" in line and part.words in line for line in lines), part
    for code in WsError:
        assert sum(line.startswith(f"| {code.value} |") for line in lines) == 1
    rows = [line for line in lines if line.startswith("| ") and "| --- |" not in line]
    assert len(rows) < 200
    assert {len(row.split(" | ")) for row in rows} == {3, 4, 5}


def test_table_in_the_terminal_fits_and_says_the_same(run: Run) -> None:
    ended = run("meanings")
    assert ended.code == 0
    lines = ended.out.splitlines()
    assert max(map(len, lines)) <= 100
    assert "409 fill_or_kill_insufficient_resting_volume → missed" in lines
    assert "    the rate bucket is empty" in lines
    titles = [above for above, below in pairwise(lines) if set(below) == {"-"}]
    page = run("meanings", "--markdown").out
    assert titles == [line[3:] for line in page.splitlines() if line.startswith("## ")]
