"""Bugs of other kinds than those of `catalogue`: what is promised, capped, priced and restarted."""

from typing import Final

from tests.simulation.mutants.mutant import CORE, KALSHI, RUNTIME, Mutant

FURTHER: Final = (
    Mutant(
        "second_leg_not_reserved",
        CORE + "executions.py",
        """            (kalshi, found.kalshi_cost_micros),
            (polymarket, found.polymarket_cost_micros),
""",
        """            (kalshi, found.kalshi_cost_micros * (found.mode.value != "polymarket_first")),
            (polymarket, found.polymarket_cost_micros * (found.mode.value != "kalshi_first")),
""",
        ("cash_not_reserved", "unhedged_limit"),
    ),
    Mutant(
        "shards_pooled",
        CORE + "risk.py",
        "        return max(0, self._cash.get(pot, 0) - reserved)",
        """        pooled = sum(cash for known, cash in self._cash.items() if known[0] is pot[0])
        return max(0, pooled - reserved)""",
        ("cash_not_reserved",),
    ),
    Mutant(
        "in_flight_not_counted",
        CORE + "risk.py",
        "        ours = sum(entry.unhedged_micros for entry in self._reservations.values())",
        "        ours = 0",
        ("unhedged_limit",),
    ),
    Mutant(
        "count_per_pair",
        CORE + "gates.py",
        "    return scene.executions.open_count >= scene.limits.executions_max",
        """    mine = {scene.executions.busy.get(market_id) for market_id in scene.market_ids}
    return len(mine - {None}) >= scene.limits.executions_max""",
        ("executions_limit",),
    ),
    Mutant(
        "position_cap_forgets_what_is_held",
        CORE + "entry.py",
        "limits.position_e6_max - held_e6)),",
        "limits.position_e6_max)),",
        ("position_limit",),
    ),
    Mutant(
        "closed_venue_is_open",
        CORE + "access.py",
        "        return not self.why_not(venue, Purpose.ARB, now_ns)",
        "        return venue is not None",
        ("entry_while_closed", "refused_again", "breaker_stayed_closed"),
    ),
    Mutant(
        "pause_not_honoured",
        CORE + "guarding.py",
        "        case OperatorAct.PAUSE:\n            breaker.pause()",
        "        case OperatorAct.PAUSE:\n            breaker.resume()",
        ("entry_while_stopped",),
    ),
    Mutant(
        "no_price_not_complemented",
        KALSHI + "bodies.py",
        "    return spec.limit_e4 if spec.outcome is Outcome.YES else ONE_DOLLAR_E4 - spec.limit_e4",
        "    return spec.limit_e4",
        ("sent_as_not_announced",),
    ),
    Mutant(
        "consumed_without_a_fence",
        KALSHI + "fence.py",
        "                answer = await self._fence_once(ref, deadline_ns)\n",
        "                answer = unknown(ORDER_EXISTS)\n",
        ("decided_too_early", "answer_untrue"),
    ),
    Mutant(
        "loss_cap_ignored",
        CORE + "residual.py",
        "        residual_e6, basis_micros, basis_micros - cap_micros, min(cap_micros, basis_micros)",
        "        residual_e6, basis_micros, 0, min(cap_micros, basis_micros)",
        ("exit_too_dear",),
    ),
    Mutant(
        "completed_in_full_size",
        CORE + "residual.py",
        "        size_e6 = abs(excess.residual_e6)\n        wanted_e6",
        "        size_e6 = max(order.spec.size_e6 for order in execution.orders)\n        wanted_e6",
        ("rollback_adds", "sells_not_own"),
    ),
    Mutant(
        "polarity_lost_in_exits",
        CORE + "residual.py",
        "    yes = exposure_sign(execution.pair.polarity, venue, Outcome.YES, Side.BUY)\n",
        """    same = type(execution.pair.polarity).SAME
    yes = exposure_sign(same, venue, Outcome.YES, Side.BUY)
""",
        ("rollback_adds", "sells_not_own", "daemon_failed"),
    ),
    Mutant(
        "acts_while_one_is_unknown",
        CORE + "execution.py",
        "        if any(order.is_unresolved for order in self.orders):",
        "        if all(order.is_unresolved for order in self.orders):",
        ("rollback_adds", "daemon_failed", "entry_while_recovering"),
    ),
    Mutant(
        "dust_of_a_contract",
        CORE + "execution.py",
        "abs(self.exposure_e6()) >= LOT_E6 and not self.is_paid:",
        "abs(self.exposure_e6()) >= 100 * LOT_E6 and not self.is_paid:",
        ("residual_unattended", "residual_left"),
    ),
    Mutant(
        "fees_not_booked",
        CORE + "execution.py",
        "        return self.booked_fee_micros + (notional if bought else -notional)",
        "        return notional if bought else -notional",
        ("profit_differs", "cash_not_reserved"),
    ),
    Mutant(
        "closed_is_forgotten",
        RUNTIME + "tracker.py",
        "CLOSED_KEPT: Final = 256",
        "CLOSED_KEPT: Final = 0",
        ("fill_unaccounted", "residual_unattended", "daemon_failed"),
    ),
    Mutant(
        "sent_again_after_a_restart",
        CORE + "executions.py",
        "                actions.append(LookUp(execution.execution_no, order.spec.order_no))\n",
        """                from twoleg.core.actions import Fire
                number, pair_id = execution.execution_no, event.pair.id
                actions.append(Fire(number, pair_id, event.direction, (order.spec,), 0))
""",
        ("two_keys",),
    ),
    Mutant(
        "sent_unwritten",
        RUNTIME + "executor.py",
        "        self._append(record, is_rollback)\n",
        """        try:
            self._append(record, is_rollback)
        except StorageError:
            pass
""",
        ("intent_not_journalled",),
    ),
    Mutant(
        "frame_told_twice_counts_twice",
        CORE + "sequence.py",
        "            return SequenceVerdict.DUPLICATE",
        "            return SequenceVerdict.NEXT",
        ("feed_misread", "book_never_was"),
    ),
)
