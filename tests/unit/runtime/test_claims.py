"""Nothing new starts while the accounts may not be ours, and before they were looked at again."""

import asyncio

from twoleg.core.events import Event, GuardCleared, GuardTripped
from twoleg.runtime.claims import Claims
from twoleg.runtime.keeper import MakeWork
from twoleg.runtime.owner import Claim


class Held:
    """Claims over accounts whose looks the test lets come through, or not."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.looks: list[asyncio.Future[bool]] = []
        self.tasks: list[asyncio.Task[None]] = []
        self.claims = Claims(emit=self.events.append, look=self._look, spawn=self._spawn)

    async def _look(self) -> bool:
        self.looks.append(asyncio.get_running_loop().create_future())
        return await self.looks[-1]

    def _spawn(self, _name: str, make_work: MakeWork) -> None:
        self.tasks.append(asyncio.ensure_future(make_work()))

    async def end_look(self, number: int, *, is_through: bool) -> None:
        await asyncio.sleep(0)
        self.looks[number].set_result(is_through)
        await self.tasks[number]

    def told(self) -> list[str]:
        signs: list[str] = []
        for event in self.events:
            if isinstance(event, GuardTripped):
                assert event.stands
                signs.append(f"+{event.reason}")
            else:
                assert isinstance(event, GuardCleared)
                signs.append(f"-{event.reason}")
        return signs


async def test_guards_end_only_after_a_look_has_come_through() -> None:
    held = Held()
    held.claims.on_claim(Claim.UNPROVEN)
    held.claims.on_claim(Claim.TAKEN)
    held.claims.on_claim(Claim.OURS)
    await asyncio.sleep(0)
    assert held.told() == ["+accounts_unproven", "+accounts_taken"]
    await held.end_look(0, is_through=True)
    assert held.told()[2:] == ["-accounts_unproven", "-accounts_taken"]


async def test_look_that_a_stop_ended_clears_nothing() -> None:
    held = Held()
    held.claims.on_claim(Claim.TAKEN)
    held.claims.on_claim(Claim.OURS)
    await held.end_look(0, is_through=False)
    assert held.told() == ["+accounts_taken"]


async def test_look_of_an_earlier_turn_clears_nothing() -> None:
    held = Held()
    for claim in (Claim.TAKEN, Claim.OURS):
        held.claims.on_claim(claim)
    await asyncio.sleep(0)
    for claim in (Claim.TAKEN, Claim.OURS):
        held.claims.on_claim(claim)
    await held.end_look(0, is_through=True)
    assert not [sign for sign in held.told() if sign.startswith("-")]
    await held.end_look(1, is_through=True)
    assert held.told()[-1] == "-accounts_taken"


async def test_accounts_that_were_never_in_doubt_are_not_looked_at() -> None:
    held = Held()
    held.claims.on_claim(Claim.OURS)
    await asyncio.sleep(0)
    assert (held.looks, held.events) == ([], [])
