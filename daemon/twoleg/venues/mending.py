"""JSON that is right but for half a letter: a text cut in the middle of a surrogate pair.

Users' texts are in every list of markets, and one that ends in half an emoji must not hide the
other rows. Pure.
"""

import re
from typing import Final

# An escape of any kind, so that an escaped backslash before a `u` is not taken for one of a letter.
_ESCAPES: Final = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|\\u[dD][89a-fA-F][0-9a-fA-F]{2}|\\."
)
_LONE_BYTES: Final = 6
_REPLACEMENT: Final = rb"\ufffd"


def mend(body: bytes) -> bytes:
    """The body with U+FFFD for each surrogate that stands alone; else byte for byte the same."""
    return _ESCAPES.sub(_mend_one, body)


def _mend_one(match: re.Match[bytes]) -> bytes:
    escape = match[0]
    return _REPLACEMENT if len(escape) == _LONE_BYTES else escape
