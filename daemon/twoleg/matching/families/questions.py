"""Kalshi's questions and answers made one statement: "Who will Acme buy?" with "Foobar".

A Kalshi event asks once and lists answers; Polymarket puts each answer into its question. The
answer is put where the question asks for it, so that both read alike; who does it to whom is kept.
"""

import re

from twoleg.matching.dates import ticker_year

_NOUNS = (
    r"(?:compan(?:y|ies)|countr(?:y|ies)|nations?|teams?|part(?:y|ies)|movies?|films?|shows?|songs?"
    r"|albums?|artists?|players?|person|people|cit(?:y|ies)|states?|candidates?|clubs?|drivers?"
    r"|actors?|actress|books?|games?|schools?|colleges?|ai compan(?:y|ies)|bills?|laws?)"
)
_KIND = re.compile(rf"^(?:which|what) (?:of these )?{_NOUNS} (?=(?:will|has|have|is|are)\b)")
_OBJECT = re.compile(
    rf"^(?:who|whom|what|(?:which|what) {_NOUNS}) will (?P<who>[^?:]+?) (?P<verb>say|mention|visit"
    r"|nominate|pardon|pick|choose|appoint|acquire|buy|endorse|announce|ban|fire|invite|attend"
    r"|recognize|invade|strike|attack|select|meet with|meet|hire|sanction|debate|fight|marry|bomb"
    r"|sue|interview)\b(?! (?:for|with|against|about)(?: (?:in|by|before|during|on) |$))"
    r"(?P<rest>[^?:]*)$"
)
_WHEN = r"(?P<when>(?: (?:in|by|before|during|on) [^?:]+)?)$"
_LEFT_OVER = re.compile(
    rf"^(?:who|whom|what|(?:which|what) {_NOUNS}) will"
    rf" (?P<claim>[^?:]+? (?:on|to|with|from|against)){_WHEN}"
)
_COUNTED = re.compile(
    r"^how many (?P<what>[^?:]+?) will (?P<claim>[^?:]+? (?:sell|deliver|pardon|sign|deport|produce"
    rf"|issue|veto|add|build|buy|lose|gain|release|hire|fire)){_WHEN}"
)
_BARE_VERB = re.compile(
    r"^(?:win|be|become|have|get|leave|make|join|run|host|lead|say|visit|sign|acquire|announce)\b"
)
_SPOKEN = frozenset({"say", "mention"})
_DECISION = re.compile(
    r"^(?P<bank>fed|ecb|bank of [a-z]+)(?: rate| interest rate)? decision (?:in|for|at)"
    r" (?P<when>.+)$"
)
_RATES = re.compile(r"^(?:(?:fed|ecb) )?(?P<what>cut|hike|maintain|hold)s?\b(?P<how>.*)$")
_AFTER = re.compile(r"^(?P<office>.+?) after the (?:20\d\d )?(?:[a-z]+ )?election$")


def stated(title: str, said: str, ticker: str) -> tuple[str, str]:
    """A folded Kalshi title and its answer as one: the title, and the answer still to be placed."""
    if said in {"", "yes", "no"}:
        return title, said
    if match := _DECISION.match(title):
        return _decision(match, title, said, ticker_year(ticker))
    if (match := _AFTER.match(title)) and ticker.upper().startswith("KXNEXT"):
        # The series asks for the next one; the election is only when it is expected.
        return f"next {match['office']}", said
    match = _OBJECT.match(title)
    if match is not None and not _BARE_VERB.match(match["who"]):
        named = said
        if match["verb"] in _SPOKEN:
            named = " ".join(f'"{part}"' for part in _spellings(said))
        return f"will {match['who']} {match['verb']} {named}{match['rest']}", ""
    return _reordered(title, said) or (_KIND.sub("who ", title), said)


def _reordered(title: str, said: str) -> tuple[str, str] | None:
    """What is asked for at a claim's end, or how much of it, put where a statement has it."""
    if (match := _LEFT_OVER.match(title)) and not _BARE_VERB.match(match["claim"]):
        return f"will {match['claim']} {said}{match['when']}", ""
    if match := _COUNTED.match(title):
        return f"will {match['claim']} {match['what']}{match['when']}", said
    return None


def _spellings(said: str) -> tuple[str, ...]:
    """The words of an answer, each once: "Autopen / Auto Pen" is one word written in two ways."""
    parts = (part.strip() for part in said.replace('"', "").split(" / "))
    kept: dict[str, str] = {}
    for part in parts:
        kept.setdefault(re.sub(r"[\s-]", "", part), part)
    return tuple(kept.values())


def _decision(match: re.Match[str], title: str, said: str, year: int) -> tuple[str, str]:
    """What is decided, and at which meeting ("Fed decision in June 2026" with "Cut 25bps")."""
    rates = _RATES.match(said)
    if rates is None:
        return title, said
    how = re.sub(r"^(?: rates?)?(?: by)?(?= \S)|^ rates?$", "", rates["how"]).strip()
    by = f"by {how} " if how else ""
    when = match["when"].removesuffix(" meeting")
    if year and re.fullmatch(r"[a-z]{3,9}", when):
        when = f"{when} {year}"
    return f"{match['bank']} {rates['what']} rates {by}at {when} meeting", ""
