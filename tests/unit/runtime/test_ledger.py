"""The ledger: cash and positions from the journal, in whatever form a venue told them."""

import msgspec

from tests.unit.storage.support import KALSHI, POLYMARKET, WALL_NS, fill, market
from twoleg.core.market import MarketId, Outcome, Venue
from twoleg.runtime.ledger import Ledger
from twoleg.storage.records import CashOpened, FillRecorded, MarketSeen, PositionOpened


def opened(venue: Venue, market_id: MarketId, yes_e6: int, no_e6: int) -> Ledger:
    ledger = Ledger()
    terms = market(venue)
    ledger.apply(MarketSeen(wall_ns=WALL_NS, market=terms))
    ledger.apply(
        CashOpened(wall_ns=WALL_NS, venue=venue, shard=terms.shard, cash_micros=100_000_000)
    )
    ledger.apply(
        PositionOpened(
            wall_ns=WALL_NS, venue=venue, market_id=market_id, yes_e6=yes_e6, no_e6=no_e6
        )
    )
    return ledger


def bought(venue: Venue, outcome: Outcome) -> FillRecorded:
    """10 contracts for $4.40 and $0.10 of fees."""
    told = msgspec.structs.replace(fill(venue), outcome=outcome)
    return FillRecorded(wall_ns=WALL_NS, execution_no=1, order_no=0, owner="arb", fill=told)


def test_kalshi_no_found_at_start_is_no_and_more_of_it_pays_no_dollars() -> None:
    ledger = opened(Venue.KALSHI, KALSHI, -50_000_000, 0)
    assert ledger.held_e6[KALSHI, Outcome.NO] == 50_000_000
    assert ledger.held_e6[KALSHI, Outcome.YES] == 0
    ledger.apply(bought(Venue.KALSHI, Outcome.NO))
    assert ledger.held_e6[KALSHI, Outcome.NO] == 60_000_000
    assert ledger.cash_micros[Venue.KALSHI, 2] == 95_500_000
    assert ledger.kalshi_yes_e6(KALSHI) == -60_000_000


def test_kalshi_yes_against_no_found_at_start_pays_a_dollar_each() -> None:
    ledger = opened(Venue.KALSHI, KALSHI, -50_000_000, 0)
    ledger.apply(bought(Venue.KALSHI, Outcome.YES))
    assert ledger.kalshi_yes_e6(KALSHI) == -40_000_000
    assert ledger.cash_micros[Venue.KALSHI, 2] == 105_500_000


def test_polymarket_keeps_both_outcomes_found_at_start() -> None:
    ledger = opened(Venue.POLYMARKET, POLYMARKET, 3_000_000, 5_000_000)
    ledger.apply(bought(Venue.POLYMARKET, Outcome.NO))
    assert ledger.held_e6[POLYMARKET, Outcome.YES] == 3_000_000
    assert ledger.held_e6[POLYMARKET, Outcome.NO] == 15_000_000
    assert ledger.cash_micros[Venue.POLYMARKET, 0] == 95_500_000
