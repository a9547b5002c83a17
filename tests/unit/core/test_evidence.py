"""Fill rates: own tries over the venue's over what was published."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from twoleg.core.counts import CELLS_MAX, TRIES_MAX, LegTry
from twoleg.core.evidence import OLD_MISSES, Evidence
from twoleg.core.limits import Limits
from twoleg.core.market import Direction, PairId, Venue

A, B = PairId("a"), PairId("b")
YES, NO = Direction.KALSHI_YES, Direction.KALSHI_NO
LIMITS = Limits(prior_tries=20)
YOUNG = LegTry(1_000, 0)


def rate(
    evidence: Evidence,
    pair_id: PairId = A,
    direction: Direction = YES,
    venue: Venue = Venue.KALSHI,
    at: LegTry = YOUNG,
    *,
    is_second: bool = False,
) -> int:
    return evidence.rate_e4(
        pair_id, direction, venue, share_e4=at.share_e4, age_ms=at.age_ms, is_second=is_second
    )


def tell(
    evidence: Evidence,
    *,
    pair_id: PairId = A,
    direction: Direction = YES,
    venue: Venue = Venue.KALSHI,
    at: LegTry = YOUNG,
    is_second: bool = False,
    filled_e6: int = 10_000,
    times: int = 1,
) -> None:
    for _ in range(times):
        evidence.tell(
            pair_id,
            direction,
            venue,
            at,
            is_second=is_second,
            filled_e6=filled_e6,
            size_e6=10_000,
        )


@pytest.mark.parametrize(
    ("share_e4", "expected"),
    [(1, 7_900), (1_000, 7_900), (1_001, 6_300), (2_500, 6_300), (5_000, 5_700), (6_600, 4_900)],
)
def test_published_rate_follows_the_share_of_the_displayed_depth(
    share_e4: int, expected: int
) -> None:
    assert rate(Evidence(LIMITS), at=LegTry(share_e4, 0)) == expected


def test_share_beyond_the_curve_never_fills_and_is_no_evidence() -> None:
    evidence = Evidence(LIMITS)
    tell(evidence, at=LegTry(6_601, 0), times=50)
    assert rate(evidence, at=LegTry(6_601, 0)) == 0
    assert evidence._counts.venues == {}


def test_published_rate_of_a_second_leg_is_at_most_the_mean_of_second_legs() -> None:
    evidence = Evidence(LIMITS)
    assert rate(evidence, is_second=True) == 6_330
    assert rate(evidence, at=LegTry(5_000, 0), is_second=True) == 5_700


def test_old_level_counts_six_published_tries_without_a_fill() -> None:
    evidence = Evidence(LIMITS)
    assert rate(evidence, at=LegTry(1_000, 999)) == 7_900
    assert rate(evidence, at=LegTry(1_000, 1_000)) == 7_900 * 20 // (20 + OLD_MISSES)


def test_own_tries_move_the_rate_by_their_weight() -> None:
    evidence = Evidence(LIMITS)
    tell(evidence, filled_e6=0, times=20)
    assert rate(evidence) == 3_950
    tell(evidence, filled_e6=5_000)
    assert rate(evidence) == (20 * 7_900 + 5_000) // 41


def test_over_fill_counts_as_one_fill() -> None:
    evidence, other = Evidence(LIMITS), Evidence(LIMITS)
    tell(evidence, filled_e6=12_345)
    tell(other, filled_e6=10_000)
    assert rate(evidence) == rate(other)


def test_tries_of_other_pairs_are_the_prior_of_a_pair() -> None:
    evidence = Evidence(LIMITS)
    tell(evidence, pair_id=B, filled_e6=0, times=20)
    # Nobody's own tries yet: the venue's alone.
    assert rate(evidence) == rate(evidence, direction=NO) == 3_950
    tell(evidence, filled_e6=10_000, times=20)
    assert rate(evidence) == (20 * 3_950 + 20 * 10_000) // 40
    # The pair that missed knows of the fills, but its own misses weigh as much as all that.
    assert rate(evidence, pair_id=B) == (20 * (20 * 7_900 + 200_000) // 40) // 40


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"venue": Venue.POLYMARKET},
        {"at": LegTry(2_000, 0)},
        {"at": LegTry(1_000, 100)},
        {"at": LegTry(1_000, 1_000)},
        {"is_second": True},
    ],
)
def test_other_venue_share_age_and_order_are_told_apart(elsewhere: dict[str, object]) -> None:
    evidence = Evidence(LIMITS)
    tell(evidence, filled_e6=0, times=50, **elsewhere)  # type: ignore[arg-type]  # one case each
    assert rate(evidence) == 7_900


def test_old_tries_fade() -> None:
    evidence = Evidence(LIMITS)
    tell(evidence, filled_e6=0, times=10 * TRIES_MAX)
    assert rate(evidence) < 900
    tell(evidence, filled_e6=10_000, times=2 * TRIES_MAX)
    assert rate(evidence) > 6_000


def test_pairs_that_are_remembered_are_bounded() -> None:
    evidence = Evidence(LIMITS)
    for number in range(CELLS_MAX + 1):
        tell(evidence, pair_id=PairId(str(number)), filled_e6=0)
    count = sum(map(len, evidence._counts.pairs.values()))
    assert count == CELLS_MAX
    # The first one was forgotten: it is judged by the venue's rate like a stranger.
    assert rate(evidence, PairId("0")) == rate(evidence, PairId("stranger"))


def test_new_limits_keep_what_was_counted_unless_the_steps_are_others() -> None:
    evidence = Evidence(LIMITS)
    tell(evidence, filled_e6=0, times=20)
    evidence.change_limits(structs.replace(LIMITS, prior_tries=60))
    assert rate(evidence) == 60 * 7_900 // 80
    evidence.change_limits(structs.replace(LIMITS, fill_curve=((1_000, 5_000),)))
    assert rate(evidence) == 5_000
    assert evidence.best_e4(is_second=False) == 5_000


def test_no_weight_of_the_prior_leaves_what_was_measured() -> None:
    evidence = Evidence(structs.replace(LIMITS, prior_tries=0))
    assert rate(evidence) == 7_900
    tell(evidence, filled_e6=2_500)
    assert rate(evidence) == 2_500


TRIES = st.builds(LegTry, st.integers(0, 7_000), st.sampled_from((0, 99, 100, 999, 1_000, 9_999)))
TOLD = st.lists(
    st.tuples(
        st.sampled_from((A, B)),
        st.sampled_from(Direction),
        st.sampled_from(Venue),
        TRIES,
        st.booleans(),
        st.integers(0, 11_000),
        st.integers(1, 300),
    ),
    max_size=12,
)


@given(TOLD, TRIES, st.sampled_from((0, 1, 20)))
def test_rates_stay_rates_and_never_exceed_the_best(
    told: list[tuple[PairId, Direction, Venue, LegTry, bool, int, int]], at: LegTry, weight: int
) -> None:
    limits = structs.replace(LIMITS, prior_tries=weight, depth_share_e4=6_600)
    evidence = Evidence(limits)
    for pair_id, direction, venue, leg_try, is_second, filled_e6, times in told:
        tell(
            evidence,
            pair_id=pair_id,
            direction=direction,
            venue=venue,
            at=leg_try,
            is_second=is_second,
            filled_e6=filled_e6,
            times=times,
        )
    for is_second in (False, True):
        best = evidence.best_e4(is_second=is_second)
        for pair_id in (A, B, PairId("c")):
            for direction in Direction:
                for venue in Venue:
                    found = rate(evidence, pair_id, direction, venue, at, is_second=is_second)
                    assert 0 <= found <= best <= 10_000
