"""Hypothesis, for all tests: the same examples in every run, and nothing left in the tree."""

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis.configuration import set_hypothesis_home_dir

set_hypothesis_home_dir(Path(tempfile.gettempdir()) / "hypothesis")  # its cache of Unicode's categories
settings.register_profile(
    "seqstudy",
    derandomize=True,
    deadline=None,
    database=None,
    # files of one example are overwritten by the next one's
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("seqstudy")
