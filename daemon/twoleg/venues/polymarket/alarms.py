"""Says aloud what the venue answered where nobody has described it, or where a person is needed.

Each distinct text is told once, and a need for a person once a minute: a venue that refuses every
order must not fill the log. Texts are cut, and the API key is blackened in them.
"""

from typing import Final

import structlog

from twoleg.seams import Clock
from twoleg.venues.polymarket.answer_rows import Operation
from twoleg.venues.polymarket.meanings import row_of_code
from twoleg.venues.polymarket.sign import VENUE

TEXTS_MAX: Final = 256
TEXT_LENGTH_MAX: Final = 200
REPEAT_NS_MIN: Final = 60_000_000_000

log = structlog.get_logger(__name__)


class AnswerAlarms:
    """Logs `unknown_answer` (warning) and `venue_needs_person` (error); `hide` is blackened."""

    def __init__(self, *, clock: Clock, hide: str = "") -> None:
        self._clock = clock
        self._hide = hide
        # What was told of unknown texts; bounded, because the venue chooses them.
        self._told: set[tuple[Operation, str, str]] = set()
        # Code → when a person was last called for it.
        self._called_ns: dict[str, int] = {}

    def note(self, operation: Operation, code: str, text: str) -> None:
        """Judge one answer by its code; nothing to say of an empty one."""
        if not code:
            return
        row = row_of_code(operation, code)
        if row is None:
            self.unknown(operation, code, text)
        elif row.needs_person:
            self._call(code, row.words, text)

    def unknown(self, operation: Operation, code: str, text: str) -> None:
        """Tell of an answer or a word that stands in no table."""
        text = self._clean(text)
        key = (operation, code, text)
        if key in self._told or len(self._told) >= TEXTS_MAX:
            return
        self._told.add(key)
        log.warning("unknown_answer", venue=VENUE, operation=operation.value, code=code, text=text)

    def _call(self, code: str, words: str, text: str) -> None:
        now_ns = self._clock.monotonic_ns()
        called_ns = self._called_ns.get(code)
        if called_ns is not None and now_ns - called_ns < REPEAT_NS_MIN:
            return
        self._called_ns[code] = now_ns
        log.error("venue_needs_person", venue=VENUE, code=code, words=words, text=self._clean(text))

    def _clean(self, text: str) -> str:
        if self._hide:
            text = text.replace(self._hide, "...")
        return text[:TEXT_LENGTH_MAX]
