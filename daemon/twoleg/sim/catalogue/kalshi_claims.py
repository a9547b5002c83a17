"""Kalshi's texts of elections, offices, companies, works and figures, written in this project."""

from collections.abc import Mapping
from typing import Final

from twoleg.sim.catalogue.draft import KalshiForm

_ELECTIONS, _POLITICS, _COMPANIES = "Elections", "Politics", "Companies"
_CULTURE, _ECONOMICS, _CRYPTO = "Entertainment", "Economics", "Crypto"

KALSHI_CLAIMS: Final[Mapping[str, KalshiForm]] = {
    "house": KalshiForm(
        series="KXHOUSERACE", event="{code}-{yy}", suffix="{party[0]}", category=_ELECTIONS,
        event_title="{seat} House winner?", title="Will {party} win the House race for {seat}?",
        yes="{party} party", is_exclusive=True,
        rules="If a representative of the {party} party is sworn in for {seat} for the term that "
        "begins in {term}, then the market resolves to Yes.",
    ),
    "state_race": KalshiForm(
        series="KX{office_code}{code}", event="{yy}", suffix="{party[0]}", category=_ELECTIONS,
        event_title="{state} {office} winner? ({year})",
        title="Will {nouns} win the {office} race in {state}?", yes="{party} party",
        is_exclusive=True,
        rules="If the {party} candidate wins the {year} election for {office} in {state}, then the "
        "market resolves to Yes.",
    ),
    "nominee": KalshiForm(
        series="KX{office_code}{code}NOM{party[0]}", event="{yy}", suffix="{who.code}",
        category=_ELECTIONS, event_title="{party} nominee for {office} in {state}? ({year})",
        title="Will {who.k} be the {party} nominee for {office} in {state}?", yes="{who.k}",
        is_exclusive=True,
        rules="If {who.k} is the {party} nominee in the {year} election for {office} in {state}, "
        "then the market resolves to Yes.",
    ),
    "runs_state": KalshiForm(
        series="KX{office_code}{code}RUN", event="{yy}", suffix="{who.code}", category=_ELECTIONS,
        event_title="Who will run for {office} in {state}?",
        title="Will {who.k} announce a run for {office} in {state} before {by_k}?", yes="{who.k}",
        rules="If {who.k} announces a candidacy for {office} in {state} before {by_k}, then the "
        "market resolves to Yes.",
    ),
    "pres_nominee": KalshiForm(
        series="KXPRESNOM{party[0]}", event="{yy}{mark}", suffix="{who.code}", category=_ELECTIONS,
        event_title="{year} {party} presidential nominee",
        title="Will {who.k} be the {party} Presidential nominee in {year}?", yes="{who.k}",
        is_exclusive=True,
        rules="If {who.k} accepts the {party} Party's nomination for President in {year}, then "
        "the market resolves to Yes.",
    ),
    "president": KalshiForm(
        series="KXPRESPERSON", event="{yy}{mark}", suffix="{who.code}", category=_ELECTIONS,
        event_title="Who will win the next presidential election?",
        title="Will {who.k} win the {year} US presidential election?", yes="{who.k}",
        is_exclusive=True,
        rules="If {who.k} is inaugurated as President for the term that begins in January {term}, "
        "then the market resolves to Yes.",
    ),
    "runs_president": KalshiForm(
        series="KX{year}{party[0]}RUN", event="{yy}{mark}", suffix="{who.code}",
        category=_ELECTIONS,
        event_title="Who will run for the {party} presidential nomination in {year}?",
        title="Will {who.k} run for the {party} presidential nomination in {year}?",
        yes="{who.k}",
        rules="If {who.k} announces a run for the {party} nomination for President before "
        "{by_k}, then the market resolves to Yes.",
    ),
    "first_to_announce": KalshiForm(
        series="KXFIRSTANNOUNCE{party[0]}", event="{yy}{mark}", suffix="{who.code}",
        category=_ELECTIONS,
        event_title="Who will be the first {party} to announce a {year} presidential run?",
        title="Will {who.k} be the first {party} to announce a {year} presidential run?",
        yes="{who.k}", is_exclusive=True,
        rules="If {who.k} announces a run for President before any other listed {party}, then the "
        "market resolves to Yes.",
    ),
    "primary_first": KalshiForm(
        series="KX{region}PRIMARY", event="{code}FIRST{yy}", suffix="{who.code}",
        category=_ELECTIONS, event_title="{seat} primary: first place",
        title="Will {who.k} place first in the {year} {seat} primary?", yes="{who.k}",
        is_exclusive=True,
        rules="If {who.k} receives the most votes in the {year} {seat} primary, then the market "
        "resolves to Yes.",
    ),
    "primary_advance": KalshiForm(
        series="KX{region}ADVANCE", event="{code}ADV{yy}", suffix="{who.code}",
        category=_ELECTIONS, event_title="{seat} primary: who advances?",
        title="Will {who.k} advance from the {seat} primary?", yes="{who.k}",
        rules="If {who.k} is one of the two candidates who advance from the {year} {seat} primary, "
        "then the market resolves to Yes.",
    ),
    "next_leader": KalshiForm(
        series="KXNEXT{code}{office_code}", event="{by_code}", suffix="{who.code}",
        category=_POLITICS, event_title="Next {office} of {state}?",
        title="Will {who.k} be the next {office} of {state}?", yes="{who.k}", is_exclusive=True,
        rules="If {who.k} is the first person other than the incumbent to take office as {office} "
        "of {state} before {by_k}, then the market resolves to Yes.",
    ),
    "next_out": KalshiForm(
        series="KXLEADERSOUT", event="{by_code}{mark}", suffix="{who.code}", category=_POLITICS,
        event_title="Which leader will leave office next?",
        title="Will {who.k} leave office next in this set?", yes="{who.k}", is_exclusive=True,
        rules="If {who.k} ceases to be {office} of {state} before any other leader of the set does "
        "and before {by_k}, then the market resolves to Yes.",
    ),
    "out_by": KalshiForm(
        series="KX{code}{office_code}OUT", event="{who.code}{by_code}", suffix="",
        category=_POLITICS,
        event_title="{who.k} out as {office}?",
        title="{who.k} out as {office} of {state} before {by_k}?", yes="Before {by_k}",
        rules="If {who.k} leaves office as {office} of {state} before {by_k}, then the market "
        "resolves to Yes.",
        rules2="If {who.short} leaves solely because of death, the market settles at the last fair "
        "price before the death.",
    ),
    "rate": KalshiForm(
        series="KX{bank_code}DECISION", event="{yy}{month_code}", suffix="{move_code}",
        category=_ECONOMICS, event_title="{bank_k} decision in {month} {year}?",
        title="Will the {bank_k} {move_k} at their {month} {year} meeting?", yes="{yes_k}",
        is_exclusive=True, strike="custom",
        rules="If the {bank_k} does a {yes_k} at its {month} {year} meeting, then the market "
        "resolves to Yes.",
    ),
    "ipo_by": KalshiForm(
        series="KXIPO{who.code}", event="{by_code}", suffix="", category=_COMPANIES,
        event_title="When will {who.k} IPO?", title="Will {who.k} IPO before {by_k}?",
        yes="Before {by_k}",
        rules="If shares of {who.k} begin to trade on a public exchange before {by_k}, then the "
        "market resolves to Yes.",
    ),
    "ipo_announced": KalshiForm(
        series="KXIPOANN{who.code}", event="{by_code}", suffix="", category=_COMPANIES,
        event_title="When will {who.k} officially announce an IPO?",
        title="Will {who.k} officially announce an IPO before {by_k}?", yes="Before {by_k}",
        rules="If {who.k} files or announces its intention of an initial public offering before "
        "{by_k}, then the market resolves to Yes.",
    ),
    "ipo_first": KalshiForm(
        series="KXIPOFIRST", event="{a.code}{b.code}", suffix="{side.code}", category=_COMPANIES,
        event_title="Will {a.k} or {b.k} IPO first?", title="Will {a.k} or {b.k} IPO first?",
        yes="{side.k}", is_exclusive=True,
        rules="If {side.k} confirms an IPO before {other.k} does and before {by_k}, then the "
        "market resolves to Yes.",
    ),
    "acquired": KalshiForm(
        series="KXACQUIRE{who.code}", event="{by_code}", suffix="ANN", category=_COMPANIES,
        event_title="Will {who.k} be acquired?",
        title="Will an acquisition of {who.k} be announced before {by_k}?",
        yes="Announced before {by_k}",
        rules="If a definitive agreement to acquire {who.k} is announced before {by_k}, then the "
        "market resolves to Yes.",
    ),
    "release": KalshiForm(
        series="KXRELEASE{who.code}", event="{by_code}", suffix="", category=_CULTURE,
        event_title='When will "{who.k}" be released?',
        title='Will "{who.k}" be released before {by_k}?', yes="Before {by_k}",
        rules='If "{who.k}" is released in theaters in the United States before {by_k}, then the '
        "market resolves to Yes.",
    ),
    "score_over": KalshiForm(
        series="KXRT", event="{who.code}{mark}", suffix="{line}", category=_CULTURE,
        event_title='"{who.k}" Rotten Tomatoes score?', title='"{who.k}" Rotten Tomatoes score?',
        yes="Above {line}", strike="greater", floor="line",
        rules='If the Tomatometer of "{who.k}" is above {line} at 10:00 AM ET on {by_k}, then the '
        "market resolves to Yes.",
    ),
    "count_least": KalshiForm(
        series="KXLAUNCH{who.code}", event="{yy}", suffix="{low}",
        category="Science and Technology",
        event_title="How many launches will {who.k} have in {year}?",
        title="Will {who.k} have at least {low} launches in {year}?", yes="At least {low}",
        strike="greater_or_equal", floor="low",
        rules="If {who.k} completes at least {low} orbital launches in {year}, then the market "
        "resolves to Yes.",
    ),
    "count_between": KalshiForm(
        series="KXLAUNCHRANGE{who.code}", event="{yy}", suffix="B{low}",
        category="Science and Technology",
        event_title="Launches of {who.k} in {year}?",
        title="Will {who.k} have between {low} and {high} launches in {year}?",
        yes="{low} to {high}", strike="between", floor="low", cap="high", is_exclusive=True,
        rules="If {who.k} completes from {low} to {high} orbital launches in {year}, both "
        "included, then the market resolves to Yes.",
    ),
    "coin_above": KalshiForm(
        series="KX{coin}D", event="{start_code}{start_hh}", suffix="T{strike}", category=_CRYPTO,
        event_title="{coin_name} price on {start_k} at {start_hour} EDT?",
        title="{coin_name} price on {start_k} at {start_hour} EDT?", yes="${line_text} or above",
        strike="greater", floor="strike",
        rules="If the average of the CF Benchmarks real time index for {coin} over the minute "
        "before {start_hour} EDT on {start_k} is above {strike}, then the market resolves to Yes.",
    ),
    "high_between": KalshiForm(
        series="KXHIGH{city_code}", event="{start_code}", suffix="B{middle}",
        category="Climate and Weather",
        event_title="Highest temperature in {city} on {start_k}?",
        title="Will the high temp in {city} be {low}-{high}° on {start_k}?",
        yes="{low}° to {high}°", strike="between", floor="low", cap="high", is_exclusive=True,
        rules="If the highest temperature recorded at {station} on {start_k}, as reported by the "
        "climate report of the National Weather Service, is between {low}-{high}°, then the market "
        "resolves to Yes.",
    ),
    "award": KalshiForm(
        series="KX{cup.code}AWARD", event="{yy}", suffix="{who.code}", category=_CULTURE,
        event_title="{cup.k} Award for Best Actor? ({year})",
        title="Will {who.k} win Best Actor at the {year} {cup.k} Awards?", yes="{who.k}",
        is_exclusive=True,
        rules="If {who.k} wins the award for Best Actor at the {year} {cup.k} Awards, then the "
        "market resolves to Yes.",
    ),
    "law": KalshiForm(
        series="KXLAW{who.code}", event="{by_code}", suffix="", category=_POLITICS,
        event_title="Will the {who.short} Act become law?",
        title="Will the {who.short} Act become law before {by_k}?", yes="Before {by_k}",
        rules="If the {who.short} Act becomes law before {by_k}, then the market resolves to Yes.",
    ),
    "shutdown": KalshiForm(
        series="KXSHUTDOWN{code}", event="{by_code}", suffix="", category=_POLITICS,
        event_title="{state} government shutdown?",
        title="Will the {state} government shut down before {by_k}?", yes="Before {by_k}",
        rules="If the government of {state} shuts down because of a lapse in appropriations before "
        "{by_k}, then the market resolves to Yes.",
    ),
    "mention": KalshiForm(
        series="KXMENTION{who.code}", event="{by_code}", suffix="{word[0]}{mark}",
        category="Mentions",
        event_title="What will {who.k} say during the {city} address?",
        title="What will {who.k} say during the {city} address?", yes="{word}",
        rules="If {who.k} says {word} during the {city} address scheduled for {by_last_k}, then "
        "the market resolves to Yes.",
    ),
    "song": KalshiForm(
        series="KXTOPSONG", event="{by_code}{mark}", suffix="{who.code}", category=_CULTURE,
        event_title="#1 song on the week of {by_k}?",
        title="Will {who.k} have the #1 song on the week of {by_k}?", yes="{who.k}",
        is_exclusive=True,
        rules="If {who.k} has the first song of the chart dated {by_k}, then the market resolves "
        "to Yes.",
    ),
    "approval": KalshiForm(
        series="KXAPPROVE{who.code}", event="{by_code}", suffix="{line}", category=_POLITICS,
        event_title="Approval of {who.k} on {by_k}?",
        title="Will the approval of {who.k} be above {line}% on {by_k}?", yes="Above {line}%",
        strike="greater", floor="line",
        rules="If the average approval of {who.k} is above {line}% on {by_k}, then the market "
        "resolves to Yes.",
    ),
}  # fmt: skip
