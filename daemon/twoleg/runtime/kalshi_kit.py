"""Kalshi assembled from the settings."""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import partial

import structlog

from twoleg.core.ends import write_ends
from twoleg.core.events import LegAnswer
from twoleg.core.market import Market, MarketId, Pair, Venue
from twoleg.errors import CredentialError, VenueError
from twoleg.runtime.kit import GapSink, Hints, Kit, Seams, SideWork, Sinks, native_id
from twoleg.runtime.standing import (
    DAY_S,
    adopt_kalshi_limits,
    alarm_region,
    judge_kalshi_key,
    read_kalshi_key,
    require_kalshi_key,
)
from twoleg.settings import (
    MemberType,
    Mode,
    Settings,
    kalshi_key_variable,
    kalshi_private_key,
)
from twoleg.settings.model import KalshiSettings
from twoleg.venues.kalshi.account import KalshiAccount
from twoleg.venues.kalshi.catalogue import KalshiCatalogue
from twoleg.venues.kalshi.feed import KalshiFeed
from twoleg.venues.kalshi.http import KalshiHttp
from twoleg.venues.kalshi.options import KalshiOptions
from twoleg.venues.kalshi.orders import KalshiOrders
from twoleg.venues.kalshi.pushes import (
    EventFeesSeen,
    EventSeen,
    LifecycleSeen,
    OrderSeen,
    PositionSeen,
)
from twoleg.venues.kalshi.sign import KalshiSigner, load_private_key
from twoleg.venues.kalshi.sinks import PushSinks
from twoleg.venues.kalshi.standing import PAUSE_CODES, KalshiStanding
from twoleg.venues.ports import FeedPort
from twoleg.venues.transport import HttpExchange, make_session

log = structlog.get_logger(__name__)


def open_kalshi(settings: Settings, seams: Seams) -> Kit:
    """Assemble Kalshi.

    Raises:
        CredentialError: no usable key; Kalshi asks for one even for market data over WebSocket.
    """
    return _Kalshi(settings, seams).kit()


class _Kalshi:
    """The parts of one Kalshi account, and what the runtime asks of them."""

    def __init__(self, settings: Settings, seams: Seams) -> None:
        wanted = self._wanted = settings.kalshi
        self._sends_orders = settings.daemon.mode is not Mode.PAPER
        self._seams = seams
        signer = _signer_of(wanted)
        options = self._options = _options_of(wanted)
        self._session = make_session(seams.network)
        self._http = KalshiHttp(
            exchange=HttpExchange(self._session, venue="kalshi"),
            base_urls=_doors(wanted.rest_url, wanted.rest_url_2),
            clock=seams.clock,
            signer=signer,
            options=options,
        )
        self._http.begin_cautiously()
        self._catalogue = KalshiCatalogue(http=self._http, clock=seams.clock, options=options)
        self._account = KalshiAccount(http=self._http, options=options)
        # The feed, once there is one.
        self._feed: KalshiFeed | None = None

    def kit(self) -> Kit:
        """Hand out what the runtime needs."""
        return Kit(
            venue=Venue.KALSHI,
            session=self._session,
            read_market=self._read_market,
            orders=KalshiOrders(
                http=self._http,
                clock=self._seams.clock,
                entropy=self._seams.entropy,
                options=self._options,
            ),
            account=self._account,
            make_feed=self._make_feed,
            check=self._check,
            look_around=self._look_around,
            note_refusal=self._note_refusal,
            follow=self._follow,
            unfollow=self._unfollow,
            forget_terms=self._catalogue.forget,
            read_end=self._read_end,
            make_side_work=self._make_side_work,
            read_skew_ms=self._read_skew_ms,
            read_lag_ms=lambda: self._feed.lag_ms if self._feed is not None else 0,
        )

    async def _read_market(self, pair: Pair) -> Market:
        return await self._catalogue.read_market(native_id(pair.kalshi))

    async def _read_end(self, market_id: MarketId) -> str:
        payouts = await self._catalogue.read_end(native_id(market_id))
        return write_ends(dict(zip(("yes", "no"), payouts, strict=True))) if payouts else ""

    # -- market data -----------------------------------------------------------------------

    def _make_feed(self, markets: Iterable[Market], sinks: Sinks) -> FeedPort:
        hints = sinks.hints
        self._feed = KalshiFeed(
            network=self._seams.network,
            urls=_doors(self._wanted.ws_url, self._wanted.ws_url_2),
            http=self._http,
            markets=markets,
            clock=self._seams.clock,
            entropy=self._seams.entropy,
            on_event=sinks.on_event,
            on_fill=sinks.on_fill,
            on_up=partial(sinks.on_up, Venue.KALSHI),
            on_terms=hints.on_terms if hints is not None else lambda _market_id, _what: None,
            pushes=self._pushes_of(hints) if hints is not None else None,
            options=self._options,
        )
        return self._feed

    def _pushes_of(self, hints: Hints) -> PushSinks:
        def on_lifecycle(seen: LifecycleSeen | EventSeen | EventFeesSeen) -> None:
            if isinstance(seen, LifecycleSeen):
                hints.on_listed(seen.market_id)

        if not self._sends_orders:
            # On paper nothing that the account does is ours.
            return PushSinks(on_lifecycle=on_lifecycle)

        def on_order(seen: OrderSeen) -> None:
            hints.on_order(Venue.KALSHI, seen.order_key, seen.venue_order_id)

        def on_position(seen: PositionSeen) -> None:
            if seen.subaccount in (None, self._options.subaccount):
                hints.on_position(seen.market_id, seen.position_e6)

        return PushSinks(on_order=on_order, on_position=on_position, on_lifecycle=on_lifecycle)

    def _follow(self, market: Market) -> None:
        if self._feed is not None:
            self._feed.follow((market,))

    def _unfollow(self, market_ids: Iterable[MarketId]) -> None:
        if self._feed is not None:
            self._feed.unfollow(market_ids)

    async def _read_skew_ms(self, age_ms_max: int) -> int:
        if self._http.skew_age_ms > age_ms_max:
            await self._http.measure_skew()
        return self._http.skew_ms

    # -- standing --------------------------------------------------------------------------

    async def _check(self, shards: frozenset[int]) -> str:
        try:
            standing = await self._account.read_standing()
        except VenueError:
            # Without its opening hours; whether it trades now is what counts.
            standing = KalshiStanding(shards=await self._account.read_open_shards())
        reason = next((why for s in sorted(shards) if (why := standing.why_closed(s))), "")
        if reason and standing.until_ms:
            until = datetime.fromtimestamp(standing.until_ms // 1_000, UTC)
            reason += f" until {until:%Y-%m-%d %H:%M:%S} UTC"
        return reason

    def _note_refusal(self, answer: LegAnswer, shard: int) -> bool:
        self._account.note_refusal(answer.code, shard)
        return answer.code in PAUSE_CODES

    async def _look_around(self) -> None:
        await adopt_kalshi_limits(self._account)
        standing = await read_kalshi_key(self._account, self._wanted.key_id)
        if standing is not None:
            alarm_region(standing, self._http.timestamp_ms())
            require_kalshi_key(
                standing,
                subaccount=self._options.subaccount,
                sends_orders=self._sends_orders,
            )

    def _make_side_work(self, on_gap: GapSink) -> SideWork:
        # Kalshi has no switch that falls when we are silent.
        del on_gap
        return {"kalshi-key": self._watch_key}

    async def _watch_key(self) -> None:
        """Look at the key once a day; what was taken from it is told, orders are refused anyway."""
        while True:
            await self._seams.clock.sleep(DAY_S)
            standing = await read_kalshi_key(self._account, self._wanted.key_id)
            if standing is None:
                continue
            alarm_region(standing, self._http.timestamp_ms())
            reason = judge_kalshi_key(standing, subaccount=self._options.subaccount)
            if reason:
                log.error("key_cannot_trade", reason=reason)


def _doors(*urls: str) -> tuple[str, ...]:
    """The front doors that there are, the preferred first."""
    return tuple(url for url in urls if url) or ("",)


def _signer_of(wanted: KalshiSettings) -> KalshiSigner:
    pem = kalshi_private_key(wanted).reveal()
    if not wanted.key_id:
        raise CredentialError("kalshi", "KALSHI_API_KEY_ID", "is not set")
    variable = kalshi_key_variable(wanted)
    if not pem:
        raise CredentialError("kalshi", variable, "is not set")
    return KalshiSigner(key_id=wanted.key_id, key=load_private_key(pem, variable=variable))


def _options_of(wanted: KalshiSettings) -> KalshiOptions:
    return KalshiOptions(
        order_timeout_ms=wanted.order_timeout_ms,
        silence_ms_max=wanted.silence_ms_max,
        lag_ms_max=wanted.lag_ms_max,
        connections=wanted.connections,
        self_trade_prevention=wanted.self_trade_prevention.value,
        cancel_order_on_pause=wanted.cancel_order_on_pause,
        # A kill leaves no order behind: without this its lost answer would stay UNKNOWN for ever.
        takes_unlisted_for_killed=True,
        balance_quantum_micros=100 if wanted.member_type is MemberType.DIRECT else 10_000,
        write_capacity=wanted.write_tokens_per_second,
        write_refill_per_s=wanted.write_tokens_per_second,
        write_reserved=wanted.rollback_tokens_reserve,
    )
