"""Polymarket's texts of elections, offices, companies, works and figures, of this project."""

from collections.abc import Mapping
from typing import Final

from twoleg.sim.catalogue.draft import PolymarketForm

_POLITICS, _CULTURE, _TECH = "Politics", "Culture", "Tech"
_SOURCE = "\n\nThe resolution source is a consensus of credible reporting."
_BY = "by {by_last_py}, 11:59 PM ET"
_YES = 'This market will resolve to "Yes" if '
_ELSE = '. Otherwise, it will resolve to "No".'

POLYMARKET_CLAIMS: Final[Mapping[str, PolymarketForm]] = {
    "house": PolymarketForm(
        event="{seat}-house-election-winner-{year}", event_title="{seat} House Election Winner",
        slug="will-the-{party}-party-win-the-{seat}-house-seat-{year}",
        question="Will the {party} Party win the {seat} House seat?", group="{party} Party",
        category=_POLITICS, is_neg_risk=True,
        rules="This market resolves by the party of whoever wins the seat of {seat} in the U.S. "
        "House of Representatives in the {year} elections." + _SOURCE,
    ),
    "state_race": PolymarketForm(
        event="{state}-{office}-election-winner-{year}",
        event_title="{state} {office} Election Winner {year}",
        slug="will-the-{nouns}-win-the-{state}-{office}-race-in-{year}",
        question="Will the {nouns} win the {state} {office} race in {year}?",
        group="{party}", category=_POLITICS, is_neg_risk=True,
        rules=_YES + "the {party} Party's candidate wins the {year} election for {office} of "
        "{state}" + _ELSE + _SOURCE,
    ),
    "nominee": PolymarketForm(
        event="{state}-{office}-{party}-nominee-{year}",
        event_title="{state} {office} {party} Nominee {year}",
        slug="will-{who.p}-be-the-{party}-nominee-for-{office}-in-{state}-{year}",
        question="Will {who.p} be the {party} nominee for {office} of {state} in {year}?",
        group="{who.p}", category=_POLITICS, is_neg_risk=True,
        rules=_YES + "{who.p} is the {party} Party's nominee for {office} of {state} in the {year} "
        "election" + _ELSE + _SOURCE,
    ),
    "runs_state": PolymarketForm(
        event="who-will-run-for-{office}-of-{state}-{year}",
        event_title="Who will run for {office} of {state}?",
        slug="will-{who.p}-run-for-{office}-of-{state}-by-{by_last_py}",
        question="Will {who.p} announce a run for {office} of {state} by {by_last_py}?",
        group="{who.p}",
        category=_POLITICS,
        rules=_YES + "{who.p} announces a candidacy for {office} of {state} " + _BY + _ELSE,
    ),
    "pres_nominee": PolymarketForm(
        event="{party}-presidential-nominee-{year}-{mark}",
        event_title="{party} Presidential Nominee {year}",
        slug="will-{who.p}-win-the-{year}-{party}-presidential-nomination",
        question="Will {who.p} win the {year} {party} presidential nomination?", group="{who.p}",
        category=_POLITICS, is_neg_risk=True,
        rules=_YES + "{who.p} wins and accepts the {party} Party's nomination for President in "
        "{year}" + _ELSE + _SOURCE,
    ),
    "president": PolymarketForm(
        event="presidential-election-winner-{year}-{mark}",
        event_title="Presidential Election Winner {year}",
        slug="will-{who.p}-win-the-{year}-us-presidential-election",
        question="Will {who.p} win the {year} US Presidential Election?", group="{who.p}",
        category=_POLITICS, is_neg_risk=True,
        rules=_YES + "{who.p} wins the {year} presidential election of the United States" + _ELSE,
    ),
    "primary_advance": PolymarketForm(
        event="{seat}-primary-who-advances-{year}", event_title="{seat} Primary: Who advances?",
        slug="will-{who.p}-advance-from-the-{seat}-primary-{year}",
        question="Will {who.p} advance from the {seat} primary election?", group="{who.p}",
        category=_POLITICS,
        rules=_YES + "{who.p} is among the two candidates of the {year} {seat} primary who advance "
        "to the general election" + _ELSE,
    ),
    "next_leader": PolymarketForm(
        event="next-{office}-of-{state}-{by_last_year}", event_title="Next {office} of {state}?",
        slug="will-the-next-{office}-of-{state}-be-{who.p}",
        question="Will the next {office} of {state} be {who.p}?", group="{who.p}",
        category=_POLITICS, is_neg_risk=True,
        rules=_YES + "{who.p} is the next person, other than the present one, who takes office as "
        "{office} of {state} " + _BY + _ELSE + _SOURCE,
    ),
    "out_by": PolymarketForm(
        event="{who.p}-out-as-{office}-of-{state}",
        event_title="{who.p} out as {office} of {state} by...?",
        slug="{who.p}-out-as-{office}-of-{state}-by-{by_last_py}",
        question="{who.p} out as {office} of {state} by {by_last_py}?", group="{by_last_p}",
        category=_POLITICS,
        rules=_YES + "{who.p} ceases to be {office} of {state} for any reason " + _BY + _ELSE,
    ),
    "out_in": PolymarketForm(
        event="{who.p}-out-in-{by_last_year}", event_title="{who.p} out in {by_last_year}?",
        slug="{who.p}-out-in-{by_last_year}", question="{who.p} out in {by_last_year}?",
        category=_POLITICS,
        rules=_YES + "{who.p} ceases to be {office} of {state} for any reason " + _BY + _ELSE,
    ),
    "rate": PolymarketForm(
        event="{bank_p}-decision-in-{month}-{year}",
        event_title="{bank_p} decision in {month} {year}?",
        slug="{bank_p}-{move_p}-after-{month}-{year}-meeting",
        question="{bank_p} {move_p} after {month} {year} meeting?", group="{group_p}",
        category="Economics", is_neg_risk=True,
        rules="This market resolves by the change of the policy rate that the {board} of the "
        "{bank_k} decides at its meeting of {month} {year}." + _SOURCE,
    ),
    "cuts_in_year": PolymarketForm(
        event="how-many-{bank_p}-rate-cuts-in-{year}-{count}",
        event_title="How many {bank_p} rate cuts in {year}?",
        slug="will-{count}-{bank_p}-rate-cuts-happen-in-{year}",
        question="Will {count} {bank_p} rate cuts happen in {year}?", group="{count}",
        category="Economics", is_neg_risk=True,
        rules="This market resolves by the exact number of cuts of 25 basis points by the "
        "{bank_k} in {year}." + _SOURCE,
    ),
    "ipo_by": PolymarketForm(
        event="{who.p}-ipo-by", event_title="{who.p} IPO by...?",
        slug="will-{who.p}-ipo-by-{by_last_py}",
        question="Will {who.p} IPO by {by_last_py}?", group="{by_last_py}", category=_TECH,
        rules=_YES + "shares of {who.p} begin to trade on a public exchange " + _BY + _ELSE,
    ),
    "acquisition_done": PolymarketForm(
        event="{who.p}-acquisition-completed", event_title="{who.p} acquisition completed by...?",
        slug="{who.p}-acquisition-completed-by-{by_last_py}",
        question="Will an acquisition of {who.p} be completed by {by_last_py}?",
        group="{by_last_py}", category=_TECH,
        rules=_YES + "an acquisition of {who.p} closes " + _BY + _ELSE,
    ),
    "acquired": PolymarketForm(
        event="{who.p}-acquisition-announced", event_title="{who.p} acquisition announced by...?",
        slug="{who.p}-acquisition-announced-by-{by_last_py}",
        question="Will an acquisition of {who.p} be announced by {by_last_py}?",
        group="{by_last_py}", category=_TECH,
        rules=_YES + "a definitive agreement to acquire {who.p} is announced " + _BY + _ELSE,
    ),
    "release": PolymarketForm(
        event="when-will-{who.p}-be-released", event_title='When will "{who.p}" be released?',
        slug="will-{who.p}-be-released-by-{by_last_py}",
        question='Will "{who.p}" be released by {by_last_py}?', group="{by_last_py}",
        category=_CULTURE,
        rules=_YES + '"{who.p}" is released in theaters in the United States ' + _BY + _ELSE,
    ),
    "access": PolymarketForm(
        event="early-access-{who.p}", event_title='"{who.p}" early access by...?',
        slug="will-{who.p}-be-available-in-early-access-by-{by_last_py}",
        question='Will "{who.p}" be available in early access by {by_last_py}?',
        group="{by_last_py}", category=_CULTURE,
        rules=_YES + '"{who.p}" can be seen in early access screenings ' + _BY + _ELSE,
    ),
    "score_least": PolymarketForm(
        event="{who.p}-rotten-tomatoes-score", event_title='"{who.p}" Rotten Tomatoes score?',
        slug="will-{who.p}-score-at-least-{line}-on-the-tomatometer",
        question='Will "{who.p}" score at least {line} on the Rotten Tomatoes Tomatometer?',
        group="{line}+", category=_CULTURE,
        rules=_YES + 'the Tomatometer of "{who.p}" is {line} or higher on {by_py} at 10:00 AM ET'
        + _ELSE,
    ),
    "count_least": PolymarketForm(
        event="{who.p}-launches-at-least-{year}",
        event_title="{who.p} launches in {year}: at least...?",
        slug="will-{who.p}-have-at-least-{low}-launches-in-{year}",
        question="Will {who.p} have at least {low} launches in {year}?", group="{low}+",
        category=_TECH,
        rules=_YES + "{who.p} completes {low} or more orbital launches in {year}" + _ELSE,
    ),
    "count_between": PolymarketForm(
        event="how-many-launches-will-{who.p}-have-in-{year}",
        event_title="How many launches will {who.p} have in {year}?",
        slug="will-{who.p}-have-between-{low}-{high}-launches-in-{year}",
        question="Will {who.p} have between {low}-{high} launches in {year}?",
        group="{low}-{high}", category=_TECH, is_neg_risk=True,
        rules=_YES + "{who.p} completes between {low} and {high} (inclusive) orbital launches in "
        "{year}" + _ELSE,
    ),
    "coin_candle": PolymarketForm(
        event="{coin_name}-above-on-{start_p}-{start_hour}-et",
        event_title="{coin_name} above ___ on {start_p}, {start_hour} ET?",
        slug="{coin_name}-above-{line}-on-{start_py}-{start_hour}-et",
        question="{coin_name} above {line_text} on {start_p}, {start_hour} ET?",
        group="{line_text}", category="Crypto",
        rules=_YES + "the one minute candle of {coin}/USDT on Binance for {start_hour} ET on "
        "{start_py} closes above {line_text}" + _ELSE,
    ),
    "high_bracket": PolymarketForm(
        event="highest-temperature-in-{city}-on-{start_py}",
        event_title="Highest temperature in {city} on {start_p}?",
        slug="highest-temperature-in-{city}-on-{start_py}-{low}-{high}f",
        question="Will the highest temperature in {city} be between {low}-{high}°F on {start_p}?",
        group="{low}-{high}°F", category="Weather", is_neg_risk=True,
        rules=_YES + "the highest temperature that Wunderground shows for {other_station} on "
        "{start_py} is between {low}°F and {high}°F" + _ELSE,
    ),
    "award": PolymarketForm(
        event="{cup.p}-best-actor-{year}", event_title="{cup.p} Awards {year}: Best Actor Winner",
        slug="will-{who.p}-win-best-actor-at-the-{year}-{cup.p}-awards",
        question="Will {who.p} win Best Actor at the {year} {cup.p} Awards?", group="{who.p}",
        category=_CULTURE, is_neg_risk=True,
        rules=_YES + "{who.p} wins the award for Best Actor at the {year} {cup.p} Awards" + _ELSE,
    ),
    "award_open": PolymarketForm(
        event="{cup.p}-best-actor-{year}", event_title="{cup.p} Awards {year}: Best Actor Winner",
        slug="will-{stand_in}-win-best-actor-at-the-{year}-{cup.p}-awards",
        question="Will {stand_in} win Best Actor at the {year} {cup.p} Awards?",
        group="{stand_in}", category=_CULTURE, is_neg_risk=True,
        rules=_YES + "{stand_in} wins the award for Best Actor at the {year} {cup.p} Awards"
        + _ELSE,
    ),
    "law": PolymarketForm(
        event="{who.p}-act-becomes-law", event_title="{who.short} Act becomes law by...?",
        slug="will-the-{who.short}-act-become-law-by-{by_last_py}",
        question="Will the {who.short} Act become law by {by_last_py}?", group="{by_last_py}",
        category=_POLITICS,
        rules=_YES + "the {who.short} Act becomes law " + _BY + _ELSE + _SOURCE,
    ),
    "shutdown": PolymarketForm(
        event="{state}-government-shutdown", event_title="{state} government shutdown by...?",
        slug="{state}-government-shutdown-by-{by_last_py}",
        question="{state} government shutdown by {by_last_py}?", group="{by_last_py}",
        category=_POLITICS,
        rules=_YES + "the government of {state} shuts down because of a lapse in appropriations "
        + _BY + _ELSE,
    ),
    "mention": PolymarketForm(
        event="what-will-{who.p}-say-{by_last_iso}",
        event_title="What will {who.p} say during the {city} summit?",
        slug="will-{who.p}-say-{word}-during-the-{city}-summit",
        question='Will {who.p} say "{word}" during the {city} summit?', group="{word}",
        category="Mentions",
        rules=_YES + '{who.p} says "{word}" during the {city} summit on {by_last_p}' + _ELSE,
    ),
    "up_or_down": PolymarketForm(
        event="{coin_name}-up-or-down-{start_iso}-{start_hm}",
        event_title="{coin_name} Up or Down - {start_p}, {start_time}",
        slug="{coin}-updown-5m-{start}",
        question="{coin_name} Up or Down - {start_p}, {start_time}", labels=("Up", "Down"),
        category="Crypto",
        rules='This market resolves to "Up" if the price of {coin_name} five minutes after '
        "{start_time} on {start_p} is at least that of {start_time}, by the Chainlink stream.",
    ),
    "posts": PolymarketForm(
        event="number-of-posts-{who.p}-{by_last_iso}",
        event_title="{who.p} # of posts until {by_last_p}?",
        slug="will-{who.p}-post-{low}-{high}-times-until-{by_last_iso}",
        question="Will {who.p} post {low}-{high} times until {by_last_py}?",
        group="{low}-{high}", category=_CULTURE, is_neg_risk=True,
        rules=_YES + "{who.p} posts from {low} to {high} times in the week until {by_last_py}"
        + _ELSE,
    ),
    "token_by": PolymarketForm(
        event="will-{who.p}-launch-a-token", event_title="Will {who.p} launch a token by...?",
        slug="will-{who.p}-launch-a-token-by-{by_last_py}",
        question="Will {who.p} launch a token by {by_last_py}?", group="{by_last_p}",
        category="Crypto",
        rules=_YES + "{who.p} makes a token of its own tradable " + _BY + _ELSE,
    ),
}  # fmt: skip
