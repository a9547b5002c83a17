"""The sheet of a pair: what it says, and that no text of a market can say it for us."""

import re
import unicodedata
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from tests.support.pairing import game, stored_both
from tests.unit.catalogue.support import Couple, row_of
from twoleg.cli.columns import Ink, Paper, cells
from twoleg.cli.pairs_gist import gist
from twoleg.cli.pairs_sheet import Sheet, draw, levelled, utc
from twoleg.core.market import PairState, Polarity
from twoleg.matching.diff import word_diff
from twoleg.storage.catalogue import StoredText
from twoleg.storage.pair_rows import FacetRow, TailRow

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
GAME = game(1, "Detroit Tigers", "Toronto Blue Jays")
HOSTILE = "\x1b]0;owned\x07\x1b[2J\u202eevil\u2066\u200f\x9b31m\r\x08\x00zalgo" + "\u0301" * 50
WIDTHS = (40, 60, 75, 76, 100, 200)


def sheet(couple: Couple = GAME, **fields: Any) -> Sheet:
    left, right = stored_both(couple)
    row = msgspec.structs.replace(row_of(couple), **fields)
    return Sheet(row=row, kalshi=left, polymarket=right)


def hostile(text: str) -> Sheet:
    """Every text that a market may choose is `text`."""
    left, right = GAME
    couple = (
        msgspec.structs.replace(
            left, event_title=text, event_sub_title=text, subtitle=text, rules_secondary=text
        ),
        msgspec.structs.replace(right, event_title=text, description=text),
    )
    known = sheet(couple)
    row = msgspec.structs.replace(
        known.row, state_reason=text, reason=text, yes_label=text, no_label=text, approved_by=text,
        facets=(FacetRow("line", "different", text, text), FacetRow(text, text, text, text)),
        tails=(TailRow("tie", text, text, 0),),
    )  # fmt: skip
    assert known.kalshi is not None
    assert known.polymarket is not None
    listing = msgspec.structs.replace(left, title=text, yes_sub_title=text)
    kalshi = msgspec.structs.replace(
        known.kalshi, title=text, status=text, listing=msgspec.json.encode(listing)
    )
    texts = tuple(
        StoredText(rules_fingerprint=str(n), title=text, rules=text * n,
                   first_seen_time=datetime(2026, 1, n, tzinfo=UTC))
        for n in (1, 2)
    )  # fmt: skip
    return Sheet(
        row=row, kalshi=kalshi, polymarket=known.polymarket, kalshi_texts=texts,
        polymarket_texts=texts,
    )  # fmt: skip


def told(what: Sheet, width: int = 120, *, is_coloured: bool = False) -> str:
    return "\n".join(draw(what, Paper(width=width, is_coloured=is_coloured)))


def test_the_sheet_tells_what_each_side_buys() -> None:
    text = told(sheet())
    assert 'YES on Kalshi ("Detroit Tigers") = token 12 labelled "Detroit Tigers"' in text
    one, other = (line for line in text.splitlines() if line.startswith(("one way", "the other")))
    assert "YES on Kalshi" in one
    assert 'token 11 labelled "Toronto Blue Jays"' in one
    assert "NO on Kalshi" in other
    assert 'token 12 labelled "Detroit Tigers"' in other


def test_an_inverse_pair_names_the_other_label() -> None:
    turned = sheet(
        polarity=Polarity.INVERSE, yes_label="Toronto Blue Jays", no_label="Detroit Tigers"
    )
    text = told(turned)
    assert 'token 12 labelled "Detroit Tigers" on Polymarket (inverse)' in text


def test_an_unproved_polarity_is_said() -> None:
    assert "could not be proved by names" in told(sheet(yes_token="", no_token=""))


def test_the_sheet_tells_titles_closes_in_utc_tails_and_the_words_of_the_approval() -> None:
    what = sheet()
    text = told(what)
    assert "Toronto Blue Jays vs Detroit Tigers Winner?" in text
    assert "Toronto Blue Jays vs. Detroit Tigers" in text
    assert "2026-05-17 06:40 UTC" in text
    assert re.search(r"! cancel \$0\.50 +fair price +│ 50-50", text)
    assert re.search(r"= sport +baseball +│ baseball", text)
    assert re.search(r"~ tails +cancel: fair price", text)
    flags = " ".join(f"--acknowledge {name}" for name in what.row.names)
    assert f"twoleg pairs approve {what.row.pair_id} {flags}" in " ".join(text.split())


def test_words_that_differ_are_marked_on_their_side() -> None:
    lines = told(sheet()).splitlines()
    row = next(line for line in lines if "A cancelled game" in line)
    left, _, right = row.partition("│")
    assert "[-to a fair price.-]" in left
    assert "{+50-50.+}" in right
    assert left.startswith("A cancelled game resolves")
    assert right.startswith(" A cancelled game resolves")


def test_colours_replace_the_marks() -> None:
    text = told(sheet(), is_coloured=True)
    assert "[-" not in text
    assert "{+" not in text
    assert "\x1b[1;4;36m50-50.\x1b[0m" in text


def test_texts_that_changed_since_the_match_are_said_first() -> None:
    text = told(sheet(kalshi_fingerprint="sha256:old"))
    assert "match again" in " ".join(text.split())
    assert "match again" not in told(sheet())


def test_a_missing_text_and_a_missing_market_are_said() -> None:
    bare = msgspec.structs.replace(GAME[1], description="")
    assert "There is no rule text of Polymarket." in told(sheet((GAME[0], bare)))
    gone = msgspec.structs.replace(sheet(), kalshi=None)
    assert "not in the catalogue" in told(gone)


@pytest.mark.parametrize("state", [PairState.ARMED, PairState.RETIRED])
def test_what_cannot_be_approved_offers_no_approval(state: PairState) -> None:
    text = told(sheet(state=state, approved_by="ana"))
    assert "pairs approve" not in text
    assert f"It is {state.value} already by ana." in text


def test_the_latest_change_of_a_text_is_shown_word_by_word() -> None:
    texts = tuple(
        StoredText(rules_fingerprint=str(n), title="T", rules=f"It closes on May {n} at noon.",
                   first_seen_time=datetime(2026, 5, n, tzinfo=UTC))
        for n in (1, 2, 3)
    )  # fmt: skip
    text = told(msgspec.structs.replace(sheet(), kalshi_texts=texts))
    assert "CHANGED ON KALSHI, SEEN 2026-05-03 00:00 UTC" in text
    assert re.search(r"\[-2-\] at noon.*│.*\{\+3\+\} at noon", text)
    assert "[-1-]" not in text


@pytest.mark.parametrize("is_coloured", [False, True])
@pytest.mark.parametrize("width", [40, 130])
@pytest.mark.parametrize(
    "text", [HOSTILE, "x" * 20_000, "東京 " * 5_000, "\u0600\u202b" * 3_000, ""]
)
def test_no_text_of_a_market_reaches_the_terminal_as_it_is(
    text: str, width: int, *, is_coloured: bool
) -> None:
    drawn = told(hostile(text), width, is_coloured=is_coloured)
    plain = ESCAPE.sub("", drawn) if is_coloured else drawn
    bad = {char for char in plain if unicodedata.category(char)[0] == "C" and char != "\n"}
    assert bad == set()
    own = {f"\x1b[{ink.value}m" for ink in Ink} | {"\x1b[0m"}
    assert set(ESCAPE.findall(drawn)) <= (own if is_coloured else set())
    assert max(cells(line) for line in plain.splitlines()) <= width


def test_a_text_of_twenty_thousand_letters_is_cut() -> None:
    assert len(told(hostile("x " * 10_000))) < 200_000


@pytest.mark.parametrize("width", WIDTHS)
def test_the_sheet_keeps_to_its_width(width: int) -> None:
    for is_coloured in (False, True):
        lines = ESCAPE.sub("", told(sheet(), width, is_coloured=is_coloured)).splitlines()
        assert max(map(cells, lines)) <= width


def test_rows_are_brought_level_where_enough_words_are_equal() -> None:
    left = "alpha beta gamma the winner of the game is told by the league omega"
    right = "delta the winner of the game is told by the league psi chi"
    rows = [
        (" ".join(w.text for w in ours), " ".join(w.text for w in theirs))
        for ours, theirs in levelled(word_diff(left, right))
    ]
    assert rows[0] == ("alpha beta gamma", "delta")
    assert rows[1][0].startswith("the winner of the game")
    assert rows[1][1].startswith("the winner of the game")


def ruled(kalshi: str, polymarket: str, **fields: Any) -> Sheet:
    """A pair with these rule texts."""
    left, right = GAME
    return sheet(
        (
            msgspec.structs.replace(left, rules_primary=kalshi, rules_secondary=""),
            msgspec.structs.replace(right, description=polymarket),
        ),
        **fields,
    )


LONG = "The winner is who leads when the league calls it over. " * 200


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("before", "by"), ("shall", "shall not"), ("above 3", "above 3.5"), ("any", "every")],
)
@pytest.mark.parametrize("width", WIDTHS)
def test_one_deciding_word_in_long_rules_is_told_at_the_head(
    ours: str, theirs: str, width: int
) -> None:
    text = told(ruled(f"{LONG}It {ours} end. {LONG}", f"{LONG}It {theirs} end. {LONG}"), width)
    head = " ".join(text.partition("FACETS")[0].split())
    only = {word for word in theirs.split() if word not in ours.split()}
    assert f"of Polymarket's rules alone: {' · '.join(sorted(only))}" in head
    if width > 75:
        assert f"{{+{only.pop()}+}} end" in " ".join(text.split())


def test_equal_rules_have_no_deciding_words_and_equal_facets_say_so() -> None:
    equal = (FacetRow("line", "equal", "3", "3"), FacetRow("window", "equal", "", ""))
    text = told(ruled("It ends by May 3.", 'It ends by "May 3".', facets=equal, tails=()))
    assert "deciding words" not in text
    assert "Every facet agrees." in text
    assert "Neither side tells: window." in text
    assert not re.search(r"= window", text)


def test_a_facet_that_one_side_does_not_tell_says_which() -> None:
    silent = FacetRow("scope", "missing on one side", "", "regulation only")
    text = told(sheet(facets=(silent,)))
    assert "scope: missing on one side" in text
    assert re.search(r"[!~] scope +not told +│ regulation only", text)
    assert "Every facet agrees" not in text


@pytest.mark.parametrize(
    ("kalshi_ms", "polymarket_ms", "told_apart"),
    [
        (15 * 86_400_000, 86_400_000, "Kalshi closes 14 days after Polymarket"),
        (86_400_000, 86_400_000 + 3_600_000, "Polymarket closes 1 hour after Kalshi"),
        (86_400_000, 86_400_000 + 3_599_999, ""),
        (0, 86_400_000, ""),
    ],
)
def test_closes_that_are_apart_are_told(
    kalshi_ms: int, polymarket_ms: int, told_apart: str
) -> None:
    lines = [
        " ".join(w.text for w in line)
        for line in gist(sheet().row, (kalshi_ms, polymarket_ms), ("", ""))
    ]
    assert [line[2:] for line in lines if "closes" in line] == [told_apart][: bool(told_apart)]


def test_a_case_that_was_not_found_is_not_said_to_be_absent() -> None:
    text = told(sheet(tails=(TailRow("tie", "", "50-50", 0),)))
    assert re.search(r"! tie \$0\.00 +not found: read the rules +│ 50-50", text)
    assert "may pay $0.00 together instead of $1: tie" in text


def test_a_lone_little_word_between_two_differences_is_marked_with_them() -> None:
    left, right = "ask the alpha now please", "beg the omega now please"
    [(ours, theirs)] = list(levelled(word_diff(left, right)))
    assert [word.ink for word in ours][:3] == [Ink.LEFT] * 3
    assert [word.ink for word in theirs][:3] == [Ink.RIGHT] * 3
    assert [word.text for word in ours] == left.split()
    assert [word.text for word in theirs] == right.split()


@pytest.mark.parametrize(("left", "first"), [("one\nIf it ends", "one"), ("If it ends", "")])
def test_rows_are_level_again_at_each_line_that_begins_alike(left: str, first: str) -> None:
    rows = [
        (" ".join(w.text for w in ours), " ".join(w.text for w in theirs))
        for ours, theirs in levelled(word_diff(left, "two three\nIf it stops"))
    ]
    assert rows == [(first, "two three"), ("If it ends", "If it stops")]


def test_a_time_that_is_not_told_is_said() -> None:
    assert utc(0) == "not told"
    assert utc(1_779_000_000_000) == "2026-05-17 06:40 UTC"
