"""Training a model: what is optimized, when it stops, what is written down while it runs."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stages.arrays.padded import Padded
from stages.network.backend import keras
from stages.training.batches import Batches, feed
from stages.training.checkpoints import Checkpoint
from stages.training.history import History
from stages.training.settings import Training

STEPS = 16  # batches between returns to Python: every one of them costs a small model a fifth of its time


@dataclass(frozen=True)
class Fitted:
    """What a training leaves behind: how many epochs it ran, and the one whose weights were kept."""

    epochs: int
    kept: int


def fit(
    model: keras.Model,
    train: Padded,
    held: Padded,
    training: Training,
    seed: int,
    history: History,
    checkpoint: Path,
) -> Fitted:
    """Train `model` on `train`, watching `held`; with early stopping the best epoch's weights stay.

    After each epoch the training can be interrupted: called again it goes on from the file `checkpoint`.
    """
    options = {"learning_rate": training.learning_rate}
    if training.weight_decay is not None:
        options["weight_decay"] = training.weight_decay
    model.compile(
        optimizer=keras.optimizers.get({"class_name": training.optimizer, "config": options}),
        loss=_loss(model),
        metrics=[_accuracy(model)],
        steps_per_execution=STEPS,
    )
    stopping = None
    if training.early_stopping:
        patience = training.early_stopping.patience
        stopping = keras.callbacks.EarlyStopping("val_loss", patience=patience, restore_best_weights=True)
    batches = Batches(train, training.batch_size, seed)
    saved = Checkpoint(checkpoint, history, stopping)
    begun = saved.restore(model)
    if not saved.finished:
        model.fit(
            feed(batches),
            validation_data=feed(Batches(held, training.batch_size)),
            initial_epoch=begun,
            epochs=training.epochs,
            callbacks=[history, *([stopping] if stopping else []), batches.shuffling, saved],
            shuffle=False,  # Batches does it, from the seed alone
            verbose="auto" if sys.stdout.isatty() else 0,
        )
    elif stopping:
        model.set_weights(stopping.best_weights)
    return Fitted(history.epochs, kept=stopping.best_epoch + 1 if stopping else history.epochs)


def _loss(model: keras.Model) -> Any:
    if model.output_shape[-1] == 1:
        return keras.losses.BinaryCrossentropy(from_logits=True)
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def _accuracy(model: keras.Model) -> Any:
    if model.output_shape[-1] == 1:
        return keras.metrics.BinaryAccuracy("accuracy", threshold=0.0)  # of a logit
    return keras.metrics.SparseCategoricalAccuracy("accuracy")
