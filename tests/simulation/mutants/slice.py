"""Run the fixed slice of seeds in this process; print what broke first, as one line of JSON."""

import json
import logging
import sys
import tempfile
from pathlib import Path

import structlog

from tests.simulation.checkers import WorldWatch
from tests.simulation.checking import Violation
from tests.simulation.plan import draw_plan
from tests.simulation.world import World, collect


def main(seeds: list[int]) -> None:
    """The first failing seed, its violation, and how many seeds it took."""
    quiet = structlog.make_filtering_bound_logger(logging.CRITICAL)
    structlog.configure(wrapper_class=quiet)
    logging.disable(logging.CRITICAL)
    for count, seed in enumerate(seeds, start=1):
        with tempfile.TemporaryDirectory() as root:
            folder = Path(root) / "world"
            folder.mkdir()
            world = World(draw_plan(seed), folder, WorldWatch)
            name = detail = ""
            try:
                world.run()
            except Violation as violation:
                name, detail = violation.name, violation.detail
            except Exception as error:  # noqa: BLE001 - a world that breaks has noticed too
                name, detail = "world_broke", repr(error)
            collect(world)
        if name:
            found = {"seed": seed, "count": count, "name": name, "detail": detail[:300]}
            sys.stdout.write(json.dumps(found) + "\n")
            return
    sys.stdout.write(json.dumps({"seed": -1, "count": len(seeds), "name": "", "detail": ""}) + "\n")


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]])
