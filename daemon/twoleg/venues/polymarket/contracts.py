"""Addresses and numbers of the Polymarket exchanges that this client can sign for.

Sources: py-clob-client-v2 1.2.1 `config.py`, polymarket-client 0.14.0 `environments.py` and
docs.polymarket.com/resources/contracts, read 2026-11-22.
"""

from enum import Enum
from typing import Final

POLYGON: Final = 137
AMOY: Final = 80002
ORDER_VERSION: Final = 2
"""The version of orders for ordinary tokens, as long as the venue does not say otherwise."""
POSITIONS_VERSION: Final = 3
"""The version of orders for position ids; the venue may want it for all tokens."""


class Exchange(Enum):
    """Which exchange contract settles an order; decides the signing domain."""

    STANDARD = "standard"
    NEG_RISK = "neg_risk"
    POSITIONS = "positions"


_STANDARD_V2: Final = "0xE111180000d2663C0091e4f400237545B87B996B"
_NEG_RISK_V2: Final = "0xe2222d279d744050d28e00520010520000310F59"

EXCHANGES: Final[dict[int, dict[Exchange, tuple[str, str]]]] = {
    POLYGON: {
        Exchange.STANDARD: ("2", _STANDARD_V2),
        Exchange.NEG_RISK: ("2", _NEG_RISK_V2),
        Exchange.POSITIONS: ("3", "0xe3333700cA9d93003F00f0F71f8515005F6c00Aa"),
    },
    AMOY: {
        Exchange.STANDARD: ("2", _STANDARD_V2),
        Exchange.NEG_RISK: ("2", _NEG_RISK_V2),
        Exchange.POSITIONS: ("3", "0x9fE6e61422AdB6F610d8597F9684b16912D50C3D"),
    },
}
"""(domain version, verifying contract) per chain and exchange."""

SIGNABLE_VERSIONS: Final = frozenset({ORDER_VERSION, POSITIONS_VERSION})
"""Answers of `GET /version` for which this client has the order struct; both have the same."""

_POSITION_ID_MASK: Final = ((1 << 64) - 1) << 40


def is_position_id(token: int) -> bool:
    """Whether a token is a Protocol-V2 position id: bits 40..103 are all zero.

    polymarket-client 0.14.0, read 2026-11-22.
    """
    return token & _POSITION_ID_MASK == 0


def exchange_for(token: int, *, neg_risk: bool, version: int = ORDER_VERSION) -> Exchange:
    """Which exchange an order on `token` must be signed for, at the version that the venue wants.

    Position ids always go with the third; where that is the version of all orders, so do ordinary
    tokens, neg-risk or not (py-clob-client-v2 1.2.1 `builder.py`, read 2026-11-22).
    """
    if is_position_id(token) or version == POSITIONS_VERSION:
        return Exchange.POSITIONS
    return Exchange.NEG_RISK if neg_risk else Exchange.STANDARD
