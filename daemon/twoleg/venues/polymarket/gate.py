"""Whether the venue takes orders now, as its own answers tell. Pure: time is an argument.

After a restart of the matching engine (425) the venue takes only post-only orders and cancels for
two minutes (503 with Retry-After); at other times it may take only cancels, or nothing. Asking
again and again would only spend the rate limit, so orders that it would refuse are not sent until
the time it named, or a growing pause of our own, is over. Cancels are never held back: trying one
costs little, and not trying may cost much.

docs.polymarket.com matching-engine, read 2026-11-22.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final

import msgspec

from twoleg.core.events import AnswerStatus, LegAnswer
from twoleg.core.orders import OrderSpec

NS_PER_S: Final = 1_000_000_000
PAUSE_S_MIN: Final = 1
PAUSE_S_MAX: Final = 30
POST_ONLY_S: Final = 120
"""How long the post-only mode after a restart lasts where the answer does not say."""
RETRY_AFTER_S_MAX: Final = 3_600
"""No word of the venue stops trading for longer without being asked again."""


class TradingState(Enum):
    """What the venue takes."""

    OPEN = "open"
    RESTARTING = "restarting"
    POST_ONLY = "post_only"
    CANCEL_ONLY = "cancel_only"
    DISABLED = "disabled"


STATES: Final = {
    "engine_restarting": TradingState.RESTARTING,
    "post_only_mode": TradingState.POST_ONLY,
    "cancel_only": TradingState.CANCEL_ONLY,
    "trading_disabled": TradingState.DISABLED,
}
"""Codes of `meanings.ROWS` that speak of the whole venue."""
_SIGNS_OF_LIFE: Final = frozenset(
    {
        AnswerStatus.FILLED,
        AnswerStatus.PARTIAL,
        AnswerStatus.MISSED,
        AnswerStatus.DELAYED,
        AnswerStatus.RESTING,
    }
)


class _RetryBody(msgspec.Struct):
    """A refusal that says when to come back."""

    retry_after_seconds: int | float | None = None


class Gate:
    """The state of the venue and until when it is believed; OPEN until told otherwise."""

    def __init__(self) -> None:
        self._state = TradingState.OPEN
        self._until_ns = 0
        # How many refusals without a time of their own came in a row.
        self._refusals = 0

    def state(self, now_ns: int) -> TradingState:
        """What the venue takes, as far as it has told; OPEN again when the time is over."""
        return self._state if now_ns < self._until_ns else TradingState.OPEN

    def is_assumed_open(self, now_ns: int) -> bool:
        """Whether it counts as open only because the time is over: no taker got through since."""
        return self._state is not TradingState.OPEN and now_ns >= self._until_ns

    @property
    def until_ns(self) -> int:
        """Monotonic time from which the venue is tried again; in the past when it is open."""
        return self._until_ns

    def refusal(self, spec: OrderSpec, now_ns: int) -> str:
        """Why an order must not be sent now, as a code; empty if it may."""
        state = self.state(now_ns)
        if state is TradingState.OPEN or (state is TradingState.POST_ONLY and spec.post_only):
            return ""
        return f"venue_{state.value}"

    def note(self, answer: LegAnswer, spec: OrderSpec, retry_after_s: int, now_ns: int) -> None:
        """Learn from the answer to an order; `retry_after_s` 0: not told."""
        state = STATES.get(answer.code)
        if state is not None:
            self.close(state, retry_after_s, now_ns)
        elif answer.status in _SIGNS_OF_LIFE:
            self._refusals = 0
            # A post-only order that rests does not prove that others would be taken.
            if not spec.post_only:
                self._until_ns = 0
                self._state = TradingState.OPEN

    def close(self, state: TradingState, retry_after_s: int, now_ns: int) -> None:
        """The venue has said that it takes less than everything."""
        if not retry_after_s:
            if state is TradingState.POST_ONLY:
                retry_after_s = POST_ONLY_S
            else:
                retry_after_s = min(PAUSE_S_MAX, PAUSE_S_MIN << min(self._refusals, 8))
                self._refusals += 1
        self._state = state
        self._until_ns = now_ns + min(retry_after_s, RETRY_AFTER_S_MAX) * NS_PER_S


def read_retry_after_s(headers: Mapping[str, str], body: bytes) -> int:
    """Seconds that the venue asks to wait, rounded up, by header or body; 0: not told.

    The other form of the header, a date, has not been seen here and counts as not told.
    """
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return int(text)
    try:
        told = msgspec.json.decode(body, type=_RetryBody).retry_after_seconds
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return 0
    # Not money: a pause may come with decimals.
    return max(0, -int(-told // 1)) if told is not None and told < 10**9 else 0
