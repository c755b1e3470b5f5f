"""Architectures: parameter counts, masks, and what is special to each."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.lib import kinds
from stages.lib.arrays import Tokens
from stages.lib.config import PARAMS, InputError, read
from stages.lib.inference import logits
from stages.lib.padding import KINDS, pad
from stages.lib.pipeline import derive
from stages.lib.sizes import Shape
from stages.schema import check

pytestmark = pytest.mark.slow  # Keras takes seconds to import

ARCHITECTURES = kinds.names("models")
RECURRENT = ["simple_rnn", "lstm", "chrono_lstm", "gru", "peephole_lstm"]
TEXT = Shape(vocabulary=50, length=None, classes=2)


def build(architecture: str, shape: Shape, **sizes: Any) -> Any:
    """A model of these sizes; what is not given is small."""
    common: dict[str, Any] = {"embedding": 5, "dense": 0, "mask": True}
    if architecture in RECURRENT:
        common |= {"units": [6], "bidirectional": False, "pooling": "last"}
    elif architecture != "flatten":
        common |= {"pooling": "mean"}
    if architecture == "chrono_lstm":
        common |= {"memory": 20}
    if architecture == "conv1d":
        common |= {"filters": 7, "kernel": 3}
    module = kinds.module("models", architecture)
    entry = {**common, **sizes, "architecture": architecture}
    from stages.lib.backend import keras

    keras.utils.set_random_seed(1)
    return module.build(read(module.Sizes, entry, "models.test"), shape)


def ids(rows: int, length: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(1, 50, (rows, length)).astype(np.int32)


def run(model: Any, batch: np.ndarray) -> np.ndarray:
    return np.asarray(model(batch, training=False))


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
        (30_129, "lstm", SARCASM, {"embedding": 16, "dense": 24, "units": [32], **BIDIRECTIONAL}),
        (
            29_489,
            "conv1d",
            SARCASM,
            {"embedding": 16, "dense": 24, "filters": 128, "kernel": 5, "pooling": "max"},
        ),
        (16_433, "pooled", SARCASM, {"embedding": 16, "dense": 24}),
        (598_209, "lstm", SUBWORDS, {"embedding": 64, "dense": 64, "units": [64], **BIDIRECTIONAL}),
        (635_329, "lstm", SUBWORDS, {"embedding": 64, "dense": 64, "units": [64, 32], **BIDIRECTIONAL}),
    ],
)
def test_the_lessons_networks_have_the_published_number_of_parameters(
    parameters: int, architecture: str, shape: Shape, sizes: dict[str, Any]
) -> None:
    assert build(architecture, shape, mask=False, **sizes).count_params() == parameters


def variants() -> list[tuple[str, dict[str, Any]]]:
    """Every architecture with every way to pool and, if recurrent, to read."""
    found: list[tuple[str, dict[str, Any]]] = [
        (a, {"pooling": p}) for a in ("pooled", "conv1d") for p in ("mean", "max")
    ]
    for architecture in RECURRENT:
        found.extend(
            (architecture, {"pooling": p, "units": [6, 5], "bidirectional": True})
            for p in ("last", "mean", "max")
        )
        found.append((architecture, {}))
    return found


@pytest.mark.parametrize(("architecture", "sizes"), variants())
@pytest.mark.parametrize("length", [1, 2, 9])
def test_with_a_mask_appended_padding_changes_nothing(
    architecture: str, sizes: dict[str, Any], length: int
) -> None:
    model = build(architecture, TEXT, **sizes)
    text = ids(4, length)
    padded = np.pad(text, ((0, 0), (0, 6)))
    np.testing.assert_allclose(run(model, padded), run(model, text), atol=1e-6)


def test_with_a_mask_the_weights_of_padded_positions_do_nothing_in_flatten() -> None:
    short, wide = (build("flatten", Shape(50, length, 2)) for length in (5, 8))
    weights = short.get_weights()
    rows = np.random.default_rng(0).normal(size=(3 * 5, 1))  # of the three positions more
    wide.set_weights([weights[0], np.vstack([weights[1], rows]), *weights[2:]])
    text = ids(4, 5)
    np.testing.assert_allclose(run(wide, np.pad(text, ((0, 0), (0, 3)))), run(short, text), atol=1e-6)


@pytest.mark.parametrize(("architecture", "sizes"), [v for v in variants() if v[0] != "conv1d"])
def test_without_a_mask_padding_is_read_like_any_token(architecture: str, sizes: dict[str, Any]) -> None:
    model = build(architecture, TEXT, mask=False, **sizes)
    text = ids(4, 2)
    assert np.abs(run(model, np.pad(text, ((0, 0), (0, 6)))) - run(model, text)).max() > 1e-6


@pytest.mark.parametrize(("architecture", "sizes"), variants())
def test_a_text_without_tokens_has_a_finite_output(architecture: str, sizes: dict[str, Any]) -> None:
    model = build(architecture, TEXT, **sizes)
    assert np.isfinite(run(model, np.zeros((2, 4), np.int32))).all()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize(("classes", "outputs"), [(2, 1), (3, 3)])
def test_a_model_ends_in_one_logit_or_one_per_class(architecture: str, classes: int, outputs: int) -> None:
    model = build(architecture, Shape(50, 9, classes))
    assert run(model, ids(4, 9)).shape == (4, outputs)
    assert model.layers[-1].get_config()["activation"] == "linear"


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_saved_model_gives_the_same_outputs_and_has_the_same_bytes_twice(
    architecture: str, tmp_path: Path
) -> None:
    from stages.lib import saving

    model, text = build(architecture, Shape(50, 9, 2), dropout={"dense": 0.1}), ids(4, 9)
    for name in ("a.keras", "b.keras"):
        saving.save(model, tmp_path / name)
    loaded = saving.load(tmp_path / "a.keras")
    np.testing.assert_array_equal(run(loaded, text), run(model, text))
    assert (tmp_path / "a.keras").read_bytes() == (tmp_path / "b.keras").read_bytes()


@pytest.mark.parametrize("architecture", RECURRENT)
def test_a_recurrent_network_sees_the_order_of_tokens_and_a_pooled_one_does_not(architecture: str) -> None:
    text = ids(4, 9)
    recurrent, pooled = build(architecture, TEXT), build("pooled", TEXT)
    assert np.abs(run(recurrent, text[:, ::-1]) - run(recurrent, text)).max() > 1e-5
    np.testing.assert_allclose(run(pooled, text[:, ::-1]), run(pooled, text), atol=1e-6)


def test_dropout_acts_in_training_only_and_at_each_place() -> None:
    for place in ("embedding", "recurrent", "dense"):
        model = build("lstm", TEXT, dropout={place: 0.5})
        text = ids(4, 9)
        np.testing.assert_array_equal(run(model, text), run(model, text))
        assert np.abs(np.asarray(model(text, training=True)) - run(model, text)).max() > 1e-6, place


def cell(peepholes: np.ndarray | None = None) -> tuple[Any, np.ndarray]:
    """A layer of 3 peephole cells that has read something, and its input."""
    from stages.lib import recurrent
    from stages.lib.backend import keras

    layer = keras.layers.RNN(recurrent.PeepholeLSTMCell(3), return_sequences=True)
    sequence = np.random.default_rng(1).normal(size=(2, 7, 4)).astype(np.float32)
    layer(sequence)
    if peepholes is not None:
        layer.cell.peepholes.assign(peepholes)
    return layer, sequence


@pytest.mark.parametrize("bidirectional", [False, True])
def test_the_chrono_lstm_starts_with_memories_of_one_step_to_all(bidirectional: bool) -> None:
    """With no input and no state a forget gate of 1 - 1/T keeps a memory for about T steps."""
    model = build("chrono_lstm", TEXT, units=[5, 4], bidirectional=bidirectional, memory=101)
    cells = [cell for layer in model.layers for cell in _cells(layer)]
    assert len(cells) == (4 if bidirectional else 2)
    for cell in cells:
        into, forget, *rest = np.split(np.asarray(cell.bias), 4)
        kept = 1 / (1 + np.exp(-forget.astype(float)))
        lasting = 1 / (1 - kept)
        assert lasting == pytest.approx(np.linspace(2, 101, cell.units), rel=1e-3)
        assert into == pytest.approx(-forget) and not np.any(rest)


def _cells(layer: Any) -> list[Any]:
    parts = [getattr(layer, "forward_layer", layer), getattr(layer, "backward_layer", None)]
    return [part.cell for part in parts if hasattr(part, "cell")]


def test_without_its_peepholes_the_peephole_lstm_is_an_lstm() -> None:
    from stages.lib.backend import keras

    layer, sequence = cell(np.zeros((3, 3), np.float32))
    plain = keras.layers.LSTM(3, return_sequences=True)
    plain(sequence)
    plain.set_weights(layer.get_weights()[:3])
    np.testing.assert_allclose(np.asarray(layer(sequence)), np.asarray(plain(sequence)), atol=1e-6)


def test_the_peephole_lstm_computes_the_published_equations() -> None:
    layer, sequence = cell(np.random.default_rng(2).normal(size=(3, 3)).astype(np.float32))
    kernel, recurrent, bias, (p_in, p_forget, p_out) = (np.asarray(w) for w in layer.get_weights())

    def sigmoid(x: np.ndarray) -> np.ndarray:
        return np.asarray(1 / (1 + np.exp(-x)))

    h = c = np.zeros((2, 3))
    steps = []
    for x in sequence.transpose(1, 0, 2):
        z_in, z_forget, z_cell, z_out = np.split(x @ kernel + h @ recurrent + bias, 4, axis=1)
        new = sigmoid(z_forget + p_forget * c) * c + sigmoid(z_in + p_in * c) * np.tanh(z_cell)
        h, c = sigmoid(z_out + p_out * new) * np.tanh(new), new
        steps.append(h)
    np.testing.assert_allclose(np.asarray(layer(sequence)), np.stack(steps, axis=1), atol=1e-5)


@pytest.mark.parametrize("mask", [True, False])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
@settings(max_examples=10)
@given(data=st.data())
def test_a_recipe_that_is_accepted_takes_every_batch_of_its_corpus(
    architecture: str, mask: bool, data: st.DataObject
) -> None:
    draw, small = data.draw, st.integers(1, 3)
    params = yaml.safe_load(PARAMS.read_text(encoding="utf-8"))
    sizes: dict[str, Any] = {"architecture": architecture, "embedding": 2, "dense": draw(st.integers(0, 2))}
    sizes["mask"] = mask
    if architecture != "flatten":
        sizes["pooling"] = draw(st.sampled_from(["mean", "max"]))
    if architecture in RECURRENT:
        sizes |= {
            "units": draw(st.lists(small, min_size=1, max_size=2)),
            "bidirectional": draw(st.booleans()),
        }
        sizes["pooling"] = draw(st.sampled_from(["last", "mean", "max"]))
    if architecture == "chrono_lstm":
        sizes |= {"memory": draw(st.integers(3, 9))}
    if architecture == "conv1d":
        sizes |= {"filters": 2, "kernel": draw(small)}
    sides = st.sampled_from(["pre", "post"])
    fixed: dict[str, Any] = {
        "kind": "fixed",
        "length": draw(small),
        "side": draw(sides),
        "truncate": draw(sides),
    }
    buckets: dict[str, Any] = {
        "kind": "bucket",
        "boundaries": sorted(draw(st.sets(small, min_size=1, max_size=3))),
    }
    entry = draw(st.sampled_from([fixed, buckets]))
    params["models"]["demo-lstm"] = sizes
    params["corpora"]["demo-words"]["pad"] = entry
    params["pipeline"] = derive(params)
    try:
        check(params)
    except InputError as refused:
        assert "kernel" in str(refused) or "flatten" in str(refused)
        return
    lengths = draw(st.lists(st.sampled_from([0, 0, 1, 9]), min_size=1, max_size=2))
    tokens = Tokens(
        np.ones(sum(lengths), np.int32),
        np.cumsum([0, *lengths]),
        np.zeros(len(lengths), np.int8),
        np.array(["no", "yes"]),
        5,
    )
    model = build(shape=Shape(5, entry.get("length"), 2), **sizes)
    assert np.isfinite(logits(model, pad(tokens, read(KINDS[entry["kind"]], entry, "x")))).all()
