"""What a start does before anything trades: the run on record, market terms, unfinished orders."""

from collections.abc import Callable, Iterable, Mapping, MutableMapping
from functools import partial
from importlib.metadata import version
from itertools import chain
from typing import Final

import structlog

from twoleg.core.events import Event, MarketChanged
from twoleg.core.evidence import depth_steps_e4
from twoleg.core.market import Market, MarketId, Origin, Pair, Venue
from twoleg.errors import VenueError, VenueRejected, VenueUnavailable
from twoleg.runtime.approvals import Approvals
from twoleg.runtime.executor import Executor
from twoleg.runtime.kit import Kit, Seams
from twoleg.runtime.logs import log_context
from twoleg.runtime.patience import Patience
from twoleg.runtime.recovery import Recovered
from twoleg.runtime.tracker import Tracker
from twoleg.runtime.tracking.sweep import OVERLAP_MS
from twoleg.settings import Settings
from twoleg.storage.records import AnyRecord, MarketSeen, PairSeen, RunStarted

NOT_READY: Final = "not_ready"
"""Polymarket's catalogue: the market was created some minutes ago, and is not traded yet."""

NOT_TRADABLE: Final = "not_tradable"
"""What the matcher found has ended since, or not begun."""

log = structlog.get_logger(__name__)


class Startup:
    """Fills `markets` and tells the engine; `append` journals and may refuse (StorageError)."""

    def __init__(
        self,
        *,
        kits: Mapping[Venue, Kit],
        markets: MutableMapping[MarketId, Market],
        seams: Seams,
        append: Callable[[AnyRecord, bool], None],
        emit: Callable[[Event], None],
        patience: Patience,
        approvals: Approvals,
        held: Iterable[Pair] = (),
    ) -> None:
        self._approvals = approvals
        # Pairs of which an earlier process left something: they are followed whatever their state.
        self._held = {pair.id for pair in held}
        self._patience = patience
        self._kits = kits
        self._markets = markets
        self._seams = seams
        self._append = append
        self._emit = emit
        # Pairs whose market its venue does not know yet.
        self.later: list[Pair] = []

    def record_run(self, settings: Settings) -> None:
        """A process takes the journal over."""
        daemon = settings.daemon
        self._append(
            RunStarted(
                wall_ns=self._seams.clock.wall_ns(),
                run_id=self._seams.entropy.uuid4(),
                mode=daemon.mode.value,
                version=version("twoleg"),
                member=daemon.member,
                accounts={venue.value: "main" for venue in Venue},
                depth_steps_e4=depth_steps_e4(settings.limits),
            ),
            False,
        )

    async def read_pairs(self, pairs: tuple[Pair, ...]) -> tuple[Pair, ...]:
        """Read the terms of every pair's markets; returns the pairs that can be followed.

        A pair whose market is gone is left out, and one whose market is not ready is put off:
        open executions of the others must not wait for it. A venue that does not answer is waited
        for. Raises VenueRejected where no pair is left, VenueUnavailable if stopped meanwhile.
        """
        left: list[Pair] = []
        for pair in pairs:
            try:
                await self._patience.ask(pair.id, partial(self._read_pair, pair), besides=NOT_READY)
            except VenueRejected as error:
                log.error("pair_left_out", pair_id=pair.id, reason=str(error))
                if not (left or self.later or self._held) and pair is pairs[-1]:
                    raise
                continue
            except VenueUnavailable as error:
                if error.code != NOT_READY:
                    raise
                log.warning("pair_put_off", pair_id=pair.id, reason=str(error))
                self.later.append(pair)
                continue
            left.append(pair)
            self._append(PairSeen(wall_ns=self._seams.clock.wall_ns(), pair=pair), False)
        return tuple(left)

    async def read_later(self) -> tuple[Pair, ...]:
        """Read the terms of the pairs that were put off once more; returns those that are ready."""
        ready: list[Pair] = []
        for pair in tuple(self.later):
            try:
                await self._read_pair(pair)
            except VenueRejected as error:
                log.error("pair_left_out", pair_id=pair.id, reason=str(error))
                self.later.remove(pair)
                continue
            except VenueError as error:
                log.info("pair_put_off", pair_id=pair.id, reason=str(error))
                continue
            ready.append(pair)
            self._append(PairSeen(wall_ns=self._seams.clock.wall_ns(), pair=pair), False)
        # Not before: until the caller has them, this list tells that their markets are needed.
        ids = {pair.id for pair in ready}
        self.later = [pair for pair in self.later if pair.id not in ids]
        return tuple(ready)

    async def read_found(self, recovered: Recovered) -> None:
        """Follow the markets of what an earlier process left open, if its pair is not ours now."""
        for execution in recovered.unfinished.values():
            pair = recovered.pairs.get(execution.pair_id)
            if pair is None:
                continue
            try:
                # Without its books there is no way out of what it may have left.
                await self._patience.ask(
                    pair.id, partial(self._read_found, pair), besides=NOT_READY
                )
            except VenueError as error:
                log.warning("market_not_read", pair_id=pair.id, reason=str(error))

    def adopt(self, recovered: Recovered, executor: Executor, tracker: Tracker) -> None:
        """Hand every unfinished execution to the engine, which asks the venues for its orders."""
        # Lists of the account show fills of finished executions too.
        on_record = (execution.all_fills() for execution in recovered.executions.values())
        tracker.recall(chain.from_iterable(on_record))
        for venue in Venue:
            tracker.look_back(venue, *_heard_ms(recovered, venue))
        for number, execution in recovered.unfinished.items():
            pair = recovered.pairs.get(execution.pair_id)
            if pair is None:
                log.error("execution_without_pair", execution_no=number)
                continue
            executor.adopt(number, execution.execution_id, execution.pair_id)
            with log_context(execution_id=execution.execution_id, pair_id=execution.pair_id):
                log.warning("execution_recovered")
            for ref in execution.orders:
                self._emit(MarketChanged(self._markets.get(ref.spec.market.id, ref.spec.market)))
            # Known to the engine before its orders take the fills that came early.
            self._emit(execution.found(number, pair))
            for ref in execution.orders:
                order_no = ref.spec.order_no
                tracker.register(
                    ref, execution.fills_of(order_no), execution.adjusted.get(order_no, 0)
                )

    async def _read_pair(self, pair: Pair) -> None:
        """Take the terms of both markets, or of none where one of them cannot be read.

        Of a pair of which something is left they are taken of either, tradable or not: its end is
        to be told.
        """
        if pair.id in self._held:
            read = await self._read_either(pair)
        else:
            read = [await self._read_open(pair, venue) for venue in Venue]
        for market in read:
            is_new = market.id not in self._markets
            if is_new:
                self._take(market)
            self._approvals.look(pair, market)
            if is_new:
                self._emit(MarketChanged(market))

    async def _read_found(self, pair: Pair) -> None:
        """Take the terms of either market: there may be a way out on it, or it pays."""
        for market in await self._read_either(pair):
            if market.id not in self._markets:
                self._take(market)
                self._emit(MarketChanged(market))

    async def _read_open(self, pair: Pair, venue: Venue) -> Market:
        """Terms of a market that a pair is to be traded on."""
        market = self._markets.get(pair.market_on(venue))
        if market is None:
            market = await self._kits[venue].read_market(pair)
            if pair.origin is Origin.MATCHER and not market.is_tradable:
                # A feed may be refused for a market that ended.
                raise VenueRejected(venue.value, NOT_TRADABLE)
        return market

    async def _read_either(self, pair: Pair) -> list[Market]:
        """Terms of those markets of a pair that their venues know; VenueRejected if of neither."""
        read: list[Market] = []
        refusal: VenueRejected | None = None
        for venue in Venue:
            market = self._markets.get(pair.market_on(venue))
            try:
                read.append(market or await self._kits[venue].read_market(pair))
            except VenueRejected as error:
                log.warning("market_not_read", pair_id=pair.id, reason=str(error))
                refusal = error
        if not read and refusal is not None:
            raise refusal
        return read

    def _take(self, market: Market) -> None:
        self._markets[market.id] = market
        wall_ns = self._seams.clock.wall_ns()
        self._append(MarketSeen(wall_ns=wall_ns, market=market), False)


def _heard_ms(recovered: Recovered, venue: Venue) -> tuple[int, int]:
    """Up to when an account was heard, and before which nothing in it is ours (Unix ms)."""
    heard_ms = recovered.heard.begun_ms.get(venue)
    if heard_ms is not None:
        return heard_ms, heard_ms - OVERLAP_MS
    # Nobody ever heard it whole, as in journals of earlier versions; its balance has told the rest.
    opened_ms = recovered.ledger.opened_wall_ns.get(venue, 0) // 1_000_000
    return opened_ms, opened_ms
