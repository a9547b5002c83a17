"""What the official packages compute, reproduced: bodies, amounts, fee caps, wallets, old orders."""

import base64
import hashlib
import json
from decimal import Decimal
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from tests.unit.venues.polymarket.support import CREDENTIALS, market, spec
from tests.unit.venues.polymarket.vectors import (
    ADDRESS,
    API_KEY,
    APOSTROPHE,
    ORDERS,
    PRIVATE_KEY,
    SECRET,
    OrderVector,
)
from tests.unit.venues.polymarket.vectors_more import (
    BOOK_HASHES,
    FEE_CAPS,
    LIMIT_AMOUNTS,
    LIMIT_DISAGREEMENTS,
    MARKET_DISAGREEMENTS,
    POST_BODIES,
    REPLACED_APOSTROPHE,
    SECRET_HEX,
    V1_ORDER_TYPE,
    V1_ORDER_TYPE_HASH,
    V1_ORDERS,
    WALLETS,
)
from twoleg.core.book import Book
from twoleg.core.bookhash import book_hash
from twoleg.core.market import FeeSchedule, PriceGrid, Side, TimeInForce
from twoleg.core.orders import OrderSpec, Purpose
from twoleg.errors import CredentialError
from twoleg.venues.polymarket.amounts import affordable_spend, order_amounts
from twoleg.venues.polymarket.auth import RequestSigner
from twoleg.venues.polymarket.contracts import SIGNABLE_VERSIONS, Exchange
from twoleg.venues.polymarket.numbers import parse_fixed
from twoleg.venues.polymarket.render import DROPPED_EARLY_S, OrderRenderer
from twoleg.venues.polymarket.sign import OrderFields, OrderSigner, domain_separator, keccak
from twoleg.venues.polymarket.wallets import derive_wallets


@pytest.mark.parametrize("vector", ORDERS, ids=lambda vector: vector.label)
def test_body_of_an_order_is_the_published_one_to_the_byte(vector: OrderVector) -> None:
    body = POST_BODIES[vector.label]
    told = json.loads(body)
    expiration = int(told["order"]["expiration"])
    tifs = {"GTC": TimeInForce.GTC, "GTD": TimeInForce.GTD, "FOK": TimeInForce.FOK}
    wanted = spec(
        tif=tifs[told["orderType"]],
        expires_s=expiration - DROPPED_EARLY_S if expiration else 0,
        post_only=told["postOnly"],
    )
    funder = vector.maker if vector.signature_type else ""
    signer = OrderSigner(PRIVATE_KEY, vector.chain_id, vector.signature_type, funder)
    order = OrderFields(
        salt=vector.salt,
        token=vector.token,
        maker_amount=vector.maker_amount,
        taker_amount=vector.taker_amount,
        side=vector.side,
        timestamp_ms=vector.timestamp_ms,
        metadata=bytes.fromhex(vector.metadata),
        builder=bytes.fromhex(vector.builder),
    )
    signed = signer.sign_order(order, Exchange(vector.exchange))
    rendered = OrderRenderer(signer, API_KEY).render(wanted, order, signed.signature)
    assert rendered.decode() == body


def limit_order(tick: str, side: str, price: str, size: str) -> OrderSpec:
    lots = int(Decimal(size) * 100)
    return spec(
        market=market(grid=PriceGrid.uniform(parse_fixed(tick, 4))),
        purpose=Purpose.ROLLBACK,
        side=Side[side],
        size_e6=lots * 10_000,
        limit_e4=parse_fixed(price, 4),
        tif=TimeInForce.GTC,
        spend_micros=0,
        size_e6_min=0,
    )


@pytest.mark.parametrize(
    ("tick", "side", "price", "size", "expected"),
    [*LIMIT_AMOUNTS, *(row[:5] for row in LIMIT_DISAGREEMENTS)],
)
def test_limit_amounts_are_exact(
    tick: str, side: str, price: str, size: str, expected: tuple[int, int]
) -> None:
    amounts = order_amounts(limit_order(tick, side, price, size))
    assert amounts == expected


@pytest.mark.parametrize("row", LIMIT_DISAGREEMENTS)
def test_limit_amounts_differ_from_those_made_of_floats(row: Any) -> None:
    tick, side, price, size, _, floats = row
    assert order_amounts(limit_order(tick, side, price, size)) != floats


@pytest.mark.parametrize(
    ("tick", "side", "price", "amount", "expected", "floats"), MARKET_DISAGREEMENTS
)
def test_market_amounts_are_exact(
    *,
    tick: str,
    side: str,
    price: str,
    amount: str,
    expected: tuple[int, int],
    floats: tuple[int, int],
) -> None:
    limit_e4 = parse_fixed(price, 4)
    own = market(grid=PriceGrid.uniform(parse_fixed(tick, 4)))
    micros = parse_fixed(amount, 6)
    order = spec(market=own, purpose=Purpose.ROLLBACK, limit_e4=limit_e4, size_e6_min=0)
    if side == "BUY":
        order = spec(
            market=own,
            purpose=Purpose.ROLLBACK,
            limit_e4=limit_e4,
            size_e6_min=0,
            spend_micros=micros,
        )
    else:
        order = spec(
            market=own,
            purpose=Purpose.ROLLBACK,
            limit_e4=limit_e4,
            side=Side.SELL,
            size_e6=micros,
        )
    assert order_amounts(order) == expected
    assert order_amounts(order) != floats


@pytest.mark.parametrize("row", FEE_CAPS)
def test_fee_cap_of_a_buy_is_the_published_one_floored(row: Any) -> None:
    amount, price, most, rate, exponent, decimals, subtracted = row
    fees = FeeSchedule(rate_e6=parse_fixed(rate, 6), exponent=exponent, quantum_micros=10)
    spend = affordable_spend(
        parse_fixed(amount, 6), parse_fixed(most, 6), parse_fixed(price, 4), fees
    )
    assert spend == int(Decimal(decimals) * 1_000_000)
    # The older package leaves a little more room.
    assert spend >= int(Decimal(subtracted) * 1_000_000)


def test_wallets_of_a_key_are_derived() -> None:
    wallets = derive_wallets(ADDRESS, 137)
    assert (wallets.proxy, wallets.safe, wallets.deposit, wallets.deposit_legacy) == WALLETS
    assert derive_wallets(ADDRESS.lower(), 137) == wallets
    assert [wallets.of_type(kind) for kind in range(4)] == [
        (),
        (WALLETS[0],),
        (WALLETS[1],),
        (WALLETS[2], WALLETS[3]),
    ]


@pytest.mark.parametrize(("address", "chain_id"), [(ADDRESS, 80002), ("0x12", 137)])
def test_wallets_that_nobody_knows_are_refused(address: str, chain_id: int) -> None:
    with pytest.raises(CredentialError):
        derive_wallets(address, chain_id)


V1_FIELDS = [
    {"name": name, "type": kind}
    for kind, name in (
        part.split(" ") for part in V1_ORDER_TYPE.removeprefix("Order(")[:-1].split(",")
    )
]
DOMAIN_FIELDS = [
    {"name": "name", "type": "string"},
    {"name": "version", "type": "string"},
    {"name": "chainId", "type": "uint256"},
    {"name": "verifyingContract", "type": "address"},
]


@pytest.mark.parametrize("row", V1_ORDERS, ids=lambda row: row[0])
def test_orders_of_the_first_version_are_known_and_never_signed(row: Any) -> None:
    _, chain_id, contract, order, separator, order_hash, signature = row
    numbers = {name: int(value) for name, value in order.items() if str(value).isdigit()}
    data = encode_typed_data(
        full_message={
            "types": {"EIP712Domain": DOMAIN_FIELDS, "Order": V1_FIELDS},
            "primaryType": "Order",
            "domain": {
                "name": "Polymarket CTF Exchange",
                "version": "1",
                "chainId": chain_id,
                "verifyingContract": contract,
            },
            "message": order | numbers | {"side": 0 if order["side"] == "BUY" else 1},
        }
    )
    assert "0x" + domain_separator("1", chain_id, contract).hex() == separator
    assert "0x" + keccak(b"\x19\x01" + data.header + data.body).hex() == order_hash
    assert "0x" + bytes(Account.sign_message(data, PRIVATE_KEY).signature).hex() == signature
    assert 1 not in SIGNABLE_VERSIONS


def test_order_type_of_the_first_version_hashes_as_published() -> None:
    assert "0x" + keccak(V1_ORDER_TYPE.encode()).hex() == V1_ORDER_TYPE_HASH


def test_replacing_apostrophes_would_sign_another_body() -> None:
    body, raw = APOSTROPHE
    signer = RequestSigner(ADDRESS, CREDENTIALS)
    replaced = body.replace("'", '"').encode()
    assert signer.signature(1, "POST", "/x", body.encode()) == raw
    assert signer.signature(1, "POST", "/x", replaced) == REPLACED_APOSTROPHE


def test_secret_is_of_the_url_safe_alphabet() -> None:
    assert base64.urlsafe_b64decode(SECRET).hex() == SECRET_HEX


BOOK_KEYS = (
    "market",
    "asset_id",
    "timestamp",
    "hash",
    "bids",
    "asks",
    "min_order_size",
    "tick_size",
    "neg_risk",
    "last_trade_price",
)


def formula(payload: Any, **changes: Any) -> str:
    """The published hash of a book with its levels in the order in which they stand here."""
    fields = {key: payload[key] for key in BOOK_KEYS} | {"hash": ""} | changes
    return hashlib.sha1(json.dumps(fields, separators=(",", ":")).encode()).hexdigest()


def units(levels: Any) -> list[tuple[int, int]]:
    return [(parse_fixed(one["price"], 4), parse_fixed(one["size"], 6)) for one in levels]


@pytest.mark.parametrize(("payload", "expected"), BOOK_HASHES)
def test_book_hash_formula_gives_the_published_hash(payload: Any, expected: str) -> None:
    assert formula(payload) == expected


# A book of ours always has a time.
@pytest.mark.parametrize("payload", [row[0] for row in BOOK_HASHES if row[0]["timestamp"]])
def test_book_hash_is_the_formula_on_levels_in_the_venues_order(payload: Any) -> None:
    own = market(
        native_id=payload["market"],
        yes_token=payload["asset_id"],
        size_e6_min=parse_fixed(payload["min_order_size"], 6),
        neg_risk=payload["neg_risk"],
    )
    book = Book(own.id, own.grid)
    book.replace(units(payload["bids"]), units(payload["asks"]))
    # The published asks ascend, the venue's descend: the best comes last.
    in_order = formula(payload, asks=payload["asks"][::-1])
    last = payload["last_trade_price"]
    assert book_hash(own, book, int(payload["timestamp"]), last) == in_order
    assert book_hash(own, book, int(payload["timestamp"]) + 1, last) != in_order
