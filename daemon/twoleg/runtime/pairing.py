"""All that has to do with which pairs a run follows, and which of them may be traded.

The file's pairs are there from the start; the matcher's come and go with the database; changed
texts, terms and prices that speak against a pair disarm it. The crawl and the matching that find
pairs run beside, as children.
"""

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from msgspec.structs import replace

from twoleg.core.actions import Note
from twoleg.core.book import Book
from twoleg.core.events import Event, PairsLeft
from twoleg.core.market import Market, MarketId, Pair, PairState, Venue
from twoleg.runtime.approvals import Approvals
from twoleg.runtime.archive import ArchivePort
from twoleg.runtime.children import Children, Program, Schedule
from twoleg.runtime.gaps import GapWatch
from twoleg.runtime.joining import Joining
from twoleg.runtime.keeper import MakeWork
from twoleg.runtime.pair_keeper import PairKeeper
from twoleg.runtime.recovery import Recovered
from twoleg.runtime.roster import Roster
from twoleg.runtime.vetoes import Vetoes
from twoleg.seams import Clock
from twoleg.settings import Declared, Settings
from twoleg.storage.database import Database
from twoleg.storage.records import AnyRecord, PairSeen

S_PER_HOUR: Final = 3_600
S_PER_MINUTE: Final = 60


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What a run does for its pairs beside trading them.

    With a `program` it reads the venues' catalogues and matches them, as children of its own;
    `declared` are the file's pairs, which the catalogue may speak against.
    """

    program: Program | None = None
    declared: tuple[Declared, ...] = ()


NOTHING_BESIDE: Final = Upkeep()


class Pairing:
    """Owns the pairs of a run; `known` is what its journal says."""

    def __init__(
        self,
        pairs: tuple[Pair, ...],
        *,
        settings: Settings,
        clock: Clock,
        markets: MutableMapping[MarketId, Market],
        emit: Callable[[Event], None],
        note: Callable[[Note], None],
        record: Callable[[AnyRecord], None],
        known: Callable[[], Recovered],
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._markets = markets
        self._record = record
        self._known = known
        self.roster = Roster(pairs, emit)
        # Pairs of which earlier processes left something.
        self._left: tuple[Pair, ...] = ()
        # Built by `begin`: what is followed joins through it.
        self._joining: Joining
        # None: this run keeps no catalogue.
        self._children: Children | None = None
        self._vetoes: Vetoes
        self._keeper = PairKeeper(
            clock=clock,
            markets=markets,
            pairs=self.followed,
            join=self._join,
            change=self.roster.change,
            approve=self._approve,
            note=note,
        )
        self.approvals = Approvals(
            rules=lambda: known().rules, emit=emit, note=self._keeper.rules_changed
        )

    def followed(self) -> tuple[Pair, ...]:
        """The pairs of this run, as they are to be now."""
        return self.roster.pairs

    def recall(self) -> tuple[Pair, ...]:
        """At start, before anything is booked: what earlier processes left, as it is to be now."""
        idle = PairState.DISARMED
        self._left = tuple(replace(pair, state=idle) for pair in self._known().standing())
        return self._left

    def standing(self) -> tuple[Pair, ...]:
        """Pairs of which earlier processes left something, and that are not followed (yet)."""
        if not self._left:
            return ()
        ids = {pair.id for pair in self.roster.pairs}
        couples = {(pair.kalshi, pair.polymarket) for pair in self.roster.pairs}
        return tuple(
            pair
            for pair in self._left
            if pair.id not in ids and (pair.kalshi, pair.polymarket) not in couples
        )

    def on(self, market_id: MarketId) -> tuple[Pair, ...]:
        """The pairs that a market belongs to, those included that earlier processes left."""
        found = self.standing()
        left = (pair for pair in found if market_id in (pair.kalshi, pair.polymarket))
        return (*self.roster.on(market_id), *left)

    def leave(self, event: PairsLeft) -> None:
        """Forget pairs and markets that nobody follows any more."""
        self._left = tuple(pair for pair in self._left if pair.id not in event.pair_ids)
        self.approvals.leave(event)

    def see(self, before: Market, market: Market) -> None:
        """A followed market has new terms."""
        for pair in self.roster.on(market.id):
            self.approvals.look(pair, market)
        self._keeper.changed_terms(before, market)

    def hear(self, market_id: MarketId) -> None:
        """A venue tells that a market was made, or changed, followed or not."""
        if self._children is not None:
            self._children.hear(market_id)

    async def prepare(
        self, upkeep: Upkeep, archive: ArchivePort, is_stopping: Callable[[], bool]
    ) -> None:
        """Hold the declared pairs against the catalogue: before any of them is armed."""
        self._vetoes = Vetoes(
            upkeep.declared,
            mode=self._settings.daemon.mode,
            clock=self._clock,
            disarm=self._keeper.disarm,
        )
        if archive.database is not None:
            await self._vetoes.uphold(archive.database, is_stopping)

    def begin(
        self,
        joining: Joining,
        archive: ArchivePort,
        *,
        last_seq: int,
        books: Callable[[], Mapping[MarketId, Book]],
        upkeep: Upkeep,
    ) -> dict[str, MakeWork]:
        """The work that goes on from here, by name; pairs of which something is held come back.

        The journal goes up to `last_seq` now.
        """
        self._joining = joining
        for pair in self.standing():
            joining.add(pair)
        gaps = GapWatch(
            limits=lambda: self._settings.gap_limits,
            pairs=self.followed,
            books=books,
            disarm=self._keeper.disarm,
            clock=self._clock,
        )
        works: dict[str, MakeWork] = {
            "joining": partial(joining.run_on, self._let_in),
            "gaps": gaps.run,
        }
        database = archive.database
        if database is not None:
            mode = self._settings.daemon.mode.value
            works["pairs"] = partial(self._keeper.run, database, mode, archive, last_seq)
            works["vetoes"] = partial(self._vetoes.run, database)
            if upkeep.program is not None:
                self._children = self._make_children(upkeep.program, database)
                works["children"] = self._children.run
        return works

    def _make_children(self, program: Program, database: Database) -> Children:
        wanted = self._settings.catalogue
        schedule = Schedule(wanted.sync_hours * S_PER_HOUR, wanted.match_minutes * S_PER_MINUTE)
        return Children(
            program,
            schedule=schedule,
            dsn=lambda: database.dsn,
            clock=self._clock,
            on_end=self._vetoes.ask,
        )

    def _join(self, pair: Pair) -> None:
        self._joining.add(pair)

    def _let_in(self, pair: Pair) -> None:
        self.roster.let_in(self._keeper.current(pair))
        self._keeper.joined(pair)

    def _approve(self, pair: Pair) -> None:
        """Armed anew, maybe by other texts: on record, and held against what is read."""
        self._record(PairSeen(wall_ns=self._clock.wall_ns(), pair=pair))
        for venue in Venue:
            if market := self._markets.get(pair.market_on(venue)):
                self.approvals.approve(pair, market)
