"""Reads and writes pairs: what the matcher proposes, and each step of a pair's life on record."""

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec

from twoleg.core.life import move as check_move
from twoleg.core.market import Origin, Pair, PairState, Venue
from twoleg.errors import PairRefused
from twoleg.seams import Clock
from twoleg.storage.database import Connection, translate_errors
from twoleg.storage.pair_rows import MATCHER, PairEvent, PairRow, Step
from twoleg.storage.projection import to_time
from twoleg.storage.queries import query

CHANNEL: Final = "twoleg_pairs"
"""Where Postgres notifies that pairs have moved; what moved is in `pair_event`."""
EVENTS_MAX: Final = 200
"""Steps of one pair that are read back."""
MANY: Final = 200
"""New pairs from which on the planner is told of them."""
SHOWN: Final = "shown"
"""The event of somebody having both rule texts before their eyes."""
_RENAMED: Final = {
    "class": "klass",
    "kalshi_market_id": "kalshi",
    "polymarket_market_id": "polymarket",
}
_JSON: Final = ("facets", "tails", "acknowledged")


class TextNow(msgspec.Struct, frozen=True):
    """What the catalogue holds of a market at this moment."""

    rules_fingerprint: str
    content_hash: str
    is_open: bool


class PairStore:
    """The pairs of one mode over one connection; errors are StorageError, DatabaseUnavailable.

    Pairs of origin `file` are read here and never written: they are projections of the journal.
    """

    def __init__(self, connection: Connection, mode: str, clock: Clock) -> None:
        self._connection = connection
        self._mode = mode
        self._clock = clock

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[None, None]:
        """All that is done inside is done, or nothing of it."""
        with translate_errors():
            async with self._connection.transaction():
                yield

    async def read(self, states: Iterable[PairState] = PairState) -> list[PairRow]:
        """All pairs in these states, by id."""
        return await self._rows([state.value for state in states], "")

    async def get(self, pair_id: str) -> PairRow | None:
        """One pair, whatever its state."""
        if not pair_id:
            # Stands for all of them in the statement.
            return None
        rows = await self._rows([state.value for state in PairState], pair_id)
        return rows[0] if rows else None

    async def armed(self) -> list[Pair]:
        """The pairs of the matcher that may be traded."""
        rows = await self.read((PairState.ARMED,))
        return [row.to_pair() for row in rows if row.origin is Origin.MATCHER]

    async def lock(self, pair_ids: Sequence[str]) -> Mapping[str, PairState]:
        """Hold pairs of the matcher until the transaction ends; their states."""
        with translate_errors():
            rows = await self._connection.fetch(query("lock_pairs"), self._mode, list(pair_ids))
        return {row["pair_id"]: PairState(row["state"]) for row in rows}

    async def lock_match(self) -> None:
        """Let no other matching of this mode write until the transaction ends."""
        with translate_errors():
            await self._connection.execute(query("lock_match"), self._mode)

    async def texts_now(
        self, markets: Iterable[tuple[Venue, str]]
    ) -> dict[tuple[Venue, str], TextNow]:
        """What the catalogue holds of these markets; no sync changes it until the transaction ends.

        To be asked before `lock`: a sync takes both in this order too.
        """
        wanted = sorted({(venue.value, native_id) for venue, native_id in markets})
        venues, ids = [venue for venue, _ in wanted], [native_id for _, native_id in wanted]
        with translate_errors():
            rows = await self._connection.fetch(query("share_texts"), self._mode, venues, ids)
        return {
            (Venue(row["venue"]), row["native_id"]): TextNow(
                row["rules_fingerprint"], row["content_hash"], row["is_open"]
            )
            for row in rows
        }

    async def propose(self, rows: Sequence[PairRow]) -> None:
        """Keep pairs that are new, as candidates."""
        if not rows:
            return
        now = to_time(self._clock.wall_ns())
        events = [
            (self._mode, row.pair_id, "", PairState.CANDIDATE.value, MATCHER, "found", "{}", now)
            for row in rows
        ]
        async with self.transaction():
            await self._connection.executemany(query("insert_pair"), self._contents(rows))
            if len(rows) >= MANY:
                # The planner believes in an empty table, and would look through it for each step.
                await self._connection.execute(query("analyze_pairs"))
            await self._connection.executemany(query("insert_pair_event"), events)

    async def refresh(self, rows: Sequence[PairRow]) -> None:
        """Write anew what the matcher knows of pairs; states and approvals stay."""
        if rows:
            with translate_errors():
                await self._connection.executemany(query("refresh_pair"), self._contents(rows))

    async def touch(self, pair_ids: Sequence[str]) -> None:
        """Note that pairs were looked at and still hold."""
        if pair_ids:
            now = to_time(self._clock.wall_ns())
            with translate_errors():
                await self._connection.execute(
                    query("touch_pairs"), self._mode, list(pair_ids), now
                )

    async def move(
        self,
        pair_id: str,
        to_state: PairState,
        actor: str,
        *,
        reason: str,
        detail: Mapping[str, object] | None = None,
    ) -> PairRow:
        """Take one step in a pair's life, on record, and tell whoever trades it.

        Raises:
            PairRefused: no such pair of the matcher.
            IllegalTransition: the step is not in the table of the life.
        """
        now = to_time(self._clock.wall_ns())
        told = msgspec.json.encode(detail or {}).decode()
        async with self.transaction():
            state = (await self.lock([pair_id])).get(pair_id)
            if state is None:
                raise PairRefused(pair_id, "the matcher has no such pair")
            check_move(state, to_state)
            run = self._connection.execute
            names = (state.value, to_state.value)
            await run(query("move_pair"), self._mode, pair_id, *names, reason, now)
            event = (self._mode, pair_id, *names, actor, reason, told, now)
            await run(query("insert_pair_event"), *event)
            await run(query("notify_pairs"))
        row = await self.get(pair_id)
        assert row is not None, "it was moved just now"
        return row

    async def move_all(self, steps: Sequence[Step]) -> None:
        """Take steps in many pairs' lives, on record; who arms a pair here has approved it.

        A matching may arm thousands at once. Raises as `move`, and then nothing is done.
        """
        if not steps:
            return
        now = to_time(self._clock.wall_ns())
        async with self.transaction():
            states = dict(await self.lock([step.pair_id for step in steps]))
            moves: list[tuple[object, ...]] = []
            events: list[tuple[object, ...]] = []
            for step in steps:
                state = states.get(step.pair_id)
                if state is None:
                    raise PairRefused(step.pair_id, "the matcher has no such pair")
                check_move(state, step.to_state)
                states[step.pair_id] = step.to_state
                names = (self._mode, step.pair_id, state.value, step.to_state.value)
                moves.append((*names, step.reason, now))
                told = msgspec.json.encode(step.detail).decode()
                events.append((*names, step.actor, step.reason, told, now))
            armed = [step for step in steps if step.to_state is PairState.ARMED]
            approvals = [(self._mode, step.pair_id, step.actor, now, "[]") for step in armed]
            await self._connection.executemany(query("approve_pair"), approvals)
            await self._connection.executemany(query("move_pair"), moves)
            await self._connection.executemany(query("insert_pair_event"), events)
            await self._connection.execute(query("notify_pairs"))

    async def approve(self, pair_id: str, actor: str, acknowledged: Sequence[str]) -> None:
        """Record who approves a pair and what they know; inside the transaction of its `move`."""
        names = msgspec.json.encode(acknowledged).decode()
        now = to_time(self._clock.wall_ns())
        with translate_errors():
            await self._connection.execute(
                query("approve_pair"), self._mode, pair_id, actor, now, names
            )

    async def note_shown(self, row: PairRow, actor: str, texts: Mapping[str, str]) -> None:
        """Record that `actor` has seen these texts, by their fingerprints; told once."""
        if await self.last_shown(row.pair_id, actor) == texts:
            return
        now, told = to_time(self._clock.wall_ns()), msgspec.json.encode(texts).decode()
        state = row.state.value
        event = (self._mode, row.pair_id, state, state, actor, SHOWN, told, now)
        with translate_errors():
            await self._connection.execute(query("insert_pair_event"), *event)

    async def last_shown(self, pair_id: str, actor: str) -> dict[str, str]:
        """Fingerprints by venue of the texts that `actor` has seen last of a pair; or nothing."""
        with translate_errors():
            text = await self._connection.fetchval(query("last_shown"), self._mode, pair_id, actor)
        return msgspec.json.decode(text, type=dict[str, str]) if text else {}

    async def events(self, pair_id: str) -> list[PairEvent]:
        """The latest steps of a pair, newest first."""
        with translate_errors():
            rows = await self._connection.fetch(
                query("list_pair_events"), self._mode, pair_id, EVENTS_MAX
            )
        decode = msgspec.json.decode
        return [PairEvent(**{**row, "detail": decode(row["detail"])}) for row in rows]

    async def family_settlements(self) -> dict[str, tuple[int, int]]:
        """Family -> how many of its pairs have settled, and how many of those apart."""
        with translate_errors():
            rows = await self._connection.fetch(query("count_family_settlements"), self._mode)
        return {row["family"]: (row["settled"], row["contradicted"]) for row in rows}

    async def _rows(self, states: list[str], pair_id: str) -> list[PairRow]:
        with translate_errors():
            rows = await self._connection.fetch(query("list_pairs"), self._mode, states, pair_id)
        return [_to_row(row) for row in rows]

    def _contents(self, rows: Sequence[PairRow]) -> list[tuple[object, ...]]:
        now = to_time(self._clock.wall_ns())
        return [
            (
                *(self._mode, row.pair_id, row.kalshi, row.polymarket, row.polarity.value),
                *(row.kalshi_fingerprint, row.polymarket_fingerprint, row.similarity_e4),
                *(row.leg_mode.value, row.tif.value, row.size_e6_max, now, row.klass, row.family),
                *(row.reason, msgspec.json.encode(row.facets).decode(), row.yes_token),
                *(row.no_token, row.yes_label, row.no_label, row.risk_grade, row.edge_micros_min),
                msgspec.json.encode(row.tails).decode(),
            )
            for row in rows
        ]


def _to_row(record: Mapping[str, Any]) -> PairRow:
    values = {_RENAMED.get(name, name): value for name, value in record.items()}
    values |= {name: msgspec.json.decode(values[name]) for name in _JSON}
    # Times are there already as the driver made them.
    return msgspec.convert(values, PairRow)
