"""Kalshi's part of the admin surface: lifecycle, fees, pauses and failing channels.

    GET  /_sim/keys           {name: {"api_key_id", "private_key_path"}} of every key
    POST /_sim/markets        a NewMarket: list a market while the venue runs
    POST /_sim/lifecycle      {"market", "event", …}, event being one of
                              close_date_updated (close_ts_s), metadata_updated (texts),
                              price_level_structure_updated (price_level_structure, bands_e4?),
                              determined (result, value_e4?), settled
    POST /_sim/fees           {"market", "of": event|series, "fee_type"?, "fee_multiplier_e4"?,
                              "scheduled_ts_s"?}: without time at once, without terms taken back
    POST /_sim/exchange       {"exchange_index"?, "exchange_active"?, "trading_active"?,
                              "intra_exchange_transfers_active"?, "resume_ts_s"?}: all instances
                              without an index
    POST /_sim/payment        {"kind": deposits|withdrawals, "cents", "fee_cents"?, "account"?,
                              "exchange_index"?}: money of a member from or to the outside
    POST /_sim/channel_error  {"channel"} -> {"subscriptions"}: end them with error 10
POST /_sim/market deactivates, activates, closes or disputes (`Lifecycle.set_status`).
"""

import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Literal, TypeVar

import msgspec
from aiohttp import web

from twoleg.sim.kalshi.grids import make_grid
from twoleg.sim.kalshi.lifecycle import NewMarket

if TYPE_CHECKING:
    from twoleg.sim.kalshi.venue import KalshiSim

T = TypeVar("T")
Act = Callable[["KalshiSim", object], dict[str, object]]


class _Event(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /_sim/lifecycle."""

    market: str
    event: Literal[
        "close_date_updated",
        "metadata_updated",
        "price_level_structure_updated",
        "determined",
        "settled",
    ]
    close_ts_s: int | None = None
    texts: dict[str, str] | None = None
    price_level_structure: str | None = None
    bands_e4: list[tuple[int, int, int]] | None = None
    result: str = ""
    value_e4: int | None = None


class _Fees(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /_sim/fees."""

    market: str
    of: Literal["event", "series"]
    fee_type: str | None = None
    fee_multiplier_e4: int | None = None
    scheduled_ts_s: int | None = None


class _Instance(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /_sim/exchange."""

    exchange_index: int | None = None
    exchange_active: bool | None = None
    trading_active: bool | None = None
    intra_exchange_transfers_active: bool | None = None
    resume_ts_s: int | None = None


class _Channel(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /_sim/channel_error."""

    channel: str


class _Payment(msgspec.Struct, forbid_unknown_fields=True):
    """The body of POST /_sim/payment."""

    kind: Literal["deposits", "withdrawals"]
    cents: int
    fee_cents: int = 0
    account: str = "default"
    exchange_index: int = 0


def add_kalshi_admin(app: web.Application, sim: "KalshiSim") -> None:
    """Register Kalshi's own admin routes."""

    async def tell_keys(_: web.Request) -> web.Response:
        return web.json_response({name: sim.key(name) for name in sim.cabinet.private})

    app.router.add_get("/_sim/keys", tell_keys)
    for path, act in _ROUTES:
        app.router.add_post(path, _serve(sim, act))


def _serve(sim: "KalshiSim", act: Act) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def serve(request: web.Request) -> web.Response:
        try:
            return web.json_response(act(sim, json.loads(await request.text())))
        except ValueError as error:  # msgspec's ValidationError is one
            return web.json_response({"error": str(error)}, status=400)

    return serve


def _create(sim: "KalshiSim", body: object) -> dict[str, object]:
    return sim.describe(sim.lifecycle.create(msgspec.convert(body, NewMarket)).ticker)


def _happen(sim: "KalshiSim", body: object) -> dict[str, object]:
    event = msgspec.convert(body, _Event)
    ticker = _known(sim, event.market)
    if event.event == "close_date_updated":
        sim.lifecycle.set_close(ticker, _given(event.close_ts_s, "close_ts_s"))
    elif event.event == "metadata_updated":
        sim.lifecycle.set_texts(ticker, _given(event.texts, "texts"))
    elif event.event == "price_level_structure_updated":
        label = _given(event.price_level_structure, "price_level_structure")
        sim.lifecycle.set_grid(ticker, make_grid(label, event.bands_e4))
    elif event.event == "determined":
        sim.lifecycle.determine(ticker, event.result, event.value_e4)
    else:
        sim.lifecycle.settle(ticker)
    return sim.describe(ticker)


def _set_fees(sim: "KalshiSim", body: object) -> dict[str, object]:
    fees = msgspec.convert(body, _Fees)
    sim.lifecycle.change_fees(
        _known(sim, fees.market),
        fees.of,
        fee_type=fees.fee_type,
        multiplier_e4=fees.fee_multiplier_e4,
        scheduled_ts_s=fees.scheduled_ts_s,
    )
    return {"changes": [change.to_json() for change in sim.fees.changes]}


def _set_exchange(sim: "KalshiSim", body: object) -> dict[str, object]:
    instance = msgspec.convert(body, _Instance)
    sim.lifecycle.set_exchange(
        instance.exchange_index,
        exchange_active=instance.exchange_active,
        trading_active=instance.trading_active,
        transfers_active=instance.intra_exchange_transfers_active,
    )
    sim.lifecycle.resume_ts_s = instance.resume_ts_s
    return {"ok": True}


def _pay(sim: "KalshiSim", body: object) -> dict[str, object]:
    wanted = msgspec.convert(body, _Payment)
    return {
        "id": sim.pay(
            wanted.kind,
            wanted.cents,
            fee_cents=wanted.fee_cents,
            account=wanted.account,
            shard=wanted.exchange_index,
        )
    }


def _fail_channel(sim: "KalshiSim", body: object) -> dict[str, object]:
    return {"subscriptions": sim.hub.fail(msgspec.convert(body, _Channel).channel)}


def _known(sim: "KalshiSim", ticker: str) -> str:
    if ticker not in sim.markets:
        raise ValueError(f"no market {ticker!r}")
    return ticker


def _given(value: T | None, name: str) -> T:
    if value is None:
        raise ValueError(f"{name} is missing")
    return value


_ROUTES: tuple[tuple[str, Act], ...] = (
    ("/_sim/markets", _create),
    ("/_sim/lifecycle", _happen),
    ("/_sim/fees", _set_fees),
    ("/_sim/exchange", _set_exchange),
    ("/_sim/payment", _pay),
    ("/_sim/channel_error", _fail_channel),
)
