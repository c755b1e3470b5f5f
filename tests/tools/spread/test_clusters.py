"""What queue systems are asked for, and how many of a cluster's workers count."""

import importlib.util
import sys
from math import inf
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from stages.runtime.config import InputError
from stages.tools.parallel import free_port
from stages.tools.spread import clusters

dask = pytest.importorskip("dask")
pytest.importorskip("distributed")


class Cluster:
    """In place of one of Kubernetes or SLURM: what it was asked for."""

    def __init__(self) -> None:
        self.asked: dict[str, object] = {}

    def adapt(self, **bounds: object) -> None:
        self.asked = bounds


class Refused:
    def __init__(self) -> None:
        raise ValueError("it has\nno cores")


def kubernetes(monkeypatch: pytest.MonkeyPatch, cluster: type) -> None:
    operator: Any = ModuleType("dask_kubernetes.operator")
    operator.KubeCluster = cluster
    monkeypatch.setitem(sys.modules, "dask_kubernetes", ModuleType("dask_kubernetes"))
    monkeypatch.setitem(sys.modules, "dask_kubernetes.operator", operator)


@pytest.mark.parametrize(
    ("least", "most", "asked"), [(0, inf, (1, 16)), (2, 4, (2, 4)), (20, inf, (20, 20)), (0, 3, (1, 3))]
)
def test_kubernetes_is_asked_for_whole_numbers_of_pods(
    monkeypatch: pytest.MonkeyPatch, least: int, most: float, asked: tuple[int, int]
) -> None:
    """Its operator refuses a bound that is missing, or infinite."""
    kubernetes(monkeypatch, Cluster)
    with dask.config.set({"distributed.adaptive.minimum": least, "distributed.adaptive.maximum": most}):
        assert clusters._queue(slurm=False).asked == {"minimum": asked[0], "maximum": asked[1]}


def test_kubernetes_that_cannot_be_reached_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    kubernetes(monkeypatch, Refused)
    with pytest.raises(InputError, match=r"^--kubernetes: ValueError: it has no cores; say what a pod is in"):
        clusters._queue(slurm=False)


def test_without_dask_kubernetes_one_line_says_what_to_install() -> None:
    if importlib.util.find_spec("dask_kubernetes"):
        pytest.skip("it is installed")
    with pytest.raises(InputError, match=r"needs dask_kubernetes, .*pip install dask-kubernetes"):
        clusters._kubernetes()


def test_slurm_is_asked_for_one_worker_at_least_and_has_dasks_own_bound(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pytest.importorskip("dask_jobqueue"), "SLURMCluster", Cluster)
    assert clusters._queue(slurm=True).asked == {"minimum": 1}
    with dask.config.set({"distributed.adaptive.minimum": 3}):
        assert clusters._queue(slurm=True).asked == {"minimum": 3}


def test_slurm_without_settings_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pytest.importorskip("dask_jobqueue"), "SLURMCluster", Refused)
    with pytest.raises(InputError, match=r"^--slurm: it has no cores; say what a job is in .*jobqueue\.yaml"):
        clusters._queue(slurm=True)


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:{}", "nowhere"])
def test_a_scheduler_that_does_not_answer_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, address: str
) -> None:
    monkeypatch.setattr(clusters, "PATIENCE", 1.0)
    address = address.format(free_port())
    with (
        pytest.raises(
            InputError, match=rf"^--scheduler: found {address}, where no scheduler answers .*[a-z]$"
        ),
        clusters.connected(address, False, False, 1, tmp_path),
    ):
        pass


@pytest.mark.parametrize(
    ("bokeh", "link"),
    [
        (False, "http://x/info/main/workers.html (tables; pip install bokeh draws it)"),
        (True, "http://x/status"),
    ],
)
def test_the_dashboard_without_bokeh_is_linked_where_it_has_tables(
    monkeypatch: pytest.MonkeyPatch, bokeh: bool, link: str
) -> None:
    client: Any = ModuleType("client")
    client.dashboard_link = "http://x/status"
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: bokeh or None)
    assert clusters.dashboard(client) == link
