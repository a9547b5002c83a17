"""The dead man's switch: sent while orders rest, and only then.

Once a heartbeat was sent, the venue cancels all orders of the API key when none arrives for ten
seconds, which it checks about every five. That is wanted while something rests and we die. Each
answer names the id that the next one must carry; a wrong id is answered by 400 with the right one
(docs.polymarket.com send-heartbeat, polymarket-client 0.14.0 `order_heartbeats.py`, read
2026-11-22; a body-less `POST /heartbeats` is documented too and not used: UNCERTAIN).

After a gap nobody knows what still rests: `on_gap` gets the orders to be looked up. They are never
assumed cancelled.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Final

import msgspec
import structlog

from twoleg.core.orders import OrderRef
from twoleg.errors import OutcomeUnknown, VenueUnavailable
from twoleg.seams import Clock
from twoleg.venues.polymarket.alarms import AnswerAlarms
from twoleg.venues.polymarket.answer_rows import Operation
from twoleg.venues.polymarket.answers import error_text
from twoleg.venues.polymarket.meanings import find_row
from twoleg.venues.polymarket.rest import NS_PER_MS, ClobRest
from twoleg.venues.polymarket.resting import RestingOrders
from twoleg.venues.polymarket.sign import VENUE

PATH: Final = "/v1/heartbeats"
INTERVAL_MS: Final = 5_000
GAP_MS_MAX: Final = 10_000
"""Without an acknowledgement for this long the venue may have cancelled everything."""
RETRY_MS: Final = 1_000
"""Pause after a heartbeat that was not acknowledged: there is time for a few within the gap."""
TIMEOUT_MS: Final = 2_000

GapSink = Callable[[tuple[OrderRef, ...]], Coroutine[None, None, None]]

log = structlog.get_logger(__name__)


class _Answer(msgspec.Struct):
    """Of a 200, and of the 400 that names the expected id."""

    heartbeat_id: str = ""


class Heartbeat:
    """Keeps the venue's switch from falling; `on_gap` must not raise and may take its time."""

    def __init__(
        self,
        *,
        rest: ClobRest,
        clock: Clock,
        resting: RestingOrders,
        alarms: AnswerAlarms,
        on_gap: GapSink,
    ) -> None:
        self._rest = rest
        self._clock = clock
        self._resting = resting
        self._alarms = alarms
        self._on_gap = on_gap
        # What the next heartbeat must carry; empty for the first of a chain.
        self._id = ""
        # When the venue last got one, as far as we know; None while the switch was never armed.
        self._received_ns: int | None = None
        # Whether this silence was told already.
        self._is_gap_told = False

    async def run(self) -> None:
        """Send heartbeats while something rests; returns never."""
        # Look-ups take seconds and must not hold up the next heartbeat.
        async with asyncio.TaskGroup() as look_ups:
            while True:
                await self._resting.wait_some()
                started_ns = self._clock.monotonic_ns()
                pause_ms = INTERVAL_MS if await self._beat(look_ups) else RETRY_MS
                took_ms = (self._clock.monotonic_ns() - started_ns) // NS_PER_MS
                await self._clock.sleep(max(0, pause_ms - took_ms) / 1_000)
                self._resting.drop_expired(self._rest.server_clock.now_s())

    async def _beat(self, look_ups: asyncio.TaskGroup) -> bool:
        sent_ns = self._clock.monotonic_ns()
        is_received = await self._send(sent_ns)
        gap_ns = sent_ns - self._received_ns if self._received_ns is not None else 0
        is_gap = gap_ns > GAP_MS_MAX * NS_PER_MS
        if is_received:
            self._received_ns = sent_ns
            # After a silence, wanted or not, the switch may have fallen at any moment of it.
            self._is_gap_told = False
        elif self._is_gap_told:
            is_gap = False
        refs = self._resting.refs()
        if is_gap and refs:
            self._is_gap_told = not is_received
            event = "heartbeat_resumed" if is_received else "heartbeat_lost"
            log.warning(event, venue=VENUE, gap_ms=gap_ns // NS_PER_MS, orders=len(refs))
            look_ups.create_task(self._on_gap(refs), name="polymarket-heartbeat-gap")
        return is_received

    async def _send(self, sent_ns: int) -> bool:
        """Send one, and a second at once where the venue expects another id."""
        for _ in range(2):
            body = msgspec.json.encode({"heartbeat_id": self._id})
            try:
                status, _, raw = await self._rest.write("POST", PATH, body, timeout_ms=TIMEOUT_MS)
            except (VenueUnavailable, OutcomeUnknown) as error:
                log.warning("heartbeat_failed", venue=VENUE, error=str(error))
                if isinstance(error, OutcomeUnknown) and self._received_ns is None:
                    # It may have armed the switch.
                    self._received_ns = sent_ns
                return False
            told = _read(raw)
            if status == 200 and told is not None and told.heartbeat_id:
                self._id = told.heartbeat_id
                return True
            text = error_text(raw)
            row = find_row(Operation.HEARTBEAT, status, text)
            if row.code != "heartbeat_id_mismatch" or told is None:
                code = "unreadable_answer" if status == 200 else row.code
                self._alarms.note(Operation.HEARTBEAT, code, text)
                log.warning("heartbeat_refused", venue=VENUE, code=code)
                return False
            # An empty one starts a new chain.
            self._id = told.heartbeat_id
        return False


def _read(raw: bytes) -> _Answer | None:
    try:
        return msgspec.json.decode(raw, type=_Answer)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
