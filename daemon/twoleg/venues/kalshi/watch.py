"""Tells the log about answers that somebody should look at, without repeating itself."""

from typing import Final

import structlog

from twoleg.seams import Clock
from twoleg.venues.kalshi.meanings import Verdict
from twoleg.venues.kalshi.numbers import VENUE

KINDS_MAX: Final = 256
REPEAT_NS: Final = 600 * 1_000_000_000
"""A standing trouble is told again after ten minutes, not with every request."""
_CODE_CHARS_MAX: Final = 60

log = structlog.get_logger(__name__)


class AnswerWatch:
    """Logs each unknown code once, and each answer that needs a person every ten minutes.

    Only the venue's code and our own words are told: a body may repeat what was sent.
    """

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        # Operation, status and code of unknown answers that were told; bounded, because a peer
        # could invent codes without end.
        self._unknown: set[str] = set()
        # When each standing trouble was told last.
        self._told_ns: dict[str, int] = {}

    def note(self, verdict: Verdict) -> None:
        """Look at one answer."""
        row = verdict.row
        code = verdict.code.partition(":")[0][:_CODE_CHARS_MAX]
        key = f"{verdict.operation.value} {verdict.http_status} {code}"
        if row is None:
            if key in self._unknown or len(self._unknown) >= KINDS_MAX:
                return
            self._unknown.add(key)
            log.warning(
                "unknown_answer",
                venue=VENUE,
                operation=verdict.operation.value,
                http_status=verdict.http_status,
                code=code,
            )
        elif row.needs_person and self._is_due(f"{key} {row.words}"):
            log.error(
                "person_needed",
                venue=VENUE,
                operation=verdict.operation.value,
                http_status=verdict.http_status,
                code=code,
                reason=row.words,
            )

    def _is_due(self, key: str) -> bool:
        now_ns = self._clock.monotonic_ns()
        told_ns = self._told_ns.get(key)
        if told_ns is not None and now_ns - told_ns < REPEAT_NS:
            return False
        if len(self._told_ns) >= KINDS_MAX:
            self._told_ns.clear()
        self._told_ns[key] = now_ns
        return True
