"""Pairs as a pairs file, and back: what is written here the settings and an import can read.

Market texts stand in comments and labels only, escaped so that no line of theirs can become ours.
"""

import unicodedata
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from twoleg.core.units import CENT_MICROS, LOT_E6
from twoleg.matching.diff import safe
from twoleg.settings.model import LOTS_PER_CONTRACT
from twoleg.storage.pair_rows import PairRow

TITLE_CHARS_MAX: Final = 90
LABEL_CHARS_MAX: Final = 100
"""As the pairs file takes them."""


def to_toml(rows: Iterable[PairRow]) -> str:
    """The pairs as `[[pair]]` tables, each under its titles."""
    return "\n".join(_table(row) for row in rows)


def quoted(text: str) -> str:
    """A TOML basic string: whatever is not plainly visible is escaped."""
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    if char != " " and unicodedata.category(char)[0] in "CZM":
        return f"\\u{ord(char):04X}" if ord(char) < 0x10000 else f"\\U{ord(char):08X}"
    return char


def _table(row: PairRow) -> str:
    lots = row.size_e6_max // LOT_E6
    values = {
        "id": quoted(row.pair_id),
        "kalshi": quoted(row.ticker),
        "polymarket": quoted(row.condition_id),
        "polarity": quoted(row.polarity.value),
        "state": quoted(row.state.value),
        "kalshi_fingerprint": quoted(row.kalshi_fingerprint),
        "polymarket_fingerprint": quoted(row.polymarket_fingerprint),
        "similarity": f"{Decimal(row.similarity_e4) / 10_000:f}",
        "polymarket_yes_label": quoted(row.yes_label[:LABEL_CHARS_MAX]),
        "polymarket_no_label": quoted(row.no_label[:LABEL_CHARS_MAX]),
        "leg_mode": quoted(row.leg_mode.value),
        "tif": quoted(row.tif.value),
        "size_contracts_max": f"{Decimal(lots) / LOTS_PER_CONTRACT:f}",
        "edge_percent_min": f"{Decimal(row.edge_micros_min) / CENT_MICROS:f}",
        "acknowledge": "[" + ", ".join(map(quoted, row.acknowledged)) + "]",
    }
    titles = [safe(title, TITLE_CHARS_MAX) for title in (row.kalshi_title, row.polymarket_title)]
    by = f", by {safe(row.approved_by, TITLE_CHARS_MAX)}" if row.approved_by else ""
    lines = [f"# {title}" for title in titles if title]
    lines.append(f"# class {row.klass}, family {row.family}, risk {row.risk_grade}{by}")
    lines.append("[[pair]]")
    lines += [f"{name} = {value}" for name, value in values.items()]
    return "\n".join(lines) + "\n"
