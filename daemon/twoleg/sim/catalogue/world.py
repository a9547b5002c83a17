"""The whole catalogue by row number, and the truth about it.

Rows come in cycles of the same scenes with other names, teams and dates, so that a row needs its
own cycle alone. Each cycle has the same number of rows on a venue.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from twoleg.sim.catalogue import scenes_claims, scenes_sports
from twoleg.sim.catalogue.draft import KalshiDraft, PolymarketDraft, Scene
from twoleg.sim.catalogue.scenes_filler import kalshi_filler, polymarket_filler
from twoleg.sim.catalogue.stage import Stage

KALSHI_A_CYCLE: Final = 500
POLYMARKET_A_CYCLE: Final = 400
CYCLES_KEPT: Final = 4

SCENES: Final[tuple[Callable[[Stage], None], ...]] = (
    scenes_sports.mlb, scenes_sports.nba, scenes_sports.nhl, scenes_sports.shared_cities,
    scenes_sports.soccer, scenes_sports.soccer, scenes_sports.tennis, scenes_sports.tennis,
    scenes_sports.esports, scenes_sports.esports, scenes_sports.fight, scenes_sports.golf,
    scenes_sports.season, scenes_claims.house, scenes_claims.state_races,
    scenes_claims.nominees, scenes_claims.presidency, scenes_claims.primary,
    scenes_claims.rates, scenes_claims.listings, scenes_claims.works, scenes_claims.counts,
    scenes_claims.coins, scenes_claims.weather, scenes_claims.leaders, scenes_claims.awards,
    scenes_claims.laws,
)  # fmt: skip


class Truth(NamedTuple):
    """What is known of a Kalshi and a Polymarket row.

    `label` and `paying` are the outcome that pays with Kalshi YES; "" and −1 where none does.
    `kind` is the family of a true pair, or the difference that a near-miss hides.
    """

    kalshi: int
    polymarket: int
    kind: str
    paying: int
    label: str


class Cycle(NamedTuple):
    """The rows of one cycle in order, events in one piece, and what pairs within it."""

    kalshi: tuple[KalshiDraft, ...]
    polymarket: tuple[PolymarketDraft, ...]
    truths: tuple[Truth, ...]


class World:
    """All rows of both venues for one seed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.cycle = lru_cache(maxsize=CYCLES_KEPT)(self._make)

    def kalshi(self, row: int) -> KalshiDraft:
        """Return a row of Kalshi."""
        cycle, place = divmod(row, KALSHI_A_CYCLE)
        return self.cycle(cycle).kalshi[place]

    def polymarket(self, row: int) -> PolymarketDraft:
        """Return a row of Polymarket."""
        cycle, place = divmod(row, POLYMARKET_A_CYCLE)
        return self.cycle(cycle).polymarket[place]

    def truths(self, kalshi: int, polymarket: int) -> Iterator[Truth]:
        """Tell true pairs and near-misses among the first so many rows of both venues."""
        for number in range(-(-kalshi // KALSHI_A_CYCLE)):
            for truth in self.cycle(number).truths:
                if truth.kalshi < kalshi and truth.polymarket < polymarket:
                    yield truth

    def _make(self, number: int) -> Cycle:
        stage = Stage(self.seed, number)
        kalshi: list[KalshiDraft] = []
        polymarket: list[PolymarketDraft] = []
        truths: list[Truth] = []
        starts = number * KALSHI_A_CYCLE, number * POLYMARKET_A_CYCLE
        for play in SCENES:
            stage.scene = Scene()
            play(stage)
            scene = _in_events(stage.scene)
            first = starts[0] + len(kalshi), starts[1] + len(polymarket)
            truths += _truths(play.__name__, scene, *first)
            kalshi += scene.kalshi
            polymarket += scene.polymarket
        stage.scene = Scene()
        kalshi_filler(stage, KALSHI_A_CYCLE - len(kalshi))
        polymarket_filler(stage, POLYMARKET_A_CYCLE - len(polymarket))
        rest = _in_events(stage.scene)
        kalshi += rest.kalshi
        polymarket += rest.polymarket
        return Cycle(tuple(kalshi), tuple(polymarket), tuple(truths))


def _truths(scene_name: str, scene: Scene, kalshi: int, polymarket: int) -> Iterator[Truth]:
    for one, other, index in scene.pairs():
        family = f"{scene_name}.{scene.kalshi[one].claim.kind}"
        label = scene.polymarket[other].labels[index]
        yield Truth(kalshi + one, polymarket + other, family, index, label)
    for one, other, kind in scene.near:
        yield Truth(kalshi + one, polymarket + other, kind, -1, "")


def _in_events(scene: Scene) -> Scene:
    """Put the markets of an event side by side, the events in the order of their first market."""
    ours = _grouped([draft.event_ticker for draft in scene.kalshi])
    theirs = _grouped([draft.event_slug for draft in scene.polymarket])
    at_ours = {old: new for new, old in enumerate(ours)}
    at_theirs = {old: new for new, old in enumerate(theirs)}
    return Scene(
        [scene.kalshi[place] for place in ours],
        [scene.polymarket[place] for place in theirs],
        [(at_ours[one], at_theirs[other], kind) for one, other, kind in scene.near],
    )


def _grouped(events: list[str]) -> list[int]:
    first: dict[str, int] = {}
    for place, event in enumerate(events):
        first.setdefault(event, place)
    return sorted(range(len(events)), key=lambda place: (first[events[place]], place))
