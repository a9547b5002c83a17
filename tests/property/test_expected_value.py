"""What is chosen has the greatest expected value: against brute force and against fractions."""

from fractions import Fraction
from unittest.mock import patch

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from msgspec import structs

from tests.property.test_core_sizing import CERTAIN, LIMITS, ROOMS, scenes
from tests.support.core import K, kalshi_market, make_pair, polymarket_market
from twoleg.core.closing import plan_close
from twoleg.core.counts import LegTry
from twoleg.core.evidence import Evidence
from twoleg.core.limits import Limits
from twoleg.core.market import Direction, FeeSchedule, LegMode, Venue
from twoleg.core.odds import ALL_MODES
from twoleg.core.opportunity import Legs, Opportunity, Room
from twoleg.core.sizing import Most, plan

ONE = 1_000_000
CENT = 10_000
TOLD = st.lists(
    st.tuples(
        st.sampled_from(Venue),
        st.sampled_from((500, 2_000, 4_000)),
        st.booleans(),
        st.sampled_from((0, 5_000, 10_000)),
        st.integers(1, 60),
    ),
    max_size=4,
)
AGES = st.tuples(st.sampled_from((0, 500, 5_000)), st.sampled_from((0, 500, 5_000)))


@st.composite
def judged(draw: st.DrawFn) -> tuple[Legs, Limits, Evidence]:
    """A scene in AUTO mode with ages of its levels and something measured."""
    legs, limits = draw(scenes()), draw(LIMITS)
    ages = draw(AGES)
    legs = structs.replace(
        legs,
        pair=structs.replace(legs.pair, leg_mode=LegMode.AUTO),
        kalshi_age_ms=ages[0],
        polymarket_age_ms=ages[1],
    )
    evidence = Evidence(limits)
    for venue, share_e4, is_second, filled_e6, times in draw(TOLD):
        for _ in range(times):
            evidence.tell(
                legs.pair.id,
                legs.direction,
                venue,
                LegTry(share_e4, ages[0] if venue is Venue.KALSHI else ages[1]),
                is_second=is_second,
                filled_e6=filled_e6,
                size_e6=10_000,
            )
    return legs, limits, evidence


def forced(legs: Legs, mode: LegMode) -> Legs:
    return structs.replace(legs, pair=structs.replace(legs.pair, leg_mode=mode))


def cent_account() -> tuple[Legs, Limits, Evidence]:
    """A Kalshi account of whole cents: each level costs up to four of them, at any size."""
    legs = Legs(
        structs.replace(make_pair(), leg_mode=LegMode.AUTO),
        Direction.KALSHI_YES,
        kalshi_market(K, fees=FeeSchedule(rate_e6=0, balance_quantum_micros=10_000)),
        ((4_800, 6_360_000), (5_000, 8_200_000)),
        4_600,
        polymarket_market(fees=FeeSchedule(rate_e6=35_000, quantum_micros=10)),
        ((4_400, 146_670_000),),
        4_200,
        kalshi_age_ms=5_000,
        polymarket_age_ms=5_000,
    )
    limits = Limits(price_e4_min=100, fill_curve=CERTAIN)
    return legs, limits, Evidence(limits)


@settings(max_examples=60)
@given(judged(), ROOMS)
@example(cent_account(), Room(14_630_000, 6_000_018, 7_000_021, 59))
def test_no_size_and_no_mode_has_a_greater_expected_value(
    scene: tuple[Legs, Limits, Evidence], room: Room
) -> None:
    legs, limits, evidence = scene
    best = plan(legs, limits, room, evidence)
    worth = best.expected_micros if best else 0
    most_e6 = min(room.size_e6, sum(size for _, size in legs.kalshi_ladder))
    for mode in ALL_MODES:
        for part in (1, 2, 4, 5, 7, 10, 13, 16):
            smaller = structs.replace(room, size_e6=most_e6 * part // 16)
            tried = plan(forced(legs, mode), limits, smaller, evidence)
            # A spend of whole cents moves a size, and so its value, by up to a cent and a lot.
            assert tried is None or tried.expected_micros <= worth + 2 * CENT


@given(judged(), ROOMS, st.integers(-5, 5))
def test_bounds_leave_out_nothing_that_is_better(
    scene: tuple[Legs, Limits, Evidence], room: Room, carried_lots: int
) -> None:
    legs, limits, evidence = scene
    room = structs.replace(room, carry_e6=carried_lots * CENT)

    def found() -> tuple[Opportunity | None, Opportunity | None]:
        sale = plan_close(legs, limits, evidence, room.size_e6, left_ms=10**10, is_probe=False)
        return plan(legs, limits, room, evidence), sale

    bounded = found()
    with patch.object(Most, "micros", return_value=10**18):
        assert found() == bounded


def exact_value(legs: Legs, limits: Limits, evidence: Evidence, found: Opportunity) -> Fraction:
    """Expected value of what was found, in micros, from the text of the definition."""

    def rate(venue: Venue, *, is_second: bool) -> Fraction:
        at = found.tries[0 if venue is Venue.KALSHI else 1]
        measured = evidence.rate_e4(
            legs.pair.id,
            legs.direction,
            venue,
            share_e4=at.share_e4,
            age_ms=at.age_ms,
            is_second=is_second,
        )
        return Fraction(measured, 10_000)

    size = Fraction(found.size_e6, ONE)
    spreads = (
        legs.kalshi_ladder[0][0] - legs.kalshi_bid_e4,
        legs.polymarket_ladder[0][0] - legs.polymarket_bid_e4,
    )
    k_loss, p_loss = (size * max(limits.unwind_loss_micros, each * 100) for each in spreads)
    kalshi, polymarket = (rate(venue, is_second=False) for venue in Venue)
    k_second, p_second = (rate(venue, is_second=True) for venue in Venue)
    if found.mode is LegMode.CONCURRENT:
        alone = kalshi * (1 - polymarket) * k_loss + polymarket * (1 - kalshi) * p_loss
        return kalshi * polymarket * found.net_micros - alone
    if found.mode is LegMode.KALSHI_FIRST:
        return kalshi * (p_second * found.net_micros - (1 - p_second) * k_loss)
    return polymarket * (k_second * found.net_micros - (1 - k_second) * p_loss)


@given(judged(), ROOMS)
def test_expected_value_is_that_of_the_definition_at_the_measured_rates(
    scene: tuple[Legs, Limits, Evidence], room: Room
) -> None:
    legs, limits, evidence = scene
    found = plan(legs, limits, room, evidence)
    assume(found is not None)
    assert found is not None
    value = exact_value(legs, limits, evidence, found)
    # Both losses are rounded up to a micro, the value down.
    assert value - 3 <= found.expected_micros <= value
    depths = [
        sum(size for price, size in ladder if price <= limit_e4)
        for ladder, limit_e4 in (
            (legs.kalshi_ladder, found.kalshi_limit_e4),
            (legs.polymarket_ladder, found.polymarket_limit_e4),
        )
    ]
    for leg_try, size_e6, depth_e6 in zip(
        found.tries, (found.size_e6, found.shares_e6), depths, strict=True
    ):
        assert 0 <= leg_try.share_e4 * depth_e6 - size_e6 * 10_000 < depth_e6
    assert (found.tries[0].age_ms, found.tries[1].age_ms) == (
        legs.kalshi_age_ms,
        legs.polymarket_age_ms,
    )


@given(judged(), ROOMS, st.sampled_from(ALL_MODES))
def test_pair_that_names_a_mode_gets_no_other(
    scene: tuple[Legs, Limits, Evidence], room: Room, mode: LegMode
) -> None:
    legs, limits, evidence = scene
    found = plan(forced(legs, mode), limits, room, evidence)
    assert found is None or found.mode is mode


@given(judged(), ROOMS)
def test_probe_is_never_greater_than_what_would_be_traded_at_full_size(
    scene: tuple[Legs, Limits, Evidence], room: Room
) -> None:
    legs, limits, evidence = scene
    probe = plan(legs, limits, structs.replace(room, is_probe=True), evidence)
    assume(probe is not None)
    assert probe is not None
    assert probe.size_e6 <= room.size_e6
    market = legs.polymarket
    # At the best price the least spend buys at most so much; a cent and a lot are lost to steps.
    least = market.size_e6_min * probe.polymarket_limit_e4, market.notional_micros_min * 10_000
    most_e6 = (max(least) + 2 * CENT * 10_000) // legs.polymarket_ladder[0][0] + 2 * CENT
    assert probe.size_e6 <= max(most_e6, legs.kalshi.size_e6_min)
