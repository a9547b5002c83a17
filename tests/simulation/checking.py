"""What is checked beside the daemon: the shape of a checker, and how it says that something broke."""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tests.simulation.world import World


class Violation(AssertionError):
    """The daemon broke a promise. `name` is the promise, `detail` what was seen instead."""

    def __init__(self, name: str, detail: str) -> None:
        super().__init__(name, detail)
        self.name = name
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.name}: {self.detail}"


class Checker(Protocol):
    """Watches one world from its start to its end; one instance per world.

    Every method may raise `Violation`, reads only, and never awaits. Truth is what the simulated
    venues' ledgers and the wire tap say; the daemon's record is what is judged by it.
    """

    def on_step(self, world: "World") -> None:
        """Look after each order that reached a venue, each fill, and each 100 virtual ms.

        Called between two callbacks of the loops, also while an incarnation starts (its `engine`
        may not be there yet) and while none runs (`world.app` is None).
        """
        ...

    def on_restart(self, world: "World") -> None:
        """Look after a crash, before the next incarnation reads the journal.

        `world.app` is None, `world.journal_folder` holds exactly what was durable.
        """
        ...

    def on_end(self, world: "World") -> None:
        """Look at the end: faults stopped, everything settled, the daemon stopped in order.

        `world.app` is the stopped incarnation; its `journal` can still be read.
        """
        ...
