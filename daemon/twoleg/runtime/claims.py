"""What follows when the accounts may not be ours alone: nothing new starts until they are again.

Whoever had them meanwhile may have traded. So that they are ours again is believed only once they
were looked at: what differs opens a guard of its own before this one is let go.
"""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Final

from twoleg.core.events import Event, GuardCleared, GuardTripped
from twoleg.runtime.keeper import MakeWork
from twoleg.runtime.owner import Claim

REASONS: Final[Mapping[Claim, tuple[str, str]]] = MappingProxyType(
    {
        Claim.TAKEN: ("accounts_taken", "another daemon has them"),
        Claim.UNPROVEN: ("accounts_unproven", "the database that tells whose they are is away"),
    }
)


class Claims:
    """Hears of the claim. `look` compares both accounts; False if a stop came first."""

    def __init__(
        self,
        *,
        emit: Callable[[Event], None],
        look: Callable[[], Awaitable[bool]],
        spawn: Callable[[str, MakeWork], None],
    ) -> None:
        self._emit = emit
        self._look = look
        self._spawn = spawn
        # Guards that stand, in the order in which they were tripped.
        self._standing: dict[str, None] = {}
        # How often the claim has changed.
        self._changes = 0

    def on_claim(self, claim: Claim) -> None:
        """The claim is this now."""
        self._changes += 1
        if claim is Claim.OURS:
            if self._standing:
                self._spawn("accounts-ours", self._take_back)
            return
        reason, detail = REASONS[claim]
        self._standing[reason] = None
        self._emit(GuardTripped(reason, detail, stands=True))

    async def _take_back(self) -> None:
        changes = self._changes
        if not await self._look() or changes != self._changes:
            return
        standing, self._standing = self._standing, {}
        for reason in standing:
            self._emit(GuardCleared(reason))
