"""Wrong usage and wrong settings: plain words, the right exit code, never a traceback."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.processes import ROOT, clean_environment
from tests.unit.cli.conftest import Run
from twoleg.cli.main import leaves_of, report
from twoleg.errors import ConfigError, ConfigFault, CredentialError, VenueUnavailable

FAULTY = """
[daemon]
mode = "pretend"
[trading]
edge_cents_min = -1
size_contract_max = 5
"""
FAULTY_PAIRS = """
[[pair]]
id = "one"
kalshi = "lower"
polymarket = "0x12"
polarity = "same"
state = "armed"
"""
KEYS = {
    "KALSHI_API_KEY_ID": "11111111-2222-3333-4444-555555555555",
    "KALSHI_PRIVATE_KEY_PATH": "kalshi.pem",
    "POLYMARKET_PRIVATE_KEY": "ab" * 32,
    "POLYMARKET_FUNDER": f"0x{'cd' * 20}",
}
NO_KEY = "-----BEGIN PRIVATE KEY-----\nbm8ga2V5IGF0IGFsbA==\n-----END PRIVATE KEY-----\n"


def write(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


# -- check-config ----------------------------------------------------------------------------------


def test_check_config_shipped_settings_pass(run: Run, shipped_config: Path) -> None:
    ended = run("check-config", "--config", shipped_config)
    assert (ended.code, ended.err) == (0, "")
    assert "edge_cents_min = " in ended.out
    assert ended.out.endswith("0 armed\nKalshi key: not set\nPolymarket key: not set\n")


def test_check_config_reads_the_file_that_the_environment_names(
    run: Run, shipped_config: Path
) -> None:
    ended = run("check-config", TWOLEG_CONFIG=str(shipped_config), TWOLEG_DAEMON__MEMBER="one")
    assert ended.code == 0
    assert 'member = "one"' in ended.out


def test_check_config_faults_are_told_all_at_once(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "twoleg.toml", FAULTY)
    ended = run("check-config", "--config", path, TWOLEG_BREAKER__FAILURES_MAX="many")
    assert (ended.code, ended.out) == (2, "")
    lines = ended.err.splitlines()
    assert len(lines) == 4
    for key, value, right in (
        ("daemon.mode", '"pretend"', '"paper"'),
        ("trading.edge_cents_min", "-1", "0"),
        ("trading.size_contract_max", "5", "size_contracts_max"),
    ):
        [line] = [line for line in lines if f"{key} = {value}" in line]
        assert str(path) in line
        assert right in line.partition(value)[2]
    assert "TWOLEG_BREAKER__FAILURES_MAX" in ended.err


def test_check_config_faults_of_pairs_and_key_are_told_together(run: Run, tmp_path: Path) -> None:
    write(tmp_path / "pairs.toml", FAULTY_PAIRS)
    path = write(tmp_path / "twoleg.toml", "")
    ended = run("check-config", "--config", path, KALSHI_PRIVATE_KEY_PATH=str(tmp_path / "no.pem"))
    assert ended.code == 2
    assert "pair[1].kalshi" in ended.err
    assert "pair[1].polymarket" in ended.err
    assert "kalshi: KALSHI_PRIVATE_KEY_PATH" in ended.err


def test_check_config_never_shows_a_secret(run: Run, shipped_config: Path) -> None:
    key, url = "ab" * 32, "postgresql://me:hunter2@localhost/x"
    ended = run(
        "check-config",
        "--config",
        shipped_config,
        POLYMARKET_PRIVATE_KEY=key,
        DATABASE_URL=url,
    )
    assert ended.code == 0
    assert "Polymarket key: set" in ended.out
    assert key not in ended.out
    assert "hunter2" not in ended.out


# -- keys ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["run", "check-config"])
@pytest.mark.parametrize("content", [None, "no key at all", NO_KEY])
def test_kalshi_key_that_cannot_be_used_names_variable_and_venue(
    run: Run, tmp_path: Path, command: str, content: str | None
) -> None:
    path = tmp_path / "kalshi.pem"
    if content is not None:
        write(path, content)
    config = write(tmp_path / "twoleg.toml", f'[daemon]\nstate_dir = "{tmp_path / "state"}"\n')
    write(tmp_path / "pairs.toml", one_pair())
    ended = run(
        command,
        "--config",
        config,
        KALSHI_API_KEY_ID=KEYS["KALSHI_API_KEY_ID"],
        KALSHI_PRIVATE_KEY_PATH=str(path),
    )
    assert ended.code == 2
    assert "kalshi: KALSHI_PRIVATE_KEY_PATH" in ended.err
    assert "Traceback" not in ended.err
    for line in (content or "").splitlines():
        assert line not in ended.out + ended.err


def test_run_without_kalshi_key_names_the_variable(run: Run, tmp_path: Path) -> None:
    config = write(tmp_path / "twoleg.toml", f'[daemon]\nstate_dir = "{tmp_path / "state"}"\n')
    write(tmp_path / "pairs.toml", one_pair())
    ended = run("run", "--config", config)
    assert ended.code == 2
    assert ended.err == "twoleg: kalshi: KALSHI_API_KEY_ID: is not set\n"


def one_pair() -> str:
    text = FAULTY_PAIRS.replace('"lower"', '"KXUPPER-1"')
    return text.replace('"0x12"', f'"0x{"12" * 32}"')


# -- run -------------------------------------------------------------------------------------------


def test_run_without_pairs_says_so(run: Run, tmp_path: Path) -> None:
    """And finds none by itself either."""
    config = write(tmp_path / "twoleg.toml", "[catalogue]\nbackground = false\n")
    write(tmp_path / "pairs.toml", "")
    ended = run("run", "--config", config)
    assert ended.code == 2
    assert "at least one [[pair]]" in ended.err


def test_run_live_on_the_command_line_alone_is_refused(run: Run, tmp_path: Path) -> None:
    config = write(tmp_path / "twoleg.toml", '[daemon]\nmode = "live"\n')
    ended = run("run", "--live", "--config", config, **KEYS)
    assert ended.code == 2
    assert "trading.live = false" in ended.err


def test_run_live_in_the_file_alone_is_refused(run: Run, tmp_path: Path) -> None:
    config = write(tmp_path / "twoleg.toml", '[daemon]\nmode = "live"\n[trading]\nlive = true\n')
    ended = run("run", "--config", config, **KEYS)
    assert ended.code == 2
    assert "--live = not given" in ended.err


def test_run_live_in_mode_paper_is_refused(run: Run, shipped_config: Path) -> None:
    ended = run("run", "--live", "--config", shipped_config)
    assert ended.code == 2
    assert 'daemon.mode = "paper"' in ended.err


# -- usage -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "COMMAND"),
        (["trade"], "invalid choice: 'trade'"),
        (["demo", "--seconds", "soon"], "'soon' is no whole number from 1 to 86400"),
        (["demo", "--pairs", "501"], "'501' is no whole number from 1 to 500"),
        (["sim", "kalshi", "--port", "99999"], "'99999' is no whole number from 0 to 65535"),
        (["sim", "kalshi", "--speed", "0"], "'0' is no whole number from 1 to 10000"),
        (["sim", "nowhere"], "invalid choice: 'nowhere'"),
    ],
)
def test_wrong_usage_is_told_in_plain_words(run: Run, arguments: list[str], told: str) -> None:
    ended = run(*arguments)
    assert ended.code == 2
    assert told in ended.err
    assert "Traceback" not in ended.err


def test_python_without_assertions_is_refused() -> None:
    ended = subprocess.run(
        [sys.executable, "-O", "-m", "twoleg", "--version"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=clean_environment(),
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "python -O" in ended.stderr


def test_help_does_not_load_the_trading_program() -> None:
    code = (
        "import sys\nfrom twoleg.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "assert not {'aiohttp', 'asyncpg', 'eth_account'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, cwd=ROOT)


def test_simulator_rule_that_cannot_be_read_names_its_file(run: Run, tmp_path: Path) -> None:
    path = write(tmp_path / "faults.json", '[{"on": "POST /order", "kind": "gremlin"}]')
    ended = run("sim", "polymarket", "--faults", path)
    assert ended.code == 2
    assert str(path) in ended.err
    assert "gremlin" in ended.err


@pytest.mark.parametrize("content", ["{}", "no json"])
def test_simulator_file_of_the_wrong_shape_is_refused(
    run: Run, tmp_path: Path, content: str
) -> None:
    path = write(tmp_path / "faults.json", content)
    ended = run("sim", "kalshi", "--faults", path)
    assert ended.code == 2
    assert str(path) in ended.err


# -- errors ----------------------------------------------------------------------------------------


def test_group_of_errors_is_told_leaf_by_leaf(capsys: pytest.CaptureFixture[str]) -> None:
    venue = VenueUnavailable("kalshi", "timeout")
    key = CredentialError("kalshi", "KALSHI_API_KEY_ID", "is not set")
    error = ExceptionGroup("outer", [venue, ExceptionGroup("inner", [key])])
    assert leaves_of(error) == [venue, key]
    assert report(error) == 2
    assert capsys.readouterr().err.splitlines() == [
        "twoleg: kalshi: timeout",
        "twoleg: kalshi: KALSHI_API_KEY_ID: is not set",
    ]


def test_error_that_nobody_foresaw_keeps_its_traceback() -> None:
    with pytest.raises(ExceptionGroup):
        report(ExceptionGroup("bug", [ConfigError((ConfigFault("f", "k", "v", "e"),)), KeyError()]))


def test_error_without_words_is_told_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert report(ConnectionResetError()) == 1
    assert capsys.readouterr().err == "twoleg: ConnectionResetError\n"
