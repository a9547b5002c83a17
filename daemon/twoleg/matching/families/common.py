"""What several families read alike."""

from twoleg.matching.dates import parse_day, ticker_year
from twoleg.matching.listing import KalshiListing, Listing, PolymarketListing
from twoleg.matching.texts import fold, words


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


def asked_year(listing: KalshiListing) -> int:
    """The year a Kalshi market is about, by its ticker, else by its close; 0 if unknown.

    A number that the title itself says, years from the close, counts seasons or runs and no years:
    "KXDWTS-34" is the 34th season of a show.
    """
    ends, coded = end_year(listing), ticker_year(listing.ticker)
    is_far = bool(coded and ends) and abs(coded - ends) > 1
    if is_far and str(coded % 100) in words(fold(listing.title)):
        return ends
    return coded or ends
