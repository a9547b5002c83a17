"""Naked quantity: seen by the venues' trades alone, and never left to itself."""

from dataclasses import dataclass
from typing import Final

from tests.simulation.checkers.facts import NS_PER_S, Facts, Rule, seconds, violate
from tests.simulation.checkers.record import Intent, Story
from tests.simulation.sightings import LOT_E6, ONE_E4, Traded
from twoleg.core.market import Venue
from twoleg.core.orders import Purpose

UNATTENDED_NS_MAX: Final = 5 * NS_PER_S
"""With nothing in flight, nothing held and all fills known."""
STARTING_NS_MAX: Final = 15 * NS_PER_S
UNSEEN_NS_MAX: Final = 45 * NS_PER_S
"""With a fill, or its failure, that the daemon has yet to find by polling."""


@dataclass(slots=True)
class _Naked:
    since_ns: int
    size_e6: int
    known_ns: int
    """Since when the daemon's record shows all that made it."""


class ResidualAttended(Rule):
    """A lot or more without its other leg has an order out, a look-up, a hold with an alarm."""

    has_bounds = True

    def __init__(self) -> None:
        self._naked: dict[str, _Naked] = {}
        self._counted = (-1, -1, -1)
        self._sizes: dict[str, int] = {}
        self._stories: dict[str, list[Story]] = {}

    def step(self, facts: Facts) -> None:
        self._recount(facts)
        for pair_id, size_e6 in self._sizes.items():
            stories = self._stories.get(pair_id, [])
            if abs(size_e6) < _dust_e6_max(stories) or _is_paid(facts, stories):
                self._naked.pop(pair_id, None)
                continue
            now_ns = facts.now_ns
            naked = self._naked.setdefault(pair_id, _Naked(now_ns, size_e6, now_ns))
            if not facts.is_running or _is_attended(stories, facts):
                naked.since_ns = naked.known_ns = now_ns
                continue
            if not _is_known(facts, stories):
                # The shorter bound runs from the moment in which the daemon heard of it.
                naked.known_ns = now_ns
            since_ns = max(naked.since_ns, facts.alive_ns)
            is_late = now_ns - since_ns > UNSEEN_NS_MAX
            due_ns = max(naked.known_ns, since_ns) + UNATTENDED_NS_MAX
            if since_ns == facts.alive_ns:
                # A start reads both venues before it can act, and a read may have to time out.
                due_ns = max(due_ns, since_ns + STARTING_NS_MAX)
            if is_late or now_ns > due_ns:
                told = f"{pair_id}: {size_e6} naked, {seconds(facts, naked.since_ns)}"
                raise violate("residual_unattended", told)

    def end(self, facts: Facts) -> None:
        self._counted = (-1, -1, -1)
        self._recount(facts)
        for pair_id, size_e6 in self._sizes.items():
            stories = self._stories[pair_id]
            is_held = any(story.held_ns and not story.is_closed for story in stories)
            is_over = abs(size_e6) < _dust_e6_max(stories) or _is_paid(facts, stories)
            if not is_over and not is_held:
                raise violate("residual_left", f"{pair_id}: {size_e6} naked at the end")

    def _recount(self, facts: Facts) -> None:
        count = (len(facts.venues.trades), facts.venues.voids, len(facts.record.by_key))
        if count == self._counted:
            return
        self._counted = count
        self._sizes, self._stories = {}, {}
        for story in facts.record.stories.values():
            size_e6 = facts.exposure_e6(facts.trades_in(story))
            self._sizes[story.pair_id] = self._sizes.get(story.pair_id, 0) + size_e6
            self._stories.setdefault(story.pair_id, []).append(story)

    def restart(self, facts: Facts) -> None:
        """What it counted stands in a record that is gone."""
        self._counted = (-1, -1, -1)


def _is_paid(facts: Facts, stories: list[Story]) -> bool:
    """Whether all of what is held too much ended with its market: nobody can trade it any more."""
    trades = [trade for story in stories for trade in facts.trades_in(story)]
    sign = 1 if facts.exposure_e6(trades) > 0 else -1
    sizes = {
        venue: sign * facts.exposure_e6([trade for trade in trades if trade.venue is venue])
        for venue in Venue
    }
    # Two of its executions may each hold too much, on one venue each.
    most_e6 = max(sizes.values())
    long = {venue for venue, size_e6 in sizes.items() if size_e6 >= min(most_e6, LOT_E6)}
    markets = {(trade.venue, trade.market) for trade in trades if trade.venue in long}
    return all(facts.venues.is_resolved(*market) for market in markets)


def _dust_e6_max(stories: list[Story]) -> int:
    """What an execution leaves of less than a lot goes into the next one of its pair.

    One that was opened again stands beside the next, and each has a remainder of its own.
    """
    beside = sum(story.closings > 1 for story in stories)
    return LOT_E6 * (1 + min(beside, 2, len(stories) - 1))


class RollbackReduces(Rule):
    """A rollback never makes its execution's residual greater, nor turns it around.

    An order is judged as a whole, and by what the daemon could know when it announced it.
    """

    def step(self, facts: Facts) -> None:
        for trade in facts.new_trades:
            intent = facts.record.by_key.get(trade.key)
            if intent is None or intent.spec.purpose is not Purpose.ROLLBACK:
                continue
            if facts.is_late(intent, trade):
                # It was taken for absent, and covered otherwise: `LateAdopted` looks after it.
                continue
            story = facts.record.stories[intent.spec.execution_no]
            spans = [
                _span(facts, story, intent, trade, is_known=is_known) for is_known in (False, True)
            ]
            # What others of its pair left uncovered is its own to close, too.
            spans.append(_pair_span(facts, story, trade))
            # A dollar-sized purchase may return more than it was sent for.
            is_exact = not intent.spec.spend_micros
            more_e6 = _windfall_e6(facts, intent, trade)
            if all(
                _adds(before_e6, after_e6 - more_e6, is_exact=is_exact)
                for before_e6, after_e6 in spans
            ):
                raise violate("rollback_adds", f"execution {story.number}: {spans[0]} by {trade}")


def _span(
    facts: Facts, story: Story, intent: Intent, latest: Traded, *, is_known: bool
) -> tuple[int, int]:
    """Exposure before an order and after its latest trade: as it is, or as the daemon knew it."""
    trades = facts.known_trades(story, intent) if is_known else facts.trades_in(story)
    others = [trade for trade in trades if trade.no <= latest.no and trade.key != latest.key]
    mine = [trade for trade in facts.trades_of(latest.key) if trade.no <= latest.no]
    return facts.exposure_e6(others), facts.exposure_e6([*others, *mine])


def _pair_span(facts: Facts, story: Story, latest: Traded) -> tuple[int, int]:
    """Exposure of the whole pair before an order and after its latest trade."""
    stories = [one for one in facts.record.stories.values() if one.pair_id == story.pair_id]
    trades = [trade for one in stories for trade in facts.trades_in(one) if trade.no <= latest.no]
    others = [trade for trade in trades if trade.key != latest.key]
    return facts.exposure_e6(others), facts.exposure_e6(trades)


def _windfall_e6(facts: Facts, intent: Intent, latest: Traded) -> int:
    """What a dollar-sized purchase brought beyond its dollars at its limit: a better price."""
    spec = intent.spec
    if not spec.spend_micros:
        return 0
    mine = [trade for trade in facts.trades_of(latest.key) if trade.no <= latest.no]
    filled_e6 = sum(trade.size_e6 for trade in mine)
    least_e6 = -(-spec.spend_micros * ONE_E4 // spec.limit_e4)
    sign = 1 if facts.exposure_e6([latest]) > 0 else -1
    return sign * max(0, filled_e6 - least_e6)


def _adds(before_e6: int, after_e6: int, *, is_exact: bool) -> bool:
    is_turned = is_exact and before_e6 * after_e6 < 0 and abs(after_e6) > LOT_E6
    return abs(after_e6) > max(abs(before_e6), LOT_E6) or is_turned


def _is_attended(stories: list[Story], facts: Facts) -> bool:
    for story in stories:
        if not story.is_decided:
            return True
        if story.held_ns and not story.is_closed:
            # Said once per hold; repeated when it is overdue.
            return facts.now_ns - story.held_ns < 3 * facts.limits.hold_ms_max * 1_000_000
    return False


def _is_believed(facts: Facts, trade: Traded) -> bool:
    return trade.is_void and facts.booked(trade) is None and facts.is_counted(trade)


def _is_known(facts: Facts, stories: list[Story]) -> bool:
    """Whether the daemon's record shows the same trades as the venues.

    What failed before its fill was told stands in the order's answer alone, until that is known.
    """
    return all(
        trade.is_void is not (facts.is_booked(trade) or _is_believed(facts, trade))
        for story in stories
        for intent in story.intents
        for trade in facts.trades_of(intent.key)
    )
