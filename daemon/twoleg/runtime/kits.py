"""Both venues assembled: session, orders, account, catalogue and feed of each, from the settings.

In paper mode the order ports and accounts are replaced by paper ones; market data stays real, and
no key is needed for Polymarket (Kalshi wants one even for public data over its WebSocket).
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

import aiohttp

from twoleg.core.market import Market, MarketId, Pair, Venue
from twoleg.errors import CredentialError, VenueRejected
from twoleg.runtime.logs import register_secret
from twoleg.seams import Clock, Entropy, Network
from twoleg.settings import MemberType, Settings, kalshi_key_variable, kalshi_private_key
from twoleg.venues.kalshi.account import KalshiAccount
from twoleg.venues.kalshi.catalogue import KalshiCatalogue
from twoleg.venues.kalshi.feed import KalshiFeed
from twoleg.venues.kalshi.http import KalshiHttp
from twoleg.venues.kalshi.options import KalshiOptions
from twoleg.venues.kalshi.orders import KalshiOrders
from twoleg.venues.kalshi.sign import KalshiSigner, load_private_key
from twoleg.venues.polymarket.account import PolymarketAccount
from twoleg.venues.polymarket.auth import ApiCredentials, RequestSigner
from twoleg.venues.polymarket.catalogue import PolymarketCatalogue
from twoleg.venues.polymarket.feed import PolymarketFeed
from twoleg.venues.polymarket.keys import obtain_credentials
from twoleg.venues.polymarket.options import PolymarketOptions, PolymarketUrls
from twoleg.venues.polymarket.orders import ExpectedCash, PolymarketOrders
from twoleg.venues.polymarket.rest import ClobRest
from twoleg.venues.polymarket.sign import OrderSigner
from twoleg.venues.ports import (
    AccountPort,
    EventSink,
    FeedPort,
    FillSink,
    OrderPort,
)
from twoleg.venues.ratelimit import TokenBucket
from twoleg.venues.transport import HttpExchange, make_session


@dataclass(frozen=True, slots=True)
class Seams:
    """The world as the composition root hands it in."""

    clock: Clock
    entropy: Entropy
    network: Network


@dataclass(frozen=True, slots=True)
class Sinks:
    """Where a feed puts what it reads."""

    on_event: EventSink
    on_fill: FillSink
    on_up: Callable[[], None]


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

    async def close(self) -> None:
        """Close the connections."""
        await self.session.close()


def open_kalshi(settings: Settings, seams: Seams) -> Kit:
    """Assemble Kalshi.

    Raises:
        CredentialError: no usable key; Kalshi asks for one even for market data over WebSocket.
    """
    wanted = settings.kalshi
    pem = kalshi_private_key(wanted).reveal()
    if not wanted.key_id:
        raise CredentialError("kalshi", "KALSHI_API_KEY_ID", "is not set")
    variable = kalshi_key_variable(wanted)
    if not pem:
        raise CredentialError("kalshi", variable, "is not set")
    signer = KalshiSigner(key_id=wanted.key_id, key=load_private_key(pem, variable=variable))
    options = KalshiOptions(
        order_timeout_ms=wanted.order_timeout_ms,
        silence_ms_max=wanted.silence_ms_max,
        # A kill leaves no order behind: without this its lost answer would stay UNKNOWN for ever.
        takes_unlisted_for_killed=True,
        balance_quantum_micros=100 if wanted.member_type is MemberType.DIRECT else 10_000,
        write_capacity=wanted.write_tokens_per_second,
        write_refill_per_s=wanted.write_tokens_per_second,
        write_reserved=wanted.rollback_tokens_reserve,
    )
    session = make_session(seams.network)
    http = KalshiHttp(
        exchange=HttpExchange(session, venue="kalshi"),
        base_url=wanted.rest_url,
        clock=seams.clock,
        signer=signer,
        options=options,
    )

    def make_feed(markets: Iterable[Market], sinks: Sinks) -> FeedPort:
        return KalshiFeed(
            network=seams.network,
            url=wanted.ws_url,
            http=http,
            markets=markets,
            clock=seams.clock,
            entropy=seams.entropy,
            on_event=sinks.on_event,
            on_fill=sinks.on_fill,
            on_up=sinks.on_up,
            options=options,
        )

    catalogue = KalshiCatalogue(http=http, clock=seams.clock, options=options)
    account = KalshiAccount(http=http, options=options)

    async def check(shards: frozenset[int]) -> str:
        open_shards = await account.read_open_shards()
        closed = [shard for shard, is_open in open_shards if shard in shards and not is_open]
        return f"shard {closed[0]} takes no orders" if closed else ""

    return Kit(
        venue=Venue.KALSHI,
        session=session,
        read_market=lambda pair: catalogue.read_market(native_id(pair.kalshi)),
        orders=KalshiOrders(http=http, clock=seams.clock, entropy=seams.entropy, options=options),
        account=account,
        make_feed=make_feed,
        check=check,
    )


async def open_polymarket(
    settings: Settings, seams: Seams, *, needs_account: bool, expected_cash: ExpectedCash
) -> Kit:
    """Assemble Polymarket; creates or derives API credentials where none are configured.

    `expected_cash` tells what our record says of the balance, for look-ups.

    Raises:
        CredentialError: an account is needed and its key is missing or refused.
        VenueUnavailable, VenueRejected: the venue cannot be asked, or wants another order version.
    """
    wanted = settings.polymarket
    options = PolymarketOptions(
        order_timeout_ms=wanted.order_timeout_ms,
        silence_ms_max=wanted.silence_ms_max,
        tokens_per_socket_max=wanted.tokens_per_socket_max,
    )
    urls = PolymarketUrls(
        clob=wanted.clob_url,
        gamma=wanted.gamma_url,
        market_ws=wanted.ws_market_url,
        user_ws=wanted.ws_user_url,
    )
    session = make_session(seams.network)
    http = HttpExchange(session, venue="polymarket")
    try:
        account = None
        if needs_account:
            account = await _account(settings, seams, http, options, expected_cash)
    except BaseException:
        await session.close()
        raise

    def make_feed(markets: Iterable[Market], sinks: Sinks) -> FeedPort:
        return PolymarketFeed(
            network=seams.network,
            clock=seams.clock,
            entropy=seams.entropy,
            markets=markets,
            on_event=sinks.on_event,
            on_fill=sinks.on_fill,
            on_up=sinks.on_up,
            credentials=account[2] if account else None,
            urls=urls,
            options=options,
        )

    catalogue = PolymarketCatalogue(http=http, urls=urls, options=options)

    async def check(shards: frozenset[int]) -> str:
        del shards
        if account is not None:
            try:
                await account[0].check_version()
            except VenueRejected as error:
                return str(error)
        return ""

    return Kit(
        venue=Venue.POLYMARKET,
        session=session,
        read_market=lambda pair: catalogue.read_market(
            native_id(pair.polymarket), pair.polymarket_labels
        ),
        orders=account[0] if account else None,
        account=account[1] if account else None,
        make_feed=make_feed,
        check=check,
    )


async def _account(
    settings: Settings,
    seams: Seams,
    http: HttpExchange,
    options: PolymarketOptions,
    expected_cash: ExpectedCash,
) -> tuple[PolymarketOrders, PolymarketAccount, ApiCredentials]:
    wanted = settings.polymarket
    if not wanted.private_key:
        raise CredentialError("polymarket", "POLYMARKET_PRIVATE_KEY", "is not set")
    signer = OrderSigner(
        wanted.private_key.reveal(), wanted.chain_id, wanted.signature_type, wanted.funder
    )
    if wanted.api_key and wanted.api_secret and wanted.api_passphrase:
        credentials = ApiCredentials(
            wanted.api_key.reveal(), wanted.api_secret.reveal(), wanted.api_passphrase.reveal()
        )
    else:
        credentials = await obtain_credentials(
            http=http,
            clock=seams.clock,
            signer=signer,
            base_url=wanted.clob_url,
            options=options,
        )
    for secret in (credentials.key, credentials.secret, credentials.passphrase):
        register_secret(secret)
    rest = ClobRest(
        http=http,
        clock=seams.clock,
        signer=RequestSigner(signer.address, credentials),
        base_url=wanted.clob_url,
        options=options,
    )
    account = PolymarketAccount(rest=rest, signature_type=wanted.signature_type, options=options)
    orders = PolymarketOrders(
        rest=rest,
        signer=signer,
        clock=seams.clock,
        entropy=seams.entropy,
        bucket=TokenBucket(
            clock=seams.clock,
            capacity=wanted.write_tokens_per_second,
            refill_per_s=wanted.write_tokens_per_second,
            reserved=wanted.rollback_tokens_reserve,
        ),
        account=account,
        options=options,
        expected_cash=expected_cash,
    )
    await orders.check_version()
    return orders, account, credentials


def native_id(market_id: MarketId) -> str:
    """The venue's own name of a market: what stands behind the venue in its id."""
    return market_id.partition(":")[2]
