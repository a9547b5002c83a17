"""The claim on the accounts: ours, somebody else's, or not proven for too long."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from tests.support.runtime import HeldClock, settle_down
from twoleg.errors import DatabaseUnavailable
from twoleg.runtime.owner import CHECK_S, Claim, Owner, account_keys
from twoleg.settings import Settings, load_settings

GRACE_S = 300


class Shared:
    """A database that hosts share, and a session with it."""

    def __init__(self) -> None:
        self.is_up = True
        # Whether it takes questions and never answers.
        self.hangs = False
        # Whether another host has the accounts.
        self.is_taken = False
        self.sessions = 0

    async def connect(self) -> "Shared":
        if not self.is_up:
            raise DatabaseUnavailable("no way there")
        self.sessions += 1
        return self

    async def fetchval(self, _sql: str, *arguments: object) -> bool:
        if self.hangs:
            await asyncio.Event().wait()
        if not self.is_up:
            raise OSError("reset")
        return not (arguments and self.is_taken)

    def terminate(self) -> None:
        self.sessions -= 1


class Watched:
    """An owner; `claims` is what it told."""

    def __init__(self, keys: tuple[str, ...] = ("a", "b"), grace_s: int = GRACE_S) -> None:
        self.clock = HeldClock()
        self.shared = Shared()
        database = cast("Any", self.shared)
        self.owner = Owner(database, keys, clock=self.clock, grace_s=grace_s)
        self.claims: list[Claim] = []
        self.owner.listen(self.claims.append)
        self.task = asyncio.create_task(self.owner.run())

    async def pass_s(self, seconds: float) -> None:
        await self.clock.pass_ms(int(seconds * 1_000))

    async def end(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await settle_down()
        assert self.shared.sessions == 0


@pytest.fixture
async def watched() -> AsyncIterator[Watched]:
    watched = Watched()
    await watched.pass_s(1)
    yield watched
    await watched.end()


async def test_claim_that_holds_is_not_told_of(watched: Watched) -> None:
    await watched.pass_s(10 * GRACE_S)
    assert watched.owner.is_decided.is_set()
    assert watched.claims == []


@pytest.mark.parametrize("how", ["is_up", "hangs"])
async def test_database_away_for_longer_than_the_grace_is_told_once(
    watched: Watched, how: str
) -> None:
    setattr(watched.shared, how, how == "hangs")
    await watched.pass_s(GRACE_S - CHECK_S - 1)
    assert watched.claims == []
    await watched.pass_s(2 * CHECK_S + 2)
    assert watched.claims == [Claim.UNPROVEN]
    await watched.pass_s(3 * GRACE_S)
    assert watched.claims == [Claim.UNPROVEN]


async def test_accounts_are_ours_again_once_the_locks_are(watched: Watched) -> None:
    watched.shared.is_up = False
    await watched.pass_s(2 * GRACE_S)
    watched.shared.is_up = True
    await watched.pass_s(CHECK_S + 1)
    assert watched.claims == [Claim.UNPROVEN, Claim.OURS]
    # And watched over as before.
    watched.shared.is_up = False
    await watched.pass_s(2 * GRACE_S)
    assert watched.claims == [Claim.UNPROVEN, Claim.OURS, Claim.UNPROVEN]


async def test_short_outage_is_none(watched: Watched) -> None:
    for _ in range(5):
        watched.shared.is_up = False
        await watched.pass_s(GRACE_S / 2)
        watched.shared.is_up = True
        await watched.pass_s(2 * CHECK_S)
    assert watched.claims == []


async def test_another_host_took_them_meanwhile(watched: Watched) -> None:
    watched.shared.is_up = False
    await watched.pass_s(2 * GRACE_S)
    watched.shared.is_up = watched.shared.is_taken = True
    await watched.pass_s(2 * GRACE_S)
    assert watched.claims == [Claim.UNPROVEN, Claim.TAKEN]
    watched.shared.is_taken = False
    await watched.pass_s(CHECK_S + 1)
    assert watched.claims == [Claim.UNPROVEN, Claim.TAKEN, Claim.OURS]


@pytest.mark.parametrize(("keys", "grace_s"), [(("a",), 0), ((), GRACE_S)])
async def test_no_grace_or_no_lock_stops_nothing(keys: tuple[str, ...], grace_s: int) -> None:
    watched = Watched(keys, grace_s)
    await watched.pass_s(1)
    watched.shared.is_up = False
    await watched.pass_s(10 * GRACE_S)
    assert watched.claims == []
    await watched.end()


async def test_who_listens_late_hears_what_stands(watched: Watched) -> None:
    late: list[Claim] = []
    watched.owner.listen(late.append)
    assert late == []
    watched.shared.is_up = False
    await watched.pass_s(2 * GRACE_S)
    late.clear()
    watched.owner.listen(late.append)
    assert late == [Claim.UNPROVEN]


# -- which accounts ----------------------------------------------------------------------------

WALLET = "Ab" * 32


def settings(**overrides: str) -> Settings:
    environ = {"POLYMARKET_PRIVATE_KEY": overrides.pop("wallet", WALLET)}
    return load_settings(None, environ, overrides={"daemon.mode": "sim", **SIM, **overrides})


SIM = {"daemon.environment": "simulated"}


def test_same_wallet_written_otherwise_is_the_same_account() -> None:
    plain = account_keys(settings())
    assert account_keys(settings(wallet="0x" + WALLET.upper())) == plain
    assert account_keys(settings(wallet="cd" * 32)) != plain
    assert not any(WALLET.lower() in key for key in plain)


def test_nothing_is_locked_on_paper() -> None:
    assert account_keys(load_settings(None, {})) == ()
