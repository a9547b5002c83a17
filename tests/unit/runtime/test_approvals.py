"""Texts that are read, held against what was approved, or else against what was seen first."""

import pytest
from msgspec import structs

from tests.support.core import kalshi_market, make_pair, polymarket_market
from tests.unit.storage.support import WALL_NS
from twoleg.core.actions import Note
from twoleg.core.events import Event, MarketBarred, PairsLeft
from twoleg.core.fingerprint import rules_fingerprint
from twoleg.core.market import Market, MarketId, PairId, Venue
from twoleg.runtime.approvals import Approvals
from twoleg.runtime.recovery import Reading, Recovered
from twoleg.runtime.snapshots import snapshot_of
from twoleg.storage.records import AnyRecord, MarketSeen, PairSeen

PAIR = make_pair()
MARKETS = {Venue.KALSHI: kalshi_market(), Venue.POLYMARKET: polymarket_market()}


def rewritten(market: Market, rules: str = "Something else.") -> Market:
    return structs.replace(market, rules=rules)


class Desk:
    """What a process makes of the texts that it reads; `known` is what its journal says."""

    def __init__(self, known: Recovered | None = None) -> None:
        self.known = known or Recovered()
        self.notes: list[Note] = []
        self.events: list[Event] = []
        self.approvals = Approvals(
            rules=lambda: self.known.rules, emit=self.events.append, note=self.notes.append
        )

    def read(self, market: Market, **approved: str) -> None:
        """As a start does: on record, then looked at, then the pair on record."""
        pair = structs.replace(PAIR, **approved)
        self.known.apply(MarketSeen(wall_ns=WALL_NS, market=market))
        self.approvals.look(pair, market)
        self.known.apply(PairSeen(wall_ns=WALL_NS, pair=pair))

    def again(self, *, by_snapshot: bool = False) -> "Desk":
        """The next process."""
        if not by_snapshot:
            return Desk(self.known)
        found, reading = Recovered(), Reading()
        records: list[AnyRecord] = list(snapshot_of(self.known, WALL_NS))
        for record in records:
            found = reading.take(found, record)
        return Desk(found)

    @property
    def bars(self) -> list[str]:
        return [event.market_id for event in self.events if isinstance(event, MarketBarred)]


def test_spacing_is_no_change_and_every_letter_is() -> None:
    market = structs.replace(kalshi_market(), title="A title", rules="One rule.\n\nAnother é.")
    same = structs.replace(market, title=" A  title\n", rules="One rule. Another e\u0301.")
    assert rules_fingerprint(same) == rules_fingerprint(market)
    others = {
        rules_fingerprint(structs.replace(market, **change))
        for change in (
            {"rules": "One rule. Another É."},
            {"rules": "One rule. Another é"},
            {"title": "A titel"},
            {"title": "A title One", "rules": "rule. Another é."},
        )
    }
    assert len(others - {rules_fingerprint(market)}) == 4


@pytest.mark.parametrize("venue", Venue)
@pytest.mark.parametrize("by_snapshot", [False, True])
def test_text_seen_first_counts_until_another_is_approved(
    venue: Venue, *, by_snapshot: bool
) -> None:
    market, desk = MARKETS[venue], Desk()
    desk.read(market)
    assert (desk.bars, desk.notes) == ([], [])
    for _ in range(3):
        desk = desk.again(by_snapshot=by_snapshot)
        desk.read(rewritten(market))
        assert desk.bars == [market.id]
        (note,) = desk.notes
        assert dict(note.fields) == {
            "event": "rules_changed",
            "pair_id": PAIR.id,
            "market_id": market.id,
            "approved": rules_fingerprint(market),
            "found": rules_fingerprint(rewritten(market)),
        }
    desk = desk.again(by_snapshot=by_snapshot)
    approved = {f"{venue.value}_fingerprint": rules_fingerprint(rewritten(market))}
    desk.read(rewritten(market), **approved)
    assert desk.bars == []
    # What was approved stays so, and what it replaced is no longer.
    desk = desk.again(by_snapshot=by_snapshot)
    desk.read(rewritten(market))
    assert desk.bars == []
    desk.again(by_snapshot=by_snapshot).read(rewritten(market))
    desk.read(market)
    assert desk.bars == [market.id]


def test_fingerprint_that_was_given_counts_from_the_first_reading_on() -> None:
    desk = Desk()
    desk.read(kalshi_market(), kalshi_fingerprint="sha256:other")
    assert desk.bars == [PAIR.kalshi]


def test_text_that_changes_to_and_fro_is_told_once_each_and_stays_barred() -> None:
    desk, market = Desk(), kalshi_market()
    for text in (market, rewritten(market), rewritten(market), market):
        desk.read(text)
    assert [dict(note.fields)["event"] for note in desk.notes] == ["rules_changed"]
    assert all(event.is_barred for event in desk.events if isinstance(event, MarketBarred))
    assert desk.bars == [PAIR.kalshi]


@pytest.mark.parametrize("market_ids", [(), (PAIR.kalshi,)])
def test_pair_that_left_bars_nothing_and_is_looked_at_anew(
    market_ids: tuple[MarketId, ...],
) -> None:
    desk, market = Desk(), kalshi_market()
    desk.read(market, kalshi_fingerprint="sha256:another")
    assert desk.bars == [market.id]
    desk.approvals.leave(PairsLeft((PAIR.id,), market_ids))
    assert desk.events[-1] == MarketBarred(market.id, "rules_changed", is_barred=False)
    desk.read(market, kalshi_fingerprint="sha256:another")
    assert desk.bars == [market.id] * 3
    assert len(desk.notes) == 2


def test_market_stays_barred_for_the_pair_that_stays() -> None:
    desk, market = Desk(), kalshi_market()
    for number in (1, 2):
        pair = make_pair(pair_id=PairId(f"pair-{number}"))
        pair = structs.replace(pair, kalshi_fingerprint="sha256:another")
        desk.approvals.look(pair, market)
    desk.approvals.leave(PairsLeft((PairId("pair-1"),), ()))
    assert all(event.is_barred for event in desk.events if isinstance(event, MarketBarred))
