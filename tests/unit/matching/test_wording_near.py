"""Claims one step beside the wordings that are read: each differs in one thing from an equal one.

Each group is one Kalshi market: questions that say the same, and questions that differ in one thing.
"""

import pytest

from tests.unit.matching.support import Group, accepted, decided, kalshi, polymarket

GROUPS = (
    Group(
        "KXPRES-28-JDOE", "Will Jane Doe win the Presidency in 2028?", "Jane Doe",
        "2029-01-20T00:00:00Z", "2028-11-07T00:00:00Z",
        ("Will Jane Doe win the 2028 US Presidential Election?",),
        ("Will Jane Doe's party win the Presidency in 2028?", "Will Jane Doe win the popular vote in the 2028 Presidential Election?", "Will Jane Doe be inaugurated as President in 2029?", "Will Jane Doe win the FIFA presidency in 2028?"),
    ),
    Group(
        "KXSPEAKER-26-JDOE", "Will Jane Doe be Speaker of the House in 2026?", "",
        "2026-12-31T00:00:00Z", "2026-12-31T00:00:00Z", (),
        ("Will Jane Doe be Speaker of the House after the 2026 midterm elections?", "Will Jane Doe be Speaker of the House after the 2026 midterms?", "Will Jane Doe be Speaker of the House following the 2026 midterms?"),
    ),
    Group(
        "KXRUN-26-JDOE", "Will Jane Doe announce a run for president in 2026?", "",
        "2026-12-31T00:00:00Z", "2026-12-31T00:00:00Z",
        ("Will Jane Doe announce a presidential run in 2026?",),
        ("Will Jane Doe announce a presidential run after the 2026 midterms?", "Will Jane Doe announce a presidential run after the midterms in 2026?", "Will Jane Doe announce a presidential run following the 2026 midterm elections?"),
    ),
    Group(
        "KXCONTROL-26-D", "Will the Democrats win control of the House in the 2026 midterms?", "",
        "2026-11-03T00:00:00Z", "2026-11-03T00:00:00Z",
        ("Will the Democrats control the House after the 2026 midterms?", "Will the Democratic Party win the House following the 2026 midterm elections?"),
        ("Will the Democrats control the House by the 2026 midterms?", "Will the Democrats control the House until the 2026 midterms?", "Will the Democrats control the House floor after the 2026 midterms?"),
    ),
    Group(
        "KXPARL-26", "Will Jane Doe win a parliamentary seat in the 2026 Freedonian election?", "",
        "2026-10-31T00:00:00Z", "2026-10-31T00:00:00Z",
        ("Will Jane Doe win a parliamentary seat in the 2026 Freedonian election?",),
        ("Will Jane Doe win the 2026 Freedonian parliamentary election?", "Will Jane Doe win 1 parliamentary seat in the 2026 Freedonian election?"),
    ),
    Group(
        "KXSEAT-26-BLUE", "Will the Blue Party win a seat in the 2026 Freedonian election?", "",
        "2026-10-31T00:00:00Z", "2026-10-31T00:00:00Z",
        ("Will the Blue Party win any seat in the 2026 Freedonian election?",),
        ("Will the Blue Party win 1 seat in the 2026 Freedonian election?", "Will the Blue Party win one seat in the 2026 Freedonian election?"),
    ),
    Group(
        "KXNY12-26-JDOE", "Who will win the NY-12 seat?", "Jane Doe",
        "2026-11-03T00:00:00Z", "2026-11-03T00:00:00Z",
        ("Will Jane Doe win the NY-12 election in 2026?",),
        ("Will Jane Doe win the NY-13 election in 2026?", "Will Jane Doe vacate the NY-12 seat in 2026?"),
    ),
    Group(
        "KXFREEPRES-26-JDOE", "Who will win the Colombian presidential election?", "Jane Doe",
        "2026-08-07T00:00:00Z", "2026-05-31T00:00:00Z",
        ("Will Jane Doe Roe win the 2026 Colombian presidential election?",),
        ("Will Jane Doe's ally win the 2026 Colombian presidential election?", "Will Jane Doe's Party win the 2026 Colombian presidential election?", "Will Jane Doe coalition win the 2026 Colombian presidential election?", "Will Jane Doe supporter win the 2026 Colombian presidential election?"),
    ),
    Group(
        "KXFIGHT-26-ACME", "Who will John Doe fight for in 2026?", "Acme",
        "2026-12-31T00:00:00Z", "2026-12-31T00:00:00Z", (), ("Will John Doe fight Acme in 2026?",),
    ),
    Group(
        "KXINTERVIEW-26-ACME", "Who will John Doe interview with in 2026?", "Acme",
        "2026-12-31T00:00:00Z", "2026-12-31T00:00:00Z",
        ("Will John Doe interview with Acme in 2026?",), ("Will John Doe interview Acme in 2026?",),
    ),
    Group(
        "KXMODEL-26", "Will Acme release a new model in 2026?", "",
        "2026-12-31T00:00:00Z", "2026-12-31T00:00:00Z",
        ("Will Acme release a new model in 2026?",), ("Will Acme release a new AI model in 2026?", "Will Acme release new AI models in 2026?"),
    ),
    Group(
        "KXTOPMOVIE-26-HARB", "Top grossing movie of 2026?", "Harbour: Tide",
        "2027-01-05T00:00:00Z", "2026-12-31T00:00:00Z",
        ("Will Harbour: Tide be the highest grossing movie of 2026?",),
        ("Will Harbour 2: Tide be the highest grossing movie of 2026?", "Will Harbour: Part Two Tide be the highest grossing movie of 2026?", "Will Harbour II: Tide be the highest grossing movie of 2026?", "Will Harbour: The Second Tide be the highest grossing movie of 2026?"),
    ),
    Group(
        "KXTOPMOVIE-26-HGM", "Highest grossing movie of 2026?", "The Harbour Galaxy Movie",
        "2027-01-05T00:00:00Z", "2026-12-31T00:00:00Z",
        ("Will The Harbour Galaxy Movie be the highest grossing movie of 2026?",),
        ("Will The Harbour Movie be the highest grossing movie of 2026?", "Will The Movie be the highest grossing movie of 2026?"),
    ),
    Group(
        "KXOSCARPIC-27-HARB", "Oscar for Best Picture?", "Harbour: Part One",
        "2027-03-15T00:00:00Z", "2027-03-14T00:00:00Z",
        ("Will Harbour: Part One win Best Picture at the 2027 Academy Awards?",),
        ("Will Harbour: One win Best Picture at the 2027 Academy Awards?", "Will Harbour: Part Two win Best Picture at the 2027 Academy Awards?"),
    ),
    Group(
        "KXACMEAWARD-27-DOE", "Acme Film Critics Award for Best Actor? (2027)", "Benjamin Doe",
        "2027-02-08T00:00:00Z", "2027-02-07T00:00:00Z",
        # The giver is called by films; who is given it is a person.
        ("Will Ben Doe win Best Actor at the 2027 Acme Film Critics Awards?",),
        ("Will Ben Roe win Best Actor at the 2027 Acme Film Critics Awards?", "Will Ben Doe win Best Actress at the 2027 Acme Film Critics Awards?", "Will Ben Doe win Best Actor at the 2028 Acme Film Critics Awards?"),
    ),
    Group(
        "KXGRAMMY-27-CRAT", "Grammy for Album of the Year?", "Blue Crate",
        "2027-02-08T00:00:00Z", "2027-02-07T00:00:00Z",
        ("Will Blue Crate win Album of the Year at the 2027 Grammys?",),
        ("Will Blue Sky Crate win Album of the Year at the 2027 Grammys?",),
    ),
    Group(
        "KXUFCBANTAMWEIGHTTITLE-26-JDOE", "Who will be the Bantamweight Title Holder on Dec 31, 2026?", "John Doe",
        "2026-12-30T00:00:00Z", "2026-12-30T00:00:00Z",
        ("Will John Doe be the UFC Bantamweight Champion on December 31, 2026?",),
        ("Will John Doe win the UFC Bantamweight Championship on December 31, 2026?",),
    ),
    Group(
        "KXNFLPLAYOFF-26-CIN", "Pro Football Playoff Qualifiers", "Cincinnati",
        "2027-01-12T00:00:00Z", "2026-01-10T00:00:00Z", (),
        ("Will the Cincinnati Bengals make the 2025-26 NFL playoffs?", "Will the Cincinnati Bengals clinch a spot in the 2026 NFL playoffs?"),
    ),
    Group(
        "KXNFLPLAYOFF-27-CIN", "Pro Football Playoff Qualifiers", "Cincinnati",
        "2027-01-12T00:00:00Z", "2027-01-10T00:00:00Z",
        ("Will the Cincinnati Bengals make the 2026-27 NFL playoffs?",), (),
    ),
    Group(
        "KXLEADERNFLRUSH-26-JDOE", "Will John Doe lead Pro Football in rushing yards for the 2026 regular season?", "",
        "2027-01-12T00:00:00Z", "2026-01-05T00:00:00Z", (),
        ("Will John Doe lead the NFL in rushing yards for the 2025-26 regular season?",),
    ),
    Group(
        "KXMLSEAST-26-MIA", "Will Inter Miami win the MLS Eastern Conference Championship?", "",
        "2026-12-10T00:00:00Z", "2026-12-05T00:00:00Z",
        ("Will Inter Miami win the 2026 MLS Eastern Conference Championship?",), ("Will Inter Miami win the MLS Eastern Conference?",),
    ),
    Group(
        "KXMLSEAST-26-NYC", "Will New York City FC win the Eastern Conference Championship?", "",
        "2026-12-10T00:00:00Z", "2026-12-05T00:00:00Z", (),
        ("Will New York City FC win the Eastern Conference?",),
    ),
    Group(
        "KXWCGROUPQUAL-26G-KOR", "Will South Korea qualify from World Cup Group G?", "",
        "2026-07-10T00:00:00Z", "2026-06-27T00:00:00Z",
        ("Will Korea Republic advance to the knockout stages at the 2026 FIFA World Cup?",),
        ("Will South Korea and Iran advance to the knockout stages at the 2026 FIFA World Cup?", "Will South Korea or Iran advance to the knockout stages at the 2026 FIFA World Cup?", "Will South Korea U-23 advance to the knockout stages at the 2026 FIFA World Cup?"),
    ),
    Group(
        "KXWWCGROUPQUAL-26G-KOR", "Will South Korea qualify from World Cup Group G?", "",
        "2026-07-10T00:00:00Z", "2026-06-27T00:00:00Z", (),
        ("Will South Korea advance to the knockout stages at the 2026 FIFA World Cup?",),
    ),
    Group(
        "KXDANCE-34-JDOE", "Dance Night Season 34 winner?", "Jane Doe",
        "2025-11-26T00:00:00Z", "2025-11-25T00:00:00Z",
        ("Will Jane Doe win Dance Night Season 34?",), ("Will Jane Doe and John Poe win Dance Night Season 34?",),
    ),
    Group(
        "KXIPL-26-CSK", "Will Chennai Super Kings win the IPL?", "",
        "2026-06-14T00:00:00Z", "2026-05-31T00:00:00Z",
        ("Will Chennai Super Kings win the 2026 Indian Premier League?",), ("Will Chennaiyin win the 2026 Indian Premier League?",),
    ),
    Group(
        "KXLALIGA-26-RMA", "La Liga Winner", "Real Madrid",
        "2026-05-24T00:00:00Z", "2026-05-24T00:00:00Z",
        ("Will Real Madrid CF win the 2025–26 La Liga?",), ("Will Real Madrid Castilla win the 2025–26 La Liga?",),
    ),
    Group(
        "KXWCC-26-SMC", "Will Saint Mary's win the 2026 WCC Tournament?", "",
        "2026-03-16T00:00:00Z", "2026-03-16T00:00:00Z",
        ("Will St. Mary's win the 2026 WCC Tournament?",), ("Will Mount St. Mary's win the 2026 WCC Tournament?",),
    ),
)  # fmt: skip


def _rows(kind: str) -> list[object]:
    return [
        pytest.param(group, question, id=f"{group.ticker}: {question}")
        for group in GROUPS
        for question in getattr(group, kind)
    ]


@pytest.mark.parametrize(("group", "question"), _rows("equal"))
def test_one_claim_in_other_words(group: Group, question: str) -> None:
    assert accepted(group, question) == "1111"


@pytest.mark.parametrize(("group", "question"), _rows("near"))
def test_one_thing_differs(group: Group, question: str) -> None:
    assert accepted(group, question).startswith("no: ")


def test_rules_of_another_deadline_than_the_day_of_the_title() -> None:
    own = kalshi("KXHOLD-26-JDOE", "Will Jane Doe hold the cup on Dec 31, 2026?")
    question = "Will Jane Doe hold the cup on December 31, 2026?"
    rules = 'This market will resolve to "Yes" if Jane Doe holds the cup on {}.'
    same = polymarket(question, description=rules.format("December 31, 2026"))
    other = polymarket(question, description=rules.format("a day by June 30, 2026"))
    assert decided(own, same).is_accepted
    assert not decided(own, other).is_accepted
