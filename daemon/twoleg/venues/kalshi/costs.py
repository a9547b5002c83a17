"""What each request costs in tokens of its rate bucket.

Kalshi API docs, rate limits, 2026-09-22, and `GET /account/endpoint_costs`: 10 tokens unless the
venue names another cost. A batch costs its items' price each, without a discount.
"""

import re
from collections.abc import Mapping
from enum import Enum
from typing import Final

DEFAULT_COST: Final = 10
COST_MAX: Final = 10_000
"""Above it a stated cost is garbage; the known ones end at 150."""
_PARAMETER: Final = re.compile(r"\{[^/}]*\}|:[^/]+")
_API_PREFIX: Final = re.compile(r"^/trade-api/v\d+")


class Endpoint(Enum):
    """A request whose cost we meter: method and path below the API's prefix."""

    CREATE = ("POST", "/portfolio/events/orders")
    AMEND = ("POST", "/portfolio/events/orders/{}/amend")
    DECREASE = ("POST", "/portfolio/events/orders/{}/decrease")
    CANCEL = ("DELETE", "/portfolio/events/orders/{}")
    CANCEL_ALL = ("DELETE", "/portfolio/events/orders")
    BATCH_CREATE = ("POST", "/portfolio/events/orders/batched")
    BATCH_CANCEL = ("DELETE", "/portfolio/events/orders/batched")
    READ_ORDER = ("GET", "/portfolio/orders/{}")
    OTHER_READ = ("GET", "")
    OTHER_WRITE = ("POST", "")


_CHEAP: Final = {
    Endpoint.CANCEL: 2,
    Endpoint.CANCEL_ALL: 2,
    # Each item of the batch.
    Endpoint.BATCH_CANCEL: 2,
    Endpoint.READ_ORDER: 2,
}


class Costs:
    """The tokens of each endpoint: the documented ones until the venue's own list is applied."""

    def __init__(self) -> None:
        self._tokens = {endpoint: _CHEAP.get(endpoint, DEFAULT_COST) for endpoint in Endpoint}

    def of(self, endpoint: Endpoint) -> int:
        """Tokens of one request, or of one item of a batch."""
        return self._tokens[endpoint]

    def apply(self, stated: Mapping[tuple[str, str], int]) -> None:
        """Take over the venue's list: (method, path template) to tokens.

        Paths may carry the API's prefix and parameters as `{name}` or `:name`. Endpoints that we
        do not meter and costs outside 1…10 000 are left out.
        """
        known: dict[tuple[str, str], Endpoint] = {
            (endpoint.value[0], endpoint.value[1]): endpoint for endpoint in Endpoint
        }
        for (method, path), tokens in stated.items():
            bare = _PARAMETER.sub("{}", _API_PREFIX.sub("", path).rstrip("/"))
            endpoint = known.get((method.upper(), bare))
            if endpoint is not None and 0 < tokens <= COST_MAX:
                self._tokens[endpoint] = tokens
