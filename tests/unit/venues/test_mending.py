import json

import msgspec
import pytest

from twoleg.venues.mending import mend


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (rb'"\ud83c"', "\ufffd"),
        (rb'"\udf27"', "\ufffd"),
        (rb'"\ud83c\ud83c\udf27"', "\ufffd\U0001f327"),
        (rb'"\uD83Cx\uDF27"', "\ufffdx\ufffd"),
        (rb'"\ud83c\n"', "\ufffd\n"),
        (rb'"\\\ud83c"', "\\\ufffd"),
    ],
)
def test_half_a_letter_becomes_a_sign_for_what_cannot_be_read(body: bytes, text: str) -> None:
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(body)
    assert msgspec.json.decode(mend(body)) == text


@pytest.mark.parametrize(
    "body",
    [rb'"\ud83c\udf27"', rb'"\\ud83c"', rb'"\u00e9\n"', b'"\xf0\x9f\x8c\xa7"', b'{"a":', rb'"\u'],
)
def test_all_else_stays_byte_for_byte(body: bytes) -> None:
    assert mend(body) == body


def test_a_long_body_is_mended_once_through() -> None:
    body = json.dumps(["\ud83c", "\U0001f327"] * 10_000).encode()
    assert msgspec.json.decode(mend(body)) == ["\ufffd", "\U0001f327"] * 10_000
