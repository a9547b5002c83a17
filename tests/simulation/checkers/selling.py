"""Who owns what is sold: judged on the net effect, by the venue's own trades."""

from typing import Final

from tests.simulation.checkers.facts import NS_PER_S, Facts, Rule, violate
from tests.simulation.checkers.record import Intent, Story
from tests.simulation.sightings import Sent
from twoleg.core.market import Side, Venue
from twoleg.core.orders import Purpose

FOREIGN_TOLD_NS: Final = 120 * NS_PER_S
"""By then the daemon must have read what others brought to our account."""


class SellsOwnOnly(Rule):
    """An execution sells at most its own unsold fill; Kalshi exits only ever reduce."""

    def step(self, facts: Facts) -> None:
        for sent in facts.new_sent:
            intent = facts.record.by_key.get(sent.key)
            if intent is None or sent.is_fence:
                continue
            story = facts.record.stories[intent.spec.execution_no]
            if sent.venue is Venue.KALSHI:
                self._check_kalshi(facts, story, intent, sent)
            elif not sent.is_buy:
                own_e6 = _own_e6(facts, story, intent, sent)
                if sent.size_e6 > own_e6:
                    told = f"execution {story.number} sells {sent.size_e6} of its {own_e6}: {sent}"
                    raise violate("sells_not_own", told)

    @staticmethod
    def _check_kalshi(facts: Facts, story: Story, intent: Intent, sent: Sent) -> None:
        own_e6 = _own_e6(facts, story, intent, sent)
        is_exit = own_e6 * sent.signed < 0
        untold_e6 = sum(
            flow.amount
            for flow in facts.flows
            if flow.where == (Venue.KALSHI, sent.market, 0)
            and sent.at_ns - flow.at_ns < FOREIGN_TOLD_NS
        )
        opposite_e6 = max(0, -(sent.held_e6 - untold_e6) * sent.signed)
        reduces_e6 = min(sent.size_e6, opposite_e6)
        mine_e6 = abs(own_e6) if is_exit else 0
        if reduces_e6 > mine_e6:
            told = f"execution {story.number} owns {mine_e6} of {opposite_e6}: {sent}"
            raise violate("sells_not_own", told)
        if is_exit and sent.size_e6 > mine_e6:
            raise violate("sells_too_much", f"execution {story.number} owns {mine_e6}: {sent}")
        is_rollback = intent.spec.purpose is Purpose.ROLLBACK
        if is_exit and is_rollback and not sent.reduce_only:
            raise violate("exit_not_reduce_only", str(sent))


class ForeignUntouched(Rule):
    """What others hold on the same account stays as it was."""

    def __init__(self) -> None:
        self._counted = (-1, -1)

    def step(self, facts: Facts) -> None:
        count = (len(facts.venues.trades), facts.venues.voids)
        if count == self._counted:
            return
        self._counted = count
        ours: dict[tuple[Venue, str], list[int]] = {}
        for trade in facts.venues.trades:
            # What was bought, sold, and then failed on chain was not somebody else's.
            if (trade.is_void and not trade.is_buy) or trade.key in facts.foreign_keys:
                continue
            sizes = ours.setdefault((trade.venue, trade.market), [0, 0])
            if trade.venue is Venue.KALSHI:
                sizes[0] += trade.yes_e6
            else:
                sizes[trade.token] += trade.size_e6 if trade.is_buy else -trade.size_e6
        for (venue, market), sizes in ours.items():
            if min(sizes) < 0 and venue is Venue.POLYMARKET:
                raise violate("sold_foreign", f"{market}: we sold {sizes} more than we bought")


def _own_e6(facts: Facts, story: Story, intent: Intent, sent: Sent) -> int:
    """What the order's owner holds of what it would sell, before it; signed YES on Kalshi."""
    is_close = intent.spec.purpose is Purpose.ARB and intent.spec.side is Side.SELL
    stories = [story]
    if is_close or any(one.spec.side is Side.SELL for one in story.entries):
        # An early exit sells what the pair holds.
        stories = [s for s in facts.record.stories.values() if s.pair_id == story.pair_id]
    own_e6 = 0
    for one in stories:
        for trade in facts.trades_in(one, until_ns=sent.at_ns + 1):
            if trade.venue is not sent.venue or trade.market != sent.market:
                continue
            if trade.key == sent.key:
                continue
            if trade.venue is Venue.KALSHI:
                own_e6 += trade.yes_e6
            elif trade.token == sent.token:
                own_e6 += trade.size_e6 if trade.is_buy else -trade.size_e6
    return own_e6
