"""What a market's texts say, as one short word: to approve it, and to see that it changed. Pure."""

from hashlib import sha256
from unicodedata import normalize

from twoleg.core.market import Market


def rules_fingerprint(market: Market) -> str:
    """The fingerprint of a market's title and rules."""
    return texts_fingerprint(market.title, market.rules)


def texts_fingerprint(title: str, rules: str) -> str:
    """`sha256:` and 64 hex digits over title and rules.

    Spacing and the way in which Unicode composes its letters do not count; every letter, digit and
    sign does, as any of them may change what a market settles on.
    """
    texts = [" ".join(normalize("NFC", text).split()) for text in (title, rules)]
    return "sha256:" + sha256("\n".join(texts).encode()).hexdigest()
