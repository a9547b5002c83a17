"""Bugs in what is kept back, and in what stops or shrinks an entry besides failures in a row."""

from typing import Final

from tests.simulation.mutants.mutant import CORE, Mutant

STOPS: Final = (
    Mutant(
        "cash_reserve_spent",
        CORE + "entry.py",
        "            executions.funds.free(view.polymarket) - limits.cash_reserve_micros,\n",
        "            executions.funds.free(view.polymarket),\n",
        ("cash_not_kept_back", "cash_not_reserved"),
    ),
    Mutant(
        "fee_not_reserved",
        CORE + "pricing.py",
        "        polymarket_cost_micros=aim.cost_micros + polymarket_fee,",
        "        polymarket_cost_micros=aim.cost_micros,",
        ("cash_not_kept_back", "cash_not_reserved"),
    ),
    Mutant(
        "too_good_is_taken",
        CORE + "gates.py",
        "    return found.net_micros * ONE_CONTRACT_E6 > "
        "scene.limits.edge_micros_max * found.size_e6",
        "    return found.net_micros < 0",
        ("edge_too_great",),
    ),
    Mutant(
        "probe_of_full_size",
        CORE + "entry.py",
        "        is_probe = self._executions.breaker.state is BreakerState.HALF_OPEN\n"
        "        if scene.is_close",
        "        is_probe = self._executions.breaker.state is BreakerState.OPEN\n"
        "        if scene.is_close",
        ("probe_too_large",),
    ),
    Mutant(
        "losses_not_counted",
        CORE + "breaker.py",
        "        self._losses.add(min(0, before_micros) - min(0, net_micros), now_ns)\n",
        "",
        ("entry_after_losses",),
    ),
    Mutant(
        "losses_forgotten_at_a_restart",
        CORE + "guarding.py",
        "    if breaker.restore_losses(event.losses, now_ns):",
        "    if breaker.restore_losses((), now_ns):",
        ("entry_after_losses",),
    ),
    Mutant(
        "unwinds_not_rated",
        CORE + "breaker.py",
        "            self._unwinds.tell(execution_no, is_bad=was_unwound)",
        "            self._unwinds.tell(execution_no, is_bad=False)",
        ("entry_after_rate",),
    ),
    Mutant(
        "failed_fills_not_rated",
        CORE + "breaker.py",
        "        self._fills.tell(self._fills_told, is_bad=is_void)",
        "        self._fills.tell(self._fills_told, is_bad=False)",
        ("entry_after_rate",),
    ),
)
