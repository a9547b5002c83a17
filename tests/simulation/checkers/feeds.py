"""A feed whose frames all came, once and in order, is never found to contradict itself."""

from typing import Final

from tests.simulation.checkers.facts import Facts, Rule, violate
from twoleg.core.actions import NoteKind
from twoleg.storage.records import NoteRecorded

REFUTED: Final = frozenset(
    {
        "audit_differs",
        "best_prices_differ",
        "book_crossed",
        "level_below_zero",
        "sequence_gap",
        "snapshot_crossed",
    }
)
"""What a book is void for because a frame was lost, or read wrongly."""


class FeedsRead(Rule):
    """No book is void for what its frames say, where no fault of the world touched a frame.

    One that was told twice is no excuse: it has its number.
    """

    def step(self, facts: Facts) -> None:
        for record in facts.new_records:
            if not isinstance(record, NoteRecorded) or record.kind != NoteKind.BOOK_VOID.value:
                continue
            markets = str(record.fields.get("markets", ""))
            if record.fields.get("reason") in REFUTED and any(
                markets.startswith(f"{venue.value}:") for venue in facts.prompt
            ):
                raise violate("feed_misread", str(record.fields))
