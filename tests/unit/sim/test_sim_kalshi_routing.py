import pytest

from tests.unit.sim.kalshi_client import ORDERS, Answer, Harness, running

ACCOUNTS = {"default": {"0": 10**9, "2": 10**9, "3": 10**9}}
LEGACY = "/portfolio/orders"


def ticker_of(kalshi: Harness, shard: int) -> str:
    return next(t for t, market in kalshi.sim.markets.items() if market.shard == shard)


async def cancel(kalshi: Harness, order_id: str, **params: str) -> Answer:
    return await kalshi.call("DELETE", f"{ORDERS}/{order_id}", params=params)


@pytest.mark.parametrize(
    ("index", "status"), [(None, 201), (-1, 201), (2, 201), (0, 404), (3, 404), (9, 404)]
)
async def test_create_goes_to_the_shard_it_names(index: int | None, status: int) -> None:
    async with running(accounts=ACCOUNTS) as kalshi:
        answer = await kalshi.create("bid", "0.4", ticker=kalshi.crypto, exchange_index=index)
        assert answer.status == status
        if status == 404:
            assert answer.code == "market_not_found"


@pytest.mark.parametrize(
    ("where", "status", "code"),
    [
        ({"exchange_index": 2}, 200, ""),
        ({"exchange_index": -1, "market_ticker": "own"}, 200, ""),
        ({"market_ticker": "own"}, 200, ""),
        ({"exchange_index": 2, "market_ticker": "other"}, 200, ""),
        ({}, 404, "not_found"),
        ({"exchange_index": 0}, 404, "not_found"),
        ({"exchange_index": 3}, 404, "not_found"),
        ({"exchange_index": 0, "market_ticker": "own"}, 404, "not_found"),
        ({"market_ticker": "other"}, 404, "not_found"),
        ({"market_ticker": "KXNONE"}, 404, "market_not_found"),
        ({"exchange_index": -1}, 400, "missing_parameters"),
    ],
)
async def test_cancel_and_decrease_go_where_index_or_ticker_say(
    where: dict, status: int, code: str
) -> None:
    async with running(accounts=ACCOUNTS) as kalshi:
        mine = await kalshi.place("bid", "0.4", ticker=kalshi.crypto)
        names = {"own": kalshi.crypto, "other": kalshi.ticker}
        where = {name: names.get(str(value), value) for name, value in where.items()}
        decreased = await kalshi.decrease(mine, reduce_by="1.00", **where)
        canceled = await cancel(kalshi, mine, **{n: str(v) for n, v in where.items()})
        for answer in (decreased, canceled):
            assert (answer.status, code and answer.code) == (status, code)


@pytest.mark.parametrize(
    ("index", "status"), [(None, 200), (-1, 200), (2, 200), (0, 404), (3, 404)]
)
async def test_amend_is_routed_by_index_or_its_ticker(index: int | None, status: int) -> None:
    async with running(accounts=ACCOUNTS) as kalshi:
        mine = await kalshi.place("bid", "0.4", ticker=kalshi.crypto)
        more = {} if index is None else {"exchange_index": index}
        answer = await kalshi.amend(mine, ticker=kalshi.crypto, price="0.3", **more)
        assert answer.status == status
        if status == 404:
            assert answer.code == "not_found"


@pytest.mark.parametrize(
    ("index", "spent"),
    [
        # Explicit: the shard's own bucket. Routed: the unscoped one and every other.
        (0, {0}),
        (2, {2}),
        (3, {3}),
        (None, {0, 2, 3}),
        (-1, {0, 2, 3}),
    ],
)
async def test_create_bills_the_buckets_of_its_route(index: int | None, spent: set[int]) -> None:
    async with running(accounts=ACCOUNTS, rate_limits=True) as kalshi:
        ticker = ticker_of(kalshi, index if index and index > 0 else 0)
        order = {"ticker": ticker, "count": "0.01", "exchange_index": index}
        for _ in range(10):
            assert (await kalshi.create("bid", "0.4", **order)).status == 201
        for shard in (0, 2, 3):
            probe = {"ticker": ticker_of(kalshi, shard), "exchange_index": shard}
            answer = await kalshi.create("bid", "0.4", "0.01", **probe)
            assert answer.status == (429 if shard in spent else 201)


@pytest.mark.parametrize(
    ("where", "spent"),
    [
        ({}, {0}),
        ({"exchange_index": "0"}, {0}),
        ({"exchange_index": "2"}, {2}),
        ({"market_ticker": "any"}, {0, 2, 3}),
    ],
)
async def test_fifty_cancels_empty_the_buckets_of_their_route(
    where: dict[str, str], spent: set[int]
) -> None:
    async with running(accounts=ACCOUNTS, rate_limits=True) as kalshi:
        if "market_ticker" in where:
            where = {"market_ticker": kalshi.ticker}
        for _ in range(50):
            assert (await cancel(kalshi, "none", **where)).status == 404
        for shard in (0, 2, 3):
            answer = await cancel(kalshi, "none", exchange_index=str(shard))
            assert answer.status == (429 if shard in spent else 404)


@pytest.mark.parametrize("act", ["amend", "decrease"])
async def test_changes_cost_as_much_as_creates(act: str) -> None:
    async with running(accounts=ACCOUNTS, rate_limits=True) as kalshi:
        mine = await kalshi.place("bid", "0.4", exchange_index=0)

        async def change() -> Answer:
            if act == "amend":
                return await kalshi.amend(mine, price="0.4", exchange_index=0)
            return await kalshi.decrease(mine, reduce_by="0.01", exchange_index=0)

        assert [(await change()).status for _ in range(10)] == [200] * 9 + [429]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", LEGACY),
        ("POST", f"{LEGACY}/batched"),
        ("DELETE", f"{LEGACY}/batched"),
        ("DELETE", f"{LEGACY}/x"),
        ("POST", f"{LEGACY}/x/amend"),
        ("POST", f"{LEGACY}/x/decrease"),
    ],
)
async def test_all_former_write_paths_are_gone(method: str, path: str) -> None:
    async with running() as kalshi:
        answer = await kalshi.call(method, path, json={})
        assert (answer.status, answer.code) == (410, "deprecated_v1_order_endpoint")
