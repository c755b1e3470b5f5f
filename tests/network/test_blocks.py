"""The parts of architectures compute what they say, with a mask and without."""

from typing import Any

import numpy as np
import pytest

from stages.network import blocks
from stages.network.backend import keras
from stages.network.sizes import Shape
from tests.models.small import build, ids, run, shared

SEQUENCE = np.random.default_rng(0).normal(size=(4, 5, 3)).astype(np.float32) - 2  # mostly below 0
MASK = np.array([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [0, 0, 0, 1, 1], [0, 0, 0, 0, 0]], dtype=bool)


def pooled(mask: np.ndarray | None, how: str) -> np.ndarray:
    sequence = keras.ops.convert_to_tensor(SEQUENCE)
    given = None if mask is None else keras.ops.convert_to_tensor(mask)
    return keras.ops.convert_to_numpy(blocks.pool(sequence, given, how))  # type: ignore[no-any-return]


@pytest.mark.parametrize("how", ["mean", "max"])
def test_pooling_is_over_the_tokens_alone(how: str) -> None:
    of: Any = {"mean": np.mean, "max": np.max}[how]
    for text, row in enumerate(pooled(MASK, how)[:3]):
        np.testing.assert_allclose(row, of(SEQUENCE[text, MASK[text]], axis=0), atol=1e-6)
    np.testing.assert_allclose(pooled(None, how), of(SEQUENCE, axis=1), atol=1e-6)


def test_mean_and_max_can_be_had_together() -> None:
    both = np.concatenate([pooled(MASK, "mean"), pooled(MASK, "max")], axis=1)
    np.testing.assert_array_equal(pooled(MASK, "mean_max"), both)


def test_a_text_without_tokens_is_pooled_to_zeros_or_to_the_least_there_is() -> None:
    np.testing.assert_array_equal(pooled(MASK, "mean")[3], np.zeros(3))
    np.testing.assert_array_equal(pooled(MASK, "max")[3], SEQUENCE[3].min(axis=0))


def test_blanks_are_zeros_where_there_is_padding() -> None:
    np.testing.assert_array_equal(blocks.blank(SEQUENCE, MASK), SEQUENCE * MASK[:, :, None])
    assert blocks.blank(SEQUENCE, None) is SEQUENCE


@pytest.mark.parametrize("place", ["word", "embedding", "recurrent", "dense"])
def test_dropout_acts_in_training_only_and_at_each_place(place: str) -> None:
    model, text = build("lstm", dropout={place: 0.5}, dense=3), ids(4, 9)
    np.testing.assert_array_equal(run(model, text), run(model, text))
    plain = shared("lstm", dense=3)
    plain.set_weights(model.get_weights()[: len(plain.get_weights())])
    assert np.abs(run(model, text, training=True) - run(model, text)).max() > 1e-6


@pytest.mark.parametrize(("classes", "outputs"), [(2, 1), (3, 3), (5, 5)])
def test_a_model_ends_in_one_logit_for_two_classes_else_in_one_per_class(classes: int, outputs: int) -> None:
    model = build("pooled", Shape(50, 9, classes), dense=2)
    assert run(model, ids(4, 9)).shape == (4, outputs)
    assert model.layers[-1].get_config()["activation"] == "linear"
    assert model.get_layer("dense").get_config()["activation"] == "relu"


def layers(model: Any, cls: Any) -> list[Any]:
    return [layer for layer in model.layers if isinstance(layer, cls)]


def test_recurrent_layers_are_stacked_each_reading_the_whole_of_the_one_before() -> None:
    stack = layers(build("simple_rnn", units=[6, 5, 4]), keras.layers.SimpleRNN)
    assert [(layer.units, layer.return_sequences) for layer in stack] == [(6, True), (5, True), (4, False)]
    *_, last = layers(build("simple_rnn", units=[6, 5], pooling="max"), keras.layers.SimpleRNN)
    assert last.return_sequences
    both = layers(build("simple_rnn", units=[6], bidirectional=True), keras.layers.Bidirectional)
    assert [layer.output.shape for layer in both] == [(None, 12)]


def test_dropout_stands_behind_the_embedding_and_on_both_sides_of_the_dense_layer() -> None:
    share = {"word": 0.4, "embedding": 0.1, "recurrent": 0.2, "dense": 0.3}
    model = build("simple_rnn", dropout=share, dense=3)
    places = [getattr(layer, "rate", getattr(layer, "dropout", None)) for layer in model.layers]
    assert [place for place in places if place] == [0.4, 0.1, 0.2, 0.3, 0.3]


def test_a_word_is_dropped_as_a_whole() -> None:
    model, text = build("lstm", dropout={"word": 0.5}), ids(40, 9)
    embedded = keras.Model(model.input, layers(model, keras.layers.Dropout)[0].output)
    zeros = run(embedded, text, training=True) == 0
    assert (zeros.all(axis=2) == zeros.any(axis=2)).all() and 0.3 < zeros.mean() < 0.7


@pytest.mark.parametrize("mask", [True, False])
@pytest.mark.parametrize("pooling", ["mean", "max", "mean_max"])
def test_segments_are_read_as_texts_of_their_own_and_pooled_together(pooling: str, mask: bool) -> None:
    sizes: dict[str, Any] = {"pooling": pooling, "mask": mask, "bidirectional": True, "units": [4, 3]}
    cut, whole = (build("lstm", Shape(50, n, 2), **sizes, segment=s) for n, s in ((9, 3), (3, None)))
    texts = ids(4, 9)
    texts[1, 4:] = texts[2] = 0  # one ends in its second segment, one has no token
    whole.set_weights(cut.get_weights())
    states = run(
        keras.Model(whole.input, layers(whole, keras.layers.Bidirectional)[-1].output), texts.reshape(12, 3)
    )
    features = blocks.pool(states.reshape(4, 9, 6), texts != 0 if mask else None, pooling)
    expected = run(keras.Model(whole.layers[-1].input, whole.output), features)
    np.testing.assert_allclose(run(cut, texts), expected, atol=1e-5)
