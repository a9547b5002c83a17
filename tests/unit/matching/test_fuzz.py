"""Any text at all: nothing raises, nothing agrees by accident, names compare both ways alike."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.matching.support import decided, kalshi, polymarket
from twoleg.matching.decide import decide
from twoleg.matching.diff import Side, safe, word_diff
from twoleg.matching.listing import read_kalshi, read_polymarket
from twoleg.matching.names import person, team
from twoleg.matching.parse import parse
from twoleg.matching.risk import Grade, grade, tails

PIECES = st.sampled_from(
    [
        "Will",
        "?",
        ":",
        "-",
        "—",
        "vs.",
        "vs",
        "at",
        "Map",
        "2",
        "Winner",
        "O/U",
        "2.5",
        "Both",
        "Teams",
        "to",
        "Score",
        "win",
        "the",
        "2026",
        "before",
        "Jan",
        "1,",
        "2027",
        "Over",
        "(-1.5)",
        "Spread:",
        "Top",
        "10",
        "finish",
        "in",
        "Harbour",
        "Northgate",
        "FC",
        "Doe",
        "$100+",
        ">25bps",
        "between",
        "5-7",
        "%",
        "Tie",
        "leading",
        "at",
        "halftime",
        "end",
        "in",
        "a",
        "draw",
        "next",
        "Democratic",
        "OH-03",
        "House",
        "seat",
        "not",
    ]
)
TEXT = st.one_of(st.text(max_size=80), st.lists(PIECES, max_size=14).map(" ".join))
TICKER = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["KXEPLGAME-26MAY16HARNOR-TIE", "KXPGATOP10-HBC26-D", "KXNBAPTS-26MAY16-X", "-", "KXMVE-1"]),
)  # fmt: skip
SHORT = settings(max_examples=150, deadline=None)


@SHORT
@given(TICKER, st.tuples(TEXT, TEXT, TEXT, TEXT), st.lists(TEXT, max_size=3), st.text(max_size=30))
def test_nothing_raises_on_any_text(
    ticker: str, texts: tuple[str, str, str, str], labels: list[str], slug: str
) -> None:
    title, yes, event, question = texts
    left = kalshi(ticker, title, yes, event_title=event, rules_primary=event)
    right = polymarket(question, tuple(labels), slug=slug, event_title=event, group_item_title=yes)
    decision = decided(left, right)
    assert decision.is_accepted == (decision.polarity is not None)
    assert decision.reason


@SHORT
@given(TEXT, TEXT)
def test_another_question_does_not_agree_by_accident(title: str, question: str) -> None:
    left = kalshi("KXHOUSERACE-OH03-26-D", f"Will Democratic win the House race for OH-03? {title}")
    assert not decided(
        left, polymarket(f"Will Jane Doe visit Freedonia before 2027? {question}")
    ).is_accepted


@SHORT
@given(TEXT, TEXT)
def test_names_compare_alike_both_ways(one: str, other: str) -> None:
    assert person(one, other) is person(other, one)
    assert team(one, other) is team(other, one)


@SHORT
@given(
    st.dictionaries(
        st.sampled_from(["ticker", "title", "floor_strike", "strike_type", "id", "question", "outcomes", "line", "events", "endDate", "gameStartTime"]),
        st.recursive(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)), lambda inner: st.lists(inner, max_size=2)),
    )
)  # fmt: skip
def test_rows_of_any_shape_become_cards(row: dict[str, object]) -> None:
    assert parse(read_kalshi(row)).venue == "kalshi"
    assert parse(read_polymarket(row)).venue == "polymarket"


RULES = st.one_of(
    st.text(max_size=120),
    st.lists(
        st.sampled_from(
            ["If", "cancelled", "postponed", "tie", "dies", "50-50", "fair price", "remains open", "resolves to", '"Yes"', "No", ".", "by", "before", "between", "and", "after", "Jan 1, 2027", "May 2026", "2027", "11:59 PM ET", "at least 60%", "above 60", "https://www.nba.com/x", "overtime", "not included", "no winner"]
        ),
        max_size=30,
    ).map(" ".join),
)  # fmt: skip


@SHORT
@given(RULES, RULES)
def test_rules_of_any_kind_are_graded(ours: str, theirs: str) -> None:
    title = "Will the comet be visited before 2027?"
    left = parse(kalshi("KXCOMET-27", title, rules_primary=ours))
    right = parse(polymarket(title, description=theirs))
    decision = decide(left, right)
    assert decision.reason
    assert grade(left, right, decision) in Grade
    assert all(0 <= tail.worst_payout_e4 <= 10_000 for tail in tails(left, right, decision))


@SHORT
@given(st.one_of(RULES, st.text()), st.one_of(RULES, st.text()))
def test_differences_give_both_texts_back(left: str, right: str) -> None:
    pieces = word_diff(left, right)
    assert "".join(piece.left for piece in pieces).strip() == safe(left, 20_000, lines=True)
    assert "".join(piece.right for piece in pieces).strip() == safe(right, 20_000, lines=True)
    assert all(piece.left and piece.right for piece in pieces if piece.side is Side.SAME)


@SHORT
@given(st.text())
def test_what_is_shown_stays_shown(text: str) -> None:
    shown = safe(text, 40)
    assert len(shown) <= 40
    assert shown.replace(" ", "").isprintable()
    assert safe(shown, 40) == shown
