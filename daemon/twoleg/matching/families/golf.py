"""Golf tournaments: a player, a tournament and a finishing level (win, top 5, top 10, top 20).

Ties count alike on both venues (settled pairs of May 2026: 123 winners, 369 top-N, none opposite).
"""

import re

from twoleg.matching.card import Card, Family
from twoleg.matching.dates import take_moments, take_years, ticker_year, without_marks
from twoleg.matching.families.common import end_year, outcome_pays
from twoleg.matching.listing import (
    KalshiListing,
    Listing,
    PolymarketListing,
    event_key,
    fingerprint,
)
from twoleg.matching.texts import fold, words

_SERIES = re.compile(r"^KX(?:PGA|LIV|LPGA|DPW)", re.IGNORECASE)
_TOP = re.compile(r"\btop[ -]?(\d{1,2})(?: finishers?)?\b")
_FINISH = re.compile(
    r"^will (?P<who>.+?) finish (?:in the )?"
    r"top (?P<n>\d{1,2})(?: (?:(?:at|in) )?(?:the )?(?P<event>.+))?$"
)
_IN_A_TABLE = re.compile(r"\btop \d{1,2} of\b")
"""One finishes at a tournament; in the top of a league's table stands a club."""

_WIN = re.compile(r"^will (?P<who>.+?) win (?:the )?(?P<event>.+)$")
_WINNER = re.compile(r"^(?P<event>.+?) winner$")
_GOLF_SLUG = re.compile(r"^20\d\d-.+-(?:winner|top\d+|round)-")
_TURNED = re.compile(
    r"\b(?:not|never|neither|nor|no|both|either|fails?|without|or|and|any|all|none)\b|'s\b|[/&,(]"
)
"""Words of a player's name by which a claim is turned, or of several."""

_NARROWED = re.compile(
    r"\b(?:ties?|tied|excluding|excl|without|among|only|no|not|americans"
    r"|europeans|amateurs|rookies)\b|\bat (?!and t\b)|[()]"
)
"""What stands before or behind a tournament's name where a level counts otherwise."""

_BY_TOUR = re.compile(r"\b(pga|tour) championship\b")
_PRESENTED = re.compile(r" presented by .+$")
_DROPPED = frozenset({
    "the", "pga", "tour", "lpga", "liv", "golf", "of", "at", "in",
})  # fmt: skip


def read(listing: Listing) -> Card | None:
    """The card of a golf market, or None where the listing is none."""
    if isinstance(listing, KalshiListing):
        return _kalshi(listing) if _SERIES.match(listing.ticker) else None
    return _polymarket(listing)


def _kalshi(listing: KalshiListing) -> Card:
    title, years = _dated(listing.title)
    said = fold(listing.yes_sub_title or listing.subtitle)
    event, who, level, unread = "", said, "", []
    head, _, tail = title.partition(": ")
    if match := _FINISH.match(tail or title):
        who, level = match["who"], f"top {match['n']}"
        event = match["event"] or head
    elif (top := _TOP.search(title)) and not title.startswith("will "):
        level = f"top {top[1]}"
        event = (title[: top.start()] + title[top.end() :]).strip(" :-")
    elif match := _WIN.match(tail or title):
        who, level, event = match["who"], "win", match["event"]
    elif match := _WINNER.match(title):
        level, event = "win", match["event"]
    else:
        unread = [title]
    if said and who != said and words(said) != words(who):
        unread.append(f"subject {who} against {said}")
    if " leader" in title or re.search(r"\bround\b|\bcut\b|\bhole\b", title):
        unread.append(title)
    unread += _faults(who, event)
    return Card(
        venue="kalshi", market_id=listing.ticker, fingerprint=fingerprint(listing),
        event=event_key(listing),
        family=Family.GOLF, unread=tuple(unread), metric=level, subject=who,
        words=_event_words(event), years=years, year_guess=ticker_year(listing.ticker),
        ends=listing.close_time, labels=("yes",), pays=("yes",),
    )  # fmt: skip


def _polymarket(listing: PolymarketListing) -> Card | None:
    title, years = _dated(listing.question)
    match = _FINISH.match(title)
    level = f"top {match['n']}" if match else "win"
    if match is None and (
        _GOLF_SLUG.match(listing.slug) or "pga tour" in fold(listing.event_title)
    ):
        match = _WIN.match(title)
    if match is None or not match["event"] or _IN_A_TABLE.search(fold(listing.question)):
        return None
    pays, unread = outcome_pays(listing)
    return Card(
        venue="polymarket", market_id=listing.market_id, fingerprint=fingerprint(listing),
        event=event_key(listing),
        family=Family.GOLF, unread=(*unread, *_faults(match["who"], match["event"])),
        metric=level, subject=match["who"],
        words=_event_words(match["event"]), years=years, year_guess=end_year(listing),
        ends=listing.end_time, labels=listing.outcomes, pays=pays, tokens=listing.token_ids,
    )  # fmt: skip


def _faults(who: str, event: str) -> list[str]:
    """A player who is none, or is said not to; a tournament with a condition beside its name."""
    faults = [f"player {who}"] if _TURNED.search(who) else []
    return [*faults, *([f"tournament {event}"] if _NARROWED.search(event) else [])]


def _dated(text: str) -> tuple[str, tuple[int, ...]]:
    rest, moments = take_moments(fold(text).rstrip("? "))
    if any(moment.relation in {"by", "before", "after"} for moment in moments):
        return "", ()
    rest, years = take_years(rest)
    return " ".join(without_marks(rest).split()), tuple(sorted({m.year for m in years}))


def _event_words(event: str) -> tuple[str, ...]:
    # Two tournaments are called by nothing but their tour.
    named = _BY_TOUR.sub(r"\1championship", _PRESENTED.sub("", event))
    return tuple(word for word in words(named) if word not in _DROPPED)
