"""Pay what a market's result owes, and remember it for `GET /portfolio/settlements`.

A YES contract pays the market's value, a NO contract a dollar less that value; settling a plain
yes or no costs nothing (Kalshi docs, market_settlement, 2026).
"""

from collections.abc import Iterable
from typing import Final

from twoleg.sim.exchange import ONE_E4
from twoleg.sim.kalshi.blotter import Blotter
from twoleg.sim.kalshi.ledger import Account, cost_micros
from twoleg.sim.kalshi.markets import MarketState
from twoleg.sim.kalshi.reads import Row
from twoleg.sim.kalshi.text import count_text, money_text, time_text
from twoleg.sim.kalshi.ws import Hub

_CENT_MICROS: Final = 10_000


class Settlements:
    """What has been paid to whom. A settlement has no id."""

    def __init__(self, blotter: Blotter, hub: Hub) -> None:
        self._blotter = blotter
        self._hub = hub
        # By member, newest first.
        self._rows: dict[str, list[Row]] = {}

    def of(self, name: str) -> list[Row]:
        """Return a member's settlements over all its subaccounts, newest first."""
        return self._rows.get(name, [])

    def pay(self, market: MarketState, accounts: Iterable[Account], crowd: Account) -> None:
        """Turn every position of a determined market into cash; it leaves the positions."""
        assert market.value_e4 is not None, "a market is settled after its determination"
        for account in (*accounts, crowd):
            position = account.positions.get(market.ticker)
            if position is None or position.size_e6 == 0:
                continue
            value_e4 = market.value_e4 if position.size_e6 > 0 else ONE_E4 - market.value_e4
            revenue = cost_micros(abs(position.size_e6), value_e4)
            account.cash_micros[market.shard] = account.cash_micros.get(market.shard, 0) + revenue
            row = self._row(market, account, revenue)
            position.realized_micros += revenue - position.exposure_micros
            position.size_e6 = position.exposure_micros = 0
            if account is not crowd:
                self._rows.setdefault(account.name, []).insert(0, row)
                self._blotter.publish_position(market, account, is_settled=True)
                self._hub.position(account, market.ticker)

    def _row(self, market: MarketState, account: Account, revenue_micros: int) -> Row:
        position, now_us = account.positions[market.ticker], self._blotter.now_us()
        held_e6, cost = abs(position.size_e6), position.exposure_micros
        is_yes = position.size_e6 > 0
        json: dict[str, object] = {
            "ticker": market.ticker,
            "exchange_index": market.shard,
            "event_ticker": market.pair.kalshi.event_ticker,
            "market_result": market.result,
            "yes_count_fp": count_text(held_e6 if is_yes else 0),
            "yes_total_cost_dollars": money_text(cost if is_yes else 0),
            "no_count_fp": count_text(0 if is_yes else held_e6),
            "no_total_cost_dollars": money_text(0 if is_yes else cost),
            "revenue": revenue_micros // _CENT_MICROS,
            "settled_time": time_text(now_us),
            "fee_cost": money_text(position.fees_micros),
            "value": (market.value_e4 or 0) // 100,
        }
        return Row(
            self._blotter.next_number(),
            market.ticker,
            market.pair.kalshi.event_ticker,
            "",
            market.shard,
            now_us // 1_000_000,
            "settled",
            json,
            account.subaccount,
        )
