"""Kalshi's fees over time: what a series charges, changes to come, overrides of single events.

Kalshi docs, openapi 3.34.0 (Series, EventData, fee_changes), 2026-10: an event's override counts
before its series' terms; both can change at a scheduled time.
"""

from dataclasses import dataclass
from typing import Final

from twoleg.sim.kalshi.text import time_text
from twoleg.sim.world import KalshiMarket

FEE_TYPES: Final = (
    "quadratic",
    "quadratic_with_maker_fees",
    "quadratic_with_combo_maker_fees",
    "flat",
)
# Fee type and multiplier in 1/10 000.
Terms = tuple[str, int]
FREE: Final[Terms] = ("quadratic", 0)


@dataclass(frozen=True, slots=True)
class FeeChange:
    """New terms of a series, or (with an event) an override; None takes an override back."""

    number: int
    series_ticker: str
    event_ticker: str | None
    fee_type: str | None
    multiplier_e4: int | None
    scheduled_ts_s: int

    def to_json(self) -> dict[str, object]:
        """Return the row of the fee_changes lists."""
        row: dict[str, object] = {"id": f"fee-{self.number}", "series_ticker": self.series_ticker}
        suffix = ""
        if self.event_ticker is not None:
            row["event_ticker"], suffix = self.event_ticker, "_override"
        row[f"fee_type{suffix}"] = self.fee_type
        row[f"fee_multiplier{suffix}"] = rate_number(self.multiplier_e4)
        row["scheduled_ts"] = time_text(self.scheduled_ts_s * 1_000_000)
        return row

    def override_json(self) -> dict[str, object]:
        """Return the message of `event_fee_update`."""
        return {
            "event_ticker": self.event_ticker,
            "fee_type_override": self.fee_type,
            "fee_multiplier_override": rate_number(self.multiplier_e4),
        }


class FeeSchedule:
    """All changes of all series and events, in the order in which they were made known."""

    def __init__(self) -> None:
        self.changes: list[FeeChange] = []

    def add(
        self,
        described: KalshiMarket,
        *,
        is_event: bool,
        fee_type: str | None,
        multiplier_e4: int | None,
        scheduled_ts_s: int,
    ) -> FeeChange:
        """Schedule new terms for a market's series or event; ValueError when they mean nothing."""
        if fee_type is not None and fee_type not in FEE_TYPES:
            raise ValueError(f"fee_type must be one of {', '.join(FEE_TYPES)}")
        if not is_event and (fee_type is None or multiplier_e4 is None):
            raise ValueError("a series needs fee_type and fee_multiplier_e4")
        change = FeeChange(
            len(self.changes) + 1,
            described.series_ticker,
            described.event_ticker if is_event else None,
            fee_type,
            multiplier_e4,
            scheduled_ts_s,
        )
        self.changes.append(change)
        return change

    def series_terms(self, described: KalshiMarket, now_s: int) -> Terms:
        """Return what a market's series charges now."""
        change = self._last(described, now_s, event_ticker=None)
        if change is None:
            return described.fee_type, described.fee_multiplier_e4
        return change.fee_type or described.fee_type, change.multiplier_e4 or 0

    def override(self, described: KalshiMarket, now_s: int) -> FeeChange | None:
        """Return the override in force for a market's event; None when there is none."""
        change = self._last(described, now_s, event_ticker=described.event_ticker)
        is_back = change is not None and change.fee_type is None and change.multiplier_e4 is None
        return None if is_back else change

    def terms(self, described: KalshiMarket, now_s: int) -> Terms:
        """Return what a trade costs now. What `flat` costs is not known: nothing is charged."""
        fee_type, multiplier_e4 = self.series_terms(described, now_s)
        override = self.override(described, now_s)
        if override is not None:
            fee_type = override.fee_type or fee_type
            if override.multiplier_e4 is not None:
                multiplier_e4 = override.multiplier_e4
        return FREE if fee_type == "flat" else (fee_type, multiplier_e4)

    def due(self, after_s: int, until_s: int) -> list[FeeChange]:
        """Return the events' changes that take effect within (after, until]."""
        return [
            change
            for change in self.changes
            if change.event_ticker is not None and after_s < change.scheduled_ts_s <= until_s
        ]

    def rows(self, *, of_events: bool, after_s: int | None) -> list[FeeChange]:
        """Return the changes of series or of events, only later ones if a time is given."""
        return [
            change
            for change in self.changes
            if (change.event_ticker is not None) is of_events
            and (after_s is None or change.scheduled_ts_s > after_s)
        ]

    def _last(
        self, described: KalshiMarket, now_s: int, *, event_ticker: str | None
    ) -> FeeChange | None:
        found = [
            change
            for change in self.changes
            if change.scheduled_ts_s <= now_s
            and change.event_ticker == event_ticker
            and change.series_ticker == described.series_ticker
        ]
        return max(found, key=lambda change: (change.scheduled_ts_s, change.number), default=None)


def rate_number(multiplier_e4: int | None) -> float | None:
    """Return a multiplier as a JSON number, the one kind of rate that the protocol writes so."""
    return None if multiplier_e4 is None else multiplier_e4 / 10_000
