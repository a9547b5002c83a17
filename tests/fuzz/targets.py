"""What is fuzzed: each target takes any bytes, and raises only if the product is wrong.

Frames are separated by newlines. A book that the client holds for live must equal the one that
the plain reading keeps; a client that is more careful than that (void) is never wrong.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Final

import msgspec

from tests.fuzz.reference import KalshiReference, PolymarketReference, Sides, parse
from tests.support.core import kalshi_market, order_spec, polymarket_market
from twoleg.core.books import Books
from twoleg.core.events import (
    ASK,
    BID,
    AnswerStatus,
    BookSnapshot,
    BooksVoid,
    Event,
    GridChanged,
    LastTrade,
    LevelDelta,
    LevelsSet,
    SequenceSeen,
    Subscribed,
)
from twoleg.core.market import Market, MarketId, Venue
from twoleg.errors import MalformedMessage
from twoleg.venues.kalshi.answers import judge as kalshi_judge
from twoleg.venues.kalshi.answers import read_verdict as kalshi_verdict
from twoleg.venues.kalshi.meanings import Operation
from twoleg.venues.kalshi.portfolio import (
    HoldingPage,
    SettlementPage,
    holding_of,
    settlement_of,
)
from twoleg.venues.kalshi.rest import Balance, FillPage, OrderPage, PositionPage, cash_of, fill_of
from twoleg.venues.kalshi.rest import decode as kalshi_decode
from twoleg.venues.kalshi.wire import KalshiDecoder
from twoleg.venues.polymarket.answers import read_answer
from twoleg.venues.polymarket.order_updates import order_update, unreadable_update
from twoleg.venues.polymarket.user_wire import OrderEvent, UserDecoder
from twoleg.venues.polymarket.wire import MarketDecoder

FRAMES_MAX: Final = 64
SID: Final = 1
NOW_NS: Final = 1_790_000_000_000_000_000
KALSHI_SPEC: Final = order_spec(kalshi_market(MarketId("kalshi:KXA-1")))
POLYMARKET_SPEC: Final = msgspec.structs.replace(
    order_spec(polymarket_market(MarketId("polymarket:0xa"))), spend_micros=5_000_000
)
E4: Final = Decimal(10_000)
E6: Final = Decimal(1_000_000)


class SilentlyWrong(AssertionError):
    """A live book differs from what was sent."""


def kalshi_books(data: bytes) -> None:
    """Frames of one Kalshi subscription."""
    markets = {name: kalshi_market(MarketId(f"kalshi:{name}")) for name in ("KXA-1", "KXB-2")}
    ids = {ticker: market.id for ticker, market in markets.items()}
    books = _books(markets)
    books.subscribed(Subscribed(Venue.KALSHI, SID, tuple(ids.values())))
    reference = KalshiReference(SID, list(markets))
    decoder = KalshiDecoder(ids)
    for raw in data.split(b"\n")[:FRAMES_MAX]:
        reference.take(raw)
        try:
            decoded = decoder.decode(raw, NOW_NS)
        except MalformedMessage as error:
            # The feed replaces the socket: everything begins anew.
            books.void(BooksVoid(tuple(ids.values()), error.reason))
            books.subscribed(Subscribed(Venue.KALSHI, SID, tuple(ids.values())))
            reference = KalshiReference(SID, list(markets))
        else:
            if isinstance(decoded, BookSnapshot | LevelDelta | SequenceSeen | GridChanged):
                _apply(books, decoded)
        _compare(books, markets, reference.books, raw)


def polymarket_books(data: bytes) -> None:
    """Messages of one socket of Polymarket's market channel."""
    markets = {name: _polymarket_market(name) for name in ("0xa", "0xb")}
    books = _books(markets)
    reference = PolymarketReference({key: one.yes_token for key, one in markets.items()})
    decoder = MarketDecoder()
    for market in markets.values():
        decoder.watch(market)
    for raw in data.split(b"\n")[:FRAMES_MAX]:
        reference.take(raw)
        try:
            events = decoder.decode(raw, NOW_NS)
        except MalformedMessage as error:
            lost = (MarketId(error.market),) if error.market else tuple(books.markets)
            events = [BooksVoid(lost, error.reason)]
        for event in events:
            _apply(books, event)
        _compare(books, markets, reference.books, raw)


def _polymarket_market(name: str) -> Market:
    market = polymarket_market(MarketId(f"polymarket:{name}"))
    return msgspec.structs.replace(market, yes_token=f"{name[2:]}1", no_token=f"{name[2:]}2")


def _books(markets: Mapping[str, Market]) -> Books:
    books = Books(1)
    for market in markets.values():
        books.change_market(market)
    return books


def _apply(books: Books, event: Event) -> None:
    handlers: dict[type, Callable[..., object]] = {
        BookSnapshot: books.snapshot,
        LevelDelta: books.delta,
        LevelsSet: books.levels,
        SequenceSeen: books.saw_sequence,
        GridChanged: books.change_grid,
        LastTrade: books.last_trade,
        BooksVoid: books.void,
    }
    if type(event) in handlers:
        handlers[type(event)](event)


def _compare(
    books: Books,
    markets: Mapping[str, Market],
    truth: Mapping[str, Sides | None],
    raw: bytes,
) -> None:
    for key, market in markets.items():
        book = books.books[market.id]
        if not book.is_live or book.is_doubted:
            continue
        sides = truth[key]
        if sides is None:
            raise SilentlyWrong(f"{key} is live after {raw[:300]!r}, and nobody can vouch for it")
        for side, levels in zip((BID, ASK), sides, strict=True):
            ours = {Decimal(at) / E4: Decimal(size) / E6 for at, size in book.levels(side)}
            if ours != levels:
                raise SilentlyWrong(f"{key}: {ours} is not {levels} after {raw[:300]!r}")


def kalshi_answers(data: bytes) -> None:
    """Any status and body as the answer to an order: judged, never raised, never believed lightly."""
    status, body = _status_and_body(data)
    answer = kalshi_judge(status, body, KALSHI_SPEC, "key-1")
    if answer.status in {AnswerStatus.FILLED, AnswerStatus.PARTIAL}:
        told = parse(body)
        assert 200 <= status < 300
        assert told["order_id"] == answer.venue_order_id
        assert Decimal(told["fill_count"]) * E6 == answer.filled_e6 > 0
        assert told.get("client_order_id") in {None, "", "key-1"}
    elif answer.status in {AnswerStatus.MISSED, AnswerStatus.REJECTED} and status >= 300:
        assert kalshi_verdict(Operation.CREATE, status, body).row is not None


def polymarket_answers(data: bytes) -> None:
    """Any status and body as the answer to an order."""
    status, body = _status_and_body(data)
    answer = read_answer(POLYMARKET_SPEC, "0xkey", status, body)
    if answer.status in {AnswerStatus.FILLED, AnswerStatus.PARTIAL}:
        told = parse(body)
        assert status == 200
        assert told["success"]
        assert not told.get("errorMsg")
        assert answer.filled_e6 > 0


def polymarket_user(data: bytes) -> None:
    """Messages of the user channel."""
    decoder = UserDecoder()
    for raw in data.split(b"\n")[:FRAMES_MAX]:
        with suppress(MalformedMessage):
            for event in decoder.decode(raw):
                if isinstance(event, OrderEvent):
                    _read_update(event)


def _read_update(event: OrderEvent) -> None:
    market = _polymarket_market("0xa")
    try:
        order_update(event, market)
    except ValueError:
        unreadable_update(event, market)


def kalshi_reads(data: bytes) -> None:
    """Bodies of Kalshi's private reads."""
    shapes = (OrderPage, FillPage, Balance, PositionPage, SettlementPage, HoldingPage)
    for shape in shapes:
        with suppress(MalformedMessage):
            _convert(kalshi_decode(data, shape))


def _convert(page: object) -> None:
    if isinstance(page, FillPage):
        for row in page.fills or ():
            fill_of(row, KALSHI_SPEC, "key-1")
    elif isinstance(page, Balance):
        cash_of(page)
    elif isinstance(page, SettlementPage):
        for settled in page.settlements or ():
            settlement_of(settled)
    elif isinstance(page, HoldingPage):
        for held in page.market_positions or ():
            holding_of(held)


def _status_and_body(data: bytes) -> tuple[int, bytes]:
    """The first line is the status, the rest the body."""
    head, _, body = data.partition(b"\n")
    return (int(head) % 600 if head[:4].isdigit() and len(head) < 5 else 200), body


TARGETS: Final[Mapping[str, Callable[[bytes], None]]] = {
    "kalshi_answers": kalshi_answers,
    "kalshi_books": kalshi_books,
    "kalshi_reads": kalshi_reads,
    "polymarket_answers": polymarket_answers,
    "polymarket_books": polymarket_books,
    "polymarket_user": polymarket_user,
}
