"""What a trained model says of a padded split."""

import numpy as np

from stages.lib.arrays import Padded
from stages.lib.backend import keras

BATCH = 256  # texts


def logits(model: keras.Model, padded: Padded) -> np.ndarray:
    """The model's output for each text, in the split's order: float32[texts, outputs]."""
    found = np.zeros((len(padded.labels), model.output_shape[-1]), dtype=np.float32)
    for ids, rows in zip(padded.ids, padded.rows, strict=True):
        found[rows] = model.predict(ids, batch_size=BATCH, verbose=0)
    return found
