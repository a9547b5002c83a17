"""Trades as REST and the user channel tell them, and the fills of ours in them. Pure.

A trade names its taker and lists its makers. A maker may have sold the same token at our price,
or bought the complement at 1−p (a mint). A fill is what one order of ours got of a trade, in its
own token's price: one per trade for the taker, one per trade and order for makers.

Lifecycle and fields: docs.polymarket.com order-lifecycle, polymarket-client 0.14.0
`settlement.py`, read 2026-11-22.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

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
    """The fill of our taker order in a trade: one, under the trade's own id.

    It must not matter for its id whether a record lists the makers, or all of them: the same trade
    is told many times. ValueError if the trade cannot be read. A status nobody has described counts
    as provisional; callers that must not take it for a fill ask `fill_status` first.
    """
    size_e6 = parse_fixed(trade.size, 6)
    parts = list(_maker_parts(trade))
    # The makers' amounts are the exact ones, but only a complete list may stand for the whole.
    if not parts or sum(part.size_e6 for part in parts) != size_e6:
        parts = [_Part(size_e6, *parse_ratio(trade.price))]
    return (_fill(trade, market, trade.id, trade.taker_order_id, parts=parts, is_taker=True),)


def account_fills(trade: TradeRecord, market: Market, owner: str, wallet: str) -> tuple[Fill, ...]:
    """Fills of an account in a trade that REST tells it: of its taker, or of its resting orders.

    Where the trade does not say which it was, it was a maker if it is listed as one and is not
    named as the taker. ValueError if the trade cannot be read.
    """
    made = maker_fills(trade, market, owner, wallet)
    if trade.trader_side:
        return made if trade.is_maker else taker_fills(trade, market)
    return made if made and trade.owner != owner else taker_fills(trade, market)


def maker_fills(
    trade: TradeRecord, market: Market, owner: str, wallet: str = ""
) -> tuple[Fill, ...]:
    """Fills of our resting orders in a trade; each has its own token, side and price.

    With `wallet` those of its other API keys too.
    """
    fills: list[Fill] = []
    for fill_id, maker in _numbered(trade):
        is_of_wallet = wallet and str(maker.maker_address or "").lower() == wallet.lower()
        if maker.owner != owner and not is_of_wallet:
            continue
        token, side = _maker_terms(trade, maker, market)
        own = msgspec.structs.replace(trade, asset_id=token, side=side)
        part = _Part(parse_fixed(maker.matched_amount, 6), *parse_ratio(maker.price))
        fills.append(_fill(own, market, fill_id, maker.order_id, parts=(part,), is_taker=False))
    return tuple(fills)


def order_fills(trade: TradeRecord, spec: OrderSpec, order_ids: frozenset[str]) -> tuple[Fill, ...]:
    """Fills of one order in a trade, whether it took or rested; in the order's own terms.

    A resting order may be listed by the complement of its token, or without token and side, in
    records of other times; its price is then turned over. ValueError if it cannot be read.
    """
    if trade.taker_order_id.lower() in order_ids:
        return taker_fills(trade, spec.market)
    market, fills = spec.market, list[Fill]()
    for fill_id, maker in _numbered(trade):
        if maker.order_id.lower() not in order_ids:
            continue
        numerator, denominator = parse_ratio(maker.price)
        own_token = _token(market, spec.outcome)
        if maker.asset_id and maker.asset_id != own_token:
            # Raises for a token of another market.
            _outcome(maker.asset_id, market)
            numerator = denominator - numerator
        own = msgspec.structs.replace(trade, asset_id=own_token, side=spec.side.name)
        part = _Part(parse_fixed(maker.matched_amount, 6), numerator, denominator)
        fills.append(_fill(own, market, fill_id, maker.order_id, parts=(part,), is_taker=False))
    return tuple(fills)


class _Part(NamedTuple):
    """Shares that one maker gave or took, and their price in the order's own token."""

    size_e6: int
    numerator: int
    denominator: int

    @property
    def price_e4(self) -> int:
        """Rounded to the nearest."""
        return half_up_div(self.numerator * 10_000, self.denominator)


def _maker_parts(trade: TradeRecord) -> Iterator[_Part]:
    """One per maker, in our token's price."""
    for maker in trade.maker_orders or ():
        numerator, denominator = parse_ratio(maker.price)
        # Two buyers or two sellers can only meet across the two tokens.
        is_complement = (
            maker.asset_id != trade.asset_id if maker.asset_id else maker.side == trade.side
        )
        if is_complement:
            numerator = denominator - numerator
        yield _Part(parse_fixed(maker.matched_amount, 6), numerator, denominator)


def _numbered(trade: TradeRecord) -> Iterator[tuple[str, MakerOrder]]:
    """Makers with the ids of their fills: by order, since lists may leave others' orders out."""
    seen: Counter[str] = Counter()
    for maker in trade.maker_orders or ():
        order_id = maker.order_id.lower()
        again = f":{seen[order_id]}" if seen[order_id] else ""
        seen[order_id] += 1
        yield f"{trade.id}:{order_id}{again}", maker


def _maker_terms(trade: TradeRecord, maker: MakerOrder, market: Market) -> tuple[str, str]:
    """Token and side of a maker's order; what is left out follows from the taker's."""
    token = maker.asset_id
    if not token:
        is_across = maker.side == trade.side
        taken = _outcome(trade.asset_id, market)
        token = _token(market, taken.other if is_across else taken)
    opposite = "SELL" if trade.side == "BUY" else "BUY"
    return token, maker.side or (opposite if token == trade.asset_id else trade.side)


def _fill(
    trade: TradeRecord,
    market: Market,
    fill_id: str,
    order_id: str,
    *,
    parts: Sequence[_Part],
    is_taker: bool,
) -> Fill:
    if any(not 0 <= part.numerator <= part.denominator for part in parts):
        raise ValueError("a price outside [0, 1]")
    size_e6 = sum(part.size_e6 for part in parts)
    # Prices may differ in their decimals; the sum of the money is rounded once.
    scale: int = max(part.denominator for part in parts)
    exact = sum(part.size_e6 * part.numerator * (scale // part.denominator) for part in parts)
    return Fill(
        venue=Venue.POLYMARKET,
        market_id=market.id,
        fill_id=fill_id,
        order_key=order_id.lower(),
        venue_order_id=order_id.lower(),
        outcome=_outcome(trade.asset_id, market),
        side=_side(trade.side),
        price_e4=half_up_div(exact * 10_000, scale * size_e6) if size_e6 else parts[0].price_e4,
        size_e6=size_e6,
        notional_micros=half_up_div(exact, scale),
        # Only takers pay; `fee_rate_bps` of trades is not the fee (section 7 of the docs' fees).
        fee_micros=sum(fee_half_up(market.fees, part.price_e4, part.size_e6) for part in parts)
        if is_taker
        else 0,
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
