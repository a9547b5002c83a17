"""What trips the guard outside the engine, and that true figures never do."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.core import kalshi_market
from tests.support.runtime import KALSHI, CountedEntropy, HeldClock, fill_of, settle_down, spec_of
from twoleg.core.events import Event, GuardCleared, GuardTripped
from twoleg.core.limits import BreakerLimits
from twoleg.core.market import FeeSchedule, MarketId, Venue
from twoleg.errors import VenueUnavailable
from twoleg.runtime.guard import EVERY_S, Guard, fee_off_micros
from twoleg.runtime.kit import Kit
from twoleg.sim.kalshi.ledger import Account, OrderFees, cash_change_micros, ceil_trade_fee
from twoleg.storage.journal import Journal

MS = 1_000_000
UNUSED = cast("Any", None)


class Post:
    """A guard, what it told, and what venues and journal say."""

    def __init__(self, journal: Journal) -> None:
        self.clock = HeldClock()
        self.told: list[Event] = []
        self.skews: list[int | Exception] = []
        self.ages: list[int] = []
        self.kit = Kit(
            Venue.KALSHI, UNUSED, UNUSED, None, None, UNUSED, UNUSED, read_skew_ms=self._skew
        )
        self.guard = Guard(
            limits=BreakerLimits,
            journal=journal,
            kits=(self.kit,),
            known={KALSHI.id: KALSHI}.get,
            clock=self.clock,
            emit=self.told.append,
        )

    async def _skew(self, age_ms_max: int) -> int:
        self.ages.append(age_ms_max)
        skew = self.skews.pop(0)
        if isinstance(skew, Exception):
            raise skew
        return skew

    async def look(self, *skews: int | Exception) -> list[str]:
        """Let it look at the clock once; the reasons that it told."""
        self.skews[:] = skews
        await self.guard.look_at_clock(self.kit)
        assert not self.skews, "it asked less often"
        return self.reasons()

    def reasons(self) -> list[str]:
        told = [
            f"{'+' if isinstance(event, GuardTripped) else '-'}{event.reason}"
            for event in self.told
            if isinstance(event, GuardTripped | GuardCleared)
        ]
        self.told.clear()
        return told


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal.open(
        tmp_path, sync="process", clock=HeldClock(), entropy=CountedEntropy(), mode="sim"
    )
    yield opened
    opened.close()


@pytest.fixture
def post(journal: Journal) -> Post:
    return Post(journal)


# -- journal --------------------------------------------------------------------------------


@pytest.mark.parametrize(("took_ms", "reasons"), [(2_000, []), (2_001, ["+journal_stall"])])
def test_write_that_stalls_trips(post: Post, took_ms: int, reasons: list[str]) -> None:
    post.guard.wrote(took_ms * MS)
    assert post.reasons() == reasons


def test_journal_that_cannot_be_written_trips_once(post: Post, journal: Journal) -> None:
    post.guard.look_at_journal()
    assert post.reasons() == []
    journal.close()
    post.guard.look_at_journal()
    post.guard.look_at_journal()
    (event,) = post.told
    assert event == GuardTripped(
        "journal_unwritable", "ordinary records cannot be written", stands=True
    )


async def test_journal_that_has_room_again_lets_go(
    post: Post, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "_blocked_ns", 1)
    post.guard.look_at_journal()
    monkeypatch.setattr(journal, "_blocked_ns", None)
    post.guard.look_at_journal()
    assert post.reasons() == ["+journal_unwritable", "-journal_unwritable"]


# -- clocks ---------------------------------------------------------------------------------


@pytest.mark.parametrize("skew_ms", [1_001, -1_001])
async def test_clock_off_twice_trips_and_clears_when_it_is_right(post: Post, skew_ms: int) -> None:
    assert await post.look(skew_ms, skew_ms) == ["+clock_skew:kalshi"]
    assert await post.look(skew_ms, skew_ms) == []
    assert await post.look(1_000) == ["-clock_skew:kalshi"]
    assert await post.look(0) == []


async def test_one_answer_that_dawdled_is_no_skew(post: Post) -> None:
    assert await post.look(1_500, 900) == []
    # What other answers told lately will do; an excess is measured anew.
    assert post.ages == [int(EVERY_S * 1_000), 0]


async def test_venue_that_does_not_answer_changes_nothing(post: Post) -> None:
    down = VenueUnavailable("kalshi", "timeout")
    assert await post.look(down) == []
    assert await post.look(5_000, down) == []
    assert await post.look(5_000, 5_000) == ["+clock_skew:kalshi"]
    assert await post.look(down) == []


async def test_guard_looks_at_the_start_and_then_again_and_again(post: Post) -> None:
    post.skews[:] = [5_000, 5_000, 0]
    task = asyncio.create_task(post.guard.run())
    await settle_down()
    assert post.reasons() == ["+clock_skew:kalshi"]
    await post.clock.pass_ms(int(EVERY_S * 1_000))
    assert post.reasons() == ["-clock_skew:kalshi"]
    task.cancel()


# -- fees -----------------------------------------------------------------------------------


def true_fee(size_e6: int = 10_000_000, price_e4: int = 4_000) -> int:
    return ceil_trade_fee(700, 10_000, size_e6, price_e4)


@pytest.mark.parametrize("off", [-10, 0, 10])
def test_true_fee_within_its_tolerance_trips_nothing(post: Post, off: int) -> None:
    post.guard.booked(fill_of(spec_of(Venue.KALSHI), fee_micros=true_fee() + off))
    assert post.told == []


@pytest.mark.parametrize("off", [-11, 11, 50_000])
def test_fee_off_by_more_trips_with_its_figures(post: Post, off: int) -> None:
    post.guard.booked(fill_of(spec_of(Venue.KALSHI), "f7", fee_micros=true_fee() + off))
    (event,) = post.told
    assert isinstance(event, GuardTripped)
    assert (event.reason, event.stands) == ("fee_divergence", False)
    for figure in ("f7", str(true_fee() + off), f"{off} from", "10000000 at 4000"):
        assert figure in event.detail


def test_fee_of_zero_where_one_is_due_trips(post: Post) -> None:
    post.guard.booked(fill_of(spec_of(Venue.KALSHI), fee_micros=0))
    assert post.reasons() == ["+fee_divergence"]


def test_modelled_fee_is_not_judged(post: Post) -> None:
    post.guard.booked(fill_of(spec_of(Venue.POLYMARKET), fee_micros=77))
    post.guard.booked(fill_of(spec_of(Venue.KALSHI), fee_micros=77, fee_modelled=True))
    assert post.told == []


def test_fill_of_a_market_whose_terms_are_not_known_is_not_judged(post: Post) -> None:
    fill = fill_of(spec_of(Venue.KALSHI), fee_micros=77, market_id=MarketId("kalshi:OTHER"))
    post.guard.booked(fill)
    assert post.told == []


FILLS = st.lists(
    st.tuples(st.sampled_from(("bid", "ask")), st.integers(1, 30_000), st.integers(1, 9_999)),
    min_size=1,
    max_size=40,
)


@given(FILLS, st.sampled_from((100, 10_000)), st.sampled_from((0, 5_000, 10_000)))
def test_fees_as_the_simulated_venue_charges_them_are_never_off(
    fills: list[tuple[Any, int, int]], quantum: int, multiplier_e4: int
) -> None:
    """All fills are of one order, whose roundings add up and come back as rebates."""
    schedule = FeeSchedule(
        rate_e6=7 * multiplier_e4, quantum_micros=100, balance_quantum_micros=quantum
    )
    market = kalshi_market(fees=schedule)
    account, fees = Account("me", "1"), OrderFees(quantum)
    for number, (side, lots, price_e4) in enumerate(fills):
        size_e6 = lots * 10_000
        held_e6 = account.position_e6("KX")
        change = cash_change_micros(held_e6, side, size_e6, price_e4)
        fee = fees.charge(change, ceil_trade_fee(700, multiplier_e4, size_e6, price_e4))
        account.apply("KX", 0, side, size_e6=size_e6, price_e4=price_e4, fee_micros=fee)
        fill = fill_of(
            spec_of(Venue.KALSHI),
            str(number),
            price_e4=price_e4,
            size_e6=size_e6,
            fee_micros=fee,
        )
        assert fee_off_micros(market, fill) == 0
