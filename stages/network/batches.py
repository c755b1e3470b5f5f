"""Batches of a padded split for `fit`, each from one bucket, so that none is padded beyond its width."""

from typing import Any

import numpy as np

from stages.artifacts.padded import Padded
from stages.network.backend import keras


class Batches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras has no types
    """Every text once per epoch. After `start(epoch)`, texts are shuffled within their bucket and the
    batches between buckets; the order follows from the seed and the epoch alone.

    A batch is (ids int32[batch, width], targets): float32[batch, 1] in {0, 1} for two classes,
    int32[batch] for more.
    """

    def __init__(self, padded: Padded, batch_size: int, seed: int = 0) -> None:
        super().__init__()
        self._padded = padded
        self._size = batch_size
        self._seed = seed
        self._plan = self._batches(padded.lines)

    def __len__(self) -> int:
        return len(self._plan)

    @property
    def widths(self) -> int:
        """How many different widths the batches have."""
        return len({self._padded.ids[bucket].shape[1] for bucket, _ in self._plan})

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        bucket, lines = self._plan[index]
        ids = self._padded.ids[bucket][lines]
        labels = self._padded.labels[self._padded.rows[bucket][lines]]
        if len(self._padded.names) == 2:
            return ids, labels.astype(np.float32)[:, None]
        return ids, labels.astype(np.int32)

    def start(self, epoch: int) -> None:
        """Put the texts into the order of an epoch, counted from 0."""
        random = np.random.default_rng([self._seed, epoch])
        plan = self._batches([random.permutation(lines) for lines in self._padded.lines])
        self._plan = [plan[i] for i in random.permutation(len(plan))]

    @property
    def shuffling(self) -> Any:
        """The callback with which `fit` starts each epoch."""
        return keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: self.start(epoch))

    def _batches(self, orders: list[np.ndarray]) -> list[tuple[int, np.ndarray]]:
        """(bucket, lines of it) of each batch."""
        return [
            (bucket, order[start : start + self._size])
            for bucket, order in enumerate(orders)
            for start in range(0, len(order), self._size)
        ]


def feed(batches: Batches) -> Any:
    """The batches in the form in which Keras's backend reads them without delay.

    Keras would make a `tf.data.Dataset` itself, but with autotuning, whose thread sleeps 10 ms * 2^k:
    each epoch ended only when it woke, up to twice as late as its last batch (TensorFlow 2.21).
    """
    if keras.backend.backend() != "tensorflow":
        return batches
    import tensorflow as tf

    ids, targets = batches[0]
    width = ids.shape[1] if batches.widths == 1 else None
    signature = (
        tf.TensorSpec([None, width], tf.int32),
        tf.TensorSpec([None, *targets.shape[1:]], targets.dtype),
    )
    data = tf.data.Dataset.from_generator(
        lambda: (batches[i] for i in range(len(batches))), output_signature=signature
    )
    options = tf.data.Options()
    options.autotune.enabled = False
    return data.apply(tf.data.experimental.assert_cardinality(len(batches))).prefetch(2).with_options(options)
