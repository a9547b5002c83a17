"""Terms of one market, from Gamma (texts, state) and the CLOB (tick, sizes, fee, tokens).

The CLOB's numbers win: Gamma is cached for minutes. Where the two contradict each other on what
an order is signed with (tokens, neg-risk), the market is refused.

Fields: docs.polymarket.com gamma and clob-markets pages, polymarket-client 0.14.0, live notes of
2026-10-06; read 2026-11-22.
"""

from datetime import datetime
from decimal import Decimal
from typing import Final, TypeVar
from urllib.parse import urlencode

import msgspec

from twoleg.core.market import FeeSchedule, Market, MarketId, PriceGrid, Venue
from twoleg.errors import VenueRejected
from twoleg.venues.polymarket.options import PolymarketOptions, PolymarketUrls
from twoleg.venues.polymarket.rest import JSON_HEADERS, decode_answer
from twoleg.venues.polymarket.sign import VENUE
from twoleg.venues.transport import HttpExchange, require_safe_url

T = TypeVar("T")
LABELS: Final = ("Yes", "No")
NOTIONAL_MICROS_MIN: Final = 1_000_000
"""A marketable BUY below $1 is refused (py-clob-client issues, read 2026-11-22)."""
SIZE_E6_MIN: Final = 5_000_000
"""Five shares on practically all markets, where a market does not tell."""
FEE_QUANTUM_MICROS: Final = 10


class _GammaFee(msgspec.Struct):
    """`feeSchedule`: the taker fee is rate · C · (p(1−p))^exponent."""

    rate: Decimal = Decimal(0)
    exponent: Decimal = Decimal(1)


class _GammaSeries(msgspec.Struct):
    """The series of an event."""

    slug: str | None = None


class _GammaEvent(msgspec.Struct):
    """A market's parent."""

    slug: str | None = None
    series: list[_GammaSeries] | None = None


class GammaMarket(msgspec.Struct, rename="camel"):
    """One market of Gamma; lists come as JSON inside a string, or as lists."""

    condition_id: str
    question: str | None = None
    description: str | None = None
    end_date: str | None = None
    outcomes: str | list[str] | None = None
    clob_token_ids: str | list[str] | None = None
    position_ids: str | list[str] | None = None
    version: str | None = None
    active: bool | None = None
    closed: bool | None = None
    accepting_orders: bool | None = None
    enable_order_book: bool | None = None
    uma_resolution_status: str | None = None
    neg_risk: bool | None = None
    fees_enabled: bool | None = None
    fee_schedule: _GammaFee | None = None
    seconds_delay: int | None = None
    events: list[_GammaEvent] | None = None


class _ClobToken(msgspec.Struct):
    """Token id and outcome label."""

    t: str
    o: str


class _ClobFee(msgspec.Struct):
    """`fd`: rate and exponent of the taker fee; left out on free markets."""

    r: Decimal = Decimal(0)
    e: Decimal = Decimal(1)


class ClobMarket(msgspec.Struct):
    """`GET /clob-markets/{condition}`: one-letter names, false and free values left out."""

    mts: Decimal
    t: list[_ClobToken] = []
    mos: Decimal | None = None
    ao: bool = True
    nr: bool = False
    fd: _ClobFee | None = None


class _KeysetPage(msgspec.Struct):
    """One page of `/markets/keyset`."""

    markets: list[msgspec.Raw]


class PolymarketCatalogue:
    """CataloguePort of Polymarket."""

    venue = Venue.POLYMARKET

    def __init__(
        self, *, http: HttpExchange, urls: PolymarketUrls, options: PolymarketOptions
    ) -> None:
        self._http = http
        self._gamma_url = require_safe_url(urls.gamma, key="polymarket.gamma_url").rstrip("/")
        self._clob_url = require_safe_url(urls.clob, key="polymarket.clob_url").rstrip("/")
        self._options = options

    async def read_market(self, native_id: str, labels: tuple[str, str] = LABELS) -> Market:
        """Terms of one market; `labels` names its YES and NO outcome where they are others.

        Raises:
            VenueRejected: no such market, or terms that cannot be traded safely.
            VenueUnavailable: the venue cannot be asked.
        """
        gamma = await self._read_gamma(native_id)
        clob = await self._get(f"{self._clob_url}/clob-markets/{native_id}", ClobMarket)
        return to_market(gamma, clob, labels)

    async def _read_gamma(self, native_id: str) -> GammaMarket:
        # The keyset list shows active markets; a closed one must be asked for. The older list
        # answers where the keyset one is not there.
        for path in ("/markets/keyset", "/markets"):
            for closed in ("false", "true"):
                query = urlencode({"condition_ids": native_id, "closed": closed})
                try:
                    raw = await self._get(f"{self._gamma_url}{path}?{query}", msgspec.Raw)
                except VenueRejected:
                    break
                for item in _items(bytes(raw)):
                    market = decode_answer(200, bytes(item), GammaMarket)
                    # An ignored filter would answer with just any market.
                    if market.condition_id.lower() == native_id.lower():
                        return market
        raise VenueRejected(VENUE, "market_not_found", native_id)

    async def _get(self, url: str, answer_type: type[T]) -> T:
        status, _, body = await self._http.request(
            "GET", url, headers=JSON_HEADERS, timeout_ms=self._options.request_timeout_ms
        )
        return decode_answer(status, body, answer_type)


def to_market(gamma: GammaMarket, clob: ClobMarket, labels: tuple[str, str] = LABELS) -> Market:
    """Join what the two services say; VenueRejected if it cannot be traded safely."""
    if gamma.neg_risk is not None and gamma.neg_risk != clob.nr:
        raise _refused(gamma, "neg_risk_disagrees", "orders would be signed for the wrong exchange")
    yes_token, no_token = _tokens(gamma, clob, labels)
    event = gamma.events[0] if gamma.events else _GammaEvent()
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
        title=gamma.question or "",
        rules=gamma.description or "",
        close_ts_ms=_unix_ms(gamma.end_date),
        is_tradable=_is_tradable(gamma, clob),
    )


def _items(body: bytes) -> list[msgspec.Raw]:
    """The markets of an answer: a bare list, or a page that holds one."""
    if body.lstrip()[:1] == b"[":
        return decode_answer(200, body, list[msgspec.Raw])
    return decode_answer(200, body, _KeysetPage).markets


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
    is_v2 = (gamma.version or "v1").lower() == "v2"
    names = _texts(gamma, gamma.outcomes)
    told = _texts(gamma, gamma.position_ids if is_v2 else gamma.clob_token_ids)
    by_label = dict(zip((name.casefold() for name in names), told, strict=False))
    listed = {token.o.casefold(): token.t for token in clob.t}
    if not is_v2 and listed and by_label and listed != by_label:
        raise _refused(gamma, "tokens_disagree", "Gamma and the CLOB name different tokens")
    found = by_label if is_v2 or not listed else listed
    wanted = (labels[0].casefold(), labels[1].casefold())
    if len(found) != 2 or set(found) != set(wanted):
        raise _refused(gamma, "unknown_outcomes", f"outcomes are {sorted(found)}")
    tokens = (found[wanted[0]], found[wanted[1]])
    if tokens[0] == tokens[1] or not all(text.isascii() and text.isdigit() for text in tokens):
        raise _refused(gamma, "bad_tokens", "token ids are not two numbers")
    return tokens


def _grid(gamma: GammaMarket, tick: Decimal) -> PriceGrid:
    steps = tick * 10_000
    if steps != steps.to_integral_value() or not 0 < steps <= 5_000 or 10_000 % int(steps):
        raise _refused(gamma, "unknown_tick", str(tick))
    return PriceGrid.uniform(int(steps))


def _fees(gamma: GammaMarket, clob: ClobMarket) -> FeeSchedule:
    """The taker fee; where both services name one and differ, the dearer."""
    told: list[tuple[Decimal, Decimal]] = []
    if gamma.fees_enabled and gamma.fee_schedule is not None:
        told.append((gamma.fee_schedule.rate, gamma.fee_schedule.exponent))
    if clob.fd is not None:
        told.append((clob.fd.r, clob.fd.e))
    for rate, exponent in told:
        if rate < 0 or exponent not in {0, 1, 2, 3, 4}:
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


def _exact(gamma: GammaMarket, value: Decimal, what: str) -> int:
    millionths = value * 1_000_000
    if not millionths.is_finite() or millionths != millionths.to_integral_value():
        raise _refused(gamma, f"bad_{what}", str(value))
    return int(millionths)


def _texts(gamma: GammaMarket, value: str | list[str] | None) -> list[str]:
    if not value:
        return []
    if isinstance(value, list):
        return value
    try:
        return msgspec.json.decode(value, type=list[str])
    except msgspec.DecodeError as error:
        raise _refused(gamma, "unreadable_list", value[:100]) from error


def _unix_ms(text: str | None) -> int:
    try:
        return int(datetime.fromisoformat(text or "").timestamp() * 1_000)
    except ValueError:
        return 0


def _refused(gamma: GammaMarket, code: str, detail: str) -> VenueRejected:
    return VenueRejected(VENUE, code, f"{gamma.condition_id}: {detail}")
