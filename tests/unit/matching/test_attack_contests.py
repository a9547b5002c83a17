"""Contests that only look alike: namesakes, other squads, other places, the next match of a day."""

import pytest

from tests.unit.matching.support import decided, kalshi, polymarket
from twoleg.matching.names import Likeness, person, team

START = "2026-05-10T18:00:00Z"


@pytest.mark.parametrize(
    ("yes", "question", "labels", "accepted"),
    [
        ("Craig Doe", "Craig Doe vs. Paul Roe", ("Craig Doe", "Paul Roe"), True),
        ("Craig Doe", "Craig Doe vs. Paul Roe", ("Roe", "Doe"), True),
        ("Craig Doe", "Peter Doe vs. Paul Roe", ("Peter Doe", "Paul Roe"), False),
        ("Craig Doe", "Paul Roe vs. Peter Doe", ("Roe", "Doe"), False),
        ("Craig Doe", "Doe vs. Roe", ("Peter Doe", "Paul Roe"), False),
    ],
)
def test_outcome_in_full_tells_namesakes_apart(
    yes: str, question: str, labels: tuple[str, str], *, accepted: bool
) -> None:
    left = kalshi("KXUFCFIGHT-26MAY10DOEROE-DOE", "Doe vs Roe", yes, occurrence_time=START)
    right = polymarket(question, labels, slug="ufc-doe-roe-2026-05-10", game_start_time=START)
    decision = decided(left, right)
    assert decision.is_accepted is accepted
    if accepted:
        assert decision.yes_index == ["Doe" in label for label in labels].index(True)


@pytest.mark.parametrize(
    ("titles", "outcomes"),
    [
        (("Doe/Roe vs Poe/Coe", "Doe/Roe"), ("Roe", "Coe")),
        (("Doe & Roe vs Poe & Coe", "Doe & Roe"), ("Roe", "Coe")),
        (("Doe and Roe vs Poe and Coe", "Doe and Roe"), ("Roe", "Coe")),
        (("Roe vs Coe", "Roe"), ("Doe/Roe", "Poe/Coe")),
    ],
)
def test_doubles_are_no_singles(titles: tuple[str, str], outcomes: tuple[str, str]) -> None:
    left = kalshi("KXATPMATCH-26MAY10DOECOE-DOE", *titles, occurrence_time=START)
    right = polymarket(
        " vs ".join(outcomes), outcomes, slug="atp-doe-coe-2026-05-10", game_start_time=START
    )
    assert not decided(left, right).is_accepted


@pytest.mark.parametrize(
    ("start", "accepted"), [("2026-05-10T19:30:00Z", True), ("2026-05-10T22:00:00Z", False)]
)
def test_teams_of_esports_may_meet_twice_in_a_day(start: str, *, accepted: bool) -> None:
    left = kalshi(
        "KXCS2GAME-26MAY10OAKELM-OAK", "Oakline vs. Elmside", "Oakline", occurrence_time=START
    )
    right = polymarket(
        "Counter-Strike: Oakline vs Elmside (BO3)", ("Oakline", "Elmside"),
        slug="cs2-oak-elm-2026-05-10", game_start_time=start,
    )  # fmt: skip
    assert decided(left, right).is_accepted is accepted


@pytest.mark.parametrize(
    ("series", "slug", "accepted"),
    [
        ("KXUCLGAME", "ucl", True),
        ("KXUCLWGAME", "ucl", False),
        ("KXUCLWOMENGAME", "ucl", False),
        ("KXFIFAU20GAME", "fif", False),
    ],
)
def test_league_of_another_squad_is_another_league(
    series: str, slug: str, *, accepted: bool
) -> None:
    left = kalshi(
        f"{series}-26MAY10OAKELM-OAK", "Oakline vs Elmside Winner?", "Oakline",
        occurrence_time=START,
    )  # fmt: skip
    right = polymarket(
        "Will Oakline win on 2026-05-10?", slug=f"{slug}-oak-elm-2026-05-10-oak",
        event_title="Oakline vs. Elmside", game_start_time=START,
    )  # fmt: skip
    assert decided(left, right).is_accepted is accepted


@pytest.mark.parametrize(("slug", "accepted"), [("cricoak", True), ("cricwoak", False)])
def test_women_s_group_of_slugs_is_none_of_the_men_s(slug: str, *, accepted: bool) -> None:
    left = kalshi("KXIPLGAME-26MAY10OAKELM-OAK", "Oakline vs Elmside", "Oakline",
                  occurrence_time=START)  # fmt: skip
    right = polymarket(
        "Oakline vs. Elmside", ("Oakline", "Elmside"), slug=f"{slug}-oak-elm-2026-05-10",
        game_start_time=START,
    )  # fmt: skip
    assert decided(left, right).is_accepted is accepted


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ireland", "Northern Ireland"),
        ("Sudan", "South Sudan"),
        ("Guinea", "Guinea-Bissau"),
        ("Guinea", "Papua New Guinea"),
        ("Niger", "Nigeria"),
        ("India", "Indiana"),
        ("Oregon", "Oregon State"),
        ("Michigan", "Western Michigan"),
        ("Georgia", "Georgia Tech Yellow Jackets"),
        ("Sydney", "Western Sydney Wanderers"),
        ("York City", "New York City FC"),
        ("Oakline", "Oakline Female"),
        ("Oakline", "Oakline NXT"),
    ],
)
def test_qualified_names_are_others(one: str, other: str) -> None:
    assert team(one, other) is Likeness.OTHER
    assert team(other, one) is Likeness.OTHER


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Cowboys", "North Queensland Cowboys"),
        ("Oregon State", "Oregon State Beavers"),
        ("Wanderers", "Western Sydney Wanderers"),
        ("Spartans", "Michigan State Spartans"),
    ],
)
def test_names_that_leave_the_place_out_are_still_part(one: str, other: str) -> None:
    assert team(one, other) is Likeness.PART


def test_couples_in_either_order_are_one() -> None:
    assert person("Doe/Roe", "Roe/Doe") is Likeness.SAME
    assert person("Doe/Roe", "Roe") is Likeness.OTHER


@pytest.mark.parametrize(
    ("figure", "labels", "accepted"),
    [("220.5", ("Over", "Under"), True), ("220", ("Over", "Under"), False)],
)
def test_two_way_line_that_may_be_met_pays_both(
    figure: str, labels: tuple[str, str], *, accepted: bool
) -> None:
    left = kalshi(
        "KXNBATOTAL-26MAY10BOSIND-220", "Boston vs Indiana: Total Points",
        f"Over {figure} points", occurrence_time=START, strike_type="greater",
        floor_strike=float(figure),
    )  # fmt: skip
    right = polymarket(
        f"Boston Celtics vs. Indiana Pacers: O/U {figure}", labels, line=float(figure),
        slug="nba-bos-ind-2026-05-10", game_start_time=START, sports_market_type="totals",
    )  # fmt: skip
    assert decided(left, right).is_accepted is accepted
