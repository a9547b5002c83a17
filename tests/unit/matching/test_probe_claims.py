"""One market on Kalshi beside what Polymarket lists around it: none of it is the same claim.

Each group varies one thing: subject, office, stage, level, line, day, deadline, race, place.
"""

import pytest

from tests.unit.matching.support import decided, kalshi, polymarket

END = "2026-12-31T00:00:00Z"
CLOSE = "2027-01-01T04:59:00Z"

NEAR: dict[tuple[str, str, str], tuple[str, ...]] = {
    ("KXLEAVE-26", "Who will leave the cabinet next?", "Jane Doe"): (
        "Will Jane Doe leave the cabinet in 2026?",
        "Jane Doe out of the cabinet in 2026?",
        "Will Jane Doe be next to join the cabinet?",
        "Who will leave the cabinet last: Jane Doe?",
        "Will Jane Doe leave the cabinet by December 31, 2026?",
        "Will Jane Doe leave the cabinet first?",
        "Will Jane Doe stay in the cabinet in 2026?",
        "Will Jane Doe be fired from the cabinet in 2026?",
    ),
    ("KXIPOFIRST-26", "Which company will IPO first?", "Acme"): (
        "Will Acme IPO in 2026?",
        "Will Acme IPO by December 31, 2026?",
        "Will Acme IPO before Foobar?",
        "Largest IPO in 2026: Acme?",
        "Will Acme be the largest IPO of 2026?",
        "Will Acme not IPO in 2026?",
    ),
    ("KXNEXTPOPE-26", "Who will be the next Pope?", "Jane Doe"): (
        "Will Jane Doe be Pope in 2026?",
        "Will Jane Doe be the next Pope by December 31, 2026?",
        "Will the next Pope be from Freedonia?",
        "Will Jane Doe become a cardinal?",
        "Will the next Pope be named Jane?",
    ),
    ("KXNEXTPM-26", "Next Prime Minister of Freedonia?", "Jane Doe"): (
        "Will Jane Doe be Prime Minister of Freedonia by December 31, 2026?",
        "Will Jane Doe be the next Deputy Prime Minister of Freedonia?",
        "Will Jane Doe be nominated as Prime Minister of Freedonia?",
        "Next Prime Minister of Sylvania: Jane Doe?",
        "Will Jane Doe cease to be Prime Minister of Freedonia?",
        "Will Jane Doe remain Prime Minister of Freedonia?",
        "Next Prime Minister of Freedonia after Jane Doe?",
    ),
    ("KXOSCAR-26", "Oscar for Best Picture?", "Acme Rising"): (
        "Will Acme Rising be nominated for the Oscar for Best Picture?",
        "Will Acme Rising win the Oscar for Best Director?",
        "Will Acme Rising win the most Oscars?",
        "Will Acme Rising win the Golden Globe for Best Picture?",
        "Will Acme Falling win the Oscar for Best Picture?",
        "Will Acme Rising not win the Oscar for Best Picture?",
        "Will Acme Rising win the Oscar for Best International Picture?",
    ),
    ("KXSEATS-26-D", "How many House seats will Democrats win in 2026?", "At least 220"): (
        "Will Democrats win 220 to 229 House seats in 2026?",
        "Will Democrats win more than 220 House seats in 2026?",
        "Will Democrats win at least 220 Senate seats in 2026?",
        "Will Republicans win at least 220 House seats in 2026?",
        "Will Democrats win at least 221 House seats in 2026?",
        "Will Democrats gain at least 220 House seats in 2026?",
    ),
    ("KXCPI-26MAY", "CPI year-over-year in May 2026?", "Above 3.0%"): (
        "Will CPI year-over-year be 3.0% in May 2026?",
        "Will CPI year-over-year be above 3.1% in May 2026?",
        "Will core CPI year-over-year be above 3.0% in May 2026?",
        "Will CPI month-over-month be above 3.0% in May 2026?",
        "Will CPI year-over-year be above 3.0% in June 2026?",
        "Will CPI year-over-year be above 3.0% by May 2026?",
        "Will CPI year-over-year be at or above 3.0% in May 2026?",
        "Will PCE year-over-year be above 3.0% in May 2026?",
    ),
    ("KXJOBS-26MAY", "Jobs added in May 2026?", "Above 150,000"): (
        "Will 150,000 or more jobs be added in May 2026?",
        "Will between 150,000 and 200,000 jobs be added in May 2026?",
        "Will more than 150,000 jobs be lost in May 2026?",
        "Will more than 150,000 private jobs be added in May 2026?",
        "Will more than 150,000 jobs be added in 2026?",
    ),
    ("KXRATECUTS-26", "How many Fed rate cuts in 2026?", "3"): (
        "Will there be at least 3 Fed rate cuts in 2026?",
        "Will there be 3 Fed rate hikes in 2026?",
        "Will there be 2 Fed rate cuts in 2026?",
        "3 or more Fed rate cuts in 2026?",
        "Will the Fed cut rates in 3 meetings in 2026?",
        "Will there be 3 Fed rate cuts by June 2026?",
        "Will there be 3 ECB rate cuts in 2026?",
    ),
    ("KXRATECUTS-26", "Number of Fed rate cuts in 2026?", "Exactly 3"): (
        "Will there be at least 3 Fed rate cuts in 2026?",
        "Will there be 2 Fed rate cuts in 2026?",
        "Will there be more than 3 Fed rate cuts in 2026?",
    ),
    ("KXTOPMODEL-26JUN30", "Top AI model on Jun 30, 2026?", "Acme"): (
        "Will Acme have the top AI model by June 30, 2026?",
        "Will Acme have the top AI model on July 31, 2026?",
        "Will Acme have the second best AI model on June 30, 2026?",
        "Will Acme have the top coding AI model on June 30, 2026?",
        "Will Acme have the top Chinese AI model on June 30, 2026?",
        "Will Acme have the top AI video model on June 30, 2026?",
    ),
    ("KXWAR-27", "Will Freedonia declare war on Sylvania before 2027?", ""): (
        "Will Sylvania declare war on Freedonia before 2027?",
        "Will Freedonia declare war before 2027?",
        "Will Freedonia end war with Sylvania before 2027?",
        "Will Freedonia invade Sylvania before 2027?",
        "Will Freedonia declare war on Sylvania before July 2026?",
        "Will Freedonia declare war on Sylvania in 2027?",
    ),
    ("KXMEET-27", "Will Jane Doe and John Roe meet before 2027?", ""): (
        "Will Jane Doe and John Roe meet in Sylvania before 2027?",
        "Will Jane Doe and John Roe talk before 2027?",
        "Will Jane Doe and Jack Poe meet before 2027?",
        "Will Jane Doe, John Roe and Jack Poe meet before 2027?",
        "Will Jane Doe or John Roe meet before 2027?",
    ),
    ("KXTARIFF-27", "Will the tariff on Freedonia be above 25% on Dec 31, 2026?", ""): (
        "Will the tariff on Freedonia be above 25% by December 31, 2026?",
        "Will the tariff on Freedonia be 25% on December 31, 2026?",
        "Will the tariff on Sylvania be above 25% on December 31, 2026?",
        "Will tariffs on Freedonia be removed by December 31, 2026?",
    ),
    ("KXAPPROVAL-26", "Jane Doe approval rating on May 16, 2026?", "Above 42.5"): (
        "Will Jane Doe's approval rating be 42.5 or higher on May 16, 2026?",
        "Will Jane Doe's disapproval rating be above 42.5 on May 16, 2026?",
        "Will Jane Doe's approval rating be above 42.5 on May 23, 2026?",
        "Will Jane Doe's approval rating be between 42.5 and 43 on May 16, 2026?",
        "Will Jane Doe's net approval rating be above 42.5 on May 16, 2026?",
    ),
    ("KXRT-26", "Acme Rising Rotten Tomatoes score?", "Above 85"): (
        "Will Acme Rising have a Rotten Tomatoes audience score above 85?",
        "Will Acme Rising have a Metacritic score above 85?",
        "Will Acme Rising score 85 or more on Rotten Tomatoes?",
        "Will Acme Rising 2 have a Rotten Tomatoes score above 85?",
    ),
    ("KXTIKTOK-27", "Will TikTok be banned before 2027?", ""): (
        "Will TikTok be sold before 2027?",
        "Will TikTok be unbanned before 2027?",
        "Will TikTok ban be lifted before 2027?",
        "Will TikTok be banned in Freedonia before 2027?",
        "TikTok ban struck down before 2027?",
    ),
    ("KXPRIMARY-26", "Ohio Republican Senate primary winner?", "Jane Doe"): (
        "Will Jane Doe advance to the Ohio Republican Senate primary runoff?",
        "Will Jane Doe finish second in the Ohio Republican Senate primary?",
        "Will Jane Doe win the Ohio Senate election?",
        "Will Jane Doe win the Ohio Democratic Senate primary?",
        "Will Jane Doe win the Ohio Republican governor primary?",
        "Will Jane Doe win the Iowa Republican Senate primary?",
        "Will Jane Doe win more than 50% in the Ohio Republican Senate primary?",
        "Will Jane Doe win Ohio Republican Senate primary by more than 10%?",
    ),
    ("KXEURO-26", "Eurovision 2026 winner?", "Freedonia"): (
        "Will Freedonia win the Eurovision 2026 jury vote?",
        "Will Freedonia finish top 10 at Eurovision 2026?",
        "Will Freedonia win Eurovision 2027?",
        "Will Freedonia be in the Eurovision 2026 final?",
        "Will Freedonia win Junior Eurovision 2026?",
        "Will Freedonia finish last at Eurovision 2026?",
    ),
    ("KXF1-26", "Monaco Grand Prix winner?", "Jane Doe"): (
        "Will Jane Doe win pole at the Monaco Grand Prix?",
        "Will Jane Doe set the fastest lap at the Monaco Grand Prix?",
        "Will Jane Doe finish ahead of John Roe at the Monaco Grand Prix?",
        "Will Jane Doe win the Italian Grand Prix?",
        "Will Jane Doe win the Monaco Grand Prix sprint?",
        "Will Jane Doe finish top 3 at the Monaco Grand Prix?",
        "Will Jane Doe's team win the Monaco Grand Prix?",
    ),
    ("KXMVP-26", "NBA MVP?", "Jane Doe"): (
        "Will Jane Doe win the NBA Finals MVP?",
        "Will Jane Doe win the NBA Cup MVP?",
        "Will Jane Doe win the All-Star MVP?",
        "Will Jane Doe be an NBA MVP finalist?",
        "Will Jane Doe win NBA DPOY?",
        "Will Jane Doe win the WNBA MVP?",
    ),
    ("KXDRAFT-26", "Who will be the first pick in the 2026 NBA draft?", "Jane Doe"): (
        "Will Jane Doe be the second pick in the 2026 NBA draft?",
        "Will Jane Doe be a top 5 pick in the 2026 NBA draft?",
        "Will Jane Doe be drafted in the 2026 NBA draft?",
        "Will Jane Doe be the first pick in the 2026 WNBA draft?",
        "Will Jane Doe be the first guard picked in the 2026 NBA draft?",
        "Will Jane Doe be picked in the first round of the 2026 NBA draft?",
    ),
    ("KXTRADE-26", "Where will Jane Doe be traded?", "Boston"): (
        "Will Jane Doe be traded?",
        "Will Jane Doe be traded to Chicago?",
        "Will Jane Doe play for Boston in 2026?",
    ),
    ("KXSHUT-26", "How long will the government shutdown last?", "At least 30 days"): (
        "Will the government shutdown last 30-39 days?",
        "Will the government shutdown last more than 30 days?",
        "Will the government shutdown last at least 40 days?",
        "Will the government shut down for at least 30 days in 2026?",
    ),
    ("KXPERSON-26", "Person of the Year 2026?", "Jane Doe"): (
        "Will Jane Doe be on the Person of the Year shortlist in 2026?",
        "Will Jane Doe be Athlete of the Year 2026?",
        "Will Jane Doe be Person of the Year 2027?",
    ),
    ("KXNOBEL-26", "Nobel Peace Prize winner 2026?", "Jane Doe"): (
        "Will Jane Doe be nominated for the Nobel Peace Prize 2026?",
        "Will Jane Doe win the Nobel Prize in Literature 2026?",
        "Will Jane Doe win the Nobel Peace Prize in 2027?",
        "Will no one win the Nobel Peace Prize 2026?",
    ),
    ("KXGTA-27", "Will GTA VI be released before Jan 1, 2027?", ""): (
        "Will GTA VI be released before GTA V?",
        "GTA VI delayed before 2027?",
        "Will GTA VI be released on PC before 2027?",
        "GTA VI trailer released before 2027?",
        "Will GTA VI cost $100 before 2027?",
        "Will GTA VI early access be released before 2027?",
        "Will GTA VI be released in 2027?",
        "GTA VI launch postponed by December 31, 2026?",
    ),
}

SAME: dict[tuple[str, str, str], tuple[str, ...]] = {
    ("KXOSCAR-26", "Oscar for Best Picture?", "Acme Rising"): (
        "Will Acme Rising win the Oscar for Best Picture?",
    ),
    ("KXEURO-26", "Eurovision 2026 winner?", "Freedonia"): ("Will Freedonia win Eurovision 2026?",),
    ("KXSEATS-26-D", "How many House seats will Democrats win in 2026?", "At least 220"): (
        "Will Democrats win at least 220 House seats in 2026?",
        "Will Democrats win 220+ House seats in 2026?",
    ),
    ("KXCPI-26MAY", "CPI year-over-year in May 2026?", "Above 3.0%"): (
        "Will CPI year-over-year be above 3.0% in May 2026?",
    ),
    ("KXLEAVE-26", "Who will leave the cabinet next?", "Jane Doe"): (
        "Will Jane Doe leave the cabinet next?",
    ),
    ("KXNEXTPM-26", "Next Prime Minister of Freedonia?", "Jane Doe"): (
        "Will Jane Doe be the next Prime Minister of Freedonia?",
        "Will the next Prime Minister of Freedonia be Jane Doe?",
    ),
    ("KXRATECUTS-26", "Number of Fed rate cuts in 2026?", "Exactly 3"): (
        "Will there be exactly 3 Fed rate cuts in 2026?",
    ),
    ("KXTIKTOK-27", "Will TikTok be banned before 2027?", ""): (
        "TikTok banned by December 31, 2026?",
    ),
    ("KXGTA-27", "Will GTA VI be released before Jan 1, 2027?", ""): (
        "GTA VI released by December 31, 2026?",
        "Will GTA VI be released before 2027?",
    ),
    ("KXDRAFT-26", "Who will be the first pick in the 2026 NBA draft?", "Jane Doe"): (
        "Will Jane Doe be the first pick in the 2026 NBA draft?",
        "Will Jane Doe be the #1 pick in the 2026 NBA Draft?",
    ),
    ("KXNOBEL-26", "Nobel Peace Prize winner 2026?", "Jane Doe"): (
        "Will Jane Doe win the Nobel Peace Prize in 2026?",
        "Will Jane Doe win the 2026 Nobel Peace Prize?",
    ),
    ("KXF1-26", "Monaco Grand Prix winner?", "Jane Doe"): (
        "Will Jane Doe win the Monaco Grand Prix?",
        "Will Jane Doe win the 2026 Monaco Grand Prix?",
    ),
    ("KXMVP-26", "NBA MVP?", "Jane Doe"): (
        "Will Jane Doe win NBA MVP?",
        "Will Jane Doe win the 2025-26 NBA MVP?",
    ),
    ("KXAPPROVAL-26", "Jane Doe approval rating on May 16, 2026?", "Above 42.5"): (
        "Will Jane Doe's approval rating be above 42.5 on May 16?",
        "Will Jane Doe's approval rating be greater than 42.5 on May 16, 2026?",
    ),
}


def cases(table: dict[tuple[str, str, str], tuple[str, ...]]) -> list[tuple[str, ...]]:
    return [(*left, question) for left, questions in table.items() for question in questions]


@pytest.mark.parametrize(("ticker", "title", "yes", "question"), cases(NEAR))
def test_neighbour_is_not_the_same_claim(ticker: str, title: str, yes: str, question: str) -> None:
    decision = decided(
        kalshi(ticker, title, yes, close_time=CLOSE), polymarket(question, end_time=END)
    )
    assert not decision.is_accepted
    assert decision.reason


@pytest.mark.parametrize(("ticker", "title", "yes", "question"), cases(SAME))
def test_same_claim_in_other_words(ticker: str, title: str, yes: str, question: str) -> None:
    decision = decided(
        kalshi(ticker, title, yes, close_time=CLOSE), polymarket(question, end_time=END)
    )
    assert decision.is_accepted, decision.reason
