"""Terms and ends of single markets, read from Gamma and the CLOB."""

from typing import Final, TypeVar

from twoleg.core.market import Market, Venue
from twoleg.errors import VenueRejected, VenueUnavailable
from twoleg.venues.polymarket.gamma import GammaReader
from twoleg.venues.polymarket.options import PolymarketOptions, PolymarketUrls
from twoleg.venues.polymarket.resolution import ClobEnd, Resolution, read_end
from twoleg.venues.polymarket.rest import JSON_HEADERS, decode_answer
from twoleg.venues.polymarket.sign import VENUE
from twoleg.venues.polymarket.terms import LABELS, ClobMarket, Terms, to_terms
from twoleg.venues.transport import HttpExchange, require_safe_url

T = TypeVar("T")
_NOT_FOUND: Final = 404


class PolymarketCatalogue:
    """CataloguePort of Polymarket; `gamma` lists what there is."""

    venue = Venue.POLYMARKET

    def __init__(
        self, *, http: HttpExchange, urls: PolymarketUrls, options: PolymarketOptions
    ) -> None:
        self._http = http
        self.gamma = GammaReader(http=http, urls=urls, options=options)
        self._clob_url = require_safe_url(urls.clob, key="polymarket.clob_url").rstrip("/")
        self._options = options

    async def read_market(self, native_id: str, labels: tuple[str, str] = LABELS) -> Market:
        """Terms of one market; `labels` names its YES and NO outcome where they are others.

        Raises:
            VenueRejected: no such market, or terms that cannot be traded safely.
            VenueUnavailable: the venue cannot be asked, or does not know a market that was
                created a moment ago (code `not_ready`): ask again later.
        """
        return (await self.read_terms(native_id, labels)).market

    async def read_terms(self, native_id: str, labels: tuple[str, str] = LABELS) -> Terms:
        """Terms of one market with what only Polymarket knows; raises as `read_market`."""
        gamma = await self.gamma.read_market(native_id)
        try:
            clob = await self._get(f"/clob-markets/{native_id}", ClobMarket)
        except VenueRejected as error:
            if error.http_status != _NOT_FOUND or gamma.closed:
                raise
            # It takes some minutes until the CLOB knows a new market (live notes, 2026-10-06).
            raise VenueUnavailable(
                VENUE, "not_ready", f"{native_id}: not on the CLOB yet", http_status=_NOT_FOUND
            ) from error
        if not gamma.closed and not clob.t and not gamma.token_list():
            raise VenueUnavailable(VENUE, "not_ready", f"{native_id}: no tokens yet")
        return to_terms(gamma, clob, labels)

    async def read_resolution(self, native_id: str) -> Resolution:
        """How one market ended, or how far it has come; to be polled, not only awaited.

        Raises:
            VenueRejected: no such market, or two services name different winners.
            VenueUnavailable: the venue cannot be asked.
        """
        gamma = await self.gamma.read_market(native_id)
        try:
            clob = await self._get(f"/markets/{native_id}", ClobEnd)
        except VenueRejected:
            # Gone from the CLOB; Gamma keeps it.
            clob = None
        return read_end(gamma, clob)

    async def _get(self, path: str, answer_type: type[T]) -> T:
        status, _, body = await self._http.request(
            "GET",
            self._clob_url + path,
            headers=JSON_HEADERS,
            timeout_ms=self._options.request_timeout_ms,
        )
        return decode_answer(status, body, answer_type)
