"""The one question that clients ask the relayer before they trade: does a wallet exist on chain?

PyPI polymarket-client 0.14.0 (its relayer actions), read 2026-11-22: it asks for the old kind of
deposit wallet first, and falls back to the new one. Transactions are not relayed here.
"""

from typing import Final

from aiohttp import web

from twoleg.sim.polymarket.accounts import Accounts
from twoleg.sim.polymarket.ledger import Ledger
from twoleg.sim.polymarket.sign import TYPE_DEPOSIT_WALLET, TYPE_PROXY, TYPE_SAFE
from twoleg.sim.polymarket.wire import Refused, guarded

KINDS: Final = (TYPE_PROXY, TYPE_SAFE, TYPE_DEPOSIT_WALLET)


class RelayerApi:
    """Serves which wallets are deployed."""

    def __init__(self, accounts: Accounts, ledger: Ledger) -> None:
        self._accounts = accounts
        self._ledger = ledger

    def add_routes(self, app: web.Application, prefix: str) -> None:
        """Register the endpoint under `prefix`."""
        app.router.add_get(f"{prefix}/deployed", guarded(self._deployed))

    async def _deployed(self, request: web.Request) -> object:
        address = request.query.get("address", "").lower()
        if not address:
            raise Refused(400, "address is required")
        return {"deployed": self._ledger.get(address) is not None or self._is_derived(address)}

    def _is_derived(self, address: str) -> bool:
        # Whoever has made an API key has a wallet of each newest kind.
        return any(
            address == self._accounts.wallets_of(owner, kind)[0]
            for owner in self._accounts.owners()
            for kind in KINDS
        )
