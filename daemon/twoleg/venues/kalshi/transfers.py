"""Cash between shards and between subaccounts, and the split that the venue keeps by itself.

Kalshi API docs, exchange sharding and subaccounts, 2026-09-03, OpenAPI 3.34.0 (2026-10-26):
amounts between shards are in centi-cents (5 000 moved $0.50 on the demo venue, 2026-10), between
subaccounts in cents. A client transfer id makes a repeat harmless: a duplicate is a 409.
"""

from enum import Enum
from typing import Final, Literal
from urllib.parse import quote

import msgspec
import structlog

from twoleg.errors import InvariantBroken, OutcomeUnknown, VenueRejected, VenueUnavailable
from twoleg.seams import Clock, Entropy
from twoleg.venues.backoff import Backoff
from twoleg.venues.kalshi.commands import Commands
from twoleg.venues.kalshi.http import KalshiHttp
from twoleg.venues.kalshi.meanings import Operation
from twoleg.venues.kalshi.numbers import VENUE
from twoleg.venues.kalshi.options import KalshiOptions

SHARD_PATH: Final = "/portfolio/intra_exchange_instance_transfer"
SHARD_READ_PATH: Final = "/portfolio/intra_exchange_instance_transfers"
SUBACCOUNT_PATH: Final = "/portfolio/subaccounts/transfer"
ALLOCATION_PATH: Final = "/portfolio/target_balance_allocation"
INSTANCE: Final = "event_contract"
COMPLETE: Final = "complete"
SUBACCOUNT_MAX: Final = 63
_CENTICENT_MICROS: Final = 100
_CENT_MICROS: Final = 10_000
_NS_PER_MS: Final = 1_000_000

log = structlog.get_logger(__name__)


class TransferStatus(Enum):
    """What is known of a transfer."""

    COMPLETE = "complete"
    PENDING = "pending"
    """It was taken and is not complete, or nobody says whether it is: watch the balances."""
    REFUSED = "refused"
    NOT_SENT = "not_sent"
    """Not sent, or refused by a venue that pauses or has had enough: try later."""
    UNKNOWN = "unknown"
    """Not answered in time. Asking again with the same client transfer id is harmless; if that is
    refused, the first may have moved the cash all the same."""


class TransferAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of one transfer; `transfer_id` is empty where the venue did not tell it."""

    status: TransferStatus
    client_transfer_id: str = ""
    transfer_id: str = ""
    code: str = ""
    detail: str = ""


class Allocation(msgspec.Struct, frozen=True, kw_only=True):
    """How the venue spreads cash: (shard, percent), and the cash it keeps for resting orders."""

    percents: tuple[tuple[int, int], ...]
    resting_margin_reservation: Literal["none", "max", "sum"] = "sum"


class _ShardBody(msgspec.Struct, frozen=True, kw_only=True):
    """Body of a transfer between shards; `amount` in centi-cents."""

    source: str
    destination: str
    amount: int
    source_exchange_shard: int
    destination_exchange_shard: int
    client_transfer_id: str | msgspec.UnsetType = msgspec.UNSET


class _SubaccountBody(msgspec.Struct, frozen=True, kw_only=True):
    """Body of a transfer between subaccounts."""

    client_transfer_id: str
    from_subaccount: int
    to_subaccount: int
    amount_cents: int
    exchange_index: int


class _Taken(msgspec.Struct, frozen=True):
    """What a transfer answers at once."""

    transfer_id: str = ""


class _State(msgspec.Struct, frozen=True):
    """Of a transfer, what matters."""

    status: str = ""


class _Shown(msgspec.Struct, frozen=True):
    """A transfer that is read, in an envelope or without one (UNCERTAIN)."""

    transfer: _State | None = None
    status: str = ""


class _Share(msgspec.Struct, frozen=True):
    """One shard's part of the cash."""

    exchange_index: int
    percent: int


class _AllocationBody(msgspec.Struct, frozen=True):
    """An allocation, read and written in one shape."""

    allocations: list[_Share] | None = None
    resting_margin_reservation: Literal["none", "max", "sum"] = "sum"


class KalshiTransfers:
    """Moves cash within one Kalshi account. Moves answer and never raise; allocations raise."""

    def __init__(
        self,
        *,
        http: KalshiHttp,
        clock: Clock,
        entropy: Entropy,
        options: KalshiOptions | None = None,
    ) -> None:
        self._http = http
        self._clock = clock
        self._entropy = entropy
        self._options = options or KalshiOptions()
        self._commands = Commands(http=http, options=self._options)

    def new_id(self) -> str:
        """A fresh client transfer id, to be written down before it is used."""
        return self._entropy.uuid4()

    async def move_between_shards(
        self, client_transfer_id: str, *, amount_micros: int, source: int, destination: int
    ) -> TransferAnswer:
        """Move cash from one shard to another, and wait until it is there.

        Safe to ask again with the same id for the same transfer: it moves once. Only the primary
        account may name an id; in another subaccount an unanswered transfer stays UNKNOWN and must
        be settled by the balances before another is made.

        Raises:
            InvariantBroken: the amount is not a positive number of 1/10 000 dollar, or both shards
                are the same.
        """
        amount = _whole(amount_micros, _CENTICENT_MICROS)
        if source == destination:
            raise InvariantBroken(f"transfer from shard {source} to itself")
        is_named = self._options.subaccount == 0
        body = _ShardBody(
            source=INSTANCE,
            destination=INSTANCE,
            amount=amount,
            source_exchange_shard=source,
            destination_exchange_shard=destination,
            client_transfer_id=client_transfer_id if is_named else msgspec.UNSET,
        )
        end_ns = self._clock.monotonic_ns() + self._options.transfer_wait_ms_max * _NS_PER_MS
        taken = await self._move(
            SHARD_PATH,
            msgspec.json.encode(body),
            client_transfer_id,
            end_ns=end_ns,
            can_repeat=is_named,
        )
        if taken.status is not TransferStatus.PENDING or not taken.transfer_id:
            return taken
        return await self._await_complete(taken, end_ns)

    async def move_between_subaccounts(
        self,
        client_transfer_id: str,
        *,
        amount_micros: int,
        source: int,
        destination: int,
        shard: int,
    ) -> TransferAnswer:
        """Move cash on one shard from one subaccount (0–63) to another; COMPLETE when taken.

        Safe to ask again with the same id. Raises InvariantBroken as `move_between_shards`; the
        amount is in whole cents.
        """
        amount_cents = _whole(amount_micros, _CENT_MICROS)
        is_valid = 0 <= source <= SUBACCOUNT_MAX and 0 <= destination <= SUBACCOUNT_MAX
        if source == destination or not is_valid:
            raise InvariantBroken(f"transfer from subaccount {source} to {destination}")
        body = _SubaccountBody(
            client_transfer_id=client_transfer_id,
            from_subaccount=source,
            to_subaccount=destination,
            amount_cents=amount_cents,
            exchange_index=shard,
        )
        end_ns = self._clock.monotonic_ns() + self._options.transfer_wait_ms_max * _NS_PER_MS
        taken = await self._move(
            SUBACCOUNT_PATH,
            msgspec.json.encode(body),
            client_transfer_id,
            end_ns=end_ns,
            can_repeat=True,
        )
        if taken.status is TransferStatus.PENDING:
            return msgspec.structs.replace(taken, status=TransferStatus.COMPLETE)
        return taken

    async def read_transfer(self, transfer_id: str) -> TransferStatus:
        """COMPLETE or PENDING, by the venue's own id.

        Raises:
            VenueUnavailable, VenueRejected: the venue cannot be asked, or knows no such transfer.
        """
        shown = await self._http.get(f"{SHARD_READ_PATH}/{quote(transfer_id, safe='')}", _Shown)
        status = shown.transfer.status if shown.transfer else shown.status
        return TransferStatus.COMPLETE if status == COMPLETE else TransferStatus.PENDING

    async def read_allocation(self) -> Allocation:
        """How the venue spreads cash over the shards now; raises as `read_transfer`."""
        told = await self._http.get(ALLOCATION_PATH, _AllocationBody)
        shares = told.allocations or ()
        return Allocation(
            percents=tuple(sorted((share.exchange_index, share.percent) for share in shares)),
            resting_margin_reservation=told.resting_margin_reservation,
        )

    async def write_allocation(self, wanted: Allocation) -> None:
        """Let the venue spread cash like this, every 10 s; safe to repeat.

        Raises:
            InvariantBroken: percents that are negative or sum to more than 100.
            VenueUnavailable, VenueRejected, OutcomeUnknown: as `Commands.send`.
        """
        percents = [percent for _, percent in wanted.percents]
        if any(percent < 0 for percent in percents) or sum(percents) > 100:
            raise InvariantBroken(f"allocation {wanted.percents} is not within 100 %")
        body = _AllocationBody(
            [_Share(shard, percent) for shard, percent in wanted.percents],
            wanted.resting_margin_reservation,
        )
        await self._commands.send(
            Operation.ALLOCATION,
            "POST",
            ALLOCATION_PATH,
            dict[str, object],
            body=msgspec.json.encode(body),
        )

    async def _move(
        self, path: str, body: bytes, key: str, *, end_ns: int, can_repeat: bool
    ) -> TransferAnswer:
        """Send until it is known whether it was taken: PENDING if it was.

        A repeat that is refused says nothing of the first: the cash may be short because it moved.
        """
        backoff = self._backoff()
        is_repeat = False
        while True:
            answer = await self._send_once(path, body, key)
            if is_repeat and answer.status is not TransferStatus.PENDING:
                answer = msgspec.structs.replace(answer, status=TransferStatus.UNKNOWN)
            if answer.status is not TransferStatus.UNKNOWN or not can_repeat:
                return answer
            is_repeat = True
            delay_ns = backoff.next_ms() * _NS_PER_MS
            if self._clock.monotonic_ns() + delay_ns >= end_ns:
                return answer
            await self._clock.sleep(delay_ns / 1_000_000_000)

    async def _send_once(self, path: str, body: bytes, key: str) -> TransferAnswer:
        code, detail, transfer_id = "", "", ""
        try:
            taken = await self._commands.send(Operation.TRANSFER, "POST", path, _Taken, body=body)
        except OutcomeUnknown as error:
            status, code, detail = TransferStatus.UNKNOWN, error.code, error.detail
        except VenueUnavailable as error:
            status, code, detail = TransferStatus.NOT_SENT, error.code, error.detail
        except VenueRejected as error:
            status, code, detail = TransferStatus.REFUSED, error.code, error.detail
        else:
            # No id: a duplicate, which landed before under an id that is not told.
            status, transfer_id = TransferStatus.PENDING, taken.transfer_id
        log.info("cash_transfer_asked", venue=VENUE, key=key, status=status.value, code=code)
        return TransferAnswer(
            status=status,
            client_transfer_id=key,
            transfer_id=transfer_id,
            code=code,
            detail=detail,
        )

    async def _await_complete(self, taken: TransferAnswer, end_ns: int) -> TransferAnswer:
        """Read a transfer until it is complete or the time is up."""
        backoff = self._backoff()
        while True:
            try:
                status = await self.read_transfer(taken.transfer_id)
            except (VenueUnavailable, VenueRejected):
                # It was taken; that it does not show is the reads' fault.
                status = TransferStatus.PENDING
            if status is TransferStatus.COMPLETE:
                return msgspec.structs.replace(taken, status=status)
            delay_ns = backoff.next_ms() * _NS_PER_MS
            if self._clock.monotonic_ns() + delay_ns >= end_ns:
                return taken
            await self._clock.sleep(delay_ns / 1_000_000_000)

    def _backoff(self) -> Backoff:
        return Backoff(
            entropy=self._entropy,
            delay_ms_min=self._options.reread_ms_min,
            delay_ms_max=self._options.reread_ms_max,
        )


def _whole(amount_micros: int, unit_micros: int) -> int:
    amount, rest = divmod(amount_micros, unit_micros)
    if amount <= 0 or rest:
        raise InvariantBroken(f"transfer of {amount_micros} micros is no multiple of {unit_micros}")
    return amount
