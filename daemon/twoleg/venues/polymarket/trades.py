"""Trades as REST and the user channel tell them, and the fills of ours in them. Pure.

A trade names its taker and lists its makers. A maker may have sold the same token at our price,
or bought the complement at 1−p (a mint): the fill of ours is one per maker, in our token's price.

Lifecycle and fields: docs.polymarket.com order-lifecycle, polymarket-client 0.14.0
`settlement.py`, read 2026-11-22.
"""

from collections.abc import Iterator
from typing import Final

import msgspec

from twoleg.core.events import Fill, FillStatus
from twoleg.core.fees import fee_half_up
from twoleg.core.market import Market, Outcome, Side, Venue
from twoleg.core.orders import OrderSpec
from twoleg.core.units import half_up_div
from twoleg.venues.polymarket.numbers import parse_fixed, parse_ratio

STATUS_PREFIX: Final = "TRADE_STATUS_"
FILL_STATUSES: Final = {
    "MATCHED": FillStatus.PROVISIONAL,
    "MATCHED_NOT_BROADCASTED": FillStatus.PROVISIONAL,
    "MINED": FillStatus.PROVISIONAL,
    "RETRYING": FillStatus.PROVISIONAL,
    "CONFIRMED": FillStatus.FINAL,
    "FAILED": FillStatus.VOID,
}


Text = str | int | float | None
"""What only informs, and may be written as text or number."""


class MakerOrder(msgspec.Struct, frozen=True):
    """One resting order that a trade consumed."""

    matched_amount: str
    price: str
    order_id: str = ""
    owner: str = ""
    asset_id: str = ""
    side: str = ""
    maker_address: Text = None
    fee_rate_bps: Text = None
    outcome: Text = None
    outcome_index: Text = None


class TradeRecord(msgspec.Struct, frozen=True):
    """One trade, of REST or of the user channel; times are seconds, as text or number.

    `fee_rate_bps` is not the fee; `bucket_index` numbers the transactions of one large trade.
    """

    id: str
    market: str
    asset_id: str
    side: str
    size: str
    price: str
    status: str
    taker_order_id: str = ""
    owner: str = ""
    trader_side: str | None = None
    match_time: str | int | None = None
    matchtime: str | int | None = None
    maker_orders: tuple[MakerOrder, ...] | None = None
    last_update: Text = None
    outcome: Text = None
    maker_address: Text = None
    transaction_hash: Text = None
    bucket_index: Text = None
    fee_rate_bps: Text = None

    @property
    def is_maker(self) -> bool:
        """Whether our order was the resting one."""
        return (self.trader_side or "").upper() == "MAKER"


def fill_status(status: str) -> FillStatus | None:
    """What a trade's status means for its fills; None for a status nobody has described."""
    return FILL_STATUSES.get(status.upper().removeprefix(STATUS_PREFIX))


def taker_fills(trade: TradeRecord, market: Market) -> tuple[Fill, ...]:
    """Fills of our taker order in a trade; ValueError if the trade cannot be read.

    A status nobody has described counts as provisional; callers that must not take it for a fill
    ask `fill_status` first.
    """
    size_e6 = parse_fixed(trade.size, 6)
    parts = list(_maker_parts(trade))
    # The makers' amounts are the exact ones, but only a complete list may stand for the whole.
    if not parts or sum(part[0] for part in parts) != size_e6:
        parts = [(size_e6, *parse_ratio(trade.price))]
    only = len(parts) == 1
    return tuple(
        _fill(
            trade,
            market,
            fill_id=trade.id if only else f"{trade.id}:{index}",
            order_id=trade.taker_order_id,
            part=part,
            is_taker=True,
        )
        for index, part in enumerate(parts)
    )


def maker_fills(trade: TradeRecord, market: Market, owner: str) -> tuple[Fill, ...]:
    """Fills of our resting orders in a trade; each has its own token, side and price."""
    fills: list[Fill] = []
    for index, maker in enumerate(trade.maker_orders or ()):
        if maker.owner != owner:
            continue
        own = msgspec.structs.replace(
            trade, asset_id=maker.asset_id or trade.asset_id, side=maker.side or trade.side
        )
        fills.append(
            _fill(
                own,
                market,
                fill_id=f"{trade.id}:{index}",
                order_id=maker.order_id,
                part=(parse_fixed(maker.matched_amount, 6), *parse_ratio(maker.price)),
                is_taker=False,
            )
        )
    return tuple(fills)


def order_fills(trade: TradeRecord, spec: OrderSpec, order_ids: frozenset[str]) -> tuple[Fill, ...]:
    """Fills of one order in a trade, whether it took or rested; in the order's own terms.

    A resting order may be listed by the complement of its token, or without token and side, in
    records of other times; its price is then turned over. ValueError if it cannot be read.
    """
    if trade.taker_order_id.lower() in order_ids:
        return taker_fills(trade, spec.market)
    fills: list[Fill] = []
    for index, maker in enumerate(trade.maker_orders or ()):
        if maker.order_id.lower() not in order_ids:
            continue
        numerator, denominator = parse_ratio(maker.price)
        own_token = _token(spec.market, spec.outcome)
        if maker.asset_id and maker.asset_id != own_token:
            # Raises for a token of another market.
            _outcome(maker.asset_id, spec.market)
            numerator = denominator - numerator
        own = msgspec.structs.replace(trade, asset_id=own_token, side=spec.side.name)
        fills.append(
            _fill(
                own,
                spec.market,
                fill_id=f"{trade.id}:{index}",
                order_id=maker.order_id,
                part=(parse_fixed(maker.matched_amount, 6), numerator, denominator),
                is_taker=False,
            )
        )
    return tuple(fills)


def _maker_parts(trade: TradeRecord) -> Iterator[tuple[int, int, int]]:
    """(size_e6, price numerator, price denominator) per maker, in our token's price."""
    for maker in trade.maker_orders or ():
        numerator, denominator = parse_ratio(maker.price)
        # Two buyers or two sellers can only meet across the two tokens.
        is_complement = (
            maker.asset_id != trade.asset_id if maker.asset_id else maker.side == trade.side
        )
        if is_complement:
            numerator = denominator - numerator
        yield parse_fixed(maker.matched_amount, 6), numerator, denominator


def _fill(
    trade: TradeRecord,
    market: Market,
    *,
    fill_id: str,
    order_id: str,
    part: tuple[int, int, int],
    is_taker: bool,
) -> Fill:
    size_e6, numerator, denominator = part
    if not 0 <= numerator <= denominator:
        raise ValueError("a price outside [0, 1]")
    price_e4 = half_up_div(numerator * 10_000, denominator)
    return Fill(
        venue=Venue.POLYMARKET,
        market_id=market.id,
        fill_id=fill_id,
        order_key=order_id.lower(),
        venue_order_id=order_id.lower(),
        outcome=_outcome(trade.asset_id, market),
        side=_side(trade.side),
        price_e4=price_e4,
        size_e6=size_e6,
        notional_micros=half_up_div(size_e6 * numerator, denominator),
        # Only takers pay; `fee_rate_bps` of trades is not the fee (section 7 of the docs' fees).
        fee_micros=fee_half_up(market.fees, price_e4, size_e6) if is_taker else 0,
        fee_modelled=True,
        status=fill_status(trade.status) or FillStatus.PROVISIONAL,
        ts_event_ms=_matched_ms(trade),
    )


def _token(market: Market, outcome: Outcome) -> str:
    return market.yes_token if outcome is Outcome.YES else market.no_token


def _outcome(token: str, market: Market) -> Outcome:
    if token == market.yes_token:
        return Outcome.YES
    if token == market.no_token:
        return Outcome.NO
    raise ValueError("a trade names a token of another market")


def _side(text: str) -> Side:
    if text == "BUY":
        return Side.BUY
    if text == "SELL":
        return Side.SELL
    raise ValueError("a trade with neither side")


def _matched_ms(trade: TradeRecord) -> int:
    text = str(trade.match_time or trade.matchtime or "0")
    return int(text) * 1_000 if text.isascii() and text.isdigit() and len(text) < 12 else 0
