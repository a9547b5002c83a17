"""What the journal holds of the guards: the operator's acts in force, and the losses of a day."""

from dataclasses import dataclass, field
from typing import Final

from twoleg.core.actions import NoteKind
from twoleg.core.events import GuardsRestored, OperatorAct
from twoleg.core.guards import DAY_NS
from twoleg.storage.records import NoteRecorded, OperatorRecorded, Record

LOST_KEPT: Final = 1_024
"""Executions whose loss is known, so that one that closes again counts by what changed."""


@dataclass(slots=True)
class Guarded:
    """Folds records, in their order; keeps a day's losses, and no more executions than it must."""

    halt: str = ""
    """Why an operator halted it; empty where no halt is in force."""
    is_paused: bool = False
    losses: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    """(wall_ns, micro-dollars lost then, or less than 0: come back), of the last day."""
    lost_micros: dict[int, int] = field(default_factory=dict[int, int])
    """By execution, what it lost as it last closed; the latest `LOST_KEPT`, oldest first."""

    def apply(self, record: Record) -> None:
        """Take the next record; most say nothing of guards."""
        if isinstance(record, OperatorRecorded):
            self._operate(record.act, record.reason)
        elif isinstance(record, NoteRecorded) and record.kind == NoteKind.EXECUTION_CLOSED.value:
            net_micros = record.fields.get("net_micros")
            if isinstance(net_micros, int):
                self._close(record.execution_no, net_micros, record.wall_ns)

    def restored(self, wall_ns: int) -> GuardsRestored:
        """What the engine must know before anything starts, at our wall time `wall_ns`."""
        losses = tuple(
            (max(0, wall_ns - at_ns), micros)
            for at_ns, micros in self.losses
            if wall_ns - at_ns <= DAY_NS
        )
        return GuardsRestored(losses, self.halt, self.is_paused)

    def _operate(self, act: OperatorAct, reason: str) -> None:
        if act is OperatorAct.HALT:
            self.halt = reason
        elif act is OperatorAct.CLEAR_HALT:
            self.halt = ""
        else:
            self.is_paused = act is OperatorAct.PAUSE

    def _close(self, execution_no: int, net_micros: int, wall_ns: int) -> None:
        """One that was opened again and closed counts by what changed."""
        lost_micros = max(0, -net_micros)
        change_micros = lost_micros - self.lost_micros.get(execution_no, 0)
        if not change_micros:
            return
        while self.losses and wall_ns - self.losses[0][0] > DAY_NS:
            self.losses.pop(0)
        self.losses.append((wall_ns, change_micros))
        self.lost_micros.pop(execution_no, None)
        self.lost_micros[execution_no] = lost_micros
        if len(self.lost_micros) > LOST_KEPT:
            del self.lost_micros[next(iter(self.lost_micros))]
