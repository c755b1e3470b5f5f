"""Fitting a network: Keras's `fit`, with what is written down while it runs and what it goes on from."""

import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from stages.artifacts.history import History
from stages.network.backend import keras
from stages.network.batches import Batches, feed
from stages.network.checkpoints import Checkpoint

STEPS = 16  # batches between returns to Python: every one of them costs a small model a fifth of its time


def fit(
    model: keras.Model,
    train: Batches,
    held: Batches,
    history: History,
    checkpoint: Path,
    *,
    optimizer: Any,
    loss: Any,
    epochs: int,
    patience: int | None,
    callbacks: Iterable[Any] = (),
    class_weight: Mapping[int, float] | None = None,
) -> int:
    """Train `model` on `train`, watching `held`; the epoch whose weights it ends with, counted from 1.

    patience: epochs without a lower validation loss, after which it stops with the best one's weights; None:
    it runs all `epochs` and ends with the last one's.
    callbacks: those that change the weights which an epoch is measured with.

    After each epoch the training can be interrupted: called again it goes on from the file `checkpoint`.
    """
    model.compile(optimizer=optimizer, loss=loss, metrics=[accuracy(model)], steps_per_execution=STEPS)
    stopping = None
    if patience is not None:
        stopping = keras.callbacks.EarlyStopping("val_loss", patience=patience, restore_best_weights=True)
    saved = Checkpoint(checkpoint, history, stopping)
    begun = saved.restore(model)
    if not saved.finished:
        model.fit(
            feed(train),
            validation_data=feed(held),
            initial_epoch=begun,
            epochs=epochs,
            callbacks=[
                *callbacks,
                Recorder(history),
                *([stopping] if stopping else []),
                train.shuffling,
                saved,
            ],
            class_weight=class_weight,
            shuffle=False,  # Batches does it, from the seed alone
            verbose="auto" if sys.stdout.isatty() else 0,
        )
    elif stopping:
        model.set_weights(stopping.best_weights)
    return stopping.best_epoch + 1 if stopping else history.epochs


def cross_entropy(model: keras.Model) -> Any:
    """Of one logit for two classes, or of a logit for each."""
    if model.output_shape[-1] == 1:
        return keras.losses.BinaryCrossentropy(from_logits=True)
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def accuracy(model: keras.Model) -> Any:
    if model.output_shape[-1] == 1:
        return keras.metrics.BinaryAccuracy("accuracy", threshold=0.0)  # of a logit
    return keras.metrics.SparseCategoricalAccuracy("accuracy")


class Recorder(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Writes the history as each epoch ends. A training whose loss is no longer a number ends here."""

    def __init__(self, history: History) -> None:
        super().__init__()
        self._history = history
        self._began = self._trained = 0.0

    def on_train_begin(self, logs: Any = None) -> None:
        self._history.write()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._began, self._trained = time.perf_counter(), 0.0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self._history.check(logs, "loss")

    def on_test_begin(self, logs: Any = None) -> None:
        self._trained = time.perf_counter() - self._began

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._history.add(logs, time.perf_counter() - self._began, self._trained)


class Averaged(keras.callbacks.Callback):  # type: ignore[misc]
    """With an optimizer that has `use_ema`: an epoch is measured with the averages of the weights, and they
    are what stays. The weights themselves lie in the averages' place meanwhile, in the checkpoint, too.

    Keras's SwapEMAWeights exchanges them by adding and subtracting, which rounds.
    """

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if epoch:
            self._exchange()

    def on_test_begin(self, logs: Any = None) -> None:
        self._exchange()
        self._averages = self.model.get_weights()

    def on_train_end(self, logs: Any = None) -> None:
        self.model.set_weights(self._averages)  # Keras has put there what it takes for the average

    def _exchange(self) -> None:
        optimizer = self.model.optimizer
        pairs = zip(optimizer._trainable_variables, optimizer._model_variables_moving_average, strict=True)
        for weight, average in pairs:
            kept = keras.ops.convert_to_numpy(weight)
            weight.assign(average)
            average.assign(kept)
