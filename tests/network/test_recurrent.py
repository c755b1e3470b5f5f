"""The fast recurrent layers equal Keras's own: outputs, states, gradients, masks, options, models."""

from itertools import product
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from stages.models import gru
from stages.network import recurrent
from stages.network.backend import keras

pytestmark = pytest.mark.skipif(not recurrent.fused(), reason="the stock loops run here")

LAYERS = ["LSTM", "PeepholeLSTM", "GRU"]
BATCH, TIME, FEATURES, UNITS = 7, 6, 4, 3

# bool[batch, time]: whole, empty, padded at its end (twice) and its start, with holes (twice)
MIXED = np.array(
    [
        [1, 1, 1, 1, 1, 1],
        [0, 0, 0, 0, 0, 0],
        [1, 0, 0, 0, 0, 0],
        [1, 1, 1, 1, 0, 0],
        [0, 0, 0, 0, 1, 1],
        [0, 1, 0, 0, 1, 0],
        [1, 0, 1, 1, 0, 1],
    ],
    dtype=bool,
)
EMPTY = np.zeros_like(MIXED)  # as a batch of texts like "..."
READINGS = [
    *(pytest.param(MIXED, *options, id=f"mixed{options}") for options in product([True, False], repeat=3)),
    *(
        pytest.param(None, *options, False, id=f"none{options}")
        for options in product([True, False], repeat=2)
    ),
    *(pytest.param(EMPTY, whole, whole, False, id=f"empty({whole})") for whole in (True, False)),
]


def makers(layer: str) -> tuple[Any, Any]:
    """What makes our layer, and Keras's."""
    if layer == "GRU":
        return gru.layer(), keras.layers.GRU
    if layer == "LSTM":
        return recurrent.LSTM, keras.layers.LSTM

    def peephole(of: Any) -> Any:
        def make(units: int, dropout: float = 0.0, **options: Any) -> Any:
            return of(recurrent.PeepholeLSTMCell(units, dropout=dropout), **options)

        return make

    return peephole(recurrent.PeepholeLSTM), peephole(keras.layers.RNN)


def pair(layer: str, units: int = UNITS, features: int = FEATURES, **options: Any) -> tuple[Any, Any]:
    """Our layer and Keras's, with the same random weights."""
    ours, stock = (make(units, **options) for make in makers(layer))
    random = np.random.default_rng(1)
    for made in (ours, stock):
        made.build((None, None, features))
    weights = [random.normal(0, 0.5, w.shape).astype(np.float32) for w in stock.trainable_weights]
    for made in (ours, stock):
        for weight, value in zip(made.trainable_weights, weights, strict=True):
            weight.assign(value)
    return ours, stock


def sequences(batch: int = BATCH, time: int = TIME, features: int = FEATURES) -> Any:
    return tf.constant(np.random.default_rng(2).normal(size=(batch, time, features)).astype(np.float32))


def listed(outputs: Any) -> list[Any]:
    return list(outputs) if isinstance(outputs, list | tuple) else [outputs]


def run(layer: Any, inputs: Any, mask: Any, **options: Any) -> list[np.ndarray]:
    """Outputs, and the gradients of inputs and weights for a random gradient of the outputs."""
    given = None if mask is None else tf.constant(mask)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = listed(layer(inputs, mask=given, **options))
        random = np.random.default_rng(3)
        loss = sum(tf.reduce_sum(each * random.normal(size=each.shape)) for each in outputs)
    gradients = tape.gradient(loss, [inputs, *(weight.value for weight in layer.trainable_weights)])
    return [np.asarray(each) for each in (*outputs, *gradients)]


def same(ours: Any, stock: Any, inputs: Any, mask: Any, **options: Any) -> None:
    """Both agree to 1e-5 of the largest value."""
    for mine, theirs in zip(
        run(ours, inputs, mask, **options), run(stock, inputs, mask, **options), strict=True
    ):
        assert mine.shape == theirs.shape
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-5 * max(1, np.abs(theirs).max()))


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize(("mask", "whole", "backwards", "zeros"), READINGS)
def test_outputs_states_and_gradients_are_those_of_the_stock_layer(
    layer: str, mask: Any, whole: bool, backwards: bool, zeros: bool
) -> None:
    options = {"return_sequences": whole, "go_backwards": backwards, "zero_output_for_mask": zeros}
    same(*pair(layer, return_state=True, **options), sequences(), mask)


@pytest.mark.parametrize("layer", LAYERS)
def test_at_the_sizes_of_the_lessons_they_are_still_the_same_after_many_steps(layer: str) -> None:
    ours, stock = pair(layer, units=32, features=16)
    same(ours, stock, sequences(4, 60, 16), np.arange(60) < np.array([[60], [3], [50], [0]]))


@pytest.mark.parametrize("layer", LAYERS)
def test_a_given_first_state_is_where_reading_starts(layer: str) -> None:
    ours, stock = pair(layer, return_state=True)
    states = [np.full((BATCH, UNITS), value, np.float32) for value in (0.5, -0.3)]
    same(ours, stock, sequences(), MIXED, initial_state=states[: 1 if layer == "GRU" else 2])


@pytest.mark.parametrize("layer", LAYERS)
def test_the_fast_loop_is_what_runs(layer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ours, _ = pair(layer)
    runs = []
    loop = type(ours).loop
    monkeypatch.setattr(type(ours), "loop", lambda *given: runs.append(1) or loop(*given))  # type: ignore[func-returns-value]
    ours(sequences())
    assert runs == [1]


@pytest.mark.parametrize("layer", LAYERS)
def test_dropout_leaves_out_one_and_the_same_choice_of_features_at_every_step(layer: str) -> None:
    ours, _ = pair(layer, dropout=0.5, return_sequences=True)
    plain, _ = pair(layer, return_sequences=True)
    inputs = sequences()
    dropped = np.asarray(ours(inputs, training=True))
    choices = np.array(list(product([0, 2], repeat=FEATURES)), np.float32)  # kept features are doubled
    texts = tf.reshape(inputs[None] * choices[:, None, None, :], [-1, TIME, FEATURES])
    results = np.asarray(plain(texts)).reshape(len(choices), BATCH, TIME, UNITS)
    nearest = np.abs(results - dropped).max(axis=(2, 3)).argmin(axis=0)
    assert np.abs(results[nearest, np.arange(BATCH)] - dropped).max() < 1e-5
    assert len(set(nearest)) > 1  # not the same for every text
    np.testing.assert_allclose(ours(inputs), plain(inputs), atol=1e-6)  # none of it outside of training


@pytest.mark.parametrize(
    ("layer", "options"),
    [
        ("LSTM", {"activation": "relu"}),
        ("LSTM", {"recurrent_activation": "hard_sigmoid"}),
        ("LSTM", {"use_bias": False}),
        ("GRU", {"reset_after": False}),
        ("GRU", {"unroll": True}),
    ],
)
def test_options_that_the_kernels_do_not_know_run_in_the_stock_loop(
    layer: str, options: dict[str, Any]
) -> None:
    same(*pair(layer, **options), sequences(), MIXED)


@pytest.mark.parametrize("texts", [None, 1])
@pytest.mark.parametrize("layer", LAYERS)
def test_a_graph_is_traced_once_for_all_lengths_and_batch_sizes(layer: str, texts: int | None) -> None:
    """With gradients, as training does. Of one text and an unknown time shapes are easily lost."""
    ours, stock = pair(layer, return_sequences=True)
    signature = [tf.TensorSpec([texts, None, FEATURES]), tf.TensorSpec([texts, None], tf.bool)]
    traces = []

    def gradients(of: Any, inputs: Any, mask: Any) -> list[Any]:
        with tf.GradientTape() as tape:
            outputs = of(inputs, mask=mask, training=True)
            loss = tf.reduce_sum(outputs**2)
        return [outputs, *tape.gradient(loss, [weight.value for weight in of.trainable_weights])]

    @tf.function(input_signature=signature)  # type: ignore[untyped-decorator]
    def traced(inputs: Any, mask: Any) -> list[Any]:
        traces.append(1)
        return gradients(ours, inputs, mask)

    for batch, time in ((1, 1), (texts or 7, 5)):
        inputs, mask = sequences(batch, time), np.random.default_rng(batch).random((batch, time)) < 0.7
        for mine, theirs in zip(
            traced(inputs, mask), gradients(stock, inputs, tf.constant(mask)), strict=True
        ):
            np.testing.assert_allclose(mine, theirs, atol=1e-5)
    assert traces == [1]


def model_of(layer: Any) -> Any:
    """A classifier with a layer of one direction, and one of both."""
    ids = keras.Input((None,), dtype="int32")
    mask = keras.ops.not_equal(ids, 0)
    embedded = keras.layers.Embedding(20, 6)(ids)
    sequence = keras.layers.Bidirectional(layer(5, return_sequences=True))(embedded, mask=mask)
    return keras.Model(ids, keras.layers.Dense(1)(layer(4)(sequence, mask=mask)))


def recurring(model: Any) -> list[type]:
    """The classes of the model's recurrent layers, the inner ones too."""
    inner = [part for each in model.layers for part in (vars(each).get("forward_layer", each),)]
    inner += [each.backward_layer for each in model.layers if hasattr(each, "backward_layer")]
    return [type(each) for each in inner if hasattr(each, "cell")]


@pytest.mark.parametrize("layer", LAYERS)
def test_a_model_is_exchanged_for_one_of_the_other_layers_that_says_the_same(layer: str) -> None:
    texts = np.random.default_rng(6).integers(0, 20, (5, 6)).astype(np.int32)
    kinds = [type(made) for made in pair(layer)]
    ours = model_of(makers(layer)[0])
    stock = recurrent.stock(ours)
    fast = recurrent.fast(stock)
    assert [recurring(model) for model in (ours, stock, fast)] == [[kinds[i]] * 3 for i in (0, 1, 0)]
    for copy in (stock, fast):
        np.testing.assert_allclose(copy(texts), ours(texts), atol=1e-5)


def test_layers_that_have_no_fast_equal_stay_as_they_are() -> None:
    model = model_of(keras.layers.SimpleRNN)
    assert recurring(recurrent.fast(model)) == [keras.layers.SimpleRNN] * 3
    other = model_of(lambda units, **options: keras.layers.RNN(keras.layers.LSTMCell(units), **options))
    assert recurring(recurrent.fast(other)) == [keras.layers.RNN] * 3
