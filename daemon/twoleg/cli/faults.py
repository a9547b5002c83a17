"""From the demo's fault rates to the simulators' fault rules."""

from typing import Final

from twoleg.core.market import Venue
from twoleg.settings import DemoFaults

ORDERS: Final = {
    Venue.KALSHI: "POST /trade-api/v2/portfolio/events/orders",
    Venue.POLYMARKET: "POST /order",
}
HTTP_KINDS: Final = ("delay", "drop_after", "drop_before", "http_500", "http_503", "http_429")
ONCE_CHANCE: Final = 0.2
ORDER_KINDS: Final = ("partial", "kill")
WS_KINDS: Final = ("ws_gap", "ws_silent", "ws_disconnect")


def fault_rules(venue: Venue, faults: DemoFaults) -> list[dict[str, object]]:
    """Rules for one venue; kinds with probability 0 are left out."""
    rules: list[dict[str, object]] = [
        # One of each kind of silence for certain, early on, whatever the dice say later.
        {"on": ORDERS[venue], "kind": kind, "probability": ONCE_CHANCE, "count": 1}
        for kind in ("drop_after", "drop_before")
        if getattr(faults, kind) > 0
    ]
    for kind in (*HTTP_KINDS, *ORDER_KINDS, *WS_KINDS):
        probability = getattr(faults, kind)
        if probability <= 0:
            continue
        on = "ws" if kind in WS_KINDS else ORDERS[venue]
        rule: dict[str, object] = {"on": on, "kind": kind, "probability": probability}
        if kind == "delay":
            rule["delay_ms"] = faults.delay_ms
        if kind == "ws_silent":
            rule["delay_ms"] = faults.ws_silent_ms
        if kind == "partial":
            rule["share"] = faults.partial_share
        rules.append(rule)
    return rules
