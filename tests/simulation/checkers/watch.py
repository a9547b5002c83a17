"""All rules together: one checker for a world, fed by the witness and the journal on disk."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.simulation.checkers.answers import AnswersTrue, LateAdopted
from tests.simulation.checkers.balances import FlowsTrue, ProfitTrue, RecordTrue, RepairsProven
from tests.simulation.checkers.barred import Barred, BreakerOpens, VenueLeftAlone
from tests.simulation.checkers.facts import Facts, Flow, Rule
from tests.simulation.checkers.feeds import FeedsRead
from tests.simulation.checkers.fills import FillsAccounted, FillsTrue
from tests.simulation.checkers.journal import JournalEye
from tests.simulation.checkers.limits import CashReserved, LimitsKept
from tests.simulation.checkers.logs import LogsClean
from tests.simulation.checkers.losses import LossesStop, RatesStop
from tests.simulation.checkers.pricing import BooksReal, EntriesSound, ExitsCapped
from tests.simulation.checkers.record import Record
from tests.simulation.checkers.residual import ResidualAttended, RollbackReduces
from tests.simulation.checkers.selling import ForeignUntouched, SellsOwnOnly
from tests.simulation.checkers.sending import Announced, SentOnce
from tests.simulation.sightings import Sent, fingerprint_of
from tests.simulation.witness import Place, Pot, Witness
from twoleg.core.events import ASK, BID
from twoleg.core.limits import Limits
from twoleg.core.market import MarketId, Venue
from twoleg.storage.records import AnyRecord, IntentRecorded

if TYPE_CHECKING:
    from tests.simulation.mischief import External
    from tests.simulation.plan import Plan
    from tests.simulation.world import World
    from twoleg.runtime.app import App


def all_rules() -> list[Rule]:
    """Every rule, fresh; what is most telling about a cause comes first."""
    return [
        Announced(),
        SentOnce(),
        AnswersTrue(),
        LateAdopted(),
        FillsTrue(),
        SellsOwnOnly(),
        ForeignUntouched(),
        EntriesSound(),
        ExitsCapped(),
        BooksReal(),
        FeedsRead(),
        Barred(),
        BreakerOpens(),
        LossesStop(),
        RatesStop(),
        VenueLeftAlone(),
        LimitsKept(),
        CashReserved(),
        RollbackReduces(),
        ResidualAttended(),
        FillsAccounted(),
        FlowsTrue(),
        RepairsProven(),
        RecordTrue(),
        ProfitTrue(),
        LogsClean(),
    ]


HOLD_WITHOUT_TAIL: tuple[type[Rule], ...] = (SentOnce, EntriesSound, BooksReal)
"""What holds even after a power cut took the end of a journal that is not synced."""


ENDING: Final = frozenset({"ws_disconnect", "ws_duplicate"})
"""Faults of frames after which each frame has come, or its socket has ended."""


LOSING: Final = frozenset({"link_hold", "money_late"})
"""Others that keep frames back, or lose them: what hides a fill mutes its sockets."""


def prompt_venues(plan: "Plan") -> frozenset[Venue]:
    """Venues none of whose frames is lost or late by any fault of a plan."""
    late = {
        Venue(item.venue)
        for item in plan.schedule
        if item.kind in LOSING or (item.kind.startswith("ws_") and item.kind not in ENDING)
    }
    return frozenset() if plan.tail_chance else frozenset(Venue) - late


class WorldWatch:
    """The `Checker` of a seeded world: `World(plan, folder, WorldWatch)`."""

    def __init__(self, world: "World") -> None:
        self._witness = world.witness
        # Made with the first look: the world's settings are not there before.
        self._watch: Watch | None = None

    def on_step(self, world: "World") -> None:
        self._watch_of(world).look(world.app, world.logs)

    def on_restart(self, world: "World") -> None:
        watch = self._watch_of(world)
        if world.has_lost_tail:
            watch.keep(HOLD_WITHOUT_TAIL)
        watch.restart()

    def on_end(self, world: "World") -> None:
        watch = self._watch_of(world)
        watch.look(world.app, world.logs)
        watch.end()

    def _watch_of(self, world: "World") -> "Watch":
        if self._watch is None:
            limits = world.settings.limits
            self._watch = Watch(self._witness, world.journal_folder, limits)
            self._watch.facts.expected_logs = world.expected_logs
            self._watch.external = world.external
            self._watch.facts.secrets = self._witness.secrets()
            self._watch.facts.prompt = prompt_venues(world.plan)
        return self._watch


class Watch:
    """Looks at venues, journal and log, then asks each rule.

    Attach the witness before the venues listen. `facts` may be told what the world does beside the
    daemon: `foreign_keys`, `expected_logs`, `secrets`. Flows of cash and holdings show by themselves.
    """

    def __init__(
        self,
        witness: Witness,
        journal_folder: Path,
        limits: Limits,
        *,
        rules: Sequence[Rule] | None = None,
    ) -> None:
        self.witness = witness
        self.facts = Facts(witness, Record(), limits)
        self._eye = JournalEye(journal_folder)
        self._rules = list(rules) if rules is not None else all_rules()
        self._bounded = [rule for rule in self._rules if rule.has_bounds]
        self._seen_sent = self._seen_trades = 0
        # Read, and not yet applied and shown to the rules.
        self._unread: list[AnyRecord] = []
        # Orders that stand in the journal.
        self._keys: set[str] = set()
        # All records ever seen, by number: segments go once a snapshot stands behind them.
        self._seen: dict[int, AnyRecord] = {}
        self._counted: tuple[int, ...] = ()
        self._app: App | None = None
        self._external: dict[Pot | Place, int] = {}
        # What others did to our accounts, as they say themselves; and how much of it was looked at.
        self.external: Sequence[External] = ()
        self._seen_external = 0
        witness.on_sent = self._on_sent

    def restart(self) -> None:
        """The tail of the journal may be gone: what is left is the whole truth of the daemon."""
        self._app = None
        first_seq = self._eye.reset()
        self.facts.record = Record()
        self._keys.clear()
        self._seen = {seq: record for seq, record in self._seen.items() if seq < first_seq}
        self._unread = list(self._seen.values())
        for record in self._unread:
            self._note_keys(record)
        self._read()
        for record in self._unread:
            self.facts.record.apply(record)
        self._unread = []
        self._look_at_venues()
        self.facts.is_running = False
        for rule in self._rules:
            rule.restart(self.facts)

    def keep(self, kinds: tuple[type[Rule], ...]) -> None:
        """Ask only these rules from now on."""
        self._rules = [rule for rule in self._rules if isinstance(rule, kinds)]
        self._bounded = [rule for rule in self._rules if rule.has_bounds]

    def end(self) -> None:
        """Judge the whole; call it after a last look."""
        for rule in self._rules:
            rule.end(self.facts)
        self.close()

    def close(self) -> None:
        """Let the journal go."""
        self._eye.close()

    def look(self, app: "App | None", logs: Sequence[Mapping[str, object]] = ()) -> None:
        """Take what is new, and ask the rules."""
        facts = self.facts
        self._look_at_venues()
        if app is not self._app:
            self._app, facts.alive_ns = app, facts.now_ns
        facts.is_running = app is not None
        self._read()
        fires = any(isinstance(record, IntentRecorded) for record in self._unread)
        facts.live_books = _live_books(app, facts) if fires or facts.new_sent else {}
        self._show_records()
        facts.new_logs = list(logs[len(facts.logs) :])
        facts.logs.extend(facts.new_logs)
        is_new = facts.new_sent or facts.new_trades or facts.new_logs
        # Most looks find nothing; records were shown one by one.
        for rule in self._rules if is_new else self._bounded:
            rule.step(facts)

    def _show_records(self) -> None:
        """One at a time: what a record says is judged by what stood before it, not after."""
        facts = self.facts
        news = facts.new_sent, facts.new_trades
        facts.new_sent, facts.new_trades = [], []
        unread, self._unread = self._unread, []
        for record in unread:
            facts.record.apply(record)
            facts.new_records = [record]
            for rule in self._rules:
                rule.step(facts)
        facts.new_records = []
        facts.new_sent, facts.new_trades = news

    def _look_at_venues(self) -> None:
        facts, witness = self.facts, self.witness
        facts.now_ns = witness.now_ns()
        facts.new_sent = witness.sent[self._seen_sent :]
        facts.new_trades = witness.trades[self._seen_trades :]
        self._seen_sent, self._seen_trades = len(witness.sent), len(witness.trades)
        self._look_for_flows()
        for trade in facts.new_trades:
            facts.fills_by_key.setdefault(trade.key, []).append(trade)

    def _look_for_flows(self) -> None:
        """What changed beside our trades came from outside."""
        witness = self.witness
        counted = witness.counted()
        if counted == self._counted:
            return
        self._counted = counted
        for found in (witness.external_micros(), witness.external_e6()):
            for where, amount in found.items():
                change = amount - self._external.get(where, 0)
                if change:
                    self._external[where] = amount
                    self._add_flows(where, change)
        self._seen_external = len(self.external)

    def _add_flows(self, where: Pot | Place, change: int) -> None:
        """A settlement in the moment of somebody's deposit is told apart from it."""
        others = [
            one.cash_micros
            for one in self.external[self._seen_external :]
            if where == (one.venue, one.shard) and one.cash_micros
        ]
        for amount in (*others, change - sum(others)):
            if amount:
                self.facts.flows.append(Flow(self.facts.now_ns, where, amount))

    def _on_sent(self, sent: Sent) -> None:
        """In the moment in which a venue sees an order, the disk must already hold it."""
        self._read()
        sent.is_journalled = sent.key in self._keys

    def _read(self) -> None:
        for seq, record in self._eye.take():
            self._seen[seq] = record
            self._unread.append(record)
            self._note_keys(record)

    def _note_keys(self, record: AnyRecord) -> None:
        if isinstance(record, IntentRecorded):
            self._keys.update(ref.order_key for ref in record.orders)


def _live_books(app: "App | None", facts: Facts) -> dict[MarketId, int]:
    """Fingerprints of the books that the daemon decides on; none while it starts.

    Where Polymarket's frames may be lost, only its hashes tell: a book whose hash nobody could
    reproduce, or whose last one was not looked at yet, is judged by its age alone.
    """
    engine = getattr(app, "engine", None)
    if engine is None:
        return {}
    books = engine.books()
    is_told = Venue.POLYMARKET in facts.prompt
    return {
        market_id: fingerprint_of(book._sizes[BID], book._sizes[ASK])
        for market_id, book in books.books.items()
        if book.is_live
        and not book.is_doubted
        and (
            is_told
            or books.markets[market_id].venue is not Venue.POLYMARKET
            or (books._proofs._is_provable(book) and not books._proofs.is_unproven(book))
        )
    }
