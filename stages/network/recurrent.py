"""LSTM, GRU and peephole LSTM as Keras layers that train several times faster on a CPU.

Each is a `keras.layers.LSTM`, `GRU` or `RNN(PeepholeLSTMCell)` in all but its inner loop: the same
arguments, weights, masks and outputs (tests/network/test_recurrent.py: equal to 1e-5, gradients too). On
TensorFlow without an accelerator the loop over time is
- for LSTMs TensorFlow's own kernel for whole sequences, `BlockLSTM` with its registered gradient, which
  Keras does not use. (`BlockLSTMV2` has Keras's order of gates, but the gradient that TensorFlow 2.21
  registers for it is wrong.)
- for the GRU a loop of its own (stages/models/gru.py).
Elsewhere, and for options that these do not know, the stock loop runs.

Padding costs nothing in the kernels: each text's tokens are moved to the front, in the order in which
they are read, and what is wanted is read off at each text's own length.

Shapes are written dtype[...]; `time` counts steps in the order of reading.
"""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from stages.network.backend import keras

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf

Tensor = Any
PACKAGE = "seqstudy"
EQUALS = {"LSTM": "LSTM", "GRU": "GRU", "RNN": "PeepholeLSTM"}  # class in keras.layers: class here
ops = keras.ops


@cache
def fused() -> bool:
    """Whether the fast loops run here: on TensorFlow, and on the CPU."""
    return keras.backend.backend() == "tensorflow" and not tf.config.list_physical_devices("GPU")


@keras.saving.register_keras_serializable(package=PACKAGE)
class PeepholeLSTMCell(keras.layers.LSTMCell):  # type: ignore[misc]  # Keras has no types
    """The step of an LSTM whose gates also see the cell's state (Gers & Schmidhuber 2000).

    Input and forget gate see the state before the step, the output gate the state after it, each
    unit only its own: weights `peepholes`, float32[3, units], in the order input, forget, output.
    With all of them 0 it is `keras.layers.LSTMCell`; `recurrent_dropout` it does not have.
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        super().build(input_shape)
        self.peepholes = self.add_weight((3, self.units), "glorot_uniform", name="peepholes")

    def call(self, inputs: Tensor, states: Any, training: bool = False) -> tuple[Tensor, list[Tensor]]:
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


class Fast:
    """What the fast layers share; comes before the Keras layer among a class's bases."""

    def inner_loop(
        self: Any, sequences: Tensor, initial_state: Any, mask: Any, training: bool = False
    ) -> Any:
        """Keras's hook for the loop over time: (last output, outputs, states)."""
        stock = super().inner_loop  # type: ignore[misc]  # of the Keras layer
        if not (fused() and plain(self)):
            return stock(sequences, initial_state, mask=mask, training=training)
        self.supports_jit = False  # XLA does not know the kernel
        if training and self.cell.dropout:
            sequences = sequences * tf.expand_dims(self.cell.get_dropout_mask(sequences[:, 0]), 1)
        mask = mask[0] if isinstance(mask, list | tuple) else mask
        reading = _reading(sequences, mask, self.go_backwards)
        states = self.loop(reading.inputs(sequences), initial_state, reading.steps)
        finals = [reading.final(*pair) for pair in zip(states, initial_state, strict=True)]
        if not self.return_sequences:
            last = reading.final(states[0], tf.zeros_like(finals[0]))
            return last, last, finals
        outputs = reading.outputs(states[0], self.zero_output_for_mask)
        outputs = tf.ensure_shape(outputs, [*sequences.shape[:2], outputs.shape[-1]])
        return outputs[:, -1], outputs, finals


@keras.saving.register_keras_serializable(package=PACKAGE)
class LSTM(Fast, keras.layers.LSTM):  # type: ignore[misc]
    """`keras.layers.LSTM`."""

    def loop(self, inputs: Tensor, states: list[Tensor], steps: Tensor) -> list[Tensor]:
        return _lstm(self.cell, inputs, states, steps, peepholes=None)


@keras.saving.register_keras_serializable(package=PACKAGE)
class PeepholeLSTM(Fast, keras.layers.RNN):  # type: ignore[misc]
    """`keras.layers.RNN(PeepholeLSTMCell(units))`."""

    def loop(self, inputs: Tensor, states: list[Tensor], steps: Tensor) -> list[Tensor]:
        return _lstm(self.cell, inputs, states, steps, tf.unstack(tf.convert_to_tensor(self.cell.peepholes)))


def stock(model: keras.Model) -> keras.Model:
    """A copy of the model, without its optimizer, that has Keras's layers in the place of ours."""
    return _exchanged(model, {ours: theirs for theirs, ours in _names().items()})


def fast(model: keras.Model) -> keras.Model:
    """A copy of the model, without its optimizer, that has our layers in the place of Keras's."""
    return _exchanged(model, _names())


def _names() -> dict[str, str]:
    """Keras's layers and ours, each as "package>class"."""
    return {f"keras.layers>{theirs}": f"{PACKAGE}>{ours}" for theirs, ours in EQUALS.items()}


def _exchanged(model: keras.Model, names: dict[str, str]) -> keras.Model:
    """A copy of the model with layers of other classes but the same configuration and weights."""

    def rename(entry: dict[str, Any]) -> dict[str, Any]:
        registered = entry.get("registered_name")
        name = names.get(registered or f"{entry.get('module')}>{entry.get('class_name')}")
        if name is None or (entry["class_name"] == "RNN" and not _peephole(entry["config"]["cell"])):
            return entry
        package, _, class_name = name.partition(">")
        own = package == PACKAGE
        return entry | {
            "module": __name__ if own else package,
            "class_name": class_name,
            "registered_name": name if own else None,
        }

    entry = keras.saving.serialize_keras_object(model)
    entry.pop("compile_config", None)  # from which Keras would make an optimizer, and save its state
    config = json.loads(json.dumps(entry), object_hook=rename)
    copy: keras.Model = keras.saving.deserialize_keras_object(config)
    copy.set_weights(model.get_weights())
    return copy


def _peephole(cell: dict[str, Any]) -> bool:
    return cell.get("registered_name") == f"{PACKAGE}>PeepholeLSTMCell"


def plain(layer: Any) -> bool:
    """Whether a layer has the options that the kernels compute: Keras's defaults."""
    cell = layer.cell
    return (
        cell.activation is keras.activations.tanh
        and cell.recurrent_activation is keras.activations.sigmoid
        and cell.use_bias
        and not cell.recurrent_dropout
        and getattr(cell, "reset_after", True)
        and cell.compute_dtype == "float32"
        and not layer.unroll
        # the stock loop then gives zeros for the last output of a text that ends in padding
        and (layer.return_sequences or not layer.zero_output_for_mask)
    )


def weights(cell: Any) -> list[Tensor]:
    """Kernel, recurrent kernel and bias of a cell, as TensorFlow takes them."""
    return [tf.convert_to_tensor(weight) for weight in (cell.kernel, cell.recurrent_kernel, cell.bias)]


def _lstm(cell: Any, inputs: Tensor, states: list[Tensor], steps: Tensor, peepholes: Any) -> list[Tensor]:
    """Outputs and cell states, float32[time, batch, units] each, of float32[time, batch, features]."""
    kernel, recurrent, bias = weights(cell)
    nothing = tf.zeros([cell.units])
    into, forget, out = peepholes or [nothing] * 3
    found = tf.raw_ops.BlockLSTM(
        seq_len_max=tf.cast(steps, tf.int64),
        x=inputs,
        h_prev=states[0],
        cs_prev=states[1],
        w=_gates_in_kernel_order(tf.concat([kernel, recurrent], 0)),
        b=_gates_in_kernel_order(bias),
        wci=into,
        wcf=forget,
        wco=out,
        use_peephole=peepholes is not None,
        forget_bias=0.0,  # Keras has it in the bias
        cell_clip=-1.0,  # off
    )
    return [found.h, found.cs]


def _gates_in_kernel_order(weights: Tensor) -> Tensor:
    """Keras's input, forget, candidate, output -> the kernel's input, candidate, forget, output."""
    into, forget, candidate, out = tf.split(weights, 4, axis=-1)
    return tf.concat([into, candidate, forget, out], -1)


@dataclass(frozen=True)
class _Whole:
    """Reading without a mask: every step has a token."""

    steps: Tensor
    backwards: bool

    def inputs(self, sequences: Tensor) -> Tensor:
        inputs = tf.transpose(sequences, [1, 0, 2])
        return tf.reverse(inputs, [0]) if self.backwards else inputs

    def outputs(self, outputs: Tensor, zeros: bool) -> Tensor:
        return tf.transpose(outputs, [1, 0, 2])

    def final(self, states: Tensor, first: Tensor) -> Tensor:
        return states[-1]


@dataclass(frozen=True)
class _Masked:
    """Reading with a mask: the kernel sees a text's tokens first, then its padding.

    mask: bool[batch, time], whether a step has a token.
    read: int32[batch, time], how many tokens have been read when a step ends.
    place: int32[batch, time], a step's row in the kernel's sequences, taken as [time * batch, ...].
    step: int32[time, batch], the inverse: a kernel's step's row in ours, taken as [batch * time, ...].
    """

    mask: Tensor
    read: Tensor
    place: Tensor
    step: Tensor
    backwards: bool

    @property
    def steps(self) -> Tensor:
        # one at least, for TensorFlow can't stack the outputs of a loop that takes no step
        return tf.maximum(tf.reduce_max(self.read[:, -1]), 1)

    def inputs(self, sequences: Tensor) -> Tensor:
        place, step = self.place, self.step
        if self.backwards:  # the sequences' last step is the first that is read
            batch, time = tf.unstack(tf.shape(place))
            place = tf.reverse(place, [1])
            step = (2 * tf.range(batch) + 1) * time - 1 - step
        return _permuted(_rows(sequences), step, place)

    def outputs(self, outputs: Tensor, zeros: bool) -> Tensor:
        """At a step with padding zeros, or what the last token before it gave."""
        if zeros:
            moved = _permuted(_rows(outputs), self.place, self.step)
            return tf.where(self.mask[:, :, None], moved, 0.0)
        batch = tf.range(tf.shape(self.read)[0])[:, None]
        last = tf.maximum(self.read - 1, 0) * tf.shape(self.read)[0] + batch
        return tf.where(self.read[:, :, None] > 0, tf.gather(_rows(outputs), last), 0.0)

    def final(self, states: Tensor, first: Tensor) -> Tensor:
        lengths = self.read[:, -1]
        at = tf.stack([tf.maximum(lengths - 1, 0), tf.range(tf.shape(lengths)[0])], 1)
        return tf.where(lengths[:, None] > 0, tf.gather_nd(states, at), first)


def _reading(sequences: Tensor, mask: Tensor | None, backwards: bool) -> _Whole | _Masked:
    """How the kernel reads float32[batch, time, features], masked by bool[batch, time]."""
    batch, time = tf.unstack(tf.shape(sequences)[:2])
    if mask is None:
        return _Whole(time, backwards)
    mask = tf.reverse(mask, [1]) if backwards else mask
    read = tf.cumsum(tf.cast(mask, tf.int32), 1)
    padding = read[:, -1:] + tf.range(time) - read  # comes after all tokens, in its own order
    place = tf.where(mask, read - 1, padding) * batch + tf.range(batch)[:, None]
    step = tf.scatter_nd(tf.reshape(place, [-1, 1]), tf.range(batch * time), [batch * time])
    return _Masked(mask, read, place, tf.reshape(step, [time, batch]), backwards)


def _rows(sequences: Tensor) -> Tensor:
    return tf.reshape(sequences, [-1, sequences.shape[-1]])


def _permuted(rows: Tensor, order: Tensor, inverse: Tensor) -> Tensor:
    """float32[n, features] at the places `order`, a permutation of int32 in [0, n), shaped like it.

    Its gradient is the inverse permutation, many times faster than the sums that `tf.gather` makes.
    """

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def move(rows: Tensor) -> Any:
        return tf.gather(rows, order), lambda upstream: _rows(tf.gather(_rows(upstream), inverse))

    return move(rows)
