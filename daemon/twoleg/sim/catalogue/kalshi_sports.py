"""Kalshi's texts of contests and tournaments, written in this project for the shapes it uses."""

from collections.abc import Mapping
from typing import Final

from twoleg.sim.catalogue.draft import KalshiForm

_PUT_OFF = (
    "If the {league.contest} is put off and not begun within two weeks, or is called off, the "
    "market settles at the last fair price before that was made known."
)
_GAME = "{start_code}{start_hm}{a.code}{b.code}"
_MATCH = "{start_code}{a.code}{b.code}"
_VS = "{a.k} {league.sep} {b.k}"

KALSHI_SPORTS: Final[Mapping[str, KalshiForm]] = {
    "win": KalshiForm(
        series="KX{league.k}GAME", event=_GAME, suffix="{side.code}",
        event_title=_VS, event_sub="{a.code} {league.sep} {b.code} ({start_k})",
        title=_VS + " Winner?", yes="{side.k}", is_exclusive=True,
        rules="If {side.k} wins the {a.k} {league.sep} {b.k} {league.contest} originally scheduled "
        "for {start_k}, then the market resolves to Yes.",
        rules2=_PUT_OFF,
    ),
    "draw": KalshiForm(
        series="KX{league.k}GAME", event=_GAME, suffix="TIE",
        event_title=_VS, event_sub="{a.code} {league.sep} {b.code} ({start_k})",
        title=_VS + " Winner?", yes="Tie", is_exclusive=True,
        rules="If the {a.k} {league.sep} {b.k} {league.contest} originally scheduled for {start_k} "
        "ends level after 90 minutes plus stoppage time, then the market resolves to Yes.",
        rules2=_PUT_OFF,
    ),
    "total": KalshiForm(
        series="KX{league.k}TOTAL", event=_GAME, suffix="{line}",
        event_title=_VS + ": Total {league.unit}", title=_VS + ": Total {league.unit}",
        yes="Over {line} {league.unit} scored", strike="greater", floor="line",
        rules="If {a.k} and {b.k} together score more than {line} {league.unit} in the "
        "{league.contest} originally scheduled for {start_k}, then the market resolves to Yes.",
        rules2=_PUT_OFF,
    ),
    "spread": KalshiForm(
        series="KX{league.k}SPREAD", event=_GAME, suffix="{side.code}{line}",
        event_title=_VS + ": Spread", title="{side.k} wins by over {line} {league.unit}?",
        yes="{side.k} wins by over {line} {league.unit}", strike="greater", floor="line",
        rules="If {side.k} beats {other.k} by more than {line} {league.unit} in the "
        "{league.contest} originally scheduled for {start_k}, then the market resolves to Yes.",
        rules2=_PUT_OFF,
    ),
    "both_score": KalshiForm(
        series="KX{league.k}BTTS", event=_GAME, suffix="BTTS",
        event_title=_VS + ": Both Teams to Score", title=_VS + ": Both Teams to Score",
        yes="Both Teams to Score",
        rules="If {a.k} and {b.k} each score in the {league.contest} originally scheduled for "
        "{start_k}, then the market resolves to Yes.",
        rules2=_PUT_OFF,
    ),
    "half_win": KalshiForm(
        series="KX{league.k}1H", event=_GAME, suffix="{side.code}",
        event_title=_VS + ": First Half Winner?", title=_VS + ": First Half Winner?",
        yes="{side.k}", is_exclusive=True,
        rules="If {side.k} leads after the first half of the {a.k} {league.sep} {b.k} "
        "{league.contest} originally scheduled for {start_k}, then the market resolves to Yes.",
        rules2=_PUT_OFF,
    ),
    "match": KalshiForm(
        series="KX{league.k}MATCH", event=_MATCH, suffix="{side.code}",
        event_title="{a.short} vs {b.short}", event_sub="{city} ({start_k})",
        title="Will {side.k} win the {a.short} vs {b.short}: {stage} match?", yes="{side.k}",
        is_exclusive=True,
        rules="If {side.k} wins the {a.k} vs {b.k} tennis match in {city} after a ball has been "
        "played, then the market resolves to Yes.",
        rules2="A player who retires or is disqualified after the first ball has lost. Without a "
        "first ball the market settles at the last fair price.",
    ),
    "set_win": KalshiForm(
        series="KX{league.k}SETWINNER", event=_MATCH + "-{part}", suffix="{side.code}",
        event_title="{a.k} vs {b.k}: Set {part} Winner",
        title="Will {side.k} win set {part} in the {a.k} vs {b.k} match?", yes="{side.k}",
        is_exclusive=True,
        rules="If {side.k} wins set {part} of the {a.k} vs {b.k} tennis match in {city}, then the "
        "market resolves to Yes.",
    ),
    "series_win": KalshiForm(
        series="KX{game.k}GAME", event=_GAME, suffix="{side.code}",
        event_title="{a.k} vs. {b.k}", title="Will {side.k} win the {a.k} vs. {b.k} {game.short} "
        "match?", yes="{side.k}", is_exclusive=True,
        rules="If {side.k} wins the {a.k} vs. {b.k} {game.short} match originally scheduled for "
        "{start_k}, then the market resolves to Yes.",
    ),
    "map_win": KalshiForm(
        series="KX{game.k}MAP", event=_GAME + "-{part}", suffix="{side.code}",
        event_title="{a.k} vs. {b.k}: Map {part}",
        title="Will {side.k} win map {part} in the {a.k} vs. {b.k} match?", yes="{side.k}",
        is_exclusive=True,
        rules="If {side.k} wins map {part} of the {a.k} vs. {b.k} {game.short} match originally "
        "scheduled for {start_k}, then the market resolves to Yes.",
    ),
    "fight": KalshiForm(
        series="KXUFCFIGHT", event=_MATCH, suffix="{side.code}",
        event_title="{a.short} vs {b.short}",
        title="Will {side.k} win the {a.short} vs {b.short} professional MMA fight scheduled for "
        "{start_k}?", yes="{side.k}", is_exclusive=True,
        rules="If {side.k} is declared the winner of the {a.k} vs {b.k} MMA fight scheduled for "
        "{start_k}, then the market resolves to Yes.",
        rules2="A draw or a no contest settles at the last fair price.",
    ),
    "golf_win": KalshiForm(
        series="KXPGATOUR", event="{cup.code}{by_yy}", suffix="{who.code}",
        event_title="{cup.k} Winner?", title="Will {who.k} win the {cup.k}?", yes="{who.k}",
        is_exclusive=True,
        rules="If {who.k} wins the {by_year} {cup.k}, then the market resolves to Yes.",
    ),
    "golf_top": KalshiForm(
        series="KXPGATOP{top}", event="{cup.code}{by_yy}", suffix="{who.code}",
        event_title="{cup.k}: Top {top} Finishers",
        title="Will {who.k} finish in the top {top} of the {cup.k}?", yes="{who.k}",
        rules="If {who.k} ends the {by_year} {cup.k} in the top {top}, ties included, then the "
        "market resolves to Yes.",
    ),
    "golf_round": KalshiForm(
        series="KXPGAR{part}LEAD", event="{cup.code}{by_yy}", suffix="{who.code}",
        event_title="{cup.k} End of Round {part} Leader",
        title="Will {who.k} lead the {cup.k} at the end of round {part}?", yes="{who.k}",
        rules="If {who.k} leads the {by_year} {cup.k} after round {part}, then the market resolves "
        "to Yes.",
    ),
    "season_win": KalshiForm(
        series="KX{cup.code}LEAGUE", event="{by_yy}", suffix="{who.code}",
        event_title="{cup.k} Winner", title="Will {who.k} win the {by_year} {cup.k}?",
        yes="{who.k}", is_exclusive=True,
        rules="If {who.k} wins the {by_year} season of the {cup.k}, then the market resolves to "
        "Yes.",
    ),
    "player_points": KalshiForm(
        series="KXNBAPTS", event=_GAME, suffix="{who.code}{line}",
        event_title=_VS + ": Points", title="{who.k}: {line}+ points", yes="{who.k}: {line}+",
        strike="greater_or_equal", floor="line",
        rules="If {who.k} records {line} or more points in the {a.k} {league.sep} {b.k} "
        "{league.contest} originally scheduled for {start_k}, then the market resolves to Yes.",
    ),
    "legs": KalshiForm(
        series="KXMVESPORTSMULTIGAMEEXTENDED", event="S{start_year}{mark}", suffix="{mark2}",
        event_title="Combo", title="yes {a.k},yes {b.k},yes Over {line} {league.unit} scored",
        yes="yes {a.k},yes {b.k},yes Over {line} {league.unit} scored", rules="", strike="custom",
    ),
}  # fmt: skip
