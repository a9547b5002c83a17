"""Games that differ in one thing: the part played for, the game of the day, the squad, the namesake."""

import pytest

from tests.unit.matching.support import decided, kalshi, polymarket
from twoleg.matching.names import Likeness, team

START = "2026-05-10T18:00:00Z"
LABELS = ("Knicks", "76ers")


@pytest.mark.parametrize(
    ("question", "event", "item", "kind", "accepted"),
    [
        ("Knicks vs. 76ers", "Knicks vs. 76ers", "", "moneyline", True),
        ("Knicks vs. 76ers (Regulation)", "Knicks vs. 76ers", "", "moneyline", False),
        ("Knicks vs. 76ers (60 min)", "Knicks vs. 76ers", "", "moneyline", False),
        ("Knicks vs. 76ers", "Knicks vs. 76ers - Regulation", "", "moneyline", False),
        ("Knicks vs. 76ers", "Knicks vs. 76ers", "1st Half Winner", "moneyline", False),
        ("Knicks vs. 76ers", "Knicks vs. 76ers", "1Q Winner", "moneyline", False),
        ("Knicks vs. 76ers", "Knicks vs. 76ers", "", "child_moneyline", False),
    ],
)
def test_part_of_a_game_is_not_the_game(
    question: str, event: str, item: str, kind: str, *, accepted: bool
) -> None:
    left = kalshi(
        "KXNBAGAME-26MAY10NYKPHI-NYK", "New York at Philadelphia Winner?", "New York",
        occurrence_time=START,
    )  # fmt: skip
    right = polymarket(
        question, LABELS, slug="nba-nyk-phi-2026-05-10", event_title=event, group_item_title=item,
        sports_market_type=kind, game_start_time=START,
    )  # fmt: skip
    assert decided(left, right).is_accepted is accepted


@pytest.mark.parametrize(
    ("question", "event", "accepted"),
    [
        ("Knicks vs. 76ers: O/U 220.5", "Knicks vs. 76ers", True),
        ("O/U 220.5", "Knicks vs. 76ers", True),
        ("Knicks vs. 76ers: O/U 220.5 (Regulation)", "Knicks vs. 76ers", False),
        ("Knicks vs. 76ers: O/U 220.5 (excl. OT)", "Knicks vs. 76ers", False),
        ("O/U 220.5", "Knicks vs. 76ers: Knicks Total", False),
        ("O/U 220.5", "Knicks vs. 76ers: 76ers Team Total", False),
        ("Knicks vs. 76ers: O/U 220.5", "Knicks vs. 76ers: Knicks Points", False),
    ],
)
def test_total_of_a_part_or_side_is_not_the_games(
    question: str, event: str, *, accepted: bool
) -> None:
    left = kalshi(
        "KXNBATOTAL-26MAY10NYKPHI-220", "New York at Philadelphia: Total Points",
        "Over 220.5 points scored", strike_type="greater", floor_strike=220.5,
        occurrence_time=START,
    )  # fmt: skip
    right = polymarket(
        question, ("Over", "Under"), slug="nba-nyk-phi-2026-05-10-total-220pt5", line=220.5,
        event_title=event, game_start_time=START,
    )  # fmt: skip
    assert decided(left, right).is_accepted is accepted


@pytest.mark.parametrize(
    ("code", "hour", "event", "accepted"),
    [
        ("", "", "", True),
        ("", "", "New York Mets vs. Washington Nationals", True),
        ("G1", "", "", False),
        ("G2", "", "", False),
        ("G2", START, "", True),
        ("", "", "New York Mets vs. Washington Nationals (Doubleheader Game 2)", False),
        ("", "", "New York Mets vs. Washington Nationals - Game 2", False),
    ],
)
def test_game_of_a_double_header_needs_its_hour(
    code: str, hour: str, event: str, *, accepted: bool
) -> None:
    left = kalshi(
        f"KXMLBGAME-26MAY10NYMWSH{code}-NYM", "New York M vs Washington Winner?", "New York M",
        occurrence_time=hour,
    )  # fmt: skip
    right = polymarket(
        "New York Mets vs. Washington Nationals", ("New York Mets", "Washington Nationals"),
        slug="mlb-nym-wsh-2026-05-10", event_title=event, game_start_time=hour,
    )  # fmt: skip
    assert decided(left, right).is_accepted is accepted


@pytest.mark.parametrize(
    ("other", "accepted"),
    [
        ("Oakline", True),
        ("Team Oakline", True),
        ("Oakline Esports", True),
        ("Acme Oakline", True),
        ("Oakline Blue", False),
        ("Oakline.Bee", False),
        ("Oakline Brazil", False),
    ],
)
def test_squad_named_behind_an_esports_club_is_another(other: str, *, accepted: bool) -> None:
    left = kalshi("KXLOLGAME-26MAY10OAKELM-ELM", "Oakline vs. Elmside", "Elmside",
                  occurrence_time=START)  # fmt: skip
    right = polymarket(
        f"LoL: {other} vs Elmside (BO3)", (other, "Elmside"), slug="lol-oak-elm-2026-05-10",
        game_start_time=START,
    )  # fmt: skip
    assert decided(left, right).is_accepted is accepted


@pytest.mark.parametrize("yes", ["CSKA Sofia", "CSKA 1948"])
@pytest.mark.parametrize("title", ["CSKA Sofia vs CSKA 1948", "CSKA 1948 vs CSKA Sofia"])
@pytest.mark.parametrize("event", ["PFC CSKA Sofia vs. FC CSKA 1948 Sofia", ""])
@pytest.mark.parametrize("who", ["PFC CSKA Sofia", "FC CSKA 1948 Sofia"])
def test_founding_year_tells_two_clubs_of_one_game_apart(
    yes: str, title: str, event: str, who: str
) -> None:
    left = kalshi("KXBULGAME-26MAY10CSKCSK-CSK", title, yes, occurrence_time=START)
    left_copa = kalshi("KXCOPAGAME-26MAY10CSKCSK-CSK", title, yes, occurrence_time=START)
    right = polymarket(
        f"Will {who} win on 2026-05-10?", slug="uef-csk-csk-2026-05-10-csk", event_title=event,
        game_start_time=START,
    )  # fmt: skip
    assert not decided(left, right).is_accepted, "a league that is not known"
    is_one = ("1948" in yes) == ("1948" in who)
    if event:
        assert decided(left_copa, right).is_accepted is is_one
    else:
        assert is_one or not decided(left_copa, right).is_accepted


@pytest.mark.parametrize(
    ("series", "slug", "accepted"),
    [("KXEPLGAME", "epl", True), ("KXEPLGAME", "lib", False), ("KXUCLGAME", "epl", False)],
)
def test_namesakes_of_two_soccer_leagues(series: str, slug: str, *, accepted: bool) -> None:
    left = kalshi(f"{series}-26MAY10ARSEVE-ARS", "Arsenal vs Everton Winner?", "Arsenal",
                  occurrence_time=START)  # fmt: skip
    right = polymarket(
        "Will Arsenal FC win on 2026-05-10?", slug=f"{slug}-ars-eve-2026-05-10-ars",
        event_title="Arsenal FC vs. Everton FC", game_start_time=START,
    )  # fmt: skip
    assert decided(left, right).is_accepted is accepted


@pytest.mark.parametrize(
    ("yes", "labels", "accepted"),
    [
        ("Miami (OH)", ("Miami (OH) RedHawks", "Oakline"), True),
        ("Miami (FL)", ("Miami Hurricanes", "Oakline"), True),
        ("Miami (FL)", ("Miami (OH) RedHawks", "Oakline"), False),
        ("Miami (OH)", ("Miami Hurricanes", "Oakline"), False),
    ],
)
def test_state_in_parentheses_is_part_of_a_college(
    yes: str, labels: tuple[str, str], *, accepted: bool
) -> None:
    left = kalshi("KXNCAAFGAME-26MAY10MIAOAK-OAK", f"{yes} at Oakline Winner?", "Oakline",
                  occurrence_time=START)  # fmt: skip
    right = polymarket(
        " vs. ".join(labels), labels, slug="cfb-mia-oak-2026-05-10", game_start_time=START
    )
    assert decided(left, right).is_accepted is accepted


def test_states_tell_colleges_apart_by_name() -> None:
    assert team("miami fl", "Miami Hurricanes") is Likeness.SAME
    assert team("miami oh", "Miami Hurricanes") is Likeness.OTHER


@pytest.mark.parametrize(
    ("question", "accepted"),
    [
        ("Will Jane Doe be the next Prime Minister of Canada?", True),
        ("Will Jane Doe be the next Prime Minister candidate of Canada?", False),
    ],
)
def test_candidate_for_a_post_does_not_hold_it(question: str, *, accepted: bool) -> None:
    left = kalshi("KXNEXTCANPM-30-JD", "Who will be the next Prime Minister of Canada?", "Jane Doe")
    assert decided(left, polymarket(question)).is_accepted is accepted


@pytest.mark.parametrize(
    ("question", "accepted"),
    [
        ("Will Tom Doe finish in the Top 5 at the 2026 Oakline Championship?", True),
        ("Will Tom Doe not finish in the Top 5 at the 2026 Oakline Championship?", False),
        ("Will Tom Doe never finish in the Top 5 at the 2026 Oakline Championship?", False),
        ("Will Tom Doe finish in the Top 5 (no ties) at the 2026 Oakline Championship?", False),
        (
            "Will Tom Doe finish in the Top 5 excluding ties at the 2026 Oakline Championship?",
            False,
        ),
        ("Will Tom Doe finish in the Top 5 Americans at the 2026 Oakline Championship?", False),
        ("Will Tom Doe finish in the Top 5 Americans of 2026 Oakline Championship?", False),
        ("Will Tom Doe or Jim Roe finish in the Top 5 at the 2026 Oakline Championship?", False),
        ("Will Tom Doe's son finish in the Top 5 at the 2026 Oakline Championship?", False),
    ],
)
def test_level_of_golf_is_that_of_one_player_ties_included(
    question: str, *, accepted: bool
) -> None:
    left = kalshi("KXPGATOP5-OAK26-TDOE", "Oakline Championship: Top 5 Finishers", "Tom Doe",
                  close_time="2026-05-10T22:20:00Z")  # fmt: skip
    right = polymarket(question, end_time="2026-05-11T03:00:00Z")
    assert decided(left, right).is_accepted is accepted


@pytest.mark.parametrize(
    ("fields", "accepted"),
    [
        ({}, True),
        ({"description": 'If the Knicks win, the market will resolve to "Knicks".'}, True),
        ({"description": "If the Knicks win the first half, it resolves to Knicks."}, False),
        ({"description": "If the Knicks lose, it resolves to Knicks."}, False),
        ({"description": "If the Knicks win by more than 3 points, Knicks."}, False),
        ({"description": "If the Knicks win in regulation, Knicks."}, False),
        ({"description": "If the Knicks win the series, Knicks."}, False),
        ({"description": "It resolves to the team that scores first."}, False),
        ({"slug": "nba-nyk-phi-2026-05-12"}, False),
        ({"question": "NBA Summer League: Knicks vs. 76ers"}, False),
        ({"question": "NBA 2K: Knicks vs. 76ers"}, False),
        ({"question": "Coin flip: Knicks vs. 76ers"}, False),
    ],
)
def test_rules_slug_and_kind_must_be_those_of_the_game(
    fields: dict[str, str], *, accepted: bool
) -> None:
    left = kalshi(
        "KXNBAGAME-26MAY10NYKPHI-NYK", "New York at Philadelphia Winner?", "New York",
        occurrence_time=START,
    )  # fmt: skip
    texts = {"question": "Knicks vs. 76ers", "slug": "nba-nyk-phi-2026-05-10", **fields}
    question = texts.pop("question")
    right = polymarket(question, LABELS, game_start_time=START, **texts)
    assert decided(left, right).is_accepted is accepted


@pytest.mark.parametrize(
    ("what", "accepted"),
    [("game", True), ("game in regulation", False), ("series", False)],
)
def test_kalshi_rules_must_pay_for_the_game(what: str, *, accepted: bool) -> None:
    left = kalshi(
        "KXNBAGAME-26MAY10NYKPHI-NYK", "New York at Philadelphia Winner?", "New York",
        occurrence_time=START,
        rules_primary=f"If New York wins the New York at Philadelphia {what}, it resolves to Yes.",
    )  # fmt: skip
    right = polymarket("Knicks vs. 76ers", LABELS, slug="nba-nyk-phi-2026-05-10",
                       game_start_time=START)  # fmt: skip
    assert decided(left, right).is_accepted is accepted
