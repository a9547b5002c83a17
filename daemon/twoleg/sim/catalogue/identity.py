"""Identifiers of Polymarket's rows: derived from the row, and leading back to it."""

from functools import lru_cache
from hashlib import sha256
from typing import Final

# Above the ids of all other simulated markets.
MARKET_ID_FROM: Final = 40_000_000
EVENT_ID_FROM: Final = 60_000_000
_ROW_DIGITS: Final = 8


def condition_id(seed: int, row: int) -> str:
    """Return a row's condition id; its last digits hide the row."""
    digest = _digest(seed, "condition", row)
    hidden = row ^ int(_digest(seed, "mask", 0)[:_ROW_DIGITS], 16)
    return f"0x{digest[:-_ROW_DIGITS]}{hidden:0{_ROW_DIGITS}x}"


def row_of_condition(seed: int, text: str, rows: int) -> int | None:
    """Return the row of a condition id; None if it is none of these rows'."""
    try:
        hidden = int(text[-_ROW_DIGITS:], 16)
    except ValueError:
        return None
    row = hidden ^ int(_digest(seed, "mask", 0)[:_ROW_DIGITS], 16)
    return row if row < rows and condition_id(seed, row) == text.lower() else None


def token_ids(seed: int, row: int) -> tuple[str, str]:
    """Return a row's two tokens, in the order of its outcomes."""
    first, second = (int(_digest(seed, f"token{index}", row), 16) for index in (0, 1))
    return str(first), str(second)


def question_id(seed: int, row: int) -> str:
    """Return a row's question id."""
    return "0x" + _digest(seed, "question", row)


@lru_cache(maxsize=8_192)
def _digest(seed: int, what: str, row: int) -> str:
    return sha256(f"catalogue:{seed}:{what}:{row}".encode()).hexdigest()
