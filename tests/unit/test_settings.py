"""Settings load from every layer, tell all faults at once, and never show a secret."""

import copy
import os
import pickle
import tomllib
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from twoleg.core.limits import BreakerLimits, Limits
from twoleg.errors import ConfigError, ConfigFault, CredentialError
from twoleg.settings import (
    KEY_VARIABLES,
    RESTART_KEYS,
    Environment,
    LogLevel,
    MemberType,
    Mode,
    Secret,
    Settings,
    Sync,
    describe,
    diff,
    kalshi_private_key,
    known_secrets,
    load_settings,
    require_live,
)
from twoleg.settings.loading import SPECS

ROOT = Path(__file__).resolve().parents[2]
PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADAN\n-----END PRIVATE KEY-----"
SECRETS = {
    "KALSHI_API_KEY_ID": "a952bcbe-ec3b-4b5b-b8f9-11dae589608c",
    "KALSHI_PRIVATE_KEY": PEM,
    "POLYMARKET_PRIVATE_KEY": "0x" + "ac" * 32,
    "POLYMARKET_FUNDER": "0x" + "12" * 20,
    "POLYMARKET_API_KEY": "11111111-2222-3333-4444-555555555555",
    "POLYMARKET_API_SECRET": "c2VjcmV0LXNlY3JldA==",
    "POLYMARKET_API_PASSPHRASE": "deadbeefdeadbeef",
    "DATABASE_URL": "postgresql://me:hunter2hunter2@db/twoleg",
}
HIDDEN_TEXTS = [
    "MIIEvQIBADAN", "acacacac", "11111111-2222", "c2VjcmV0", "deadbeef", "hunter2",
]  # fmt: skip

Load = Callable[..., Settings]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def _load(
        text: str = "", environ: Mapping[str, str] | None = None, **overrides: object
    ) -> Settings:
        path = tmp_path / "twoleg.toml"
        path.write_text(text, encoding="utf-8")
        given = {key.replace("__", "."): value for key, value in overrides.items()}
        return load_settings(path, environ or {}, overrides=given)

    return _load


def faults_of(call: Callable[[], object]) -> tuple[ConfigFault, ...]:
    with pytest.raises(ConfigError) as caught:
        call()
    return caught.value.faults


def fault_keys(call: Callable[[], object]) -> list[str]:
    return [fault.key for fault in faults_of(call)]


def test_no_file_gives_the_defaults() -> None:
    settings = load_settings(None, {"HOME": "/home/me"})
    assert settings.daemon.mode is Mode.PAPER
    assert settings.trading.live is False
    assert settings.limits == Limits()


def test_limits_are_exact_in_every_field(load: Load) -> None:
    settings = load(
        """
        [trading]
        edge_cents_min = 0.0001
        edge_cents_max = 12.3456
        size_contracts_max = 0.03
        position_contracts_max = 700.01
        depth_share_percent_max = 33.33
        unhedged_dollars_max = 0.000001
        cash_reserve_dollars = 7.5
        executions_max = 5
        feed_lag_ms_max = 900
        price_cents_min = 1.5
        price_cents_max = 97.25
        fill_curve_percent = [[5, 90], [100, 1.25]]
        unwind_loss_cents = 3
        rollback_loss_cents_max = 11
        rollback_attempts_max = 9
        rollback_retry_ms = 251
        hold_ms_max = 60001
        rollback_ladder_cents_ms = [[0.01, 5], [1.5, 60000]]
        feed_skew_ms_max = 751
        edge_stable_ms = 0
        exit_depth_percent_min = 150.5
        close_seconds_min = 0.001
        hurdle_percent_per_year = 4.25
        exit_gain_cents_min = 0.0001
        prior_tries = 21
        second_fill_percent = 63.31
        poll_ms_max = 30001
        [breaker]
        failures_max = 6
        open_seconds = 1.5
        loss_dollars_max = 0.000001
        unwind_rate_percent_max = 50.01
        void_rate_percent_max = 0.01
        rate_window = 21
        fee_micros_tolerance = 0
        difference_dollars_max = 0.100001
        difference_contracts_max = 0.01
        journal_stall_ms_max = 10
        clock_skew_ms_max = 1001
        """
    )
    expected = Limits(
        edge_micros_min=1,
        edge_micros_max=123_456,
        size_e6_max=30_000,
        position_e6_max=700_010_000,
        depth_share_e4=3_333,
        unhedged_micros_max=1,
        cash_reserve_micros=7_500_000,
        executions_max=5,
        feed_lag_ms_max=900,
        price_e4_min=150,
        price_e4_max=9_725,
        fill_curve=((500, 9_000), (10_000, 125)),
        unwind_loss_micros=30_000,
        rollback_loss_micros_max=110_000,
        rollback_attempts_max=9,
        rollback_retry_ms=251,
        hold_ms_max=60_001,
        rollback_ladder=((1, 5), (150, 60_000)),
        feed_skew_ms_max=751,
        edge_stable_ms=0,
        exit_depth_share_e4_min=15_050,
        close_ms_min=1,
        hurdle_e4_per_year=425,
        exit_gain_micros_min=1,
        prior_tries=21,
        second_fill_e4=6_331,
        poll_ms_max=30_001,
        breaker=BreakerLimits(
            failures_max=6,
            open_ms=1_500,
            loss_micros_max=1,
            unwind_rate_e4_max=5_001,
            void_rate_e4_max=1,
            rate_window=21,
            fee_micros_tolerance=0,
            difference_micros_max=100_001,
            difference_e6_max=10_000,
            journal_stall_ms_max=10,
            clock_skew_ms_max=1_001,
        ),
    )
    assert settings.limits == expected
    # What equals a default could have been forgotten on the way.
    for mine, default in ((expected, Limits()), (expected.breaker, BreakerLimits())):
        fields = mine.__struct_fields__
        assert [f for f in fields if getattr(mine, f) == getattr(default, f)] == []


@pytest.mark.parametrize(
    "line",
    [
        "edge_cents_min = 0.00001",
        "edge_cents_min = 0.50000000000000000000000000000000001",
        "edge_cents_min = -1",
        "edge_cents_min = nan",
        "edge_cents_min = inf",
        "edge_cents_min = 1e-999999",
        'edge_cents_min = "0.5"',
        "edge_cents_min = true",
        "size_contracts_max = 0.005",
        "size_contracts_max = 0",
        "executions_max = 4.0",
        "executions_max = 0",
        "executions_max = true",
        "price_cents_max = 100",
        "live = 1",
        'live = "true"',
        "fill_curve_percent = []",
        "fill_curve_percent = 5",
        "fill_curve_percent = [[25, 60], [10, 70]]",
        "fill_curve_percent = [[0, 60]]",
        "fill_curve_percent = [[10, 60, 3]]",
        "fill_curve_percent = [[10, 0.001]]",
        "fill_curve_percent = [[10, 101]]",
        "rollback_ladder_cents_ms = []",
        "rollback_ladder_cents_ms = 5",
        "rollback_ladder_cents_ms = [[1, 250], [0.5, 500]]",
        "rollback_ladder_cents_ms = [[1, 250], [1, 500]]",
        "rollback_ladder_cents_ms = [[0, 250, 1]]",
        "rollback_ladder_cents_ms = [[0.001, 250]]",
        "rollback_ladder_cents_ms = [[0, 0]]",
        "rollback_ladder_cents_ms = [[0, 1.5]]",
        "close_seconds_min = -1",
    ],
)
def test_a_value_that_is_not_representable_or_out_of_range_is_a_fault(
    load: Load, line: str
) -> None:
    (fault,) = faults_of(lambda: load(f"[trading]\n{line}"))
    assert fault.key == f"trading.{line.split(' ', maxsplit=1)[0]}"
    assert fault.expected


def test_all_faults_are_told_at_once_with_source_key_value_and_remedy(load: Load) -> None:
    faults = faults_of(
        lambda: load(
            """
            daemon = 3
            [tradin]
            [trading]
            edge_cent_min = 1
            executions_max = 900
            [kalshi]
            private_key = "very-secret"
            [logs]
            level = "loud"
            """,
            {
                "TWOLEG_BREAKER__FAILURES_MAX": "none",
                "TWOLEG_PAPER__LATENCY": "4",
                "DATABASE_URL": "mysql://a:bbbbbb@c",
            },
            paper__latency_ms=-1,
        )
    )
    told = {fault.key: fault for fault in faults}
    assert list(told) == [
        "daemon", "tradin", "trading.edge_cent_min", "trading.executions_max", "kalshi.private_key",
        "logs.level", "breaker.failures_max", "paper.latency", "database.url", "paper.latency_ms",
    ]  # fmt: skip
    assert told["tradin"].expected == "no such section; did you mean trading?"
    assert "did you mean edge_cents_min?" in told["trading.edge_cent_min"].expected
    assert told["trading.executions_max"].value == "900"
    assert told["trading.executions_max"].expected == "a whole number from 1 to 64"
    assert told["trading.executions_max"].source.endswith("twoleg.toml")
    assert "KALSHI_PRIVATE_KEY" in told["kalshi.private_key"].expected
    assert told["logs.level"].expected == 'one of "debug", "info", "warning", "error"'
    assert told["breaker.failures_max"].source == "TWOLEG_BREAKER__FAILURES_MAX"
    assert "did you mean TWOLEG_PAPER__LATENCY_MS?" in told["paper.latency"].expected
    assert told["database.url"].source == "DATABASE_URL"
    assert told["paper.latency_ms"].source == "command line"
    text = str(ConfigError(faults))
    assert "very-secret" not in text
    assert "bbbbbb" not in text


def test_unreadable_files_are_faults(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    (missing,) = faults_of(lambda: load_settings(path, {}))
    assert "can be read" in missing.expected
    for content in (
        b"[a",
        b"\xff",
        b"a = " + b"9" * 5_000,
        b"a = " + b"[" * 5_000,
        b"a=1e" + b"9" * 40,
    ):
        path.write_bytes(content)
        (fault,) = faults_of(lambda: load_settings(path, {}))
        assert "valid TOML" in fault.expected or fault.key == "a"


def test_environment_goes_before_file_and_command_line_before_both(load: Load) -> None:
    text = "[trading]\nexecutions_max = 5\n[paper]\nlatency_ms = 5\n[logs]\nlevel = 'error'"
    environ = {
        "TWOLEG_TRADING__EXECUTIONS_MAX": "6",
        "TWOLEG_PAPER__LATENCY_MS": "6",
        "TWOLEG_TRADING__EDGE_CENTS_MIN": "0.75",
        "TWOLEG_TRADING__LIVE": "true",
        "TWOLEG_TRADING__FILL_CURVE_PERCENT": "[[10, 79.5]]",
        "TWOLEG_DAEMON__MEMBER": "007",
        "TWOLEG_BREAKER__FAILURES_MAX": "",
        "TWOLEG_CONFIG": "elsewhere",
    }
    settings = load(
        text, environ, paper__latency_ms="7", kalshi__member_type=MemberType.BROKER.value
    )
    assert settings.trading.executions_max == 6
    assert settings.paper.latency_ms == 7
    assert settings.logs.level is LogLevel.ERROR
    assert settings.trading.edge_cents_min == Decimal("0.75")
    assert settings.trading.live is True
    assert settings.trading.fill_curve_percent == ((Decimal(10), Decimal("79.5")),)
    assert settings.daemon.member == "007"
    assert settings.breaker.failures_max == 5
    assert settings.kalshi.member_type is MemberType.BROKER


def test_wrong_value_hidden_by_a_later_layer_is_still_told(load: Load) -> None:
    environ = {"TWOLEG_PAPER__LATENCY_MS": "6"}
    assert fault_keys(lambda: load("[paper]\nlatency_ms = -5", environ)) == ["paper.latency_ms"]


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("TWOLEG_TRADING_LIVE", "true"),
        ("TWOLEG_DEMO__FAULTS", "1"),
        ("TWOLEG_KALSHI__PRIVATE_KEY", "x"),
        ("TWOLEG_TRADING__FILL_CURVE_PERCENT", "[[1"),
        ("TWOLEG_TRADING__EXECUTIONS_MAX", "9" * 5_000),
        ("TWOLEG_TRADING__LIVE", "yes"),
    ],
)
def test_bad_variables_are_faults_of_their_own_name(load: Load, variable: str, text: str) -> None:
    (fault,) = faults_of(lambda: load("", {variable: text}))
    assert fault.source == variable
    assert len(fault.value) <= 60


def test_unknown_override_is_a_fault(load: Load) -> None:
    (fault,) = faults_of(lambda: load("", daemon__mod="live"))
    assert "did you mean daemon.mode?" in fault.expected


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[trading]\nedge_cents_min = 20", "trading.edge_cents_min"),
        ("[trading]\nprice_cents_min = 50\nprice_cents_max = 50", "trading.price_cents_min"),
        ("[trading]\nsize_contracts_max = 501", "trading.size_contracts_max"),
        ("[trading]\nunwind_loss_cents = 11", "trading.unwind_loss_cents"),
        (
            "[trading]\nrollback_ladder_cents_ms = [[0, 250], [10.01, 500]]",
            "trading.rollback_ladder_cents_ms",
        ),
        ("[kalshi]\nrollback_tokens_reserve = 100", "kalshi.rollback_tokens_reserve"),
        ("[polymarket]\nrollback_tokens_reserve = 40", "polymarket.rollback_tokens_reserve"),
        ("[journal]\nreserve_mib = 64", "journal.reserve_mib"),
        ("[polymarket]\nchain_id = 80002", "polymarket.chain_id"),
        ("[daemon]\nmode = 'sim'", "daemon.environment"),
    ],
)
def test_relations_are_checked_together(load: Load, text: str, key: str) -> None:
    assert fault_keys(lambda: load(text)) == [key]


def test_relation_of_a_key_that_does_not_read_is_not_judged(load: Load) -> None:
    text = "[trading]\nedge_cents_min = 20\nedge_cents_max = 'x'"
    assert fault_keys(lambda: load(text)) == ["trading.edge_cents_max"]


def test_relation_names_both_values_and_the_layer(load: Load) -> None:
    (fault,) = faults_of(lambda: load("", {"TWOLEG_TRADING__EDGE_CENTS_MAX": "0.1"}))
    assert fault.source == "TWOLEG_TRADING__EDGE_CENTS_MAX"
    assert fault.value == "0.5 (trading.edge_cents_max = 0.1)"


@pytest.mark.parametrize(
    ("text", "variable"),
    [
        ('[kalshi]\nkey_id = "very-secret"', "KALSHI_API_KEY_ID"),
        ('[kalshi]\nprivate_key_path = "very-secret"', "KALSHI_PRIVATE_KEY_PATH"),
        ('[polymarket]\nprivate_key = "very-secret"', "POLYMARKET_PRIVATE_KEY"),
        ('[polymarket]\nfunder = "very-secret"', "POLYMARKET_FUNDER"),
        ('[polymarket]\napi_key = "very-secret"', "POLYMARKET_API_KEY"),
        ('[polymarket]\napi_secret = "very-secret"', "POLYMARKET_API_SECRET"),
        ('[polymarket]\napi_passphrase = "very-secret"', "POLYMARKET_API_PASSPHRASE"),
        ('[database]\nurl = "very-secret"', "DATABASE_URL"),
    ],
)
def test_secret_in_the_file_is_a_fault_that_names_its_variable(
    load: Load, text: str, variable: str
) -> None:
    (fault,) = faults_of(lambda: load(text))
    assert variable in fault.expected
    assert "very-secret" not in str(fault)


@pytest.mark.parametrize(
    "text",
    [
        '[kalshi]\nsecret_key = "very-secret"',
        '[kalshi]\npem = "a-long-very-secret-text"',
        '[kalshi.keys]\nmine = "very-secret"',
        '[private_key]\nmine = "very-secret"',
        '[trading]\nsignature = "very-secret"',
    ],
)
def test_secret_under_an_unknown_name_is_not_shown(load: Load, text: str) -> None:
    assert "very-secret" not in str(ConfigError(faults_of(lambda: load(text))))


@pytest.mark.parametrize(
    "variable", sorted(set(SECRETS) - {"KALSHI_API_KEY_ID", "POLYMARKET_FUNDER"})
)
def test_malformed_secret_is_a_fault_without_its_value(load: Load, variable: str) -> None:
    faults = faults_of(lambda: load("", SECRETS | {variable: "mal formed"}))
    assert faults[0].source == variable
    assert "mal formed" not in str(ConfigError(faults))


def test_secrets_are_in_no_text_copy_or_encoding(load: Load) -> None:
    settings = load("", SECRETS)
    other = load("", SECRETS | {"POLYMARKET_PRIVATE_KEY": "0x" + "ad" * 32})
    texts = [repr(settings), str(settings), str(describe(settings)), str(diff(settings, other))]
    texts.append(repr(pickle.dumps(settings)))
    texts.append(msgspec.json.encode(settings, enc_hook=str).decode())
    for hidden in HIDDEN_TEXTS:
        assert not [text for text in texts if hidden in text]
    with pytest.raises(TypeError):
        msgspec.json.encode(settings.kalshi.private_key)
    assert settings.kalshi.private_key.reveal() == PEM
    assert set(known_secrets(settings)) == {
        SECRETS[name] for name in set(SECRETS) - {"KALSHI_API_KEY_ID", "POLYMARKET_FUNDER"}
    }


def test_secret_type_gives_its_text_to_reveal_only() -> None:
    secret = Secret("hunter2")
    assert secret.reveal() == "hunter2"
    assert "hunter2" not in f"{secret} {secret!r} {secret}"
    assert pickle.loads(pickle.dumps(secret)) == Secret()
    assert copy.deepcopy([secret])[0].reveal() == copy.copy(secret).reveal() == "hunter2"
    assert secret == Secret("hunter2") != Secret("other")
    assert secret != "hunter2"
    assert len({secret, Secret("hunter2")}) == 1
    assert bool(secret)
    assert not Secret()
    assert (repr(Secret()), str(Secret())) == ("Secret()", "")


def test_kalshi_key_comes_from_text_or_file(load: Load, tmp_path: Path) -> None:
    inline = load("", {"KALSHI_PRIVATE_KEY": PEM.replace("\n", "\\n")})
    assert kalshi_private_key(inline.kalshi).reveal() == PEM
    path = tmp_path / "key.pem"
    settings = load("", {"KALSHI_PRIVATE_KEY_PATH": str(path)})
    with pytest.raises(CredentialError, match="No such file"):
        kalshi_private_key(settings.kalshi)
    for content in (b"no key", b"\xff\xfe"):
        path.write_bytes(content)
        with pytest.raises(CredentialError, match="not a PEM text"):
            kalshi_private_key(settings.kalshi)
    path.write_text(PEM + "\n")
    assert kalshi_private_key(settings.kalshi).reveal() == PEM
    both = {"KALSHI_PRIVATE_KEY_PATH": str(path), "KALSHI_PRIVATE_KEY": PEM}
    assert fault_keys(lambda: load("", both)) == ["kalshi.private_key_path"]


def test_api_credentials_come_together(load: Load) -> None:
    environ = {"POLYMARKET_API_KEY": SECRETS["POLYMARKET_API_KEY"]}
    assert fault_keys(lambda: load("", environ)) == ["polymarket.api_key"]


SIMULATED = "[daemon]\nmode = 'sim'\nenvironment = 'simulated'\n"


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost", "127.9.9.9"])
def test_simulator_addresses_are_taken_on_loopback(load: Load, host: str) -> None:
    url = f"http://{host}:8000/trade-api/v2"
    assert load(SIMULATED + f"[kalshi]\nrest_url = '{url}/'").kalshi.rest_url == url


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://example.com/",
        "http://127.0.0.1.example.com/",
        "http://10.0.0.1:80/",
        "http://user:pw@127.0.0.1/",
        "http://127.0.0.1@example.com/",
        "ws://127.0.0.1:1/",
        "ftp://127.0.0.1/",
        "http://127.0.0.1:99999/",
        "http://[::1/",
        "127.0.0.1",
        "",
    ],
)
def test_other_addresses_are_refused(load: Load, url: str) -> None:
    assert fault_keys(lambda: load(SIMULATED + f"[kalshi]\nrest_url = '{url}'")) == [
        "kalshi.rest_url"
    ]


def test_addresses_of_our_own_are_refused_where_the_venue_is_real(load: Load) -> None:
    text = "[kalshi]\nws_url = 'ws://127.0.0.1:1'\n[polymarket]\nclob_url = 'http://127.0.0.1:1'\n"
    assert fault_keys(lambda: load(text)) == ["kalshi.ws_url", "polymarket.clob_url"]
    demo = "[daemon]\nenvironment = 'demo'\n" + text
    assert fault_keys(lambda: load(demo)) == ["kalshi.ws_url"]


def test_addresses_follow_the_environment(load: Load) -> None:
    production = load()
    assert production.kalshi.rest_url == "https://external-api.kalshi.com/trade-api/v2"
    assert production.kalshi.rest_url_2 == "https://api.elections.kalshi.com/trade-api/v2"
    assert production.polymarket.geoblock_url == "https://polymarket.com/api/geoblock"
    assert production.polymarket.ws_user_url.startswith("wss://")
    demo = load("[daemon]\nenvironment = 'demo'")
    assert demo.kalshi.ws_url == "wss://external-api-ws.demo.kalshi.co/trade-api/ws/v2"
    assert demo.kalshi.ws_url_2 == "wss://demo-api.kalshi.co/trade-api/ws/v2"
    assert demo.polymarket.clob_url == demo.polymarket.geoblock_url == ""
    simulated = load(SIMULATED)
    assert simulated.kalshi.rest_url == simulated.polymarket.gamma_url == ""
    assert simulated.kalshi.rest_url_2 == simulated.polymarket.geoblock_url == ""
    assert simulated.daemon.environment is Environment.SIMULATED


def test_second_door_and_place_are_the_venues_own_where_it_is_real(load: Load) -> None:
    text = (
        "[kalshi]\nws_url_2 = 'ws://127.0.0.1:1'\n"
        "[polymarket]\ngeoblock_url = 'http://127.0.0.1:1/api/geoblock'\n"
    )
    assert fault_keys(lambda: load(text)) == ["kalshi.ws_url_2", "polymarket.geoblock_url"]
    assert load(SIMULATED + text).kalshi.ws_url_2 == "ws://127.0.0.1:1"


@pytest.mark.parametrize(
    "line",
    [
        "connections = 0",
        "connections = 4",
        "lag_ms_max = 99",
        "self_trade_prevention = 'both'",
        "cancel_order_on_pause = 'no'",
    ],
)
def test_kalshi_wire_settings_are_checked(load: Load, line: str) -> None:
    assert fault_keys(lambda: load(f"[kalshi]\n{line}")) == [f"kalshi.{line.split(maxsplit=1)[0]}"]


LIVE = "[daemon]\nmode = 'live'\n[trading]\nlive = true\n"


def test_live_needs_its_keys(load: Load) -> None:
    assert fault_keys(lambda: load(LIVE)) == [
        "kalshi.key_id", "kalshi.private_key", "polymarket.private_key", "polymarket.funder",
    ]  # fmt: skip
    assert fault_keys(
        lambda: load(LIVE.replace("[trading]", "environment='simulated'\n[trading]"), SECRETS)
    ) == ["daemon.environment"]


def test_who_does_not_trade_needs_no_keys(tmp_path: Path) -> None:
    path = tmp_path / "twoleg.toml"
    path.write_text(LIVE, encoding="utf-8")
    without = {name: text for name, text in SECRETS.items() if name not in KEY_VARIABLES}
    assert set(without) == {"DATABASE_URL"}
    settings = load_settings(path, without, needs_keys=False)
    assert settings.daemon.mode is Mode.LIVE
    assert known_secrets(settings) == (SECRETS["DATABASE_URL"],)


def test_live_needs_file_and_flag(load: Load) -> None:
    settings = load(LIVE, SECRETS)
    require_live(settings, flag=True)
    require_live(load(), flag=False)
    assert fault_keys(lambda: require_live(settings, flag=False)) == ["--live"]
    without = load("[daemon]\nmode = 'live'", SECRETS)
    assert fault_keys(lambda: require_live(without, flag=True)) == ["trading.live"]
    assert fault_keys(lambda: require_live(without, flag=False)) == ["trading.live", "--live"]
    assert fault_keys(lambda: require_live(load(), flag=True)) == ["daemon.mode"]


def test_journal_flushes_to_disk_in_live_unless_told_otherwise(load: Load) -> None:
    assert load().journal.sync is Sync.PROCESS
    assert load(LIVE, SECRETS).journal.sync is Sync.POWER
    assert load(LIVE + "[journal]\nsync = 'process'", SECRETS).journal.sync is Sync.PROCESS
    text = LIVE + "[journal]\nsync = 'process'"
    assert load(text, SECRETS, journal__sync="auto").journal.sync is Sync.POWER
    again = SECRETS | {"TWOLEG_JOURNAL__SYNC": "auto"}
    assert load(text, again).journal.sync is Sync.POWER


@pytest.mark.parametrize(
    ("uid", "environ", "expected"),
    [
        (0, {"HOME": "/root"}, "/var/lib/twoleg"),
        (1000, {"XDG_STATE_HOME": "/state", "HOME": "/home/me"}, "/state/twoleg"),
        (1000, {"XDG_STATE_HOME": "relative", "HOME": "/home/me"}, "/home/me/.local/state/twoleg"),
        (1000, {"HOME": "/home/me"}, "/home/me/.local/state/twoleg"),
        (1000, {"TWOLEG_DAEMON__STATE_DIR": "/other"}, "/other"),
    ],
)
def test_state_folder_fits_the_user_and_the_mode(
    monkeypatch: pytest.MonkeyPatch, uid: int, environ: dict[str, str], expected: str
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    settings = load_settings(None, environ)
    assert settings.daemon.state_dir == Path(expected)
    assert settings.state_dir == Path(expected) / "paper"


def test_relative_state_folder_is_refused(load: Load) -> None:
    assert fault_keys(lambda: load("[daemon]\nstate_dir = 'state'")) == ["daemon.state_dir"]


def test_pairs_file_starts_at_the_settings_file(load: Load, tmp_path: Path) -> None:
    assert load().pairs.file == tmp_path / "pairs.toml"
    assert load("[pairs]\nfile = '/abs/p.toml'").pairs.file == Path("/abs/p.toml")
    assert load("", pairs__file="here.toml").pairs.file == Path("here.toml")


def test_diff_names_what_changes_and_what_waits_for_a_restart(load: Load) -> None:
    old = load()
    new = load(
        "[trading]\nexecutions_max = 9\n[daemon]\nmember = 'b'",
        {"DATABASE_URL": SECRETS["DATABASE_URL"]},
    )
    changes = {change.key: change for change in diff(old, new)}
    assert set(changes) == {"trading.executions_max", "daemon.member", "database.url"}
    assert (changes["trading.executions_max"].old, changes["trading.executions_max"].new) == (
        "4",
        "9",
    )
    assert not changes["trading.executions_max"].needs_restart
    assert changes["daemon.member"].needs_restart
    assert (changes["database.url"].old, changes["database.url"].new) == ("(not set)", "(hidden)")
    assert diff(old, old) == ()
    assert {"daemon.mode", "kalshi.rest_url", "database.url", "trading.live"} <= RESTART_KEYS
    assert "trading.edge_cents_min" not in RESTART_KEYS


def test_settings_cannot_be_changed_in_place() -> None:
    settings: Any = Settings()
    with pytest.raises(AttributeError):
        settings.trading.live = True
    with pytest.raises(AttributeError):
        settings.trading = None


def test_reference_file_lists_every_key_with_its_default() -> None:
    path = ROOT / "config" / "twoleg.toml"
    tables = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    expected = {
        section: [name for name, spec in specs.items() if not spec.variable]
        for section, specs in SPECS.items()
    }
    assert {section: sorted(table) for section, table in tables.items()} == {
        section: sorted(names) for section, names in expected.items()
    }
    for section, names in expected.items():
        for name in names:
            spec = SPECS[section][name]
            raw = tables[section][name]
            assert raw == "auto" if spec.is_auto else spec.kind.read(raw) == spec.default, name
    changes = diff(load_settings(None, {}), load_settings(path, {}))
    assert [change.key for change in changes] == ["pairs.file"]


def test_every_key_of_the_reference_file_has_a_comment() -> None:
    above = ""
    for line in (ROOT / "config" / "twoleg.toml").read_text(encoding="utf-8").splitlines():
        if line and line[0].isalpha():
            # Keys that share one comment stand directly below each other.
            assert above.startswith("#") or above[:1].isalpha(), line
        above = line


def test_environment_example_names_every_variable() -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    listed = {line.partition("=")[0] for line in text.splitlines() if line[:1].isalpha()}
    assert listed == {
        spec.variable for specs in SPECS.values() for spec in specs.values() if spec.variable
    }
