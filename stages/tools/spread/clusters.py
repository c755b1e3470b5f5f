"""Dask clusters: processes on this machine, a scheduler that runs already, jobs of SLURM, pods of
Kubernetes."""

import logging
import os
import shutil
import signal
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from importlib import import_module
from math import isfinite
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any

from stages.runtime.config import InputError
from stages.runtime.crew import PATIENCE, Absence

TRIES = 3
PODS = 16  # of Kubernetes at most, unless Dask's own settings say how many
# They reach schedulers that this process starts: its own and SLURM's. One at an address, or in a pod, has the
# settings with which it was started itself (DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES=10 dask scheduler).
SETTINGS = {
    "logging.distributed": "error",
    # of tasks that nothing is known of yet; by it Dask decides how many workers to ask a queue system for
    "distributed.scheduler.unknown-task-duration": "1 minute",
    # workers that a stage may lose before it is given up: one that is too large for any machine loses all
    "distributed.scheduler.allowed-failures": 10,
}
# who may reach a cluster of Kubernetes: the files of $KUBECONFIG, of a person, of a pod
CREDENTIALS = ("~/.kube/config", "/var/run/secrets/kubernetes.io/serviceaccount")


def refuse_unreachable(slurm: bool, kubernetes: bool) -> None:
    """Refuse a queue system that can't be asked from here."""
    if slurm and (lacking := [name for name in ("sbatch", "scancel") if not shutil.which(name)]):
        raise InputError(
            f"--slurm: found no {' and no '.join(lacking)} on PATH, which Dask needs to submit and end jobs; "
            "start this where SLURM's commands are, or name a scheduler that runs already: --scheduler"
        )
    if kubernetes:
        try:
            import_module("dask_kubernetes.operator")
        except ModuleNotFoundError as error:
            raise InputError(
                f"--kubernetes needs {error.name}, which is not installed; requirements.lock does not have "
                "it: pip install dask-kubernetes"
            ) from None
        own, pods = CREDENTIALS
        configured = (os.environ.get("KUBECONFIG") or own).split(os.pathsep)
        if not any(Path(path).expanduser().exists() for path in (*filter(None, configured), pods)):
            raise InputError(
                f"--kubernetes: found no {' and no '.join(configured)}, which says where the cluster is and "
                "who may use it; write it, or name another: export KUBECONFIG=..."
            )


def absence(client: Any, address: str | None, slurm: bool, kubernetes: bool) -> Absence:
    """What is to be said while the cluster has no worker."""
    here = client.scheduler.address
    if address:
        option, remedy = "--scheduler", f"start one, on any machine that reaches it: dask worker {address}"
    elif slurm:
        option, remedy = "--slurm", "squeue --me says what its jobs wait for"
    elif kubernetes:
        option, remedy = "--kubernetes", "kubectl get pods says what they wait for"
    else:
        option, remedy = "--jobs", "are memory and processes left on this machine?"
    return Absence(f"{option}: found no worker that can be used at {here}, waiting for one; {remedy}")


@contextmanager
def connected(address: str | None, slurm: bool, kubernetes: bool, jobs: int, folder: Path) -> Iterator[Any]:
    """A client of a cluster, which is ended at the end unless it is somebody else's, at an address.

    jobs: worker processes on this machine, if it is neither of the others; folder: for what they write.
    """
    import dask

    dask.config.set(SETTINGS)
    from distributed import Client

    logging.getLogger("distributed").setLevel(logging.ERROR)
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # what it loses is told below
    logging.getLogger("tornado.application").addFilter(_in_one_line)
    if address:
        try:
            client = Client(address, timeout=PATIENCE)
        except (OSError, ValueError) as error:
            raise InputError(
                f"--scheduler: found {address}, where no scheduler answers ({type(error).__name__}); start "
                "one with: dask scheduler"
            ) from None
        lost = f"--scheduler: found {address}, which is lost; start it anew, with workers, and then this"
        with client, _told_if_lost(client, lost):
            yield client
        return
    with (
        _interrupted_once(),  # while it starts
        _queue(slurm) if slurm or kubernetes else _here(jobs, folder) as cluster,
        Client(cluster) as client,
        _told_if_lost(client, "Dask's scheduler is lost; start this again"),
        _interrupted_once(),  # before these end
    ):
        yield client


@contextmanager
def _told_if_lost(client: Any, line: str) -> Iterator[None]:
    """Other errors, as of a full disk, are not taken for that while the client is connected."""
    try:
        yield
    except (OSError, CancelledError):
        if client.status == "running":
            raise
        raise InputError(f"{line}: what was finished is kept") from None


def _in_one_line(record: logging.LogRecord) -> bool:
    """Have a queue system's complaint, with which Dask's loop goes on, told without Dask's own lines."""
    if record.exc_info and record.exc_info[1]:
        record.msg, record.args = " ".join(str(record.exc_info[1]).split())[:300], ()
        record.exc_info = record.exc_text = None
    return True


def _here(jobs: int, folder: Path) -> Any:
    """A process for each stage at a time. One that ends while it starts takes Dask's cluster with it, so that
    another is made."""
    from distributed import LocalCluster

    for attempt in range(1, TRIES + 1):
        try:
            with _uninterrupted():
                return LocalCluster(
                    n_workers=jobs,
                    threads_per_worker=1,
                    memory_limit=0,  # stages are processes of their own, whose memory Dask does not see
                    local_directory=str(folder),
                    dashboard_address="127.0.0.1:0",
                    silence_logs=logging.CRITICAL,  # the driver names the error of a stage itself
                )
        except RuntimeError as error:
            if attempt == TRIES:
                why = " ".join(str(error.__cause__ or error).split())[:200]
                raise InputError(
                    f"--jobs: Dask's workers do not start here ({why}); are memory and processes left?"
                ) from None


@contextmanager
def _interrupted_once() -> Iterator[None]:
    """After a Ctrl-C, take no other: it would break off the end of a cluster, which Dask then begins anew."""
    try:
        yield
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Have threads that begin meanwhile, and all processes that these start, ever, never see a Ctrl-C: it is
    the driver that ends workers, and their stages with them. To the driver it comes at the end of this."""
    resource_tracker.ensure_running()  # else the first thread to start a process does, and unblocks signals
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _queue(slurm: bool) -> Any:
    """As many workers as there is work for, within the bounds of Dask's own settings
    (`distributed.adaptive`); one at least, which says what a worker sees."""
    import dask

    bounds = dask.config.get("distributed.adaptive")
    least = max(1, bounds["minimum"])
    cluster = _slurm() if slurm else _kubernetes()
    if slurm:
        cluster.adapt(minimum=least)
    else:  # whose operator takes whole numbers only, and Dask's own bound is infinite
        most = bounds["maximum"]
        cluster.adapt(minimum=least, maximum=int(most) if isfinite(most) else max(least, PODS))
    return cluster


def _slurm() -> Any:
    from dask_jobqueue import SLURMCluster

    try:
        return SLURMCluster()
    except (ValueError, TypeError) as error:
        raise InputError(
            f"--slurm: {' '.join(str(error).split())[:200]}; say what a job is in "
            "~/.config/dask/jobqueue.yaml (jobqueue.dask.org)"
        ) from None


def _kubernetes() -> Any:
    from dask_kubernetes.operator import KubeCluster

    try:
        return KubeCluster()
    except Exception as error:  # clients of Kubernetes have kinds of their own
        raise InputError(
            f"--kubernetes: {type(error).__name__}: {' '.join(str(error).split())[:200]}; say what a pod is "
            "in ~/.config/dask/kubernetes.yaml (kubernetes.dask.org)"
        ) from None


def dashboard(client: Any) -> str:
    """The page on which Dask shows what it does: without the package bokeh it has tables only."""
    from importlib.util import find_spec

    link = str(client.dashboard_link or "")
    if not link or find_spec("bokeh"):
        return link
    return f"{link.replace('/status', '/info/main/workers.html')} (tables; pip install bokeh draws it)"
