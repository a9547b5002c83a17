"""What a matching changes: every state of a known pair against what is found of it now."""

from typing import Any

import msgspec
import pytest

from tests.support.pairing import game
from tests.support.progress import Marks
from tests.unit.catalogue.support import Couple, found, halves, judged, row_of
from twoleg.catalogue.finding import Found, find
from twoleg.catalogue.judging import Claim
from twoleg.catalogue.matching_run import claim_of
from twoleg.catalogue.planning import Plan, Terms, couple_of, plan
from twoleg.core.market import Origin, Polarity
from twoleg.core.market import PairState as S
from twoleg.matching.card import Family
from twoleg.matching.gates import START_FAMILIES
from twoleg.settings import Mode, PairingPolicy
from twoleg.storage.pair_rows import POLICY, PairRow, Step

GAME = game(1, "Detroit Tigers", "Toronto Blue Jays")
OTHER = game(2, "New York Yankees", "Boston Red Sox")
MOVED = (
    GAME[0],
    msgspec.structs.replace(
        GAME[1], game_start_time="2026-05-18 17:10:00+00", slug="mlb-g1-2026-05-18"
    ),
)
NOTHING = Found(0, {}, {}, {}, found(GAME).rejected)
ALL_NAMES = row_of(GAME).names


def terms(policy: PairingPolicy = PairingPolicy.MANUAL, **fields: Any) -> Terms:
    return Terms(**{"mode": Mode.PAPER, "policy": policy, "edge_micros_min": 50_000, **fields})


def planned(row: PairRow, what: Found, given: Terms | None = None) -> Plan:
    return plan([row], what, given or terms())


def moves(made: Plan) -> list[tuple[S, str]]:
    return [(step.to_state, step.reason) for step in made.steps]


def refused(couple: Couple, row: PairRow) -> Found:
    """The couple was asked for, and does not agree."""
    result = find(*halves(couple), START_FAMILIES, {couple_of(row): claim_of(row)}, Marks())
    assert couple_of(row) in result.refused
    return result


def by_a_person(state: S, names: tuple[str, ...] = ALL_NAMES, **fields: Any) -> PairRow:
    return row_of(GAME, state, approved_by="ana", acknowledged=names, **fields)


@pytest.mark.parametrize(
    ("policy", "steps"),
    [(PairingPolicy.MANUAL, []), (PairingPolicy.BY_MODE, [(S.ARMED, "auto")])],
)
def test_a_new_couple_is_created_and_armed_where_the_policy_says(
    policy: PairingPolicy, steps: list[tuple[S, str]]
) -> None:
    made = plan([], found(GAME), terms(policy))
    assert [row.ticker for row in made.created] == [GAME[0].ticker]
    assert moves(made) == steps


@pytest.mark.parametrize("state", [S.CANDIDATE, S.APPROVED, S.ARMED])
def test_an_unchanged_pair_only_holds(state: S) -> None:
    made = planned(by_a_person(state), found(GAME))
    assert (made.created, made.updated, made.steps) == ([], [], [])
    assert made.held == [by_a_person(state).pair_id]


@pytest.mark.parametrize("state", [S.CANDIDATE, S.APPROVED, S.ARMED])
def test_a_pair_whose_market_went_away_is_gone(state: S) -> None:
    assert moves(planned(by_a_person(state), NOTHING)) == [(S.DISARMED, "gone")]


@pytest.mark.parametrize("state", [S.CANDIDATE, S.APPROVED, S.ARMED])
def test_a_pair_that_no_longer_agrees_is_stale(state: S) -> None:
    row = by_a_person(state)
    made = planned(row, refused(MOVED, row))
    assert moves(made) == [(S.DISARMED, "stale")]
    assert "start" in str(made.steps[0].detail["why"])
    assert made.updated == []


@pytest.mark.parametrize("what", [found(GAME), NOTHING])
def test_a_retired_pair_is_never_proposed_again(what: Found) -> None:
    assert planned(row_of(GAME, S.RETIRED, state_reason="rejected"), what) == Plan()


@pytest.mark.parametrize(
    ("reason", "policy", "steps"),
    [
        ("stale", PairingPolicy.MANUAL, [(S.CANDIDATE, "agrees again")]),
        ("gone", PairingPolicy.AUTO, [(S.ARMED, "auto")]),
        ("close_changed", PairingPolicy.AUTO, [(S.ARMED, "auto")]),
        ("rules_changed", PairingPolicy.AUTO, []),
        ("token_changed", PairingPolicy.AUTO, []),
        ("by_hand", PairingPolicy.AUTO, []),
        ("price_gap", PairingPolicy.AUTO, []),
        ("rules_changed", PairingPolicy.MANUAL, []),
    ],
)
def test_a_disarmed_pair_comes_back_only_if_its_reason_has_ended(
    reason: str, policy: PairingPolicy, steps: list[tuple[S, str]]
) -> None:
    row = row_of(GAME, S.DISARMED, state_reason=reason)
    assert moves(planned(row, found(GAME), terms(policy))) == steps


@pytest.mark.parametrize("state", [S.APPROVED, S.ARMED])
@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("kalshi_fingerprint", "sha256:old", "rules_changed"),
        ("polymarket_fingerprint", "sha256:old", "rules_changed"),
        ("yes_token", "9", "token_changed"),
        ("no_label", "Blue Jays", "token_changed"),
        ("polarity", Polarity.INVERSE, "token_changed"),
    ],
)
def test_an_approval_covers_only_what_it_was_given_for(
    state: S, field: str, value: object, reason: str
) -> None:
    row = msgspec.structs.replace(by_a_person(state), **{field: value})
    made = planned(row, found(GAME))
    assert moves(made) == [(S.DISARMED, reason)]
    # The row tells what is there now; the state says that nobody approved that.
    assert [getattr(fresh, field) for fresh in made.updated] == [getattr(row_of(GAME), field)]


def test_a_difference_that_was_not_acknowledged_ends_an_approval() -> None:
    assert moves(planned(by_a_person(S.ARMED, ALL_NAMES[1:]), found(GAME))) == [
        (S.DISARMED, "stale")
    ]


def test_what_the_policy_armed_it_takes_back_when_the_family_loses_its_record() -> None:
    row = row_of(GAME, S.ARMED, approved_by=POLICY)
    live = terms(PairingPolicy.AUTO, mode=Mode.LIVE)
    assert moves(planned(row, found(GAME), live)) == []
    reviewed = find(*halves(GAME), frozenset[Family](), {}, Marks())
    assert moves(planned(row, reviewed, live)) == [(S.DISARMED, "stale")]
    assert moves(planned(row, found(GAME), terms(PairingPolicy.MANUAL))) == [(S.DISARMED, "stale")]


def test_a_person_may_override_a_veto_by_its_name() -> None:
    claim = Claim(("Detroit Tigers", "Toronto Blue Jays"), Polarity.SAME)
    row = judged(MOVED, claim=claim).to_row(similarity_e4=0, edge_micros_min=50_000)
    approved = msgspec.structs.replace(
        row, state=S.ARMED, approved_by="ana", acknowledged=row.names
    )
    # What rejects also leaves the polarity unproved: it is somebody's word.
    assert {"start", "polarity"} <= set(row.names)
    made = planned(approved, refused(MOVED, approved))
    assert made.steps == []
    forgot = msgspec.structs.replace(approved, acknowledged=("tails",))
    assert moves(planned(forgot, refused(MOVED, forgot))) == [(S.DISARMED, "stale")]
    by_policy = msgspec.structs.replace(approved, approved_by=POLICY)
    assert moves(planned(by_policy, refused(MOVED, by_policy))) == [(S.DISARMED, "stale")]


def test_the_pairs_file_wins() -> None:
    declared = frozenset({(GAME[0].ticker, GAME[1].condition_id)})
    given = terms(PairingPolicy.AUTO, declared=declared)
    assert plan([], found(GAME, OTHER), given).created[0].ticker == OTHER[0].ticker
    assert moves(planned(by_a_person(S.ARMED), found(GAME), given)) == [(S.DISARMED, "declared")]
    assert moves(planned(row_of(GAME, S.DISARMED), found(GAME), given)) == []


def test_rows_of_the_file_are_left_alone() -> None:
    row = row_of(GAME, S.ARMED, origin=Origin.FILE)
    assert plan([row], NOTHING, terms()).steps == []


def test_another_minimum_spread_is_written_and_moves_nothing() -> None:
    made = planned(by_a_person(S.ARMED), found(GAME), terms(edge_micros_min=70_000))
    assert [row.edge_micros_min for row in made.updated] == [70_000]
    assert made.steps == []


def test_a_step_says_who_takes_it() -> None:
    made = plan([], found(GAME), terms(PairingPolicy.AUTO))
    assert made.steps == [Step(row_of(GAME).pair_id, S.ARMED, POLICY, "auto")]
