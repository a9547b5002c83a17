"""What each outcome of an order counts as: data, read by the judging code and printed for people.

A second answer to an order that was decided (late, or of a look-up that crossed the first) has no
row of its own: only a fill that it tells in addition counts, as a late fill.
"""

from enum import Enum
from typing import Final

import msgspec

from twoleg.core.events import NO_TOKENS, AnswerStatus, LegAnswer


class Strain(Enum):
    """What an answer says about its venue besides the order."""

    NONE = "none"
    UNAVAILABLE = "unavailable"
    """It could not be asked, or is paused."""
    NO_TOKENS = "no_tokens"
    """We kept the order back: our rate tokens for it are used up for a moment."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What one kind of answer counts as, and what follows."""

    is_decided: bool
    """True: exactly `filled_e6`. False: anything from there to its size; it is looked up."""
    failure: str = ""
    """What the breaker counts it as, once per execution; empty: no failure."""
    is_evidence: bool = False
    """Whether a leg's answer says something about how often such legs fill."""
    rests_market: bool = False
    """Whether the market of a leg gets no new execution for a while."""
    bars_way: bool = False
    """Whether a rollback order's way is closed until the residual is tried again after a pause."""
    took_nothing: bool = False
    """Whether the displayed depth it aimed at is certainly still there."""
    words: str


_A, _N, _U = AnswerStatus, Strain.NONE, Strain.UNAVAILABLE
_DOWN: Final = "venue_unavailable"
OUTCOMES: Final[dict[tuple[AnswerStatus, Strain], Outcome]] = {
    (_A.FILLED, _N): Outcome(
        is_decided=True, is_evidence=True, words="All of it filled; by its count, not by its name."
    ),
    (_A.FILLED, _U): Outcome(
        is_decided=True, is_evidence=True, failure=_DOWN, words="Filled, and the venue closes."
    ),
    (_A.PARTIAL, _N): Outcome(
        is_decided=True, is_evidence=True, words="A part filled, the rest is gone."
    ),
    (_A.PARTIAL, _U): Outcome(
        is_decided=True, is_evidence=True, failure=_DOWN, words="A part filled, the venue closes."
    ),
    (_A.MISSED, _N): Outcome(
        is_decided=True, is_evidence=True, words="Nothing filled and nothing was spent: no failure."
    ),
    (_A.MISSED, _U): Outcome(
        is_decided=True, is_evidence=True, failure=_DOWN, words="Nothing filled, the venue closes."
    ),
    (_A.REJECTED, _N): Outcome(
        is_decided=True,
        rests_market=True,
        bars_way=True,
        took_nothing=True,
        words="The venue said no. The market rests; a rollback goes another way.",
    ),
    (_A.REJECTED, _U): Outcome(
        is_decided=True, failure=_DOWN, took_nothing=True, words="Refused as the venue is paused."
    ),
    (_A.NOT_SENT, _N): Outcome(
        is_decided=True, took_nothing=True, words="We kept it back: the venue would refuse it."
    ),
    (_A.NOT_SENT, _U): Outcome(
        is_decided=True, failure=_DOWN, took_nothing=True, words="The venue could not be reached."
    ),
    (_A.NOT_SENT, Strain.NO_TOKENS): Outcome(
        is_decided=True,
        took_nothing=True,
        words="Rate tokens are used up: the venue is left alone until they are back; no failure.",
    ),
    (_A.DELAYED, _N): Outcome(
        is_decided=False, words="The market delays takers: pending, neither filled nor unfilled."
    ),
    (_A.DELAYED, _U): Outcome(is_decided=False, words="Pending, and the venue closes."),
    (_A.RESTING, _N): Outcome(is_decided=False, words="On the book: more may fill at any time."),
    (_A.RESTING, _U): Outcome(is_decided=False, words="On the book, and the venue closes."),
    (_A.UNKNOWN, _N): Outcome(
        is_decided=False,
        failure="outcome_unknown",
        words="Sent and not answered. Never sent again.",
    ),
    (_A.UNKNOWN, _U): Outcome(
        is_decided=False, failure="outcome_unknown", words="Sent, not answered, the venue is down."
    ),
}
"""Every answer that a venue client can give. A strain of the venue keeps new executions from it."""


def strain_of(answer: LegAnswer) -> Strain:
    """What an answer says about its venue."""
    if answer.status is AnswerStatus.NOT_SENT and answer.code == NO_TOKENS:
        return Strain.NO_TOKENS
    return Strain.UNAVAILABLE if answer.is_unavailable else Strain.NONE


def outcome_of(answer: LegAnswer) -> Outcome:
    """The row of an answer."""
    return OUTCOMES[answer.status, strain_of(answer)]
