"""Journal records as rows: pure functions from a record to the statements that project it.

A projection depends on the record, on the run it belongs to and on its number, and on nothing
else: what an earlier record said is read by the statement, in the database. All statements can be
run again without harm.

Notes are projected by these fields: `state` (execution_opened, execution_changed,
execution_closed, breaker_changed), `closed_as` and `net_micros` (execution_closed), `reason`
(breaker_changed), and of alarms by `event`: those of `DISARMING`, and `market_resolved` with its
`market_id` and `payouts`. What a note lacks stays empty; the whole note is in the audit log.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from twoleg.core.actions import NoteKind
from twoleg.core.events import Fill
from twoleg.core.flows import FlowKind
from twoleg.core.market import Origin, Venue
from twoleg.core.orders import OrderRef, Purpose
from twoleg.storage import records as r

Arg = str | int | bool | datetime | None
Statement = tuple[str, tuple[Arg, ...]]
_WALL_NS_MAX: Final = 253_402_300_799 * 10**9  # the end of the year 9999
DISARMING: Final = frozenset(
    {
        "rules_changed",
        "price_gap",
        "polarity_contradicted",
        "token_changed",
        "shard_changed",
        "close_changed",
    }
)
"""Alarms of a pair after which it starts nothing: the daemon has disarmed it when it wrote them."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class RunContext:
    """The keys of all rows: which journal, and what its last `RunStarted` said."""

    journal_uuid: str
    mode: str
    member: str = ""
    accounts: Mapping[str, str] = field(default_factory=dict[str, str])

    def account(self, venue: Venue) -> str:
        """Our account's label on a venue; empty if the run named none."""
        return self.accounts.get(venue.value, "")

    def started(self, record: r.RunStarted) -> "RunContext":
        """The context of the records after a `RunStarted`, and of it."""
        return RunContext(self.journal_uuid, record.mode, record.member, record.accounts)


def to_time(wall_ns: int) -> datetime:
    """A timestamp with the resolution of Postgres (µs, rounded down), kept within its years."""
    return _EPOCH + timedelta(microseconds=min(max(wall_ns, 0), _WALL_NS_MAX) // 1000)


def project(record: r.AnyRecord, run: RunContext, seq: int) -> list[Statement]:
    """The statements that bring record number `seq` into the tables, in order."""
    return _PROJECTIONS[type(record)](record, run, seq)


def _to_json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _to_time_ms(ts_ms: int) -> datetime | None:
    return to_time(ts_ms * 1_000_000) if ts_ms > 0 else None


def _run_started(record: r.RunStarted, run: RunContext, seq: int) -> list[Statement]:
    del seq
    return [("start_run", (run.journal_uuid, record.member, _to_json(record.accounts)))]


def _cash_opened(record: r.CashOpened, run: RunContext, seq: int) -> list[Statement]:
    return [_cash(record, run, seq, kind="opening", micros=record.cash_micros)]


def _fee_adjusted(record: r.FeeAdjusted, run: RunContext, seq: int) -> list[Statement]:
    return [_cash(record, run, seq, kind="fee_adjustment", micros=record.micros)]


def _cash_flow(record: r.CashFlowSeen, run: RunContext, seq: int) -> list[Statement]:
    flow, venue = record.flow, record.flow.venue
    kind, time = flow.kind.value, to_time(record.wall_ns)
    keys = (run.journal_uuid, seq, kind, run.mode, run.account(venue), run.member, venue.value)
    moved = ("insert_cash_flow", (*keys, flow.shard, flow.micros, time))
    source = (run.journal_uuid, seq, run.mode, run.member, run.account(venue), "cash_flow", None)
    told = ("insert_audit", (*source, 0, "", venue.value, "", _to_json(flow), time))
    if flow.kind not in (FlowKind.SETTLEMENT, FlowKind.REDEMPTION):
        return [moved, told]
    ended = r.PositionOpened(
        wall_ns=record.wall_ns, venue=venue, market_id=flow.market_id, yes_e6=0, no_e6=0
    )
    return [moved, told, *_position_opened(ended, run, seq)]


def _accepted(record: r.DifferenceAccepted, run: RunContext, seq: int) -> list[Statement]:
    kind = FlowKind.DEPOSIT if record.micros > 0 else FlowKind.WITHDRAWAL
    moved = _cash(record, run, seq, kind=kind.value, micros=record.micros)
    account = run.account(record.venue)
    source = (run.journal_uuid, seq, run.mode, run.member, account, "accepted", None)
    told = {
        "shard": record.shard,
        "micros": record.micros,
        "reason": record.reason,
        "actor": record.actor,
    }
    keys = (0, "", record.venue.value, "", _to_json(told), to_time(record.wall_ns))
    return [moved, ("insert_audit", (*source, *keys))]


def _stranger(record: r.StrangerSeen, run: RunContext, seq: int) -> list[Statement]:
    venue, time = record.venue.value, to_time(record.wall_ns)
    account = run.account(record.venue)
    source = (run.journal_uuid, seq, run.mode, run.member, account, "stranger", None)
    found = {"market_id": record.market_id, "yes_e6": record.yes_e6, "no_e6": record.no_e6}
    return [("insert_audit", (*source, 0, "", venue, "", _to_json(found), time))]


def _compared(record: r.AccountCompared, run: RunContext, seq: int) -> list[Statement]:
    venue, time = record.venue.value, to_time(record.wall_ns)
    account = run.account(record.venue)
    source = (run.journal_uuid, seq, run.mode, run.member, account, "compared", None)
    return [("insert_audit", (*source, 0, "", venue, "", "{}", time))]


def _nothing(record: r.Record, run: RunContext, seq: int) -> list[Statement]:
    """A snapshot says nothing that the records before it did not say; a reading moves nothing."""
    del record, run, seq
    return []


def _cash(
    record: r.CashOpened | r.FeeAdjusted | r.DifferenceAccepted,
    run: RunContext,
    seq: int,
    *,
    kind: str,
    micros: int,
) -> Statement:
    venue = record.venue
    keys = (run.journal_uuid, seq, kind, run.mode, run.account(venue), run.member, venue.value)
    return "insert_cash_flow", (*keys, record.shard, micros, to_time(record.wall_ns))


def _position_opened(record: r.PositionOpened, run: RunContext, seq: int) -> list[Statement]:
    account = run.account(record.venue)
    keys = (run.journal_uuid, seq, run.mode, account, run.member, record.venue.value)
    time = to_time(record.wall_ns)
    found = (record.market_id, record.yes_e6, record.no_e6, time)
    return [
        ("insert_position_opened", (*keys, *found)),
        ("refresh_position", (run.mode, account, record.venue.value, record.market_id, time)),
    ]


def _market_seen(record: r.MarketSeen, run: RunContext, seq: int) -> list[Statement]:
    del seq
    m = record.market
    keys = (run.mode, m.id, m.venue.value, m.native_id)
    texts = (m.title, m.rules, m.event, m.series)
    fees = (
        m.fees.rate_e6,
        m.fees.exponent,
        m.fees.quantum_micros,
        m.fees.balance_quantum_micros,
    )
    sizes = (m.lot_e6, m.size_e6_min, m.notional_micros_min)
    tokens = (m.yes_token, m.no_token, m.neg_risk, m.seconds_delay)
    ends = (_to_time_ms(m.close_ts_ms), m.is_tradable, to_time(record.wall_ns))
    bands = _to_json(m.grid.bands)
    args = (*keys, *texts, m.shard, bands, *fees, *sizes, *tokens, *ends)
    return [("upsert_market", args)]


def _pair_seen(record: r.PairSeen, run: RunContext, seq: int) -> list[Statement]:
    del seq
    p = record.pair
    if p.origin is Origin.MATCHER:
        # Its row is the source of what was journalled, not the other way round.
        return [("see_pair", (run.mode, p.id, to_time(record.wall_ns)))]
    keys = (run.mode, p.id, p.kalshi, p.polymarket, p.polarity.value, p.state.value)
    match = (p.kalshi_fingerprint, p.polymarket_fingerprint, p.similarity_e4)
    limits = (p.leg_mode.value, p.tif.value, p.size_e6_max)
    return [("upsert_pair", (*keys, *match, *limits, to_time(record.wall_ns)))]


def _intent(record: r.IntentRecorded, run: RunContext, seq: int) -> list[Statement]:
    statements = [_leg(record, ref, run, seq) for ref in record.orders]
    if all(ref.spec.purpose is Purpose.BET for ref in record.orders):
        return statements
    sizes = {ref.spec.venue: ref.spec.size_e6 for ref in record.orders}
    args = (
        record.execution_id,
        run.mode,
        run.account(Venue.KALSHI),
        run.account(Venue.POLYMARKET),
        run.member,
        record.owner,
        run.journal_uuid,
        record.execution_no,
        seq,
        record.pair_id,
        record.direction.value,
        sizes.get(Venue.KALSHI, 0),
        sizes.get(Venue.POLYMARKET, 0),
        record.net_micros,
        to_time(record.wall_ns),
    )
    return [("open_trade", args), *statements]


def _leg(record: r.IntentRecorded, ref: OrderRef, run: RunContext, seq: int) -> Statement:
    s = ref.spec
    keys = (run.mode, run.account(s.venue), s.venue.value, ref.order_key)
    whose = (run.member, record.owner, s.purpose.value, record.execution_id)
    numbers = (s.execution_no, s.order_no, ref.venue_order_id)
    what = (s.market.id, s.outcome.value, s.side.value, s.limit_e4, s.size_e6, s.size_e6_min)
    how = (s.spend_micros, s.tif.value, s.reduce_only)
    source = (run.journal_uuid, seq, to_time(record.wall_ns))
    return "insert_leg", (*keys, *whose, *numbers, *what, *how, *source)


def _answer(record: r.AnswerRecorded, run: RunContext, seq: int) -> list[Statement]:
    a = record.answer
    account, venue, time = run.account(record.venue), record.venue.value, to_time(record.wall_ns)
    keys = (run.mode, account, venue, record.order_key, run.journal_uuid, seq)
    money = None if a.notional_micros < 0 else a.notional_micros
    said = (a.status.value, a.filled_e6, money, a.venue_order_id, a.code, a.detail, time)
    source = (run.journal_uuid, seq, run.mode, run.member, account, "answer", None)
    named = (record.execution_no, "", venue, record.order_key, _to_json(a), time)
    return [("answer_leg", (*keys, *said)), ("insert_audit", (*source, *named))]


def _fill(record: r.FillRecorded, run: RunContext, seq: int) -> list[Statement]:
    f = record.fill
    time = to_time(record.wall_ns)
    key = (run.mode, run.account(f.venue), f.venue.value)
    return [
        _insert_fill(record, run, seq, owner=record.owner),
        ("refresh_leg", (*key, f.order_key)),
        ("insert_fill_cash", (*key, f.fill_id, run.journal_uuid, seq, time)),
        ("refresh_position", (*key, f.market_id, time)),
    ]


def _fill_void(record: r.FillVoidRecorded, run: RunContext, seq: int) -> list[Statement]:
    f = record.fill
    time = to_time(record.wall_ns)
    key = (run.mode, run.account(f.venue), f.venue.value)
    return [
        # Usually there already: its owner is then kept.
        _insert_fill(record, run, seq, owner="arb"),
        ("void_fill", (*key, f.fill_id)),
        ("refresh_leg", (*key, f.order_key)),
        ("insert_void_cash", (*key, f.fill_id, run.journal_uuid, seq, time)),
        ("refresh_position", (*key, f.market_id, time)),
    ]


def _insert_fill(
    record: r.FillRecorded | r.FillVoidRecorded, run: RunContext, seq: int, *, owner: str
) -> Statement:
    f: Fill = record.fill
    keys = (run.mode, run.account(f.venue), f.venue.value, f.fill_id, run.member, owner)
    order = (record.execution_no, record.order_no, f.order_key, f.venue_order_id)
    what = (f.market_id, f.outcome.value, f.side.value, f.price_e4, f.size_e6)
    money = (f.notional_micros, f.fee_micros, f.fee_modelled, f.status.value)
    times = (_to_time_ms(f.ts_event_ms), to_time(record.wall_ns))
    return "insert_fill", (*keys, *order, *what, *money, run.journal_uuid, seq, *times)


def _fill_final(record: r.FillFinalRecorded, run: RunContext, seq: int) -> list[Statement]:
    del seq
    venue = record.venue
    return [("finish_fill", (run.mode, run.account(venue), venue.value, record.fill_id))]


def _note(record: r.NoteRecorded, run: RunContext, seq: int) -> list[Statement]:
    time, detail = to_time(record.wall_ns), _to_json(record.fields)
    execution_id = record.execution_id or None
    source = (run.journal_uuid, seq, run.mode, run.member, "", record.kind, execution_id)
    named = (record.execution_no, record.pair_id, "", "", detail, time)
    statements: list[Statement] = [("insert_audit", (*source, *named))]
    statements += _told_of_pairs(record, run)
    state = str(record.fields.get("state", ""))
    if record.kind == NoteKind.BREAKER_CHANGED.value:
        reason = str(record.fields.get("reason", ""))
        args = (run.journal_uuid, seq, run.mode, run.member, state, reason, detail, time)
        statements.append(("insert_breaker_event", args))
    elif execution_id and record.kind == NoteKind.EXECUTION_CHANGED.value:
        statements.append(("change_trade", (execution_id, run.journal_uuid, seq, state)))
    elif execution_id and record.kind == NoteKind.EXECUTION_CLOSED.value:
        net = record.fields.get("net_micros")
        realised = net if isinstance(net, int) else None
        ending = (state or "closed", str(record.fields.get("closed_as", "")), realised, time)
        statements.append(("close_trade", (execution_id, run.journal_uuid, seq, *ending)))
    return statements


def _told_of_pairs(record: r.NoteRecorded, run: RunContext) -> list[Statement]:
    """What an alarm changes beside the audit log: a pair's row, or how a market ended."""
    if record.kind != NoteKind.ALARM.value:
        return []
    event, time = str(record.fields.get("event", "")), to_time(record.wall_ns)
    if event in DISARMING and record.pair_id:
        keys = (run.mode, record.pair_id, event)
        return [("disarm_pair", (*keys, time, _to_json(record.fields)))]
    if event == "market_resolved":
        ended = (str(record.fields.get(name, "")) for name in ("market_id", "payouts"))
        return [("end_market", (run.mode, *ended, time))]
    return []


def _operator(record: r.OperatorRecorded, run: RunContext, seq: int) -> list[Statement]:
    time, act = to_time(record.wall_ns), record.act.value
    detail = _to_json({"act": act, "reason": record.reason, "actor": record.actor})
    source = (run.journal_uuid, seq, run.mode, run.member, "", "operator_acted", None)
    event = (run.journal_uuid, seq, run.mode, run.member, act, record.reason, detail, time)
    return [
        ("insert_audit", (*source, 0, "", "", "", detail, time)),
        ("insert_breaker_event", event),
    ]


_PROJECTIONS: Final[Mapping[type[r.Record], Callable[..., list[Statement]]]] = {
    r.RunStarted: _run_started,
    r.CashOpened: _cash_opened,
    r.PositionOpened: _position_opened,
    r.MarketSeen: _market_seen,
    r.PairSeen: _pair_seen,
    r.IntentRecorded: _intent,
    r.AnswerRecorded: _answer,
    r.FillRecorded: _fill,
    r.FillVoidRecorded: _fill_void,
    r.FillFinalRecorded: _fill_final,
    r.FeeAdjusted: _fee_adjusted,
    r.NoteRecorded: _note,
    r.OperatorRecorded: _operator,
    r.StrangerSeen: _stranger,
    r.AccountCompared: _compared,
    r.CashFlowSeen: _cash_flow,
    r.FlowsRead: _nothing,
    r.AccountHeard: _nothing,
    r.DifferenceAccepted: _accepted,
    r.SnapshotBegun: _nothing,
    r.SnapshotPart: _nothing,
    r.SnapshotEnded: _nothing,
}
