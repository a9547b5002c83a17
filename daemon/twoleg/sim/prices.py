"""Fair values and dislocations: pure integer functions of (seed, pair, step).

The path is a sum of seeded noises of growing period, not an accumulated walk, so that any process
can name the value of any step without having lived through those before.
"""

from typing import Final, Literal

from twoleg.sim.grid import ONE_E4
from twoleg.sim.world import FlowWorld

Venue = Literal["kalshi", "polymarket"]

STEP_MS_DEFAULT: Final = 100
# (period in steps, amplitude in 1/10 000 dollar): at 100 ms a wobble of a second, a drift of
# minutes.
_OCTAVES: Final = ((10, 40), (80, 110), (640, 320), (5_120, 700))
FAIR_MIN_E4: Final = 600
FAIR_MAX_E4: Final = ONE_E4 - FAIR_MIN_E4
# One dislocation per pair and slot; at 100 ms and ten pairs that is one a second in all.
_SLOT_STEPS: Final = 100
_LAST_STEPS_MIN: Final = 8
_LAST_STEPS_MAX: Final = 40
_SHIFT_CENTS: Final = (3, 9)
_MASK: Final = (1 << 64) - 1


class PriceWorld:
    """The latent prices of a world. `epoch_ms` is the wall time of step 0.

    Two processes agree if they share seed, number of pairs, epoch and step length; the default
    epoch is that of Unix, which needs no agreement.
    """

    def __init__(
        self, world: FlowWorld, *, epoch_ms: int = 0, step_ms: int = STEP_MS_DEFAULT
    ) -> None:
        self.world = world
        self.epoch_ms = epoch_ms
        self.step_ms = step_ms

    def step_at(self, now_ns: int) -> int:
        """Return the step that a wall time belongs to."""
        return (now_ns // 1_000_000 - self.epoch_ms) // self.step_ms

    def fair_e4(self, pair: int, step: int) -> int:
        """Return the fair price of Kalshi YES, within FAIR_MIN_E4..FAIR_MAX_E4."""
        seed = self.world.seed
        value_e4 = 2_000 + _mix(seed, pair, 0, 0) % 6_001
        for octave, (period, amplitude_e4) in enumerate(_OCTAVES, start=1):
            node, inside = divmod(step, period)
            left = _mix(seed, pair, octave, node) % (2 * amplitude_e4 + 1) - amplitude_e4
            right = _mix(seed, pair, octave, node + 1) % (2 * amplitude_e4 + 1) - amplitude_e4
            value_e4 += left + (right - left) * inside // period
        return min(max(value_e4, FAIR_MIN_E4), FAIR_MAX_E4)

    def dislocation(self, pair: int, step: int) -> tuple[Venue, int] | None:
        """Return which venue's quotes are shifted at this step and by how much (Kalshi YES)."""
        slot, inside = divmod(step, _SLOT_STEPS)
        draw = _mix(self.world.seed, pair, 99, slot)
        last = _LAST_STEPS_MIN + draw % (_LAST_STEPS_MAX - _LAST_STEPS_MIN + 1)
        start = (draw >> 16) % (_SLOT_STEPS - _LAST_STEPS_MAX)
        if not start <= inside < start + last:
            return None
        low, high = _SHIFT_CENTS
        shift_e4 = (low + (draw >> 32) % (high - low + 1)) * 100
        venue: Venue = "kalshi" if draw >> 48 & 1 else "polymarket"
        return venue, shift_e4 if draw >> 49 & 1 else -shift_e4

    def quoted_e4(self, venue: Venue, pair: int, step: int) -> int:
        """Return the middle of a venue's quotes, in that venue's own YES terms."""
        value_e4 = self.fair_e4(pair, step)
        dislocation = self.dislocation(pair, step)
        if dislocation is not None and dislocation[0] == venue:
            value_e4 += dislocation[1]
        value_e4 = min(max(value_e4, 200), ONE_E4 - 200)
        is_inverse = self.world.pairs[pair].polarity == "inverse"
        return ONE_E4 - value_e4 if venue == "polymarket" and is_inverse else value_e4


def _mix(seed: int, pair: int, stream: int, number: int) -> int:
    # splitmix64 over the four keys: cheap, and the same on every machine and Python.
    state = seed & _MASK
    for key in (pair, stream, number):
        state = (state ^ (key & _MASK)) + 0x9E3779B97F4A7C15 & _MASK
        state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & _MASK
        state = (state ^ state >> 27) * 0x94D049BB133111EB & _MASK
        state ^= state >> 31
    return state
