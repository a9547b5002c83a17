"""Polymarket's texts of contests and tournaments, written in this project for its shapes."""

from collections.abc import Mapping
from typing import Final

from twoleg.sim.catalogue.draft import PolymarketForm

_GAME = "{league.p}-{x.code}-{y.code}-{start_iso}"
_MATCH = "{league.p}-{x.short}-{y.short}-{start_utc}"
_ESPORT = "{game.p}-{x.code}-{y.code}-{start_utc}"
_VS = "{x.p} vs. {y.p}"
_TAIL = (
    "\n\nIf the game is put off, this market stays open until it has been played. If it is called "
    "off for good, this market resolves 50-50."
)
_INTRO = "In the upcoming {league.sport} game, scheduled for {start_p} at {start_time}:\n"
_ESPORT_TITLE = "{game.label}: {x.p} vs {y.p} (BO3) - {city} Masters Group Stage"

POLYMARKET_SPORTS: Final[Mapping[str, PolymarketForm]] = {
    "moneyline": PolymarketForm(
        event=_GAME, event_title=_VS, slug=_GAME, question=_VS,
        labels=("{x.p}", "{y.p}"), second="other", sports_type="moneyline",
        rules=_INTRO + 'If {x.p} win, this market resolves to "{x.p}". If {y.p} win, it resolves '
        'to "{y.p}". Overtime counts.' + _TAIL,
    ),
    "win": PolymarketForm(
        event=_GAME, event_title=_VS, slug=_GAME + "-{side.code}",
        question="Will {side.p} win on {start_iso}?", group="{side.p}", sports_type="moneyline",
        is_neg_risk=True,
        rules=_INTRO + 'If {side.p} win, this market resolves to "Yes". Otherwise it resolves to '
        '"No". Only 90 minutes and stoppage time count.' + _TAIL,
    ),
    "draw": PolymarketForm(
        event=_GAME, event_title=_VS, slug=_GAME + "-draw",
        question="Will {x.p} vs. {y.p} end in a draw?", group="Draw ({x.p} vs. {y.p})",
        sports_type="moneyline", is_neg_risk=True,
        rules=_INTRO + 'If the game ends level, this market resolves to "Yes". Only 90 minutes and '
        "stoppage time count." + _TAIL,
    ),
    "total": PolymarketForm(
        event=_GAME + "-more-markets", event_title=_VS + " - More Markets",
        slug=_GAME + "-total-{line}", question=_VS + ": O/U {line}", group="O/U {line}",
        labels=("Over", "Under"), sports_type="totals", line="line",
        rules=_INTRO + 'This market resolves to "Over" if both sides together score more than '
        '{line} {league.unit}, else to "Under".' + _TAIL,
    ),
    "spread": PolymarketForm(
        event=_GAME + "-more-markets", event_title=_VS + " - More Markets",
        slug=_GAME + "-spread-{side.code}-{line}", question="Spread: {side.p} (-{line})",
        group="Spread -{line}", labels=("{side.p}", "{other.p}"), sports_type="spreads",
        line="-line",
        rules=_INTRO + 'This market resolves to "{side.p}" if {side.p} win by more than {line} '
        '{league.unit}, else to "{other.p}".' + _TAIL,
    ),
    "both_score": PolymarketForm(
        event=_GAME + "-more-markets", event_title=_VS + " - More Markets", slug=_GAME + "-btts",
        question=_VS + ": Both Teams to Score", group="Both Teams to Score",
        sports_type="both_teams_to_score",
        rules=_INTRO + 'This market resolves to "Yes" if each side scores at least once.' + _TAIL,
    ),
    "half_win": PolymarketForm(
        event=_GAME + "-halftime-result", event_title=_VS + " - Halftime Result",
        slug=_GAME + "-halftime-result-{side.code}", question="{side.p} leading at halftime?",
        group="{side.p}", sports_type="soccer_halftime_result", is_neg_risk=True,
        rules=_INTRO + 'This market resolves to "Yes" if {side.p} lead at halftime.' + _TAIL,
    ),
    "exact": PolymarketForm(
        event=_GAME + "-exact-score", event_title=_VS + " - Exact Score",
        slug=_GAME + "-exact-score-{score}", question="Exact Score: {x.p} {score} {y.p}?",
        group="{score}", sports_type="soccer_exact_score", is_neg_risk=True,
        rules=_INTRO + 'This market resolves to "Yes" if the score after 90 minutes and stoppage '
        "time is {x.p} {score} {y.p}." + _TAIL,
    ),
    "match": PolymarketForm(
        event=_MATCH, event_title="{city}: {x.p} vs {y.p}", slug=_MATCH,
        question="{city}: {x.p} vs {y.p}", labels=("{x.short}", "{y.short}"), second="other",
        sports_type="moneyline",
        rules="This market is about the tennis match between {x.p} and {y.p} in {city}, scheduled "
        "for {start_p}. It resolves to the player who advances. If the match is not begun within "
        "seven days, it resolves 50-50.",
    ),
    "set_win": PolymarketForm(
        event=_MATCH, event_title="{city}: {x.p} vs {y.p}",
        slug=_MATCH + "-set-{part}-winner", question="Set {part} Winner: {x.short} vs {y.short}",
        group="Set {part} Winner", labels=("{x.short}", "{y.short}"), second="other",
        sports_type="tennis_set_winner",
        rules="This market resolves to the player who wins set {part} of the match between {x.p} "
        "and {y.p} in {city}, scheduled for {start_p}. Without a completed set {part} it resolves "
        "50-50.",
    ),
    "completed": PolymarketForm(
        event=_MATCH, event_title="{city}: {x.p} vs {y.p}", slug=_MATCH + "-completed-match",
        question="{city}: Completed Match: {x.p} vs {y.p}", group="Completed Match",
        sports_type="tennis_completed_match",
        rules='This market resolves to "Yes" if the match between {x.p} and {y.p} is played to its '
        "end, without a retirement or a walkover.",
    ),
    "series_win": PolymarketForm(
        event=_ESPORT, event_title=_ESPORT_TITLE, slug=_ESPORT, question=_ESPORT_TITLE,
        labels=("{x.p}", "{y.p}"), second="other", sports_type="moneyline",
        rules="This market is about the {game.label} match between {x.p} and {y.p}, scheduled for "
        "{start_p} at {start_time}. It resolves to the team that wins the match.",
    ),
    "map_win": PolymarketForm(
        event=_ESPORT, event_title=_ESPORT_TITLE, slug=_ESPORT + "-game{part}",
        question="{game.label}: {x.p} vs {y.p} - {game.part} {part} Winner",
        group="{game.part} {part} Winner", labels=("{x.p}", "{y.p}"), second="other",
        sports_type="child_moneyline",
        rules="This market is about {game.part} {part} of the {game.label} match between {x.p} and "
        "{y.p}, scheduled for {start_p}. It resolves to the team that wins it.",
    ),
    "fight": PolymarketForm(
        event="ufc-{x.short}-{y.short}-{start_iso}",
        event_title="UFC Fight Night: {x.p} vs. {y.p} (Lightweight, Main Card)",
        slug="ufc-{x.short}-{y.short}-{start_iso}",
        question="UFC Fight Night: {x.p} vs. {y.p} (Lightweight, Main Card)",
        labels=("{x.p}", "{y.p}"), second="other", sports_type="moneyline",
        rules="This market is about the fight between {x.p} and {y.p} on {start_p}. It resolves to "
        "the winner; a draw or a no contest resolves 50-50.",
    ),
    "fight_ko": PolymarketForm(
        event="ufc-{x.short}-{y.short}-{start_iso}",
        event_title="UFC Fight Night: {x.p} vs. {y.p} (Lightweight, Main Card)",
        slug="ufc-{x.short}-{y.short}-{start_iso}-ko-{side.code}",
        question="Will {side.p} win by KO or TKO?", group="{side.p} by KO/TKO",
        sports_type="ufc_method_of_victory",
        rules='This market resolves to "Yes" if {side.p} beat {other.p} on {start_p} by a '
        "knockout or technical knockout.",
    ),
    "fight_distance": PolymarketForm(
        event="ufc-{x.short}-{y.short}-{start_iso}",
        event_title="UFC Fight Night: {x.p} vs. {y.p} (Lightweight, Main Card)",
        slug="ufc-{x.short}-{y.short}-{start_iso}-go-the-distance",
        question="{x.p} vs. {y.p}: Fight to Go the Distance?", group="Go the Distance",
        sports_type="ufc_go_the_distance",
        rules='This market resolves to "Yes" if all scheduled rounds of the fight on {start_p} are '
        "fought.",
    ),
    "golf_win": PolymarketForm(
        event="{by_year}-{cup.p}-winner", event_title="{by_year} {cup.p} Winner",
        slug="{by_year}-{cup.p}-winner-{who.p}", question="Will {who.p} win the {by_year} {cup.p}?",
        group="{who.p}", is_neg_risk=True,
        rules='This market resolves to "Yes" if {who.p} wins the {by_year} {cup.p}.',
    ),
    "golf_top": PolymarketForm(
        event="{by_year}-{cup.p}-top{top}", event_title="{by_year} {cup.p}: Top {top}",
        slug="{by_year}-{cup.p}-top{top}-{who.p}",
        question="Will {who.p} finish in the Top {top} at the {by_year} {cup.p}?", group="{who.p}",
        rules='This market resolves to "Yes" if {who.p} ends the {by_year} {cup.p} in the top '
        "{top}. Ties count.",
    ),
    "season_win": PolymarketForm(
        event="{by_year}-{cup.p}", event_title="{by_year} {cup.p} Winner",
        slug="will-{who.p}-win-the-{by_year}-{cup.p}",
        question="Will {who.p} win the {by_year} {cup.p}?", group="{who.p}", is_neg_risk=True,
        rules='This market resolves to "Yes" if {who.p} wins the {by_year} season of the {cup.p}.',
    ),
    "player_points": PolymarketForm(
        event="nba-props-{who.p}-{start_iso}", event_title="{city} Invitational: Player Points",
        slug="nba-{who.p}-points-{line}-{start_iso}", question="{who.p}: Points O/U {line}",
        group="Points O/U {line}", sports_type="points", line="line",
        rules='This market resolves to "Yes" if {who.p} records more than {line} points in the '
        "game scheduled for {start_p}.",
    ),
}  # fmt: skip
