"""Money that moves in a Kalshi account without a trade: settlements, payments, transfers.

Deposits and withdrawals: `GET /portfolio/deposits` and `/portfolio/withdrawals` with the rows `id,
status, type, amount_cents, fee_cents, created_ts, finalized_ts`, as a public client's test data
shows them; not confirmed against the venue's own description. UNCERTAIN too: which shard they reach
(taken for 0), whether the fee is inside the amount (taken for beside it), and the names of the
final states; an unknown state is waited for. Of transfers `pending` and `complete` are documented
(2026-10); other words for an end without effect are taken for what they say.
"""

from typing import Final

import msgspec

from twoleg.core.flows import CashFlow, FlowKind
from twoleg.core.market import Venue
from twoleg.core.units import ONE_DOLLAR_MICROS, ceil_div
from twoleg.errors import MalformedMessage, VenueRejected, VenueUnavailable
from twoleg.venues.kalshi.http import KalshiHttp
from twoleg.venues.kalshi.numbers import VENUE, parse_micros
from twoleg.venues.kalshi.options import KalshiOptions
from twoleg.venues.kalshi.paging import read_pages
from twoleg.venues.kalshi.portfolio import MICROS_PER_CENT, RestingOrder, Settlement
from twoleg.venues.ports import OpenOrder

PAGE_ROWS: Final = 500
APPLIED: Final = frozenset({"applied", "completed", "complete"})
MOVING: Final = "pending"
COMPLETE: Final = "complete"
FAILED: Final = frozenset({"failed", "rejected", "canceled", "cancelled", "expired", "reversed"})
MAY_NOT_SEE: Final = frozenset({403, 404})
PAYMENT_SHARD: Final = 0
TRANSFERS_PATH: Final = "/portfolio/intra_exchange_instance_transfers"


class _Payment(msgspec.Struct, frozen=True):
    """A deposit or a withdrawal."""

    id: str
    status: str
    amount_cents: int
    fee_cents: int = 0
    created_ts: int = 0
    finalized_ts: int | None = None
    exchange_index: int | None = None


class _Deposits(msgspec.Struct, frozen=True):
    """A page of deposits."""

    deposits: list[_Payment] | None = None
    cursor: str | None = ""


class _Withdrawals(msgspec.Struct, frozen=True):
    """A page of withdrawals."""

    withdrawals: list[_Payment] | None = None
    cursor: str | None = ""


class _Transfer(msgspec.Struct, frozen=True):
    """A transfer between shards: `created_ts` in ms, the amount in dollars."""

    transfer_id: str
    source_exchange_shard: int
    destination_exchange_shard: int
    amount: str
    status: str
    created_ts: int = 0


class _Transfers(msgspec.Struct, frozen=True):
    """A page of transfers."""

    transfers: list[_Transfer] | None = None
    cursor: str | None = ""


async def read_payments(
    http: KalshiHttp, since_ms: int, options: KalshiOptions
) -> tuple[CashFlow, ...]:
    """Deposits, withdrawals and transfers that count from `since_ms` on.

    All three concern the primary account alone: a key that may not see one of them is told nothing
    of it, as one that is locked to a subaccount. Raises VenueUnavailable.
    """
    if options.subaccount:
        return ()
    flows: list[CashFlow] = []
    for read in (_read_deposits, _read_withdrawals, _read_transfers):
        try:
            flows += await read(http, since_ms, options.pages_max)
        except VenueRejected as error:
            if error.http_status not in MAY_NOT_SEE:
                raise
        except MalformedMessage as error:
            raise VenueUnavailable(VENUE, "unreadable_answer", error.reason) from error
    return tuple(flows)


async def _read_deposits(http: KalshiHttp, since_ms: int, pages_max: int) -> list[CashFlow]:
    flows: list[CashFlow] = []
    async for page in read_pages(
        http, "/portfolio/deposits", _Deposits, {"limit": PAGE_ROWS}, pages_max=pages_max
    ):
        flows += [
            _paid(row, FlowKind.DEPOSIT) for row in page.deposits or () if _counts(row, since_ms)
        ]
    return flows


async def _read_withdrawals(http: KalshiHttp, since_ms: int, pages_max: int) -> list[CashFlow]:
    flows: list[CashFlow] = []
    async for page in read_pages(
        http, "/portfolio/withdrawals", _Withdrawals, {"limit": PAGE_ROWS}, pages_max=pages_max
    ):
        rows = page.withdrawals or ()
        flows += [_paid(row, FlowKind.WITHDRAWAL) for row in rows if _counts(row, since_ms)]
    return flows


async def _read_transfers(http: KalshiHttp, since_ms: int, pages_max: int) -> list[CashFlow]:
    flows: list[CashFlow] = []
    async for page in read_pages(
        http, TRANSFERS_PATH, _Transfers, {"limit": PAGE_ROWS}, pages_max=pages_max
    ):
        for transfer in page.transfers or ():
            # One without a time is told: whoever books it decides what that means.
            if not transfer.created_ts or transfer.created_ts >= since_ms:
                flows += _moved(transfer)
    return flows


def flow_of_settlement(settlement: Settlement) -> CashFlow:
    """What a settlement paid, to the micro-dollar where its value is exact in cents.

    The venue tells its revenue in whole cents, cut off.
    """
    yes_micros = {"yes": ONE_DOLLAR_MICROS, "no": 0}.get(settlement.result, settlement.value_micros)
    micros, margin = settlement.revenue_micros, MICROS_PER_CENT
    if yes_micros is not None:
        scaled = settlement.yes_e6 * yes_micros
        scaled += settlement.no_e6 * (ONE_DOLLAR_MICROS - yes_micros)
        exact = scaled // ONE_DOLLAR_MICROS
        if 0 <= exact - settlement.revenue_micros < MICROS_PER_CENT:
            micros, margin = exact, 0
    shard, market_id, settled_time = settlement.key
    return CashFlow(
        kind=FlowKind.SETTLEMENT,
        venue=Venue.KALSHI,
        shard=shard,
        micros=micros,
        reference=f"{shard}/{market_id}/{settled_time}",
        ts_ms=settlement.settled_ms,
        market_id=market_id,
        yes_e6=settlement.yes_e6,
        no_e6=settlement.no_e6,
        margin_micros=margin,
    )


def open_order_of(order: RestingOrder) -> OpenOrder:
    """What a resting order may still cost: a bid its price, an offer a dollar less its price."""
    price_e4 = order.price_e4 if order.book_side == "bid" else 10_000 - order.price_e4
    return OpenOrder(
        market_id=order.market_id,
        order_key=order.order_key,
        venue_order_id=order.venue_order_id,
        shard=order.shard or 0,
        cost_micros=ceil_div(order.remaining_e6 * price_e4, 10_000),
    )


def _counts(row: _Payment, since_ms: int) -> bool:
    # The venue's times are whole seconds. A row without one is told: whoever books it decides.
    finished_s = row.finalized_ts or row.created_ts
    is_late = not finished_s or finished_s >= since_ms // 1_000
    return row.status.lower() in APPLIED and is_late


def _paid(row: _Payment, kind: FlowKind) -> CashFlow:
    amount = row.amount_cents * MICROS_PER_CENT
    fee = row.fee_cents * MICROS_PER_CENT
    return CashFlow(
        kind=kind,
        venue=Venue.KALSHI,
        shard=PAYMENT_SHARD if row.exchange_index is None else row.exchange_index,
        micros=amount - fee if kind is FlowKind.DEPOSIT else -amount - fee,
        reference=f"{kind.value}/{row.id}",
        ts_ms=(row.finalized_ts or row.created_ts) * 1_000,
    )


def _moved(transfer: _Transfer) -> list[CashFlow]:
    """Cash leaves its shard at once, reaches the other when all is done, or comes back."""
    micros, status = parse_micros(transfer.amount), transfer.status.lower()
    source, target = transfer.source_exchange_shard, transfer.destination_exchange_shard
    left = _end(transfer, "out", source, -micros)
    if status == MOVING:
        return [left]
    if status == COMPLETE:
        return [left, _end(transfer, "in", target, micros)]
    if status in FAILED:
        # If it was seen to leave.
        return [_end(transfer, "back", source, micros, undoes=left.reference)]
    return []


def _end(transfer: _Transfer, end: str, shard: int, micros: int, *, undoes: str = "") -> CashFlow:
    return CashFlow(
        kind=FlowKind.TRANSFER,
        venue=Venue.KALSHI,
        shard=shard,
        micros=micros,
        reference=f"transfer/{transfer.transfer_id}/{end}",
        ts_ms=transfer.created_ts,
        undoes=undoes,
    )
