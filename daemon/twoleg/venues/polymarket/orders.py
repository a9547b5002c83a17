"""Orders on Polymarket: prepare, send once, cancel, look up, read fills.

An order's id is its EIP-712 hash, known before a byte leaves. Nothing is ever resent: what was not
answered is looked up under that id. Only what `order_version_mismatch` has refused may be signed
anew, as another order; see `version`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec
import structlog

from twoleg.core.events import NO_TOKENS, AnswerStatus, Fill, LegAnswer
from twoleg.core.market import Market, MarketId, Outcome, Side, Venue
from twoleg.core.orders import OrderRef, OrderSpec, Purpose
from twoleg.errors import InvariantBroken, OutcomeUnknown, VenueRejected, VenueUnavailable
from twoleg.seams import Clock, Entropy
from twoleg.venues.polymarket.account import PolymarketAccount
from twoleg.venues.polymarket.alarms import AnswerAlarms
from twoleg.venues.polymarket.amounts import order_amounts
from twoleg.venues.polymarket.answer_rows import Operation
from twoleg.venues.polymarket.answers import read_answer
from twoleg.venues.polymarket.batches import ORDERS_MAX, read_batch
from twoleg.venues.polymarket.buckets import TIER_PATH, SignerBuckets
from twoleg.venues.polymarket.cancels import OrderCancels
from twoleg.venues.polymarket.contracts import POLYGON, Exchange, exchange_for
from twoleg.venues.polymarket.gate import Gate, read_retry_after_s
from twoleg.venues.polymarket.heartbeat import GapSink, Heartbeat
from twoleg.venues.polymarket.lookup import ON_BOOK_STATUSES, Sighting, give_up, judge
from twoleg.venues.polymarket.options import PolymarketOptions
from twoleg.venues.polymarket.render import OrderRenderer, is_too_late
from twoleg.venues.polymarket.rest import NS_PER_MS, ClobRest, HttpAnswer
from twoleg.venues.polymarket.sights import OrderSights
from twoleg.venues.polymarket.sign import VENUE, OrderFields, OrderSigner, SignatureType
from twoleg.venues.polymarket.user_wire import plain_order_status
from twoleg.venues.polymarket.version import OrderVersion
from twoleg.venues.polymarket.wallets import derive_wallets
from twoleg.venues.ports import CancelAnswer, PreparedOrder
from twoleg.venues.ratelimit import TokenBucket

RATE_LIMITED: Final = "rate_limited"
VERSION_MISMATCH: Final = "order_version_mismatch"
SALT_BOUND: Final = 2**53
"""Salts travel as JSON numbers and must survive a double."""
_MAY_REST: Final = frozenset({AnswerStatus.RESTING, AnswerStatus.DELAYED, AnswerStatus.UNKNOWN})

ExpectedCash = Callable[[], tuple[int, int] | None]
"""Cash that our record expects and what it may be off, in micros; None while that is open."""

log = structlog.get_logger(__name__)


class _TierAnswer(msgspec.Struct):
    """`GET /v1/user/rate-limit-tier`; its fields are not documented: UNCERTAIN."""

    tier: str


class PolymarketOrders:
    """RestingOrderPort of Polymarket.

    `bucket` counts orders per second; its reserve is for rollbacks. `account` is asked for the
    cash when an order's absence is to be confirmed, and shares what is known to rest.
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
        self._account = account
        self._options = options
        self._expected_cash = expected_cash
        self._version = OrderVersion(rest)
        self._alarms = AnswerAlarms(clock=clock, hide=rest.owner)
        self._renderer = OrderRenderer(signer, rest.owner)
        self._sights = OrderSights(
            rest=rest, maker=signer.maker, options=options, alarms=self._alarms
        )
        self.gate = Gate()
        self.resting = account.resting
        self.buckets = SignerBuckets(
            clock=clock, orders=bucket, order_per_s_max=options.order_tokens_per_s_max
        )
        self._cancels = OrderCancels(
            rest=rest, bucket=self.buckets.cancels, resting=self.resting, alarms=self._alarms
        )

    async def start(self) -> None:
        """Learn the venue's time, order version and our tier; raises as `check_version`.

        Without an answer about the tier the limits stay as the settings have them.
        """
        self._check_wallet()
        await self._rest.server_clock.measure()
        await self.check_version()
        try:
            told = await self._rest.read(TIER_PATH, _TierAnswer)
        except (VenueRejected, VenueUnavailable) as error:
            log.warning("rate_limit_tier_not_read", venue=VENUE, error=str(error))
            return
        self.buckets.adopt(told.tier)

    @property
    def is_signable(self) -> bool:
        """Whether the venue wants orders of a version that this client can sign."""
        return self._version.is_signable

    async def check_version(self) -> None:
        """Refuse to trade on an order version that this client cannot sign.

        Raises:
            VenueRejected: the venue wants another version; until it is asked again and wants
                ours, nothing is sent.
            VenueUnavailable: it cannot be asked.
        """
        await self._version.read()

    def make_heartbeat(self, on_gap: GapSink) -> Heartbeat:
        """The dead man's switch for what rests; run it as long as orders may rest."""
        return Heartbeat(
            rest=self._rest,
            clock=self._clock,
            resting=self.resting,
            alarms=self._alarms,
            on_gap=on_gap,
        )

    def prepare(self, spec: OrderSpec) -> PreparedOrder:
        """Build and sign; see `OrderPort.prepare`."""
        market = spec.market
        text = market.yes_token if spec.outcome is Outcome.YES else market.no_token
        if spec.venue is not Venue.POLYMARKET or not (text.isascii() and text.isdigit()):
            raise InvariantBroken(f"{market.id} has no Polymarket token")
        amounts = order_amounts(spec)
        order = OrderFields(
            salt=self._entropy.below(SALT_BOUND - 1) + 1,
            token=int(text),
            maker_amount=amounts.maker,
            taker_amount=amounts.taker,
            side=0 if spec.side is Side.BUY else 1,
            timestamp_ms=self._rest.server_clock.now_ns() // NS_PER_MS,
        )
        exchange = self._exchange_for(order.token, market)
        signed = self._signer.sign_order(order, exchange)
        return PreparedOrder(
            spec=spec,
            order_key=signed.order_hash,
            body=self._renderer.render(spec, order, signed.signature),
            prepared_wall_ms=self._clock.wall_ns() // NS_PER_MS,
            signed_for=exchange.value,
        )

    def resign(self, prepared: PreparedOrder, answer: LegAnswer) -> PreparedOrder | None:
        """Sign for the version told after a mismatch; see `ResigningPort.resign`.

        None too where the venue still wants what was signed, or what cannot be signed here.
        """
        is_refused = answer.status is AnswerStatus.REJECTED and answer.code == VERSION_MISMATCH
        if not is_refused or not self._version.is_signable:
            return None
        again = self.prepare(prepared.spec)
        return again if again.signed_for != prepared.signed_for else None

    async def send(self, prepared: PreparedOrder) -> LegAnswer:
        """Send once; see `OrderPort.send`.

        NOT_SENT too while the venue takes no such order, and for a GTD that has less than two
        minutes to live: the venue wants three, and drops it one minute early.
        """
        spec = prepared.spec
        held = self._hold_back(spec)
        if held is not None:
            return held
        reserved = spec.purpose is Purpose.ROLLBACK
        if not self.buckets.orders.try_take(1, reserved=reserved):
            return _no_tokens(self.buckets.orders.wait_ms(1, reserved=reserved))
        self._expect((prepared,))
        answered = await self._post("/order", prepared.body)
        if isinstance(answered, LegAnswer):
            answer, retry_after_s = answered, 0
        else:
            status, headers, body = answered
            answer = read_answer(spec, prepared.order_key, status, body)
            retry_after_s = read_retry_after_s(headers, body)
        await self._learn((prepared,), (answer,), retry_after_s)
        return self._with_wait(answer, spec)

    async def send_batch(self, prepared: Sequence[PreparedOrder]) -> tuple[LegAnswer, ...]:
        """Send many, at most 15 in a request; see `RestingOrderPort.send_batch`.

        Requests follow one another; the rate limit admits each whole or not at all, so none is
        larger than what it ever admits.
        """
        answers = {
            order.order_key: held
            for order in prepared
            if (held := self._hold_back(order.spec)) is not None
        }
        free = [order for order in prepared if order.order_key not in answers]
        most = min(ORDERS_MAX, self.buckets.orders.tokens.largest)
        for start in range(0, len(free), most):
            part = free[start : start + most]
            for order, answer in zip(part, await self._send_part(part), strict=True):
                answers[order.order_key] = answer
        return tuple(answers[order.order_key] for order in prepared)

    async def look_up(self, ref: OrderRef) -> LegAnswer:
        """Find out what became of an order; see `OrderPort.look_up`.

        Where the cash that our record expects is known, an order is absent only if the balance
        agrees with it, or after `absent_anyway_ms`. An order that may rest is RESTING as soon as it
        is seen to.

        One that is not seen is not cancelled: a taker's order rests nowhere, in its delay it cannot
        be cancelled, and a cancel that overtakes an order does not stop it.
        """
        answer = await self._look_until_told(ref)
        if ref.spec.tif.rests and answer.status in _MAY_REST:
            self.resting.add(ref)
        else:
            self.resting.drop(ref.order_key)
        return answer

    async def cancel(self, ref: OrderRef) -> CancelAnswer:
        """Take an order off the book; see `OrderPort.cancel`."""
        return await self._cancels.cancel(ref)

    async def cancel_batch(self, refs: Sequence[OrderRef]) -> tuple[CancelAnswer, ...]:
        """Cancel many, 1 000 in a request; see `RestingOrderPort.cancel_batch`."""
        return await self._cancels.cancel_batch(refs)

    async def cancel_all(self) -> CancelAnswer:
        """Cancel whatever rests in this account; see `RestingOrderPort.cancel_all`."""
        return await self._cancels.cancel_all()

    async def cancel_market(self, condition_id: str = "", token: str = "") -> CancelAnswer:
        """Cancel what rests in a market, or on one token; ValueError if neither is given."""
        return await self._cancels.cancel_market(condition_id, token)

    async def read_fills(self, ref: OrderRef) -> tuple[Fill, ...]:
        """All fills of one order that the venue shows now; see `OrderPort.read_fills`."""
        return await self._sights.read_fills(ref)

    async def read_fills_since(
        self, since_ms: int, markets: Mapping[MarketId, Market]
    ) -> tuple[Fill, ...]:
        """Fills of the account since then; see `AccountFillsPort.read_fills_since`."""
        return await self._sights.read_fills_since(since_ms, markets, self._rest.owner)

    async def name_order(self, venue_order_id: str) -> str:
        """The venue knows an order by the hash that is its key; see `AccountFillsPort`."""
        return venue_order_id.lower()

    def _exchange_for(self, token: int, market: Market) -> Exchange:
        return exchange_for(token, neg_risk=market.neg_risk, version=self._version.wanted)

    def _check_wallet(self) -> None:
        """Say so where the funder is no wallet that the venue deploys for this key.

        It may be right all the same (a key that signs for a wallet of others), so it is no error.
        """
        signer = self._signer
        if signer.chain_id != POLYGON or signer.signature_type is SignatureType.EOA:
            return
        own = derive_wallets(signer.address, signer.chain_id).of_type(signer.signature_type)
        if signer.maker not in own:
            log.warning("funder_not_of_this_key", venue=VENUE, funder=signer.maker, expected=own)

    def _hold_back(self, spec: OrderSpec) -> LegAnswer | None:
        """Why an order is not sent now: the venue would refuse it."""
        if not self._version.is_signable:
            return _not_sent("order_version", is_unavailable=True)
        refusal = self.gate.refusal(spec, self._clock.monotonic_ns())
        if refusal:
            return _not_sent(refusal, is_unavailable=True)
        if is_too_late(spec, self._rest.server_clock.now_s()):
            return _not_sent("expires_too_soon")
        return None

    async def _send_part(self, part: Sequence[PreparedOrder]) -> tuple[LegAnswer, ...]:
        is_rollback = all(order.spec.purpose is Purpose.ROLLBACK for order in part)
        if not self.buckets.orders.try_take(len(part), reserved=is_rollback):
            wait_ms = self.buckets.orders.wait_ms(len(part), reserved=is_rollback)
            return (_no_tokens(wait_ms),) * len(part)
        self._expect(part)
        answered = await self._post("/orders", b"[" + b",".join(o.body for o in part) + b"]")
        retry_after_s = 0
        if isinstance(answered, LegAnswer):
            answers: tuple[LegAnswer, ...] = (answered,) * len(part)
        else:
            status, headers, body = answered
            answers = read_batch(part, status, body)
            retry_after_s = read_retry_after_s(headers, body)
        await self._learn(part, answers, retry_after_s)
        return answers

    async def _post(self, path: str, body: bytes) -> HttpAnswer | LegAnswer:
        """The venue's answer, or ours where there is none."""
        try:
            answer = await self._rest.write("POST", path, body)
        except VenueUnavailable as error:
            return _not_sent(error.code, error.detail, is_unavailable=True)
        except OutcomeUnknown as error:
            return LegAnswer(status=AnswerStatus.UNKNOWN, code=error.code, detail=error.detail)
        status, headers, raw = answer
        self.buckets.orders.note(status, headers, read_retry_after_s(headers, raw))
        return answer

    def _with_wait(self, answer: LegAnswer, spec: OrderSpec) -> LegAnswer:
        """Say with a refusal for too many orders when the next one may go."""
        if answer.code != RATE_LIMITED:
            return answer
        is_rollback = spec.purpose is Purpose.ROLLBACK
        wait_ms = self.buckets.orders.wait_ms(1, reserved=is_rollback)
        return msgspec.structs.replace(answer, retry_after_ms=wait_ms)

    def _expect(self, orders: Sequence[PreparedOrder]) -> None:
        """Before the bytes leave: from now on these may rest, whatever the answer says."""
        for order in orders:
            if order.spec.tif.rests:
                self.resting.add(
                    OrderRef(
                        spec=order.spec,
                        order_key=order.order_key,
                        sent_wall_ms=order.prepared_wall_ms,
                    )
                )

    async def _learn(
        self,
        orders: Sequence[PreparedOrder],
        answers: Sequence[LegAnswer],
        retry_after_s: int,
    ) -> None:
        now_ns = self._clock.monotonic_ns()
        for order, answer in zip(orders, answers, strict=True):
            if answer.status not in _MAY_REST:
                self.resting.drop(order.order_key)
            if answer.status is AnswerStatus.NOT_SENT or answer.code == "no_answer":
                # The venue has said nothing.
                continue
            if answer.code == RATE_LIMITED:
                # Told inside a 200 too.
                self.buckets.orders.tokens.drain()
            self.gate.note(answer, order.spec, retry_after_s, now_ns)
            self._alarms.note(Operation.ORDER, answer.code, answer.detail)
        if any(answer.code == VERSION_MISMATCH for answer in answers):
            await self._version.refresh()

    async def _look_until_told(self, ref: OrderRef) -> LegAnswer:
        options = self._options
        delay_ms = ref.spec.market.seconds_delay * 1_000
        poll_ns = options.look_up_poll_ms * NS_PER_MS
        began_ns = self._clock.monotonic_ns()
        deadline_ns = began_ns + (options.look_up_ms_max + delay_ms) * NS_PER_MS
        previous: Sighting | None = None
        latest: Sighting | None = None
        code = "not_told"
        while True:
            # The last look begins at the deadline, and gets a poll's time for its answers.
            seen = await self._sights.look(ref, deadline_ns + poll_ns)
            if seen is not None:
                latest = seen
                await self._clear(ref, seen)
                age_ms = self._age_ms(ref, began_ns)
                answer = judge(
                    ref.spec,
                    seen,
                    previous,
                    age_ms=age_ms,
                    looked_ms=self._looked_ms(began_ns),
                    absent_after_ms=options.absent_after_ms + delay_ms,
                )
                if answer is not None and answer.code != "absent":
                    return answer
                if answer is not None and age_ms >= options.absent_anyway_ms + delay_ms:
                    return answer
                if answer is not None:
                    if await self._is_cash_as_expected():
                        return answer
                    code = "balance_moved"
            previous = seen
            left_ns = deadline_ns - self._clock.monotonic_ns()
            if left_ns <= 0:
                return give_up(latest, code)
            await self._clock.sleep(min(poll_ns, left_ns) / 1_000_000_000)
            poll_ns = min(2 * poll_ns, options.look_up_poll_ms_max * NS_PER_MS)

    def _age_ms(self, ref: OrderRef, began_ns: int) -> int:
        """For how long an order that was ever to arrive must have been there; may be below 0.

        Not simply since its send, nor since its connection broke: one that was not answered may be
        held somewhere on its way all the same.
        """
        since_send_ms = self._clock.wall_ns() // NS_PER_MS - ref.sent_wall_ms
        flight_ms = max(self._options.order_timeout_ms, self._options.flight_ms_max)
        # The wall clock may have been set back since.
        return max(self._looked_ms(began_ns), since_send_ms) - flight_ms

    def _looked_ms(self, began_ns: int) -> int:
        return (self._clock.monotonic_ns() - began_ns) // NS_PER_MS

    async def _clear(self, ref: OrderRef, seen: Sighting) -> None:
        """A taker's order never rests: cancel one that does. The next look tells how it ended."""
        if ref.spec.tif.rests or seen.order is None:
            return
        if plain_order_status(seen.order.status) in ON_BOOK_STATUSES:
            await self.cancel(ref)

    async def _is_cash_as_expected(self) -> bool:
        """Whether the balance leaves no room for a fill; True where nobody knows better."""
        expected = self._expected_cash()
        if expected is None:
            return True
        try:
            balance_micros = await self._account.read_balance()
        except (VenueUnavailable, VenueRejected):
            return False
        micros, tolerance_micros = expected
        return abs(balance_micros - micros) <= tolerance_micros


def _no_tokens(wait_ms: int) -> LegAnswer:
    return LegAnswer(status=AnswerStatus.NOT_SENT, code=NO_TOKENS, retry_after_ms=wait_ms)


def _not_sent(code: str, detail: str = "", *, is_unavailable: bool = False) -> LegAnswer:
    return LegAnswer(
        status=AnswerStatus.NOT_SENT, code=code, detail=detail, is_unavailable=is_unavailable
    )
