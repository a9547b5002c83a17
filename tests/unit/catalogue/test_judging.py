"""What stands between a couple and an approval, and by which names it is acknowledged."""

import msgspec
import pytest

from tests.support.pairing import game
from tests.unit.catalogue.support import Couple, judged
from tests.unit.matching.support import kalshi, polymarket
from twoleg.catalogue.judging import Claim, listed_labels, slug
from twoleg.core.market import Polarity
from twoleg.matching.parse import parse

GAME = game(1, "Detroit Tigers", "Toronto Blue Jays")
ABOVE: Couple = (
    kalshi("KXCPIYOY-26MAY-T3.0", "Will CPI rise more than 3.0% in the year ending in May 2026?",
           "More than 3.0%", strike_type="greater", floor_strike=3.0, rules_primary="BLS."),
    polymarket("Will annual CPI inflation be 3.0% or more in May 2026?", description="BLS.",
               condition_id="0x" + "6" * 64),
)  # fmt: skip
WEATHER: Couple = (
    kalshi("KXHIGHNY-26MAY16-T80", "Will the high temperature in NYC be above 80°?", "81° or above",
           rules_primary="NWS climate report."),
    polymarket("Highest temperature in NYC above 80°F on May 16?", description="Wunderground.",
               condition_id="0x" + "7" * 64),
)  # fmt: skip


def names(couple: Couple, **options: object) -> set[str]:
    return set(judged(couple, **options).to_row(similarity_e4=0, edge_micros_min=0).names)


def test_an_agreeing_couple_names_its_tails_and_texts() -> None:
    assert names(GAME) == {"tails", "tail_tie", "tail_cancel", "tail_postpone", "tail_void"}
    assert judged(GAME).klass == "auto"
    bare = msgspec.structs.replace(GAME[0], rules_primary="")
    assert "no_kalshi_rules" in names((bare, GAME[1]))
    bare_too = msgspec.structs.replace(GAME[1], description=" \n")
    assert {"no_kalshi_rules", "no_polymarket_rules"} <= names((bare, bare_too))


def test_another_day_is_a_hard_difference_by_its_facet() -> None:
    later = msgspec.structs.replace(
        GAME[1], game_start_time="2026-05-17 17:10:00+00", slug="mlb-g1-2026-05-17"
    )
    result = judged((GAME[0], later))
    assert result.klass == "deny"
    apart = {facet.name: facet.hard for facet in result.facets if not facet.is_equal}
    assert apart["start"]


def test_inclusive_against_exclusive_is_a_hard_difference() -> None:
    result = judged(ABOVE)
    apart = {facet.name for facet in result.facets if not facet.is_equal and facet.hard}
    assert result.klass == "deny"
    assert apart == {"line"}


def test_a_denied_family_does_not_hide_what_else_differs() -> None:
    result = judged(WEATHER)
    assert result.klass == "deny"
    assert result.reason == "weather"
    first = result.facets[0]
    assert (first.name, first.verdict, first.hard) == ("weather", "denied", True)
    # The facets under the denial were compared too.
    assert len(result.facets) > 1


def test_a_death_carve_out_is_a_veto() -> None:
    rules = "If the leader leaves by death, the market resolves at the last fair price."
    couple = (
        kalshi("KXLEADER-26-X", "Will Ana Bauer be the next mayor of Trento?", "Ana Bauer",
               rules_primary=rules),
        polymarket("Will Ana Bauer be the next mayor of Trento?", description="By election.",
                   condition_id="0x" + "8" * 64),
    )  # fmt: skip
    assert "death_settles_apart" in names(couple)


def test_a_fault_of_the_whole_set_is_a_veto_by_its_name() -> None:
    result = judged(GAME, fault="not one to one")
    assert (result.klass, result.reason) == ("deny", "not one to one")
    assert "not_one_to_one" in names(GAME, fault="not one to one")


@pytest.mark.parametrize(
    ("claim", "name"),
    [
        (Claim(("Detroit Tigers", "Toronto Blue Jays"), Polarity.SAME), ""),
        (Claim(("detroit tigers", "TORONTO BLUE JAYS"), Polarity.SAME), ""),
        (Claim(("Toronto Blue Jays", "Detroit Tigers"), Polarity.INVERSE), ""),
        (Claim(("Toronto Blue Jays", "Detroit Tigers"), Polarity.SAME), "polarity"),
        (Claim(("Detroit Tigers", "Toronto Blue Jays"), Polarity.INVERSE), "polarity"),
        (Claim(("Yes", "No"), Polarity.SAME), "labels"),
    ],
)
def test_what_somebody_claims_is_held_against_the_names(claim: Claim, name: str) -> None:
    assert names(GAME, claim=claim) - names(GAME) == ({name} if name else set())


def test_a_right_claim_keeps_its_labels_and_finds_the_token_by_name() -> None:
    claim = Claim(("Toronto Blue Jays", "Detroit Tigers"), Polarity.INVERSE)
    result = judged(GAME, claim=claim)
    assert (result.yes_token, result.no_token) == ("12", "11")
    assert (result.labels, result.polarity) == (claim.labels, Polarity.INVERSE)


def test_the_order_of_the_outcomes_says_nothing() -> None:
    swapped = msgspec.structs.replace(
        GAME[1], outcomes=GAME[1].outcomes[::-1], token_ids=GAME[1].token_ids[::-1]
    )
    one, other = judged(GAME), judged((GAME[0], swapped))
    assert (one.labels, one.polarity) == (other.labels, other.polarity)
    assert (one.yes_token, one.no_token) == (other.yes_token, other.no_token)


@pytest.mark.parametrize(
    ("outcomes", "labels"),
    [
        (("Yes", "No"), ("Yes", "No")),
        (("No", "Yes"), ("Yes", "No")),
        (("B", "A"), ("A", "B")),
        (("A", "B"), ("A", "B")),
        (("A",), ("", "")),
        ((), ("", "")),
    ],
)
def test_labels_stand_for_yes_and_no_by_what_they_say(
    outcomes: tuple[str, ...], labels: tuple[str, str]
) -> None:
    card = msgspec.structs.replace(parse(GAME[1]), labels=outcomes)
    assert listed_labels(card) == labels


def test_without_two_tokens_a_couple_says_so() -> None:
    single = msgspec.structs.replace(GAME[1], token_ids=())
    result = judged((GAME[0], single))
    assert result.yes_token == ""
    assert "tokens" in {facet.name for facet in result.facets if not facet.is_equal}


@pytest.mark.parametrize(
    ("text", "name"),
    [("death settles apart", "death_settles_apart"), ("not understood: x y", "not_understood"),
     ("\x1b[31m", "31m"), ("⸻", "reason")],
)  # fmt: skip
def test_a_name_is_made_of_plain_letters(text: str, name: str) -> None:
    assert slug(text) == name
