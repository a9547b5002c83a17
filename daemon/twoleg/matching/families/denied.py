"""Markets that are never paired, whatever their texts say.

Weather settles by other stations and products (7 of 33 equal-looking pairs settled on opposite
sides in May 2026); prices by other indices, averages and instants; multi-leg markets by several
events at once; placeholders by whoever takes the place.
"""

import re

from twoleg.matching.listing import KalshiListing, Listing, PolymarketListing
from twoleg.matching.texts import TITLE_CHARS_MAX, fold, is_stand_in, is_template

_WEATHER = re.compile(
    r"\b(?:temperature|rainfall|snowfall|rain|snow|precipitation|hurricanes?|tornado(?:es)?|heat"
    r" wave|degrees|hottest|warmest|coldest|storm named|tropical storm|earthquakes?)\b|°[fc]?\b"
)
_WEATHER_TEAMS = re.compile(
    r"\b(?:carolina hurricanes|miami hurricanes|golden hurricane)\b"
    r"|\bhurricanes(?= (?:win|beat|make|reach|advance)\b)"
)
_PRICE = re.compile(
    r"\b(?:bitcoin|btc|ethereum|ether|eth|solana|sol|xrp|ripple|dogecoin|doge|litecoin|cardano|bnb"
    r"|hyperliquid|crypto|s ?and ?p ?500|s&p|spx|nasdaq|ndx|dow jones|djia|russell 2000|nikkei|vix"
    r"|wti|brent|crude|oil|natural gas|gold|silver|copper|platinum|eur/usd|usd/jpy|gbp/usd|gas"
    r" prices?|treasury yield|stock price|share price|market cap|fdv)\b"
)
_PRICE_WORDS = re.compile(
    r"[$€£]|\bprice|\babove\b|\bbelow\b|\breach\b|\bhit\b|\bup or down\b|\bclose[sd]? (?:above"
    r"|below|at|green|red)\b|\btrimmed mean\b|\ball.time high\b|\bmarket cap\b|\bfdv\b|\bath\b"
    r"|\blow\b|\bhigh\b|\bdip\b"
)
_STOCK = re.compile(r"\([a-z]{2,5}\) (?:close|up or down|hit|reach|above|below)")
_OTHERS = re.compile(
    r"^(?:will )?(?:any |an |the )?(?:other|another) (?:\w+ )?(?:win|be|become|have)\b"
    r"|\b(?:any other|(?:other|another) (?:party|person|candidate|company|team|country|player"
    r"|artist|movie|film|man|woman|name|option)) (?:\w+ )?(?:win|be|become|have)\b"
    r"|\bthe field\b|\bsomeone else\b"
)
_LEADER_OUT = re.compile(
    r"(?:^|\s)(?!(?:drops?|comes?|knocked|sold|pulls?|runs?|opts?|moves?|backs?|voted|rolled)\s)"
    r"[\w.'-]+ out (?:as|in|by|before|of office)\b"
    r"|\b(?:leaves? office|resigns?|removed as|cease to be|steps? down|no longer)\b"
)


def denial(listing: Listing, *, is_game: bool = False) -> str:
    """Why a listing is never paired, or "" if nothing here forbids it.

    A game of two known sides is neither weather nor a price, whatever its teams are called.
    """
    if isinstance(listing, KalshiListing):
        if listing.is_multi_leg:
            return "several legs"
        text = fold(f"{listing.title} {listing.event_title} {listing.yes_sub_title}")
        subject = (listing.yes_sub_title or listing.subtitle)[:TITLE_CHARS_MAX]
        if is_stand_in(subject) or is_stand_in(listing.title[:TITLE_CHARS_MAX]):
            return "placeholder"
        if is_template(fold(listing.rules_primary)) or is_template(fold(listing.title)):
            return "unfilled template"
    else:
        text = fold(f"{listing.question} {listing.event_title}")
        if reason := _polymarket_stand_in(listing):
            return reason
    return "" if is_game else _by_subject(text)


def is_leader_out(text: str) -> bool:
    """Whether a folded text asks for an office holder's leaving, where deaths settle apart."""
    return _LEADER_OUT.search(text) is not None


def _by_subject(text: str) -> str:
    if _WEATHER.search(_WEATHER_TEAMS.sub("", text)):
        return "weather"
    if (_PRICE.search(text) and _PRICE_WORDS.search(text)) or _STOCK.search(text):
        return "price index"
    return ""


def _polymarket_stand_in(listing: PolymarketListing) -> str:
    question = fold(listing.question)
    if listing.is_other_outcome or _OTHERS.search(question):
        return "outcome for all others"
    published = listing.question, listing.group_item_title
    if any(is_stand_in(text[:TITLE_CHARS_MAX]) for text in published):
        return "placeholder"
    return "unfilled template" if is_template(question) or "___" in question else ""
