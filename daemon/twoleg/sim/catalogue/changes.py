"""What was changed about rows of the catalogue while a venue runs, and the admin calls for it.

GET  /_sim/catalogue/truth   ?after=N&limit=M: JSON lines of the rows from N of this venue on:
                             {"kalshi", "polymarket", "kind", "relation", "label",
                                 "token"}; header
                             X-Next-After has the next N, "" at the end
POST /_sim/catalogue/market  {"market", "title"?, "rules"?, "close_ts_s"?, "status"?, "shard"?,
                             "token_ids"?}: change a row; status is open, closed or gone
"""

from collections.abc import Callable, Iterator
from typing import Final, Literal, Protocol

import msgspec
from aiohttp import web

from twoleg.sim.catalogue.identity import condition_id, token_ids
from twoleg.sim.catalogue.world import World

Status = Literal["open", "closed", "gone"]
ROWS_MAX: Final = 10_000
Line = dict[str, object]


class Change(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /_sim/catalogue/market; what is absent stays as it is.

    `shard` is of Kalshi, `token_ids` of Polymarket. `gone` markets are in no answer any more.
    """

    market: str
    title: str | None = None
    rules: str | None = None
    close_ts_s: int | None = None
    status: Status | None = None
    shard: int | None = None
    token_ids: tuple[str, str] | None = None
    updated_ts_s: int = 0


class Shelf(Protocol):
    """A venue's part of the catalogue, as far as the admin calls need it."""

    changes: dict[int, Change]

    def __len__(self) -> int:
        """Return how many rows the venue lists."""
        ...

    def find(self, market: str) -> int | None:
        """Return the row of a market by the venue's own identifier."""
        ...

    def truths(self, first: int, last: int) -> Iterator[Line]:
        """Tell what pairs with these rows of the venue, and what only seems to."""
        ...


def merged(before: Change | None, change: Change) -> Change:
    """Return a change on top of an earlier one."""
    if before is None:
        return change
    given = {
        name: value for name, value in msgspec.structs.asdict(change).items() if value is not None
    }
    return msgspec.structs.replace(before, **given)


def add_catalogue_admin(app: web.Application, shelf: Shelf, now_s: Callable[[], int]) -> None:
    """Register the admin calls of the catalogue."""

    async def tell_truth(request: web.Request) -> web.Response:
        first = _whole(request, "after", 0)
        last = min(first + min(_whole(request, "limit", ROWS_MAX), ROWS_MAX), len(shelf))
        lines = b"".join(msgspec.json.encode(line) + b"\n" for line in shelf.truths(first, last))
        following = str(last) if last < len(shelf) else ""
        return web.Response(
            body=lines, content_type="application/x-ndjson", headers={"X-Next-After": following}
        )

    async def change_market(request: web.Request) -> web.Response:
        try:
            change = msgspec.json.decode(await request.read(), type=Change)
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            return web.json_response({"error": str(error)}, status=400)
        row = shelf.find(change.market)
        if row is None:
            return web.json_response({"error": f"no market {change.market!r}"}, status=400)
        change.updated_ts_s = now_s()
        shelf.changes[row] = merged(shelf.changes.get(row), change)
        return web.json_response(msgspec.structs.asdict(shelf.changes[row]))

    app.router.add_get("/_sim/catalogue/truth", tell_truth)
    app.router.add_post("/_sim/catalogue/market", change_market)


def truth_lines(
    world: World, cycles: range, is_wanted: Callable[[int, int], bool]
) -> Iterator[Line]:
    """Tell the truths of some cycles whose rows (Kalshi's, Polymarket's) are wanted.

    `relation` is same or inverse by the place of the outcome, `label` and `token` are that outcome.
    """
    for number in cycles:
        for truth in world.cycle(number).truths:
            if is_wanted(truth.kalshi, truth.polymarket):
                is_pair = truth.paying >= 0
                tokens = token_ids(world.seed, truth.polymarket)
                yield {
                    "kalshi": world.kalshi(truth.kalshi).ticker,
                    "polymarket": condition_id(world.seed, truth.polymarket),
                    "kind": truth.kind,
                    "relation": ("same", "inverse")[truth.paying] if is_pair else "different",
                    "label": truth.label,
                    "token": tokens[truth.paying] if is_pair else "",
                }


def _whole(request: web.Request, name: str, default: int) -> int:
    text = request.query.get(name, "")
    return int(text) if text.isdecimal() else default
