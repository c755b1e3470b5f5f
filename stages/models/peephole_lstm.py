"""Peephole LSTM (Gers & Schmidhuber 2000): the gates also see the cell's state."""

from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from stages.lib.config import config
from stages.lib.sizes import Recurrent, Shape

if TYPE_CHECKING:
    import keras


@config
class Sizes(Recurrent):
    architecture: Literal["peephole_lstm"]


def build(sizes: Sizes, shape: Shape) -> "keras.Model":
    from stages.lib import blocks
    from stages.lib.backend import keras

    def layer(units: int, return_sequences: bool, dropout: float) -> Any:
        return keras.layers.RNN(cell_class()(units, dropout=dropout), return_sequences=return_sequences)

    return blocks.recurrent(layer, sizes, shape)


@cache
def cell_class() -> Any:
    """`PeepholeLSTMCell(units)` for `keras.layers.RNN`; made on first use, as it needs Keras.

    Input and forget gate see the state before the step, the output gate the state after it, each
    unit only its own: weights `peepholes`, float32[3, units], in the order input, forget, output.
    With all of them 0 it is `keras.layers.LSTMCell`; `recurrent_dropout` it does not have.
    """
    from stages.lib.backend import keras

    ops = keras.ops

    @keras.saving.register_keras_serializable(package="seqstudy")
    class PeepholeLSTMCell(keras.layers.LSTMCell):  # type: ignore[misc]  # Keras has no types
        def build(self, input_shape: tuple[int | None, ...]) -> None:
            super().build(input_shape)
            self.peepholes = self.add_weight((3, self.units), "glorot_uniform", name="peepholes")

        def call(self, inputs: Any, states: Any, training: bool = False) -> tuple[Any, list[Any]]:
            output, cell = states
            if training and self.dropout:
                inputs = inputs * self.get_dropout_mask(inputs)
            sums = ops.matmul(inputs, self.kernel) + ops.matmul(output, self.recurrent_kernel)
            into, forget, candidate, out = ops.split(sums + self.bias, 4, axis=1)
            see_into, see_forget, see_out = ops.unstack(ops.convert_to_tensor(self.peepholes))
            kept = ops.sigmoid(forget + see_forget * cell) * cell
            cell = kept + ops.sigmoid(into + see_into * cell) * ops.tanh(candidate)
            output = ops.sigmoid(out + see_out * cell) * ops.tanh(cell)
            return output, [output, cell]

    return PeepholeLSTMCell


def register() -> None:
    """Let Keras find the cell in a saved model."""
    cell_class()
