"""NB-SVM as a network: its ratios are those of what it is trained on, its logits what the formula says."""

from pathlib import Path

import numpy as np
import pytest

from stages.artifacts.padded import Padded
from stages.models import nb_svm
from stages.network import saving
from stages.network.backend import keras
from stages.network.sizes import Shape
from stages.runtime.config import read
from tests.models.small import run

SIZES = read(nb_svm.Sizes, {"architecture": "nb_svm"}, "model")
VOCABULARY = 30


def sets(classes: int, texts: int = 60) -> Padded:
    """Texts of distinct ids, in arrays of two widths; the lowest ids are of the first label."""
    random = np.random.default_rng(0)
    labels = random.integers(0, classes, texts).astype(np.int16)
    rows = [np.flatnonzero(np.arange(texts) % 2 == 0), np.flatnonzero(np.arange(texts) % 2)]
    ids = []
    for own, width in zip(rows, (6, 9), strict=True):
        some = [random.choice(VOCABULARY - 1, width, replace=False) + 1 for _ in own]
        ids.append(np.array([np.where(np.arange(width) < 5, text, 0) for text in some], np.int32))
    return Padded(ids, rows, labels, [*"abc"][:classes], VOCABULARY)


def expected_ratios(split: Padded, label: int) -> np.ndarray:
    """Straight from the definition: a text at a time, no ratio for padding and unknown."""
    texts = {
        int(row): set(text) - {0, 1}
        for own, ids in zip(split.rows, split.ids, strict=True)
        for row, text in zip(own, ids.tolist(), strict=True)
    }
    part = {row for own, at in zip(split.rows, split.lines, strict=True) for row in own[at].tolist()}
    ours, others, frequency = (np.zeros(VOCABULARY) for _ in range(3))
    for row in part:
        for i in texts[row]:
            (ours if split.labels[row] == label else others)[i] += 1
            frequency[i] += 1
    ours, others = ours + 0.3, others + 0.3
    # padding and unknown are smoothed, too, when shares are taken
    ratio = (np.log(ours / ours.sum()) - np.log(others / others.sum())) * (
        np.log((1 + len(part)) / (1 + frequency)) + 1
    )
    scaled: np.ndarray = ratio / ratio[2:].std()
    scaled[:2] = 0
    return scaled


@pytest.mark.parametrize("classes", [2, 3])
def test_ratios_are_those_of_the_part_that_is_trained_on(classes: int) -> None:
    split = sets(classes).take(np.arange(60) < 40)
    ratios = nb_svm.ratios(split, 1 if classes == 2 else 3)
    for output, label in enumerate([1] if classes == 2 else [0, 1, 2]):
        np.testing.assert_allclose(ratios[:, output], expected_ratios(split, label), atol=1e-5)


def test_what_is_held_out_changes_no_ratio() -> None:
    whole, part = sets(2), np.arange(60) < 40
    labels = np.where(part, whole.labels, 1 - whole.labels).astype(np.int16)
    other = Padded(whole.ids, whole.rows, labels, whole.names, VOCABULARY)
    np.testing.assert_array_equal(nb_svm.ratios(whole.take(part), 1), nb_svm.ratios(other.take(part), 1))


def adapted(classes: int) -> keras.Model:
    """A model whose learned weights, gains and biases are random."""
    model = nb_svm.build(SIZES, Shape(VOCABULARY, None, classes))
    nb_svm.adapt(model, sets(classes))
    random = np.random.default_rng(1)
    for weight in model.trainable_weights:
        weight.assign(random.normal(size=weight.shape))
    return model


@pytest.mark.parametrize("classes", [2, 3])
def test_logits_are_what_the_formula_says_whatever_the_padding(classes: int) -> None:
    model = adapted(classes)
    table = nb_svm.ratios(sets(classes), 1 if classes == 2 else classes)
    learned, gain, bias = (keras.ops.convert_to_numpy(weight) for weight in model.trainable_weights)
    for text in ([3, 7, 12], [5], [29, 2, 9, 14]):
        ratios = table[text]
        product = (ratios * learned[text]).sum(axis=0)
        expected = gain * 10 * product / np.sqrt((ratios**2).sum(axis=0)) + bias
        for width in (4, 11):
            ids = np.array([[*text, *[0] * (width - len(text))]], np.int32)
            np.testing.assert_allclose(run(model, ids)[0], expected, atol=1e-3)


def test_a_text_without_known_ngrams_gets_the_bias() -> None:
    model = adapted(2)
    *_, bias = (keras.ops.convert_to_numpy(weight) for weight in model.trainable_weights)
    np.testing.assert_allclose(run(model, np.array([[0, 0], [1, 1]], np.int32)), [bias, bias], atol=1e-6)


def test_ratios_are_not_trained_and_stay_in_the_saved_model(tmp_path: Path) -> None:
    model = adapted(2)
    assert model.get_layer("ratios").trainable_weights == [] and len(model.trainable_weights) == 3
    saving.save(model, tmp_path / "1.keras")
    texts = sets(2).ids[0]
    np.testing.assert_array_equal(run(saving.load(tmp_path / "1.keras"), texts), run(model, texts))


def test_it_learns_the_label_from_the_ngrams() -> None:
    """The first id of each text tells its label, the others nothing."""
    split = sets(2, 400)
    ids = [
        np.where(np.arange(6) == 0, 2 + split.labels[split.rows[0]][:, None], split.ids[0]).astype(np.int32)
    ]
    train = Padded(ids, split.rows[:1], split.labels, split.names, VOCABULARY)
    model = nb_svm.build(SIZES, Shape(VOCABULARY, None, 2))
    nb_svm.adapt(model, train)
    targets = split.labels[split.rows[0]]
    model.compile(keras.optimizers.Adam(0.01), keras.losses.BinaryCrossentropy(from_logits=True))
    model.fit(ids[0], targets.astype(np.float32)[:, None], epochs=20, verbose=0)
    assert ((run(model, ids[0])[:, 0] > 0) == targets).mean() > 0.95
