"""The matching benchmark: its readers, its texts-only mode and what it prints."""

import json
from pathlib import Path

import pytest

from benchmarks import matching, matching_baselines, matching_candidates, matching_rows
from twoleg.matching.listing import KalshiListing, PolymarketListing


def labelled(ticker: str, title: str, question: str, label: str, **fields: str) -> dict[str, str]:
    return {
        "kalshi_ticker": ticker, "kalshi_title": title, "kalshi_subtitle": "", "kalshi_rules": "",
        "kalshi_close": "2027-11-02", "poly_id": "1", "poly_question": question, "poly_slug": "",
        "poly_description": "", "poly_end": "2026-11-03", "label": label, "grade": "firm", **fields,
    }  # fmt: skip


ROWS = [
    labelled("KXHOUSERACE-OH03-26-D", "Will Democratic win the House race for OH-03?", "Will the Democratic Party win the OH-03 House seat?", "same"),
    labelled("KXHOUSERACE-OH03-26-D", "Will Democratic win the House race for OH-03?", "Will the Republican Party win the OH-03 House seat?", "different"),
    labelled("KXCS2MAP-26MAY161310OAKELM-2-ELM", "Oakline vs. Elmfire: Map 2", "Counter-Strike: Oakline vs Elmfire - Map 2 Winner", "inverse", poly_slug="cs2-oak-elm-2026-05-16-game2"),
    labelled("KXCOMET-27", "Will the comet be visited before 2027?", "Will the comet be seen before 2027?", "same", grade="soft"),
]  # fmt: skip


def write(path: Path, rows: list[dict[str, str]]) -> Path:
    path.write_text("not json\n[]\n" + "\n".join(json.dumps(row) for row in rows) + "\n")
    return path


def test_labels_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert matching.main(["--labels", str(write(tmp_path / "rows.jsonl", ROWS)), "--show"]) == 0
    report = json.loads(capsys.readouterr().out)
    ours = report["twoleg"]
    assert (ours["precision"], ours["recall"], ours["polarity_accuracy"]) == (1.0, 1.0, 1.0)
    assert ours["confusions"] == {
        "different as none": 1,
        "inverse as inverse": 1,
        "same as same": 1,
    }
    assert set(report["baselines"]) == {"token_set", "tf_idf"}
    assert report["apart"]["soft"]["twoleg"]["confusions"] == {"same as none": 1}


def test_catalogue_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    left = write(
        tmp_path / "k.jsonl",
        [
            {
                "ticker": row["kalshi_ticker"],
                "title": row["kalshi_title"],
                "close_time": "2027-11-02",
            }
            for row in ROWS
        ],
    )
    right = write(
        tmp_path / "p.jsonl",
        [
            {
                "id": str(i),
                "question": row["poly_question"],
                "slug": row["poly_slug"],
                "endDate": "2026-11-03",
            }
            for i, row in enumerate(ROWS)
        ],
    )
    out = tmp_path / "pairs.jsonl"
    assert matching.main(["--catalogue", str(left), str(right), "--out", str(out)]) == 0
    assert json.loads(capsys.readouterr().out)["accepted"] == 2
    pairs = [json.loads(line) for line in out.read_text().splitlines()]
    assert {(pair["poly_id"], pair["polarity"], pair["class"]) for pair in pairs} == {
        ("0", "same", "review"),
        ("2", "inverse", "review"),
    }
    assert all(pair["reasons"] for pair in pairs)


def test_asked_for_nothing_it_prints_its_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert matching.main([]) == 2
    assert "--labels" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("ticker", "title", "side"),
    [
        ("KXCS2MAP-26MAY161310OAKELM-2-ELM", "Oakline vs. Elmfire: Map 2", "elmfire"),
        ("KXIPLGAME-26MAY09GTRR-GT", "Rajasthan Royals vs Gujarat Titans", "gujarat titans"),
        ("KXATPSETWINNER-26MAY16TIEBRA-1-TIE", "Lars Tiemann vs Petr Brand: Set 1 Winner", "lars tiemann"),
        ("KXEPLGAME-26MAY16HARNOR-TIE", "Harbour vs Northgate Winner?", "Tie"),
        ("KXCS2MAP-26MAY161310TLAST-2-TL", "Astralis vs. Liquid: Map 2", "liquid"),
        ("KXCS2MAP-26MAY161310XXYY-2-XX", "Astralis vs. Liquid: Map 2", ""),
        ("KXPRESNOMD-28-JDOE", "Will Jane Doe be the nominee?", ""),
        ("KXBUNDESLIGAGAME-26MAY16SGEVFB-VFB", "Frankfurt vs Stuttgart Winner?", "stuttgart"),
        ("KXBUNDESLIGAGAME-26MAY16SVWBVB-BVB", "Bremen vs Dortmund Winner?", "dortmund"),
        ("KXBUNDESLIGAGAME-26MAY16XYZVFB-XYZ", "Harbour vs Stuttgart Winner?", "harbour"),
        ("KXBUNDESLIGAGAME-26MAY16XYZVFB-VFB", "Harbour vs Elmtown Winner?", ""),
    ],
)  # fmt: skip
def test_suffix_is_resolved_to_a_name_or_left(ticker: str, title: str, side: str) -> None:
    assert (
        matching_rows.filled_kalshi(KalshiListing(ticker=ticker, title=title)).yes_sub_title == side
    )


@pytest.mark.parametrize(
    ("question", "outcomes"),
    [
        ("Oakline vs. Elmfire", ("oakline", "elmfire")),
        ("Oakline vs. Elmfire: O/U 2.5", ("Over", "Under")),
        ("Oakline vs. Elmfire: Both Teams to Score", ("Yes", "No")),
        ("Will Oakline win on 2026-05-16?", ("Yes", "No")),
        ("1. FC Oakline vs. 1. FSV Elmfire 05 - More Markets — Spread: 1. FC Oakline (-1.5)", ("1. fc oakline", "1. fsv elmfire 05")),
        ("Map Handicap: Oakline (-1.5) vs Elmfire (+1.5)", ("oakline", "elmfire")),
    ],
)  # fmt: skip
def test_outcomes_are_taken_from_the_question(question: str, outcomes: tuple[str, str]) -> None:
    listing = PolymarketListing(market_id="1", question=question)
    assert matching_rows.filled_polymarket(listing).outcomes == outcomes


def test_published_outcomes_are_kept() -> None:
    listing = PolymarketListing(
        market_id="1", question="Oakline vs. Elmfire", outcomes=("Elmfire", "Oakline")
    )
    assert matching_rows.filled_polymarket(listing).outcomes == ("Elmfire", "Oakline")


def test_baselines_rank_equal_texts_first() -> None:
    assert matching_baselines.token_set("b a", "a b") == 1.0
    assert matching_baselines.token_set("a b", "c d") < 0.5
    same, other = matching_baselines.tf_idf(
        [("oakline wins", "oakline wins"), ("oakline wins", "snow in june")]
    )
    assert same > 0.99 > other


def test_candidates_are_measured_with_their_recall(capsys: pytest.CaptureFixture[str]) -> None:
    assert matching_candidates.main(["--kalshi", "60", "--polymarket", "40"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["recall"] == 1.0
    assert 20 <= report["candidates"] <= 60 * 30
