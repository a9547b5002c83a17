"""Paper trading: real books, simulated fills at the displayed depth after a fixed latency.

Nothing leaves the machine. An order fills against the book as it stands when the latency is over,
at its limit or better; money and fees are those that the venue would have charged.
"""

from collections.abc import Callable, Iterable

from twoleg.core.book import Book
from twoleg.core.events import (
    ASK,
    BID,
    AnswerStatus,
    CashReported,
    Fill,
    FillStatus,
    LegAnswer,
    Level,
)
from twoleg.core.fees import fill_fee
from twoleg.core.market import Market, MarketId, Outcome, Side, TimeInForce, Venue
from twoleg.core.orders import OrderRef, OrderSpec
from twoleg.core.units import ceil_div
from twoleg.runtime.ledger import Ledger
from twoleg.seams import Clock, Entropy
from twoleg.venues.ports import CancelAnswer, CancelStatus, PreparedOrder


class PaperVenue:
    """Order port of one venue on paper."""

    def __init__(
        self,
        venue: Venue,
        *,
        book_of: Callable[[MarketId], Book | None],
        clock: Clock,
        entropy: Entropy,
        latency_ms: int,
    ) -> None:
        self.venue = venue
        self._book_of = book_of
        self._clock = clock
        self._entropy = entropy
        self._latency_ms = latency_ms
        self._fills: dict[str, tuple[Fill, ...]] = {}

    # -- orders ----------------------------------------------------------------------------

    def prepare(self, spec: OrderSpec) -> PreparedOrder:
        """Give the order an id; there are no bytes on paper."""
        wall_ms = self._clock.wall_ns() // 1_000_000
        key = self._entropy.uuid4()
        return PreparedOrder(spec=spec, order_key=key, body=b"", prepared_wall_ms=wall_ms)

    async def send(self, prepared: PreparedOrder) -> LegAnswer:
        """Wait the latency, then take what is displayed within the limit."""
        await self._clock.sleep(self._latency_ms / 1_000)
        spec, key = prepared.spec, prepared.order_key
        book = self._book_of(spec.market.id)
        if book is None or not book.is_live:
            return LegAnswer(status=AnswerStatus.REJECTED, code="book_void", is_unavailable=True)
        taken = _take(spec, book)
        if not taken:
            return LegAnswer(status=AnswerStatus.MISSED, venue_order_id=key)
        fills = tuple(self._fill(spec, key, index, level) for index, level in enumerate(taken))
        self._fills[key] = fills
        return _answer(spec, key, fills)

    async def look_up(self, ref: OrderRef) -> LegAnswer:
        """On paper an order that is not known was never filled."""
        fills = self._fills.get(ref.order_key, ())
        if not fills:
            return LegAnswer(status=AnswerStatus.MISSED, code="absent")
        return _answer(ref.spec, ref.order_key, fills)

    async def cancel(self, ref: OrderRef) -> CancelAnswer:
        """Nothing ever rests on paper."""
        del ref
        return CancelAnswer(status=CancelStatus.NOT_RESTING)

    async def read_fills(self, ref: OrderRef) -> tuple[Fill, ...]:
        """The fills that were made up."""
        return self._fills.get(ref.order_key, ())

    def _fill(self, spec: OrderSpec, key: str, index: int, level: Level) -> Fill:
        price_e4, size_e6 = level
        scaled = price_e4 * size_e6
        buys = spec.side is Side.BUY
        return Fill(
            venue=self.venue,
            market_id=spec.market.id,
            fill_id=f"{key}:{index}",
            order_key=key,
            venue_order_id=key,
            outcome=spec.outcome,
            side=spec.side,
            price_e4=price_e4,
            size_e6=size_e6,
            notional_micros=ceil_div(scaled, 10_000) if buys else scaled // 10_000,
            fee_micros=fill_fee(spec.market, price_e4, size_e6),
            fee_modelled=True,
            status=FillStatus.FINAL,
            ts_event_ms=self._clock.wall_ns() // 1_000_000,
        )


class PaperAccount:
    """The account of one venue on paper: what our record says, because nobody else keeps it."""

    def __init__(self, venue: Venue, ledger: Ledger, opening_micros: dict[int, int]) -> None:
        self.venue = venue
        self._ledger = ledger
        self._opening_micros = opening_micros

    async def read_cash(self) -> CashReported:
        """Cash on paper per shard; before the account has begun, what the settings give."""
        micros = self._opening_micros
        if self.venue in self._ledger.opened_wall_ns:
            micros = {
                pot[1]: m for pot, m in self._ledger.cash_micros.items() if pot[0] is self.venue
            }
        return CashReported(self.venue, tuple(sorted(micros.items())))

    async def read_positions(
        self, markets: Iterable[Market]
    ) -> tuple[tuple[MarketId, int, int], ...]:
        """Holdings on paper; zero ones left out."""
        held = [(market.id, *self._ledger.expected_e6(self.venue, market.id)) for market in markets]
        return tuple(entry for entry in held if entry[1] or entry[2])


def _answer(spec: OrderSpec, key: str, fills: tuple[Fill, ...]) -> LegAnswer:
    filled_e6 = sum(fill.size_e6 for fill in fills)
    notional = sum(fill.notional_micros for fill in fills)
    wanted, got = spec.spend_micros or spec.size_e6, notional if spec.spend_micros else filled_e6
    return LegAnswer(
        status=AnswerStatus.FILLED if got >= wanted else AnswerStatus.PARTIAL,
        filled_e6=filled_e6,
        notional_micros=notional,
        venue_order_id=key,
        trade_ids=tuple(fill.fill_id for fill in fills),
    )


def _take(spec: OrderSpec, book: Book) -> list[Level]:
    """What the order gets: (price, size) per level; nothing if all-or-nothing cannot be had."""
    left_e6, left_micros = spec.size_e6, spec.spend_micros
    by_spend = spec.spend_micros > 0
    taken: list[Level] = []
    for price_e4, displayed_e6 in _full_ladder(spec, book):
        within = price_e4 <= spec.limit_e4 if spec.side is Side.BUY else price_e4 >= spec.limit_e4
        if not within:
            break
        size_e6 = min(displayed_e6, left_micros * 10_000 // price_e4 if by_spend else left_e6)
        if size_e6 <= 0:
            break
        taken.append((price_e4, size_e6))
        left_e6 -= size_e6
        left_micros -= ceil_div(price_e4 * size_e6, 10_000)
    # A dollar-sized buy is done when what is left buys less than a micro-contract.
    is_short = left_micros * 10_000 >= spec.limit_e4 if by_spend else left_e6 > 0
    return [] if spec.tif is TimeInForce.FOK and is_short else taken


def _full_ladder(spec: OrderSpec, book: Book) -> list[Level]:
    """All that is displayed, in the outcome's prices: on paper our own order took nothing yet."""
    is_yes = spec.outcome is Outcome.YES
    levels = book.levels(ASK if is_yes is (spec.side is Side.BUY) else BID)
    return levels if is_yes else [(10_000 - price_e4, size_e6) for price_e4, size_e6 in levels]
