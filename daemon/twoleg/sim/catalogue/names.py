"""Invented names by number: people, places, clubs, companies, works. One number, one name.

A name has the form that each venue gives it: Kalshi leaves out "FC", Polymarket a middle name.
"""

import re
from functools import lru_cache
from typing import Final, NamedTuple


def words(text: str) -> tuple[str, ...]:
    """Return the words of a text."""
    return tuple(text.split())


_ONSETS: Final = words(
    "Bar Bel Bran Cal Cas Cor Dal Dar Del Dor Fal Fen Gal Gar Gren Hal Har Hol Jar Kal Kel Kor Lan "
    "Lor Mal Mar Mel Nor Ol Pal Per Quin Ral Ros Sal Sel Tal Tor Val Ver Wal Wen Yar Zel"
)
_MIDDLES: Final = words("a e i o u ae ea io an en in on ar er or el")
_CODAS: Final = words("b d g k l m n p r s t v z dr gr st")
_ENDS: Final = words(
    "ach ado ak am ani arde asco ato eck el em ena enko eri ert esco etti ev iak ian ic ik ing "
    "ino is itz o off oni ora os ov ow ram ski son stad stein ton uk um ut"
)
_FIRST: Final = words(
    "Adrian Alma Anton Bianca Boris Carla Cedric Clara Damian Delia Edgar Elena Emil Esther Fabian "
    "Felix Flora Gideon Greta Hector Helga Hugo Irene Ivo Jonas Judith Kara Karim Lara Leander "
    "Lidia Lukas Magda Marek Mila Milan Nadia Nestor Nina Oleg Olga Oscar Paula Pavel Petra Rafael "
    "Regina Roman Rosa Sandro Selma Simon Sonja Stefan Tamara Tobias Ursula Valentin Vera Viktor"
)
# First names that one venue shortens.
_SHORTENED: Final = (
    ("Zachary", "Zach"), ("Michael", "Mike"), ("Joshua", "Josh"), ("Benjamin", "Ben"),
    ("Matthew", "Matt"), ("Nicholas", "Nick"), ("Samuel", "Sam"), ("Christopher", "Chris"),
    ("Gregory", "Greg"), ("Kenneth", "Ken"),
)  # fmt: skip
_PLACE_ENDS: Final = words(
    "berg borough bridge burg bury by dale field ford gate ham haven holm hurst land ley mere "
    "mouth port stead stow ton ville wick wood worth"
)
_CLUBS: Final = (
    ("{0}", "{0} FC"), ("{0}", "FC {0}"), ("{0} United", "{0} United FC"), ("{0}", "AC {0}"),
    ("{0} City", "{0} City FC"), ("{0}", "CD {0}"), ("{0} Rovers", "{0} Rovers FC"),
    ("{0}", "SV {0}"), ("{0} Wanderers", "{0} Wanderers"), ("{0}", "SC {0} 1908"),
)  # fmt: skip
_TEAMS: Final = (
    ("{0}", "{0}"), ("{0} Esports", "{0} Esports"), ("Team {0}", "Team {0}"),
    ("{0}", "{0} Esports"), ("{0} Gaming", "{0} Gaming"),
)  # fmt: skip
_FIRMS: Final = ("{0}", "{0} Robotics", "{0} Labs", "{0} Energy", "{0} Health", "{0} Systems")
_NOUNS: Final = words(
    "Lantern Orchard Harbor Mirror Sparrow Glacier Violin Canyon Carnival Compass Ember Falcon "
    "Garden Heron Island Juniper Keeper Lagoon Meadow Nightfall Oracle Pilgrim Quarry River"
)
_UNFIT: Final = re.compile("[^a-z0-9]+")
# Coprime to the size of each table: neighbours in number are no neighbours in name.
_STEP: Final = 7_919
_FAMILIES: Final = len(_ONSETS) * len(_MIDDLES) * len(_CODAS) * len(_ENDS)
_PLACES: Final = len(_ONSETS) * len(_MIDDLES) * len(_CODAS) * len(_PLACE_ENDS)


class Name(NamedTuple):
    """A participant: how each venue writes it (`k`, `p`), its family name, its code in tickers."""

    k: str
    p: str
    short: str
    code: str


def _family(number: int) -> str:
    return _spelled(number, _FAMILIES, _ENDS)


def place(number: int) -> str:
    """Return an invented town."""
    return _spelled(number, _PLACES, _PLACE_ENDS)


def _spelled(number: int, size: int, ends: tuple[str, ...]) -> str:
    left = number * _STEP % size
    left, onset = divmod(left, len(_ONSETS))
    left, middle = divmod(left, len(_MIDDLES))
    left, coda = divmod(left, len(_CODAS))
    return f"{_ONSETS[onset]}{_MIDDLES[middle]}{_CODAS[coda]}{ends[left]}"


@lru_cache(maxsize=4_096)
def person(number: int) -> Name:
    """Return an invented person; one in seven goes by a short first name on Polymarket."""
    family = _family(number)
    if number % 7 == 3:
        long, short = _SHORTENED[number // 7 % len(_SHORTENED)]
        return Name(f"{long} {family}", f"{short} {family}", family, _code(family))
    name = f"{_FIRST[number * 31 % len(_FIRST)]} {family}"
    return Name(name, name, family, _code(family))


@lru_cache(maxsize=4_096)
def club(number: int) -> Name:
    """Return an invented football club; Polymarket writes the legal form."""
    return _formed(place(number), _CLUBS[number % len(_CLUBS)])


@lru_cache(maxsize=4_096)
def team(number: int) -> Name:
    """Return an invented esports team."""
    return _formed(_family(number), _TEAMS[number % len(_TEAMS)])


@lru_cache(maxsize=4_096)
def company(number: int) -> Name:
    """Return an invented company."""
    form = _FIRMS[number % len(_FIRMS)]
    return _formed(_family(number), (form, form))


@lru_cache(maxsize=4_096)
def work(number: int) -> Name:
    """Return the title of an invented film, album or bill."""
    title = f"The {_NOUNS[number % len(_NOUNS)]} of {place(number)}"
    return Name(title, title, title, _code(place(number)))


def _formed(root: str, forms: tuple[str, str]) -> Name:
    kalshi, polymarket = (form.format(root) for form in forms)
    return Name(kalshi, polymarket, root, _code(root))


def _code(name: str) -> str:
    # In full, which is longer than on the venue: no two events share a ticker.
    return name.upper()


def slug(text: str) -> str:
    """Return a text as Polymarket puts it into an address."""
    return _UNFIT.sub("-", text.lower()).strip("-")
