"""Looking at one order as the venue shows it: the order itself, and its trades."""

from collections.abc import Mapping, Sequence
from typing import Final

import structlog

from twoleg.core.events import Fill
from twoleg.core.market import Market, MarketId, Outcome
from twoleg.core.orders import OrderRef
from twoleg.errors import VenueRejected, VenueUnavailable
from twoleg.venues.polymarket.alarms import AnswerAlarms
from twoleg.venues.polymarket.answer_rows import Operation
from twoleg.venues.polymarket.cancels import id_of
from twoleg.venues.polymarket.lookup import OrderRecord, Sighting
from twoleg.venues.polymarket.options import PolymarketOptions
from twoleg.venues.polymarket.rest import ClobRest
from twoleg.venues.polymarket.sign import VENUE
from twoleg.venues.polymarket.trades import TradeRecord, account_fills, fill_status, order_fills
from twoleg.venues.polymarket.user_wire import is_known_order_status, plain_order_status

FOREIGN_MAX: Final = 1_000
"""Markets that are told of as none of ours; no further ones are."""

log = structlog.get_logger(__name__)


class OrderSights:
    """Reads orders and trades of one wallet; `maker` is the wallet that holds the money."""

    def __init__(
        self, *, rest: ClobRest, maker: str, options: PolymarketOptions, alarms: AnswerAlarms
    ) -> None:
        self._rest = rest
        self._maker = maker
        self._options = options
        self._alarms = alarms
        # Markets of others' orders in this account that were told.
        self._foreign: set[str] = set()

    async def look(self, ref: OrderRef, deadline_ns: int) -> Sighting | None:
        """Look at order and trades once; None if the venue would not tell."""
        try:
            order = await self._read_order(ref, deadline_ns)
            trades = await self._read_trades(ref, deadline_ns)
            fills = _fills(trades, ref)
            # Read here so that an unreadable amount ends as "not told".
            _ = order.matched_e6 if order is not None else 0
        except (VenueUnavailable, VenueRejected, ValueError) as error:
            log.warning("look_up_failed", venue=VENUE, order_key=ref.order_key, error=str(error))
            return None
        self._note_unknown(order, trades)
        unknown = any(fill_status(trade.status) is None for trade in trades)
        return Sighting(order=order, fills=fills, has_unknown_status=unknown)

    async def read_fills(self, ref: OrderRef) -> tuple[Fill, ...]:
        """All fills of one order that the venue shows now; see `OrderPort.read_fills`."""
        return _fills(await self._read_trades(ref), ref)

    async def read_fills_since(
        self, since_ms: int, markets: Mapping[MarketId, Market], owner: str
    ) -> tuple[Fill, ...]:
        """Fills of the account since then; see `AccountFillsPort.read_fills_since`.

        Not asked for by the wallet: of its trades as a taker that filter may show none (UNCERTAIN),
        and the venue shows nobody the trades of others.
        """
        since_s = since_ms // 1_000 + self._rest.server_clock.skew_s
        trades = await self._rest.read_all(
            "/data/trades", TradeRecord, {"after": str(max(0, since_s))}
        )
        fills: list[Fill] = []
        for trade in trades:
            market = markets.get(MarketId(f"{VENUE}:{trade.market}"))
            if market is None:
                self._note_foreign(trade)
            elif fill_status(trade.status) is None:
                self._alarms.unknown(Operation.ORDER, "unknown_trade_status", trade.status)
            else:
                fills += _account_fills(trade, market, owner, self._maker)
        return tuple(fills)

    def _note_foreign(self, trade: TradeRecord) -> None:
        """Tell of an account's trade in a market that nobody here follows, once per market."""
        if trade.market in self._foreign or len(self._foreign) >= FOREIGN_MAX:
            return
        self._foreign.add(trade.market)
        log.warning("trade_in_other_market", venue=VENUE, native_id=trade.market, trade=trade.id)

    async def _read_order(self, ref: OrderRef, deadline_ns: int) -> OrderRecord | None:
        """The order itself, else the same among the open orders, else None."""
        order_id = id_of(ref)
        try:
            return await self._rest.read(
                f"/data/order/{order_id}", OrderRecord, deadline_ns=deadline_ns
            )
        except VenueRejected as error:
            if error.http_status != 404:
                raise
        resting = await self._rest.read_all(
            "/data/orders", OrderRecord, {"id": order_id}, deadline_ns=deadline_ns
        )
        return next((record for record in resting if record.id.lower() == order_id), None)

    async def _read_trades(self, ref: OrderRef, deadline_ns: int = 0) -> list[TradeRecord]:
        """Trades of this order, in a stable order.

        A taker's trades are listed under its token. A resting order may meet takers of the other
        token too, so its trades are asked for by the wallet, in the whole market.
        """
        market = ref.spec.market
        # Our clock may be off the venue's: sends are stamped with ours, trades with theirs.
        sent_s = ref.sent_wall_ms // 1_000 + self._rest.server_clock.skew_s
        query = {
            "market": market.native_id,
            "after": str(max(0, sent_s - self._options.trades_lookback_s)),
        }
        if ref.spec.tif.rests:
            if self._options.trades_by_wallet:
                query["maker_address"] = self._maker
        else:
            is_yes = ref.spec.outcome is Outcome.YES
            query["asset_id"] = market.yes_token if is_yes else market.no_token
        trades = await self._rest.read_all(
            "/data/trades", TradeRecord, query, deadline_ns=deadline_ns
        )
        ids = _ids(ref)
        mine = {trade.id: trade for trade in trades if _concerns(trade, ids)}
        return [mine[trade_id] for trade_id in sorted(mine)]

    def _note_unknown(self, order: OrderRecord | None, trades: Sequence[TradeRecord]) -> None:
        if order is not None and not is_known_order_status(plain_order_status(order.status)):
            self._alarms.unknown(Operation.ORDER, "unknown_order_status", order.status)
        for trade in trades:
            if fill_status(trade.status) is None:
                self._alarms.unknown(Operation.ORDER, "unknown_trade_status", trade.status)


def _account_fills(trade: TradeRecord, market: Market, owner: str, wallet: str) -> tuple[Fill, ...]:
    try:
        return account_fills(trade, market, owner, wallet)
    except ValueError as error:
        raise VenueUnavailable(VENUE, "unreadable_trade", str(error)) from error


def _ids(ref: OrderRef) -> frozenset[str]:
    return frozenset({ref.order_key.lower(), ref.venue_order_id.lower()} - {""})


def _concerns(trade: TradeRecord, ids: frozenset[str]) -> bool:
    return trade.taker_order_id.lower() in ids or any(
        maker.order_id.lower() in ids for maker in trade.maker_orders or ()
    )


def _fills(trades: Sequence[TradeRecord], ref: OrderRef) -> tuple[Fill, ...]:
    ids = _ids(ref)
    try:
        return tuple(fill for trade in trades for fill in order_fills(trade, ref.spec, ids))
    except ValueError as error:
        raise VenueUnavailable(VENUE, "unreadable_trade", str(error)) from error
