"""Pieces of the demo: fault rules, the account, the screen, the lock."""

import argparse
import io
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest

from tests.support.processes import ROOT
from tests.unit.storage.support import KALSHI, PAIR, POLYMARKET, WALL_NS, fill, market
from twoleg.cli.demo import _choose_seed, dust_text, faults_text, hold, table_row
from twoleg.cli.faults import fault_rules
from twoleg.cli.screen import (
    HEADER,
    Screen,
    average_price,
    closed_line,
    contracts,
    dollars,
    exactly,
)
from twoleg.cli.summary import (
    VenueLedger,
    deposit_wallet_of,
    difference_micros,
    held_at,
    pair_net_e6,
    read_venue_ledger,
    summarise,
)
from twoleg.core.actions import Note, NoteKind
from twoleg.core.market import Outcome, Pair, Polarity, Venue
from twoleg.errors import StorageError
from twoleg.runtime.ledger import Ledger
from twoleg.settings import DemoFaults, load_demo
from twoleg.sim.faults import Faults
from twoleg.storage.records import CashOpened, FillRecorded, MarketSeen

KALSHI_MARKET = market(Venue.KALSHI)
POLYMARKET_MARKET = msgspec.structs.replace(
    market(Venue.POLYMARKET), yes_token="token-yes", no_token="token-no"
)
MARKETS = [KALSHI_MARKET, POLYMARKET_MARKET]


# -- faults ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("venue", list(Venue))
def test_shipped_fault_rules_are_accepted_by_the_simulators(venue: Venue) -> None:
    rules = fault_rules(venue, load_demo(ROOT / "config/demo.toml"))
    faults = Faults(rules, rng=Random(1))
    assert len(faults.report()["rules"]) == len(rules) > 5  # type: ignore[arg-type] # its JSON


@pytest.mark.parametrize("venue", list(Venue))
def test_every_kind_of_fault_is_accepted_and_none_is_made_up(venue: Venue) -> None:
    rates = {name: 0.5 for name in DemoFaults.__struct_fields__ if not name.endswith("_ms")}
    rules = fault_rules(venue, DemoFaults(**rates))  # type: ignore[arg-type] # rates only
    assert len(Faults(rules, rng=Random(1)).report()["rules"]) == len(rules)  # type: ignore[arg-type] # its JSON
    assert fault_rules(venue, DemoFaults()) == []


# -- the account -----------------------------------------------------------------------------------


def ledger_of(*fills: Any) -> Ledger:
    ledger = Ledger()
    for terms in MARKETS:
        ledger.apply(MarketSeen(wall_ns=WALL_NS, market=terms))
        opened = CashOpened(
            wall_ns=WALL_NS, venue=terms.venue, shard=terms.shard, cash_micros=50_000_000
        )
        ledger.apply(opened)
    for one in fills:
        ledger.apply(
            FillRecorded(wall_ns=WALL_NS, execution_no=1, order_no=0, owner="arb", fill=one)
        )
    return ledger


def told() -> dict[Venue, VenueLedger]:
    """10 contracts bought on each side for $4.40 and $0.10 of fees."""
    return {
        Venue.KALSHI: VenueLedger({2: 45_500_000}, {"KX-1": 10_000_000}),
        Venue.POLYMARKET: VenueLedger({0: 45_500_000}, {"token-no": 10_000_000}),
    }


def test_difference_is_zero_where_journal_and_venues_agree() -> None:
    ledger = ledger_of(fill(Venue.KALSHI), fill(Venue.POLYMARKET))
    assert difference_micros(ledger, MARKETS, told()) == 0


def test_difference_counts_a_wrong_fee_to_the_micro_dollar() -> None:
    wrong = msgspec.structs.replace(fill(Venue.KALSHI), fee_micros=100_001)
    assert difference_micros(ledger_of(wrong, fill(Venue.POLYMARKET)), MARKETS, told()) == 1


def test_difference_counts_a_fill_booked_twice() -> None:
    twice = ledger_of(fill(Venue.KALSHI), fill(Venue.KALSHI), fill(Venue.POLYMARKET))
    assert difference_micros(twice, MARKETS, told()) == 4_500_000 + 10_000_000


def test_difference_counts_a_fill_that_was_missed() -> None:
    assert difference_micros(ledger_of(fill(Venue.KALSHI)), MARKETS, told()) == 14_500_000


def test_differences_do_not_cancel_each_other_out() -> None:
    dear = msgspec.structs.replace(fill(Venue.KALSHI), fee_micros=100_007)
    cheap = msgspec.structs.replace(fill(Venue.POLYMARKET), fee_micros=99_993)
    assert difference_micros(ledger_of(dear, cheap), MARKETS, told()) == 14


def test_difference_counts_a_wrong_outcome() -> None:
    wrong = msgspec.structs.replace(fill(Venue.POLYMARKET), outcome=Outcome.YES)
    assert difference_micros(ledger_of(fill(Venue.KALSHI), wrong), MARKETS, told()) == 20_000_000


def test_difference_counts_cash_on_a_shard_that_only_one_side_knows() -> None:
    venues = told()
    venues[Venue.KALSHI] = VenueLedger({2: 45_500_000, 3: 5}, {"KX-1": 10_000_000})
    ledger = ledger_of(fill(Venue.KALSHI), fill(Venue.POLYMARKET))
    assert difference_micros(ledger, MARKETS, venues) == 5
    ledger.cash_micros[Venue.KALSHI, 1] = 7
    assert difference_micros(ledger, MARKETS, venues) == 12


@pytest.mark.parametrize(("polarity", "net_e6"), [("same", 0), ("inverse", 20_000_000)])
def test_net_of_a_pair_is_what_the_venues_do_not_cover(polarity: str, net_e6: int) -> None:
    pair = Pair(id=PAIR, kalshi=KALSHI, polymarket=POLYMARKET, polarity=Polarity(polarity))
    markets = {terms.id: terms for terms in MARKETS}
    assert abs(pair_net_e6(pair, markets, told())) == net_e6


def test_kalshi_holding_is_one_signed_number() -> None:
    short = VenueLedger({}, {"KX-1": -3_000_000})
    assert held_at(KALSHI_MARKET, short) == {Outcome.YES: 0, Outcome.NO: 3_000_000}


def test_venue_ledger_is_found_by_account_in_any_case() -> None:
    body = {"accounts": {"0xAbC": {"cash_micros": 5, "positions_e6": {"token": 7}}}}
    assert read_venue_ledger(body, "0xaBc") == VenueLedger({0: 5}, {"token": 7})
    with pytest.raises(KeyError):
        read_venue_ledger(body, "somebody else")


def row(state: str, closed_as: str | None, **closing: int) -> dict[str, Any]:
    return {
        "state": state,
        "closed_as": closed_as,
        "closing": closing,
        "sent_keys": [f"key-{closed_as}"],
        "realised_micros": 100 if state == "closed" else None,
    }


def test_executions_are_counted_by_their_end() -> None:
    rows = [
        row("closed", "hedged", unknown_landed=1),
        row("closed", "rolled_back", completed_e6=5_000_000, unwound_e6=9_999),
        row("closed", "missed", unknown_absent=2),
        row("open", None),
        {**row("closed", "missed"), "sent_keys": []},
    ]
    counted = summarise(rows, {"key-hedged", "key-of-nobody"})
    assert counted == {
        "executions": 4,
        "hedged": 1,
        "rolled_back": 1,
        "missed": 1,
        "open_residuals": 1,
        "completed": 1,
        "unwound": 0,
        "unknown_landed": 1,
        "unknown_absent": 2,
        "hit_by_fault": 1,
        "net_micros": 300,
    }


# -- the screen ------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def closed_note(number: int = 7, **changes: str | int | bool) -> Note:
    fields: dict[str, str | int | bool] = {
        "pair_id": "pair-01",
        "direction": "kalshi_yes",
        "closed_as": "rolled_back",
        "kalshi_filled_e6": 20_000_000,
        "kalshi_notional_micros": 6_000_000,
        "kalshi_fee_micros": 290_000,
        "polymarket_filled_e6": 0,
        "polymarket_notional_micros": 0,
        "polymarket_fee_micros": 0,
        "net_micros": -123_456,
        "completed_e6": 0,
        "unwound_e6": 20_000_000,
        "unknown_landed": 0,
        "unknown_absent": 1,
        **changes,
    }
    return Note(NoteKind.EXECUTION_CLOSED, number, tuple(fields.items()))


def test_amounts_are_written_with_their_sign_and_decimals() -> None:
    assert dollars(-1_234_599) == "-1.2345"
    assert dollars(5) == "0.0000"
    assert exactly(5) == "0.000005"
    assert exactly(-1_000_001) == "-1.000001"
    assert contracts(-12_345_678) == "-12.34"
    assert average_price(6_200_000, 20_000_000) == "0.3100"
    assert average_price(20_000_000, 20_000_000) == "1.0000"
    assert average_price(0, 0).strip() == "-"


def test_closed_execution_is_one_line_below_its_header() -> None:
    line = closed_line(closed_note())
    assert line == (
        "    7  pair-01    kalshi_yes    20.00 @ 0.3000     0.00 @      -    0.2900   -0.1234"
        "  rolled back, unwound 20.00, an unknown leg was absent"
    )
    assert line.index("rolled back") == HEADER.index("ended as")
    assert line.index("-0.1234") + 7 == HEADER.index("net $") + 5
    assert line.index("0.2900") + 6 == HEADER.index("fees $") + 6


def test_lines_of_large_amounts_stay_in_their_columns() -> None:
    large = closed_line(
        closed_note(
            99_999,
            kalshi_filled_e6=1_000_000_000,
            kalshi_notional_micros=300_000_000,
            kalshi_fee_micros=99_000_000,
        )
    )
    assert large.index("rolled back") == HEADER.index("ended as")


def test_plain_output_has_no_control_characters() -> None:
    out = io.StringIO()
    screen = Screen(out)
    screen.show("status one")
    screen.line("a line")
    screen.execution(closed_note())
    screen.execution(Note(NoteKind.ALARM, 1, ()))
    screen.end_status()
    assert out.getvalue() == f"status one\na line\n{closed_line(closed_note())}\n"


def test_terminal_keeps_the_status_below_the_lines() -> None:
    out = Terminal()
    screen = Screen(out)
    screen.show("status one")
    screen.line("a line")
    screen.show("status two")
    screen.end_status()
    screen.end_status()
    assert out.getvalue() == ("status one\r\x1b[2Ka line\nstatus one\r\x1b[2Kstatus two\n")


def test_terminal_status_never_wraps() -> None:
    out = Terminal()
    Screen(out).show("x" * 500)
    assert out.getvalue() == "x" * 79


def test_breaker_changes_are_shown() -> None:
    out = io.StringIO()
    fields = (("state", "open"), ("reason", "too many failures"), ("failures", 8))
    Screen(out).execution(Note(NoteKind.BREAKER_CHANGED, 0, fields))
    assert out.getvalue().strip() == "breaker open: too many failures"


def test_screen_that_nobody_reads_fails_nobody(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w", encoding="utf-8") as file:
        broken = BrokenOut(file.fileno())
        screen = Screen(broken)
        screen.line("one")
        assert screen.is_gone
        screen.line("two")


class BrokenOut(io.StringIO):
    """Breaks at the first flush, as a pipe without a reader does."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number

    def fileno(self) -> int:
        return self._number

    def flush(self) -> None:
        raise BrokenPipeError


def test_table_shows_dust_to_the_micro_contract_and_a_residual_as_such() -> None:
    assert dust_text(-4_806) == "-0.004806"
    assert dust_text(25_000_000) == "RESIDUAL 25.00"
    counts = summarise([row("closed", "hedged")], set())
    assert table_row("pair-01", counts).split() == ["pair-01", "1", "1", "0", "0", "0", "0.0001"]
    assert "0 had landed, 0 had not" in faults_text(counts)


# -- the lock --------------------------------------------------------------------------------------


def test_state_folder_has_one_demo_at_a_time(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    with hold(mark):
        with pytest.raises(StorageError, match=r"another demo \(pid \d+\)"), hold(mark):
            pass
        assert mark.read_text("ascii").isdigit()
    with hold(mark):
        pass


def test_kept_state_gives_its_seed_unless_another_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "seed").write_text("7", "ascii")
    wanted = argparse.Namespace(seed=None, keep=True, state=tmp_path)
    assert _choose_seed(wanted) == 7
    wanted.seed = 8
    assert _choose_seed(wanted) == 8


def test_deposit_wallet_is_the_account_that_another_address_owns() -> None:
    accounts = {
        "crowd": {"owner": "crowd"},
        "0xAb": {"owner": "0xab"},
        "0xCd": {"owner": "0xab"},
    }
    assert deposit_wallet_of({"accounts": accounts}) == "0xCd"
    del accounts["0xCd"]
    with pytest.raises(KeyError):
        deposit_wallet_of({"accounts": accounts})
