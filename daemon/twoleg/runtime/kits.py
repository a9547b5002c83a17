"""Both venues opened for a run, and which ports it trades through: the real ones, or paper.

In paper mode the order ports and accounts are replaced by paper ones; market data stays real, and
no key is needed for Polymarket (Kalshi wants one even for public data over its WebSocket).
"""

from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Final

from twoleg.core.book import Book
from twoleg.core.market import MarketId, Venue
from twoleg.runtime.kalshi_kit import open_kalshi
from twoleg.runtime.kit import Kit, Seams, Sinks
from twoleg.runtime.ledger import Ledger
from twoleg.runtime.paper import PaperAccount, PaperVenue
from twoleg.runtime.patience import Patience
from twoleg.runtime.polymarket_kit import open_polymarket
from twoleg.settings import Mode, Settings
from twoleg.venues.polymarket.orders import ExpectedCash
from twoleg.venues.ports import AccountPort, OrderPort

__all__ = [
    "Kit",
    "Seams",
    "Sinks",
    "choose_ports",
    "open_kalshi",
    "open_kits",
    "open_polymarket",
]

SHARDS: Final = 4
"""On paper each of Kalshi's shards holds cash (docs, exchange sharding, 2026-09-03)."""


async def open_kits(
    settings: Settings,
    seams: Seams,
    stack: AsyncExitStack,
    expected_cash: ExpectedCash,
    patience: Patience,
) -> list[Kit]:
    """Assemble both venues and ask how we stand with them; `stack` closes them.

    Raises:
        CredentialError, VenueRejected: one of them cannot be traded on.
        VenueUnavailable: one could not be asked until a stop was asked for.
    """
    kalshi = open_kalshi(settings, seams)
    stack.push_async_callback(kalshi.close)
    is_paper = settings.daemon.mode is Mode.PAPER
    polymarket = await patience.ask(
        "polymarket",
        lambda: open_polymarket(
            settings, seams, needs_account=not is_paper, expected_cash=expected_cash
        ),
    )
    stack.push_async_callback(polymarket.close)
    kits = [kalshi, polymarket]
    for kit in kits:
        await patience.ask(kit.venue.value, kit.look_around)
    return kits


def choose_ports(
    kits: list[Kit],
    settings: Settings,
    seams: Seams,
    book_of: Callable[[MarketId], Book | None],
    ledger: Ledger,
) -> tuple[dict[Venue, OrderPort], dict[Venue, AccountPort]]:
    """Order ports and accounts by venue.

    `book_of` is what paper orders fill against; a paper account holds what `ledger` says.
    """
    orders: dict[Venue, OrderPort] = {}
    accounts: dict[Venue, AccountPort] = {}
    for kit in kits:
        if settings.daemon.mode is Mode.PAPER or kit.orders is None or kit.account is None:
            orders[kit.venue] = _paper(kit.venue, settings, seams, book_of)
            opening = int(settings.paper.cash_dollars * 1_000_000)
            shards = dict.fromkeys(range(SHARDS), opening)
            accounts[kit.venue] = PaperAccount(kit.venue, ledger, shards)
        else:
            orders[kit.venue], accounts[kit.venue] = kit.orders, kit.account
    return orders, accounts


def _paper(
    venue: Venue, settings: Settings, seams: Seams, book_of: Callable[[MarketId], Book | None]
) -> PaperVenue:
    wanted = settings.paper
    return PaperVenue(
        venue,
        book_of=book_of,
        clock=seams.clock,
        entropy=seams.entropy,
        latency_ms=wanted.latency_ms,
    )
