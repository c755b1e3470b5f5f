"""What a trained model says of a padded split."""

import logging

import numpy as np

from stages.lib.arrays import Padded
from stages.lib.backend import keras

BATCH = 256  # texts

# TensorFlow warns of a graph for each width of arrays; there are few, and they are meant
logging.getLogger("tensorflow").setLevel(logging.ERROR)


def logits(model: keras.Model, padded: Padded) -> np.ndarray:
    """The model's output for each text, in the split's order: float32[texts, outputs]."""
    found = np.zeros((len(padded.labels), model.output_shape[-1]), dtype=np.float32)
    for ids, rows in zip(padded.ids, padded.rows, strict=True):
        for start in range(0, len(ids), BATCH):
            # not `predict`, which waits for tf.data as `fit` would (stages/lib/batches.py)
            some = np.asarray(ids[start : start + BATCH])
            found[rows[start : start + BATCH]] = model.predict_on_batch(some)
    return found
