"""Kalshi's websocket error codes and what each asks of us (AsyncAPI 2.0.0 of 2026-10-26)."""

from enum import Enum, IntEnum
from typing import Final


class WsError(IntEnum):
    """The documented codes; 6, 16 and 17 were retired on 2026-09-10."""

    UNPROCESSABLE = 1
    PARAMS_REQUIRED = 2
    CHANNELS_REQUIRED = 3
    SIDS_REQUIRED = 4
    UNKNOWN_COMMAND = 5
    UNKNOWN_SID = 7
    UNKNOWN_CHANNEL = 8
    AUTHENTICATION_REQUIRED = 9
    CHANNEL_ERROR = 10
    INVALID_PARAMETER = 11
    ONE_SID_REQUIRED = 12
    UNSUPPORTED_ACTION = 13
    MARKET_TICKER_REQUIRED = 14
    ACTION_REQUIRED = 15
    COMMAND_TIMEOUT = 18
    SHARD_FACTOR_NOT_POSITIVE = 19
    SHARD_FACTOR_REQUIRED = 20
    SHARD_KEY_OUT_OF_RANGE = 21
    SHARD_FACTOR_TOO_LARGE = 22
    MATCH_IDS = 23
    INDEX_IDS = 24
    BUFFER_OVERFLOW = 25
    MARKET_LIMIT = 26
    COMMAND_RATE_LIMIT = 27
    UNDERLYING_TICKERS = 28


class Remedy(Enum):
    """What is done about an error frame."""

    RECONNECT = "reconnect"
    """The session is no good: another socket, signed anew."""
    RESUBSCRIBE = "resubscribe"
    """The subscription is gone: make it again on the same socket."""
    SPLIT = "split"
    """The command asked for too many markets, or for one that does not exist: halve it."""
    SLOW_DOWN = "slow_down"
    """Too many commands: the same one later, and all of them slower."""
    WAIT = "wait"
    """The command may or may not have been carried out; a missing snapshot will tell."""
    COUNT = "count"
    """A mistake of ours or a code not known: counted and logged."""


_REMEDIES: Final = {
    WsError.UNKNOWN_SID: Remedy.RESUBSCRIBE,
    WsError.AUTHENTICATION_REQUIRED: Remedy.RECONNECT,
    WsError.CHANNEL_ERROR: Remedy.RESUBSCRIBE,
    WsError.INVALID_PARAMETER: Remedy.SPLIT,
    WsError.MARKET_TICKER_REQUIRED: Remedy.SPLIT,
    WsError.COMMAND_TIMEOUT: Remedy.WAIT,
    WsError.BUFFER_OVERFLOW: Remedy.RESUBSCRIBE,
    WsError.MARKET_LIMIT: Remedy.SPLIT,
    WsError.COMMAND_RATE_LIMIT: Remedy.SLOW_DOWN,
}


def remedy_of(code: int) -> Remedy:
    """What a code asks of us; a code that is not known is only counted."""
    try:
        return _REMEDIES.get(WsError(code), Remedy.COUNT)
    except ValueError:
        return Remedy.COUNT


def name_of(code: int) -> str:
    """The code's name for logs, "unknown" if it has none."""
    try:
        return WsError(code).name.lower()
    except ValueError:
        return "unknown"
