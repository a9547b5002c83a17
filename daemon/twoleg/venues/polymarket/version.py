"""The order version that the venue wants, as last told; fails closed on one we cannot sign.

`GET /version` is asked at the start, whenever the runtime checks the venue, and after each
`order_version_mismatch`. That refusal proves that nothing happened, so the official clients then
sign anew and send once more. An order's id must stand in the journal before its bytes leave, and a
new signature is a new id: so `send` answers REJECTED, and whoever keeps the journal asks for the
new signature (`PolymarketOrders.resign`), records it and sends it. While the venue wants a version
that cannot be signed here, no order is sent at all.
"""

import msgspec
import structlog

from twoleg.errors import VenueRejected, VenueUnavailable
from twoleg.venues.polymarket.contracts import ORDER_VERSION, SIGNABLE_VERSIONS
from twoleg.venues.polymarket.rest import ClobRest
from twoleg.venues.polymarket.sign import VENUE

PATH = "/version"

log = structlog.get_logger(__name__)


class _Answer(msgspec.Struct):
    """What the call answers."""

    version: int = 0


class OrderVersion:
    """What the venue wants; until it has told, what this client was written for."""

    def __init__(self, rest: ClobRest) -> None:
        self._rest = rest
        # The last answer; 0 is one without a number.
        self._wanted = ORDER_VERSION

    @property
    def wanted(self) -> int:
        """The version that orders are signed for."""
        return self._wanted

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
        self._wanted = (await self._rest.read(PATH, _Answer)).version
        if not self.is_signable:
            raise VenueRejected(VENUE, "order_version", f"the venue wants {self._wanted}")
        return self._wanted

    async def refresh(self) -> None:
        """Ask anew after a mismatch; never raises."""
        try:
            await self.read()
        except (VenueRejected, VenueUnavailable) as error:
            log.error("order_version_not_confirmed", venue=VENUE, error=str(error))
