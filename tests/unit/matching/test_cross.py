"""Whole grids of claims in several wordings, all against all: equal where they mean the same.

Wrong ones would hide among the many combinations that nobody writes down one by one.
"""

from collections.abc import Hashable
from itertools import product
from typing import Any

import pytest

from tests.unit.matching.support import kalshi, polymarket
from twoleg.matching.decide import decide
from twoleg.matching.listing import KalshiListing, PolymarketListing
from twoleg.matching.parse import parse

Left = list[tuple[Hashable, KalshiListing]]
Right = list[tuple[dict[Hashable, int], PolymarketListing]]
"""A listing with what it means; a Polymarket one with what each of its outcomes means."""

CLUBS = {"ARS": "Arsenal", "CHE": "Chelsea", "MUN": "Manchester United", "MCI": "Manchester City"}
FIXTURES = (("ARS", "CHE", "16"), ("MUN", "MCI", "17"), ("ARS", "CHE", "23"))


def soccer() -> tuple[Left, Right]:
    left: Left = []
    right: Right = []
    for home, away, day in FIXTURES:
        game = (home, away, day)
        start = f"2026-05-{day}T14:00:00Z"
        code, title = f"26MAY{day}{home}{away}", f"{CLUBS[home]} vs {CLUBS[away]}"
        event = f"{CLUBS[home]} FC vs. {CLUBS[away]} FC"
        fields: dict[str, Any] = {"game_start_time": start, "event_title": event}
        slug = f"epl-{home}-{away}-2026-05-{day}".lower()
        for side in (home, away):
            name = CLUBS[side]
            left.append(
                (
                    ("win", *game, side),
                    kalshi(
                        f"KXEPLGAME-{code}-{side}", f"{title} Winner?", name, occurrence_time=start
                    ),
                )
            )
            left.append(
                (
                    ("half", *game, side),
                    kalshi(
                        f"KXEPL1H-{code}-{side}",
                        f"{title}: First Half Winner?",
                        name,
                        occurrence_time=start,
                    ),
                )
            )
            right.append(
                (
                    {("win", *game, side): 0},
                    polymarket(
                        f"Will {name} FC win on 2026-05-{day}?",
                        slug=f"{slug}-{side.lower()}",
                        sports_market_type="moneyline",
                        **fields,
                    ),
                )
            )
            right.append(
                (
                    {("half", *game, side): 0},
                    polymarket(
                        f"{name} FC leading at halftime?",
                        slug=f"{slug}-halftime-result-{side.lower()}",
                        **fields,
                    ),
                )
            )
            right.append(
                (
                    {},
                    polymarket(
                        f"{name} FC O/U 2.5",
                        ("Over", "Under"),
                        slug=f"{slug}-team-total-2pt5",
                        line=2.5,
                        **fields,
                    ),
                )
            )
        left.append(
            (
                ("win", *game, "draw"),
                kalshi(f"KXEPLGAME-{code}-TIE", f"{title} Winner?", "Tie", occurrence_time=start),
            )
        )
        right.append(
            (
                {("win", *game, "draw"): 0},
                polymarket(f"Will {event} end in a draw?", slug=f"{slug}-draw", **fields),
            )
        )
        left.append(
            (
                ("btts", *game),
                kalshi(
                    f"KXEPLBTTS-{code}-BTTS",
                    f"{title}: Both Teams to Score",
                    "Both teams to score",
                    occurrence_time=start,
                ),
            )
        )
        right.append(
            (
                {("btts", *game): 1},
                polymarket(
                    f"{event}: Both Teams to Score", ("No", "Yes"), slug=f"{slug}-btts", **fields
                ),
            )
        )
        right.append(
            (
                {},
                polymarket(
                    f"Exact Score: {CLUBS[home]} FC 1 - 0 {CLUBS[away]} FC?",
                    slug=f"{slug}-exact-score-1-0",
                    **fields,
                ),
            )
        )
        for line in (1.5, 2.5):
            strike: dict[str, Any] = {
                "strike_type": "greater",
                "floor_strike": line,
                "occurrence_time": start,
            }
            left.append(
                (
                    ("total", *game, line),
                    kalshi(
                        f"KXEPLTOTAL-{code}-{line:.0f}",
                        f"{title}: Total Goals",
                        f"Over {line} goals",
                        **strike,
                    ),
                )
            )
            left.append(
                (
                    ("1h", *game, line),
                    kalshi(
                        f"KXEPL1HTOTAL-{code}-{line:.0f}",
                        f"{title}: First Half Total Goals",
                        f"Over {line} goals",
                        **strike,
                    ),
                )
            )
            right.append(
                (
                    {("total", *game, line): 1},
                    polymarket(
                        f"{event}: O/U {line}",
                        ("Under", "Over"),
                        slug=f"{slug}-total",
                        line=line,
                        sports_market_type="totals",
                        **fields,
                    ),
                )
            )
            right.append(
                (
                    {("1h", *game, line): 0},
                    polymarket(
                        f"{event}: 1H O/U {line}",
                        ("Over", "Under"),
                        slug=f"{slug}-1h-total",
                        line=line,
                        **fields,
                    ),
                )
            )
    return left, right


def maps() -> tuple[Left, Right]:
    left: Left = []
    right: Right = []
    for one, other in (("Oakline", "Elmfire"), ("Oakline Academy", "Elmfire Academy")):
        for game, code, day in product(("Counter-Strike", "Valorant"), ("1100",), ("16", "19")):
            league = {"Counter-Strike": "cs2", "Valorant": "val"}[game]
            series = {"cs2": "CS2", "val": "VALORANT"}[league]
            start = f"2026-05-{day}T15:00:00Z"
            key = (one, game, day)
            slug, event = f"{league}-oak-elm-2026-05-{day}", f"{game}: {one} vs {other} (BO3)"
            for side in (one, other):
                end = f"26MAY{day}{code}OAKELM-{side[:3].upper()}"
                left.append(
                    (
                        ("match", *key, side),
                        kalshi(
                            f"KX{series}GAME-{end}",
                            f"{one} vs. {other}",
                            side,
                            occurrence_time=start,
                        ),
                    )
                )
                left += [
                    (
                        ("map", n, *key, side),
                        kalshi(
                            f"KX{series}MAP-26MAY{day}{code}OAKELM-{n}-{side[:3].upper()}",
                            f"{one} vs. {other}: Map {n}",
                            side,
                            occurrence_time=start,
                        ),
                    )
                    for n in (1, 2)
                ]
            right.append(
                (
                    {("match", *key, one): 0, ("match", *key, other): 1},
                    polymarket(
                        f"{event} - Group A", (one, other), slug=slug, game_start_time=start
                    ),
                )
            )
            right += [
                (
                    {("map", n, *key, one): 1, ("map", n, *key, other): 0},
                    polymarket(
                        f"{game}: {other} vs {one} - Map {n} Winner",
                        (other, one),
                        slug=f"{slug}-game{n}",
                        game_start_time=start,
                        event_title=event,
                    ),
                )
                for n in (1, 2)
            ]
    return left, right


def deadlines() -> tuple[Left, Right]:
    wordings = {
        "june": ("before Jul 1, 2026", "before July 2026", "by June 30, 2026", "by the end of June 2026"),
        "year": ("before Jan 1, 2027", "before 2027", "by December 31, 2026"),
        "next june": ("before July 2027", "by June 30, 2027"),
        "in year": ("in 2026",),
        "in may": ("in May 2026",),
        "on day": ("on May 5, 2026",),
        "by day": ("by May 5, 2026", "before May 6, 2026"),
    }  # fmt: skip
    claims = ("Will Acme IPO {}?", "Will Acme announce an IPO {}?", "Will Foobar IPO {}?", "Will Freedonia strike Sylvania {}?", "Will Sylvania strike Freedonia {}?")  # fmt: skip
    listed = [((claim, name), claim.format(said)) for claim in claims for name, sayings in wordings.items() for said in sayings]  # fmt: skip
    return (
        [(key, kalshi("KXA-26", text, close_time="2026-12-31T00:00:00Z")) for key, text in listed],
        [({key: 0}, polymarket(text, end_time="2026-12-31T00:00:00Z")) for key, text in listed],
    )


def lines() -> tuple[Left, Right]:
    wordings = {
        ">": ("above {}%", "more than {}%"), ">=": ("at least {}%", "{}% or more", "{}%+"),
        "<": ("below {}%", "less than {}%"), "<=": ("at most {}%", "{}% or less"),
        "=": ("exactly {}%",), "bucket": ("between {}% and 9%", "{}% to 9%"),
    }  # fmt: skip
    left: Left = []
    right: Right = []
    for value, (name, sayings) in product((2, 2.5, 3), wordings.items()):
        for said in (saying.format(value) for saying in sayings):
            left.append(
                (
                    (name, value),
                    kalshi("KXGDP-26", "Freedonia GDP growth in 2026?", said.capitalize()),
                )
            )
            left.append(
                ((name, value), kalshi("KXGDP-26", f"Will Freedonia GDP growth be {said} in 2026?"))
            )
            right.append(
                ({(name, value): 0}, polymarket(f"Will Freedonia GDP growth be {said} in 2026?"))
            )
            right.append(
                (
                    {(name, value): 1},
                    polymarket(f"Freedonia GDP growth {said} in 2026?", ("No", "Yes")),
                )
            )
    return left, right


def seats() -> tuple[Left, Right]:
    left: Left = []
    right: Right = []
    offices = {"SENATE": ("Senate", "Senate race"), "GOV": ("governor", "governor race")}
    places = {"VA": "Virginia", "WV": "West Virginia", "OH": "Ohio"}
    for year, (code, (office, race)), (state, place), party in product(
        (2026, 2028), offices.items(), places.items(), ("Democratic", "Republican")
    ):
        key = (year, code, state, party)
        end: dict[str, Any] = {"end_time": f"{year}-11-03T00:00:00Z"}
        left.append(
            (
                key,
                kalshi(
                    f"{code}{state}-{year % 100}-{party[0]}",
                    f"{place} {race} winner?",
                    f"{party} party",
                    close_time=f"{year + 1}-11-03T00:00:00Z",
                ),
            )
        )
        left.append(
            (
                ("nominee", *key),
                kalshi(
                    f"KXNOM{code}-{state}-{year % 100}-{party[0]}",
                    f"{place} {party} {office} nominee in {year}?",
                    "Jane Doe",
                ),
            )
        )
        right.append(
            (
                {key: 0},
                polymarket(
                    f"Will the {party} Party win the {year} {place} {office} election?", **end
                ),
            )
        )
        right.append(
            (
                {("nominee", *key): 0},
                polymarket(
                    f"Will Jane Doe be the {party} nominee for {place} {office} in {year}?", **end
                ),
            )
        )
        right.append(
            (
                {},
                polymarket(
                    f"Will Jane Doe win the {year} {place} {party} {office} primary runoff?", **end
                ),
            )
        )
    return left, right


def golf() -> tuple[Left, Right]:
    left: Left = []
    right: Right = []
    events = {"HBC": "Harbour Bay Classic", "MAS": "Masters Tournament", "PGC": "PGA Championship", "TOC": "Tour Championship"}  # fmt: skip
    for (code, event), year, player in product(events.items(), (26, 27), ("John Doe", "Jack Doe")):
        end: dict[str, Any] = {"end_time": f"20{year}-05-16T00:00:00Z"}
        for level in ("5", "10"):
            key: Hashable = (code, year, player, level)
            left.append(
                (
                    key,
                    kalshi(
                        f"KXPGATOP{level}-{code}{year}-DOE",
                        f"{event}: Top {level} Finishers",
                        player,
                    ),
                )
            )
            right.append(
                (
                    {key: 0},
                    polymarket(
                        f"Will {player} finish in the Top {level} at the 20{year} {event}?", **end
                    ),
                )
            )
        win = (code, year, player)
        left.append((win, kalshi(f"KXPGATOUR-{code}{year}-DOE", f"{event} Winner", player)))
        left.append(
            (
                ("round", *win),
                kalshi(f"KXPGAR1LEAD-{code}{year}-DOE", f"{event} End of Round 1 Leader", player),
            )
        )
        right.append(
            (
                {win: 0},
                polymarket(
                    f"Will {player} win the 20{year} {event}?",
                    slug=f"20{year}-x-winner-{player[:4]}",
                    **end,
                ),
            )
        )
        right.append(
            ({}, polymarket(f"Will {player} make the cut at the 20{year} {event}?", **end))
        )
    return left, right


GRIDS = (soccer, maps, deadlines, lines, seats, golf)


@pytest.mark.parametrize("grid", GRIDS, ids=lambda grid: grid.__name__)
def test_all_against_all_finds_each_and_nothing_else(grid: object) -> None:
    assert callable(grid)
    left, right = grid()
    cards = [(meaning, parse(listing)) for meaning, listing in left]
    others = [(meaning, parse(listing)) for meaning, listing in right]
    wrong = [
        f"{one.market_id} {one.subject} {one.words} | {other.subject} {other.words}: {decision.reason}"
        for meaning, one in cards
        for paid, other in others
        if (decision := decide(one, other)).yes_index != paid.get(meaning, -1)
    ]
    assert not wrong, f"{len(wrong)} wrong, among them {wrong[:5]}"
