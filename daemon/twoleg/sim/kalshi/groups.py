"""Kalshi's order groups: how much a group's orders have filled within 15 seconds, and its limit.

Kalshi docs, order_groups, 2026-08-13: a group belongs to one shard and one subaccount; once its
fills within a rolling 15 s exceed the limit, its orders are canceled and new ones refused until it
is reset. This module keeps the counts; canceling is the desk's.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from twoleg.sim.flow import Clock
from twoleg.sim.kalshi.blotter import Announcer, GroupEvent
from twoleg.sim.kalshi.errors import refuse
from twoleg.sim.kalshi.ledger import Account

WINDOW_NS: Final = 15_000_000_000


@dataclass(slots=True)
class OrderGroup:
    """A group of one account's orders on one shard."""

    group_id: str
    account: Account
    shard: int
    limit_e6: int
    # Monotonic time and size of the fills of the last 15 seconds, oldest first.
    fills: deque[tuple[int, int]] = field(default_factory=deque)
    # From the trigger until the reset.
    is_triggered: bool = False

    def filled_e6(self, now_ns: int) -> int:
        """Return what has filled within the window."""
        while self.fills and self.fills[0][0] <= now_ns - WINDOW_NS:
            self.fills.popleft()
        return sum(size_e6 for _, size_e6 in self.fills)


class OrderGroups:
    """All members' groups, at most `groups_max` of each."""

    def __init__(self, clock: Clock, announcer: Announcer, groups_max: int) -> None:
        self._groups_max = groups_max
        self._clock = clock
        self._announcer = announcer
        self._groups: dict[str, OrderGroup] = {}
        # Groups whose count has changed since `take_exceeded`.
        self._touched: dict[str, OrderGroup] = {}

    def create(self, group_id: str, account: Account, shard: int, limit_e6: int) -> OrderGroup:
        """Add a group, or refuse one too many."""
        limit = self._groups_max
        if len(self._groups) >= limit and len(self.of(account.name)) >= limit:
            # The limit is documented (2026-08-13), its refusal is not.
            raise refuse(400, "invalid_parameters", f"more than {limit} order groups")
        group = OrderGroup(group_id, account, shard, limit_e6)
        self._groups[group_id] = group
        self.announce(group, "created")
        return group

    def of(self, name: str) -> list[OrderGroup]:
        """Return a member's groups, oldest first."""
        return [group for group in self._groups.values() if group.account.name == name]

    def get(self, name: str, group_id: str) -> OrderGroup:
        """Return a member's group, or refuse an unknown one."""
        group = self._groups.get(group_id)
        if group is None or group.account.name != name:
            raise refuse(404, "order_group_not_found")
        return group

    def check_entry(self, account: Account, shard: int, group_id: str) -> None:
        """Refuse an order into a group of another shard or subaccount, or a triggered one."""
        group = self.get(account.name, group_id)
        if group.account is not account or group.shard != shard:
            raise refuse(404, "order_group_not_found")
        if group.is_triggered:
            raise refuse(409, "exceeded_order_group_risk_limit")

    def is_triggered(self, group_id: str) -> bool:
        """Tell whether a group lets no orders rest."""
        group = self._groups.get(group_id)
        return group is not None and group.is_triggered

    def note_fill(self, group_id: str, size_e6: int) -> None:
        """Count a fill of one of the group's orders."""
        group = self._groups.get(group_id)
        if group is not None:
            group.fills.append((self._clock.monotonic_ns(), size_e6))
            self._touched[group_id] = group

    def take_exceeded(self) -> list[OrderGroup]:
        """Return the groups that have just filled beyond their limit, once."""
        now_ns, touched = self._clock.monotonic_ns(), list(self._touched.values())
        self._touched.clear()
        return [g for g in touched if not g.is_triggered and g.filled_e6(now_ns) > g.limit_e6]

    def trigger(self, group: OrderGroup) -> None:
        """Let no more orders in until the reset."""
        group.is_triggered = True
        self.announce(group, "triggered")

    def reset(self, group: OrderGroup) -> None:
        """Forget the fills and let orders in again."""
        group.fills.clear()
        group.is_triggered = False
        self.announce(group, "reset")

    def set_limit(self, group: OrderGroup, limit_e6: int) -> None:
        """Change the limit; it counts at once."""
        group.limit_e6 = limit_e6
        self._touched[group.group_id] = group
        self.announce(group, "limit_updated")

    def delete(self, group: OrderGroup) -> None:
        """Forget the group."""
        del self._groups[group.group_id]
        self.announce(group, "deleted")

    def announce(self, group: OrderGroup, event_type: GroupEvent) -> None:
        """Tell the owner; the limit is part of the events that set it."""
        has_limit = event_type in ("created", "limit_updated")
        limit_e6 = group.limit_e6 if has_limit else None
        self._announcer.order_group(group.account.name, event_type, group.group_id, limit_e6)
