"""Where a training stands after each epoch: one that was interrupted goes on instead of starting over.

A seed's checkpoint is `.checkpoints/<recipe>/<key>.npz` at the root of the repository, and the key stands
for everything that determines the training (stages/artifacts/provenance.py); so a changed parameter starts
afresh, and an unchanged one ends with the bytes that it would have had without the interruption.
Keras's BackupAndRestore keeps neither early stopping's state, nor the history, nor the key.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from stages.artifacts.history import History
from stages.artifacts.storage import load_arrays, save_arrays
from stages.network.backend import keras
from stages.runtime import files

STOPPING = ["wait", "stopped_epoch", "best", "best_epoch"]  # attributes of Keras's EarlyStopping


class Checkpoint(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Saves, as each epoch ends, what the next one starts from. Comes last among the callbacks.

    Kept: the weights, the optimizer's and the random generators' states, the weights of the best
    epoch, how long there was no better one, and the history's rows.
    """

    def __init__(self, path: Path, history: History, stopping: Any) -> None:
        super().__init__()
        self._path, self._history, self._stopping = path, history, stopping
        self._saved: dict[str, np.ndarray] = {}
        self.finished = False  # nothing is left to train

    def restore(self, model: keras.Model) -> int:
        """Put a compiled model back to where it stood, if there is a checkpoint; the epochs it had."""
        if not self._path.exists():
            return 0
        self._saved = load_arrays(self._path)
        model.optimizer.build(model.trainable_variables)
        for kind, variables in _variables(model).items():
            for i, variable in enumerate(variables):
                variable.assign(self._saved[f"{kind}_{i}"])
        state = json.loads(str(self._saved["state"]))
        self._history.restore(state["history"])
        self.finished = state["finished"]
        if self.finished:
            self._restore_stopping()
        return self._history.epochs

    def on_train_begin(self, logs: Any = None) -> None:
        if self._saved:  # after EarlyStopping has forgotten everything
            self._restore_stopping()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        finished = self.model.stop_training or epoch + 1 == self.params["epochs"]
        state: dict[str, Any] = {"history": self._history.state, "finished": finished}
        arrays = {f"{k}_{i}": v.numpy() for k, vs in _variables(self.model).items() for i, v in enumerate(vs)}
        if self._stopping:
            state["stopping"] = {name: getattr(self._stopping, name) for name in STOPPING}
            arrays |= {f"best_{i}": weight for i, weight in enumerate(self._stopping.best_weights)}
        with files.replacing(self._path) as draft, draft.open("wb") as file:
            save_arrays(file, arrays | {"state": json.dumps(state)})

    def _restore_stopping(self) -> None:
        if self._stopping:
            vars(self._stopping).update(json.loads(str(self._saved["state"]))["stopping"])
            weights = sum(name.startswith("best_") for name in self._saved)
            self._stopping.best_weights = [self._saved[f"best_{i}"] for i in range(weights)]


def _variables(model: keras.Model) -> dict[str, list[Any]]:
    """Everything that an epoch changes."""
    return {"model": model.variables, "optimizer": model.optimizer.variables}
