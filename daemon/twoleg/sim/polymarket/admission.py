"""Whether the venue takes an order: who may post it, how it is signed, its terms, its money.

The order of checks is the venue's as far as reports show it: identity, signature, terms, funds.
Nothing here changes anything; what is refused is raised as Refused with the venue's text.
"""

from dataclasses import dataclass
from typing import Final

from twoleg.sim.exchange import Walk
from twoleg.sim.flow import Clock, Sleep
from twoleg.sim.polymarket.accounts import Accounts, ApiKey
from twoleg.sim.polymarket.door import Geo
from twoleg.sim.polymarket.gate import Gate
from twoleg.sim.polymarket.ledger import Ledger
from twoleg.sim.polymarket.limits import SignerBuckets
from twoleg.sim.polymarket.options import PolymarketOptions
from twoleg.sim.polymarket.orders import (
    VERSION_MISMATCH,
    PostedOrder,
    check_marketable,
    check_size,
    check_terms,
)
from twoleg.sim.polymarket.sign import (
    TYPE_DEPOSIT_WALLET,
    TYPE_EOA,
    VERSION_POSITIONS,
    VERSION_TOKENS,
    exchange_domain,
    exchange_of,
    is_order_signed,
    is_position_id,
    order_hash,
)
from twoleg.sim.polymarket.state import Market, OrderRecord
from twoleg.sim.polymarket.timers import Timers
from twoleg.sim.polymarket.trades import Trades
from twoleg.sim.polymarket.wire import NS_PER_S, Refused

NO_BOOK: Final = "No orderbook exists for the requested token id"
NOT_READY: Final = "the market is not yet ready to process new orders"
OWNER_WRONG: Final = "the order owner has to be the owner of the API KEY"
SIGNER_WRONG: Final = "the order signer address has to be the address of the API KEY"
# The exact text is not known.
COUNTRY_WRONG: Final = "Trading restricted in your region"
MAKER_WRONG: Final = "maker address not allowed, please use the deposit wallet flow"


@dataclass(frozen=True, slots=True)
class Venue:
    """The parts of the venue that orders pass through."""

    clock: Clock
    sleep: Sleep
    options: PolymarketOptions
    accounts: Accounts
    ledger: Ledger
    gate: Gate
    buckets: SignerBuckets
    geo: Geo
    timers: Timers
    trades: Trades
    # Markets by token id, with the token's index.
    tokens: dict[str, tuple[Market, int]]


class Admission:
    """The checks of an order before it meets the book."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        # EOAs that trade for themselves although deposit wallets are required.
        self._allowed = {address.lower() for address in venue.options.eoa_allow_list}

    def allow(self, owner: str) -> None:
        """Let an EOA trade for itself, whatever is required of others."""
        self._allowed.add(owner.lower())

    def accept(self, posted: PostedOrder, key: ApiKey) -> OrderRecord:
        """Return the record of an order that may meet the book, if its funds suffice."""
        venue = self._venue
        if venue.geo.is_blocked:
            raise Refused(403, COUNTRY_WRONG)
        venue.gate.check_order(is_post_only=posted.is_post_only)
        venue.gate.check_trader(key.owner, is_buy=posted.is_buy)
        market, token = self._market(posted)
        self._check_identity(posted, key)
        order_id = self._check_signature(posted, key, market)
        if order_id in venue.trades.orders:
            raise Refused(400, f"order {order_id} is invalid. Duplicated.")
        now_ns = venue.clock.now_ns()
        check_terms(
            posted,
            order_id,
            tick_e4=market.book.tick_e4,
            now_s=now_ns // NS_PER_S,
            market_decimals_fine=venue.options.market_decimals_fine,
        )
        if not posted.is_market or venue.options.min_size_on_market_orders:
            check_size(posted, order_id, market.book.min_size_e6)
        return OrderRecord(order_id, key, posted, market, token, now_ns)

    def check_crossing(self, record: OrderRecord) -> None:
        """Apply what holds only for an order that would trade at once."""
        if record.posted.is_post_only:
            is_short = self._venue.options.post_only_text == "crosses"
            text = f"order {record.order_id} crosses the book"
            raise Refused(400, text if is_short else "invalid post-only order: order crosses book")
        check_marketable(record.posted)

    def check_funds(self, record: OrderRecord) -> None:
        """Refuse what the wallet's free balance, or what its approvals, do not cover."""
        free, needed = self.funds(record)
        if free < needed:
            raise too_poor(free, needed)
        allowed = self._allowance(record)
        if allowed < needed:
            raise Refused(
                400,
                "not enough balance / allowance: the allowance is not enough -> "
                f"allowance: {allowed}, order amount: {needed}",
            )

    def funds(self, record: OrderRecord) -> tuple[int, int]:
        """Return what is free and what the order needs: pUSD with fees, or tokens."""
        venue = self._venue
        wallet = venue.ledger.open(record.wallet, record.key.owner)
        if not record.posted.is_buy:
            now_ns = venue.clock.now_ns()
            return wallet.free_e6(record.posted.token_id, now_ns), record.posted.shares_e6
        fees_micros = venue.trades.fees_of(record, self.quote(record))
        return wallet.free_micros(), record.posted.cash_micros + fees_micros

    def quote(self, record: OrderRecord) -> Walk:
        """Return what the order would trade now."""
        return record.market.exchange.quote(
            record.yes_side,
            record.yes_limit_e4,
            account=record.wallet,
            size_e6=record.size_e6,
            spend_micros=record.spend_micros,
        )

    def order_id(self, posted: PostedOrder, market: Market) -> str:
        """Return the hash under which the venue knows an order."""
        return order_hash(posted.struct, self._domain(posted, market, self._venue.gate.version))

    def _market(self, posted: PostedOrder) -> tuple[Market, int]:
        market, token = self._venue.tokens.get(posted.token_id, (None, 0))
        if market is None or not market.is_listed:
            raise Refused(404, NO_BOOK)
        if market.status == "paused":
            raise Refused(400, NOT_READY)
        if market.status != "open":
            # What a market that is over but still listed answers is not known.
            if self._venue.options.closed_text == "not_ready":
                raise Refused(400, NOT_READY)
            raise Refused(404, NO_BOOK)
        return market, token

    def _check_identity(self, posted: PostedOrder, key: ApiKey) -> None:
        struct = posted.struct
        if posted.owner != key.key:
            raise Refused(400, OWNER_WRONG)
        maker, signer = struct.maker.lower(), struct.signer.lower()
        own = self._venue.accounts.wallets_of(key.owner, struct.signature_type)
        # A deposit wallet signs for itself (ERC-1271); every other maker is signed for by the EOA.
        if struct.signature_type == TYPE_DEPOSIT_WALLET:
            is_signer = signer == maker and signer in own
        else:
            is_signer = signer == key.owner
        if not is_signer:
            raise Refused(400, SIGNER_WRONG)
        is_barred = (
            struct.signature_type == TYPE_EOA
            and self._venue.options.requires_deposit_wallet
            and maker not in self._allowed
        )
        if maker not in own or is_barred:
            raise Refused(400, MAKER_WRONG)

    def _check_signature(self, posted: PostedOrder, key: ApiKey, market: Market) -> str:
        version = self._venue.gate.version
        if version < VERSION_TOKENS:
            raise Refused(400, VERSION_MISMATCH)
        domain = self._domain(posted, market, version)
        if self._is_signed(posted, key, domain):
            return order_hash(posted.struct, domain)
        # A good signature for the version that is not asked for: sign again.
        other = VERSION_TOKENS if version == VERSION_POSITIONS else VERSION_POSITIONS
        is_fixed = is_position_id(posted.struct.token_id)
        if not is_fixed and self._is_signed(posted, key, self._domain(posted, market, other)):
            raise Refused(400, VERSION_MISMATCH)
        raise Refused(400, "invalid signature")

    def _is_signed(self, posted: PostedOrder, key: ApiKey, domain: bytes) -> bool:
        return is_order_signed(
            posted.struct,
            posted.signature,
            owner=key.owner,
            domain=domain,
            chain_id=self._venue.options.chain_id,
        )

    def _domain(self, posted: PostedOrder, market: Market, version: int) -> bytes:
        return exchange_domain(
            posted.struct.token_id,
            is_neg_risk=market.spec.neg_risk,
            chain_id=self._venue.options.chain_id,
            version=version,
        )

    def _allowance(self, record: OrderRecord) -> int:
        exchange = exchange_of(
            record.posted.struct.token_id,
            is_neg_risk=record.market.spec.neg_risk,
            chain_id=self._venue.options.chain_id,
            version=self._venue.gate.version,
        )
        wallet = self._venue.ledger.open(record.wallet, record.key.owner)
        return wallet.allowance(exchange, of_tokens=not record.posted.is_buy)


def too_poor(free: int, needed: int) -> Refused:
    """Return the refusal of an order that its wallet can not pay, amounts in base units."""
    return Refused(
        400,
        "not enough balance / allowance: the balance is not enough -> "
        f"balance: {max(free, 0)}, order amount: {needed}",
    )
