"""The demo's account: what stands in Postgres, and whether it equals the venues' own ledgers."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from twoleg.core.execution import exposure_sign
from twoleg.core.market import Market, MarketId, Outcome, Pair, Side, Venue
from twoleg.core.units import LOT_E6
from twoleg.runtime.ledger import Ledger
from twoleg.runtime.recovery import read_journal
from twoleg.storage.database import Connection
from twoleg.storage.journal import Journal
from twoleg.storage.queries import query
from twoleg.storage.records import CashOpened, PositionOpened, StrangerSeen

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class VenueLedger:
    """What a simulated venue says of our account: cash per shard, signed or per-token holdings."""

    cash_micros: Mapping[int, int]
    held_e6: Mapping[str, int]
    """Kalshi: ticker -> signed YES. Polymarket: token id -> size."""


def read_venue_ledger(body: Json, account: str) -> VenueLedger:
    """Pick our account out of a simulator's answer; raises KeyError if it is not there."""
    entry = {name.lower(): value for name, value in body["accounts"].items()}[account.lower()]
    cash = entry["cash_micros"]
    shards = cash if isinstance(cash, dict) else {"0": cash}
    return VenueLedger(
        {int(shard): int(micros) for shard, micros in shards.items()},
        {name: int(size) for name, size in entry["positions_e6"].items()},
    )


def deposit_wallet_of(body: Json) -> str:
    """The wallet that trades for our key, in the Polymarket simulator's ledger.

    It is the account whose owner is another address; raises KeyError if there is none.
    """
    for name, entry in body["accounts"].items():
        if entry["owner"].lower() != name.lower():
            return str(name)
    raise KeyError("deposit wallet")


def derive_ledger(journal: Journal) -> Ledger:
    """Cash and positions from the journal alone, from its last snapshot on."""
    return read_journal(journal).ledger


def open_anew(
    ledger: Ledger, venues: Mapping[Venue, VenueLedger], wall_ns: int
) -> list[CashOpened | PositionOpened | StrangerSeen]:
    """What lets a record go on at new venues, where our account holds cash and nothing else."""
    records: list[CashOpened | PositionOpened | StrangerSeen] = [
        CashOpened(wall_ns=wall_ns, venue=venue, shard=shard, cash_micros=micros)
        for venue, told in venues.items()
        for shard, micros in told.cash_micros.items()
        if ledger.cash_micros
    ]
    for market_id in dict.fromkeys(market_id for market_id, _ in ledger.held_e6):
        venue = Venue(market_id.partition(":")[0])
        records.append(
            PositionOpened(wall_ns=wall_ns, venue=venue, market_id=market_id, yes_e6=0, no_e6=0)
        )
    for market_id in ledger.strangers_e6:
        venue = Venue(market_id.partition(":")[0])
        records.append(
            StrangerSeen(wall_ns=wall_ns, venue=venue, market_id=market_id, yes_e6=0, no_e6=0)
        )
    return records


def difference_micros(
    ledger: Ledger, markets: Sequence[Market], venues: Mapping[Venue, VenueLedger]
) -> int:
    """Σ|cash| + Σ|contracts| at a dollar, between our record and the venues' ledgers."""
    total = 0
    for venue, told in venues.items():
        shards = set(told.cash_micros) | {
            shard for pot, shard in ledger.cash_micros if pot is venue
        }
        for shard in shards:
            ours = ledger.cash_micros.get((venue, shard), 0)
            total += abs(ours - told.cash_micros.get(shard, 0))
    for market in markets:
        for outcome, size_e6 in held_at(market, venues[market.venue]).items():
            total += abs(ledger.held_e6.get((market.id, outcome), 0) - size_e6)
    return total


def held_at(market: Market, told: VenueLedger) -> dict[Outcome, int]:
    """A market's holdings by the venue's own ledger."""
    if market.venue is Venue.KALSHI:
        yes_e6 = told.held_e6.get(market.native_id, 0)
        return {Outcome.YES: max(yes_e6, 0), Outcome.NO: max(-yes_e6, 0)}
    tokens = {Outcome.YES: market.yes_token, Outcome.NO: market.no_token}
    return {outcome: told.held_e6.get(token, 0) for outcome, token in tokens.items()}


def pair_net_e6(
    pair: Pair, markets: Mapping[MarketId, Market], venues: Mapping[Venue, VenueLedger]
) -> int:
    """What the two venues do not cover of each other, by their own ledgers."""
    net_e6 = 0
    for venue, told in venues.items():
        market = markets[pair.market_on(venue)]
        for outcome, size_e6 in held_at(market, told).items():
            net_e6 += exposure_sign(pair.polarity, venue, outcome, Side.BUY) * size_e6
    return net_e6


async def read_executions(connection: Connection, journal_uuid: str) -> list[dict[str, Any]]:
    """Executions as Postgres has them."""
    rows = await connection.fetch(query("list_executions"), journal_uuid)
    found: list[dict[str, Any]] = []
    for row in rows:
        entry = dict(row)
        closing = entry["closing"]
        entry["closing"] = json.loads(closing) if isinstance(closing, str) else (closing or {})
        found.append(entry)
    return found


def summarise(executions: Sequence[Json], faulty_keys: set[str]) -> dict[str, int]:
    """Count the executions of which at least one order was sent."""
    sent = [entry for entry in executions if entry["sent_keys"]]
    closings = [entry["closing"] for entry in sent]

    def ended(how: str) -> int:
        return sum(entry["state"] == "closed" and entry["closed_as"] == how for entry in sent)

    return {
        "executions": len(sent),
        "hedged": ended("hedged"),
        "rolled_back": ended("rolled_back"),
        "missed": ended("missed"),
        "open_residuals": sum(entry["state"] != "closed" for entry in sent),
        "completed": sum(int(closing.get("completed_e6", 0)) >= LOT_E6 for closing in closings),
        "unwound": sum(int(closing.get("unwound_e6", 0)) >= LOT_E6 for closing in closings),
        "unknown_landed": sum(int(closing.get("unknown_landed", 0)) for closing in closings),
        "unknown_absent": sum(int(closing.get("unknown_absent", 0)) for closing in closings),
        "hit_by_fault": sum(bool(faulty_keys & set(entry["sent_keys"])) for entry in sent),
        "net_micros": sum(int(entry["realised_micros"] or 0) for entry in sent),
    }
