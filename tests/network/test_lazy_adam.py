"""Lazy Adam: Adam, but a row of a table without a gradient stands still."""

import numpy as np
import pytest

from stages.network.backend import keras
from stages.network.lazy_adam import LazyAdam

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="other backends have no gradients of rows"
)
ROWS, UNITS = 6, 3


class Table:
    """An embedding table, moved by an optimizer towards what batches of rows ask for."""

    def __init__(self, optimizer: keras.optimizers.Optimizer) -> None:
        first = np.random.default_rng(0).normal(size=(ROWS, UNITS)).astype(np.float32)
        self.table, self.optimizer = keras.Variable(first), optimizer
        optimizer.build([self.table])

    def move(self, rows: list[int]) -> None:
        """One step with the gradient of sum(row * (1, 2, 3)) + sum(row squared) over the rows."""
        import tensorflow as tf

        with tf.GradientTape() as tape:
            taken = tf.gather(self.table.value, rows)
            loss = tf.reduce_sum(taken * [1.0, 2.0, 3.0] + taken * taken)
        self.optimizer.apply([tape.gradient(loss, self.table.value)], [self.table])

    @property
    def values(self) -> np.ndarray:
        return keras.ops.convert_to_numpy(self.table)  # type: ignore[no-any-return]


def test_it_is_keras_s_adam_where_every_batch_has_every_row_once() -> None:
    lazy, dense = Table(LazyAdam(0.01)), Table(keras.optimizers.Adam(0.01))
    for order in ([0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0], [3, 4, 5, 0, 1, 2]):
        lazy.move(order)
        dense.move(order)
    assert lazy.values == pytest.approx(dense.values, abs=1e-6)


def test_a_row_without_a_gradient_stands_still_and_so_do_its_moments() -> None:
    table, other = Table(LazyAdam(0.01)), Table(LazyAdam(0.01))
    table.move([0, 1])
    before = table.values
    table.move([2, 2])
    assert np.array_equal(np.delete(table.values, 2, 0), np.delete(before, 2, 0))
    assert not np.array_equal(table.values[2], before[2])
    other.move([0, 1, 2])
    assert np.array_equal(other.values[:2], before[:2])  # whatever else is in the batch


def test_it_moves_a_row_as_numpy_does() -> None:
    table = Table(LazyAdam(0.01))
    expected, mean, square = table.values.astype(np.float64), np.zeros((ROWS, UNITS)), np.zeros((ROWS, UNITS))
    for step, rows in enumerate([[0, 1, 1], [3], [1, 3]], start=1):
        gradient = np.zeros((ROWS, UNITS))
        for row in rows:
            gradient[row] += [1, 2, 3] + 2 * expected[row]
        for row in set(rows):
            mean[row] = 0.9 * mean[row] + 0.1 * gradient[row]
            square[row] = 0.999 * square[row] + 0.001 * gradient[row] ** 2
            unbiased = mean[row] / (1 - 0.9**step), square[row] / (1 - 0.999**step)
            expected[row] -= 0.01 * unbiased[0] / (np.sqrt(unbiased[1]) + 1e-7)
        table.move(rows)
    assert table.values == pytest.approx(expected, abs=1e-5)


def test_other_variables_are_moved_as_by_adam() -> None:
    both = []
    for optimizer in (LazyAdam(0.01), keras.optimizers.Adam(0.01)):
        weights = keras.Variable(np.ones((2, 2), np.float32))
        for gradient in ([[1.0, 2.0], [3.0, 4.0]], [[0.0, -1.0], [0.0, 1.0]]):
            optimizer.apply([keras.ops.convert_to_tensor(gradient)], [weights])
        both.append(keras.ops.convert_to_numpy(weights))
    assert np.array_equal(*both)
