"""What the incidents of section C ask of the daemon's books."""

from tests.support.daemon import K, P, Run, Scene
from twoleg.core.actions import NoteKind
from twoleg.core.book import Book
from twoleg.core.events import ASK, BID
from twoleg.core.market import Direction, Venue

ONE = 1_000_000
TWENTY = 20 * ONE
YES = Direction.KALSHI_YES
STREAMS = {K: "ws", P: "ws /ws/market"}


def book_of(scene: Scene, run: Run, venue: Venue) -> Book:
    return run.app.engine.books().books[scene.pair.market_on(venue)]


def is_true(scene: Scene, run: Run, venue: Venue) -> bool:
    """Whether the daemon's book is live, and the venue's, level by level."""
    book, truth = book_of(scene, run, venue), scene.venues[venue].exchanges[scene.native(venue)]
    return (
        book.is_live
        and sorted(book.levels(BID)) == sorted(truth.levels("bid"))
        and sorted(book.levels(ASK)) == sorted(truth.levels("ask"))
    )


async def tick(run: Run, count: int = 8) -> None:
    """Let so many further book events be decided on."""
    ticks = run.app.stats.ticks
    await run.poked(lambda: run.app.stats.ticks >= ticks + count)


def names(run: Run) -> list[NoteKind]:
    return [note.kind for note in run.notes]


def reasons(run: Run) -> list[object]:
    return [fields["reason"] for fields in run.of(NoteKind.BOOK_VOID)]
