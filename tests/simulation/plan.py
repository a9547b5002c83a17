"""What a seed means: settings, order flow, latencies, and a schedule of faults and crashes.

Everything that goes wrong is drawn up front as a list, so that single entries can be left away to
find the shortest list that still fails. Purposes have generators of their own: one fault more or
less changes nothing of what the others do by themselves.
"""

from dataclasses import dataclass, replace
from random import Random
from typing import Final

from tests.simulation.storms import RARE, STORMS

ACTIVE_S: Final = 265.0
"""How long things go wrong; with the quiet end after that a seed is five minutes."""
BOTH: Final = ("kalshi", "polymarket")

ORDER_FAULTS: Final = (
    "order_delay",
    "order_late",
    "order_drop_before",
    "order_drop_after",
    "order_500",
    "order_500_after",
    "order_502",
    "order_503",
    "order_503_after",
    "order_504_after",
    "order_429",
    "order_partial",
    "order_kill",
)
READ_FAULTS: Final = ("read_delay", "read_drop", "read_500", "read_503", "read_429")
FRAME_FAULTS: Final = (
    "ws_gap",
    "ws_silent",
    "ws_disconnect",
    "ws_mute",
    "ws_dead",
    "ws_duplicate",
    "ws_late",
    "ws_overflow",
)
KALSHI_FAULTS: Final = ("ws_stale", "ws_timeout", "exchange_pause")
POLYMARKET_FAULTS: Final = (
    "chain_failed",
    "chain_retrying",
    "crumb_fails",
    "fails_in_flight",
    "delayed",
    "restart",
    "cancel_only",
    "disabled",
    "answer_could_not_insert",
    "answer_match_delayed",
    "answer_timed_out",
)
WORLD_FAULTS: Final = (
    "link_break",
    "link_hold",
    "outage",
    "market_pause",
    "grid_change",
    "cash_in",
    "cash_out",
    "foreign_holding",
    "cash_short",
    "books_empty",
    "books_vanish",
    "money_late",
    "clock_step",
    "settlement",
)
GENERAL_FAULTS: Final = ("archive_down", "journal_full", "operator_halt", "operator_pause")
DISARMED: Final = "disarmed"
"""A pair that the matcher has found is armed no more for a while; no fault."""
FIRST: Final = frozenset({"cash_short"})
"""Kinds that are so before anything begins."""
KINDS: Final[tuple[tuple[str, str], ...]] = (
    *((kind, venue) for kind in ORDER_FAULTS for venue in BOTH),
    *((kind, venue) for kind in READ_FAULTS for venue in BOTH),
    *((kind, venue) for kind in FRAME_FAULTS for venue in BOTH),
    *((kind, "kalshi") for kind in KALSHI_FAULTS),
    *((kind, "polymarket") for kind in POLYMARKET_FAULTS),
    *((kind, venue) for kind in WORLD_FAULTS for venue in BOTH),
    *((kind, "") for kind in GENERAL_FAULTS),
)
RARE_SHARE: Final = 0.6
GUARDED_SHARE: Final = 0.17
CRASH_ON: Final = ("any", "intent", "answer", "fill", "note", "run_started")


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of the schedule. `kind` "crash" ends the daemon's process; others are faults."""

    at_s: float
    kind: str
    venue: str = ""
    count: int = 1
    """How many requests or frames it meets."""
    seconds: float = 0.0
    """How long it lasts, or how late something comes."""
    share: float = 0.0
    """A part in [0, 1): of a size, of a choice, or of a record that is cut off."""
    on: str = ""
    """Crash: the record whose writing arms it ("any": none)."""
    callbacks: int = 0
    """Crash: how many callbacks later it comes."""
    is_cut: bool = False
    """Crash: in the middle of writing that record."""
    is_power: bool = False
    """Crash: the power fails, not the process."""

    def __str__(self) -> str:
        if self.kind != "crash":
            where = f" {self.venue}" if self.venue else ""
            return (
                f"{self.at_s:7.2f} s {self.kind}{where} count {self.count}"
                f" seconds {self.seconds:.2f} share {self.share:.2f}"
            )
        how = f"cut at {self.share:.2f}" if self.is_cut else f"{self.callbacks} callbacks later"
        cause = "power" if self.is_power else "kill"
        return f"{self.at_s:7.2f} s crash ({cause}) on {self.on}, {how}, down {self.seconds:.2f} s"


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a seed fixes before anything runs."""

    seed: int
    themes: tuple[int, ...]
    """Which pairs of the simulated world take part."""
    modes: tuple[str, ...]
    tifs: tuple[str, ...]
    sync: str
    segment_kib: int
    """Size of a segment of the journal: small ones are rotated."""
    settings: dict[str, object]
    kalshi: dict[str, object]
    polymarket: dict[str, object]
    delay_s: tuple[float, float]
    tail_chance: float
    tail_s: float
    step_s: tuple[float, float]
    dislocations: float
    """Chance that a move of the crowd opens an edge."""
    found: tuple[bool, ...]
    """Which pairs the matcher has found: they join, leave and come back. Others are declared."""
    schedule: tuple[Item, ...]

    def rng(self, purpose: str) -> Random:
        """A generator of its own for each purpose."""
        return Random(f"{purpose}:{self.seed}")


def draw_plan(seed: int, without: frozenset[int] = frozenset()) -> Plan:
    """The plan of a seed; `without` leaves entries of its schedule away, by their number."""
    rng = Random(f"plan:{seed}")
    pairs = rng.choice((2, 2, 3))
    sync = rng.choice(("process", "power"))
    fast = rng.random() < 0.7
    found = _draw_found(Random(f"found:{seed}"), pairs)
    plan = Plan(
        seed=seed,
        themes=tuple(sorted(rng.sample(range(10), pairs))),
        modes=tuple(
            rng.choice(("concurrent", "concurrent", "polymarket_first", "kalshi_first", "auto"))
            for _ in range(pairs)
        ),
        tifs=tuple(rng.choice(("fok", "ioc")) for _ in range(pairs)),
        sync=sync,
        segment_kib=rng.choice((64, 128, 2_048)),
        settings={
            "trading.size_contracts_max": rng.choice((10, 25, 60)),
            "trading.position_contracts_max": rng.choice((60, 300, 1_000)),
            "trading.unhedged_dollars_max": rng.choice((12, 40, 150)),
            "trading.depth_share_percent_max": rng.choice((25, 50, 80)),
            "trading.executions_max": rng.choice((1, 2, 4)),
            "kalshi.order_timeout_ms": rng.choice((500, 1_500, 5_000)),
            "polymarket.order_timeout_ms": rng.choice((500, 1_500, 5_000)),
            "breaker.open_seconds": rng.choice((3, 10, 30)),
            "breaker.failures_max": rng.choice((3, 5, 8)),
            **_draw_guards(Random(f"guards:{seed}")),
        },
        kalshi={"read_lag_ms": rng.choice(([0, 0], [10, 50], [100, 900]))},
        polymarket={
            "read_lag_ms": rng.choice((0, 0, 200, 1_000)),
            "conditional_lag_ms": rng.choice((0, 0, 1_500)),
            "mined_after_ms": rng.choice((200, 1_000, 4_000)),
            "confirmed_after_ms": rng.choice((200, 1_000, 4_000)),
            "lagging_order": rng.choice(("absent", "unfilled")),
        },
        delay_s=(0.001, 0.02) if fast else (0.02, 0.12),
        tail_chance=rng.choice((0.0, 0.0, 0.002, 0.01)),
        tail_s=rng.choice((0.2, 0.8, 3.0)),
        step_s=(1.0, 3.0),
        dislocations=rng.choice((0.2, 0.35, 0.5)),
        found=found,
        schedule=(),
    )
    items = _draw_faults(Random(f"faults:{seed}"), sync) + _draw_crashes(
        Random(f"crash:{seed}"), sync
    )
    if any(found):
        items += _draw_disarmings(Random(f"disarmed:{seed}"))
    items.sort(key=lambda item: item.at_s)
    kept = tuple(item for number, item in enumerate(items) if number not in without)
    return replace(plan, schedule=kept)


def _draw_guards(rng: Random) -> dict[str, object]:
    """In one seed of six the breaker bears so little that a few lost legs are too much."""
    if rng.random() >= GUARDED_SHARE:
        return {}
    return {
        "breaker.loss_dollars_max": rng.choice((1, 2, 5)),
        "breaker.rate_window": rng.choice((3, 5)),
        "breaker.unwind_rate_percent_max": rng.choice((30, 50)),
        "breaker.void_rate_percent_max": rng.choice((20, 50)),
    }


def _draw_found(rng: Random, pairs: int) -> tuple[bool, ...]:
    """In a quarter of the seeds some pairs come from the matcher."""
    is_some = rng.random() < 0.25
    return tuple(is_some and rng.random() < 0.6 for _ in range(pairs))


def _draw_disarmings(rng: Random) -> list[Item]:
    """Of pairs that were found: for so short that they stay, or so long that they leave."""
    return [
        Item(
            at_s=round(rng.uniform(5.0, ACTIVE_S - 100.0), 3),
            kind=DISARMED,
            seconds=round(rng.uniform(5.0, 130.0), 3),
            share=_share(rng),
        )
        for _ in range(rng.randint(1, 4))
    ]


def _draw_faults(rng: Random, sync: str) -> list[Item]:
    """A few kinds of fault for each seed, each once or more; in one seed of twenty none."""
    if rng.random() < 0.05:
        return []
    names = sorted({kind for kind, _ in KINDS})
    chosen = set(rng.sample(names, rng.randint(3, 16)))
    places = [place for place in KINDS if place[0] in chosen]
    count = rng.randint(len(chosen), 2 * len(chosen) + 4)
    # Each chosen kind at least once, the others by chance.
    wanted = [rng.choice([p for p in places if p[0] == name]) for name in sorted(chosen)]
    wanted += [rng.choice(places) for _ in range(count - len(wanted))]
    items = [_draw_fault(rng, kind, venue) for kind, venue in wanted]
    for _ in range(rng.choice((0, 1, 2, 3))):
        items += _draw_storm(rng, sync)
    return items


def _draw_storm(rng: Random, sync: str) -> list[Item]:
    at_s = round(rng.uniform(2.0, ACTIVE_S - 30.0), 3)
    items: list[Item] = []
    for kind, venue, least, most in rng.choice(RARE if rng.random() < RARE_SHARE else STORMS):
        if kind == "crash":
            # While the rest of it lasts.
            later_s = round(rng.uniform(0.5, 5.0), 3)
            items.append(replace(_draw_crash(rng, sync), at_s=at_s + later_s))
        else:
            item = _draw_fault(rng, kind, venue)
            share = round(least + (most - least) * item.share, 3)
            items.append(replace(item, at_s=at_s, share=share))
    return items


def _draw_fault(rng: Random, kind: str, venue: str) -> Item:
    seconds = rng.choice((rng.uniform(0.05, 1.0), rng.uniform(1.0, 8.0), rng.uniform(5.0, 40.0)))
    at_s = round(rng.uniform(2.0, ACTIVE_S - 20.0), 3)
    return Item(
        at_s=0.0 if kind in FIRST else at_s,
        kind=kind,
        venue=venue,
        count=rng.choice((1, 1, 1, 2, 4)),
        seconds=round(seconds, 3),
        share=_share(rng),
    )


def _share(rng: Random) -> float:
    """At least 0 and less than 1."""
    return min(round(rng.random(), 3), 0.999)


def _draw_crashes(rng: Random, sync: str) -> list[Item]:
    return [_draw_crash(rng, sync) for _ in range(rng.choice((0, 0, 1, 1, 1, 2, 2, 3)))]


def _draw_crash(rng: Random, sync: str) -> Item:
    return Item(
        at_s=round(rng.uniform(3.0, ACTIVE_S - 25.0), 3),
        kind="crash",
        seconds=round(rng.choice((0.1, 1.0, rng.uniform(1.0, 15.0))), 3),
        share=_share(rng),
        on=rng.choice(CRASH_ON),
        callbacks=rng.choice((1, rng.randint(1, 10), rng.randint(1, 80))),
        is_cut=rng.random() < 0.35,
        # With `sync = process` a loss of power may take the tail: only part of the promises holds.
        is_power=rng.random() < (0.5 if sync == "power" else 0.2),
    )
