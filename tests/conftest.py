"""For all tests: Hypothesis gives the same examples in every run and leaves nothing in the tree; and a small
pipeline that has run."""

import os
import signal
import tempfile
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings
from hypothesis.configuration import set_hypothesis_home_dir

from tests.project import Project, copied, small

# a shell starts what is in the background with Ctrl-C ignored, and so would be what tests start
signal.signal(signal.SIGINT, signal.default_int_handler)
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


@pytest.hookimpl(trylast=True)  # when what `-m` leaves out is gone
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One test that needs `pipeline` first, and the modules with the others last: so of xdist's workers one
    makes it, and none waits for that, which takes more than a minute."""
    needing = [item for item in items if "pipeline" in getattr(item, "fixturenames", ())]
    last = {item.path for item in needing}
    ordered = sorted(items, key=lambda item: item.path in last)
    items[:] = list(dict.fromkeys([*needing[:1], *ordered]))


@pytest.fixture(scope="session")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The small study, which has run, once for all of xdist's workers. To look at: `project` is to change."""
    base = tmp_path_factory.getbasetemp()
    root = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "späces and 文字"
    with FileLock(f"{root}.lock"):
        if not Path(f"{root}.ready").exists():
            small(root)
            Path(f"{root}.ready").touch()
    return Project(root)


@pytest.fixture
def project(pipeline: Project, tmp_path: Path) -> Project:
    """A copy of it."""
    return copied(pipeline, tmp_path / "a copy")
