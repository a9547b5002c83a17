"""The public client library pykalshi 2 against the simulator in another process.

The library quotes NO in NO prices, names no shard, and sends cancels without a ticker: all of which
Kalshi accepts for markets of shard 0.
"""

import asyncio
import queue
import shutil
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from pykalshi import (
    Action,
    AsyncKalshiClient,
    KalshiClient,
    OrderStatus,
    Side,
    TimeInForce,
)
from pykalshi.enums import MarketStatus, SelfTradePrevention
from pykalshi.exceptions import (
    AuthenticationError,
    InsufficientFundsError,
    KalshiAPIError,
    OrderRejectedError,
    ResourceNotFoundError,
)
from pykalshi.feed import (
    FillMessage,
    MarketLifecycleMessage,
    OrderbookDeltaMessage,
    OrderbookSnapshotMessage,
    OrderGroupUpdateMessage,
    PositionMessage,
    TickerMessage,
    TradeMessage,
    UserOrderMessage,
)
from pykalshi.orderbook import OrderbookManager

from tests.contract.support_kalshi import WAIT_S, Venue, running_venue
from tests.support.processes import make_folder

FOK, IOC, GTC = TimeInForce.FOK, TimeInForce.IOC, TimeInForce.GTC


@pytest.fixture(scope="module")
def venue() -> Iterator[Venue]:
    folder = make_folder()
    with running_venue(folder) as running:
        yield running
    shutil.rmtree(folder)


@pytest.fixture
def client(venue: Venue) -> Iterator[KalshiClient]:
    with venue.client() as opened:
        yield opened


@pytest.fixture
def ticker(venue: Venue) -> str:
    return venue.new_market()


# -- reads -------------------------------------------------------------------------------------


def test_markets_events_and_series_are_read(client: KalshiClient, venue: Venue) -> None:
    ticker = venue.new_market(price_level_structure="tapered_deci_cent")
    venue.rest(ticker, "bid", 4_100, 10)
    venue.rest(ticker, "ask", 4_400, 5)
    market = client.get_market(ticker)
    assert market.status is MarketStatus.ACTIVE
    assert (market.yes_bid_dollars, market.yes_ask_dollars) == ("0.4100", "0.4400")
    assert (market.no_bid_dollars, market.no_ask_dollars) == ("0.5600", "0.5900")
    assert market.data.price_level_structure == "tapered_deci_cent"
    found = client.get_markets(tickers=[ticker], status=MarketStatus.OPEN)
    assert [one.ticker for one in found] == [ticker]
    event = market.get_event()
    assert event is not None
    assert [one.ticker for one in event.get_markets()] == [ticker]
    series = event.get_series()
    assert market.resolve_series_ticker() == series.ticker
    assert [one.ticker for one in series.get_markets()] == [ticker]
    assert event.event_ticker in {one.event_ticker for one in client.get_events(fetch_all=True)}
    assert series.ticker in {one.ticker for one in client.get_all_series()}
    with pytest.raises(ResourceNotFoundError):
        client.get_market("KXNONE")


def test_every_page_of_the_markets_is_fetched(client: KalshiClient, ticker: str) -> None:
    paged = [market.ticker for market in client.get_markets(limit=3, fetch_all=True)]
    assert ticker in paged
    assert len(set(paged)) == len(paged) > 10


def test_the_book_is_read_in_prices_of_both_outcomes(
    client: KalshiClient, venue: Venue, ticker: str
) -> None:
    for side, price_e4 in (("bid", 4_100), ("bid", 4_200), ("ask", 4_400), ("ask", 4_500)):
        venue.rest(ticker, side, price_e4, 10)
    book = client.get_market(ticker).get_orderbook()
    assert (book.best_yes_bid, book.best_no_bid, book.best_yes_ask) == (
        "0.4200",
        "0.5600",
        "0.4400",
    )
    assert book.spread == "0.0200"
    assert book.vwap_to_fill("yes", "15.00") == str(Decimal("6.65") / 15)
    top = client.get_market(ticker).get_orderbook(depth=1)
    assert top.orderbook.yes_dollars == [("0.4200", "10.00")]


def test_the_exchange_tells_status_schedule_and_cutoff(client: KalshiClient) -> None:
    assert client.exchange.is_trading()
    assert set(client.exchange.get_schedule()) == {"standard_hours", "maintenance_windows"}
    cutoff = client.history.get_cutoff()
    assert cutoff.orders_updated_ts > cutoff.trades_created_ts


def test_the_account_tells_keys_limits_and_balance(client: KalshiClient, venue: Venue) -> None:
    assert [key.id for key in client.api_keys.list()] == [venue.key_id]
    assert client.api_keys.get_limits().usage_tier == "advanced"
    assert client.portfolio.get_balance().balance > 100_000


def test_a_wrong_key_is_an_authentication_error(venue: Venue) -> None:
    with (
        venue.client(api_key_id="nobody") as stranger,
        pytest.raises(AuthenticationError) as caught,
    ):
        stranger.portfolio.get_balance()
    assert (caught.value.status_code, caught.value.error_code) == (401, "authentication_error")


# -- orders ------------------------------------------------------------------------------------


def test_each_kind_of_order_ends_as_it_should(
    client: KalshiClient, venue: Venue, ticker: str
) -> None:
    place = client.portfolio.place_order
    venue.rest(ticker, "ask", 5_000, 10)
    venue.rest(ticker, "bid", 4_000, 10)
    # Fill-or-kill buys YES, at the better resting price.
    bought = place(
        ticker, Action.BUY, Side.YES, "3.00", yes_price_dollars="0.60", time_in_force=FOK
    )
    assert (bought.status, bought.fill_count_fp) == (OrderStatus.EXECUTED, "3.00")
    assert bought.refresh().yes_price_dollars == "0.6000"
    assert bought.data.taker_fill_cost_dollars == "1.500000"
    # Buying NO at 0.65 is selling YES at 0.35.
    no = place(ticker, Action.BUY, Side.NO, "4.00", no_price_dollars="0.65", time_in_force=IOC)
    assert (no.fill_count_fp, no.is_ask) == ("4.00", True)
    # The canonical form.
    part = place(ticker, book_side="bid", count_fp="9.00", price_dollars="0.50", time_in_force=IOC)
    assert (part.fill_count_fp, part.remaining_count_fp) == ("7.00", "0.00")
    nothing = place(
        ticker, book_side="bid", count_fp="1.00", price_dollars="0.41", time_in_force=IOC
    )
    assert nothing.status is OrderStatus.CANCELED
    rests = place(ticker, book_side="ask", count_fp="2.00", price_dollars="0.80", post_only=True)
    assert (rests.status, rests.remaining_count_fp) == (OrderStatus.RESTING, "2.00")
    assert rests.cancel().status is OrderStatus.CANCELED
    reduced = place(
        ticker,
        book_side="ask",
        count_fp="50.00",
        price_dollars="0.40",
        time_in_force=IOC,
        reduce_only=True,
    )
    assert Decimal(reduced.fill_count_fp or 0) == 6
    assert position(client, ticker) == "0.00"


def position(client: KalshiClient, ticker: str) -> str:
    [row] = client.portfolio.get_positions(ticker=ticker)
    return str(row.position_fp)


def test_orders_are_refused_by_name(client: KalshiClient, venue: Venue, ticker: str) -> None:
    place = client.portfolio.place_order
    venue.rest(ticker, "ask", 5_000, 1)
    with pytest.raises(KalshiAPIError) as killed:
        place(ticker, book_side="bid", count_fp="2.00", price_dollars="0.50", time_in_force=FOK)
    assert killed.value.status_code == 409
    assert killed.value.error_code == "fill_or_kill_insufficient_resting_volume"
    with pytest.raises(OrderRejectedError) as off_grid:
        place(ticker, book_side="bid", count_fp="2.00", price_dollars="0.501")
    assert off_grid.value.error_code == "invalid_price"
    with pytest.raises(InsufficientFundsError):
        place(ticker, book_side="bid", count_fp="100000000.00", price_dollars="0.40")
    with pytest.raises(KalshiAPIError) as crossing:
        place(ticker, book_side="bid", count_fp="1.00", price_dollars="0.50", post_only=True)
    assert crossing.value.error_code == "invalid_order"
    with pytest.raises(ResourceNotFoundError) as unknown:
        place("KXNONE", book_side="bid", count_fp="1.00", price_dollars="0.50")
    assert unknown.value.error_code == "market_not_found"
    again: dict[str, Any] = {"book_side": "bid", "count_fp": "1.00", "price_dollars": "0.10"}
    place(ticker, **again, client_order_id=f"{ticker}-1")
    with pytest.raises(KalshiAPIError) as twice:
        place(ticker, **again, client_order_id=f"{ticker}-1")
    assert twice.value.error_code == "order_already_exists"
    with pytest.raises(ResourceNotFoundError):
        client.portfolio.cancel_order("nothing")


def test_own_orders_are_not_traded_with(client: KalshiClient, ticker: str) -> None:
    place = client.portfolio.place_order
    kind = SelfTradePrevention
    own = place(ticker, book_side="ask", count_fp="1.00", price_dollars="0.50")
    stopped = place(
        ticker,
        book_side="bid",
        count_fp="1.00",
        price_dollars="0.50",
        self_trade_prevention=kind.CANCEL_INCOMING,
    )
    assert stopped.status is OrderStatus.CANCELED
    assert own.refresh().status is OrderStatus.RESTING
    rests = place(
        ticker,
        book_side="bid",
        count_fp="1.00",
        price_dollars="0.50",
        self_trade_prevention=kind.CANCEL_RESTING,
    )
    assert rests.status is OrderStatus.RESTING
    assert own.refresh().status is OrderStatus.CANCELED


def test_a_resting_order_is_amended_and_decreased(
    client: KalshiClient, venue: Venue, ticker: str
) -> None:
    order = client.portfolio.place_order(
        ticker, book_side="bid", count_fp="10.00", price_dollars="0.30"
    )
    venue.admin("POST", "take", market=ticker, side="ask", price_e4=3_000, size_e6=2_000_000)
    assert order.refresh().fill_count_fp == "2.00"
    order.amend(price_dollars="0.35")
    assert (order.refresh().yes_price_dollars, order.remaining_count_fp) == ("0.3500", "8.00")
    order.amend(count_fp="7.00")
    assert order.refresh().remaining_count_fp == "5.00"
    order.decrease("1.50")
    assert order.refresh().remaining_count_fp == "3.50"
    assert client.portfolio.get_queue_position(order.order_id).queue_position_fp == "0.00"
    [queued] = client.portfolio.get_queue_positions(market_tickers=[ticker])
    assert queued.order_id == order.order_id
    order.cancel()
    assert order.refresh().status is OrderStatus.CANCELED


def test_a_batch_may_fail_in_part(client: KalshiClient, ticker: str) -> None:
    made = client.portfolio.batch_place_orders(
        [
            {"ticker": ticker, "book_side": "bid", "price_dollars": "0.20", "count_fp": "1.00"},
            {"ticker": ticker, "book_side": "bid", "price_dollars": "0.201", "count_fp": "1.00"},
            {
                "ticker": ticker,
                "action": "buy",
                "side": "no",
                "no_price_dollars": "0.10",
                "count_fp": "2.00",
            },
        ]
    )
    assert [order.status for order in made] == [OrderStatus.RESTING] * 2
    listed = client.portfolio.get_orders(ticker=ticker, status=OrderStatus.RESTING)
    assert {order.order_id for order in listed} == {order.order_id for order in made}
    assert {order.yes_price_dollars for order in listed} == {"0.2000", "0.9000"}
    ended = client.portfolio.batch_cancel_orders([order.order_id for order in made])
    assert len(ended) == 2
    assert client.portfolio.get_orders(ticker=ticker, status=OrderStatus.RESTING) == []


def test_fills_trades_and_positions_tell_the_same(
    client: KalshiClient, venue: Venue, ticker: str
) -> None:
    venue.rest(ticker, "bid", 5_700, 25)
    order = client.portfolio.place_order(
        ticker, Action.BUY, Side.NO, "25.00", no_price_dollars="0.43", time_in_force=FOK
    )
    [fill] = client.portfolio.get_fills(ticker=ticker)
    assert (fill.order_id, fill.is_ask, fill.is_taker) == (order.order_id, True, True)
    assert (fill.yes_price_dollars, fill.no_price_dollars) == ("0.5700", "0.4300")
    assert (fill.count_fp, fill.fee_cost_dollars, fill.yes_delta_fp) == ("25.00", "0.429000", -25)
    [held] = client.portfolio.get_positions(ticker=ticker)
    assert (held.position_fp, held.market_exposure_dollars) == ("-25.00", "10.750000")
    [trade] = client.get_market(ticker).get_trades()
    assert (trade.trade_id, trade.taker_book_side) == (fill.trade_id, "ask")
    venue.admin("POST", "lifecycle", market=ticker, event="determined", result="no")
    venue.admin("POST", "lifecycle", market=ticker, event="settled")
    [settled] = client.portfolio.get_settlements(ticker=ticker)
    assert (settled.market_result, settled.revenue, settled.net_position) == ("no", 2_500, "-25.00")
    assert settled.pnl_dollars == Decimal(25) - Decimal("10.75") - Decimal("0.429")
    assert client.portfolio.get_positions(ticker=ticker) == []
    assert client.get_market(ticker).status is MarketStatus.FINALIZED


def test_groups_and_subaccounts(client: KalshiClient, ticker: str) -> None:
    group = client.portfolio.create_order_group("5.00")
    order = client.portfolio.place_order(
        ticker, book_side="bid", count_fp="1.00", price_dollars="0.10", order_group_id=group.id
    )
    client.portfolio.update_order_group_limit(group.id, "6.00")
    assert client.portfolio.get_order_group(group.id).orders == [order.order_id]
    client.portfolio.trigger_order_group(group.id)
    assert order.refresh().status is OrderStatus.CANCELED
    client.portfolio.reset_order_group(group.id)
    assert group.id in {one.id for one in client.portfolio.get_order_groups()}
    number = client.portfolio.create_subaccount().subaccount_number
    client.portfolio.transfer_between_subaccounts(0, number, 250)
    balances = client.portfolio.get_subaccount_balances()
    mine = [row.balance for row in balances if row.subaccount_number == number]
    assert "2.5000" in mine


# -- feeds -------------------------------------------------------------------------------------


def point(feed: Any, venue: Venue) -> None:
    """Lead a feed to the simulator; the library has no public way."""
    feed._ws_url = venue.ws_url


class Heard:
    """What a feed's handlers were given, by channel."""

    def __init__(self, feed: Any, *channels: str) -> None:
        self._queues: dict[str, queue.Queue[Any]] = {channel: queue.Queue() for channel in channels}
        for channel, waiting in self._queues.items():
            feed.on(channel, waiting.put)

    def next(self, channel: str) -> Any:
        return self._queues[channel].get(timeout=WAIT_S)


def test_the_feed_keeps_books_trades_and_own_orders(
    client: KalshiClient, venue: Venue, ticker: str
) -> None:
    venue.rest(ticker, "ask", 4_400, 17)
    feed = client.feed()
    point(feed, venue)
    public, private = (
        ("orderbook_delta", "ticker", "trade"),
        ("fill", "user_orders", "market_positions"),
    )
    heard = Heard(feed, *public, *private)
    for channel in public:
        feed.subscribe(channel, market_ticker=ticker)
    for channel in private:
        feed.subscribe(channel)
    with feed:
        assert feed.is_connected
        snapshot = heard.next("orderbook_delta")
        assert isinstance(snapshot, OrderbookSnapshotMessage)
        # The library sends no use_yes_price: NO levels come in NO prices.
        assert (snapshot.yes_dollars_fp, snapshot.no_dollars_fp) == (None, [("0.5600", "17.00")])
        book = OrderbookManager(ticker)
        book.apply_snapshot(snapshot.yes_dollars_fp, snapshot.no_dollars_fp)
        order = client.portfolio.place_order(
            ticker,
            book_side="bid",
            count_fp="20.00",
            price_dollars="0.44",
            client_order_id=f"{ticker}-feed",
        )
        for _ in range(2):
            delta = heard.next("orderbook_delta")
            assert isinstance(delta, OrderbookDeltaMessage)
            assert delta.client_order_id == f"{ticker}-feed"
            book.apply_delta(delta.side, delta.price_dollars, delta.delta_fp)
        assert (book.best_bid, book.best_ask) == ("0.4400", None)
        trade = heard.next("trade")
        assert isinstance(trade, TradeMessage)
        assert (trade.yes_price_dollars, trade.count_fp) == ("0.4400", "17.00")
        fill = heard.next("fill")
        assert isinstance(fill, FillMessage)
        assert (fill.order_id, fill.post_position_fp) == (order.order_id, "17.00")
        held = heard.next("market_positions")
        assert isinstance(held, PositionMessage)
        assert (held.market_ticker, held.position_fp) == (ticker, "17.00")
        own = heard.next("user_orders")
        assert isinstance(own, UserOrderMessage)
        assert (own.ticker, own.status, own.remaining_count_fp) == (ticker, "resting", "3.00")
        told = heard.next("ticker")
        assert isinstance(told, TickerMessage)
        assert told.market_ticker == ticker
        assert feed.latency_ms is not None
    order.cancel()


def test_the_feed_reconnects_and_subscribes_again(
    client: KalshiClient, venue: Venue, ticker: str
) -> None:
    feed = client.feed()
    point(feed, venue)
    heard = Heard(feed, "orderbook_delta")
    feed.subscribe("orderbook_delta", market_tickers=[ticker])
    with feed:
        heard.next("orderbook_delta")
        venue.admin("POST", "disconnect")
        assert isinstance(heard.next("orderbook_delta"), OrderbookSnapshotMessage)
        assert feed.reconnect_count == 1


async def test_the_asynchronous_feed_hears_of_lifecycle_and_groups(
    client: KalshiClient, venue: Venue
) -> None:
    settings: dict[str, Any] = {
        "api_key_id": venue.key_id,
        "private_key_path": venue.key_path,
        "api_base": venue.rest_url,
        "max_retries": 0,
    }
    async with AsyncKalshiClient(**settings) as remote:
        feed = remote.feed()
        point(feed, venue)
        feed.subscribe("market_lifecycle_v2")
        feed.subscribe("order_group_updates")
        async with feed, asyncio.timeout(WAIT_S):
            messages: Any = aiter(feed)
            # Both subscriptions are up once a snapshot asked for after them has come.
            probe = await asyncio.to_thread(venue.new_market)
            feed.subscribe("orderbook_delta", market_ticker=probe)
            while not isinstance(await anext(messages), OrderbookSnapshotMessage):
                pass
            ticker = await asyncio.to_thread(venue.new_market)
            while not is_created(created := await anext(messages), ticker):
                pass
            assert created.price_level_structure == "linear_cent"
            await asyncio.to_thread(
                venue.admin, "POST", "lifecycle", market=ticker, event="determined", result="yes"
            )
            determined = await anext(messages)
            assert (determined.event_type, determined.settlement_value) == ("determined", "1.0000")
            await asyncio.to_thread(client.portfolio.create_order_group, "5.00")
            group = await anext(messages)
            assert isinstance(group, OrderGroupUpdateMessage)
            assert (group.event_type, group.contracts_limit_fp) == ("created", "5.00")
            await messages.aclose()


def is_created(message: Any, ticker: str) -> bool:
    is_lifecycle = isinstance(message, MarketLifecycleMessage)
    return is_lifecycle and (message.event_type, message.market_ticker) == ("created", ticker)
