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
    (r"^(will )?(?:the )?([a-z.]+) x (?=[a-z]+\b)", r"\1\2 "),
    (r"\bgrand theft auto\b", "gta"),
    (r"\bgta vi\b|\bgta6\b", "gta 6"),
    (r"\bnyc\b", "new york city"),
    (r"(?<!\d )(?<!\d)\bpm\b", "prime minister"),
    (r"\bhas\b", "have"),
    # To be somebody's candidate is not to be what one stands for.
    (r"\b(be|become) ((?:(?!any )[a-z]+ ){0,5})candidate\b", r"\1 \2candidacy"),
    (r"\b(?:get |be |gets )?married\b", "marry"),
    (r"\bacademy awards?\b|\boscars\b", "oscar"),
    (r"\bgrammys\b", "grammy"),
    (r"\bgolden globes?\b", "goldenglobe"),
    (r"\bgame of the year\b", "gameoftheyear"),
    (r"\beurovision song contest\b", "eurovision"),
    (r"\b(semi|quarter)[- ]final(?=s?\b)", r"\1final"),
    (r"\bqualify from (?=(?:the )?(?:(?:fifa )?world cup )?group\b)", "advance from "),
    (r"\bfinish (?=(?:[a-z0-9]+ ){0,4}top \d)", ""),
    (r"\bany (?=part of\b)", ""),
    (r"\b(fight|interview) (for|with)\b", r"\1\2"),
    (
        r"^(will )?([a-z. ]+) and ([a-z. ]+) meet(?= (?:in|again|next|before|by|this)\b| ?§|$)",
        r"\1\2 meet \3",
    ),
    (r"\bhot 100 chart\b", "hot 100"),
    (r"\bsong (?=on (?:the )?(?:billboard )?hot 100\b)", ""),
    (r"\balbum (?=on (?:the )?billboard 200\b)", ""),
    (r"\b(?:top|highest)[- ]grossing\b", "highest grossing"),
    (r"\bqualify for (?:the )?(?:grand )?final of (?:the )?eurovision\b", "eurovision semifinal"),
    (
        r"\b(?:advance|qualify) (?:through|from) (?:the )?((?:1st |2nd )?)eurovision semifinal\b",
        r"\1eurovision semifinal",
    ),
    # One word, so that no date after it takes the "from" along.
    (r"\badvance from\b", "advancefrom"),
    (r"\badvance to (?:the )?knockout (?:stage|round|phase)s?\b", "advancefrom knockout"),
    (r"\b(men|women)'s singles\b", r"\1's"),
    (
        r"\b(french open|australian open|wimbledon|us open) ((?:men|women)'s)(?! [a-z]+s\b)",
        r"\2 \1",
    ),
    (r"\broland garros\b", "french open"),
    (r"\bindian premier league\b", "ipl"),
    (r"\b(?:english premier league|(?:the |^|\d )(?<!\w)premier league)\b", "epl"),
    (r"\b(epl|la liga|serie [ab]|ligue [12]|bundesliga|eredivisie) league\b", r"\1"),
    (r"\beuropa (?=conference league\b)", ""),
    (r"\buefa (?=(?:champions|europa|conference) league\b)", ""),
    (r"\blaliga\b", "la liga"),
    (r"\bfrench (?=ligue [12]\b)|\bitalian (?=serie a\b)|\bspanish (?=la liga\b)", ""),
    (r"\bgerman (?=bundesliga\b)", ""),
    (
        (
            r"\b(?:college football playoff|college football|cfp)(?: national)?"
            r" (?:championship|title)\b"
        ),
        "ncaaftitle",
    ),
    (r"\bcollege football(?: playoff)?(?: national)? champions?\b", "win ncaaftitle"),
    (
        (
            r"\b(?:(?:ncaa|college) women's|women's (?:ncaa|college)) basketball(?: national)?"
            r" (?:championship|tournament)\b"
        ),
        "ncaawtitle",
    ),
    (
        (
            r"\b(?:men's )?(?:ncaa|college) (?:men's )?(?:college )?basketball(?: national)?"
            r" (?:championship|tournament)\b"
        ),
        "ncaabtitle",
    ),
    (r"\bamerican league (?=(?:east|west|central)\b)", "al "),
    (r"\bnational league (?=(?:east|west|central)\b)", "nl "),
    (
        (
            r"\b(al|nl|afc|nfc) (east|west|north|south|central)(?: (?:division|title))*"
            r"( champions?\b)?(?: title)?"
        ),
        r"\1\2division\3",
    ),
    (
        r"\b(?:be )?(?:picked|selected|drafted|taken) (\d+(?:st|nd|rd|th))(?: overall)?\b",
        r"draftpick \1",
    ),
    (r"\b(\d+(?:st|nd|rd|th))(?: overall)?(?: draft)? pick\b", r"draftpick \1"),
    (r"\bhave the highest (?=batting average\b)", "lead "),
    (
        (
            r"\b(?:hit|have|record) (?:the )?most (?=(?:home runs|triples|doubles|hits|rbis"
            r"|stolen bases|strikeouts|saves|runs)\b)"
        ),
        "lead ",
    ),
    (r"\bclinch a spot in\b", "make"),
    (r"\bpostseason\b", "playoffs"),
    (r"\bplayoffs? qualifiers?\b", "make playoffs"),
    (r"\b(?:qualify for|clinch) (?=(?:the )?(?:20\d\d )?(?:\w+ )?playoffs\b)", "make "),
    (r"\bmemorial (?=trophy\b)", ""),
    (r"\b(?:for the year ending|year[- ]over[- ]year|y/y)\b", "annual"),
    (r"\brate of (?=(?:core )?(?:cpi|inflation)\b)", ""),
    (r"\bcpi (?=inflation\b)", ""),
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
    (r"\b(?:nfl )?super bowl\b|\bnfl championship\b", "nfltitle"),
    (r"\bnational league championship(?: series)?\b|\bnlcs\b", "nlpennant"),
    (r"\bamerican league championship(?: series)?\b|\balcs\b", "alpennant"),
    (r"\bnational league\b(?= .*\b(?:award|year|mvp|young)\b)", "nl"),
    (r"\bamerican league\b(?= .*\b(?:award|year|mvp|young)\b)", "al"),
    (r"\bnational league\b(?=\s*$)", "nlpennant"),
    (r"\bamerican league\b(?=\s*$)", "alpennant"),
    # A conference of soccer is won in its table and again in its final.
    (r"\bmls (20\d\d )?(eastern|western) conference\b", r"mls \1mls\2"),
    (r"\b(eastern|western) conference champions?\b", r"win \1conference"),
    (
        r"\b(eastern|western) conference(?: (?:finals?|championship|title)(?! mvp))?\b",
        r"\1conference",
    ),
    (r"\bmanager of the year\b|\bmoty\b", "manageroftheyear"),
    (r"\bcomeback player of the year\b|\bcpoty\b", "comebackoftheyear"),
    (r"\brookie of the year\b|\broty\b", "rookieoftheyear"),
    (r"\bdefensive player of the year\b|\bdpoy\b", "defenderoftheyear"),
    (r"\bcoach of the year\b|\bcoty\b", "coachoftheyear"),
    (r"\bmost valuable player\b|\bmvp\b", "mvp"),
    (r"\bmost improved player\b|\bmip\b", "mip"),
    (r"\bsixth man of the year\b|\b6moy\b", "sixthman"),
    (r"\bformula (?:1|one)\b", "f1"),
    (r"\bf1 (?:world )?drivers'?s?(?: world)? champion(?:ship)?\b", "win f1drivers"),
    (r"\bf1 (?:world )?constructors'?s?(?: world)? champion(?:ship)?\b", "win f1constructors"),
    (r"\bf1 (?=(?:[a-z]+ ){1,4}grand prix\b)", ""),
    (r"\bunited nations\b|\bu\.n\.", "un"),
    (r"\bunited states\b|\bu\.s\.a?\.?|\bamerican\b|\bthe us\b", "us"),
    (
        (
            r"\bus (?=(?:federal )?(?:government|house|senate|congress|supreme court|recession"
            r"|unemployment|cpi|inflation|(?:real )?gdp|economy)\b)"
        ),
        "",
    ),
    (r"\b(?:in|after|at|following) the (20\d\d )?midterms?(?: elections?)?\b", r"in \1"),
    (
        r"\bwin (?:control of )?(?:the )?(house|senate)(?=\s*(?:$|in (?:20|$)|after |20\d\d))",
        r"control \1",
    ),
    (
        (
            r"\bnext (?=(?:[a-z]+ )?(?:presidential|parliamentary|general|federal|legislative"
            r"|mayoral|gubernatorial) elections?\b)"
        ),
        "",
    ),
    (r"\bunited kingdom\b|\bu\.k\.|\bbritish\b", "uk"),
    (r"\beuropean union\b|\be\.u\.", "eu"),
    (r"\bsecretary general\b|\bsecretary-general\b", "secretarygeneral"),
    (r"\bprime minister\b", "primeminister"),
    (r"\bvice[- ]presiden(?:t|tial|cy)\b|\bvp\b", "office:vicepresident"),
    (r"\bpresidential run\b", "run for president"),
    (r"\bpresidential nominee\b|\bpresidential nomination\b", "office:president nominee"),
    (
        r"\b(?:nominee|nomination) for (?:the )?(?:us )?(?:president|presidency)\b",
        "office:president nominee",
    ),
    (r"\bpresidential\b|\bpresidency\b", "office:president"),
    (r"\bgubernatorial\b|\bgovernorship\b|\bgovernor(?:'s)?(?: race| seat)?\b", "office:governor"),
    (r"\bsenate (?:race|seat|election)\b|\bsenatorial\b|\bsenator\b", "office:senate"),
    (r"\bhouse (?:race|seat|election)\b", "office:house"),
    # A seat won in an election is not the election; of a district there is but one.
    (r"(?<!-\d\d )(?:\b(?:an?|any) )?\bseat\b", "oneseat"),
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
    (r"\brate (cut|hike)s?\b", r"\1 rates"),
    (
        (
            r"\b(?:cut|hike) rates by 0 ?(?:bps|basis points)\b|\bmaintains? (?:interest )?rates?\b"
            r"|\b(?:hold|keep|leave)s? (?:interest )?rates (?:steady|unchanged)\b"
        ),
        "nochange rates",
    ),
    (
        (
            r"\bno change (?:in|to) (?:the )?((?:fed|ecb|boe|boj|boc|rba|rbnz|snb) )?"
            r"(?:interest )?rates?\b"
        ),
        r"\1nochange rates",
    ),
    (r"\bshut(?:s|ting)? ?down\b|\bshutdown\b", "shutdown"),
    (r"\bartificial intelligence\b", "ai"),
    (r"\bbest ai\b(?! model)", "best model"),
    (r"\b(best (?:[a-z]+ ){0,2})ai (?=models?\b)", r"\1"),
    (r"\bopen ai\b", "openai"),
    (r"\binitial public offering\b", "ipo"),
    (r"\bwinner\b", "win"),
    # To hold a title on a day is not to win it on that day.
    (r"\b(be (?:[a-z0-9']+ ){0,6})champion(?= on (?:the )?§)", r"\1win championship holder"),
    (r"\btitle ?holder\b", "win championship holder"),
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
    "becomes", "get", "gets", "candidate", "candidates", "award", "awards", "party", "resolve",
    "yes", "race", "seat", "election", "elections",
})  # fmt: skip
"""Words of grammar and of the venues' forms: a claim reads the same without them.

"election" and "race" are dropped only because offices, rounds and primaries have words of their own
that stay.
"""


_EDITIONS = {
    "academy award": 1928, "oscar": 1928, "grammy": 1958, "golden globe": 1943, "emmy": 1948,
    "tony award": 1947, "bafta": 1947,
}  # fmt: skip
"""Award -> the year to which its edition's number is added: the 98th Oscars are those of 2026."""

_EDITION = re.compile(
    rf"\b(\d{{2,3}})(?:st|nd|rd|th) (?:annual )?(?:primetime )?({'|'.join(_EDITIONS)})"
)
_SUPER_BOWL = re.compile(r"\bsuper bowl ([lxvi]+)\b")
_SUPER_BOWLS_FROM = 1966
_ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50}
_DEMONYMS = {
    "french": "france", "german": "germany", "hungarian": "hungary", "dutch": "netherlands",
    "spanish": "spain", "italian": "italy", "portuguese": "portugal", "brazilian": "brazil",
    "argentine": "argentina", "argentinian": "argentina", "colombian": "colombia",
    "chilean": "chile", "peruvian": "peru", "mexican": "mexico", "canadian": "canada",
    "australian": "australia", "japanese": "japan", "korean": "korea", "israeli": "israel",
    "iranian": "iran", "russian": "russia", "ukrainian": "ukraine", "turkish": "turkey",
    "turkiye": "turkey", "romanian": "romania", "bulgarian": "bulgaria", "serbian": "serbia",
    "swedish": "sweden", "norwegian": "norway", "danish": "denmark", "finnish": "finland",
    "irish": "ireland", "scottish": "scotland", "welsh": "wales", "swiss": "switzerland",
    "austrian": "austria", "belgian": "belgium", "greek": "greece", "taiwanese": "taiwan",
    "chinese": "china", "venezuelan": "venezuela", "bolivian": "bolivia", "czech": "czechia",
}  # fmt: skip
_DEMONYM = re.compile(rf"\b(?:{'|'.join(_DEMONYMS)})\b(?! republic)")
_WELL_KNOWN = (
    ("president trump", "trump"), ("donald trump", "trump"), ("donald j. trump", "trump"),
    ("elon musk", "musk"), ("vladimir putin", "putin"), ("volodymyr zelenskyy", "zelenskyy"),
    ("volodymyr zelensky", "zelenskyy"), ("zelensky", "zelenskyy"), ("xi jinping", "xi"),
    ("benjamin netanyahu", "netanyahu"), ("nicolas maduro", "maduro"), ("jd vance", "vance"),
    ("j.d. vance", "vance"), ("emmanuel macron", "macron"), ("keir starmer", "starmer"),
    ("alexandria ocasio-cortez", "aoc"), ("sam bankman-fried", "sbf"), ("pete hegseth", "hegseth"),
    ("zohran mamdani", "mamdani"), ("recep tayyip erdogan", "erdogan"), ("friedrich merz", "merz"),
    ("jerome powell", "powell"), ("narendra modi", "modi"), ("javier milei", "milei"),
)  # fmt: skip
_SHORT_NAMES = dict(_WELL_KNOWN)
_WELL_KNOWN_NAME = re.compile(
    rf"\b(?:{'|'.join(re.escape(name) for name, _ in _WELL_KNOWN)})\b(?! jr)(?! junior)"
)


def short_names(text: str) -> str:
    """A folded text with those called by one name alone called so: "Donald Trump", "Trump"."""
    return _WELL_KNOWN_NAME.sub(lambda match: _SHORT_NAMES[match[0]], text)


def _edition(match: re.Match[str]) -> str:
    return f"{int(match[1]) + _EDITIONS[match[2]]} {match[2]}"


def _super_bowl(match: re.Match[str]) -> str:
    """The year of a Super Bowl by its number: LX was that of 2026."""
    values = [_ROMAN[letter] for letter in match[1]]
    pairs = zip(values, (*values[1:], 0), strict=True)
    return f"{_SUPER_BOWLS_FROM + sum(-one if one < two else one for one, two in pairs)} super bowl"


def canonical(text: str) -> str:
    """A folded text with each known phrase replaced by its one canonical word."""
    text = _SUPER_BOWL.sub(_super_bowl, _EDITION.sub(_edition, short_names(text)))
    for pattern, word in _COMPILED[:_OFFICES_FROM]:
        text = pattern.sub(word, text)
    text = _DISTRICT_ORDINAL.sub(lambda m: f"district:{_CODES[m[1]]}-{int(m[2]):02}", text)
    text = _DISTRICT.sub(lambda m: f"district:{m[1]}-{m[2].zfill(2)}", text)
    text = _DISTRICT_NAMED.sub(lambda m: f"district:{_CODES[m[1]]}-{int(m[2]):02}", text)
    text = _STATE.sub(lambda m: f"state:{_CODES[m[1]]}", text)
    text = _DEMONYM.sub(lambda m: _DEMONYMS[m[0]], text)
    text = _PARTY.sub(lambda m: f"party:{PARTIES[m[1]]}", text)
    for pattern, word in _COMPILED[_OFFICES_FROM:]:
        text = pattern.sub(word, text)
    return text


_OFFICES_FROM = next(i for i, (pattern, _) in enumerate(_REWRITES) if "vice" in pattern)
"""From here on a rewrite may look at the party before it."""
