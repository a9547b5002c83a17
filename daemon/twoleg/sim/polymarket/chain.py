"""What owners do on chain, beside the venue: split, merge, redeem, approve.

A dollar and a pair of tokens are the same thing: a split makes two tokens of one pUSD, a merge
undoes it, and after the resolution the winning token alone is worth the dollar. Winnings are no
cash until they are redeemed. docs.polymarket.com, trading/ctf, read 2026-11-22.
"""

from typing import Final

from twoleg.sim.polymarket.ledger import Wallet
from twoleg.sim.polymarket.sign import EXCHANGE_NEG_RISK, EXCHANGE_POSITIONS, EXCHANGE_STANDARD
from twoleg.sim.polymarket.state import Market

ACTS: Final = ("split", "merge", "redeem")
EXCHANGES: Final = ("standard", "neg_risk", "positions")


def move(wallet: Wallet, market: Market, act: str, size_e6: int) -> int:
    """Split, merge or redeem; return the pUSD that the wallet got (negative: paid), in micros.

    `size_e6` are pairs; a redemption takes all tokens of the market and needs none. ValueError when
    the wallet has too little, or nothing is resolved.
    """
    if act not in ACTS:
        raise ValueError(f"act must be one of {', '.join(ACTS)}")
    if act == "redeem":
        cash_micros = _redeem(wallet, market)
    else:
        cash_micros = size_e6 if act == "merge" else -size_e6
        held_e6 = min(wallet.tokens_e6.get(token, 0) for token in market.spec.token_ids)
        if size_e6 <= 0 or size_e6 > (held_e6 if act == "merge" else wallet.cash_micros):
            raise ValueError(f"the wallet can not {act} {size_e6} micro-pairs")
        for token in market.spec.token_ids:
            wallet.tokens_e6[token] = wallet.tokens_e6.get(token, 0) - cash_micros
    wallet.cash_micros += cash_micros
    wallet.chain_micros += cash_micros
    return cash_micros


def approve(
    wallet: Wallet, exchange: str, *, chain_id: int, cash_micros: int | None, tokens: bool | None
) -> str:
    """Set what an exchange may move, of pUSD or of tokens; None leaves it. Return its address."""
    addresses = (EXCHANGE_STANDARD, EXCHANGE_NEG_RISK, EXCHANGE_POSITIONS[chain_id])
    if exchange not in EXCHANGES:
        raise ValueError(f"exchange must be one of {', '.join(EXCHANGES)}")
    address = addresses[EXCHANGES.index(exchange)]
    if cash_micros is not None:
        wallet.cash_allowances[address] = cash_micros
    if tokens is not None:
        wallet.token_allowances.pop(address, None)
        if not tokens:
            wallet.token_allowances[address] = 0
    return address


def _redeem(wallet: Wallet, market: Market) -> int:
    if market.winner is None:
        raise ValueError(f"market {market.condition_id} is not resolved")
    won_e6 = 0
    for index, token in enumerate(market.spec.token_ids):
        held_e6 = wallet.tokens_e6.pop(token, 0)
        won_e6 += held_e6 if index == market.winner else 0
    return won_e6
