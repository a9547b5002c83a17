"""What the operator sets: one frozen model, its loader, and the pairs file.

Loading reads everything, checks everything and raises all faults at once; nothing here changes
after it was loaded, and no secret is ever read from a file of settings.
"""

from twoleg.settings.changes import RESTART_KEYS, Change, describe, diff
from twoleg.settings.demo import DemoFaults, load_demo
from twoleg.settings.keys import (
    KEY_VARIABLES,
    kalshi_key_variable,
    kalshi_private_key,
    known_secrets,
)
from twoleg.settings.kinds import is_loopback
from twoleg.settings.loading import load_settings, require_live
from twoleg.settings.model import (
    BreakerSettings,
    CatalogueSettings,
    DaemonSettings,
    DatabaseSettings,
    JournalSettings,
    KalshiSettings,
    LogSettings,
    PairingSettings,
    PairsSettings,
    PaperSettings,
    PolymarketSettings,
    Settings,
    TradingSettings,
)
from twoleg.settings.pairs import Declared, load_declared, load_pairs
from twoleg.settings.secret import Secret
from twoleg.settings.words import (
    Environment,
    LogFormat,
    LogLevel,
    MemberType,
    Mode,
    PairingPolicy,
    SelfTrade,
    Sync,
)

__all__ = [
    "KEY_VARIABLES",
    "RESTART_KEYS",
    "BreakerSettings",
    "CatalogueSettings",
    "Change",
    "DaemonSettings",
    "DatabaseSettings",
    "Declared",
    "DemoFaults",
    "Environment",
    "JournalSettings",
    "KalshiSettings",
    "LogFormat",
    "LogLevel",
    "LogSettings",
    "MemberType",
    "Mode",
    "PairingPolicy",
    "PairingSettings",
    "PairsSettings",
    "PaperSettings",
    "PolymarketSettings",
    "Secret",
    "SelfTrade",
    "Settings",
    "Sync",
    "TradingSettings",
    "describe",
    "diff",
    "is_loopback",
    "kalshi_key_variable",
    "kalshi_private_key",
    "known_secrets",
    "load_declared",
    "load_demo",
    "load_pairs",
    "load_settings",
    "require_live",
]
