"""Cards on disk: read once, read anew where the text or the readers changed, never believed blindly."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from structlog.testing import capture_logs

from tests.support.pairing import game, stored
from tests.unit.matching.support import kalshi
from twoleg.catalogue.cards import CardFile, CardRead, readers_fingerprint
from twoleg.matching.candidates import index_words
from twoleg.matching.card import Card
from twoleg.matching.listing import KalshiListing, PolymarketListing
from twoleg.matching.parse import parse
from twoleg.storage.catalogue import StoredMarket

LISTINGS: list[KalshiListing | PolymarketListing] = [
    *game(1, "Detroit Tigers", "Toronto Blue Jays"),
    kalshi("KXCPIYOY-26MAY-T3.0", "Will CPI rise more than 3.0% in the year ending in May 2026?"),
]
MARKETS = [stored(listing) for listing in LISTINGS]
Read = Callable[..., tuple[list[CardRead], int]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """One run over some markets: what was read, and how much of it anew."""

    def call(markets: list[StoredMarket] = MARKETS, **options: str) -> tuple[list[CardRead], int]:
        with CardFile(tmp_path / "state" / "cards.bin", **options) as cards:
            found = [cards.read(market) for market in markets]
        return found, cards.misses

    return call


def test_a_card_from_the_file_is_the_one_that_was_read(read: Read) -> None:
    first, misses = read()
    assert misses == len(MARKETS)
    second, misses = read()
    assert (second, misses) == (first, 0)
    wanted = [(parse(one), index_words(one, parse(one))) for one in LISTINGS]
    assert second == wanted


def test_only_a_changed_listing_is_read_anew(read: Read) -> None:
    read()
    changed = stored(msgspec.structs.replace(LISTINGS[0], rules_primary="Another text."))
    found, misses = read([changed, *MARKETS[1:]])
    assert misses == 1
    assert found[0].card.tails == ()


def test_what_a_run_did_not_ask_for_is_forgotten(read: Read) -> None:
    read()
    read(MARKETS[:1])
    assert read()[1] == len(MARKETS) - 1


def test_other_readers_read_everything_anew(read: Read) -> None:
    read(readers="00" * 16)
    assert read(readers="11" * 16)[1] == len(MARKETS)
    assert len(bytes.fromhex(readers_fingerprint())) == 16


@pytest.mark.parametrize("place", [0, 3, 16, 20, 37, 60, 200, -1])
@pytest.mark.parametrize("is_cut", [False, True])
def test_a_damaged_file_costs_time_and_nothing_else(
    read: Read, tmp_path: Path, *, place: int, is_cut: bool
) -> None:
    first, _ = read()
    path = tmp_path / "state" / "cards.bin"
    content = bytearray(path.read_bytes())
    if is_cut:
        content = content[:place]
    else:
        content[place] ^= 0xFF
    path.write_bytes(content)
    found, _ = read()
    assert found == first
    assert read()[1] == 0


def test_a_run_that_fails_leaves_the_file_as_it_was(read: Read, tmp_path: Path) -> None:
    read()
    before = (tmp_path / "state" / "cards.bin").read_bytes()

    def fail() -> None:
        with CardFile(tmp_path / "state" / "cards.bin") as cards:
            cards.read(MARKETS[0])
            raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        fail()
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["cards.bin"]
    assert (tmp_path / "state" / "cards.bin").read_bytes() == before


def test_a_folder_that_cannot_be_written_only_costs_the_saving(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file, and no folder", "utf-8")
    with CardFile(tmp_path / "state" / "cards.bin") as cards:
        assert cards.read(MARKETS[0]).card == parse(LISTINGS[0])


def test_text_that_breaks_a_reader_is_one_that_nobody_understood(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail_at_one(listing: KalshiListing | PolymarketListing) -> Card:
        if isinstance(listing, KalshiListing) and "CPI" in listing.title:
            raise ValueError("day is out of range for month")
        return parse(listing)

    monkeypatch.setattr("twoleg.catalogue.cards.parse", fail_at_one)
    with capture_logs() as logs:
        found, _ = read()
    assert [bool(one.card.unread) for one in found] == [False] * (len(MARKETS) - 1) + [True]
    assert found[-1].card.market_id == MARKETS[-1].native_id
    (told,) = (line for line in logs if line["event"] == "card_not_read")
    assert (told["market_id"], told["reason"]) == (MARKETS[-1].native_id, "ValueError")
