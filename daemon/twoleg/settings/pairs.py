"""Reads the pairs file: which two markets settle on the same event, and how they may be traded."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Final

import msgspec

from twoleg.core.market import (
    TAKER_TIFS,
    LegMode,
    MarketId,
    Pair,
    PairId,
    PairState,
    Polarity,
    TimeInForce,
)
from twoleg.core.units import CENT_MICROS, LOT_E6
from twoleg.settings.kinds import Choice, Exact, Names, Text, scaled
from twoleg.settings.loading import read_toml
from twoleg.settings.model import EDGE_PERCENT, LOTS_PER_CONTRACT
from twoleg.settings.reader import Faults, nearest, read_table, shown, specs_of

ONE_E4: Final = 10_000
FINGERPRINT: Final = Text(r"[0-9A-Za-z:_-]{0,128}", "a fingerprint as the matcher wrote it")
LABEL: Final = Text(r".{1,100}", "an outcome's label as Polymarket writes it")


class PairEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One `[[pair]]`. Polarity and state have no default: a guess would cost money."""

    id: Annotated[PairId, Text(r"[A-Za-z0-9._-]{1,64}", "1 to 64 letters, digits, . _ or -")]
    kalshi: Annotated[str, Text(r"[A-Z0-9][A-Z0-9._-]{0,99}", "a Kalshi ticker in capitals")]
    polymarket: Annotated[str, Text(r"0x[0-9a-fA-F]{64}", "a condition id: 0x and 64 hex digits")]
    polarity: Annotated[Polarity, Choice(Polarity)]
    state: Annotated[PairState, Choice(PairState)]
    kalshi_fingerprint: Annotated[str, FINGERPRINT] = ""
    polymarket_fingerprint: Annotated[str, FINGERPRINT] = ""
    similarity: Annotated[Decimal, Exact(Decimal(0), Decimal(1), ONE_E4)] = Decimal(1)
    polymarket_yes_label: Annotated[str, LABEL] = "Yes"
    polymarket_no_label: Annotated[str, LABEL] = "No"
    leg_mode: Annotated[LegMode, Choice(LegMode)] = LegMode.CONCURRENT
    tif: Annotated[TimeInForce, Choice(TAKER_TIFS)] = TimeInForce.FOK
    size_contracts_max: Annotated[
        Decimal, Exact(Decimal(0), Decimal(1_000_000), LOTS_PER_CONTRACT)
    ] = Decimal(0)
    edge_percent_min: Annotated[Decimal, EDGE_PERCENT] = Decimal(0)
    acknowledge: Annotated[tuple[str, ...], Names()] = ()

    def to_pair(self) -> Pair:
        """The pair in the core's terms."""
        return Pair(
            id=self.id,
            kalshi=MarketId(f"kalshi:{self.kalshi}"),
            # The venue writes condition ids in lower case, and ids are compared as texts.
            polymarket=MarketId(f"polymarket:{self.polymarket.lower()}"),
            polarity=self.polarity,
            state=self.state,
            kalshi_fingerprint=self.kalshi_fingerprint,
            polymarket_fingerprint=self.polymarket_fingerprint,
            similarity_e4=scaled(self.similarity, ONE_E4),
            polymarket_labels=(self.polymarket_yes_label, self.polymarket_no_label),
            leg_mode=self.leg_mode,
            tif=self.tif,
            size_e6_max=scaled(self.size_contracts_max, LOTS_PER_CONTRACT) * LOT_E6,
            edge_micros_min=scaled(self.edge_percent_min, CENT_MICROS),
        )


SPECS: Final = specs_of(PairEntry)


@dataclass(frozen=True, slots=True)
class Declared:
    """A pair that somebody wrote down, and the differences that they know of, by name."""

    pair: Pair
    acknowledged: tuple[str, ...] = ()


def load_pairs(path: Path) -> tuple[Pair, ...]:
    """Read a pairs file; raises as `load_declared`."""
    return tuple(declared.pair for declared in load_declared(path))


def load_declared(path: Path) -> tuple[Declared, ...]:
    """All pairs of a file, in its order.

    Raises:
        ConfigError: with every fault of every entry; ids and market couples must not repeat.
    """
    faults = Faults()
    tables = read_toml(path)
    for name in tables:
        if name != "pair":
            hint = nearest(name, ["pair"])
            faults.add(str(path), name, shown(tables[name]), f"no such table{hint}")
    entries = tables.get("pair", [])
    if not isinstance(entries, list):
        faults.add(str(path), "pair", shown(entries), "a list of tables, each [[pair]]")
        entries = []
    found = tuple(
        declared
        for number, entry in enumerate(entries, start=1)
        if (declared := _read_pair(entry, number, str(path), faults)) is not None
    )
    _refuse_duplicates(tuple(declared.pair for declared in found), str(path), faults)
    faults.raise_if_any()
    return found


def _read_pair(entry: object, number: int, source: str, faults: Faults) -> Declared | None:
    prefix = f"pair[{number}]."
    if not isinstance(entry, Mapping):
        faults.add(source, prefix.rstrip("."), shown(entry), "a table [[pair]]")
        return None
    values = read_table(SPECS, entry, source=source, prefix=prefix, faults=faults)
    missing = [name for name, spec in SPECS.items() if spec.is_required and name not in entry]
    for name in missing:
        faults.add(source, prefix + name, "(not given)", str(SPECS[name].kind))
    if any(spec.is_required and name not in values for name, spec in SPECS.items()):
        return None
    read = PairEntry(**values)
    return Declared(read.to_pair(), read.acknowledge)


def _refuse_duplicates(pairs: tuple[Pair, ...], source: str, faults: Faults) -> None:
    ids: set[PairId] = set()
    couples: dict[tuple[MarketId, MarketId], PairId] = {}
    for pair in pairs:
        if pair.id in ids:
            faults.add(source, "pair.id", shown(pair.id), "an id that no other pair has")
        ids.add(pair.id)
        couple = (pair.kalshi, pair.polymarket)
        if couple in couples:
            expected = f"two markets that {couples[couple]} does not already pair"
            faults.add(source, f"pair {pair.id}", f"{couple[0]} + {couple[1]}", expected)
        couples.setdefault(couple, pair.id)
