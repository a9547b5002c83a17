"""Trades as a builder sees them: one row for each order that carries its code.

Names and types: PyPI polymarket-client 0.14.0 (its builder models), read 2026-11-22.
"""

from twoleg.sim.exchange import ONE_E4
from twoleg.sim.polymarket.state import Trade
from twoleg.sim.polymarket.wire import NS_PER_S, price_text, size_text


def builder_trade(trade: Trade, number: int, *, prefixes: bool) -> dict[str, object]:
    """Return the row of one party, 0 the taker or 1 the maker.

    All amounts are decimal strings in units, times are Unix seconds as strings; `fee` is in basis
    points, which the venue no longer tells, `feeUsdc` what the party paid.
    """
    party, entry = (trade.taker, trade.maker)[number], trade.entries[number]
    record = party.record
    builder = "" if record is None else "0x" + record.posted.struct.builder.hex()
    return {
        "id": trade.trade_id,
        "tradeType": "TAKER" if number == 0 else "MAKER",
        "takerOrderHash": trade.taker.order_id,
        "builder": builder,
        "market": trade.market.condition_id,
        "assetId": trade.market.spec.token_ids[party.token],
        "side": party.side,
        "size": size_text(trade.size_e6),
        "sizeUsdc": size_text(trade.size_e6 * party.price_e4 // ONE_E4),
        "price": price_text(party.price_e4),
        "status": f"TRADE_STATUS_{trade.status}" if prefixes else trade.status,
        "outcome": trade.market.spec.outcomes[party.token],
        "outcomeIndex": party.token,
        "owner": party.owner,
        "maker": party.address,
        "transactionHash": trade.transaction_hash,
        "matchTime": str(trade.match_ns // NS_PER_S),
        "bucketIndex": 0,
        "fee": "0",
        "feeUsdc": size_text(entry.fee_micros),
        "err_msg": None,
        "createdAt": str(trade.match_ns // NS_PER_S),
        "updatedAt": str(trade.updated_ns // NS_PER_S),
    }
