"""Reads `[demo.faults]`: how often each simulated fault happens in the demo."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import msgspec

from twoleg.settings.kinds import Chance, Whole
from twoleg.settings.loading import read_toml
from twoleg.settings.reader import Faults, nearest, read_table, shown, specs_of

CHANCE: Final = Chance()
MILLISECONDS: Final = Whole(1, 60_000)


class DemoFaults(msgspec.Struct, frozen=True, kw_only=True):
    """Probabilities per order request (HTTP kinds, kill, partial) or per frame (`ws_` kinds).

    The fields without a unit are named as the simulators name their faults.
    """

    delay: Annotated[float, CHANCE] = 0.0
    delay_ms: Annotated[int, MILLISECONDS] = 200
    drop_after: Annotated[float, CHANCE] = 0.0
    drop_before: Annotated[float, CHANCE] = 0.0
    http_500: Annotated[float, CHANCE] = 0.0
    http_503: Annotated[float, CHANCE] = 0.0
    http_429: Annotated[float, CHANCE] = 0.0
    partial: Annotated[float, CHANCE] = 0.0
    partial_share: Annotated[float, CHANCE] = 0.5
    kill: Annotated[float, CHANCE] = 0.0
    ws_gap: Annotated[float, CHANCE] = 0.0
    ws_silent: Annotated[float, CHANCE] = 0.0
    ws_silent_ms: Annotated[int, MILLISECONDS] = 3_000
    ws_disconnect: Annotated[float, CHANCE] = 0.0


def load_demo(path: Path) -> DemoFaults:
    """The fault rates of the demo; none where the file has no `[demo.faults]`.

    Raises:
        ConfigError: with every fault of the table.
    """
    faults = Faults()
    demo = _table(read_toml(path), "demo", str(path), "", faults)
    for name in demo:
        if name != "faults":
            hint = nearest(name, ["faults"])
            faults.add(str(path), f"demo.{name}", shown(demo[name]), f"no such key{hint}")
    table = _table(demo, "faults", str(path), "demo.", faults)
    specs = specs_of(DemoFaults)
    values = read_table(specs, table, source=str(path), prefix="demo.faults.", faults=faults)
    faults.raise_if_any()
    return DemoFaults(**values)


def _table(
    tables: Mapping[str, object], name: str, source: str, prefix: str, faults: Faults
) -> Mapping[str, object]:
    table = tables.get(name, {})
    if isinstance(table, dict):
        return table
    faults.add(source, prefix + name, shown(table), f"a table [{prefix}{name}]")
    return {}
