import json

import pytest
import structlog
from aiohttp import web

from tests.unit.venues.polymarket.support import CREDENTIALS, Reply, client_of, ref, spec
from twoleg.core.events import AnswerStatus
from twoleg.venues.polymarket.auth import ApiCredentials, RequestSigner
from twoleg.venues.polymarket.keys import obtain_credentials

TRIPLE = json.dumps(
    {"apiKey": CREDENTIALS.key, "secret": CREDENTIALS.secret, "passphrase": CREDENTIALS.passphrase}
)


@pytest.mark.parametrize(
    ("ahead_s", "skew_s"), [(0, 0), (1, 0), (-2, 0), (3, 3), (-30, -30), (86_400, 86_400)]
)
async def test_skew_is_used_above_two_seconds(ahead_s: int, skew_s: int) -> None:
    def respond(_request: web.Request, _body: bytes) -> Reply:
        return 200, f"{client.clock.wall_ns() // 1_000_000_000 + ahead_s}\n"

    async with client_of(respond) as client:
        clock = client.rest.server_clock
        # The answer is cut to seconds: half of one is what it means.
        client.clock.advance_ms(500)
        changed = await clock.measure()
        assert (clock.skew_s, changed) == (skew_s, bool(skew_s))
        assert clock.now_ns() - client.clock.wall_ns() == skew_s * 1_000_000_000
        assert not await clock.measure()


@pytest.mark.parametrize("reply", [(500, "1"), (200, "soon"), (200, ""), (200, "9" * 30)])
async def test_time_that_is_not_told_leaves_the_old_skew(reply: Reply) -> None:
    async with client_of(lambda _request, _body: reply) as client:
        with structlog.testing.capture_logs() as logs:
            assert not await client.rest.server_clock.measure()
        assert client.rest.server_clock.skew_s == 0
    assert [line["event"] for line in logs] == ["clock_skew_not_measured"]


class SkewedVenue:
    """Refuses requests stamped more than ten seconds off its own clock."""

    def __init__(self, ahead_s: int) -> None:
        self.ahead_s = ahead_s
        self.now_s = 0
        self.seen: list[str] = []

    def __call__(self, request: web.Request, _body: bytes) -> Reply:
        self.seen.append(f"{request.method} {request.path}")
        if request.path == "/time":
            return 200, str(self.now_s + self.ahead_s)
        stamp_s = int(request.headers["POLY_TIMESTAMP"])
        if abs(stamp_s - self.now_s - self.ahead_s) > 10:
            return 401, '{"error":"Unauthorized/Invalid api key"}'
        if request.path.startswith("/auth/"):
            return 200, TRIPLE
        if request.method == "POST":
            return 400, '{"error":"order couldn\'t be fully filled"}'
        return 200, '{"balance":"7"}'


async def test_refused_read_is_tried_again_by_the_venues_clock() -> None:
    venue = SkewedVenue(-60)
    async with client_of(venue) as client:
        venue.now_s = client.clock.wall_ns() // 1_000_000_000
        assert await client.account.read_balance() == 7
    reads = [line for line in venue.seen if line == "GET /balance-allowance"]
    assert len(reads) == 1
    assert venue.seen[:3] == [
        "GET /balance-allowance/update",
        "GET /time",
        "GET /balance-allowance/update",
    ]


async def test_refused_order_is_not_resent_but_the_next_one_is_stamped_right() -> None:
    venue = SkewedVenue(60)
    async with client_of(venue) as client:
        venue.now_s = client.clock.wall_ns() // 1_000_000_000
        first = await client.orders.send(client.orders.prepare(spec()))
        assert (first.status, first.code) == (AnswerStatus.REJECTED, "unauthorized")
        assert venue.seen == ["POST /order", "GET /time"]
        prepared = client.orders.prepare(spec())
        assert (await client.orders.send(prepared)).status is AnswerStatus.MISSED
        stamp_ms = int(json.loads(prepared.body)["order"]["timestamp"])
        assert 59_000 < stamp_ms - client.clock.wall_ns() // 1_000_000 < 61_000
        assert prepared.prepared_wall_ms == client.clock.wall_ns() // 1_000_000


async def test_trades_are_asked_for_by_the_venues_clock() -> None:
    asked: list[str] = []

    def respond(request: web.Request, _body: bytes) -> Reply:
        if request.path == "/time":
            return 200, str(client.clock.wall_ns() // 1_000_000_000 - 500)
        asked.append(request.query["after"])
        return 200, '{"data":[],"next_cursor":"LTE="}'

    async with client_of(respond) as client:
        await client.rest.server_clock.measure()
        await client.orders.read_fills(ref())
        sent_s = ref().sent_wall_ms // 1_000
    assert sent_s - 562 <= int(asked[0]) <= sent_s - 558


async def test_credentials_are_obtained_by_the_venues_clock() -> None:
    venue = SkewedVenue(3_600)
    async with client_of(venue) as client:
        venue.now_s = client.clock.wall_ns() // 1_000_000_000
        granted = await obtain_credentials(
            http=client.http,
            clock=client.clock,
            signer=client.signer,
            base_url=client.url,
            options=client.options,
        )
    assert granted == CREDENTIALS
    assert venue.seen == [
        "POST /auth/api-key",
        "GET /time",
        "GET /auth/derive-api-key",
    ]


def test_nothing_that_holds_a_secret_shows_it() -> None:
    signer = RequestSigner("0x1", ApiCredentials("key", CREDENTIALS.secret, "pass"))
    assert CREDENTIALS.secret not in f"{signer!r} {signer}"
