"""The sheet that a person reads before risking money: two markets side by side. Pure.

Everything on it that strangers wrote goes through `safe`: no control characters, nothing that turns
the direction of writing, lengths capped.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from twoleg.catalogue.listed import to_listing
from twoleg.cli.columns import BREAK, Column, Ink, Paper, Word, words
from twoleg.cli.pairs_gist import gist, is_key
from twoleg.core.market import PairState, Polarity
from twoleg.matching.diff import Piece, Side, safe, word_diff
from twoleg.matching.listing import KalshiListing, Listing, PolymarketListing, starts_at
from twoleg.storage.catalogue import StoredMarket, StoredText
from twoleg.storage.pair_rows import FacetRow, PairRow, TailRow

LABEL_CELLS: Final = 18
"""Room for the longest name of a facet, and its sign."""
NARROW_CELLS: Final = 76
"""Below this two columns of text cannot be read; the sides then stand under each other."""
BETWEEN: Final = " │ "
TITLE_CHARS_MAX: Final = 400
FACET_CHARS_MAX: Final = 300
ANCHOR_WORDS: Final = 4
"""Equal words in a row at which both texts are brought level again."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LITTLE: Final = re.compile(r"an?|the|to|of|is|in|on|it|this|that|and|for|be|will", re.IGNORECASE)


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a pair: its row, both markets as the catalogue has them, their old texts."""

    row: PairRow
    kalshi: StoredMarket | None
    polymarket: StoredMarket | None
    kalshi_texts: tuple[StoredText, ...] = ()
    polymarket_texts: tuple[StoredText, ...] = ()

    @property
    def texts_now(self) -> dict[str, str]:
        """Fingerprints by venue of the texts as the catalogue has them."""
        both = {"kalshi": self.kalshi, "polymarket": self.polymarket}
        return {venue: market.rules_fingerprint for venue, market in both.items() if market}

    @property
    def is_current(self) -> bool:
        """Whether the pair was judged on the texts that the catalogue has now."""
        return self.texts_now == self.row.texts


def draw(sheet: Sheet, paper: Paper) -> list[str]:
    """All of it, from the title to the words of the approval."""
    writer = _Writer(paper)
    row = sheet.row
    writer.line(_title(row))
    if not sheet.is_current:
        told = "The rules in the catalogue are not those that this pair was judged on: match again."
        writer.line(words(told, Ink.BAD))
    writer.line([])
    writer.pair("", words("KALSHI", Ink.HEAD), words("POLYMARKET", Ink.HEAD))
    for label, left, right in _facts(sheet):
        writer.pair(label, left, right)
    writer.head("what each side buys")
    for line in _polarity(sheet):
        writer.line(line)
    writer.head("what differs, in short")
    for line in _gist(sheet):
        writer.line(line)
    writer.head("facets")
    for facet in row.facets:
        if facet.kalshi or facet.polymarket or not facet.is_equal:
            writer.facet(facet)
    untold = [facet for facet in row.facets if not facet.kalshi and not facet.polymarket]
    names = ", ".join(safe(facet.name, LABEL_CELLS) for facet in untold if facet.is_equal)
    if names:
        writer.line(words(f"Neither side tells: {names}.", Ink.DIM))
    writer.head("if it is not decided: what a contract on each side then pays together, at worst")
    for tail in row.tails:
        writer.tail(tail)
    if not row.tails:
        writer.line(words("The rules name no such case."))
    _draw_rules(writer, sheet)
    _draw_changes(writer, sheet)
    writer.head("to approve")
    for line in _approval(row):
        writer.line(line)
    return writer.lines


class _Writer:
    """Puts rows under each other: with both sides in columns, or stacked where it is narrow."""

    def __init__(self, paper: Paper) -> None:
        self._paper = paper
        self._is_narrow = paper.width < NARROW_CELLS
        self.lines: list[str] = []

    def line(self, told: Sequence[Word]) -> None:
        paper = self._paper
        self.lines += [paper.draw(line) for line in paper.wrap(told, paper.width)]

    def head(self, text: str) -> None:
        self.line([])
        self.line(words(text.upper(), Ink.HEAD))

    def pair(
        self, label: str | Sequence[Word], left: Sequence[Word], right: Sequence[Word]
    ) -> None:
        told = words(label, Ink.DIM) if isinstance(label, str) else list(label)
        if self._is_narrow:
            self._stack(told, left, right)
            return
        side = (self._paper.width - LABEL_CELLS - 1 - len(BETWEEN)) // 2
        columns = [Column(told, LABEL_CELLS), Column(left, side, " "), Column(right, side, BETWEEN)]
        self.lines += self._paper.row(columns)

    def both(self, left: Sequence[Word], right: Sequence[Word]) -> None:
        """Two texts over the whole width."""
        if self._is_narrow:
            self._stack([], left, right)
            return
        side = (self._paper.width - len(BETWEEN)) // 2
        self.lines += self._paper.row([Column(left, side), Column(right, side, BETWEEN)])

    def facet(self, facet: FacetRow) -> None:
        ink = Ink.PLAIN if facet.is_equal else Ink.BAD
        sign = "=" if facet.is_equal else "!" if facet.hard else "~"
        label = [Word(sign, ink), Word(safe(facet.name, LABEL_CELLS - 2), ink)]
        sides = [
            _told(side) if side else words("not told", ink)
            for side in (facet.kalshi, facet.polymarket)
        ]
        self.pair(label, *sides)

    def tail(self, tail: TailRow) -> None:
        is_safe = tail.worst_payout_e4 >= 10_000
        ink = Ink.PLAIN if is_safe else Ink.BAD
        label = [Word("=" if is_safe else "!", ink), Word(safe(tail.name, LABEL_CELLS), ink)]
        label += [Word(dollars(tail.worst_payout_e4), ink)]
        # The parser's silence is no promise that the text has none.
        silent = "not found: read the rules"
        self.pair(label, _told(tail.kalshi or silent), _told(tail.polymarket or silent))

    def _stack(self, label: Sequence[Word], left: Sequence[Word], right: Sequence[Word]) -> None:
        if label:
            self.line(label)
        for sign, side in (("K", left), ("P", right)):
            if side:
                column = Column(side, self._paper.width - 4, "  ")
                told = [Column([Word(sign, Ink.DIM)], 1, " "), column]
                self.lines += self._paper.row(told)


def dollars(e4: int) -> str:
    """An amount in ten-thousandths as dollars and cents, rounded down."""
    return f"${e4 // 10_000}.{e4 % 10_000 // 100:02d}"


def short(text: str) -> str:
    """A long id so that both of its ends can be compared."""
    return text if len(text) <= 20 else f"{text[:10]}…{text[-6:]}"


def utc(close_ts_ms: int) -> str:
    """A time as a person reads it."""
    if not close_ts_ms:
        return "not told"
    return f"{_EPOCH + timedelta(milliseconds=close_ts_ms):%Y-%m-%d %H:%M} UTC"


def _start(listing: Listing) -> str:
    instant = starts_at(listing)
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if instant else "not told"


def _title(row: PairRow) -> list[Word]:
    told = [Word(row.pair_id, Ink.HEAD), Word(row.state.value.upper(), Ink.HEAD)]
    if row.state_reason:
        told += words(f"({safe(row.state_reason, 60)})")
    minimum = f"minimum spread {row.edge_micros_min / 10_000:g} ¢"
    facts = [f"class {row.klass.upper() or '-'}", f"family {row.family or '-'}"]
    facts += [f"risk {row.risk_grade or '-'}", f"similarity {row.similarity_e4 / 10_000:.2f}"]
    return [*told, *words("· " + " · ".join([*facts, minimum]))]


def _facts(sheet: Sheet) -> Iterator[tuple[str, list[Word], list[Word]]]:
    row, kalshi, polymarket = sheet.row, sheet.kalshi, sheet.polymarket
    yield "market", _told(row.ticker), _told(row.condition_id)
    if kalshi is None or polymarket is None:
        missing = words("not in the catalogue", Ink.BAD)
        yield "listing", [] if kalshi else missing, [] if polymarket else missing
        return
    left, right = to_listing(kalshi), to_listing(polymarket)
    assert isinstance(left, KalshiListing), "a Kalshi row holds a Kalshi listing"
    assert isinstance(right, PolymarketListing), "a Polymarket row holds a Polymarket listing"
    yield "title", _told(left.title), _told(right.question)
    events = " — ".join(filter(None, (left.event_title, left.event_sub_title)))
    yield "event", _told(events or left.event_ticker), _told(right.event_title or right.event_slug)
    named = left.yes_sub_title or left.subtitle or "(not told)"
    yield "outcomes", _told(f"YES: {named}"), _told(" / ".join(right.outcomes))
    yield "closes", _told(utc(kalshi.close_ts_ms)), _told(utc(polymarket.close_ts_ms))
    yield "starts", _told(_start(left)), _told(_start(right))
    source = next((facet for facet in row.facets if facet.name == "source"), None)
    if source is not None:
        yield "source", _told(source.kalshi or "-"), _told(source.polymarket or "-")
    yield "status", _told(kalshi.status), _told(polymarket.status)
    prints = kalshi.rules_fingerprint, polymarket.rules_fingerprint
    yield "fingerprint", _told(short(prints[0])), _told(short(prints[1]))


def _polarity(sheet: Sheet) -> Iterator[list[Word]]:
    row = sheet.row
    if not (row.yes_token and row.no_token and row.yes_label):
        yield words("Which outcome pays with Kalshi's YES could not be proved by names.", Ink.BAD)
        return
    labels = [safe(label, 100) for label in (row.yes_label, row.no_label)]
    paying, other = labels if row.polarity is Polarity.SAME else labels[::-1]
    named = ""
    if sheet.kalshi is not None:
        listing = to_listing(sheet.kalshi)
        if isinstance(listing, KalshiListing) and listing.yes_sub_title:
            named = f' ("{safe(listing.yes_sub_title, 100)}")'
    yes = f'token {short(row.yes_token)} labelled "{paying}"'
    no = f'token {short(row.no_token)} labelled "{other}"'
    yield words(f"YES on Kalshi{named} = {yes} on Polymarket ({row.polarity.value}).", Ink.HEAD)
    yield words(f"one way:   buys YES on Kalshi{named} and {no} on Polymarket")
    yield words(f"the other: buys NO on Kalshi and {yes} on Polymarket")


def _gist(sheet: Sheet) -> Iterator[list[Word]]:
    sides = (sheet.kalshi, sheet.polymarket)
    closes_ms = [side.close_ts_ms if side else 0 for side in sides]
    return gist(sheet.row, closes_ms, [side.rules if side else "" for side in sides])


def _draw_rules(writer: _Writer, sheet: Sheet) -> None:
    writer.head("rules, word by word")
    left = sheet.kalshi.rules if sheet.kalshi else ""
    right = sheet.polymarket.rules if sheet.polymarket else ""
    if not left.strip() or not right.strip():
        absent = [v for v, text in (("Kalshi", left), ("Polymarket", right)) if not text.strip()]
        writer.line(words(f"There is no rule text of {' and '.join(absent)}.", Ink.BAD))
    writer.both(words("KALSHI", Ink.HEAD), words("POLYMARKET", Ink.HEAD))
    for ours, theirs in levelled(word_diff(left, right)):
        writer.both(ours, theirs)


def _draw_changes(writer: _Writer, sheet: Sheet) -> None:
    """What the latest change of either text was: the text before it, and the one now."""
    both = (("Kalshi", sheet.kalshi_texts), ("Polymarket", sheet.polymarket_texts))
    for venue, texts in both:
        if len(texts) < 2:
            continue
        before, after = texts[-2:]
        writer.head(f"changed on {venue}, seen {after.first_seen_time:%Y-%m-%d %H:%M} UTC")
        writer.both(words("BEFORE", Ink.HEAD), words("SINCE", Ink.HEAD))
        pieces = word_diff(f"{before.title}\n{before.rules}", f"{after.title}\n{after.rules}")
        for ours, theirs in levelled(pieces):
            writer.both(ours, theirs)


def levelled(pieces: Iterable[Piece]) -> Iterator[tuple[list[Word], list[Word]]]:
    """Rows of both texts; each begins where enough words are equal to bring them level."""
    left: list[Word] = []
    right: list[Word] = []
    for piece in calmed(list(pieces)):
        if piece.side is Side.SAME and (left or right):
            is_new_line = ends_line(left) and ends_line(right)
            if is_new_line or len(piece.left.split()) >= ANCHOR_WORDS:
                yield _trimmed(left), _trimmed(right)
                left, right = [], []
        left += _inked(piece.left, piece.side, Ink.LEFT, Ink.LEFT_KEY)
        right += _inked(piece.right, piece.side, Ink.RIGHT, Ink.RIGHT_KEY)
    if left or right:
        yield _trimmed(left), _trimmed(right)


def calmed(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """The pieces with a lone "the" between two differences counted to them: else marks flicker."""
    for number, piece in enumerate(pieces):
        is_inside = 0 < number < len(pieces) - 1
        if piece.side is Side.SAME and is_inside and _LITTLE.fullmatch(piece.left.strip()):
            yield Piece(Side.ONLY_LEFT, piece.left, "")
            yield Piece(Side.ONLY_RIGHT, "", piece.right)
        else:
            yield piece


def ends_line(told: Sequence[Word]) -> bool:
    """Whether the next word stands on a new line; a row without a word yet is one."""
    return not told or told[-1].text == BREAK


def _trimmed(told: list[Word]) -> list[Word]:
    """Without the line breaks at both ends: the rows are apart already."""
    texts = [n for n, word in enumerate(told) if word.text != BREAK]
    return told[texts[0] : texts[-1] + 1] if texts else []


def _inked(text: str, side: Side, ink: Ink, key: Ink) -> list[Word]:
    if side is Side.SAME:
        return words(text)
    return [Word(w.text, key if is_key(w.text) else ink) for w in words(text)]


def _approval(row: PairRow) -> Iterator[list[Word]]:
    if row.state in {PairState.ARMED, PairState.RETIRED}:
        by = f" by {safe(row.approved_by, 60)}" if row.approved_by else ""
        yield words(f"It is {row.state.value} already{by}.")
        return
    names = [safe(name, TITLE_CHARS_MAX) for name in row.names]
    if names:
        yield words(f"Each of these must be known to you: {', '.join(names)}.")
    flags = "".join(f" --acknowledge {name}" for name in names)
    yield words(f"twoleg pairs approve {row.pair_id}{flags}")
    yield words(f"twoleg pairs reject {row.pair_id} --reason …")


def _told(text: str) -> list[Word]:
    return words(safe(text, TITLE_CHARS_MAX))
