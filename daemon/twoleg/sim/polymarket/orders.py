"""Read a posted order and apply the rules that need no book and no balance.

Texts and limits: docs.polymarket.com resources/error-codes and the issues of py-clob-client
(#121, #253, #305) and py-clob-client-v2 (#99), read 2026-11-22.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, cast

from twoleg.sim.exchange import ONE_E4
from twoleg.sim.polymarket.sign import OrderStruct
from twoleg.sim.polymarket.wire import ONE_E6, Refused, decimal_text, price_text, size_text

OrderSide = Literal["BUY", "SELL"]
OrderType = Literal["GTC", "GTD", "FOK", "FAK"]

PAYLOAD_INVALID: Final = "Invalid order payload"
VERSION_MISMATCH: Final = "order_version_mismatch"
SALT_MAX: Final = (1 << 53) - 1
UINT256_MAX: Final = (1 << 256) - 1
# A GTD order must live this long, and dies this much before its expiration.
GTD_LIFE_S_MIN: Final = 180
GTD_EARLY_S: Final = 60
MARKETABLE_BUY_MICROS_MIN: Final = 1_000_000
# Decimals of pUSD in a limit order by tick (tables of py-clob-client-v2 and polymarket-client).
_CASH_DECIMALS: Final = {1_000: 3, 100: 4, 50: 5, 25: 6, 10: 5, 1: 6}
# Decimals of what a FAK or FOK gets, on every tick; finer ticks may be an exception.
MARKET_DECIMALS: Final = 4
COARSE_TICK_E4: Final = 100
_V1_ONLY: Final = ("nonce", "feeRateBps", "taker")
_V2_ONLY: Final = ("timestamp", "metadata", "builder")


@dataclass(frozen=True, slots=True)
class PostedOrder:
    """A parsed body. Prices are those of the order's own token."""

    struct: OrderStruct
    signature: str
    owner: str
    order_type: OrderType
    is_post_only: bool
    is_deferred: bool
    expiration_s: int

    @property
    def token_id(self) -> str:
        """Return the token as the wire writes it."""
        return str(self.struct.token_id)

    @property
    def is_market(self) -> bool:
        """Tell whether the venue treats it as a market order."""
        return self.order_type in ("FOK", "FAK")

    @property
    def is_buy(self) -> bool:
        """Tell whether it buys its token."""
        return self.struct.side == "BUY"

    @property
    def cash_micros(self) -> int:
        """Return the pUSD side of the order."""
        return self.struct.maker_amount if self.is_buy else self.struct.taker_amount

    @property
    def shares_e6(self) -> int:
        """Return the token side of the order."""
        return self.struct.taker_amount if self.is_buy else self.struct.maker_amount

    @property
    def limit_e4(self) -> int:
        """Return the worst price in whole 1e-4: a BUY's ratio floored, a SELL's ceiled."""
        scaled = self.cash_micros * ONE_E4
        return scaled // self.shares_e6 if self.is_buy else -(-scaled // self.shares_e6)


def parse_order(body: object, *, takes_text_salts: bool = False) -> PostedOrder:
    """Read one body of POST /order; Refused when malformed or of the V1 struct.

    A salt is a number; text is read too where the venue is told to (sources contradict each other).
    """
    if not isinstance(body, dict) or not isinstance(body.get("order"), dict):
        raise Refused(400, PAYLOAD_INVALID)
    raw = cast("Mapping[str, object]", body["order"])
    if any(name in raw for name in _V1_ONLY) and any(name not in raw for name in _V2_ONLY):
        raise Refused(400, VERSION_MISMATCH)
    order_type = body.get("orderType", "GTC")
    post_only, deferred = body.get("postOnly", False), body.get("deferExec", False)
    owner = body.get("owner")
    if (
        order_type not in ("GTC", "GTD", "FOK", "FAK")
        or not isinstance(post_only, bool)
        or not isinstance(deferred, bool)
        or not isinstance(owner, str)
    ):
        raise Refused(400, PAYLOAD_INVALID)
    return PostedOrder(
        struct=_struct(raw, takes_text_salts=takes_text_salts),
        signature=_text(raw, "signature"),
        owner=owner,
        order_type=order_type,
        is_post_only=post_only,
        is_deferred=deferred,
        expiration_s=_digits(raw, "expiration"),
    )


def check_terms(
    order: PostedOrder, order_id: str, *, tick_e4: int, now_s: int, market_decimals_fine: int
) -> None:
    """Apply the rules of expiration, post-only, price range, precision and tick.

    `market_decimals_fine` is what FAK and FOK may have on ticks below 0.01 (elsewhere 4).
    """
    _check_expiration(order, now_s)
    if order.is_post_only and order.is_market:
        raise Refused(400, "invalid post-only order: only GTC and GTD orders can be post-only")
    if not 0 < order.cash_micros < order.shares_e6:
        raise Refused(400, "invalid price, price must be greater than 0 and less than 1")
    _check_precision(order, tick_e4, market_decimals_fine)
    _check_tick(order, order_id, tick_e4)


def check_size(order: PostedOrder, order_id: str, min_size_e6: int) -> None:
    """Apply the market's minimum size in shares."""
    if order.shares_e6 < min_size_e6:
        raise Refused(
            400,
            f"order {order_id} is invalid. Size ({size_text(order.shares_e6)}) "
            f"lower than the minimum: {size_text(min_size_e6)}",
        )


def check_marketable(order: PostedOrder) -> None:
    """Apply the one-dollar minimum of a BUY that would trade at once."""
    if order.is_buy and order.cash_micros < MARKETABLE_BUY_MICROS_MIN:
        raise Refused(
            400,
            f"invalid amount for a marketable BUY order (${size_text(order.cash_micros)}), "
            "min size: $1",
        )


def _check_expiration(order: PostedOrder, now_s: int) -> None:
    if order.order_type == "GTD":
        is_valid = order.expiration_s >= now_s + GTD_LIFE_S_MIN
    else:
        is_valid = order.expiration_s == 0
    if not is_valid:
        raise Refused(400, "invalid expiration")


def _check_precision(order: PostedOrder, tick_e4: int, market_decimals_fine: int) -> None:
    if order.is_market:
        most = market_decimals_fine if tick_e4 < COARSE_TICK_E4 else MARKET_DECIMALS
        cash_decimals, share_decimals = (2, most) if order.is_buy else (most, 2)
        kind = "market buy" if order.is_buy else "sell"
    else:
        cash_decimals, share_decimals = _CASH_DECIMALS.get(tick_e4, 6), 2
        kind = "buy" if order.is_buy else "sell"
    if not order.cash_micros % 10 ** (6 - cash_decimals) and not order.shares_e6 % 10 ** (
        6 - share_decimals
    ):
        return
    maker, taker = share_decimals, cash_decimals
    if order.is_buy:
        maker, taker = taker, maker
    raise Refused(
        400,
        f"invalid amounts, the {kind} orders maker amount supports a max accuracy of "
        f"{maker} decimals, taker amount a max of {taker} decimals",
    )


def _check_tick(order: PostedOrder, order_id: str, tick_e4: int) -> None:
    limit_e4 = order.limit_e4
    # A market order's shares are rounded, so that its ratio may be a hair off the grid; a limit
    # order's ratio is its price.
    is_exact = order.is_market or order.cash_micros * ONE_E4 == limit_e4 * order.shares_e6
    if is_exact and limit_e4 % tick_e4 == 0 and tick_e4 <= limit_e4 <= ONE_E4 - tick_e4:
        return
    ratio_e6 = order.cash_micros * ONE_E6 // order.shares_e6
    raise Refused(
        400,
        f"order {order_id} is invalid. Price ({decimal_text(ratio_e6, 6)}) "
        f"breaks minimum tick size rule: {price_text(tick_e4)}",
    )


def _struct(raw: Mapping[str, object], *, takes_text_salts: bool) -> OrderStruct:
    side = raw.get("side")
    salt, signature_type = raw.get("salt"), raw.get("signatureType")
    if takes_text_salts and isinstance(salt, str):
        salt = _digits(raw, "salt")
    if (
        side not in ("BUY", "SELL")
        or isinstance(salt, bool)
        or not isinstance(salt, int)
        or not 0 <= salt <= SALT_MAX
        or isinstance(signature_type, bool)
        or not isinstance(signature_type, int)
        or signature_type not in range(4)
    ):
        raise Refused(400, PAYLOAD_INVALID)
    maker_amount, taker_amount = _digits(raw, "makerAmount"), _digits(raw, "takerAmount")
    if not maker_amount or not taker_amount:
        raise Refused(400, PAYLOAD_INVALID)
    return OrderStruct(
        salt=salt,
        maker=_hex(raw, "maker", 20),
        signer=_hex(raw, "signer", 20),
        token_id=_digits(raw, "tokenId"),
        maker_amount=maker_amount,
        taker_amount=taker_amount,
        side=side,
        signature_type=signature_type,
        timestamp_ms=_digits(raw, "timestamp"),
        metadata=bytes.fromhex(_hex(raw, "metadata", 32)[2:]),
        builder=bytes.fromhex(_hex(raw, "builder", 32)[2:]),
    )


def _text(raw: Mapping[str, object], name: str) -> str:
    value = raw.get(name)
    if not isinstance(value, str):
        raise Refused(400, PAYLOAD_INVALID)
    return value


def _digits(raw: Mapping[str, object], name: str) -> int:
    text = _text(raw, name)
    # 78 digits hold every uint256; longer text is not worth converting.
    if not (text.isascii() and text.isdecimal() and len(text) <= 78) or int(text) > UINT256_MAX:
        raise Refused(400, PAYLOAD_INVALID)
    return int(text)


def _hex(raw: Mapping[str, object], name: str, size: int) -> str:
    text = _text(raw, name)
    try:
        is_valid = text.startswith("0x") and len(bytes.fromhex(text[2:])) == size
    except ValueError:
        is_valid = False
    if not is_valid or len(text) != 2 + 2 * size:
        raise Refused(400, PAYLOAD_INVALID)
    return text
