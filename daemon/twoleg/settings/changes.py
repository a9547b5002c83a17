"""What a reload would change, and which changes wait for a restart."""

from dataclasses import dataclass
from typing import Final

from twoleg.settings.loading import SPECS
from twoleg.settings.model import Settings
from twoleg.settings.reader import shown
from twoleg.settings.relations import value_of

RESTART_KEYS: Final = frozenset(
    f"{section}.{name}"
    for section, specs in SPECS.items()
    for name, spec in specs.items()
    if spec.needs_restart
)
"""Keys whose change takes effect only at a restart, as marked in the model."""


@dataclass(frozen=True, slots=True)
class Change:
    """One key that differs; the values are fit to be seen."""

    key: str
    old: str
    new: str
    needs_restart: bool


def diff(old: Settings, new: Settings) -> tuple[Change, ...]:
    """Every key that differs, in the order of the model."""
    keys = [f"{section}.{name}" for section, specs in SPECS.items() for name in specs]
    return tuple(
        Change(
            key=key,
            old=shown(value_of(old, key)),
            new=shown(value_of(new, key)),
            needs_restart=key in RESTART_KEYS,
        )
        for key in keys
        if value_of(old, key) != value_of(new, key)
    )


def describe(settings: Settings) -> dict[str, dict[str, str]]:
    """All settings in force by section and key, secrets hidden, for the control side."""
    return {
        section: {name: shown(value_of(settings, f"{section}.{name}")) for name in specs}
        for section, specs in SPECS.items()
    }
