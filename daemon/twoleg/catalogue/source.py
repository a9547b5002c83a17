"""What a crawl needs of a venue, and how patiently a venue is asked.

Everything that a market says is hostile: it is capped, and no text of it reaches a log unless
`shown` has been over it.
"""

import hashlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final, NamedTuple, Protocol, TypeVar

import msgspec
import structlog

from twoleg.core.fingerprint import texts_fingerprint
from twoleg.core.market import Market, Venue
from twoleg.errors import VenueUnavailable
from twoleg.matching.listing import Listing
from twoleg.seams import Clock, Entropy
from twoleg.storage.catalogue import CatalogueStore, Crawl, PageResult
from twoleg.storage.catalogue_rows import StoredMarket
from twoleg.venues.backoff import Backoff

MARKETS: Final = "markets"
"""The part of a crawl that brings markets; the last one on both venues."""
UPDATES: Final = "updates"
"""The part that brings what changed since the last crawl."""
ATTEMPTS_MAX: Final = 6
"""Tries of one page, with pauses of half a second doubling: some fifteen seconds in all."""
THROTTLES_MAX: Final = 60
"""Times that one page may be refused for asking too fast: the venue works, so many minutes."""
DELAY_MS_MIN: Final = 500
DELAY_MS_MAX: Final = 10_000
RETRY_AFTER_S_MAX: Final = 60
SILENCE_MS_MAX: Final = 45_000
"""How long an answer may not move. Whole lists are slow: twenty seconds before the first byte of
Kalshi's series were seen under load."""
PAGE_MS_MAX: Final = 180_000
"""How long a page may take while it moves."""
TITLE_CHARS_MAX: Final = 2_000
RULES_CHARS_MAX: Final = 40_000
"""Two texts of the length that a listing keeps."""
WORD_CHARS_MAX: Final = 200
SHOWN_CHARS_MAX: Final = 120
UNREAD_LOGGED_MAX: Final = 50
"""Rows of one venue that a sync names in its log; the rest are counted."""
SHARD_MAX: Final = 1 << 30
READ_ERRORS: Final = (
    msgspec.MsgspecError,
    UnicodeDecodeError,
    RecursionError,
    ArithmeticError,
    ValueError,
)
"""What a row that makes no sense may end in: wrong types, letters, depth, numbers, dates."""

T = TypeVar("T")
log = structlog.get_logger(__name__)


class Unread(NamedTuple):
    """A row that could not be read: what it calls itself, fit to be shown, and why."""

    name: str
    reason: str


class RawPage(NamedTuple):
    """Rows as they came, and where the next page begins; "" is the end."""

    rows: tuple[msgspec.Raw, ...]
    cursor: str = ""


class Found(NamedTuple):
    """Markets that were asked for by their ids."""

    rows: list[StoredMarket]
    unread: list[Unread]
    unknown: list[str]


class Patience:
    """Asks again after a failure, with growing pauses; one that was throttled waits as told."""

    def __init__(self, clock: Clock, entropy: Entropy) -> None:
        self._clock = clock
        self._entropy = entropy

    async def ask(self, what: str, call: Callable[[], Awaitable[T]]) -> T:
        """The answer to `call`.

        Raises:
            VenueUnavailable: the last failure, when the tries are used up.
            VenueRejected: at once; asking again would not help.
        """
        backoff = Backoff(
            entropy=self._entropy, delay_ms_min=DELAY_MS_MIN, delay_ms_max=DELAY_MS_MAX
        )
        failures, throttles = 0, 0
        while True:
            try:
                return await call()
            except VenueUnavailable as error:
                is_throttled = error.http_status == 429 or error.code == "rate_budget_empty"
                failures, throttles = failures + (not is_throttled), throttles + is_throttled
                if failures >= ATTEMPTS_MAX or throttles >= THROTTLES_MAX:
                    raise
                told_ms = min(error.retry_after_s or 0, RETRY_AFTER_S_MAX) * 1_000
                delay_ms = max(backoff.next_ms(), told_ms)
                log.info(
                    "crawl_retried",
                    venue=error.venue,
                    what=what,
                    reason=shown(str(error)),
                    delay_ms=delay_ms,
                )
            await self._clock.sleep(delay_ms / 1_000)


class Source(Protocol):
    """One venue's lists; every call raises VenueUnavailable or VenueRejected.

    `read_page` asks once; the others are patient themselves.
    """

    venue: Venue
    parts: tuple[str, ...]
    patience: Patience

    async def prepare(self, part: str) -> None:
        """What must be known before a part is read, read anew."""
        ...

    async def read_page(self, part: str, cursor: str, since_s: int = 0) -> RawPage:
        """One page; `since_s` (Unix seconds) is for the part of updates."""
        ...

    async def store_page(
        self, store: CatalogueStore, crawl: Crawl, page: RawPage
    ) -> tuple[PageResult, list[Unread]]:
        """Read the rows and store them with the cursor."""
        ...

    async def find(self, store: CatalogueStore, ids: Sequence[str]) -> Found:
        """Some markets by their ids, open or not."""
        ...


class Facts(NamedTuple):
    """What a venue says of a market, before it is put into a row."""

    native_id: str
    event: str
    series: str
    status: str
    is_open: bool
    title: str
    rules: str
    close_ts_ms: int
    shard: int
    tokens: dict[str, str]


def make_row(venue: Venue, facts: Facts, listing: Listing, terms: Market | str) -> StoredMarket:
    """A row of the catalogue; `terms` is a code where they were refused.

    The fingerprint is of the whole texts, as whoever trades the market computes it; what is kept
    of them is capped.
    """
    fingerprint = texts_fingerprint(facts.title, facts.rules)
    listing_json, terms_json = msgspec.json.encode(listing), _terms_json(terms)
    told = (facts._replace(title="", rules=""), fingerprint)
    digest = hashlib.blake2b(digest_size=16)
    for part in (msgspec.json.encode(told), listing_json, terms_json):
        digest.update(len(part).to_bytes(8) + part)
    return StoredMarket(
        venue=venue,
        native_id=facts.native_id,
        event=facts.event[:WORD_CHARS_MAX],
        series=facts.series[:WORD_CHARS_MAX],
        status=facts.status[:WORD_CHARS_MAX],
        is_open=facts.is_open,
        title=facts.title[:TITLE_CHARS_MAX],
        rules=facts.rules[:RULES_CHARS_MAX],
        listing=listing_json,
        terms=terms_json,
        rules_fingerprint=fingerprint,
        content_hash=digest.hexdigest(),
        tokens=facts.tokens,
        shard=facts.shard if 0 <= facts.shard <= SHARD_MAX else 0,
        close_ts_ms=facts.close_ts_ms,
    )


def read_terms(row: StoredMarket) -> Market | None:
    """The terms of a stored market, title and rules among them; None where they were refused."""
    fields = msgspec.json.decode(row.terms)
    if "refused" in fields:
        return None
    return msgspec.convert({**fields, "title": row.title, "rules": row.rules}, Market)


def shown(text: str, chars_max: int = SHOWN_CHARS_MAX) -> str:
    """A venue's text as it may stand in a log or on a terminal: short, and printable throughout."""
    cut = text[:chars_max]
    return "".join(char if char.isprintable() else "\ufffd" for char in cut) + (
        "…" if len(text) > chars_max else ""
    )


def log_unread(venue: Venue, part: str, unread: Iterable[Unread]) -> None:
    """Name rows that were left out."""
    for row in unread:
        log.warning(
            "catalogue_row_unreadable",
            venue=venue.value,
            part=part,
            row=row.name,
            reason=row.reason,
        )


def name_of(raw: msgspec.Raw, key: str) -> str:
    """What an unreadable row calls itself, fit to be shown; its first bytes if it does not."""
    try:
        fields: object = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        fields = None
    if isinstance(fields, dict) and isinstance(name := fields.get(key), str):
        return shown(name)
    return shown(bytes(raw)[:SHOWN_CHARS_MAX].decode("utf-8", "replace"))


def _terms_json(terms: Market | str) -> bytes:
    if isinstance(terms, str):
        return msgspec.json.encode({"refused": terms[:WORD_CHARS_MAX]})
    fields = msgspec.structs.asdict(terms)
    del fields["title"], fields["rules"]
    return msgspec.json.encode(fields)
