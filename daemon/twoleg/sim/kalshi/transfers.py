"""Cash between Kalshi's exchange instances: transfers that complete later, and standing targets.

Kalshi docs, openapi 3.34.0 (IntraExchangeInstanceTransfer, TargetBalanceAllocation), 2026-10. The
amount of a request is in centi-cents, 5000 being $0.50 (observed 2026-10-06).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from twoleg.sim.flow import Clock
from twoleg.sim.kalshi.errors import refuse, refuse_json
from twoleg.sim.kalshi.ledger import Account
from twoleg.sim.kalshi.text import money_text

CENTICENT_MICROS: Final = 100
REBALANCE_EVERY_NS: Final = 10_000_000_000
RESERVATIONS: Final = ("none", "max", "sum")
REQUEST: Final = "IntraExchangeInstanceTransferRequest"
_INSTANCE: Final = "event_contract"


@dataclass(frozen=True, slots=True)
class Transfer:
    """Cash on its way from one instance to another; it is in neither while pending."""

    number: int
    transfer_id: str
    account: Account
    source: int
    target: int
    micros: int
    created_ms: int
    due_ns: int
    client_transfer_id: str | None = None
    is_complete: bool = False

    def to_json(self) -> dict[str, object]:
        """Return the IntraExchangeInstanceTransfer."""
        given = self.client_transfer_id
        return {
            "transfer_id": self.transfer_id,
            **({} if given is None else {"client_transfer_id": given}),
            "source": _INSTANCE,
            "destination": _INSTANCE,
            "source_exchange_shard": self.source,
            "destination_exchange_shard": self.target,
            "amount": money_text(self.micros),
            "status": "complete" if self.is_complete else "pending",
            "created_ts": self.created_ms,
        }


@dataclass(frozen=True, slots=True)
class Allocation:
    """How an account wants its free cash spread: percent by instance, summing to 100."""

    percents: Mapping[int, int]
    reservation: str = "sum"

    def to_json(self) -> dict[str, object]:
        """Return the body of GET target_balance_allocation."""
        rows = [{"exchange_index": shard, "percent": p} for shard, p in self.percents.items()]
        return {"allocations": rows, "resting_margin_reservation": self.reservation}


class Transfers:
    """All transfers and targets. `paused` holds the instances that let no transfers through."""

    def __init__(
        self,
        clock: Clock,
        *,
        shards: Callable[[], list[int]],
        available_micros: Callable[[Account, int], int],
        new_id: Callable[[], str],
        transfer_ms: int,
    ) -> None:
        self._clock = clock
        self._shards = shards
        self._available_micros = available_micros
        self._new_id = new_id
        self._transfer_ms = transfer_ms
        self.paused: set[int] = set()
        # By id, in order of creation.
        self._transfers: dict[str, Transfer] = {}
        # Client transfer ids ever used, per account.
        self._used_ids: set[tuple[str, str]] = set()
        # By account name.
        self._allocations: dict[str, tuple[Account, Allocation]] = {}
        self._rebalanced_ns = clock.monotonic_ns()

    def start(self, account: Account, body: object) -> str:
        """Take the cash from its instance and return the transfer's id, or raise the refusal."""
        if not isinstance(body, dict):
            raise refuse_json(f"json: cannot unmarshal into Go value of type {REQUEST}")
        for name in ("source", "destination"):
            if body.get(name) != _INSTANCE:
                raise refuse(400, "invalid_parameters", f"{name} must be {_INSTANCE}")
        amount = _whole(body, "amount")
        source, target = (
            _whole(body, f"{name}_exchange_shard") for name in ("source", "destination")
        )
        if amount <= 0:
            raise refuse(400, "invalid_parameters", "amount must be above 0")
        if source == target or not {source, target} <= set(self._shards()):
            raise refuse(400, "invalid_parameters", "exchange shards")
        if self.paused & {source, target}:
            raise refuse(503, "service_unavailable")
        micros = amount * CENTICENT_MICROS
        if micros > self._available_micros(account, source):
            raise refuse(400, "insufficient_balance")
        given = self._claim(account, body.get("client_transfer_id"))
        return self._move(account, source, target, micros, given)

    def get(self, account: Account, transfer_id: str) -> Transfer:
        """Return an account's transfer as it stands, or raise the 404."""
        self.complete_due()
        transfer = self._transfers.get(transfer_id)
        if transfer is None or transfer.account is not account:
            raise refuse(404, "not_found")
        return transfer

    def of(self, account: Account) -> list[Transfer]:
        """Return an account's transfers as they stand, newest first."""
        self.complete_due()
        return [t for t in reversed(self._transfers.values()) if t.account is account]

    def allocate(self, account: Account, body: object) -> Allocation:
        """Set an account's target; an empty list ends the rebalancing."""
        rows = body.get("allocations") if isinstance(body, dict) else None
        if not isinstance(body, dict) or not isinstance(rows, list):
            raise refuse(400, "missing_parameters", "allocations")
        if not all(isinstance(row, dict) for row in rows):
            raise refuse(400, "invalid_parameters", "allocations")
        percents = {_whole(row, "exchange_index"): _whole(row, "percent") for row in rows}
        reservation = body.get("resting_margin_reservation", "sum")
        is_known = reservation in RESERVATIONS and set(percents) <= set(self._shards())
        if not is_known or (rows and sum(percents.values()) != 100) or len(percents) != len(rows):
            raise refuse(400, "invalid_parameters", "allocations")
        allocation = Allocation(percents, str(reservation))
        self._allocations[account.name] = (account, allocation)
        return allocation

    def allocation(self, account: Account) -> Allocation:
        """Return an account's target; without one, an empty one."""
        known = self._allocations.get(account.name)
        return Allocation({}) if known is None else known[1]

    def tick(self) -> None:
        """Complete what is due, and every ten seconds move cash towards the targets."""
        self.complete_due()
        now_ns = self._clock.monotonic_ns()
        if now_ns - self._rebalanced_ns >= REBALANCE_EVERY_NS:
            self._rebalanced_ns = now_ns
            for account, allocation in self._allocations.values():
                self._rebalance(account, allocation)

    def complete_due(self) -> None:
        """Credit every transfer whose time has come."""
        now_ns = self._clock.monotonic_ns()
        for transfer in list(self._transfers.values()):
            if not transfer.is_complete and transfer.due_ns <= now_ns:
                self._transfers[transfer.transfer_id] = replace(transfer, is_complete=True)
                cash = transfer.account.cash_micros
                cash[transfer.target] = cash.get(transfer.target, 0) + transfer.micros

    def _move(
        self, account: Account, source: int, target: int, micros: int, given: str | None = None
    ) -> str:
        account.cash_micros[source] -= micros
        transfer_id, lag_ns = self._new_id(), self._transfer_ms * 1_000_000
        self._transfers[transfer_id] = Transfer(
            len(self._transfers) + 1,
            transfer_id,
            account,
            source,
            target,
            micros,
            self._clock.now_ns() // 1_000_000,
            self._clock.monotonic_ns() + lag_ns,
            given,
        )
        return transfer_id

    def _rebalance(self, account: Account, allocation: Allocation) -> None:
        # What resting orders have locked stays behind with every reservation: with `none` and `max`
        # Kalshi may take it and cancel orders for want of margin, how is not documented.
        free = {
            shard: max(0, self._available_micros(account, shard))
            for shard in {*account.cash_micros, *allocation.percents}
        }
        if not allocation.percents or self.paused & set(free):
            return
        total = sum(free.values())
        surplus = {
            shard: micros - total * allocation.percents.get(shard, 0) // 100
            for shard, micros in sorted(free.items())
        }
        for source in [shard for shard, micros in surplus.items() if micros > 0]:
            for target in [shard for shard, micros in surplus.items() if micros < 0]:
                micros = min(surplus[source], -surplus[target])
                micros -= micros % CENTICENT_MICROS
                if micros > 0:
                    self._move(account, source, target, micros)
                    surplus[source] -= micros
                    surplus[target] += micros

    def _claim(self, account: Account, given: object) -> str | None:
        if given is None:
            return None
        try:
            key = (account.name, str(UUID(given if isinstance(given, str) else "")))
        except ValueError as error:
            raise refuse(400, "invalid_parameters", "client_transfer_id") from error
        if key in self._used_ids:
            raise refuse(409, "transfer_already_exists")  # the code is not documented
        self._used_ids.add(key)
        return str(given)


def _whole(body: Mapping[str, object], name: str) -> int:
    value = body.get(name)
    if type(value) is not int:
        raise refuse_json(
            f"json: cannot unmarshal {type(value).__name__} into Go struct field "
            f"{REQUEST}.{name} of type int"
        )
    return value
