"""Rule texts that agree with the titles and each other, and those that do not."""

from datetime import date

import msgspec
import pytest

from tests.unit.matching.support import decided, kalshi, polymarket
from twoleg.matching.card import Family, Verdict
from twoleg.matching.decide import Class, Decision, decide
from twoleg.matching.families.limits import read_rules
from twoleg.matching.gates import FamilyRecord, auto_families
from twoleg.matching.listing import KalshiListing, PolymarketListing, read_kalshi, read_polymarket
from twoleg.matching.parse import parse
from twoleg.matching.texts import fold

COMET = "Will the comet be visited before 2027?"
OURS = "If the comet is visited before Jan 1, 2027, then the market resolves to Yes."
THEIRS = 'This market will resolve to "Yes" if the comet is visited by December 31, 2026, 11:59 PM ET. Otherwise, this market will resolve to "No".'
SHARE = "Will Acme's share of the vote be above 40% in 2026?"


def comet(ours: str, theirs: str) -> Decision:
    return decided(
        kalshi("KXCOMET-27", COMET, rules_primary=ours), polymarket(COMET, description=theirs)
    )


def share(ours: str, theirs: str, title: str = SHARE, other: str = SHARE) -> Decision:
    return decided(
        kalshi("KXSHARE-26", title, rules_primary=ours), polymarket(other, description=theirs)
    )


def facets(decision: Decision) -> dict[str, Verdict]:
    return {facet.name: facet.verdict for facet in decision.facets}


def test_one_deadline_in_two_wordings_and_zones_is_equal() -> None:
    assert facets(comet(OURS, THEIRS))["rules deadline"] is Verdict.EQUAL
    central = THEIRS.replace("11:59 PM ET", "10:59 PM CT")
    assert facets(comet(OURS, central))["rules deadline"] is Verdict.EQUAL


@pytest.mark.parametrize("hour", ["11:59 PM PT", "12:00 PM ET", "6:00 PM UTC"])
def test_another_hour_or_zone_of_the_deadline_is_told(hour: str) -> None:
    decision = comet(OURS, THEIRS.replace("11:59 PM ET", hour))
    assert decision.klass is Class.REVIEW
    assert decision.reason.startswith("rules deadline: different")


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (OURS.replace("Jan 1, 2027", "Jan 1, 2028"), THEIRS),
        (OURS, THEIRS.replace("December 31", "June 30")),
        (OURS.replace("Jan 1, 2027", "Mar 1, 2026"), THEIRS.replace("December 31, 2026", "June 30, 2026")),
    ],
)  # fmt: skip
def test_rules_against_their_own_title_or_each_other_reject(ours: str, theirs: str) -> None:
    assert comet(ours, theirs).klass is Class.REJECT


def test_rules_with_other_deadlines_under_titles_without_one_reject() -> None:
    title = "Will the comet be visited?"
    left = kalshi("KXCOMET-27", title, rules_primary=OURS)
    right = polymarket(title, description=THEIRS.replace("December 31", "June 30"))
    decision = decided(left, right)
    assert decision.klass is Class.REJECT
    assert decision.reason.startswith("rules deadline")


def test_another_first_day_is_told() -> None:
    theirs = THEIRS.replace("by December 31", "between March 1 and December 31")
    decision = comet(OURS.replace("before", "after May 1, 2026 and before"), theirs)
    assert decision.klass is Class.REVIEW
    assert decision.reason.startswith("window: different")


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("If the share is above 40% then the market resolves to Yes.", 'This will resolve to "Yes" if the share is 40% or higher.'),
        ("", 'This will resolve to "Yes" if the share is at least 40%.'),
    ],
)  # fmt: skip
def test_rules_that_count_the_line_itself_never_pair_with_such_that_do_not(
    ours: str, theirs: str
) -> None:
    assert not share(ours, theirs).is_accepted


def test_titles_inclusive_against_exclusive_are_denied() -> None:
    decision = share("", "", other=SHARE.replace("above 40%", "at least 40%"))
    assert (decision.klass, decision.reason) == (Class.DENY, "inclusive against exclusive")


def test_rules_inclusive_against_exclusive_are_denied() -> None:
    title = "Will Acme's share of the vote reach the mark in 2026?"
    decision = share(
        "If the share is above 40% then the market resolves to Yes.",
        'This will resolve to "Yes" if the share is at least 40%.', title, title,
    )  # fmt: skip
    assert (decision.klass, decision.reason) == (Class.DENY, "inclusive against exclusive")


def test_rules_that_say_the_same_line_agree() -> None:
    ours = "If the share is above 40% then the market resolves to Yes."
    assert share(ours, 'This will resolve to "Yes" if the share is greater than 40%.').is_accepted


def game(scope: str, other: str, **fields: object) -> tuple[KalshiListing, PolymarketListing]:
    left = kalshi(
        "KXNHLGAME-26MAY161310BOSTOR-BOS", "Boston vs Toronto Winner?", "Boston",
        occurrence_time="2026-05-16T17:10:00Z", rules_primary=scope,
    )  # fmt: skip
    right = polymarket(
        "Boston Bruins vs. Toronto Maple Leafs", ("Boston Bruins", "Toronto Maple Leafs"),
        slug="nhl-bos-tor-2026-05-16", game_start_time="2026-05-16 17:10:00+00", description=other,
    )  # fmt: skip
    return left, msgspec.structs.replace(right, **fields)


FULL = "The result including overtime counts."


@pytest.mark.parametrize(
    "other", ["Only the first 90 minutes count.", "Excluding overtime.", "Regulation time only.", "Overtime is not included."]
)  # fmt: skip
def test_overtime_against_regulation_rejects(other: str) -> None:
    for pair in (game(FULL, other), game(other, FULL)):
        decision = decided(*pair)
        assert decision.klass is Class.REJECT
        assert decision.reason.startswith("scope: different")
    assert decided(*game(FULL, FULL)).klass is Class.AUTO


@pytest.mark.parametrize("other", ["Only regulation time counts.", "Excluding overtime."])
def test_who_says_nothing_follows_the_custom_of_the_sport(other: str) -> None:
    for pair in (game("", other), game(other, "")):
        assert decided(*pair).klass is Class.REJECT
    assert decided(*game("", FULL)).klass is Class.AUTO


def test_other_sources_keep_a_pair_from_going_alone() -> None:
    left, right = game("", "", resolution_source="https://www.nhl.com/scores")
    told = msgspec.structs.replace(left, sources=("ESPN", "https://www.espn.com/nhl/"))
    decision = decided(told, right)
    assert decision.klass is Class.REVIEW
    assert decision.reason == "source: different (espn.com | nhl.com)"
    both = msgspec.structs.replace(left, sources=("NHL", "https://www.nhl.com"))
    assert decided(both, right).klass is Class.AUTO
    assert decided(left, right).klass is Class.AUTO


def test_named_difference_holds_whatever_the_record_of_the_family() -> None:
    pair = (
        parse(kalshi("KXCOMET-27", COMET, rules_primary=OURS)),
        parse(polymarket(COMET, description=THEIRS.replace("ET", "PT"))),
    )
    auto = auto_families({Family.CLAIM: FamilyRecord(10_000, 0)})
    assert decide(*pair, auto).klass is Class.REVIEW


def test_sources_are_read_from_the_venues_fields() -> None:
    event = {"settlement_sources": [{"name": "BLS", "url": "https://data.bls.gov/x"}, None, 3]}
    assert parse(read_kalshi({"ticker": "KXA-26", "title": "A?"}, event)).sources == ("bls.gov",)
    assert read_kalshi({}, {"settlement_sources": "x"}).sources == ()
    row = {"question": "A?", "resolutionSource": "https://www.bls.gov/news"}
    assert parse(read_polymarket(row)).sources == ("bls.gov",)


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        (OURS, "2027-01-01 05:00"),
        (THEIRS, "2027-01-01 05:00"),
        ("If it happens by June 2026, then the market resolves to Yes.", "2026-07-01 04:00"),
        ("If it happens before 2027, then the market resolves to Yes.", "2027-01-01 05:00"),
        ("If it happens before May 3, 2026 at 10:00 AM PDT then the market resolves to Yes.", "2026-05-03 17:00"),
        ("If it happens then the market resolves to Yes. The market closes by Dec 1, 2028.", ""),
        ('If the result is not published by May 3, 2026, it resolves to "No".', ""),
        ("If no winner is named by May 3, 2026, the market resolves to Yes.", ""),
    ],
)  # fmt: skip
def test_deadlines_of_rules(text: str, limit: str) -> None:
    assert ", ".join(f"{t:%Y-%m-%d %H:%M}" for t in read_rules(fold(text, 8_000)).limits) == limit


def test_windows_of_rules() -> None:
    text = 'Resolves to "Yes" if it happens between January 2 and December 31, 2026, 11:59 PM ET.'
    assert read_rules(fold(text, 8_000)).since == (date(2026, 1, 2),)
    text = 'Resolves to "Yes" if it happens between market creation and December 31, 2026.'
    assert read_rules(fold(text, 8_000)).since == ()


def test_the_end_of_the_day_adds_nothing_to_a_deadline() -> None:
    title = "Will the comet be visited by May 31, 2026?"
    said = title.replace("2026?", "2026, 11:59 PM ET?")
    assert decided(kalshi("KXCOMET-26", title), polymarket(said)).is_accepted
    noon = title.replace("2026?", "2026, 12:00 PM ET?")
    assert not decided(kalshi("KXCOMET-26", title), polymarket(noon)).is_accepted


@pytest.mark.parametrize(
    ("hour", "is_accepted"), [("10:00 AM ET", True), ("7:00 AM PT", True), ("11:00 AM ET", False), ("", True)]
)  # fmt: skip
def test_rules_that_look_at_another_hour_reject(hour: str, *, is_accepted: bool) -> None:
    title = "Will Acme lead the ranking in 2026?"
    ours = "If Acme leads the ranking at 10:00 AM ET on the last day, the market resolves to Yes."
    theirs = (
        f'This market will resolve to "Yes" if Acme leads the ranking at {hour} on the last day.'
    )
    decision = decided(
        kalshi("KXRANK-26", title, rules_primary=ours), polymarket(title, description=theirs)
    )
    assert decision.is_accepted is is_accepted
    assert decision.is_accepted or decision.reason.startswith("observation time: different")
