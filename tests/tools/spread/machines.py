"""Two machines on one: each a worker of Dask with a folder of its own, that does not see the driver's."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.project import Project

ALONE = ["unshare", "--map-root-user", "--mount"]
WITHOUT = 'mount -t tmpfs tmpfs "$1"; shift; exec "$@"'  # an empty folder in its place
PATIENCE = 600.0  # seconds, on a busy machine


def hidden(folder: Path, *command: str) -> list[str]:
    """A command that does not see what is in a folder."""
    return [*ALONE, "bash", "-euc", WITHOUT, "bash", str(folder), *command]


def share(project: Project, folder: Path) -> None:
    """Commit the project, with a DVC remote and a Git origin in a folder, which machines reach."""
    (folder / "remote").mkdir()
    project.dvc("remote", "add", "--default", "store", str(folder / "remote"))
    project.run("git", "checkout", "--quiet", "-B", "shared")  # a clone of a detached HEAD has no branch
    project.commit()
    subprocess.run(
        ["git", "clone", "--quiet", "--bare", str(project.root), str(folder / "origin")], check=True
    )
    project.run("git", "remote", "set-url", "origin", str(folder / "origin"))
    project.run("git", "fetch", "--quiet")


@contextmanager
def machines(project: Project, folder: Path, count: int = 2, threads: int = 1) -> Iterator[str]:
    """The address of a scheduler with so many workers of so many threads, which end with the block.

    folder: where each has a folder of its own, beside the project, which they do not see.
    """
    if not shutil.which("unshare") or subprocess.run([*ALONE, "true"], check=False).returncode:
        pytest.skip("needs user namespaces, so that workers do not see the driver's folder")
    folder.mkdir()
    contact = folder / "scheduler.json"
    python = [sys.executable, "-m"]
    scheduler = ["distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
    started = [start(project, folder, [*python, *scheduler, "--scheduler-file", str(contact)])]
    with ending(started):
        until(contact.exists)
        address: str = json.loads(contact.read_text(encoding="utf-8"))["address"]
        for number in range(count):
            own = folder / f"machine-{number}"
            own.mkdir()
            options = [
                "--nthreads",
                f"{threads}",
                "--no-dashboard",
                "--memory-limit",
                "0",
                "--local-directory",
                str(own),
            ]
            worker = [*python, "distributed.cli.dask_worker", address, "--name", f"m{number}", *options]
            started.append(start(project, own, hidden(project.root, *worker)))
        yield address


@contextmanager
def ending(started: Sequence["subprocess.Popen[bytes]"]) -> Iterator[None]:
    """Processes that end with the block, the last one first; more may be started in it."""
    try:
        yield
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def start(project: Project, folder: Path, command: list[str]) -> subprocess.Popen[bytes]:
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            command, cwd=folder, env=project.environment, stdout=log, stderr=subprocess.STDOUT
        )


def until(condition: Callable[[], object], patience: float = PATIENCE) -> None:
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"it did not happen within {patience:.0f} s"
        time.sleep(0.05)


def worker_of(stage: str, folder: Path) -> int:
    """The process of the worker that runs a stage in a clone below a folder; 0: none does."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            inside = (process / "cwd").readlink().is_relative_to(folder)
            environment = (process / "environ").read_bytes().split(b"\0")
            if inside and f"DVC_STAGE={stage}".encode() in environment:
                return parent(parent(int(process.name)))  # of stages.tools.spread.one_stage
        except OSError:  # it has ended
            continue
    return 0


def parent(process: int) -> int:
    status = Path(f"/proc/{process}/stat").read_text(encoding="utf-8")
    return int(status.rpartition(")")[2].split()[1])
