"""What queue systems are asked for, and how many of a cluster's workers count."""

import importlib.util
import logging
import subprocess
import sys
import threading
from math import inf
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from stages.runtime import crew
from stages.runtime.config import ROOT, InputError
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
        clusters.refuse_unreachable(slurm=False, kubernetes=True)


def test_kubernetes_that_nothing_says_where_to_find_is_refused_before_anything_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kubernetes(monkeypatch, Cluster)
    config = tmp_path / "config"
    monkeypatch.setenv("KUBECONFIG", str(config))
    if Path(clusters.CREDENTIALS[1]).exists():
        pytest.skip("this is a pod")
    with pytest.raises(InputError, match=rf"^--kubernetes: found no {config}, .*: export KUBECONFIG=\.\.\.$"):
        clusters.refuse_unreachable(slurm=False, kubernetes=True)
    config.touch()
    clusters.refuse_unreachable(slurm=False, kubernetes=True)


def test_slurm_without_its_commands_is_refused_before_anything_else(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("sbatch", "scancel"):
        with pytest.raises(InputError, match=rf"^--slurm: found no {name} .*: --scheduler$"):
            clusters.refuse_unreachable(slurm=True, kubernetes=False)
        (tmp_path / name).touch(mode=0o755)
    clusters.refuse_unreachable(slurm=True, kubernetes=False)


def test_while_there_is_no_worker_a_line_says_so_and_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from distributed import Client, LocalCluster

    monkeypatch.setattr(crew, "PATIENCE", 1.5)
    with (
        LocalCluster(n_workers=0, processes=False, dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster) as client,
    ):
        threading.Timer(4.0, cluster.scale, [1]).start()
        absence = clusters.absence(client, "tcp://x:1", slurm=False, kubernetes=False)
        absence.await_worker(client)
        assert client.nthreads()
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("--scheduler: found no worker that can be used at ")
    assert line.endswith("dask worker tcp://x:1")


def test_that_there_is_no_worker_is_said_again_after_minutes_and_not_while_there_is_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [0.0]
    # for that module alone: the loops of other tests' clusters would sleep until the clock is there again
    monkeypatch.setattr(crew, "time", SimpleNamespace(monotonic=lambda: now[0]))
    absence = crew.Absence("none")
    told = []
    for second in range(1000):
        now[0] = float(second)
        if absence.due_line(1 if 50 <= second < 100 else 0):
            told.append(second)
    assert told == [30, 129, 429, 729]


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


@pytest.mark.parametrize("status", ["closed", "running"])
def test_a_scheduler_that_is_lost_is_told_in_one_line_and_other_errors_are_not_taken_for_that(
    status: str,
) -> None:
    client: Any = ModuleType("client")
    client.status = status
    kind, text = (InputError, "^lost: .* is kept$") if status == "closed" else (OSError, "^No space left$")
    with pytest.raises(kind, match=text), clusters._told_if_lost(client, "lost"):
        raise OSError("No space left")


FULL = """
import errno, pathlib, sys
from distributed import LocalCluster
from stages.tools.spread import clusters
with LocalCluster(n_workers=0, processes=False, protocol="tcp", dashboard_address="127.0.0.1:0") as cluster:
    with clusters.connected(cluster.scheduler_address, False, False, 1, pathlib.Path(sys.argv[1])):
        raise OSError(errno.ENOSPC, "No space left on device")
"""


def test_an_error_of_the_driver_s_own_is_not_taken_for_a_lost_scheduler(tmp_path: Path) -> None:
    """In a process of its own: beside loops that other tests have left, Dask's may not start within 10 s."""
    line = [sys.executable, "-c", FULL, str(tmp_path)]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
    assert "\nOSError: [Errno 28] No space left on device" in done.stderr, done.stderr


def test_what_a_queue_system_complains_of_is_told_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("test")
    logger.addFilter(clusters._in_one_line)
    try:
        raise RuntimeError("exit code: 1\n\nsbatch: error: 100% invalid partition")
    except RuntimeError:
        logger.exception("in callback %r", "x")
    finally:
        logger.removeFilter(clusters._in_one_line)
    assert caplog.text.endswith(" exit code: 1 sbatch: error: 100% invalid partition\n")
    assert caplog.text.count("\n") == 1


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


@pytest.mark.parametrize("deaths", [2, 3])
def test_a_worker_that_dies_as_it_starts_takes_no_run_with_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, deaths: int
) -> None:
    import distributed

    made: list[int] = []

    def cluster(n_workers: int, **_: object) -> str:
        made.append(n_workers)
        if len(made) <= deaths:
            raise RuntimeError("Cluster failed to start: a Nanny did not")
        return "a cluster"

    monkeypatch.setattr(distributed, "LocalCluster", cluster)
    if deaths < clusters.TRIES:
        assert clusters._here(2, tmp_path) == "a cluster" and made == [2, 2, 2]
    else:
        with pytest.raises(InputError, match=r"--jobs: Dask's workers do not start here \(Cluster failed"):
            clusters._here(2, tmp_path)
