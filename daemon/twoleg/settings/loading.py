"""Loads the settings: file, then environment, then command line; all faults in one error.

A value is taken from the last layer that gives it, but every layer is checked: a wrong value in
the file is wrong even while a variable hides it.
"""

import os
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec

from twoleg.errors import ConfigError, ConfigFault
from twoleg.settings.hosts import URL_KEYS, hosts
from twoleg.settings.model import Settings
from twoleg.settings.reader import (
    HIDDEN,
    Faults,
    Spec,
    nearest,
    read_one,
    read_table,
    shown,
    shown_unknown,
    specs_of,
)
from twoleg.settings.relations import broken_relations
from twoleg.settings.words import Mode, Sync

PREFIX: Final = "TWOLEG_"
SPECS: Final[Mapping[str, Mapping[str, Spec]]] = {
    section.name: specs_of(section.type) for section in msgspec.structs.fields(Settings)
}
# Tables of the same file that other loaders own.
FOREIGN_TABLES: Final = frozenset({"demo"})
OVERRIDE: Final = "command line"


class _Given:
    """The values given so far, and which layer gave each."""

    def __init__(self) -> None:
        self.faults = Faults()
        # By `section.name`; the last layer wins.
        self.values: dict[str, object] = {}
        # Where the value in force came from: a file, a variable, the command line.
        self.sources: dict[str, str] = {}

    def put(self, key: str, value: object, source: str) -> None:
        if value is not msgspec.UNSET:
            self.values[key] = value
            self.sources[key] = source

    def forget(self, key: str) -> None:
        """Leave the key to us: a later layer says `auto`."""
        self.values.pop(key, None)
        self.sources.pop(key, None)


def load_settings(
    path: Path | None,
    environ: Mapping[str, str],
    *,
    overrides: Mapping[str, object] | None = None,
    needs_keys: bool = True,
) -> Settings:
    """Load, check and combine all layers; `overrides` are `section.key` from the command line.

    Who does not trade needs no keys, whatever the mode is.

    Raises:
        ConfigError: with every fault of every layer.
    """
    given = _Given()
    if path is not None:
        _read_file(path, given)
    _read_variables(environ, given)
    _read_own_variables(environ, given)
    _read_overrides(overrides or {}, given)
    settings = _build(given, path, environ)
    bad_keys = given.faults.keys
    for relation, told in broken_relations(settings, needs_keys=needs_keys):
        if bad_keys.isdisjoint(relation.keys):
            source = next((s for k in relation.keys if (s := given.sources.get(k))), "default")
            given.faults.add(source, relation.keys[0], told, relation.expected)
    given.faults.raise_if_any()
    return settings


def require_live(settings: Settings, flag: bool) -> None:  # noqa: FBT001  # mirrors --live
    """Let mode live pass only if the file and the command line both say so.

    Raises:
        ConfigError: mode live without `trading.live = true` or without `--live`; or `--live` in
            another mode, which would not do what it says.
    """
    faults = Faults()
    if settings.daemon.mode is Mode.LIVE:
        if not settings.trading.live:
            faults.add("settings", "trading.live", "false", "true: mode live sends real orders")
        if not flag:
            faults.add(OVERRIDE, "--live", "not given", "given: mode live sends real orders")
    elif flag:
        mode = shown(settings.daemon.mode)
        faults.add("settings", "daemon.mode", mode, '"live": the command line says --live')
    faults.raise_if_any()


def read_toml(path: Path) -> dict[str, object]:
    """The tables of a TOML file, with exact decimals; ConfigError if there is none to read."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except OSError as error:
        reason = f"a file that can be read: {error.strerror}"
    except (ValueError, ArithmeticError, RecursionError) as error:
        reason = f"valid TOML: {error}"
    raise ConfigError((ConfigFault(str(path), "(file)", path.name, reason),))


def _read_file(path: Path, given: _Given) -> None:
    try:
        tables = read_toml(path)
    except ConfigError as error:
        for fault in error.faults:
            given.faults.add(fault.source, fault.key, fault.value, fault.expected)
        return
    for section, table in tables.items():
        if section in FOREIGN_TABLES:
            continue
        if section not in SPECS:
            seen = shown_unknown(section, table)
            given.faults.add(str(path), section, seen, f"no such section{nearest(section, SPECS)}")
        elif not isinstance(table, dict):
            given.faults.add(str(path), section, HIDDEN, f"a table [{section}]")
        else:
            prefix = f"{section}."
            specs = SPECS[section]
            values = read_table(specs, table, source=str(path), prefix=prefix, faults=given.faults)
            for name, value in values.items():
                given.put(prefix + name, value, str(path))


def _read_variables(environ: Mapping[str, str], given: _Given) -> None:
    """Read `TWOLEG_<SECTION>__<KEY>`; an empty one counts as not set."""
    for variable, text in sorted(environ.items()):
        section, _, name = variable.removeprefix(PREFIX).lower().partition("__")
        if not variable.startswith(PREFIX) or text == "" or not _is_ours(section, name):
            continue
        key = f"{section}.{name}"
        spec = SPECS.get(section, {}).get(name)
        if spec is None:
            seen = shown_unknown(variable, text)
            given.faults.add(variable, key, seen, f"no such key{_nearest_variable(variable)}")
        elif spec.variable:
            given.faults.add(variable, key, HIDDEN, f"nothing: set {spec.variable} instead")
        elif spec.is_auto and text == "auto":
            given.forget(key)
        else:
            value = read_one(
                spec, text, source=variable, key=key, faults=given.faults, is_text=True
            )
            given.put(key, value, variable)


def _is_ours(section: str, name: str) -> bool:
    """TWOLEG_CONFIG is not ours to judge; TWOLEG_TRADING_LIVE is a slip for two underscores."""
    return name != "" or any(section.startswith(f"{known}_") for known in SPECS)


def _nearest_variable(variable: str) -> str:
    known = [
        f"{PREFIX}{section}__{name}".upper()
        for section, specs in SPECS.items()
        for name, spec in specs.items()
        if not spec.variable
    ]
    return nearest(variable, known)


def _read_own_variables(environ: Mapping[str, str], given: _Given) -> None:
    """Read keys and addresses from the variables that are named for them."""
    for section, specs in SPECS.items():
        for name, spec in specs.items():
            text = environ.get(spec.variable, "") if spec.variable else ""
            if text:
                key = f"{section}.{name}"
                value = read_one(
                    spec, text, source=spec.variable, key=key, faults=given.faults, is_text=True
                )
                given.put(key, value, spec.variable)


def _read_overrides(overrides: Mapping[str, object], given: _Given) -> None:
    for key, raw in overrides.items():
        section, _, name = key.partition(".")
        spec = SPECS.get(section, {}).get(name)
        if spec is None:
            known = [f"{section}.{name}" for section, specs in SPECS.items() for name in specs]
            seen = shown_unknown(key, raw)
            given.faults.add(OVERRIDE, key, seen, f"no such key{nearest(key, known)}")
            continue
        if spec.is_auto and raw == "auto":
            given.forget(key)
            continue
        is_text = isinstance(raw, str)
        value = read_one(spec, raw, source=OVERRIDE, key=key, faults=given.faults, is_text=is_text)
        given.put(key, value, OVERRIDE)


def _build(given: _Given, path: Path | None, environ: Mapping[str, str]) -> Settings:
    """Put the values in force into one object, working out what was left to us."""
    values = given.values
    sections: dict[str, Any] = {}
    for field in msgspec.structs.fields(Settings):
        own = {
            name: values[k] for name in SPECS[field.name] if (k := f"{field.name}.{name}") in values
        }
        sections[field.name] = field.type(**own)
    settings = Settings(**sections)
    daemon, journal = settings.daemon, settings.journal
    if "daemon.state_dir" not in values:
        daemon = msgspec.structs.replace(daemon, state_dir=_state_dir(environ))
    if "journal.sync" not in values and daemon.mode is Mode.LIVE:
        journal = msgspec.structs.replace(journal, sync=Sync.POWER)
    catalogue = settings.catalogue
    if "catalogue.background" not in values and daemon.mode is Mode.SIM:
        catalogue = msgspec.structs.replace(catalogue, background=False)
    venues = {
        venue: msgspec.structs.replace(
            getattr(settings, venue),
            **{
                n: u
                for n, u in hosts(venue, daemon.environment).items()
                if f"{venue}.{n}" not in values
            },
        )
        for venue in URL_KEYS
    }
    pairs = settings.pairs
    # From the command line or a variable, a relative path starts where the operator stands.
    if path is not None and given.sources.get("pairs.file", str(path)) == str(path):
        pairs = msgspec.structs.replace(pairs, file=path.parent / pairs.file)
    return msgspec.structs.replace(
        settings, daemon=daemon, journal=journal, pairs=pairs, catalogue=catalogue, **venues
    )


def _state_dir(environ: Mapping[str, str]) -> Path:
    """/var/lib/twoleg for root, else the user's own state folder."""
    if os.geteuid() == 0:
        return Path("/var/lib/twoleg")
    base = environ.get("XDG_STATE_HOME", "")
    # The XDG base directory specification 0.8 says that a relative path is to be ignored.
    if Path(base).is_absolute():
        return Path(base) / "twoleg"
    home = environ.get("HOME") or str(Path.home())
    return Path(home) / ".local" / "state" / "twoleg"
