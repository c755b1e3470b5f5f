"""Linear models are scikit-learn's on the same features; they see what is trained on alone."""

import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import normalize
from sklearn.svm import LinearSVC
from sklearn.utils.class_weight import compute_sample_weight

from stages.artifacts.history import History
from stages.artifacts.padded import Padded
from stages.artifacts.storage import save_arrays
from stages.artifacts.task import Task, Trained
from stages.evaluation.metrics import probabilities, scores
from stages.runtime import kinds
from stages.runtime.config import ROOT, InputError, read
from stages.trainers import linear
from tests.trainers.small import padded

WORDS: dict[str, Any] = {
    "architecture": "linear_classifier",
    "loss": "log_loss",
    "weighting": "tfidf",
    "C": 2.0,
}
LINEAR: dict[str, Any] = {"kind": "linear", "validation": {"fraction": 0.5}}
TRAINING = read(linear.Training, LINEAR, "training")
BALANCED = read(linear.Training, LINEAR | {"class_weight": "balanced"}, "training")


def parted(split: Padded, parts: tuple[int, ...] = ()) -> linear.Parted:
    return linear.Parted(**{each.name: getattr(split, each.name) for each in fields(split)}, parts=parts)


def task(
    folder: Path,
    train: Padded,
    held: Padded,
    seed: int = 3,
    parts: tuple[int, ...] = (),
    training: linear.Training = TRAINING,
    **sizes: Any,
) -> Task:
    entry = {"architecture": "majority"} if sizes.get("architecture") else WORDS | sizes
    architecture = kinds.module("models", entry["architecture"])
    history = History(folder / "history.csv", "x", seed, 1)
    made = read(architecture.Sizes, entry, "model")
    nothing = folder / "checkpoint.npz"
    splits = parted(train, parts), parted(held, parts)
    return Task(architecture, made, training, *splits, seed, history, nothing, folder / str(seed))


def dense(split: Padded) -> np.ndarray:
    """Counts, float64[texts, vocabulary]: padding and unknown words count for nothing."""
    counts = np.zeros((len(split.labels), split.vocabulary))
    for rows, ids in zip(split.rows, split.ids, strict=True):
        for row, text in zip(rows, ids, strict=True):
            np.add.at(counts[row], text[text > 1], 1)
    return counts


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("loss", ["log_loss", "squared_hinge"])
@pytest.mark.parametrize("weighting", ["tfidf", "none"])
def test_it_is_scikit_learn_s_model_on_the_same_counts(
    tmp_path: Path, classes: int, loss: str, weighting: str
) -> None:
    split = padded(90, classes)
    part = np.arange(90) % 3 > 0
    model = linear.solved(task(tmp_path, split.take(part), split, loss=loss, weighting=weighting))
    counts, labels = dense(split), split.labels
    if weighting == "tfidf":
        features = TfidfTransformer().fit(counts[part]).transform(counts).toarray()
    else:
        features = normalize(counts)
    solver = (
        LogisticRegression(C=2.0, max_iter=1000) if loss == "log_loss" else LinearSVC(C=2.0, random_state=3)
    )
    expected = solver.fit(features[part], labels[part]).decision_function(features)
    logits = model.logits(split)
    assert logits.dtype == np.float32 and logits.shape == (90, 1 if classes == 2 else 3)
    np.testing.assert_allclose(logits.squeeze(), expected, atol=1e-3)
    if loss == "log_loss":
        np.testing.assert_allclose(probabilities(logits), solver.predict_proba(features), atol=1e-3)


def test_the_parts_of_a_vocabulary_are_of_length_1_each(tmp_path: Path) -> None:
    """As scikit-learn's FeatureUnion of two vectorizers has it."""
    split = padded(90)
    model = linear.solved(task(tmp_path, split, split, parts=(12,)))
    counts = dense(split)
    idf = TfidfTransformer().fit(counts).idf_
    features = np.hstack([normalize(part) for part in np.split(counts * idf, [12], axis=1)])
    solver = LogisticRegression(C=2.0, max_iter=1000).fit(features, split.labels)
    expected = solver.decision_function(features)
    np.testing.assert_allclose(model.logits(split)[:, 0], expected, atol=1e-3)
    save_arrays(tmp_path / "x.npz", vars(model))
    np.testing.assert_array_equal(linear.read(tmp_path / "x.npz").logits(split), model.logits(split))


@pytest.mark.parametrize("classes", [2, 3])
def test_ratios_are_of_how_many_texts_of_a_label_have_an_id(tmp_path: Path, classes: int) -> None:
    split = padded(90, classes)
    model = linear.solved(task(tmp_path, split, split, loss="squared_hinge", weighting="none", ratio=0.5))
    counts, labels = dense(split), split.labels
    for output in range(model.weights.shape[1]):
        positive = labels == (1 if classes == 2 else output)
        ours, others = (0.5 + (counts[rows] > 0).sum(axis=0) for rows in (positive, ~positive))
        ratios = np.log((ours / ours.sum()) / (others / others.sum()))
        features = normalize(counts) * ratios
        solver = LinearSVC(C=2.0, random_state=3).fit(features, positive)
        expected = solver.decision_function(features)
        np.testing.assert_allclose(model.logits(split)[:, output], expected, atol=1e-3)


def imbalanced(classes: int) -> Padded:
    """Of 120 texts ten have the last label, and a few words that only half of them are alone with."""
    random = np.random.default_rng(classes)
    labels = np.where(np.arange(120) % 12 == 11, classes - 1, np.arange(120) % (classes - 1))
    ids = random.integers(5, 40, (120, 6))
    tells = random.random(120) < 0.5
    ids[tells, 0] = labels[tells] + 2
    rows, names = [np.arange(120)], [str(label) for label in range(classes)]
    return Padded([ids.astype(np.int32)], rows, labels.astype(np.int16), names, 40)


def solver(loss: str, **options: Any) -> Any:
    if loss == "log_loss":
        return LogisticRegression(C=2.0, max_iter=1000, **options)
    return LinearSVC(C=2.0, random_state=3, **options)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("loss", ["log_loss", "squared_hinge"])
def test_balanced_texts_weigh_as_scikit_learn_s_counted_in_what_is_trained_on(
    tmp_path: Path, classes: int, loss: str
) -> None:
    split, part = imbalanced(classes), np.arange(120) % 5 > 0
    made = task(tmp_path, split.take(part), split, training=BALANCED, loss=loss, weighting="none")
    features, labels = normalize(dense(split)), split.labels
    if loss == "log_loss" or classes == 2:
        model = solver(loss, class_weight="balanced").fit(features[part], labels[part])
    else:  # liblinear would weigh the texts of a label only where it is told from the rest
        weights = compute_sample_weight("balanced", labels[part])
        model = solver(loss).fit(features[part], labels[part], weights)
    logits = linear.solved(made).logits(split).squeeze()
    np.testing.assert_allclose(logits, model.decision_function(features), atol=1e-3)


@pytest.mark.parametrize("classes", [2, 3])
def test_with_ratios_each_text_weighs_by_its_own_label(tmp_path: Path, classes: int) -> None:
    split = imbalanced(classes)
    sizes: dict[str, Any] = {"loss": "squared_hinge", "weighting": "none", "ratio": 0.5}
    model = linear.solved(task(tmp_path, split, split, training=BALANCED, **sizes))
    counts, labels = dense(split), split.labels
    shares = np.bincount(labels) / len(labels)
    for output in range(model.weights.shape[1]):
        positive = labels == (1 if classes == 2 else output)
        features = normalize(counts) * linear.log_ratios(csr_matrix(counts), positive, 0.5)
        expected = solver("squared_hinge").fit(features, positive, 1 / (classes * shares[labels]))
        np.testing.assert_allclose(
            model.logits(split)[:, output], expected.decision_function(features), atol=1e-3
        )


@pytest.mark.parametrize("ratio", [None, 1.0])
def test_balanced_texts_move_answers_to_the_rare_label_and_no_weights_leave_them(
    tmp_path: Path, ratio: float | None
) -> None:
    split = imbalanced(3)
    plain, without, balanced = (
        linear.solved(task(tmp_path, split, split, training=training, ratio=ratio)).logits(split)
        for training in (TRAINING, read(linear.Training, LINEAR | {"class_weight": None}, "t"), BALANCED)
    )
    np.testing.assert_array_equal(plain, without)
    rare = split.labels == 2
    assert (balanced.argmax(axis=1)[rare] == 2).sum() > (plain.argmax(axis=1)[rare] == 2).sum()


def test_weights_of_another_kind_are_refused() -> None:
    with pytest.raises(InputError, match=r"training\.class_weight: found \"even\", allowed: 'balanced'"):
        read(linear.Training, LINEAR | {"class_weight": "even"}, "training")


@pytest.mark.parametrize("classes", [2, 3])
def test_the_majority_says_how_frequent_labels_are_whatever_the_text(tmp_path: Path, classes: int) -> None:
    split = padded(90, classes)
    model = linear.solved(task(tmp_path, split, split, architecture="majority"))
    shares = np.bincount(split.labels) / 90
    np.testing.assert_allclose(probabilities(model.logits(split)), np.tile(shares, (90, 1)), atol=1e-6)


def test_what_is_held_out_changes_nothing_of_the_model(tmp_path: Path) -> None:
    split, part = padded(60), np.arange(60) % 2 == 0
    random = np.random.default_rng(1)
    noise = [
        np.where(part[own][:, None], ids, random.integers(2, 80, ids.shape))
        for own, ids in zip(split.rows, split.ids, strict=True)
    ]
    labels = np.where(part, split.labels, 1 - split.labels).astype(np.int16)
    other = Padded(
        [ids.astype(np.int32) for ids in noise],
        split.rows,
        labels,
        split.names,
        split.vocabulary,
        pad=split.pad,
    )
    one, two = (
        linear.solved(task(tmp_path, each.take(part), each.take(~part), ratio=1.0)) for each in (split, other)
    )
    for name in ("scale", "weights", "bias"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))


def test_a_model_is_read_as_it_was_saved_and_the_history_is_of_both_parts(tmp_path: Path) -> None:
    split, part = padded(80), np.arange(80) % 4 > 0
    made = task(tmp_path, split.take(part), split.take(~part))
    trained = linear.fit(made)
    model = linear.read(tmp_path / "3.npz")
    np.testing.assert_array_equal(model.logits(split), linear.solved(made).logits(split))
    assert trained == Trained(1, 1, int(np.count_nonzero(model.weights)) + 1)
    header, row = (line.split(",") for line in (tmp_path / "history.csv").read_text("utf-8").splitlines())
    measures = dict(zip(header, map(float, row), strict=True))
    for prefix, some in (("", part), ("val_", ~part)):
        expected = scores(probabilities(model.logits(split))[some], split.labels[some])
        assert measures[f"{prefix}accuracy"] == pytest.approx(expected["accuracy"], abs=1e-5)
        assert measures[f"{prefix}loss"] == pytest.approx(expected["loss"], abs=1e-5)


def test_a_text_without_known_words_gets_the_bias(tmp_path: Path) -> None:
    split = padded(60)
    model = linear.solved(task(tmp_path, split, split))
    empty = Padded([np.array([[1, 1, 0]], np.int32)], [np.array([0])], np.zeros(1, np.int16), split.names, 80)
    np.testing.assert_array_equal(model.logits(empty), [model.bias])


def test_no_tensorflow_is_imported() -> None:
    script = (
        "import sys\n"
        "from stages import evaluate, train\n"
        "from stages.tools.predict import __main__ as predict\n"
        "from stages.trainers import linear\n"
        "linear.prepare(None)\n"
        "print({'tensorflow', 'keras'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"
