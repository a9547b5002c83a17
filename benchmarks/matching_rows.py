"""Readers of the matching benchmark's files, and its texts-only mode.

Labelled and catalogue rows lack fields the venues publish (`yes_sub_title`, `outcomes`, the start
of a game). The texts-only mode fills such gaps of a listing before the product's own code sees it:
the YES side from the ticker's suffix resolved to a name of the title, the outcomes from the order
of the question, the day of a game from the end date. The product never does: it would guess.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import msgspec

from twoleg.matching.dates import parse_day, slug_day
from twoleg.matching.families.titles import kalshi_league, split_title, sport_of
from twoleg.matching.listing import (
    KalshiListing,
    PolymarketListing,
    read_kalshi,
    read_polymarket,
)
from twoleg.matching.names import league_of
from twoleg.matching.texts import fold, spoken, words

Row = Mapping[str, object]

_WEEK_LATER = timedelta(days=6)
"""How long after a game of baseball or cricket its market ends, as rows without a time say it."""

_EASTERN_HOSTS = frozenset({
    "atlanta braves", "baltimore orioles", "boston red sox", "cincinnati reds",
    "cleveland guardians", "detroit tigers", "miami marlins", "new york mets", "new york yankees",
    "philadelphia phillies", "pittsburgh pirates", "tampa bay rays", "toronto blue jays",
    "washington nationals",
})  # fmt: skip
"""Elsewhere a night game begins on the next day in UTC, and a series goes on that day."""

_DATE_CODE = re.compile(r"^\d\d[A-Z]{3}\d\d(?:\d{4})?|^\d\d(?=[A-Z]+R\d$)|(?<=[A-Z])R\d$")
_CLUB_CODES = {
    "avl": "villa", "bmg": "monchengladbach", "bsc": "hertha", "bvb": "dortmund", "cpv": "verde",
    "esp": "spain", "hsv": "hamburg", "ol": "lyon", "om": "marseille", "rbl": "leipzig",
    "rcl": "lens", "rcs": "strasbourg", "scf": "freiburg", "sge": "frankfurt", "sgf": "furth",
    "svw": "bremen", "tsg": "hoffenheim", "vfb": "stuttgart", "wob": "wolfsburg",
}  # fmt: skip
"""Codes of clubs and countries (their own, and those of FIFA) that do not abbreviate their name in
a title: a word of that name."""

_HAS_DRAW = frozenset({"soccer", ""})


def rows(path: Path) -> Iterator[dict[str, object]]:
    """The JSON objects of a file, one a line; lines that are none are left out."""
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            try:
                row = json.loads(line)
            except ValueError:
                continue
            if isinstance(row, dict):
                yield row


def labelled_kalshi(row: Row) -> KalshiListing:
    """The Kalshi half of a labelled row."""
    ticker = _text(row, "kalshi_ticker")
    return filled_kalshi(
        KalshiListing(
            ticker=ticker,
            title=_text(row, "kalshi_title"),
            event_title=_text(row, "kalshi_event_title"),
            subtitle=_text(row, "kalshi_subtitle"),
            rules_primary=_text(row, "kalshi_rules"),
            close_time=_text(row, "kalshi_close"),
            is_multi_leg=ticker.upper().startswith("KXMVE"),
        )
    )


def labelled_polymarket(row: Row) -> PolymarketListing:
    """The Polymarket half of a labelled row."""
    return filled_polymarket(
        PolymarketListing(
            market_id=_text(row, "poly_id"),
            question=_text(row, "poly_question"),
            slug=_text(row, "poly_slug"),
            description=_text(row, "poly_description"),
            end_time=_text(row, "poly_end"),
        )
    )


def catalogue_kalshi(row: Row) -> Iterator[KalshiListing]:
    """Kalshi listings of a raw row: a market object, or one of the older and thinner shapes."""
    children = row.get("child_markets")
    if isinstance(children, list):
        parent = {"title": row.get("title")}
        for child in children:
            if isinstance(child, dict):
                ids = {"ticker": child.get("platform_id"), "close_time": row.get("deadline")}
                yield filled_kalshi(read_kalshi({**child, **ids}, parent))
        return
    event = _mapping(row.get("_event"))
    if "event_title" in row:
        event = {"title": row["event_title"]}
    copy = dict(row)
    copy.setdefault("ticker", row.get("ticker_name"))
    copy.setdefault("close_time", row.get("close_date"))
    copy.setdefault("yes_sub_title", row.get("name"))
    listing = read_kalshi(copy, event)
    title, dash, tail = listing.title.rpartition(" — ")
    if dash and not listing.yes_sub_title:
        listing = msgspec.structs.replace(listing, title=title, yes_sub_title=tail)
    yield filled_kalshi(listing)


def catalogue_polymarket(row: Row) -> Iterator[PolymarketListing]:
    """Polymarket listings of a raw row: a Gamma market, or an event with children."""
    children = row.get("child_markets")
    if isinstance(children, list):
        parent = {"title": row.get("title"), "id": row.get("platform_event_id")}
        for child in children:
            if isinstance(child, dict):
                copy = {"id": child.get("platform_id"), "question": child.get("title")}
                copy["endDate"] = row.get("deadline")
                yield filled_polymarket(read_polymarket(copy, parent))
        return
    copy = dict(row)
    copy.setdefault("endDate", row.get("closedTime"))
    yield filled_polymarket(read_polymarket(copy, _mapping(row.get("_event")) or None))


def filled_kalshi(listing: KalshiListing) -> KalshiListing:
    """The YES side out of the ticker's suffix, where the listing lacks it."""
    said = fold(listing.yes_sub_title or listing.subtitle)
    if said:
        return listing
    side = _side_of_suffix(listing)
    return msgspec.structs.replace(listing, yes_sub_title=side) if side else listing


def filled_polymarket(listing: PolymarketListing) -> PolymarketListing:
    """Outcomes in the order of the question and the day of a game, where the listing lacks them."""
    changes: dict[str, object] = {}
    if not listing.outcomes:
        changes["outcomes"] = _outcomes(listing.question, listing.event_title)
    if not listing.game_start_time and slug_day(listing.slug) is None:
        day = parse_day(listing.end_time)
        is_bare = len(listing.end_time) == len("2026-05-22")
        if day is not None and is_bare and (_is_eastern(listing) or _is_ipl(listing)):
            changes["game_days"] = ((day - _WEEK_LATER).isoformat(),)
        elif day is not None:
            # Dates without a time in such rows lie up to a day before the game; tennis markets end
            # a week after it, and two players do not meet twice in a week.
            first = -7 if re.search(r"\bset \d winner\b", fold(listing.question)) else 0
            changes["game_days"] = tuple(
                (day + timedelta(days=days)).isoformat() for days in range(first, 2)
            )
    return msgspec.structs.replace(listing, **changes)


def _is_eastern(listing: PolymarketListing) -> bool:
    """Whether a question is of a baseball game played where its day is the day in UTC as well."""
    question = split_title(listing.question, allow_at=False).sides
    sides = question or split_title(listing.event_title, allow_at=False).sides
    return league_of(sides) == "mlb" and len(sides) == 2 and sides[1] in _EASTERN_HOSTS


def _is_ipl(listing: PolymarketListing) -> bool:
    return fold(listing.question).startswith("indian premier league: ")


def _outcomes(question: str, event_title: str) -> tuple[str, str]:
    text = spoken(fold(question)).rstrip("?! ")
    if re.search(r"\bo/u\b|\bover/under\b", text):
        return ("Over", "Under")
    parts = split_title(question, allow_at=False)
    metrics = {phrase.metric for phrase in parts.phrases}
    asks = text.startswith("will ") or metrics & {"draw", "btts", "run", "completed"}
    if asks or "leading at half" in text:
        return ("Yes", "No")
    if "spread" in metrics:
        sides = parts.sides
        if len(sides) < 2:
            sides = split_title(event_title, allow_at=False).sides
        rest = [side for side in sides if fold(side) != fold(parts.subject)]
        if len(rest) != 1:
            rest = [side for side in sides if not set(words(side)) & set(words(parts.subject))]
        return (parts.subject, rest[0] if rest else "the other side")
    return (parts.sides[0], parts.sides[1]) if len(parts.sides) == 2 else ("Yes", "No")


def _side_of_suffix(listing: KalshiListing) -> str:
    """The side a game ticker's last part stands for, if its codes fit the title's names one way."""
    parts = listing.ticker.upper().split("-")
    if len(parts) < 3 or not _DATE_CODE.match(parts[1]):
        return ""
    codes, suffix = _DATE_CODE.sub("", parts[1]), parts[-1]
    if not (codes.startswith(suffix) or codes.endswith(suffix)):
        if suffix == "TIE" and sport_of(kalshi_league(listing.ticker)) in _HAS_DRAW:
            return "Tie"
        # A spread's suffix ends in its line: "GIR2".
        suffix = suffix.rstrip("0123456789")
    other = codes.removeprefix(suffix) if codes.startswith(suffix) else codes.removesuffix(suffix)
    sides = split_title(listing.title, allow_at=True).sides
    if len(sides) != 2:
        sides = split_title(listing.event_title, allow_at=True).sides
    if len(sides) != 2 or not suffix or not other or other == codes:
        return ""
    return _by_club_code(suffix, other, sides) or _resolved(suffix, other, sides)


def _by_club_code(suffix: str, other: str, sides: tuple[str, ...]) -> str:
    """The side of a code that clubs are known by, or the one that the other code leaves."""
    known = [_CLUB_CODES.get(code.casefold(), "") for code in (suffix, other)]
    found = [[side for side in sides if name and name in words(fold(side))] for name in known]
    if len(found[0]) == 1:
        return found[0][0]
    if len(found[1]) == 1:
        return next((side for side in sides if side != found[1][0]), "")
    return ""


def _resolved(suffix: str, other: str, sides: tuple[str, ...]) -> str:
    """The side the suffix abbreviates: one must be clear, and better than the other way round."""
    plain = [re.sub(r"\s+(?:winner|match|game)$", "", side) for side in sides]
    for one, two in ((suffix, other), (_without_form(suffix), _without_form(other))):
        first = _fit(one, plain[0]), _fit(two, plain[1])
        second = _fit(one, plain[1]), _fit(two, plain[0])
        if sum(first) == sum(second):
            continue
        best, worst, side = (
            (first, second, plain[0]) if sum(first) > sum(second) else (second, first, plain[1])
        )
        if max(best) >= 2 or (min(best) == 1 and max(worst) == 0):
            return side
    return ""


def _without_form(code: str) -> str:
    """A club's code without its legal form and founding year: FCM is Metz, M05 is Mainz."""
    return re.sub(r"^FC(?=.)|(?<=[A-Z])\d+$", "", code)


def _fit(code: str, name: str) -> int:
    """How well a code abbreviates a name: 3 starts of words, 2 consonants, 1 letters, 0 neither."""
    parts = list(words(fold(name).replace("-", " ")))
    code = code.casefold()
    joined = "".join(parts)
    if not parts:
        return 0
    if joined.startswith(code) or any(
        "".join(parts[i:]).startswith(code) for i in range(len(parts))
    ):
        return 3
    if _by_starts(code, parts):
        return 3
    if len(code) >= 3 and code == re.sub(r"[aeiou]", "", joined):
        return 2
    position = -1
    for letter in code:
        position = joined.find(letter, position + 1)
        if position < 0:
            return 0
    return 1 if any(word.startswith(code[0]) for word in parts) else 0


def _by_starts(code: str, parts: list[str]) -> bool:
    """Whether the code is made of beginnings of the words, in order."""
    if not code:
        return True
    for index, word in enumerate(parts):
        for size in range(min(len(code), len(word)), 0, -1):
            if word.startswith(code[:size]) and _by_starts(code[size:], parts[index + 1 :]):
                return True
    return False


def _mapping(value: object) -> Row:
    return value if isinstance(value, dict) else {}


def _text(row: Row, key: str) -> str:
    value = row.get(key)
    return str(value) if isinstance(value, str | int) else ""
