import json
from typing import Any

import msgspec
import pytest

from tests.unit.storage.support import ManualClock, SeededEntropy
from twoleg.catalogue.source import (
    ATTEMPTS_MAX,
    DELAY_MS_MIN,
    RULES_CHARS_MAX,
    THROTTLES_MAX,
    TITLE_CHARS_MAX,
    Facts,
    Patience,
    make_row,
    name_of,
    read_terms,
    shown,
)
from twoleg.core.fingerprint import texts_fingerprint
from twoleg.core.market import FeeSchedule, Market, MarketId, PriceGrid, Venue
from twoleg.errors import VenueRejected, VenueUnavailable
from twoleg.matching.listing import KalshiListing

LISTING = KalshiListing(ticker="A-1", title="t")
FACTS = Facts("A-1", "A", "S", "active", True, "t", "r", 5, 1, {"Yes": "1"})
TERMS = Market(
    id=MarketId("kalshi:A-1"),
    venue=Venue.KALSHI,
    native_id="A-1",
    grid=PriceGrid.uniform(100),
    fees=FeeSchedule(rate_e6=70_000),
    title="t",
    rules="r",
)


class CountingClock(ManualClock):
    """Time that passes when somebody sleeps."""

    def __init__(self) -> None:
        super().__init__()
        self.slept_s: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept_s.append(seconds)


class Fails:
    """A call that fails so many times."""

    def __init__(self, times: int, error: Exception) -> None:
        self.left = times
        self.error = error

    async def __call__(self) -> str:
        self.left -= 1
        if self.left >= 0:
            raise self.error
        return "page"


def unavailable(code: str = "http_500", status: int = 500, after_s: int = 0) -> VenueUnavailable:
    return VenueUnavailable("kalshi", code, "x", http_status=status, retry_after_s=after_s)


async def test_a_failure_is_asked_again_with_growing_pauses() -> None:
    clock = CountingClock()
    call = Fails(ATTEMPTS_MAX - 1, unavailable())
    assert await Patience(clock, SeededEntropy()).ask("page", call) == "page"
    assert len(clock.slept_s) == ATTEMPTS_MAX - 1
    assert clock.slept_s == sorted(clock.slept_s)
    assert clock.slept_s[0] >= DELAY_MS_MIN / 2_000


async def test_the_tries_end() -> None:
    clock, call = CountingClock(), Fails(ATTEMPTS_MAX, unavailable())
    with pytest.raises(VenueUnavailable):
        await Patience(clock, SeededEntropy()).ask("page", call)
    assert call.left == 0


@pytest.mark.parametrize(
    "error", [unavailable("x", 429, 7), unavailable("rate_budget_empty", 0, 7)]
)
async def test_being_throttled_is_no_failure_and_waits_as_told(error: VenueUnavailable) -> None:
    clock = CountingClock()
    patience = Patience(clock, SeededEntropy())
    assert await patience.ask("page", Fails(THROTTLES_MAX - 1, error)) == "page"
    assert len(clock.slept_s) == THROTTLES_MAX - 1
    assert min(clock.slept_s) >= 7
    with pytest.raises(VenueUnavailable):
        await patience.ask("page", Fails(THROTTLES_MAX, error))


async def test_a_refusal_is_final() -> None:
    clock = CountingClock()
    with pytest.raises(VenueRejected):
        await Patience(clock, SeededEntropy()).ask("page", Fails(1, VenueRejected("kalshi", "no")))
    assert clock.slept_s == []


def test_a_row_caps_its_texts_and_prints_them_whole() -> None:
    title, rules = "t" * (TITLE_CHARS_MAX + 1), "r" * (RULES_CHARS_MAX + 1)
    row = make_row(
        Venue.KALSHI, FACTS._replace(title=title, rules=rules, event="e" * 900), LISTING, "x"
    )
    assert (len(row.title), len(row.rules), len(row.event)) == (
        TITLE_CHARS_MAX,
        RULES_CHARS_MAX,
        200,
    )
    assert row.rules_fingerprint == texts_fingerprint(title, rules)


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "inactive"},
        {"is_open": False},
        {"rules": "s"},
        {"close_ts_ms": 6},
        {"shard": 2},
        {"tokens": {"Yes": "2"}},
        {"series": "T"},
    ],
)
def test_the_hash_covers_every_fact(changes: dict[str, Any]) -> None:
    before = make_row(Venue.KALSHI, FACTS, LISTING, TERMS)
    assert make_row(Venue.KALSHI, FACTS, LISTING, TERMS) == before
    after = make_row(Venue.KALSHI, FACTS._replace(**changes), LISTING, TERMS)
    assert after.content_hash != before.content_hash
    other = msgspec.structs.replace(LISTING, subtitle="x")
    assert make_row(Venue.KALSHI, FACTS, other, TERMS).content_hash != before.content_hash
    dearer = msgspec.structs.replace(TERMS, fees=FeeSchedule(rate_e6=80_000))
    assert make_row(Venue.KALSHI, FACTS, LISTING, dearer).content_hash != before.content_hash


def test_terms_are_kept_without_their_texts_and_read_with_them() -> None:
    row = make_row(Venue.KALSHI, FACTS, LISTING, TERMS)
    assert not {"title", "rules"} & set(json.loads(row.terms))
    assert read_terms(row) == TERMS
    assert read_terms(make_row(Venue.KALSHI, FACTS, LISTING, "unknown_fee_type")) is None


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("plain", "plain"),
        ("a\x1b[2Jb\nc\0d\u202ee\u2028", "a\ufffd[2Jb\ufffdc\ufffdd\ufffde\ufffd"),
        ("x" * 121, "x" * 120 + "…"),
    ],
)
def test_what_is_shown_is_short_and_printable(text: str, safe: str) -> None:
    assert shown(text) == safe
    assert shown(text).isprintable()


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (b'{"ticker":"A\\nB"}', "A\ufffdB"),
        (b'{"ticker":7}', '{"ticker":7}'),
        (b"[" * 3_000, "[" * 120),
        (b"\xff\x1b", "\ufffd\ufffd"),
    ],
)
def test_an_unreadable_row_is_named_as_well_as_it_can_be(raw: bytes, name: str) -> None:
    assert name_of(msgspec.Raw(raw), "ticker") == name
