"""Checks over all pairs, candidates, listings and the cache of cards."""

import msgspec
import pytest

from tests.unit.matching.support import TOKENS, decided, kalshi, polymarket
from twoleg.matching.candidates import candidates, index_words
from twoleg.matching.decide import Decision
from twoleg.matching.listing import (
    KalshiListing,
    PolymarketListing,
    fingerprint,
    read_kalshi,
    read_polymarket,
)
from twoleg.matching.parse import CardCache, parse
from twoleg.matching.whole import checked

Pair = tuple[KalshiListing, PolymarketListing]


def seat(district: str, party: str, number: str, event: str = "") -> Pair:
    left = kalshi(
        f"KXHOUSERACE-{district.replace('-', '')}-26-{party[0]}",
        f"Will {party} win the House race for {district}?",
    )
    right = polymarket(
        f"Will the {party} Party win the {district} House seat?",
        market_id=number,
        event_id=event or district,
    )
    return left, right


def withdrawn(pairs: list[Pair]) -> dict[str, str]:
    decisions = [decided(*pair) for pair in pairs]
    assert all(decision.is_accepted for decision in decisions)
    cards = [parse(left) for left, _ in pairs], [parse(right) for _, right in pairs]
    kept, faults = checked(decisions, *cards)
    assert len(kept) + len(faults) == len(pairs)
    return {decision.polymarket_id: reason for decision, reason in faults}


def test_pairs_that_fit_together_stay() -> None:
    assert not withdrawn(
        [
            seat("OH-03", "Democratic", "1"),
            seat("OH-03", "Republican", "2"),
            seat("OH-04", "Republican", "3"),
        ]
    )


def test_both_sides_of_one_game_stay() -> None:
    right = polymarket("Oakline vs. Elmfire", ("Oakline", "Elmfire"), slug="nba-oak-elm-2026-05-16")
    title = "Oakline vs Elmfire Winner?"
    pairs = [
        (kalshi("KXNBAGAME-26MAY16OAKELM-OAK", title, "Oakline"), right),
        (kalshi("KXNBAGAME-26MAY16OAKELM-ELM", title, "Elmfire"), right),
    ]
    assert not withdrawn(pairs)


def test_market_with_two_partners_is_withdrawn_from_both() -> None:
    assert withdrawn([seat("OH-03", "Democratic", "1"), seat("OH-03", "Democratic", "2")]) == {
        "1": "not one to one", "2": "not one to one",
    }  # fmt: skip


def test_stray_among_siblings_is_withdrawn() -> None:
    def group(team: str, number: str, event: str) -> Pair:
        left = kalshi(
            f"KXWCGROUPWIN-26A-{team[:3].upper()}",
            f"Will {team} finish first in World Cup Group A?",
        )
        right = polymarket(
            f"Will {team} win Group A in the 2026 FIFA World Cup?", market_id=number, event_id=event
        )
        return left, right

    pairs = [group("Mexico", "1", "a"), group("Ghana", "2", "a"), group("Japan", "3", "b")]
    assert withdrawn(pairs) == {"3": "siblings are paired with another event"}


def test_ladder_that_turns_is_withdrawn() -> None:
    title = "How many launches will Acme have in 2026?"
    pairs = []
    for number in (140, 150):
        left = kalshi(f"KXLAUNCH-26-{number}", title, f"Above {number}")
        pairs.append(
            (
                left,
                polymarket(
                    f"Will Acme have more than {number} launches in 2026?",
                    market_id=str(number),
                    event_id="e",
                ),
            )
        )
    decisions = [decided(*pair) for pair in pairs]
    cards = [parse(left) for left, _ in pairs], [parse(right) for _, right in pairs]
    assert [decision.is_accepted for decision in decisions] == [False, False] or not checked(
        decisions, *cards
    )[1]
    line = cards[0][0].line
    assert line is not None
    turned = [
        msgspec.structs.replace(card, line=cards[1][1 - i].line) for i, card in enumerate(cards[1])
    ]
    crossed = [msgspec.structs.replace(decision, klass=decision.klass) for decision in decisions]
    faults = checked(crossed, cards[0], turned)[1]
    assert {reason for _, reason in faults} == {"ladder does not rise on both sides"}


def test_order_of_labels_turns_no_ladder() -> None:
    title = "How many launches will Acme have in 2026?"
    lefts = [kalshi(f"KXLAUNCH-26-{n}", title, f"{n} to {n + 9}") for n in (140, 150)]
    rights = [
        polymarket(
            f"Will Acme have {number}-{number + 9} launches in 2026?",
            labels,
            market_id=str(number),
            event_id="e",
        )
        for number, labels in ((140, ("Yes", "No")), (150, ("No", "Yes")))
    ]
    decisions = [decided(*pair) for pair in zip(lefts, rights, strict=True)]
    assert [decision.yes_index for decision in decisions] == [0, 1]
    assert not checked(decisions, map(parse, lefts), map(parse, rights))[1]


def test_candidates_find_the_market_by_its_rare_words() -> None:
    pairs = [
        seat(f"OH-{number:02}", party, f"{number}{party}")
        for number in range(1, 15)
        for party in ("Democratic", "Republican")
    ]
    left = [index_words(listing, parse(listing)) for listing, _ in pairs]
    right = [index_words(listing, parse(listing)) for _, listing in pairs]
    found = list(candidates(left, right, top=2))
    assert {(i, i) for i in range(len(pairs))} <= set(found)
    assert len(found) <= 2 * len(pairs)


def test_candidates_see_a_nickname_behind_a_city() -> None:
    left = kalshi("KXNBAGAME-26MAY16BOSIND-BOS", "Boston vs Indiana Winner?", "Boston")
    right = polymarket("Celtics vs. Pacers", ("Celtics", "Pacers"), slug="nba-bos-ind-2026-05-16")
    words = index_words(left, parse(left)), index_words(right, parse(right))
    assert {"celtics", "boston"} <= set(words[0]) & set(words[1])


def test_candidates_see_one_bank_behind_two_names() -> None:
    left = kalshi(
        "KXRBADECISION-31MAR-C25",
        "Will the Reserve Bank of Australia cut rates by 25bps at their March 2031 meeting?",
        "Cut 25bps",
    )
    right = polymarket("RBA decreases interest rates by 25 bps after March 2031 meeting?")
    words = index_words(left, parse(left)), index_words(right, parse(right))
    assert {"rba", "cut", "until:2031-3"} <= set(words[0]) & set(words[1])


def test_candidates_of_nothing_are_none() -> None:
    assert list(candidates([], [("a",)])) == []
    assert list(candidates([("a",)], [])) == []
    assert list(candidates([(), ("b",)], [("a",), ()])) == []


def test_candidates_of_common_words_alone_are_kept_and_bounded() -> None:
    documents = [("common", f"rare{number}") for number in range(3_000)]
    assert len(list(candidates([("common",), ("common", "rare7")], documents, top=5))) == 5 + 1


def test_candidates_come_most_alike_first_and_read_their_words_once() -> None:
    documents = iter([("a", "b", "x"), ("a", "b", "c"), ("a", "z"), ("q",)])
    queries = iter([("unknown",), ("a", "b", "c", "c")])
    assert list(candidates(queries, documents)) == [(1, 1), (1, 0), (1, 2)]


def test_card_is_parsed_once_and_again_when_a_text_changes() -> None:
    cache = CardCache(cards_max=2)
    left = kalshi("KXCOMET-27", "Will the comet be visited before 2027?")
    first = cache.card(left)
    assert cache.card(msgspec.structs.replace(left)) is first
    changed = msgspec.structs.replace(left, rules_primary="If it is visited, YES.")
    assert cache.card(changed) is not first
    cache.card(msgspec.structs.replace(left, title="Another"))
    assert cache.card(left) is not first


def test_fingerprint_covers_every_field() -> None:
    left = kalshi("KXCOMET-27", "Will the comet be visited before 2027?")
    prints = {fingerprint(left)}
    prints.add(fingerprint(msgspec.structs.replace(left, rules_secondary="x")))
    prints.add(fingerprint(msgspec.structs.replace(left, floor_strike=1.0)))
    assert len(prints) == 3


def test_gamma_lists_come_as_json_in_a_string() -> None:
    row = {
        "id": 7,
        "question": "Q?",
        "outcomes": '["Yes", "No"]',
        "clobTokenIds": '["1", "2"]',
        "line": "2.5",
    }
    listing = read_polymarket({**row, "events": [{"id": "9", "title": "E"}]})
    assert (listing.market_id, listing.outcomes, listing.token_ids) == (
        "7",
        ("Yes", "No"),
        ("1", "2"),
    )
    assert (listing.line, listing.event_id, listing.event_title) == (2.5, "9", "E")


@pytest.mark.parametrize("bad", [None, 3, "no json", '{"a": 1}', "[" * 5000, [None, {}]])
def test_unreadable_lists_are_absent(bad: object) -> None:
    assert read_polymarket({"outcomes": bad}).outcomes == ()


def test_kalshi_fields_of_wrong_kinds_are_absent() -> None:
    listing = read_kalshi(
        {
            "ticker": None,
            "title": 5,
            "floor_strike": "x",
            "cap_strike": True,
            "mve_selected_legs": [1],
        }
    )
    assert (listing.ticker, listing.title, listing.floor_strike, listing.cap_strike) == (
        "",
        "5",
        None,
        None,
    )
    assert listing.is_multi_leg


def test_tokens_follow_their_labels() -> None:
    decision: Decision = decided(*seat("OH-03", "Democratic", "1"))
    assert (decision.yes_token, decision.no_token) == TOKENS
    left, right = seat("OH-03", "Democratic", "1")
    turned = decided(left, msgspec.structs.replace(right, outcomes=("No", "Yes")))
    assert (turned.yes_token, turned.no_token) == TOKENS[::-1]


def test_tails_and_sources_are_told_and_reject_nothing() -> None:
    left, right = seat("OH-03", "Democratic", "1")
    left = msgspec.structs.replace(
        left, rules_secondary="If the election is cancelled, the market settles at a fair price."
    )
    right = msgspec.structs.replace(
        right,
        description="If the election is cancelled this market will resolve 50-50. Read by the Associated Press.",
    )
    decision = decided(left, right)
    told = {
        facet.name: (facet.kalshi, facet.polymarket) for facet in decision.facets if not facet.hard
    }
    assert decision.is_accepted
    assert told["tails"] == ("cancel: fair price", "cancel: 50-50")
    assert told["source"] == ("", "apnews.com")
