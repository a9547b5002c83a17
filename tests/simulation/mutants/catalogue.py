"""The bugs: each one a patch of the code as it stands, and what is expected to notice it.

A patch must apply exactly once; when the code changes, the patch is written anew, not dropped.
"""

from typing import Final

from tests.simulation.mutants.further import FURTHER
from tests.simulation.mutants.mutant import CORE, KALSHI, POLYMARKET, RUNTIME, Mutant
from tests.simulation.mutants.stops import STOPS

_EMIT: Final = "        self._emit(OrderAnswered(spec.execution_no, spec.order_no, answer, self._clock.wall_ns()))"
_SENT: Final = "            answer = await port.send(prepared)\n            again"
_POSTED: Final = """        except OutcomeUnknown as error:
            return unknown(error.code, error.detail)
        self._http.note(read_verdict"""
_RESERVE: Final = """        self.funds.reserve(
            execution.execution_no,
            (kalshi, found.kalshi_cost_micros),
            (polymarket, found.polymarket_cost_micros),
        )
"""

MUTANTS: Final = (
    Mutant(
        "legs_swapped",
        RUNTIME + "executor.py",
        _EMIT,
        _EMIT.replace("spec.order_no,", "spec.order_no ^ (spec.order_no < 2),"),
        ("residual_unattended", "answer_untrue", "sells_not_own"),
    ),
    Mutant(
        "resent_under_new_id",
        RUNTIME + "executor.py",
        "            if again is not None and self._replace(action, prepared, answer, again):",
        """            if answer.status is AnswerStatus.UNKNOWN:
                prepared = port.prepare(prepared.spec)
                self._record_intent(action, [prepared])
                answer = await port.send(prepared)
            elif again is not None and self._replace(action, prepared, answer, again):""",
        ("two_keys",),
    ),
    Mutant(
        "resent_under_same_id",
        RUNTIME + "executor.py",
        _SENT,
        """            answer = await port.send(prepared)
            if answer.status is AnswerStatus.UNKNOWN:
                answer = await port.send(prepared)
            again""",
        ("sent_twice",),
    ),
    Mutant(
        "failed_forgotten",
        POLYMARKET + "trades.py",
        '    "FAILED": FillStatus.VOID,',
        '    "FAILED": FillStatus.FINAL,',
        ("residual_unattended", "fill_unaccounted", "cash_differs"),
    ),
    Mutant(
        "delayed_is_zero",
        POLYMARKET + "answers.py",
        "        return AnswerStatus.DELAYED, row.code",
        "        return AnswerStatus.MISSED, row.code",
        ("pending_decided", "answer_untrue"),
    ),
    Mutant(
        "unknown_is_zero",
        RUNTIME + "executor.py",
        _SENT,
        """            answer = await port.send(prepared)
            if answer.status is AnswerStatus.UNKNOWN:
                answer = LegAnswer(status=AnswerStatus.MISSED)
            again""",
        ("answer_untrue", "decided_too_early"),
    ),
    Mutant(
        "timeout_is_a_miss",
        KALSHI + "orders.py",
        _POSTED,
        _POSTED.replace(
            "unknown(error.code, error.detail)",
            "LegAnswer(status=AnswerStatus.MISSED, code=error.code)",
        ),
        ("answer_untrue", "decided_too_early"),
    ),
    Mutant(
        "reservation_dropped",
        CORE + "executions.py",
        _RESERVE,
        "",
        ("cash_not_reserved", "unhedged_limit"),
    ),
    Mutant(
        "fill_reconcile_skipped",
        RUNTIME + "tracking/sweep.py",
        "            if self._served >= mine:\n                return\n",
        "            return\n",
        ("fill_unaccounted", "cash_differs", "late_fill_untold"),
    ),
    Mutant(
        "journalled_after_the_send",
        RUNTIME + "executor.py",
        """        self._append(record, is_rollback)
        for ref in refs:
            self._tracker.register(ref)
""",
        """        for ref in refs:
            self._tracker.register(ref)
        self._spawn("late", self._late(record, is_rollback))

    async def _late(self, record: IntentRecorded, is_rollback: bool) -> None:
        await self._clock.sleep(0.2)
        self._append(record, is_rollback)
""",
        ("intent_not_journalled",),
    ),
    Mutant(
        "gap_ignored",
        CORE + "sequence.py",
        "        return SequenceVerdict.NEXT if seq == last + 1 else SequenceVerdict.GAP",
        "        return SequenceVerdict.NEXT",
        ("book_never_was", "phantom_depth"),
    ),
    Mutant(
        "rounded_twice",
        POLYMARKET + "trades.py",
        "        notional_micros=half_up_div(exact, scale),",
        "        notional_micros=half_up_div(half_up_div(exact, scale), 1_000) * 1_000,",
        ("fill_differs",),
    ),
    Mutant(
        "sells_more_than_own",
        CORE + "execution.py",
        "                total += order.filled_e6 if bought else -order.filled_e6",
        "                total += order.filled_e6 if bought else 0",
        ("sells_not_own", "sells_too_much", "rollback_adds", "profit_differs"),
    ),
    Mutant(
        "buys_complement_of_what_it_holds",
        CORE + "residual.py",
        """        if side is Side.SELL and own_e6 < LOT_E6:
            barred = "nothing_to_sell"
        elif side is Side.BUY and market.venue is Venue.KALSHI and own_e6 >= LOT_E6:""",
        """        if side is Side.SELL and (own_e6 < LOT_E6 or market.venue is Venue.KALSHI):
            barred = "nothing_to_sell"
        elif side is Side.BUY and own_e6 < 0:""",
        ("exit_not_reduce_only",),
    ),
    Mutant(
        "reduce_only_dropped",
        CORE + "specs.py",
        "        reduce_only=found.side is Side.SELL and found.market.venue is Venue.KALSHI,\n",
        "",
        ("exit_not_reduce_only",),
    ),
    Mutant(
        "fill_booked_twice",
        RUNTIME + "tracking/venue.py",
        """            case _:
                pass

    def _book_new""",
        """            case _:
                self._book_new(booked, fill)

    def _book_new""",
        ("fill_booked_twice",),
    ),
    Mutant(
        "late_fill_ignored",
        CORE + "executions.py",
        "        return self._adopt_late(execution, order, order.booked_e6, now_ns)\n",
        "        return []\n",
        ("residual_unattended", "residual_left", "profit_differs"),
    ),
    Mutant(
        "breaker_never_opens",
        CORE + "breaker.py",
        "        elif self._failures >= self._limits.failures_max:",
        "        elif self._failures >= 1_000_000:",
        ("breaker_stayed_closed",),
    ),
    Mutant(
        "unwound_on_the_wrong_side",
        CORE + "residual.py",
        "    return Outcome.YES if (yes > 0) is (residual_e6 > 0) else Outcome.NO",
        "    return Outcome.YES if (yes > 0) is (residual_e6 < 0) else Outcome.NO",
        ("rollback_adds", "sells_not_own"),
    ),
    Mutant(
        "polarity_lost",
        CORE + "market.py",
        "        if polarity is Polarity.INVERSE:\n            return outcome\n",
        "        if polarity is Polarity.INVERSE:\n            return outcome.other\n",
        ("legs_same_side", "residual_unattended"),
    ),
    Mutant(
        "unhedged_cap_removed",
        CORE + "gates.py",
        "    return scene.executions.funds.unhedged_micros + alone > scene.limits.unhedged_micros_max",
        "    return alone < 0",
        ("unhedged_limit",),
    ),
    Mutant(
        "equal_dollars",
        CORE + "specs.py",
        """        size_e6=found.size_e6,
        size_e6_min=found.size_e6,
        limit_e4=found.kalshi_limit_e4,""",
        """        size_e6=found.spend_micros // found.kalshi_limit_e4 * 10_000 or found.size_e6,
        size_e6_min=found.size_e6,
        limit_e4=found.kalshi_limit_e4,""",
        ("sizes_differ", "size_limit"),
    ),
    Mutant(
        "fee_halved",
        CORE + "fees.py",
        "    return schedule.rate_e6 * size_e6 * curve, 1_000_000 * 100_000_000**schedule.exponent",
        "    return schedule.rate_e6 * size_e6 * curve, 2_000_000 * 100_000_000**schedule.exponent",
        ("fill_differs", "edge_too_small"),
    ),
    Mutant(
        "recovery_skips_look_up",
        CORE + "executions.py",
        """            order.answer = known or LegAnswer(status=AnswerStatus.UNKNOWN, code="restarted")""",
        """            order.answer = known or LegAnswer(status=AnswerStatus.MISSED, code="restarted")""",
        ("residual_unattended", "entry_while_recovering", "fill_unaccounted"),
    ),
    Mutant(
        "consumed_is_a_miss",
        KALSHI + "fence.py",
        """                last = answer
                if answer.code == ORDER_EXISTS:""",
        """                last = answer
                if answer.code == ORDER_EXISTS:
                    return decided(0, ref.spec, "")
                if answer.code == ORDER_EXISTS:""",
        ("answer_untrue",),
    ),
    Mutant(
        "taken_depth_kept",
        CORE + "book.py",
        "            taken[price] = taken.get(price, 0) + part\n",
        "            taken[price] = 0\n",
        ("phantom_depth",),
    ),
    Mutant(
        "cash_repaired_silently",
        RUNTIME + "accounts.py",
        "        if not -most <= difference <= most + margin:",
        "        if not -most - 10**12 <= difference <= most + margin + 10**12:",
        ("repaired_unproven",),
    ),
    Mutant(
        "second_answer_doubles",
        CORE + "executions.py",
        "        order.filled_e6 = max(known_e6, answer.filled_e6 - order.voided_e6)\n",
        "        order.filled_e6 = known_e6 + answer.filled_e6 - order.voided_e6\n",
        ("residual_unattended", "rollback_adds", "sells_not_own"),
    ),
    Mutant(
        "absent_at_once",
        POLYMARKET + "lookup.py",
        "        return _judge_empty(spec, seen, is_settled=is_stable and age_ms >= absent_after_ms)",
        "        return _judge_empty(spec, seen, is_settled=is_stable)",
        ("decided_too_early", "answer_untrue"),
    ),
    Mutant(
        "void_books_decided_on",
        CORE + "book.py",
        """        self.is_live = self.is_doubted = False
        self.snapshot_ms""",
        """        self.is_doubted = False
        self.snapshot_ms""",
        ("book_never_was", "phantom_depth"),
    ),
    Mutant(
        "busy_market_reused",
        CORE + "gates.py",
        "    return any(market_id in scene.executions.busy for market_id in scene.market_ids)",
        "    return len(scene.executions.busy) < 0",
        ("market_busy",),
    ),
    Mutant(
        "void_fill_kept",
        CORE + "executions.py",
        "        order.filled_e6 -= event.fill.size_e6\n        order.voided_e6",
        "        order.voided_e6",
        ("residual_unattended", "residual_left", "profit_differs"),
    ),
    Mutant(
        "killed_is_filled",
        KALSHI + "answers.py",
        "        filled_e6=filled_e6,\n        # An acknowledgement's",
        "        filled_e6=filled_e6 or spec.size_e6,\n        # An acknowledgement's",
        ("answer_untrue",),
    ),
    Mutant(
        "fence_of_full_size",
        KALSHI + "bodies.py",
        "        spec, size_e6=LOT_E6, limit_e4=limit_e4, tif=TimeInForce.IOC, reduce_only=False",
        "        spec, tif=TimeInForce.IOC, reduce_only=False",
        ("sent_as_not_announced", "sent_twice"),
    ),
    Mutant(
        "held_residual_abandoned",
        CORE + "exits.py",
        """            at_ns = execution.next_try_ns = min(ready_ns)
        return [SetTimer(f"retry:{execution.execution_no}", at_ns)]""",
        """            at_ns = execution.next_try_ns = min(ready_ns)
        return []""",
        ("residual_unattended", "residual_left"),
    ),
    Mutant(
        "halt_forgotten",
        CORE + "guarding.py",
        "        breaker.halt(event.halt)\n",
        "        breaker.resume()\n",
        ("entry_while_stopped",),
    ),
    *FURTHER,
    *STOPS,
)
