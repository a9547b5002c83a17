"""Up to when the fills of each account were heard whole: from there a start must look back."""

from twoleg.core.market import Venue
from twoleg.storage.records import AccountHeard, AnyRecord


class Heard:
    """Folds records. Only a list that came whole moves a time: whatever else was written, was not.

    The latest one counts, not the greatest: a wall clock that was ahead may have been put right.
    """

    def __init__(self, begun_ms: dict[Venue, int] | None = None) -> None:
        self.begun_ms: dict[Venue, int] = begun_ms or {}
        """Unix ms of our wall clock, by venue; a venue that was never heard is not in it."""

    def apply(self, record: AnyRecord) -> None:
        """Take the next record."""
        if isinstance(record, AccountHeard):
            self.begun_ms[record.venue] = record.begun_ms
