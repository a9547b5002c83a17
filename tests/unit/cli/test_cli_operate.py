"""`twoleg halt` and its siblings leave one request for the daemon of the configured folder."""

from pathlib import Path

import msgspec
import pytest

from tests.unit.cli.conftest import Run
from twoleg.core.events import OperatorAct
from twoleg.core.market import Venue
from twoleg.runtime.operators import AcceptRequest, Request


@pytest.mark.parametrize("act", list(OperatorAct))
def test_operator_leaves_a_request_in_the_state_folder_of_the_mode(
    run: Run, tmp_path: Path, act: OperatorAct
) -> None:
    word = act.value.replace("_", "-")
    ended = run(word, "--reason", "rules changed", TWOLEG_DAEMON__STATE_DIR=str(tmp_path))
    assert (ended.code, ended.err) == (0, "")
    assert f"{word} asked of the daemon in mode paper" in ended.out
    (path,) = (tmp_path / "paper" / "operator").iterdir()
    request = msgspec.json.decode(path.read_bytes(), type=Request)
    assert (request.act, request.reason) == (act, "rules changed")
    assert request.actor


def test_operator_whose_folder_cannot_be_written_gets_plain_words(run: Run, tmp_path: Path) -> None:
    (tmp_path / "paper").write_text("a file", encoding="utf-8")
    ended = run("halt", TWOLEG_DAEMON__STATE_DIR=str(tmp_path))
    assert ended.code == 1
    assert "cannot leave the request" in ended.err


def test_operator_with_wrong_settings_leaves_nothing(run: Run, tmp_path: Path) -> None:
    ended = run("halt", TWOLEG_DAEMON__STATE_DIR=str(tmp_path), TWOLEG_TRADING__EXECUTIONS_MAX="0")
    assert ended.code == 2
    assert list(tmp_path.iterdir()) == []


def test_operator_leaves_the_difference_that_is_to_be_accepted(run: Run, tmp_path: Path) -> None:
    ended = run(
        "accept-difference",
        "polymarket",
        "--micros=-1500000",
        "--reason",
        "withdrawn on chain",
        TWOLEG_DAEMON__STATE_DIR=str(tmp_path),
    )
    assert (ended.code, ended.err) == (0, "")
    (path,) = (tmp_path / "paper" / "operator").iterdir()
    request = msgspec.json.decode(path.read_bytes(), type=AcceptRequest)
    assert (request.venue, request.shard, request.micros) == (Venue.POLYMARKET, 0, -1_500_000)
    assert request.reason == "withdrawn on chain"
    assert path.suffix == ".accept"
