"""Markets that exist on one venue only: about people and places that the other never lists."""

from typing import Final

from twoleg.sim.catalogue.names import words
from twoleg.sim.catalogue.places import COINS, NBA
from twoleg.sim.catalogue.stage import Stage
from twoleg.sim.catalogue.times import eastern

_WORDS: Final = words(
    "Inflation Border Tariff Election Energy Harvest Railway Satellite Budget Pension Climate "
    "Hospital Bridge Drought Semiconductor"
)


def kalshi_filler(stage: Stage, count: int) -> None:
    """List `count` markets of Kalshi alone."""
    makers = (_points, _points, _phrases, _songs, _approval)
    number, count = 0, count - _combos(stage, 0, min(count, 4))
    while count > 0:
        count -= makers[number % len(makers)](stage, number, min(count, 4))
        number += 1


def polymarket_filler(stage: Stage, count: int) -> None:
    """List `count` markets of Polymarket alone."""
    stage.flips = False
    makers = (_props, _said, _ups, _posts, _tokens)
    number = 0
    while count > 0:
        count -= makers[number % len(makers)](stage, number, min(count, 3))
        number += 1


def _points(stage: Stage, number: int, count: int) -> int:
    a, b = stage.club(), stage.club()
    start = eastern(stage.cycle % 200, 12 + number % 10, 5)
    who = stage.person()
    for step in range(count):
        stage.k(
            "player_points", league=NBA, a=a, b=b, start=start, who=who, line=str(10 + 5 * step)
        )
    return count


def _phrases(stage: Stage, number: int, count: int) -> int:
    who, city, by = stage.person(), stage.place(), eastern(number % 30 + 1)
    for step in range(count):
        word = _WORDS[(number + step) % len(_WORDS)]
        stage.k("mention", who=who, city=city, by=by, word=word, mark=str(step))
    return count


def _combos(stage: Stage, number: int, count: int) -> int:
    start = eastern(stage.cycle % 200, 20, 0)
    for step in range(count):
        stage.k(
            "legs", league=NBA, a=stage.club(), b=stage.club(), start=start, line="201.5",
            mark=stage.mark(number + 3), mark2=stage.mark(step),
        )  # fmt: skip
    return count


def _songs(stage: Stage, number: int, count: int) -> int:
    by = eastern(7 * (number % 40) + 7)
    for _ in range(count):
        stage.k("song", who=stage.person(), by=by, mark=stage.mark(number))
    return count


def _approval(stage: Stage, number: int, count: int) -> int:
    who, by = stage.person(), eastern(10 + number % 60)
    for step in range(count):
        stage.k("approval", who=who, by=by, line=str(36 + 2 * step))
    return count


def _props(stage: Stage, number: int, count: int) -> int:
    city, start = stage.place(), eastern(stage.cycle % 200, 12 + number % 10, 35)
    who = stage.person()
    for step in range(count):
        line = f"{12 + 4 * step}.5"
        stage.p("player_points", who=who, city=city, start=start, line=line)
    return count


def _said(stage: Stage, number: int, count: int) -> int:
    who, city, by = stage.person(), stage.place(), eastern(number % 30 + 1)
    for step in range(count):
        word = _WORDS[(number + step) % len(_WORDS)]
        stage.p("mention", who=who, city=city, by=by, word=word)
    return count


def _ups(stage: Stage, number: int, count: int) -> int:
    for step in range(count):
        coin, name, _, _ = COINS[step % len(COINS)]
        minute = (stage.cycle * 64 + number) * 5
        day, minute = divmod(minute, 24 * 60)
        start = eastern(day, minute // 60, minute % 60)
        stage.p("up_or_down", coin=coin, coin_name=name, start=start)
    return count


def _posts(stage: Stage, number: int, count: int) -> int:
    who, by = stage.person(), eastern(number % 30 + 1)
    for step in range(count):
        low = 20 * step + 40
        stage.p("posts", who=who, low=str(low), high=str(low + 19), by=by)
    return count


def _tokens(stage: Stage, number: int, count: int) -> int:
    who = stage.company()
    for step in range(count):
        stage.p("token_by", who=who, by=eastern(30 * (step + 1) + number % 25))
    return count
