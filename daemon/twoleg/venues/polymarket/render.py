"""The body of `POST /order`, rendered once: exactly these bytes are signed by HMAC and sent.

Field order and types as py-clob-client-v2 1.2.1 `order_to_json_v2` sends them, read 2026-11-22.
"""

from typing import Final

from twoleg.core.market import TimeInForce
from twoleg.core.orders import OrderSpec
from twoleg.venues.polymarket.sign import OrderFields, OrderSigner

ORDER_TYPES: Final = {
    TimeInForce.FOK: "FOK",
    TimeInForce.IOC: "FAK",
    TimeInForce.GTC: "GTC",
    TimeInForce.GTD: "GTD",
}
DROPPED_EARLY_S: Final = 60
"""The venue drops a GTD order this long before its expiration (docs.polymarket.com place-orders,
ts-sdk#175, read 2026-11-22)."""
EXPIRATION_S_MIN: Final = 180
"""How far ahead an expiration must lie when the order arrives."""


class OrderRenderer:
    """Renders orders of one signer and one API key."""

    def __init__(self, signer: OrderSigner, owner: str) -> None:
        # Everything that is the same in each order.
        self._head = f'"maker":"{signer.maker}","signer":"{signer.order_signer}"'
        self._signature_type = int(signer.signature_type)
        self._owner = owner

    def __repr__(self) -> str:
        return f"OrderRenderer({self._head})"

    def render(self, spec: OrderSpec, order: OrderFields, signature: str) -> bytes:
        """One order as JSON without spaces. The expiration is not signed, and in Unix seconds."""
        side = "SELL" if order.side else "BUY"
        expiration = spec.expires_s + DROPPED_EARLY_S if spec.expires_s else 0
        return (
            f'{{"order":{{"salt":{order.salt},{self._head},"tokenId":"{order.token}",'
            f'"makerAmount":"{order.maker_amount}","takerAmount":"{order.taker_amount}",'
            f'"side":"{side}","expiration":"{expiration}","signatureType":{self._signature_type},'
            f'"timestamp":"{order.timestamp_ms}","metadata":"0x{order.metadata.hex()}",'
            f'"builder":"0x{order.builder.hex()}",'
            f'"signature":"{signature}"}},"owner":"{self._owner}",'
            f'"orderType":"{ORDER_TYPES[spec.tif]}","deferExec":false,'
            f'"postOnly":{"true" if spec.post_only else "false"}}}'
        ).encode()


def is_too_late(spec: OrderSpec, now_s: int) -> bool:
    """Whether a GTD order would be refused: it must live for two minutes from now (venue time)."""
    return 0 < spec.expires_s < now_s + EXPIRATION_S_MIN - DROPPED_EARLY_S
