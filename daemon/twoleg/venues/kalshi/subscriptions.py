"""What one Kalshi socket is subscribed to, and the commands that change it. Pure: no I/O.

Each market hangs on exactly one book subscription (`sid`): two would apply every change twice.
Methods queue commands and return what the books must be told. AsyncAPI 2.0.0 of 2026-10-26.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from twoleg.core.events import BooksVoid, Subscribed
from twoleg.core.market import MarketId, Venue
from twoleg.errors import FeedError, FeedStale
from twoleg.venues.kalshi.numbers import VENUE
from twoleg.venues.kalshi.wire import Acknowledged, Refused
from twoleg.venues.kalshi.wserrors import Remedy, WsError, remedy_of

BOOK_CHANNEL: Final = "orderbook_delta"
TICKER_CHANNELS: Final = frozenset({"trade", "ticker"})
"""Channels that are asked for by market; the others come for the whole account or exchange."""
COMMANDS_KEPT_MAX: Final = 512
RESUBSCRIBED: Final = "resubscribed"
UNFOLLOWED: Final = "unfollowed"
NOT_SUBSCRIBABLE: Final = "not_subscribable"

BookNews = BooksVoid | Subscribed


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """One command as it was sent; `market_ids` is whom it concerned."""

    id: int
    cmd: str
    params: Mapping[str, object]
    channel: str = ""
    sid: int = 0
    market_ids: frozenset[MarketId] = frozenset()

    @property
    def is_book_subscribe(self) -> bool:
        """Whether it asks for a new book subscription."""
        return self.cmd == "subscribe" and self.channel == BOOK_CHANNEL

    def encode(self) -> bytes:
        """The exact text of the command."""
        return msgspec.json.encode({"id": self.id, "cmd": self.cmd, "params": self.params})


class Subscriptions:
    """The book subscriptions, the other channels, and the snapshots that were asked for."""

    def __init__(self, tickers: Mapping[MarketId, str], channels: Iterable[str]) -> None:
        # Followed markets and their tickers.
        self.tickers = dict(tickers)
        # Book subscriptions that are alive: sid -> its markets.
        self.books: dict[int, set[MarketId]] = {}
        # sid -> channel of the others.
        self.channels: dict[int, str] = {}
        # Subscriptions that were given up: frames may still be under way.
        self.retired: set[int] = set()
        self._wanted_channels = tuple(channels)
        self._outbox: deque[Command] = deque()
        self._sent: dict[int, Command] = {}
        self._last_id = 0
        # Book subscriptions asked for and not acknowledged.
        self._pending: set[int] = set()
        # Snapshots to ask for; those asked for, since when; those that a new subscription is
        # the second try for.
        self._due: set[MarketId] = set()
        self._asked: dict[MarketId, int] = {}
        self._retried: set[MarketId] = set()
        # Markets added to a subscription that goes on, since when: their snapshots come unasked.
        self._added: dict[MarketId, int] = {}
        # How many markets one subscription takes, as a refusal told; 0: no limit known.
        self._markets_max = 0
        # How often the venue said that commands come too fast.
        self.slow_downs = 0

    @property
    def is_up(self) -> bool:
        """Whether every followed book is subscribed; without books, whether any channel is."""
        if self._pending:
            return False
        return bool(self.books) or (not self.tickers and bool(self.channels))

    def start(self) -> None:
        """Queue the first commands: one for the books, one for each other channel."""
        self._subscribe_books(self.tickers)
        for channel in self._wanted_channels:
            # A command each: one that is refused must not take the others with it.
            self._subscribe_channel(channel)

    def take_commands(self, now_ns: int) -> list[Command]:
        """What is to be sent now, due snapshots in one command for each subscription."""
        for sid, market_ids in self.books.items():
            due = self._due & market_ids
            if not due:
                continue
            for market_id in due:
                # Asking again must not renew the patience with the first answer.
                self._asked.setdefault(market_id, now_ns)
            self._update(sid, "get_snapshot", due)
        # What hangs on no subscription yet gets its snapshot with the one that is under way.
        self._due.clear()
        commands = list(self._outbox)
        self._outbox.clear()
        for command in commands:
            self._sent[command.id] = command
            if command.channel == BOOK_CHANNEL and not command.is_book_subscribe:
                self._added.update(dict.fromkeys(command.market_ids, now_ns))
        while len(self._sent) > COMMANDS_KEPT_MAX:
            del self._sent[next(iter(self._sent))]
        return commands

    @property
    def has_commands(self) -> bool:
        """Whether `take_commands` would give any."""
        return bool(self._outbox or self._due)

    def ask_snapshots(self, market_ids: Iterable[MarketId]) -> None:
        """Ask for new snapshots of these books, in one command with whatever else is due."""
        self._due |= set(market_ids) & self.tickers.keys()

    def saw_snapshot(self, market_id: MarketId) -> None:
        """A snapshot arrived."""
        if self._asked or self._added:
            self._asked.pop(market_id, None)
            self._added.pop(market_id, None)
            self._retried.discard(market_id)

    def judge_overdue(self, overdue_ns: int, now_ns: int) -> list[BookNews]:
        """Snapshots asked for before `overdue_ns`: subscribe anew, and then give up.

        One that should have come unasked is asked for: the venue sends none for a market that it
        has on the subscription already, as where the command that took it off was not obeyed.

        Raises:
            FeedStale: a new subscription did not bring it either.
        """
        silent = [market_id for market_id, added in self._added.items() if added < overdue_ns]
        for market_id in silent:
            del self._added[market_id]
        self.ask_snapshots(silent)
        late = {market_id for market_id, asked in self._asked.items() if asked < overdue_ns}
        if late & self._retried:
            raise FeedStale(VENUE, "a snapshot was asked for and did not come")
        news: list[BookNews] = []
        for sid in [sid for sid, market_ids in self.books.items() if market_ids & late]:
            news += self.resubscribe(sid, is_alive=True)
        for market_id in late:
            self._asked[market_id] = now_ns
            self._retried.add(market_id)
        return news

    def resubscribe(self, sid: int, *, is_alive: bool) -> list[BookNews]:
        """Give up a book subscription and make it again; its books are void meanwhile."""
        market_ids = self.books.pop(sid)
        self.retired.add(sid)
        if is_alive:
            self._queue("unsubscribe", {"sids": [sid]}, sid=sid)
        self._subscribe_books(market_ids)
        return [BooksVoid(tuple(sorted(market_ids)), RESUBSCRIBED)]

    # -- followed markets ------------------------------------------------------------------

    def follow(self, tickers: Mapping[MarketId, str]) -> list[BookNews]:
        """Follow further markets without touching those that are followed."""
        new = {key: ticker for key, ticker in tickers.items() if key not in self.tickers}
        self.tickers |= new
        if not new:
            return []
        for sid, channel in self.channels.items():
            if channel in TICKER_CHANNELS:
                self._update(sid, "add_markets", new)
        for sid, carried in self.books.items():
            if not self._markets_max or len(carried) + len(new) <= self._markets_max:
                self._update(sid, "add_markets", new)
                # At once, not with the answer: a gap in between concerns them already.
                carried.update(new)
                return [_carried(sid, carried)]
        self._subscribe_books(new)
        return []

    def unfollow(self, market_ids: Iterable[MarketId]) -> list[BookNews]:
        """Follow these markets no longer; their books are void from now on."""
        gone = {market_id for market_id in market_ids if market_id in self.tickers}
        if not gone:
            return []
        news: list[BookNews] = [BooksVoid(tuple(sorted(gone)), UNFOLLOWED)]
        for sid, channel in self.channels.items():
            if channel in TICKER_CHANNELS:
                self._update(sid, "delete_markets", gone)
        for sid in list(self.books):
            news += self._drop(sid, gone)
        for market_id in gone:
            del self.tickers[market_id]
            self.saw_snapshot(market_id)
        self._due -= gone
        return news

    def _drop(self, sid: int, gone: set[MarketId]) -> list[BookNews]:
        carried = self.books[sid]
        if not carried & gone:
            return []
        if carried <= gone:
            # Nothing says that a subscription may be empty: it is ended.
            del self.books[sid]
            self.retired.add(sid)
            self._queue("unsubscribe", {"sids": [sid]}, sid=sid)
            return []
        self._update(sid, "delete_markets", carried & gone)
        carried -= gone
        return [_carried(sid, carried)]

    # -- answers ---------------------------------------------------------------------------

    def acknowledge(self, answer: Acknowledged) -> list[BookNews]:
        """A channel has its sid.

        Raises:
            FeedError: books that were not asked for, so nobody knows which.
        """
        if answer.channel != BOOK_CHANNEL:
            self.channels[answer.sid] = answer.channel
            return []
        command = self._sent.get(answer.command_id)
        if command is None or command.id not in self._pending:
            raise FeedError(VENUE, f"subscription {answer.sid} was not asked for")
        self._pending.discard(command.id)
        # Whether a second subscribe extends the first subscription or makes another is not
        # documented; both are taken as they come.
        is_new = answer.sid not in self.books
        carried = self.books.setdefault(answer.sid, set())
        carried |= command.market_ids
        self.retired.discard(answer.sid)
        gone = carried - self.tickers.keys()
        if gone:
            # Unfollowed while the command was under way. Its tickers are known to it alone.
            carried -= gone
            self._queue("unsubscribe", {"sids": [answer.sid]}, sid=answer.sid)
            del self.books[answer.sid]
            self.retired.add(answer.sid)
            self._subscribe_books(carried)
            return [BooksVoid(tuple(sorted(carried)), RESUBSCRIBED)] if carried else []
        return [Subscribed(Venue.KALSHI, answer.sid, tuple(sorted(carried)), is_new=is_new)]

    def refuse(self, refused: Refused) -> list[BookNews]:
        """An error frame; what can be mended on this socket is queued.

        Raises:
            FeedError: only another socket can mend it.
        """
        command = self._sent.pop(refused.command_id, None)
        remedy = remedy_of(refused.code)
        if remedy is Remedy.RESUBSCRIBE:
            return self._mend(refused, refused.sid or (command.sid if command else 0))
        if remedy is Remedy.RECONNECT or (
            remedy is Remedy.WAIT and (command is None or command.cmd == "subscribe")
        ):
            # A subscribe that may have worked must not be repeated on the same socket.
            raise _failed(refused)
        if command is None:
            return []
        if command.is_book_subscribe and command.id not in self._pending:
            # Acknowledged before: what holds is not known.
            raise _failed(refused)
        self._pending.discard(command.id)
        if remedy is Remedy.SLOW_DOWN:
            self.slow_downs += 1
            self._repeat(command)
        elif remedy is Remedy.WAIT:
            # A request for snapshots, too: asking twice costs nothing, waiting costs the books.
            self.ask_snapshots(command.market_ids)
        elif command.channel != BOOK_CHANNEL:
            return []
        elif remedy is Remedy.SPLIT:
            return self._split(command, refused)
        elif command.is_book_subscribe:
            raise _failed(refused)
        else:
            news = self._take_off(command)
            self._subscribe_books(command.market_ids)
            return news
        return []

    def _mend(self, refused: Refused, sid: int) -> list[BookNews]:
        if sid in self.books:
            return self.resubscribe(sid, is_alive=False)
        channel = self.channels.pop(sid, "")
        if channel:
            self.retired.add(sid)
            self._subscribe_channel(channel)
            return []
        if sid in self.retired:
            return []
        # Which subscription died is not told: all of them are in doubt.
        raise _failed(refused)

    def _split(self, command: Command, refused: Refused) -> list[BookNews]:
        """Ask for the markets of a refused command in two halves, in subscriptions of their own.

        So a subscription that is too large becomes two, and a market that the venue does not
        know ends up alone and is left out.
        """
        market_ids = sorted(command.market_ids & self.tickers.keys())
        news = self._take_off(command)
        named = [key for key in market_ids if self.tickers[key] in refused.tickers]
        if refused.code == WsError.MARKET_LIMIT:
            self._markets_max = max(1, len(self.books.get(command.sid, ())), len(market_ids) // 2)
            if len(market_ids) == 1 and not command.sid:
                raise _failed(refused)
        elif len(market_ids) == 1 or named:
            left_out = set(named or market_ids)
            for market_id in left_out:
                del self.tickers[market_id]
            news.append(BooksVoid(tuple(sorted(left_out)), NOT_SUBSCRIBABLE))
            self._subscribe_books(set(market_ids) - left_out)
            return news
        middle = len(market_ids) // 2
        self._subscribe_books(market_ids[:middle])
        self._subscribe_books(market_ids[middle:])
        return news

    def _take_off(self, command: Command) -> list[BookNews]:
        """The markets of a refused addition do not hang on that subscription after all."""
        if command.sid not in self.books:
            return []
        carried = self.books[command.sid]
        carried -= command.market_ids
        return [_carried(command.sid, carried)]

    def _repeat(self, command: Command) -> None:
        self._queue(
            command.cmd,
            command.params,
            channel=command.channel,
            sid=command.sid,
            market_ids=command.market_ids,
        )

    # -- commands --------------------------------------------------------------------------

    def _subscribe_books(self, market_ids: Iterable[MarketId]) -> None:
        wanted = [market_id for market_id in self.tickers if market_id in set(market_ids)]
        size = self._markets_max or len(wanted)
        for start in range(0, len(wanted), max(1, size)):
            part = wanted[start : start + size]
            params = {
                "channels": [BOOK_CHANNEL],
                "market_tickers": [self.tickers[market_id] for market_id in part],
                # Explicit: the default is announced to flip one day.
                "use_yes_price": True,
            }
            self._queue("subscribe", params, channel=BOOK_CHANNEL, market_ids=frozenset(part))

    def _subscribe_channel(self, channel: str) -> None:
        params: dict[str, object] = {"channels": [channel]}
        if channel in TICKER_CHANNELS:
            # Unfiltered, these bring the whole exchange.
            params["market_tickers"] = list(self.tickers.values())
        self._queue("subscribe", params, channel=channel)

    def _update(self, sid: int, action: str, market_ids: Iterable[MarketId]) -> None:
        chosen = sorted(market_ids)
        params = {
            "sids": [sid],
            "action": action,
            "market_tickers": [self.tickers[market_id] for market_id in chosen],
        }
        is_book = sid in self.books and action == "add_markets"
        channel = BOOK_CHANNEL if is_book else ""
        self._queue(
            "update_subscription", params, channel=channel, sid=sid, market_ids=frozenset(chosen)
        )

    def _queue(
        self,
        cmd: str,
        params: Mapping[str, object],
        *,
        channel: str = "",
        sid: int = 0,
        market_ids: frozenset[MarketId] = frozenset(),
    ) -> None:
        self._last_id += 1
        command = Command(
            id=self._last_id,
            cmd=cmd,
            params=params,
            channel=channel,
            sid=sid,
            market_ids=market_ids,
        )
        if command.is_book_subscribe:
            self._pending.add(command.id)
        self._outbox.append(command)


def _carried(sid: int, market_ids: set[MarketId]) -> Subscribed:
    return Subscribed(Venue.KALSHI, sid, tuple(sorted(market_ids)), is_new=False)


def _failed(refused: Refused) -> FeedError:
    return FeedError(VENUE, f"error {refused.code}: {refused.text[:100]}")
