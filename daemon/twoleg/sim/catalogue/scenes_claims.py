"""Scenes of claims: elections, offices, rates, companies, works, counts, prices, weather."""

from typing import Final

from twoleg.sim.catalogue.names import words
from twoleg.sim.catalogue.places import BANKS, CITIES, COINS, COUNTRIES, DISTRICTS, STATES
from twoleg.sim.catalogue.stage import Stage
from twoleg.sim.catalogue.times import DAY_S, YEAR, eastern, first_of, new_year

PARTIES: Final = ("Republican", "Democratic")
_PARTIES: Final = tuple(
    {"party": party, "nouns": nouns}
    for party, nouns in zip(PARTIES, ("Republicans", "Democrats"), strict=True)
)
_MEETINGS: Final = (1, 3, 4, 6, 7, 9, 10, 12)
_MONTHS: Final = words(
    "January February March April May June July August September October November December"
)
_OFFICES: Final = (("Governor", "GOV"), ("Senate", "SENATE"))
_POSTS: Final = (
    ("Prime Minister", "PM"), ("President", "PRES"), ("Finance Minister", "FINMIN"),
    ("Foreign Minister", "FORMIN"), ("Defense Minister", "DEFMIN"),
)  # fmt: skip
_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ"


def _election_day(year: int) -> int:
    """Return the end of the first Tuesday after the first Monday of November, or nearly so."""
    return first_of(year, 11) + 5 * DAY_S


def house(stage: Stage) -> None:
    """Two seats of the House by party."""
    ours, theirs = [], []
    for number in (2 * stage.cycle, 2 * stage.cycle + 1):
        lap, index = divmod(number, len(DISTRICTS))
        seat, _ = DISTRICTS[index]
        year = YEAR + 2 * lap
        race = {
            "seat": seat, "code": seat.replace("-", ""), "year": str(year), "yy": str(year)[2:],
            "term": str(year + 1), "by": _election_day(year),
        }  # fmt: skip
        ours.append([stage.k("house", **race, party=party) for party in PARTIES])
        theirs.append([stage.p("house", **race, party=party) for party in PARTIES])
    for at in (0, 1):
        stage.near("other_district", (ours[0][at], theirs[1][at]), (ours[1][at], theirs[0][at]))
        stage.near("other_party", (ours[at][0], theirs[at][1]), (ours[at][1], theirs[at][0]))


def _races(stage: Stage, ahead: int = 0) -> list[dict[str, object]]:
    """Return two races of two states, of a year that no other scene has for them."""
    races: list[dict[str, object]] = []
    for number in (2 * stage.cycle, 2 * stage.cycle + 1):
        lap, rest = divmod(number, 2 * len(STATES))
        office, code = _OFFICES[rest // len(STATES)]
        short, state, _ = STATES[rest % len(STATES)]
        year = YEAR + 4 * lap + ahead
        races.append(
            {
                "office": office, "office_code": code, "state": state, "code": short,
                "year": str(year), "yy": str(year)[2:], "by": _election_day(year),
            }
        )  # fmt: skip
    return races


def state_races(stage: Stage) -> None:
    """Governors and senators by party, in two states and another year."""
    races, after = _races(stage), _races(stage, 2)[0]
    ours = [[stage.k("state_race", **race, **each) for each in _PARTIES] for race in races]
    theirs = [[stage.p("state_race", **race, **each) for each in _PARTIES] for race in races]
    later = stage.p("state_race", **after, **_PARTIES[0])
    stage.near("other_state", (ours[0][0], theirs[1][0]), (ours[1][1], theirs[0][1]))
    stage.near("other_party", (ours[0][0], theirs[0][1]), (ours[1][1], theirs[1][0]))
    stage.near("other_year", (ours[0][0], later))


def nominees(stage: Stage) -> None:
    """Who is nominated in a state, and who merely runs."""
    race = _races(stage)[0]
    party = PARTIES[stage.cycle % 2]
    people = [stage.person() for _ in range(3)]
    ours = [stage.k("nominee", **race, party=party, who=who) for who in people]
    running = stage.k("runs_state", **race, who=people[0])
    theirs = [stage.p("nominee", **race, party=party, who=who) for who in people[:2]]
    runs = stage.p("runs_state", **race, who=people[0])
    wins = stage.p("state_race", **_races(stage, 1)[0], **_PARTIES[stage.cycle % 2])
    stage.near("running", (ours[0], runs), (running, theirs[0]))
    stage.near("other_subject", (ours[2], theirs[0]), (ours[0], theirs[1]))
    stage.near("nominee_against_office", (ours[0], wins))


def presidency(stage: Stage) -> None:
    """Nominees for president, presidents, those who run, and the first to say so."""
    race = {
        "year": "2032", "yy": "32", "term": "2033", "mark": stage.mark(), "by": _election_day(2032),
    }  # fmt: skip
    party = PARTIES[stage.cycle % 2]
    people = [stage.person() for _ in range(2)]
    nominated = [stage.k("pres_nominee", **race, party=party, who=who) for who in people]
    elected = stage.k("president", **race, who=people[0])
    runs = stage.k("runs_president", **race, party=party, who=people[0])
    first = stage.k("first_to_announce", **race, party=party, who=people[0])
    theirs = [stage.p("pres_nominee", **race, party=party, who=who) for who in people]
    wins = stage.p("president", **race, who=people[0])
    stage.near("nominee_against_office", (nominated[0], wins), (elected, theirs[0]))
    stage.near("running", (runs, theirs[0]), (runs, wins))
    stage.near("first_to_announce", (first, theirs[0]), (first, wins))
    stage.near("other_subject", (nominated[1], wins))


def primary(stage: Stage) -> None:
    """A primary from which two advance."""
    region = ("CA", "WA")[stage.cycle % 2]
    number = f"{stage.cycle // 2 % 50 + 1:02}"
    year = YEAR + 2 * (stage.cycle // 100)
    race = {
        "region": region, "seat": f"{region}-{number}", "code": number, "year": str(year),
        "yy": str(year)[2:], "by": first_of(year, 7),
    }  # fmt: skip
    people = [stage.person() for _ in range(2)]
    ours = [stage.k("primary_first", **race, who=who) for who in people]
    advancing = stage.k("primary_advance", **race, who=people[1])
    theirs = [stage.p("primary_advance", **race, who=who) for who in people]
    stage.near("advance_against_first", *zip(ours, theirs, strict=True))
    stage.near("other_subject", (advancing, theirs[0]))


def rates(stage: Stage) -> None:
    """What a central bank decides at one meeting, against another meeting and a whole year."""
    meeting, at = divmod(stage.cycle, len(BANKS))
    lap, slot = divmod(meeting, len(_MEETINGS))
    code, name, short, board = BANKS[at]
    year, month = YEAR + 1 + lap, _MEETINGS[slot]
    bank = {
        "bank_code": code, "bank_k": name, "bank_p": short, "board": board,
        "year": str(year), "yy": str(year)[2:], "month": _MONTHS[month - 1],
        "month_code": _MONTHS[month - 1][:3].upper(), "by": first_of(year, month) + 17 * DAY_S,
    }  # fmt: skip
    cut = _move("C25", "cut rates by 25bps", "Cut 25bps", "decreases interest rates by 25 bps")
    deep = _move("C50", "cut rates by 50bps", "Cut 50bps", "decreases interest rates by 50 bps")
    hike = _move("H25", "hike rates by 25bps", "Hike 25bps", "increases interest rates by 25 bps")
    ours = [stage.k("rate", **bank, **move) for move in (cut, deep, hike)]
    theirs = [stage.p("rate", **bank, **move) for move in (cut, hike)]
    # As many cuts as the meeting has a number: each count of a year is listed once.
    yearly = {key: bank[key] for key in ("bank_k", "bank_p", "year")}
    cuts = stage.p("cuts_in_year", **yearly, count=str(slot + 1), by=new_year(year + 1))
    stage.near("line", (ours[1], theirs[0]), (ours[2], theirs[0]), (ours[0], theirs[1]))
    stage.near("cumulative_against_bucket", (ours[0], cuts))


def _move(code: str, kalshi: str, yes: str, polymarket: str) -> dict[str, object]:
    group = f"{code[1:]} bps {'decrease' if code[0] == 'C' else 'increase'}"
    return {
        "move_code": code, "move_k": kalshi, "yes_k": yes, "move_p": polymarket, "group_p": group
    }  # fmt: skip


def listings(stage: Stage) -> None:
    """Companies that go public or are bought, by several dates."""
    one, rival = stage.company(), stage.company()
    spring, summer, winter = first_of(YEAR + 1, 4), first_of(YEAR + 1, 7), new_year(YEAR + 2)
    early, late = (stage.k("ipo_by", who=one, by=by) for by in (spring, winter))
    announced = stage.k("ipo_announced", who=one, by=winter)
    first = stage.k("ipo_first", a=one, b=rival, side=one, by=new_year(YEAR + 10))
    bought = stage.k("acquired", who=rival, by=winter)
    dated = [stage.p("ipo_by", who=one, by=by) for by in (spring, summer, winter)]
    done = stage.p("acquisition_done", who=rival, by=winter)
    stage.p("acquired", who=rival, by=winter)
    stage.near("deadline", (early, dated[1]), (early, dated[2]), (late, dated[0]), (late, dated[1]))
    stage.near("announce_against_complete", (announced, dated[2]), (bought, done))
    stage.near("first_against_date", (first, dated[2]), (first, dated[0]))


def works(stage: Stage) -> None:
    """A film: when it comes out, and how it is received."""
    film = stage.work()
    spring, autumn = first_of(YEAR + 1, 4), first_of(YEAR + 1, 10)
    out, later = (stage.k("release", who=film, by=by) for by in (spring, autumn))
    line = str(60 + 5 * (stage.cycle % 7))
    score = {"who": film, "line": line, "by": eastern(30 + stage.cycle % 150, 10)}
    above = stage.k("score_over", **score, mark=stage.mark())
    theirs = stage.p("release", who=film, by=spring)
    access = stage.p("access", who=film, by=spring)
    least = stage.p("score_least", **score)
    stage.near("release_against_access", (out, access))
    stage.near("deadline", (later, theirs))
    stage.near("inclusive_against_exclusive", (above, least))


def counts(stage: Stage) -> None:
    """How many launches a company makes: brackets and thresholds."""
    low = 40 + 20 * (stage.cycle % 6)
    year = YEAR + 1
    firm = {
        "who": stage.company(), "year": str(year), "yy": str(year)[2:], "by": new_year(year + 1)
    }  # fmt: skip
    brackets = [(str(n), str(n + 19)) for n in (low, low + 20)]
    least = [stage.k("count_least", **firm, low=n) for n, _ in brackets]
    between = [stage.k("count_between", **firm, low=n, high=m) for n, m in brackets]
    theirs = [stage.p("count_between", **firm, low=n, high=m) for n, m in brackets]
    threshold = stage.p("count_least", **firm, low=brackets[0][0])
    stage.near("cumulative_against_bucket", *zip(least, theirs, strict=True))
    stage.near("cumulative_against_bucket", (between[0], threshold))
    stage.near("bracket", (between[0], theirs[1]), (between[1], theirs[0]))
    stage.near("line", (least[1], threshold))


def coins(stage: Stage) -> None:
    """A coin's price at an hour, by two sources, and at the next hour."""
    day, at = divmod(stage.cycle, len(COINS))
    coin, name, middle, step = COINS[at]
    hour = 8 + day % 10
    ours, theirs = [], []
    for number in range(3):
        line = middle + number * step
        at_hour = {
            "coin": coin, "coin_name": name, "line": str(line), "line_text": f"{line:,}",
            "strike": f"{line - 1}.99", "start": eastern(day % 200, hour),
        }  # fmt: skip
        ours.append(stage.k("coin_above", **at_hour))
        later = {**at_hour, "start": eastern(day % 200, hour + 1)}
        theirs.append((stage.p("coin_candle", **at_hour), stage.p("coin_candle", **later)))
    for one, (same_hour, next_hour) in zip(ours, theirs, strict=True):
        stage.near("price_source", (one, same_hour))
        stage.near("other_hour", (one, next_hour))


def weather(stage: Stage) -> None:
    """The day's highest temperature of a city, read at two stations."""
    day, at = divmod(stage.cycle, len(CITIES))
    code, city, station, other = CITIES[at]
    for number in range(2):
        low = 60 + stage.cycle % 20 + 2 * number
        bracket = {
            "city_code": code, "city": city, "station": station, "other_station": other,
            "low": str(low), "high": str(low + 1), "middle": f"{low}.5",
            "start": eastern(day, 4),
        }  # fmt: skip
        stage.near(
            "weather_station",
            (stage.k("high_between", **bracket), stage.p("high_bracket", **bracket)),
        )


def leaders(stage: Stage) -> None:
    """Who leads a country next, who leaves office, and when."""
    lap, at = divmod(stage.cycle, len(COUNTRIES))
    office, office_code = _POSTS[lap % len(_POSTS)]
    country = COUNTRIES[at]
    year = YEAR + 2 + lap // len(_POSTS)
    post = {
        "office": office, "office_code": office_code, "state": country,
        "code": country[:5].upper(), "by": new_year(year),
    }  # fmt: skip
    present, heirs = stage.person(), [stage.person() for _ in range(2)]
    ours = [stage.k("next_leader", **post, who=who) for who in heirs]
    leaves_next = stage.k("next_out", **post, who=present, mark=stage.mark())
    out = stage.k("out_by", **post, who=present, death="settles at the last price")
    theirs = [stage.p("next_leader", **post, who=who) for who in heirs]
    gone = stage.p("out_by", **post, who=present, death="counts")
    in_year = stage.p("out_in", **post, who=present, death="counts")
    stage.near("next_to_leave", (leaves_next, gone), (leaves_next, in_year))
    stage.near("successor_against_removal", (ours[0], gone), (ours[1], in_year))
    stage.near("death_carve_out", (out, gone), (out, in_year))
    stage.near("other_subject", (ours[0], theirs[1]))


def awards(stage: Stage) -> None:
    """An award with named candidates and with places kept for others."""
    cup = stage.cup("{} Film Critics")
    year = YEAR + 1
    event = {"cup": cup, "year": str(year), "yy": str(year)[2:], "by": first_of(year, 6)}
    people = [stage.person() for _ in range(3)]
    ours = [stage.k("award", **event, who=who) for who in people]
    theirs = [stage.p("award", **event, who=who) for who in people[:2]]
    letter = _LETTERS[stage.cycle % len(_LETTERS)]
    stand_ins = (f"Person {letter}", f"Actor A{letter}")
    kept = [stage.p("award_open", **event, stand_in=who) for who in stand_ins]
    stage.near("placeholder", *((ours[2], other) for other in kept))
    stage.near("other_subject", (ours[2], theirs[0]))


def laws(stage: Stage) -> None:
    """A bill, and a government that may shut down, by several dates."""
    bill = stage.work()
    lap, at = divmod(stage.cycle, len(STATES))
    code, state, _ = STATES[at]
    spring, winter = first_of(YEAR + 1 + lap, 4), new_year(YEAR + 2 + lap)
    ours = [stage.k("law", who=bill, by=by) for by in (spring, winter)]
    shut = stage.k("shutdown", code=code, state=state, by=winter)
    theirs = [stage.p("law", who=bill, by=by) for by in (spring, winter)]
    closed = [stage.p("shutdown", code=code, state=state, by=by) for by in (spring, winter)]
    stage.near("deadline", (ours[0], theirs[1]), (ours[1], theirs[0]), (shut, closed[0]))
