"""Document vectors: logits are what the formula says, the vectors are those that it started from."""

from pathlib import Path

import numpy as np
import pytest

from stages.models import document_vectors
from stages.network import saving
from stages.network.backend import keras
from stages.network.sizes import Shape
from stages.runtime.config import InputError, read
from stages.trainers import transfer
from tests.models.small import ids, run

VOCABULARY, NUMBERS = 50, 6
SIZES = read(document_vectors.Sizes, {"architecture": "document_vectors", "embedding": NUMBERS}, "model")
TABLE = np.random.default_rng(0).normal(size=(VOCABULARY, NUMBERS)).astype(np.float32)


def started(classes: int) -> keras.Model:
    model = document_vectors.build(SIZES, Shape(VOCABULARY, None, classes))
    transfer.begin(model, {"embedding": TABLE}, "x")
    random = np.random.default_rng(1)
    for weight in model.trainable_weights:
        weight.assign(random.normal(size=weight.shape))
    return model


@pytest.mark.parametrize("classes", [2, 3])
def test_logits_are_what_the_formula_says_whatever_the_padding(classes: int) -> None:
    model = started(classes)
    kernel, bias = (keras.ops.convert_to_numpy(weight) for weight in model.trainable_weights)
    table = TABLE.astype(np.float16).astype(np.float64)
    for text in ([3, 7, 12], [5], [29, 2, 9, 14]):
        total = table[text].sum(axis=0)
        expected = 10 * total / np.linalg.norm(total) @ kernel + bias
        for width in (4, 11):
            padded = np.array([[*text, *[0] * (width - len(text))]], np.int32)
            np.testing.assert_allclose(run(model, padded)[0], expected, atol=1e-3)


def test_a_text_without_known_ngrams_gets_the_bias() -> None:
    model = started(2)
    _, bias = (keras.ops.convert_to_numpy(weight) for weight in model.trainable_weights)
    np.testing.assert_allclose(run(model, np.zeros((2, 3), np.int32)), [bias, bias], atol=1e-6)


def test_the_vectors_are_not_trained_and_stay_in_the_saved_model(tmp_path: Path) -> None:
    model = started(2)
    assert len(model.trainable_weights) == 2
    saving.save(model, tmp_path / "1.keras")
    again = saving.load(tmp_path / "1.keras")
    np.testing.assert_array_equal(run(again, ids(4, 9)), run(model, ids(4, 9)))
    table = keras.ops.convert_to_numpy(again.get_layer("embedding").embeddings)
    np.testing.assert_array_equal(table, TABLE.astype(np.float16))


def test_vectors_of_another_size_are_refused() -> None:
    model = document_vectors.build(SIZES, Shape(VOCABULARY, None, 2))
    with pytest.raises(InputError, match=r"found embedding of shape \(50, 5\) in x, allowed: \(50, 6\)"):
        transfer.begin(model, {"embedding": TABLE[:, :5]}, "x")
