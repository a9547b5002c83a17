"""Whether two names mean one club, country, party or person.

An answer is never a score: SAME (one name is the other, written otherwise), PART (one says less
than the other and nothing else), or OTHER. PART proves nothing alone; families say what it needs.
"""

import enum
import re
from functools import lru_cache

from twoleg.matching.tables import (
    CLUB_ALIASES,
    CLUB_WORDS,
    COUNTRIES,
    NICKNAMES,
    PARTIES,
    PLACES_AFTER,
    PLACES_BEFORE,
    SQUAD_WORDS,
    TEAMS,
)
from twoleg.matching.texts import fold, words

_PREFIX_MIN = 4
"""Fewest letters in which "hamburg" and "hamburger" must agree to be one stem."""

_SHARED_MIN = 3
"""Fewest letters of a word by which a club is known under another sponsor's name ("Ulm")."""

_SHORT = {
    "utd": "united", "ath": "athletic", "intl": "international", "univ": "university",
    "wed": "wednesday", "uconn": "connecticut", "st": "saint",
}  # fmt: skip
"""Words of club names that are always cut the same way."""

_COUPLE = re.compile(r"[/&,;+]|\b(?:and|or|versus|vs)\b")

_STEM_ENDINGS_OF_OTHERS = ("ia", "na")
"""Endings that make another country of a shorter name: Niger and Nigeria, India and Indiana."""

_OF_A_PARTY = frozenset({"a", "an", "the", "party", "candidate"})

_ARTICLES = frozenset({"the", "a", "an"})
_FIRST_NAMES = frozenset({
    "juan", "jose", "luis", "carlos", "pedro", "pablo", "diego", "miguel", "francisco", "javier",
    "alejandro", "antonio", "fernando", "ricardo", "rafael", "joao", "thiago", "bruno", "lucas",
    "felipe", "maria", "ana", "laura", "john", "james", "michael", "david", "alex", "alexander",
    "daniel", "nicolas", "marco", "matteo", "lorenzo", "andrea", "jean", "pierre", "hugo", "arthur",
    "ivan", "sergei", "andrei", "mikhail", "anna", "elena", "franco", "facundo", "tomas", "martin",
})  # fmt: skip
"""First names seen before a family name: a side that begins with one is no two family names."""

_NOT_OF_A_NAME = frozenset({
    "party", "ally", "allies", "campaign", "coalition", "supporter", "supporters", "list",
    "movement", "alliance", "bloc", "family", "successor", "deputy", "aide", "slate", "ticket",
    "front", "candidate", "government", "administration", "cabinet", "team", "camp", "loyalist",
})  # fmt: skip
"""Words behind a name that make somebody or something else of it."""

_YOUTH = re.compile(r"\bu[- ](?=\d\d\b)")

_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv", "junior", "senior"})


class Likeness(enum.Enum):
    """How two names stand to each other."""

    SAME = "same"
    PART = "part"
    OTHER = "other"


def team(one: str, other: str, league: str = "") -> Likeness:
    """Compare two club or team names; `league` (as `mlb`) opens the table of its full names."""
    if league in TEAMS and bool(in_league(one, league)) != bool(in_league(other, league)):
        # One is a team of the league; what the other adds or leaves out makes it none.
        return Likeness.OTHER
    left, right = _resolved(one, league), _resolved(other, league)
    if not left or not right or _is_numbered(left, right):
        return Likeness.OTHER
    if left == right or _alias(left) == _alias(right) or _is_one_country(left, right):
        return Likeness.SAME
    rest_left, rest_right, shared = _pair_words(left, right)
    if not shared:
        return _initials(left, right)
    is_squad = bool((set(rest_left) ^ set(rest_right)) & SQUAD_WORDS)
    if is_squad or _is_other_place(left, right) or _is_other_place(right, left):
        return Likeness.OTHER
    return _from_rests(rest_left, rest_right, shared)


def person(one: str, other: str) -> Likeness:
    """Compare two people's names: the family name must be whole, the first may be short.

    Two who play together ("Doe/Roe") are not one of them.
    """
    if is_couple(one) is not is_couple(other):
        return Likeness.OTHER
    left, left_suffix = _person_words(one)
    right, right_suffix = _person_words(other)
    if not left or not right or left_suffix != right_suffix:
        return Likeness.OTHER
    if sorted(left) == sorted(right) or "".join(left) == "".join(right):
        return Likeness.SAME  # also family name first, as in East Asia
    if len(left) == 1 or len(right) == 1 or left[-1] != right[-1]:
        return _surname_only(left, right)
    if not _first_names_agree(left[0], right[0]):
        return _surname_only(left, right)
    return _middles(left[1:-1], right[1:-1])


def shares_word(one: str, other: str) -> bool:
    """Whether two club names have a word in common that is no legal form ("TBB Trier")."""
    left, right = _resolved(one, ""), _resolved(other, "")
    rest_left, rest_right, shared = _pair_words(left, right)
    if (set(rest_left) ^ set(rest_right)) & SQUAD_WORDS:
        return False
    return any(len(word) >= _SHARED_MIN and word != "saint" for word in shared)


def adds_behind(one: str, other: str) -> bool:
    """Whether one club's name is the other's and more behind it ("Oakline Blue", "Oakline.Bee")."""
    names = [
        [word for word in words(fold(name).replace(".", " ")) if not _is_club_word(word)]
        for name in (one, other)
    ]
    short, long = sorted(names, key=len)
    return 0 < len(short) < len(long) and long[: len(short)] == short


def is_named_alike(one: str, other: str) -> bool:
    """Whether two club names have the same words and numbers but for legal forms."""
    names = [
        [word for word in _resolved(name, "") if word not in CLUB_WORDS] for name in (one, other)
    ]
    return names[0] == names[1]


def is_couple(name: str) -> bool:
    """Whether a name is that of several ("Doe and Roe", "Doe/Roe")."""
    return _COUPLE.search(fold(name)) is not None


def adds_surname(one: str, other: str) -> bool:
    """Whether one name is the other and a second family name ("Ana Doe", "Ana Doe Roe").

    "Ana Doe's party" is nobody's.
    """
    if "'s " in fold(f"{one} {other}"):
        return False
    (left, left_suffix), (right, right_suffix) = _person_words(one), _person_words(other)
    short, long = sorted((left, right), key=len)
    is_longer = len(short) == 2 and len(long) == 3 and left_suffix == right_suffix
    return is_longer and long[:2] == short and long[2] not in _NOT_OF_A_NAME


def surnames(short: str, full: str) -> Likeness:
    """Compare family names alone ("Diaz Acosta") with a whole name ("Facundo Acosta").

    Whoever has two family names is called by both, or by either: PART if the whole name ends in one
    of them, else OTHER.
    """
    left, suffix = _person_words(short)
    right, right_suffix = _person_words(full)
    is_two = len(left) > 1 and len(right) > 1
    if not is_two or suffix != right_suffix or len(right[-1]) < _PREFIX_MIN:
        return Likeness.OTHER
    if left[0] in _FIRST_NAMES and left[0] != right[0]:
        return Likeness.OTHER
    return Likeness.PART if right[-1] in left else Likeness.OTHER


def called(one: str, other: str) -> bool:
    """Whether two people have one first name, or a short form of it ("Jo", "J.")."""
    (left, _), (right, _) = _person_words(one), _person_words(other)
    return bool(left and right) and _first_names_agree(left[0], right[0])


def subject(one: str, other: str) -> Likeness:
    """Compare names of whatever kind: a party, a country, a club or a person."""
    left, right = fold(one), fold(other)
    if left == right or words(left) == words(right):
        return Likeness.SAME
    party = party_of(one), party_of(other)
    if any(party):
        return Likeness.SAME if party[0] == party[1] else Likeness.OTHER
    if country_of(left) == country_of(right):
        return Likeness.SAME
    return Likeness.OTHER if _is_work(left) or _is_work(right) else person(one, other)


def _is_work(name: str) -> bool:
    """Whether a folded name is no person's: what stands in its middle is no middle name."""
    parts = words(name)
    is_titled = ":" in name or parts[0] in _ARTICLES if parts else False
    return is_titled or any(part.isdigit() for part in parts)


def party_of(name: str) -> str:
    """The party a name stands for ("a Democrat", "Republican Party"), or ""."""
    kept = [word for word in words(fold(name)) if word not in _OF_A_PARTY]
    return PARTIES.get(kept[0], "") if len(kept) == 1 else ""


def country_of(folded: str) -> str:
    """The one name under which a country, union or body is kept here; else the name itself."""
    plain = " ".join(word for word in words(folded) if word != "the")
    return next((group[0] for group in COUNTRIES if plain in group), plain)


def league_of(names: tuple[str, ...]) -> str:
    """The only league in whose table all of some names stand in full, or ""."""
    full = [" ".join(words(fold(name))) for name in names if name]
    found = [
        league for league, table in TEAMS.items() if full and all(name in table for name in full)
    ]
    return found[0] if len(found) == 1 else ""


@lru_cache(maxsize=8_192)
def in_league(name: str, league: str) -> str:
    """The full name of a league's team from what a venue calls it, or "" if that is not one."""
    table = TEAMS.get(league, ())
    parts = words(fold(name))
    if not parts:
        return ""
    if league == "mlb" and parts == ("a",):
        return "athletics"  # "A's", its possessive ending cut off
    if parts[0] in {"la", "ny"} and len(parts) > 1:
        parts = (*({"la": ("los", "angeles"), "ny": ("new", "york")}[parts[0]]), *parts[1:])
    found = [full for full in table if _calls(parts, full.split(" "))]
    return found[0] if len(found) == 1 else ""


def _calls(parts: tuple[str, ...], full: list[str]) -> bool:
    """Whether `parts` is the whole name, its city, its nickname, or city and first letters."""
    size = len(parts)
    if list(parts) == full or list(parts) == full[-size:]:
        return True
    if list(parts) == full[:size]:
        return True
    head, tail = list(parts[:-1]), parts[-1]
    rest = full[len(head) :]
    if len(tail) > 2 or not head or full[: len(head)] != head or not rest:
        return False
    return rest[0].startswith(tail) or "".join(word[0] for word in rest) == tail


def _resolved(name: str, league: str) -> tuple[str, ...]:
    full = in_league(name, league) if league else ""
    if full:
        return tuple(full.split(" "))
    plain = words(_YOUTH.sub("u", fold(name)).replace(".", "").replace("-", " ").replace("/", " "))
    last = max((at for at, word in enumerate(plain) if word not in SQUAD_WORDS), default=0)
    if last and plain[last] == "st":
        plain = (*plain[:last], "state", *plain[last + 1 :])  # no saint stands last
    return tuple(_SHORT.get(word, word) for word in plain)


def _is_numbered(left: tuple[str, ...], right: tuple[str, ...]) -> bool:
    """Whether one name alone ends in a number: a second team, or a sequel."""
    ends = {left[-1], right[-1]}
    return len(ends) > 1 and any(end.isdigit() and len(end) == 1 for end in ends)


def _alias(parts: tuple[str, ...]) -> str:
    plain = " ".join(parts)
    core = " ".join(word for word in parts if not _is_club_word(word))
    for group in CLUB_ALIASES:
        if plain in group or (core and core in group):
            return group[0]
    return plain


def _is_one_country(left: tuple[str, ...], right: tuple[str, ...]) -> bool:
    return country_of(" ".join(left)) == country_of(" ".join(right))


def _is_club_word(word: str) -> bool:
    # Founding years and shirt-like numbers of clubs: "1. FC ... 1846", "Mainz 05".
    return word in CLUB_WORDS or (word.isdigit() and len(word) in {1, 2, 4})


def _pair_words(
    left: tuple[str, ...], right: tuple[str, ...]
) -> tuple[list[str], list[str], list[str]]:
    """Words left over on either side once equal words and equal stems are paired off."""
    rest_right = list(right)
    rest_left: list[str] = []
    shared: list[str] = []
    for word in left:
        twin = next((other for other in rest_right if other == word), None)
        twin = twin or next((other for other in rest_right if _same_stem(word, other)), None)
        if twin is None:
            rest_left.append(word)
        else:
            rest_right.remove(twin)
            if not _is_club_word(word):
                shared.append(word)
    return rest_left, rest_right, shared


def _same_stem(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    if len(short) < _PREFIX_MIN or short.isdigit() or long.isdigit():
        return False
    ending = len(long) - len(short)
    if long.endswith(_STEM_ENDINGS_OF_OTHERS):
        return False
    return long.startswith(short) and (ending <= 2 or (len(short) >= 5 and ending <= 3))


def _from_rests(left: list[str], right: list[str], shared: list[str]) -> Likeness:
    if not left and not right:
        return Likeness.SAME
    left, right = _without_initials(left, right)
    own_left = [word for word in left if not _is_club_word(word)]
    own_right = [word for word in right if not _is_club_word(word)]
    if left and right and (own_left or own_right):
        # "FC Cajamarca" and "UTC Cajamarca": even a legal form tells two clubs of one town apart,
        # unless it stands for the other's words.
        return Likeness.OTHER
    if not own_left and not own_right:
        return Likeness.SAME
    return Likeness.PART if shared else Likeness.OTHER


def _without_initials(left: list[str], right: list[str]) -> tuple[list[str], list[str]]:
    """Drop an abbreviation together with the other side's words it stands for (TC, SL, D)."""
    for one, other in ((left, right), (right, left)):
        for word in one:
            if other and len(word) <= 4 and _stands_for(word, other):
                return ([], []) if len(one) == 1 else ([w for w in one if w != word], [])
    return left, right


def _stands_for(short: str, long: list[str]) -> bool:
    initials = "".join(word[0] for word in long)
    lean = "".join(word[0] for word in long if len(word) > 1)
    return short in {initials, lean} or (len(short) <= 2 and long[-1].startswith(short))


def _is_other_place(long: tuple[str, ...], short: tuple[str, ...]) -> bool:
    """Whether one name qualifies a place that the other names bare.

    "Northern Ireland" is not Ireland, nor "Oregon State" Oregon. Where the place itself is left
    out ("Queensland" of "North Queensland Cowboys"), nothing is told apart.
    """
    for place, word in enumerate(long):
        if word in short:
            continue
        if word in PLACES_BEFORE and place + 1 < len(long) and long[place + 1] in short:
            return True
        if word in PLACES_AFTER and place and long[place - 1] in short:
            return True
    return False


def _initials(left: tuple[str, ...], right: tuple[str, ...]) -> Likeness:
    for one, other in ((left, right), (right, left)):
        joined = "".join(one)
        core = [word for word in other if not _is_club_word(word)]
        for named in (other, core):
            if len(named) > 1 and len(joined) >= 3 and joined == "".join(w[0] for w in named):
                return Likeness.PART
        if len(joined) >= 5 and joined == "".join(other):
            return Likeness.SAME
    return Likeness.OTHER


def _person_words(name: str) -> tuple[list[str], str]:
    parts = list(words(fold(name).replace("-", " ").replace(".", " ")))
    suffix = ""
    while parts and parts[-1] in _SUFFIXES:
        suffix = {"junior": "jr", "senior": "sr"}.get(parts[-1], parts[-1])
        parts.pop()
    return parts, suffix


def _first_names_agree(one: str, other: str) -> bool:
    if one == other:
        return True
    short, long = sorted((one, other), key=len)
    if len(short) == 1:
        return long.startswith(short)
    return any(one in group and other in group for group in NICKNAMES)


def _middles(left: list[str], right: list[str]) -> Likeness:
    if not left or not right:
        return Likeness.SAME
    agree = all(
        one.startswith(other) or other.startswith(one)
        for one, other in zip(left, right, strict=False)
    )
    return Likeness.SAME if agree else Likeness.OTHER


def _surname_only(left: list[str], right: list[str]) -> Likeness:
    """PART where one name ends in the other: "de Almeida" and "Matheus Pucinelli de Almeida"."""
    short, long = (left, right) if len(left) < len(right) else (right, left)
    is_end = len(short) < len(long) and long[-len(short) :] == short
    return Likeness.PART if is_end else Likeness.OTHER
