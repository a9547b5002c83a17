"""What the runtime needs of one venue, and where that puts what it reads.

A kit is assembled from the settings in `kalshi_kit` and `polymarket_kit`; nothing else in the
runtime knows the venues' own classes.
"""

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from twoleg.core.events import LegAnswer
from twoleg.core.market import Market, MarketId, Pair, Venue
from twoleg.core.orders import OrderRef
from twoleg.seams import Clock, Entropy, Network
from twoleg.venues.ports import AccountPort, EventSink, FeedPort, FillSink, OrderPort

SideWork = Mapping[str, Callable[[], Coroutine[Any, Any, None]]]
"""Named work beside the feeds, for as long as orders may be open; each call begins it anew."""
GapSink = Callable[[tuple[OrderRef, ...]], Coroutine[None, None, None]]


@dataclass(frozen=True, slots=True)
class Seams:
    """The world as the composition root hands it in."""

    clock: Clock
    entropy: Entropy
    network: Network


def _hear_nothing(market_id: MarketId) -> None:
    """Keep no catalogue."""
    del market_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """Where a feed puts what its venue pushes beside books and fills. Plain calls, no awaits.

    Pushes may be lost, late or out of order: they are a reason to read, never evidence.
    """

    on_order: Callable[[Venue, str, str], None]
    """(venue, order key, the venue's order id): an order of this account changed."""
    on_position: Callable[[MarketId, int], None]
    """(market, signed YES holding in micro-contracts): it is that now."""
    on_terms: Callable[[MarketId, str], None]
    """(market, what the venue says): its terms or its life changed, or may have."""
    on_end: Callable[[MarketId, str], None]
    """(market, payouts): it is resolved. Per outcome in 1/10 000 dollar, as `name=e4` with commas
    between; the name is Polymarket's token, or yes and no on Kalshi."""
    on_listed: Callable[[MarketId], None] = _hear_nothing
    """A market of the venue, followed or not, was made, or what the catalogue has of it changed."""


@dataclass(frozen=True, slots=True)
class Sinks:
    """Where a feed puts what it reads; without `hints` only books and fills are asked for."""

    on_event: EventSink
    on_fill: FillSink
    on_up: Callable[[Venue], None]
    """A venue's private stream is there, for the first time or again."""
    hints: Hints | None = None


async def _ask_nothing() -> None:
    """Ask a venue that has nothing to tell."""


async def _find_no_fault(markets: Iterable[Market]) -> None:
    """Check a wallet that needs no approvals."""
    del markets


async def _agree(age_ms_max: int) -> int:
    """Tell no skew: nothing is signed or timed by this venue's clock."""
    del age_ms_max
    return 0


async def _tell_no_end(market_id: MarketId) -> str:
    """Poll nothing: the venue tells ends in its market's terms."""
    del market_id
    return ""


@dataclass(frozen=True, slots=True)
class Kit:
    """One venue, ready to use. `orders` and `account` are None where no key was given."""

    venue: Venue
    session: aiohttp.ClientSession
    read_market: Callable[[Pair], Awaitable[Market]]
    """Terms of a pair's market on this venue; raises VenueError."""
    orders: OrderPort | None
    account: AccountPort | None
    make_feed: Callable[[Iterable[Market], Sinks], FeedPort]
    check: Callable[[frozenset[int]], Awaitable[str]]
    """Why these shards take no orders now, or nothing; keeps the connection warm. VenueError."""
    look_around: Callable[[], Awaitable[None]] = _ask_nothing
    """How we stand with the venue, asked once at the start.

    Raises CredentialError or VenueRejected where orders would go out and be refused; what cannot
    be asked is only told.
    """
    check_wallet: Callable[[Iterable[Market]], Awaitable[None]] = _find_no_fault
    """Tell what is missing to trade these markets; never raises for it."""
    is_assumed_open: Callable[[], bool] = lambda: False
    """Whether `check` finds it open only because a pause of ours is over; it has not said so."""
    note_refusal: Callable[[LegAnswer, int], bool] = lambda _answer, _shard: False
    """Learn from an order that was not taken on a shard; True: the venue may be closed now."""
    follow: Callable[[Market], None] = lambda _market: None
    """Let the feed follow one more market, or know new terms of one that it follows."""
    unfollow: Callable[[Iterable[MarketId]], None] = lambda _market_ids: None
    """Let the feed follow these no longer; unknown ones are left out."""
    forget_terms: Callable[[], None] = lambda: None
    """Take nothing of what was read before for the next reading of terms."""
    read_end: Callable[[MarketId], Awaitable[str]] = _tell_no_end
    """Payouts of a market that is resolved, as for `Hints.on_end`; else nothing. VenueError."""
    make_side_work: Callable[[GapSink], SideWork] = lambda _on_gap: {}
    """What must run beside the feeds; the sink gets orders that a silence put in doubt."""
    read_skew_ms: Callable[[int], Awaitable[int]] = _agree
    """The venue's wall clock minus ours in ms, as well as the venue lets; measured anew unless that
    was done within so many ms. Where the venue does not answer, as last measured."""
    read_lag_ms: Callable[[], int] = lambda: 0
    """How late the feed's frames arrive, in ms; 0 where the venue does not tell."""

    async def close(self) -> None:
        """Close the connections."""
        await self.session.close()


def native_id(market_id: MarketId) -> str:
    """The venue's own name of a market: what stands behind the venue in its id."""
    return market_id.partition(":")[2]
