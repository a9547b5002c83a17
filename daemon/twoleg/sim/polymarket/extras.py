"""Markets of the kinds that a careful client must tell apart, and how new ones are made.

Nothing here belongs to a pair. Each is a pure function of a key, so runs of one seed agree.
Position ids: module, 144 bits, 64 zero bits, 32 bits, outcome (polymarket-client 0.14.0, read
2026-11-22).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final

from twoleg.sim.grid import Band, Grid
from twoleg.sim.world import CLOSE_TS_S, PolymarketEvent, PolymarketMarket

# A day before the end of the world's markets: no run gets there unless it moves it nearer.
GAME_START_TS_S: Final = CLOSE_TS_S - 86_400
# 2026-06-30T12:00:00Z.
OVERDUE_TS_S: Final = 1_782_820_800
MODULE_BINARY: Final = 1
MODULE_NEG_RISK: Final = 2
CRYPTO_RATE_E4: Final = 700
SPORTS_RATE_E4: Final = 500
POLITICS_RATE_E4: Final = 400


@dataclass(frozen=True, slots=True)
class MarketTerms:
    """What is chosen about a market; everything else follows from its key."""

    question: str
    category: str = "Politics"
    outcomes: tuple[str, str] = ("Yes", "No")
    tick_e4: int = 100
    fee_rate_e4: int = POLITICS_RATE_E4
    is_neg_risk: bool = False
    fee_exponent: int = 1
    # Whether its tokens are position ids (Protocol V2, exchange domain "3").
    is_position: bool = False


def make_market(key: str, terms: MarketTerms) -> PolymarketMarket:
    """Return a market whose identifiers derive from `key`."""

    def digest(what: str) -> bytes:
        return sha256(f"polymarket:{what}:{key}".encode()).digest()

    condition_id = "0x" + digest("condition").hex()
    first, second = (int.from_bytes(digest(f"token{index}")) for index in (0, 1))
    if terms.is_position:
        module = MODULE_NEG_RISK if terms.is_neg_risk else MODULE_BINARY
        parent = bytes([module]) + digest("position")[:18] + bytes(8) + digest("position")[18:22]
        condition_id = "0x" + parent.hex()
        first, second = (int.from_bytes([*parent, index]) for index in (0, 1))
    words = "".join(c if c.isalnum() else " " for c in terms.question.lower()).split()
    return PolymarketMarket(
        # Above the range of the pairs' own ids: new markets come last, as on the venue.
        market_id=str(20_000_000 + int.from_bytes(digest("market")[:3])),
        slug="-".join(words),
        question=terms.question,
        description=f"This market resolves by what happens: {terms.question}",
        category=terms.category,
        condition_id=condition_id,
        question_id="0x" + digest("question").hex(),
        token_ids=(str(first), str(second)),
        outcomes=terms.outcomes,
        neg_risk=terms.is_neg_risk,
        fee_rate_e4=terms.fee_rate_e4,
        fee_exponent=terms.fee_exponent,
        grid=Grid("tick", (Band(0, 10_000, terms.tick_e4),)),
    )


def extra_markets(seed: int) -> tuple[PolymarketMarket, ...]:
    """Return the markets of the option `extra_markets`, one of every kind."""
    return (
        *_election(seed),
        *_game(seed),
        make_market(
            f"{seed}:updown",
            MarketTerms(
                "Bitcoin Up or Down on January 2, 3PM ET",
                category="Crypto",
                outcomes=("Up", "Down"),
                fee_rate_e4=CRYPTO_RATE_E4,
            ),
        ),
        # An old fee curve that one market was seen with.
        make_market(
            f"{seed}:steep",
            MarketTerms("Bitcoin Up or Down, a steep curve", fee_rate_e4=2_500, fee_exponent=2),
        ),
        # Past its scheduled end and open all the same, as one market in eight is.
        replace(
            make_market(f"{seed}:overdue", MarketTerms("Will the overdue question be settled?")),
            close_ts_s=OVERDUE_TS_S,
        ),
        *_fine_ticks(seed),
        *_positions(seed),
    )


def _election(seed: int) -> Iterable[PolymarketMarket]:
    """Neg-risk candidates: two named ones, an unnamed placeholder, and Other."""
    group_id = "0x" + sha256(f"polymarket:group:{seed}".encode()).hexdigest()[:62] + "00"
    event = PolymarketEvent(
        event_id="90001",
        slug="who-will-win-the-2031-mayoral-election",
        title="Who will win the 2031 mayoral election?",
        tags=(("2", "Politics", "politics"), ("100", "Elections", "elections")),
        neg_risk_market_id=group_id,
        is_augmented=True,
    )
    for name in ("Alice Example", "Bob Example", "Person C", "Other"):
        market = make_market(
            f"{seed}:election:{name}",
            MarketTerms(f"Will {name} win the 2031 mayoral election?", is_neg_risk=True),
        )
        yield replace(
            market,
            event=event,
            group_item_title=name,
            is_placeholder=name == "Person C",
            is_neg_risk_other=name == "Other",
        )


def _game(seed: int) -> Iterable[PolymarketMarket]:
    """A match with delayed takers: winner and total; the CLOB's primary token is the second."""
    event = PolymarketEvent(
        event_id="90002",
        slug="nba-hawks-nets",
        title="Hawks vs. Nets",
        tags=(("1", "Sports", "sports"),),
        series_id="10345",
    )
    for kind, question, outcomes in (
        ("moneyline", "Hawks vs. Nets", ("Hawks", "Nets")),
        ("totals", "Hawks vs. Nets: O/U 212.5", ("Over", "Under")),
    ):
        terms = MarketTerms(
            question, category="Sports", outcomes=outcomes, fee_rate_e4=SPORTS_RATE_E4
        )
        yield replace(
            make_market(f"{seed}:game:{kind}", terms),
            event=event,
            group_item_title=question,
            seconds_delay=3,
            game_start_ts_s=GAME_START_TS_S,
            sports_type=kind,
            primary=1,
        )


def _fine_ticks(seed: int) -> Iterable[PolymarketMarket]:
    for tick_e4, name in ((50, "0.005"), (25, "0.0025"), (10, "0.001"), (1, "0.0001")):
        terms = MarketTerms(f"Will the rate move by a multiple of {name}?", tick_e4=tick_e4)
        yield make_market(f"{seed}:tick:{tick_e4}", terms)


def _positions(seed: int) -> Iterable[PolymarketMarket]:
    for is_neg_risk in (False, True):
        kind = "one of several" if is_neg_risk else "a single"
        terms = MarketTerms(
            f"Will {kind} question be settled in positions?",
            category="World",
            fee_rate_e4=0,
            is_neg_risk=is_neg_risk,
            is_position=True,
        )
        yield make_market(f"{seed}:position:{is_neg_risk}", terms)
