"""Saved models, and what they say of a padded split. Keras is imported for networks only."""

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from stages.artifacts.padded import Padded
from stages.artifacts.storage import load_arrays
from stages.models.ensemble import combine
from stages.runtime import kinds

if TYPE_CHECKING:
    import keras

BATCH = 256  # texts
THREADS = 2  # of an operation, on any number of cores: the last bits depend on it

# TensorFlow warns of a graph for each width of arrays; there are few, and they are meant
logging.getLogger("tensorflow").setLevel(logging.ERROR)


def load(path: Path, architecture: str) -> "keras.Model":
    """A saved network, as fast as in training."""
    from stages.network import saving
    from stages.network.backend import threads

    threads(THREADS)
    module = kinds.module("models", architecture)
    if hasattr(module, "layer"):  # Keras has to know it
        module.layer()
    return saving.load(path)


def each(folder: Path, facts: Mapping[str, Any]) -> Iterator[Any]:
    """The models of a trained recipe, one for each seed, one after the other.

    folder: data/models/<recipe>; facts: its training.json. Networks are one object whose weights are
    exchanged, so that TensorFlow makes its graphs once.
    """
    trainer = kinds.module("trainers", facts["trainer"])
    if hasattr(trainer, "read"):
        yield from (trainer.read(folder / "seeds" / f"{seed}.npz") for seed in facts["seeds"])
        return
    model = None
    for seed in facts["seeds"]:
        loaded = load(folder / "seeds" / f"{seed}.keras", facts["architecture"])
        if model is None:
            model = loaded
        else:
            model.set_weights(loaded.get_weights())
        yield model


def blended(ensemble: Any, seed: str, folder: Path) -> np.ndarray:
    """An ensemble's logits of a split: float32[texts, outputs].

    folder: with those of its members, data/logits/<split>/<experiment>.
    """
    answers = [load_arrays(folder / f"{member}.npz")[seed] for member in ensemble.members]
    return combine(answers, ensemble.weights)


def logits(model: Any, padded: Padded) -> np.ndarray:
    """The model's output for each text, in the split's order: float32[texts, outputs]."""
    if hasattr(model, "logits"):
        answers: np.ndarray = model.logits(padded)
        return answers
    outputs = np.zeros((len(padded.labels), model.output_shape[-1]), dtype=np.float32)
    for ids, rows in zip(padded.ids, padded.rows, strict=True):
        for start in range(0, len(ids), BATCH):
            # not `predict`, which waits for tf.data as `fit` would (stages/network/batches.py)
            some = np.asarray(ids[start : start + BATCH])
            outputs[rows[start : start + BATCH]] = model.predict_on_batch(some)
    return outputs
