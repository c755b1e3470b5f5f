"""Trainings of a small network on JAX, in processes of their own, for tests of what several devices or
processes make of them. `main` takes a folder and the names of trainings; each leaves a folder with its
history, its weights and what the network says of texts, or with the line that refused it.
"""

import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from stages.artifacts.history import History
from stages.artifacts.padded import Padded
from stages.artifacts.task import Task
from stages.network import fitting, saving
from stages.network.backend import keras
from stages.runtime import kinds
from stages.runtime.config import InputError, read
from stages.trainers import data_parallel, gradient_descent
from tests.models.small import entry
from tests.trainers.small import TRAINING, padded

EPOCHS = 3
SIZES = entry("pooled", dense=3, dropout={"embedding": 0.2, "dense": 0.2})
OPTIONS = {
    "epochs": EPOCHS,
    "learning_rate": 0.1,
    "class_weight": "balanced",
    "early_stopping": {"patience": 5},
}
BATCH = 7  # no multiple of two devices, and 40 texts are none of it


def whole() -> Padded:
    """80 texts of one width: each width is compiled, which takes longer than all that is trained."""
    both = padded(121)
    rows = both.rows[0]
    return replace(both, ids=both.ids[:1], rows=[np.arange(len(rows))], labels=both.labels[rows])


def plain(task: Callable[[type, str], Task]) -> None:
    """Gradient descent on one device."""
    gradient_descent.fit(task(gradient_descent.Training, "gradient_descent"))


def parallel(task: Callable[[type, str], Task]) -> None:
    data_parallel.fit(task(data_parallel.Training, "data_parallel"))


def forgotten(task: Callable[[type, str], Task]) -> None:
    """The distribution is set where `clear_session` forgets it."""
    data_parallel.distribute()
    data_parallel.everywhere = lambda architecture: architecture
    parallel(task)


def killed(task: Callable[[type, str], Task]) -> None:
    """The last process is killed in the middle of the second epoch."""
    import jax

    class Killing(fitting.Recorder):
        def on_test_begin(self, logs: Any = None) -> None:
            super().on_test_begin(logs)
            if self._history.epochs == 1 and jax.process_index() == jax.process_count() - 1:
                os.kill(os.getpid(), signal.SIGKILL)

    fitting.Recorder = Killing  # type: ignore[misc]
    parallel(task)


WAYS = {"plain": plain, "parallel": parallel, "resumed": parallel, "forgotten": forgotten, "killed": killed}


def run(folder: Path, way: str) -> None:
    import jax

    module = kinds.module("models", SIZES["architecture"])
    sizes = read(module.Sizes, SIZES, "model")
    folder.mkdir(parents=True, exist_ok=True)
    first = jax.process_index() == 0
    kept = folder.parent / (
        "kept" if first and way in ("killed", "resumed") else f"{way}-{jax.process_index()}"
    )
    kept.mkdir(parents=True, exist_ok=True)
    weights: list[np.ndarray] = []

    def task(training: type, kind: str) -> Task:
        own = {"devices": "all"} if kind == "data_parallel" else {}
        how: Any = read(training, TRAINING | OPTIONS | own | {"kind": kind, "batch_size": BATCH}, "training")
        held = np.arange(80) % 2 == 0
        history = History(folder / "history.csv", way, 3, EPOCHS)
        parts = whole().take(~held), whole().take(held)
        return Task(module, sizes, how, *parts, 3, history, kept / "checkpoint.npz", folder / "model")

    descend = data_parallel.descend

    def noted(model: Any, task: Task) -> int:
        try:
            return descend(model, task)
        finally:
            weights.extend(model.get_weights())

    data_parallel.descend = noted
    try:
        WAYS[way](task)
    except InputError as refused:
        (folder / "refused.txt").write_text(str(refused), encoding="utf-8")
    finally:
        data_parallel.descend = descend
    np.savez(folder / "weights.npz", *weights)
    if (folder / "model.keras").exists():
        model = saving.load(folder / "model.keras")
        np.savez(folder / "weights.npz", *model.get_weights())
        np.save(folder / "answers.npy", keras.ops.convert_to_numpy(model(whole().ids[0])))


def main() -> None:
    facts = data_parallel.prepare(read(kinds.module("models", "pooled").Sizes, SIZES, "model"))
    print(facts["backend"], flush=True)
    for name in sys.argv[2:]:
        run(Path(sys.argv[1]) / name, name)
        print(name, "ended", flush=True)
