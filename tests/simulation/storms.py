"""What goes wrong at the same moment, so that the same execution meets all of it."""

from typing import Final, NamedTuple


class Part(NamedTuple):
    """One fault of a storm, or a crash. Its share is drawn from `least` up to below `most`."""

    kind: str
    venue: str = ""
    least: float = 0.0
    most: float = 1.0


Storm = tuple[Part, ...]
KILL_KALSHI: Final = Part("order_kill", "kalshi")
KILL_POLYMARKET: Final = Part("order_kill", "polymarket")
FAIL: Final = Part("chain_failed", "polymarket")
FAIL_SOON: Final = Part("chain_failed", "polymarket", most=0.5)
FAIL_LATER: Final = Part("chain_failed", "polymarket", least=0.5)
CRASH: Final = Part("crash")
COVERED_LATE: Final = (
    Part("books_vanish", "kalshi", least=0.5),
    Part("order_late", "polymarket", 0.5, 0.75),
)
STORMS: Final[tuple[Storm, ...]] = (
    (FAIL, KILL_KALSHI),
    (FAIL, Part("exchange_pause", "kalshi")),
    (FAIL, Part("order_partial", "kalshi")),
    (FAIL, Part("order_late", "kalshi")),
    (FAIL, Part("order_drop_after", "polymarket")),
    (KILL_KALSHI, Part("exchange_pause", "kalshi"), Part("disabled", "polymarket")),
    (KILL_KALSHI, KILL_POLYMARKET),
    (
        Part("order_drop_after", "polymarket"),
        Part("ws_dead", "polymarket"),
        Part("read_503", "polymarket"),
    ),
    (Part("order_drop_after", "kalshi"), Part("ws_dead", "kalshi"), Part("read_503", "kalshi")),
    (Part("order_late", "polymarket"), KILL_KALSHI),
    (Part("order_504_after", "kalshi"), Part("order_504_after", "polymarket")),
    (Part("order_500_after", "polymarket"), Part("order_500", "kalshi")),
    (Part("operator_halt"), CRASH),
    (Part("operator_pause"), CRASH),
    (Part("operator_halt"), KILL_KALSHI, CRASH),
    (Part("journal_full"), KILL_POLYMARKET),
    (Part("archive_down"), CRASH),
)
"""What is worst together."""
RARE: Final[tuple[Storm, ...]] = (
    # Both ways out are gone as soon as one leg has filled.
    (Part("books_vanish", "polymarket"), KILL_KALSHI),
    (Part("books_vanish", "kalshi"), KILL_POLYMARKET),
    # What is held is covered by a leg that was long given up; twice, as one in three comes to it.
    COVERED_LATE,
    COVERED_LATE,
    # A crumb of a leg that was long given up comes after the end.
    (Part("order_late", "polymarket", least=0.75), KILL_KALSHI),
    # A crumb of a leg fails after the end.
    (Part("crumb_fails", "polymarket"),),
    # What is being rolled back, held or settled never was.
    (FAIL_LATER, Part("books_vanish", "polymarket", least=0.5), KILL_KALSHI),
    (Part("fails_in_flight", "polymarket"), KILL_KALSHI),
    (FAIL_SOON, Part("money_late", "kalshi")),
    (FAIL_LATER, Part("ws_mute", "polymarket"), Part("read_delay", "polymarket")),
)
"""What takes an execution through the rarest rows of its table."""
