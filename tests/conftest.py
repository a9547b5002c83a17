"""Hypothesis profiles: `ci` is the default, `deep` searches longer (HYPOTHESIS_PROFILE=deep).

Beside that, what the workers of a test run must not hand on to the processes that they start.
"""

import os

from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.support.scenes"]
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
