"""Training a model: what is optimized, when it stops, what is written down while it runs."""

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from stages.lib.arrays import Padded
from stages.lib.backend import keras
from stages.lib.batches import Batches, feed
from stages.lib.machine import peak_mib, processor
from stages.lib.training import Training

STEPS = 16  # batches between returns to Python: every one of them costs a small model a fifth of its time
COLUMNS = ["accuracy", "loss", "val_accuracy", "val_loss"]


@dataclass(frozen=True)
class Fitted:
    """What a training leaves behind: how many epochs it ran, and the one whose weights were kept."""

    epochs: int
    kept: int


def fit(
    model: keras.Model, train: Padded, held: Padded, training: Training, seed: int, diary: "Diary"
) -> Fitted:
    """Train `model` on `train`, watching `held`; with early stopping the best epoch's weights stay."""
    rate = {"learning_rate": training.learning_rate}
    model.compile(
        optimizer=keras.optimizers.get({"class_name": training.optimizer, "config": rate}),
        loss=_loss(model),
        metrics=[_accuracy(model)],
        steps_per_execution=STEPS,
    )
    watchers: list[Any] = [diary]
    stopping = None
    if training.early_stopping:
        patience = training.early_stopping.patience
        stopping = keras.callbacks.EarlyStopping("val_loss", patience=patience, restore_best_weights=True)
        watchers.append(stopping)
    batches = Batches(train, training.batch_size, seed)
    watchers.append(keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: batches.start(epoch)))
    model.fit(
        feed(batches),
        validation_data=feed(Batches(held, training.batch_size)),
        epochs=training.epochs,
        callbacks=watchers,
        shuffle=False,  # Batches does it, from the seed alone
        verbose="auto" if sys.stdout.isatty() else 0,
    )
    epochs = len(diary.seconds)
    return Fitted(epochs, kept=stopping.best_epoch + 1 if stopping else epochs)


def _loss(model: keras.Model) -> Any:
    if model.output_shape[-1] == 1:
        return keras.losses.BinaryCrossentropy(from_logits=True)
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def _accuracy(model: keras.Model) -> Any:
    if model.output_shape[-1] == 1:
        return keras.metrics.BinaryAccuracy("accuracy", threshold=0.0)  # of a logit
    return keras.metrics.SparseCategoricalAccuracy("accuracy")


class Diary(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Writes a row of history as each epoch ends, and a line of progress where there is no terminal."""

    def __init__(self, path: Path, recipe: str, epochs: int) -> None:
        super().__init__()
        self._path, self._recipe, self._epochs = path, recipe, epochs
        self.seconds: list[float] = []  # of each epoch, validation included
        self.training_seconds: list[float] = []  # of each epoch, validation left out
        self._began = self._trained = 0.0

    def on_train_begin(self, logs: Any = None) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.write_text(",".join(["epoch", *COLUMNS]) + "\n", encoding="utf-8")

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._began, self._trained = time.perf_counter(), 0.0

    def on_test_begin(self, logs: Any = None) -> None:
        self._trained = time.perf_counter() - self._began

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.seconds.append(time.perf_counter() - self._began)
        self.training_seconds.append(self._trained)
        values = [f"{logs[column]:.6f}" for column in COLUMNS]
        with self._path.open("a", encoding="utf-8") as file:
            file.write(",".join([str(epoch + 1), *values]) + "\n")
        if not sys.stdout.isatty():
            left = (self._epochs - epoch - 1) * sum(self.seconds) / len(self.seconds)
            shown = ", ".join(f"{column} {logs[column]:.4f}" for column in COLUMNS)
            print(
                f"{self._recipe}: epoch {epoch + 1}/{self._epochs}: {shown}, "
                f"{self.seconds[-1]:.1f} s, at most {left:.0f} s left",
                flush=True,
            )

    def timings(self, tokens: int) -> dict[str, object]:
        """What reports/timings/<recipe>.json holds, for an epoch of so many tokens (padding left out)."""
        return {
            "seconds_per_epoch": round(median(self.seconds), 3),
            "total_seconds": round(sum(self.seconds), 3),
            "tokens_per_second": round(tokens / median(self.training_seconds)),
            "peak_memory_mib": peak_mib(),
            "processor": processor(),
            "backend": f"{keras.backend.backend()}, Keras {keras.__version__}",
        }
