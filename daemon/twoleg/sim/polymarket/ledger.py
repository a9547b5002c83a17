"""Who owns what on the simulated Polymarket: pUSD and tokens per wallet, to the micro.

Other people are one wallet without limits. Orders hold back what they may cost; a trade moves exact
micro-dollars between its two parties, or into and out of the pool that mints and merges pairs.
"""

from collections import deque
from dataclasses import dataclass, field

from twoleg.sim.base import CROWD
from twoleg.sim.polymarket.sign import UINT256_MAX


@dataclass(frozen=True, slots=True)
class Hold:
    """What an open order keeps back: pUSD when `token_id` is empty, else tokens."""

    token_id: str
    amount: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One party's side of one trade. Cash without the fee; both signed as the wallet sees them."""

    wallet: str
    token_id: str
    cash_micros: int
    size_e6: int
    fee_micros: int = 0


@dataclass(slots=True)
class Wallet:
    """One address. `owner` is the EOA whose API key may spend from it."""

    address: str
    owner: str
    opening_micros: int = 0
    cash_micros: int = 0
    fees_micros: int = 0
    fills: int = 0
    tokens_e6: dict[str, int] = field(default_factory=dict)
    # Net pUSD from splits, merges and redemptions.
    chain_micros: int = 0
    # The same one by one, with rewards, oldest first: (type, condition id, pUSD, Unix second).
    acts: list[tuple[str, str, int, int]] = field(default_factory=list)
    # What exchanges may move, by exchange address, where it is not everything: pUSD, and tokens
    # (0 or everything). Approvals are on-chain acts; the opening wallets have given all of them.
    cash_allowances: dict[str, int] = field(default_factory=dict)
    token_allowances: dict[str, int] = field(default_factory=dict)
    # By order id.
    holds: dict[str, Hold] = field(default_factory=dict)
    # Bought tokens that the venue does not see yet: (visible from, token, size).
    pending: deque[tuple[int, str, int]] = field(default_factory=deque)

    def visible_e6(self, token_id: str, now_ns: int) -> int:
        """Return the token balance as the venue's cache shows it."""
        while self.pending and self.pending[0][0] <= now_ns:
            self.pending.popleft()
        unseen = sum(size for _, token, size in self.pending if token == token_id)
        return max(0, self.tokens_e6.get(token_id, 0) - unseen)

    def free_micros(self) -> int:
        """Return the pUSD that no open order keeps back."""
        return self.cash_micros - self._held("")

    def free_e6(self, token_id: str, now_ns: int) -> int:
        """Return the tokens that can be sold now."""
        return self.visible_e6(token_id, now_ns) - self._held(token_id)

    def allowance(self, exchange: str, *, of_tokens: bool) -> int:
        """Return how much pUSD, or how many tokens, an exchange may move."""
        allowances = self.token_allowances if of_tokens else self.cash_allowances
        return allowances.get(exchange, UINT256_MAX)

    def _held(self, token_id: str) -> int:
        return sum(hold.amount for hold in self.holds.values() if hold.token_id == token_id)


class Ledger:
    """All wallets by lower-case address."""

    def __init__(self, *, lag_ns: int) -> None:
        self._lag_ns = lag_ns
        self.wallets: dict[str, Wallet] = {CROWD: Wallet(CROWD, CROWD)}

    def open(self, address: str, owner: str) -> Wallet:
        """Return the wallet of an address, creating an empty one."""
        key = address.lower()
        if key not in self.wallets:
            self.wallets[key] = Wallet(address, owner.lower())
        return self.wallets[key]

    def get(self, address: str) -> Wallet | None:
        """Return a known wallet, or None."""
        return self.wallets.get(address.lower())

    def fund(self, wallet: Wallet, cash_micros: int, tokens_e6: dict[str, int]) -> None:
        """Add pUSD and tokens from outside."""
        wallet.opening_micros += cash_micros
        wallet.cash_micros += cash_micros
        for token_id, size_e6 in tokens_e6.items():
            wallet.tokens_e6[token_id] = wallet.tokens_e6.get(token_id, 0) + size_e6

    def book(self, entry: Entry, now_ns: int) -> None:
        """Book one party's side of a trade."""
        wallet = self.wallets[entry.wallet.lower()]
        self._move(wallet, entry, 1)
        wallet.fills += 1
        if entry.size_e6 > 0 and self._lag_ns and wallet.address != CROWD:
            wallet.pending.append((now_ns + self._lag_ns, entry.token_id, entry.size_e6))

    def void(self, entry: Entry) -> None:
        """Undo a side of a trade that failed on chain; a balance may become negative."""
        wallet = self.wallets[entry.wallet.lower()]
        self._move(wallet, entry, -1)
        wallet.fills -= 1

    def report(self) -> dict[str, object]:
        """Return every wallet for the admin surface."""
        return {
            wallet.address: {
                "owner": wallet.owner,
                "opening_micros": wallet.opening_micros,
                "cash_micros": wallet.cash_micros,
                "chain_micros": wallet.chain_micros,
                "positions_e6": {t: size for t, size in wallet.tokens_e6.items() if size},
                "fees_micros": wallet.fees_micros,
                "fills": wallet.fills,
                "held": {key: [h.token_id, h.amount] for key, h in wallet.holds.items()},
            }
            for wallet in self.wallets.values()
        }

    def _move(self, wallet: Wallet, entry: Entry, sign: int) -> None:
        wallet.cash_micros += sign * (entry.cash_micros - entry.fee_micros)
        wallet.fees_micros += sign * entry.fee_micros
        held_e6 = wallet.tokens_e6.get(entry.token_id, 0)
        wallet.tokens_e6[entry.token_id] = held_e6 + sign * entry.size_e6
