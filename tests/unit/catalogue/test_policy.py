"""Which pairs the declared policy arms: every policy in every mode."""

import msgspec
import pytest

from tests.support.pairing import game
from tests.unit.catalogue.support import row_of
from twoleg.catalogue.policy import arms, may_arm
from twoleg.settings import Mode, PairingPolicy
from twoleg.storage.pair_rows import FacetRow

ROW = row_of(game(1, "Detroit Tigers", "Toronto Blue Jays"))
BOTH = {"auto", "review"}
MATRIX = {
    (PairingPolicy.MANUAL, Mode.SIM): set[str](),
    (PairingPolicy.MANUAL, Mode.PAPER): set[str](),
    (PairingPolicy.MANUAL, Mode.LIVE): set[str](),
    (PairingPolicy.AUTO, Mode.SIM): BOTH,
    (PairingPolicy.AUTO, Mode.PAPER): BOTH,
    (PairingPolicy.AUTO, Mode.LIVE): {"auto"},
    (PairingPolicy.BY_MODE, Mode.SIM): BOTH,
    (PairingPolicy.BY_MODE, Mode.PAPER): BOTH,
    (PairingPolicy.BY_MODE, Mode.LIVE): set[str](),
}


@pytest.mark.parametrize("klass", ["auto", "review", "deny", ""])
@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("policy", PairingPolicy)
def test_the_policy_arms_what_it_says(policy: PairingPolicy, mode: Mode, klass: str) -> None:
    row = msgspec.structs.replace(ROW, klass=klass)
    assert arms(row, policy, mode) is (klass in MATRIX[policy, mode])


@pytest.mark.parametrize("name", ["no_kalshi_rules", "no_polymarket_rules"])
def test_live_arms_nothing_without_both_texts(name: str) -> None:
    missing = FacetRow(name, "missing on one side")
    row = msgspec.structs.replace(ROW, facets=(*ROW.facets, missing))
    assert not may_arm(row, Mode.LIVE)
    assert not arms(row, PairingPolicy.AUTO, Mode.LIVE)
    assert may_arm(row, Mode.PAPER)


@pytest.mark.parametrize("mode", Mode)
def test_no_mode_arms_without_tokens(mode: Mode) -> None:
    row = msgspec.structs.replace(ROW, yes_token="")
    assert not may_arm(row, mode)
