"""Terms of one market, joined from Gamma (texts, state) and the CLOB (tick, sizes, fee, tokens).

The CLOB's numbers win: Gamma is cached for minutes. Where the two contradict each other on what
an order is signed with (tokens, neg-risk), the market is refused. Pure.

Fields: docs.polymarket.com gamma and clob-markets pages, polymarket-client 0.14.0, live notes of
2026-10-06; read 2026-11-22.
"""

from datetime import datetime
from decimal import Decimal
from typing import Final

import msgspec

from twoleg.core.market import FeeSchedule, Market, MarketId, PriceGrid, Venue
from twoleg.errors import VenueRejected
from twoleg.venues.polymarket.gamma import GammaMarket, GammaParent
from twoleg.venues.polymarket.sign import VENUE

LABELS: Final = ("Yes", "No")
TICKS_E4: Final = frozenset({1_000, 100, 50, 25, 10, 1})
"""Ticks with a row in the venue's rounding table, 0.1 to 0.0001 (polymarket-client 0.14.0)."""
EXPONENTS: Final = frozenset({0, 1, 2, 3, 4})
"""Fee curves that are computed exactly; 1 on practically all markets, 2 was seen."""
NOTIONAL_MICROS_MIN: Final = 1_000_000
"""A marketable BUY below $1 is refused (py-clob-client issues, read 2026-11-22)."""
SIZE_E6_MIN: Final = 5_000_000
"""Five shares on practically all markets, where a market does not tell."""
FEE_QUANTUM_MICROS: Final = 10


class ClobToken(msgspec.Struct):
    """Token id and outcome label."""

    t: str
    o: str


class ClobFee(msgspec.Struct):
    """`fd`: rate and exponent of the taker fee, and whether takers alone pay it."""

    r: Decimal = Decimal(0)
    e: Decimal = Decimal(1)
    to: bool | None = None


class ClobMarket(msgspec.Struct):
    """`GET /clob-markets/{condition}`: one-letter names, false and free values left out."""

    mts: Decimal
    t: list[ClobToken] = []
    mos: Decimal | None = None
    ao: bool = True
    nr: bool = False
    fd: ClobFee | None = None
    itode: bool = False
    gst: str | None = None


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """A market with what only Polymarket knows of it. Times are Unix ms, 0 where there is none."""

    market: Market
    slug: str
    outcome_label: str
    """Which outcome of a multi-outcome event this market asks for; often empty."""
    is_accepting: bool
    is_closed: bool
    resolution_status: str
    """`umaResolutionStatus`: not empty once somebody proposed an outcome; the book is gone then."""
    game_start_ms: int
    """Sports: the venue clears the book then."""
    delays_takers: bool
    """Crypto: takers wait 50 ms, within the call."""
    is_v2: bool
    neg_risk_market_id: str


def to_terms(gamma: GammaMarket, clob: ClobMarket, labels: tuple[str, str] = LABELS) -> Terms:
    """Join what the two services say; VenueRejected if it cannot be traded safely."""
    return Terms(
        market=to_market(gamma, clob, labels),
        slug=gamma.slug or "",
        outcome_label=gamma.group_item_title or "",
        is_accepting=clob.ao and bool(gamma.accepting_orders),
        is_closed=bool(gamma.closed),
        resolution_status=gamma.uma_resolution_status or "",
        game_start_ms=unix_ms(clob.gst) or unix_ms(gamma.game_start_time),
        delays_takers=clob.itode,
        is_v2=gamma.is_v2,
        neg_risk_market_id=gamma.neg_risk_market_id or "",
    )


def to_market(gamma: GammaMarket, clob: ClobMarket, labels: tuple[str, str] = LABELS) -> Market:
    """The part of the terms that every venue has; VenueRejected as `to_terms`."""
    if gamma.neg_risk is not None and gamma.neg_risk != clob.nr:
        raise _refused(gamma, "neg_risk_disagrees", "orders would be signed for the wrong exchange")
    if gamma.neg_risk_other:
        raise _refused(gamma, "neg_risk_other", "what it asks changes with each outcome added")
    yes_token, no_token = _tokens(gamma, clob, labels)
    event = gamma.events[0] if gamma.events else GammaParent()
    title, rules = texts_of(gamma)
    return Market(
        id=MarketId(f"{VENUE}:{gamma.condition_id}"),
        venue=Venue.POLYMARKET,
        native_id=gamma.condition_id,
        grid=_grid(gamma, clob.mts),
        fees=_fees(gamma, clob),
        size_e6_min=SIZE_E6_MIN if clob.mos is None else _exact(gamma, clob.mos, "min_size"),
        notional_micros_min=NOTIONAL_MICROS_MIN,
        yes_token=yes_token,
        no_token=no_token,
        neg_risk=clob.nr,
        seconds_delay=gamma.seconds_delay or 0,
        event=event.slug or "",
        series=(event.series[0].slug or "") if event.series else "",
        title=title,
        rules=rules,
        close_ts_ms=unix_ms(gamma.end_date),
        is_tradable=_is_tradable(gamma, clob),
    )


def listed_market(gamma: GammaMarket) -> Market:
    """The terms as far as Gamma alone knows them: to list a market by, never to trade it.

    The tokens are named only where the labels are Yes and No; what other labels stand for is
    decided by who pairs the market. VenueRejected as `to_terms`.
    """
    names = gamma.outcome_list()
    is_plain = {name.casefold() for name in names} == {"yes", "no"}
    labels = LABELS if is_plain or len(names) != 2 else (names[0], names[1])
    tick = gamma.order_price_min_tick_size
    clob = ClobMarket(
        mts=Decimal(0) if tick is None else tick,
        mos=gamma.order_min_size,
        nr=bool(gamma.neg_risk),
    )
    market = to_market(gamma, clob, labels)
    if is_plain:
        return market
    return msgspec.structs.replace(market, yes_token="", no_token="")


def texts_of(gamma: GammaMarket) -> tuple[str, str]:
    """Title and rules of a market: what it settles on, and what its fingerprint is made of."""
    return gamma.question or "", gamma.description or ""


def unix_ms(text: str | None) -> int:
    """A time as Gamma writes it, in Unix ms; 0 if there is none."""
    try:
        return int(datetime.fromisoformat(text or "").timestamp() * 1_000)
    except ValueError:
        return 0


def _is_tradable(gamma: GammaMarket, clob: ClobMarket) -> bool:
    return (
        bool(gamma.active)
        and not gamma.closed
        and bool(gamma.accepting_orders)
        and bool(gamma.enable_order_book)
        and not gamma.uma_resolution_status
        and clob.ao
    )


def _tokens(gamma: GammaMarket, clob: ClobMarket, labels: tuple[str, str]) -> tuple[str, str]:
    """YES and NO token by outcome label: positions in the lists mean nothing."""
    names, told = gamma.outcome_list(), gamma.token_list()
    by_label = dict(zip((name.casefold() for name in names), told, strict=False))
    listed = {token.o.casefold(): token.t for token in clob.t}
    if not gamma.is_v2 and listed and by_label and listed != by_label:
        raise _refused(gamma, "tokens_disagree", "Gamma and the CLOB name different tokens")
    found = by_label if gamma.is_v2 or not listed else listed
    wanted = (labels[0].casefold(), labels[1].casefold())
    if len(found) != 2 or set(found) != set(wanted):
        raise _refused(gamma, "unknown_outcomes", f"outcomes are {sorted(found)}")
    tokens = (found[wanted[0]], found[wanted[1]])
    if tokens[0] == tokens[1] or not all(text.isascii() and text.isdigit() for text in tokens):
        raise _refused(gamma, "bad_tokens", "token ids are not two numbers")
    return tokens


def _grid(gamma: GammaMarket, tick: Decimal) -> PriceGrid:
    steps = tick * 10_000
    if steps not in TICKS_E4:
        raise _refused(gamma, "unknown_tick", str(tick))
    return PriceGrid.uniform(int(steps))


def _fees(gamma: GammaMarket, clob: ClobMarket) -> FeeSchedule:
    """The taker fee; where both services name one and differ, the dearer."""
    told: list[tuple[Decimal, Decimal]] = []
    if gamma.fees_enabled and gamma.fee_schedule is not None:
        told.append((gamma.fee_schedule.rate, gamma.fee_schedule.exponent))
        _require_takers_only(gamma, gamma.fee_schedule.rate, gamma.fee_schedule.taker_only)
    if clob.fd is not None:
        told.append((clob.fd.r, clob.fd.e))
        _require_takers_only(gamma, clob.fd.r, clob.fd.to)
    for rate, exponent in told:
        if rate < 0 or exponent not in EXPONENTS:
            raise _refused(gamma, "unknown_fee", f"rate {rate}, exponent {exponent}")
    if len({exponent for rate, exponent in told if rate}) > 1:
        # Neither curve is the dearer one at all prices.
        raise _refused(gamma, "fees_disagree", str(told))
    rate, exponent = max(told, default=(Decimal(0), Decimal(1)))
    return FeeSchedule(
        rate_e6=_exact(gamma, rate, "fee_rate"),
        exponent=int(exponent),
        quantum_micros=FEE_QUANTUM_MICROS,
        balance_quantum_micros=1,
    )


def _require_takers_only(gamma: GammaMarket, rate: Decimal, takers_only: bool | None) -> None:  # noqa: FBT001 - as told
    # Fills of resting orders are booked without a fee: makers pay none anywhere (2026-11-22).
    if rate and takers_only is False:
        raise _refused(gamma, "unknown_fee", "makers pay it too")


def _exact(gamma: GammaMarket, value: Decimal, what: str) -> int:
    millionths = value * 1_000_000
    if not millionths.is_finite() or millionths != millionths.to_integral_value():
        raise _refused(gamma, f"bad_{what}", str(value))
    return int(millionths)


def _refused(gamma: GammaMarket, code: str, detail: str) -> VenueRejected:
    return VenueRejected(VENUE, code, f"{gamma.condition_id}: {detail}")
