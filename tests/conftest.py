"""Hypothesis profiles: `ci` is the default, `deep` searches longer (HYPOTHESIS_PROFILE=deep).

Beside that, what keeps a whole run short: which tests come first and which are not measured, and
what the workers of a run must not hand on to the processes that they start.
"""

import logging
import os
import sys
import threading
from collections.abc import Generator
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings

from twoleg.runtime.logs import QUIET_LOGGERS

pytest_plugins = ["tests.support.scenes"]
TESTS = Path(__file__).parent
LONG = ("system", "simulation")
"""Their tests take seconds each, many of them waiting: none may be the last that a run waits for,
and one worker waits with them while the others work.
"""
UNMEASURED = ("simulation", "style", "contract", "property")
"""Much work, three times as much if traced, that repeats what other tests reach too."""
SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)

settings.register_profile(
    "ci", max_examples=60, deadline=None, derandomize=False, suppress_health_check=SLOW
)
settings.register_profile(
    "deep", max_examples=2_000, deadline=None, derandomize=False, suppress_health_check=SLOW
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

if "PYTEST_XDIST_WORKER" in os.environ:
    # The worker is measured by now; daemons and simulators that tests start keep their own pace.
    os.environ.pop("COVERAGE_PROCESS_START", None)
    os.environ.pop("COVERAGE_PROCESS_CONFIG", None)


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Generator[None]:
    """A command called in this process sets up its logs; the next test must find none of that."""
    root = logging.getLogger()
    handlers, level, raises = list(root.handlers), root.level, logging.raiseExceptions
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.raiseExceptions = raises
    for name in QUIET_LOGGERS:
        logging.getLogger(name).setLevel(logging.NOTSET)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def _group(item: pytest.Item) -> str:
    """The folder of tests/ that a test is in."""
    return item.path.relative_to(TESTS).parts[0]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first; otherwise the order stays as random as it is."""
    items.sort(key=lambda item: _group(item) not in LONG)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Take coverage's tracer away while a test runs that is not measured."""
    tracer, of_threads = sys.gettrace(), threading.gettrace()
    if tracer is None or _group(item) not in UNMEASURED:
        return (yield)
    sys.settrace(None)
    threading.settrace(None)
    try:
        return (yield)
    finally:
        threading.settrace(of_threads)
        sys.settrace(tracer)
