"""Pairs whose markets have both ended: how they settled, on record, and the end of their life.

What a running daemon has heard of ends stands in `market_end`; the rest is asked for here, so that
pairs that nobody traded count for the record of their family as well.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from typing import Final

import msgspec
import structlog

from twoleg.catalogue.source import Patience
from twoleg.core.ends import told_ends, write_ends
from twoleg.core.market import MarketId, PairState, Polarity, Venue
from twoleg.errors import IllegalTransition, PairRefused, VenueError
from twoleg.matching.diff import safe
from twoleg.seams import Clock, Entropy, Network
from twoleg.settings import Settings
from twoleg.storage.pairs import PairStore
from twoleg.storage.settlements import SettlementStore, Unsettled
from twoleg.venues.kalshi.catalogue import KalshiCatalogue
from twoleg.venues.kalshi.http import KalshiHttp
from twoleg.venues.polymarket.catalogue import PolymarketCatalogue
from twoleg.venues.polymarket.options import PolymarketOptions, PolymarketUrls
from twoleg.venues.transport import HttpExchange, make_session

ASKED_MAX: Final = 100
"""Pairs whose ends are asked for in one run: each costs two requests, and the next run is near."""
TEXT_CHARS_MAX: Final = 2_000
SETTLED: Final = "settled"
SETTLED_APART: Final = "settled_apart"
ACTOR: Final = "settlement"

ReadEnd = Callable[[str], Awaitable[dict[str, int]]]
"""What the outcomes of a market pay in 1/10 000 dollar, by the venue's names; empty: not known."""

log = structlog.get_logger(__name__)


class SettleReport(msgspec.Struct, kw_only=True):
    """What became of pairs whose markets may have ended."""

    asked: int = 0
    settled: int = 0
    apart: int = 0
    waiting: int = 0


class EndReaders:
    """Both venues opened for reading ends, without keys; use it as a context."""

    def __init__(
        self, settings: Settings, *, clock: Clock, entropy: Entropy, network: Network
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._network = network
        self._patience = Patience(clock, entropy)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Mapping[Venue, ReadEnd]:
        return {Venue.KALSHI: await self._kalshi(), Venue.POLYMARKET: await self._polymarket()}

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _kalshi(self) -> ReadEnd:
        wanted = self._settings.kalshi
        http = KalshiHttp(
            exchange=await self._exchange(Venue.KALSHI),
            base_urls=tuple(url for url in (wanted.rest_url, wanted.rest_url_2) if url),
            clock=self._clock,
        )
        catalogue = KalshiCatalogue(http=http, clock=self._clock)

        async def read(native_id: str) -> dict[str, int]:
            payouts = await self._patience.ask("end", lambda: catalogue.read_end(native_id))
            return {} if payouts is None else dict(zip(("yes", "no"), payouts, strict=True))

        return read

    async def _polymarket(self) -> ReadEnd:
        wanted = self._settings.polymarket
        catalogue = PolymarketCatalogue(
            http=await self._exchange(Venue.POLYMARKET),
            urls=PolymarketUrls(gamma=wanted.gamma_url, clob=wanted.clob_url),
            options=PolymarketOptions(),
        )

        async def read(native_id: str) -> dict[str, int]:
            ask = self._patience.ask
            return dict((await ask("end", lambda: catalogue.read_resolution(native_id))).payouts)

        return read

    async def _exchange(self, venue: Venue) -> HttpExchange:
        session = await self._stack.enter_async_context(make_session(self._network))
        return HttpExchange(session, venue=venue.value)


class Settling:
    """Compares the ends of pairs; `readers` ask the venues for those that are not known."""

    def __init__(
        self, pairs: PairStore, settlements: SettlementStore, readers: Mapping[Venue, ReadEnd]
    ) -> None:
        self._pairs = pairs
        self._settlements = settlements
        self._readers = readers
        self.report = SettleReport()

    async def run(self) -> SettleReport:
        """Look at every pair whose markets may both have ended. Raises StorageError."""
        for pair in await self._settlements.unsettled(ASKED_MAX):
            kalshi = await self._end(pair.kalshi, pair.kalshi_payouts)
            polymarket = await self._end(pair.polymarket, pair.polymarket_payouts)
            if not kalshi or not polymarket:
                self.report.waiting += 1
                continue
            await self._settle(pair, kalshi, polymarket)
        if self.report.settled:
            log.info("pairs_settled", **msgspec.structs.asdict(self.report))
        return self.report

    async def _end(self, market_id: MarketId, known: str) -> Mapping[str, int]:
        """How a market ended, kept once it is known; empty while nobody knows."""
        if known:
            return told_ends(known)
        venue, _, native_id = market_id.partition(":")
        self.report.asked += 1
        try:
            payouts = await self._readers[Venue(venue)](native_id)
        except VenueError as error:
            log.warning("end_not_read", market_id=market_id, reason=safe(str(error), 200))
            return {}
        if payouts:
            await self._settlements.put_end(market_id, write_ends(payouts))
        return payouts

    async def _settle(
        self, pair: Unsettled, kalshi: Mapping[str, int], polymarket: Mapping[str, int]
    ) -> None:
        """Put it on record and end the pair's life, both or neither."""
        kalshi_e4, stands_e4 = kalshi.get("yes"), polymarket.get(pair.yes_token)
        is_same = pair.polarity is Polarity.SAME
        yes_e4 = polymarket.get(pair.yes_token if is_same else pair.no_token)
        if kalshi_e4 is None or stands_e4 is None or yes_e4 is None:
            log.error("end_not_understood", pair_id=pair.pair_id, outcomes=sorted(polymarket))
            self.report.waiting += 1
            return
        is_agreeing = kalshi_e4 == stands_e4
        reason = SETTLED if is_agreeing else SETTLED_APART
        detail: dict[str, object] = {
            "kalshi_yes_e4": kalshi_e4,
            # Of the outcome that stands for Kalshi's YES.
            "polymarket_yes_e4": stands_e4,
        }
        if not is_agreeing:
            detail |= texts_of(pair)
        try:
            async with self._pairs.transaction():
                await self._settlements.put(pair, kalshi_e4, yes_e4, is_agreeing=is_agreeing)
                await self._pairs.move(
                    pair.pair_id, PairState.RETIRED, ACTOR, reason=reason, detail=detail
                )
        except (PairRefused, IllegalTransition) as error:
            # Somebody else ended it meanwhile.
            log.info("pair_not_settled", pair_id=pair.pair_id, reason=str(error))
            return
        self.report.settled += 1
        self.report.apart += not is_agreeing
        if not is_agreeing:
            log.critical("pair_settled_apart", pair_id=pair.pair_id, family=pair.family, **detail)


def texts_of(pair: Unsettled) -> dict[str, object]:
    """Both texts, fit to be shown."""
    return {
        "kalshi_text": safe(f"{pair.kalshi_title}: {pair.kalshi_rules}", TEXT_CHARS_MAX),
        "polymarket_text": safe(
            f"{pair.polymarket_title}: {pair.polymarket_rules}", TEXT_CHARS_MAX
        ),
    }
