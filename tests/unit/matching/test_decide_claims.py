"""Elections, titles, awards, golf, deadlines: what agrees and what must never pair."""

import pytest

from tests.unit.matching.support import decided, kalshi, polymarket
from twoleg.matching.decide import Class

ELECTION_END = "2026-11-03T00:00:00Z"
EQUAL = {
    "seat": (
        kalshi("KXHOUSERACE-OH03-26-D", "Will Democratic win the House race for OH-03?", close_time="2027-11-02T00:00:00Z"),
        polymarket("Will the Democratic Party win the OH-03 House seat?", end_time=ELECTION_END),
    ),
    "seat by subtitle": (
        kalshi("KXHOUSERACE-OH03-26-D", "OH-3 House winner?", "Democratic party", close_time="2027-11-02T00:00:00Z"),
        polymarket("Will the Democratic Party win the OH-03 House seat?", end_time=ELECTION_END),
    ),
    "governor": (
        kalshi("GOVPARTYOH-26-R", "Will the Republican party win the governorship in Ohio?"),
        polymarket("Will the Republicans win the Ohio governor race in 2026?", end_time=ELECTION_END),
    ),
    "nominee": (
        kalshi("KXPRESNOMD-28-JDOE", "Will Jane Doe be the Democratic Presidential nominee in 2028?", "Jane Doe"),
        polymarket("Will Jane Doe win the 2028 Democratic presidential nomination?"),
    ),
    "nominee by subtitle": (
        kalshi("KXPRESNOMD-28-JDOE", "2028 Democratic presidential nominee (In 2028)", "Jane Doe"),
        polymarket("Will Jane Doe win the 2028 Democratic presidential nomination?"),
    ),
    "next": (
        kalshi("KXUNSEC-27JAN-JDOE", "Who will be the next UN Secretary-General? (In 2027)", "Jane Doe", close_time="2027-01-05T15:00:00Z"),
        polymarket("Will Jane Doe be the next Secretary-General of the United Nations?", end_time="2026-12-31T00:00:00Z"),
    ),
    "title": (
        kalshi("KXNBA-26-DET", "Will the Detroit win the 2026 Pro Basketball Finals?"),
        polymarket("Will the Detroit Pistons win the 2026 NBA Finals?"),
    ),
    "league by season": (
        kalshi("KXLALIGA-26-RMA", "La Liga Winner", "Real Madrid"),
        polymarket("Will Real Madrid win the 2025–26 La Liga?"),
    ),
    "award": (
        kalshi("KXMLBNLMOTY-26-JDOE", "Will John Doe win NL MOTY?"),
        polymarket("Will John Doe win the 2026 NL Manager of the Year?"),
    ),
    "group": (
        kalshi("KXWCGROUPWIN-26A-KOR", "Will Korea Republic finish first in World Cup Group A?"),
        polymarket("Will South Korea win Group A in the 2026 FIFA World Cup?"),
    ),
    "golf level": (
        kalshi("KXPGATOP10-HBC26-JDOE", "Harbour Bay Classic: Top 10 Finishers", "Alexander Doe"),
        polymarket("Will Alex Doe finish in the Top 10 at the 2026 Harbour Bay Classic?"),
    ),
    "golf sponsor": (
        kalshi("KXPGATOUR-HBC26-JDOE", "Harbour Bay Classic Winner", "John Doe"),
        polymarket("Will John Doe win the 2026 ACME Harbour Bay Classic?", slug="2026-acme-harbour-bay-classic-winner-john-doe-win"),
    ),
    "deadline": (
        kalshi("KXCOMET-27", "Will the comet be visited before 2027?"),
        polymarket("Will the comet be visited by December 31, 2026?"),
    ),
    "deadline by month": (
        kalshi("KXCOMET-27-JUL", "Will the comet be visited before July 2026?"),
        polymarket("Will the comet be visited by June 30?"),
    ),
    "inflation": (
        kalshi("KXCPIYOY-26MAY-T2.4", "Will the rate of CPI inflation be above 2.4% for the year ending in May 2026?"),
        polymarket("Will the rate of CPI inflation be above 2.4% for the year ending in May 2026?"),
    ),
    "central bank": (
        kalshi("KXFED-31JAN-C25", "Will the Federal Reserve Cut rates by 25bps at their January 2031 meeting?", "Cut 25bps"),
        polymarket("Fed decreases interest rates by 25 bps after January 2031 meeting?"),
    ),
    "central bank in full": (
        kalshi("KXECB-31JAN-H25", "Will the European Central Bank Hike rates by 25bps at their January 2031 meeting?", "Hike 25bps"),
        polymarket("ECB increases interest rates by 25 bps after the January 2031 meeting?"),
    ),
    "shutdown": (
        kalshi("KXSHUT-32", "Will the Alabama government shut down before Jan 1, 2032?"),
        polymarket("Alabama government shutdown by December 31, 2031?"),
    ),
    "who does it to whom": (
        kalshi("KXSTRIKE-27", "Will Freedonia strike Sylvania before 2027?"),
        polymarket("Freedonia strikes Sylvania by December 31, 2026?"),
    ),
    "share": (
        kalshi("KXSHARE-26", "Will Acme's share of the vote be above 40% in 2026?"),
        polymarket("Will Acme's share of the vote be more than 40% in 2026?"),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("left", "right"), EQUAL.values(), ids=EQUAL)
def test_equal_claims_agree(left: object, right: object) -> None:
    decision = decided(left, right)  # type: ignore[arg-type]
    assert decision.is_accepted, decision.reason
    assert decision.yes_token == "1111"


@pytest.mark.parametrize(
    ("name", "klass"),
    [("seat", Class.REVIEW), ("nominee", Class.REVIEW), ("golf level", Class.AUTO), ("title", Class.REVIEW), ("deadline", Class.REVIEW)],
)  # fmt: skip
def test_only_families_with_a_record_are_auto(name: str, klass: Class) -> None:
    assert decided(*EQUAL[name]).klass is klass


HOUSE = "Will Democratic win the House race for OH-03?"
NOMINEE = "Will Jane Doe be the Democratic Presidential nominee in 2028?"
TOP10 = "Will John Doe finish in the Top 10 at the 2026 Harbour Bay Classic?"
NEAR_MISSES = [
    ("KXHOUSERACE-OH03-26-D", HOUSE, "", "Will the Republican Party win the OH-03 House seat?"),
    ("KXHOUSERACE-OH03-26-D", HOUSE, "", "Will the Democratic Party win the OH-13 House seat?"),
    ("KXHOUSERACE-OH03-26-D", HOUSE, "", "Will the Democratic Party win the OK-03 House seat?"),
    ("KXHOUSERACE-OH03-26-D", HOUSE, "", "Will the Democratic Party win the Ohio Senate seat?"),
    ("KXHOUSERACE-OH03-26-D", HOUSE, "", "Will the Democratic Party win the OH-03 House seat in 2028?"),
    ("KXHOUSERACE-OH03-26-D", HOUSE, "", "Will Jane Doe be the Democratic nominee for OH-03?"),
    ("KXHOUSERACE-OH03-26-D", HOUSE, "", "Will another party win the OH-03 House seat?"),
    ("KXHOUSERACE-OH03-26-D", HOUSE, "", "Will A win the OH-03 House seat?"),
    ("KXHOUSERACE-OH03-26-D", HOUSE, "", "Will the Democratic Party win the OH-03 House special election?"),
    ("KXPRESNOMD-28-JDOE", NOMINEE, "", "Will Jane Doe win the 2028 US Presidential Election?"),
    ("KXPRESNOMD-28-JDOE", NOMINEE, "", "Will Jane Doe win the 2028 Republican presidential nomination?"),
    ("KXPRESNOMD-28-JDOE", NOMINEE, "", "Will Jane Doe win the 2032 Democratic presidential nomination?"),
    ("KXPRESNOMD-28-JDOE", NOMINEE, "", "Will John Doe win the 2028 Democratic presidential nomination?"),
    ("KXPRESNOMD-28-JDOE", NOMINEE, "", "Will Jane Doe win the 2028 Democratic vice presidential nomination?"),
    ("KXPRESNOMD-28-JDOE", NOMINEE, "", "Will Jane Doe run for the 2028 Democratic presidential nomination?"),
    ("KXPRESNOMD-28-JDOE", NOMINEE, "", "Will Jane Doe be first to announce for the 2028 Democratic presidential nomination?"),
    ("KXVPRESNOMD-28-JDOE", NOMINEE, "", "Will Jane Doe win the 2028 Democratic presidential nomination?"),
    ("KX2028DRUN-28-JDOE", "Who will run for the Democratic presidential nomination in 2028?", "Jane Doe", "Will Jane Doe win the 2028 Democratic presidential nomination?"),
    ("KXCAPRIMARY-07F26-JDOE", "Will Jane Doe place first in the 2026 CA-07 primary?", "", "Will Jane Doe advance from the CA-07 primary election?"),
    ("KXPGATOP10-HBC26-JDOE", "Harbour Bay Classic: Top 10 Finishers", "John Doe", TOP10.replace("10", "5")),
    ("KXPGATOP10-HBC26-JDOE", "Harbour Bay Classic: Top 10 Finishers", "John Roe", TOP10),
    ("KXPGATOP10-HBC26-JDOE", "Harbour Bay Classic: Top 10 Finishers", "John Doe", TOP10.replace("2026", "2027")),
    ("KXPGATOP10-HBC26-JDOE", "Harbour Bay Classic: Top 10 Finishers", "John Doe", TOP10.replace("Harbour Bay", "Northgate Hill")),
    ("KXPGATOP10-HBC26-JDOE", "Harbour Bay Classic: Top 10 Finishers", "John Doe", TOP10.replace("Harbour", "Women's Harbour")),
    ("KXPGAR3LEAD-HBC26-JDOE", "Harbour Bay Classic End of Round 3 Leader", "John Doe", "Will John Doe win the 2026 Harbour Bay Classic?"),
    ("KXNBA-26-NYK", "Will the New York win the 2026 Pro Basketball Finals?", "", "Will the New York Liberty win the 2026 WNBA Finals?"),
    ("KXNBA-26-DET", "Will the Detroit win the 2026 Pro Basketball Finals?", "", "Will the Detroit Pistons win the Eastern Conference in 2026?"),
    ("KXWCGROUPWIN-26A-KOR", "Will Korea Republic finish first in World Cup Group A?", "", "Will South Korea win Group B in the 2026 FIFA World Cup?"),
    ("KXWCGROUPWIN-26A-KOR", "Will Korea Republic finish first in World Cup Group A?", "", "Will South Korea win the 2026 FIFA World Cup?"),
    ("KXWCGROUPWIN-26A-KOR", "Will Korea Republic finish first in World Cup Group A?", "", "Will South Korea not win Group A in the 2026 FIFA World Cup?"),
    ("KXPERLIGA1-26-FCC", "Will FC Cajamarca win the Liga 1 Peru?", "", "Will UTC Cajamarca win Peru Liga 1?"),
    ("KXCOMET-27", "Will the comet be visited before 2027?", "", "Will the comet be visited by March 31, 2026?"),
    ("KXCOMET-27", "Will the comet be visited before 2027?", "", "Will the comet be visited in 2027?"),
    ("KXCOMET-27", "Will the comet be visited before 2027?", "", "Will the comet be visited?"),
    ("KXCOMET-27", "Will the comet be visited before 2027?", "", "Will the new comet be visited before 2027?"),
    ("KXCOMET-27", "Will the comet be visited before 2027?", "", "Will the comet be visited twice before 2027?"),
    ("KXLEADEROUT-45-JDOE", "Will Jane Doe leave office next in this set?", "Jane Doe", "Jane Doe out in 2025?"),
    ("KXLEADEROUT-45-JDOE", "Will the President of Freedonia be the first to leave office?", "Jane Doe", "Jane Doe out in 2026?"),
    ("KXNEXTLEADER-45-JDOE", "Will Jane Doe be the next Supreme Leader of Freedonia?", "Jane Doe", "Jane Doe out as Supreme Leader of Freedonia in 2026?"),
    ("KXACMEFOO-40-ACME", "Will Acme or Foobar IPO first?", "Acme", "Will Acme IPO by December 31, 2026?"),
    ("KXIPOACME-26", "When will Acme officially announce an IPO?", "Before Jan 1, 2027", "Will Acme complete an IPO by December 31, 2026?"),
    ("KXGAME-27", "Will Acme release The Game before 2027?", "", "Will Acme give access to The Game before 2027?"),
    ("KXRT-ACM-60", '"Acme Rising" Rotten Tomatoes score?', "Above 60", 'Will "Acme Rising" score at least 60 on Rotten Tomatoes?'),
    ("KXLAUNCH-26-140", "How many launches will Acme have in 2026?", "Above 140", "Will Acme have between 140-159 launches in 2026?"),
    ("KXGDP-26-T2.0", "Freedonia GDP growth in Q1 2026?", "Above 2.0%", "Will Freedonia GDP growth in Q1 2026 be between 2.0% and 2.2%?"),
    ("KXSAY-26MAY11-TRAI", "What will Jane Doe say this week?", "Train", 'Will Jane Doe say "Asylum" this week?'),
    ("KXFED-26JUN-H25", "Will the Federal Reserve Hike rates by 25bps at their June 2026 meeting?", "Hike 25bps", "Fed rate hike by June 2026 meeting?"),
    ("KXFED-26JUN-C25", "Will the Federal Reserve Cut rates by 25bps at their June 2026 meeting?", "Cut 25bps", "Will the Federal Reserve Hike rates by 25bps at their June 2026 meeting?"),
    ("KXFED-26JUN-C25", "Will the Federal Reserve Cut rates by 25bps at their June 2026 meeting?", "Cut 25bps", "Will the Federal Reserve Cut rates by 25bps at their July 2026 meeting?"),
    ("KXFED-26JUN-C26", "Will the Federal Reserve Cut rates by >25bps at their June 2026 meeting?", "Cut >25bps", "Will the Federal Reserve Cut rates by 25bps at their June 2026 meeting?"),
    ("KXFED-31JAN-C25", "Will the Federal Reserve Cut rates by 25bps at their January 2031 meeting?", "Cut 25bps", "Fed decreases interest rates by 50 bps after January 2031 meeting?"),
    ("KXFED-31JAN-C25", "Will the Federal Reserve Cut rates by 25bps at their January 2031 meeting?", "Cut 25bps", "Fed decreases interest rates by 25+ bps after January 2031 meeting?"),
    ("KXFED-31JAN-C25", "Will the Federal Reserve Cut rates by 25bps at their January 2031 meeting?", "Cut 25bps", "Fed increases interest rates by 25 bps after January 2031 meeting?"),
    ("KXFED-31JAN-C25", "Will the Federal Reserve Cut rates by 25bps at their January 2031 meeting?", "Cut 25bps", "Fed decreases interest rates by 25 bps after March 2031 meeting?"),
    ("KXFED-31JAN-C25", "Will the Federal Reserve Cut rates by 25bps at their January 2031 meeting?", "Cut 25bps", "Fed decreases interest rates by 25 bps by January 2031 meeting?"),
    ("KXFED-31JAN-C25", "Will the Federal Reserve Cut rates by 25bps at their January 2031 meeting?", "Cut 25bps", "ECB decreases interest rates by 25 bps after January 2031 meeting?"),
    ("KXSHUT-32", "Will the Alabama government shut down before Jan 1, 2032?", "", "Alabama government shutdown ends by December 31, 2031?"),
    ("KXSTRIKE-27", "Will Freedonia strike Sylvania before 2027?", "", "Will Sylvania strike Freedonia before 2027?"),
    ("KXACQ-27", "Will Acme announce Foobar buys Bazco before 2027?", "", "Will Acme announce Bazco buys Foobar before 2027?"),
    ("KXPANDEMIC-26", "Pandemic in 2026?", "", "New coronavirus pandemic in 2026?"),
    ("KXMODEL-26DEC-ACME", "Which company has the best AI model at the end of 2026?", "Acme", "Will Acme have the best AI model at the end of May 2026?"),
]  # fmt: skip


@pytest.mark.parametrize(("ticker", "title", "yes", "question"), NEAR_MISSES)
def test_near_miss_is_rejected(ticker: str, title: str, yes: str, question: str) -> None:
    decision = decided(kalshi(ticker, title, yes), polymarket(question))
    assert not decision.is_accepted
    assert decision.reason


DENIED = [
    ("KXHIGHMIA-26MAY10-B88.5", "Highest temperature in Miami on May 10, 2026?", "88° to 89°", "Will the highest temperature in Miami be between 88-89°F on May 10?", "weather"),
    ("KXBTCD-26MAY1020-T79999.99", "Bitcoin price on May 10, 2026 at 8pm EDT?", "$80,000 or above", "Bitcoin above 80,000 on May 10, 8PM ET?", "price index"),
    ("KXWTI-26MAY11-T89.99", "Oil Price (WTI) on May 11, 2026?", "$90 or above", "WTI Crude Oil (WTI) closes above $90 on May 11?", "price index"),
    ("KXDRAFT-26-1", "Who will be picked first in the draft?", "Player AC", "Will Player AC be picked first in the draft?", "placeholder"),
    ("KXDRAFT-26-1", "Who will be picked first in the draft?", "Jane Doe", "Will Person V be picked first in the draft?", "placeholder"),
    ("KXPRES-28", "Will  become President in 2028?", "", "Will Jane Doe become President in 2028?", "placeholder"),
    ("KXMVECROSS-S1-2", "yes Detroit,yes Toronto", "", "Toronto Blue Jays vs. Detroit Tigers", "several legs"),
    ("KXSEAT-26", "Who will win the seat?", "Jane Doe", "Will another candidate win the seat?", "outcome for all others"),
]  # fmt: skip


@pytest.mark.parametrize(("ticker", "title", "yes", "question", "reason"), DENIED)
def test_denied_family_is_never_paired(
    ticker: str, title: str, yes: str, question: str, reason: str
) -> None:
    left = kalshi(ticker, title, yes, is_multi_leg=ticker.startswith("KXMVE"))
    decision = decided(left, polymarket(question))
    assert decision.klass is Class.DENY
    assert decision.reason == reason


def test_death_rule_on_one_side_is_denied() -> None:
    left = kalshi("KXCEO-27", "Will Jane Doe remain chair of Acme before 2027?",
                  rules_secondary="In the event of death the market settles at the last price.")  # fmt: skip
    right = polymarket("Will Jane Doe remain chair of Acme before 2027?")
    assert decided(left, right).klass is Class.DENY


@pytest.mark.parametrize(
    "title",
    [
        "Jane Doe out before 2027?",
        "Jane Doe out as chair of Acme before 2027?",
        "Will Jane Doe be out by December 31, 2026?",
        "Will Jane Doe leave office before 2027?",
    ],
)
def test_leaving_an_office_is_denied(title: str) -> None:
    decision = decided(kalshi("KXOUT-27", title), polymarket(title))
    assert decision.klass is Class.DENY
    assert decision.reason == "death settles apart"


@pytest.mark.parametrize(
    "title",
    ["Will Acme drop out before 2027?", "Will a new widget come out in 2026?"],
)
def test_other_ways_out_are_no_office(title: str) -> None:
    assert decided(kalshi("KXOUT-27", title), polymarket(title)).is_accepted


def test_strike_field_against_the_text_is_rejected() -> None:
    left = kalshi("KXLAUNCH-26-140", "How many launches will Acme have in 2026?", "Above 140",
                  strike_type="greater", floor_strike=150)  # fmt: skip
    decision = decided(left, polymarket("Will Acme have more than 140 launches in 2026?"))
    assert not decision.is_accepted
    assert "strike" in decision.reason
