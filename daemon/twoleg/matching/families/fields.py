"""What a contest's structured names say of its period and metric, held against its title.

Series tickers, slugs and market types narrow a market where its title may not ("KXNBA1HTOTAL",
"...-1h-total-110pt5", `first_half_totals`). They decide nothing alone; a card whose title says less
than they do is unread.
"""

import re

from twoleg.matching.listing import PolymarketListing
from twoleg.matching.texts import fold, words

_NARROW = frozenset({
    "first", "second", "third", "fourth", "1st", "2nd", "3rd", "4th", "half", "halftime", "1h",
    "2h", "1q", "2q", "3q", "4q", "quarter", "period", "inning", "innings", "five", "f3", "f5",
    "f7", "overtime", "regulation", "team", "player", "series", "round", "exact", "completed",
    "game1", "game2", "game3", "game4", "game5", "game6", "game7", "corners", "cards", "child",
})  # fmt: skip
_SERIES = re.compile(
    r"[12]H(?![A-Z]*GAME)|[1-4]Q|HALF|QUARTER|TEAM|F[357]|RFI|INNING|PERIOD|SERIES|PLAYER|OVERTIME"
    r"|CORNER|CARD"
)
_PARTS = re.compile(r"SET|MAP|ROUND")
_METRICS = {
    "moneyline": "win", "winner": "win", "result": "win", "spreads": "spread", "spread": "spread",
    "handicap": "spread", "handicaps": "spread", "totals": "total", "total": "total",
    "btts": "btts", "both": "btts", "draw": "draw", "nrfi": "run", "yrfi": "run",
}  # fmt: skip
_ITEM = re.compile(
    r"\b(?:map|game|set|round|inning|quarter|period) \d\b|\b[12]h\b|\b[1-4]q\b|\bhalf ?time\b"
    r"|\b(?:first|second|third|fourth|1st|2nd|3rd|4th) (?:half|set|map|quarter|innings?|period|five"
    r"|5)"
    r"|\bregulation\b|\bteam total\b"
)
"""What a market's label among its siblings says of less than the whole contest."""

_DATE = re.compile(r"20\d\d-\d\d-\d\d")


def series_fault(ticker: str, league: str, metric: str, period: str) -> str:
    """Why the ticker's series is not of this metric and period, or ""."""
    rest = ticker.split("-", 1)[0].upper().removeprefix("KX").removeprefix(league.upper())
    if period != "match":
        return ""
    parts = _PARTS.search(rest) if metric not in {"total", "spread"} else None
    return "series of the ticker" if parts or _SERIES.search(rest) else ""


def slug_fault(listing: PolymarketListing, metric: str, period: str) -> str:
    """Why slug and market type are not of this metric and period, or ""."""
    kind = words(fold(listing.sports_market_type).replace("_", " "))
    tail = _DATE.split(listing.slug, maxsplit=1)[-1] if listing.slug else ""
    if kind and not _fits(kind, metric, period):
        return "market type against text"
    parts = words(fold(tail).replace("-", " "))
    if period == "match" and _NARROW.intersection(parts):
        return "slug against text"
    if period == "match" and _ITEM.search(fold(listing.group_item_title)):
        return "group item against text"
    if metric != "win" or period != "match":
        return ""
    # A two-way game has the bare slug; "will X win" adds X's code or name to it.
    is_yes_no = {fold(label) for label in listing.outcomes} == {"yes", "no"}
    is_plain = not tail or (is_yes_no and not {"exact", "score", *_METRICS}.intersection(parts))
    return "" if is_plain else "slug against text"


def _fits(kind: tuple[str, ...], metric: str, period: str) -> bool:
    named = {_METRICS[part] for part in kind if part in _METRICS}
    # A draw is one of the three results of a game.
    if not named & ({metric, "win"} if metric == "draw" else {metric}):
        return False
    if period == "match":
        return not _NARROW.intersection(kind)
    return not period.startswith("half") or bool({"half", "halftime"}.intersection(kind))
