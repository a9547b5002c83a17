"""Compares, with the daemon stopped in its tracks, its record with what the venues know."""

from collections import Counter
from dataclasses import dataclass, field

from tests.kills.ground import Ground
from tests.system.support import Venues
from twoleg.cli.summary import VenueLedger, difference_micros, pair_net_e6
from twoleg.core.actions import NoteKind
from twoleg.core.events import AnswerStatus
from twoleg.core.market import Market, MarketId, Venue
from twoleg.core.units import LOT_E6
from twoleg.runtime.ledger import Ledger
from twoleg.runtime.recovery import Recovered
from twoleg.storage.records import AnyRecord, IntentRecorded, MarketSeen, NoteRecorded

RESIDUAL_ALARMS = ("residual_held", "pair_unhedged", "outcome_still_unknown", "late_fill")
UNTOLD = (AnswerStatus.UNKNOWN, AnswerStatus.DELAYED)


@dataclass(frozen=True, slots=True)
class Cut:
    """What a kill left: executions that had not ended, and orders nobody knew the end of."""

    executions: tuple[int, ...]
    orders: int


@dataclass(slots=True)
class Account:
    """The comparison after one restart. Empty `faults`: all is as it must be."""

    faults: list[str] = field(default_factory=list[str])
    # Ends of the executions that the kill had cut, by what became of them.
    ends: Counter[str] = field(default_factory=Counter[str])
    executions: int = 0


def cut_of(found: Recovered) -> Cut:
    """What stood open in a journal."""
    orders = 0
    for execution in found.unfinished.values():
        for ref in execution.orders:
            answer = execution.answers.get(ref.spec.order_no)
            orders += answer is None or answer.status in UNTOLD
    return Cut(tuple(found.unfinished), orders)


def account(ground: Ground, records: list[AnyRecord], found: Recovered, cut: Cut) -> Account:
    """Compare; nothing may be in flight while this looks."""
    told = Account(executions=found.next_execution_no - 1)
    truth = _Truth(
        ground.found.ledgers(),
        {record.market.id: record.market for record in records if isinstance(record, MarketSeen)},
    )
    _compare_money(found.ledger, truth, told)
    _compare_wire(ground, records, told)
    _find_residuals(ground.found, truth, records, found, told)
    _tell_ends(records, found, cut, told)
    return told


@dataclass(frozen=True, slots=True)
class _Truth:
    """What the venues know, and the terms of their markets."""

    ledgers: dict[Venue, VenueLedger]
    markets: dict[MarketId, Market]


def _compare_money(ledger: Ledger, truth: _Truth, told: Account) -> None:
    difference = difference_micros(ledger, list(truth.markets.values()), truth.ledgers)
    if difference:
        cash = dict(ledger.cash_micros)
        told.faults.append(
            f"record and venues differ by {difference}: cash {cash}, "
            f"venues {[dict(one.cash_micros) for one in truth.ledgers.values()]}"
        )


def _compare_wire(ground: Ground, records: list[AnyRecord], told: Account) -> None:
    announced = {
        (ref.spec.venue, ref.order_key.lower())
        for record in records
        if isinstance(record, IntentRecorded)
        for ref in record.orders
    }
    for venue in Venue:
        counts = Counter(key.lower() for key in ground.wire(venue).keys)
        for key, count in counts.items():
            if (venue, key) not in announced:
                told.faults.append(f"{venue.value}: {key} is at the wire and in no intent")
            # Kalshi is fenced under the same id, by an order that cannot fill; no id fills twice
            # there, and what it did fill is in its ledger.
            if venue is Venue.POLYMARKET and count > 1:
                told.faults.append(f"{venue.value}: {key} was sent {count} times")


def _find_residuals(
    venues: Venues,
    truth: _Truth,
    records: list[AnyRecord],
    found: Recovered,
    told: Account,
) -> None:
    open_pairs = {execution.pair_id for execution in found.unfinished.values()}
    alarmed = {
        record.pair_id
        for record in records
        if isinstance(record, NoteRecorded)
        and record.kind == NoteKind.ALARM.value
        and record.fields.get("event") in RESIDUAL_ALARMS
    }
    for pair in venues.pairs:
        net_e6 = pair_net_e6(pair, truth.markets, truth.ledgers)
        # Nothing is in flight: what is open now is held, and must have been alarmed.
        if abs(net_e6) >= LOT_E6 and not (pair.id in open_pairs and pair.id in alarmed):
            told.faults.append(f"{pair.id}: {net_e6} uncovered, without an open execution or alarm")


def _tell_ends(records: list[AnyRecord], found: Recovered, cut: Cut, told: Account) -> None:
    closings = {
        record.execution_no: record.fields
        for record in records
        if isinstance(record, NoteRecorded) and record.kind == NoteKind.EXECUTION_CLOSED.value
    }
    for number in cut.executions:
        if number in found.unfinished:
            told.ends["still open"] += 1
        elif number in closings:
            told.ends[str(closings[number]["closed_as"]).replace("_", " ")] += 1
        else:
            told.faults.append(f"execution {number} was open at the kill and never closed")
