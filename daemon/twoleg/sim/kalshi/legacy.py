"""The deprecated fields of Kalshi's answers and frames, and how both look without them.

Kalshi docs, changelog, 2026-05: they may vanish on any day after 2026-05-28; by 2026-10 they were
still there.
"""

from typing import Final, TypeVar

T = TypeVar("T")

# By type of frame.
_FRAMES: Final = {
    "ticker": {"ts", "time"},
    "trade": {"taker_side", "ts"},
    "fill": {"side", "action", "purchased_side", "ts"},
    "user_order": {"side", "is_yes", "created_time", "last_update_time", "expiration_time"},
}
# By name of the list or object in a REST answer.
_ANSWERS: Final = {
    "order": {"side", "action"},
    "orders": {"side", "action"},
    "fills": {"side", "action"},
    "trades": {"taker_side"},
}


def modern_frame(kind: str, message: T) -> T | dict[str, object]:
    """Return a frame's message without deprecated fields."""
    return _without(message, _FRAMES.get(kind, set()))


def modern_answer(body: dict[str, object]) -> dict[str, object]:
    """Return a REST answer whose orders, fills and trades have no deprecated fields."""
    return {
        name: [_without(row, _ANSWERS.get(name, set())) for row in value]
        if isinstance(value, list)
        else _without(value, _ANSWERS.get(name, set()))
        for name, value in body.items()
    }


def _without(value: T, names: set[str]) -> T | dict[str, object]:
    if not names or not isinstance(value, dict):
        return value
    return {name: item for name, item in value.items() if name not in names}
