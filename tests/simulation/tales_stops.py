"""Histories in which what was lost, failed or kept back should have stopped an entry, and did not.

And those in which a book is void for what its frames say.
"""

from typing import Final

from msgspec.structs import replace

from tests.simulation.checkers.barred import Barred
from tests.simulation.checkers.facts import Rule
from tests.simulation.checkers.feeds import FeedsRead
from tests.simulation.checkers.limits import CashReserved
from tests.simulation.checkers.losses import LossesStop, RatesStop
from tests.simulation.checkers.pricing import EntriesSound
from tests.simulation.histories import SIZE_E6, History, K, P
from tests.simulation.sightings import LOT_E6
from tests.simulation.tales import LIMITS, Tale, start
from twoleg.core.actions import NoteKind
from twoleg.core.limits import BreakerLimits
from twoleg.core.market import Side, Venue
from twoleg.core.orders import Purpose

GUARDS: Final = BreakerLimits(
    loss_micros_max=1_000_000, rate_window=2, unwind_rate_e4_max=5_000, void_rate_e4_max=5_000
)
GUARDED: Final = replace(LIMITS, breaker=GUARDS)
LEAST_E6: Final = 2_000_000


def _lost(*nets: int, is_restarted: bool = False) -> Tale:
    """Executions end with these results, and the next one begins."""

    def tale(history: History) -> None:
        history.facts.limits = GUARDED
        history.begin()
        for number, net_micros in enumerate(nets, start=1):
            history.fire(number)
            history.close(number, net_micros=net_micros)
        if is_restarted:
            start(history)
        history.fire(9)

    return tale


def _unwound(*was_unwound: bool, later_s: float = 1, is_restarted: bool = False) -> Tale:
    """Executions fill, and some of them are sold again; the next one begins."""

    def tale(history: History) -> None:
        history.facts.limits = GUARDED
        history.begin()
        for number, is_sold in enumerate(was_unwound, start=1):
            legs = history.fire(number)
            history.fill(*legs)
            if is_sold:
                spec = history.spec(
                    K, number=number, order_no=2, side=Side.SELL, purpose=Purpose.ROLLBACK
                )
                unwind = replace(spec, is_unwind=True)
                history.intend(unwind)
                history.fill(unwind)
            history.close(number)
        history.step(later_s)
        if is_restarted:
            start(history)
        history.fire(9)

    return tale


def _failed(history: History) -> None:
    """Both of the latest two fills failed on chain."""
    history.facts.limits = GUARDED
    leg = history.begin().fire()[1]
    for _ in range(2):
        history.void(history.book(leg, history.trade(leg, SIZE_E6 // 2)))
    history.close()
    history.fire(9)


def _lucky(net_micros: int) -> Tale:
    def tale(history: History) -> None:
        legs = (history.begin().spec(K), history.spec(P, limit_e4=5_000))
        history.intend(*legs, net_micros=net_micros)

    return tale


def _takes_what_is_kept_back(reserve_micros: int) -> Tale:
    """Nine dollars are there, and the entry costs five."""

    def tale(history: History) -> None:
        history.facts.limits = replace(LIMITS, cash_reserve_micros=reserve_micros)
        history.begin()
        history.venues.cash[P, 0] = 9_000_000
        history.intend(history.spec(P, limit_e4=5_000))

    return tale


def _probe(size_e6: int) -> Tale:
    """At a dollar at least: two contracts at 0.50, and what buys two cents more at 0.35."""

    def tale(history: History) -> None:
        history.begin().note(NoteKind.BREAKER_CHANGED, state="half_open")
        spec = history.spec(P, limit_e4=5_000, size_e6=size_e6)
        market = replace(spec.market, size_e6_min=LEAST_E6, notional_micros_min=1_000_000)
        history.intend(replace(spec, market=market))

    return tale


def _void(reason: str, *prompt: Venue) -> Tale:
    def tale(history: History) -> None:
        history.facts.prompt = frozenset(prompt)
        history.begin().note(NoteKind.BOOK_VOID, reason=reason, markets="kalshi:KX")

    return tale


FAIR: tuple[tuple[type[Rule], Tale], ...] = (
    (LossesStop, _lost(-600_000, 900_000, -400_000)),
    (RatesStop, _unwound(True, False)),
    (RatesStop, _unwound(True)),
    (RatesStop, _unwound(True, True, later_s=60)),
    (RatesStop, _unwound(True, True, is_restarted=True)),
    (EntriesSound, _lucky(1_500_000)),
    (CashReserved, _takes_what_is_kept_back(4_000_000)),
    (Barred, _probe(1_020_000 * 10_000 // 3_500 + 2 * LOT_E6)),
    (FeedsRead, _void("level_below_zero", P)),
    (FeedsRead, _void("disconnected", K, P)),
)

BAD: tuple[tuple[type[Rule], str, Tale], ...] = (
    (LossesStop, "entry_after_losses", _lost(-600_000, 900_000, -400_001)),
    (LossesStop, "entry_after_losses", _lost(-1_000_001, is_restarted=True)),
    (RatesStop, "entry_after_rate", _unwound(True, True)),
    (RatesStop, "entry_after_rate", _failed),
    (EntriesSound, "edge_too_great", _lucky(1_520_000)),
    (CashReserved, "cash_not_kept_back", _takes_what_is_kept_back(4_000_001)),
    (Barred, "probe_too_large", _probe(1_020_000 * 10_000 // 3_500 + 3 * LOT_E6)),
    (FeedsRead, "feed_misread", _void("level_below_zero", K)),
)
