"""More accounts than the default one, for the tests beside it."""

from tests.unit.sim.test_sim_polymarket_kit import START_NS, Client, Kit, login_headers

OTHER_KEY = "0x" + "42" * 32
NOW_S = START_NS // 1_000_000_000


def usd(units: float) -> int:
    return round(units * 1_000_000)


async def join(kit: Kit, key: str = OTHER_KEY, *, cash: float = 1_000) -> Client:
    """Make an API key for another EOA and give the EOA money."""
    url = f"{kit.urls['clob']}/auth/api-key"
    headers = login_headers(key, kit.clock.now_ns() // 1_000_000_000)
    async with kit.client.http.post(url, headers=headers) as response:
        client = Client(kit.client.http, kit, key, await response.json())
    funds = {"owner": client.address, "cash_micros": usd(cash)}
    assert (await kit.admin("/_sim/polymarket/account", funds))[0] == 200
    return client
