"""Every status of trades, by REST and by the user channel, and the fills of orders that rested."""

import pytest

from tests.contract.support_polymarket_client import GTC, PLAIN, SHARE, Trader, ref
from tests.contract.support_polymarket_ears import listening, tell
from tests.contract.support_polymarket_rows import world_of
from tests.support.virtual import run_virtual
from twoleg.core.events import AnswerStatus, FillStatus
from twoleg.core.market import Outcome, Side

NEVER = {"mined_after_ms": 10**9}
"""Trades stay where they are until told otherwise."""
PROVISIONAL, FINAL, VOID = FillStatus.PROVISIONAL, FillStatus.FINAL, FillStatus.VOID
WAYS: dict[str, tuple[tuple[str, FillStatus], ...]] = {
    "the short way": (("MINED", PROVISIONAL), ("CONFIRMED", FINAL)),
    "the long way": (
        ("MATCHED_NOT_BROADCASTED", PROVISIONAL),
        ("MINED", PROVISIONAL),
        ("CONFIRMED", FINAL),
    ),
    "sent again": (
        ("MINED", PROVISIONAL),
        ("RETRYING", PROVISIONAL),
        ("MINED", PROVISIONAL),
        ("CONFIRMED", FINAL),
    ),
    "given up": (("RETRYING", PROVISIONAL), ("FAILED", VOID)),
}


@pytest.mark.parametrize("is_prefixed", [True, False])
@pytest.mark.parametrize("way", WAYS)
def test_trade_on_its_way_makes_its_fill_final_or_void(way: str, *, is_prefixed: bool) -> None:
    async def play() -> None:
        options = {**NEVER, "prefixes_trades": is_prefixed}
        async with world_of(options) as world, listening(world) as ears:
            world.place("ask", 5_200, 50)
            opening_micros = world.wallet.cash_micros
            prepared = await world.send()
            await world.clock.sleep(1)
            (trade,) = world.sim.trades.by_id.values()
            (first,) = await world.orders.read_fills(ref(prepared))
            assert (first.status, ears.fills) == (PROVISIONAL, [first])
            hashes: list[str] = []
            for status, means in WAYS[way]:
                await world.admin("trade", id=trade.trade_id, status=status)
                hashes.append(trade.transaction_hash)
                await world.clock.sleep(1)
                (fill,) = await world.orders.read_fills(ref(prepared))
                assert (fill.fill_id, fill.size_e6, fill.status) == (
                    first.fill_id,
                    20 * SHARE,
                    means,
                )
                assert ears.fills[-1] == fill
            assert len(ears.fills) == 1 + len(WAYS[way])
            if way == "sent again":
                assert hashes[1] == ""
                assert hashes[0] != hashes[2]
            found = await world.orders.look_up(ref(prepared))
            if way == "given up":
                assert (found.status, found.code) == (AnswerStatus.MISSED, "trades_failed")
                assert (found.filled_e6, world.wallet.cash_micros) == (0, opening_micros)
            else:
                assert (found.status, found.filled_e6) == (AnswerStatus.FILLED, 20 * SHARE)
                spent = first.notional_micros + first.fee_micros
                assert world.wallet.cash_micros == opening_micros - spent

    run_virtual(play())


@pytest.mark.parametrize("prefix", ["TRADE_STATUS_", ""])
def test_channel_may_write_statuses_with_a_prefix_and_unknown_ones_are_no_fills(
    prefix: str,
) -> None:
    async def play() -> None:
        async with world_of(NEVER) as world, listening(world) as ears:
            world.place("ask", 5_200, 50)
            prepared = await world.send()
            await world.clock.sleep(1)
            (trade,) = world.sim.trades.by_id.values()
            event = trade.to_event("TAKER")
            for status, means in (("CONFIRMED", FINAL), ("FAILED", VOID), ("MINED", PROVISIONAL)):
                await tell(world, {**event, "status": prefix + status})
                assert (ears.fills[-1].order_key, ears.fills[-1].status) == (
                    prepared.order_key,
                    means,
                )
            told = len(ears.fills)
            await tell(world, {**event, "status": prefix + "TOMORROW"})
            assert len(ears.fills) == told
            trade.status = "TOMORROW"
            found = await world.orders.look_up(ref(prepared))
            assert (found.status, found.filled_e6) == (AnswerStatus.UNKNOWN, 0)

    run_virtual(play())


YES, NO, BUY, SELLS = Outcome.YES, Outcome.NO, Side.BUY, Side.SELL
MEETINGS = [
    (outcome, side, is_complement)
    for outcome in (YES, NO)
    for side in (BUY, SELLS)
    for is_complement in (False, True)
]


def meeting(outcome: Outcome, side: Side, *, is_complement: bool) -> tuple[Outcome, Side]:
    """Who can take an order that rests: the other side, or the same side of the other outcome."""
    if is_complement:
        return (NO if outcome is YES else YES), side
    return outcome, (SELLS if side is BUY else BUY)


def give_shares(trader: Trader) -> None:
    tokens = trader.sim.world.pairs[PLAIN].polymarket.token_ids
    trader.sim.wallets.fund(trader.wallet, 0, dict.fromkeys(tokens, 100 * SHARE))


@pytest.mark.parametrize("by_wallet", [True, False])
@pytest.mark.parametrize(("outcome", "side", "is_complement"), MEETINGS)
def test_order_that_rested_fills_in_its_own_terms_without_a_fee(
    outcome: Outcome, side: Side, *, is_complement: bool, by_wallet: bool
) -> None:
    async def play() -> None:
        async with world_of({}, {"trades_by_wallet": by_wallet}) as world:
            other = await world.join()
            give_shares(world)
            give_shares(other)
            async with listening(world) as ears, listening(other) as theirs:
                cash = world.wallet.cash_micros, other.wallet.cash_micros
                ours = await world.rest_order(outcome=outcome, side=side, limit_e4=3_700)
                their_outcome, their_side = meeting(outcome, side, is_complement=is_complement)
                terms = {
                    "outcome": their_outcome,
                    "side": their_side,
                    "limit_e4": 6_300 if is_complement else 3_700,
                    "size_e6": 8 * SHARE,
                }
                taker = await other.prepare(**{**GTC, **terms})
                answer = await other.orders.send(taker)
                assert (answer.status, answer.filled_e6) == (AnswerStatus.FILLED, 8 * SHARE)
                await world.clock.sleep(4)
                (fill,) = await world.orders.read_fills(ref(ours))
                assert (fill.outcome, fill.side, fill.price_e4) == (outcome, side, 3_700)
                assert (fill.size_e6, fill.notional_micros, fill.fee_micros) == (
                    8 * SHARE,
                    2_960_000,
                    0,
                )
                assert (fill.order_key, fill.status) == (ours.order_key, FINAL)
                assert ears.fills[-1] == fill
                sign = -1 if side is BUY else 1
                assert world.wallet.cash_micros - cash[0] == sign * 2_960_000
                (theirs_told,) = await other.orders.read_fills(ref(taker))
                assert theirs.fills[-1] == theirs_told
                assert theirs_told.fee_micros > 0
                spent = theirs_told.notional_micros * (1 if their_side is BUY else -1)
                assert cash[1] - other.wallet.cash_micros == spent + theirs_told.fee_micros
                found = await world.verify(ours)
                assert (found.status, found.filled_e6) == (AnswerStatus.RESTING, 8 * SHARE)

    run_virtual(play())


def test_resting_order_whose_trade_fails_keeps_only_what_is_left_of_it() -> None:
    async def play() -> None:
        async with world_of(NEVER) as world, listening(world) as ears:
            prepared = await world.rest_order()
            world.place("ask", 4_000, 7)
            await world.clock.sleep(1)
            (trade,) = world.sim.trades.by_id.values()
            await world.admin("trade", id=trade.trade_id, status="FAILED")
            await world.clock.sleep(1)
            assert [fill.status for fill in ears.fills] == [PROVISIONAL, VOID]
            found = await world.orders.look_up(ref(prepared))
            assert (found.status, found.filled_e6) == (AnswerStatus.RESTING, 0)

    run_virtual(play())
