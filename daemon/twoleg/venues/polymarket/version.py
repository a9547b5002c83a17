"""The order version that the venue wants, as last told; fails closed on one we cannot sign.

`GET /version` is asked at the start, whenever the runtime checks the venue, and after each
`order_version_mismatch`. That refusal proves that nothing happened, so the official clients then
sign anew and resend once. Here an order's id must stand in the journal before its bytes leave, and
a new signature is a new id: so the mismatch is answered as REJECTED, and the caller's next order,
journalled like any other, is signed for the version told. An order that was prepared for another
version than the venue now wants is not sent at all.
"""

import structlog

from twoleg.errors import VenueRejected, VenueUnavailable
from twoleg.venues.polymarket.contracts import ORDER_VERSION, SIGNABLE_VERSIONS
from twoleg.venues.polymarket.rest import ClobRest
from twoleg.venues.polymarket.sign import VENUE

PATH = "/version"

log = structlog.get_logger(__name__)


class OrderVersion:
    """What the venue wants; until it has told, what this client was written for."""

    def __init__(self, rest: ClobRest) -> None:
        self._rest = rest
        # The last answer; 0 is one without a number.
        self._wanted = ORDER_VERSION

    @property
    def is_signable(self) -> bool:
        """Whether orders of ours are of the version that the venue wants."""
        return self._wanted in SIGNABLE_VERSIONS

    async def read(self) -> int:
        """Ask the venue anew.

        Raises:
            VenueRejected: it wants a version that this client cannot sign.
            VenueUnavailable: it cannot be asked; what was known stays.
        """
        answer = await self._rest.read(PATH, dict[str, int])
        self._wanted = answer.get("version", 0)
        if not self.is_signable:
            raise VenueRejected(VENUE, "order_version", f"the venue wants {answer}")
        return self._wanted

    async def refresh(self) -> None:
        """Ask anew after a mismatch; never raises."""
        try:
            await self.read()
        except (VenueRejected, VenueUnavailable) as error:
            log.error("order_version_not_confirmed", venue=VENUE, error=str(error))
