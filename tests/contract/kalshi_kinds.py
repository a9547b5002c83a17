"""Kinds of JSON values, tables of fields, and the check of a value against its kind.

`When` is a field that is there exactly if its object meets a condition, `Sometimes` one whose
presence the object itself does not explain. The kinds are those of Kalshi docs, openapi 3.34.0
(FixedPointDollars, FixedPointCount) and asyncapi 2.0.0, 2026-10.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True)
class When:
    """A field that is there exactly if the object around it meets the condition."""

    kind: "Kind"
    condition: Callable[[dict[str, Any]], bool]


@dataclass(frozen=True)
class Sometimes:
    """A field that may be there, and must be in some objects and not in others."""

    kind: "Kind"


@dataclass(frozen=True)
class Words:
    """One of these strings."""

    words: tuple[str, ...]


# A pattern of strings, a type, None, an object, a list (its one element is the kind of all), or a
# choice of kinds.
Kind = (
    re.Pattern[str] | type | None | Words | dict[str, "Field"] | list["Kind"] | tuple["Kind", ...]
)
Field = Kind | When | Sometimes
Table = dict[str, Field]

ID: Final = re.compile(r"[\w./-]+")
TEXT: Final = re.compile(r".*", re.DOTALL)
PRICE: Final = re.compile(r"[01]\.\d{4}")
MONEY4: Final = re.compile(r"-?\d+\.\d{4}")
MONEY: Final = re.compile(r"-?\d+\.\d{6}")
COUNT: Final = re.compile(r"\d+\.\d{2}")
SIGNED: Final = re.compile(r"-?\d+\.\d{2}")
TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
SECOND: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
# Deprecated times of user_orders are cut to milliseconds.
TIME_MS: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
HOUR: Final = re.compile(r"\d\d:\d\d")
NUMBER: Final = (int, float)


def words(*allowed: str) -> Words:
    """Name the values that a field may have."""
    return Words(allowed)


def without(table: Table, *names: str) -> Table:
    """Return a table less some fields."""
    return {name: kind for name, kind in table.items() if name not in names}


YES_NO: Final = words("yes", "no")
BID_ASK: Final = words("bid", "ask")
FEE_TYPE: Final = words("quadratic", "quadratic_with_maker_fees")
RETURN_TYPE: Final = words("MECNET", "DIRECNET", "")
INSTANCE: Final = words("event_contract")
ERROR: Final[Table] = {"code": ID, "message": TEXT, "details": Sometimes(TEXT)}
RANGE: Final[Table] = {"start": PRICE, "end": PRICE, "step": PRICE}


class Check:
    """Compares values with kinds, and notes which optional fields were there and which were not."""

    def __init__(self) -> None:
        self.seen: dict[str, set[bool]] = defaultdict(set)

    def faults(self, value: Any, kind: Kind, path: str) -> Iterator[str]:
        """Yield what is wrong with a value, by the path of the field."""
        if isinstance(kind, dict):
            yield from self._object(value, kind, path)
        elif isinstance(kind, list):
            if not isinstance(value, list):
                yield f"{path}: {value!r} is no list"
                return
            # A list of several kinds is a row of them, like [price, size].
            kinds = kind * len(value) if len(kind) == 1 else kind
            for item, one in zip(value, kinds, strict=True):
                yield from self.faults(item, one, f"{path}[]")
        elif isinstance(kind, tuple):
            tried = [list(self.faults(value, one, path)) for one in kind]
            if all(tried):
                yield min(tried, key=len)[0]
        elif not _fits(value, kind):
            yield f"{path}: {value!r} is not {kind}"

    def _object(self, value: Any, table: Table, path: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield f"{path}: {value!r} is no object"
            return
        for name in value.keys() - table.keys():
            yield f"{path}.{name}: is not in the table"
        for name, kind in table.items():
            is_there, field = name in value, f"{path}.{name}"
            if isinstance(kind, When | Sometimes):
                self.seen[field].add(is_there)
            if isinstance(kind, When) and is_there is not kind.condition(value):
                yield f"{field}: is {'' if is_there else 'not '}there"
            elif not is_there and not isinstance(kind, When | Sometimes):
                yield f"{field}: is missing"
            elif is_there:
                inner = kind.kind if isinstance(kind, When | Sometimes) else kind
                yield from self.faults(value[name], inner, field)


def _fits(value: Any, kind: re.Pattern[str] | type | Words | None) -> bool:
    if isinstance(kind, re.Pattern):
        return isinstance(value, str) and kind.fullmatch(value) is not None
    if isinstance(kind, Words):
        return value in kind.words
    # True is an int to Python, not to JSON.
    return value is None if kind is None else type(value) is kind
