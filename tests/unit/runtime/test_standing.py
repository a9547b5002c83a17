"""How we stand with the venues is asked at the start: refusals, alarms, and what nobody tells."""

from collections.abc import Iterable
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from tests.support.core import polymarket_market
from twoleg.core.market import Market
from twoleg.errors import CredentialError, VenueRejected, VenueUnavailable
from twoleg.runtime.standing import (
    REGION_WARNING_MS,
    adopt_kalshi_limits,
    alarm_allowances,
    alarm_region,
    read_kalshi_key,
    require_access,
    require_kalshi_key,
)
from twoleg.venues.kalshi.standing import KeyStanding
from twoleg.venues.polymarket.account import MissingAllowance
from twoleg.venues.polymarket.contracts import Exchange
from twoleg.venues.polymarket.geoblock import Access, Geoblock

NOW_MS = 1_790_000_000_000
HOUR_MS = 3_600_000
DENIED = VenueRejected("kalshi", "forbidden", http_status=403)
KEY = KeyStanding(is_listed=True, scopes=("read", "write"), missing=())


def events(lines: Iterable[Any]) -> list[tuple[str, str]]:
    return [(line["log_level"], line["event"]) for line in lines]


class FakeAccount:
    """Answers with what it was given; an exception is raised."""

    def __init__(self, **answers: object) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        async def answer(*_: object) -> object:
            self.asked.append(name)
            given = self.answers.get(name)
            if isinstance(given, Exception):
                raise given
            return given

        return answer


async def test_limits_that_are_not_told_stop_nothing() -> None:
    account = FakeAccount(read_limits=DENIED, read_costs=VenueUnavailable("kalshi", "no_answer"))
    with capture_logs() as lines:
        await adopt_kalshi_limits(cast("Any", account))
    assert account.asked == ["read_limits", "read_costs"]
    assert events(lines) == [("warning", "account_limits_not_read")] * 2


async def test_key_that_is_not_told_of_is_warned_of() -> None:
    with capture_logs() as lines:
        assert await read_kalshi_key(cast("Any", FakeAccount(read_key=DENIED)), "id") is None
        unlisted = FakeAccount(read_key=KeyStanding(is_listed=False))
        standing = await read_kalshi_key(cast("Any", unlisted), "id")
        assert standing is not None
        # Nothing else is known of it, so nothing speaks against it.
        require_kalshi_key(standing, subaccount=0, sends_orders=True)
    assert events(lines) == [("warning", "key_not_read"), ("warning", "key_not_listed")]


@pytest.mark.parametrize(
    ("standing", "words"),
    [
        (
            KeyStanding(is_listed=True, scopes=("read",), missing=("write::trade",)),
            "lacks the scope write::trade",
        ),
        (
            KeyStanding(is_listed=True, missing=(), subaccount=3),
            "only use subaccount 3, not 0",
        ),
    ],
)
def test_key_that_cannot_trade_is_refused_where_orders_go_out(
    standing: KeyStanding, words: str
) -> None:
    with pytest.raises(CredentialError, match=words) as caught:
        require_kalshi_key(standing, subaccount=0, sends_orders=True)
    assert caught.value.variable == "KALSHI_API_KEY_ID"
    with capture_logs() as lines:
        require_kalshi_key(standing, subaccount=0, sends_orders=False)
    assert events(lines) == [("warning", "key_cannot_trade")]


@pytest.mark.parametrize("subaccount", [None, 0])
def test_key_that_can_trade_passes(subaccount: int | None) -> None:
    standing = KeyStanding(is_listed=True, missing=(), subaccount=subaccount)
    with capture_logs() as lines:
        require_kalshi_key(standing, subaccount=0, sends_orders=True)
    assert events(lines) == []


@pytest.mark.parametrize(
    ("expires_ms", "told", "days"),
    [
        (0, [], None),
        (NOW_MS + REGION_WARNING_MS + 1, [], None),
        (NOW_MS + REGION_WARNING_MS, [("error", "region_expires_soon")], 7),
        (NOW_MS + HOUR_MS, [("error", "region_expires_soon")], 0),
        (NOW_MS, [("error", "region_expired")], 0),
        (NOW_MS - 30 * 24 * HOUR_MS, [("error", "region_expired")], 0),
    ],
)
def test_attestation_is_alarmed_a_week_before_its_end(
    expires_ms: int, told: list[tuple[str, str]], days: int | None
) -> None:
    standing = KeyStanding(is_listed=True, missing=(), region_expires_ms=expires_ms)
    with capture_logs() as lines:
        alarm_region(standing, NOW_MS)
    assert events(lines) == told
    assert [line["days_left"] for line in lines] == ([] if days is None else [days])


@pytest.mark.parametrize("sends_orders", [True, False])
def test_place_that_is_not_known_or_open_stops_nothing(*, sends_orders: bool) -> None:
    with capture_logs() as lines:
        require_access(Geoblock(Access.OPEN, "IE"), sends_orders=sends_orders)
        require_access(Geoblock(Access.UNKNOWN, reason="no answer"), sends_orders=sends_orders)
    assert events(lines) == [("warning", "geoblock_not_known")]


def test_blocked_place_is_refused_where_orders_go_out_and_told_on_paper() -> None:
    seen = Geoblock(Access.BLOCKED, "US", "NY")
    with pytest.raises(VenueRejected, match="US-NY"):
        require_access(seen, sends_orders=True)
    with capture_logs() as lines:
        require_access(seen, sends_orders=False)
    assert events(lines) == [("warning", "geoblocked")]


async def test_missing_allowances_are_told_each_and_an_unread_wallet_stops_nothing() -> None:
    markets: list[Market] = [polymarket_market()]
    missing = MissingAllowance(exchange=Exchange.STANDARD, spender="0xabc", asset="COLLATERAL")
    with capture_logs() as lines:
        await alarm_allowances(
            cast("Any", FakeAccount(missing_allowances=(missing, missing))), markets
        )
        denied = FakeAccount(missing_allowances=VenueRejected("polymarket", "unauthorized"))
        await alarm_allowances(cast("Any", denied), markets)
    assert events(lines) == [
        ("error", "allowance_missing"),
        ("error", "allowance_missing"),
        ("warning", "allowances_not_read"),
    ]
