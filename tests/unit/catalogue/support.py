"""Markets as pairing knows them, and halves of a catalogue made of listings."""

from typing import Any

import msgspec

from tests.support.pairing import stored
from tests.support.progress import Marks
from twoleg.catalogue.finding import Found, Half, find
from twoleg.catalogue.judging import Claim, Judged, Known, judge
from twoleg.catalogue.listed import to_known
from twoleg.core.market import PairState
from twoleg.matching.candidates import index_words
from twoleg.matching.decide import decide
from twoleg.matching.gates import START_FAMILIES
from twoleg.matching.listing import KalshiListing, PolymarketListing
from twoleg.matching.parse import parse
from twoleg.storage.pair_rows import PairRow

Couple = tuple[KalshiListing, PolymarketListing]


def known(listing: KalshiListing | PolymarketListing) -> Known:
    return to_known(stored(listing), parse(listing))


def taken(listing: KalshiListing | PolymarketListing) -> tuple[Known, tuple[str, ...]]:
    """A market as a half of the catalogue takes it in."""
    one = known(listing)
    return one, index_words(listing, one.card)


def judged(couple: Couple, **options: Any) -> Judged:
    left, right = known(couple[0]), known(couple[1])
    return judge(left, right, decide(left.card, right.card), **options)


def halves(*couples: Couple, wanted: bool = True) -> tuple[Half, Half]:
    left = Half([couple[0].ticker for couple in couples] if wanted else ())
    right = Half([couple[1].condition_id for couple in couples] if wanted else ())
    for couple in couples:
        for half, place in ((left, 0), (right, 1)):
            listing = couple[place]
            if listing.market_id not in half.known:
                half.add(*taken(listing))
    return left, right


def found(*couples: Couple, claims: dict[tuple[str, str], Claim] | None = None) -> Found:
    return find(*halves(*couples), START_FAMILIES, claims or {}, Marks())


def row_of(couple: Couple, state: PairState = PairState.CANDIDATE, **fields: Any) -> PairRow:
    """The row that a match makes of a couple, and what became of it since."""
    alike = found(couple).similarity_e4.get((couple[0].ticker, couple[1].condition_id), 0)
    row = judged(couple).to_row(similarity_e4=alike, edge_micros_min=50_000)
    return msgspec.structs.replace(row, state=state, **fields)
