"""The pairs that the matcher found and that are armed in the database, in the running daemon.

What is armed there joins here, and what is not any more starts nothing here: open executions of it
still end. A database that is away changes nothing, but what this process disarms itself it disarms
at once; the note of that brings the row to the same state when the journal is shipped.
"""

import asyncio
from collections.abc import Awaitable, Callable, Container, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

import msgspec
import structlog
from msgspec.structs import replace

from twoleg.core.actions import Note, NoteKind
from twoleg.core.market import Market, MarketId, Origin, Pair, PairId, PairState, Polarity, Venue
from twoleg.errors import StorageError
from twoleg.runtime.archive import ArchivePort
from twoleg.seams import Clock
from twoleg.storage.database import Connection, Database, listen
from twoleg.storage.pair_rows import PairRow
from twoleg.storage.pairs import CHANNEL, PairStore

POLL_S: Final = 30.0
"""A notification may be lost with its session."""
AWAY_S: Final = 5.0
SHIPPED_S: Final = 0.25
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
TOKEN_CHANGED: Final = "token_changed"  # noqa: S105 - a reason
SHARD_CHANGED: Final = "shard_changed"
CLOSE_CHANGED: Final = "close_changed"
BOUND: Final[Mapping[str, str]] = {
    "yes_token": TOKEN_CHANGED,
    "no_token": TOKEN_CHANGED,
    "shard": SHARD_CHANGED,
    "close_ts_ms": CLOSE_CHANGED,
}
"""Terms that a pair was armed by, and why it is disarmed when one of them changes."""

log = structlog.get_logger(__name__)


class Armed(msgspec.Struct, frozen=True):
    """A pair as the database has it armed, since when by its clock (Unix ns), and its tokens.

    `yes_token` is the one that pays when Kalshi's YES does; empty where it is not known.
    """

    pair: Pair
    since_ns: int
    yes_token: str = ""


def to_armed(row: PairRow) -> Armed:
    """A row in the runtime's terms."""
    moved = row.state_time
    since_ns = (moved - EPOCH) // timedelta(microseconds=1) * 1_000 if moved is not None else 0
    return Armed(row.to_pair(), since_ns, row.yes_token)


class PairKeeper:
    """Brings what the database says into `pairs()`.

    `join` begins the joining of a pair that is not there, `change` puts other pairs of the same ids
    in the place of those that are and tells the engine, `approve` holds the texts of a pair against
    fingerprints that are new, `note` puts an alarm on record.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        markets: Mapping[MarketId, Market],
        pairs: Callable[[], tuple[Pair, ...]],
        join: Callable[[Pair], None],
        change: Callable[[Mapping[PairId, Pair]], None],
        approve: Callable[[Pair], None],
        note: Callable[[Note], None],
    ) -> None:
        self._clock = clock
        self._markets = markets
        self._pairs = pairs
        self._join = join
        self._change = change
        self._approve = approve
        self._note = note
        # Armed by the database as it told last, without those that were disarmed here since.
        self._armed: dict[PairId, Armed] = {}
        # When (Unix ns) a pair was disarmed here: only what was armed later than that counts.
        self._disarmed_ns: dict[PairId, int] = {}
        # Pairs that the file has its own word on, each told once.
        self._shadowed: set[PairId] = set()
        # Pairs that are armed with another polarity than they were followed by, each told once.
        self._reshaped: set[PairId] = set()
        # Set when the database says that pairs have moved.
        self._moved = asyncio.Event()
        self._is_away = False

    # -- what the database says ------------------------------------------------------------

    async def run(self, database: Database, mode: str, archive: ArchivePort, last_seq: int) -> None:
        """Follow the database until cancelled.

        Nothing is read before the journal was shipped up to `last_seq`: what an earlier process
        disarmed may not have reached the rows yet.
        """
        while archive.state.shipped_seq < last_seq:
            await self._clock.sleep(SHIPPED_S)
        while True:
            connection: Any = None
            try:
                connection = await database.connect()
                await listen(connection, CHANNEL, self._moved.set)
                await self._follow(partial(_read_armed, connection, mode, self._clock))
            except StorageError as error:
                if not self._is_away:
                    self._is_away = True
                    log.warning("pairs_not_read", reason=str(error), armed=len(self._armed))
            finally:
                if connection is not None:
                    connection.terminate()
            await self._clock.sleep(AWAY_S)

    async def _follow(self, read: Callable[[], Awaitable[list[Armed]]]) -> None:
        while True:
            self._moved.clear()
            self.take(await read())
            if self._is_away:
                self._is_away = False
                log.info("pairs_read_again", armed=len(self._armed))
            try:
                async with asyncio.timeout(POLL_S):
                    await self._moved.wait()
            except TimeoutError:
                pass

    def take(self, told: Iterable[Armed]) -> None:
        """These are armed, and no other pair of the matcher is."""
        told = tuple(told)
        followed = {pair.id: pair for pair in self._pairs()}
        of_file = [pair for pair in followed.values() if pair.origin is Origin.FILE]
        self._armed = {
            armed.pair.id: armed
            for armed in told
            if not self._is_shadowed(armed.pair, of_file)
            and armed.since_ns > self._disarmed_ns.get(armed.pair.id, -1)
        }
        self._forget({armed.pair.id for armed in told} | followed.keys())
        changed: dict[PairId, Pair] = {}
        for pair in followed.values():
            if pair.origin is Origin.MATCHER and (now := self.current(pair)) != pair:
                changed[pair.id] = now
        if changed:
            self._change(changed)
        for pair in changed.values():
            log.info("pair_changed", pair_id=pair.id, state=pair.state.value)
            if pair.state is PairState.ARMED:
                self._approve(pair)
                self._check(pair)
        for armed in self._armed.values():
            if armed.pair.id not in followed:
                self._join(armed.pair)

    def current(self, pair: Pair) -> Pair:
        """A pair of the matcher as it is to be now: as it is armed, or disarmed."""
        if pair.origin is not Origin.MATCHER:
            return pair
        armed = self._armed.get(pair.id)
        if armed is None:
            return replace(pair, state=PairState.DISARMED)
        if _shape(armed.pair) != _shape(pair):
            # What is held was bought by the old one, which must leave first; a start, too, reads
            # all of it anew.
            if pair.id not in self._reshaped:
                self._reshaped.add(pair.id)
                remedy = "it joins once the old one has left"
                log.error("pair_changed_its_shape", pair_id=pair.id, remedy=remedy)
            return replace(pair, state=PairState.DISARMED)
        return replace(armed.pair, state=PairState.ARMED)

    def joined(self, pair: Pair) -> None:
        """A pair is followed from now on: its tokens must be those that it was armed by."""
        self._check(pair)

    # -- what this process finds -----------------------------------------------------------

    def disarm(self, pair_id: PairId, reason: str, *facts: tuple[str, str | int | bool]) -> None:
        """Start nothing on a pair from now on, with an alarm; the row follows by that note."""
        pair = next((each for each in self._pairs() if each.id == pair_id), None)
        if pair is None or pair.state is not PairState.ARMED:
            return
        fields = (("event", reason), ("pair_id", pair_id), *facts)
        self._note(Note(NoteKind.ALARM, 0, fields))
        self._take_out(pair)

    def rules_changed(self, note: Note) -> None:
        """A text is not the one that a pair was approved by: put the alarm on record.

        Its market is barred, whoever declared the pair; one of the matcher is disarmed as well.
        """
        self._note(note)
        pair_id = PairId(str(dict(note.fields)["pair_id"]))
        known = (*self._pairs(), *(armed.pair for armed in self._armed.values()))
        for pair in known:
            if pair.id == pair_id and pair.origin is Origin.MATCHER:
                self._take_out(pair)

    def _take_out(self, pair: Pair) -> None:
        """After the alarm: what was armed before it counts no more."""
        self._disarmed_ns[pair.id] = self._clock.wall_ns()
        self._armed.pop(pair.id, None)
        self._change({pair.id: replace(pair, state=PairState.DISARMED)})

    def changed_terms(self, before: Market, now: Market) -> None:
        """A followed market has new terms: pairs armed by what has changed are disarmed."""
        reasons = [BOUND[name] for name in BOUND if getattr(before, name) != getattr(now, name)]
        if not reasons:
            return
        for pair in self._pairs():
            if pair.origin is Origin.MATCHER and pair.market_on(now.venue) == now.id:
                self.disarm(pair.id, reasons[0], ("market_id", now.id))

    # -- inside ----------------------------------------------------------------------------

    def _forget(self, known: Container[PairId]) -> None:
        """What was disarmed here is on its row, and it left: should it come back, all is new.

        As long as its row tells that it is armed, the journal was not shipped that far.
        """
        for pair_id in [pair_id for pair_id in self._disarmed_ns if pair_id not in known]:
            del self._disarmed_ns[pair_id]
        self._reshaped = {pair_id for pair_id in self._reshaped if pair_id in known}

    def _is_shadowed(self, pair: Pair, of_file: Iterable[Pair]) -> bool:
        """Whether the file speaks of a pair, by its id or by its markets; told once."""
        couple = _couple(pair)
        by_file = next(
            (each.id for each in of_file if each.id == pair.id or _couple(each) == couple), None
        )
        if by_file is None:
            return False
        if pair.id not in self._shadowed:
            self._shadowed.add(pair.id)
            log.warning("pair_is_in_the_file", pair_id=pair.id, file_pair_id=by_file)
        return True

    def _check(self, pair: Pair) -> None:
        """Disarm a pair whose tokens are not those that it was armed by."""
        armed, market = self._armed.get(pair.id), self._markets.get(pair.polymarket)
        if armed is None or not armed.yes_token or market is None:
            return
        is_same = pair.polarity is Polarity.SAME
        if armed.yes_token != (market.yes_token if is_same else market.no_token):
            self.disarm(pair.id, TOKEN_CHANGED, ("market_id", market.id))


def _shape(pair: Pair) -> tuple[object, ...]:
    """What of a pair its exposures are counted by."""
    return (*_couple(pair), pair.polarity, pair.polymarket_labels)


def _couple(pair: Pair) -> tuple[MarketId, ...]:
    return tuple(map(pair.market_on, Venue))


async def _read_armed(connection: Connection, mode: str, clock: Clock) -> list[Armed]:
    rows = await PairStore(connection, mode, clock).read((PairState.ARMED,))
    return [to_armed(row) for row in rows if row.origin is Origin.MATCHER]
