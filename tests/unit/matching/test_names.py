"""Names of clubs, people, parties and countries."""

import pytest

from twoleg.matching.names import Likeness, in_league, league_of, party_of, person, subject, team

SAME, PART, OTHER = Likeness.SAME, Likeness.PART, Likeness.OTHER


@pytest.mark.parametrize(
    ("one", "other", "league", "likeness"),
    [
        ("Harbour", "FC Harbour", "", SAME),
        ("Hamburg", "Hamburger SV", "", SAME),
        ("Mainz", "1. FSV Mainz 05", "", SAME),
        ("St. Pauli", "FC St. Pauli 1910", "", SAME),
        ("SL Benfica", "Sport Lisboa e Benfica", "", SAME),
        ("Obera TC", "Obera Tenis Club", "", SAME),
        ("The Mongolz", "TheMongolz", "", SAME),
        ("Bilbao", "Athletic Club", "", SAME),
        ("Vallecano", "Rayo Vallecano de Madrid", "", PART),
        ("Alianza Atletico", "Alianza Atlético Sullana", "", PART),
        ("SKA St. Petersburg", "HC SKA Saint Petersburg", "", SAME),
        ("St. Louis", "St. Louis CITY SC", "", SAME),
        ("BC AEK Athens", "AEK", "", PART),
        ("AEK Athens", "AEK Larnaca", "", OTHER),
        ("Alianza Lima", "Alianza Atlético Sullana", "", OTHER),
        ("FC Cajamarca", "UTC Cajamarca", "", OTHER),
        ("Dundee FC", "Dundee United", "", OTHER),
        ("Manchester City", "Manchester United FC", "", OTHER),
        ("Oakline", "Oakline Academy", "", OTHER),
        ("Oakline", "Oakline B", "", OTHER),
        ("NAVI Junior", "Natus Vincere", "", OTHER),
        ("New York Y", "New York Yankees", "mlb", SAME),
        ("New York M", "New York Yankees", "mlb", OTHER),
        ("Boston", "Celtics", "nba", SAME),
        ("Los Angeles C", "Lakers", "nba", OTHER),
        ("", "Harbour", "", OTHER),
    ],
)
def test_team_names(one: str, other: str, league: str, likeness: Likeness) -> None:
    assert team(one, other, league) is likeness
    assert team(other, one, league) is likeness


@pytest.mark.parametrize(
    ("one", "other", "likeness"),
    [
        ("Hank Doe", "Henry Doe", SAME),
        ("Alex Doe", "Alexander Doe", SAME),
        ("J. Doe", "Jane Doe", SAME),
        ("Jane A. Doe", "Jane Doe", SAME),
        ("Péter Doe", "Doe Peter", SAME),
        ("Si-Woo Kim", "Si Woo Kim", SAME),
        ("Doe", "Jane Doe", PART),
        ("Roe de Almeida", "Matheus Roe de Almeida", PART),
        ("Tom Kim", "Michael Kim", OTHER),
        ("Cam Davis", "Davis Thompson", OTHER),
        ("John Doe", "John Doe Jr.", OTHER),
        ("Jane B. Doe", "Jane C. Doe", OTHER),
        ("", "Jane Doe", OTHER),
    ],
)
def test_people(one: str, other: str, likeness: Likeness) -> None:
    assert person(one, other) is likeness
    assert person(other, one) is likeness


@pytest.mark.parametrize(
    ("one", "other", "likeness"),
    [
        ("a Democrat", "Democratic Party", SAME),
        ("Republican", "the Republicans", SAME),
        ("Republican party", "Democratic party", OTHER),
        ("Korea Republic", "South Korea", SAME),
        ("UK", "United Kingdom", SAME),
        ("Austria", "Australia", OTHER),
    ],
)
def test_subjects_of_any_kind(one: str, other: str, likeness: Likeness) -> None:
    assert subject(one, other) is likeness


def test_name_shared_by_two_teams_of_a_league_is_none_of_them() -> None:
    assert in_league("Los Angeles", "nba") == ""
    assert in_league("Chicago", "mlb") == ""
    assert in_league("LA Lakers", "nba") == "los angeles lakers"


def test_league_is_known_only_by_full_names_of_one_table() -> None:
    assert league_of(("New York Liberty", "Washington Mystics")) == "wnba"
    assert league_of(("New York", "Washington")) == ""
    assert league_of(("New York Liberty", "Detroit Tigers")) == ""


def test_party_is_read_only_from_a_party_alone() -> None:
    assert party_of("Democratic Party") == "democratic"
    assert party_of("Democratic Republic of the Congo") == ""
