"""A venue that does not answer is waited for, until a stop is asked for."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise

import pytest
from structlog.testing import capture_logs

from tests.support.runtime import CountedEntropy, HeldClock, settle_down
from twoleg.errors import CredentialError, TwolegError, VenueRejected, VenueUnavailable
from twoleg.runtime.patience import DELAY_MS_MAX, RETRY_AFTER_MS_MAX, Patience

LIMITED = VenueUnavailable("kalshi", "rate_limited", http_status=429)


class Caller:
    """Somebody who asks a venue that fails as told, and then answers."""

    def __init__(self, *failures: TwolegError) -> None:
        self.clock = HeldClock()
        self.stop = asyncio.Event()
        self.failures = list(failures)
        self.asked_ms: list[int] = []
        self.patience = Patience(clock=self.clock, entropy=CountedEntropy(), stop=self.stop)

    async def read(self) -> str:
        self.asked_ms.append(self.clock.now_ns // 1_000_000)
        if self.failures:
            raise self.failures.pop(0)
        return "told"

    def ask(self, besides: str = "") -> asyncio.Task[str]:
        read: Callable[[], Awaitable[str]] = self.read
        return asyncio.create_task(self._ask(read, besides))

    async def _ask(self, read: Callable[[], Awaitable[str]], besides: str) -> str:
        return await self.patience.ask("kalshi", read, besides=besides)


async def test_venue_is_asked_until_it_answers_ever_more_rarely_and_each_time_told() -> None:
    caller = Caller(*[LIMITED] * 40)
    with capture_logs() as logs:
        asking = caller.ask()
        await caller.clock.pass_ms(3_600_000)
    assert await asking == "told"
    gaps = [after - before for before, after in pairwise(caller.asked_ms)]
    assert gaps[0] <= 500
    assert gaps[:5] == sorted(gaps[:5])
    assert max(gaps) <= DELAY_MS_MAX
    assert [entry["reason"] for entry in logs] == ["kalshi: rate_limited (HTTP 429)"] * 40


@pytest.mark.parametrize(("told_s", "waited_ms"), [(7, 7_000), (100_000, RETRY_AFTER_MS_MAX)])
async def test_venue_says_when_to_come_back(told_s: int, waited_ms: int) -> None:
    caller = Caller(VenueUnavailable("polymarket", "http_503", retry_after_s=told_s))
    asking = caller.ask()
    await caller.clock.pass_ms(waited_ms)
    assert await asking == "told"
    assert caller.asked_ms == [0, waited_ms]


@pytest.mark.parametrize(
    "refusal",
    [
        VenueRejected("kalshi", "unauthorized", http_status=401),
        CredentialError("kalshi", "KALSHI_API_KEY_ID", "is not set"),
    ],
)
async def test_refusal_is_not_waited_out(refusal: TwolegError) -> None:
    caller = Caller(refusal)
    with pytest.raises(type(refusal)):
        await caller.ask()


async def test_what_is_not_to_be_waited_for_is_told_at_once() -> None:
    caller = Caller(VenueUnavailable("polymarket", "not_ready"))
    with pytest.raises(VenueUnavailable):
        await caller.ask("not_ready")


async def test_stop_ends_the_waiting_at_once() -> None:
    caller = Caller(LIMITED, LIMITED)
    asking = caller.ask()
    await settle_down()
    caller.stop.set()
    with pytest.raises(VenueUnavailable):
        await asking
    assert caller.asked_ms == [0]
