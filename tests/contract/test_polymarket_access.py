"""Who may ask: credentials, clocks, order versions, limits per signer; each against the venue."""

import pytest

from tests.contract.support_polymarket_client import NEG, OTHER_KEY, PLAIN, SHARE
from tests.contract.support_polymarket_rows import World, world_of
from tests.support.virtual import run_virtual
from twoleg.core.events import AnswerStatus
from twoleg.errors import CredentialError, VenueRejected, VenueUnavailable
from twoleg.venues.polymarket.auth import ApiCredentials
from twoleg.venues.polymarket.keys import obtain_credentials
from twoleg.venues.polymarket.sign import OrderSigner
from twoleg.venues.polymarket.wallets import derive_wallets

CREATE, DERIVE = "/auth/api-key", "/auth/derive-api-key"


async def obtain(
    world: World, key: str = OTHER_KEY, chain_id: int = 137, nonce: int = 0
) -> ApiCredentials:
    return await obtain_credentials(
        http=world.site.door,
        clock=world.clock,
        signer=OrderSigner(key, chain_id, 0),
        base_url=world.site.urls.clob,
        options=world.site.options,
        nonce=nonce,
    )


def asked(world: World) -> list[tuple[int, str]]:
    return [(wire.status, wire.path) for wire in world.site.door.wires]


def test_credentials_are_created_once_and_derived_ever_after() -> None:
    async def play() -> None:
        async with world_of() as world:
            created = await obtain(world)
            assert asked(world) == [(200, CREATE)]
            world.site.door.wires.clear()
            assert await obtain(world) == created
            assert asked(world) == [(400, CREATE), (200, DERIVE)]
            assert await obtain(world, nonce=1) != created

    run_virtual(play())


def test_wallet_signature_for_another_chain_is_refused() -> None:
    async def play() -> None:
        async with world_of() as world:
            with pytest.raises(CredentialError, match="Invalid L1 Request headers"):
                await obtain(world, chain_id=80_002)
            assert (401, CREATE) in asked(world)
            assert world.sim.accounts.keys_of(OrderSigner(OTHER_KEY, 137, 0).address.lower()) == []

    run_virtual(play())


@pytest.mark.parametrize("kind", ["drop_before", "drop_after"])
def test_lost_answer_to_the_making_of_a_key_is_no_refusal(kind: str) -> None:
    async def play() -> None:
        async with world_of() as world:
            world.add_fault(f"POST {CREATE}", kind)
            if kind == "drop_after":
                assert (await obtain(world)).key
            else:
                with pytest.raises(VenueUnavailable):
                    await obtain(world)
            assert (await obtain(world)).key

    run_virtual(play())


@pytest.mark.parametrize("offset_s", [-3_600, 3_600])
def test_clock_that_is_off_is_measured_and_the_next_order_is_stamped_right(offset_s: int) -> None:
    async def play() -> None:
        async with world_of() as world:
            world.place("ask", 5_200, 50)
            world.clock.offset_s = offset_s
            await world.send()
            assert world.told == (AnswerStatus.REJECTED, "unauthorized", True)
            assert [(wire.status, wire.path) for wire in world.wires] == [
                (401, "/order"),
                (200, "/time"),
            ]
            prepared = await world.send()
            assert (world.told[0], world.truth.trades) == (AnswerStatus.FILLED, 1)
            assert (await world.verify(prepared)).status is AnswerStatus.FILLED
            assert (await obtain(world)).key

    run_virtual(play())


def test_foreign_order_version_stops_orders_until_the_venue_wants_ours_again() -> None:
    async def play() -> None:
        async with world_of() as world:
            world.place("ask", 5_200, 50)
            await world.orders.check_version()
            await world.admin("version", version=1)
            await world.send()
            assert world.told == (AnswerStatus.REJECTED, "order_version_mismatch", False)
            assert [wire.path for wire in world.wires] == ["/order", "/version"]
            await world.send()
            assert world.told == (AnswerStatus.NOT_SENT, "order_version", True)
            assert world.wires == []
            with pytest.raises(VenueRejected, match="version"):
                await world.orders.check_version()
            await world.admin("version", version=2)
            await world.orders.check_version()
            await world.send()
            assert world.told[0] is AnswerStatus.FILLED

    run_virtual(play())


@pytest.mark.parametrize("signature_type", [0, 1, 2, 3])
@pytest.mark.parametrize("pair", [PLAIN, NEG])
def test_refused_version_is_signed_anew_once_and_fills(pair: int, signature_type: int) -> None:
    async def play() -> None:
        async with world_of() as world:
            wallets = derive_wallets(world.signer.address, 137).of_type(signature_type)
            world.trade_as(signature_type, wallets[0] if wallets else "")
            world.sim.wallets.fund(world.wallet, 100 * SHARE, {})
            world.place("ask", 5_200, 50, pair)
            first = await world.prepare(pair)
            await world.admin("version", version=3)
            refusal = await world.orders.send(first)
            assert (refusal.status, refusal.code) == (
                AnswerStatus.REJECTED,
                "order_version_mismatch",
            )
            again = world.orders.resign(first, refusal)
            assert again is not None
            assert again.order_key != first.order_key
            answer = await world.orders.send(again)
            assert (answer.status, answer.venue_order_id) == (AnswerStatus.FILLED, again.order_key)
            assert (await world.verify(first)).status is AnswerStatus.MISSED
            assert (await world.verify(again)).status is AnswerStatus.FILLED
            # Another refusal of what the venue wants is not to be healed by a third signature.
            assert world.orders.resign(again, refusal) is None
            assert world.orders.resign(again, answer) is None

    run_virtual(play())


def test_venue_that_counts_more_than_we_do_is_believed_and_waited_for() -> None:
    async def play() -> None:
        limits = {"signer_limits": "enforce", "orders_per_s": 2}
        async with world_of(limits) as world:
            for _ in range(3):
                await world.rest_order()
            await world.send()
            # Its headers have said that nothing is left: not even tried.
            assert (world.told, world.wires) == (
                (AnswerStatus.NOT_SENT, "no_tokens", False),
                [],
            )

    run_virtual(play())


def test_refusal_for_the_rate_is_waited_out() -> None:
    async def play() -> None:
        limits = {"signer_limits": "enforce", "orders_per_s": 2}
        async with world_of(limits) as world:
            world.place("ask", 5_200, 50)
            await world.market()
            world.sim.buckets.spend(world.signer.address.lower(), "order", 3)
            await world.send()
            assert world.told == (AnswerStatus.REJECTED, "rate_limited", True)
            assert int(world.wires[0].headers["Retry-After"]) == 1
            await world.send()
            assert world.told[:2] == (AnswerStatus.NOT_SENT, "no_tokens")
            await world.clock.sleep(1.1)
            await world.send()
            assert world.told[0] is AnswerStatus.FILLED

    run_virtual(play())


@pytest.mark.parametrize("tier", ["Standard", "Copper", "Bronze", "Elite"])
def test_tier_of_the_venue_is_taken_over_at_the_start(tier: str) -> None:
    async def play() -> None:
        async with world_of({"signer_limits": "enforce"}) as world:
            await world.admin("standing", owner=world.signer.address, tier=tier)
            await world.orders.start()
            rate = world.sim.buckets.rate_of(world.signer.address.lower(), "order")
            assert world.orders.buckets.orders.tokens._refill_per_s == rate
            assert world.orders.buckets.cancels.tokens._refill_per_s == 2 * rate

    run_virtual(play())
