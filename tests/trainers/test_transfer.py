"""Transfer: a student learns what its teacher says of texts without labels, and starts from given weights."""

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from stages.artifacts.history import History
from stages.artifacts.padded import Padded, save_padded
from stages.artifacts.task import Task
from stages.network.backend import keras
from stages.runtime import kinds
from stages.runtime.config import InputError, read
from stages.trainers import gradient_descent, transfer
from tests.artifacts import made
from tests.models.small import entry
from tests.trainers.small import TRAINING, padded

SEED = 7


def training(**options: Any) -> transfer.Training:
    return read(transfer.Training, TRAINING | {"kind": "transfer", "teacher": "t"} | options, "training")


def unlabelled(texts: int = 90) -> Padded:
    """Texts as those of the training split, but for their labels."""
    split = padded(texts)
    split.labels[:] = -1
    return replace(split, vocabulary=80)


def answers(texts: int = 90, classes: int = 2) -> np.ndarray:
    shares = np.random.default_rng(5).dirichlet(np.ones(classes), texts)
    return shares.astype(np.float32)


def student(folder: Path, weights: dict[str, np.ndarray] | None = None) -> transfer.Student:
    save_padded(folder / "x", padded())
    transfer.save(folder / "x", unlabelled(), {str(SEED): answers()}, weights or {})
    return transfer.load(folder / "x")


def task(folder: Path, split: Padded, how: transfer.Training, **sizes: Any) -> Task:
    architecture = kinds.module("models", "pooled")
    made_of = read(architecture.Sizes, entry("pooled", **sizes), "model")
    history = History(folder / "history.csv", "x", SEED, how.epochs)
    part = np.arange(60) % 4 > 0
    checkpoint, path = folder / "checkpoint.npz", folder / str(SEED)
    return Task(
        architecture, made_of, how, split.take(part), split.take(~part), SEED, history, checkpoint, path
    )


def test_what_is_saved_is_loaded_and_a_part_of_it_keeps_what_it_learns_beside(tmp_path: Path) -> None:
    table = np.ones((80, 5), np.float32)
    split = student(tmp_path, {"embedding": table})
    assert made.same(split, padded()) and split.unlabelled is not None
    assert [ids.tolist() for ids in split.unlabelled.ids] == [ids.tolist() for ids in unlabelled().ids]
    part = cast(transfer.Student, split.take(np.arange(60) < 30))
    np.testing.assert_array_equal(part.answers[str(SEED)], answers())
    np.testing.assert_array_equal(part.weights["embedding"], table)
    assert part.texts == 30 and part.unlabelled is split.unlabelled


@pytest.mark.parametrize("classes", [2, 3])
def test_labels_are_drawn_with_the_teacher_s_probabilities(tmp_path: Path, classes: int) -> None:
    split, shares = student(tmp_path), answers(90, classes)
    drawn = [transfer.taught(split, shares, SEED, epoch).labels[60:] for epoch in range(2000)]
    for label in range(classes):
        # at 2,000 draws a share deviates by 0.011 at most
        assert np.abs((np.array(drawn) == label).mean(axis=0) - shares[:, label]).max() < 0.05
    again = transfer.taught(split, shares, SEED, 3)
    np.testing.assert_array_equal(again.labels, transfer.taught(split, shares, SEED, 3).labels)


def test_the_student_s_texts_keep_their_labels_and_those_held_out_are_not_learned(tmp_path: Path) -> None:
    part = np.arange(60) % 4 > 0
    taken = cast(transfer.Student, student(tmp_path).take(part))
    learned = transfer.taught(taken, answers(), SEED, 0)
    texts, whole, more = made.by_row(learned), made.by_row(padded()), made.by_row(unlabelled())
    assert {row for row in texts if row < 60} == {*np.flatnonzero(part)}
    assert all(texts[row] == (whole[row] if row < 60 else more[row - 60]) for row in texts)
    assert len(texts) == part.sum() + 90
    np.testing.assert_array_equal(learned.labels[:60], padded().labels)


def test_a_student_learns_what_labels_do_not_tell(tmp_path: Path) -> None:
    """The first token tells the label; the teacher says the opposite of it, and of more texts."""
    opposite = np.eye(2, dtype=np.float32)[1 - padded(600).labels]
    save_padded(tmp_path / "x", replace(padded(), vocabulary=620))
    transfer.save(tmp_path / "x", replace(padded(600), vocabulary=620), {str(SEED): opposite}, {})
    one = task(tmp_path, transfer.load(tmp_path / "x"), training(epochs=3))
    transfer.fit(one)
    assert (tmp_path / f"{SEED}.keras").exists()
    *_, val_accuracy, _ = one.history.state["rows"][-1].split(",")
    assert float(val_accuracy) < 0.2


def test_a_network_starts_with_the_weights_that_it_is_given(tmp_path: Path) -> None:
    table = np.random.default_rng(3).normal(size=(80, 5)).astype(np.float32)
    model = gradient_descent.build(task(tmp_path, padded(), training()))
    transfer.begin(model, {"embedding": table}, "vectors")
    np.testing.assert_array_equal(model.get_layer("embedding").get_weights()[0], table)


def test_weights_of_another_shape_are_refused(tmp_path: Path) -> None:
    model = gradient_descent.build(task(tmp_path, padded(), training(), embedding=4))
    with pytest.raises(InputError, match=r"of shape \(80, 5\) in vectors, allowed: \(80, 4\)"):
        transfer.begin(model, {"embedding": np.zeros((80, 5), np.float32)}, "vectors")


@pytest.mark.parametrize("classes", [2, 3])
def test_smoothing_spreads_a_share_of_each_label_over_all(classes: int) -> None:
    random = np.random.default_rng(0)
    labels = random.integers(0, classes, 8)
    logits = random.normal(size=(8, 1 if classes == 2 else classes)).astype(np.float32)
    wide = np.hstack([np.zeros_like(logits), logits]) if classes == 2 else logits
    targets = np.eye(classes)[labels] * 0.8 + 0.2 / classes
    logarithms = wide - np.log(np.exp(wide).sum(axis=1, keepdims=True))
    expected = -(targets * logarithms).sum(axis=1).mean()
    given = labels.astype(np.float32)[:, None] if classes == 2 else labels
    losses = keras.ops.convert_to_numpy(transfer.smoothed(0.2, classes)(given, logits))
    assert losses.mean() == pytest.approx(expected, rel=1e-5)


def test_a_transfer_of_nothing_is_refused() -> None:
    with pytest.raises(InputError, match="a teacher or a start"):
        training(teacher=None).check("trainings.x")
    training(teacher=None, start="vectors").check("trainings.x")
