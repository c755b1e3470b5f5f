"""Small models of every architecture, and texts of ids for them."""

import json
from functools import cache
from typing import Any

import numpy as np

from stages.network.backend import keras
from stages.network.sizes import Shape
from stages.runtime import kinds
from stages.runtime.config import read

# the smallest `model` of networks that have tests of their own; the others read ids in their order
APART: dict[str, dict[str, Any]] = {"nb_svm": {}, "document_vectors": {"embedding": 5}}
ARCHITECTURES = [
    name
    for name in kinds.names("models")
    if hasattr(kinds.module("models", name), "build") and name not in APART
]
RECURRENT = ["simple_rnn", "lstm", "chrono_lstm", "gru", "peephole_lstm"]
OWN: dict[str, dict[str, Any]] = {
    "flatten": {},
    "pooled": {"pooling": "mean"},
    "conv1d": {"pooling": "mean", "filters": 7, "kernel": 3},
    "chrono_lstm": {"memory": 20},
    "oh_cnn": {"pooling": "max", "region": 3},
    "hashed_bag": {"pooling": "mean", "ngrams": 3, "buckets": 97},
}
READING = {"units": [6], "bidirectional": False, "pooling": "last"}
TEXT = Shape(vocabulary=50, length=None, classes=2)
NINE = Shape(vocabulary=50, length=9, classes=2)


def entry(architecture: str, **sizes: Any) -> dict[str, Any]:
    """The `model` of a recipe; what is not given is small."""
    common = {"embedding": 5, "dense": 0, "mask": True} | (READING if architecture in RECURRENT else {})
    return common | OWN.get(architecture, {}) | sizes | {"architecture": architecture}


def build(architecture: str, shape: Shape = TEXT, seed: int = 1, **sizes: Any) -> keras.Model:
    module = kinds.module("models", architecture)
    keras.utils.set_random_seed(seed)
    return module.build(read(module.Sizes, entry(architecture, **sizes), "model"), shape)


def shared(architecture: str, shape: Shape = TEXT, **sizes: Any) -> keras.Model:
    """The same, made once for all tests that change nothing of it."""
    return _built(architecture, shape, json.dumps(sizes))


@cache
def _built(architecture: str, shape: Shape, sizes: str) -> keras.Model:
    return build(architecture, shape, **json.loads(sizes))


def ids(rows: int, length: int) -> np.ndarray:
    """Texts without padding: int32[rows, length]."""
    return np.random.default_rng(0).integers(1, 50, (rows, length)).astype(np.int32)


def run(model: keras.Model, batch: np.ndarray, training: bool = False) -> np.ndarray:
    return keras.ops.convert_to_numpy(model(batch, training=training))  # type: ignore[no-any-return]
