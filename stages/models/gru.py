"""The gated recurrent unit (Cho et al. 2014), as in cuDNN: the reset gate after the matrix product.

On TensorFlow without an accelerator it runs in a loop of its own: inputs are multiplied before it, weights
get their gradients after it. TensorFlow's `GRUBlockCell` won't do: it applies the reset gate before the
matrix product, Keras after it.
"""

from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from stages.network.sizes import Recurrent, Shape
from stages.runtime.config import config

if TYPE_CHECKING:
    import keras

Tensor = Any


@config
class Sizes(Recurrent):
    architecture: Literal["gru"]


def build(sizes: Sizes, shape: Shape) -> "keras.Model":
    from stages.network import blocks

    return blocks.recurrent(layer(), sizes, shape)


@cache
def layer() -> Any:
    """`keras.layers.GRU` with the fast loop. Saved models hold Keras's own in its place; calling this once
    is what lets `stages.network.recurrent.fast` put it back."""
    from stages.network import recurrent
    from stages.network.backend import keras

    @keras.saving.register_keras_serializable(package=recurrent.PACKAGE)
    class GRU(recurrent.Fast, keras.layers.GRU):  # type: ignore[misc]  # Keras has no types
        def loop(self, inputs: Tensor, states: list[Tensor], steps: Tensor) -> list[Tensor]:
            import tensorflow as tf

            kernel, own, bias = recurrent.weights(self.cell)
            return [loop(tf.tensordot(inputs, kernel, 1) + bias[0], states[0], own, bias[1], steps)]

    return GRU


def loop(gates: Tensor, state: Tensor, recurrent: Tensor, bias: Tensor, steps: Tensor) -> Tensor:
    """Outputs, float32[time, batch, units]; 0 from `steps` on.

    gates: float32[time, batch, 3 units], the input's part of update gate, reset gate and candidate.
    state: float32[batch, units]; recurrent: float32[units, 3 units]; bias: float32[3 units].
    """
    import tensorflow as tf

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def run(gates: Tensor, state: Tensor, recurrent: Tensor, bias: Tensor) -> Any:
        outputs = _forwards(gates, state, recurrent, bias)
        return outputs, lambda upstream: _backwards(gates, state, recurrent, bias, outputs, upstream)

    # else a batch of one text and time of unknown length may be known to TensorFlow in the state alone
    gates.set_shape([None, state.shape[0], None])
    outputs = run(gates[:steps], state, recurrent, bias)
    return tf.pad(outputs, [[0, tf.shape(gates)[0] - steps], [0, 0], [0, 0]])


def _forwards(gates: Tensor, state: Tensor, recurrent: Tensor, bias: Tensor) -> Tensor:
    """Outputs, float32[time, batch, units] (Cho et al. 2014, the reset gate after the product)."""
    import tensorflow as tf

    units, time = state.shape[-1], tf.shape(gates)[0]
    # cut up before the loop, whose time goes by the number of operations
    own, own_candidate = (
        tf.TensorArray(tf.float32, time).unstack(part)
        for part in (gates[:, :, : 2 * units] + bias[: 2 * units], gates[:, :, 2 * units :])
    )
    to_gates, to_candidate = recurrent[:, : 2 * units], recurrent[:, 2 * units :]

    def step(t: Tensor, state: Tensor, outputs: Any) -> Any:
        both = tf.sigmoid(own.read(t) + tf.matmul(state, to_gates))
        update, reset = tf.split(both, 2, 1)
        seen = tf.nn.bias_add(tf.matmul(state, to_candidate), bias[2 * units :])
        candidate = tf.tanh(own_candidate.read(t) + reset * seen)
        state = candidate + update * (state - candidate)
        return t + 1, state, outputs.write(t, state)

    outputs = tf.TensorArray(tf.float32, time, element_shape=state.shape)
    *_, outputs = tf.while_loop(lambda t, *_: t < time, step, (0, state, outputs), parallel_iterations=1)
    return outputs.stack()


def _backwards(
    gates: Tensor, state: Tensor, recurrent: Tensor, bias: Tensor, outputs: Tensor, upstream: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Gradients of gates, state, recurrent, bias, given that of the outputs.

    The gates are computed anew, for all steps at once, and so are the gradients of the weights; what
    must go step by step is only how an output's gradient reaches the output before it.
    """
    import tensorflow as tf

    units = state.shape[-1]
    before = _rows(tf.concat([state[None], outputs[:-1]], 0))
    seen, own = tf.nn.bias_add(tf.matmul(before, recurrent), bias), _rows(gates)
    update, reset = tf.split(tf.sigmoid(own[:, : 2 * units] + seen[:, : 2 * units]), 2, 1)
    candidate = tf.tanh(own[:, 2 * units :] + reset * seen[:, 2 * units :])
    to_update = (before - candidate) * update * (1 - update)
    to_candidate = (1 - update) * (1 - candidate * candidate)
    to_reset = to_candidate * seen[:, 2 * units :] * reset * (1 - reset)
    to_seen = tf.concat([to_update, to_reset, to_candidate * reset], 1)  # each times an output's gradient
    totals, first = _totals(
        tf.reshape(to_seen, tf.shape(gates)), tf.reshape(update, tf.shape(outputs)), recurrent, upstream
    )
    totals = _rows(totals)
    of_seen = tf.concat([totals] * 3, 1) * to_seen
    of_gates = tf.concat([of_seen[:, : 2 * units], totals * to_candidate], 1)
    of_recurrent = tf.matmul(before, of_seen, transpose_a=True)
    return tf.reshape(of_gates, tf.shape(gates)), first, of_recurrent, tf.reduce_sum(of_seen, 0)


def _totals(to_seen: Tensor, update: Tensor, recurrent: Tensor, upstream: Tensor) -> tuple[Tensor, Tensor]:
    """The gradient of each output, that by way of later outputs included, and of the state before all.

    to_seen: float32[time, batch, 3 units]; update, upstream: float32[time, batch, units].
    """
    import tensorflow as tf

    time, nothing = tf.shape(update)[0], tf.zeros_like(update[0])
    to_seen, update, upstream = (
        tf.TensorArray(tf.float32, time).unstack(each) for each in (to_seen, update, upstream)
    )
    back = tf.transpose(recurrent)

    def step(t: Tensor, later: Tensor, totals: Any) -> Any:
        total = later + upstream.read(t)
        of_seen = tf.concat([total] * 3, 1) * to_seen.read(t)
        return t - 1, total * update.read(t) + tf.matmul(of_seen, back), totals.write(t, total)

    totals = tf.TensorArray(tf.float32, time, element_shape=[None, recurrent.shape[0]])
    _, first, totals = tf.while_loop(
        lambda t, *_: t >= 0, step, (time - 1, nothing, totals), parallel_iterations=1
    )
    return totals.stack(), first


def _rows(sequences: Tensor) -> Tensor:
    import tensorflow as tf

    return tf.reshape(sequences, [-1, sequences.shape[-1]])
