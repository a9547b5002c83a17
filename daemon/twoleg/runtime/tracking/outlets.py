"""Where a tracker puts what it finds."""

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from twoleg.core.actions import Note, NoteKind
from twoleg.core.events import Event, Fill
from twoleg.seams import Clock
from twoleg.storage.records import AnyRecord

log = structlog.get_logger(__name__)


def tell_log(note: Note) -> None:
    """Tell the log alone of an alarm."""
    fields = dict(note.fields)
    log.error(str(fields.pop("event")), **fields)


def claim_nothing(fill: Fill) -> bool:
    """Know no orders but those that were registered."""
    del fill
    return False


def keep_unclaimed(fill: Fill) -> None:
    """Leave a fill of nobody's order at its alarm."""
    del fill


def hear_alone(record: AnyRecord) -> None:
    """Leave it to this process how far the account was heard."""
    del record


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlets:
    """Plain calls, no awaits. `record` journals a fact, `emit` tells the engine."""

    clock: Clock
    record: Callable[[AnyRecord], None]
    emit: Callable[[Event], None]
    note: Callable[[Note], None] = tell_log
    on_unclaimed: Callable[[Fill], None] = keep_unclaimed
    """A fill that belongs to no order we know, once, after its grace."""
    claim: Callable[[Fill], bool] = claim_nothing
    """Registers the order of a fill that no order here explains; whether it could."""
    hear: Callable[[AnyRecord], None] = hear_alone
    """Journals how far the account was heard; it is told again, so it may be lost."""
    poll_ms_max: Callable[[], int]
    """How long fills are polled for, and unclaimed ones waited for, before that is an alarm."""

    def alarm(self, event: str, execution_no: int = 0, **facts: str | int | bool) -> None:
        """Raise an alarm; it is journalled as a note."""
        fields = (("event", event), *facts.items())
        self.note(Note(NoteKind.ALARM, execution_no, fields))
