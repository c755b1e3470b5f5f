"""What runs in Dask's worker processes, sent to them as it stands: a worker needs the packages of
requirements.lock and Git, and no checkout. It imports nothing of this project, therefore.

A stage runs in a clone that lies beside the worker's own folder, so that it is there when the worker is
started anew; what it is run with is the clone's own stages/tools/spread/one_stage.py.
"""

import asyncio
import os
import pickle
import platform
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from itertools import count
from pathlib import Path
from typing import Any

import psutil
from distributed import Worker, WorkerPlugin, get_worker
from distributed.core import Status, coerce_to_address
from filelock import FileLock, Timeout

SHARDS = "SEQSTUDY_SCHEDULER"  # where `tokenize` gives its blocks (stages/runtime/crew.py)
EXITED = re.compile(r"exited with (-?\d+)$")  # DVC says so of a stage
RUN = "stages.tools.spread.one_stage"
PATIENCE = 30.0  # seconds; of a killed worker nothing runs longer than Git's commands do
DEVICES = "CUDA_VISIBLE_DEVICES"  # as SLURM sets it for a job
CHECKPOINTS = ".checkpoints"  # where trainings leave what an interrupted one goes on from (.gitignore)


@dataclass(frozen=True)
class Place:
    """What workers are to know of the driver's repository.

    study: the folder's name under which a worker keeps its clones. sources: where Git may find the commit.
    root: the checkout, which a worker may see, too. cache: the folder of DVC's cache; shared: whether workers
    are to use it, else DVC's remote; store: that one's folder, if it is one. token: the name of a file in the
    cache, in that folder, and in the checkout's .dvc/tmp, that says that a folder is the driver's, and not
    another one called so. remote: whether DVC has one, used or not. environment: variables that
    results depend on, and the words that the names of such begin with. versions: of Python and of packages;
    None: not installed. local: whether all workers are the driver's own, on its machine. resource: its name
    at Dask, of this commit and this checkout: others may have workers of the same scheduler work for them.
    checkout: its name, which no other one has.
    """

    study: str
    commit: str
    sources: list[str]
    root: str
    cache: str
    token: str
    shared: bool
    remote: bool
    store: str
    environment: dict[str, str]
    prefixes: tuple[str, ...]
    versions: dict[str, str | None]
    local: bool
    resource: str
    topic: str
    checkout: str


@dataclass(frozen=True)
class Job:
    """A stage to run. known: `Result`s, pickled, of what it depends on, and of itself."""

    name: str
    upstream: list[str]
    kept: dict[str, list[str]]
    known: bytes


class Admission(WorkerPlugin):  # type: ignore[misc]  # Dask has few types
    """Gives a worker its threads to work with, unless its packages are others than the driver's."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.name = place.resource

    async def setup(self, worker: Worker) -> None:
        reason = refusal(self.place) or await entangled(worker, self.place.local)
        width = 0 if reason else threads(worker, self.place.local)
        event = {"threads": width, "on": label(worker), "refused": reason, "address": worker.address}
        if worker.state.total_resources.get(self.place.resource) != width:
            await worker.set_resources(**{self.place.resource: width})
        if not reason and worker.status == Status.running:
            # Dask looks for work that waits when a worker comes, and it came without resources; or resumes
            worker.status = Status.paused
            worker.status = Status.running
        worker.log_event(self.place.topic, event)


async def entangled(worker: Worker, local: bool) -> str | None:
    """Why stages would wait for themselves: they occupy the workers to which they give their blocks."""
    address = os.environ.get(SHARDS)
    if local or not address:
        return None
    try:
        other = await asyncio.wait_for(worker.rpc(coerce_to_address(address)).identity(), PATIENCE)
    except (OSError, ValueError):  # it is another one, or none, as the stage will say
        return None
    mine = await worker.scheduler.identity()
    if other["id"] != mine["id"]:
        return None
    return (
        f"{SHARDS} there is {address}, the scheduler for which it runs stages, and these would wait for its "
        f"workers, which they occupy; start it anew, after: unset {SHARDS}"
    )


def threads(worker: Worker, local: bool) -> int:
    """How many a stage on this worker may use: on one machine, whose cores have a worker each, every other
    one may use two."""
    if local:
        return 2 - int(worker.name) % 2
    return max(int(worker.state.nthreads), int(worker.state.total_resources.get("threads", 0)))


def label(worker: Worker) -> str:
    """ "3 on some-host", as people are told of a worker."""
    name = str(worker.name)
    return f"{name if '://' not in name else name.rpartition(':')[2]} on {socket.gethostname()}"


def refusal(place: Place) -> str | None:
    """Why a worker can't work for the driver."""
    here = versions(place.versions)
    differing = [
        f"{name} {here[name] or 'not installed'} (here {wanted or 'not installed'})"
        for name, wanted in place.versions.items()
        if here[name] != wanted
    ]
    if differing:
        more = f" and {len(differing) - 3} more" if len(differing) > 3 else ""
        remedy = "install there what is here, by requirements.lock, and for DVC's remote"
        return f"it has {', '.join(differing[:3])}{more}; {remedy}"
    if place.shared and not sees(place.cache, place.token):
        remedy = (
            "start this command again, so that all use DVC's remote" if place.remote else "give DVC a remote"
        )
        return f"it does not see DVC's cache, {place.cache}, which those before it share; let it, or {remedy}"
    if place.store and (reason := unusable(place.store, place.token)):
        return reason
    if not shutil.which("git"):
        return "Git is not installed there"
    return None


def versions(names: Mapping[str, object]) -> dict[str, str | None]:
    installed: dict[str, str | None] = {}
    for name in names:
        try:
            installed[name] = platform.python_version() if name == "Python" else version(name)
        except PackageNotFoundError:
            installed[name] = None
    return installed


def sees(folder: str, token: str) -> bool:
    """Whether a folder here is the driver's."""
    try:
        return (Path(folder) / token).exists()
    except OSError:  # in a folder of somebody else's, say, before Python 3.12
        return False


def unusable(store: str, token: str) -> str | None:
    """Why the folder of DVC's remote is of no use here. It is tried, as outs would come there after hours."""
    if not sees(store, token):
        return f"it does not see the folder of DVC's remote, {store}; let it, or give DVC another remote"
    trial = Path(store) / f"{token}-{secrets.token_hex(4)}"
    try:
        trial.touch()
        trial.unlink()
    except OSError as error:
        return f"it can't write to DVC's remote, {store} ({error.strerror}); let it, or give DVC another one"
    return None


def run(job: Job, place: Place) -> dict[str, Any]:
    """A stage's result (`one_stage.done`), where it ran, and how many seconds that took."""
    began = time.perf_counter()
    worker = get_worker()
    on = label(worker)
    worker.log_event(place.topic, {"stage": job.name, "on": on})
    base = Path(worker.local_directory).parent / f"seqstudy-{place.study}"
    with free(base) as (clone, number):
        settle(clone)
        check_out(clone, place)
        shared = place.shared or sees(place.cache, place.token)
        keep_checkpoints(clone, place, base)
        request = {
            "job": job,
            "cache": place.cache if shared else str(base / "cache"),
            "remote": not place.shared,
            "parent": os.getpid(),
        }
        answer = call(clone, base / f"{number}", request, environment(place), f"{job.name} on {on}")
    return {**answer, "on": on, "seconds": time.perf_counter() - began}


@contextmanager
def free(base: Path) -> Iterator[tuple[Path, int]]:
    """A clone that no other stage works in, and its number."""
    base.mkdir(parents=True, exist_ok=True)
    for number in count():
        lock = FileLock(base / f"{number}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            continue
        try:
            yield base / f"clone-{number}", number
        finally:
            lock.release()
        return


def settle(clone: Path) -> None:
    """Wait for what a killed worker has left running in a clone, and take away its locks. DVC takes a process
    that has ended for a running one until its parent, which may be a container's, has asked for its end."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and any(map(partial(works_in, clone.resolve()), psutil.process_iter())):
        time.sleep(0.1)
    for lock in (".git/index.lock", ".dvc/tmp/rwlock"):
        (clone / lock).unlink(missing_ok=True)


def works_in(clone: Path, process: psutil.Process) -> bool:
    try:
        return Path(process.cwd()) == clone
    except psutil.Error:  # it has ended, or is another user's
        return False


def check_out(clone: Path, place: Place) -> None:
    """The driver's commit, and nothing of another one's; what is in DVC's cache and its temporary files
    stays."""
    if (clone / ".git").exists() and git(clone, "rev-parse", "HEAD").stdout.strip() == place.commit:
        return
    clone.mkdir(exist_ok=True)
    git(clone, "init", "--quiet")
    tried = [git(clone, "fetch", "--quiet", "--no-tags", source, place.commit) for source in place.sources]
    if all(attempt.returncode for attempt in tried):
        raise RuntimeError(
            f"{socket.gethostname()} can't fetch commit {place.commit[:12]} from {' or '.join(place.sources)}"
            f"; push it there: {' '.join(tried[-1].stderr.split())[:200]}"
        )
    for arguments in (
        ["checkout", "--quiet", "--force", "--detach", place.commit],
        ["clean", "-ffdxq", "-e", ".dvc"],
    ):
        done = git(clone, *arguments)
        if done.returncode:
            raise RuntimeError(
                f"{socket.gethostname()}: git {arguments[0]}: {' '.join(done.stderr.split())[:200]}"
            )


def git(clone: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *arguments], cwd=clone, capture_output=True, text=True, check=False)


def keep_checkpoints(clone: Path, place: Place, base: Path) -> None:
    """Have interrupted trainings go on where they were, in another clone: of all workers, if they see the
    driver's checkout, else of this machine. Those of other checkouts may be under way at the same time."""
    seen = sees(f"{place.root}/.dvc/tmp", place.token)
    folder = Path(place.root) / CHECKPOINTS if seen else base / f"{CHECKPOINTS}-{place.checkout}"
    folder.mkdir(exist_ok=True)
    link = clone / CHECKPOINTS
    if not (link.is_symlink() and link.readlink() == folder):
        if link.is_symlink():
            link.unlink()
        elif link.exists():
            shutil.rmtree(link)
        link.symlink_to(folder)


def environment(place: Place) -> dict[str, str]:
    """This process's, but with the driver's variables that results depend on. (Dask sets the threads of
    libraries, and the hash seed.) DVC's own would lead to another checkout. Devices are the worker's own."""
    mine = {
        key: value
        for key, value in os.environ.items()
        if key == DEVICES or not key.startswith((*place.prefixes, "DVC_"))
    }
    path = f"{Path(sys.executable).parent}{os.pathsep}{mine.get('PATH', os.defpath)}"
    return {**mine, **place.environment, "PATH": path}


def call(
    clone: Path, files: Path, request: dict[str, Any], variables: dict[str, str], what: str
) -> dict[str, Any]:
    """Have a process of its own do the work, which ends with this one. files: what theirs are called."""
    job, answer, log = (files.with_name(f"{files.name}.{end}") for end in ("job", "answer", "log"))
    # as plain values: its classes are known here only
    plain = {**request, "job": vars(request["job"])}
    job.write_bytes(pickle.dumps(plain))
    answer.unlink(missing_ok=True)
    with log.open("wb") as output:
        code = subprocess.run(
            [sys.executable, "-m", RUN, str(job), str(answer)],
            cwd=clone,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        ).returncode
    if code:
        raise RuntimeError(f"{what}: {complaint(log.read_text(errors='replace'), code)} (all it said: {log})")
    result: dict[str, Any] = pickle.loads(answer.read_bytes())
    return result


def killed(code: int) -> str | None:
    """The name of the signal that ended a process, by its exit status: to its parent SIGKILL is -9, and if
    that is a shell, to the shell's parent 137."""
    try:
        return signal.Signals(-code if code < 0 else code - 128).name
    except ValueError:
        return None


def complaint(text: str, code: int) -> str:
    """The line with which a stage, or DVC, gave up."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("error:", "ERROR:"))]
    codes = [int(match[1]) for line in errors if (match := EXITED.search(line))]  # of the stage's process
    if name := killed(codes[-1] if codes else code):
        return f"killed by {name}" + (
            ", often for lack of memory; make room there, and run it again" * (name == "SIGKILL")
        )
    stage_errors = [
        line for line in errors if line.startswith("error:") and not line.startswith("error: DVC:")
    ]
    # a traceback's last line stands before what DVC makes of it
    others = [line for line in lines if not line.startswith(("error:", "ERROR:"))]
    chosen = (
        stage_errors[-1:]
        or ([] if any("exited with" in line for line in errors) else errors[-1:])
        or others[-1:]
    )
    return (chosen or errors or [f"ended with code {code}"])[0].removeprefix("error: ")
