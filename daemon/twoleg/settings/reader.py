"""Reads one section at a time: each layer's raw values into kinds, each fault into one list."""

import difflib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Final, cast, get_args, get_origin

import msgspec

from twoleg.errors import ConfigError, ConfigFault
from twoleg.settings.kinds import (
    Choice,
    FromEnvironment,
    Hidden,
    Kind,
    Mark,
    Place,
    Text,
    Unfit,
    Url,
)
from twoleg.settings.secret import Secret

_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?")
# A key like these is never shown with its value, even where it is unknown or misplaced.
SECRET_NAME: Final = re.compile(
    r"private_?key(?!_path)|secret|passphrase|password|api_?key(?!_id)|credential|database_?url"
    r"|signature(?!_type)|mnemonic|seed_?phrase",
    re.IGNORECASE,
)
HIDDEN: Final = "(hidden)"
SECRET_LENGTH_MIN: Final = 16


@dataclass(frozen=True, slots=True)
class Spec:
    """One field of a section, as its annotation describes it."""

    name: str
    kind: Kind
    default: object
    variable: str = ""
    is_auto: bool = False
    needs_restart: bool = False

    @property
    def is_required(self) -> bool:
        """Whether nothing stands in for a missing value."""
        return self.default is msgspec.NODEFAULT


class Faults:
    """Collects every fault, so that the operator sees them all at once."""

    def __init__(self) -> None:
        # In the order in which they were found.
        self._faults: list[ConfigFault] = []

    def add(self, source: str, key: str, value: str, expected: str) -> None:
        """Note one fault; `value` is already fit to be seen."""
        self._faults.append(ConfigFault(source, key, value, expected))

    @property
    def keys(self) -> frozenset[str]:
        """The keys that have a fault."""
        return frozenset(fault.key for fault in self._faults)

    def raise_if_any(self) -> None:
        """Raise ConfigError with all of them."""
        if self._faults:
            raise ConfigError(tuple(self._faults))


def specs_of(section: type[msgspec.Struct]) -> dict[str, Spec]:
    """The fields of a section by name, in their order in the model."""
    return {field.name: _spec(field) for field in msgspec.structs.fields(section)}


def _spec(field: msgspec.structs.FieldInfo) -> Spec:
    assert get_origin(field.type) is Annotated
    _, kind, *marks = get_args(field.type)
    variables = [mark.variable for mark in marks if isinstance(mark, FromEnvironment)]
    return Spec(
        name=field.name,
        kind=cast("Kind", kind),
        default=field.default,
        variable=variables[0] if variables else "",
        is_auto=Mark.AUTO in marks,
        needs_restart=Mark.RESTART in marks,
    )


def read_table(
    specs: Mapping[str, Spec],
    table: Mapping[str, object],
    *,
    source: str,
    prefix: str,
    faults: Faults,
) -> dict[str, Any]:
    """Read what a TOML table holds; `"auto"` counts as not given, unknown keys as faults."""
    values: dict[str, Any] = {}
    for name, raw in table.items():
        key = f"{prefix}{name}"
        spec = specs.get(name)
        if spec is None:
            faults.add(source, key, shown_unknown(name, raw), f"no such key{nearest(name, specs)}")
        elif spec.variable:
            expected = f"nothing: set the environment variable {spec.variable} instead"
            faults.add(source, key, HIDDEN, expected)
        elif not (spec.is_auto and raw == "auto"):
            value = read_one(spec, raw, source=source, key=key, faults=faults)
            if value is not msgspec.UNSET:
                values[name] = value
    return values


def read_one(
    spec: Spec, raw: object, *, source: str, key: str, faults: Faults, is_text: bool = False
) -> object:
    """One value, or UNSET and a fault; `is_text` for what came from a variable."""
    try:
        return from_text(spec.kind, str(raw)) if is_text else spec.kind.read(raw)
    except Unfit:
        is_hidden = isinstance(spec.kind, Hidden) or isinstance(raw, Secret)
        faults.add(source, key, HIDDEN if is_hidden else shown(raw), str(spec.kind))
        return msgspec.UNSET


def shown_unknown(name: str, raw: object) -> str:
    """The value of a key that we do not know; hidden if it may be a secret under a wrong name."""
    may_be_secret = isinstance(raw, str) and len(raw) >= SECRET_LENGTH_MIN
    return HIDDEN if may_be_secret or SECRET_NAME.search(name) else shown(raw)


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint at what was meant, or nothing."""
    matches = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {matches[0]}?" if matches else ""


def from_text(kind: Kind, text: str) -> object:
    """Read a variable's text: as it stands for texts, else as TOML would have written it."""
    if isinstance(kind, Text | Hidden | Place | Url | Choice):
        return kind.read(text)
    word = text.strip()
    if word in ("true", "false"):
        return kind.read(word == "true")
    if _NUMBER.fullmatch(word):
        return kind.read(Decimal(word) if "." in word else int(word))
    if not word.startswith("["):
        raise Unfit
    try:
        return kind.read(json.loads(word, parse_float=Decimal))
    except (json.JSONDecodeError, RecursionError):
        raise Unfit from None


def shown(raw: object) -> str:
    """A raw value as the operator wrote it, cut to 60 characters; secrets are not shown."""
    if isinstance(raw, Secret):
        return "(hidden)" if raw else "(not set)"
    if raw is None:
        return "(not set)"
    if isinstance(raw, Mapping):
        return "(table)"
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, Enum):
        raw = raw.value
    if isinstance(raw, Iterable) and not isinstance(raw, str):
        text = "[" + ", ".join(map(shown, raw)) + "]"
    else:
        text = f'"{raw}"' if isinstance(raw, str | Path) else str(raw)
    text = "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
    return text if len(text) <= 60 else text[:57] + "..."
