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
from stages.tools.spread import clusters, driver, through_dvc, worker

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
    ("bokeh", "told"),
    [
        (False, "http://x/info/main/workers.html (tables; pip install bokeh draws it)"),
        (True, "http://x/status"),
    ],
)
def test_the_dashboard_without_bokeh_is_linked_where_it_has_tables(
    monkeypatch: pytest.MonkeyPatch, bokeh: bool, told: str
) -> None:
    client: Any = ModuleType("client")
    client.dashboard_link = "http://x/status"
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: bokeh or None)
    assert clusters.dashboard(client) == told


class Future:
    key = "key"

    def add_done_callback(self, _: object) -> None: ...


class Client:
    """Of a scheduler that has these workers, by the threads of each."""

    def __init__(self, **threads: int) -> None:
        self.threads = threads
        self.asked: list[dict[str, int]] = []

    def scheduler_info(self, n_workers: int) -> dict[str, Any]:
        return {"workers": {address: {"nthreads": threads} for address, threads in self.threads.items()}}

    def submit(self, *_: object, resources: dict[str, int], **__: object) -> Future:
        self.asked.append(resources)
        return Future()

    def publish_dataset(self, *_: object, **__: object) -> None: ...


def of_four_stages(client: Client) -> driver.Driver:
    """A driver with four stages that take ten seconds each; the first uses two threads."""
    names = "abcd"
    pipe = through_dvc.Pipeline({name: [] for name in names}, {name: [] for name in names}, {})
    place = worker.Place(*("study", "0" * 40, [], "", "", "", False, {}, (), {}, False, "threads", "topic"))
    journal: Any = None
    return driver.Driver(client, place, pipe, {*names}, {}, journal, dict.fromkeys(names, 10.0), {"a": 2})


def test_the_time_left_counts_threads_of_workers_that_are_there_and_may_work() -> None:
    client = Client(eight=8)
    driving = of_four_stages(client)
    assert driving.left() == 40.0  # nobody may work yet: as one would
    driving.workers["eight"] = 8
    assert driving.left() == 10.0
    client.threads = {"one": 1, "refused": 1, "own": 1}
    assert driving.left() == 40.0  # the eight threads are lost, and nobody may work again
    driving.workers |= {"one": 1, "refused": 0}
    assert driving.left() == 40.0
    driving.workers["own"] = 2  # on one machine: a stage at a time, which may use two threads
    assert driving.left() == 20.0


def test_no_stage_asks_for_more_threads_than_a_worker_that_is_left_has() -> None:
    client = Client(wide=2, narrow=1)
    driving = of_four_stages(client)
    driving.workers |= {"wide": 2, "narrow": 1}
    driving.submit("a", 0.0)
    del client.threads["wide"]
    driving.submit("a", 0.0)
    assert client.asked == [{"threads": 2}, {"threads": 1}]
