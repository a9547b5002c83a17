"""Pairs and the demo's faults are read in the same style as the settings."""

from collections.abc import Callable
from pathlib import Path

import pytest

from twoleg.core.market import LegMode, PairState, Polarity, TimeInForce
from twoleg.errors import ConfigError, ConfigFault
from twoleg.settings import (
    DemoFaults,
    Mode,
    PairingPolicy,
    load_declared,
    load_demo,
    load_pairs,
    load_settings,
)

ROOT = Path(__file__).resolve().parents[2]
CONDITION = "0x" + "aB" * 32
MINIMAL = f"""
[[pair]]
id = "fed"
kalshi = "KXFED-26DEC-C25"
polymarket = "{CONDITION}"
polarity = "same"
state = "armed"
"""

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def _write(text: str) -> Path:
        path = tmp_path / "file.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return _write


def faults_of(call: Callable[[], object]) -> tuple[ConfigFault, ...]:
    with pytest.raises(ConfigError) as caught:
        call()
    return caught.value.faults


def test_minimal_pair_has_the_defaults(write: Write) -> None:
    (pair,) = load_pairs(write(MINIMAL))
    assert pair.kalshi == "kalshi:KXFED-26DEC-C25"
    assert pair.polymarket == "polymarket:" + CONDITION.lower()
    assert (pair.polarity, pair.state) == (Polarity.SAME, PairState.ARMED)
    assert (pair.leg_mode, pair.tif) == (LegMode.CONCURRENT, TimeInForce.FOK)
    assert (pair.similarity_e4, pair.size_e6_max) == (10_000, 0)


def test_full_pair_is_exact(write: Write) -> None:
    text = MINIMAL.replace('"same"', '"inverse"').replace('"armed"', '"approved"') + (
        'kalshi_fingerprint = "k1"\npolymarket_fingerprint = "p1"\nsimilarity = 0.8765\n'
        'leg_mode = "auto"\ntif = "ioc"\nsize_contracts_max = 12.34\n'
    )
    (pair,) = load_pairs(write(text))
    assert (pair.polarity, pair.state) == (Polarity.INVERSE, PairState.APPROVED)
    assert (pair.kalshi_fingerprint, pair.polymarket_fingerprint) == ("k1", "p1")
    assert (pair.similarity_e4, pair.size_e6_max) == (8_765, 12_340_000)
    assert (pair.leg_mode, pair.tif) == (LegMode.AUTO, TimeInForce.IOC)


def test_all_faults_of_all_pairs_are_told_at_once(write: Write) -> None:
    text = (
        MINIMAL
        + '[[pair]]\nid = "a b"\nkalsi = "K"\npolymarket = "0x12"\npolarity = "equal"\nsimilarity = 1.5\n'
    )
    faults = faults_of(lambda: load_pairs(write(text)))
    told = {fault.key: fault.expected for fault in faults}
    assert set(told) == {
        "pair[2].id", "pair[2].kalsi", "pair[2].polymarket", "pair[2].polarity", "pair[2].similarity",
        "pair[2].kalshi", "pair[2].state",
    }  # fmt: skip
    assert "did you mean kalshi?" in told["pair[2].kalsi"]


@pytest.mark.parametrize(
    ("second", "key"),
    [
        (MINIMAL.replace("C25", "C50"), "pair.id"),
        (MINIMAL.replace('"fed"', '"fed2"').replace("aB", "Ab"), "pair fed2"),
    ],
)
def test_duplicates_are_refused(write: Write, second: str, key: str) -> None:
    assert [fault.key for fault in faults_of(lambda: load_pairs(write(MINIMAL + second)))] == [key]


def test_one_market_may_be_in_two_pairs(write: Write) -> None:
    second = MINIMAL.replace('"fed"', '"fed2"').replace("C25", "C50")
    assert len(load_pairs(write(MINIMAL + second))) == 2


@pytest.mark.parametrize(
    "text", ["pair = 3", "pair = [3]", "[[pairs]]\nid = 'x'", "[pair]\nid = 'x'"]
)
def test_wrong_shapes_are_faults(write: Write, text: str) -> None:
    assert len(faults_of(lambda: load_pairs(write(text)))) == 1


def test_missing_pairs_file_is_a_fault(tmp_path: Path) -> None:
    assert "can be read" in faults_of(lambda: load_pairs(tmp_path / "none.toml"))[0].expected


def test_shipped_pairs_file_is_valid_and_empty() -> None:
    assert load_pairs(ROOT / "config" / "pairs.toml") == ()


def test_example_in_the_shipped_pairs_file_reads(write: Write) -> None:
    lines = (ROOT / "config" / "pairs.toml").read_text(encoding="utf-8").splitlines()
    start = lines.index("# [[pair]]")
    text = "\n".join(line.removeprefix("# ") for line in lines[start:]).replace("0x…", CONDITION)
    (pair,) = load_pairs(write(text))
    assert pair.state is PairState.APPROVED


def test_shipped_demo_is_simulated_and_patient() -> None:
    path = ROOT / "config" / "demo.toml"
    settings = load_settings(path, {})
    assert settings.daemon.mode is Mode.SIM
    assert (settings.breaker.failures_max, settings.limits.breaker.open_ms) == (8, 3_000)
    faults = load_demo(path)
    assert (faults.drop_after, faults.kill, faults.delay_ms) == (0.05, 0.10, 200)


def test_demo_without_faults_has_none(write: Write) -> None:
    assert load_demo(write("")) == DemoFaults()
    assert DemoFaults().kill == 0


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[demo]\nfault = 1", "demo.fault"),
        ("[demo]\nfaults = 1", "demo.faults"),
        ("demo = 1", "demo"),
        ("[demo.faults]\ndrop_afer = 0.1", "demo.faults.drop_afer"),
        ("[demo.faults]\nkill = 1.1", "demo.faults.kill"),
        ("[demo.faults]\nkill = true", "demo.faults.kill"),
        ("[demo.faults]\nkill = nan", "demo.faults.kill"),
        ("[demo.faults]\ndelay_ms = 0", "demo.faults.delay_ms"),
    ],
)
def test_wrong_demo_tables_are_faults(write: Write, text: str, key: str) -> None:
    assert [fault.key for fault in faults_of(lambda: load_demo(write(text)))] == [key]


def test_a_pair_may_carry_acknowledgements_and_a_minimum_spread(write: Write) -> None:
    text = MINIMAL + 'acknowledge = ["start", "tail_cancel"]\nedge_percent_min = 2.5\n'
    (declared,) = load_declared(write(text))
    assert declared.acknowledged == ("start", "tail_cancel")
    assert declared.pair.edge_micros_min == 25_000
    (plain,) = load_declared(write(MINIMAL))
    assert (plain.acknowledged, plain.pair.edge_micros_min) == ((), 0)


@pytest.mark.parametrize(
    "value", ['"start"', '["start", "start"]', '["Start"]', '[""]', "[1]", '["a b"]', "true"]
)
def test_an_acknowledgement_is_a_list_of_names_each_once(write: Write, value: str) -> None:
    (fault,) = faults_of(lambda: load_declared(write(MINIMAL + f"acknowledge = {value}\n")))
    assert fault.key == "pair[1].acknowledge"
    assert "a list of names" in fault.expected


@pytest.mark.parametrize(
    ("text", "policy", "edge_micros"),
    [
        ("", PairingPolicy.BY_MODE, 50_000),
        ('policy = ""', PairingPolicy.BY_MODE, 50_000),
        ('policy = "auto"\nedge_percent_min = 0.01', PairingPolicy.AUTO, 100),
        ('policy = "manual"', PairingPolicy.MANUAL, 50_000),
    ],
)
def test_the_policy_of_pairing_is_read(
    write: Write, text: str, policy: PairingPolicy, edge_micros: int
) -> None:
    settings = load_settings(write(f"[pairing]\n{text}\n"), {})
    assert settings.pairing.policy is policy
    assert settings.pairing.edge_micros_min == edge_micros


def test_a_policy_that_there_is_not_is_refused(write: Write) -> None:
    (fault,) = faults_of(lambda: load_settings(write('[pairing]\npolicy = "all"\n'), {}))
    assert fault.key == "pairing.policy"
