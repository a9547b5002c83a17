"""One server-side WebSocket: a bounded queue of frames, pings, and the scripted faults of frames.

Matching never waits for a reader: `offer` only queues. When a reader is slower than its queue is
long, the queue is replaced by the venue's farewell and the socket is closed.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

from aiohttp import WSCloseCode, WSMsgType, web

from twoleg.sim.faults import Faults
from twoleg.sim.flow import Sleep

# Frames waiting for one reader. At 400 frames a second this is half a minute of silence.
OUTBOX_MAX: Final = 12_000
# How long a peer may take to answer our Close frame.
CLOSE_TIMEOUT_S: Final = 0.5
# Largest command that a client may send.
COMMAND_BYTES_MAX: Final = 4 * 1024 * 1024


class _Frame(NamedTuple):
    """A text to send, and which faults may meet it."""

    text: str
    is_sequenced: bool = False
    is_keepalive: bool = False


class Socket:
    """An accepted WebSocket. `farewell` is the last frame sent to a reader that is too slow.

    With `on_overflow` set, such a reader stays connected: its queue is emptied, and the callback
    decides what it is told. `deflate` agrees to permessage-deflate if the client offers it.
    """

    def __init__(
        self,
        request: web.Request,
        *,
        faults: Faults,
        sleep: Sleep,
        farewell: str | None = None,
        deflate: bool = False,
    ) -> None:
        self._request = request
        self._faults = faults
        self._sleep = sleep
        self._farewell = farewell
        self.on_overflow: Callable[[], None] | None = None
        self._ws = web.WebSocketResponse(
            timeout=CLOSE_TIMEOUT_S, max_msg_size=COMMAND_BYTES_MAX, compress=deflate
        )
        # What waits to be written; None means: close.
        self._frames: deque[_Frame | None] = deque()
        # A frame held back until the next one has been written.
        self._late: str | None = None
        # Set while there is something to write.
        self._wake = asyncio.Event()
        # Code and reason of our Close frame.
        self._close_with: tuple[int, bytes] = (WSCloseCode.OK, b"")
        # True once nothing more is accepted.
        self.is_closing = False

    async def run(
        self,
        on_text: Callable[[str], None],
        *,
        ping_every_s: float | None = None,
        ping_payload: bytes = b"",
    ) -> web.WebSocketResponse:
        """Accept, then serve until either side closes; call `on_text` for each text frame."""
        await self._ws.prepare(self._request)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._write(), name="sim-ws-writer")]
            if ping_every_s is not None:
                ping = self._ping(ping_every_s, ping_payload)
                tasks.append(group.create_task(ping, name="sim-ws-pinger"))
            try:
                async for message in self._ws:
                    if message.type is WSMsgType.TEXT:
                        on_text(message.data)
            except ConnectionError:
                # Cut while a ping was being answered: nobody is there to be told.
                pass
            finally:
                self.is_closing = True
                for task in tasks:
                    task.cancel()
        return self._ws

    def offer(self, text: str, *, is_sequenced: bool = False, is_keepalive: bool = False) -> None:
        """Queue a frame; on overflow drop the queue, then say farewell and close, or call back.

        `is_sequenced`: it carries book state or a sequence number; `is_keepalive`: no data at all.
        """
        if self.is_closing:
            return
        if len(self._frames) >= OUTBOX_MAX:
            self._overflow()
            return
        self._frames.append(_Frame(text, is_sequenced, is_keepalive))
        self._wake.set()

    def misfires(self, kind: str) -> bool:
        """Tell whether a scripted fault of one of `faults.ASKED_KINDS` happens here and now."""
        return self._faults.ws_asked(self._request.path, kind)

    def _overflow(self) -> None:
        self._frames.clear()
        if self.on_overflow is not None:
            self.on_overflow()
            return
        if self._farewell is not None:
            self._frames.append(_Frame(self._farewell))
        self.close()

    def close(self, code: int = WSCloseCode.OK, message: bytes = b"") -> None:
        """Close with this code after what is queued has been written."""
        if not self.is_closing:
            self.is_closing = True
            self._close_with = (code, message)
            self._frames.append(None)
            self._wake.set()

    def abort(self) -> None:
        """Cut the connection at once, without a Close frame."""
        self.is_closing = True
        if self._request.transport is not None:
            self._request.transport.abort()

    async def _write(self) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                if not self._frames:
                    self._wake.clear()
                    await self._wake.wait()
                frame = self._frames.popleft()
                if frame is None:
                    code, message = self._close_with
                    await self._ws.close(code=code, message=message)
                    return
                for text in await self._texts(frame):
                    await self._ws.send_str(text)

    async def _texts(self, frame: _Frame) -> list[str]:
        """Return what is written in the frame's place, after the faults it meets."""
        rule = self._faults.ws(
            self._request.path, is_sequenced=frame.is_sequenced, is_keepalive=frame.is_keepalive
        )
        kind = "" if rule is None else rule.kind
        if kind == "ws_disconnect":
            self.abort()
        if kind == "ws_overflow":
            self._overflow()
        if kind == "ws_late" and self._late is None:
            self._late = frame.text
            return []
        if kind in ("ws_gap", "ws_mute", "ws_dead", "ws_disconnect", "ws_overflow"):
            return []
        if rule is not None and kind == "ws_silent":
            await self._sleep(rule.delay_ms / 1_000)
        texts = [frame.text] * (2 if kind == "ws_duplicate" else 1)
        if self._late is not None and not frame.is_keepalive:
            texts.append(self._late)
            self._late = None
        return texts

    async def _ping(self, every_s: float, payload: bytes) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                await self._sleep(every_s)
                await self._ws.ping(payload)
