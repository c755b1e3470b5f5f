"""Adam that moves only those rows of an embedding table that a batch has tokens of.

Keras's Adam decays both moments of every row with each batch, and moves the whole table: on a table of a
million rows nearly all the time goes there, and rare tokens are moved by moments of long ago. PyTorch has the
same as SparseAdam. On other backends than TensorFlow, which alone says which rows a gradient has, it is
Keras's Adam.
"""

from typing import Any

from stages.network.backend import keras


class LazyAdam(keras.optimizers.Adam):  # type: ignore[misc]  # Keras has no types
    """Kingma & Ba 2015; a row's moments stand still while it has no gradient. The gradient of a row that a
    batch has several times is their sum, before it is squared (Keras squares each)."""

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        if type(gradient).__name__ != "IndexedSlices":
            super().update_step(gradient, variable, learning_rate)
            return
        import tensorflow as tf  # whose optimizers get TensorFlow's variables, but keep Keras's

        rows, place = tf.unique(gradient.indices)
        summed = tf.math.unsorted_segment_sum(gradient.values, place, tf.shape(rows)[0])
        at = self._get_variable_index(variable)
        first, second = self._momentums[at].value, self._velocities[at].value
        mean = self.beta_1 * tf.gather(first, rows) + (1 - self.beta_1) * summed
        square = self.beta_2 * tf.gather(second, rows) + (1 - self.beta_2) * summed * summed
        first.scatter_update(tf.IndexedSlices(mean, rows))
        second.scatter_update(tf.IndexedSlices(square, rows))
        steps = tf.cast(self.iterations.value + 1, summed.dtype)
        unbiased = tf.sqrt(1 - self.beta_2**steps) / (1 - self.beta_1**steps)
        step = tf.cast(learning_rate, summed.dtype) * unbiased * mean / (tf.sqrt(square) + self.epsilon)
        variable.scatter_sub(tf.IndexedSlices(step, rows))
