"""API credentials for a wallet: created once, derived ever after.

`POST /auth/api-key` answers 400 when credentials exist for that nonce; `GET /auth/derive-api-key`
then gives the same triple again (py-clob-client-v2 1.2.1, read 2026-11-22).
"""

import msgspec

from twoleg.errors import CredentialError, OutcomeUnknown, VenueRejected, VenueUnavailable
from twoleg.seams import Clock
from twoleg.venues.polymarket.auth import ApiCredentials
from twoleg.venues.polymarket.options import PolymarketOptions
from twoleg.venues.polymarket.rest import JSON_HEADERS, decode_answer
from twoleg.venues.polymarket.server_clock import ServerClock
from twoleg.venues.polymarket.sign import KEY_VARIABLE, VENUE, OrderSigner
from twoleg.venues.transport import HttpExchange, require_safe_url

CREATE = ("POST", "/auth/api-key")
DERIVE = ("GET", "/auth/derive-api-key")


class _Triple(msgspec.Struct):
    """The answer to both calls."""

    key: str = msgspec.field(name="apiKey")
    secret: str
    passphrase: str

    def __repr__(self) -> str:
        return "_Triple(…)"


async def obtain_credentials(
    *,
    http: HttpExchange,
    clock: Clock,
    signer: OrderSigner,
    base_url: str,
    options: PolymarketOptions,
    nonce: int = 0,
) -> ApiCredentials:
    """Create the wallet's API credentials, or derive them where they exist.

    A 401 may only mean that our clock is off: then both are tried once more by the venue's.

    Raises:
        CredentialError: the venue refuses the wallet.
        VenueUnavailable: the venue cannot be asked.
    """
    base_url = require_safe_url(base_url, key="polymarket.clob_url").rstrip("/")
    server_clock = ServerClock(
        http=http, clock=clock, base_url=base_url, timeout_ms=options.request_timeout_ms
    )
    last: VenueRejected | None = None
    lost: OutcomeUnknown | None = None
    calls = [CREATE, DERIVE]
    for method, path in calls:
        headers = {**JSON_HEADERS, **signer.l1_headers(server_clock.now_s(), nonce)}
        try:
            status, answer_headers, body = await http.request(
                method, base_url + path, headers=headers, timeout_ms=options.request_timeout_ms
            )
            triple = decode_answer(status, body, _Triple, answer_headers)
        except VenueRejected as error:
            last = error
            if error.http_status == 401 and len(calls) == 2 and await server_clock.measure():
                calls += [CREATE, DERIVE]
        except OutcomeUnknown as error:
            # Created or not: deriving tells.
            lost = error
        else:
            return ApiCredentials(triple.key, triple.secret, triple.passphrase)
    if lost is not None and last is not None and last.http_status != 401:
        # There may be nothing to derive because the making never arrived.
        raise VenueUnavailable(VENUE, lost.code, lost.detail) from lost
    reason = f"the venue gives no API key: {last.detail}" if last else "the venue gives no API key"
    raise CredentialError(VENUE, KEY_VARIABLE, reason)
