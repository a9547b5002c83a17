"""What Kalshi's REST reads show: orders, fills and positions, each write visible only after a lag.

The lag is real: fills were indexed 0.07 to 0.93 s late and an order still read `resting` 0.4 s
after its cancel had been acknowledged (observed 2026-06 and 2026-07).
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Generic, TypeVar

from twoleg.sim.flow import Clock

T = TypeVar("T")


class Lagged(Generic[T]):
    """Successive values of one thing, each visible from its own time on, in the order written."""

    __slots__ = ("_shown", "_waiting")

    def __init__(self) -> None:
        # What is visible; None before the first value is.
        self._shown: T | None = None
        self._waiting: deque[tuple[int, T]] = deque()

    def put(self, value: T, visible_ns: int) -> None:
        """Add the next value; it never becomes visible before an earlier one."""
        if self._waiting:
            visible_ns = max(visible_ns, self._waiting[-1][0])
        self._waiting.append((visible_ns, value))

    def get(self, now_ns: int) -> T | None:
        """Return the newest visible value."""
        while self._waiting and self._waiting[0][0] <= now_ns:
            self._shown = self._waiting.popleft()[1]
        return self._shown


@dataclass(frozen=True, slots=True)
class Row:
    """One order, fill or position as a page shows it, with what the filters ask about."""

    number: int
    ticker: str
    event_ticker: str
    order_id: str
    shard: int
    ts_s: int
    status: str
    json: dict[str, object]
    subaccount: int = 0
    # When an order last changed.
    updated_s: int = 0


@dataclass(slots=True)
class AccountReads:
    """Everything that one account can read."""

    orders: dict[str, Lagged[Row]] = field(default_factory=dict)
    fills: list[Lagged[Row]] = field(default_factory=list)
    # By subaccount and ticker.
    positions: dict[tuple[int, str], Lagged[Row]] = field(default_factory=dict)


class ReadModel:
    """The lagging reads of all accounts. `lag_ms` is the range of the lag, both ends included."""

    def __init__(self, clock: Clock, rng: Random, lag_ms: tuple[int, int]) -> None:
        self._clock = clock
        self._rng = rng
        self.lag_ms = lag_ms
        self._accounts: dict[str, AccountReads] = {}

    def put_order(self, account: str, row: Row) -> None:
        """Record an order's new state."""
        self._put(self._of(account).orders.setdefault(row.order_id, Lagged()), row)

    def put_fill(self, account: str, row: Row) -> None:
        """Record a fill."""
        lagged: Lagged[Row] = Lagged()
        self._of(account).fills.append(lagged)
        self._put(lagged, row)

    def put_position(self, account: str, row: Row) -> None:
        """Record a position's new state."""
        key = row.subaccount, row.ticker
        self._put(self._of(account).positions.setdefault(key, Lagged()), row)

    def orders(self, account: str) -> list[Row]:
        """Return the visible orders, newest first."""
        return self._visible(reversed(self._of(account).orders.values()))

    def order(self, account: str, order_id: str) -> Row | None:
        """Return one order as it reads now, None while it is unknown."""
        lagged = self._of(account).orders.get(order_id)
        return None if lagged is None else lagged.get(self._clock.monotonic_ns())

    def fills(self, account: str) -> list[Row]:
        """Return the visible fills, newest first."""
        return self._visible(reversed(self._of(account).fills))

    def positions(self, account: str) -> list[Row]:
        """Return the visible positions, in the order in which the markets were first traded."""
        return self._visible(self._of(account).positions.values())

    def _put(self, lagged: Lagged[Row], row: Row) -> None:
        lag_ms = self._rng.randint(*self.lag_ms)
        lagged.put(row, self._clock.monotonic_ns() + lag_ms * 1_000_000)

    def _visible(self, rows: Iterable[Lagged[Row]]) -> list[Row]:
        now_ns = self._clock.monotonic_ns()
        shown = (lagged.get(now_ns) for lagged in rows)
        return [row for row in shown if row is not None]

    def _of(self, account: str) -> AccountReads:
        return self._accounts.setdefault(account, AccountReads())
