"""Who owns what is sold: judged on the net effect, by the venue's own trades."""

from typing import Final

from tests.simulation.checkers.facts import NS_PER_S, Facts, Rule, violate
from tests.simulation.checkers.record import Intent, Story
from tests.simulation.sightings import LOT_E6, Sent
from twoleg.core.market import Outcome, Side, Venue
from twoleg.core.orders import OrderSpec, Purpose

FOREIGN_TOLD_NS: Final = 120 * NS_PER_S
"""By then the daemon must have read what others brought to our account."""


class SellsOwnOnly(Rule):
    """An execution sells at most its own unsold fill; Kalshi exits only ever reduce."""

    def __init__(self) -> None:
        # Orders whose id a fence has used up: the venue refuses them when they arrive after it.
        self._fenced: set[str] = set()

    def step(self, facts: Facts) -> None:
        for sent in facts.new_sent:
            intent = facts.record.by_key.get(sent.key)
            if sent.is_fence:
                self._fenced.add(sent.key)
            if intent is None or sent.key in self._fenced:
                continue
            story = facts.record.stories[intent.spec.execution_no]
            if sent.venue is Venue.KALSHI:
                self._check_kalshi(facts, story, intent, sent)
            elif not sent.is_buy and not facts.is_landed_late(intent, sent.at_ns):
                own_e6 = _sellable_e6(facts, story, intent, sent)
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
        mine_e6 = _sellable_e6(facts, story, intent, sent) if is_exit else 0
        is_rollback = intent.spec.purpose is Purpose.ROLLBACK
        if is_rollback and not is_exit:
            mine_e6 = _spare_e6(facts, story, intent, sent)
        if reduces_e6 > mine_e6:
            told = f"execution {story.number} owns {mine_e6} of {opposite_e6}: {sent}"
            raise violate("sells_not_own", told)
        if is_exit and sent.size_e6 > mine_e6:
            raise violate("sells_too_much", f"execution {story.number} owns {mine_e6}: {sent}")
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


def _own_e6(facts: Facts, story: Story, intent: Intent, sent: Sent, *, carried_e6: int = 0) -> int:
    """What the order's execution holds of what it would sell, before it; signed YES on Kalshi."""
    own_e6 = _bought_e6(facts, [story], intent, sent)
    closing = [one.spec for one in story.entries if one.spec.side is Side.SELL]
    if not closing:
        return own_e6
    # An early exit owns what it set out to sell, as far as its pair has it.
    own_e6 += _inventory_e6(facts, closing[0], sent) + carried_e6
    pair_e6 = _bought_e6(facts, _of_pair(facts, story), intent, sent)
    if own_e6 * pair_e6 <= 0:
        return 0
    return min(own_e6, pair_e6) if own_e6 > 0 else max(own_e6, pair_e6)


def _sellable_e6(facts: Facts, story: Story, intent: Intent, sent: Sent) -> int:
    """The most that an exit may be sent for."""
    carried_e6 = _carried_e6(facts, story, intent, sent)
    if sent.venue is Venue.KALSHI:
        return abs(_own_e6(facts, story, intent, sent, carried_e6=-carried_e6 * sent.signed))
    return max(0, _own_e6(facts, story, intent, sent, carried_e6=carried_e6))


def _inventory_e6(facts: Facts, spec: OrderSpec, sent: Sent) -> int:
    """What an early exit has to sell on the market of an order, by one of its legs."""
    pair = facts.pair_of(sent.venue, sent.market)
    if pair is None:
        return 0
    # YES of the leg's own market, then of the event, then of the market that is asked for.
    sign = 1 if spec.outcome is Outcome.YES else -1
    if spec.venue is Venue.POLYMARKET:
        token = spec.market.yes_token if spec.outcome is Outcome.YES else spec.market.no_token
        sign = 1 if token == pair.tokens[0] else -1
    sign *= pair.event_sign(spec.venue) * pair.event_sign(sent.venue)
    if spec.venue is not sent.venue:
        sign = -sign
    if sent.venue is Venue.KALSHI:
        return sign * spec.size_e6
    return spec.size_e6 if (sign > 0) is (sent.token == 0) else 0


def _spare_e6(facts: Facts, story: Story, intent: Intent, sent: Sent) -> int:
    """What a pair holds on Kalshi beyond what its other venue needs for hedges.

    A completing purchase there may net that much of what other executions of the pair hold: held
    less needed by hedges, and nothing of anybody else's. More would leave a hedge without its leg.
    """
    stories = _of_pair(facts, story)
    held_e6 = max(0, -_bought_e6(facts, stories, intent, sent) * sent.signed)
    # One with an order out has half its legs: its own business, until it is decided.
    trades = [
        trade
        for one in stories
        if one is story or one.is_decided
        for trade in facts.known_trades(one, intent)
        if trade.key != sent.key and trade.at_ns <= sent.at_ns
    ]
    # Kalshi's YES is the event's: a purchase of YES needs an excess of NO, and the other way round.
    excess_e6 = max(0, -facts.exposure_e6(trades) * sent.signed)
    # Each execution of the pair that is open, or just was, may have a remainder of its own.
    open_ones = sum(not one.is_closed for one in stories)
    return min(held_e6, excess_e6 + LOT_E6 * max(1, open_ones))


def _carried_e6(facts: Facts, story: Story, intent: Intent, sent: Sent) -> int:
    """What an early exit may sell beyond its size: what its pair had there that hedged nothing."""
    # Without what it sold itself: between its two legs all that is left of them hedges nothing.
    trades = [
        trade
        for one in _of_pair(facts, story)
        if one is not story
        for trade in facts.known_trades(one, intent)
        if trade.at_ns <= sent.at_ns
    ]
    pair = facts.pair_of(sent.venue, sent.market)
    if pair is None:
        return 0
    # A sale of NO is a purchase of YES on Kalshi, and a token of its own on Polymarket.
    is_yes = sent.signed < 0 if sent.venue is Venue.KALSHI else sent.token == 0
    pays = pair.event_sign(sent.venue) * (1 if is_yes else -1)
    return max(0, facts.exposure_e6(trades) * pays)


def _of_pair(facts: Facts, story: Story) -> list[Story]:
    return [one for one in facts.record.stories.values() if one.pair_id == story.pair_id]


def _bought_e6(facts: Facts, stories: list[Story], intent: Intent, sent: Sent) -> int:
    """What executions bought and did not sell of an order's market or token, as far as is known."""
    own_e6 = 0
    for story in stories:
        for trade in facts.known_trades(story, intent):
            is_same = trade.venue is sent.venue and trade.market == sent.market
            if not is_same or trade.key == sent.key or trade.at_ns > sent.at_ns:
                continue
            if trade.venue is Venue.KALSHI:
                own_e6 += trade.yes_e6
            elif trade.token == sent.token:
                own_e6 += trade.size_e6 if trade.is_buy else -trade.size_e6
    return own_e6
