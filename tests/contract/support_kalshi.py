"""A simulated Kalshi in a process of its own, with its admin surface and pykalshi as its client."""

import itertools
import json
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
from pykalshi import KalshiClient

from tests.support.processes import start, until

# Long enough for a busy machine; nothing waits that long when all is well.
WAIT_S: Final = 20.0
OPTIONS: Final = {
    "flow": False,
    "rate_limits": False,
    "read_lag_ms": [0, 0],
    "market_lag_ms": 0,
    "tier": "advanced",
}


class Venue:
    """The process as tests see it. Each test gets a market of its own."""

    def __init__(self, told: dict[str, Any], http: httpx.Client) -> None:
        self.rest_url: str = told["urls"]["rest"]
        self.ws_url: str = told["urls"]["ws"]
        self.key_id: str = told["api_key_id"]
        self.key_path: str = told["private_key_path"]
        self._root = self.rest_url.removesuffix("/trade-api/v2")
        self._http = http
        self._numbers = itertools.count(1)

    def client(self, **changes: Any) -> KalshiClient:
        """A client of the default account that never retries, and so never sleeps."""
        settings: dict[str, Any] = {
            "api_key_id": self.key_id,
            "private_key_path": self.key_path,
            "api_base": self.rest_url,
            "max_retries": 0,
            **changes,
        }
        return KalshiClient(**settings)

    def admin(self, method: str, path: str, **body: Any) -> Any:
        response = self._http.request(method, f"{self._root}/_sim/{path}", json=body)
        assert response.status_code == 200, response.text
        return response.json()

    def new_market(self, **more: Any) -> str:
        """List a market that no other test knows; return its ticker."""
        ticker = f"KXCASE{next(self._numbers)}-26-A"
        self.admin("POST", "markets", ticker=ticker, title="Will it work?", **more)
        return ticker

    def rest(self, ticker: str, side: str, price_e4: int, contracts: int) -> None:
        """Rest an order of other people."""
        size_e6 = contracts * 1_000_000
        body = {"side": side, "price_e4": price_e4, "size_e6": size_e6}
        self.admin("POST", "orders", market=ticker, **body)


@contextmanager
def running_venue(folder: Path) -> Generator[Venue, None, None]:
    """Start the process, read the line in which it tells how to connect, end it afterwards."""
    options = folder / "options.json"
    options.write_text(json.dumps(OPTIONS), "utf-8")
    arguments = ("sim", "kalshi", "--port", 0, "--key-dir", folder, "--options", options)
    with start(arguments, folder=folder, name="kalshi") as running:
        line = until(
            lambda: running.stdout().partition("\n")[0] if "\n" in running.stdout() else "",
            why="the simulator tells how to connect",
            seconds=WAIT_S,
            running=running,
        )
        with httpx.Client() as http:
            yield Venue(json.loads(line), http)
