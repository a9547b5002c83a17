"""What several families read alike."""

from twoleg.matching.dates import parse_day, parse_instant
from twoleg.matching.listing import KalshiListing, Listing, PolymarketListing
from twoleg.matching.texts import RULES_CHARS_MAX, fold


def outcome_pays(listing: PolymarketListing) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What each label of a yes/no market pays on, and what was not understood of the labels."""
    labels = [fold(label) for label in listing.outcomes]
    if sorted(labels) != ["no", "yes"]:
        return (), ("outcome labels",)
    return tuple(labels), ()


def end_year(listing: Listing) -> int:
    """The year a market ends in by the venue's own field; 0 if unknown."""
    raw = listing.close_time if isinstance(listing, KalshiListing) else listing.end_time
    day = parse_day(raw)
    return day.year if day else 0


def has_death_rule(listing: Listing) -> bool:
    """Whether the rules treat a death apart (a carve-out that one venue has and the other not).

    Kalshi settles leader markets at the last price before a death (its Rule 6.3, 2026-03).
    """
    if isinstance(listing, KalshiListing):
        text = f"{listing.rules_primary} {listing.rules_secondary}"
    else:
        text = listing.description
    folded = fold(text, RULES_CHARS_MAX)
    return any(word in folded for word in (" death", " dies", " deceased", " passes away"))


def last_instant(raw: str) -> str:
    """A time stamp as an ISO text for reasons, or the text as it stands."""
    instant = parse_instant(raw)
    return instant.isoformat() if instant else raw
