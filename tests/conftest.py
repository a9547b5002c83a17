"""Hypothesis profiles: `ci` is the default, `deep` searches longer (HYPOTHESIS_PROFILE=deep)."""

import os

from hypothesis import HealthCheck, settings

SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)

settings.register_profile(
    "ci", max_examples=60, deadline=None, derandomize=False, suppress_health_check=SLOW
)
settings.register_profile(
    "deep", max_examples=2_000, deadline=None, derandomize=False, suppress_health_check=SLOW
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))
