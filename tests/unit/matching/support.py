"""Listings in the venues' manner, with texts written for these tests."""

from typing import Any, NamedTuple

from twoleg.matching.decide import Decision, decide
from twoleg.matching.listing import KalshiListing, PolymarketListing
from twoleg.matching.parse import parse

YES_NO = ("Yes", "No")
TOKENS = ("1111", "2222")


class Group(NamedTuple):
    """A Kalshi market, the ends of both markets, and Polymarket questions beside it."""

    ticker: str
    title: str
    yes: str
    close: str
    end: str
    equal: tuple[str, ...]
    near: tuple[str, ...]


def kalshi(ticker: str, title: str, yes: str = "", **fields: Any) -> KalshiListing:
    fields.setdefault("close_time", "2026-05-24T00:00:00Z")
    return KalshiListing(ticker=ticker, title=title, yes_sub_title=yes, **fields)


def polymarket(
    question: str, outcomes: tuple[str, ...] = YES_NO, **fields: Any
) -> PolymarketListing:
    fields.setdefault("end_time", "2026-05-24T00:00:00Z")
    fields.setdefault("token_ids", TOKENS)
    fields.setdefault("market_id", "900001")
    return PolymarketListing(question=question, outcomes=outcomes, **fields)


def decided(left: KalshiListing, right: PolymarketListing) -> Decision:
    return decide(parse(left), parse(right))


def accepted(group: Group, question: str) -> str:
    """The token of YES, or "" and why not, for the group's market and a question."""
    decision = decided(
        kalshi(group.ticker, group.title, group.yes, close_time=group.close),
        polymarket(question, end_time=group.end),
    )
    return decision.yes_token if decision.is_accepted else f"no: {decision.reason}"
