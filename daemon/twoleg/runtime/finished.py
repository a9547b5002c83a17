"""Executions that an earlier process finished: a fill that comes late opens one of them again."""

from collections.abc import Callable, Mapping
from typing import Final

import structlog

from twoleg.core.events import Event, Fill, MarketChanged
from twoleg.core.market import Market, MarketId
from twoleg.runtime.executor import Executor
from twoleg.runtime.logs import log_context
from twoleg.runtime.recovery import FoundExecution, Recovered
from twoleg.runtime.tracker import Tracker

NOT_YET: Final = -1

log = structlog.get_logger(__name__)


class Finished:
    """Knows finished executions by their orders; plain calls.

    The engine learns of one only with its late fill. What it had filled before is in the holdings
    that the engine was told by then.
    """

    def __init__(
        self,
        known: Recovered,
        *,
        executor: Executor,
        tracker: Tracker,
        markets: Mapping[MarketId, Market],
        emit: Callable[[Event], None],
    ) -> None:
        self._known = known
        self._executor = executor
        self._tracker = tracker
        self._markets = markets
        self._emit = emit
        # Executions below this number are of earlier processes.
        self._first_no = NOT_YET
        # Those that the engine knows, as they were not finished or had a late fill.
        self._told: set[int] = set()

    def begin(self) -> None:
        """The engine knows the holdings and all that was unfinished: look at what came so far."""
        self._told.update(self._known.unfinished)
        self._first_no = self._known.next_execution_no
        self._tracker.claim_again()

    def claim(self, fill: Fill) -> bool:
        """Make the execution of a fill known again; False if it is of none that is on record."""
        for number, execution in self._known.executions.items():
            if number >= self._first_no or number in self._told:
                continue
            if any(_names(fill, {ref.order_key, ref.venue_order_id}) for ref in execution.orders):
                return self._adopt(number, execution)
        return False

    def _adopt(self, number: int, execution: FoundExecution) -> bool:
        pair = self._known.pairs.get(execution.pair_id)
        if pair is None:
            log.error("execution_without_pair", execution_no=number)
            return False
        self._told.add(number)
        self._executor.adopt(number, execution.execution_id, execution.pair_id)
        with log_context(execution_id=execution.execution_id, pair_id=execution.pair_id):
            log.warning("finished_execution_recovered")
        for ref in execution.orders:
            self._emit(MarketChanged(self._markets.get(ref.spec.market.id, ref.spec.market)))
        self._emit(execution.found(number, pair, is_accounted=True))
        for ref in execution.orders:
            order_no = ref.spec.order_no
            fills, adjusted = execution.fills_of(order_no), execution.adjusted.get(order_no, 0)
            self._tracker.register(ref, fills, adjusted)
        return True


def _names(fill: Fill, keys: set[str]) -> bool:
    return any(key and key in keys for key in (fill.order_key, fill.venue_order_id))
