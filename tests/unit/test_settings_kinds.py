"""Each kind refuses what it does not describe, and says what it does."""

from decimal import Decimal
from enum import Enum
from pathlib import Path

import pytest

from twoleg.settings import Mode, Secret, is_loopback
from twoleg.settings.kinds import (
    Chance,
    Choice,
    Curve,
    Exact,
    Flag,
    Hidden,
    Kind,
    Place,
    Text,
    Unfit,
    Url,
    Whole,
    WholeOf,
    scaled,
)
from twoleg.settings.reader import from_text, shown


class Colour(Enum):
    RED = "red"


KINDS: list[tuple[Kind, object]] = [
    (Flag(), True),
    (Whole(1, 5), 5),
    (Exact(Decimal(0), Decimal(1), 100), Decimal("0.25")),
    (Chance(), Decimal("0.5")),
    (Choice(Colour), "red"),
    (WholeOf((0, 3)), 3),
    (Text(r"[a-z]+", "letters"), "abc"),
    (Hidden(r"[a-z]+", "letters"), "abc"),
    (Place(), "a/b"),
    (Url(("http",)), "http://127.0.0.1:1"),
    (Curve(), [[10, Decimal("79.5")]]),
]


@pytest.mark.parametrize(("kind", "good"), KINDS)
def test_every_kind_takes_its_own_and_describes_it(kind: Kind, good: object) -> None:
    kind.read(good)
    assert str(kind)


@pytest.mark.parametrize(("kind", "good"), KINDS)
@pytest.mark.parametrize(
    "bad", [None, {}, {"a": 1}, [[1]], -1, Decimal("NaN"), Decimal(9**30), "", "\0"]
)
def test_every_kind_refuses_what_it_is_not(kind: Kind, good: object, bad: object) -> None:
    with pytest.raises(Unfit):
        kind.read(bad)


@pytest.mark.parametrize("raw", [True, 1, 4, Decimal(3), "3"])
def test_whole_of_refuses_what_only_looks_alike(raw: object) -> None:
    with pytest.raises(Unfit):
        WholeOf((0, 3)).read(raw)


def test_place_takes_a_path_object() -> None:
    assert Place(is_absolute=True).read(Path("/a")) == Path("/a")


def test_hidden_takes_a_secret_object() -> None:
    assert Hidden(r"[a-z]+", "letters").read(Secret("abc")) == Secret("abc")


@pytest.mark.parametrize("text", ["1_0", "0x10", "1e2", " ", "[1", "[" * 9_999, "١"])
def test_text_of_a_variable_that_is_no_number_is_unfit(text: str) -> None:
    with pytest.raises(Unfit):
        from_text(Whole(0, 100), text)


def test_scaling_is_exact_or_refused() -> None:
    assert scaled(Decimal("1.05"), 100) == 105
    for value in (Decimal("1.005"), Decimal("1E-31"), Decimal("Infinity")):
        with pytest.raises(Unfit):
            scaled(value, 100)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (None, "(not set)"),
        (Secret("x"), "(hidden)"),
        (Secret(), "(not set)"),
        (True, "true"),
        (Mode.SIM, '"sim"'),
        ({"a": "b"}, "(table)"),
        ([[Decimal("1.5"), "a"]], '[[1.5, "a"]]'),
        ("a\nb\x1b", r'"a\nb\x1b"'),
        ("x" * 99, '"' + "x" * 56 + "..."),
    ],
)
def test_values_are_shown_on_one_short_line(raw: object, expected: str) -> None:
    assert shown(raw) == expected


def test_loopback_is_told_by_the_address_alone() -> None:
    assert all(map(is_loopback, ["127.0.0.1", "127.9.9.9", "::1", "localhost"]))
    assert not any(map(is_loopback, ["", "0.0.0.0", "::", "127.1", "example.com"]))
