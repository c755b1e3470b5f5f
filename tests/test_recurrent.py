"""The fast recurrent layers equal Keras's own: outputs, states, gradients, masks, options, saved files."""

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.slow  # Keras takes seconds to import

LAYERS = ["LSTM", "GRU", "PeepholeLSTM"]
BATCH, TIME, FEATURES, UNITS = 6, 9, 5, 4

# bool[batch, time] each: no text of these may look alike to the kernels
MASKS = {
    "post": np.arange(TIME) < np.array([9, 1, 4, 9, 0, 7])[:, None],
    "pre": np.arange(TIME) >= np.array([0, 8, 5, 0, 9, 2])[:, None],
    "holes": np.random.default_rng(5).random((BATCH, TIME)) < 0.6,
    "none": None,
}


@pytest.fixture(autouse=True)
def tensorflow_cpu() -> None:
    from stages.lib import recurrent

    if not recurrent.fused():
        pytest.skip("the stock layers run here (another backend, or an accelerator)")


def pair(layer: str, units: int = UNITS, features: int = FEATURES, **options: Any) -> tuple[Any, Any]:
    """Ours and Keras's layer with the same random weights."""
    from stages.lib import recurrent
    from stages.lib.backend import keras

    if layer == "PeepholeLSTM":
        cells = [recurrent.PeepholeLSTMCell(units, dropout=options.pop("dropout", 0.0)) for _ in range(2)]
        ours = recurrent.PeepholeLSTM(cells[0], **options)
        stock = keras.layers.RNN(cells[1], **options)
    else:
        ours = getattr(recurrent, layer)(units, **options)
        stock = getattr(keras.layers, layer)(units, **options)
    random = np.random.default_rng(1)
    for made in (ours, stock):
        made.build((None, None, features))
    weights = [
        random.normal(0, 0.4, w.shape).astype(np.float32) for w in stock.weights if "seed" not in w.name
    ]
    for made in (ours, stock):
        made.set_weights(weights)
    return ours, stock


def sequences(batch: int = BATCH, time: int = TIME, features: int = FEATURES) -> Any:
    import tensorflow as tf

    return tf.constant(np.random.default_rng(2).normal(size=(batch, time, features)).astype(np.float32))


def flat(found: Any) -> list[np.ndarray]:
    return [np.asarray(each) for each in (found if isinstance(found, list | tuple) else [found])]


def run(layer: Any, inputs: Any, mask: Any, **options: Any) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Outputs, and gradients of the inputs and the weights for a random gradient of the outputs."""
    import tensorflow as tf

    weights = [weight.value for weight in layer.trainable_weights]
    given = tf.constant(mask) if mask is not None else None
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        found = layer(inputs, mask=given, **options)
        random = np.random.default_rng(3)
        loss = sum(
            tf.reduce_sum(each * random.normal(size=each.shape).astype(np.float32))
            for each in (found if isinstance(found, list | tuple) else [found])
        )
    return flat(found), [np.asarray(g) for g in tape.gradient(loss, [inputs, *weights])]


def same(ours: Any, stock: Any, inputs: Any, mask: Any, **options: Any) -> None:
    """Both layers agree to 1e-5 of the largest value."""
    for one, other in zip(
        run(ours, inputs, mask, **options), run(stock, inputs, mask, **options), strict=True
    ):
        for found, wanted in zip(one, other, strict=True):
            assert found.shape == wanted.shape
            np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-5 * max(1, np.abs(wanted).max()))


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize(("whole", "backwards", "zeros"), list(product([True, False], repeat=3)))
def test_outputs_states_and_gradients_are_those_of_the_stock_layer(
    layer: str, mask: str, whole: bool, backwards: bool, zeros: bool
) -> None:
    ours, stock = pair(
        layer,
        return_sequences=whole,
        return_state=True,
        go_backwards=backwards,
        zero_output_for_mask=zeros,
    )
    same(ours, stock, sequences(), MASKS[mask])
