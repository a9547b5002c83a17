"""Cursors of the CLOB's lists: an offset in base64, MA== first, LTE= behind the last page."""

import base64
import binascii
from collections.abc import Sequence
from typing import Final

from twoleg.sim.polymarket.wire import Refused

CURSOR_END: Final = "LTE="


def page_of(rows: Sequence[object], cursor: str | None, limit: int) -> dict[str, object]:
    """Return {limit, count, next_cursor, data}; Refused (400) for a cursor that is none."""
    start = 0
    if cursor:
        try:
            start = int(base64.b64decode(cursor, validate=True))
        except (binascii.Error, ValueError) as error:
            raise Refused(400, "invalid next_cursor") from error
    chosen = list(rows[start : start + limit]) if start >= 0 else []
    end = start + limit
    is_last = start < 0 or end >= len(rows)
    return {
        "limit": limit,
        "count": len(chosen),
        "next_cursor": CURSOR_END if is_last else base64.b64encode(str(end).encode()).decode(),
        "data": chosen,
    }
