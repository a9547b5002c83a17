"""Games, matches, maps and fights: what agrees, whom it pays, and what must never pair."""

import msgspec
import pytest

from tests.unit.matching.support import decided, kalshi, polymarket
from twoleg.matching.decide import Class, Polarity
from twoleg.matching.listing import KalshiListing, PolymarketListing

START = "2026-05-16T17:10:00Z"
GAME_START = "2026-05-16 17:10:00+00"

MLB = kalshi(
    "KXMLBGAME-26MAY161310TORDET-DET",
    "Toronto vs Detroit Winner?",
    "Detroit",
    occurrence_time=START,
)
MLB_POLY = polymarket(
    "Toronto Blue Jays vs. Detroit Tigers",
    ("Toronto Blue Jays", "Detroit Tigers"),
    slug="mlb-tor-det-2026-05-16",
    game_start_time=GAME_START,
)
SOCCER = kalshi(
    "KXEPLGAME-26MAY16HARNOR-NOR",
    "Harbour vs Northgate Winner?",
    "Northgate",
    occurrence_time=START,
)
SOCCER_POLY = polymarket(
    "Will Northgate FC win on 2026-05-16?",
    slug="epl-har-nor-2026-05-16-nor",
    game_start_time=GAME_START,
    event_title="Harbour Town FC vs. Northgate FC",
)
TOTAL = kalshi(
    "KXEPLTOTAL-26MAY16HARNOR-2", "Harbour vs Northgate: Total Goals", "Over 2.5 goals",
    occurrence_time=START, strike_type="greater", floor_strike=2.5,
)  # fmt: skip
TOTAL_POLY = polymarket(
    "Harbour Town FC vs. Northgate FC: O/U 2.5", ("Over", "Under"),
    slug="epl-har-nor-2026-05-16-total-2pt5", game_start_time=GAME_START, line=2.5,
    sports_market_type="totals",
)  # fmt: skip
MAP = kalshi(
    "KXCS2MAP-26MAY161310OAKELM-2-ELM",
    "Oakline vs. Elmfire: Map 2",
    "Elmfire",
    occurrence_time=START,
)
MAP_POLY = polymarket(
    "Counter-Strike: Elmfire vs Oakline - Map 2 Winner", ("Elmfire", "Oakline"),
    slug="cs2-elm-oak-2026-05-16-game2", game_start_time=GAME_START,
)  # fmt: skip
SET = kalshi(
    "KXATPSETWINNER-26MAY16HOLBRA-1-BRA", "Jan Holm vs Petr Brand: Set 1 Winner", "Petr Brand"
)
SET_POLY = polymarket(
    "Set 1 Winner: Holm vs Brand", ("Holm", "Brand"),
    slug="atp-holm-brand-2026-05-16-first-set-winner-Holm-vs-Brand",
)  # fmt: skip
SPREAD = kalshi(
    "KXEPLSPREAD-26MAY16HARNOR-NOR1", "Northgate wins by over 1.5 goals?", "Northgate wins by over 1.5 goals",
    occurrence_time=START, event_title="Northgate at Harbour: Spreads", strike_type="greater", floor_strike=1.5,
)  # fmt: skip
SPREAD_POLY = polymarket(
    "Spread: Northgate FC (-1.5)", ("Northgate FC", "Harbour Town FC"),
    slug="epl-har-nor-2026-05-16-spread-away-1pt5", game_start_time=GAME_START,
    event_title="Harbour Town FC vs. Northgate FC - More Markets",
)  # fmt: skip
FIGHT = kalshi(
    "KXUFCFIGHT-26MAY16HOLBRA-HOL", "UFC 400: Holm vs Brand", "Jan Holm", occurrence_time=START
)
FIGHT_POLY = polymarket(
    "UFC 400: Petr Brand vs. Jan Holm (Flyweight, Main Card)", ("Petr Brand", "Jan Holm"),
    slug="ufc-pet-jan-2026-05-16", game_start_time=GAME_START,
)  # fmt: skip
BTTS = kalshi(
    "KXEPLBTTS-26MAY16HARNOR", "Northgate at Harbour: Both Teams to Score", occurrence_time=START
)
BTTS_POLY = polymarket(
    "Harbour Town FC vs. Northgate FC: Both Teams to Score",
    slug="epl-har-nor-2026-05-16-btts", game_start_time=GAME_START,
)  # fmt: skip
DRAW = kalshi(
    "KXEPLGAME-26MAY16HARNOR-TIE", "Harbour vs Northgate Winner?", "Tie", occurrence_time=START
)
DRAW_POLY = polymarket(
    "Will Harbour Town FC vs. Northgate FC end in a draw?",
    slug="epl-har-nor-2026-05-16-draw", game_start_time=GAME_START,
)  # fmt: skip
RUN = kalshi(
    "KXMLBRFI-26MAY161310TORDET",
    "Toronto vs Detroit: First Inning Run",
    "Yes",
    occurrence_time=START,
)
RUN_POLY = polymarket(
    "Will there be a run scored in the first inning?: Toronto Blue Jays vs. Detroit Tigers",
    slug="mlb-tor-det-2026-05-16-nrfi", game_start_time=GAME_START,
)  # fmt: skip
HALF = kalshi("KXEPL1H-26MAY16HARNOR-HAR", "Will Harbour win the 1st Half?", "Harbour",
              event_title="Harbour vs Northgate: First Half Winner", occurrence_time=START)  # fmt: skip
HALF_POLY = polymarket(
    "Harbour Town FC leading at halftime?", game_start_time=GAME_START,
    event_title="Harbour Town FC vs. Northgate FC - Halftime Result",
)  # fmt: skip

HALF_TOTAL = msgspec.structs.replace(TOTAL, title="Harbour vs Northgate: First Half Total Goals")
HALF_TOTAL_POLY = msgspec.structs.replace(
    TOTAL_POLY,
    question="Harbour Town FC vs. Northgate FC: 1H O/U 2.5",
    sports_market_type="first_half_totals",
)
TOTALS = msgspec.structs.replace(
    TOTAL, title="Northgate at Harbour: Totals", yes_sub_title="Over 2.5 goals scored"
)
SPREAD_SAID = msgspec.structs.replace(
    SPREAD, title="Northgate at Harbour: Spread", yes_sub_title="Northgate wins by over 1.5 goals"
)
RUNS = kalshi(
    "KXMLBTOTAL-26MAY161310TORDET-9",
    "Toronto vs Detroit: Total Runs",
    "Over 8.5 runs scored",
    occurrence_time=START,
)
RUNS_POLY = polymarket(
    "Toronto Blue Jays vs. Detroit Tigers: O/U 8.5", ("Over", "Under"), slug="mlb-tor-det-2026-05-16-total-8pt5",
    game_start_time=GAME_START,
)  # fmt: skip

PAIRS = {
    "half total": (HALF_TOTAL, HALF_TOTAL_POLY, Polarity.SAME),
    "totals by subtitle": (TOTALS, TOTAL_POLY, Polarity.SAME),
    "spread by subtitle": (SPREAD_SAID, SPREAD_POLY, Polarity.SAME),
    "runs": (RUNS, RUNS_POLY, Polarity.SAME),
    "game": (MLB, MLB_POLY, Polarity.INVERSE),
    "soccer": (SOCCER, SOCCER_POLY, Polarity.SAME),
    "total": (TOTAL, TOTAL_POLY, Polarity.SAME),
    "map": (MAP, MAP_POLY, Polarity.SAME),
    "set": (SET, SET_POLY, Polarity.INVERSE),
    "spread": (SPREAD, SPREAD_POLY, Polarity.SAME),
    "fight": (FIGHT, FIGHT_POLY, Polarity.INVERSE),
    "btts": (BTTS, BTTS_POLY, Polarity.SAME),
    "draw": (DRAW, DRAW_POLY, Polarity.SAME),
    "run": (RUN, RUN_POLY, Polarity.SAME),
    "half": (HALF, HALF_POLY, Polarity.SAME),
}


@pytest.mark.parametrize(("left", "right", "polarity"), PAIRS.values(), ids=PAIRS)
def test_equal_contests_agree_with_their_polarity(
    left: KalshiListing, right: PolymarketListing, polarity: Polarity
) -> None:
    decision = decided(left, right)
    assert decision.is_accepted, decision.reason
    assert decision.polarity is polarity


@pytest.mark.parametrize(("left", "right", "polarity"), PAIRS.values(), ids=PAIRS)
def test_turning_the_outcomes_around_turns_the_token_with_them(
    left: KalshiListing, right: PolymarketListing, polarity: Polarity
) -> None:
    before = decided(left, right)
    turned = msgspec.structs.replace(
        right, outcomes=right.outcomes[::-1], token_ids=right.token_ids[::-1]
    )
    after = decided(left, turned)
    assert after.polarity is not before.polarity
    assert after.yes_token == before.yes_token
    assert after.no_token == before.no_token


def test_contest_known_to_the_minute_on_both_sides_is_auto() -> None:
    assert decided(MLB, MLB_POLY).klass is Class.AUTO


def test_contest_without_start_field_needs_a_person() -> None:
    assert decided(SET, SET_POLY).klass is Class.REVIEW


def test_order_of_a_ticker_says_nothing() -> None:
    turned = msgspec.structs.replace(MLB, ticker="KXMLBGAME-26MAY161310DETTOR-DET")
    assert decided(turned, MLB_POLY).polarity is Polarity.INVERSE


def test_player_called_tie_is_no_draw() -> None:
    left = kalshi(
        "KXATPSETWINNER-26MAY16TIEBRA-1-TIE",
        "Lars Tiemann vs Petr Brand: Set 1 Winner",
        "Lars Tiemann",
    )
    right = msgspec.structs.replace(
        SET_POLY, question="Set 1 Winner: Tiemann vs Brand", outcomes=("Tiemann", "Brand")
    )
    decision = decided(left, right)
    assert decision.is_accepted
    assert decision.polarity is Polarity.SAME


def k(left: KalshiListing, **changes: object) -> KalshiListing:
    return msgspec.structs.replace(left, **changes)


def p(right: PolymarketListing, **changes: object) -> PolymarketListing:
    return msgspec.structs.replace(right, **changes)


NEAR_MISSES = {
    "next game of the series": (MLB, p(MLB_POLY, game_start_time="2026-05-17 17:10:00+00", slug="mlb-tor-det-2026-05-17")),
    "next game by date alone": (k(MLB, occurrence_time=""), p(MLB_POLY, game_start_time="", slug="mlb-tor-det-2026-05-17")),
    "second game of a double-header": (MLB, p(MLB_POLY, game_start_time="2026-05-16 20:10:00+00")),
    "another league of the names": (
        k(MLB, ticker="KXKBOGAME-26MAY161310TORDET-DET", title="Toronto Blue Jays vs Detroit Tigers"),
        MLB_POLY,
    ),
    "league unknown": (DRAW, p(DRAW_POLY, slug="xwsl-har-nor-2026-05-16-draw")),
    "another sport, same cities": (k(MLB, ticker="KXNHLGAME-26MAY161310TORDET-DET"), MLB_POLY),
    "another opponent": (k(MLB, title="Toronto vs Chicago C Winner?", yes_sub_title="Toronto"), MLB_POLY),
    "unknown side": (k(MLB, yes_sub_title=""), MLB_POLY),
    "side of neither name": (k(MLB, yes_sub_title="Chicago C"), MLB_POLY),
    "labels of other teams": (MLB, p(MLB_POLY, outcomes=("Home", "Away"))),
    "one label twice": (MLB, p(MLB_POLY, outcomes=("Detroit Tigers", "Detroit Tigers"))),
    "first five innings": (k(MLB, title="Toronto vs Detroit first 5 innings winner?"), MLB_POLY),
    "first five innings by the event": (k(MLB, event_title="Toronto vs Detroit: First 5 Innings"), MLB_POLY),
    "first five innings by the series": (k(MLB, ticker="KXMLBF5-26MAY161310TORDET-DET", title="Toronto vs Detroit"), MLB_POLY),
    "series against game": (MLB, p(MLB_POLY, question="MLB Playoffs: Who will win series? - Toronto Blue Jays vs. Detroit Tigers")),
    "total against game": (MLB, p(MLB_POLY, question="Toronto Blue Jays vs. Detroit Tigers: O/U 8.5", outcomes=("Over", "Under"))),
    "market type against text": (MLB, p(MLB_POLY, sports_market_type="first_five")),
    "win against draw": (SOCCER, DRAW_POLY),
    "draw against win": (DRAW, SOCCER_POLY),
    "full time against half time": (DRAW, p(DRAW_POLY, question="Harbour Town FC vs. Northgate FC: Draw at halftime?")),
    "win against both score": (SOCCER, BTTS_POLY),
    "win against exact score": (SOCCER, p(SOCCER_POLY, question="Exact Score: Harbour Town FC 0 - 1 Northgate FC?")),
    "two-way against three-way": (SOCCER, p(SOCCER_POLY, question="Harbour Town FC vs. Northgate FC", outcomes=("Harbour Town FC", "Northgate FC"), slug="epl-har-nor-2026-05-16")),
    "the other team": (k(SOCCER, yes_sub_title="Harbour"), SOCCER_POLY),
    "another day": (SOCCER, p(SOCCER_POLY, question="Will Northgate FC win on 2026-05-19?")),
    "not": (SOCCER, p(SOCCER_POLY, question="Will Northgate FC not win on 2026-05-16?")),
    "another club of the town": (k(SOCCER, title="Harbour vs Northgate United Winner?", yes_sub_title="Northgate United"), SOCCER_POLY),
    "the women's team": (BTTS, p(BTTS_POLY, question="Harbour Town FC vs. Northgate FC (Women): Both Teams to Score")),
    "the second team": (k(BTTS, title="Northgate B at Harbour: Both Teams to Score"), BTTS_POLY),
    "both score in a half": (BTTS, p(BTTS_POLY, question="Harbour Town FC vs. Northgate FC: Both Teams to Score in First Half")),
    "line": (TOTAL, p(TOTAL_POLY, question="Harbour Town FC vs. Northgate FC: O/U 3.5", line=3.5)),
    "line field against text": (TOTAL, p(TOTAL_POLY, line=3.5)),
    "strike against text": (k(TOTAL, floor_strike=3.5), TOTAL_POLY),
    "strike above another line": (k(TOTAL, floor_strike=1.5, yes_sub_title="Over 1.5 goals"), TOTAL_POLY),
    "corners against goals": (TOTAL, p(TOTAL_POLY, question="Harbour Town FC vs. Northgate FC: O/U 2.5 Total Corners")),
    "totals of another line": (TOTALS, p(TOTAL_POLY, question="Harbour Town FC vs. Northgate FC: O/U 3.5", line=3.5)),
    "totals without a line": (k(TOTALS, yes_sub_title="", strike_type="", floor_strike=None), TOTAL_POLY),
    "total of a half": (TOTAL, p(TOTAL_POLY, question="Harbour Town FC vs. Northgate FC: 1H O/U 2.5")),
    "total of one team": (TOTAL, p(TOTAL_POLY, question="Harbour Town FC vs. Northgate FC: Northgate FC O/U 2.5")),
    "total of a half by the event": (k(TOTAL, title="Will over 2.5 goals be scored?", event_title="Harbour vs Northgate: First Half Total Goals"), TOTAL_POLY),
    "another map": (MAP, p(MAP_POLY, question="Counter-Strike: Elmfire vs Oakline - Map 1 Winner")),
    "match against map": (k(MAP, ticker="KXCS2GAME-26MAY161310OAKELM-ELM", title="Oakline vs. Elmfire"), MAP_POLY),
    "another game title": (MAP, p(MAP_POLY, question="Valorant: Elmfire vs Oakline - Map 2 Winner", slug="val-elm-oak-2026-05-16-game2")),
    "handicap against map": (MAP, p(MAP_POLY, question="Map Handicap: Elmfire (-1.5) vs Oakline (+1.5)")),
    "side bet in the map": (MAP, p(MAP_POLY, question="Counter-Strike: Elmfire vs Oakline (BO3) - Cup Group A — Map 2: First Kill?")),
    "academy": (k(MAP, title="Oakline vs. Elmfire Academy: Map 2", yes_sub_title="Elmfire Academy"), MAP_POLY),
    "another set": (SET, p(SET_POLY, question="Set 2 Winner: Holm vs Brand")),
    "set against match": (SET, p(SET_POLY, question="Rome: Jan Holm vs Petr Brand", slug="atp-holm-brand-2026-05-16", outcomes=("Jan Holm", "Petr Brand"))),
    "completed match": (FIGHT, p(FIGHT_POLY, question="Rome: Completed Match: Petr Brand vs Jan Holm")),
    "another player of the name": (k(SET, title="Jan Holm vs Karl Brand: Set 1 Winner", yes_sub_title="Karl Brand"), p(SET_POLY, question="Set 1 Winner: Jan Holm vs Petr Brand", outcomes=("Jan Holm", "Petr Brand"))),
    "set handicap": (SET, p(SET_POLY, question="Set Handicap: Holm (-1.5) vs Brand (+1.5)")),
    "spread of the other team": (SPREAD, p(SPREAD_POLY, question="Spread: Harbour Town FC (-1.5)")),
    "another spread": (SPREAD, p(SPREAD_POLY, question="Spread: Northgate FC (-2.5)")),
    "another card": (FIGHT, p(FIGHT_POLY, question="UFC 401: Petr Brand vs. Jan Holm (Flyweight, Main Card)")),
    "by knockout": (FIGHT, p(FIGHT_POLY, question="Will Jan Holm win by KO or TKO?", outcomes=("Yes", "No"))),
    "another inning": (RUN, p(RUN_POLY, question="Will there be a run scored in the second inning?: Toronto Blue Jays vs. Detroit Tigers")),
    "half of another fixture": (HALF, p(HALF_POLY, event_title="Southbank FC vs. Harbour Town FC - Halftime Result")),
    "half without a fixture on another day": (HALF, p(HALF_POLY, event_title="", game_start_time="2026-05-20 17:10:00+00")),
    "half of the other team": (HALF, p(HALF_POLY, question="Northgate FC leading at halftime?")),
    "limit of time": (SOCCER, p(SOCCER_POLY, question="Harbour Town FC vs. Northgate FC before July 2026")),
}  # fmt: skip


@pytest.mark.parametrize(("left", "right"), NEAR_MISSES.values(), ids=NEAR_MISSES)
def test_near_miss_is_rejected_with_a_reason(left: KalshiListing, right: PolymarketListing) -> None:
    decision = decided(left, right)
    assert not decision.is_accepted
    assert decision.polarity is None
    assert decision.yes_token == ""
    assert decision.reason


def test_player_prop_without_its_game_is_rejected() -> None:
    left = kalshi("KXNBAPTS-26MAY16TORDET-DETXHOLM1-20", "Jan Holm: 20+ points")
    right = polymarket("Jan Holm: Points Over 19.5", slug="nba-tor-det-2026-05-16-points-jan-holm-19pt5",
                       sports_market_type="points")  # fmt: skip
    assert not decided(left, right).is_accepted
