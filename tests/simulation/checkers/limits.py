"""What the operator allows, computed from the wire and the venues' ledgers alone."""

from typing import Final

from tests.simulation.checkers.balances import MODELLED_MICROS_MAX
from tests.simulation.checkers.facts import NS_PER_S, Facts, Rule, violate
from tests.simulation.checkers.record import Intent, Story
from tests.simulation.sightings import LOT_E6, Sent
from twoleg.core.market import Side, Venue
from twoleg.core.orders import Purpose
from twoleg.core.units import ceil_div
from twoleg.storage.records import IntentRecorded

FLOW_TOLD_NS: Final = 120 * NS_PER_S
Pot = tuple[Venue, int]


class LimitsKept(Rule):
    """Size, position, count and unhedged cap of every entry, at the moment it is announced."""

    def step(self, facts: Facts) -> None:
        for record in facts.new_records:
            if isinstance(record, IntentRecorded) and _is_entry(record):
                story = facts.record.stories[record.execution_no]
                self._check_size(facts, story)
                self._check_count(facts, story)
                self._check_markets(facts, story)
                self._check_unhedged(facts, story)
        for sent in facts.new_sent:
            intent = facts.record.by_key.get(sent.key)
            if intent is None or intent.is_decided:
                # One that comes after its fence cannot fill: its id is used up.
                continue
            is_entry = intent.spec.purpose is Purpose.ARB
            if is_entry and sent.venue is Venue.KALSHI and not sent.is_fence:
                self._check_wire(facts, sent)

    @staticmethod
    def _check_wire(facts: Facts, sent: Sent) -> None:
        """By the venue's own position, without what others brought, and the bytes of the order."""
        if sent.size_e6 > facts.limits.size_e6_max + LOT_E6:
            raise violate("size_limit", f"{sent} above {facts.limits.size_e6_max}")
        where = (Venue.KALSHI, sent.market, 0)
        before_e6 = sent.held_e6 - sum(flow.amount for flow in facts.flows if flow.where == where)
        after_e6 = before_e6 + sent.signed * sent.size_e6
        if abs(after_e6) > max(abs(before_e6), facts.limits.position_e6_max + LOT_E6):
            raise violate("position_limit", f"{sent} makes {after_e6} of {before_e6}")

    @staticmethod
    def _check_size(facts: Facts, story: Story) -> None:
        limits = facts.limits
        for intent in story.entries:
            spec = intent.spec
            if spec.size_e6 > limits.size_e6_max + LOT_E6:
                raise violate("size_limit", f"{spec.size_e6} above {limits.size_e6_max}")
        pairs = [other for other in facts.record.stories.values() if other.pair_id == story.pair_id]
        held_e6 = sum(
            trade.yes_e6
            for other in pairs
            if other is not story
            for trade in facts.trades_in(other)
            if trade.venue is Venue.KALSHI
        )
        for intent in story.entries:
            spec = intent.spec
            if spec.venue is Venue.KALSHI and spec.side is Side.BUY:
                signed_e6 = spec.size_e6 if spec.outcome.value == "yes" else -spec.size_e6
                is_over = abs(held_e6 + signed_e6) > limits.position_e6_max + LOT_E6
                if is_over and abs(held_e6 + signed_e6) > abs(held_e6):
                    told = f"{story.pair_id} holds {held_e6} and adds {signed_e6}"
                    raise violate("position_limit", told)

    @staticmethod
    def _check_count(facts: Facts, story: Story) -> None:
        count = len(facts.record.open_stories)
        if count > facts.limits.executions_max:
            raise violate("executions_limit", f"execution {story.number} is the {count}th open one")

    @staticmethod
    def _check_markets(facts: Facts, story: Story) -> None:
        for other in facts.record.stories.values():
            if other is story or not other.markets & story.markets:
                continue
            if not other.is_closed or not other.is_decided:
                raise violate("market_busy", f"{story.number} started while {other.number} is open")

    @staticmethod
    def _check_unhedged(facts: Facts, story: Story) -> None:
        passed = _passed_on_e6(facts)
        total = sum(_naked_micros(facts, other, passed) for other in facts.record.open_stories)
        if total > facts.limits.unhedged_micros_max:
            told = f"execution {story.number}: {total} above {facts.limits.unhedged_micros_max}"
            raise violate("unhedged_limit", told)


class CashReserved(Rule):
    """No entry costs more than its venue's free cash less what others in flight may still take.

    Asked when it is announced, for all pots that it draws on, and when an order of it arrives. What
    is kept back for rollbacks is no entry's to promise.
    """

    def step(self, facts: Facts) -> None:
        recently_ns = facts.now_ns - FLOW_TOLD_NS
        if facts.flows and facts.flows[-1].at_ns > recently_ns:
            # Cash was moved under us, and is read again in quiet moments only.
            return
        for record in facts.new_records:
            if isinstance(record, IntentRecorded) and _is_entry(record):
                self._check_promised(facts, facts.record.stories[record.execution_no])
        for sent in facts.new_sent:
            intent = facts.record.by_key.get(sent.key)
            if intent is None or sent.is_fence or intent.spec.purpose is not Purpose.ARB:
                continue
            if sent.venue is Venue.POLYMARKET and not sent.is_buy:
                # Its fee is taken off what it brings; a sale that failed may have left a debt.
                continue
            if facts.is_landed_late(intent, sent.at_ns):
                # Nobody waits for it any more; where its cash went since, the venue refuses it.
                continue
            others = sum(_out_micros(facts, other, sent) for other in facts.record.by_key.values())
            # What only ever reduces pays for itself; there is its fee.
            cost = (0 if sent.reduce_only else sent.cost_micros) + _fee(facts, sent)
            if cost + others > sent.cash_micros:
                told = f"{sent} costs {cost}, others may take {others}, free {sent.cash_micros}"
                raise violate("cash_not_reserved", told)
        for pot, micros in facts.venues.pots().items():
            if micros < 0 and pot[0] is Venue.KALSHI:
                raise violate("cash_negative", f"{pot}: {micros}")

    @staticmethod
    def _check_promised(facts: Facts, story: Story) -> None:
        """All that open executions have promised a pot is there, by the venue's own ledger.

        And what is kept back besides, but for what modelled fees may be off.
        """
        promised: dict[Pot, int] = {}
        for one in facts.record.open_stories:
            for pot, micros in promises(facts, one).items():
                promised[pot] = promised.get(pot, 0) + micros
        cash = facts.venues.pots()
        for pot in promises(facts, story):
            # What landed after its order was taken for absent is not known before it is booked.
            untold = sum(
                trade.fee_micros - trade.cash_micros
                for one in facts.record.stories.values()
                for intent in one.intents
                for trade in facts.trades_of(intent.key)
                if _pot_of(facts, trade.venue, trade.market) == pot
                and not trade.is_void
                and not facts.is_booked(trade)
                and facts.is_late(intent, trade)
            )
            there = cash.get(pot, 0) + max(0, untold)
            told = f"execution {story.number}: {promised[pot]} promised, {pot} has {there}"
            if promised[pot] > there:
                raise violate("cash_not_reserved", told)
            off = facts.record.modelled.get(pot[0], 0) * MODELLED_MICROS_MAX
            if promised[pot] + facts.limits.cash_reserve_micros > there + off:
                raise violate("cash_not_kept_back", told)


def promises(facts: Facts, story: Story) -> dict[Pot, int]:
    """What an execution may still take from each pot, at least, by its announced orders.

    What its order met, or the venue has done with, shows in the ledger already. A leg that goes
    second is not announced yet: with the first it costs a dollar less what was to be earned.
    """
    found: dict[Pot, int] = {}
    for signed in story.orders.values():
        intent = signed[-1]
        spec = intent.spec
        micros = 0 if _is_done(facts, intent) else _cost_micros(intent)
        pair = facts.pair_of(spec.venue, spec.market.native_id)
        if not micros or spec.side is Side.SELL or pair is None:
            continue
        pot = _pot_of(facts, spec.venue, spec.market.native_id)
        micros += pair.fee_micros(spec.venue, spec.limit_e4, spec.size_e6)
        found[pot] = found.get(pot, 0) + micros
    if len(story.orders) == 1 and story.entries:
        first = story.entries[0]
        other, micros = _second_leg(facts, story, first)
        found[other] = found.get(other, 0) + micros
    return {pot: micros for pot, micros in found.items() if micros}


def _second_leg(facts: Facts, story: Story, first: Intent) -> tuple[Pot, int]:
    spec = first.spec
    pair = facts.pair_of(spec.venue, spec.market.native_id)
    venue = Venue.POLYMARKET if spec.venue is Venue.KALSHI else Venue.KALSHI
    if pair is None or spec.side is Side.SELL:
        return (venue, 0), 0
    size_e6 = facts.filled_e6(first.key) if first.is_decided else spec.size_e6_min or spec.size_e6
    most = ceil_div(size_e6 * spec.limit_e4, 10_000)
    most += pair.fee_micros(spec.venue, spec.limit_e4, size_e6)
    least = size_e6 - most - ceil_div(size_e6 * story.net_micros, spec.size_e6)
    return _pot_of(facts, venue, pair.market_on(venue)), max(0, least)


def _is_done(facts: Facts, intent: Intent) -> bool:
    """The venue will take nothing more for it."""
    if intent.is_decided or facts.trades_of(intent.key):
        return True
    came = [one for one in facts.venues.sent if one.key == intent.key and one.is_entered]
    return bool(came) and not facts.venues.is_pending(came[-1])


def _pot_of(facts: Facts, venue: Venue, market: str) -> Pot:
    pair = facts.pair_of(venue, market)
    return venue, pair.shard if pair is not None and venue is Venue.KALSHI else 0


def _is_entry(record: IntentRecorded) -> bool:
    return any(ref.spec.purpose is Purpose.ARB for ref in record.orders)


def _passed_on_e6(facts: Facts) -> dict[str, int]:
    """What closed executions of a pair passed on to open ones, in YES, as their closings tell."""
    passed: dict[str, int] = {}
    for story in facts.record.stories.values():
        if story.is_closed:
            told = story.closing
            gave_e6 = int(told.get("netted_no_e6", 0)) - int(told.get("netted_yes_e6", 0))
            passed[story.pair_id] = passed.get(story.pair_id, 0) + gave_e6
    return passed


def _take_e6(passed: dict[str, int], story: Story, exposure_e6: int) -> int:
    """What is left of an exposure after what was passed on against it, which is used up here."""
    given_e6 = passed.get(story.pair_id, 0)
    if given_e6 * exposure_e6 >= 0:
        return abs(exposure_e6)
    used_e6 = min(abs(given_e6), abs(exposure_e6))
    passed[story.pair_id] = given_e6 + (used_e6 if given_e6 < 0 else -used_e6)
    return abs(exposure_e6) - used_e6


def _naked_micros(facts: Facts, story: Story, passed: dict[str, int]) -> int:
    """What is at stake if of all undecided orders only the worst one fills."""
    worst = 0
    for signed in story.orders.values():
        intent = signed[-1]
        if intent.spec.side.value == "sell":
            continue
        if intent.is_decided:
            continue
        worst = max(worst, _cost_micros(intent))
    exposure_e6 = _take_e6(passed, story, facts.exposure_e6(facts.trades_in(story)))
    if story.is_decided and exposure_e6 >= LOT_E6:
        # The leg that stands alone is at stake; what none of the entries brought, by the dearest.
        long = [
            intent
            for intent in story.entries
            if facts.exposure_e6([t for t in facts.trades_of(intent.key) if not t.is_void])
            * facts.exposure_e6(facts.trades_in(story))
            > 0
        ]
        stakes = (_stake_e4(facts, story, intent) for intent in long or story.entries)
        dearest = max(stakes, default=10_000)
        worst = max(worst, exposure_e6 * dearest // 10_000)
    return worst


def _stake_e4(facts: Facts, story: Story, intent: Intent) -> int:
    """What a contract of a leg is worth, at least where the leg sold it: the other one is left."""
    limit_e4 = intent.spec.limit_e4
    trades = [trade for trade in facts.trades_of(intent.key) if not trade.is_void]
    if intent.spec.side is Side.BUY:
        paid = [t.price_e4 if t.side == "bid" else 10_000 - t.price_e4 for t in trades]
        return max(paid, default=limit_e4)
    if facts.exposure_e6(trades) * facts.exposure_e6(facts.trades_in(story)) > 0:
        # Who sold YES stands as who bought NO for the rest of a dollar, and the other way round.
        return min(
            trade.price_e4 if trade.side == "bid" else 10_000 - trade.price_e4 for trade in trades
        )
    return min(limit_e4, 10_000 - limit_e4)


def _cost_micros(intent: Intent) -> int:
    spec = intent.spec
    return spec.spend_micros or ceil_div(spec.size_e6 * spec.limit_e4, 10_000)


def _out_micros(facts: Facts, other: Intent, sent: Sent) -> int:
    """What another order on the same pot may take that the venue has not booked yet."""
    spec = other.spec
    if other.key == sent.key or other.is_decided or spec.side.value == "sell":
        return 0
    if other.wall_ns > sent.at_ns or spec.venue is not sent.venue:
        return 0
    mine = facts.record.by_key[sent.key].spec.market
    if spec.market.shard != mine.shard:
        return 0
    came = [one for one in facts.venues.sent if one.key == other.key and one.is_entered]
    if came and not facts.venues.is_pending(came[-1]):
        return 0
    return 0 if facts.trades_of(other.key) else _cost_micros(other)


def _fee(facts: Facts, sent: Sent) -> int:
    pair = facts.pair_of(sent.venue, sent.market)
    if pair is None or not sent.size_e6:
        return 0
    return pair.fee_micros(sent.venue, sent.own_limit_e4, sent.size_e6)
