"""Orders and fills of the simulated Kalshi: what a create request says, what the venue tells.

Kalshi docs, openapi 3.34.0 (CreateOrderV2Request, Order, Fill), 2026-10.
"""

from dataclasses import dataclass
from typing import Literal

from twoleg.sim.exchange import ONE_E4, Side
from twoleg.sim.kalshi.ledger import Account, OrderFees
from twoleg.sim.kalshi.text import (
    count_text,
    money_text,
    price_text,
    time_ms_text,
    time_text,
)

TimeInForce = Literal["fill_or_kill", "immediate_or_cancel", "good_till_canceled"]
SelfTradePrevention = Literal["taker_at_cross", "maker"]
Status = Literal["resting", "canceled", "executed"]
AverageFee = Literal["truncated", "rounded"]


@dataclass(frozen=True, slots=True)
class NewOrder:
    """A well-formed create request; nothing about it has been checked against the market."""

    ticker: str
    side: Side
    size_e6: int
    price_e4: int
    time_in_force: TimeInForce
    self_trade_prevention: SelfTradePrevention
    client_order_id: str = ""
    expiration_ts_s: int | None = None
    post_only: bool = False
    reduce_only: bool = False
    cancel_on_pause: bool = False
    order_group_id: str = ""
    subaccount: int = 0
    exchange_index: int | None = None


@dataclass(frozen=True, slots=True)
class Traded:
    """Size, size times YES price, and fees of some fills."""

    size_e6: int
    notional_micros: int
    fees_micros: int

    def since(self, before: "Traded") -> "Traded":
        """Return what has been added to an earlier sum."""
        return Traded(
            self.size_e6 - before.size_e6,
            self.notional_micros - before.notional_micros,
            self.fees_micros - before.fees_micros,
        )

    def averages(self, average_fee: AverageFee) -> dict[str, object]:
        """Return price and fee per contract with four decimals; there must be fills.

        Captures look as if the fee were cut off; whether it is, is not documented.
        """
        half_e6 = self.size_e6 // 2 if average_fee == "rounded" else 0
        return {
            "average_fill_price": price_text(self.notional_micros * ONE_E4 // self.size_e6),
            "average_fee_paid": price_text((self.fees_micros * ONE_E4 + half_e6) // self.size_e6),
        }


@dataclass(slots=True)
class UserOrder:
    """An accepted order of a member, resting or done."""

    number: int
    order_id: str
    account: Account
    shard: int
    event_ticker: str
    request: NewOrder
    initial_e6: int
    remaining_e6: int
    fees: OrderFees
    created_us: int
    updated_us: int
    status: Status = "resting"
    filled_e6: int = 0
    # Sum of size times YES price over the fills; for the average.
    notional_micros: int = 0
    taker_cost_micros: int = 0
    maker_cost_micros: int = 0
    taker_fees_micros: int = 0
    maker_fees_micros: int = 0
    update_reason: str | None = None

    @property
    def ticker(self) -> str:
        """Return the market's ticker."""
        return self.request.ticker

    @property
    def side(self) -> Side:
        """Return the side of the YES book."""
        return self.request.side

    @property
    def traded(self) -> "Traded":
        """Return what has been executed so far."""
        fees = self.taker_fees_micros + self.maker_fees_micros
        return Traded(self.filled_e6, self.notional_micros, fees)

    def to_ack(self, ts_ms: int, average_fee: AverageFee) -> dict[str, object]:
        """Return the flat 201 body; averages exist only with fills."""
        ack: dict[str, object] = {"order_id": self.order_id}
        if self.request.client_order_id:
            ack["client_order_id"] = self.request.client_order_id
        ack["fill_count"] = count_text(self.filled_e6)
        ack["remaining_count"] = count_text(self.remaining_e6)
        if self.filled_e6:
            ack.update(self.traded.averages(average_fee))
        ack["ts_ms"] = ts_ms
        return ack

    def to_json(self) -> dict[str, object]:
        """Return the Order of the REST reads."""
        request = self.request
        order: dict[str, object] = {
            **self._common(),
            "user_id": self.account.user_id,
            "type": "limit",
            "no_price_dollars": price_text(ONE_E4 - request.price_e4),
            "action": "buy" if self.side == "bid" else "sell",
            "side": "yes",
            "created_time": time_text(self.created_us),
            "last_update_time": time_text(self.updated_us),
            "cancel_order_on_pause": request.cancel_on_pause,
        }
        if request.expiration_ts_s is not None:
            order["expiration_time"] = time_text(request.expiration_ts_s * 1_000_000)
        return order

    def to_ws(self) -> dict[str, object]:
        """Return the message of the user_orders channel."""
        order: dict[str, object] = {
            **self._common(),
            "user_id": self.account.user_id,
            "side": "yes" if self.side == "bid" else "no",
            "is_yes": self.side == "bid",
            "created_time": time_ms_text(self.created_us // 1_000),
            "created_ts_ms": self.created_us // 1_000,
            "last_update_time": time_ms_text(self.updated_us // 1_000),
            "last_updated_ts_ms": self.updated_us // 1_000,
        }
        if self.request.expiration_ts_s is not None:
            expiration_ms = self.request.expiration_ts_s * 1_000
            order["expiration_time"] = time_ms_text(expiration_ms)
            order["expiration_ts_ms"] = expiration_ms
        if self.update_reason is not None:
            order["last_update_reason"] = self.update_reason
        return order

    def _common(self) -> dict[str, object]:
        common: dict[str, object] = {
            "order_id": self.order_id,
            "client_order_id": self.request.client_order_id,
            "ticker": self.ticker,
            "status": self.status,
            "outcome_side": "yes" if self.side == "bid" else "no",
            "book_side": self.side,
            "yes_price_dollars": price_text(self.request.price_e4),
            "fill_count_fp": count_text(self.filled_e6),
            "remaining_count_fp": count_text(self.remaining_e6),
            "initial_count_fp": count_text(self.initial_e6),
            "taker_fees_dollars": money_text(self.taker_fees_micros),
            "maker_fees_dollars": money_text(self.maker_fees_micros),
            "taker_fill_cost_dollars": money_text(self.taker_cost_micros),
            "maker_fill_cost_dollars": money_text(self.maker_cost_micros),
            "self_trade_prevention_type": self.request.self_trade_prevention,
            "subaccount_number": self.account.subaccount,
            "exchange_index": self.shard,
        }
        if self.request.order_group_id:
            common["order_group_id"] = self.request.order_group_id
        return common


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution of a member's order; `price_e4` is the YES price, fee the whole fee."""

    number: int
    trade_id: str
    order: UserOrder
    size_e6: int
    price_e4: int
    is_taker: bool
    fee_micros: int
    position_after_e6: int
    ts_us: int

    def to_json(self) -> dict[str, object]:
        """Return the Fill of the REST reads: no client order id (removed 2026-03-30)."""
        return {
            **self._common(),
            "fill_id": self.trade_id,
            "ticker": self.order.ticker,
            "no_price_dollars": price_text(ONE_E4 - self.price_e4),
            "created_time": time_text(self.ts_us),
            "subaccount_number": self.order.account.subaccount,
        }

    def to_ws(self) -> dict[str, object]:
        """Return the message of the fill channel."""
        outcome = "yes" if self.order.side == "bid" else "no"
        message = {
            **self._common(),
            "purchased_side": outcome,
            "post_position_fp": count_text(self.position_after_e6),
            "ts_ms": self.ts_us // 1_000,
            "subaccount": self.order.account.subaccount,
        }
        if self.order.request.client_order_id:
            message["client_order_id"] = self.order.request.client_order_id
        return message

    def _common(self) -> dict[str, object]:
        outcome = "yes" if self.order.side == "bid" else "no"
        return {
            "trade_id": self.trade_id,
            "order_id": self.order.order_id,
            "market_ticker": self.order.ticker,
            "exchange_index": self.order.shard,
            "is_taker": self.is_taker,
            "outcome_side": outcome,
            "book_side": self.order.side,
            "side": outcome,
            "action": "buy",
            "yes_price_dollars": price_text(self.price_e4),
            "count_fp": count_text(self.size_e6),
            "fee_cost": money_text(self.fee_micros),
            "ts": self.ts_us // 1_000_000,
        }


def own_price_e4(side: Side, price_e4: int) -> int:
    """Return what a contract costs whoever is on this side at a YES price."""
    return price_e4 if side == "bid" else ONE_E4 - price_e4
