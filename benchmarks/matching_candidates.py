"""How long the index takes to propose candidates for whole catalogues, and how much memory.

    python -m benchmarks.matching_candidates [--kalshi 100000] [--polymarket 80000]

Seeded bags of words: a market's own few rare words (its sides, its day) among words that many
markets share; every other Kalshi market has a partner, with a word exchanged and one left out.
Prints one JSON object; `recall` is how many partners are among the candidates.
"""

import argparse
import json
import random
import resource
import sys
import time
from collections.abc import Iterator, Sequence

from twoleg.matching.candidates import candidates

_NAMES = 20_000
"""Names (clubs, people, districts) that both catalogues draw from."""

_SHARED = 3_000
"""Words of forms and families, drawn so that the first ones are everywhere."""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kalshi", type=int, default=100_000)
    parser.add_argument("--polymarket", type=int, default=80_000)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    started = time.perf_counter()
    found = partners = 0
    pairs = candidates(
        _markets(chosen.seed, chosen.kalshi, other=False),
        _markets(chosen.seed, chosen.polymarket, other=True),
    )
    for left, right in pairs:
        found += 1
        partners += left == right and left % 2 == 0
    wanted = (min(chosen.kalshi, chosen.polymarket) + 1) // 2
    report = {
        "kalshi": chosen.kalshi,
        "polymarket": chosen.polymarket,
        "candidates": found,
        "recall": round(partners / wanted, 4) if wanted else None,
        "seconds": round(time.perf_counter() - started, 2),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }
    print(json.dumps(report))
    return 0


def _markets(seed: int, count: int, *, other: bool) -> Iterator[list[str]]:
    """The words of each market; an even number means the same market on both venues."""
    for number in range(count):
        rng = random.Random(f"{seed}:{number}:{int(other and number % 2)}")
        words = [f"name{rng.randrange(_NAMES)}" for _ in range(3)]
        words += [f"day{rng.randrange(120)}", f"city{rng.randrange(600)}"]
        words += [f"word{int(_SHARED * rng.random() ** 4)}" for _ in range(8)]
        if other:
            words = [*words[1:], f"own{rng.randrange(500)}"]
        yield words


if __name__ == "__main__":
    sys.exit(main())
