"""Saved models, and what they say of a padded split."""

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from stages.artifacts.padded import Padded
from stages.network import saving
from stages.network.backend import keras, threads
from stages.runtime import kinds

BATCH = 256  # texts
THREADS = 2  # of an operation, on any number of cores: the last bits depend on it

# TensorFlow warns of a graph for each width of arrays; there are few, and they are meant
logging.getLogger("tensorflow").setLevel(logging.ERROR)


def load(path: Path, architecture: str) -> keras.Model:
    """A saved model, as fast as in training."""
    threads(THREADS)
    module = kinds.module("models", architecture)
    if hasattr(module, "layer"):  # Keras has to know it
        module.layer()
    return saving.load(path)


def each(paths: Iterable[Path], architecture: str) -> Iterator[keras.Model]:
    """Saved models that differ in their weights alone, one after the other. It is one object whose weights
    are exchanged, so that TensorFlow makes its graphs once."""
    model = None
    for path in paths:
        loaded = load(path, architecture)
        if model is None:
            model = loaded
        else:
            model.set_weights(loaded.get_weights())
        yield model


def logits(model: keras.Model, padded: Padded) -> np.ndarray:
    """The model's output for each text, in the split's order: float32[texts, outputs]."""
    outputs = np.zeros((len(padded.labels), model.output_shape[-1]), dtype=np.float32)
    for ids, rows in zip(padded.ids, padded.rows, strict=True):
        for start in range(0, len(ids), BATCH):
            # not `predict`, which waits for tf.data as `fit` would (stages/network/batches.py)
            some = np.asarray(ids[start : start + BATCH])
            outputs[rows[start : start + BATCH]] = model.predict_on_batch(some)
    return outputs
