"""`twoleg positions`: what each pair holds on both venues, until when, and at what yield.

From the record in the database. A Polymarket holding that is resolved is `redeemable`, and what is
held of both its outcomes can be merged: neither is cash until somebody has done it.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from twoleg.cli.config import read
from twoleg.cli.connecting import open_database
from twoleg.core.ends import told_ends
from twoleg.core.lockup import Side, ends_of, lock_up
from twoleg.core.market import MarketId, Polarity, Venue
from twoleg.matching.diff import safe
from twoleg.runtime.system import SystemClock, SystemEntropy
from twoleg.settings import Settings
from twoleg.storage.positions import HeldMarket, PairOfMarkets, read_pairs_of, read_positions

MS: Final = 1_000_000
TITLE_CHARS_MAX: Final = 60


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """One line: a pair, or a market of no pair (then without id and state).

    Sizes in micro-contracts: `kalshi_e6` and `polymarket_e6` are (YES, NO). Times in ISO 8601, ""
    where none is told. The yield is None where there is none to tell.
    """

    pair_id: str
    state: str
    title: str
    kalshi_e6: tuple[int, int]
    polymarket_e6: tuple[int, int]
    hedged_e6: int
    residual_e6: int
    locked_micros: int
    locked_until: str
    gain_micros: int
    yield_percent_per_year: float | None
    mergeable_e6: int
    redeemable_micros: int
    awaited_micros: int
    """What Kalshi owes for a market that has settled; it pays by itself."""


def command(arguments: argparse.Namespace) -> int:
    """Print what is held."""
    holdings = asyncio.run(_read(read(arguments.config)))
    if arguments.json:
        sys.stdout.write(json.dumps(msgspec.to_builtins(holdings), indent=1) + "\n")
    else:
        sys.stdout.write("\n".join(told(holdings)) + "\n")
    return 0


async def _read(settings: Settings) -> list[Holding]:
    clock = SystemClock()
    mode = settings.daemon.mode.value
    async with open_database(settings, clock, SystemEntropy()) as database:
        connection = await database.connect()
        try:
            held = await read_positions(connection, mode)
            pairs = await read_pairs_of(connection, mode, [each.market_id for each in held])
        finally:
            await connection.close()
    return list_holdings(held, pairs, clock.wall_ns() // MS)


def list_holdings(
    held: Sequence[HeldMarket], pairs: Sequence[PairOfMarkets], now_ms: int
) -> list[Holding]:
    """Holdings by pair, then those of no pair; a market of two pairs is told with each."""
    by_id = {market.market_id: market for market in held}
    found = [_holding(pair, by_id, now_ms) for pair in pairs]
    paired = {market_id for pair in pairs for market_id in (pair.kalshi, pair.polymarket)}
    found += [_alone(market, now_ms) for market in held if market.market_id not in paired]
    return found


def _holding(pair: PairOfMarkets, held: dict[MarketId, HeldMarket], now_ms: int) -> Holding:
    kalshi, polymarket = held.get(pair.kalshi), held.get(pair.polymarket)
    named = kalshi or polymarket
    return _line(
        (pair.pair_id, pair.state.value, named.title if named else ""),
        (_side(kalshi), _side(polymarket)),
        pair.polarity,
        now_ms,
    )


def _alone(market: HeldMarket, now_ms: int) -> Holding:
    side, nothing = _side(market), Side()
    sides = (side, nothing) if market.venue is Venue.KALSHI else (nothing, side)
    return _line(("", "", market.title or market.market_id), sides, Polarity.SAME, now_ms)


def _line(
    names: tuple[str, str, str], sides: tuple[Side, Side], polarity: Polarity, now_ms: int
) -> Holding:
    kalshi, polymarket = sides
    figures = lock_up(kalshi, polymarket, polarity, now_ms)
    rate = figures.yield_e4_per_year
    return Holding(
        pair_id=names[0],
        state=names[1],
        title=safe(names[2], TITLE_CHARS_MAX),
        kalshi_e6=(kalshi.yes_e6, kalshi.no_e6),
        polymarket_e6=(polymarket.yes_e6, polymarket.no_e6),
        hedged_e6=figures.hedged_e6,
        residual_e6=figures.residual_e6,
        locked_micros=figures.locked_micros,
        locked_until=_time(figures.until_ms),
        gain_micros=figures.gain_micros,
        yield_percent_per_year=None if rate is None else rate / 100,
        mergeable_e6=polymarket.mergeable_e6 if polymarket.payouts_e4 is None else 0,
        redeemable_micros=polymarket.due_micros,
        awaited_micros=kalshi.due_micros,
    )


def _side(market: HeldMarket | None) -> Side:
    if market is None:
        return Side()
    names = ("yes", "no")
    if market.venue is Venue.POLYMARKET:
        names = market.yes_token, market.no_token
    return Side(
        yes_e6=market.yes_e6,
        no_e6=market.no_e6,
        spent_micros=market.spent_micros,
        close_ms=int(market.close_time.timestamp() * 1_000) if market.close_time else 0,
        payouts_e4=ends_of(told_ends(market.payouts), *names) if market.payouts else None,
    )


def _time(ts_ms: int) -> str:
    return datetime.fromtimestamp(ts_ms / 1_000, UTC).isoformat() if ts_ms else ""


def told(holdings: Sequence[Holding]) -> list[str]:
    """The holdings as a table, and their sums."""
    if not holdings:
        return ["nothing is held"]
    head = (
        f"{'pair':<16} {'state':<9} {'Kalshi YES/NO':>19} {'Polymarket YES/NO':>19} {'hedged':>9}"
        f" {'locked $':>10} {'until':<10} {'gain $':>9} {'% a year':>9}  what to do"
    )
    lines = [head, *map(_row, holdings)]
    locked = sum(each.locked_micros for each in holdings)
    due = sum(each.redeemable_micros for each in holdings)
    lines.append(f"locked up: {_dollars(locked)} dollars; ready to redeem: {_dollars(due)} dollars")
    return lines


def _row(each: Holding) -> str:
    rate = each.yield_percent_per_year
    return (
        f"{each.pair_id or each.title[:16]:<16} {each.state:<9} {_sizes(each.kalshi_e6):>19}"
        f" {_sizes(each.polymarket_e6):>19} {_size(each.hedged_e6):>9}"
        f" {_dollars(each.locked_micros):>10} {each.locked_until[:10]:<10}"
        f" {_dollars(each.gain_micros):>9} {'-' if rate is None else f'{rate:.2f}':>9}"
        f"  {'; '.join(_advice(each))}"
    ).rstrip()


def _advice(each: Holding) -> list[str]:
    found: list[str] = []
    if each.redeemable_micros:
        found.append(f"redeem {_dollars(each.redeemable_micros)} dollars on Polymarket")
    if each.mergeable_e6:
        found.append(f"merge {_size(each.mergeable_e6)} on Polymarket")
    if each.awaited_micros:
        found.append(f"Kalshi is about to pay {_dollars(each.awaited_micros)} dollars")
    return found


def _sizes(both: tuple[int, int]) -> str:
    return f"{_size(both[0])}/{_size(both[1])}"


def _size(size_e6: int) -> str:
    return f"{size_e6 / 1e6:.2f}"


def _dollars(micros: int) -> str:
    return f"{micros / 1e6:,.2f}"
