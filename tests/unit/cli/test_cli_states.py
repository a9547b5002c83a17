"""The page about executions is printed from the tables that the engine runs on."""

import pytest

from tests.support.processes import ROOT
from tests.unit.cli.conftest import Run
from twoleg.core.execution import IMPOSSIBLE, TRANSITIONS, ExecutionState, Signal
from twoleg.core.outcomes import OUTCOMES
from twoleg.core.residual import Way

PAGE = ROOT / "docs" / "execution.md"


def test_page_in_the_docs_is_what_the_command_prints(run: Run) -> None:
    ended = run("states", "--markdown")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == PAGE.read_text("utf-8"), "run: twoleg states --markdown > docs/execution.md"


def test_page_tells_every_row_once(run: Run) -> None:
    lines = run("states", "--markdown").out.splitlines()
    for (state, signal), target in TRANSITIONS.items():
        assert lines.count(f"| {state.value} | {signal.value} | {target.value} |") == 1
    for (state, signal), why in IMPOSSIBLE.items():
        assert lines.count(f"| {state.value} | {signal.value} | {why} |") == 1
    for row in OUTCOMES.values():
        assert sum(line.endswith(f"| {row.words} |") for line in lines) == 1
    for member in (*ExecutionState, *Signal, *Way):
        told = [line for line in lines if line.startswith(f"| {member.value} | ")]
        assert any(line.endswith(". |") for line in told), member


@pytest.mark.parametrize(("form", "arrow"), [("--mermaid", "-->"), ("--dot", "->")])
def test_diagram_has_every_row_as_an_arrow(run: Run, form: str, arrow: str) -> None:
    ended = run("states", form)
    assert ended.code == 0
    lines = ended.out.splitlines()
    for (state, signal), target in TRANSITIONS.items():
        head = f"    {state.value} {arrow} {target.value}"
        assert any(line.startswith(head) and signal.value in line for line in lines)


def test_table_in_the_terminal_fits_and_says_the_same(run: Run) -> None:
    ended = run("states")
    assert ended.code == 0
    assert max(map(len, ended.out.splitlines())) <= 100
    for (state, signal), target in TRANSITIONS.items():
        assert f"{state.value:<13} {signal.value:<11} -> {target.value}" in ended.out
