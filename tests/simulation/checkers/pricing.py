"""Entries: opposite sides, equal contracts, prices in bounds, and a profit at the limits."""

from typing import Final

from tests.simulation.checkers.facts import Facts, Rule, violate
from tests.simulation.checkers.record import Intent, Story
from tests.simulation.sightings import LOT_E6, ONE_E4, BookStates, PairTruth, Sent, Traded
from twoleg.core.market import MarketId, Outcome, Side, Venue
from twoleg.core.orders import Purpose
from twoleg.core.units import ONE_CONTRACT_E6, ceil_div
from twoleg.storage.records import IntentRecorded

SMALL_MICROS: Final = 50_000
"""What one rollback may always lose in all."""
CARRIED_E6_MAX: Final = 10 * LOT_E6
"""What the two legs of an entry may differ by: dust that is carried, and whole cents."""
CAP_SLACK_MICROS: Final = 1_000
"""A tenth of a cent a contract, for prices and fees that were rounded on the way."""


class EntriesSound(Rule):
    """The two legs of an entry cover each other, and pay, by the simulated world's own terms."""

    def step(self, facts: Facts) -> None:
        for record in facts.new_records:
            if not isinstance(record, IntentRecorded):
                continue
            story = facts.record.stories[record.execution_no]
            entries = story.entries
            if record.orders[0].spec.purpose is Purpose.ARB:
                self._check_prices(facts, story)
                self._check_luck(facts, story)
                if len(entries) == len(Venue):
                    self._check_legs(facts, story)

    @staticmethod
    def _check_prices(facts: Facts, story: Story) -> None:
        limits = facts.limits
        for intent in story.entries:
            spec = intent.spec
            if spec.side is Side.BUY and not (
                limits.price_e4_min <= spec.limit_e4 <= limits.price_e4_max
            ):
                raise violate("price_limit", f"execution {story.number}: {spec.limit_e4}")

    @staticmethod
    def _check_luck(facts: Facts, story: Story) -> None:
        """What is too good to be true is a wrong pair, whatever it promises to earn."""
        size_e6 = max(intent.spec.size_e6 for intent in story.entries) + CARRIED_E6_MAX
        most = facts.limits.edge_micros_max * size_e6 // ONE_CONTRACT_E6
        if story.net_micros > most:
            told = f"execution {story.number}: {story.net_micros}, most {most} of {size_e6}"
            raise violate("edge_too_great", told)

    def _check_legs(self, facts: Facts, story: Story) -> None:
        legs = {intent.spec.venue: intent for intent in story.entries}
        kalshi, polymarket = legs[Venue.KALSHI], legs[Venue.POLYMARKET]
        pair = facts.pair_of(Venue.KALSHI, kalshi.spec.market.native_id)
        if pair is None or pair.polymarket != polymarket.spec.market.native_id:
            raise violate("legs_of_no_pair", f"execution {story.number}: {story.markets}")
        if _event_sign(pair, kalshi) + _event_sign(pair, polymarket):
            raise violate("legs_same_side", f"execution {story.number}: both pay together")
        if kalshi.spec.side is Side.BUY and polymarket.spec.spend_micros:
            self._check_sizes(story, kalshi, polymarket)
            self._check_net(facts, pair, kalshi, polymarket)

    @staticmethod
    def _check_sizes(story: Story, kalshi: Intent, polymarket: Intent) -> None:
        """Kalshi's size lies within what the dollars return between their limit and a dime less."""
        spec = polymarket.spec
        least_e6 = spec.spend_micros * ONE_E4 // spec.limit_e4
        best_e4 = max(100, spec.limit_e4 - 1_500)
        most_e6 = spec.spend_micros * ONE_E4 // best_e4
        size_e6 = kalshi.spec.size_e6
        if not least_e6 - 2 * LOT_E6 <= size_e6 <= most_e6 + 2 * LOT_E6:
            told = f"execution {story.number}: {size_e6} against {least_e6} to {most_e6}"
            raise violate("sizes_differ", told)

    @staticmethod
    def _check_net(facts: Facts, pair: PairTruth, kalshi: Intent, polymarket: Intent) -> None:
        size_e6 = kalshi.spec.size_e6
        net = size_e6
        for intent in (kalshi, polymarket):
            spec = intent.spec
            net -= ceil_div(size_e6 * spec.limit_e4, ONE_E4)
            net -= pair.fee_micros(spec.venue, spec.limit_e4, size_e6)
        least = facts.limits.edge_micros_min * size_e6 // 1_000_000
        if net < least:
            told = f"execution {kalshi.spec.execution_no}: {net} at the limits, least {least}"
            raise violate("edge_too_small", told)


class ExitsCapped(Rule):
    """No rollback loses more a contract at its limit than is allowed, by what the excess cost.

    That is the dearest order of the excess by the venue's own trades. A few cents in all may
    always be lost: fees and sizes have steps.
    """

    def step(self, facts: Facts) -> None:
        for record in facts.new_records:
            if isinstance(record, IntentRecorded):
                story = facts.record.stories[record.execution_no]
                closes = any(intent.spec.side is Side.SELL for intent in story.entries)
                for ref in record.orders:
                    if ref.spec.purpose is Purpose.ROLLBACK and not closes:
                        self._check(facts, story, facts.record.by_key[ref.order_key])

    @staticmethod
    def _check(facts: Facts, story: Story, intent: Intent) -> None:
        spec = intent.spec
        pair = facts.pair_of(spec.venue, spec.market.native_id)
        if pair is None:
            return
        sign = _event_sign(pair, intent)
        costs = [
            _cost_micros(pair, trades)
            for one in story.intents
            if (trades := _known_of(facts, story, one, intent)) and _event_sign(pair, one) == -sign
        ]
        if not costs:
            # Dust of executions before.
            return
        brings = spec.limit_e4 if spec.side is Side.SELL else ONE_E4 - spec.limit_e4
        fee = pair.fee_micros(spec.venue, spec.limit_e4, ONE_CONTRACT_E6)
        loss = max(costs) - brings * 100 + fee
        small = SMALL_MICROS * ONE_CONTRACT_E6 // max(LOT_E6, spec.size_e6_min or spec.size_e6)
        most = max(facts.limits.rollback_loss_micros_max, small)
        if loss > most + CAP_SLACK_MICROS:
            told = f"execution {story.number} loses {loss} a contract, most {most}: {spec}"
            raise violate("exit_too_dear", told)


class BooksReal(Rule):
    """What is fired at was on the venue's book; the books decided on are states that it had.

    Lately: when an entry is announced, and when an order of it arrives.
    """

    def step(self, facts: Facts) -> None:
        for record in facts.new_records:
            if isinstance(record, IntentRecorded):
                spec = record.orders[0].spec
                pair = facts.pair_of(spec.venue, spec.market.native_id)
                if pair is not None and spec.purpose is Purpose.ARB:
                    self._check_states(facts, pair, record)
        for sent in facts.new_sent:
            intent = facts.record.by_key.get(sent.key)
            if intent is None or sent.is_fence or intent.spec.purpose is not Purpose.ARB:
                continue
            states = facts.venues.states.get((sent.venue, sent.market))
            if states is None:
                continue
            # By the time of the decision: an order may be long on its way.
            since_ns = intent.wall_ns - facts.silent_ns_max(sent.venue)
            wanted_e6 = sent.size_e6 or _least_e6(sent)
            depth_e6 = _depth_e6(facts, intent, sent, states)
            share_e6 = depth_e6 * facts.limits.depth_share_e4 // ONE_E4 + LOT_E6
            if share_e6 < wanted_e6:
                raise violate("phantom_depth", f"{sent}: at most {depth_e6} was ever there")
            fingerprint = facts.live_books.get(intent.spec.market.id)
            if fingerprint is not None and not states.was(fingerprint, since_ns):
                raise violate("book_never_was", f"{intent.spec.market.id} at {sent}")

    @staticmethod
    def _check_states(facts: Facts, pair: PairTruth, record: IntentRecorded) -> None:
        """Both books of the pair, whichever leg goes first."""
        for venue in Venue:
            market = pair.market_on(venue)
            states = facts.venues.states.get((venue, market))
            fingerprint = facts.live_books.get(MarketId(f"{venue.value}:{market}"))
            if states is None or fingerprint is None:
                continue
            if not states.was(fingerprint, record.wall_ns - facts.silent_ns_max(venue)):
                told = f"{market} as execution {record.execution_no} was announced"
                raise violate("book_never_was", told)


def _depth_e6(facts: Facts, intent: Intent, sent: Sent, states: BookStates) -> int:
    """The most that could have been met, but for what we took: that is not there a second time."""
    since_ns = intent.wall_ns - facts.silent_ns_max(sent.venue)
    ours = [
        trade
        for trade in facts.venues.trades
        if trade.market == sent.market and since_ns <= trade.at_ns < intent.wall_ns
    ]
    depth_e6 = states.most_depth_e6(sent.side, sent.limit_e4, since_ns)
    if not ours:
        return depth_e6
    # Only what was taken within the limit was part of it; and what came after our latest trade is
    # new.
    sign = sent.signed
    taken = [
        trade.size_e6
        for trade in ours
        if trade.side == sent.side and (sent.limit_e4 - trade.price_e4) * sign >= 0
    ]
    after_ns = max(trade.at_ns for trade in ours) + 1
    return max(depth_e6 - sum(taken), states.most_depth_e6(sent.side, sent.limit_e4, after_ns))


def _known_of(facts: Facts, story: Story, one: Intent, intent: Intent) -> list[Traded]:
    """The trades of one of an execution's orders that were known when another was announced."""
    known = facts.known_trades(story, intent)
    return [trade for trade in known if trade.key == one.key and trade.at_ns <= intent.wall_ns]


def _cost_micros(pair: PairTruth, trades: list[Traded]) -> int:
    """What a contract of an order's trades cost with its fee; who sold YES stands on NO."""
    size_e6 = sum(trade.size_e6 for trade in trades)
    paid = 0
    for trade in trades:
        is_no = trade.side == "ask"
        paid += trade.size_e6 * (ONE_E4 - trade.price_e4 if is_no else trade.price_e4)
    price_e4 = ceil_div(paid, size_e6)
    return price_e4 * 100 + pair.fee_micros(trades[0].venue, price_e4, ONE_CONTRACT_E6)


def _least_e6(sent: Sent) -> int:
    return sent.spend_micros * ONE_E4 // max(1, sent.own_limit_e4)


def _event_sign(pair: PairTruth, intent: Intent) -> int:
    """+1 if the leg gains with Kalshi's YES, by the world's polarity and tokens."""
    spec = intent.spec
    sign = 1 if spec.outcome is Outcome.YES else -1
    if spec.venue is Venue.POLYMARKET:
        token = spec.market.yes_token if spec.outcome is Outcome.YES else spec.market.no_token
        sign = 1 if token == pair.tokens[0] else -1
    sign *= pair.event_sign(spec.venue)
    return sign if spec.side is Side.BUY else -sign
