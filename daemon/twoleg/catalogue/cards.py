"""Cards on disk: a market is read once; later runs look its card up by what it was read from.

A plain file beside the state, and no more than a saving of time: what is missing, damaged or made
by other readers is read anew.
"""

import hashlib
import os
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, NamedTuple, Self

import msgspec
import structlog

import twoleg.matching
from twoleg.catalogue.listed import to_listing
from twoleg.matching.candidates import index_words
from twoleg.matching.card import Card, Family
from twoleg.matching.parse import parse
from twoleg.storage.catalogue import StoredMarket

KEY_BYTES: Final = 16
LENGTH_BYTES: Final = 4
CHECK_BYTES: Final = 8
HEAD_BYTES: Final = LENGTH_BYTES + KEY_BYTES
RECORD_BYTES_MAX: Final = 1 << 20
"""Greatest record believed; texts are capped far below."""

log = structlog.get_logger(__name__)


class CardRead(NamedTuple):
    """What is read of a listing: its card, and the words it is found by."""

    card: Card
    words: tuple[str, ...]


def read_card(stored: StoredMarket) -> CardRead:
    """The card of a market, and its words; one that breaks a reader is a card that none could read.

    Anybody can make a market: the text of one must not end the matching of all others.
    """
    listing = to_listing(stored)
    try:
        card = parse(listing)
        return CardRead(card, index_words(listing, card))
    except Exception as error:  # noqa: BLE001 - whatever a stranger's text provokes
        log.error("card_not_read", market_id=stored.native_id, reason=type(error).__name__)
        card = Card(
            venue=stored.venue.value, market_id=stored.native_id, fingerprint="", event="",
            family=Family.CLAIM, unread=(f"its reader failed: {type(error).__name__}",),
        )  # fmt: skip
        return CardRead(card, ())


class CardFile:
    """The cards of one venue. A context: what was asked for in it is what the next run finds.

    Each record is its length, the hash of the listing, a hash of the card, and the card: one that
    was damaged must not be taken for another one. Only keys and places are held in memory.
    """

    def __init__(self, path: Path, *, readers: str = "") -> None:
        self._path = path
        # Of this process alone: two runs at a time each make a whole file.
        self._draft = path.with_suffix(f".{os.getpid()}.new")
        # Another program reads other cards from the same texts.
        self._readers = bytes.fromhex(readers or readers_fingerprint())
        self._old: BinaryIO | None = None
        self._new: BinaryIO | None = None
        # Key -> place and length of its record in the old file.
        self._places: dict[bytes, tuple[int, int]] = {}
        self._decoder = msgspec.msgpack.Decoder(CardRead)
        self._encoder = msgspec.msgpack.Encoder()
        # How many were read anew.
        self.misses = 0

    def __enter__(self) -> Self:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._new = self._draft.open("wb")
            self._new.write(self._readers)
            self._open_old()
        except OSError as error:
            log.warning("cards_not_kept", path=str(self._path), reason=str(error))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._old is not None:
            self._old.close()
        if self._new is None:
            return
        try:
            self._new.close()
            if kind is None:
                self._draft.replace(self._path)
            else:
                self._draft.unlink(missing_ok=True)
        except OSError as fault:
            log.warning("cards_not_kept", path=str(self._path), reason=str(fault))

    def read(self, stored: StoredMarket) -> CardRead:
        """The card of a market: the one on disk, if it was read from the same listing."""
        key = hashlib.blake2b(stored.listing, digest_size=KEY_BYTES).digest()
        found = self._find(key)
        if found is None:
            self.misses += 1
            found = read_card(stored)
        self._keep(key, found)
        return found

    def _open_old(self) -> None:
        if not self._path.exists():
            return
        old = self._old = self._path.open("rb")
        if old.read(len(self._readers)) != self._readers:
            return
        while len(head := old.read(HEAD_BYTES)) == HEAD_BYTES:
            length = int.from_bytes(head[:LENGTH_BYTES])
            if length > RECORD_BYTES_MAX:
                return
            self._places[head[LENGTH_BYTES:]] = (old.tell(), length)
            old.seek(length, 1)

    def _find(self, key: bytes) -> CardRead | None:
        place = self._places.get(key)
        if place is None or self._old is None:
            return None
        try:
            self._old.seek(place[0])
            record = self._old.read(place[1])
            if _check(record[CHECK_BYTES:]) != record[:CHECK_BYTES]:
                return None
            return self._decoder.decode(record[CHECK_BYTES:])
        except (OSError, msgspec.DecodeError):
            return None

    def _keep(self, key: bytes, found: CardRead) -> None:
        if self._new is None:
            return
        card = self._encoder.encode(found)
        record = _check(card) + card
        try:
            self._new.write(len(record).to_bytes(LENGTH_BYTES) + key + record)
        except OSError as error:
            log.warning("cards_not_kept", path=str(self._path), reason=str(error))
            self._new.close()
            self._new = None


def _check(card: bytes) -> bytes:
    return hashlib.blake2b(card, digest_size=CHECK_BYTES).digest()


def readers_fingerprint() -> str:
    """A hash over the program text of the matcher: what may read a card differently."""
    digest = hashlib.blake2b(digest_size=KEY_BYTES)
    folder = Path(str(twoleg.matching.__file__)).parent
    for path in sorted(folder.rglob("*.py")):
        digest.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return digest.hexdigest()
