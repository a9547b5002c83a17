"""A small catalogue of markets in a real database, made of listings."""

import msgspec

from tests.unit.matching.support import kalshi, polymarket
from tests.unit.storage.support import RealClock
from twoleg.core.fingerprint import rules_fingerprint
from twoleg.core.market import FeeSchedule, Market, MarketId, PriceGrid, Venue
from twoleg.matching.listing import KalshiListing, PolymarketListing, fingerprint
from twoleg.storage.catalogue import CatalogueStore, StoredMarket
from twoleg.storage.database import Connection

START = "2026-05-16T17:10:00Z"
GAME_START = "2026-05-16 17:10:00+00"
RULES = (
    "If {} wins the game, the market resolves to Yes. A cancelled game resolves to a fair price."
)
DESCRIPTION = "This market resolves to the winner. A cancelled game resolves 50-50."
CLOSE_MS = 1_779_000_000_000


def condition(number: int) -> str:
    return f"0x{number:064x}"


def game(number: int, home: str, away: str) -> tuple[KalshiListing, PolymarketListing]:
    """A baseball game on both venues; YES is the home team."""
    left = kalshi(
        f"KXMLBGAME-26MAY161310G{number}-H",
        f"{away} vs {home} Winner?",
        home,
        event_ticker=f"KXMLBGAME-26MAY161310G{number}",
        occurrence_time=START,
        rules_primary=RULES.format(home),
    )
    right = polymarket(
        f"{away} vs. {home}",
        (away, home),
        market_id=str(9000 + number),
        condition_id=condition(number),
        event_id=f"e{number}",
        slug=f"mlb-g{number}-2026-05-16",
        game_start_time=GAME_START,
        token_ids=(f"{number}1", f"{number}2"),
        description=DESCRIPTION,
    )
    return left, right


def stored(listing: KalshiListing | PolymarketListing, *, is_open: bool = True) -> StoredMarket:
    if isinstance(listing, KalshiListing):
        venue, native_id, title = Venue.KALSHI, listing.ticker, listing.title
        rules = "\n".join(filter(None, (listing.rules_primary, listing.rules_secondary)))
        tokens: dict[str, str] = {}
    else:
        venue, native_id, title = Venue.POLYMARKET, listing.condition_id, listing.question
        rules = listing.description
        tokens = dict(zip(listing.outcomes, listing.token_ids, strict=False))
    market = Market(
        id=MarketId(f"{venue.value}:{native_id}"),
        venue=venue,
        native_id=native_id,
        grid=PriceGrid.uniform(100),
        fees=FeeSchedule(rate_e6=0),
        title=title,
        rules=rules,
    )
    return StoredMarket(
        venue=venue,
        native_id=native_id,
        event="",
        series="",
        status="open" if is_open else "closed",
        is_open=is_open,
        title=title,
        rules=rules,
        listing=msgspec.json.encode(listing),
        terms=b"{}",
        rules_fingerprint=rules_fingerprint(market),
        content_hash=f"{fingerprint(listing)}{is_open}",
        tokens=tokens,
        close_ts_ms=CLOSE_MS,
    )


def stored_both(
    couple: tuple[KalshiListing, PolymarketListing],
) -> tuple[StoredMarket, StoredMarket]:
    return stored(couple[0]), stored(couple[1])


async def put(connection: Connection, mode: str, *markets: StoredMarket) -> None:
    """What a sync would bring."""
    store = CatalogueStore(connection, mode, RealClock())
    for venue in Venue:
        await store.refresh(venue, [market for market in markets if market.venue is venue])
