"""The closed sets of words that settings are made of."""

from enum import Enum


class Mode(Enum):
    """What the daemon trades against."""

    SIM = "sim"
    PAPER = "paper"
    LIVE = "live"


class Environment(Enum):
    """Which hosts, chain and contracts; `demo` is Kalshi's demo venue, Polymarket simulated."""

    PRODUCTION = "production"
    DEMO = "demo"
    SIMULATED = "simulated"


class PairingPolicy(Enum):
    """Who arms the pairs that are found; empty: manual in live, auto in sim and paper."""

    BY_MODE = ""
    MANUAL = "manual"
    AUTO = "auto"


class MemberType(Enum):
    """Kalshi account: direct members' balances have 1e-4 dollar, others' whole cents."""

    DIRECT = "direct"
    BROKER = "broker"


class SelfTrade(Enum):
    """Kalshi: what happens when an order of ours would meet another of ours."""

    TAKER_AT_CROSS = "taker_at_cross"
    MAKER = "maker"


class Sync(Enum):
    """What a journal record survives: the process, or a loss of power too."""

    PROCESS = "process"
    POWER = "power"


class LogLevel(Enum):
    """The least level that is written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(Enum):
    """How a line looks; `auto` is text on a terminal and JSON elsewhere."""

    AUTO = "auto"
    JSON = "json"
    TEXT = "text"
