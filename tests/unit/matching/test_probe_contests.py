"""One thing changed in a pair of contests that agree: nothing of it may pair."""

from typing import Any

import msgspec
import pytest

from tests.unit.matching.support import decided, kalshi, polymarket

BOS, IND = "Boston Celtics", "Indiana Pacers"
BASE: dict[str, tuple[Any, Any]] = {
    "game": (
        kalshi("KXNBAGAME-26MAY161310BOSIND-BOS", "Boston vs Indiana Winner?", "Boston",
               occurrence_time="2026-05-16T17:10:00Z"),
        polymarket(f"{BOS} vs. {IND}", (BOS, IND), slug="nba-bos-ind-2026-05-16",
                   game_start_time="2026-05-16 17:10:00+00", sports_market_type="moneyline"),
    ),
    "total": (
        kalshi("KXNBATOTAL-26MAY161310BOSIND-220", "Boston vs Indiana: Total Points",
               "Over 220.5 points", occurrence_time="2026-05-16T17:10:00Z",
               strike_type="greater", floor_strike=220.5),
        polymarket(f"{BOS} vs. {IND}: O/U 220.5", ("Over", "Under"), line=220.5,
                   slug="nba-bos-ind-2026-05-16-total-220pt5", sports_market_type="totals",
                   game_start_time="2026-05-16 17:10:00+00"),
    ),
    "spread": (
        kalshi("KXNBASPREAD-26MAY161310BOSIND-BOS4", "Boston vs Indiana: Spread",
               "Boston wins by over 4.5 points", occurrence_time="2026-05-16T17:10:00Z",
               strike_type="greater", floor_strike=4.5),
        polymarket(f"Spread: {BOS} (-4.5)", (BOS, IND), line=-4.5, sports_market_type="spreads",
                   slug="nba-bos-ind-2026-05-16-spread-away-4pt5", event_title=f"{BOS} vs. {IND}",
                   game_start_time="2026-05-16 17:10:00+00"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BASE)
def test_base_agrees(name: str) -> None:
    decision = decided(*BASE[name])
    assert decision.is_accepted, decision.reason


POLYMARKET = [
    ("game", {"sports_market_type": "first_half_moneyline"}),
    ("game", {"sports_market_type": "totals"}),
    ("game", {"sports_market_type": "points"}),
    ("game", {"slug": "nba-bos-ind-2026-05-16-1h-moneyline"}),
    ("game", {"slug": "nba-bos-ind-2026-05-16-series"}),
    ("game", {"question": f"{BOS} vs. {IND}: 1H Winner"}),
    ("game", {"question": f"{BOS} vs. {IND}1H Winner"}),
    ("game", {"question": f"{BOS} vs. {IND} - Game 5 Winner"}),
    ("game", {"question": f"{BOS} vs. {IND}: Regulation Time Winner"}),
    ("game", {"question": f"{BOS} vs. {IND}: Winner (Excluding Overtime)"}),
    ("game", {"question": f"{BOS} vs. {IND}: Double Chance"}),
    ("game", {"question": f"{BOS} vs. {IND}: Winning Margin"}),
    ("game", {"question": f"{BOS} vs. {IND}: Race to 20 Points"}),
    ("game", {"question": f"{BOS} vs. {IND} (WNBA)"}),
    ("game", {"question": f"NCAAMB: {BOS} vs. {IND}"}),
    ("game", {"question": f"NHL: {BOS} vs. {IND}"}),
    ("game", {"outcomes": (BOS, "Draw")}),
    ("game", {"event_title": f"{BOS} vs. {IND}: First Quarter"}),
    ("game", {"game_start_time": "2026-05-17 17:10:00+00", "slug": "nba-bos-ind-2026-05-17"}),
    ("total", {"sports_market_type": "first_half_totals"}),
    ("total", {"sports_market_type": "team_totals"}),
    ("total", {"slug": "nba-bos-ind-2026-05-16-1h-total-220pt5"}),
    ("total", {"slug": "nba-bos-ind-2026-05-16-team-total-boston-220pt5"}),
    ("total", {"question": f"{BOS} vs. {IND}: {BOS} O/U 220.5"}),
    ("total", {"question": f"{BOS} vs. {IND}: Team Total O/U 220.5"}),
    ("total", {"question": f"{BOS} vs. {IND}: O/U 220.5 Rebounds"}),
    ("total", {"question": f"{BOS} vs. {IND}: O/U 221.5", "line": 221.5}),
    ("total", {"event_title": f"{BOS} vs. {IND}: First Half"}),
    ("spread", {"question": f"Spread: {IND} (-4.5)"}),
    ("spread", {"question": f"Spread: {BOS} (+4.5)"}),
    ("spread", {"question": f"1H Spread: {BOS} (-4.5)"}),
    ("spread", {"sports_market_type": "first_half_spreads"}),
    ("spread", {"slug": "nba-bos-ind-2026-05-16-1h-spread-away-4pt5"}),
    ("spread", {"event_title": f"{BOS} vs. New York Knicks"}),
    ("spread", {"line": -5.5}),
]
KALSHI = [
    ("game", {"title": "Boston vs Indiana Winner (regulation)?"}),
    ("game", {"title": "Boston vs Indiana: Leader after 3 quarters"}),
    ("game", {"yes_sub_title": "Boston in overtime"}),
    ("game", {"yes_sub_title": "Boston wins in extra time"}),
    ("game", {"yes_sub_title": "Boston and over 220.5 points"}),
    ("game", {"ticker": "KXNBA1HWINNER-26MAY161310BOSIND-BOS"}),
    ("game", {"ticker": "KXNBASERIES-26MAY161310BOSIND-BOS"}),
    ("total", {"ticker": "KXNBA1HTOTAL-26MAY161310BOSIND-220"}),
    ("total", {"ticker": "KXNBATEAMTOTAL-26MAY161310BOSIND-BOS220"}),
    ("total", {"title": "Boston Total Points"}),
    ("total", {"title": "Boston vs Indiana: First Half Total Points"}),
    ("total", {"event_title": "Boston vs Indiana: Boston Total Points"}),
    ("total", {"yes_sub_title": "220.5 or fewer points", "strike_type": "less_or_equal",
               "floor_strike": None, "cap_strike": 220.5}),
    ("spread", {"title": "Boston vs Indiana: First Half Spread"}),
    ("spread", {"yes_sub_title": "Indiana wins by over 4.5 points"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "changes"), POLYMARKET, ids=str)
def test_changed_polymarket_side_is_rejected(name: str, changes: dict[str, Any]) -> None:
    left, right = BASE[name]
    decision = decided(left, msgspec.structs.replace(right, **changes))
    assert not decision.is_accepted
    assert decision.reason


@pytest.mark.parametrize(("name", "changes"), KALSHI, ids=str)
def test_changed_kalshi_side_is_rejected(name: str, changes: dict[str, Any]) -> None:
    left, right = BASE[name]
    decision = decided(msgspec.structs.replace(left, **changes), right)
    assert not decision.is_accepted
    assert decision.reason


@pytest.mark.parametrize("names", [("Hurricanes", "Rangers"), ("Avalanche", "Lightning")])
def test_team_called_like_the_weather_is_a_team(names: tuple[str, str]) -> None:
    cities = {
        "Hurricanes": "Carolina",
        "Rangers": "New York R",
        "Avalanche": "Colorado",
        "Lightning": "Tampa Bay",
    }
    left = kalshi("KXNHLGAME-26MAY161310AAABBB-AAA", f"{cities[names[0]]} vs {cities[names[1]]} Winner?",
                  cities[names[0]], occurrence_time="2026-05-16T17:10:00Z")  # fmt: skip
    right = polymarket(f"{names[0]} vs. {names[1]}", names, slug="nhl-aaa-bbb-2026-05-16",
                       game_start_time="2026-05-16 17:10:00+00", sports_market_type="moneyline")  # fmt: skip
    assert decided(left, right).is_accepted
    title = f"Will the {names[0]} win the 2026 Stanley Cup?"
    assert decided(kalshi("KXNHL-26-AAA", title), polymarket(title)).is_accepted


@pytest.mark.parametrize(
    "title", ["Rain vs. snow in Boston?", "Bitcoin vs. Gold: which is above $5,000?"]
)
def test_weather_and_prices_in_the_form_of_a_game_stay_denied(title: str) -> None:
    decision = decided(kalshi("KXRAIN-26MAY16", title, "Rain"), polymarket(title, ("Rain", "Snow")))
    assert not decision.is_accepted
