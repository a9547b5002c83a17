"""`python -m twoleg.storage.low PID COMMAND…`: become a command that gives way, and dies with PID.

A parent that did this itself between fork and exec would stand still until its child had: a third
of a second on a busy machine, and no tick in between.
"""

import os
import signal
import sys
from collections.abc import Sequence
from typing import Final

from twoleg.storage.processes import bind_to

LOW_NICE: Final = 10
"""How much it gives way to everything else of ours."""
NOT_FOUND: Final = 127
"""Exit code of a shell for a command that is not there."""


def main(arguments: Sequence[str]) -> int:
    """Become the command; returns only if that is not possible."""
    parent_pid, *command = arguments
    os.nice(LOW_NICE)
    bind_to(int(parent_pid), signal.SIGKILL)
    try:
        os.execvp(command[0], command)  # noqa: S606 - no shell is wanted
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
    return NOT_FOUND


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
