"""Deciding on the pairs of a market: top test, gates, size, start. Owned by the engine alone.

An edge is first looked for at the tops of both books, on every tick and for all pairs of the
touched market. Only where it is there, the gates are asked and both ladders walked.
"""

from collections.abc import Sequence

from msgspec import structs

from twoleg.core.actions import Action, Note, NoteKind, SetTimer
from twoleg.core.books import Books
from twoleg.core.breaker import BreakerState
from twoleg.core.closing import OPPOSITE, least_gain, plan_close
from twoleg.core.events import PairsLeft
from twoleg.core.evidence import Evidence
from twoleg.core.executions import Executions
from twoleg.core.gates import (
    ALARMING,
    MS,
    NO_SIZE,
    Scene,
    is_young,
    stopped_after,
    stopped_before,
)
from twoleg.core.limits import Limits
from twoleg.core.market import Direction, MarketId, Pair, PairId, PairState
from twoleg.core.notes import breaker_note
from twoleg.core.odds import allowed_modes
from twoleg.core.opportunity import Opportunity, Room, look
from twoleg.core.proofs import DOUBT_NS_MAX
from twoleg.core.sizing import least_edge, plan
from twoleg.core.spread import UNSEEN, PairView
from twoleg.core.units import LOT_E6, ONE_DOLLAR_MICROS

DIRECTIONS = tuple(enumerate(Direction))
"""Iterating the enum itself costs a generator per tick."""


class Entry:
    """What may start: the armed pairs, and all that speaks against an execution of them."""

    __slots__ = (
        "_alarmed",
        "_barred",
        "_books",
        "_bounds",
        "_by_pair",
        "_evidence",
        "_executions",
        "_least",
        "_limits",
        "_news",
        "_pairs",
        "_views",
        "_wall_at_ns",
        "_wall_ns",
        "is_stopping",
        "refusals",
    )

    def __init__(
        self, limits: Limits, books: Books, executions: Executions, evidence: Evidence
    ) -> None:
        self._limits = limits
        self._books = books
        self._executions = executions
        self._evidence = evidence
        self._pairs: tuple[Pair, ...] = ()
        # The pairs that a market belongs to: all that a tick of it can touch.
        self._views: dict[MarketId, list[PairView]] = {}
        self._by_pair: dict[PairId, PairView] = {}
        # The limits of pairs that ask for a greater edge than the general ones: made when pairs or
        # limits change, never on a tick.
        self._bounds: dict[PairId, Limits] = {}
        # How often holdings, rates or limits changed, and the least edge of an entry as of then: a
        # view is told anew only when its market is touched.
        self._news = 1
        self._least = (0, 0)
        # Markets on which nothing starts, and why (a dict keeps the order).
        self._barred: dict[MarketId, dict[str, None]] = {}
        # Pairs refused for now, so that an alarm is raised once.
        self._alarmed: dict[PairId, str] = {}
        # Our wall clock at the last book event, and the monotonic time of that.
        self._wall_ns = self._wall_at_ns = 0
        self.is_stopping = False
        # How often each reason stopped what the tops of two books called for.
        self.refusals: dict[str, int] = {}

    def change_limits(self, limits: Limits) -> None:
        """Take new limits for everything decided from now on."""
        self._limits = limits
        self._bind()
        self.mark_stale()

    def change_pairs(self, pairs: tuple[Pair, ...]) -> None:
        """Take another set of pairs."""
        self._pairs = pairs
        self._bind()
        self.rebuild()

    def _bind(self) -> None:
        general = self._limits
        self._bounds = {
            pair.id: structs.replace(general, edge_micros_min=pair.edge_micros_min)
            for pair in self._pairs
            if pair.edge_micros_min > general.edge_micros_min
        }

    def rebuild(self) -> None:
        """Make the views of the pairs that may be traded at all.

        Armed, both markets known and tradable, and at least one order in which to fire the legs.
        """
        self._views, self._by_pair = {}, {}
        markets = self._books.markets
        for pair in self._pairs:
            kalshi, polymarket = markets.get(pair.kalshi), markets.get(pair.polymarket)
            if pair.state is not PairState.ARMED or kalshi is None or polymarket is None:
                continue
            if not (kalshi.is_tradable and polymarket.is_tradable):
                continue
            if not allowed_modes(pair, kalshi, polymarket):
                continue
            view = PairView(
                pair,
                (kalshi, self._books.books[kalshi.id]),
                (polymarket, self._books.books[polymarket.id]),
            )
            self._by_pair[pair.id] = view
            for market_id in (pair.kalshi, pair.polymarket):
                self._views.setdefault(market_id, []).append(view)

    def leave(self, event: PairsLeft) -> None:
        """Forget pairs and markets that nobody follows any more."""
        for pair_id in event.pair_ids:
            self._alarmed.pop(pair_id, None)
        for market_id in event.market_ids:
            self._barred.pop(market_id, None)
        self.mark_stale()

    def bar(self, market_id: MarketId, reason: str, *, is_barred: bool) -> bool:
        """Start nothing on a market for a reason, or no longer for it; False if that is known."""
        reasons = self._barred.setdefault(market_id, {})
        changes = (reason in reasons) is not is_barred
        if is_barred:
            reasons[reason] = None
        else:
            reasons.pop(reason, None)
        if not reasons:
            del self._barred[market_id]
        return changes

    def mark_stale(self) -> None:
        """Holdings or measured rates may have changed."""
        self._news += 1

    def time_doubt(self, market_id: MarketId, now_ns: int) -> Sequence[Action]:
        """A doubt that just began must be settled in time."""
        if not self._books.books[market_id].is_doubted:
            return ()
        return [SetTimer(f"doubt:{market_id}", now_ns + DOUBT_NS_MAX)]

    # -- deciding --------------------------------------------------------------------------

    def evaluate(self, market_id: MarketId, now_ns: int, wall_ns: int) -> Sequence[Action]:
        """Decide on every pair that the touched market belongs to."""
        self._wall_ns, self._wall_at_ns = wall_ns, now_ns
        actions: list[Action] = []
        if market_id in self._executions.held_markets:
            # A held residual first: the book may offer a way out now.
            actions += self._executions.book_changed(market_id, now_ns)
        for view in self._views.get(market_id, ()):
            if view.told_no != self._news:
                self._refresh(view, wall_ns)
            for index, direction in DIRECTIONS:
                if view.top_edge(direction) >= view.edge_least[index]:
                    actions += self._consider(view, index, now_ns)
                elif view.since_ns[index] >= 0:
                    view.since_ns[index] = UNSEEN
        return actions

    def evaluate_again(self, market_id: MarketId, now_ns: int) -> Sequence[Action]:
        """As `evaluate`, where the event brings no wall time of its own."""
        return self.evaluate(market_id, now_ns, self._wall_ns + now_ns - self._wall_at_ns)

    def edge_due(self, pair_id: PairId, now_ns: int) -> Sequence[Action]:
        """An edge may have stood long enough now, with no further tick."""
        view = self._by_pair.get(pair_id)
        if view is None or view.due_ns == UNSEEN:
            return ()
        view.due_ns = UNSEEN
        return self.evaluate_again(view.pair.kalshi, now_ns)

    def _consider(self, view: PairView, index: int, now_ns: int) -> Sequence[Action]:
        """The tops cross: ask every gate, then size, then ask what needs a size."""
        view.see_edge(index, now_ns)
        scene = self._scene(view, index, now_ns)
        reason = stopped_before(scene)
        if reason:
            waits = self._wait(view, scene) if is_young(scene) else ()
            return [*waits, *self._refuse(view.pair, reason, scene.carry_e6)]
        found = self._plan(scene)
        if found is None:
            return self._refuse(view.pair, NO_SIZE, 0)
        reason = stopped_after(scene, found)
        if reason:
            return self._refuse(view.pair, reason, found.net_micros)
        return self._prove_and_start(found, now_ns)

    def _scene(self, view: PairView, index: int, now_ns: int) -> Scene:
        direction = DIRECTIONS[index][1]
        held_e6 = self._executions.holdings.held_e6(view.pair.id)
        is_held = abs(held_e6) >= LOT_E6
        return Scene(
            view=view,
            direction=direction,
            is_close=is_held and (held_e6 > 0) is not (direction is Direction.KALSHI_YES),
            limits=self._bounds.get(view.pair.id, self._limits),
            executions=self._executions,
            barred=self._barred,
            now_ns=now_ns,
            wall_ms=self._wall_ns // MS,
            seen_ns=view.since_ns[index],
            is_stopping=self.is_stopping,
        )

    def _wait(self, view: PairView, scene: Scene) -> Sequence[Action]:
        """Look again when the edge has stood long enough, unless a timer does so anyway."""
        due_ns = scene.seen_ns + self._limits.edge_stable_ms * MS
        if scene.now_ns < view.due_ns <= due_ns:
            return ()
        view.due_ns = due_ns
        return [SetTimer(f"edge:{view.pair.id}", due_ns)]

    def _plan(self, scene: Scene) -> Opportunity | None:
        limits = scene.limits
        legs = look(scene.view, scene.direction, self._wall_ns, self._executions.access.unproven)
        is_probe = self._executions.breaker.state is BreakerState.HALF_OPEN
        if scene.is_close:
            return plan_close(
                legs,
                limits,
                self._evidence,
                min(scene.hedged_e6, self._size_cap(scene.view)),
                left_ms=scene.left_ms,
                is_probe=is_probe,
            )
        return plan(legs, limits, self._room(scene, is_probe=is_probe), self._evidence)

    def _size_cap(self, view: PairView) -> int:
        """Greatest size of one execution of this pair, whether it buys or sells."""
        most_e6 = self._limits.size_e6_max
        return min(view.pair.size_e6_max or most_e6, most_e6)

    def _room(self, scene: Scene, *, is_probe: bool) -> Room:
        """What caps, cash and carried dust leave for this direction."""
        limits, executions, view = self._limits, self._executions, scene.view
        held_e6 = abs(executions.holdings.held_e6(view.pair.id))
        # Carried dust counts as excess of the leg that this direction buys on Polymarket.
        sign = -1 if scene.direction is Direction.KALSHI_YES else 1
        return Room(
            max(0, min(self._size_cap(view), limits.position_e6_max - held_e6)),
            executions.funds.free(view.kalshi) - limits.cash_reserve_micros,
            executions.funds.free(view.polymarket) - limits.cash_reserve_micros,
            sign * scene.carry_e6,
            is_probe,
        )

    def _prove_and_start(self, found: Opportunity, now_ns: int) -> Sequence[Action]:
        """Start, unless the last hash that Polymarket told speaks against its book."""
        pair, executions = found.pair, self._executions
        doubts = self._books.prove_unproven(pair.polymarket)
        if doubts:
            return [*doubts, *self.time_doubt(pair.polymarket, now_ns)]
        self._alarmed.pop(pair.id, None)
        actions = executions.start(found, now_ns)
        is_probe = executions.breaker.state is BreakerState.HALF_OPEN
        return [breaker_note(executions.breaker), *actions] if is_probe else actions

    def _refuse(self, pair: Pair, reason: str, figure: int) -> Sequence[Action]:
        self.refusals[reason] = self.refusals.get(reason, 0) + 1
        if reason not in ALARMING or self._alarmed.get(pair.id) == reason:
            return ()
        self._alarmed[pair.id] = reason
        fields = (("event", reason), ("pair_id", pair.id), ("figure", figure))
        return [Note(NoteKind.ALARM, 0, fields)]

    # -- what is worth looking at ----------------------------------------------------------

    def _refresh(self, view: PairView, wall_ns: int) -> None:
        """Tell a view which edges at its tops are worth a walk."""
        if self._least[0] != self._news:
            self._least = (self._news, least_edge(self._limits, self._evidence))
        view.told_no, least = self._least
        # Rounded as the general one: an edge is rounded down to a micro, each leg's fee up to one.
        least = max(least, view.pair.edge_micros_min - 2)
        view.edge_least = [least, least]
        held_e6 = self._executions.holdings.held_e6(view.pair.id)
        if abs(held_e6) < LOT_E6:
            return
        held = Direction.KALSHI_YES if held_e6 > 0 else Direction.KALSHI_NO
        for index, direction in DIRECTIONS:
            if direction is OPPOSITE[held]:
                view.edge_least[index] = self._least_to_close(view, wall_ns)

    def _least_to_close(self, view: PairView, wall_ns: int) -> int:
        """The gain that makes leaving worth it; with time it only grows, and is asked exactly."""
        closes = view.closes_ms
        left_ms = closes[-1] - wall_ns // MS if closes else 0
        # An edge is rounded down to a micro, and each leg's fee up to one.
        return max(-ONE_DOLLAR_MICROS, least_gain(self._limits, left_ms) - 2)
