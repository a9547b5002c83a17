"""Kalshi's money: cash per shard, netted positions, fees, in exact micro-dollars. Pure.

A position is one signed number: YES positive, NO negative. Buying YES locks p, selling YES locks 1
− p, closing an opposite holding releases a dollar per netted contract (Kalshi docs,
fixed_point_migration and market_settlement, 2026-08).
"""

from dataclasses import dataclass, field
from typing import Final, Literal

from twoleg.sim.exchange import ONE_E4, Side

Member = Literal["direct", "non_direct"]

# Coefficients in 1/10 000 (fee schedule, 2026-08): taker, maker.
FEE_COEFFICIENTS_E4: Final[dict[str, tuple[int, int]]] = {
    "quadratic": (700, 0),
    "quadratic_with_maker_fees": (700, 175),
    "quadratic_with_combo_maker_fees": (700, 350),
    # Its table was not found and no series was seen with it; free here.
    "flat": (0, 0),
}
# To what an account's balance is rounded (Kalshi docs, fee_rounding, 2026): $0.0001 or $0.01.
PRECISION_MICROS: Final[dict[str, int]] = {"direct": 100, "non_direct": 10_000}
FEE_STEP_MICROS: Final = 100
REBATE_MICROS: Final = 10_000
CENT_MICROS: Final = 10_000
# Kalshi docs, subaccounts, 2026: the primary account is 0.
SUBACCOUNT_MAX: Final = 63


def ceil_trade_fee(coefficient_e4: int, multiplier_e4: int, size_e6: int, price_e4: int) -> int:
    """Return k·M·C·P·(1−P), rounded up to $0.0001, in micro-dollars."""
    product = coefficient_e4 * multiplier_e4 * size_e6 * price_e4 * (ONE_E4 - price_e4)
    return -(-product // 10**18) * FEE_STEP_MICROS


def cost_micros(size_e6: int, price_e4: int) -> int:
    """Return size times price; exact, because sizes are whole lots of 0.01 contract."""
    product = size_e6 * price_e4
    assert product % ONE_E4 == 0, "a size on this venue is a whole number of lots"
    return product // ONE_E4


def cash_change_micros(position_e6: int, side: Side, size_e6: int, price_e4: int) -> int:
    """Return by how much cash changes before fees when this trade meets this position."""
    after_e6 = position_e6 + (size_e6 if side == "bid" else -size_e6)
    paid = cost_micros(size_e6, price_e4)
    locked = max(0, -after_e6) - max(0, -position_e6)
    return (-paid if side == "bid" else paid) - cost_micros(locked, ONE_E4)


@dataclass(slots=True)
class Position:
    """A signed holding in one market and what it has cost so far."""

    size_e6: int = 0
    # What the present holding has cost, without fees.
    exposure_micros: int = 0
    traded_micros: int = 0
    realized_micros: int = 0
    fees_micros: int = 0

    def apply(self, side: Side, size_e6: int, price_e4: int, fee_micros: int) -> None:
        """Add a fill: close what is held on the other side first, open with the rest."""
        signed_e6 = size_e6 if side == "bid" else -size_e6
        is_closing = self.size_e6 * signed_e6 < 0
        closed_e6 = min(size_e6, abs(self.size_e6)) if is_closing else 0
        price_own_e4 = price_e4 if side == "bid" else ONE_E4 - price_e4
        if closed_e6:
            released = self.exposure_micros * closed_e6 // abs(self.size_e6)
            proceeds = cost_micros(closed_e6, ONE_E4 - price_own_e4)
            self.exposure_micros -= released
            self.realized_micros += proceeds - released
        self.exposure_micros += cost_micros(size_e6 - closed_e6, price_own_e4)
        self.traded_micros += cost_micros(size_e6, price_own_e4)
        self.fees_micros += fee_micros
        self.size_e6 += signed_e6


@dataclass(slots=True)
class OrderFees:
    """Rounding fees of one order over all its fills; above a cent, a cent is paid back."""

    precision_micros: int
    rounded_micros: int = 0

    def charge(self, change_micros: int, trade_fee_micros: int) -> int:
        """Return the whole fee of a fill whose cash change before fees is given; never negative.

        The change after the trade fee is floored to the account's precision; the difference is the
        rounding fee. Owed rebates wait for a fill whose fees they do not exceed.
        """
        rounding = (change_micros - trade_fee_micros) % self.precision_micros
        self.rounded_micros += rounding
        fee = trade_fee_micros + rounding
        if self.rounded_micros > REBATE_MICROS and fee >= REBATE_MICROS:
            self.rounded_micros -= REBATE_MICROS
            fee -= REBATE_MICROS
        return fee


@dataclass(slots=True)
class Account:
    """The cash and positions of a member's primary account or of one of its subaccounts.

    A subaccount is an account of its own with its member's name. A shard that is no key of a
    primary account's `cash_micros` has never been funded.
    """

    name: str
    user_id: str
    member: Member = "direct"
    # 0 is the primary account.
    subaccount: int = 0
    # The numbered subaccounts of a primary account.
    subaccounts: dict[int, "Account"] = field(default_factory=dict)
    opening_micros: dict[int, int] = field(default_factory=dict)
    cash_micros: dict[int, int] = field(default_factory=dict)
    positions: dict[str, Position] = field(default_factory=dict)
    fees_micros: int = 0
    fills: int = 0
    # Deposits and withdrawals as their lists show them, newest first.
    payments: dict[str, list[dict[str, object]]] = field(default_factory=dict)

    def pay(self, kind: str, cents: int, fee_cents: int, shard: int, now_s: int) -> str:
        """Let money in or out, finished at once; return the payment's id."""
        rows = self.payments.setdefault(kind, [])
        payment_id = f"{kind}-{len(rows) + 1}"
        signed = (cents - fee_cents) if kind == "deposits" else -(cents + fee_cents)
        self.cash_micros[shard] = self.cash_micros.get(shard, 0) + signed * CENT_MICROS
        row: dict[str, object] = {
            "id": payment_id,
            "status": "applied",
            "type": "ach",
            "amount_cents": cents,
            "fee_cents": fee_cents,
            "created_ts": now_s,
            "finalized_ts": now_s,
        }
        rows.insert(0, row)
        return payment_id

    def fund(self, shard: int, micros: int) -> None:
        """Add opening cash on a shard."""
        self.opening_micros[shard] = self.opening_micros.get(shard, 0) + micros
        self.cash_micros[shard] = self.cash_micros.get(shard, 0) + micros

    def sub(self, number: int) -> "Account | None":
        """Return the primary account itself (0) or one of its subaccounts, if it exists."""
        return self if number == 0 else self.subaccounts.get(number)

    def everything(self) -> list["Account"]:
        """Return the primary account and its subaccounts in order of number."""
        return [self, *self.subaccounts.values()]

    def open_subaccount(self) -> "Account | None":
        """Add the next subaccount, without cash; None when all numbers are taken."""
        number = len(self.subaccounts) + 1
        if number > SUBACCOUNT_MAX:
            return None
        opened = Account(self.name, self.user_id, self.member, number)
        self.subaccounts[number] = opened
        return opened

    def move(self, to: "Account", shard: int, micros: int) -> None:
        """Move cash to another account of the same member on one shard."""
        self.cash_micros[shard] = self.cash_micros.get(shard, 0) - micros
        to.cash_micros[shard] = to.cash_micros.get(shard, 0) + micros

    def position_e6(self, ticker: str) -> int:
        """Return the signed holding in a market."""
        position = self.positions.get(ticker)
        return 0 if position is None else position.size_e6

    def apply(
        self,
        ticker: str,
        shard: int,
        side: Side,
        *,
        size_e6: int,
        price_e4: int,
        fee_micros: int,
    ) -> None:
        """Book a fill: cash, position, fee."""
        position = self.positions.setdefault(ticker, Position())
        change = cash_change_micros(position.size_e6, side, size_e6, price_e4)
        self.cash_micros[shard] = self.cash_micros.get(shard, 0) + change - fee_micros
        position.apply(side, size_e6, price_e4, fee_micros)
        self.fees_micros += fee_micros
        self.fills += 1

    def to_json(self) -> dict[str, object]:
        """Return the account as the admin surface shows it."""
        return {
            "opening_micros": dict(self.opening_micros),
            "cash_micros": dict(self.cash_micros),
            "positions_e6": {t: p.size_e6 for t, p in self.positions.items() if p.size_e6},
            "fees_micros": self.fees_micros,
            "fills": self.fills,
        }
