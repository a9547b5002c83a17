"""What several families read alike."""

from twoleg.matching.dates import parse_day
from twoleg.matching.listing import KalshiListing, Listing, PolymarketListing
from twoleg.matching.texts import fold


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
