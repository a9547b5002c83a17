"""Every error that crosses a border inside twoleg, as one tree.

TwolegError
├── ConfigError            a setting is wrong; carries all faults at once
├── CredentialError        a key is missing or unreadable; never holds key material
├── VenueError
│   ├── VenueRejected      the venue said no: it did not happen
│   ├── VenueUnavailable   the venue could not be asked: nothing was sent
│   └── OutcomeUnknown     sent and not answered: ask the venue, never resend blindly
├── FeedError
│   ├── FeedStale          the socket is open and silent
│   └── MalformedMessage   a frame that cannot be read
├── StorageError
│   ├── JournalFull        no room for what must be written first
│   ├── JournalCorrupt     a record in the middle of the journal does not check
│   ├── DatabaseUnavailable
│   └── PostgresMissing    no server binaries could be found
├── PairRefused            what was asked of a pair may not be done; nothing was changed
└── InvariantBroken        our own bug
    └── IllegalTransition  a state machine was given an event it has no row for
"""

from dataclasses import dataclass


class TwolegError(Exception):
    """Root of all errors raised on purpose."""


@dataclass(frozen=True, slots=True)
class ConfigFault:
    """One wrong setting: where it stands, what it holds, what would be right."""

    source: str
    key: str
    value: str
    expected: str

    def __str__(self) -> str:
        return f"{self.source}: {self.key} = {self.value}: {self.expected}"


class ConfigError(TwolegError):
    """The configuration cannot be used; all faults are reported at once."""

    def __init__(self, faults: tuple[ConfigFault, ...]) -> None:
        super().__init__(faults)
        self.faults = faults

    def __str__(self) -> str:
        return "\n".join(str(fault) for fault in self.faults)


class CredentialError(TwolegError):
    """A secret is missing or unreadable; names the variable and the venue, never the value."""

    def __init__(self, venue: str, variable: str, reason: str) -> None:
        super().__init__(venue, variable, reason)
        self.venue = venue
        self.variable = variable
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.venue}: {self.variable}: {self.reason}"


class VenueError(TwolegError):
    """Something about one venue; `code` is the venue's own word where it gave one.

    `retry_after_s` is when to come back, in seconds; 0: not told.
    """

    def __init__(
        self,
        venue: str,
        code: str,
        detail: str = "",
        *,
        http_status: int = 0,
        retry_after_s: int = 0,
    ) -> None:
        super().__init__(venue, code, detail, http_status)
        self.venue = venue
        self.code = code
        self.detail = detail
        self.http_status = http_status
        self.retry_after_s = retry_after_s

    def __str__(self) -> str:
        status = f" (HTTP {self.http_status})" if self.http_status else ""
        detail = f": {self.detail}" if self.detail else ""
        return f"{self.venue}: {self.code}{status}{detail}"


class VenueRejected(VenueError):
    """The venue answered no: what was asked for did not happen."""


class VenueUnavailable(VenueError):
    """The venue could not be reached or read from; nothing was changed there."""


class OutcomeUnknown(VenueError):
    """A write was sent and not answered; it may have happened."""


class FeedError(TwolegError):
    """A market data or user stream is not to be trusted."""

    def __init__(self, venue: str, reason: str) -> None:
        super().__init__(venue, reason)
        self.venue = venue
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.venue} feed: {self.reason}"


class FeedStale(FeedError):
    """The socket is open and nothing arrives."""


class MalformedMessage(FeedError):
    """A frame cannot be read; `head` holds its first 200 bytes, `market` whom it concerned."""

    def __init__(self, venue: str, reason: str, head: bytes = b"", market: str = "") -> None:
        super().__init__(venue, reason)
        self.head = head[:200]
        self.market = market


class StorageError(TwolegError):
    """The journal or the database cannot do what was asked."""


class JournalFull(StorageError):
    """No room is left for a record that must be written before its act."""


class JournalCorrupt(StorageError):
    """A record in the middle of the journal does not check; nothing was dropped silently."""


class DatabaseUnavailable(StorageError):
    """Postgres cannot be reached now."""


class PostgresMissing(StorageError):
    """No Postgres server binaries were found."""


class PairRefused(TwolegError):
    """What was asked of a pair may not be done; `names` are the differences in the way of it."""

    def __init__(self, pair_id: str, reason: str, names: tuple[str, ...] = ()) -> None:
        super().__init__(pair_id, reason, names)
        self.pair_id = pair_id
        self.reason = reason
        self.names = names

    def __str__(self) -> str:
        named = f": {', '.join(self.names)}" if self.names else ""
        return f"pair {self.pair_id}: {self.reason}{named}"


class InvariantBroken(TwolegError):
    """The program contradicts itself: a bug of ours; trips the breaker."""


class IllegalTransition(InvariantBroken):
    """A state machine was given an event for which its table has no row."""

    def __init__(self, machine: str, state: object, signal: object) -> None:
        super().__init__(machine, state, signal)
        self.machine = machine
        self.state = state
        self.signal = signal

    def __str__(self) -> str:
        return f"{self.machine}: no row for {self.signal} in {self.state}"
