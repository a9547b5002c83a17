"""One game as both venues word it: other names of its sides, and near misses of each wording."""

import pytest

from tests.unit.matching.support import YES_NO, decided, kalshi, polymarket
from twoleg.matching.names import Likeness, team

SOCCER = [
    (("PSG", "Rennes"), ("Paris Saint-Germain FC", "Stade Rennais FC 1901")),
    (("Brest", "Lyon"), ("Stade Brestois 29", "Olympique Lyonnais")),
    (("LAFC", "LA Galaxy"), ("Los Angeles FC", "Los Angeles Galaxy")),
    (("Los Angeles F", "Los Angeles G"), ("Los Angeles FC", "LA Galaxy")),
    (("New York RB", "New York City"), ("New York Red Bulls", "New York City FC")),
    (("D.C. United", "St. Louis"), ("DC United", "St. Louis CITY SC")),
    (("Copenhagen", "Brondby"), ("FC K\u00f8benhavn", "Br\u00f8ndby IF")),
    (("Red Star", "Partizan"), ("FK Crvena zvezda", "FK Partizan")),
    (("Sheffield Utd", "Sheffield Wed"), ("Sheffield United FC", "Sheffield Wednesday FC")),
    (("West Brom", "QPR"), ("West Bromwich Albion FC", "Queens Park Rangers FC")),
    (("United States", "Mexico"), ("USA", "Mexico")),
    (("South Korea", "Iran"), ("Korea Republic", "IR Iran")),
    (("Cura\u00e7ao", "Ivory Coast"), ("Curacao", "C\u00f4te d'Ivoire")),
    (("Turkey", "Czech Republic"), ("T\u00fcrkiye", "Czechia")),
]


def soccer(own: tuple[str, str], other: tuple[str, str], place: int, wins: str) -> object:
    return decided(
        kalshi("KXEPLGAME-26MAY16AAABBB-AAA", f"{own[0]} vs {own[1]} Winner?", own[place]),
        polymarket(
            f"Will {wins} win on 2026-05-16?",
            event_title=f"{other[0]} vs. {other[1]}",
            slug="epl-aaa-bbb-2026-05-16-aaa",
        ),
    )


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize(("own", "other"), SOCCER)
def test_names_of_one_side(own: tuple[str, str], other: tuple[str, str], place: int) -> None:
    decision = soccer(own, other, place, other[place])
    assert decision.is_accepted, decision.reason  # type: ignore[attr-defined]
    assert decision.yes_token == "1111"  # type: ignore[attr-defined]


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize(("own", "other"), SOCCER)
def test_the_other_side_of_one_game(
    own: tuple[str, str], other: tuple[str, str], place: int
) -> None:
    assert not soccer(own, other, place, other[1 - place]).is_accepted  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Los Angeles FC", "Los Angeles Galaxy"),
        ("New York City FC", "New York Red Bulls"),
        ("Sheffield Utd", "Sheffield Wed"),
        ("Sparta Prague", "Slavia Praha"),
        ("Atletico Mineiro", "Athletico Paranaense"),
        ("United States", "United States Women"),
        ("South Korea", "North Korea"),
        ("Ireland", "Northern Ireland"),
        ("Congo DR", "Congo"),
        ("Mississippi St.", "Mississippi"),
        ("Queens Park", "QPR"),
    ],
)
def test_two_clubs_stay_two(one: str, other: str) -> None:
    assert team(one, other) is not Likeness.SAME


def college(home: str, home_name: str) -> object:
    visitor = "North Carolina Tar Heels"
    return decided(
        kalshi("KXNCAAMBGAME-26JAN13AAABBB-AAA", f"{home} at North Carolina Winner?", home),
        polymarket(
            f"{home_name} vs. {visitor}", (home_name, visitor), slug="cbb-aaa-bbb-2026-01-13"
        ),
    )


@pytest.mark.parametrize(
    ("short", "name", "agrees"),
    [
        ("Connecticut", "UConn Huskies", True),
        ("Oklahoma St.", "Oklahoma State Cowboys", True),
        ("Oklahoma St.", "Oklahoma Sooners", False),
        ("Connecticut", "Central Michigan Chippewas", False),
    ],
)
def test_colleges(short: str, name: str, agrees: bool) -> None:  # noqa: FBT001
    assert college(short, name).is_accepted is agrees  # type: ignore[attr-defined]


def basketball(
    sides: tuple[str, str], other: tuple[str, str], slug: str, series: str = "KXBBLGAME"
) -> object:
    return decided(
        kalshi(f"{series}-26MAY101030AAABBB-AAA", f"{sides[0]} vs {sides[1]}", sides[0]),
        polymarket(f"{other[1]} vs. {other[0]}", (other[1], other[0]), slug=slug),
    )


@pytest.mark.parametrize(
    ("own", "other"),
    [
        (("TBB Harbour", "Baskets Oakline"), ("Gladiators Harbour", "Baskets Oakline")),
        (("Harbour Basketball", "Oakline Lions"), ("Acmepharm Harbour", "Oakline Lions")),
    ],
)
def test_sponsors_of_basketball_clubs(own: tuple[str, str], other: tuple[str, str]) -> None:
    decision = basketball(own, other, "bkbbl-aaa-bbb-2026-05-10")
    assert decision.is_accepted, decision.reason  # type: ignore[attr-defined]
    assert decision.yes_token == "2222"  # type: ignore[attr-defined]


OWN, OTHER = ("TBB Harbour", "Baskets Oakline"), ("Gladiators Harbour", "Baskets Oakline")


@pytest.mark.parametrize(
    ("other", "slug", "series"),
    [
        (("Gladiators Elmtown", "Baskets Oakline"), "bkbbl-aaa-bbb-2026-05-10", "KXBBLGAME"),
        (("Gladiators Harbour", "Baskets Elmtown"), "bkbbl-aaa-bbb-2026-05-10", "KXBBLGAME"),
        (("Gladiators Harbour Women", "Baskets Oakline"), "bkbbl-aa-bb-2026-05-10", "KXBBLGAME"),
        (OTHER, "bkbbl-aaa-bbb-2026-05-12", "KXBBLGAME"),
        (OTHER, "bkfr1-aaa-bbb-2026-05-10", "KXBBLGAME"),
        (OTHER, "bkxyz-aaa-bbb-2026-05-10", "KXBBLGAME"),
        (OTHER, "epl-aaa-bbb-2026-05-10", "KXBBLGAME"),
        (OTHER, "epl-aaa-bbb-2026-05-10", "KXEPLGAME"),
    ],
)
def test_sponsors_tell_nothing_elsewhere(other: tuple[str, str], slug: str, series: str) -> None:
    assert not basketball(OWN, other, slug, series).is_accepted  # type: ignore[attr-defined]


def tennis(title: str, yes: str, players: tuple[str, str], day: str = "10") -> object:
    return decided(
        kalshi("KXATPCHALLENGERMATCH-26MAY10AAABBB-AAA", title, yes),
        polymarket(
            f"Harbour: {players[0]} vs {players[1]}", players, slug=f"atp-aaa-bbb-2026-05-{day}"
        ),
    )


@pytest.mark.parametrize(
    ("title", "yes", "players"),
    [
        ("Doe vs Roe Acosta", "Juan Roe Acosta", ("Ann Doe", "Juan Acosta")),
        ("Doe vs Roe Acosta", "Juan Roe Acosta", ("Ann Doe", "Juan Roes Acosta")),
        ("Doe vs Marlow Curbel", "Ivan Marlow Curbel", ("Ann Doe", "Ivan Marlow")),
        ("Doe vs Rey Da Selva", "Jo Lucas Rey Da Selva", ("Ann Doe", "Jo Lucas Da Selva")),
    ],
)
def test_either_of_two_family_names(title: str, yes: str, players: tuple[str, str]) -> None:
    decision = tennis(title, yes, players)
    assert decision.is_accepted, decision.reason  # type: ignore[attr-defined]
    assert decision.yes_token == "2222"  # type: ignore[attr-defined]


def test_either_of_two_family_names_of_the_other_player() -> None:
    decision = tennis("Doe vs Roe Acosta", "Ann Doe", ("Ann Doe", "Juan Acosta"))
    assert decision.yes_token == "1111"  # type: ignore[attr-defined]
    for players in (("Eve Doe", "Juan Acosta"), ("Ann Doe", "Juan Marlow")):
        assert not tennis("Doe vs Roe Acosta", "Ann Doe", players).is_accepted  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("title", "players"),
    [
        ("Doe vs Roe Acosta", ("Ann Doe", "Juan Marlow")),
        ("Doe vs Roe Acosta", ("Ann Poe", "Juan Acosta")),
        ("Ann Doe vs Carlo Acosta", ("Ann Doe", "Juan Acosta")),
        ("Doe vs Roe Acosta", ("Ann Doe", "Juan Acosta Jr.")),
        ("Doe vs Roe Acosta / Poe", ("Ann Doe", "Juan Acosta / Max Poe")),
    ],
)
def test_family_names_of_others(title: str, players: tuple[str, str]) -> None:
    assert not tennis(title, "", players).is_accepted  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("title", "yes", "players"),
    [
        ("Doe vs Acosta", "Franco Acosta", ("Ann Doe", "Juan Manuel Acosta")),
        ("Doe vs Acosta", "Franco Acosta", ("Ann Doe", "Juan Acosta")),
        ("Doe vs Roe Acosta", "Franco Roe Acosta", ("Ann Doe", "Juan Acosta")),
    ],
)
def test_an_outcome_in_full_is_no_other_of_the_family(
    title: str, yes: str, players: tuple[str, str]
) -> None:
    assert not tennis(title, yes, players).is_accepted  # type: ignore[attr-defined]


def test_a_question_with_at_is_no_game() -> None:
    decision = decided(
        kalshi(
            "KXRALLY-26MAY16-ACME", "Will Acme win a contract at the Harbour fair in 2026?",
            close_time="2026-12-31T00:00:00Z",
        ),
        polymarket(
            "Will Acme win a contract at the Harbour fair in 2026?", YES_NO,
            end_time="2026-12-31T00:00:00Z",
        ),
    )  # fmt: skip
    assert decision.is_accepted, decision.reason


@pytest.mark.parametrize(
    ("question", "agrees"),
    [
        ("Will One Night After Another win the Oscar for Best Picture in 2026?", True),
        ("Will another win the Oscar for Best Picture in 2026?", False),
        ("Will another movie win the Oscar for Best Picture in 2026?", False),
        ("Will any other film win the Oscar for Best Picture in 2026?", False),
    ],
)
def test_another_in_a_name(question: str, agrees: bool) -> None:  # noqa: FBT001
    left = kalshi("KXOSCARPIC-26-ONAA", "Oscar for Best Picture?", "One Night After Another")
    assert decided(left, polymarket(question)).is_accepted is agrees


def esports(question: str) -> object:
    return decided(
        kalshi(
            "KXDOTA2GAME-26MAY101200AAABBB-AAA",
            "Will Acme Spirit win the Acme Spirit vs. FOOBAR Dota 2 match?",
            "Acme Spirit",
        ),
        polymarket(question, ("Acme Spirit", "FOOBAR"), slug="dota2-aaa-bbb-2026-05-10"),
    )


@pytest.mark.parametrize(
    ("question", "agrees"),
    [
        ("Dota 2: Acme Spirit vs FOOBAR (BO3) - HARBOUR Slam", True),
        ("Dota 2: Acme Spirit vs FOOBAR (BO5) - Harbour League Americas", True),
        ("Dota 2: Acme Spirit vs FOOBAR (BO3) - Harbour Slam Academy Women", False),
        ("Dota 2: Acme Spirit vs FOOBAR (BO3) - Most Kills", False),
        ("Dota 2: Acme Spirit vs FOOBAR (BO3) - First Blood", False),
        ("Dota 2: Acme Spirit vs FOOBAR (BO3) - Acme Spirit", False),
        ("Dota 2: Acme Spirit vs FOOBAR (BO3) - Game 1 Winner", False),
        ("Dota 2: Acme Spirit vs FOOBAR (BO3) - HARBOUR Slam: Roshan", False),
        ("Dota 2: Acme Spirit vs FOOBAR - HARBOUR Slam", False),
        ("LoL: Acme Spirit vs FOOBAR (BO3) - HARBOUR Slam", False),
    ],
)
def test_the_tournament_after_the_length_of_a_series(question: str, agrees: bool) -> None:  # noqa: FBT001
    assert esports(question).is_accepted is agrees  # type: ignore[attr-defined]


SLUG = "nba-min-mil-2026-01-13"


@pytest.mark.parametrize(
    ("title", "yes", "series", "question", "outcomes", "slug", "agrees"),
    [
        ("1st Half Total", "Over 110.5 points", "1HTOTAL", "{}: 1H O/U 110.5", ("Over", "Under"), "-1h-total-110pt5", True),
        ("1st Half Total", "Over 110.5 points", "1HTOTAL", "{}: O/U 110.5", ("Over", "Under"), "-total-110pt5", False),
        ("1st Half Total", "Over 110.5 points", "1HTOTAL", "{}: 2H O/U 110.5", ("Over", "Under"), "-2h-total-110pt5", False),
        ("1st Half Total", "Over 110.5 points", "1HTOTAL", "{}: 1H O/U 111.5", ("Over", "Under"), "-1h-total-111pt5", False),
        ("1st Half Total", "Over 110.5 points", "1HTOTAL", "{}: 1Q O/U 110.5", ("Over", "Under"), "-1q-total-110pt5", False),
        ("1st Half Spread", "Minnesota wins by over 3.5 points", "1HSPREAD", "1H Spread: Timberwolves (-3.5)", ("Timberwolves", "Bucks"), "-1h-spread-away-3pt5", True),
        ("1st Half Spread", "Minnesota wins by over 3.5 points", "1HSPREAD", "2H Spread: Timberwolves (-3.5)", ("Timberwolves", "Bucks"), "-2h-spread-away-3pt5", False),
        ("1st Half Spread", "Minnesota wins by over 3.5 points", "1HSPREAD", "Spread: Timberwolves (-3.5)", ("Timberwolves", "Bucks"), "-spread-away-3pt5", False),
        ("1st Half Spread", "Minnesota wins by over 3.5 points", "1HSPREAD", "1H Spread: Bucks (-3.5)", ("Bucks", "Timberwolves"), "-1h-spread-home-3pt5", False),
        ("1st Half Spread", "Minnesota wins by over 3.5 points", "1HSPREAD", "1H Spread: Timberwolves (-4.5)", ("Timberwolves", "Bucks"), "-1h-spread-away-4pt5", False),
    ],
)  # fmt: skip
def test_halves(  # noqa: PLR0917
    title: str,
    yes: str,
    series: str,
    question: str,
    outcomes: tuple[str, str],
    slug: str,
    agrees: bool,  # noqa: FBT001
) -> None:
    game = "Timberwolves vs. Bucks"
    decision = decided(
        kalshi(f"KXNBA{series}-26JAN13MINMIL-1", f"Minnesota at Milwaukee: {title}", yes),
        polymarket(question.format(game), outcomes, slug=SLUG + slug, event_title=game),
    )
    assert decision.is_accepted is agrees, decision.reason


@pytest.mark.parametrize(
    ("question", "slug", "agrees"),
    [
        ("Jane Doe vs. Ann Roe: Match O/U 22.5", "-match-total-22pt5", True),
        ("Jane Doe vs. Ann Roe: Match O/U 21.5", "-match-total-21pt5", False),
        ("Jane Doe vs. Ann Roe: Set 1 O/U 22.5", "-first-set-total-22pt5", False),
        ("Jane Doe vs. Ann Roe: Total Sets O/U 22.5", "-set-totals-22pt5", False),
    ],
)
def test_games_of_a_tennis_match(question: str, slug: str, agrees: bool) -> None:  # noqa: FBT001
    left = kalshi(
        "KXATPGTOTAL-26MAY10DOEROE-23", "Jane Doe vs Ann Roe: Total Games", "Over 22.5 games"
    )
    right = polymarket(question, ("Over", "Under"), slug=f"atp-doe-roe-2026-05-10{slug}")
    assert decided(left, right).is_accepted is agrees


ROUND = "Minnesota vs San Antonio 2026 2nd Round series winner?"


@pytest.mark.parametrize(
    ("ticker", "title", "question", "end", "agrees"),
    [
        ("KXNBASERIES-26MINSASR2-MIN", ROUND, "NBA Playoffs: Who Will Win Series? - Spurs vs. Timberwolves", "2026-05-22", True),
        ("KXNBASERIES-26MINSASR2-MIN", ROUND, "NBA Playoffs: Who Will Win Series? - Spurs vs. Timberwolves", "2027-05-22", False),
        ("KXNBASERIES-26MINSASR2-MIN", ROUND, "NBA Playoffs: Who Will Win Series? - Spurs vs. Timberwolves", "2026-02-22", False),
        ("KXNBASERIES-26MINSASR2-MIN", ROUND, "NHL Playoffs: Who Will Win Series? - Spurs vs. Timberwolves", "2026-05-22", False),
        ("KXNBASERIES-26MINSASR2-MIN", ROUND, "Who Will Win Series? - Spurs vs. Timberwolves", "2026-05-22", False),
        ("KXNBASERIES-26MINSASR2-MIN", ROUND, "NBA Playoffs: Spurs vs. Timberwolves", "2026-05-22", False),
        ("KXNBASERIES-26MINSASR2-MIN", ROUND, "NBA Playoffs: Who Will Win Series? - Spurs vs. Timberwolves: Total Games O/U 5.5", "2026-05-22", False),
        ("KXNBASERIES-26MINSASR2-MIN", ROUND, "NBA Playoffs: Who Will Win Game 1? - Spurs vs. Timberwolves", "2026-05-22", False),
        ("KXNBASERIES-26MINSASR2-MIN", ROUND, "NBA Playoffs: Who Will Win Series 4-2? - Spurs vs. Timberwolves", "2026-05-22", False),
        ("KXNBASERIES-26MINSASR2-MIN", ROUND, "NBA Playoffs: Who Will Win Series? - Spurs vs. Lakers", "2026-05-22", False),
        ("KXNBAGAME-26MAY22MINSAS-MIN", "Minnesota vs San Antonio Winner?", "NBA Playoffs: Who Will Win Series? - Spurs vs. Timberwolves", "2026-05-22", False),
        ("KXNBASERIESSCORE-26MINSASR2-MIN42", "Will Minnesota win 4-2 in the Minnesota vs San Antonio 2nd Round series in the 2026 NBA Playoffs?", "NBA Playoffs: Who Will Win Series? - Spurs vs. Timberwolves", "2026-05-22", False),
    ],
)  # fmt: skip
def test_rounds_of_playoffs(
    ticker: str, title: str, question: str, end: str, agrees: bool  # noqa: FBT001
) -> None:  # fmt: skip
    names = tuple(question.rpartition("- ")[2].split(" vs. "))
    decision = decided(
        kalshi(ticker, title, "Minnesota", close_time="2026-06-01T00:00:00Z"),
        polymarket(question, (names[0], names[-1]), end_time=f"{end}T00:00:00Z"),
    )
    assert decision.is_accepted is agrees, decision.reason
    if agrees:
        assert decision.yes_token == "2222"


@pytest.mark.parametrize(
    "other", ["Acme HARBOUR Gold", "Foobar HARBOUR", "Acme ELM", "Acme HARBOUR Academy"]
)
def test_squads_of_an_esports_name_are_two(other: str) -> None:
    left = kalshi(
        "KXLOLGAME-26MAY150600AAABBB-AAA",
        "Will Acme HARBOUR Black win the Acme HARBOUR Black vs. OAKLINE League of Legends match?",
        "Acme HARBOUR Black",
    )
    right = polymarket(
        f"LoL: {other} vs OAKLINE (BO3) - LCK Rounds 1-2",
        (other, "OAKLINE"),
        slug="lol-a-b-2026-05-15",
    )
    assert not decided(left, right).is_accepted


LIKE_NAMES = (
    (("St. John's", "UConn"), ("St. Joseph's", "UConn"), "KXNCAAMBGAME", "cbb"),
    (("Michigan St", "Ohio St"), ("Michigan", "Ohio State"), "KXNCAAMBGAME", "cbb"),
    (("Michigan St W", "Ohio St W"), ("Michigan W", "Ohio State W"), "KXNCAAWBGAME", "cwbb"),
    (("St. Mary's", "Gonzaga"), ("Mount St. Mary's", "Gonzaga"), "KXNCAAMBGAME", "cbb"),
    (("St. Louis City", "Dallas"), ("St. Louis City 2", "Dallas"), "KXKHLGAME", "khl"),
)


@pytest.mark.parametrize(("own", "other", "series", "prefix"), LIKE_NAMES)
def test_clubs_and_colleges_of_like_names(
    own: tuple[str, str], other: tuple[str, str], series: str, prefix: str
) -> None:
    def played(sides: tuple[str, str]) -> bool:
        return decided(
            kalshi(f"{series}-26MAY16AAABBB-AAA", f"{own[0]} at {own[1]} Winner?", own[0]),
            polymarket(f"{sides[0]} vs. {sides[1]}", sides, slug=f"{prefix}-aaa-bbb-2026-05-16"),
        ).is_accepted

    assert not played(other)


@pytest.mark.parametrize(
    ("title", "players", "is_one"),
    [
        ("Doe vs Juan Acosta", ("Ann Doe", "Franco Acosta"), False),
        ("Doe vs Juan Acosta", ("Ann Doe", "Pedro Juan"), False),
        ("Doe vs Juan Acosta", ("Ann Doe", "Juan Acosta"), True),
        ("Doe vs Roe Acosta", ("Ann Doe", "Franco Acosta"), True),
    ],
)
def test_a_first_name_is_no_second_family_name(
    title: str, players: tuple[str, str], *, is_one: bool
) -> None:
    decision = decided(
        kalshi("KXATPMATCH-26MAY16AAABBB-AAA", title, "Ann Doe"),
        polymarket(f"Harbour: {players[0]} vs {players[1]}", players, slug="atp-aa-bb-2026-05-16"),
    )
    assert decision.is_accepted is is_one
