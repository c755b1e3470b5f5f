"""One training in several processes, on one machine or on several: that of a recipe whose training has
`kind: data_parallel`. Each process reads a part of every batch; all end with the same weights, bit for bit.

The first process runs `dvc repro train@<recipe>`, so that models and reports are written as by any training.
The others only follow. Each needs a checkout of the same commit with the recipe's arrays: a folder that the
machines share, or a clone of its own after `dvc pull`. If one process ends, all do; started again, they go on
after the last epoch that all have finished.

Under SLURM or Open MPI, and where Keras's variables are set (KERAS_DISTRIBUTION_JOB_ADDRESSES,
KERAS_DISTRIBUTION_NUM_PROCESSES, KERAS_DISTRIBUTION_PROCESS_ID), the processes find one another. Elsewhere
each is told where it stands.

Example: srun --kill-on-bad-exit python -m stages.tools.parallel my-recipe
         python -m stages.tools.parallel my-recipe --processes 3 --coordinator node0:4321 --index 0
         python -m stages.tools.parallel my-recipe --processes 2      (two on this machine)
"""

import argparse
import io
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout, suppress
from pathlib import Path
from typing import Any

from stages import train
from stages.artifacts.history import History
from stages.artifacts.task import Task
from stages.runtime import command, kinds
from stages.runtime.config import ROOT, InputError, read
from stages.study.params import one_of, params
from stages.trainers import data_parallel
from stages.trainers.data_parallel import ADDRESS, COUNT, INDEX

RANKS = ["SLURM_PROCID", "OMPI_COMM_WORLD_RANK"]  # what launchers call a process's number
PAUSE = 0.1  # seconds
GRACE = 10.0  # seconds that a process has to end by itself, and to say why, once another one has ended


def main() -> None:
    options = parsed()
    recipe = one_of(options.recipe, params()["recipes"], "recipes")
    kind = params()["recipes"][recipe]["training"]["kind"]
    if kind != "data_parallel":
        raise InputError(
            f"recipes.{recipe}.training.kind: found {kind}, allowed: data_parallel, to train in several "
            "processes; change it in conf/, then run: python -m stages.compose"
        )
    if options.follow:
        follow(recipe)
        return
    places = environments(options, os.environ)
    sys.exit(watched([start(recipe, place) for place in places]))


def parsed() -> argparse.Namespace:
    parser = command.parser()
    parser.add_argument("recipe", help="an entry of recipes in params.yaml")
    parser.add_argument("--processes", type=int, metavar="N", help="how many there are in all")
    parser.add_argument(
        "--coordinator", metavar="HOST:PORT", help="the machine of process 0, and a free port"
    )
    parser.add_argument("--index", type=int, metavar="I", help="which process this is, from 0")
    parser.add_argument("--follow", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def environments(options: argparse.Namespace, variables: Mapping[str, str]) -> list[dict[str, str]]:
    """For each process to be started here the variables by which it finds the others."""
    place = (options.coordinator, options.index)
    if options.processes is None and place == (None, None):
        ranks = [variables[name] for name in (INDEX, *RANKS) if name in variables]
        if not ranks:
            raise InputError(
                "found no launcher (SLURM, Open MPI) and no KERAS_DISTRIBUTION_PROCESS_ID; "
                "say --processes, to start so many here, or --processes, --coordinator and --index"
            )
        return [{INDEX: ranks[0]}]
    if options.processes is None or options.processes < 1 or (None in place and place != (None, None)):
        raise InputError(
            f"--processes, --coordinator, --index: found {options.processes}, {place[0]}, {place[1]}, "
            "allowed: --processes alone, or all three"
        )
    if place == (None, None):
        address = f"127.0.0.1:{free_port()}"
        here = {"JAX_COORDINATOR_BIND_ADDRESS": address}  # else it listens to all of the network
        return [here | explicit(address, options.processes, index) for index in range(options.processes)]
    if not 0 <= options.index < options.processes:
        raise InputError(f"--index: found {options.index}, allowed: 0 to {options.processes - 1}")
    if not options.coordinator.rpartition(":")[2].isdigit() or ":" not in options.coordinator:
        raise InputError(f"--coordinator: found {options.coordinator}, allowed: HOST:PORT, as node0:4321")
    return [explicit(options.coordinator, options.processes, options.index)]


def explicit(address: str, count: int, index: int) -> dict[str, str]:
    return {ADDRESS: address, COUNT: str(count), INDEX: str(index)}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def start(recipe: str, place: dict[str, str]) -> "subprocess.Popen[bytes]":
    """Process 0 is DVC, which starts the stage; another one is this command again, as a follower."""
    first = int(place[INDEX]) == 0
    line = ["dvc", "repro", f"train@{recipe}"] if first else ["stages.tools.parallel", recipe, "--follow"]
    environment = {"KERAS_BACKEND": "jax"} | os.environ | place
    # a group of its own, so that DVC's stage ends with it
    return subprocess.Popen([sys.executable, "-m", *line], cwd=ROOT, env=environment, start_new_session=True)


def watched(children: Sequence["subprocess.Popen[bytes]"]) -> int:
    """Wait for the first process to end, or for any to fail; then for the others, which are ended if they
    don't do so by themselves, as all are if this one is interrupted. The exit status: 0 if none failed."""
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, lambda *_: sys.exit(1))
    try:
        while children[0].poll() is None and not any(child.poll() for child in children):
            time.sleep(PAUSE)
        until = time.monotonic() + GRACE
        while time.monotonic() < until and any(child.poll() is None for child in children):
            time.sleep(PAUSE)
        failed = [index for index, child in enumerate(children) if child.returncode]
        for index in failed:
            print(f"process {index} of those started here {how(children[index])}", file=sys.stderr)
        return 1 if failed else 0
    finally:
        for child in children:
            end(child)


def how(child: "subprocess.Popen[bytes]") -> str:
    if child.returncode < 0:
        return f"was ended by {signal.Signals(-child.returncode).name}"
    return f"ended with status {child.returncode}"


def end(child: "subprocess.Popen[bytes]") -> None:
    """End a process and what it started."""
    for name in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(child.pid, name)
        with suppress(subprocess.TimeoutExpired):
            child.wait(GRACE)
            return


def follow(recipe: str) -> None:
    """Train a recipe's models with the first process, and keep nothing of them."""
    entry: dict[str, Any] = params()["recipes"][recipe]
    training = read(data_parallel.Training, entry["training"], f"recipes.{recipe}.training")
    architecture = kinds.module("models", entry["model"]["architecture"])
    sizes = read(architecture.Sizes, entry["model"], f"recipes.{recipe}.model")
    data_parallel.prepare(sizes)
    arrays = [data_parallel.load(path) for path in train.inputs(entry["arrays"], training.validation)]
    with tempfile.TemporaryDirectory() as name, redirect_stdout(io.StringIO()):
        folder = Path(name)
        for seed in entry["seeds"]:
            parts = train.split(arrays, training.validation, seed)
            history = History(folder / "history.csv", recipe, seed, training.epochs)
            checkpoint, path = folder / f"{seed}.npz", folder / str(seed)
            data_parallel.fit(Task(architecture, sizes, training, *parts, seed, history, checkpoint, path))


if __name__ == "__main__":
    command.guard(main)
