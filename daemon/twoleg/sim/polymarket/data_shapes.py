"""Positions, trades and activity as both generations of the Data API write them.

camelCase: docs.polymarket.com data-api pages (2026-08-21); snake_case under /v2: polymarket-client
0.14.0 (read 2026-11-22). All numbers are JSON numbers, in units.
"""

from dataclasses import dataclass

from twoleg.sim.exchange import ONE_E4
from twoleg.sim.polymarket.ledger import Wallet
from twoleg.sim.polymarket.shapes import event_id, rfc3339
from twoleg.sim.polymarket.state import Market, Party, Trade
from twoleg.sim.polymarket.wire import NS_PER_S, number

Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Cost:
    """What the shares held have cost and are worth; the average is in micro-dollars a share."""

    average_e6: int
    cost_micros: int
    value_micros: int

    @property
    def gain_micros(self) -> int:
        """Return what would be gained by selling at the present worth."""
        return self.value_micros - self.cost_micros

    @property
    def percent_e2(self) -> int:
        """Return the gain in hundredths of a percent of the cost; 0 where nothing was paid."""
        return self.gain_micros * 10_000 // self.cost_micros if self.cost_micros else 0


@dataclass(frozen=True, slots=True)
class Holding:
    """A wallet's shares of one token."""

    wallet: Wallet
    market: Market
    token: int
    # Shares bought, what they cost without fees, and the fees: micro-shares, micro-dollars.
    bought: tuple[int, int, int]

    @property
    def token_id(self) -> str:
        """Return the token's id."""
        return self.market.spec.token_ids[self.token]

    @property
    def size_e6(self) -> int:
        """Return the shares held."""
        return self.wallet.tokens_e6[self.token_id]

    @property
    def price_e4(self) -> int:
        """Return what a share is worth: the best bid, or the payout."""
        winner = self.market.winner
        if winner is None:
            return self.market.book.top(self.token)[0] or 0
        return ONE_E4 if winner == self.token else 0

    @property
    def is_redeemable(self) -> bool:
        """Tell whether the market is resolved; a losing token is redeemable for nothing."""
        return self.market.winner is not None

    @property
    def is_mergeable(self) -> bool:
        """Tell whether the other side is held as well: so much can be turned into pUSD."""
        other = self.market.spec.token_ids[1 - self.token]
        return self.wallet.tokens_e6.get(other, 0) > 0

    @property
    def cost(self) -> Cost:
        """Return cost and worth of what is held."""
        bought_e6, spent_micros, _ = self.bought
        average_e6 = spent_micros * 1_000_000 // bought_e6 if bought_e6 else 0
        return Cost(
            average_e6=average_e6,
            cost_micros=average_e6 * min(self.size_e6, bought_e6) // 1_000_000,
            value_micros=self.size_e6 * self.price_e4 // ONE_E4,
        )

    def is_in(self, status: str) -> bool:
        """Tell whether the position passes the filter of /v2/positions; "" lets all pass."""
        if status == "MERGEABLE":
            return self.is_mergeable and not self.is_redeemable
        if status == "REDEEMABLE_LOST":
            return self.is_redeemable and not self.price_e4
        return status in ("", self.status)

    @property
    def status(self) -> str:
        """Return the row's own status; sold and redeemed shares leave no row."""
        return "REDEEMABLE" if self.is_redeemable else "OPEN"


def position_json(holding: Holding) -> Row:
    """Return a row of /positions; shares that were not bought have cost nothing."""
    spec, token = holding.market.spec, holding.token
    cost = holding.cost
    return {
        "proxyWallet": holding.wallet.address,
        "asset": holding.token_id,
        "conditionId": spec.condition_id,
        "size": number(holding.size_e6, 6),
        "avgPrice": number(cost.average_e6, 6),
        "initialValue": number(cost.cost_micros, 6),
        "curPrice": number(holding.price_e4, 4),
        "currentValue": number(holding.size_e6 * holding.price_e4, 10),
        "cashPnl": number(cost.gain_micros, 6),
        "percentPnl": number(cost.percent_e2, 2),
        "totalBought": number(holding.bought[0], 6),
        "realizedPnl": 0,
        "percentRealizedPnl": 0,
        "redeemable": holding.is_redeemable,
        "mergeable": holding.is_mergeable,
        "title": spec.question,
        "slug": spec.slug,
        "icon": "",
        "eventSlug": _event_slug(holding.market),
        "outcome": spec.outcomes[token],
        "outcomeIndex": token,
        "oppositeOutcome": spec.outcomes[1 - token],
        "oppositeAsset": spec.token_ids[1 - token],
        "endDate": rfc3339(spec.close_ts_s)[:10],
        "negativeRisk": spec.neg_risk,
    }


def position_v2_json(holding: Holding) -> Row:
    """Return a row of /v2/positions; shares that were not bought have cost nothing."""
    spec, token = holding.market.spec, holding.token
    bought_e6, spent_micros, fees_micros = holding.bought
    cost = holding.cost
    return {
        "proxy_wallet": holding.wallet.address,
        "token_id": holding.token_id,
        "condition_id": spec.condition_id,
        "current_size": number(holding.size_e6, 6),
        "avg_price": number(cost.average_e6, 6),
        "entry_cost_usdc": number(cost.cost_micros, 6),
        "entry_fees_usdc": number(fees_micros, 6),
        "total_cost_usdc": number(spent_micros, 6),
        "current_price": number(holding.price_e4, 4),
        "current_value": number(cost.value_micros, 6),
        "total_size": number(max(bought_e6, holding.size_e6), 6),
        "realized_pnl": 0,
        "unrealized_pnl": number(cost.gain_micros, 6),
        "total_pnl": number(cost.gain_micros, 6),
        "percent_pnl": number(cost.percent_e2, 2),
        "percent_realized_pnl": 0,
        "status": holding.status,
        "redeemable": holding.is_redeemable,
        "mergeable": holding.is_mergeable,
        "negative_risk": spec.neg_risk,
        "archived": False,
        "verified": True,
        "title": spec.question,
        "slug": spec.slug,
        "event_slug": _event_slug(holding.market),
        "event_id": event_id(holding.market),
        "outcome": spec.outcomes[token],
        "outcome_index": token,
        "opposite_outcome": spec.outcomes[1 - token],
        "opposite_token_id": spec.token_ids[1 - token],
        "end_date": rfc3339(spec.close_ts_s)[:10],
    }


def trade_json(trade: Trade, party: Party) -> Row:
    """Return a row of /trades."""
    spec = trade.market.spec
    return {
        "proxyWallet": party.address,
        "side": party.side,
        "asset": spec.token_ids[party.token],
        "conditionId": spec.condition_id,
        "size": number(trade.size_e6, 6),
        "price": number(party.price_e4, 4),
        "timestamp": trade.match_ns // NS_PER_S,
        "title": spec.question,
        "slug": spec.slug,
        "eventSlug": _event_slug(trade.market),
        "outcome": spec.outcomes[party.token],
        "outcomeIndex": party.token,
        "transactionHash": trade.transaction_hash,
    }


def activity_json(trade: Trade, party: Party) -> Row:
    """Return a row of /activity."""
    cash = number(trade.size_e6 * party.price_e4, 10)
    return {**trade_json(trade, party), "type": "TRADE", "usdcSize": cash}


def trade_v2_json(trade: Trade, party: Party) -> Row:
    """Return a row of /v2/trades."""
    spec = trade.market.spec
    return {
        "proxy_wallet": party.address,
        "token_id": spec.token_ids[party.token],
        "condition_id": spec.condition_id,
        "side": party.side,
        "size": number(trade.size_e6, 6),
        "price": number(party.price_e4, 4),
        "timestamp": trade.match_ns // NS_PER_S,
        "transaction_hash": trade.transaction_hash,
        "title": spec.question,
        "slug": spec.slug,
        "event_slug": _event_slug(trade.market),
        "outcome": spec.outcomes[party.token],
        "outcome_index": party.token,
    }


def activity_v2_json(trade: Trade, party: Party) -> Row:
    """Return a row of /v2/activity."""
    cash = number(trade.size_e6 * party.price_e4, 10)
    return {**trade_v2_json(trade, party), "type": "TRADE", "is_combo": False, "usdc_size": cash}


def act_v2_json(address: str, number: int, act: tuple[str, str, int, int]) -> Row:
    """Return the row of /v2/activity for a split, merge, redemption or reward."""
    kind, condition_id, cash_micros, ts_s = act
    return {
        "proxy_wallet": address,
        "condition_id": condition_id or None,
        "timestamp": ts_s,
        "type": kind,
        "size": number_of_dollars(cash_micros),
        "usdc_size": number_of_dollars(cash_micros),
        "transaction_hash": f"0x{number + 1:064x}",
        "is_combo": False,
    }


def number_of_dollars(micros: int) -> object:
    """Return an amount without its sign, as the API writes it."""
    return number(abs(micros), 6)


def timestamp_of(row: Row) -> int:
    """Return when a row's event happened, in Unix seconds."""
    ts_s = row["timestamp"]
    assert isinstance(ts_s, int)
    return ts_s


def _event_slug(market: Market) -> str:
    event = market.spec.event
    return market.spec.slug if event is None else event.slug
