"""Counts of tries: what a dump carries over is all of it, and goes on as if nothing had been."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from tests.support.core import EASY, PAIR_ID, Rig, fires, make_pair
from twoleg.core.counts import CELLS_MAX, TRIES_MAX, CellCount, Counts, LegTry
from twoleg.core.events import EvidenceRestored
from twoleg.core.evidence import Evidence, depth_steps_e4
from twoleg.core.limits import Limits
from twoleg.core.market import Direction, LegMode, PairId, Venue

LIMITS = Limits()
STEPS = depth_steps_e4(LIMITS)
YES = Direction.KALSHI_YES

Try = tuple[PairId, Direction, Venue, LegTry, bool, int]
TRIES = st.lists(
    st.tuples(
        st.sampled_from((PairId("a"), PairId("b"))),
        st.sampled_from(Direction),
        st.sampled_from(Venue),
        st.builds(LegTry, st.integers(0, 7_000), st.sampled_from((0, 100, 1_000))),
        st.booleans(),
        st.integers(0, 11_000),
    ),
    max_size=20,
)


def tell(counts: Counts | Evidence, tries: list[Try]) -> None:
    for pair_id, direction, venue, leg_try, is_second, filled_e6 in tries:
        counts.tell(
            pair_id,
            direction,
            venue,
            leg_try,
            is_second=is_second,
            filled_e6=filled_e6,
            size_e6=10_000,
        )


def misses(count: int, pair_id: PairId = PAIR_ID, venue: Venue = Venue.KALSHI) -> list[Try]:
    return [(pair_id, YES, venue, LegTry(1_000, 0), False, 0)] * count


def carried(counts: Counts) -> Counts:
    """As a snapshot carries them over."""
    data = msgspec.json.encode(counts.dump())
    after = Counts(counts.steps_e4)
    after.load(msgspec.json.decode(data, type=tuple[CellCount, ...]))
    return after


@given(TRIES, TRIES, st.integers(1, 2 * TRIES_MAX))
def test_dump_carries_over_all_that_was_counted(
    before: list[Try], after: list[Try], times: int
) -> None:
    counts = Counts(STEPS)
    tell(counts, before * (times if len(before) < 3 else 1))
    other = carried(counts)
    assert other.dump() == counts.dump()
    assert other.tries == counts.tries
    # Old ones fade, and make room, at the same moments.
    for told in (counts, other):
        tell(told, after)
    assert other.dump() == counts.dump()


def test_cells_that_were_carried_over_make_room_in_the_same_order() -> None:
    counts = Counts(STEPS)
    # Begun first, and alone in its cell: that cell goes with it, and is begun anew.
    tell(counts, misses(1, PairId("first"), Venue.POLYMARKET))
    for number in range(CELLS_MAX - 1):
        tell(counts, misses(1, PairId(str(number))))
    other = carried(counts)
    late = [
        *misses(1, PairId("late"), Venue.POLYMARKET),
        *misses(1, PairId("later")),
        *misses(1, PairId("first"), Venue.POLYMARKET),
    ]
    for told in (counts, other):
        tell(told, late)
    assert other.dump() == counts.dump()
    assert sum(cell.direction is not None for cell in counts.dump()) == CELLS_MAX


def test_tries_are_those_that_count_still() -> None:
    counts = Counts(STEPS)
    tell(counts, misses(TRIES_MAX))
    tell(counts, misses(3, venue=Venue.POLYMARKET))
    assert counts.tries == TRIES_MAX + 3
    tell(counts, misses(1))
    assert counts.tries == TRIES_MAX // 2 + 1 + 3


def test_counts_by_other_steps_are_forgotten() -> None:
    counts = Counts(STEPS)
    tell(counts, misses(3))
    counts.change_steps(STEPS)
    assert counts.tries == 3
    counts.change_steps(STEPS[:-1])
    assert counts.dump() == ()
    tell(counts, misses(1))
    assert counts.tries == 1


@given(TRIES, TRIES)
def test_evidence_that_was_restored_answers_as_it_did(before: list[Try], after: list[Try]) -> None:
    limits = structs.replace(LIMITS, depth_share_e4=6_600)
    counts, evidence, other = Counts(STEPS), Evidence(limits), Evidence(limits)
    tell(counts, before)
    tell(evidence, before)
    # What it was asked and told before gives way.
    other.ceilings(is_second=False)
    tell(other, misses(7))
    other.restore(STEPS, counts.dump())
    for _ in range(2):
        for is_second in (False, True):
            assert other.ceilings(is_second=is_second) == evidence.ceilings(is_second=is_second)
            for pair_id, direction, venue, leg_try, _, _ in (*before, *after):
                rates = {
                    one.rate_e4(
                        pair_id,
                        direction,
                        venue,
                        share_e4=leg_try.share_e4,
                        age_ms=leg_try.age_ms,
                        is_second=is_second,
                    )
                    for one in (evidence, other)
                }
                assert len(rates) == 1
        tell(evidence, after)
        tell(other, after)


def test_evidence_by_other_steps_is_not_restored() -> None:
    counts, evidence = Counts((1_000,)), Evidence(LIMITS)
    tell(counts, misses(100))
    evidence.restore(counts.steps_e4, counts.dump())
    rate = evidence.rate_e4(PAIR_ID, YES, Venue.KALSHI, share_e4=1_000, age_ms=0, is_second=False)
    assert rate == 7_900


def test_engine_chooses_the_mode_by_what_earlier_processes_measured() -> None:
    """Polymarket missed six of ten. Known again, it goes first; forgotten, both go at once."""
    limits = structs.replace(EASY, prior_tries=1)
    counts = Counts(depth_steps_e4(limits))
    for venue, fills in ((Venue.POLYMARKET, 40), (Venue.KALSHI, 100)):
        for number in range(100):
            for is_second in (False, True):
                filled_e6 = 10_000 if number < fills else 0
                tell(counts, [(PAIR_ID, YES, venue, LegTry(1_000, 0), is_second, filled_e6)])
    rig = Rig(pair=make_pair(leg_mode=LegMode.AUTO), limits=limits)
    rig.send(EvidenceRestored(counts.steps_e4, counts.dump()))
    (shot,) = fires(rig.quote())
    assert [order.venue for order in shot.orders] == [Venue.POLYMARKET]
    rig = Rig(pair=make_pair(leg_mode=LegMode.AUTO), limits=limits)
    (shot,) = fires(rig.quote())
    assert [order.venue for order in shot.orders] == [Venue.KALSHI, Venue.POLYMARKET]
