"""The record against the venues' own ledgers: cash, holdings, and what was earned."""

from typing import Final

from tests.simulation.checkers.facts import NS_PER_S, Facts, Rule, violate
from tests.simulation.checkers.record import Story
from tests.simulation.sightings import Traded
from twoleg.core.events import AnswerStatus
from twoleg.core.flows import CashFlow, FlowKind
from twoleg.core.market import Outcome, Venue
from twoleg.storage.records import CashFlowSeen, FeeAdjusted

QUIET_NS: Final = 15 * NS_PER_S
ENDS: Final = (FlowKind.SETTLEMENT, FlowKind.REDEMPTION)
MODELLED_MICROS_MAX: Final = 11
"""One modelled fill: the fee by a quantum of 10, the notional by 1."""


class RecordTrue(Rule):
    """Cash and holdings that follow from the journal are those of the venues' ledgers.

    In quiet moments up to what modelled fees leave open; at the end exactly.
    """

    has_bounds = True

    def __init__(self) -> None:
        self._quiet_since_ns = 0

    def step(self, facts: Facts) -> None:
        is_quiet = (
            facts.is_running
            and len(facts.record.opened) == len(Venue)
            and not facts.record.open_stories
        )
        if not is_quiet or facts.new_trades or facts.new_records:
            self._quiet_since_ns = facts.now_ns
        elif facts.now_ns - self._quiet_since_ns >= QUIET_NS:
            self._quiet_since_ns = facts.now_ns
            if facts.is_all_known():
                self._compare(facts, is_exact=False)

    def end(self, facts: Facts) -> None:
        if facts.record.runs:
            # What modelled fees leave open is proven only while nothing is open: with a residual
            # that is held to the end it stays open too, within its bound.
            self._compare(facts, is_exact=not facts.record.open_stories)

    def _compare(self, facts: Facts, *, is_exact: bool) -> None:
        record = facts.record
        for pot, micros in facts.venues.pots().items():
            if pot not in record.cash_micros and micros == 0:
                continue
            has_flows = any(flow.where == pot for flow in facts.flows)
            slack = 0
            if not is_exact or (has_flows and pot[0] is Venue.POLYMARKET):
                # What moves on chain alone is told by nobody: beside it the daemon cannot see what
                # modelled fees left open, and must not book it.
                slack = record.modelled.get(pot[0], 0) * MODELLED_MICROS_MAX
            if pot[0] is Venue.KALSHI and has_flows:
                # Kalshi tells its balance to four decimals; somebody's deposit may be finer.
                slack += 99
            difference = record.cash_micros.get(pot, 0) - micros
            if not facts.explains(pot, difference, slack):
                raise violate("cash_differs", f"{pot}: record minus venue is {difference} micros")
        for pair in facts.venues.pairs:
            for venue in Venue:
                self._compare_held(facts, pair.market_on(venue), venue)

    @staticmethod
    def _compare_held(facts: Facts, native: str, venue: Venue) -> None:
        pair = facts.pair_of(venue, native)
        known = [m for m in facts.record.markets.values() if m.native_id == native]
        if pair is None or not known:
            return
        held = facts.record.held_e6
        yes_e6 = held.get((known[0].id, Outcome.YES), 0)
        no_e6 = held.get((known[0].id, Outcome.NO), 0)
        theirs = facts.venues.held_e6(pair, venue)
        if venue is Venue.KALSHI:
            ours, theirs = (yes_e6, 0), (theirs[0] - theirs[1], 0)
        else:
            ours = (yes_e6, no_e6)
        if not all(
            facts.explains((venue, native, index), ours[index] - theirs[index]) for index in (0, 1)
        ):
            raise violate("holding_differs", f"{known[0].id}: record {ours}, venue {theirs}")


class FlowsTrue(Rule):
    """What is booked as a flow beside our trades was one: the same money, once."""

    def __init__(self) -> None:
        self._booked: dict[str, CashFlow] = {}

    def step(self, facts: Facts) -> None:
        for record in facts.new_records:
            if isinstance(record, CashFlowSeen):
                self._check(facts, record.flow)

    def restart(self, facts: Facts) -> None:
        """What was not durable may be booked again."""
        self._booked = dict(facts.record.flows)

    def _check(self, facts: Facts, flow: CashFlow) -> None:
        if flow.reference in self._booked:
            raise violate("flow_booked_twice", str(flow))
        self._booked[flow.reference] = flow
        market_id = flow.market_id.partition(":")[2]
        if flow.kind in ENDS and not any(
            len(one.where) > 2 and one.where[1] == market_id for one in facts.flows
        ):
            raise violate("flow_untrue", f"{flow}; no holding of it went away")
        if not flow.micros:
            # The losing side of a market is worth nothing.
            return
        pot = (flow.venue, flow.shard)
        booked = [one for one in self._booked.values() if one.micros]
        alike = [one for one in booked if (one.venue, one.shard) == pot]
        real = [one.amount for one in facts.flows if one.where == pot]
        # Each booked flow needs one of its own; those told to the cent may be off by their margin.
        for one in sorted(alike, key=lambda known: known.margin_micros):
            if one.micros == 0:
                # A holding that was worth nothing in the end.
                continue
            found = [micros for micros in real if abs(micros - one.micros) <= one.margin_micros]
            if not found:
                raise violate("flow_untrue", f"{one}; others moved {real}")
            real.remove(found[0])


class RepairsProven(Rule):
    """Cash is adjusted by no more than what modelled fills can have left open."""

    def step(self, facts: Facts) -> None:
        for record in facts.new_records:
            if isinstance(record, FeeAdjusted) and not record.execution_no:
                most = record.fills * MODELLED_MICROS_MAX
                trades = [t for t in facts.venues.trades if t.venue is record.venue]
                # One that failed on chain was rounded twice: when it came, and when it went.
                rounded = len(trades) + sum(t.is_void for t in trades)
                if abs(record.micros) > most or record.fills > rounded:
                    raise violate("repaired_unproven", str(record))


class ProfitTrue(Rule):
    """What each execution says that it earned is what the venues' trades of it earned."""

    def end(self, facts: Facts) -> None:
        for story in facts.record.stories.values():
            if story.is_closed and "net_micros" in story.closing:
                self._check(facts, story)
        for pair_id in {story.pair_id for story in facts.record.stories.values()}:
            self._check_netted(facts, pair_id)

    @staticmethod
    def _check_netted(facts: Facts, pair_id: str) -> None:
        """What one execution gives, another of its pair takes, if no process died between."""
        stories = [story for story in facts.record.stories.values() if story.pair_id == pair_id]
        closers = {story.closer_ns for story in stories}
        if len(closers) > 1 or not all(story.is_closed for story in stories):
            return
        for name in ("netted_no_e6", "netted_yes_e6"):
            total = sum(int(story.closing.get(name, 0)) for story in stories)
            if total:
                raise violate("netted_lost", f"{pair_id}: {name} sums to {total}")

    @staticmethod
    def _check(facts: Facts, story: Story) -> None:
        trades = facts.trades_in(story)
        netted = (
            int(story.closing.get("netted_no_e6", 0)),
            int(story.closing.get("netted_yes_e6", 0)),
        )
        told, earned = int(story.closing["net_micros"]), worth_micros(facts, trades, netted)
        polymarket = sum(trade.venue is Venue.POLYMARKET for trade in trades)
        if abs(told - earned) > polymarket * MODELLED_MICROS_MAX:
            raise violate("profit_differs", f"execution {story.number}: {told}, venue {earned}")
        answered = [intent.answer for intent in story.intents if intent.answer is not None]
        ever = any(facts.trades_of(intent.key) for intent in story.intents)
        # A fill that failed on chain was one when its order was answered.
        if not ever and any(answer.status is AnswerStatus.FILLED for answer in answered):
            raise violate("profit_differs", f"execution {story.number}: filled without a trade")


def worth_micros(facts: Facts, trades: list[Traded], netted: tuple[int, int] = (0, 0)) -> int:
    """Cash that trades brought and what they pay for certain, whichever way the event goes.

    `netted` is what others took over of it, or it of them: what that pays on NO, and on YES.
    """
    cash = sum(trade.cash_micros - trade.fee_micros for trade in trades)
    if_no, if_yes = netted
    for trade in trades:
        pair = facts.pair_of(trade.venue, trade.market)
        if pair is None:
            continue
        # Kalshi's cash is told as if a sold YES were owed; Polymarket's tokens are held.
        size_e6 = trade.yes_e6
        if trade.venue is Venue.POLYMARKET:
            size_e6 = trade.size_e6 if trade.is_buy else -trade.size_e6
        pays_with_yes = pair.event_sign(trade.venue) > 0
        if trade.venue is Venue.POLYMARKET and trade.token == 1:
            pays_with_yes = not pays_with_yes
        if pays_with_yes:
            if_yes += size_e6
        else:
            if_no += size_e6
    return cash + min(if_yes, if_no)
