import json

import pytest
from aiohttp import web

from tests.unit.venues.polymarket.support import (
    CREDENTIALS,
    Client,
    FakeClock,
    Reply,
    client_of,
)
from tests.unit.venues.polymarket.vectors import ADDRESS
from twoleg.errors import CredentialError, VenueUnavailable
from twoleg.venues.polymarket.auth import ApiCredentials
from twoleg.venues.polymarket.keys import obtain_credentials

TRIPLE = json.dumps(
    {"apiKey": CREDENTIALS.key, "secret": CREDENTIALS.secret, "passphrase": CREDENTIALS.passphrase}
)


async def obtain(client: Client) -> ApiCredentials:
    return await obtain_credentials(
        http=client.http,
        clock=FakeClock(),
        signer=client.signer,
        base_url=client.url,
        options=client.options,
    )


async def test_credentials_are_created_with_an_l1_signature() -> None:
    seen: list[web.Request] = []

    def respond(request: web.Request, _body: bytes) -> Reply:
        seen.append(request)
        return 200, TRIPLE

    async with client_of(respond) as client:
        assert await obtain(client) == CREDENTIALS
    ((method, path),) = [(request.method, request.path) for request in seen]
    assert (method, path) == ("POST", "/auth/api-key")
    assert seen[0].headers["POLY_ADDRESS"] == ADDRESS
    assert len(seen[0].headers["POLY_SIGNATURE"]) == 132


async def test_credentials_that_exist_are_derived() -> None:
    def respond(request: web.Request, _body: bytes) -> Reply:
        return (400, '{"error":"exists"}') if request.method == "POST" else (200, TRIPLE)

    async with client_of(respond) as client:
        assert await obtain(client) == CREDENTIALS


async def test_credentials_refused_names_the_key_variable() -> None:
    async with client_of(
        lambda _request, _body: (401, '{"error":"Invalid L1 Request headers"}')
    ) as client:
        with pytest.raises(CredentialError, match="POLYMARKET_PRIVATE_KEY"):
            await obtain(client)


async def test_credentials_without_an_answer_are_unavailable() -> None:
    async with client_of(lambda _request, _body: (503, "")) as client:
        with pytest.raises(VenueUnavailable):
            await obtain(client)
