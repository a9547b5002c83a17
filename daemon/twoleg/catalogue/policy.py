"""What the declared policy lets a pair become without a person. Pure."""

from enum import Enum

from twoleg.settings import Mode, PairingPolicy
from twoleg.storage.pair_rows import PairRow

NO_RULES = ("no_kalshi_rules", "no_polymarket_rules")
"""Names of the differences that say: this market's rule text is not in hand."""


class Arming(Enum):
    """Which pairs are armed at once."""

    NONE = "none"
    AUTO = "auto"
    AGREEING = "agreeing"


def arming(policy: PairingPolicy, mode: Mode) -> Arming:
    """What a policy means in a mode.

    By itself live is manual, and so is whatever is not named; sim and paper are automatic. The
    automatic policy takes families with a record in live, and every pair that agrees elsewhere.
    """
    if policy is PairingPolicy.BY_MODE:
        policy = PairingPolicy.MANUAL if mode is Mode.LIVE else PairingPolicy.AUTO
    if policy is PairingPolicy.MANUAL:
        return Arming.NONE
    return Arming.AUTO if mode is Mode.LIVE else Arming.AGREEING


def lacks_texts(row: PairRow) -> bool:
    """Whether a rule text of the pair is not in hand."""
    return any(facet.name in NO_RULES for facet in row.facets)


def may_arm(row: PairRow, mode: Mode) -> bool:
    """Whether anybody, a person too, may arm the pair: in live not without both rule texts."""
    return bool(row.yes_token and row.no_token) and not (mode is Mode.LIVE and lacks_texts(row))


def arms(row: PairRow, policy: PairingPolicy, mode: Mode) -> bool:
    """Whether the policy arms this pair at once."""
    wanted = {
        Arming.NONE: frozenset[str](),
        Arming.AUTO: frozenset({"auto"}),
        Arming.AGREEING: frozenset({"auto", "review"}),
    }[arming(policy, mode)]
    return row.klass in wanted and may_arm(row, mode)
