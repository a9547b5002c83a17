"""Operators' acts: pause, resume, halt, clear a halt, accept a difference. Journalled first.

Until they come through the control side, acts come as files in a folder of the state folder: one
file, one act, put there whole (written beside and renamed) and removed once it is journalled. A
daemon that is not running finds them at its next start, before anything new may begin.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import msgspec
import structlog

from twoleg.core.events import Event, OperatorAct, OperatorActed
from twoleg.core.market import Venue
from twoleg.errors import StorageError
from twoleg.runtime.accounts import Accounts
from twoleg.seams import Clock, Entropy
from twoleg.storage.records import AnyRecord, DifferenceAccepted, OperatorRecorded

EVERY_S: Final = 1.0
FOLDER: Final = "operator"
SUFFIX: Final = ".act"
ACCEPT_SUFFIX: Final = ".accept"
REFUSED: Final = ".refused"
REASON_CHARS_MAX: Final = 500
REQUEST_BYTES_MAX: Final = 8_192

log = structlog.get_logger(__name__)


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file: what is asked for, why, and by whom."""

    act: OperatorAct
    reason: str
    actor: str


class AcceptRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file: a difference of cash that our record is to take over, in micro-dollars."""

    venue: Venue
    shard: int
    micros: int
    reason: str
    actor: str


def put_request(
    state_dir: Path, request: Request | AcceptRequest, clock: Clock, entropy: Entropy
) -> Path:
    """Leave a request for the daemon of this state folder, which takes them in the order of time.

    Raises:
        StorageError: the folder cannot be written.
    """
    folder = state_dir / FOLDER
    suffix = SUFFIX if isinstance(request, Request) else ACCEPT_SUFFIX
    path = folder / f"{clock.wall_ns():020d}-{entropy.uuid4()}{suffix}"
    part = path.with_suffix(".part")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.write(msgspec.json.encode(request))
            file.flush()
            os.fsync(file.fileno())
        part.rename(path)
    except OSError as error:
        raise StorageError(f"{folder}: cannot leave the request: {error}") from error
    return path


SHAPES: Final[Mapping[str, type[Request] | type[AcceptRequest]]] = {
    SUFFIX: Request,
    ACCEPT_SUFFIX: AcceptRequest,
}


class Operators:
    """Takes acts, from the folder or from a caller, while the daemon runs."""

    def __init__(
        self,
        state_dir: Path,
        *,
        accounts: Accounts,
        clock: Clock,
        append: Callable[[AnyRecord, bool], None],
        emit: Callable[[Event], None],
    ) -> None:
        self._folder = state_dir / FOLDER
        self._accounts = accounts
        self._clock = clock
        self._append = append
        self._emit = emit
        # Taken, and still lying there: they could not be removed.
        self._taken: set[str] = set()

    async def run(self) -> None:
        """Look for requests until cancelled."""
        while True:
            self.take_requests()
            await self._clock.sleep(EVERY_S)

    def operate(self, act: OperatorAct, reason: str, actor: str) -> None:
        """Journal an act and let it take effect.

        What stops takes effect even if it cannot be journalled; what lets go does not.

        Raises:
            StorageError: it could not be journalled.
        """
        wall_ns, reason = self._clock.wall_ns(), _told(reason)
        try:
            self._append(
                OperatorRecorded(wall_ns=wall_ns, act=act, reason=reason, actor=actor), True
            )
        except StorageError:
            if act in (OperatorAct.PAUSE, OperatorAct.HALT):
                self._emit(OperatorActed(act, reason, actor))
            raise
        self._emit(OperatorActed(act, reason, actor))

    def accept(self, request: AcceptRequest) -> bool | None:
        """Take a difference that stands over into our record.

        False, and nothing is done, if none of exactly that size stands there; None while that is
        not known, because the accounts were not compared yet.

        Raises:
            StorageError: it could not be journalled.
        """
        venue, shard = request.venue, request.shard
        stands_micros = self._accounts.standing(venue, shard)
        if stands_micros is None:
            return None
        if not stands_micros or stands_micros != request.micros:
            return False
        self._append(
            DifferenceAccepted(
                wall_ns=self._clock.wall_ns(),
                venue=venue,
                shard=shard,
                micros=request.micros,
                reason=_told(request.reason),
                actor=request.actor,
            ),
            True,
        )
        self._accounts.accepted(venue, shard)
        log.warning("difference_accepted", venue=venue.value, shard=shard, micros=request.micros)
        return True

    def take_requests(self) -> None:
        """Take all that lie in the folder, in order; what cannot be read is put aside."""
        try:
            paths = sorted(path for path in self._folder.iterdir() if path.suffix in SHAPES)
        except FileNotFoundError:
            return
        except OSError as error:
            log.error("operator_requests_not_read", reason=str(error))
            return
        # What is gone by now needs no remembering.
        self._taken &= {path.name for path in paths}
        for path in paths:
            if path.name in self._taken:
                continue
            try:
                self._take(path)
            except OSError as error:
                log.error("operator_request_not_read", file=path.name, reason=str(error))

    def _take(self, path: Path) -> None:
        with path.open("rb") as file:
            data = file.read(REQUEST_BYTES_MAX)
        try:
            request = msgspec.json.decode(data, type=SHAPES[path.suffix])
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            self._refuse(path, str(error))
            return
        try:
            if isinstance(request, Request):
                self.operate(request.act, request.reason, request.actor)
                is_taken: bool | None = True
            else:
                is_taken = self.accept(request)
        except StorageError as error:
            # It stays, and is asked for again: a restart must find it in the journal.
            log.error("operator_request_not_journalled", file=path.name, reason=str(error))
            return
        if is_taken is False:
            self._refuse(path, "no difference of that size stands there")
        elif is_taken:
            # It took effect. If it cannot be removed it is not taken again, but by the next start.
            self._taken.add(path.name)
            path.unlink(missing_ok=True)

    def _refuse(self, path: Path, reason: str) -> None:
        log.error("operator_request_refused", file=path.name, reason=reason)
        self._taken.add(path.name)
        path.rename(path.with_suffix(REFUSED))


def _told(reason: str) -> str:
    """A reason for the record: an empty one would not tell a halt from none."""
    return reason.strip()[:REASON_CHARS_MAX] or "no reason given"
