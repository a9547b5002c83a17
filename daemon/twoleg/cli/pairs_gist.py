"""What differs between the two markets of a pair, in a few lines: the head of the sheet. Pure."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from twoleg.cli.columns import Ink, Word, words
from twoleg.matching.diff import Side, safe, word_diff
from twoleg.storage.pair_rows import PairRow

NAME_CHARS_MAX: Final = 60
KEYS_MAX: Final = 12
"""Words of one side that are listed; the texts below mark them all."""
DAY_MS: Final = 86_400_000
HOUR_MS: Final = 3_600_000
# Where two texts differ in one of these, they differ in what they settle on.
_KEY: Final = re.compile(
    r"\d|^\W*(?:no|not|nor|never|cannot|\w+n['\u2019]t|unless|except\w*|only|solely|regardless"
    r"|before|after|by|until|till|through|within|between|during|prior|later|earlier|inclusive"
    r"|exclusive|including|excluding|or|either|both|any|all|each|every|none|least|most|more|less"
    r"|fewer|than|above|below|over|under|exactly|exceeds?|tie[sd]?|draws?|cancel\w*|postpone\w*"
    r"|void\w*|forfeit\w*|overtime|regulation|extra|penalt\w+|announce\w*|official\w*|preliminary"
    r"|revis\w+|death|dies?|died)\W*$",
    re.IGNORECASE,
)


def is_key(word: str) -> bool:
    """Whether a text that lacks this word may settle otherwise."""
    return _KEY.search(word) is not None


def gist(row: PairRow, closes_ms: Sequence[int], rules: Sequence[str]) -> Iterator[list[Word]]:
    """Facets, payout at worst, closes (Unix ms) and deciding words; Kalshi's side first."""
    for facet in row.facets:
        if not facet.is_equal:
            sign = "!" if facet.hard else "~"
            yield words(f"{sign} {_named(facet.name)}: {_named(facet.verdict)}", Ink.BAD)
    short = [tail for tail in row.tails if tail.worst_payout_e4 < 10_000]
    if short:
        worst_e4 = min(tail.worst_payout_e4 for tail in short)
        cases = ", ".join(_named(tail.name) for tail in short)
        amount = f"${worst_e4 // 10_000}.{worst_e4 % 10_000 // 100:02d}"
        yield words(
            f"! a contract on each side may pay {amount} together instead of $1: {cases}", Ink.BAD
        )
    apart = _apart(*closes_ms)
    if apart:
        yield words(f"~ {apart}")
    for venue, found in zip(("Kalshi", "Polymarket"), _keys(*rules), strict=True):
        if found:
            more = f" and {len(found) - KEYS_MAX} more" if len(found) > KEYS_MAX else ""
            yield words(
                f"~ deciding words of {venue}'s rules alone: {' · '.join(found[:KEYS_MAX])}{more}"
            )
    if row.facets and all(facet.is_equal for facet in row.facets) and not short:
        yield words("Every facet agrees. The rules are yours to read.", Ink.GOOD)


def _apart(kalshi_ms: int, polymarket_ms: int) -> str:
    distance_ms = abs(kalshi_ms - polymarket_ms)
    if not kalshi_ms or not polymarket_ms or distance_ms < HOUR_MS:
        return ""
    later, earlier = ("Kalshi", "Polymarket")[:: 1 if kalshi_ms > polymarket_ms else -1]
    days, hours = distance_ms // DAY_MS, distance_ms // HOUR_MS
    told = _counted(days, "day") if days > 1 else _counted(hours, "hour")
    return f"{later} closes {told} after {earlier}"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _keys(kalshi: str, polymarket: str) -> tuple[list[str], list[str]]:
    """Deciding words in what only one text has, in order and once; none if a text is missing."""
    left: dict[str, None] = {}
    right: dict[str, None] = {}
    if kalshi.strip() and polymarket.strip():
        for piece in word_diff(kalshi, polymarket):
            if piece.side is not Side.SAME:
                left.update(dict.fromkeys(_found(piece.left)))
                right.update(dict.fromkeys(_found(piece.right)))
    return list(left), list(right)


def _found(text: str) -> list[str]:
    found = (
        word.text.strip(".,;:!?\"'()[]\u201c\u201d").lower()
        for word in words(text)
        if is_key(word.text)
    )
    return [_named(word) for word in found if word]


def _named(text: str) -> str:
    return safe(text, NAME_CHARS_MAX)
