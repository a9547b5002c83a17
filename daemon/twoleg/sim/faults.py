"""Decide which requests and frames go wrong, by rule and by seeded chance.

A rule is a JSON object:
    on           "<METHOD> <path prefix>" for HTTP ("*" for any method), "ws" or
                 "ws <path prefix>" for frames ("GET ws" is read as "ws")
    kind         one of KINDS
    probability  0..1, default 1
    count        how often it may fire, default without limit
    skip         how many that it is about pass before it may fire, default 0
    delay_ms     for delay and ws_silent (which need it)
                 ws_silent holds everything back that long; ws_gap swallows a frame of book state,
                 ws_mute every frame but keep-alives, ws_dead those too; ws_duplicate sends a frame
                 twice, ws_late sends it behind the next one; ws_overflow acts as if the
                 reader were too slow. Kalshi alone: ws_stale repeats a market's last change
                 behind a snapshot that holds it, ws_timeout lets a command time out
    share        for partial: the share of what the order would hit that is left to it, 0..1
    when         "before" (default) or "after" executing, for delay and http_5xx: an error
                 answered *after* executing is how a venue loses an acknowledgement
Nothing here performs a fault; the servers ask and act.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Final, Literal, get_args

Kind = Literal[
    "delay",
    "drop_after",
    "drop_before",
    "http_500",
    "http_502",
    "http_503",
    "http_504",
    "http_429",
    "bad_json",
    "cut_body",
    "partial",
    "kill",
    "ws_gap",
    "ws_silent",
    "ws_disconnect",
    "ws_mute",
    "ws_dead",
    "ws_duplicate",
    "ws_late",
    "ws_overflow",
    "ws_stale",
    "ws_timeout",
]
KINDS: Final[tuple[str, ...]] = get_args(Kind)
ORDER_KINDS: Final = frozenset({"partial", "kill"})
WS_KINDS: Final = frozenset(kind for kind in KINDS if kind.startswith("ws_"))
# Frames that only keep a socket alive never meet these.
DATA_KINDS: Final = frozenset({"ws_gap", "ws_mute", "ws_duplicate", "ws_late"})
# Kinds that a venue asks for by name, at the place where they can happen.
ASKED_KINDS: Final = frozenset({"ws_stale", "ws_timeout"})
HTTP_KINDS: Final = frozenset(KINDS) - ORDER_KINDS - WS_KINDS
_METHODS: Final = frozenset({"*", "GET", "POST", "PUT", "DELETE"})
_FIELDS: Final = frozenset(
    {"on", "kind", "probability", "count", "skip", "delay_ms", "share", "when"}
)
# Kinds that spoil the answer to a request that was carried out.
SPOILING_KINDS: Final = frozenset({"bad_json", "cut_body"})
# Records kept; older ones are dropped, the counters stay exact.
RECORDS_MAX: Final = 10_000
PPM: Final = 1_000_000


class FaultInvalid(ValueError):
    """A fault rule cannot be read. The message names the rule and the field."""


@dataclass(slots=True)
class Rule:
    """A validated rule and how often it has fired. `share_ppm` is in millionths."""

    on: str
    kind: str
    method: str
    path: str
    probability: float = 1.0
    count: int | None = None
    skip: int = 0
    delay_ms: int = 0
    share_ppm: int = 0
    when: str = "before"
    fired: int = 0
    passed: int = 0

    def covers(self, method: str, path: str) -> bool:
        """Tell whether the rule is about this method ("WS" for frames) and path."""
        return self.method in ("*", method) and path.startswith(self.path)

    def to_json(self) -> dict[str, object]:
        """Return the rule as it is written, with its counter."""
        return {
            "on": self.on,
            "kind": self.kind,
            "probability": self.probability,
            "count": self.count,
            "skip": self.skip,
            "delay_ms": self.delay_ms,
            "share": self.share_ppm / PPM,
            "when": self.when,
            "fired": self.fired,
        }


@dataclass(frozen=True, slots=True)
class FaultRecord:
    """A fault that met an order. `key` is the client order id or order hash, if known."""

    kind: str
    key: str | None
    ts_ms: int

    def to_json(self) -> dict[str, object]:
        """Return the record for the admin surface."""
        return {"kind": self.kind, "key": self.key, "ts_ms": self.ts_ms}


class Faults:
    """The rules in force, asked in the order in which they were given."""

    def __init__(self, rules: Iterable[Mapping[str, object]] = (), *, rng: Random) -> None:
        self._rng = rng
        # In force, first match first.
        self._rules: list[Rule] = []
        # How often each kind has fired, also for rules since removed.
        self._fired: dict[str, int] = {}
        # Faults that met an order, oldest first, at most RECORDS_MAX.
        self._records: list[FaultRecord] = []
        self.add(rules)

    def add(self, rules: Iterable[Mapping[str, object]]) -> None:
        """Append rules; either all are valid or none is added (FaultInvalid)."""
        start = len(self._rules)
        self._rules.extend([parse_rule(rule, start + n) for n, rule in enumerate(rules)])

    def replace(self, rules: Iterable[Mapping[str, object]]) -> None:
        """Put these rules in the place of all others; on FaultInvalid nothing changes."""
        self._rules = [parse_rule(rule, n) for n, rule in enumerate(rules)]

    def clear(self) -> None:
        """Remove all rules; counters and records stay."""
        self._rules = []

    def http(self, method: str, path: str) -> list[Rule]:
        """Return the rules that fire on a request: any delays, then at most one other."""
        fired: list[Rule] = []
        for rule in self._rules:
            if rule.kind in HTTP_KINDS and rule.covers(method, path) and self._fires(rule):
                fired.append(rule)
                if rule.kind != "delay":
                    break
        return fired

    def order(self, method: str, path: str, *, key: str | None, ts_ms: int) -> Rule | None:
        """Return the `partial` or `kill` rule that fires on an order, recording it."""
        for rule in self._rules:
            if rule.kind in ORDER_KINDS and rule.covers(method, path) and self._fires(rule):
                self.record(rule.kind, key=key, ts_ms=ts_ms)
                return rule
        return None

    def ws(
        self, path: str, *, is_sequenced: bool = True, is_keepalive: bool = False
    ) -> Rule | None:
        """Return the rule that fires on a frame about to be sent; ask once per frame.

        `ws_gap` fires only on frames that carry a sequence number or book state (`is_sequenced`):
        swallowing an acknowledgement would be no gap.
        """
        for rule in self._rules:
            if rule.kind not in WS_KINDS - ASKED_KINDS or not rule.covers("WS", path):
                continue
            if rule.kind == "ws_gap" and not is_sequenced:
                continue
            if rule.kind in DATA_KINDS and is_keepalive:
                continue
            if self._fires(rule):
                return rule
        return None

    def ws_asked(self, path: str, kind: str) -> bool:
        """Tell whether a rule of one of ASKED_KINDS fires now."""
        return any(
            rule.kind == kind and rule.covers("WS", path) and self._fires(rule)
            for rule in self._rules
        )

    def record(self, kind: str, *, key: str | None, ts_ms: int) -> None:
        """Note that a fault met an order."""
        self._records.append(FaultRecord(kind, key, ts_ms))
        if len(self._records) > RECORDS_MAX:
            del self._records[0]

    def report(self) -> dict[str, object]:
        """Return rules, counters by kind and records, for the admin surface."""
        return {
            "rules": [rule.to_json() for rule in self._rules],
            "fired": dict(sorted(self._fired.items())),
            "records": [record.to_json() for record in self._records],
        }

    def _fires(self, rule: Rule) -> bool:
        if rule.count is not None and rule.fired >= rule.count:
            return False
        if rule.passed < rule.skip:
            rule.passed += 1
            return False
        # No draw for a certain rule: scripted faults leave the seeded sequence alone.
        if rule.probability < 1.0 and self._rng.random() >= rule.probability:
            return False
        rule.fired += 1
        self._fired[rule.kind] = self._fired.get(rule.kind, 0) + 1
        return True


def parse_rule(raw: Mapping[str, object], position: int = 0) -> Rule:
    """Validate one rule; raise FaultInvalid with the rule's position and the reason."""
    where = f"fault rule {position}"
    unknown = sorted(set(raw) - _FIELDS)
    if unknown:
        msg = f"{where}: unknown field {unknown[0]!r}, known are {sorted(_FIELDS)}"
        raise FaultInvalid(msg)
    kind = raw.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        msg = f"{where}: kind {kind!r} is none of {', '.join(KINDS)}"
        raise FaultInvalid(msg)
    method, path = _parse_on(raw.get("on"), kind, where)
    count = raw.get("count")
    rule = Rule(
        on=str(raw["on"]),
        kind=kind,
        method=method,
        path=path,
        probability=_number(raw, "probability", 1.0, where, largest=1.0),
        count=None if count is None else _integer(raw, "count", where),
        skip=_integer(raw, "skip", where),
        delay_ms=_integer(raw, "delay_ms", where),
        share_ppm=round(_number(raw, "share", 0.0, where, largest=1.0) * PPM),
        when=_parse_when(raw.get("when", "before"), kind, where),
    )
    if kind in ("delay", "ws_silent") and rule.delay_ms == 0:
        msg = f"{where}: kind {kind} needs delay_ms above 0"
        raise FaultInvalid(msg)
    if kind == "partial" and "share" not in raw:
        msg = f"{where}: kind partial needs share"
        raise FaultInvalid(msg)
    return rule


def _parse_on(on: object, kind: str, where: str) -> tuple[str, str]:
    if not isinstance(on, str) or not on.strip():
        msg = f'{where}: on must be "<METHOD> <path prefix>" or "ws"'
        raise FaultInvalid(msg)
    method, _, path = on.strip().partition(" ")
    method, path = method.upper(), path.strip()
    if path.lower() == "ws":
        method, path = "WS", ""
    if (method == "WS") != (kind in WS_KINDS):
        msg = f"{where}: kind {kind} cannot be on {on!r}"
        raise FaultInvalid(msg)
    if method != "WS" and (method not in _METHODS or not path.startswith("/")):
        msg = f'{where}: on {on!r} is not "<METHOD> <path prefix>"'
        raise FaultInvalid(msg)
    return method, path


def _parse_when(when: object, kind: str, where: str) -> str:
    if when not in ("before", "after"):
        msg = f"{where}: when must be before or after"
        raise FaultInvalid(msg)
    if when == "after" and kind != "delay" and not kind.startswith("http_5"):
        msg = f"{where}: kind {kind} has no when"
        raise FaultInvalid(msg)
    return str(when)


def _number(
    raw: Mapping[str, object], name: str, default: float, where: str, *, largest: float
) -> float:
    value = raw.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= largest:
        msg = f"{where}: {name} must be a number from 0 to {largest:g}"
        raise FaultInvalid(msg)
    return float(value)


def _integer(raw: Mapping[str, object], name: str, where: str) -> int:
    value = raw.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        msg = f"{where}: {name} must be a whole number, 0 or more"
        raise FaultInvalid(msg)
    return value
