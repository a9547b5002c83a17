"""An order of ours and what is booked for it. Pure."""

import msgspec

from twoleg.core.events import Fill, FillStatus
from twoleg.core.orders import OrderRef, OrderSpec


class Booked(msgspec.Struct):
    """An order of ours and what is booked for it."""

    ref: OrderRef
    fills: dict[str, Fill]
    """By fill id; voided ones stay, marked."""
    failed: set[str] = msgspec.field(default_factory=set[str])
    """Fills first heard of as failed: older news of them may still come."""
    adjusted_micros: int = 0
    """What of the order's exact money its fills did not show, already journalled."""
    awaited_e6: int = 0
    """Sum of fills, void ones included, that its answer counted."""
    settlings: int = 0
    """How often its money was asked for; only the latest asking is answered."""
    read_ns: int = -1
    """When its fills were last asked for; −1: never."""
    keys: set[str] = msgspec.field(default_factory=set[str])
    """All ids by which the venue may name it."""

    @property
    def number(self) -> tuple[int, int]:
        """Of its execution, and of the order in it."""
        return self.ref.spec.execution_no, self.ref.spec.order_no

    def live(self) -> list[Fill]:
        """Fills that count."""
        return [fill for fill in self.fills.values() if fill.status is not FillStatus.VOID]

    @property
    def seen_e6(self) -> int:
        """Sum of all fills, void ones included."""
        return sum(fill.size_e6 for fill in self.fills.values())

    @property
    def size_e6(self) -> int:
        """Sum of the fills that count."""
        return sum(fill.size_e6 for fill in self.live())

    @property
    def void_e6(self) -> int:
        """Sum of the fills that never were."""
        return self.seen_e6 - self.size_e6

    @property
    def is_final(self) -> bool:
        """No fill of it is still to be confirmed."""
        return all(fill.status is not FillStatus.PROVISIONAL for fill in self.fills.values())


def in_terms_of(spec: OrderSpec, fill: Fill) -> Fill:
    """A fill in the words of its order.

    Kalshi's stream tells which outcome was acquired: a sale of YES at p comes as a purchase of NO
    at 1−p. Both mean the same; the order's money is kept in the order's terms.
    """
    if fill.outcome is spec.outcome:
        return fill
    return msgspec.structs.replace(
        fill,
        outcome=spec.outcome,
        side=spec.side,
        price_e4=10_000 - fill.price_e4,
        notional_micros=fill.size_e6 - fill.notional_micros,
    )
