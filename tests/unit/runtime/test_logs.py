"""Logs leave nothing secret behind, whatever way it came in."""

import asyncio
import io
import json
import logging
from enum import Enum
from typing import Any

import msgspec
import pytest

from twoleg.errors import OutcomeUnknown
from twoleg.runtime import logs
from twoleg.runtime.logs import Redactor, configure_logs, get_logger, log_context
from twoleg.settings import LogFormat, LogLevel, LogSettings, Secret

KEY = "0xAC0974BEC39A17E36BA4A6B4D238FF944BACB478CBED5EFCAE784D7BF4F2FF80"
PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nAQEFAASCBKcwggSjAgEAAoIB\n-----END PRIVATE KEY-----"
PASSPHRASE = "pass/phrase+with=signs"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Colour(Enum):
    RED = "red"


class Body(msgspec.Struct):
    text: str


@pytest.fixture(autouse=True)
def _own_redactor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test has a redactor of its own."""
    redactor = Redactor()
    for secret in (KEY, PEM, PASSPHRASE):
        redactor.register(secret)
    monkeypatch.setattr(logs, "_REDACTOR", redactor)


def configured(
    level: LogLevel = LogLevel.INFO, form: LogFormat = LogFormat.JSON, stream: Any = None
) -> Any:
    stream = stream or io.StringIO()
    configure_logs(LogSettings(level=level, format=form), stream=stream)
    return stream


def lines(stream: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_has_time_level_event_and_fields() -> None:
    out = configured()
    get_logger().info("leg_filled", size_e6=5, colour=Colour.RED, token=2**200, none=None)
    (line,) = lines(out)
    assert line["event"] == "leg_filled"
    assert line["level"] == "info"
    assert line["timestamp"].endswith("Z")
    assert (line["size_e6"], line["colour"], line["token"], line["none"]) == (
        5,
        "red",
        str(2**200),
        None,
    )


def test_context_is_bound_inside_and_only_there() -> None:
    out = configured()
    with log_context(execution_id=7, pair_id="p", venue="kalshi"):
        get_logger().info("inside_seen")
        with log_context(venue="polymarket"):
            get_logger().info("nested_seen")
    get_logger().info("outside_seen")
    inside, nested, outside = lines(out)
    assert (inside["execution_id"], inside["pair_id"], inside["venue"]) == (7, "p", "kalshi")
    assert (nested["execution_id"], nested["venue"]) == (7, "polymarket")
    assert "venue" not in outside


async def test_context_reaches_tasks_and_the_standard_library() -> None:
    out = configured()

    async def child() -> None:
        logging.getLogger("some.library").warning("slow %s", "callback")

    with log_context(execution_id=9):
        await asyncio.create_task(child())
    (line,) = lines(out)
    assert (line["event"], line["logger"], line["execution_id"]) == (
        "slow callback",
        "some.library",
        9,
    )


@pytest.mark.parametrize(
    "value",
    [
        KEY,
        KEY.removeprefix("0x").lower(),
        f"before {KEY} after",
        f"{KEY}".encode(),
        bytearray(PASSPHRASE.encode()),
        memoryview(PASSPHRASE.encode()),
        {"deep": [{"deeper": (KEY,)}]},
        {KEY: 1},
        {PASSPHRASE},
        ValueError(f"bad key {KEY}"),
        Body(text=PASSPHRASE),
        "pass%2Fphrase%2Bwith%3Dsigns",
        PEM,
        PEM.replace("\n", "\\n"),
        "AQEFAASCBKcwggSjAgEAAoIB",
        [[[[[[[[[[[[KEY]]]]]]]]]]]],
    ],
)
def test_registered_secrets_are_replaced_wherever_they_hide(value: object) -> None:
    out = configured()
    get_logger().info("thing_seen", value=value)
    text = out.getvalue().lower()
    assert logs.MASK in text
    for part in (
        KEY.removeprefix("0x"),
        PASSPHRASE,
        "pass%2fphrase",
        "aqefaascbkcw",
        "miievqibadan",
    ):
        assert part.lower() not in text


def test_registered_secret_in_the_event_itself_is_replaced() -> None:
    out = configured()
    get_logger().info(f"started_with {KEY}")
    logging.getLogger("lib").error("key=%s", KEY)
    assert KEY not in out.getvalue()
    assert len(lines(out)) == 2


@pytest.mark.parametrize(
    "key",
    [
        "private_key", "api_secret", "passphrase", "signature", "Authorization", "apiKey", "api-key",
        "KALSHI-ACCESS-SIGNATURE", "KALSHI-ACCESS-KEY", "POLY_SIGNATURE", "POLY_PASSPHRASE",
        "POLY_API_KEY", "DATABASE_URL", "password",
    ],
)  # fmt: skip
def test_secret_looking_keys_are_masked_at_any_depth(key: str) -> None:
    out = configured()
    get_logger().info("headers_sent", headers={key: "unregistered"}, **{key: b"unregistered"})
    (line,) = lines(out)
    assert line["headers"][key] == line[key] == logs.MASK


@pytest.mark.parametrize(
    "key", ["signature_type", "private_key_path", "api_key_id", "yes_token", "event_key"]
)
def test_harmless_keys_are_kept(key: str) -> None:
    out = configured()
    get_logger().info("settings_loaded", **{key: "kept"})
    assert lines(out)[0][key] == "kept"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("postgresql://me:pw@db:5432/x", "postgresql://me:***@db:5432/x"),
        ("postgres://me:p@ss/word@db/x", "postgres://me:***@db/x"),
        ("{'POLY_SIGNATURE': 'abc', 'x': 1}", "{'POLY_SIGNATURE': '***', 'x': 1}"),
        ('{"secret":"abc","x":1}', '{"secret":"***","x":1}'),
        ("Authorization: Bearer abc.def", "Authorization: ***"),
        ("KALSHI-ACCESS-SIGNATURE: abc==", "KALSHI-ACCESS-SIGNATURE: ***"),
        ("https://127.0.0.1:8000/path", "https://127.0.0.1:8000/path"),
        ("signature_type: 3", "signature_type: 3"),
    ],
)
def test_credentials_inside_text_are_masked(text: str, expected: str) -> None:
    assert Redactor().text(text) == expected


def fail_with(error: BaseException, cause: BaseException | None = None) -> None:
    raise error from cause


def test_exceptions_are_type_and_message_without_traceback() -> None:
    out = configured()
    try:
        fail_with(OutcomeUnknown("kalshi", "timeout"), ValueError(f"inner {KEY}"))
    except OutcomeUnknown:
        get_logger().exception("order_lost")
        logging.getLogger("lib").exception("library lost it")
    for line in lines(out):
        assert line["error"] == "OutcomeUnknown: kalshi: timeout <- ValueError: inner ***"
        assert "exception" not in line
    assert "Traceback" not in out.getvalue()


def test_debug_level_has_redacted_tracebacks() -> None:
    out = configured(LogLevel.DEBUG)
    local_secret = KEY
    try:
        fail_with(ValueError(local_secret))
    except ValueError:
        get_logger().exception("thing_failed")
        logging.getLogger("lib").exception("lib failed")
    for line in lines(out):
        assert line["exception"].startswith("Traceback")
    assert KEY.lower() not in out.getvalue().lower()


def test_exception_groups_name_their_members() -> None:
    out = configured()
    group = ExceptionGroup("feeds", [ValueError("a"), OSError(2, "gone")])
    get_logger().error("tasks_died", exc_info=group)
    assert lines(out)[0]["error"] == (
        "ExceptionGroup: feeds (2 sub-exceptions) [ValueError: a; FileNotFoundError: [Errno 2] gone]"
    )


def test_level_filters_ours_and_theirs() -> None:
    out = configured(LogLevel.WARNING)
    get_logger().info("not_seen")
    logging.getLogger("lib").info("not seen")
    get_logger().warning("seen")
    assert [line["event"] for line in lines(out)] == ["seen"]


def test_frame_dumps_of_the_socket_libraries_stay_off_at_debug() -> None:
    out = configured(LogLevel.DEBUG)
    logging.getLogger("websockets.client").debug("> TEXT '{auth}'")
    logging.getLogger("lib").debug("seen")
    assert [line["event"] for line in lines(out)] == ["seen"]


def test_terminal_gets_text_and_a_pipe_gets_json() -> None:
    terminal = configured(form=LogFormat.AUTO, stream=Terminal())
    get_logger().info("leg_filled", venue="kalshi")
    assert "leg_filled" in terminal.getvalue()
    assert not terminal.getvalue().startswith("{")
    pipe = configured(form=LogFormat.AUTO)
    get_logger().info("leg_filled")
    assert lines(pipe)[0]["event"] == "leg_filled"


def test_text_format_redacts_too_and_shows_no_local_variables() -> None:
    out = configured(LogLevel.DEBUG, LogFormat.TEXT)
    unregistered_local = "only-in-a-local-variable"
    try:
        fail_with(ValueError(KEY, len(unregistered_local)))
    except ValueError:
        get_logger().exception("thing_failed", passphrase="x-y-z")
    text = out.getvalue()
    assert KEY not in text
    assert "x-y-z" not in text
    assert "only-in-a-local-variable" not in text.replace(
        'unregistered_local = "only-in-a-local-variable"', ""
    )


def test_bad_arguments_of_a_foreign_line_are_not_printed_raw(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configured()
    template = "two %s %s"
    logging.getLogger("lib").error(template, KEY)
    assert KEY not in "".join(capsys.readouterr())


def test_odd_values_do_not_cost_the_line() -> None:
    out = configured()
    get_logger().info(
        "odd_seen",
        surrogate="\ud800",
        secret_object=Secret("hidden-text"),
        huge=-(2**70),
        when=object,
    )
    assert len(lines(out)) == 1
    assert "hidden-text" not in out.getvalue()


def test_short_texts_are_not_taken_for_secrets() -> None:
    redactor = Redactor()
    redactor.register("a")
    redactor.register("")
    assert redactor.text("a banana") == "a banana"


def test_register_secret_takes_effect_at_once() -> None:
    out = configured()
    logs.register_secret("fresh-secret")
    get_logger().info("told", detail="a fresh-secret")
    assert lines(out)[0]["detail"] == "a ***"


def test_error_that_is_its_own_cause_ends() -> None:
    error = ValueError("round")
    error.__cause__ = error
    assert logs.describe_error(error).count("round") == logs.DEPTH_MAX + 1
