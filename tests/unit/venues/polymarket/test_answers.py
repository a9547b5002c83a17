import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.venues.polymarket.support import resting, spec
from twoleg.core.events import AnswerStatus
from twoleg.core.market import Side, TimeInForce
from twoleg.venues.polymarket.answers import read_answer

KEY = "0x6d4f"
RESTING = AnswerStatus.RESTING
MISSED, REJECTED, UNKNOWN = AnswerStatus.MISSED, AnswerStatus.REJECTED, AnswerStatus.UNKNOWN
ORDER_ID = "0x" + "6d" * 32


def ok(**changes: Any) -> bytes:
    fields = {
        "success": True,
        "errorMsg": "",
        "orderID": KEY,
        "status": "matched",
        "makingAmount": "52",
        "takingAmount": "100",
        "tradeIDs": ["t1"],
        "transactionsHashes": [],
    }
    return json.dumps(fields | changes).encode()


ERRORS: list[tuple[int, str, AnswerStatus, str, bool]] = [
    (
        400,
        "order couldn't be fully filled. FOK orders are fully filled or killed.",
        MISSED,
        "fok_killed",
        False,
    ),
    (
        400,
        "no orders found to match with FAK order. FAK orders are partially filled or killed if no match is found.",
        MISSED,
        "fak_unmatched",
        False,
    ),
    (400, "FOK_ORDER_NOT_FILLED_ERROR", MISSED, "fok_killed", False),
    (400, f"order {ORDER_ID} is invalid. Duplicated.", UNKNOWN, "duplicated", False),
    (400, "order match delayed due to market conditions", UNKNOWN, "match_delayed", False),
    (400, "order timed out", UNKNOWN, "timed_out", False),
    (400, "context canceled", UNKNOWN, "context_canceled", False),
    (400, "Invalid order payload", REJECTED, "invalid_payload", False),
    (400, "invalid signature", REJECTED, "invalid_signature", False),
    (400, "order_version_mismatch", REJECTED, "order_version_mismatch", False),
    (
        400,
        "maker address not allowed, please use the deposit wallet flow",
        REJECTED,
        "maker_not_allowed",
        True,
    ),
    (400, "the order owner has to be the owner of the API KEY", REJECTED, "owner_mismatch", False),
    (
        400,
        "the order signer address has to be the address of the API KEY",
        REJECTED,
        "signer_mismatch",
        False,
    ),
    (400, "'0xf39F' address banned", REJECTED, "address_banned", True),
    (400, "'0xf39F' address in closed only mode", REJECTED, "closed_only", True),
    (
        400,
        "not enough balance / allowance: the balance is not enough -> balance: 4893500, order amount: 5000000",
        REJECTED,
        "insufficient_balance",
        False,
    ),
    (
        400,
        f"order {ORDER_ID} is invalid. Price (0.525) breaks minimum tick size rule: 0.01",
        REJECTED,
        "off_tick",
        False,
    ),
    (
        400,
        "invalid price, price must be greater than 0 and less than 1",
        REJECTED,
        "invalid_price",
        False,
    ),
    (
        400,
        f"order {ORDER_ID} is invalid. Size (4) lower than the minimum: 5",
        REJECTED,
        "below_size_min",
        False,
    ),
    (
        400,
        "invalid amounts, the market buy orders maker amount supports a max accuracy of 2 decimals, taker amount a max of 4 decimals",
        REJECTED,
        "invalid_amounts",
        False,
    ),
    (
        400,
        "invalid amount for a marketable BUY order ($0.99975), min size: $1",
        REJECTED,
        "below_notional_min",
        False,
    ),
    (400, "invalid expiration", REJECTED, "invalid_expiration", False),
    (400, "invalid post-only order: order crosses book", REJECTED, "post_only_crosses", False),
    (400, f"order {ORDER_ID} crosses the book", REJECTED, "post_only_crosses", False),
    (400, "the market is not yet ready to process new orders", REJECTED, "market_not_ready", False),
    (400, "Too many orders in payload: 16, max allowed: 15", REJECTED, "too_many_orders", False),
    (400, "order canceled in the CTF exchange contract", REJECTED, "canceled_on_chain", False),
    (400, "invalid nonce", REJECTED, "invalid_nonce", False),
    (400, "a text that nobody has seen", UNKNOWN, "http_400", False),
    (401, "Unauthorized/Invalid api key", REJECTED, "unauthorized", True),
    (401, "Invalid L1 Request headers", REJECTED, "unauthorized", True),
    (403, "<html>blocked</html>", REJECTED, "forbidden", True),
    (404, "No orderbook exists for the requested token id", REJECTED, "no_orderbook", False),
    (404, "market not found", REJECTED, "market_not_found", False),
    (404, "page not found", UNKNOWN, "http_404", False),
    (425, "", REJECTED, "engine_restarting", True),
    (429, "Too Many Requests", REJECTED, "rate_limited", True),
    (500, "there are no matching orders", UNKNOWN, "server_error", False),
    (500, "FOK orders are filled or killed", UNKNOWN, "server_error", False),
    (500, "could not insert order", UNKNOWN, "server_error", False),
    (
        500,
        "order couldn't be fully filled. FOK orders are fully filled or killed.",
        UNKNOWN,
        "server_error",
        False,
    ),
    (500, "a new kind of error", UNKNOWN, "http_500", False),
    (502, "<html>bad gateway</html>", UNKNOWN, "bad_gateway", True),
    (
        503,
        "Trading is currently cancel-only. New orders are not accepted, but cancels are allowed.",
        REJECTED,
        "cancel_only",
        True,
    ),
    (
        503,
        "Trading is currently disabled. Check polymarket.com for updates",
        REJECTED,
        "trading_disabled",
        True,
    ),
    (
        503,
        "post-only mode: only post-only orders and cancels are allowed",
        REJECTED,
        "post_only_mode",
        True,
    ),
    (503, "upstream connect error", UNKNOWN, "http_503", True),
    (302, "", UNKNOWN, "http_302", False),
    (201, "", UNKNOWN, "http_201", False),
]


@pytest.mark.parametrize("row", ERRORS)
@pytest.mark.parametrize("shape", ["error", "errorMsg", "text"])
def test_error_row_means_what_the_table_says(
    row: tuple[int, str, AnswerStatus, str, bool], shape: str
) -> None:
    http_status, text, status, code, is_unavailable = row
    body = text.encode() if shape == "text" else json.dumps({shape: text, "orderID": KEY}).encode()
    answer = read_answer(spec(), KEY, http_status, body)
    assert (answer.status, answer.code, answer.is_unavailable) == (status, code, is_unavailable)
    assert (answer.filled_e6, answer.notional_micros) == (0, -1)


def test_fok_buy_at_better_prices_fills_more_shares_than_asked() -> None:
    answer = read_answer(spec(), KEY, 200, ok(takingAmount="101.5"))
    assert (answer.status, answer.code) == (AnswerStatus.FILLED, "")
    assert (answer.filled_e6, answer.notional_micros) == (101_500_000, 52_000_000)
    assert (answer.venue_order_id, answer.trade_ids) == (KEY, ("t1",))


@pytest.mark.parametrize(
    ("making", "taking", "status"),
    [("52", "100", AnswerStatus.FILLED), ("51.99", "99.5", AnswerStatus.PARTIAL)],
)
def test_fak_buy_is_filled_only_when_all_dollars_are_spent(
    making: str, taking: str, status: AnswerStatus
) -> None:
    fak = spec(tif=TimeInForce.IOC)
    answer = read_answer(fak, KEY, 200, ok(makingAmount=making, takingAmount=taking))
    assert answer.status is status


@pytest.mark.parametrize(
    ("making", "status"), [("25.5", AnswerStatus.FILLED), ("25.49", AnswerStatus.PARTIAL)]
)
def test_fak_sell_amounts_are_mirrored(making: str, status: AnswerStatus) -> None:
    fak = spec(tif=TimeInForce.IOC, side=Side.SELL, size_e6=25_500_000)
    answer = read_answer(fak, KEY, 200, ok(makingAmount=making, takingAmount="9.435"))
    assert answer.status is status
    assert answer.notional_micros == 9_435_000
    assert answer.filled_e6 == int(float(making) * 1_000_000)


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        (
            {"status": "delayed", "makingAmount": "", "takingAmount": ""},
            AnswerStatus.DELAYED,
            "delayed",
        ),
        (
            {"status": "live", "makingAmount": "", "takingAmount": "0"},
            UNKNOWN,
            "unexpected_status:live",
        ),
        (
            {"status": "unmatched", "makingAmount": "0", "takingAmount": ""},
            UNKNOWN,
            "unexpected_status:unmatched",
        ),
        ({"status": "live"}, UNKNOWN, "unexpected_status:live"),
        (
            {"status": "matched", "makingAmount": "", "takingAmount": ""},
            UNKNOWN,
            "matched_without_amounts",
        ),
        ({"orderID": ""}, UNKNOWN, "no_order_id"),
        ({"orderID": "0xother"}, AnswerStatus.FILLED, "order_id_mismatch"),
        ({"makingAmount": "many"}, UNKNOWN, "unreadable_answer"),
        ({"makingAmount": "-1"}, UNKNOWN, "unreadable_answer"),
        ({"success": "perhaps"}, UNKNOWN, "unreadable_answer"),
        (
            {"success": False, "makingAmount": "", "takingAmount": ""},
            UNKNOWN,
            "contradictory_answer",
        ),
        ({"errorMsg": "not enough balance / allowance"}, UNKNOWN, "contradictory_answer"),
        (
            {
                "errorMsg": "not enough balance / allowance",
                "orderID": "",
                "makingAmount": "",
                "takingAmount": "",
            },
            REJECTED,
            "insufficient_balance",
        ),
        (
            {
                "success": False,
                "errorMsg": "order couldn't be fully filled",
                "makingAmount": "",
                "takingAmount": "",
            },
            MISSED,
            "fok_killed",
        ),
        (
            {"errorMsg": "something new", "makingAmount": "", "takingAmount": ""},
            UNKNOWN,
            "http_200",
        ),
    ],
)
def test_success_answer_is_decided_by_its_amounts(
    changes: dict[str, Any], status: AnswerStatus, code: str
) -> None:
    answer = read_answer(spec(), KEY, 200, ok(**changes))
    assert (answer.status, answer.code) == (status, code)


GTC = TimeInForce.GTC


@pytest.mark.parametrize(
    ("changes", "status", "filled_e6", "code"),
    [
        ({"status": "live", "makingAmount": "", "takingAmount": ""}, RESTING, 0, ""),
        ({"status": "unmatched", "makingAmount": "0", "takingAmount": ""}, RESTING, 0, ""),
        ({"status": "live", "makingAmount": "5.2", "takingAmount": "10"}, RESTING, 10_000_000, ""),
        ({"status": "matched", "makingAmount": "5", "takingAmount": "10"}, RESTING, 10_000_000, ""),
        ({"status": "matched"}, AnswerStatus.FILLED, 100_000_000, ""),
        ({"status": "live"}, AnswerStatus.FILLED, 100_000_000, ""),
        # Better prices: as many shares for fewer dollars, or more shares for as many.
        ({"makingAmount": "50"}, AnswerStatus.FILLED, 100_000_000, ""),
        ({"takingAmount": "101"}, AnswerStatus.FILLED, 101_000_000, ""),
        ({"status": "matched", "makingAmount": "", "takingAmount": ""}, UNKNOWN, 0, "matched_without_amounts"),
        ({"status": "delayed", "makingAmount": "", "takingAmount": ""}, AnswerStatus.DELAYED, 0, "delayed"),
        ({"status": "dancing", "makingAmount": "", "takingAmount": ""}, UNKNOWN, 0, "unexpected_status:dancing"),
    ],
)  # fmt: skip
def test_resting_order_is_judged_by_amounts_not_by_the_status_word(
    changes: dict[str, Any], status: AnswerStatus, filled_e6: int, code: str
) -> None:
    answer = read_answer(resting(), KEY, 200, ok(**changes))
    assert (answer.status, answer.filled_e6, answer.code) == (status, filled_e6, code)
    assert answer.notional_micros == -1 or filled_e6


def test_resting_sell_is_filled_when_all_shares_are_gone() -> None:
    sell = resting(side=Side.SELL, size_e6=25_500_000)
    partly = read_answer(sell, KEY, 200, ok(makingAmount="25", takingAmount="13"))
    whole = read_answer(sell, KEY, 200, ok(makingAmount="25.5", takingAmount="13.26"))
    assert (partly.status, partly.notional_micros) == (RESTING, 13_000_000)
    assert whole.status is AnswerStatus.FILLED


def test_unexpected_status_still_tells_what_certainly_filled() -> None:
    assert read_answer(spec(), KEY, 200, ok(status="live")).filled_e6 == 100_000_000


@given(st.integers(200, 599), st.binary(max_size=80))
def test_any_answer_is_understood_and_garbage_never_fills(http_status: int, body: bytes) -> None:
    answer = read_answer(spec(), KEY, http_status, body)
    assert answer.status in {UNKNOWN, REJECTED, MISSED}
    assert answer.filled_e6 == 0
