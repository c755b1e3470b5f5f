"""Architectures: parameter counts, masks, and what is special to each."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.network import recurrent, saving
from stages.network.backend import keras
from stages.network.sizes import Shape
from stages.runtime import kinds
from stages.runtime.config import read
from stages.study.recipe import WITHOUT_EMBEDDING
from tests.models.small import APART, ARCHITECTURES, NINE, RECURRENT, TEXT, build, ids, run, shared

IMDB = Shape(10_000, 120, 2)
SARCASM = Shape(1_000, 120, 2)
SUBWORDS = Shape(8_185, None, 2)
BIDIRECTIONAL = {"bidirectional": True, "pooling": "last"}


@pytest.mark.parametrize(
    ("parameters", "architecture", "shape", "sizes"),
    [
        (171_533, "flatten", IMDB, {"embedding": 16, "dense": 6}),
        (169_997, "gru", IMDB, {"embedding": 16, "dense": 6, "units": [32], **BIDIRECTIONAL}),
        (171_149, "conv1d", IMDB, {"embedding": 16, "dense": 6, "filters": 128, "kernel": 5}),
        (172_941, "lstm", IMDB, {"embedding": 16, "dense": 6, "units": [32], **BIDIRECTIONAL}),
        (16_433, "pooled", SARCASM, {"embedding": 16, "dense": 24}),
        (635_329, "lstm", SUBWORDS, {"embedding": 64, "dense": 64, "units": [64, 32], **BIDIRECTIONAL}),
    ],
)
def test_the_lessons_networks_have_the_published_number_of_parameters(
    parameters: int, architecture: str, shape: Shape, sizes: dict[str, Any]
) -> None:
    assert build(architecture, shape, mask=False, **sizes).count_params() == parameters


POOLED = ["pooled", "conv1d", "oh_cnn", "hashed_bag"]
STACK = {"units": [6, 5], "bidirectional": True}
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    *((architecture, {"pooling": how}) for architecture in POOLED for how in ("mean", "max")),
    *((architecture, sizes) for architecture in RECURRENT for sizes in ({}, STACK)),
    *(("lstm", {**STACK, "pooling": how}) for how in ("mean", "max")),
]


@pytest.mark.parametrize(("architecture", "sizes"), VARIANTS)
def test_with_a_mask_appended_padding_changes_nothing(architecture: str, sizes: dict[str, Any]) -> None:
    model = shared(architecture, **sizes)
    for length in (1, 2, 9):  # shorter than conv1d's kernel, too
        text = ids(4, length)
        np.testing.assert_allclose(run(model, np.pad(text, ((0, 0), (0, 3)))), run(model, text), atol=1e-6)


@pytest.mark.parametrize("architecture", ["pooled", *RECURRENT])
def test_with_a_mask_padding_anywhere_changes_nothing(architecture: str) -> None:
    model, text = shared(architecture), ids(4, 6)
    holes = np.insert(text, [0, 2, 2, 6], 0, axis=1)
    np.testing.assert_allclose(run(model, holes), run(model, text), atol=1e-6)


def test_with_a_mask_the_weights_of_padded_positions_do_nothing_in_flatten() -> None:
    short, wide = (build("flatten", Shape(50, length, 2)) for length in (5, 8))
    weights = short.get_weights()
    rows = np.random.default_rng(0).normal(size=(3 * 5, 1))  # of the three positions more
    wide.set_weights([weights[0], np.vstack([weights[1], rows]), *weights[2:]])
    text = ids(4, 5)
    np.testing.assert_allclose(run(wide, np.pad(text, ((0, 0), (0, 3)))), run(short, text), atol=1e-6)


@pytest.mark.parametrize("architecture", [name for name in ARCHITECTURES if name != "flatten"])
def test_without_a_mask_padding_is_read_like_any_token(architecture: str) -> None:
    model, text = build(architecture, mask=False), ids(4, 3)
    assert np.abs(run(model, np.pad(text, ((0, 0), (0, 6)))) - run(model, text)).max() > 1e-6


@pytest.mark.parametrize(("architecture", "sizes"), VARIANTS)
def test_a_text_without_tokens_has_a_finite_output(architecture: str, sizes: dict[str, Any]) -> None:
    assert np.isfinite(run(shared(architecture, **sizes), np.zeros((2, 4), np.int32))).all()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_three_classes_have_a_logit_each(architecture: str) -> None:
    assert run(build(architecture, Shape(50, 9, 3)), ids(4, 9)).shape == (4, 3)


@pytest.mark.parametrize("architecture", RECURRENT)
def test_a_recurrent_network_sees_the_order_of_tokens_and_a_pooled_one_does_not(architecture: str) -> None:
    text = ids(4, 9)
    reading, pooled = shared(architecture), shared("pooled")
    assert np.abs(run(reading, text[:, ::-1]) - run(reading, text)).max() > 1e-5
    np.testing.assert_allclose(run(pooled, text[:, ::-1]), run(pooled, text), atol=1e-6)


def test_a_convolution_sees_as_many_tokens_as_its_kernel_at_once() -> None:
    """A maximum of single tokens would be the same for every order of theirs."""
    text = ids(4, 9)
    one, three = (shared("conv1d", pooling="max", kernel=kernel) for kernel in (1, 3))
    np.testing.assert_allclose(run(one, text[:, ::-1]), run(one, text), atol=1e-6)
    assert np.abs(run(three, text[:, ::-1]) - run(three, text)).max() > 1e-5


def test_a_convolution_ends_where_the_text_does_only_without_a_mask() -> None:
    for mask, length in ((True, 9), (False, 7)):
        model = build("conv1d", NINE, mask=mask, kernel=3)
        convolution = next(layer for layer in model.layers if isinstance(layer, keras.layers.Conv1D))
        assert convolution.output.shape == (None, length, 7)


def test_pooling_is_the_mean_or_the_maximum_of_what_was_embedded() -> None:
    text = ids(4, 9)
    for how, of in (("mean", np.mean), ("max", np.max)):
        model = shared("pooled", pooling=how)
        table, kernel, bias = model.get_weights()
        np.testing.assert_allclose(run(model, text), of(table[text], axis=1) @ kernel + bias, atol=1e-5)


CLASSES = {
    "lstm": "LSTM",
    "chrono_lstm": "LSTM",
    "peephole_lstm": "PeepholeLSTM",
    "simple_rnn": "SimpleRNN",
    "gru": "GRU",
}


@pytest.mark.parametrize("architecture", RECURRENT)
def test_a_recurrent_architecture_is_built_of_its_own_layer(architecture: str) -> None:
    for bidirectional in (True, False):
        model = build(architecture, bidirectional=bidirectional, dropout={"recurrent": 0.25})
        parts = [part for layer in model.layers for part in directions(layer)]
        assert [type(part).__name__ for part in parts] == [CLASSES[architecture]] * (1 + bidirectional)
        assert all(part.cell.units == 6 and part.cell.dropout == 0.25 for part in parts)


def directions(layer: Any) -> list[Any]:
    parts = [getattr(layer, "forward_layer", layer), getattr(layer, "backward_layer", None)]
    return [part for part in parts if hasattr(part, "cell")]


@pytest.mark.parametrize("bidirectional", [False, True])
def test_the_chrono_lstm_starts_with_memories_of_one_step_to_all(bidirectional: bool) -> None:
    """With no input and no state a forget gate of 1 - 1/T keeps a memory for about T steps."""
    model = build("chrono_lstm", units=[5, 4], bidirectional=bidirectional, memory=101)
    cells = [part.cell for layer in model.layers for part in directions(layer)]
    assert len(cells) == (4 if bidirectional else 2)
    for cell in cells:
        into, forget, *rest = np.split(keras.ops.convert_to_numpy(cell.bias), 4)
        kept = 1 / (1 + np.exp(-forget.astype(float)))
        assert 1 / (1 - kept) == pytest.approx(np.linspace(2, 101, cell.units), rel=1e-3)
        assert into == pytest.approx(-forget) and not np.any(rest)


def peephole(weights: np.ndarray) -> tuple[Any, np.ndarray]:
    """A layer of 3 peephole cells, and sequences for it."""
    layer = keras.layers.RNN(recurrent.PeepholeLSTMCell(3), return_sequences=True)
    layer.build((None, None, 4))
    layer.cell.peepholes.assign(weights)
    return layer, np.random.default_rng(1).normal(size=(2, 5, 4)).astype(np.float32)


def test_without_its_peepholes_the_peephole_lstm_is_an_lstm() -> None:
    layer, sequence = peephole(np.zeros((3, 3), np.float32))
    plain = keras.layers.LSTM(3, return_sequences=True)
    plain.build((None, None, 4))
    plain.set_weights(layer.get_weights()[:3])
    np.testing.assert_allclose(layer(sequence), plain(sequence), atol=1e-6)


def test_the_peephole_lstm_computes_the_published_equations() -> None:
    layer, sequence = peephole(np.random.default_rng(2).normal(size=(3, 3)).astype(np.float32))
    kernel, own, bias, (p_in, p_forget, p_out) = layer.get_weights()[:4]

    def sigmoid(x: np.ndarray) -> np.ndarray:
        return np.asarray(1 / (1 + np.exp(-x)))

    h = c = np.zeros((2, 3))
    steps = []
    for x in sequence.transpose(1, 0, 2):
        z_in, z_forget, z_cell, z_out = np.split(x @ kernel + h @ own + bias, 4, axis=1)
        new = sigmoid(z_forget + p_forget * c) * c + sigmoid(z_in + p_in * c) * np.tanh(z_cell)
        h, c = sigmoid(z_out + p_out * new) * np.tanh(new), new
        steps.append(h)
    np.testing.assert_allclose(layer(sequence), np.stack(steps, axis=1), atol=1e-5)


def test_text_is_given_as_ids_of_the_corpus() -> None:
    model = shared("pooled")
    assert model.input.dtype == "int32" and model.input.shape == (None, None)
    assert model.get_layer("embedding").input_dim == TEXT.vocabulary


def weights(model: Any) -> dict[str, np.ndarray]:
    """The tables of a model, by their layers' names."""
    tables = [layer for layer in model.layers if isinstance(layer, keras.layers.Embedding)]
    return {layer.name: keras.ops.convert_to_numpy(layer.embeddings) for layer in tables}


@pytest.mark.parametrize(("how", "of"), [("mean", np.mean), ("max", np.max)])
def test_the_one_hot_convolution_adds_a_row_for_each_place_of_a_region(how: str, of: Any) -> None:
    model = shared("oh_cnn", pooling=how)
    tables, (*_, kernel, bias) = weights(model), model.get_weights()
    for text in ([7, 3, 9, 3], [5]):
        after = [*text, 0, 0]
        regions = [
            np.maximum(sum(tables[f"place_{place}"][after[t + place]] for place in range(3)), 0)
            for t in range(len(text))
        ]
        expected = of(regions, axis=0) @ kernel + bias
        np.testing.assert_allclose(run(model, np.array([text], np.int32))[0], expected, atol=1e-5)


def test_the_hashed_bag_is_the_mean_of_words_and_of_the_ngrams_in_them() -> None:
    model = shared("hashed_bag")
    tables, (*_, kernel, bias) = weights(model), model.get_weights()
    codes = [np.floor(tables[f"codes_{place}"][:, 0]).astype(int) for place in range(3)]
    for text in ([7, 3, 9, 3], [5]):
        vectors = [tables["embedding"][word] for word in text]
        for length in (2, 3):
            for start in range(len(text) - length + 1):
                ngram = text[start : start + length]
                bucket = sum(codes[place][word] for place, word in enumerate(ngram)) % 97
                vectors.append(tables["ngrams"][bucket])
        expected = np.mean(vectors, axis=0) @ kernel + bias
        np.testing.assert_allclose(run(model, np.array([text], np.int32))[0], expected, atol=1e-5)


def test_the_codes_of_words_spread_over_all_buckets_and_are_not_trained() -> None:
    model = build("hashed_bag", Shape(5000, None, 2), buckets=100)
    codes = np.floor(weights(model)["codes_0"][:, 0]).astype(int)
    assert codes.min() >= 0 and codes.max() < 100
    assert np.bincount(codes, minlength=100).min() > 20  # 50 on average, with a deviation of 7
    other = build("hashed_bag", Shape(5000, None, 2), buckets=100, seed=2)
    np.testing.assert_array_equal(weights(other)["codes_1"], weights(model)["codes_1"])
    assert not any("codes" in weight.path for weight in model.trainable_weights)


@pytest.mark.parametrize("architecture", ["oh_cnn", "hashed_bag"])
def test_dropout_of_words_acts_in_training_only_and_never_on_padding(architecture: str) -> None:
    model, text = build(architecture, dropout={"word": 0.5}), ids(4, 9)
    np.testing.assert_array_equal(run(model, text), run(model, text))
    assert np.abs(run(model, text, training=True) - run(model, text)).max() > 1e-6
    empty = np.zeros((2, 4), np.int32)
    np.testing.assert_array_equal(run(model, empty, training=True), run(model, empty))


@pytest.mark.parametrize("architecture", ["oh_cnn", "hashed_bag"])
def test_it_is_saved_and_loaded_as_it_was(architecture: str, tmp_path: Path) -> None:
    model, text = build(architecture, dropout={"word": 0.5, "embedding": 0.2}), ids(4, 9)
    saving.save(model, tmp_path / "1.keras")
    np.testing.assert_array_equal(run(saving.load(tmp_path / "1.keras"), text), run(model, text))


def test_networks_without_an_embedding_of_tokens_are_known_without_building_them() -> None:
    networks = {name: shared(name, NINE) for name in ARCHITECTURES}
    for name, sizes in APART.items():
        module = kinds.module("models", name)
        networks[name] = module.build(read(module.Sizes, {"architecture": name, **sizes}, "model"), TEXT)
    layers = {name: {layer.name for layer in network.layers} for name, network in networks.items()}
    assert {name for name, names in layers.items() if "embedding" not in names} == WITHOUT_EMBEDDING
