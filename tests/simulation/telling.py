"""One line of text for whatever happens in a world."""

import msgspec

from tests.simulation.sightings import Sent, Traded
from twoleg.storage.records import AnyRecord


def leaves(error: BaseException | None) -> list[BaseException]:
    if error is None:
        return []
    if isinstance(error, BaseExceptionGroup):
        return [leaf for part in error.exceptions for leaf in leaves(part)]
    return [error]


def brief(record: AnyRecord) -> str:
    built = msgspec.to_builtins(record)
    for order in built.get("orders", ()):
        order["spec"].pop("market", None)
    return str({key: value for key, value in built.items() if key not in ("t", "wall_ns")})


def told_order(sent: Sent) -> str:
    return (
        f"{sent.venue.value} {sent.market[:24]} {sent.side} {sent.size_e6 or sent.spend_micros} "
        f"at {sent.limit_e4} {sent.tif} key {sent.key}"
    )


def told_trade(trade: Traded) -> str:
    return (
        f"{trade.venue.value} {trade.trade_id} of {trade.key[:18]} "
        f"{trade.side} {trade.size_e6} at {trade.price_e4}"
    )
