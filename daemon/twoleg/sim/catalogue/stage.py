"""Where a scene is set: its random choices, its fresh names, and the markets it lists."""

from random import Random
from typing import Final
from zlib import crc32

from twoleg.sim.catalogue.draft import Claim, Scene, kalshi_draft, polymarket_draft
from twoleg.sim.catalogue.kalshi_claims import KALSHI_CLAIMS
from twoleg.sim.catalogue.kalshi_sports import KALSHI_SPORTS
from twoleg.sim.catalogue.names import Name, club, company, person, place, team, work
from twoleg.sim.catalogue.polymarket_claims import POLYMARKET_CLAIMS
from twoleg.sim.catalogue.polymarket_sports import POLYMARKET_SPORTS

KALSHI_FORMS: Final = {**KALSHI_SPORTS, **KALSHI_CLAIMS}
POLYMARKET_FORMS: Final = {**POLYMARKET_SPORTS, **POLYMARKET_CLAIMS}
# Names that one cycle may use up; all cycles together never use one twice.
NAMES_A_CYCLE: Final = 512
_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


class Stage:
    """One cycle of the catalogue while its scenes are made."""

    def __init__(self, seed: int, cycle: int) -> None:
        self.cycle = cycle
        self.seed = seed
        self.rng = Random(f"{seed}:{cycle}")
        self.scene = Scene()
        # Whether outcomes are turned round now and then.
        self.flips = True
        # Apart from each other's, so that no person is called like a company.
        self._people = cycle * NAMES_A_CYCLE
        self._places = cycle * NAMES_A_CYCLE

    # -- names -------------------------------------------------------------------------------------

    def person(self) -> Name:
        """Return somebody new."""
        self._people += 1
        return person(self._people)

    def company(self) -> Name:
        """Return a new company."""
        self._people += 1
        return company(self._people)

    def team(self) -> Name:
        """Return a new esports team."""
        self._people += 1
        return team(self._people)

    def club(self) -> Name:
        """Return a new football club."""
        self._places += 1
        return club(self._places)

    def work(self) -> Name:
        """Return a new film."""
        self._places += 1
        return work(self._places)

    def place(self) -> str:
        """Return a new town."""
        self._places += 1
        return place(self._places)

    def cup(self, pattern: str) -> Name:
        """Return a new tournament of a new town: "{} Open"."""
        town = self.place()
        text = pattern.format(town)
        return Name(text, text, town, town.upper())

    def mark(self, number: int = 0) -> str:
        """Return a few letters and digits that no other cycle has for the number."""
        left, text = self.cycle * 128 + number, ""
        while left or not text:
            left, digit = divmod(left, 36)
            text = _DIGITS[digit] + text
        return text

    # -- markets -----------------------------------------------------------------------------------

    def k(self, kind: str, **values: object) -> int:
        """List a Kalshi market; return its place in the scene."""
        claim = Claim.of(kind, **values)
        self.scene.kalshi.append(kalshi_draft(KALSHI_FORMS[kind], claim))
        return len(self.scene.kalshi) - 1

    def p(self, kind: str, **values: object) -> int:
        """List a Polymarket market; return its place in the scene.

        "win/moneyline" is a claim of one kind in the form of another.

        Sides come in either order, and so, now and then, do the outcomes.
        """
        kind, _, form = kind.partition("/")
        described = POLYMARKET_FORMS[form or kind]
        # One order for all markets of a contest.
        is_swapped = "a" in values and crc32(repr((values["a"], values["b"])).encode()) & 1 == 1
        is_flipped = self.flips and self.rng.random() < 0.15
        draft = polymarket_draft(
            described, Claim.of(kind, **values), is_swapped=is_swapped, is_flipped=is_flipped
        )
        self.scene.polymarket.append(draft)
        return len(self.scene.polymarket) - 1

    def near(self, kind: str, *places: tuple[int, int]) -> None:
        """Note that markets (Kalshi's, Polymarket's place) look alike and differ by a kind."""
        self.scene.near += [(one, other, kind) for one, other in places]
