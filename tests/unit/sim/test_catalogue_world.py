"""The invented catalogue: the same by number as in order, consistent, and hard in every way."""

import random
from collections import Counter
from itertools import pairwise

import pytest

from twoleg.sim.catalogue.draft import Claim, price_e4
from twoleg.sim.catalogue.world import (
    KALSHI_A_CYCLE,
    POLYMARKET_A_CYCLE,
    Truth,
    World,
)

CYCLES = 5
ROWS = CYCLES * KALSHI_A_CYCLE, CYCLES * POLYMARKET_A_CYCLE
# Every way in which two markets that are not one are known to look alike.
KINDS = {
    "advance_against_first", "announce_against_complete", "bracket", "completed_match",
    "cumulative_against_bucket", "deadline", "death_carve_out", "first_against_date",
    "first_to_announce", "inclusive_against_exclusive", "line", "multi_leg", "next_game",
    "next_to_leave", "nominee_against_office", "other_district", "other_hour", "other_party",
    "other_sport", "other_state", "other_subject", "other_year", "part_of_contest", "placeholder",
    "price_source", "release_against_access", "running", "same_text", "successor_against_removal",
    "top_n", "weather_station", "win_against_other",
}  # fmt: skip


@pytest.fixture(scope="module")
def world() -> World:
    return World(seed=5)


@pytest.fixture(scope="module")
def truths(world: World) -> list[Truth]:
    return list(world.truths(*ROWS))


def text_of(world: World, row: int) -> tuple[object, ...]:
    draft = world.polymarket(row)
    return draft.text(draft.form.question), draft.labels, draft.pays, draft.end_s


def test_a_row_is_the_same_whatever_was_asked_for_before(world: World) -> None:
    rows = random.Random(1).sample(range(ROWS[1]), 12)
    in_order = {row: text_of(World(seed=5), row) for row in sorted(rows)}
    assert {row: text_of(world, row) for row in rows} == in_order
    tickers = {row: world.kalshi(row).ticker for row in rows}
    assert tickers == {row: World(seed=5).kalshi(row).ticker for row in sorted(rows)}


def test_another_seed_makes_another_world(world: World) -> None:
    other = World(seed=6)
    texts = [(text_of(world, row), text_of(other, row)) for row in range(POLYMARKET_A_CYCLE)]
    assert sum(one != two for one, two in texts) > 20


def test_every_cycle_has_its_number_of_rows(world: World) -> None:
    for number in range(CYCLES):
        cycle = world.cycle(number)
        assert (len(cycle.kalshi), len(cycle.polymarket)) == (KALSHI_A_CYCLE, POLYMARKET_A_CYCLE)


def test_identifiers_are_unique_and_events_in_one_piece(world: World) -> None:
    ours = [world.kalshi(row) for row in range(ROWS[0])]
    theirs = [world.polymarket(row) for row in range(ROWS[1])]
    assert len({draft.ticker for draft in ours}) == len(ours)
    assert len({draft.text(draft.form.slug) for draft in theirs}) == len(theirs)
    for events in ([one.event_ticker for one in ours], [one.event_slug for one in theirs]):
        begun = [events[0], *(two for one, two in pairwise(events) if one != two)]
        assert len(begun) == len(set(begun))


def test_a_pair_is_planted_exactly_where_both_rest_on_one_claim(
    world: World, truths: list[Truth]
) -> None:
    ours = {world.kalshi(row).claim: row for row in range(ROWS[0])}
    assert len(ours) == ROWS[0]
    expected = {
        (ours[paid], row, index)
        for row in range(ROWS[1])
        for index, paid in enumerate(world.polymarket(row).pays)
        if isinstance(paid, Claim) and paid in ours
    }
    told = {(one.kalshi, one.polymarket, one.paying) for one in truths if one.paying >= 0}
    assert told == expected
    assert len(told) > 80 * CYCLES


def test_the_label_of_a_pair_is_the_outcome_that_pays(world: World, truths: list[Truth]) -> None:
    indexes = Counter[int]()
    for truth in truths:
        if truth.paying < 0:
            continue
        draft, claim = world.polymarket(truth.polymarket), world.kalshi(truth.kalshi).claim
        indexes[truth.paying] += 1
        assert draft.pays[truth.paying] == claim
        assert draft.labels[truth.paying] == truth.label
        side = dict(claim.values).get("side")
        if "Yes" not in draft.labels:
            # A name, or Over: never told by its place.
            names = (
                ("Over",) if side is None else (getattr(side, "p", ""), getattr(side, "short", ""))
            )
            assert truth.label in names
        else:
            assert truth.label == "Yes"
    assert min(indexes[0], indexes[1]) > len(truths) // 20


def test_each_kind_of_near_miss_occurs_in_a_small_world(world: World) -> None:
    kinds = Counter(one.kind for one in world.truths(2_000, 1_600) if one.paying < 0)
    assert set(kinds) == KINDS


def test_a_near_miss_pays_on_something_else(world: World, truths: list[Truth]) -> None:
    for truth in truths:
        if truth.paying < 0:
            claim = world.kalshi(truth.kalshi).claim
            assert claim not in world.polymarket(truth.polymarket).pays, truth


def test_prices_of_both_venues_agree(world: World, truths: list[Truth]) -> None:
    for truth in truths:
        if truth.paying >= 0:
            claim, draft = world.kalshi(truth.kalshi).claim, world.polymarket(truth.polymarket)
            assert price_e4(draft.pays[truth.paying]) == price_e4(claim)
            assert price_e4(draft.pays[0]) + price_e4(draft.pays[1]) == 10_000


def test_no_text_has_a_gap(world: World) -> None:
    for row in range(KALSHI_A_CYCLE):
        draft = world.kalshi(row)
        form = draft.form
        for template in (form.title, form.event_title, form.yes):
            text = draft.text(template)
            assert text
            assert "{" not in text
            assert "  " not in text
        assert draft.claim.kind == "legs" or len(draft.text(form.rules)) > 40
    for row in range(POLYMARKET_A_CYCLE):
        theirs = world.polymarket(row)
        for template in (theirs.form.question, theirs.form.event_title, theirs.form.rules):
            assert "{" not in theirs.text(template)
