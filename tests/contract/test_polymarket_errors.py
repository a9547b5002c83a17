"""Each row of the venue's error tables: the real client meets the real stimulus.

A case holds what came over the wire, what the client made of it, and what is true at the venue.
"""

import pytest
from structlog.testing import capture_logs

from tests.contract.polymarket_cancel_cases import CANCELS
from tests.contract.polymarket_order_cases import ORDERS
from tests.contract.polymarket_spec_rows import CANCEL_ROWS, ORDER_ROWS
from tests.contract.polymarket_taken_cases import ORDERS_TAKEN
from tests.contract.support_polymarket_rows import Case, World, world_of
from tests.support.virtual import run_virtual
from twoleg.core.events import AnswerStatus
from twoleg.venues.polymarket.answer_rows import Operation, Row, Where
from twoleg.venues.polymarket.meanings import ROWS, find_row, row_of_code
from twoleg.venues.ports import CancelStatus

TO_ORDERS = (*ORDERS, *ORDERS_TAKEN)
CASES = (*TO_ORDERS, *CANCELS)
ALARMS = {"venue_needs_person", "unknown_answer"}
OFF_BOOK = {CancelStatus.CANCELED, CancelStatus.NOT_RESTING}


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_answer_means_what_happened_at_the_venue(case: Case) -> None:
    async def play() -> None:
        async with world_of(case.sim) as world:
            await world.market()
            with capture_logs() as logs:
                await case.act(world)
            check(world, case)
            assert {log["event"] for log in logs} & ALARMS == alarms_of(case)
            if world.sent:
                set_right(world)
                await prove(world, case)

    run_virtual(play())


def check(world: World, case: Case) -> None:
    wire = world.wires[0]
    assert (wire.status, case.text in wire.text) == (case.status, True), wire
    assert world.told == case.told
    assert world.truth == case.truth
    assert world.state is case.state


def alarms_of(case: Case) -> set[str]:
    """Who must hear of it: a person where nothing gets better by itself, and of new words."""
    operation = Operation.ORDER if case in TO_ORDERS else Operation.CANCEL
    code = case.told[1]
    if case.told[0] in {CancelStatus.REFUSED, CancelStatus.NOT_RESTING} and case.status == 200:
        # A reason in the venue's own words.
        code = find_row(operation, 200, code, Where.REASON).code
    row = row_of_code(operation, code)
    if not code or row is not None:
        return {"venue_needs_person"} if row is not None and row.needs_person else set()
    return {"unknown_answer"}


def set_right(world: World) -> None:
    """Make the account readable again, as an operator would."""
    world.site.door.agent = ""
    world.sim.accounts._keys[world.sim.accounts.default_key.key] = world.sim.accounts.default_key
    world.sign_requests_as()


async def prove(world: World, case: Case) -> None:
    """What the answer left open, a look-up must find; what it said, a look-up must confirm."""
    (prepared,) = world.sent
    status = case.told[0]
    if isinstance(status, CancelStatus):
        may_rest = prepared.order_key in {one.order_key for one in world.orders.resting.refs()}
        assert may_rest is (status not in OFF_BOOK and prepared.spec.tif.rests)
        await world.verify(prepared)
        return
    found = await world.verify(prepared)
    if case.found is not None:
        assert found.status is case.found
    elif status in {AnswerStatus.MISSED, AnswerStatus.REJECTED}:
        assert (found.status, found.filled_e6) == (AnswerStatus.MISSED, 0)
    else:
        assert found.status is status


def test_names_of_cases_are_their_own() -> None:
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize(
    ("status", "text", "cases"),
    [(*row, TO_ORDERS) for row in ORDER_ROWS] + [(*row, CANCELS) for row in CANCEL_ROWS],
)
def test_listed_row_has_a_case(status: int, text: str, cases: tuple[Case, ...]) -> None:
    assert any(case.status == status and text in case.text for case in cases)


OF_REQUESTS = [row for row in ROWS if row.operation is not Operation.HEARTBEAT]


@pytest.mark.parametrize("row", OF_REQUESTS, ids=[str(row.part) for row in OF_REQUESTS])
def test_row_of_the_client_is_met_by_a_case(row: Row) -> None:
    """No meaning is mapped without being proved."""
    cases = TO_ORDERS if row.operation is Operation.ORDER else CANCELS
    assert any(
        find_row(row.operation, case.status, word_of(case, row.where), row.where) == row
        for case in cases
    )


def word_of(case: Case, where: Where) -> str:
    return case.text.split('"')[-2] if where is Where.STATUS and '"' in case.text else case.text
