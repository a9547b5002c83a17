"""What happens to Kalshi's markets and instances besides trading, on command and by the clock.

Kalshi docs, market_lifecycle, maintenance_and_pauses and fixed_point_migration, 2026-10: opening
and closing by the clock are announced by nobody; everything else is.
"""

from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Literal

import msgspec

from twoleg.sim.exchange import ONE_E4, Exchange
from twoleg.sim.grid import Grid
from twoleg.sim.kalshi.fee_schedule import FEE_TYPES
from twoleg.sim.kalshi.frames import created_message, event_message
from twoleg.sim.kalshi.grids import make_grid
from twoleg.sim.kalshi.maintenance import is_maintenance, next_window
from twoleg.sim.kalshi.markets import (
    SETTLEMENT_TIMER_S,
    Listing,
    MarketState,
    MarketType,
    price_ranges,
)
from twoleg.sim.kalshi.text import price_text
from twoleg.sim.world import CLOSE_TS_S, KalshiMarket

if TYPE_CHECKING:
    from twoleg.sim.kalshi.venue import KalshiSim

STATUSES = ("active", "inactive", "closed", "disputed")


class NewMarket(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A market to be listed while the venue runs. Times are Unix seconds."""

    ticker: str
    event_ticker: str = ""
    series_ticker: str = ""
    title: str = ""
    yes_sub_title: str = "Yes"
    no_sub_title: str = "No"
    rules: str = ""
    category: str = "Economics"
    exchange_index: int = 0
    fee_type: str = "quadratic"
    fee_multiplier_e4: int = 10_000
    price_level_structure: str = "linear_cent"
    # [start, end, step] in 1/10 000 dollar; None takes those of a known structure.
    bands_e4: list[tuple[int, int, int]] | None = None
    market_type: MarketType = "binary"
    # None opens it at once.
    open_ts_s: int | None = None
    close_ts_s: int = CLOSE_TS_S
    fee_waiver_ts_s: int | None = None
    # A floor makes it a partially paid scalar market.
    settlement_floor_e4: int | None = None


class Lifecycle:
    """Changes markets and instances, tells who must know, and follows the clock with `tick`."""

    def __init__(self, sim: "KalshiSim") -> None:
        self._sim = sim
        # Markets whose books have been emptied after their close.
        self._swept: set[str] = set()
        # Instances that the maintenance has stopped, to be started again after it.
        self._stopped: set[int] | None = None
        self._ticked_s = sim.now_s()
        # When everything is expected to run again, if anything has been paused.
        self.resume_ts_s: int | None = None

    # -- markets -----------------------------------------------------------------------------------

    def create(self, new: NewMarket) -> MarketState:
        """List a market; REST knows it only after a moment. ValueError when it makes no sense."""
        sim, now_s = self._sim, self._sim.now_s()
        if new.ticker in sim.markets or not new.ticker:
            raise ValueError(f"market {new.ticker!r} is listed already")
        if new.fee_type not in FEE_TYPES:
            raise ValueError(f"fee_type must be one of {', '.join(FEE_TYPES)}")
        described = _described(new)
        is_new_event = all(
            market.pair.kalshi.event_ticker != described.event_ticker
            for market in sim.markets.values()
        )
        exchange = sim.exchanges[new.ticker] = Exchange(new.ticker)
        market = MarketState(
            Listing(described, new.close_ts_s),
            exchange,
            sim.fees,
            market_type=new.market_type,
            created_ts_s=now_s,
            open_ts_s=now_s if new.open_ts_s is None else new.open_ts_s,
            readable_ns=sim.clock.monotonic_ns() + sim.options.market_lag_ms * 1_000_000,
            waiver_ts_s=new.fee_waiver_ts_s,
            floor_e4=new.settlement_floor_e4,
            updated_ts_s=now_s,
        )
        sim.add_market(market)
        if is_new_event:
            sim.hub.event_lifecycle(event_message(market))
        sim.hub.lifecycle(market, "created", **created_message(market))
        return market

    def set_status(self, ticker: str, status: str) -> None:
        """Set active, inactive (a halt), closed, or disputed after a determination.

        Going from inactive to active cancels all resting orders; closing sweeps them.
        """
        if status not in STATUSES:
            raise ValueError(f"status must be one of {', '.join(STATUSES)}")
        sim, market = self._sim, self._sim.markets[ticker]
        if market.settled_ts_s is not None:
            raise ValueError("the market is settled")
        if (status == "disputed") is not (market.value_e4 is not None):
            raise ValueError("a determined market can be disputed, no other, and nothing else")
        was, market.status_set = market.status_set, status
        market.updated_ts_s = sim.now_s()
        self._swept.discard(ticker)
        if status == "inactive":
            sim.desk.pause({ticker})
            sim.hub.lifecycle(market, "deactivated", is_deactivated=True)
        elif status == "closed":
            self._sweep(market, "CloseCancel")
        elif status == "active" and was == "inactive":
            self._sweep(market, "HaltCancel")
            sim.hub.lifecycle(market, "activated", is_deactivated=False)

    def set_close(self, ticker: str, close_ts_s: int) -> None:
        """Move the closing time, usually to an earlier one."""
        market = self._sim.markets[ticker]
        market.pair = replace(market.pair, close_ts_s=close_ts_s)
        market.updated_ts_s = self._sim.now_s()
        self._sim.hub.lifecycle(market, "close_date_updated", close_ts=close_ts_s)

    def set_grid(self, ticker: str, grid: Grid) -> None:
        """Change the price structure; orders that the new grid still has room for keep resting."""
        sim, market = self._sim, self._sim.markets[ticker]
        market.describe(replace(market.pair.kalshi, grid=grid), sim.now_s())
        # What becomes of orders between the ticks of a coarser grid is not documented.
        for order in sim.desk.resting_of():
            if order.ticker == ticker and not grid.contains(order.request.price_e4):
                sim.desk.cancel(order)
        sim.hub.lifecycle(
            market,
            "price_level_structure_updated",
            price_level_structure=grid.label,
            price_ranges=price_ranges(grid),
        )

    def set_texts(self, ticker: str, texts: dict[str, str]) -> None:
        """Change title, yes_sub_title, no_sub_title or rules."""
        unknown = sorted(set(texts) - {"title", "yes_sub_title", "no_sub_title", "rules"})
        if unknown or not texts:
            raise ValueError(f"texts {', '.join(unknown) or 'are missing'}")
        market, described = self._sim.markets[ticker], self._sim.markets[ticker].pair.kalshi
        changed = replace(
            described,
            title=texts.get("title", described.title),
            yes_sub_title=texts.get("yes_sub_title", described.yes_sub_title),
            no_sub_title=texts.get("no_sub_title", described.no_sub_title),
            rules=texts.get("rules", described.rules),
        )
        market.describe(changed, self._sim.now_s())
        # Only a new YES subtitle or strike is part of the frame, beside the event's type (Kalshi
        # docs, asyncapi 2.0.0, 2026-10); other changes are announced without saying what they are.
        told = {name: texts[name] for name in ("yes_sub_title",) if name in texts}
        self._sim.hub.lifecycle(market, "metadata_updated", **told)

    def determine(self, ticker: str, result: str, value_e4: int | None = None) -> None:
        """Give a market its result: yes, no, or scalar with the value of one YES."""
        sim, market = self._sim, self._sim.markets[ticker]
        paid_e4 = {"yes": ONE_E4, "no": 0, "scalar": value_e4}.get(result)
        if paid_e4 is None or not 0 <= paid_e4 <= ONE_E4:
            raise ValueError("result must be yes, no, or scalar with value_e4 from 0 to 10000")
        if market.settled_ts_s is not None:
            raise ValueError("the market is settled")
        self._sweep(market, "CloseCancel")
        market.status_set = "amended" if market.status_set == "disputed" else "determined"
        market.result, market.value_e4 = result, paid_e4
        market.determined_ts_s = market.updated_ts_s = sim.now_s()
        sim.hub.lifecycle(
            market,
            "determined",
            result=result,
            settlement_value=price_text(paid_e4),
            determination_ts=market.determined_ts_s,
        )

    def settle(self, ticker: str) -> None:
        """Pay a determined market; by the clock this happens when its timer has run out."""
        sim, market = self._sim, self._sim.markets[ticker]
        if market.value_e4 is None or market.settled_ts_s is not None:
            raise ValueError("only a determined market can be settled, and only once")
        market.status_set = "finalized"
        market.settled_ts_s = market.updated_ts_s = sim.now_s()
        members = [a for member in sim.accounts.values() for a in member.everything()]
        sim.settlements.pay(market, members, sim.crowd)
        sim.hub.lifecycle(market, "settled", settled_ts=market.settled_ts_s)

    # -- fees and pauses ---------------------------------------------------------------------------

    def change_fees(
        self,
        ticker: str,
        of: Literal["event", "series"],
        *,
        fee_type: str | None,
        multiplier_e4: int | None,
        scheduled_ts_s: int | None,
    ) -> None:
        """Change the fees of a market's event or series, now (None) or at a time."""
        sim = self._sim
        now_s = sim.now_s()
        change = sim.fees.add(
            sim.markets[ticker].pair.kalshi,
            is_event=of == "event",
            fee_type=fee_type,
            multiplier_e4=multiplier_e4,
            scheduled_ts_s=now_s if scheduled_ts_s is None else scheduled_ts_s,
        )
        if change.event_ticker is not None and change.scheduled_ts_s <= self._ticked_s:
            sim.hub.event_fee_update(change)
        else:
            self.tick()

    def set_exchange(
        self,
        shard: int | None,
        *,
        exchange_active: bool | None = None,
        trading_active: bool | None = None,
        transfers_active: bool | None = None,
    ) -> None:
        """Pause or resume an instance, or all of them (None)."""
        sim = self._sim
        shards = list(sim.desk.shards) if shard is None else [shard]
        if not set(shards) <= set(sim.desk.shards):
            raise ValueError("no such exchange_index")
        for index in shards:
            state = sim.desk.shards[index]
            if exchange_active is not None:
                state.exchange_active = exchange_active
            if trading_active is not None:
                state.trading_active = trading_active
            if transfers_active is not None:
                (sim.transfers.paused.discard if transfers_active else sim.transfers.paused.add)(
                    index
                )
            if not (state.exchange_active and state.trading_active):
                sim.desk.pause({m.ticker for m in sim.markets.values() if m.shard == index})

    # -- the clock ---------------------------------------------------------------------------------

    def tick(self) -> None:
        """Do what is due: maintenance, announced fees, sweeps after closing, settlements."""
        sim, now_s = self._sim, self._sim.now_s()
        if sim.options.maintenance != "off":
            self._follow_maintenance(is_open=is_maintenance(now_s))
        for change in sim.fees.due(self._ticked_s, now_s):
            sim.hub.event_fee_update(change)
        self._ticked_s = now_s
        for market in sim.markets.values():
            if market.is_over(now_s) and market.ticker not in self._swept:
                self._sweep(market, "CloseCancel")
            ended_s = market.determined_ts_s
            is_waiting = market.status_set in ("determined", "amended") and ended_s is not None
            if is_waiting and now_s >= (ended_s or 0) + SETTLEMENT_TIMER_S:
                self.settle(market.ticker)

    def _follow_maintenance(self, *, is_open: bool) -> None:
        sim = self._sim
        is_full = sim.options.maintenance == "exchange_pause"
        if is_open and self._stopped is None:
            self._stopped = {i for i, s in sim.desk.shards.items() if s.trading_active}
            self.resume_ts_s = next_window(sim.now_s())[1]
            for shard in self._stopped:
                self.set_exchange(shard, trading_active=False)
            if is_full:
                self.set_exchange(None, exchange_active=False)
                # Sessions may drop in a maintenance.
                for socket in list(sim.sockets):
                    socket.abort()
        elif not is_open and self._stopped is not None:
            for shard in self._stopped:
                self.set_exchange(shard, trading_active=True)
            if is_full:
                self.set_exchange(None, exchange_active=True)
                for market in sim.markets.values():
                    # A clock may go down across a maintenance.
                    market.clock_base = market.exchange.actions
            self._stopped = self.resume_ts_s = None

    def _sweep(self, market: MarketState, reason: str) -> None:
        for order in self._sim.desk.resting_of():
            if order.ticker == market.ticker:
                self._sim.desk.cancel(order, reason)
        self._sim.clear(market.ticker)
        if market.is_over(self._sim.now_s()):
            self._swept.add(market.ticker)


def _described(new: NewMarket) -> KalshiMarket:
    digest = sha256(f"kalshi:{new.ticker}".encode()).hexdigest()
    series, _, rest = new.ticker.partition("-")
    event = f"{series}-{rest.partition('-')[0]}" if rest else series
    return KalshiMarket(
        ticker=new.ticker,
        event_ticker=new.event_ticker or event,
        series_ticker=new.series_ticker or series,
        market_id=f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-a{digest[17:20]}-{digest[20:32]}",
        title=new.title or new.ticker,
        yes_sub_title=new.yes_sub_title,
        no_sub_title=new.no_sub_title,
        rules=new.rules,
        category=new.category,
        exchange_index=new.exchange_index,
        fee_type=new.fee_type,
        fee_multiplier_e4=new.fee_multiplier_e4,
        grid=make_grid(new.price_level_structure, new.bands_e4),
    )
