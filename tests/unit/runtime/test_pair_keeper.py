"""Pairs as the database has them armed, brought into a run: what joins, what is disarmed, when."""

from collections.abc import Mapping

import pytest
from msgspec import structs

from tests.support.core import K, P, kalshi_market, make_pair, polymarket_market
from tests.support.runtime import WALL_NS, HeldClock
from twoleg.core.actions import Note, NoteKind
from twoleg.core.events import Event, PairsChanged
from twoleg.core.market import Market, MarketId, Origin, Pair, PairId, PairState, Polarity
from twoleg.runtime.pair_keeper import Armed, PairKeeper
from twoleg.runtime.roster import Roster

ARMED, DISARMED = PairState.ARMED, PairState.DISARMED
FILE = make_pair(
    pair_id=PairId("by-hand"), kalshi=MarketId("kalshi:KXF"), polymarket=MarketId("polymarket:0xf")
)
FOUND = structs.replace(make_pair(pair_id=PairId("m-1")), origin=Origin.MATCHER)
EARLY_NS, LATE_NS = WALL_NS - 10**9, WALL_NS + 3_600 * 10**9


class House:
    """A run with one pair of the file; pairs that join are in at once."""

    def __init__(self) -> None:
        self.clock = HeldClock()
        self.events: list[Event] = []
        self.notes: list[Note] = []
        self.joins: list[PairId] = []
        self.approved: list[PairId] = []
        self.markets: dict[MarketId, Market] = {K: kalshi_market(), P: polymarket_market()}
        self.roster = Roster((FILE,), self.events.append)
        self.roster.arm()
        self.keeper = PairKeeper(
            clock=self.clock,
            markets=self.markets,
            pairs=lambda: self.roster.pairs,
            join=lambda pair: self.joins.append(pair.id),
            change=self.roster.change,
            approve=lambda pair: self.approved.append(pair.id),
            note=self.notes.append,
        )

    def let_in(self, pair: Pair = FOUND) -> None:
        """As joining does when the pair is ready."""
        self.roster.let_in(self.keeper.current(pair))
        self.roster.tell()
        self.keeper.joined(pair)

    def take(self, *pairs: Pair, since_ns: int = EARLY_NS, yes_token: str = "") -> None:
        self.keeper.take([Armed(pair, since_ns, yes_token) for pair in pairs])

    @property
    def state(self) -> PairState | None:
        """As the engine was told last."""
        told = [event for event in self.events if isinstance(event, PairsChanged)]
        return next((pair.state for pair in told[-1].pairs if pair.id == FOUND.id), None)

    @property
    def alarms(self) -> list[Mapping[str, object]]:
        return [dict(note.fields) for note in self.notes if note.kind is NoteKind.ALARM]


@pytest.fixture
def house() -> House:
    house = House()
    house.take(FOUND)
    house.let_in()
    assert (house.state, house.joins) == (ARMED, [FOUND.id])
    return house


def test_armed_pair_joins_and_nothing_is_told_twice(house: House) -> None:
    events = len(house.events)
    house.take(FOUND)
    house.take(FOUND)
    assert (len(house.events), house.joins, house.approved) == (events, [FOUND.id], [])


def test_pair_that_is_not_armed_any_more_is_disarmed_and_the_files_is_not(house: House) -> None:
    house.take()
    assert house.state is DISARMED
    assert house.roster.pairs[0] == FILE
    assert house.notes == []


def test_pair_armed_anew_is_held_against_its_texts_again(house: House) -> None:
    house.take()
    again = structs.replace(FOUND, kalshi_fingerprint="sha256:new", edge_micros_min=70_000)
    house.take(again)
    assert house.approved == [FOUND.id]
    assert house.roster.pairs[1] == again


def test_pair_that_is_armed_with_another_polarity_trades_only_after_a_restart(
    house: House,
) -> None:
    """Its exposures were counted by the one that it was bought by."""
    house.take(structs.replace(FOUND, polarity=Polarity.INVERSE), since_ns=LATE_NS)
    assert house.state is DISARMED
    assert house.roster.pairs[1].polarity is Polarity.SAME


def test_pair_that_was_disarmed_while_it_joined_comes_in_disarmed() -> None:
    house = House()
    house.take(FOUND)
    house.take()
    house.let_in()
    assert house.state is DISARMED


@pytest.mark.parametrize(
    "same", [{"id": FOUND.id}, {"kalshi": FOUND.kalshi, "polymarket": FOUND.polymarket}]
)
def test_file_goes_before_the_table(same: dict[str, str]) -> None:
    house = House()
    house.roster.pairs = (structs.replace(FILE, **same),)
    house.take(FOUND)
    house.take(FOUND)
    assert house.joins == []
    assert house.roster.pairs[0].state is ARMED


# -- what the process finds itself -------------------------------------------------------------


def test_pair_disarmed_here_stays_so_until_it_was_armed_after_that(house: House) -> None:
    house.keeper.disarm(FOUND.id, "price_gap", ("figure", 1))
    assert house.state is DISARMED
    assert house.alarms == [{"event": "price_gap", "pair_id": "m-1", "figure": 1}]
    # The row has not heard of it yet.
    house.take(FOUND)
    assert house.state is DISARMED
    house.take()
    house.take(FOUND, since_ns=LATE_NS)
    assert house.state is ARMED
    assert house.approved == [FOUND.id]


@pytest.mark.parametrize("row_has_heard", [True, False])
def test_pair_disarmed_here_that_left_comes_back_once_its_row_has_heard_of_it(
    house: House, *, row_has_heard: bool
) -> None:
    house.keeper.disarm(FOUND.id, "price_gap")
    house.roster.let_go({FOUND.id})
    house.take(*([] if row_has_heard else [FOUND]))
    house.joins.clear()
    house.take(FOUND)
    assert house.joins == ([FOUND.id] if row_has_heard else [])


def test_pair_of_another_shape_joins_once_the_old_one_has_left(house: House) -> None:
    reshaped = structs.replace(FOUND, polarity=Polarity.INVERSE)
    house.take(reshaped)
    assert house.state is DISARMED
    house.roster.let_go({FOUND.id})
    house.take(reshaped)
    house.let_in(reshaped)
    assert house.state is ARMED


def test_what_is_disarmed_already_or_not_followed_is_not_told_again(house: House) -> None:
    house.keeper.disarm(FOUND.id, "price_gap")
    house.keeper.disarm(FOUND.id, "price_gap")
    house.keeper.disarm(PairId("nobody"), "price_gap")
    assert len(house.notes) == 1


def test_pair_of_the_file_is_disarmed_for_its_prices_for_this_run(house: House) -> None:
    house.keeper.disarm(FILE.id, "price_gap")
    house.take(FOUND)
    assert [pair.state for pair in house.roster.pairs] == [DISARMED, ARMED]


@pytest.mark.parametrize(
    ("pair_id", "states"), [(FOUND.id, [ARMED, DISARMED]), (FILE.id, [ARMED, ARMED])]
)
def test_changed_text_disarms_the_matchers_pair_and_only_bars_the_files(
    house: House, pair_id: PairId, states: list[PairState]
) -> None:
    house.keeper.rules_changed(
        Note(NoteKind.ALARM, 0, (("event", "rules_changed"), ("pair_id", pair_id)))
    )
    house.take(FOUND)
    assert [pair.state for pair in house.roster.pairs] == states
    assert len(house.notes) == 1


def test_text_that_is_wrong_while_the_pair_joins_counts_too() -> None:
    house = House()
    house.take(FOUND)
    house.keeper.rules_changed(
        Note(NoteKind.ALARM, 0, (("event", "rules_changed"), ("pair_id", FOUND.id)))
    )
    house.let_in()
    assert house.state is DISARMED


@pytest.mark.parametrize(
    ("market_id", "change", "reason"),
    [
        (P, {"yes_token": "other"}, "token_changed"),
        (P, {"no_token": "other"}, "token_changed"),
        (K, {"shard": 3}, "shard_changed"),
        (K, {"close_ts_ms": 1}, "close_changed"),
        (P, {"close_ts_ms": 1}, "close_changed"),
        (K, {"is_tradable": False, "size_e6_min": 5}, ""),
    ],
)
def test_terms_that_a_pair_hangs_on_disarm_it(
    house: House, market_id: MarketId, change: dict[str, object], reason: str
) -> None:
    before = house.markets[market_id]
    house.keeper.changed_terms(before, structs.replace(before, **change))
    expected = [{"event": reason, "pair_id": "m-1", "market_id": market_id}] if reason else []
    assert house.alarms == expected
    assert house.state is (DISARMED if reason else ARMED)


@pytest.mark.parametrize("polarity", Polarity)
@pytest.mark.parametrize("is_right", [True, False])
def test_yes_token_must_be_the_one_of_the_row(polarity: Polarity, *, is_right: bool) -> None:
    house = House()
    market = house.markets[P]
    tokens = [market.yes_token, market.no_token]
    if (polarity is Polarity.INVERSE) is is_right:
        tokens.reverse()
    pair = structs.replace(FOUND, polarity=polarity)
    house.take(pair, yes_token=tokens[0])
    house.let_in(pair)
    assert house.state is (ARMED if is_right else DISARMED)
    assert [alarm["event"] for alarm in house.alarms] == ([] if is_right else ["token_changed"])
