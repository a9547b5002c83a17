"""The pairs file held against the catalogue: a pair that somebody wrote down gets the same vetoes.

A veto is overridden by its name alone (`acknowledge` in the entry). Where the catalogue does not
have both markets nothing can be judged: such a pair stays as it was declared, and that is told.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
import structlog

from twoleg.catalogue.cards import read_card
from twoleg.catalogue.judging import Claim, Judged, judge
from twoleg.catalogue.listed import to_known
from twoleg.catalogue.policy import NO_RULES
from twoleg.core.market import MarketId, Pair, PairId, Venue
from twoleg.matching.decide import decide
from twoleg.matching.diff import safe
from twoleg.settings import Declared, Mode
from twoleg.storage.catalogue import CatalogueStore
from twoleg.storage.pair_rows import FacetRow

TOLD_CHARS_MAX: Final = 160

log = structlog.get_logger(__name__)


class Ruling(msgspec.Struct, frozen=True, kw_only=True):
    """What the matcher says of a declared pair.

    `vetoes` are what it would not have and nobody has acknowledged, by name, `overridden` what was;
    `told` are differences that forbid nothing. All texts are fit to be shown. `is_judged` is false
    where the catalogue lacks a market.
    """

    pair_id: PairId
    is_judged: bool
    vetoes: dict[str, str] = {}
    overridden: dict[str, str] = {}
    told: dict[str, str] = {}


async def rule(
    catalogue: CatalogueStore, declared: Iterable[Declared], mode: Mode
) -> tuple[Ruling, ...]:
    """Judge declared pairs, in their order. Raises StorageError, DatabaseUnavailable."""
    return tuple([await _rule_one(catalogue, one, mode) for one in declared])


async def judge_declared(catalogue: CatalogueStore, pair: Pair) -> Judged | None:
    """A declared pair judged; None where the catalogue lacks a market."""
    kalshi = await catalogue.read(Venue.KALSHI, native(pair.kalshi))
    polymarket = await catalogue.read(Venue.POLYMARKET, native(pair.polymarket))
    if kalshi is None or polymarket is None:
        return None
    left, right = (to_known(market, read_card(market).card) for market in (kalshi, polymarket))
    claim = Claim(pair.polymarket_labels, pair.polarity)
    return judge(left, right, decide(left.card, right.card), claim=claim)


def native(market_id: MarketId) -> str:
    """The venue's own id of a market."""
    return market_id.partition(":")[2]


def described(facets: Iterable[FacetRow]) -> Mapping[str, str]:
    """Facets by name, in words that are fit to be shown."""
    return {
        facet.name: safe(
            f"{facet.verdict} ({facet.kalshi or '-'} | {facet.polymarket or '-'})", TOLD_CHARS_MAX
        )
        for facet in facets
    }


async def _rule_one(catalogue: CatalogueStore, declared: Declared, mode: Mode) -> Ruling:
    judged = await judge_declared(catalogue, declared.pair)
    if judged is None:
        return Ruling(pair_id=declared.pair.id, is_judged=False)
    apart = [facet for facet in judged.facets if not facet.is_equal]
    hard, soft = [f for f in apart if f.hard], [f for f in apart if not f.hard]
    overridden = [
        facet
        for facet in hard
        # Live, nobody can acknowledge a text away that nobody has read.
        if facet.name in declared.acknowledged
        and not (mode is Mode.LIVE and facet.name in NO_RULES)
    ]
    tails = {
        f"tail_{tail.name}": f"pays {tail.worst_payout_e4 / 10_000:.2f} dollars at worst"
        for tail in judged.tails
        if tail.worst_payout_e4 < 10_000
    }
    return Ruling(
        pair_id=declared.pair.id,
        is_judged=True,
        vetoes=dict(described([facet for facet in hard if facet not in overridden])),
        overridden=dict(described(overridden)),
        told={**described(soft), **tails},
    )
