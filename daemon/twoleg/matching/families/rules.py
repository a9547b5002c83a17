"""What rule texts say beside the claim: where it is read, and what happens when it is not decided.

These facets are shown to whoever approves a pair and never let one through: tails differ between
the venues even where titles agree (a cancelled game pays 50-50 on Polymarket and a last fair price
on Kalshi; rule texts of public rows, 2026).
"""

import re

from twoleg.matching.listing import KalshiListing, Listing
from twoleg.matching.texts import RULES_CHARS_MAX, fold

TAILS = ("tie", "cancel", "postpone", "void", "death")
"""What may happen to a claim instead of being decided, by the names that tails begin with."""

_TAILS = (
    (
        "cancel",
        re.compile(r"\bcancel(?:l?ed|lation)?\b|\babandon(?:ed)?\b|\bnot (?:be )?completed\b"),
    ),
    ("postpone", re.compile(r"\bpostpon(?:e|ed|ement)\b|\bdelayed\b|\breschedul(?:e|ed)\b")),
    ("tie", re.compile(r"\b(?:tie[sd]?|draw[sn]?|dead heat)\b(?!.?break)")),
    (
        "void",
        re.compile(
            r"\bvoid(?:ed)?\b|\bno contest\b|\b(?:retire[sd]?|withdraw[sn]?|walkover|disqualified"
            r"|inactive)\b"
        ),
    ),
    ("death", re.compile(r"\bdeath\b|\bdies\b|\bdeceased\b|\bpass(?:es)? away\b")),
)
HALF, FAIR, OPEN, NO, YES, REFUND = (
    "50-50", "fair price", "stays open", "resolves no", "resolves yes", "refund",
)  # fmt: skip
_ENDINGS = (
    (
        HALF,
        re.compile(r"\b50[-/ ]50\b|(?:\$ ?)?(?<!\d)0?\.50?\b(?! (?:points|goals|runs|sets|maps))"),
    ),
    (FAIR, re.compile(r"\bfair (?:market )?(?:price|value)\b|\blast (?:\w+ )?(?:fair )?price\b")),
    (OPEN, re.compile(r"\b(?:remains?|stays?) (?:open|active)\b")),
    (NO, re.compile(r"\bresolves?(?: to)?:? \"?no\b")),
    (YES, re.compile(r"\bresolves?(?: to)?:? \"?yes\b")),
    (REFUND, re.compile(r"\brefund(?:ed)?\b")),
)
_SOURCES = (
    "associated press", "reuters", "nws", "national weather service", "wunderground", "noaa",
    "cf benchmarks", "binance", "coinbase", "pyth", "chainlink", "bureau of labor statistics",
    "federal reserve", "rotten tomatoes", "box office mojo", "espn", "nba.com", "mlb.com",
    "nhl.com", "hltv", "pgatour.com", "atptour", "wtatennis", "opm", "spotify", "billboard",
)  # fmt: skip
_SENTENCE = re.compile(r"[.;]\s|\n")


def rules_text(listing: Listing) -> str:
    """The folded rule text of a listing, cut at its cap."""
    if isinstance(listing, KalshiListing):
        return fold(f"{listing.rules_primary}. {listing.rules_secondary}", RULES_CHARS_MAX)
    return fold(listing.description, RULES_CHARS_MAX)


def tail_rules(text: str) -> tuple[str, ...]:
    """What a rule text says of tails ("tie: 50-50"), sentence by sentence.

    A tail that is named without an end known here stands alone ("cancel").
    """
    found: set[str] = set()
    for sentence in _SENTENCE.split(text):
        for tail, words in _TAILS:
            if words.search(sentence):
                endings = [name for name, ending in _ENDINGS if ending.search(sentence)]
                found.update([f"{tail}: {ending}" for ending in endings] or [tail])
    return tuple(sorted(found))


def sources(text: str) -> tuple[str, ...]:
    """The known sources of resolution that a rule text names."""
    return tuple(name for name in _SOURCES if name in text)


def has_death_rule(text: str) -> bool:
    """Whether the rules treat a death apart (a carve-out that one venue has and the other not).

    Kalshi settles leader markets at the last price before a death (its Rule 6.3, 2026-03).
    """
    return any(word in text for word in (" death", " dies", " deceased", " passes away"))
