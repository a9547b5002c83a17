"""What a setting may hold: each kind reads one raw value and says what would have been right.

A kind stands in the annotation of its field. It returns the value or raises `Unfit`; where the
value came from and how the fault is told is the reader's business.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from ipaddress import ip_address
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from twoleg.settings.secret import Secret

# A longer tail is a typing error, and turning 1e-999999999 into a fraction would never end.
_DECIMAL_EXPONENT_MIN: Final = -30


class Unfit(ValueError):
    """A raw value is not what its kind expects; never leaves this package."""


class Kind(ABC):
    """Reads the raw value of one setting; its text says what would be right."""

    __slots__ = ()

    def read(self, raw: object) -> object:
        """The value, or `Unfit`."""
        return self._read(raw)

    @abstractmethod
    def _read(self, raw: object) -> object: ...

    @abstractmethod
    def __str__(self) -> str: ...


@dataclass(frozen=True, slots=True)
class FromEnvironment:
    """Marks a field that only an environment variable may hold."""

    variable: str


class Mark(Enum):
    """Marks on a field: may be `"auto"` (worked out at load), or takes effect only at a restart."""

    AUTO = "auto"
    RESTART = "restart"


def scaled(value: Decimal, steps: int) -> int:
    """`value` in `steps` per unit; exact, `Unfit` if it is not a whole number of steps."""
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < _DECIMAL_EXPONENT_MIN:
        raise Unfit
    # By fraction: a decimal product would round silently beyond 28 digits.
    product = Fraction(value) * steps
    if product.denominator != 1:
        raise Unfit
    return product.numerator


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its very address; no name is looked up."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Flag(Kind):
    """true or false."""

    def _read(self, raw: object) -> bool:
        if not isinstance(raw, bool):
            raise Unfit
        return raw

    def __str__(self) -> str:
        return "true or false"


@dataclass(frozen=True, slots=True)
class Whole(Kind):
    """A whole number in a range, both ends included."""

    low: int
    high: int

    def read(self, raw: object) -> int:
        """The number, or `Unfit`."""
        return self._read(raw)

    def __str__(self) -> str:
        return f"a whole number from {self.low} to {self.high}"

    def _read(self, raw: object) -> int:
        if isinstance(raw, bool) or not isinstance(raw, int) or not self.low <= raw <= self.high:
            raise Unfit
        return raw


@dataclass(frozen=True, slots=True)
class Exact(Kind):
    """A decimal number in a range that is a whole number of `1/steps`."""

    low: Decimal
    high: Decimal
    steps: int

    def __str__(self) -> str:
        step = (Decimal(1) / self.steps).normalize()
        return f"a number from {self.low:f} to {self.high:f} in steps of {step:f}"

    def _read(self, raw: object) -> Decimal:
        value = _decimal(raw, self.low, self.high)
        scaled(value, self.steps)
        return value


@dataclass(frozen=True, slots=True)
class Chance(Kind):
    """A probability; a float, as it decides nothing about money."""

    def _read(self, raw: object) -> float:
        return float(_decimal(raw, Decimal(0), Decimal(1)))

    def __str__(self) -> str:
        return "a number from 0 to 1"


@dataclass(frozen=True, slots=True)
class Choice(Kind):
    """One word of an Enum, or of some of its members."""

    words: Iterable[Enum]

    def __str__(self) -> str:
        return "one of " + ", ".join(f'"{member.value}"' for member in self.words)

    def _read(self, raw: object) -> Enum:
        for member in self.words:
            if member.value == raw and isinstance(raw, str):
                return member
        raise Unfit


@dataclass(frozen=True, slots=True)
class WholeOf(Kind):
    """One of a few whole numbers."""

    values: tuple[int, ...]

    def __str__(self) -> str:
        return "one of " + ", ".join(map(str, self.values))

    def _read(self, raw: object) -> int:
        if isinstance(raw, bool) or not isinstance(raw, int) or raw not in self.values:
            raise Unfit
        return raw


@dataclass(frozen=True, slots=True)
class Text(Kind):
    """A text of a given shape."""

    pattern: str
    expected: str

    def read(self, raw: object) -> str:
        """The text, or `Unfit`."""
        return self._read(raw)

    def __str__(self) -> str:
        return self.expected

    def _read(self, raw: object) -> str:
        if not isinstance(raw, str) or not re.fullmatch(self.pattern, raw):
            raise Unfit
        return raw


_NAME: Final = Text(r"[a-z0-9_]{1,64}", "a name of a-z, 0-9 and _")


@dataclass(frozen=True, slots=True)
class Hidden(Kind):
    """A secret text of a given shape; a line end may be written as backslash and n."""

    pattern: str
    expected: str

    def _read(self, raw: object) -> Secret:
        text = raw.reveal() if isinstance(raw, Secret) else raw
        if not isinstance(text, str):
            raise Unfit
        text = text.strip().replace("\\n", "\n")
        if not re.fullmatch(self.pattern, text, re.DOTALL):
            raise Unfit
        return Secret(text)

    def __str__(self) -> str:
        return self.expected


@dataclass(frozen=True, slots=True)
class Place(Kind):
    """A path; `is_absolute` refuses one that depends on where the daemon was started."""

    is_absolute: bool = False

    def __str__(self) -> str:
        return "an absolute path" if self.is_absolute else "a path"

    def _read(self, raw: object) -> Path:
        if isinstance(raw, Path):
            raw = str(raw)
        if not isinstance(raw, str) or not raw.strip() or "\0" in raw:
            raise Unfit
        path = Path(raw)
        if self.is_absolute and not path.is_absolute():
            raise Unfit
        return path


@dataclass(frozen=True, slots=True)
class Url(Kind):
    """An address of a simulator: plain or TLS, on this machine only."""

    schemes: tuple[str, ...]

    def __str__(self) -> str:
        example = f"{self.schemes[0]}://127.0.0.1:8000/"
        return f'"auto", or a {" or ".join(self.schemes)} address on loopback, such as {example}'

    def _read(self, raw: object) -> str:
        if not isinstance(raw, str):
            raise Unfit
        try:
            parts = urlsplit(raw)
            port = parts.port
        except ValueError:
            raise Unfit from None
        has_extras = parts.username or parts.password or parts.query or parts.fragment
        if parts.scheme not in self.schemes or port == 0 or has_extras:
            raise Unfit
        if not is_loopback(parts.hostname or ""):
            raise Unfit
        return raw.rstrip("/")


@dataclass(frozen=True, slots=True)
class Names(Kind):
    """A list of short names, each once."""

    def _read(self, raw: object) -> tuple[str, ...]:
        if not isinstance(raw, list | tuple) or len(raw) != len({str(name) for name in raw}):
            raise Unfit
        return tuple(_NAME.read(name) for name in raw)

    def __str__(self) -> str:
        return 'a list of names such as "tail_cancel", each once'


@dataclass(frozen=True, slots=True)
class Curve(Kind):
    """Points (share of depth, fill rate) in percent, ascending by share."""

    def _read(self, raw: object) -> tuple[tuple[Decimal, Decimal], ...]:
        if not isinstance(raw, list | tuple) or not raw:
            raise Unfit
        points = tuple(_point(point) for point in raw)
        shares = [share for share, _ in points]
        if shares != sorted(set(shares)) or shares[0] == 0:
            raise Unfit
        return points

    def __str__(self) -> str:
        return (
            "a list of [depth share, fill rate] in percent with at most two decimals, 0 to 100, "
            "ascending by share"
        )


@dataclass(frozen=True, slots=True)
class Ladder(Kind):
    """Steps (cents, ms): ever greater cents, and how long each is tried."""

    def _read(self, raw: object) -> tuple[tuple[Decimal, int], ...]:
        if not isinstance(raw, list | tuple) or not raw:
            raise Unfit
        steps = tuple(_step(step) for step in raw)
        cents = [tolerance for tolerance, _ in steps]
        if cents != sorted(set(cents)):
            raise Unfit
        return steps

    def __str__(self) -> str:
        return (
            "a list of [cents, ms], cents from 0 to 100 with at most two decimals and ascending, "
            "ms a whole number from 1 to 60000"
        )


def _step(raw: object) -> tuple[Decimal, int]:
    if not isinstance(raw, list | tuple) or len(raw) != 2:
        raise Unfit
    cents = _decimal(raw[0], Decimal(0), Decimal(100))
    # A hundredth of a cent is the finest step of a price.
    scaled(cents, 100)
    return cents, Whole(1, 60_000).read(raw[1])


def _point(raw: object) -> tuple[Decimal, Decimal]:
    if not isinstance(raw, list | tuple) or len(raw) != 2:
        raise Unfit
    share, rate = (_decimal(part, Decimal(0), Decimal(100)) for part in raw)
    # Hundredths of a percent are the finest that the engine takes.
    scaled(share, 100)
    scaled(rate, 100)
    return share, rate


def _decimal(raw: object, low: Decimal, high: Decimal) -> Decimal:
    if isinstance(raw, bool) or not isinstance(raw, int | Decimal):
        raise Unfit
    value = Decimal(raw)
    if not value.is_finite() or not low <= value <= high:
        raise Unfit
    return value
