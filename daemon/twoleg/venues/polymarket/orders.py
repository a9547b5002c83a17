"""Orders on Polymarket: prepare, send once, look up, read fills.

An order's id is its EIP-712 hash, known before a byte leaves. Nothing is ever resent: what was not
answered is looked up under that id.
"""

from collections.abc import Callable
from typing import Final

import structlog

from twoleg.core.events import AnswerStatus, Fill, LegAnswer
from twoleg.core.market import Outcome, Side, TimeInForce, Venue
from twoleg.core.orders import OrderRef, OrderSpec, Purpose
from twoleg.errors import InvariantBroken, OutcomeUnknown, VenueRejected, VenueUnavailable
from twoleg.seams import Clock, Entropy
from twoleg.venues.polymarket.account import PolymarketAccount
from twoleg.venues.polymarket.amounts import order_amounts
from twoleg.venues.polymarket.answers import read_answer
from twoleg.venues.polymarket.cancels import cancel_order
from twoleg.venues.polymarket.contracts import ORDER_VERSION, exchange_for
from twoleg.venues.polymarket.lookup import OrderRecord, Sighting, give_up, judge
from twoleg.venues.polymarket.options import PolymarketOptions
from twoleg.venues.polymarket.rest import NS_PER_MS, ClobRest
from twoleg.venues.polymarket.sign import VENUE, OrderFields, OrderSigner
from twoleg.venues.polymarket.trades import TradeRecord, fill_status, taker_fills
from twoleg.venues.polymarket.user_wire import plain_order_status
from twoleg.venues.ports import CancelAnswer, PreparedOrder
from twoleg.venues.ratelimit import TokenBucket

SALT_BOUND: Final = 2**53
"""Salts travel as JSON numbers and must survive a double."""
_ZERO_HEX: Final = "0x" + "0" * 64
_ORDER_TYPES: Final = {TimeInForce.FOK: "FOK", TimeInForce.IOC: "FAK"}

log = structlog.get_logger(__name__)


RESTS: Final = "LIVE"
ExpectedCash = Callable[[], tuple[int, int] | None]
"""Cash that our record expects and what it may be off, in micros; None while that is open."""


class PolymarketOrders:
    """OrderPort of Polymarket.

    `bucket` counts orders per second; its reserve is for rollbacks. `account` is asked for the
    cash when an order's absence is to be confirmed.
    """

    venue = Venue.POLYMARKET

    def __init__(
        self,
        *,
        rest: ClobRest,
        signer: OrderSigner,
        clock: Clock,
        entropy: Entropy,
        bucket: TokenBucket,
        account: PolymarketAccount,
        options: PolymarketOptions,
        expected_cash: ExpectedCash = lambda: None,
    ) -> None:
        self._rest = rest
        self._signer = signer
        self._clock = clock
        self._entropy = entropy
        self._bucket = bucket
        self._account = account
        self._options = options
        self._expected_cash = expected_cash
        # Rendered once: everything of the body that is the same in each order.
        self._head = f'"maker":"{signer.maker}","signer":"{signer.order_signer}"'
        self._owner = rest.owner

    async def check_version(self) -> None:
        """Refuse to trade on an order version that this client cannot sign.

        Raises:
            VenueRejected: the venue wants another version.
            VenueUnavailable: it cannot be asked.
        """
        answer = await self._rest.read("/version", dict[str, int])
        if answer.get("version") != ORDER_VERSION:
            raise VenueRejected(VENUE, "order_version", f"the venue wants {answer}")

    def prepare(self, spec: OrderSpec) -> PreparedOrder:
        """Build and sign; see `OrderPort.prepare`."""
        market = spec.market
        text = market.yes_token if spec.outcome is Outcome.YES else market.no_token
        if spec.venue is not Venue.POLYMARKET or not (text.isascii() and text.isdigit()):
            raise InvariantBroken(f"{market.id} has no Polymarket token")
        amounts = order_amounts(spec)
        wall_ms = self._clock.wall_ns() // NS_PER_MS
        order = OrderFields(
            salt=self._entropy.below(SALT_BOUND - 1) + 1,
            token=int(text),
            maker_amount=amounts.maker,
            taker_amount=amounts.taker,
            side=0 if spec.side is Side.BUY else 1,
            timestamp_ms=wall_ms,
        )
        exchange = exchange_for(order.token, neg_risk=market.neg_risk)
        signed = self._signer.sign_order(order, exchange)
        return PreparedOrder(
            spec=spec,
            order_key=signed.order_hash,
            body=self._render(spec, order, signed.signature),
            prepared_wall_ms=wall_ms,
        )

    async def send(self, prepared: PreparedOrder) -> LegAnswer:
        """Send once; see `OrderPort.send`."""
        spec = prepared.spec
        if not self._bucket.try_take(1, reserved=spec.purpose is Purpose.ROLLBACK):
            return LegAnswer(status=AnswerStatus.NOT_SENT, code="no_rate_tokens")
        try:
            status, _, body = await self._rest.post_order(prepared.body)
        except VenueUnavailable as error:
            return LegAnswer(
                status=AnswerStatus.NOT_SENT,
                code=error.code,
                detail=error.detail,
                is_unavailable=True,
            )
        except OutcomeUnknown as error:
            return LegAnswer(status=AnswerStatus.UNKNOWN, code=error.code, detail=error.detail)
        answer = read_answer(spec, prepared.order_key, status, body)
        if answer.code == "rate_limited":
            # The venue counts differently: stop spending what is not there.
            self._bucket.drain()
        return answer

    async def look_up(self, ref: OrderRef) -> LegAnswer:
        """Find out what became of an order; see `OrderPort.look_up`.

        Where the cash that our record expects is known, an order is absent only if the balance
        agrees with it.
        """
        options = self._options
        delay_ms = ref.spec.market.seconds_delay * 1_000
        deadline_ns = self._clock.monotonic_ns() + (options.look_up_ms_max + delay_ms) * NS_PER_MS
        previous: Sighting | None = None
        latest: Sighting | None = None
        code = "not_told"
        while True:
            seen = await self._sight(ref, deadline_ns)
            if seen is not None:
                latest = seen
                if seen.order is not None and plain_order_status(seen.order.status) == RESTS:
                    # Ours never rest. The next look tells how this one ended.
                    await self.cancel(ref)
                answer = judge(
                    ref.spec,
                    seen,
                    previous,
                    age_ms=self._clock.wall_ns() // NS_PER_MS - ref.sent_wall_ms,
                    absent_after_ms=options.absent_after_ms + delay_ms,
                )
                if answer is not None and answer.code != "absent":
                    return answer
                if answer is not None:
                    if await self._is_cash_as_expected():
                        return answer
                    code = "balance_moved"
            previous = seen
            left_ns = deadline_ns - self._clock.monotonic_ns()
            if left_ns <= 0:
                return give_up(latest, code)
            pause_ns = min(options.look_up_poll_ms * NS_PER_MS, left_ns)
            await self._clock.sleep(pause_ns / 1_000_000_000)

    async def cancel(self, ref: OrderRef) -> CancelAnswer:
        """Take an order off the book; see `OrderPort.cancel`."""
        return await cancel_order(self._rest, ref)

    async def read_fills(self, ref: OrderRef) -> tuple[Fill, ...]:
        """All fills of one order that the venue shows now; see `OrderPort.read_fills`."""
        trades = await self._read_trades(ref)
        return _fills(trades, ref)

    def _render(self, spec: OrderSpec, order: OrderFields, signature: str) -> bytes:
        """The body, once: exactly these bytes are signed again by HMAC and sent."""
        side = "BUY" if spec.side is Side.BUY else "SELL"
        return (
            f'{{"order":{{"salt":{order.salt},{self._head},"tokenId":"{order.token}",'
            f'"makerAmount":"{order.maker_amount}","takerAmount":"{order.taker_amount}",'
            f'"side":"{side}","expiration":"0","signatureType":{int(self._signer.signature_type)},'
            f'"timestamp":"{order.timestamp_ms}","metadata":"{_ZERO_HEX}","builder":"{_ZERO_HEX}",'
            f'"signature":"{signature}"}},"owner":"{self._owner}",'
            f'"orderType":"{_ORDER_TYPES[spec.tif]}","deferExec":false,"postOnly":false}}'
        ).encode()

    async def _sight(self, ref: OrderRef, deadline_ns: int) -> Sighting | None:
        """Look at order and trades once; None if the venue would not tell."""
        try:
            order = await self._read_order(ref, deadline_ns)
            trades = await self._read_trades(ref, deadline_ns)
            fills = _fills(trades, ref)
            # Read here so that an unreadable amount ends as "not told".
            _ = order.matched_e6 if order is not None else 0
        except (VenueUnavailable, VenueRejected, ValueError) as error:
            log.warning("look_up_failed", venue=VENUE, order_key=ref.order_key, error=str(error))
            return None
        unknown = any(fill_status(trade.status) is None for trade in trades)
        return Sighting(order=order, fills=fills, has_unknown_status=unknown)

    async def _read_order(self, ref: OrderRef, deadline_ns: int) -> OrderRecord | None:
        """The order itself, else the same among the open orders, else None."""
        order_id = ref.venue_order_id or ref.order_key
        try:
            return await self._rest.read(
                f"/data/order/{order_id}", OrderRecord, deadline_ns=deadline_ns
            )
        except VenueRejected as error:
            if error.http_status != 404:
                raise
        resting = await self._rest.read_all(
            "/data/orders", OrderRecord, {"id": order_id}, deadline_ns=deadline_ns
        )
        return next((record for record in resting if record.id.lower() == order_id), None)

    async def _read_trades(self, ref: OrderRef, deadline_ns: int = 0) -> list[TradeRecord]:
        """Trades in which this order was the taker, in a stable order."""
        market = ref.spec.market
        is_yes = ref.spec.outcome is Outcome.YES
        after_s = ref.sent_wall_ms // 1_000 - self._options.trades_lookback_s
        trades = await self._rest.read_all(
            "/data/trades",
            TradeRecord,
            {
                "market": market.native_id,
                "asset_id": market.yes_token if is_yes else market.no_token,
                "after": str(max(0, after_s)),
            },
            deadline_ns=deadline_ns,
        )
        ids = {ref.order_key, ref.venue_order_id} - {""}
        mine = {trade.id: trade for trade in trades if trade.taker_order_id.lower() in ids}
        return [mine[trade_id] for trade_id in sorted(mine)]

    async def _is_cash_as_expected(self) -> bool:
        """Whether the balance leaves no room for a fill; True where nobody knows better."""
        expected = self._expected_cash()
        if expected is None:
            return True
        try:
            report = await self._account.read_cash()
        except (VenueUnavailable, VenueRejected):
            return False
        micros, tolerance_micros = expected
        return abs(report.cash_micros[0][1] - micros) <= tolerance_micros


def _fills(trades: list[TradeRecord], ref: OrderRef) -> tuple[Fill, ...]:
    try:
        return tuple(fill for trade in trades for fill in taker_fills(trade, ref.spec.market))
    except ValueError as error:
        raise VenueUnavailable(VENUE, "unreadable_trade", str(error)) from error
