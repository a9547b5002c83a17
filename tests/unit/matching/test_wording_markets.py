"""More claims as both venues word them: the shapes of real series, with invented names.

Each group is one Kalshi market: questions that say the same, and questions that differ in one thing.
"""

import pytest

from tests.unit.matching.support import Group, accepted

GROUPS = (
    Group(
        "KXPRESNOMR-28-JDOE", "Will Jane Doe be the nominee for the Presidency for the Republican party?", "",
        "2028-11-06T00:00:00Z", "2028-11-07T00:00:00Z",
        ("Will Jane Doe win the 2028 Republican presidential nomination?", "Will Jane Doe be the Republican nominee for President in 2028?"),
        ("Will Jane Doe win the 2028 Democratic presidential nomination?", "Will Jane Doe win the 2028 Republican vice presidential nomination?", "Will Jane Doe win the 2028 US presidential election?", "Will Jane Doe win the 2032 Republican presidential nomination?", "Will Jane Doe run for the Republican presidential nomination in 2028?"),
    ),
    Group(
        "KXPRESPARTY-2028-D", "Will Democratic win the Presidency in 2028?", "",
        "2029-11-06T00:00:00Z", "2028-11-07T00:00:00Z",
        ("Will the Democrats win the 2028 US Presidential Election?", "Will a Democratic candidate win the 2028 presidential election?"),
        ("Will the Republicans win the 2028 US Presidential Election?", "Will the Democrats win the Vice Presidency in 2028?", "Will the Democrats win the 2032 US Presidential Election?", "Will the Democrats win the 2028 French Presidential Election?", "Will the Democrats win the popular vote in the 2028 US Presidential Election?"),
    ),
    Group(
        "CONTROLH-2026-D", "Which party will win the U.S. House?", "Democratic Party",
        "2027-02-01T15:00:00Z", "2026-11-03T00:00:00Z",
        ("Will the Democratic Party control the House after the 2026 Midterm elections?", "Will the Democrats win the House in the 2026 midterms?"),
        ("Will the Republican Party control the House after the 2026 Midterm elections?", "Will the Democratic Party control the Senate after the 2026 Midterm elections?", "Will the Democratic Party control the House after the 2028 elections?", "Will the Democratic Party control the House before the 2026 Midterm elections?", "Will the Democratic Party control the House and Senate after the 2026 Midterm elections?", "Will the Democratic Party lose control of the House after the 2026 Midterm elections?"),
    ),
    Group(
        "CONTROLH-2028-D", "Which party will win the U.S. House?", "Democratic Party",
        "2029-02-01T15:00:00Z", "2026-11-03T00:00:00Z", (),
        ("Will the Democratic Party control the House after the 2026 Midterm elections?",),
    ),
    Group(
        "SENATEKS-26-D", "Will Democratics win the Senate race in Kansas?", "",
        "2027-11-02T00:00:00Z", "2026-11-03T00:00:00Z",
        ("Will the Democrats win the Kansas Senate race in 2026?",),
        ("Will the Republicans win the Kansas Senate race in 2026?", "Will the Democrats win the Arkansas Senate race in 2026?", "Will the Democrats win the Kansas Senate race in 2028?"),
    ),
    Group(
        "KXGOVCA-26-JDOE", "California Governor winner? (Person)", "Jane Doe",
        "2027-11-03T00:00:00Z", "2026-11-03T00:00:00Z",
        ("Will Jane Doe win the California Governor Election in 2026?",),
        ("Will Jane Doe advance from the California Governor primary?", "Will Jane Doe win the California Senate Election in 2026?", "Will Jane Doe win the California Governor Election in 2030?", "Will Jane Doe win the California Governor Election in 2026 (special)?"),
    ),
    Group(
        "KXTXPRIMARY-35D26-JDOE", "Will Jane Doe be the Democratic nominee for TX-35?", "",
        "2027-11-02T00:00:00Z", "2026-05-25T00:00:00Z",
        ("Will Jane Doe be the Democratic nominee for TX-35?",),
        ("Will Jane Doe be the Republican nominee for TX-35?", "Will Jane Doe be the Democratic nominee for TX-33?", "Will Jane Doe be the Democratic nominee for TX-35 in 2028?"),
    ),
    Group(
        "KXCAPRIMARY-07A26-JDOE", "Will Jane Doe advance from the 2026 CA-07 primary?", "",
        "2027-11-02T00:00:00Z", "2026-06-01T00:00:00Z",
        ("Will Jane Doe advance from the CA-07 primary election?",),
        ("Will Jane Doe advance to the CA-07 primary runoff?", "Will Jane Doe win the CA-07 primary election?", "Will Jane Doe advance from the CA-08 primary election?"),
    ),
    Group(
        "KXRUN-28-JDOE", "Will Jane Doe announce a run for president before 2028?", "",
        "2028-01-01T04:59:00Z", "2027-12-31T00:00:00Z",
        ("Will Jane Doe announce a presidential run before 2028?",),
        ("Will Jane Doe announce a gubernatorial run before 2028?", "Will Jane Doe run for president before 2028?", "Will Jane Doe announce a presidential run before 2027?"),
    ),
    Group(
        "KXMEET-26JUL", "Will Jane Doe and John Poe meet before Jul 1, 2026?", "",
        "2026-07-01T04:00:00Z", "2026-06-30T00:00:00Z",
        ("Will Jane Doe meet with John Poe by June 30, 2026?", "Jane Doe meets John Poe by June 30?"),
        ("Will Jane Doe meet with John Roe by June 30, 2026?", "Will Jane Doe call John Poe by June 30, 2026?", "Will Jane Doe agree to meet John Poe by June 30, 2026?", "Will Jane Doe not meet John Poe by June 30, 2026?", "Will Jane Doe meet John Poe in Freedonia by June 30, 2026?", "Will Jane Doe meet with John Poe by July 31, 2026?"),
    ),
    Group(
        "KXISLE-29", "Will the United States acquire any part of Freedonia before 2029?", "",
        "2029-01-01T04:59:00Z", "2028-12-31T00:00:00Z",
        ("Will the US acquire part of Freedonia before 2029?",),
        ("Will the US acquire Freedonia before 2029?", "Will the US acquire all parts of Freedonia before 2029?"),
    ),
    Group(
        "KXFEDDECISION-26JUL-H0", "Fed decision in July?", "Fed maintains rate",
        "2026-07-29T18:00:00Z", "2026-07-29T00:00:00Z",
        ("No change in Fed interest rates after July 2026 meeting?",),
        ("No change in Fed interest rates after July 2027 meeting?", "No change in Fed interest rates after June 2026 meeting?", "Fed increases interest rates by 25 bps after July 2026 meeting?"),
    ),
    Group(
        "KXCPIYOY-26MAY-T2.4", "Will the rate of CPI inflation be above 2.4% for the year ending in May 2026?", "",
        "2026-06-09T00:00:00Z", "2026-06-10T00:00:00Z",
        ("Will annual inflation be above 2.4% in May 2026?",),
        ("Will monthly inflation be above 2.4% in May 2026?", "Will annual PCE inflation be above 2.4% in May 2026?", "Will annual core inflation be above 2.4% in May 2026?", "Will UK annual inflation be above 2.4% in May 2026?", "Will annual inflation be at least 2.4% in May 2026?", "Will inflation be above 2.4% in May 2026?"),
    ),
    Group(
        "KXU3-26MAY-T3.9", "Will the unemployment rate (U-3) be above 3.9% in May?", "",
        "2026-06-04T00:00:00Z", "2026-06-05T00:00:00Z",
        ("Will the May 2026 unemployment rate be above 3.9%?",),
        ("Will the May 2026 unemployment rate (U-6) be above 3.9%?", "Will the June 2026 unemployment rate be above 3.9%?", "Will the May 2026 UK unemployment rate be above 3.9%?"),
    ),
    Group(
        "KXSOLD-26Q3-100", "How many widgets will Acme sell in Q3 2026?", "Above 100,000",
        "2026-11-13T00:00:00Z", "2026-11-12T00:00:00Z",
        ("Will Acme sell more than 100,000 widgets in Q3 2026?", "Will Acme sell more than 100k widgets in Q3 2026?"),
        ("Will Acme sell more than 100,000 gadgets in Q3 2026?", "Will Acme sell more than 100,000 widgets in Q2 2026?", "Will Acme sell at least 100,000 widgets in Q3 2026?", "Will Acme deliver more than 100,000 widgets in Q3 2026?", "Will Foobar sell more than 100,000 widgets in Q3 2026?"),
    ),
    Group(
        "KXTARIFF-26-FRE", "Which countries will Acmeland impose new tariffs on in 2026?", "Freedonia",
        "2027-01-01T04:59:00Z", "2026-12-31T00:00:00Z",
        ("Will Acmeland impose new tariffs on Freedonia in 2026?",),
        ("Will Freedonia impose new tariffs on Acmeland in 2026?", "Will Acmeland lift new tariffs on Freedonia in 2026?", "Will Acmeland impose new tariffs on Sylvania in 2026?", "Will Acmeland impose new tariffs on Freedonia by June 30, 2026?"),
    ),
    Group(
        "KXBAN-26-5", "How many states will ban widgets in 2026?", "5 or more",
        "2027-01-01T04:59:00Z", "2026-12-31T00:00:00Z",
        ("Will at least 5 states ban widgets in 2026?",),
        ("Will more than 5 states ban widgets in 2026?", "Will widgets ban at least 5 states in 2026?"),
    ),
    Group(
        "KXSEAT-26", "Will Jane Doe win a seat in the 2026 Freedonian election?", "",
        "2026-10-31T00:00:00Z", "2026-10-31T00:00:00Z",
        ("Will Jane Doe win a seat in the 2026 Freedonian election?",),
        ("Will Jane Doe win the 2026 Freedonian election?", "Will Jane Doe lose a seat in the 2026 Freedonian election?"),
    ),
    Group(
        "KXMOST-26-BLUE", "Which party will win the most seats in the Swedish election?", "Blue Democrats",
        "2026-10-30T00:00:00Z", "2026-09-13T00:00:00Z",
        ("Will the Blue Democrats win the most seats in the 2026 Swedish parliamentary election?", "Will the Blue Democrats win the most seats in the 2026 Swedish general election?"),
        ("Will the Blue Democrats win the 2026 Swedish parliamentary election?", "Will the Blue Democrats win the most seats in the 2026 Danish parliamentary election?", "Will the Blue Democrats win the second most seats in the 2026 Swedish parliamentary election?", "Will the Blue Democrats win the most seats in the 2026 Swedish local elections?"),
    ),
    Group(
        "KXFREEPRES-26-JDOE", "Who will win the Colombian presidential election?", "Jane Doe",
        "2026-08-07T00:00:00Z", "2026-05-31T00:00:00Z",
        ("Will Jane Doe Roe win the 2026 Colombian presidential election?",),
        ("Will Jane Doe Jr. win the 2026 Colombian presidential election?", "Will Jane Roe win the 2026 Colombian presidential election?", "Will Juan Doe Roe win the 2026 Colombian presidential election?"),
    ),
    Group(
        "KXISLAND-50-JDOE", "Island Season 50 winner?", "Jane Doe",
        "2026-05-28T00:00:00Z", "2026-05-27T00:00:00Z",
        ("Will Jane Doe win Island 50?",),
        ("Will Jane Doe win Island 51?", "Will Jane Doe win Island Season 49?"),
    ),
    Group(
        "KXFREED-27", "Will Sam Bankman-Fried be pardoned before 2027?", "",
        "2027-01-01T04:59:00Z", "2026-12-31T00:00:00Z",
        ("SBF pardoned by December 31, 2026?",), ("SBF released by December 31, 2026?",),
    ),
    Group(
        "KXPGATOUR-HBM26-JDOE", "the Harbour Tournament presented by Acme Winner", "John Doe",
        "2026-06-07T00:00:00Z", "2026-06-08T00:00:00Z",
        ("Will John Doe win the 2026 Harbour Tournament?",), ("Will John Doe win the 2026 Elmtown Tournament?", "Will John Doe win the 2027 Harbour Tournament?"),
    ),
    Group(
        "KXCRASH-26", "Will the widget market crash in 2026?", "",
        "2026-12-31T00:00:00Z", "2026-12-31T00:00:00Z", (), ("Will the widget crash in 2026?",),
    ),
    Group(
        "KXLAW-26-WIDG", "Which bills will become law in 2026?", "Widget Act",
        "2027-01-01T04:59:00Z", "2026-12-31T00:00:00Z",
        ("Will the Widget Act become law in 2026?",),
        ("Will the Gadget Act become law in 2026?", "Will the Widget Act pass the House in 2026?", "Will the Widget Act become law in 2027?"),
    ),
    Group(
        "KXPARTY-27", "Will Jane Doe launch a new widget before 2027?", "",
        "2027-01-01T04:59:00Z", "2026-12-31T00:00:00Z",
        ("Jane Doe launches new widget by December 31, 2026?",),
        ("Jane Doe relaunches new widget by December 31, 2026?", "Jane Doe launches new gadget by December 31, 2026?"),
    ),
    Group(
        "GTA6-26MAY31", "Will GTA6 be released by May 31, 2026?", "",
        "2028-01-01T00:00:00Z", "2026-05-31T00:00:00Z",
        ("GTA VI released before June 2026?", "Will GTA 6 be released by May 31, 2026?"),
        ("GTA VI released before May 2026?", "GTA V released before June 2026?", "GTA VI delayed before June 2026?"),
    ),
    Group(
        "KXCODING-26MAY-ACME", "Which AI company will have the best coding model at the end of May 2026?", "Acme",
        "2026-05-31T00:00:00Z", "2026-05-31T00:00:00Z",
        ("Will Acme have the best Coding AI model at the end of May 2026?",),
        ("Will Acme have the best Math AI model at the end of May 2026?", "Will Acme have the best AI model at the end of May 2026?", "Will Acme have the best Coding AI model at the end of June 2026?", "Will Acme have the second best Coding AI model at the end of May 2026?"),
    ),
    Group(
        "KXTOPMOVIE-26-HARB", "Top grossing movie of 2026?", "Harbour: The Tide",
        "2027-01-05T00:00:00Z", "2026-12-31T00:00:00Z",
        ("Will Harbour: The Tide be the highest grossing movie of 2026?", 'Will "Harbour: The Tide" be the highest grossing movie of 2026?'),
        ("Will Harbour: The Start be the highest grossing movie of 2026?", "Will Harbour be the highest grossing movie of 2026?", "Will Harbour: The Tide be the second highest grossing movie of 2026?", "Will Harbour: The Tide be the highest grossing movie of 2027?"),
    ),
    Group(
        "KXTOPSONG-26JUN06-CRAT", "#1 song on the Billboard Hot 100 for the week of Jun 6, 2026?", "Blue Crate",
        "2026-06-06T00:00:00Z", "2026-06-06T00:00:00Z",
        ('Will "Blue Crate" be #1 on the Billboard Hot 100 for the week of June 6?',),
        ('Will "Blue Crate" be #2 on the Billboard Hot 100 for the week of June 6?', 'Will "Blue Crate" be #1 on the Billboard 200 for the week of June 6?', 'Will "Blue Crate" be #1 on the Billboard Hot 100 for the week of June 13?'),
    ),
    Group(
        "KXHOST-27-JDOE", "Who will host the 2027 Oscars?", "Jane Doe",
        "2027-03-15T00:00:00Z", "2027-03-14T00:00:00Z",
        ("Will Jane Doe host the 2027 Academy Awards?",),
        ("Will Jane Doe win at the 2027 Academy Awards?", "Will Jane Doe host the 2027 Golden Globes?", "Will Jane Doe host the 2028 Academy Awards?"),
    ),
    Group(
        "KXHALFTIME-27-JDOE", "Who will headline the Super Bowl LXI halftime show?", "Jane Doe",
        "2027-02-14T00:00:00Z", "2027-02-14T00:00:00Z",
        ("Will Jane Doe headline the 2027 Super Bowl halftime show?",),
        ("Will Jane Doe headline the 2026 Super Bowl halftime show?", "Will Jane Doe perform at the 2027 Super Bowl halftime show?", "Will Jane Doe headline the Super Bowl LX halftime show?"),
    ),
    Group(
        "KXDANCE-34-JDOE", "Dance Night Season 34 winner?", "Jane Doe",
        "2025-11-26T00:00:00Z", "2025-11-25T00:00:00Z",
        ("Will Jane Doe win Dance Night Season 34?",),
        ("Will Jane Doe win Dance Night Season 35?", "Will Jane Doe be eliminated from Dance Night Season 34?"),
    ),
    Group(
        "KXMLBPLAYOFFS-26-CIN", "Pro Baseball Playoff Qualifiers", "Cincinnati",
        "2026-10-31T00:00:00Z", "2026-09-27T00:00:00Z",
        ("Will the Cincinnati Reds clinch a spot in the 2026 MLB Postseason?", "Will the Cincinnati Reds make the 2026 MLB playoffs?"),
        ("Will the Cincinnati Reds win the 2026 MLB Postseason?", "Will the Cincinnati Reds clinch the top seed in the 2026 MLB Postseason?", "Will the Cincinnati Reds miss the 2026 MLB Postseason?", "Will the Cleveland Guardians clinch a spot in the 2026 MLB Postseason?", "Will the Cincinnati Reds clinch a spot in the 2027 MLB Postseason?"),
    ),
    Group(
        "KXLEADERMLBTRIPLES-26-JDOE", "Will John Doe lead Pro Baseball in triples for the 2026 regular season?", "",
        "2026-10-21T00:00:00Z", "2026-09-27T00:00:00Z",
        ("Will John Doe hit the most triples in the 2026 MLB regular season?",),
        ("Will John Doe hit the most doubles in the 2026 MLB regular season?", "Will John Doe hit the second most triples in the 2026 MLB regular season?", "Will John Doe hit the most triples in the 2026 MLB playoffs?", "Will John Doe hit the most triples in the 2026 NL regular season?"),
    ),
    Group(
        "KXNBAEAST-26-CLE", "Will Cleveland win the 2026 Eastern Conference Championship?", "",
        "2026-06-20T00:00:00Z", "2026-06-15T00:00:00Z",
        ("Will the Cleveland Cavaliers win the NBA Eastern Conference Finals?",),
        ("Will the Cleveland Cavaliers win the NBA Western Conference Finals?", "Will the Cleveland Cavaliers reach the NBA Eastern Conference Finals?"),
    ),
    Group(
        "KXEASTMVP-26-JDOE", "Will John Doe win the 2026 Eastern Conference Finals MVP?", "",
        "2026-06-20T00:00:00Z", "2026-06-15T00:00:00Z",
        (), ("Will John Doe win the 2026 Eastern Conference MVP?",),
    ),
    Group(
        "KXUFCBANTAMWEIGHTTITLE-26-JDOE", "Who will be the Bantamweight Title Holder on Dec 31, 2026?", "John Doe",
        "2026-12-30T00:00:00Z", "2026-12-30T00:00:00Z",
        ("Will John Doe be the UFC Bantamweight Champion on December 31, 2026?",),
        ("Will John Doe be the UFC Featherweight Champion on December 31, 2026?", "Will John Doe be the UFC Bantamweight Champion by December 31, 2026?", "Will John Doe be the PFL Bantamweight Champion on December 31, 2026?", "Will John Doe be the interim UFC Bantamweight Champion on December 31, 2026?", "Will John Doe be the UFC Women's Bantamweight Champion on December 31, 2026?"),
    ),
    Group(
        "KXWCGROUPQUAL-26G-EGY", "Will Egypt qualify from World Cup Group G?", "",
        "2026-07-10T00:00:00Z", "2026-06-27T00:00:00Z",
        ("Will Egypt advance to the knockout stages at the 2026 FIFA World Cup?", "Will Egypt advance from Group G at the 2026 FIFA World Cup?"),
        ("Will Egypt advance to the knockout stages at the 2030 FIFA World Cup?", "Will Egypt advance to the Round of 16 at the 2026 FIFA World Cup?", "Will Egypt advance to the knockout stages at the 2026 FIFA Women's World Cup?", "Will Egypt win the knockout stages at the 2026 FIFA World Cup?", "Will Egypt not advance to the knockout stages at the 2026 FIFA World Cup?", "Will Iran advance to the knockout stages at the 2026 FIFA World Cup?", "Will Egypt advance from Group H at the 2026 FIFA World Cup?"),
    ),
    Group(
        "KXWCGROUPWIN-26G-EGY", "Will Egypt win World Cup Group G?", "",
        "2026-07-10T00:00:00Z", "2026-06-27T00:00:00Z",
        (), ("Will Egypt advance to the knockout stages at the 2026 FIFA World Cup?",),
    ),
    Group(
        "KXWCLAST8-26-EGY", "Will Egypt advance to the World Cup quarterfinals?", "",
        "2026-07-10T00:00:00Z", "2026-07-10T00:00:00Z",
        (), ("Will Egypt advance from the 2026 FIFA World Cup quarterfinals?",),
    ),
    Group(
        "KXEPLTOP4-26-LIV", "Will Liverpool finish in the EPL top 4?", "Liverpool",
        "2026-05-25T00:00:00Z", "2026-05-25T00:00:00Z",
        ("Will Liverpool finish in the top 4 of the 2025–26 English Premier League?",),
        ("Will Liverpool finish in the top 5 of the 2025–26 English Premier League?", "Will Liverpool finish outside the top 4 of the 2025–26 English Premier League?"),
    ),
    Group(
        "KXSERIEA-26-INT", "Serie A Winner", "Inter Milan",
        "2026-05-24T00:00:00Z", "2026-05-24T00:00:00Z",
        ("Will Inter Milan win the 2025–26 Serie A league?",),
        ("Will Inter Milan win the 2025–26 Serie B league?", "Will AC Milan win the 2025–26 Serie A league?", "Will Inter Milan win the 2025–26 Champions League?"),
    ),
    Group(
        "KXUECL-26-SHA", "Will Shakhtar Donetsk win the Conference League?", "",
        "2026-05-30T00:00:00Z", "2026-05-20T00:00:00Z",
        ("Will Shakhtar Donetsk win the 2025-26 UEFA Europa Conference League?",),
        ("Will Shakhtar Donetsk win the 2025-26 UEFA Europa League?", "Will Shakhtar Donetsk win the 2025-26 UEFA Champions League?"),
    ),
    Group(
        "KXIPL-26-CSK", "Will Chennai Super Kings win the IPL?", "",
        "2026-06-14T00:00:00Z", "2026-05-31T00:00:00Z",
        ("Will Chennai Super Kings win the 2026 Indian Premier League?",),
        ("Will Chennai Super Kings win the 2026 Women's Premier League?", "Will Chennai Super Kings finish top 4 in the 2026 Indian Premier League?"),
    ),
    Group(
        "KXSAY-26MAY11-AUTO", "What will Jane Doe say this week?", "Autocrate / Auto Crate",
        "2026-05-11T00:00:00Z", "2026-05-11T00:00:00Z",
        ('Will Jane Doe say "Autocrate" this week?',),
        ('Will Jane Doe say "Crate" this week?', 'Will Jane Doe say "Autocrate" or "Crate" this week?'),
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
