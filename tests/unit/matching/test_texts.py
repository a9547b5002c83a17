"""Hostile text, dates, hours and lines."""

from datetime import UTC, date, datetime

import pytest

from twoleg.matching.card import E6, Line, Op
from twoleg.matching.dates import (
    Moment,
    Start,
    parse_day,
    parse_instant,
    slug_day,
    take_hour,
    take_moments,
    take_years,
    ticker_start,
    ticker_year,
)
from twoleg.matching.lines import structured, take_lines, whole
from twoleg.matching.texts import TITLE_CHARS_MAX, fold, is_stand_in, is_template, words


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("  Señor\u00a0Łódź – “Tōkyō”  ", 'senor lodz - "tokyo"'),
        ("M´gladbach’s", "m'gladbach's"),
        ("zero\u200bwidth\u202e", "zerowidth"),
        ("Ｆｕｌｌ", "full"),
        ("", ""),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_fold_caps_what_it_reads() -> None:
    assert len(fold("x" * 100_000)) == TITLE_CHARS_MAX


def test_words_drop_possessives() -> None:
    assert words("the fed's u.s. rate") == ("the", "fed", "u.s", "rate")


@pytest.mark.parametrize(
    "text", ["Player AC", "Person V", "Will A win the seat?", 'Will "Show B" win?', "AD"]
)
def test_stand_ins(text: str) -> None:
    assert is_stand_in(text)


@pytest.mark.parametrize(
    "text",
    ["Jane Doe", "Game 1 Winner", "Will AI win?", "Will OG Doe win?", "Team Liquid", "Player of the Year", "City SC vs. Town FC"],
)  # fmt: skip
def test_names_are_no_stand_ins(text: str) -> None:
    assert not is_stand_in(text)


def test_templates() -> None:
    assert is_template("if || person || wins")
    assert not is_template("if jane doe wins")


@pytest.mark.parametrize(
    ("text", "moments"),
    [
        ("before jan 1, 2027", (Moment(2027, 1, 1, "before"),)),
        ("by the end of june", (Moment(0, 6, 0, "by"),)),
        ("on may 10, 2026 at", (Moment(2026, 5, 10, "on"),)),
        ("in may 2026", (Moment(2026, 5, 0, "in"),)),
        ("win on 2026-05-10", (Moment(2026, 5, 10, "on"),)),
        ("the 31st of december 2026", (Moment(2026, 12, 31, ""),)),
        ("may the best win", ()),
        ("by february 31", (Moment(0, 2, 0, "by"),)),
    ],
)
def test_moments(text: str, moments: tuple[Moment, ...]) -> None:
    assert take_moments(text)[1] == moments


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("the 2025-26 la liga", [2026]),
        ("the 2028 nomination", [2028]),
        ("before 2027", [2027]),
        ("above 2,026 points", []),
        ("$2026", []),
        ("2026%", []),
    ],
)
def test_years(text: str, years: list[int]) -> None:
    assert [moment.year for moment in take_years(text)[1]] == years


@pytest.mark.parametrize(
    ("text", "hour"),
    [("8pm edt", "20:00 et"), ("12am et", "00:00 et"), ("7:30 am utc", "07:30 utc"), ("noon", "12:00 et"), ("8 people", "")],
)  # fmt: skip
def test_hours(text: str, hour: str) -> None:
    assert take_hour(text)[1] == hour


@pytest.mark.parametrize(
    ("ticker", "start"),
    [
        (
            "KXMLBGAME-26MAY161310TORDET-DET",
            Start(instant=datetime(2026, 5, 16, 17, 10, tzinfo=UTC)),
        ),
        ("KXEPLGAME-26MAY16HARNOR-TIE", Start(days=(date(2026, 5, 16),))),
        ("KXEPLGAME-26FEB31HARNOR-TIE", Start()),
        ("KXCS2MAP-26MAY1010009ZFAL-1-9Z", Start(instant=datetime(2026, 5, 10, 14, 0, tzinfo=UTC))),
        ("KXPRESNOMD-28-JDOE", Start()),
        ("", Start()),
    ],
)
def test_ticker_start(ticker: str, start: Start) -> None:
    assert ticker_start(ticker) == start


@pytest.mark.parametrize(
    ("ticker", "year"),
    [
        ("KXHOUSERACE-OH03-26-D", 2026),
        ("KXHOUSERACE-TX35-26-D", 2026),
        ("KXPRESNOMD-28-JDOE", 2028),
        ("KXPGATOUR-HBC26-JDOE", 2026),
        ("KXSAY-26MAY11-TRAI", 2026),
        ("KXCOMET-27", 2027),
        ("KXCOMET", 0),
        ("KXTXPRIMARY-35D26-JDOE", 2026),
        ("KXCAPRIMARY-07FIRST26-JDOE", 2026),
        ("KXCONTROL-2026-D", 2026),
        ("KXCLAIMS-26-250000", 2026),
    ],
)
def test_ticker_year(ticker: str, year: int) -> None:
    assert ticker_year(ticker) == year


def test_time_stamps_of_both_venues() -> None:
    wanted = datetime(2026, 5, 16, 17, 10, tzinfo=UTC)
    assert parse_instant("2026-05-16T17:10:00Z") == wanted
    assert parse_instant("2026-05-16 17:10:00+00") == wanted
    assert parse_instant("2026-05-16") is None
    assert parse_instant("yesterday afternoon") is None
    assert parse_day("2026-05-16T17:10:00Z") == date(2026, 5, 16)
    assert parse_day("2026-02-31") is None
    assert slug_day("mlb-tor-det-2026-05-16-nrfi") == date(2026, 5, 16)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("above 2.5%", Line(Op.GT, 2_500_000, unit="%")),
        ("at least $100", Line(Op.GE, 100 * E6, unit="$")),
        ("$74,000 or above", Line(Op.GE, 74_000 * E6, unit="$")),
        ("more than 250k", Line(Op.GT, 250_000 * E6)),
        ("between 140-159 launches", Line(Op.BETWEEN, 140 * E6, 159 * E6)),
        ("between $200-250b", Line(Op.BETWEEN, 200 * 10**9 * E6, 250 * 10**9 * E6, "$")),
        (">25bps", Line(Op.GT, 25 * E6, unit="bps")),
        ("exactly 3 cuts", Line(Op.EQ, 3 * E6)),
        ("20+ points", Line(Op.GE, 20 * E6)),
        ("less than 4", Line(Op.LT, 4 * E6)),
    ],
)
def test_lines(text: str, line: Line) -> None:
    assert take_lines(text)[1] == (line,)


def test_inclusive_and_exclusive_lines_differ() -> None:
    assert take_lines("above 60")[1] != take_lines("at least 60")[1]


def test_over_a_half_and_at_least_the_next_are_one_count() -> None:
    assert whole(Line(Op.GT, 2_500_000)) == whole(Line(Op.GE, 3 * E6)) == whole(Line(Op.GT, 2 * E6))
    assert whole(Line(Op.LT, 2_500_000)) == whole(Line(Op.LE, 2 * E6))


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        (("greater", 2.5, None), Line(Op.GT, 2_500_000)),
        (("greater_or_equal", 60, None), Line(Op.GE, 60 * E6)),
        (("less", None, 4), Line(Op.LT, 4 * E6)),
        (("between", 1.9, 2.2), Line(Op.BETWEEN, 1_900_000, 2_200_000)),
        (("between", 1.9, None), None),
        (("greater", float("nan"), None), None),
        (("custom", 1, 2), None),
    ],
)
def test_strike_fields(fields: tuple[str, float | None, float | None], line: Line | None) -> None:
    assert structured(*fields) == line
