"""What watches over differences, with all that it tells."""

from twoleg.core.actions import Note
from twoleg.core.events import Event
from twoleg.core.limits import BreakerLimits
from twoleg.runtime.differences import Differences


class Told:
    """Differences between a record and its venues; `events` and `notes` are what came of them."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.notes: list[Note] = []
        self.limits = BreakerLimits()
        self.differences = Differences(
            limits=lambda: self.limits, emit=self.events.append, note=self.notes.append
        )

    def alarms(self) -> list[str]:
        """Names of the alarms so far, which are then forgotten."""
        names = [str(dict(note.fields)["event"]) for note in self.notes]
        self.notes.clear()
        return names
