"""What reads of the CLOB say when they cannot be answered."""

import pytest

from tests.unit.venues.polymarket.support import Reply, client_of
from twoleg.errors import VenueUnavailable


async def test_read_that_cannot_be_answered_now_says_when_to_come_back() -> None:
    reply: Reply = (503, '{"error":"post-only mode","retry_after_seconds":79}')
    async with client_of(lambda _request, _body: reply) as client:
        with pytest.raises(VenueUnavailable) as caught:
            await client.orders.check_version()
    assert caught.value.retry_after_s == 79
