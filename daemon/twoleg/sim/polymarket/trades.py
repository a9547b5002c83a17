"""Book matched trades in the ledger and lead them along their way on chain.

MATCHED → (MATCHED_NOT_BROADCASTED →) (RETRYING →) MINED → CONFIRMED, or RETRYING → FAILED, which
voids the fill. One trade per maker order matched. Statuses: docs.polymarket.com order-lifecycle,
read 2026-11-22. A sale of tokens whose purchase is still on its way waits for that, and fails with
it: the chain moves no tokens that are not there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

from twoleg.sim.base import CROWD
from twoleg.sim.exchange import ONE_E4, Match, Side, Walk
from twoleg.sim.flow import Clock
from twoleg.sim.polymarket.fees import builder_fee_micros, check_builders, taker_fee_micros
from twoleg.sim.polymarket.ledger import Entry, Hold, Ledger
from twoleg.sim.polymarket.options import PolymarketOptions
from twoleg.sim.polymarket.orders import OrderSide
from twoleg.sim.polymarket.state import Market, OrderRecord, Party, Trade, crowd_party
from twoleg.sim.polymarket.timers import Timers

FINAL: Final = frozenset({"CONFIRMED", "FAILED"})
_PPM: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Taken:
    """What a taker got in all: exact pUSD without fees, shares, and the trades."""

    cash_micros: int
    size_e6: int
    trades: tuple[Trade, ...]


class Trades:
    """All trades in which an API account took part, and the changes that trades make to orders."""

    def __init__(
        self,
        *,
        clock: Clock,
        rng: Random,
        ledger: Ledger,
        timers: Timers,
        options: PolymarketOptions,
    ) -> None:
        self._clock = clock
        self._rng = rng
        self._ledger = ledger
        self._timers = timers
        self._options = options
        check_builders(options.builder_fees_bps)
        # (maker, taker) basis points by builder code in lower case.
        self.builders = {code.lower(): bps for code, bps in options.builder_fees_bps.items()}
        # By id, oldest first.
        self.by_id: dict[str, Trade] = {}
        # Those that are not final yet, oldest first.
        self._on_the_way: dict[str, Trade] = {}
        # Orders by id, shared with the engine.
        self.orders: dict[str, OrderRecord] = {}
        # Told of every new status of a trade, and of every order that a trade has changed.
        self.on_trade: Callable[[Trade], None] = _ignore
        self.on_order: Callable[[OrderRecord], None] = _ignore

    def book_walk(self, market: Market, side: Side, walk: Walk, taker: OrderRecord | None) -> Taken:
        """Book a walk that the engine has executed; `taker` is None for other people.

        The taker's cost is rounded on the running sum (up for a BUY, down for a SELL), so that the
        trades add up to the amount the answer reports, and a dollar order to its exact dollars.
        """
        token = 0 if taker is None else taker.token
        is_buy = (side == "bid") == (token == 0)
        exact_e4 = cash_micros = 0
        trades: list[Trade] = []
        for match in walk.matches:
            price_e4 = match.price_e4 if token == 0 else ONE_E4 - match.price_e4
            exact_e4 += match.size_e6 * price_e4
            total_micros = -(-exact_e4 // ONE_E4) if is_buy else exact_e4 // ONE_E4
            cost_micros = total_micros - cash_micros
            cash_micros = total_micros
            party = self._taker(taker, token, "BUY" if is_buy else "SELL", price_e4)
            trade = self._book(market, party, match, side, cost_micros)
            if trade is not None:
                trades.append(trade)
        return Taken(cash_micros, walk.size_e6, tuple(trades))

    def fees_of(self, record: OrderRecord, walk: Walk) -> int:
        """Return what a taker would pay in fees for a walk, at most, in micro-dollars."""
        fees_micros = 0
        for match in walk.matches:
            price_e4 = match.price_e4 if record.token == 0 else ONE_E4 - match.price_e4
            notional_micros = -(-match.size_e6 * price_e4 // ONE_E4)
            fees_micros += self._taker_fee(record, match.size_e6, price_e4, notional_micros)
        return fees_micros

    def advance(self, trade: Trade, status: str) -> None:
        """Give a trade its next status and tell; FAILED voids it. Final ones stay as they are."""
        if trade.status in FINAL:
            return
        trade.status = status
        trade.updated_ns = self._clock.now_ns()
        if status == "RETRYING":
            # It is sent again, as another transaction.
            trade.transaction_hash = ""
        if status == "MINED" and not trade.transaction_hash:
            trade.transaction_hash = f"0x{self._rng.getrandbits(256):064x}"
        if status in FINAL:
            self._on_the_way.pop(trade.trade_id, None)
        if status == "FAILED":
            for entry in trade.entries:
                self._ledger.void(entry)
        self.on_trade(trade)
        if status == "FAILED":
            self._fail_sales_after(trade)

    def _fail_sales_after(self, trade: Trade) -> None:
        """What was sold of tokens that never came was not sold either, the latest sale first."""
        for entry in trade.entries:
            wallet = self._ledger.wallets[entry.wallet.lower()]
            for sale in reversed(tuple(self._on_the_way.values())):
                if wallet.address == CROWD or wallet.tokens_e6.get(entry.token_id, 0) >= 0:
                    break
                if any(_moves(one, entry) and one.size_e6 < 0 for one in sale.entries):
                    self.advance(sale, "FAILED")

    def _waits(self, trade: Trade) -> bool:
        """Whether a trade sells what an earlier one, which is not final, has yet to bring."""
        sold = [entry for entry in trade.entries if entry.size_e6 < 0 and entry.wallet != CROWD]
        for earlier in self._on_the_way.values():
            if not sold or earlier is trade:
                return False
            if any(
                _moves(one, entry) and one.size_e6 > 0 for one in earlier.entries for entry in sold
            ):
                return True
        return False

    def _taker(
        self, taker: OrderRecord | None, token: int, side: OrderSide, price_e4: int
    ) -> Party:
        if taker is None:
            return Party("0x" + f"{self._rng.getrandbits(256):064x}", CROWD, token, side, price_e4)
        return Party(taker.order_id, taker.wallet, token, side, price_e4, taker)

    def _book(
        self, market: Market, taker: Party, match: Match, side: Side, cost_micros: int
    ) -> Trade | None:
        maker = self._maker(match, side)
        if taker.record is None and maker.record is None:
            return None
        now_ns = self._clock.now_ns()
        trade = Trade(
            trade_id=self._uuid(),
            market=market,
            taker=taker,
            maker=maker,
            size_e6=match.size_e6,
            match_ns=now_ns,
            entries=self._entries(market, taker, maker, match.size_e6, cost_micros),
            updated_ns=now_ns,
        )
        self.by_id[trade.trade_id] = self._on_the_way[trade.trade_id] = trade
        for entry in trade.entries:
            self._ledger.book(entry, now_ns)
        for party in (taker, maker):
            if party.record is not None:
                party.record.matched_e6 += match.size_e6
                party.record.trade_ids.append(trade.trade_id)
        self.on_trade(trade)
        if maker.record is not None:
            self._update_maker(maker.record, match.maker_left_e6)
        self._start_life(trade)
        return trade

    def _maker(self, match: Match, taker_side: Side) -> Party:
        record = self.orders.get(match.maker_order_id)
        if record is None:
            side: OrderSide = "SELL" if taker_side == "bid" else "BUY"
            return crowd_party(match.maker_order_id, 0, side, match.price_e4)
        price_e4 = match.price_e4 if record.token == 0 else ONE_E4 - match.price_e4
        return Party(
            record.order_id,
            record.wallet,
            record.token,
            record.posted.struct.side,
            price_e4,
            record,
        )

    def _entries(
        self, market: Market, taker: Party, maker: Party, size_e6: int, cost_micros: int
    ) -> tuple[Entry, Entry]:
        sign = 1 if taker.side == "BUY" else -1
        # Two buyers of different tokens mint a pair for a dollar, two sellers merge one.
        is_pair = taker.token != maker.token
        maker_cash = -sign * (size_e6 - cost_micros) if is_pair else sign * cost_micros
        maker_sign = sign if is_pair else -sign
        tokens = market.spec.token_ids
        fee_micros = maker_fee_micros = 0
        if taker.record is not None:
            fee_micros = self._taker_fee(taker.record, size_e6, taker.price_e4, cost_micros)
        if maker.record is not None:
            bps = self._builder_bps(maker.record)[0]
            maker_fee_micros = builder_fee_micros(abs(maker_cash), bps, self._options.fee_rounding)
        return (
            Entry(
                taker.wallet, tokens[taker.token], -sign * cost_micros, sign * size_e6, fee_micros
            ),
            Entry(
                maker.wallet,
                tokens[maker.token],
                maker_cash,
                maker_sign * size_e6,
                maker_fee_micros,
            ),
        )

    def _taker_fee(
        self, record: OrderRecord, size_e6: int, price_e4: int, notional_micros: int
    ) -> int:
        spec, rounding = record.market.spec, self._options.fee_rounding
        bps = self._builder_bps(record)[1]
        return taker_fee_micros(
            size_e6, price_e4, spec.fee_rate_e4, rounding, spec.fee_exponent
        ) + builder_fee_micros(notional_micros, bps, rounding)

    def _builder_bps(self, record: OrderRecord) -> tuple[int, int]:
        """Return what the order's builder charges (maker, taker)."""
        return self.builders.get("0x" + record.posted.struct.builder.hex(), (0, 0))

    def _update_maker(self, record: OrderRecord, left_e6: int) -> None:
        self.hold_rest(record, left_e6)
        record.note(self._clock.now_ns(), "LIVE" if left_e6 else "MATCHED")
        self.on_order(record)

    def hold_rest(self, record: OrderRecord, left_e6: int) -> None:
        """Keep back what the rest of an order may cost; nothing when there is no rest."""
        wallet = self._ledger.open(record.wallet, record.key.owner)
        if left_e6 <= 0:
            wallet.holds.pop(record.order_id, None)
        elif record.posted.is_buy:
            cost_micros = -(-left_e6 * record.posted.limit_e4 // ONE_E4)
            wallet.holds[record.order_id] = Hold("", cost_micros)
        else:
            wallet.holds[record.order_id] = Hold(record.posted.token_id, left_e6)

    def _start_life(self, trade: Trade) -> None:
        # No draw without a chance: scripted runs leave the seeded sequence alone.
        draw = _PPM
        if self._options.failed_ppm or self._options.retrying_ppm:
            draw = self._rng.randrange(_PPM)
        steps = ["MINED", "CONFIRMED"]
        if draw < self._options.failed_ppm:
            steps = ["RETRYING", "FAILED"]
        elif draw < self._options.failed_ppm + self._options.retrying_ppm:
            steps = ["RETRYING", "MINED", "CONFIRMED"]
        if self._options.shows_not_broadcasted:
            steps = ["MATCHED_NOT_BROADCASTED", *steps]
        self._schedule(trade, steps)

    def _schedule(self, trade: Trade, steps: list[str]) -> None:
        def act() -> None:
            if steps[0] in ("MINED", "CONFIRMED") and self._waits(trade):
                self._schedule(trade, steps)
                return
            self.advance(trade, steps[0])
            if len(steps) > 1 and trade.status not in FINAL:
                self._schedule(trade, steps[1:])

        delay_ms = self._options.mined_after_ms
        if steps[0] in FINAL:
            delay_ms = self._options.confirmed_after_ms
        elif steps[0] == "MATCHED_NOT_BROADCASTED":
            delay_ms //= 2
        self._timers.after(delay_ms, act)

    def _uuid(self) -> str:
        text = f"{self._rng.getrandbits(128):032x}"
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def _moves(one: Entry, other: Entry) -> bool:
    return (one.wallet, one.token_id) == (other.wallet, other.token_id)


def _ignore(_: object) -> None:
    """Tell nobody."""
