"""The Polymarket book hash: SHA-1 of the whole book as the venue writes it.

`sha1(json{market, asset_id, timestamp, hash:"", bids, asks, min_order_size, tick_size, neg_risk,
last_trade_price})`, compact separators, bids ascending, asks descending; verified on live frames
of December 2025 to August 2026 by third-party captures. Three inputs are not in the frame: the
least size and neg-risk come from the market's terms, `last_trade_price` from the last trade that
was told. A mismatch is a gap only if no known trade price explains the hash.
"""

from hashlib import sha1
from typing import Final

from twoleg.core.book import Book
from twoleg.core.events import ASK, BID
from twoleg.core.market import Market

TRADE_PLACES: Final = (3, 4)
"""Decimals of `last_trade_price`: one more than the tick has. Seen: 3 at a tick of 0.01; finer
ticks have not been captured, so 4 is tried too."""


def decimal_text(value: int, decimals: int) -> str:
    """A non-negative integer scaled by 10^decimals, written without trailing zeros."""
    assert value >= 0
    whole, part = divmod(value, 10**decimals)
    if part == 0:
        return str(whole)
    return f"{whole}.{part:0{decimals}d}".rstrip("0")


def book_text(market: Market, book: Book, ts_event_ms: int) -> str:
    """What is hashed of the YES token's book at this venue time, up to the trade price."""
    bids = ",".join(_level(price, size) for price, size in reversed(book.levels(BID)))
    asks = ",".join(_level(price, size) for price, size in reversed(book.levels(ASK)))
    tick = decimal_text(book.grid.bands[0].step_e4, 4)
    return (
        f'{{"market":"{market.native_id}","asset_id":"{market.yes_token}",'
        f'"timestamp":"{ts_event_ms}","hash":"","bids":[{bids}],"asks":[{asks}],'
        f'"min_order_size":"{decimal_text(market.size_e6_min, 6)}","tick_size":"{tick}",'
        f'"neg_risk":{"true" if market.neg_risk else "false"},'
        '"last_trade_price":"'
    )


def text_hash(text: str, last_trade_price: str) -> str:
    """Hash of a `book_text` with this trade price."""
    return sha1(f'{text}{last_trade_price}"}}'.encode(), usedforsecurity=False).hexdigest()


def book_hash(market: Market, book: Book, ts_event_ms: int, last_trade_price: str) -> str:
    """Hash of the YES token's book after the frame with this venue time."""
    return text_hash(book_text(market, book, ts_event_ms), last_trade_price)


def is_explained(text: str, last_trade_price: str, expected: str) -> bool:
    """Whether a `book_text` has this hash with any way of writing the last trade."""
    return any(text_hash(text, price) == expected for price in trade_candidates(last_trade_price))


def trade_candidates(last: str) -> tuple[str, ...]:
    """Ways in which the venue may have written the last trade; as told comes first.

    A trade of NO at p is published as p or as 1−p on both books, with at least three decimals.
    """
    whole, _, digits = last.partition(".")
    figures = whole + digits
    if not whole or not (figures.isascii() and figures.isdigit()):
        return (last,)
    value, one = int(figures), 10 ** len(digits)
    if value > one:
        return (last,)
    texts = {last: None}
    for figure in (value, one - value):
        for least in TRADE_PLACES:
            places = max(least, len(digits))
            scaled = figure * 10 ** (places - len(digits))
            texts[f"{scaled // 10**places}.{scaled % 10**places:0{places}d}"] = None
    return tuple(texts)


def _level(price_e4: int, size_e6: int) -> str:
    return f'{{"price":"{decimal_text(price_e4, 4)}","size":"{decimal_text(size_e6, 6)}"}}'
