"""Logs: one line per event, JSON or text, with every secret taken out before it is rendered.

Event names are in the past tense (`leg_filled`), facts are keyword fields. Lines of the standard
library's logging (asyncio, aiohttp, websockets) pass through the same steps.
"""

import logging
import os
import re
import sys
import traceback
from collections.abc import Mapping
from contextlib import AbstractContextManager
from enum import Enum
from typing import Final, TextIO, cast
from urllib.parse import quote

import msgspec
import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

from twoleg.settings import LogFormat, LogSettings

MASK: Final = "***"
# A shorter text would mask half of every line, and is no secret worth the name.
SECRET_LENGTH_MIN: Final = 6
DEPTH_MAX: Final = 8
INT_MAX: Final = 2**63 - 1
# They log every frame at debug level, the one with our credentials included, on the hot path.
QUIET_LOGGERS: Final = ("aiohttp", "websockets", "asyncpg")

_SECRET_KEY: Final = re.compile(
    r"private_?key(?!_path)|secret|passphrase|password|signature(?!_type)|authorization|cookie"
    r"|api_?key(?!_id)|credential|mnemonic|^poly_|^kalshi_access|database_?url",
    re.IGNORECASE,
)
# The same names inside a text, as headers or JSON: what follows them up to a quote or a line end.
_SECRET_PAIR: Final = re.compile(
    r"(?P<name>[\w-]*(?:private_?key(?!_path)|secret|passphrase|password|signature(?!_type)"
    r"|authorization|api_?key(?!_id)|cookie)[\w-]*[\"']?\s*[:=]\s*(?:b(?=[\"']))?[\"']?)"
    r"(?P<value>(?:(?:Bearer|Basic)\s+)?[^\s\"',;}]+)",
    re.IGNORECASE,
)
_URL_PASSWORD: Final = re.compile(r"(\b[\w+.-]+://[^\s:/@]*):[^\s]+@")


class Redactor:
    """Knows the secrets of this process and takes them out of anything."""

    def __init__(self) -> None:
        # Every spelling of every secret, in lower case.
        self._spellings: set[str] = set()
        # All of them as one pattern, longest first; None until it is needed.
        self._pattern: re.Pattern[str] | None = None

    def register(self, secret: str) -> None:
        """Take this text out from now on, in every spelling it may have on its way to a log."""
        self._spellings |= {
            text.lower() for text in _spellings(secret) if len(text) >= SECRET_LENGTH_MIN
        }
        # Made with the next text: secrets come in bunches, and each pattern costs milliseconds.
        self._pattern = None

    def text(self, text: str) -> str:
        """The text without secrets, credentials in headers, and passwords in addresses."""
        if self._spellings:
            text = self._secrets().sub(MASK, text)
        text = _URL_PASSWORD.sub(rf"\1:{MASK}@", text)
        text = _SECRET_PAIR.sub(rf"\g<name>{MASK}", text)
        # A lone surrogate in a venue's text would cost the whole line.
        return text.encode("utf-8", "backslashreplace").decode()

    def value(self, value: object, depth: int = 0) -> object:
        """The value in plain types that a renderer can write, without secrets."""
        if isinstance(value, Enum):
            value = value.value
        if isinstance(value, int):
            # JSON ends at 64 bits, and a Polymarket token id has 256.
            return value if -INT_MAX <= value <= INT_MAX else str(value)
        if value is None or isinstance(value, float):
            return value
        if depth < DEPTH_MAX and isinstance(value, Mapping):
            return {self.text(str(k)): self._field(k, item, depth) for k, item in value.items()}
        if depth < DEPTH_MAX and isinstance(value, list | tuple | set | frozenset):
            return [self.value(item, depth + 1) for item in value]
        return self.text(_plain(value))

    def __call__(self, _logger: WrappedLogger, _name: str, event_dict: EventDict) -> EventDict:
        """Redact a whole line: the last step before rendering."""
        return {key: self._field(key, value, 0) for key, value in event_dict.items()}

    def _secrets(self) -> re.Pattern[str]:
        if self._pattern is None:
            longest_first = sorted(self._spellings, key=lambda text: (-len(text), text))
            self._pattern = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)
        return self._pattern

    def _field(self, key: object, value: object, depth: int) -> object:
        is_secret = _SECRET_KEY.search(str(key).replace("-", "_"))
        if is_secret and value not in (None, "", b""):
            return MASK
        return self.value(value, depth + 1)


_REDACTOR: Final = Redactor()


def register_secret(secret: str) -> None:
    """Take this text out of every line that is logged from now on."""
    _REDACTOR.register(secret)


def describe_error(error: BaseException, depth: int = 0) -> str:
    """Type and message of an error, its causes and the members of a group; no traceback."""
    text = f"{type(error).__name__}: {error}".removesuffix(": ")
    # An error may be its own cause.
    if depth == DEPTH_MAX:
        return text
    if isinstance(error, BaseExceptionGroup):
        members = cast("BaseExceptionGroup[BaseException]", error).exceptions
        text += " [" + "; ".join(describe_error(member, depth + 1) for member in members) + "]"
    cause = error.__cause__
    return f"{text} <- {describe_error(cause, depth + 1)}" if cause is not None else text


def is_coloured(stream: TextIO) -> bool:
    """Whether a stream is a terminal that wants colours: NO_COLOR and dumb ones do not."""
    is_plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return stream.isatty() and not is_plain


def configure_logs(settings: LogSettings, *, stream: TextIO | None = None) -> None:
    """Send all logging, ours and the standard library's, to `stream` (standard output)."""
    out = sys.stdout if stream is None else stream
    level = logging.getLevelNamesMapping()[settings.level.value.upper()]
    is_json = settings.format is LogFormat.JSON or (
        settings.format is LogFormat.AUTO and not out.isatty()
    )
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _ErrorField(has_traceback=level == logging.DEBUG),
                _REDACTOR,
                _renderer(is_json=is_json, colors=is_coloured(out)),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in QUIET_LOGGERS:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    # A line that cannot be formatted would be printed raw, arguments and all, past the redactor.
    logging.raiseExceptions = False


def get_logger() -> FilteringBoundLogger:
    """A logger that takes an event name and keyword fields."""
    return cast("FilteringBoundLogger", structlog.get_logger())


def log_context(
    *,
    execution_id: str | int | None = None,
    pair_id: str | None = None,
    venue: str | None = None,
) -> AbstractContextManager[None]:
    """Bind these to every line logged inside, by this task and those it starts."""
    given = {"execution_id": execution_id, "pair_id": pair_id, "venue": venue}
    present = {name: value for name, value in given.items() if value is not None}
    return cast("AbstractContextManager[None]", structlog.contextvars.bound_contextvars(**present))


class _ErrorField:
    """Turns `exc_info` into an `error` field, and into a traceback only where debugging."""

    def __init__(self, *, has_traceback: bool) -> None:
        self._has_traceback = has_traceback

    def __call__(self, _logger: WrappedLogger, _name: str, event_dict: EventDict) -> EventDict:
        given = event_dict.pop("exc_info", None)
        event_dict.pop("stack_info", None)
        if given is True:
            given = sys.exc_info()
        error = given[1] if isinstance(given, tuple) else given
        if isinstance(error, BaseException):
            event_dict["error"] = describe_error(error)
            if self._has_traceback:
                event_dict["exception"] = "".join(traceback.format_exception(error))
        return event_dict


def _renderer(*, is_json: bool, colors: bool) -> Processor:
    if is_json:
        return structlog.processors.JSONRenderer(
            serializer=lambda value, **_: msgspec.json.encode(value).decode()
        )
    # The default formatter of exceptions prints local variables, keys among them.
    return structlog.dev.ConsoleRenderer(
        colors=colors, exception_formatter=structlog.dev.plain_traceback
    )


def _plain(value: object) -> str:
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8", "backslashreplace")
    return describe_error(value) if isinstance(value, BaseException) else str(value)


def _spellings(secret: str) -> set[str]:
    """How a secret may be written: as it is, escaped, percent-encoded, bare hex, line by line."""
    bare = secret.removeprefix("0x")
    lines = [line for line in secret.splitlines() if "-----" not in line]
    escaped = secret.encode("unicode_escape").decode()
    return {secret, bare, escaped, quote(secret, safe=""), *(line.strip() for line in lines)}
