"""What the journal holds of the guards: the operator's acts in force, and the losses of a day."""

from dataclasses import dataclass, field

from twoleg.core.actions import NoteKind
from twoleg.core.events import GuardsRestored, OperatorAct
from twoleg.core.guards import DAY_NS
from twoleg.storage.records import NoteRecorded, OperatorRecorded, Record


@dataclass(slots=True)
class Guarded:
    """Folds records, in their order; what it keeps grows with the losses on record alone."""

    halt: str = ""
    """Why an operator halted it; empty where no halt is in force."""
    is_paused: bool = False
    losses: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    """(wall_ns, micro-dollars lost then, or less than 0: come back)."""
    lost_micros: dict[int, int] = field(default_factory=dict[int, int])
    """By execution, what it lost as it last closed."""

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
        if change_micros:
            self.losses.append((wall_ns, change_micros))
            self.lost_micros[execution_no] = lost_micros
