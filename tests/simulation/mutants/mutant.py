"""What a seeded bug is, and the folders that bugs are seeded into."""

from typing import Final, NamedTuple

CORE: Final = "daemon/twoleg/core/"
RUNTIME: Final = "daemon/twoleg/runtime/"
KALSHI: Final = "daemon/twoleg/venues/kalshi/"
POLYMARKET: Final = "daemon/twoleg/venues/polymarket/"


class Mutant(NamedTuple):
    """One known bug."""

    name: str
    file: str
    old: str
    new: str
    expected: tuple[str, ...]
    """Violations that may be the first to tell; others count as caught too."""
