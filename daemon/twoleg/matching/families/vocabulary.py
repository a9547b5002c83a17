"""Canonical words: phrases by which the venues call the same thing, and words that say nothing.

Built from how both venues name things (Kalshi avoids league trade marks: "Pro Basketball"), from
common abbreviations and from grammar; a phrase stands here only if it means the same everywhere.
"""

import re

from twoleg.matching.tables import PARTIES, STATES

_STATE_NAMES = "|".join(sorted(STATES.values(), key=len, reverse=True))
_STATE_CODES = "|".join(STATES)

_REWRITES: tuple[tuple[str, str], ...] = (
    (r"(?:#|\bnumber |\bno\. ?)1\b", "1st"),
    (r"(?:#|\bnumber |\bno\. ?)2\b", "2nd"),
    (r"(?:#|\bnumber |\bno\. ?)3\b", "3rd"),
    (r"#", "number "),
    (r"^(?:the )?number of\b", ""),
    (r"\bmen's (?:fifa )?world cup\b", "world cup"),
    (r"\bfifa (?:men's )?world cup\b", "world cup"),
    (r"\bwin the final of (?:the )?(20\d\d )?world cup\b", r"win \1world cup"),
    (r"\bfinish (?:1st|first) in (?:the )?world cup group\b", "win world cup group"),
    (r"\bfinish (?:1st|first) in group\b", "win group"),
    (r"\bwomen's pro basketball\b", "wnba"),
    (r"\bpro basketball\b", "nba"),
    (r"\bpro baseball\b", "mlb"),
    (r"\bpro hockey\b", "nhl"),
    (r"\bpro football\b", "nfl"),
    (r"\b(?:nba (?:finals|championship)|nba champions?)\b", "win nbatitle"),
    (r"\b(?:wnba (?:finals|championship)|wnba champions?)\b", "win wnbatitle"),
    (r"\b(?:nhl )?stanley cup(?: finals?)?\b|\bnhl (?:championship|champions?)\b", "nhltitle"),
    (r"\bworld series\b|\bmlb championship\b", "mlbtitle"),
    (r"\b(?:nfl )?super bowl\b(?: [lxvi]+\b)?|\bnfl championship\b", "nfltitle"),
    (r"\bnational league championship(?: series)?\b|\bnlcs\b", "nlpennant"),
    (r"\bamerican league championship(?: series)?\b|\balcs\b", "alpennant"),
    (r"\bnational league\b(?= .*\b(?:award|year|mvp|young)\b)", "nl"),
    (r"\bamerican league\b(?= .*\b(?:award|year|mvp|young)\b)", "al"),
    (r"\bnational league\b(?=\s*$)", "nlpennant"),
    (r"\bamerican league\b(?=\s*$)", "alpennant"),
    (r"\b(eastern|western) conference(?: finals?)?\b", r"\1conference"),
    (r"\bmanager of the year\b|\bmoty\b", "manageroftheyear"),
    (r"\bcomeback player of the year\b|\bcpoty\b", "comebackoftheyear"),
    (r"\brookie of the year\b|\broty\b", "rookieoftheyear"),
    (r"\bdefensive player of the year\b|\bdpoy\b", "defenderoftheyear"),
    (r"\bcoach of the year\b|\bcoty\b", "coachoftheyear"),
    (r"\bmost valuable player\b|\bmvp\b", "mvp"),
    (r"\bmost improved player\b|\bmip\b", "mip"),
    (r"\bsixth man of the year\b|\b6moy\b", "sixthman"),
    (r"\b(?:formula 1|formula one|f1) drivers'?s? champion(?:ship)?\b", "win f1drivers"),
    (r"\b(?:formula 1|formula one|f1) constructors'?s? champion(?:ship)?\b", "win f1constructors"),
    (r"\bunited nations\b|\bu\.n\.", "un"),
    (r"\bunited states\b|\bu\.s\.a?\.?|\bamerican\b|\bthe us\b", "us"),
    (r"\bunited kingdom\b|\bu\.k\.|\bbritish\b", "uk"),
    (r"\beuropean union\b|\be\.u\.", "eu"),
    (r"\bsecretary general\b|\bsecretary-general\b", "secretarygeneral"),
    (r"\bprime minister\b", "primeminister"),
    (r"\bvice[- ]president(?:ial)?\b|\bvp\b", "office:vicepresident"),
    (r"\bpresidential nominee\b|\bpresidential nomination\b", "office:president nominee"),
    (r"\bnominee for president\b|\bnomination for president\b", "office:president nominee"),
    (r"\bpresidential\b", "office:president"),
    (r"\bgubernatorial\b|\bgovernorship\b|\bgovernor(?:'s)?(?: race| seat)?\b", "office:governor"),
    (r"\bsenate (?:race|seat|election)\b|\bsenatorial\b|\bsenator\b", "office:senate"),
    (r"\bhouse (?:race|seat|election)\b", "office:house"),
    (r"(?<!:)\bhouse(?= winner\b)", "office:house"),
    (r"(?<!:)\bsenate(?= winner\b)", "office:senate"),
    (r"\bus (?=(?:\d{4} )?office:president\b)", ""),
    (r"\bmayoral(?: race| election)?\b|\bmayor\b", "office:mayor"),
    (r"\b(?:win|be|become|get|receive) (?=(?:the )?(?:party:\w+ )?(?:office:\w+ )?nominee)", ""),
    (r"\bnominations?\b|\bnominees?\b", "nominee"),
    (r"\bprimary elections?\b", "primary"),
    (r"\bfederal reserve(?:'s)?\b|\bthe fed's\b|\bfomc\b|\bfed's\b", "fed"),
    (r"\beuropean central bank\b", "ecb"),
    (r"\bbank of england\b", "boe"),
    (r"\bbank of japan\b", "boj"),
    (r"\bbank of canada\b", "boc"),
    (r"\breserve bank of australia\b", "rba"),
    (r"\breserve bank of new zealand\b", "rbnz"),
    (r"\bswiss national bank\b", "snb"),
    (r"\b(?:cut|decrease|lower|reduce)s? (?:interest )?rates\b", "cut rates"),
    (r"\b(?:hike|increase|raise)s? (?:interest )?rates\b", "hike rates"),
    (r"\bshut(?:s|ting)? ?down\b|\bshutdown\b", "shutdown"),
    (r"\b(?:best) ai\b(?! model)", "best ai model"),
    (r"\bartificial intelligence\b", "ai"),
    (r"\bopen ai\b", "openai"),
    (r"\binitial public offering\b", "ipo"),
    (r"\bwinner\b", "win"),
    (r"\bchampions?\b(?! league)", "win championship"),
    (r"\bwins\b|\bwon\b|\bvictory\b", "win"),
    (r"\banyone\b|\banybody\b", "any"),
    (r"\bperson who\b", ""),
)
_COMPILED = tuple((re.compile(pattern), word) for pattern, word in _REWRITES)
_PARTY = re.compile(rf"\b(?:an? )?({'|'.join(PARTIES)})(?: (?:party|candidate))?(?:'s)?\b")
_DISTRICT = re.compile(rf"\b({_STATE_CODES})-(\d{{1,2}}|al|sen)\b")
_DISTRICT_NAMED = re.compile(
    rf"\b({_STATE_NAMES})(?:'s)? (\d{{1,2}})(?:st|nd|rd|th)?\b(?! district)"
)
_DISTRICT_ORDINAL = re.compile(
    rf"\b({_STATE_NAMES})(?:'s)? (\d{{1,2}})(?:st|nd|rd|th) (?:congressional )?district\b"
)
_STATE = re.compile(rf"\b({_STATE_NAMES})\b")
_CODES = {name: code for code, name in STATES.items()}

BOILERPLATE = frozenset({
    "will", "the", "a", "an", "of", "in", "at", "on", "to", "be", "is", "are", "was", "does", "do",
    "did", "for", "who", "which", "what", "whom", "this", "that", "it", "as", "their", "his", "her",
    "its", "there", "and", "with", "than", "when", "how", "many", "much", "become",
    "becomes", "get", "gets", "candidate", "candidates", "award", "awards", "party", "market",
    "resolve", "yes", "race", "seat", "election", "elections",
})  # fmt: skip
"""Words of grammar and of the venues' forms: a claim reads the same without them.

"election" and "race" are dropped only because offices, rounds and primaries have words of their own
that stay.
"""


def canonical(text: str) -> str:
    """A folded text with each known phrase replaced by its one canonical word."""
    for pattern, word in _COMPILED[:_OFFICES_FROM]:
        text = pattern.sub(word, text)
    text = _DISTRICT_ORDINAL.sub(lambda m: f"district:{_CODES[m[1]]}-{int(m[2]):02}", text)
    text = _DISTRICT.sub(lambda m: f"district:{m[1]}-{m[2].zfill(2)}", text)
    text = _DISTRICT_NAMED.sub(lambda m: f"district:{_CODES[m[1]]}-{int(m[2]):02}", text)
    text = _STATE.sub(lambda m: f"state:{_CODES[m[1]]}", text)
    text = _PARTY.sub(lambda m: f"party:{PARTIES[m[1]]}", text)
    for pattern, word in _COMPILED[_OFFICES_FROM:]:
        text = pattern.sub(word, text)
    return text


_OFFICES_FROM = next(i for i, (pattern, _) in enumerate(_REWRITES) if "vice" in pattern)
"""From here on a rewrite may look at the party before it."""
