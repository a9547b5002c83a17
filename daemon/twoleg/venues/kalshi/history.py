"""What Kalshi's read side says about an order of ours. It lags by up to two seconds.

Kalshi API docs, orders and fills (OpenAPI 3.34.0): orders cannot be filtered by client order id,
fills do not carry it. "Not found" alone is therefore never evidence here, nor is "resting".
"""

from collections.abc import AsyncIterator
from typing import Final
from urllib.parse import quote

from twoleg.core.events import Fill, LegAnswer
from twoleg.core.orders import OrderRef
from twoleg.errors import MalformedMessage, VenueRejected, VenueUnavailable
from twoleg.seams import Clock, Entropy
from twoleg.venues.backoff import Backoff
from twoleg.venues.kalshi.answers import decided
from twoleg.venues.kalshi.costs import Endpoint
from twoleg.venues.kalshi.http import KalshiHttp
from twoleg.venues.kalshi.numbers import VENUE, parse_time_ms
from twoleg.venues.kalshi.options import KalshiOptions
from twoleg.venues.kalshi.paging import PAGE_ROWS, read_pages
from twoleg.venues.kalshi.rest import (
    FillPage,
    OneOrder,
    OrderPage,
    OrderRow,
    ReadStamp,
    account_fill_of,
    fill_of,
)

LISTED_MS_MAX: Final = 13 * 86_400 * 1_000
"""Orders leave the live reads after two weeks (Kalshi API docs, historical data, and its changelog
of 2026-09-24; fills after about three months): a day is left for what that is counted from."""


class OrderHistory:
    """Reads orders and fills; waits only where it says so."""

    def __init__(
        self, *, http: KalshiHttp, clock: Clock, entropy: Entropy, options: KalshiOptions
    ) -> None:
        self._http = http
        self._clock = clock
        self._entropy = entropy
        self._options = options

    def venue_ms(self) -> int:
        """The venue's clock as well as we know it."""
        return self._http.timestamp_ms()

    def sent_ms(self, ref: OrderRef) -> int:
        """When an order was sent, by the venue's clock: its reads know no other."""
        return self._http.venue_ms_of(ref.sent_wall_ms)

    def expires_ms(self, ref: OrderRef) -> int:
        """The venue's time from which an order's request can no longer land."""
        return self.sent_ms(ref) + self._options.signature_ms_max

    async def find_order(self, ref: OrderRef) -> OrderRow | None:
        """The order under this client order id, if the venue shows it now.

        Raises:
            VenueUnavailable, VenueRejected: the venue cannot be asked, or refuses.
        """
        async for order in self._orders(ref):
            if order.client_order_id == ref.order_key:
                return order
        return None

    async def read_order(self, venue_order_id: str) -> OrderRow | None:
        """One order by the venue's id; None while the venue does not show it. Raises as above.

        It may be missing for seconds after it was accepted (seen 2026-07). A key that is locked to
        a subaccount may be refused here, where none can be named (UNCERTAIN): the list tells.
        """
        path = f"/portfolio/orders/{quote(venue_order_id, safe='')}"
        try:
            found = await self._http.get(
                path, OneOrder, reserved=True, endpoint=Endpoint.READ_ORDER
            )
        except VenueRejected as error:
            if error.http_status in {403, 404}:
                return None
            raise
        return found.order

    async def rules_out(self, ref: OrderRef, after_ms: int) -> bool:
        """Whether the reads, by the venue's own word fresher than a time, rule an order out.

        `after_ms` is the venue's time from which on the order can no longer appear: its id was
        seen consumed by then, or its signature had expired. Not finding it is evidence only if the
        read side states a time well after that, no order under the id is listed then, and every
        fill of the market belongs to an order that is, or that is read and goes by another id: one
        that has rested since before. Raises as `find_order`, and MalformedMessage.
        """
        if self.venue_ms() - self.sent_ms(ref) > LISTED_MS_MAX:
            return False
        stamp = await self._http.get("/exchange/user_data_timestamp", ReadStamp, reserved=True)
        if parse_time_ms(stamp.as_of_time) < after_ms + self._options.kill_margin_ms:
            return False
        listed: set[str] = set()
        async for order in self._orders(ref):
            if order.client_order_id == ref.order_key:
                return False
            listed.add(order.order_id)
        params = self._window(ref)
        for _ in range(self._options.pages_max):
            page = await self._http.get("/portfolio/fills", FillPage, params=params, reserved=True)
            for row in page.fills or ():
                if row.order_id not in listed and not await self._is_other(row.order_id, ref):
                    return False
                listed.add(row.order_id)
            if not page.cursor:
                return True
            params["cursor"] = page.cursor
        return False

    async def _is_other(self, venue_order_id: str, ref: OrderRef) -> bool:
        order = await self.read_order(venue_order_id)
        return order is not None and order.client_order_id not in {"", ref.order_key}

    async def read_fills(self, ref: OrderRef) -> tuple[Fill, ...]:
        """All fills of one order that the venue shows now.

        Raises:
            VenueUnavailable: the venue cannot be asked, refuses, or answers what cannot be read.
        """
        try:
            venue_order_id = ref.venue_order_id
            if not venue_order_id:
                order = await self.find_order(ref)
                if order is None:
                    return ()
                venue_order_id = order.order_id
            return await self._fills(ref, venue_order_id)
        except VenueRejected as error:
            raise VenueUnavailable(
                VENUE, error.code, error.detail, http_status=error.http_status
            ) from error
        except MalformedMessage as error:
            raise VenueUnavailable(VENUE, "unreadable_answer", error.reason) from error

    async def read_account_fills(self, since_ms: int) -> tuple[Fill, ...]:
        """All fills of our subaccount since a time of our wall clock; see `AccountFillsPort`."""
        params: dict[str, str | int] = {
            "subaccount": self._options.subaccount,
            "min_ts": max(0, self._http.venue_ms_of(since_ms) // 1_000),
            "limit": PAGE_ROWS,
        }
        pages = read_pages(
            self._http, "/portfolio/fills", FillPage, params, pages_max=self._options.pages_max
        )
        try:
            rows = [row async for page in pages for row in page.fills or ()]
            return tuple(account_fill_of(row) for row in rows)
        except MalformedMessage as error:
            raise VenueUnavailable(VENUE, "unreadable_answer", error.reason) from error

    async def await_fills(
        self, ref: OrderRef, venue_order_id: str, filled_e6: int, deadline_ns: int
    ) -> tuple[Fill, ...]:
        """The fills of a finished order once they add up to what it filled, else ().

        Waits for the fills' read lag, at most `read_lag_ms_max` and never past the deadline.
        """
        lag_ns_max = self._options.read_lag_ms_max * 1_000_000
        end_ns = min(deadline_ns, self._clock.monotonic_ns() + lag_ns_max)
        backoff = self.backoff()
        while True:
            try:
                fills = await self._fills(ref, venue_order_id)
            except (VenueRejected, VenueUnavailable, MalformedMessage):
                fills = ()
            if sum(fill.size_e6 for fill in fills) == filled_e6:
                return fills
            delay_ms = backoff.next_ms()
            if self._clock.monotonic_ns() + delay_ms * 1_000_000 >= end_ns:
                return ()
            await self._clock.sleep(delay_ms / 1_000)

    async def tell_finished(
        self, ref: OrderRef, order: OrderRow, filled_e6: int, deadline_ns: int
    ) -> LegAnswer:
        """The answer for an order that the venue shows finished, with its fills if they show."""
        if filled_e6 == 0:
            return decided(0, ref.spec, order.order_id, code="found_canceled")
        fills = await self.await_fills(ref, order.order_id, filled_e6, deadline_ns)
        return decided(
            filled_e6,
            ref.spec,
            order.order_id,
            code=f"found_{order.status}",
            notional_micros=sum(fill.notional_micros for fill in fills) if fills else -1,
            trade_ids=tuple(fill.fill_id for fill in fills),
        )

    def backoff(self) -> Backoff:
        """A fresh back-off for re-reads."""
        return Backoff(
            entropy=self._entropy,
            delay_ms_min=self._options.reread_ms_min,
            delay_ms_max=self._options.reread_ms_max,
        )

    def _window(self, ref: OrderRef) -> dict[str, str | int]:
        return {
            "subaccount": self._options.subaccount,
            "ticker": ref.spec.market.native_id,
            "min_ts": max(0, self.sent_ms(ref) // 1_000 - self._options.look_up_window_s),
            "limit": PAGE_ROWS,
        }

    async def _orders(self, ref: OrderRef) -> AsyncIterator[OrderRow]:
        """All orders of the market since shortly before the send."""
        params = self._window(ref)
        for _ in range(self._options.pages_max):
            page = await self._http.get(
                "/portfolio/orders", OrderPage, params=params, reserved=True
            )
            for order in page.orders or ():
                yield order
            if not page.cursor:
                return
            params["cursor"] = page.cursor
        raise VenueUnavailable(VENUE, "too_many_pages", f"orders of {ref.spec.market.id}")

    async def _fills(self, ref: OrderRef, venue_order_id: str) -> tuple[Fill, ...]:
        params: dict[str, str | int] = {
            "subaccount": self._options.subaccount,
            "order_id": venue_order_id,
            "limit": PAGE_ROWS,
        }
        found: dict[str, Fill] = {}
        for _ in range(self._options.pages_max):
            page = await self._http.get("/portfolio/fills", FillPage, params=params, reserved=True)
            for row in page.fills or ():
                # The filter is the venue's promise; a row of another order must not be booked.
                if row.order_id == venue_order_id:
                    fill = fill_of(row, ref.spec, ref.order_key)
                    found[fill.fill_id] = fill
            if not page.cursor:
                return tuple(found.values())
            params["cursor"] = page.cursor
        raise VenueUnavailable(VENUE, "too_many_pages", f"fills of {venue_order_id}")
