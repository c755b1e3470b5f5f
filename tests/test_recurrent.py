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
    "all padding": np.zeros((BATCH, TIME), dtype=bool),  # as a batch of texts like "..."
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


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("mask", ["post", "none"])
def test_at_the_sizes_of_the_lessons_and_hundreds_of_steps_they_are_still_the_same(
    layer: str, mask: str
) -> None:
    ours, stock = pair(layer, units=64, features=64)
    lengths = np.random.default_rng(4).integers(1, 301, (8, 1))
    same(ours, stock, sequences(8, 300, 64), np.arange(300) < lengths if mask == "post" else None)


@pytest.mark.parametrize("layer", LAYERS)
def test_a_given_first_state_is_where_reading_starts(layer: str) -> None:
    ours, stock = pair(layer, return_state=True)
    states = [np.full((BATCH, UNITS), value, np.float32) for value in (0.5, -0.3)]
    given = states[:1] if layer == "GRU" else states
    for mask in MASKS.values():
        same(ours, stock, sequences(), mask, initial_state=given)


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("whole", [True, False])
def test_in_both_directions_they_are_the_same(layer: str, mask: str, whole: bool) -> None:
    from stages.lib.backend import keras

    both = [keras.layers.Bidirectional(made) for made in pair(layer, return_sequences=whole)]
    for made in both:
        made.build((None, None, FEATURES))
    both[0].set_weights(both[1].get_weights())
    same(both[0], both[1], sequences(), MASKS[mask])


@pytest.mark.parametrize("layer", LAYERS)
def test_dropout_leaves_out_one_and_the_same_choice_of_features_at_every_step(layer: str) -> None:
    ours, _ = pair(layer, dropout=0.5, return_sequences=True)
    weights = ours.get_weights()
    inputs = sequences()
    found = np.asarray(ours(inputs, training=True))
    plain, _ = pair(layer, return_sequences=True)
    plain.set_weights(weights)
    choices = [
        np.asarray(plain(inputs * np.array(kept, np.float32) * 2))
        for kept in product([0, 1], repeat=FEATURES)
    ]
    for text in range(BATCH):
        assert min(np.abs(found[text] - choice[text]).max() for choice in choices) < 1e-5


@pytest.mark.parametrize(
    ("layer", "options"),
    [
        ("LSTM", {"activation": "relu"}),
        ("LSTM", {"recurrent_activation": "hard_sigmoid"}),
        ("LSTM", {"use_bias": False}),
        ("GRU", {"reset_after": False}),
        ("GRU", {"use_bias": False}),
        ("GRU", {"unroll": True}),
        ("LSTM", {"zero_output_for_mask": True}),
    ],
)
def test_options_that_the_kernels_do_not_know_run_in_the_stock_loop(
    layer: str, options: dict[str, Any]
) -> None:
    ours, stock = pair(layer, **options)
    same(ours, stock, sequences(), MASKS["post"])


@pytest.mark.parametrize(("texts", "batches"), [(None, (1, 3, 7)), (1, (1, 1, 1))])
@pytest.mark.parametrize("layer", LAYERS)
def test_a_graph_is_traced_once_for_all_lengths_and_batch_sizes(
    layer: str, texts: int | None, batches: tuple[int, ...]
) -> None:
    import tensorflow as tf

    ours, stock = pair(layer, return_sequences=True)
    traced = tf.function(
        lambda inputs, mask: ours(inputs, mask=mask),
        input_signature=[tf.TensorSpec([texts, None, FEATURES]), tf.TensorSpec([texts, None], tf.bool)],
    )
    for batch, time in zip(batches, (1, 8, 2), strict=True):
        inputs, mask = sequences(batch, time), np.random.default_rng(batch).random((batch, time)) < 0.7
        np.testing.assert_allclose(traced(inputs, mask), stock(inputs, mask=tf.constant(mask)), atol=1e-5)


def model_of(layer: Any) -> Any:
    """A classifier with a layer of one direction, and one of both."""
    from stages.lib.backend import keras

    ids = keras.Input((None,), dtype="int32")
    mask = keras.ops.not_equal(ids, 0)
    embedded = keras.layers.Embedding(20, 6)(ids)
    sequence = keras.layers.Bidirectional(layer(5, return_sequences=True))(embedded, mask=mask)
    return keras.Model(ids, keras.layers.Dense(1)(layer(4)(sequence, mask=mask)))


def makers(layer: str) -> tuple[Any, Any]:
    """What makes our layer, and Keras's."""
    from stages.lib import recurrent
    from stages.lib.backend import keras

    if layer != "PeepholeLSTM":
        return getattr(recurrent, layer), getattr(keras.layers, layer)
    cell = recurrent.PeepholeLSTMCell
    return (
        lambda units, **options: recurrent.PeepholeLSTM(cell(units), **options),
        lambda units, **options: keras.layers.RNN(cell(units), **options),
    )


def recurring(model: Any) -> list[Any]:
    """The model's recurrent layers, the inner ones too."""
    layers = [getattr(layer, "forward_layer", layer) for layer in model.layers]
    return [layer for layer in layers if hasattr(layer, "cell")]


def classes(model: Any) -> list[str]:
    return [f"{type(layer).__module__}.{type(layer).__name__}" for layer in recurring(model)]


@pytest.mark.parametrize("layer", LAYERS)
def test_a_model_saved_with_either_loads_with_the_other_and_says_the_same(layer: str, tmp_path: Path) -> None:
    from stages.lib import recurrent, saving
    from stages.lib.backend import keras

    texts = np.random.default_rng(6).integers(0, 20, (5, 9)).astype(np.int32)
    for made in map(model_of, makers(layer)):
        saving.save(made, tmp_path / "model.keras")
        plain = keras.saving.load_model(tmp_path / "model.keras")
        fast = saving.load(tmp_path / "model.keras")
        assert all(name.startswith("keras.") for name in classes(plain))
        assert all(name.startswith("stages.lib.recurrent.") for name in classes(fast))
        assert all(recurrent.plain(layer) for layer in recurring(fast))
        for loaded in (plain, fast):
            np.testing.assert_allclose(loaded(texts), made(texts), atol=1e-5)


@pytest.mark.parametrize("layer", LAYERS)
def test_training_takes_the_same_way_with_either(layer: str) -> None:
    from stages.lib.backend import keras

    random = np.random.default_rng(7)
    texts = (random.integers(1, 20, (64, 12)) * (np.arange(12) < random.integers(0, 13, (64, 1)))).astype(
        np.int32
    )
    labels = (texts == 3).any(axis=1).astype(np.float32)[:, None]
    losses = []
    weights = None
    for made in map(model_of, makers(layer)):
        weights = weights or made.get_weights()
        made.set_weights(weights)
        made.compile(keras.optimizers.Adam(0.01), loss=keras.losses.BinaryCrossentropy(from_logits=True))
        losses.append([made.train_on_batch(texts, labels) for _ in range(20)])
    np.testing.assert_allclose(losses[0], losses[1], atol=1e-4)
    assert losses[0][-1] < losses[0][0]
