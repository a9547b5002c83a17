"""What rule texts say beside the claim: where it is read, and what happens when it is not decided.

None of it lets a pair through. Tails differ even where titles agree: a cancelled game pays 50-50 on
Polymarket and a last fair price on Kalshi (rule texts of public rows, 2026).
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
_ANY_TAIL = re.compile("|".join(words.pattern for _, words in _TAILS))
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
    ("apnews.com", "associated press"), ("reuters.com", "reuters"), ("weather.gov", "nws"),
    ("weather.gov", "national weather service"), ("wunderground.com", "wunderground"),
    ("noaa.gov", "noaa"), ("cfbenchmarks.com", "cf benchmarks"), ("binance.com", "binance"),
    ("coinbase.com", "coinbase"), ("pyth.network", "pyth"), ("chain.link", "chainlink"),
    ("bls.gov", "bureau of labor statistics"), ("bea.gov", "bureau of economic analysis"),
    ("federalreserve.gov", "federal reserve"), ("rottentomatoes.com", "rotten tomatoes"),
    ("boxofficemojo.com", "box office mojo"), ("espn.com", "espn"), ("nba.com", "nba.com"),
    ("mlb.com", "mlb.com"), ("nhl.com", "nhl.com"), ("hltv.org", "hltv"),
    ("pgatour.com", "pga tour"), ("atptour.com", "atp tour"), ("wtatennis.com", "wta tour"),
    ("opm.gov", "opm"), ("spotify.com", "spotify"), ("billboard.com", "billboard"),
)  # fmt: skip
"""The address a source is told by, and the name that texts may use instead."""

_ADDRESSES = {name: address for address, name in _SOURCES}
_NAMED = re.compile(rf"\b({'|'.join(map(re.escape, _ADDRESSES))})\b")
_ADDRESS = re.compile(r"https?://(?:www\d?\.)?([a-z0-9-]+(?:\.[a-z0-9-]+)+)")
_SOURCES_TOLD_MAX = 8
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
        for tail, words in _TAILS if _ANY_TAIL.search(sentence) else ():
            if words.search(sentence):
                endings = [name for name, ending in _ENDINGS if ending.search(sentence)]
                found.update([f"{tail}: {ending}" for ending in endings] or [tail])
    return tuple(sorted(found))


def sources(listing: Listing, text: str) -> tuple[str, ...]:
    """The sources of resolution that a listing or its folded rule text names, as addresses."""
    if isinstance(listing, KalshiListing):
        text = f"{text} {fold(' '.join(listing.sources), RULES_CHARS_MAX)}"
    else:
        text = f"{text} {fold(listing.resolution_source)}"
    found = {_registered(match[1]) for match in _ADDRESS.finditer(text)}
    found |= {_ADDRESSES[match[1]] for match in _NAMED.finditer(text)}
    return tuple(sorted(found)[:_SOURCES_TOLD_MAX])


def _registered(host: str) -> str:
    """The part of a host name that its owner registered ("data.bls.gov" is bls.gov)."""
    parts = host.split(".")
    size = 3 if len(parts) > 2 and parts[-2] in {"co", "com", "gov", "org"} else 2
    return ".".join(parts[-size:])


def has_death_rule(text: str) -> bool:
    """Whether the rules treat a death apart (a carve-out that one venue has and the other not).

    Kalshi settles leader markets at the last price before a death (its Rule 6.3, 2026-03).
    """
    return any(word in text for word in (" death", " dies", " deceased", " passes away"))
