"""Sync and match as commands against venues with a large catalogue: what is true, and only that."""

from benchmarks.catalogue import Pair, Sizes, Truth, compared, is_right, run

A, B, C = ("K-A", "0xa"), ("K-B", "0xb"), ("K-C", "0xc")
TRUTH = Truth(
    {A: ("game", "same", "1"), B: ("game", "inverse", "2")}, {C: ["line"]}, frozenset({("T", "0x")})
)


def test_a_small_catalogue_end_to_end() -> None:
    report = run(Sizes(500, 400, 11))
    assert is_right(report), report
    assert report["lost"] == {"kalshi": 0, "polymarket": 0}
    assert report["pairs"]["planted"] == 98
    assert report["pairs"]["found"] >= 85
    assert report["polarity"]["right"] == report["pairs"]["found"]
    assert min(report["pairs"]["relations"].values()) > 20
    assert sum(report["near_misses"].values()) > 150
    assert report["match_again"]["told"]["created"] == 0


def test_a_near_miss_and_a_wrong_way_are_faults() -> None:
    right = [Pair(A, "1", "auto"), Pair(B, "2", "auto"), Pair(("T", "0x"), "7", "review")]
    good = compared(TRUTH, right)
    assert (good["wrong"]["accepted"], good["polarity"]["wrong"]) == (0, 0)
    assert good["families"] == {"game": {"planted": 2, "found": 2}}
    bad = compared(TRUTH, [Pair(A, "2", "auto"), Pair(C, "3", "auto"), Pair(("K", "0x"), "", "")])
    assert bad["wrong"]["kinds"] == {"line": 1, "not planted": 1}
    assert bad["polarity"]["couples"] == [A]
    assert bad["missed"] == {"game": [B]}
    whole = {"kalshi": 0, "polymarket": 0}
    assert is_right({**good, "lost": whole})
    assert not is_right({**bad, "lost": whole})
    assert not is_right({**good, "lost": {"kalshi": 1, "polymarket": 0}})
