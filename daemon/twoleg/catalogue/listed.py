"""From a row of the catalogue to what pairing needs of it."""

import msgspec

from twoleg.catalogue.judging import Known
from twoleg.core.market import Venue
from twoleg.matching.card import Card
from twoleg.matching.listing import KalshiListing, Listing, PolymarketListing
from twoleg.storage.catalogue import StoredMarket


def to_listing(stored: StoredMarket) -> Listing:
    """The listing that a row holds."""
    if stored.venue is Venue.KALSHI:
        return msgspec.json.decode(stored.listing, type=KalshiListing)
    return msgspec.json.decode(stored.listing, type=PolymarketListing)


def to_known(stored: StoredMarket, card: Card) -> Known:
    """What pairing needs of a market whose card was read."""
    return Known(
        native_id=stored.native_id,
        card=card,
        rules_fingerprint=stored.rules_fingerprint,
        content_hash=stored.content_hash,
        has_rules=bool(stored.rules.strip()),
    )
