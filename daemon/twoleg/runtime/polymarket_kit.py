"""Polymarket assembled from the settings."""

from collections.abc import Iterable
from functools import partial
from typing import Final, NamedTuple

import structlog

from twoleg.core.ends import write_ends
from twoleg.core.events import LegAnswer
from twoleg.core.market import Market, MarketId, Pair, Venue
from twoleg.errors import CredentialError, VenueRejected
from twoleg.runtime.kit import GapSink, Hints, Kit, Seams, SideWork, Sinks, native_id
from twoleg.runtime.logs import register_secret
from twoleg.runtime.standing import alarm_allowances, require_access
from twoleg.settings import Mode, Settings
from twoleg.settings.model import PolymarketSettings
from twoleg.venues.polymarket.account import PolymarketAccount
from twoleg.venues.polymarket.activity import Activity
from twoleg.venues.polymarket.auth import ApiCredentials, RequestSigner
from twoleg.venues.polymarket.catalogue import PolymarketCatalogue
from twoleg.venues.polymarket.feed import PolymarketFeed, PushSinks
from twoleg.venues.polymarket.gate import TradingState
from twoleg.venues.polymarket.geoblock import probe_geoblock
from twoleg.venues.polymarket.keys import obtain_credentials
from twoleg.venues.polymarket.options import PolymarketOptions, PolymarketUrls
from twoleg.venues.polymarket.order_updates import OrderState, OrderUpdate
from twoleg.venues.polymarket.orders import ExpectedCash, PolymarketOrders
from twoleg.venues.polymarket.resolution import Resolution, ResolutionState
from twoleg.venues.polymarket.rest import ClobRest
from twoleg.venues.polymarket.server_clock import ServerClock
from twoleg.venues.polymarket.sign import OrderSigner
from twoleg.venues.ports import FeedPort
from twoleg.venues.ratelimit import TokenBucket
from twoleg.venues.transport import HttpExchange, make_session

VERSION_NS: Final = 60 * 1_000_000_000
"""How often the order version is asked for: an order that is refused for it has it read at once."""
WARM_MS: Final = 9_000
"""Well below the time for which an unused connection is kept, and that the guard's looks trust."""

log = structlog.get_logger(__name__)


class _Member(NamedTuple):
    """Our account at the venue."""

    orders: PolymarketOrders
    account: PolymarketAccount
    credentials: ApiCredentials
    server_clock: ServerClock


async def open_polymarket(
    settings: Settings, seams: Seams, *, needs_account: bool, expected_cash: ExpectedCash
) -> Kit:
    """Assemble Polymarket; creates or derives API credentials where none are configured.

    `expected_cash` tells what our record says of the balance, for look-ups.

    Raises:
        CredentialError: an account is needed and its key is missing or refused.
        VenueUnavailable, VenueRejected: the venue cannot be asked, or wants another order version.
    """
    venue = _Polymarket(settings, seams)
    try:
        if needs_account:
            await venue.join(expected_cash)
    except BaseException:
        await venue.session.close()
        raise
    return venue.kit()


class _Polymarket:
    """The parts of one Polymarket account, and what the runtime asks of them."""

    def __init__(self, settings: Settings, seams: Seams) -> None:
        wanted = self._wanted = settings.polymarket
        self._sends_orders = settings.daemon.mode is not Mode.PAPER
        self._seams = seams
        self._options = _options_of(wanted)
        self._urls = PolymarketUrls(
            clob=wanted.clob_url,
            gamma=wanted.gamma_url,
            market_ws=wanted.ws_market_url,
            user_ws=wanted.ws_user_url,
            data=wanted.data_url,
            geoblock=wanted.geoblock_url,
        )
        self.session = make_session(seams.network)
        self._http = HttpExchange(self.session, venue="polymarket")
        self._catalogue = PolymarketCatalogue(
            http=self._http, urls=self._urls, options=self._options
        )
        # None on paper.
        self._member: _Member | None = None
        # The feed, once there is one.
        self._feed: PolymarketFeed | None = None
        # When the order version was last found to be ours.
        self._version_ns = -VERSION_NS

    async def join(self, expected_cash: ExpectedCash) -> None:
        """Become able to send orders; raises as `open_polymarket`."""
        self._member = await _join(
            self._wanted, self._seams, self._http, self._options, expected_cash
        )

    def kit(self) -> Kit:
        """Hand out what the runtime needs."""
        member = self._member
        return Kit(
            venue=Venue.POLYMARKET,
            session=self.session,
            read_market=self._read_market,
            orders=member.orders if member else None,
            account=member.account if member else None,
            make_feed=self._make_feed,
            check=self._check,
            look_around=self._look_around,
            check_wallet=self._check_wallet,
            is_assumed_open=self._is_assumed_open,
            note_refusal=self._note_refusal,
            follow=self._follow,
            unfollow=self._unfollow,
            read_end=self._read_end,
            make_side_work=self._make_side_work,
            read_skew_ms=self._read_skew_ms,
        )

    async def _read_market(self, pair: Pair) -> Market:
        return await self._catalogue.read_market(native_id(pair.polymarket), pair.polymarket_labels)

    async def _read_end(self, market_id: MarketId) -> str:
        return _payouts(await self._catalogue.read_resolution(native_id(market_id)))

    # -- market data -----------------------------------------------------------------------

    def _make_feed(self, markets: Iterable[Market], sinks: Sinks) -> FeedPort:
        self._feed = PolymarketFeed(
            network=self._seams.network,
            clock=self._seams.clock,
            entropy=self._seams.entropy,
            markets=markets,
            on_event=sinks.on_event,
            on_fill=sinks.on_fill,
            on_up=partial(sinks.on_up, Venue.POLYMARKET),
            pushes=self._pushes_of(sinks.hints) if sinks.hints is not None else None,
            credentials=self._member.credentials if self._member else None,
            http=self._http,
            urls=self._urls,
            options=self._options,
        )
        return self._feed

    def _follow(self, market: Market) -> None:
        if self._feed is not None:
            self._feed.follow((market,))

    def _unfollow(self, market_ids: Iterable[MarketId]) -> None:
        if self._feed is not None:
            self._feed.unfollow(market_ids)

    def _pushes_of(self, hints: Hints) -> PushSinks:
        def on_order(update: OrderUpdate) -> None:
            if self._member is not None and _is_over(update):
                self._member.orders.resting.drop(update.order_key)
            hints.on_order(Venue.POLYMARKET, update.order_key, update.order_key)

        def on_resolved(resolution: Resolution) -> None:
            market_id = _market_id(resolution.native_id)
            payouts = _payouts(resolution)
            hints.on_listed(market_id)
            if payouts:
                hints.on_end(market_id, payouts)
            else:
                hints.on_terms(market_id, "market_resolved")

        return PushSinks(
            on_order=on_order,
            on_new_market=lambda frame: hints.on_listed(_market_id(frame.native_id)),
            on_resolved=on_resolved,
            on_bookless=lambda market_id: hints.on_terms(market_id, "bookless"),
        )

    async def _read_skew_ms(self, age_ms_max: int) -> int:
        if self._member is None:
            return 0
        clock = self._member.server_clock
        if clock.age_ms > age_ms_max:
            # Below two seconds it cannot be told from the rounding of the venue's answer.
            await clock.measure()
        return clock.skew_s * 1_000

    # -- standing --------------------------------------------------------------------------

    async def _check(self, shards: frozenset[int]) -> str:
        del shards
        if self._member is None:
            return ""
        if self._version_is_due():
            try:
                await self._member.orders.check_version()
            except VenueRejected as error:
                return str(error)
            self._version_ns = self._seams.clock.monotonic_ns()
        else:
            # Keeps the connection warm, and serves whoever wants to know the skew.
            await self._read_skew_ms(WARM_MS)
        state = self._member.orders.gate.state(self._seams.clock.monotonic_ns())
        return "" if state is TradingState.OPEN else f"the venue is {state.value}"

    def _version_is_due(self) -> bool:
        if self._member is not None and not self._member.orders.is_signable:
            return True
        return self._seams.clock.monotonic_ns() - self._version_ns >= VERSION_NS

    def _is_assumed_open(self) -> bool:
        if self._member is None:
            return False
        return self._member.orders.gate.is_assumed_open(self._seams.clock.monotonic_ns())

    def _note_refusal(self, answer: LegAnswer, shard: int) -> bool:
        # The order port has told its gate already.
        del answer, shard
        if self._member is None:
            return False
        state = self._member.orders.gate.state(self._seams.clock.monotonic_ns())
        return state is not TradingState.OPEN

    async def _look_around(self) -> None:
        if self._urls.geoblock:
            seen = await probe_geoblock(http=self._http, urls=self._urls, options=self._options)
            require_access(seen, sends_orders=self._sends_orders)

    async def _check_wallet(self, markets: Iterable[Market]) -> None:
        if self._member is not None:
            await alarm_allowances(self._member.account, markets)

    def _make_side_work(self, on_gap: GapSink) -> SideWork:
        if self._member is None:
            return {}
        # One switch for good: what it last heard of the venue outlives a failure of ours.
        return {"polymarket-heartbeat": self._member.orders.make_heartbeat(on_gap).run}


async def _join(
    wanted: PolymarketSettings,
    seams: Seams,
    http: HttpExchange,
    options: PolymarketOptions,
    expected_cash: ExpectedCash,
) -> _Member:
    if not wanted.private_key:
        raise CredentialError("polymarket", "POLYMARKET_PRIVATE_KEY", "is not set")
    signer = OrderSigner(
        wanted.private_key.reveal(), wanted.chain_id, wanted.signature_type, wanted.funder
    )
    credentials = await _credentials(wanted, seams, http, signer, options)
    rest = ClobRest(
        http=http,
        clock=seams.clock,
        signer=RequestSigner(signer.address, credentials),
        base_url=wanted.clob_url,
        options=options,
    )
    account = PolymarketAccount(
        rest=rest,
        signature_type=wanted.signature_type,
        options=options,
        chain_id=wanted.chain_id,
        activity=_activity_of(wanted, http, options, signer.maker),
    )
    bucket = TokenBucket(
        clock=seams.clock,
        capacity=wanted.write_tokens_per_second,
        refill_per_s=wanted.write_tokens_per_second,
        reserved=wanted.rollback_tokens_reserve,
    )
    # What a process before us spent is not known.
    bucket.count_on(wanted.rollback_tokens_reserve)
    orders = PolymarketOrders(
        rest=rest,
        signer=signer,
        clock=seams.clock,
        entropy=seams.entropy,
        bucket=bucket,
        account=account,
        options=options,
        expected_cash=expected_cash,
    )
    await orders.start()
    return _Member(orders, account, credentials, rest.server_clock)


def _activity_of(
    wanted: PolymarketSettings, http: HttpExchange, options: PolymarketOptions, wallet: str
) -> Activity | None:
    if not wanted.data_url:
        return None
    urls = PolymarketUrls(data=wanted.data_url)
    return Activity(http=http, urls=urls, options=options, wallet=wallet)


async def _credentials(
    wanted: PolymarketSettings,
    seams: Seams,
    http: HttpExchange,
    signer: OrderSigner,
    options: PolymarketOptions,
) -> ApiCredentials:
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
    return credentials


def _options_of(wanted: PolymarketSettings) -> PolymarketOptions:
    return PolymarketOptions(
        order_timeout_ms=wanted.order_timeout_ms,
        silence_ms_max=wanted.silence_ms_max,
        tokens_per_socket_max=wanted.tokens_per_socket_max,
        order_tokens_per_s_max=wanted.write_tokens_per_second,
    )


def _is_over(update: OrderUpdate) -> bool:
    """Whether an order certainly rests no more; one that is told as matched may rest in part."""
    if update.state in (OrderState.CANCELED, OrderState.DEAD):
        return True
    return update.state is OrderState.MATCHED and 0 < update.size_e6 <= update.filled_e6


def _payouts(resolution: Resolution) -> str:
    """Payouts by token in 1/10 000 dollar, as text for the record; nothing until it is resolved."""
    if resolution.state is not ResolutionState.RESOLVED:
        return ""
    return write_ends(dict(resolution.payouts))


def _market_id(native_id: str) -> MarketId:
    return MarketId(f"polymarket:{native_id.lower()}")
