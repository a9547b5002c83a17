"""Fills: each one of the venue's in the journal, none that the venue does not know, same money."""

from typing import Final

from tests.simulation.checkers.facts import NS_PER_S, Facts, Rule, seconds, violate
from tests.simulation.sightings import Traded
from twoleg.core.market import Venue
from twoleg.storage.records import FillRecorded

UNACCOUNTED_NS_MAX: Final = 60 * NS_PER_S
"""The daemon polls for fills every 30 s; twice that, of one life, is too long."""
MODELLED_MICROS_MAX: Final = 10


class FillsTrue(Rule):
    """What is journalled as a fill is a trade of the venue's tape, once, for the same money."""

    def step(self, facts: Facts) -> None:
        for record in facts.new_records:
            if isinstance(record, FillRecorded):
                self._check(facts, record)
        for twice in facts.record.booked_twice:
            raise violate("fill_booked_twice", str(twice))

    def _check(self, facts: Facts, record: FillRecorded) -> None:
        fill = record.fill
        trade = _trade_of(facts, record)
        if trade is None:
            raise violate("fill_unknown_to_venue", str(record))
        is_yes = fill.outcome.value == "yes"
        price_e4 = trade.price_e4 if is_yes else 10_000 - trade.price_e4
        worth = trade.size_e6 * price_e4 / 10_000
        slack = 0 if fill.venue is Venue.KALSHI else 1
        fee_slack = MODELLED_MICROS_MAX if fill.fee_modelled else 0
        buys_yes = is_yes == (fill.side.value == "buy")
        is_same = (
            fill.size_e6 == trade.size_e6
            and fill.price_e4 == price_e4
            and abs(fill.notional_micros - worth) <= slack
            and abs(fill.fee_micros - trade.fee_micros) <= fee_slack
            and buys_yes == (trade.side == "bid")
        )
        if not is_same:
            raise violate("fill_differs", f"journalled {fill}, the venue has {trade}")
        intent = facts.record.by_key.get(trade.key)
        number = (record.execution_no, record.order_no)
        if intent and (intent.spec.execution_no, intent.spec.order_no) != number:
            raise violate("fill_of_other_order", f"{record} belongs to {intent.spec}")


class FillsAccounted(Rule):
    """Every trade of ours is in the journal within a bound while the daemon lives, and at the end."""

    has_bounds = True

    def __init__(self) -> None:
        self._open: dict[tuple[Venue, str, str], Traded] = {}

    def step(self, facts: Facts) -> None:
        for trade in facts.new_trades:
            if trade.key not in facts.foreign_keys:
                self._open[trade.venue, trade.trade_id, trade.key] = trade
        for key, trade in list(self._open.items()):
            if facts.is_booked(trade):
                del self._open[key]
            elif facts.is_running:
                since_ns = max(trade.at_ns, facts.alive_ns)
                if not trade.is_void and facts.now_ns - since_ns > UNACCOUNTED_NS_MAX:
                    raise violate("fill_unaccounted", f"{trade}, {seconds(facts, trade.at_ns)}")

    def restart(self, facts: Facts) -> None:
        for trade in facts.venues.trades:
            if trade.key not in facts.foreign_keys:
                self._open[trade.venue, trade.trade_id, trade.key] = trade

    def end(self, facts: Facts) -> None:
        for trade in facts.venues.trades:
            if trade.key in facts.foreign_keys:
                continue
            booked = facts.is_booked(trade)
            if booked is trade.is_void:
                word = "still booked" if trade.is_void else "never booked"
                raise violate("fill_unaccounted", f"at the end {word}: {trade}")


def _trade_of(facts: Facts, record: FillRecorded) -> Traded | None:
    trade_id = record.fill.fill_id.partition(":")[0]
    story = facts.record.stories.get(record.execution_no)
    if story is None:
        return None
    for intent in story.orders.get(record.order_no, ()):
        for trade in facts.trades_of(intent.key):
            if trade.trade_id == trade_id and trade.venue is record.fill.venue:
                return trade
    for trade in facts.venues.trades:
        if trade.trade_id == trade_id and trade.venue is record.fill.venue:
            return trade
    return None
