import io

import pytest
from structlog.testing import capture_logs

from tests.unit.storage.support import ManualClock
from twoleg.catalogue.progress import BarProgress, LogProgress, Mark


def mark(rows: int, expected: int = 0, name: str = "kalshi", *, is_at_end: bool = False) -> Mark:
    return Mark(name, "markets", rows, expected, is_at_end)


def test_the_log_is_told_now_and_then_and_at_the_end() -> None:
    clock = ManualClock()
    progress = LogProgress(clock, "crawl_moved")
    with capture_logs() as logs:
        for second in range(32):
            clock.now_ns = second * 10**9
            progress.moved(mark(second, 100))
        progress.moved(mark(100, 100, is_at_end=True))
        progress.ended()
    assert {(line["event"], line["of"], line["part"]) for line in logs} == {
        ("crawl_moved", "kalshi", "markets")
    }
    assert [line["rows"] for line in logs] == [0, 15, 30, 100]


def test_the_bar_shows_both_venues_and_leaves_the_line() -> None:
    clock, stream = ManualClock(), io.StringIO()
    progress = BarProgress(stream, clock, lambda: 100)
    progress.moved(mark(2_500, 10_000))
    clock.now_ns = 10**9
    progress.moved(mark(30, 0, "polymarket"))
    drawn = stream.getvalue().split("\r\x1b[K")
    assert drawn[1] == "kalshi markets 2,500 [####............]"
    assert drawn[2] == drawn[1] + "   polymarket markets 30"
    progress.moved(mark(20_000, 10_000))
    assert len(stream.getvalue().split("\r")) == 3, "drawn again so soon"
    progress.moved(mark(20_000, 10_000, is_at_end=True))
    assert "kalshi markets 20,000 [################]" in stream.getvalue()
    progress.ended()
    assert stream.getvalue().endswith("\r\x1b[K")


@pytest.mark.parametrize(
    ("columns", "line"),
    [
        (87, "kalshi markets 2,500 [####............]   polymarket markets 40,000 [########........]"),
        (86, "kalshi markets 2,500 [##......]   polymarket markets 40,000 [####....]"),
        (71, "kalshi markets 2,500 [##......]   polymarket markets 40,000 [####....]"),
        (70, "kalshi 2,500 25%   polymarket 40,000 50%"),
        (40, "K 25%   P 50%"),
        (14, "K 25%   P 50%"),
        (8, "K 25%  "),
        (1, ""),
        (0, ""),
    ],
)  # fmt: skip
def test_the_bar_is_never_as_wide_as_the_terminal(columns: int, line: str) -> None:
    clock, stream = ManualClock(), io.StringIO()
    progress = BarProgress(stream, clock, lambda: columns)
    progress.moved(mark(2_500, 10_000))
    clock.now_ns = 10**9
    progress.moved(mark(40_000, 80_000, "polymarket"))
    drawn = stream.getvalue().split("\r\x1b[K")
    assert drawn[2] == line
    assert all(len(one) < max(columns, 1) for one in drawn)


def test_the_bar_makes_room_once_and_comes_back_with_the_next_page() -> None:
    clock, stream = ManualClock(), io.StringIO()
    progress = BarProgress(stream, clock, lambda: 80)
    progress.hide()
    assert stream.getvalue() == ""
    progress.moved(mark(10, 0))
    progress.hide()
    progress.hide()
    clock.now_ns = 10**9
    progress.moved(mark(20, 0))
    clear = "\r\x1b[K"
    assert stream.getvalue() == f"{clear}kalshi markets 10{clear}{clear}kalshi markets 20"


def test_the_bar_forgets_what_has_ended() -> None:
    clock, stream = ManualClock(), io.StringIO()
    progress = BarProgress(stream, clock, lambda: 80)
    progress.moved(mark(10, name="reading", is_at_end=True))
    progress.ended()
    clock.now_ns = 10**9
    progress.moved(mark(5, 10, name="comparing"))
    drawn = stream.getvalue().split("\r\x1b[K")
    assert drawn[-1] == "comparing markets 5 [########........]"
