"""What settings must hold together; each relation is checked once its keys read well."""

from collections.abc import Callable
from typing import Final, NamedTuple

from twoleg.settings.hosts import URL_KEYS, hosts
from twoleg.settings.model import Settings
from twoleg.settings.reader import shown
from twoleg.settings.words import Environment, Mode


class Relation(NamedTuple):
    """`holds` must be true of the keys; the fault is told at the first of them."""

    keys: tuple[str, ...]
    holds: Callable[[Settings], bool]
    expected: str


RELATIONS: Final = (
    Relation(
        ("trading.edge_cents_min", "trading.edge_cents_max"),
        lambda s: s.trading.edge_cents_min <= s.trading.edge_cents_max,
        "at most trading.edge_cents_max",
    ),
    Relation(
        ("trading.price_cents_min", "trading.price_cents_max"),
        lambda s: s.trading.price_cents_min < s.trading.price_cents_max,
        "less than trading.price_cents_max",
    ),
    Relation(
        ("trading.size_contracts_max", "trading.position_contracts_max"),
        lambda s: s.trading.size_contracts_max <= s.trading.position_contracts_max,
        "at most trading.position_contracts_max",
    ),
    Relation(
        ("trading.unwind_loss_cents", "trading.rollback_loss_cents_max"),
        lambda s: s.trading.unwind_loss_cents <= s.trading.rollback_loss_cents_max,
        "at most trading.rollback_loss_cents_max: a loss that is expected must be allowed",
    ),
    Relation(
        ("trading.rollback_ladder_cents_ms", "trading.rollback_loss_cents_max"),
        lambda s: s.trading.rollback_ladder_cents_ms[-1][0] <= s.trading.rollback_loss_cents_max,
        "no step above trading.rollback_loss_cents_max",
    ),
    Relation(
        ("kalshi.rollback_tokens_reserve", "kalshi.write_tokens_per_second"),
        lambda s: s.kalshi.rollback_tokens_reserve < s.kalshi.write_tokens_per_second,
        "less than kalshi.write_tokens_per_second",
    ),
    Relation(
        ("polymarket.rollback_tokens_reserve", "polymarket.write_tokens_per_second"),
        lambda s: s.polymarket.rollback_tokens_reserve < s.polymarket.write_tokens_per_second,
        "less than polymarket.write_tokens_per_second",
    ),
    Relation(
        ("journal.reserve_mib", "journal.segment_mib"),
        lambda s: s.journal.reserve_mib < s.journal.segment_mib,
        "less than journal.segment_mib",
    ),
    Relation(
        ("daemon.environment", "daemon.mode"),
        lambda s: s.daemon.mode is not Mode.SIM or s.daemon.environment is Environment.SIMULATED,
        '"simulated" in mode sim',
    ),
    Relation(
        ("daemon.environment", "daemon.mode"),
        lambda s: (
            s.daemon.mode is not Mode.LIVE or s.daemon.environment is not Environment.SIMULATED
        ),
        '"production" or "demo" in mode live',
    ),
    Relation(
        ("polymarket.chain_id", "daemon.environment"),
        lambda s: (
            s.daemon.environment is not Environment.PRODUCTION or s.polymarket.chain_id == 137
        ),
        "137 (Polygon) in the production environment",
    ),
    Relation(
        ("kalshi.private_key_path", "kalshi.private_key"),
        lambda s: s.kalshi.private_key_path is None or not s.kalshi.private_key,
        "only one of KALSHI_PRIVATE_KEY_PATH and KALSHI_PRIVATE_KEY",
    ),
    Relation(
        ("polymarket.api_key", "polymarket.api_secret", "polymarket.api_passphrase"),
        lambda s: len({bool(part) for part in _api_parts(s)}) == 1,
        "all or none of POLYMARKET_API_KEY, POLYMARKET_API_SECRET, POLYMARKET_API_PASSPHRASE",
    ),
)

KEY_RELATIONS: Final = (
    Relation(
        ("kalshi.key_id", "daemon.mode"),
        lambda s: _not_live(s) or s.kalshi.key_id != "",
        "set KALSHI_API_KEY_ID: mode live needs it",
    ),
    Relation(
        ("kalshi.private_key", "daemon.mode"),
        lambda s: (
            _not_live(s) or bool(s.kalshi.private_key) or s.kalshi.private_key_path is not None
        ),
        "set KALSHI_PRIVATE_KEY_PATH or KALSHI_PRIVATE_KEY: mode live needs one",
    ),
    Relation(
        ("polymarket.private_key", "daemon.mode"),
        lambda s: _not_live(s) or bool(s.polymarket.private_key),
        "set POLYMARKET_PRIVATE_KEY: mode live needs it",
    ),
    Relation(
        ("polymarket.funder", "polymarket.signature_type", "daemon.mode"),
        lambda s: _not_live(s) or s.polymarket.signature_type != 3 or bool(s.polymarket.funder),
        "set POLYMARKET_FUNDER: signature_type 3 trades from a deposit wallet",
    ),
)
"""What trading needs, and nothing else does: reading markets or the record takes no key."""


def _not_live(settings: Settings) -> bool:
    return settings.daemon.mode is not Mode.LIVE


def _api_parts(settings: Settings) -> tuple[object, object, object]:
    venue = settings.polymarket
    return venue.api_key, venue.api_secret, venue.api_passphrase


def broken_relations(settings: Settings, *, needs_keys: bool) -> tuple[tuple[Relation, str], ...]:
    """The relations that do not hold, each with the values of its keys."""
    relations = (*RELATIONS, *(KEY_RELATIONS if needs_keys else ()), *_url_relations())
    return tuple(
        (relation, _told(settings, relation))
        for relation in relations
        if not relation.holds(settings)
    )


def _url_relations() -> tuple[Relation, ...]:
    """An address of our own choosing is for simulators: keys must not be sent elsewhere."""
    return tuple(
        Relation(
            (f"{venue}.{name}", "daemon.environment"),
            _own_or_simulated(venue, name),
            f'"auto" where {venue} is not simulated',
        )
        for venue, names in URL_KEYS.items()
        for name in names
    )


def _own_or_simulated(venue: str, name: str) -> Callable[[Settings], bool]:
    def holds(settings: Settings) -> bool:
        own = hosts(venue, settings.daemon.environment)
        return not own or value_of(settings, f"{venue}.{name}") == own[name]

    return holds


def value_of(settings: Settings, key: str) -> object:
    """The value at `section.name`."""
    section, _, name = key.partition(".")
    return getattr(getattr(settings, section), name)


def _told(settings: Settings, relation: Relation) -> str:
    first, *others = relation.keys
    context = ", ".join(f"{key} = {shown(value_of(settings, key))}" for key in others)
    return f"{shown(value_of(settings, first))} ({context})"
