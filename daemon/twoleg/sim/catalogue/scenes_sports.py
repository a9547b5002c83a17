"""Scenes of sports: games with what is bet on them, matches, maps, fights, tournaments."""

from random import Random
from typing import Final

from twoleg.sim.catalogue.names import Name
from twoleg.sim.catalogue.places import (
    ESPORTS,
    MLB,
    MLB_TEAMS,
    NBA,
    NBA_TEAMS,
    NHL,
    NHL_TEAMS,
    SHARED_CITIES,
    SOCCER,
    TENNIS,
    League,
)
from twoleg.sim.catalogue.stage import Stage
from twoleg.sim.catalogue.times import YEAR, eastern, new_year

# Games of a league on one day; each cycle has one of them, and the same two meet again next day.
GAMES_A_DAY: Final = 7
_EVENINGS: Final = ((13, 10), (16, 5), (19, 0), (19, 10), (19, 40), (20, 30), (21, 40))
# The days of games between cities that have a team in two leagues.
_SHARED_FROM_DAY: Final = 400
_STAGES: Final = ("Round Of 64", "Round Of 32", "Round Of 16", "Quarterfinal")


def mlb(stage: Stage) -> None:
    """A baseball game, its totals and margins, and the next game of the series."""
    _american(stage, MLB, MLB_TEAMS, 0)


def nba(stage: Stage) -> None:
    """A basketball game."""
    _american(stage, NBA, NBA_TEAMS, 1)


def nhl(stage: Stage) -> None:
    """A hockey game."""
    _american(stage, NHL, NHL_TEAMS, 2)


def _american(stage: Stage, league: League, teams: tuple[Name, ...], number: int) -> None:
    day, slot = divmod(stage.cycle, GAMES_A_DAY)
    chosen = Random(f"{stage.seed}:{league.k}:{day}").sample(teams, 2 * GAMES_A_DAY)
    a, b = chosen[2 * slot : 2 * slot + 2]
    hour, minute = _EVENINGS[slot]
    game = {"league": league, "a": a, "b": b, "start": eastern(2 * day, hour, minute)}
    again = {**game, "start": eastern(2 * day + 1, hour, minute)}
    low, high = league.lines
    ours = [stage.k("win", **game, side=side) for side in (a, b)]
    next_ours = [stage.k("win", **again, side=side) for side in (a, b)]
    totals = [stage.k("total", **game, line=line) for line in (low, high)]
    margin = stage.k("spread", **game, side=a, line=league.margins[0])
    legs = stage.k("legs", **game, line=low, mark=stage.mark(number), mark2=league.k)
    theirs = stage.p("win/moneyline", **game, side=a)
    next_theirs = stage.p("win/moneyline", **again, side=a)
    total = stage.p("total", **game, line=low)
    spread = stage.p("spread", **game, side=a, line=league.margins[0])
    wider = stage.p("spread", **game, side=a, line=league.margins[1])
    stage.near("next_game", *((one, next_theirs) for one in ours))
    stage.near("next_game", *((one, theirs) for one in next_ours))
    stage.near("line", (totals[1], total), (margin, wider))
    stage.near("win_against_other", (ours[0], total), (ours[0], spread), (totals[0], theirs))
    stage.near("multi_leg", (legs, theirs), (legs, total))


def shared_cities(stage: Stage) -> None:
    """Two cities meet on one evening in two sports."""
    cities = Random(f"{stage.seed}:{stage.cycle}:shared").sample(SHARED_CITIES, 2)
    day = _SHARED_FROM_DAY + stage.cycle
    ours, theirs = [], []
    for league, teams in ((NBA, NBA_TEAMS), (NHL, NHL_TEAMS)):
        a, b = (next(each for each in teams if each.k == city) for city in cities)
        game = {"league": league, "a": a, "b": b, "start": eastern(day, 19, 30)}
        ours.append([stage.k("win", **game, side=side) for side in (a, b)])
        theirs.append(stage.p("win/moneyline", **game, side=a))
    stage.near("other_sport", *((one, theirs[1]) for one in ours[0]))
    stage.near("other_sport", *((one, theirs[0]) for one in ours[1]))


def soccer(stage: Stage) -> None:
    """A football match with all that is bet on it, and the home side's next fixture."""
    league = SOCCER[stage.cycle % len(SOCCER)]
    a, b, c = stage.club(), stage.club(), stage.club()
    start = eastern(stage.cycle % 60, 10 + stage.cycle % 5, 30)
    game = {"league": league, "a": a, "b": b, "start": start}
    later = {"league": league, "a": a, "b": c, "start": start + 7 * 86_400}
    low, high = league.lines
    home, away = (stage.k("win", **game, side=side) for side in (a, b))
    tie = stage.k("draw", **game)
    total, more = (stage.k("total", **game, line=line) for line in (low, high))
    both = stage.k("both_score", **game)
    half = stage.k("half_win", **game, side=a)
    margin = stage.k("spread", **game, side=a, line=league.margins[0])
    wins = [stage.p("win", **game, side=side) for side in (a, b)]
    draw = stage.p("draw", **game)
    over = stage.p("total", **game, line=low)
    scorers = stage.p("both_score", **game)
    spread = stage.p("spread", **game, side=a, line=league.margins[0])
    leads = stage.p("half_win", **game, side=a)
    score = stage.p("exact", **game, score="2 - 0")
    next_leads = stage.p("half_win", **later, side=a)
    stage.near("win_against_other", (home, draw), (away, draw), (tie, wins[0]), (tie, wins[1]))
    stage.near("win_against_other", (home, score), (tie, score), (home, over), (both, over))
    stage.near("win_against_other", (total, scorers), (home, spread), (margin, wins[0]))
    stage.near("line", (more, over))
    stage.near("part_of_contest", (half, wins[0]), (home, leads), (tie, leads))
    stage.near("same_text", (half, next_leads))
    stage.near("next_game", (home, next_leads))


def tennis(stage: Stage) -> None:
    """A tennis match and its first two sets."""
    league = TENNIS[stage.cycle % len(TENNIS)]
    match = {
        "league": league, "a": stage.person(), "b": stage.person(), "city": stage.place(),
        "start": eastern(stage.cycle % 60, 9 + stage.cycle % 9, 0),
    }  # fmt: skip
    level = _STAGES[stage.cycle % len(_STAGES)]
    sides = match["a"], match["b"]
    ours = [stage.k("match", **match, stage=level, side=side) for side in sides]
    sets = [
        [stage.k("set_win", **match, part=part, side=side) for side in sides] for part in ("1", "2")
    ]
    theirs = stage.p("match", **match, stage=level, side=sides[0])
    first = stage.p("set_win", **match, part="1", side=sides[0])
    done = stage.p("completed", **match)
    stage.near("completed_match", *((one, done) for one in ours))
    stage.near("part_of_contest", *((one, first) for one in (*ours, *sets[1])))
    stage.near("part_of_contest", *((one, theirs) for one in (*sets[0], *sets[1])))


def esports(stage: Stage) -> None:
    """A match of two teams and its maps; the same two clubs meet in another title that day."""
    titles = ESPORTS[stage.cycle % 3], ESPORTS[(stage.cycle + 1) % 3]
    a, b, city = stage.team(), stage.team(), stage.place()
    day, hour = stage.cycle % 60, 8 + stage.cycle % 9
    ours, theirs = [], []
    for title in titles:
        game = {"game": title, "a": a, "b": b, "start": eastern(day, hour, 0), "city": city}
        ours.append([stage.k("series_win", **game, side=side) for side in (a, b)])
        theirs.append(stage.p("series_win", **game, side=a))
    game = {"game": titles[0], "a": a, "b": b, "start": eastern(day, hour, 0), "city": city}
    maps = [[stage.k("map_win", **game, part=n, side=side) for side in (a, b)] for n in ("1", "2")]
    first = stage.p("map_win", **game, part="1", side=a)
    third = stage.p("map_win", **game, part="3", side=a)
    stage.near("other_sport", *((one, theirs[1]) for one in ours[0]))
    stage.near("other_sport", *((one, theirs[0]) for one in ours[1]))
    stage.near("part_of_contest", *((one, theirs[0]) for one in (*maps[0], *maps[1])))
    stage.near("part_of_contest", *((one, first) for one in (*ours[0], *maps[1])))
    stage.near("part_of_contest", *((one, third) for one in (*maps[0], *maps[1])))


def fight(stage: Stage) -> None:
    """A fight, how it may be won, and how long it may last."""
    start = eastern(stage.cycle % 60, 22, 0)
    bout = {"a": stage.person(), "b": stage.person(), "start": start}
    ours = [stage.k("fight", **bout, side=side) for side in (bout["a"], bout["b"])]
    stage.p("fight", **bout, side=bout["a"])
    knockout = stage.p("fight_ko", **bout, side=bout["a"])
    distance = stage.p("fight_distance", **bout)
    stage.near("win_against_other", (ours[0], knockout), (ours[0], distance), (ours[1], distance))


def golf(stage: Stage) -> None:
    """A tournament: its winner, those near the top, the leader of a round."""
    cup = stage.cup(("{} Classic", "{} Open", "{} Championship")[stage.cycle % 3])
    by = eastern(stage.cycle % 200 + 4)
    players = [stage.person() for _ in range(3)]
    event = {"cup": cup, "by": by}
    wins = [stage.k("golf_win", **event, who=who) for who in players]
    tens = [stage.k("golf_top", **event, who=who, top="10") for who in players]
    stage.k("golf_top", **event, who=players[2], top="20")
    leads = stage.k("golf_round", **event, who=players[0], part="3")
    champions = [stage.p("golf_win", **event, who=who) for who in players]
    top_tens = [stage.p("golf_top", **event, who=who, top="10") for who in players[:2]]
    fives = stage.p("golf_top", **event, who=players[0], top="5")
    twenties = stage.p("golf_top", **event, who=players[2], top="20")
    stage.near("top_n", (tens[0], fives), (tens[2], twenties), (wins[0], fives))
    stage.near("top_n", (wins[0], top_tens[0]), (tens[0], champions[0]))
    stage.near("part_of_contest", (leads, champions[0]))
    stage.near("other_subject", (tens[0], top_tens[1]), (wins[1], champions[0]))


def season(stage: Stage) -> None:
    """Who wins an invented league; a club that shares a word with another."""
    cup = stage.cup("{} Premier League")
    clubs = [stage.club() for _ in range(4)]
    event = {"cup": cup, "by": new_year(YEAR + 1)}
    ours = [stage.k("season_win", **event, who=who) for who in clubs]
    theirs = [stage.p("season_win", **event, who=who) for who in clubs[:3]]
    stage.near("other_subject", (ours[3], theirs[0]), (ours[0], theirs[1]))
