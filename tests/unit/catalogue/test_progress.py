import io
from datetime import UTC, datetime

from structlog.testing import capture_logs

from tests.unit.storage.support import ManualClock
from twoleg.catalogue.progress import BarProgress, LogProgress
from twoleg.core.market import Venue
from twoleg.storage.catalogue import AT_END, Crawl

STARTED = datetime(2026, 11, 23, tzinfo=UTC)


def crawl(rows: int, venue: Venue = Venue.KALSHI, cursor: str = "c") -> Crawl:
    return Crawl(
        venue=venue, part="markets", crawl_id=1, started_time=STARTED, rows=rows, cursor=cursor
    )


def test_the_log_is_told_now_and_then_and_at_the_end() -> None:
    clock = ManualClock()
    progress = LogProgress(clock)
    with capture_logs() as logs:
        for second in range(12):
            clock.now_ns = second * 10**9
            progress.moved(crawl(second), 100)
        progress.moved(crawl(100, cursor=AT_END), 100)
        progress.ended()
    assert [line["rows"] for line in logs] == [0, 5, 10, 100]


def test_the_bar_shows_both_venues_and_leaves_the_line() -> None:
    clock, stream = ManualClock(), io.StringIO()
    progress = BarProgress(stream, clock)
    progress.moved(crawl(2_500), 10_000)
    clock.now_ns = 10**9
    progress.moved(crawl(30, Venue.POLYMARKET), 0)
    drawn = stream.getvalue().split("\r\x1b[K")
    assert drawn[1] == "kalshi markets 2,500 [####............]"
    assert drawn[2] == drawn[1] + "   polymarket markets 30"
    progress.moved(crawl(20_000), 10_000)
    assert len(stream.getvalue().split("\r")) == 3, "drawn again so soon"
    progress.moved(crawl(20_000, cursor=AT_END), 10_000)
    assert "kalshi markets 20,000 [################]" in stream.getvalue()
    progress.ended()
    assert stream.getvalue().endswith("\r\x1b[K")
