"""Batches of a padded split for `fit`, each from one bucket, so that none is padded beyond its width."""

import numpy as np

from stages.lib.arrays import Padded
from stages.lib.backend import keras


class Batches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras has no types
    """Every text once per epoch. With a seed, texts are shuffled within their bucket and the batches
    between buckets, anew in every epoch; the same seed gives the same order.

    A batch is (ids int32[batch, width], targets): float32[batch, 1] in {0, 1} for two classes,
    int32[batch] for more.
    """

    def __init__(self, padded: Padded, batch_size: int, seed: int | None = None) -> None:
        super().__init__()
        self._padded = padded
        self._size = batch_size
        self._seed = seed
        self._epoch = 0
        self._plan = self._in_order()

    def __len__(self) -> int:
        return len(self._plan)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        bucket, places = self._plan[index]
        ids = self._padded.ids[bucket][places]
        labels = self._padded.labels[self._padded.rows[bucket][places]]
        if len(self._padded.names) == 2:
            return ids, labels.astype(np.float32)[:, None]
        return ids, labels.astype(np.int32)

    def on_epoch_begin(self) -> None:
        if self._seed is not None:
            self._plan = self._shuffled(np.random.default_rng([self._seed, self._epoch]))
            self._epoch += 1

    def _in_order(self) -> list[tuple[int, np.ndarray]]:
        """(bucket, places in it) of each batch; the narrowest and the widest bucket come first,
        because Keras takes the shape of all batches from the first two."""
        plan = self._batches([np.arange(len(rows)) for rows in self._padded.rows])
        return [plan[0], plan[-1], *plan[1:-1]] if len(plan) > 1 else plan

    def _shuffled(self, random: np.random.Generator) -> list[tuple[int, np.ndarray]]:
        plan = self._batches([random.permutation(len(rows)) for rows in self._padded.rows])
        return [plan[i] for i in random.permutation(len(plan))]

    def _batches(self, orders: list[np.ndarray]) -> list[tuple[int, np.ndarray]]:
        return [
            (bucket, order[start : start + self._size])
            for bucket, order in enumerate(orders)
            for start in range(0, len(order), self._size)
        ]
