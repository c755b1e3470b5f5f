"""The history of a training, written down while it runs: reports/history/<recipe>.csv."""

import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from stages.runtime import files
from stages.runtime.config import InputError
from stages.runtime.machine import peak_mib, processor

COLUMNS = ["accuracy", "loss", "val_accuracy", "val_loss"]


class History:
    """A row for each epoch of a training, in a file that is written anew with each of them, and a line of
    progress where there is no terminal.

    earlier: the histories of the seeds that were trained before, whose rows come first in the file.
    """

    def __init__(
        self, path: Path, recipe: str, seed: int, epochs: int, earlier: Iterable["History"] = ()
    ) -> None:
        self._path, self._recipe, self._seed, self._epochs = path, recipe, seed, epochs
        self._earlier = list(earlier)
        self._rows: list[str] = []
        self._seconds: list[float] = []  # of each epoch, validation included
        self._training_seconds: list[float] = []  # of each epoch, validation left out

    @property
    def epochs(self) -> int:
        """How many epochs have ended."""
        return len(self._rows)

    @property
    def state(self) -> dict[str, list[Any]]:
        """What `restore` takes, as JSON knows it."""
        return {"rows": self._rows, "seconds": self._seconds, "training_seconds": self._training_seconds}

    def restore(self, state: Mapping[str, list[Any]]) -> None:
        self._rows, self._seconds = state["rows"], state["seconds"]
        self._training_seconds = state["training_seconds"]
        self.write()
        print(f"{self._name}: goes on after epoch {self.epochs}/{self._epochs}", flush=True)

    def check(self, measures: Mapping[str, float], loss: str) -> None:
        """End a training whose loss, "loss" or "val_loss", is no longer a finite number."""
        if not math.isfinite(measures[loss]):
            raise InputError(
                f"{self._name}: found {loss} {measures[loss]} in epoch {self.epochs + 1}, allowed: a finite "
                "number; lower its learning_rate in conf/trainings, then run: python -m stages.compose "
                f"(the epochs before are in {self._path})"
            )

    def add(self, measures: Mapping[str, float], seconds: float, training_seconds: float) -> None:
        """An epoch has ended; `measures` has a number for each of COLUMNS."""
        self.check(measures, "val_loss")
        self._seconds.append(seconds)
        self._training_seconds.append(training_seconds)
        cells = [f"{measures[column]:.6f}" for column in COLUMNS]
        self._rows.append(",".join([str(self._seed), str(self.epochs + 1), *cells]))
        self.write()
        if not sys.stdout.isatty():
            left = (self._epochs - self.epochs) * sum(self._seconds) / self.epochs
            measured = ", ".join(f"{column} {measures[column]:.4f}" for column in COLUMNS)
            print(
                f"{self._name}: epoch {self.epochs}/{self._epochs}: {measured}, "
                f"{seconds:.1f} s, at most {left:.0f} s left",
                flush=True,
            )

    def write(self) -> None:
        rows = [row for history in [*self._earlier, self] for row in history._rows]
        files.write_text(self._path, "\n".join([",".join(["seed", "epoch", *COLUMNS]), *rows]) + "\n")

    @property
    def _name(self) -> str:
        return f"{self._recipe}, seed {self._seed}"


def timings(histories: Sequence[History], tokens: int, backend: str) -> dict[str, object]:
    """What data/timings/<recipe>.json holds, for epochs of so many tokens (padding left out): medians
    over the epochs of all seeds, and the mean of the seeds' totals."""
    epochs = [history.state for history in histories]
    seconds = [s for state in epochs for s in state["seconds"]]
    training_seconds = [s for state in epochs for s in state["training_seconds"]]
    return {
        "seconds_per_epoch": round(median(seconds), 3),
        "total_seconds": round(sum(seconds) / len(histories), 3),
        "tokens_per_second": round(tokens / median(training_seconds)),
        "peak_memory_mib": peak_mib(),
        "processor": processor(),
        "backend": backend,
    }
