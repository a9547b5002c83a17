"""`twoleg sync` where nothing can be read: what it says, and its exit code."""

from pathlib import Path

import pytest

from tests.unit.cli.conftest import Run
from twoleg.storage.embedded import EmbeddedPostgres

HERE = "http://127.0.0.1:1"


@pytest.mark.parametrize("market", ["kalshi", "kalshi:", "mars:X", ":X"])
def test_a_market_is_named_with_its_venue(run: Run, market: str) -> None:
    ended = run("sync", "--market", market)
    assert ended.code == 2
    assert "is not kalshi:TICKER or polymarket:0x…" in ended.err


def test_wrong_settings_are_told_before_anything_is_done(run: Run, tmp_path: Path) -> None:
    config = tmp_path / "twoleg.toml"
    config.write_text("[catalogue]\nsync_hours = 1000\n", "utf-8")
    ended = run("sync", "--config", config)
    assert (ended.code, ended.out) == (2, "")
    assert "catalogue.sync_hours" in ended.err


def test_a_venue_that_cannot_be_reached_is_told_with_the_way_to_go_on(
    run: Run, tmp_path: Path, server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twoleg.catalogue.source.ATTEMPTS_MAX", 1)
    config = tmp_path / "twoleg.toml"
    config.write_text(
        f'[daemon]\nmode = "sim"\nenvironment = "simulated"\nstate_dir = "{tmp_path}"\n'
        f'[kalshi]\nrest_url = "{HERE}"\nws_url = "ws://127.0.0.1:1"\n'
        "[polymarket]\n"
        + "".join(f'{name}_url = "{HERE}"\n' for name in ("clob", "gamma", "data"))
        + "".join(f'ws_{name}_url = "ws://127.0.0.1:1"\n' for name in ("market", "user")),
        "utf-8",
    )
    ended = run("sync", "--config", config, DATABASE_URL=server.dsn)
    assert ended.code == 1
    assert "NOT FINISHED, the next sync goes on from here: series: kalshi:" in ended.out
    assert "NOT FINISHED, the next sync goes on from here: markets: polymarket:" in ended.out
    named = run(
        "sync", "--config", config, "--market", "kalshi:A", "--json", DATABASE_URL=server.dsn
    )
    assert named.code == 1
    assert '"finished":false' in named.out
